"""Letters that stand in hex where digits belong: taken for them by a person or a program, or to hide octets."""

import re

_RUN = re.compile(
    rb"(?<![0-9A-Za-z_+/=])(?:0[xX])?[0-9A-Fa-fOolI]{2}(?:(?:, |[ ,:.-])?(?:0[xX])?[0-9A-Fa-fOolI]{2}){5,}+"
    rb"(?![0-9A-Za-z_+/=])"
)
_LETTERS = b"OolI"
_TO_DIGITS = bytes.maketrans(_LETTERS, b"0011")
_NUMBERS = b"0123456789"
_LEAST_NUMBERS = 3
"""Words of letters that are digits too have no numbers."""


_MASK = rb"(?:[Xx]{2}|\*\*|\?\?)"
_HIDING = re.compile(
    rb"(?<![0-9A-Za-z_+/=])(?:[0-9A-Fa-f]{2}[ ,:.-]?){3}+(?:(?:[0-9A-Fa-f]{2}|" + _MASK + rb")[ ,:.-]?)*+"
)
"""Three pairs of hex, and all pairs and hidden ones behind them."""
_MASKED = re.compile(_MASK)
HIDDEN = b"58"
"""What stands for an octet that is hidden: the letter X."""


def unmask(line: bytes) -> bytes:
    """Give *line* with an octet in place of each XX, ** or ?? among pairs of hex; the same object if there is none."""
    find = line.find  # `in` raises and swallows an exception, for it tries the octet's number first
    if find(b"XX") < 0 and find(b"xx") < 0 and find(b"**") < 0 and find(b"??") < 0:
        return line
    shown = _HIDING.sub(lambda found: _MASKED.sub(HIDDEN, found[0]), line)
    return line if shown == line else shown


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
