"""Inputs of ``dlmshark decode``: what cannot be read gives one line and a status, what is damaged is decoded."""

from __future__ import annotations

import gzip
import json
import os
import socket
import tempfile
import threading
from pathlib import Path

import pytest

from analyzer.cli.complaints import INPUT_ERROR, PERMISSION_ERROR, USAGE_ERROR
from analyzer.session import Session
from captures.source import open_source
from captures.stream import FileInput
from tests.analyzer.tracking.build import asked, wrapped
from tests.captures.build import ethernet, ipv4, pcap_header, pcap_record, tcp
from tests.cli.conftest import FRAME, GET, Run, pcap_octets, spawn


def test_missing_file_gives_one_line(run: Run, tmp_path: Path) -> None:
    ran = run("decode", tmp_path / "none.pcap")
    assert ran.status == INPUT_ERROR
    assert ran.complaint == f"{tmp_path / 'none.pcap'}: no such file"
    assert ran.out == ""


TIC = [
    b"\nOPTARIF HC.. <\r", b"\nHCHP 023456789 ?\r", b"\nPTEC HP..  \r", b"\nIINST 003 Z\r", b"\nPAPP 00690 0\r",
]  # fmt: skip
"""Groups as French meters write them in the older form, with their check characters."""


def octets_with_parity(octets: bytes) -> bytes:
    """Give what 7E1 looks like read as 8N1."""
    return bytes(one | (one.bit_count() & 1) << 7 for one in octets)


@pytest.mark.parametrize(
    ("octets", "says"),
    [
        (b"", "empty"),
        (b"\x7fELF\x02\x01\x01" + bytes(64), "a program (ELF)"),
        (b"PK\x03\x04" + bytes(64), "a zip archive"),
        (b"a.pcap".ljust(257, b"\0") + b"ustar\x0000" + bytes(248), "a tar archive"),
        (b"hello\n", "text without octets in hex"),
        (bytes(range(1, 32)) * 9, "not recognised"),
        (bytes.fromhex("1B1B1B1B01010101 7605") + bytes(range(1, 26)), "octets of SML, which German meters push"),
        (b"\x02" + b"".join(TIC) + b"\x03", "the customer output of French meters (TIC, Linky)"),
        (octets_with_parity(b"\x02" + b"".join(TIC) + b"\x03"), "the customer output of French meters (TIC, Linky)"),
        (b"".join(TIC).replace(b"\r", b""), "the customer output of French meters (TIC, Linky)"),
        (b"".join(b"[10:15:00][D][teleinfo:044]: %b\n" % one.strip() for one in TIC), "the customer output of French"),
        (b"".join(b"\n%b=%b\r" % tuple(one.split()[:2]) for one in TIC), "text without octets in hex"),
    ],
)
def test_foreign_file_gives_one_line_that_says_what_was_expected(
    run: Run, tmp_path: Path, octets: bytes, says: str
) -> None:
    path = tmp_path / "foreign"
    path.write_bytes(octets)
    ran = run("decode", path)
    assert ran.status == INPUT_ERROR
    assert ran.complaint.startswith(f"{path}: {says}")
    assert "expected" in ran.complaint


