"""Raw octets: traffic without times or borders, in binary or in its own characters, and what tells that it is some."""

import re
from collections.abc import Iterator

from captures.chunk import LINK_OCTETS, UNKNOWN, Chunk, Source
from captures.stream import Window

_PIECE = 4096
TERMINAL_HEADER = re.compile(rb"=~[=~]+ PuTTY log [^\r\n]{0,60}=~[=~]+\r?\n")
"""What a terminal program writes before the octets."""
BEGINS = re.compile(
    rb"""\x7E[\xA0-\xAF]                                              # HDLC, frame type 3
    | \x00\x01\x00                                                   # wrapper
    | \xE5*(?:\x68(.)\1\x68|\x10[\x40\x5A\x5B\x7A\x7B]..\x16)        # M-Bus
    | \x90[\x01-\x7F]{2}[\x60-\x63\xC0-\xDF]                        # IEC 61334-4-32
    | [/\xAF](?:[?\xBF]|[A-Za-z\xC1-\xFA]{3}[0-9\xB0-\xB9])          # IEC 62056-21, also with parity bits
    | [\x01\x81][PRWBE\xD2\xD7\xC5][0-5\xB1\xB2\xB4]                # its commands
    | \x06[0-9\xB1-\xB8][0-9A-I\xB1-\xC9][0-9\xB1-\xB8][\r\x8D]\n       # its option select
    | \x02[0-9A-F.:-]{3,16}[(]                                       # its data
    | \x10[\x40\x5A\x5B\x7A\x7B]..\x16                                # M-Bus, a short frame
    | \xDB[\x00\x08]                                                # general-glo-ciphering, as P1 telegrams have it
    | \xE6[\xE6\xE7]\x00                                             # LLC""",
    re.DOTALL | re.VERBOSE,
)
_RAW_INSIDE = re.compile(
    rb"""\x7E[\xA0-\xA7]
    | \x68(.)\1\x68
    | \xDB\x08[A-Z]{3}.{5}\x82..[\x20\x30]     # a ciphered telegram of P1
    """,
    re.DOTALL | re.VERBOSE,
)
_DATA_SET = rb"(?:[0-9]+-[0-9]+:)?[0-9A-F]+\.[0-9]+(?:\.[0-9]+)?(?:[*&][0-9]+)?\([^()\r\n]*\).*"
_DATA_SETS = re.compile(rb"^" + _DATA_SET + rb"\r?$", re.MULTILINE)
TEXT = re.compile(
    rb"""^(?:/(?:[A-Za-z]{3}[0-9]|[A-Z]{2}[A-Za-z][A-Z-])[^\r\n]*      # an identification message, a P1 telegram
    | """
    + _DATA_SET
    + rb""")\r?$""",
    re.MULTILINE | re.VERBOSE,
)
"""Text that is the traffic itself: of IEC 62056-21 and P1, from its middle too."""
_MOST_BROKEN = 2
"""Of so many lines of such text one may be hurt, or of another kind."""
_BARE = re.compile(rb"^(?:/(?:[A-Za-z]{3}[0-9]|[A-Z]{2}[A-Za-z][A-Z-])|[-0-9A-F.:*&]{0,24}\(|!)", re.MULTILINE)
_VALUES = re.compile(rb"\([^()\r\n]*\)")
_WORDS = re.compile(
    rb"^(?!/)[^\r\n]*?(?:[A-Za-z]{3,20}[ ,.:;]{1,4}[A-Za-z]{2}|[ \t][#;/]{1,9}[ \t]{0,9}[A-Za-z])", re.MULTILINE
)
"""A line with words of someone, apart from values and identifications."""
_CONTROL = bytes(set(range(32)) - set(b"\t\n\r\f\x1b")) + b"\x7f"


class RawSource(Source):
    """Octets without any times or borders, in pieces as they come."""

    def __init__(self, name: str, window: Window, size: int | None = None) -> None:
        super().__init__(name, size)
        self._window = window

    def __iter__(self) -> Iterator[Chunk]:
        number, offset = 0, self._window.base
        while octets := self._window.take():
            for at in range(0, len(octets), _PIECE):
                piece = octets[at : at + _PIECE]
                number += 1
                yield Chunk(number, None, LINK_OCTETS, UNKNOWN, piece, len(piece), offset + at, 0)
            offset += len(octets)

    def close(self) -> None:
        """Give the input back."""
        self._window.close()


def has_frames(head: bytes) -> bool:
    """Tell whether *head* begins as traffic does, or something in it begins as a frame or is a data set."""
    return any(sign(head) for sign in (BEGINS.match, _RAW_INSIDE.search, _DATA_SETS.search))


def is_traffic(head: bytes) -> bool:
    """Tell whether most lines of *head* are data sets as they stand on the line; hex in them is values."""
    return _is_most(_DATA_SETS, head, of_more_than=_MOST_BROKEN)


def is_bare(head: bytes) -> bool:
    """Tell whether messages stand in *head* as on the line: at the beginnings of lines."""
    return _is_most(_BARE, head)


def is_text(head: bytes) -> bool:
    """Tell whether *head* has no control characters but those of lines and terminals, and is no run of FF."""
    return len(head.translate(None, _CONTROL)) == len(head) and bool(head.strip(b"\xff"))


def has_words(head: bytes) -> bool:
    """Tell whether *head* is a text in which words of someone stand around lines that are traffic."""
    return is_text(head) and _WORDS.search(_VALUES.sub(b"", head)) is not None


def _is_most(sign: re.Pattern[bytes], head: bytes, of_more_than: int = 0) -> bool:
    """Tell whether *sign* is in most lines of *head*, and in one of the first two, without words around."""
    lines = sum(1 for line in head.split(b"\n") if line.strip())
    is_most = sum(1 for _ in sign.finditer(head)) * _MOST_BROKEN > lines > of_more_than
    begins = any(map(_BARE.match, head.split(b"\n", _MOST_BROKEN)[:_MOST_BROKEN]))  # behind a cut line, too
    return is_most and begins and not has_words(head)
