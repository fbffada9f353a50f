"""The base of all layers: a Scapy Packet whose fields are read by position, and whose partial readings survive.

A reading that breaks off gives a packet of a subclass that has just the fields seen and the octets left over.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any, ClassVar

from dissectors.answering import answers as apdu_answers
from dissectors.bits import BitGroup, BitPart
from dissectors.composites import grow_item, place, settle
from dissectors.fields import REFUSALS, Remaining, octets_given
from dissectors.scapy_base import Packet, RawVal, VolatileValue
from dissectors.shell_forms import as_read, json_members, literal
from dissectors.tree import Kind, Node, Note, Problem, Severity

_SLOTS = ("_automatic", "problem")


class Layer(Packet):
    """A layer of the IEC 62056 family.

    *asn1* is its shown name; *wraps_one* tells that it stands in JSON for its one visible member.
    """

    __slots__ = list(_SLOTS)
    fields_desc: ClassVar[list[Any]] = []
    asn1: ClassVar[str] = ""
    wraps_one: ClassVar[bool] = False
    whole: ClassVar[Any] = None
    """Of the class of a partial reading: the layer of which it has the first fields."""
    rest: ClassVar[type[Remaining]] = Remaining
    """The field of what could not be read."""
    show_indent = 0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.problem: str | None = None
        self._automatic: frozenset[str] = frozenset()
        try:
            Packet.__init__(self, *args, **kwargs)
        except REFUSALS:
            for name in kwargs.keys() & self.default_fields.keys():
                self.setfieldval(name, kwargs[name])  # it says which one is wrong
            raise

    # -- engines ------------------------------------------------------------------------------------------------

    @classmethod
    def items(cls) -> tuple[Any, ...]:
        """Give the fields with bits folded into their groups: what the tree and the scan read."""
        return _items(cls)

    @classmethod
    def grow(cls, node: Node, octets: bytes, at: int, end: int) -> int:
        """Grow the nodes of this layer under *node*; what was read stays when a Problem comes out."""
        seen: dict[str, Any] = {}
        node.layer = cls
        items, bounded = _plan(cls)
        if bounded:
            return cls._grow_bounded(node, octets, at, end, seen)
        item = None
        try:
            for item in items:
                at = item.grow(node, octets, at, end, seen)
        except Problem as problem:
            settle(item, node, at, end, problem)
            raise
        node.end = at * 8
        return at

    @classmethod
    def _grow_bounded(cls, node: Node, octets: bytes, at: int, end: int, seen: dict[str, Any]) -> int:
        """Grow a layer of which a length says where it ends: the length bounds what comes after it."""
        limit = end
        item = None
        try:
            for item in _items(cls):
                at = grow_item(item, node, octets, at, end if item.is_beyond else min(limit, end), seen)
                if item.narrows:
                    limit = item.limit(seen[item.name], octets, at, end)
        except Problem:
            if limit >= end or getattr(item, "is_beyond", False):
                raise
            at = limit  # the length bounds the damage: what follows the region is read
        if at < limit < end:
            at = add_leftover(node, at, limit)
        node.end = at * 8
        if limit > end:
            raise _place_lack(node, at, limit - end)
        return at

    @classmethod
    def read_packet(cls, octets: bytes, at: int, end: int) -> tuple[Any, int]:
        """Read a packet at *at*; a Problem carries the partial packet."""
        values: dict[str, Any] = {}
        start, limit, done = at, end, 0
        item = None
        try:
            for item in _items(cls):
                value, at = _read_item(item, octets, at, end if item.is_beyond else min(limit, end), values)
                values[item.name] = value
                done += 1
                if item.narrows:
                    limit = item.limit(value, octets, at, end)
            item = None
            if limit > end:
                raise Problem(end, f"{limit - end} octets missing", is_short=True)
            if cls.is_bounded() and at < limit < end:
                raise Problem(at, f"{limit - at} octets left over")
        except Problem as problem:
            stop = end if getattr(item, "is_beyond", False) else min(limit, end)
            problem.partial = cls._partial(values, done, problem, octets[at:stop], octets[start:stop])
            if stop >= end:
                raise
            return problem.partial, limit
        packet = cls()
        packet._fill(values, octets[start:at])
        return packet, at

    @classmethod
    def _partial(cls, values: dict[str, Any], done: int, problem: Problem, rest: bytes, raw: bytes) -> Any:
        has_value = problem.partial is not None
        packet = _partial_class(cls, done + has_value)()
        if has_value:
            values[_items(cls)[done].name] = problem.partial
            rest = b""
        values["undecoded"] = rest
        packet._fill(values, raw)
        packet._automatic = frozenset()
        packet.problem = problem.reason
        return packet

    def _fill(self, values: dict[str, Any], raw: bytes) -> None:
        self.fields = {field.name: values[field.name] for field in self.fields_desc if field.name in values}
        self.raw_packet_cache_fields = {
            name: freeze(value) for name, value in self.fields.items() if isinstance(value, (Packet, list))
        }
        self.raw_packet_cache = raw
        self.explicit = 1
        self._automatic = frozenset(field.name for field in self.fields_desc if getattr(field, "narrows", False))

    @classmethod
    def is_bounded(cls) -> bool:
        """Tell whether a length of the layer says where it ends."""
        return _plan(cls)[1]

    def self_build(self) -> bytes:
        """Build the fields; lengths that are to be computed take the size of what follows them."""
        self.check_cache()
        if self.raw_packet_cache is not None:
            return bytes(self.raw_packet_cache)
        built: bytes = b""
        tail: list[tuple[Any, bytes]] = []
        for field in self.fields_desc:
            if getattr(field, "narrows", False):
                tail.append((field, built))
                built = b""
                continue
            if tail and getattr(field, "is_beyond", False):
                built = self._close_regions(tail, built)
            built = self._built(field, built, self.getfieldval(field.name))
        return self._close_regions(tail, built)

    def _built(self, field: Any, before: Any, value: Any) -> Any:
        """Build *value* of *field* behind *before*. Raises: ValueError that names the field."""
        try:
            return before + bytes(value) if isinstance(value, RawVal) else field.addfield(self, before, value)
        except REFUSALS as error:
            raise _refusal(field.name, value, error) from None

    def _close_regions(self, tail: list[tuple[Any, bytes]], built: bytes) -> bytes:
        """Put the lengths before what they count."""
        while tail:
            field, before = tail.pop()
            value = self.getfieldval(field.name)
            size = len(built) if value is None or field.name in self._automatic else value
            built = self._built(field, before, size) + built
        return built

    def check_cache(self) -> None:
        """Drop the octets as read once a field inside was edited."""
        if self.raw_packet_cache is not None and self.raw_packet_cache_fields is not None:
            for name, frozen in self.raw_packet_cache_fields.items():
                if freeze(self.getfieldval(name)) != frozen:
                    self.raw_packet_cache = None  # type: ignore[assignment]
                    return

    def clear_cache(self) -> None:
        """Forget the octets as read; a partial reading keeps them, for it cannot be built from its fields."""
        if self.problem is None:
            Packet.clear_cache(self)

    def setfieldval(self, attr: str, val: Any) -> None:
        """Set a field; one that was computed keeps the value given."""
        self._automatic -= {attr}
        try:
            Packet.setfieldval(self, attr, val)
        except REFUSALS as error:
            if attr not in self.default_fields:
                raise
            raise _refusal(attr, val, error) from None

    def copy(self) -> Any:
        """Copy the layer with all inside."""
        clone = Packet.copy(self)
        clone._automatic, clone.problem = self._automatic, self.problem
        return clone

    def clone_with(self, payload: Any = None, **kargs: Any) -> Any:
        """Make the packet with these fields; what is computed stays so."""
        clone = Packet.clone_with(self, payload, **kargs)
        clone._automatic, clone.problem = self._automatic, self.problem
        return clone

    def __eq__(self, other: object) -> bool:
        """Tell whether all fields are the same, or are as built: what is computed is, too, where it was read."""
        if Packet.__eq__(self, other):
            return True
        if not isinstance(other, Packet) or self.layers() != other.layers():
            return False
        try:
            return bytes(self) == bytes(other)
        except REFUSALS:
            return False

    __hash__ = None  # type: ignore[assignment]

    def command(self) -> str:
        """Write what makes the packet again, octet for octet: fields, or octets where these cannot give them."""
        octets = as_read(self)
        if octets is None:
            return str(Packet.command(self))
        rest = self.payload.command()
        return f"{type(self).__name__}({octets!r})" + (f"/{rest}" if rest else "")

    def _command(self, json: bool = False) -> list[tuple[str, Any]]:
        if json:
            return json_members(self)
        return [(name, literal(value)) for name, value in self.fields.items() if name not in self._automatic]

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle a partial reading as its octets, of which the layer makes it again."""
        reduced = Packet.__reduce__(self)
        return reduced if self.whole is None else (self.whole, *reduced[1:])

    def __iter__(self) -> Iterator[Any]:
        """Yield one packet for each value of fields that were given a list of them, random values drawn.

        Not Scapy's own: that takes a pair of numbers for a range, and here it is a Data.
        """
        fields = dict(self.fields)
        if not self.explicit and self.raw_packet_cache is None:
            drawn = {name: one for name, one in self.default_fields.items() if isinstance(one, VolatileValue)}
            fields = drawn | fields
        choices = [_choices(self.get_field(name), value) for name, value in fields.items()]
        for payload in self.payload or [None]:
            for values in product(*choices):
                fixed = (one._fix() if isinstance(one, VolatileValue) else one for one in values)
                yield self.clone_with(payload=payload, **dict(zip(fields, fixed, strict=True)))

    @classmethod
    def from_value(cls, value: Any) -> Any:
        """Make the layer from a mapping of its fields, or from the value of its one visible field.

        Names may be the standard's; bits that stand together may be given as the number or hex digits of all.
        """
        if isinstance(value, dict) and not cls.wraps_one:
            items = {name: item for item in _items(cls) for name in (item.name, item.asn1)}
            fields: dict[str, Any] = {}
            for name, one in value.items():
                item = items.get(name)
                if isinstance(item, BitGroup):
                    fields |= item.parts_of(one)
                else:
                    fields[item.name if item is not None else name.replace("-", "_")] = one
            if unknown := fields.keys() - {field.name for field in cls.fields_desc}:
                raise ValueError(f"{cls.__name__} has no {', '.join(sorted(unknown))}")
            return cls(**fields)
        visible = [field for field in cls.fields_desc if not isinstance(field, BitPart) and field.default != cls.tag()]
        if len(visible) > 1 and not cls.wraps_one:
            raise ValueError(f"the fields of {cls.__name__} by name were expected, not {value!r}")
        return cls(**{visible[-1].name: value}) if visible else cls()

    @classmethod
    def tag(cls) -> Any:
        """Give the layer's first constant, the tag octet; None where it has none."""
        first = cls.fields_desc[0] if cls.fields_desc else None
        return first.default if first is not None and type(first).__name__ == "Constant" else None

    def values(self) -> dict[str, Any]:
        """Give all field values by name, groups of bits included."""
        found = {field.name: self.getfieldval(field.name) for field in self.fields_desc}
        for item in _items(type(self)):
            if isinstance(item, BitGroup):
                found[item.name] = sum(int(found[part.name]) << part.shift for part in item.parts)
        return found

    # -- Scapy --------------------------------------------------------------------------------------------------

    def do_dissect(self, s: bytes) -> bytes:
        """Read this layer at the start of *s*; never raises, what could not be read is ``undecoded``."""
        if self.whole is not None:
            self.__class__ = self.whole  # Scapy makes packets anew by their class, as for show2()
            self.init_fields()
            self.name = type(self).__name__
        s = octets_given(s)  # Scapy makes octets of a bytearray alone
        try:
            packet, at = self.read_packet(s, 0, len(s))
        except Problem as problem:
            packet, at = problem.partial, len(s)
        if packet.problem is not None:
            self.__class__ = packet.__class__
            self.init_fields()
            self.problem, self.name = packet.problem, packet.name
        self.fields = packet.fields
        self._automatic = packet._automatic
        self.raw_packet_cache = packet.raw_packet_cache
        self.raw_packet_cache_fields = packet.raw_packet_cache_fields
        self.explicit = 1
        return s[at:]

    def _raw_packet_cache_field_value(self, fld: Any, val: Any, copy: bool = False) -> Any:
        return freeze(val)

    def answers(self, other: Any) -> bool:
        """Tell whether it answers *other*: an APDU by tag and invoke-id, a carrier by the APDU that it carries."""
        if isinstance(other, Layer) and hasattr(self, "family") and hasattr(other, "family"):
            return apdu_answers(self, other)
        return bool(Packet.answers(self, other))

    def _show_or_dump(self, *args: Any, **options: Any) -> Any:
        """Show the members of lists that were added by their fields as the packets that they are built as."""
        for field in self.fields_desc:
            if field.islist and isinstance(members := self.fields.get(field.name), list):
                members[:] = field.any2i(self, members)
        return Packet._show_or_dump(self, *args, **options)

    def mysummary(self) -> str:
        """Name the layer."""
        return self.asn1 or type(self).__name__


