"""Datablocks of the services: joined in order, known again, never across a hole."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.reassembly import blocks as module
from analyzer.reassembly.blocks import Block, BlockTransfers, Outcome, finish, is_block
from tests.analyzer.tracking.build import ARRAY

KEY = (0xC4, 1)
HEAD = b"\xc4\x01\xc1\x00"
RAW = [ARRAY[:12], ARRAY[12:24], ARRAY[24:]]


def block(number: int, raw: bytes = b"", *, is_last: bool | None = None) -> Block:
    octets = raw or RAW[number - 1]
    return Block(number == 1, number == 3 if is_last is None else is_last, number, octets, HEAD if number == 1 else b"")


def run(transfers: BlockTransfers, numbers: list[int]) -> list[Outcome]:
    return [transfers.add(KEY, block(number), record) for record, number in enumerate(numbers, 1)]


def joined(outcome: Outcome) -> bytes | None:
    return outcome.apdu[0] if outcome.apdu is not None else None


def test_blocks_are_joined_at_the_last() -> None:
    found = run(BlockTransfers(), [1, 2, 3])
    assert [joined(one) for one in found] == [None, None, HEAD + ARRAY]
    assert found[2].parts == (1, 2, 3)
    assert found[0].first == found[2].first == 1


def test_single_block_that_is_the_last_is_joined_at_once() -> None:
    found = BlockTransfers().add(KEY, block(1, ARRAY, is_last=True), 7)
    assert joined(found) == HEAD + ARRAY
    assert found.parts == (7,)


@pytest.mark.parametrize("again", [1, 2])
def test_block_that_comes_again_is_said_and_joined_once(again: int) -> None:
    numbers = [1, 2, 3]
    numbers.insert(again, again)
    found = run(BlockTransfers(), numbers)
    assert [one.is_repeated for one in found].index(True) == again
    assert joined(found[-1]) == HEAD + ARRAY
    assert found[-1].parts == (1, 2, 3, 4)


def test_last_block_that_comes_again_is_said_and_leaves_nothing_running() -> None:
    transfers = BlockTransfers()
    found = run(transfers, [1, 2, 3, 3])
    assert found[3] == Outcome(first=1, is_repeated=True)
    assert not transfers.runs(KEY)


def test_lost_block_is_counted_and_nothing_is_joined() -> None:
    found = run(BlockTransfers(), [1, 3])
    assert found[1].missing == 1
    assert found[1].apdu is None
    assert found[1].parts == (1, 2)


def test_transfer_begun_before_the_capture_is_not_joined() -> None:
    found = run(BlockTransfers(), [2, 3])
    assert [one.missing for one in found] == [1, 0]
    assert [one.apdu for one in found] == [None, None]


def test_first_block_with_other_octets_begins_anew() -> None:
    transfers = BlockTransfers()
    run(transfers, [1, 2])
    assert transfers.add(KEY, block(1, ARRAY, is_last=True), 3).parts == (3,)


def test_keys_do_not_mix() -> None:
    transfers = BlockTransfers()
    other = (0xC4, 2)
    transfers.add(KEY, block(1), 1)
    transfers.add(other, block(1), 2)
    transfers.add(KEY, block(2), 3)
    assert transfers.add(KEY, block(3), 4).parts == (1, 3, 4)
    assert transfers.runs(other)


def test_transfer_that_grows_beyond_all_bounds_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_OCTETS", 20)
    transfers = BlockTransfers()
    found = run(transfers, [1, 2, 3])
    assert [joined(one) for one in found] == [None, None, None]
    assert transfers.so_far(KEY) == b""


def test_so_far_is_the_normal_form_as_far_as_it_came() -> None:
    transfers = BlockTransfers()
    run(transfers, [1, 2])
    assert transfers.so_far(KEY) == HEAD + RAW[0] + RAW[1]


@pytest.mark.parametrize(
    ("head", "data", "form"),
    [
        (b"\xc4\x01\xc1\0", ARRAY, b"\xc4\x01\xc1\0" + ARRAY),
        (b"\xc4\x01\xc1\0", b"\x02\0" + ARRAY + b"\x01\x04", b"\xc4\x03\xc1\x02\0" + ARRAY + b"\x01\x04"),
        (b"\xc7\x01\xc1", ARRAY, b"\xc7\x01\xc1\0\x01\0" + ARRAY),
        (b"\xc7\x01\xc1", b"\0" + ARRAY, b"\xc7\x01\xc1\0\x01\0" + ARRAY),
        (b"\xc7\x01\xc1", b"\x01\x04", b"\xc7\x01\xc1\0\x01\x01\x04"),
        (b"\xc7\x01\xc1", b"\0\x01\0" + ARRAY, b"\xc7\x01\xc1\0\x01\0" + ARRAY),
        (b"\xc7\x01\xc1", b"\x03\x01\x01\x02", b"\xc7\x01\xc1\x03\x01\x01\x02"),
        (b"\xc7\x01\xc1", b"\x02\0\x01\0" + ARRAY + b"\x03\0", b"\xc7\x03\xc1\x02\0\x01\0" + ARRAY + b"\x03\0"),
        (b"\xc7\x01\xc1", b"\0" + ARRAY + b"\x01\x04", b"\xc7\x03\xc1\x02\0\x01\0" + ARRAY + b"\0\x01\x01\x04"),
        (b"\x0c", b"\x01\0" + ARRAY, b"\x0c\x01\0" + ARRAY),
        (b"\x0c", ARRAY, b"\x0c\x01\0" + ARRAY),
    ],
)
def test_normal_form_is_the_one_that_reads(head: bytes, data: bytes, form: bytes) -> None:
    assert finish(head, data)[0].hex() == form.hex()
    assert finish(head, data)[2] is not None


def test_content_that_reads_in_no_form_is_kept_as_it_is() -> None:
    octets, _, values = finish(b"\xc4\x01\xc1\0", b"\x08\xff")
    assert octets == b"\xc4\x01\xc1\0\x08\xff"
    assert values is None


def test_blocks_are_known_by_family_and_choice() -> None:
    assert is_block("get-response", 2)
    assert not is_block("get-response", 1)
    assert not is_block("data-notification", 0)


@given(st.lists(st.tuples(st.integers(0, 4), st.booleans(), st.binary(max_size=3)), max_size=30))
def test_any_blocks_are_taken_without_complaint(given_blocks: list[tuple[int, bool, bytes]]) -> None:
    transfers = BlockTransfers()
    for record, (number, is_last, raw) in enumerate(given_blocks, 1):
        head = HEAD if number == 1 else b""
        outcome = transfers.add(KEY, Block(number == 1, is_last, number, raw, head), record)
        assert outcome.first is not None
        assert outcome.first <= record
        transfers.so_far(KEY)


@given(st.sampled_from((b"\xc4\x01\xc1\0", b"\xc7\x01\xc1", b"\x0c", b"\x05", b"\xc1\x02\xc1")), st.binary(max_size=20))
def test_finishing_is_total(head: bytes, data: bytes) -> None:
    octets, _, _ = finish(head, data)
    assert octets[:1] == head[:1]


def test_transfer_of_too_many_blocks_is_given_up_and_keeps_no_more_records(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_PARTS", 2)
    found = run(BlockTransfers(), [1, 2, 2, 3])
    assert found[-1].apdu is None
    assert found[-1].parts == (1, 2)
    assert joined(run(BlockTransfers(), [1, 2, 3])[-1]) is None
