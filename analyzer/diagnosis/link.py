"""HDLC links: rejections, links that are not there, echoes, sequence numbers, limits, addresses, LLC.

Source: IEC 62056-46, ISO/IEC 13239.
"""

from __future__ import annotations

from itertools import takewhile

from analyzer.diagnosis.chains import DAMAGE
from analyzer.diagnosis.family import FRAMES, Family
from analyzer.diagnosis.frame_lost import Missed, missed
from analyzer.diagnosis.hdlc_state import (
    DISC,
    DM,
    FRMR,
    LEAST_AROUND,
    REJECT_REASONS,
    SNRM,
    UA,
    Link,
    address_lengths,
    control_text,
    parameters,
)
from analyzer.diagnosis.story import CERTAIN, LIKELY, POSSIBLE, Alternative, Evidence, Stories
from analyzer.diagnosis.unanswered import SILENT, is_directed_line
from analyzer.diagnosis.words import octets as octets_text
from analyzer.framing.hdlc_header import address_end
from analyzer.record import REQUEST, RESPONSE, UNKNOWN, UNSOLICITED, Record
from dissectors.tree import Note

_MOST_LINKS = 4096
_MOST_LINES = 4096
_IDLE_NS = 15_000_000_000
_A_SILENCE_NS = 100_000_000
"""From here on a meter may have dropped a link because nothing came; usual are 30 s and 120 s."""
_ASKING = frozenset({0x60, 0x62, 0x01, 0x05, 0x06, 0xC0, 0xC1, 0xC3, 0xD9, 0xC8, 0xC9, 0xCB, 0xD0, 0xD1, 0xD3})
_ANSWERING = frozenset({0x61, 0x63, 0x08, 0x0C, 0x0D, 0x0E, 0xC4, 0xC5, 0xC7, 0xDA, 0xD8, 0xCC, 0xCD, 0xCF, 0xD4})
_LLC = {b"\xe6\xe6\x00": _ANSWERING, b"\xe6\xe7\x00": _ASKING}
"""By LLC header: the tags that it does not go with."""
LLC_OF = {REQUEST: b"\xe6\xe6", RESPONSE: b"\xe6\xe7", UNSOLICITED: b"\xe6\xe7"}
"""By direction: the first octets of its LLC header."""
_AROUND = 4
"""So many octets of a frame are neither header nor information: its FCS, and both flags where they are there."""
_NO_LLC_NEEDED = 0xE0
_NOT_POLL = 0xEF
_RESERVED = range(2, 16)
"""Upper server addresses that IEC 62056-46 reserves."""


