"""Records to the values in them: names, exact numbers in their units, times, and what each rests on.

Everything is worked out anew from the octets of a record and the object model; nothing is kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from analyzer.cosem.classes import attribute_name, method_name
from analyzer.cosem.companions import USUAL, coded_text
from analyzer.cosem.data_sets import TextValue, is_assumed
from analyzer.cosem.datum import INTEGERS, NUMBERS, STRINGS, Datum, read_datum
from analyzer.cosem.meanings import Shown
from analyzer.cosem.obis import obis_name
from analyzer.cosem.push import Item, Scaling, compact_items, push_items, scalings_in
from analyzer.cosem.quantity import raw_text, scaled, unit_text
from analyzer.cosem.rendering import Renderer
from analyzer.record import MESSAGE, PART, REQUEST, Apdu, Object, Record
from analyzer.tracking.attributes import Held, held_values
from analyzer.tracking.incomplete import begun_push
from analyzer.tracking.meter import Meter
from analyzer.tracking.object_model import ObjectModel
from analyzer.tracking.plans import PUSH, plan_of
from analyzer.tracking.profiles import Profile, profiles_in
from analyzer.tracking.selections import is_buffer
from analyzer.tracking.telegrams import name_of, object_of, profile_in, said, sets_asked, values_in
from dissectors.axdr import scan_scalar
from dissectors.characters import MASKED
from dissectors.data_types import BIT_STRING, NULL, OCTET_STRING
from dissectors.tree import Problem

SCALED = {3: (2,), 4: (2,), 5: (2, 3)}
"""Classes and those of their attributes that are scaled by the object's scaler_unit."""
_PROFILE, COMPACT = 7, 62
EXPLAINED_BY = {(3, 2): 3, (4, 2): 3, (5, 2): 4, (5, 3): 4, (_PROFILE, 2): 3}
"""Class and attribute of values, and the attribute of the same object that explains them."""
_SHORT_NAMES = Object(12, b"\x00\x00\x28\x00\x00\xff", 2)
_PUSH_SETUP = 40
_PUSH_SETUP_NAME = re.compile(rb"\x09\x06(\x00[\x00-\xff]\x19\x09[\x00-\xff]\xff)")
"""The logical name of a push setup, 0-b:25.9.e.255, as Data."""
_new = tuple.__new__
RECOGNISED = "layout "
"""How the basis of what was recognised begins; what was read names its record."""
INCOMPLETE = "incomplete"
"""The status of a value in a push that never completed."""


class Value(NamedTuple):
    """One value of a record: *raw* as it stood on the wire, *scaler* and *unit* where they are known from *basis*."""

    object: Object
    name: str
    plain: Any
    """What an unscaled value is: a number, text, ISO 8601, a list, or an object by member names."""
    text: str
    unit: str = ""
    raw: Any = None
    scaler: int | None = None
    basis: str = ""
    is_written: bool = False
    misfits: tuple[str, ...] = ()
    time: str = ""
    """When the meter had it, where that stands beside it."""
    status: str = ""

    @property
    def value(self) -> Any:
        """The exact value in its unit: raw × 10^scaler, or what an unscaled value is."""
        return self.plain if self.scaler is None else scaled(self.raw, self.scaler)


def no_values(record: Record) -> list[Value]:
    """Give none: for outputs that are made without an object model."""
    return []


def values_of(record: Record, model: ObjectModel) -> list[Value]:
    """Give the values of *record*; empty where it has none. Total."""
    if record.kind == MESSAGE:
        return _text_values(record)
    if record.kind == PART:
        return _begun_values(record, model) if record.incomplete is not None else []
    if record.apdu is None or not may_have_values(record.assembled or record.apdu):
        return []
    meter = model.meter_of(record)
    found = []
    values = held_values(record)
    tables: dict[Held, Profile] | None = None
    for held in values:
        one = meter.object_of(held.object, record.number)
        if is_buffer(one):
            tables = dict(profiles_in(record, values, meter)) if tables is None else tables
            made = _profile_value(one, tables[held]) if held in tables else _held_value(one, held, meter)
        else:
            made = _held_value(one, held, meter)
        if made is not None:
            found.append(made._replace(is_written=True) if held.is_written else made)
        if one.class_id == COMPACT and one.attribute == 2 and not one.is_method:
            found += _compact_values(held, meter, record.number)
    if record.apdu.family == PUSH:
        for apdu in (record.assembled or record.apdu, *record.more):
            found += _pushed(apdu, meter, record.number)
    return found


