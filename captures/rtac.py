"""Packets of an SEL RTAC serial tap to octets with direction, and the line errors that the tap saw.

Source: LINKTYPE_RTAC_SERIAL of the tcpdump.org registry, with the event names of Wireshark.
"""

from collections.abc import Iterable
from struct import Struct

from captures.carried import IN_PACKET, Carried, Line, Notebook
from captures.chunk import PACKET, RECEIVED, SENT, UNKNOWN, Chunk

HEADER_LENGTH = 12
"""Octets: seconds 4, microseconds 4, event 1, control lines 1, reserved 2."""
LINK_TYPE = 250
STATUS_CHANGE, TX_START, RX_START, DATA_LOST = 0, 1, 2, 5
"""Events. What a tap of a whole bus reads has no direction of its own: it goes with a change of status."""
PARITY_ERROR, BREAK = 8, 9
_BOTH = (SENT, RECEIVED)
_header = Struct(">IIBBH").pack
_EVENT = 8
_DIRECTIONS = {1: SENT, 2: RECEIVED, 3: SENT, 4: RECEIVED, 7: RECEIVED, 8: RECEIVED, 9: RECEIVED, 10: RECEIVED}
_ERRORS = {7: "framing error", 8: "parity error", 9: "break", 10: "overflow of the receiver"}


def event(kind: int, time_ns: int, octets: bytes = b"") -> bytes:
    """Build the packet of an event at *time_ns* with the octets that came."""
    seconds, rest = divmod(time_ns, 1_000_000_000)
    return _header(seconds & 0xFFFF_FFFF, rest // 1000, kind, 0, 0) + octets


class RtacSerial:
    """One line for each interface; an error without octets belongs to the octets that come next."""

    def __init__(self, notebook: Notebook) -> None:
        self._notebook = notebook
        self._errors: dict[int, list[str]] = {}
        self._sides: dict[int, tuple[int, ...]] = {}
        """The directions that an interface hears: a tap of a whole bus knows of none."""

    def peel(self, chunk: Chunk) -> Iterable[Carried]:
        """Return the octets of one event."""
        if len(chunk.octets) < HEADER_LENGTH:
            self._notebook.left_aside["truncated"] += 1
            return ()
        event, octets = chunk.octets[_EVENT], chunk.octets[HEADER_LENGTH:]
        errors = self._errors.setdefault(chunk.interface, [])
        if event in _ERRORS and len(errors) < 8:
            errors.append(f"the tap saw a {_ERRORS[event]}{IN_PACKET}{chunk.number & PACKET}")
        is_cut = event == DATA_LOST or chunk.original_length > len(chunk.octets)
        if not octets and not is_cut:
            return ()
        direction = _DIRECTIONS.get(event, UNKNOWN)
        if octets and event != DATA_LOST:
            self._sides[chunk.interface] = _BOTH if direction else (UNKNOWN,)
        if octets and direction != SENT:
            for text in errors:
                self._notebook.mark(chunk.number, text)
            errors.clear()
        line = Line(("rtac", chunk.interface), "rtac", is_serial=True, has_taps=True)
        if event == DATA_LOST:
            sides = self._sides.get(chunk.interface, _BOTH if octets else ())
            return [
                Carried(line, one, octets if one == sides[0] else b"", chunk.number, chunk.time_ns, True)
                for one in sides
            ]
        return (Carried(line, direction, octets, chunk.number, chunk.time_ns, is_cut),)

    def finish(self) -> Iterable[Carried]:
        """Say what errors no octets came after."""
        for text in (text for errors in self._errors.values() for text in errors):
            self._notebook.report("line-error", text)
        return ()
