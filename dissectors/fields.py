"""House fields: each reads its octets at a position, grows tree nodes, and builds; Scapy's API is a thin adapter.

A field reads ``(octets, at, end)`` and returns ``(value, next octet)``; it raises :class:`Problem` inside the engines.
Fields with a ``code`` have a fixed size and fold into one struct in the generated scan.
Source: IEC 61334-6 (A-XDR), IEC 62056-5-3.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from struct import Struct
from struct import error as StructError  # noqa: N812
from typing import Any

from dissectors import axdr
from dissectors.scapy_base import Field, Packet, RandNum, VolatileValue
from dissectors.tree import Kind, Node, Problem, Truncated

_LEAF, _HIDDEN = Kind.LEAF, Kind.HIDDEN  # an attribute of an Enum costs as much as a node's field

REFUSALS = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What fields raise of a value that is none of theirs."""


def octets_given(given: object) -> bytes:
    """Give octets of any kind as bytes. Raises: TypeError for what is none."""
    if isinstance(given, bytes | bytearray | memoryview):
        return bytes(given)
    hint = "; bytes.fromhex() makes them of hex" * isinstance(given, str)
    raise TypeError(f"octets were expected, not {type(given).__name__}{hint}")


Seen = Mapping[str, Any]
"""Values of the fields of the same layer that were read before."""


class RandomOf(VolatileValue):
    """A volatile value for Scapy's ``fuzz()`` that draws from a function."""

    def __init__(self, draw: Callable[[], Any]) -> None:
        super().__init__()
        self.draw = draw

    def _fix(self) -> Any:
        return self.draw()


class House(Field):
    """The base of all house fields. *asn1* is the name of the standard, kept in the field and not derived."""

    __slots__ = ["asn1", "code"]
    narrows = False
    """Whether the fields after this one are bounded by its value."""
    looks_back = False
    """Whether reading it needs the values read before."""
    absent_unless: int | None = None
    """The octet without which the field is absent, where there is one: its value is then ``None``."""
    is_beyond = False
    """Whether this field stands after the region that a length of the layer bounds."""

    def __init__(self, name: str, default: Any, asn1: str | None = None, code: str = "") -> None:
        self.code = code
        self.asn1 = asn1 if asn1 is not None else name.replace("_", "-")
        Field.__init__(self, name, default, code or "B")

    # -- engines ------------------------------------------------------------------------------------------------

    def read(self, octets: bytes, at: int, end: int, seen: Seen) -> tuple[Any, int]:
        """Read the value at *at*. Returns it and the next octet."""
        raise NotImplementedError

    def scan_value(self, octets: bytes, at: int, end: int, seen: Seen) -> tuple[Any, int]:
        """Read the plain value for the index pass; fields whose value is a packet give its octets instead."""
        return self.read(octets, at, end, seen)

    def grow(self, parent: Node, octets: bytes, at: int, end: int, seen: dict[str, Any]) -> int:
        """Read at *at* and add nodes to *parent*; note the value in *seen*. Returns the next octet."""
        value, after = self.read(octets, at, end, seen)
        seen[self.name] = value
        parent.children.append(Node(self.asn1, _LEAF, at * 8, after * 8, self.to_json(value), self.to_text(value)))
        return after

    def build(self, value: Any) -> bytes:
        """Build the octets of *value*."""
        raise NotImplementedError

    def to_json(self, value: Any) -> Any:
        """Give the JSON form of *value* (design: JSON encoding rules of ASN.1)."""
        return value

    def to_text(self, value: Any) -> str:
        """Say *value* for a person where that adds something to its JSON form; else nothing."""
        return ""

    # -- Scapy --------------------------------------------------------------------------------------------------

    def getfield(self, pkt: Any, s: bytes) -> tuple[bytes, Any]:
        """Adapt :meth:`read` to Scapy."""
        value, at = self.read(s, 0, len(s), pkt.fields if pkt is not None else {})
        return s[at:], value

    def addfield(self, pkt: Any, s: bytes, val: Any) -> bytes:
        """Adapt :meth:`build` to Scapy."""
        return s + self.build(self.any2i(pkt, val))

    def i2len(self, pkt: Any, x: Any) -> int:
        """Count the octets that *x* takes."""
        return len(self.build(x))

    def i2repr(self, pkt: Any, x: Any) -> str:
        """Show *x* as its text or JSON form; a packet with all inside, and what is no value of the field as it is."""
        if isinstance(x, (Packet, VolatileValue)):
            return repr(x)
        try:
            return self.to_text(x) or str(self.to_json(x))
        except REFUSALS:
            return repr(x)


_EXPECTED = {"f": "a number up to 3.4e38", "d": "a number"}


