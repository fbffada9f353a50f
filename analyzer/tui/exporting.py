"""Tables of the terminal UI as CSV and as text."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from rich.cells import cell_len

from analyzer.export.times import seconds_text

if TYPE_CHECKING:
    from analyzer.capture import Capture

_AT_ONCE = 256
_LINE = (
    "number", "time", "lane", "link", "direction", "client", "server", "summary", "value", "unit", "latency_ms",
    "octets",
)  # fmt: skip


def csv_text(rows: Iterable[Sequence[object]]) -> str:
    """Write rows as CSV."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()


def csv_of_lines(capture: Capture, numbers: Sequence[int], fields: Sequence[str] = ()) -> Iterator[str]:
    """Write records as CSV with *fields* behind what all have, the header before the first, some at once."""
    yield csv_text([(*_LINE, *fields)])
    for at in range(0, len(numbers), _AT_ONCE):
        portion = numbers[at : at + _AT_ONCE]
        for line, cells in zip(capture.lines(portion), capture.fields(portion, fields), strict=True):
            time = "" if line.time_ns is None else seconds_text(line.time_ns, capture.time_digits)
            latency = "" if line.latency_ns is None else line.latency_ns / 1e6
            yield csv_text([(
                line.number, time, line.lane, line.link, line.direction, line.client, line.server, line.summary,
                line.value, line.unit, latency, line.length, *cells,
            )])  # fmt: skip


def aligned(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write a table as text with its columns below one another."""
    widths = [max(map(cell_len, column)) for column in zip(headings, *rows, strict=True)]
    lines = []
    for row in (headings, *rows):
        cells = (text + " " * (width - cell_len(text)) for text, width in zip(row, widths, strict=True))
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines) + "\n"
