"""General-block-transfer between two sides: acknowledgements, windows, loss, what is inside."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from tests.analyzer.framing.build import GET_REQUEST, GET_RESPONSE
from tests.analyzer.tracking.build import (
    ANSWERED,
    CARRIERS,
    Said,
    Station,
    answered,
    asked,
    codes,
    decode,
    general_block,
    general_blocks,
    numbered,
    octets_of,
    wrapped,
)
from tests.analyzer.tracking.services import TRANSFERS

PUSH = bytes.fromhex("0F 00000001 00 09 20") + bytes(range(32))


def acknowledged(apdu: bytes, room: int) -> list[Said]:
    """Blocks one by one, each acknowledged by an empty block of the other side."""
    said = []
    for number, is_last, data in numbered(apdu, room):
        said.append(answered(general_block(number, data, last=is_last, acknowledged=number - 1)))
        said.append(asked(general_block(number, b"", last=True, acknowledged=number)))
    return said


def test_push_whose_blocks_are_acknowledged_completes_every_time() -> None:
    # The reverse direction appears in the middle of the transfer; where it lies in memory must not matter.
    kept = []
    for size in range(30):
        kept.append(bytearray(997 * size))
        found = decode(wrapped(acknowledged(PUSH, 11)))
        assert [one.parts for one in found if one.parts] == [(1, 3, 5, 7)]


def test_acknowledgement_without_data_is_no_part_of_a_transfer() -> None:
    found = decode(wrapped(acknowledged(PUSH, 11)))
    assert {one.kind for one in found[1::2]} == {"apdu"}
    assert {one.part_of for one in found[1::2]} == {None}


def test_record_that_completes_carries_the_apdu_inside() -> None:
    found = decode(wrapped(answered(one) for one in general_blocks(PUSH, 11)))
    assert octets_of(found[-1].apdu) == PUSH.hex()
    assert found[-1].kind == "apdu"
    assert found[-1].direction == "unsolicited"
    assert found[-1].parts == (1, 2, 3, 4)


def numbered_on() -> list[Said]:
    """A request in blocks that a server acknowledges under numbers of its own, and an answer in blocks behind these."""
    said = []
    blocks = list(numbered(GET_REQUEST, 5))
    for number, is_last, data in blocks:
        said.append(asked(general_block(number, data, last=is_last, acknowledged=number - 1)))
        if not is_last:
            said.append(answered(general_block(number, b"", acknowledged=number)))
    for number, is_last, data in numbered(GET_RESPONSE, 7):
        said.append(answered(general_block(len(blocks) - 1 + number, data, last=is_last, acknowledged=len(blocks))))
    return wrapped(said)


def test_answer_whose_blocks_are_numbered_on_behind_acknowledgements_completes() -> None:
    found = decode(numbered_on())
    assert [octets_of(one.apdu) for one in found if one.parts] == [GET_REQUEST.hex(), GET_RESPONSE.hex()]
    assert found[-1].request == found[-1].parts[0] - 1
    assert codes(found) == []


def test_number_of_an_acknowledgement_is_forgotten_with_the_next_apdu_without_blocks() -> None:
    blocks = [asked(general_block(number, data, last=last)) for number, last, data in numbered(GET_REQUEST, 9)]
    said = [blocks[0], answered(general_block(1, b"", acknowledged=1)), blocks[1]]
    tail = [answered(one) for one in general_blocks(GET_RESPONSE, 6)[1:]]
    for between in ([answered(GET_RESPONSE)], [asked(GET_REQUEST)], [answered(GET_RESPONSE), asked(GET_REQUEST)]):
        found = decode(wrapped([*said, *between, *tail]))
        assert [octets_of(one.apdu) for one in found if one.parts] == [GET_REQUEST.hex()]
        assert {one.kind for one in found[-len(tail) :]} == {"part"}


def test_latency_counts_to_the_first_segment_of_the_first_block() -> None:
    station = Station()
    carried = station.frames([asked(GET_REQUEST), *map(answered, general_blocks(GET_RESPONSE, 16))], 19)
    found = decode(carried)
    assert (found[1].kind, found[-1].request) == ("part", 1)
    assert found[-1].latency_ns == 1_000_000


def test_lost_block_of_a_window_that_is_sent_again_completes() -> None:
    blocks = [answered(one) for one in general_blocks(PUSH, 11, window=4)]
    resume = asked(general_block(1, b"", last=True, acknowledged=1))
    found = decode(wrapped([blocks[0], *blocks[2:], resume, *blocks[1:]]))
    assert [octets_of(one.apdu) for one in found if one.parts] == [PUSH.hex()]
    assert set(codes(found)) == {"block-repeated"}


def test_block_repeated_after_the_end_does_not_taint_the_next_transfer() -> None:
    other = PUSH[:8] + bytes(32)
    blocks = [answered(one) for one in general_blocks(PUSH, 11)]
    found = decode(wrapped([*blocks, blocks[-1], *(answered(one) for one in general_blocks(other, 11))]))
    assert [octets_of(one.apdu) for one in found if one.parts] == [PUSH.hex(), other.hex()]
    assert codes(found) == ["block-repeated"]


def test_transfer_whose_start_is_not_captured_does_not_taint_the_next() -> None:
    other = PUSH[:8] + bytes(32)
    blocks = [answered(one) for one in general_blocks(PUSH, 11)]
    found = decode(wrapped([*blocks[1:], *(answered(one) for one in general_blocks(other, 11))]))
    assert [octets_of(one.apdu) for one in found if one.parts] == [other.hex()]


def test_transfer_left_off_says_how_far_it_came() -> None:
    other = PUSH[:8] + bytes(32)
    blocks = [answered(one) for one in general_blocks(PUSH, 7)]
    again = [answered(one) for one in general_blocks(b"\x0f\x00\x00\x00\x02" + other[5:], 7)]
    found = decode(wrapped([*blocks[:3], *again]))
    assert [octets_of(one.incomplete) for one in found if one.incomplete] == [PUSH[:21].hex()]
    assert found[2].incomplete is not None


def test_datablocks_inside_general_blocks_come_to_the_normal_form() -> None:
    transfer = TRANSFERS["get_list"]
    for carrier in ("gbt-wrapper", "gbt-hdlc-segments"):
        found = decode(CARRIERS[carrier](transfer.said))
        assert [octets_of(one.assembled) for one in found if one.assembled] == [transfer.assembled.hex()]


def test_push_in_segments_is_joined() -> None:
    station = Station()
    carried = station.frames([Said(ANSWERED, PUSH)], 13)
    found = decode([one for one in carried if one.direction == ANSWERED])
    assert octets_of(found[-1].apdu) == PUSH.hex()
    assert codes(found) == []


@given(st.integers(1, 40), st.integers(1, 63), st.booleans())
def test_any_room_and_window_give_the_same_apdu(room: int, window: int, is_confirmed: bool) -> None:
    said: Iterable[Said] = acknowledged(PUSH, room)
    if not is_confirmed:
        said = [answered(one) for one in general_blocks(PUSH, room, window=window)]
    found = decode(wrapped(said))
    assert [octets_of(one.apdu) for one in found if one.parts] == [PUSH.hex()]
    assert codes(found) == []
