"""Short names that every meter has: those of the current association, and with them the objects that hold secrets.

Source: IEC 62056-6-2 (reserved base names).
"""

from __future__ import annotations

from analyzer.cosem.classes import holds_secret
from analyzer.cosem.rendering import KEY_TRANSFER
from analyzer.record import Object, Objects

SHORT_NAME_STEP = 8
"""From one attribute's short name to the next."""
_ASSOCIATION_SN = 0xFA00
"""The base name of the current association object, the same in every meter."""
_CURRENT = b"\0\0\x28\0\0\xff"
RESERVED = {
    _ASSOCIATION_SN: (12, 2, _CURRENT), 0xFC00: (17, 0, b"\0\0\x29\0\0\xff"), 0xFD00: (1, 0, b"\0\0\x2a\0\0\xff"),
}  # fmt: skip
"""Base names that are the same in every meter: class, a version that has what all of them have, logical name."""
_SECRET_CHANGES = {_ASSOCIATION_SN + 0x40: 5, _ASSOCIATION_SN + 0x48: 6}
"""Short names of its methods that change a secret, and their numbers."""


def standing(one: Object) -> Object:
    """Give what a short name stands for in every meter: a change of the association's secret; others stay."""
    if one.logical_name or one.is_method or one.attribute & 0xFFFF not in _SECRET_CHANGES:
        return one
    return Object(12, _CURRENT, _SECRET_CHANGES[one.attribute & 0xFFFF], is_method=True)


def is_confidential(one: Object) -> bool:
    """Tell whether an object is an attribute or a method that holds a secret, as far as its names alone tell."""
    one = standing(one)
    return holds_secret(one.class_id, one.attribute, is_method=one.is_method)


def carries_key(one: Object) -> bool:
    """Tell whether an object is the method that takes keys; wrapped ones are no secret."""
    return one.is_method and (one.class_id, one.attribute) == KEY_TRANSFER


def are_confidential(objects: Objects) -> bool:
    """Tell whether one of the objects of a request is confidential, as far as their names alone tell."""
    if objects.confidential is None:
        objects.confidential = any(map(is_confidential, objects))
    return objects.confidential


def association_sn(one: Object) -> Object | None:
    """Tell the attributes of the current association object, which has the same short name everywhere."""
    if one.attribute & 0xFF00 == _ASSOCIATION_SN:
        return Object(12, _CURRENT, ((one.attribute & 0xFF) // SHORT_NAME_STEP) + 1)
    return None
