"""Usual HDLC frames, looked at once for the two families that remember frames; all others these look at themselves.

A usual frame has less than 256 octets and both flags, on a lane of which all is known that helps to explain damage; it
is RR, or an I frame behind one of the other side, within the limits and with the LLC header that belongs there.
"""

from __future__ import annotations

from analyzer.diagnosis.damage import DamageFamily
from analyzer.diagnosis.family import Family
from analyzer.diagnosis.hdlc_state import NO_LIMIT
from analyzer.diagnosis.information_frames import LLC_OF
from analyzer.diagnosis.link import LinkFamily
from analyzer.record import LINK, Record

_SHORT = (b"\x7e\xa0", b"\x7e\xa8")
"""How a frame of less than 256 octets begins, and a segment."""


class UsualFrames(Family):
    """Does for frames without a note what `look` of *damage* and of *link* does."""

    links = frozenset({"hdlc", "llc"})

    def __init__(self, damage: DamageFamily, link: LinkFamily) -> None:
        super().__init__(damage.stories)
        self._damage, self._link = damage, link
        self._lanes, self._pairs, self._newest = damage.lanes, link.pairs, link.newest

    def look(self, record: Record) -> None:
        """Look at a frame."""
        if record.link == "llc":
            self._damage.look(record)
            return
        octets, lane = record.octets, record.lane
        known = self._lanes.get(lane.text)
        link = self._pairs.get((lane.conversation, record.client, record.server))
        is_whole = octets.startswith(_SHORT) and octets[2] == len(octets) - 2 and octets[-2]  # FCS 00 00 says: not used
        if not is_whole or link is None or known is None or not known.is_settled:
            self._damage.look(record)
            self._link.look(record)
            return
        self._damage.seen = record
        direction, apdu = record.direction, record.apdu
        if record.kind is LINK:  # RR
            if link.speaker is not direction:
                link.speaker, link.run = direction, 0
        elif (
            link.speaker is direction
            or link.is_fresh
            or len(octets) > link.fits.get(direction, NO_LIMIT)
            or (apdu is not None and not octets.startswith(LLC_OF[direction], apdu[3] - 3))
            or (record.control or 0) & 1
        ):
            self._link.look(record)
            return
        else:
            link.speaker, link.run = direction, 1
        link.kept.append(record)
        self._newest[lane.conversation] = record
