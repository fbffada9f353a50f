"""A table to statistics: records, octets, errors and response times, by what they have in common.

Percentiles are linear between the two nearest response times. An error is an answer that refuses, or a note of that
severity.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from analyzer.cosem.logical_name import obis_text
from analyzer.cosem.obis import obis_name
from analyzer.record import APDU, MESSAGE, REQUEST
from analyzer.table.table import Table
from analyzer.table.words import Path, Subject

if TYPE_CHECKING:
    import polars

SUCCESS = "success"
_ERROR, _WARNING = 3, 2
_SECOND = 1_000_000_000
_BUCKETS = 60
"""About how many stretches of time a table has."""
_INTERVALS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400)
_NS = 1_000_000
_LATER = re.compile("next|-with-(data|p)block|-last-")
"""Names of requests that go on with a transfer."""
_ASKING = frozenset({
    "aarq", "rlrq", "get-request", "set-request", "action-request", "access-request", "readRequest", "writeRequest",
})  # fmt: skip
"""Services that are answered, but for unconfirmed ones of SET and ACTION."""


class Latency(NamedTuple):
    """Response times in milliseconds."""

    median: float
    p95: float
    p99: float
    max: float


class Statistic(NamedTuple):
    """One line of statistics; *more* has what only some of them tell."""

    by: str
    key: str
    records: int
    octets: int
    errors: int
    unanswered: int | None
    """Requests without an answer; None where that is not known."""
    latency_ms: Latency | None
    more: dict[str, Any]


def statistics(table: Table, by: str, *, interval_s: int | None = None, is_whole: bool = True) -> list[Statistic]:
    """Count the rows of *table* by one of :data:`BY`, but for ``layer``; busiest first, times in order.

    Whether a request was answered is told only of a table that *is_whole*.
    """
    if not table.height:
        return []
    if by == "time":
        return _by_time(table, interval_s, is_whole=is_whole)
    if by == "association":
        return _by_association(table, is_whole=is_whole)
    if by == "error":
        return _by_error(table)
    if by == "object":
        table = table.with_names()
    column, keys_of, name_of, more = _GROUPS[by]
    groups: dict[Hashable, int] = {}
    lists = [[groups.setdefault(key, len(groups)) for key in keys_of(word)] for word in table.words(column)]
    frame = _judged(table, is_whole=is_whole)
    grouped = _grouped(frame, column, lists)
    periods = _periods(frame, table, column, lists) if more else {}
    names = list(groups)
    found = []
    for row in _totals(grouped):
        key = names[row["group"]]
        told = {"period_s": periods[row["group"]]} if row["group"] in periods else {}
        found.append(_statistic(by, name_of(key), row, told))
    return sorted(found, key=lambda one: (-one.records, one.key))


def _judged(table: Table, *, is_whole: bool = False) -> polars.DataFrame:
    """Give the columns with two more: whether a row counts as an error, and whether it is a request without answer."""
    import polars

    refuses = polars.Series([one.result not in ("", SUCCESS) for one in table.subjects], dtype=polars.Boolean)
    marked = polars.Series([one.severity >= _ERROR for one in table.marks], dtype=polars.Boolean)
    frame = table.frame
    errors = refuses.gather(frame.get_column("subject")) | marked.gather(frame.get_column("marks"))
    silent: polars.Series | polars.Expr = polars.lit(None, polars.Boolean)
    if is_whole:
        asks = polars.Series(
            [one.direction == REQUEST and one.kind == APDU for one in table.paths], dtype=polars.Boolean
        )
        waits = polars.Series([_service(one) in _ASKING for one in table.subjects], dtype=polars.Boolean)
        asked = asks.gather(frame.get_column("path")) & waits.gather(frame.get_column("subject"))
        answered = polars.repeat(False, frame.height, dtype=polars.Boolean, eager=True)
        answers = frame.get_column("request").drop_nulls().cast(polars.Int64).sort()  # polars 1.0 takes no others
        silent = asked & ~answered.scatter(answers - 1, True)
    return frame.with_columns(errors.alias("error"), silent.alias("unanswered"))


def _service(subject: Subject) -> str:
    """Name the service, also of one that stayed closed."""
    return subject.service.removeprefix("glo-").removeprefix("ded-")


def _grouped(frame: polars.DataFrame, column: str, lists: Sequence[Sequence[int]]) -> polars.DataFrame:
    """Give every row its group; one of several groups comes once for each, one of none is left out."""
    import polars

    words = frame.get_column(column)
    if all(len(one) == 1 for one in lists):
        groups = polars.Series([one[0] for one in lists], dtype=polars.UInt32)
        return frame.with_columns(groups.gather(words).alias("group"))
    groups = polars.Series([list(dict.fromkeys(one)) for one in lists], dtype=polars.List(polars.UInt32))
    named = polars.DataFrame({column: polars.Series(range(len(lists)), dtype=polars.UInt32), "group": groups})
    return frame.join(named.explode("group").drop_nulls(), on=column, how="inner")


def _totals(frame: polars.DataFrame) -> list[dict[str, Any]]:
    """Count records, octets and errors of each group, and how long answers took."""
    import polars

    latency = polars.col("latency")
    latency = latency.filter(latency >= 0)  # an answer that overlaps its request on the line took no time
    return (
        frame.group_by("group")
        .agg(
            polars.len().alias("records"),
            polars.col("length").cast(polars.Int64).sum().alias("octets"),
            polars.col("error").sum().alias("errors"),
            polars.when(polars.col("unanswered").is_not_null().all())
            .then(polars.col("unanswered").sum())
            .alias("unanswered"),
            latency.quantile(0.5, "linear").alias("median"),
            latency.quantile(0.95, "linear").alias("p95"),
            latency.quantile(0.99, "linear").alias("p99"),
            latency.max().alias("max"),
        )
        .sort("group")
        .to_dicts()
    )


def _statistic(by: str, key: str, row: dict[str, Any], more: dict[str, Any]) -> Statistic:
    latency = None
    if row["max"] is not None:
        latency = Latency(*(round(row[name] / _NS, 3) for name in Latency._fields))
    return Statistic(by, key, row["records"], row["octets"], row["errors"], row["unanswered"], latency, more)


def _periods(frame: polars.DataFrame, table: Table, column: str, lists: Sequence[Sequence[int]]) -> dict[int, float]:
    """Tell how often the same is asked of the same: the median of the pauses between such requests, in seconds."""
    import polars

    asks = polars.Series([one.direction == REQUEST for one in table.paths], dtype=polars.Boolean)
    about = polars.Series(
        [bool(one.objects) and not _LATER.search(one.apdu) for one in table.subjects], dtype=polars.Boolean
    )
    requests = frame.filter(
        asks.gather(frame.get_column("path")) & about.gather(frame.get_column("subject")) & frame["time"].is_not_null()
    )
    meters: dict[Hashable, int] = {}
    places = [meters.setdefault(_meter(one), len(meters)) for one in table.paths]
    asked: dict[Hashable, int] = {}
    objects = [asked.setdefault(one.objects, len(asked)) for one in table.subjects]
    paused = (
        requests.with_columns(
            polars.Series(places, dtype=polars.UInt32).gather(requests.get_column("path")).alias("meter"),
            polars.Series(objects, dtype=polars.UInt32).gather(requests.get_column("subject")).alias("asked"),
        )
        .sort("time")
        .with_columns(polars.col("time").diff().over("meter", "asked").alias("pause"))
        .filter(polars.col("pause").is_not_null())
    )
    grouped = _grouped(paused, column, lists).group_by("group").agg(polars.col("pause").median())
    return {group: round(pause / _SECOND, 3) for group, pause in grouped.rows() if pause is not None}


# -- what they have in common -------------------------------------------------------------------------------------


def _lanes(path: Path) -> list[Hashable]:
    ends = path.lane.split(" > ")
    return [(path.conversation, " ↔ ".join(ends if not path.side else reversed(ends)))]


def _services(subject: Subject) -> list[Hashable]:
    return [subject.service] if subject.service else []


def _objects(subject: Subject) -> list[Hashable]:
    return list(subject.objects)


def _object_name(one: Any) -> str:
    if not one.logical_name:
        return f"short name {one.attribute & 0xFFFF:04X}"
    name = obis_name(one.logical_name) or f"class {one.class_id}"
    kind = "method" if one.is_method else "attribute"
    return f"{obis_text(one.logical_name)} {name}, {kind} {one.attribute}"


def _meter(path: Path) -> tuple[str, int | str | None, str]:
    """Tell the server's end of a lane, without its port, its address, and the device where that is behind a gateway."""
    source, arrow, destination = path.lane.partition(" > ")
    if not arrow:
        return source, path.server, path.device
    end = destination if path.direction == REQUEST else source
    host = end.rpartition(":")[0] if end[-1:].isdigit() and not end.startswith("serial:") else end
    return (f"line {path.conversation}" if end.startswith("serial:") else host), path.server, path.device


