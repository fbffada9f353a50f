"""One capture as the comparison sees it: its associations, each with its steps in order. One pass, bounded."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterable
from typing import NamedTuple

from analyzer.diagnosis.audit.audit import Audit
from analyzer.diagnosis.comparison.fields import Fields, fields_of
from analyzer.diagnosis.comparison.messages import MESSAGE_LINKS, SIGN_ON, Message, message_of
from analyzer.diagnosis.words import about_all
from analyzer.record import APDU, MESSAGE, NO_OBJECTS, PART, REQUEST, RESPONSE, UNSOLICITED, Apdu, End, Objects, Record
from analyzer.tracking.associations import Associations
from analyzer.tracking.history import Association
from analyzer.tracking.object_model import ObjectModel
from analyzer.tracking.roles import ANSWERED_BY, REFUSALS
from captures.chunk import Source

MOST_STEPS = 200_000
_MOST_SHAPES = 64
"""So many sessions of text before one are looked at for one like it."""
_ASKS = {answer: asks for asks, answer in ANSWERED_BY.items()}
_NEXT_BLOCKS = {(0xC0, 2), (0xC1, 3), (0xC3, 2), (0xC3, 6), (0xC5, 2), (0xC7, 4)}
"""Requests for the next block and acknowledgements, by tag and choice: how a transfer is cut does not matter."""


class Step(NamedTuple):
    """An APDU that was said: what it is about as a token, its record, and what is compared of it."""

    token: Hashable
    record: int
    side: str
    family: str
    objects: Objects
    octets: bytes
    protection: str
    latency_ns: int | None
    is_broken_off: bool = False
    """Whether it is a transfer that never completed."""
    message: Message | None = None
    """What it says, where it is a message of text."""
    named: Objects = NO_OBJECTS
    """What its short names stand for, as far as its meter told."""

    @property
    def about(self) -> str:
        """What it is about, in words."""
        return self.message.subject if self.message is not None else about_all(self.named or self.objects)

    @property
    def fields(self) -> Fields:
        """What is compared of it."""
        if self.message is not None:
            return self.message.fields
        return fields_of(self.octets, self.objects, is_asked=self.side == REQUEST)

    @property
    def kind(self) -> tuple[str, str]:
        """Who says what, whatever it is about."""
        return self.side, base(self.family)

    @property
    def name(self) -> str:
        """The APDU with what it is about."""
        return f"{self.family} {self.about}".rstrip()


class Talk:
    """An association, the pushes of a meter, or a session of text, with its steps."""

    def __init__(self, association: Association | None, client: object, server: object, link: str) -> None:
        self.association = association
        self.client, self.server, self.link = client, server, link
        self.steps: list[Step] = []
        self.record = 0
        """Its first record."""

    @property
    def name(self) -> str:
        """Who speaks with whom."""
        if self.link in MESSAGE_LINKS:
            return "telegrams" if self.link == "p1" else "session of IEC 62056-21"
        what = "association" if self.association is not None else "pushes"
        return f"{what} of client {self.client} with server {self.server}"


class Side:
    """Takes the records of one capture in order; *talks* are its associations in the order in which they began.

    *is_part*: only some of the records come, so that nobody can tell what they break.
    """

    def __init__(
        self, ends: deque[End] | None = None, source: Source | None = None, *, is_part: bool = False
    ) -> None:  # fmt: skip
        self.audit = None if is_part else Audit(ends, source=source)
        self.associations = Associations() if self.audit is None else self.audit.doctor.associations
        self.count = 0
        self._ends = ends if ends is not None else deque()
        self._talks: dict[Hashable, Talk] = {}
        self._messages: dict[int, Talk] = {}
        """By conversation: the session of text that runs."""
        self._sessions: list[Talk] = []
        self._asked: dict[int, Step] = {}
        self._model = ObjectModel()
        """What short names stand for."""
        self._running: dict[int, tuple[Talk, int, Record]] = {}
        """By the first record of a transfer: where its last part stands."""

    @property
    def talks(self) -> list[Talk]:
        """Give the associations, the pushes, and the sessions of text that differ from those before them."""
        return [*self._talks.values(), *self._sessions]

    def take(self, record: Record) -> None:
        """Take the next record."""
        if self.audit is not None:
            self.audit.take(record)
        else:
            while self._ends and self._ends[0].after < record.number:
                self.associations.end(self._ends.popleft())
            self.associations.take(record)
        objects = record.objects
        if objects and not objects[0].logical_name:
            self._model.learn(record)
        if record.link in MESSAGE_LINKS:
            self._take_message(record)
            return
        is_push = record.association is None and record.direction == UNSOLICITED and record.kind != MESSAGE
        if (record.association is None and not is_push) or self.count >= MOST_STEPS:
            return
        talk = self._talk(record, is_push=is_push)
        if record.problem or record.apdu is None or record.direction not in (REQUEST, RESPONSE, UNSOLICITED):
            return
        if record.kind == PART:
            if record.part_of is not None:
                self._running[record.part_of] = (talk, len(talk.steps), record)
            return
        if record.kind != APDU or any(note.code == "hdlc-retransmission" for note in record.notes):
            return
        for first in record.parts:
            self._running.pop(first, None)
        apdu = record.assembled or record.apdu
        if tuple(apdu.octets[:2]) in _NEXT_BLOCKS and record.assembled is None:
            return
        self._add(talk, record, apdu)

    def finish(self) -> None:
        """The capture ended: transfers that did not complete become steps."""
        if self.audit is not None:
            self.audit.finish()
        while self._ends:
            self.associations.end(self._ends.popleft())
        for number in list(self._messages):
            self._end_session(number)
        for talk, at, record in sorted(self._running.values(), key=lambda one: -one[1]):
            apdu = record.incomplete or record.apdu
            if apdu is not None:
                talk.steps.insert(at, self._step(record, apdu)._replace(is_broken_off=True))

    def _take_message(self, record: Record) -> None:
        """Take a message of text: a sign-on begins a session; of telegrams one of each make is kept."""
        if self.count >= MOST_STEPS:
            return
        message = message_of(record)
        number = record.lane.conversation
        talk = self._messages.get(number)
        if talk is None or message.kind == SIGN_ON:
            self._end_session(number)
            talk = self._messages[number] = Talk(None, None, None, record.link)
            talk.record = record.number
        before = talk.steps[-1] if talk.steps else None
        is_answer = before is not None and before.side == REQUEST and record.direction == RESPONSE
        answered = before.about if before is not None and is_answer else ""
        token: Hashable = (record.direction, message.kind, message.subject or answered)
        if record.link == "p1":
            token = (record.direction, message.kind, *sorted(message.fields.firm.items()))
            if any(step.token == token for step in talk.steps):
                return
        self.count += 1
        talk.steps.append(
            Step(token, record.number, record.direction, message.kind, record.objects, record.octets, "none",
                 record.latency_ns, message=message)
        )  # fmt: skip

    def _end_session(self, number: int) -> None:
        """Keep a session of text that is over, unless one like it was seen."""
        talk = self._messages.pop(number, None)
        if talk is None:
            return

        def shape(one: Talk) -> list[Hashable]:
            return [(step.token, tuple(step.fields.firm.items())) for step in one.steps]

        if not any(one.link == talk.link and shape(one) == shape(talk) for one in self._sessions[-_MOST_SHAPES:]):
            self._sessions.append(talk)

    def _talk(self, record: Record, *, is_push: bool) -> Talk:
        key: Hashable = (record.lane.conversation, record.client, record.server) if is_push else record.association
        talk = self._talks.get(key)
        if talk is None:
            one = None if record.association is None else self.associations.of(record.association)
            talk = self._talks[key] = Talk(one, record.client, record.server, record.link)
            talk.record = record.number
        if talk.client is None:
            talk.client, talk.server = record.client, record.server
        return talk

    def _add(self, talk: Talk, record: Record, apdu: Apdu) -> None:
        step = self._step(record, apdu)
        self.count += 1
        talk.steps.append(step)
        if record.direction == REQUEST:
            self._asked[record.number] = step
            if len(self._asked) > MOST_STEPS // 10:
                del self._asked[next(iter(self._asked))]

    def _step(self, record: Record, apdu: Apdu) -> Step:
        family = apdu.family
        asked = self._asked.get(record.request) if record.request is not None else None
        subject: Hashable = tuple(record.objects)
        service = base(family)
        if record.direction == RESPONSE:
            service = _ASKS.get(base(family), base(family))
            if family in REFUSALS and asked is not None:
                _, service, subject = asked.token  # type: ignore[misc]
        objects = record.objects or (asked.objects if asked is not None else record.objects)
        named = self._model.objects_of(record) or (asked.named if asked is not None else NO_OBJECTS)
        protection = _protection(record)
        return Step(
            (record.direction, service, subject), record.number, record.direction, family, objects, apdu.octets,
            protection, record.latency_ns, named=named,
        )  # fmt: skip


def base(family: str) -> str:
    """Give the service of a ciphered APDU: it goes by the same name behind its prefix."""
    return family.removeprefix("glo-").removeprefix("ded-")


def _protection(record: Record) -> str:
    """Name the outermost protection of an APDU and its security control; opened or not."""
    layer = record.protection[0] if record.protection else record.closed
    carrier = layer if layer is not None else record.apdu
    entry, values = (carrier.entry, carrier.values) if carrier is not None else (None, None)
    if entry is None or values is None or "security_control" not in entry.slots:
        return entry.family if layer is not None and entry is not None else "none"
    control = values[entry.slots["security_control"]]
    return f"{entry.family} {control:02X}" if isinstance(control, int) else entry.family


def read(records: Iterable[Record], ends: deque[End] | None = None, source: Source | None = None) -> Side:
    """Read all records of a capture."""
    side = Side(ends, source)
    for record in records:
        side.take(record)
    side.finish()
    return side
