"""Packets of captures into one pcapng file, with comments: what was looked at, kept with what was said of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from captures import open_source
from captures.blocks import interface, packet, section
from captures.chunk import LINK_OCTETS, PACKET, PACKET_BITS

_USER0 = 147
"""The link type of octets that came without one."""


def write_packets(
    inputs: Sequence[str], path: Path, wanted: Collection[int], comments: Mapping[int, str]
) -> int:  # fmt: skip
    """Write the packets *wanted* of *inputs*, by number (its input above PACKET_BITS), to *path*. Returns how many.

    Raises: CaptureError, OSError.
    """
    count = 0
    links: dict[tuple[int, int, int], int] = {}
    with path.open("wb") as file:
        file.write(section(application="dlmshark"))
        for index, name in enumerate(inputs):
            with open_source(name) as source:
                for chunk in source:
                    number = index << PACKET_BITS | chunk.number & PACKET if len(inputs) > 1 else chunk.number
                    if number not in wanted:
                        continue
                    place = (index, chunk.link_type, chunk.interface)
                    if place not in links:
                        links[place] = len(links)
                        link = _USER0 if chunk.link_type == LINK_OCTETS else chunk.link_type
                        file.write(interface(link, Path(name).name))
                    count += 1
                    file.write(packet(
                        chunk.time_ns or 0, chunk.octets, interface=links[place], direction=chunk.direction,
                        original_length=chunk.original_length, comment=comments.get(number, ""),
                    ))  # fmt: skip
    return count
