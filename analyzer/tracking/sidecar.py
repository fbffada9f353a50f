"""What captures taught about their meters as a TOML file, and back: the next capture starts knowing them.

A meter is known again by its logical device name; where a capture has not told that, by the server's end and address.
What a capture itself tells comes before what the file says.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from analyzer.cosem.datum import SCALERS
from analyzer.cosem.logical_name import obis_from_text, obis_text
from analyzer.tracking.meter import Column, Columns, Listed, Meter, Scale
from analyzer.tracking.meter_key import MeterKey
from analyzer.tracking.object_model import ObjectModel

_text = json.JSONEncoder(ensure_ascii=False).encode
"""A text in quotes; what JSON escapes TOML reads the same."""
_ADDRESSES = (int, str, type(None))


class SidecarError(Exception):
    """A sidecar is wrong; the text is one line that says where and what was expected."""


class KnownMeter(NamedTuple):
    """One meter of a file."""

    key: MeterKey
    meter: Meter


class Sidecar:
    """The meters of one file; *basis* is what values say that rest on it."""

    def __init__(self, meters: Iterable[KnownMeter] = (), basis: str = "sidecar") -> None:
        self.basis = basis
        self._by_key: dict[MeterKey, Meter] = {}
        self._by_name: dict[str, Meter] = {}
        for one in meters:
            self._add(one.key, one.meter)

    def _add(self, key: MeterKey, meter: Meter) -> None:
        self._by_key[key] = meter
        if meter.name:
            self._by_name[meter.name] = meter

    def find(self, key: MeterKey, name: str) -> Meter | None:
        """Find a meter: by its name where that was told, else by its place."""
        if name:
            return self._by_name.get(name)
        return self._by_key.get(key)

    def take(self, model: ObjectModel) -> None:
        """Take what *model* learnt of its meters; what was known of others stays."""
        for key, meter in model.meters.items():
            if any((meter.scales, meter.columns, meter.periods, meter.push_lists, meter.listed, meter.bases)):
                self._add(key, meter)

    def text(self) -> str:
        """Write the file."""
        head = "# What captures taught about their meters. Written by dlmshark; read with --sidecar.\n"
        return head + "".join(f"\n{_meter_text(key, meter)}" for key, meter in self._by_key.items())


def read_sidecar(text: str, basis: str) -> Sidecar:
    """Read a file's text. Raises: SidecarError."""
    import tomllib

    try:
        table = tomllib.loads(text)
    except (ValueError, RecursionError) as problem:  # also of a number or a nesting that Python refuses
        raise SidecarError(f"no TOML: {problem}") from None
    meters = table.get("meter", [])
    if table.keys() - {"meter"} or not isinstance(meters, list):
        raise SidecarError("expected [[meter]] tables only")
    return Sidecar(_meters(meters, basis), basis)


def _meters(forms: list[Any], basis: str) -> Iterator[KnownMeter]:
    for number, form in enumerate(forms, 1):
        try:
            yield _meter(form, basis)
        except (KeyError, TypeError, ValueError, AttributeError) as problem:
            reason = f"{problem} is missing" if isinstance(problem, KeyError) else problem
            raise SidecarError(f"[[meter]] {number}: no meter that --sidecar wrote: {reason}") from None


def _meter(form: dict[str, Any], basis: str) -> KnownMeter:
    meter = Meter()
    end, server = form["end"], form.get("server")
    if not isinstance(end, str) or not isinstance(server, _ADDRESSES) or not isinstance(form.get("name", ""), str):
        raise ValueError("expected end and name as texts, server as a number or text")
    meter.name = form.get("name", "")
    meter.companion = str(form.get("companion", meter.companion))
    for code, (scaler, unit) in form.get("scales", {}).items():
        if int(scaler) not in SCALERS:
            raise ValueError(f"scales: {code}: expected a scaler from -128 to 127")
        meter.scales[obis_from_text(code)] = Scale(int(scaler), int(unit), basis)
    for code, period in form.get("periods", {}).items():
        meter.periods[obis_from_text(code)] = int(period)
    for member, known in (("columns", meter.columns), ("push_lists", meter.push_lists)):
        for code, columns in form.get(member, {}).items():
            known[obis_from_text(code)] = Columns(tuple(map(_column, columns)), basis)
    for code, (class_id, version) in form.get("objects", {}).items():
        name = obis_from_text(code)
        meter.listed[name] = Listed(int(class_id), int(version), name)
    for base, (class_id, version, code) in form.get("short_names", {}).items():
        meter.bases[int(base)] = Listed(int(class_id), int(version), obis_from_text(code))
    return KnownMeter((end, server), meter)


def _column(form: list[Any]) -> Column:
    class_id, code, attribute, index = form
    return Column(int(class_id), obis_from_text(code), int(attribute), int(index))


def _meter_text(key: MeterKey, meter: Meter) -> str:
    end, server = key
    lines = ["[[meter]]", *([f"name = {_text(meter.name)}"] if meter.name else []), f"end = {_text(end)}"]
    lines += [f"server = {_text(server)}"] if server is not None else []
    lines.append(f"companion = {_text(meter.companion)}")
    tables: dict[str, dict[str, str]] = {
        "scales": {obis_text(name): f"[{one.scaler}, {one.unit}]" for name, one in meter.scales.items()},
        "periods": {obis_text(name): str(period) for name, period in meter.periods.items()},
        "columns": {obis_text(name): _columns_text(one) for name, one in meter.columns.items()},
        "push_lists": {obis_text(name): _columns_text(one) for name, one in meter.push_lists.items()},
        "objects": {obis_text(name): f"[{one.class_id}, {one.version}]" for name, one in meter.listed.items()},
        "short_names": {
            str(base): f"[{one.class_id}, {one.version}, {_text(obis_text(one.logical_name))}]"
            for base, one in meter.bases.items()
        },
    }
    for name, table in tables.items():
        if table:
            lines += [f"[meter.{name}]", *(f"{_text(key)} = {value}" for key, value in table.items())]
    return "\n".join(lines) + "\n"


def _columns_text(columns: Columns) -> str:
    parts = (
        f"[{one.class_id}, {_text(obis_text(one.logical_name))}, {one.attribute}, {one.data_index}]"
        for one in columns.columns
    )
    return f"[{', '.join(parts)}]"
