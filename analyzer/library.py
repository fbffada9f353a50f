"""Captures as Python objects: ``import analyzer`` gives what stands in ``__all__`` here.

A trace makes of octets what the commands make of them: records, values, trees, JSON, stories, checks and tables.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from io import IOBase, TextIOBase
from pathlib import Path
from string import hexdigits
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Self

from analyzer.detail import detail
from analyzer.export.inputs import json_writer, namer
from analyzer.export.stories import text_lines
from analyzer.export.summary import summary
from analyzer.export.text import TextLines
from analyzer.filter import FilterError, compile_filter
from analyzer.index.filtering import Chooser
from analyzer.security.keyring import Keyring, KeyringError, Meter
from analyzer.security.keyring_file import meters_of, read_keyring
from analyzer.session import Session
from analyzer.stacks import holds_octets
from captures import open_source, source_from_hex, source_from_memory
from captures.chunk import CaptureError, DlmsharkError, Source
from captures.merged import MergedSource
from captures.pieces import Pieces

if TYPE_CHECKING:
    import polars

    from analyzer.diagnosis.audit.audit import Row
    from analyzer.diagnosis.story import Story
    from analyzer.record import Record
    from analyzer.tracking.values import Value
    from dissectors.tree import Node

__all__ = ["CaptureError", "DlmsharkError", "FilterError", "KeyringError", "Trace", "decode", "open"]

Name = str | os.PathLike[str]
_Key = Name | Mapping[str, Any] | Keyring
Keys = _Key | Sequence[_Key] | None
"""A keyring file, or single keys by role: ``{"guek": "000102…", "gak@4D4D4D0000BC614E": bytes(16)}``; or several.

