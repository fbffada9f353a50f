"""Opening: what an input holds is told by its content, and what cannot be read gets one clear line."""

import _thread
import contextlib
import errno
import gzip
import operator
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from captures import open_source
from captures.chunk import LINK_OCTETS, CaptureError, CapturePermissionError, Chunk
from captures.pcap import PcapSource
from captures.pcapng import PcapngSource
from captures.raw import RawSource
from captures.stream import FileInput
from captures.text.source import TextSource
from tests.captures.build import enhanced, interface, pcap_header, pcap_record, section

PCAP = pcap_header() + b"".join(pcap_record(bytes([number]) * 50) for number in range(1, 6))
PCAPNG = section() + interface() + enhanced(b"abc")
FRAME = bytes.fromhex("7EA0070321930F017E")


def packed(octets: bytes, times: int = 1) -> bytes:
    """Gzip without the clock, so that every worker collects the same tests."""
    for _ in range(times):
        octets = gzip.compress(octets, mtime=0)
    return octets


def write(folder: Path, octets: bytes, name: str = "holiday.png") -> str:
    """Write a file whose name tells nothing."""
    path = folder / name
    path.write_bytes(octets)
    return str(path)


def read(name: str) -> list[Chunk]:
    with open_source(name) as source:
        return list(source)


@pytest.mark.parametrize(
    ("octets", "kind"),
    [
        (PCAP, PcapSource),
        (pcap_header(order=">", digits=9), PcapSource),
        (PCAPNG, PcapngSource),
        (b"7E A0 07 03 21 93 0F 01 7E\n", TextSource),
        (b"# comment\n\nTX: 7EA0\n", TextSource),
        (b"\xff\xfe" + "7E A0".encode("utf-16-le"), TextSource),
        (FRAME, RawSource),
        (b"\x81\x80\x12" + FRAME, RawSource),
        (bytes.fromhex("00010001001000030000C0"), RawSource),
        (bytes.fromhex("680303685300000016"), RawSource),
        (bytes.fromhex("E5E5680303685300000016"), RawSource),
        (bytes.fromhex("105B015C16E5"), RawSource),
        (bytes.fromhex("900110C001C100080000010000FF0200"), RawSource),
        (b"/ISK5\\2MT382-1000\r\n\r\n1-0:1.8.1(000671.578*kWh)\r\n!\r\n", RawSource),
        (b"/ABBM12345\r\n\r\n0.0(12345678)\r\n1.8.1(00123.4*kWh)\r\n!\r\n", RawSource),
        (b"/?!\r\n", RawSource),
        (b"\xdb\x08" + bytes(40), RawSource),
        (b"\xdb\x00" + bytes(40), RawSource),
        (b"\x06050\r\n", RawSource),
        (b"\x06\xb2\xb1\xb2\x8d\n", RawSource),
        (b"\x01P1\x02(12345678)\x03\x60", RawSource),
        (b"\x81\xd21\x02C003()\x03", RawSource),
        (b"\x02F.F(00)\r\n!\r\n\x03\x11", RawSource),
        (b"\x10\x5b\x01\x5c\x16\xe5", RawSource),
        (b"1-0:1.8.1(000671.578*kWh)\r\n1-0:2.8.1(000000.000*kWh)\r\n!4F2A\r\n", RawSource),
        (b"(000671.578*kWh)\r\n/ISK5\\2MT382-1000\r\n\r\n", RawSource),
    ],
)
@pytest.mark.parametrize("times", [0, 1, 2])
def test_content_tells_the_format(tmp_path: Path, octets: bytes, kind: type, times: int) -> None:
    octets = packed(octets, times)
    with open_source(write(tmp_path, octets)) as source:
        assert type(source) is kind
        assert source.size == (None if times else len(octets))
        list(source)
        assert source.remarks == []


def test_octets_of_a_line_that_a_program_took_for_text_are_read_with_a_remark(tmp_path: Path) -> None:
    octets = bytes(range(256)).decode("latin-1").encode("utf-8")
    source = open_source(write(tmp_path, octets, "port.bin"), holds_octets=True)
    assert b"".join(chunk.octets for chunk in source) == octets
    assert [remark.code for remark in source.remarks] == ["octets-as-text"]


