"""Names of the tree, and completion: which dotted names there are, which nodes one means, what may stand next."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from functools import cache
from typing import Any, NamedTuple

from analyzer.filter.bare import services
from analyzer.filter.fields import ALIASES, FIELDS, field_of
from analyzer.filter.vocabulary import words_of
from analyzer.table.table import Table
from dissectors.axdr import NAMES as DATA_NAMES
from dissectors.tree import Kind, Node

_MORE = (
    "data", "octets", "item", "count", "bits", "id", "values", "unit", "header", "opening", "closing", "undecoded",
    "missing", "poll-final", "modifier", "acse-service-user", "acse-service-provider", "charstring", "bitstring",
    "external", "contents-description", "array-contents", "maximum-information-field-length-transmit",
    "maximum-information-field-length-receive", "window-size-transmit", "window-size-receive", "primary",
    "frame-count-bit", "frame-count-bit-valid", "function", "transport", "final", "segment-number",
)  # fmt: skip
"""Names that layers give to nodes without a field of their own."""
_IN_DATA = frozenset({*(name.lower() for name in DATA_NAMES.values()), "count", "bits", "contents-description"})
"""Names of nodes below an element of Data: others need no search there."""
_TREE_ALIASES = {
    "hdlc.length": "hdlc.frame-length", "wrapper.source": "wrapper.source-wport",
    "wrapper.destination": "wrapper.destination-wport", "wrapper.src": "wrapper.source-wport",
    "wrapper.dst": "wrapper.destination-wport",
}  # fmt: skip
"""Names that JSON has for what trees call otherwise."""
_CHECKED = frozenset(("fcs", "hcs", "checksum", "bcc", "crc"))
"""Nodes whose text tells whether they are right."""
_NUMBERED = re.compile(r"tag-[0-9a-f]{2}|parameter-\d+")


def is_tree_name(name: str) -> bool:
    """Tell whether every part of a dotted name is one of the tree's; what stands between may be left out."""
    parts = _parts(name)
    return bool(parts) and all(part in tree_names() or _NUMBERED.fullmatch(part) for part in parts)


def _parts(name: str) -> list[str]:
    key = name.lower().replace("_", "-")
    parts = _TREE_ALIASES.get(key, key).split(".")
    return parts[1:] if parts[0] in ("apdu", "tree") and len(parts) > 1 else parts


@cache
def tree_names() -> frozenset[str]:
    """Gather the names of nodes from the declarations of all layers, in small letters."""
    from dissectors import all as every

    found: set[str] = {name.lower() for name in (*DATA_NAMES.values(), *_MORE)} | services()
    seen: set[int] = set()
    pending: list[Any] = [one for one in vars(every).values() if hasattr(one, "fields_desc")]
    while pending:
        one = pending.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        name = getattr(one, "asn1", "") or getattr(one, "name", "")
        if isinstance(name, str) and name:
            found.add(name.lower().replace("_", "-"))
        pending.extend(_inside(one))
    return frozenset(found)


def _inside(one: Any) -> Iterator[Any]:
    """Give the fields and layers that a layer or field is made of."""
    if hasattr(one, "items") and hasattr(one, "fields_desc"):
        yield from one.items()
        yield from one.fields_desc
        return
    for name in (name for kind in type(one).__mro__ for name in getattr(kind, "__slots__", ())):
        value = getattr(one, name, None)
        members = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else (value,)
        for member in members:
            if hasattr(member, "fields_desc") or hasattr(member, "asn1"):
                yield member


def node_values(nodes: Iterable[Node], name: str) -> Iterator[Any]:
    """Give the values of the nodes that *name* means: its parts stand above one another, the last is the node's own.

    Of a node without a value of its own, the leaves below it are meant.
    """
    from dissectors.data_field import RowsNode  # whoever has nodes has loaded it

    parts = _parts(name)
    is_of_data = parts[-1] in _IN_DATA
    for root in nodes:
        pending = [(root, 0)]
        while pending:
            node, done = pending.pop()
            own = node.name.lower()
            if own == parts[-1] and done == len(parts) - 1:
                yield from _values(node)
            if done < len(parts) - 1 and own == parts[done]:
                done += 1
            if isinstance(node, RowsNode) and done == len(parts) - 1:
                found = node.column_values(parts[-1])
                if found is not None:
                    yield from found
                    continue
            if node.kind is not Kind.DATA or is_of_data:
                pending.extend((child, done) for child in reversed(node.children))