class LinkFamily(Family):
    """Link management of HDLC, and what its frames say beside their APDUs."""

    links = frozenset({"hdlc"})
    skips_usual = FRAMES
    codes = frozenset({"hdlc-retransmission", "hdlc-frame-lost"})

    def __init__(self, stories: Stories) -> None:
        super().__init__(stories)
        self.pairs: dict[tuple[int, object, object], Link] = {}
        """By conversation, client and server."""
        self.newest: dict[int, Record] = {}
        """By conversation: its last frame."""
        self._vain: dict[int, Record] = {}
        """By conversation: the last SNRM that was not answered before the client called another address."""
        self._echoed: dict[int, Record] = {}
        """By conversation: its last echo."""

    def ignores(self, record: Record, note: Note) -> bool:
        """An echo is no traffic."""
        if note.code != "line-echo":
            return False
        self.report_note(record, note)
        self._echoed[record.lane.conversation] = record
        return True

    def finish(self) -> None:
        """Say of an echo that nothing came behind it."""
        for conversation, record in self._echoed.items():
            last = self.newest.get(conversation)
            if last is None or last.number > record.number:
                continue
            for story in self.stories.of_lane(record.lane.text):
                if story.code == "line-echo":
                    story.adds(
                        Evidence(record.number, 0, 0, "nothing came behind this echo: the meter has not answered")
                    )

    def left_open(self) -> None:
        """Report SNRM at the end of a log: the meter is silent, or the log ended too early."""
        for record in self.newest.values():
            link = self.pairs.get((record.lane.conversation, record.client, record.server))
            if link is None or record.direction is not REQUEST or (record.control or 0) & 0xEF != SNRM:
                continue
            tries, more = _tries(link)
            if tries > 1:
                text = f"SNRM was sent {tries} times{more}, and no UA or DM came"
                self.report(record, "response-missing", "server-silent", LIKELY, text)
            elif record.time_ns is None and is_directed_line(record.lane.text):
                text = "SNRM is the last frame, and the log ends without UA or DM"
                self.report(record, "response-missing", "capture-ended", POSSIBLE, text, alternatives=[SILENT])

    def look(self, record: Record) -> None:
        """Look at the frame of *record*."""
        control = record.control
        if control is None:
            return
        conversation, direction = record.lane.conversation, record.direction
        if direction is UNKNOWN:
            if control & 0xEF == FRMR:
                self._rejected(record, Link())
            self._make_room()
            self.newest[conversation] = record
            return
        link = self.pairs.get((conversation, record.client, record.server)) or self._link(record)
        if link.speaker is not direction:
            link.speaker, link.run = direction, 0
        if not control & 1:
            self._information(record, link, control, direction)
        elif control & 3 == 3:
            self._unnumbered(record, link, control & 0xEF, self.newest.get(conversation))
            link.run = 0
        link.kept.append(record)
        self.newest[conversation] = record

    def note(self, record: Record, note: Note) -> bool:
        """Take a frame that came again, or one that did not come."""
        (self._lost if note.code == "hdlc-frame-lost" else self._again)(record, note)
        return False

    def _lost(self, record: Record, note: Note) -> None:
        """A number is missing: it is one story with that of the other side where the same loss explains both."""
        link = self.pairs.get((record.lane.conversation, record.client, record.server))
        if link is not None and link.is_up is False:
            return  # there is no link, so its numbers mean nothing: DM says that
        if link is not None and self._is_told(record, link):
            return
        found = missed(record, link, self.associations.damaged.get(record.lane.conversation))
        if found.damaged and self._has_undamaged(record, found):
            return
        fact = self.report(
            record, note.code, found.cause, found.confidence, f"{note.text}: {found.text}", start=note.start,
            end=note.end, severity=note.severity,
        )  # fmt: skip
        if link is not None and found.other_side:
            link.lost_too = found.other_side, found.other_number, fact

    def _has_undamaged(self, record: Record, found: Missed) -> bool:
        """Tell the story of a damaged frame that the other side has it right; False where there is none."""
        stories = self.stories.of_lane(record.lane.text)
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
        story = self.stories.of_fact(fact)
        if story is None or (side, number) != (record.direction, (record.control or 0) >> 1 & 7):
            return False
        story.follows(record.number)
        return True

    def _again(self, record: Record, note: Note) -> None:
        """A frame came again: because its answer was damaged, or because there was none."""
        link = self.pairs.get((record.lane.conversation, record.client, record.server))
        if link is not None and link.is_up is False:
            return
        damaged = self.associations.damaged.get(record.lane.conversation)
        last = self.newest.get(record.lane.conversation)
        before = last.number if last is not None else 0
        is_damaged = damaged is not None and damaged.number >= before - 1
        text = f"{note.text}; what came between was damaged" if is_damaged else f"{note.text}; no answer came between"
        self.report(
            record, note.code, "answer-damaged" if is_damaged else "no-answer", LIKELY, text, start=note.start,
            end=note.end, severity=note.severity,
            further=() if is_damaged else self._first_copy(record),
        )  # fmt: skip

    def _first_copy(self, record: Record) -> list[Evidence]:
        """Give the record that came again, where it is known."""
        link = self.pairs.get((record.lane.conversation, record.client, record.server))
        kept = link.kept if link is not None else ()
        found = [one for one in kept if one.control == record.control and one.direction == record.direction]
        return [Evidence(found[-1].number, 0, 0, "it was sent here first")] if found else []

    def _make_room(self) -> None:
        if len(self.newest) >= _MOST_LINES:
            del self.newest[next(iter(self.newest))]

    def _link(self, record: Record) -> Link:
        self._make_room()
        if len(self.pairs) >= _MOST_LINKS:
            del self.pairs[next(iter(self.pairs))]
        made = self.pairs[record.lane.conversation, record.client, record.server] = Link()
        is_set_up = (record.control or 0) & 0xEF in (SNRM, UA)  # a push may go to any address
        if is_set_up and isinstance(record.client, str) and isinstance(record.server, int):
            text = (
                f"the client's address {record.client} has more than one octet and the server's ({record.server}) one: "
                "a client's address always has one octet, so the two may be swapped"
            )
            self.report(record, "hdlc-address-unusual", "addresses-swapped", POSSIBLE, text)
        lengths = address_lengths(record.octets)
        if 3 in lengths and not any(note.code == "hdlc-hcs-wrong" for note in record.notes):
            text = f"an address has three octets ({lengths[0]} and {lengths[1]}); there are 1, 2 and 4"
            self.report(record, "hdlc-address-unusual", "three-octet-address", CERTAIN, text)
        upper = int(str(record.server).partition(".")[0]) if record.server is not None else 0
        if upper in _RESERVED and record.direction == REQUEST:
            text = f"server address {upper} is reserved; usable are 1 and 16 to 125"
            self.report(record, "hdlc-address-unusual", "reserved-address", CERTAIN, text)
        return made

    # -- I frames -----------------------------------------------------------------------------------------------------

    def _information(self, record: Record, link: Link, control: int, direction: str) -> None:
        """Look at numbers, size and window of an I frame, and at its LLC."""
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
                self._llc(record, link, at)

    def _not_reset(self, record: Record, link: Link, number: int) -> None:
        """The first I frame has not the number 0, and none that was damaged came before it."""
        damaged = self.associations.damaged.get(record.lane.conversation)
        if (damaged is not None and damaged.number >= link.since) or self._is_told(record, link):
            return
        text = f"the first I frame since UA (record {link.since}) has N(S)={number}, and not 0"
        found = missed(record, link, None)
        if found.cause:
            fact = self.report(record, "hdlc-frame-lost", found.cause, found.confidence, f"{text}: {found.text}")
            link.lost_too = (found.other_side, found.other_number, fact) if found.other_side else None
        else:
            self.report(record, "hdlc-sequence-wrong", "counters-not-reset", CERTAIN, text)

    def _llc(self, record: Record, link: Link, at: int) -> None:
        """Look at an LLC header that is not that of the direction."""
        wrong = _LLC.get(record.octets[at - 3 : at])
        if wrong is None:
            self._no_llc(record, link, at)
        elif record.octets[at] in wrong:
            self._direction(record, link, at - 3)

    def _size(self, record: Record, link: Link, size: int, is_negotiated: bool) -> None:
        octets = record.octets
        begin = int(octets[0] == 0x7E)
        header = link.headers.get(record.direction)
        if header is None:
            middle = address_end(octets, begin + 2) or 0
            header = link.headers[record.direction] = (address_end(octets, middle) or 0) + 3 - begin
        there = ((octets[begin] & 7) << 8 | octets[begin + 1]) - 2 - header
        if there <= size:
            link.fits[record.direction] = size + header + _AROUND
            return
        at = begin + header
        cause = "negotiated-limit-ignored" if is_negotiated else "default-limit-ignored"
        what = "agreed in SNRM and UA" if is_negotiated else "the default, for SNRM and UA agreed on none"
        text = f"an information field of {there} octets; {size} are {what}"
        self.report(record, "hdlc-information-too-long", cause, CERTAIN, text, start=at, end=at + there)

    def _window(self, record: Record, link: Link, window: int, is_negotiated: bool) -> None:
        count, control = link.run, record.control or 0
        if link.kept and (link.kept[-1].control or 0) & 0x0F == control & 0x0F:
            link.run -= 1  # it is sent again
            return
        if count != window + 1:
            return  # told with the first one too many
        cause = "negotiated-limit-ignored" if is_negotiated else "default-limit-ignored"
        text = f"{count} I frames without an acknowledgement between; the window is {window}"
        before = link.kept[-1] if link.kept else None
        others = []
        if before is not None and (before.control or 0) & 0x10:
            lost = f"record {before.number} hands the turn over (P/F): the capture may lack the RR behind it"
            others.append(Alternative("capture-loss", POSSIBLE, lost))
        self.report(record, "hdlc-window-exceeded", cause, LIKELY, text, alternatives=others)

    def _no_llc(self, record: Record, link: Link, at: int) -> None:
        octets = record.octets
        begin = int(octets[0] == 0x7E)
        middle = address_end(octets, begin + 2) or 0
        is_bare = (address_end(octets, middle) or 0) + 3 == at
        # field: L+G E450 sends LLC with the first block of a general-block-transfer only
        if is_bare and octets[at] != _NO_LLC_NEEDED and "llc-missing" not in link.told:
            link.told.add("llc-missing")
            text = "the information field begins with the APDU, without LLC E6 E6/E7 00"
            self.report(record, "llc-unexpected", "llc-missing", CERTAIN, text, start=at, end=at + 1)

    def _direction(self, record: Record, link: Link, begin: int) -> None:
        if "llc-direction" in link.told:
            return
        link.told.add("llc-direction")
        shown = record.octets[begin : begin + 3].hex(" ").upper()
        which = "requests" if record.octets[begin + 1] == 0xE6 else "responses"
        text = f"LLC {shown}, that of {which}, stands before {record.apdu.family if record.apdu else 'an APDU'}"
        self.report(record, "llc-unexpected", "llc-direction-wrong", CERTAIN, text, start=begin, end=begin + 3)

    # -- link management ----------------------------------------------------------------------------------------------

    def _unnumbered(self, record: Record, link: Link, command: int, last: Record | None) -> None:
        if command == SNRM:
            link.asked = parameters(record)
            self._called(record)
            link.take_down(is_known=False)
        elif command == UA:
            asked = (link.kept[-1].control or 0) & 0xEF if link.kept else 0
            if asked == DISC:
                link.take_down()
            elif asked == SNRM:
                self._set_up(link, record)
                self._late_set_up(record, link)
                self._other_length(record)
            if last is not None and asked != DISC:
                self._other_server(record, link, last)
        elif command == FRMR:
            self._rejected(record, link)
            link.take_down()
        elif command == DM:
            self._disconnected(record, link)
            link.take_down()

    @staticmethod
    def _set_up(link: Link, record: Record) -> None:
        link.set_up(parameters(record))
        link.since = record.number

    def _late_set_up(self, record: Record, link: Link) -> None:
        """SNRM had to be sent again before UA came."""
        tries, more = _tries(link)
        if tries > 1:
            text = f"SNRM was sent {tries} times{more} before UA came in record {record.number}"
            again = link.kept[-1]
            self.report(again, "hdlc-retransmission", "no-answer", LIKELY, text)

    def _other_server(self, record: Record, link: Link, before: Record) -> None:
        """UA answers an SNRM to another server address of the same client."""
        if before.control is None or before.control & 0xEF != SNRM or before.client != record.client:
            return
        called, answering = address_lengths(before.octets)[0], address_lengths(record.octets)[1]
        if called != answering:
            text = (
                f"SNRM was sent to server {before.server} in {octets_text(called)} (record {before.number}), and "
                f"{record.server} answers with {answering}: a meter answers in the length that it was called by"
            )
            self.report(record, "hdlc-address-unusual", "address-length-differs", CERTAIN, text)
        if not link.is_up:
            link.asked = parameters(before)
            self._set_up(link, record)

    def _called(self, record: Record) -> None:
        """Remember an SNRM in vain: the one before this one, to another address."""
        conversation = record.lane.conversation
        before = self.newest.get(conversation)
        is_vain = before is not None and (before.control or 0) & 0xEF == SNRM and before.server != record.server
        if before is not None and is_vain and before.client == record.client:
            if len(self._vain) >= _MOST_LINES:
                self._vain.clear()
            self._vain[conversation] = before

    def _other_length(self, record: Record) -> None:
        """Report UA behind an SNRM in vain to the same logical device, by an address of another length."""
        vain = self._vain.pop(record.lane.conversation, None)
        if vain is None or str(vain.server).partition(".")[0] != str(record.server).partition(".")[0]:
            return
        called, answering = address_lengths(vain.octets)[0], address_lengths(record.octets)[1]
        if called != answering:
            text = (
                f"SNRM to server {vain.server} in {octets_text(called)} (record {vain.number}) was not answered, and "
                f"to {record.server} in {answering} it was: a meter takes its address in one length only"
            )
            self.report(record, "hdlc-address-unusual", "address-length-differs", LIKELY, text)

    def _rejected(self, record: Record, link: Link) -> None:
        octets = record.octets
        begin = int(octets[0] == 0x7E)
        middle = address_end(octets, begin + 2) or 0
        at = (address_end(octets, middle) or 0) + 3
        information = octets[at : begin + ((octets[begin] & 7) << 8 | octets[begin + 1]) - 2]
        if len(information) < 3:
            self.report(record, "hdlc-frame-rejected", "", POSSIBLE, "FRMR without the three octets that say why")
            return
        rejected, numbers, reasons = information[:3]
        told = [(cause, text) for bit, cause, text in REJECT_REASONS if reasons & bit]
        why = "; ".join(text for _, text in told) or "no reason is given"
        sent, received = numbers >> 1 & 7, numbers >> 5 & 7
        hit = next((one for one in reversed(link.kept) if one.control == rejected), None)
        which = f"record {hit.number}, " if hit is not None else ""
        text = (
            f"FRMR {information[:3].hex(' ').upper()} rejects {which}{control_text(rejected)} ({rejected:02X}): {why}; "
            f"the rejecting side has V(S)={sent} V(R)={received}"
        )
        if told and told[0][0] == "counters-not-reset" and not sent and not received:
            text += ", so its link has just begun and the other side went on counting"
        cause = told[0][0] if told else ""
        self.report(record, "hdlc-frame-rejected", cause, CERTAIN if cause else LIKELY, text, start=at, end=at + 3)

    def _disconnected(self, record: Record, link: Link) -> None:
        asked = link.kept[-1] if link.kept else None
        if asked is not None and (asked.control or 0) & 0xEF == DISC:
            return  # DM answers DISC where no link was: as it should be
        damaged = self.associations.damaged.get(record.lane.conversation)
        if asked is None and damaged is not None and damaged.number == record.number - 1:
            return  # what it answers is not readable, and may be DISC
        idle_ns, idle = self._idle(record, link, asked)
        cause, confidence = _cause_of_dm(link, asked, idle_ns)
        what = f" to {control_text(asked.control or 0)} (record {asked.number})" if asked is not None else ""
        text = f"DM{what}: the meter has no link with this client{idle}"
        others = [] if cause else [Alternative("no-snrm", POSSIBLE, "no SNRM and UA were captured before it")]
        self.report(record, "hdlc-disconnected-mode", cause, confidence, text, alternatives=others)

    @staticmethod
    def _idle(record: Record, link: Link, asked: Record | None) -> tuple[int, str]:
        """Tell how long nothing came before what was answered with DM."""
        times = [one.time_ns for one in link.kept if one.time_ns is not None]
        if asked is None or len(times) < 2 or asked.time_ns is None:
            return 0, ""
        idle_ns = asked.time_ns - times[-2]
        return idle_ns, f"; before that it was silent for {idle_ns / 1e9:.1f} s" if idle_ns >= _A_SILENCE_NS else ""


def _tries(link: Link) -> tuple[int, str]:
    """Count how often the newest frame was sent, one time after another, and say where it may be more often."""
    newest = link.kept[-1].octets if link.kept else b""
    tries = len(list(takewhile(newest.__eq__, (one.octets for one in reversed(link.kept)))))
    return tries, " or more" * (tries == link.kept.maxlen)


def _cause_of_dm(link: Link, asked: Record | None, idle_ns: int) -> tuple[str, str]:
    """Say why a meter may answer DM."""
    if asked is not None and (asked.control or 0) & 0xEF == SNRM:
        return "meter-busy", LIKELY
    if link.is_up is False:
        return "no-snrm", LIKELY
    if idle_ns >= _IDLE_NS:
        return "inactivity-timeout", LIKELY
    if link.is_up:
        return "server-restart", POSSIBLE
    if asked is not None and len(link.kept) == 1 and (asked.control or 0) & _NOT_POLL == 0:
        return "no-snrm", LIKELY  # the very first I frame of a link, and nothing before it
    return "", POSSIBLE
