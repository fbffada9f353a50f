"""Octets to text without a tree in between: the JSON of ``apdu`` and ``layers`` and the outline, several times faster.

The writers are generated from the fields of each layer. They give what the tree engine's forms give, octet for octet
of the text; what a writer cannot read without a problem or note is left to the tree engine.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from dissectors import reader, registry
from dissectors.node_text import form_text, json_text, outline_text
from dissectors.pdu import Layer
from dissectors.text_around import around_data
from dissectors.text_json import JsonWalk
from dissectors.text_layers import LayersWalk
from dissectors.text_outline import OutlineWalk
from dissectors.text_walk import TextWalk, Unsupported
from dissectors.tree import Kind, Node
from dissectors.walk import FAILURES

Inside = Callable[[bytes, int, int], str]
"""What writes the inside of an information field, from octet to octet, as the forms of its children; "" leaves it."""
Lines = Callable[[bytes, int, int, int], str]
"""The same for the outline, with the indent last."""
Writer = Callable[..., str]
"""A generated function: ``(octets, at, end, line prefix, inside=None)``."""


def _refuse(octets: bytes, at: int, end: int, prefix: str, inside: Any = None) -> str:
    """Stand for the writer of a layer that has none."""
    raise IndexError


def compile_writer(form: type[TextWalk], layer: Any, family: str = "") -> tuple[Writer, str]:
    """Generate the writer of *layer* in *form*, as an APDU of *family* where one is given, and its source."""
    if form is LayersWalk and layer.grow.__func__ is not Layer.grow.__func__:  # type: ignore[attr-defined]
        return _refuse, ""  # it adds to its tree what its fields do not tell
    walk = form()
    walk.level = 2 if family and layer.asn1 != family else 1
    walk.line("s = a")
    start = walk.here()
    try:
        found = walk.layer(layer, {})
        walk.line("if a != e: raise LEFT")
        name = layer.asn1 or layer.__name__
        found = walk.around(1, name, Kind.WRAP if layer.wraps_one else Kind.LAYER, found, start)
        if family and layer.asn1 != family:
            found = walk.around(2, family, Kind.CHOICE, found, start)
        result = walk.text(walk.stripped(walk.joined(found)))
    except Unsupported:
        return _refuse, ""
    function, source = walk.function(layer.__name__, result, ", i, f=None")
    return (around_data(function, walk.data_form) if "DATA" in walk.constants else function), source


class Writers:
    """The writers of one form, made at first use."""

    def __init__(self, form: type[TextWalk]) -> None:
        self.form = form
        self.of_apdus: dict[int, Writer] = {}
        self.of_layers: dict[Any, Writer] = {}

    def of_apdu(self, octets: bytes, at: int, end: int) -> Writer:
        """Find the writer of the APDU at *at*."""
        tag = octets[at]
        known = self.of_apdus.get(tag) or self.of_apdus.get(tag << 8 | octets[at + 1])
        if known is not None:
            return known
        found = registry.pick(octets, at, end)
        if found is None:
            return _refuse
        family, layer = found
        key = tag if layer.asn1 == family else tag << 8 | octets[at + 1]
        made = self.of_apdus[key] = compile_writer(self.form, layer, family)[0]
        return made

    def of_layer(self, layer: Any) -> Writer:
        """Find the writer of *layer* alone."""
        known = self.of_layers.get(layer)
        if known is None:
            known = self.of_layers[layer] = compile_writer(self.form, layer)[0]
        return known


SHORT = 48
"""APDUs of up to so many octets, most requests among them, come again and again: their texts are worth keeping."""
MOST_SHORT = 2048
_JSON, _FORM, _OUTLINE = Writers(JsonWalk), Writers(LayersWalk), Writers(OutlineWalk)


def apdu_text(octets: bytes, at: int = 0, end: int | None = None) -> str:
    """Write the JSON of one APDU: ``json.dumps`` of :func:`dissectors.reader.apdu_json`, characters as they are."""
    stop = len(octets) if end is None else end
    return _short_text(octets, at, stop) if stop - at <= SHORT else _apdu_text(octets, at, stop)


def _apdu_text(octets: bytes, at: int, stop: int) -> str:
    try:
        return "{" + _JSON.of_apdu(octets, at, stop)(octets, at, stop, "") + "}"
    except FAILURES:
        return json_text(reader.read_apdu(octets, at, stop))


_short_text = lru_cache(maxsize=MOST_SHORT)(_apdu_text)


def layers_text(octets: bytes, at: int = 0, end: int | None = None) -> str:
    """Write the forms of one APDU, normally one: what ``layers`` shows of it, with the ranges that *octets* has."""
    stop = len(octets) if end is None else end
    try:
        return _FORM.of_apdu(octets, at, stop)(octets, at, stop, "")
    except FAILURES:
        return ", ".join([form_text(node) for node in reader.read_apdu(octets, at, stop).children])


def outline_lines(octets: bytes, at: int = 0, end: int | None = None, indent: int = 0) -> str:
    """Write the outline of one APDU, two blanks an *indent* before each line."""
    stop = len(octets) if end is None else end
    prefix = "\n" + "  " * indent
    try:
        return _OUTLINE.of_apdu(octets, at, stop)(octets, at, stop, prefix)[1:]
    except FAILURES:
        return "".join([outline_text(node, prefix) for node in reader.read_apdu(octets, at, stop).children])[1:]


def layer_text(layer: Any, octets: bytes, at: int = 0, end: int | None = None, inside: Inside | None = None) -> str:
    """Write the form of one *layer*; *inside* writes the children of an information field."""
    stop = len(octets) if end is None else end

    def hook(octets: bytes, at: int, end: int, _: str) -> str:
        return inside(octets, at, end) if inside else ""

    try:
        return _FORM.of_layer(layer)(octets, at, stop, "", inside and hook)
    except FAILURES:
        root = reader.tree(layer, octets, at, stop)
        node, text = _fill(layer, root, octets, hook, "")
        return form_text(root, ", ".join([form_text(one, text if one is node else "") for one in root.children]))


def layer_outline(
    layer: Any, octets: bytes, at: int = 0, end: int | None = None, indent: int = 0, inside: Lines | None = None
) -> str:
    """Write the outline of one *layer*, two blanks an *indent*; *inside* writes the lines of an information field."""
    stop = len(octets) if end is None else end
    prefix = "\n" + "  " * indent

    def hook(octets: bytes, at: int, end: int, _: str) -> str:
        lines = inside(octets, at, end, indent + 2) if inside else ""
        return lines and "\n" + lines

    try:
        return _OUTLINE.of_layer(layer)(octets, at, stop, prefix, inside and hook)[1:]
    except FAILURES:
        root = reader.tree(layer, octets, at, stop)
        node, text = _fill(layer, root, octets, hook, prefix)
        lines = [outline_text(one, prefix + "  ") + (text if one is node else "") for one in root.children]
        root.children = []
        return (outline_text(root, prefix) + "".join(lines))[1:]


def _fill(
    layer: Any, root: Node, octets: bytes, hook: Callable[[bytes, int, int, str], str], prefix: str
) -> tuple[Node | None, str]:
    """Write the inside of the information field of a tree, whose value is then left out."""
    node = reader.information(layer, root)
    text = hook(octets, node.start // 8, node.end // 8, prefix) if node is not None else ""
    if node is not None and text:
        node.value = None
    return node, text
