"""Runs the recorder over a simulated line, and reads its spool."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from analyzer.live.serial_recorder import SerialRecorder, interface_of
from analyzer.live.status import Status
from analyzer.pipeline import Pipeline
from analyzer.record import Record
from analyzer.simulate.serial_tap import OnLine
from analyzer.tracking.line_follower import LineFollower
from captures import open_source
from captures.spool import Spool
from tests.analyzer.live.uart_port import line_on


def record_line(events: Iterable[OnLine], follower: LineFollower, path: Path) -> tuple[list[str], list[str]]:
    """Record *events* into *path*; returns what was said, and every call of the port."""
    said: list[str] = []
    line, port, clock = line_on(events, follower.settings)
    line.open()
    status = Status()
    spool = Spool(str(path), [interface_of([line], "RTS low, DTR low")])
    SerialRecorder([line], spool, follower, status, said.append, clock=clock, wall=clock).run(lambda: port.is_over)
    spool.close()
    return said, port.calls


def records_in(path: Path) -> list[Record]:
    """Read the records of a spool."""
    with open_source(str(path)) as source:
        return list(Pipeline().run(source))
