"""Exports that read the capture once more, in a thread with a session of its own: keys go on being answered."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from analyzer.record import Record
    from analyzer.session import Session
    from analyzer.tui.options import Options


class Chosen:
    """The records *numbers* of the capture in *inputs*, read again as it was opened."""

    def __init__(self, inputs: tuple[str, ...], options: Options, numbers: Collection[int], *, utc: bool) -> None:
        self.inputs, self._options, self.numbers, self.utc = inputs, options, frozenset(numbers), utc

    @property
    def name(self) -> str:
        """What the capture is called."""
        return ", ".join(Path(one).name for one in self.inputs)

    def session(self) -> Session:
        """Open the capture once more. Raises: CaptureError."""
        from analyzer.index.worker import opened
        from analyzer.session import Session

        decode_as = self._options.decode_as
        return Session(opened(self.inputs, decode_as), decode_as, self._options.keys)

    def records(self, session: Session) -> Iterator[Record]:
        """Give the records that were chosen."""
        return (record for record in session.records() if record.number in self.numbers)


def write_xml(chosen: Chosen, path: Path) -> None:
    """Write every field of each record as PDML, as ``export`` does."""
    from analyzer.export.inputs import namer
    from analyzer.export.pdml import HEAD, TAIL, Pdml

    session = chosen.session()
    with session.source as source, path.open("w", encoding="utf-8") as file:
        pdml = Pdml(namer(source, chosen.inputs[0]), lambda: source.time_digits, session.values)
        file.write(HEAD)
        file.writelines(map(pdml.packet, chosen.records(session)))
        file.write(TAIL)


def write_html(chosen: Chosen, path: Path) -> None:
    """Write a page of its own, as ``export`` does; problems are those of the records that were chosen."""
    from analyzer.diagnosis.doctor import Doctor
    from analyzer.export.inputs import merged_namer
    from analyzer.export.report import Report

    session = chosen.session()
    doctor = Doctor(session.pipeline.ends, session.source)

    def watched() -> Iterator[Record]:
        for record in chosen.records(session):
            doctor.take(record)
            yield record
        doctor.finish(session.pipeline.left_aside, session.pipeline.connections)

    with session.source as source, path.open("w", encoding="utf-8") as file:
        utc = chosen.utc or source.has_local_times
        own = merged_namer(source)
        report = Report(chosen.name, lambda: source.time_digits, utc=utc, values=session.values, named=own)
        file.writelines(report.pages(watched(), lambda: (doctor.stories(), list(doctor.associations))))


def write_parquet(chosen: Chosen, path: Path) -> None:
    """Write the columns that ``export`` and ``batch`` write."""
    from analyzer.batch.frames import RECORDS, record_cells, write
    from analyzer.batch.task import rows_of

    session = chosen.session()
    with session.source:
        rows = [
            record_cells(chosen.name, row, session.objects(record))
            for record, row in rows_of(session.noted(chosen.records(session)))
        ]
    write(RECORDS, rows, path)


def write_pcapng(chosen: Chosen, path: Path, comments: Mapping[int, str]) -> tuple[int, int]:
    """Write the packets of the records, and of all parts of their transfers, with what the user said of them.

    Returns how many, and with a comment.
    """
    from analyzer.export.commented import Wanted, write_packets

    session = chosen.session()
    said: dict[int, str] = {}
    wanted = Wanted()
    with session.source:
        for record in session.records():
            is_wanted = record.number in chosen.numbers
            wanted.take(record, is_wanted=is_wanted)
            if is_wanted and record.number in comments:
                said[record.packets[-1]] = comments[record.number]
    return write_packets(chosen.inputs, path, wanted.packets(), said), len(said)


WRITERS: dict[str, Callable[[Chosen, Path], None]] = {
    ".xml": write_xml, ".html": write_html, ".parquet": write_parquet,
}  # fmt: skip
"""By suffix."""