def _meters(path: Path) -> list[Hashable]:
    return [_meter(path)] if path.direction != "unknown" else []


def _meter_name(key: Any) -> str:
    return " ".join(str(one) for one in key if one is not None and one != "")


def _errors(word: Any) -> list[Hashable]:
    if isinstance(word, Subject):
        return [word.result] if word.result not in ("", SUCCESS) else []
    return list(word.codes) if word.severity >= _WARNING else []


_GROUPS: dict[str, tuple[str, Callable[[Any], list[Hashable]], Callable[[Any], str], bool]] = {
    "conversation": ("path", _lanes, lambda key: str(key[1]), False),
    "service": ("subject", _services, str, False),
    "object": ("subject", _objects, _object_name, True),
    "meter": ("path", _meters, _meter_name, True),
}
"""The column that tells, the keys of one of its words, the name of a key, and whether the period of polling is told."""
BY = (*_GROUPS, "association", "error", "time", "layer")
"""By what statistics can be asked for."""
NOTHING: dict[str, str] = {
    "conversation": "no records were found", "service": "no services were found", "object": "no objects were named",
    "meter": "no meters were found", "association": "no associations were found", "time": "no records have a time",
    "error": "no refusals, warnings or errors were found", "layer": "no octets were read",
    "connection": "no TCP connection begins in this capture",
}  # fmt: skip
"""What is said where nothing was counted."""


