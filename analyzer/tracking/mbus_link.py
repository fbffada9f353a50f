"""M-Bus frames of one conversation to records: link commands and their answers, segments joined, SAPs as addresses.

Source: EN 13757-2 (link layer), EN 13757-1 (DLMS transport layer: CI 00 to 1F).
"""

from __future__ import annotations

from analyzer.record import LINK, PART, REQUEST, RESPONSE, UNSOLICITED, Record
from analyzer.tracking.dialogue import Dialogue
from analyzer.tracking.findings import finding
from analyzer.tracking.peer import Peer, close_peers, forget_oldest
from analyzer.tracking.transfers import SEGMENTS
from dissectors.mbus_octets import (
    AROUND,
    BROADCAST,
    FINAL,
    HEADER_SIZE,
    LONG,
    PRIMARY,
    SINGLE,
    STOP,
    checksum,
    is_transport,
    is_whole,
    length_of,
)
from dissectors.quirks import quirk

_TRANSPORT_SIZE = 5
"""C, A, CI, STSAP, DTSAP."""
_MOST_OCTETS = 0x10000
_MOST_SEGMENTS = 4096
"""No APDU is longer: a chain of segments that never ends is left off."""
_FIRST_CLIENT = 16


class Pair(Peer):
    """One direction between two SAPs at one address; *last_send_number* is that of the newest segment."""

    __slots__ = ("damaged", "first", "is_running", "size")

    def __init__(self, source: int, destination: int) -> None:
        super().__init__(source, destination)
        self.is_running = False
        """Whether a last segment is still to come."""
        self.begin(0)

    def begin(self, first: int) -> None:
        """Begin with no segment; *first* is the record that the parts of the transfer name."""
        self.first = first
        self.segments, self.segment_parts = [], []
        self.size = 0
        self.damaged: list[int] = []
        """The records of those segments whose octets are not all right."""
        self.is_broken = False

    def add(self, number: int, octets: bytes) -> None:
        """Take the segment *octets* of record *number*."""
        self.segments.append(octets)
        self.segment_parts.append(number)
        self.size += len(octets)

    def is_newest_damaged(self, number: int) -> bool:
        """Tell whether the newest segment is that of *number*, and damaged."""
        is_newest = bool(self.damaged) and self.segment_parts[-1] == self.damaged[-1]
        return is_newest and len(self.segments) - 1 & 0xF == number

    def take_back(self) -> None:
        """Drop the newest segment."""
        self.size -= len(self.segments.pop())
        self.segment_parts.pop()
        self.damaged.pop()
        self.is_broken = False

    def so_far(self) -> bytes:
        """Give what came of the APDU whose segments run."""
        return b"".join(self.segments)


