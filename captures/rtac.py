"""Packets of an SEL RTAC serial tap to octets with direction, and the line errors that the tap saw.

Source: LINKTYPE_RTAC_SERIAL of the tcpdump.org registry, with the event names of Wireshark.
"""

from collections.abc import Iterable

from captures.carried import Carried, Line, Notebook
from captures.chunk import PACKET, RECEIVED, SENT, UNKNOWN, Chunk

HEADER_LENGTH = 12
"""Octets: seconds 4, microseconds 4, event 1, control lines 1, reserved 2."""
_EVENT = 8
_DIRECTIONS = {1: SENT, 2: RECEIVED, 3: SENT, 4: RECEIVED, 7: RECEIVED, 8: RECEIVED, 9: RECEIVED, 10: RECEIVED}
_DATA_LOST = 5
_ERRORS = {7: "framing error", 8: "parity error", 9: "break", 10: "overflow of the receiver"}


class RtacSerial:
    """One line for each interface; an error without octets belongs to the octets that come next."""

    def __init__(self, notebook: Notebook) -> None:
        self._notebook = notebook
        self._errors: dict[int, list[str]] = {}

    def peel(self, chunk: Chunk) -> Iterable[Carried]:
        """Return the octets of one event."""
        if len(chunk.octets) < HEADER_LENGTH:
            self._notebook.left_aside["truncated"] += 1
            return ()
        event, octets = chunk.octets[_EVENT], chunk.octets[HEADER_LENGTH:]
        errors = self._errors.setdefault(chunk.interface, [])
        if event in _ERRORS and len(errors) < 8:
            errors.append(f"the tap saw a {_ERRORS[event]} in packet {chunk.number & PACKET}")
        is_cut = event == _DATA_LOST or chunk.original_length > len(chunk.octets)
        if not octets and not is_cut:
            return ()
        direction = _DIRECTIONS.get(event, UNKNOWN)
        if octets and direction != SENT:
            for text in errors:
                self._notebook.mark(chunk.number, text)
            errors.clear()
        line = Line(("rtac", chunk.interface), "rtac", is_serial=True)
        if event == _DATA_LOST:
            return [
                Carried(line, one, octets if one == SENT else b"", chunk.number, chunk.time_ns, True)
                for one in (SENT, RECEIVED)
            ]
        return (Carried(line, direction, octets, chunk.number, chunk.time_ns, is_cut),)

    def finish(self) -> Iterable[Carried]:
        """Say what errors no octets came after."""
        for text in (text for errors in self._errors.values() for text in errors):
            self._notebook.report("line-error", text)
        return ()
