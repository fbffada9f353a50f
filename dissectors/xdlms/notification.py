"""Notifications: event-notification, data-notification and its confirmation.

Source: IEC 62056-5-3, EventNotification and DataNotification.
"""

from __future__ import annotations

from typing import Any

from dissectors.composites import Optional, Sequence
from dissectors.data_field import DataField
from dissectors.fields import Constant, OctetString, Seen
from dissectors.pdu import Layer
from dissectors.quirks import event_deviates, notification_deviates, quirk, time_deviates
from dissectors.registry import apdu
from dissectors.tree import Node
from dissectors.xdlms.descriptors import CosemAttributeDescriptor, long_invoke_id_and_priority

_YEARS = range(0x07D0, 0x0834)


class DateTimeString(OctetString):
    """The date-time of a header: length 00 or 0C, then 12 octets without a type tag.

    # field: Kaifa HAN pushes carry the type tag 09 before the length (corpus push_norway): the 12 octets are read.
    """

    __slots__: list[str] = []

    def has_extra_tag(self, octets: bytes, at: int, end: int) -> bool:
        """Tell whether ``09 0C`` and a year of this century stand at *at*."""
        return (
            octets[at : at + 2] == b"\x09\x0c"
            and at + 14 <= end
            and int.from_bytes(octets[at + 2 : at + 4], "big") in _YEARS
        )

    def read(self, octets: bytes, at: int, end: int, seen: Seen) -> tuple[bytes, int]:
        """Read the 12 octets, or none."""
        return OctetString.read(self, octets, at + 1 if self.has_extra_tag(octets, at, end) else at, end, seen)

    def grow(self, parent: Node, octets: bytes, at: int, end: int, seen: dict[str, Any]) -> int:
        """Add the date-time, and the quirk where it is met."""
        after = OctetString.grow(self, parent, octets, at, end, seen)
        if self.has_extra_tag(octets, at, end):
            parent.children[-1].notes.append(quirk("extra-type-tag", at, at + 1))
        return after


class EventTime(OctetString):
    """The time of an event notification: normally with a length; 12 bare octets are read too.

    The two texts of the standard differ; 0C as first octet decides for the length (as a year it would be 3072).
    """

    __slots__: list[str] = []

    def is_bare(self, octets: bytes, at: int, end: int) -> bool:
        """Tell whether the time has no length octet."""
        return at + 12 <= end and int.from_bytes(octets[at : at + 2], "big") in _YEARS

    def read(self, octets: bytes, at: int, end: int, seen: Seen) -> tuple[bytes, int]:
        """Read the time."""
        if self.is_bare(octets, at, end):
            return octets[at : at + 12], at + 12
        return OctetString.read(self, octets, at, end, seen)

    def grow(self, parent: Node, octets: bytes, at: int, end: int, seen: dict[str, Any]) -> int:
        """Add the time, and the quirk where it is met."""
        after = OctetString.grow(self, parent, octets, at, end, seen)
        if self.is_bare(octets, at, end):
            parent.children[-1].notes.append(quirk("time-without-length", at, after))
        return after


class NotificationBody(Layer):
    """The body of a data-notification: one Data."""

    asn1 = "notification-body"
    fields_desc = [DataField("data_value", untagged=True)]


@apdu(0xC2, "event-notification-request", clause="IEC 62056-5-3, EventNotification")
class EventNotificationRequest(Layer):
    """The server tells of an attribute; there is no invoke-id."""

    deviates = staticmethod(event_deviates)
    fields_desc = [
        Constant("apdu_tag", 0xC2),
        Optional(EventTime("time")),
        Sequence("cosem_attribute_descriptor", CosemAttributeDescriptor),
        DataField("attribute_value"),
    ]


@apdu(0x0F, "data-notification", clause="IEC 62056-5-3, DataNotification")
class DataNotification(Layer):
    """The server pushes data."""

    deviates = staticmethod(notification_deviates)
    fields_desc = [
        Constant("apdu_tag", 0x0F),
        *long_invoke_id_and_priority(),
        DateTimeString("date_time"),
        Sequence("notification_body", NotificationBody),
    ]


@apdu(0x10, "data-notification-confirm", clause="IEC 62056-5-3 (newer editions), DataNotification")
class DataNotificationConfirm(Layer):
    """The client confirms a push."""

    deviates = staticmethod(time_deviates)
    fields_desc = [Constant("apdu_tag", 0x10), *long_invoke_id_and_priority(), DateTimeString("date_time")]
