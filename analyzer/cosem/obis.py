"""OBIS codes: names composed from the value groups A to F by the tables of obis.toml.

Source: IEC 62056-6-1. What a group means, and how the parts of a name are put together, stands in obis.toml.
"""

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import cast

from analyzer.cosem.logical_name import obis_text
from analyzer.cosem.own import own
from analyzer.cosem.tables import Tables, integer_ranges

_OBIS = Tables("obis.toml")
_GROUPS = "abcdef"
_PHASES = ("", " L1", " L2", " L3", " neutral")


@lru_cache(maxsize=16384)
def obis_name(logical_name: bytes) -> str | None:
    """Name what a logical name stands for ("Active energy import (+A), tariff 1"), composed from its value groups.

    Total: any octets give a name or None; None means that the medium or the group C is not assigned. A name of the
    user's own tables comes first.
    """
    if len(logical_name) != 6:
        return None
    if (known := own().names.get(logical_name)) is not None:
        return known
    if (exact := _OBIS.table("exact").get(obis_text(logical_name).partition("*")[0])) is not None:
        return str(exact)
    name = (
        _manufacturer_specific(logical_name, "bcf")
        or _object(logical_name)
        or _manufacturer_specific(logical_name, "de")
        or _quantity(logical_name)
        or _group(logical_name)
    )
    if name is None:
        return None
    return f"{name}{_text('channel', 1, logical_name) or ''}{_text('billing', 5, logical_name) or ''}"


def _manufacturer_specific(code: bytes, groups: str) -> str | None:
    """The name of manufacturer specific objects if one of *groups* lies in its manufacturer specific range."""
    table = _OBIS.table("manufacturer_specific")
    if any(code[_GROUPS.index(group)] in _numbers(str(table[group])) for group in groups):
        return _fill(str(table["name"]), code)
    return None


def _object(code: bytes) -> str | None:
    """The name of a standard object: the first row of the tables of its A and C that fits D and E."""
    for table in (f"object.{code[0]}.{code[2]}", f"object.any.{code[2]}"):
        for first, last, template in _rows(table).get(code[3], ()):
            if first <= code[4] <= last and (name := _fill(template, code)):
                return name
    return None


def _quantity(code: bytes) -> str | None:
    """The name of a measured quantity: C with its phase, then what D and E add."""
    medium = cast("str", _OBIS.table("compose").get(str(code[0]), ""))
    row, phase = _quantities(medium).get(code[2], ({}, ""))
    if not row:
        return None
    otherwise = _OBIS.table("otherwise")
    kind, value = _values(str(row.get("values", medium))).get(code[3], ("name", str(otherwise["value"])))
    quantity = str(row.get(kind) or row.get("name") or row["instant"])
    added = _detail(medium, code)
    detail = str(otherwise["detail"]) if added is None else added
    return "".join(_fill(part, code) or "" for part in (quantity, phase, value, detail))


def _detail(medium: str, code: bytes) -> str | None:
    """What E adds to a quantity's name, by the first rule that fits the code; None where that has no text for E."""
    rules = cast("list[dict[str, str]]", _OBIS.table(f"detail.{medium}")["rules"])
    for rule in rules:
        if all(code[_GROUPS.index(group)] in _numbers(rule[group]) for group in "cde" if group in rule):
            return _text(rule["text"], 4, code)
    return None


def _group(code: bytes) -> str | None:
    """The name of the group that C stands for, and the rest of the code."""
    key = str(code[2])
    group = _OBIS.table(f"group.{code[0]}").get(key) or _OBIS.table("group.any").get(key)
    known = str(code[0]) in _OBIS.table("text.medium")
    return _fill(f"{group}{_OBIS.table('otherwise')['group']}", code) if group and known else None


def _text(table: str, group: int, code: bytes) -> str | None:
    template = _texts(table).get(code[group])
    return None if template is None else _fill(template, code)


def _fill(template: str, code: bytes) -> str | None:
    """Put the value groups of *code* into a text; None where it names an entry that its table has not."""
    if "{" not in template:
        return template
    parts = _places().split(template)
    filled = [parts[0]]
    for at in range(1, len(parts), 5):
        group, operator, operand, table, following = parts[at : at + 5]
        value = _calculate(code[_GROUPS.index(group)], operator, int(operand or 0))
        entry: str | None = str(value)
        if table:
            entry = _texts(table).get(value)
            entry = None if entry is None else _fill(entry, code)
        if entry is None:
            return None
        filled += entry, following
    return "".join(filled)


def _calculate(value: int, operator: str | None, operand: int) -> int:
    match operator:
        case "+":
            return value + operand
        case "-":
            return value - operand
        case "/":
            return value // operand
        case "%":
            return value % operand
    return value


@cache
def _places() -> "re.Pattern[str]":
    return re.compile(r"\{([a-f])(?:([-+/%])(\d+))?(?::(\w+))?\}")


@cache
def _numbers(ranges: str) -> frozenset[int]:
    """The numbers of a list of numbers and ranges: ``128..199 240``."""
    return frozenset(integer_ranges(dict.fromkeys(ranges.split(), "")))


@cache
def _texts(table: str) -> dict[int, str]:
    return integer_ranges(_OBIS.table(f"text.{table}"))


@cache
def _rows(table: str) -> dict[int, list[tuple[int, int, str]]]:
    """The rows of an object table by each D that they fit: first and last E, and the text; in the order of the file."""
    rows: dict[int, list[tuple[int, int, str]]] = {}
    for key, template in _OBIS.table(table).items():
        (first_d, last_d), (first_e, last_e) = (_span(part) for part in key.split("."))
        for d in range(first_d, last_d + 1):
            rows.setdefault(d, []).append((first_e, last_e, str(template)))
    return rows


def _span(part: str) -> tuple[int, int]:
    low, _, high = ("0-127" if part == "*" else part).partition("-")
    return int(low), int(high or low)


@cache
def _quantities(medium: str) -> dict[int, tuple[Mapping[str, object], str]]:
    """The quantity and phase of each C of a medium."""
    quantities: dict[int, tuple[Mapping[str, object], str]] = {}
    for entry in _OBIS.table(f"quantity.{medium}").values():
        row = cast("dict[str, object]", entry)
        phases = cast("list[str]", row.get("phases", _PHASES))
        quantities.update((c, (row, phase)) for c, phase in zip(cast("list[int]", row["codes"]), phases, strict=False))
    return quantities


@cache
def _values(table: str) -> dict[int, tuple[str, str]]:
    """The kind ("instant", "integral" or just "name") of each D of a table, and what it adds to the name."""
    values: dict[int, tuple[str, str]] = {}
    for key, entry in _OBIS.table(f"value.{table}").items():
        kind, text = entry if isinstance(entry, list) else ("name", entry)
        values.update((number, (str(kind), str(text))) for number in _numbers(key))
    return values
