"""Serial ports as taps: octets with the time they came and the errors the receiver saw. They listen and never send.

RTS and DTR are set low before a port opens and stay as they were set; software flow control is off; the port is ours
alone. On Linux the kernel marks characters with parity and framing errors (PARMRK) instead of dropping them.
Source: pyserial; termios(3) for the marks; RFC 854 for what a terminal server adds to the octets.
"""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from captures.chunk import CaptureError
from captures.port_faults import PORT_ERRORS, reason, told, told_while_read

PARITY_ERROR, BREAK = "parity or framing error", "break"
"""Line errors: the kernel does not tell the two first ones apart."""

_BEGIN_NS = time.time_ns() - time.monotonic_ns()
_WAIT_S = 0.02
_MOST_READ = 4096
_DATA_BITS, _PARITIES, _STOP_BITS = (5, 6, 7, 8), "NEOMS", (1, 2)
_IAC, _SB, _SE = 0xFF, 0xFA, 0xF0
_OPTION_COMMANDS = range(0xFB, 0xFF)
_CONNECT_S = 4
"""So long a terminal server may take: less than who ends a recording waits for its end."""
_KEEP_ALIVE = {"TCP_KEEPIDLE": 60, "TCP_KEEPALIVE": 60, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3}
"""Seconds and probes after which a server that lost its power, or the way to it, counts as gone; no octet is sent."""


class LineSettings(NamedTuple):
    """Speed and format of the characters on a line: 9600 8N1."""

    baud: int = 9600
    data_bits: int = 8
    parity: str = "N"
    stop_bits: int = 1

    def __str__(self) -> str:
        return f"{self.baud} {self.data_bits}{self.parity}{self.stop_bits}"

    @property
    def character_ns(self) -> int:
        """Tell how long a character takes, in nanoseconds."""
        bits = 1 + self.data_bits + (self.parity != "N") + self.stop_bits
        return bits * 1_000_000_000 // self.baud


def line_settings(text: str, baud: int = 9600) -> LineSettings:
    """Read a format as people write it: ``7E1``. Raises: ValueError."""
    told = text.upper()
    if len(told) != 3 or told[0] not in "5678" or told[1] not in _PARITIES or told[2] not in "12":
        raise ValueError(f"{text}: data bits, parity and stop bits were expected, such as 8N1 or 7E1")
    return LineSettings(baud, int(told[0]), told[1], int(told[2]))


class LineRead(NamedTuple):
    """Octets that came together, at a time of :func:`steady_ns`, and the errors in them: (place, what)."""

    time_ns: int
    octets: bytes
    errors: tuple[tuple[int, str], ...] = ()


class Modem(NamedTuple):
    """The two lines that a tap may have to hold for the power of a probe; low unless the user says otherwise."""

    rts: bool = False
    dtr: bool = False


