"""I frames of an HDLC link against what holds for them: their numbers, size and window, and the LLC header in them.

Source: ISO/IEC 13239 (send and receive sequence numbers), IEC 62056-46 (negotiated parameters, LLC).
"""

from __future__ import annotations

from collections.abc import Collection

from analyzer.diagnosis.chains import DAMAGE
from analyzer.diagnosis.explained import explained
from analyzer.diagnosis.family import Family
from analyzer.diagnosis.frame_lost import Missed, missed
from analyzer.diagnosis.hdlc_state import LEAST_AROUND, Link, information_place
from analyzer.diagnosis.story import CERTAIN, LIKELY, POSSIBLE, Alternative, Evidence
from analyzer.record import REQUEST, RESPONSE, UNSOLICITED, Apdu, Record
from dissectors.tree import Note

_ASKING = frozenset({0x60, 0x62, 0x01, 0x05, 0x06, 0xC0, 0xC1, 0xC3, 0xD9, 0xC8, 0xC9, 0xCB, 0xD0, 0xD1, 0xD3})
_ANSWERING = frozenset({0x61, 0x63, 0x08, 0x0C, 0x0D, 0x0E, 0xC4, 0xC5, 0xC7, 0xDA, 0xD8, 0xCC, 0xCD, 0xCF, 0xD4})
_LLC = {b"\xe6\xe6\x00": _ANSWERING, b"\xe6\xe7\x00": _ASKING}
"""By LLC header: the tags that it does not go with."""
LLC_OF = {REQUEST: b"\xe6\xe6", RESPONSE: b"\xe6\xe7", UNSOLICITED: b"\xe6\xe7"}
"""By direction: the first octets of its LLC header."""
_AROUND = 4
"""So many octets of a frame are neither header nor information: its FCS, and both flags where they are there."""
_NO_LLC_NEEDED = 0xE0


