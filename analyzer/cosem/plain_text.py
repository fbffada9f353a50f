"""Octets and characters of meters as text that shows what they are and moves no cursor."""

from __future__ import annotations

from dissectors.tree import printable

_SHORTEST_FILLED = 8
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def text_in(octets: bytes) -> str | None:
    """Give octets that are printable as text, zeros that fill them up left out; None for others, and for none."""
    if len(octets) >= _SHORTEST_FILLED:
        octets = octets.rstrip(b"\0")
    if octets and octets.isascii() and (text := octets.decode("ascii")).isprintable():
        return text
    return None


def decoded(octets: bytes) -> str:
    """Decode a text file as editors and shells save it: UTF-8 with or without a mark before it, or UTF-16 with one.

    Raises: UnicodeDecodeError.
    """
    return octets.decode("utf-16" if octets.startswith(_UTF_16) else "utf-8-sig")


__all__ = ["decoded", "printable", "text_in"]
