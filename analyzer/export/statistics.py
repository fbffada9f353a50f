"""Statistics as a table for a person, and as JSON Lines with the members that the interface page states."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from analyzer.table.statistics import Statistic

_text = json.JSONEncoder(ensure_ascii=False).encode
_WIDEST = 72


def json_line(one: Statistic, more: dict[str, str] | None = None) -> str:
    """Write one line of JSON; absent response times are left out."""
    members = {
        **(more or {}), "by": one.by, "key": one.key, "records": one.records, "octets": one.octets,
        "errors": one.errors,
    }  # fmt: skip
    if one.latency_ms is not None:
        members["latency_ms"] = one.latency_ms._asdict()
    return _text(members | one.more)


def text_lines(found: Sequence[Statistic]) -> Iterator[str]:
    """Write a table: a line each, response times in milliseconds."""
    if not found:
        return
    if found[0].by == "layer":
        yield from _layer_lines(found)
        return
    width = min(max(len(one.key) for one in found), _WIDEST)
    has_period = any("period_s" in one.more for one in found)
    line = f"{found[0].by:<{width}}  {'records':>9}  {'octets':>11}  {'errors':>7}"
    line += "".join(f"  {one:>9}" for one in ("median", "p95", "p99", "max ms"))
    yield line + (f"  {'period s':>9}" if has_period else "")
    for one in found:
        key = one.key if len(one.key) <= _WIDEST else one.key[: _WIDEST - 1] + "…"
        line = f"{key:<{width}}  {one.records:>9}  {one.octets:>11}  {one.errors:>7}"
        if one.latency_ms is not None:
            line += "".join(f"  {time:>9.1f}" for time in one.latency_ms)
        elif has_period:
            line += " " * 44
        yield (line + (f"  {one.more['period_s']:>9.1f}" if "period_s" in one.more else "")).rstrip()


def _layer_lines(found: Sequence[Statistic]) -> Iterator[str]:
    width = max(len(one.key) for one in found)
    yield f"{'layer':<{width}}  {'octets':>12}  {'share':>7}"
    for one in found:
        yield f"{one.key:<{width}}  {one.octets:>12}  {one.more['share']:>7.1%}"
