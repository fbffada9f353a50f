"""Wrapper PDUs, LLC frames and bare APDUs of one conversation to records. Source: IEC 62056-47, IEC 61334-4-32."""

from __future__ import annotations

from collections import deque

from analyzer.record import APDU, LINK, NOISE, PART, REQUEST, RESPONSE, UNKNOWN, Lane, Record
from analyzer.tracking.bare_value import carried, is_bare_value, is_cut_value
from analyzer.tracking.dialogue import Dialogue
from analyzer.tracking.findings import finding
from analyzer.tracking.peer import Peer, close_peers, forget_oldest
from dissectors.llc import REQUEST as LLC_REQUEST
from dissectors.llc import RESPONSE as LLC_RESPONSE
from dissectors.wrapper import HEADER_SIZE

_LLC_432 = 0x90
_LLC_SIZE = 3
_MOST_IN_FLIGHT = 16
_BEHIND_HEADER = slice(HEADER_SIZE, None)
_NO_LANE = Lane(0, 0, "")


class WrapperLink:
    """The wrapper side of a conversation: wPorts stand for the addresses."""

    def __init__(self, dialogue: Dialogue) -> None:
        self.dialogue = dialogue
        self.peers: dict[tuple[int, bytes], Peer] = {}
        self._near: list[Peer | None] = [None, None]
        """By side: whose PDU came last, where the next one is sure to have the same wPorts and to be no echo."""
        self._before = Record()
        """The PDU that came last."""
        self._before.lane = _NO_LANE
        self._in_flight: deque[Record] = deque(maxlen=_MOST_IN_FLIGHT)
        """Those before it, where one side sent several: their echoes come later."""

    def take_next(self, record: Record, side: int) -> None:
        """Read a whole PDU that has the wPorts of the one before it on *side*, as the framer saw."""
        octets = record.octets
        peer = self._near[side]
        if peer is None:
            if self._comes_back(record, side):
                return
            wports = octets[2:6]
            peer = self.peers.get((side, wports)) or self.make_peer(side, wports[:2], wports[2:])
            if (1 - side, wports) not in self.peers:  # else an echo has the wPorts of an answer
                self._near[side] = peer
            if self._in_flight:
                self._in_flight.append(self._before)
        before = self._before
        if before.lane is record.lane:
            self._in_flight.append(before)
        self._before = record
        self.dialogue.take(record, peer, octets[_BEHIND_HEADER], HEADER_SIZE)

    def take(self, record: Record, side: int) -> None:
        """Read the PDU of *record*, which came on *side* of the conversation."""
        self._near[side] = None
        if self._comes_back(record, side):
            return
        if self._in_flight or self._before.lane is record.lane:
            self._in_flight.append(self._before)
        self._before = record
        octets = record.octets
        wports = octets[2:6]
        peer = self.peers.get((side, wports)) or self.make_peer(side, wports[:2], wports[2:])
        if record.problem:
            self._note_problem(record)
        if len(octets) <= HEADER_SIZE:
            record.kind = PART if record.problem else NOISE
            return
        self.dialogue.take(record, peer, octets[HEADER_SIZE:], HEADER_SIZE)

    def _comes_back(self, record: Record, side: int) -> bool:
        """Tell whether a PDU is one of the newest of the other side: a converter repeats what it sends on its line."""
        octets = record.octets
        peer = self.peers.get((1 - side, octets[2:6]))
        if peer is None or record.problem:
            return False
        sent = (one for one in (self._before, *reversed(self._in_flight)) if one.octets == octets)
        before = next((one for one in sent if one.lane.side != side), None)
        if before is None:
            return False
        record.kind = LINK
        if peer.role is not None:
            record.direction, record.client, record.server = peer.role, peer.client, peer.server
        late = ""
        if record.time_ns is not None and before.time_ns is not None:
            late = f", {(record.time_ns - before.time_ns) / 1e6:.0f} ms later"
        text = f"the {len(octets)} octets of record {before.number} come back{late}, their wPorts unswapped"
        record.add_note(finding("line-echo", text, 0, len(octets), "local-echo"))
        return True

    def close(self) -> None:
        """Forget all pairs: the conversation is over."""
        self._near = [None, None]
        self._in_flight.clear()
        close_peers(self.peers, self.dialogue.transfers)

    def make_peer(self, side: int, source: bytes, destination: bytes) -> Peer:
        """Make the pair of *source* and *destination*, joined with its opposite direction once that is seen."""
        echoed = self.peers.get((1 - side, source + destination)) if source != destination else None
        if echoed is not None and echoed.reverse is echoed:
            peer = _echoing(echoed)
        else:
            peer = Peer(int.from_bytes(source, "big"), int.from_bytes(destination, "big"))
            for other_side in (1 - side, side):
                other = self.peers.get((other_side, destination + source))
                if other is not None and other is not peer:
                    other.join(peer)
                    break
        forget_oldest(self.peers, self.dialogue.transfers)
        self._near = [None, None]
        self.peers[side, source + destination] = peer
        return peer

    @staticmethod
    def _note_problem(record: Record) -> None:
        octets = record.octets
        if len(octets) < HEADER_SIZE:
            text = f"the PDU breaks off within its header: {len(octets)} of {HEADER_SIZE} octets are there"
            record.add_note(finding(_BROKEN_OFF[record.problem == "truncated"], text, 0, len(octets)))
            return
        declared, there = octets[6] << 8 | octets[7], len(octets) - HEADER_SIZE
        said = f"{declared} octet{'s' * (declared != 1)}"
        if record.problem == "truncated":
            text = f"the wrapper PDU is cut: {there} of {said} {'is' if there == 1 else 'are'} there"
            record.add_note(finding("capture-cut", text, 0, len(octets)))
        else:
            text = f"the wrapper length says {said}, {there} {'is' if there == 1 else 'are'} there"
            record.add_note(finding("wrapper-length-wrong", text, 6, 8))


