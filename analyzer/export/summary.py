"""One line that says what a record is: service, object by name, value or result."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from analyzer.cosem.date_time import date_time_text
from analyzer.cosem.names import attribute_name, class_name, method_name, obis_name, obis_text
from analyzer.export.contents import contents_text, count_text, refused_text
from analyzer.export.message import message_summary
from analyzer.export.parts import SEPARATOR, short_text
from analyzer.record import LINK, MESSAGE, NOISE, PART, REQUEST, Apdu, Object, Objects, Record
from analyzer.tracking.bare_secrets import request_secrets
from analyzer.tracking.standing_names import are_confidential
from analyzer.tracking.values import Value
from dissectors import gateway
from dissectors.characters import MASKED
from dissectors.enumerations import ACTION_RESULT
from dissectors.hdlc import control_type
from dissectors.mbus import frame_text
from dissectors.registry import text_of

_MOST_VALUES = 2
_MOST_TEXTS = _SHORT = 64

_HOLDING = frozenset(("set-request", "action-request", "writeRequest", "unconfirmedWriteRequest"))
"""Requests that hold what a client writes, or gives to a method."""
LABELS: dict[str, str] = {
    "get-request": "GET request", "get-response": "GET response", "set-request": "SET request",
    "set-response": "SET response", "action-request": "ACTION request", "action-response": "ACTION response",
    "access-request": "ACCESS request", "access-response": "ACCESS response", "readRequest": "Read request",
    "readResponse": "Read response", "writeRequest": "Write request", "writeResponse": "Write response",
    "unconfirmedWriteRequest": "Unconfirmed write", "informationReportRequest": "Information report",
    "data-notification": "Data notification", "data-notification-confirm": "Data notification confirmed",
    "event-notification-request": "Event notification", "aarq": "AARQ", "aare": "AARE", "rlrq": "RLRQ", "rlre": "RLRE",
    "abrt": "ABRT", "initiateRequest": "Initiate request", "initiateResponse": "Initiate response",
    "confirmedServiceError": "Confirmed service error", "exception-response": "Exception response",
    "general-block-transfer": "General block transfer", "general-signing": "General signing",
}  # fmt: skip
"""What each APDU is called in one line; ciphered forms keep the standard's name."""


@lru_cache(maxsize=8192)
def object_text(one: Object) -> str:
    """Name an object and its attribute or method: ``1-0:1.8.0*255 Active energy import (+A)``."""
    if not one.logical_name:
        return f"short name {one.attribute:04X}"
    name = obis_name(one.logical_name) or class_name(one.class_id) or f"class {one.class_id}"
    text = f"{obis_text(one.logical_name)} {name}"
    if one.is_method:
        return f"{text}, method {one.attribute} {method_name(one.class_id, one.attribute) or ''}".rstrip()
    if one.attribute == 2 and attribute_name(one.class_id, 2) in ("value", "buffer", "time", "status"):
        return text
    return f"{text}, attribute {one.attribute} {attribute_name(one.class_id, one.attribute) or ''}".rstrip()


def summary(record: Record, values: Sequence[Value] = ()) -> str:
    """Say what *record* is, with the *values* in it; an empty text never comes out."""
    apdu, kind, assembled = record.apdu, record.kind, record.assembled
    if apdu is None or kind == MESSAGE:
        return _without_apdu(record)
    objects = _named(record)
    if assembled is not None:
        text = apdu_summary(assembled, objects, values)
        text += f"{SEPARATOR}from {count_text(len(record.parts), 'record')}"
    else:
        is_bare = record.direction == REQUEST and not values
        text = _request_summary(apdu, objects) if is_bare else apdu_summary(apdu, objects, values)
        if kind == PART:
            text += SEPARATOR + ("part of a transfer that never completes" if record.incomplete else "part")
    if record.gateway:
        of = gateway.members(record.gateway)
        text += f"{SEPARATOR}network {of['network-id']} device {of['physical-device-address'] or '-'}"
    if record.more:
        text += f"{SEPARATOR}and {count_text(len(record.more), 'more APDU')}"
    return text


def _named(record: Record) -> Objects:
    """Give the objects of *record*: for short names what they stand for, as far as the list of its meter tells."""
    return record.objects if record.model is None else record.model.objects_of(record)


def _request_summary(apdu: Apdu, objects: Objects) -> str:
    """Say what a request is; what was once said is kept with its objects, within bounds."""
    texts = objects.texts
    if texts is None:
        texts = objects.texts = {}
    known = texts.get(apdu.octets)
    if known is None:
        known = apdu_summary(apdu, objects)
        if objects and len(texts) < _MOST_TEXTS and len(apdu.octets) < _SHORT:
            texts[apdu.octets] = known
    return known


