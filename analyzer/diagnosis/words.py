"""Records, objects and times in the words of stories. Source: OBIS and class names of IEC 62056-6-1 and 62056-6-2."""

from __future__ import annotations

from analyzer.cosem.names import attribute_name, method_name, obis_name, obis_text
from analyzer.record import Object, Objects
from analyzer.tracking.history import Association, Exchange

_SECOND, _MILLISECOND = 1_000_000_000, 1_000_000
_DAY = 86_400 * _SECOND
SHORT_NAME = "short name "
"""What stands before the number of an object that has no other name."""
_LEAST_TEXT = 8
"""Fewer printable octets in a row may be chance."""


def about(one: Object | None) -> str:
    """Name an object with its attribute or method; empty for None."""
    if one is None:
        return ""
    if not one.logical_name:
        return f"{SHORT_NAME}{one.attribute & 0xFFFF:04X}"
    what = method_name(one.class_id, one.attribute) if one.is_method else attribute_name(one.class_id, one.attribute)
    kind = "method" if one.is_method else "attribute"
    name = obis_name(one.logical_name) or f"class {one.class_id}"
    return f"{obis_text(one.logical_name)} {name}, {kind} {one.attribute} {what or ''}".rstrip()


def about_all(objects: Objects) -> str:
    """Name the first object of a request, and how many more there are."""
    if not objects:
        return ""
    more = f" and {len(objects) - 1} more" if len(objects) > 1 else ""
    return about(objects[0]) + more


def asked(exchange: Exchange) -> str:
    """Name a request: service, record, object."""
    objects = about_all(exchange.objects)
    return f"{exchange.service} in record {exchange.request}" + (f" ({objects})" if objects else "")


def seconds(span_ns: int | None) -> str:
    """Say a span of time, milliseconds below a second; empty where it is not known."""
    if span_ns is None:
        return ""
    if abs(span_ns) < 10 * _MILLISECOND:
        return f"{span_ns / _MILLISECOND:.1f} ms"
    if abs(span_ns) < _SECOND:
        return f"{span_ns / _MILLISECOND:.0f} ms"
    if abs(span_ns) >= 2 * _DAY:
        return f"{span_ns / _DAY:.0f} days"
    return f"{span_ns / _SECOND:.1f} s" if span_ns < 1000 * _SECOND else f"{span_ns / _SECOND:.0f} s"


def after(begin_ns: int | None, end_ns: int | None) -> str:
    """Say how long after one time another was: ``, 2.0 s later``; empty where it is not known."""
    if begin_ns is None or end_ns is None:
        return ""
    return f", {seconds(end_ns - begin_ns)} later"


def both(one: Association) -> str:
    """Name the two of an association."""
    if one.client is None and one.server is None:
        return "the association"
    return f"the association of client {one.client} with meter {one.server}"


def octets_are(count: int) -> str:
    """Count octets of which something is said: ``1 octet is``, ``2 octets are``."""
    return f"{octets(count)} {'is' if count == 1 else 'are'}"


def octets(count: int) -> str:
    """Count octets."""
    return f"{count} octet{'s' * (count != 1)}"


def kind_of_text(octets: bytes) -> str:
    """Say what characters text has, never which: it may be a login; empty where it is none."""
    said = octets.strip()
    if len(octets) < _LEAST_TEXT or not said.isascii() or not b"".join(said.split()).decode("ascii").isprintable():
        return ""
    kind = "digits" if said.isdigit() else "letters and digits" if said.isalnum() else "printable characters"
    return f"{kind} and a line end" if octets[-1:] in b"\r\n" else kind