With the members of a ``[[meter]]`` among them, it is one: ``{"client_title": "4D4D4D0000000001", "guek": "000102…"}``.
"""


def open(
    *names: Name | IO[bytes], keys: Keys = (), decode_as: Mapping[str, str] | None = None, where: str | None = None
) -> Trace:  # fmt: skip
    """Open captures, several joined by time; ``"-"`` is standard input. A binary file is read to its end at once.

    *keys* open what is protected (none is taken from the environment), *decode_as* forces stacks
    (``{"tcp.port==5000": "hdlc"}``), and only records that pass the filter *where* are given.

    Raises: CaptureError, KeyringError, FilterError; ValueError for a selector or a stack that there is not.
    """
    if not names:
        raise TypeError("open() takes the names of captures")
    sources: list[Source] = []
    try:
        sources += (_source(name, holds_octets=holds_octets(decode_as)) for name in names)
        return Trace(sources[0] if len(sources) == 1 else MergedSource(sources), keys, decode_as, where)
    except BaseException:
        for source in sources:
            source.close()
        raise


def _are_pieces(given: object) -> bool:
    if isinstance(given, list | tuple):
        return bool(given) and all(isinstance(one, bytes | bytearray | memoryview) for one in given)
    return isinstance(given, Iterator) and not hasattr(given, "read")  # files have lines


def _source(name: object, *, holds_octets: bool) -> Source:
    """Open the capture *name*, or what a binary file holds from where it stands."""
    if isinstance(name, str | os.PathLike):
        return open_source(os.fsdecode(name), holds_octets=holds_octets)
    octets = name.read() if hasattr(name, "read") and not isinstance(name, TextIOBase) else None
    if not isinstance(octets, bytes):
        raise TypeError(
            "open() takes names of captures and files opened as binary, each by itself, "
            f"not {type(name).__name__}; decode() takes octets"
        )
    named = getattr(name, "name", None)
    label = named if isinstance(named, str) else "memory"
    if not octets and isinstance(name, IOBase) and name.seekable() and name.tell():
        raise CaptureError(f"{label}: stands at its end; seek(0) goes back to its beginning")
    return source_from_memory(label, octets, holds_octets=holds_octets)


def decode(
    octets: str | bytes | Iterable[bytes], *, keys: Keys = (), decode_as: Mapping[str, str] | None = None,
    where: str | None = None,
) -> Trace:  # fmt: skip
    """Decode octets, or hex with a frame a line, as ``dlmshark decode --hex`` does. Raises: as `open`.

    Of an iterable they are taken piece by piece: what a program receives is decoded as it comes, with the time then.
    """
    if not isinstance(octets, str | bytes) and _are_pieces(octets):
        return Trace(Pieces(octets), keys, decode_as, where)
    if not isinstance(octets, str | bytes | bytearray | memoryview):
        raise TypeError(
            f"decode() takes octets or hex, not {type(octets).__name__}; open() takes the name of a capture"
        )
    try:
        source = source_from_hex(octets if isinstance(octets, str) else octets.hex())
    except CaptureError as problem:
        raise CaptureError(str(problem).removeprefix("--hex: ")) from None
    return Trace(source, keys, decode_as, where)


class Trace:
    """What stands in *source*. Iterating gives its records; each pass reads a file anew, and ends the one before.

    Values are given with all that was read by then: iterate first, or ask while iterating.

    Raises: ValueError where records are asked for after `close`, RuntimeError of a pass after which another began, and
    of a second one over a pipe.
    """

    def __init__(
        self, source: Source, keys: Keys = (), decode_as: Mapping[str, str] | None = None, where: str | None = None
    ) -> None:
        if decode_as is not None and not isinstance(decode_as, Mapping):
            raise TypeError('decode_as takes stacks by selector, such as {"tcp.port==5000": "hdlc"}')
        if not isinstance(where, str | None):
            raise TypeError(f"where takes the text of a filter, such as 'get && verified', not {type(where).__name__}")
        self._keys = keyring(keys)
        self._stacks = dict(decode_as or {})
        self._filter = compile_filter(where, utc=source.has_local_times) if where and where.strip() else None
        self._session = Session(source, self._stacks, self._keys)
        self._is_begun = self._is_closed = False

    def __repr__(self) -> str:
        return f"<Trace {self.source.name}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Give the input back: what was read can still be shown. A second call does nothing."""
        self._is_closed = True
        self._session.close()
        self._session.source.close()

    @property
    def source(self) -> Source:
        """What is read: ``name``, ``remarks``, ``comments`` of packets, ``time_digits``."""
        return self._session.source

    @property
    def left_aside(self) -> dict[str, int]:
        """Packets that are none of ours, by protocol, as far as was read."""
        return dict(self._session.pipeline.left_aside)

    def __iter__(self) -> Iterator[Record]:
        session = self._begin()
        return self._given(session, filter(self._passes(session), session.records()))

    def values(self, record: Record) -> list[Value]:
        """Give the values in *record* with names, scalers and units; it gets the notes about them."""
        return self._session.values(_record(record))

    def summary(self, record: Record) -> str:
        """Say in one line what *record* carries: ``GET response · 1-0:1.8.0*255 … · 74565.120 kWh``."""
        return summary(record, self.values(record))

    def tree(self, record: Record) -> list[Node]:
        """Give the trees of *record*, outermost first: each node has a name, a text and its range in bits."""
        return list(detail(record, self.values(record)))

    def json(self, record: Record, *, layers: bool = False) -> dict[str, Any]:
        """Give *record* with the members of a line of ``decode --json``, with *layers* its trees among them.

        Numbers with a fraction are ``Decimal``, times among them: a float lacks the digits of nanoseconds.
        """
        write = json_writer(self.source, self.values, {}, lambda lines: lines.line, layers=layers)
        found: dict[str, Any] = json.loads(write(_record(record)), parse_float=Decimal)
        return found

    def text(self, shown: Record | Story, *, tree: bool = False, octets: bool = False) -> str:
        """Write a record as ``decode`` does, or a story as ``doctor`` does."""
        from analyzer.diagnosis.story import Story

        digits, utc = self.source.time_digits, self.source.has_local_times
        if isinstance(shown, Story):
            return "\n".join(text_lines(1, shown, digits, utc=utc)).strip().removeprefix("1. ")
        lines = TextLines(lambda: digits, tree=tree, octets=octets, utc=utc, values=self._session.values)
        return lines.line(_record(shown, "a record or a story"))

    def stories(self) -> list[Story]:
        """Tell what went wrong, worst first: ``code``, ``cause``, ``confidence``, ``records``, ``evidence``.

        Where a filter was given, of the records that pass; all are looked at.
        """
        from analyzer.diagnosis.doctor import Doctor

        session = self._begin()
        doctor, passing = Doctor(session.pipeline.ends, session.source), self._passing()
        doctor.take_all(session.examined(self._passes(session), passing))
        doctor.finish(session.pipeline.left_aside, session.pipeline.connections)
        return [one for one in doctor.stories() if passing is None or one.is_about(passing)]

    def checks(self) -> list[Row]:
        """Give the checks of conformance and security: ``check.name``, ``verdict``, ``text``, ``records``."""
        from analyzer.diagnosis.audit.audit import Audit

        session = self._begin()
        passing = self._passing()
        audit = Audit(session.pipeline.ends, self._keys, passing, session.source)
        audit.take_all(session.examined(self._passes(session), passing))
        audit.finish()
        return list(audit.rows())

    def table(self, name: str = "records") -> polars.DataFrame:
        """Give ``records``, ``readings`` or ``notes`` with the columns that ``batch`` writes."""
        from analyzer.batch.frames import TABLES, frame_of
        from analyzer.batch.task import cells_of, rows_of

        if name not in TABLES:
            raise ValueError(f"{name}: one of {', '.join(TABLES)} was expected")
        session = self._begin()
        session.learn_all()
        records = filter(self._passes(session), session.noted())
        source = session.source
        named = namer(source, source.name)
        return frame_of(
            name,
            (
                cells
                for record, row in rows_of(records)
                for cells in cells_of(name, named(record), record, row, session.model, source.time_digits)
            ),
        )

    def _begin(self) -> Session:
        """Begin a pass. Raises: RuntimeError where the input was read and cannot be read again."""
        self._check_open()
        if self._is_begun:
            again = self.source.again
            if again is None:
                raise RuntimeError(f"{self.source.name}: can be read only once")
            self._session.close()
            self._session.source.close()
            self._session = self._session.over(again())
        self._is_begun = True
        return self._session

    def _check_open(self) -> None:
        if self._is_closed:
            raise ValueError(f"{self.source.name}: the trace was closed")

    def _given(self, session: Session, records: Iterator[Record]) -> Iterator[Record]:
        """Give *records* as long as this is the last pass: of what was closed beneath it a part would be left."""
        for record in records:
            self._check_last(session)
            yield record
        self._check_last(session)

    def _check_last(self, session: Session) -> None:
        self._check_open()
        if self._session is not session:
            raise RuntimeError(f"{self.source.name}: another pass began")

    def _passes(self, session: Session) -> Callable[[Record], bool] | None:
        """Give what tells whether a record passes; None where all do."""
        return None if self._filter is None else Chooser(self._filter, session.values, session.followers).passes

    def _passing(self) -> set[int] | None:
        """Give what takes the numbers of those that pass; None where all do."""
        return None if self._filter is None else set()


def _record(given: object, expected: str = "a record") -> Record:
    """Give *given* as it is. Raises: TypeError where it is no record."""
    from analyzer.record import Record

    if not isinstance(given, Record):
        raise TypeError(f"{expected} was expected, not {type(given).__name__}")
    return given


def keyring(keys: Keys) -> Keyring | None:
    """Make one keyring; None where there are no keys. Raises: KeyringError."""
    made = Keyring()
    for one in _each(keys):
        for meter in _meters(one):
            made.add(meter)
    return made if made.meters else None


def _each(keys: Keys) -> Iterable[object]:
    if keys is None or isinstance(keys, str | Mapping) or not isinstance(keys, Iterable):
        return () if keys is None else (keys,)
    return keys


def _meters(one: object) -> list[Meter]:
    if isinstance(one, Keyring):
        return one.meters
    if isinstance(one, Mapping):
        return meters_of(one)
    name = os.fspath(one) if isinstance(one, str | os.PathLike) else ""
    if not os.path.isfile(name) and (not name or "=" in name or not name.strip(f"{hexdigits} :-")):  # it may be a key
        raise KeyringError('keys: the name of a keyring file was expected, or keys by role: {"guek": "000102…"}')
    return read_keyring(Path(os.path.expanduser(name)))
