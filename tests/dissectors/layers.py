"""Every layer, and strategies that make valid packets of any of them out of nothing but its ``fields_desc``."""

from __future__ import annotations

from functools import cache, singledispatch
from struct import calcsize
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from scapy.packet import Raw

from dissectors import axdr, ber, iec62056_21, registry
from dissectors.bits import BitPart
from dissectors.characters import Characters, Enhanced, LineEnds, Sign, Text, Trailer
from dissectors.composites import Choice, IfLeft, Optional, Sequence, SequenceOf, When
from dissectors.data_field import DataField
from dissectors.data_sets import DataSet, DataSets, Value
from dissectors.data_types import CODES
from dissectors.fields import Constant, Fixed, Octets, OctetString, Remaining
from dissectors.gateway import Gateway
from dissectors.hdlc import INSIDE, Address, AddressField, FlagField, FrameReject, Hdlc, HdlcParameters
from dissectors.hdlc_parameters import ParameterList
from dissectors.iec62056_21 import CheckCharacter
from dissectors.llc import Llc, Llc432
from dissectors.mbus import ComputedOctet, Mbus, MbusShort, MbusSingle, StopOctet
from dissectors.p1 import SEALED, P1Rest, P1Telegram, TelegramCheck
from dissectors.regions import ApduField, Counter, Length
from dissectors.wrapper import Wrapper
from dissectors.xdlms.initiate import Conformance
from dissectors.xdlms.notification import DateTimeString, EventTime

APDUS: list[Any] = list(registry.LAYERS)
CARRIERS: list[Any] = [Gateway, Hdlc, Llc, Llc432, Mbus, Wrapper]
"""Layers that have a payload."""
MESSAGES: list[Any] = [*iec62056_21.LAYERS, P1Telegram, P1Rest, *SEALED]
"""Layers of characters."""
EVERY: list[Any] = [*APDUS, HdlcParameters, FrameReject, MbusSingle, MbusShort, *CARRIERS, *MESSAGES]

