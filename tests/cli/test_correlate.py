"""``dlmshark correlate`` on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from captures.samples import sample_path
from tests.analyzer.tracking.build import answered, asked
from tests.analyzer.tracking.carried_by_tcp import wrapper_conversation
from tests.captures.build import pcap_header, pcap_record
from tests.cli.conftest import ANSWER, GET, Run

HEADS = {"TX": "00 01 00 10 00 01 00 0D", "RX": f"00 01 00 01 00 10 00 {len(ANSWER):02X}"}


@pytest.fixture
def uplink(tmp_path: Path) -> Path:
    path = tmp_path / "uplink.pcap"
    chunks = wrapper_conversation([asked(GET), answered(ANSWER)])
    path.write_bytes(pcap_header() + b"".join(pcap_record(one.octets, fraction=one.number) for one in chunks))
    return path


def log(path: Path, *answers: bytes) -> Path:
    lines = [f"TX: {HEADS['TX']} {GET.hex(' ')}", *(f"RX: {HEADS['RX']} {one.hex(' ')}" for one in answers)]
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def test_capture_correlates_with_itself(run: Run) -> None:
    ran = run("correlate", sample_path("ln-wrapper"), sample_path("ln-wrapper"))
    assert ran.status == 0
    assert "43 APDUs passed unchanged, 0 altered" in ran.out
    assert "an answer takes 0.0 ms longer" in ran.out


def test_altered_answer_is_shown_and_the_status_is_one(run: Run, uplink: Path, tmp_path: Path) -> None:
    other = ANSWER[:-1] + bytes([ANSWER[-1] ^ 1])
    ran = run("correlate", uplink, log(tmp_path / "log.txt", other))
    assert ran.status == 1
    assert f"octet {len(ANSWER) - 1}: {ANSWER[-1:].hex().upper()} became {other[-1:].hex().upper()}" in ran.out


def test_json_has_the_whole_and_then_the_findings(run: Run, uplink: Path, tmp_path: Path) -> None:
    other = ANSWER[:-1] + bytes([ANSWER[-1] ^ 1])
    ran = run("correlate", "--json", uplink, log(tmp_path / "log.txt", other))
    whole, *findings = map(json.loads, ran.out.splitlines())
    assert (whole["passed"], whole["altered"], whole["clock_offset"]) == (1, 1, None)
    assert [(one["kind"], one["first"], one["second"]) for one in findings] == [
        ("altered", {"record": 2}, {"record": 2})
    ]


def test_captures_of_other_traffic_are_said_to_be_such(run: Run, uplink: Path) -> None:
    ran = run("correlate", uplink, sample_path("blocks"))
    assert ran.status == 1
    assert "No APDU of one is in the other" in ran.out


def test_captures_with_next_to_nothing_in_common_are_said_to_be_other_traffic(run: Run) -> None:
    out = run("correlate", sample_path("blocks"), sample_path("ln-wrapper")).out
    assert "The two do not hold the same traffic: of 36 APDUs that both should have seen 2 passed." in " ".join(
        out.split()
    )
    assert "clock" not in out and "an answer takes" not in out
    assert "same traffic" not in run("correlate", sample_path("blocks"), sample_path("blocks")).out


def test_less_at_the_first_point_is_told_by_how_much_at_most(run: Run, tmp_path: Path) -> None:
    paths = [tmp_path / "first.pcap", tmp_path / "second.pcap"]
    for path, fraction in zip(paths, (100_000, 400_000), strict=True):
        *before, answer = wrapper_conversation([asked(GET), answered(ANSWER)])
        octets = b"".join(pcap_record(one.octets) for one in before) + pcap_record(answer.octets, fraction=fraction)
        path.write_bytes(pcap_header() + octets)
    assert "300 ms less at the first than at the second (median of 1); at most 300 ms, records" in " ".join(
        run("correlate", *paths).out.split()
    )


def test_capture_that_is_not_there_is_one_line(run: Run, uplink: Path) -> None:
    ran = run("correlate", uplink, "missing.pcap")
    assert (ran.status, ran.out) == (3, "")
    assert ran.err.count("\n") == 1
