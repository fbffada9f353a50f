"""A serial port whose octets come off a simulated line: what it is set to decides what it reads, in simulated time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator

from analyzer.simulate.serial_tap import OnLine
from analyzer.simulate.uart import TICKS, TICKS_A_NANOSECOND, Burst, Character, LineFormat, Signal, drive, receiving
from captures.serial_line import LineSettings, SerialLine

_MARK = 0xFF


def bursts_of(events: Iterable[OnLine]) -> list[Burst]:
    """Give the events of a line as bursts: an event's time is that of its last character."""
    found = []
    for sent, format in events:
        duration = len(sent.octets) * format.bits * TICKS // format.baud
        found.append(Burst(sent.time_ns * TICKS_A_NANOSECOND - duration, sent.octets, format))
    return found


class UartPort:
    """What pyserial has of a port, on the line *signal*; every call is in *calls*."""

    def __init__(self, signal: Signal, calls: list[str]) -> None:
        self.is_open = False
        self._signal = signal
        self._now = signal.begin
        self._format = LineFormat()
        self._characters: Iterator[Character] = iter(())
        self._next: Character | None = None
        self.calls = calls
        self.timeout = 0.02

    def __setattr__(self, name: str, value: object) -> None:
        if not name.startswith("_") and name not in ("calls", "is_open"):
            self.calls.append(f"{name}={value}")
        object.__setattr__(self, name, value)
        if name in ("baudrate", "bytesize", "parity", "stopbits"):
            self._set()

    def write(self, octets: bytes) -> None:
        raise AssertionError("a tap that sends")

    def open(self) -> None:
        self.calls.append("open")
        self.is_open = True
        self._set()

    def close(self) -> None:
        self.is_open = False

    @property
    def in_waiting(self) -> int:
        return 0

    @property
    def now_ns(self) -> int:
        return self._now // TICKS_A_NANOSECOND

    @property
    def is_over(self) -> bool:
        return self._now >= self._signal.end

    def read(self, count: int) -> bytes:
        """Read one character as the kernel hands it on, or nothing if none ends within the timeout."""
        until = self._now + int(self.timeout * TICKS)
        one = self._next
        if one is not None and one.end <= until:
            self._next = next(self._characters, None)
            self._now = max(self._now, one.end)
            if one.framing_error or one.parity_error:
                return bytes((_MARK, 0, one.value))
            return bytes((_MARK, _MARK)) if one.value == _MARK else bytes((one.value,))
        self._now = until
        return b""

    def _set(self) -> None:
        """Begin to receive anew, from here on."""
        names = ("baudrate", "bytesize", "parity")
        if not self.is_open or not all(hasattr(self, name) for name in names):
            return
        format = LineFormat(self.baudrate, self.bytesize, self.parity, self.stopbits)
        passed = bisect_right(self._signal.edges, self._now)
        level = self._signal.level ^ passed & 1
        rest = Signal(self._now, level, self._signal.edges[passed:], self._signal.end)
        self._characters = receiving(rest, format)
        self._next = next(self._characters, None)


def line_on(
    events: Iterable[OnLine], settings: LineSettings, *, quiet_s: float = 3
) -> tuple[SerialLine, UartPort, Callable[[], int]]:
    """Make a tap on a simulated line; returns it, its port, and the clock of the simulated time."""
    bursts = bursts_of(events)
    signal = drive(bursts, begin=bursts[0].start - TICKS // 2, quiet=int(quiet_s * TICKS))
    port = UartPort(signal, [])

    def clock() -> int:
        return port.now_ns

    line = SerialLine("tap", settings, opener=lambda url: port, clock=clock, marker=lambda port: True)
    return line, port, clock
