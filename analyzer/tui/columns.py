"""The columns of the record list: what each is called, how wide it is, and what it says of a record.

Beside those of :data:`COLUMNS` any field that filters know is a column, by its name there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len

from analyzer.export.glyphs import GLYPHS, MARKS
from analyzer.export.parts import SEPARATOR, short_text
from analyzer.export.times import clock_text
from analyzer.record import REQUEST, RESPONSE
from analyzer.tui.fitting import fit, fit_right, fit_summary, printable
from dissectors.tree import Severity

if TYPE_CHECKING:
    from analyzer.export.lines import RecordLine

Said = tuple[str, str]
"""A text in its width, and the name of its colour."""
CLOCK, SINCE_FIRST, SINCE_BEFORE, SINCE_REQUEST = "clock", "since first", "since before", "since request"
TIME_MODES = (CLOCK, SINCE_FIRST, SINCE_BEFORE, SINCE_REQUEST)
COLOURS = {
    Severity.ERROR: "error bold", Severity.WARNING: "warning bold", Severity.NOTE: "note", Severity.CHAT: "muted",
}  # fmt: skip
_LOCKS = {
    "open": (" ", "text"), "verified": ("◆", "good"), "unverified": ("◇", "warning"), "closed": ("■", "muted"),
    "broken": ("⊘", "error"),
}  # fmt: skip
_NARROW, _DATE = 100, len("2026-03-02T10:14:07.78+01:00")
_LEAST_SUMMARY, _GO_FIRST = 12, ("link", "address", "time")
"""Cells that say what a record is; where they are fewer, these columns leave their room to the summary, and after them
fields, the last one first."""
_FIELD_ROOM = ((_NARROW, 24), (60, 16), (0, 12))
"""From how wide a list on a field is how wide at most."""
_MOST_TITLE = 12
"""What a field's title takes at most in a narrow list, where its texts do not need it."""
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_NOT_YET = "…"
_PLAIN = frozenset({"wrapper", "apdu", "p1", "iec62056-21", "mbus", "noise"})
"""Links that one word stands for in every record: a narrow list goes without it."""
LOCK_LEGEND = "◆ verified · ◇ opened, not verified · ■ closed · ⊘ broken"


class Look(NamedTuple):
    """What the list knows beside the record: how times are shown."""

    time_mode: str = CLOCK
    digits: int = 3
    first_ns: int | None = None
    before_ns: int | None = None
    is_utc: bool = False
    fields: Mapping[str, str] = {}
    """What fields say of the record, by name; one that was not asked yet is missing."""


class Column(NamedTuple):
    """A column; *width* 0 takes what is left, *from_width* is how wide the list must be to show it."""

    name: str
    heading: str
    width: int
    write: Callable[[RecordLine, int, Look], Said]
    from_width: int = 0
    is_right: bool = False
    short: str = ""
    """The heading where the usual one has no room."""


def glyph_of(severity: int) -> Said:
    """Give the sign and colour of a severity; -1 is none."""
    if severity < 0:
        return " ", "text"
    return MARKS[Severity(severity)] or " ", COLOURS[Severity(severity)]


def duration_text(time_ns: int) -> str:
    """Write how long something took, in three figures: ``184 ms``, ``2.41 s``."""
    seconds = time_ns / 1e9
    if abs(seconds) < 1e-3:
        return f"{seconds * 1e6:.0f} µs"
    if abs(seconds) < 1:
        return f"{f'{seconds * 1e3:#.3g}'.rstrip('.')} ms" if abs(seconds) < 0.9995 else "1.00 s"
    return f"{seconds:.2f} s" if abs(seconds) < 100 else f"{seconds:.0f} s"


def address_text(line: RecordLine) -> str:
    """Write who speaks with whom."""
    if line.client is None and line.server is None:
        return ""
    client, server = ("-" if one is None else one for one in (line.client, line.server))
    return f"{client} ↔ {server}"


def _severity(line: RecordLine, width: int, look: Look) -> Said:
    return glyph_of(line.severity)


def _number(line: RecordLine, width: int, look: Look) -> Said:
    return fit_right(str(line.number), width), "faint"


