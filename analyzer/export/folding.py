"""Text to lines of a width, folded between words: what ``textwrap.wrap`` gives."""

from __future__ import annotations

import textwrap


def folded(text: str, width: int, first: str = "", rest: str = "") -> list[str]:
    """Fold *text* into lines of up to *width* characters, which begin with *first*, and with *rest* from the second on.

    Hyphens fold nothing; a word that is longer than a line is cut.
    """
    if not text or "  " in text or not text.isprintable() or " " in (text[0], text[-1]):
        return _any(text, width, first, rest)
    lines, begin, indent = [], 0, first
    while len(indent) + len(text) - begin > width:
        end = text.rfind(" ", begin, begin + width - len(indent) + 1)
        if end < 0:
            return _any(text, width, first, rest)
        lines.append(indent + text[begin:end])
        begin, indent = end + 1, rest
    lines.append(indent + text[begin:])
    return lines


def _any(text: str, width: int, first: str, rest: str) -> list[str]:
    """Fold text with long words, or with other space in it than single blanks."""
    return textwrap.wrap(text, width, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False)
