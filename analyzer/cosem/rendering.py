"""Attribute values to what they mean: the shape of a class's attribute laid over the Data that stood on the wire.

Total: what does not fit its shape is rendered as its type says, and *misfits* tells where and why.
Source: IEC 62056-6-2, class descriptions.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from analyzer.cosem.classes import (
    SECRET_MEMBERS,
    attribute_type,
    attribute_values,
    enumeration_text,
    holds_secret,
    is_secret,
    parameter_type,
    versions,
)
from analyzer.cosem.date_time import date_time, looks_like_date_time, plain_iso
from analyzer.cosem.datum import FLOATS, INTEGERS, STRINGS, Datum
from analyzer.cosem.meanings import Shown, meant, spelled
from analyzer.cosem.names import attribute_name, class_name, method_name, obis_name, obis_text
from analyzer.cosem.plain_text import printable, text_in
from analyzer.cosem.quantity import float_text, unit_text
from analyzer.cosem.shapes import ANY, ANYTHING, Shape, shape_of
from dissectors.characters import MASKED
from dissectors.data_types import (
    ARRAY,
    BIT_STRING,
    BOOLEAN,
    COMPACT_ARRAY,
    DESCRIPTOR,
    DONT_CARE,
    NULL,
    STRUCTURE,
    TAGS,
)

_TIMES = {TAGS["date-time"]: 12, TAGS["date"]: 5, TAGS["time"]: 4}
_NO_STATUS = (b"\x00", b"\xff")
"""Clock statuses of which nothing is said."""
_ACCESS_WAYS = {12: (3, 4), 15: (1, 3)}
"""Versions of the association classes from which access modes are written in the next way."""
ACCESS_MODES = {
    ("access_mode_attribute", 0): "access_mode_attribute_v0",
    ("access_mode_attribute", 1): "access_mode_attribute_v1_v2",
    ("access_mode_attribute", 2): "access_mode_v3 access_mode_attribute_v0",
    ("access_mode_method", 0): "access_mode_method_v0",
    ("access_mode_method", 1): "access_mode_method_v1_v2",
    ("access_mode_method", 2): "access_mode_v3 access_mode_method_v0",
}
"""Tables of access modes, by what stands in shapes.toml and the way; of several the first that spells the value."""
_UNPLANNED = frozenset((NULL, DONT_CARE, DESCRIPTOR, ARRAY, STRUCTURE, COMPACT_ARRAY))
_ABSENT = {NULL: Shown(None, "null"), DONT_CARE: Shown(None, "don't care")}
_POINTING = frozenset(("class_id", "logical_name", "attribute_index", "data_index"))
"""Members that point to an object's attribute."""
_NAME_SIZE = 6
_FEW = 6
"""Strings from so many octets on may be filled up with zeros."""


KEY_TRANSFER = (64, 2)
"""Class and method whose parameter is keys, wrapped."""
_WRAPPED_SIZES = frozenset((24, 40))


def holds_open_key(class_id: int, method: int, datum: Datum) -> bool:
    """Tell whether the parameter of key_transfer has a key that is not wrapped: no wrapped one has another length."""
    if (class_id, method) != KEY_TRANSFER:
        return False
    if datum.tag in STRINGS:
        return len(datum.value) not in _WRAPPED_SIZES
    return any(holds_open_key(class_id, method, one) for one in datum.members)


