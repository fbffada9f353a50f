"""Letters that stand in hex where digits belong: taken for them by a person or a program, or to hide octets."""

import re
from itertools import count

from captures.text import HIDDEN
from captures.text.units import IN_HEX, begins_unit, end_of_units

_RUN = re.compile(
    rb"\d\d:\d\d:\d\d[.,]\d{1,9}"  # the name of an interface behind a time, as tcpdump writes it, goes on with none
    rb"|(?<![0-9A-Za-z_+/=])(?:0[xX])?[0-9A-Fa-fOolI]{2}(?:(?:, |[ ,:.-])?(?:0[xX])?[0-9A-Fa-fOolI]{2}){5,}+"
    rb"(?![0-9A-Za-z_+/=])"
)
_LETTERS = b"OolI"
_SIGNS = (b"XX", b"xx", b"**", b"??", b"O", b"o", b"l", b"I")
_TO_DIGITS = bytes.maketrans(_LETTERS, b"0011")
_NUMBERS = b"0123456789"
_LEAST_NUMBERS = 3
"""Words of letters that are digits too have no numbers."""

_BEHIND = rb"(?![^\s,:.;\])>}\"'|-])"
"""What stands behind an octet among separators: no letter, and no more of a column of characters."""
_MASK = rb"(?:[Xx]{2}" + _BEHIND + rb"|(?:\*\*|\?\?)" + _BEHIND + rb"(?! {1,3}[A-Za-z]{0,16}[G-WYZg-wyz]))"
"""A hidden octet among separators; asterisks and question marks before a word are a person's."""
_HIDING = re.compile(
    rb"\([^()]*\)"
    rb"|(?<![0-9A-Za-z_+/=])(?:"
    rb"[0-9A-Fa-f]{2}(, |[ ,:.-])[0-9A-Fa-f]{2}(?:\1[0-9A-Fa-f]{2})++(?:\1(?:[0-9A-Fa-f]{2}|" + _MASK + rb"))*+"
    rb"|(?:[0-9A-Fa-f]{2}){3,}+(?:[0-9A-Fa-f]{2}|[Xx]{2}|\*\*|\?\?)*+)"
)
"""Three pairs of hex, and all pairs and hidden ones behind them with the same between; or values, in parentheses.

A time before octets has another sign between its numbers than behind it.
"""
_ROW = re.compile(rb"[Xx]{2}(?:[ ,:.-]?[Xx]{2})*+|(?:\*\*|\?\?)(?:[ ,:.-](?:\*\*|\?\?))*+")
"""A row of hidden octets alone; asterisks and question marks without anything between are a line that was drawn."""
_OF_ROW, _OF_REMARK = b"Xx*? ,:.-\t", re.compile(rb"[#;/\"'()]")
_DUMP_ROW = re.compile(
    rb"(\s*(?:0[xX])?[0-9A-Fa-f]{4,8}:?\s{1,4})((?:[Xx]{2}|\*\*|\?\?)(?: {1,2}(?:[Xx]{2}|\*\*|\?\?)){2,}+)"
    rb"(\s{2}.*|\s?\|.*|\s*)"
)
"""The same in a dump: its offset, the octets, and the column of their characters."""
_BY_NUMBER = re.compile(
    rb"(?<![0-9A-Za-z_])0[xX](?:[0-9A-Fa-f]{2}|[Xx]{2}|\*\*|\?\?)"
    rb"(?:[ ,;]{1,3}0[xX](?:[0-9A-Fa-f]{2}|[Xx]{2}|\*\*|\?\?)){3,}+"
)
"""Numbers with their sign before each, some of them hidden."""
_HIDDEN_NUMBER = re.compile(rb"(?<=0[xX])(?:[Xx]{2}|\*\*|\?\?)")
_LEAST_NUMBERS_SHOWN = 2
_PAIR = re.compile(rb"[0-9A-Fa-f]{2}|[Xx]{2}|\*\*|\?\?")
_NO_HEX = re.compile(rb"[Xx*?]{2}")
_MASKS = b"Xx*?"
_HEADER = 8
"""Octets that tell how long any unit is."""


