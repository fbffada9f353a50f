"""What can be taken away from the main screen: copies, exports, comments; and how the list is looked at."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from analyzer.tui.columns import CLOCK, SINCE_FIRST, TIME_MODES, fields_among
from analyzer.tui.screens.choosing import Choosing
from analyzer.tui.screens.exporting import Exporting
from analyzer.tui.widgets.prompt import Choice, Question, Verdict

if TYPE_CHECKING:
    from analyzer.export.json_lines import JsonLines
    from analyzer.record import Record

_SUFFIXES = {
    ".txt": "one line a record", ".csv": "the columns of the list", ".jsonl": "one JSON object a record",
    ".hex": "the octets of each record", ".pcapng": "the packets, with your comments",
    ".xml": "every field of each record (PDML)", ".html": "a report for a browser",
    ".parquet": "the columns that batch writes",
}  # fmt: skip
_AGAIN = frozenset({".pcapng", ".xml", ".html", ".parquet"})
"""Forms for which the capture is read once more."""
_AT_ONCE = 200
_PORT = re.compile(r":(\d+)(?= |$)")


class Taking(Choosing, Exporting):
    """Commands that take records elsewhere."""

    suffixes = _SUFFIXES

    def __init__(self) -> None:
        super().__init__()
        self.comments: dict[int, str] = {}
        """What the user said about records, by number."""
        self.has_unsaved = self.was_told = False
        """Whether comments are not in any file yet, and whether that was said."""
        self.is_tailing = False
        self.is_paused = False

    # -- copy -----------------------------------------------------------------------------------------------------

    def _record(self) -> Record | None:
        number = self.records.number
        return self.program.capture.record(number) if number else None

    def _copied(self, text: str, what: str) -> None:
        self.app.copy_to_clipboard(text)
        lines = text.count("\n") + 1
        size = f"{lines:,} lines" if lines > 1 else f"{len(text):,} characters"
        self.flash(f"copied {what}: {size}")

    def command_copy_field(self, count: int) -> None:
        """Copy what the selected field says; in the list the line of the record."""
        item = self.tree_pane.item
        number = self.records.number
        if self.focused is self.records and number:
            line = self.program.capture.lines([number])[0]
            self._copied(f"{number}  {line.summary}", "the record's line")
        elif item is not None:
            from dissectors.tree import shown

            text = item.note.text if item.note is not None else shown(item.step.node) or item.step.node.name
            self._copied(text, item.step.node.name)

    def command_copy_hex(self, count: int) -> None:
        """Copy octets in hex: those of the selected node, in the list the whole record's."""
        from analyzer.export.annotated import hex_text
        from analyzer.masking import concealed, secrets

        place = self.octets.selected
        if self.focused is not self.records and place.end > place.start and self.detail is not None:
            octets = self.detail.buffers[place.buffer][1][place.start : place.end]
            self._copied(hex_text(octets), _octets_said(octets))
        elif (record := self._record()) is not None:
            octets = concealed(record.octets, secrets(record, self.program.capture.records.values(record)))
            self._copied(hex_text(octets), _octets_said(octets))

    def command_copy_annotated(self, count: int) -> None:
        """Copy every octet with the field that it belongs to."""
        from analyzer.export.annotated import annotated

        if (record := self._record()) is not None:
            self._copied(annotated(record, self.program.capture.records.values(record)), "the annotated record")

    def command_copy_python(self, count: int) -> None:
        """Copy Python that reads the record again."""
        from analyzer.export.annotated import python_text

        if (record := self._record()) is not None:
            self._copied(python_text(record), "Python")

    def command_copy_json(self, count: int) -> None:
        """Copy the record as JSON."""
        if (record := self._record()) is not None:
            self._copied(self._json_lines().line(record), "JSON")

    def _json_lines(self) -> JsonLines:
        from analyzer.export.json_lines import JsonLines

        capture = self.program.capture
        return JsonLines(lambda: capture.time_digits, values=capture.records.values)

    # -- export ---------------------------------------------------------------------------------------------------

    @property
    def export_name(self) -> str:
        """The name of the first input."""
        inputs = self.program.capture.inputs
        return f"{Path(inputs[0]).stem if inputs else 'records'}.csv"

    def write_export(self, path: Path) -> None:
        """Write the records that are shown, in the form that the suffix names."""
        numbers = [self.records.number_at(index) for index in range(self.records.count)]
        self.run_worker(self._write(path, numbers), exclusive=True, group="export")

    async def _write(self, path: Path, numbers: list[int]) -> None:
        """Write portion by portion, so that the keys are answered meanwhile."""
        from asyncio import sleep

        from captures.chunk import CaptureError

        try:
            if path.suffix in _AGAIN:
                await self._read_again(path, numbers)
                return
            with path.open("w", encoding="utf-8", newline="") as file:
                for count, text in enumerate(self._texts(path.suffix, numbers), 1):
                    file.write(text)
                    if count % _AT_ONCE == 0:
                        self.flash(f"{path.name}: {count:,} of {len(numbers):,} records")
                        await sleep(0)
        except OSError as problem:
            self.flash(f"{path}: {problem.strerror}", "error")
        except CaptureError as problem:
            self.flash(str(problem), "error")
        else:
            self.flash(f"{path}: {len(numbers):,} records written")

    async def _read_again(self, path: Path, numbers: list[int]) -> None:
        """Write what needs the capture once more, in a thread."""
        from asyncio import to_thread

        from analyzer.tui.rereading import WRITERS, Chosen, write_pcapng

        inputs = self.program.capture.inputs
        if "-" in inputs:
            self.flash(f"{path.suffix}: stdin cannot be read again", "error")
            return
        chosen = Chosen(inputs, self.program.options, numbers, utc=self.records.is_utc)
        self.flash(f"{path.name}: reading the capture again")
        if path.suffix == ".pcapng":
            packets, comments = await to_thread(write_pcapng, chosen, path, dict(self.comments))
            self.has_unsaved = bool(set(self.comments) - set(numbers))
            self.flash(f"{path}: {packets:,} packets written, {comments:,} with a comment")
        else:
            await to_thread(WRITERS[path.suffix], chosen, path)
            self.flash(f"{path}: {len(numbers):,} records written")

    def _texts(self, suffix: str, numbers: list[int]) -> Iterator[str]:
        capture = self.program.capture
        if suffix == ".csv":
            from analyzer.tui.exporting import csv_of_lines

            yield from csv_of_lines(capture, numbers, fields_among(self.records.names))
        elif suffix == ".hex":
            for number in numbers:
                yield capture.record(number).octets.hex(" ").upper() + "\n"
        elif suffix == ".jsonl":
            line = self._json_lines().line
            for number in numbers:
                yield f"{line(capture.record(number))}\n"
        else:
            from analyzer.export.text import TextLines

            utc = self.records.is_utc
            text = TextLines(lambda: capture.time_digits, utc=utc, values=capture.records.values)
            for number in numbers:
                yield text.line(capture.record(number)) + "\n"

    # -- comments -------------------------------------------------------------------------------------------------

    def command_comment(self, count: int, text: str = "") -> None:
        """Ask for what is to be said about the record."""
        if text:
            self.answer_comment(text)
        elif self.records.number:
            hint = "kept until you quit; x FILE.pcapng keeps it for good"
            self.ask(Question("comment", "comment", hint=hint), self.comments.get(self.records.number, ""))

    def answer_comment(self, text: str) -> None:
        """Keep what is said about the record."""
        number = self.records.number
        if text.strip():
            self.comments[number] = text.strip()
            self.has_unsaved, self.was_told = True, False
        else:
            self.comments.pop(number, None)
        self.shown = 0
        self.show_record()
        self.tree_pane.to_note()

    def command_compare(self, count: int) -> None:
        """Compare the record with the one marked last, else a request with its response."""
        from analyzer.tui.lookup import request_of, response_to
        from analyzer.tui.screens.compare import CompareScreen, Shown

        capture = self.program.capture
        number, table = self.records.number, capture.table
        if not number:
            return
        other = self.last_mark if self.last_mark != number else 0
        other = other or request_of(table, number) or response_to(table, number)
        if not other:
            self.flash("mark a record with m and a letter first; then D compares another with it", "warning")
            return
        self.app.push_screen(CompareScreen(Shown(capture, min(number, other)), Shown(capture, max(number, other))))

    def command_decode_as(self, count: int, text: str = "") -> None:
        """Ask for a stack, and read the capture again with it."""
        if text:
            self.answer_decode_as(text)
        else:
            hint = "SELECTOR,STACK: tcp.port==5000,hdlc · serial,wrapper · record,apdu"
            self.ask(Question("decode-as", "decode as", _stack_choices, _stack_verdict, hint=hint), self._selector())

    def _selector(self) -> str:
        """Begin with the place of the record: its port, or the line."""
        number = self.records.number
        if not number:
            return ""
        lane = self.program.capture.table.row(number).path.lane
        ports = [int(port) for port in _PORT.findall(lane)]
        return f"tcp.port=={min(ports)}," if ports and not lane.startswith("serial") else "serial,"

    def answer_decode_as(self, text: str) -> None:
        """Read the capture again with a stack forced."""
        from analyzer.stacks import decode_as

        if not text.strip():
            return
        try:
            forced = decode_as([text.strip()])
        except ValueError as problem:
            self.flash(str(problem), "error")
            return
        self.program.options = self.program.options._replace(decode_as=forced)
        self.program.capture.force(forced)
        self.flash(f"reading the capture again as {text.strip()}")

    # -- looking --------------------------------------------------------------------------------------------------

    def command_time(self, count: int) -> None:
        """Show times in the next way."""
        modes = TIME_MODES
        self.records.time_mode = modes[(modes.index(self.records.time_mode) + 1) % len(modes)]
        self.records.forget_lines()
        self.show_lines()
        self.flash(f"times: {self.records.time_mode}")

    def command_time_reference(self, count: int) -> None:
        """Count times from the record under the cursor; from the first if that is done already."""
        records = self.records
        records.reference = 0 if records.reference == records.number else records.number
        records.time_mode = SINCE_FIRST if records.reference else CLOCK
        records.forget_lines()
        self.show_lines()
        since = f"since record {records.reference}" if records.reference else records.time_mode
        self.flash(f"times: {since}")

    def follow_end(self) -> None:
        """Go to the last record if the end is followed; not while a question is open, which is about another."""
        if self.is_tailing and not self.is_asking:
            self.records.move_to(self.records.count - 1)

    def answered(self) -> None:
        """Follow the end again, unless what was answered has opened another screen about the record."""
        if self.is_current and not self.is_paused:
            self.follow_end()

    def command_tail(self, count: int) -> None:
        """Follow the end of the capture, or stop."""
        self.is_tailing = not self.is_tailing
        self.follow_end()
        self.show_title()
        self.flash("follows the end; moving up stops it" if self.is_tailing else "stays where it is")

    def command_pause(self, count: int) -> None:
        """Hold the view still while the capture goes on, or let it go."""
        if not self.is_paused and self._has_ended():
            self.flash("nothing more comes: the recording has ended", "warning")
            return
        self.is_paused = not self.is_paused
        if not self.is_paused:
            self.records.take()
            self.follow_end()
            self.show_lines()
        self.show_title()
        more = "a file that grows is shown as it was" if self._is_at_rest() else "records still arrive"
        self.flash(f"paused: {more}" if self.is_paused else "goes on")

    def _has_ended(self) -> bool:
        live = self.program.options.live
        return live is not None and live.is_over() and self._is_at_rest()

    def _is_at_rest(self) -> bool:
        """Tell whether all that there is of the capture was read, and no recording brings more."""
        live = self.program.options.live
        return self.program.capture.progress.is_done and (live is None or live.is_over())


def _stack_choices(text: str) -> list[Choice]:
    from analyzer.stacks import STACKS

    selector, comma, word = text.rpartition(",")
    if not comma:
        return [Choice(f"{one},", one) for one in ("serial", "record", "tcp.port==", "udp.port==")]
    return [Choice(f"{selector},{one}", one) for one in STACKS if one.startswith(word)]


def _stack_verdict(text: str) -> Verdict:
    from analyzer.stacks import decode_as

    try:
        decode_as([text.strip()])
    except ValueError as problem:
        return Verdict(False, str(problem))
    return Verdict(True, "Enter reads the capture again")


def _octets_said(octets: bytes) -> str:
    return f"{len(octets):,} octet{'s' * (len(octets) != 1)}"
