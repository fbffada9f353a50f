"""Dialogues in octets for the tests of tracking and of the pipeline, put together from the standard's layouts by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from analyzer.pipeline import Pipeline
from analyzer.record import Apdu, Record
from analyzer.simulate.mbus_line import long_frame
from captures.chunk import LINK_OCTETS, PACKET_BITS, RECEIVED, SENT, UNKNOWN, Chunk, Source
from tests.analyzer.framing.build import frame

ASKED, ANSWERED = SENT, RECEIVED
LLC = {ASKED: bytes.fromhex("E6E600"), ANSWERED: bytes.fromhex("E6E700")}
CLOCK = bytes.fromhex("0008 0000010000FF 02")
PROFILE = bytes.fromhex("0007 0100630100FF 02")
METHOD = bytes.fromhex("000F 0000280000FF 01")
ARRAY = bytes.fromhex("0104") + b"".join(bytes.fromhex("0202 12") + bytes((0, n)) + b"\x09\x02ab" for n in range(4))
"""Data of 34 octets: an array of four structures."""


class Said(NamedTuple):
    """An APDU, or its carrier's unit, and who sends it."""

    direction: int
    octets: bytes


def asked(octets: bytes) -> Said:
    return Said(ASKED, octets)


def answered(octets: bytes) -> Said:
    return Said(ANSWERED, octets)


def length(count: int) -> bytes:
    """A-XDR length."""
    return bytes((count,)) if count < 0x80 else b"\x82" + count.to_bytes(2, "big")


def pieces(octets: bytes, room: int) -> list[bytes]:
    """Cut into pieces of at most *room* octets."""
    return [octets[at : at + room] for at in range(0, len(octets), room)]


def numbered(octets: bytes, room: int) -> Iterator[tuple[int, bool, bytes]]:
    """Cut into blocks: number, whether it is the last, octets."""
    parts = pieces(octets, room)
    for number, part in enumerate(parts, 1):
        yield number, number == len(parts), part


def datablock(number: int, is_last: bool, raw: bytes) -> bytes:
    """DataBlock-SA: last-block, block-number, raw-data."""
    return bytes((is_last,)) + number.to_bytes(4, "big") + length(len(raw)) + raw


def general_block(number: int, data: bytes, *, last: bool = False, streaming: bool = False, window: int = 1,
                  acknowledged: int = 0) -> bytes:  # fmt: skip
    """A general-block-transfer APDU."""
    control = last << 7 | streaming << 6 | window
    numbers = number.to_bytes(2, "big") + acknowledged.to_bytes(2, "big")
    return b"\xe0" + bytes((control,)) + numbers + length(len(data)) + data


def general_blocks(apdu: bytes, room: int, *, window: int = 1) -> list[bytes]:
    """An APDU as general-block-transfer APDUs, streamed within windows."""
    return [
        general_block(number, data, last=is_last, streaming=not is_last and number % window != 0, window=window)
        for number, is_last, data in numbered(apdu, room)
    ]


def wrapped(said: Iterable[Said], client: int = 16, server: int = 1) -> list[Said]:
    """Put each APDU into a wrapper PDU."""
    made = []
    for direction, apdu in said:
        ports = (client, server) if direction == ASKED else (server, client)
        head = b"\0\1" + b"".join(port.to_bytes(2, "big") for port in ports) + len(apdu).to_bytes(2, "big")
        made.append(Said(direction, head + apdu))
    return made


class Station:
    """The numbering of an HDLC link between a client and a server, and frames as it sends them."""

    def __init__(self, client: bytes = b"\x21", server: bytes = b"\x03") -> None:
        self.ends = {ASKED: server + client, ANSWERED: client + server}
        self.sent = {ASKED: 0, ANSWERED: 0}

    def frames(self, said: Iterable[Said], room: int = 128) -> list[Said]:
        """Put APDUs into I frames, longer ones in segments with the RRs between them."""
        made: list[Said] = []
        for direction, apdu in said:
            parts = pieces(LLC[direction] + apdu, room)
            for index, part in enumerate(parts):
                is_last = index == len(parts) - 1
                made.append(Said(direction, self.information(direction, part, segmented=not is_last)))
                if not is_last:
                    made.append(self.ready(ANSWERED if direction == ASKED else ASKED))
        return made

    def information(self, direction: int, octets: bytes, *, segmented: bool = False) -> bytes:
        """An I frame with P/F set."""
        other = ANSWERED if direction == ASKED else ASKED
        control = self.sent[other] % 8 << 5 | 0x10 | self.sent[direction] % 8 << 1
        self.sent[direction] += 1
        return frame(octets, control, self.ends[direction], segmented)

    def ready(self, direction: int) -> Said:
        """An RR."""
        other = ANSWERED if direction == ASKED else ASKED
        return Said(direction, frame(b"", self.sent[other] % 8 << 5 | 0x11, self.ends[direction]))

    def connect(self) -> list[Said]:
        """SNRM and UA."""
        self.sent = {ASKED: 0, ANSWERED: 0}
        return [asked(frame(b"", 0x93, self.ends[ASKED])), answered(frame(b"", 0x73, self.ends[ANSWERED]))]

    def disconnect(self) -> list[Said]:
        """DISC and UA."""
        return [asked(frame(b"", 0x53, self.ends[ASKED])), answered(frame(b"", 0x73, self.ends[ANSWERED]))]


