"""APDUs under a gateway prefix: in every carrier the inner APDU is read, and each device behind has its own dialogue."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from scapy.packet import Raw

import analyzer
from analyzer.detail import detail
from analyzer.export.json_lines import JsonLines
from analyzer.export.summary import summary
from analyzer.export.text import TextLines
from analyzer.pipeline import Pipeline
from analyzer.record import Record
from analyzer.session import Session
from captures import open_source, source_from_hex
from dissectors.gateway import Gateway
from dissectors.hdlc import Hdlc
from dissectors.llc import Llc
from dissectors.mbus import Mbus
from dissectors.wrapper import Wrapper
from dissectors.xdlms.get import GetRequestNormal, GetResponseNormal
from tests.captures.build import pcap_header, pcap_record

USER = 147

GET = bytes(
    GetRequestNormal(cosem_attribute_descriptor={"class_id": 3, "instance_id": "1-0:1.8.0*255", "attribute_id": 2})
)
ANSWER = bytes(GetResponseNormal())
ONE, TWO = bytes.fromhex("1122334455667788"), bytes.fromhex("A1A2")


def behind(device: bytes, apdu: bytes, header: int, network: int = 3) -> bytes:
    return bytes(Gateway(header=header, network_id=network, physical_device_address=device) / Raw(apdu))


def said_to(device: bytes, attribute: int, value: str) -> list[tuple[str, bytes]]:
    """Give a request for an attribute of a register, and its answer, with who says them."""
    asking = GetRequestNormal(
        cosem_attribute_descriptor={"class_id": 3, "instance_id": "1-0:1.8.0*255", "attribute_id": attribute}
    )
    answer = bytes.fromhex(f"C4 01 C1 00 {value}")
    return [("TX", behind(device, bytes(asking), 0xE6)), ("RX", behind(device, answer, 0xE7))]


def asked(device: bytes) -> bytes:
    return behind(device, GET, 0xE6)


def answered(device: bytes) -> bytes:
    return behind(device, ANSWER, 0xE7)


CARRIERS = {
    "wrapper": lambda octets, answers: bytes(
        Wrapper(source_wport=1 if answers else 16, destination_wport=16 if answers else 1) / Raw(octets)
    ),
    "hdlc": lambda octets, answers: bytes(
        Hdlc(
            destination_address=16 if answers else 1, source_address=1 if answers else 16, control=0x30 if answers else 0x10
        )
        / Llc(source_lsap=0xE7 if answers else 0xE6)
        / Raw(octets)
    ),
    "mbus": lambda octets, answers: bytes(
        Mbus(control=0x08 if answers else 0x53, address=7, stsap=1 if answers else 16, dtsap=16 if answers else 1)
        / Raw(octets)
    ),
    "apdu": lambda octets, answers: octets,
}  # fmt: skip
each_carrier = pytest.mark.parametrize("carrier", CARRIERS)


def decode(carrier: str, *said: tuple[str, bytes]) -> list[Record]:
    lines = [f"{way}: {CARRIERS[carrier](octets, way == 'RX').hex()}" for way, octets in said]
    with source_from_hex("\n".join(lines)) as source:
        return list(Pipeline().run(source))


@each_carrier
def test_request_and_response_behind_a_gateway_are_read_and_paired(carrier: str) -> None:
    first, second = decode(carrier, ("TX", asked(ONE)), ("RX", answered(ONE)))
    assert (first.link, first.kind, second.link) == (carrier, "apdu", carrier)
    assert first.apdu is not None
    assert second.apdu is not None
    assert (first.apdu.octets, second.apdu.octets) == (GET, ANSWER)
    assert (first.direction, second.direction, second.request) == ("request", "response", 1)
    if carrier != "apdu":
        assert (first.client, first.server, second.client, second.server) == (16, 1, 16, 1)
    assert first.notes == second.notes == ()


@each_carrier
def test_devices_behind_one_gateway_have_dialogues_of_their_own(carrier: str) -> None:
    said = [("TX", asked(ONE)), ("TX", asked(TWO)), ("RX", answered(TWO)), ("RX", answered(ONE))]
    records = decode(carrier, *said)
    assert [record.request for record in records] == [None, None, 2, 1]
    assert [record.association for record in records] == [1, 2, 2, 1]


def test_devices_behind_one_gateway_are_meters_of_their_own() -> None:
    said = []
    for device, scaler in ((ONE, "FF"), (TWO, "02")):
        for attribute, value in ((3, f"02 02 0F {scaler} 16 1E"), (2, "12 0046")):
            said += said_to(device, attribute, value)
    told = [*said[0:2], *said[4:6], *said[2:4], *said[6:8]]  # both scalers, then both values
    lines = "\n".join(f"{way}: {CARRIERS['wrapper'](octets, way == 'RX').hex()}" for way, octets in told)
    places = [f"1 network 3 device {device.hex().upper()}" for device in (ONE, TWO)]
    with analyzer.decode(lines) as trace:
        readings = trace.table("readings")
        assert [text[-len(place) :] for text, place in zip(readings["meter"], places, strict=True)] == places
        assert readings["value"].to_list() == [7.0, 7000.0]
    with analyzer.decode(lines, where="device == A1A2") as trace:
        assert [record.number for record in trace] == [3, 4, 7, 8]
    with analyzer.decode("RX: " + CARRIERS["wrapper"](behind(ONE, b"\xd8\x01\x02", 0xE7), True).hex()) as trace:
        assert {story.meter for story in trace.stories()} == {places[0]}


@pytest.mark.parametrize("carrier", ["wrapper", "hdlc"])
def test_scaler_of_a_device_behind_a_gateway_is_found_far_behind_its_value(
    carrier: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("analyzer.ahead._MOST_WAITING", 0)
    said = said_to(ONE, 2, "12 0046") + said_to(ONE, 3, "02 02 0F FF 16 1E")
    frames = [CARRIERS[carrier](octets, way == "RX") for way, octets in said]
    path = tmp_path / "capture.pcap"
    path.write_bytes(pcap_header(link_type=USER) + b"".join(map(pcap_record, frames)))
    with open_source(str(path)) as source:
        session = Session(source)
        assert next(one.text for record in session.records() for one in session.values(record)) == "7.0 Wh"
        session.close()


@each_carrier
def test_gateway_stands_in_json_summary_and_tree(carrier: str) -> None:
    record = decode(carrier, ("TX", asked(ONE)))[0]
    line = json.loads(JsonLines(lambda: 6, layers=True).line(record))
    assert line["gateway"] == {"type": "request", "network-id": 3, "physical-device-address": ONE.hex().upper()}
    assert list(line["apdu"]) == ["get-request"]
    assert "network 3 device 1122334455667788" in summary(record)
    text = TextLines(lambda: 6, tree=True).line(record)
    assert "physical-device-address: 1122334455667788" in text
    assert "type: request (230)" in text


@each_carrier
def test_leaves_of_a_frame_with_a_gateway_prefix_tile(carrier: str) -> None:
    for record in decode(carrier, ("TX", asked(ONE)), ("RX", answered(ONE))):
        at = 0
        for leaf in (leaf for root in detail(record) if not root.buffer for leaf in root.leaves()):
            if leaf.end > leaf.start:
                assert leaf.start == at, leaf
                at = leaf.end
        assert at == 8 * len(record.octets)


def test_llc_before_a_gateway_prefix_is_no_prefix() -> None:
    (record, _) = decode("hdlc", ("TX", asked(ONE)), ("RX", answered(ONE)))
    frame = detail(record)[0]
    information = frame.child("information")
    assert information is not None
    assert [child.name for child in information.children] == ["llc", "gateway", "get-request"]


def test_gateway_prefix_without_llc_is_read_in_hdlc() -> None:
    frame = bytes(Hdlc(destination_address=1, source_address=16, control=0x10) / Raw(asked(TWO)))
    with source_from_hex(frame.hex()) as source:
        (record,) = Pipeline().run(source)
    assert record.apdu is not None
    assert record.gateway[:2] == b"\xe6\x03"


@pytest.mark.parametrize("octets", ["E6 03 04 1122", "E6 03 01 11", "E7", "E6 03 01 11 FF FF"])
def test_prefix_without_a_whole_address_and_an_apdu_is_none(octets: str) -> None:
    with source_from_hex(octets) as source:
        (record,) = Pipeline({"record": "apdu"}).run(source)
    assert record.gateway == b""
    assert [note.code for note in record.notes] == ["apdu-malformed"]


def test_prefixes_within_prefixes_are_read_once() -> None:
    octets = b"\xe6\x01\x00" * 5000 + GET
    with source_from_hex(octets.hex()) as source:
        (record,) = Pipeline({"record": "apdu"}).run(source)
    assert record.octets == octets


def test_block_transfers_behind_a_gateway_are_joined() -> None:
    blocks = [behind(ONE, bytes.fromhex(f"E0 {control} 000{n} 0000 04") + GET[4 * n - 4 : 4 * n], 0xE6)
              for n, control in ((1, "00"), (2, "00"), (3, "00"))]  # fmt: skip
    last = behind(ONE, bytes.fromhex("E0 80 0004 0000 01") + GET[12:], 0xE6)
    records = decode("wrapper", *(("TX", one) for one in (*blocks, last)))
    assert [record.kind for record in records] == ["part"] * 3 + ["apdu"]
    assert records[3].apdu is not None
    assert records[3].apdu.octets == GET
    assert [root.name for root in detail(records[3])][:3] == ["wrapper", "gateway", "general-block-transfer"]
