"""The record: one link-layer unit in capture order, and what it carries. Types only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from dissectors.tree import Note

if TYPE_CHECKING:
    from dissectors.scanning import Entry

APDU, PART, LINK, MESSAGE, NOISE = "apdu", "part", "link", "message", "noise"
"""Kinds of records."""
REQUEST, RESPONSE, UNSOLICITED, UNKNOWN = "request", "response", "unsolicited", "unknown"
"""Directions of records."""

_ARROWS = {REQUEST: "→", RESPONSE: "←", UNSOLICITED: "⇠"}

UNCHECKED, NO_KEY = "signature-unchecked", "no-key"
"""The status of a signature that nobody checked, and of what nobody had a key for."""


class Apdu(NamedTuple):
    """One APDU: its octets, the entry of its layer, and its values; None where it does not read completely."""

    octets: bytes
    entry: Entry | None
    values: tuple[Any, ...] | None
    at: int = -1
    """Where it begins in the record's frame; -1 where it was joined or opened and stands in a buffer of its own."""

    @property
    def family(self) -> str:
        """The APDU's name: ``get-request``; a tag that is not assigned is ``tag-xx``."""
        if self.entry is not None:
            return self.entry.family
        return f"tag-{self.octets[0]:02x}" if self.octets else "empty"


class Object(NamedTuple):
    """What a request is about: class, logical name, attribute or method; or a short name in *attribute*."""

    class_id: int
    logical_name: bytes
    attribute: int
    is_method: bool = False


class Objects(tuple[Object, ...]):
    """The objects of one request. Requests come again and again: *texts* keeps what was once said of them, by family
    and by the request's octets.

    *teaches* keeps whether an answer about them may teach something about the meter, *selects* whether the request may
    ask for a part of a profile, *is_mute* that neither is so.
    """

    texts: dict[str | bytes, str] | None = None
    teaches: bool | None = None
    selects: bool | None = None
    is_mute = False
    explained: bool | None = None
    """Whether something else may explain their values."""
    confidential: bool | None = None
    """Whether one of them is told to be a secret by its name."""
    plan: Any = None
    """How values of the usual answer about them are made; False where no plan is."""
    watched: object = None
    """Who looked at the first answer about them, and who looks at every one."""

    def __reduce__(self) -> tuple[type[Objects], tuple[tuple[Object, ...]]]:
        """Leave behind what one process keeps about them."""
        return Objects, (tuple(self),)


NO_OBJECTS = Objects()
NO_OBJECTS.is_mute = True


class Closed(NamedTuple):
    """A protected APDU: its octets as they stood, and what opening it gave."""

    octets: bytes
    entry: Entry
    values: tuple[Any, ...]
    status: str
    plaintext: bytes
    key: str = ""
    """The name of the key: role, place and fingerprint."""
    is_opened: bool = True
    """Whether the plaintext took the APDU's place."""
    around: bytes = b""
    """The ACSE APDU in whose user-information it stood."""
    title: bytes = b""
    """The system title of its sender that opened it; empty where nothing did."""

    @property
    def is_signed(self) -> bool:
        """Tell whether it is a signature over an APDU, which stands in clear within it."""
        return "signature" in self.entry.slots

    @property
    def stood(self) -> bytes:
        """Give the APDU that stood on the line: itself, or what carried it."""
        return self.around or self.octets


class Lane:
    """One direction of a conversation, with the text that outputs show."""

    __slots__ = ("conversation", "ends", "has_taps", "side", "text", "transport")

    def __init__(self, conversation: int, side: int, text: str, transport: str = "", *, has_taps: bool = False) -> None:
        self.conversation = conversation
        self.side = side
        self.text = text
        self.transport = transport
        """What carries it, ``tcp`` or ``udp``; empty on a line, and where what was read does not tell."""
        self.has_taps = has_taps
        """Whether each direction has a tap of its own, which gives its octets when it pleases."""
        source, arrow, destination = text.partition(" > ")
        is_network = bool(arrow) and not source.startswith("serial:")
        self.ends = (source, destination) if is_network else (f"line {conversation}",) * 2
        """Where its octets come from and go to; of a serial line both are the line."""

    def __repr__(self) -> str:
        return f"<Lane {self.text}>"


class End(NamedTuple):
    """A connection ends, its octets come again, or a tap lost some: no record, and yet part of what happened.

    *side* is who does it; *after* is the last record of the conversation before it, 0 where there is none.
    """

    conversation: int
    side: int
    kind: str
    """``closed`` (FIN), ``reset`` (RST), ``repeated`` (octets that were sent before), ``gap`` (a tap lost some) or
    ``copied`` (its SYN came before in another input)."""
    packet: int
    time_ns: int | None
    after: int
    newest_ns: int | None = None
    """When octets of its side came last that were no whole unit at once; of what is copied, when it came before."""
    source: int = 0
    """Which of several inputs the packet is from."""

    @property
    def is_reset(self) -> bool:
        """Whether it is a RST."""
        return self.kind == "reset"