@pytest.mark.parametrize(
    ("octets", "what"),
    [
        (b"", "empty"),
        (b"\x7fELF" + bytes(60), "ELF"),
        (b"\x89PNG\r\n\x1a\n" + bytes(60), "PNG"),
        (b"PK\x03\x04" + bytes(60), "zip"),
        (b"%PDF-1.7\n", "PDF"),
        (b"\xff\xd8\xff\xe0" + bytes(60), "JPEG"),
        (b"\x28\xb5\x2f\xfd" + bytes(60), "the zstd stream is cut"),
        (b"\x02\x21\x4c\x18" + bytes(60), "lz4"),
        (b"just a letter\nto nobody\n", "text without octets"),
        (bytes(range(32)) * 20, "-d serial,hdlc takes any"),
        (bytes(1000), "not recognised"),
        (b"\xff" * 1000, "octets FF and nothing else"),
        (bytes(range(256)).decode("latin-1").encode("utf-8"), "iconv -f utf8 -t latin1 turns them back"),
        (bytes(range(256)).decode("utf-8", "replace").encode("utf-8"), "EF BF BD stands in place of 128 octets"),
        (b"\7" + bytes(4) + b"\1\0\3abc\6\2" * 2 + b"\2\0\3ab", "what pppd recorded (its option record); save it as pcap"),
        (packed(b""), "empty"),
        (packed(PCAP, 3), "gzip in gzip in gzip"),
    ],
    ids=[
        "empty", "elf", "png", "zip", "pdf", "jpeg", "zstd-cut", "lz4-legacy", "letter", "controls", "zeros", "idle", "utf-8", "replaced", "pppd", "gzip-empty", "gzip-thrice",
    ],
)  # fmt: skip
def test_foreign_file_is_refused_in_one_line_that_names_it(tmp_path: Path, octets: bytes, what: str) -> None:
    name = write(tmp_path, octets, "trace.pcap")
    with pytest.raises(CaptureError) as caught:
        open_source(name)
    text = str(caught.value)
    assert text.startswith(f"{name}: {what}") or (text.startswith(f"{name}: ") and what in text)
    assert text.endswith("was expected")
    assert "\n" not in text


@pytest.mark.parametrize("name", ["missing.pcap", "", "with\0null", "missing/below"])
def test_name_of_nothing_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CaptureError) as caught:
        open_source(name)
    assert not isinstance(caught.value, CapturePermissionError)
    assert "\n" not in str(caught.value)


def test_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match=": a directory; name the captures"):
        open_source(str(tmp_path))


def test_file_without_permission_is_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> int:
        raise PermissionError(13, "Permission denied")

    name = write(tmp_path, PCAP)
    monkeypatch.setattr(os, "open", refuse)  # the superuser of a build machine may read everything
    with pytest.raises(CapturePermissionError, match="no permission to read it"):
        open_source(name)


def test_descriptors_are_given_back(tmp_path: Path) -> None:
    fds = Path("/proc/self/fd")
    if not fds.is_dir():
        pytest.skip("no /proc here to count descriptors")
    before = len(list(fds.iterdir()))
    for octets in (PCAP, gzip.compress(PCAP), b"", b"\x7fELF"):
        name = write(tmp_path, octets)
        with contextlib.suppress(CaptureError):
            read(name)
    assert len(list(fds.iterdir())) == before


def test_interrupt_while_an_input_that_was_closed_is_freed_is_not_lost(tmp_path: Path) -> None:
    held = [FileInput(os.open(write(tmp_path, PCAP), os.O_RDONLY), print)]
    held[0].close()
    with pytest.raises(KeyboardInterrupt):
        list(map(operator.call, (_thread.interrupt_main, held.clear)))  # no code of Python's stands between the two


@pytest.mark.skipif(not hasattr(os, "pread"), reason="files are read by their place for that")
@pytest.mark.parametrize("octets", [PCAP, packed(PCAP), PCAPNG], ids=["pcap", "gzip", "pcapng"])
@pytest.mark.parametrize("is_replaced", [False, True])
def test_second_pass_reads_the_file_of_the_first_whatever_its_name_leads_to_now(
    tmp_path: Path, octets: bytes, is_replaced: bool
) -> None:
    name = write(tmp_path, octets)
    with open_source(name) as source:
        chunks = iter(source)
        first = next(chunks)
        if is_replaced:
            os.replace(write(tmp_path, FRAME, "other"), name)
        else:
            os.unlink(name)
        assert source.again is not None
        with source.again() as again:
            assert again.name == source.name
            assert [*again] == [first, *chunks]
            assert again.again is not None
            with again.again() as third:
                assert next(iter(third)) == first


