"""Records to stories: what went wrong, where, why as far as the octets tell, and what to try. One pass, bounded."""

from __future__ import annotations

from collections import Counter, OrderedDict

from analyzer.diagnosis.fcs_search import CERTAIN, LIKELY, POSSIBLE, Candidate, search
from analyzer.diagnosis.rules import rule
from analyzer.diagnosis.services import Refusal, refusals
from analyzer.diagnosis.story import Alternative, Evidence, Fact, Stories, Story, severity_of
from analyzer.record import REQUEST, Record
from dissectors.tree import Note, Severity

_SEARCHED = frozenset({"hdlc-fcs-wrong", "hdlc-hcs-wrong", "hdlc-length-wrong"})
_MOST_SEARCHES = 1000
"""Damaged frames of a lane that are searched; the others are counted."""
_MOST_REMEMBERED = 64
_ECHO_NS = 2_000_000_000
_FRMR, _DM, _SNRM = 0x87, 0x0F, 0x83
_REASONS = (
    (0x10, "counters-not-reset", "V: the send number is invalid"),
    (0x01, "control-not-implemented", "W: the control field is undefined or not implemented"),
    (0x02, "information-not-allowed", "X: an information field where none is allowed"),
    (0x04, "information-too-long", "Y: the information field is too long"),
    (0x08, "invalid-receive-number", "Z: the receive number is invalid"),
)
"""Bits of the third octet of FRMR (W is bit 0, V bit 4), the most telling first."""


