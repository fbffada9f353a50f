"""The body of a push to its items: objects that stand beside their values, or a list first, or a known layout.

Nothing here was read from the meter but what stands in the body itself; a recognised layout says so.
Source: IEC 62056-6-2 (Push setup), and push_layouts.toml for the layouts of national companions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from analyzer.cosem.classes import attribute_name
from analyzer.cosem.compact_frames import UNIX_CLOCK, compact_frame
from analyzer.cosem.companions import GBCS, event_text
from analyzer.cosem.date_time import looks_like_date_time
from analyzer.cosem.datum import INTEGERS, SCALERS, STRINGS, Datum
from analyzer.cosem.logical_name import obis_from_text, obis_text
from analyzer.cosem.obis import obis_name
from analyzer.cosem.own import own
from analyzer.cosem.tables import Tables
from dissectors.data_types import ARRAY, DESCRIPTOR, NULL, OCTET_STRING, STRUCTURE, TAGS

_LAYOUTS = Tables("push_layouts.toml")
_MOST_MEDIA = 16
"""A logical name begins with its medium; octets from 16 on are text more often than a medium."""
_MOST_FOR_ONE = 3
"""A body of so many elements may hold one object with its code, value and scaling; a longer one holds several."""
_ENUM, _LONG_UNSIGNED = TAGS["enum"], TAGS["long-unsigned"]
_ALERT_HEAD, _FIRST_ALERT, _ABOUT = 3, 0x8000, 19
"""Elements of an alert of GBCS at least, its lowest code, octets of what it is about."""
_CLOCK = b"\x00\x00\x01\x00\x00\xff"
_CLOCK_CLASS = 8
SCALER_UNITS = frozenset(((3, 3), (4, 3), (5, 4)))
"""Class and attribute of scaler_unit."""

Scaling = tuple[int, int]
"""Scaler and unit code."""


class Item(NamedTuple):
    """One value of a push. *class_id* and *attribute* are 0 where the body does not tell them."""

    class_id: int
    logical_name: bytes
    attribute: int
    datum: Datum
    scaling: Scaling | None = None
    basis: str = ""
    """Empty where object and scaling stand in the body, else the layout that was recognised."""
    name: str = ""
    text: str = ""
    """What the value is called and said like, where that is not the object's affair."""
    time: str = ""
    """When the meter had it, ISO 8601, where that stands in the body."""


def push_items(body: Datum) -> list[Item]:
    """Give the items of a push by what stands in its body; empty where that names no object and has no known layout."""
    members = body.members
    if body.tag == STRUCTURE and (known := _british_alert(members) or _compact(members)):
        return known
    listed = _listed_first(members) if members else []
    layout = _layout_of(members, is_listed=bool(listed)) if body.tag == STRUCTURE else None
    if listed:
        return _laid(listed, layout)
    if layout is not None and "objects" in layout:
        return list(_by_place(members, layout))
    found = list(_beside(body))
    if len(found) == 1 and len(members) > _MOST_FOR_ONE:
        return []  # one code among many values without: it names the push, not what stands behind it
    return _laid(found, layout)


def _compact(members: Sequence[Datum]) -> list[Item]:
    """Read a body that is one compact frame; empty for other bodies."""
    if len(members) != 1 or members[0].tag != OCTET_STRING:
        return []
    return compact_items(bytes(members[0].value))


def compact_items(octets: bytes) -> list[Item]:
    """Give the items of a compact frame, which is recognised by its template and size; empty where it is not known."""
    frame = compact_frame(octets)
    if frame is None:
        return []
    basis = f"layout {frame.title}"
    return [
        Item(*field[:3], datum, None, basis, field.name, time if field.logical_name == UNIX_CLOCK else "", time)
        for field, datum, time in frame.values
    ]


def scalings_in(items: Sequence[Item]) -> dict[bytes, Scaling]:
    """Give the scaler_units that are pushed beside the values of their objects, by logical name."""
    return {
        one.logical_name: scaling
        for one in items
        if (one.class_id, one.attribute) in SCALER_UNITS and (scaling := _scaler_unit(one.datum)) is not None
    }


def _is_time(datum: Datum) -> bool:
    return datum.tag == OCTET_STRING and looks_like_date_time(bytes(datum.value))


def _british_alert(members: Sequence[Datum]) -> list[Item]:
    """Read an alert of GBCS: its code, when it was, and mostly what it is about; empty for other bodies.

    What it is about: use case (2 octets), counter of the originator (8), class (2), logical name (6), attribute (1).
    """
    if len(members) < _ALERT_HEAD or members[0].tag != _LONG_UNSIGNED or members[0].value < _FIRST_ALERT:
        return []
    time = members[1]
    if not _is_time(time):
        return []
    code, basis = members[0], "layout GBCS alert"
    text = f"alert {code.value:04X}"
    known = event_text(code.value, GBCS)
    item = Item(0, b"", 0, code, None, basis, "Alert", f"{text}: {known}" if known else text)
    about = bytes(members[2].value) if members[2].tag == OCTET_STRING else b""
    if len(about) == _ABOUT:
        item = item._replace(
            class_id=int.from_bytes(about[10:12], "big"), logical_name=about[12:18], attribute=about[18]
        )
    found = [item, Item(_CLOCK_CLASS, _CLOCK, 2, time, None, basis)]
    named = logical_name_text(item)
    return [item._replace(name=f"Alert about {named}" if named else "Alert"), *found[1:]]