_BROKEN_OFF = ("wrapper-length-wrong", "capture-cut")


def _echoing(echoed: Peer) -> Peer:
    """Make the opposite direction of a pair with the same wPorts: some meters copy the header of the request."""
    first, second = echoed.source, echoed.destination
    if echoed.role is RESPONSE:
        echoed.source, echoed.destination = second, first
        echoed.take_role(RESPONSE)
        peer = Peer(first, second)
    else:
        peer = Peer(second, first)
    echoed.join(peer)
    return peer


class ApduLink(WrapperLink):
    """LLC frames and bare APDUs: one a datagram or line."""

    def take(self, record: Record, side: int) -> None:
        """Read the LLC header where there is one, then the APDU."""
        octets = record.octets
        begin = 0
        source = destination = b"\x00"
        role: bytes | None = None
        while octets[begin : begin + _LLC_SIZE] in (LLC_REQUEST, LLC_RESPONSE):
            role = octets[begin : begin + _LLC_SIZE]
            begin += _LLC_SIZE
        if not begin and octets[0] == _LLC_432 and record.link == "llc":
            destination, source = octets[1:2], octets[2:3]
            begin = _LLC_SIZE
        peer = self.peers.get((side, source + destination)) or self.make_peer(side, source, destination)
        if role is not None and peer.reverse is not peer:
            peer.learn(REQUEST if role == LLC_REQUEST else RESPONSE)
        if not begin and (is_bare_value(octets) or is_cut_value(octets)):
            self.dialogue.take(record, peer, carried(record, octets), -1)
        else:
            self.dialogue.take(record, peer, octets[begin:], begin)
        if record.link == "apdu" or role is not None:
            record.client = record.server = None
        if record.kind == APDU and record.direction == UNKNOWN and role is not None:
            record.direction = REQUEST if role == LLC_REQUEST else RESPONSE
        if record.link == "apdu" and record.closed is not None:
            from analyzer.tracking.iec62056_21_link import show_telegram  # a layer that few captures need

            show_telegram(record)
