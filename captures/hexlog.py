"""Text with octets in hex to chunks: one line, one frame, with or without a direction.

A table of line shapes: a shape is a pattern with the groups ``direction`` (a word) and ``octets``.
"""

import codecs
import re
from collections.abc import Iterator
from typing import NamedTuple

from captures.chunk import LINK_OCTETS, RECEIVED, SENT, UNKNOWN, Chunk, Source
from captures.stream import Window

_DIRECTIONS = {"tx": SENT, "rx": RECEIVED, ">>": SENT, "<<": RECEIVED}
_HEX = r"(?:0x)?[0-9a-f]++(?:[\s,:;-]++(?:0x)?[0-9a-f]++)*+[\s,;]*+"
_OCTETS_ONLY = re.compile(r"(?:0x)?([0-9a-f]+)", re.IGNORECASE)
_SKIPPED = re.compile(r"\s*(?:#.*)?")
_LONGEST_LINE = 1 << 20


class Shape(NamedTuple):
    """A way to write a frame on a line; a shape without the group ``octets`` says that there are none."""

    name: str
    pattern: re.Pattern[str]


def _shape(name: str, pattern: str) -> Shape:
    return Shape(name, re.compile(pattern, re.IGNORECASE))


SHAPES = (
    _shape("date", r"\s*\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?)?\s*"),
    _shape("direction-octets", rf"\s*(?P<direction>tx|rx|>>|<<)\s*[:|-]?\s*(?P<octets>{_HEX})"),
    _shape("octets", rf"\s*(?P<octets>{_HEX})"),
)
"""The first that matches the whole line counts."""


class Line(NamedTuple):
    """What a line of text holds."""

    direction: int
    octets: bytes
    is_whole: bool
    """False where a digit without its partner was left out."""


def read_line(line: str) -> Line | None:
    """Read the octets of *line*; None if it holds none. Total."""
    for shape in SHAPES:
        match = shape.pattern.fullmatch(line)
        if match is None:
            continue
        groups = match.groupdict()
        if "octets" not in groups:
            return None
        octets, is_whole = _octets(groups["octets"])
        return Line(_DIRECTIONS.get((groups.get("direction") or "").lower(), UNKNOWN), octets, is_whole)
    return None


def is_skipped(line: str) -> bool:
    """Tell whether *line* is blank or a comment."""
    return _SKIPPED.fullmatch(line) is not None


def has_octets(text: str) -> bool:
    """Tell whether any line of *text* holds octets."""
    return any(read_line(line) is not None for line in text.splitlines() if not is_skipped(line))


def _octets(text: str) -> tuple[bytes, bool]:
    """Join the digits of *text* to octets; of a group with a digit too many its complete octets stay.

    Groups that break an octet ("7EA 007") are joined first where that comes out even.
    """
    try:
        return bytes.fromhex(text), True  # nearly every line
    except ValueError:
        pass
    groups = _OCTETS_ONLY.findall(text)
    odd = [group for group in groups if len(group) & 1]
    if not odd or (len(odd) % 2 == 0 and min(map(len, odd)) > 1):
        return bytes.fromhex("".join(groups)), True
    return bytes.fromhex("".join(group[: len(group) & ~1] for group in groups)), False


class HexlogSource(Source):
    """The lines of a text that hold octets in hex, as chunks; ``Chunk.offset`` is where their line begins."""

    def __init__(self, name: str, window: Window, size: int | None = None) -> None:
        super().__init__(name, size)
        self._window = window
        self._decoder = codecs.getincrementaldecoder(encoding_of(window.buffer))("replace")

    def __iter__(self) -> Iterator[Chunk]:
        number = foreign = first_foreign = 0
        for line_number, (offset, line) in enumerate(self._lines(), 1):
            if is_skipped(line):
                continue
            read = read_line(line)
            if read is None:
                foreign += 1
                first_foreign = first_foreign or line_number
                continue
            if not read.is_whole:
                text = f"line {line_number} has an odd number of hex digits; its complete octets are kept"
                self.remark("hex-odd-digits", text, line_number)
            if read.octets:
                number += 1
                yield Chunk(number, None, LINK_OCTETS, read.direction, read.octets, len(read.octets), offset, 0)
        if foreign:
            lines = "one line holds" if foreign == 1 else f"{foreign} lines hold"
            text = f"{lines} no octets in hex, the first is line {first_foreign}"
            self.remark("text-without-octets", text, first_foreign)

    def close(self) -> None:
        """Give the input back."""
        self._window.close()

    def _lines(self) -> Iterator[tuple[int, str]]:
        """Split the input into lines, each as soon as its end came; an endless one is cut."""
        left, offset = "", self._window.base
        while True:
            octets = self._window.take()
            left += self._decoder.decode(octets, final=not octets)
            *lines, left = left.split("\n")
            if len(left) > _LONGEST_LINE:
                lines.append(left)
                left = ""
            for line in lines:
                yield offset, line
                offset += len(line.encode()) + 1
            if not octets:
                break
        if left:
            yield offset, left


def encoding_of(octets: bytes) -> str:
    """Tell a text's encoding by its byte order mark: UTF-16 (a shell of Windows writes it), else UTF-8."""
    if octets.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    return "utf-8-sig"
