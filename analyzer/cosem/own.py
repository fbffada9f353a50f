"""A user's own tables: names of objects and classes, event codes, alarm bits, push layouts, out of TOML files.

The files are those that the environment names, so that every process of the program knows them; the command line puts
its ``--names`` there. They are read when a name is first asked for.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, NamedTuple, TypeVar

from analyzer.cosem.datum import SCALERS
from analyzer.cosem.logical_name import obis_from_text
from analyzer.cosem.plain_text import decoded, printable

VARIABLE = "DLMSHARK_NAMES"
"""Names the files, separated as paths are on this platform."""
_LAYOUT_MEMBERS = frozenset(
    ("title", "count", "types", "text", "device", "listed", "names", "begins_with_time", "objects", "scale")
)
_PROFILE_MEMBERS = frozenset(("title", "profile", "columns"))


Key = TypeVar("Key")


class OwnTablesError(Exception):
    """A file of own tables is wrong; the text is one line that names the file, the place and what was expected."""


class Own(NamedTuple):
    """What the user's files say."""

    names: Mapping[bytes, str]
    """Names by logical name."""
    classes: Mapping[int, str]
    events: Mapping[int, str]
    bits: Mapping[int, str]
    """Meanings of the bits of alarm and error registers."""
    layouts: tuple[Mapping[str, Any], ...]
    """Layouts of pushes, as push_layouts.toml has them; the scale stands in the layout itself."""
    profiles: tuple[Mapping[str, Any], ...] = ()
    """Layouts of profiles, as profile_layouts.toml has them."""


NOTHING = Own({}, {}, {}, {}, ())


def load(paths: list[str]) -> Own:
    """Read files of own tables; what a later one says counts. Raises: OwnTablesError."""
    names: dict[bytes, str] = {}
    numbered: dict[str, dict[int, str]] = {"classes": {}, "events": {}, "bits": {}}
    layouts: list[Mapping[str, Any]] = []
    profiles: list[Mapping[str, Any]] = []
    for path in paths:
        table = _read(path)
        unknown = table.keys() - {"names", "push", "profile", *numbered}
        if unknown:
            expected = "names, classes, events, bits, push or profile"
            raise OwnTablesError(f"{path}: [{min(unknown)}] is unknown: expected {expected}")
        names |= _texts(path, "names", table.get("names", {}), obis_from_text)
        for name, known in numbered.items():
            known |= _texts(path, name, table.get(name, {}), int)
        layouts += [_layout(path, one) for one in _listed(path, "push", table)]
        profiles += [_profile(path, one) for one in _listed(path, "profile", table)]
    return Own(names, numbered["classes"], numbered["events"], numbered["bits"], tuple(layouts), tuple(profiles))


@cache
def own() -> Own:
    """Give the user's own tables; empty where there are none, or they do not read."""
    paths = os.environ.get(VARIABLE, "")
    if not paths:
        return NOTHING
    try:
        return load(paths.split(os.pathsep))
    except OwnTablesError:  # the command line said so where it began
        return NOTHING


def _read(path: str) -> dict[str, Any]:
    import tomllib  # when a file is there: its import takes longer than that of this whole package

    try:
        with open(path, "rb") as file:
            return tomllib.loads(decoded(file.read()))
    except OSError as problem:
        raise OwnTablesError(f"{path}: cannot be read: {problem.strerror}") from None
    except UnicodeDecodeError:
        raise OwnTablesError(f"{path}: no UTF-8 text; save it as UTF-8") from None
    except (ValueError, RecursionError) as problem:  # also of a number or a nesting that Python refuses
        raise OwnTablesError(f"{path}: no TOML: {problem}") from None


def _texts(path: str, name: str, table: Any, read: Callable[[str], Key]) -> dict[Key, str]:
    if not isinstance(table, dict):
        raise OwnTablesError(f"{path}: {name}: expected a table")
    found = {}
    for key, text in table.items():
        if not isinstance(text, str):
            raise OwnTablesError(f"{path}: [{name}] {key}: expected a text")
        try:
            found[read(key)] = printable(text)
        except ValueError:
            what = "a logical name such as 1-0:1.8.0*255" if name == "names" else "a number"
            raise OwnTablesError(f"{path}: [{name}] {key}: expected {what}") from None
    return found


def _listed(path: str, name: str, table: dict[str, Any]) -> list[Any]:
    found = table.get(name, [])
    if not isinstance(found, list):
        raise OwnTablesError(f"{path}: [{name}]: expected [[{name}]]")
    return found


def _place(path: str, name: str, one: Any, members: frozenset[str]) -> str:
    """Check that an entry of the list *name* has a title and no unknown member; say where it stands."""
    if not isinstance(one, dict) or not isinstance(one.get("title"), str):
        raise OwnTablesError(f"{path}: [[{name}]]: expected a title")
    where = f"{path}: [[{name}]] {one['title']}"
    unknown = one.keys() - members
    if unknown:
        raise OwnTablesError(f"{where}: {min(unknown)} is unknown: expected {', '.join(sorted(members))}")
    return where


def _profile(path: str, one: Any) -> Mapping[str, Any]:
    """Check one layout of a profile: its logical name, and class and code of each column."""
    where = _place(path, "profile", one, _PROFILE_MEMBERS)
    columns = one.get("columns")
    if not isinstance(columns, list) or not columns or not all(isinstance(each, str) for each in columns):
        raise OwnTablesError(f"{where}: columns: expected a list of class and logical name")
    try:
        obis_from_text(str(one.get("profile", "")))
    except ValueError as problem:
        raise OwnTablesError(f"{where}: profile: {problem}") from None
    for each in filter(None, columns):
        words = each.split()
        if not (len(words) in (2, 3) and words[0].isdecimal() and all(word.isdecimal() for word in words[2:])):
            raise OwnTablesError(f'{where}: columns: {each}: expected class and logical name: "3 1-0:1.8.0"')
        try:
            obis_from_text(words[1])
        except ValueError as problem:
            raise OwnTablesError(f"{where}: columns: {problem}") from None
    return {**one, "title": printable(one["title"])}


def _layout(path: str, one: Any) -> Mapping[str, Any]:
    """Check one layout; it has to name what it is recognised by and what stands in it."""
    where = _place(path, "push", one, _LAYOUT_MEMBERS)
    if not any(member in one for member in ("count", "types", "text", "device")):
        raise OwnTablesError(f"{where}: expected count, types, text or device to recognise it by")
    objects, scale = one.get("objects", []), one.get("scale", {})
    if not (isinstance(objects, list) and all(isinstance(each, str) for each in objects)):
        raise OwnTablesError(f"{where}: objects: expected a list of logical names")
    for each in filter(None, objects):
        try:
            obis_from_text(each)
        except ValueError as problem:
            raise OwnTablesError(f"{where}: {problem}") from None
    if not isinstance(scale, dict) or not all(_is_scaling(each) for each in scale.values()):
        raise OwnTablesError(f'{where}: scale: expected "C.D" = [scaler from -128 to 127, unit code]')
    made = {**one, "title": printable(one["title"]), "scale": scale}
    return made | {"count": len(objects)} if objects else made


def _is_scaling(one: Any) -> bool:
    return isinstance(one, list) and len(one) == 2 and one[0] in SCALERS and isinstance(one[1], int)
