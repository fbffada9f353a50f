"""Names of interface classes, their attributes, methods and enumerated values, from classes.toml and enumerations.toml.

Source: IEC 62056-6-2, the interface classes and their earlier versions.
"""

import re
from collections.abc import Mapping
from functools import cache, lru_cache

from analyzer.cosem.own import own
from analyzer.cosem.tables import Tables, integer_ranges

_CLASSES = Tables("classes.toml")
_ENUMERATIONS = Tables("enumerations.toml")
SECRET_MEMBERS = frozenset(("secret", "user_password", "password", "key"))
"""Members of structures whose octets are never shown."""
_SECRET_MEMBER = re.compile(rf"\b(?:{'|'.join(sorted(SECRET_MEMBERS))}): ")
_RANK = {"current": 0, "previous": 1, "extra": 2}
"""Which version speaks where none was stated: the one of edition 4, then what it lists as earlier, then the others."""


def class_name(class_id: int, version: int | None = None) -> str | None:
    """Name an interface class ("Register"); None for one that neither an edition nor the user's own tables know.

    A *version* that is not listed is named like the usual one: a meter states what it likes.
    """
    for table in _versions(class_id, version):
        return str(table["name"])
    return own().classes.get(class_id)


def class_called(name: str) -> int | None:
    """Find the number of the interface class called *name*, in any case, also with hyphens; None where none is."""
    words = re.sub(r"[\s_-]+", " ", name.strip()).casefold()
    numbers = sorted({int(one.split(".")[1]) for one in _CLASSES.names("class.")})
    return next((one for one in numbers if (class_name(one) or "").replace("-", " ").casefold() == words), None)


def attribute_name(class_id: int, attribute_id: int, version: int | None = None) -> str | None:
    """Name an attribute as the standard spells it ("scaler_unit"); attribute 1 is "logical_name" in every class.

    Without a *version*, or where that version has no such attribute, the other versions are asked, the usual one first.
    """
    if attribute_id == 1:
        return "logical_name"
    attribute = _member(class_id, "attribute", attribute_id, version)
    return str(attribute["name"]) if attribute else None


def method_name(class_id: int, method_id: int, version: int | None = None) -> str | None:
    """Name a method as the standard spells it ("reset"); versions are treated as in `attribute_name`."""
    method = _member(class_id, "method", method_id, version)
    return str(method["name"]) if method else None


def has_attribute(class_id: int, attribute_id: int, version: int) -> bool:
    """Tell whether a *version* of a class has an attribute; of one that is not listed, whether any version has it."""
    if version not in versions(class_id):
        return attribute_name(class_id, attribute_id) is not None
    attributes = _CLASSES.table(f"class.{class_id}.{version}").get("attribute", {})
    return attribute_id == 1 or (isinstance(attributes, dict) and str(attribute_id) in attributes)


def first_method(class_id: int, version: int) -> int | None:
    """Tell how far the short name of a version's first method is from the base name; None where that is not known."""
    if version not in versions(class_id):
        return None
    offset = _CLASSES.table(f"class.{class_id}.{version}").get("first_method")
    return offset if isinstance(offset, int) else None


def attribute_type(class_id: int, attribute_id: int, version: int | None = None) -> str | None:
    """Tell an attribute's data type, or the shape of its structure, in the words of the class description."""
    if attribute_id == 1:
        return "octet-string[6]"
    attribute = _member(class_id, "attribute", attribute_id, version)
    return str(attribute["type"]) if attribute else None


def parameter_type(class_id: int, method_id: int, version: int | None = None) -> str | None:
    """Tell the type of a method's parameter, as `attribute_type` does."""
    method = _member(class_id, "method", method_id, version)
    return str(method.get("parameter", "")) if method else None


def is_secret(class_id: int, number: int, version: int | None = None, *, is_method: bool = False) -> bool:
    """Tell whether an attribute's value, or a method's parameter, is a password or a key."""
    member = _member(class_id, "method" if is_method else "attribute", number, version)
    return bool(member and member.get("secret"))


@lru_cache(maxsize=2048)
def holds_secret(class_id: int, number: int, *, is_method: bool = False) -> bool:
    """Tell whether an attribute, or a method's parameter, is a secret or a structure with one in it."""
    text = (parameter_type if is_method else attribute_type)(class_id, number) or ""
    return is_secret(class_id, number, is_method=is_method) or _SECRET_MEMBER.search(text) is not None


@cache
def takes_secret(class_id: int) -> bool:
    """Tell whether a method of any version of a class takes a secret."""
    methods = [table.get("method", {}) for table in _versions(class_id, None)]
    numbers = {int(number) for one in methods if isinstance(one, dict) for number in one}
    return any(holds_secret(class_id, number, is_method=True) for number in numbers)


def attribute_values(class_id: int, attribute_id: int, version: int | None = None) -> str:
    """Name the table of enumerations.toml that spells an attribute's value; empty where none does."""
    attribute = _member(class_id, "attribute", attribute_id, version)
    return str(attribute.get("values", "")) if attribute else ""


def enumeration(class_id: int, attribute_id: int, value: int, version: int | None = None) -> str | None:
    """Spell the *value* of an enumerated or bit-mapped attribute ("connected"); None where it has no spelling."""
    attribute = _member(class_id, "attribute", attribute_id, version)
    tables = str(attribute.get("values", "")).split() if attribute else []
    return next((text for one in tables if (text := enumeration_text(one, value))), None)


@lru_cache(maxsize=4096)
def enumeration_text(table: str, value: int) -> str | None:
    """Spell *value* by a table of enumerations.toml; of a bit map the bits that are set, joined by commas.

    A bit map without any bit set has no spelling.
    """
    texts = _values(table)
    if texts:
        return texts.get(value)
    names = [text for bit, text in _bits(table).items() if value >> bit & 1]
    return ", ".join(names) or None


@cache
def versions(class_id: int) -> tuple[int, ...]:
    """List the versions of a class that are known."""
    return tuple(int(name.rpartition(".")[2]) for name in _CLASSES.names(f"class.{class_id}."))


@lru_cache(maxsize=4096)
def _member(class_id: int, kind: str, number: int, version: int | None) -> Mapping[str, object] | None:
    """Find attribute or method *number* of a class: in *version* if that has it, else in the first that does."""
    for table in _versions(class_id, version):
        members = table.get(kind)
        member = members.get(str(number)) if isinstance(members, dict) else None
        if member is not None:
            return member  # type: ignore[no-any-return]
    return None


@lru_cache(maxsize=1024)
def _versions(class_id: int, version: int | None) -> list[Mapping[str, object]]:
    """All versions of a class: the one asked for, the current one, and the others from the newest on."""
    names = _CLASSES.names(f"class.{class_id}.")
    tables = [(int(name.rpartition(".")[2]), _CLASSES.table(name)) for name in names]
    tables.sort(key=lambda item: (item[0] != version, _RANK.get(str(item[1]["status"]), 3), -item[0]))
    return [table for _, table in tables]


@cache
def _values(table: str) -> dict[int, str]:
    return integer_ranges(_ENUMERATIONS.table(f"values.{table}"))


@cache
def _bits(table: str) -> dict[int, str]:
    return integer_ranges(_ENUMERATIONS.table(f"bits.{table}"))
