"""The JSON form of an APDU, as ``decode --json`` prints it, back to octets.

Source: the APDU's layer, whose fields say how each member is built; X.697 for the form.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import dissectors.all  # noqa: F401 -- the layers as packets that build
from dissectors.bits import BitGroup
from dissectors.composites import Choice, Optional, Sequence, SequenceOf, When
from dissectors.registry import LAYERS


class FormError(Exception):
    """A form that is no APDU; the text is one line that names the member and says what was expected."""


def apdu_octets(form: object) -> bytes:
    """Build the APDU of *form*. Raises: FormError."""
    if not isinstance(form, dict) or len(form) != 1:
        raise FormError('an object with one member, the APDU by its name, was expected: {"get-request": {...}}')
    ((name, value),) = form.items()
    if _layer(name) is None and isinstance(value, dict) and len(value) == 1:
        return apdu_octets(value)  # the family, and in it the APDU
    layer = _layer(name)
    if layer is None:
        raise FormError(f"{name}: no APDU has this name")
    try:
        return bytes(_packet(layer, value))
    except FormError:
        raise
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as problem:
        raise FormError(f"{name}: {' '.join(str(problem).split()) or type(problem).__name__}") from None
    except Exception as problem:  # struct.error and Scapy's own
        raise FormError(f"{name}: {type(problem).__name__}: {' '.join(str(problem).split())}") from None


@cache
def _layer(name: str) -> Any:
    return next((one for one in LAYERS if one.asn1 == name), None)


def _packet(layer: Any, value: Any) -> Any:
    """Make a layer of its members by the standard's names, or of the one member that it stands for."""
    if not isinstance(value, dict) or layer.wraps_one:
        return layer.from_value(_inside(layer, value))
    given = dict(getattr(layer, "json_members", dict)(value))
    fields: dict[str, Any] = {}
    for item in layer.items():
        name = getattr(item, "asn1", item.name) or item.name
        if name in given:
            fields.update(_field(item, given.pop(name)))
    if given:
        known = ", ".join(getattr(item, "asn1", item.name) for item in layer.items()[1:])
        raise FormError(f"{layer.asn1}: {min(given)} is unknown: expected {known}")
    return layer(**fields)


def _inside(layer: Any, value: Any) -> Any:
    """Convert the value of a layer that stands for its one member."""
    items = [item for item in layer.items() if type(item).__name__ != "Constant"]
    return _value(items[-1], value) if items else value


def _field(item: Any, value: Any) -> dict[str, Any]:
    if isinstance(item, BitGroup):
        return _bits(item, value)
    return {item.name: _value(item, value)}


def _value(item: Any, value: Any) -> Any:
    if isinstance(item, Optional | When):
        return _value(item.field, value)
    if isinstance(item, Sequence):
        return _packet(item.layer, value)
    if isinstance(item, SequenceOf) and isinstance(value, list):
        return [_value(item.item, one) for one in value]
    if isinstance(item, Choice) and isinstance(value, dict) and len(value) == 1:
        ((name, inner),) = value.items()
        for layer in item.alternatives.values():
            if layer.asn1 == name:
                return _packet(layer, inner)
        raise FormError(f"{item.asn1}: {name} is none of {', '.join(one.asn1 for one in item.alternatives.values())}")
    if isinstance(value, dict) and len(value) == 1 and _layer(next(iter(value))) is not None:
        return apdu_octets(value)  # an APDU inside another
    if isinstance(value, list) and all(isinstance(one, str) for one in value) and not item.islist:
        return tuple(value)  # names of bits: to Scapy a list is one packet for each of its members
    return value


def _bits(group: Any, value: Any) -> dict[str, Any]:
    """Part a group of bits: hex as it is printed, or its members by name."""
    if isinstance(value, dict):
        known = {asn1: name for name, asn1, *_ in group.plan}
        return {known.get(name, name.replace("-", "_")): int(one) for name, one in value.items()}
    number = int(value, 16) if isinstance(value, str) else int(value)
    return {name: number >> shift & mask for name, _, shift, mask, *_ in group.plan}
