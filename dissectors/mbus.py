"""Wired M-Bus: single character, short, control and long frames; the DLMS transport layer inside long ones.

Source: EN 13757-2 (link layer), EN 13757-3 (CI field), EN 13757-1 (DLMS transport layer).
"""

from __future__ import annotations

import re
from struct import Struct
from typing import Any

from dissectors.composites import When
from dissectors.fields import Computed, Constant, Fixed, House, Number, Seen, packed
from dissectors.framed import Carried, Framed, noise
from dissectors.llc import payload_class
from dissectors.mbus_octets import (
    ADDRESSES,
    AROUND,
    FINAL,
    HEADER_SIZE,
    LARGEST,
    LONG,
    PRIMARY,
    SHORT,
    SHORT_SIZE,
    SINGLE,
    STOP,
    checksum,
    function_name,
    information_name,
    is_short_frame,
    is_transport,
    length_of,
    lengths,
)
from dissectors.pdu import Layer
from dissectors.quirks import quirk
from dissectors.scapy_base import Raw
from dissectors.tree import Kind, Node, Note, Severity, Truncated

_OCTET = Struct("B")
_BEGINS = re.compile(rb"[\x10\x68\xe5]")
_HEADER = re.compile(rb"\x68(?:\Z|.\Z|(.)\1(?:\x68|\Z))", re.DOTALL)
"""How a long frame begins, or what there is of its header yet."""


class Coded(Fixed):
    """An octet that is shown as hex digits with what it means, and with its bits where these have names."""

    __slots__: list[str] = []

    def __init__(self, name: str, default: int) -> None:
        Fixed.__init__(self, name, "B", default)

    def to_json(self, value: int) -> str:
        """Give the hex digits."""
        return f"{value:02X}"

    def parts(self, value: int) -> list[tuple[str, int, Any]]:
        """Give name, width and value of the bits, most significant first; none where they have no names."""
        raise NotImplementedError

    def grow(self, parent: Node, octets: bytes, at: int, end: int, seen: dict[str, Any]) -> int:
        """Add the octet with its bits."""
        value, after = self.read(octets, at, end, seen)
        seen[self.name] = value
        node = parent.add(Node(self.asn1, Kind.LEAF, at * 8, after * 8, self.to_json(value), self.to_text(value)))
        bit = at * 8
        for name, width, one in self.parts(value):
            node.kind = Kind.BITS
            node.add(Node(name, Kind.LEAF, bit, bit + width, one))
            bit += width
        return after


class ControlField(Coded):
    """The C field: function, which station speaks, frame count or access demand."""

    __slots__: list[str] = []

    def to_text(self, value: int) -> str:
        """Name the function and who speaks."""
        station = "primary" if value & PRIMARY else "secondary"
        return f"{function_name(value)} ({station} station)"

    def parts(self, value: int) -> list[tuple[str, int, Any]]:
        """Name the bits by who speaks."""
        names = (
            ("frame-count-bit", "frame-count-bit-valid") if value & PRIMARY else ("access-demand", "data-flow-control")
        )
        return [
            ("reserved", 1, value >> 7), ("primary", 1, bool(value & PRIMARY)),
            (names[0], 1, bool(value & 0x20)), (names[1], 1, bool(value & 0x10)), ("function", 4, value & 0xF),
        ]  # fmt: skip


class ControlInformation(Coded):
    """The CI field: what follows; in the DLMS transport layer also FIN and segment number."""

    __slots__: list[str] = []

    def to_text(self, value: int) -> str:
        """Say what is announced."""
        return information_name(value)

    def parts(self, value: int) -> list[tuple[str, int, Any]]:
        """Part segment numbers from FIN."""
        if not is_transport(value):
            return []
        return [("transport", 3, 0), ("final", 1, bool(value & FINAL)), ("segment-number", 4, value & 0xF)]


