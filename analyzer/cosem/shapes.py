"""The types of attributes as they are written in classes.toml, to trees of shapes that a value is rendered by.

A type is a scalar ("long-unsigned (s)", "octet-string(date-time)", "enum sort_method"), ``array of`` a type, a
structure ``{name: type, …}``, a name of shapes.toml, or alternatives with OR. What stands in parentheses behind it is
for people, but for units of time, the formats of date and time, and a table of bits: "bit-string(bits zigbee_status)".
Source: IEC 62056-6-2, class descriptions.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from analyzer.cosem.meanings import is_table, meaning_of
from analyzer.cosem.tables import Tables
from dissectors.data_types import TAGS

_SHAPES = Tables("shapes.toml")
_TOKEN = re.compile(r"\s*(array of\b|OR\b|[A-Za-z_][\w-]*|[{}:,|;.]|\[\d+\]|\([^()]*\)|\d+\.\.\d+|\S)")
_NOTE_UNITS = {"s": "s", "seconds": "s", "ms": "ms", "minutes": "min", "-dBm": "-dBm"}
_FORMATS = frozenset(("date-time", "date", "time"))
_CONTAINERS = frozenset(("array", "structure"))
ANY = "any"


class Shape(NamedTuple):
    """What an attribute's value should be: *kind* is ``any``, ``array``, ``structure``, ``or`` or the name of a type.

    *table* spells an enumerated value; *format* is date-time, date or time; *unit* that of a time in the description;
    *size* the octets of a string where they are fixed; *item* what is in an array, *members* what is in a structure.
    """

    kind: str
    table: str = ""
    format: str = ""
    unit: str = ""
    size: int = 0
    item: Shape | None = None
    members: tuple[tuple[str, Shape], ...] = ()
    choices: tuple[Shape, ...] = ()
    meaning: str = ""
    """A kind of :mod:`analyzer.cosem.meanings`."""

    def meant(self, name: str) -> Shape:
        """Give this shape with what the *name* of the attribute or member adds to it."""
        meaning = meaning_of(name)
        if not meaning:
            return self
        if self.kind == "or":
            return self._replace(choices=tuple(one.meant(name) for one in self.choices))
        if self.kind == "array" and self.item is not None:
            return self._replace(item=self.item.meant(name))
        if is_table(meaning):
            return self if self.table or self.kind == "structure" else self._replace(table=meaning)
        return self._replace(meaning=meaning)


ANYTHING = Shape(ANY)


@lru_cache(maxsize=2048)
def shape_of(text: str) -> Shape:
    """Read a type; what is not understood becomes ``any``. Total."""
    shape, _ = _Parser(_TOKEN.findall(text)).alternatives()
    return shape


class _Parser:
    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens
        self.at = 0

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self) -> str:
        token = self.peek()
        self.at += 1
        return token

    def alternatives(self) -> tuple[Shape, int]:
        """Read a type with its alternatives."""
        found = [self.one()]
        while self.peek() in ("OR", "or", "|"):
            self.take()
            found.append(self.one())
        return (found[0] if len(found) == 1 else Shape("or", choices=tuple(found))), self.at

    def one(self) -> Shape:
        token = self.take()
        if token == "array of":
            return Shape("array", item=self.one())
        if token == "{":
            return self.structure()
        if not token or not token[0].isalpha():
            return ANYTHING
        if token == "enum":
            return self.enumerated()
        if self.peek() == "{":
            self.take()
            return self.structure()
        named = _SHAPES.table("shape").get(token)
        shape = shape_of(str(named)) if named is not None else self.scalar(token)
        self.notes()
        return shape

    def enumerated(self) -> Shape:
        table = self.take() if self.peek() and self.peek()[0].isalpha() and self.peek() != "OR" else ""
        self.notes()
        return Shape("enum", table=table)

    def scalar(self, name: str) -> Shape:
        if name == "CHOICE":
            self.notes()
            return ANYTHING
        if name in _FORMATS:
            return Shape(name, format=name)
        if name not in TAGS:
            return ANYTHING
        if name in _CONTAINERS:
            self.notes()
            return Shape(name)
        size, form, unit, table = 0, "", "", ""
        while self.peek()[:1] in ("[", "("):
            note = self.take()[1:-1]
            first = re.split(r"[ ,:]", note)[0]
            if note.isdigit():
                size = int(note)
            elif first in _FORMATS:
                form = first
            elif first == "bits":
                table = note.removeprefix("bits ")
            else:
                unit = _NOTE_UNITS.get(first, unit)
        unit = _NOTE_UNITS.get(self.peek(), unit) if self.peek() in ("s", "ms") else unit
        return Shape(name, table=table, format=form, unit=unit, size=size)

    def notes(self) -> None:
        """Pass over what is for people, up to the end of this type."""
        while self.peek() and self.peek() not in (",", "}", "OR", "or", "|", ";"):
            self.take()

    def structure(self) -> Shape:
        """Read the members up to the closing brace; several names before one type share it."""
        members: list[tuple[str, Shape]] = []
        untyped: list[str] = []
        while (token := self.take()) and token != "}":
            if token == ",":
                continue
            if not token[0].isalpha():
                continue
            name = token
            while self.peek() and self.peek() not in (":", ",", "}", "{"):
                self.take()  # "signal_quality RSRQ", "PowerStatus (bits)"
            if self.peek() == ":":
                self.take()
                shape, _ = self.alternatives()
                self.notes_in_structure()
                members += [(one, shape if one not in _SHAPES.table("member") else _member(one)) for one in untyped]
                members.append((name, shape))
                untyped.clear()
            elif self.peek() == "{":
                self.take()
                members += [(one, _member(one)) for one in untyped]
                untyped.clear()
                members.append((name, self.structure()))
            else:
                untyped.append(name)
        members += [(one, _member(one)) for one in untyped]
        self.notes()
        meant = tuple((name, shape.meant(name)) for name, shape in members)
        return Shape("structure", members=meant) if members else Shape("structure")

    def notes_in_structure(self) -> None:
        while self.peek() and self.peek() not in (",", "}"):
            self.take()


def _member(name: str) -> Shape:
    """Give the type of a member that stands without one."""
    known = _SHAPES.table("member").get(name) or _SHAPES.table("shape").get(name)
    return shape_of(str(known)) if known is not None else ANYTHING
