"""COSEM Data: elements to nested values, JSON and back to octets.

A nested value is ``(type tag, value)``; arrays and structures hold a tuple of such pairs.
Source: IEC 62056-6-2 (Data), IEC 61334-6.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from dissectors import axdr
from dissectors.axdr import Element
from dissectors.elements import MAX_DEPTH
from dissectors.fields import from_hex, packed

Value = tuple[int, Any]
"""A nested value: type tag and plain value."""

CONTAINERS = (axdr.ARRAY, axdr.STRUCTURE)
_HEX = frozenset((axdr.OCTET_STRING, 25, 26, 27))
_FLOATS = frozenset((7, 23, 24))


def nest(elements: list[Element]) -> Value:
    """Fold the flat *elements* of one Data into its nested value."""
    value, rest = _nest_from(elements, 0)
    return value if rest == len(elements) else (axdr.ARRAY, nest_all(elements))


def nest_all(elements: list[Element]) -> tuple[Value, ...]:
    """Fold flat *elements* of several Data into their nested values."""
    values: list[Value] = []
    at = 0
    while at < len(elements):
        value, at = _nest_from(elements, at)
        values.append(value)
    return tuple(values)


def _nest_from(elements: list[Element], at: int) -> tuple[Value, int]:
    element = elements[at]
    tag = element.tag
    if tag in CONTAINERS:
        members: list[Value] = []
        after = at + 1
        for _ in range(element.value):
            if after >= len(elements):
                break
            member, after = _nest_from(elements, after)
            members.append(member)
        return (tag, tuple(members)), after
    if tag == axdr.COMPACT_ARRAY:
        return (tag, (_frozen(element.value.description), nest_all(element.value.elements))), at + 1
    return (tag, element.value), at + 1


def _frozen(description: Any) -> Any:
    """Make a type description hashable, so that a value is immutable all through."""
    if isinstance(description, str):
        return description
    if "structure" in description:
        return ("structure", tuple(_frozen(one) for one in description["structure"]))
    inner = description["array"]
    return ("array", inner["number-of-elements"], _frozen(inner["type-description"]))


def _thawed(description: Any) -> Any:
    if isinstance(description, str):
        return description
    if description[0] == "structure":
        return {"structure": [_thawed(one) for one in description[1]]}
    return {"array": {"number-of-elements": description[1], "type-description": _thawed(description[2])}}


def to_json(value: Value) -> Any:
    """Give the JSON form of a nested value: ``{"long-unsigned": 5}``."""
    tag, inner = value
    if tag in CONTAINERS:
        return {axdr.NAMES[tag]: [to_json(one) for one in inner]}
    if tag == axdr.COMPACT_ARRAY:
        contents = [to_json(one) for one in inner[1]]
        return {"compact-array": {"contents-description": _thawed(inner[0]), "array-contents": contents}}
    return {axdr.NAMES[tag]: scalar_to_json(tag, inner)}


def scalar_to_json(tag: int, value: Any) -> Any:
    """Give the JSON form of one scalar of type *tag*."""
    form = FORMS.get(tag)
    return value if form is None else form(value)


def json_float(value: float) -> float | str:
    """Give a float, or the string that stands for one that JSON cannot write."""
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "INF" if value > 0 else "-INF"


def descriptor_json(value: tuple[bytes, bytes, bytes]) -> dict[str, Any]:
    """Give the JSON form of an untagged attribute descriptor."""
    return {
        "class-id": int.from_bytes(value[0], "big"),
        "instance-id": value[1].hex().upper(),
        "attribute-id": int.from_bytes(value[2], "big", signed=True),
    }


def _utf8(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _hex(value: bytes) -> str:
    return value.hex().upper()


FORMS: dict[int, Callable[[Any], Any]] = {
    **dict.fromkeys(_HEX, _hex),
    **dict.fromkeys(_FLOATS, json_float),
    axdr.VISIBLE_STRING: lambda value: value.decode("latin-1"),
    axdr.UTF8_STRING: _utf8,
    axdr.DESCRIPTOR: descriptor_json,
}
"""How the scalars are written whose value is not their JSON form."""


def from_json(form: Any, depth: int = 0) -> Value:
    """Make a nested value of its JSON form. Raises ValueError that says what is no Data."""
    if not isinstance(form, dict) or len(form) != 1:
        raise ValueError(f'Data is written {{"type": value}}, not {form!r}')
    if depth > MAX_DEPTH:
        raise ValueError(f"nested deeper than {MAX_DEPTH}")
    name, inner = next(iter(form.items()))
    tag = axdr.TAGS.get(name)
    if tag is None or tag == axdr.DESCRIPTOR:
        raise ValueError(f"{name!r} is no Data type")
    if tag in CONTAINERS:
        return tag, tuple(from_json(one, depth + 1) for one in inner)
    if tag == axdr.COMPACT_ARRAY:
        contents = tuple(from_json(one, depth + 1) for one in inner["array-contents"])
        return tag, (_frozen(inner["contents-description"]), contents)
    if tag in _HEX and isinstance(inner, str):
        return tag, from_hex(inner)
    if tag in _FLOATS and isinstance(inner, str):
        return tag, float(inner)
    if tag == axdr.VISIBLE_STRING and isinstance(inner, str):
        try:
            return tag, inner.encode("latin-1")
        except UnicodeEncodeError:
            raise ValueError(
                f"{name}: characters of Latin-1 were expected, not {inner!r}; utf8-string has all"
            ) from None
    if tag == axdr.UTF8_STRING and isinstance(inner, str):
        return tag, inner.encode()
    return tag, inner


def encode(value: Value) -> bytes:
    """Build the octets of a nested value, type tag included."""
    tag, inner = value
    if tag == axdr.DESCRIPTOR:
        return b"".join(inner)
    if tag not in axdr.NAMES:
        raise ValueError(f"{tag!r} is no Data type")
    return bytes((tag,)) + _encode_body(tag, inner)


def _encode_body(tag: int, inner: Any) -> bytes:
    if tag in CONTAINERS:
        return axdr.length_octets(len(inner)) + b"".join(encode(one) for one in inner)
    if tag in axdr.STRUCTS:
        return packed(axdr.NAMES[tag], axdr.STRUCTS[tag], inner)
    if tag in (axdr.NULL, axdr.DONT_CARE):
        return b""
    if tag == axdr.BIT_STRING:
        if not isinstance(inner, str) or inner.strip("01"):
            raise ValueError(f"bit-string: digits 0 and 1 were expected, not {inner!r}")
        whole = inner + "0" * (-len(inner) % 8)
        return axdr.length_octets(len(inner)) + bytes(int(whole[at : at + 8], 2) for at in range(0, len(whole), 8))
    if tag == axdr.COMPACT_ARRAY:
        contents = b"".join(_encode_described(one, inner[0]) for one in inner[1])
        return _encode_description(inner[0]) + axdr.length_octets(len(contents)) + contents
    if isinstance(inner, (int, str)) or inner is None:
        raise ValueError(f"{axdr.NAMES[tag]}: text or octets were expected, not {inner!r}")
    return axdr.length_octets(len(inner)) + bytes(inner)


def _encode_description(description: Any) -> bytes:
    if isinstance(description, str):
        if description not in axdr.TAGS:
            raise ValueError(f"compact-array: {description!r} is no Data type")
        return bytes((axdr.TAGS[description],))
    if description[0] == "structure":
        members = b"".join(_encode_description(one) for one in description[1])
        return b"\x02" + axdr.length_octets(len(description[1])) + members
    number: int = description[1]
    return b"\x01" + number.to_bytes(2, "big") + _encode_description(description[2])


def _encode_described(value: Value, description: Any) -> bytes:
    """Build contents, which have no tags. Raises: ValueError where they are not what is described."""
    tag, inner = value
    name, members = axdr.NAMES.get(tag), _members(description)
    if name != (description if members is None else description[0]) or (
        members is not None and len(inner) != len(members)
    ):
        raise ValueError(f"compact-array: {to_json(value)} is not what is described, {_thawed(description)}")
    if members is None:
        return _encode_body(tag, inner)
    return b"".join(_encode_described(one, member) for one, member in zip(inner, members, strict=True))


def _members(description: Any) -> Sequence[Any] | None:
    """Give what is described of each member of an array or a structure; None of anything else."""
    if isinstance(description, str):
        return None
    return description[1] if description[0] == "structure" else [description[2]] * description[1]
