"""Serial taps: marks of the kernel, terminal servers that are only listened to, and what the system refuses."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captures.chunk import CaptureError, CapturePermissionError
from captures.serial_line import BREAK, PARITY_ERROR, LineSettings, Marks, SerialLine, line_settings


def marked(octets: bytes, wrong: set[int]) -> bytes:
    """Write octets as a terminal with PARMRK hands them on."""
    found = b""
    for place, octet in enumerate(octets):
        if place in wrong:
            found += bytes((0xFF, 0, octet))
        else:
            found += b"\xff\xff" if octet == 0xFF else bytes((octet,))
    return found


@given(st.binary(max_size=40), st.sets(st.integers(0, 39)), st.sets(st.integers(1, 120)))
def test_marks_give_octets_and_places_in_any_cut(octets: bytes, wrong: set[int], cuts: set[int]) -> None:
    wrong = {place for place in wrong if place < len(octets)}
    stream = marked(octets, wrong)
    marks, plain, places = Marks(), b"", []
    edges = [0, *sorted(cut for cut in cuts if cut < len(stream)), len(stream)]
    for begin, end in pairwise(edges):
        found, errors = marks.take(stream[begin:end])
        places += [(len(plain) + place, what) for place, what in errors]
        plain += found
    assert plain == octets
    assert places == [(place, PARITY_ERROR if octets[place] else BREAK) for place in sorted(wrong)]


@pytest.mark.parametrize(
    ("text", "settings"),
    [("8N1", LineSettings(9600)), ("7e1", LineSettings(9600, 7, "E")), ("8O2", LineSettings(9600, 8, "O", 2))],
)
def test_format_is_read_as_people_write_it(text: str, settings: LineSettings) -> None:
    assert line_settings(text) == settings


@pytest.mark.parametrize("text", ["", "8N", "9N1", "8X1", "8N3", "8N1 "])
def test_format_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="8N1 or 7E1"):
        line_settings(text)


def test_port_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(CapturePermissionError, match="ttyNone: no such port"):
        SerialLine("/dev/ttyNone", LineSettings()).open()


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="check not run: no pseudo-terminals here")
def test_port_of_another_program_is_named() -> None:
    _, slave = os.openpty()
    first = SerialLine(os.ttyname(slave), LineSettings())
    first.open()
    with pytest.raises(CapturePermissionError, match="another program has it open"):
        SerialLine(os.ttyname(slave), LineSettings()).open()
    first.close()


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="check not run: no pseudo-terminals here")
def test_pseudo_terminal_hands_on_every_octet_value() -> None:
    master, slave = os.openpty()
    line = SerialLine(os.ttyname(slave), LineSettings())
    line.open()
    sent = bytes(range(256)) * 4
    os.write(master, sent)
    heard = b""
    until = time.monotonic() + 20  # the system hands them on when it comes to it
    while len(heard) < len(sent) and time.monotonic() < until:
        read = line.read()
        if read is not None:
            assert not read.errors
            heard += read.octets
    line.close()
    assert heard == sent


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="check not run: no pseudo-terminals here")
def test_port_that_refuses_a_setting_goes_on_marking() -> None:
    master, slave = os.openpty()
    line = SerialLine(os.ttyname(slave), LineSettings())
    line.open()
    with contextlib.suppress(CaptureError):  # a pseudo-terminal takes the speed, and no seven bits
        line.change(LineSettings(300, 7, "E"))
    os.write(master, b"\xff\x41\xff\x42")
    heard, until = b"", time.monotonic() + 20
    while len(heard) < 4 and time.monotonic() < until:
        heard += read.octets if (read := line.read()) else b""
        if heard.endswith(b"B"):
            break
    line.close()
    assert heard == b"\xff\x41\xff\x42"


def served(octets: bytes, received: list[bytes]) -> int:
    """Serve *octets* once on a port of this machine, and keep what the other side sends."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        peer, _ = server.accept()
        with peer, server:
            for at in range(0, len(octets), 7):
                peer.sendall(octets[at : at + 7])
            peer.settimeout(0.3)
            try:
                received.append(peer.recv(100))
            except TimeoutError:
                received.append(b"")

    threading.Thread(target=serve, daemon=True).start()
    return int(server.getsockname()[1])


def heard_from(url: str) -> bytes:
    line = SerialLine(url, LineSettings())
    line.open()
    heard = b""
    with pytest.raises(CaptureError):
        while True:
            read = line.read()
            heard += read.octets if read else b""
    line.close()
    return heard


def test_terminal_server_is_listened_to_and_told_nothing() -> None:
    received: list[bytes] = []
    frame = bytes.fromhex("7EA00703 21930F01 7E FF")
    stream = b"\xff\xfd\x2c" + frame[:4] + b"\xff\xfa\x2c\x6a\x00\xff\xf0" + frame[4:9] + b"\xff\xff" + b"\xff\xf1"
    port = served(stream, received)
    assert heard_from(f"rfc2217://127.0.0.1:{port}") == frame
    assert received == [b""]


def test_socket_is_listened_to_and_told_nothing() -> None:
    received: list[bytes] = []
    port = served(bytes(range(256)), received)
    assert heard_from(f"socket://127.0.0.1:{port}") == bytes(range(256))
    assert received == [b""]


def test_terminal_server_that_is_gone_without_a_word_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[socket.socket] = []
    connect = socket.create_connection

    def connected(address: tuple[str, int], timeout: float) -> socket.socket:
        assert timeout < 5, "who ends a recording waits so long for its end"
        opened.append(connect(address, timeout))
        return opened[-1]

    monkeypatch.setattr(socket, "create_connection", connected)
    line = SerialLine(f"socket://127.0.0.1:{served(b'', [])}", LineSettings())
    line.open()
    assert opened[-1].getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    if hasattr(socket, "TCP_KEEPIDLE"):
        assert opened[-1].getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 60
    line.close()


def test_url_of_an_unknown_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="nonsense://"):
        SerialLine("nonsense://x", LineSettings()).open()
