"""Words and numbers beside times: taps that are called like zones, numbers of meters, epochs beside clocks."""

from __future__ import annotations

import pytest

from captures.chunk import SENT
from tests.captures.text.test_shapes import read
from tests.captures.text.written import START_NS


@pytest.mark.parametrize(
    "names",
    [
        ("WEST", "EAST"), ("MSK", "LED"), ("NORTH", "SOUTH", "EAST", "WEST"), ("WEST TX", "EAST RX"), ("EAST tx:", "WEST rx:"),
    ],
)  # fmt: skip
def test_names_of_taps_behind_times_are_no_zones(names: tuple[str, str]) -> None:
    source = read("".join(f"2026-03-21 10:15:32 {name} 7E A0 07 01\n" for name in names * 2))
    assert {chunk.time_ns for chunk in source} == {START_NS // 10**9 * 10**9}
    assert source.has_local_times


@pytest.mark.parametrize(
    "lines",
    [
        ["11:15:32 CET TX: 7E A0 07 01"] * 4 + ["11:16:00 ERROR port closed"],
        ["11:15:32 CET 7E A0 07 01"] * 4 + ["11:15:33 PORT 7E A0 07 01"],
        ["11:15:32 CET 7E A0 07 01", "10:15:33 DEBUG 7E A0 07 01"] * 3,
        ["11:15:32 CET 7E A0 07 01", "10:15:33 BST 7E A0 07 01"] * 3,
        ["11:15:32 CET TX: 7E A0 07 01", "10:15:33 INFO RX: 7E A0 07 01"] * 3,
    ],
)
def test_zones_are_heeded_whatever_other_words_stand_behind_times(lines: list[str]) -> None:
    first = next(iter(read("".join(f"2026-03-21 {line}\n" for line in lines))))
    assert first.time_ns == START_NS // 10**9 * 10**9


@pytest.mark.parametrize(
    "beside", ["", "10:16:00 START of next\n", "10:15:32 WEST 7E A0 07 01\n10:15:32 EAST 7E A0 07 01\n" * 2]
)
def test_zone_before_the_year_at_the_end_is_heeded_whatever_stands_beside_it(beside: str) -> None:
    first = next(iter(read("Sat Mar 21 11:15:32 CET 2026 TX 7E A0 07 01\n" * 4 + beside)))
    assert (first.time_ns, first.octets) == (START_NS // 10**9 * 10**9, bytes.fromhex("7EA00701"))


def test_zones_of_summer_and_winter_are_heeded_in_one_log() -> None:
    log = "2026-10-25 02:59:59 WEST INFO 7E A0 07 01\n2026-10-25 02:00:00 WET INFO 7E A0 07 01\n"
    first, second = (chunk.time_ns or 0 for chunk in read(log))
    assert second - first == 10**9


@pytest.mark.parametrize(
    ("lines", "first_ns"),
    [
        (["[1500000001] 12:00:04 TX 7E A0 07 01", "[1500000001] 12:00:05 RX 7E A0 07 01"], 43_204 * 10**9),
        (["[1500000001] 12:00:04 TX 7E A0 07 01", "[1500000077] 12:00:05 RX 7E A0 07 01"], 43_204 * 10**9),
        (["[1500000001] 2026-03-21 10:15:32 TX 7E A0 07 01"], START_NS // 10**9 * 10**9),
        (["1500000001 2026-03-21 10:15:32 7E A0 07 01"], START_NS // 10**9 * 10**9),
        (["41700023 2026-03-21 10:15:32.000, 7E A0 07 01"], START_NS // 10**9 * 10**9),
        (["[41700023], 21.03.2026 10:15:32 7E A0 07 01"], START_NS // 10**9 * 10**9),
        (["1500000001 12:00:04 7E A0 07 01", "1500000077 12:00:05 7E A0 07 01"], 43_204 * 10**9),
        (["1500000001 TX 7E A0 07 01", "1500000001 RX 7E A0 07 01"], None),
        (["1500000001 7E A0 07 01", "1500000001 7E A0 07 01"], None),
        (["1500000001000000 TX 7E A0 07 01", "1500000001000000 RX 7E A0 07 01"], None),
        (["1500000001 TX 7E A0 07 01", "1500000002 RX 7E A0 07 01"], 1_500_000_001 * 10**9),
        (
            ["[1500000001] 2026-03-21 10:15:32 TX 7E A0 07 01", "[1500000002] 2026-03-21 10:15:33 TX 7E A0 07 01"],
            START_NS // 10**9 * 10**9,
        ),
    ],
)
def test_number_of_a_process_or_a_meter_is_no_epoch(lines: list[str], first_ns: int | None) -> None:
    chunks = list(read("".join(f"{line}\n" for line in lines)))
    assert chunks[0].time_ns == first_ns
    assert [chunk.octets for chunk in chunks] == [bytes.fromhex("7EA00701")] * len(lines)


@pytest.mark.parametrize("beside", ["00012345 00:10:00 uptime", "12345678 2024-11-21 10:00:00 start"])
@pytest.mark.parametrize("is_first", [False, True])
def test_line_with_a_number_before_a_time_takes_no_epochs(beside: str, is_first: bool) -> None:
    log = ["1500000001 TX 7E A0 07 01", "1500000002 RX 7E A0 07 01"]
    chunks = list(read("".join(f"{line}\n" for line in ([beside, *log] if is_first else [*log, beside]))))
    assert [chunk.time_ns for chunk in chunks] == [1_500_000_001 * 10**9, 1_500_000_002 * 10**9]


def test_number_that_stood_still_is_an_epoch_once_it_does_not() -> None:
    log = "1500000001 TX 7E A0 07 01\n" * 4000 + "1500000002 RX 7E A0 07 01\n"
    assert list(read(log))[-1].time_ns == 1_500_000_002 * 10**9


@pytest.mark.parametrize(
    "lines",
    [
        ["1774088132250 10:15:32 TX 7E A0 07 01"],
        ["1774088132250 10:15:32 TX 7E A0 07 01", "1774088132260 10:15:32 RX 7E A0 07 01"],
        ["1774088132250, 17:52:11 TX 7E A0 07 01", "1774088133260, 17:52:12 RX 7E A0 07 01"],
        ["[1774088132] 11:15:32.250 TX 7E A0 07 01", "[1774088133] 11:15:33.250 RX 7E A0 07 01"],
        ["1774088132250000 [10:15:32] TX 7E A0 07 01", "1774088132260000 [10:15:32] RX 7E A0 07 01"],
        [
            "1774088132250 2026-03-21 11:15:32 CET TX 7E A0 07 01",
            "1774088133260 2026-03-21 11:15:33 CET RX 7E A0 07 01",
        ],
        [f"17740881{second}250 10:15:{second} TX 7E A0 07 01" for second in range(32, 40)]
        + ["1500000001 00:00:00 begin"],
    ],
)
def test_epoch_that_goes_with_the_clock_behind_it_is_the_time(lines: list[str]) -> None:
    first = next(iter(read("".join(f"{line}\n" for line in lines))))
    assert (first.time_ns, first.direction) == (1_774_088_132_250_000_000, SENT)


def test_digits_before_a_time_at_the_end_of_the_line_are_octets() -> None:
    chunks = list(read("".join(f"000100100001000{count} 10:00:0{count}\n" for count in range(4))))
    assert chunks[0].octets.startswith(bytes.fromhex("0001001000010000"))
