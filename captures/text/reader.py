"""Lines of text to chunks, by the shape that the text has."""

import re
from collections.abc import Callable
from functools import partial

from captures.chunk import RECEIVED, SENT, UNKNOWN, Chunk
from captures.text.apart import Leading, with_one_time, without_standing, without_zone
from captures.text.aside import Aside
from captures.text.counts import is_ruler, without_count, without_line_number, without_numbers
from captures.text.hints import Hints
from captures.text.labels import direction_between, direction_of, says_opened, sides_in, without_arrows
from captures.text.letters import spelt_out, with_received, with_words
from captures.text.octets import base64_octets, hex_octets, is_unpadded, shows
from captures.text.reads import Reads
from captures.text.rows import row_below
from captures.text.shape import LONGEST_HEADING, Joins, Shape
from captures.text.spelt import SPELT
from captures.text.times import LIKE_A_CLOCK, Clock, with_minutes, with_year
from captures.text.units import begins_unit, octets_among_words, rest_of_unit
from captures.text.untitled import Untitled
from captures.text.worded import Worded

_SKIPPED = re.compile(rb"\s*(?:(?:#(?!TEXT2PCAP)|//).*)?")
_OFFSET_ONLY = re.compile(rb"[\s>|]*[0-9A-Fa-f]{3,8}:?\s*")
_SHORT_ROW = re.compile(rb"\s*([0-9A-Fa-f]{2}(?:\s+[0-9A-Fa-f]{2}){0,2})\s*$")
"""The last row of a dump, too short to stand for octets by itself."""
_TOLD_ROW = re.compile(rb"\s*([0-9A-Fa-f]{2}(?:\s[0-9A-Fa-f]{2})*)(?:\s*$|\s+(?:[-:=]|<[-=]+)(?=\s))")
"""A row that says what its octets are, below a unit that lacks them."""
_LEFT_OUT = re.compile(rb"(?<!\.)[ ,]{0,2}(?<!\.)\.{3}(?!\.)")
"""What a log or a person puts where octets were left out; more dots are the characters of octets."""
_BASE64_WIDTHS = (64, 76)
"""At these columns programs break base64, whatever stands there."""
_UNIT_BEGINS = (b"\x7e", b"\x00", b"\x68")
_DIGITS = re.compile(rb"\d+")
_EMPTY_STRING = b"@\"'`, \t"
_TIME_AGAIN = re.compile(rb"\s(?=[0-2]\d:[0-5]\d:[0-5]\d[.,]\d{1,9}\s*[:>|-])")
"""Where a page made one line of several that begin with a time."""
_ROW_OF_NUMBERS = re.compile(rb"\d{1,10}\.\d{3,9}(?:[\t ,;]+\d[\d.]*)+\s*")
"""A time and other numbers, as a table of packets has them where a packet carries nothing."""
_SAID_BEHIND = re.compile(rb"[\"')\]}\s]{1,4}(?:(?:was|were) )?(?:sent|received|written)\b", re.IGNORECASE)
_SENTENCES = re.compile(rb"[!?;](?:\s|$)|\.\s")


