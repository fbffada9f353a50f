"""A live source and what the user wishes of it to a recorder that runs until it is told to stop."""

from __future__ import annotations

from collections.abc import Callable
from queue import SimpleQueue
from typing import NamedTuple, Protocol

from analyzer.live import network_recorder, serial_recorder
from analyzer.live.sources import NETWORK, PIPE, LiveSource
from analyzer.live.status import Status
from analyzer.live.wishes import MARK, SAVE
from analyzer.tracking.line_follower import CANDIDATES, LineFollower
from captures.port_faults import who_has_it
from captures.serial_line import LineSettings, Modem, SerialLine, is_set, line_settings
from captures.sniff import open_sniffer
from captures.sniff_streams import StreamSniffer
from captures.sniffer import LARGEST, Wishes
from captures.spool import Limits, Spool

AUTO = "auto"
_FAR = "its line is set by the far side"
Say = Callable[[str], None]


class LiveOptions(NamedTuple):
    """How to listen. *baud* and *format* may be ``auto``; the rest is as the command line has it."""

    baud: str = AUTO
    format: str = AUTO
    rts: bool = False
    dtr: bool = False
    sets_line: bool = False
    bpf: str = ""
    is_promiscuous: bool = False
    snap_length: int = LARGEST
    program: str = ""
    most: int = 0


class Recorder(Protocol):
    """What writes a source into a spool."""

    ended: str
    """Why it ended though nobody asked for it."""
    has_failed: bool
    """Whether that is more than the end of what there was."""
    comments: list[str]
    """What the next packet says beside its octets."""

    def run(self, is_over: Callable[[], bool]) -> None:
        """Record until *is_over*. Raises: CaptureError."""


class Recording:
    """A recording that is ready to run: the source is open, the spool begun.

    Raises: CaptureError, CapturePermissionError, ValueError for settings that are none.
    """

    def __init__(
        self, source: LiveSource, path: str, options: LiveOptions, limits: Limits, say: Say, *, replaces: bool,
        is_over: Callable[[], bool],
    ) -> None:  # fmt: skip
        self.status = Status(is_over)
        self._is_over = is_over
        self._wants_rotation = False
        self._wishes: SimpleQueue[tuple[str, str]] = SimpleQueue()
        self.spool: Spool
        self._recorder: Recorder
        if source.kind in (NETWORK, PIPE):
            wishes = Wishes(source.names[0], options.bpf, options.is_promiscuous, options.snap_length)
            sniffer = (
                StreamSniffer(0, "stdin") if source.kind == PIPE else open_sniffer(wishes, program=options.program)
            )
            interface = network_recorder.interface_of(sniffer, source.text)
            self.spool = Spool(path, [interface], limits, replaces=replaces, say=say)
            self._recorder = network_recorder.NetworkRecorder(sniffer, self.spool, self.status, most=options.most)
        else:
            is_ours = all(is_set(one, sets_line=options.sets_line) for one in source.names)
            follower = follower_of(options) if is_ours else LineFollower(CANDIDATES[0], follows=False)
            modem = Modem(options.rts, options.dtr)
            lines = [SerialLine(one, follower.settings, modem, sets_line=options.sets_line) for one in source.names]
            for line in lines:
                line.open()
                if users := who_has_it(line.url):
                    say(f"{line.url}: {users}, too: an octet goes to one reader alone")
            held = f"RTS {'high' if modem.rts else 'low'}, DTR {'high' if modem.dtr else 'low'}"
            self.status.modem = held if is_ours else ""
            self.status.line = "" if is_ours else _FAR
            if not follower.is_found:
                self.status.remark = f"listening at {follower.settings} at first: others are tried where nothing reads"
            interface = serial_recorder.interface_of(lines, held if is_ours else _FAR, is_ours=is_ours)
            self.spool = Spool(path, [interface], limits, replaces=replaces, say=say)
            self._recorder = serial_recorder.SerialRecorder(lines, self.spool, follower, self.status, say)
            say(f"listening on {source.text}: {interface.description}")
        self._note_paths()

    @property
    def ended(self) -> str:
        """Why it ended though nobody asked for it."""
        return self._recorder.ended

    @property
    def has_failed(self) -> bool:
        """Whether that is more than the end of what there was."""
        return self._recorder.has_failed

    def run(self) -> None:
        """Record until the end. Raises: CaptureError."""
        try:
            self._recorder.run(self._is_over_now)
        finally:
            self._note_paths()
            self.spool.close()

    def wish_rotation(self) -> None:
        """Go on in another file, as soon as what is being written is whole."""
        self._wants_rotation = True

    def wish(self, kind: str, text: str) -> None:
        """Have *text* stand in the file as a comment (MARK), or the file of that name kept for good (SAVE)."""
        self._wishes.put((kind, text))

    def _is_over_now(self) -> bool:
        if self._wants_rotation:
            self._wants_rotation = False
            self.spool.rotate()
        self._note_paths()
        while not self._wishes.empty():
            kind, text = self._wishes.get()
            if kind == MARK:
                self._recorder.comments.append(text)
            elif kind == SAVE:
                self.spool.save(text)
        return self._is_over()

    def _note_paths(self) -> None:
        self.status.paths += self.spool.begun[len(self.status.paths) :]


def follower_of(options: LiveOptions) -> LineFollower:
    """Make what finds and follows the settings of a line: all of them, or none that the user gave."""
    finds_speed = options.baud == AUTO
    first = CANDIDATES[0] if finds_speed else LineSettings(int(options.baud))
    settings = first if options.format == AUTO else line_settings(options.format, first.baud)
    is_found = not finds_speed and options.format != AUTO
    return LineFollower(
        settings, searches=not is_found, follows=not is_found or settings.data_bits < 8,
        speeds=finds_speed, formats=options.format == AUTO,
    )  # fmt: skip
