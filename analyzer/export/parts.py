"""The parts of a line: what stands between them, and how long one may be."""

from __future__ import annotations

SEPARATOR = " · "
_LONGEST_VALUE = 60


def short_text(text: str) -> str:
    """Shorten a value so that the line goes on behind it."""
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…"
