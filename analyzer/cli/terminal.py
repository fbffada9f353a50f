"""What the program is shown on: a terminal and its width, a browser, or nothing that a person sees."""

from __future__ import annotations

import os
import sys
from typing import TextIO

_WIDTH, _NARROWEST = 80, 40


def columns() -> int:
    """Tell how many characters a line of the terminal has."""
    told = os.environ.get("COLUMNS", "")
    if told.isdecimal() and int(told):
        return int(told)
    try:
        return os.get_terminal_size(sys.__stdout__.fileno() if sys.__stdout__ else -1).columns or _WIDTH
    except (OSError, ValueError, AttributeError):
        return _WIDTH


def terminal_width() -> int:
    """Tell how wide text for a person is on a terminal; 0 where standard output is none."""
    return max(_NARROWEST, columns()) if sys.stdout.isatty() else 0


def text_width(widest: int) -> int:
    """Tell how wide text for a person is: as the terminal, up to *widest*, which it is where there is none."""
    return min(widest, terminal_width() or widest)


def is_screen() -> bool:
    """Tell whether a person sits before a screen: a terminal that can show one, or a browser; no pipe, no editor."""
    return _in_browser() or (is_terminal(sys.stdout) and os.environ.get("TERM") != "dumb")


def _in_browser() -> bool:
    """Tell whether ``serve`` started this process for a browser."""
    return os.environ.get("TERM_PROGRAM") == "textual" and "TEXTUAL_DRIVER" in os.environ


def is_terminal(stream: TextIO | None) -> bool:
    """Tell whether *stream* is a terminal."""
    return stream is not None and stream.isatty()
