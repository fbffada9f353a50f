"""Rows of logic analysers' UART exports to octets with time, channel and error: a table of columns and of line shapes.

Sources: Saleae Logic 1 and 2 (export of an async serial analyser, data table), sigrok-cli and PulseView (export of
annotations), DSView; from published exports, for none of them has a specification.
"""

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from captures.text.times import Clock

SAMPLES, SECONDS, DATES = "samples", "seconds", "dates"
"""What the times of an export count."""

_SHARE_OF_OCTETS = 0.5
_MOST_KNOWN = 4096
_LARGEST_TIME = 12  # digits before the point
_EXPONENTS = {"s": 9, "ms": 6, "us": 3, "µs": 3, "ns": 0}
_COLUMNS = {
    "time": re.compile(
        r"(?:start[ _]?)?time ?(?:[\[(](?P<unit>[munµ]?s)[\])])?|start(?: ?[\[(](?P<unit2>[munµ]?s)[\])])?"
    ),
    "end": re.compile(r"end(?:[ _]time)?(?: ?[\[(][munµ]?s[\])])?"),
    "data": re.compile(r"value|data|decoded protocol result|text|annotation|(?:\d+:)?uart.*|async serial.*"),
    "name": re.compile(r"name|analy[sz]er(?: name| id)?|channel|row|decoder"),
    "type": re.compile(r"type"),
    "parity error": re.compile(r"parity error"),
    "framing error": re.compile(r"framing error|frame error"),
    "error": re.compile(r"errors?"),
    "duration": re.compile(r"duration(?: ?[\[(][munµ]?s[\])])?"),
}
_TELLING = re.compile(
    r"parity error|framing error|analy[sz]er.*|decoded protocol result|start_time|start.*|.*uart.*|time\[..?\]"
)
"""A header of an export has one of these at least; other programs' logs have times and data too."""
_NAMED = {
    "comma": 0x2C, "space": 0x20, "tab": 9, "cr": 13, "lf": 10, r"\r": 13, r"\n": 10, r"\t": 9, r"\0": 0, r"\\": 0x5C,
}  # fmt: skip
_WITH_PREFIX = re.compile(
    r"(?:.{1,8} ?\()?(?:0x([0-9a-f]{1,3})|\\x([0-9a-f]{2}))\)?(?: \((.*)\))?", re.IGNORECASE | re.DOTALL
)
_BINARY = re.compile(r"0b([01 ]{1,11})")
_PAIR = re.compile(r"\[?([0-9A-Fa-f]{2})\]?")
_NO_ERROR = frozenset(("", "0", "false", "none", "no", "ok"))
_DATA_TYPES = frozenset(("", "data", "frame", "byte", "char"))
_SAMPLE_LINE = re.compile(
    r"(?:(?P<start>\d{1,18})-(?P<end>\d{1,18}) +)?(?P<name>uart[\w #-]*(?:\[[^\]]*\])?):"
    r"(?: *(?P<kind>[RT]X[\w -]*):)?(?: (?P<text>.*))?",
    re.IGNORECASE,
)


class Row(NamedTuple):
    """One octet of an export, or an error of the octet before it."""

    start: int | None
    """Nanoseconds, or samples."""
    length: int
    """From its first to its last bit, in the same unit; 0 if not told."""
    name: str
    """What tells the direction: the analyser's or the row's name."""
    octet: int
    """-1 for an error that stands alone."""
    error: str


Read = Callable[[Iterable[str]], Iterator[Row | None]]
"""Reads lines; None stands for one without an octet."""


class Layout(NamedTuple):
    """How an export is written."""

    title: str
    read: Read
    has_header: bool
    counts: str
    clock: Clock


def find_layout(lines: Sequence[str]) -> Layout | None:
    """Tell by its first lines whether a text is an export, and how it is written."""
    layout = _csv_layout(lines) or _sigrok_layout(lines)
    if layout is None:
        return None
    rows = list(layout.read(lines[layout.has_header :]))
    octets = sum(row is not None and row.octet >= 0 for row in rows)
    share = _SHARE_OF_OCTETS if layout.has_header else 0.0  # sigrok tells every bit too
    return layout if octets and octets >= share * len(rows) else None


# -- comma-separated values -------------------------------------------------------------------------------------------


def _csv_layout(lines: Sequence[str]) -> Layout | None:
    if len(lines) < 2 or lines[0].count(",") < 2:
        return None
    try:
        header = [cell.strip().lower() for cell in next(csv.reader(lines[:1]))]
        samples = list(csv.reader(lines[1:200]))
    except csv.Error:
        return None
    places: dict[str, int] = {}
    exponent = -1
    for index, cell in enumerate(header):
        for role, pattern in _COLUMNS.items():
            found = pattern.fullmatch(cell)
            if found and role not in places:
                places[role] = index
                if role == "time":
                    unit = next((one for one in found.groups() if one), "")
                    exponent = _EXPONENTS.get(unit, -1)
                break
    if "time" not in places or "data" not in places or not any(map(_TELLING.fullmatch, header)):
        return None
    times = [row[places["time"]] for row in samples if len(row) > places["time"]]
    values = [row[places["data"]] for row in samples if len(row) > places["data"]]
    clock = Clock()
    if any("-" in time[1:] and ":" in time for time in times):
        counts = DATES
    elif exponent < 0 and all(time.strip().isdigit() for time in times):
        counts = SAMPLES
    else:
        counts = SECONDS
    reader = _CsvReader(places, header[places["data"]], exponent if exponent >= 0 else 9, counts, clock, _base(values))
    return Layout("comma-separated values of a logic analyser", reader.read, True, counts, clock)


