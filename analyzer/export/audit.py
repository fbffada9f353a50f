"""Verdicts of an audit as text for a person, and as JSON Lines with the members that the interface page states."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby

from analyzer.diagnosis.audit.audit import Row
from analyzer.diagnosis.audit.ledger import FAIL, INCONCLUSIVE, NOT_SEEN, PASS
from analyzer.export.folding import folded
from analyzer.export.utf8 import json_object

WIDEST = 100
_NARROW = 70
"""Below this, what a check says stands below its name."""
_MOST_SHOWN = 8
_COLUMN, _NARROW_COLUMN = 41, 6


def text_lines(rows: Sequence[Row], *, width: int = WIDEST) -> Iterator[str]:
    """Write the rows by group; what failed or cannot be told with the records that show it; how many of each last."""
    for group, members in groupby(rows, lambda row: row.check.group):
        yield group
        unseen = []
        for row in members:
            if row.verdict == NOT_SEEN:
                unseen.append(row.check.name)
            else:
                yield from _row(row, width)
        if unseen:
            yield from _folded(f"  {NOT_SEEN:<13} ", ", ".join(unseen), 16, width)
        yield ""
    counts = Counter(row.verdict for row in rows)
    yield from folded(" · ".join(f"{counts[one]} {one}" for one in (FAIL, INCONCLUSIVE, PASS, NOT_SEEN)), width)


def _row(row: Row, width: int) -> Iterator[str]:
    first, column = f"  {row.verdict:<13} {row.check.name:<24} ", _COLUMN
    if width < _NARROW:
        yield first.rstrip()
        first, column = " " * _NARROW_COLUMN, _NARROW_COLUMN
    if row.verdict == PASS:
        yield from _folded(first, f"{row.text} ({row.times})", column, width)
        return
    more = row.times - 1 - len(row.others)
    indent = " " * column
    *texts, last = (row.text, *row.others)
    for text in (*texts, f"{last} (and {more} more)" if more > 0 else last):
        yield from _folded(first, text, column, width)
        first = indent
    if row.records:
        numbers = ", ".join(map(str, row.records[:_MOST_SHOWN])) + (", …" if len(row.records) > _MOST_SHOWN else "")
        yield from _folded(indent, f"record{'s' * (len(row.records) > 1)} {numbers}", column, width)
    if row.verdict == FAIL:
        yield from _folded(indent, f"{row.check.clause}: {row.check.asks}", column, width)


def _folded(first: str, text: str, column: int, width: int) -> list[str]:
    return folded(text, width, first, " " * column)


def json_line(row: Row, *, input_name: str = "") -> str:
    """Write one row; *input_name* says of which of several inputs it is."""
    members: dict[str, object] = {"input": input_name} if input_name else {}
    members |= {
        "check": row.check.name, "group": row.check.group, "clause": row.check.clause, "verdict": row.verdict,
        "text": row.text, "count": row.times, "records": row.records,
        "others": row.others,
    }  # fmt: skip
    return json_object(members)
