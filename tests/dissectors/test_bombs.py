"""Octets made to cost time or memory: depth, counts and lengths are bounded by the octets that are there."""

from __future__ import annotations

import contextlib
import json
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

from dissectors import axdr, data, reader, registry, writers
from dissectors.compile import FAILURES, scan
from dissectors.hdlc import Hdlc
from dissectors.tree import Kind, Problem
from tests.dissectors.agreement import assert_tiles

YARDSTICKS = 20
"""So many times what an honest APDU of 8 KB costs a tree may a bomb cost: no wall clock, machines differ."""
OCTETS = 4_000_000
"""A tree of a whole frame fits in this; what a lying count asks for does not."""

NOTIFICATION = bytes.fromhex("0F 00000000 00")  # data-notification without date-time: one Data follows
RESPONSE = bytes.fromhex("C4 01 C1 00")  # get-response-normal, data
COMPACT = RESPONSE + b"\x13"
SIXTY_THOUSAND = b"\x82\xea\x60" + bytes(60_000)

GET = bytes.fromhex("C001C1 0008 0000010000FF 02 00")
OID = bytes.fromhex("A109 0607 60857405080101")


def tlv(tag: int, content: bytes) -> bytes:
    return bytes((tag,)) + axdr.length_octets(len(content)) + content


def in_context(identifier: bytes) -> bytes:
    return tlv(0x60, tlv(0xA1, tlv(6, identifier)))


def in_user_information(apdu: bytes, times: int) -> bytes:
    for _ in range(times):
        apdu = tlv(0x60, OID + tlv(0xBE, tlv(4, apdu)))
    return apdu


def signed(apdu: bytes, times: int) -> bytes:
    for _ in range(times):
        apdu = bytes.fromhex("DF 00 00 00 00 00") + axdr.length_octets(len(apdu)) + apdu + b"\x00"
    return apdu


BOMBS: dict[str, bytes] = {
    "nested arrays": NOTIFICATION + b"\x01\x01" * 20_000,
    "nested structures": RESPONSE + b"\x02\x01" * 20_000,
    "nested structures of two": RESPONSE + b"\x02\x02" * 20_000,
    "nested to the limit": RESPONSE + b"\x01\x01" * (axdr.MAX_DEPTH - 1) + b"\x01\x00",
    "array of 65535": RESPONSE + bytes.fromhex("01 82FFFF 00"),
    "array of 4294967295": RESPONSE + bytes.fromhex("01 84FFFFFFFF 00"),
    "array of 2**64-1": RESPONSE + bytes.fromhex("01 88FFFFFFFFFFFFFFFF 00"),
    "octet-string of 4294967295": RESPONSE + bytes.fromhex("09 84FFFFFFFF 00"),
    "bit-string of 4294967295": RESPONSE + bytes.fromhex("04 84FFFFFFFF 00"),
    "list of 65535 descriptors": bytes.fromhex("C003C1 82FFFF"),
    "list of 4294967295 descriptors": bytes.fromhex("C003C1 84FFFFFFFF 00"),
    "list of 4294967295 results": bytes.fromhex("C403C1 84FFFFFFFF 0000"),
    "set-response list of 4294967295": bytes.fromhex("C505C1 84FFFFFFFF 00"),
    "readRequest of 4294967295": bytes.fromhex("05 84FFFFFFFF 02FA00"),
    "access-request of 4294967295": bytes.fromhex("D9 40000000 00 84FFFFFFFF 01"),
    "raw-data of 4294967295": bytes.fromhex("C402C1 00 00000001 00 84FFFFFFFF 00"),
    "ciphered of 4294967295": bytes.fromhex("C8 84FFFFFFFF 30 00000001"),
    "block of 4294967295": bytes.fromhex("E0 80 0001 0000 84FFFFFFFF 00"),
    "aarq of 4294967295": bytes.fromhex("60 84FFFFFFFF A1"),
    "untagged descriptors in deep structures": NOTIFICATION + b"\x02\x02" * 5_000,
    "untagged descriptors over and over": NOTIFICATION + b"\x01\x20" + bytes.fromhex("0202 0003 0100010800FF 02 1600") * 2_000,
    "compact-array of nothing": COMPACT + bytes.fromhex("00 01 00"),
    "compact-array of empty structures": COMPACT + bytes.fromhex("0200 01 00"),
    "compact-array of 65535 nulls": COMPACT + bytes.fromhex("01FFFF00 01 00"),
    "compact-array of 65535 times 65535 nulls": COMPACT + bytes.fromhex("01FFFF01FFFF00 01 00"),
    "compact-array of 65535 empty structures": COMPACT + bytes.fromhex("01FFFF0200 01 00"),
    "compact-array, arrays in arrays of empty arrays": COMPACT + bytes.fromhex("01FFFF 01FFFF 010000 11 01 00"),
    "compact-array, 99 arrays of 65535 in each other": COMPACT + bytes.fromhex("01FFFF") * 99 + bytes.fromhex("11 01 00"),
    "compact-array, nested description": COMPACT + bytes.fromhex("01FFFF") * 5_000 + bytes.fromhex("00 01 00"),
    "compact-array, structure of 4294967295 members": COMPACT + bytes.fromhex("02 84FFFFFFFF 11"),
    "compact-array, structure of many nulls": COMPACT + bytes.fromhex("02 820800") + bytes(2048) + bytes.fromhex("820400") + bytes(1024),
    "compact-arrays one after another": RESPONSE + bytes.fromhex("01 8203E8") + bytes.fromhex("13 01FFFF00 01 00") * 1_000,
    "compact-array, empty arrays of structures": COMPACT + bytes.fromhex("02 3D") + bytes.fromhex("010000 0200") * 61 + bytes.fromhex("81F0") + bytes(240),
    "compact-array, 60000 structures of nulls": COMPACT + b"\x02\x64" + bytes(99) + b"\x03" + SIXTY_THOUSAND,
    "compact-array, 60000 structures of a string and nulls": COMPACT + b"\x02\x64" + bytes(99) + b"\x09" + SIXTY_THOUSAND,
    "compact-arrays of 1000 octets, 60 of them": RESPONSE + b"\x01\x3c" + (b"\x13\x02\x10" + bytes(15) + b"\x03\x82\x03\xe8" + bytes(1000)) * 60,
    "200 APDUs in user-information": in_user_information(GET, 200),
    "200 APDUs signed": signed(GET, 200),
    "APDUs signed in user-information": in_user_information(signed(in_user_information(signed(GET, 3), 3), 3), 3),
    "arc of 60000 octets": in_context(b"\x60" + b"\xff" * 60_000 + b"\x01"),
    "60000 arcs": in_context(bytes(60_000)),
    "INTEGER of 60000 octets": tlv(0x61, OID + tlv(0xA2, tlv(2, b"\x7f" * 60_000))),
}  # fmt: skip