class SerialLine:
    """One tap. *url* is a device, or what pyserial opens: rfc2217://, socket://, loop://.

    *opener* makes the port object that is not yet open, *marker* has the system mark errors in what it reads and tells
    whether it does; tests give those that record every call.
    """

    def __init__(
        self, url: str, settings: LineSettings, modem: Modem = Modem(), *, sets_line: bool = False,  # noqa: B008
        opener: Callable[[str], Any] | None = None, clock: Callable[[], int] | None = None,
        marker: Callable[[Any], bool] | None = None,
    ) -> None:  # fmt: skip
        self.url = url
        self.settings = settings
        self._modem = modem
        self._opener = opener or _opener(url, sets_line=sets_line)
        self._clock = clock or steady_ns
        self._mark_errors = marker or mark_errors
        self._port: Any = None
        self._marks = Marks()
        self.marks_errors = False
        """Whether the system marks characters with errors."""

    def open(self) -> None:
        """Open the port. Raises: CaptureError, CapturePermissionError."""
        port = self._opener(self.url)
        with told(self.url):
            port.rts, port.dtr = self._modem
            port.xonxoff = port.rtscts = port.dsrdtr = False
            port.timeout = _WAIT_S
            self._apply(port)
            with contextlib.suppress(AttributeError, ValueError, NotImplementedError):
                port.exclusive = True
            port.open()
        self._port = port
        _keep_alone(port, is_wished=True)
        self.marks_errors = self._mark_errors(port)
        self._marks = Marks()

    def read(self) -> LineRead | None:
        """Return what came, waiting a little; None if nothing did. Raises: CaptureError if the port is gone."""
        with told_while_read(self.url):
            octets = self._port.read(1)
            if octets:
                waiting = self._port.in_waiting
                if waiting:
                    octets += self._port.read(min(waiting, _MOST_READ))
        if not octets:
            return None
        time_ns = self._clock()
        if not self.marks_errors:
            return LineRead(time_ns, bytes(octets))
        plain, errors = self._marks.take(bytes(octets))
        return LineRead(time_ns, plain, errors) if plain or errors else None

    def change(self, settings: LineSettings) -> None:
        """Listen with other settings from now on. Raises: CaptureError."""
        self.settings = settings
        if self._port is not None:
            try:
                with told(self.url):
                    self._apply(self._port)
            finally:  # each setting that was taken cleared the marks, whatever became of the others
                self.marks_errors = self._mark_errors(self._port)

    def close(self) -> None:
        """Close the port; a second call does nothing."""
        port, self._port = self._port, None
        if port is not None:
            _keep_alone(port, is_wished=False)
            with contextlib.suppress(Exception):
                port.close()

    @property
    def latency_ms(self) -> int | None:
        """Tell how late octets may come out of a USB adapter, where the system says so."""
        name = self.url.rpartition("/")[2]
        try:
            with open(f"/sys/bus/usb-serial/devices/{name}/latency_timer", encoding="ascii") as file:
                return int(file.read())
        except (OSError, ValueError):
            return None

    def _apply(self, port: Any) -> None:
        if not getattr(port, "takes_settings", True):
            return
        problem: Exception | None = None
        for name, value in zip(("baudrate", "bytesize", "parity", "stopbits"), self.settings, strict=True):
            try:  # each sets all that was said until then: what counts is how the last one ends
                setattr(port, name, value)
                problem = None
            except PORT_ERRORS as error:
                problem = error
        if problem is not None:
            raise CaptureError(f"{self.url}: the port does not take {self.settings}: {reason(problem)}")


class Marks:
    """Octets out of a stream in which the kernel marked errors: FF 00 X, and FF FF for an FF.

    A break is FF 00 00, and so is a NUL that lacks its stop bit: the octet is kept.
    """

    def __init__(self) -> None:
        self._waits = b""

    def take(self, marked: bytes) -> tuple[bytes, tuple[tuple[int, str], ...]]:
        """Return the octets, and (place, error) of each that has one."""
        if not self._waits and b"\xff" not in marked:
            return marked, ()
        octets, errors = bytearray(), []
        marked = self._waits + marked
        at, end = 0, len(marked)
        while at < end:
            one = marked[at]
            if one != 0xFF:
                octets.append(one)
                at += 1
            elif end - at < 2 or (marked[at + 1] == 0 and end - at < 3):
                break
            elif marked[at + 1] == 0:
                errors.append((len(octets), PARITY_ERROR if marked[at + 2] else BREAK))
                octets.append(marked[at + 2])
                at += 3
            else:
                octets.append(0xFF)
                at += 2
        self._waits = marked[at:]
        return bytes(octets), tuple(errors)


