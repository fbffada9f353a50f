"""What the engines say, brought into one form so that it can be compared."""

from __future__ import annotations

from typing import Any

from scapy.packet import NoPayload, Packet

from dissectors import axdr, ber, data, registry
from dissectors.bits import BitGroup
from dissectors.characters import Punctuation
from dissectors.composites import Choice, Optional, Sequence, SequenceOf, When
from dissectors.data_field import DataField
from dissectors.fields import Constant
from dissectors.framed import Carried
from dissectors.hdlc import INSIDE, CheckSequence, FlagField, Hdlc, Information
from dissectors.hdlc_parameters import PARAMETERS, ParameterList
from dissectors.mbus import StopOctet
from dissectors.p1 import TelegramCheck
from dissectors.regions import ApduField, Length
from dissectors.tree import Kind, Node, Problem
from dissectors.xdlms.error import ServiceErrorValue, named_error


def dissected(layer: Any, octets: bytes) -> Any:
    """Read by Scapy's own road; ``layer(b"")`` would not dissect."""
    packet = layer()
    packet.dissect(octets)
    return packet


# -- leaves tile ------------------------------------------------------------------------------------------------------


def assert_tiles(root: Node, start: int, end: int) -> None:
    """The leaves cover the bits from *start* to *end* once, in order; a parent covers what its children cover."""
    at = start
    for leaf in root.leaves():
        assert leaf.start == at, f"{leaf} where {at} was next\n{root.outline()}"
        assert leaf.end >= leaf.start, leaf
        at = leaf.end
    assert at == end, f"octets end at {end}, leaves at {at}\n{root.outline()}"
    for node in root.walk():
        if node.children:
            covered = (node.children[0].start, node.children[-1].end)
            assert (node.start, node.end) == covered, f"{node} covers {covered}\n{root.outline()}"


# -- packet and scan --------------------------------------------------------------------------------------------------


def flat(packet: Any, prefix: str = "") -> list[tuple[str, Any, Any]]:
    """Name, field and value of all that *packet* holds, a SEQUENCE's inline and dotted as a scan gives them."""
    values = packet.values()
    found: list[tuple[str, Any, Any]] = []
    for item in type(packet).items():
        if isinstance(item, Sequence):
            found += flat(values[item.name], f"{prefix}{item.name}.")
        else:
            found.append((prefix + item.name, item, values[item.name]))
    return found


def assert_scan_agrees(packet: Any, names: tuple[str, ...], values: tuple[Any, ...], octets: bytes) -> None:
    """Every value of the scan is the packet's."""
    wanted = flat(packet)
    assert [name for name, _, _ in wanted] == list(names)
    _agree_all(wanted, values, octets)


def _agree_all(wanted: list[tuple[str, Any, Any]], values: tuple[Any, ...], octets: bytes) -> None:
    assert len(wanted) == len(values)
    for (name, item, value), scanned in zip(wanted, values, strict=True):
        _agree(name, item, scanned, value, octets)


def _agree(name: str, item: Any, scanned: Any, value: Any, octets: bytes) -> None:
    if isinstance(item, (Optional, When)):
        assert (scanned is None) == (value is None), name
        if value is not None:
            _agree(name, item.field, scanned, value, octets)
    elif isinstance(item, DataField):
        start, end = scanned
        elements, after = item.scan(octets, start, end)
        # as text, for a NaN is not equal to itself
        assert (repr(data.nest(elements)), after) == (repr(value), end), name
    elif isinstance(item, SequenceOf):
        assert len(scanned) == len(value), name
        for one, two in zip(scanned, value, strict=True):
            _agree(name, item.item, one, two, octets)
    elif isinstance(item, Sequence):
        _agree_all(flat(value), scanned, octets)
    elif isinstance(item, Choice):
        assert scanned[0] == value.tag(), name
        _agree_all(flat(value), scanned[1], octets)
    else:
        # an APDU inside is octets to the scan: it reads them, and leaves their values to who asks
        assert scanned == (bytes(value) if isinstance(value, Packet) else value), name


# -- packet and tree --------------------------------------------------------------------------------------------------


def packet_json(packet: Any) -> Any:
    """Give the JSON form of *packet* out of its fields alone, without any tree."""
    layer, values = type(packet), packet.values()
    members: dict[str, Any] = {}
    for item in layer.items():
        if isinstance(item, Information) and item.name in values:
            members.update(_information(packet))
        elif item.name in values and not (item.name == "undecoded" and packet.problem is not None):
            members.update(_members(item, values[item.name], values))
    if layer.wraps_one:
        return list(members.values())[-1] if members else None
    shape = getattr(layer, "json_shape", None)
    return shape(members) if shape else members


