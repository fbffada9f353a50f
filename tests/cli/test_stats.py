"""Statistics say what counting the JSON of the records says."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import defaultdict
from errno import ENOSPC
from pathlib import Path
from statistics import quantiles
from typing import Any

import pytest

from analyzer.cli import batch, stats
from analyzer.cli.main import main
from analyzer.cores import cores
from analyzer.index import saved
from analyzer.index.file import IndexWriter
from analyzer.simulate import pcap_writer
from analyzer.simulate.packets import ACK, RST, SYN
from captures.samples import samples
from tests.analyzer.diagnosis import test_carrier
from tests.analyzer.diagnosis.test_carrier import segment
from tests.analyzer.index import mixed
from tests.cli.conftest import Run, json_of
from tests.cli.terminal import lines_on_terminal

Json = dict[str, Any]
SAMPLES = {sample.name: sample for sample in samples()}


def _words(name: str) -> list[str]:
    sample = SAMPLES[name]
    return [str(sample.path), *(["-k", str(sample.keys)] if sample.keys else [])]


def _expected(records: list[Json]) -> Json:
    times = sorted(record["latency"] * 1000 for record in records if "latency" in record)
    found: Json = {"records": len(records), "octets": sum(len(record["octets"]) // 2 for record in records)}
    if len(times) > 1:
        cuts = quantiles(times, n=100, method="inclusive")
        found["latency_ms"] = {"median": cuts[49], "p95": cuts[94], "p99": cuts[98], "max": times[-1]}
    elif times:
        found["latency_ms"] = dict.fromkeys(("median", "p95", "p99", "max"), times[0])
    return found


def _assert_counts(found: list[Json], groups: dict[Any, list[Json]], *, key: str = "key") -> None:
    assert {one[key] for one in found} == set(groups)
    for one in found:
        expected = _expected(groups[one[key]])
        assert (one["records"], one["octets"]) == (expected["records"], expected["octets"])
        assert ("latency_ms" in one) == ("latency_ms" in expected)
        for name, value in expected.get("latency_ms", {}).items():
            assert one["latency_ms"][name] == pytest.approx(value, abs=0.01), (one["key"], name)


@pytest.mark.parametrize("name", SAMPLES)
def test_services_are_counted(name: str) -> None:
    groups = defaultdict(list)
    for record in json_of("decode", *_words(name), "--json"):
        if record.get("apdu"):
            groups[next(iter(record["apdu"]))].append(record)
    _assert_counts(json_of("stats", *_words(name), "--json"), groups)


def _connections(folder: Path) -> Path:
    """A capture of connections: two that open, one that is refused, one that nobody answers; others of another pair."""
    client, meter, other = test_carrier.CLIENT, test_carrier.METER, test_carrier.METER._replace(address="198.51.100.8")
    sent = []
    for number, answer in enumerate((SYN | ACK, SYN | ACK, RST | ACK, None)):
        caller = client._replace(port=40000 + number)
        sent.append(segment(number, caller, meter, SYN))
        sent += [segment(number + 0.1, meter, caller, answer)] if answer else []
    sent += [segment(9 + number, client._replace(port=41000 + number), other, SYN) for number in range(3)]
    path = folder / "one.pcap"
    path.write_bytes(pcap_writer.pcap(sent, pcap_writer.ETHERNET))
    return path


@pytest.mark.parametrize("words", [[], ["--index"], ["--workers", "2"], ["--index", "--workers", "2"]])
def test_connections_are_counted_by_what_became_of_them(words: list[str], tmp_path: Path) -> None:
    found = json_of("stats", str(_connections(tmp_path)), "--by", "connection", "--json", *words)
    assert [[one["key"], one["tried"], one["answered"], one["refused"], one["unanswered"]] for one in found] == [
        ["192.0.2.10 > 198.51.100.7:4059", 4, 2, 1, 1], ["192.0.2.10 > 198.51.100.8:4059", 3, 0, 0, 3],
    ]  # fmt: skip
    assert list(found[0]) == ["by", "key", "unanswered", "tried", "answered", "refused"]


@pytest.mark.parametrize(("by", "told"), [("error", "no refusals, warnings or errors"), ("connection", "no TCP conn")])
def test_empty_table_is_told_on_stderr(by: str, told: str, run: Run) -> None:
    path = str(SAMPLES["hdlc-segments"].path)
    done = run("stats", path, "--by", by)
    assert (done.status, done.out) == (0, "") and f"hdlc-segments.pcapng: {told}" in done.err


def test_connections_stand_in_a_table_of_their_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stats", str(_connections(tmp_path)), "--by", "connection"]) == 0
    assert capsys.readouterr().out.splitlines()[:2] == [
        "connection                      tried  answered  refused  unanswered",
        "192.0.2.10 > 198.51.100.7:4059      4         2        1           1",
    ]


def test_what_was_left_aside_is_counted_in_packets_alone(tmp_path: Path, run: Run) -> None:
    path = tmp_path / "others.pcap"
    there, back = test_carrier.CLIENT, test_carrier.METER._replace(port=22)
    sent = [segment(own, there, back, ACK, octets=b"SSH-2.0-x\r\n", own=own) for own in (1, 12)]
    path.write_bytes(pcap_writer.pcap(sent, pcap_writer.ETHERNET))
    (told,) = json_of("stats", str(path), "--by", "conversation", "--json")
    assert list(told) == ["by", "key", "records", "octets", "errors", "packets"]
    assert (told["records"], told["octets"], told["errors"], told["packets"]) == (0, 0, 0, 2)
    assert run("stats", str(path), "--by", "conversation").out.splitlines() == ["left aside: ssh, 2 packets"]


@pytest.mark.parametrize("name", SAMPLES)
def test_associations_are_counted(name: str) -> None:
    groups = defaultdict(list)
    for record in json_of("decode", *_words(name), "--json"):
        if "association" in record:
            groups[record["association"]].append(record)
    found = json_of("stats", *_words(name), "--by", "association", "--json")
    for one in found:
        one["number"] = int(one["key"].partition(":")[0])
    _assert_counts(found, groups, key="number")


def test_conversations_and_meters_are_counted() -> None:
    records = json_of("decode", *_words("ln-wrapper"), "--json")
    found = json_of("stats", *_words("ln-wrapper"), "--by", "conversation", "--json")
    assert [one["key"] for one in found if "records" in one] == ["192.0.2.10:51234 ↔ 198.51.100.7:4059"]
    assert found[0]["records"] == len(records)
    assert [one["key"] for one in json_of("stats", *_words("ln-wrapper"), "--by", "meter", "--json")] == [
        "198.51.100.7 1"
    ]


def test_stretches_of_time_are_counted() -> None:
    records = json_of("decode", *_words("ln-wrapper"), "--json")
    found = json_of("stats", *_words("ln-wrapper"), "--by", "time", "--interval", "1s", "--json")
    assert found == json_of("stats", *_words("ln-wrapper"), "--by", "time", "--interval", "1", "--json")
    groups = defaultdict(list)
    for record in records:
        groups[int(record["time"])].append(record)
    assert [one["records"] for one in found] == [len(groups[second]) for second in sorted(groups)]
    assert found[0]["key"] == "2026-03-02T09:14:07Z"


TRAFFIC = """\
10:00:00.000 TX: 00 01 00 10 00 01 00 0D C0 01 C1 00 03 01 00 01 08 00 FF 02 00
10:00:00.100 RX: 00 01 00 01 00 10 00 05 C4 01 C1 01 04
10:00:10.000 TX: 00 01 00 10 00 01 00 0D C0 01 C2 00 03 01 00 01 08 00 FF 02 00
10:00:10.300 RX: 00 01 00 01 00 10 00 09 C4 01 C2 00 06 00 00 00 2A
10:00:21.000 TX: 00 01 00 10 00 01 00 0D C0 01 C3 00 03 01 00 01 08 00 FF 02 00
10:00:21.200 RX: 00 01 00 01 00 10 00 09 C4 01 C3 00 06 00 00 00 2B
"""
"""The same object three times: object-undefined, then data of 5 octets twice."""


@pytest.fixture
def traffic(tmp_path: Path) -> str:
    path = tmp_path / "traffic.txt"
    path.write_text(TRAFFIC)
    return str(path)


def test_errors_are_counted_by_result(traffic: str) -> None:
    found = json_of("stats", traffic, "--by", "error", "--json")
    assert [(one["key"], one["records"], one["errors"], one["kind"]) for one in found] == [
        ("object-undefined", 1, 1, "result")
    ]
    assert found[0]["latency_ms"]["max"] == 100


def test_objects_say_how_often_they_are_asked_for(traffic: str) -> None:
    (found,) = json_of("stats", traffic, "--by", "object", "--json")
    assert found["key"] == "1-0:1.8.0*255 Active energy import (+A), attribute 2"
    assert (found["records"], found["errors"]) == (6, 1)
    assert found["period_s"] == 10.5
    assert found["latency_ms"] == {"median": 200, "p95": 290, "p99": 298, "max": 300}


def test_layers_take_all_octets(traffic: str) -> None:
    found = {one["key"]: one["octets"] for one in json_of("stats", traffic, "--by", "layer", "--json")}
    # 6 wrappers of 8 octets; 3 requests of 13, answers of 5, 9 and 9; twice 5 octets of Data
    assert found == {
        "packets": 110,
        "network and other traffic": 0,
        "link": 48,
        "transfer and protection": 0,
        "apdu": 52,
        "data": 10,
    }


@pytest.mark.parametrize("name", SAMPLES)
def test_layers_of_samples_add_up(name: str) -> None:
    found = {one["key"]: one["octets"] for one in json_of("stats", *_words(name), "--by", "layer", "--json")}
    assert sum(found.values()) == 2 * found["packets"]
    assert min(found.values()) >= 0


def test_statistics_of_chosen_records(traffic: str) -> None:
    (found,) = json_of("stats", traffic, "--json", "-Y", "result == success")
    assert (found["key"], found["records"]) == ("get-response", 2)


def test_table_has_a_line_for_each(traffic: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stats", traffic]) == 0
    lines = capsys.readouterr().out.splitlines()
    heads = ["service", "records", "octets", "errors", "median ms", "p95 ms", "p99 ms", "max ms"]
    assert re.split(r"  +", lines[0]) == heads
    assert [line.split()[:4] for line in lines[1:]] == [
        ["get-request", "3", "63", "0"],
        ["get-response", "3", "47", "1"],
    ]


@pytest.mark.parametrize("by", ["service", "object", "meter", "association", "conversation", "error", "time", "layer"])
def test_statistics_from_an_index_are_those_of_the_capture(by: str, tmp_path: Path) -> None:
    path = tmp_path / "capture.pcap"
    path.write_bytes(SAMPLES["ln-wrapper"].path.read_bytes())
    expected = json_of("stats", str(path), "--by", by, "--json")
    assert json_of("stats", str(path), "--by", by, "--json", "--index") == expected
    assert (tmp_path / "capture.pcap.dlmshark-index").exists()
    assert json_of("stats", str(path), "--by", by, "--json", "--index") == expected


def test_statistics_of_chosen_records_from_an_index(tmp_path: Path) -> None:
    path = tmp_path / "capture.pcap"
    path.write_bytes(SAMPLES["ln-wrapper"].path.read_bytes())
    for text in ("get", "value > 1000", "number > 10"):
        expected = json_of("stats", str(path), "--json", "-Y", text)
        assert json_of("stats", str(path), "--json", "-Y", text, "--index") == expected


def test_interval_without_time_is_a_wrong_command_line(traffic: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stats", "--interval", "5", traffic]) == 2
    assert capsys.readouterr().err == "dlmshark: --interval goes with --by time\n"


@pytest.mark.parametrize("place", ["capture.pcap.dlmshark-index"])
def test_index_that_cannot_be_written_is_said_and_all_is_counted(
    place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "capture.pcap"
    path.write_bytes(SAMPLES["ln-wrapper"].path.read_bytes())
    (tmp_path / place).mkdir()
    expected = json_of("stats", str(path), "--json")
    assert json_of("stats", str(path), "--json", "--index") == expected
    said = capsys.readouterr().err
    assert said.startswith(f"dlmshark: {path}: no index can be kept beside it: ") and said.count("\n") == 1
    assert {one.name for one in tmp_path.iterdir()} == {"capture.pcap", place}


def test_full_disk_leaves_no_part_of_an_index_and_all_is_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "capture.pcap"
    path.write_bytes(SAMPLES["ln-wrapper"].path.read_bytes())

    def full(self: IndexWriter) -> None:
        raise OSError(ENOSPC, os.strerror(ENOSPC))

    monkeypatch.setattr(IndexWriter, "sync", full)
    expected = json_of("stats", str(path), "--json")
    assert json_of("stats", str(path), "--json", "--index") == expected
    assert "no index can be kept beside it: No space left on device" in capsys.readouterr().err
    assert [one.name for one in tmp_path.iterdir()] == ["capture.pcap"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="check not run: root may read all")
def test_index_that_may_not_be_read_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "capture.pcap"
    path.write_bytes(SAMPLES["ln-wrapper"].path.read_bytes())
    expected = json_of("stats", str(path), "--json", "--index")
    Path(f"{path}.dlmshark-index").chmod(0)
    assert json_of("stats", str(path), "--json", "--index") == expected


def _long_capture(folder: Path, times: int) -> Path:
    """A sample so many times over: of hundreds, seconds go by."""
    path = folder / "capture.pcap"
    octets = SAMPLES["ln-wrapper"].path.read_bytes()
    path.write_bytes(octets + times * octets[24:])
    return path


def _many_meters(folder: Path, times: int) -> Path:
    """A sample so many times over, with another meter each."""
    path = folder / "capture.pcap"
    found = mixed.packets(str(SAMPLES["ln-wrapper"].path), 1000)
    dice = random.Random(1)
    mixed.write(
        path,
        mixed.interleave([[mixed.moved(one, at % 99) for one in found] for at in range(times)], dice),
        dice,
        cuts=0,
    )
    return path


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="check not run: no terminals here")
@pytest.mark.parametrize(
    "words", [["stats"], ["stats", "--index"], ["stats", "--workers", "2"], ["stats", "--index", "--workers", "2"]],
    ids=" ".join,
)  # fmt: skip
def test_terminal_is_told_how_far_it_is(words: list[str], tmp_path: Path) -> None:
    path = _many_meters(tmp_path, 300)
    lines = lines_on_terminal(*words, str(path))
    assert lines[0] == lines[-1] == "", "nothing is left of it"
    total = f" of {path.stat().st_size / 1e6:.1f} MB, "
    told = [re.search(rf"^([\d.]+){re.escape(total)}([\d,]+) records: ", line) for line in lines[1:-1]]
    assert told and all(told)
    octets = [float(one[1]) for one in told if one]
    assert octets == sorted(octets) and octets[-1] <= path.stat().st_size / 1e6
    assert octets[-1] > 0 or "--workers" in words, "processes of their own say it later"


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="check not run: no terminals here")
def test_quiet_command_tells_no_terminal(tmp_path: Path) -> None:
    assert lines_on_terminal("stats", "-q", str(_long_capture(tmp_path, 50))) == [""]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="check not run: no signals and pipes here")
@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_interrupt_leaves_no_part_of_an_index(
    number: signal.Signals, status: int, workers: int, tmp_path: Path
) -> None:
    path = _many_meters(tmp_path, 400)
    command = [sys.executable, "-m", "analyzer", "stats", "--index", str(path), "--workers", str(workers)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        end = time.monotonic() + 60
        while not any(one.stat().st_size > 1000 for one in tmp_path.glob("*.part")) and time.monotonic() < end:
            time.sleep(0.01)
        assert any(tmp_path.glob("*.part")) and process.poll() is None
        process.send_signal(number)
        _, error = process.communicate(timeout=60)
    assert (process.returncode, error) == (status, "")
    assert [one.name for one in tmp_path.iterdir()] == ["capture.pcap"]


@pytest.mark.skipif(
    not Path(f"/proc/self/task/{os.getpid()}/children").exists(),
    reason="check not run: no /proc to find the readers in",
)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_readers_of_shares_end_with_the_process_that_began_them(number: signal.Signals, tmp_path: Path) -> None:
    words = ["stats", "--workers", "2", str(_many_meters(tmp_path, 1000))]
    process = subprocess.Popen([sys.executable, "-m", "analyzer", *words], stdout=subprocess.DEVNULL)
    begun = Path(f"/proc/{process.pid}/task")
    end = time.monotonic() + 60
    readers: list[str] = []
    while len(readers) < 2 and time.monotonic() < end:
        time.sleep(0.02)
        readers = [one for path in begun.glob("*/children") for one in path.read_text().split()]
    assert len(readers) == 2 and process.poll() is None
    process.send_signal(number)
    assert process.wait(60) == (143 if number == signal.SIGTERM else -number)
    end = time.monotonic() + 60
    while any(map(_is_running, readers)) and time.monotonic() < end:
        time.sleep(0.02)
    assert not any(map(_is_running, readers))


def _is_running(process: str) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_filter_that_nothing_passes_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    path = str(SAMPLES["ln-wrapper"].path)
    assert main(["stats", path, "-Y", "mbus"]) == 0
    assert capsys.readouterr().err == f"dlmshark: {path}: no record passes the filter\n"


def test_no_worker_is_as_many_as_there_are_cores() -> None:
    for command in (stats, batch):
        options = [] if command is stats else ["--out", "x"]
        assert command.parser().parse_args([*options, "--workers", "0"]).workers == cores() >= 1
        assert command.parser().parse_args([*options, "--workers", "3"]).workers == 3
        assert command.parser().parse_args(options).workers == (None if command is stats else 1)


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="check not run: no /proc to find the readers in")
@pytest.mark.parametrize("more", [["--index"], []], ids=str)
def test_killed_reader_of_a_share_is_said_in_a_line_and_one_process_reads_all(more: list[str], tmp_path: Path) -> None:
    path = _many_meters(tmp_path, 400)
    words = ["stats", "--json", str(path)]
    command = [sys.executable, "-m", "analyzer", *words, "--workers", "2", *more]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        end = time.monotonic() + 60
        readers: list[int] = []
        while len(readers) < 2 and time.monotonic() < end:
            time.sleep(0.01)
            readers = _readers(process.pid)
        os.kill(readers[1], signal.SIGKILL)
        out, error = process.communicate(timeout=120)
    assert error == (
        f"dlmshark: {path}: a process that read a share of it ended early (signal 9); one process reads it all\n"
    )
    assert [json.loads(line) for line in out.splitlines()] == json_of(*words, "--workers", "1")
    kept = ["capture.pcap.dlmshark-index"] if more else []
    assert sorted(one.name for one in tmp_path.iterdir()) == ["capture.pcap", *kept]


def _readers(parent: int) -> list[int]:
    """Give the processes that read shares for *parent*."""
    children = [
        int(one) for path in Path(f"/proc/{parent}/task").glob("*/children") for one in path.read_text().split()
    ]
    return [one for one in children if b"analyzer.index.share" in Path(f"/proc/{one}/cmdline").read_bytes()]


def test_two_commands_make_an_index_at_the_same_time(tmp_path: Path) -> None:
    path = _many_meters(tmp_path, 60)
    command = [sys.executable, "-m", "analyzer", "stats", "--json", "--index", str(path)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = [one.communicate(timeout=120) for one in both]
    assert said[0] == said[1] and said[0][1] == ""
    assert sorted(one.name for one in tmp_path.iterdir()) == ["capture.pcap", "capture.pcap.dlmshark-index"]


@pytest.mark.skipif(sys.platform == "win32", reason="check not run: nobody removes there what is written")
def test_part_that_a_killed_command_left_goes_and_one_that_is_written_stays(tmp_path: Path) -> None:
    path = _many_meters(tmp_path, 1)
    left, written, new = (tmp_path / f"capture.pcap.dlmshark-index.{name}.part" for name in ("left", "written", "new"))
    for one in (left, written, new):
        one.write_bytes(b"")
    for one in (left, written):
        os.utime(one, (1, 1))
    with saved.open_part(str(written)):
        json_of("stats", "--json", "--index", str(path))
    assert (left.exists(), written.exists(), new.exists()) == (False, True, True)


def test_index_whose_records_are_damaged_is_made_anew_where_a_filter_looks_into_them(tmp_path: Path) -> None:
    """What stands before the records is sound, so that it was used, and the command ended with a traceback."""
    path = _many_meters(tmp_path, 2)
    words = ["stats", "--json", str(path), "-Y", "value >= 0", "--index"]
    whole = json_of(*words)
    index = Path(saved.path_for([str(path)]))
    octets = bytearray(sound := index.read_bytes())
    octets[sound.index(b"\x28\xb5\x2f\xfd") + 40] ^= 0xFF  # in the first block, behind the mark of zstd
    index.write_bytes(octets)
    assert json_of(*words) == whole != []
    assert index.read_bytes() == sound


def test_requests_without_an_answer_are_counted_where_nothing_is_left_out(tmp_path: Path) -> None:
    said = "00 01 00 10 00 01 00 0D C0 01 {} 00 08 00 00 01 00 00 FF 02 00"
    heard = "00 01 00 01 00 10 00 06 C4 01 {} 00 11 07"
    lines = [f"TX: {said.format('C1')}", f"RX: {heard.format('C1')}", f"TX: {said.format('C2')}"]
    path = tmp_path / "log.txt"
    path.write_text("\n".join(lines))
    (meter,) = json_of("stats", "--by", "meter", "--json", str(path))
    assert (meter["records"], meter["unanswered"]) == (3, 1)
    (meter,) = json_of("stats", "--by", "meter", "--json", str(path), "-Y", "request")
    assert "unanswered" not in meter


def test_release_without_an_answer_is_counted(tmp_path: Path) -> None:
    lines = ["TX: 00 01 00 10 00 01 00 05 62 03 80 01 00", "RX: 00 01 00 01 00 10 00 05 63 03 80 01 00"]
    path = tmp_path / "log.txt"
    path.write_text("\n".join([*lines, lines[0]]))
    asked = next(one for one in json_of("stats", "--by", "service", "--json", str(path)) if one["key"] == "rlrq")
    assert (asked["records"], asked["unanswered"]) == (2, 1)


@pytest.mark.parametrize(
    ("name", "by", "said"),
    [
        ("p1", "object", "not counted: messages of text and pushes, 4; only their values name objects"),
        ("mode-e", "service", "not counted: messages of text, 4, which have no service"),
        ("ln-wrapper", "object", ""), ("ln-wrapper", "service", ""), ("mode-e", "meter", ""),
    ],
)  # fmt: skip
def test_says_what_is_in_no_group(name: str, by: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(["stats", "--by", by, *_words(name)])
    told = capsys.readouterr().err
    assert said in told
    assert ("not counted" in told) is bool(said)
