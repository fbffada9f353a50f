"""Records as JSON Lines: one object a record, members as the interface page states them.

Text is put together from pieces, the APDU's by the writers of the dissectors: building objects first costs five times
as much.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from copy import copy
from json.encoder import encode_basestring
from typing import Any

from analyzer.detail import detail, walk
from analyzer.export.message import message_form
from analyzer.export.summary import summary
from analyzer.export.times import seconds_text
from analyzer.export.usual import UsualSummaries, no_value
from analyzer.export.utf8 import DELETE, encoded, plain_json
from analyzer.export.value_json import value_text
from analyzer.layer_forms import LayersText
from analyzer.masking import secrets
from analyzer.record import APDU, MESSAGE, Closed, Record
from analyzer.tracking.frame_checks import has_no_source
from analyzer.tracking.plans import plan_of
from analyzer.tracking.rewriting import masked_apdu
from analyzer.tracking.values import Value, no_values
from dissectors import checks, gateway, reader
from dissectors.hdlc import FLAG, control_type
from dissectors.mbus_octets import FINAL, HEADER_SIZE, LONG, SINGLE, function_name, is_transport, is_whole, length_of
from dissectors.tree import Note
from dissectors.writers import apdu_text

_text = json.JSONEncoder(ensure_ascii=False).encode
_LAYERS = LayersText()
_SHORT_FRAME = 16


class JsonLines:
    """Writes records. *layers* adds each record's whole tree; *more* are members put first into every line."""

    def __init__(
        self, digits: Callable[[], int], *, layers: bool = False, more: dict[str, Any] | None = None,
        values: Callable[[Record], list[Value]] = no_values,
    ) -> None:  # fmt: skip
        self._digits = digits
        self._values = values
        self._layers = layers
        self._first = "".join(f"{_text(name)}: {_text(value)}, " for name, value in (more or {}).items())
        self._texts: dict[Any, str] = {}
        self._usual = UsualSummaries(no_value, _member)

    def line(self, record: Record) -> str:
        """Write *record* as one line, without its end."""
        return "".join(self._pieces(record))

    def octets(self, record: Record) -> bytes:
        """Write *record* as `line` does, in UTF-8."""
        return encoded(self._pieces(record))

    def _pieces(self, record: Record) -> Sequence[str]:
        """Write *record* in pieces: those that may hold more than ASCII stand alone."""
        middle = self._usual.asked(record)  # which has no values
        values: Sequence[Value] = ()
        if middle is None:
            values = self._values(record)
            middle = self._summary(record, values)
            own = self._values(_alone(record)) if record.beside else values
            if own:
                middle += plain_json(f', "values": [{", ".join([value_text(one) for one in own])}]')
        head = self._head(record, self._digits())
        notes = f', "notes": [{", ".join(map(note_text, record.notes))}]' if record.notes else ""
        tail = f', "octets": "{record.octets.hex().upper()}"{notes}'
        tail = f'{tail}, "layers": [{_layers(record, values)}]}}' if self._layers else tail + "}"
        # most are ASCII, and a call takes longer than to see that
        return (
            head if head.isascii() and DELETE not in head else plain_json(head),
            middle,
            tail if tail.isascii() and DELETE not in tail else plain_json(tail),
        )

    def _summary(self, record: Record, values: Sequence[Value]) -> str:
        """Write the ``summary`` member."""
        usual = self._usual.answered(record, values)
        if usual is None:
            return _member(summary(record, values))
        text = encode_basestring(usual[1])
        return f"{usual[0][:-1]}{plain_json(text)[1:]}"  # one text in place of two

    def _head(self, record: Record, digits: int) -> str:
        """Write what stands before the summary."""
        text = f'{{{self._first}"number": {record.number}'
        if record.time_ns is not None:
            text += f', "time": {seconds_text(record.time_ns, digits)}'
            if record.start_ns is not None and record.start_ns != record.time_ns:
                text += f', "start": {seconds_text(record.start_ns, digits)}'
        packets = record.packets
        numbers = packets[0] if len(packets) == 1 else ", ".join(map(str, packets))
        text += f', "packets": [{numbers}]{self._addresses(record)}'
        if record.association is not None:
            text += f', "association": {record.association}'
        if record.request is not None:
            text += f', "request": {record.request}'
        if record.latency_ns is not None:
            text += f', "latency": {seconds_text(record.latency_ns, digits)}'
        if record.link == "wrapper":
            text += self._wrapper(record.octets)
        elif record.link == "hdlc":
            text += self._hdlc(record)
        elif record.link == "mbus":
            text += f', "mbus": {_text(_mbus(record))}'
        elif record.kind == MESSAGE:
            text += f', "message": {_text(message_form(record))}'
        if record.gateway:
            text += f', "gateway": {_text(gateway.members(record.gateway))}'
        text += _apdus(record)
        if record.beside:
            text += f', "more": [{", ".join(map(self._more, record.beside))}]'
        return text

    def _more(self, record: Record) -> str:
        """Write what a further APDU of a frame is."""
        values = self._values(record)
        text = f'{{{_apdus(record).removeprefix(", ")}, "summary": {_text(summary(record, values))}'
        if values:
            text += f', "values": [{", ".join(map(value_text, values))}]'
        return text + "}"

    def _addresses(self, record: Record) -> str:
        """Write lane, link, kind, direction, client and server; the same few texts come again and again."""
        key = (record.lane.text, record.link, record.kind, record.direction, record.client, record.server)
        known = self._texts.get(key)
        if known is None:
            known = f', "lane": {_text(record.lane.text)}, "link": "{record.link}", "kind": "{record.kind}"'
            known += f', "direction": "{record.direction}"'
            if record.client is not None:
                known += f', "client": {_text(record.client)}'
            if record.server is not None:
                known += f', "server": {_text(record.server)}'
            if len(self._texts) > 8192:
                self._texts.clear()
            self._texts[key] = known
        return known

    def _wrapper(self, octets: bytes) -> str:
        """Write the ``wrapper`` member."""
        header = octets[:8]
        known = self._texts.get(header)
        if known is None:
            names = ("version", "source", "destination", "length")
            words = [int.from_bytes(octets[at : at + 2], "big") for at in range(0, 8, 2)]
            known = f', "wrapper": {_text(dict(zip(names, words, strict=True)))}'
            if len(self._texts) > 8192:
                self._texts.clear()
            self._texts[header] = known
        return known

    def _hdlc(self, record: Record) -> str:
        """Write the ``hdlc`` member; that of frames which carry nothing, such as RR, once."""
        octets = record.octets
        if len(octets) > _SHORT_FRAME:
            return _hdlc(record)
        key = octets, record.control, record.problem
        known = self._texts.get(key)
        if known is None:
            if len(self._texts) > 8192:
                self._texts.clear()
            known = self._texts[key] = _hdlc(record)
        return known


