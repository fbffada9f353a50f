"""Damaged HDLC frames, and octets between frames: what hurt them, out of the octets. Source: ISO/IEC 13239.

What stands between two sound frames of a lane is one region: a fault near a flag or in a length field leaves it in
pieces, and one explanation of all of it is better than one of each piece. What is told at once is taken back where the
next piece tells better.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from analyzer.diagnosis.damage_lane import DAMAGE, LANE_CAUSES, NOISE_CODES, SETTINGS, VAGUE, Lane
from analyzer.diagnosis.family import FRAMES, Family, severity_with
from analyzer.diagnosis.fcs_search import search
from analyzer.diagnosis.frame_damage import FLAG, FLOW_CONTROL, Candidate
from analyzer.diagnosis.frame_edges import header_alone, hurt_flag, lossy_echo
from analyzer.diagnosis.lane_causes import LaneCauses
from analyzer.diagnosis.noise import Explained, begun_late, explain_noise, sought
from analyzer.diagnosis.story import CERTAIN, LIKELY, POSSIBLE, Alternative, Fact, Stories
from analyzer.framing.hdlc_header import address_end, announced_length
from analyzer.record import NOISE, Record
from dissectors.checks import fcs_is_good
from dissectors.mbus_octets import SHORT_SIZE
from dissectors.tree import Note, Severity

_MOST_SEARCHES = 2000
"""Damaged frames of a lane that are searched; the others are counted."""
_MOST_IN_VAIN = 1 << 15
"""Octets of a lane that are searched for what hurt them while no frame comes that is sound or can be mended."""
_SPOKEN = frozenset(("mbus", "p1"))
_UNSEARCHED = "not searched, as no frame was sound or could be mended in the octets before it"
_MOST_LANES = 4096
_MOST_PIECES = 6
_MOST_OCTETS = 4096
_LONGEST_PAUSE_NS = 20_000_000_000
"""Pieces of one frame come within seconds, and what pushes each minute sends another one."""
_HEADER_END = 14
"""Where the longest header ends, flag and HCS included."""


class DamageFamily(Family):
    """Explains each region of damage; all of its notes are one fact, and what else is odd in it follows from that."""

    links = frozenset({"hdlc", "llc"})
    skips_usual = FRAMES
    codes = DAMAGE | NOISE_CODES | {"capture-cut"}

    def __init__(self, stories: Stories) -> None:
        super().__init__(stories)
        self.lanes: dict[str, Lane] = {}
        self._causes = LaneCauses(stories, self.lanes)
        self.seen: Record | None = None
        """The last sound frame of all lanes."""
        self.places: Sequence[dict[Any, Any]] = ()
        """What others remember of *lanes*, to be forgotten with one of them."""

    # -- sound frames -------------------------------------------------------------------------------------------------

    def look(self, record: Record) -> None:
        """Remember what a sound frame tells about its lane, and close the region before it."""
        lane = self.lanes.get(record.lane.text) or self._lane(record)
        octets = record.octets
        if record.link == "llc":  # neither flags nor sums, but read as it should be
            lane.has_sound, lane.suspects = True, []
            lane.facts, lane.region = [], []
            return
        if lane.region:
            self._close(lane, record)
        if not lane.is_usual:
            lane.take_octets(record)
        self.seen = record
        size = len(octets)
        lane.octets += size
        begin = octets[0] == FLAG
        has_flags = begin or (lane.has_sound and lane.last is None)
        lane.has_sound = True
        if size - begin > ((octets[begin] & 7) << 8 | octets[begin + 1]):
            lane.last = None
            lane.settle()
            if not octets[-2] and not octets[-3] and not fcs_is_good(octets.strip(b"\x7e")):
                self._unused(record)
            return
        lane.last = record
        lane.is_settled = False
        if octets[-1] == FLAG and has_flags:
            self._stopped(record)

    def _lane(self, record: Record) -> Lane:
        if len(self.lanes) >= _MOST_LANES:
            del self.lanes[next(iter(self.lanes))]
            for one in self.places:
                one.clear()
        lane = self.lanes[record.lane.text] = Lane()
        return lane

    def _close(self, lane: Lane, record: Record) -> None:
        """A sound frame ends the region: a flag that it lacks may be what stands before it."""
        last = lane.region[-1]
        if record.octets[0] != FLAG and last.kind == NOISE and len(last.octets) == 1:
            self._hurt_flag(lane, last, "the opening flag of the frame behind it", record)
        elif not lane.has_sound and last.kind == NOISE and (found := sought(record)):
            self._take_back(lane)
            self._tell(last, Explained("hdlc-noise", "", found))
        elif lane.suspects and not lane.has_sound and lane.facts and lane.facts[-1].confidence is POSSIBLE:
            self._read_rightly(lane, last)
        lane.facts, lane.region = [], []
        lane.in_vain = 0

    def _know_sound(self, lane: Lane, record: Record) -> None:
        """Units of M-Bus and P1 on the lane of *record* show, as frames do, that no setting is wrong."""
        sound = None if lane.has_sound else self.sound.get(record.lane)
        if sound is None or sound.link not in _SPOKEN or len(sound.octets) <= SHORT_SIZE:
            return
        if lane.suspects and lane.facts and lane.facts[-1].confidence is POSSIBLE:
            self._read_rightly(lane, lane.region[-1])
        lane.has_sound, lane.suspects = True, []
        lane.facts, lane.region = [], []

    def _read_rightly(self, lane: Lane, last: Record) -> None:
        """The first sound frame of a lane came: no setting was wrong, so what stood before it is something else."""
        lane.suspects = []
        told = lane.facts[-1]
        if last.kind == NOISE and not SETTINGS.isdisjoint((told.cause, *(one.cause for one in told.alternatives))):
            explained = explain_noise(last, lane.known(last), is_first=len(lane.region) == 1, is_rest=False)
            if explained is not None:
                self._take_back(lane)
                self._tell(last, explained)

    def _stopped(self, record: Record) -> None:
        """The frame is whole but for its closing flag, and its FCS ends in 7E: a reader took that for the flag."""
        octets = record.octets
        text = (
            f"length field and FCS are right, and the last octet of the FCS {octets[-2:].hex(' ').upper()} is 7E; "
            "the closing flag behind it is not there: the reader took the 7E of the FCS for it"
        )
        size = len(octets)
        self.report(record, "capture-cut", "cut-at-flag-octet", LIKELY, text, start=size - 1, end=size,
                    proposed=octets.removeprefix(b"\x7e"))  # fmt: skip

    def _unused(self, record: Record) -> None:
        """Tell once that a sender computes no check sequence."""
        size = len(record.octets)
        text = "the FCS is 00 00: its sender does not compute it, and damage is not noticed"
        self.report(record, "hdlc-fcs-wrong", "fcs-not-used", CERTAIN, text, start=size - 3, end=size - 1)

    def _hurt_flag(self, lane: Lane, record: Record, which: str, frame: Record) -> None:
        """One octet stands where a flag belongs: it is the flag, hurt, or it came in beside it."""
        whole = frame.octets.removeprefix(b"\x7e")
        found = hurt_flag(record.octets[0], which, whole[: announced_length(whole, 0)])
        self._take_back(lane)
        lane.facts = [self._tell(record, Explained("hdlc-noise", "an octet between two frames", found))]

    # -- what is hurt -------------------------------------------------------------------------------------------------

    def note(self, record: Record, note: Note) -> bool:
        """Explain the damage of *record*."""
        if note.code == "capture-cut" and not (record.link == "hdlc" and record.problem):
            self.report_note(record, note)
            return False
        if note.code in DAMAGE and not record.problem:
            self._header_alone(record, note)
            return False
        lane = self.lanes.get(record.lane.text) or self._lane(record)
        self._add(lane, record)
        return True

    def _header_alone(self, record: Record, note: Note) -> None:
        """Only the HCS is wrong under a right FCS: the addresses are read wrongly, or the sender computes it so."""
        found = header_alone(record, note)
        self.report(record, found.code, found.cause, found.confidence, found.text, start=found.start, end=found.end)

    def _add(self, lane: Lane, record: Record) -> None:
        """Take the next piece of a region."""
        self._know_sound(lane, record)
        if len(lane.region) >= _MOST_PIECES or sum(len(one.octets) for one in lane.region) > _MOST_OCTETS:
            lane.region, lane.facts = [], []
        if not lane.has_flow_control and any(octet in record.octets for octet in FLOW_CONTROL):
            lane.has_flow_control = True
        lane.octets += len(record.octets)
        lane.region.append(record)
        if record.kind == NOISE:
            lane.hear(record.octets)
        lane.is_settled = False
        self._know_addresses(lane)
        if self._is_echo(record):
            return
        lane.searches += 1
        if lane.searches > _MOST_SEARCHES:
            self._count(record)
            return
        if lane.last is not None and len(lane.region) == 1 and record.kind == NOISE and len(record.octets) == 1:
            self._hurt_flag(lane, record, "the closing flag of the frame before it", lane.last)
            return
        is_searched = lane.in_vain < _MOST_IN_VAIN or (record.kind != NOISE and not _is_header_wrong(record))
        lane.in_vain += len(record.octets)
        if is_searched and len(lane.region) > 1 and _is_one_talk(lane.region) and (joined := self._joined(lane)):
            lane.in_vain = 0
            self._take_back(lane)
            self._causes.told(lane, self._tell(lane.region[0], joined))
            return
        if not lane.has_sound and self._settings(lane, record):
            return
        alone = self._alone(lane, record) if is_searched else self._unsearched(lane, record)
        if alone is None:
            story = self.stories.of_fact(lane.facts[-1]) if lane.facts else None
            if story is not None:
                story.follows(record.number)
        else:
            if alone.found and alone.found[0].repaired and alone.found[0].confidence is not POSSIBLE:
                lane.in_vain = 0
            self._causes.told(lane, self._tell(record, alone))

    def _is_echo(self, record: Record) -> bool:
        """Tell whether what is damaged is what the other side just sent, with octets lost, and say so."""
        sent = self.seen
        if sent is None or sent.lane.text == record.lane.text or sent.lane.conversation != record.lane.conversation:
            return False
        text = lossy_echo(sent, record)
        if not text:
            return False
        others = [Alternative("octets-lost", LIKELY, "the receiver loses octets of the echo")]
        self.report(record, "line-echo", "local-echo", LIKELY, text, alternatives=others)
        return True

    def _settings(self, lane: Lane, record: Record) -> bool:
        """Look at all octets of a lane without a sound frame. Returns whether its settings explain them."""
        found = self._causes.settings(lane, record)
        if found is not None:
            self._causes.told(lane, self._tell(record, found))
            return True
        return self._causes.is_known(lane, record)

    def finish(self) -> None:
        """Say what the end of the capture cut, and what may be wrong with lanes in which no frame was found."""
        for name, lane in self.lanes.items():
            if lane.region:
                self._know_sound(lane, lane.region[-1])
            undecided = self._causes.undecided(lane)
            if undecided is not None:
                self._causes.take_in(name, self._tell(lane.region[-1], undecided))
            elif lane.region and lane.facts:
                self._ended(lane)
        self._causes.finish()

    def _ended(self, lane: Lane) -> None:
        """The last piece of a lane breaks off, and nothing came behind it: the capture ended there."""
        fact, last = lane.facts[-1], lane.region[-1]
        may_be_cut = fact.cause == "truncated" or any(one.cause == "truncated" for one in fact.alternatives)
        is_open = fact.cause == "truncated" or (fact.cause == "octets-lost" and fact.confidence is not CERTAIN)
        is_open &= fact.evidence.record == last.number and (lane.has_sound or len(lane.unread.reads) == 1)
        if may_be_cut and is_open and last.kind == NOISE and last.octets[-1] != FLAG and not self._went_on(last):
            self.stories.take_back(fact)
            severity = severity_with(fact.code, "capture-ended")
            self.stories.add(fact._replace(cause="capture-ended", severity=severity, confidence=LIKELY))

    def _know_addresses(self, lane: Lane) -> None:
        """Take the addresses of the last sound frame: whoever is hurt has them, this way or the other."""
        if self.seen is None:
            return
        octets = self.seen.octets.lstrip(b"\x7e")
        middle = address_end(octets, 2) if len(octets) > 4 else 0
        end = address_end(octets, middle) if middle else 0
        if middle and end:
            one, other = octets[2:middle], octets[middle:end]
            lane.addresses = (one + other, other + one)

    def _joined(self, lane: Lane) -> Explained | None:
        """Explain the whole region by one fault; None where none does."""
        octets = b"".join(one.octets for one in lane.region)
        # flags between frames are no part of a record, and a check sequence that ends as a flag lost its last octet so
        for whole in (octets, b"\x7e" + octets, octets + b"\x7e\x7e"):
            found = search(whole, lane=lane.known(lane.region[0]))
            if found and found[0].confidence in (CERTAIN, LIKELY) and found[0].repaired:
                first = lane.region[0]
                return Explained(
                    _code_of(first), f"{len(octets)} octets in {len(lane.region)} pieces are one frame", found
                )
        return None

    def _alone(self, lane: Lane, record: Record) -> Explained | None:
        """Explain one piece; None where it is the rest of what was told already."""
        if record.kind == NOISE:
            if not lane.has_sound and (found_so := sought(record)):
                return Explained("hdlc-noise", "", found_so)
            is_first = not lane.has_sound and len(lane.region) == 1
            explained = explain_noise(record, lane.known(record), is_first=is_first, is_rest=bool(lane.facts))
            if explained is not None and is_first and not self._went_on(record, is_before=True):
                explained = begun_late(explained, record)
            return self._suspected(lane, explained, record) if lane.suspects and not lane.has_sound else explained
        found = [_as_logged(one, record, self.seen) for one in search(record.octets, lane=lane.known(record))]
        code = _code_of(record)
        text = next((note.text for note in record.notes if note.code in self.codes), "")
        if record.problem == "truncated":
            found = self._cut(record, found)
            text = ""
            code = "hdlc-hcs-wrong" if _is_header_wrong(record) else "hdlc-fcs-wrong"
            if code == "hdlc-hcs-wrong" and found and found[0].cause in ("truncated", "capture-ended"):
                found = [*_hurt_and_cut(record, found[0]), *found]
        if found and found[0].cause == "length-field-wrong":
            code = "hdlc-length-wrong"
        return Explained(code, text, found)

    def _unsearched(self, lane: Lane, record: Record) -> Explained | None:
        """Say what a piece is behind many that were searched in vain; None where it is the rest of what was told."""
        if record.kind != NOISE:
            text = next(note.text for note in record.notes if note.code in self.codes)
            return Explained(_code_of(record), text, [Candidate("", POSSIBLE, _UNSEARCHED)])
        explained = explain_noise(
            record, lane.known(record), is_first=False, is_rest=bool(lane.facts), is_searched=False
        )
        if lane.suspects and not lane.has_sound:
            explained = self._suspected(lane, explained, record)
        return explained and explained._replace(text=f"{explained.text}; {_UNSEARCHED}".removeprefix("; "))

    @staticmethod
    def _suspected(lane: Lane, explained: Explained | None, record: Record) -> Explained | None:
        """Where nothing says what octets are, settings may explain them."""
        if explained is None:
            is_vague = bool(lane.facts) and lane.facts[-1].cause in VAGUE
            return Explained("hdlc-noise", "", lane.suspects) if is_vague else None
        is_half = record.octets[-1:] == b"\x7e" != record.octets[:1]
        if is_half or any(best.repaired or best.cause not in VAGUE for best in explained.found[:1]):
            return explained
        return Explained("hdlc-noise", explained.text, [*lane.suspects, *explained.found])

    def _cut(self, record: Record, found: list[Candidate]) -> list[Candidate]:
        """Tell a frame that the capture cut from one after which the line went on."""
        if found and found[0].cause == "truncated" and not self._went_on(record):
            return [found[0]._replace(cause="capture-ended"), *found[1:]]
        return found

    def _went_on(self, record: Record, *, is_before: bool = False) -> bool:
        """Tell whether the capture has sound frames behind the octets of *record*, or *before* them."""
        seen = self.seen
        if seen is None or seen.number > record.number:
            return False
        if seen.time_ns is not None and record.time_ns is not None:
            return seen.time_ns < record.time_ns if is_before else seen.time_ns > record.time_ns
        return seen.packets[-1:] < record.packets[-1:] if is_before else seen.packets[-1:] > record.packets[-1:]

    # -- telling ------------------------------------------------------------------------------------------------------

    def _take_back(self, lane: Lane) -> None:
        for fact in reversed(lane.facts):
            self.stories.take_back(fact)
        lane.facts = []

    def _count(self, record: Record) -> None:
        """Count a damaged frame that is not searched: there were too many."""
        first = next(note for note in record.notes if note.code in self.codes)
        self.report(record, first.code, "", POSSIBLE, first.text, start=first.start, end=first.end)

    def _tell(self, record: Record, explained: Explained) -> Fact:
        """Make a fact of an explanation."""
        code, text, found = explained
        if not found:
            return self.report(record, code, "", POSSIBLE, f"{text}; no single damage explains it")
        best, rest = found[0], found[1:]
        alternatives = [Alternative(one.cause, one.confidence, one.text, *one.range, one.repaired) for one in rest]
        start, end = best.range
        is_guess = code in NOISE_CODES and best.confidence is POSSIBLE and best.cause in LANE_CAUSES
        return self.report(
            record, code, best.cause, best.confidence, f"{text}: {best.text}" if text else best.text, start=start,
            end=end, alternatives=alternatives, proposed=best.repaired, severity=Severity.NOTE if is_guess else None,
        )  # fmt: skip


def _is_one_talk(region: Sequence[Record]) -> bool:
    """Tell whether the pieces of a region came soon enough after one another to be of one frame."""
    times = [one.time_ns for one in region if one.time_ns is not None]
    return all(later - before <= _LONGEST_PAUSE_NS for before, later in pairwise(times))


def _code_of(record: Record) -> str:
    """Give the code of the main note of a damaged record."""
    codes = [note.code for note in record.notes if note.code in DAMAGE | NOISE_CODES]
    return next((code for code in codes if code != "hdlc-hcs-wrong"), codes[0] if codes else "hdlc-length-wrong")


def _as_logged(one: Candidate, record: Record, before: Record | None) -> Candidate:
    """Tell a log that has a frame twice, as it came and deciphered, from one that has it deciphered alone."""
    head = record.octets[: one.at]
    if one.cause != "decrypted-in-place" or before is None or not before.octets.startswith(head):
        return one
    text = f"{one.text}; record {before.number} is the same frame as it was on the line"
    return one._replace(cause="mixed-log", text=text)


def _hurt_and_cut(record: Record, cut: Candidate) -> list[Candidate]:
    """A frame that breaks off has a wrong HCS besides: something in its header is other than it was sent."""
    text = f"the HCS is wrong, so octets of the header are other than they were sent; {cut.text}"
    end = min(len(record.octets), _HEADER_END)
    causes = ("burst", "octet-damaged", "octets-lost", "baud-mismatch")
    return [Candidate(cause, POSSIBLE, text, 1, end=end) for cause in causes]


def _is_header_wrong(record: Record) -> bool:
    return any(note.code == "hdlc-hcs-wrong" for note in record.notes)
