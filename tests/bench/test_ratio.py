"""Speed held in CI: ratios to a struct loop over the same octets, never seconds. Generous: they catch a fall, not a wobble.

Each bound is about three times what was measured on an idle machine when it was set.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import struct
import sys
import time
import timeit
from collections.abc import Callable
from pathlib import Path
from struct import Struct

import pytest

from analyzer.framing.frame import Framer, Mark
from analyzer.framing.hdlc import HdlcFramer
from analyzer.framing.wrapper import WrapperFramer
from dissectors.checks import fcs, fcs_is_good
from dissectors.compile import scan
from dissectors.xdlms.get import GetRequestNormal

UNITS = 2000
GET_REQUEST = bytes.fromhex("C001C100030100010800FF0200")
HEADER = Struct(">HHHH")
FIELDS = Struct(">BBBH6sBB")


def _wrapper_pdu(number: int) -> bytes:
    return HEADER.pack(1, 16, 1, len(GET_REQUEST)) + GET_REQUEST[:2] + bytes([0xC0 | number % 16]) + GET_REQUEST[3:]


def _hdlc_frame(number: int) -> bytes:
    information = bytes.fromhex("E6E600") + GET_REQUEST
    head = bytes.fromhex("A000032110")
    head = bytes([0xA0, len(head) + 2 + len(information) + 2]) + bytes([0x03, 0x21, 0x10 | number % 8 << 1])
    head += fcs(head).to_bytes(2, "little")
    return b"\x7e" + head + information + fcs(head + information).to_bytes(2, "little") + b"\x7e"


WRAPPER_PDUS = [_wrapper_pdu(number) for number in range(UNITS)]
HDLC_FRAMES = [_hdlc_frame(number) for number in range(UNITS)]


def _struct_loop() -> int:
    """The yardstick: header and fields of every unit by struct, one addition so that they are used."""
    total = 0
    for octets in WRAPPER_PDUS:
        _, _, _, length = HEADER.unpack_from(octets)
        _, _, invoke, class_id, _, _, _ = FIELDS.unpack_from(octets, 8)
        total += length + invoke + class_id
    return total


def _frames(make: Callable[[], Framer], units: list[bytes]) -> int:
    framer, count = make(), 0
    for number, octets in enumerate(units, 1):
        count += len(framer.feed(octets, Mark(number, None)))
    return count + len(framer.flush())


def _scans() -> int:
    function = scan(GetRequestNormal).function
    return sum(function(octets, 8, len(octets))[0][2] for octets in WRAPPER_PDUS)


def _sums() -> int:
    octets = bytes(range(64))
    return sum(fcs(octets) for _ in range(UNITS))


def _checks() -> int:
    return sum(fcs_is_good(octets[1:-1]) for octets in HDLC_FRAMES)


RATIOS: dict[str, tuple[Callable[[], int], float]] = {
    "scan": (_scans, 5),
    "fcs": (_sums, 7),
    "fcs-is-good": (_checks, 5),
    "wrapper-framer": (lambda: _frames(WrapperFramer, WRAPPER_PDUS), 15),
    "hdlc-framer": (lambda: _frames(HdlcFramer, HDLC_FRAMES), 25),
}


def _seconds(call: Callable[[], object]) -> float:
    return min(timeit.repeat(call, number=1, repeat=9, timer=time.process_time))  # other programs cost nothing


def test_units_are_what_their_framers_take() -> None:
    assert _frames(WrapperFramer, WRAPPER_PDUS) == UNITS
    assert _frames(HdlcFramer, HDLC_FRAMES) == UNITS
    assert _checks() == UNITS


@pytest.mark.parametrize("name", RATIOS)
def test_piece_stays_within_its_ratio_to_a_struct_loop(name: str) -> None:
    call, bound = RATIOS[name]
    ratios = []
    for _ in range(3):  # a busy machine gets two more chances
        ratios.append(_seconds(call) / _seconds(_struct_loop))
        if ratios[-1] <= bound:
            return
    pytest.fail(f"{name}: {min(ratios):.1f} times a struct loop over the same octets, at most {bound}")


# -- the whole program ----------------------------------------------------------------------------------------------

CLIENT, SERVER = bytes([10, 0, 0, 2]), bytes([10, 0, 0, 7])
GET_RESPONSE = bytes.fromhex("C401C1000600012345")
WHOLE_BOUND = 150


def _packet(number: int, sequence: list[int]) -> bytes:
    """A request or its response in TCP over IPv4, checksums left 0 as offloading does."""
    is_response = number % 2
    wports = (1, 16) if is_response else (16, 1)
    apdu = bytearray(GET_RESPONSE if is_response else GET_REQUEST)
    apdu[2] = 0xC0 | number // 2 % 16
    payload = HEADER.pack(1, *wports, len(apdu)) + apdu
    addresses = SERVER + CLIENT if is_response else CLIENT + SERVER
    ports = (4059, 51234) if is_response else (51234, 4059)
    tcp = struct.pack(">HHIIBBHHH", *ports, sequence[is_response], sequence[1 - is_response], 0x50, 0x18, 0xFAF0, 0, 0)
    sequence[is_response] += len(payload)
    ip = struct.pack(">BBHHHBBH", 0x45, 0, 40 + len(payload), number & 0xFFFF, 0x4000, 64, 6, 0) + addresses
    return ip + tcp + payload


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A session of requests and responses, as a pcap of raw IP."""
    sequence = [1, 1]
    parts = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101)]
    for number in range(UNITS):
        octets = _packet(number, sequence)
        parts += [
            struct.pack("<IIII", 1732147200 + number // 10, number % 10 * 100_000, len(octets), len(octets)),
            octets,
        ]
    path = tmp_path_factory.mktemp("ratio") / "session.pcap"
    path.write_bytes(b"".join(parts))
    return path


def _run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> str:
    """The program inside this interpreter, so that start-up stays out of the figure."""
    main = importlib.import_module("analyzer.cli.main").main
    monkeypatch.setattr(sys, "argv", ["dlmshark", *arguments])
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        try:
            status = main()
        except SystemExit as end:
            status = end.code
    assert not status
    return out.getvalue()


def _walk(octets: bytes) -> int:
    """The yardstick: each record and PDU of the file by struct."""
    record, opening, at, total = Struct("<IIII"), Struct(">BBB"), 24, 0
    while at < len(octets):
        _, _, length, _ = record.unpack_from(octets, at)
        total += HEADER.unpack_from(octets, at + 56)[3] + opening.unpack_from(octets, at + 64)[2]
        at += 16 + length
    return total


def test_decode_stays_within_its_ratio_to_a_struct_loop(capture: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(_run(monkeypatch, "decode", str(capture)).splitlines()) == UNITS
    octets = capture.read_bytes()
    yardstick = _seconds(lambda: _walk(octets))
    ratio = _seconds(lambda: _run(monkeypatch, "decode", "-q", str(capture))) / yardstick
    assert ratio <= WHOLE_BOUND
