"""What stands in a record, layer by layer: one walk that gives a tree of nodes, or their texts by the fast writers.

A pure function of the record's octets and of what it was joined from; it can be repeated at any time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any, Generic, TypeVar

from analyzer.masking import concealed, mask_nodes, secrets
from analyzer.naming import name_layers, name_nodes, name_outline
from analyzer.record import MESSAGE, Apdu, Closed, Record
from analyzer.tracking.values import Value
from dissectors import registry, writers
from dissectors.checks import has_parity, seven_bits
from dissectors.gateway import TYPES as GATEWAYS
from dissectors.gateway import Gateway
from dissectors.hdlc import Hdlc
from dissectors.iec62056_21 import message_layer
from dissectors.llc import REQUEST, RESPONSE, Llc, Llc432
from dissectors.mbus import FRAMES as MBUS_FRAMES
from dissectors.mbus import transport_payload
from dissectors.p1 import P1Telegram, telegram_layer
from dissectors.pdu import Layer
from dissectors.reader import tree
from dissectors.scanning import reads
from dissectors.tree import Kind, Node
from dissectors.wrapper import HEADER_SIZE, Wrapper

_LLC_SIZE = 3
_ENCRYPTED = 0x20
_TELEGRAM = "deciphered telegram"
_MOST_REMEMBERED = 4096
T = TypeVar("T")
Inside = Callable[[bytes, int, int], list[T]]


class Form(Generic[T]):
    """What a layer of a record becomes: a node, or text."""

    def layer(self, layer: type[Layer], octets: bytes, at: int, end: int, inside: Inside[T] | None = None) -> T:
        """Give the form of *layer*; *inside* gives what takes the place of an information field's octets."""
        raise NotImplementedError

    def apdu(self, octets: bytes, at: int, end: int) -> list[T]:
        """Give the forms of an APDU, normally one."""
        raise NotImplementedError

    def octets(self, octets: bytes) -> T:
        """Give the form of octets that are nothing known."""
        raise NotImplementedError

    def buffer(self, name: str, number: int, octets: bytes) -> T:
        """Give the form of an APDU in the buffer *name*, the *number*-th beside the frame."""
        raise NotImplementedError

    def telegram(self, number: int, octets: bytes) -> T:
        """Give the form of the telegram that deciphering gave, in the *number*-th buffer beside the frame."""
        raise NotImplementedError


class Nodes(Form[Node]):
    """Trees of nodes."""

    def layer(self, layer: type[Layer], octets: bytes, at: int, end: int, inside: Inside[Node] | None = None) -> Node:
        """Read the layer's tree."""
        return tree(layer, octets, at, end, inside)

    def apdu(self, octets: bytes, at: int, end: int) -> list[Node]:
        """Read the APDU's tree."""
        root = Node("apdu", Kind.CHOICE, at * 8, end * 8)
        registry.grow_apdu(root, octets, at, end)
        return root.children

    def octets(self, octets: bytes) -> Node:
        """Make one leaf."""
        return Node("octets", Kind.LEAF, 0, len(octets) * 8, octets.hex().upper())

    def buffer(self, name: str, number: int, octets: bytes) -> Node:
        """Make a node for the buffer, with the APDU's tree below."""
        node = Node(name, Kind.LAYER, 0, len(octets) * 8, buffer=number)
        registry.grow_apdu(node, octets, 0, len(octets))
        node.end = len(octets) * 8
        return node

    def telegram(self, number: int, octets: bytes) -> Node:
        """Read the telegram's tree."""
        node = Node(_TELEGRAM, Kind.LAYER, 0, len(octets) * 8, buffer=number)
        node.add(tree(P1Telegram, octets))
        return node


class Remembered(dict[tuple[Any, ...], str]):
    """Texts of headers, which come again and again; bounded."""

    def keep(self, key: tuple[Any, ...], text: str) -> str:
        """Keep *text* and give it back."""
        if len(self) >= _MOST_REMEMBERED:
            self.clear()
        self[key] = text
        return text


class LayersText(Form[str]):
    """The JSON of ``layers``."""

    def __init__(self) -> None:
        self._headers = Remembered()

    def layer(self, layer: type[Layer], octets: bytes, at: int, end: int, inside: Inside[str] | None = None) -> str:
        """Write the layer's form."""
        if inside is None and end - at <= HEADER_SIZE:
            key = (layer, at, octets[at:end])
            return self._headers.get(key) or self._headers.keep(key, writers.layer_text(layer, octets, at, end))
        if inside is None:
            return writers.layer_text(layer, octets, at, end)
        return writers.layer_text(layer, octets, at, end, lambda o, a, e: ", ".join(inside(o, a, e)))

    def apdu(self, octets: bytes, at: int, end: int) -> list[str]:
        """Write the APDU's forms."""
        text = (_short_layers if end - at <= writers.SHORT else _named_layers)(octets, at, end)
        return [text] if text else []

    def octets(self, octets: bytes) -> str:
        """Write one leaf."""
        return f'{{"name": "octets", "value": "{octets.hex().upper()}", "range": [0, {len(octets)}]}}'

    def buffer(self, name: str, number: int, octets: bytes) -> str:
        """Write a node for the buffer, with the APDU's form below."""
        inner = name_layers(writers.layers_text(octets))
        return f'{{"name": "{name}", "range": [0, {len(octets)}], "buffer": {number}, "children": {inner}}}'

    def telegram(self, number: int, octets: bytes) -> str:
        """Write a node for the buffer, with the telegram's form below."""
        inner = writers.layer_text(P1Telegram, octets)
        return f'{{"name": "{_TELEGRAM}", "range": [0, {len(octets)}], "buffer": {number}, "children": [{inner}]}}'


