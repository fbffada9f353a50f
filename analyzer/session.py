"""One capture as its front ends want it: records in order, and the values in them with all that the capture teaches.

What is learnt serves the whole capture. A file is read ahead only where a value lacks its scaling and the file may hold
it further on; pipes are read once, and their records shown with what is known then.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from analyzer.pipeline import Pipeline
from analyzer.record import Object, Record
from analyzer.tracking.knowledge import Knowledge
from analyzer.tracking.object_model import MeterKey, ObjectModel, meter_key
from analyzer.tracking.protection import Protection
from analyzer.tracking.values import Value, is_known, lacking, values_of
from captures.chunk import Source

if TYPE_CHECKING:
    from analyzer.security.keyring import Keyring

_BY_SHORT_NAME = 12
"""The class whose object list is read by a short name: no logical name stands in the request."""


class Session:
    """Reads one source. *keys* open what is protected; *learns* says whether values are asked for at all."""

    def __init__(
        self, source: Source, decode_as: dict[str, str] | None = None, keys: Keyring | None = None, *,
        learns: bool = True,
    ) -> None:  # fmt: skip
        self.source = source
        self.model = ObjectModel()
        self._keys = keys
        self._decode_as = decode_as
        self.pipeline = self._pipeline()
        self._learns = learns
        self._ahead: _Ahead | None = None
        self._has_learnt = False
        self._told: Knowledge | None = None

    def _pipeline(self) -> Pipeline:
        """Make what reads the source once; a file teaches all its system titles, for it can be read again."""
        if self._keys is None:
            return Pipeline(self._decode_as)
        knowledge = Knowledge(self._titles if self.source.again is not None else None)
        return Pipeline(self._decode_as, Protection(self._keys, knowledge))

    def _titles(self) -> Knowledge:
        """Read the whole source, once, for the system titles in it."""
        assert self._keys is not None
        if self._told is None:
            learning = Protection(self._keys)
            self._told = learning.knowledge
            if self.source.again is not None:
                with self.source.again() as source:
                    for _ in Pipeline(self._decode_as, learning).run(source):
                        pass
        return self._told

    def records(self) -> Iterator[Record]:
        """Yield the records of the source, each once it is complete."""
        records = self.pipeline.run(self.source, waits=not self.source.is_live)
        if not self._learns:
            yield from records
            return
        learn = self.model.learn
        for record in records:
            if record.objects:
                learn(record)
            yield record

    def learn_all(self) -> None:
        """Learn from the whole source before its records are asked for, where it can be read twice."""
        if self.source.again is not None:
            with self.source.again() as source:
                for record in self._pipeline().run(source):
                    if record.objects:
                        self.model.learn(record)
            self._has_learnt = True

    def values(self, record: Record) -> list[Value]:
        """Give the values of *record*."""
        self.seek_for(record)
        return values_of(record, self.model)

    def seek_for(self, record: Record) -> None:
        """Read ahead for what gives meaning to the values of *record*."""
        if record.objects:
            for one in lacking(record, self.model):
                self.seek(meter_key(record), one)

    def seek(self, key: MeterKey, lack: Object) -> None:
        """Read ahead for the value of *lack*, an attribute of the meter *key*."""
        if self._ahead is None:
            if self.source.again is None or self._has_learnt:
                return
            self._ahead = _Ahead(self.source.again(), self._pipeline(), self.model, is_open=self._keys is None)
        self._ahead.seek(key, lack)

    def close(self) -> None:
        """Give back what was opened to read ahead."""
        if self._ahead is not None:
            self._ahead.source.close()


class _Ahead:
    """A second reading of the source, as far ahead as what is missing lies."""

    def __init__(self, source: Source, pipeline: Pipeline, model: ObjectModel, *, is_open: bool) -> None:
        self.source = source
        self._model = model
        self._records = pipeline.run(source)
        self._is_open = is_open
        """Whether requests stand in the source as they are, and not under a key."""
        self._is_over = False
        self._sought: dict[Object, bool] = {}

    def seek(self, key: MeterKey, lack: Object) -> None:
        """Read on until *lack* is known, or to the end."""
        if self._is_over or not self._may_come(lack):
            return
        meter = self._model.meter_at(key)
        learn = self._model.learn
        for record in self._records:
            if record.objects:
                learn(record)
                if is_known(meter, lack):
                    return
        self._is_over = True

    def _may_come(self, lack: Object) -> bool:
        """Tell whether the source may hold a request for *lack*; most is never asked for."""
        known = self._sought.get(lack)
        if known is None:
            octets = lack.class_id.to_bytes(2, "big") + lack.logical_name + lack.attribute.to_bytes(1, "big")
            is_hidden = not self._is_open or lack.class_id == _BY_SHORT_NAME
            known = self._sought[lack] = is_hidden or self.source.may_hold(octets)
        return known