class InformationFrames:
    """Looks at I frames, each within its link."""

    def __init__(self, family: Family) -> None:
        self._family = family

    def look(self, record: Record, link: Link) -> None:
        """Look at numbers, size and window of an I frame, and at its LLC."""
        control, direction = record.control or 0, record.direction
        if link.is_fresh and link.is_fresh.pop(direction, False) and control >> 1 & 7:
            self._not_reset(record, link, control >> 1 & 7)
        octets = record.octets
        if link.run and link.kept and (link.kept[-1].control or 0) >> 5 != control >> 5:
            link.run = 0  # it has taken a frame of the other side, which the capture lacks
        link.run += 1
        limits = link.limits.get(direction)
        if limits is not None:
            size, window, is_negotiated = limits
            if len(octets) > size + LEAST_AROUND:
                self._size(record, link, size, is_negotiated)
            if link.run > window:
                self._window(record, link, window, is_negotiated)
        apdu = record.apdu
        if apdu is not None:
            at = apdu[3]
            if at > 2 and octets[at - 3 : at - 1] != LLC_OF[direction]:
                self._llc(record, link, apdu)

    # -- numbers ------------------------------------------------------------------------------------------------------

    def lost(self, record: Record, note: Note, link: Link | None) -> None:
        """A number is missing: it is one story with that of the other side where the same loss explains both."""
        if link is not None and link.is_up is False:
            return  # there is no link, so its numbers mean nothing: DM says that
        if link is not None:
            self._goes_on(record, link)
            if self._is_told(record, link):
                return
        found = missed(record, link, self._damaged(record))
        if link is not None and not found.damaged and self._is_not_counted(record, note, link):
            return
        if link is not None and self._is_out_of_turn(record, note, link, found):
            return
        if not found.damaged or not self._has_undamaged(record, found):
            self._tell_lost(record, note, link, found)

    def _tell_lost(self, record: Record, note: Note, link: Link | None, found: Missed) -> None:
        fact = self._family.report(
            record, note.code, found.cause, found.confidence, f"{note.text}: {found.text}", start=note.start,
            end=note.end, severity=note.severity, explains=self._explained(record, link, found),
        )  # fmt: skip
        if link is not None:
            link.jump = fact
            if found.other_side:
                link.lost_too = found.other_side, found.other_number, fact

    def _is_not_counted(self, record: Record, note: Note, link: Link) -> bool:
        """Report a frame with the number of its sender's last one: it lost none, for it acknowledges what it has to.

        Of both sides seven frames would be lost together, or their number came anew.
        """
        kept = [one for one in link.kept if one.number > link.since and not (one.control or 0) & 1]
        newest = {one.direction: one for one in kept}
        mine = newest.pop(record.direction, None)
        theirs = next(iter(newest.values()), None)
        if mine is None or theirs is None or (mine.control or 0) & 0xE != (record.control or 0) & 0xE:
            return False
        if (record.control or 0) >> 5 != (theirs.control or 0) + 2 >> 1 & 7 or theirs.number < mine.number:
            return False
        number = (record.control or 0) >> 1 & 7
        text = f"{note.text}: record {mine.number} has N(S) {number}, too, and other octets; "
        text += (
            f"N(R) {(record.control or 0) >> 5} is what record {theirs.number} lets expect, so none is missing between"
        )
        others = [Alternative("capture-loss", POSSIBLE, "seven frames of each side may be missing")]
        self._family.report(
            record, "hdlc-sequence-wrong", "number-not-counted", LIKELY, text, start=note.start, end=note.end,
            alternatives=others,
        )  # fmt: skip
        return True

    def _is_out_of_turn(self, record: Record, note: Note, link: Link, found: Missed) -> bool:
        """Report an earlier frame that comes again when others have followed; what goes on behind it is usual."""
        own = [one for one in link.kept if one.number > link.since and one.direction == record.direction]
        own = [one for one in own if not (one.control or 0) & 1]
        if own and link.replayed is not None and own[-1] is link.replayed[0]:
            return len(own) > 1 and not ((record.control or 0) - (own[-2].control or 0) - 2) & 0xE
        if found.confidence == CERTAIN and not found.other_side:
            return False  # where it is its own N(R) that tells, that proves nothing of an old frame
        before = next((one for one in own[:-1] if one.octets == record.octets), None)
        if before is None:
            return False
        text = f"{note.text}, and octet by octet it is the frame of record {before.number}, which others have followed"
        others = [Alternative("capture-loss", POSSIBLE, "all that was said between may be missing in the capture")]
        fact = self._family.report(
            record, "hdlc-sequence-wrong", "frame-replayed", LIKELY, text, start=note.start, end=note.end,
            alternatives=others,
        )  # fmt: skip
        link.replayed = record, note, fact, found
        return True

    def _goes_on(self, record: Record, link: Link) -> None:
        """Tell what seemed to be an earlier frame as one behind a loss, where the other side takes it and goes on.

        Who asks for the same with one invoke-id sends the same octets every eight frames.
        """
        if link.replayed is None:
            return
        before, note, fact, found = link.replayed
        following = (before.control or 0) + 2 & 0xE
        is_other = link.kept[-1] is before and record.direction != before.direction
        if is_other and found.cause and (record.control or 0) >> 4 & 0xE == following:
            link.replayed = None
            self._family.stories.take_back(fact)
            self._tell_lost(before, note, link, found)

    def left_open(self, link: Link) -> None:
        """Doubt what seems to be an earlier frame where nothing came behind it, and its sender polls with the same."""
        if link.replayed is None or link.kept[-1] is not link.replayed[0]:
            return
        record, _, fact, found = link.replayed
        asked = _information(record)
        others = (one for one in link.kept if one.octets != record.octets and not (one.control or 0) & 1)
        if found.cause and any(_information(one) == asked for one in others):
            self._family.stories.take_back(fact)
            self._family.stories.add(fact._replace(confidence=POSSIBLE))

    def _not_reset(self, record: Record, link: Link, number: int) -> None:
        """The first I frame has not the number 0, and none that was damaged came before it."""
        damaged = self._damaged(record)
        if (damaged is not None and damaged.number >= link.since) or self._is_told(record, link):
            return
        report = self._family.report
        text = f"the first I frame since UA (record {link.since}) has N(S)={number}, and not 0"
        found = missed(record, link, None)
        if found.cause:
            fact = report(
                record, "hdlc-frame-lost", found.cause, found.confidence, f"{text}: {found.text}",
                explains=self._explained(record, link, found),
            )  # fmt: skip
            link.lost_too = (found.other_side, found.other_number, fact) if found.other_side else None
        else:
            fact = report(record, "hdlc-sequence-wrong", "counters-not-reset", CERTAIN, text)
        link.jump = fact

    def _damaged(self, record: Record) -> Record | None:
        """Give the newest damaged record of the conversation."""
        return self._family.associations.damaged.get(record.lane.conversation)

    def _has_undamaged(self, record: Record, found: Missed) -> bool:
        """Tell the story of a damaged frame that the other side has it right; False where there is none."""
        stories = self._family.stories.of_lane(record.lane.text)
        story = next((one for one in stories if one.code in DAMAGE and found.damaged in one.records), None)
        if story is not None:
            story.adds(Evidence(record.number, 0, 0, f"the next frame of its sender: {found.text}"))
        return story is not None

    def _is_told(self, record: Record, link: Link) -> bool:
        """Tell whether a jump comes of a loss that a frame of the other side told, and add it there."""
        if link.lost_too is None:
            return False
        side, number, fact = link.lost_too
        link.lost_too = None
        story = self._family.stories.of_fact(fact)
        if story is None or (side, number) != (record.direction, (record.control or 0) >> 1 & 7):
            return False
        story.follows(record.number, fact.meter, self._explained(record, link))
        return True

    def _explained(self, record: Record, link: Link | None, found: Missed | None = None) -> Collection[int]:
        """Give the records that are odd because the capture lacks the frames before *record*."""
        kept = [one for one in link.kept if link.since < one.number < record.number] if link is not None else []
        own = (one for one in reversed(kept) if one.direction == record.direction and not (one.control or 0) & 1)
        mine = next(own, None)
        lacks = (record.control or 0) - (mine.control or 0 if mine is not None else -2) - 2 >> 1 & 7
        since = mine.number if mine is not None else 0
        alone = (record.number,) if found is not None and found.other_side and record.direction is RESPONSE else ()
        return (*explained(self._family, record, since, lacks), *alone)

    # -- size and window ----------------------------------------------------------------------------------------------

    def _size(self, record: Record, link: Link, size: int, is_negotiated: bool) -> None:
        start, end = information_place(record.octets)
        there = end - start
        if there <= size:
            header = start - (record.octets[0] == 0x7E)
            link.fits[record.direction] = size + header + _AROUND
            return
        cause = "negotiated-limit-ignored" if is_negotiated else "default-limit-ignored"
        what = "agreed in SNRM and UA" if is_negotiated else "the default, for SNRM and UA agreed on none"
        text = f"an information field of {there} octets; {size} are {what}"
        self._family.report(record, "hdlc-information-too-long", cause, CERTAIN, text, start=start, end=end)

    def _window(self, record: Record, link: Link, window: int, is_negotiated: bool) -> None:
        count, control = link.run, record.control or 0
        if link.kept and (link.kept[-1].control or 0) & 0x0F == control & 0x0F:
            link.run -= 1  # it is sent again
            return
        if count != window + 1:
            return  # told with the first one too many
        open_before = _open_before(record, link)
        if open_before is not None and open_before < window:
            link.run = open_before + 1
            return
        cause = "negotiated-limit-ignored" if is_negotiated else "default-limit-ignored"
        text = f"{count} I frames without an acknowledgement between; the window is {window}"
        before = link.kept[-1] if link.kept else None
        others, sure = [], LIKELY
        if before is not None and (before.control or 0) & 0x10:
            sure = POSSIBLE
            lost = f"record {before.number} hands the turn over (P/F): the capture may lack the RR behind it"
            others.append(Alternative("capture-loss", POSSIBLE, lost))
        self._family.report(record, "hdlc-window-exceeded", cause, sure, text, alternatives=others)

    # -- LLC ----------------------------------------------------------------------------------------------------------

    def _llc(self, record: Record, link: Link, apdu: Apdu) -> None:
        """Look at an LLC header that is not that of the direction, or at none; each is told once a link."""
        octets, at = record.octets, apdu[3]
        header = octets[at - 3 : at]
        wrong = _LLC.get(header)
        if wrong is not None:
            if octets[at] in wrong and "llc-direction" not in link.told:
                link.told.add("llc-direction")
                which = "requests" if header[1] == 0xE6 else "responses"
                text = f"LLC {header.hex(' ').upper()}, that of {which}, stands before {apdu.family}"
                self._report_llc(record, "llc-direction-wrong", text, at - 3, at)
            return
        # field: L+G E450 sends LLC with the first block of a general-block-transfer only
        is_bare = information_place(octets)[0] == at and octets[at] != _NO_LLC_NEEDED
        if is_bare and "llc-missing" not in link.told:
            link.told.add("llc-missing")
            text = "the information field begins with the APDU, without LLC E6 E6/E7 00"
            self._report_llc(record, "llc-missing", text, at, at + 1)

    def _report_llc(self, record: Record, cause: str, text: str, start: int, end: int) -> None:
        self._family.report(record, "llc-unexpected", cause, CERTAIN, text, start=start, end=end)


def _information(record: Record) -> bytes:
    start, end = information_place(record.octets)
    return record.octets[start:end]


def _open_before(record: Record, link: Link) -> int | None:
    """Count the I frames before *record* that the newest N(R) leaves open; None where none came.

    It may be fewer than came since: of two taps one may give an RR before what that acknowledges.
    """
    others = (one.control or 0 for one in reversed(link.kept) if one.direction != record.direction)
    newest = next((control for control in others if not control & 1 or control & 3 == 1), None)
    return None if newest is None else ((record.control or 0) >> 1) - (newest >> 5) & 7