def _time(line: RecordLine, width: int, look: Look) -> Said:
    if line.time_ns is None:
        return fit("-", width), "faint"
    if look.time_mode == SINCE_REQUEST:
        return fit_right("" if line.latency_ns is None else duration_text(line.latency_ns), width), "muted"
    if look.time_mode == CLOCK:
        digits = min(look.digits, width - 9)
        return fit(clock_text(line.time_ns, max(digits, 0), utc=look.is_utc)[11:], width), "muted"
    since = look.first_ns if look.time_mode == SINCE_FIRST else look.before_ns
    return fit_right("" if since is None else f"{(line.time_ns - since) / 1e9:.{min(look.digits, 6)}f}", width), "muted"


def _direction(line: RecordLine, width: int, look: Look) -> Said:
    return GLYPHS.get(line.direction, "·"), {REQUEST: "request", RESPONSE: "response"}.get(line.direction, "muted")


def _address(line: RecordLine, width: int, look: Look) -> Said:
    return fit(address_text(line), width), "muted"


def _link(line: RecordLine, width: int, look: Look) -> Said:
    return fit(line.link, width), "faint"


def _lock(line: RecordLine, width: int, look: Look) -> Said:
    return _LOCKS.get(line.lock, ("?", "muted"))


def _summary(line: RecordLine, width: int, look: Look) -> Said:
    text = printable(line.summary)
    colour = {REQUEST: "text", RESPONSE: "text"}.get(line.direction, "text")
    return fit_summary(text, width), "muted" if line.link == "noise" else colour


def _value(line: RecordLine, width: int, look: Look) -> Said:
    return fit_right(printable(line.value), width), "value"


def _latency(line: RecordLine, width: int, look: Look) -> Said:
    return fit_right("" if line.latency_ns is None else duration_text(line.latency_ns), width), "faint"


COLUMNS: dict[str, Column] = {
    one.name: one
    for one in (
        Column("severity", "", 1, _severity),
        Column("number", "No.", 6, _number, is_right=True),
        Column("time", "Time", 12, _time),
        Column("direction", "", 1, _direction),
        Column("address", "Client ↔ Server", 10, _address, short="C ↔ S"),
        Column("link", "Link", 7, _link),
        Column("lock", "", 1, _lock),
        Column("summary", "Summary", 0, _summary),
        Column("value", "Value", 18, _value, 116, is_right=True),
        Column("latency", "Answered", 8, _latency, 100, is_right=True),
    )
}
"""All columns that need no field, in their usual order."""


@lru_cache(maxsize=2048)
def is_field(name: str) -> bool:
    """Tell whether filters know a field called *name*, which the list may show as a column."""
    from analyzer.filter.fields import field_of  # it is needed where there are such columns alone
    from analyzer.filter.names import is_tree_name

    return field_of(name) is not None or is_tree_name(name)


@lru_cache(maxsize=16)
def field_problem(name: str) -> str:
    """Say why *name* is no field, and what it may be; empty where it is one."""
    from analyzer.filter import FilterError
    from analyzer.filter.compile import named_field

    try:
        named_field(name)
    except FilterError as problem:
        return problem.message
    return ""


@lru_cache(maxsize=64)
def fields_among(names: tuple[str, ...]) -> tuple[str, ...]:
    """Give those of the columns that are fields."""
    return tuple(name for name in names if name not in COLUMNS)


class Known(Collection[str]):
    """The names that columns can have, of which those of :data:`COLUMNS` are listed."""

    def __contains__(self, name: object) -> bool:
        return name in COLUMNS or is_field(str(name))

    def __iter__(self) -> Iterator[str]:
        return iter(COLUMNS)

    def __len__(self) -> int:
        return len(COLUMNS)


class FieldWidth(NamedTuple):
    """How wide a field's texts are, and whether all of them are numbers."""

    name: str
    width: int = 0
    is_number: bool = True

    def grown(self, text: str) -> FieldWidth:
        """Make room for *text*."""
        is_number = self.is_number and (not text or _NUMBER.fullmatch(text) is not None)
        return FieldWidth(self.name, max(self.width, cell_len(text)), is_number)