def packed(name: str, struct: Struct, value: Any) -> bytes:
    """Pack *value*. Raises: ValueError that says what *name* takes."""
    code = struct.format[-1:]
    if code == "?" and not isinstance(value, int):  # struct takes any value for true or false, and pads octets
        raise ValueError(f"{name}: true or false was expected, not {value!r}")
    if code == "s" and isinstance(value, (bytes, bytearray)) and len(value) != struct.size:
        raise ValueError(f"{name}: {struct.size} octets needed, got {len(value)}")
    try:
        return struct.pack(value)
    except (StructError, OverflowError):
        pass
    if code == "s":
        raise ValueError(f"{name}: text or octets were expected, not {value!r}")
    bits = 8 * struct.size
    least, most = (0, (1 << bits) - 1) if code.isupper() else (-1 << bits - 1, (1 << bits - 1) - 1)
    expected = _EXPECTED.get(code) or f"a whole number from {least} to {most}"
    raise ValueError(f"{name}: {expected} was expected, not {value!r}")


class Fixed(House):
    """A field of fixed size: one struct code."""

    __slots__ = ["size", "unpack"]

    def __init__(self, name: str, code: str, default: Any, asn1: str | None = None) -> None:
        packed = Struct(">" + code)
        self.size = packed.size  # before the default, which some fields check against it
        self.unpack = packed.unpack_from
        House.__init__(self, name, default, asn1, code)

    def read(self, octets: bytes, at: int, end: int, seen: Seen) -> tuple[Any, int]:
        """Read the value; too few octets raise Truncated."""
        after = at + self.size
        if after > end:
            raise Truncated(at, self.size, end - at)
        return self.unpack(octets, at)[0], after

    def build(self, value: Any) -> bytes:
        """Pack *value*. Raises: ValueError that names the field and what fits."""
        return packed(self.name, Struct(">" + self.code), value)


class Number(Fixed):
    """An INTEGER of 1, 2, 4 or 8 octets; *table* names its values (an ENUMERATED)."""

    __slots__ = ["table"]

    def __init__(
        self, name: str, code: str, default: int = 0, asn1: str | None = None, table: Mapping[int, str] | None = None
    ) -> None:
        self.table = table
        Fixed.__init__(self, name, code, default, asn1)

    def any2i(self, pkt: Any, x: Any) -> Any:
        """Accept the identifier of an enumerated value beside its number."""
        if isinstance(x, str) and self.table is not None:
            for number, identifier in self.table.items():
                if identifier == x:
                    return number
            raise ValueError(f"{self.name}: {x!r} is none of {', '.join(self.table.values())}")
        return x

    def grow(self, parent: Node, octets: bytes, at: int, end: int, seen: dict[str, Any]) -> int:
        """Add the number; the shortest way, for most fields are numbers."""
        after = at + self.size
        if after > end:
            raise Truncated(at, self.size, end - at)
        value = seen[self.name] = self.unpack(octets, at)[0]
        if self.table is None:
            node = Node(self.asn1, _LEAF, at * 8, after * 8, value)
        else:
            node = Node(self.asn1, _LEAF, at * 8, after * 8, self.to_json(value), self.to_text(value))
        parent.children.append(node)
        return after

    def to_json(self, value: int) -> Any:
        """Give the identifier, or the number where none is assigned."""
        return self.table.get(value, value) if self.table is not None else value

    def to_text(self, value: int) -> str:
        """Say identifier and number."""
        return f"{self.table.get(value, 'unassigned')} ({value})" if self.table is not None else ""


class Flag(Fixed):
    """A BOOLEAN octet: 00 is false, anything else true (01 and FF are both seen)."""

    __slots__: list[str] = []

    def __init__(self, name: str, default: bool = False) -> None:
        Fixed.__init__(self, name, "B", int(default))

    def to_json(self, value: int) -> bool:
        """Give true or false."""
        return bool(value)

    def randval(self) -> Any:
        """Draw 0 or 1."""
        return RandNum(0, 1)


class Constant(Fixed):
    """A tag octet: the only value under which its layer is read."""

    __slots__: list[str] = []

    def __init__(self, name: str, value: int) -> None:
        Fixed.__init__(self, name, "B", value)

    def read(self, octets: bytes, at: int, end: int, seen: Seen) -> tuple[int, int]:
        """Read the octet; another one is a problem."""
        if at >= end:
            raise Truncated(at, 1, 0)
        if octets[at] != self.default:
            raise Problem(at, f"{octets[at]:02X} where {self.default:02X} belongs")
        return octets[at], at + 1

    def grow(self, parent: Node, octets: bytes, at: int, end: int, seen: dict[str, Any]) -> int:
        """Add the tag as a hidden leaf."""
        value, after = self.read(octets, at, end, seen)
        parent.children.append(Node(self.asn1, _HIDDEN, at * 8, after * 8, value, f"{value:02X}"))
        return after

    def randval(self) -> None:
        """Stay: a random tag would be another layer."""
        return