class Renderer:
    """Renders values and gathers what did not fit in *misfits*, as facts ("unsigned where boolean belongs")."""

    def __init__(self) -> None:
        self.misfits: list[str] = []
        self._access = 1
        """Which of three ways access modes are written in: by the class and version of an association."""

    def attribute(self, class_id: int, attribute: int, datum: Datum, version: int | None = None) -> Shown:
        """Render the value of an attribute; one of a class that no table knows by its types alone."""
        shape, name, is_masked = _attribute(class_id, attribute, version)
        if is_masked:
            return Shown(MASKED, MASKED)
        if version is not None and class_id in _ACCESS_WAYS:
            self._access = bisect_right(_ACCESS_WAYS[class_id], version)
        shown = self.render(shape, datum, name)
        return Shown(MASKED, MASKED) if self.misfits and holds_secret(class_id, attribute) else shown

    def fitting_attribute(self, class_id: int, attribute: int, datum: Datum, version: int | None = None) -> Shown:
        """Render as *version* says, or as the first other that the value fits: meters name versions they are not."""
        shown = self.attribute(class_id, attribute, datum, version)
        if self.misfits:
            for other in versions(class_id):
                renderer = Renderer()
                found = renderer.attribute(class_id, attribute, datum, other)
                if not renderer.misfits:
                    self.misfits.clear()
                    return found
        return shown

    def returned(self, class_id: int, method: int, datum: Datum, version: int | None = None) -> Shown:
        """Render what a method gave back: by its types, for what it is stands in no table but for a few."""
        return self.render(ANYTHING.meant(method_name(class_id, method, version) or ""), datum)

    def parameter(self, class_id: int, method: int, datum: Datum, version: int | None = None) -> Shown:
        """Render what a client gives to a method."""
        if is_secret(class_id, method, version, is_method=True) or holds_open_key(class_id, method, datum):
            return Shown(MASKED, MASKED)
        name = method_name(class_id, method, version) or ""
        text = parameter_type(class_id, method, version)
        return self.render((shape_of(text) if text else ANYTHING).meant(name), datum, name)

    def render(self, shape: Shape, datum: Datum, path: str = "") -> Shown:
        """Render *datum* as *shape* says; *path* names it where it does not fit."""
        if shape.kind == "or":
            choices = [one for one in shape.choices if _fits(one, datum)]
            if not choices:
                return self._misfit(shape, datum, path)
            best = min(choices, key=lambda one: _misfits(one, datum)) if len(choices) > 1 else choices[0]
            return self.render(best, datum, path)
        if datum.tag in _ABSENT:
            return _ABSENT[datum.tag]
        if shape.kind == ANY:
            return (meant(shape.meaning, datum) if shape.meaning else None) or self.plain(datum)
        if not _fits(shape, datum):
            return self._misfit(shape, datum, path)
        if shape.meaning and (shown := meant(shape.meaning, datum)) is not None:
            return shown
        if shape.kind in ("array", "compact-array"):
            return self._array(shape, datum, path)
        if shape.kind == "structure":
            return self._structure(shape, datum, path)
        return self.scalar(shape, datum)

    def plain(self, datum: Datum) -> Shown:
        """Render a value by its types alone."""
        if datum.tag in (ARRAY, STRUCTURE):
            found = [self.plain(one) for one in datum.members]
            return Shown([one.value for one in found], _listed(found))
        return _ABSENT.get(datum.tag) or self.scalar(ANYTHING, datum)

    def _misfit(self, shape: Shape, datum: Datum, path: str) -> Shown:
        where = f"{path}: " if path else ""
        self.misfits.append(f"{where}{datum.type_name} where {kind_text(shape)} belongs")
        return self.plain(datum)

    def _array(self, shape: Shape, datum: Datum, path: str) -> Shown:
        item = shape.item or ANYTHING
        found = [self.render(item, one, f"{path}[{number}]") for number, one in enumerate(datum.members)]
        return Shown([one.value for one in found], _listed(found))

    def _structure(self, shape: Shape, datum: Datum, path: str) -> Shown:
        if not shape.members:
            return self.plain(datum)
        if len(datum.members) != len(shape.members):
            self.misfits.append(
                f"{path}: {len(datum.members)} members where {len(shape.members)} belong".removeprefix(": ")
            )
        values: dict[str, Any] = {}
        texts: list[str] = []
        for number, one in enumerate(datum.members):
            name, inner = shape.members[number] if number < len(shape.members) else (f"member_{number + 1}", ANYTHING)
            shown = Shown(MASKED) if name in SECRET_MEMBERS else self.render(inner, one, name)
            values[name] = shown.value
            texts.append(f"{name} {text_of(shown)}")
        if words := object_words(values, datum):
            besides = [text for text, (name, value) in zip(texts, values.items(), strict=True) if _adds(name, value)]
            return Shown(values, ", ".join((words, *besides)))
        return Shown(values, ", ".join(texts))

    def scalar(self, shape: Shape, datum: Datum) -> Shown:
        """Render a scalar whose type is one that *shape* allows."""
        tag, value = datum
        if tag == DESCRIPTOR:
            class_id, name, attribute = (int.from_bytes(value[0], "big"), value[1], value[2][0])
            return Shown([class_id, obis_text(name), attribute], object_text(class_id, name, attribute))
        if tag in STRINGS:
            return _string(shape, bytes(value), is_octets=tag == TAGS["octet-string"])
        if tag in _TIMES:
            return _moment(bytes(value))
        if tag == BOOLEAN:
            words = enumeration_text(shape.table, int(bool(value))) if shape.table else None
            return Shown(bool(value), words or ("yes" if value else "no"))
        if tag == BIT_STRING:
            return _bits(shape, value)
        if tag in FLOATS:
            return Shown(value, float_text(value))
        if shape.table == "unit":
            unit = unit_text(value)
            return Shown(value, f"{unit} ({value})" if unit else str(value))
        if shape.table:
            return spelled(ACCESS_MODES.get((shape.table, self._access), shape.table), value)
        return Shown(value, f"{value} {shape.unit}" if shape.unit else "")


