"""A-XDR Data to text: the three forms of the writers, out of the flat elements.

Names and texts are taken from the nodes that the tree engine grows of an element, once for each type or count.
Source: IEC 62056-6-2 (Data).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dissectors import axdr
from dissectors.axdr import ARRAY, STRUCTURE, Element, scan_data
from dissectors.data import grow_elements, scalar_to_json
from dissectors.node_text import Memo, form_text, head_text, json_text, outline_text, plain_text, shown_text
from dissectors.tree import Kind, Node

_CONTAINERS = (ARRAY, STRUCTURE)
_SPECIAL = (7, axdr.COMPACT_ARRAY, axdr.DESCRIPTOR)
"""Types whose nodes have more than a value: written by way of the node."""


def _grown(element: Element) -> Node:
    parent = Node("", Kind.WRAP, 0, 0)
    grow_elements(parent, [element])
    return parent.children[0]


def _is_number(tag: int) -> bool:
    packed = axdr.STRUCTS.get(tag)
    return packed is not None and type(packed.unpack(bytes(packed.size))[0]) is int and scalar_to_json(tag, 5) == 5


def _is_hex(tag: int) -> bool:
    packed = axdr.STRUCTS.get(tag)
    is_octets = packed is None or type(packed.unpack(bytes(packed.size))[0]) is bytes
    return is_octets and tag not in (axdr.NULL, axdr.DONT_CARE, axdr.BIT_STRING) and scalar_to_json(tag, b"\n") == "0A"


# -- JSON -----------------------------------------------------------------------------------------------------------


def _json_writer(tag: int) -> Callable[[Any], str]:
    """Make the function that writes one scalar of type *tag*."""
    name = axdr.NAMES[tag]
    if _is_number(tag):
        return f'{{"{name}": %d}}'.__mod__
    if _is_hex(tag):
        return lambda value: f'{{"{name}": "{value.hex().upper()}"}}'
    return lambda value: f'{{"{name}": {plain_text(scalar_to_json(tag, value))}}}'


_SCALARS = [tag for tag in axdr.NAMES if tag not in (*_CONTAINERS, *_SPECIAL)]
_JSON = {tag: _json_writer(tag) for tag in _SCALARS}
_JSON_OPEN = {tag: f'{{"{axdr.NAMES[tag]}": [' for tag in _CONTAINERS}


def data_json(octets: bytes, at: int, end: int) -> tuple[str, int]:
    """Write one Data as in the ``apdu`` member. Returns the text and the next octet."""
    elements, after = scan_data(octets, at, end)
    out: list[str] = []
    left: list[int] = []
    for element in elements:
        tag, _, _, value = element
        if tag in _CONTAINERS:
            out.append(_JSON_OPEN[tag])
            if value:
                left.append(value)
                continue
            out.append("]}")
        else:
            write = _JSON.get(tag)
            out.append(write(value) if write is not None else json_text(_grown(element)))
        while left:
            if left[-1] > 1:
                left[-1] -= 1
                out.append(", ")
                break
            left.pop()
            out.append("]}")
    return "".join(out), after


# -- layers ---------------------------------------------------------------------------------------------------------


def _form_writer(tag: int) -> Callable[[Any, int, int], str]:
    name = axdr.NAMES[tag]
    if _is_number(tag):
        return lambda value, start, end: f'{{"name": "{name}", "value": {value}, "range": [{start}, {end}]}}'
    if _is_hex(tag):
        return lambda value, start, end: (
            f'{{"name": "{name}", "value": "{value.hex().upper()}", "range": [{start}, {end}]}}'
        )
    return lambda value, start, end: f'{head_text(_grown(Element(tag, 0, 1, value)))}, "range": [{start}, {end}]}}'


_FORM = {tag: _form_writer(tag) for tag in _SCALARS}


def _form_open(key: tuple[int, int]) -> tuple[str, str]:
    """Write what stands before the start of an array or structure of so many elements, and after its end."""
    node = _grown(Element(key[0], 0, 2, key[1]))
    return f'{head_text(node)}, "range": [', f'], "children": [{head_text(node.children[0])}, "range": ['


_FORM_OPEN = Memo(_form_open)


def data_form(octets: bytes, at: int, end: int) -> tuple[str, int]:
    """Write one Data as in ``layers``. Returns the text and the next octet."""
    elements, after = scan_data(octets, at, end)
    out: list[str] = []
    opened: list[list[int]] = []
    for element in elements:
        tag, start, stop, value = element
        if tag in _CONTAINERS:
            head, middle = _FORM_OPEN[tag, value]
            out += (f"{head}{start}, ", "", f"{middle}{start}, {stop}]}}")
            if value:
                opened.append([value, len(out) - 2])
                out.append(", ")
                continue
            out[-2] = str(stop)
            out.append("]}")
        else:
            write = _FORM.get(tag)
            out.append(write(value, start, stop) if write is not None else form_text(_grown(element)))
        while opened:
            top = opened[-1]
            if top[0] > 1:
                top[0] -= 1
                out.append(", ")
                break
            out[top[1]] = str(stop)
            opened.pop()
            out.append("]}")
    return "".join(out), after


# -- outline --------------------------------------------------------------------------------------------------------


def _outline_line(key: tuple[int, Any]) -> str:
    node = _grown(Element(key[0], 0, 1, key[1]))
    return f"{node.name}{shown_text(node)}"


def _outline_open(key: tuple[int, int]) -> tuple[str, str]:
    node = _grown(Element(key[0], 0, 2, key[1]))
    inside = node.children[0]
    return f"{node.name}{shown_text(node)}", f"{inside.name}{shown_text(inside)}"


_OUTLINE_OPEN = Memo(_outline_open)


def _outline_writer(tag: int) -> Callable[[Any], str]:
    name = axdr.NAMES[tag]
    if _is_number(tag):
        return f"{name}: %d".__mod__
    if _is_hex(tag):
        return lambda value: f"{name}: {value.hex().upper()}" if value else name
    return lambda value: _outline_line((tag, value))


_OUTLINE = {tag: _outline_writer(tag) for tag in _SCALARS}


def data_outline(octets: bytes, at: int, end: int, prefix: str) -> tuple[str, int]:
    """Write one Data as outline, *prefix* (a line end and the indent) before each line; returns the next octet too."""
    elements, after = scan_data(octets, at, end)
    out: list[str] = []
    left: list[int] = []
    prefixes = [prefix]
    for element in elements:
        tag, _, _, value = element
        if tag in _CONTAINERS:
            head, inside = _OUTLINE_OPEN[tag, value]
            out.append(f"{prefix}{head}{prefix}  {inside}")
            if value:
                left.append(value)
                prefix += "  "
                prefixes.append(prefix)
                continue
        else:
            write = _OUTLINE.get(tag)
            if write is not None:
                out.append(prefix + write(value))
            else:
                out.append(outline_text(_grown(element), prefix))
        while left:
            if left[-1] > 1:
                left[-1] -= 1
                break
            left.pop()
            prefixes.pop()
            prefix = prefixes[-1]
    return "".join(out), after
