"""What ``import analyzer`` gives is what the commands print of the same octets."""

from __future__ import annotations

import gc
import gzip
import json
import os
import subprocess
import sys
from decimal import Decimal
from io import BytesIO, StringIO
from pathlib import Path
from threading import Thread

import polars
import pytest

import analyzer
from analyzer.library import keyring
from captures.samples import sample_path, samples
from tests.cli.conftest import ROOT, Run

CIPHERED = str(sample_path("ln-ciphered.pcap"))
RING = CIPHERED.replace(".pcap", ".keys.toml")
DAMAGED = "7E A0 07 03 21 93 0F 09 7E"
REQUEST, ANSWER = bytes.fromhex("7EA0070321930F017E"), bytes.fromhex("7EA0072103730F7B7E")


def gzip_file(path: Path) -> BytesIO:
    return BytesIO(gzip.compress(path.read_bytes()))


@pytest.mark.parametrize("sample", samples(), ids=lambda one: one.path.name)
def test_every_sample_gives_what_decode_prints(sample, run: Run) -> None:
    keys = ["-k", str(sample.keys)] if sample.keys else []
    printed = run("decode", "--json", "--layers", *keys, str(sample.path)).out.splitlines()
    with analyzer.open(sample.path, keys=sample.keys or ()) as trace:
        expected = [json.loads(line, parse_float=Decimal) for line in printed]
        assert [trace.json(record, layers=True) for record in trace] == expected
        assert [trace.summary(record) for record in trace] == [json.loads(line)["summary"] for line in printed]


def test_text_is_that_of_decode_and_of_the_doctor(run: Run) -> None:
    with analyzer.decode(DAMAGED) as trace:
        record = next(iter(trace))
        printed = run("decode", "--tree", "--octets", "--hex", DAMAGED).out
        assert trace.text(record, tree=True, octets=True).rstrip("\n") == printed.rstrip("\n")
        assert "1. " + trace.text(trace.stories()[0]) == run("doctor", "--hex", DAMAGED).out.strip("\n")


def test_octets_and_hex_are_the_same() -> None:
    (of_hex,), (of_octets,) = analyzer.decode(DAMAGED), analyzer.decode(bytes.fromhex(DAMAGED))
    assert of_hex.octets == of_octets.octets == bytes.fromhex(DAMAGED)


def test_filter_leaves_records_stories_and_checks() -> None:
    with analyzer.open(CIPHERED, keys=RING, where="get-response and verified") as trace:
        numbers = [record.number for record in trace]
        assert numbers[:3] == [6, 8, 10]
        assert {one for row in trace.checks() for one in row.records} <= set(numbers)
        assert trace.table()["number"].to_list() == numbers
    with analyzer.decode(DAMAGED, where="number == 2") as trace:
        assert trace.stories() == []


def test_checks_are_those_of_audit(run: Run) -> None:
    printed = [json.loads(line) for line in run("audit", "--json", "-k", RING, CIPHERED).out.splitlines()]
    with analyzer.open(CIPHERED, keys=RING) as trace:
        assert [(one.check.name, one.verdict) for one in trace.checks()] == [
            (one["check"], one["verdict"]) for one in printed
        ]


def test_tables_are_those_of_batch(run: Run, tmp_path: Path) -> None:
    run("batch", CIPHERED, "-k", RING, "--out", str(tmp_path / "set"), "--workers", "1")
    with analyzer.open(CIPHERED, keys=RING) as trace:
        for name in ("records", "readings", "notes"):
            assert trace.table(name).equals(polars.read_parquet(tmp_path / "set" / name / "*.parquet"))
        with pytest.raises(ValueError, match="one of records, readings, notes"):
            trace.table("values")


def test_several_are_joined_by_time() -> None:
    paths = [sample_path("ln-wrapper.pcap"), sample_path("push-udp.pcap")]
    with analyzer.open(*paths) as trace:
        times = [record.time_ns for record in trace]
        assert len(times) == sum(len(list(analyzer.open(one))) for one in paths)
        assert times == sorted(times)
        assert len(list(trace)) == len(times)


def test_keys_come_as_files_and_by_role() -> None:
    ring = {"guek@4D4D4D0000BC614E": "6" * 32, "gak": bytes(16)}
    with analyzer.open(CIPHERED, keys=[RING, ring]) as trace:  # the key of the file is tried first for its meter
        assert any(record.closed and record.closed.status == "verified" for record in trace)
    with analyzer.open(CIPHERED, keys=ring) as trace:
        assert not any(record.closed and record.closed.is_opened for record in trace)


