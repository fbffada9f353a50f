"""TCP segments of one direction into its octets in order, with what is lost, repeated or restarted said (RFC 9293).

Total and bounded: a gap is given up when the receiver has acknowledged what is missing, when too much waits behind it,
when the connection is reset and when the lane ends. Octets that were given are never given again.
"""

from enum import IntEnum
from typing import Generic, NamedTuple, TypeVar

MarkT = TypeVar("MarkT")
"""Whatever the caller wants to know of a packet again; it is only handed through."""

FIN, SYN, RST = 0x01, 0x02, 0x04
_SPECIAL = FIN | SYN | RST
_HALF = 0x8000_0000
_MASK = 0xFFFF_FFFF
_MOST_OCTETS = 1 << 20
_MOST_SEGMENTS = 256
_FAR = 1 << 26
"""A segment so far from where the stream stands belongs to another connection, whose SYN was not captured."""
_new = tuple.__new__


class Kind(IntEnum):
    """What happened in the stream."""

    DATA = 0
    """Octets in order."""
    GAP = 1
    """`Event.length` octets are missing before the next data."""
    REPEATED = 2
    """Octets sent again, which are not data."""
    START = 3
    """A SYN, or another connection on the same ports: what comes has nothing to do with what came."""
    END = 4
    """A FIN, with all before it delivered."""
    RESET = 5
    """A RST."""


DATA, GAP, REPEATED, START, END, RESET = Kind


class Event(NamedTuple, Generic[MarkT]):
    """One thing that a segment made happen; *mark* is the packet that the octets came in."""

    kind: Kind
    octets: bytes
    length: int
    mark: MarkT


class Segment(NamedTuple, Generic[MarkT]):
    """A segment that waits for the octets before it."""

    sequence: int
    octets: bytes
    is_last: bool
    mark: MarkT


