"""A text with octets in it to chunks: judged by its first lines, then read line by line, whatever its length."""

import re
from collections.abc import Iterator, Sequence

from captures.chunk import Chunk, Source
from captures.stream import Window
from captures.text import HIDDEN, JUDGED
from captures.text.hidden import HiddenLines
from captures.text.hints import Hints
from captures.text.judge import Judgement, judge
from captures.text.lines import blocks, width_of
from captures.text.misread import may_be_mended, mend, unmask
from captures.text.reader import Reader
from captures.text.shape import Shape
from captures.text.shapes import PLAIN, SHAPES

_AMONG_WORDS = SHAPES[-1]
"""The shape of octets among words of all kinds."""
_LITERALS = next(shape for shape in SHAPES if shape.name == "python-bytes")
_MAY_HOLD_OCTETS = re.compile(rb"(?<![0-9A-Za-z_])(?:0[xX])?[0-9A-Fa-f]{2}|\(\d")
"""Other lines need not be looked at twice."""
_COUNT = re.compile(rb"\s*(?![A-Fa-f]{2}\s)[A-Za-z]+\s+\d\d\s*")
"""A word and a number such as "sent 20", among lines of another shape."""
_TRICKLE = 4096
"""A pipe that gives less than this at once has nothing more for now."""