class MbusLink:
    """The M-Bus side of a conversation: pairs of SAPs on one line, each with the segments that run."""

    def __init__(self, dialogue: Dialogue) -> None:
        self.dialogue = dialogue
        self.peers: dict[tuple[int, bytes], Pair] = {}
        self._asked: tuple[int, int | None] | None = None
        """The frame of the primary station that waits for its answer: record and end."""

    def take(self, record: Record, side: int) -> None:
        """Read the frame of *record*, which came on *side* of the conversation."""
        octets = record.octets
        record.kind = LINK
        is_good = self._check(record) if record.problem else True
        if octets[0] == SINGLE:
            self._answer(record)
            return
        begin = HEADER_SIZE if octets[0] == LONG else 1
        if len(octets) < begin + 2:
            return
        control, address = octets[begin], octets[begin + 1]
        if not control & PRIMARY:
            self._answer(record)
        else:
            record.direction = REQUEST
            if address != BROADCAST:
                self._asked = (record.number, record.time_ns)
        if begin == HEADER_SIZE and len(octets) > begin + 2 and is_transport(octets[begin + 2]):
            self._transport(record, side, is_good)

    def close(self) -> None:
        """Forget all pairs: the conversation is over."""
        close_peers(self.peers, self.dialogue.transfers)

    def _answer(self, record: Record) -> None:
        """Tie what a secondary station says to the frame that asked."""
        record.direction = RESPONSE
        if self._asked is None:
            return
        number, end_ns = self._asked
        self._asked = None
        record.request = number
        record.measure_latency(end_ns)

    # -- damage -------------------------------------------------------------------------------------------------

    @staticmethod
    def _check(record: Record) -> bool:
        """Note what is wrong with a frame. Returns whether its octets are right all the same."""
        octets = record.octets
        size = len(octets)
        if record.problem == "fcs-wrong":
            begin = HEADER_SIZE if octets[0] == LONG else 1
            shown, computed = octets[size - 2], checksum(octets, begin, size - 2)
            text = f"checksum {shown:02X} is wrong, {computed:02X} computed"
            record.add_note(finding("mbus-checksum-wrong", text, size - 2, size - 1))
            return False
        if size < HEADER_SIZE or octets[0] != LONG:
            record.add_note(finding("capture-cut", f"the frame is cut: {size} octet{'s' * (size != 1)} there", 0, size))
            return False
        one, other = octets[1], octets[2]
        length = length_of(octets, 0, size)
        if record.problem == "truncated":
            text = f"the frame is cut: {size} of {AROUND + length} octets are there"
            record.add_note(finding("capture-cut", text, 0, size))
            return False
        is_good = is_whole(octets[:-1] + bytes((STOP,)), 0, length)
        where = (1, 3)
        if size == AROUND + length and octets[-1] != STOP:
            text, where = f"{octets[-1]:02X} where the stop octet 16 belongs", (size - 1, size)
        elif one != other:
            text = f"the length octets differ: {one:02X} and {other:02X}"
            text += f"; {length} is right by checksum and stop octet" if is_good else ", and neither is right"
        else:
            text = f"the length octets say {AROUND + length} octets of frame, {size} are there"
        record.add_note(finding("mbus-length-wrong", text, *where))
        return is_good and size == AROUND + length

    # -- the DLMS transport layer -------------------------------------------------------------------------------

    def _transport(self, record: Record, side: int, is_good: bool) -> None:
        """Read the SAPs, and take what is behind them for a segment of an APDU."""
        octets = record.octets
        begin = HEADER_SIZE + _TRANSPORT_SIZE
        record.kind = PART
        if len(octets) < begin:
            return
        if not record.problem and len(octets) - AROUND > 0xFF:
            record.add_note(quirk("length-modulo-256", 1, 3))
        control, address = octets[HEADER_SIZE : HEADER_SIZE + 2]
        key = bytes((address, *octets[begin - 2 : begin]))
        peer = self.peers.get((side, key)) or self._make_peer(side, key)
        if peer.role is None:
            peer.learn(_role(peer, control, address))
        is_request = peer.role is REQUEST
        record.direction = REQUEST if is_request else UNSOLICITED if control & PRIMARY else RESPONSE
        record.client, record.server = peer.client, peer.server
        record.association = peer.association.number
        end = max(begin, HEADER_SIZE + length_of(octets, 0, len(octets)) if is_good else _end(record))
        self._segment(record, peer, octets[HEADER_SIZE + 2], octets[begin:end], is_good)

    def _make_peer(self, side: int, key: bytes) -> Pair:
        """Make the pair of SAPs at one address, joined with its opposite direction once that is seen."""
        address, source, destination = key
        peer = Pair(source, destination)
        for other_side in (1 - side, side):
            other = self.peers.get((other_side, bytes((address, destination, source))))
            if other is not None and other is not peer:
                other.join(peer)
                break
        forget_oldest(self.peers, self.dialogue.transfers)
        self.peers[side, key] = peer
        return peer

    def _segment(self, record: Record, peer: Pair, information: int, octets: bytes, is_good: bool) -> None:
        """Join a segment to those before it; the last one gives the APDU."""
        number, is_last = information & 0xF, bool(information & FINAL)
        is_running = peer.is_running
        if number == peer.last_send_number and octets == peer.last_information and (number or not is_last):
            text = f"segment {number} came again with the same octets"
            record.add_note(finding("mbus-segment-repeated", text, HEADER_SIZE + 2, HEADER_SIZE + 3))
            record.part_of = peer.first if is_running else None
            return
        if is_running and number == peer.last_send_number and peer.is_newest_damaged(number):
            peer.take_back()  # and here it comes again
        elif number == 0 and not (is_running and peer.last_send_number == 0xF):
            if is_running:
                self._leave_off(record, peer)
            peer.begin(record.number)
        elif not is_running or number != peer.last_send_number + 1 & 0xF:
            self._note_hole(record, peer, number)
        peer.last_send_number, peer.last_information = number, octets
        peer.is_running = not is_last
        if not peer.is_broken:
            peer.add(record.number, octets)
            peer.damaged += [] if is_good else [record.number]
        peer.is_broken |= not is_good and record.problem != "fcs-wrong"
        if not is_last:
            self._part(record, peer)
        elif peer.is_broken and (number or is_running):
            self._part(record, peer)
            self.dialogue.transfers.give_up(peer, SEGMENTS)
        else:
            self._complete(record, peer)

    def _note_hole(self, record: Record, peer: Pair, number: int) -> None:
        """Note a segment that is not the next one; what follows it up to the last is joined to nothing."""
        where = (HEADER_SIZE + 2, HEADER_SIZE + 3)
        if not peer.is_running and peer.last_send_number < 0:
            text = f"segment {number} is the first that was captured of its APDU"
            record.add_note(finding("capture-cut", text, *where))
        elif not peer.is_broken or not peer.is_running:
            expected = peer.last_send_number + 1 & 0xF if peer.is_running else 0
            text = f"segment {number} where {expected} belongs"
            record.add_note(finding("mbus-segment-missing", text, *where))
        if not peer.is_running:
            peer.begin(record.number)
        peer.is_broken = True

    def _leave_off(self, record: Record, peer: Pair) -> None:
        """Give up the segments that run: another APDU begins."""
        self.dialogue.transfers.give_up(peer, SEGMENTS)
        if not peer.is_broken:
            missing = peer.last_send_number + 1 & 0xF
            text = f"segment {missing} of the APDU that began in record {peer.first} never came"
            record.add_note(finding("mbus-segment-missing", text, HEADER_SIZE + 2, HEADER_SIZE + 3))

    def _part(self, record: Record, peer: Pair) -> None:
        """Keep a segment as a part."""
        record.part_of = peer.first
        if peer.size > _MOST_OCTETS or len(peer.segments) > _MOST_SEGMENTS:
            if not peer.is_broken:
                text = f"{peer.size} octets came in {len(peer.segments)} segments without a last one"
                record.add_note(finding("mbus-segment-missing", text, HEADER_SIZE + 2, HEADER_SIZE + 3))
            peer.is_broken = True
        self.dialogue.transfers.part(peer, SEGMENTS, record, peer.so_far, peer)

    def _complete(self, record: Record, peer: Pair) -> None:
        """Hand the APDU on; one that is damaged is shown and tied to nothing."""
        record.begin_ns = self.dialogue.transfers.done(peer, SEGMENTS)
        apdu, parts = b"".join(peer.segments), tuple(peer.segment_parts)
        hand_on = self.dialogue.show if peer.damaged else self.dialogue.take
        hand_on(record, peer, apdu, -1 if len(parts) > 1 else HEADER_SIZE + _TRANSPORT_SIZE)
        if len(parts) > 1:
            record.parts = tuple(sorted({*parts, *record.parts}))
        peer.begin(0)


def _role(peer: Peer, control: int, address: int) -> str:
    """Tell who speaks: the SAPs from 16 on are those of clients, unless both or none are; then the stations tell."""
    if (peer.source < _FIRST_CLIENT) is not (peer.destination < _FIRST_CLIENT):
        return RESPONSE if peer.source < _FIRST_CLIENT else REQUEST
    # a meter that pushes is the primary station and speaks to all
    return REQUEST if control & PRIMARY and address != BROADCAST else RESPONSE


def _end(record: Record) -> int:
    """Find where the data of a damaged long frame end, as far as that can be told."""
    octets = record.octets
    size = len(octets)
    if record.problem == "truncated":
        return min(size, HEADER_SIZE + length_of(octets, 0, size))
    has_end = octets[-1] == STOP or size == AROUND + length_of(octets, 0, size)
    return size - 2 if has_end else size