class SocketPort:
    """A terminal server's port that is only read: the octets it sends over TCP.

    Where *has_commands* is set, the commands of RFC 854 among them are taken out; none is answered. Nothing is
    negotiated, so its line keeps the settings it has. (What pyserial makes of socket:// drops what has come by the
    time it is open.)
    """

    takes_settings = False
    timeout: float | None = None

    def __init__(self, url: str, *, has_commands: bool) -> None:
        self._url = url
        self._has_commands = has_commands
        self._socket: socket.socket | None = None
        self._rest = b""
        self._octets = b""

    def open(self) -> None:
        """Connect."""
        parts = urlsplit(self._url)
        if not parts.hostname or not parts.port:
            raise ValueError("a host and a port were expected, such as 192.0.2.7:4001")
        self._socket = socket.create_connection((parts.hostname, parts.port), _CONNECT_S)
        with contextlib.suppress(OSError):  # a system may know the name and refuse the option
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            for name, value in _KEEP_ALIVE.items():
                if hasattr(socket, name):
                    self._socket.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
        self._socket.settimeout(self.timeout)
        self._rest = self._octets = b""

    @property
    def in_waiting(self) -> int:
        """Count the octets that are there."""
        return len(self._octets)

    def read(self, count: int) -> bytes:
        """Return up to *count* octets, after the timeout at most."""
        if not self._octets and self._socket is not None:
            try:
                received = self._socket.recv(_MOST_READ)
            except TimeoutError:
                return b""
            if not received:
                raise OSError("the terminal server closed the connection")
            if self._has_commands:
                self._octets, self._rest = _without_commands(self._rest + received)
            else:
                self._octets = received
        octets, self._octets = self._octets[:count], self._octets[count:]
        return octets

    def close(self) -> None:
        """Disconnect."""
        if self._socket is not None:
            self._socket.close()


def _without_commands(octets: bytes) -> tuple[bytes, bytes]:
    """Part *octets* into what the line carried, and a command at the end that is not whole yet."""
    plain = bytearray()
    at = 0
    while at < len(octets):
        found = octets.find(_IAC, at)
        if found < 0:
            return bytes(plain + octets[at:]), b""
        plain += octets[at:found]
        command = octets[found + 1] if found + 1 < len(octets) else -1
        if command == _IAC:
            plain.append(_IAC)
            at = found + 2
        elif command == _SB:
            end = octets.find(bytes((_IAC, _SE)), found)
            if end < 0:
                return bytes(plain), octets[found:]
            at = end + 2
        else:
            at = found + (3 if command in _OPTION_COMMANDS else 2)
            if command < 0 or at > len(octets):
                return bytes(plain), octets[found:]
    return bytes(plain), b""


def is_set(url: str, *, sets_line: bool) -> bool:
    """Tell whether a line's settings are ours to choose: behind a terminal server they are as *sets_line* says."""
    kind = url.partition("://")[0].lower()
    return kind != "socket" and (kind != "rfc2217" or sets_line)


def _opener(url: str, *, sets_line: bool) -> Callable[[str], Any]:
    if not is_set(url, sets_line=sets_line):
        return partial(SocketPort, has_commands=url.lower().startswith("rfc2217"))

    def opener(url: str) -> Any:
        import serial

        try:
            return serial.serial_for_url(url, do_not_open=True)
        except ValueError as error:
            raise CaptureError(f"{url}: {error}") from None

    return opener


def mark_errors(port: Any) -> bool:
    """Have the kernel mark characters with errors, where there is a terminal to tell; returns whether it does."""
    try:
        import termios

        descriptor = port.fileno()
        state = termios.tcgetattr(descriptor)
        state[0] |= termios.INPCK | termios.PARMRK
        state[0] &= ~(termios.IGNPAR | termios.IGNBRK | termios.BRKINT | termios.ISTRIP)
        termios.tcsetattr(descriptor, termios.TCSANOW, state)
        return bool(termios.tcgetattr(descriptor)[0] & termios.PARMRK)
    except Exception:  # Windows, a socket, a fake: then there are no marks
        return False


def _keep_alone(port: Any, *, is_wished: bool) -> None:
    """Have the system refuse the port to whoever opens it meanwhile: a lock binds only programs that ask for it."""
    with contextlib.suppress(Exception):  # Windows, where it is so anyway, a socket, a fake
        import fcntl
        import termios

        fcntl.ioctl(port.fileno(), termios.TIOCEXCL if is_wished else termios.TIOCNXCL)


def steady_ns() -> int:
    """Tell the time in nanoseconds since 1970 as it goes on from the program's start, however the clock is set."""
    return _BEGIN_NS + time.monotonic_ns()
