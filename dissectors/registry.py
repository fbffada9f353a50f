"""Which layer reads which APDU: by its tag, and for families of variants by the choice octet after it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from dissectors.pdu import add_leftover
from dissectors.tree import Kind, Node, Problem, unread

L = TypeVar("L")
_SHORTEST_TEXT = 4

_BY_TAG: dict[int, Any] = {}
_VARIANTS: dict[int, dict[int, Any]] = {}
FAMILIES: dict[int, str] = {}
"""The name of each assigned APDU tag."""
LAYERS: list[Any] = []
"""Every registered APDU layer."""
CLAUSES: dict[str, str] = {}
"""Where each APDU is specified."""


def apdu(tag: int, family: str, *, choice: int | None = None, clause: str = "IEC 62056-5-3") -> Callable[[L], L]:
    """Register a layer as the APDU *family* under *tag*; *choice* makes it one variant of the family."""

    def register(layer: Any) -> Any:
        FAMILIES[tag] = family
        LAYERS.append(layer)
        layer.family = family
        CLAUSES[layer.asn1 or family] = clause
        if choice is None:
            layer.asn1 = family
            _BY_TAG[tag] = layer
        else:
            _VARIANTS.setdefault(tag, {})[choice] = layer
        return layer

    return register


def _load_all() -> bool:
    """Import all layers, for who imported one wants the others inside it. Tells whether any was missing."""
    known = len(LAYERS)
    import dissectors.reader  # noqa: F401

    return len(LAYERS) > known


def pick(octets: bytes, at: int, end: int) -> tuple[str, Any] | None:
    """Find family and layer of the APDU that begins at *at*; None where nothing is assigned."""
    if at >= end:
        return None
    tag = octets[at]
    layer = _BY_TAG.get(tag)
    if layer is None:
        variants = _VARIANTS.get(tag)
        if variants is None:
            return pick(octets, at, end) if _load_all() else None
        if at + 1 >= end:
            return None
        layer = variants.get(octets[at + 1])
        if layer is None:
            return None
    return FAMILIES[tag], layer


def from_json(form: dict[str, Any]) -> Any:
    """Make the layer of an APDU's JSON form: ``{"initiateRequest": {…}}``. Raises: ValueError."""
    _load_all()
    for layer in LAYERS:
        inner = form.get(layer.family)
        if inner is not None and layer.asn1 != layer.family:
            inner = inner.get(layer.asn1)
        if inner is not None:
            return layer.from_value(inner)
    raise ValueError(f"{' '.join(form) or 'an empty mapping'} is no APDU")


def begins_apdu(octets: bytes, at: int, end: int) -> bool:
    """Tell whether an assigned tag (and choice) stands at *at*."""
    return pick(octets, at, end) is not None


def reads(octets: bytes, at: int, end: int) -> bool:
    """Tell whether the octets are one APDU that reads completely; an empty SN list proves nothing and is refused."""
    found = pick(octets, at, end)
    if found is None or end - at < 2:
        return False
    if end - at == 2 and octets[at + 1] == 0:
        return octets[at] in (0x62, 0x63)
    from dissectors.compile import FAILURES, scan

    try:  # the scan: it reads once what stands inside, and takes an APDU that need not read as octets
        return scan(found[1]).function(octets, at, end)[1] == end
    except FAILURES:
        return False


def grow_apdu(parent: Node, octets: bytes, at: int, end: int) -> int:
    """Grow the APDU at *at* under *parent*; total: what cannot be read is an undecoded leaf, or text where it is."""
    first = len(parent.children)
    _grow_any(parent, octets, at, end)
    text = text_of(octets[at:end])
    if text and any(child.all_notes() for child in parent.children[first:]):
        del parent.children[first:]
        parent.add(Node("text", Kind.LEAF, at * 8, end * 8, text, text))
    return end


def text_of(octets: bytes) -> str:
    """Give the text that stands in place of an APDU; empty where none does."""
    if len(octets) < _SHORTEST_TEXT or not octets.isascii():
        return ""
    text = octets.decode("ascii").strip("\r\n\0")
    return text.strip() if text.isprintable() else ""


def _grow_any(parent: Node, octets: bytes, at: int, end: int) -> int:
    """Grow an APDU, or what begins as one."""
    found = pick(octets, at, end)
    if found is None:
        return _grow_unknown(parent, octets, at, end)
    family, layer = found
    kind = Kind.WRAP if layer.wraps_one else Kind.LAYER
    if layer.asn1 != family:
        parent = parent.add(Node(family, Kind.CHOICE, at * 8, end * 8))
    node = parent.add(Node(layer.asn1, kind, at * 8, end * 8))
    try:
        after: int = layer.grow(node, octets, at, end)
    except Problem:
        after = end
        node.end = end * 8
    if after < end:
        add_leftover(node, after, end)
        node.end = end * 8
    parent.end = max(parent.end, node.end) if parent.kind is Kind.CHOICE else parent.end
    return end


def _grow_unknown(parent: Node, octets: bytes, at: int, end: int) -> int:
    """Show octets whose tag (or choice) is not assigned."""
    is_short = at >= end
    if is_short:
        leaf = parent.add(Node("apdu", Kind.UNDECODED, at * 8, end * 8, "no octets", "no octets"))
        text = "an APDU without octets"
    else:
        tag = octets[at]
        family = FAMILIES.get(tag)
        reason = f"tag {tag:02X} is not assigned" if family is None else f"{family} has no such choice"
        if family is not None and at + 1 >= end:
            is_short, reason = True, "needs 2 octets, 1 left"
        text = f"{reason} (octet {at if family is None else at + 1})"
        leaf = parent.add(Node(family or f"tag-{tag:02x}", Kind.UNDECODED, at * 8, end * 8, reason, reason))
    leaf.notes.append(unread(text, at, end, is_short=is_short))
    return end