class AddressField(Number):
    """The A field: a primary address, or one of those with a meaning of their own."""

    __slots__: list[str] = []

    def __init__(self, name: str, default: int) -> None:
        Number.__init__(self, name, "B", default)

    def grow(self, parent: Node, octets: bytes, at: int, end: int, seen: dict[str, Any]) -> int:
        """Add the address with its meaning."""
        return House.grow(self, parent, octets, at, end, seen)

    def to_text(self, value: int) -> str:
        """Say what the address means where it is no meter's."""
        meaning = ADDRESSES.get(value)
        return f"{value} ({meaning})" if meaning else ""


class ComputedOctet(Computed):
    """An octet that is computed while it is not given."""

    __slots__: list[str] = []

    def read(self, octets: bytes, at: int, end: int, seen: Seen) -> tuple[int, int]:
        """Read the octet."""
        if at >= end:
            raise Truncated(at, 1, 0)
        return octets[at], at + 1

    def build(self, value: int) -> bytes:
        """Build the octet."""
        return packed(self.name, _OCTET, value)

    def i2repr(self, pkt: Any, x: Any) -> str:
        """Show the number, or that it will be computed."""
        return "computed" if x is None else f"{x:02X}"


class RepeatedLength(ComputedOctet):
    """The second length octet: with the first it says where the checksum stands."""

    __slots__: list[str] = []
    narrows = True

    def limit(self, value: int, octets: bytes, at: int, end: int) -> int:
        """Tell where the octets that are counted end: from behind the second start octet, which comes next."""
        return at + 1 + length_of(octets, at - HEADER_SIZE + 1, end)

    def grow(self, parent: Node, octets: bytes, at: int, end: int, seen: dict[str, Any]) -> int:
        """Add the octet; that it differs from the first, or counts modulo 256, is noted."""
        value, after = self.read(octets, at, end, seen)
        first = seen["length"]
        length = self.limit(value, octets, after, end) - after - 1
        node = parent.add(Node(self.asn1, Kind.LEAF, at * 8, after * 8, value))
        if value != first:
            text = f"the length octets differ: {first:02X} and {value:02X}, {length} taken"
            node.notes.append(Note("mbus-length-wrong", Severity.ERROR, "malformed", text, at - 1, after))
        elif length > 0xFF:
            node.text = f"{length}, modulo 256"
            node.notes.append(quirk("length-modulo-256", at - 1, after))
        seen[self.name] = value
        return after


