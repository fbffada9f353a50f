"""The HDLC carrier: APDUs into frames of a polled serial line, with negotiation, windows, segments and their times.

Source: IEC 62056-46, ISO/IEC 13239.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from scapy.packet import Raw

from analyzer.simulate.forms import octets_of
from analyzer.simulate.sent import MILLISECOND, NOTHING, SECOND, TO_CLIENT, TO_METER, Sent, Step, Truth, steps
from dissectors.hdlc import Address, Hdlc, HdlcParameters, control_type
from dissectors.llc import REQUEST, RESPONSE

SNRM, UA, DISC, UI, RR = 0x83, 0x63, 0x43, 0x03, 0x01
POLL_FINAL = 0x10

UNASKED = frozenset(("data-notification", "event-notification-request", "informationReportRequest"))
"""APDUs that a meter sends without being asked."""

Round = list[Step]
"""What passes between a poll and its final answer; the line may serve another meter after it."""


class Limits(NamedTuple):
    """What one side proposes: maximum information field in octets and window in frames, each way as it sees it."""

    transmit: int = 128
    receive: int = 128
    transmit_window: int = 1
    receive_window: int = 1

    def agree(self, other: Limits) -> Limits:
        """Give what holds for this side once the other has answered."""
        return Limits(
            min(self.transmit, other.receive),
            min(self.receive, other.transmit),
            min(self.transmit_window, other.receive_window),
            min(self.receive_window, other.transmit_window),
        )

    def layer(self) -> HdlcParameters:
        """Give the information field of SNRM or UA."""
        sizes = ((5, self.transmit), (6, self.receive))
        lengths = tuple((one, value, 1 if value < 0x100 else 2) for one, value in sizes)
        return HdlcParameters(parameters=(*lengths, (7, self.transmit_window, 4), (8, self.receive_window, 4)))


DEFAULTS = Limits()


class Segment(NamedTuple):
    """The information field of one I frame: whether more of its APDU follows, and the truth where it ends."""

    octets: bytes
    is_last: bool
    gap_ns: int
    truth: Truth


class HdlcLink:
    """The link between a client and one meter. It gives rounds; a line gives them their times.

    *server* has 1, 2 or 4 octets. A side's *limits* are what it proposes in SNRM and UA.
    """

    def __init__(
        self,
        client: int,
        server: Address,
        *,
        seed: int,
        client_limits: Limits = DEFAULTS,
        meter_limits: Limits = DEFAULTS,
    ) -> None:
        self.client, self.server = client, server
        self._chance = random.Random(seed)
        self._proposed, self._answered = client_limits, meter_limits
        self._agreed = client_limits.agree(meter_limits)
        self._sent = {TO_METER: 0, TO_CLIENT: 0}

    def rounds(self, dialogue: Iterable[Sent]) -> Iterator[Round]:
        """Connect, carry the dialogue, disconnect."""
        yield self.connect()
        yield from self.carry(dialogue)
        yield self.disconnect()

    def connect(self) -> Round:
        """SNRM and UA, with parameters where they are not the defaults."""
        self._sent = {TO_METER: 0, TO_CLIENT: 0}
        has_parameters = self._proposed != DEFAULTS or self._answered != DEFAULTS
        answer = Limits(*self._answered.agree(self._proposed))
        return [
            self._frame(TO_METER, SNRM | POLL_FINAL, self._turn(20), self._proposed if has_parameters else None),
            self._frame(TO_CLIENT, UA | POLL_FINAL, self._turn(25), answer if has_parameters else None),
        ]

    def disconnect(self) -> Round:
        """DISC and UA."""
        return [
            self._frame(TO_METER, DISC | POLL_FINAL, self._turn(12)),
            self._frame(TO_CLIENT, UA | POLL_FINAL, self._turn(18)),
        ]

    def carry(self, dialogue: Iterable[Sent]) -> Iterator[Round]:
        """Carry requests and their answers as I frames; what a meter says unasked is a UI frame."""
        asked: list[Step] = []
        for direction, group in groupby(steps(dialogue), key=lambda step: step.direction):
            spoken = list(group)
            if direction == TO_METER:
                asked = spoken
                continue
            answers = [step for step in spoken if step.truth.kind not in UNASKED]
            yield from self._exchange(asked, answers)
            asked = []
            for step in spoken:
                if step.truth.kind in UNASKED:
                    yield [self._unnumbered(step)]
        yield from self._exchange(asked, [])

    def _exchange(self, asked: Sequence[Step], answered: Sequence[Step]) -> Iterator[Round]:
        """Send request and answer; each side sends a window, then passes the token with P or F."""
        if not asked:
            return
        requests = [one for step in asked for one in self._segments(step, self._agreed.transmit, REQUEST)]
        answers = [one for step in answered for one in self._segments(step, self._agreed.receive, RESPONSE)]
        yet, window = list(requests), self._agreed.transmit_window
        while len(yet) > window:
            sent = [self._information(TO_METER, one, one is yet[window - 1]) for one in yet[:window]]
            yield [*sent, self._ready(TO_CLIENT, 9)]
            yet = yet[window:]
        poll = [self._information(TO_METER, one, one is yet[-1]) for one in yet]
        if not answers:
            yield [*poll, self._ready(TO_CLIENT, 9)]
            return
        window = self._agreed.receive_window
        while answers:
            part, answers = answers[:window], answers[window:]
            yield [*poll, *(self._information(TO_CLIENT, one, one is part[-1]) for one in part)]
            if answers:
                poll = [self._ready(TO_METER, 6)]

    def _segments(self, step: Step, size: int, llc: bytes) -> list[Segment]:
        """Cut LLC octets and APDU into information fields of at most *size* octets."""
        whole = llc + step.octets
        found = []
        for at in range(0, len(whole), size):
            is_last = at + size >= len(whole)
            truth = step.truth if is_last else Truth(client=step.truth.client, server=step.truth.server)
            gap = max(step.gap_ns, self._turn(8)) if at == 0 else self._turn(1)
            found.append(Segment(whole[at : at + size], is_last, gap, truth))
        return found

    def _information(self, direction: int, one: Segment, is_final: bool) -> Step:
        control = self._received(direction) << 5 | self._sent[direction] % 8 << 1 | (POLL_FINAL if is_final else 0)
        self._sent[direction] += 1
        return self._frame(direction, control, one.gap_ns, one.octets, segmentation=not one.is_last, truth=one.truth)

    def _ready(self, direction: int, turn_ms: int) -> Step:
        control = self._received(direction) << 5 | RR | POLL_FINAL
        return self._frame(direction, control, self._turn(turn_ms))

    def _unnumbered(self, step: Step) -> Step:
        return self._frame(TO_CLIENT, UI, step.gap_ns, RESPONSE + step.octets, truth=step.truth)

    def _received(self, direction: int) -> int:
        """Give N(R) of a side: how many I frames the other has sent, modulo 8."""
        return self._sent[TO_CLIENT if direction == TO_METER else TO_METER] % 8

    def _turn(self, milliseconds: int) -> int:
        """Draw a turn-around time about *milliseconds*."""
        return int(milliseconds * MILLISECOND * self._chance.uniform(0.8, 1.5))

    def _frame(
        self,
        direction: int,
        control: int,
        gap_ns: int,
        information: bytes | Limits | None = None,
        *,
        segmentation: bool = False,
        truth: Truth = NOTHING,
    ) -> Step:
        client = Address(self.client, None, 1)
        destination, source = (self.server, client) if direction == TO_METER else (client, self.server)
        frame = Hdlc(
            segmentation=int(segmentation), destination_address=destination, source_address=source, control=control
        )
        if isinstance(information, Limits):
            frame = frame / information.layer()
        elif information:
            frame = frame / Raw(information)
        told = truth._replace(kind=control_type(control), client=self.client, server=str(self.server))
        return Step(gap_ns, direction, octets_of(frame), told)


def interleave(*links: Iterator[Round]) -> Iterator[Round]:
    """Serve several links of one line by turns."""
    waiting = list(links)
    while waiting:
        for link in list(waiting):
            found = next(link, None)
            if found is None:
                waiting.remove(link)
            else:
                yield found


def place(rounds: Iterable[Round], *, start_ns: int, baud: int = 9600) -> list[Sent]:
    """Put rounds on the line one after another; an octet takes ten bit times (8N1), times are of last octets."""
    octet_ns = 10 * SECOND // baud
    now_ns = start_ns
    placed = []
    for one in rounds:
        for step in one:
            now_ns += step.gap_ns + octet_ns * len(step.octets)
            placed.append(Sent(now_ns, step.direction, step.octets, step.truth))
    return placed