@lru_cache(maxsize=2048)
def way_of(class_id: int, attribute: int, tag: int, version: int | None) -> Callable[[Any], Shown] | None:
    """Find how each scalar of one type is rendered as an attribute; None where its type alone does not tell.

    What comes out is what :meth:`Renderer.fitting_attribute` gives, which has no misfit then.
    """
    shape, _, is_masked = _attribute(class_id, attribute, version)
    if is_masked or class_id in _ACCESS_WAYS or tag in _UNPLANNED:
        return None
    fitting = _fitting(shape, Datum(tag, b""))
    if fitting is None or fitting.meaning or fitting.size:
        return None
    shape = fitting
    if tag in STRINGS:
        return lambda octets: _string(shape, octets, is_octets=tag == TAGS["octet-string"])
    if tag in INTEGERS and not shape.table:
        return (lambda number: Shown(number, f"{number} {shape.unit}")) if shape.unit else Shown
    renderer = Renderer()
    return lambda value: renderer.scalar(shape, Datum(tag, value))


@lru_cache(maxsize=2048)
def _attribute(class_id: int, attribute: int, version: int | None) -> tuple[Shape, str, bool]:
    """Give the shape and the name of an attribute, and whether it is a secret."""
    name = attribute_name(class_id, attribute, version) or ""
    return attribute_shape(class_id, attribute, version), name, is_secret(class_id, attribute, version)


@lru_cache(maxsize=2048)
def attribute_shape(class_id: int, attribute: int, version: int | None = None) -> Shape:
    """Give the shape of an attribute; ``any`` where no table knows it."""
    text = attribute_type(class_id, attribute, version)
    if text is None:
        return ANYTHING
    shape = shape_of(text)
    table = attribute_values(class_id, attribute, version)
    if table and (not shape.table or " " in table):
        shape = shape._replace(table=table)
    return shape.meant(attribute_name(class_id, attribute, version) or "")


def text_of(shown: Shown) -> str:
    """Say *shown* in words, or else as its value."""
    return shown.text or str(shown.value) or "empty"


def object_text(class_id: int, logical_name: bytes, attribute: int) -> str:
    """Say an object and its attribute: ``1-0:1.8.0*255 Active energy import (+A), value``."""
    name = obis_name(logical_name) or class_name(class_id) or f"class {class_id}"
    called = attribute_name(class_id, attribute) or (f"attribute {attribute}" if attribute else "all attributes")
    return f"{obis_text(logical_name)} {name}, {called}"


def object_words(values: dict[str, Any], datum: Datum) -> str:
    """Say a structure that points to an object's attribute as that; empty where its members are not such ones."""
    if not {"class_id", "logical_name", "attribute_index"} <= values.keys():
        return ""
    class_id, attribute, index = values["class_id"], values["attribute_index"], values.get("data_index")
    named = datum.members[list(values).index("logical_name")]
    is_name = named.tag == TAGS["octet-string"] and len(named.value) == _NAME_SIZE
    if not is_name or not isinstance(class_id, int) or not isinstance(attribute, int):
        return ""
    text = object_text(class_id, bytes(named.value), attribute)
    return f"{text}, element {index}" if index else text


