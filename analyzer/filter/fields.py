"""What can be asked of a record by name: where each answer stands, and what kind of value it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

from analyzer.cosem.obis import obis_name
from analyzer.record import MESSAGE, REQUEST, RESPONSE, UNSOLICITED, Object, Record
from analyzer.table.short_names import is_short
from analyzer.table.table import Row
from analyzer.table.told_by_values import are_told_by_values
from analyzer.table.words import Path, Subject
from dissectors.tree import Node


class Value(Protocol):
    """A value with its meaning, as far as a filter asks for it."""

    @property
    def object(self) -> Object:
        """The object that it is a value of; what is not known of it is 0 or empty."""

    @property
    def value(self) -> Any:
        """The value in its unit."""

    @property
    def unit(self) -> str:
        """The unit."""

    @property
    def name(self) -> str:
        """What it is a value of."""


class Moments(NamedTuple):
    """Times that the time of a record is compared with, in nanoseconds; of the first record both are its own."""

    first: int | None
    """That of the first record."""
    previous: int | None
    """That of the record before, whether that passes or not."""


class Deep(Protocol):
    """What gives of a record what no row holds. The outputs have it all; a filter only asks."""

    def subject(self, row: Row) -> Subject:
        """Give what the record of *row* is about, which has short names, by the names of its objects."""

    def moments(self, row: Row) -> Moments:
        """Give the times of the records that *row* comes after."""

    def record(self, row: Row) -> Record:
        """Give the record of *row*."""

    def nodes(self, record: Record) -> Sequence[Node]:
        """Give its trees."""

    def values(self, record: Record) -> Sequence[Value]:
        """Give its values."""

    def summary(self, record: Record) -> str:
        """Say it in one line."""


class Kind(Enum):
    """What kind of value a field has: how literals are read, and what can be asked."""

    INTEGER = "a number"
    DURATION = "a time such as 0.5, 20ms or 1.5s"
    TIME = "a time such as 10:15, 2026-11-21 or 2026-11-21 10:15:32.5"
    TEXT = "a text"
    ADDRESS = "an address such as 16 or 1.17"
    OBIS = "an OBIS code such as 1-0:1.8.0 or 1-0:1.8.*"
    SEVERITY = "chat, note, warning or error"
    SHORT_NAME = "a short name such as 0A08"
    OCTETS = "octets such as 7E:A0 or a text in quotes"
    ANY = "a value"


class Source(Enum):
    """Where the answer stands: in one of the table's lists, in cells of the row or of others, or only in the record."""

    PATH = "path"
    SUBJECT = "subject"
    MARKS = "marks"
    CELL = "cell"
    SINCE = "since"
    DEEP = "deep"


class Field(NamedTuple):
    """One name; *get* gives the values of a word of the table's lists, or of a record, its row and what is deep."""

    name: str
    about: str
    kind: Kind
    source: Source
    get: Callable[..., Iterable[Any]]
    column: str = ""
    choices: tuple[str, ...] = ()
    """Values that a field of a closed set may have."""
    of_value: Callable[[Value], Any] | None = None
    """Asks the same of a value, where that may tell what a record is about; such a field is also asked of what short
    names stand for."""
    needs: str = ""
    """Code of a note: a record has the field if it has that, which tells without the record itself."""


@lru_cache(maxsize=4096)
def _ends(lane: str) -> tuple[tuple[str, int | None], ...]:
    """Give host and port of both ends of a lane."""
    found: list[tuple[str, int | None]] = []
    for end in lane.split(" > "):
        host, colon, port = end.rpartition(":")
        is_network = colon and port.isdigit() and host != "serial"
        found.append((host.strip("[]"), int(port)) if is_network else (end, None))
    return tuple(found)


def _transport(path: Path) -> list[str]:
    return [path.transport or "unknown"] if _ports(path) else []


def _hosts(path: Path) -> list[str]:
    return [host for host, _ in _ends(path.lane)]


def _ports(path: Path) -> list[int]:
    return [port for _, port in _ends(path.lane) if port is not None]


def _of_end(place: int, part: int) -> Callable[[Path], list[Any]]:
    """Give host or port (*part* 0 or 1) of the end that sends (*place* 0) or of the other one."""

    def get(path: Path) -> list[Any]:
        found = [end[part] for end in _ends(path.lane)[place : place + 1]]
        return [one for one in found if one is not None]

    return get


