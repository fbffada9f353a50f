"""The usual answer to its value in the shortest way: one scalar of one object, by a plan that is made once an object.

A plan holds what is the same in every answer about its object. What a meter taught is looked up each time, so that
nothing has to be forgotten when it teaches otherwise. What comes out is what :mod:`analyzer.tracking.values` makes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from analyzer.cosem.companions import may_be_coded
from analyzer.cosem.datum import FLOATS, INTEGERS, STRINGS
from analyzer.cosem.quantity import text_writer, unit_text
from analyzer.cosem.rendering import way_of
from analyzer.record import APDU, Apdu, Object, Objects, Record
from analyzer.tracking.meter import Meter
from analyzer.tracking.object_model import ObjectModel
from analyzer.tracking.selections import is_buffer
from analyzer.tracking.values import COMPACT, EXPLAINED_BY, SCALED, Value, value_name, values_of, words_of
from dissectors.axdr import scan_scalar
from dissectors.characters import MASKED

USUAL = "get-response-normal"
"""What the usual answer is."""
_MOST_WAYS = 256
_NO_APDU = Apdu(b"", None, None)
_new = tuple.__new__
Way = Callable[[Any], Value]


class Plan:
    """How the value of one object is made."""

    __slots__ = ("_is_scaled", "_logical_name", "_name", "_object", "_scalings", "_ways", "lack")

    def __init__(self, one: Object) -> None:
        self._object = one
        self._logical_name = one.logical_name
        self._name = value_name(one)
        self._is_scaled = one.attribute in SCALED.get(one.class_id, ())
        wanted = EXPLAINED_BY.get((one.class_id, one.attribute))
        self.lack = Object(one.class_id, one.logical_name, wanted) if wanted is not None else None
        """The attribute that gives the value its meaning."""
        self._scalings: dict[tuple[int, int], tuple[str, Callable[[int], str]]] = {}
        """Unit and writer by scaler and unit."""
        self._ways: dict[tuple[int, int | None], Way | None] = {}
        """Of what is not scaled, by the type of the value and the version of the class; None where there is no plan."""

    def is_lacking(self, meter: Meter) -> bool:
        """Tell whether *lack*, where there is one, was not read yet."""
        return self._logical_name not in meter.scales

    def values(self, record: Record, meter: Meter) -> list[Value] | None:
        """Give the values of an answer that :func:`plan_of` gave this plan for; None where it takes more. Total."""
        apdu = record.apdu
        if apdu is None or apdu.entry is None or apdu.values is None:
            return None
        octets = apdu.octets
        failed, inner = apdu.values[apdu.entry.slots["result"]]
        if failed:
            return []
        start, end = inner[1]
        tag = octets[start]
        if self._is_scaled and tag in INTEGERS and (scale := meter.scales.get(self._logical_name)) is not None:
            scaler, code, basis = scale
            unit, write = self._scalings.get((scaler, code)) or self._scaling(scaler, code)
            raw = scan_scalar(octets, start, end)[1]
            made = (self._object, self._name, None, write(raw), unit, raw, scaler, basis, False, (), "", "")
            return [_new(Value, made)]
        way = self._way(tag, meter)
        return None if way is None else [way(scan_scalar(octets, start, end)[1])]

    def shown(self, record: Record, meter: Meter) -> Value | str | None:
        """Give the value of an answer that :func:`plan_of` gave this plan for, of a scaled number its text alone.

        None where there is no value, or it takes more. Total.
        """
        octets, entry, read, _ = record.apdu or _NO_APDU
        if entry is None or read is None:
            return None
        failed, inner = read[entry.slots["result"]]
        if failed:
            return None
        start, end = inner[1]
        tag = octets[start]
        if self._is_scaled and tag in INTEGERS and (scale := meter.scales.get(self._logical_name)) is not None:
            scaler, code, _ = scale
            write = (self._scalings.get((scaler, code)) or self._scaling(scaler, code))[1]
            return write(scan_scalar(octets, start, end)[1])
        if not meter.listed and tag not in FLOATS:
            way = self._ways[tag, None] if (tag, None) in self._ways else self._find(tag, None)
        else:
            way = self._way(tag, meter)
        return None if way is None else way(scan_scalar(octets, start, end)[1])

    def _way(self, tag: int, meter: Meter) -> Way | None:
        """Find what makes a value that is not scaled."""
        if tag in FLOATS and self._is_scaled and self._logical_name in meter.scales:
            return None
        known = meter.listed.get(self._logical_name)
        key = tag, known.version if known is not None else None
        return self._ways[key] if key in self._ways else self._find(*key)

    def _scaling(self, scaler: int, code: int) -> tuple[str, Callable[[int], str]]:
        if len(self._scalings) >= _MOST_WAYS:
            self._scalings.clear()
        unit = unit_text(code)
        made = self._scalings[scaler, code] = unit, text_writer(scaler, unit)
        return made

    def _find(self, tag: int, version: int | None) -> Way | None:
        if len(self._ways) >= _MOST_WAYS:
            self._ways.clear()
        made = self._ways[tag, version] = _way(self._object, self._name, tag, version)
        return made


def _way(one: Object, name: str, tag: int, version: int | None) -> Way | None:
    """Find what makes unscaled values of one type; None where the type alone does not tell."""
    render = way_of(one.class_id, one.attribute, tag, version)
    if render is None or (one.attribute == 2 and may_be_coded(one.logical_name)):
        return None

    def number(raw: int) -> Value:
        shown = render(raw)
        return _new(Value, (one, name, shown[0], words_of(shown), "", raw, None, "", False, (), "", ""))

    def string(octets: bytes) -> Value:
        shown = render(octets)
        raw = None if shown[0] == MASKED else octets.hex().upper()
        return _new(Value, (one, name, shown[0], words_of(shown), "", raw, None, "", False, (), "", ""))

    def other(value: Any) -> Value:
        shown = render(value)
        return _new(Value, (one, name, shown[0], words_of(shown), "", None, None, "", False, (), "", ""))

    return number if tag in INTEGERS else string if tag in STRINGS else other


def plan_of(record: Record) -> Plan | None:
    """Give the plan of *record*, where it is a usual answer: to a GET of one attribute, and nothing else in it."""
    apdu = record.apdu
    if apdu is None or (entry := apdu[1]) is None or entry.asn1 != USUAL or apdu[2] is None:
        return None
    if record.kind != APDU or record.more or record.assembled is not None:
        return None
    objects = record.objects
    plan: Plan | Literal[False] | None = objects.plan
    if plan is None:
        plan = objects.plan = _planned(objects)
    return plan or None


def _planned(objects: Objects) -> Plan | Literal[False]:
    """Make the plan for answers about *objects*; False where there is none."""
    if len(objects) != 1:
        return False
    one = objects[0]
    has_plan = one.logical_name and not (one.is_method or is_buffer(one) or one.class_id == COMPACT)
    return Plan(one) if has_plan else False


def planned_values(record: Record, model: ObjectModel) -> list[Value]:
    """Give the values of *record* as `values_of` does, by a plan where there is one. Total."""
    plan = plan_of(record)
    values = plan.values(record, model.meter_of(record)) if plan is not None else None
    return values_of(record, model) if values is None else values