each_layer = pytest.mark.parametrize("layer", EVERY, ids=lambda layer: layer.__name__)
sparing = settings(max_examples=max(10, settings().max_examples // 4))
"""For what runs over every layer: a hundred layers make enough examples of what they share."""

Seen = dict[str, Any]
_DEPTH = 2


# -- values of fields ---------------------------------------------------------------------------------------------


@singledispatch
def values_of(field: Any, seen: Seen, depth: int) -> st.SearchStrategy[Any]:
    """Valid values of *field*, given those of the fields before."""
    raise NotImplementedError(f"no strategy for {type(field).__name__}: a new kind of field needs one here")


@values_of.register
def _(field: BitPart, seen: Seen, depth: int) -> st.SearchStrategy[Any]:
    return st.integers(0, (1 << field.size) - 1)


@values_of.register
def _(field: Constant, seen: Seen, depth: int) -> st.SearchStrategy[Any]:
    return st.just(field.default)


@values_of.register(Fixed)
def _(field: Fixed, seen: Seen, depth: int) -> st.SearchStrategy[Any]:
    bits = 8 * calcsize(">" + field.code)
    return (
        st.integers(-(1 << bits - 1), (1 << bits - 1) - 1) if field.code.islower() else st.integers(0, (1 << bits) - 1)
    )


@values_of.register
def _(field: Octets, seen: Seen, depth: int) -> st.SearchStrategy[Any]:
    return st.binary(min_size=field.size, max_size=field.size)


@values_of.register
def _(field: OctetString, seen: Seen, depth: int) -> st.SearchStrategy[Any]:
    return st.binary(max_size=20) | st.binary(min_size=120, max_size=300)


@values_of.register(DateTimeString)
@values_of.register(EventTime)
def _(field: OctetString, seen: Seen, depth: int) -> st.SearchStrategy[Any]:
    return st.just(b"") | st.binary(min_size=12, max_size=12)


@values_of.register(Length)
@values_of.register(AddressField)
def _(field: Any, seen: Seen, depth: int) -> st.SearchStrategy[Any]:
    return _ADDRESSES if isinstance(field, AddressField) else st.none()


@values_of.register
def _(field: Remaining, seen: Seen, depth: int) -> st.SearchStrategy[Any]:
    return st.binary(max_size=40)


@values_of.register
def _(field: Counter, seen: Seen, depth: int) -> st.SearchStrategy[Any]:
    counters = st.integers(0, 0xFFFFFFFF)
    if seen["security_control"] & 0x30:
        return counters
    return counters.filter(lambda number: not registry.begins_apdu(number.to_bytes(4, "big"), 0, 4))


@values_of.register
def _(field: ApduField, seen: Seen, depth: int) -> st.SearchStrategy[Any]:
    inside = _no_apdu()
    if depth:
        inside |= apdus(depth - 1).filter(lambda packet: registry.reads(bytes(packet), 0, len(bytes(packet))))
    return inside


@values_of.register
def _(field: Optional, seen: Seen, depth: int) -> st.SearchStrategy[Any]:
    return st.none() | values_of(field.field, seen, depth)


@values_of.register
def _(field: When, seen: Seen, depth: int) -> st.SearchStrategy[Any]:
    if isinstance(field, IfLeft):
        return st.none() | values_of(field.field, seen, depth)
    return values_of(field.field, seen, depth) if field.applies(seen) else st.none()


@values_of.register
def _(field: Sequence, seen: Seen, depth: int) -> st.SearchStrategy[Any]:
    return packets(field.layer, depth)


@values_of.register
def _(field: SequenceOf, seen: Seen, depth: int) -> st.SearchStrategy[Any]:
    return st.lists(values_of(field.item, {}, depth), max_size=3)


@values_of.register
def _(field: Choice, seen: Seen, depth: int) -> st.SearchStrategy[Any]:
    return st.sampled_from(list(field.alternatives.values())).flatmap(lambda layer: packets(layer, depth))


@values_of.register
def _(field: DataField, seen: Seen, depth: int) -> st.SearchStrategy[Any]:
    return DATA


@values_of.register
def _(field: Conformance, seen: Seen, depth: int) -> st.SearchStrategy[Any]:
    return st.integers(0, 0xFFFFFF)


@values_of.register
def _(field: ber.Element, seen: Seen, depth: int) -> st.SearchStrategy[Any]:
    return st.none() | contents_of(field.content, depth)


@values_of.register
def _(field: ber.OtherElements, seen: Seen, depth: int) -> st.SearchStrategy[Any]:
    return st.lists(st.binary(max_size=5).map(lambda octets: ber.element(0x9F, octets)), max_size=2).map(tuple)


@values_of.register
def _(field: FlagField, seen: Seen, depth: int) -> st.SearchStrategy[Any]:
    return st.sampled_from([0x7E, None])


@values_of.register(ComputedOctet)
@values_of.register(StopOctet)
def _(field: Any, seen: Seen, depth: int) -> st.SearchStrategy[Any]:
    return st.just(field.default)


@values_of.register
def _(field: ParameterList, seen: Seen, depth: int) -> st.SearchStrategy[Any]:
    def one(size: int) -> st.SearchStrategy[tuple[int, int, int]]:
        return st.tuples(st.integers(0, 255), st.integers(0, 256**size - 1), st.just(size))

    return st.lists(st.integers(0, 4).flatmap(one), max_size=5).map(tuple)


_TEXTS = st.text("0123456789.:-&+AZaz", max_size=8).map(str.encode)


@values_of.register
def _(field: Characters, seen: Seen, depth: int) -> st.SearchStrategy[Any]:
    if field.name == "command":
        return st.just(field.default)
    return st.text("0123456789ABXYZabc", min_size=field.size, max_size=field.size).map(str.encode)


@values_of.register
def _(field: Sign, seen: Seen, depth: int) -> st.SearchStrategy[Any]:
    return st.sampled_from(field.choices)


@values_of.register(LineEnds)
@values_of.register(Trailer)
@values_of.register(CheckCharacter)
@values_of.register(TelegramCheck)
def _(field: Any, seen: Seen, depth: int) -> st.SearchStrategy[Any]:
    return st.just(field.default)


@values_of.register
def _(field: Enhanced, seen: Seen, depth: int) -> st.SearchStrategy[Any]:
    return st.sampled_from([None, b"\\2", b"\\@\\2"])


@values_of.register
def _(field: Text, seen: Seen, depth: int) -> st.SearchStrategy[Any]:
    return _TEXTS


@values_of.register
def _(field: DataSets, seen: Seen, depth: int) -> st.SearchStrategy[Any]:
    value = st.builds(Value, _TEXTS, st.none() | _TEXTS)
    values = st.lists(value, min_size=1, max_size=3).map(tuple)
    return st.lists(st.builds(DataSet, _TEXTS, values, st.sampled_from([b"\r\n", b"\n"])), max_size=4).map(tuple)


_ADDRESSES: st.SearchStrategy[Address] = st.one_of(
    st.builds(Address, st.integers(0, 0x7F), st.none(), st.just(1)),
    st.builds(Address, st.integers(0, 0x7F), st.integers(0, 0x7F), st.just(2)),
    st.builds(Address, st.integers(0, 0x3FFF), st.integers(0, 0x7F), st.just(3)),
    st.builds(Address, st.integers(0, 0x3FFF), st.integers(0, 0x3FFF), st.just(4)),
)


def _no_apdu() -> st.SearchStrategy[bytes]:
    return st.binary(max_size=10).filter(lambda octets: registry.pick(octets, 0, len(octets)) is None)


# -- contents of BER elements ---------------------------------------------------------------------------------------


def contents_of(content: ber.Content, depth: int) -> st.SearchStrategy[Any]:
    """Valid values of what stands inside a BER element."""
    if isinstance(content, ber.Explicit):
        return contents_of(content.content, depth)
    if isinstance(content, ber.OneOf):
        return st.sampled_from(list(content.alternatives.values())).flatmap(
            lambda one: st.tuples(st.just(one[0]), contents_of(one[1], depth))
        )
    if isinstance(content, ber.Integer):
        return st.integers(-(2**31), 2**31 - 1) | st.sampled_from(sorted(content.table or {0: ""}))
    if isinstance(content, ber.ObjectIdentifier):
        arcs = st.lists(st.integers(0, 100_000), max_size=6)
        return st.builds(
            lambda first, second, rest: ".".join(map(str, [first, second, *rest])),
            st.integers(0, 2), st.integers(0, 39), arcs,
        )  # fmt: skip
    if isinstance(content, ber.NamedBits):
        return st.lists(st.sampled_from(content.names), unique=True).map(
            lambda names: tuple(name for name in content.names if name in names)
        )
    if isinstance(content, ber.ApduContent):
        return _no_apdu() | apdus(depth - 1) if depth else _no_apdu()
    if isinstance(content, ber.Hex):
        return st.binary(max_size=20)
    raise NotImplementedError(f"no strategy for {type(content).__name__}: a new kind of content needs one here")


# -- Data -----------------------------------------------------------------------------------------------------------


def _number(tag: int) -> st.SearchStrategy[Any]:
    code = CODES[tag]
    bits = 8 * calcsize(">" + code)
    if code in "fd":
        return st.floats(width=bits, allow_nan=False)
    if code == "?":
        return st.booleans()
    if code.endswith("s"):
        return st.binary(min_size=bits // 8, max_size=bits // 8)
    return st.integers(-(1 << bits - 1), (1 << bits - 1) - 1) if code.islower() else st.integers(0, (1 << bits) - 1)


_BODIES: dict[int, st.SearchStrategy[Any]] = {
    **{tag: _number(tag) for tag in axdr.STRUCTS},
    axdr.NULL: st.none(),
    axdr.DONT_CARE: st.none(),
    axdr.BIT_STRING: st.text("01", max_size=20),
    **{tag: st.binary(max_size=12) for tag in (axdr.OCTET_STRING, axdr.VISIBLE_STRING, axdr.UTF8_STRING)},
}
SCALARS: st.SearchStrategy[Any] = st.sampled_from(sorted(_BODIES)).flatmap(
    lambda tag: st.tuples(st.just(tag), _BODIES[tag])
)


def _structure(members: list[Any]) -> Any:
    values = st.tuples(*(value for _, value in members))
    return ("structure", tuple(name for name, _ in members)), st.tuples(st.just(axdr.STRUCTURE), values)


def _array(one: Any) -> Any:
    count, (name, value) = one
    values = st.lists(value, min_size=count, max_size=count).map(tuple)
    return ("array", count, name), st.tuples(st.just(axdr.ARRAY), values)


# A description, and the strategy of the values that it describes. Type tag 07 is written as 17, so it stays out.
_DESCRIBED: st.SearchStrategy[Any] = st.recursive(
    st.sampled_from(sorted(set(_BODIES) - {7, axdr.NULL, axdr.DONT_CARE})).map(
        lambda tag: (axdr.NAMES[tag], st.tuples(st.just(tag), _BODIES[tag]))
    ),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3).map(_structure) | st.tuples(st.integers(1, 3), inner).map(_array)
    ),
    max_leaves=4,
)


COMPACT: st.SearchStrategy[Any] = _DESCRIBED.flatmap(
    lambda one: st.tuples(
        st.just(axdr.COMPACT_ARRAY), st.tuples(st.just(one[0]), st.lists(one[1], max_size=3).map(tuple))
    )
)


@st.composite
def _rows(draw: Any) -> Any:
    """An array whose elements have one layout, as a load profile has: some engines read those at once."""
    tags = draw(st.lists(st.sampled_from(sorted(axdr.STRUCTS)) | st.just(axdr.OCTET_STRING), min_size=1, max_size=3))
    bodies = [st.binary(min_size=5, max_size=5) if tag == axdr.OCTET_STRING else _BODIES[tag] for tag in tags]
    row = st.tuples(st.just(axdr.STRUCTURE), st.tuples(*map(st.tuples, map(st.just, tags), bodies)))
    return axdr.ARRAY, tuple(draw(st.lists(row, min_size=3, max_size=6)))


DATA: st.SearchStrategy[Any] = (
    st.recursive(
        SCALARS | COMPACT,
        lambda inner: st.tuples(st.sampled_from([axdr.ARRAY, axdr.STRUCTURE]), st.lists(inner, max_size=4).map(tuple)),
        max_leaves=8,
    )
    | _rows()
)


# -- packets and their octets -----------------------------------------------------------------------------------------


@st.composite
def field_values(draw: Any, layer: Any, depth: int = _DEPTH) -> Seen:
    """Valid values for all fields of *layer*."""
    seen: Seen = {}
    for field in layer.fields_desc:
        seen[field.name] = draw(values_of(field, seen, depth))
        if isinstance(field, BitPart):
            seen[field.group.name] = seen.get(field.group.name, 0) | seen[field.name] << field.shift
    return {field.name: seen[field.name] for field in layer.fields_desc}


@cache
def packets(layer: Any, depth: int = _DEPTH) -> st.SearchStrategy[Any]:
    """Valid packets of *layer*; a carrier has a payload that is nothing in particular."""
    if layer is Hdlc:
        return _frames()
    made = field_values(layer, depth).map(lambda values: layer(**values))
    if layer is Mbus:
        made = field_values(layer, depth).map(
            lambda values: layer(**{k: v for k, v in values.items() if k != "information"})
        )
        return st.builds(
            lambda packet, octets: packet / Raw(octets) if octets else packet, made, st.just(b"") | _PAYLOADS
        )
    if layer is HdlcParameters:
        return field_values(layer, depth).map(lambda values: layer(parameters=values["parameters"]))
    if layer is Wrapper:
        made = field_values(layer, depth).map(lambda values: layer(**{**values, "length": None}))
    return st.builds(lambda packet, octets: packet / Raw(octets), made, _PAYLOADS) if layer in CARRIERS else made


def _frames() -> st.SearchStrategy[Any]:
    names = ("opening_flag", "destination_address", "source_address", "control", "closing_flag")
    fields = {name: values_of(Hdlc().get_field(name), {}, 0) for name in names}
    made = st.builds(Hdlc, segmentation=st.integers(0, 1), **fields)
    return st.builds(_around, made, st.just(b"") | _PAYLOADS)


def _around(frame: Hdlc, octets: bytes) -> Any:
    has_meaning = int(frame.control) & 3 == 3 and int(frame.control) & 0xEF in INSIDE
    return frame / Raw(octets) if octets and not has_meaning else frame


_PAYLOADS = st.binary(max_size=20).map(lambda octets: b"\xaa" + octets)
"""What no tag is assigned to."""


@cache
def apdus(depth: int = _DEPTH) -> st.SearchStrategy[Any]:
    """Valid packets of any APDU."""
    return st.sampled_from(APDUS).flatmap(lambda layer: packets(layer, depth))


@cache
def valid(layer: Any) -> st.SearchStrategy[bytes]:
    """The octets of valid packets of *layer*."""
    return packets(layer).map(bytes)


@st.composite
def damaged(draw: Any, layer: Any) -> bytes:
    """Valid octets with a few of them changed, put in, taken out or cut off."""
    octets = bytearray(draw(valid(layer)))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(octets)))
        kind = draw(st.sampled_from(["change", "change", "insert", "remove", "cut"]))
        if kind == "insert":
            octets[at:at] = draw(st.binary(min_size=1, max_size=3))
        elif kind == "cut":
            del octets[at:]
        elif at < len(octets):
            octets[at : at + 1] = draw(_HOSTILE) if kind == "change" else b""
    return bytes(octets)


_HOSTILE = st.sampled_from([b"\x00", b"\x01", b"\x7f", b"\x80", b"\x81", b"\x84", b"\xff"]) | st.binary(
    min_size=1, max_size=1
)


@cache
def any_octets(layer: Any) -> st.SearchStrategy[bytes]:
    """Octets of every health: random, with the layer's tag in front, valid, and damaged."""
    start = b"".join(bytes((field.default,)) for field in layer.fields_desc[:2] if isinstance(field, Constant))
    tagged = st.binary(max_size=40).map(lambda octets: start + octets)
    return st.one_of(st.binary(max_size=40), tagged, valid(layer), damaged(layer), damaged(layer))
