"""Data and time: clocks against the capture's time, gaps in profiles, status flags, values of another type.

What an attribute tells is looked at each time where that is a time, a profile or what diagnoses learn from; of all
others the first answer is, for its type. Source: IEC 62056-6-2 (Clock, Profile generic, status words), IEC 62056-6-1.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from analyzer.cosem.classes import attribute_type, versions
from analyzer.cosem.datum import FLOATS, INTEGERS, STRINGS, Datum
from analyzer.cosem.shapes import shape_of
from analyzer.diagnosis.capture_clock import CAPTURE, CODE, Step, set_forward
from analyzer.diagnosis.clock_course import PushedWrong, Reading, Wrong, step_between
from analyzer.diagnosis.clocks import NEAR_S, clock_faults, has_problems, is_right, off_seconds, states_zone
from analyzer.diagnosis.family import Family, Look, severity_with
from analyzer.diagnosis.meter_facts import teaches
from analyzer.diagnosis.profile_faults import profile_faults
from analyzer.diagnosis.story import LIKELY, POSSIBLE, Alternative, Evidence, Fact, Stories
from analyzer.diagnosis.words import about, seconds
from analyzer.framing.frame import MBUS
from analyzer.record import APDU, PART, UNSOLICITED, Lane, Object, Objects, Record
from analyzer.tracking.attributes import Held
from analyzer.tracking.lessons import may_teach
from analyzer.tracking.meter import Meter
from analyzer.tracking.meter_key import MeterKey, meter_key
from dissectors.data_types import ARRAY, COMPACT_ARRAY, DONT_CARE, NULL, STRUCTURE, TAGS
from dissectors.tree import Severity

_CLOCK, _PROFILE = (8, 2), (7, 2)
_CAPTURE_OBJECTS, _CAPTURE_PERIOD = 3, 4
_LEARNT = frozenset({(7, _CAPTURE_OBJECTS), (7, _CAPTURE_PERIOD)})
_REGISTERS = frozenset({3, 4, 5})
_VALUE, _SCALER_UNIT = 2, 3
_TIME_SIZE, _ZONE_SIZE = 12, 3
_MOST_COURSES = 16
_CLOCK_READ = re.compile(rb"\xc4\x01.\0\x09\x0c.{12}\Z", re.DOTALL)
"""The usual answer: an octet-string of twelve."""
_MOST = 4096
_ENUM, _BOOLEAN = TAGS["enum"], TAGS["boolean"]
_BIT_STRING = TAGS["bit-string"]
_PUSH, _CONFIRMED, _INVOKE_ID = b"\x0f", 0x40, slice(2, 5)
_UI = 0x03
_AT_ONCE_NS = 10_000_000
_HEADER = "the time in the header of the push"
_UNSAID = Wrong(frozenset())


class DataFamily(Family):
    """What values say about a meter's clock, its profiles, and itself."""

    links = None
    directions = frozenset({UNSOLICITED})
    skips_usual = frozenset({APDU, PART})

    def __init__(self, stories: Stories) -> None:
        super().__init__(stories)
        self._told: dict[tuple[MeterKey, bytes, int], bytes] = {}
        """What meters told of their profiles: capture_objects and capture_period as Data, by attribute."""
        self._pushers: set[MeterKey] = set()
        self._pushed_wrong: dict[MeterKey, PushedWrong] = {}
        """By meter whose last push has a wrong time: those that are off by the same."""
        self._awaiting: dict[MeterKey, tuple[bytes, int, int | None, bool]] = {}
        """By meter: its last push that asks for a confirmation, its record and time, and whether such pushes count."""
        self._clocks: dict[MeterKey, Wrong] = {}
        """By meter: what was said of its clock since that was right; it is not said at every reading."""
        self._right: dict[Lane, tuple[int, bytes, int | None]] = {}
        """By lane: the newest clock that was right, as record number, date-time and when it was captured."""
        self._ahead_ns = 0
        """By so much the capture's clock was set forward meanwhile."""
        self._told_steps: set[Step] = set()
        self._typed: set[Objects] = set()
        """What is looked at each time and has been held to its type."""
        self._dull: dict[tuple[Meter, Objects], int] = {}
        """Short names of which nothing is to be learnt, and how often their meter had told names by then."""
        self._scaled: set[bytes] = set()
        self._registers: dict[bytes, Record] = {}

    def look(self, record: Record) -> None:
        """Look at a push."""
        if record.direction is UNSOLICITED:
            self._pushed(record)

    def answered(self, record: Record) -> Look | None:
        """Look at the values that an answer holds; of those that are watched, each time."""
        objects = record.objects
        if not objects[0].logical_name:
            self._short_named(record)
            return self._short_named
        if not any(_is_watched(one) for one in objects):
            self._first_of_all(record)
            return None
        if objects not in self._typed and len(self._typed) < _MOST:
            self._typed.add(objects)
            self._first_of_all(record)
        look = self._lesson if any(teaches(each) for each in objects) else self._watch
        if objects in _CLOCKS_ALONE:
            look = self._clock_alone
        look(record)
        return look

    def _short_named(self, record: Record) -> None:
        """Look at an answer about short names: what those stand for may be told by any of them."""
        if record.kind is PART:
            return
        short, meter = record.objects, self.meters.names_of(record)
        if self._dull.get((meter, short)) == meter.namings:
            return
        self.meters.learn_names(record)
        objects = Objects(one.object for one in self.meters.held(record))
        if objects not in self._typed and len(self._typed) < _MOST:
            self._typed.add(objects)
            self._first_of_all(record)
        self._lesson(record)
        if not any(one.logical_name and (may_teach(one) or teaches(one) or _is_watched(one)) for one in objects):
            if len(self._dull) >= _MOST:
                self._dull.clear()
            self._dull[meter, short] = meter.namings

    def _lesson(self, record: Record) -> None:
        """Take what an answer tells about the meter."""
        if record.kind is not PART:
            self.meters.learn(record)
            self._watch(record)

    def _clock_alone(self, record: Record) -> None:
        """Look at a clock; most are right."""
        apdu = record.apdu
        if (
            not self._ahead_ns
            and apdu is not None
            and _CLOCK_READ.match(apdu.octets)
            and is_right(apdu.octets[-_TIME_SIZE:], record.time_ns)
            and not (self._clocks and meter_key(record) in self._clocks)
        ):
            self._hold_right(record, apdu.octets[-_TIME_SIZE:])
            return
        self._watch(record)

    def _watch(self, record: Record) -> None:
        """Look at values that are no constants."""
        if record.kind is PART:
            return
        for held in self.meters.held(record):
            one = held.object
            kind = (one.class_id, one.attribute)
            if one.is_method or held.is_written:
                continue
            if kind == _CLOCK:
                self._clock(record, held)
            elif kind == _PROFILE:
                self._profile(record, held)
            elif kind in _LEARNT:
                if len(self._told) >= _MOST:
                    self._told.clear()
                self._told[meter_key(record), one.logical_name, one.attribute] = held.octets[held.start : held.end]

    # -- time -----------------------------------------------------------------------------------------------------

    def _clock(self, record: Record, held: Held) -> None:
        key = meter_key(record)
        if held.end - held.start != _TIME_SIZE + 2:  # an octet-string of twelve
            return
        octets, wrong = held.octets[held.end - _TIME_SIZE : held.end], self._clocks.get(key, _UNSAID)
        reading = self._reading(record, octets)
        before = wrong.last or self._read_right(record)
        if before is not None and reading is not None:
            step = step_between(before, reading, self.steps, self.associations)
            if step is not None:
                self._set_meanwhile(record, wrong, before, reading, step)
                wrong, reading = self._clocks.get(key, _UNSAID), self._reading(record, octets)
        course = None if reading is None or has_problems(octets) else (reading.off, octets[-_ZONE_SIZE:])
        if course in wrong.looked:
            self._clocks[key] = wrong.heard(wrong.codes, None, reading, self.stories)
            return
        found, drift = self._time(record, octets, about(held.object), wrong.codes)
        if not found:
            if wrong is not _UNSAID:
                wrong.right_again(record.number, self.stories)
                del self._clocks[key]
            if reading is not None:
                self._hold_right(record, octets)
            return
        if len(self._clocks) >= _MOST:
            self._clocks.clear()
        wrong = wrong.heard(found, drift, reading, self.stories)
        if course is not None and len(wrong.looked) < _MOST_COURSES:
            wrong = wrong._replace(looked=wrong.looked | {course})
        self._clocks[key] = wrong

    def _reading(self, record: Record, octets: bytes) -> Reading | None:
        return self._read_at(record.number, octets, self._captured_ns(record))

    def _read_at(self, number: int, octets: bytes, captured_ns: int | None) -> Reading | None:
        is_local = self.source is not None and self.source.has_local_times
        off = off_seconds(octets, captured_ns, is_local=is_local)
        return None if off is None else Reading(number, off, not is_local and states_zone(octets))

    def _captured_ns(self, record: Record) -> int | None:
        """Give when a record was captured, by the clock as it went before it was set."""
        return record.time_ns - self._ahead_ns if record.time_ns is not None else None

    def _hold_right(self, record: Record, octets: bytes) -> None:
        """Keep the date-time of a clock that was right; most are never asked for again."""
        if len(self._right) >= _MOST:
            self._right.clear()
        self._right[record.lane] = record.number, octets, self._captured_ns(record)

    def _read_right(self, record: Record) -> Reading | None:
        """Give the reading of the newest clock of this lane that was right."""
        before = self._right.get(record.lane)
        return self._read_at(*before) if before is not None else None

    def _set_meanwhile(self, record: Record, wrong: Wrong, before: Reading, now: Reading, step: Step) -> None:
        """Say that the capture's clock was set, as a meter's clock proves, and no longer hold it against meters'.

        Where it was set right, what was said of this meter's clock before is taken back.
        """
        key, moved = meter_key(record), before.off - now.off
        if abs(now.off) <= NEAR_S:
            if wrong.fact is not None:
                self.stories.take_back(wrong.fact)
            self._clocks.pop(key, None)
        else:
            self._ahead_ns += moved * 1_000_000_000
        if step.by_ns < 0 or step in self._told_steps:
            return  # that the time goes back is told
        self._told_steps.add(step)
        text = (
            f"its time is {seconds(step.by_ns)} after that of record {step.before}, and by the meter's clock, read in "
        )
        text += f"records {before.record} and {now.record}, it is {seconds(max(step.by_ns - moved * 10**9, 0))}"
        proof = Evidence(step.record, 0, 0, text)
        other = Alternative("clock-not-set", POSSIBLE, "the meter's clock may have been set in a pause as long")
        code = "capture-time-jumped"
        cause, others = set_forward(self.source, moved * 10**9, record.time_ns)
        severity = severity_with(code, cause)
        self.stories.add(Fact(code, severity, cause, LIKELY, proof, record.time_ns, CAPTURE, "", (*others, other)))

    def _pushed(self, record: Record) -> None:
        """Look at a push that is to be confirmed, and at the time in its header."""
        key = meter_key(record)
        self._confirmed(record, key)
        if key in self._pushers or len(self._pushers) >= _MOST:
            self._pushed_later(record, key)
            return
        self._pushers.add(key)
        apdu = record.assembled or record.apdu
        if apdu is None or apdu.entry is None or apdu.values is None or apdu.entry.family != "data-notification":
            return
        octets = apdu.values[apdu.entry.slots["date_time"]]
        if isinstance(octets, bytes) and len(octets) == _TIME_SIZE:
            _, drift = self._time(record, octets, _HEADER)
            reading, captured_ns = self._reading(record, octets), self._captured_ns(record)
            if drift is not None and reading is not None and captured_ns is not None:
                self._pushed_wrong[key] = PushedWrong(octets, reading.off, captured_ns, is_said=True)

    def _pushed_later(self, record: Record, key: MeterKey) -> None:
        """Look at the time of a further push: times that go on as the capture's are those of no pushes that waited."""
        apdu = record.assembled or record.apdu
        if apdu is None or apdu.octets[:1] != _PUSH or apdu.octets[5:6] != b"\x0c":
            return
        octets = apdu.octets[6 : 6 + _TIME_SIZE]
        if len(octets) < _TIME_SIZE:
            return
        captured_ns = self._captured_ns(record)
        is_local = self.source is not None and self.source.has_local_times
        if is_right(octets, captured_ns) or not any(
            one.code == "clock-drift" for one in clock_faults(octets, captured_ns, _HEADER, is_local=is_local)
        ):
            self._pushed_wrong.pop(key, None)
            return
        reading = self._reading(record, octets)
        if reading is None or captured_ns is None:
            return
        before = self._pushed_wrong.get(key)
        now = PushedWrong(octets, reading.off, captured_ns)
        if before is not None:
            now = before.further(now)
        if not now.is_said and now.is_of_a_clock(captured_ns):
            self._time(record, octets, _HEADER)
            now = now._replace(is_said=True)
        if len(self._pushed_wrong) >= _MOST:
            self._pushed_wrong.clear()
        self._pushed_wrong[key] = now

    def _confirmed(self, record: Record, key: MeterKey) -> None:
        """Report a push that comes again, service class and long-invoke-id as before: no confirmation arrived."""
        apdu = record.assembled or record.apdu
        if apdu is None or apdu.values is None or apdu.octets[:1] != _PUSH or not apdu.octets[1] & _CONFIRMED:
            return
        if record.link == MBUS or (record.control is not None and record.control & 0xEF == _UI):
            return  # what goes one way is never confirmed
        before = self._awaiting.get(key)
        if len(self._awaiting) >= _MOST:
            self._awaiting.clear()
        number = apdu.octets[_INVOKE_ID]
        # field: Aidon and Kaifa ask for a confirmation in every push, with long-invoke-id 0: equal values are no sign
        counts = before is not None and (before[3] or before[0][_INVOKE_ID] != number)
        self._awaiting[key] = (apdu.octets, record.number, record.time_ns, counts)
        if before is None or before[0] != apdu.octets or not counts or not any(number):
            return
        spent_ns = None if before[2] is None or record.time_ns is None else record.time_ns - before[2]
        if spent_ns is not None and spent_ns < _AT_ONCE_NS:
            return  # the capture has it twice
        after = f" after {seconds(spent_ns)}" if spent_ns is not None else ""
        text = f"the push of record {before[1]} comes again{after}: it asks for a confirmation, and the meter got none"
        self.report(record, "push-repeated", "push-not-confirmed", LIKELY, text)

    def _time(
        self, record: Record, octets: bytes, what: str, said: Collection[str] = ()
    ) -> tuple[frozenset[str], Fact | None]:
        """Report what is odd about a time, but for what was *said*. Returns the codes of all, and the drift told."""
        is_local = self.source is not None and self.source.has_local_times
        faults, drift = list(clock_faults(octets, self._captured_ns(record), what, is_local=is_local)), None
        for fault in faults:
            if fault.code in said:
                continue
            sure, others = fault.confidence, fault.alternatives
            if fault.code == "clock-drift" and (back := self._gone_back()):
                sure, others = POSSIBLE, (*others, back)
            fact = self.report(record, fault.code, fault.cause, sure, fault.text, alternatives=others)
            drift = fact if fault.code == "clock-drift" else drift
        return frozenset(fault.code for fault in faults), drift

    def _gone_back(self) -> Alternative | None:
        """Give what else a clock may be off by, where the times of the capture itself went back before."""
        back = [one for one in self.stories.of_lane(CAPTURE) if one.code == CODE]
        if not back:
            return None
        text = f"the times of the capture itself go back in record {back[0].records[0]}"
        return Alternative("capture-clock-set-back", POSSIBLE, text)

    # -- profiles -------------------------------------------------------------------------------------------------

    def _profile(self, record: Record, held: Held) -> None:
        key, name = meter_key(record), held.object.logical_name
        columns, period = (self._told.get((key, name, number)) for number in (_CAPTURE_OBJECTS, _CAPTURE_PERIOD))
        if columns is None:
            return
        for fault in profile_faults(columns, period, held):
            subject = f"{about(held.object)} {fault.subject}".strip()
            self.report(record, fault.code, fault.cause, fault.confidence, fault.text, subject=subject)

    # -- types ----------------------------------------------------------------------------------------------------

    def _first_of_all(self, record: Record) -> None:
        """Hold the first answer of an attribute to its type, and note whether registers get their scalers."""
        for held in self.meters.held(record):
            one = held.object
            if one.is_method or not one.logical_name:
                continue
            if one.class_id in _REGISTERS and one.attribute == _SCALER_UNIT:
                self._scaled.add(one.logical_name)
            elif one.class_id in _REGISTERS and one.attribute == _VALUE and len(self._registers) < _MOST:
                self._registers.setdefault(one.logical_name, record)
            self._type(record, held)

    def _type(self, record: Record, held: Held) -> None:
        one = held.object
        declared = attribute_type(one.class_id, one.attribute)
        if declared is None:
            return
        wanted = _sort_of_shape(shape_of(declared).kind)
        tag = held.octets[held.start] if held.start < held.end else NULL
        found = _sort_of(tag)
        if wanted and found and wanted != found and not _is_of_a_version(one, found):
            text = f"{about(one)} is {Datum(tag, None).type_name}, the class has {declared}"
            self.report(record, "value-out-of-type", "", LIKELY, text, subject=about(one))

    def finish(self) -> None:
        """Say which clocks are wrong to the end, and of which registers the capture does not tell scaler and unit."""
        for wrong in self._clocks.values():
            wrong.ended(self.stories)
        for name, record in self._registers.items():
            if name not in self._scaled:
                text = f"{about(Object(3, name, _VALUE))}: its scaler_unit is not in the capture"
                self.report(record, "scaler-unknown", "", LIKELY, text, severity=Severity.CHAT)