def _adds(name: str, value: Any) -> bool:
    """Tell whether a member says something beside those that point to an object: no empty list, no restriction 0."""
    if isinstance(value, dict) and "restriction_type" in value:
        return bool(value["restriction_type"])
    return name not in _POINTING and value not in (None, [], "")


def _misfits(shape: Shape, datum: Datum) -> int:
    """Count what does not fit: of structures that are told apart by their members, the right one has none."""
    renderer = Renderer()
    renderer.render(shape, datum)
    return len(renderer.misfits)


def _fitting(shape: Shape, datum: Datum) -> Shape | None:
    """Give *shape*, or that of its alternatives, which allows the type of *datum*; None where none does."""
    if not _fits(shape, datum):
        return None
    return next(filter(None, (_fitting(one, datum) for one in shape.choices)), None) if shape.kind == "or" else shape


def kind_text(shape: Shape) -> str:
    """Name what a shape asks for."""
    if shape.kind == "or":
        return " or ".join(kind_text(one) for one in shape.choices)
    return f"{shape.kind} of {shape.size} octets" if shape.size and shape.kind == "octet-string" else shape.kind


def _fits(shape: Shape, datum: Datum) -> bool:
    """Tell whether the type of *datum* is one that *shape* allows."""
    if shape.kind == ANY:
        return True
    if shape.kind in ("array", "compact-array"):
        return datum.tag == ARRAY
    if shape.kind == "or":
        return any(_fits(one, datum) for one in shape.choices)
    if shape.format and datum.tag in _TIMES:
        return True
    if shape.kind in ("date-time", "date", "time") and datum.tag == TAGS["octet-string"]:
        return True
    if TAGS.get(shape.kind) != datum.tag:
        return False
    return not (shape.size and shape.kind == "octet-string" and len(datum.value) not in (0, shape.size))


def _string(shape: Shape, octets: bytes, *, is_octets: bool) -> Shown:
    """Render a string: a date-time where one belongs or stands, a logical name, text, or else hex."""
    if shape.format or (shape.kind == ANY and looks_like_date_time(octets)):
        return _moment(octets)
    if shape.size == 6 and len(octets) == 6:
        return Shown(obis_text(octets), _named_object(octets))
    if not is_octets:
        value = octets.decode("utf-8", "replace")
        return Shown(value, "" if value.isprintable() else printable(value.rstrip("\0")))
    text = text_in(octets)
    return Shown(octets.hex().upper()) if text is None else Shown(text)


def _named_object(logical_name: bytes) -> str:
    name = obis_name(logical_name)
    return f"{obis_text(logical_name)} {name}" if name else ""


def _moment(octets: bytes) -> Shown:
    """Render a date-time, date or time: ISO 8601 where it is one, else words."""
    if octets[11:] in _NO_STATUS and (plain := plain_iso(octets)):
        return Shown(plain, plain)
    found = date_time(octets)
    if found is None:
        return Shown(octets.hex().upper())
    iso, status = found.iso, found.clock_status_text
    if iso is None:
        return Shown(found.text, found.text)
    return Shown(iso, f"{iso}, {status}" if status else iso)


def _bits(shape: Shape, bits: str) -> Shown:
    if not shape.table:
        return Shown(bits)
    number = sum(1 << index for index, bit in enumerate(bits) if bit == "1")
    spelled = enumeration_text(shape.table, number)
    return Shown(bits, f"{bits} ({spelled})" if spelled else bits)


def _listed(found: list[Shown]) -> str:
    """Say the first few of a list, and how many there are."""
    if not found:
        return "none"
    shown = "; ".join(text_of(one) for one in found[:_FEW])
    return shown if len(found) == 1 else f"{len(found)}: {shown}{'; …' if len(found) > _FEW else ''}"
