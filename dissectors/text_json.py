"""The form of ``apdu``: what carries structure is not shown, a layer that wraps one member is its value.

Source: ASN.1 JSON encoding rules (ITU-T X.697) over the COSEM pdu module.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from dissectors.composites import SequenceOf
from dissectors.data_text import JSON, Form
from dissectors.node_text import Memo, json_text, plain_text, quoted
from dissectors.parts import Code, Member, Part
from dissectors.probe import grow_nodes, grown, is_hex, is_number, octets_of
from dissectors.text_walk import Placeless, Unsupported
from dissectors.tree import Kind, Node
from dissectors.walk import Found, Position, Wrong


class JsonWalk(Placeless):
    """The JSON of ``apdu``: what carries structure is not shown, and a layer that wraps one member is its value."""

    data_form: ClassVar[Form] = JSON

    def layer(self, layer: Any, seen: dict[str, str]) -> Found:
        """Walk a layer whose JSON has the shape of its fields."""
        if getattr(layer, "json_shape", None) is not None:
            raise Unsupported(layer.__name__)
        return super().layer(layer, seen)

    def write_data(self, level: int) -> str:
        """Read into text."""
        return "DATA(o, a, e)"

    def write_value(self, item: Any, variable: str) -> list[Part]:
        """Write the JSON form."""
        if is_number(item):
            return [Code(variable)]
        if is_hex(item):
            return ['"', Code(f"{variable}.hex().upper()"), '"']
        return self.tabled(item, lambda value: plain_text(item.to_json(value)), variable)

    def write_good(self, variable: str) -> list[Part]:
        """Write the number."""
        return ['"', Code(f"{variable}:04X"), '"']

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
