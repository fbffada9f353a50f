"""The doctor: every problem with its cause, the proof, what else it could be, and what to try."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from analyzer.export.glyphs import MARKS
from analyzer.export.stories import gathered, where_text
from analyzer.live.status import why_no_record
from analyzer.tui.columns import COLOURS
from analyzer.tui.lookup import closed
from analyzer.tui.screens.base import NOTHING
from analyzer.tui.screens.tables import TableScreen
from analyzer.tui.selection import Place
from analyzer.tui.widgets.table import TableColumn, TableRow
from analyzer.tui.widgets.text_pane import Paragraph, Target

if TYPE_CHECKING:
    from analyzer.diagnosis.story import Evidence, Story

_MOST_SHOWN = 8


class Told(NamedTuple):
    """What a row is about: a story, and those that tell the same of many other lanes."""

    story: Story
    like: list[Story]


class DoctorScreen(TableScreen):
    """Stories, worst first; below the one under the cursor."""

    title_text = "Doctor"
    name_of_rows = "problems"
    has_text = True
    columns = (
        TableColumn("", most=1),
        TableColumn("Problem", most=0),
        TableColumn("Meter", "muted", most=12, from_width=72),
        TableColumn("Times", "muted", is_right=True, most=8),
        TableColumn("First", "muted", is_right=True, most=8),
    )
    hints = (("open", "record"), ("next-pane", "text"), ("export", "export"), ("back", "back"))

    def diagnosed(self) -> None:
        """Show what went wrong; of a recording it changes all the time, and who reads it is left in peace."""
        if self.program.capture.live is None or not self.table.count:
            self.take()

    def rows(self) -> Iterable[TableRow]:
        """Give a row a story, those that follow from it below; one for all that are told of many lanes."""
        for story, like in gathered(self.program.capture.stories()):
            yield from _rows(Told(story, like), 0)

    def paragraphs(self, row: TableRow) -> Iterable[Paragraph]:
        """Say what a story says."""
        told: Told = row.about
        return story_paragraphs(told, self.program.capture.time_digits, is_utc=self.program.is_utc)

    def nothing_said(self) -> Iterable[Paragraph]:
        """Say that there is no problem, or when there may be."""
        capture = self.program.capture
        live = capture.live
        if live is not None and not capture.table.height:
            yield from (Paragraph(text, "muted") for text in why_no_record(live.status))
        elif capture.is_diagnosed and not capture.table.height:
            yield Paragraph(NOTHING, "warning")
        elif capture.is_diagnosed:
            yield Paragraph("No problem was found.", "good")
            yield from self._stays_closed()
        elif capture.is_over:
            yield Paragraph("Reading ended early: what is wrong is told at the end of a capture.", "warning")
        elif live is not None:
            yield Paragraph("What is wrong is told as soon as it is found.", "muted")
        else:
            yield Paragraph("The capture is being read; what is wrong is told at its end.", "muted")

    def _stays_closed(self) -> Iterable[Paragraph]:
        """Say that there is more to look into."""
        if count := len(closed(self.program.capture.table)):
            what = f"{count} ciphered APDU{'s stay' if count > 1 else ' stays'} closed"
            key = self.program.keymap.text("add-key")
            yield Paragraph(f"{what}, and what is inside was not looked at; {key} adds a key.", "warning")

    @property
    def no_rows(self) -> str:
        """Say nothing of problems before they are known."""
        capture = self.program.capture
        return super().no_rows if capture.is_diagnosed or capture.live is not None else "not known yet"

    def text_heading(self, row: TableRow | None) -> str:
        """Name the fact and its cause."""
        if row is None:
            return ""
        story: Story = row.about.story
        cause = f" · {story.cause} ({story.confidence})" if story.cause else ""
        return f"{story.code}{cause}"

    def open_row(self, row: TableRow) -> None:
        """Go to the first proof."""
        story: Story = row.about.story
        if story.evidence and story.evidence[0].record:
            self.program.go_to(*_target(story.evidence[0]))
        elif story.records:
            self.program.go_to(story.records[0])


def _rows(told: Told, depth: int) -> Iterator[TableRow]:
    story, like = told
    sign = "  " * (depth - 1) + "└ " if depth else ""
    colour = COLOURS[story.severity]
    count = story.count + sum(one.count for one in like)
    meter = f"{len({one.lane for one in (story, *like)}):,} lanes" if like else story.meter
    yield TableRow(
        (MARKS[story.severity] or "i", sign + story.title, meter, f"{count:,}", str(story.first_record)),
        told, (colour, "text bold" if not depth else "text"),
        (-int(story.severity), None, None, count, story.first_record),
    )  # fmt: skip
    for follower in story.leads_to:
        yield from _rows(Told(follower, []), depth + 1)


def story_paragraphs(told: Told, digits: int, *, is_utc: bool) -> Iterator[Paragraph]:
    """Write a story: what happened, where, the proof, where else, what else it could be, what follows, what to try."""
    story, like = told
    yield Paragraph(story.title, f"{COLOURS[story.severity].split()[0]} bold")
    yield Paragraph("")
    if story.records:
        where = f"{where_text(story, digits, utc=is_utc)} · {story.lane}"
        yield Paragraph(where, label="where", target=Target(story.first_record))
    for index, one in enumerate(story.evidence):
        octets = ""
        if one.end > one.start:
            octets = f", octet {one.start}" if one.end == one.start + 1 else f", octets {one.start}–{one.end - 1}"
        label = "seen" if not index else ""
        place = f"record {one.record}{octets}: " if one.record else ""
        yield Paragraph(f"{place}{one.text}", label=label or " ", target=_target(one) if one.record else None)
    for index, one_like in enumerate(like[:_MOST_SHOWN]):
        text = f"record {one_like.first_record} on {one_like.lane}"
        more = f", and {len(like) - _MOST_SHOWN:,} more" if index == _MOST_SHOWN - 1 and len(like) > _MOST_SHOWN else ""
        yield Paragraph(text + more, label="also" if not index else " ", target=Target(one_like.first_record))
    if story.proposed is not None and story.confidence != "possible":
        record, octets_sent = story.proposed
        text = f"record {record} as it may have been sent: {octets_sent.hex(' ').upper()}"
        yield Paragraph(text, "value", "may be", target=Target(record))
    for index, other in enumerate(story.alternatives):
        yield Paragraph(f"{other.cause} ({other.confidence}): {other.text}", "muted", "or" if not index else " ")
    for index, follower in enumerate(story.leads_to):
        yield Paragraph(follower.title, "text", "so" if not index else " ", target=Target(follower.first_record))
    advice = story.advice
    if advice:
        yield Paragraph("")
    for index, one_advice in enumerate(advice):
        yield Paragraph(one_advice, "good", "try" if not index else " ")


def _target(one: Evidence) -> Target:
    return Target(one.record, Place(0, one.start, one.end) if one.end > one.start else None)
