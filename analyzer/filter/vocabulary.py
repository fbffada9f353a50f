"""Words of fields that can only be one of some: a word that no record can have is a slip, and is said to be one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches

from analyzer.filter.bare import bare_terms, codes, groups, results, services
from analyzer.filter.fields import Field
from analyzer.filter.grammar import FilterError, Literal
from dissectors.enumerations import ACTION_RESULT, DATA_ACCESS_RESULT

_WORDS: dict[str, Callable[[], Iterable[str]]] = {
    "note": lambda: codes("fact"),
    "cause": lambda: codes("cause"),
    "group": groups,
    "result": lambda: results() | codes("fact") | {"success"},
    "service": services,
    "apdu": services,
}
_ACCEPTED = frozenset({"accepted", "ok", "okay", "good", "passed"})
_UNNAMED = {
    "service": re.compile(r"tag-[0-9a-f]{2}|empty"),
    "apdu": re.compile(r"tag-[0-9a-f]{2}|empty"),
    "result": re.compile(r"\d+"),
}
"""Words for what no standard names."""


def words_of(field: Field) -> frozenset[str]:
    """Give the words, in small letters, that *field* may have; none where it may have any."""
    found = _WORDS.get(field.name)
    return frozenset(found() if found is not None else field.choices)


def _told(field: Field, word: str) -> str:
    """Say what is written in place of a word that means something; nothing where none does."""
    if field.name in ("service", "apdu") and bare_terms(word):
        return f"{word} alone passes it"
    if field.name == "result" and word in _ACCEPTED:
        return "success was expected"
    if field.name == "result" and word.isdecimal():
        names = {table[int(word)] for table in (DATA_ACCESS_RESULT, ACTION_RESULT) if int(word) in table}
        return f"{' or '.join(sorted(names))} is its name" if names else ""
    return ""


def check_words(field: Field, literals: Sequence[Literal]) -> None:
    """Look at the words that *field* is held to be equal to. Raises: FilterError at one that it can never be."""
    known = words_of(field)
    if not known:
        return
    unnamed = _UNNAMED.get(field.name)
    for literal in literals:
        word = literal.text.lower()
        is_unnamed = unnamed is not None and unnamed.fullmatch(word) is not None
        if word not in known and not (is_unnamed and not _told(field, word)):
            near = get_close_matches(word, sorted(known), 2, 0.75)
            hint = f"; did you mean {' or '.join(near)}?" if near else ""
            if told := _told(field, word):
                hint = f"; {told}"
            elif not near and field.choices:
                hint = f": {', '.join(field.choices[:-1])} or {field.choices[-1]} was expected"
            text = f"{literal.text!r} is no {field.name} that there can be{hint}"
            raise FilterError(text, literal.position, literal.length)
