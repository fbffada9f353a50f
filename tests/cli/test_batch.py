"""A data set holds what decode and readings print, whoever wrote it and however often it was begun."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import polars
import pytest

from analyzer.batch import task
from analyzer.cli.main import main
from captures import open_source
from captures.samples import sample_path, samples
from tests.cli.terminal import lines_on_terminal

Tables = dict[str, polars.DataFrame]
NAMES = ("ln-wrapper", "hdlc-log", "blocks", "sn-hdlc", "push-udp", "p1", "mbus-push", "mode-e")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some captures, one packed, and a picture that is none."""
    made = tmp_path_factory.mktemp("captures")
    for sample in samples():
        if sample.name in NAMES:
            (made / "below").mkdir(exist_ok=True)
            shutil.copy(sample.path, made / "below" if sample.name == "p1" else made)
    (made / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    return made


@pytest.fixture(scope="module")
def alone(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Tables:
    """What one process makes of them."""
    out = tmp_path_factory.mktemp("alone")
    assert main(["batch", str(folder), "--out", str(out)]) == 3
    return _tables(out)


def _tables(out: Path) -> Tables:
    found = {}
    for table in ("records", "readings", "notes"):
        frame = polars.concat([polars.read_parquet(path) for path in sorted((out / table).glob("*.parquet"))])
        found[table] = _sorted(frame)
    return found


def _sorted(frame: polars.DataFrame) -> polars.DataFrame:
    return frame.sort([name for name, kind in frame.schema.items() if kind != polars.List(polars.String)])


def _assert_equal(one: Tables, other: Tables) -> None:
    for table, frame in one.items():
        assert frame.equals(other[table]), table


def _program(*words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "analyzer", "batch", *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _run(*words: str) -> list[Any]:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        main(words)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_records_and_readings_are_those_of_decode_and_readings(folder: Path, alone: Tables) -> None:
    name = str(folder / "ln-wrapper.pcap")
    decoded = _run("decode", name, "--json")
    rows = alone["records"].filter(polars.col("input") == name).sort("number").to_dicts()
    assert [row["number"] for row in rows] == [one["number"] for one in decoded]
    assert [row["lane"] for row in rows] == [one["lane"] for one in decoded]
    assert [row["service"] for row in rows] == [next(iter(one["apdu"]), None) for one in decoded]
    assert [row["latency_ns"] for row in rows] == [
        round(one["latency"] * 1e9) if "latency" in one else None for one in decoded
    ]
    readings = _run("readings", name, "--json")
    told = alone["readings"].filter(polars.col("input") == name)
    assert sorted(told["text"].to_list()) == sorted(one.get("text", "") for one in readings)


def test_failing_capture_is_reported_and_not_fatal(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["batch", str(folder), "--out", str(tmp_path / "set"), "--json"]) == 3
    shown = capsys.readouterr()
    entries = {Path(entry["input"]).name: entry for entry in map(json.loads, shown.out.splitlines())}
    assert "a picture (PNG)" in entries["picture.png"]["error"]
    assert len(entries) == len(NAMES) + 1
    assert "1 failed" in shown.err.splitlines()[-1]
    manifest = json.loads((tmp_path / "set" / "manifest.json").read_text())
    assert [Path(one["input"]).name for one in manifest["captures"]] == [
        Path(name).name for name in sorted(map(str, folder.rglob("*.*")))
    ]
    assert manifest["records"] == sum(entry.get("records", 0) for entry in entries.values())


def test_folder_that_holds_a_data_set_of_another_run_is_read_without_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.pcap").write_bytes(sample_path("ln-wrapper").read_bytes())
    for name in ("january", "february", "."):
        assert main(["batch", str(tmp_path), "--out", str(tmp_path / name)]) == 0
        assert "1 of 1 captures read, 0 failed" in capsys.readouterr().err


def test_two_shards_make_what_one_process_makes(folder: Path, alone: Tables, tmp_path: Path) -> None:
    for share in ("2/2", "1/2"):
        assert main(["batch", str(folder), "--out", str(tmp_path), "--shard", share]) in (0, 3)
    _assert_equal(_tables(tmp_path), alone)


def test_two_workers_make_what_one_process_makes(folder: Path, alone: Tables, tmp_path: Path) -> None:
    assert main(["batch", str(folder), "--out", str(tmp_path), "--workers", "2"]) == 3
    _assert_equal(_tables(tmp_path), alone)


def test_batch_that_was_killed_goes_on(folder: Path, alone: Tables, tmp_path: Path) -> None:
    process = _program(str(folder), "--out", str(tmp_path), "--workers", "2")
    end = time.monotonic() + 60
    while not list(tmp_path.glob("manifest/*.json")) and time.monotonic() < end:
        time.sleep(0.002)
    process.kill()
    process.communicate()
    (tmp_path / "records" / "left.parquet.part").parent.mkdir(exist_ok=True)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.glob("records/*.parquet")}
    assert main(["batch", str(folder), "--out", str(tmp_path)]) == 3
    _assert_equal(_tables(tmp_path), alone)
    done = [path for path, at in before.items() if path.stat().st_mtime_ns == at]
    assert done or not before


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="check not run: no /proc to find the reader in")
@pytest.mark.parametrize("words", [["--workers", "2"], ["--shard", "1/2"]], ids=["worker", "shard"])
def test_reader_that_is_killed_in_the_middle_changes_nothing(
    words: list[str], folder: Path, alone: Tables, tmp_path: Path
) -> None:
    own, out = tmp_path / folder.name, tmp_path / "set"
    shutil.copytree(folder, own)
    held = own / "ln-wrapper.pcap"
    octets = held.read_bytes()
    held.unlink()
    os.mkfifo(held)
    others = sorted(str(path) for path in own.rglob("*") if not path.is_dir() and path != held)
    names = [str(held), *others]  # the first is one of the share 1/2
    process = _program(*names, "--out", str(out), *words)
    with _opened(held) as pipe:
        pipe.write(octets[: len(octets) // 2])
        (reader,) = _readers_that_came(held)
        os.kill(reader, signal.SIGKILL)
        assert (reader == process.pid) is (words[0] == "--shard")
        process.communicate(timeout=60)
    held.unlink()
    held.write_bytes(octets)
    assert not [path for path in out.glob("manifest/*.json") if held.name in path.name], "it was not read to its end"
    for share in [words] if words[0] == "--workers" else [words, ["--shard", "2/2"]]:
        assert main(["batch", *names, "--out", str(out), *share]) in (0, 3)
    found = {
        table: frame.with_columns(polars.col("input").str.replace(str(own), str(folder), literal=True))
        for table, frame in _tables(out).items()
    }
    _assert_equal({name: _sorted(frame) for name, frame in found.items()}, alone)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="check not run: no /proc to find the reader in")
@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -signal.SIGKILL)]
)
def test_workers_end_with_the_process_that_began_them(
    number: signal.Signals, status: int, folder: Path, tmp_path: Path
) -> None:
    pipes = [tmp_path / f"{word}.pcap" for word in ("one", "two")]
    octets = (folder / "ln-wrapper.pcap").read_bytes()
    for pipe in pipes:
        os.mkfifo(pipe)
    process = _program(*map(str, pipes), "--out", str(tmp_path / "set"), "--workers", "2")
    with _opened(pipes[0]) as one, _opened(pipes[1]) as other:
        for held in (one, other):
            held.write(octets[: len(octets) // 2])
        workers = set().union(*map(_readers_that_came, pipes))
        assert len(workers) == 2 and process.pid not in workers
        process.send_signal(number)
        assert process.wait(60) == status
        end = time.monotonic() + 30
        while any(map(_readers_but_us, pipes)) and time.monotonic() < end:
            time.sleep(0.02)
        assert not any(map(_readers_but_us, pipes))
    process.communicate(timeout=60)
    assert not list((tmp_path / "set").rglob("*.p*"))


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="check not run: no terminals here")
def test_terminal_is_told_how_many_captures_are_done(folder: Path, tmp_path: Path) -> None:
    lines = lines_on_terminal("batch", str(folder / "below"), str(folder / "ln-wrapper.pcap"), "--out", str(tmp_path))
    told = [line for line in lines if line.endswith(" records")]
    assert told and all(re.fullmatch(r"[012] of 2 captures, \d\.\d of 0\.0 MB, [\d,]+ records", line) for line in told)
    assert "2 of 2 captures read, 0 failed" in lines[-1], "the end stands in its place"


def _readers_but_us(path: Path) -> set[int]:
    return _readers(path) - {os.getpid()}


def _readers_that_came(pipe: Path) -> set[int]:
    """Wait for who reads *pipe*: ours is over as soon as it begins to open it, before it has a descriptor."""
    end = time.monotonic() + 60
    while not (found := _readers_but_us(pipe)) and time.monotonic() < end:
        time.sleep(0.01)
    return found


def _opened(pipe: Path) -> io.FileIO:
    """Open *pipe* to write, once it is open to be read."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        with contextlib.suppress(OSError):
            return io.FileIO(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK), "wb")
        time.sleep(0.01)
    raise TimeoutError(f"nobody reads {pipe}")


def _readers(path: Path) -> set[int]:
    """The processes that hold *path* open."""
    found = set()
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        with contextlib.suppress(OSError):
            if os.readlink(link) == str(path):
                found.add(int(link.parts[2]))
    return found


def test_second_run_reads_nothing_again_but_what_failed_or_changed(folder: Path, tmp_path: Path) -> None:
    own = tmp_path / "captures"
    shutil.copytree(folder, own)
    words = ["batch", str(own), "--out", str(tmp_path / "set"), "--json"]
    assert len(_run(*words)) == len(NAMES) + 1
    assert [Path(entry["input"]).name for entry in _run(*words)] == ["picture.png"]
    os.utime(own / "ln-wrapper.pcap", ns=(1, 1))
    assert {Path(entry["input"]).name for entry in _run(*words)} == {"picture.png", "ln-wrapper.pcap"}
    assert len(_run(*words, "--key", "guek=000102030405060708090A0B0C0D0E0F")) == len(NAMES) + 1


def test_rows_of_another_keyring_or_program_are_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sample = next(one for one in samples() if one.name == "ln-ciphered")
    assert sample.keys is not None
    keys = tmp_path / "keys.toml"
    keys.write_text(sample.keys.read_text())
    words = ["batch", str(sample.path), "--out", str(tmp_path / "set"), "--json", "-k", str(keys)]
    assert [len(_run(*words)) for _ in range(2)] == [1, 0]
    keys.write_text(sample.keys.read_text() + '\naddress = "10.9.9.9"\n')
    (other,) = _run(*words)
    assert other["readings"] == 0, "keys of another address open nothing"
    monkeypatch.setattr("analyzer.index.made_of.version", lambda name: "0.0.1")
    assert len(_run(*words)) == 1


def test_capture_under_several_spellings_is_one(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(folder / "below", tmp_path / "sd")
    (tmp_path / "linked").symlink_to(tmp_path / "sd")
    monkeypatch.chdir(tmp_path)
    words = ["--out", "set", "--json"]
    assert len(_run("batch", "sd", "./sd", str(tmp_path / "sd"), *words)) == 1
    for spelling in ("./sd", "sd/../sd", str(tmp_path / "sd"), "linked", "sd/p1.pcapng"):
        assert _run("batch", spelling, *words) == [], spelling
    (entry,) = json.loads(Path("set/manifest.json").read_text())["captures"]
    assert polars.read_parquet("set/records/*.parquet").height == entry["records"] > 0


def test_remark_on_a_key_is_made_once_by_all_workers(folder: Path, tmp_path: Path) -> None:
    names = [str(one) for one in sorted(folder.glob("*.pcap"))[:3]]
    key = "guek=000102030405060708090A0B0C0D0E0F"
    process = _program(*names, "--out", str(tmp_path / "set"), "--workers", "2", "--key", key)
    assert process.communicate()[1].count("process list") == 1


def test_capture_that_shrank_leaves_no_files_and_looks_at_no_others(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder of 10,000 captures was listed anew for each of them."""
    name, work = str(folder / "ln-wrapper.pcap"), task.Work(tmp_path)
    monkeypatch.setattr(Path, "glob", lambda *_: pytest.fail("the folder is listed"))
    with monkeypatch.context() as small:
        small.setattr(task, "_MOST_ROWS", 20)
        many = task.run(work, name, lambda: open_source(name))["parts"]
    (tmp_path / f"{many[0]}.part").touch()
    (tmp_path / f"{many[-1]}.part").touch()
    few = task.run(work, name, lambda: open_source(name))["parts"]
    assert len(many) > 10 and len(few) == 3
    left = [one for table in ("records", "readings", "notes") for one in sorted(os.listdir(tmp_path / table))]
    assert left == [Path(one).name for one in few]


def test_indexes_in_a_folder_are_no_captures(tmp_path: Path) -> None:
    own = tmp_path / "captures"
    own.mkdir()
    capture = Path(shutil.copy(next(one.path for one in samples() if one.name == "ln-wrapper"), own))
    assert main(["stats", "--index", str(capture)]) == 0
    shutil.copy(f"{capture}.dlmshark-index", f"{capture}.dlmshark-index.k3.part")
    assert [entry["input"] for entry in _run("batch", str(own), "--out", str(tmp_path / "set"), "--json")] == [
        str(capture)
    ]


def test_own_names_stand_in_the_readings_and_others_are_read_anew(tmp_path: Path) -> None:
    capture, out = str(next(one.path for one in samples() if one.name == "ln-wrapper")), tmp_path / "set"
    for word in ("one", "two"):
        names = tmp_path / f"{word}.toml"
        names.write_text(f'[names]\n"1-0:1.8.0*255" = "Energy {word}"\n')
        process = _program(capture, "--out", str(out), "--workers", "2", "--names", str(names))
        assert "1 of 1 captures read" in process.communicate(timeout=60)[1]
        found = polars.read_parquet(out / "readings/*.parquet").filter(polars.col("logical_name") == "1-0:1.8.0*255")
        assert set(found["name"]) == {f"Energy {word}"}


def test_data_set_inside_the_folder_is_not_read(folder: Path, tmp_path: Path) -> None:
    own = tmp_path / "captures"
    shutil.copytree(folder, own)
    for _ in range(2):
        main(["batch", str(own), "--out", str(own / "set")])
    manifest = json.loads((own / "set" / "manifest.json").read_text())
    assert len(manifest["captures"]) == len(NAMES) + 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--shard", "3/2"], "K/N"),
        ([], "INPUT"),
        (["x", "--workers", "2", "--scheduler", "tcp://localhost:1"], "exclude"),
    ],
)
def test_wrong_command_line_is_one_line(
    words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["batch", "--out", str(tmp_path), *words]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and said in error


@pytest.mark.parametrize("line", [b"p1.txt", b"7", b"\xff"])
def test_line_that_names_nothing_to_a_worker_is_refused_in_one_line(tmp_path: Path, line: bytes) -> None:
    words = [sys.executable, "-m", "analyzer", "batch", "--names-from-stdin", "--out", str(tmp_path)]
    done = subprocess.run(words, input=line + b"\n", capture_output=True, timeout=60, check=False)
    said = b"dlmshark: --names-from-stdin: a name in JSON was expected on each line"
    assert (done.returncode, done.stderr.splitlines()) == (2, [said])


def test_dask_cluster_makes_what_one_process_makes(folder: Path, alone: Tables, tmp_path: Path) -> None:
    pytest.importorskip("distributed", reason="check not run: the extra 'cluster' is not installed")
    scheduler_file = tmp_path / "scheduler.json"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    local = ["--scheduler-file", str(scheduler_file), "--no-dashboard"]
    begin = [sys.executable, "-m", "distributed.cli.dask_scheduler"]
    work = [sys.executable, "-m", "distributed.cli.dask_worker"]
    processes = [subprocess.Popen([*begin, *local, "--host", "127.0.0.1", "--port", "0"], **quiet)]
    processes += [subprocess.Popen([*work, *local, "--no-nanny", "--nthreads", "1"], **quiet) for _ in range(2)]
    try:
        end = time.monotonic() + 60
        while not scheduler_file.exists() and time.monotonic() < end:
            time.sleep(0.1)
        address = json.loads(scheduler_file.read_text())["address"]
        assert main(["batch", str(folder), "--out", str(tmp_path / "set"), "--scheduler", address]) == 3
    finally:
        for process in processes:
            process.terminate()
            process.wait()
    _assert_equal(_tables(tmp_path / "set"), alone)


def test_cluster_that_is_not_there_is_one_line(folder: Path, tmp_path: Path) -> None:
    process = _program(str(folder / "ln-wrapper.pcap"), "--out", str(tmp_path), "--scheduler", "tcp://127.0.0.1:9")
    _, error = process.communicate(timeout=60)
    assert process.returncode == 2
    (line,) = error.splitlines()
    assert line.startswith("dlmshark: --scheduler"), error


def test_tables_without_rows_are_files_with_their_columns(folder: Path, tmp_path: Path) -> None:
    main(
        ["batch", "-q", str(next(one.path for one in samples() if one.path.stem == "hdlc-log")), "--out", str(tmp_path)]
    )
    notes = polars.scan_parquet(f"{tmp_path}/notes/*.parquet")
    assert notes.collect().is_empty() and "code" in notes.collect_schema()


def test_polars_queries_of_the_docs_run(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (Path(__file__).resolve().parents[2] / "docs" / "batch.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    main(["batch", str(folder), "--out", str(tmp_path / "set")])
    monkeypatch.chdir(tmp_path)
    exec(code, {})
    assert "logical_name" in capsys.readouterr().out


def test_duckdb_queries_of_the_docs_run(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    duckdb = pytest.importorskip("duckdb", reason="check not run: duckdb is not installed")
    text = (Path(__file__).resolve().parents[2] / "docs" / "batch.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```sql\n(.*?)```", text, re.DOTALL)
    main(["batch", str(folder), "--out", str(tmp_path / "set")])
    monkeypatch.chdir(tmp_path)
    queries = [one for one in code.split(";") if one.strip()]
    assert len(queries) == 3
    for query in queries:
        duckdb.sql(query).fetchall()
