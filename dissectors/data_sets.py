"""Data sets ``id(value*unit)(value)…``: parted, built, and the field that holds those of a message.

Source: IEC 62056-21, data sets.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, NamedTuple

from dissectors.characters import MASKED, encoded, sign_text
from dissectors.fields import House, Seen
from dissectors.tree import Kind, Node, Note, Severity, printable

_UNPRINTABLE = re.compile(rb"[^ -~]")
_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")
_MESSAGE = re.compile(rb"0-[0-9]+:96\.13\.[0-9]+(?:\*255)?")
"""Messages to the consumer: people write them, with letters of their own or FF where none is set."""
_DATA_SET = re.compile(
    rb"([^()\r\n]*)((?:\([^()\r\n]*\))+)([\r\n]*)"
    rb"|([^\r\n]+)([\r\n]*)|([\r\n]+)"
)
_SOH_SHOWN = rb"\\(?:x|u00|0)?0?1|\^A|(?i:SOH)"
_STX_SHOWN = rb"(?:\\(?:x|u00|0)?0?2|\^B|[<\[{(](?i:STX|(?:0x)?02)[>\]})]|b\x10\x02| ?(?i:STX)|[^0-9A-Za-z()\r\n]) ?"
"""How a terminal or a log may show SOH and STX: escaped, named, or as a sign in their place."""
PASSWORD_HEAD = (
    rb"(?:"
    + _SOH_SHOWN
    + rb"|(?<![0-9A-Z])(?<![0-9A-Z]\.)(?<![0-9][:-]))(?:P|(?<![a-z])p)[12](?:"
    + _STX_SHOWN
    + rb")?"
)
"""A password command as far as its parenthesis that lost its control characters, and so reads as a data set.

Codes that end like it have something before that: ``LP1``, ``C.P1``, ``1-0:P1``.
"""
_OF_PASSWORD = re.compile(PASSWORD_HEAD + rb"\Z")
_new = tuple.__new__


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


def masked(one: DataSet) -> DataSet:
    """Give a data set without its values where they are a password."""
    is_password = one.values and (b"P" in one.id or b"p" in one.id) and _OF_PASSWORD.search(one.id)
    return one._replace(values=(Value(MASKED.encode()),)) if is_password else one


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
            return data_sets(encoded(x))
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
            at = self._grow_value(values, value, at, _CONTROL if _MESSAGE.fullmatch(one.id) else _UNPRINTABLE)
        values.end = at * 8
        if one.line_end:
            at = _sign(node, "line-end", one.line_end, at)
        node.end = at * 8
        if one.id and not one.values:
            text = "text without parentheses around a value"
            node.notes.append(Note("data-set-malformed", Severity.ERROR, "malformed", text, node.start // 8, at))
        return at

    def _grow_value(self, parent: Node, value: Value, at: int, foreign: re.Pattern[bytes]) -> int:
        node = parent.add(Node("value", Kind.SEQUENCE, at * 8, at * 8))
        at = _sign(node, "opening", b"(", at)
        at = self._leaf(node, "value", value.value, at, foreign)
        if value.unit is not None:
            at = self._leaf(node, "unit", value.unit, _sign(node, "separator", b"*", at))
        at = _sign(node, "closing", b")", at)
        node.end = at * 8
        return at

    def _leaf(self, parent: Node, name: str, octets: bytes, at: int, foreign: re.Pattern[bytes] = _UNPRINTABLE) -> int:
        after = at + len(octets)
        leaf = parent.add(Node(name, Kind.LEAF, at * 8, after * 8, self.shown(octets)))
        found = foreign.search(octets)
        if found:
            text = f"octet {at + found.start()} of the {name} is no printable character"
            leaf.notes.append(Note("octet-unprintable", Severity.WARNING, "malformed", text, at, after))
        return after

    def shown(self, octets: bytes) -> str:
        """Give the characters of an id, value or unit as they are shown."""
        return octets.decode("latin-1")

    def set_text(self, one: DataSet) -> str:
        """Say a data set in one line."""
        one = masked(one)
        values = [" ".join(map(self.shown, filter(None, value))) for value in one.values]
        return printable(f"{self.shown(one.id)} {', '.join(values)}".strip()) if one.values else ""

    def to_json(self, value: tuple[DataSet, ...]) -> Any:
        """Give ``[{"id", "values": [{"value", "unit"}]}]``."""
        return [
            {"id": self.shown(one.id), "values": list(map(self._value_form, one.values))} for one in map(masked, value)
        ]

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


def _sign(parent: Node, name: str, octets: bytes, at: int) -> int:
    after = at + len(octets)
    parent.add(Node(name, Kind.HIDDEN, at * 8, after * 8, None, sign_text(octets)))
    return after


def _data_sets(given: Any, line_end: bytes) -> tuple[DataSet, ...]:
    if isinstance(given, (str, bytes)):
        return data_sets(encoded(given) + (b"" if given[-1:] in ("\n", b"\n") else line_end))
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
        return _value(encoded(given))
    value, unit = Value(**given) if isinstance(given, dict) else Value(*given)
    return Value(_octets(value), None if unit is None else _octets(unit))


def _octets(x: Any) -> bytes:
    if isinstance(x, (str, bytes)):
        return bytes(encoded(x))
    raise TypeError


def _built(one: DataSet) -> bytes:
    values = b"".join(
        b"(" + value.value + (b"" if value.unit is None else b"*" + value.unit) + b")" for value in one.values
    )
    return one.id + values + one.line_end
