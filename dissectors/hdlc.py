"""HDLC frame format type 3: addresses, control, check sequences; FRMR inside.

Source: ISO/IEC 13239, IEC 62056-46 (data link layer using HDLC).
"""

from __future__ import annotations

import re
from struct import Struct
from typing import Any

from dissectors import checks
from dissectors.answering import FRAMES
from dissectors.bits import BitGroup, bits
from dissectors.fields import Computed, Fixed, House, Seen, packed
from dissectors.framed import Carried, Framed, noise
from dissectors.hdlc_octets import (
    FLAG,
    MAXIMUM_LENGTH,
    MINIMUM_LENGTH,
    SUPERVISORY,
    UNNUMBERED,
    Address,
    control_type,
    lone_address_end,
    scan_address,
    scan_addresses,
)
from dissectors.hdlc_parameters import HdlcParameters
from dissectors.pdu import Layer
from dissectors.scapy_base import NoPayload, Raw, VolatileValue
from dissectors.tree import Kind, Node, Note, Problem, Severity, Truncated

_OCTET, _LOW_FIRST = Struct("B"), Struct("<H")


class AddressField(House):
    """An HDLC address. Accepts a number (one octet), ``"1.17"`` (two octets, or four where seven bits do not do)."""

    __slots__: list[str] = []

    def __init__(self, name: str, default: int) -> None:
        House.__init__(self, name, Address(default, None, 1))

    def any2i(self, pkt: Any, x: Any) -> Any:
        """Make an Address; ``(1, 17)`` is ``"1.17"``. Raises: ValueError."""
        if isinstance(x, int):
            return Address(x, None, 1)
        if isinstance(x, (Address, list, VolatileValue)):  # of a list Scapy makes one packet for each
            return x
        parts = x.split(".") if isinstance(x, str) else list(map(str, x)) if isinstance(x, tuple) else []
        if not 1 <= len(parts) <= 2 or not all(map(str.isdecimal, parts)):
            raise ValueError(f"an address such as 16 or 1.17 was expected, not {x!r}")
        upper, *lower = map(int, parts)
        return Address(upper, lower[0], 2 if max(upper, *lower) < 0x80 else 4) if lower else Address(upper, None, 1)

    def read(self, octets: bytes, at: int, end: int, seen: Seen) -> tuple[Address, int]:
        """Read the address."""
        return scan_address(octets, at, end)

    def build(self, value: Address) -> bytes:
        """Build 1, 2, 3 or 4 octets. Raises: ValueError where a part needs more of them."""
        upper, lower, size = value
        for part, most in ((upper, 0x3FFF if size > 2 else 0x7F), (lower or 0, 0x3FFF if size == 4 else 0x7F)):
            if not 0 <= part <= most:
                octets = f"{size} octet{'s' * (size != 1)}"
                raise ValueError(f"{self.name}: parts up to {most} fit into {octets}, not those of {value}")
        if size == 1 or lower is None:
            return bytes((upper << 1 & 0xFE | 1,))
        if size == 2:
            return bytes((upper << 1 & 0xFE, lower << 1 & 0xFE | 1))
        head = bytes((upper >> 7 << 1 & 0xFE, upper << 1 & 0xFE))
        if size == 3:
            return head + bytes((lower << 1 & 0xFE | 1,))
        return head + bytes((lower >> 7 << 1 & 0xFE, lower << 1 & 0xFE | 1))

    def to_json(self, value: Address) -> Any:
        """Give a number, or ``"upper.lower"``."""
        return value.upper if value.lower is None else str(value)

    def randval(self) -> None:
        """Stay."""
        return


class FlagField(House):
    """A flag octet 7E; ``None`` where the capture has none."""

    __slots__: list[str] = []

    def __init__(self, name: str) -> None:
        House.__init__(self, name, FLAG)

    def read(self, octets: bytes, at: int, end: int, seen: Seen) -> tuple[int | None, int]:
        """Read the flag where it stands."""
        return (FLAG, at + 1) if at < end and octets[at] == FLAG else (None, at)

    def grow(self, parent: Node, octets: bytes, at: int, end: int, seen: dict[str, Any]) -> int:
        """Add the flag as a hidden leaf."""
        value, after = self.read(octets, at, end, seen)
        if value is not None:
            parent.children.append(Node(self.asn1, Kind.HIDDEN, at * 8, after * 8, value, "7E"))
        return after

    def build(self, value: int | None) -> bytes:
        """Build the flag, or nothing."""
        return b"" if value is None else packed(self.name, _OCTET, value)

    def randval(self) -> None:
        """Stay."""
        return


