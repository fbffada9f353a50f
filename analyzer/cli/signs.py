"""Signs that an output of eight bits or ASCII has not, to signs that it has: a codec error handler, by name."""

from __future__ import annotations

import codecs

NAME = "dlmshark-signs"
_INSTEAD = {
    "→": ">", "←": "<", "⇠": "~", "↔": "-", "·": "-", "…": "...", "–": "-", "✗": "x", "×": "x", "±": "+-", "°": "deg ",
    "µ": "u", "Ω": "Ohm", "²": "2", "³": "3", "½": "1/2",
}  # fmt: skip
"""Those that the program itself writes, in one column where tables have them; others are escaped."""


def _instead(problem: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(problem, UnicodeEncodeError):
        raise problem
    at = problem.start
    sign = problem.object[at]
    return _INSTEAD.get(sign) or sign.encode("ascii", "backslashreplace"), at + 1


codecs.register_error(NAME, _instead)
