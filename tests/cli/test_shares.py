"""Several processes on one capture find what one finds, also what crosses the pairs of hosts that they share out."""

from __future__ import annotations

import random
import struct
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from analyzer.cli.main import main
from analyzer.index import shares
from analyzer.index.splitting import plan
from captures import open_source
from captures.samples import samples
from tests.analyzer.index import mixed
from tests.cli.conftest import json_of

Json = dict[str, Any]
GUEK, GAK = bytes(range(16)), bytes(range(0xD0, 0xE0))
TITLE = b"MMM\0\0\xbc\x61\x4e"
KEYS = ["--key", f"guek={GUEK.hex()}", "--key", f"gak={GAK.hex()}"]
METER = bytes((198, 51, 100, 7))


def _ciphered(counter: int, value: int) -> bytes:
    """general-glo-ciphering over a get-response with a double-long-unsigned."""
    plain = bytes.fromhex("C401C10006") + value.to_bytes(4, "big")
    invocation = counter.to_bytes(4, "big")
    text = AESGCM(GUEK).encrypt(TITLE + invocation, plain, b"\x30" + GAK)
    content = b"\x30" + invocation + text[:-4]  # the tag has 12 of its 16 octets
    return b"\xdb\x08" + TITLE + bytes((len(content),)) + content


def _packet(client: bytes, apdu: bytes) -> bytes:
    """A wrapper PDU of the meter in UDP over IPv4."""
    pdu = struct.pack(">HHHH", 1, 1, 16, len(apdu)) + apdu
    udp = struct.pack(">HHHH", 4059, 50000, 8 + len(pdu), 0) + pdu
    return struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0) + METER + client + udp


def _capture(path: Path, packets: list[bytes]) -> str:
    parts = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101)]
    for number, octets in enumerate(packets):
        parts += [struct.pack("<IIII", 1_700_000_000 + number, 0, len(octets), len(octets)), octets]
    path.write_bytes(b"".join(parts))
    return str(path)


@pytest.mark.parametrize("values", [(42, 43), (42, 42)])
def test_nonce_that_two_connections_of_a_meter_use_is_found_by_two_processes(
    values: tuple[int, int], tmp_path: Path
) -> None:
    one, other = bytes((192, 0, 2, 1)), bytes((192, 0, 2, 2))
    packets = [
        _packet(one, _ciphered(7, values[0])),
        _packet(other, _ciphered(7, values[1])),
        _packet(one, _ciphered(8, 1)),
    ]
    path = _capture(tmp_path / "two.pcap", packets)
    with open_source(path) as source:
        found = plan(source, 2)
    assert found is not None
    assert len({found.share_of(METER + client + bytes(4)) for client in (one, other)}) == 2, "each has one of them"
    words = ["stats", path, *KEYS, "--by", "error", "--json"]
    alone = json_of(*words)
    assert [(one["key"], one["records"]) for one in alone] == [("invocation-counter-repeated", 1)]
    assert json_of(*words, "--workers", "2") == alone
    assert json_of(*words, "--workers", "2", "--index") == alone


def test_octets_of_a_forced_stack_are_indexed_by_two_processes_too(tmp_path: Path) -> None:
    path = tmp_path / "raw.bin"
    path.write_bytes(b"\x01\x02" * 40_000 + bytes.fromhex("7EA0070321930F017E") * 3)
    assert main(["stats", "--workers", "2", str(path)]) != 0, "nothing tells what it is"
    words = ["stats", str(path), "-d", "serial,hdlc", "--by", "conversation", "--json"]
    alone = json_of(*words)
    assert [one["records"] for one in alone] == [43]
    assert json_of(*words, "--workers", "2") == alone
    assert json_of(*words, "--workers", "2", "--index") == alone
    assert path.with_name("raw.bin.dlmshark-index").exists()


GROUPS = ["service", "object", "meter", "association", "conversation", "error", "time", "layer"]


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A capture of meters that are read, push, answer in blocks and fail, and of HDLC over TCP."""
    dice = random.Random(5)
    names = ["ln-wrapper", "push-udp", "blocks"]
    paths = [str(one.path) for name in names for one in samples() if one.name == name]
    streams = [[mixed.moved(one, 7 * at) for one in mixed.packets(paths[at % 3], 300)] for at in range(9)]
    snrm = bytes.fromhex("7EA0070321930F017E")
    streams.append(mixed.over_tcp([snrm, snrm[:-2] + b"\x02\x7e", snrm], 3))
    streams = [mixed.spoilt(stream, dice) for stream in streams]
    path = tmp_path_factory.mktemp("many") / "many.pcap"
    return mixed.write(path, mixed.interleave(streams, dice), dice)


@pytest.mark.parametrize("by", GROUPS)
def test_statistics_of_a_capture_that_is_shared_are_those_of_one_process(
    by: str, many: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["stats", many, "--by", by, "--json"]
    alone = json_of(*words)
    read, shared = shares.read, list[shares.Whole]()

    def spy(*given: Any) -> shares.Whole:
        shared.append(read(*given))
        return shared[-1]

    monkeypatch.setattr(shares, "read", spy)
    assert json_of(*words, "--workers", "2") == alone != []
    assert len(shared) == 1, "two processes read it to its end"


@pytest.mark.parametrize(("name", "by"), zip(cycle(["ln-wrapper", "push-udp", "hdlc-log", "ln-ciphered"]), GROUPS))
def test_statistics_do_not_depend_on_the_number_of_processes(name: str, by: str) -> None:
    sample = next(one for one in samples() if one.name == name)
    words = ["stats", str(sample.path), *(["-k", str(sample.keys)] if sample.keys else []), "--by", by, "--json"]
    assert json_of(*words, "--workers", "2") == json_of(*words)
