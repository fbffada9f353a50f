"""Passwords and keys in trees and in octets that people read, to a mask.

Secrets are the calling authentication value of low level security, the password of a local port, and what a client
writes to an attribute or gives to a method that holds a secret. A challenge is none; it stays, as does a key that is
wrapped.
Source: IEC 62056-5-3, AARQ, authentication mechanisms; IEC 62056-21, programming mode; IEC 62056-6-2, the secrets of
classes.toml.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from analyzer.cosem.datum import STRINGS
from analyzer.framing.frame import IEC62056_21
from analyzer.reassembly.blocks import read_block
from analyzer.record import LINK, NOISE, RESPONSE, Apdu, Object, Record
from analyzer.tracking.attributes import held_values
from analyzer.tracking.bare_secrets import bare_secrets, dedicated_keys, request_secrets
from analyzer.tracking.key_changes import open_keys
from analyzer.tracking.plans import plan_of
from analyzer.tracking.standing_names import are_confidential, carries_key, is_confidential
from analyzer.tracking.values import Value
from dissectors.acse import HIGH_LEVEL
from dissectors.axdr import scan_length
from dissectors.characters import MASKED
from dissectors.checks import seven_bits
from dissectors.iec62056_21 import copied_passwords, password_at
from dissectors.reader import read_apdu
from dissectors.tree import Node

MASK_OCTET = 0x2A
"""What stands for each octet of a secret: ``*``."""
_AARQ = b"\x60"
_INITIATE = frozenset((b"\x01", b"\x21", _AARQ, b"\x62", b"\xdb", b"\xdd", b"\xdf"))
"""What begins with an initiate request, or may hold one in clear: AARQ, RLRQ, what signs or authenticates it."""
_NAME, _DEDICATED = "calling-authentication-value", "dedicated-key"
_REST = re.compile(rb"[\x01\x02]?([^(]+)\)[\x03\x04].?\Z", re.DOTALL)
"""The end of a message whose beginning another record has: a parenthesis closes that none opens."""
_VARIABLES, _PARAMETERIZED = "variable_access_specification", 4


class Secret(NamedTuple):
    """Where a secret stands in the octets of an APDU."""

    apdu: bytes
    start: int
    end: int


def secrets(record: Record, values: Sequence[Value] = ()) -> list[Secret]:
    """Find the secrets in *record*; its *values* tell of those behind short names."""
    if record.link == IEC62056_21 or record.kind == NOISE:
        typed = _typed(record)
        if typed or record.kind != NOISE:
            return typed
    objects = record.objects
    if record.apdu is None or record.problem or (record.notes and _is_malformed(record)):
        is_asked = record.direction != RESPONSE and record.kind != LINK  # only what a client writes is a secret
        found = (
            [Secret(record.octets, *one) for one in bare_secrets(record.octets)] if record.problem or is_asked else []
        )
    elif (
        objects
        and objects[0].logical_name
        and not (record.more or record.protection or are_confidential(objects) or any(map(carries_key, objects)))
    ):
        return []
    else:
        found = []
    for further in record.more:
        found += [Secret(further.octets, *one) for one in request_secrets(further.octets)]
    apdus = [one for one in (record.apdu, record.assembled, record.incomplete, *record.more) if one is not None]
    stood = [one for layer in record.protection for one in (layer.around, layer.octets)]  # opened it is another APDU
    for octets in (*[apdu.octets for apdu in apdus], *stood):
        if octets[:1] in _INITIATE:
            found += _asked(octets)
    if not objects:  # and so no values that are of any; a block whose beginning is not there may be of a secret
        return found + [Secret(one.octets, *span) for one in apdus[:1] for span in request_secrets(one.octets)]
    found += [Secret(held.octets, _content(held.octets, held.start), held.end) for held in open_keys(record)]
    behind_names = not objects[0].logical_name and any(one.text == MASKED for one in values)
    if behind_names or are_confidential(objects):
        for apdu in apdus:
            found += _in_block(apdu)
            found += _in_parameters(apdu)
        if record.incomplete is not None:
            found.append(Secret(record.incomplete.octets, 0, len(record.incomplete.octets)))
        for held in held_values(record):
            if behind_names or is_confidential(held.object):
                found.append(Secret(held.octets, _content(held.octets, held.start), held.end))
    return found


def _is_malformed(record: Record) -> bool:
    return any(note.group == "malformed" for note in record.notes)


def _typed(record: Record) -> list[Secret]:
    """Give what a client sends to be let in at a local port, P1 and P2, as it came and without its parity."""
    octets = seven_bits(record.octets)
    span = password_at(octets)
    if span is None and (rest := _REST.match(octets)):
        span = rest.span(1)
    spans = copied_passwords(octets) + ([span] if span is not None else [])
    return [Secret(one, *where) for one in {record.octets, octets} for where in spans if where[0] < where[1]]


@lru_cache(maxsize=256)
def _asked(apdu: bytes) -> tuple[Secret, ...]:
    """Give the secrets in what opens an association: the password of low level security, a dedicated key in clear."""
    found = [Secret(apdu, *one) for one in dedicated_keys(apdu)]
    if apdu[:1] != _AARQ:
        return tuple(found)
    for node in read_apdu(apdu).walk():
        if node.name == "aarq" and (value := node.child(_NAME)) is not None:
            name = node.child("mechanism-name")
            if name is None or not any(HIGH_LEVEL.match(str(one.value)) for one in name.walk()):
                found += [Secret(apdu, one.start // 8, one.end // 8) for one in value.walk() if one.name == "value"]
        elif node.name == _DEDICATED:  # nothing enciphers the initiate request that it stands in
            found.append(Secret(apdu, node.start // 8, node.end // 8))
    return tuple(found)


def _in_block(apdu: Apdu) -> Iterator[Secret]:
    """Give the octets of a block, which end its APDU."""
    if apdu.entry is None or apdu.values is None:
        return
    plan = plan_of(apdu.entry)
    if plan.is_block and (block := read_block(apdu.octets, plan.family, plan.choice, plan.named(apdu.values))):
        at = apdu.octets.rfind(block.raw)
        yield Secret(apdu.octets, at, at + len(block.raw))


def _in_parameters(apdu: Apdu) -> Iterator[Secret]:
    """Give what is handed over with short names, by parameterized access."""
    if apdu.entry is None or apdu.values is None or (slot := apdu.entry.slots.get(_VARIABLES)) is None:
        return
    for tag, one in apdu.values[slot]:
        if tag == _PARAMETERIZED and is_confidential(Object(0, b"", one[1])):
            yield Secret(apdu.octets, _content(apdu.octets, one[3][0]), one[3][1])


def _content(octets: bytes, start: int) -> int:
    """Find where the content of the Data at *start* begins."""
    if octets[start] in STRINGS and start + 1 < len(octets):
        return scan_length(octets, start + 1, len(octets))[1]
    return start + 1


def mask_nodes(nodes: list[Node], buffers: list[bytes], hidden: list[Secret]) -> None:
    """Mask what is *hidden* in trees, each of which stands in the buffer of its root's number."""
    for root in nodes:
        spans = _spans(buffers[root.buffer], hidden)
        if not spans:
            continue
        for node in root.leaves():
            if any(node.start < end * 8 and start * 8 < node.end for start, end in spans):
                node.value, node.text = MASKED, ""


def concealed(octets: bytes, hidden: list[Secret]) -> bytes:
    """Put asterisks in place of what is *hidden* in *octets*."""
    made = bytearray(octets)
    for start, end in _spans(octets, hidden):
        made[start:end] = bytes((MASK_OCTET,)) * (end - start)
    return bytes(made)


def _spans(octets: bytes, hidden: list[Secret]) -> list[tuple[int, int]]:
    """Find where the secrets stand in *octets*, a frame or a buffer that holds their APDU."""
    found = []
    for one in hidden:
        at = octets.find(one.apdu)
        if at >= 0:
            found.append((at + one.start, at + one.end))
    return found
