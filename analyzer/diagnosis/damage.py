"""Damaged HDLC frames, and octets between frames: what hurt them, out of the octets. Source: ISO/IEC 13239.

What stands between two sound frames of a lane is one region: a fault near a flag or in a length field leaves it in
pieces, and one explanation of all of it is better than one of each piece. What is told at once is taken back where the
next piece tells better.
"""

from __future__ import annotations

from difflib import SequenceMatcher

from analyzer.diagnosis.family import Family
from analyzer.diagnosis.fcs_search import search
from analyzer.diagnosis.frame_damage import FLAG, FLOW_CONTROL, Candidate
from analyzer.diagnosis.frame_damage import Lane as Known
from analyzer.diagnosis.line import Unread, settings_of
from analyzer.diagnosis.noise import Explained, explain_noise
from analyzer.diagnosis.story import CERTAIN, LIKELY, POSSIBLE, Alternative, Fact, Stories, Story
from analyzer.framing.hdlc_header import address_end, announced_length
from analyzer.record import NOISE, Record
from dissectors.checks import fcs_is_good
from dissectors.tree import Note, Severity

_MOST_SEARCHES = 2000
"""Damaged frames of a lane that are searched; the others are counted."""
_MOST_LANES = 4096
_LEAST_ECHO, _LONGEST_ECHO = 8, 512
_LONGEST_HEADER = 12
_MOST_PIECES = 6
_MOST_OCTETS = 4096
_ENOUGH_OCTETS = 48
"""So many octets of a lane without an 11 or 13: they are common in addresses, control fields and data."""
_DAMAGE = frozenset({"hdlc-fcs-wrong", "hdlc-hcs-wrong", "hdlc-length-wrong"})
_NOISE = frozenset({"hdlc-noise", "noise"})


LANE_CAUSES = frozenset({
    "flow-control-octets-removed", "text-dump-loss", "seven-bit", "parity-in-data", "parity-filtered", "baud-mismatch",
    "polarity-inverted",
})  # fmt: skip
"""Causes that hurt all octets of a lane alike: what else is damaged there has the same."""
_VAGUE = frozenset({"capture-started-late", "line-noise", "burst", "collision"})
"""Causes that are told where nothing is known."""
_PLENTY = 512
"""So many octets without a frame are no start and no piece of one."""
_FOLDED = _DAMAGE | _NOISE | {"apdu-malformed", "information-undecoded", "capture-cut", "hdlc-retransmission"}


def _yields(story: Story, wide: Story) -> bool:
    """Tell whether *wide* says better what *story* says."""
    return story is not wide and (story.cause == wide.cause or story.confidence != CERTAIN or story.cause not in _SURE)


_SURE = frozenset({"octet-stuffing", "fcs-octets-swapped", "fcs-wrong-range", "fcs-not-used"})


class _Lane:
    """What is remembered of a lane. *region* are the records since the last sound frame that are none."""

    __slots__ = (
        "addresses", "facts", "has_flow_control", "has_inner_flags", "has_sound", "last", "octets", "region",
        "searches", "suspects", "unread", "wide",
    )  # fmt: skip

    def __init__(self) -> None:
        self.region: list[Record] = []
        self.facts: list[Fact] = []
        self.addresses: tuple[bytes, ...] = ()
        self.has_flow_control = self.has_inner_flags = self.has_sound = False
        self.last: Record | None = None
        """The last sound frame, if it had no closing flag."""
        self.wide: Story | None = None
        """The story of a cause that hurts the whole lane."""
        self.unread = Unread()
        self.suspects: list[Candidate] = []
        """Settings that may explain a lane without a sound frame, none of them likely."""
        self.octets = self.searches = 0

    def known(self) -> Known:
        """Give what helps to search a damaged frame."""
        lacks = None if self.octets < _ENOUGH_OCTETS else not self.has_flow_control
        return Known(self.addresses, lacks, self.octets, self.has_inner_flags)


