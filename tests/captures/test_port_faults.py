"""What goes wrong with a serial port is told in words that help, on POSIX and on Windows."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from captures.chunk import CaptureError, CapturePermissionError
from captures.port_faults import others, told, told_while_read, who_has_it
from captures.serial_line import LineSettings, SerialLine

PORT = "could not open port 'COM3': "
needs_terminals = pytest.mark.skipif(not hasattr(os, "openpty"), reason="check not run: no pseudo-terminals here")


def opening(url: str, error: Exception) -> str:
    with pytest.raises(CaptureError) as caught, told(url):
        raise error
    return str(caught.value)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OSError(PORT + "PermissionError(13, 'Access is denied.', None, 5)"), "COM3: another program has it open"),
        (OSError(PORT + "FileNotFoundError(2, 'The system cannot find it.', None, 2)"), "COM3: no such port; "),
        (OSError(21, "could not open port x: [Errno 21] Is a directory: 'x'"), "COM3: this is no serial port; "),
        (OSError("Could not configure port: (25, 'Inappropriate ioctl for device')"), "COM3: this is no serial port; "),
        (OSError(16, "could not open port: [Errno 16] Device or resource busy"), "COM3: another program has it open"),
        (ValueError("Not a valid baudrate: 7"), "COM3: Not a valid baudrate: 7"),
    ],
)
def test_port_that_does_not_open_says_why(error: Exception, expected: str) -> None:
    assert opening("COM3", error).startswith(expected)


@pytest.mark.skipif(os.name != "posix", reason="check not run: no groups here")
def test_missing_right_names_the_group_of_the_device(tmp_path: Path) -> None:
    import grp

    port = tmp_path / "tty"
    port.touch(0o640)
    group = grp.getgrgid(port.stat().st_gid).gr_name
    assert f"usermod -aG {group} $USER" in opening(str(port), PermissionError(13, "Permission denied"))
    port.chmod(0o600)
    assert opening(str(port), PermissionError(13, "Permission denied")).endswith("only its owner may")


def test_port_that_is_unplugged_is_told_in_our_words_and_a_server_in_its_own() -> None:
    ours = OSError("device reports readiness to read but returned no data (device disconnected or …)")
    for url, error, expected in (
        ("/dev/ttyUSB0", ours, "/dev/ttyUSB0: unplugged, or another program reads it too"),
        ("socket://h:1", OSError("the terminal server closed the connection"), "socket://h:1: the terminal server cl"),
    ):
        with pytest.raises(CaptureError) as caught, told_while_read(url):
            raise error
        assert str(caught.value).startswith(expected)


@needs_terminals
@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="check not run: the system does not tell")
def test_program_that_has_the_port_open_is_named() -> None:
    _, slave = os.openpty()
    name = os.ttyname(slave)
    assert others(name) == []
    words = [sys.executable, "-c", "import sys; file = open(sys.argv[1]); print(); sys.stdin.read()", name]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(words, **pipes) as other:
        assert other.stdout is not None
        other.stdout.readline()
        (found,) = others(name)
        assert found.endswith(f"({other.pid})") and who_has_it(name) == f"{found} has it open"
        with pytest.raises(CapturePermissionError, match=rf"\({other.pid}\) has it open"), told(name):
            raise OSError("Could not exclusively lock port")
        other.communicate()
    assert others(str(Path(__file__))) == []
    assert who_has_it(name) == ""


def test_programs_that_have_the_port_open_are_named_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("captures.port_faults.others", lambda url: ["minicom (4711)", "ModemManager (612)"])
    assert who_has_it("/dev/ttyUSB0") == "minicom (4711) and ModemManager (612) have it open"


@needs_terminals
@pytest.mark.skipif(sys.platform != "linux", reason="check not run: how a terminal says that it is exclusive differs")
def test_port_is_ours_alone_also_for_programs_that_ask_for_no_lock() -> None:
    import fcntl

    _, slave = os.openpty()
    line = SerialLine(os.ttyname(slave), LineSettings())
    tells, is_exclusive = 0x80045440, bytes(4)  # TIOCGEXCL; for the superuser every port opens
    assert not any(fcntl.ioctl(slave, tells, is_exclusive))
    line.open()
    assert any(fcntl.ioctl(slave, tells, is_exclusive))
    line.close()
    assert not any(fcntl.ioctl(slave, tells, is_exclusive))