def _meter(path: Path) -> list[str]:
    ends = _ends(path.lane)
    if len(ends) < 2 or path.direction not in (REQUEST, RESPONSE, UNSOLICITED):
        return [ends[0][0]]
    return [ends[1][0] if path.direction == REQUEST else ends[0][0]]


def _device(path: Path) -> list[str]:
    """Give the address of a device behind a gateway in hex, and as the text that it may be."""
    address = path.device.rpartition(" ")[2]
    text = bytes.fromhex(address).decode("latin-1") if len(address) > 1 else ""
    return [one for one in (address, text if text.isascii() and text.isprintable() else "") if one]


def _of_objects(place: int, *, of_methods: bool | None = None) -> Callable[[Subject], list[Any]]:
    def get(subject: Subject) -> list[Any]:
        named = (one for one in subject.objects if one.logical_name)
        return [one[place] for one in named if of_methods is None or one.is_method is of_methods]

    return get


def _of_value(place: int, *, of_methods: bool | None = None) -> Callable[[Value], Any]:
    def get(value: Value) -> Any:
        one = value.object
        return one[place] if of_methods is None or one.is_method is of_methods else None

    return get


def _name_of_value(value: Value) -> str:
    return value.name


def _short_names(subject: Subject) -> list[int]:
    return [one.attribute & 0xFFFF for one in subject.objects if not one.logical_name]


def _object_names(subject: Subject) -> list[str]:
    return [obis_name(one.logical_name) or "" for one in subject.objects if one.logical_name]


def _word(name: str) -> Callable[[Any], list[Any]]:
    """Give the one value of a word, none where it is empty."""

    def get(word: Any) -> list[Any]:
        value = getattr(word, name)
        return [] if value is None or value == "" else [value]

    return get


def _cell(name: str) -> Callable[[Row], list[Any]]:
    def get(row: Row) -> list[Any]:
        value = getattr(row, name)
        return [] if value is None else [value]

    return get


def _since(row: Row, moment: int | None) -> list[int]:
    return [] if row.time_ns is None or moment is None else [row.time_ns - moment]


def _comments(record: Record, row: Row, deep: Deep) -> list[str]:
    return [note.text for note in record.notes if note.code == "comment"]


def _value(record: Record, row: Row, deep: Deep) -> list[Any]:
    return [one.value for one in deep.values(record)]


def _unit(record: Record, row: Row, deep: Deep) -> list[Any]:
    return [one.unit for one in deep.values(record) if one.unit]


def _name(record: Record, row: Row, deep: Deep) -> list[Any]:
    return [one.name for one in deep.values(record) if one.name]


def _key(record: Record, row: Row, deep: Deep) -> list[Any]:
    return [one.key for one in record.protection if one.key]


def _plaintext(record: Record, row: Row, deep: Deep) -> list[Any]:
    from analyzer.tracking.rewriting import masked_apdu  # few ask for it

    return [masked_apdu(one.plaintext) for one in record.protection if one.plaintext]  # as an index keeps it


_LINKS = ("hdlc", "wrapper", "iec62056-21", "mbus", "p1", "llc", "apdu", "noise")
_TRANSPORTS = ("tcp", "udp", "unknown")
_KINDS = ("apdu", "part", "link", "message", "noise")
_DIRECTIONS = ("request", "response", "unsolicited", "unknown")
_STATUSES = (
    "verified", "decrypted-unverified", "plaintext-unverified", "no-key", "wrong-key", "wrong-tag", "no-system-title",
    "damaged", "unsupported", "signature-verified", "signature-wrong", "signature-unchecked",
)  # fmt: skip
_SEVERITIES = ("chat", "note", "warning", "error")

