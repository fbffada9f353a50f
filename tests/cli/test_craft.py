"""``dlmshark craft``: what a developer of a meter edits, made right on the command line."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest

from captures.samples import samples
from tests.cli.conftest import Run

SECURED = next(one for one in samples() if one.name == "ln-ciphered")
EDITED = "7E A0 19 03 21 10 00 00 E6 E6 00 C0 01 C1 00 03 00 00 01 00 00 FF 02 00 00 00 7E"
RIGHT = "7E A0 19 03 21 10 7F DA E6 E6 00 C0 01 C1 00 03 00 00 01 00 00 FF 02 00 AD B3 7E"
TITLE = "4D4D4D0000000001"


@pytest.mark.parametrize("words", [[EDITED], ["--hex", EDITED], EDITED.split(), ["0x" + EDITED.replace(" ", ":")]])
def test_edited_frame_is_printed_with_its_sums(run: Run, words: list[str]) -> None:
    ran = run("craft", *words)
    assert (ran.status, ran.out, ran.err) == (0, f"{RIGHT}\n", "")


def test_frame_comes_from_stdin(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{EDITED}\n"))
    assert run("craft", "-").out == f"{RIGHT}\n"


class Endless(io.StringIO):
    def read(self, count: int | None = -1) -> str:
        assert count is not None and 0 < count < 1 << 25, "read without bound"
        return "0" * count


@pytest.mark.parametrize("words", [["-"], ["--apdu", "-"], ["--apdu", "@-"]])
def test_input_without_end_is_refused(run: Run, monkeypatch: pytest.MonkeyPatch, words: list[str]) -> None:
    monkeypatch.setattr("sys.stdin", Endless())
    monkeypatch.setattr("builtins.open", lambda *_, **__: Endless())
    ran = run("craft", *words)
    assert (ran.status, ran.out) == (2, "")
    assert (
        ran.err
        == f"dlmshark: {'' if words == ['-'] else '--apdu '}{words[-1]}: more than 16 MB; one frame was expected\n"
    )


def test_record_of_decode_is_made_anew(run: Run, tmp_path: Path) -> None:
    lines = run("decode", "--json", "-k", SECURED.keys, SECURED.path).out.splitlines()
    record = json.loads(lines[4])
    path = tmp_path / "edited.json"
    path.write_text(lines[4])
    ran = run(
        "craft", "--apdu", f"@{path}", "--wrapper", "1,1", "--cipher", "glo", "--title", TITLE, "--counter",
        record["ciphered"]["invocation-counter"], "-k", SECURED.keys,
    )  # fmt: skip
    octets = re.search(r"0000  ((?:[0-9a-f]{2} )+)", run("decode", "-x", SECURED.path).out.split("\n     5  ")[1])
    assert ran.status == 0 and octets is not None
    assert ran.out.startswith(octets[1].upper().strip())
    assert ran.out.replace(" ", "").endswith(record["protection"][0]["tag"] + "\n")


def test_ciphered_frame_gets_another_counter_and_opens(run: Run) -> None:
    ran = run("craft", "--apdu", '{"get-response":{"get-response-normal":{"invoke-id-and-priority":"C1","result":'
              '{"data":{"double-long-unsigned":5}}}}}', "--wrapper", "1,16", "--cipher", "general-glo", "--title",
              "4D4D4D0000BC614E", "-k", SECURED.keys)  # fmt: skip
    again = run("craft", ran.out.strip(), "--counter", "4711", "-k", SECURED.keys, "--json")
    record = json.loads(again.out)
    assert record["ciphered"]["status"] == "verified" and record["ciphered"]["invocation-counter"] == 4711
    assert record["apdu"]["get-response"]["get-response-normal"]["result"] == {"data": {"double-long-unsigned": 5}}
    keys = SECURED.keys.read_text() if SECURED.keys is not None else ""
    for key in re.findall(r'"([0-9A-F]{32})"', keys):
        assert key not in again.out.upper().replace(" ", "") + again.err


def test_tree_shows_what_was_made(run: Run) -> None:
    out = run("craft", EDITED, "--tree").out
    assert out.startswith(RIGHT) and "fcs: AD B3 (good)" in out


def test_json_shows_what_was_made_in_the_letters_of_decode(run: Run) -> None:
    out = run("craft", EDITED, "--json").out
    assert '"summary": "GET request · 0-0:1.0.0*255 Clock"' in out


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--plain", "C0", "--hdlc", "1,1", "--wrapper", "1,1"], "--wrapper does not go with --hdlc"),
        ([], "a frame in hex, or --apdu or --plain was expected; see dlmshark craft --help"),
        (["zz"], "HEX: octets in hex such as 7E A0 07 were expected"),
        (["--apdu", "{"], "--apdu: no JSON: Expecting property name"),
        (["--apdu", '{"get-requst":{}}'], "--apdu: get-requst: no APDU has this name"),
        (["--apdu", "@missing.json"], "--apdu @missing.json: cannot be read: No such file or directory"),
        (["--apdu", "{}", "--plain", "C0"], "--plain does not go with --apdu: either tells the whole APDU"),
        (["--plain", "C0", "--wrapper", "16"], "--wrapper: two wPorts were expected, such as 16,1, not '16'"),
        (
            ["--plain", "C0", "--hdlc", "16,x"],
            "--hdlc: two addresses were expected, such as 16,1 or 16,1.17, not '16,x'",
        ),
        (["--plain", "C0", "--hdlc", "16,128"], "--hdlc: parts up to 127 fit into 1 octet, not those of 128"),
        (["--apdu", '{"a":' * 9999 + "1" + "}" * 9999], "--apdu: no JSON: nested too deeply"),
        (
            ["--plain", "C001", "--cipher", "glo", "--title", TITLE, "--security-control", "B0"],
            "--security-control B0 tells a compressed text, which is not made",
        ),
        ([RIGHT, RIGHT], "2 frames are given, and one was expected"),
        ([RIGHT, RIGHT[3:]], "2 frames are given, and one was expected"),
        (["000100100001000DC001C100080000010000FF0200" * 3], "3 frames are given, and one was expected"),
        (["--plain", "C0", "--title", "4D"], "--title: 16 hex digits were expected, not '4D'"),
        (["--plain", "C0", "--counter", "4294967296"], "--counter: a number from 0 to 4294967295 was expected"),
        (["--plain", "C001", "--cipher", "glo"], "the sender's system title is not known: --title with 16 hex digits"),
    ],
)
def test_wrong_wish_is_one_line(run: Run, words: list[str], complaint: str) -> None:
    ran = run("craft", *words)
    assert (ran.status, ran.out) == (2, "")
    assert ran.complaint.startswith(complaint)