_CLOCKS_ALONE = frozenset({(Object(8, bytes.fromhex("0000010000FF"), 2),)})
"""What is asked for where the time is read and nothing else."""


def _is_watched(one: Object) -> bool:
    kind = (one.class_id, one.attribute)
    return not one.is_method and (kind in (_CLOCK, _PROFILE) or kind in _LEARNT or teaches(one))


def _is_of_a_version(one: Object, found: str) -> bool:
    """Tell whether any version of the class has an attribute of a sort: few meters say which version theirs is."""
    types = (attribute_type(one.class_id, one.attribute, version) for version in versions(one.class_id))
    return any(_sort_of_shape(shape_of(declared).kind) in ("", found) for declared in types if declared)


_SORTS = {"array": "array", "compact-array": "array", "structure": "structure", "bit-string": "bits"}
_STRINGS = frozenset({"octet-string", "visible-string", "utf8-string"})
_LOOSE = frozenset({"any", "or", "null-data", "dont-care", "date-time", "date", "time", "bcd"})


def _sort_of_shape(kind: str) -> str:
    """Tell what sort of value a type has; empty where any may be."""
    if kind in _LOOSE:
        return ""
    if kind in _SORTS:
        return _SORTS[kind]
    return "string" if kind in _STRINGS else "number"


def _sort_of(tag: int) -> str:
    """Tell what sort of value Data with a tag is; empty for none."""
    if tag in (NULL, DONT_CARE):
        return ""
    if tag in (ARRAY, COMPACT_ARRAY):
        return "array"
    if tag == STRUCTURE:
        return "structure"
    if tag in STRINGS:
        return "string"
    if tag == _BIT_STRING:
        return "bits"
    return "number" if tag in INTEGERS or tag in FLOATS or tag in (_BOOLEAN, _ENUM) else ""