def may_be_mended(text: bytes) -> bool:
    """Tell whether a line of *text* may be one that `unmask` or `mend` changes."""
    return any(text.find(sign) >= 0 for sign in _SIGNS)


def unmask(line: bytes, lacks: int = 0) -> bytes:
    """Give *line* with an octet in place of each XX, ** or ?? among pairs of hex; the same object if there is none.

    Behind the last pair they count while the unit on the line, or the one above, which *lacks* octets, goes on; so do
    those of a row in which all are hidden.
    """
    find = line.find  # `in` raises and swallows an exception, for it tries the octet's number first
    if find(b"XX") < 0 and find(b"xx") < 0 and find(b"**") < 0 and find(b"??") < 0:
        return line
    if (row := _DUMP_ROW.fullmatch(line)) is not None:
        return row[1] + _PAIR.sub(HIDDEN, row[2]) + b" " * len(row[3])
    if (at := _begin_of_row(line, lacks)) is not None:
        return line[:at] + _PAIR.sub(HIDDEN, line[at:])
    shown = _BY_NUMBER.sub(_numbered, line) if find(b"0x") >= 0 or find(b"0X") >= 0 else line
    shown = _HIDING.sub(lambda found: _shown(found[0], lacks), shown)
    return line if shown == line else shown


def _begin_of_row(line: bytes, lacks: int) -> int | None:
    """Tell where a row of hidden octets begins; None if *line* is none, or the unit that *lacks* octets has no room."""
    whole = line.rstrip()
    at = len(whole.rstrip(_OF_ROW))
    if at:  # behind an offset, a time or words; the X of RX is no octet
        at = whole.find(b" ", at)
    at += len(whole[at:]) - len(whole[at:].lstrip())
    if at < 0 or _ROW.fullmatch(whole, at) is None or _OF_REMARK.search(whole, 0, at):
        return None
    size = len(_PAIR.findall(whole, at))
    return at if 1 < size <= lacks or size == lacks else None


def _numbered(found: "re.Match[bytes]") -> bytes:
    """Give numbers with what stands for those that are hidden, if enough are not."""
    text = found[0]
    is_shown = len(_PAIR.findall(_HIDDEN_NUMBER.sub(b"", text))) >= _LEAST_NUMBERS_SHOWN
    return _HIDDEN_NUMBER.sub(HIDDEN, text) if is_shown else text


def _shown(text: bytes, lacks: int) -> bytes:
    """Give *text*, pairs and hidden ones, with what stands for those that are hidden; all else as it is."""
    if _NO_HEX.search(text) is None:
        return text
    if text[:1] == b"(":  # a value, but for a unit
        inside = text[1:-1]
        return b"(%b)" % _shown(inside, 0) if IN_HEX.match(inside) and _HIDING.fullmatch(inside) else text
    pairs = _PAIR.findall(text)
    octets = bytes.fromhex(b"".join(HIDDEN if _NO_HEX.match(pair) else pair for pair in pairs).decode())
    if text.translate(None, _MASKS).isdigit() and not begins_unit(octets):
        return text  # a number
    last = max(place for place, pair in enumerate(pairs) if not _NO_HEX.match(pair))
    end = max(end_of_units(octets), lacks)
    places = count()

    def one(found: "re.Match[bytes]") -> bytes:
        place = next(places)
        is_octet = place < end or (place < last and not begins_unit(octets[place + 1 : place + 1 + _HEADER]))
        return HIDDEN if is_octet and _NO_HEX.match(found[0]) else found[0]

    return _PAIR.sub(one, text)


def mend(line: bytes) -> bytes:
    """Give *line* with O as 0 and l as 1 where it is hex but for them; the same object if there is none."""
    find = line.find
    if find(b"O") < 0 and find(b"l") < 0 and find(b"o") < 0 and find(b"I") < 0:
        return line
    mended = _RUN.sub(_mended, line)
    return line if mended == line else mended


def _mended(found: "re.Match[bytes]") -> bytes:
    text = found[0]
    numbers = len(text) - len(text.translate(None, _NUMBERS))
    return text.translate(_TO_DIGITS) if numbers >= _LEAST_NUMBERS else text
