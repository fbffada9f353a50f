"""``record``, ``live`` and ``extcap`` as programs: a bus on a pseudo-terminal, a stream on stdin, Wireshark's calls."""

from __future__ import annotations

import importlib
import json
import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from analyzer.cli.main import main
from captures.samples import samples

SAMPLE = next(one for one in samples() if one.path.name == "ln-wrapper.pcap").path
SNRM = bytes.fromhex("7EA00703 21930F01 7E")


def program(*words: str, **more: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "analyzer.cli.main", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        **more,  # type: ignore[call-overload]
    )  # fmt: skip


@pytest.fixture
def bus() -> Iterator[tuple[int, str]]:
    """Give a pseudo-terminal: what is written to the first is heard on the second."""
    if not hasattr(os, "openpty"):
        pytest.skip("check not run: no pseudo-terminals here")
    master, slave = os.openpty()
    importlib.import_module("tty").setraw(slave)  # it echoes nothing
    yield master, os.ttyname(slave)
    assert not select.select([master], [], [], 0)[0], "something was sent to the line"
    os.close(master)
    os.close(slave)


def wait_for(child: subprocess.Popen[str], condition: Callable[[], bool], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert child.poll() is None, child.communicate()
        assert time.monotonic() < until
        time.sleep(0.05)


def lines_until(child: subprocess.Popen[str], count: int) -> list[str]:
    assert child.stdout is not None
    return [child.stdout.readline() for _ in range(count)]


def test_live_bus_is_decoded_as_it_comes_and_kept(bus: tuple[int, str], tmp_path: Path) -> None:
    master, name = bus
    path = tmp_path / "bus.pcapng"
    child = program("live", f"serial:{name}", "--baud", "9600", "--format", "8N1", "-o", str(path), "--json")
    wait_for(child, lambda: path.exists() and path.stat().st_size > 100)
    heard = []
    for _ in range(3):
        os.write(master, SNRM)
        heard.append(json.loads(lines_until(child, 1)[0]))
    child.send_signal(signal.SIGINT)
    _, said = child.communicate(timeout=20)
    assert child.returncode == 0, said
    assert [one["summary"] for one in heard] == ["SNRM"] * 3
    assert f"{path}: 3 packets" in said
    again = subprocess.run(
        [sys.executable, "-m", "analyzer.cli.main", "decode", str(path), "--json"], capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert [json.loads(line)["octets"] for line in again.stdout.splitlines()] == [SNRM.hex().upper()] * 3


def test_stream_on_stdin_is_recorded_whole(tmp_path: Path) -> None:
    path = tmp_path / "s.pcapng"
    with SAMPLE.open("rb") as stream:
        child = program("record", "-", "-o", str(path), stdin=stream)
        out, said = child.communicate(timeout=30)
    assert (child.returncode, out) == (0, "")
    assert f"{path}: " in said
    decoded = [
        subprocess.run(
            [sys.executable, "-m", "analyzer.cli.main", "decode", str(one)], capture_output=True, text=True, check=True
        ).stdout
        for one in (SAMPLE, path)
    ]
    assert decoded[0] and decoded[0] == decoded[1]


@pytest.mark.parametrize("more", [(), ("--rotate-size", "2k")])
def test_live_source_that_settles_is_shown_as_its_file_is(tmp_path: Path, more: tuple[str, ...]) -> None:
    sample = next(one for one in samples() if one.name == "ln-ciphered")
    keys = ("--json", "-k", str(sample.keys))
    with sample.path.open("rb") as stream:
        child = program("live", "-", "--settle", *keys, "-o", str(tmp_path / "s.pcapng"), *more, stdin=stream)
        out, said = child.communicate(timeout=60)
    assert child.returncode == 0, said
    assert out == program("decode", str(sample.path), *keys).communicate(timeout=60)[0]


UA, DISC = bytes.fromhex("7EA00721 03730140 7E"), bytes.fromhex("7EA00703 215303C7 7E")


def ring(path: Path) -> list[Path]:
    return sorted(path.parent.glob(f"{path.stem}_*"))


def test_alarm_marks_saves_and_runs_a_program_while_the_ring_turns(bus: tuple[int, str], tmp_path: Path) -> None:
    master, name = bus
    path, told = tmp_path / "ring.pcapng", tmp_path / "told.json"
    writes = f"import sys; open({str(told)!r}, 'w').write(sys.stdin.read())"
    child = program(
        "record", f"serial:{name}", "--baud", "9600", "--format", "8N1", "-o", str(path), "--rotate-size", "1000",
        "--keep", "2", "--when", 'summary == "UA"', "--do", "mark", "--do", "save", "--do",
        f'exec {sys.executable} -c "{writes}"', "--expect", 'summary == "DISC"', "--within", "60",
    )  # fmt: skip
    wait_for(child, lambda: bool(ring(path)))
    first = ring(path)[0]
    for octets in (SNRM, SNRM, UA):
        os.write(master, octets)
    wait_for(child, told.exists)
    for _ in range(2000):  # until the ring has gone past its first file twice
        os.write(master, SNRM)
        time.sleep(0.02)
        if ring(path)[-1].name > "ring_00004":
            break
    time.sleep(0.5)
    os.write(master, DISC)
    _, said = child.communicate(timeout=30)
    assert child.returncode == 0, said
    assert 'is what was expected: summary == "DISC"' in said
    kept = ring(path)
    assert first in kept and len(kept) == 3, "the file of the alarm, and the newest two"
    assert json.loads(told.read_text())["summary"] == "UA"
    assert any(b'alarm at record 3: summary == "UA"' in one.read_bytes() for one in kept)


def test_record_that_was_expected_and_did_not_come_fails(bus: tuple[int, str], tmp_path: Path) -> None:
    master, name = bus
    child = program("live", f"serial:{name}", "--baud", "9600", "--expect", "severity >= error", "--within", "2", "-q")
    os.write(master, SNRM)
    _, said = child.communicate(timeout=30)
    assert child.returncode == 1, said
    assert "no record came within 2 s that was expected: severity >= error" in said


def test_status_as_json_does_not_go_with_alarms(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["record", "serial:COM9", "-o", "x.pcapng", "--json", "--expect", "hdlc"]) == 2
    assert "--json tells of a recording alone" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "status", "text"),
    [
        (["--when", "nonsense", "--do", "beep"], 4, "--when 'nonsense'"),
        (["--expect", "severity >="], 4, "--expect 'severity >='"),
        (["--when", "hdlc"], 2, "--do ACTION"),
        (["--do", "beep"], 2, "--when EXPR comes before it"),
        (["--when", "hdlc", "--do", "exec"], 2, "exec PROGRAM"),
        (["--when", "hdlc", "--do", "shout"], 2, "beep, mark, save"),
        (["--when", "hdlc", "--do", "exec 'x"], 2, "quotation mark"),
        (["--within", "3"], 2, "--within goes with --expect"),
    ],
)
@pytest.mark.parametrize("command", [["live", "serial:COM9"], ["record", "serial:COM9", "-o", "x.pcapng"]])
def test_wrong_alarm_is_one_line(
    command: list[str], words: list[str], status: int, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, *words]) == status
    said = capsys.readouterr().err
    assert text in said and said.startswith("dlmshark: ") and said.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "status", "text"),
    [
        (["record", "serial:/dev/ttyNone", "-o", "x.pcapng"], 5, "/dev/ttyNone: no such port"),
        (["live", "serial:/dev/ttyNone"], 5, "/dev/ttyNone: no such port"),
        (["record", "iface:nope0", "-o", "x.pcapng"], 5, "nope0: no such interface"),
        (["record", "nonsense:x", "-o", "x.pcapng"], 2, "iface:NAME, serial:PORT"),
        (["live", "serial:"], 2, "iface:NAME, serial:PORT"),
        (["live", "/tmp/no/tap"], 5, "/tmp/no/tap: no such port"),
        (["record", "-o", "x.pcapng"], 2, "a SOURCE was expected"),
        (["record", "serial:COM3", "-o", "x.pcapng", "--baud", "fast"], 2, "--baud fast"),
        (["record", "serial:COM3", "-o", "x.pcapng", "--format", "9Z9"], 2, "--format 9Z9"),
        (["record", "serial:COM3", "-o", "x.pcapng", "-c", "10"], 2, "--duration ends after a time"),
        (["record", "iface:lo", "-o", "-"], 2, "-o -: a recording goes to a file"),
        (["live", "serial:COM9", "-o", "x.pcapng", "--settle", "--keep", "2"], 2, "--keep leaves the newest files"),
        (["live", "iface:lo", "-o", "-"], 2, "-o -: a recording goes to a file"),
        (["record", "iface:lo", "-o", "-", "--expect", "get"], 2, "-o -: a recording goes to a file"),
        (["record", "iface:lo", "-o", "no/such/folder/x.pcapng"], 3, "there is no folder no/such/folder"),
        (["extcap"], 2, "--install"),
        (["extcap", "--extcap-interface", "x", "--extcap-dlts"], 2, "dlms-serial"),
    ],
)
def test_wrong_source_is_one_line(
    words: list[str], status: int, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert main(words) == status
    said = capsys.readouterr().err
    assert text in said and said.startswith("dlmshark: ") and said.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_extcap_answers_what_wireshark_asks(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["extcap", "--extcap-interfaces", "--extcap-version=4.0"]) == 0
    listed = capsys.readouterr().out
    for name, dlt in (("dlms-serial", "250"), ("dlms-decrypted", "101")):
        assert f"interface {{value={name}}}" in listed
        assert main(["extcap", "--extcap-interface", name, "--extcap-dlts"]) == 0
        assert f"dlt {{number={dlt}}}" in capsys.readouterr().out
        assert main(["extcap", "--extcap-interface", name, "--extcap-config"]) == 0
        arguments = capsys.readouterr().out.splitlines()
        assert [line.partition("{call=")[2].partition("}")[0] for line in arguments if line.startswith("arg ")]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="check not run: no FIFOs here")
