"""Differences as text for a person, both captures side by side, and as JSON Lines as the interface page states them."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from itertools import groupby, zip_longest

from analyzer.cosem.plain_text import printable
from analyzer.diagnosis.comparison.compare import Difference
from analyzer.export.folding import folded
from analyzer.export.utf8 import json_object

WIDEST = 100
_LABEL, _HALF = 18, 38
_NARROW, _BETWEEN = 64, 5
"""Columns below which values begin at the left; those before, between and behind the halves."""
_LONGEST = 160
"""Characters of both values up to which they stand side by side; longer ones are told by what differs."""
_MOST_LESSER = 20


def text_lines(found: Sequence[Difference], good: str, bad: str, *, width: int = WIDEST) -> Iterator[str]:
    """Write the first difference that matters, the others that do, and the first ones of the rest."""
    if not found:
        yield "No difference: both do the same."
        return
    yield f"good: {printable(good)}"
    yield f"bad:  {printable(bad)}"
    yield ""
    matters = [one for one in found if one.matters]
    lesser = [one for one in found if not one.matters]
    if matters:
        yield "First difference that matters"
        yield from _differences(matters[:1], width)
    if matters[1:]:
        yield "Then"
        yield from _differences(matters[1:], width)
    if lesser:
        yield f"Less telling: {len(lesser)}"
        yield from _differences(lesser[:_MOST_LESSER], width)
        if len(lesser) > _MOST_LESSER:
            yield f"  … {len(lesser) - _MOST_LESSER} more; --json has them all"


def _differences(found: Sequence[Difference], width: int) -> Iterator[str]:
    """Write differences; those of one pair of records stand below their records, said once."""
    label = _LABEL if width >= _NARROW else 0
    half = min(_HALF, (width - label - _BETWEEN) // 2)
    for (number, *records), members in groupby(found, lambda one: (one.association, one.good_record, one.bad_record)):
        heads = [f"record {record}" if record else "no record" for record in records]
        if not label:
            yield f"  association {number}"
        yield f"  {f'association {number}' * bool(label):<{label}}{heads[0]:<{half}} | {heads[1]}"
        for one in members:
            hang = " " * len(f"  {one.rank}. ")
            yield from folded(f"{one.rank}. {printable(one.text)}", width, "  ", hang)
            if len(one.good_value) + len(one.bad_value) <= _LONGEST:
                yield from _side_by_side(one, label, half)
        yield ""


def _side_by_side(one: Difference, label: int, half: int) -> Iterator[str]:
    halves = [textwrap.wrap(printable(text), half) or [""] for text in (one.good_value, one.bad_value)]
    for row in zip_longest(*halves, fillvalue=""):
        yield f"{'':<{label + 2}}{row[0]:<{half}} | {row[1]}".rstrip()


def json_line(one: Difference) -> str:
    """Write one difference; a side that has nothing of it has no record."""
    members: dict[str, object] = {"rank": one.rank, "association": one.association}
    for name, record in (("good", one.good_record), ("bad", one.bad_record)):
        members[name] = {"record": record} if record else {}
    members |= {
        "field": one.field, "good_value": one.good_value, "bad_value": one.bad_value, "text": one.text,
        "matters": one.matters,
    }  # fmt: skip
    return json_object(members)
