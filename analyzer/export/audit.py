"""Verdicts of an audit as text for a person, and as JSON Lines with the members that the interface page states."""

from __future__ import annotations

import json
import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby

from analyzer.diagnosis.audit.audit import Row
from analyzer.diagnosis.audit.ledger import FAIL, INCONCLUSIVE, NOT_SEEN, PASS

_WIDTH = 100
_MOST_SHOWN = 8
_COLUMN = 41
_INDENT = " " * _COLUMN


def text_lines(rows: Sequence[Row]) -> Iterator[str]:
    """Write the rows by group; what failed or cannot be told with the records that show it; how many of each last."""
    for group, members in groupby(rows, lambda row: row.check.group):
        yield group
        unseen = []
        for row in members:
            if row.verdict == NOT_SEEN:
                unseen.append(row.check.name)
            else:
                yield from _row(row)
        if unseen:
            yield from _folded(f"  {NOT_SEEN:<13} ", ", ".join(unseen), 16)
        yield ""
    counts = Counter(row.verdict for row in rows)
    yield " · ".join(f"{counts[verdict]} {verdict}" for verdict in (FAIL, INCONCLUSIVE, PASS, NOT_SEEN))


def _row(row: Row) -> Iterator[str]:
    first = f"  {row.verdict:<13} {row.check.name:<24} "
    if row.verdict == PASS:
        yield from _folded(first, f"{row.text} ({row.times})")
        return
    times = f" (and {row.times - 1} more)" if row.times > 1 else ""
    yield from _folded(first, row.text + times)
    if row.records:
        numbers = ", ".join(map(str, row.records[:_MOST_SHOWN])) + (", …" if len(row.records) > _MOST_SHOWN else "")
        yield f"{_INDENT}record{'s' * (len(row.records) > 1)} {numbers}"
    if row.verdict == FAIL:
        yield from _folded(_INDENT, f"{row.check.clause}: {row.check.asks}")


def _folded(first: str, text: str, column: int = _COLUMN) -> Iterator[str]:
    yield from textwrap.wrap(text, _WIDTH, initial_indent=first, subsequent_indent=" " * column, break_on_hyphens=False)


def json_line(row: Row, *, input_name: str = "") -> str:
    """Write one row; *input_name* says of which of several inputs it is."""
    members: dict[str, object] = {"input": input_name} if input_name else {}
    members |= {
        "check": row.check.name, "group": row.check.group, "clause": row.check.clause, "verdict": row.verdict,
        "text": row.text, "count": row.times, "records": row.records,
    }  # fmt: skip
    return json.dumps(members, ensure_ascii=False)
