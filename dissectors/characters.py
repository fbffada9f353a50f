"""Fields of characters: signs, texts up to a sign, and line ends.

Source: IEC 62056-21, message formats.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from dissectors.compile import FAILURES, scan
from dissectors.fields import Constant, Fixed, House, Remaining, Seen
from dissectors.tree import Kind, Node

MASKED = "(masked)"
"""What stands where a password would."""
_ENHANCED = re.compile(rb"(?:\\[!-~])*")
_NAMES = {0x01: "SOH", 0x02: "STX", 0x03: "ETX", 0x04: "EOT", 0x06: "ACK", 0x15: "NAK"}


def encoded(x: Any) -> Any:
    """Make octets of text; anything else stays."""
    return x.encode("latin-1") if isinstance(x, str) else x


class HiddenRest(Remaining):
    """What could not be read of a layer that may hold a password or a key: Scapy's own outputs mask it."""

    __slots__: list[str] = []

    def i2repr(self, pkt: Any, x: Any) -> str:
        """Mask it."""
        return MASKED


class Characters(Fixed):
    """A text of fixed size."""

    __slots__: list[str] = []

    def __init__(self, name: str, default: bytes) -> None:
        Fixed.__init__(self, name, f"{len(default)}s", default)

    def any2i(self, pkt: Any, x: Any) -> Any:
        """Accept text; a wrong size is refused rather than padded."""
        x = encoded(x)
        if isinstance(x, bytes) and len(x) != self.size:
            raise ValueError(f"{self.name}: {self.size} characters needed, got {len(x)}")
        return x

    def to_json(self, value: bytes) -> str:
        """Give the text."""
        return value.decode("latin-1")


class Punctuation(House):
    """Octets that only part others: a sign or line ends. Shown, but no member of the JSON form."""

    __slots__: list[str] = []

    def grow(self, parent: Node, octets: bytes, at: int, end: int, seen: dict[str, Any]) -> int:
        """Add a hidden leaf where something stands."""
        value, after = self.read(octets, at, end, seen)
        seen[self.name] = value
        if after > at:
            parent.children.append(Node(self.asn1, Kind.HIDDEN, at * 8, after * 8, None, sign_text(octets[at:after])))
        return after

    def randval(self) -> None:
        """Stay."""
        return


def sign_text(octets: bytes) -> str:
    """Say signs by their names: ``STX``, ``!``, ``CR LF``."""
    names = {0x0D: "CR", 0x0A: "LF", **_NAMES}
    return " ".join(names.get(one) or (chr(one) if 32 < one < 127 else f"{one:02X}") for one in octets)


class Sign(Punctuation):
    """One octet of a set, the first by default; ``None`` where none of them stands there."""

    __slots__ = ["choices", "is_beyond"]

    def __init__(self, name: str, *choices: int, is_beyond: bool = False) -> None:
        self.choices = choices
        self.is_beyond = is_beyond
        House.__init__(self, name, choices[0])

    def read(self, octets: bytes, at: int, end: int, seen: Seen) -> tuple[int | None, int]:
        """Read the octet where it stands."""
        return (octets[at], at + 1) if at < end and octets[at] in self.choices else (None, at)

    def build(self, value: int | None) -> bytes:
        """Build the octet, or nothing."""
        return b"" if value is None else bytes((value,))


class LineEnds(Punctuation):
    """The CR and LF that stand here, as many as there are."""

    __slots__ = ["is_beyond"]
    pattern = re.compile(rb"[\r\n]*")

    def __init__(self, name: str, default: bytes = b"\r\n", *, is_beyond: bool = False) -> None:
        self.is_beyond = is_beyond
        House.__init__(self, name, default)

    def read(self, octets: bytes, at: int, end: int, seen: Seen) -> tuple[bytes, int]:
        """Read them; there may be none."""
        after = self.pattern.match(octets, at, end).end()  # type: ignore[union-attr]  # it always matches
        return octets[at:after], after

    def build(self, value: bytes) -> bytes:
        """Give the octets."""
        return value


