"""A text's octets to its lines, in any encoding that keeps ASCII or doubles it, with bounded memory."""

import codecs
import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from captures.stream import Window
from captures.text import JUDGED

LONGEST_LINE = 1 << 18
_DIGITS = b"0123456789abcdefABCDEF"
_NO_BREAK = (b"\xc2\xa0", b"\xa0")
"""Blanks as pages and mails have them, in UTF-8 and in Latin-1."""
_DOT = "·".encode()
_DOTTED = re.compile(rb"(?:(?:0[xX])?[0-9A-Fa-f]{2}\xc2\xb7){4,}+")
"""Octets with blanks as editors show them."""
_WIDE_COLON = "：".encode()
"""As Chinese texts have it."""
_ELLIPSIS = "…".encode()
_BOX = re.compile("│|┃|║|┆|┇|┊|┋".encode())
"""The lines between columns of a table that was drawn."""
_MARKUP = re.compile(rb"</?(?:html|body|pre|code|p|div|span|td|tr|br)\b[^<>\n]{0,80}>|&nbsp;", re.IGNORECASE)
_WIDE = re.compile(rb"\0?(?:[\t\r -~]\0){4,}|(?<=\n)\0(?=[\t -~])")
"""UTF-16 in a text that is none, as PowerShell appends it."""
_BOLD = re.compile(rb"(\([^()]*\))|(?<!\*)\*\*((?:[0-9A-Fa-f]{2}[ ,:-]?)+)\*\*(?!\*)")
"""Octets that Markdown makes bold; between parentheses asterisks are the value of a data set."""
_COLOUR = re.compile(rb"\x1b\[[0-9;]*[A-Za-z]")
_REST = rb"\n([0-9A-Fa-f])(?=(?: [0-9A-Fa-f]{2}){4})"
_IS_REST, _BROKEN = re.compile(_REST), re.compile(rb"( ?)" + _REST)
_BEFORE = re.compile(rb"(?:[0-9A-Fa-f]{2} ){8}[0-9A-Fa-f]")
"""Where a page broke a line within an octet; pairs alone stand before and behind."""
_LENGTH_BEFORE = 25
_UNIT = (
    r"(?:7E ?A|00 ?01 ?00|68 ?(?P<length>[0-9A-F]{2}) ?(?P=length) ?68|E6 ?E[67] ?00|C[0-7] ?0[1-5] ?[048C][0-9A-F]"
    r"|6[01] ?[0-9A-F]{2} ?[8A][0-9A-F]|(?:C[89A-F]|D[0-7]) ?[0-9A-F]{2} ?[123][0-2]|D[BD] ?0[08]"
    r"|0F ?[0-9A-F]{2} ?[0-9A-F]{2} ?[0-9A-F]{2} ?[0-9A-F]{2} ?0[0C])"
)
"""How a unit or an APDU begins, which goes on with nothing above."""
_HEX_ALONE = re.compile(rb"^[0-9A-Fa-f]{17,}+(?=[ \r]*+$)", re.MULTILINE)
_LEAST_WRAPPED = 2
_CHAIN = re.compile(
    rb"""(["'])([0-9A-Fa-f ]{2,}+)\1(?:[ \t]*+[+\\]?[ \t]*+\n[ \t]*+\+?[ \t]*+b?(["'])[0-9A-Fa-f ]{2,}+\3)++"""
)
"""Strings of hex that a program may join to one: nothing but line ends, and perhaps a plus, stands between."""
_SIGNED = re.compile(rb"""["'][ \t]*+(?:[+\\][ \t]*+\n|\n[ \t]*+\+)""")
"""A break between strings at which a sign says that they are joined."""
_OPEN = re.compile(rb"[(\[{]\s*+b?$")
_OPEN_WITHIN = 64
_OF_ITS_OWN = re.compile(rb"""\n[ \t+]*+b?["']""" + _UNIT.encode(), re.IGNORECASE)
"""A string that begins a unit or an APDU."""
_CHAIN_SIGNS = re.compile(rb"""["'][ \t]*+[+\\]?[ \t]*+\n""")
_PIECE = re.compile(rb"""(["'])([0-9A-Fa-f ]{2,})\1""")
_NARROW = bytes.maketrans(b"\r", b" ")
_LEAST_WIDE = 4
MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def _letters() -> dict[int, int]:
    """Give the octets of letters that are not Latin-1, Cyrillic and East European, as logs of one octet have them."""
    found: dict[int, int] = {}
    for page in ("cp1251", "cp1250"):
        for octet in range(0x80, 0x100):
            for letter in bytes((octet,)).decode(page, "ignore"):
                found.setdefault(ord(letter), octet)
    return found