_P, _S, _M, _C, _D = Source.PATH, Source.SUBJECT, Source.MARKS, Source.CELL, Source.DEEP
_FIRST, _PREVIOUS = Moments._fields
_FIELDS = (
    Field("number", "the record's number", Kind.INTEGER, _C, _cell("number"), "number"),
    Field("time", "when its last octet came", Kind.TIME, _C, _cell("time_ns"), "time"),
    Field("since.first", "from the first record to it", Kind.DURATION, Source.SINCE, _since, _FIRST),
    Field("since.previous", "from the record before, shown or not", Kind.DURATION, Source.SINCE, _since, _PREVIOUS),
    Field("packet", "the capture's first packet of it", Kind.INTEGER, _C, _cell("packet"), "packet"),
    Field("lane", "where it goes: A > B", Kind.TEXT, _P, _word("lane")),
    Field("conversation", "which two ends", Kind.INTEGER, _P, _word("conversation")),
    Field("host", "an address of either end", Kind.TEXT, _P, _hosts),
    Field("port", "a port of either end", Kind.INTEGER, _P, _ports),
    Field("source", "the address of the end that sends", Kind.TEXT, _P, _of_end(0, 0)),
    Field("destination", "the address of the other end", Kind.TEXT, _P, _of_end(1, 0)),
    Field("source.port", "the port of the end that sends", Kind.INTEGER, _P, _of_end(0, 1)),
    Field("destination.port", "the port of the other end", Kind.INTEGER, _P, _of_end(1, 1)),
    Field("meter", "the server's end", Kind.TEXT, _P, _meter),
    Field("device", "the device behind a gateway", Kind.TEXT, _P, _device),
    Field("transport", "what carries it over a network", Kind.TEXT, _P, _transport, choices=_TRANSPORTS),
    Field("link", "what frames it", Kind.TEXT, _P, _word("link"), choices=_LINKS),
    Field("kind", "what it is", Kind.TEXT, _P, _word("kind"), choices=_KINDS),
    Field("direction", "who speaks", Kind.TEXT, _P, _word("direction"), choices=_DIRECTIONS),
    Field("client", "the client's address (SAP)", Kind.ADDRESS, _P, _word("client")),
    Field("server", "the server's address (SAP)", Kind.ADDRESS, _P, _word("server")),
    Field("association", "which association", Kind.INTEGER, _C, _cell("association"), "association"),
    Field("request", "the record that it answers", Kind.INTEGER, _C, _cell("request"), "request"),
    Field("latency", "from request to response", Kind.DURATION, _C, _cell("latency_ns"), "latency"),
    Field("raw", "the integer in it, before scaling", Kind.INTEGER, _C, _cell("raw"), "raw"),
    Field("length", "its octets", Kind.INTEGER, _C, _cell("length"), "length"),
    Field("apdu.length", "those of them that are APDU", Kind.INTEGER, _C, _cell("carried"), "carried"),
    Field("data.length", "octets of data in its APDU", Kind.INTEGER, _C, _cell("data"), "data"),
    Field("service", "the APDU's family", Kind.TEXT, _S, _word("service")),
    Field("apdu", "the APDU's name", Kind.TEXT, _S, _word("apdu")),
    Field("class", "class of an object it is about", Kind.INTEGER, _S, _of_objects(0), of_value=_of_value(0)),
    Field("obis", "logical name of an object it is about", Kind.OBIS, _S, _of_objects(1), of_value=_of_value(1)),
    Field(
        "attribute", "an attribute it is about", Kind.INTEGER, _S, _of_objects(2, of_methods=False),
        of_value=_of_value(2, of_methods=False),
    ),
    Field(
        "method", "a method it is about", Kind.INTEGER, _S, _of_objects(2, of_methods=True),
        of_value=_of_value(2, of_methods=True),
    ),
    Field("object", "name of an object it is about", Kind.TEXT, _S, _object_names, of_value=_name_of_value),
    Field("short-name", "a short name that it is about", Kind.SHORT_NAME, _S, _short_names),
    Field("result", "success, or what the answer refuses with", Kind.TEXT, _S, _word("result")),
    Field("status", "the verdict on its protection", Kind.TEXT, _S, _word("status"), choices=_STATUSES),
    Field(
        "severity", "the worst of its notes", Kind.SEVERITY, _M,
        lambda marks: [marks.severity] if marks.severity >= 0 else [], choices=_SEVERITIES,
    ),
    Field("note", "code of a note", Kind.TEXT, _M, lambda marks: marks.codes),
    Field("cause", "cause of a note", Kind.TEXT, _M, lambda marks: marks.causes),
    Field("group", "group of a note", Kind.TEXT, _M, lambda marks: marks.groups),
    Field("value", "a value in its unit", Kind.ANY, _D, _value),
    Field("unit", "the unit of a value", Kind.TEXT, _D, _unit),
    Field("name", "what a value is of", Kind.TEXT, _D, _name),
    Field("summary", "the record in one line", Kind.TEXT, _D, lambda record, row, deep: [deep.summary(record)]),
    Field("comment", "a comment on it in the capture", Kind.TEXT, _D, _comments, needs="comment"),
    Field("octets", "its octets", Kind.OCTETS, _D, lambda record, row, deep: [record.octets]),
    Field(
        "apdu.octets", "octets of its APDU, as opened", Kind.OCTETS, _D,
        lambda record, row, deep: [record.apdu.octets] if record.apdu is not None else [],
    ),
    Field("plaintext", "octets that were deciphered", Kind.OCTETS, _D, _plaintext),
    Field("key", "name of a key that opened it", Kind.TEXT, _D, _key),
)  # fmt: skip
FIELDS: dict[str, Field] = {one.name: one for one in _FIELDS}
"""Every field by its name."""
ALIASES = {
    "record": "number", "frame.number": "packet", "frame.time": "time", "frame.len": "length", "ip.addr": "host",
    "ipv6.addr": "host", "ip.host": "host", "address": "host", "tcp.port": "port", "udp.port": "port",
    "ip.src": "source", "ipv6.src": "source", "ip.dst": "destination", "ipv6.dst": "destination",
    "tcp.srcport": "source.port", "udp.srcport": "source.port", "tcp.dstport": "destination.port",
    "udp.dstport": "destination.port", "frame.time-epoch": "time", "frame.time-relative": "since.first",
    "frame.time-delta": "since.previous", "frame.comment": "comment", "pkt-comment": "comment",
    "apdu.service": "service", "apdu.name": "apdu", "class-id": "class", "class.id": "class", "logical-name": "obis",
    "ln": "obis", "sn": "short-name", "obis.code": "obis", "attribute-id": "attribute", "method-id": "method",
    "ciphered": "status", "ciphered.status": "status", "protection": "status", "response-time": "latency",
    "code": "note", "note.code": "note", "notes": "note", "note.cause": "cause", "note.group": "group", "stack": "link",
    "len": "length", "info": "summary", "data": "octets", "frame": "octets", "text": "summary", "hdlc.client": "client",
    "error": "result", "tcp.stream": "conversation", "udp.stream": "conversation", "ip.proto": "transport",
    "frame.protocols": "link", "-ws.col.info": "summary",
    "-ws.col.protocol": "link", "ip.src-host": "source", "ip.dst-host": "destination",
}  # fmt: skip
"""Other names that are tried for the same."""


