"""zstd and lz4: what they hold comes block by block, and damage costs what stands behind it, nothing before."""

import os
from collections.abc import Callable
from pathlib import Path

import lz4.frame
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from captures import open_source
from captures.chunk import CaptureError
from captures.packed import PACKINGS, PackedInput
from captures.stream import HeldInput, Window
from tests.captures.build import pcap_header, pcap_record

RECORDS = [pcap_record(bytes([number]) * 40 + os.urandom(2000)) for number in range(200)]
PCAP = pcap_header() + b"".join(RECORDS)
Pack = Callable[[bytes], bytes]


def zstd(octets: bytes) -> bytes:
    """A block every 4096 octets, and a check at the end."""
    packer = zstandard.ZstdCompressor(write_checksum=True).compressobj()
    pieces = [octets[at : at + 4096] for at in range(0, len(octets), 4096)]
    blocks = b"".join(packer.compress(piece) + packer.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK) for piece in pieces)
    return blocks + packer.flush()


def lz4_frame(octets: bytes) -> bytes:
    return lz4.frame.compress(octets, block_size=lz4.frame.BLOCKSIZE_MAX64KB, content_checksum=True)


PACKERS: dict[str, Pack] = {
    "zstd": zstd,
    "zstd-plain": zstandard.ZstdCompressor(write_content_size=False).compress,
    "lz4": lz4_frame,
    "lz4-blocks-checked": lambda octets: lz4.frame.compress(octets, block_checksum=True, store_size=False),
}
each_packer = pytest.mark.parametrize("pack", PACKERS.values(), ids=PACKERS)


class Pieces(HeldInput):
    """Hands the octets out in pieces of one size."""

    def __init__(self, octets: bytes, size: int) -> None:
        self._pieces = [octets[at : at + size] for at in range(0, len(octets), size)][::-1]

    def fetch(self) -> bytes:
        return self._pieces.pop() if self._pieces else b""


def unpacked(packed: bytes, size: int = 1 << 18) -> tuple[bytes, list[str]]:
    """Unpack *packed* as it comes in pieces of *size*; returns the octets and the codes of the remarks."""
    codes: list[str] = []
    (packing,) = [one for one in PACKINGS if packed.startswith(one.magic)]
    found = PackedInput(packing, Window(Pieces(packed, size)), lambda code, text: codes.append(code))
    return b"".join(iter(found.fetch, b"")), codes


@each_packer
@pytest.mark.parametrize("size", [1, 7, 1 << 18])
def test_packed_octets_come_back_however_they_are_chunked(pack: Pack, size: int) -> None:
    octets = PCAP[:9000]
    assert unpacked(pack(octets), size) == (octets, [])


@each_packer
def test_packed_capture_is_opened(tmp_path: Path, pack: Pack) -> None:
    path = tmp_path / "capture"
    path.write_bytes(pack(PCAP))
    with open_source(str(path)) as source:
        assert [chunk.octets[0] for chunk in source] == list(range(200))
        assert (source.remarks, source.size, source.is_live) == ([], None, False)


@each_packer
def test_frames_are_joined_and_skippable_ones_passed_over(pack: Pack) -> None:
    skippable = b"\x53\x2a\x4d\x18" + (5).to_bytes(4, "little") + b"hello"
    assert unpacked(pack(b"one") + skippable + pack(b"") + pack(b"two")) == (b"onetwo", [])


@each_packer
def test_octets_behind_the_frames_are_remarked(pack: Pack) -> None:
    octets, codes = unpacked(pack(b"one") + b"more")
    assert (octets, [code.partition("-")[2] for code in codes]) == (b"one", ["trailing"])


@pytest.mark.parametrize("name", ["zstd", "lz4"])
@pytest.mark.parametrize("where", [0.3, 0.6, 0.95])
def test_cut_stream_gives_what_was_readable(name: str, where: float) -> None:
    packed = PACKERS[name](PCAP)
    octets, codes = unpacked(packed[: int(len(packed) * where)])
    assert codes == [f"{name}-cut"]
    assert PCAP.startswith(octets)
    assert len(octets) > len(PCAP) * where - 66_000


@pytest.mark.parametrize("name", ["zstd", "lz4-blocks-checked"])
@pytest.mark.parametrize("where", [0.5, 0.95])
def test_damaged_stream_gives_what_stands_before_the_damage(name: str, where: float) -> None:
    packed = bytearray(PACKERS[name](bytes(range(256)) * 2000))
    middle = int(len(packed) * where)
    packed[middle : middle + 40] = os.urandom(40)
    octets, codes = unpacked(bytes(packed))
    assert codes in ([f"{name[:4].rstrip('-')}-damaged"], [f"{name[:4].rstrip('-')}-cut"])
    assert (bytes(range(256)) * 2000).startswith(octets[: len(octets) // 2])


@pytest.mark.parametrize("name", ["zstd", "lz4"])
def test_wrong_check_at_the_end_costs_no_octet(name: str) -> None:
    packed = bytearray(PACKERS[name](PCAP))
    packed[-1] ^= 1
    assert unpacked(bytes(packed)) == (PCAP, [f"{name}-damaged"])


@given(st.sampled_from(PACKINGS), st.binary(max_size=200))
def test_random_octets_behind_a_magic_number_never_raise(packing: object, octets: bytes) -> None:
    unpacked(packing.magic + octets)  # type: ignore[attr-defined]


@each_packer
@given(at=st.integers(0, 10_000), octet=st.integers(0, 255))
def test_one_wrong_octet_never_raises(pack: Pack, at: int, octet: int) -> None:
    packed = bytearray(pack(b"meter" * 2000))
    at = 4 + at % (len(packed) - 4)
    packed[at] = octet
    unpacked(bytes(packed))


def test_bomb_comes_out_block_by_block() -> None:
    bomb = zstandard.ZstdCompressor().compress(bytes(200 << 20))
    assert len(bomb) < 10_000
    (packing,) = [one for one in PACKINGS if one.name == "zstd"]
    stream = PackedInput(packing, Window(HeldInput(bomb)), lambda code, text: None)
    assert max(len(stream.fetch()) for _ in range(100)) <= 128 << 10


@pytest.mark.parametrize("magic", ["28B52FFD A4 00000100 00FFFF", "04224D18 60 70 73 FFFFFF7F"])
def test_block_length_that_lies_is_not_waited_for(magic: str) -> None:
    assert unpacked(bytes.fromhex(magic) + bytes(100))[0] == b""


def test_packings_nest_twice_and_no_deeper(tmp_path: Path) -> None:
    twice = lz4_frame(zstd(PCAP))
    path = tmp_path / "nested"
    path.write_bytes(twice)
    with open_source(str(path)) as source:
        assert len(list(source)) == 200
    path.write_bytes(zstd(twice))
    with pytest.raises(CaptureError, match="zstd in lz4 in zstd; a pcap"):
        open_source(str(path))