def test_extcap_hands_deciphered_apdus_to_wireshark(tmp_path: Path) -> None:
    fifo, bus_sample = tmp_path / "fifo", next(one for one in samples() if one.path.name == "ln-ciphered.pcap")
    os.mkfifo(fifo)
    with bus_sample.path.open("rb") as stream:
        child = program(
            "extcap", "--capture", "--extcap-interface", "dlms-decrypted", "--fifo", str(fifo), "--source", "-",
            "--keys", str(bus_sample.keys), stdin=stream,
        )  # fmt: skip
        octets = fifo.read_bytes()
        child.communicate(timeout=30)
    path = tmp_path / "opened.pcapng"
    path.write_bytes(octets)
    lines = subprocess.run(
        [sys.executable, "-m", "analyzer.cli.main", "decode", str(path)], capture_output=True, text=True, check=True
    ).stdout
    assert "GET response" in lines and "glo-" not in lines


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with a name here")
@pytest.mark.parametrize(
    ("interface", "kind"), [("dlms-serial", ""), ("dlms-serial", "serial:"), ("dlms-decrypted", "serial:")]
)
def test_extcap_ends_on_an_idle_line_when_its_reader_is_gone(
    bus: tuple[int, str], tmp_path: Path, interface: str, kind: str
) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    words = ["--capture", "--fifo", str(fifo), "--source", kind + bus[1]]
    child = program("extcap", "--extcap-interface", interface, *words)
    with fifo.open("rb", buffering=0) as reader:
        assert reader.read(4) == b"\n\r\r\n"
    try:
        _, said = child.communicate(timeout=8)
    finally:
        child.kill()
    assert child.returncode == 0 and "Traceback" not in said


