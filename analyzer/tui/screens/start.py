"""The start page: bundled samples, captures that were opened before, interfaces and ports to listen to."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from analyzer.tui.screens.tables import TableScreen
from analyzer.tui.widgets.table import TableColumn, TableRow
from analyzer.tui.widgets.text_pane import Paragraph
from captures.samples import Sample, samples

_SOURCES = ("port", "interface")
_NO_WORDS = ("", "n/a")


class Offer(NamedTuple):
    """Something that can be opened."""

    kind: str
    name: str
    about: str
    keys: str = ""
    sample: Sample | None = None


class StartScreen(TableScreen):
    """A row a capture or source."""

    title_text = "Start"
    name_of_rows = "captures and sources"
    has_text = True
    columns = (
        TableColumn("", "muted", most=10),
        TableColumn("Name", "accent", most=28),
        TableColumn("What it is", "text", most=0),
    )
    hints = (("open", "open"), ("open-file", "a file"), ("quit", "quit"), ("help", "help"))

    def rows(self) -> Iterable[TableRow]:
        """Offer what there is."""
        for one in self._offers():
            yield TableRow((one.kind, Path(one.name).name, one.about), one)

    def _offers(self) -> Iterator[Offer]:
        for name in self.program.settings.recent:
            path = Path(name)
            if path.is_file():
                yield Offer("recent", name, str(path.parent))
        for one in samples():
            yield Offer("sample", str(one.path), one.title, str(one.keys) if one.keys else "", one)
        for name, about in _ports():
            yield Offer("port", f"serial:{name}", about)
        for name in _interfaces():
            yield Offer("interface", f"iface:{name}", "a network interface")

    def text_heading(self, row: TableRow | None) -> str:
        """Name what is offered."""
        if row is None:
            return ""
        one: Offer = row.about
        return one.sample.title if one.sample is not None else one.name

    def paragraphs(self, row: TableRow) -> Iterator[Paragraph]:
        """Say more of what is offered."""
        one: Offer = row.about
        if one.sample is not None:
            yield Paragraph(one.sample.description)
            yield Paragraph("")
            yield Paragraph(one.sample.link, label="link")
            for index, text in enumerate(one.sample.shows):
                yield Paragraph(text, label="shows" if not index else " ")
        elif one.kind == "recent":
            yield Paragraph(f"{Path(one.name).stat().st_size:,} octets", label="size")
        else:
            yield Paragraph(f"dlmshark live {one.name}", "value", "listens")
            yield Paragraph("It listens and never sends. It ends when you quit.", "muted")
            yield Paragraph("Speed, parity, filters and a file to keep it in are options of that command.", "muted")

    def open_row(self, row: TableRow) -> None:
        """Open it; a source is listened to by the command for that."""
        one: Offer = row.about
        if not self.program.may_leave("opens another"):
            return
        if one.kind in _SOURCES:
            self.program.listen(one.name)
        else:
            self.program.open_inputs([one.name], [one.keys] if one.keys else [])

    def command_back(self, count: int) -> None:
        """Go back to the capture, or quit where there is none."""
        if self.program.has_capture:
            self.program.pop_screen()
        else:
            self.program.command_quit(count)


def _ports() -> list[tuple[str, str]]:
    try:
        from serial.tools.list_ports import comports

        return [
            (one.device, "a serial port" if one.description in _NO_WORDS else one.description) for one in comports()
        ]
    except (ImportError, OSError):
        return []


def _interfaces() -> list[str]:
    try:
        return [name for _, name in socket.if_nameindex()]
    except (AttributeError, OSError):
        return []
