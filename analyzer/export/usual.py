"""The summaries of usual requests and answers in the shortest way: without their values, from what was said before.

What comes out is what :mod:`analyzer.export.summary` says. Nearly all that meters are asked are a few requests, each
answered by one value of a known type.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from analyzer.export.parts import SEPARATOR, short_text
from analyzer.export.summary import label_of, said, summary
from analyzer.record import APDU, REQUEST, Apdu, Objects, Record
from analyzer.tracking.value_plans import USUAL, Plan, plan_of
from analyzer.tracking.values import Value, may_have_values

_MOST, _SHORT = 4096, 64


class Shows(Protocol):
    """Gives the value of a usual answer, whose objects have a plan: of a scaled number its text, None for none."""

    def __call__(self, record: Record, plan: Plan) -> Value | str | None:
        """Give it."""


def no_value(record: Record, plan: Plan) -> None:
    """Give none: for outputs that are made without an object model."""


class UsualSummaries:
    """Says what usual records are; *kept* is how texts are kept and given, *shown* gives values."""

    def __init__(self, shown: Shows, kept: Callable[[str], str]) -> None:
        self._shown, self._kept = shown, kept
        self._requests: dict[bytes, tuple[Objects, str]] = {}
        """What was said of requests about which their octets say all."""
        self._told: dict[Plan, str] = {}
        """What stands before the value in all answers about an object."""

    def find(self, record: Record) -> str | None:
        """Say what *record* is; None where it takes more."""
        if record.kind != APDU or record.more or record.gateway:
            return None
        apdu = record.apdu
        if apdu is None:
            return None
        octets, entry, values, _ = apdu
        if record.direction == REQUEST:
            known = self._requests.get(octets)
            if known is not None and known[0] is record.objects:
                return known[1]
            return self._request(record, apdu)
        if entry is None or entry.asn1 != USUAL or values is None:
            return None
        plan = record.objects.plan
        if not plan:
            return None
        shown = self._shown(record, plan)
        if shown is None:
            return None
        text = short_text(shown) if isinstance(shown, str) else said(shown)
        if not text:
            return None
        told = self._told.get(plan) or self._tell(plan, apdu.family, record.objects)
        return f"{told}{text if text.isascii() else self._kept(text)}"

    def asked(self, record: Record) -> str | None:
        """Say what a request is; None where it takes more, and of all else."""
        if record.direction != REQUEST or record.kind != APDU or record.more or record.gateway:
            return None
        apdu = record.apdu
        if apdu is None:
            return None
        known = self._requests.get(apdu[0])
        return known[1] if known is not None and known[0] is record.objects else self._request(record, apdu)

    def answered(self, record: Record, values: Sequence[Value]) -> tuple[str, str] | None:
        """Say an answer with *values* in two: what is kept of its object, and its value; None where it takes more."""
        plan = plan_of(record) if len(values) == 1 and record.direction != REQUEST else None
        if plan is None or record.gateway or not (text := said(values[0])):
            return None
        apdu = record.apdu
        assert apdu is not None
        return self._told.get(plan) or self._tell(plan, apdu.family, record.objects), text

    def _tell(self, plan: Plan, family: str, objects: Objects) -> str:
        if len(self._told) >= _MOST:
            self._told.clear()
        self._told[plan] = told = self._kept(label_of(family, objects) + SEPARATOR)
        return told

    def _request(self, record: Record, apdu: Apdu) -> str | None:
        """Say what a request is, and keep that where its octets say all."""
        objects = record.objects
        if apdu.entry is None or apdu.values is None or record.assembled is not None or len(apdu.octets) >= _SHORT:
            return None
        if not objects or not objects[0].logical_name or may_have_values(apdu):
            return None
        if len(self._requests) >= _MOST:
            self._requests.clear()
        text = self._kept(summary(record))
        self._requests[apdu.octets] = objects, text
        return text