def _begun_values(record: Record, model: ObjectModel) -> list[Value]:
    """Give the values of a push that never completed, as far as it came."""
    begun = begun_push(record)
    if begun is None:
        return []
    found = _body_values(begun.body, model.meter_of(record), record.number, is_begun=True)
    return [one._replace(status=INCOMPLETE) for one in found]


def _text_values(record: Record) -> list[Value]:
    """Give the values of text: a profile is one, as a buffer is."""
    profile = profile_in(record)
    if profile is None:
        return [text_value(one) for one in values_in(record)[0]]
    heading, rows = profile
    columns = [name_of(code) for code, _ in heading.columns]
    value = {"profile": name_of(heading.code), "columns": columns, "rows": rows}
    one = object_of(heading.code)
    text = _table_text(rows, len(columns))
    return [Value(one, name_of(heading.code), value, text, time=heading.start, status=heading.status)]


def asked_values(record: Record) -> list[Value]:
    """Name what a command of IEC 62056-21 reads, writes or executes, as values that are not there."""
    codes = [one.id.decode("latin-1") for one in sets_asked(record)]
    return [Value(object_of(code), name_of(code), None, "") for code in codes]


def text_value(one: TextValue) -> Value:
    """Give a value of text as those of APDUs are given; its number is exact, its unit the one that stood there."""
    what = object_of(one.code, one.unit, one.medium)
    basis = f"layout {one.layout}" if one.layout else ""
    if what.logical_name and is_assumed(one.code):
        basis = f"{one.code} as electricity"
    name = name_of(one.code, one.unit, one.medium)
    return Value(what, name, one.plain, said(one), one.unit, one.raw, None, basis, time=one.time, status=one.status)


def _table_text(rows: int, columns: int) -> str:
    if not rows:
        return "0 rows"
    return f"{rows} row{'s' * (rows != 1)} of {columns} column{'s' * (columns != 1)}"


def may_have_values(apdu: Apdu) -> bool:
    """Tell whether an APDU is of a kind that holds values."""
    entry = apdu.entry
    return entry is not None and (entry.plan or plan_of(entry)).has_values


def lacking(record: Record, model: ObjectModel) -> list[Object]:
    """List the attributes that would give meaning to the values of *record* and that were not read yet.

    Those are scaler_unit, capture_objects, and the object list (of the association, class 12) for short names. Requests
    without values and parts lack the last alone, which tells what they are about. A push that names its push setup
    lacks the push_object_list.
    """
    objects = record.objects
    if not objects:
        return _push_lacks(record, model)
    if objects.explained is None:
        objects.explained = any(
            not one.logical_name or (one.class_id, one.attribute) in EXPLAINED_BY for one in objects
        )
    if not objects.explained or record.kind == MESSAGE or record.apdu is None:
        return []
    has_values = record.kind != PART and (
        record.direction != REQUEST or may_have_values(record.assembled or record.apdu)
    )
    if not has_values and objects[0].logical_name:
        return []
    found: list[Object] = []
    meter: Meter | None = None
    for one in record.objects:
        if not one.logical_name:
            meter = meter or model.meter_of(record)
            if not meter.bases:
                return [_SHORT_NAMES]
            one = meter.object_of(one, record.number)
        wanted = EXPLAINED_BY.get((one.class_id, one.attribute))
        if wanted is not None and has_values and not one.is_method:
            meter = meter or model.meter_of(record)
            lack = Object(one.class_id, one.logical_name, wanted)
            if not is_known(meter, lack):
                found.append(lack)
    return found