_LETTERS = _letters()


class Block(NamedTuple):
    """Lines that came together, without their ends."""

    offset: int
    """Of the first line, in the input."""
    lines: list[bytes]
    is_rest: bool
    """The first line goes on with the one before, which was too long."""
    length: int
    """Octets that came for it; a few at a time from someone who types."""


def width_of(head: bytes) -> int:
    """Tell whether the text that begins with *head* is UTF-16: 2 for little, -2 for big endian, 1 for all else."""
    if head.startswith(codecs.BOM_UTF16_LE):
        return 2
    if head.startswith(codecs.BOM_UTF16_BE):
        return -2
    some = head[: 1 << 12]
    some = some[: len(some) & ~1]
    if len(some) < _LEAST_WIDE:
        return 1
    even, odd = some[::2].count(0), some[1::2].count(0)
    most, half = max(even, odd), len(some) // 2
    if most * 10 < half * 9 or min(even, odd) * 10 > half:
        return 1
    return 2 if odd > even else -2


def narrow(octets: bytes, width: int) -> bytes:
    """Make one octet of each UTF-16 unit, as a page of 256 letters has it; what none has becomes a question mark."""
    if width == 1:
        return octets
    low, high = (octets[::2], octets[1::2]) if width == 2 else (octets[1::2], octets[::2])
    if not high.strip(b"\0"):
        return low
    return bytes(
        one if not upper else _LETTERS.get(upper << 8 | one, 0x3F) for one, upper in zip(low, high, strict=False)
    )


def wrapped_width(head: bytes) -> int:
    """Tell at which odd number of digits something broke the hex of the text that begins with *head*; 0 if at none.

    It breaks all lines so, and leaves none that is longer: lines that lost a digit each lack it beside whole ones.
    """
    widths = [len(line) for line in _HEX_ALONE.findall(head)]
    widest = max(widths, default=0)
    return widest if widest & 1 and widths.count(widest) >= _LEAST_WRAPPED else 0


@cache
def _wrapped(width: int) -> re.Pattern[bytes]:
    """Compile what matches a line of *width* digits, an odd number, and the first digit of the one below."""
    digit, below = "[0-9A-F]", f"(?=(?:[0-9A-F]{{2}}){{0,{width // 2}}}+ ?(?:\n|\\Z))"
    return re.compile(
        f"^({digit}{{{width}}})( ?)\n(?!{_UNIT})(?P<digit>{digit}){below}".encode(), re.MULTILINE | re.IGNORECASE
    )


def plain(text: bytes, wrapped: int = 0) -> bytes:
    """Give lines one kind of end and take out colours, markup and UTF-16 in between; lines keep their lengths.

    Hex that was broken at an odd width (*wrapped*) has whole octets on each line then.
    """
    if b"\0" in text:
        text = _WIDE.sub(lambda found: found[0].translate(_NARROW, b"\0").ljust(len(found[0])), text)
    if b"\r" in text:
        text = text.replace(b"\r\r\n", b"  \n").replace(b"\r\n", b" \n").replace(b"\r", b"\n")
    if _IS_REST.search(text):  # a tenth of what the other takes, which has no first octet to look for
        text = _BROKEN.sub(_joined, text)
    if wrapped:
        text = _wrapped(wrapped).sub(rb"\1\g<digit>\2\n", text)
    if (text.find(b'"') >= 0 or text.find(b"'") >= 0) and _CHAIN_SIGNS.search(text):
        text = _CHAIN.sub(_chained, text)
    if b"\x1b[" in text:
        text = _COLOUR.sub(_blanks, text)
    if b"**" in text:
        text = b"\n".join(_BOLD.sub(rb"\1\2", line).ljust(len(line)) for line in text.split(b"\n"))
    if _ELLIPSIS in text:
        text = text.replace(_ELLIPSIS, b"...")
    if _WIDE_COLON in text:
        text = text.replace(_WIDE_COLON, b":  ")
    for blank in _NO_BREAK:
        if blank in text:
            text = text.replace(blank, b" " * len(blank))
    if b"\xe2\x94" in text or b"\xe2\x95" in text:
        text = _BOX.sub(b"|  ", text)
    if _DOT in text:
        text = _DOTTED.sub(lambda found: found[0].replace(_DOT, b"  "), text)
    if b"<" in text and b">" in text:
        text = _MARKUP.sub(_blanks, text)
    return text


