"""The form of the outline: a line a node, its name and what it shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from dissectors import axdr
from dissectors.composites import Optional, SequenceOf
from dissectors.data_text import OUTLINE, Form
from dissectors.node_text import Memo, outline_text, shown_text
from dissectors.parts import Code, Member, Part
from dissectors.probe import grow_nodes, grown, is_hex, is_number, octets_of, probe
from dissectors.text_walk import Placeless
from dissectors.tree import Kind, Node
from dissectors.walk import Found, Position


class OutlineWalk(Placeless):
    """The outline: a line a node, its name and what it shows; ``i`` is a line end and the outermost indent."""

    data_form: ClassVar[Form] = OUTLINE
    separator: ClassVar[str] = ""

    def stripped(self, parts: list[Part]) -> list[Part]:
        """Keep all: the line end stands before each line."""
        return parts

    def start(self, name: str) -> list[Part]:
        """Begin a line."""
        return [Code("i"), "  " * self.level + name]

    def write_data(self, level: int) -> str:
        """Read into lines."""
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

    def write_good(self, variable: str) -> list[Part]:
        """Write the octets as they stand."""
        return [": ", Code(f"{variable} & 255:02X"), " ", Code(f"{variable} >> 8:02X"), " (good)"]

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
