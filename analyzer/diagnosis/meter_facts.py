"""What the answers of a meter tell about itself and matters to diagnoses: time-outs, access rights, security policy.

Source: IEC 62056-6-2: IEC HDLC setup (23), TCP-UDP setup (41), Association LN (15), Security setup (64).
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from analyzer.cosem.datum import Datum, read_datum
from analyzer.diagnosis.words import SHORT_NAME, about
from analyzer.record import Object, Record
from analyzer.tracking.attributes import Held, held_values
from analyzer.tracking.meter import Meter
from analyzer.tracking.meter_key import MeterKey, meter_key
from analyzer.tracking.object_model import ObjectModel
from dissectors.data_types import OCTET_STRING
from dissectors.tree import Problem

_NAMED = re.compile(rf"{SHORT_NAME}([0-9A-F]{{4}})")
_MOST_METERS = 16384
_MOST_OBJECTS = 4096
_MOST_SETUPS = 64
_INVOKE_IDS = 3
"""So many answers with one invoke-id, to requests with as many others, are no chance."""
NO_ACCESS, READ, WRITE, READ_WRITE = 0, 1, 2, 3
RIGHTS = {
    NO_ACCESS: "no access", READ: "read only", WRITE: "write only", READ_WRITE: "read and write",
    4: "authenticated read only", 5: "authenticated write only", 6: "authenticated read and write",
}  # fmt: skip
"""Access modes of attributes up to version 2 of class 15; later versions have bits instead."""


class Told(NamedTuple):
    """A number that a record told."""

    value: int
    record: int
    name: str = ""


class Listed(NamedTuple):
    """An object of an object list: its class, and the access modes of attributes and methods as the list has them."""

    class_id: int
    attributes: dict[int, int]
    methods: dict[int, int]
    record: int


class Facts:
    """What one meter told."""

    __slots__ = ("inter_octet_timeout", "invoke_ids", "objects", "policies", "timeout", "times_lost")

    def __init__(self) -> None:
        self.timeout: Told | None = None
        """Inactivity time-out in seconds; 0 for none."""
        self.inter_octet_timeout: Told | None = None
        """In milliseconds."""
        self.policies: dict[bytes, Told] = {}
        """security_policy of each security setup, by logical name."""
        self.objects: dict[bytes, Listed] = {}
        """By logical name: the object list, where one was seen."""
        self.invoke_ids: deque[tuple[int, int]] = deque(maxlen=_INVOKE_IDS)
        """The newest ones that it answered with, and that were asked with, where these differ."""
        self.times_lost: list[int] = []
        """The pauses after which it did not, in nanoseconds."""

    @property
    def policy(self) -> Told | None:
        """The security policy; None where setups tell different ones: no telling which of them applies."""
        told = list(self.policies.values())
        return told[-1] if len({one.value for one in told}) == 1 else None

    def answers_with_one_invoke_id(self) -> bool:
        """Tell whether its last answers have one invoke-id, whatever they were asked with."""
        got, wanted = {one for one, _ in self.invoke_ids}, {one for _, one in self.invoke_ids}
        return len(self.invoke_ids) == len(wanted) == _INVOKE_IDS and len(got) == 1


class MeterFacts:
    """The facts of all meters of a capture, by the server's end of the lane and its address."""

    def __init__(self) -> None:
        self.token = object()
        """Stands for this capture where objects, which outlive it, keep that they were looked at."""
        self._meters: dict[MeterKey, Facts] = {}
        self._model = ObjectModel()
        """Of meters with short names: what those stand for."""

    def of(self, key: MeterKey) -> Facts:
        """Give those of a meter, made when it is new."""
        found = self._meters.get(key)
        if found is None:
            if len(self._meters) >= _MOST_METERS:
                del self._meters[next(iter(self._meters))]
            found = self._meters[key] = Facts()
        return found

    def of_record(self, record: Record) -> Facts:
        """Give those of the meter that *record* comes from or goes to."""
        return self.of(meter_key(record))

    def learn_names(self, record: Record) -> None:
        """Take what an answer about short names tells of them; total."""
        self._model.learn(record)

    def names_of(self, record: Record) -> Meter:
        """Give what short names stand for in the meter that *record* comes from or goes to."""
        return self._model.meter_of(record)

    def held(self, record: Record) -> list[Held]:
        """List the values that *record* holds, by the names of their objects."""
        found = held_values(record)
        if not found or found[0].object.logical_name:
            return found
        names = self.names_of(record)
        return [one._replace(object=names.object_of(one.object)) for one in found]

    def said(self, text: str, key: MeterKey) -> str:
        """Say in *text* about a meter what short names stand for, as far as that has told."""
        names = self._model.meter_at(key)
        return _NAMED.sub(lambda found: about(names.object_of(Object(0, b"", int(found[1], 16)))), text)

    def learn(self, record: Record) -> None:
        """Take what an answer tells; total."""
        facts = self.of_record(record)
        for held in self.held(record):
            lesson = LESSONS.get((held.object.class_id, held.object.attribute))
            if lesson is None or held.object.is_method:
                continue
            try:
                datum = read_datum(held.octets[held.start : held.end], 0, held.end - held.start)
            except Problem:
                continue
            lesson(facts, datum, record.number, held.object)


def teaches(one: Object) -> bool:
    """Tell whether an attribute is one that diagnoses learn from."""
    return (one.class_id, one.attribute) in LESSONS and not one.is_method


Lesson = Callable[[Facts, Datum, int, Object], None]


def _timeout(name: str) -> Lesson:
    def learn(facts: Facts, datum: Datum, record: int, _: Object) -> None:
        value = datum.number
        if value is not None:
            facts.timeout = Told(value, record, name)

    return learn


def _inter_octet(facts: Facts, datum: Datum, record: int, _: Object) -> None:
    value = datum.number
    if value is not None:
        facts.inter_octet_timeout = Told(value, record, "inter_octet_time_out")


def _policy(facts: Facts, datum: Datum, record: int, setup: Object) -> None:
    if isinstance(datum.value, int) and len(facts.policies) < _MOST_SETUPS:
        facts.policies[setup.logical_name] = Told(datum.value, record, "security_policy")


def _object_list(facts: Facts, datum: Datum, record: int, _: Object) -> None:
    for one in datum.members[:_MOST_OBJECTS]:
        if len(one.members) < 4 or len(one.members[3].members) < 2:
            continue
        class_id, name = one.members[0].number, one.members[2]
        if class_id is None or name.tag != OCTET_STRING:
            continue
        attributes, methods = (_modes(part) for part in one.members[3].members[:2])
        facts.objects[bytes(name.value)] = Listed(class_id, attributes, methods, record)


def _modes(items: Datum) -> dict[int, int]:
    """Read attribute_access or method_access: number and mode of each; of version 0 methods have a boolean."""
    found = {}
    for item in items.members:
        if len(item.members) < 2:
            continue
        number, mode = item.members[0].number, item.members[1].value
        if number is not None and isinstance(mode, int):
            found[number] = int(mode)
    return found


LESSONS: dict[tuple[int, int], Lesson] = {
    (23, 7): _inter_octet,
    (23, 8): _timeout("inactivity_time_out of the HDLC setup (class 23)"),
    (41, 6): _timeout("inactivity_time_out of the TCP-UDP setup (class 41)"),
    (15, 2): _object_list,
    (64, 2): _policy,
}
"""By class and attribute."""
