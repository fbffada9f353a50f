"""What became of connections that were tried is counted by the segments that begin and end them."""

from __future__ import annotations

import pytest

from analyzer.tracking import connections
from analyzer.tracking.connections import Connections
from captures.network import ACK, FIN, RST, SYN, reverse

PAIR = "192.0.2.10 > 198.51.100.7:4059"
TO_METER, TO_CLIENT = True, False
TRIED = (0, TO_METER, SYN)


def key(port: int = 40007) -> bytes:
    return bytes((192, 0, 2, 10, 198, 51, 100, 7)) + port.to_bytes(2, "big") + (4059).to_bytes(2, "big")


def counted(found: Connections) -> tuple[int, int, int]:
    assert not {*found.tried, *found.answered, *found.refused} - {PAIR}
    return found.tried[PAIR], found.answered[PAIR], found.refused[PAIR]


def of(*segments: tuple[float, bool, int]) -> Connections:
    found = Connections()
    for number, (at_s, goes_to_meter, flags) in enumerate(segments, 1):
        found.take(key() if goes_to_meter else reverse(key()), flags, number, int(at_s * 1_000_000_000))
    return found


@pytest.mark.parametrize(
    ("segments", "expected"),
    [
        pytest.param([TRIED], (1, 0, 0), id="silent"),
        pytest.param([TRIED, (1, TO_METER, SYN)], (1, 0, 0), id="tried again"),
        pytest.param([TRIED, (0.1, TO_CLIENT, SYN | ACK)], (1, 1, 0), id="accepted"),
        pytest.param([TRIED, (9, TO_METER, FIN | ACK)], (1, 1, 0), id="closed"),
        pytest.param([TRIED, (0.1, TO_CLIENT, RST | ACK)], (1, 0, 1), id="refused"),
        pytest.param([TRIED, *[(0.1, TO_CLIENT, RST | ACK)] * 2], (1, 0, 1), id="refused, captured twice"),
        pytest.param([TRIED, (0.001, TO_CLIENT, RST | ACK), (0.002, TO_METER, SYN)], (1, 0, 1), id="copy of the SYN"),
        pytest.param(
            [TRIED, (0.1, TO_CLIENT, RST | ACK), (1, TO_METER, SYN), (1.1, TO_CLIENT, SYN | ACK)], (2, 1, 1),
            id="refused, then accepted",
        ),
        pytest.param(
            [TRIED, (0.1, TO_CLIENT, RST | ACK), (1, TO_METER, SYN), (1.1, TO_CLIENT, RST | ACK)], (2, 0, 2),
            id="refused twice",
        ),
        pytest.param([TRIED, (8, TO_CLIENT, RST | ACK)], (1, 0, 0), id="reset later"),
        pytest.param([TRIED, (0.1, TO_CLIENT, RST)], (1, 0, 0), id="RST in return for an ACK"),
        pytest.param([TRIED, (0.1, TO_METER, RST)], (1, 0, 0), id="given up"),
    ],
)  # fmt: skip
def test_connections_are_counted_by_what_became_of_them(
    segments: list[tuple[float, bool, int]], expected: tuple[int, int, int]
) -> None:
    assert counted(of(*segments)) == expected


def test_refusal_stays_told_whatever_comes_later() -> None:
    found = of(TRIED, (0.1, TO_CLIENT, RST | ACK), (1, TO_METER, SYN), (9, TO_CLIENT, RST | ACK))
    assert [(one.tries, one.is_refused) for one in found] == [(2, True)]


@pytest.mark.parametrize("answer", [None, SYN | ACK, RST | ACK])
def test_connections_are_counted_where_no_more_are_remembered(
    answer: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "_MOST_ATTEMPTS", 3)
    found = Connections()
    for number in range(10):
        found.take(key(40000 + number), SYN, number, number)
        if answer is not None:
            found.take(reverse(key(40000 + number)), answer, number, number)
    assert counted(found) == (10, 10 * (answer == SYN | ACK), 10 * (answer == RST | ACK))
    assert len([*found]) <= 3