class ClosingFlag(FlagField):
    """The flag after the FCS."""

    __slots__: list[str] = []
    is_beyond = True


class FrameFormat(BitGroup):
    """Frame format: type (1010), segmentation, length of the frame between its flags."""

    narrows = True

    def limit(self, value: int, octets: bytes, at: int, end: int) -> int:
        """Tell where the FCS ends; a length that lies beyond the octets counts up to the last flag."""
        declared = at - 2 + (value & 0x7FF)
        if at < declared <= end:
            return declared
        return end - 1 if end > at and octets[end - 1] == FLAG else end


class Control(Fixed):
    """The control octet, its bits named by frame type."""

    __slots__: list[str] = []

    def __init__(self) -> None:
        Fixed.__init__(self, "control", "B", 0x10)

    def to_text(self, value: int) -> str:
        """Say type, sequence numbers and poll/final bit."""
        kind = control_type(value)
        numbers = f" N(R)={value >> 5}" if not value & 2 or not value & 1 else ""
        if kind == "I":
            numbers = f" N(S)={value >> 1 & 7}" + numbers
        return f"{kind}{numbers}{' P/F' if value & 0x10 else ''}"

    def grow(self, parent: Node, octets: bytes, at: int, end: int, seen: dict[str, Any]) -> int:
        """Add the octet with its bits."""
        value, after = self.read(octets, at, end, seen)
        seen[self.name] = value
        node = parent.add(Node(self.asn1, Kind.BITS, at * 8, after * 8, f"{value:02X}", self.to_text(value)))
        final = ("poll-final", 1, bool(value & 0x10))
        if not value & 1:
            parts = [("receive-number", 3, value >> 5), final, ("send-number", 3, value >> 1 & 7), ("type", 1, 0)]
        elif value & 3 == 1:
            parts = [("receive-number", 3, value >> 5), final, ("type", 4, value & 0xF)]
        else:
            parts = [("modifier", 3, value >> 5), final, ("type", 4, value & 0xF)]
        bit = at * 8
        for name, width, one in parts:
            node.add(Node(name, Kind.LEAF, bit, bit + width, one))
            bit += width
        return after


class CheckSequence(Computed):
    """A 16-bit check sequence, low octet first; *begin* is the first octet that it covers."""

    __slots__ = ["code_name"]

    def __init__(self, name: str, code_name: str) -> None:
        self.code_name = code_name
        Computed.__init__(self, name)

    def read(self, octets: bytes, at: int, end: int, seen: Seen) -> tuple[int | None, int]:
        """Read the two octets."""
        if at + 2 > end:
            raise Truncated(at, 2, end - at)
        return octets[at] | octets[at + 1] << 8, at + 2

    def grow(self, parent: Node, octets: bytes, at: int, end: int, seen: dict[str, Any]) -> int:
        """Add the check sequence with its verdict; a wrong one is noted and reading goes on."""
        value, after = self.read(octets, at, end, seen)
        if value is None:
            return after
        begin = parent.start // 8 + (octets[parent.start // 8] == FLAG)
        shown = octets[at:after].hex(" ").upper()
        is_good = checks.fcs_is_good(octets[begin:after])
        node = parent.add(Node(self.asn1, Kind.LEAF, at * 8, after * 8, f"{value:04X}", f"{shown} (good)"))
        if not is_good and value == 0:
            node.text = f"{shown} (not used)"
        elif not is_good:
            expected = checks.fcs(octets[begin:at]).to_bytes(2, "little").hex(" ").upper()
            node.text = f"{shown} (wrong, {expected} computed)"
            text = f"{self.asn1.upper()} {shown} is wrong, {expected} computed"
            node.notes.append(Note(self.code_name, Severity.ERROR, "checksum", text, at, after))
        return after

    def build(self, value: int) -> bytes:
        """Build low octet, high octet."""
        return packed(self.name, _LOW_FIRST, value)

    def i2repr(self, pkt: Any, x: Any) -> str:
        """Show the number, or that it will be computed."""
        return "computed" if x is None else f"{x:04X}"


