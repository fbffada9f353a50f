"""Records by the input that they came from: its name, and packet numbers of its own where several were merged."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from analyzer.export.json_lines import JsonLines
from analyzer.record import Record
from analyzer.tracking.values import Value
from captures.chunk import PACKET, PACKET_BITS, Source
from captures.merged import MergedSource

_T = TypeVar("_T")
_Form = Callable[[JsonLines], Callable[[Record], _T]]
_MOST_NAMED = 4


def given(source: Source) -> str:
    """Name an input as it stands in the command line, and in JSON."""
    return "--hex" if source.name == "hex" else source.name


def joined(names: Sequence[str]) -> str:
    """Name several inputs at once: the first of them, and how many more there are."""
    more = len(names) - _MOST_NAMED
    return " + ".join([*names[:_MOST_NAMED], *([f"{more} more"] if more > 0 else [])])


def merged_namer(source: Source) -> Callable[[Record], str] | None:
    """Give what names the input that the last octet of a record came from; None where *source* is no merged one."""
    if not isinstance(source, MergedSource):
        return None
    names = [given(part) for part in source.sources]
    return lambda record: names[record.packets[-1] >> PACKET_BITS]


def namer(source: Source, name: str) -> Callable[[Record], str]:
    """Give what names the input of a record: *name*, or of merged inputs its own."""
    return merged_namer(source) or (lambda record: name)


class Origins:
    """Remembers the inputs of all records of *source*, called *name*, for what is said of several of them."""

    def __init__(self, source: Source, name: str) -> None:
        self._name = name
        self._names = [given(part) for part in source.sources] if isinstance(source, MergedSource) else []
        self._of_record = array("L")

    def behind(self, records: Iterable[Record]) -> Iterable[Record]:
        """Give *records*, and remember the input of each where there are several."""
        return self._remembering(records) if self._names else records

    def _remembering(self, records: Iterable[Record]) -> Iterator[Record]:
        for record in records:
            self._of_record.append(record.packets[-1] >> PACKET_BITS)
            yield record

    def of(self, numbers: Sequence[int]) -> str:
        """Name the inputs that the records *numbers* came from; of no record all of them."""
        found = sorted({self._of_record[number - 1] for number in numbers}) if self._names else []
        return joined([self._names[one] for one in found]) or self._name


def json_writer(
    source: Source, values: Callable[[Record], list[Value]], more: Mapping[str, str], form: _Form[_T], *, layers: bool
) -> Callable[[Record], _T]:
    """Give what writes a record as JSON in one *form*, with *more* members; of merged inputs each names its own."""

    def lines(members: Mapping[str, str]) -> Callable[[Record], _T]:
        made = JsonLines(lambda: source.time_digits, layers=layers, more=dict(members), values=values)
        return form(made)

    if not isinstance(source, MergedSource):
        return lines(more)
    each = [lines({"input": given(part)}) for part in source.sources]

    def line(record: Record) -> _T:
        packets = record.packets
        record.packets = tuple(number & PACKET for number in packets)
        try:
            return each[packets[-1] >> PACKET_BITS](record)
        finally:
            record.packets = packets

    return line
