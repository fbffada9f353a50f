"""Texts in parts: what is known when a function is made, octet offsets, and expressions of the function.

Everything that depends on nothing but a place is rendered once a place; one f-string puts all together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

from dissectors.source_text import literal

FEWEST = 3
"""So many offsets from one place make it worth keeping their text."""


class At(NamedTuple):
    """The part that shows an octet offset, or with *bit* an offset in bits."""

    base: str
    offset: int
    bit: int = -1


class Code(NamedTuple):
    """The part that an expression of the generated function gives."""

    expression: str


Part = str | At | Code


class Member(NamedTuple):
    """What a walk found: parts. Where the form has names: *name* is not written yet, "" is, None is in the parts."""

    name: str | None
    parts: list[Part]


Segments = list[list[Part]]


def assemble(parts: list[Part]) -> tuple[str, dict[str, Segments]]:
    """Give the f-string of *parts*, and for each base the segments that it has in ``q<base>_<number>``."""
    uses = Counter(part.base for part in parts if isinstance(part, At))
    segments: dict[str, Segments] = {}
    pieces: list[Part] = []
    segment: list[Part] = []
    base = ""

    def close() -> None:
        nonlocal base
        if base:
            known = segments.setdefault(base, [])
            pieces.append(Code(f"q{base}_{len(known)}"))
            known.append(list(segment))
        else:
            pieces.extend(segment)
        segment.clear()
        base = ""

    for part in parts:
        if isinstance(part, Code) or (isinstance(part, At) and uses[part.base] < FEWEST):
            close()
            pieces.append(part)
            continue
        if isinstance(part, At):
            if base not in ("", part.base):
                close()
            base = part.base
        segment.append(part)
    close()
    return "f'" + "".join(_source(piece) for piece in pieces) + "'", segments


def _source(part: Part) -> str:
    """Write a part as it stands in an f-string between single quotes."""
    if isinstance(part, Code):
        return f"{{{part.expression}}}"
    if isinstance(part, At):
        number = f"{part.base} + {part.offset}" if part.offset else part.base
        return f"{{{number}}}" if part.bit < 0 else f"{{({number}) * 8 + {part.bit}}}"
    return literal(part)


def renderer(segments: Segments) -> Callable[[int], tuple[str, ...]]:
    """Make the function that renders all *segments* for one place."""

    def render(place: int) -> tuple[str, ...]:
        return tuple("".join([_rendered(part, place) for part in segment]) for segment in segments)

    return render


def _rendered(part: Part, place: int) -> str:
    if isinstance(part, At):
        octet = place + part.offset
        return str(octet if part.bit < 0 else octet * 8 + part.bit)
    return part if isinstance(part, str) else ""
