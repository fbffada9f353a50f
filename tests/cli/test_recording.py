"""``record`` as a program that is killed, told to turn, read by Wireshark while it writes, and refused its rights."""

from __future__ import annotations

import importlib
import os
import random
import select
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from captures import open_source, rtac
from captures.samples import sample_path

SNRM = bytes.fromhex("7EA00703 21930F01 7E")
KILLS = int(os.environ.get("DLMSHARK_KILLS", "12"))
needs_terminals = pytest.mark.skipif(not hasattr(os, "openpty"), reason="check not run: no pseudo-terminals here")
needs_tshark = pytest.mark.skipif(shutil.which("tshark") is None, reason="check not run: no tshark here")


def program(*words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "analyzer.cli.main", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.fixture
def bus() -> Iterator[tuple[int, str]]:
    master, slave = os.openpty()
    importlib.import_module("tty").setraw(slave)  # it echoes nothing
    yield master, os.ttyname(slave)
    assert not select.select([master], [], [], 0)[0], "something was sent to the line"
    os.close(master)
    os.close(slave)


def recorded(name: str, path: Path) -> subprocess.Popen[str]:
    """Begin a recording, and wait until it listens."""
    child = program("record", f"serial:{name}", "--baud", "9600", "--format", "8N1", "-o", str(path))
    until = time.monotonic() + 60
    while not path.exists() or path.stat().st_size < 100:
        assert child.poll() is None and time.monotonic() < until, child.communicate()
        time.sleep(0.02)
    return child


def octets_in(path: Path) -> bytes:
    with open_source(str(path)) as source:
        found = b"".join(chunk.octets[rtac.HEADER_LENGTH :] for chunk in source)
        assert not source.remarks or [one.code for one in source.remarks] == ["capture-cut"]
    return found


@pytest.mark.skipif(os.name != "posix", reason="Windows has no signals to send")
def test_recording_that_ends_by_itself_while_it_is_told_to_end_has_its_status(tmp_path: Path) -> None:
    heard, told = os.pipe()
    words = ("record", "-", "-o", str(tmp_path / "x.pcapng"), "--json", "--quiet", "--control", str(heard))
    child = subprocess.Popen(
        [sys.executable, "-m", "analyzer", *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        pass_fds=(heard,),
    )  # fmt: skip
    assert child.stdin is not None and child.stdout is not None
    child.stdin.write(sample_path("ln-wrapper").read_bytes())
    child.stdin.close()
    child.stdout.readline()
    while child.poll() is None:
        child.send_signal(signal.SIGINT)
        time.sleep(0.0005)
    os.close(told)
    os.close(heard)
    assert child.stderr is not None
    assert child.returncode == 0, child.stderr.read().decode()


@needs_terminals
def test_killed_recording_opens_and_lacks_at_most_its_last_second(tmp_path: Path) -> None:
    chance = random.Random(41)
    for trial in range(KILLS):
        master, slave = os.openpty()
        path = tmp_path / f"{trial}.pcapng"
        child = recorded(os.ttyname(slave), path)
        lasts = chance.uniform(0, 0.6) + 1.5 * (trial % 2)  # some soon, some when octets have to be there
        kill_at = time.monotonic() + lasts
        sent: list[tuple[float, bytes]] = []
        while (now := time.monotonic()) < kill_at:
            part = len(sent).to_bytes(4, "big") * 4
            os.write(master, part)
            sent.append((now, part))
            time.sleep(0.005)
        heard = octets_in(path)  # read while it writes
        child.send_signal(signal.SIGKILL)
        killed = time.monotonic()
        child.communicate(timeout=20)
        found = octets_in(path)
        whole = b"".join(part for _, part in sent)
        assert whole.startswith(found) and found.startswith(heard)
        due = sum(len(part) for at, part in sent if at < killed - 1)
        assert len(found) >= due
        assert due or not trial % 2
        os.close(master)
        os.close(slave)


@needs_terminals
@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="check not run: no SIGHUP here")
def test_hangup_begins_another_file_and_loses_nothing(bus: tuple[int, str], tmp_path: Path) -> None:
    master, name = bus
    path = tmp_path / "r.pcapng"
    child = recorded(name, path)
    for number in range(60):
        os.write(master, bytes((number,)) * 8)
        time.sleep(0.01)
        if number in (20, 40):
            child.send_signal(signal.SIGHUP)
            time.sleep(0.5)
    time.sleep(0.5)
    child.send_signal(signal.SIGTERM)
    _, said = child.communicate(timeout=20)
    assert child.returncode == 0, said
    files = [path, *sorted(tmp_path.glob("r_0*"))]
    assert len(files) == 3
    assert b"".join(map(octets_in, files)) == b"".join(bytes((number,)) * 8 for number in range(60))


def tshark(*words: str) -> str:
    return subprocess.run(["tshark", *words], capture_output=True, text=True, timeout=120, check=False).stdout


@needs_terminals
@needs_tshark
def test_wireshark_reads_the_spool_while_it_grows(bus: tuple[int, str], tmp_path: Path) -> None:
    master, name = bus
    path = tmp_path / "s.pcapng"
    child = recorded(name, path)
    for count in (1, 2):
        os.write(master, SNRM)
        time.sleep(1)
        lines = tshark("-r", str(path), "-T", "fields", "-e", "frame.number", "-e", "frame.protocols").splitlines()
        assert len(lines) == count and "rtacser" in lines[-1], lines
    child.send_signal(signal.SIGINT)
    child.communicate(timeout=20)


@needs_terminals
@needs_tshark
def test_wireshark_captures_through_our_interface(bus: tuple[int, str], tmp_path: Path) -> None:
    master, name = bus
    home = {**os.environ, "HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "config")}

    def extcap(word: str) -> str:
        line = [sys.executable, "-m", "analyzer.cli.main", "extcap", word]
        return subprocess.run(line, capture_output=True, text=True, timeout=60, check=True, env=home).stdout

    assert "DLMS serial bus" in extcap("--install")
    path = tmp_path / "w.pcapng"
    options = (f"extcap.dlms_serial.source:{name}", "extcap.dlms_serial.baud:9600", "extcap.dlms_serial.format:8N1")
    words = [part for one in options for part in ("-o", one)]
    child = subprocess.Popen(
        ["tshark", "-i", "dlms-serial", *words, "-w", str(path), "-a", "packets:3"], env=home,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    until = time.monotonic() + 90
    while child.poll() is None and time.monotonic() < until:
        os.write(master, SNRM)
        time.sleep(0.5)
    if child.poll() is None:
        child.send_signal(signal.SIGINT)
    _, said = child.communicate(timeout=60)
    assert path.exists(), said
    assert SNRM in octets_in(path), said
    assert "taken away" in extcap("--uninstall")
    assert "not there" in extcap("--uninstall")
    assert not list(tmp_path.rglob("dlmshark-extcap*"))


@pytest.mark.skipif(
    shutil.which("setpriv") is None or os.geteuid() != 0, reason="check not run: no setpriv, or not root"
)
def test_missing_right_is_told_with_what_would_give_it(tmp_path: Path) -> None:
    rights = "-net_raw,-net_admin"
    line = ["setpriv", f"--bounding-set={rights}", f"--inh-caps={rights}", sys.executable, "-m", "analyzer.cli.main"]
    line += ["record", "iface:lo", "-o", str(tmp_path / "x.pcapng")]
    done = subprocess.run(line, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 5, done.stderr
    assert done.stderr.startswith("dlmshark: lo: no permission to capture; ") and done.stderr.count("\n") == 1
    assert f"sudo setcap cap_net_raw,cap_net_admin=ep {os.path.realpath(sys.executable)}" in done.stderr
    assert "sudo tcpdump -U -w - -i lo | dlmshark live -" in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="check not run: no systemd-analyze here")
def test_unit_of_the_documentation_is_one_that_systemd_takes(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "live.md").read_text(encoding="utf-8")
    unit = tmp_path / "dlmshark-uplink.service"
    text = page.split("```ini\n")[1].split("```")[0]
    unit.write_text(text.replace("/usr/local/bin/dlmshark", sys.executable), encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    words = text.split("ExecStart=/usr/local/bin/dlmshark ")[1].splitlines()[0].replace("%S", str(tmp_path))
    from analyzer.cli.record import parser

    assert parser().parse_args(shlex.split(words)[1:]).rotate_time