each_bomb = pytest.mark.parametrize("octets", BOMBS.values(), ids=BOMBS.keys())


def _packet(octets: bytes) -> Any:
    found = registry.pick(octets, 0, len(octets))
    return found[1](octets) if found else None


def _scan(octets: bytes) -> Any:
    found = registry.pick(octets, 0, len(octets))
    with contextlib.suppress(FAILURES):
        return scan(found[1]).function(octets, 0, len(octets)) if found else None


ENGINES: dict[str, Callable[[bytes], Any]] = {
    "tree": reader.apdu_json,
    "packet": _packet,
    "scan": _scan,
    "json": writers.apdu_text,
    "layers": writers.layers_text,
    "outline": writers.outline_lines,
}
HONEST = (
    RESPONSE
    + bytes.fromhex("01 8203E8")
    + b"".join(b"\x02\x02\x12\x00\x05" + (b"\x09\x01\x05", b"\x11\x05")[n & 1] for n in range(1000))
)


@pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES.keys())
@each_bomb
def test_bomb_costs_little_time(octets: bytes, engine: Callable[[bytes], Any]) -> None:
    # the yardstick is measured beside the bomb, and again where it fails: others keep the machine busy meanwhile
    tries = ((_seconds(engine, octets), _seconds(reader.apdu_json, HONEST)) for _ in range(5))
    assert any(bomb < YARDSTICKS * honest for bomb, honest in tries)


def _seconds(engine: Callable[[bytes], Any], octets: bytes) -> float:
    begin = time.perf_counter()
    engine(octets)
    return time.perf_counter() - begin


@pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES.keys())
@each_bomb
def test_bomb_costs_little_memory(octets: bytes, engine: Callable[[bytes], Any]) -> None:
    engine(octets[:20])
    tracemalloc.start()
    try:
        engine(octets)
        assert tracemalloc.get_traced_memory()[1] < max(OCTETS, 300 * len(octets))
    finally:
        tracemalloc.stop()


@each_bomb
def test_bomb_is_a_tree_that_tiles(octets: bytes) -> None:
    assert_tiles(reader.read_apdu(octets), 0, len(octets) * 8)


def test_nesting_to_the_limit_reads_and_beyond_it_is_noted() -> None:
    deepest = b"\x01\x01" * (axdr.MAX_DEPTH - 1) + b"\x01\x00"
    assert reader.read_apdu(RESPONSE + deepest).all_notes() == []
    assert data.encode(data.nest(axdr.scan_data(deepest, 0, len(deepest))[0])) == deepest
    beyond = reader.read_apdu(RESPONSE + b"\x01\x01" * (axdr.MAX_DEPTH + 1) + b"\x00")
    assert [note.text for note in beyond.all_notes()] == ["data: nested deeper than 100 (octet 204)"]


