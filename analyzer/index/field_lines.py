"""Chosen fields of records, by the names of filters: cells for columns, and lines with tabs between them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Protocol

from analyzer.cosem.logical_name import obis_text
from analyzer.cosem.plain_text import printable
from analyzer.detail import detail
from analyzer.export.times import seconds_text
from analyzer.export.value_json import json_text
from analyzer.filter.compile import named_field
from analyzer.filter.fields import Deep, Field, Kind, Source, values_of
from analyzer.index.filtering import Asker, Followers, Looker
from analyzer.masking import concealed, secrets
from analyzer.record import Record
from analyzer.table.table import Row
from analyzer.tracking.values import Value
from dissectors.tree import Node, Severity

_PLAIN = str.maketrans({"\t": " ", "\r": " ", "\n": " "})

_OCCURRENCES = {"a": slice(None), "f": slice(1), "l": slice(-1, None)}
"""All, the first or the last of several values, as tshark names them."""


class Showing(Deep, Protocol):
    """What gives of a record what no row holds, to be shown: secrets in its trees are masked."""

    def values(self, record: Record) -> Sequence[Value]:
        """Give its values."""


class FieldCells:
    """Writes the fields called *names*, each as a text. Raises: FilterError where a name is not known."""

    def __init__(
        self, names: Sequence[str], digits: Callable[[], int], *, occurrence: str = "a", aggregator: str = ","
    ) -> None:
        self._fields = [named_field(name) for name in names]
        self._digits, self._shown, self._aggregator = digits, _OCCURRENCES[occurrence], aggregator

    def asks(self, source: Source) -> bool:
        """Tell whether the answer of one of the fields stands in *source*."""
        return any(field.source is source for field in self._fields)

    def of(self, row: Row, deep: Showing) -> list[str]:
        """Write the record of *row*; a field that it does not have is empty."""
        cells = []
        for field in self._fields:
            found = list(dict.fromkeys(self._text(field, value, row, deep) for value in values_of(field, row, deep)))
            cells.append(printable(self._aggregator.join(found[self._shown]).translate(_PLAIN)))
        return cells

    def _text(self, field: Field, value: Any, row: Row, deep: Showing) -> str:
        if isinstance(value, bytes):
            if field.kind is Kind.OBIS:
                return obis_text(value)
            record = deep.record(row)
            return concealed(value, secrets(record, deep.values(record))).hex().upper()
        if field.kind is Kind.SHORT_NAME:
            return f"{value:04X}"
        if field.kind in (Kind.TIME, Kind.DURATION):
            return seconds_text(value, self._digits())
        if field.kind is Kind.SEVERITY:
            return Severity(value).name.lower()
        if isinstance(value, dict | list | tuple):
            return json_text(value)
        return f"{value:f}" if isinstance(value, Decimal) else str(value)


class FieldLooker(Looker):
    """Looks into records of an index for what is shown of them."""

    def nodes(self, record: Record) -> Sequence[Node]:
        """Give its trees, secrets masked."""
        if self._nodes is None:
            self._nodes = detail(record, self.values(record), is_read=False)
        return self._nodes


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
        self._cells = FieldCells(names, digits, occurrence=occurrence, aggregator=aggregator)
        self._asks_notes = self._cells.asks(Source.MARKS)
        if self._cells.asks(Source.SINCE) and followers is not None:
            followers.append(self.follow)  # sees those without a line, too
        self._separator, self._quote = separator, quote

    def line(self, record: Record) -> str:
        """Write *record*; a field that it does not have is empty."""
        if self._asks_notes:
            self.values(record)
        cells, quote = self._cells.of(self.row(record), self), self._quote
        if quote:
            cells = [f"{quote}{cell.replace(quote, quote * 2)}{quote}" for cell in cells]
        return self._separator.join(cells)

    def nodes(self, record: Record) -> Sequence[Node]:
        """Give its trees, secrets masked."""
        return detail(record, list(self.values(record)), is_read=False)