def field_of(name: str) -> Field | None:
    """Find the field called *name*, in any of its spellings."""
    key = name.lower().replace("_", "-")
    field = FIELDS.get(ALIASES.get(key, key))
    transport = key.partition(".")[0]
    if field is None or transport not in _OTHERS:
        return field
    return field._replace(name=key, get=_carried_by(transport, field.get))


_OTHERS = {"tcp": "udp", "udp": "tcp"}


def _carried_by(transport: str, get: Callable[[Path], Iterable[Any]]) -> Callable[[Path], Iterable[Any]]:
    """Ask the same of what *transport* carries alone, or may carry."""
    return lambda path: get(path) if _ports(path) and path.transport != _OTHERS[transport] else ()


def _named_values(row: Row, deep: Deep) -> Sequence[Value]:
    """Give the values that tell what the record of *row* is about; a command in text names it and has none."""
    record = deep.record(row)
    if row.path.kind != MESSAGE or row.path.direction != REQUEST:
        return deep.values(record)
    from analyzer.tracking.values import asked_values

    return asked_values(record)


def values_of(field: Field, row: Row, deep: Deep) -> Iterable[Any]:
    """Give the values of *field* in the record of *row*."""
    if field.source is Source.DEEP:
        return field.get(deep.record(row), row, deep)
    if field.source is Source.SINCE:
        return field.get(row, getattr(deep.moments(row), field.column))
    if field.of_value is not None:
        if is_short(row.subject):
            return field.get(deep.subject(row))
        if are_told_by_values(row.path, row.subject):
            return list(filter(None, map(field.of_value, _named_values(row, deep))))
    return field.get(row if field.source is Source.CELL else getattr(row, field.source.value))
