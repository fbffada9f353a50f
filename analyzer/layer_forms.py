"""What a layer of a record becomes: a node of a tree, the JSON of ``layers`` or lines of the outline."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import lru_cache
from typing import Generic, TypeVar

from analyzer.naming import name_layers, name_outline
from dissectors import registry, writers
from dissectors.p1 import P1Telegram
from dissectors.pdu import Layer
from dissectors.reader import tree
from dissectors.tree import Kind, Node

TELEGRAM = "deciphered telegram"
_MOST_REMEMBERED = 4096
_SHORT_LAYER = 16
"""Octets of headers and of frames that carry nothing, such as RR, which are worth to be kept as text."""
T = TypeVar("T")
Inside = Callable[[bytes, int, int], list[T]]


class Remembered(dict[Hashable, T]):
    """What headers and the frames of requests become, which come again and again; bounded."""

    def keep(self, key: Hashable, made: T) -> T:
        """Keep what was *made* and give it back."""
        if len(self) >= _MOST_REMEMBERED:
            self.clear()
        self[key] = made
        return made


class Form(Generic[T]):
    """What a layer of a record becomes: a node, or text."""

    requests: Remembered[list[T]] | None = None
    """What the frames of requests become; None where whoever gets it may change it."""

    def layer(self, layer: type[Layer], octets: bytes, at: int, end: int, inside: Inside[T] | None = None) -> T:
        """Give the form of *layer*; *inside* gives what takes the place of an information field's octets."""
        raise NotImplementedError

    def apdu(self, octets: bytes, at: int, end: int) -> list[T]:
        """Give the forms of an APDU, normally one."""
        raise NotImplementedError

    def octets(self, octets: bytes) -> T:
        """Give the form of octets that are nothing known."""
        raise NotImplementedError

    def buffer(self, name: str, number: int, octets: bytes) -> T:
        """Give the form of an APDU in the buffer *name*, the *number*-th beside the frame."""
        raise NotImplementedError

    def telegram(self, number: int, octets: bytes) -> T:
        """Give the form of the telegram that deciphering gave, in the *number*-th buffer beside the frame."""
        raise NotImplementedError


class Nodes(Form[Node]):
    """Trees of nodes."""

    def layer(self, layer: type[Layer], octets: bytes, at: int, end: int, inside: Inside[Node] | None = None) -> Node:
        """Read the layer's tree."""
        return tree(layer, octets, at, end, inside)

    def apdu(self, octets: bytes, at: int, end: int) -> list[Node]:
        """Read the APDU's tree."""
        root = Node("apdu", Kind.CHOICE, at * 8, end * 8)
        registry.grow_apdu(root, octets, at, end)
        return root.children

    def octets(self, octets: bytes) -> Node:
        """Make one leaf."""
        return Node("octets", Kind.LEAF, 0, len(octets) * 8, octets.hex().upper())

    def buffer(self, name: str, number: int, octets: bytes) -> Node:
        """Make a node for the buffer, with the APDU's tree below."""
        node = Node(name, Kind.LAYER, 0, len(octets) * 8, buffer=number)
        registry.grow_apdu(node, octets, 0, len(octets))
        node.end = len(octets) * 8
        return node

    def telegram(self, number: int, octets: bytes) -> Node:
        """Read the telegram's tree."""
        node = Node(TELEGRAM, Kind.LAYER, 0, len(octets) * 8, buffer=number)
        node.add(tree(P1Telegram, octets))
        return node


class LayersText(Form[str]):
    """The JSON of ``layers``."""

    def __init__(self) -> None:
        self._headers: Remembered[str] = Remembered()
        self.requests = Remembered()

    def layer(self, layer: type[Layer], octets: bytes, at: int, end: int, inside: Inside[str] | None = None) -> str:
        """Write the layer's form."""
        if inside is None and end - at <= _SHORT_LAYER:
            key = (layer, at, octets[at:end])
            return self._headers.get(key) or self._headers.keep(key, writers.layer_text(layer, octets, at, end))
        if inside is None:
            return writers.layer_text(layer, octets, at, end)
        return writers.layer_text(layer, octets, at, end, lambda o, a, e: ", ".join(inside(o, a, e)))

    def apdu(self, octets: bytes, at: int, end: int) -> list[str]:
        """Write the APDU's forms."""
        text = (_short_layers if end - at <= writers.SHORT else _named_layers)(octets, at, end)
        return [text] if text else []

    def octets(self, octets: bytes) -> str:
        """Write one leaf."""
        return f'{{"name": "octets", "value": "{octets.hex().upper()}", "range": [0, {len(octets)}]}}'

    def buffer(self, name: str, number: int, octets: bytes) -> str:
        """Write a node for the buffer, with the APDU's form below."""
        inner = name_layers(writers.layers_text(octets))
        return f'{{"name": "{name}", "range": [0, {len(octets)}], "buffer": {number}, "children": [{inner}]}}'

    def telegram(self, number: int, octets: bytes) -> str:
        """Write a node for the buffer, with the telegram's form below."""
        inner = writers.layer_text(P1Telegram, octets)
        return f'{{"name": "{TELEGRAM}", "range": [0, {len(octets)}], "buffer": {number}, "children": [{inner}]}}'


class OutlineText(Form[str]):
    """The outline, *indent* times two blanks before each line."""

    def __init__(self, indent: int) -> None:
        self.indent = indent
        self._headers: Remembered[str] = Remembered()
        self.requests = Remembered()

    def layer(self, layer: type[Layer], octets: bytes, at: int, end: int, inside: Inside[str] | None = None) -> str:
        """Write the layer's outline."""
        if inside is None and end - at <= _SHORT_LAYER:
            key = (layer, self.indent, octets[at:end])
            text = self._headers.get(key)
            return text or self._headers.keep(key, writers.layer_outline(layer, octets, at, end, self.indent))
        if inside is None:
            return writers.layer_outline(layer, octets, at, end, self.indent)

        def lines(octets: bytes, at: int, end: int, indent: int) -> str:
            before, self.indent = self.indent, indent
            try:
                return "\n".join(inside(octets, at, end))
            finally:
                self.indent = before

        return writers.layer_outline(layer, octets, at, end, self.indent, lines)

    def apdu(self, octets: bytes, at: int, end: int) -> list[str]:
        """Write the APDU's outline."""
        write = _short_outline if end - at <= writers.SHORT else _named_outline
        return [write(octets, at, end, self.indent)]

    def octets(self, octets: bytes) -> str:
        """Write one line."""
        return f"{'  ' * self.indent}octets: {octets.hex().upper()}"

    def buffer(self, name: str, number: int, octets: bytes) -> str:
        """Write a line for the buffer, the APDU's outline below."""
        blanks = "  " * self.indent
        return f"{blanks}{name}\n{_named_outline(octets, 0, len(octets), self.indent + 1)}"

    def telegram(self, number: int, octets: bytes) -> str:
        """Write a line for the buffer, the telegram's outline below."""
        blanks = "  " * self.indent
        return f"{blanks}{TELEGRAM}\n{writers.layer_outline(P1Telegram, octets, indent=self.indent + 1)}"


def _named_layers(octets: bytes, at: int, end: int) -> str:
    return name_layers(writers.layers_text(octets, at, end))


def _named_outline(octets: bytes, at: int, end: int, indent: int) -> str:
    return name_outline(writers.outline_lines(octets, at, end, indent))


_short_layers = lru_cache(maxsize=writers.MOST_SHORT)(_named_layers)
_short_outline = lru_cache(maxsize=writers.MOST_SHORT)(_named_outline)
