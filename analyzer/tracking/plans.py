"""What the tracker takes from each kind of APDU: invoke-id, objects, blocks, role; worked out once a layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from analyzer.reassembly.blocks import is_block
from analyzer.record import Object
from analyzer.tracking.roles import ROLES
from dissectors.scanning import Entry

Values = tuple[Any, ...]
NO_INVOKE_ID = -1


class Plan:
    """How to read one kind of APDU for tracking."""

    __slots__ = (
        "_invoke",
        "_long",
        "choice",
        "family",
        "is_block",
        "is_general",
        "is_protected",
        "objects",
        "role",
        "slots",
    )

    def __init__(self, found: Entry) -> None:
        self.family = found.family
        self.slots = found.slots
        self.choice = _choice(found)
        self.role = ROLES.get(found.family)
        self.is_block = is_block(self.family, self.choice)
        self.is_general = self.family == "general-block-transfer"
        self.is_protected = "security_control" in found.slots
        self._invoke = found.slots.get("invoke_id_and_priority", NO_INVOKE_ID)
        self._long = found.slots.get("long_invoke_id_and_priority", NO_INVOKE_ID)
        self.objects = _object_reader(found)

    def invoke_id(self, values: Values) -> int:
        """Give the key that request and response share; -1 where the service has no invoke-id."""
        if self._invoke >= 0:
            return int(values[self._invoke] & 0xF)
        if self._long >= 0:
            return int(values[self._long] & 0xFFFFFF) + 16
        return NO_INVOKE_ID

    def named(self, values: Values) -> dict[str, Any]:
        """Give the values by the last part of their names."""
        return {name: values[slot] for name, slot in self.slots.items()}


_PLANS: dict[Entry, Plan] = {}


def plan_of(found: Entry) -> Plan:
    """Give the plan for an entry, made at first use."""
    known = _PLANS.get(found)
    if known is None:
        known = _PLANS[found] = Plan(found)
    return known


def _choice(found: Entry) -> int:
    names = [getattr(item, "name", "") for item in found.layer.items()[:2]]
    return int(found.layer.items()[1].default) if names[1:] == ["choice"] else 0


def _nothing(values: Values) -> tuple[Object, ...]:
    return ()


def _object_reader(found: Entry) -> Callable[[Values], tuple[Object, ...]]:
    slots = found.slots
    if "class_id" in slots:
        return _single(slots, "method_id" if "method_id" in slots else "attribute_id")
    for name, is_method in (("attribute_descriptor_list", False), ("cosem_method_descriptor_list", True)):
        if name in slots:
            return _listed(slots[name], is_method)
    if found.family == "access-request":
        return _accessed(slots["access_request_specification"])
    if "variable_access_specification" in slots:
        return _variables(slots["variable_access_specification"])
    return _nothing


def _single(slots: dict[str, int], last: str) -> Callable[[Values], tuple[Object, ...]]:
    class_id, instance, attribute, is_method = slots["class_id"], slots["instance_id"], slots[last], last == "method_id"
    cache: dict[Values, tuple[Object, ...]] = {}

    def read(values: Values) -> tuple[Object, ...]:
        key = (values[class_id], values[instance], values[attribute])
        known = cache.get(key)
        if known is None:
            if len(cache) > 4096:
                cache.clear()
            known = cache[key] = (Object(*key, is_method),)
        return known

    return read


def _listed(slot: int, is_method: bool) -> Callable[[Values], tuple[Object, ...]]:
    def read(values: Values) -> tuple[Object, ...]:
        return tuple(Object(item[0], item[1], item[2], is_method) for item in values[slot])

    return read


def _accessed(slot: int) -> Callable[[Values], tuple[Object, ...]]:
    def read(values: Values) -> tuple[Object, ...]:
        return tuple(Object(one[1], one[2], one[3], tag == 3) for tag, one in values[slot])

    return read


def _variables(slot: int) -> Callable[[Values], tuple[Object, ...]]:
    def read(values: Values) -> tuple[Object, ...]:
        return tuple(Object(0, b"", one[1]) for tag, one in values[slot] if tag in (2, 4))

    return read
