"""The entry points of dissection: octets to a tree, a tree to the JSON of its APDU. Total: never raise on octets.

Source: design of the JSON form: ASN.1 JSON encoding rules (ITU-T X.697) over the COSEM pdu module.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dissectors.acse
import dissectors.xdlms.access
import dissectors.xdlms.action
import dissectors.xdlms.ciphered
import dissectors.xdlms.error
import dissectors.xdlms.general_block_transfer
import dissectors.xdlms.get
import dissectors.xdlms.initiate
import dissectors.xdlms.notification
import dissectors.xdlms.set
import dissectors.xdlms.short_name  # noqa: F401 -- importing registers the layers
from dissectors import registry
from dissectors.fields import octets_given
from dissectors.framed import Carried
from dissectors.pdu import add_leftover
from dissectors.tree import Kind, Node, Note, Problem


def read_apdu(octets: bytes, at: int = 0, end: int | None = None) -> Node:
    """Read one APDU into its tree, whose only child is the APDU; what cannot be read is an undecoded leaf."""
    octets = octets_given(octets)
    stop = len(octets) if end is None else end
    root = Node("apdu", Kind.CHOICE, at * 8, stop * 8)
    registry.grow_apdu(root, octets, at, stop)
    return root


Inside = Callable[[bytes, int, int], list[Node]]
"""What grows the inside of an information field, from octet to octet; an empty list leaves it as it is."""


def tree(layer: Any, octets: bytes, at: int = 0, end: int | None = None, inside: Inside | None = None) -> Node:
    """Read one *layer* into its tree; octets after it are a hidden undecoded leaf with a note.

    *inside* gives the nodes that take the place of the octets of an information field.
    """
    stop = len(octets) if end is None else end
    node = Node(layer.asn1 or layer.__name__, Kind.WRAP if layer.wraps_one else Kind.LAYER, at * 8, stop * 8)
    try:
        after = layer.grow(node, octets, at, stop)
    except Problem:
        after = stop
    if after < stop:
        add_leftover(node, after, stop)
    node.end = stop * 8
    field = information(layer, node) if inside is not None else None
    if inside is not None and field is not None:
        field.children = inside(octets, field.start // 8, field.end // 8)
        if field.children:
            field.kind, field.value = Kind.LAYER, None
    return node


def information(layer: Any, node: Node) -> Node | None:
    """Find the information field in the tree of *layer* where it is still octets."""
    for item in layer.items():
        if isinstance(item, Carried):
            found = node.child(item.asn1)
            return found if found is not None and found.kind is Kind.LEAF else None
    return None


def apdu_json(octets: bytes) -> Any:
    """Read one APDU and give its JSON form: ``{"get-request": {"get-request-normal": {…}}}``."""
    return to_json(read_apdu(octets))


def to_json(node: Node) -> Any:
    """Give the JSON form of a node: what stands for its octets in the ``apdu`` member."""
    kind = node.kind
    if kind is Kind.LEAF:
        return node.value
    if kind is Kind.UNDECODED:
        return {"malformed": node.value}
    if kind is Kind.DATA:
        return _data_json(node)
    if kind is Kind.BITS and node.value is not None:
        return node.value
    children = [child for child in node.children if child.kind is not Kind.HIDDEN]
    if kind is Kind.SEQUENCE_OF:
        return [to_json(child) for child in children]
    if kind is Kind.WRAP:
        return to_json(children[-1]) if children else None
    members = {child.name: to_json(child) for child in children}
    shape = getattr(node.layer, "json_shape", None)
    return shape(members) if shape else members


def _data_json(node: Node) -> Any:
    if node.name in ("array", "structure"):
        return {node.name: [to_json(child) for child in node.children if child.kind is not Kind.HIDDEN]}
    if node.name == "compact-array":
        return {node.name: {child.name: to_json(child) for child in node.children if child.kind is not Kind.HIDDEN}}
    return {node.name: node.value}


def node_form(node: Node) -> dict[str, Any]:
    """Give the form of a node in ``layers``: name, value, text, octet range, bits where not whole octets, children."""
    form: dict[str, Any] = {"name": node.name}
    if node.value is not None:
        form["value"] = node.value
    if node.text:
        form["text"] = node.text
    form["range"] = [node.start // 8, (node.end + 7) // 8]
    if node.start % 8 or node.end % 8:
        form["bits"] = [node.start, node.end]
    if node.buffer:
        form["buffer"] = node.buffer
    if node.notes:
        form["notes"] = [note_form(note) for note in node.notes]
    if node.children:
        form["children"] = [node_form(child) for child in node.children]
    return form


def note_form(note: Note) -> dict[str, Any]:
    """Give the JSON form of a note."""
    form: dict[str, Any] = {
        "code": note.code, "severity": note.severity.name.lower(), "group": note.group, "text": note.text,
    }  # fmt: skip
    if note.cause:
        form["cause"] = note.cause
        form["confidence"] = note.confidence
    form["range"] = [note.start, note.end]
    return form