class Reader:
    """Takes lines, gives chunks to *emit*; *odd* is told the lines where a digit was left out. Total."""

    def __init__(self, shape: Shape, hints: Hints, emit: Callable[[Chunk], None], odd: Callable[[int], None]) -> None:
        self.clock = Clock()
        self._reads = Reads(shape, emit)
        self.given = self._reads.given
        self.aside = Aside(self._reads)
        self.lacks_zeros = False
        """Some octets lacked their leading zeros, as the hints have it."""
        self.worded = Worded(self._reads, self.clock, self.aside)
        self._words = self.worded.words
        self._odd = odd
        self._before_row = self._head = b""
        self._wants_unit = False
        self._untitled: Untitled | None = None
        self.change(shape, hints)

    def change(self, shape: Shape, hints: Hints | None = None) -> None:
        """Read lines as *shape* from here on; *hints* where the text was judged (anew)."""
        self._reads.change(shape)
        if hints is not None:
            self._hints = hints
            self.clock.order, self.clock.is_guess = hints.order
            self.given.cut_at = hints.cut_at
            self.worded.change(hints)
        self.shape = shape
        self._mends = _mends(self._hints, has_numbers=shape.has_numbers)
        self._untitled = Untitled() if shape.is_titled and not self.given.heard else None
        self._groups = shape.data.groupindex
        self._match = shape.data.fullmatch
        self._is_tail = shape.tail.fullmatch if shape.tail is not None else shape.data.fullmatch
        self._has_time = "time" in self._groups
        self._has_direction = "direction" in self._groups
        self._is_simple = (
            shape.joins is Joins.LINE
            and "octets" in self._groups
            and not self._groups.keys() & {"delta", "beside"}
            and shape.tail is None
        )

    @property
    def lanes(self) -> tuple[bytes, ...]:
        """The names of taps, in the order of their first reads."""
        return tuple(self._words.lanes)

    @property
    def heads(self) -> frozenset[bytes]:
        """The words that stand before octets and say their direction."""
        return frozenset(self._words.heads)

    @property
    def is_open(self) -> bool:
        """Whether octets would be traffic here."""
        return self._reads.is_open

    # -- lines --------------------------------------------------------------------------------------------------

    def take(self, line: bytes, offset: int, number: int) -> bool:
        """Take one line; false if it is nothing that the shape knows."""
        reads = self._reads
        reads.is_shortened = False
        for mend in self._mends:
            line = mend(line)
        if reads.is_open and self.shape.tail is not None:
            if self._among_words(line, offset, number):
                return True
        else:
            match = self._match(line) if reads.is_open else None
            if match is not None:
                if self._is_simple:
                    if (
                        self._has_time
                        and line.count(b":", match.start("octets")) > 1  # which costs less than to search most lines
                        and _TIME_AGAIN.search(line, 1) is not None
                    ):
                        return self._several(line, offset, number)
                    return self._simple(match, offset, number)
                return self._data(match, offset, number, None)
            if self._untitled is not None and (found := self._match(line)) is not None:
                self._untitled.add(self._octets(found.groupdict(), number) or b"")
                return False
        if self._hints.has_colon_rows and self._row_of_colons(line, offset, number):
            return True
        heading = self.shape.heading
        if heading is not None and len(line) <= LONGEST_HEADING and not _is_blank(line):
            match = heading.fullmatch(line)
            if match is not None:
                self._heading(match, offset)
                return True
        return self._other(line, offset)

    def rest(self, line: bytes, offset: int) -> None:
        """Take what follows of a line that is too long to be had as one."""
        found = hex_octets(line.strip(b" ,:.-\t")) if self._reads.last_was_octets else None
        if found and found[0]:
            self._reads.give(found[0], self._reads.given_ns, self._reads.given_direction, offset)

    def end(self) -> None:
        """Give the read that waits for its end, and the unit that waits for the next."""
        self._reads.end()
        self.given.release()

    # -- kinds of lines -----------------------------------------------------------------------------------------

    def _simple(self, match: "re.Match[bytes]", offset: int, number: int) -> bool:
        """Take the octets of a line that says all about them: nearly every line of nearly every log."""
        text = self._not_left_out(match["octets"])
        if self._hints.has_counts:
            text = without_count(text)
        if self._hints.lacks_zeros and not self.lacks_zeros:
            self.lacks_zeros = is_unpadded(text)
        found = hex_octets(text, lacks_zeros=self._hints.lacks_zeros)
        if found is None:
            return False
        octets, is_whole = found
        if not octets and not is_whole:
            return False  # a digit alone
        if not is_whole or octets[:1] not in _UNIT_BEGINS or text.find(b",") >= 0 or text.find(b"\t") >= 0:
            unit = self._behind_numbers(text, octets)
            octets, is_whole = unit or octets, is_whole or unit is not None
        if not is_whole:
            if _ROW_OF_NUMBERS.fullmatch(text):
                return False
            self._odd(number)
        time_ns = self.clock.read(match) if self._has_time else None
        if self.aside.takes_named(number, octets) or self._is_ruler(match, octets, number):
            return True
        reads, direction = self._reads, UNKNOWN
        if self._has_direction:
            direction = direction_of(match["direction"] or b"")
        elif reads.goes_on(octets):
            if self.given.add(octets):
                return True
            time_ns, direction = reads.given_ns if time_ns is None else time_ns, reads.given_direction
        if time_ns is None:
            time_ns = reads.time_ns
        direction = direction or reads.direction
        if not direction and self._hints.has_directions and begins_unit(octets):
            reads.hold(octets, time_ns, offset)
        elif octets:
            reads.give(octets, time_ns, direction, offset)
        return True

    def _behind_numbers(self, text: bytes, octets: bytes) -> bytes | None:
        """Give the unit behind numbers in *text*, unless they are what the unit above lacks."""
        unit = without_numbers(text, octets)
        lacks = self.given.lacks
        return None if unit is not None and lacks and lacks == len(octets) - len(unit) else unit

    def _is_ruler(self, match: "re.Match[bytes]", octets: bytes, number: int) -> bool:
        """Tell whether a line has the numbers of columns that stand above a dump, and count it if so.

        Behind a direction, or right below octets that nothing says to be whole, they are octets.
        """
        if not is_ruler(octets) or self.given.lacks or "offset" in self._groups:
            return False
        goes_on = self._reads.last_was_octets and not self.given.is_whole
        is_one = not goes_on and not (self._has_direction and match["direction"])
        if is_one:
            self.aside.take(number)
        return is_one

    def _several(self, line: bytes, offset: int, number: int) -> bool:
        """Take each of several lines that a page made one."""
        is_taken = False
        for piece in _TIME_AGAIN.split(line):
            match = self._match(piece)
            is_taken = (match is not None and self._simple(match, offset, number)) or is_taken
        return is_taken

    def _among_words(self, line: bytes, offset: int, number: int) -> bool:
        """Take the octets that stand among the words of a line: the last, and before them each whole unit."""
        before = (self.given.heard, self.aside.count)
        at, is_taken = 0, False
        lacks, is_frame = self.given.lacks, self.given.is_frame
        below = row_below(line, lacks, is_frame=is_frame) if self._reads.last_was_octets else b""
        if below and self._reads.go_on(below, offset):
            return True
        row = self._before_row
        if self._reads.last_was_octets and row and line.startswith(row):
            short = (_TOLD_ROW if lacks else _SHORT_ROW).match(line, len(row))
            is_number = short is not None and self.given.is_whole and short[1].isdigit()
            if short is not None and not is_number and self._reads.go_on(bytes.fromhex(short[1].decode()), offset):
                return True
        matches = octets_among_words(self.shape, line)
        spelt: dict[bytes, bytes] = {}
        for match in matches:
            start, end = match.span()
            if len(matches) > 1 and _is_spelt_again(match, spelt):
                at = end
                continue
            self._reads.is_shortened = _LEFT_OUT.match(line, end) is not None
            said = line[max(at, start - LONGEST_HEADING) : start]
            if at:
                said = _SENTENCES.split(said)[-1]
            is_last = match is matches[-1] and self._is_tail(line, end)
            behind = None if is_last else _SAID_BEHIND.match(line, end)
            label = said + b"\n" + (line[end : end + LONGEST_HEADING] if is_last else behind[0] if behind else b"")
            is_taken = self._data(match, offset, number, label) or is_taken
            at = end
        if self.given.heard != before[0]:
            self.aside.count, self._before_row = before[1], line[: matches[0].start()] if len(matches) == 1 else b""
        return is_taken or self._row_of_base64(line, offset) or self.worded.take_few(line, offset)

    def _row_of_colons(self, line: bytes, offset: int, number: int) -> bool:
        """Take a row of octets that looks like a time of day, unless a whole unit or a shorter row stands above.

        Below a shorter row it counts if it is just what the unit lacks.
        """
        if self.given.is_whole or not self._reads.is_open or not self._is_simple or self._has_time:
            return False
        match = LIKE_A_CLOCK.fullmatch(line)
        if match is None or (self.given.is_short_row and self.given.lacks != match["octets"].count(b":") + 1):
            return False
        return self._simple(match, offset, number)

    def _row_of_base64(self, line: bytes, offset: int) -> bool:
        """Take a row of base64 below another that lacks it."""
        if "base64" not in self._groups or not self._reads.last_was_octets:
            return False
        text = line.strip()
        octets = base64_octets(text) or b""
        lacks = self.given.lacks
        is_rest = 0 < len(octets) <= lacks or (lacks > 0 and begins_unit(octets[lacks:]))
        is_rest = is_rest or (len(self._before_row) in _BASE64_WIDTHS and 0 < len(text) <= len(self._before_row))
        self._before_row = text
        return bool(octets) and is_rest and self._reads.go_on(octets, offset)

    def _data(self, match: "re.Match[bytes]", offset: int, number: int, label: bytes | None) -> bool:
        """Take the octets of a line; *label* is what stands around octets among words."""
        groups = match.groupdict()
        octets = self._octets(groups, number)
        if octets is None or (groups.get("more") and not self._reads.last_was_octets):
            return False
        if groups.get("characters"):
            self._head = _head_of(match.string[: match.start("characters")])
        if groups.get("beside") and not shows(groups["beside"], octets):
            return False
        if (label is None or label.isspace()) and self.aside.takes_named(number, octets):
            return True
        if self._is_ruler(match, octets, number):
            return True
        if self._wants_unit and not self._reads.goes_on_above and not begins_unit(octets):
            return False
        time_ns = self.clock.read(match) if self._has_time else None
        direction = direction_of(groups.get("direction") or b"")
        if self._hints.has_indents and self.shape.joins is Joins.DUMP:
            direction = direction or (RECEIVED if match.string[:1] in b" \t" else SENT)
        if label is not None:
            octets += rest_of_unit(octets, match.string, match.end())
            behind = match.string[match.end() : match.end() + LONGEST_HEADING]
            found = self.worded.judge(octets, groups, label, time_ns, direction, offset, number, behind)
            if found is None:
                return True
            octets, time_ns, direction = found
        if groups.get("delta") and self._reads.time_ns is None:
            time_ns = self.clock.elapse(groups["delta"])
        if groups.get("relative"):
            time_ns = self.clock.relative(groups["relative"])
        self._reads.add(octets, groups, time_ns, direction, offset)
        return True

    def _heading(self, match: "re.Match[bytes]", offset: int) -> None:
        """Take a line that says what the octets below it are."""
        self._reads.end()
        for unit in self._untitled.units() if self._untitled is not None else ():
            self._reads.give(unit, None, UNKNOWN, offset)
        self._untitled = None
        self._reads.pass_over()
        groups = match.groupdict()
        time_ns = self.clock.read(match) if "time" in groups else None
        if groups.get("relative"):
            time_ns = self.clock.relative(groups["relative"])
        direction, is_traffic = direction_of(groups.get("direction") or b""), not groups.get("aside")
        is_traffic = is_traffic or (self._hints.takes_opened and says_opened(match[0]))
        self._wants_unit = False
        if "label" in groups:
            # an arrow in a title says something else
            said = _SENTENCES.split((groups["label"] or b"").rstrip())[-1]
            direction, is_traffic = self._words.label(b"\n" + said)
            sides = sides_in(said)
            direction = direction or (direction_between(*sides) if sides else UNKNOWN)
            self._wants_unit = direction == UNKNOWN
        if groups.get("lane"):
            direction = self._words.lane(groups["lane"], self._hints.lanes)
        elif "label" not in groups and "relative" not in groups and is_traffic:
            # time and direction may stand on lines of their own
            said_ns, said = self._reads.said
            time_ns, direction = said_ns if time_ns is None else time_ns, direction or said
            self._reads.said = time_ns, direction
        count = int(groups["count"]) if groups.get("count") else 0
        self._reads.begin(time_ns, direction, is_open=is_traffic, count=count)

    def _other(self, line: bytes, offset: int) -> bool:
        """Take a line that has no octets: blank, a remark, a sign of repeated rows, or something else."""
        if _is_blank(line) or (self._reads.is_identified and _head_of(line) in (b"", self._head)):
            self._reads.end_of_line(offset)
            return True
        if self.shape.joins is Joins.DUMP:
            if line.strip(b" \t|") == b"*" and self._reads.repeat_row():
                return True
            if _OFFSET_ONLY.fullmatch(line) and self._reads.end_dump(line.strip(b" \t:>|")):
                return True
        if _SKIPPED.fullmatch(line) is None:
            if self._hints.has_directions and self.worded.take_named(line, offset):
                return True
            if self.shape.tail is not None:  # others heed no words
                self.worded.announced.heed(line)
            return False
        self._reads.last_was_octets = False
        return True

    def _not_left_out(self, text: bytes) -> bytes:
        """Give the octets of *text* before those that are left out, and remember that some are."""
        found = _LEFT_OUT.search(text) if text.find(b"...") >= 0 else None
        if found is None:
            return text
        self._reads.is_shortened = True
        return text[: found.start()]

    # -- words ---------------------------------------------------------------------------------------------------------

    def _octets(self, groups: dict[str, bytes], number: int) -> bytes | None:
        for name, read in SPELT.items():
            if groups.get(name):
                return read(groups[name])
        text = self._not_left_out(groups["octets"])
        if self._hints.has_counts:
            text = without_count(text)
        if self._hints.lacks_zeros and not self.lacks_zeros:
            self.lacks_zeros = is_unpadded(text)
        found = hex_octets(text, lacks_zeros=self._hints.lacks_zeros)
        unit = self._behind_numbers(text, found[0]) if found is not None else None
        if found is not None and unit is None and not found[1]:
            if _ROW_OF_NUMBERS.fullmatch(text):
                return None
            self._odd(number)
        return unit or (found and found[0])


