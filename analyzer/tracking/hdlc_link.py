"""HDLC frames of one conversation to records: addresses and roles, segments joined, LLC taken off.

Source: IEC 62056-46; frames are read by position through dissectors.hdlc.
"""

from __future__ import annotations

from analyzer.framing.frame import TRUNCATED
from analyzer.record import LINK, PART, REQUEST, RESPONSE, Record
from analyzer.tracking.dialogue import Dialogue
from analyzer.tracking.findings import finding
from analyzer.tracking.frame_checks import check_header, information_field, note_lone_address, note_problem
from analyzer.tracking.link_commands import take_command
from analyzer.tracking.lsdu import take_lsdu
from analyzer.tracking.peer import Peer, close_peers, forget_oldest
from analyzer.tracking.transfers import SEGMENTS
from dissectors.compile import FAILURES
from dissectors.gateway import prefix_size
from dissectors.hdlc import FLAG, Address, lone_address_end, scan_address, scan_addresses
from dissectors.llc import REQUEST as LLC_REQUEST
from dissectors.llc import RESPONSE as LLC_RESPONSE
from dissectors.scanning import reads

_UI = 0x03
_SEGMENTED = 0x08
_FCS_SIZE = 2
_MOST_SEGMENTS = 4096
_MANY_PEERS = 512
_ECHO_NS = 150_000_000
"""An echo is there at once; what comes again later was sent again."""
_OTHER_LANE_NS = 2_000_000_000
"""What comes back on the other lane may be told later: by reads that wait a second, or a clock of whole seconds."""
_OCTET_NS = 40_000_000
"""What an octet takes at 300 Bd, for a lane whose read ends with the last octet."""


