"""Associations: how each was opened, what was agreed, what it did, how it ended."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from analyzer.tui.columns import duration_text
from analyzer.tui.fitting import count_text
from analyzer.tui.options import Part
from analyzer.tui.screens.tables import TableScreen
from analyzer.tui.widgets.table import TableColumn, TableRow
from analyzer.tui.widgets.text_pane import Paragraph, Target

if TYPE_CHECKING:
    from analyzer.tracking.history import Association

_ENDS = {
    "released": "good", "disconnected": "good", "closed": "good", "open": "muted", "replaced": "warning",
    "refused": "error", "aborted": "error", "lost": "error",
}  # fmt: skip
_PHASES = {
    "link": "SNRM", "open": "AARQ", "authentication": "HLS", "services": "services", "release": "release",
}  # fmt: skip


class AssociationsScreen(TableScreen):
    """A row an association; below its card."""

    title_text = "Associations"
    name_of_rows = "associations"
    has_text = True
    has_survey = True
    columns = (
        TableColumn("From", "muted", is_right=True, most=7),
        TableColumn("C ↔ S", "text", most=16),
        TableColumn("Context", "muted", most=22, from_width=100),
        TableColumn("Services", "muted", is_right=True, most=8),
        TableColumn("Errors", "muted", is_right=True, most=6),
        TableColumn("Lasted", "muted", is_right=True, most=9, from_width=76),
        TableColumn("Verdict", most=0),
    )
    hints = (
        ("open", "record"), ("follow", "follow"), ("ladder", "ladder"), ("compare-association", "diff"),
        ("back", "back"),
    )  # fmt: skip

    def rows(self) -> Iterable[TableRow]:
        """Give a row an association, in the order in which they began."""
        found = self.program.survey_so_far
        for one in found.associations if found is not None else ():
            yield _row(one)

    def subject_of(self, row: TableRow) -> object:
        """Give where it began."""
        return self.record_of(row)

    def record_of(self, row: TableRow) -> int:
        """Give the first record."""
        one: Association = row.about
        return one.first.record

    def text_heading(self, row: TableRow | None) -> str:
        """Name the association."""
        if row is None:
            return ""
        one: Association = row.about
        return f"records {one.first.record}–{one.last_record} · {one.lane}"

    def nothing_said(self) -> Iterator[Paragraph]:
        """Say how far the pass is, or that there is no association."""
        found = self.program.survey_so_far
        is_done = found is not None and found.is_done
        yield Paragraph("No association was found." if is_done else self.program.survey_words, "muted")

    def paragraphs(self, row: TableRow) -> Iterator[Paragraph]:
        """Write the card."""
        return card(row.about)

    def command_mark_association(self, count: int, letter: str) -> None:
        """Mark the association: another is compared with it."""
        one = self.association
        if one is not None and one.number is not None:
            self.program.marked_association = one.number
            key = self.program.keymap.text("compare-association")
            self.flash(f"association {one.number} is marked; {key} compares another with it")

    def command_compare_association(self, count: int) -> None:
        """Compare the association with the one that is marked."""
        one, marked = self.association, self.program.marked_association
        if one is None or one.number is None:
            self.flash("pushes have no association to compare", "warning")
        elif marked in (0, one.number):
            self.flash("mark the association that works with m and a letter first", "warning")
        else:
            self.program.compare(Part(association=marked), Part(association=one.number))

    @property
    def association(self) -> Association | None:
        """The association under the cursor."""
        return self.table.row.about if self.table.row is not None else None


def _row(one: Association) -> TableRow:
    count = sum(service.count for service in one.services.values())
    lasted = "" if one.duration_ns is None else duration_text(one.duration_ns)
    client, server = ("-" if side is None else side for side in (one.client, one.server))
    context = one.context or ("push" if one.is_push else "")
    asked = ", ".join(text for text in (one.context, one.mechanism) if text)
    verdict = one.verdict.removeprefix(f"{asked}, ")  # the card says it; the end, which differs, has the room
    cells = (
        str(one.first.record), f"{client} ↔ {server}", context, f"{count:,}", count_text(one.errors), lasted, verdict,
    )  # fmt: skip
    colours = ("", "", "", "", "error" if one.errors else "", "", _ENDS.get(one.how, "text"))
    return TableRow(cells, one, colours, (one.first.record, None, None, count, one.errors, one.duration_ns or 0))


def card(one: Association) -> Iterator[Paragraph]:
    """Write what is known of an association, phase by phase."""
    yield Paragraph(one.verdict, f"{_ENDS.get(one.how, 'text')} bold", target=Target(one.first.record))
    yield Paragraph("")
    for phase in one.phases:
        records = f"record {phase.first.record}"
        if phase.last.record != phase.first.record:
            records = f"records {phase.first.record}–{phase.last.record}"
        took = ""
        if phase.first.time_ns is not None and phase.last.time_ns is not None:
            took = f", {duration_text(phase.last.time_ns - phase.first.time_ns)}"
        text = f"{records}{took}{_said(one, phase.name)}"
        yield Paragraph(text, label=_PHASES.get(phase.name, phase.name), target=Target(phase.first.record))
    yield from _agreed(one)
    yield from _services(one)
    yield from _odd(one)


def _said(one: Association, phase: str) -> str:
    if phase == "open":
        asked = " · ".join(text for text in (one.context, one.mechanism) if text)
        answer = f" → {one.answer.words}" if one.answer is not None else " → no answer"
        return f" · {asked}{answer}"
    if phase == "link" and one.limits is not None:
        limits = one.limits
        return (
            f" · information {limits.transmit}/{limits.receive} octets, "
            f"window {limits.transmit_window}/{limits.receive_window}"
        )
    if phase == "authentication":
        return {True: " · accepted", False: " · refused", None: ""}[one.hls_is_accepted]
    if phase == "release" and one.ending is not None:
        return f" · {one.ending.how}"
    return ""


def _agreed(one: Association) -> Iterator[Paragraph]:
    if one.answer is not None and one.answer.max_pdu_size:
        asked = f" of {one.proposal.max_pdu_size} asked" if one.proposal and one.proposal.max_pdu_size else ""
        yield Paragraph(f"{one.answer.max_pdu_size} octets{asked}", label="PDU size")
    if one.conformance:
        yield Paragraph(", ".join(one.conformance), "muted", "conformance")
    if one.statuses:
        yield Paragraph(", ".join(f"{count} {name}" for name, count in one.statuses.items()), label="ciphering")


def _services(one: Association) -> Iterator[Paragraph]:
    for name, service in one.services.items():
        usual = f", usually {duration_text(service.median_ns)}" if service.median_ns is not None else ""
        text = f"{service.count} answered{usual}"
        if service.errors:
            text += f", {service.errors:,} refused"
        if service.unanswered:
            text += f", {service.unanswered} without an answer"
        colour = "error" if service.errors or service.unanswered else "text"
        yield Paragraph(text, colour, name)


def _odd(one: Association) -> Iterator[Paragraph]:
    for asked in list(one.unanswered)[:8]:
        yield Paragraph(f"record {asked.request}: {asked.service}", "error", "unanswered", target=Target(asked.request))
    for silence in list(one.silences)[:8]:
        text = f"{duration_text(silence.gap_ns)} before record {silence.before}, the {silence.turn}'s turn"
        yield Paragraph(text, "warning", "silence", target=Target(silence.before))
    if one.repeats:
        numbers = ", ".join(map(str, list(one.repeats)[:8]))
        yield Paragraph(f"records {numbers}", "warning", "repeated", target=Target(one.repeats[0]))
