"""A record's whole tree, made anew on demand: a pure function of the record's octets and what it was joined from."""

from __future__ import annotations

from analyzer.record import Apdu, Record
from dissectors import registry
from dissectors.hdlc import Hdlc
from dissectors.llc import REQUEST, RESPONSE, Llc, Llc432
from dissectors.pdu import Layer
from dissectors.reader import tree
from dissectors.tree import Kind, Node
from dissectors.wrapper import HEADER_SIZE, Wrapper

_LLC_SIZE = 3


def detail(record: Record) -> list[Node]:
    """Give the layers of *record*, outermost first. Every buffer beside the frame is a node that says what it holds."""
    octets, apdu = record.octets, record.apdu
    stood = Apdu(record.closed.octets, record.closed.entry, None, apdu.at if apdu else -1) if record.closed else apdu
    at = _place(record, stood)
    carrier = at if at >= 0 else _carrier(record)
    if record.link == "hdlc":
        nodes = [_hdlc(octets, carrier, len(stood.octets) if stood is not None and at >= 0 else len(octets))]
    elif record.link == "wrapper":
        nodes = [tree(Wrapper, octets, 0, min(HEADER_SIZE, len(octets)))]
        if carrier >= 0:
            nodes += _apdu(octets, carrier, len(octets))
    elif carrier >= 0:
        nodes = [*_headers(octets, 0, carrier), *_apdu(octets, carrier, len(octets))]
    else:
        nodes = [Node("octets", Kind.LEAF, 0, len(octets) * 8, octets.hex().upper())]
    return nodes + _buffers(record, stood, at)


def _place(record: Record, stood: Apdu | None) -> int:
    """Find where the APDU stands in the frame; -1 where it stands in a buffer of its own."""
    if stood is None:
        return -1
    if stood.at >= 0:
        return stood.at
    return record.octets.find(stood.octets) if record.closed is not None and not record.parts else -1


def _carrier(record: Record) -> int:
    """Find where the block begins that completed the APDU of *record*; -1 where the frame holds no APDU of its own.

    A last HDLC segment holds none; it does not begin with LLC, as a general-block-transfer in a whole frame does.
    """
    octets = record.octets
    if record.link == "noise" or record.apdu is None:
        return -1
    begin = 0
    if record.link == "wrapper":
        return HEADER_SIZE
    if record.link == "hdlc":
        information = tree(Hdlc, octets).child("information")
        if information is None or octets[information.start // 8 :][:_LLC_SIZE] not in (REQUEST, RESPONSE):
            return -1
        begin = information.start // 8
    while octets[begin : begin + _LLC_SIZE] in (REQUEST, RESPONSE) or (not begin and record.link == "llc"):
        begin += _LLC_SIZE
    return begin


def _hdlc(octets: bytes, at: int, length: int) -> Node:
    """The frame's tree, with LLC and the APDU of *length* octets in place of the information field's octets."""
    frame = tree(Hdlc, octets)
    information = frame.child("information")
    if information is None or information.kind is not Kind.LEAF or at < 0:
        return frame
    begin, end = information.start // 8, information.end // 8
    information.kind, information.value, information.text = Kind.LAYER, None, ""
    information.children = _headers(octets, begin, at)
    stop = min(at + length, end)
    information.children += _apdu(octets, at, stop)
    while stop < end:  # more LSDUs in the same frame, each behind its LLC
        next_at = stop + _LLC_SIZE if octets[stop : stop + _LLC_SIZE] in (REQUEST, RESPONSE) else stop
        following = [
            one for one in (octets.find(REQUEST, next_at, end), octets.find(RESPONSE, next_at, end)) if one > 0
        ]
        until = min(following, default=end)
        information.children += _headers(octets, stop, next_at) + _apdu(octets, next_at, until)
        stop = until
    return frame


def _headers(octets: bytes, begin: int, end: int) -> list[Node]:
    """The LLC headers that stand before an APDU."""
    nodes = []
    for at in range(begin, end - _LLC_SIZE + 1, _LLC_SIZE):
        is_llc = octets[at : at + _LLC_SIZE] in (REQUEST, RESPONSE)
        layer: type[Layer] = Llc if is_llc else Llc432
        nodes.append(tree(layer, octets, at, at + _LLC_SIZE))
    return nodes


def _apdu(octets: bytes, at: int, end: int) -> list[Node]:
    root = Node("apdu", Kind.CHOICE, at * 8, end * 8)
    registry.grow_apdu(root, octets, at, end)
    return root.children


def _buffers(record: Record, stood: Apdu | None, at: int) -> list[Node]:
    """Give what was joined or opened, each in a buffer with a name."""
    found: list[tuple[str, bytes]] = []
    if stood is not None and at < 0:
        count = f" ({len(record.parts)} parts)" if record.parts else ""
        found.append((f"reassembled APDU{count}", stood.octets))
    if record.closed is not None and record.apdu is not None:
        found.append(("opened APDU", record.apdu.octets))
    if record.assembled is not None:
        found.append((f"assembled APDU ({len(record.parts)} records)", record.assembled.octets))
    if record.incomplete is not None:
        found.append(("incomplete APDU", record.incomplete.octets))
    nodes = []
    for number, (name, octets) in enumerate(found, 1):
        node = Node(name, Kind.LAYER, 0, len(octets) * 8, buffer=number)
        registry.grow_apdu(node, octets, 0, len(octets))
        node.end = len(octets) * 8
        nodes.append(node)
    return nodes
