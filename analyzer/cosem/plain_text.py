"""Octets and characters of meters as text that shows what they are and moves no cursor."""

from __future__ import annotations

from dissectors.tree import printable

_SHORTEST_FILLED = 8


def text_in(octets: bytes) -> str | None:
    """Give octets that are printable as text, zeros that fill them up left out; None for others, and for none."""
    if len(octets) >= _SHORTEST_FILLED:
        octets = octets.rstrip(b"\0")
    if octets and octets.isascii() and (text := octets.decode("ascii")).isprintable():
        return text
    return None


__all__ = ["printable", "text_in"]
