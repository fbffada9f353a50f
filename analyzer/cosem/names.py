"""Names that stand beside the numbers: classes, attributes, methods, OBIS codes, units, enumerations, manufacturers.

One place to import from; the tables are the TOML files beside this module, read when a name is first asked for. All
functions are total: what has no name gives None, and only `obis_from_text` raises.
"""

from collections.abc import Mapping
from functools import lru_cache

from analyzer.cosem.classes import (
    attribute_name,
    attribute_type,
    class_name,
    enumeration,
    enumeration_text,
    method_name,
)
from analyzer.cosem.logical_name import obis_from_text, obis_text
from analyzer.cosem.obis import obis_name
from analyzer.cosem.tables import Tables

__all__ = [
    "attribute_name",
    "attribute_type",
    "class_name",
    "enumeration",
    "enumeration_text",
    "manufacturer",
    "method_name",
    "obis_from_text",
    "obis_name",
    "obis_text",
    "standard_classes",
    "system_title_text",
    "unit_name",
    "unit_symbol",
]

_UNITS = Tables("units.toml")
_MANUFACTURERS = Tables("manufacturers.toml")
_STANDARD_CLASSES = Tables("standard_classes.toml")
_MEDIA = {0: "abstract", 1: "electricity"}


def unit_symbol(code: int) -> str | None:
    """Write the sign of a unit ("Wh") by its code in scal_unit_type; None for a code that is not assigned."""
    unit = _unit(code)
    return str(unit["symbol"]) if unit else None


def unit_name(code: int) -> str | None:
    """Name a unit in words ("watt-hour"); its quantity ("volume flux") where the unit has no word of its own."""
    unit = _unit(code)
    return str(unit.get("name") or unit["quantity"]) if unit else None


@lru_cache(maxsize=1024)
def manufacturer(flag: str) -> str | None:
    """Name the holder of a FLAG identifier ("KFM"), in either case; None for one that is not registered."""
    identifier = flag.upper()
    if len(identifier) != 3 or not (identifier.isascii() and identifier.isalpha()):
        return None
    name = _MANUFACTURERS.entry("manufacturer", identifier)
    return None if name is None else str(name)


def system_title_text(title: bytes) -> str:
    """Write a system title as its three letters and the hex of the rest (``MMM 0000BC614E``).

    Octets: 8; a title of another length, or without three capital letters in front, is all hex.
    """
    letters = title[:3]
    if len(title) == 8 and all(0x41 <= octet <= 0x5A for octet in letters):
        return f"{letters.decode('ascii')} {title[3:].hex().upper()}"
    return title.hex().upper()


@lru_cache(maxsize=256)
def _unit(code: int) -> Mapping[str, object] | None:
    unit = _UNITS.entry("unit", str(code))
    return unit if isinstance(unit, dict) else None


def standard_classes(logical_name: bytes) -> tuple[int, ...]:
    """Give the classes that the standard has for an object; empty where it has none or leaves several open."""
    if len(logical_name) != 6 or logical_name[0] not in _MEDIA:
        return ()
    table = _STANDARD_CLASSES.table(_MEDIA[logical_name[0]])
    _, _, c, d, e, _ = logical_name
    found = table.get(f"{c}_{d}_{e}") or table.get(f"{c}_{d}")
    return tuple(found) if isinstance(found, list) else ()
