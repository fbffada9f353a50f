"""What stands in a record, layer by layer: one walk that gives a tree of nodes, or their texts by the fast writers.

A pure function of the record's octets and of what it was joined from; it can be repeated at any time.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from analyzer.layer_forms import TELEGRAM, Form, Inside, Nodes, T
from analyzer.masking import concealed, mask_nodes, secrets
from analyzer.naming import name_nodes, say_octets
from analyzer.record import MESSAGE, Apdu, Closed, Record
from analyzer.record import REQUEST as ASKED
from analyzer.tracking.findings import finding
from analyzer.tracking.frame_checks import has_no_source
from analyzer.tracking.values import Value
from dissectors.checks import has_parity, seven_bits
from dissectors.gateway import TYPES as GATEWAYS
from dissectors.gateway import Gateway
from dissectors.hdlc import Hdlc, LoneHdlc
from dissectors.iec62056_21 import message_layer
from dissectors.llc import REQUEST, RESPONSE, Llc, Llc432
from dissectors.mbus import FRAMES as MBUS_FRAMES
from dissectors.mbus import transport_payload
from dissectors.p1 import telegram_layer
from dissectors.reader import tree
from dissectors.scanning import reads
from dissectors.tree import Node
from dissectors.wrapper import HEADER_SIZE, Wrapper

_LLC_SIZE = 3
_ENCRYPTED = 0x20
_SHORT_FRAME = 64
_TOO_SHORT = ("capture-cut", "apdu-malformed")
"""What the end of an APDU that is too short is: the capture's fault, or the sender's."""


def detail(record: Record, values: Sequence[Value] = (), *, is_read: bool = True) -> list[Node]:
    """Give the layers of *record* as trees, outermost first; every buffer beside the frame is a node of its own.

    The record's *values* tell of secrets behind short names. Where people read it, octets say what they are.
    """
    nodes = walk(record, Nodes())
    if {note.code for note in record.notes} & {*_TOO_SHORT} == {_TOO_SHORT[1]}:
        _blame_sender(nodes)
    name_nodes(nodes)
    if is_read:
        say_octets(nodes)
    if hidden := secrets(record, values):
        mask_nodes(nodes, [octets for _, octets in _octets(record)], hidden)
    return nodes


def _blame_sender(nodes: Sequence[Node]) -> None:
    """Let what is too short be the sender's fault, as the record says of a unit that is whole."""
    for node in (each for root in nodes for each in root.walk()):
        node.notes = [
            finding(_TOO_SHORT[1], note.text, note.start, note.end) if note.code == _TOO_SHORT[0] else note
            for note in node.notes
        ]


def buffers(record: Record, values: Sequence[Value] = ()) -> list[tuple[str, bytes]]:
    """Give the named octets that the nodes of :func:`detail` are places in, in the order of their numbers.

    Asterisks stand in place of secrets.
    """
    hidden = secrets(record, values)
    found = _octets(record)
    return [(name, concealed(octets, hidden)) for name, octets in found] if hidden else found


def _octets(record: Record) -> list[tuple[str, bytes]]:
    octets = record.octets
    if record.kind == MESSAGE and record.apdu is None and has_parity(octets):
        octets = seven_bits(octets)
    stood = _stood(record)
    found = [("frame", octets), *_buffers(record, stood, _place(record, stood))]
    if record.kind == MESSAGE and record.closed is not None:
        found.append((TELEGRAM, record.closed.plaintext))
    return found


def _stood(record: Record) -> Apdu | None:
    """Give the APDU that stood on the line, closed where it is protected."""
    apdu = record.apdu
    if not record.protection:
        return apdu
    outer = record.protection[0]
    return Apdu(outer.stood, outer.entry, None, apdu.at if apdu else -1)


def walk(record: Record, form: Form[T]) -> list[T]:
    """Give the layers of *record* in *form*, outermost first."""
    octets, apdu = record.octets, record.apdu
    if apdu is not None and apdu.at >= 0 and not (record.protection or record.assembled or record.kind == MESSAGE):
        found = _usual(record, form, apdu)  # as nearly every frame is
        return found if record.incomplete is None else [*found, *_beside(record, form, apdu, apdu.at)]
    stood = _stood(record)
    at = _place(record, stood)
    is_text = (record.kind == MESSAGE and apdu is None) or (record.link == "p1" and at < 0)
    if is_text and record.link not in ("hdlc", "mbus"):
        plain = seven_bits(octets) if has_parity(octets) and apdu is None else octets
        layer = telegram_layer(plain) if record.link == "p1" else message_layer(plain)
        found = [form.layer(layer, plain, 0, len(plain))]
    else:
        found = _frame(record, form, at if at >= 0 else _carrier(record), at, stood)
    return found + _beside(record, form, stood, at)


def _usual(record: Record, form: Form[T], apdu: Apdu) -> list[T]:
    """Give the layers of a frame that holds *apdu*; those of short requests once."""
    octets, requests = record.octets, form.requests
    if requests is None or record.direction != ASKED or len(octets) > _SHORT_FRAME:
        return _frame(record, form, apdu.at, apdu.at, apdu)
    key = record.link, octets, apdu.at, len(apdu.octets)
    return requests.get(key) or requests.keep(key, _frame(record, form, apdu.at, apdu.at, apdu))


