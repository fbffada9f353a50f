"""Taps on the command line: a USB probe, an RTAC, exported PDUs open like any capture; what is not ours is counted."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest

from analyzer.cli.complaints import INPUT_ERROR
from captures import open_source
from tests.analyzer.framing.build import request, response
from tests.analyzer.tracking.build import ANSWERED
from tests.analyzer.tracking.test_two_taps import heard, session
from tests.captures.build import ethernet, ipv4, pcap_header, pcap_record, udp
from tests.captures.build_taps import BULK_IN, BULK_OUT, IDLE, rtac, upper_pdu, usbmon, usbpcap, with_status
from tests.cli.conftest import Run

ADDRESSES = (
    (20, bytes([10, 0, 0, 2])),
    (21, bytes([10, 0, 0, 7])),
    (25, struct.pack(">I", 5000)),
    (26, struct.pack(">I", 4059)),
)
TAPS = {
    "usbmon": (220, [usbmon(request(), BULK_OUT), *[usbmon(IDLE, BULK_IN)] * 2, usbmon(with_status(response()), BULK_IN)]),
    "usbpcap": (249, [usbpcap(request(), BULK_OUT), usbpcap(response(), BULK_IN)]),
    "rtac": (250, [rtac(request(), 1), rtac(response(), 2)]),
    "upper-pdu": (252, [upper_pdu(request(), (12, b"data"), *ADDRESSES), upper_pdu(response(), (12, b"data"), *ADDRESSES)]),
}  # fmt: skip


def write(path: Path, link_type: int, packets: list[bytes]) -> Path:
    path.write_bytes(pcap_header(link_type=link_type) + b"".join(map(pcap_record, packets)))
    return path


@pytest.mark.parametrize("tap", TAPS)
def test_tap_gives_request_and_response(run: Run, tmp_path: Path, tap: str) -> None:
    ran = run("decode", "--json", write(tmp_path / "tap.pcap", *TAPS[tap]))
    found = [json.loads(line) for line in ran.out.splitlines()]
    assert [(one["link"], one["direction"]) for one in found] == [("hdlc", "request"), ("hdlc", "response")]
    assert found[1]["request"] == 1 or tap == "upper-pdu"
    assert found[0]["lane"] == ("10.0.0.2:5000 > 10.0.0.7:4059" if tap == "upper-pdu" else "serial:A > serial:B")
    assert not any("notes" in one for one in found)


@pytest.mark.parametrize("tap", TAPS)
def test_tap_cut_anywhere_is_decoded_as_far_as_it_goes(run: Run, tmp_path: Path, tap: str) -> None:
    path = write(tmp_path / "tap.pcap", *TAPS[tap])
    whole = path.read_bytes()
    for end in range(24, len(whole), 11):
        path.write_bytes(whole[:end])
        assert run("decode", "--json", path).status in (0, INPUT_ERROR)


def test_mark_of_the_tap_becomes_a_note_of_the_record(run: Run, tmp_path: Path) -> None:
    packets = [rtac(request(), 1), rtac(b"", 8), rtac(response(), 2)]
    ran = run("decode", "--json", write(tmp_path / "tap.pcap", 250, packets))
    (note,) = json.loads(ran.out.splitlines()[1])["notes"]
    assert (note["code"], note["text"]) == ("line-error", "the tap saw a parity error in packet 2")


def test_adapter_that_is_none_of_ours_is_counted(run: Run, tmp_path: Path) -> None:
    packets = [
        usbpcap(b"USBC" + bytes(27), BULK_OUT),
        usbpcap(b"USBS" + bytes(9), BULK_IN),
        usbpcap(b"\1\2", 0x83, kind=1),
    ]
    ran = run("decode", write(tmp_path / "disk.pcap", 249, packets))
    assert ran.out == ""
    assert "left aside, in packets: 2 usb-bulk, 1 usb-interrupt" in ran.err


def test_exported_pdus_that_are_none_of_ours_are_counted_by_their_dissector(run: Run, tmp_path: Path) -> None:
    packets = [upper_pdu(b"hello", (12, b"sip\0"), *ADDRESSES)] * 3
    ran = run("decode", write(tmp_path / "pdus.pcap", 252, packets))
    assert ran.out == ""
    assert "left aside, in packets: 3 sip" in ran.err


@pytest.mark.parametrize("selector", ["tcp.port==4059", "udp.port==5000"])
def test_stack_of_exported_pdus_is_forced_by_their_port(run: Run, tmp_path: Path, selector: str) -> None:
    path = write(tmp_path / "pdus.pcap", 252, [upper_pdu(b"\xc0\x99hello", (12, b"data"), *ADDRESSES)])
    assert run("decode", path).out == ""
    assert json.loads(run("decode", "--json", "-d", f"{selector},apdu", path).out)["link"] == "apdu"


@pytest.mark.parametrize(
    ("link_type", "name"), [(195, "802.15.4"), (283, "802.15.4"), (251, "bluetooth-le"), (253, "netlink"), (177, "lapd"), (300, "link-type-300")]
)  # fmt: skip
def test_link_that_is_not_decoded_is_named(run: Run, tmp_path: Path, link_type: int, name: str) -> None:
    ran = run("decode", write(tmp_path / "radio.pcap", link_type, [request(), bytes(40)]))
    assert ran.out == ""
    assert f"left aside, in packets: 2 {name}" in ran.err


@pytest.mark.parametrize(
    ("octets", "ports", "name"),
    [
        (b"\x40\x01\x12\x34\xbbtest", (40000, 5683), "coap"),
        (b"\x16\xfe\xfd" + bytes(40), (40000, 5684), "dtls"),
        (b"\x16\xfe\xfd" + bytes(40), (40000, 20000), "dtls"),
        (bytes(48), (123, 123), "ntp"),
        (b"\x99" * 20, (40000, 20000), "other"),
    ],
)
def test_datagrams_of_others_are_named(
    run: Run, tmp_path: Path, octets: bytes, ports: tuple[int, int], name: str
) -> None:
    packet = ethernet(ipv4(udp(octets, ports=ports), 17))
    ran = run("decode", write(tmp_path / "net.pcap", 1, [packet] * 2))
    assert ran.out == ""
    assert f"left aside, in packets: 2 {name}" in ran.err


def test_wrapper_on_a_port_of_others_is_found_all_the_same(run: Run, tmp_path: Path) -> None:
    packet = ethernet(ipv4(udp(request(), ports=(40000, 5683)), 17))
    ran = run("decode", write(tmp_path / "net.pcap", 1, [packet]))
    assert "GET request" in ran.out


def test_mark_of_a_logic_analyser_becomes_a_note_of_the_record(run: Run, tmp_path: Path) -> None:
    rows = [f"{index / 1000},0x{one:02X},,{'Error' * (index == 3)}" for index, one in enumerate(request())]
    path = tmp_path / "export.csv"
    path.write_text("\n".join(["Time [s],Value,Parity Error,Framing Error", *rows]))
    ran = run("decode", "--json", path)
    (found,) = [json.loads(line) for line in ran.out.splitlines()]
    assert found["apdu"]
    (note,) = found["notes"]
    assert note["code"] == "line-error"
    assert note["text"].endswith(f"framing error at octet 4 ({request()[3]:02X})")


def test_export_of_what_a_tap_gave_late_stands_as_it_was_said_and_its_times_go_on(run: Run, tmp_path: Path) -> None:
    chunks = heard(session(), lambda side, _: 16 if side == ANSWERED else 0)
    came = b"".join(pcap_record(one.octets, fraction=(one.time_ns or 0) // 1000 % 1_000_000) for one in chunks)
    name, path = tmp_path / "late.pcap", tmp_path / "late.pcapng"
    name.write_bytes(pcap_header(link_type=250) + came)
    assert run("export", name, "-o", path).status == 0
    with open_source(str(path)) as source:
        times = [one.time_ns or 0 for one in source]
    assert times == sorted(times)
    assert "capture-time-regressed" not in run("doctor", path).out
    ways = [json.loads(line)["direction"] for line in run("decode", "--json", path).out.splitlines()]
    assert ways == ["request", "response"] * (len(ways) // 2)
