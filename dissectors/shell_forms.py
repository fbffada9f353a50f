"""Layers as a Scapy shell writes them: the command that makes a packet again, and the members of ``json()``."""

from __future__ import annotations

from math import isfinite
from typing import Any

from dissectors.scapy_base import Packet

_DEEPEST = 150


def as_read(layer: Any) -> bytes | None:
    """Give the octets of *layer* where its fields cannot give them: it broke off, or was not written as it is built.

    A date-time behind a superfluous 09 and a long form of a short length are read, and built without.
    """
    layer.check_cache()
    octets = layer.raw_packet_cache
    if octets is None or layer.problem is not None:
        return octets  # type: ignore[no-any-return]
    built = layer.copy()
    built.raw_packet_cache = None
    return None if built.self_build() == octets and _has_literal(list(layer.fields.values())) else bytes(octets)


def _has_literal(value: Any, depth: int = 0) -> bool:
    """Tell whether Python can write *value*: it has no literal for infinity, and reads 200 nested parentheses."""
    if isinstance(value, (list, tuple)):
        return depth < _DEEPEST and all(_has_literal(one, depth + 1) for one in value)
    return not isinstance(value, float) or isfinite(value)


def literal(value: Any) -> str:
    """Write *value* in Python; packets and random values by their own command."""
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    return value.command() if hasattr(value, "command") else repr(value)


def json_members(layer: Any) -> list[tuple[str, Any]]:
    """Give the fields of *layer* by name as what JSON can write."""
    return [(field.name, _json(field, layer.getfieldval(field.name))) for field in layer.fields_desc]


def _json(field: Any, value: Any) -> Any:
    while hasattr(field, "field"):  # OPTIONAL, or there under a condition
        field = field.field
    if isinstance(value, Packet):
        return dict(value._command(json=True))
    if isinstance(value, list):
        return [_json(getattr(field, "item", None), one) for one in value]
    if value is not None and hasattr(field, "to_json"):
        value = field.to_json(value)
    return value.hex().upper() if isinstance(value, bytes) else value
