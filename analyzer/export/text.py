"""Records as text: one line each in stable columns, on demand the whole tree and the octets below it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from analyzer.export.glyphs import GLYPHS, MARKS
from analyzer.export.summary import summary
from analyzer.export.times import SECOND, UNITS, Clock
from analyzer.export.usual import Shows, UsualSummaries, no_value
from analyzer.export.utf8 import eight_bits, encoded, latin
from analyzer.record import MESSAGE, Record
from analyzer.tracking.values import Value, no_values
from dissectors.hdlc import control_type
from dissectors.tree import Severity

_COLOURS = {Severity.ERROR: "31", Severity.WARNING: "33", Severity.NOTE: "36"}
_NONE: Sequence[Value] = ()
_OF_ALL_FRAMES, _MOST_EXPLAINED = {"meter-quirk", "line-settings-differ"}, 4096
"""Notes on a meter or a line: every frame of it has them."""


class TextLines:
    """Writes records as text; for a terminal of *width* characters wider lines go on below, but for rows of octets.

    *shown* gives the values of usual answers in a shorter way than *values*. Lines that are *encoded* are taken by
    `octets`, others by `line`.
    """

    def __init__(
        self, digits: Callable[[], int], *, tree: bool = False, octets: bool = False, utc: bool = False,
        colour: bool = False, width: int = 0, values: Callable[[Record], list[Value]] = no_values,
        shown: Shows = no_value, encoded: bool = False,
    ) -> None:  # fmt: skip
        self._values = values
        self._digits = digits
        self._fold = _fold(width) if width else None
        self._below = self._below_of(tree=tree, octets=octets) if tree or octets else None
        self._clock, self._colour = Clock(utc=utc), colour
        self._columns: dict[object, str] = {}
        self._lane_width = 0
        self._explained: set[tuple[str, str]] = set()
        self._kept = eight_bits if encoded else str
        """How texts are kept that come again and again."""
        self._usual = UsualSummaries(shown, self._kept).find

    def line(self, record: Record) -> str:
        """Write *record*; without its last line end."""
        said, values = self._usual(record), _NONE
        if said is None:
            values = () if record.kind == MESSAGE else self._values(record)  # the line of a message needs none
            said = summary(record, values)
        text = self._text(record, said)
        return text if self._below is None else f"{text}{self._below(record, values)}\n"

    def octets(self, record: Record) -> bytes:
        """Write *record* as `line` does, in UTF-8."""
        said, values = self._usual(record), _NONE
        if said is None:
            values = () if record.kind == MESSAGE else self._values(record)
            said = eight_bits(summary(record, values))
        text = latin(self._text(record, said))[0]
        return text if self._below is None else b"".join((text, encoded((self._below(record, values), "\n"))))

    def pass_over(self, record: Record) -> None:
        """Learn from a record that others write what its line would tell: how wide lanes are, what was explained."""
        self._addresses(record)
        if record.notes:
            self._notes(record)

    def _text(self, record: Record, said: str) -> str:
        """Write the line, in which *said* is the summary, and the notes below it."""
        time_ns = record.time_ns
        if time_ns is None:
            time = "-"
        elif digits := self._digits():  # zfill: a width in the format costs several times more
            fraction = str(time_ns % SECOND // UNITS[digits]).zfill(digits)
            time = f"{self._clock[time_ns // SECOND]}.{fraction}"
        else:
            time = self._clock[time_ns // SECOND]
        key = (record.lane, record.link, record.control, record.direction, record.client, record.server)
        addresses = self._columns.get(key) or self._addresses(record)  # the same few texts come again and again
        text = f"{str(record.number).rjust(6)}  {time}  {addresses}  {said}"
        if record.protection:
            text += f" [{', '.join(_statuses(record))}]"
        if record.notes:
            text += self._kept(self._notes(record))
        return text if self._fold is None else self._fold(text)

    def _below_of(self, *, tree: bool, octets: bool) -> Callable[[Record, Sequence[Value]], str]:
        """Give what writes the text below a line."""
        from analyzer.export.below import below  # which reads every layer: not for lines alone

        if self._fold is None:
            return partial(below, tree=tree, octets=octets)
        fold, nodes, rows = (
            self._fold,
            partial(below, tree=tree, octets=False),
            partial(below, tree=False, octets=octets),
        )
        return lambda record, values: fold(nodes(record, values)) + rows(record, values)

    def _addresses(self, record: Record) -> str:
        """Write lane, link, addresses and direction."""
        key = (record.lane, record.link, record.control, record.direction, record.client, record.server)
        known = self._columns.get(key)
        if known is None:
            link = record.link
            if record.control is not None:
                link = f"hdlc {control_text(record.control)}"
            client = "-" if record.client is None else str(record.client)
            server = "-" if record.server is None else str(record.server)
            glyph = GLYPHS.get(record.direction, "?")
            self._lane_width = max(self._lane_width, len(record.lane.text))
            known = f"{record.lane.text:<{self._lane_width}}  {link:<12} {client:>3} {glyph} {server:<7}"
            if len(self._columns) > 8192:
                self._columns.clear()
            self._columns[key] = known = self._kept(known)
        return known

    def _notes(self, record: Record) -> str:
        """Write the notes below; what every frame of a lane has is explained once a lane."""
        found, known = [], []
        for note in record.notes:
            cause = f" ({note.cause})" if note.cause else ""
            if note.code in _OF_ALL_FRAMES:
                key = (record.lane.text, note.cause or note.code)
                if key in self._explained:
                    known.append(note.cause or note.code)
                    continue
                if len(self._explained) < _MOST_EXPLAINED:
                    self._explained.add(key)
            text = f"{MARKS[note.severity]} {note.code}{cause}: {note.text}"
            colour = _COLOURS.get(note.severity)
            found.append(f"\x1b[{colour}m{text}\x1b[0m" if self._colour and colour else text)
        inline = f" · {', '.join(dict.fromkeys(known))}" if known else ""
        return inline + "".join(f"\n        {one}" for one in found)


def _fold(width: int) -> Callable[[str], str]:
    from analyzer.export.folding import hanging  # with a module that a pipe does not need

    return partial(hanging, width=width)


def control_text(control: int) -> str:
    """Write a control field: ``I 2/3 P``, ``RR 4``, ``SNRM P``."""
    name = control_type(control)
    final = " P" if control & 0x10 else ""
    if name == "I":
        return f"I {control >> 1 & 7}/{control >> 5}{final}"
    return f"{name} {control >> 5}{final}" if control & 3 == 1 else f"{name}{final}"


def _statuses(record: Record) -> list[str]:
    """Name the verdicts: of the innermost ciphering that was opened, and of every signature."""
    found = [record.closed.status] if record.closed is not None else []
    return found + [layer.status for layer in record.protection if layer.is_signed]
