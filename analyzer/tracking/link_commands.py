"""Commands and responses of an HDLC link (SNRM, DISC; UA, DM, FRMR) to associations that are set up and released.

Source: IEC 62056-46.
"""

from __future__ import annotations

from analyzer.record import LINK, REQUEST, RESPONSE, Record
from analyzer.tracking.dialogue import Dialogue
from analyzer.tracking.peer import Peer
from analyzer.tracking.transfers import SEGMENTS

SNRM = 0x83
_DISC = 0x43
_COMMANDS = frozenset({SNRM, _DISC})
_RESPONSES = frozenset({0x63, 0x0F, 0x87})


def take_command(dialogue: Dialogue, record: Record, peer: Peer, command: int) -> None:
    """Link management and supervision: set-up and release number the associations."""
    record.kind = LINK
    association = peer.association
    if command in _COMMANDS and peer.role is not REQUEST:
        peer.learn(REQUEST)
    elif command in _RESPONSES and peer.role is not RESPONSE:
        peer.learn(RESPONSE)
    if command == SNRM:
        for one in (peer, peer.reverse):
            dialogue.transfers.give_up(one, SEGMENTS)
        peer.forget_link()
        peer.is_set_up = peer.reverse.is_set_up = True
        if association.number is None or association.is_open:
            dialogue.begin(association)
    peer.settle(record)
    _pair(record, peer, command)


def _pair(record: Record, peer: Peer, command: int) -> None:
    """Tie UA, DM and FRMR to the command before them."""
    association = peer.association
    if command in _COMMANDS:
        association.link_command = (record.number, record.time_ns, command)
    elif command in _RESPONSES and association.link_command is not None:
        number, end_ns, asked = association.link_command
        association.link_command = None
        record.request = number
        record.measure_latency(end_ns)
        if asked == _DISC:  # it is answered: the association is over
            association.number = None
            association.is_open = False
