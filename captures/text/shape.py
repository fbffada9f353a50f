r"""A way to write octets on lines, with patterns for the lines.

In patterns ``<time>`` stands for a time of day with or without date or an epoch, ``<moment>`` for one of these or for
seconds since the first, ``<hex>`` for octets in hex with any separator, ``<one>`` for one of them, ``<pairs>`` for hex
pairs with one or two blanks between, ``<column>`` for the text that a dump has beside them, ``<word>`` for a word of a
direction, ``<said>`` for those that names in programs have, ``<arrow>`` for its sign, ``<remark>`` for words of a
person.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Any

from captures.text.labels import DIRECTIONS, ELSEWHERE, SIDES
from captures.text.times import TIME, TIME_OR_SECONDS

LONGEST_HEADING = 512
"""Octets of a line that may be a heading, and of the words before octets."""


class Joins(Enum):
    """How the lines of octets make chunks."""

    LINE = "a line is a read"
    READ = "the lines below a heading are a read"
    DUMP = "lines with offsets, a read begins where the offset starts again"
    RUN = "an octet a line, those of one direction are a read"


def any_of(words: Iterable[bytes]) -> str:
    r"""Write a pattern for any of *words*, small or capital ASCII letters alike, the longest first.

    Words that begin alike share their beginning: Python compiles that in a third of the time.
    """
    tree: dict[int, Any] = {}
    for word in words:
        at = tree
        for octet in word.lower():
            at = at.setdefault(octet, {})
        at[_END] = {}
    return f"(?i:{_branches(tree)})"


def _branches(tree: dict[int, Any]) -> str:
    found = [
        (re.escape(chr(octet)) if octet < _ASCII else f"\\x{octet:02x}") + _branches(tree[octet])
        for octet in sorted(tree.keys() - {_END})
    ]
    if not found:
        return ""
    if len(found) == 1 and _END not in tree:
        return found[0]
    return f"(?:{'|'.join(found)}){'?' if _END in tree else ''}"


_END, _ASCII = -1, 0x80
_WORDS = any_of(
    word for word in DIRECTIONS.keys() | ELSEWHERE.keys() | SIDES.keys()
    if not word.isascii() or (word in DIRECTIONS and word.isalpha() and len(word) > 1)
)  # fmt: skip
_SAID = "(?i:tx|rx|sen[dt]|recv|received?|req(?:uest)?|resp(?:onse)?)"
_SNIPPETS = {
    "<time>": TIME,
    "<moment>": TIME_OR_SECONDS,
    # A time or an IP address before the octets is made of the same signs.
    "<hex>": r"(?!(?:19|20)\d{6}[ T,_-]{1,2}\d\d:\d\d:\d\d)"
    r"(?!\d{1,4}[-./]\d\d?[-./]\d{1,4}[ T]{1,2}\d\d?[:.]\d\d[:.]|\d\d?[:.]\d\d[:.]\d\d(?:[.,:]\d+)?\s)"
    r"(?!(?!00:00:00)(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\s*$)"
    r"(?!(?:\d{1,3}\.){3}\d{1,3}(?:\s|$))(?P<octets>[0-9A-Fa-f][0-9A-Fa-fXx ,:.\t-]*+)",
    "<one>": r"(?:0[xX][0-9A-Fa-f]{1,2}|[0-9A-Fa-f]{2})",
    # The characters beside a row may begin with two that are digits of hex, and go on with others.
    "<pairs>": r"(?P<octets>[0-9A-Fa-f]{2}(?:[ ]{1,2}[0-9A-Fa-f]{2}(?![^\s|>]))*+)",
    # One blank alone stands before it behind a row that is full, of eight octets at least.
    "<column>": r"(?:\s{2,}.*|\t.*|\s*[|>].*|(?<=[0-9A-Fa-f]{2}(?: [0-9A-Fa-f]{2}){7})[ ]\S.{0,64}|\s)?",
    "<word>": _WORDS,
    "<said>": _SAID,
    "<arrow>": r"(?:>>>?|<<<?|[-=]+>|<[-=]+)",
    "<remark>": r"(?:(?://|\#|;|/\*|<--|\|).*)",
}


def _compiled(pattern: str) -> re.Pattern[bytes]:
    for name, snippet in _SNIPPETS.items():
        pattern = pattern.replace(name, snippet)
    return re.compile(pattern.encode())


_CHARACTERS = frozenset(("characters", "named", "string", "parity", "literal"))


@dataclass(frozen=True)
class Shape:
    r"""A way to write octets, with its patterns as texts; they are compiled when a text first needs them.

    *data* has the group ``octets`` (hex), ``literal`` (Python bytes, C strings), ``listed`` (characters with numbers),
    ``decimals``, ``cells`` (decimal, in columns), ``octal``, ``words``, ``octal_words`` or ``long_words`` (two or four
    octets, the low one first), ``rom`` (Intel HEX), ``base64``, ``marked`` (hex pairs with marks), ``quoted`` (hex in
    strings), ``characters``, ``named`` or ``string`` (characters that stand for themselves), and perhaps ``offset``,
    ``direction``, ``delta`` (milliseconds since the line before), ``relative`` (seconds), ``beside`` (the characters of
    the octets), ``begin`` and ``end`` (of a read), and those of a time. *heading* may have ``direction``, ``label``
    (words), ``count``, ``lane``, ``aside`` (no traffic), ``relative`` (seconds) and those of a
    time. Both match whole lines; but where there is *tail*, *data* is searched, the last found counts, *tail* must
    match what stands behind it, and the words of the line are heeded.
    """

    name: str
    title: str
    """For a person: stands behind "read as"."""
    joins: Joins
    data_text: str
    heading_text: str = ""
    sign_text: str = ""
    tail_text: str = ""
    holds: tuple[bytes, ...] = ()
    """One of these stands in every text of the shape: which costs less to look for than patterns to compile."""
    needs_heading: bool = False
    """Octets count only below a heading that says they are traffic."""
    may_follow: bool = False
    """May begin in the middle of a text of another shape."""
    is_plain: bool = False
    """Nothing is assumed where it is read, so nothing is said."""
    least_share: float = 0.2
    """Of the most octets that any shape finds: with so many it is believed before one that is less particular."""
    is_titled: bool = False
    """Whole units before the first heading are traffic: the text was copied from its middle."""
    is_explained: bool = False
    """Persons wrote what octets mean: pieces of a unit below it are its explanation."""
    has_numbers: bool = False
    """Numbers of lines belong to it."""
    skips: int = 0
    """Octets before the traffic in each read."""

    @cached_property
    def data(self) -> re.Pattern[bytes]:
        """The pattern of lines that hold octets."""
        return _compiled(self.data_text)

    @cached_property
    def is_characters(self) -> bool:
        """Whether the octets are written as characters, which may be any."""
        return not self.data.groupindex.keys().isdisjoint(_CHARACTERS)

    @cached_property
    def heading(self) -> re.Pattern[bytes] | None:
        """The pattern of lines that say what the octets below them are."""
        return _compiled(self.heading_text) if self.heading_text else None

    @cached_property
    def tail(self) -> re.Pattern[bytes] | None:
        """What stands behind octets among words."""
        return _compiled(self.tail_text) if self.tail_text else None

    @cached_property
    def sign(self) -> re.Pattern[bytes] | None:
        """What must stand on a line of a text of this shape, where its octets alone do not show it."""
        return _compiled(self.sign_text) if self.sign_text else None
