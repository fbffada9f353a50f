"""``dlmshark export``: each form read back by a reader that is not ours."""

from __future__ import annotations

import csv
import errno
import json
import os
import re
import signal
import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import polars
import pytest

from analyzer.batch import frames
from analyzer.simulate import packets
from analyzer.simulate.packets import Endpoint
from captures import blocks, open_source
from captures.samples import Sample, sample_path, samples
from tests.captures.build import pcap_header, pcap_record
from tests.cli.conftest import Run

SECURED = next(one for one in samples() if one.path.name == "ln-ciphered.pcap")
KEY = "000102030405060708090A0B0C0D0E0F"


@pytest.fixture
def records(run: Run) -> list[dict[str, object]]:
    ran = run("decode", "--json", "-k", SECURED.keys, SECURED.path)
    return [json.loads(line) for line in ran.out.splitlines()]


def exported(run: Run, path: Path, *words: object) -> str:
    ran = run("export", "-k", SECURED.keys, SECURED.path, "-o", path, *words)
    assert ran.status == 0
    return ran.complaint


def test_jsonl_is_what_decode_prints(run: Run, tmp_path: Path, records: list[dict[str, object]]) -> None:
    path = tmp_path / "a.jsonl"
    assert exported(run, path) == f"{path}: {len(records)} records"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [{name: value for name, value in line.items() if name != "input"} for line in lines] == records


def test_csv_has_a_row_a_record(run: Run, tmp_path: Path, records: list[dict[str, object]]) -> None:
    exported(run, tmp_path / "a.csv")
    with (tmp_path / "a.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(int(row["number"]), row["summary"]) for row in rows] == [
        (one["number"], one["summary"]) for one in records
    ]


def test_pcapng_gives_the_opened_apdus_to_any_reader(
    run: Run, tmp_path: Path, records: list[dict[str, object]]
) -> None:
    path = tmp_path / "a.pcapng"
    exported(run, path)
    again = [json.loads(line) for line in run("decode", "--json", path).out.splitlines()]
    assert [one["apdu"] for one in again] == [one.get("assembled", one["apdu"]) for one in records]
    assert not [one for one in again if "ciphered" in one]


@pytest.mark.parametrize(("name", "said"), [("mode-e", "24 records, 14 with an APDU"), ("p1", "4 records, none with")])
def test_pcapng_says_how_many_records_have_an_apdu(run: Run, tmp_path: Path, name: str, said: str) -> None:
    (path,) = (one.path for one in samples() if one.name == name)
    ran = run("export", path, "-o", tmp_path / "a.pcapng")
    assert (ran.status, f": {said}" in ran.complaint) == (0, True), ran.complaint


def test_xml_has_a_packet_a_record_and_every_field(run: Run, tmp_path: Path, records: list[dict[str, object]]) -> None:
    exported(run, tmp_path / "a.xml")
    root = ElementTree.parse(tmp_path / "a.xml").getroot()
    packets = root.findall("packet")
    assert [one.find("proto[@name='geninfo']/field[@name='summary']").get("show") for one in packets] == [  # type: ignore[union-attr]
        one["summary"] for one in records
    ]
    assert root.find(".//field[@name='invocation-counter']") is not None


class Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.rows: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        identifier = dict(attrs).get("id")
        self.rows += [identifier] if tag == "tr" and identifier else []

    def handle_data(self, data: str) -> None:
        self.text += data


def test_html_has_problems_associations_and_records_and_no_key(
    run: Run, tmp_path: Path, records: list[dict[str, object]]
) -> None:
    exported(run, tmp_path / "a.html")
    page = (tmp_path / "a.html").read_text()
    parser = Text()
    parser.feed(page)
    assert parser.rows == [f"r{one['number']}" for one in records]
    assert "No problem was found." in parser.text and "HLS with GMAC, accepted" in parser.text
    assert "http" not in page and KEY not in page.upper()


