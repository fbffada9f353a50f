"""Several captures as one: in the order of time, each in its own order, each packet still of its input."""

from hypothesis import given
from hypothesis import strategies as st

from captures.chunk import LINK_OCTETS, PACKET, PACKET_BITS, UNKNOWN, Chunk
from captures.merged import MergedSource
from tests.analyzer.tracking.build import ListSource

Times = list[int | None]


def source(times: Times, interface: int = 0) -> ListSource:
    return ListSource(
        [Chunk(number, time, LINK_OCTETS, UNKNOWN, b"x", 1, 0, interface) for number, time in enumerate(times, 1)]
    )


def merged(*times: Times) -> list[tuple[int, int, int | None]]:
    """Input, number in it, time."""
    chunks = list(MergedSource([source(one) for one in times]))
    return [(chunk.number >> PACKET_BITS, chunk.number & PACKET, chunk.time_ns) for chunk in chunks]


def test_chunks_come_in_the_order_of_time() -> None:
    assert merged([10, 40], [20, 30], []) == [(0, 1, 10), (1, 1, 20), (1, 2, 30), (0, 2, 40)]


def test_equal_times_keep_the_order_of_the_inputs() -> None:
    assert [index for index, _, _ in merged([10, 10], [10])] == [0, 0, 1]


def test_capture_whose_times_go_back_keeps_its_order() -> None:
    assert merged([50, 10, 60], [55]) == [(0, 1, 50), (0, 2, 10), (1, 1, 55), (0, 3, 60)]


def test_captures_without_times_come_first_and_it_is_said() -> None:
    sources = [source([10]), source([None, None]), source([None])]
    joined = MergedSource(sources)
    assert [chunk.number >> PACKET_BITS for chunk in joined] == [1, 1, 2, 0]
    assert [remark.code for part in joined.parts for remark in part.remarks] == ["merged-without-times"] * 2


def test_interfaces_of_the_inputs_stay_apart() -> None:
    chunks = list(MergedSource([source([1, 3], 0), source([2], 1), source([4], 0)]))
    assert len({chunk.interface for chunk in chunks}) == 3


def test_times_without_a_zone_of_one_input_are_those_of_all() -> None:
    local, zoned = source([1]), source([2])
    local.has_local_times = True
    assert MergedSource([zoned, local]).has_local_times
    assert not MergedSource([zoned, source([3])]).has_local_times


def test_marks_move_along_with_their_packets() -> None:
    first, second = source([1]), source([2])
    second.comments[1], second.line_errors[1] = ["seen"], ["parity error"]
    joined = MergedSource([first, second])
    (_, chunk) = joined
    assert joined.comments == {chunk.number: ["seen"]}
    assert joined.line_errors == {chunk.number: ["parity error"]}


@given(st.lists(st.lists(st.integers(0, 50), max_size=8), max_size=4))
def test_merging_loses_nothing_and_sorts_what_is_sorted(times: list[list[int]]) -> None:
    found = merged(*map(sorted, times))  # type: ignore[arg-type]
    assert [time for _, _, time in found] == sorted(time for one in times for time in one)
    for index, one in enumerate(times):
        assert [number for at, number, _ in found if at == index] == list(range(1, len(one) + 1))


def test_line_goes_on_in_the_next_file_of_its_ring() -> None:
    names = ("a/line_00001_20260302091407.pcapng", "a/line_00002_20260302091409.pcapng", "b/line_00001_20260302091407.pcapng")  # fmt: skip
    sources = [source([time]) for time in (1, 2, 3)]
    for one, name in zip(sources, names, strict=True):
        one.name = name
    first, second, other = MergedSource(sources)
    assert first.interface == second.interface != other.interface
