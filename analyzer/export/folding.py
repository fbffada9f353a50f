"""Text to lines of a width, folded between words: what ``textwrap.wrap`` gives."""

from __future__ import annotations

import re
import textwrap
from unicodedata import category, east_asian_width

_COLOURED = re.compile(r"( *)(\x1b\[\d+m)(.*)(\x1b\[0m)")
_HANGS, _DEEPER = 8, 3
"""Where a line of a table goes on, and by how much deeper a line of a tree does than it began."""

_NO_CELLS, _TWO_CELLS = ("Mn", "Me", "Cf"), ("W", "F")


def folded(text: str, width: int, first: str = "", rest: str = "") -> list[str]:
    """Fold *text* into lines of up to *width* cells, which begin with *first*, and with *rest* from the second on.

    Hyphens fold nothing; a word that is longer than a line is cut.
    """
    if not text or "  " in text or not text.isprintable() or " " in (text[0], text[-1]):
        return _any(text, width, first, rest)
    if not _takes_cells_alike(text):
        return _in_cells(text, width, first, rest)
    lines, begin, indent = [], 0, first
    while len(indent) + len(text) - begin > width:
        end = text.rfind(" ", begin, begin + width - len(indent) + 1)
        if end < 0:
            return _any(text, width, first, rest)
        lines.append(indent + text[begin:end])
        begin, indent = end + 1, rest
    lines.append(indent + text[begin:])
    return lines


def _any(text: str, width: int, first: str, rest: str) -> list[str]:
    """Fold text with long words, or with other space in it than single blanks."""
    if not _takes_cells_alike(text):
        return _in_cells(text, width, first, rest)
    return textwrap.wrap(text, width, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False)


def _in_cells(text: str, width: int, first: str, rest: str) -> list[str]:
    """Fold text of which some characters take more or less than a cell."""
    lines, indent, line = [], first, ""
    for word in text.split():
        if line and _cells(f"{indent}{line} {word}") > width >= _cells(rest + word):
            lines.append(indent + line)
            indent, line = rest, ""
        line = f"{line} {word}" if line else word
        while len(line) > 1 and _cells(indent + line) > width:  # a word that no line has room for
            end = max(_room(indent + line, width) - len(indent), 1)
            lines.append(indent + line[:end].rstrip(" "))
            indent, line = rest, line[end:].lstrip(" ")
    return [*lines, indent + line]


def hanging(text: str, width: int) -> str:
    """Fold those lines of a table or a tree in *text* that are wider than a terminal of *width* cells.

    Columns stay together where what stands behind one has room on a line. A word that is longer than a line is left to
    the terminal, from which it is then copied whole.
    """
    return "\n".join(line if _cells(line) <= width else _hanging(line, width) for line in text.split("\n"))


def _hanging(line: str, width: int) -> str:
    coloured = _COLOURED.fullmatch(line)
    if coloured is not None:
        lead, colour, inner, plain = coloured.groups()
        return f"{lead}{colour}{_hanging(lead + inner, width)[len(lead) :]}{plain}"
    at = len(line) - len(line.lstrip(" "))
    indent = min(max(_HANGS, at + _DEEPER), width // 2)
    lines = []
    while _cells(line) > width:
        end = _end(line, at, width, indent)
        if end < 0:
            break
        lines.append(line[:end].rstrip(" "))
        line, at = " " * indent + line[end:].lstrip(" "), indent
    return "\n".join([*lines, line])


def _end(line: str, at: int, width: int, indent: int) -> int:
    """Give where to end a line that begins at *at* and goes on at *indent*; negative where it has no such place."""
    room = _room(line, width)
    gap = line.rfind("  ", at, room + 2)
    if gap > 0 and indent + _cells(line[gap:].lstrip(" ")) <= width:
        return gap
    blank = line.rfind(" ", at, room + 1)
    after = line.find(" ", max(at, blank + 1))
    is_too_long = indent + _cells(line[blank + 1 : after if after >= 0 else len(line)]) > width
    return after if blank < 0 or is_too_long else blank


def _cells(text: str) -> int:
    """Give how many cells of a terminal *text* takes: a letter of Chinese takes two, an accent of its own none."""
    return len(text) if text.isascii() else sum(map(_cell_count, text))


def _takes_cells_alike(text: str) -> bool:
    """Tell whether each character of *text* takes one cell; one of two and one of none are as many, but not alike."""
    return text.isascii() or all(_cell_count(one) == 1 for one in text)


def _cell_count(one: str) -> int:
    if one.isascii():
        return 1
    return 0 if category(one) in _NO_CELLS else 2 if east_asian_width(one) in _TWO_CELLS else 1


def _room(line: str, width: int) -> int:
    """Give how many characters of *line*, which is wider, have room in *width* cells."""
    if line.isascii():
        return width
    cells = 0
    for at, one in enumerate(line):
        cells += _cell_count(one)
        if cells > width:
            return at
    return len(line)