def test_parquet_is_gathered_by_and_by(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All rows of a long capture stood in memory as Python objects."""
    exported(run, tmp_path / "a.parquet")
    made: list[int] = []
    sizes: list[tuple[int, int]] = []
    frame, cells = frames._frame, frames.record_cells
    monkeypatch.setattr(frames, "_BATCH", 10)
    monkeypatch.setattr(
        frames, "_frame", lambda table, rows: sizes.append((len(rows), len(made))) or frame(table, rows)
    )
    monkeypatch.setattr(frames, "record_cells", lambda *words: made.append(1) or cells(*words))
    exported(run, tmp_path / "b.parquet")
    assert polars.read_parquet(tmp_path / "a.parquet").equals(polars.read_parquet(tmp_path / "b.parquet"))
    assert sizes[:3] == [(0, 0), (10, 10), (10, 20)]


def test_parquet_has_the_columns_of_batch(run: Run, tmp_path: Path, records: list[dict[str, object]]) -> None:
    polars = pytest.importorskip("polars")
    exported(run, tmp_path / "a.parquet")
    frame = polars.read_parquet(tmp_path / "a.parquet")
    assert frame["number"].to_list() == [one["number"] for one in records]
    assert {"lane", "service", "logical_name", "latency_ns"} <= set(frame.columns)


def test_parquet_has_the_notes_of_values(run: Run, tmp_path: Path) -> None:
    """Of batch they were there, of export not."""
    (path,) = (one.path for one in samples() if one.name == "ln-wrapper")
    run("export", path, "-o", tmp_path / "a.parquet")
    run("batch", path, "--out", tmp_path / "set")
    (other,) = (tmp_path / "set" / "records").iterdir()
    frame = polars.read_parquet(tmp_path / "a.parquet")
    assert frame["notes"].explode().drop_nulls().to_list() == ["status-flag-set"]
    assert frame.equals(polars.read_parquet(other))


def test_filter_chooses_what_is_exported(run: Run, tmp_path: Path) -> None:
    assert exported(run, tmp_path / "a.csv", "-Y", 'apdu.service == "aarq"').endswith(": 2 records")


@pytest.mark.parametrize(
    ("words", "status", "text"),
    [
        (["-o", "a.unknown"], 2, "or --to"),
        (["-o", "-"], 2, "-o -: --to was expected, one of pcapng"),
        (["-o", "-", "--to", "parquet"], 2, "Parquet goes to a file"),
        (["-o", "there.csv"], 1, "there.csv: cannot write: it is there already; --force writes over it"),
        (["-o", ".", "--to", "csv"], 1, ".: cannot write: Is a directory"),
        (["-o", "no/such/a.csv"], 1, "no/such/a.csv: cannot write: there is no folder no/such"),
    ],
)
def test_what_cannot_be_written_is_one_line(
    words: list[str], status: int, text: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("there.csv").write_text("mine")
    ran = run("export", SECURED.path, *words)
    assert ran.status == status and text in ran.complaint
    assert Path("there.csv").read_text() == "mine"


@pytest.mark.parametrize("name", ["a.pcap", "link.pcap"])
def test_input_is_never_written_over(run: Run, tmp_path: Path, name: str) -> None:
    capture = tmp_path / "a.pcap"
    capture.write_bytes(SECURED.path.read_bytes())
    (tmp_path / "link.pcap").symlink_to(capture)
    for words in (("export", "--force", "--to", "html", "-o"), ("readings", "--force", "--parquet")):
        ran = run(*words, tmp_path / name, capture)
        assert (ran.status, ran.complaint.partition(": ")[2]) == (2, "this is the input itself")
    assert capture.read_bytes() == SECURED.path.read_bytes()


@pytest.mark.parametrize(
    "words",
    [
        ("export", "-o", "a.html"),
        ("export", "-o", "a.parquet"),
        ("export", "-o", "a.jsonl"),
        ("readings", "--parquet", "a"),
    ],
)
def test_nothing_is_written_where_no_input_can_be_read(run: Run, tmp_path: Path, words: tuple[str, str, str]) -> None:
    ran = run(words[0], tmp_path / "missing.pcap", words[1], tmp_path / words[2])
    assert (ran.status, ran.complaint) == (3, f"{tmp_path}/missing.pcap: no such file")
    assert list(tmp_path.iterdir()) == []


class _FullDisk:
    """A file on a disk without room."""

    def __enter__(self) -> _FullDisk:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def write(self, octets: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_full_disk_is_one_line_that_names_the_file(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "open", lambda *_: _FullDisk())
    ran = run("export", SECURED.path, "-o", tmp_path / "a.jsonl")
    assert (ran.status, ran.complaint) == (1, f"{tmp_path}/a.jsonl: cannot write: No space left on device")


@pytest.mark.parametrize(
    ("problem", "says"),
    [
        (
            "parquet: File out of specification: underlying IO error: No space left on device (os error 28)",
            "No space left",
        ),
        ("parquet: File out of specification: Invalid thrift: transport error", "Input/output error"),
    ],
)
@pytest.mark.parametrize("words", [("export", "-o"), ("readings", "--parquet"), ("batch", "--out")])
def test_failure_of_polars_is_one_line_and_leaves_no_file(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, str], problem: str, says: str
) -> None:
    def fails(frame: object, path: Path, **_: object) -> None:
        path.write_bytes(b"PAR1")
        raise polars.exceptions.ComputeError(problem)

    monkeypatch.setattr(polars.DataFrame, "write_parquet", fails)
    output = tmp_path / ("set" if words[0] == "batch" else "a.parquet")
    ran = run(words[0], SECURED.path, *words[1:], output)
    assert ran.status == 1
    last = ran.err.splitlines()[-1]
    assert last.startswith(f"dlmshark: {output}") and f"cannot write: {says}" in last
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_shared_capture_opens_under_the_published_keys_and_names_nobody(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "shared.pcapng"
    ran = run("export", "-k", SECURED.keys, SECURED.path, "--share-safe", "-o", path)
    assert ran.status == 0 and "41 records open under the published keys" in ran.err
    octets = path.read_bytes()
    assert b"MMM0000041700023" not in octets and bytes.fromhex("4D4D4D0000BC614E") not in octets
    assert bytes((198, 51, 100, 7)) not in octets and b"shared by dlmshark" in octets
    help_text = run("export", "--help").out
    keys = [f"--key={role}={octets}" for role, octets in re.findall(r"(guek|gak)=\s*([0-9A-F]{32})", help_text)]
    again = run("decode", "--json", *keys, path)
    lines = [json.loads(line) for line in again.out.splitlines()]
    assert {one["ciphered"]["status"] for one in lines} == {"verified"} and len(lines) == 41
    assert not [one for one in lines for note in one.get("notes", []) if note["severity"] in ("warning", "error")]


def test_shared_capture_whose_titles_only_a_keyring_tells_says_them(run: Run, tmp_path: Path) -> None:
    keys = tmp_path / "keys.toml"
    keys.write_text(f"""[[meter]]
server_title = "4D4D4D0000BC614E"
client_title = "4D4D4D0000000001"
guek = "{"00" * 15}01"
gak = "{"00" * 15}02"
""")
    keys.chmod(0o600)
    made = [
        run("craft", "--plain", plain, "--wrapper", ports, "--cipher", "glo", "--title", title, "--counter", count,
            "-k", keys).out.strip()
        for plain, ports, title, count in (
            ("C001C100080000010000FF0200", "16,1", "4D4D4D0000000001", "7"),
            ("C401C1000600000005", "1,16", "4D4D4D0000BC614E", "8"),
        )
    ]  # fmt: skip
    log = tmp_path / "log.txt"
    log.write_text(f"TX: {made[0]}\nRX: {made[1]}\n")
    ran = run("export", log, "-k", keys, "--share-safe", "-o", tmp_path / "s.pcapng")
    assert ran.status == 0 and "2 records open under the published keys" in ran.err
    titles = dict(re.findall(r"need (server_title|client_title) ([0-9A-F]{16}) in their keyring", ran.err))
    keys.write_text(f"""[[meter]]
server_title = "{titles["server_title"]}"
client_title = "{titles["client_title"]}"
guek = "000102030405060708090A0B0C0D0E0F"
gak = "D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF"
""")
    lines = run("decode", "--json", "-k", keys, tmp_path / "s.pcapng").out.splitlines()
    assert [json.loads(line)["ciphered"]["status"] for line in lines] == ["verified"] * 2


@pytest.mark.parametrize("sample", samples(), ids=lambda one: one.name)
def test_every_sample_is_shared(run: Run, tmp_path: Path, sample: Sample) -> None:
    keys = ["-k", sample.keys] if sample.keys else []
    assert run("export", sample.path, *keys, "--share-safe", "-o", tmp_path / "s.pcapng").status == 0


def test_key_of_zeros_is_not_found_in_what_was_blanked(run: Run, tmp_path: Path) -> None:
    """A keyring with a placeholder kept every capture with something blanked from being written."""
    ran = run("export", SECURED.path, "--key", f"guek={'00' * 16}", "--share-safe", "-o", tmp_path / "x.pcapng")
    assert ran.status == 0 and "that no key opened: blanked" in ran.err


def test_name_that_stands_where_no_tree_tells_it_is_replaced_too(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from analyzer.rewrite.share import ShareSafe

    def head(self: ShareSafe) -> bytes:
        self.names.string(b"41700811-serial")
        return blocks.section(application="x", comment="damage: 41700811-serial")

    monkeypatch.setattr(ShareSafe, "head", head)
    ran = run("export", SECURED.path, "-k", SECURED.keys, "--share-safe", "-o", tmp_path / "x.pcapng")
    assert ran.status == 0 and "1 names replaced in what does not read" in ran.err
    assert b"41700811" not in (tmp_path / "x.pcapng").read_bytes()


@pytest.mark.parametrize("words", [["-o", "-"], ["-o", "x.jsonl"]])
def test_shared_capture_is_pcapng_in_a_file(run: Run, words: list[str]) -> None:
    ran = run("export", SECURED.path, "--share-safe", *words, "--to", "pcapng" if words[1] == "-" else "jsonl")
    assert (ran.status, ran.complaint) == (2, "--share-safe writes pcapng: -o FILE.pcapng was expected")


def test_nothing_is_written_where_something_would_be_left(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from analyzer.rewrite.share import ShareSafe

    monkeypatch.setattr(
        ShareSafe, "head", lambda self: blocks.section(application="x", comment="a key of mine: ABCDEFGHIJKLMNOP")
    )
    words = ["--key", f"guek={b'ABCDEFGHIJKLMNOP'.hex()}"]
    ran = run("export", SECURED.path, *words, "--share-safe", "-o", tmp_path / "x.pcapng")
    assert ran.status == 1 and "1 of what was to be replaced would still stand in it: not written" in ran.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="check not run: links need rights here")
@pytest.mark.parametrize("words", [["x.jsonl"], ["x.parquet"], ["x.pcapng", "--share-safe"]], ids="".join)
def test_export_writes_to_no_file_that_a_link_under_the_name_of_its_part_leads_to(
    words: list[str], run: Run, tmp_path: Path
) -> None:
    other, output = tmp_path / "other", tmp_path / words[0]
    other.write_text("mine")
    Path(f"{output}.part").symlink_to(other)
    assert run("export", SECURED.path, "-q", "-o", output, *words[1:]).status == 0
    assert other.read_text() == "mine" and output.stat().st_size and not output.is_symlink()
    assert sorted(tmp_path.iterdir()) == [other, output]


@pytest.mark.skipif(os.name != "posix", reason="check not run: no signals here")
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
@pytest.mark.parametrize("words", [["a.jsonl"], ["a.pcapng", "--share-safe"]], ids="".join)
def test_export_that_is_ended_leaves_no_part(
    number: signal.Signals, status: int, words: list[str], tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "analyzer", "export", "-", "-o", str(tmp_path / words[0]), *words[1:]]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdin is not None and process.stderr is not None
        process.stdin.write(SECURED.path.read_bytes())
        process.stdin.flush()  # and more to come, so that it does not end
        end = time.monotonic() + 60
        while not any(tmp_path.glob("*.part")) and time.monotonic() < end:
            time.sleep(0.01)
        assert any(tmp_path.glob("*.part")) and process.poll() is None
        process.send_signal(number)
        assert (process.wait(60), process.stderr.read()) == (status, b"")
    assert not list(tmp_path.iterdir())


def test_page_names_no_place_of_a_story_that_has_no_record(run: Run, tmp_path: Path) -> None:
    client, meter = (
        Endpoint("192.0.2.10", 40007, "02:00:5e:00:00:0a"),
        Endpoint("198.51.100.7", 4059, "02:00:5e:00:00:01"),
    )
    opening = packets.tcp(client, meter, sequence=1, acknowledged=0, flags=packets.SYN)
    frame = packets.ethernet(client, meter, packets.ipv4(client, meter, packets.TCP, opening, 1))
    path = tmp_path / "one.pcap"
    path.write_bytes(pcap_header() + pcap_record(frame) + pcap_record(frame, seconds=1_700_000_003))
    page = run("export", str(path), "-o", "-", "--to", "html").out
    assert "tcp-connect-failed" in page
    assert "<dt>where" not in page


def packets_of(path: Path) -> list[tuple[int | None, bytes]]:
    with open_source(str(path)) as source:
        return [(one.time_ns, one.octets) for one in source]


def test_packets_are_cut_out_as_they_were_captured(run: Run, tmp_path: Path) -> None:
    """What tshark cuts out with -Y and -w could be cut out in the terminal UI alone, and there without all segments."""
    name, path = sample_path("ln-wrapper"), tmp_path / "cut.pcapng"
    ran = run("export", name, "-Y", 'summary contains "96 rows"', "--to", "packets", "-o", path)
    assert ran.complaint == f"{path}: 1 records, 6 packets"
    every, cut = packets_of(name), packets_of(path)
    assert len(cut) == 6 and set(cut) <= set(every)
    assert run("decode", path).out.splitlines()[2].endswith("GET response · array of 96 · from 3 records")
    assert run("export", name, "--to", "packets", "-o", tmp_path / "all.pcapng").status == 0
    assert set(packets_of(tmp_path / "all.pcapng")) <= set(every)


def test_packets_of_several_inputs_keep_their_places(run: Run, tmp_path: Path) -> None:
    names, path = [sample_path("ln-wrapper"), sample_path("sn-hdlc")], tmp_path / "cut.pcapng"
    assert run("export", "--merge", *names, "-Y", "aarq", "--to", "packets", "-o", path).status == 0
    cut = packets_of(path)
    assert len(cut) == 2 and all(cut[at] in packets_of(name) for at, name in enumerate(names))


def test_packets_need_a_file_on_both_ends(run: Run, tmp_path: Path) -> None:
    assert "packets go to a file" in run("export", SECURED.path, "--to", "packets", "-o", "-").complaint
    text = run("export", "--hex", "7EA00703219 30F017E", "--to", "packets", "-o", tmp_path / "a.pcapng")
    assert text.status == 0 and packets_of(tmp_path / "a.pcapng")


def test_pcapng_that_is_cut_out_says_that_its_packets_are_made(run: Run, tmp_path: Path) -> None:
    """A user of tshark -Y -w got packets with other addresses and ports without a word."""
    ran = run("-r", SECURED.path, "-Y", "aarq", "-w", tmp_path / "a.pcapng")
    assert ran.complaint.endswith("records; --to packets keeps them as they were captured")


@pytest.mark.parametrize("options", [(), ("--to", "packets")])
@pytest.mark.parametrize(("time", "is_said"), [("", True), ("2026-03-21 10:15:32 ", False)])
def test_records_without_times_are_told_where_the_format_wants_one(
    options: tuple[str, ...], time: str, is_said: bool, run: Run, tmp_path: Path
) -> None:
    log, path = tmp_path / "log.txt", tmp_path / "one.pcapng"
    log.write_text(f"{time}TX 00 01 00 10 00 01 00 05 C8 03 05 06 07\n")
    ran = run("export", log, "-o", path, *options)
    assert ("1 without a time: 1970-01-01 stands there" in ran.err) is is_said
