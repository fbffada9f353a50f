"""Dialogues to stories: what the tests of associations and services ask the doctor."""

from __future__ import annotations

from collections.abc import Iterable

from analyzer.diagnosis.doctor import Doctor
from analyzer.diagnosis.story import Story
from analyzer.pipeline import Pipeline
from captures.chunk import Chunk
from tests.analyzer.tracking.build import ListSource, Station
from tests.analyzer.tracking.timed import At, on_hdlc, serial_chunks, tcp_chunks


def diagnose(chunks: list[Chunk]) -> list[Story]:
    """All stories of a capture that ended."""
    pipeline = Pipeline()
    doctor = Doctor(pipeline.ends)
    for record in pipeline.run(ListSource(chunks)):
        doctor.take(record)
    doctor.finish()
    return doctor.stories()


def on_line(*units: list[At], station: Station | None = None) -> list[Story]:
    """The stories of APDUs on an HDLC line."""
    return diagnose(serial_chunks(on_hdlc(station or Station(), *units)))


def over_tcp(*units: list[At], last: Iterable[tuple[float, int, int]] = ()) -> list[Story]:
    """The stories of APDUs over TCP; *last* are segments without octets: seconds, side, flags."""
    return diagnose(tcp_chunks([each for unit in units for each in unit], last))


def named(stories: Iterable[Story]) -> list[tuple[str, str]]:
    """Code and cause of each."""
    return [(one.code, one.cause) for one in stories]