def test_second_pass_for_which_too_many_files_are_open_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*words: object) -> int:
        raise OSError(errno.EMFILE, "Too many open files")

    name = write(tmp_path, PCAP)
    with open_source(name) as source:
        assert source.again is not None
        with monkeypatch.context() as full, pytest.raises(CaptureError, match="Too many open files"):
            full.setattr(os, "dup", refuse)
            full.setattr(os, "open", refuse)
            source.again()


@pytest.mark.parametrize("cut", [1, 5, 30])
def test_cut_gzip_gives_what_was_readable(tmp_path: Path, cut: int) -> None:
    packed = gzip.compress(pcap_header() + b"".join(pcap_record(os.urandom(900)) for _ in range(90)))
    with open_source(write(tmp_path, packed[:-cut])) as source:
        got = list(source)
        assert len(got) >= 89
        assert "gzip-cut" in [remark.code for remark in source.remarks]


def test_damaged_gzip_gives_what_was_readable(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(pcap_header() + b"".join(pcap_record(os.urandom(900)) for _ in range(900))))
    middle = len(packed) // 2
    packed[middle : middle + 3000] = b"\xff" * 3000
    packed[-8:-4] = b"\0\0\0\0"  # the check sequence fails at the latest
    with open_source(write(tmp_path, bytes(packed))) as source:
        got = list(source)
        assert got
        assert "gzip-damaged" in [remark.code for remark in source.remarks]


def test_gzip_members_are_joined_and_padding_is_passed_over(tmp_path: Path) -> None:
    packed = gzip.compress(PCAP[:100]) + gzip.compress(PCAP[100:]) + bytes(512)
    with open_source(write(tmp_path, packed)) as source:
        assert len(list(source)) == 5
        assert source.remarks == []


def test_octets_after_a_gzip_stream_are_remarked(tmp_path: Path) -> None:
    with open_source(write(tmp_path, gzip.compress(PCAP) + b"more")) as source:
        assert len(list(source)) == 5
        assert [remark.code for remark in source.remarks] == ["gzip-trailing"]


def test_raw_octets_come_in_pieces_with_their_place(tmp_path: Path) -> None:
    octets = FRAME * 1000
    got = read(write(tmp_path, octets))
    assert b"".join(chunk.octets for chunk in got) == octets
    assert [chunk.offset for chunk in got] == [0, 4096, 8192]
    assert {chunk.link_type for chunk in got} == {LINK_OCTETS}
    assert [chunk.number for chunk in got] == [1, 2, 3]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs here")
@pytest.mark.parametrize(
    "octets",
    [PCAP, PCAPNG, packed(PCAP), b"7E A0\nRX: 01 02\n"],
    ids=["pcap", "pcapng", "gzip", "hex"],
)
def test_fifo_is_read_as_it_comes_octet_by_octet(tmp_path: Path, octets: bytes) -> None:
    name = str(tmp_path / "fifo")
    os.mkfifo(name)

    def feed() -> None:
        with open(name, "wb", buffering=0) as pipe:
            for octet in octets:
                pipe.write(bytes([octet]))

    writer = threading.Thread(target=feed)
    writer.start()
    got = read(name)
    writer.join()
    assert got == read(write(tmp_path, octets))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs here")
@pytest.mark.parametrize(
    ("head", "pieces"),
    [
        (pcap_header(), [pcap_record(b"a" * 40), pcap_record(b"b" * 40)]),
        (section() + interface(), [enhanced(b"a" * 40), enhanced(b"b" * 40)]),
        (b"", [b"7E A0 01\n", b"TX: 7E A0 02\n"]),
        (b"", [FRAME, FRAME]),
    ],
)
def test_packet_of_a_pipe_appears_before_the_next_is_written(tmp_path: Path, head: bytes, pieces: list[bytes]) -> None:
    name = str(tmp_path / "fifo")
    os.mkfifo(name)
    seen = threading.Semaphore(0)
    in_time: list[bool] = []

    def feed() -> None:
        with open(name, "wb", buffering=0) as pipe:
            pipe.write(head)
            for piece in pieces:
                pipe.write(piece)
                in_time.append(seen.acquire(timeout=10))

    writer = threading.Thread(target=feed)
    writer.start()
    with open_source(name) as source:
        assert source.is_live
        for _ in source:
            seen.release()
    writer.join()
    assert in_time == [True, True]