def _verdict(text: str) -> tuple[str, ...]:
    """Give what a check sequence is called: as the tree has it, as JSON has it, and as Wireshark."""
    if text.endswith(" (good)"):
        return ("good", "ok")
    return ("wrong", "bad") if text.endswith(" computed)") and " (wrong, " in text else ()


def _values(node: Node) -> Iterator[Any]:
    if not node.children or node.value is not None:
        if node.value is not None:
            yield node.value
        if node.text and node.text != str(node.value):
            yield node.text
            if node.name in _CHECKED:
                yield from _verdict(node.text)
        if node.value is None and not node.text:
            yield node.name
        return
    seen = False
    for leaf in node.leaves():
        if leaf.kind is not Kind.HIDDEN:
            seen = True
            yield from _values(leaf)
    if not seen:
        yield node.name


def nearest(word: str) -> list[str]:
    """Give the names and words that are most like *word*; the protocol before ``cosem.obis`` does not count."""
    known = {*FIELDS, *ALIASES, *tree_names(), *services()}
    text = word.lower().replace("_", "-")
    own = text.partition(".")[2]
    return [own] if own in known else get_close_matches(text, known, 2, 0.75)


class Completion(NamedTuple):
    """What may stand in the place of the text from *start* to *end*."""

    start: int
    end: int
    texts: list[str]


_WORD_BEFORE = re.compile(r"[^\s()\[\]{}=!<>&|,\"'~]*$")
_FIELD_BEFORE = re.compile(
    r"([^\s()\[\]{}=!<>&|,\"'~]+)\s*(?:[=!<>]=|<|>|~|\b(?:eq|ne|contains|matches)\s|\bin\s*\{[^}]*)\s*$", re.IGNORECASE
)
_MOST = 50


def complete(text: str, cursor: int, table: Table | None = None) -> Completion:
    """Complete the word that ends at *cursor*: a name, or after an operator a value that the capture has."""
    before = text[:cursor]
    matched = _WORD_BEFORE.search(before)
    start = matched.start() if matched is not None else cursor
    word = before[start:].lower()
    field = _FIELD_BEFORE.search(before[:start])
    known = values_for(field[1], table) if field is not None else _names(table)
    starts = [one for one in known if one.lower().startswith(word)]
    inside = [one for one in known if word and word in one.lower() and one not in starts]
    return Completion(start, cursor, [*starts, *inside][:_MOST])


def _names(table: Table | None) -> list[str]:
    """Give what may begin a comparison or stand alone: fields, words that the capture has, then the tree's names."""
    found = list(FIELDS)
    if table is not None:
        found += sorted({path.link for path in table.paths} | {subject.service for subject in table.subjects} - {""})
    return list(dict.fromkeys([*found, *sorted(services()), *sorted(tree_names())]))


def values_for(name: str, table: Table | None) -> list[str]:
    """Give values that the field called *name* may be compared with: what is known, and what the capture has."""
    field = field_of(name)
    if field is None:
        return []
    found = list(field.choices)
    words = table.words(field.source.value) if table is not None else ()
    seen = {_text(field.name, value) for word in words for value in field.get(word)}
    found += sorted(seen - set(found))
    return found + sorted(words_of(field) - {one.lower() for one in found})


def _text(name: str, value: Any) -> str:
    """Write a value as a filter has it."""
    from analyzer.filter.literals import code_text

    if name == "obis":
        return code_text(value)
    if name == "short-name":
        return f"{value:04X}"
    if name == "severity":
        return ("chat", "note", "warning", "error")[value]
    text = str(value)
    return f'"{text}"' if re.search(r"[\s()\[\]{}=!<>&|,\"'~]", text) else text
