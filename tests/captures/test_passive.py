"""Nothing is ever written to what is listened to: every call that could reach a port or a socket is seen here.

The ports are pseudo-terminals that pyserial itself opens, the sockets those of the sources: what is watched stands
below them, in the modules ``os``, ``fcntl``, ``termios`` and ``socket``.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from analyzer.live.serial_recorder import SerialRecorder, interface_of
from analyzer.live.status import Status
from analyzer.tracking.line_follower import CANDIDATES, LineFollower
from captures.chunk import CaptureError
from captures.serial_line import LineSettings, Modem, SerialLine
from captures.sniff import SocketSniffer
from captures.sniff_streams import PipeSniffer
from captures.sniffer import Wishes
from captures.spool import Spool
from tests.analyzer.live.paced import Line

fcntl = pytest.importorskip("fcntl", reason="check not run: no ioctls here")
termios = pytest.importorskip("termios", reason="check not run: no terminals here")

SNRM = bytes.fromhex("7EA00703 21930F01 7E")
_HARMLESS = ("TIOCMBIC", "TIOCINQ", "TIOCEXCL", "TIOCNXCL", "TIOCMGET", "TIOCGSERIAL", "TCGETS2")
_SENDS = ("send", "sendall", "sendto", "sendmsg", "sendfile")
_BREAKS = ("tcsendbreak", "tcflow")


class Watch:
    """Every call that could say something to the other side."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        """To terminals."""
        self.controls: list[str] = []
        self.sent: list[str] = []
        self.attributes: list[list[Any]] = []

    def sees(self, name: str) -> bool:
        """Tell whether a control call of this name was made."""
        return name in self.controls


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Iterator[Watch]:
    seen = Watch()
    names = {getattr(termios, one): one for one in dir(termios) if one.startswith("TIOC")}

    def watched(module: Any, name: str, note: Callable[..., None]) -> None:
        real = getattr(module, name)

        def call(*arguments: Any, **more: Any) -> Any:
            note(*arguments)
            return real(*arguments, **more)

        monkeypatch.setattr(module, name, call)

    watched(
        os, "write", lambda descriptor, octets: seen.written.append(bytes(octets)) if os.isatty(descriptor) else None
    )
    watched(fcntl, "ioctl", lambda _, request, *rest: seen.controls.append(names.get(request, hex(request))))
    watched(termios, "tcsetattr", lambda _, when, state: seen.attributes.append(list(state)))
    for name in _BREAKS:
        watched(termios, name, lambda *arguments, name=name: seen.controls.append(name))
    for name in _SENDS:
        real = getattr(socket.socket, name)

        def call(self: socket.socket, *arguments: Any, name: str = name, real: Any = real) -> Any:
            if self.family != getattr(socket, "AF_NETLINK", None):  # what Scapy asks the kernel about interfaces
                seen.sent.append(name)
            return real(self, *arguments)

        monkeypatch.setattr(socket.socket, name, call)
    yield seen


@pytest.mark.parametrize("taps", [1, 2])
@pytest.mark.parametrize("searches", [False, True])
def test_ports_are_never_written_to(taps: int, searches: bool, watch: Watch, tmp_path: Path) -> None:
    line = Line(tmp_path, taps)
    ports = [SerialLine(name, LineSettings(), Modem()) for name in line.names]
    for port in ports:
        port.open()
    said: list[str] = []
    over, status = threading.Event(), Status()
    status.is_over = over.is_set
    spool = Spool(str(tmp_path / "s.pcapng"), [interface_of(ports, "")])
    follower = LineFollower(CANDIDATES[0], searches=True) if searches else LineFollower(LineSettings(), follows=False)
    recorder = SerialRecorder(ports, spool, follower, status, said.append)
    thread = threading.Thread(target=recorder.run, args=(over.is_set,))
    thread.start()
    noise = bytes((0x80, 0x00, 0xF8, 0x91, 0x00, 0xFE)) * 8
    for _ in range(30):
        line.send(noise if searches else SNRM, 0)
        time.sleep(0.02)
    until = time.monotonic() + 20
    while searches and not any("trying the next" in text for text in said) and time.monotonic() < until:
        line.send(noise, 0)  # a machine that is busy reads much of it at once
        time.sleep(0.02)
    time.sleep(0.3)
    line.pull()
    time.sleep(0.6)
    line.plug()
    until = time.monotonic() + 20
    while sum("is back" in text for text in said) < taps and time.monotonic() < until:
        time.sleep(0.05)
    line.send(SNRM, 0)
    time.sleep(0.3)
    over.set()
    thread.join(20)
    spool.close()
    assert sum("is back" in text for text in said) == taps
    assert searches == any("trying the next" in text for text in said)
    assert set(watch.written) == {noise if searches else SNRM, SNRM}, "only this test wrote, to the far ends"
    assert set(watch.controls) <= set(_HARMLESS), watch.controls
    assert watch.sees("TIOCMBIC") and not watch.sees("TIOCMBIS")
    assert watch.attributes and not any(state[0] & (termios.IXON | termios.IXOFF) for state in watch.attributes)
    assert not any(state[2] & getattr(termios, "CRTSCTS", 0) for state in watch.attributes)


def test_modem_lines_are_raised_only_where_the_user_says_so(watch: Watch, tmp_path: Path) -> None:
    line = Line(tmp_path, 1)
    port = SerialLine(line.names[0], LineSettings(), Modem(dtr=True))
    port.open()
    port.close()
    assert watch.sees("TIOCMBIS")


def test_sockets_are_never_written_to(watch: Watch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        for kind in ("rfc2217", "socket"):
            tap = SerialLine(f"{kind}://127.0.0.1:{server.getsockname()[1]}", LineSettings())
            tap.open()
            peer, _ = server.accept()
            with peer:
                os.write(peer.fileno(), b"\xff\xfd\x2c" + SNRM)
                while (read := tap.read()) is None:
                    pass
                assert read.octets.endswith(SNRM)
                tap.change(LineSettings(2400))
            tap.close()
    assert watch.sent == []


@pytest.mark.parametrize("source", [SocketSniffer, lambda wishes: PipeSniffer(wishes, "tcpdump")])
def test_interfaces_are_never_written_to(source: Callable[[Wishes], Any], watch: Watch) -> None:
    try:
        sniffer = source(Wishes("lo", bpf="udp port 40596"))
    except CaptureError:
        pytest.skip("check not run: no right to capture on lo, or no tcpdump")
    sniffer.take()
    sniffer.dropped()
    sniffer.close()
    assert watch.sent == []