class CheckSum(ComputedOctet):
    """The sum modulo 256 of the octets from C on, which stands *begin* octets into the frame."""

    __slots__ = ["begin"]
    is_beyond = True

    def __init__(self, begin: int) -> None:
        self.begin = begin
        ComputedOctet.__init__(self, "checksum")

    def to_json(self, value: int) -> str:
        """Give the hex digits."""
        return f"{value:02X}"

    def grow(self, parent: Node, octets: bytes, at: int, end: int, seen: dict[str, Any]) -> int:
        """Add the checksum with its verdict; a wrong one is noted and reading goes on."""
        value, after = self.read(octets, at, end, seen)
        expected = checksum(octets, parent.start // 8 + self.begin, at)
        node = parent.add(Node(self.asn1, Kind.LEAF, at * 8, after * 8, self.to_json(value), f"{value:02X} (good)"))
        if value != expected:
            node.text = f"{value:02X} (wrong, {expected:02X} computed)"
            text = f"checksum {value:02X} is wrong, {expected:02X} computed"
            node.notes.append(Note("mbus-checksum-wrong", Severity.ERROR, "checksum", text, at, after))
        return after


class StopOctet(House):
    """The stop octet 16; another one in its place is noted and nothing more."""

    __slots__: list[str] = []
    is_beyond = True

    def __init__(self) -> None:
        House.__init__(self, "stop", STOP)

    def read(self, octets: bytes, at: int, end: int, seen: Seen) -> tuple[int, int]:
        """Read the octet."""
        if at >= end:
            raise Truncated(at, 1, 0)
        return octets[at], at + 1

    def grow(self, parent: Node, octets: bytes, at: int, end: int, seen: dict[str, Any]) -> int:
        """Add the octet as a hidden leaf."""
        value, after = self.read(octets, at, end, seen)
        node = parent.add(Node(self.asn1, Kind.HIDDEN, at * 8, after * 8, value, f"{value:02X}"))
        if value != STOP:
            text = f"{value:02X} where the stop octet 16 belongs"
            node.notes.append(Note("mbus-length-wrong", Severity.ERROR, "malformed", text, at, after))
        return after

    def build(self, value: int) -> bytes:
        """Build the octet."""
        return packed(self.name, _OCTET, value)

    def randval(self) -> None:
        """Stay."""
        return


def _around(frame: Any, **octets: Any) -> bytes:
    """Build the *octets* that stand around what is counted. Raises: ValueError."""
    return b"".join(frame.get_field(name).build(value) for name, value in octets.items())


def _of_stream(cls: Any, data: bytes, metadata: Any, session: Any) -> Any:
    """Make the frame of any kind once a stream has all of it, None before. Noise is Raw, up to the next frame."""
    layer = FRAMES.get(data[0])
    size = {SINGLE: 1, SHORT: SHORT_SIZE}.get(data[0], HEADER_SIZE)
    is_ours = layer is not None and (layer is not Mbus or _HEADER.match(data) is not None)
    if is_ours and layer is Mbus and len(data) >= size:
        size = AROUND + lengths(data[1], data[2])[0]
    if is_ours and len(data) < size:
        return None
    if layer is None or not is_ours or (layer is MbusShort and not is_short_frame(data, 0)):
        return noise(data, _BEGINS.search(data, 1))
    return layer(data)


class _Small(Layer):
    """A frame that carries nothing."""

    tcp_reassemble = classmethod(_of_stream)

    def extract_padding(self, s: bytes) -> tuple[bytes, bytes | None]:
        """Part it from what follows; one that broke off has all."""
        return (b"", s) if self.problem is None else (s, None)


class MbusSingle(_Small):
    """The single character E5: an acknowledgement."""

    asn1 = "mbus-single-character"
    fields_desc = [Constant("acknowledgement", SINGLE)]

    def answers(self, other: Any) -> bool:
        """Tell whether *other* is a frame of the primary station."""
        return isinstance(other, (MbusShort, Mbus)) and other.problem is None and bool(other.control & PRIMARY)


class MbusShort(_Small):
    """A short frame: a command or answer without data. The checksum is computed while not given."""

    asn1 = "mbus-short-frame"
    fields_desc = [
        Constant("start", SHORT),
        ControlField("control", 0x5B),
        AddressField("address", 1),
        CheckSum(1),
        StopOctet(),
    ]

    def answers(self, other: Any) -> bool:
        """Tell whether it comes from the station that *other* asked."""
        return _comes_back(self, other)

    def do_dissect(self, s: bytes) -> bytes:
        """Read the frame; a checksum that is right follows later edits."""
        rest = Layer.do_dissect(self, s)
        if self.problem is None and self.checksum == checksum(s, 1, 3):
            self._automatic = frozenset({"checksum"})
        return rest

    def self_build(self) -> bytes:
        """Build the five octets."""
        if self.problem is not None or self.raw_packet_cache is not None:
            return Layer.self_build(self)
        octets = b"".join(field.build(self.getfieldval(field.name)) for field in self.fields_desc[:3])
        given = self.getfieldval("checksum")
        check = checksum(octets, 1, 3) if given is None or "checksum" in self._automatic else given
        return octets + _around(self, checksum=check, stop=self.stop)


_ANY_STATION = (253, 254)
"""Addresses that some one station answers: the selected one, the only one."""


def _comes_back(one: Any, other: Any) -> bool:
    is_pair = isinstance(other, (MbusShort, Mbus)) and one.problem is other.problem is None
    return is_pair and bool(other.control & ~one.control & PRIMARY) and other.address in (one.address, *_ANY_STATION)


class Mbus(Framed):
    """A long frame, or a control frame where there is no data. Lengths and checksum are computed while not given.

    The defaults are those of a push: one whole APDU from the logical device 1 to the client 103, to all stations.
    """

    asn1 = "mbus"
    tcp_reassemble = classmethod(_of_stream)
    computed = frozenset({"length", "length_again", "checksum"})
    fields_desc = [
        Constant("start", LONG),
        ComputedOctet("length"),
        RepeatedLength("length_again"),
        Constant("start_again", LONG),
        ControlField("control", 0x53),
        AddressField("address", 0xFF),
        ControlInformation("control_information", FINAL),
        When(Number("stsap", "B", 1), "control_information", mask=0xE0, equals=0),
        When(Number("dtsap", "B", 103), "control_information", mask=0xE0, equals=0),
        Carried("information"),
        CheckSum(HEADER_SIZE),
        StopOctet(),
    ]

    def assemble(self, information: bytes, computed: frozenset[str]) -> bytes:
        """Build the frame around *information*. Raises: ValueError where the length octet is too small for it."""
        body = b""
        for name in ("control", "address", "control_information", "stsap", "dtsap"):
            body += self.get_field(name).addfield(self, b"", self.getfieldval(name))
        body += information
        is_given = "length" not in computed | self._missing()
        if not is_given and len(body) not in lengths(len(body) & 0xFF, len(body) & 0xFF):
            raise ValueError(f"{len(body)} octets do not fit into a frame: its length octets end at {LARGEST}")
        one, other = (self._octet(name, len(body), computed) for name in ("length", "length_again"))
        check = self._octet("checksum", checksum(body, 0, len(body)), computed)
        head = _around(self, start=self.start, length=one, length_again=other, start_again=self.start_again)
        return head + body + _around(self, checksum=check, stop=self.stop)

    def _missing(self) -> frozenset[str]:
        return frozenset(name for name in self.computed if self.getfieldval(name) is None)

    def _octet(self, name: str, value: int, computed: frozenset[str]) -> Any:
        given = self.getfieldval(name)
        return value & 0xFF if given is None or name in computed else given

    def answers(self, other: Any) -> bool:
        """Tell whether it comes from the station that *other* asked, or with an APDU that answers."""
        return _comes_back(self, other) and (isinstance(other, MbusShort) or Layer.answers(self, other))

    def guess_payload_class(self, payload: bytes) -> Any:
        """Choose by the APDU tag where a whole APDU is announced; segments and other data stay octets."""
        return payload_class(payload) if int(self.control_information) == FINAL else Raw

    def mysummary(self) -> str:
        """Name function, address and SAPs, as far as they were read."""
        return "M-Bus (partial)" if self.problem is not None else f"M-Bus {frame_text(bytes(self))}"


FRAMES: dict[int, type[Layer]] = {SINGLE: MbusSingle, SHORT: MbusShort, LONG: Mbus}
"""The layer of a frame, by its first octet."""


def transport_payload(octets: bytes) -> int:
    """Find where the APDU begins in a frame that holds a whole one; -1 where it holds a segment, or none."""
    begin = HEADER_SIZE + 5
    is_whole = octets[0] == LONG and len(octets) > begin and octets[HEADER_SIZE + 2] == FINAL
    return begin if is_whole else -1


def frame_text(octets: bytes) -> str:
    """Say in few words what a frame is: ``SND_UD to 255, segment 0``; ``acknowledgement``. Total."""
    begin = HEADER_SIZE if octets[:1] == bytes((LONG,)) else 1
    if octets[:1] == bytes((SINGLE,)) or len(octets) < begin + 2:
        return "acknowledgement" if octets[:1] == bytes((SINGLE,)) else "frame that is cut"
    control, address = octets[begin], octets[begin + 1]
    text = f"{function_name(control)} {'to' if control & PRIMARY else 'from'} {address}"
    if begin == HEADER_SIZE and len(octets) > begin + 2:
        text += f", {information_name(octets[begin + 2])}"
    return text
