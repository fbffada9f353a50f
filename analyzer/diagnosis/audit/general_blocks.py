"""Blocks of general-block-transfer against the window of who takes them, and acknowledgements against what was sent.

Source: IEC 62056-5-3, general-block-transfer (streaming, window, block-number-ack).
"""

from __future__ import annotations

from analyzer.diagnosis.audit.ledger import FAIL, Ledger, watcher
from analyzer.record import REQUEST, RESPONSE, Record
from analyzer.tracking.history import Association

_BLOCK, _STREAMS, _WINDOW = b"\xe0", 0x40, 0x3F
_WHO = {REQUEST: "client", RESPONSE: "meter"}
_OTHER = {REQUEST: RESPONSE, RESPONSE: REQUEST}


class Way:
    """What one side of a transfer said last: its newest block, what it takes, how many blocks it sent in a row."""

    __slots__ = ("acknowledged", "highest", "is_streaming", "newest", "record", "run", "window")

    def __init__(self) -> None:
        self.newest = self.highest = self.acknowledged = self.window = self.run = self.record = 0
        self.is_streaming = False


@watcher
def windows(ledger: Ledger, record: Record, one: Association | None) -> None:
    """Follow the blocks of both sides of a transfer, until something else is said."""
    apdu, direction = record.apdu, record.direction
    if apdu is None or direction not in _OTHER:
        return
    octets, transfers = apdu.octets, ledger.state["blocks"]
    is_block = octets[:1] == _BLOCK and len(octets) >= 6 and not record.problem
    if not is_block and not transfers:
        return
    about = record.lane.conversation, record.client, record.server, record.gateway
    if not is_block:
        transfers.pop(about, None)
        return
    ways = transfers.get(about)
    if not isinstance(ways, dict):
        ledger.remember("blocks", about, ways := {REQUEST: Way(), RESPONSE: Way()})
    own, other = ways[direction], ways[_OTHER[direction]]
    number, acknowledged = int.from_bytes(octets[2:4], "big"), int.from_bytes(octets[4:6], "big")
    who, whose = _WHO[direction], _WHO[_OTHER[direction]]
    goes_back = number <= own.newest  # to what was lost, or the sender tries again
    own.run, other.run = 1 if goes_back else own.run + 1, 0
    if 0 < other.window < own.run:
        text = f"the {who} sends {own.run} blocks in a row, and the window of the {whose} is {other.window}"
        ledger.find("block-numbers", FAIL, text, other.record, record.number)
    if other.highest and acknowledged > other.highest:
        text = f"the {who} acknowledges block {acknowledged}; the last one that the {whose} sent is {other.highest}"
        ledger.find("block-numbers", FAIL, text, other.record, record.number)
    if own.run == 1 and own.newest and not own.is_streaming and 0 < other.acknowledged < own.newest < number:
        text = f"the {whose} acknowledges block {other.acknowledged}, and the {who} goes on with block {number}"
        ledger.find("block-numbers", FAIL, text, other.record, record.number)
    own.newest, own.highest, own.acknowledged = number, max(own.highest, number), acknowledged
    own.window, own.is_streaming, own.record = octets[1] & _WINDOW, bool(octets[1] & _STREAMS), record.number