def _member(text: str) -> str:
    """Write the ``summary`` member whose text is *text*."""
    return plain_json(f', "summary": {encode_basestring(text)}')


def _alone(record: Record) -> Record:
    """Give *record* without the further APDUs of its frame."""
    first = copy(record)
    first.more = first.beside = ()
    return first


def _apdus(record: Record) -> str:
    """Write what the record carries, as far as there is something."""
    layers = record.protection
    shown = record.shown if layers else record.apdu
    entry = shown[1] if shown is not None and record.kind == APDU and not (layers or record.parts) else None
    if shown is not None and entry is not None and not (entry.may_be_closed or (entry.plan or plan_of(entry)).is_block):
        return f', "apdu": {apdu_text(shown[0])}'  # as nearly all are
    is_asked = not layers and shown is not None and shown.entry is not None and shown.entry.may_be_closed
    if is_asked and (closed := record.unopened) is not None:
        layers = (closed,)
    text = ""
    if shown is not None and record.kind != MESSAGE:
        text = f', "apdu": {apdu_text(shown.octets)}'
    if record.closed is not None:
        text += f', "ciphered": {_text(_closed(record.closed))}'
    if layers:
        text += f', "protection": [{", ".join(_text(_protection(one)) for one in layers)}]'
    if record.part_of is not None:
        text += f', "part_of": {record.part_of}'
    if record.parts:
        text += f', "parts": {list(record.parts)}'
    if record.assembled is not None:
        text += f', "assembled": {apdu_text(record.assembled.octets)}'
    if record.incomplete is not None:
        text += f', "incomplete": {apdu_text(record.incomplete.octets)}'
    return text