def test_lying_count_keeps_the_elements_that_are_there() -> None:
    root = reader.read_apdu(RESPONSE + bytes.fromhex("01 82FFFF 1101 1102"))
    assert reader.to_json(root)["get-response"]["get-response-normal"]["result"]["data"] == {
        "array": [{"unsigned": 1}, {"unsigned": 2}, {"malformed": "needs 1 octet, 0 left"}]
    }


def depth(octets: bytes, name: str) -> int:
    return sum(node.name == name for node in reader.read_apdu(octets).walk())


def layers_of(packet: Any, field: str) -> int:
    count = 0
    while not isinstance(packet, bytes) and packet is not None:
        count += 1
        packet = packet.fields.get(field)
    return count


def test_apdus_in_user_information_nest_to_a_limit() -> None:
    allowed, beyond = in_user_information(GET, 8), in_user_information(GET, 9)
    assert reader.read_apdu(allowed).all_notes() == []
    assert _scan(allowed) is not None
    assert [note.text for note in reader.read_apdu(beyond).all_notes()] == [
        f"user-information: APDUs nested deeper than 8 (octet {beyond.index(GET)})"
    ]
    assert _scan(beyond) is None
    assert bytes(_packet(beyond)) == beyond


def test_apdus_in_user_information_agree_in_every_engine() -> None:
    octets = in_user_information(GET, 200)
    root = reader.read_apdu(octets)
    assert_tiles(root, 0, len(octets) * 8)
    assert depth(octets, "aarq") == layers_of(_packet(octets), "user_information") == 9
    assert bytes(_packet(octets)) == octets
    assert writers.apdu_text(octets) == json.dumps(reader.to_json(root))
    assert writers.outline_lines(octets) == root.children[0].outline()


@pytest.mark.parametrize("times", [8, 9, 200])
def test_signed_apdus_beyond_the_limit_are_octets(times: int) -> None:
    octets = signed(GET, times)
    root = reader.read_apdu(octets)
    assert_tiles(root, 0, len(octets) * 8)
    assert root.all_notes() == []
    assert depth(octets, "general-signing") == min(times, 9)
    assert depth(octets, "octets") == (times > 8)
    assert _scan(octets) is not None
    assert layers_of(_packet(octets), "content") == 9  # the request is one of them where there are eight
    assert bytes(_packet(octets)) == octets
    assert writers.apdu_text(octets) == json.dumps(reader.to_json(root))
    assert writers.outline_lines(octets) == root.children[0].outline()


def test_reading_after_the_limit_was_met_is_as_before() -> None:
    before = reader.apdu_json(in_user_information(GET, 8))
    for engine in ENGINES.values():
        engine(in_user_information(GET, 20))
        engine(signed(in_user_information(GET, 5), 5))
    assert reader.apdu_json(in_user_information(GET, 8)) == before


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        (in_context(b"\x60" + b"\xff" * 16 + b"\x01"), "an arc of more than 16 octets"),
        (tlv(0x61, OID + tlv(0xA2, tlv(2, bytes(17)))), "an INTEGER of 17 octets"),
    ],
)
def test_number_without_bound_is_noted_in_every_engine(octets: bytes, reason: str) -> None:
    root = reader.read_apdu(octets)
    assert reason in root.all_notes()[0].text
    assert_tiles(root, 0, len(octets) * 8)
    assert reason in _packet(octets).problem
    assert _scan(octets) is None
    assert writers.apdu_text(octets) == json.dumps(reader.to_json(root))
    assert writers.outline_lines(octets) == root.children[0].outline()


def test_number_of_sixteen_octets_is_shown() -> None:
    octets = tlv(0x61, OID + tlv(0xA2, tlv(2, b"\x7f" + bytes(15))))
    assert reader.apdu_json(octets)["aare"]["result"] == 0x7F << 120
    octets = in_context(b"\x60" + b"\xff" * 15 + b"\x7f")
    assert reader.apdu_json(octets)["aarq"]["application-context-name"] == f"2.16.{2**112 - 1}"


def test_address_without_end_is_given_up_after_four_octets() -> None:
    root = reader.tree(Hdlc, b"\x7e\xa7\xd0" + bytes(2000))
    undecoded = [node for node in root.walk() if node.kind is Kind.UNDECODED]
    assert [node.text for node in undecoded] == ["no address ends within four octets"]


@pytest.mark.parametrize("first", [0x80, 0x89, 0xFF])
def test_length_octet_that_is_none_is_a_problem(first: int) -> None:
    with pytest.raises(Problem, match="is no length"):
        axdr.scan_length(bytes((first,)) + bytes(200), 0, 201)
