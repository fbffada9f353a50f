"""HDLC frames of one conversation to records: addresses and roles, segments joined, LLC taken off.

Source: IEC 62056-46; frames are read by position through dissectors.hdlc.
"""

from __future__ import annotations

from analyzer.record import LINK, PART, REQUEST, RESPONSE, Record
from analyzer.tracking.dialogue import Dialogue
from analyzer.tracking.findings import finding
from analyzer.tracking.peer import Peer, close_peers, forget_oldest
from dissectors import checks
from dissectors.compile import FAILURES
from dissectors.gateway import prefix_size
from dissectors.hdlc import FLAG, Address, scan_address, scan_addresses
from dissectors.llc import REQUEST as LLC_REQUEST
from dissectors.llc import RESPONSE as LLC_RESPONSE
from dissectors.scanning import entry

_COMMANDS = frozenset({0x83, 0x43})
_RESPONSES = frozenset({0x63, 0x0F, 0x87})
_UI = 0x03
_SEGMENTED = 0x08
_MOST_SEGMENTS = 4096
_MANY_PEERS = 512
_ECHO_NS = 150_000_000
"""An echo is there at once; what comes again later was sent again."""
_OCTET_NS = 40_000_000
"""What an octet takes at 300 Bd, for a lane whose read ends with the last octet."""
_EVERY = 1 << 62
SEGMENTS = "segments"
"""The transfer of a pair of addresses."""


