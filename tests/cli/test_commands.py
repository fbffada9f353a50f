"""The command line: commands, options, outputs, exit status."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from analyzer.cli import complaints, synonyms
from analyzer.cli.commands import COMMANDS
from analyzer.cli.complaints import (
    CHECK_FAILED,
    INPUT_ERROR,
    INTERRUPTED,
    KEYRING_ERROR,
    OUTPUT_ERROR,
    PERMISSION_ERROR,
    USAGE_ERROR,
)
from analyzer.cli.inputs import decode_as
from analyzer.cli.record_lines import has_colours
from analyzer.cli.stats import BY
from analyzer.cli.view import missing_input
from captures.samples import Sample, sample_path, samples
from tests.captures.build import enhanced, interface, ipv4, section, udp
from tests.cli.conftest import FRAME, Run, pcap_octets, spawn
from tests.conftest import ROOT


@pytest.mark.parametrize("word", ["-h", "--help", "help"])
def test_help_lists_the_commands(run: Run, word: str) -> None:
    ran = run(word)
    assert (ran.status, ran.err) == (0, "")
    assert all(f"  {name}" in ran.out for name in COMMANDS)


@pytest.mark.parametrize("command", list(COMMANDS))
def test_help_of_a_command_names_its_options(run: Run, command: str) -> None:
    ran = run(command, "--help")
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.startswith(f"usage: dlmshark {command}")


@pytest.mark.parametrize("command", list(COMMANDS))
def test_help_before_a_command_is_that_commands_help(run: Run, command: str) -> None:
    assert run("help", command) == run(command, "--help")


@pytest.mark.parametrize("words", [("help", "help"), ("help", "--all"), ("help", "-h")])
def test_help_of_help_is_the_help(run: Run, words: tuple[str, ...]) -> None:
    assert run(*words) == run("--help")


def test_help_names_every_exit_status(run: Run) -> None:
    text = run("--help").out.partition("Exit status:")[2]
    known = {value for name, value in vars(complaints).items() if name.isupper() and isinstance(value, int)}
    assert [int(one) for one in re.findall(r"\d+", text)] == [0, *sorted(known)]


def test_help_before_an_unknown_word_names_the_nearest_command(run: Run) -> None:
    assert run("help", "decod").complaint.endswith("did you mean 'decode'?")


@pytest.mark.parametrize("word", ["-V", "-v", "--version"])
def test_version_is_one_line(run: Run, monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    ran = run(word)
    assert ran.status == 0
    assert ran.out.startswith("dlmshark ")
    assert len(ran.out.splitlines()) == 1


@pytest.mark.parametrize("word", ["-h", "--help", "help"])
def test_help_that_stands_before_a_command_is_of_that_command(run: Run, word: str) -> None:
    assert run(word, "stats").out == run("stats", "--help").out
    assert run(word).out == run(word, "--json").out


@pytest.mark.parametrize(
    ("word", "near"), [("decod", "decode"), ("deocde", "decode"), ("dmeo", "demo"), ("DECODE", "decode")]
)
def test_unknown_command_names_the_nearest(run: Run, word: str, near: str) -> None:
    ran = run(word)
    assert ran.status == USAGE_ERROR
    assert ran.complaint == f"'{word}' is neither a command nor a file; did you mean '{near}'?"


@pytest.mark.parametrize(
    ("word", "names"),
    [
        ("expert", "doctor"), ("editcap", "export"), ("mergecap", "--merge"), ("text2pcap", "export"),
        ("conversations", "stats --by conversation"), ("sniff", "live"), ("decrypt", "decode FILE -k"),
        ("Wireshark", "view"), ("redact", "--share-safe"), ("obis", "explain"),
        ("tree", "decode -V"), ("log", "decode FILE"), ("list", "demo --list"), ("follow", "dlmshark FILE opens"), ("ladder", "dlmshark FILE opens"),
    ],
)  # fmt: skip
def test_command_that_is_known_elsewhere_leads_to_the_one_that_does_it_here(run: Run, word: str, names: str) -> None:
    for words in ((word,), ("help", word)):
        ran = run(*words)
        assert ran.status == USAGE_ERROR
        assert ran.complaint.startswith(f"'{word}' is neither a command nor a file; here: ")
        assert names in ran.complaint


def test_what_a_known_name_leads_to_is_there(run: Run) -> None:
    assert not set(synonyms._WORDS) & set(COMMANDS)
    for told in {*synonyms._INSTEAD.values(), *synonyms._STATISTICS.values(), *synonyms._WORDS.values()}:
        for command, rest in re.findall(rf"\b({'|'.join(COMMANDS)}) ([^,;:]*)", told):
            has = run(command, "--help").out
            for option in re.findall(r"(?<![\w'])--?[a-zA-Z][a-z-]*", rest):
                assert f" {option}" in has or f"[{option}" in has, told
        assert all(counted in BY for counted in re.findall(r"--by (\w+)", told)), told


def test_live_source_that_is_given_as_a_file_is_led_to_the_command_that_listens(run: Run) -> None:
    for source in ("serial:/dev/ttyUSB7", "iface:eth7", "rfc2217://host:4001"):
        ran = run(source)
        hint = f"a live source is listened to with dlmshark live {source}"
        assert (ran.status, ran.complaint) == (USAGE_ERROR, f"'{source}' is neither a command nor a file; {hint}")
        assert missing_input([source]) == f"{source}: no such file; {hint}"
        for command in ("view", "readings"):
            assert run(command, source).complaint == f"{source}: no such file; {hint}"
        assert run("keys", "check", source).complaint == f"{source}: a keyring was expected, then captures; {hint}"


def test_unknown_command_that_is_like_none_points_to_the_help(run: Run) -> None:
    ran = run("xyzzy")
    assert ran.status == USAGE_ERROR
    assert ran.complaint == "'xyzzy' is neither a command nor a file; see dlmshark --help"
    for octets in ("7EA0070321930F017E", "7E", "7E A0 07"):
        ran = run(octets)
        assert (ran.status, ran.complaint) == (
            2, f"'{octets}' is neither a command nor a file; octets are given with --hex",
        )  # fmt: skip
        assert run("doctor", octets).complaint == f"{octets}: no such file; octets are given with --hex"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--nonsense"], "unrecognized arguments: --nonsense"),
        (["-c", "x"], "-c/--count: a number from 0 was expected, not 'x'"),
        (["-c", "-1"], "-c/--count: a number from 0 was expected, not '-1'"),
        (["-T", "pdml"], "-T: invalid choice: 'pdml'"),
        (["-d", "tcp.port==5000"], "--decode-as tcp.port==5000: expected SELECTOR,STACK"),
        (["-d", "tcp.port==x,hdlc"], "--decode-as tcp.port==x,hdlc: expected tcp.port==N"),
        (["-d", "tcp.port==65536,hdlc"], "--decode-as tcp.port==65536,hdlc: expected tcp.port==N"),
        (["-d", "record,mqtt"], "--decode-as record,mqtt: expected SELECTOR,STACK with one of"),
        (["--layers"], "--layers goes with --json"),
        (["--hex"], "--hex: expected one argument"),
        (["--key", "-K1"], "--key: expected one argument (a value that begins with a dash stands behind =: --key=-…)"),
        (["-Y", "-q"], "-Y/--filter: expected one argument; see"),
    ],
)
def test_wrong_option_gives_one_line_that_names_it(run: Run, capture: Path, words: list[str], says: str) -> None:
    ran = run("decode", capture, *words)
    assert (ran.status, ran.out) == (USAGE_ERROR, "")
    assert ran.complaint.startswith(says)


def test_file_alone_is_decoded(run: Run, capture: Path) -> None:
    assert run(capture).out == run("decode", capture).out != ""


def test_view_in_a_pipe_decodes_whatever_its_theme(run: Run, capture: Path) -> None:
    whole = run("decode", capture)
    assert run("view", "--theme", "dark", capture) == run("view", capture) == whole
    assert run(capture, "--theme", "dark") == run("--theme=dark", capture) == whole
    assert run("demo", "p1", "--theme", "dark") == run("demo", "p1")


@pytest.mark.parametrize(
    "words", [("view", "--theme", "nosuch"), ("--theme=nosuch",), ("--theme", "nosuch"), ("demo", "--theme", "nosuch")]
)
def test_theme_that_is_none_is_refused_in_a_pipe_too(run: Run, capture: Path, words: tuple[str, ...]) -> None:
    ran = run(*words, *(() if "demo" in words else (capture,)))
    assert (ran.status, ran.out) == (USAGE_ERROR, "")
    assert ran.complaint == "--theme: 'nosuch' is none; known: dark, light, high-contrast, 16-colours"


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="no pseudo-terminals here")
@pytest.mark.parametrize("words", [["FILE"], ["-r", "FILE"], ["demo", "p1"]])
def test_terminal_that_shows_no_screens_gets_lines(capture: Path, words: list[str]) -> None:
    master, slave = os.openpty()
    command = [sys.executable, "-m", "analyzer.cli.main", *(str(capture) if one == "FILE" else one for one in words)]
    with subprocess.Popen(command, stdin=slave, stdout=slave, cwd=ROOT, env=os.environ | {"TERM": "dumb"}) as child:
        shown = os.read(master, 100)
        status = child.wait(60)
    os.close(slave)
    os.close(master)
    assert status == 0
    assert shown.startswith(b"     1  20") and b"\x1b" not in shown


def test_options_before_the_file_are_taken(run: Run, capture: Path) -> None:
    assert run("--json", capture).out == run("decode", "--json", capture).out != ""


def test_options_and_inputs_stand_in_any_order(run: Run, capture: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.pcap"
    other.write_bytes(capture.read_bytes())
    expected = run("decode", "-c", 1, "--json", capture, other)
    assert len(expected.out.splitlines()) == 2
    for words in (("decode", capture, "-c", 1, other, "--json"), (capture, "-c1", other, "--json")):
        assert run(*words) == expected


def test_command_behind_options_is_found(run: Run, capture: Path) -> None:
    assert run("--json", "stats", capture) == run("stats", "--json", capture)
    assert run("-d", "tcp.port==4059,wrapper", "stats", capture) == run("stats", capture)


def test_command_behind_a_file_is_told_its_place(run: Run, capture: Path) -> None:
    ran = run(capture, "doctor")
    assert (ran.status, ran.out) == (USAGE_ERROR, "")
    assert ran.complaint == f"'doctor': a command comes first: dlmshark doctor {capture}"


def test_unknown_option_names_the_nearest(run: Run, capture: Path) -> None:
    assert "unrecognized arguments: --jsn (did you mean --json?)" in run("doctor", "--jsn", capture).complaint
    assert "--by (stats has --by)" in run("decode", "--by", "service", capture).complaint
    assert "-s (live, record have -s)" in run("decode", "-s", "96", capture).complaint
    for option in ("--print", "--pretty"):
        assert (
            run("decode", option, capture).complaint == f"unrecognized arguments: {option}; see dlmshark decode --help"
        )
    assert "unrecognized arguments: --verison (dlmshark --version prints the version)" in run("--verison").complaint


@pytest.mark.parametrize("command", sorted(set(COMMANDS) - {"demo", "view", "serve", "extcap", "live"}))
@pytest.mark.parametrize("option", ["--utc", "--no-color", "-q", "--quiet", "-v", "--verbose"])
def test_every_command_has_the_options_of_all(run: Run, command: str, option: str) -> None:
    assert option in run(command, "--help").out


@pytest.mark.parametrize("words", [("doctor",), ("audit",), ("stats",), ("readings",), ("diff",)])
def test_quiet_command_prints_nothing_and_has_its_status(run: Run, capture: Path, words: tuple[str, ...]) -> None:
    inputs = [capture, capture] if words == ("diff",) else [capture]
    loud, quiet = run(*words, *inputs), run(*words, "-q", *inputs)
    assert (quiet.status, quiet.out) == (loud.status, "")
    assert run("explain", "-q", "3").out == ""
    assert run("explain", "3").out != ""  # the output is back


# -- options that tshark's users know ------------------------------------------------------------------------------


def test_write_option_without_a_command_exports(run: Run, capture: Path, tmp_path: Path) -> None:
    path = tmp_path / "opened.pcapng"
    assert run("-r", capture, "-w", path).status == 0
    assert path.read_bytes()[:4] == b"\x0a\x0d\x0d\x0a"


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ("conv,tcp", "stats --by conversation or connection"), ("io,phs", "stats --by layer"), ("io,stat,1", "stats --by time"),
        ("expert", "doctor"), ("endpoints,ip", "stats --by meter"), ("http,tree", "stats --by service, object"),
    ],
)  # fmt: skip
def test_statistics_of_tshark_are_told_by_what_they_count(run: Run, capture: Path, value: str, names: str) -> None:
    for words in (("-z", value), (f"-z{value}",)):
        for given in (("-r", capture, *words), (*words, "-r", capture), (capture, *words)):
            assert f" ({names}" in run(*given).complaint


def test_interface_option_without_a_command_listens(run: Run, tmp_path: Path) -> None:
    for words in ((), ("-w", tmp_path / "none.pcapng")):
        ran = run("-i", "nosuch0", "-f", "tcp port 4059", *words)
        assert ran.status == PERMISSION_ERROR
        assert ran.complaint.startswith("nosuch0: no such interface")


def test_options_of_names_and_line_buffers_change_nothing(run: Run, capture: Path) -> None:
    assert run("-l", "-nr", capture) == run("decode", capture)
    assert run("-2", "-r", capture) == run("decode", capture)
    assert "-2 (leave it out: what later records teach is known" in run("stats", capture, "-2").complaint


@pytest.mark.parametrize(
    ("option", "names"),
    [
        ("-z", "stats --by"), ("-O", "-V"), ("-R", "-Y"), ("-P", "decode prints"), ("-b", "--rotate-size"),
        ("--since", "--from-time"), ("--until", "--to-time"), ("--color", "NO_COLOR"), ("--format", "export --to"), ("--grep", "-Y"),
    ],
)  # fmt: skip
def test_other_option_of_tshark_is_told_what_does_that_here(run: Run, capture: Path, option: str, names: str) -> None:
    ran = run("-r", capture, option, "x")
    assert ran.status == USAGE_ERROR
    assert ran.complaint.startswith(f"unrecognized arguments: {option}")
    assert names in ran.complaint


def test_fields_are_printed_with_tabs_between_them(run: Run, capture: Path) -> None:
    ran = run(
        "-r", capture, "-T", "fields", "-e", "number", "-e", "ip.src", "-e", "obis", "-e", "service", "-e", "latency"
    )
    ends = run("-r", capture, "-e", "source", "-e", "destination").out.split()
    assert ends[:2] == ends[:1:-1] != ["", ""]
    first, second = (line.split("\t") for line in ran.out.splitlines())
    assert first == ["1", ends[0], "1-0:1.8.0*255", "get-request", ""]
    assert second[:4] == ["2", ends[2], "1-0:1.8.0*255", "get-response"]
    latency = json.loads(run("decode", "--json", capture).out.splitlines()[1])["latency"]
    assert float(second[4]) == latency > 0


def test_fields_have_head_and_separator_where_asked_for(run: Run, capture: Path) -> None:
    words = (
        "-r",
        capture,
        "-c",
        1,
        "-T",
        "fields",
        "-E",
        "header=y",
        "-E",
        "separator=;",
        "-e",
        "number",
        "-e",
        "octets[0]",
    )
    assert run(*words).status == KEYRING_ERROR  # a slice is no field
    ran = run(*words[:-1], "severity")
    assert ran.out == "number;severity\n1;\n"


def test_field_with_a_structured_value_is_json(run: Run) -> None:
    sample = next(one for one in samples() if one.name == "ln-wrapper")
    ran = run("decode", sample.path, "-Y", "number == 8", "-e", "value", "-e", "obis")
    assert ran.out == '{"scaler": 0, "unit": 30}\t1-0:1.8.0*255\n'


def test_field_of_the_tree_is_printed_and_a_password_is_masked(run: Run) -> None:
    aarq = "60 24 A1 09 06 07 60 85 74 05 08 01 01 8A 02 07 80 8B 07 60 85 74 05 08 02 01 AC 0A 80 08 31 32 33 34 35 36 37 38"
    ran = run(
        "decode", "--hex", aarq, "-e", "octets", "-e", "aarq.calling-authentication-value", "-e", "aarq.mechanism-name"
    )
    assert "3132333435363738" not in ran.out
    octets, password, mechanism = ran.out.rstrip("\n").split("\t")
    assert octets.endswith("2A" * 8)
    assert "(masked)" in password and "2.16.756.5.8.2.1" in mechanism


@pytest.mark.parametrize(
    ("form", "cells"),
    [
        (
            ("quote=d", "header=y"),
            ['"number","obis"', '"15","1-0:1.7.0*255,1-0:32.7.0*255,1-0:52.7.0*255,1-0:72.7.0*255"'],
        ),
        (("quote=s", "occurrence=f"), ["'15','1-0:1.7.0*255'"]),
        (("occurrence=l",), ["15,1-0:72.7.0*255"]),
        (("aggregator=;",), ["15,1-0:1.7.0*255;1-0:32.7.0*255;1-0:52.7.0*255;1-0:72.7.0*255"]),
    ],
)
def test_fields_are_quoted_chosen_and_joined_as_tshark_does(run: Run, form: tuple[str, ...], cells: list[str]) -> None:
    sample = next(one.path for one in samples() if one.name == "ln-wrapper")
    said = [word for one in ("separator=,", *form) for word in ("-E", one)]
    ran = run("-r", sample, "-Y", "number == 15", "-T", "fields", "-e", "number", "-e", "obis", *said)
    assert ran.out.splitlines() == cells


@pytest.mark.skipif(sys.platform == "win32", reason="no such file names")
@pytest.mark.parametrize("command", ["decode", "doctor", "audit", "stats", "readings"])
def test_heading_with_a_file_name_gives_the_terminal_no_orders(
    run: Run, capture: Path, tmp_path: Path, command: str
) -> None:
    odd = tmp_path / "a\x1b]0;owned\x07\n.pcap"
    odd.write_bytes(next(one.path for one in samples() if one.name == "ln-wrapper").read_bytes())
    ran = run(command, odd, capture)
    assert "\x1b]0" not in ran.out
    assert "a\\x1b]0;owned\\x07\\n.pcap" in ran.out


@pytest.mark.skipif(sys.platform == "win32", reason="no such file names")
@pytest.mark.parametrize("command", ["diff", "correlate"])
def test_two_names_of_files_give_the_terminal_no_orders(run: Run, capture: Path, tmp_path: Path, command: str) -> None:
    odd = tmp_path / "a\x1b]0;owned\x07.pcap"
    odd.write_bytes(next(one.path for one in samples() if one.name == "ln-wrapper").read_bytes())
    for pair in ((odd, capture), (capture, odd)):
        ran = run(command, *pair)
        assert "a\\x1b]0;owned\\x07.pcap" in ran.out
        assert "\x1b" not in ran.out


ORDERS = "\x1b]52;c;cm0=\x07\x9b31m\u202ea\nb"


def test_comment_and_text_of_a_capture_give_the_terminal_no_orders(run: Run, tmp_path: Path) -> None:
    text = ORDERS.encode()
    apdu = bytes.fromhex("0F 00000001 00 02 02 09 06 00 00 60 01 00 FF 0C") + bytes((len(text),)) + text
    datagram = udp(bytes.fromhex("0001 0001 0010") + len(apdu).to_bytes(2, "big") + apdu)
    made = tmp_path / "a.pcapng"
    made.write_bytes(section() + interface(101) + enhanced(ipv4(datagram, 17), pairs=[(1, text)]))
    for words in ([], ["-V"], ["--json"], ["--json", "--layers"], ["-T", "fields", "-e", "value"]):
        shown = run("decode", *words, made).out
        assert all(line.isprintable() for line in shown.split("\n"))
        assert "31m" in shown
        if "--json" in words:
            assert repr(ORDERS) in repr(json.loads(shown)["values"])


def test_comment_of_several_lines_is_one_line_that_reads(run: Run, tmp_path: Path) -> None:
    made = tmp_path / "a.pcapng"
    datagram = udp(bytes.fromhex("0001 0010 0001 000D C0 01 C1 0008 0000010000FF 02 00"))
    made.write_bytes(
        section() + interface(101) + enhanced(ipv4(datagram, 17), pairs=[(1, "caf\u00e9\r\nat noon".encode())])
    )
    assert "comment: caf\u00e9 · at noon" in run("decode", made).out


@pytest.mark.parametrize(
    ("words", "says", "status"),
    [
        (("-T", "fields"), "-T fields: -e NAME was expected", USAGE_ERROR),
        (("--UTC",), "unrecognized arguments: --UTC (did you mean --utc?); see dlmshark decode --help", USAGE_ERROR),
        (
            ("-e", "obis,value"),
            "-e: 'obis,value' is no name that is known; each has its own: -e obis -e value",
            KEYRING_ERROR,
        ),
        (("-e", "numbr"), "-e: 'numbr' is no name that is known; did you mean number", KEYRING_ERROR),
        (("-e", "number", "-V"), "-e goes with -T fields alone", USAGE_ERROR),
        (("-e", "number", "-E", "quote=x"), "-E quote=x: header=y|n, separator=TEXT, quote=d|s|n", USAGE_ERROR),
        (("-e", "number", "-E", "bom=y"), "-E bom=y: header=y|n, separator=TEXT, quote=d|s|n", USAGE_ERROR),
    ],
)
def test_wrong_choice_of_fields_is_one_line(
    run: Run, capture: Path, words: tuple[str, ...], says: str, status: int
) -> None:
    ran = run("-r", capture, *words)
    assert (ran.status, ran.out) == (status, "")
    assert ran.complaint.startswith(says)


def test_read_option_is_an_input(run: Run, capture: Path) -> None:
    assert run("decode", "-r", capture).out == run("decode", capture).out


def test_json_has_its_synonym(run: Run, capture: Path) -> None:
    assert run("decode", "-T", "json", capture).out == run("decode", "--json", capture).out
    assert run("decode", "-T", "text", capture).out == run("decode", capture).out


def test_tree_and_octets_have_their_synonyms(run: Run, capture: Path) -> None:
    assert run("decode", "-V", capture).out == run("decode", "--tree", capture).out
    assert run("decode", "-x", capture).out == run("decode", "--octets", capture).out
    both = run("decode", "-V", "-x", capture).out
    assert "get-request-normal" in both
    assert "    0000  00 01" in both


def test_version_option_in_a_pipe_is_the_tree(capture: Path) -> None:
    assert spawn("-V", given=capture.read_bytes()).out == spawn("decode", "-V", capture).out


def test_version_option_with_a_file_is_the_tree(run: Run, capture: Path) -> None:
    assert run("-V", capture).out == run("decode", "-V", capture).out


@pytest.mark.parametrize(("count", "lines"), [(0, 2), (1, 1), (2, 2), (9, 2)])
def test_count_stops_after_as_many_records(run: Run, capture: Path, count: int, lines: int) -> None:
    ran = run("decode", "-c", count, capture)
    assert (ran.status, ran.err) == (0, "")
    assert len(ran.out.splitlines()) == lines


def test_quiet_prints_no_records(run: Run, capture: Path) -> None:
    assert run("decode", "-q", capture) == (0, "", "")


def test_layers_add_the_tree(run: Run, capture: Path) -> None:
    (first, *_) = run("decode", "--json", "--layers", capture).out.splitlines()
    assert [node["name"] for node in json.loads(first)["layers"]] == ["wrapper", "get-request"]


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata"])
def test_times_are_local_unless_in_utc(capture: Path, zone: str) -> None:
    environment = os.environ | {"TZ": zone}
    local, utc = (spawn("decode", *words, capture, env=environment) for words in ((), ("--utc",)))
    assert "2023-11-14 22:13:20.000003" in utc.out
    assert ("2023-11-14 22:13:20.000003" if zone == "UTC" else "2023-11-15 03:43:20.000003") in local.out


def test_times_have_the_digits_of_the_capture(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "nano.pcap"
    path.write_bytes(pcap_octets(digits=9))
    assert '"time": 1700000000.000000003,' in run("decode", "--json", path).out


@pytest.mark.parametrize(
    ("environment", "has"), [({}, True), ({"TERM": "xterm"}, True), ({"TERM": "dumb"}, False), ({"NO_COLOR": "1"}, False),
                             ({"NO_COLOR": ""}, True)],
)  # fmt: skip
def test_colours_are_left_away_where_the_environment_asks_for_none(environment: dict[str, str], has: bool) -> None:
    assert has_colours(environment) is has


# -- decode as -----------------------------------------------------------------------------------------------------


def test_stack_of_a_port_is_forced(run: Run, capture: Path) -> None:
    found = [
        json.loads(line) for line in run("decode", "--json", "-d", "tcp.port==4059,hdlc", capture).out.splitlines()
    ]
    assert {line["link"] for line in found} <= {"noise", "hdlc"}
    other = [json.loads(line) for line in run("decode", "--json", "-d", "tcp.port==5,hdlc", capture).out.splitlines()]
    assert {line["link"] for line in other} == {"wrapper"}


@pytest.mark.parametrize("command", ["decode", "doctor", "stats"])
def test_forced_stack_that_fits_nothing_is_told_at_the_end(run: Run, command: str) -> None:
    capture = str(sample_path("ln-wrapper"))
    ran = run(command, "--json", "-d", "tcp.port==5,hdlc", "-d", "tcp.port==4059,wrapper", capture)
    assert ran.err.splitlines()[0] == f"dlmshark: {capture}: -d tcp.port==5,hdlc: nothing in it fits"
    assert ran.out == run(command, "--json", capture).out


def test_each_line_is_an_apdu_where_that_is_forced(run: Run) -> None:
    ran = run("decode", "--json", "-d", "record,apdu", "--hex", "C0 01 C1 0008 0000010000FF 02 00")
    assert json.loads(ran.out)["link"] == "apdu"


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ("tcp.port==5000,hdlc", {"tcp.port==5000": "hdlc"}),
        ("tcp.port==5000=hdlc", {"tcp.port==5000": "hdlc"}),
        ("udp.port==4059,wrapper", {"udp.port==4059": "wrapper"}),
        ("serial,hdlc", {"serial": "hdlc"}),
        ("record=apdu", {"record": "apdu"}),
    ],
)
def test_decode_as_reads_selector_and_stack(choice: str, expected: dict[str, str]) -> None:
    assert decode_as([choice]) == expected


@pytest.mark.parametrize(
    "choice", ["", ",", "hdlc", "serial", "serial,", ",hdlc", "tcp.port==,hdlc", "tcp.port=5,hdlc"]
)
def test_decode_as_refuses_the_rest(choice: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        decode_as([choice])


# -- demo ----------------------------------------------------------------------------------------------------------


def test_demo_decodes_a_sample(run: Run) -> None:
    ran = run("demo")
    assert (ran.status, ran.err) == (0, "")
    assert "GET request" in ran.out


def test_demo_without_a_name_takes_the_values_of_options(run: Run) -> None:
    assert (
        run("demo", "-c", "1").out
        == run("demo", "ln-ciphered", "-c", "1").out
        == run("demo", "-c", "1", "ln-ciphered").out
    )
    assert len(run("demo", "-c", "1").out.splitlines()) == 1


def test_demo_names_what_options_may_follow(run: Run) -> None:
    assert "those of decode" in run("demo", "--help").out


def test_demo_lists_its_samples_as_json(run: Run) -> None:
    listed = [json.loads(line) for line in run("demo", "--list", "--json").out.splitlines()]
    assert [one["name"] for one in listed] == [one.name for one in samples()]
    assert all(run("decode", "-c", 1, one["file"]).status == 0 for one in listed)


def test_demo_lists_its_samples(run: Run) -> None:
    ran = run("demo", "--list")
    assert [line.split()[0] for line in ran.out.splitlines()] == [sample.name for sample in samples()]


def test_list_of_samples_takes_no_option_that_it_does_not_know(run: Run) -> None:
    ran = run("demo", "--list", "--jsno")
    assert (ran.status, ran.out) == (2, "") and "--list takes --json alone, not --jsno" in ran.err


@pytest.mark.parametrize("sample", samples(), ids=lambda sample: sample.name)
def test_demo_takes_the_options_of_decode(run: Run, sample: Sample) -> None:
    ran = run("demo", sample.name, "--json", "-c", 3)
    assert ran.status == 0
    assert len(ran.err.splitlines()) <= sample.remarks
    assert [json.loads(line)["number"] for line in ran.out.splitlines()] == [1, 2, 3]


def test_demo_of_an_unknown_name_lists_the_known(run: Run) -> None:
    ran = run("demo", "nonsense")
    assert ran.status == USAGE_ERROR
    assert ran.complaint.startswith("no sample 'nonsense': expected one of ")
    assert run("demo", "--utc", "nonsense") == run("demo", "-c", "1", "nonsense") == ran


def test_demo_leaves_the_value_of_an_option_though_a_sample_has_its_name(run: Run) -> None:
    assert run("demo", "-Y", "p1") == run("demo", "ln-ciphered", "-Y", "p1") != run("demo", "p1")
    assert run("demo", "--utc", "p1") == run("demo", "p1", "--utc") == run("demo", "-Y", "", "p1", "--utc")


# -- the process ---------------------------------------------------------------------------------------------------


SCRIPT = """
with open("pyproject.toml", "rb") as file:
    place = tomllib.load(file)["project"]["scripts"]["dlmshark"]