def _push_lacks(record: Record, model: ObjectModel) -> list[Object]:
    """List what would give meaning to a push that names its push setup: its object list, then what that lacks."""
    apdu = record.assembled or record.apdu
    if apdu is None or apdu.family != PUSH or record.kind == PART:
        return []
    named = _PUSH_SETUP_NAME.search(apdu.octets)
    if named is None:
        return []
    meter = model.meter_of(record)
    if named[1] not in meter.push_lists:
        return [Object(_PUSH_SETUP, named[1], 2)]
    found = []
    for one in meter.push_lists[named[1]].columns:
        wanted = EXPLAINED_BY.get((one.class_id, one.attribute))
        if wanted is not None and not is_known(meter, lack := Object(one.class_id, one.logical_name, wanted)):
            found.append(lack)
    return found


def is_known(meter: Meter, lack: Object) -> bool:
    """Tell whether what :func:`lacking` named was read meanwhile."""
    if lack is _SHORT_NAMES:
        return bool(meter.bases)
    if lack.class_id == _PUSH_SETUP:
        return lack.logical_name in meter.push_lists
    return lack.logical_name in (meter.columns if lack.class_id == _PROFILE else meter.scales)


def _held_value(one: Object, held: Held, meter: Meter) -> Value | None:
    octets, start, end = held.octets, held.start, held.end
    is_scaled = one.attribute in SCALED.get(one.class_id, ()) and not one.is_method
    if is_scaled and (scale := meter.scales.get(one.logical_name)) is not None:
        tag, raw = _scalar(octets, start, end)
        if tag in NUMBERS:
            return scaled_value(one, raw, scale.scaler, scale.unit, scale.basis)
    if held.is_written and meter.may_take_secret(one):
        return Value(one, value_name(one), MASKED, MASKED)
    version = meter.version_of(one.logical_name)
    return unscaled_value(one, octets[start:end], version, meter.companion, is_written=held.is_written)


def _scalar(octets: bytes, start: int, end: int) -> tuple[int, Any]:
    try:
        return scan_scalar(octets, start, end)
    except (Problem, IndexError):
        return NULL, None


@lru_cache(maxsize=4096)
def unscaled_value(
    one: Object, octets: bytes, version: int | None = None, companion: str = USUAL, *, is_written: bool = False
) -> Value | None:
    """Give meaning to *octets*, one Data; None where they do not read. Answers come again and again."""
    try:
        datum = read_datum(octets, 0, len(octets))
    except Problem:
        return None
    return make_value(one, datum, version=version, companion=companion, is_written=is_written)


@lru_cache(maxsize=8192)
def _register(one: Object, scaler: int, unit: int, basis: str) -> Value:
    """Make the value of a register but for its number."""
    return Value(one, value_name(one), None, "", unit_text(unit), 0, scaler, basis)


def scaled_value(one: Object, raw: float, scaler: int, unit: int, basis: str) -> Value:
    """Give the value raw × 10^scaler in *unit*."""
    known = _register(one, scaler, unit, basis)
    return _new(Value, (*known[:3], raw_text(raw, scaler, known.unit), known.unit, raw, *known[6:]))


def _profile_value(one: Object, profile: Profile) -> Value:
    """Give a buffer as one value: what it is a table of. Its cells are :mod:`analyzer.tracking.readings`' affair."""
    name = value_name(one)
    value = {"profile": name, "columns": profile.column_names, "rows": profile.rows}
    text = _table_text(profile.rows, len(profile.columns))
    return Value(one, name, value, text, basis=profile.basis)


def _pushed(apdu: Apdu, meter: Meter, number: int) -> Iterator[Value]:
    """Give the values of a push: by the list the meter was asked for, or by what its body tells."""
    if apdu.family != PUSH or apdu.entry is None or apdu.values is None:
        return
    start, end = apdu.values[apdu.entry.slots["data_value"]]
    try:
        body = read_datum(apdu.octets, start, end, is_lenient=True)
    except Problem:
        return
    yield from _body_values(body, meter, number)


def _body_values(body: Datum, meter: Meter, number: int, *, is_begun: bool = False) -> Iterator[Value]:
    yield from _item_values(_listed(body, meter) or push_items(body), meter, number, is_begun=is_begun)


def _compact_values(held: Held, meter: Meter, number: int) -> Iterator[Value]:
    """Give the values in the buffer of a compact data, where it is a frame that is recognised."""
    tag, octets = _scalar(held.octets, held.start, held.end)
    if tag == OCTET_STRING:
        yield from _item_values(compact_items(bytes(octets)), meter, number)