def _joined(found: "re.Match[bytes]") -> bytes:
    """Give the first half of an octet its second half from the line below; lengths in all stay."""
    at = found.start()
    is_broken = _BEFORE.fullmatch(found.string, max(0, at - _LENGTH_BEFORE), at) is not None
    return found[2] + found[1] + b"\n" if is_broken else found[0]


def _chained(found: "re.Match[bytes]") -> bytes:
    """Give a string that a program joins of several, on the line of the first; lengths and lines in all stay."""
    chain = found[0]
    breaks = chain.count(b"\n")
    if _OF_ITS_OWN.search(chain) or not (_is_open(found) or len(_SIGNED.findall(chain)) == breaks):
        return chain
    whole = found[1] + b"".join(piece[2] for piece in _PIECE.finditer(chain)) + found[1]
    return whole + b"\n" * breaks + b" " * (len(chain) - len(whole) - breaks)


def _is_open(found: "re.Match[bytes]") -> bool:
    """Tell whether the string stands behind a bracket, so that those below it are joined without a sign."""
    at = found.start()
    return _OPEN.search(found.string, max(0, at - _OPEN_WITHIN), at) is not None


def _blanks(found: "re.Match[bytes]") -> bytes:
    return b" " * len(found[0])


def blocks(window: Window) -> Iterator[Block]:
    """Give the lines of what *window* holds and gets, each as soon as its end came; an endless one in pieces."""
    width = width_of(window.buffer)
    size = abs(width)
    if not window.base:
        window.skip(next((len(mark) for mark in MARKS if window.buffer.startswith(mark)), 0))
    wrapped = wrapped_width(narrow(window.buffer[:JUDGED], width))
    offset, left, spare, is_rest = window.base, b"", b"", False
    while True:
        octets = spare + window.take()
        ended = len(octets) == len(spare)
        keep = len(octets) % size
        spare = octets[len(octets) - keep :] if keep else b""
        came = narrow(octets[: len(octets) - keep] if keep else octets, width)
        text = left + came
        # A line end of two octets may be cut here.
        held = b"\r" * (not ended and text.endswith(b"\r")) or _cut_colour(text, ended)
        text = plain(text[: len(text) - len(held)] if held else text, wrapped)
        lines = text.split(b"\n")
        left = lines.pop() + held
        if wrapped and lines and not ended and len(lines[-1].rstrip()) == wrapped:
            left = lines.pop() + b"\n" + left  # its last digit is still to come
        if ended and left:
            lines.append(left)
            left = b""
        if len(text) > LONGEST_LINE and lines and max(map(len, lines)) > LONGEST_LINE:
            for line in lines:
                for piece, goes_on in _pieces(line, is_rest):
                    yield Block(offset, [piece], goes_on, len(came))
                    offset += len(piece) * size
                offset += size
                is_rest = False
        elif lines:
            yield Block(offset, lines, is_rest, len(came))
            offset += (sum(map(len, lines)) + len(lines)) * size
            is_rest = False
        if ended:
            return
        while len(left) > LONGEST_LINE:
            piece = left[: _cut(left)]
            yield Block(offset, [piece], is_rest, len(came))
            offset += len(piece) * size
            left, is_rest = left[len(piece) :], True


def _cut_colour(text: bytes, ended: bool) -> bytes:
    at = text.rfind(b"\x1b", max(0, len(text) - 16))
    return text[at:] if not ended and at >= 0 and not _COLOUR.match(text, at) else b""


def _pieces(line: bytes, is_rest: bool) -> Iterator[tuple[bytes, bool]]:
    """Cut a line that is too long; each piece but the first goes on with the one before."""
    while len(line) > LONGEST_LINE:
        piece = line[: _cut(line)]
        yield piece, is_rest
        line, is_rest = line[len(piece) :], True
    yield line, is_rest


def _cut(text: bytes) -> int:
    """Find where a line that is too long may be cut: between octets, if they are hex pairs."""
    text = text[:LONGEST_LINE]
    run = len(text) - len(text.rstrip(_DIGITS))
    at = len(text) - (run & 1)
    if text[at - 1 : at] in (b"x", b"X"):
        at -= 2
    return at
