"""What pyserial opens by a URL: a terminal server whose line is to be set, and a port that hears itself."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from captures.serial_line import LineSettings, Modem, SerialLine

FRAME = bytes.fromhex("7EA00703 21930F01 7E")
_PATIENCE_S = 20


class TerminalServer:
    """A server of RFC 2217 on a port of this machine, made of pyserial's own; *line* is what its port was set to."""

    def __init__(self) -> None:
        from serial.rfc2217 import PortManager

        self.line = SimpleNamespace(
            baudrate=1200, bytesize=8, parity="N", stopbits=1, rts=True, dtr=True, xonxoff=True, rtscts=True,
            break_condition=False, cts=False, dsr=False, ri=False, cd=False, reset_input_buffer=lambda: None,
            reset_output_buffer=lambda: None,
        )  # fmt: skip
        self.received = b""
        """Octets that were sent to the line."""
        self._server = socket.create_server(("127.0.0.1", 0))
        self._peer: socket.socket | None = None
        self._manager: Callable[..., Any] = PortManager
        self.url = f"rfc2217://127.0.0.1:{self._server.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        self._peer, _ = self._server.accept()
        manager = self._manager(self.line, SimpleNamespace(write=self._peer.sendall))
        while octets := self._take():
            self.received += b"".join(manager.filter(octets))

    def _take(self) -> bytes:
        assert self._peer is not None
        try:
            return self._peer.recv(1024)
        except OSError:
            return b""

    def send(self, octets: bytes) -> None:
        """Have the line say *octets*."""
        assert self._peer is not None
        self._peer.sendall(octets.replace(b"\xff", b"\xff\xff"))

    def close(self) -> None:
        for one in (self._peer, self._server):
            if one is not None:
                one.close()
        self._thread.join(_PATIENCE_S)


@pytest.fixture
def server() -> Iterator[TerminalServer]:
    made = TerminalServer()
    yield made
    made.close()


def heard(line: SerialLine, count: int) -> bytes:
    found, until = b"", time.monotonic() + _PATIENCE_S
    while len(found) < count and time.monotonic() < until:
        read = line.read()
        found += read.octets if read else b""
    return found


def wait_for(is_so: Callable[[], bool]) -> bool:
    until = time.monotonic() + _PATIENCE_S
    while not is_so() and time.monotonic() < until:
        time.sleep(0.02)
    return is_so()


def test_terminal_server_takes_the_settings_where_the_user_says_so(server: TerminalServer) -> None:
    line = SerialLine(server.url, LineSettings(300, 7, "E"), Modem(), sets_line=True)
    line.open()
    told = server.line
    assert (told.baudrate, told.bytesize, told.parity, told.stopbits) == (300, 7, "E", 1)
    assert not (told.rts or told.dtr or told.xonxoff or told.rtscts)
    server.send(FRAME + b"\xff\x00")
    assert heard(line, len(FRAME) + 2) == FRAME + b"\xff\x00"
    line.change(LineSettings(9600))
    assert wait_for(lambda: (told.baudrate, told.bytesize, told.parity) == (9600, 8, "N"))
    line.close()
    assert server.received == b"", "settings alone go to the server, no octet to its line"


def test_terminal_server_is_left_as_it_is_without_a_word_of_the_user(server: TerminalServer) -> None:
    line = SerialLine(server.url, LineSettings(300, 7, "E"))
    line.open()
    assert wait_for(lambda: server._peer is not None)
    server.send(FRAME)
    assert heard(line, len(FRAME)) == FRAME
    line.change(LineSettings(9600))
    line.close()
    assert (server.line.baudrate, server.line.rts, server.received) == (1200, True, b"")


def test_loop_is_listened_to_like_any_port() -> None:
    line = SerialLine("loop://", LineSettings(2400))
    line.open()
    assert line.read() is None
    line._port.write(FRAME)  # a loop hears what is said into it: nobody else can
    assert heard(line, len(FRAME)) == FRAME
    line.change(LineSettings(300, 7, "E"))
    line.close()
