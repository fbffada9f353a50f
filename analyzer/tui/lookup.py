"""Questions about the table of a capture that only a front end has: where the next problem is, the answer, a time."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from analyzer.tracking.roles import is_closed
from dissectors.tree import Severity

if TYPE_CHECKING:
    from analyzer.capture import Capture
    from analyzer.record import Record
    from analyzer.table.table import Table
    from analyzer.table.words import Subject

_PORTION = 256
_FINE = frozenset({"", "success"})
"""Results that are no problem."""


def with_marks(table: Table, test: Callable[[tuple[int, tuple[str, ...]]], bool]) -> list[int]:
    """Give the numbers of the records whose marks (worst severity, note codes) pass *test*, ascending."""
    places = [place for place, one in enumerate(table.marks) if test((one.severity, one.codes))]
    if not places or not table.height:
        return []
    found: list[int] = (table.frame["marks"].is_in(places).arg_true() + 1).to_list()
    return found


def problems(table: Table) -> list[int]:
    """Give the numbers of the records with a warning, an error, or an answer that refuses."""
    refused = _with_subjects(table, lambda one: one.result not in _FINE)
    return sorted({*with_marks(table, lambda marks: marks[0] >= Severity.WARNING), *refused})


def closed(table: Table) -> list[int]:
    """Give the numbers of the records whose APDU stays closed."""
    return _with_subjects(table, lambda one: is_closed(one.service))


def _with_subjects(table: Table, test: Callable[[Subject], bool]) -> list[int]:
    places = [place for place, one in enumerate(table.subjects) if test(one)]
    if not places or not table.height:
        return []
    found: list[int] = (table.frame["subject"].is_in(places).arg_true() + 1).to_list()
    return found


def undecoded(table: Table) -> list[int]:
    """Give the numbers of the records that hold octets which nothing explains."""
    return with_marks(table, lambda marks: any("undecoded" in code or "trailing" in code for code in marks[1]))


def neighbour(numbers: Sequence[int], number: int, by: int) -> int:
    """Give the next (*by* 1) or previous (-1) of *numbers*, which ascend; 0 where there is none."""
    if by > 0:
        at = bisect_right(numbers, number)
        return numbers[at] if at < len(numbers) else 0
    at = bisect_left(numbers, number) - 1
    return numbers[at] if at >= 0 else 0


def request_of(table: Table, number: int) -> int:
    """Give the record that *number* answers; 0 where it answers none."""
    return table.row(number).request or 0


def response_to(table: Table, number: int) -> int:
    """Give the record that answers *number*; 0 where none does."""
    found = (table.frame["request"] == number).arg_true()
    return int(found[0]) + 1 if len(found) else 0


def at_time(table: Table, number: int, by_ns: int) -> int:
    """Give the record that lies *by_ns* behind (or before) *number*; 0 where the capture has no times."""
    now = table.row(number).time_ns
    if now is None:
        return 0
    times = table.frame["time"]
    wanted = now + by_ns
    if by_ns > 0:
        found = (times >= wanted).arg_true()
        return int(found[0]) + 1 if len(found) else table.height
    found = (times <= wanted).arg_true()
    return int(found[-1]) + 1 if len(found) else 1


def octets_sought(text: str) -> tuple[bytes, str]:
    """Read what is sought: octets where it is hex, and the text in small letters.

    Digits in one run may be both, as a meter's number is; hex with blanks or colons is no text.
    """
    digits = text.replace(" ", "").replace(":", "")
    if len(digits) >= 2 and len(digits) % 2 == 0 and all(one in "0123456789abcdefABCDEF" for one in digits):
        return bytes.fromhex(digits), text.lower() if text == digits else ""
    return b"", text.lower()


class Search:
    """Looks for octets or text from one record on, a portion at a time; *found* is 0 until it is there."""

    def __init__(self, capture: Capture, text: str, number: int, by: int, shown: Callable[[int], bool]) -> None:
        self.octets, self.text = octets_sought(text)
        self.found = 0
        self.is_done = False
        self.at = number
        self._capture, self._by, self._shown = capture, by, shown

    def step(self) -> None:
        """Look into one portion of records."""
        height = self._capture.table.height
        for number in self._portion(height):
            self.at = number
            if self._shown(number) and self._holds(number):
                self.found, self.is_done = number, True
                return
        self.is_done = not 1 <= self.at + self._by <= height

    def _portion(self, height: int) -> Iterator[int]:
        for _ in range(_PORTION):
            number = self.at + self._by
            if not 1 <= number <= height:
                return
            yield number

    def _holds(self, number: int) -> bool:
        record = self._capture.record(number)
        if self.octets and any(self.octets in octets for octets in octets_of(record)):
            return True
        if not self.text:
            return False
        wanted = self.text.encode()
        if any(wanted in octets.lower() for octets in octets_of(record)):
            return True
        line = self._capture.lines([number])[0]
        return self.text in f"{line.summary} {line.value}".lower()


def octets_of(record: Record) -> Iterator[bytes]:
    """Give all octets that a record has: as they stood, joined, opened."""
    yield record.octets
    for apdu in (record.apdu, record.assembled, record.incomplete, *record.more):
        if apdu is not None:
            yield apdu.octets
    if record.closed is not None:
        yield record.closed.plaintext