def _mends(hints: Hints, *, has_numbers: bool) -> tuple[Callable[[bytes], bytes], ...]:
    """Give what is done to each line, in this order; *has_numbers* says that the shape knows numbers of lines."""
    signs = tuple(partial(with_words, sign=sign) for sign in hints.signs)
    return signs + tuple(
        mend
        for is_needed, mend in (
            (hints.is_monitor, without_arrows),
            (hints.has_line_numbers and not has_numbers, without_line_number),
            (hints.leading is not Leading.NONE, partial(with_one_time, leading=hints.leading)),
            (hints.standing, partial(without_standing, number=hints.standing)),
            (hints.has_hours_behind, with_minutes),
            (hints.has_years_behind, with_year),
            (hints.has_zone_lanes, without_zone),
            (hints.has_letters, spelt_out),
            (hints.has_events, with_received),
        )
        if is_needed
    )


def _is_spelt_again(match: "re.Match[bytes]", spelt: dict[bytes, bytes]) -> bool:
    """Tell whether the line has the same octets in another spelling before, as PDML has; *spelt* gathers them."""
    return spelt.setdefault(match[0].translate(None, b" :,.-").lower(), match[0]) != match[0]


def _head_of(line: bytes) -> bytes:
    """Give what a program puts before each line, its numbers aside."""
    return _DIGITS.sub(b"0", line.strip(_EMPTY_STRING))


def _is_blank(line: bytes) -> bool:
    return not line or line.isspace()