def uncounted(table: Table, by: str) -> str:
    """Say how many rows of *table* no group of *by* has for what they are; empty where none is left out so."""
    if by == "object":
        rows = table.told_by_values(table.frame) if table.height else None
        count, why = (int(rows.sum()) if rows is not None else 0), "only their values name objects: readings lists them"
        return f"not counted: messages of text and pushes, {count}; {why}" if count else ""
    if by == "service" and table.height:
        texts = [place for place, one in enumerate(table.paths) if one.kind == MESSAGE]
        count = int(table.frame.get_column("path").is_in(texts).sum()) if texts else 0
        return f"not counted: messages of text, {count}, which have no service" if count else ""
    return ""


def _by_association(table: Table, *, is_whole: bool) -> list[Statistic]:
    """Count by association, in their order; the first path of each says who and where."""
    import polars

    frame = (
        _judged(table, is_whole=is_whole)
        .drop_nulls("association")
        .with_columns(polars.col("association").alias("group"))
    )
    firsts = frame.group_by("group").agg(polars.col("path", "time").first(), polars.col("time").last().alias("end"))
    said = {group: (table.paths[path], begin, end) for group, path, begin, end in firsts.rows()}
    found = []
    for row in _totals(frame):
        path, begin, end = said[row["group"]]
        more: dict[str, Any] = {"client": path.client, "server": path.server, "lane": path.lane}
        if begin is not None and end is not None:
            more["seconds"] = round((end - begin) / _SECOND, 3)
        who = "-" if path.client is None else str(path.client)
        whom = "-" if path.server is None else str(path.server)
        key = f"{row['group']}: {who} → {whom}, {_meter_name((_meter(path)[0], path.device))}"
        found.append(_statistic("association", key, row, {name: one for name, one in more.items() if one is not None}))
    return found


def _by_error(table: Table) -> list[Statistic]:
    """Count by what went wrong: results that refuse, codes of warnings and errors; most often first."""
    found: list[Statistic] = []
    frame = _judged(table)
    for column, kind in (("subject", "result"), ("marks", "note")):
        groups: dict[Hashable, int] = {}
        lists = [[groups.setdefault(key, len(groups)) for key in _errors(word)] for word in table.words(column)]
        if groups:
            names = list(groups)
            found += [
                _statistic("error", str(names[row["group"]]), row, {"kind": kind})
                for row in _totals(_grouped(frame, column, lists))
            ]
    return sorted(found, key=lambda one: (-one.records, one.key))


def _by_time(table: Table, interval_s: int | None, *, is_whole: bool) -> list[Statistic]:
    """Count by stretches of time, empty ones left out."""
    import polars

    frame = _judged(table, is_whole=is_whole).drop_nulls("time")
    if not frame.height:
        return []
    if interval_s is None:
        first, last = frame.select(polars.col("time").min().alias("a"), polars.col("time").max().alias("b")).row(0)
        span = (last - first) / _SECOND
        interval_s = next((one for one in _INTERVALS_S if span / one <= _BUCKETS), _INTERVALS_S[-1])
    grouped = frame.with_columns((polars.col("time") // (interval_s * _SECOND)).alias("group"))
    return [
        _statistic("time", _moment(row["group"] * interval_s), row, {"interval_s": interval_s})
        for row in _totals(grouped)
    ]


def _moment(second: int) -> str:
    try:
        return datetime.fromtimestamp(second, UTC).isoformat().replace("+00:00", "Z")
    except (OverflowError, OSError, ValueError):
        return f"{second} s"


def connections(counts: Mapping[str, Mapping[str, int]]) -> list[Statistic]:
    """Tell how many TCP connections each client tried with each server, and what became of them; most first."""
    found = []
    for pair, tried in sorted(counts["tried"].items(), key=lambda one: (-one[1], one[0])):
        answered, refused = (counts[name].get(pair, 0) for name in ("answered", "refused"))
        more = {"tried": tried, "answered": answered, "refused": refused}
        found.append(Statistic("connection", pair, 0, 0, 0, max(0, tried - answered - refused), None, more))
    return found


def layers(table: Table, packets: int, octets: int) -> list[Statistic]:
    """Tell how many of the *octets* of all *packets* each layer takes; what is left for data is what they are for."""
    import polars

    frame = table.frame
    length, carried, plain, data = (
        int(frame.get_column(name).cast(polars.Int64).sum()) for name in ("length", "carried", "plain", "data")
    )
    whole = max(octets, length)
    parts = {
        "packets": whole, "network and other traffic": whole - length, "link": length - carried,
        "transfer and protection": carried - plain, "apdu": plain - data, "data": data,
    }  # fmt: skip
    count = {"packets": packets, "network and other traffic": packets}
    return [
        Statistic("layer", name, count.get(name, table.height), size, 0, None, None, {"share": round(size / whole, 4)})
        for name, size in parts.items()
        if whole
    ]