def _refusal(name: str, value: Any, error: Exception) -> ValueError:
    """Make the error that names the field."""
    text = str(error) if isinstance(error, ValueError) else f"{value!r} was not expected ({error})"
    return ValueError(text if text.startswith(f"{name}:") else f"{name}: {text}")


def add_leftover(parent: Node, at: int, end: int) -> int:
    """Add the octets that follow a complete layer as a hidden leaf with a note. Returns the next octet."""
    leaf = parent.add(Node("undecoded", Kind.HIDDEN, at * 8, end * 8, None, f"{end - at} octets left over"))
    text = f"{end - at} octet{'s' * (end - at != 1)} left over after the last field"
    leaf.notes.append(Note("apdu-trailing-octets", Severity.NOTE, "malformed", text, at, end))
    return end


def _place_lack(node: Node, at: int, missing: int) -> Problem:
    problem = Problem(at, f"{missing} octet{'s' * (missing != 1)} missing", is_short=True)
    problem.is_placed = True
    place(node, "missing", at, at, problem)
    node.children[-1].kind = Kind.HIDDEN
    return problem


def freeze(value: Any) -> Any:
    """Give a value that compares equal only while nothing inside *value* was edited, grandchildren included."""
    if isinstance(value, Packet):
        inner = tuple((name, freeze(one)) for name, one in value.fields.items())
        return (
            type(value).__name__,
            inner,
            value.raw_packet_cache is None,
            freeze(value.payload) if value.payload else None,
        )
    if isinstance(value, (list, tuple)):
        return tuple(freeze(one) for one in value)
    return value


