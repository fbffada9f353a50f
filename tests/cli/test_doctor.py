"""``dlmshark doctor`` and ``rules`` on the command line."""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest

from captures.samples import sample_path
from tests.analyzer.diagnosis.frames import answer
from tests.analyzer.framing.build import frame, request
from tests.analyzer.index import mixed
from tests.cli.conftest import ROOT, Run

ENDS = ((0x93, b"\x03\x21"), (0x73, b"\x21\x03"))
DAMAGED = "7E A0 07 03 21 93 0F 09 7E"


def test_doctor_says_cause_proof_and_what_to_try(run: Run) -> None:
    ran = run("doctor", "--hex", f"7E A0 07 03 21 93 0F 01 7E\n{DAMAGED}")
    assert ran.status == 0
    assert ran.out.startswith("1. ERROR: One bit was turned on the way.")
    assert "bit 3 of octet 7 is turned: 09 where 01 was sent" in " ".join(ran.out.split())
    assert "   try    Check cable" in ran.out


def test_doctor_as_json_has_the_members_of_the_contract(run: Run) -> None:
    (line,) = run("doctor", "--json", "--hex", f"7E A0 07 03 21 93 0F 01 7E\n{DAMAGED}").out.splitlines()
    story = json.loads(line)
    assert (story["story"], story["code"], story["cause"], story["records"]) == (1, "hdlc-fcs-wrong", "bit-error", [2])
    assert story["proposed"]["octets"] == "A0070321930F01"


def test_fail_on_ends_with_status_one_only_where_something_weighs_so_much(run: Run) -> None:
    healthy = run("doctor", "--fail-on", "error", "--hex", "7E A0 07 03 21 93 0F 01 7E")
    assert (healthy.status, healthy.complaint) == (0, "--hex: no problem found")
    assert run("doctor", "--fail-on", "error", "--hex", f"7E A0 07 03 21 93 0F 01 7E\n{DAMAGED}").status == 1


def test_rules_print_facts_and_causes(run: Run) -> None:
    assert "cause  cut-at-flag-octet" in run("rules").out
    lines = [json.loads(line) for line in run("rules", "--json").out.splitlines()]
    assert {one["kind"] for one in lines} == {"fact", "cause"}


def test_rules_of_one_word_are_refused_with_what_explains_it(run: Run) -> None:
    ran = run("rules", "hdlc")
    assert (ran.status, ran.complaint) == (2, "'hdlc': rules lists all; dlmshark explain hdlc tells what one means")


def test_every_code_of_a_story_or_note_is_a_rule(run: Run) -> None:
    known = {one["code"]: one for one in map(json.loads, run("rules", "--json").out.splitlines())}
    denied = "\n".join(("C0 01 C1 0003 0100010800FF 02 00", "C4 01 C1 01 03"))
    (story,) = map(json.loads, run("doctor", "--json", "--hex", denied).out.splitlines())
    assert story["code"] == "result-read-write-denied" and known[story["code"]]["severity"] == story["severity"]
    assert "result-success" not in known and known["result-other-reason"]["text"].endswith("other-reason.")
    tree = run("decode", "--json", "--layers", "--hex", "C4 01 C1 00 07 41 20 00 00").out
    assert '"code": "old-float-tag"' in tree and "old-float-tag" in known
    assert "old-float-tag" in run("explain", "old-float-tag").out


def test_apdus_that_stay_closed_are_counted_beside_no_problem(run: Run) -> None:
    closed, none = run("doctor", sample_path("ln-ciphered")).err.splitlines()
    assert closed.endswith("33 ciphered APDUs stay closed; give keys with -k FILE or --key guek=HEX")
    assert none.endswith("no problem found")


@pytest.mark.parametrize("command", ["doctor", "decode"])
def test_damaged_frame_whose_tag_became_a_ciphered_one_needs_no_key(run: Run, tmp_path: Path, command: str) -> None:
    sound = answer(60, random.Random(1))
    hurt = sound.replace(b"\xe6\xe7\x00\xc4", b"\xe6\xe7\x00\xcc")
    path = tmp_path / "line.bin"
    path.write_bytes(b"".join(b"\x7e" + one + b"\x7e" for one in (sound, hurt, sound)))
    ran = run(command, str(path))
    assert hurt != sound and "stay" not in ran.err
    assert "glo-get-response" in ran.out if command == "decode" else "hdlc-fcs-wrong" in ran.out


def test_problems_that_weigh_less_are_not_denied(run: Run) -> None:
    told = run("doctor", "--min-severity", "error", "--hex", "7E A0 07 03 21 93 0F 01 7E 00 00 7E").complaint
    many = len(run("doctor", "--json", "--hex", "7E A0 07 03 21 93 0F 01 7E 00 00 7E").out.splitlines())
    assert many and told == f"--hex: no problem found that weighs error or more, {many} that weigh less"


def test_filter_leaves_stories_about_records_that_pass(run: Run) -> None:
    both = "7E A0 07 03 21 93 0F 09 7E 7E A0 07 21 03 73 36 15 7E"
    whole = run("doctor", "--json", "--hex", both).out.splitlines()
    assert len(whole) == 2
    (line,) = run("doctor", "--json", "-Y", "number == 2", "--hex", both).out.splitlines()
    assert json.loads(line)["records"] == [2]
    ran = run("doctor", "-Y", "number == 99", "--hex", both)
    assert (ran.out, "no problem found in the records that pass" in ran.err) == ("", True)
    assert run("doctor", "-Y", "number ===", "--hex", both).status == 4