class HeaderCheck(CheckSequence):
    """The HCS: there only where an information field is."""

    __slots__: list[str] = []

    def read(self, octets: bytes, at: int, end: int, seen: Seen) -> tuple[int | None, int]:
        """Read the HCS; a frame whose FCS follows the control octet has none."""
        return (None, at) if end - at <= 2 else CheckSequence.read(self, octets, at, end, seen)


class Information(Carried):
    """The information field: what stands between HCS and FCS."""

    __slots__: list[str] = []

    def read(self, octets: bytes, at: int, end: int, seen: Seen) -> tuple[bytes, int]:
        """Take all but the FCS."""
        stop = max(at, end - 2)
        return octets[at:stop], stop

    def grow(self, parent: Node, octets: bytes, at: int, end: int, seen: dict[str, Any]) -> int:
        """Add what the frame type gives meaning to; other information is one leaf that the caller may grow further."""
        stop = Carried.grow(self, parent, octets, at, end, seen)
        layer = INSIDE.get(seen["control"] & 0xEF) if stop > at and seen["control"] & 3 == 3 else None
        if layer is not None:
            _grow_inside(parent.children[-1], layer, octets, at, stop)
        return stop


def _grow_inside(node: Node, layer: type[Layer], octets: bytes, at: int, end: int) -> None:
    node.kind, node.value = Kind.LAYER, None
    try:
        after = layer.grow(node, octets, at, end)
    except Problem:
        return
    if after < end:
        node.add(Node("undecoded", Kind.HIDDEN, after * 8, end * 8, None, f"{end - after} octets left over"))
    node.end = end * 8


_FLAG = bytes((FLAG,))
_BEGINS = re.compile(rb"\x7e+(?:[\xa0-\xaf]|\Z)")
_SUMMED = ("source_address", "destination_address", "control")


