"""Statistics as a table for a person, and as JSON Lines with the members that the interface page states."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

from analyzer.export.utf8 import json_object
from analyzer.table.statistics import Latency, Statistic

_WIDEST = 72
_HEADS = ("records", "octets", "errors", "unanswered", "median ms", "p95 ms", "p99 ms", "max ms", "period s")
_OUTCOMES = ("tried", "answered", "refused")
_LEFT_OUT = ("p95 ms", "p99 ms", "median ms", "period s", "max ms")
_SIZES, _SIZE, _GAP = {"octets": 11, "errors": 7, "unanswered": 10}, 9, "  "


def json_line(one: Statistic, more: dict[str, str] | None = None) -> str:
    """Write one line of JSON; what was not counted is left out."""
    members: dict[str, object] = {**(more or {}), "by": one.by, "key": one.key}
    if one.by != "connection":
        members |= {"records": one.records, "octets": one.octets, "errors": one.errors}
    if one.unanswered is not None:
        members["unanswered"] = one.unanswered
    if one.latency_ms is not None:
        members["latency_ms"] = one.latency_ms._asdict()
    return json_object(members | one.more)


def _counts_records(one: Statistic) -> bool:
    """Tell whether it is records that are counted: not connections, nor packets that were left aside."""
    return one.by != "connection" and "packets" not in one.more


def text_lines(found: Sequence[Statistic], *, width: int = sys.maxsize) -> Iterator[str]:
    """Write a table: a line each, response times in milliseconds.

    Where lines up to *width* have too little room its columns are as narrow as they can be, and a key that is longer
    than what they leave stands on a line of its own, above its figures. Where that is too wide still, columns are left
    out: p95, p99, the median, the period, the longest time.
    """
    if not found:
        return
    if found[0].by == "layer":
        yield from _layer_lines(found)
        return
    if found[0].by == "connection":
        yield from _connection_lines(found, width)
        return
    rows = [_figures(one) for one in found]
    told = {
        "unanswered": any(one.unanswered for one in found),
        "period s": any("period_s" in one.more for one in found),
    }
    heads = [head for head in _HEADS if told.get(head, True)]
    rows = [[cell for head, cell in zip(_HEADS, row, strict=True) if head in heads] for row in rows]
    keys = [_cut(one.key if _counts_records(one) else _in_packets(one), _WIDEST) for one in found]
    sizes = [_SIZES.get(head, _SIZE) for head in heads]
    room = max(map(len, keys))
    if room + sum(sizes) + len(_GAP) * len(sizes) > width:
        sizes = [max(len(head), *(len(row[at]) for row in rows)) for at, head in enumerate(heads)]
        for head in _LEFT_OUT:
            if len(found[0].by) + sum(sizes) + len(_GAP) * len(sizes) > width and head in heads:
                at = heads.index(head)
                del heads[at], sizes[at]
                for row in rows:
                    del row[at]
        room = max(min(room, width - sum(sizes) - len(_GAP) * len(sizes)), len(found[0].by))
    if any(map(_counts_records, found)):
        yield _line(found[0].by, heads, room, sizes)
    for key, row in zip(keys, rows, strict=True):
        if len(key) > room:
            yield _cut(key, width)
        yield _line(key if len(key) <= room else "", row, room, sizes)


def _figures(one: Statistic) -> list[str]:
    """Give the cells behind the key of a line, each empty where nothing is known."""
    if not _counts_records(one):
        return [""] * len(_HEADS)
    times = [f"{time:.1f}" for time in one.latency_ms] if one.latency_ms is not None else [""] * len(Latency._fields)
    period = f"{one.more['period_s']:.1f}" if "period_s" in one.more else ""
    unanswered = str(one.unanswered) if one.unanswered is not None else ""
    return [str(one.records), str(one.octets), str(one.errors), unanswered, *times, period]


def _in_packets(one: Statistic) -> str:
    """Say how many packets a line counts, where those are what it counts."""
    return f"{one.key}, {one.more['packets']} packet{'s' * (one.more['packets'] != 1)}"


def _line(key: str, cells: Sequence[str], room: int, sizes: Sequence[int]) -> str:
    return "".join(
        [f"{key:<{room}}", *(f"{_GAP}{cell:>{size}}" for cell, size in zip(cells, sizes, strict=False))]
    ).rstrip()


def _cut(text: str, size: int) -> str:
    return text if len(text) <= size else f"{text[: size - 1]}…"


def _layer_lines(found: Sequence[Statistic]) -> Iterator[str]:
    width = max(len(one.key) for one in found)
    yield f"{'layer':<{width}}  {'octets':>12}  {'share':>7}"
    for one in found:
        yield f"{one.key:<{width}}  {one.octets:>12}  {one.more['share']:>7.1%}"


def _connection_lines(found: Sequence[Statistic], width: int) -> Iterator[str]:
    rows = [[*(str(one.more[name]) for name in _OUTCOMES), str(one.unanswered)] for one in found]
    heads = [*_OUTCOMES, "unanswered"]
    sizes = [max(len(head), *(len(row[at]) for row in rows)) for at, head in enumerate(heads)]
    longest = max(len("connection"), *(len(one.key) for one in found))
    room = max(len("connection"), min(longest, width - sum(sizes) - len(_GAP) * len(sizes)))
    yield _line("connection", heads, room, sizes)
    for one, row in zip(found, rows, strict=True):
        if len(one.key) > room:
            yield _cut(one.key, width)
        yield _line(one.key if len(one.key) <= room else "", row, room, sizes)
