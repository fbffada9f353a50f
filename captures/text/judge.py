"""The first octets of a text to what it is: the shape of its lines and what they tell about all of it."""

from collections.abc import Iterable
from typing import NamedTuple

from captures.chunk import LINK_OCTETS, RECEIVED, SENT, Chunk
from captures.stream import HeldInput, Window
from captures.text.apart import has_zone_lanes, leading_numbers, standing_number
from captures.text.counts import has_counts, has_line_numbers
from captures.text.hints import Hints
from captures.text.labels import has_both_in_names, has_indented_side, has_monitor_arrows, says_opened
from captures.text.letters import has_events, has_letters, signs_in, with_words
from captures.text.lines import blocks
from captures.text.misread import mend, unmask
from captures.text.octets import is_unpadded
from captures.text.reader import Reader
from captures.text.shape import LONGEST_HEADING, Joins, Shape
from captures.text.shapes import PLAIN, SHAPES
from captures.text.times import date_order, has_colon_rows, has_hours_behind, has_years_behind
from captures.text.units import is_traffic


class Judgement(NamedTuple):
    """What a text is."""

    shape: Shape
    hints: Hints
    octets: int
    """That were found in what was looked at."""
    digits: int
    is_local: bool
    """There are times, and none names a zone."""
    has_date: bool
    has_traffic: bool
    """A whole unit, a packet, characters, or what begins as a frame or an APDU does is among the octets."""


class _Trial(NamedTuple):
    shape: Shape
    octets: int
    reader: Reader
    chunks: list[Chunk]


def judge(head: bytes, shapes: Iterable[Shape] = SHAPES) -> Judgement | None:
    """Tell the shape of the text that begins with *head*; None if no shape finds octets in it. Total."""
    window = Window(HeldInput(head))
    window.more()
    lines = [line for block in blocks(window) for line in map(mend, map(unmask, block.lines))]
    text = b"\n".join(lines)
    hints = Hints(
        date_order(text),
        is_monitor=has_monitor_arrows(text),
        takes_names=has_both_in_names(text),
        has_letters=has_letters(text),
        signs=signs_in(text),
        has_events=has_events(text),
        has_indents=has_indented_side(text),
        lacks_zeros=is_unpadded(text),
        has_counts=has_counts(lines),
        has_line_numbers=has_line_numbers(lines),
        has_colon_rows=has_colon_rows(text),
        has_hours_behind=has_hours_behind(lines),
        has_years_behind=has_years_behind(text),
        has_zone_lanes=has_zone_lanes(lines),
        leading=leading_numbers(lines),
        standing=standing_number(lines),
    )
    for sign in hints.signs:  # shapes are looked for among words
        lines = [with_words(line, sign) for line in lines]
    signed = [shape for shape in shapes if _has_marks(shape, text) and _has_signs(shape, lines)]
    found = _judged(signed, lines, hints)
    if (found is None or not found.has_traffic) and says_opened(text):
        opened = _judged(signed, lines, hints._replace(takes_opened=True))
        return opened if opened is not None and opened.has_traffic else found
    return found


def _judged(shapes: Iterable[Shape], lines: list[bytes], hints: Hints) -> Judgement | None:
    """Tell which of *shapes* finds most in *lines*; None if none finds octets."""
    trials = [trial for shape in shapes if (trial := _try(shape, lines, hints)).octets]
    if not trials:
        return None
    most = max(trial.octets for trial in trials)
    best = next(trial for trial in trials if trial.octets >= most * trial.shape.least_share)
    if best.shape.is_plain:
        better = (trial for trial in trials if _is_better(trial, best))
        best = next(better, best)
    given = best.reader.given
    hints = hints._replace(
        lanes=best.reader.lanes,
        heads=best.reader.heads,
        has_directions=given.directed > 0,
        has_frames=given.framed,
        lacks_zeros=best.reader.lacks_zeros,
        cut_at=given.cut_size(),
    )
    clock = best.reader.clock
    has_times = clock.has_date or clock.has_clock
    return Judgement(
        best.shape, hints, best.octets, clock.digits, has_times and not clock.has_zone, clock.has_date,
        _has_traffic(best),
    )  # fmt: skip


def _has_traffic(trial: _Trial) -> bool:
    """Tell whether anything of what *trial* found may be read."""
    given = trial.reader.given
    if given.has_units or "characters" in trial.shape.data.groupindex:
        return True
    return any(chunk.link_type != LINK_OCTETS or is_traffic(chunk.octets) for chunk in trial.chunks)


def _is_better(trial: _Trial, plain: _Trial) -> bool:
    """Tell whether *trial* finds more units, so that what is *plain* only goes on below them.

    Or, where no words are heeded, as much behind words of a direction, or more beside the same units.
    """
    found, units = trial.reader.given, plain.reader.given.units
    if found.units > units:
        return True
    if plain.shape is not PLAIN[-1] or not found.directed:
        return False
    return found.directed >= plain.octets or (found.units == units > 0 and trial.octets > plain.octets)


def _has_marks(shape: Shape, text: bytes) -> bool:
    """Tell whether *text* holds what every text of *shape* does."""
    return not shape.holds or any(text.find(mark) >= 0 for mark in shape.holds)


def _has_signs(shape: Shape, lines: list[bytes]) -> bool:
    """Tell whether *lines* hold what a text of *shape* must have; much less work than to compile all its patterns."""
    if shape.sign is not None and not any(map(shape.sign.fullmatch, lines)):
        return False
    heading = shape.heading if shape.needs_heading else None
    return heading is None or any(len(line) <= LONGEST_HEADING and heading.fullmatch(line) for line in lines)


def _try(shape: Shape, lines: list[bytes], hints: Hints) -> _Trial:
    """Read *lines* as *shape* and count the octets."""
    found: list[Chunk] = []
    reader = Reader(shape, hints, found.append, lambda number: None)
    for line in lines:
        if not reader.take(line, 0, 0):
            reader.given.goes_on(line)
    reader.end()
    if shape.heading is not None and "label" in shape.heading.groupindex:
        # titles of which none names a direction are words like others; above dumps those of one direction are, too
        is_told = shape.joins is not Joins.DUMP or reader.given.ways == SENT | RECEIVED
        return _Trial(shape, reader.given.directed * is_told, reader, found)
    return _Trial(shape, sum(len(chunk.octets) for chunk in found), reader, found)
