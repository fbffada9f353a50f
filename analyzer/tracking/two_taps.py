"""A serial line of which each direction is heard by itself: HDLC frames in the order in which they were said.

A tap gives its octets when its driver pleases, often 16 ms late, so an answer may come behind the next request. N(R)
proves what was said before a frame, as far as that does not acknowledge it, and UA that a command was; where the turn
was handed over, RR stands before the next frame if both came within the latency of an adapter. Nothing else is moved.
Source: ISO/IEC 13239, send and receive sequence numbers.
"""

from __future__ import annotations

from typing import Any

from analyzer.framing.frame import HDLC, IEC62056_21, Frame, Mark
from analyzer.record import REQUEST
from analyzer.tracking.conversation import Conversation
from analyzer.tracking.peer import Peer
from dissectors.compile import FAILURES
from dissectors.hdlc import FLAG, scan_addresses

_CARRY_HDLC = (HDLC, IEC62056_21)
LATE_NS = 100_000_000
"""What a frame acknowledges and what does not come within this time was lost."""
_TURN_NS = 20_000_000
"""A turn is awaited no longer than USB adapters hold octets back: who speaks out of turn is at fault."""
_MOST_AHEAD = 3
"""So many frames may be late; N(R) that seems to be further ahead is one of an earlier frame."""
_MOST_HELD = 32
_SHORTEST = 9
"""Octets of a frame without information."""
_NOBODY = -1
_NAME, _UA, _SNRM, _DISC, _DM, _FRMR = 0xEF, 0x63, 0x83, 0x43, 0x0F, 0x87
_POLL_FINAL = 0x10
_COMMAND, _ANSWER, _INFORMATION, _TURN = "command", "answer", "information", "turn"
_NAMES = {_COMMAND: (_SNRM, _DISC), _ANSWER: (_UA, _DM, _FRMR), _TURN: (), "": ()}
"""What may be awaited, by its control octet without P/F."""


