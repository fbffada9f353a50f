"""Usual HDLC frames, looked at once for the two families that remember frames; all others these look at themselves.

A usual frame has less than 256 octets and both flags, on a lane of which all is known that helps to explain damage; it
is RR, or an I frame behind one of the other side, within the limits and with the LLC header that belongs there.
"""

from __future__ import annotations

from analyzer.diagnosis.damage import DamageFamily
from analyzer.diagnosis.damage_lane import Lane
from analyzer.diagnosis.family import Family
from analyzer.diagnosis.frame_damage import FLAG
from analyzer.diagnosis.hdlc_state import NO_LIMIT, Link
from analyzer.diagnosis.link import LinkFamily
from analyzer.record import LINK, REQUEST, Record

_Place = tuple[Lane, Link]
_MOST_PLACES = 4096
_LLC = 0xE6
"""The first octet of an LLC header, and the second one of a request's; that of an answer is the next one."""


class UsualFrames(Family):
    """Does for frames without a note what `look` of *damage* and of *link* does."""

    links = frozenset({"hdlc", "llc"})

    def __init__(self, damage: DamageFamily, link: LinkFamily) -> None:
        super().__init__(damage.stories)
        self._damage, self._link = damage, link
        self._newest = link.newest
        self._places: tuple[dict[int | None, _Place], ...] = {}, {}
        """By side and association: what is kept of the lane and of the link, as long as both are."""
        damage.places = link.places = self._places

    def look(self, record: Record) -> None:
        """Look at a frame, of an association."""
        octets, lane = record.octets, record.lane
        size = len(octets)
        place = self._places[lane.side].get(record.association) or self._place(record)
        # with 256 octets or more it has another length than its last octet says; FCS 00 00 says: not used
        if place is None or octets[2] != size - 2 or octets[0] != FLAG or not octets[-2] or not place[0].is_settled:
            self._damage.look(record)
            if record.link != "llc":
                self._link.look(record)
            return
        link, direction = place[1], record.direction
        if record.kind is LINK:  # RR
            if link.speaker is not direction:
                link.speaker, link.run = direction, 0
        else:
            apdu = record.apdu
            at = apdu[3] if apdu is not None else 0
            if (
                link.speaker is direction
                or link.is_fresh
                or size > link.fits.get(direction, NO_LIMIT)
                or (record.control or 0) & 1
                or (
                    at > 2
                    and (octets[at - 3] != _LLC or octets[at - 2] != (_LLC if direction is REQUEST else _LLC + 1))
                )
            ):
                self._damage.seen = record
                self._link.look(record)
                return
            link.speaker, link.run = direction, 1
        self._damage.seen = self._newest[lane.conversation] = record
        link.kept.append(record)

    def _place(self, record: Record) -> _Place | None:
        """Remember the place of the records of an association; None while there is none."""
        lane = self._damage.lanes.get(record.lane.text)
        link = self._link.pairs.get((record.lane.conversation, record.client, record.server))
        if lane is None or link is None:
            return None
        places = self._places[record.lane.side]
        if len(places) >= _MOST_PLACES:
            places.clear()
        made = places[record.association] = lane, link
        return made