def logical_name_text(item: Item) -> str:
    """Name the object and attribute of an item; empty where it has none."""
    if not item.logical_name:
        return ""
    name = obis_name(item.logical_name) or obis_text(item.logical_name)
    called = attribute_name(item.class_id, item.attribute)
    return f"{name}, {called}" if called else name


def _laid(items: list[Item], layout: Mapping[str, Any] | None) -> list[Item]:
    """Give *items* the scalings of their layout."""
    if layout is None:
        return items
    scale, basis = _scale(layout), f"layout {layout['title']}"
    return [one._replace(scaling=_scaling(scale, one.logical_name), basis=basis) for one in items]


def _listed_first(members: Sequence[Datum]) -> list[Item]:
    """Read a body whose first element is the list of the objects in it, itself among them."""
    objects = [_descriptor(one) for one in members[0].members]
    if len(objects) < 2 or len(objects) != len(members) or None in objects:
        return []
    return [
        Item(*one, datum)
        for one, datum in zip(objects, members, strict=True)
        if one is not None and datum is not members[0]
    ]


def _descriptor(datum: Datum) -> tuple[int, bytes, int] | None:
    """Read class, logical name and attribute of a push object definition."""
    members = datum.members
    if len(members) < 3 or members[0].tag not in INTEGERS or members[2].tag not in INTEGERS:
        return None
    name = logical_name(members[1])
    return (members[0].value, name, members[2].value) if name is not None else None


def logical_name(datum: Datum) -> bytes | None:
    """Give the logical name that *datum* is; None where it is something else."""
    if datum.tag == OCTET_STRING and len(datum.value) == 6 and datum.value[0] < _MOST_MEDIA:
        return bytes(datum.value)
    return None


def _beside(body: Datum, depth: int = 0) -> Iterator[Item]:
    """Find values that stand behind their logical names, at any depth."""
    members = body.members
    at = 0
    while at < len(members):
        one = members[at]
        at += 1
        if one.tag == DESCRIPTOR and at < len(members):
            class_id, name, attribute = one.value
            yield Item(int.from_bytes(class_id, "big"), bytes(name), attribute[0], members[at])
            at += 1
            continue
        name = logical_name(one)
        if name is None:
            if one.tag in (ARRAY, STRUCTURE) and depth < 8:
                yield from _beside(one, depth + 1)
            continue
        if at >= len(members) or logical_name(members[at]) is not None:
            continue
        datum = members[at]
        at += 1
        scaling = _scaler_unit(members[at]) if at < len(members) else None
        at += scaling is not None
        if datum.tag in (ARRAY, STRUCTURE) and scaling is None:
            yield from _beside(datum, depth + 1)
        elif datum.tag != NULL:
            yield Item(_CLOCK_CLASS if name == _CLOCK else 0, name, 0, datum, scaling)


def _scaler_unit(datum: Datum) -> Scaling | None:
    """Read a structure of scaler and unit."""
    members = datum.members
    if datum.tag != STRUCTURE or len(members) != 2 or members[1].tag != _ENUM or members[0].tag not in INTEGERS:
        return None
    return (members[0].value, members[1].value) if members[0].value in SCALERS else None


def _by_place(members: Sequence[Datum], layout: Mapping[str, Any]) -> Iterator[Item]:
    scale = _scale(layout)
    basis = f"layout {layout['title']}"
    for text, datum in zip(layout["objects"], members, strict=True):
        if text:
            name = obis_from_text(text)
            yield Item(_CLOCK_CLASS if name == _CLOCK else 0, name, 0, datum, _scaling(scale, name), basis)


def _layout_of(members: Sequence[Datum], *, is_listed: bool) -> Mapping[str, Any] | None:
    for layout in _layouts():
        if bool(layout.get("listed")) is is_listed and _fits(layout, members):
            return layout
    return None


def _fits(layout: Mapping[str, Any], members: Sequence[Datum]) -> bool:
    if "count" in layout and len(members) != layout["count"]:
        return False
    types = layout.get("types", ())
    if len(types) > len(members) or any(one.type_name != kind for one, kind in zip(members, types, strict=False)):
        return False
    names = zip(members, layout.get("names", ()), strict=False)
    if any(name and logical_name(one) != obis_from_text(name) for one, name in names):
        return False
    if layout.get("begins_with_time") and not _is_time(members[0]):
        return False
    if "device" in layout:
        device = str(layout["device"]).encode()
        return any(one.tag in STRINGS and one.value.startswith(device) for one in members)
    if "text" in layout:
        return bool(members) and members[0].tag in STRINGS and members[0].value.startswith(layout["text"].encode())
    return True


@cache
def _layouts() -> list[Mapping[str, Any]]:
    return [*own().layouts, *(_LAYOUTS.table(name) for name in _LAYOUTS.names("layout."))]


def known_texts() -> tuple[bytes, ...]:
    """Give the texts that pushes of a known layout begin with, or that name their makers."""
    texts = (layout.get(member) for layout in _layouts() for member in ("text", "device"))
    return tuple(dict.fromkeys(str(text).encode() for text in texts if text and str(text).isprintable()))


def _scale(layout: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give the scalings of a layout: a table of their own, or of the user's that stands in it."""
    scale = layout.get("scale", {})
    return scale if isinstance(scale, dict) else _LAYOUTS.table(f"scale.{scale}")


def _scaling(scale: Mapping[str, Any], name: bytes) -> Scaling | None:
    found = scale.get(f"{name[2]}.{name[3]}")
    return (found[0], found[1]) if found is not None else None