class HdlcLink:
    """The HDLC side of a conversation: many pairs of addresses on one line, each with its own state."""

    def __init__(self, dialogue: Dialogue) -> None:
        self.dialogue = dialogue
        self.peers: dict[tuple[int, bytes], Peer] = {}
        self._before = Record()
        """The frame that came last."""

    def take(self, record: Record, side: int) -> None:
        """Read the frame of *record*, which came on *side* of the conversation."""
        if not record.problem and record.octets[0] == FLAG:
            self.take_next(record, side)
        elif record.octets != self._before.octets or not self._echoes(record, side):
            self._before = record
            self._take(record, side)

    def take_next(self, record: Record, side: int) -> None:
        """Read a good frame behind its flag as nearly all are, and leave others to :meth:`_take`, which reads any.

        They have one octet an address, come from a known pair, and are RR or the I frame that is to come.
        """
        octets = record.octets
        if octets == self._before.octets and self._echoes(record, side):
            return
        self._before = record
        peer = self.peers.get((side, octets[3:5]))
        if peer is None:
            self._take(record, side)
            return
        control = octets[5]
        if control & 3 == 1:  # RR, RNR
            record.control = control
            record.kind = LINK
            self._settle(record, peer)
        elif not self._goes_on(record, peer, octets, control):
            self._take(record, side)

    def _echoes(self, record: Record, side: int) -> bool:
        """Tell whether a frame is the one before it, come back: on the other lane, or at once; it is no traffic."""
        before = self._before
        octets, sent_on, sent_ns = before.octets, before.lane.side, before.time_ns
        late_ns = None
        if sent_ns is not None and record.time_ns is not None:
            late_ns = (record.start_ns if record.start_ns is not None else record.time_ns) - sent_ns
        limit_ns = _ECHO_NS + (_OCTET_NS * len(octets) if side != sent_on else 0)
        if late_ns is None if side == sent_on else late_ns is not None and late_ns > limit_ns:
            return False
        if side == sent_on and late_ns is not None and late_ns > limit_ns:
            return False
        start = int(octets[0] == FLAG)
        try:
            _, control_at = scan_addresses(octets, start + 2, len(octets))
        except FAILURES:
            return False
        peer = self.peers.get((sent_on, octets[start + 2 : control_at]))
        if peer is None or (side == sent_on and peer.role is not REQUEST):
            return False
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
            self._check_header(record, peer, octets[1:8], 1)
        peer.last_send_number = number
        peer.last_information = octets[8:end]
        if has_more or peer.segments:
            self._joined(record, peer, octets, 8, end, has_more)
        else:
            self.dialogue.take(record, peer, apdu, 11)
            if record.client is None:
                self._settle(record, peer)
        return True

    def _take(self, record: Record, side: int) -> None:
        """Read any frame."""
        octets = record.octets
        size = len(octets)
        start = 1 if octets[0] == FLAG else 0
        try:
            split, control_at = scan_addresses(octets, start + 2, size)
            control = octets[control_at]
        except FAILURES:
            record.kind = LINK
            record.add_note(finding("hdlc-length-wrong", "the header is cut", 0, size))
            return
        addresses = octets[start + 2 : control_at]
        peer = self.peers.get((side, addresses)) or self._make_peer(side, addresses, split, bool(record.problem))
        record.control = control
        begin = control_at + 3
        if record.problem:
            self._note_problem(record, start, control_at)
            begin, end = self._information(record, octets, start, control_at)
        else:
            end = start + ((octets[start] & 7) << 8 | octets[start + 1]) - 2
            if peer.unchecked_headers and end > begin:
                self._check_header(record, peer, octets[start:begin], start)
        if control & 3 == 1:  # RR, RNR
            record.kind = LINK
            self._settle(record, peer)
        elif not control & 1:
            self._numbered(record, peer, control, octets, begin, end, octets[start] & _SEGMENTED)
        elif control & 0xEF == _UI and end > begin:
            self._joined(record, peer, octets, begin, end, octets[start] & _SEGMENTED)
        else:
            self._unnumbered(record, peer, control & 0xEF)

    @staticmethod
    def _check_header(record: Record, peer: Peer, header: bytes, start: int) -> None:
        """Check an HCS though the FCS, which covers it, is right: only the sender can have made it wrong.

        So the first frames of a sender tell; one that makes it wrong is checked for ever. 00 00 says: not used.
        """
        if checks.fcs_is_good(header) or header[-2:] == b"\0\0":
            peer.unchecked_headers -= 1
            return
        peer.unchecked_headers = _EVERY
        shown, computed = header[-2:].hex(" ").upper(), checks.fcs(header[:-2]).to_bytes(2, "little").hex(" ").upper()
        end = start + len(header)
        text = f"HCS {shown} is wrong, {computed} computed, though the FCS is right"
        record.add_note(finding("hdlc-hcs-wrong", text, end - 2, end))

    def close(self) -> None:
        """Forget all pairs: the conversation is over. What they held is freed at once, without a cycle left."""
        close_peers(self.peers, self.dialogue.transfers)

    def _make_peer(self, side: int, addresses: bytes, split: int, is_damaged: bool) -> Peer:
        """Make the pair; it is joined with its opposite direction once that is seen.

        Addresses out of damaged frames are remembered only while they are few.
        """
        destination, source = _address(addresses[:split]), _address(addresses[split:])
        peer = Peer(_shown(source), _shown(destination))
        if source.size != destination.size:  # a client's address has one octet
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

    @staticmethod
    def _information(record: Record, octets: bytes, start: int, control_at: int) -> tuple[int, int]:
        """Find the information field: behind HCS, before FCS."""
        end = len(octets)
        declared = start + ((octets[start] & 7) << 8 | octets[start + 1])
        if declared <= end:
            end = declared
        elif octets[-1] == FLAG:
            end -= 1
        if record.problem == "truncated":
            return control_at + 3, max(control_at + 3, end)
        return control_at + 3, end - 2

    def _note_problem(self, record: Record, start: int, control_at: int) -> None:
        octets = record.octets
        hcs_end = control_at + 3
        is_header_good = checks.fcs_is_good(octets[start:hcs_end])
        if record.problem == "fcs-wrong":
            end = start + ((octets[start] & 7) << 8 | octets[start + 1])
            shown, computed = octets[end - 2 : end], checks.fcs(octets[start : end - 2]).to_bytes(2, "little")
            text = f"FCS {shown.hex(' ').upper()} is wrong, {computed.hex(' ').upper()} computed"
            record.add_note(finding("hdlc-fcs-wrong", text, end - 2, end))
            if not is_header_good and hcs_end < end - 2 and octets[control_at + 1 : hcs_end] != b"\0\0":
                record.add_note(finding("hdlc-hcs-wrong", "HCS is wrong", control_at + 1, hcs_end))
            return
        declared = (octets[start] & 7) << 8 | octets[start + 1]
        there = len(octets) - start - (octets[-1] == FLAG and len(octets) > start + 1)
        if record.problem == "truncated":
            text = f"the frame is cut: {there} of {declared} octets are there"
            record.add_note(finding("capture-cut", text, 0, len(octets)))
        else:
            text = f"the length field says {declared} octets, {there} stand between the flags"
            record.add_note(finding("hdlc-length-wrong", text, start, start + 2))
        if not is_header_good and hcs_end < len(octets):
            record.add_note(finding("hdlc-hcs-wrong", "HCS is wrong", control_at + 1, hcs_end))

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
            if number == peer.last_send_number and information == peer.last_information:
                self._repeated(record, peer, number, begin, has_more)
                return
            text = f"N(S) {number} where {expected} belongs"
            record.add_note(finding("hdlc-frame-lost", text, begin - 3, begin - 2))
            peer.is_broken = True
        elif has_more and number and peer.last_send_number < 0 and information[:3] not in (LLC_REQUEST, LLC_RESPONSE):
            text = "a segment without an LLC header: those before it are not in the capture"
            record.add_note(finding("capture-cut", text, begin, end, "capture-started-late"))
            peer.is_broken = True
        peer.last_send_number = number
        peer.last_information = information
        if peer.is_broken and end > begin and self._behind_hole(record, peer, information, has_more):
            return
        if end <= begin:
            self._settle(record, peer)
            record.kind = LINK
        elif has_more or peer.segments:
            self._joined(record, peer, octets, begin, end, has_more)
        else:
            self._lsdu(record, peer, information, begin)

    def _behind_hole(self, record: Record, peer: Peer, information: bytes, has_more: int) -> bool:
        """Keep the segments behind a lost one as parts of the broken transfer; tells False where a new LSDU begins."""
        is_new = information[:3] in (LLC_REQUEST, LLC_RESPONSE)
        if not is_new:
            self._settle(record, peer)
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
        self._settle(record, peer, llc if peer.may_learn else b"")
        record.kind = PART if information else LINK
        if peer.segment_parts:
            record.part_of = peer.segment_parts[0]
        elif not has_more and llc in (LLC_REQUEST, LLC_RESPONSE):
            self.dialogue.show(record, peer, information[3:], begin + 3)

    def _repeated(self, record: Record, peer: Peer, number: int, begin: int, has_more: int) -> None:
        """A frame that came again is shown, and joined to nothing twice."""
        information = peer.last_information
        self._settle(record, peer)
        record.kind = PART if information else LINK
        if peer.segment_parts:
            record.part_of = peer.segment_parts[0]
        elif not has_more and information[:3] in (LLC_REQUEST, LLC_RESPONSE):
            self.dialogue.show(record, peer, information[3:], begin + 3)
        text = f"N(S) {number} came again with the same octets"
        record.add_note(finding("hdlc-retransmission", text, 0, len(record.octets)))

    def _joined(self, record: Record, peer: Peer, octets: bytes, begin: int, end: int, has_more: int) -> None:
        """Join segments; the last one gives the LSDU."""
        if has_more or peer.segments:
            peer.segments.append(octets[begin:end])
            peer.segment_parts.append(record.number)
            if has_more and len(peer.segments) < _MOST_SEGMENTS:
                self._settle(record, peer, octets[begin : begin + 3])
                record.kind = PART
                record.part_of = peer.segment_parts[0]
                self.dialogue.transfers.part(peer, SEGMENTS, record, peer.so_far, peer)
                return
            record.begin_ns = self.dialogue.transfers.done(peer, SEGMENTS)
            lsdu, parts = b"".join(peer.segments), tuple(peer.segment_parts)
            peer.segments, peer.segment_parts = [], []
            self._lsdu(record, peer, lsdu, -1)
            record.parts = tuple(sorted({*parts, *record.parts}))
            return
        self._lsdu(record, peer, octets[begin:end], begin)

    def _lsdu(self, record: Record, peer: Peer, lsdu: bytes, at: int) -> None:
        """Take LLC off and hand the APDU on."""
        llc = lsdu[:3]
        if llc == LLC_REQUEST:
            role, skipped = REQUEST, 3
        elif llc == LLC_RESPONSE:
            role, skipped = RESPONSE, 3
        else:
            self._bare(record, peer, lsdu, at)
            return
        if peer.role is not role:
            peer.learn(role)
        if lsdu[3:6] == llc:
            skipped = self._doubled(record, lsdu, at)
        apdu = lsdu[skipped:]
        others: list[bytes] = []
        if apdu.find(llc) > 0:
            # field: L+G E450 puts three notifications into one UI frame
            apdu, *others = split_lsdus(apdu)
        self.dialogue.take(record, peer, apdu, at + skipped if at >= 0 else -1)
        if others:
            self._more(record, peer, others)
        if record.client is None:
            self._settle(record, peer)

    def _bare(self, record: Record, peer: Peer, lsdu: bytes, at: int) -> None:
        """An information field without LLC: an APDU all the same, or nothing that is known."""
        if entry(lsdu, 0, len(lsdu)) is None and not prefix_size(lsdu):
            record.kind = LINK
            text = "the information field has no LLC header and begins with no APDU's tag"
            record.add_note(finding("information-undecoded", text, max(at, 0), max(at, 0) + len(lsdu)))
        else:
            self.dialogue.take(record, peer, lsdu, at)
        if record.client is None:
            self._settle(record, peer)

    @staticmethod
    def _doubled(record: Record, lsdu: bytes, at: int) -> int:
        """Pass over LLC headers that stand more than once. Returns their size."""
        # field: an Indian meter sends E6 E7 00 twice (corpus broken, doubled LLC)
        skipped = 3
        while lsdu[skipped : skipped + 3] == lsdu[:3]:
            skipped += 3
        text = "the LLC header stands more than once"
        record.add_note(finding("llc-unexpected", text, max(at, 0), max(at, 0) + skipped, "llc-doubled"))
        return skipped

    def _more(self, record: Record, peer: Peer, others: list[bytes]) -> None:
        """Take the further APDUs of one frame."""
        apdus = []
        for octets in others:
            beside = Record()
            beside.number, beside.time_ns, beside.octets = record.number, record.time_ns, record.octets
            self.dialogue.take(beside, peer, octets, -1)
            self.dialogue.transfers.adopt(beside, record)
            if beside.apdu is not None:
                apdus.append(beside.apdu)
            record.notes += beside.notes
        record.more = tuple(apdus)
        text = f"{len(others) + 1} LSDUs in one frame"
        record.add_note(finding("several-lsdus-in-frame", text, 0, 0, "meter-quirk"))

    def _settle(self, record: Record, peer: Peer, llc: bytes = b"") -> None:
        """Say direction, client and server as far as they are known."""
        if llc != peer.llc and llc in (LLC_REQUEST, LLC_RESPONSE):
            peer.learn(REQUEST if llc == LLC_REQUEST else RESPONSE)
        if peer.role is None:
            return
        record.direction = peer.role
        record.client, record.server = peer.client, peer.server
        record.association = peer.association.number

    def _unnumbered(self, record: Record, peer: Peer, command: int) -> None:
        """Link management and supervision: set-up and release number the associations."""
        record.kind = LINK
        association = peer.association
        if command in _COMMANDS and peer.role is not REQUEST:
            peer.learn(REQUEST)
        elif command in _RESPONSES and peer.role is not RESPONSE:
            peer.learn(RESPONSE)
        if command == 0x83:  # SNRM
            for one in (peer, peer.reverse):
                self.dialogue.transfers.give_up(one, SEGMENTS)
            peer.forget_link()
            peer.is_set_up = peer.reverse.is_set_up = True
            if association.number is None or association.is_open:
                self.dialogue.begin(association)
        self._settle(record, peer)
        self._pair(record, peer, command)

    def _pair(self, record: Record, peer: Peer, command: int) -> None:
        """Tie UA, DM and FRMR to the command before them."""
        association = peer.association
        if command in _COMMANDS:
            association.link_command = (record.number, record.time_ns, command)
        elif command in _RESPONSES and association.link_command is not None:
            number, end_ns, asked = association.link_command
            association.link_command = None
            record.request = number
            begin = record.start_ns if record.start_ns is not None else record.time_ns
            if begin is not None and end_ns is not None:
                latency = begin - end_ns
                record.latency_ns = latency if latency >= 0 else record.overlaps(latency, end_ns)
            if asked == 0x43:  # DISC is answered: the association is over
                association.number = None
                association.is_open = False


def split_lsdus(octets: bytes) -> list[bytes]:
    """Part octets that hold several LSDUs, each but the first behind its own LLC header; normally there is one."""
    found: list[bytes] = []
    while True:
        made = entry(octets, 0, len(octets))
        if made is None or (octets.find(LLC_RESPONSE) < 0 and octets.find(LLC_REQUEST) < 0):
            return [*found, octets]
        try:
            _, after = made.function(octets, 0, len(octets))
        except FAILURES:
            return [*found, octets]
        if after >= len(octets) or octets[after : after + 3] not in (LLC_REQUEST, LLC_RESPONSE):
            return [*found, octets]
        found.append(octets[:after])
        octets = octets[after + 3 :]


def _address(octets: bytes) -> Address:
    return scan_address(octets, 0, len(octets))[0]


def _shown(address: Address) -> int | str:
    return address.upper if address.lower is None else str(address)


__all__ = ["HdlcLink", "split_lsdus"]
