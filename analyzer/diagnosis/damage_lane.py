"""What is remembered of a lane of HDLC frames while damage in it is explained."""

from __future__ import annotations

from analyzer.diagnosis.frame_damage import FLAG, Candidate
from analyzer.diagnosis.frame_damage import Lane as Known
from analyzer.diagnosis.line import Unread
from analyzer.diagnosis.story import CERTAIN, Fact, Story
from analyzer.record import REQUEST, Record

_ENOUGH_OCTETS = 48
"""So many octets of a lane without an 11 or 13: they are common in addresses, control fields and data."""
DAMAGE = frozenset({"hdlc-fcs-wrong", "hdlc-hcs-wrong", "hdlc-length-wrong"})
NOISE_CODES = frozenset({"hdlc-noise", "noise"})
LANE_CAUSES = frozenset({
    "flow-control-octets-removed", "text-dump-loss", "seven-bit", "parity-in-data", "parity-filtered", "baud-mismatch",
    "polarity-inverted", "bit-reversed", "edges-late", "port-shared", "text-encoded", "sign-extended", "heads-lost",
    "telnet-negotiation",
})  # fmt: skip
"""Causes that hurt all octets of a lane alike: what else is damaged there has the same."""
SETTINGS = frozenset({
    "baud-mismatch", "parity-filtered", "polarity-inverted", "bit-reversed", "parity-in-data", "seven-bit",
    "wrong-stack", "edges-late", "port-shared", "text-encoded", "sign-extended",
})  # fmt: skip
"""Causes that say that a line is read wrongly."""
VAGUE = frozenset({"capture-started-late", "line-noise", "burst", "collision"})
"""Causes that are told where nothing is known."""
FOLDED = DAMAGE | NOISE_CODES | {
    "apdu-malformed", "information-undecoded", "capture-cut", "hdlc-retransmission", "bcc-wrong", "octet-unprintable",
    "data-set-malformed", "apdu-trailing-octets", "end-mark-missing",
}  # fmt: skip
"""Codes of what may follow from a cause of the whole lane."""
_MOST_SAID = 64
"""So many different runs between frames, and so many octets of each, are remembered."""
_SURE = frozenset({"octet-stuffing", "fcs-octets-swapped", "fcs-wrong-range", "fcs-not-used"})


class Lane:
    """What is remembered of a lane. *region* are the records since the last sound frame that are none."""

    __slots__ = (
        "addresses", "facts", "has_flow_control", "has_single_ff", "has_sound", "in_vain", "inner_flags", "is_settled",
        "is_usual", "last", "octets", "region", "said", "searches", "suspects", "unread", "wide",
    )  # fmt: skip

    def __init__(self) -> None:
        self.region: list[Record] = []
        self.facts: list[Fact] = []
        self.addresses: tuple[bytes, ...] = ()
        self.has_flow_control = self.has_single_ff = self.has_sound = False
        self.inner_flags: set[bool] = set()
        """Whose sound frames came with a 7E inside: those of the client (True), those of the meter."""
        self.is_usual = False
        """Whether flow control octets, FF and flags were seen within its frames, flags within those of both sides."""
        self.is_settled = False
        """Whether a sound frame that stands between its flags tells nothing more about it."""
        self.last: Record | None = None
        """The last sound frame, if it had no closing flag."""
        self.wide: Story | None = None
        """The story of a cause that hurts the whole lane."""
        self.unread = Unread()
        self.suspects: list[Candidate] = []
        """Settings that may explain a lane without a sound frame, none of them likely."""
        self.said: dict[bytes, int] = {}
        """What stood between frames, cut, and how often."""
        self.octets = self.searches = 0
        self.in_vain = 0
        """Octets that were searched since a frame was sound or could be mended."""

    def settle(self) -> None:
        """A sound frame ended with its flag: what is kept stays as it is if all that helps is known."""
        self.is_settled = self.is_usual and self.octets >= _ENOUGH_OCTETS

    def take_octets(self, record: Record) -> None:
        """Remember which octets that are lost at times came in a sound frame.

        A log without directions holds frames that were written and frames that were read: who cuts what is read at 7E
        does not cut what is written, and an AARQ has a 7E in its conformance.
        """
        octets = record.octets
        self.has_flow_control = self.has_flow_control or 0x11 in octets or 0x13 in octets
        if octets.find(FLAG, 1, -1) > 0:
            self.inner_flags.add(record.direction is REQUEST)
        is_of_both = " > " not in record.lane.text
        self.has_single_ff = self.has_single_ff or b"\xff" in octets.replace(b"\xff\xff", b"")
        self.is_usual = self.has_flow_control and self.has_single_ff and len(self.inner_flags) > is_of_both

    @property
    def lacks_flow_control(self) -> bool | None:
        """Whether neither 11 nor 13 ever came; None: too few octets came to tell."""
        return None if self.octets < _ENOUGH_OCTETS else not self.has_flow_control

    def hear(self, octets: bytes) -> None:
        """Count what stands between frames; of very many the first."""
        octets = octets[:_MOST_SAID]
        if octets in self.said or len(self.said) < _MOST_SAID:
            self.said[octets] = self.said.get(octets, 0) + 1

    def known(self, record: Record) -> Known:
        """Give what helps to search *record*, a damaged frame."""
        return Known(
            self.addresses, self.lacks_flow_control, self.octets, (record.direction is REQUEST) in self.inner_flags,
            self.said.get(record.octets[:_MOST_SAID], 0) > 1, self.has_single_ff,
        )  # fmt: skip


def back(lane: str) -> str:
    """Name the other direction of a lane."""
    return " > ".join(reversed(lane.split(" > ")))


def yields(story: Story, wide: Story) -> bool:
    """Tell whether *wide*, the cause of the whole lane, says better what *story* says."""
    return story is not wide and (story.cause == wide.cause or story.confidence != CERTAIN or story.cause not in _SURE)
