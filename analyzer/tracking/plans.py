"""What the tracker takes from each kind of APDU: invoke-id, objects, blocks, role; worked out once a layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from analyzer.reassembly.blocks import is_block
from analyzer.record import NO_OBJECTS, Apdu, Object, Objects
from analyzer.tracking.attributes import holds_values
from analyzer.tracking.roles import ROLES
from dissectors.scanning import Entry

Values = tuple[Any, ...]
NO_INVOKE_ID = -1
PUSH = "data-notification"
"""The family of pushes."""
_SERVICES = frozenset({"get-request", "set-request", "action-request", "access-request", "readRequest", "writeRequest"})
_TEACHING = frozenset({"action-request", "action-response", "readRequest", "readResponse"})
_NAMED_ONCE = "readRequest"
"""The request with short names whose later blocks are about what the first named; one that writes names it inside."""


class Plan:
    """How to read one kind of APDU for tracking."""

    __slots__ = (
        "asks_by_block",
        "choice",
        "family",
        "has_values",
        "invoke",
        "is_acse",
        "is_block",
        "is_general",
        "is_protected",
        "is_signed",
        "may_teach",
        "objects",
        "opens",
        "role",
        "says_all",
        "slots",
    )

    def __init__(self, found: Entry) -> None:
        self.family = found.family
        self.slots = found.slots
        self.choice = _choice(found)
        self.role = ROLES.get(found.family)
        self.is_block = is_block(self.family, self.choice)
        self.is_general = self.family == "general-block-transfer"
        self.is_acse = "user_information" in found.slots
        self.opens = self.family in ("aarq", "aare")
        """Whether it opens an association."""
        self.is_signed = self.family == "general-signing"
        self.is_protected = self.is_acse or self.is_signed or found.is_closed
        """Whether a key may open it, or what it carries."""
        self.may_teach = self.family in _TEACHING
        """Whether it may authenticate, or carry keys or certificates."""
        self.has_values = holds_values(found.asn1) or self.family == PUSH
        """Whether it is of a kind that holds values."""
        short, long = (found.slots.get(f"{name}invoke_id_and_priority") for name in ("", "long_"))
        self.invoke: tuple[int, int, int] = (
            (short, 0xF, 0) if short is not None else (long, 0xFFFFFF, 16) if long is not None else (0, 0, NO_INVOKE_ID)
        )
        """Slot, mask and offset of the key that request and response share; -1 where the service has no invoke-id."""
        self.objects = _object_reader(found)
        self.asks_by_block = (self.choice > 0 and self.objects is _nothing) or self.family == _NAMED_ONCE
        """Whether, without objects of its own, it is a later request of a block transfer, about those of the first."""
        self.says_all = self.family in _SERVICES and not self.is_block
        """Whether its octets alone tell what tracking takes from it."""

    def named(self, values: Values) -> dict[str, Any]:
        """Give the values by the last part of their names."""
        return {name: values[slot] for name, slot in self.slots.items()}


class Asked:
    """What a request of a service is, whoever sends it: the same few are asked again and again."""

    __slots__ = ("apdu", "at", "invoke_id", "objects", "plan")

    def __init__(self, apdu: Apdu, plan: Plan, invoke_id: int, objects: Objects) -> None:
        self.apdu, self.plan, self.invoke_id, self.objects = apdu, plan, invoke_id, objects
        self.at = apdu.at
        """Where it begins in a frame, as that of an APDU."""


def plan_of(found: Entry) -> Plan:
    """Give the plan for an entry, made at first use."""
    plan: Plan | None = found.plan
    if plan is None:
        plan = found.plan = Plan(found)
    return plan


def _choice(found: Entry) -> int:
    names = [getattr(item, "name", "") for item in found.layer.items()[:2]]
    return int(found.layer.items()[1].default) if names[1:] == ["choice"] else 0


def _nothing(values: Values) -> Objects:
    return NO_OBJECTS


def _object_reader(found: Entry) -> Callable[[Values], Objects]:
    slots = found.slots
    if "class_id" in slots:
        return _single(slots, "method_id" if "method_id" in slots else "attribute_id")
    for name, is_method in (("attribute_descriptor_list", False), ("cosem_method_descriptor_list", True)):
        if name in slots:
            return _listed(slots[name], is_method)
    if found.family in ("access-request", "access-response"):  # an answer may carry its request's specification
        return _accessed(slots["access_request_specification"])
    if "variable_access_specification" in slots:
        return _variables(slots["variable_access_specification"])
    return _nothing


def _single(slots: dict[str, int], last: str) -> Callable[[Values], Objects]:
    class_id, instance, attribute, is_method = slots["class_id"], slots["instance_id"], slots[last], last == "method_id"
    cache: dict[Values, Objects] = {}

    def read(values: Values) -> Objects:
        key = (values[class_id], values[instance], values[attribute])
        known = cache.get(key)
        if known is None:
            if len(cache) > 4096:
                cache.clear()
            known = cache[key] = Objects((Object(*key, is_method),))
        return known

    return read


def _listed(slot: int, is_method: bool) -> Callable[[Values], Objects]:
    def read(values: Values) -> Objects:
        return Objects(Object(item[0], item[1], item[2], is_method) for item in values[slot])

    return read


def _accessed(slot: int) -> Callable[[Values], Objects]:
    def read(values: Values) -> Objects:
        return Objects(Object(one[1], one[2], one[3], tag == 3) for tag, one in values[slot] or ())

    return read


def _variables(slot: int) -> Callable[[Values], Objects]:
    def read(values: Values) -> Objects:
        return Objects(Object(0, b"", one[1]) for tag, one in values[slot] if tag in (2, 4))

    return read
