"""Octets among words, and what the words say of them: direction, time, or that they are no traffic."""

import re

from captures.chunk import UNKNOWN
from captures.text.announced import Announced
from captures.text.aside import Aside
from captures.text.few import few_octets, named_octet
from captures.text.hints import Hints
from captures.text.labels import direction_of, ends_in_direction, is_inside
from captures.text.octets import hex_octets, literal_octets
from captures.text.reads import Reads
from captures.text.rows import Copies
from captures.text.shape import LONGEST_HEADING, Shape
from captures.text.times import Clock
from captures.text.units import IN_HEX, begins_unit, is_short_frame, is_whole_unit, octets_among_words
from captures.text.units import is_traffic as begins_traffic
from captures.text.words import Words

_BUFFER = b"buffer"
_FLAG = b"\x7e"
_FRAME_LITERAL = rb"~\xa"
"""How Python writes the first octets of a frame."""
_TIME_BEHIND = re.compile(rb'"@?(?:time|timestamp|ts|datetime|date|at|when|received_at)"\s*:\s*"?([^",{}]{8,40})')
_TIME_NAME = rb'"[@_]*(?:\w{0,24}time\w{0,8}|ts|t|date|at|when)"\s*:\s*"?'
_NAMES_TIME = re.compile(_TIME_NAME + rb"\n", re.IGNORECASE)
_EPOCH_MEMBER = re.compile(_TIME_NAME + rb'(1[4-9]\d{8}(?:\d{3}){0,3})"?\s*[,}]', re.IGNORECASE)
"""An epoch of any unit, which the name of its member tells from octets."""
_WAY_BEHIND = re.compile(rb'"(?:dir|direction|way)"\s*:\s*"([^"\s]{1,12})"', re.IGNORECASE)
_MEMBER = b'":'
_NUMBER = re.compile(rb"\d{4,64}(?:\.\d+)?")


