"""The bundled samples: built again they are the same octets, and by hand they hold what the manifest says."""

from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from analyzer.simulate.manifest import Sample, manifest
from analyzer.simulate.samples import RECIPES, build, main
from captures.samples import sample_path, samples
from dissectors.reader import apdu_json
from tests.analyzer.simulate import reading

ETHERNET = 1
NAMES = [recipe.__name__.replace("_", "-") for recipe in RECIPES]
TYPES = {0x83: "SNRM", 0x43: "DISC", 0x63: "UA", 0x03: "UI"}
FAMILIES = {
    0x05: "readRequest", 0x06: "writeRequest", 0x0C: "readResponse", 0x0D: "writeResponse", 0x0F: "data-notification",
    0x10: "data-notification-confirm", 0x16: "unconfirmedWriteRequest", 0x18: "informationReportRequest",
    0x60: "aarq", 0x61: "aare", 0x62: "rlrq", 0x63: "rlre", 0xC0: "get-request", 0xC1: "set-request",
    0xC2: "event-notification-request", 0xC3: "action-request", 0xC4: "get-response", 0xC5: "set-response",
    0xC7: "action-response", 0xD8: "exception-response", 0xD9: "access-request", 0xDA: "access-response",
    0xE0: "general-block-transfer", 0xC8: "glo-get-request", 0xCA: "glo-event-notification-request",
    0xCB: "glo-action-request", 0xCC: "glo-get-response", 0xCF: "glo-action-response", 0xD0: "ded-get-request",
    0xD1: "ded-set-request", 0xD3: "ded-action-request", 0xD4: "ded-get-response", 0xD5: "ded-set-response",
    0xD7: "ded-action-response", 0xDB: "general-glo-ciphering", 0xDC: "general-ded-ciphering",
    0xDD: "general-ciphering",
}  # fmt: skip


@cache
def built() -> dict[str, Sample]:
    return {sample.name: sample for sample in build()}


def hdlc_type(control: int) -> str:
    if not control & 1:
        return "I"
    return "RR" if control & 0xF == 1 else TYPES[control & 0xEF]


def hdlc_apdus(records: list[reading.Record]) -> list[bytes]:
    """Join the segments of each conversation and take the LLC octets off."""
    waiting: dict[tuple[bytes, bytes], bytes] = {}
    found = []
    for record in records:
        frame = reading.frame(record.octets)
        if hdlc_type(frame.control) not in ("I", "UI"):
            continue
        key = (frame.source, frame.destination)
        waiting[key] = waiting.get(key, b"") + frame.information
        if not frame.segmentation:
            whole = waiting.pop(key)
            assert whole[:3] in (b"\xe6\xe6\x00", b"\xe6\xe7\x00")
            found.append(whole[3:])
    assert waiting == {}
    return found


def network_apdus(records: list[reading.Record]) -> list[bytes]:
    """Join the TCP segments of each direction, or take the datagrams, and take the wrappers off."""
    lanes: dict[tuple[object, object], bytes] = {}
    found = []
    for record in records:
        protocol, source, destination, body = reading.transport(record.octets)
        if protocol == 17:
            found += [apdu for *_, apdu in reading.pdus(body[8:])]
        else:
            key = (source, destination)
            lanes[key] = lanes.get(key, b"") + body[(body[12] >> 4) * 4 :]
    return found + [apdu for octets in lanes.values() for *_, apdu in reading.pdus(octets)]


def mbus_apdus(records: list[reading.Record]) -> list[bytes]:
    """Join the segments of a bus that only one meter speaks on."""
    waiting, found = b"", []
    for record in records:
        body = reading.mbus_frame(record.octets)
        assert body[:2] == b"\x53\xff"
        waiting += body[5:]
        if body[2] & 0x10:
            found.append(waiting)
            waiting = b""
    assert waiting == b""
    return found


def apdus(octets: bytes) -> list[bytes]:
    if octets.startswith(b"#"):
        return hdlc_apdus(reading.frames_of_log(octets))
    link_type, records = reading.capture(octets)
    if link_type == ETHERNET:
        return network_apdus(records)
    if records[0].octets[0] == 0x68:
        return mbus_apdus(records)
    return hdlc_apdus([record for record in records if record.octets[0] == 0x7E])


@pytest.mark.parametrize("name", NAMES)
def test_sample_built_again_is_the_same_octets(name: str) -> None:
    assert built()[name].octets == sample_path(name).read_bytes()


def test_manifest_built_again_is_the_same_text() -> None:
    assert manifest(built().values()) == (sample_path("ln-wrapper").parent / "manifest.toml").read_text(
        encoding="utf-8"
    )


