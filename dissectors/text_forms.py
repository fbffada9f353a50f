"""The three forms that writers are generated for: the JSON of ``apdu``, the JSON of ``layers``, the outline.

Each says how a leaf, a node around others, a list and a Data are written; :mod:`dissectors.text_walk` does the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from dissectors import axdr
from dissectors.compile import Found, Position, Wrong
from dissectors.composites import Optional, SequenceOf
from dissectors.data_text import data_form, data_json, data_outline
from dissectors.fields import BitGroup
from dissectors.node_text import (
    Memo,
    form_text,
    head_text,
    json_text,
    moved,
    outline_text,
    plain_text,
    quoted,
    shown_head,
    shown_text,
)
from dissectors.text_walk import At, Code, Member, Part, TextWalk, Unsupported, is_hex, is_number, probe
from dissectors.tree import Kind, Node


def octets_of(item: Any, value: int) -> bytes:
    """Build the octets of a field or group of bits of fixed size."""
    return value.to_bytes(item.size, "big") if isinstance(item, BitGroup) else bytes(item.build(value))


def grow_nodes(item: Any, octets: bytes) -> list[Node]:
    """Grow all nodes of an item of fixed size."""
    parent = Node("", Kind.WRAP, 0, 0)
    item.grow(parent, octets, 0, len(octets), {})
    return parent.children


def grown(item: Any, write: Callable[[list[Node], str, str], str]) -> Callable[..., tuple[str, int, Any]]:
    """Make the function that grows the nodes of *item* among octets and has them written."""

    def run(
        octets: bytes, at: int, end: int, start: int, seen: dict[str, Any], prefix: str, inside: Any = None
    ) -> tuple[str, int, Any]:
        parent = Node("", Kind.WRAP, start * 8, start * 8)
        after = item.grow(parent, octets, at, end, seen)
        if parent.notes:
            raise Wrong
        text = ""
        if inside is not None and parent.children and parent.children[0].kind is Kind.LEAF:
            text = inside(octets, at, after, prefix)
            if text:
                parent.children[0].value = None
        return write(parent.children, prefix, text), after, seen.get(item.name)

    return run


class Placeless(TextWalk):
    """A form that shows no octet offsets."""

    def write_presence(self, item: Optional, is_present: bool, start: Position) -> list[Part]:
        """Write nothing."""
        return []


class JsonWalk(Placeless):
    """The JSON of ``apdu``: what carries structure is not shown, and a layer that wraps one member is its value."""

    def layer(self, layer: Any, seen: dict[str, str]) -> Found:
        """Walk a layer whose JSON has the shape of its fields."""
        if getattr(layer, "json_shape", None) is not None:
            raise Unsupported(layer.__name__)
        return super().layer(layer, seen)

    def write_data(self, level: int) -> str:
        """Read into text."""
        self.constants["DATA"] = data_json
        return "DATA(o, a, e)"

    def write_value(self, item: Any, variable: str) -> list[Part]:
        """Write the JSON form."""
        if is_number(item):
            return [Code(variable)]
        if is_hex(item):
            return ['"', Code(f"{variable}.hex().upper()"), '"']
        return self.tabled(item, lambda value: plain_text(item.to_json(value)), variable)

    def write_leaf(self, item: Any, value: list[Part], start: Position, stop: Position) -> Found:
        """Keep name and value."""
        return [Member(item.asn1, value)]

    def write_hidden(self, item: Any, variable: str, start: Position, stop: Position) -> Found:
        """Write nothing."""
        return []

    def write_bits(self, item: Any, variable: str, start: Position, stop: Position) -> Found:
        """Keep name and value of the one node."""
        table = self.constant(Memo(lambda value: json_text(grow_nodes(item, octets_of(item, value))[0])))
        return [Member(item.asn1, [Code(f"{table}[{variable}]")])]

    def write_around(
        self, name: str, kind: Kind, found: Found, start: Position, stop: Position, shown: Part = ""
    ) -> Found:
        """Write members in braces, or the value of the last one."""
        if kind is Kind.SEQUENCE_OF:
            return [Member(name, ["[", *self.stripped(self.plain(found)), "]"])]
        if kind is not Kind.WRAP:
            return [Member(name, ["{", *self.stripped(self.joined(found)), "}"])]
        if not found:
            return [Member(name, ["null"])]
        if found[-1].name == "":
            raise Unsupported(name)
        return [Member(name, self.stripped(found[-1].parts) if found[-1].name is None else found[-1].parts)]

    def plain(self, found: Found) -> list[Part]:
        """Give the parts as they are."""
        return [part for member in found for part in member.parts]

    def joined(self, found: Found) -> list[Part]:
        """Give the parts with their names."""
        names = [member.name for member in found if member.name]
        if None in (member.name for member in found) or len(set(names)) < len(names):
            raise Unsupported("a member's name is not its own")
        parts: list[Part] = []
        for name, inside in found:
            parts += [f", {quoted(name)}: ", *inside] if name else inside
        return parts

    def keep_one(self, variable: str, item: Any, found: Found, start: Position) -> None:
        """Write the value of an item of a list."""
        if len(found) != 1 or found[0].name == "":
            raise Unsupported(item.name)
        parts = found[0].parts if found[0].name is None else [", ", *found[0].parts]
        self.line(f"{variable} = {self.text(parts)}")

    def write_count(self, item: SequenceOf, count: str, start: Position, stop: Position) -> tuple[Part, Found]:
        """Write nothing."""
        return "", []

    def write_of_value(self, item: Any, variable: str) -> str:
        """Write the members by the value."""
        write = self.members(item)

        def make(value: Any) -> tuple[str, int]:
            built = b"" if value is None else item.build(value)
            return write(grow_nodes(item, built), "", ""), len(built)

        return f"{self.constant(Memo(make))}[{variable}]"

    def write_grown(self, item: Any) -> Callable[..., tuple[str, int, Any]]:
        """Write the members among octets."""
        return grown(item, self.members(item))

    def members(self, item: Any) -> Callable[[list[Node], str, str], str]:
        """Make what writes the members; a name that comes twice would have to replace the first."""
        is_single = [one.asn1 for one in self.layers[-1].items()].count(item.asn1) == 1

        def write(nodes: list[Node], prefix: str, inside: str) -> str:
            shown = [node for node in nodes if node.kind is not Kind.HIDDEN]
            if len(shown) > is_single or any(node.name != item.asn1 for node in shown):
                raise Wrong
            return "".join([f", {quoted(node.name)}: {json_text(node)}" for node in shown])

        return write


class FormWalk(TextWalk):
    """The JSON of ``layers``: every node with its name, value, text, range of octets and children."""

    def __init__(self) -> None:
        super().__init__()
        self.base, self.offset = "", 0

    def here(self) -> Position:
        """Give the present place, in a variable of its own after something of no fixed size."""
        if not self.base:
            self.base, self.offset = self.name("p"), 0
            self.line(f"{self.base} = a")
        return self.base, self.offset

    def moved(self) -> None:
        """Forget the place."""
        self.base = ""

    def passed(self, size: int) -> None:
        """Count on."""
        self.offset += size

    def branched(self, start: Position) -> Position:
        """Go back to where all branches begin."""
        self.base, self.offset = start
        return start

    def write_data(self, level: int) -> str:
        """Read into text."""
        self.constants["DATA"] = data_form
        return "DATA(o, a, e)"

    def write_value(self, item: Any, variable: str) -> list[Part]:
        """Write value and text."""
        if is_number(item):
            return [', "value": ', Code(variable)]
        if is_hex(item):
            return [', "value": "', Code(f"{variable}.hex().upper()"), '"']

        def write(value: Any) -> str:
            return shown_head(Node("", Kind.LEAF, 0, 0, item.to_json(value), item.to_text(value)))

        return self.tabled(item, write, variable)

    def write_leaf(self, item: Any, value: list[Part], start: Position, stop: Position) -> Found:
        """Write a node without children."""
        return [Member("", [f', {{"name": {quoted(item.asn1)}', *value, *_range(start, stop), "}"])]

    def write_hidden(self, item: Any, variable: str, start: Position, stop: Position) -> Found:
        """Write a constant as it stands, a length from a table."""
        if item.code:
            head: Part = f", {head_text(probe(item, octets_of(item, item.default)))}"
        else:
            table = self.constant(Memo(lambda size: f", {head_text(probe(item, axdr.length_octets(size)))}"))
            head = Code(f"{table}[{variable}]")
        return [Member("", [head, *_range(start, stop), "}"])]

    def write_bits(self, item: Any, variable: str, start: Position, stop: Position) -> Found:
        """Write the parts: from a table by place and value where these are few."""
        if isinstance(item, BitGroup) and item.size > 2:
            return self.write_parts(item, variable, start, stop)
        base, offset = start

        def write(key: tuple[int, int]) -> str:
            nodes = grow_nodes(item, octets_of(item, key[1]))
            return "".join([f", {form_text(moved(node, key[0] + offset))}" for node in nodes])

        return [Member("", [Code(f"{self.constant(Memo(write, 4096))}[{base}, {variable}]")])]

    def write_parts(self, item: BitGroup, variable: str, start: Position, stop: Position) -> Found:
        """Write each part by its bits."""
        zero = probe(item, bytes(item.size))
        shown: list[Part] = [', "value": "', Code(f"{variable}:0{item.size * 2}X"), '"'] if item.as_hex else []
        inside: list[Part] = []
        bit = 0
        for part, node in zip(item.parts, zero.children, strict=True):
            one = f"{variable} >> {part.shift} & {(1 << part.size) - 1}"
            if isinstance(node.value, bool):
                one = f"{self.constant(('false', 'true'))}[{one}]"
            inside += [f', {{"name": {quoted(node.name)}, "value": ', Code(one)]
            ends = (At(*start, bit), At(*start, bit + part.size))
            octets: Position = (start[0], start[1] + bit // 8)
            bit += part.size
            inside += _range(octets, (start[0], start[1] + (bit + 7) // 8))
            if (bit - part.size) % 8 or bit % 8:
                inside += [', "bits": [', ends[0], ", ", ends[1], "]"]
            inside.append("}")
        name = f', {{"name": {quoted(zero.name)}'
        return [Member("", [name, *shown, *_range(start, stop), ', "children": [', *self.stripped(inside), "]}"])]

    def write_around(
        self, name: str, kind: Kind, found: Found, start: Position, stop: Position, shown: Part = ""
    ) -> Found:
        """Write the node, then its children."""
        inside = self.stripped(self.joined(found))
        head: list[Part] = [f', {{"name": {quoted(name)}', shown, *_range(start, stop)]
        return [Member("", [*head, *([', "children": [', *inside, "]}"] if inside else ["}"])])]

    def write_count(self, item: SequenceOf, count: str, start: Position, stop: Position) -> tuple[Part, Found]:
        """Write both from tables by the count."""

        def listed(number: int) -> str:
            return shown_head(probe(item, axdr.length_octets(number)))

        def head(number: int) -> str:
            return f", {head_text(probe(item, axdr.length_octets(number)).children[0])}"

        shown, text = (Code(f"{self.constant(Memo(write))}[{count}]") for write in (listed, head))
        return shown, [Member("", [text, *_range(start, stop), "}"])]

    def write_presence(self, item: Optional, is_present: bool, start: Position) -> list[Part]:
        """Write the presence octet."""
        head = head_text(probe(item, bytes((is_present,))))
        return [f", {head}", *_range(start, (start[0], start[1] + 1)), "}"]

    def write_of_value(self, item: Any, variable: str) -> str:
        """Write all nodes by place and value."""

        def make(key: tuple[int, Any]) -> tuple[str, int]:
            built = b"" if key[1] is None else item.build(key[1])
            nodes = grow_nodes(item, built)
            return "".join([f", {form_text(moved(node, key[0]))}" for node in nodes]), len(built)

        return f"{self.constant(Memo(make))}[a, {variable}]"

    def write_grown(self, item: Any) -> Callable[..., tuple[str, int, Any]]:
        """Write all nodes."""
        return grown(item, lambda nodes, _, inside: "".join([f", {form_text(node, inside)}" for node in nodes]))


def _range(start: Position, stop: Position) -> list[Part]:
    return [', "range": [', At(*start), ", ", At(*stop), "]"]


class OutlineWalk(Placeless):
    """The outline: a line a node, its name and what it shows; ``i`` is a line end and the outermost indent."""

    separator: ClassVar[str] = ""

    def stripped(self, parts: list[Part]) -> list[Part]:
        """Keep all: the line end stands before each line."""
        return parts

    def start(self, name: str) -> list[Part]:
        """Begin a line."""
        return [Code("i"), "  " * self.level + name]

    def write_data(self, level: int) -> str:
        """Read into lines."""
        self.constants["DATA"] = data_outline
        return f"DATA(o, a, e, i + {self.constant('  ' * level)})"

    def write_value(self, item: Any, variable: str) -> list[Part]:
        """Write the text, or else the value."""
        if is_number(item):
            return [": ", Code(variable)]
        if is_hex(item):
            return [Code(f'(": " + {variable}.hex().upper() if {variable} else "")')]

        def write(value: Any) -> str:
            return shown_text(Node("", Kind.LEAF, 0, 0, item.to_json(value), item.to_text(value)))

        return self.tabled(item, write, variable)

    def write_leaf(self, item: Any, value: list[Part], start: Position, stop: Position) -> Found:
        """Write a line."""
        return [Member("", [*self.start(item.asn1), *value])]

    def write_hidden(self, item: Any, variable: str, start: Position, stop: Position) -> Found:
        """Write the line of a constant, or of a length."""
        if item.code:
            node = probe(item, octets_of(item, item.default))
            return [Member("", self.start(node.name + shown_text(node)))]
        table = self.constant(Memo(lambda size: shown_text(probe(item, axdr.length_octets(size)))))
        return [Member("", [*self.start(item.asn1), Code(f"{table}[{variable}]")])]

    def write_bits(self, item: Any, variable: str, start: Position, stop: Position) -> Found:
        """Write the lines of all parts."""
        blanks = "  " * self.level

        def write(key: tuple[str, int]) -> str:
            nodes = grow_nodes(item, octets_of(item, key[1]))
            return "".join([outline_text(node, key[0] + blanks) for node in nodes])

        return [Member("", [Code(f"{self.constant(Memo(write))}[i, {variable}]")])]

    def write_around(
        self, name: str, kind: Kind, found: Found, start: Position, stop: Position, shown: Part = ""
    ) -> Found:
        """Write the node's line, then what is in it."""
        return [Member("", [*self.start(name), shown, *self.joined(found)])]

    def write_count(self, item: SequenceOf, count: str, start: Position, stop: Position) -> tuple[Part, Found]:
        """Write both by the count."""

        def listed(number: int) -> str:
            return shown_text(probe(item, axdr.length_octets(number)))

        def line(number: int) -> str:
            node = probe(item, axdr.length_octets(number)).children[0]
            return node.name + shown_text(node)

        shown, text = (Code(f"{self.constant(Memo(write))}[{count}]") for write in (listed, line))
        return shown, [Member("", [*self.start(""), text])]

    def write_presence(self, item: Optional, is_present: bool, start: Position) -> list[Part]:
        """Write the presence octet."""
        node = probe(item, bytes((is_present,)))
        return self.start(node.name + shown_text(node))

    def write_of_value(self, item: Any, variable: str) -> str:
        """Write all nodes by indent and value."""
        blanks = "  " * self.level

        def make(key: tuple[str, Any]) -> tuple[str, int]:
            built = b"" if key[1] is None else item.build(key[1])
            return "".join([outline_text(node, key[0] + blanks) for node in grow_nodes(item, built)]), len(built)

        return f"{self.constant(Memo(make))}[i, {variable}]"

    def write_grown(self, item: Any) -> Callable[..., tuple[str, int, Any]]:
        """Write all nodes."""
        blanks = "  " * self.level

        def write(nodes: list[Node], prefix: str, inside: str) -> str:
            return "".join([outline_text(node, prefix + blanks) for node in nodes]) + inside

        return grown(item, write)
