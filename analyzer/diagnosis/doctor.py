"""Records to stories: what went wrong, where, why as far as the octets tell, and what to try. One pass, bounded.

The doctor only routes: which records and notes a family of diagnoses is given says the family itself.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from analyzer.diagnosis.association import AssociationFamily
from analyzer.diagnosis.capture_clock import CaptureClock
from analyzer.diagnosis.carrier import CarrierFamily, tell_attempts, tell_carriers
from analyzer.diagnosis.chains import Chains, sorted_roots
from analyzer.diagnosis.damage import DamageFamily
from analyzer.diagnosis.data import DataFamily
from analyzer.diagnosis.family import FRAMES, Family, Look
from analyzer.diagnosis.foreign import ForeignFamily
from analyzer.diagnosis.hidden import HiddenFamily
from analyzer.diagnosis.link import LinkFamily
from analyzer.diagnosis.malformed import MalformedFamily
from analyzer.diagnosis.mbus import MbusFamily
from analyzer.diagnosis.meter_facts import MeterFacts
from analyzer.diagnosis.missing_checks import MissingCheckFamily
from analyzer.diagnosis.mode_c import ModeCFamily
from analyzer.diagnosis.reaction import ReactionFamily
from analyzer.diagnosis.refused_in_part import RefusedInPartFamily
from analyzer.diagnosis.service import ServiceFamily
from analyzer.diagnosis.story import Stories, Story
from analyzer.diagnosis.telegram import TelegramFamily
from analyzer.diagnosis.timing import TimingFamily
from analyzer.diagnosis.usual_frames import UsualFrames
from analyzer.diagnosis.wrapper import WrapperFamily
from analyzer.record import NOISE, PART, REQUEST, RESPONSE, End, Lane, Objects, Record
from analyzer.tracking.associations import Associations, Event
from analyzer.tracking.connections import Attempt
from captures.chunk import Source
from dissectors.tree import Note, Severity

FAMILIES: tuple[type[Family], ...] = (
    HiddenFamily, RefusedInPartFamily, CarrierFamily, ForeignFamily, WrapperFamily, MbusFamily, TelegramFamily,
    MissingCheckFamily, ModeCFamily, DamageFamily, MalformedFamily, LinkFamily, DataFamily, AssociationFamily,
    ServiceFamily, TimingFamily, ReactionFamily,
)  # fmt: skip
"""What looks at records, in this order: what lies lower comes first."""
_MOST_LANES = 16384


class _Watched(NamedTuple):
    """That every answer about some objects is looked at in the capture of *token*: by the watchers at a place.

    Objects outlive their capture, so this holds nothing of it.
    """

    token: object
    place: int


class _Looks(dict[tuple[str, str, str], tuple[Look, ...]]):
    """Who looks at records, by direction, link and kind: the families that say so."""

    def __init__(self, families: Iterable[Family]) -> None:
        super().__init__()
        self._families = families

    def __missing__(self, sort: tuple[str, str, str]) -> tuple[Look, ...]:
        direction, link, kind = sort
        found = self[sort] = tuple(
            one.look
            for one in self._families
            if (one.links is None or link in one.links)
            and (one.directions is None or direction in one.directions)
            and (one.kinds is None or kind in one.kinds)
        )
        return found


class _UsualLooks(dict[str, dict[str, tuple[Look, ...]]]):
    """Who looks at usual records, which are asked or answered, by link and kind."""

    def __init__(self, families: Iterable[Family]) -> None:
        super().__init__()
        self._families = [one for one in families if one.directions is None or one.directions & {REQUEST, RESPONSE}]

    def __missing__(self, link: str) -> dict[str, tuple[Look, ...]]:
        found = self[link] = {
            kind: tuple(
                one.look
                for one in self._families
                if (one.links is None or link in one.links)
                and (one.kinds is None or kind in one.kinds)
                and kind not in one.skips_usual
            )
            for kind in FRAMES
        }
        return found


def _usual_frames(families: Iterable[Family]) -> Iterator[Family]:
    """Give what looks at usual HDLC frames instead of those of *families* that remember frames."""
    found = {type(one): one for one in families}
    damage, link = found[DamageFamily], found[LinkFamily]
    if isinstance(damage, DamageFamily) and isinstance(link, LinkFamily):
        yield UsualFrames(damage, link)


class Doctor:
    """Takes records in order; *stories* are what it has to say, at any time.

    *ends* are those of connections, as a pipeline tells them; the doctor takes them out. *source* tells whether its
    times name a zone.
    """

    def __init__(self, ends: deque[End] | None = None, source: Source | None = None) -> None:
        self.associations = Associations()
        self._stories = Stories()
        self._ends = ends if ends is not None else deque()
        self._chains = Chains()
        self.meters = MeterFacts()
        """What the answers of meters told about them."""
        self._token = self.meters.token
        self._sound: dict[Lane, Record] = {}
        """By lane: the newest record of a unit that nothing explained away."""
        self._watchers: list[tuple[Look, ...]] = []
        """Who looks at every answer about some objects; the same few look at many."""
        self._clock = CaptureClock(self._stories, source)
        self._families = [make(self._stories) for make in FAMILIES]
        for one in (*self._families, plain := Family(self._stories)):
            one.associations, one.chains, one.meters = self.associations, self._chains, self.meters
            one.sound, one.source, one.steps = self._sound, source, self._clock.steps
        self._looks = _Looks(self._families)
        self._looks_at_usual = _UsualLooks([*_usual_frames(self._families), *self._families])
        self._lasted = [one.lasted for one in self._families if type(one).lasted is not Family.lasted]
        self._answered = [one.answered for one in self._families if type(one).answered is not Family.answered]
        self._notes: dict[str, list[Callable[[Record, Note], bool | None]]] = {}
        self._ranks: dict[str, int] = {}
        """By code: the place of the family that takes it if no other wants it."""
        for rank, one in enumerate(self._families):
            for code in one.codes:
                self._notes.setdefault(code, []).append(one.note)
                self._ranks[code] = rank
        self._plain = plain.note
        self._ignores = [one.ignores for one in self._families if type(one).ignores is not Family.ignores]
        self._connections = [one.connection for one in self._families if type(one).connection is not Family.connection]
        self._listeners: dict[str, list[Callable[[Record, Event], None]]] = {}
        """By kind of event."""
        for one in self._families:
            for kind in one.events:
                self._listeners.setdefault(kind, []).append(one.event)
        self._last: Record | None = None

    def take(self, record: Record) -> None:
        """Look at one record."""
        self.take_all((record,))

    def take_all(self, records: Iterable[Record], odd: Callable[[Record], object] | None = None) -> int:
        """Look at records, each as it comes, and show to *odd* those that are not usual. Returns how many there were.

        Usual is a frame or APDU that is open, and of which nothing is said.
        """
        count = 0
        ends, clock, sound, token = self._ends, self._clock, self._sound, self._token
        is_usual, looks, chains = self.associations.take_usual, self._looks_at_usual, self._chains
        record = self._last
        try:
            for record in records:
                count += 1
                if ends and ends[0].after < record.number:
                    self._take_ends(record)
                time_ns = record.time_ns
                if time_ns is not None:
                    if clock.newest_ns <= time_ns < clock.pause_from_ns:
                        clock.newest, clock.newest_ns = record, time_ns
                    else:
                        clock.steps_to(record, time_ns)
                notes = record.notes
                if notes or not is_usual(record):
                    self._take_odd(record, notes)
                    if odd is not None:
                        odd(record)
                    continue
                direction = record.direction
                sound[record.lane] = record
                for look in looks[record.link][PART if record.parts else record.kind]:
                    look(record)
                if direction is RESPONSE and record.request is not None:
                    objects = record.objects
                    if objects.watched is not token and objects:
                        self._told(record, objects)
                    if chains.open:
                        chains.calm(record)
        finally:
            self._last = record
        return count

    def _take_odd(self, record: Record, notes: tuple[Note, ...]) -> None:
        """Look at a record that is not usual."""
        if not any(ignores(record, note) for note in notes for ignores in self._ignores):
            self.associations.take_any(record)
            self._take_any(record, notes)

    def _take_any(self, record: Record, notes: tuple[Note, ...]) -> None:
        """Look at a record that is no usual one."""
        events = self.associations.events
        if events:
            self._tell(record, events)
        if notes and self._noted(record):
            return
        direction = record.direction
        sound = self._sound
        while len(sound) >= _MOST_LANES:
            del sound[next(iter(sound))]
        if record.link != NOISE:
            sound[record.lane] = record
        for look in self._looks[direction, record.link, record.kind]:
            look(record)
        if record.start_ns is not None:
            for look in self._lasted:
                look(record)
        if direction is RESPONSE:
            self._take_answer(record)

    def _take_answer(self, record: Record) -> None:
        """Look at the values of an answer, as far as anybody wants to; what is answered cleanly is calm."""
        objects = record.objects
        if objects.watched is not self._token and objects:
            self._told(record, objects)
        if self._chains.open and record.request is not None:
            self._chains.calm(record)

    def _told(self, record: Record, objects: Objects) -> None:
        """Look at an answer about objects that were not asked for before, or that a family wants to see each time."""
        watched = objects.watched
        if isinstance(watched, _Watched) and watched.token is self._token:
            for look in self._watchers[watched.place]:
                look(record)
        elif record.kind is not PART:
            wanted = [answered(record) for answered in self._answered]
            looks = tuple(each for each in wanted if each is not None)
            if looks and looks not in self._watchers:
                self._watchers.append(looks)
            objects.watched = _Watched(self._token, self._watchers.index(looks)) if looks else self._token

    def tick(self, now_ns: int) -> None:
        """Take the time of day, of a live capture: what is silent for too long is said without a further record."""
        events = self.associations.tick(now_ns)
        if events and self._last is not None:
            self._tell(self._last, events)

    def _take_ends(self, record: Record) -> None:
        """Take the connections that ended before *record*."""
        ends = self._ends
        while ends and (ends[0].after < record.number):
            self._take_end(record, ends.popleft())

    def _take_end(self, record: Record, end: End) -> None:
        for take in self._connections:
            take(end)
        self._tell(record, self.associations.end(end))

    def _tell(self, record: Record, events: Iterable[Event]) -> None:
        for event in events:
            for take in self._listeners.get(event.kind, ()):
                take(record, event)

    def finish(self, left_aside: Mapping[str, int] | None = None, attempts: Iterable[Attempt] = ()) -> None:
        """The capture ended: what waited for more is said.

        *left_aside* are packets in which nothing of ours was recognised, by what they are: told where all are such.
        *attempts* are connections that did not come about.
        """
        while self._ends and self._last is not None:
            self._take_end(self._last, self._ends.popleft())
        for one in self._families:
            one.ended_ns = self._last.time_ns if self._last is not None else None
            one.finish()
        for one in self._families:
            one.settle()
        if not self._stories:
            for one in self._families:
                one.left_open()
        tell_attempts(self._stories, attempts, self._sound)
        if self._last is None and left_aside:
            tell_carriers(self._stories, left_aside)

    def stories(self, least: Severity = Severity.NOTE) -> list[Story]:
        """Give the stories, worst first; those that weigh less than *least* are left out.

        Short names are named now: a list of them may have come behind what is told.
        """
        return sorted_roots((one.named(self.meters.said) for one in self._stories), least)

    def _noted(self, record: Record) -> bool:
        """Hand out the notes of *record*. Returns whether one explains all else that is odd in it."""
        handlers, plain = self._notes, [self._plain]
        notes = sorted(
            (note for note in record.notes if note.severity >= Severity.NOTE or note.code in handlers),
            key=lambda note: self._ranks.get(note.code, len(FAMILIES)),
        )
        for note in notes:
            answers = (take(record, note) for take in handlers.get(note.code, plain))
            taken = next((told for told in answers if told is not None), None)
            if taken:
                return True
            if taken is None:
                self._plain(record, note)
        return False