def _without_apdu(record: Record) -> str:
    if record.kind == MESSAGE:
        return message_summary(record)
    if record.link == "mbus":
        text = frame_text(record.octets)
        return f"{text}{SEPARATOR}of a transfer that never completes" if record.incomplete else text
    if record.kind == NOISE or record.control is None:
        return count_text(len(record.octets), "octet") + (" of noise" if record.kind == NOISE else "")
    name = _control_text(record.control)
    if record.kind == PART:
        what = f"{name}{SEPARATOR}segment"
        return f"{what} of a transfer that never completes" if record.incomplete else what
    return name if record.kind == LINK else f"{name}{SEPARATOR}no APDU"


@lru_cache(maxsize=256)
def _control_text(control: int) -> str:
    name = control_type(control)
    if name == "I":
        return f"I N(S)={control >> 1 & 7} N(R)={control >> 5}"
    return f"{name} N(R)={control >> 5}" if control & 3 == 1 else name


def apdu_summary(apdu: Apdu, objects: Objects, meant: Sequence[Value] = ()) -> str:
    """Say what *apdu* is; *objects* are those of its request, *meant* the values in it with their meaning."""
    entry, values = apdu.entry, apdu.values
    if entry is None or values is None:
        if entry is None and (text := text_of(apdu.octets)):
            return f'Text{SEPARATOR}"{text}"'
        label = LABELS.get(apdu.family, apdu.family)
        return f"{label}{SEPARATOR}malformed" if entry is not None else f"{label}{SEPARATOR}not an APDU"
    family = entry.family
    if not objects:
        label = LABELS.get(family, family)
    else:
        texts = objects.texts
        if texts is None:
            texts = objects.texts = {}
        known = texts.get(family)
        if known is None:
            known = texts[family] = label_of(family, objects)
        label = known
    if meant and (detail := _meaning(apdu, family, meant)):
        text = f"{label}{SEPARATOR}{detail}"
        return text + refused_text(family, entry.slots, values) if len(objects) > 1 else text
    is_writing = family in _HOLDING and "block_number" not in entry.slots and not _is_written_in_blocks(apdu)
    if is_writing and (are_confidential(objects) if objects else request_secrets(apdu.octets)):
        return f"{label}{SEPARATOR}{MASKED}"
    detail = contents_text(family, apdu, entry.slots, values)
    text = f"{label}{SEPARATOR}{detail}" if detail else label
    return text + refused_text(family, entry.slots, values) if len(objects) > 1 else text


def _is_written_in_blocks(apdu: Apdu) -> bool:
    """Tell whether a request by short names carries a block, of which no more is said than its number."""
    return apdu.octets[:1] == b"\x06" and apdu.octets[2:3] == b"\x07"


def label_of(family: str, objects: Sequence[Object]) -> str:
    """Name the APDU and its objects: what stands before the contents."""
    more = f" and {len(objects) - 1} more" if len(objects) > 1 else ""
    return f"{LABELS.get(family, family)}{SEPARATOR}{object_text(objects[0])}{more}"


def _meaning(apdu: Apdu, family: str, meant: Sequence[Value]) -> str:
    """Say the values of *apdu*: one in full, of several the first."""
    if len(meant) == 1 and family != "data-notification":
        text = said(meant[0])
        return f"{_result_before(apdu)}{text}" if family == "action-response" else text
    told = [one for one in meant if not one.name.endswith("scaler_unit")] or meant
    shown = ", ".join(f"{one.name} {said(one)}" for one in told[:_MOST_VALUES])
    more = ", …" if len(meant) > min(len(told), _MOST_VALUES) else ""
    text = f"{count_text(len(meant), 'value')}: {shown}{more}"
    if family == "data-notification" and apdu.entry is not None and apdu.values is not None:
        time = apdu.values[apdu.entry.slots["date_time"]]
        return f"{date_time_text(time)}{SEPARATOR}{text}" if len(time) == 12 else text
    return text


def _result_before(apdu: Apdu) -> str:
    """Say the result that stands before what a method returned."""
    if apdu.entry is None or apdu.values is None:
        return ""
    slot = apdu.entry.slots.get("result")
    return "" if slot is None else f"{ACTION_RESULT.get(apdu.values[slot], apdu.values[slot])}{SEPARATOR}"


def said(value: Value) -> str:
    """Say a value; what stood on the wire as text in quotes."""
    text = value.text
    is_text = isinstance(value.raw, str) and value.raw.startswith(text.encode().hex().upper())
    return f'"{short_text(text)}"' if is_text and text else short_text(text)