def apdu_json(packet: Any) -> Any:
    """Give the form of an APDU inside another one."""
    if isinstance(packet, bytes):
        return packet.hex().upper()
    body = packet_json(packet)
    return {packet.family: body if packet.asn1 == packet.family else {packet.asn1: body}}


def _members(item: Any, value: Any, values: dict[str, Any]) -> dict[str, Any]:
    if isinstance(item, (Constant, Length, FlagField, StopOctet, Punctuation)) or value is None:
        return {}
    if isinstance(item, (Carried, TelegramCheck)) and not value:
        return {}
    if isinstance(item, BitGroup):
        return {item.asn1: _bits_json(item, value)}
    if isinstance(item, ParameterList):
        return {PARAMETERS.get(one, f"parameter-{one:02x}"): number for one, number, _ in value}
    if isinstance(item, ber.OtherElements):
        return {f"element-{one[0]:02x}": one[axdr.scan_length(one, 1, len(one))[1] :].hex().upper() for one in value}
    if isinstance(item, ServiceErrorValue):
        return {item.asn1: named_error(values["error_class"], value)}
    return {item.asn1: _value_json(item, value)}


def _value_json(item: Any, value: Any) -> Any:
    if isinstance(item, (Optional, When)):
        return _value_json(item.field, value)
    if isinstance(item, SequenceOf):
        return [_value_json(item.item, one) for one in value]
    if isinstance(item, Sequence):
        return packet_json(value)
    if isinstance(item, Choice):
        return {value.asn1: packet_json(value)}
    if isinstance(item, ber.Element):
        return _content_json(item.content, value)
    if isinstance(item, ApduField):
        return apdu_json(value)
    if isinstance(item, CheckSequence):
        return f"{value:04X}"
    return item.to_json(value) if item.name != "control" else f"{value:02X}"


def _bits_json(group: BitGroup, value: int) -> Any:
    if group.as_hex:
        return group.to_json(value)
    shown = {}
    for part in group.parts:
        one = group.split(value)[part.name]
        shown[part.asn1] = bool(one) if part.size == 1 else one
    return shown


def inside_frame(packet: Any) -> Any:
    """Give what the information field of an unnumbered frame holds, read for itself; else None."""
    octets, control = packet.fields.get("information"), packet.fields.get("control", 0)
    if not isinstance(packet, Hdlc):
        return None
    layer = INSIDE.get(control & 0xEF) if octets and control & 3 == 3 else None
    if layer is None:
        return None
    try:
        return layer.read_packet(octets, 0, len(octets))[0]
    except Problem as problem:
        return problem.partial


def _information(packet: Any) -> dict[str, Any]:
    inside = inside_frame(packet)
    if inside is not None:
        return {"information": packet_json(inside)}
    return {"information": packet.information.hex().upper()} if packet.information else {}


def _content_json(content: ber.Content, value: Any) -> Any:
    if isinstance(content, ber.Explicit):
        return _content_json(content.content, value)
    if isinstance(content, ber.OneOf):
        return {
            value[0]: _content_json(next(c for name, c in content.alternatives.values() if name == value[0]), value[1])
        }
    return apdu_json(value) if isinstance(content, ber.ApduContent) else content.to_json(value)


# -- how well it went -------------------------------------------------------------------------------------------------

UNREADABLE = {"capture-cut", "apdu-malformed"}


def is_malformed(root: Node) -> bool:
    """Whether any octets could not be read, those left over inside the layer included."""
    return any(node.kind is Kind.UNDECODED or UNREADABLE & {note.code for note in node.notes} for node in root.walk())


def has_partial(value: Any) -> bool:
    """Whether a packet in *value* broke off, or keeps as octets an APDU that does not take them all."""
    stack = [value]
    while stack:
        one = stack.pop()
        if isinstance(one, (list, tuple)):
            stack.extend(one)
        elif isinstance(one, Packet):
            if one.problem is not None or any(
                _keeps_apdu(one.get_field(name), two) for name, two in one.fields.items()
            ):
                return True
            stack += [*one.fields.values(), inside_frame(one)]
    return False


def _keeps_apdu(field: Any, value: Any) -> bool:
    if not isinstance(field, ber.Element) or not isinstance(value, bytes):
        return False
    is_apdu = isinstance(getattr(field.content, "content", None), ber.ApduContent)
    return is_apdu and registry.pick(value, 0, len(value)) is not None


def without_caches(packet: Any) -> Any:
    """Forget the octets as read, in everything inside too, so that all is built out of fields."""
    stack = [packet]
    while stack:
        one = stack.pop()
        if isinstance(one, (list, tuple)):
            stack.extend(one)
        elif isinstance(one, Packet) and not isinstance(one, NoPayload):
            if getattr(one, "problem", None) is None:  # a partial reading is its octets
                one.raw_packet_cache = None
            stack += [*one.fields.values(), one.payload]
    return packet
