"""Chosen fields of records as lines: the names of filters, tabs between them, the values of one with commas."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from analyzer.cosem.logical_name import obis_text
from analyzer.cosem.plain_text import printable
from analyzer.detail import detail
from analyzer.export.times import seconds_text
from analyzer.export.value_json import json_text
from analyzer.filter.compile import named_field
from analyzer.filter.fields import Field, Kind, Source, values_of
from analyzer.index.filtering import Asker, Followers
from analyzer.masking import concealed, secrets
from analyzer.record import Record
from analyzer.tracking.values import Value
from dissectors.tree import Node, Severity

_PLAIN = str.maketrans({"\t": " ", "\r": " ", "\n": " "})

_OCCURRENCES = {"a": slice(None), "f": slice(1), "l": slice(-1, None)}
"""All, the first or the last of several values, as tshark names them."""


class FieldLines(Asker):
    """Writes the fields called *names* of records. Raises: FilterError where a name is not known."""

    def __init__(
        self, names: Sequence[str], digits: Callable[[], int], values: Callable[[Record], Sequence[Value]], *,
        followers: Followers | None = None,
        separator: str = "\t", quote: str = "", occurrence: str = "a", aggregator: str = ",",
    ) -> None:  # fmt: skip
        super().__init__(values)
        self.head = separator.join(f"{quote}{name}{quote}" for name in names)
        """The line that names the fields."""
        self._fields = [named_field(name) for name in names]
        self._asks_notes = any(field.source is Source.MARKS for field in self._fields)
        if any(field.source is Source.SINCE for field in self._fields) and followers is not None:
            followers.append(self.follow)  # sees those without a line, too
        self._digits, self._separator, self._quote = digits, separator, quote
        self._shown, self._aggregator = _OCCURRENCES[occurrence], aggregator

    def line(self, record: Record) -> str:
        """Write *record*; a field that it does not have is empty."""
        if self._asks_notes:
            self.values(record)
        row = self.row(record)
        cells = []
        for field in self._fields:
            found = list(dict.fromkeys(self._text(field, value) for value in values_of(field, row, self)))
            cell = printable(self._aggregator.join(found[self._shown]).translate(_PLAIN))
            quote = self._quote
            cells.append(f"{quote}{cell.replace(quote, quote * 2)}{quote}" if quote else cell)
        return self._separator.join(cells)

    def nodes(self, record: Record) -> Sequence[Node]:
        """Give its trees, secrets masked."""
        return detail(record, list(self.values(record)), is_read=False)

    def _text(self, field: Field, value: Any) -> str:
        if isinstance(value, bytes):
            if field.kind is Kind.OBIS:
                return obis_text(value)
            record = self._record
            return concealed(value, secrets(record, self.values(record))).hex().upper()
        if field.kind is Kind.SHORT_NAME:
            return f"{value:04X}"
        if field.kind in (Kind.TIME, Kind.DURATION):
            return seconds_text(value, self._digits())
        if field.kind is Kind.SEVERITY:
            return Severity(value).name.lower()
        if isinstance(value, dict | list | tuple):
            return json_text(value)
        return f"{value:f}" if isinstance(value, Decimal) else str(value)
