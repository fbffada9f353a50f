"""Logs as files and pipes, through the whole program."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import pytest

from captures import open_source
from captures.raw import RawSource
from captures.text.source import TextSource
from tests.captures.text.logs import LOGS
from tests.captures.text.test_shapes import IDS, read
from tests.captures.text.written import Log, session
from tests.cli.conftest import Run, run

__all__ = ["run"]

HEADER = b"=~=~=~=~=~=~=~=~=~=~=~= PuTTY log 2026.03.21 10:15:30 =~=~=~=~=~=~=~=~=~=~=~=\r\n"
FRAMES = [one.octets for one in session()]


@pytest.mark.parametrize("log", LOGS, ids=IDS)
def test_log_is_decoded_whole_from_any_folder(
    log: Log, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "trace.bin").write_text(log.write(session()), encoding="utf-8")
    ran = run("decode", "--json", "trace.bin")
    assert ran.status == 0
    records = [json.loads(line) for line in ran.out.splitlines()]
    assert [bytes.fromhex(record["octets"]) for record in records] == FRAMES
    assert {record["link"] for record in records} == {"hdlc"}
    assert not [
        note for record in records for note in record.get("notes", []) if note["severity"] in ("warning", "error")
    ]
    assert len(ran.err.splitlines()) <= 1
    times = [time_ns for time_ns, _, _ in log.expected(session())]
    found = [record.get("time") for record in records]
    assert found == [None if time_ns is None else pytest.approx(time_ns / 1e9, abs=1e-6) for time_ns in times]


def test_times_without_a_zone_are_printed_as_they_stand(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    path = tmp_path / "log"
    path.write_text("21.03.2026 10:15:32.5 [TX] - 7E A0 07 03 21 93 0F 01 7E\n")
    assert "  2026-03-21 10:15:32.5  " in run("decode", path).out


def test_raw_octets_behind_the_header_of_a_terminal_are_read(tmp_path: Path) -> None:
    path = tmp_path / "putty.log"
    path.write_bytes(HEADER + b"".join(FRAMES))
    with open_source(str(path)) as source:
        assert isinstance(source, RawSource)
        (chunk,) = source
    assert (chunk.octets, chunk.offset) == (b"".join(FRAMES), len(HEADER))


def test_raw_octets_behind_a_header_need_not_begin_with_a_frame(tmp_path: Path) -> None:
    path = tmp_path / "putty.log"
    path.write_bytes(HEADER + b"\x00\x93\x0f" + b"".join(FRAMES))
    with open_source(str(path)) as source:
        assert [chunk.octets for chunk in source] == [b"\x00\x93\x0f" + b"".join(FRAMES)]


def test_hex_behind_the_header_of_a_terminal_is_read(tmp_path: Path) -> None:
    path = tmp_path / "putty.log"
    path.write_bytes(HEADER + b"\r\n".join(octets.hex(" ").encode() for octets in FRAMES))
    with open_source(str(path)) as source:
        assert isinstance(source, TextSource)
        assert [chunk.octets for chunk in source] == FRAMES


@pytest.mark.parametrize("dirt", [b"\0", b"\x03\x02\x01", b"\xff\xfe\x80"])
def test_binary_within_a_text_costs_only_its_lines(dirt: bytes, tmp_path: Path) -> None:
    lines = [b"TX: 10:15:32 " + octets.hex(" ").encode() for octets in FRAMES]
    path = tmp_path / "log"
    path.write_bytes(b"\n".join([*lines[:4], dirt * 9, dirt + lines[4], *lines[5:]]))
    with open_source(str(path)) as source:
        found = [chunk.octets for chunk in source]
    assert [octets for octets in FRAMES if octets not in found] in ([], [FRAMES[4]])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs here")
@pytest.mark.parametrize(
    "log",
    [log for log in LOGS if log.shape in ("socat", "gurux-trace", "counted-reads", "xxd", "hhd-monitor")],
    ids=lambda log: log.id,
)
def test_read_of_a_pipe_appears_before_the_next_is_written(log: Log, tmp_path: Path) -> None:
    name = str(tmp_path / "fifo")
    os.mkfifo(name)
    seen = threading.Semaphore(0)
    in_time: list[bool] = []

    def feed() -> None:
        with open(name, "wb", buffering=0) as pipe:
            for event in session()[:5]:
                pipe.write(log.write([event]).encode())
                in_time.append(seen.acquire(timeout=10))

    writer = threading.Thread(target=feed)
    writer.start()
    found = []
    with open_source(name) as source:
        for chunk in source:
            found.append(chunk.octets)
            seen.release()
    writer.join()
    assert found == FRAMES[:5]
    assert in_time == [True] * 5


LONG = 50_000


@pytest.mark.parametrize(
    "piece",
    [
        "7e a0 ",
        "7e:a0:",
        "0x7e, ",
        "7 ",
        "b'",
        "b'\\x",
        "IRP_MJ_WRITE ",
        "{",
        "[0]{",
        "-",
        "<!-- 7e",
        "TX ",
        "10:15:32 ",
        "~ (126) ",
        "  ",
        "|",
        "Length 3: ",
    ],
)
@pytest.mark.parametrize("head", ["", "TX: 10:15:32 7E A0\n", "[D][a:1]: ", "<a>\n", "x = b'", "00000000: "])
def test_long_line_is_read_in_time_that_grows_with_its_length_only(head: str, piece: str) -> None:
    import time

    text = (head + piece * (LONG // len(piece)) + "!").encode()
    start = time.process_time()
    list(read(text))
    assert time.process_time() - start < 0.75
