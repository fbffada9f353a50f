"""Letters that stand in hex where a person, or a program that read a picture, took them for digits."""

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


def mend(line: bytes) -> bytes:
    """Give *line* with O as 0 and l as 1 where it is hex but for them; the same object if there is none."""
    if not (b"O" in line or b"l" in line or b"o" in line or b"I" in line):
        return line
    mended = _RUN.sub(_mended, line)
    return line if mended == line else mended


def _mended(found: "re.Match[bytes]") -> bytes:
    text = found[0]
    numbers = len(text) - len(text.translate(None, _NUMBERS))
    return text.translate(_TO_DIGITS) if numbers >= _LEAST_NUMBERS else text