class Octets(Fixed):
    """An OCTET STRING of fixed size, shown as upper-case hex; accepts hex text."""

    __slots__: list[str] = []

    def __init__(self, name: str, size: int, default: bytes | None = None, asn1: str | None = None) -> None:
        Fixed.__init__(self, name, f"{size}s", default if default is not None else bytes(size), asn1)

    def any2i(self, pkt: Any, x: Any) -> Any:
        """Accept hex text; a wrong size is refused rather than padded."""
        x = from_hex(x)
        if isinstance(x, bytes) and len(x) != self.size:
            raise ValueError(f"{self.name}: {self.size} octets needed, got {len(x)}")
        return x

    def to_json(self, value: bytes) -> str:
        """Give the hex digits."""
        return value.hex().upper()


_SIGNS = str.maketrans("-:*", "...")


class LogicalName(Octets):
    """A logical name (instance-id): six octets, the value groups A to F of an OBIS code."""

    __slots__: list[str] = []

    def __init__(self, name: str = "instance_id") -> None:
        Octets.__init__(self, name, 6)

    def any2i(self, pkt: Any, x: Any) -> Any:
        """Accept ``0.0.1.0.0.255``, ``0-0:1.0.0*255`` and ``0-0:1.0.0`` beside octets and hex. Raises: ValueError."""
        if not isinstance(x, str):
            return Octets.any2i(self, pkt, x)
        parts = x.translate(_SIGNS).split(".")
        try:
            return bytes(map(int, [*parts, "255"][:6])) if len(parts) in (5, 6) else bytes.fromhex(x)
        except ValueError:
            raise ValueError(f"{self.name}: an OBIS code such as 1-0:1.8.0*255 was expected, not {x!r}") from None

    def to_text(self, value: bytes) -> str:
        """Write the code as A-B:C.D.E*F."""
        return "{}-{}:{}.{}.{}*{}".format(*value)


class Computed(House):
    """A field that is computed while its value is ``None``."""

    __slots__: list[str] = []

    def __init__(self, name: str) -> None:
        House.__init__(self, name, None)

    def i2repr(self, pkt: Any, x: Any) -> str:
        """Show the value, or that it will be computed."""
        return "computed" if x is None else House.i2repr(self, pkt, x)

    def randval(self) -> None:
        """Stay computed."""
        return


class Varying(House):
    """Octets of any number, shown as upper-case hex; accepts hex text."""

    __slots__: list[str] = []

    def __init__(self, name: str) -> None:
        House.__init__(self, name, b"")

    def any2i(self, pkt: Any, x: Any) -> Any:
        """Accept hex text, and a packet for its octets."""
        return from_hex(bytes(x) if isinstance(x, Packet) else x)

    def to_json(self, value: bytes) -> Any:
        """Give the hex digits."""
        return value.hex().upper()

    def randval(self) -> Any:
        """Draw up to 16 octets."""
        return RandomOf(random_octets)


class Remaining(Varying):
    """The octets up to the end of the layer, as they are."""

    __slots__: list[str] = []

    def read(self, octets: bytes, at: int, end: int, seen: Seen) -> tuple[bytes, int]:
        """Take all that is left."""
        return octets[at:end], end

    def build(self, value: bytes) -> bytes:
        """Give the octets."""
        return value


class OctetString(Varying):
    """An OCTET STRING behind its A-XDR length."""

    __slots__: list[str] = []

    def read(self, octets: bytes, at: int, end: int, seen: Seen) -> tuple[bytes, int]:
        """Read length and octets."""
        size, start = axdr.scan_length(octets, at, end)
        after = start + size
        if after > end:
            raise Truncated(at, after - at, end - at)
        return octets[start:after], after

    def build(self, value: bytes) -> bytes:
        """Build length and octets."""
        return axdr.length_octets(len(value)) + value


class TextString(OctetString):
    """A string of characters behind its A-XDR length (VisibleString, GeneralizedTime)."""

    __slots__: list[str] = []

    def any2i(self, pkt: Any, x: Any) -> Any:
        """Accept text as characters, not as hex."""
        return x.encode() if isinstance(x, str) else x

    def to_json(self, value: bytes) -> str:
        """Give the characters."""
        return value.decode("latin-1")


def from_hex(x: Any) -> Any:
    """Make octets of hex text; anything else stays. Raises: ValueError that says what was expected."""
    if isinstance(x, bytearray):
        return bytes(x)
    try:
        return bytes.fromhex(x) if isinstance(x, str) else x
    except ValueError:
        raise ValueError(f"octets in hex such as 0A 1B were expected, not {x!r}") from None


def octets_of(value: Any) -> bytes:
    """Give the octets of a packet, or octets. Raises: ValueError of anything else, for ``bytes(5)`` is five zeros."""
    if isinstance(value, (Packet, bytes, bytearray)):
        return bytes(value)
    raise ValueError(f"a packet, its fields by name or octets were expected, not {value!r}")


def random_octets() -> bytes:
    """Draw up to 16 octets."""
    import random

    return random.randbytes(random.randrange(17))
