"""Generates the scan of a layer: a function that gives the values of its fields and makes no objects beside them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from dissectors.ber import OtherElements
from dissectors.composites import Sequence, SequenceOf
from dissectors.walk import FAILURES as FAILURES
from dissectors.walk import Found, Position, Walk


class Scan(NamedTuple):
    """The generated scan of a layer: ``function(octets, at, end) -> (values, next octet)``, and the values' names.

    A Data stands as its ``(start, end)`` span; a CHOICE as ``(tag, values)``; a SEQUENCE's values inline, dotted.
    """

    function: Callable[[bytes, int, int], tuple[tuple[Any, ...], int]]
    names: tuple[str, ...]
    source: str


class ScanWalk(Walk):
    """Gathers names and values."""

    def leaf(self, item: Any, variable: str, start: Position, stop: Position) -> Found:
        """Name the value."""
        return [(item.name, variable)]

    def value(self, item: Any, seen: dict[str, str], start: Position) -> Found:
        """Put elements of ACSE APDUs that stand out of order among the values of the declared ones."""
        found = super().value(item, seen, start)
        if isinstance(item, OtherElements):
            variables = ", ".join([seen[item.name], *(seen[one.name] for one in item.declared.values())])
            self.line(f"if {seen[item.name]}: {variables} = {self.constant(item.settle)}({variables})")
        return found

    def sequence(self, item: Sequence, found: Found, start: Position, stop: Position) -> Found:
        """Put the name in front of those inside."""
        return [(f"{item.name}.{name}", variable) for name, variable in found]

    def keep(self, variable: str, item: Any, found: Found, start: Position) -> None:
        """Keep one value, or those of a SEQUENCE as a tuple."""
        self.line(f"{variable} = {_tuple(found) if isinstance(item, Sequence) else found[0][1]}")

    def keep_alternative(self, variable: str, tag: str, layer: Any, found: Found, start: Position) -> None:
        """Keep tag and values."""
        self.line(f"{variable} = ({tag}, {_tuple(found)})")

    def perhaps(self, item: Any, variable: str, start: Position) -> Found:
        """Name the value."""
        return [(item.name, variable)]

    def listed(self, item: SequenceOf, variable: str, count: str, start: Position, first: Position) -> Found:
        """Name the list."""
        return [(item.name, variable)]


def _tuple(found: Found) -> str:
    return "(" + "".join(f"{variable}, " for _, variable in found) + ")"


def compile_scan(layer: Any) -> Scan:
    """Generate the scan of *layer*."""
    walk = ScanWalk()
    values = walk.layer(layer, {})
    function, source = walk.function(layer.__name__, f"{_tuple(values)}, a")
    return Scan(function, tuple(name for name, _ in values), source)


_SCANS: dict[Any, Scan] = {}


def scan(layer: Any) -> Scan:
    """Give the generated scan of *layer*, made at first use."""
    known = _SCANS.get(layer)
    if known is None:
        known = _SCANS[layer] = compile_scan(layer)
    return known
