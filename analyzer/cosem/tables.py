"""TOML data files of this package and of others, read by the table: a look-up parses the table or line it needs.

``tomllib`` takes 0.2 ms a kilobyte, so that classes.toml as a whole would cost the first shown record 30 ms. Here the
text of a file is searched for a table's header line, and what stands between that and the next header is parsed, once.

What the files promise in return: a table's header stands alone at the start of a line and is followed by all that
belongs to it; no other line begins with ``[``; files that are read by the line hold one entry a line with a bare key.
"""

import os
from collections.abc import Mapping
from functools import cached_property

_EMPTY: Mapping[str, object] = {}


class Tables:
    """The tables of one data file beside this module, or at a path; parsed one by one when asked for and then kept."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._parsed: dict[str, Mapping[str, object]] = {}

    @cached_property
    def _text(self) -> str:
        with open(os.path.join(os.path.dirname(__file__), self._file), encoding="utf-8") as file:
            return f"\n{file.read()}\n["  # so that each table has a line break before it and a header after it

    def names(self, prefix: str) -> list[str]:
        """List the headers (``class.7.1``) that begin with *prefix*, in the order of the file."""
        names = []
        begin = self._text.find(f"\n[{prefix}")
        while begin >= 0 and (end := self._text.find("]", begin)) >= 0:
            names.append(self._text[begin + 2 : end])
            begin = self._text.find(f"\n[{prefix}", end)
        return names

    def table(self, name: str) -> Mapping[str, object]:
        """Read the table under the header *name*; an empty one where the file has none."""
        table = self._parsed.get(name)
        if table is None:
            block = self._block(name)
            table = self._parsed[name] = _parse(block) if block else _EMPTY
        return table

    def entry(self, name: str, key: str) -> object:
        """Read the one line of table *name* that begins with the bare *key*; None where there is none.

        For tables of which few lines are ever wanted: the others are not parsed.
        """
        block = self._block(name)
        begin = block.find(f"\n{key} = ") + 1
        return _parse(block[begin : block.find("\n", begin)])[key] if begin else None

    def _block(self, name: str) -> str:
        """Cut out the text of a table, from the line break after its header to the one before the next header."""
        begin = self._text.find(f"\n[{name}]\n")
        if begin < 0:
            return ""
        begin += len(name) + 3
        return self._text[begin : self._text.find("\n[", begin) + 1]


def integer_ranges(table: Mapping[str, object]) -> dict[int, str]:
    """Spell out a table whose keys are numbers or ranges (``"200..255"``): one text a number."""
    texts: dict[int, str] = {}
    for key, text in table.items():
        low, _, high = key.partition("..")
        for number in range(int(low), int(high or low) + 1):
            texts[number] = str(text)
    return texts


def _parse(text: str) -> dict[str, object]:
    import tomllib  # when the first name is asked for: its import takes longer than that of this whole package

    return tomllib.loads(text)
