"""Sessions of client and server as people post them, each rebuilt from a simulated one."""

from __future__ import annotations

import pytest

from captures.chunk import RECEIVED, SENT, UNKNOWN, Chunk
from captures.text.judge import judge
from captures.text.reader import Reader
from captures.text.shapes import SHAPES
from tests.captures.text.test_shapes import read
from tests.captures.text.written import SENT_RECEIVED, TX_RX, _titled_deltas, _words, session

EVENTS = session()
FRAMES = [one.octets for one in EVENTS]


def test_half_of_the_day_behind_a_time_that_stands_alone_is_heeded() -> None:
    text = "".join(
        f"12:05:0{n} AM {'HDLC test. Disconnect request' if n % 2 else ''}\n{octets.hex(' ')}\n"
        for n, octets in enumerate(FRAMES[:8], 1)
    )
    found = [(chunk.time_ns, chunk.octets) for chunk in read(text)]
    assert found == [((300 + n) * 1_000_000_000, octets) for n, octets in enumerate(FRAMES[:8], 1)]


def test_octets_that_an_editor_shows_with_dots_are_read() -> None:
    text = "".join(f"{TX_RX(one)} DATA:\n{'·'.join(f'0x{octet:02X}' for octet in one.octets)}\n" for one in EVENTS)
    found = [(chunk.direction, chunk.octets) for chunk in read(text)]
    assert found == [(one.direction, one.octets) for one in EVENTS]


def test_milliseconds_since_the_line_before_are_added_up() -> None:
    begin_ms = EVENTS[0].time_ns // 1_000_000
    found = [(chunk.time_ns, chunk.direction, chunk.octets) for chunk in read(_titled_deltas(EVENTS))]
    assert found == [((one.time_ns // 1_000_000 - begin_ms) * 1_000_000, one.direction, one.octets) for one in EVENTS]


WRAPPED = [bytes.fromhex("0001001000010030") + bytes((0x60, 0x2E, *range(0x80, 0xAE))), *FRAMES[2:6]]


@pytest.mark.parametrize("columns", [10, 16])
def test_rows_of_octets_below_a_word_belong_to_the_unit_that_says_it_is_longer(columns: int) -> None:
    text = ""
    for octets in WRAPPED:
        rows = [octets[at : at + columns].hex(" ").upper() for at in range(0, len(octets), columns)]
        text += (
            "### 1.2 AARQ (request of an association)\nHex: "
            + "\n     ".join(rows)
            + "\n\nHeader:\n  - Version: 0x0001\n"
        )
    source = list(read(text))
    assert b"".join(chunk.octets for chunk in source) == b"".join(WRAPPED)
    assert len(source) > len(WRAPPED)


def test_row_behind_a_blank_line_belongs_to_the_unit_that_it_completes() -> None:
    whole, other = max(FRAMES, key=len), FRAMES[0]
    text = f"发送：{other.hex(' ')}\n接收：{whole[:20].hex(' ')}\n\n{whole[20:].hex(' ')}\n"
    found = [(chunk.direction, chunk.octets) for chunk in read(text)]
    assert found == [(SENT, other), (RECEIVED, whole[:20]), (RECEIVED, whole[20:])]


def test_unit_without_a_direction_among_others_is_kept_but_not_twice() -> None:
    plain, *others = EVENTS
    text = f"DISC as they say is {plain.octets.hex(' ')}\n"
    for one in others:
        text += f"added to the buffer: {one.octets.hex(' ')}\n" if one is others[3] else ""
        text += f"{SENT_RECEIVED(one)} bytes: {one.octets.hex(' ')}\nadded to the buffer: {one.octets.hex(' ')}\n"
    found = [(chunk.direction, chunk.octets) for chunk in read(text)]
    assert found == [(UNKNOWN, plain.octets), *((one.direction, one.octets) for one in others)]


def _at(second: int) -> str:
    return f"2026-01-01 10:00:{second:02} "


LONG = max(FRAMES, key=len)
TIMED = "".join(f"{_at(n)}{TX_RX(one)}: {one.octets.hex(' ')}\n" for n, one in enumerate(EVENTS[:4]))
WORDED = "".join(f"{_at(n)}{SENT_RECEIVED(one)} bytes: {one.octets.hex(' ')}\n" for n, one in enumerate(EVENTS[:4]))


@pytest.mark.parametrize(
    ("above", "first", "others"),
    [(TIMED, _at(9), ""), (TIMED, _at(9), _at(9)), (WORDED, _at(9) + "the buffer: ", ""), (WORDED, *[_at(9) + "the buffer: "] * 2)],
)  # fmt: skip
@pytest.mark.parametrize("columns", [16, len(LONG) - 2])
def test_rest_of_a_unit_without_a_direction_goes_with_it(columns: int, above: str, first: str, others: str) -> None:
    rows = [LONG[at : at + columns].hex(" ") for at in range(0, len(LONG), columns)]
    text = above + first + f"\n{others}".join(rows) + "\n"
    others_were = [(chunk.time_ns, chunk.direction, chunk.octets) for chunk in read(above)]
    found = [(chunk.time_ns, chunk.direction, chunk.octets) for chunk in read(text)]
    assert others_were[0][0] is not None
    assert found == [*others_were, (others_were[0][0] + 9_000_000_000, UNKNOWN, LONG)]
    again = [chunk.octets for chunk in read(f"{text}{_at(9)}received bytes: {LONG.hex(' ')}\n")]
    assert again == [*(octets for _, _, octets in others_were), LONG], "the log prints it once more"


def test_rest_that_comes_when_its_unit_was_given_has_the_time_of_the_unit() -> None:
    head = TIMED.encode()
    judgement = judge(head)
    assert judgement is not None
    found: list[Chunk] = []
    reader = Reader(judgement.shape, judgement.hints, found.append, lambda number: None)
    *lines, _ = head.split(b"\n")
    for number, line in enumerate(lines, 1):
        reader.take(line, 0, number)
    reader.change(next(shape for shape in SHAPES if shape.name == "time-octets"))
    reader.take(f"{_at(9)}{LONG[:20].hex(' ')}".encode(), 0, len(lines) + 1)
    reader.end()  # a pipe rests
    reader.rest(LONG[20:].hex(" ").encode(), 0)
    assert [(one.time_ns, one.octets) for one in found[-2:]] == [
        (found[0].time_ns + 9_000_000_000, octets) for octets in (LONG[:20], LONG[20:])
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("sent", "received"),
    [
        ("WRAPPER[1] Sent", "WRAPPER[1] Rec"), ("TRANSMITTED DATA:", "RECIEVED DATA:"), ("data was sent", "data was recived"),
        ('io.cpp { 324} "10.15.32_077" out ', 'io.cpp { 334} "10.15.32_077" in  '), ("[link] client:", "[link] meter:"),
        ('"GETRequestNormal":', '"GETResponseNormal":'),
    ],
)  # fmt: skip
def test_words_of_a_direction_as_people_write_them_are_heeded(sent: str, received: str) -> None:
    text = "".join(f'{_words(sent, received)(one)} "{one.octets.hex()}" {len(one.octets)}\n' for one in EVENTS)
    found = [(chunk.direction, chunk.octets) for chunk in read(text)]
    assert found == [(one.direction, one.octets) for one in EVENTS]
