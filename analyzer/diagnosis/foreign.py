"""Lines on which another protocol is spoken, where its own marks or check sequence prove it."""

from __future__ import annotations

from typing import NamedTuple

from analyzer.diagnosis.family import Family
from analyzer.diagnosis.story import CERTAIN, Stories
from analyzer.framing.foreign import Foreign, frames_in
from analyzer.record import Record
from dissectors.tree import Note

_MOST_LINES = 4096
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
    is_told: bool = False


class ForeignFamily(Family):
    """Another protocol on the line."""

    links = frozenset()
    codes = frozenset({"noise", "hdlc-noise", "apdu-malformed", "apdu-trailing-octets", "capture-cut"})

    def __init__(self, stories: Stories) -> None:
        super().__init__(stories)
        self._lines: dict[int, _Line] = {}

    def note(self, record: Record, note: Note) -> bool | None:
        """Look for frames of another protocol in octets that are no unit of ours. None: it is another's matter."""
        lane = record.lane
        known = self._lines.get(lane.conversation)
        if known is not None and known.is_told:
            self._lines[lane.conversation] = known._replace(lanes=known.lanes | {lane.text})
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
        is_told = known.frames >= protocol.least
        if is_told:
            text = protocol.told(known.frames, known.first.octets[0], known.first.number)
            self.report(record, "line-unreadable", "wrong-stack", CERTAIN, text)
        self._lines[lane.conversation] = known._replace(is_told=is_told)
        return True if is_told else None

    def finish(self) -> None:
        """What else was made of such a line follows from that."""
        for line in self._lines.values():
            told = [one for lane in line.lanes for one in self.stories.of_lane(lane)]
            root = next((one for one in told if one.cause == "wrong-stack" and one.confidence is CERTAIN), None)
            if line.is_told and root is not None:
                self.stories.fold(root, [one for one in told if one.code in _FOLDED])