def test_verbose_says_how_much_was_looked_at(run: Run) -> None:
    ran = run("doctor", "-v", "--hex", "7E A0 07 03 21 93 0F 09 7E")
    assert "1 record, 1 story" in ran.err


def test_long_frame_that_may_have_been_sent_is_cut_in_text_and_whole_in_json(run: Run) -> None:
    octets = bytearray(answer(120, random.Random(5)))
    octets[60] ^= 4
    hexed = (b"\x7e" + bytes(octets) + b"\x7e").hex(" ")
    octets[60] ^= 4
    text = " ".join(run("doctor", "--hex", hexed).out.split())
    assert "octets …" in text and len(text) < 1200
    story = json.loads(run("doctor", "--json", "--hex", hexed).out)
    assert story["proposed"]["octets"] == octets.hex().upper()


def test_several_inputs_are_named_with_their_stories(run: Run) -> None:
    words = ("doctor", "--json", "--hex", DAMAGED, "--hex", DAMAGED)
    assert [json.loads(line)["input"] for line in run(*words).out.splitlines()] == ["--hex", "--hex"]
    assert "input" not in run("doctor", "--json", "--hex", DAMAGED).out


def test_text_of_a_manufacturer_in_a_frame_is_shown_as_text_in_the_list(run: Run) -> None:
    frame = "7EA014210352E696E6E7004552524F52203132781A7E"  # E6 E7 00 and "ERROR 12"
    ran = run("decode", "--hex", frame)
    assert 'Text · "ERROR 12"' in ran.out
    assert "carrier-text (vendor-text-answer)" in ran.out
    assert "malformed" not in ran.out
    assert json.loads(run("decode", "--json", "--hex", frame).out)["apdu"] == {"text": "ERROR 12"}
    tree = run("decode", "--tree", "--hex", frame).out
    assert "text: ERROR 12" in tree
    assert "ded-readRequest" not in tree


@pytest.mark.parametrize(("hosts", "told"), [(3, 3), (4, 1), (40, 1)])
def test_what_is_wrong_in_the_same_way_on_many_lanes_is_told_once(
    hosts: int, told: int, run: Run, tmp_path: Path
) -> None:
    ask, refuse = (
        bytes.fromhex(one) for one in ("000100100001000DC001C100030100010800FF0200", "0001000100100005C401C10104")
    )
    frames = [mixed.over_tcp([ask, refuse], host) for host in range(1, hosts + 1)]
    path = mixed.write(tmp_path / "lanes.pcap", [one for lane in frames for one in lane], random.Random(1))
    text = run("doctor", path).out
    assert len(re.findall(r"^\d+\. NOTE: ", text, re.MULTILINE)) == told
    more = f" also {hosts - 1} times more, on {hosts - 1} other lanes: 10.9.1.2:4059 > 10.9.0.1:40002 (record 4);"
    assert (more in " ".join(text.split())) == (told == 1)
    assert len(re.findall(r"^\d+\. NOTE: ", run("doctor", "-v", path).out, re.MULTILINE)) == hosts
    assert len(run("doctor", "--json", path).out.splitlines()) == hosts


SNRM, UA = (frame(control=control, addresses=addresses).hex(" ") for control, addresses in ENDS)
ASKED = f"TX: {SNRM}\nRX: {UA}\nTX: {request().hex(' ')}\n"


@pytest.mark.parametrize(
    ("lines", "begins", "seen"),
    [
        (f"TX: {SNRM}\n", "NOTE, perhaps: The capture ended", "SNRM is the last frame"),
        (f"TX: {SNRM}\n" * 3, "WARNING: The other side said nothing.", "SNRM was sent 3 times"),
        (f"10:00:00 TX: {SNRM}\n10:00:03 TX: {SNRM}\n", "WARNING: The other side said nothing.", "SNRM was sent 2 times"),
        (f"TX: {SNRM}\n" * 9, "WARNING: The other side said nothing.", "SNRM was sent 8 times or more"),
        (ASKED, "NOTE, perhaps: The capture ended", "is the last request"),
    ],
    ids=["set-up", "set-up again", "set-up with times", "set-up often", "request"],
)  # fmt: skip
def test_log_that_ends_with_a_request_says_so(run: Run, tmp_path: Path, lines: str, begins: str, seen: str) -> None:
    path = tmp_path / "log.txt"
    path.write_text(lines)
    text = " ".join(run("doctor", path).out.split())
    assert begins in text
    assert seen in text


@pytest.mark.parametrize("lines", [SNRM, f"TX: {SNRM}\nRX: {UA}\n"], ids=["no direction", "answered"])
def test_log_without_a_direction_or_with_an_answer_says_nothing_of_its_end(
    run: Run, tmp_path: Path, lines: str
) -> None:
    path = tmp_path / "log.txt"
    path.write_text(lines)
    assert run("doctor", path).out == ""


def test_doctor_of_packets_loads_nothing_of_texts_and_ports() -> None:
    path = sample_path("ln-wrapper")
    text = f"import sys; from analyzer.cli.main import main; main(['doctor', {str(path)!r}]); print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, cwd=ROOT, timeout=120)
    loaded = set(ran.stdout.split())
    assert "analyzer.diagnosis.hidden" in loaded, ran.stderr
    assert not loaded & {"captures.text.shape", "captures.text.labels", "captures.serial_line"}