class Doctor:
    """Takes records in order; *stories* are what it has to say."""

    def __init__(self) -> None:
        self._stories = Stories()
        self._searches: Counter[str] = Counter()
        self._sent: dict[int, OrderedDict[bytes, Record]] = {}
        self._last: dict[str, Record] = {}

    def take(self, record: Record) -> None:
        """Look at one record."""
        notes = [note for note in record.notes if note.severity >= Severity.NOTE]
        damage = [note for note in notes if note.code in _SEARCHED]
        if damage:
            self._damaged(record, damage)  # what else is odd in it follows from the damage
            return
        for note in notes:
            if note.code == "capture-cut" and record.link == "hdlc" and record.problem:
                self._cut(record, note)
                return
            self._add(record, note.code, note.severity, note.cause, note.confidence, note.text, note)
        for refusal in refusals(record):
            self._refused(record, refusal)
        if record.link == "hdlc" and record.control is not None:
            self._link(record, record.control & 0xEF)

    def stories(self) -> list[Story]:
        """Give the stories, worst first."""
        return self._stories.sorted()

    def _add(
        self, record: Record, code: str, severity: Severity, cause: str, confidence: str, text: str,
        note: Note | None = None, *, subject: str = "", alternatives: tuple[Alternative, ...] = (),
        proposed: bytes = b"",
    ) -> None:  # fmt: skip
        start, end = (note.start, note.end) if note is not None else (0, 0)
        evidence = Evidence(record.number, start, end, text)
        self._stories.add(
            Fact(
                code, severity, cause, confidence, evidence, record.time_ns, record.lane.text, _meter(record),
                alternatives, proposed, subject,
            )
        )  # fmt: skip

    # -- damaged frames -------------------------------------------------------------------------------------------

    def _damaged(self, record: Record, notes: list[Note]) -> None:
        """Search the cause of a damaged frame; its notes are one fact."""
        first = next((note for note in notes if note.code != "hdlc-hcs-wrong"), notes[0])
        lane = record.lane.text
        found: list[Candidate] = []
        if self._searches[lane] < _MOST_SEARCHES:
            self._searches[lane] += 1
            found = search(record.octets)
        if not found:
            text = f"{first.text}; no single damage explains it"
            self._add(record, first.code, first.severity, "", POSSIBLE, text, first)
            return
        best, rest = found[0], found[1:]
        alternatives = tuple(
            Alternative(one.cause, one.confidence, one.text) for one in rest if one.cause != best.cause or len(rest) < 4
        )[:3]
        text = f"{first.text}: {best.text}"
        note = first if best.at < 0 else first._replace(start=best.at, end=best.at + 1)
        self._add(
            record, first.code, first.severity, best.cause, best.confidence, text, note,
            alternatives=alternatives, proposed=best.repaired if best.confidence != POSSIBLE else b"",
        )  # fmt: skip

    def _cut(self, record: Record, note: Note) -> None:
        """Tell a frame that the reader cut at a flag octet inside from one that the capture cut."""
        found = search(record.octets)
        if found and found[0].cause == "cut-at-flag-octet":
            best = found[0]
            self._add(
                record, "hdlc-fcs-wrong", Severity.ERROR, best.cause, best.confidence, best.text, note,
                proposed=best.repaired,
            )  # fmt: skip
            return
        self._add(record, note.code, note.severity, note.cause, note.confidence, note.text, note)

    # -- services and link ----------------------------------------------------------------------------------------

    def _refused(self, record: Record, refusal: Refusal) -> None:
        found = rule("fact", refusal.code)
        severity = severity_of(found.severity) if found is not None else Severity.NOTE
        confidence = refusal.confidence if refusal.cause else CERTAIN
        self._add(record, refusal.code, severity, refusal.cause, confidence, refusal.text, subject=refusal.subject)

    def _link(self, record: Record, command: int) -> None:
        """Look at link management: rejections, a link that is not there, and what comes back as it was sent."""
        if command == _FRMR:
            self._rejected(record)
        elif command == _DM:
            self._disconnected(record)
        self._echo(record)
        self._last[record.lane.text] = record

    def _rejected(self, record: Record) -> None:
        body = record.octets.strip(b"\x7e")
        information = body[-5:-2]
        if len(body) < 12:
            return
        rejected, numbers, reasons = information
        told = [(cause, text) for bit, cause, text in _REASONS if reasons & bit]
        cause = told[0][0] if told else ""
        why = "; ".join(text for _, text in told) or "no reason is given"
        text = (
            f"FRMR rejects a frame with control {rejected:02X}, "
            f"V(S)={numbers >> 1 & 7} V(R)={numbers >> 5 & 7} at the rejecting side: {why}"
        )
        self._add(record, "hdlc-frame-rejected", Severity.ERROR, cause, LIKELY, text)

    def _disconnected(self, record: Record) -> None:
        before = self._last.get(record.lane.text)
        cause, idle = "", ""
        if before is not None and before.time_ns is not None and record.time_ns is not None:
            seconds = (record.time_ns - before.time_ns) / 1e9
            idle = f", {seconds:.1f} s after the frame before it"
            asked = before.control is not None and before.control & 0xEF == 0x43
            if asked:
                return  # DM answers DISC where no link was: as it should be
        text = f"DM: no link with this client{idle}"
        self._add(record, "hdlc-disconnected-mode", Severity.WARNING, cause, POSSIBLE, text)

    def _echo(self, record: Record) -> None:
        """Tell what was sent and comes back with its addresses as they were."""
        sent = self._sent.setdefault(record.lane.conversation, OrderedDict())
        before = sent.get(record.octets)
        is_request = record.direction == REQUEST
        if before is not None and is_request and before.number == record.number - 1:
            late = record.time_ns is None or before.time_ns is None or record.time_ns - before.time_ns < _ECHO_NS
            if late and before.lane.text != record.lane.text:
                text = f"record {record.number} repeats the {len(record.octets)} octets of record {before.number}"
                self._add(record, "line-echo", Severity.WARNING, "local-echo", CERTAIN, f"{text}, addresses unswapped")
        if is_request:
            sent[record.octets] = record
            if len(sent) > _MOST_REMEMBERED:
                sent.popitem(last=False)


def _meter(record: Record) -> str:
    return "" if record.server is None else str(record.server)