COUNT = "from captures import open_source; s = open_source('-'); print(type(s).__name__, sum(1 for _ in s), s.size, s.is_live)"


def test_stdin_is_read_by_its_content(root: Path, tmp_path: Path) -> None:
    for octets, want in (
        (PCAP, "PcapSource 5 None True"),
        (gzip.compress(PCAPNG), "PcapngSource 1 None True"),
        (b"7EA0", "TextSource 1 None True"),
    ):
        done = subprocess.run([sys.executable, "-c", COUNT], input=octets, capture_output=True, cwd=root, check=True)
        assert done.stdout.decode().strip() == want


def test_stdin_from_a_file_is_not_live(root: Path, tmp_path: Path) -> None:
    with open(write(tmp_path, PCAP), "rb") as file:
        done = subprocess.run([sys.executable, "-c", COUNT], stdin=file, capture_output=True, cwd=root, check=True)
    assert done.stdout.decode().strip() == f"PcapSource 5 {len(PCAP)} False"


@pytest.mark.parametrize("times", [0, 1])
def test_file_is_not_live_packed_or_not(tmp_path: Path, times: int) -> None:
    with open_source(write(tmp_path, packed(PCAP, times))) as source:
        assert not source.is_live


def test_empty_and_closed_stdin_are_refused(root: Path) -> None:
    ask = "import sys; from captures import open_source\ntry: open_source('-')\nexcept Exception as error: print(type(error).__name__, error)"
    done = subprocess.run([sys.executable, "-c", ask], input=b"", capture_output=True, cwd=root, check=True)
    assert done.stdout.decode().startswith("CaptureError stdin: empty; ")
    closed = "import sys; sys.stdin.close(); " + ask.removeprefix("import sys; ")
    done = subprocess.run([sys.executable, "-c", closed], input=b"", capture_output=True, cwd=root, check=True)
    assert done.stdout.decode().startswith("CaptureError stdin: closed; ")


def test_memory_stays_flat_over_a_large_capture(root: Path, tmp_path: Path) -> None:
    pytest.importorskip("resource")
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.write(pcap_header())
        piece = pcap_record(bytes(100)) * 1000
        for _ in range(300):
            file.write(piece)
    ask = (
        "import sys; from captures import open_source; from captures.network import Network\n"
        "from tests.memory import peak\n"
        "peel = Network().peel; before = peak()\n"
        "count = sum(peel(chunk) is None for chunk in open_source(sys.argv[1]))\n"
        "print(count, peak() - before)"
    )
    done = subprocess.run([sys.executable, "-c", ask, str(path)], capture_output=True, cwd=root, check=True)
    count, grown = map(int, done.stdout.split())
    assert count == 300_000
    assert grown < 8 << 20


@pytest.mark.parametrize("where", [0.3, 0.6, 0.9])
def test_damaged_gzip_gives_what_stands_before_the_damage(tmp_path: Path, where: float) -> None:
    records = [pcap_record(bytes([number]) * 40 + os.urandom(200)) for number in range(90)]
    packed = bytearray(gzip.compress(pcap_header() + b"".join(records), mtime=0))
    packed[int(len(packed) * where)] ^= 0xFF
    path = tmp_path / "damaged.pcap.gz"
    path.write_bytes(packed)
    with open_source(str(path)) as source:
        found = list(source)
    assert len(found) >= int(90 * where) - 12
    assert [chunk.octets[:40] for chunk in found[: len(found) // 2]] == [
        bytes([number]) * 40 for number in range(len(found) // 2)
    ]


def test_gzip_whose_check_is_wrong_gives_all_and_says_so(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(pcap_header() + b"".join(pcap_record(b"x" * 50) for _ in range(9)), mtime=0))
    packed[-6] ^= 1
    path = tmp_path / "wrong.pcap.gz"
    path.write_bytes(packed)
    with open_source(str(path)) as source:
        assert len(list(source)) == 9
        assert "gzip-damaged" in [remark.code for remark in source.remarks]
