"""Hostile APDUs through the whole program: bounded, without an exception, and what stands before them is shown."""

from __future__ import annotations

import json

import pytest
from scapy.packet import Raw

from analyzer.export.json_lines import JsonLines
from analyzer.export.text import TextLines
from analyzer.pipeline import Pipeline
from captures import source_from_hex
from dissectors.axdr import length_octets
from dissectors.ber import element
from dissectors.hdlc import Hdlc
from dissectors.llc import Llc

GOOD = "C001C100080000010000FF0200"


def nested_blocks(depth: int) -> bytes:
    """A general-block-transfer whose one block is a general-block-transfer, and so on."""
    octets = bytes.fromhex(GOOD)
    for _ in range(depth):
        octets = bytes.fromhex("E0 80 0001 0000") + length_octets(len(octets)) + octets
    return octets


def nested_aarq(depth: int) -> bytes:
    """An AARQ in the user-information of an AARQ."""
    octets = bytes.fromhex("01000000065F1F0400007E1F04B0")
    for _ in range(depth):
        octets = element(0x60, bytes.fromhex("A109060760857405080101") + element(0xBE, element(0x04, octets)))
    return octets


HOSTILE = {
    "nested blocks": nested_blocks(300),
    "nested aarq": nested_aarq(150),
    "long oid": element(0x60, element(0xA1, element(0x06, b"\x60" + b"\xff" * 3000 + b"\x01"))),
    "long integer": element(0x61, element(0xA2, element(0x02, b"\x7f" * 3000))),
    "deep data": bytes.fromhex("C401C100") + b"\x02\x01" * 5000 + b"\x00",
    "huge count": bytes.fromhex("C401C100 01 84 FFFFFFFF"),
    "compact array": bytes.fromhex("C401C100 13 01FFFF01FFFF00 82 4000") + bytes(0x4000),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_apdu_passes_through_the_whole_program(name: str) -> None:
    source = source_from_hex(f"{GOOD}\n{HOSTILE[name].hex()}\n{GOOD}")
    records = list(Pipeline({"record": "apdu"}).run(source))
    assert len(records) == 3
    for record in records:
        json.loads(JsonLines(lambda: 6, layers=True).line(record))
        assert TextLines(lambda: 6, tree=True, octets=True).line(record)


def test_control_characters_of_a_meter_do_not_reach_the_terminal() -> None:
    octets = bytes.fromhex("C401C1000A05") + b"\x1b[31m"
    frame = bytes(Hdlc() / Llc(source_lsap=0xE7) / Raw(octets))
    (record,) = Pipeline().run(source_from_hex(frame.hex()))
    text = TextLines(lambda: 6, tree=True).line(record)
    assert "\x1b" not in text
    assert "x1b" in text