class HdlcLink:
    """The HDLC side of a conversation: many pairs of addresses on one line, each with its own state."""

    def __init__(self, dialogue: Dialogue) -> None:
        self.dialogue = dialogue
        self.peers: dict[tuple[int, bytes], Peer] = {}
        self.before = Record()
        """The frame that came last."""

    def take(self, record: Record, side: int) -> None:
        """Read the frame of *record*, which came on *side* of the conversation."""
        if not record.problem and record.octets[0] == FLAG:
            self.take_next(record, side)
        elif record.octets != self.before.octets or not self._echoes(record, side):
            self.before = record
            self._take(record, side)

    def take_next(self, record: Record, side: int) -> None:
        """Read a good frame behind its flag as nearly all are, and leave others to :meth:`_take`, which reads any.

        They have one octet an address, come from a known pair, and are RR or the I frame that is to come.
        """
        octets = record.octets
        if octets == self.before.octets and self._echoes(record, side):
            return
        self.before = record
        peer = self.peers.get((side, octets[3:5]))
        if peer is None:
            self._take(record, side)
            return
        control = octets[5]
        if control & 3 == 1:  # RR, RNR
            record.control = control
            record.kind = LINK
            if peer.is_ambiguous:
                peer.settle_between(record)
            else:
                peer.settle(record)
        elif not self._goes_on(record, peer, octets, control):
            self._take(record, side)

    def _echoes(self, record: Record, side: int) -> bool:
        """Tell whether a frame is the one before it, come back: on the other lane, or at once; it is no traffic."""
        before = self.before
        octets, sent_on, sent_ns = before.octets, before.lane.side, before.time_ns
        late_ns = None
        if sent_ns is not None and record.time_ns is not None:
            late_ns = (record.start_ns if record.start_ns is not None else record.time_ns) - sent_ns
        limit_ns = _ECHO_NS if side == sent_on else _OTHER_LANE_NS + _OCTET_NS * len(octets)
        if side == sent_on if late_ns is None else late_ns > limit_ns:
            return False
        if side == sent_on and any(one != side for one, _ in self.peers):
            return False  # the line tells the sides apart, and an echo comes on the other one
        start = int(octets[0] == FLAG)
        try:
            _, control_at = scan_addresses(octets, start + 2, len(octets))
        except FAILURES:
            return False
        addresses = octets[start + 2 : control_at]
        peer = self.peers.get((sent_on, addresses))
        if peer is None or (side == sent_on and peer.role is not REQUEST):
            return False
        half = len(addresses) // 2
        if octets[control_at] & 3 == 1 and addresses[:half] == addresses[half:]:
            return False  # RR that answers RR is the same octets where client and meter have one address
        record.control = octets[control_at]
        record.kind = LINK
        if peer.role is not None:
            record.direction, record.client, record.server = peer.role, peer.client, peer.server
        late = f", {late_ns / 1e6:.0f} ms later" if late_ns is not None else ""
        text = f"the {len(octets)} octets of record {before.number} come back{late}, their addresses unswapped"
        record.add_note(finding("line-echo", text, 0, len(octets), "local-echo"))
        return True

    def _goes_on(self, record: Record, peer: Peer, octets: bytes, control: int) -> bool:
        """Read an I frame if it is the one that is to come."""
        number, first = control >> 1 & 7, octets[1]
        end = ((first & 7) << 8 | octets[2]) - 1
        if control & 1 or peer.last_send_number + 1 & 7 != number or peer.is_broken or end <= 8:
            return False
        has_more = first & _SEGMENTED
        if not (has_more or peer.segments):
            llc = peer.llc
            apdu = octets[11:end]
            if octets[8:11] != llc or apdu.find(llc) >= 0:
                return False
        record.control = control
        if peer.unchecked_headers:
            check_header(record, peer, octets[1:8], 1)
        peer.last_send_number = number
        peer.last_record = record
        if has_more or peer.segments:
            self._joined(record, peer, octets, 8, end, has_more)
        else:
            self.dialogue.take(record, peer, apdu, 11)
            if record.client is None:
                peer.settle(record)
        return True

    def _take(self, record: Record, side: int) -> None:
        """Read any frame."""
        octets = record.octets
        size = len(octets)
        start = 1 if octets[0] == FLAG else 0
        peer: Peer | None = None
        try:
            split, control_at = scan_addresses(octets, start + 2, size)
            control = octets[control_at]
        except FAILURES:
            control_at = 0
        else:
            addresses = octets[start + 2 : control_at]
            peer = self.peers.get((side, addresses))
        if peer is None:
            lone = lone_address_end(octets, start)
            if lone:
                note_lone_address(record, start, lone)
                addresses, split, control_at, control = octets[start + 2 : lone], lone - start - 2, lone, octets[lone]
                peer = self.peers.get((side, addresses))
            elif not control_at:
                record.kind = LINK
                record.add_note(finding("hdlc-length-wrong", "the header is cut", 0, size))
                return
            peer = peer or self._make_peer(side, addresses, split, bool(record.problem))
        record.control = control
        begin = control_at + 3
        if record.problem:
            note_problem(record, start, control_at)
            begin, end = information_field(record, start, control_at)
        else:
            end = start + ((octets[start] & 7) << 8 | octets[start + 1]) - 2
            if peer.unchecked_headers and end > begin:
                check_header(record, peer, octets[start:begin], start)
        if control & 3 == 1:  # RR, RNR
            record.kind = LINK
            if peer.is_ambiguous:
                peer.settle_between(record)
            else:
                peer.settle(record)
        elif not control & 1:
            self._numbered(record, peer, control, octets, begin, end, octets[start] & _SEGMENTED)
        elif control & 0xEF == _UI and end > begin:
            has_more = octets[start] & _SEGMENTED
            if record.problem and record.problem != TRUNCATED:  # what is cut is not otherwise than it was sent
                self._damaged(record, peer, octets[begin:end], begin, has_more)
            else:
                self._joined(record, peer, octets, begin, end, has_more)
        else:
            take_command(self.dialogue, record, peer, control & 0xEF)

    def close(self) -> None:
        """Forget all pairs: the conversation is over. What they held is freed at once, without a cycle left."""
        close_peers(self.peers, self.dialogue.transfers)

    def _make_peer(self, side: int, addresses: bytes, split: int, is_damaged: bool) -> Peer:
        """Make the pair; it is joined with its opposite direction once that is seen.

        Addresses out of damaged frames are remembered only while they are few.
        """
        destination = _address(addresses[:split])
        source = _address(addresses[split:]) if split < len(addresses) else None
        peer = Peer(_shown(source) if source is not None else None, _shown(destination))
        if source is not None and source.size != destination.size:  # a client's address has one octet
            peer.take_role(REQUEST if source.size == 1 else RESPONSE)
        swapped = addresses[split:] + addresses[:split]
        for other_side in (1 - side, side):
            other = self.peers.get((other_side, swapped))
            if other is not None and other is not peer:
                other.join(peer)
                break
        else:
            self._join_other_length(peer)
        if is_damaged and len(self.peers) >= _MANY_PEERS:
            return peer
        forget_oldest(self.peers, self.dialogue.transfers)
        self.peers[side, addresses] = peer
        return peer

    def _join_other_length(self, peer: Peer) -> None:
        """Join a pair with its opposite if that writes the same two addresses in other lengths."""
        if not isinstance(peer.source, str) and not isinstance(peer.destination, str):
            return
        for other in self.peers.values():
            if other.reverse is other and (other.source, other.destination) == (peer.destination, peer.source):
                other.join(peer)
                return

    def _numbered(
        self, record: Record, peer: Peer, control: int, octets: bytes, begin: int, end: int, has_more: int
    ) -> None:
        """An I frame: a segment or a whole LSDU; one that comes again is not joined twice."""
        number = control >> 1 & 7
        expected = peer.last_send_number + 1 & 7
        information = octets[begin:end]
        if record.problem:
            self._damaged(record, peer, information, begin, has_more)
            return
        # field: Kaifa pushes I frames without a link, N(S) always 0: numbers count once a link is set up or they moved
        is_counted = peer.last_send_number > 0 or (peer.is_set_up and peer.last_send_number == 0)
        if number != expected and is_counted and not peer.is_ambiguous:
            before = peer.last_record
            if number == peer.last_send_number and before is not None and _carries(before, record, begin, information):
                self._repeated(record, peer, before, information, begin, has_more)
                return
            text = f"N(S) {number} where {expected} belongs"
            record.add_note(finding("hdlc-frame-lost", text, begin - 3, begin - 2))
            peer.is_broken = True
        elif number and peer.last_send_number < 0 and _begins_inside(information, has_more):
            text = "a segment without an LLC header: those before it are not in the capture"
            record.add_note(finding("capture-cut", text, begin, end, "capture-started-late"))
            peer.is_broken = True
        peer.last_send_number = number
        peer.last_record = record
        if peer.is_broken and end > begin and self._behind_hole(record, peer, information, has_more):
            return
        if end <= begin:
            peer.settle(record)
            record.kind = LINK
        elif has_more or peer.segments:
            self._joined(record, peer, octets, begin, end, has_more)
        else:
            take_lsdu(self.dialogue, record, peer, information, begin)

    def _behind_hole(self, record: Record, peer: Peer, information: bytes, has_more: int) -> bool:
        """Keep the segments behind a lost one as parts of the broken transfer; tells False where a new LSDU begins."""
        is_new = information[:3] in (LLC_REQUEST, LLC_RESPONSE)
        if not is_new:
            peer.settle(record)
            record.kind = PART
            if peer.segment_parts:
                record.part_of = peer.segment_parts[0]
                self.dialogue.transfers.part(peer, SEGMENTS, record, peer.so_far, peer)
        if is_new or not has_more:
            self.dialogue.transfers.give_up(peer, SEGMENTS)
            peer.is_broken = False
            peer.segments, peer.segment_parts = [], []
        return not is_new

    def _damaged(self, record: Record, peer: Peer, information: bytes, begin: int, has_more: int) -> None:
        """A frame that is damaged is shown and moves no state: the good copy that follows takes its place."""
        llc = information[:3]
        peer.settle(record, llc if peer.may_learn else b"")
        record.kind = PART if information else LINK
        if peer.segment_parts:
            record.part_of = peer.segment_parts[0]
        elif not has_more and llc in (LLC_REQUEST, LLC_RESPONSE):
            self.dialogue.show(record, peer, information[3:], begin + 3)

    def _repeated(
        self, record: Record, peer: Peer, before: Record, information: bytes, begin: int, has_more: int
    ) -> None:
        """A frame that came again, *before* being the first, is shown, and joined to nothing twice."""
        peer.settle(record)
        record.kind = PART if information else LINK
        if peer.segment_parts:
            record.part_of = peer.segment_parts[0]
        elif not has_more and information[:3] in (LLC_REQUEST, LLC_RESPONSE):
            self.dialogue.show(record, peer, information[3:], begin + 3)
            record.kind, record.part_of = (PART, before.parts[0]) if before.parts else (before.kind, before.part_of)
        text = f"N(S) {peer.last_send_number} came again with the same octets"
        record.add_note(finding("hdlc-retransmission", text, 0, len(record.octets)))

    def _joined(self, record: Record, peer: Peer, octets: bytes, begin: int, end: int, has_more: int) -> None:
        """Join segments; the last one gives the LSDU."""
        if has_more or peer.segments:
            peer.segments.append(octets[begin:end])
            peer.segment_parts.append(record.number)
            if has_more and len(peer.segments) < _MOST_SEGMENTS:
                peer.settle(record, octets[begin : begin + 3])
                record.kind = PART
                record.part_of = peer.segment_parts[0]
                self.dialogue.transfers.part(peer, SEGMENTS, record, peer.so_far, peer)
                return
            record.begin_ns = self.dialogue.transfers.done(peer, SEGMENTS)
            lsdu, parts = b"".join(peer.segments), tuple(peer.segment_parts)
            peer.segments, peer.segment_parts = [], []
            take_lsdu(self.dialogue, record, peer, lsdu, -1)
            record.parts = tuple(sorted({*parts, *record.parts}))
            return
        take_lsdu(self.dialogue, record, peer, octets[begin:end], begin)


def _begins_inside(information: bytes, has_more: int) -> bool:
    """Tell whether an I frame before which others were sent is a segment: the last is known by being no APDU."""
    if not information or information[:3] in (LLC_REQUEST, LLC_RESPONSE):
        return False
    return bool(has_more) or not (reads(information) or prefix_size(information))


def _carries(before: Record, record: Record, begin: int, information: bytes) -> bool:
    """Tell whether the good frame *before* carries what *record* does behind as long a header, which ends at *begin*.

    Each has its flag or shares that of the frame before it.
    """
    octets = before.octets
    start = int(octets[0] == FLAG)
    end = start + ((octets[start] & 7) << 8 | octets[start + 1]) - _FCS_SIZE
    return octets[start + begin - int(record.octets[0] == FLAG) : end] == information


def _address(octets: bytes) -> Address:
    return scan_address(octets, 0, len(octets))[0]


def _shown(address: Address) -> int | str:
    return address.upper if address.lower is None else str(address)
