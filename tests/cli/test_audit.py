"""``dlmshark audit`` on the command line."""

from __future__ import annotations

import json
from pathlib import Path

from tests.captures.build import pcap_header
from tests.cli.conftest import Run

APDU_WITH_REST = "C0 01 C1 00 08 00 00 01 00 00 FF 02 00 AA BB"


def test_audit_of_a_healthy_capture_ends_with_status_zero(run: Run, capture: Path) -> None:
    ran = run("audit", capture)
    assert (ran.status, ran.err) == (0, "")
    assert "  PASS          wrapper-header " in ran.out
    assert ran.out.splitlines()[-1].startswith("0 FAIL · ")


def test_audit_that_fails_ends_with_status_one_and_shows_clause_and_record(run: Run) -> None:
    ran = run("audit", "-d", "record,apdu", "--hex", APDU_WITH_REST)
    assert ran.status == 1
    assert "  FAIL          apdu-encoding " in ran.out
    assert "record 1\n" in ran.out
    assert "IEC 62056-5-3, A-XDR and BER encoding" in ran.out


def test_audit_as_json_has_the_members_of_the_contract(run: Run, capture: Path) -> None:
    rows = [json.loads(line) for line in run("audit", "--json", capture).out.splitlines()]
    for row in rows:
        assert set(row) == {"check", "group", "clause", "verdict", "text", "count", "records", "others"}
        assert row["verdict"] in {"PASS", "FAIL", "INCONCLUSIVE", "NOT-SEEN"}
    (wrapper,) = [row for row in rows if row["check"] == "wrapper-header"]
    assert (wrapper["verdict"], wrapper["records"]) == ("PASS", [1, 2])


def test_group_leaves_the_others_out(run: Run, capture: Path) -> None:
    rows = [json.loads(line) for line in run("audit", "--json", "--group", "security", capture).out.splitlines()]
    assert {row["group"] for row in rows} == {"security"}


def test_filter_leaves_verdicts_about_records_that_pass(run: Run) -> None:
    both = ("--hex", "7E A0 07 03 21 93 0F 01 7E 7E A0 07 21 03 73 36 15 7E")

    def frames(*words: str) -> dict[str, tuple[str, int, list[int]]]:
        rows = [json.loads(line) for line in run("audit", "--json", *words, *both).out.splitlines()]
        return {row["check"]: (row["verdict"], row["count"], row["records"]) for row in rows}

    assert frames()["hdlc-check-sequence"] == ("INCONCLUSIVE", 1, [2])
    assert frames("-Y", "number == 2")["hdlc-check-sequence"] == ("INCONCLUSIVE", 1, [2])
    assert frames("-Y", "number == 1")["hdlc-check-sequence"] == ("PASS", 1, [1])
    none = run("audit", "-Y", "number == 99", "-d", "record,apdu", "--hex", APDU_WITH_REST)
    assert (none.status, "no record passes the filter" in none.err) == (0, True)
    assert run("audit", "-Y", "number ===", *both).status == 4


def test_capture_with_nothing_of_ours_is_told_in_one_line(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "none.pcap"
    path.write_bytes(pcap_header())
    ran = run("audit", path)
    assert (ran.status, ran.out, ran.complaint) == (0, "", f"{path}: nothing of ours was found")
    assert all(json.loads(line)["verdict"] == "NOT-SEEN" for line in run("audit", "--json", path).out.splitlines())


def test_octets_of_nothing_known_are_said_so(run: Run, tmp_path: Path) -> None:
    ran = run("audit", "--json", tmp_path / "missing.pcap")
    assert ran.status == 3
    assert ran.out == ""
