"""Taps as tshark reads them: endpoints, addresses and octets must be the same."""

import shutil
import subprocess
from pathlib import Path

import pytest

from captures import open_source
from captures.carried import Carried, Notebook
from captures.carriers import Carriers
from captures.chunk import RECEIVED
from tests.captures.build import pcap_header, pcap_record
from tests.captures.build_taps import rtac, upper_pdu, usbmon, usbpcap

DATA = bytes.fromhex("7EA0070321930F017E")
ADDRESSES = (
    (20, bytes([10, 0, 0, 2])),
    (21, bytes([10, 0, 0, 7])),
    (25, bytes.fromhex("00001388")),
    (26, b"\0\0\x0f\xdb"),
)
IN, OUT = "1", "0"


def tshark(path: Path, *fields: str) -> list[list[str]]:
    if shutil.which("tshark") is None:
        pytest.skip("check not run: tshark is missing")
    words = [word for field in fields for word in ("-e", field)]
    done = subprocess.run(
        ["tshark", "-n", "-r", path, "-T", "fields", *words], capture_output=True, check=True, text=True
    )
    return [line.split("\t") for line in done.stdout.splitlines()]


def carried(path: Path) -> list[Carried]:
    carriers = Carriers(Notebook(lambda code, text: None, {}))
    with open_source(str(path)) as source:
        found = [one for chunk in source for one in carriers.peel(chunk)]
    return [*found, *carriers.finish()]


def write(tmp_path: Path, link_type: int, packets: list[bytes]) -> Path:
    path = tmp_path / "tap.pcap"
    path.write_bytes(pcap_header(link_type=link_type) + b"".join(map(pcap_record, packets)))
    return path


@pytest.mark.parametrize(
    ("link_type", "packets"),
    [
        (189, [usbmon(DATA, 2, header=48), usbmon(DATA, 0x81, header=48)]),
        (220, [usbmon(DATA, 2), usbmon(DATA, 0x81)]),
        (249, [usbpcap(DATA, 2), usbpcap(DATA, 0x81)]),
    ],
)
def test_usb_equals_tshark(tmp_path: Path, link_type: int, packets: list[bytes]) -> None:
    path = write(tmp_path, link_type, packets)
    theirs = tshark(path, "usb.capdata", "usb.endpoint_address.direction", "usb.bus_id", "usb.device_address")
    ours = [[one.octets.hex(), IN if one.direction == RECEIVED else OUT, "1", "5"] for one in carried(path)]
    assert ours == theirs


def test_rtac_equals_tshark(tmp_path: Path) -> None:
    path = write(tmp_path, 250, [rtac(DATA, 1), rtac(DATA, 2)])
    theirs = tshark(path, "data.data", "rtacser.eventtype")
    assert [[one.octets.hex(), "0x02" if one.direction == RECEIVED else "0x01"] for one in carried(path)] == theirs


def test_exported_pdu_equals_tshark(tmp_path: Path) -> None:
    path = write(tmp_path, 252, [upper_pdu(DATA, (12, b"data\0\0\0\0"), *ADDRESSES)])
    ((octets, *addresses),) = tshark(
        path, "data.data", *(f"exported_pdu.{name}" for name in ("ipv4_src", "src_port", "ipv4_dst", "dst_port"))
    )
    (one,) = carried(path)
    assert one.line.lanes
    assert (one.octets.hex(), one.line.lanes[one.direction == RECEIVED]) == (octets, "{}:{} > {}:{}".format(*addresses))