Carrier = Callable[[Iterable[Said]], list[Said]]


def in_segments(said: Iterable[Said]) -> list[Said]:
    """Put APDUs into short HDLC segments."""
    return Station().frames(said, 19)


def in_frames(said: Iterable[Said]) -> list[Said]:
    """Put APDUs into HDLC frames."""
    return Station().frames(said)


def in_general_blocks(said: Iterable[Said]) -> list[Said]:
    """Put APDUs into general-block-transfers of 11 octets a block, those into wrapper PDUs."""
    return wrapped(Said(direction, block) for direction, apdu in said for block in general_blocks(apdu, 11, window=3))


def in_segmented_general_blocks(said: Iterable[Said]) -> list[Said]:
    """Put APDUs into general-block-transfers, those into HDLC segments."""
    return in_segments(Said(direction, block) for direction, apdu in said for block in general_blocks(apdu, 23))


def in_mbus(said: Iterable[Said], size: int = 29) -> list[Said]:
    """Put APDUs into M-Bus frames of *size* octets of them, between a master and the meter at address 5."""
    found = []
    for direction, apdu in said:
        head = (0x53, 5, 16, 1) if direction == ASKED else (0x08, 5, 1, 16)
        parts = [apdu[at : at + size] for at in range(0, len(apdu), size)]
        for number, part in enumerate(parts):
            information = number % 16 | 0x10 * (number == len(parts) - 1)
            found.append(Said(direction, long_frame(bytes((*head[:2], information, *head[2:])) + part)))
    return found


def in_general_blocks_over_mbus(said: Iterable[Said]) -> list[Said]:
    """Put APDUs into general-block-transfers, those into M-Bus frames, some in two."""
    return in_mbus(Said(direction, block) for direction, apdu in said for block in general_blocks(apdu, 23))


CARRIERS: dict[str, Carrier] = {
    "wrapper": wrapped,
    "hdlc": in_frames,
    "hdlc-segments": in_segments,
    "mbus-segments": in_mbus,
    "gbt-mbus": in_general_blocks_over_mbus,
    "gbt-wrapper": in_general_blocks,
    "gbt-hdlc-segments": in_segmented_general_blocks,
}
"""Every nesting of what carries an APDU."""


class ListSource(Source):
    """Chunks from a list, or from what makes them as they are asked for."""

    def __init__(self, chunks: Iterable[Chunk], size: int | None = 1) -> None:
        super().__init__("list", size)
        self._chunks = chunks

    @property
    def parts(self) -> Sequence[Source]:
        """A source for each input that the numbers of a list's packets tell; one of what can be read but once."""
        listed = self._chunks if isinstance(self._chunks, Sequence) else ()
        return [self] * (1 + max((one.number >> PACKET_BITS for one in listed), default=0))

    def __iter__(self) -> Iterator[Chunk]:
        return iter(self._chunks)


def chunk(number: int, octets: bytes, direction: int = UNKNOWN, link_type: int = LINK_OCTETS) -> Chunk:
    """A chunk at a time of its own."""
    return Chunk(number, number * 1_000_000, link_type, direction, octets, len(octets), -1)


def decode(said: Iterable[Said], decode_as: dict[str, str] | None = None) -> list[Record]:
    """The records of units on a serial lane with directions."""
    chunks = [chunk(number, octets, direction) for number, (direction, octets) in enumerate(said, 1)]
    return list(Pipeline(decode_as).run(ListSource(chunks)))


def octets_of(apdu: Apdu | None) -> str:
    """An APDU's octets in hex, which a failing comparison shows best."""
    return apdu.octets.hex() if apdu is not None else ""


def essence(record: Record) -> tuple[Any, ...]:
    """A record without what depends on how its octets came: packets, times, and notes about either."""
    return (
        record.number, record.lane.text, record.link, record.kind, record.direction, record.client, record.server,
        record.association, record.request, record.octets.hex(), record.problem, octets_of(record.apdu),
        [octets_of(one) for one in record.more], record.part_of, record.parts, octets_of(record.assembled),
        octets_of(record.incomplete), record.objects, [note.code for note in record.notes],
    )  # fmt: skip


def without_numbers(record: Record) -> tuple[Any, ...]:
    """The essence of a record without anything that counts over the whole capture."""
    return (
        record.link, record.kind, record.direction, record.client, record.server, record.octets.hex(),
        octets_of(record.apdu), octets_of(record.assembled), len(record.parts), record.objects,
        [note.code for note in record.notes],
    )  # fmt: skip


def codes(records: Iterable[Record]) -> list[str]:
    """The codes of all notes in order."""
    return [note.code for record in records for note in record.notes]
