"""The program that indexes: reads one request on its stdin, writes an index, and a line on stdout after every batch.

A process of its own, so that who shows the rows is never held up. Its requests come from the product alone.
"""

from __future__ import annotations

import base64
import gc
import json
import os
import pickle
import sys
import zlib
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from threading import Event, Thread
from time import monotonic
from typing import TYPE_CHECKING, Any, cast

from analyzer.index.request import Request, receive

if TYPE_CHECKING:
    from analyzer.diagnosis.doctor import Doctor
    from analyzer.index.indexing import Told
    from captures.chunk import Source
    from captures.growing import GrowingInput


_STORIES_EVERY_S = 2.0
_NICENESS = 5
"""Of every pass: whoever presses keys meanwhile comes first."""


def main() -> int:
    """Run as a program."""
    import dissectors

    dissectors.makes_packets = False
    _load()
    try:
        request = cast(Request, receive(0))
    except EOFError:  # who began this process had nothing to ask
        return 1
    if request.stdin >= 0:
        os.dup2(request.stdin, 0)
    with suppress(AttributeError, OSError):  # no such thing on Windows
        os.nice(_NICENESS)
    gc.freeze()
    gc.set_threshold(200_000, 50, 100)
    from captures.chunk import DlmsharkError

    try:
        _index(request)
    except DlmsharkError as problem:
        _say({"error": str(problem)})
        return 1
    except BrokenPipeError:  # nobody waits for it any more
        return 1
    return 0


def _load() -> None:
    """Load what the pass needs while its request is on the way."""
    import analyzer.diagnosis.doctor
    import analyzer.index.indexing
    import analyzer.session  # noqa: F401


def _index(request: Request) -> None:
    from analyzer.diagnosis.doctor import Doctor
    from analyzer.index import saved
    from analyzer.index.file import IndexWriter
    from analyzer.index.indexing import Indexing
    from analyzer.index.watched import Watched
    from analyzer.record import End
    from analyzer.session import Session

    growing = None
    if request.is_live:
        source, growing = followed(request.inputs)
    else:
        source = opened(request.inputs, request.decode_as)
    with source:
        watched = Watched(source, growing)
        session = Session(watched, request.decode_as, request.keys, learns=request.wants_rows)
        ends = deque[End]() if request.wants_rows else session.pipeline.ends
        doctor = Doctor(ends, source)
        if request.wants_rows:
            with saved.open_part(request.path) as file:
                _say({"begun": True})
                writer = IndexWriter(file)
                if request.is_kept:
                    writer.say(made_of=saved.fingerprint(request.inputs, request.keys, request.decode_as))
                live = _LiveTelling(source, doctor) if request.is_live else None
                tell, idle = (live.tell, live.rest) if live is not None else (_tell, None)
                Indexing(session, watched, writer, tell, (doctor.take,), ends, idle).run()
            if request.is_kept:
                try:
                    with saved.nothing_left_of(request.path):
                        saved.finish(request.path, writer.end)
                except OSError as problem:
                    source.remark("index-not-kept", saved.not_kept(problem))
        else:
            for record in session.records():
                doctor.take(record)
        doctor.finish(session.pipeline.left_aside, session.pipeline.connections)
        _say_stories(source, doctor)


def _say_stories(source: Source, doctor: Doctor) -> None:
    remarks = [[part.name, remark.text] for part in source.parts for remark in part.remarks]
    stories = zlib.compress(pickle.dumps(doctor.stories()), level=1)
    _say({"remarks": remarks, "stories": base64.b64encode(stories).decode()})


class _LiveTelling:
    """Tells of batches, and now and then of the stories so far: nobody knows when a recording ends."""

    def __init__(self, source: Source, doctor: Doctor) -> None:
        self._source, self._doctor = source, doctor
        self._said = 0.0
        self._is_behind = False
        """Whether records came since the stories were said."""

    def tell(self, told: Told) -> None:
        """Tell of a batch."""
        _tell(told)
        self._is_behind = True
        self.rest()

    def rest(self) -> None:
        """Say the stories where they may be others, also after the last octets before a silence."""
        if self._is_behind and monotonic() - self._said > _STORIES_EVERY_S:
            self._said, self._is_behind = monotonic(), False
            _say_stories(self._source, self._doctor)


def opened(inputs: Sequence[str], decode_as: Mapping[str, str] | None) -> Source:
    """Open the *inputs*, read as *decode_as* says; several are joined by time. Raises: CaptureError."""
    from analyzer.stacks import holds_octets
    from captures import open_source
    from captures.merged import MergedSource, opening

    opens = partial(open_source, holds_octets=holds_octets(decode_as))
    if len(inputs) == 1:
        return opens(inputs[0])
    with opening(len(inputs)):
        return MergedSource(list(map(opens, inputs)))


def followed(paths: Sequence[str]) -> tuple[Source, GrowingInput]:
    """Open the files of a recording that grows; stdin names those that come, and ends with it. Raises: CaptureError."""
    from captures.growing import open_growing

    known, is_over = list(paths), Event()

    def listen() -> None:
        while line := sys.stdin.buffer.readline():
            known.append(json.loads(line))
        is_over.set()

    Thread(target=listen, daemon=True).start()
    return open_growing(known, is_over.is_set)


def _tell(told: Told) -> None:
    _say({"told": told})


def _say(members: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(members) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
