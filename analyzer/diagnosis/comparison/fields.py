"""APDUs to the fields that are compared: names and texts, without what differs in every session.

Nonces, invoke-ids, counters, block numbers, times, titles and ciphertexts are left out; of secrets only their length is
told. Source of the names: the JSON form of APDUs.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from analyzer.record import Object
from analyzer.tracking.standing_names import carries_key, is_confidential
from dissectors.enumerations import APPLICATION_CONTEXT, MECHANISM
from dissectors.writers import apdu_text

_LEFT_OUT = frozenset({
    "invoke-id-and-priority", "long-invoke-id-and-priority", "block-number", "date-time", "time", "transaction-id",
    "invocation-counter", "ciphered", "ciphered-apdu", "ciphertext", "content", "tag", "signature",
    "originator-system-title", "recipient-system-title", "system-title", "key-info", "plaintext",
    "implementation-information",
})  # fmt: skip
_LENGTHS = frozenset({
    "calling-authentication-value", "responding-authentication-value", "dedicated-key", "calling-AP-title",
    "responding-AP-title", "called-AP-title", "calling-AE-qualifier", "responding-AE-qualifier",
})  # fmt: skip
"""Fields of which the length is compared and nothing else is told."""
_DATA = frozenset({
    "data", "value", "value-list", "notification-body", "attribute-value", "method-invocation-parameters",
    "access-request-list-of-data", "access-response-list-of-data", "access-parameters", "raw-data", "list-of-data",
    "parameter",
})  # fmt: skip
_NAMES = {**APPLICATION_CONTEXT, **MECHANISM}
_HLS_REPLIES = frozenset({(15, 1, True), (12, 8, True)})
"""Methods that take answers to challenges: only their type is compared, as of secrets."""
_DATE_TIME_SIZE = 24
_LONGEST = 60
_MOST_FIELDS, _MOST_MEMBERS = 256, 8


class Fields(NamedTuple):
    """What is compared of one APDU: what matters, and what may well differ (values that were read)."""

    firm: dict[str, str]
    loose: dict[str, str]


def fields_of(octets: bytes, objects: Sequence[Object], *, is_asked: bool) -> Fields:
    """Read an APDU about *objects* into its fields; *is_asked* where it is a request. Total."""
    firm: dict[str, str] = {}
    loose: dict[str, str] = {}
    try:
        told: Any = json.loads(apdu_text(octets))
    except ValueError:
        return Fields({"apdu": f"{len(octets)} octets that do not read"}, {})
    is_hidden = any(map(_is_hidden, objects))
    for path, value in _walk(told, ()):
        if len(firm) >= _MOST_FIELDS:
            break
        name = path[-1] if path else ""
        at = next((index for index, part in enumerate(path) if part in _DATA), None)
        if at is not None:
            firm[f"{_written(path[: at + 1])} type"] = _shape(value)
            held = firm if is_asked else loose
            text = json.dumps(value, ensure_ascii=False)
            if not (is_hidden or _is_time(text)):
                held[_written(path[: at + 1])] = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
        elif isinstance(value, list):
            firm[_written(path)] = ", ".join(sorted(map(str, value)))
        else:
            firm[_written(path)] = _length(value) if name in _LENGTHS else _NAMES.get(str(value), str(value))
    return Fields(firm, loose)


def _is_hidden(one: Object) -> bool:
    return is_confidential(one) or carries_key(one) or (one.class_id, one.attribute, one.is_method) in _HLS_REPLIES


def _walk(told: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Give paths and values; what is Data as a whole, lists of names too."""
    if isinstance(told, dict) and not (path and (path[-1] in _DATA or path[-1] in _LENGTHS)):
        for name, inside in told.items():
            if name not in _LEFT_OUT:
                yield from _walk(inside, (*path, name))
    elif isinstance(told, list) and not (path and path[-1] in _DATA) and any(isinstance(one, dict) for one in told):
        for number, inside in enumerate(told):
            yield from _walk(inside, (*path, str(number)))
    else:
        yield path, told


def _written(path: tuple[str, ...]) -> str:
    """Write a path without the names that only repeat the APDU's own."""
    return ".".join(path[1:] or path)


def _length(value: Any) -> str:
    text = next(iter(value.values())) if isinstance(value, dict) and value else value
    return f"{len(str(text)) // 2} octets"


def _shape(value: Any) -> str:
    """Write the types of Data: ``array of structure(double-long-unsigned, enum)``; lengths of texts are left out."""
    if isinstance(value, list):
        return ", ".join(dict.fromkeys(_shape(one) for one in value))
    if not isinstance(value, dict) or not value:
        return "octets"
    kind, inside = next(iter(value.items()))
    if kind == "array" and isinstance(inside, list):
        return f"array of {_shape(inside[0])}" if inside else "array"
    if kind == "structure" and isinstance(inside, list):
        parts = [_shape(one) for one in inside[:_MOST_MEMBERS]]
        return f"structure({', '.join(parts)}{', …' if len(inside) > _MOST_MEMBERS else ''})"
    return str(kind)


def _is_time(text: str) -> bool:
    """Tell whether Data is a date-time: an octet-string of 12 octets whose year is one of these centuries."""
    value = text.partition('"octet-string": "')[2].partition('"')[0]
    return len(value) == _DATE_TIME_SIZE and value[:2] in ("07", "08")
