"""Readings as text, JSON Lines, CSV and Parquet, in the columns that the interface page states."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

from analyzer.cosem.logical_name import obis_text
from analyzer.export.parquet import write_parquet as write_frame
from analyzer.export.times import clock_text, seconds_text
from analyzer.export.utf8 import plain_json
from analyzer.export.value_json import json_text
from analyzer.tracking.readings import Reading

COLUMNS = (
    "time", "capture_time", "meter", "logical_name", "class_id", "attribute", "name", "value", "text", "unit", "raw",
    "scaler", "status", "basis",
)  # fmt: skip
SCHEMA = {
    "time": "String", "capture_time": "Float64", "meter": "String", "logical_name": "String", "class_id": "Int32",
    "attribute": "Int32", "name": "String", "value": "Float64", "text": "String", "unit": "String", "raw": "String",
    "scaler": "Int16", "status": "String", "basis": "String",
}  # fmt: skip
"""The types of the columns of Parquet."""
_NUMBERS = frozenset((int, float, Decimal))
_BATCH = 16384
"""Readings that are held as Python objects before a frame takes them."""
_text = json.JSONEncoder(ensure_ascii=False).encode


def json_line(reading: Reading, digits: int, *, input_name: str = "") -> str:
    """Write one reading as a line of JSON, absent members left out; *input_name* says of which of several inputs."""
    one = reading.object
    members: list[tuple[str, str]] = [("input", _text(input_name) if input_name else "")]
    members.append(("time", _text(reading.time) if reading.time else ""))
    if reading.capture_time_ns is not None:
        members.append(("capture_time", seconds_text(reading.capture_time_ns, digits)))
    members += [
        ("meter", _text(reading.meter)),
        ("logical_name", _text(obis_text(one.logical_name)) if one.logical_name else ""),
        ("class_id", str(one.class_id) if one.class_id else ""),
        ("attribute", str(one.attribute) if one.attribute else ""),
        ("name", _text(reading.name) if reading.name else ""),
        ("value", json_text(reading.value)),
        ("text", _text(reading.text) if reading.text else ""),
        ("unit", _text(reading.unit) if reading.unit else ""),
        ("raw", json_text(reading.raw) if reading.raw is not None else ""),
        ("scaler", str(reading.scaler) if reading.scaler is not None else ""),
        ("status", _text(reading.status) if reading.status else ""),
        ("basis", _text(reading.basis) if reading.basis else ""),
    ]
    return plain_json(f"{{{', '.join(f'{_text(name)}: {value}' for name, value in members if value)}}}")


def text_line(reading: Reading, digits: int, *, utc: bool = False) -> str:
    """Write one reading for a person."""
    time = reading.time
    if not time and reading.capture_time_ns is not None:
        time = f"[{clock_text(reading.capture_time_ns, digits, utc=utc)}]"
    code = obis_text(reading.object.logical_name) if reading.object.logical_name else "-"
    status = f"  status {reading.status}" if reading.status.strip("0") else ""
    return f"{time or '-':<28}  {reading.meter:<18}  {code:<17}  {reading.name}: {reading.text}{status}"


def row(reading: Reading, digits: int) -> dict[str, Any]:
    """Give one reading as a row of CSV and Parquet: ``value`` is a float where it is a number, else None."""
    return {name: column[0] for name, column in _columns([(reading, digits)]).items()}


def csv_header() -> str:
    """Name the columns of CSV, without the line's end."""
    return ",".join(COLUMNS)


class Csv:
    """Writes readings as CSV, the header before the first."""

    def __init__(self) -> None:
        self._has_header = False

    def line(self, reading: Reading, digits: int) -> str:
        """Write one reading, without the line's end."""
        out = io.StringIO()
        writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
        if not self._has_header:
            self._has_header = True
            out.write(f"{csv_header()}\n")
        found = row(reading, digits)
        number = found["value"]
        found["value"] = "" if number is None else repr(number)
        if reading.capture_time_ns is not None:  # a float would round nanoseconds
            found["capture_time"] = seconds_text(reading.capture_time_ns, digits)
        writer.writerow(found)
        return out.getvalue().removesuffix("\n")


def write_parquet(readings: Iterable[tuple[Reading, int]], path: str) -> int:
    """Write readings, each with the digits of its capture's times, to a Parquet file.

    Returns: how many. Raises: OSError.
    """
    import polars

    schema = {name: getattr(polars, kind) for name, kind in SCHEMA.items()}
    frames = [polars.DataFrame(schema=schema)]
    left = iter(readings)
    while batch := list(islice(left, _BATCH)):
        frames.append(polars.DataFrame(_columns(batch), schema=schema))
    table = polars.concat(frames)
    write_frame(table, Path(path))
    return len(table)


def _columns(batch: Sequence[tuple[Reading, int]]) -> dict[str, list[Any]]:
    """Give readings column by column, as `row` gives them one by one: a year of quarter hours has 200,000 cells."""
    ones = [one for one, _ in batch]
    return {
        "time": [one.time or None for one in ones],
        "capture_time": [_seconds(one.capture_time_ns, digits) for one, digits in batch],
        "meter": [one.meter for one in ones],
        "logical_name": [_code(one.object.logical_name) for one in ones],
        "class_id": [one.object.class_id or None for one in ones],
        "attribute": [one.object.attribute or None for one in ones],
        "name": [one.name or None for one in ones],
        "value": [_number(one.value) for one in ones],
        "text": [one.text for one in ones],
        "unit": [one.unit or None for one in ones],
        "raw": [None if one.raw is None else json_text(one.raw) for one in ones],
        "scaler": [one.scaler for one in ones],
        "status": [one.status or None for one in ones],
        "basis": [one.basis or None for one in ones],
    }


@lru_cache(maxsize=1024)
def _seconds(time_ns: int | None, digits: int) -> float | None:
    return None if time_ns is None else float(seconds_text(time_ns, digits))


@lru_cache(maxsize=4096)
def _code(logical_name: bytes) -> str | None:
    return obis_text(logical_name) if logical_name else None


def _number(value: Any) -> float | None:
    if type(value) in _NUMBERS:
        return float(value)
    is_number = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
    return float(value) if is_number else None
