"""Fields of characters: signs, texts up to a sign, line ends, and data sets ``id(value*unit)(value)…``.

Source: IEC 62056-21, data sets and message formats.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Any, NamedTuple

from dissectors.compile import FAILURES, scan
from dissectors.fields import Constant, Fixed, House, Seen
from dissectors.tree import Kind, Node, Note, Severity, printable

MASKED = "(masked)"
"""What stands where a password would."""
_UNPRINTABLE = re.compile(rb"[^ -~]")
_LINE_ENDS = re.compile(rb"[\r\n]*")
_EMPTY_LINE = re.compile(rb"(?:\r?\n){0,2}")
_ENHANCED = re.compile(rb"(?:\\[!-~])*")
_DATA_SET = re.compile(
    rb"([^()\r\n]*)((?:\([^()\r\n]*\))+)([\r\n]*)"
    rb"|([^\r\n]+)([\r\n]*)|([\r\n]+)"
)
_new = tuple.__new__
_NAMES = {0x01: "SOH", 0x02: "STX", 0x03: "ETX", 0x04: "EOT", 0x06: "ACK", 0x15: "NAK"}


def _encoded(x: Any) -> Any:
    return x.encode("latin-1") if isinstance(x, str) else x


class Characters(Fixed):
    """A text of fixed size."""

    __slots__: list[str] = []

    def __init__(self, name: str, default: bytes) -> None:
        Fixed.__init__(self, name, f"{len(default)}s", default)

    def any2i(self, pkt: Any, x: Any) -> Any:
        """Accept text; a wrong size is refused rather than padded."""
        x = _encoded(x)
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

    def __init__(self, name: str, default: bytes = b"\r\n", *, is_beyond: bool = False) -> None:
        self.is_beyond = is_beyond
        House.__init__(self, name, default)

    def read(self, octets: bytes, at: int, end: int, seen: Seen) -> tuple[bytes, int]:
        """Read them; there may be none."""
        after = _LINE_ENDS.match(octets, at, end).end()  # type: ignore[union-attr]  # it always matches
        return octets[at:after], after

    def build(self, value: bytes) -> bytes:
        """Give the octets."""
        return value


class EmptyLine(LineEnds):
    """The end of a line and an empty one, and no octet more: what follows is not text."""

    __slots__: list[str] = []

    def read(self, octets: bytes, at: int, end: int, seen: Seen) -> tuple[bytes, int]:
        """Read at most two line ends."""
        after = _EMPTY_LINE.match(octets, at, end).end()  # type: ignore[union-attr]  # it always matches
        return octets[at:after], after


class Text(House):
    """Characters up to one of *stops*, or to the end."""

    __slots__ = ["_stop"]

    def __init__(self, name: str, stops: bytes = b"\r\n", default: bytes | None = b"") -> None:
        self._stop = re.compile(b"[" + re.escape(stops) + b"]")
        House.__init__(self, name, default)

    def any2i(self, pkt: Any, x: Any) -> Any:
        """Accept text."""
        return _encoded(x)

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
        return _encoded(x)

    def read(self, octets: bytes, at: int, end: int, seen: Seen) -> tuple[Any, int]:
        """Read them."""
        after = _ENHANCED.match(octets, at, end).end()  # type: ignore[union-attr]  # it always matches
        return octets[at:after] or None, after

    def to_json(self, value: bytes | None) -> Any:
        r"""Give the characters without their ``\``."""
        return None if value is None else value[1::2].decode()


class Value(NamedTuple):
    """A value with its unit; ``None`` where no ``*`` stands."""

    value: bytes
    unit: bytes | None = None


class DataSet(NamedTuple):
    """One data set: its id (empty: that of the set before), its values, the line ends behind it.

    Text that is no data set stands as an id without values. A readout has CR LF behind each; a command has none, and
    its data set is given with ``line_end=b""`` or as text.
    """

    id: bytes
    values: tuple[Value, ...] = ()
    line_end: bytes = b"\r\n"


@lru_cache(maxsize=8)  # who follows a meter asks, and who shows its message
def data_sets(octets: bytes) -> tuple[DataSet, ...]:
    """Part *octets* into data sets; total, and together they have every octet."""
    found = []
    for name, values, line_end, text, end_of_text, end_alone in _DATA_SET.findall(octets):
        if not values:
            found.append(_new(DataSet, (text, (), end_of_text or end_alone)))
            continue
        inside = values[1:-1]
        parted = tuple(map(_value, inside.split(b")("))) if b")" in inside else (_value(inside),)
        found.append(_new(DataSet, (name, parted, line_end)))
    return tuple(found)


def _value(octets: bytes) -> Value:
    value, star, unit = octets.partition(b"*")
    return _new(Value, (value, unit if star else None))


class DataSets(House):
    """Data sets up to a closing sign: *until* finds the place behind which, or before which, they end.

    *line_end* stands behind those that are given without.
    """

    __slots__ = ["line_end", "until"]

    def __init__(self, until: bytes, name: str = "data_sets", *, line_end: bytes = b"\r\n") -> None:
        self.until = re.compile(until)
        self.line_end = line_end
        House.__init__(self, name, ())

    def any2i(self, pkt: Any, x: Any) -> Any:
        """Accept text, and one or several data sets as texts, in JSON form or as plain tuples. Raises: ValueError."""
        if isinstance(x, (str, bytes)):
            return data_sets(_encoded(x))
        several = x if isinstance(x, (list, tuple)) and not isinstance(x, DataSet) else [x]
        return tuple(one for given in several for one in _data_sets(given, self.line_end))

    def stop(self, octets: bytes, at: int, end: int) -> int:
        """Find where the data sets end: at the closing sign, or a ``!`` that stands by itself."""
        if at < end and octets[at] == 0x21:
            return at
        found = self.until.search(octets, at, end)
        if found is None:
            return end
        return found.end() - 1

    def read(self, octets: bytes, at: int, end: int, seen: Seen) -> tuple[tuple[DataSet, ...], int]:
        """Read all of them."""
        stop = self.stop(octets, at, end)
        return data_sets(octets[at:stop]), stop

    def build(self, value: tuple[DataSet, ...]) -> bytes:
        """Build all of them."""
        return b"".join(map(_built, value))

    def grow(self, parent: Node, octets: bytes, at: int, end: int, seen: dict[str, Any]) -> int:
        """Add a node a data set, its id and values in it."""
        value, after = self.read(octets, at, end, seen)
        seen[self.name] = value
        count = f"{len(value)} data set{'s' * (len(value) != 1)}"
        node = parent.add(Node(self.asn1, Kind.SEQUENCE_OF, at * 8, after * 8, None, count))
        for one in value:
            at = self._grow_one(node, one, at)
        return after

    def _grow_one(self, parent: Node, one: DataSet, at: int) -> int:
        node = parent.add(Node("data-set", Kind.SEQUENCE, at * 8, at * 8, None, self.set_text(one)))
        at = self._leaf(node, "id", one.id, at)
        values = node.add(Node("values", Kind.SEQUENCE_OF, at * 8, at * 8))
        for value in one.values:
            at = self._grow_value(values, value, at)
        values.end = at * 8
        if one.line_end:
            at = _sign(node, "line-end", one.line_end, at)
        node.end = at * 8
        if one.id and not one.values:
            text = "text without parentheses around a value"
            node.notes.append(Note("data-set-malformed", Severity.ERROR, "malformed", text, node.start // 8, at))
        return at

    def _grow_value(self, parent: Node, value: Value, at: int) -> int:
        node = parent.add(Node("value", Kind.SEQUENCE, at * 8, at * 8))
        at = _sign(node, "opening", b"(", at)
        at = self._leaf(node, "value", value.value, at)
        if value.unit is not None:
            at = self._leaf(node, "unit", value.unit, _sign(node, "separator", b"*", at))
        at = _sign(node, "closing", b")", at)
        node.end = at * 8
        return at

    def _leaf(self, parent: Node, name: str, octets: bytes, at: int) -> int:
        after = at + len(octets)
        leaf = parent.add(Node(name, Kind.LEAF, at * 8, after * 8, self.shown(octets)))
        found = _UNPRINTABLE.search(octets)
        if found:
            text = f"octet {at + found.start()} of the {name} is no printable character"
            leaf.notes.append(Note("octet-unprintable", Severity.WARNING, "malformed", text, at, after))
        return after

    def shown(self, octets: bytes) -> str:
        """Give the characters of an id, value or unit as they are shown."""
        return octets.decode("latin-1")

    def set_text(self, one: DataSet) -> str:
        """Say a data set in one line."""
        values = [" ".join(map(self.shown, filter(None, value))) for value in one.values]
        return printable(f"{self.shown(one.id)} {', '.join(values)}".strip()) if one.values else ""

    def to_json(self, value: tuple[DataSet, ...]) -> Any:
        """Give ``[{"id", "values": [{"value", "unit"}]}]``."""
        return [{"id": self.shown(one.id), "values": list(map(self._value_form, one.values))} for one in value]

    def _value_form(self, value: Value) -> dict[str, str]:
        form = {"value": self.shown(value.value)}
        if value.unit is not None:
            form["unit"] = self.shown(value.unit)
        return form

    def randval(self) -> None:
        """Stay."""
        return


class Secrets(DataSets):
    """Data sets that hold a password: their characters are never shown, not even where they are damaged."""

    __slots__: list[str] = []

    def shown(self, octets: bytes) -> str:
        """Mask what is not empty."""
        return MASKED if octets else ""

    def i2repr(self, pkt: Any, x: Any) -> str:
        """Mask it in Scapy's own outputs, too."""
        return MASKED


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