class Hdlc(Framed):
    """One frame, with the flags that the capture has. Length, HCS and FCS are computed while not given."""

    asn1 = "hdlc"
    computed = frozenset({"frame_length", "hcs", "fcs"})
    fields_desc = [
        FlagField("opening_flag"),
        *bits(
            "frame_format", ("format_type", 4, 10), ("segmentation", 1), ("frame_length", 11), as_hex=False,
            group=FrameFormat,
        ),
        AddressField("destination_address", 1),
        AddressField("source_address", 16),
        Control(),
        HeaderCheck("hcs", "hdlc-hcs-wrong"),
        Information("information"),
        CheckSequence("fcs", "hdlc-fcs-wrong"),
        ClosingFlag("closing_flag"),
    ]  # fmt: skip

    def assemble(self, information: bytes, computed: frozenset[str]) -> bytes:
        """Build the frame around *information*. Raises: ValueError where its length field is too small for it."""
        flags = [self.get_field(name).build(self.getfieldval(name)) for name in ("opening_flag", "closing_flag")]
        addresses = b"".join(
            self.get_field(name).build(self.get_field(name).any2i(self, self.getfieldval(name)))
            for name in ("destination_address", "source_address")
        )
        header_size = 2 + len(addresses) + 1
        length = self.getfieldval("frame_length")
        if "frame_length" in computed or self.fields.get("frame_length") is None:
            length = header_size + 2 + (len(information) + 2 if information else 0)
            if length > MAXIMUM_LENGTH:
                raise ValueError(f"a frame of {length} octets does not fit: its length field ends at {MAXIMUM_LENGTH}")
        word: Any = b""
        for name, value in (
            ("format_type", self.format_type),
            ("segmentation", self.segmentation),
            ("frame_length", length),
        ):
            word = self.get_field(name).addfield(self, word, value)
        built = word + addresses + self.get_field("control").build(self.control)
        has_own_hcs = (
            self.getfieldval("hcs") is not None and "hcs" not in computed
        )  # without information: as it was read
        if information or has_own_hcs:
            built += self._check("hcs", built, computed) + information
        built += self._check("fcs", built, computed)
        framed: bytes = flags[0] + built + flags[1]
        return framed

    def _check(self, name: str, octets: bytes, computed: frozenset[str]) -> bytes:
        value = self.getfieldval(name)
        if value is None or name in computed:
            value = checks.fcs(octets)
        return self.get_field(name).build(value)  # type: ignore[no-any-return]

    def hashret(self) -> bytes:
        """Give what frames of both directions have in common."""
        if self.problem is not None:
            return b""
        return " ".join(sorted((str(self.source_address), str(self.destination_address)))).encode()

    def answers(self, other: Any) -> bool:
        """Tell whether it comes back from where *other* went, and is of a type that answers one such."""
        if not isinstance(other, Hdlc) or self.problem is not None or other.problem is not None:
            return False
        there = (str(other.source_address), str(other.destination_address))
        if there != (str(self.destination_address), str(self.source_address)):
            return False
        asked, kind = control_type(other.control), control_type(self.control)
        if asked == kind == "I" and not isinstance(other.payload, (Raw, NoPayload)):  # else segments
            return bool(self.payload.answers(other.payload))
        return kind in FRAMES.get(asked, ())

    @classmethod
    def tcp_reassemble(cls, data: bytes, metadata: Any, session: Any) -> Any:
        """Make the frame once a stream has all of it, None before. Noise is Raw, up to the next frame."""
        idle = len(data) - len(data.lstrip(_FLAG))
        data = data[max(0, idle - 1) :]
        flag = int(idle > 0)
        header = data[flag : flag + 2]
        length = int.from_bytes(header, "big")
        if length >> 8 * len(header) - 4 == 0xA if header else idle:
            if len(header) < 2 or len(data) < 2 * flag + (length & MAXIMUM_LENGTH):
                return None
            if length & MAXIMUM_LENGTH >= MINIMUM_LENGTH:
                return cls(data)
        return noise(data, _BEGINS.search(data, 1))

    def guess_payload_class(self, payload: bytes) -> Any:
        """Choose by frame type, then by the LLC octets, then by the APDU tag."""
        from dissectors import llc

        control = int(self.control)
        if control & 3 == 3 and (inside := INSIDE.get(control & 0xEF)):
            return inside
        return llc.payload_class(payload)

    def mysummary(self) -> str:
        """Name addresses and frame type, as far as they were read."""
        if any(name not in self.default_fields and name not in self.fields for name in _SUMMED):
            return "HDLC (partial)"
        return (
            f"HDLC {self.source_address} > {self.destination_address} {self.get_field('control').to_text(self.control)}"
        )


class LoneHdlc(Hdlc):
    """A frame whose header has no source address, as `lone_address_end` proves it: for reading alone."""

    fields_desc = [one for one in Hdlc.fields_desc if one.name != "source_address"]


class FrameReject(Layer):
    """The information field of FRMR: the rejected control octet, the sequence numbers, the reasons."""

    asn1 = "frame-reject"
    fields_desc = [
        Control(),
        *bits("state", ("receive_number", 3), ("was_response", 1), ("send_number", 3), ("zero", 1), as_hex=False),
        *bits(
            "reason", ("unused", 3), ("invalid_send_number", 1), ("invalid_receive_number", 1),
            ("information_too_long", 1), ("information_not_allowed", 1), ("control_not_implemented", 1), as_hex=False,
        ),
    ]  # fmt: skip


INSIDE: dict[int, type[Layer]] = {0x83: HdlcParameters, 0x63: HdlcParameters, 0x87: FrameReject}
"""What the information field of an unnumbered frame is, by control octet without poll/final bit."""

__all__ = [
    "FLAG",
    "MAXIMUM_LENGTH",
    "SUPERVISORY",
    "UNNUMBERED",
    "Address",
    "FrameReject",
    "Hdlc",
    "HdlcParameters",
    "LoneHdlc",
    "control_type",
    "lone_address_end",
    "scan_address",
    "scan_addresses",
]