class DamageFamily(Family):
    """Explains each region of damage; all of its notes are one fact, and what else is odd in it follows from that."""

    links = frozenset({"hdlc"})
    codes = _DAMAGE | _NOISE | {"capture-cut"}

    def __init__(self, stories: Stories) -> None:
        super().__init__(stories)
        self._lanes: dict[str, _Lane] = {}
        self._last_packet: dict[int, int] = {}
        self._seen: Record | None = None

    # -- sound frames -------------------------------------------------------------------------------------------------

    def look(self, record: Record) -> None:
        """Remember what a sound frame tells about its lane, and close the region before it."""
        lane = self._lanes.get(record.lane.text) or self._lane(record)
        octets = record.octets
        if lane.region:
            self._close(lane, record)
        if not (lane.has_flow_control and lane.has_inner_flags):
            lane.has_flow_control = lane.has_flow_control or 0x11 in octets or 0x13 in octets
            lane.has_inner_flags = lane.has_inner_flags or octets.find(FLAG, 1, -1) > 0
        begin = octets[0] == FLAG
        size = len(octets)
        is_open = size - begin <= ((octets[begin] & 7) << 8 | octets[begin + 1])
        if not octets[-2] and not octets[-3] and not is_open and not fcs_is_good(octets.strip(b"\x7e")):
            self._unused(record)
        if is_open and octets[-1] == FLAG:
            self._stopped(record)
        lane.octets += size
        lane.has_sound = True
        lane.last = record if is_open else None
        self._seen = record

    def _lane(self, record: Record) -> _Lane:
        if len(self._lanes) >= _MOST_LANES:
            del self._lanes[next(iter(self._lanes))]
        lane = self._lanes[record.lane.text] = _Lane()
        return lane

    def _close(self, lane: _Lane, record: Record) -> None:
        """A sound frame ends the region: a flag that it lacks may be what stands before it."""
        last = lane.region[-1]
        if record.octets[0] != FLAG and last.kind == NOISE and len(last.octets) == 1:
            self._hurt_flag(lane, last, "the opening flag of the frame behind it", record)
        lane.facts, lane.region = [], []

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

    def _hurt_flag(self, lane: _Lane, record: Record, which: str, frame: Record) -> None:
        """One octet stands where a flag belongs: it is the flag, hurt, or it came in beside it."""
        there, whole = record.octets[0], frame.octets.removeprefix(b"\x7e")
        whole = whole[: announced_length(whole, 0)]
        difference = there ^ FLAG
        self._take_back(lane)
        if difference.bit_count() == 1:
            bit = difference.bit_length() - 1
            text = f"bit {bit} of octet {there:02X} is turned: it stands for 7E, {which}"
            best = Candidate("bit-error", LIKELY, text, 0, whole)
            found = [best, Candidate("octets-inserted", POSSIBLE, f"{there:02X} came in beside a flag", 0, whole)]
        else:
            text = f"octet {there:02X} stands where 7E belongs, {which}"
            found = [
                Candidate("octet-damaged", POSSIBLE, text, 0, whole),
                Candidate("octets-inserted", POSSIBLE, f"{there:02X} came in beside a flag", 0, whole),
                Candidate("line-noise", POSSIBLE, f"{there:02X} came between two frames", 0),
            ]
        lane.facts = [self._tell(record, Explained("hdlc-noise", "an octet between two frames", found))]

    # -- what is hurt -------------------------------------------------------------------------------------------------

    def note(self, record: Record, note: Note) -> bool:
        """Explain the damage of *record*."""
        if note.code == "capture-cut" and not (record.link == "hdlc" and record.problem):
            self.report_note(record, note)
            return False
        if note.code in _DAMAGE and not record.problem:
            self._header_alone(record, note)
            return False
        lane = self._lanes.get(record.lane.text) or self._lane(record)
        self._add(lane, record)
        return True

    def _header_alone(self, record: Record, note: Note) -> None:
        """Only the HCS is wrong under a right FCS: the addresses are read wrongly, or the sender computes it so."""
        octets = record.octets.removeprefix(b"\x7e")
        end = address_end(octets, 2) or 0
        if end and fcs_is_good(octets[: end + 3]):
            text = (
                f"the header has one address of {end - 2} octet{'s' * (end > 3)} and no source: "
                f"read so the HCS {octets[end + 1 : end + 3].hex(' ').upper()} is right"
            )
            others = [Alternative("address-length-misread", POSSIBLE, "read with a source address the HCS is wrong")]
            self.report(record, "hdlc-address-unusual", "source-missing", CERTAIN, text, alternatives=others, start=3,
                        end=end + 1)  # fmt: skip
            return
        for size in range(3, min(_LONGEST_HEADER, len(octets) - 2)):
            if fcs_is_good(octets[: size + 3]):
                text = f"the HCS is right where both addresses have {size - 2} octets: their lengths are unusual"
                self.report(
                    record, "hdlc-address-unusual", "address-length-misread", LIKELY, text, start=3, end=size + 1
                )
                return
        text = f"{note.text}: damage on the way would hurt the FCS, too, so its sender computes it so"
        self.report(record, note.code, "fcs-wrong-range", LIKELY, text, start=note.start, end=note.end)

    def _add(self, lane: _Lane, record: Record) -> None:
        """Take the next piece of a region."""
        if len(lane.region) >= _MOST_PIECES or sum(len(one.octets) for one in lane.region) > _MOST_OCTETS:
            lane.region, lane.facts = [], []
        if not lane.has_flow_control and any(octet in record.octets for octet in FLOW_CONTROL):
            lane.has_flow_control = True
        lane.octets += len(record.octets)
        lane.region.append(record)
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
        if len(lane.region) > 1 and (joined := self._joined(lane)):
            self._take_back(lane)
            self._told(lane, self._tell(lane.region[0], joined))
            return
        if not lane.has_sound and self._settings(lane, record):
            return
        alone = self._alone(lane, record)
        if alone is None:
            story = self.stories.of_fact(lane.facts[-1]) if lane.facts else None
            if story is not None:
                story.follows(record.number)
        else:
            self._told(lane, self._tell(record, alone))

    def _is_echo(self, record: Record) -> bool:
        """Tell whether what is damaged is what the other side just sent, with octets lost, and say so."""
        sent = self._seen
        if sent is None or sent.lane.text == record.lane.text or sent.lane.conversation != record.lane.conversation:
            return False
        both = (sent.octets.strip(b"\x7e"), record.octets.strip(b"\x7e"))
        size = min(map(len, both))
        if not _LEAST_ECHO <= size <= max(map(len, both)) <= _LONGEST_ECHO or both[0][:4] != both[1][:4]:
            return False
        pairs = SequenceMatcher(None, *both, autojunk=False).get_matching_blocks()
        same = sum(one.size for one in pairs)
        if same < 0.6 * len(both[0]) or same < 0.8 * len(both[1]):
            return False
        text = (
            f"{same} of the {len(both[0])} octets of record {sent.number} come back, in their order and with their "
            f"addresses unswapped; {len(both[0]) - same} are lost and {len(both[1]) - same} came in: it is no answer"
        )
        others = [Alternative("octets-lost", LIKELY, "the receiver loses octets of the echo")]
        self.report(record, "line-echo", "local-echo", LIKELY, text, alternatives=others)
        return True

    def _settings(self, lane: _Lane, record: Record) -> bool:
        """Look at all octets of a lane without a sound frame. Returns whether its settings explain them."""
        is_time = lane.unread.add(record.octets)
        is_open = lane.wide is None or lane.wide.confidence is POSSIBLE
        is_plenty = lane.unread.size >= _PLENTY
        is_renamed = not is_open and is_plenty and lane.wide is not None and lane.wide.code != "line-unreadable"
        if is_time and (is_open or is_renamed):
            found = settings_of(lane.unread)
            if found and (found[0].confidence is not POSSIBLE or is_plenty):
                code = "line-unreadable" if is_plenty else "hdlc-noise"
                self._told(lane, self._tell(record, Explained(code, "", found)))
                return True
            lane.suspects = found
        if is_open or lane.wide is None:
            return False
        if is_time:
            found = settings_of(lane.unread)
            if found and found[0].cause == lane.wide.cause and lane.wide.lane == record.lane.text:
                lane.wide.retell(found[0].text, found[0].confidence)
        lane.wide.again(record.number, record.time_ns)
        return True

    def _back(self, lane: str) -> _Lane | None:
        """Give the other direction of a lane."""
        return self._lanes.get(" > ".join(reversed(lane.split(" > "))))

    def finish(self) -> None:
        """What came of a lane after its cause was known follows from that, too."""
        for name, lane in self._lanes.items():
            wide = lane.wide
            if wide is not None and wide.confidence is not POSSIBLE and not lane.has_sound:
                both = (name, " > ".join(reversed(name.split(" > "))))
                told = [one for lane_name in both for one in self.stories.of_lane(lane_name)]
                self.stories.fold(wide, [one for one in told if one.code in _FOLDED and _yields(one, wide)])

    def _other_way(self, lane: _Lane, record_lane: str) -> None:
        """Both directions of a line are read with the same settings: one story tells of both."""
        other = self._back(record_lane)
        mine, theirs = lane.wide, other.wide if other is not None and other is not lane else None
        if mine is None or theirs is None or mine is theirs or mine.confidence is POSSIBLE:
            return
        if mine.cause == theirs.cause:
            self.stories.fold(theirs, [mine])
            lane.wide = theirs

    def _told(self, lane: _Lane, fact: Fact) -> None:
        """Remember what was told; what has a cause that hurts the whole lane takes the rest of the lane in."""
        lane.facts.append(fact)
        story = self.stories.of_fact(fact)
        if story is None:
            return
        is_proved = fact.cause == "flow-control-octets-removed" and lane.known().lacks_flow_control
        if fact.cause in LANE_CAUSES and (story.count > 1 or not lane.has_sound or is_proved):
            if lane.wide is not None and lane.wide is not story:
                self.stories.fold(story, [lane.wide])
                other = self._back(fact.lane)
                if other is not None and other.wide is lane.wide:
                    other.wide = story
            lane.wide = story
        if lane.wide is not None:
            others = [one for one in self.stories.of_lane(fact.lane) if one.code in _FOLDED and _yields(one, lane.wide)]
            self.stories.fold(lane.wide, others)
            self._other_way(lane, fact.lane)

    def _know_addresses(self, lane: _Lane) -> None:
        """Take the addresses of the last sound frame: whoever is hurt has them, this way or the other."""
        if self._seen is None:
            return
        octets = self._seen.octets.lstrip(b"\x7e")
        middle = address_end(octets, 2) if len(octets) > 4 else 0
        end = address_end(octets, middle) if middle else 0
        if middle and end:
            one, other = octets[2:middle], octets[middle:end]
            lane.addresses = (one + other, other + one)

    def _joined(self, lane: _Lane) -> Explained | None:
        """Explain the whole region by one fault; None where none does."""
        octets = b"".join(one.octets for one in lane.region)
        for whole in (octets, b"\x7e" + octets):
            found = search(whole, lane=lane.known())
            if found and found[0].confidence in (CERTAIN, LIKELY) and found[0].repaired:
                first = lane.region[0]
                return Explained(
                    _code_of(first), f"{len(octets)} octets in {len(lane.region)} pieces are one frame", found
                )
        return None

    def _alone(self, lane: _Lane, record: Record) -> Explained | None:
        """Explain one piece; None where it is the rest of what was told already."""
        if record.kind == NOISE:
            is_first = not lane.has_sound and len(lane.region) == 1
            explained = explain_noise(record, lane.known(), is_first=is_first, is_rest=bool(lane.facts))
            return self._suspected(lane, explained, record) if lane.suspects and not lane.has_sound else explained
        found = search(record.octets, lane=lane.known())
        code = _code_of(record)
        text = next((note.text for note in record.notes if note.code in self.codes), "")
        if record.problem == "truncated":
            found = self._cut(record, found)
            text = ""
            code = "hdlc-hcs-wrong" if _is_header_wrong(record) else "hdlc-fcs-wrong"
        return Explained(code, text, found)

    @staticmethod
    def _suspected(lane: _Lane, explained: Explained | None, record: Record) -> Explained | None:
        """Where nothing says what octets are, settings may explain them."""
        if explained is None:
            is_vague = bool(lane.facts) and lane.facts[-1].cause in _VAGUE
            return Explained("hdlc-noise", "", lane.suspects) if is_vague else None
        best = explained.found[0]
        if best.repaired or best.cause not in _VAGUE:
            return explained
        return Explained("hdlc-noise", explained.text, [*lane.suspects, *explained.found])

    def _cut(self, record: Record, found: list[Candidate]) -> list[Candidate]:
        """Tell a frame that the capture cut from one after which the line went on."""
        if found and found[0].cause == "truncated" and not self._went_on(record):
            return [found[0]._replace(cause="capture-ended"), *found[1:]]
        return found

    def _went_on(self, record: Record) -> bool:
        """Tell whether the capture goes on behind the octets of *record*."""
        seen = self._seen
        if seen is None or seen.number > record.number:
            return False
        if seen.time_ns is not None and record.time_ns is not None:
            return seen.time_ns > record.time_ns
        return seen.packets[-1:] > record.packets[-1:]

    # -- telling ------------------------------------------------------------------------------------------------------

    def _take_back(self, lane: _Lane) -> None:
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
        is_guess = code in _NOISE and best.confidence is POSSIBLE and best.cause in LANE_CAUSES
        return self.report(
            record, code, best.cause, best.confidence, f"{text}: {best.text}" if text else best.text, start=start,
            end=end, alternatives=alternatives, proposed=best.repaired, severity=Severity.NOTE if is_guess else None,
        )  # fmt: skip


def _code_of(record: Record) -> str:
    """Give the code of the main note of a damaged record."""
    codes = [note.code for note in record.notes if note.code in _DAMAGE | _NOISE]
    return next((code for code in codes if code != "hdlc-hcs-wrong"), codes[0] if codes else "hdlc-length-wrong")


def _is_header_wrong(record: Record) -> bool:
    return any(note.code == "hdlc-hcs-wrong" for note in record.notes)