class TextSource(Source):
    """The octets in a text, as chunks; ``Chunk.offset`` is where their first line begins.

    The remark ``text-shape`` says what the text was read as and how many lines were left aside.
    """

    def __init__(
        self, name: str, window: Window, size: int | None = None, judgement: Judgement | None = None,
        shapes: Sequence[Shape] = SHAPES,
    ) -> None:  # fmt: skip
        super().__init__(name, size)
        self._window = window
        self._shapes = shapes
        self._found: list[Chunk] = []
        self._reader = Reader(PLAIN[-1], Hints(), self._found.append, self._odd)
        self._read_as: list[Shape] = []
        self._misread = self._first_misread = 0
        self._hidden = HiddenLines()
        self._is_judged = judgement is not None
        if judgement is not None:
            self._heed(judgement)

    def close(self) -> None:
        """Give the input back."""
        self._window.close()

    def __iter__(self) -> Iterator[Chunk]:
        window, found, reader = self._window, self._found, self._reader
        if not self._is_judged:
            window.reach(JUDGED)
            judgement = judge(window.buffer[:JUDGED], self._shapes)
            if judgement is not None:
                self._heed(judgement)
        size = abs(width_of(window.buffer))
        head: list[bytes] | None = [] if self.is_live else None
        number = 0
        for block in blocks(window):
            if head is not None:
                head = self._look_again(head, block.lines)
            offset, is_rest = block.offset, block.is_rest
            is_mended = may_be_mended(b"\n".join(block.lines))  # once for all, as few logs of frames have such letters
            for line in block.lines:
                if is_rest:
                    is_rest = False
                    reader.rest(line, offset)
                else:
                    number += 1
                    if is_mended:
                        line = self._mended(line, number, offset)
                    if not reader.take(line, offset, number):
                        self._strange(line, offset, number)
                offset += (len(line) + 1) * size
            if self.is_live and block.length < _TRICKLE:
                reader.end()
            if found:
                self.time_digits = max(self.time_digits, reader.clock.digits)
                yield from self._taken()
        reader.end()
        yield from self._taken()
        self._say()

    def _taken(self) -> Iterator[Chunk]:
        """Give the chunks that were found."""
        found = self._found
        if found and self._hidden.first:
            self._hidden.tell(found, self.comments)
        yield from found
        found.clear()

    def _heed(self, judgement: Judgement) -> None:
        """Read as *judgement* says."""
        self._is_judged = True
        self._reader.change(judgement.shape, judgement.hints)
        self.time_digits = max(self.time_digits, judgement.digits)
        self.has_local_times = judgement.is_local
        self._note(judgement.shape)

    def _look_again(self, head: list[bytes], lines: list[bytes]) -> list[bytes] | None:
        """Judge a pipe anew as its first lines come; None when enough were seen."""
        before = sum(map(len, head))
        head = head + lines
        if before:
            judgement = judge(b"\n".join(head)[:JUDGED], self._shapes)
            if judgement is not None and judgement.shape is not self._reader.shape:
                self._heed(judgement)
        return head if before + sum(map(len, lines)) < JUDGED else None

    def _strange(self, line: bytes, offset: int, number: int) -> None:
        """Take a line that is not of the shape: the text may go on in another, or it is no traffic."""
        reader = self._reader
        if (
            reader.is_open
            and not reader.shape.needs_heading
            and _MAY_HOLD_OCTETS.search(line)
            and not _COUNT.fullmatch(line)
        ):
            before = reader.shape
            for shape in self._shapes:
                if not shape.may_follow or shape is before or not _is_of(shape, line):
                    continue
                if before.may_follow or shape.data.fullmatch(line):  # a heading alone may be a line that was torn
                    reader.change(shape)
                    if reader.take(line, offset, number):
                        if shape.is_plain and not before.is_plain:
                            reader.change(before)  # a line that lost its frame, or was damaged
                        self._note(shape)
                        return
                    reader.change(before)
        is_open, worded = not reader.shape.needs_heading, reader.worded
        if not (
            is_open and (worded.take_units(line, _AMONG_WORDS, offset) or worded.take_literals(line, _LITERALS, offset))
        ):
            reader.aside.take(number, line)

    def _note(self, shape: Shape) -> None:
        if shape not in self._read_as:
            self._read_as.append(shape)

    def _mended(self, line: bytes, number: int, offset: int) -> bytes:
        if self._reader.shape.is_characters:
            return line
        shown = unmask(line, self._reader.given.lacks)
        if shown is not line:
            self._hidden.add(number, offset)
        mended = mend(shown)
        if mended is not shown:
            self._misread += 1
            self._first_misread = self._first_misread or number
        return mended

    def _odd(self, number: int) -> None:
        text = f"line {number} has an odd number of hex digits; its complete octets are kept"
        self.remark("hex-odd-digits", text, number)

    def _say(self) -> None:
        """Remark what was assumed."""
        if self._misread:
            lines = f"line {self._first_misread} has" + f" (and {self._misread - 1} more have)" * (self._misread > 1)
            text = f"{lines} letters in hex where digits belong: O is read as 0, l and I as 1"
            self.remark("hex-letters", text, self._first_misread)
        if self._hidden.first:
            text = (
                f"octets are hidden from line {self._hidden.first} on: each is read as {HIDDEN.decode()}, the letter X"
            )
            self.remark("hex-hidden", text, self._hidden.first)
        if self._reader.given.cut:
            text = f"{self._reader.given.cut} units break off at {self._reader.given.cut_at} octets: what wrote the "
            self.remark("text-cut", f"{text}log cuts there, not the line; let it write all octets")
        count, first, key = self._reader.aside.count, self._reader.aside.first, self._reader.aside.key
        told = f"; line {key} may hold a key, which -k FILE or --key takes" if key else ""
        shapes = [shape for shape in self._read_as if not shape.is_plain]
        if not shapes:
            if count:
                lines = "one line holds" if count == 1 else f"{count} lines hold"
                text = f"{lines} no octets in hex, the first is line {first}{told}"
                self.remark("text-without-octets", text, first)
            return
        said = [f"read as {' and '.join(shape.title for shape in shapes)}"]
        clock = self._reader.clock
        if clock.has_clock and not clock.has_date:
            said.append("times have no date")
        if clock.has_guessed:
            said.append(f"dates are taken to begin with the {clock.order}")
        if count:
            said.append(f"{count} line{'s' * (count > 1)} left aside, the first is line {first}")
        self.remark("text-shape", "; ".join(said) + told)


def _is_of(shape: Shape, line: bytes) -> bool:
    """Tell whether *line* may begin something of *shape*."""
    if shape.heading is not None and not shape.is_plain and shape.heading.fullmatch(line):
        return True
    return not shape.needs_heading and shape.tail is None and shape.data.fullmatch(line) is not None
