"""Texts as the octets that standard output writes."""

from __future__ import annotations

from collections.abc import Sequence


def encoded(pieces: Sequence[str]) -> bytes:
    """Give what *pieces* make together in UTF-8, as standard output writes it.

    One character beyond ASCII makes all that is joined with it wide, and many times as slow to write.
    """
    try:
        return b"".join([one.encode() for one in pieces])
    except UnicodeEncodeError:
        return b"".join([one.encode("utf-8", "backslashreplace") for one in pieces])


def shown(text: str) -> str:
    """Write what is no character, as a file name may bring, by its number, as standard output does."""
    return text.encode("utf-8", "backslashreplace").decode()