def test_output_of_a_french_meter_is_read_where_a_stack_is_named(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "tic"
    path.write_bytes(b"\x02" + b"".join(TIC) + b"\x03")
    ran = run("decode", "-d", "serial,hdlc", path)
    assert ran.status == 0
    assert "octets of noise" in ran.out


def test_frames_beside_the_output_of_a_french_meter_are_read(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "both"
    path.write_bytes(b"\x02" + b"".join(TIC) + b"\x03" + bytes.fromhex("7EA0070321930F017E") * 3)
    ran = run("decode", path)
    assert ran.status == 0
    assert ran.out.count("SNRM P") == 3


def test_directory_gives_one_line(run: Run, tmp_path: Path) -> None:
    ran = run("decode", tmp_path)
    assert ran.status == INPUT_ERROR
    assert ran.complaint.startswith(f"{tmp_path}: a directory")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_unreadable_file_gives_the_status_of_permissions(run: Run, capture: Path) -> None:
    capture.chmod(0)
    ran = run("decode", capture)
    assert ran.status == PERMISSION_ERROR
    assert ran.complaint == f"{capture}: no permission to read it"


def test_refused_file_gives_the_status_of_permissions(run: Run, capture: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("captures.source.os.open", refuse)
    ran = run("decode", capture)
    assert ran.status == PERMISSION_ERROR
    assert ran.complaint == f"{capture}: no permission to read it"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs here")
def test_fifo_is_read_as_it_comes(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "fifo"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(pcap_octets(),))
    writer.start()
    ran = run("decode", "--json", path)
    writer.join()
    assert (ran.status, ran.err) == (0, "")
    assert [json.loads(line)["number"] for line in ran.out.splitlines()] == [1, 2]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs here")
def test_empty_fifo_gives_one_line(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "fifo"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(b"",))
    writer.start()
    ran = run("decode", path)
    writer.join()
    assert ran.status == INPUT_ERROR
    assert ran.complaint.startswith(f"{path}: empty")


@pytest.mark.parametrize("name", ["a\nb", "\udcff.pcap", "a\x1b[31m", "\0"])
def test_odd_names_of_files_break_no_line(run: Run, name: str) -> None:
    ran = run("decode", f"/nowhere/{name}")
    assert ran.status == INPUT_ERROR
    assert len(ran.err.splitlines()) == 1


def test_unreadable_input_does_not_stop_the_others(run: Run, capture: Path, tmp_path: Path) -> None:
    ran = run("decode", "--json", tmp_path / "none.pcap", capture)
    assert ran.status == INPUT_ERROR
    assert len(ran.out.splitlines()) == 2
    assert "no such file" in ran.complaint


# -- damaged inputs -----------------------------------------------------------------------------------------------


def test_capture_cut_anywhere_is_decoded_as_far_as_it_goes(run: Run, tmp_path: Path) -> None:
    whole = pcap_octets()
    path = tmp_path / "cut.pcap"
    before = 0
    for end in range(4, len(whole), 7):
        path.write_bytes(whole[:end])
        ran = run("decode", "--json", path)
        assert ran.status in (0, INPUT_ERROR)
        assert ran.err.startswith("dlmshark: ")
        count = len([json.loads(line) for line in ran.out.splitlines()])
        assert count >= before
        before = count
    assert before == 2


def test_packet_cut_by_the_end_of_the_file_is_said(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "cut.pcap"
    path.write_bytes(pcap_octets()[:-3])
    ran = run("decode", "--json", path)
    assert ran.status == 0
    _, cut = map(json.loads, ran.out.splitlines())
    assert {note["code"] for note in cut["notes"]} == {"capture-cut"}
    assert ran.complaint.startswith(f"{path}: packet 4 announces 71 octets, ")
    assert "68" in ran.complaint


def test_capture_whose_packet_length_lies_is_said(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "lies.pcap"
    whole = bytearray(pcap_octets())
    whole[24 + 8 : 24 + 12] = b"\xff\xff\xff\x7f"
    path.write_bytes(bytes(whole))
    ran = run("decode", path)
    assert ran.status == 0
    assert all(line.startswith("dlmshark: ") for line in ran.err.splitlines())


def test_capture_of_snap_length_zero_is_decoded(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "snap.pcap"
    path.write_bytes(pcap_header(snap_length=0) + pcap_octets()[24:])
    ran = run("decode", path)
    assert ran.status == 0
    assert len(ran.out.splitlines()) == 2


def test_capture_without_packets_says_that_nothing_was_found(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "none.pcap"
    path.write_bytes(pcap_header())
    ran = run("decode", path)
    assert (ran.status, ran.out) == (0, "")
    assert ran.complaint == f"{path}: nothing of ours was found"
    assert run("doctor", path).complaint == ran.complaint


def test_capture_of_others_says_what_was_left_aside(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "others.pcap"
    hello = bytes.fromhex("160301002e0100002a0303") + bytes(40)
    packets = [ethernet(ipv4(tcp(hello, ports=(50000, 443)))), ethernet(ipv4(tcp(b"SSH-2.0-x\r\n", ports=(50001, 22))))]
    path.write_bytes(pcap_header() + b"".join(map(pcap_record, packets)))
    ran = run("decode", path)
    assert (ran.status, ran.out) == (0, "")
    first, second = ran.err.splitlines()
    assert first == f"dlmshark: {path}: left aside, in packets: 1 ssh, 1 tls"
    assert second == f"dlmshark: {path}: nothing of ours was found"


def test_gzip_is_opened(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "capture.bin"
    path.write_bytes(gzip.compress(pcap_octets()))
    ran = run("decode", path)
    assert (ran.status, ran.err) == (0, "")
    assert len(ran.out.splitlines()) == 2


def test_gzip_cut_is_decoded_as_far_as_it_goes(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "capture.gz"
    path.write_bytes(gzip.compress(pcap_octets() * 1)[:-12])
    ran = run("decode", path)
    assert ran.status == 0
    assert ran.err.startswith(f"dlmshark: {path}: ")


# -- octets in text -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "7EA0070321930F017E",
        "7e a0 07 03 21 93 0f 01 7e",
        "0x7E 0xA0 0x07 0x03 0x21 0x93 0x0F 0x01 0x7E",
        "0x7EA0070321930F017E",
        "7E,A0,07,03,21,93,0F,01,7E",
        "7E:A0:07:03:21:93:0F:01:7E",
        "7E-A0-07-03-21-93-0F-01-7E",
        "TX: 7E A0 07 03 21 93 0F 01 7E",
        "  7E A0 07 03 21 93 0F 01 7E  ",
    ],
)
def test_hex_is_read_however_it_is_written(run: Run, text: str) -> None:
    ran = run("decode", "--json", "--hex", text)
    assert (ran.status, ran.err) == (0, "")
    line = json.loads(ran.out)
    assert line["octets"] == FRAME.replace(" ", "")
    assert line["hdlc"]["type"] == "SNRM"


@pytest.mark.parametrize("text", ["", "xyz", "0x", "--"])
def test_hex_without_octets_gives_one_line(run: Run, text: str) -> None:
    ran = run("decode", f"--hex={text}")
    assert ran.status == INPUT_ERROR
    assert ran.complaint.startswith("--hex: octets in hex such as 7E A0 07 were expected")


def test_hex_with_an_odd_digit_keeps_the_complete_octets_and_says_so(run: Run) -> None:
    ran = run("decode", "--json", "--hex", FRAME + "A")
    assert ran.status == 0
    assert json.loads(ran.out.splitlines()[0])["hdlc"]["type"] == "SNRM"
    assert ran.complaint == "--hex: line 1 has an odd number of hex digits; its complete octets are kept"


def test_hex_text_has_a_frame_a_line_with_directions(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    path.write_text(f"# a comment\n\nTX: {FRAME}\nRX: {FRAME}\n")
    ran = run("decode", "--json", path)
    assert [json.loads(line)["lane"] for line in ran.out.splitlines()] == ["serial:A > serial:B", "serial:B > serial:A"]


def test_lines_without_octets_are_counted(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    path.write_text(f"{FRAME}\nport opened\nport closed\n")
    ran = run("decode", path)
    assert ran.status == 0
    assert ran.complaint == f"{path}: 2 lines hold no octets in hex, the first is line 2"


def test_raw_octets_are_read(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "dump.bin"
    path.write_bytes(b"".join(one.octets for one in wrapped([asked(GET), asked(GET)])))
    assert len(run("decode", path).out.splitlines()) == 2


# -- stdin --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [("decode", "-"), ("decode",), ("-",), ()])
def test_capture_on_stdin_is_decoded(words: tuple[str, ...]) -> None:
    ran = spawn(*words, given=pcap_octets())
    assert (ran.status, ran.err) == (0, "")
    assert len(ran.out.splitlines()) == 2


def test_pipe_that_settles_is_decoded_as_the_file_is(tmp_path: Path) -> None:
    spoken = """
        0001 0010 0001 000D C001C1 0003 0100010800FF 0200
        0001 0001 0010 0009 C401C100 06 00012345
        0001 0010 0001 000D C001C1 0003 0100010800FF 0300
        0001 0001 0010 000A C401C100 0202 0F03 161E
    """
    path = tmp_path / "spoken.txt"
    path.write_text(spoken)
    ran = [spawn("readings", "--json", *words, given=spoken.encode()) for words in ((), ("--settle",), (path,))]
    at_once, late, whole = (
        [(one["value"], one.get("unit")) for one in map(json.loads, each.out.splitlines())] for each in ran
    )
    assert at_once[0] == (74565, None)  # nobody knew its scaler yet
    assert late[0] == whole[0] == (74565000, "Wh")
    assert ran[1] == ran[2]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs here")
@pytest.mark.parametrize(
    ("steps", "there"),
    [(("first", "interrupt", "rest", "end"), 2), (("first", "interrupt", "interrupt", "rest"), 1)],
)
def test_pipe_that_settles_is_read_on_where_it_is_interrupted_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, steps: tuple[str, ...], there: int
) -> None:
    whole, scripted, fetch = pcap_octets(), list(steps), FileInput.fetch
    said = {"first": whole[:-90], "rest": whole[-90:], "end": b""}

    def fetched(one: FileInput) -> bytes:
        step = scripted.pop(0) if scripted and scripted != ["rest"] else ""
        if step == "interrupt":
            raise KeyboardInterrupt
        return said[step] if step else fetch(one)

    monkeypatch.setattr(FileInput, "fetch", fetched)
    os.mkfifo(tmp_path / "fifo")
    writer = os.open(tmp_path / "fifo", os.O_RDWR)
    source = open_source(str(tmp_path / "fifo"), settles=True)
    assert len(list(Session(source).records())) == there
    os.close(writer)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs here")
def test_folder_where_what_settles_has_no_room_is_named(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    os.mkfifo(tmp_path / "fifo")
    writer = os.open(tmp_path / "fifo", os.O_RDWR)
    ran = run("decode", tmp_path / "fifo", "--settle")
    os.close(writer)
    assert ran.status == INPUT_ERROR and ran.complaint.endswith(
        "No such file or directory; --settle keeps there what comes"
    )


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs here")
def test_fifo_that_settles_is_decoded_as_the_file_is(run: Run, capture: Path, tmp_path: Path) -> None:
    path = tmp_path / "fifo"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(capture.read_bytes(),))
    writer.start()
    ran = run("decode", path, "--json", "--settle")
    writer.join()
    assert ran.out and ran == run("decode", capture, "--json")


def test_text_on_stdin_is_decoded() -> None:
    ran = spawn("decode", "-", given=FRAME.encode())
    assert (ran.status, ran.err) == (0, "")
    assert "SNRM" in ran.out


def test_empty_stdin_gives_one_line() -> None:
    ran = spawn("decode", "-", given=b"")
    assert ran.status == INPUT_ERROR
    assert ran.complaint.startswith("stdin: empty")


@pytest.mark.parametrize(("given", "what"), [(b"", "empty"), (bytes.fromhex("D4C3B2A1 0200"), "it ends in its header")])
def test_stream_to_record_that_never_began_cannot_be_read(given: bytes, what: str, tmp_path: Path) -> None:
    ran = spawn("record", "-", "-o", str(tmp_path / "kept.pcapng"), given=given)
    assert ran.status == INPUT_ERROR
    assert ran.complaint == f"stdin: {what}; a pcap stream was expected, as tcpdump -U -w - writes it"


# -- several inputs -----------------------------------------------------------------------------------------------


def test_several_inputs_name_themselves_in_json(run: Run, capture: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.pcap"
    other.write_bytes(pcap_octets())
    ran = run("decode", "--json", capture, "-r", other, "--hex", FRAME)
    found = [json.loads(line) for line in ran.out.splitlines()]
    assert [line["input"] for line in found] == [str(capture)] * 2 + [str(other)] * 2 + ["--hex"]
    assert [line["number"] for line in found] == [1, 2, 1, 2, 1]
    assert all(next(iter(line)) == "input" for line in found)


def test_single_input_does_not_name_itself(run: Run, capture: Path) -> None:
    assert "input" not in json.loads(run("decode", "--json", capture).out.splitlines()[0])


def test_same_input_twice_is_two_captures(run: Run, capture: Path) -> None:
    once = run("decode", capture).out
    assert run("decode", capture, capture).out == f"== {capture}\n{once}" * 2


def test_bad_option_reads_no_input(run: Run, capture: Path) -> None:
    ran = run("decode", "--nonsense", capture)
    assert (ran.status, ran.out) == (USAGE_ERROR, "")


def test_link_that_leads_nowhere_is_told_from_a_missing_file(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "latest.pcap"
    path.symlink_to("gone.pcap")
    ran = run("decode", path)
    assert (ran.status, ran.complaint) == (
        INPUT_ERROR, f"{path}: no such file; the link leads to gone.pcap, which is not there",
    )  # fmt: skip


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="this system has no such sockets")
def test_socket_is_named_as_one(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # the name of a socket is short
    with socket.socket(socket.AF_UNIX) as one:
        one.bind("meter")
        ran = run("decode", "meter")
    assert (ran.status, ran.complaint) == (INPUT_ERROR, "meter: a socket, or a device that is gone")


@pytest.mark.parametrize("words", [("decode",), ("doctor", "--merge", "-"), ("stats",)])
def test_live_source_that_is_given_as_a_file_leads_to_the_command_that_listens(
    run: Run, words: tuple[str, ...]
) -> None:
    ran = run(*words, "serial:/dev/none")
    assert "serial:/dev/none: no such file; a live source is listened to with dlmshark live serial:/dev/none" in ran.err