@pytest.mark.parametrize(
    "make, told",
    [
        (lambda: analyzer.open("/nowhere/at.all"), "/nowhere/at.all: no such file"),
        (lambda: analyzer.open(CIPHERED, keys="/nowhere/keys.toml"), "/nowhere/keys.toml"),
        (lambda: analyzer.open(CIPHERED, keys={"gueck": "00" * 16}), "gueck: unknown role"),
        (lambda: analyzer.open(CIPHERED, keys={"guek": "00" * 15}), "guek: expected 16 or 32 octets"),
        (lambda: analyzer.open(CIPHERED, where="get and"), "missing at the end"),
        (lambda: analyzer.decode("nothing here"), "octets in hex"),
    ],
)
def test_mistakes_are_one_kind_of_error_of_one_line(make, told: str) -> None:
    with pytest.raises(analyzer.DlmsharkError, match=told) as found:
        make()
    assert "\n" not in str(found.value)


def test_wrong_stack_and_no_name_are_told() -> None:
    with pytest.raises(ValueError, match="nonsense"):
        analyzer.open(CIPHERED, decode_as={"tcp.port==4059": "nonsense"})
    with pytest.raises(TypeError):
        analyzer.open()
    with pytest.raises(TypeError, match=r"open\(\) takes the name of a capture"):
        analyzer.decode(Path("capture.pcap"))  # type: ignore[arg-type]
    with pytest.raises(AttributeError, match="module 'analyzer' has no attribute 'nonsense'"):
        analyzer.nonsense  # noqa: B018


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs here")
def test_pipe_is_read_once_and_says_so(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = Thread(target=pipe.write_bytes, args=(Path(CIPHERED).read_bytes(),), daemon=True)
    writer.start()
    with analyzer.open(pipe) as trace:
        assert len(list(trace)) > 10
        with pytest.raises(RuntimeError, match="can be read only once"):
            trace.stories()
    writer.join()


def test_joined_captures_name_their_own_inputs_and_packets(run: Run) -> None:
    paths = [sample_path("ln-wrapper.pcap"), sample_path("push-udp.pcap")]
    printed = run("decode", "--json", "--merge", *paths).out.splitlines()
    with analyzer.open(*paths) as trace:
        expected = [json.loads(line, parse_float=Decimal) for line in printed]
        assert [trace.json(record) for record in trace] == expected
        table = trace.table()
        assert table["input"].to_list() == [one["input"] for one in expected]
        assert table["packet"].to_list() == [one["packets"][0] for one in expected]


@pytest.mark.parametrize("ask", [list, analyzer.Trace.stories, analyzer.Trace.checks, analyzer.Trace.table])
def test_closed_trace_gives_no_part(ask) -> None:
    with analyzer.open(CIPHERED) as trace:
        begun = iter(trace)
        record = next(begun)
    for records in (lambda: list(begun), lambda: ask(trace)):
        with pytest.raises(ValueError, match="the trace was closed"):
            records()
    assert trace.summary(record) and trace.tree(record)


def test_pass_that_another_overtook_says_so() -> None:
    with analyzer.open(CIPHERED) as trace:
        overtaken = iter(trace)
        next(overtaken)
        assert trace.stories() is not None
        with pytest.raises(RuntimeError, match="another pass began"):
            list(overtaken)


@pytest.mark.parametrize("keys", ["00" * 16, f"guek={'00' * 16}", [f"guek={'00' * 16}"], {"guek": 5}, "", [""]])
def test_key_in_the_wrong_place_is_not_shown(keys) -> None:
    with pytest.raises(analyzer.KeyringError) as found:
        analyzer.open(CIPHERED, keys=keys)
    assert "0000" not in str(found.value)


def test_key_given_as_a_file_is_not_shown(run: Run) -> None:
    assert "0000" not in run("decode", "-k", "00" * 16, CIPHERED).complaint


def test_keyrings_are_joined_and_none_is_none() -> None:
    ring = keyring(RING)
    assert ring is not None
    with analyzer.open(CIPHERED, keys=[ring, {"kek": bytes(16)}]) as trace:
        assert any(record.closed and record.closed.status == "verified" for record in trace)
    with analyzer.open(CIPHERED, keys=None) as trace:
        assert not any(record.closed and record.closed.is_opened for record in trace)


@pytest.mark.parametrize("keys", [b"x", 5, [5], [None], {5: bytes(16)}, {5: "", "client": 1}])
def test_keys_of_another_type_are_one_kind_of_error(keys) -> None:
    with pytest.raises(analyzer.KeyringError, match="expected"):
        analyzer.open(CIPHERED, keys=keys)


@pytest.mark.parametrize("octets", [None, 5, ["7E"], [0x7E], [], Path("x.pcap"), BytesIO(b"7E")])
def test_octets_of_another_type_are_told(octets) -> None:
    with pytest.raises(TypeError, match=f"takes octets or hex, not {type(octets).__name__}"):
        analyzer.decode(octets)


def test_stacks_that_are_no_mapping_are_told() -> None:
    with pytest.raises(TypeError, match="decode_as takes stacks by selector"):
        analyzer.decode(DAMAGED, decode_as="tcp.port==5000,hdlc")  # type: ignore[arg-type]


def test_no_filter_may_be_none() -> None:
    assert len(list(analyzer.decode(DAMAGED, where=None))) == len(list(analyzer.decode(DAMAGED)))


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="check not run: no /proc to count open files in")
def test_trace_that_is_left_gives_its_file_back() -> None:
    gc.collect()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        next(iter(analyzer.open(CIPHERED)))
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) == before


