"""``dlmshark diff`` on the command line."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path

import pytest

from captures.samples import sample_path
from tests.analyzer.tracking.build import answered, asked
from tests.analyzer.tracking.carried_by_tcp import wrapper_conversation
from tests.captures.build import pcap_header, pcap_record
from tests.cli.conftest import ANSWER, GET, Run

DENIED = bytes.fromhex("C4 01 C1 01 03")


def pcap(path: Path, answer: bytes) -> Path:
    chunks = wrapper_conversation([asked(GET), answered(answer)])
    path.write_bytes(pcap_header() + b"".join(pcap_record(one.octets, fraction=one.number) for one in chunks))
    return path


@pytest.fixture
def good(tmp_path: Path) -> Path:
    return pcap(tmp_path / "good.pcap", ANSWER)


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    return pcap(tmp_path / "bad.pcap", DENIED)


def test_diff_of_a_capture_with_itself_finds_none(run: Run, good: Path) -> None:
    ran = run("diff", good, good)
    assert (ran.status, ran.out) == (0, "No difference: both do the same.\n")


def test_diff_shows_both_sides_and_ends_with_status_one(run: Run, good: Path, bad: Path) -> None:
    ran = run("diff", good, bad)
    assert ran.status == 1
    text = ran.out
    assert "First difference that matters\n" in text
    assert "record 2" in text
    assert "data-access-result is read-write-denied, was absent" in " ".join(text.split())


def test_text_of_a_meter_commands_no_terminal(run: Run, tmp_path: Path) -> None:
    asked, answered = "00010010000100 0DC001C100010000600100FF0200", "0001000100100009C401C1000A03{}"
    for name, value in (("good", "414243"), ("bad", "419B42")):
        (tmp_path / name).write_text(f"{asked}\n{answered.format(value)}\n")
    out = run("diff", str(tmp_path / "good"), str(tmp_path / "bad")).out
    assert "A\\x9bB" in out and "\x9b" not in out


def test_diff_as_json_has_the_members_of_the_contract(run: Run, good: Path, bad: Path) -> None:
    told = [json.loads(line) for line in run("diff", "--json", good, bad).out.splitlines()]
    for one in told:
        assert {"rank", "association", "good", "bad", "field", "good_value", "bad_value", "text"} <= set(one)
    assert (told[0]["rank"], told[0]["good"], told[0]["bad"]) == (1, {"record": 2}, {"record": 2})


def test_pcap_is_compared_with_a_text_log(run: Run, good: Path, tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    log.write_text(f"TX: 00 01 00 10 00 01 00 0D {GET.hex(' ')}\nRX: 00 01 00 01 00 10 00 05 {DENIED.hex(' ')}\n")
    told = [json.loads(line) for line in run("diff", "--json", good, log).out.splitlines()]
    assert [one["bad_value"] for one in told if one["field"].endswith("data-access-result")] == ["read-write-denied"]


def test_capture_that_cannot_be_read_ends_with_its_status(run: Run, good: Path, tmp_path: Path) -> None:
    ran = run("diff", good, tmp_path / "missing.pcap")
    assert (ran.status, ran.out) == (3, "")


def test_one_capture_alone_is_a_wrong_command_line(run: Run, good: Path) -> None:
    assert run("diff", good).status == 2


def test_captures_without_anything_are_not_said_to_be_the_same(run: Run) -> None:
    noise = ["--hex", "31 32 33 34 35"]
    ran = run("diff", *noise, *noise)
    assert ran.status == 2
    ran = run("diff", sample_path("p1"), sample_path("p1"))
    assert (ran.status, ran.out) == (0, "No difference: both do the same.\n")


def test_telegrams_and_a_readout_are_each_missing_in_the_other(run: Run) -> None:
    told = [
        json.loads(line)
        for line in run("diff", "--json", sample_path("p1"), sample_path("mode-c-readout")).out.splitlines()
    ]
    assert {(one["good_value"], one["bad_value"]) for one in told if one["matters"]} >= {("1 message", "missing")}
    assert {one["text"] for one in told} >= {"the bad capture has no telegrams"}


def test_folded_text_of_a_difference_hangs_below_its_first_word_whatever_its_number(run: Run) -> None:
    lines = run("diff", sample_path("ln-wrapper"), sample_path("ln-ciphered")).out.splitlines()
    hangs = {
        len(number[0]): len(below) - len(below.lstrip())
        for line, below in pairwise(lines)
        if (number := re.match(r"  \d+\. ", line)) and re.match(r" {5,6}\S", below)
    }
    assert hangs == {6: 6}
