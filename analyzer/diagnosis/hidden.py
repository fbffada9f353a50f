"""Units in which somebody hid octets before showing a text: what is wrong with them is nothing of the line."""

from __future__ import annotations

from analyzer.diagnosis.family import Family
from analyzer.diagnosis.story import LIKELY, Stories
from analyzer.record import Record
from captures.text import HIDDEN, HIDES
from dissectors.tree import Note, Severity

_HURT = frozenset({
    "hdlc-fcs-wrong", "hdlc-hcs-wrong", "hdlc-length-wrong", "hdlc-noise", "noise", "capture-cut", "apdu-malformed",
    "apdu-trailing-octets", "wrapper-length-wrong", "bcc-wrong", "mbus-checksum-wrong", "mbus-length-wrong",
    "p1-crc-wrong",
})  # fmt: skip
"""What an octet that is another one makes of a unit."""
_MOST_SHOWN = 6
_SIGN = bytes.fromhex(HIDDEN.decode())


class HiddenFamily(Family):
    """Told by the comment of a packet that octets of it are hidden; what is wrong where they stand is due to that."""

    codes = _HURT | {"comment"}

    def __init__(self, stories: Stories) -> None:
        super().__init__(stories)
        self._packet = 0
        """The newest in which octets are hidden: only its first record has the comment."""

    def note(self, record: Record, note: Note) -> bool | None:
        """Remember the packet of a comment, and explain the damage of its records."""
        if note.code == "comment":
            if note.text.startswith(HIDES):
                self._packet = record.packets[-1]
            return False
        if self._packet not in record.packets or _SIGN not in record.octets:
            return None
        places = [at for at, one in enumerate(record.octets) if one == _SIGN[0]]
        text = f"{_named(places)} hidden in the text; what is wrong follows from that"
        start, end = places[0], places[-1] + 1
        self.report(record, note.code, "edited-by-hand", LIKELY, text, start=start, end=end, severity=Severity.NOTE)
        return True


def _named(places: list[int]) -> str:
    """Name octets by their places, as far as they are few."""
    if len(places) == 1:
        return f"octet {places[0]} is"
    if len(places) > _MOST_SHOWN:
        return f"{len(places)} octets from {places[0]} to {places[-1]} are"
    return f"octets {', '.join(map(str, places[:-1]))} and {places[-1]} are"
