"""A datablock that never came: the transfer stays parts, and its last record says how far it came."""

from __future__ import annotations

from analyzer.pipeline import Pipeline
from captures import source_from_hex
from dissectors.reader import apdu_json
from dissectors.wrapper import Wrapper
from dissectors.xdlms.get import GetRequestNormal, GetResponseWithDatablock

VALUES = bytes.fromhex("01 03 12 0001 12 0002 12 0003")  # array of three long-unsigned


def block(number: int, raw: bytes, last: bool) -> bytes:
    apdu = GetResponseWithDatablock()
    apdu.result.block_number, apdu.result.last_block = number, int(last)
    apdu.result.result.raw_data = raw
    return bytes(Wrapper(source_wport=1, destination_wport=16) / apdu)


def test_transfer_with_a_lost_block_ends_incomplete() -> None:
    request = bytes(Wrapper(source_wport=16, destination_wport=1) / GetRequestNormal())
    sent = [request, block(1, VALUES[:5], False), block(3, VALUES[8:], True)]
    records = list(Pipeline().run(source_from_hex("\n".join(octets.hex() for octets in sent))))
    first, last = records[1:]
    assert (first.kind, last.kind, last.part_of) == ("part", "part", first.number)
    assert [note.code for note in last.notes] == ["block-lost"]
    assert last.assembled is None
    assert last.incomplete is not None
    array = apdu_json(last.incomplete.octets)["get-response"]["get-response-normal"]["result"]["data"]["array"]
    assert array[0] == {"long-unsigned": 1}
    assert "malformed" in array[1]


def test_transfer_without_a_hole_is_assembled() -> None:
    request = bytes(Wrapper(source_wport=16, destination_wport=1) / GetRequestNormal())
    sent = [request, block(1, VALUES[:5], False), block(2, VALUES[5:], True)]
    last = list(Pipeline().run(source_from_hex("\n".join(octets.hex() for octets in sent))))[-1]
    assert last.assembled is not None
    assert last.incomplete is None