@pytest.mark.skipif(os.name != "posix", reason="modes of files are of POSIX")
def test_capture_that_nobody_named_is_kept_for_its_owner_alone(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "analyzer.cli.main", "live", "-", "-q"]
    with SAMPLE.open("rb") as stdin:
        ran = subprocess.run(
            words, stdin=stdin, capture_output=True, text=True, timeout=60, env={**os.environ, "TMPDIR": str(tmp_path)}
        )
    assert ran.returncode == 0, ran.stderr
    (kept,) = tmp_path.glob("dlmshark-*.pcapng")
    assert kept.stat().st_mode & 0o777 == 0o600
    assert str(kept) in ran.stderr


def test_list_names_interfaces_and_ports_as_sources(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("captures.sniffer.interfaces", lambda: [("lo", ""), ("eth0", "wired")])
    monkeypatch.setattr("captures.port_faults.serial_ports", lambda: [("/dev/ttyUSB0", "FT232R")])
    for words in (["-D"], ["live", "-D"], ["live", "--list-interfaces"]):
        assert main(words) == 0
        assert capsys.readouterr().out.splitlines() == ["iface:lo", "iface:eth0  wired", "serial:/dev/ttyUSB0  FT232R"]
    assert main(["live", "-D", "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[1]) == {"source": "iface:eth0", "description": "wired"}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with a name here")
def test_pipe_in_place_of_a_source_is_told_how_it_is_read(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert main(["live", str(pipe)]) == 2
    assert capsys.readouterr().err == f"dlmshark: {pipe}: a pipe; - reads one from stdin: dlmshark live - < {pipe}\n"
    assert main(["record", str(pipe), "-o", str(tmp_path / "x.pcapng")]) == 2
    assert capsys.readouterr().err.endswith(f": dlmshark record - < {pipe}\n")


@pytest.mark.parametrize("command", [["live"], ["record", "-o", "none.pcapng"]])
def test_file_in_place_of_a_source_is_told_what_opens_it(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, str(SAMPLE)]) == 2
    assert capsys.readouterr().err == f"dlmshark: {SAMPLE}: a file, and no live source; dlmshark {SAMPLE} opens it\n"


def recorders_of(child: subprocess.Popen[str]) -> list[int]:
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(child.pid)], capture_output=True, text=True, check=False)
    return [int(one) for one in listed.stdout.split()]


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="check not run: no /proc here")
@pytest.mark.parametrize(
    ("words", "said_last"),
    [((), "more may have come"), (("--expect", "get"), "the recording ended before a record came that was expected")],
)
def test_recorder_that_is_killed_fails_the_command(
    bus: tuple[int, str], tmp_path: Path, words: tuple[str, ...], said_last: str
) -> None:
    master, name = bus
    path = tmp_path / "k.pcapng"
    child = program("live", f"serial:{name}", "--baud", "9600", "--format", "8N1", "-o", str(path), "--json", *words)
    wait_for(child, lambda: path.exists() and path.stat().st_size > 100)
    os.write(master, SNRM)
    assert lines_until(child, 1)
    for one in recorders_of(child):
        os.kill(one, signal.SIGKILL)
    _, said = child.communicate(timeout=30)
    assert child.returncode == 3, said
    assert "ended by signal 9" in said and said_last in said


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="check not run: no /proc here")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupt_before_anything_is_recorded_leaves_no_file_and_no_recorder(
    bus: tuple[int, str], tmp_path: Path, number: signal.Signals
) -> None:
    held, temporary = tmp_path / "held", tmp_path / "temporary"
    temporary.mkdir()
    holds = f"import sys, time\nif 'record' in sys.orig_argv:\n open({str(held)!r}, 'w').close()\n time.sleep(60)\n"
    (tmp_path / "sitecustomize.py").write_text(holds)
    path = os.pathsep.join((str(tmp_path), *sys.path))
    child = program("live", f"serial:{bus[1]}", env={**os.environ, "TMPDIR": str(temporary), "PYTHONPATH": path})
    wait_for(child, held.exists)
    recorders = recorders_of(child)
    child.send_signal(number)
    _, said = child.communicate(timeout=30)
    assert child.returncode == 128 + number, said
    assert recorders and not any(Path(f"/proc/{one}").exists() for one in recorders)
    assert not list(temporary.iterdir()) and "Traceback" not in said


def test_source_of_no_kind_is_one_line_also_from_the_recorder() -> None:
    child = program("live", "foo:bar:baz")
    _, said = child.communicate(timeout=60)
    assert child.returncode in (2, 3)
    assert said.startswith("dlmshark: foo:bar:baz") and len(said.splitlines()) == 1 and "analyzer." not in said


@pytest.mark.parametrize(
    "name", ["none.pcap", "some/none.pcap", "serial:some/none", "iface:none.txt", "./none.PCAPNG.gz"]
)
@pytest.mark.parametrize("command", [["live"], ["record", "-o", "none.pcapng"]])
def test_capture_that_is_not_there_in_place_of_a_source_is_told_as_no_file_either(
    name: str, command: list[str], capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([*command, name]) == 5
    said = capfd.readouterr().err
    assert re.search(
        r"none\S*: no such (port|interface), and no such file; a capture is opened by dlmshark FILE$", said
    )
