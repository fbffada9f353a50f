"""Lines on which another protocol is spoken, where its own marks or check sequence prove it."""

from __future__ import annotations

from typing import NamedTuple

from analyzer.diagnosis.family import Family
from analyzer.diagnosis.story import CERTAIN, Fact, Stories
from analyzer.framing.foreign import Foreign, frames_in
from analyzer.framing.frame import APDU
from analyzer.record import NOISE, Record
from dissectors.tree import Note

_MOST_LINES = 4096
_MOST_UNTOLD = 16
_LEAST_UNIT = 5
"""An acknowledgement of one octet stands in other protocols, too."""
_FOLDED = frozenset({
    "noise", "hdlc-noise", "capture-cut", "apdu-malformed", "apdu-trailing-octets", "wrapper-length-wrong",
    "hdlc-length-wrong", "hdlc-fcs-wrong", "hdlc-hcs-wrong", "confirmed-service-error", "exception-response",
    "bcc-wrong", "parity-wrong", "data-set-malformed", "octet-unprintable", "line-settings-differ", "meter-quirk",
    "mbus-segment-repeated", "carrier-text",
})  # fmt: skip
"""What the octets of another protocol are taken for."""


class _Line(NamedTuple):
    """What was seen on a line: frames of a protocol, the record of the first, the lanes."""

    protocol: Foreign
    frames: int
    first: Record
    lanes: frozenset[str]
    told: Fact | None = None
    untold: tuple[tuple[Record, Note], ...] = ()
    """The first that were taken for frames of it, once it is told: to be told after all where units of ours follow."""


class ForeignFamily(Family):
    """Another protocol on the line: where no unit of ours reads, for what stands between such is noise."""

    links = frozenset()
    codes = frozenset({"noise", "hdlc-noise", "apdu-malformed", "apdu-trailing-octets", "capture-cut"})

    def __init__(self, stories: Stories) -> None:
        super().__init__(stories)
        self._lines: dict[int, _Line | None] = {}
        """By conversation: None once units of ours were read in it."""

    def note(self, record: Record, note: Note) -> bool | None:
        """Look for frames of another protocol in octets that are no unit of ours. None: it is another's matter."""
        lane = record.lane
        known = self._lines.get(lane.conversation)
        if known is None and lane.conversation in self._lines:
            return None
        if known is not None and known.told is not None:
            if _reads(self.sound.get(lane)):
                self._is_ours(lane.conversation, known)
                return None
            untold = known.untold if len(known.untold) >= _MOST_UNTOLD else (*known.untold, (record, note))
            self._lines[lane.conversation] = known._replace(lanes=known.lanes | {lane.text}, untold=untold)
            return True
        found = frames_in(record.octets)
        if found is None:
            return None
        protocol, count = found
        if known is None or known.protocol is not protocol:
            if len(self._lines) >= _MOST_LINES:
                del self._lines[next(iter(self._lines))]
            known = _Line(protocol, 0, record, frozenset())
        known = known._replace(frames=known.frames + count, lanes=known.lanes | {lane.text})
        is_enough = known.frames >= protocol.least
        if is_enough:
            if lane.conversation in self._read():
                self._lines[lane.conversation] = None
                return None
            text = protocol.told(known.frames, known.first.octets[0], known.first.number)
            told = self.report(record, "line-unreadable", "wrong-stack", CERTAIN, text)
            known = known._replace(told=told, untold=((record, note),))
        self._lines[lane.conversation] = known
        return True if is_enough else None

    def _read(self) -> set[int]:
        """Give the conversations in which units of ours were read."""
        return {lane.conversation for lane, record in self.sound.items() if _reads(record)}

    def _is_ours(self, conversation: int, line: _Line) -> None:
        """Take back that another protocol is spoken: what was taken for it stands as what it is."""
        self._lines[conversation] = None
        if line.told is not None:
            self.stories.take_back(line.told)
        for record, note in line.untold:
            self.report_note(record, note)

    def settle(self) -> None:
        """What else was made of such a line follows from that, also what was said of it at the end."""
        read = self._read() if self._lines else set()
        for conversation, line in list(self._lines.items()):
            if line is None or line.told is None:
                continue
            if conversation in read:
                self._is_ours(conversation, line)
                continue
            told = [one for lane in line.lanes for one in self.stories.of_lane(lane)]
            root = next((one for one in told if one.cause == "wrong-stack" and one.confidence is CERTAIN), None)
            if root is not None:
                self.stories.fold(root, [one for one in told if one.code in _FOLDED])


def _reads(record: Record | None) -> bool:
    """Tell whether *record* is a unit of ours that reads, and no octets that only look like one.

    A short frame of another protocol reads as a bare APDU by chance, for whose octets no check sequence speaks.
    """
    if record is None or record.link == NOISE or record.notes or len(record.octets) < _LEAST_UNIT:
        return False
    return record.link != APDU or frames_in(record.octets) is None