def _frame(record: Record, form: Form[T], carrier: int, at: int, stood: Apdu | None) -> list[T]:
    """Give the layers of the frame: at *carrier* an APDU begins, which is *stood* where it is the one *at*."""
    octets, link = record.octets, record.link
    if link == "wrapper":
        found = [form.layer(Wrapper, octets, 0, min(HEADER_SIZE, len(octets)))]
        if carrier > HEADER_SIZE:
            found += _headers(form, octets, HEADER_SIZE, carrier)
        return found + form.apdu(octets, carrier, len(octets)) if carrier >= 0 else found
    if link in ("hdlc", "mbus"):
        is_whole = link == "hdlc" and stood is not None and at >= 0
        length = len(stood.octets) if is_whole and stood is not None else len(octets)
        inside = _information(form, carrier, length) if carrier >= 0 else None
        layer = _hdlc(record) if link == "hdlc" else MBUS_FRAMES[octets[0]]
        return [form.layer(layer, octets, 0, len(octets), inside)]
    if carrier >= 0:
        return [*_headers(form, octets, 0, carrier), *form.apdu(octets, carrier, len(octets))]
    return [form.octets(octets)]


def _hdlc(record: Record) -> type[Hdlc]:
    """Give the layer of an HDLC frame: with both addresses, or without a source."""
    return LoneHdlc if has_no_source(record) else Hdlc


def _beside(record: Record, form: Form[T], stood: Apdu | None, at: int) -> list[T]:
    """Give what was joined or opened, each in a buffer of its own beside the frame."""
    buffers = _buffers(record, stood, at)
    found = [form.buffer(name, number, inner) for number, (name, inner) in enumerate(buffers, 1)]
    if record.kind == MESSAGE and record.closed is not None:
        found.append(form.telegram(len(buffers) + 1, record.closed.plaintext))
    return found


def _opened(layer: Closed) -> str:
    """Name the buffer that opening *layer* gave."""
    return "deciphered APDU" if layer.values[layer.entry.slots["security_control"]] & _ENCRYPTED else "opened APDU"


def _place(record: Record, stood: Apdu | None) -> int:
    """Find where the APDU stands in the frame; -1 where it stands in a buffer of its own."""
    if stood is None:
        return -1
    if stood.at >= 0:
        return stood.at
    return record.octets.find(stood.octets) if record.protection and not record.parts else -1


def _carrier(record: Record) -> int:
    """Find where the block begins that completed the APDU of *record*; -1 where the frame holds no APDU of its own.

    A last HDLC segment holds none; it does not begin with LLC, as a general-block-transfer in a whole frame does.
    """
    octets = record.octets
    if record.link in ("noise", "p1") or record.apdu is None:
        return -1
    begin = 0
    if record.link == "mbus":
        begin = transport_payload(octets)
        # of many segments the last may be numbered 0 again
        return begin + _prefix(record, begin) if begin >= 0 and reads(octets[begin:-2]) else -1
    if record.link == "wrapper":
        return HEADER_SIZE + _prefix(record, HEADER_SIZE)
    if record.link == "hdlc":
        information = tree(_hdlc(record), octets).child("information")
        if information is None or octets[information.start // 8 :][:_LLC_SIZE] not in (REQUEST, RESPONSE):
            return -1
        begin = information.start // 8
    while octets[begin : begin + _LLC_SIZE] in (REQUEST, RESPONSE) or (not begin and record.link == "llc"):
        begin += _LLC_SIZE
    return begin + _prefix(record, begin)


def _prefix(record: Record, at: int) -> int:
    """Count the octets of the gateway prefix, if it stands at *at* in the frame."""
    return len(record.gateway) if record.gateway and record.octets.startswith(record.gateway, at) else 0


def _information(form: Form[T], at: int, length: int) -> Inside[T]:
    """Make what gives the inside of an information field: LLC, and at *at* the APDU of *length* octets."""

    def inside(octets: bytes, begin: int, end: int) -> list[T]:
        stop = min(at + length, end)
        found = _headers(form, octets, begin, at) + form.apdu(octets, at, stop)
        while stop < end:  # more LSDUs in the same frame, each behind its LLC
            next_at = stop + _LLC_SIZE if octets[stop : stop + _LLC_SIZE] in (REQUEST, RESPONSE) else stop
            ends = (octets.find(REQUEST, next_at, end), octets.find(RESPONSE, next_at, end))
            until = min((one for one in ends if one > 0), default=end)
            found += _headers(form, octets, stop, next_at) + form.apdu(octets, next_at, until)
            stop = until
        return found

    return inside


def _headers(form: Form[T], octets: bytes, begin: int, end: int) -> list[T]:
    """Give the LLC headers and the gateway prefix that stand before an APDU."""
    found: list[T] = []
    at = begin
    while at < end:
        is_llc = octets[at : at + _LLC_SIZE] in (REQUEST, RESPONSE)
        is_llc |= end - at == _LLC_SIZE and octets.startswith((REQUEST[:2], RESPONSE[:2]), at)  # of another quality
        layer: Any = Llc if is_llc else Llc432
        if layer is Llc432 and octets[at] in GATEWAYS:
            return [*found, form.layer(Gateway, octets, at, end)]
        found.append(form.layer(layer, octets, at, min(at + _LLC_SIZE, end)))
        at += _LLC_SIZE
    return found


def _buffers(record: Record, stood: Apdu | None, at: int) -> list[tuple[str, bytes]]:
    """Name what was joined or opened, each a buffer of its own."""
    found: list[tuple[str, bytes]] = []
    if stood is not None and at < 0:
        count = f" ({len(record.parts)} parts)" if record.parts else ""
        found.append((f"reassembled APDU{count}", stood.octets))
    layers = record.protection
    found += [(_opened(before), one.stood) for before, one in pairwise(layers) if not before.is_signed]
    if record.apdu is not None and layers and layers[-1].is_opened and not layers[-1].is_signed:
        found.append((_opened(layers[-1]), record.apdu.octets))
    if record.assembled is not None:
        found.append((f"assembled APDU ({len(record.parts)} records)", record.assembled.octets))
    if record.incomplete is not None:
        found.append(("incomplete APDU", record.incomplete.octets))
    return found