def _base(values: Iterable[str]) -> int:
    """Tell how octets without a prefix are written: in base 16 or 10, or 0 for characters."""
    plain = [value for value in values if not value.lower().startswith(("0x", "0b", "'", "\\"))]
    if all(_PAIR.fullmatch(value) for value in plain):
        return 16
    return 10 if all(value.isdigit() and int(value) < 256 for value in plain if value and len(value) < 9) else 0


class _CsvReader:
    """Reads the rows of one export."""

    def __init__(
        self, places: dict[str, int], data_name: str, exponent: int, counts: str, clock: Clock, base: int
    ) -> None:
        self._places = places
        self._data_name = data_name
        self._exponent = exponent
        self._counts = counts
        self._clock = clock
        self._base = base
        self._known: dict[str, int] = {}

    def read(self, lines: Iterable[str]) -> Iterator[Row | None]:
        """Read the rows of *lines*. Total."""
        places = self._places
        time_at, data_at = places["time"], places["data"]
        name_at, type_at, length_at = places.get("name", -1), places.get("type", -1), places.get("duration", -1)
        end_at = places.get("end", -1)
        errors = [(name, places[name]) for name in ("parity error", "framing error", "error") if name in places]
        for line in lines:
            try:
                cells = next(csv.reader((line,)), [])
            except csv.Error:
                cells = []
            if len(cells) <= data_at or len(cells) <= time_at:
                yield None
                continue
            start = self._time(cells[time_at])
            octet = self._octet(cells[data_at])
            if type_at >= 0 and cells[type_at : type_at + 1] and cells[type_at].lower() not in _DATA_TYPES:
                yield Row(start, 0, cells[name_at] if name_at >= 0 else "", -1, cells[type_at]) if start else None
                continue
            if octet < 0:
                yield None
                continue
            length = 0
            if 0 <= length_at < len(cells):
                length = self._span(cells[length_at])
            elif 0 <= end_at < len(cells) and start is not None:
                length = (self._time(cells[end_at]) or start) - start
            error = ""
            for kind, at in errors:
                if at < len(cells) and cells[at].strip().lower() not in _NO_ERROR:
                    error = cells[at].strip() if kind == "error" else kind
            name = cells[name_at] if 0 <= name_at < len(cells) else self._data_name
            yield Row(start, max(length, 0), name, octet, error[:40])

    def _time(self, text: str) -> int | None:
        if self._counts == DATES:
            return self._clock.find(text.encode("latin-1", "replace"))
        return _scaled(text, 0 if self._counts == SAMPLES else self._exponent)

    def _span(self, text: str) -> int:
        return _scaled(text, 0 if self._counts == SAMPLES else self._exponent) or 0

    def _octet(self, text: str) -> int:
        known = self._known.get(text)
        if known is None:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            known = self._known[text] = _octet(text, self._base)
        return known


def _scaled(text: str, exponent: int) -> int | None:
    """Read a decimal number times 10 to the *exponent*, exactly; None if it is none."""
    try:
        number = Decimal(text.strip())
        return int(number.scaleb(exponent)) if number.is_finite() and number.adjusted() < _LARGEST_TIME else None
    except (InvalidOperation, ValueError):
        return None


def _octet(text: str, base: int) -> int:
    """Read one octet; -1 if *text* is none."""
    found = _WITH_PREFIX.fullmatch(text.strip())
    if found:
        number = int(found[1] or found[2], 16)
    elif text.strip().lower() in _NAMED and base == 0:
        number = _NAMED[text.strip().lower()]
    elif binary := _BINARY.fullmatch(text.strip()):
        number = int(binary[1].replace(" ", ""), 2)
    elif base == 0:
        inner = text[1:-1] if len(text) == 3 and text[0] == text[2] == "'" else text
        number = ord(inner) if len(inner) == 1 else -1
    elif pair := _PAIR.fullmatch(text.strip()):
        number = int(pair[1], base) if base == 16 or pair[1].isdigit() else -1
    else:
        number = int(text) if text.strip().isdigit() and text.isascii() and len(text) < 9 else -1
    return number if number < 256 else -1


# -- annotations of sigrok --------------------------------------------------------------------------------------------


def _sigrok_layout(lines: Sequence[str]) -> Layout | None:
    told = [line for line in lines if line.strip()]
    if not told or sum(_SAMPLE_LINE.fullmatch(line.strip()) is not None for line in told) < 0.8 * len(told):
        return None
    return Layout("UART annotations of sigrok", _read_sigrok, False, SAMPLES, Clock())


def _read_sigrok(lines: Iterable[str]) -> Iterator[Row | None]:
    for line in lines:
        found = _SAMPLE_LINE.fullmatch(line.strip())
        if found is None:
            yield None
            continue
        start, end, name, kind, text = found.groups()
        text = (text or "").strip().strip('"')
        at = int(start) if start else None
        length = int(end) - int(start) if start else 0
        what = (kind or "").lower()
        if re.search(r"error|break", f"{what} {text}", re.IGNORECASE) and not _PAIR.fullmatch(text):
            yield Row(at, 0, kind or name, -1, (text or what)[:40])
        elif pair := _PAIR.fullmatch(text) if _is_data(what) else None:
            yield Row(at, max(length, 0), kind or name, int(pair[1], 16), "")
        elif _is_data(what) and kind and len(text) == 1:  # its format is ASCII
            yield Row(at, max(length, 0), kind or name, ord(text) & 0xFF, "")
        else:
            yield None


def _is_data(kind: str) -> bool:
    """Tell whether rows of *kind* hold octets: "rx data", "rx-data", "RX" or nothing; not bits, start or packets."""
    return kind[2:].strip(" -") in ("", "data")