class Widths(NamedTuple):
    """How wide the texts of some columns are; they grow with what was seen, and never shrink."""

    number: int = 6
    address: int = 5
    link: int = 0
    control: int = 0
    """Of the links that say more than one word; 0 where none does."""
    fields: tuple[FieldWidth, ...] = ()

    def grown(self, line: RecordLine) -> Widths:
        """Make room for *line*."""
        length = len(line.link)
        control = self.control if line.link in _PLAIN else max(self.control, length)
        return Widths(
            max(self.number, len(str(line.number))), max(self.address, len(address_text(line))),
            max(self.link, length), control, self.fields,
        )  # fmt: skip

    def grown_by_fields(self, names: Sequence[str], texts: Sequence[str]) -> Widths:
        """Make room for the *texts* of the fields called *names*; others are forgotten."""
        known = {one.name: one for one in self.fields}
        found = (known.get(name, FieldWidth(name)).grown(text) for name, text in zip(names, texts, strict=True))
        return self._replace(fields=tuple(found))


def _field(name: str, is_number: bool, line: RecordLine, width: int, look: Look) -> Said:
    text = look.fields.get(name)
    if text is None:
        return fit(_NOT_YET, width), "faint"
    return (fit_right if is_number else fit)(printable(text), width), "text"


def _columns(names: tuple[str, ...], seen: Widths) -> list[Column]:
    """Give the columns called *names*; a field is called by the last part of its name, where no other one is."""
    headings = [COLUMNS[name].heading if name in COLUMNS else name.rpartition(".")[2] for name in names]
    known = {one.name: one for one in seen.fields}
    found = []
    for name, heading in zip(names, headings, strict=True):
        column = COLUMNS.get(name)
        if column is None:
            width, is_number = known.get(name, FieldWidth(name))[1:]
            title = name if headings.count(heading) > 1 else heading
            column = Column(name, title, max(width, 1), partial(_field, name, is_number), 0, is_number, title)
        found.append(column)
    return found


@lru_cache(maxsize=64)
def layout(names: tuple[str, ...], width: int, digits: int, seen: Widths) -> tuple[tuple[Column, int], ...]:
    """Give the columns that a list of *width* cells shows, each with its width; one blank stands between."""
    wide = [(one, _wide(one, width, digits, seen)) for one in _columns(names, seen)]
    shown = [(one, room) for one, room in wide if width >= one.from_width and (room or one.name == "summary")]
    for name in ("", *_GO_FIRST, *reversed(fields_among(names))):
        shown = [(one, room) for one, room in shown if one.name != name]
        left = width - sum(room for _, room in shown) - max(len(shown) - 1, 0)
        if left >= _LEAST_SUMMARY or "summary" not in names:
            break
    return tuple((one, room or max(left, 8)) for one, room in shown)


def without_value(summary: str, value: str) -> str:
    """Take *value* out of *summary*, where it stands as a part of its own: in full, cut, or in quotes."""
    for said in (value, short_text(value)):
        for part in (said, f'"{said}"'):
            before, found, behind = summary.rpartition(SEPARATOR + part)
            if found and (not behind or behind.startswith(SEPARATOR)):
                return before + behind
    return summary


def lend(columns: tuple[tuple[Column, int], ...], line: RecordLine) -> tuple[tuple[Column, int], ...]:
    """Give the columns of *line*: a long value has what its summary leaves, a date half of both at most.

    Where there is no value its summary has both.
    """
    names = [one.name for one, _ in columns]
    at = names.index("value") if "value" in names else 0
    wanted = cell_len(printable(line.value))
    if not at or names[at - 1] != "summary" or 0 < wanted <= columns[at][1]:
        return columns
    both = columns[at - 1][1] + columns[at][1]
    blank = both - cell_len(printable(line.summary))
    room = min(wanted, max(columns[at][1], blank, wanted if wanted <= min(both // 2, _DATE) else 0))
    return (*columns[: at - 1], (columns[at - 1][0], both - room), (columns[at][0], room), *columns[at + 1 :])


def _wide(column: Column, width: int, digits: int, seen: Widths) -> int:
    """Say how wide a column is; what is narrow everywhere, or the same, leaves its room to the summary."""
    is_narrow = width < _NARROW
    if column.name == "number":
        return seen.number
    if column.name == "time":
        return 9 + min(digits, 3 if is_narrow else 6) if digits else 8
    if column.name == "address":
        return min(seen.address, 12) if is_narrow else max(seen.address, len(column.heading))
    if column.name == "link":
        return min(seen.control, 7) if is_narrow else max(seen.link, column.width)
    if column.name not in COLUMNS:
        most = next(most for least, most in _FIELD_ROOM if width >= least)
        title = cell_len(column.heading)
        return min(max(column.width, min(title, _MOST_TITLE) if is_narrow else title), most)
    return column.width
