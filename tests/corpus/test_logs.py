"""The raw logs of the corpus: every shape is told, and what stands in them comes out whole."""

from __future__ import annotations

import tomllib
from collections import Counter
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from analyzer.framing.frame import APDU, HDLC
from analyzer.pipeline import Pipeline
from analyzer.record import Record
from captures import open_source, source_from_hex
from captures.chunk import RECEIVED, SENT, Chunk, Remark
from dissectors.tree import Severity
from tests.corpus.vectors import entries, faults, folder

SHAPES = {
    "ams_Aidon_problem_same_list3": "",
    "ams_EGM5G35": "pieces of octets with remarks",
    "gocosem_electronica_trace-authentication-and-encryption": "octets below titles with directions",
    "gocosem_electronica_trace-authentication": "octets below titles with directions",
    "gocosem_electronica_trace-encryption": "octets below titles with directions",
    "gocosem_electronica_trace-none": "octets below titles with directions",
    "gocosem_electronica_trace__low_level_sec": "octets below titles with directions",
    "opendlms_hdlc_echo_session": "octets below titles with directions",
    "roarfred_HAN_20170912-2": "reads, each with its time and length on the line above",
    "roarfred_HAN_20170912-3": "reads, each with its time and length on the line above",
    "roarfred_HAN_20171019_xibriz4": "reads, each with its time and length on the line above",
    "roarfred_Samples_from_ESP": "",
}
ECHOED = "opendlms_hdlc_echo_session"
TELEGRAM = "ams_EGM5G35"
NAMES = [name for name in SHAPES if name != TELEGRAM]


@cache
def read(corpus: Path, name: str) -> tuple[list[Chunk], list[Remark]]:
    with open_source(str(corpus / "logs" / f"{name}.txt")) as source:
        return list(source), source.remarks


@cache
def decode(corpus: Path, name: str) -> list[Record]:
    with open_source(str(corpus / "logs" / f"{name}.txt")) as source:
        return list(Pipeline().run(source))


def entry_of(corpus: Path, name: str) -> dict[str, Any]:
    entries = tomllib.loads((corpus / "logs.toml").read_text(encoding="utf-8"))["log"]
    return next(entry for entry in entries if entry["file"] == f"logs/{name}.txt")


def test_every_log_is_tested(corpus: Path) -> None:
    if folder() != corpus:
        pytest.skip("another corpus")
    assert {path.stem for path in (corpus / "logs").iterdir()} == set(SHAPES)


@pytest.mark.parametrize("name", SHAPES)
def test_shape_of_a_log_is_told_in_at_most_one_line(corpus: Path, name: str) -> None:
    _, remarks = read(corpus, name)
    assert len(remarks) <= 1
    told = [remark.text.removeprefix("read as ").partition(";")[0] for remark in remarks if remark.code == "text-shape"]
    assert told == [SHAPES[name]] * bool(SHAPES[name])


@pytest.mark.parametrize("name", NAMES)
def test_frames_of_a_log_are_all_good(corpus: Path, name: str) -> None:
    entry, records = entry_of(corpus, name), decode(corpus, name)
    links = Counter(record.link for record in records)
    # In one log each frame stands three times: as it was sent or read, analysed, and in the window.
    frames = 18 if name == ECHOED else entry["good_frames"]
    assert links == Counter({HDLC: frames, APDU: entry.get("bare_apdus", 0)})
    assert all(not record.problem for record in records)
    assert faults(records) == []


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("roarfred")])
def test_reads_of_a_log_are_its_chunks_and_frames_go_over_their_borders(corpus: Path, name: str) -> None:
    entry, (chunks, _) = entry_of(corpus, name), read(corpus, name)
    assert len(chunks) == entry["reads"]
    over = sum(len(record.packets) > 1 for record in decode(corpus, name))
    assert over == entry["frames_over_several_reads"]


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("gocosem")])
def test_titles_and_remarks_give_directions_and_times(corpus: Path, name: str) -> None:
    chunks, _ = read(corpus, name)
    assert [chunk.direction for chunk in chunks] == [SENT, RECEIVED] * (len(chunks) // 2)
    times = [chunk.time_ns for chunk in chunks]
    assert None not in times
    assert times == sorted(times)  # type: ignore[type-var]


def test_printouts_of_an_echoed_session_are_no_traffic(corpus: Path) -> None:
    chunks, _ = read(corpus, ECHOED)
    directions = "".join("?RS"[chunk.direction] for chunk in chunks)
    assert directions == "SRR" * 6 + "SRSR"
    echoes = sum(sent.octets == back.octets for sent, back in pairwise(chunks))
    assert echoes == entry_of(corpus, ECHOED)["echoes"]
    assert len({chunk.octets for chunk in chunks[:18]}) == entry_of(corpus, ECHOED)["different_frames"]
    assert {chunk.interface for chunk in chunks[:18]} == {0}
    assert {chunk.interface for chunk in chunks[18:]} == {1}  # recorded on another day


def test_date_lines_are_the_times_of_what_follows(corpus: Path) -> None:
    chunks, _ = read(corpus, "ams_Aidon_problem_same_list3")
    assert [chunk.time_ns and chunk.time_ns // 1_000_000 % 3_600_000 for chunk in chunks] == [
        11873,
        11919,
        11933,
        11943,
    ]


def test_telegram_of_an_annotated_dump_is_whole(corpus: Path) -> None:
    chunks, _ = read(corpus, TELEGRAM)
    octets = b"".join(chunk.octets for chunk in chunks)
    (record,) = decode(corpus, TELEGRAM)
    assert (record.link, record.octets) == ("p1", octets)
    assert [note.code for note in record.notes if note.severity >= Severity.NOTE] == ["p1-crc-unchecked"]
    assert faults([record]) == []
    head = b"/EGM5G35\r\n\r\n\x00\x82\x02\x30\x30\x00\x00\x00\x00"
    assert octets.startswith(head)
    assert octets[len(head) + 555 :] == b"!FE0C\r\n"


def test_sessions_of_the_vectors_are_read_as_they_are_written(corpus: Path) -> None:
    sessions = [entry["hex_lines"] for entry in entries(corpus) if "hex_lines" in entry]
    assert len(sessions) >= 20
    sides = {"TX": SENT, "HOST": SENT, "RX": RECEIVED, "METER": RECEIVED}
    for lines in sessions:
        with source_from_hex("\n".join(lines)) as source:
            found = [(chunk.direction, chunk.octets) for chunk in source]
        parts = [line.split("|") for line in lines]
        assert found == [(sides[side], bytes.fromhex(octets)) for side, octets in parts]
