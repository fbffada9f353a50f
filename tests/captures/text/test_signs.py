"""Signs and places that say directions and times of octets: brackets, arrows, events, columns behind, lines above."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest

from captures.chunk import RECEIVED, SENT
from tests.captures.text.test_programs import spoken
from tests.captures.text.test_shapes import read
from tests.captures.text.written import DAY_NS, Sent, _at, _readable, _rows, _spaced, _words, session

EVENTS = session()
SPOKEN = [(one.direction, one.octets) for one in EVENTS]
WHOLE = b"".join(one.octets for one in EVENTS)
TX_RX = _words("TX", "RX")
MILLISECOND = 1_000_000
Write = Callable[[Iterable[Sent]], str]


def _around(one: Sent, opening: str, closing: str) -> str:
    return "".join(f"{opening}{octet:02X}{closing}" for octet in one.octets)


def _dumps(one: Sent) -> str:
    return "".join(f"{at:08x}  {row.hex(' '):<47}  |{_readable(row)}|\n" for at, row in _rows(one.octets))


def _day_first(one: Sent) -> str:
    return f"{_at(one, '%d/%m/%Y, %H:%M:%S', 0)}node: debug 1"


def _buffers(events: Iterable[Sent]) -> str:
    """As the sidebar of Node-RED shows them."""
    return "\n".join(
        f"{_day_first(one)}\nmsg.payload : buffer[{len(one.octets)}]\n[{', '.join(map(str, one.octets))}]"
        for one in events
    )


@pytest.mark.parametrize(
    "write",
    [
        pytest.param(
            lambda events: "\n".join(_around(one, *("[]" if one.direction == SENT else "<>")) for one in events),
            id="brackets of libmodbus",
        ),
        pytest.param(
            lambda events: "".join(f"{_words('>>>', '<<<')(one)}\n{_dumps(one)}" for one in events),
            id="arrows above dumps",
        ),
        pytest.param(
            lambda events: "".join(f"{_words('-->', '<--')(one)}\n{one.octets.hex()}\n" for one in events),
            id="arrows above octets",
        ),
        pytest.param(
            lambda events: "\n".join(
                f"serialport {_words('write', 'data')(one)} <Buffer {one.octets.hex(' ')}>" for one in events
            ),
            id="events of Node",
        ),
    ],
)
def test_signs_of_both_directions_are_read(write: Write) -> None:
    assert spoken(write(EVENTS)) == SPOKEN


@pytest.mark.parametrize("sign", [">>>", "-->", "<<<"])
def test_arrows_of_one_kind_alone_are_decoration(sign: str) -> None:
    assert spoken("".join(f"{sign}\n{one.octets.hex()}\n" for one in EVENTS)) == [(0, WHOLE)]


def test_data_that_a_program_prints_once_more_is_not_received() -> None:
    text = "\n".join(f"write {one.octets.hex()}\ndata {one.octets.hex()}" for one in EVENTS)
    with read(text) as source:
        assert RECEIVED not in [chunk.direction for chunk in source]


def _first(events: Iterable[Sent], between: str, quote: str = "") -> str:
    return "\n".join(
        between.join(
            f"{quote}{cell}{quote}"
            for cell in (_spaced(one.octets), TX_RX(one), _at(one, "%Y-%m-%d %H:%M:%S", 3))
        )
        for one in events
    )  # fmt: skip


@pytest.mark.parametrize(
    "write",
    [
        pytest.param(lambda events: _first(events, ";"), id="octets first"),
        pytest.param(lambda events: _first(events, ",", '"'), id="octets first, quoted"),
        pytest.param(lambda events: _first(events, "\t"), id="octets first, tabs"),
        pytest.param(
            lambda events: "\n".join(
                f"<{_at(one, '%Y%m%d%H%M%S', 3)} {TX_RX(one)}>\n{_around(one, '<', '>')}" for one in events
            ),
            id="time and direction above marks",
        ),
        pytest.param(
            lambda events: "\n".join(
                f"[{_at(one, '%a %b %d %H:%M:%S', 3)} 2026] {TX_RX(one)}: {_spaced(one.octets)}" for one in events
            ),
            id="year behind the fraction",
        ),
    ],
)
def test_times_and_directions_are_read_where_they_stand(write: Write) -> None:
    with read(write(EVENTS)) as source:
        found = [(chunk.direction, chunk.octets, chunk.time_ns) for chunk in source]
    expected = [(one.direction, one.octets, one.time_ns - one.time_ns % MILLISECOND) for one in EVENTS]
    assert found == expected


def test_time_above_the_size_of_a_buffer_is_that_of_its_octets() -> None:
    with read(_buffers(EVENTS)) as source:
        assert [(chunk.octets, chunk.time_ns) for chunk in source] == [
            (one.octets, one.time_ns - one.time_ns % (1000 * MILLISECOND)) for one in EVENTS
        ]


@pytest.mark.parametrize(
    ("before", "behind"),
    [
        pytest.param("12-31", "01-01", id="New Year"),
        pytest.param("12-11", "13-11", id="day first"),
        pytest.param("30-11", "01-12", id="day first, month ends"),
        pytest.param("03-08", "03-09", id="month first"),
    ],
)
def test_clock_behind_two_numbers_of_a_date_goes_on_over_midnight(before: str, behind: str) -> None:
    """Which of both is the month, and of which year, is not said; the first lines have one date alone."""
    many = [(one, second) for second, one in enumerate(EVENTS * 100)]
    lines = [f"{before} 23:{20 + at // 60:02}:{at % 60:02}.125 {TX_RX(one)} {_spaced(one.octets)}" for one, at in many]
    lines += [f"{behind} 00:00:{at:02}.125 {TX_RX(one)} {_spaced(one.octets)}" for at, one in enumerate(EVENTS)]
    with read("\n".join(lines)) as source:
        found = [(chunk.direction, chunk.time_ns or 0) for chunk in source]
    first = (23 * 60 + 20) * 60
    expected = [first + at for _, at in many] + [DAY_NS // (1000 * MILLISECOND) + at for at in range(len(EVENTS))]
    assert [direction for direction, _ in found] == [one.direction for one in (*EVENTS * 100, *EVENTS)]
    assert [time // (1000 * MILLISECOND) for _, time in found] == expected


def _boxed(*, is_ascii: bool = False) -> str:
    outer, inner = ("|", "|") if is_ascii else ("│", "┊")
    rows = [
        f"{outer}{at:08x}{outer} {row[:8].hex(' '):<23} {inner} {row[8:].hex(' '):<23} {outer}"
        f"{_readable(row[:8]):<8}{inner}{_readable(row[8:]):<8}{outer}"
        for at, row in _rows(WHOLE)
    ]
    border = "+--------+" if is_ascii else "┌────────┬─────────────┐"
    return "\n".join([border, *rows, border])


@pytest.mark.parametrize("is_ascii", [False, True])
def test_dumps_in_boxes_are_read(is_ascii: bool) -> None:
    assert spoken(_boxed(is_ascii=is_ascii)) == [(0, WHOLE)]