def _closed(closed: Closed) -> dict[str, Any]:
    slots, values = closed.entry.slots, closed.values
    form: dict[str, Any] = {"apdu": closed.entry.family, "security-control": f"{values[slots['security_control']]:02X}"}
    if values[slots["invocation_counter"]] is not None:
        form["invocation-counter"] = values[slots["invocation_counter"]]
    for name in ("system_title", "originator_system_title"):
        if name in slots and values[slots[name]]:
            form["system-title"] = values[slots[name]].hex().upper()
    if closed.key:
        form["key"] = closed.key
    form["status"] = closed.status
    if closed.plaintext:
        form["plaintext"] = masked_apdu(closed.plaintext).hex().upper()
    return form


def _protection(closed: Closed) -> dict[str, Any]:
    name, members = next(iter(reader.apdu_json(closed.octets).items()))
    header = {one: value for one, value in members.items() if one not in ("ciphered", "content")}
    key = {"key": closed.key} if closed.key else {}
    return {"type": name, **header, **key, "status": closed.status}


def _hdlc(record: Record) -> str:
    """Write the ``hdlc`` member: frame type, bits, numbers, verdicts on the check sequences, length."""
    octets, control = record.octets, record.control
    start = 1 if octets[0] == FLAG else 0
    if control is None or len(octets) < start + 2:
        return ""
    length = (octets[start] & 7) << 8 | octets[start + 1]
    kind = control_type(control)
    text = f', "hdlc": {{"type": "{kind}", "s": {octets[start] >> 3 & 1}, "pf": {control >> 4 & 1}'
    if kind == "I":
        text += f', "ns": {control >> 1 & 7}'
    if control & 3 != 3:
        text += f', "nr": {control >> 5}'
    end = min(start + length, len(octets))
    header_end = _header_end(octets, start, 1 if has_no_source(record) else 2)
    hcs = "absent" if header_end >= end else "ok" if checks.fcs_is_good(octets[start:header_end]) else "bad"
    fcs = "ok"
    if record.problem:
        fcs = "ok" if checks.fcs_is_good(octets[start:end]) else "bad"
    elif octets[end - 2 : end] == b"\0\0" and not checks.fcs_is_good(octets[start:end]):
        fcs = "unused"
    return f'{text}, "hcs": "{hcs}", "fcs": "{fcs}", "length": {length}}}}}'[:-1]


def _mbus(record: Record) -> dict[str, Any]:
    """Give the ``mbus`` member: kind of frame, function, C, A and CI fields, segment, verdict on the checksum."""
    octets = record.octets
    begin = HEADER_SIZE if octets[0] == LONG else 1
    form: dict[str, Any] = {"type": {SINGLE: "single-character", LONG: "long"}.get(octets[0], "short")}
    if octets[0] == SINGLE or len(octets) < begin + 2:
        return form
    form |= {"function": function_name(octets[begin]), "control": f"{octets[begin]:02X}", "address": octets[begin + 1]}
    if octets[0] == LONG:
        length = length_of(octets, 0, len(octets))
        if len(octets) > begin + 2:
            form["control-information"] = f"{octets[begin + 2]:02X}"
            if is_transport(octets[begin + 2]):
                form |= {"segment": octets[begin + 2] & 0xF, "final": bool(octets[begin + 2] & FINAL)}
        is_good = is_whole(octets, 0, length)
        return form | {"checksum": "ok" if is_good else "bad", "length": length}
    return form | {"checksum": "bad" if record.problem else "ok"}


def _header_end(octets: bytes, start: int, addresses: int) -> int:
    """Find the octet after the HCS, if there is one."""
    at = start + 2
    for _ in range(addresses):
        while at < len(octets) and not octets[at] & 1:
            at += 1
        at += 1
    return at + 3


def _layers(record: Record, values: Sequence[Value]) -> str:
    """Write the layers; where something is noted or secret, from the trees, which carry the notes and the masks."""
    if record.notes or secrets(record, values):
        found = [_text(reader.node_form(node)) for node in detail(record, values, is_read=False)]
    else:
        found = walk(record, _LAYERS)
    return ", ".join(found)


def note_text(note: Note) -> str:
    """Write one note."""
    return _text(reader.note_form(note))


__all__ = ["JsonLines", "note_text"]