def _item_values(items: list[Item], meter: Meter, number: int, *, is_begun: bool = False) -> Iterator[Value]:
    beside = scalings_in(items)
    for item in items:
        if is_begun and item.datum.tag == NULL:
            continue
        scaling, basis = item.scaling, item.basis
        if scaling is not None and not basis:
            basis = f"record {number}"
        elif scaling is None and item.class_id and item.logical_name in beside and _may_scale(item):
            scaling, basis = beside[item.logical_name], f"record {number}"
        elif scaling is None and item.logical_name in meter.scales and _may_scale(item):
            scale = meter.scales[item.logical_name]
            scaling, basis = (scale.scaler, scale.unit), based_on(basis, scale.basis)
        version = meter.version_of(item.logical_name)
        one = Object(item.class_id, item.logical_name, item.attribute)
        if item.text:
            yield Value(
                one, item.name or value_name(one), item.datum.value, item.text, raw=item.datum.value, basis=basis,
                time=item.time,
            )  # fmt: skip
        else:
            made = make_value(one, item.datum, scaling, basis, version, meter.companion)
            yield made._replace(name=item.name or made.name, time=item.time) if item.time else made


def based_on(objects: str, scaling: str) -> str:
    """Say what a scaled value rests on: a layout that named its object too, for nothing proves that."""
    return f"{objects}; scaler of {scaling}" if objects.startswith(RECOGNISED) else scaling


def _may_scale(item: Item) -> bool:
    return item.class_id == 0 or item.attribute in SCALED.get(item.class_id, ())


def _listed(body: Datum, meter: Meter) -> list[Item]:
    """Give a push's items by a push object list that was read, where one has as many entries as the body."""
    for columns in meter.push_lists.values():
        if len(columns.columns) == len(body.members) > 1:
            basis = columns.basis
            return [
                Item(one.class_id, one.logical_name, one.attribute, datum, None, basis)
                for one, datum in zip(columns.columns, body.members, strict=True)
            ]
    return []


def make_value(
    one: Object,
    datum: Datum,
    scaling: Scaling | None = None,
    basis: str = "",
    version: int | None = None,
    companion: str = USUAL,
    *,
    is_written: bool = False,
) -> Value:
    """Give meaning to *datum* as a value of *one*; *basis* says where *scaling* comes from."""
    if scaling is not None and datum.tag in NUMBERS:
        return scaled_value(one, datum.value, *scaling, basis)
    renderer = Renderer()
    if not one.is_method:
        shown = renderer.fitting_attribute(one.class_id, one.attribute, datum, version)
    elif is_written:
        shown = renderer.parameter(one.class_id, one.attribute, datum, version)
    else:
        shown = renderer.returned(one.class_id, one.attribute, datum, version)
    raw = None if shown.value == MASKED else raw_of(datum)
    text = words_of(shown)
    if (datum.tag in INTEGERS or datum.tag == BIT_STRING) and one.attribute in (0, 2) and not one.is_method:
        text = coded_text(one.logical_name, datum.value, companion) or text
    return Value(one, value_name(one), shown.value, text, "", raw, None, basis, is_written, tuple(renderer.misfits))


def raw_of(datum: Datum) -> Any:
    """Give what stood on the wire, where that is one scalar: a number, or the hex of a string."""
    if datum.tag in INTEGERS:
        return datum.value
    return bytes(datum.value).hex().upper() if datum.tag in STRINGS else None


def words_of(shown: Shown) -> str:
    """Say a value in words, or else as it is."""
    return shown.text or ("" if shown.value is None else str(shown.value))


@lru_cache(maxsize=8192)
def value_name(one: Object) -> str:
    """Name the object, and the attribute where it is not the one that the name stands for, as summaries name it."""
    name = obis_name(one.logical_name) if one.logical_name else f"short name {one.attribute:04X}"
    if (one.attribute in (0, 2) and not one.is_method) or not one.logical_name:
        return name or ""
    if one.is_method:
        called = method_name(one.class_id, one.attribute) or f"method {one.attribute}"
    else:
        called = attribute_name(one.class_id, one.attribute) or f"attribute {one.attribute}"
    return f"{name}, {called}" if name else called
