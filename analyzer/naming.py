"""Names of classes, objects, attributes and methods beside their numbers, in trees and in the texts of trees.

Dissection knows numbers only; what they are called is COSEM's. Wherever class-id, instance-id and attribute-id (or
method-id) stand in a row, their texts get the names. In trees that people read, octets that are a date-time, the name
of an object or characters are followed by what they say; JSON has values for that.
"""

from __future__ import annotations

import re
from functools import lru_cache, partial
from json.encoder import encode_basestring as _string
from typing import NamedTuple

from analyzer.cosem.date_time import date_time_text, looks_like_date_time, plain_iso
from analyzer.cosem.names import attribute_name, class_name, method_name, obis_name, obis_text
from dissectors.tree import Kind, Node


class Names(NamedTuple):
    """The texts of the three numbers of a descriptor."""

    class_id: str
    instance_id: str
    last: str


@lru_cache(maxsize=8192)
def names(class_id: int, logical_name: bytes, number: int, is_method: bool) -> Names:
    """Name the parts of a descriptor; a number without a name stays alone."""
    kind = class_name(class_id)
    called = method_name(class_id, number) if is_method else attribute_name(class_id, number)
    what = obis_name(logical_name)
    return Names(
        f"{class_id} ({kind})" if kind else str(class_id),
        f"{obis_text(logical_name)} {what}" if what else obis_text(logical_name),
        f"{number} ({called})" if called else str(number),
    )


_TIMES = {"date-time": (12,), "date": (5,), "time": (4, 12)}
"""Names of what holds a date-time, a date or a time, and how many octets it has."""
_NAME, _FEWEST, _MOST = 6, 3, 64
_DATE_TIME_DIGITS, _ANY_DATE, _NO_PART = 24, "07EA030201", ("00", "FF")
_YEARS, _WEEKDAYS = range(1990, 2091), (*range(8), 0xFF)
"""Years about today, and days of the week as they are sent."""
_HOURS, _SIXTY = ({f"{number:02X}": f"{number:02}" for number in range(most)} for most in (24, 60))


@lru_cache(maxsize=4096)
def _date(digits: str) -> str:
    octets = bytes.fromhex(digits)
    is_likely = int.from_bytes(octets[:2], "big") in _YEARS and octets[4] in _WEEKDAYS
    return plain_iso(octets + bytes(7))[:10] if is_likely else ""


@lru_cache(maxsize=256)
def _zone(digits: str) -> str:
    """Give the offset of a date-time whose clock has no status."""
    return "" if digits[4:] not in _NO_PART else plain_iso(bytes.fromhex(f"{_ANY_DATE}00000000{digits}"))[19:]


def meaning(name: str, digits: str) -> str:
    """Say what octets in *digits* are; empty where *name* tells of none, or they say nothing."""
    if len(digits) == _DATE_TIME_DIGITS and digits[16:18] in _NO_PART:  # most are plain: their parts are known
        date, zone = _date(digits[:10]), _zone(digits[18:])
        hour, minute, second = _HOURS.get(digits[10:12]), _SIXTY.get(digits[12:14]), _SIXTY.get(digits[14:16])
        if date and zone and hour and minute and second:
            return f"{date}T{hour}:{minute}:{second}{zone}"
    return _said(name, digits) if len(digits) <= 2 * _MOST else ""


@lru_cache(maxsize=4096)
def _said(name: str, digits: str) -> str:
    octets = bytes.fromhex(digits)
    size = len(octets)
    if name != "octet-string" and size not in _TIMES[name]:
        return ""
    if name != "octet-string" or looks_like_date_time(octets):
        return date_time_text(octets)
    if size == _NAME and (what := obis_name(octets)):
        return f"{obis_text(octets)} {what}"
    if size < _FEWEST or not octets.isascii():
        return ""
    text = octets.decode()
    return f'"{text}"' if text.isprintable() and not _QUOTED.search(text) else ""


def name_nodes(nodes: list[Node]) -> None:
    """Give the descriptors in trees their names; none stands inside of Data."""
    pending = list(nodes)
    while pending:
        node = pending.pop()
        if node.kind is not Kind.DATA:
            pending += node.children
            if len(node.children) >= 3 and node.children[0].name == "class-id":
                kind, instance, last = node.children[:3]
                if instance.name != "instance-id" or last.name not in ("attribute-id", "method-id"):
                    continue
                found = names(kind.value, bytes.fromhex(instance.value), last.value, last.name == "method-id")
                kind.text, instance.text, last.text = found


def say_octets(nodes: list[Node]) -> None:
    """Let the texts of octets in trees say what they are."""
    for root in nodes:
        for node in root.walk():
            if (name := node.name) == "octet-string" or name in _TIMES:
                digits = node.value
                if not node.text and isinstance(digits, str) and (said := meaning(name, digits)):
                    node.text = f"{digits} ({said})"


_OUTLINE = re.compile(
    r"class-id: (\d+)\n( *)instance-id: (\d+)-(\d+):(\d+)\.(\d+)\.(\d+)\*(\d+)\n *(attribute|method)-id: (-?\d+)"
)
_QUOTED = re.compile(r"[\"\\\\]")
_MEANT = {name: re.compile(rf"  {name}: ([0-9A-F]+)$", re.MULTILINE) for name in ("octet-string", *_TIMES)}
"""Lines that say octets, by what begins them."""
_OCTETS_MEANT = {"octet-string": _MEANT["octet-string"]}
_MOST_SAID = 20
"""Of more such lines in an outline nothing is said: it is a table, which readings give in words."""
_LAYERS = re.compile(
    r'\{"name": "class-id", "value": (\d+), ("range": \[\d+, \d+\])\}, '
    r'\{"name": "instance-id", "value": "([0-9A-F]{12})", "text": "[^"]*", ("range": \[\d+, \d+\])\}, '
    r'\{"name": "(attribute|method)-id", "value": (-?\d+), '
)


def name_outline(text: str) -> str:
    """Give the descriptors in an outline their names, and octets what they say."""
    if "class-id" in text:
        text = _OUTLINE.sub(_outline_names, text)
    for name, pattern in (_MEANT if "date" in text or "  time: " in text else _OCTETS_MEANT).items():
        if 0 < text.count(f"  {name}: ") <= _MOST_SAID:
            text = pattern.sub(partial(_with_meaning, name), text)
    return text


def _with_meaning(name: str, match: re.Match[str]) -> str:
    said = meaning(name, match[1])
    return f"{match[0]} ({said})" if said else match[0]


def name_layers(text: str) -> str:
    """Give the descriptors in the JSON of layers their names."""
    return _LAYERS.sub(_layers_names, text) if "class-id" in text else text


def _outline_names(match: re.Match[str]) -> str:
    kind, blanks, *groups, what, number = match.groups()
    found = names(int(kind), bytes(map(int, groups)), int(number), what == "method")
    return f"class-id: {found.class_id}\n{blanks}instance-id: {found.instance_id}\n{blanks}{what}-id: {found.last}"


def _layers_names(match: re.Match[str]) -> str:
    kind, first, instance, second, what, number = match.groups()
    found = names(int(kind), bytes.fromhex(instance), int(number), what == "method")
    return (
        f'{{"name": "class-id", "value": {kind}, "text": {_string(found.class_id)}, {first}}}, '
        f'{{"name": "instance-id", "value": "{instance}", "text": {_string(found.instance_id)}, {second}}}, '
        f'{{"name": "{what}-id", "value": {number}, "text": {_string(found.last)}, '
    )
