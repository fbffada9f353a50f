"""Texts as the octets that standard output writes."""

from __future__ import annotations

from collections.abc import Iterable


def encoded(pieces: Iterable[str]) -> bytes:
    """Give what *pieces* make together in UTF-8, as standard output writes it.

    One character beyond ASCII makes all that is joined with it wide, and many times as slow to write.
    """
    return b"".join([one.encode("utf-8", "backslashreplace") for one in pieces])