class OutlineText(Form[str]):
    """The outline, *indent* times two blanks before each line."""

    def __init__(self, indent: int) -> None:
        self.indent = indent
        self._headers = Remembered()

    def layer(self, layer: type[Layer], octets: bytes, at: int, end: int, inside: Inside[str] | None = None) -> str:
        """Write the layer's outline."""
        if inside is None and end - at <= HEADER_SIZE:
            key = (layer, self.indent, octets[at:end])
            text = self._headers.get(key)
            return text or self._headers.keep(key, writers.layer_outline(layer, octets, at, end, self.indent))
        if inside is None:
            return writers.layer_outline(layer, octets, at, end, self.indent)

        def lines(octets: bytes, at: int, end: int, indent: int) -> str:
            before, self.indent = self.indent, indent
            try:
                return "\n".join(inside(octets, at, end))
            finally:
                self.indent = before

        return writers.layer_outline(layer, octets, at, end, self.indent, lines)

    def apdu(self, octets: bytes, at: int, end: int) -> list[str]:
        """Write the APDU's outline."""
        write = _short_outline if end - at <= writers.SHORT else _named_outline
        return [write(octets, at, end, self.indent)]

    def octets(self, octets: bytes) -> str:
        """Write one line."""
        return f"{'  ' * self.indent}octets: {octets.hex().upper()}"

    def buffer(self, name: str, number: int, octets: bytes) -> str:
        """Write a line for the buffer, the APDU's outline below."""
        blanks = "  " * self.indent
        return f"{blanks}{name}\n{_named_outline(octets, 0, len(octets), self.indent + 1)}"

    def telegram(self, number: int, octets: bytes) -> str:
        """Write a line for the buffer, the telegram's outline below."""
        blanks = "  " * self.indent
        return f"{blanks}{_TELEGRAM}\n{writers.layer_outline(P1Telegram, octets, indent=self.indent + 1)}"


def _named_layers(octets: bytes, at: int, end: int) -> str:
    return name_layers(writers.layers_text(octets, at, end)[1:-1])


def _named_outline(octets: bytes, at: int, end: int, indent: int) -> str:
    return name_outline(writers.outline_lines(octets, at, end, indent))


_short_layers = lru_cache(maxsize=writers.MOST_SHORT)(_named_layers)
_short_outline = lru_cache(maxsize=writers.MOST_SHORT)(_named_outline)


def detail(record: Record, values: Sequence[Value] = ()) -> list[Node]:
    """Give the layers of *record* as trees, outermost first; every buffer beside the frame is a node of its own.

    The record's *values* tell of secrets behind short names.
    """
    nodes = walk(record, Nodes())
    name_nodes(nodes)
    if hidden := secrets(record, values):
        mask_nodes(nodes, [octets for _, octets in _octets(record)], hidden)
    return nodes


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
        found.append((_TELEGRAM, record.closed.plaintext))
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
    stood = _stood(record)
    at = _place(record, stood)
    carrier = at if at >= 0 else _carrier(record)
    if record.link == "hdlc":
        length = len(stood.octets) if stood is not None and at >= 0 else len(octets)
        inside = _information(form, carrier, length) if carrier >= 0 else None
        found = [form.layer(Hdlc, octets, 0, len(octets), inside)]
    elif record.link == "mbus":
        inside = _information(form, carrier, len(octets)) if carrier >= 0 else None
        found = [form.layer(MBUS_FRAMES[octets[0]], octets, 0, len(octets), inside)]
    elif (record.kind == MESSAGE and apdu is None) or (record.link == "p1" and at < 0):
        plain = seven_bits(octets) if has_parity(octets) and apdu is None else octets
        layer = telegram_layer(plain) if record.link == "p1" else message_layer(plain)
        found = [form.layer(layer, plain, 0, len(plain))]
    elif record.link == "wrapper":
        found = [form.layer(Wrapper, octets, 0, min(HEADER_SIZE, len(octets)))]
        if carrier >= 0:
            found += _headers(form, octets, HEADER_SIZE, carrier) + form.apdu(octets, carrier, len(octets))
    elif carrier >= 0:
        found = [*_headers(form, octets, 0, carrier), *form.apdu(octets, carrier, len(octets))]
    else:
        found = [form.octets(octets)]
    buffers = _buffers(record, stood, at)
    for number, (name, inner) in enumerate(buffers, 1):
        found.append(form.buffer(name, number, inner))
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
        information = tree(Hdlc, octets).child("information")
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
        layer: Any = Llc if octets[at : at + _LLC_SIZE] in (REQUEST, RESPONSE) else Llc432
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