sys.exit(EntryPoint("dlmshark", place, "console_scripts").load()())
"""


@pytest.mark.parametrize("module", ["analyzer.cli.main", "dissectors", "captures.live_names", "analyzer.cli.decode"])
@pytest.mark.parametrize("way", ["runpy.run_module('analyzer', run_name='__main__')", SCRIPT])
def test_interrupt_while_modules_load_ends_quietly(capture: Path, module: str, way: str) -> None:
    code = f"""
import runpy, sys, tomllib
from importlib.metadata import EntryPoint
class Interrupts:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupts())
{way}
"""
    command = [sys.executable, "-c", code, "decode", str(capture)]
    ran = subprocess.run(command, capture_output=True, cwd=ROOT, timeout=60, check=False)
    assert (ran.returncode, ran.stderr) == (INTERRUPTED, b"")


@pytest.mark.skipif(os.name == "nt", reason="closed pipes look otherwise there")
def test_closed_pipe_ends_quietly(tmp_path: Path) -> None:
    path = tmp_path / "long.txt"
    path.write_text(f"{FRAME}\n" * 20000)
    command = [sys.executable, "-m", "analyzer.cli.main", "decode", "--json", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert json.loads(process.stdout.readline())["number"] == 1
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device here")
@pytest.mark.parametrize("is_help", [False, True])
def test_full_disk_gives_one_line(capture: Path, is_help: bool) -> None:
    command = [sys.executable, "-u", "-m", "analyzer.cli.main", "decode", "--help" if is_help else str(capture)]
    with open("/dev/full", "wb") as full:
        ran = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, cwd=ROOT, timeout=60, check=False)
    assert ran.returncode == OUTPUT_ERROR
    assert ran.stderr == b"dlmshark: cannot write: No space left on device\n"


@pytest.mark.skipif(os.name == "nt", reason="a shell of Unix")
@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_standard_streams_give_no_traceback(capture: Path, closed: str) -> None:
    ran = subprocess.run(
        f'"{sys.executable}" -m analyzer.cli.main decode "{capture}" {closed}',
        shell=True, capture_output=True, cwd=ROOT, timeout=60, check=False,
    )  # fmt: skip
    assert ran.returncode == 0
    assert b"Traceback" not in ran.stderr


@pytest.mark.skipif(os.name == "nt", reason="a shell of Unix")
@pytest.mark.parametrize("words", ["live -", "record - -o no.pcapng"])
def test_stream_on_a_closed_stdin_is_told(tmp_path: Path, words: str) -> None:
    command = f'"{sys.executable}" -m analyzer.cli.main {words} <&-'
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    ran = subprocess.run(
        command, shell=True, capture_output=True, cwd=tmp_path, timeout=60, check=False, env=environment
    )
    assert ran.returncode == INPUT_ERROR
    assert ran.stderr == b"dlmshark: stdin: closed; a pcap stream was expected, as tcpdump -U -w - writes it\n"
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(os.name == "nt", reason="a shell of Unix")
def test_no_words_and_no_stdin_print_the_help() -> None:
    command = f'"{sys.executable}" -m analyzer.cli.main <&-'
    ran = subprocess.run(command, shell=True, capture_output=True, cwd=ROOT, timeout=60, check=False)
    assert ran.returncode == 0
    assert ran.stdout.startswith(b"usage: dlmshark")


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_output_is_utf8_whatever_the_locale(capture: Path, encoding: str) -> None:
    ran = spawn("decode", capture, env=os.environ | {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"})
    assert ran.status == 0
    assert "16 → 1" in ran.out


def test_records_of_a_pipe_come_as_they_arrive() -> None:
    command = [sys.executable, "-m", "analyzer.cli.main", "decode", "--json", "-"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        whole = pcap_octets()
        process.stdin.write(whole[:-80])  # up to the first record; the second comes only with the rest
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["number"] == 1
        process.stdin.write(whole[-80:])
        process.stdin.close()
        assert json.loads(process.stdout.readline())["number"] == 2
        assert process.wait(60) == 0


@pytest.mark.skipif(os.name == "nt", reason="signals look otherwise there")
def test_interrupt_ends_quietly_with_its_status() -> None:
    import signal

    command = [sys.executable, "-m", "analyzer.cli.main", "decode", "-"]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # background jobs inherit that it is ignored
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write(pcap_octets()[:-80])
        process.stdin.flush()
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        try:
            assert process.wait(20) == 130
        finally:
            process.kill()  # leaving the block waits without an end
        assert b"Traceback" not in process.stderr.read()


@pytest.mark.parametrize(
    ("text", "status", "says"),
    [
        ("get-response and latency > 0", 0, ""),
        ("set", CHECK_FAILED, "dlmshark: no record came that was expected: set\n"),
        (
            "obis = 1.0.1.8.0.255",
            KEYRING_ERROR,
            "dlmshark: --expect 'obis = 1.0.1.8.0.255', at character 6: = compares nothing",
        ),
    ],
)
@pytest.mark.parametrize("option", ["-q", "--utc"])
def test_expectation_decides_the_status(
    run: Run, capture: Path, text: str, status: int, says: str, option: str
) -> None:
    ran = run("decode", option, "--expect", text, capture)
    assert ran.status == status
    assert ran.err.startswith(says) and bool(ran.err) is bool(says)