def test_command_writes_captures_and_manifest(tmp_path: Path) -> None:
    main([str(tmp_path)])
    keyrings = {one.keys.name for one in samples() if one.keys}
    assert {path.name for path in tmp_path.iterdir()} == {"manifest.toml", *keyrings} | {
        one.path.name for one in samples()
    }


@pytest.mark.parametrize("name", NAMES)
def test_sample_taken_apart_by_hand_has_the_apdus_of_the_manifest(name: str) -> None:
    found = Counter(FAMILIES[octets[0]] for octets in apdus(built()[name].octets))
    assert dict(found) == next(sample.apdus for sample in samples() if sample.name == name)


@pytest.mark.parametrize("name", ["hdlc-segments", "sn-hdlc", "hdlc-log"])
def test_serial_sample_taken_apart_by_hand_has_the_frames_of_the_manifest(name: str) -> None:
    octets = built()[name].octets
    records = reading.frames_of_log(octets) if name == "hdlc-log" else reading.capture(octets)[1]
    frames = [reading.frame(record.octets) for record in records]
    found = Counter(hdlc_type(frame.control) for frame in frames)
    found["segments"] = sum(frame.segmentation for frame in frames)
    assert dict(found) == next(sample.frames for sample in samples() if sample.name == name)


@pytest.mark.parametrize("name", NAMES)
def test_every_apdu_of_a_sample_reads_completely(name: str) -> None:
    broken = [octets.hex() for octets in apdus(built()[name].octets) if "malformed" in str(apdu_json(octets))]
    assert broken == []


def test_directions_of_the_bus_follow_the_addresses() -> None:
    records = reading.capture(built()["hdlc-segments"].octets)[1]
    to_client = [reading.frame(record.octets).destination == b"\x21" for record in records]
    assert [record.flags == 1 for record in records] == to_client
    assert [record.flags == 2 for record in records] == [not one for one in to_client]


def test_a_wrapper_pdu_of_the_tcp_sample_spans_segments() -> None:
    sizes = [
        len(body) - (body[12] >> 4) * 4
        for _, _, _, body in (reading.transport(one.octets) for one in reading.capture(built()["ln-wrapper"].octets)[1])
    ]
    assert max(sizes) == 536
    assert max(len(octets) for octets in apdus(built()["ln-wrapper"].octets)) > 1000


def test_blocks_sample_has_blocks_that_are_lost_and_blocks_that_come_twice() -> None:
    numbers = [
        int.from_bytes(octets[2:4], "big")
        for octets in apdus(built()["blocks"].octets)
        if octets[0] == 0xE0 and len(octets) > 7 and octets[6] > 100
    ]
    second = numbers[numbers.index(1, 1) :] if numbers.count(1) > 1 else []
    assert second[:3] == [1, 3, 2], numbers
    assert [number for number, count in Counter(second).items() if count > 1] != []
    assert sorted(set(second)) == list(range(1, max(second) + 1))


@pytest.mark.parametrize("name", ["mode-c-readout", "mode-c-programming", "mode-e", "p1"])
def test_optical_sample_taken_apart_by_hand_has_the_messages_of_the_manifest(name: str) -> None:
    records = reading.capture(built()[name].octets)[1]
    found = Counter(reading.message_kind(record.octets) for record in records if record.octets[0] != 0x7E)
    frames = next(sample.frames for sample in samples() if sample.name == name)
    assert dict(found) == {kind: count for kind, count in frames.items() if kind.islower() and kind != "segments"}


def test_mode_e_sample_turns_to_hdlc_and_stays_there() -> None:
    is_hdlc = [record.octets[0] == 0x7E for record in reading.capture(built()["mode-e"].octets)[1]]
    assert is_hdlc == [False] * 4 + [True] * (len(is_hdlc) - 4)


def test_mbus_sample_has_pushes_of_one_frame_and_of_two() -> None:
    finals = [one.octets[6] for one in reading.capture(built()["mbus-push"].octets)[1]]
    assert Counter(finals) == {0x10: 4, 0x00: 2, 0x11: 2}


def test_log_has_frames_on_several_lines_and_each_line_is_a_read() -> None:
    lines = built()["hdlc-log"].octets.decode().splitlines()[1:]
    received = [bytes.fromhex(line.partition("RX: ")[2]) for line in lines if "RX" in line]
    assert max(map(len, received)) == 32
    assert sum(not one.startswith(b"\x7e") for one in received) > 5
    assert lines == sorted(lines, key=lambda line: line[:23])
