"""Packets of captures into one pcapng file, with comments: what was looked at, kept with what was said of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from analyzer.record import Record
from captures import open_source
from captures.blocks import interface, packet, section
from captures.chunk import LINK_OCTETS, PACKET, PACKET_BITS, Chunk

_USER0 = 147
"""The link type of octets that came without one."""


class Wanted:
    """Gathers the packets of records that are wanted; of a transfer all its parts belong to each of them."""

    def __init__(self) -> None:
        self._packets: set[int] = set()
        self._transfers: dict[int, list[int]] = {}
        """By its first record: the packets of a transfer, as far as it came."""
        self._whole: set[int] = set()
        """The transfers of which a record is wanted."""

    def take(self, record: Record, *, is_wanted: bool) -> None:
        """Take the next record, which others may want that come later."""
        parts = record.parts
        first = record.part_of if record.part_of is not None else parts[0] if parts else 0
        if not first:
            if is_wanted:
                self._packets.update(record.packets)
            return
        seen = self._transfers.setdefault(first, [])
        for part in parts:
            if part != first and part in self._transfers:  # one transfer within another
                seen += self._transfers.pop(part)
                is_wanted |= part in self._whole
        seen += record.packets
        if is_wanted:
            self._whole.add(first)

    def packets(self) -> set[int]:
        """Give the numbers of the packets, once all records came."""
        return self._packets.union(*(self._transfers[first] for first in self._whole & self._transfers.keys()))


def write_packets(
    inputs: Sequence[str], path: Path, wanted: Collection[int], comments: Mapping[int, str]
) -> int:  # fmt: skip
    """Write the packets *wanted* of *inputs*, by number (its input above PACKET_BITS), to *path*. Returns how many.

    Raises: CaptureError, OSError.
    """

    def chunks() -> Iterator[tuple[int, Chunk]]:
        for index, name in enumerate(inputs):
            with open_source(name) as source:
                for chunk in source:
                    yield (index << PACKET_BITS | chunk.number & PACKET if len(inputs) > 1 else chunk.number), chunk

    count = 0
    with path.open("wb") as file:
        file.write(section(application="dlmshark"))
        for block in packet_blocks(chunks(), inputs, wanted, {number: [one] for number, one in comments.items()}):
            count += 1
            file.write(block)
    return count


def packet_blocks(
    chunks: Iterable[tuple[int, Chunk]], names: Sequence[str], wanted: Collection[int],
    comments: Mapping[int, Sequence[str]],
) -> Iterator[bytes]:  # fmt: skip
    """Build the pcapng blocks of the packets that are *wanted*, each behind that of its interface where that is new.

    *chunks* are all packets with their numbers, *names* those of the inputs, which stand above PACKET_BITS.
    """
    links: dict[tuple[int, int, int], int] = {}
    for number, chunk in chunks:
        if number not in wanted:
            continue
        begin = b""
        place = (number >> PACKET_BITS, chunk.link_type, chunk.interface)
        if place not in links:
            links[place] = len(links)
            link = _USER0 if chunk.link_type == LINK_OCTETS else chunk.link_type
            begin = interface(link, Path(names[place[0]]).name)
        yield begin + packet(
            chunk.time_ns or 0, chunk.octets, interface=links[place], direction=chunk.direction,
            original_length=chunk.original_length, comment="\n".join(comments.get(number, ())),
        )  # fmt: skip