class TwoTaps(Conversation):
    """A serial line with a lane a direction. A frame waits for those that it shows to have been said before it."""

    has_taps = True

    def __init__(self, *told: Any, **more: Any) -> None:
        super().__init__(*told, **more)
        self._held: list[tuple[int, Frame]] = []
        """Frames of one side, by time, the first of which is early."""
        self._peers: dict[tuple[int, bytes], Peer] = {}
        self._link: Any = None
        """What reads HDLC frames, once there was one, and the pairs that it knows."""
        self._alone = _NOBODY
        """The side that spoke on while nothing was heard of the other: it waits for nothing."""

    def feed(self, side: int, octets: bytes, number: int, time_ns: int | None) -> None:
        """Take the next octets of *side*; those that can only be one frame in its turn go the shortest way."""
        if side == self._alone or self.stack not in _CARRY_HDLC:
            super().feed(side, octets, number, time_ns)
            return
        self._alone = _NOBODY
        if self._held:
            since_ns = self._held[0][1].marks[-1].time_ns
            if time_ns is None or since_ns is None or not 0 <= time_ns - since_ns <= LATE_NS:
                self._give()
                self._look_who_speaks(side)
        peer = self._peers.get((side, octets[3:5]))
        if (
            peer is None
            or self._held
            or peer.association.link_command is not None
            or len(octets) < _SHORTEST
            or (control := octets[5]) & 3 == 3
            or (
                (back := peer.reverse) is not peer
                and (self._link.before.lane.side == side or (control >> 5) - back.last_send_number - 1 & 7)
            )
        ):
            self.last_number = number
            self._feed_any(side, octets, Mark(number, time_ns))
        else:
            if back is peer:
                self._look_who_speaks(side)
            super().feed(side, octets, number, time_ns)

    def take(self, side: int, frame: Frame) -> None:
        """Make the record of *frame*, or let it wait."""
        held = self._held
        if not held:
            if side != self._alone and self._awaits(side, frame):
                held.append((side, frame))
            else:
                super().take(side, frame)
        elif side == held[0][0]:
            held.append((side, frame))
            if len(held) > _MOST_HELD:
                self._give()
        elif frame.problem or not self._may_be_before(side, frame):
            self._give()
            self.take(side, frame)
        else:
            super().take(side, frame)
            while held and not self._awaits(*held[0]):
                super().take(*held.pop(0))

    def rest(self) -> None:
        """Nothing came on the line for a while: nothing more is late."""
        super().rest()
        self._give()

    def lost(self, side: int) -> None:
        """Octets of *side* are missing here, so what waits for them waits in vain."""
        super().lost(side)
        self._give()

    def _make_link(self, link: str) -> Any:
        made = super()._make_link(link)
        if link == HDLC:
            self._link, self._peers = made, made.peers
        return made

    def close(self) -> None:
        """Free what the conversation holds."""
        super().close()
        self._link, self._peers = None, {}

    def _look_who_speaks(self, side: int) -> None:
        """Find out whether *side* speaks alone, now that it waited in vain or nobody answers it."""
        if all(one == side for one, _ in self._peers):
            self._alone = side

    def _give(self) -> None:
        """Give what waits as it came."""
        while self._held:
            super().take(*self._held.pop(0))

    def _awaits(self, side: int, frame: Frame) -> str:
        """Name what *frame* shows to have been said before it by the other side, and what has not come so far."""
        told = _read(frame)
        if told is None or frame.marks[-1].time_ns is None:
            return ""
        addresses, split, control = told
        peer = self._peers.get((side, addresses))
        if control & _NAME == _UA:
            asking = peer or self._peers.get((1 - side, addresses[split:] + addresses[:split]))
            return _COMMAND if asking is None or asking.association.link_command is None else ""
        if control & 3 == 3 or peer is None:
            return ""
        command = peer.association.link_command
        if command is not None and command[2] == _SNRM:
            return _ANSWER if peer.role is REQUEST else ""
        heard = peer.reverse.last_send_number
        if peer.reverse is peer or (heard < 0 and not peer.is_set_up):
            return ""
        if 0 < ((control >> 5) - heard - 1 & 7) <= _MOST_AHEAD:
            return _INFORMATION
        return _TURN if not control & 1 and self._has_no_turn(peer, frame) else ""

    def _has_no_turn(self, peer: Peer, frame: Frame) -> bool:
        """Tell whether a pair handed the turn over just before *frame*, a new one, and nobody has spoken since."""
        before, now_ns = peer.last_record, frame.marks[0].time_ns
        if before is None or before is not self._link.before or before.octets == frame.octets:
            return False
        if not (before.control or 0) & _POLL_FINAL:
            return False
        return now_ns is not None and before.time_ns is not None and 0 <= now_ns - before.time_ns < _TURN_NS

    def _may_be_before(self, other: int, frame: Frame) -> bool:
        """Tell whether the first of those that wait waits for *frame* of the *other* side, or for one behind it."""
        side, early = self._held[0]
        asked, told = _read(early), _read(frame)
        if asked is None or told is None or told[0] != asked[0][asked[1] :] + asked[0][: asked[1]]:
            return False
        what, control = self._awaits(side, early), told[2]
        if control & 3 == 1:
            return not self._awaits(other, frame)
        if what == _INFORMATION:
            peer = self._peers[side, asked[0]]
            is_next = not control & 1 and control >> 1 & 7 == peer.reverse.last_send_number + 1 & 7
            return is_next and not self._awaits(other, frame)
        return control & _NAME in _NAMES[what]


def _read(frame: Frame) -> tuple[bytes, int, int] | None:
    """Read a good frame: its addresses, how many octets the first of them has, and the control octet."""
    link, octets, _, problem = frame
    if link != HDLC or problem:
        return None
    start = int(octets[0] == FLAG)
    try:
        split, at = scan_addresses(octets, start + 2, len(octets))
        return octets[start + 2 : at], split, octets[at]
    except FAILURES:
        return None
