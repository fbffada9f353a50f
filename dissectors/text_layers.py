"""The form of ``layers``: every node with its name, value, text, range of octets and children."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from dissectors import axdr
from dissectors.bits import BitGroup
from dissectors.composites import Optional, SequenceOf
from dissectors.data_text import LAYERS, Form
from dissectors.node_text import Memo, form_text, head_text, moved, quoted, shown_head
from dissectors.parts import At, Code, Member, Part
from dissectors.probe import grow_nodes, grown, is_hex, is_number, octets_of, probe
from dissectors.text_walk import TextWalk
from dissectors.tree import Kind, Node
from dissectors.walk import Found, Position


class LayersWalk(TextWalk):
    """The JSON of ``layers``: every node with its name, value, text, range of octets and children."""

    data_form: ClassVar[Form] = LAYERS

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

    def write_good(self, variable: str) -> list[Part]:
        """Write the number, and the octets as they stand."""
        octets: list[Part] = [Code(f"{variable} & 255:02X"), " ", Code(f"{variable} >> 8:02X")]
        return [', "value": "', Code(f"{variable}:04X"), '", "text": "', *octets, ' (good)"']

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