class TcpStream(Generic[MarkT]):
    """One direction of a TCP connection.

    While `pending` is empty and a segment without SYN, FIN and RST begins at `next_sequence`, its octets are the next
    data: a caller in a hurry may deliver them itself and advance `next_sequence` modulo 2**32.
    """

    __slots__ = ("_acknowledged", "_initial", "_waiting_octets", "next_sequence", "pending")

    def __init__(self) -> None:
        self.next_sequence = -1
        """The sequence number of the next octet in order; -1 before the first segment."""
        self.pending: list[Segment[MarkT]] = []
        """Segments behind a gap, in order."""
        self._waiting_octets = 0
        self._initial = -1  # the sequence number behind the SYN, while it is known
        self._acknowledged = -1

    def feed(self, sequence: int, flags: int, octets: bytes, mark: MarkT) -> list[Event[MarkT]]:
        """Take a segment; return what it makes happen, in order. Total: never raises on what a packet can hold."""
        if sequence == self.next_sequence and not flags & _SPECIAL and not self.pending:
            if not octets:
                return []
            self.next_sequence = (sequence + len(octets)) & _MASK
            return [_new(Event, (DATA, octets, len(octets), mark))]
        events: list[Event[MarkT]] = []
        if flags & RST:
            self._reset(events, mark)
            return events
        if flags & SYN:
            sequence = (sequence + 1) & _MASK
            if sequence != self._initial:
                self._start(events, sequence, mark)
                self._initial = sequence
        is_last = bool(flags & FIN)
        if octets or is_last:
            self._take(events, Segment(sequence, octets, is_last, mark))
        return events

    def acknowledge(self, sequence: int) -> list[Event[MarkT]]:
        """Take the acknowledgment number of the other direction: a gap that the receiver does not have is none of its.

        The capture lost those octets, they are not sent again, and what waits behind them is given now.
        """
        self._acknowledged = sequence
        events: list[Event[MarkT]] = []
        if self.pending:
            self._skip_acknowledged(events)
        return events

    def lose(self, count: int, mark: MarkT) -> list[Event[MarkT]]:
        """Pass over *count* octets that the capture cut off the segment just fed."""
        if count <= 0 or self.next_sequence < 0 or self.pending:
            return []
        self.next_sequence = (self.next_sequence + count) & _MASK
        return [Event(GAP, b"", count, mark)]

    def end(self) -> list[Event[MarkT]]:
        """Give what still waits, gaps and all: the capture ended, or the conversation is forgotten."""
        events: list[Event[MarkT]] = []
        while self.pending:
            self._skip(events)
        return events

    def _distance(self, sequence: int) -> int:
        """How far *sequence* is ahead of the stream; negative if behind."""
        return ((sequence - self.next_sequence + _HALF) & _MASK) - _HALF

    def _start(self, events: list[Event[MarkT]], sequence: int, mark: MarkT) -> None:
        events += self.end()
        events.append(Event(START, b"", 0, mark))
        self.next_sequence = sequence
        self._initial = self._acknowledged = -1

    def _reset(self, events: list[Event[MarkT]], mark: MarkT) -> None:
        events += self.end()
        if self.next_sequence >= 0:
            events.append(Event(RESET, b"", 0, mark))
        self.next_sequence = self._initial = self._acknowledged = -1

    def _take(self, events: list[Event[MarkT]], segment: Segment[MarkT]) -> None:
        """Deliver a segment, or keep it until the octets before it have come."""
        if self.next_sequence < 0:
            self.next_sequence = segment.sequence
        distance = self._distance(segment.sequence)
        if abs(distance) > _FAR:
            self._start(events, segment.sequence, segment.mark)
            distance = 0
        if distance > 0:
            self._keep(events, segment)
            self._skip_acknowledged(events)
            while len(self.pending) > _MOST_SEGMENTS or self._waiting_octets > _MOST_OCTETS:
                self._skip(events)
            return
        self._deliver(events, segment, -distance)
        self._drain(events)

    def _keep(self, events: list[Event[MarkT]], segment: Segment[MarkT]) -> None:
        """Insert a segment among those that wait, by its place; the last ones are the most likely neighbours."""
        place = self._distance(segment.sequence)
        index = len(self.pending)
        while index and self._distance(self.pending[index - 1].sequence) > place:
            index -= 1
        if index:
            before = self.pending[index - 1]
            if before.sequence == segment.sequence and len(before.octets) >= len(segment.octets):
                events.append(Event(REPEATED, segment.octets, len(segment.octets), segment.mark))
                if not segment.is_last or before.is_last or len(before.octets) > len(segment.octets):
                    return
        self.pending.insert(index, segment)
        self._waiting_octets += len(segment.octets)

    def _deliver(self, events: list[Event[MarkT]], segment: Segment[MarkT], overlap: int) -> None:
        """Give what is new in a segment whose first *overlap* octets were given before."""
        octets, mark = segment.octets, segment.mark
        if overlap > len(octets):
            events += [Event(REPEATED, octets, len(octets), mark)] if octets else []
            return
        # one octet before the next is how keep-alive and zero-window probes ask, and the probe's octet comes again
        if overlap > 1:
            events.append(Event(REPEATED, octets[:overlap], overlap, mark))
        if overlap:
            octets = octets[overlap:]
        if octets:
            self.next_sequence = (self.next_sequence + len(octets)) & _MASK
            events.append(Event(DATA, octets, len(octets), mark))
        if segment.is_last:
            self.next_sequence = (self.next_sequence + 1) & _MASK
            events.append(Event(END, b"", 0, mark))

    def _drain(self, events: list[Event[MarkT]]) -> None:
        """Give the waiting segments that the stream has reached."""
        while self.pending:
            segment = self.pending[0]
            distance = self._distance(segment.sequence)
            if distance > 0:
                return
            del self.pending[0]
            self._waiting_octets -= len(segment.octets)
            self._deliver(events, segment, -distance)

    def _skip(self, events: list[Event[MarkT]]) -> None:
        """Give up the gap before the first waiting segment."""
        segment = self.pending[0]
        events.append(Event(GAP, b"", self._distance(segment.sequence), segment.mark))
        self.next_sequence = segment.sequence
        self._drain(events)

    def _skip_acknowledged(self, events: list[Event[MarkT]]) -> None:
        """Give up the gaps that lie before what the receiver has acknowledged."""
        while self.pending and self._acknowledged >= 0:
            first = self.pending[0].sequence
            if self._distance(self._acknowledged) < self._distance(first):
                return
            self._skip(events)
