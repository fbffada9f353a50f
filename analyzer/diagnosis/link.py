"""HDLC links: set-up, links that are not there, echoes, what came again or was not answered.

Source: IEC 62056-46, ISO/IEC 13239.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from typing import Any

from analyzer.diagnosis.family import FRAMES, Family
from analyzer.diagnosis.hdlc_addresses import HdlcAddresses
from analyzer.diagnosis.hdlc_state import DISC, DM, FRMR, SNRM, UA, Link, parameters
from analyzer.diagnosis.information_frames import InformationFrames
from analyzer.diagnosis.link_refusals import disconnected, rejected
from analyzer.diagnosis.story import LIKELY, POSSIBLE, Alternative, Evidence, Stories
from analyzer.diagnosis.unanswered import SILENT, is_directed_line
from analyzer.record import REQUEST, UNKNOWN, Record
from dissectors.tree import Note

_MOST_LINKS = 4096
_MOST_LINES = 4096
_FINAL = 0x10
_AT_ONCE_NS = 50_000_000
"""Who asks again so soon has waited for no answer."""
_DOUBLED = Alternative("captured-twice", POSSIBLE, "what passes it on, or the capture, may have doubled the frame")
_ECHOED = Alternative("local-echo", POSSIBLE, "without times and directions an adapter's echo would look the same")
_PATIENCE_NS = 3_000_000_000
"""So long the capture has to go on behind the first of two SNRM: who asks three times has waited by itself."""


class LinkFamily(Family):
    """Link management of HDLC, and what its frames say beside their APDUs."""

    links = frozenset({"hdlc"})
    skips_usual = FRAMES
    codes = frozenset({"hdlc-retransmission", "hdlc-frame-lost"})

    def __init__(self, stories: Stories) -> None:
        super().__init__(stories)
        self.pairs: dict[tuple[int, object, object], Link] = {}
        """By conversation, client and server."""
        self._clients: dict[tuple[int, object], dict[object, Link]] = {}
        """The same by conversation and server, then by client."""
        self.newest: dict[int, Record] = {}
        """By conversation: its last frame."""
        self.places: Sequence[dict[Any, Any]] = ()
        """What others remember of *pairs*, to be forgotten with one of them."""
        self._echoed: dict[int, Record] = {}
        """By conversation: its last echo."""
        self._frames, self._addresses = InformationFrames(self), HdlcAddresses(self)

    def ignores(self, record: Record, note: Note) -> bool:
        """An echo is no traffic."""
        if note.code != "line-echo":
            return False
        self.report_note(record, note)
        self._echoed[record.lane.conversation] = record
        return True

    def finish(self) -> None:
        """Say of an echo that nothing came behind it, and which SNRM were never answered."""
        newest: dict[int, int] = {}
        for lane, last in self.sound.items() if self._echoed else ():
            newest[lane.conversation] = max(last.number, newest.get(lane.conversation, 0))
        for conversation, record in self._echoed.items():
            if newest.get(conversation, record.number) > record.number:
                continue
            for story in self.stories.of_lane(record.lane.text):
                if story.code == "line-echo":
                    story.adds(
                        Evidence(record.number, 0, 0, "nothing came behind this echo: the meter has not answered")
                    )
        for link in self.pairs.values():
            self._left_silent(link)
            self._frames.left_open(link)

    def _left_silent(self, link: Link) -> None:
        """Report SNRM that was sent again and again, and never answered."""
        record = link.kept[-1] if link.kept else None
        if record is None or record.direction is not REQUEST or (record.control or 0) & 0xEF != SNRM:
            return
        tries, more = _tries(link)
        spent_ns = (self.ended_ns or 0) - (link.kept[-tries].time_ns or 0)
        if tries < (2 if spent_ns >= _PATIENCE_NS else 3) or self._addresses.takes_other(record):
            return
        text = f"SNRM was sent {tries} times{more} to {record.server}, and no UA or DM came"
        if link.answered_by is not None:
            text += f" from there: {link.answered_by.server} answered instead (record {link.answered_by.number})"
        damaged = self.associations.damaged.get(record.lane.conversation)
        is_damaged = damaged is not None and damaged.number >= link.kept[-tries].number
        cause, confidence = ("response-damaged", POSSIBLE) if is_damaged else ("server-silent", LIKELY)
        self.report(record, "response-missing", cause, confidence, text, subject="SNRM")

    def left_open(self) -> None:
        """Report SNRM at the end of a log: it may have ended too early."""
        for record in self.newest.values():
            is_asked = record.direction is REQUEST and (record.control or 0) & 0xEF == SNRM
            if is_asked and record.time_ns is None and is_directed_line(record.lane.text):
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
                rejected(self, record, Link())
            self._make_room()
            self.newest[conversation] = record
            return
        link = self.pairs.get((conversation, record.client, record.server)) or self._link(record)
        if link.speaker is not direction:
            link.speaker, link.run = direction, 0
        if not control & 1:
            self._frames.look(record, link)
        elif control & 3 == 3:
            self._unnumbered(record, link, control & 0xEF, self.newest.get(conversation))
            link.run = 0
        link.kept.append(record)
        self.newest[conversation] = record

    def note(self, record: Record, note: Note) -> bool:
        """Take a frame that came again, or one that did not come."""
        link = self.pairs.get((record.lane.conversation, record.client, record.server))
        if note.code == "hdlc-frame-lost":
            self._frames.lost(record, note, link)
        elif link is None or link.is_up is not False:
            self._again(record, note, link)
        return False

    def _again(self, record: Record, note: Note, link: Link | None) -> None:
        """A frame came again: its answer was damaged, was not taken, was under way, or there was none."""
        if link is not None and self._is_answered_twice(record, link):
            return
        damaged = self.associations.damaged.get(record.lane.conversation)
        last = self.newest.get(record.lane.conversation)
        before = last.number if last is not None else 0
        is_damaged = damaged is not None and damaged.number >= before - 1
        first = _first_copy(record, link)
        answer = _answer_between(record, link)
        cause, text = "no-answer", "no sound answer came between"
        if is_damaged:
            cause, text = "answer-damaged", "what came between was damaged"
        elif answer is not None:
            lacks = _lacks_flag(record, answer)
            cause, text = (
                "flag-missing" if lacks else "answer-not-taken",
                f"record {answer.number} acknowledges it{lacks}",
            )
            if not (answer.control or 0) & _FINAL:
                text += ", and does not hand the turn over (F is 0)"
        others = _other_doublings(record, first) if cause == "no-answer" else []
        sure = POSSIBLE if others else LIKELY
        if cause == "answer-not-taken" and answer is not None:
            others = _cut_within(answer)
        fact = self.report(
            record, note.code, cause, sure, f"{note.text}; {text}", start=note.start,
            end=note.end, severity=note.severity, alternatives=others,
            further=() if is_damaged or first is None else [Evidence(first.number, 0, 0, "it was sent here first")],
        )  # fmt: skip
        if link is not None:
            link.again = fact if record.direction is REQUEST and not is_damaged else None

    def _is_answered_twice(self, record: Record, link: Link) -> bool:
        """Tell whether the answer comes again to a request that was sent twice: it was under way, and no fault more."""
        asked, first = link.again, _first_copy(record, link)
        if asked is None or first is None or record.direction is REQUEST or record.number < asked.evidence.record:
            return False
        is_early = asked.cause == "no-answer"
        if is_early and first.number < asked.evidence.record:
            return False
        told = self.stories.of_fact(asked)
        if is_early and told is not None:
            self.stories.take_back(asked)
            asked = link.again = asked.told_as("time-out-too-short", LIKELY)
            told = self.stories.add(asked)
        if told is not None:
            told.follows(record.number)
            told.adds(Evidence(record.number, 0, 0, f"both were answered: record {first.number} and this one"))
        return True

    def _make_room(self) -> None:
        if len(self.newest) >= _MOST_LINES:
            del self.newest[next(iter(self.newest))]

    def _link(self, record: Record) -> Link:
        self._make_room()
        if len(self.pairs) >= _MOST_LINKS:
            self._forget(*next(iter(self.pairs)))
        made = self.pairs[record.lane.conversation, record.client, record.server] = Link()
        self._clients.setdefault((record.lane.conversation, record.server), {})[record.client] = made
        self._addresses.look(record)
        return made

    def _forget(self, conversation: int, client: object, server: object) -> None:
        clients = self._clients[conversation, server]
        del self.pairs[conversation, client, server], clients[client]
        for one in self.places:
            one.clear()
        if not clients:
            del self._clients[conversation, server]

    # -- link management ----------------------------------------------------------------------------------------------

    def _unnumbered(self, record: Record, link: Link, command: int, last: Record | None) -> None:
        if command == SNRM:
            link.asked = parameters(record)
            self._addresses.called(record, last)
            self._not_taken(record, link, last)
            link.take_down(is_known=False)
        elif command == UA:
            asked = (link.kept[-1].control or 0) & 0xEF if link.kept else 0
            if asked == DISC:
                link.take_down()
            elif asked == SNRM:
                link.set_up(record)
                self._late_set_up(record, link)
                self._addresses.answered(record)
            if last is not None and asked != DISC:
                self._other_server(record, link, last)
        elif command == FRMR:
            rejected(self, record, link)
            link.take_down()
        elif command == DM:
            disconnected(self, record, link, self._clients[record.lane.conversation, record.server], last)
            link.take_down()

    def _not_taken(self, record: Record, link: Link, answer: Record | None) -> None:
        """SNRM comes again right behind its UA, *answer*, which lacks a flag: its client waits for that."""
        if answer is None or not link.kept or answer is not link.kept[-1] or (answer.control or 0) & 0xEF != UA:
            return
        damaged = self.associations.damaged.get(record.lane.conversation)
        lacks = _lacks_flag(record, answer)
        if lacks and (damaged is None or damaged.number < answer.number):
            text = f"SNRM came again though UA in record {answer.number} answers it{lacks}"
            self.report(record, "hdlc-retransmission", "flag-missing", LIKELY, text)

    def _late_set_up(self, record: Record, link: Link) -> None:
        """SNRM had to be sent again before UA came."""
        tries, more = _tries(link)
        if tries > 1:
            text = f"SNRM was sent {tries} times{more} before UA came in record {record.number}"
            again = link.kept[-1]
            others = [_ECHOED] if tries == 2 and _may_be_echo(again, link.kept[-2]) else []
            sure = POSSIBLE if others else LIKELY
            self.report(again, "hdlc-retransmission", "no-answer", sure, text, alternatives=others)

    def _other_server(self, record: Record, link: Link, before: Record) -> None:
        """UA answers an SNRM to another server address of the same client."""
        if (before.control or 0) & 0xEF != SNRM or before.client != record.client:
            return
        self._addresses.answers_for(record, before)
        called = self.pairs.get((before.lane.conversation, before.client, before.server))
        if called is not None:
            called.answered_by = record
        if not link.is_up:
            link.asked = parameters(before)
            link.set_up(record)


def _lacks_flag(asked: Record, answer: Record) -> str:
    """Say which flag an answer lacks, where what asked for it has both; empty if none."""
    flag = b"\x7e"
    if not (asked.octets.startswith(flag) and asked.octets.endswith(flag)):
        return ""
    if not answer.octets.endswith(flag):
        return ", and lacks its closing flag"
    return "" if answer.octets.startswith(flag) else ", and lacks its opening flag"


def _first_copy(record: Record, link: Link | None) -> Record | None:
    """Give the frame that came again, where it is known."""
    kept = link.kept if link is not None else ()
    found = [one for one in kept if one.control == record.control and one.direction == record.direction]
    return found[-1] if found else None


def _other_doublings(record: Record, first: Record | None) -> list[Alternative]:
    """Tell what else than its sender may have doubled a frame that no answer came to."""
    if first is None:
        return []
    if _is_at_once(record, first):
        return [_DOUBLED]
    return [_ECHOED] if record.direction is REQUEST and _may_be_echo(record, first) else []


def _cut_within(answer: Record) -> list[Alternative]:
    """Tell of a 7E within an answer that was not taken: who reads up to the next flag has a part of it."""
    at = answer.octets.find(b"\x7e", 1, -1)
    if at < 0:
        return []
    text = (
        f"octet {at} of record {answer.number} is 7E within the frame: a reader that stops at flags takes a part of it"
    )
    return [Alternative("cut-at-flag-octet", POSSIBLE, text, at, at + 1)]


def _may_be_echo(record: Record, first: Record) -> bool:
    """Tell whether neither time nor lane shows that a frame right behind its like was not returned by the adapter."""
    return record.time_ns is None and record.number == first.number + 1 and not is_directed_line(record.lane.text)


def _is_at_once(record: Record, first: Record | None) -> bool:
    """Tell whether a frame came again sooner than anybody waits for an answer."""
    if first is None or first.time_ns is None or record.time_ns is None:
        return False
    return record.time_ns - first.time_ns <= _AT_ONCE_NS


def _answer_between(record: Record, link: Link | None) -> Record | None:
    """Give the answer of the other side that acknowledges a frame which is sent again all the same."""
    first = _first_copy(record, link)
    if link is None or first is None:
        return None
    following = (record.control or 0) + 2 & 0xE
    answers = (one for one in link.kept if one.number > first.number and one.direction != record.direction)
    return next(
        (one for one in answers if not (one.control or 0) & 1 and (one.control or 0) >> 4 & 0xE == following), None
    )


def _tries(link: Link) -> tuple[int, str]:
    """Count how often the newest frame was sent, one time after another, and say where it may be more often."""
    newest = link.kept[-1].octets if link.kept else b""
    tries = len(list(takewhile(newest.__eq__, (one.octets for one in reversed(link.kept)))))
    return tries, " or more" * (tries == link.kept.maxlen)
