"""Records by the input that they came from: its name, and packet numbers of its own where several were merged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from analyzer.export.json_lines import JsonLines
from analyzer.record import Record
from analyzer.tracking.values import Value
from captures.chunk import PACKET, PACKET_BITS, Source
from captures.merged import MergedSource

_T = TypeVar("_T")
_Form = Callable[[JsonLines], Callable[[Record], _T]]


def given(source: Source) -> str:
    """Name an input as it stands in the command line, and in JSON."""
    return "--hex" if source.name == "hex" else source.name


def namer(source: Source, name: str) -> Callable[[Record], str]:
    """Give what names the input of a record: *name*, or of merged inputs that which its last octet came from."""
    if isinstance(source, MergedSource):
        names = [given(part) for part in source.sources]
        return lambda record: names[record.packets[-1] >> PACKET_BITS]
    return lambda record: name


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