def _sign(parent: Node, name: str, octets: bytes, at: int) -> int:
    after = at + len(octets)
    parent.add(Node(name, Kind.HIDDEN, at * 8, after * 8, None, sign_text(octets)))
    return after


def _data_sets(given: Any, line_end: bytes) -> tuple[DataSet, ...]:
    if isinstance(given, (str, bytes)):
        return data_sets(_encoded(given) + (b"" if given[-1:] in ("\n", b"\n") else line_end))
    try:
        parts = DataSet(**{"line_end": line_end, **given}) if isinstance(given, dict) else given
        name, values, end = parts if len(parts) == 3 else (*parts, line_end)
        if isinstance(values, (str, bytes)):
            raise TypeError  # it would be taken sign by sign
        return (DataSet(_octets(name), tuple(map(_made_value, values)), _octets(end)),)
    except (TypeError, ValueError):
        text = "data sets such as 1.8.0(000123.45*kWh), or their id, a list of values and line end were expected"
        raise ValueError(f"{text}, not {given!r}") from None


def _made_value(given: Any) -> Value:
    if isinstance(given, (str, bytes)):
        return _value(_encoded(given))
    value, unit = Value(**given) if isinstance(given, dict) else Value(*given)
    return Value(_octets(value), None if unit is None else _octets(unit))


def _octets(x: Any) -> bytes:
    if isinstance(x, (str, bytes)):
        return bytes(_encoded(x))
    raise TypeError


def _built(one: DataSet) -> bytes:
    values = b"".join(
        b"(" + value.value + (b"" if value.unit is None else b"*" + value.unit) + b")" for value in one.values
    )
    return one.id + values + one.line_end
