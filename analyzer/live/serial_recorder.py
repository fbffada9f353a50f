"""One or two serial taps into a spool, with the errors of the line; speeds are found and followed on the way.

Source: LINKTYPE_RTAC_SERIAL of the tcpdump.org registry for what is written.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from threading import Event, Thread

from analyzer.live.status import Status
from analyzer.tracking.line_follower import LineFollower, Switch
from captures import blocks, rtac
from captures.chunk import CaptureError
from captures.serial_line import BREAK, LineRead, SerialLine, steady_ns
from captures.spool import Interface, Spool

_DIRECTIONS = ((rtac.STATUS_CHANGE,), (rtac.TX_START, rtac.RX_START))
"""By the number of taps: the event that stands for octets of each."""
_AGAIN_S = 0.5
_WAIT_S = 0.02
_SET_NS = 1_000_000_000
"""By so much the clock of the system differs only where it was set, or the computer slept."""
Say = Callable[[str], None]


def interface_of(lines: Sequence[SerialLine], modem: str, *, is_ours: bool = True) -> Interface:
    """Describe the taps as the one interface that the spool has of them."""
    names = ",".join(line.url for line in lines)
    late = lines[0].latency_ms
    usb = f", a USB adapter holds octets back for up to {late} ms" if late else ""
    settings = f"{lines[0].settings} at first, " if is_ours else ""
    return Interface(rtac.LINK_TYPE, names, f"{settings}{modem}{usb}")


class SerialRecorder:
    """Reads *lines* into *spool* until it is told to stop; a port that goes away is waited for."""

    def __init__(
        self, lines: Sequence[SerialLine], spool: Spool, follower: LineFollower, status: Status, say: Say,
        *, clock: Callable[[], int] = steady_ns, wall: Callable[[], int] = time.time_ns,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:  # fmt: skip
        self._lines = lines
        self._spool = spool
        self._follower = follower
        self._status = status
        self._say = say
        self._clock, self._wall, self._pause = clock, wall, pause
        now_ns = clock()
        self._ahead_ns = wall() - now_ns
        """By how much the clock of the system is ahead of the steady one, which alone tells how long a silence was."""
        self._kinds = _DIRECTIONS[len(lines) - 1]
        self._stopping = Event()
        self.ended = ""
        """Why it ended though nobody asked for it: a port that goes away is waited for."""
        self.has_failed = False
        self.comments: list[str] = []
        """What the next packet tells of the line, or of what was made of it."""
        self._heard: SimpleQueue[tuple[int, LineRead | None]] = SimpleQueue()
        self._settings = status.line or str(lines[0].settings)
        self._is_given_up: Callable[[], bool] = status.is_over
        """Asked again and again while a port is waited for."""
        self._gone: dict[str, None] = {}
        """The ports that are waited for."""
        self._show_line()

    def run(self, is_over: Callable[[], bool]) -> None:
        """Record from lines that are open until *is_over*. Raises: SpoolError."""
        try:
            if len(self._lines) == 1:
                self._is_given_up = self._ticking(is_over)
                while not is_over():
                    self._take(0, self._read(0))
            else:
                self._run_several(is_over)
        finally:
            self._stopping.set()
            for line in self._lines:
                line.close()
            if self.comments:  # nothing came any more that they could stand at
                self._spool.write(b"".join(self._packets(0, LineRead(self._clock(), b""))))

    def _ticking(self, is_over: Callable[[], bool]) -> Callable[[], bool]:
        """Make what keeps the spool going too whenever it is asked: for the thread that writes it."""

        def ask() -> bool:
            self._spool.tick()
            return is_over()

        return ask

    def _run_several(self, is_over: Callable[[], bool]) -> None:
        threads = [Thread(target=self._listen, args=(tap,), daemon=True) for tap in range(len(self._lines))]
        for thread in threads:
            thread.start()
        while not is_over():
            try:
                tap, read = self._heard.get(timeout=_WAIT_S)
            except Empty:
                self._take(0, None)
                continue
            self._take(tap, read)
        self._stopping.set()
        for thread in threads:
            thread.join(1)
        while not self._heard.empty():
            self._take(*self._heard.get())

    def _listen(self, tap: int) -> None:
        while not self._stopping.is_set():
            read = self._read(tap)
            if read is not None:
                self._heard.put((tap, read))

    def _read(self, tap: int) -> LineRead | None:
        """Read one tap; where its port is gone, wait for it, and say that octets may be lost there."""
        line = self._lines[tap]
        try:
            return line.read()
        except CaptureError as problem:
            self._say(f"{problem}; waiting for it")
            line.close()
        gone_ns = self._clock()
        self._gone[line.url] = None
        self._show_line()
        while not self._stopping.is_set() and not self._is_given_up():
            self._pause(_AGAIN_S)
            with contextlib.suppress(CaptureError):
                line.open()
                del self._gone[line.url]
                self._show_line()
                self._say(f"{line.url}: is back")
                break
        now_ns = self._clock()
        how = f"was gone for {(now_ns - gone_ns) / 1e9:.1f} s{', up to the end' * (line.url in self._gone)}"
        return LineRead(now_ns, b"", ((-1, f"{line.url} {how}: what was sent meanwhile is not here"),))

    def _take(self, tap: int, read: LineRead | None) -> None:
        """Write what one tap read, and follow the line."""
        self._follow_clock()
        if read is None:
            self._spool.tick()
            self._apply(self._follower.tick(self._clock()))
            return
        packets = self._packets(tap, read)
        self._spool.write(b"".join(packets))
        self._status.count(len(packets), len(read.octets), sum(place >= 0 for place, _ in read.errors))
        self.comments += [what for place, what in read.errors if place < 0]  # for the next packet: this has no octets
        self._apply(self._follower.take(read.octets, len(read.errors), read.time_ns))

    def _follow_clock(self) -> None:
        """Have packets say the time that the system's clock says, and the next one where that was set."""
        by = self._wall() - self._clock() - self._ahead_ns
        if abs(by) < _SET_NS:
            return
        self._ahead_ns += by
        text = f"the clock of this computer went {'forward' if by > 0 else 'back'} by {abs(by) / 1e9:.1f} s"
        self.comments.append(text)
        self._say(text)

    def _packets(self, tap: int, read: LineRead) -> list[bytes]:
        """Build the packets of one read: an error stands before the octets that it belongs to, a comment at octets."""
        time_ns, octets, kind = read.time_ns + self._ahead_ns, read.octets, self._kinds[tap]
        packets: list[bytes] = []
        commented = at = 0
        for place, what in read.errors:
            if place > at:
                packets.append(rtac.event(kind, time_ns, octets[at:place]))
                at = place
            code = rtac.DATA_LOST if place < 0 else rtac.BREAK if what == BREAK else rtac.PARITY_ERROR
            packets.append(rtac.event(code, time_ns))
        if at < len(octets):
            commented = next((one for one, what in enumerate(packets) if len(what) > rtac.HEADER_LENGTH), len(packets))
            packets.append(rtac.event(kind, time_ns, octets[at:]))
        if not packets:
            packets.append(rtac.event(rtac.STATUS_CHANGE, time_ns))
        comment = "\n".join(self.comments)
        self.comments.clear()
        return [
            blocks.packet(time_ns, one, comment=comment if place == commented else "")
            for place, one in enumerate(packets)
        ]

    def _apply(self, switch: Switch | None) -> None:
        if switch is None:
            return
        for line in self._lines:
            try:
                line.change(switch.settings)
            except CaptureError as problem:
                self._say(str(problem))
        self._settings = str(switch.settings)
        self._show_line()
        self._status.remark = text = f"listening at {switch.settings}: {switch.reason}"
        self.comments.append(text)
        self._say(text)

    def _show_line(self) -> None:
        """Say in the status which ports are gone, else how the line is listened to."""
        gone = list(self._gone)  # which another line's thread may change
        self._status.line = f"{' and '.join(gone)} {'is' if len(gone) == 1 else 'are'} gone" if gone else self._settings
