"""What is kept of one association: who, when, what was agreed, how it went, how it ended. Types and their words.

Source: IEC 62056-5-3 (COSEM-OPEN, COSEM-RELEASE, COSEM-ABORT), IEC 62056-46 (set-up of the link).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any, NamedTuple

from analyzer.record import NO_OBJECTS, Objects, Record
from analyzer.tracking.meter_key import MeterKey
from analyzer.tracking.opening import Answer, LinkLimits, Proposal, conformance_names
from dissectors.enumerations import APPLICATION_CONTEXT, MECHANISM

RELEASED, DISCONNECTED, CLOSED, REPLACED = "released", "disconnected", "closed", "replaced"
REFUSED, ABORTED, LOST, OPEN = "refused", "aborted", "lost", "open"
"""How an association ends: by RLRE; by DISC, or by the client closing TCP, without a release; left for a new one;
refused by the server; aborted by ABRT; lost (P-ABORT, inferred); not at all in what was captured."""

OPENING = frozenset({"aarq", "aare", "rlrq", "rlre", "abrt"})
"""APDUs that open and close an association: no services."""
BY_CLIENT, BY_SERVER = "client", "server"
Address = int | str | None
_MOST_EXCHANGES = 512
_MOST_LATENCIES = 512
_MOST_ODD = 64
_SERVICE_CLASS = {0xC0: 2, 0xC1: 2, 0xC3: 2, 0xD9: 1}
"""Where the service class of a request stands, by its tag."""
_CONFIRMED = 0x40
_UNCONFIRMED = "unconfirmedWriteRequest"
"""The service without an answer, whose name stands behind glo- or ded- where it stays closed."""
_SECOND = 1_000_000_000
_LAST_EXCHANGES = 4
"""So many are kept of an association that is long over: the release, and the last service before it."""
_NOTHING: deque[Any] = deque(maxlen=0)
"""Of what is long over; an empty one by itself takes 600 octets."""


class Mark(NamedTuple):
    """A record and its time in nanoseconds since 1970 UTC; None where the capture has no times."""

    record: int
    time_ns: int | None


class Phase(NamedTuple):
    """A stretch of an association: ``link``, ``open``, ``authentication``, ``services`` or ``release``."""

    name: str
    first: Mark
    last: Mark


class Exchange(NamedTuple):
    """A request and its answer. *response* is 0 where there is none (yet); *latency_ns* None without times."""

    request: int
    asked_ns: int | None
    service: str
    objects: Objects = NO_OBJECTS
    octets: bytes = b""
    """Of a request that waits: its APDU; emptied once it is answered."""
    response: int = 0
    latency_ns: int | None = None
    pause_ns: int | None = None
    """The silence before the request."""

    @property
    def is_confirmed(self) -> bool:
        """Whether the request, while it waits, asks for an answer: its service class, or its service, may say no."""
        octets = self.octets
        place = _SERVICE_CLASS.get(octets[0], 0) if len(octets) > 2 else 0
        return not self.service.endswith(_UNCONFIRMED) and (not place or bool(octets[place] & _CONFIRMED))


class Late(NamedTuple):
    """An answer to a request that was given up: its record, how late it came, whether it is an error."""

    record: int
    latency_ns: int
    is_error: bool


class Silence(NamedTuple):
    """A pause within an association: from which record to which, how long, and whose turn it was to speak."""

    after: int
    before: int
    gap_ns: int
    turn: str


class Ending(NamedTuple):
    """How an association ended: by what record, who acted first, why, and after how long a pause before it."""

    how: str
    at: Mark
    by: str = ""
    reason: str = ""
    """``dm``, ``frmr``, ``reset``, ``connection-closed``, ``client-restart``, ``unanswered``, ``hls``, ``aare``, …"""
    idle_ns: int | None = None
    """Silence before the frame that showed it."""


class Service:
    """What one service did in an association: how often, errors, and its newest response times in nanoseconds."""

    __slots__ = ("_usual_ns", "count", "errors", "is_answered_all_same", "latencies", "unanswered")

    is_answered_all_same: bool
    """Whether a request of it that says unconfirmed was answered."""

    def __init__(self) -> None:
        self.is_answered_all_same = False
        self.count = self.errors = self.unanswered = 0
        self.latencies: deque[int] = deque(maxlen=_MOST_LATENCIES)
        self._usual_ns: int | None = None

    def shorten(self) -> None:
        """Keep of the response times the median alone."""
        self._usual_ns = self.median_ns
        self.latencies = _NOTHING

    @property
    def median_ns(self) -> int | None:
        """The usual response time, the median; None where no time was measured."""
        found = sorted(self.latencies)
        middle = len(found) // 2
        return int((found[middle] + found[~middle]) / 2) if found else self._usual_ns


@dataclass(frozen=True, slots=True)
class Usual:
    """What may be said in an association without being looked at: whoever looks at each record found nothing about it.

    *requests* are those of services in their normal form, or what asks for the next block, with the service's name by
    their octets; *longest* is how many octets an answer may have.
    """

    requests: dict[bytes, str]
    longest: int


_UNSEEN, _USUAL_LIMITS = Mark(0, None), LinkLimits()


class Association:
    """One association as a capture shows it. Only :class:`~analyzer.tracking.associations.Associations` writes it.

    *number* is that of its records (``Record.association``); None for the pushes of a meter that nobody asked.
    """

    __slots__ = (
        "answer", "asked", "asked_before", "asked_limits", "asking", "asking_pause_ns", "asking_service",
        "authentication", "client", "client_side", "conversation", "ending", "exchanges", "first", "general_blocks",
        "held_up", "hls_form", "hls_is_accepted", "hls_is_left_out", "hls_request", "lane", "last_ns",
        "last_record", "late", "limits",
        "link_at", "meter", "misanswered", "number", "overdue", "pause_ns", "place", "proposal", "pushes", "records",
        "release", "repeats", "server", "services", "services_first", "silences", "statuses", "unanswered", "usual",
    )  # fmt: skip

    number: int | None
    conversation: int
    lane: str
    """That of its first record."""
    client: Address
    server: Address
    """Addresses as records have them; None where no link tells them."""
    client_side: int | None
    """Which side of the conversation (``Lane.side``) the client speaks on; None until it spoke."""
    meter: MeterKey
    """Which logical device of which meter it is with, as the object model has them."""
    place: object
    """What it shares with the associations of the same two before and after it."""
    first: Mark
    last_record: int
    last_ns: int | None
    records: int
    pause_ns: int | None
    """The silence before what the client said last."""

    link_at: list[Mark]
    """SNRM, and UA or DM."""
    asked_limits: LinkLimits
    """What the client proposed in SNRM."""
    limits: LinkLimits | None
    """What the client may send and receive, as SNRM and UA agreed; None where no UA was seen."""
    proposal: Proposal | None
    answer: Answer | None
    authentication: list[Mark]
    """Pass 3 and pass 4 of high level security."""
    hls_request: int
    """The record of pass 3; -1 while it is awaited, 0 where there is none."""
    hls_is_accepted: bool | None
    """Whether the server accepted pass 3; None where that is not known."""
    hls_form: str
    """The name of the APDU that carried pass 3, as it stood on the line: ``glo-action-request``."""
    hls_is_left_out: bool
    """Whether what stands in the place of pass 3 cannot answer a challenge."""
    services_first: Mark | None
    """The first record of a service."""
    release: list[Mark]
    """RLRQ or DISC, and what answered it."""

    services: dict[str, Service]
    """By the name of the request: ``get-request``."""
    exchanges: deque[Exchange]
    """The newest ones that were answered."""
    asking: Record | None
    """A request of a service that alone waits for its answer, and is not among *asked_before* yet."""
    asking_service: str
    """Its name."""
    asking_pause_ns: int | None
    """The silence before it."""
    asked_before: dict[int, Exchange]
    """What waits, without *asking*."""
    unanswered: deque[Exchange]
    """Requests that were given up."""
    late: dict[int, Late]
    """By request, the answers that came for some of those."""
    repeats: deque[int]
    """Records that came again: frames, blocks, requests."""
    silences: deque[Silence]
    pushes: int
    """APDUs that the server sent unasked."""
    general_blocks: int
    """APDUs of general-block-transfer."""
    usual: Usual | None
    """What is usual in it; None where every record is to be looked at."""
    asked: Record | None
    """The newest request; forgotten once it is over."""
    held_up: tuple[int, bool]
    """The newest record in which the server put the client off (RNR), or, if true, sent a part of its answer again."""
    misanswered: set[int]
    """The records of waiting requests for which an answer with another invoke-id came, or one that does not read."""
    overdue: deque[Exchange]
    """What was answered not long ago, when the client seemed to have given it up; with a response: it had not."""
    statuses: dict[str, int]
    """How many protected APDUs opened how: ``verified``, ``no-key``, …"""
    ending: Ending | None
    """None while it is open."""

    def __init__(self, number: int | None, conversation: int, lane: str, client: Address, server: Address) -> None:
        self.number, self.conversation, self.lane = number, conversation, lane
        self.client, self.server = client, server
        self.client_side = self.place = self.last_ns = self.pause_ns = self.limits = None
        self.proposal = self.answer = self.hls_is_accepted = self.services_first = self.asking = None
        self.asking_pause_ns = self.usual = self.asked = self.ending = None
        self.last_record = self.records = self.hls_request = self.pushes = self.general_blocks = 0
        self.hls_form = self.asking_service = ""
        self.hls_is_left_out = False
        self.meter = ("", server)
        self.first = _UNSEEN
        self.link_at = []
        self.asked_limits = _USUAL_LIMITS
        self.authentication = []
        self.release = []
        self.services = {}
        self.exchanges = deque(maxlen=_MOST_EXCHANGES)
        self.asked_before = {}
        self.unanswered = deque(maxlen=_MOST_ODD)
        self.late = {}
        self.overdue = deque()
        self.repeats = deque(maxlen=_MOST_ODD)
        self.silences = deque(maxlen=_MOST_ODD)
        self.statuses = {}
        self.misanswered = set()
        self.held_up = (0, False)

    @property
    def last(self) -> Mark:
        """Its last record."""
        return Mark(self.last_record, self.last_ns)

    @property
    def waiting(self) -> dict[int, Exchange]:
        """Requests without an answer yet, by record."""
        self.settle()
        return self.asked_before

    def settle(self) -> None:
        """Put *asking* among what waits."""
        record, self.asking = self.asking, None
        if record is not None and record.apdu is not None:
            self.asked_before[record.number] = Exchange(
                record.number, record.time_ns, self.asking_service, record.objects, record.apdu.octets,
                pause_ns=self.asking_pause_ns,
            )  # fmt: skip

    def misanswer(self) -> None:
        """Remember that what came for the newest request that waits is no answer to it."""
        waiting = self.waiting
        self.misanswered = {next(reversed(waiting)), *self.misanswered.intersection(waiting)}

    def shorten(self) -> None:
        """Keep of what is long over what is told of it as a whole, and not each of its exchanges."""
        self.exchanges = deque(list(self.exchanges)[-_LAST_EXCHANGES:], _MOST_EXCHANGES)
        self.unanswered, self.overdue = self.unanswered or _NOTHING, self.overdue or _NOTHING
        self.repeats, self.silences = self.repeats or _NOTHING, self.silences or _NOTHING
        for service in self.services.values():
            service.shorten()

    # -- what was agreed ------------------------------------------------------------------------------------------

    @property
    def is_push(self) -> bool:
        """Whether the server only spoke unasked."""
        return self.proposal is None and self.pushes > 0 and not self.exchanges and not self.waiting

    @property
    def context(self) -> str:
        """The application context in words; empty where no AARQ or AARE told it."""
        name = (self.answer and self.answer.context) or (self.proposal and self.proposal.context) or ""
        return APPLICATION_CONTEXT.get(name, name)

    @property
    def mechanism(self) -> str:
        """The authentication mechanism in words; empty where no AARQ told it."""
        if self.proposal is None:
            return ""
        name = self.proposal.mechanism
        return MECHANISM.get(name, name) if name else "no authentication"

    @property
    def conformance(self) -> tuple[str, ...] | None:
        """The services both sides agreed on; None where the AARE is not there or not open."""
        return None if self.answer is None else conformance_names(self.answer.conformance)

    # -- how it went ----------------------------------------------------------------------------------------------

    @property
    def phases(self) -> tuple[Phase, ...]:
        """The stretches that were seen, in order."""
        opening = [Mark(one.record, one.time_ns) for one in (self.proposal, self.answer) if one is not None]
        services = [] if self.services_first is None else [self.services_first, self._last_service()]
        found = (
            ("link", self.link_at), ("open", opening), ("authentication", self.authentication),
            ("services", services), ("release", self.release),
        )  # fmt: skip
        return tuple(Phase(name, marks[0], marks[-1]) for name, marks in found if marks)

    def _last_service(self) -> Mark:
        """Find the last answer of a service, with the time of its first octet; or the last request that waits."""
        asked = [each for each in self.waiting.values() if each.service not in OPENING]
        if asked:
            return Mark(asked[-1].request, asked[-1].asked_ns)
        for each in reversed(self.exchanges):
            if each.service not in OPENING and each.request != self.hls_request:
                known = each.asked_ns is not None and each.latency_ns is not None
                return Mark(each.response, (each.asked_ns or 0) + (each.latency_ns or 0) if known else None)
        return self.services_first or self.first

    @property
    def errors(self) -> int:
        """Answers that were no success."""
        return sum(one.errors for one in self.services.values())

    @property
    def how(self) -> str:
        """How it ended, ``open`` where it did not."""
        return self.ending.how if self.ending is not None else OPEN

    @property
    def duration_ns(self) -> int | None:
        """From its first to its last record."""
        if self.first.time_ns is None or self.last_ns is None:
            return None
        return self.last_ns - self.first.time_ns

    @property
    def verdict(self) -> str:
        """One sentence: how it was opened and how it ended."""
        return f"{self._opened()}; {self._ended()}"

    def _opened(self) -> str:
        if self.is_push:
            return f"{self.pushes} push{'es' * (self.pushes > 1)}, nobody asked"
        if self.proposal is None:
            if self.services or self.answer is not None:
                return "began before the capture, or is pre-established"
            return "link only"
        asked = ", ".join(one for one in (self.context, self.mechanism) if one)
        if self.answer is None:
            return f"asked for {asked}, not answered"
        if self.answer.result:
            return f"asked for {asked}, refused: {self.answer.words}"
        if self.hls_is_accepted is False:
            return f"{asked}, the answer to the challenge was refused"
        return f"{asked}, accepted"

    def _ended(self) -> str:
        ending = self.ending
        if ending is None:
            asked = len(self.waiting)
            return "still open" if not asked else f"still open, {asked} request{'s' * (asked > 1)} without an answer"
        by = f" by the {ending.by}" if ending.by else ""
        after = f" after {ending.idle_ns / _SECOND:.1f} s of silence" if ending.idle_ns and ending.how == LOST else ""
        why = f" ({ending.reason})" if ending.reason and ending.how in (LOST, REFUSED) else ""
        return f"{ending.how}{by}{why}{after} in record {ending.at.record}"