class Worded:
    """What the words of one text say of octets, and what it gave that comes again."""

    def __init__(self, reads: Reads, clock: Clock, aside: Aside) -> None:
        self.words = Words()
        self.announced = Announced(self.words, clock)
        self._reads, self._clock, self._aside = reads, clock, aside
        self._given = reads.given
        self._copies = Copies()
        self._buffer = b""
        self._hints = Hints()

    def change(self, hints: Hints) -> None:
        """Heed *hints* from here on."""
        self._hints = hints
        self.words.heads |= hints.heads
        self.words.takes_opened, self.words.takes_names = hints.takes_opened, hints.takes_names

    def judge(
        self, octets: bytes, groups: dict[str, bytes], label: bytes, time_ns: int | None, direction: int, offset: int,
        number: int, behind: bytes = b"",
    ) -> tuple[bytes, int | None, int] | None:  # fmt: skip
        """Give octets, time and direction as the words around them say; None if they need not be added to a read.

        *behind* is what stands behind them on the line, of which only members of JSON count.
        """
        worded, is_traffic = self.words.label(label, is_unit=begins_unit(octets))
        is_inner = self._hints.has_frames and octets[:1] != _FLAG and is_inside(label)
        if is_inner or (self._hints.takes_opened and not begins_traffic(octets)):
            is_traffic = False
        if _NAMES_TIME.search(label) and (groups.get("octets") or b"").isdigit():
            return None
        said = _WAY_BEHIND.search(behind) if _MEMBER in behind else None
        direction = direction or worded or (direction_of(said[1]) if said else UNKNOWN)
        if not direction and self._is_copied(octets):
            self._aside.take(number)
            return None
        if self.announced.left:
            way, announced_ns = self.announced.take(label, len(octets))
            direction, time_ns = way or direction, announced_ns if time_ns is None else time_ns
        if not direction and self._is_number(groups, octets):
            self._aside.take(number)
            return None
        if not direction and label.isspace() and self._reads.goes_on(octets) and self._reads.go_on(octets, offset):
            return None
        is_unit = begins_unit(octets) or is_short_frame(octets)
        if is_traffic and not direction and self._hints.has_directions and is_unit:
            self._reads.hold(octets, self._clock.find(label) if time_ns is None else time_ns, offset)
            return None
        is_traffic = is_traffic and (direction != UNKNOWN or not self._hints.has_directions)
        if not is_traffic and not groups.get("string"):
            self._aside.take_octets(number, octets, label)
            return None
        if worded:
            self.words.add_head(label)
        if _BUFFER in label.lower():
            octets = self._grown(octets)
        if is_whole_unit(octets):
            self._copies.keep(octets)
        return octets, self._when(label, behind) if time_ns is None else time_ns, direction

    def _when(self, label: bytes, behind: bytes) -> int | None:
        """Read the time among the words before octets, or in a member of JSON beside them."""
        time_ns = self._clock.find(label)
        if time_ns is not None or not (_MEMBER in behind or _MEMBER in label):
            return time_ns
        if (epoch := _EPOCH_MEMBER.search(label) or _EPOCH_MEMBER.search(behind)) is not None:
            return self._clock.epoch(epoch[1])
        member = _TIME_BEHIND.search(behind)
        return self._clock.find(member[1]) if member else None

    def _is_copied(self, octets: bytes) -> bool:
        """Tell whether a person copied *octets* out of a unit that was given: its beginning, or a piece of the last."""
        is_piece = self._given.is_whole and not begins_unit(octets) and self._copies.is_inside(octets)
        return is_piece or (self._reads.is_shortened and self._copies.begins(octets))

    def _is_number(self, groups: dict[str, bytes], octets: bytes) -> bool:
        """Tell whether what may be octets is a number, as logs have them among their words."""
        return (
            _NUMBER.fullmatch(groups.get("octets") or b"") is not None
            and len(octets) > self._given.lacks
            and not begins_unit(octets)
            and not is_short_frame(octets)
        )

    def _grown(self, octets: bytes) -> bytes:
        """Give what came to a buffer that a program prints whole each time it grew."""
        before, self._buffer = self._buffer, octets
        return octets[len(before) :] if len(before) < len(octets) and octets.startswith(before) else octets

    def take_few(self, line: bytes, offset: int) -> bool:
        """Take one to three octets behind words that others have before them."""
        found = few_octets(line, self.words, is_awaited=bool(self._given.lacks or self.announced.left))
        if found is None:
            return False
        octets, label = found
        self._reads.give(octets, self._clock.find(label), self.words.label(label)[0], offset)
        return True

    def take_named(self, line: bytes, offset: int) -> bool:
        """Take a control character that has its name before it, behind words of a direction."""
        found = named_octet(line)
        direction, is_traffic = self.words.label(found.label) if found is not None else (UNKNOWN, False)
        if found is None or not (direction and is_traffic and ends_in_direction(found.label)):
            return False
        self._reads.give(found.octets, self._clock.find(found.label), direction, offset)
        return True

    # -- lines of another shape -------------------------------------------------------------------------------------

    def take_units(self, line: bytes, shape: Shape, offset: int) -> bool:
        """Take units that stand whole on a line of another shape, each once; false if there is none."""
        is_taken = False
        for match in octets_among_words(shape, line) if IN_HEX.search(line) else ():
            found = hex_octets(match["octets"])
            said = line[max(0, match.start() - LONGEST_HEADING) : match.start()]
            if found is not None and is_whole_unit(found[0]) and self.words.label(said + b"\n", is_unit=True)[1]:
                self._reads.hold(found[0], self._clock.find(said), offset)
                is_taken = True
        return is_taken

    def take_literals(self, line: bytes, shape: Shape, offset: int) -> bool:
        """Take Python bytes that begin with a frame of HDLC on a line of another shape; false if there are none."""
        found = shape.data.search(line) if _FRAME_LITERAL in line else None
        octets = found and literal_octets(found["literal"])
        if not found or not octets or not begins_unit(octets[octets.startswith(_FLAG * 2) :]):
            return False
        said = line[max(0, found.start() - LONGEST_HEADING) : found.start()]
        self._reads.hold(octets, self._clock.find(said), offset)
        return True