class EmptyLine(LineEnds):
    """The end of a line and an empty one, and no octet more: what follows is not text."""

    __slots__: list[str] = []
    pattern = re.compile(rb"(?:\r?\n){0,2}")


class Text(House):
    """Characters up to one of *stops*, or to the end."""

    __slots__ = ["_stop"]

    def __init__(self, name: str, stops: bytes = b"\r\n", default: bytes | None = b"") -> None:
        self._stop = re.compile(b"[" + re.escape(stops) + b"]")
        House.__init__(self, name, default)

    def any2i(self, pkt: Any, x: Any) -> Any:
        """Accept text."""
        return encoded(x)

    def read(self, octets: bytes, at: int, end: int, seen: Seen) -> tuple[bytes, int]:
        """Read up to the stop."""
        found = self._stop.search(octets, at, end)
        after = found.start() if found else end
        return octets[at:after], after

    def build(self, value: bytes) -> bytes:
        """Give the octets."""
        return value

    def to_json(self, value: bytes) -> str:
        """Give the text."""
        return value.decode("latin-1")

    def randval(self) -> None:
        """Stay: random characters would be other fields."""
        return


class Trailer(Text):
    """Text behind the end of a telegram; ``None`` where there is none."""

    __slots__: list[str] = []
    is_beyond = True

    def __init__(self, name: str) -> None:
        Text.__init__(self, name, default=None)

    def read(self, octets: bytes, at: int, end: int, seen: Seen) -> tuple[Any, int]:
        """Read up to the line end."""
        value, after = Text.read(self, octets, at, end, seen)
        return value or None, after

    def grow(self, parent: Node, octets: bytes, at: int, end: int, seen: dict[str, Any]) -> int:
        """Add the text where there is one."""
        value, after = self.read(octets, at, end, seen)
        if value is not None:
            parent.children.append(Node(self.asn1, Kind.LEAF, at * 8, after * 8, self.to_json(value)))
        return after

    def build(self, value: bytes | None) -> bytes:
        """Give the octets."""
        return value or b""

    def to_json(self, value: bytes | None) -> Any:
        """Give the text."""
        return None if value is None else value.decode("latin-1")


class Enhanced(Trailer):
    r"""The enhanced baud rate and mode characters ``\W`` of an identification; ``None`` where there are none."""

    __slots__: list[str] = []
    is_beyond = False

    def any2i(self, pkt: Any, x: Any) -> Any:
        r"""Accept the characters without their ``\``."""
        if isinstance(x, str) and not x.startswith("\\"):
            return b"".join(b"\\" + one.encode() for one in x)
        return encoded(x)

    def read(self, octets: bytes, at: int, end: int, seen: Seen) -> tuple[Any, int]:
        """Read them."""
        after = _ENHANCED.match(octets, at, end).end()  # type: ignore[union-attr]  # it always matches
        return octets[at:after] or None, after

    def to_json(self, value: bytes | None) -> Any:
        r"""Give the characters without their ``\``."""
        return None if value is None else value[1::2].decode()


def members(layer: Any, octets: bytes) -> dict[str, Any] | None:
    """Give the JSON members of a *layer* of text that takes exactly *octets*: those of its tree, without making one.

    None where it does not read so; only the tree tells what is wrong then.
    """
    made = scan(layer)
    try:
        values, after = made.function(octets, 0, len(octets))
    except FAILURES:
        return None
    if after != len(octets):
        return None
    told = zip(_shown(layer), values, strict=True)
    return {field.asn1: field.to_json(value) for field, value in told if field is not None and value is not None}


@cache
def _shown(layer: Any) -> tuple[House | None, ...]:
    """Give the field of each value of the scan; None for what only parts others."""
    fields = {one.name: one for one in layer.fields_desc if not isinstance(one, (Punctuation, Constant))}
    return tuple(fields.get(name) for name in scan(layer).names)
