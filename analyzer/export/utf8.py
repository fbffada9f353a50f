"""Texts as the octets that standard output writes."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Sequence

_WIDE = re.compile(r"[^\x00-\x7e]")
DELETE = "\x7f"
"""The only control of ASCII that JSON leaves as it is."""


def encoded(pieces: Sequence[str]) -> bytes:
    """Give what *pieces* make together in UTF-8, as standard output writes it.

    One character beyond ASCII makes all that is joined with it wide, and many times as slow to write.
    """
    try:
        return b"".join([one.encode() for one in pieces])
    except UnicodeEncodeError:
        return b"".join([one.encode("utf-8", "backslashreplace") for one in pieces])


latin = codecs.latin_1_encode
"""Writes what `eight_bits` gave; the first of what it returns are the octets."""


def eight_bits(text: str) -> str:
    """Give *text* with one character for each octet of its UTF-8, as `encoded` gives it.

    What is joined of such stays as small as ASCII, and is written as Latin-1 without looking at any character.
    """
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("latin-1")


def shown(text: str) -> str:
    """Write what is no character, as a file name may bring, by its number, as standard output does."""
    return text.encode("utf-8", "backslashreplace").decode()


def plain_json(text: str) -> str:
    """Write what is not printable in a line of JSON by its number.

    It says the same to a program, and a terminal takes no DEL, C1 control or mark of direction for a command.
    """
    is_plain = DELETE not in text if text.isascii() else text.isprintable()
    return text if is_plain else _WIDE.sub(_by_number, text)


def json_object(members: object) -> str:
    """Write *members* as a line of JSON for a terminal or a program, without its end."""
    return plain_json(json.dumps(members, ensure_ascii=False))


def _by_number(match: re.Match[str]) -> str:
    if match[0].isprintable():
        return match[0]
    digits = match[0].encode("utf-16-be", "surrogatepass").hex()
    return "".join(rf"\u{digits[at : at + 4]}" for at in range(0, len(digits), 4))