def test_trace_and_story_name_themselves_in_a_shell() -> None:
    with analyzer.decode(DAMAGED) as trace:
        assert repr(trace) == "<Trace hex>"
        assert repr(trace.stories()[0]).startswith("<Story hdlc-fcs-wrong ")
        assert repr(trace.source) == "<TextSource hex>"
        assert repr(trace.checks()[0]).startswith("<Row hdlc-check-sequence ")


def test_version_is_that_of_the_package(run: Run) -> None:
    assert run("--version").out.split()[-1] == analyzer.__version__


@pytest.mark.parametrize("ask", ["text", "json", "tree", "values", "summary"])
def test_what_is_no_record_is_told(ask: str) -> None:
    with analyzer.open(CIPHERED) as trace, pytest.raises(TypeError, match=r"record.* was expected, not str"):
        getattr(trace, ask)("1")
    with pytest.raises(analyzer.CaptureError, match=r"^octets in hex"):
        analyzer.decode("")


@pytest.mark.parametrize("kind", [lambda path: BytesIO(path.read_bytes()), lambda path: path.open("rb"), gzip_file])
def test_capture_in_memory_and_open_file_are_read_as_the_file_is(kind) -> None:
    with (
        kind(Path(CIPHERED)) as file,
        analyzer.open(file, keys=RING) as trace,
        analyzer.open(CIPHERED, keys=RING) as of,
    ):
        assert [trace.json(one) for one in trace] == [of.json(one) for one in of]
        assert trace.table("readings").drop("input").equals(of.table("readings").drop("input"))


def test_file_that_stands_at_its_end_is_told_so() -> None:
    file = BytesIO()
    file.write(REQUEST)
    with pytest.raises(analyzer.CaptureError, match=r"^memory: stands at its end; seek\(0\)"):
        analyzer.open(file)
    file.seek(0)
    assert [record.octets for record in analyzer.open(file)] == [REQUEST]


@pytest.mark.parametrize("given", [Path(CIPHERED).read_bytes(), [CIPHERED], None, 5, StringIO("7E")])
def test_what_open_does_not_take_is_told_in_a_line(given) -> None:
    with pytest.raises(TypeError, match=f"each by itself, not {type(given).__name__}; decode") as told:
        analyzer.open(given)
    assert len(str(told.value)) < 150


def test_pieces_that_a_program_receives_are_decoded_as_they_come() -> None:
    fed: list[bytes] = []

    def pieces():
        for piece in (REQUEST[:4], REQUEST[4:], ANSWER):
            fed.append(piece)
            yield piece

    with analyzer.decode(pieces()) as trace:
        records = iter(trace)
        first, fed_by_then = next(records), len(fed)
        second = next(records)
        assert (first.octets, fed_by_then, second.octets) == (REQUEST, 2, ANSWER)
        assert first.time_ns is not None and second.time_ns is not None and first.time_ns <= second.time_ns
        with pytest.raises(RuntimeError, match="octets: can be read only once"):
            trace.table()


def test_pieces_in_a_list_are_read_as_often_as_asked() -> None:
    with analyzer.decode([REQUEST[:4], bytearray(REQUEST[4:]) + ANSWER]) as trace:
        assert [record.octets for record in trace] == [record.octets for record in trace] == [REQUEST, ANSWER]
        assert [record.time_ns for record in trace] == [None, None]


def test_piece_that_is_no_octets_is_told() -> None:
    with analyzer.decode(iter([REQUEST, "7E"])) as trace, pytest.raises(TypeError, match="piece 2: octets were exp"):  # type: ignore[list-item]
        list(trace)


@pytest.mark.parametrize("where", [3, bytes, ["get"]])
def test_filter_of_another_type_is_told(where) -> None:
    with pytest.raises(TypeError, match="where takes the text of a filter"):
        analyzer.open(CIPHERED, where=where)


@pytest.mark.parametrize("title", ["4D4D4D0000000001", bytes.fromhex("4D4D4D0000000001")])
def test_single_apdu_is_opened_with_a_key_and_its_senders_title(title) -> None:
    request = "C8 1E 30 00000007 1CF17A29587ABD8CB27741CC6A 164FF5B3DC33D6F42112C2F8"
    keys = {"guek": bytes(range(16)), "gak": bytes(range(0xD0, 0xE0))}
    (record,) = analyzer.decode(request, keys={"client_title": title, **keys})
    assert record.closed is not None and record.closed.status == "verified"
    (record,) = analyzer.decode(request, keys=keys)
    assert record.closed is not None and record.closed.status == "no-system-title"


def test_commands_do_not_load_the_library() -> None:
    text = "import sys, analyzer.cli.main; sys.exit('analyzer.library' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", text], cwd=ROOT, timeout=60).returncode == 0
