"""One capture as its front ends want it: records in order, and the values in them with all that the capture teaches.

What is learnt serves the whole capture. A file is read ahead only where a value lacks its scaling, or a short name its
object, and the file may hold it further on; pipes are read once, and their records shown with what is known then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from analyzer.ahead import Ahead
from analyzer.pipeline import Pipeline
from analyzer.record import MESSAGE, REQUEST, Objects, Record
from analyzer.stacks import decode_as as read_choices
from analyzer.tracking.knowledge import Knowledge
from analyzer.tracking.meter import Meter
from analyzer.tracking.meter_key import meter_key
from analyzer.tracking.object_model import ObjectModel
from analyzer.tracking.plans import PUSH
from analyzer.tracking.value_notes import may_be_odd, noted_values
from analyzer.tracking.value_plans import Plan, plan_of
from analyzer.tracking.values import Value, lacking, may_have_values
from captures.chunk import PACKET, CaptureError, Source

if TYPE_CHECKING:
    from analyzer.security.keyring import Keyring


class Session:
    """Reads one source. *keys* open what is protected; *learns* says whether values are asked for at all.

    Raises: ValueError where *decode_as*, stacks by selector, has another selector or stack than there are.
    """

    def __init__(
        self, source: Source, decode_as: dict[str, str] | None = None, keys: Keyring | None = None, *,
        learns: bool = True,
    ) -> None:  # fmt: skip
        if decode_as:
            decode_as = read_choices([f"{selector},{stack}" for selector, stack in decode_as.items()])
        self.source = source
        self._is_begun = False
        self.model = ObjectModel()
        self._keys = keys
        self._decode_as = decode_as
        self.pipeline = self._pipeline()
        self._learns = learns
        self._ahead: Ahead | None = None
        self._has_learnt = False
        self._told: Knowledge | None = None
        self.followers: list[Callable[[Record], object]] = []
        """Are shown each record before whoever asked for the records gets it: what asks for those before one."""

    def _pipeline(self) -> Pipeline:
        """Make what reads the source once; a file teaches all its system titles, for it can be read again."""
        if self._keys is None:
            return Pipeline(self._decode_as)
        from analyzer.tracking.protection import Protection  # takes as long as a thousand packets

        knowledge = Knowledge(self._titles if self.source.again is not None else None)
        return Pipeline(self._decode_as, Protection(self._keys, knowledge))

    def _titles(self) -> Knowledge:
        """Read the whole source, once, for the system titles in it."""
        assert self._keys is not None
        if self._told is None:
            from analyzer.tracking.protection import Protection

            learning = Protection(self._keys)
            self._told = learning.knowledge
            if self.source.again is not None:
                try:
                    with self.source.again() as source:
                        for _ in Pipeline(self._decode_as, learning).run(source):
                            pass
                except CaptureError as problem:
                    self._lost(problem)
        return self._told

    @property
    def has_keys(self) -> bool:
        """Whether there are keys to open what is protected."""
        return self._keys is not None

    def records(self) -> Iterator[Record]:
        """Yield the records of the source, each once it is complete. Raises: RuntimeError the second time."""
        if self._is_begun:
            raise RuntimeError("a session reads its source once: open the source again, and make another session of it")
        self._is_begun = True
        records = self.pipeline.run(self.source, waits=not self.source.is_live)
        if self._learns:
            self._ahead = Ahead(records, self.model, self._second, self.source.may_hold, is_open=self._keys is None)
            records = self._ahead.records()
        return self._followed(records) if self.followers else records

    def _followed(self, records: Iterator[Record]) -> Iterator[Record]:
        for record in records:
            for follow in self.followers:
                follow(record)
            yield record

    def _lost(self, problem: CaptureError) -> None:
        """Say that the source cannot be opened again: it was removed, or too many files are open."""
        self.source.remark("not-read-twice", f"cannot be read a second time for what is said later in it: {problem}")

    def _second(self) -> tuple[Source, Pipeline]:
        """Open the source a second time."""
        assert self.source.again is not None
        return self.source.again(), self._pipeline()

    def over(self, source: Source) -> Session:
        """Begin anew over *source*, which is that of this session opened again."""
        return Session(source, self._decode_as, self._keys, learns=self._learns)

    def learn_all(self) -> None:
        """Learn from the whole source before its records are asked for, where it can be read twice."""
        if self.source.again is not None:
            with self.source.again() as source:
                for record in self._pipeline().run(source):
                    self.model.learn(record)
            self._has_learnt = True

    def values(self, record: Record) -> list[Value]:
        """Give the values of *record*, which gets the notes about them, and the model that names its objects."""
        record.model = self.model
        plan = plan_of(record) if record.direction != REQUEST else None
        if plan is not None:
            values = plan.values(record, self._taught(record, plan))
            return noted_values(record, self.model) if values is None else values
        apdu = record.assembled or record.apdu
        if apdu is not None and record.kind != MESSAGE and not may_have_values(apdu):
            if record.objects and not record.objects[0].logical_name:
                self.seek_for(record)  # for its name
            return []
        self.seek_for(record)
        return noted_values(record, self.model)

    def shown(self, record: Record, plan: Plan) -> Value | str | None:
        """Give the value of a usual answer, whose objects have *plan*, of a scaled number its text alone.

        None where there is no value, or it takes more.
        """
        meter = self.model.meter_of(record)
        if plan.lack is not None and plan.is_lacking(meter):
            meter = self._taught(record, plan)
        return plan.shown(record, meter)

    def _taught(self, record: Record, plan: Plan) -> Meter:
        """Give the meter of a usual answer, once what explains the value is known, or can come no more."""
        meter = self.model.meter_of(record)
        lack = plan.lack
        if lack is not None and plan.is_lacking(meter) and record.packets[-1] <= meter.sought.get(lack, PACKET):
            self.seek_for(record)
            meter = self.model.meter_of(record)
        return meter

    def objects(self, record: Record) -> Objects:
        """Give what *record* is about: for short names what they stand for, as far as the capture tells."""
        if record.objects and not record.objects[0].logical_name:
            self.seek_for(record)
        return self.model.objects_of(record)

    def noted(self, records: Iterable[Record] | None = None) -> Iterator[Record]:
        """Yield the records of the source, or those *records* of them, each with the notes about its values."""
        for record in self.records() if records is None else records:
            if may_be_odd(record, self.model):
                self.values(record)
            yield record

    def examined(self, passes: Callable[[Record], bool] | None, passing: set[int] | None) -> Iterator[Record]:
        """Yield all records, and put the numbers of those that pass into *passing* once they were looked at.

        Those that do not pass are among them: a cause may stand before what is asked for.
        """
        records = self.records()
        return records if passes is None or passing is None else _choosing(records, passes, passing)

    def seek_for(self, record: Record) -> None:
        """Read ahead for what gives meaning to the values of *record*."""
        objects, apdu = record.objects, record.assembled or record.apdu
        if not objects and (apdu is None or apdu.family != PUSH):
            return
        if self._ahead is not None and self.source.again is not None and not self._has_learnt:
            try:
                key, lacks = meter_key(record), lacking(record, self.model)
                for one in lacks:
                    self._ahead.seek(key, one, record.packets[-1])
                if lacks and not (objects and objects[0].logical_name):  # what that names may lack something in turn
                    for one in lacking(record, self.model):
                        self._ahead.seek(key, one, record.packets[-1])
            except CaptureError as problem:
                self._has_learnt = True  # all that can be
                self._lost(problem)

    def close(self) -> None:
        """Give back what was opened to read ahead."""
        if self._ahead is not None:
            self._ahead.close()


def _choosing(records: Iterator[Record], passes: Callable[[Record], bool], passing: set[int]) -> Iterator[Record]:
    for record in records:
        yield record
        if passes(record):
            passing.add(record.number)