class Record:
    """One row. Attributes that do not apply keep the class's defaults, so that a plain record costs little.

    Times are nanoseconds since 1970 UTC. *octets* is the unit as it stood on the line; *apdu* what it carries
    after joining and opening; *more* further APDUs of the same frame.
    """

    number: int = 0
    packets: tuple[int, ...] = ()
    time_ns: int | None = None
    start_ns: int | None = None
    pause_ns: int = 0
    """The longest silence within a message of IEC 62056-21, as far as its reads tell."""
    begin_ns: int | None = None
    """Of an APDU in several parts: when its first part began."""
    lane: Lane
    link: str = ""
    kind: str = NOISE
    direction: str = UNKNOWN
    client: int | str | None = None
    server: int | str | None = None
    association: int | None = None
    request: int | None = None
    latency_ns: int | None = None
    octets: bytes = b""
    problem: str = ""
    control: int | None = None
    llc: tuple[int, int] | None = None
    gateway: bytes = b""
    """The gateway prefix that stood before the APDU."""
    apdu: Apdu | None = None
    closed: Closed | None = None
    """The innermost protection that was opened, or the outermost if none was."""
    protection: tuple[Closed, ...] = ()
    """All protections, outermost first; those that stayed closed only where opening was tried."""
    more: tuple[Apdu, ...] = ()
    beside: tuple[Record, ...] = ()
    """What carries those of *more*, each as if it had come alone: its protection, its objects."""
    part_of: int | None = None
    parts: tuple[int, ...] = ()
    assembled: Apdu | None = None
    incomplete: Apdu | None = None
    objects: Objects = NO_OBJECTS
    station: str = ""
    """Whom a message of IEC 62056-21 is of: the address that was asked for or told, else the identification."""
    heading: tuple[Any, int, str] | None = None
    """Of text: the head of the profile that goes on here, as plain values, its entries so far, the code before."""
    model: Any = None
    """The object model that its values were asked of: it knows how the meter names its objects."""
    notes: tuple[Note, ...] = ()
    waits_from: int = 0
    """The packet from which on it is the newest part of a transfer that runs and may yet get *incomplete*; 0 if not."""

    def __repr__(self) -> str:
        arrow = _ARROWS.get(self.direction, "-")
        pair = f" {self.client} {arrow} {self.server}" if self.server is not None else ""
        carried = f" {self.apdu.family}" if self.apdu is not None else ""
        return f"<Record {self.number} {self.link} {self.kind}{pair}{carried}>"

    @property
    def began_ns(self) -> int | None:
        """When its first octets came."""
        return self.start_ns if self.start_ns is not None else self.time_ns

    def measure_latency(self, end_ns: int | None) -> None:
        """Note how long it took to begin after *end_ns*, when what it answers was over."""
        begin = self.began_ns
        if begin is not None and end_ns is not None:
            latency = begin - end_ns
            self.latency_ns = latency if latency >= 0 else self.overlaps(latency, end_ns)

    def overlaps(self, latency_ns: int, end_ns: int) -> int | None:
        """Give a latency below zero, of an answer to what ended at *end_ns*, where the two overlap on their line.

        Where the answer ended before its request did, the clock of the capture went back: nothing was measured.
        """
        return latency_ns if self.time_ns is not None and self.time_ns > end_ns else None

    @property
    def shown(self) -> Apdu | None:
        """Give the APDU that outputs show: what is signed stays within its signature until someone checked it."""
        layer = self.protection[-1] if self.protection else None
        if layer is not None and layer.status == UNCHECKED:
            return Apdu(layer.octets, layer.entry, layer.values)
        return self.apdu

    @property
    def unopened(self) -> Closed | None:
        """Give the protected APDU that nobody tried to open, for no keys were given: itself, or one that it carries."""
        apdu = self.apdu
        if apdu is None or apdu.entry is None or apdu.values is None or self.protection or self.kind == MESSAGE:
            return None
        octets, around = apdu.octets, b""
        entry: Entry | None = apdu.entry
        values: tuple[Any, ...] | None = apdu.values
        if "user_information" in apdu.entry.slots:
            from dissectors.scanning import scan_whole  # few records are of an association

            octets, around = apdu.values[apdu.entry.slots["user_information"]] or b"", octets
            entry, values = scan_whole(octets)
        if entry is None or values is None or not entry.is_closed:
            return None
        return Closed(octets, entry, values, NO_KEY, b"", "", False, around)

    def add_note(self, note: Note) -> None:
        """Add one finding."""
        self.notes = (*self.notes, note)


def _share_keys(names: Sequence[str]) -> None:
    """Have all records keep *names* in one common table, in which they are found by their place.

    CPython 3.11 and later make room in it for what the first few instances set, at most 29 names; a record that gets
    a name later has a dictionary of its own instead, which takes longer to make and to ask.
    """
    first = Record()
    for name in names:
        setattr(first, name, None)


_share_keys((
    "number", "octets", "lane", "link", "packets", "time_ns", "start_ns", "notes", "problem", "protection", "parts",
    "control", "kind", "direction", "client", "server", "association", "request", "latency_ns", "apdu", "objects",
    "closed", "assembled", "part_of", "begin_ns", "waits_from", "gateway", "more", "model",
))  # fmt: skip
