"""What carries a dialogue over a network: connections that are reset, octets that are missing or had to be sent again.

Source: RFC 9293; IEC 62056-47 (TCP-UDP setup).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from statistics import median

from analyzer.diagnosis.explained import answers_in, explained
from analyzer.diagnosis.family import Family, severity_with
from analyzer.diagnosis.story import CERTAIN, LIKELY, POSSIBLE, Alternative, Evidence, Fact, Stories
from analyzer.diagnosis.words import seconds
from analyzer.framing.foreign import foreign_named
from analyzer.record import NOISE, End, Lane, Record
from analyzer.tracking.associations import ENDED, Event
from analyzer.tracking.connections import Attempt
from analyzer.tracking.history import BY_SERVER
from analyzer.tracking.meter_key import meter_key
from captures.chunk import PACKET_BITS
from dissectors.tree import Note, Severity

_IDLE_NS = 20_000_000_000
NAT_NS = 60_000_000_000
"""A silence from which routers and mobile networks forget a connection."""
_DOUBLE_NS = 1_000_000
"""Copies come sooner. TCP sends again later: 200 ms and more as a rule, a few in fast retransmission."""
_RESET = "tcp-reset"
_MOST_RESETS, _MOST_BEATS = 4096, 4096
_BEATS, _SHORTEST_BEAT, _LONGEST_BEAT = 3, 2, 64
_POINTS, _LEAST_CROSSED = "captured-at-two-points", 2
_NOISE = frozenset({"noise", "hdlc-noise"})
_FLAG, _FORMAT = 0x7E, 0xA0


_CLOSED = "connection-closed", "its sender closed the connection"


class CarrierFamily(Family):
    """TCP below associations, and signs of life that a gateway puts between units."""

    links = frozenset()
    codes = frozenset({"tcp-retransmission", "tcp-octets-missing", "capture-cut", *_NOISE})
    events = frozenset({ENDED})

    def __init__(self, stories: Stories) -> None:
        super().__init__(stories)
        self._resets: dict[int, End] = {}
        """By conversation: the reset that ended it."""
        self._closed: dict[tuple[int, int], End] = {}
        """By conversation and side: the FIN behind which this side says nothing more."""
        self._gaps: dict[int, tuple[int, int, Fact]] = {}
        """By conversation: side, record and fact of the newest gap."""
        self._again: dict[tuple[int, int], End] = {}
        """By conversation and side: when octets came again last."""
        self._untold: set[tuple[int, int]] = set()
        """By conversation and side: where no record came behind octets that came again so far."""
        self._doubled: Counter[int] = Counter()
        """By conversation: how many more times octets came again at once than later."""
        self._copies: dict[int, list[End]] = {}
        """By input: the connections that another input has, too."""
        self._crossed: dict[int, list[tuple[Record, str, int]]] = {}
        """By conversation: what came again in another input than before: its record, what was said, and its side."""
        self._beats: dict[tuple[str, bytes], list[int]] = {}
        """By lane and octets: the records in which the same short run stood alone."""

    def connection(self, end: End) -> None:
        """Remember a reset: what was on its way then is cut by it; and when octets came again."""
        if end.kind == "copied":
            if len(copies := self._copies.setdefault(end.source, [])) < _MOST_RESETS:
                copies.append(end)
            return
        if end.kind == "repeated":
            place = end.conversation, end.side
            self._again[place] = end
            self._untold.add(place)
            if len(self._again) > _MOST_RESETS:
                del self._again[gone := next(iter(self._again))]
                self._untold.discard(gone)
        if end.is_reset:
            if len(self._resets) >= _MOST_RESETS:
                del self._resets[next(iter(self._resets))]
            self._resets[end.conversation] = end
        elif end.kind == "closed":
            if len(self._closed) >= _MOST_RESETS:
                del self._closed[next(iter(self._closed))]
            self._closed[end.conversation, end.side] = end

    def event(self, record: Record, event: Event) -> None:
        """Report a reset that ended an association."""
        one, ending = event.association, event.association.ending
        if ending is None or ending.reason != _RESET:
            return
        idle = ending.idle_ns
        is_idle = idle is not None and idle >= _IDLE_NS
        cause = "idle-timeout" if is_idle else "peer-closed"
        who = "meter" if ending.by == BY_SERVER else "client"
        text = f"the {who} resets the TCP connection" + (f" after a pause of {seconds(idle)}" if is_idle else "")
        others = []
        if is_idle:
            others.append(Alternative("nat-expiry", POSSIBLE, "a router may have forgotten the silent connection"))
        proof = [Evidence(ending.at.record, 0, 0, text)]
        self.report_about(one, _RESET, cause, POSSIBLE, proof, time_ns=ending.at.time_ns, alternatives=others)

    def _missing(self, record: Record, note: Note) -> None:
        """Report octets that TCP lacks; those of the other side that are missing at the same place are one story."""
        conversation = record.lane.conversation
        before = self._gaps.get(conversation)
        last = self.sound.get(record.lane)
        size = int(note.text.partition(" ")[0])  # the note begins with it
        explains = explained(self, record, last.number if last is not None else 0, answers_in(size, record))
        if before is not None and before[0] != record.lane.side and (last is None or last.number < before[1]):
            story = self.stories.of_fact(before[2])
            del self._gaps[conversation]
            if story is not None:
                story.adds(Evidence(record.number, 0, 0, f"{note.text}, and here of the other side"))
                story.follows(record.number, before[2].meter, explains)
                return
        fact = self.report(
            record, note.code, "capture-loss", LIKELY, note.text, severity=note.severity, explains=explains
        )
        if len(self._gaps) >= _MOST_RESETS:
            self._gaps.clear()
        self._gaps[conversation] = (record.lane.side, record.number, fact)

    def note(self, record: Record, note: Note) -> bool | None:
        """Take what TCP lost, sent again or broke off, and what comes again and again between units."""
        if note.code == "tcp-retransmission":
            self._untold.discard((record.lane.conversation, record.lane.side))
            self._sent_again(record, self._sent_before(record), note.text)
            return False
        missing = next((one for one in record.notes if one.code == "tcp-octets-missing"), None)
        if missing is not None and note.code != "capture-cut":
            self._missing(record, missing)
            return record.kind is NOISE or bool(record.problem)
        if note.code in _NOISE:
            return self._is_beat(record) or None
        lane = record.lane
        end = self._resets.get(lane.conversation) or self._closed.get((lane.conversation, lane.side))
        if end is None or not record.problem:
            return None
        cause, what = ("connection-reset", "the connection was reset") if end.is_reset else _CLOSED
        text = f"{note.text}; {what} in packet {end.packet} before the rest came"
        self.report(record, note.code, cause, CERTAIN, text, start=note.start, end=note.end)
        return True

    def finish(self) -> None:
        """Tell octets that came again where their side said nothing more."""
        for lane, record in self.sound.items():
            if (lane.conversation, lane.side) in self._untold:
                again = self._again[lane.conversation, lane.side]
                text = f"its octets were sent again (packet {again.packet}), and nothing came behind them"
                self._sent_again(record, record, text)
        for copies in self._copies.values():
            self._copied(copies)
        for crossed in self._crossed.values():
            self._judge(crossed)

    def _copied(self, copies: Sequence[End]) -> None:
        """Say that an input holds what another does, and how far their clocks are apart."""
        apart = int(median((one.time_ns or 0) - (one.newest_ns or 0) for one in copies))
        first, many = copies[0], len(copies)
        held = f"{many} TCP connections that an earlier input has" if many > 1 else "a TCP connection of another input"
        text = (
            f"input {first.source + 1} has {held}, too, {seconds(apart)} later: the same SYN in packet {first.packet}"
        )
        proof = Evidence(first.after, 0, 0, text)
        fact = Fact(
            "packets-in-two-inputs", severity_with("packets-in-two-inputs", _POINTS), _POINTS, LIKELY, proof,
            first.time_ns, "the capture", "",
        )  # fmt: skip
        self.stories.add(fact)

    def _judge(self, crossed: Sequence[tuple[Record, str, int]]) -> None:
        """Tell octets that came again in another input, unless the inputs hold the same packets.

        They do where their SYN says so, or where octets of both sides come again: of several files that follow each
        other only the last octets of the one come again in the next.
        """
        if self._copies:
            return
        sides = Counter(side for _, _, side in crossed)
        is_copy = len(sides) > 1 and min(sides.values()) >= _LEAST_CROSSED
        for record, text, _ in crossed:
            cause = _POINTS if is_copy else "packet-loss"
            self.report(record, "tcp-retransmission", cause, LIKELY, f"{text}, in another input" if is_copy else text)

    def _sent_again(self, record: Record, sent: Record, text: str) -> None:
        """Tell octets that come again behind a long pause, on a forgotten connection, from those that got lost.

        They are those of *sent*, and were noted with *record*.
        """
        code, cause, confidence = "tcp-retransmission", "packet-loss", LIKELY
        again = self._again.get((record.lane.conversation, record.lane.side))
        if again is not None and sent.packets and sent.packets[-1] >> PACKET_BITS != again.source:
            if len(crossed := self._crossed.setdefault(record.lane.conversation, [])) < _MOST_RESETS:
                crossed.append((sent, text, record.lane.side))
            return
        one = self.associations.of(record.association) if record.association is not None else None
        pause = one.pause_ns if one is not None else None
        if self._is_double(record):
            self.report(sent, code, "captured-twice", LIKELY, f"{text}, at once: TCP is seldom that quick")
            return
        if pause is not None and pause >= NAT_NS:
            cause, confidence = "nat-expiry", POSSIBLE
            text += f", after a pause of {seconds(pause)}"
        self.report(sent, code, cause, confidence, text)

    def _sent_before(self, record: Record) -> Record:
        """Give the record whose octets came again: the one of its side before *record*, unless this had begun."""
        lane = record.lane
        again, before = self._again.get((lane.conversation, lane.side)), self.sound.get(lane)
        return record if again is None or before is None or record.packets[0] < again.packet else before

    def _is_double(self, record: Record) -> bool:
        """Tell whether octets came again so soon that it is the capture that has them twice.

        Other octets may have come just before those that come again: what most did counts.
        """
        lane = record.lane
        again, before = self._again.get((lane.conversation, lane.side)), self.sound.get(lane)
        if again is None or again.time_ns is None:
            return False
        came = [one for one in (again.newest_ns, before.time_ns if before is not None else None) if one is not None]
        if not came:
            return False
        if len(self._doubled) >= _MOST_RESETS:
            self._doubled.clear()
        self._doubled[lane.conversation] += 1 if 0 <= again.time_ns - max(came) < _DOUBLE_NS else -1
        return self._doubled[lane.conversation] > 0

    def _is_beat(self, record: Record) -> bool:
        """Tell whether the same short run stood alone before, again and again, while an association works."""
        octets, lane = record.octets, record.lane
        if not _SHORTEST_BEAT <= len(octets) <= _LONGEST_BEAT or octets[0] == _FLAG or octets[0] & 0xF0 == _FORMAT:
            return False
        is_new, is_heard = (lane.text, octets) not in self._beats, lane in self.sound
        if len(set(octets)) == 1 or (is_new and not (is_heard and self.associations.open_on(lane.conversation))):
            return False  # where nothing else reads on a lane, this may be all that it says, misread
        seen = self._beats.setdefault((lane.text, octets), [])
        if len(self._beats) > _MOST_BEATS:
            self._beats.clear()
        seen.append(record.number)
        if len(seen) < _BEATS:
            return False
        del seen[:-_BEATS]
        shown = (
            octets.decode("ascii").strip() if octets.isascii() and octets.strip().isalnum() else octets.hex(" ").upper()
        )
        text = f"the same {len(octets)} octets ({shown}) come again and again between units: a sign of life"
        before = self.stories.of_lane(lane.text)
        fact = self.report(record, "carrier-text", "heartbeat", LIKELY, text, start=0, end=len(octets), subject=shown)
        story = self.stories.of_fact(fact)
        if story is not None:
            self.stories.fold(story, [one for one in before if one.code in _NOISE and set(one.records) <= set(seen)])
        return True


def tell_carriers(stories: Stories, left_aside: Mapping[str, int]) -> None:
    """Say what a capture holds in which nothing of ours was found: a tunnel that hides it, or something else."""
    for name, packets in sorted(left_aside.items(), key=lambda item: -item[1]):
        known = foreign_named(name)
        code, cause = ("carrier-tls", "tunnel") if known.is_tunnel else ("carrier-undecoded", "")
        what = f"an encrypted tunnel ({name.upper()})" if known.is_tunnel else name
        text = f"{packets} packet{'s' * (packets != 1)} of {what}, and nothing of ours in the whole capture"
        if known.meaning and not known.is_tunnel:
            text += f": {known.meaning}"
        proof = Evidence(0, 0, 0, text)
        stories.add(Fact(code, Severity.NOTE, cause, LIKELY, proof, None, "the capture", "", subject=name))


_PORT = ":4059"
_SECOND = 1_000_000_000
_PATIENCE_NS = 3 * _SECOND
"""Behind the first SYN so much has to be in the capture before its answer is missed."""


def tell_attempts(stories: Stories, attempts: Iterable[Attempt], newest: Mapping[Lane, Record]) -> None:
    """Report connections that did not come about: to a port of the wrapper, or to an end that speaks elsewhere.

    *newest* is the newest record of each lane.
    """
    lanes = {lane.text for lane in newest}
    servers = {meter_key(one)[0] for one in newest.values()}
    last_ns = max((one.time_ns or 0 for one in newest.values()), default=0)
    for one in attempts:
        client, _, server = one.lane.partition(" > ")
        is_used = one.lane in lanes or f"{server} > {client}" in lanes
        if is_used or not (server.endswith(_PORT) or server in servers):
            continue
        spent = (one.last_ns or 0) - (one.first_ns or 0)
        tries = f"{one.tries} SYN over {seconds(spent)}" if one.tries > 1 else "a SYN"
        cause, confidence, answer = "connection-refused", CERTAIN, "and RST in return"
        if not one.is_refused:
            if max(last_ns, one.last_ns or 0) - (one.first_ns or last_ns) < _PATIENCE_NS:
                continue
            cause, confidence, answer = "connection-unanswered", LIKELY, "and no answer"
        proof = Evidence(0, 0, 0, f"packet {one.packet}: {tries}, {answer}")
        code = "tcp-connect-failed"
        stories.add(Fact(code, severity_with(code, cause), cause, confidence, proof, one.first_ns, one.lane, ""))