def _choices(field: Any, value: Any) -> Any:
    if isinstance(value, Packet):
        return value  # its own values are drawn by its own iterator
    return value if isinstance(value, list) and not field.islist else [value]


def _read_item(item: Any, octets: bytes, at: int, end: int, values: dict[str, Any]) -> tuple[Any, int]:
    if not isinstance(item, BitGroup):
        return item.read(octets, at, end, values)  # type: ignore[no-any-return]
    value, after = item.read(octets, at, end)
    values.update(item.split(value))
    return value, after


def _items(cls: type[Layer]) -> tuple[Any, ...]:
    return _plan(cls)[0]


def _plan(cls: type[Layer]) -> tuple[tuple[Any, ...], bool]:
    """Give the items of *cls*, and whether one of them is a length that bounds the others."""
    known = _PLANS.get(cls)
    if known is None:
        found: list[Any] = []
        for field in cls.fields_desc:
            item = field.group if isinstance(field, BitPart) else field
            if not found or found[-1] is not item:
                found.append(item)
        known = _PLANS[cls] = tuple(found), any(item.narrows for item in found)
    return known


def _partial_class(cls: type[Layer], count: int) -> type[Layer]:
    """Make the layer that has only the first *count* items of *cls* and the octets that were left over."""
    known = _PARTIAL.get((cls, count))
    if known is None:
        kept: list[Any] = []
        for item in _items(cls)[:count]:
            kept.extend(item.parts if isinstance(item, BitGroup) else [item])
        members = {
            "fields_desc": [*kept, cls.rest("undecoded")],
            "asn1": cls.asn1,
            "name": f"{cls.__name__} (partial)",
            "whole": cls,
            "match_subclass": True,  # so that packet[GetRequestNormal] finds one that broke off
        }
        known = _PARTIAL[cls, count] = type(cls.__name__, (cls,), members)
    return known


_PLANS: dict[Any, tuple[tuple[Any, ...], bool]] = {}
_PARTIAL: dict[Any, Any] = {}
