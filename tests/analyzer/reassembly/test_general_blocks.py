"""General-block-transfer: whatever order, loss and repetition, an APDU is whole and right or not there."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.reassembly import general_blocks
from analyzer.reassembly.general_blocks import GeneralBlocks, GeneralOutcome
from tests.costs import processor_s

DATA = {1: b"one", 2: b"two", 3: b"three"}
OTHER = {1: b"eins", 2: b"zwei", 3: b"drei"}
WHOLE = b"onetwothree"


def run(
    blocks: GeneralBlocks, numbers: list[int], data: dict[int, bytes], first_record: int = 1
) -> list[GeneralOutcome]:
    last = max(data)
    return [
        blocks.add("a", number, number == last, data[number], record)
        for record, number in enumerate(numbers, first_record)
    ]


def test_blocks_in_order_are_joined_at_the_last() -> None:
    found = run(GeneralBlocks(), [1, 2, 3], DATA)
    assert [one.apdu for one in found] == [None, None, WHOLE]
    assert found[2].parts == (1, 2, 3)


def test_last_block_before_the_one_before_it_completes_with_that_one() -> None:
    found = run(GeneralBlocks(), [1, 3, 2], DATA)
    assert [one.apdu for one in found] == [None, None, WHOLE]
    assert found[2].parts == (1, 2, 3)


def test_second_block_before_the_first_is_of_a_transfer_before_it() -> None:
    found = run(GeneralBlocks(), [2, 1, 3, 2], DATA)
    assert [one.apdu for one in found] == [None, None, None, WHOLE]


def test_lost_block_that_is_sent_again_completes() -> None:
    # A window of three loses block 2; the sender resumes there.
    found = run(GeneralBlocks(), [1, 3, 2, 3], DATA)
    assert [one.apdu for one in found] == [None, None, WHOLE, None]
    assert found[3].is_repeated
    assert found[3].first == 1


def test_block_that_comes_twice_is_said_and_joined_once() -> None:
    found = run(GeneralBlocks(), [1, 2, 2, 3], DATA)
    assert [one.is_repeated for one in found] == [False, False, True, False]
    assert found[3].apdu == WHOLE
    assert found[3].parts == (1, 2, 3, 4)


def test_transfer_that_starts_over_completes_with_its_second_run() -> None:
    found = run(GeneralBlocks(), [1, 2, 1, 2, 3], DATA)
    assert [one.apdu for one in found] == [None, None, None, None, WHOLE]


def test_repeated_last_block_after_the_end_is_not_joined_with_the_next_transfer() -> None:
    blocks = GeneralBlocks()
    run(blocks, [1, 2, 3, 3], DATA)
    assert not blocks.runs("a")
    found = run(blocks, [1, 2, 3], OTHER, 5)
    assert [one.apdu for one in found] == [None, None, b"einszweidrei"]
    assert found[2].parts == (5, 6, 7)


def test_tail_of_a_transfer_begun_before_the_capture_is_not_joined_with_the_next() -> None:
    blocks = GeneralBlocks()
    run(blocks, [2, 3], DATA)
    found = run(blocks, [1, 2, 3], OTHER, 3)
    assert [one.apdu for one in found] == [None, None, b"einszweidrei"]


def test_transfer_left_off_names_its_missing_blocks_when_the_next_begins() -> None:
    blocks = GeneralBlocks()
    run(blocks, [1, 3], DATA)
    assert blocks.begins_anew("a", 1, OTHER[1])
    found = run(blocks, [1, 2, 3], OTHER, 3)
    assert found[0].lost == ("2",)
    assert found[2].apdu == b"einszweidrei"
    assert found[2].parts == (3, 4, 5)


def test_next_transfer_with_the_same_first_block_is_told_apart_by_its_second() -> None:
    blocks = GeneralBlocks()
    run(blocks, [1, 2], DATA)
    found = run(blocks, [1, 2, 3], OTHER | {1: DATA[1]}, 3)
    assert found[2].apdu == b"onezweidrei"
    assert found[2].parts == (3, 4, 5)


def test_directions_do_not_mix() -> None:
    blocks = GeneralBlocks()
    blocks.add("a", 1, False, b"A", 1)
    blocks.add("b", 1, False, b"B", 2)
    assert blocks.add("a", 2, True, b"a", 3).apdu == b"Aa"
    assert blocks.add("b", 2, True, b"b", 4).apdu == b"Bb"


def test_so_far_ends_at_the_first_hole() -> None:
    blocks = GeneralBlocks()
    run(blocks, [1, 3], DATA)
    assert blocks.so_far("a") == b"one"
    assert blocks.so_far("b") == b""


def test_block_zero_and_the_highest_number_are_taken() -> None:
    blocks = GeneralBlocks()
    assert blocks.add("a", 0, False, b"x", 1).apdu is None
    assert blocks.add("a", 0xFFFF, True, b"y", 2).apdu is None
    assert blocks.so_far("a") == b""


@given(st.integers(2, 6), st.randoms(use_true_random=False))
def test_window_that_arrives_in_any_order_behind_its_first_block_is_joined(count: int, chance: random.Random) -> None:
    data = {number: bytes((number,)) * 3 for number in range(1, count + 1)}
    rest = list(range(2, count + 1))
    chance.shuffle(rest)
    found = run(GeneralBlocks(), [1, *rest], data)
    assert found[-1].apdu == b"".join(data.values())


@given(st.lists(st.lists(st.booleans(), min_size=3, max_size=3), min_size=1, max_size=6))
def test_transfers_that_lose_blocks_come_out_right_or_not_at_all(arrived: list[list[bool]]) -> None:
    # Each transfer is sent once; a first block that is lost leaves no trace of where the next one begins.
    blocks = GeneralBlocks()
    whole = []
    expected = []
    for index, (_, *rest) in enumerate(arrived):
        data = {number: bytes((index, number)) for number in (1, 2, 3)}
        there = [number for number, is_there in zip((1, 2, 3), (True, *rest), strict=True) if is_there]
        whole += [one.apdu for one in run(blocks, there, data) if one.apdu is not None]
        expected += [b"".join(data.values())] if all(rest) else []
    assert whole == expected


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans(), st.binary(max_size=2)), max_size=30))
def test_any_blocks_are_taken_without_complaint(blocks: list[tuple[int, bool, bytes]]) -> None:
    joined = GeneralBlocks()
    for record, (number, is_last, data) in enumerate(blocks, 1):
        anew = joined.begins_anew("a", number, data)
        outcome = joined.add("a", number, is_last, data, record)
        assert not (outcome.lost and not anew)
        assert outcome.parts == tuple(sorted(outcome.parts))
        joined.so_far("a")


def test_lost_blocks_are_named_in_ranges_and_few() -> None:
    blocks = GeneralBlocks()
    for number in (1, 2, 5, 6, 8):
        blocks.add("a", number, False, b"x", number)
    assert blocks.add("a", 1, False, b"y", 9).lost == ("3-4", "7", "9")
    for number in range(1, 101, 2):
        blocks.add("b", number, number == 99, b"x", number)
    lost = blocks.add("b", 1, False, b"y", 200).lost
    assert lost == (*(str(number) for number in range(2, 42, 2)), "and 29 more")


def test_many_blocks_cost_the_same_each() -> None:
    def add(count: int) -> None:
        blocks = GeneralBlocks()
        for number in range(2, count):
            blocks.add("a", number, number == count - 1, b"x", number)  # without block 1 it never completes

    assert processor_s(lambda: add(60_000)) < 30 * processor_s(
        lambda: add(6_000)
    )  # 10 times the work; 100 if each looks back


def test_transfer_beyond_all_measure_is_given_up_and_the_next_one_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(general_blocks, "MOST_OCTETS", 10)
    blocks = GeneralBlocks()
    found = [blocks.add("a", number, number == 5, b"xyz", number) for number in range(1, 6)]
    assert [one.apdu for one in found] == [None] * 5
    assert not blocks.runs("a")
    assert run(blocks, [1, 2], {1: b"ab", 2: b"c"}, 6)[-1].apdu == b"abc"


def test_records_of_a_block_that_never_stops_coming_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(general_blocks, "MOST_PARTS", 4)
    found = run(GeneralBlocks(), [1, 1, 1, 1, 1, 1, 2, 3], DATA)
    assert found[-1].apdu == WHOLE
    assert found[-1].parts == (1, 2, 3, 4)


def test_blocks_numbered_on_behind_acknowledgements_are_joined() -> None:
    # A server that acknowledged blocks 1 and 2 of a request under numbers 1 and 2 of its own answers from block 3 on.
    blocks = GeneralBlocks()
    blocks.acknowledge("a", 1)
    blocks.acknowledge("a", 2)
    said = [(3, b"one"), (5, b"three"), (4, b"two"), (5, b"three")]
    found = [blocks.add("a", number, number == 5, data, record) for record, (number, data) in enumerate(said, 7)]
    assert [one.apdu for one in found] == [None, None, WHOLE, None]
    assert found[2].parts == (7, 8, 9)
    assert found[3].is_repeated


def test_block_one_behind_a_transfer_that_was_numbered_on_begins_another() -> None:
    blocks = GeneralBlocks()
    blocks.acknowledge("a", 2)
    blocks.add("a", 3, False, b"left off", 1)
    found = run(blocks, [1, 2, 3], OTHER, 2)
    assert found[2].apdu == b"einszweidrei"
    assert found[2].parts == (2, 3, 4)


def test_transfer_that_is_numbered_on_may_begin_while_another_runs() -> None:
    blocks = GeneralBlocks()
    run(blocks, [1, 2], DATA)
    blocks.acknowledge("a", 1)
    assert [blocks.add("a", number, number == 3, bytes((number,)), 7).apdu for number in (2, 3)] == [None, b"\2\3"]


def test_block_far_behind_an_acknowledgement_is_not_the_first() -> None:
    blocks = GeneralBlocks()
    blocks.acknowledge("a", 1)
    assert [blocks.add("a", number, number == 4, b"x", number).apdu for number in (3, 4)] == [None, None]
