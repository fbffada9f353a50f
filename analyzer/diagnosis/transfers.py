"""Block transfers that do not come to their end: which block, which way, who left off, and how far it came.

Source: IEC 62056-5-3, Long services.
"""

from __future__ import annotations

from typing import NamedTuple

from analyzer.diagnosis.explained import explained
from analyzer.diagnosis.family import Family
from analyzer.diagnosis.story import CERTAIN, LIKELY, POSSIBLE, Alternative, Evidence
from analyzer.diagnosis.words import about_all, octets
from analyzer.record import PART, REQUEST, RESPONSE, Objects, Record
from analyzer.tracking.history import LOST, Association
from dissectors.tree import Note

_MOST = 4096
_NEXT = {0xC0: 2, 0xC3: 2}
"""The choice that asks for the next block of an answer, by tag."""
_BLOCK = {0xC4: 2, 0xC7: 2}
"""The choice that carries a block of an answer, by tag."""
_BLOCK_REQUESTS = (b"\xc1\x02", b"\xc1\x03", b"\xc1\x05", b"\xc3\x04", b"\xc3\x05", b"\xc3\x06")
"""How requests begin that carry a block."""
_TAKEN = (b"\xc5\x02", b"\xc5\x03", b"\xc7\x04")
"""How answers begin that say which block was taken."""
_LAST_AT, _NUMBER_AT, _RESULT_AT = 3, 4, 8
_WITH_RESULT = 3
"""The choice of a set-response whose block number stands behind a result."""
_ASKED_NUMBER_AT = 3
_SIZE = 4
_new = tuple.__new__


class Running(NamedTuple):
    """A transfer to the client that runs: its first record, the last block and its record, octets so far."""

    first: int
    record: int
    block: int
    size: int
    objects: Objects
    invoke_id: int


class Transfers:
    """The block transfers that run, by association."""

    def __init__(self, family: Family) -> None:
        self._family = family
        self.running: dict[int, Running] = {}
        self.sent: dict[int, tuple[Record, int]] = {}
        """By association: the block that the client sent, until it is answered."""
        self._doubted: dict[int, tuple[Record, int, Running]] = {}
        """Acknowledgements of another block than the last one, until their answer shows who is wrong."""

    def look(self, record: Record) -> None:
        """Look at a record of an association that transfers blocks."""
        apdu, number = record.apdu, record.association
        if apdu is None or number is None or len(apdu.octets) <= _ASKED_NUMBER_AT:
            return
        now = apdu.octets
        if record.direction is RESPONSE and number in self.sent:
            self._taken(record, *self.sent.pop(number))
        elif record.direction is REQUEST and now[:2] in _BLOCK_REQUESTS:
            if len(self.sent) >= _MOST:
                self.sent.clear()
            self.sent[number] = record, _number_of(record)
        if record.direction is RESPONSE and now[1] == _BLOCK.get(now[0]):
            self._block(record, number, now)
        elif number in self.running and record.direction is REQUEST:
            self._asked(record, number, now)

    def _taken(self, record: Record, asked: Record, sent: int) -> None:
        """Hold what the meter says that it took against what the client sent."""
        apdu = record.apdu
        if apdu is None or record.request != asked.number or apdu.octets[:2] not in _TAKEN:
            return
        taken = _number_of(record)
        if taken != sent and (apdu.octets[1] != _WITH_RESULT or not apdu.octets[_LAST_AT]):
            self._family.report(
                record, "block-number-wrong", "block-number-differs", LIKELY,
                f"the meter acknowledges block {taken}; the one it got is {sent}", alternatives=[_LOST_IN_CAPTURE],
                further=[Evidence(asked.number, 0, 0, f"block {sent}")],
            )  # fmt: skip

    def _wrong_number(self, record: Record, wanted: int, known: Running) -> None:
        apdu = record.apdu
        at = apdu.at + _ASKED_NUMBER_AT if apdu is not None and apdu.at >= 0 else 0
        text = f"the client acknowledges block {wanted}; the last one it got is {known.block}"
        self._family.report(
            record, "block-number-wrong", "block-number-differs", LIKELY, text, start=at,
            end=at + _SIZE if at else 0, alternatives=[_LOST_IN_CAPTURE],
            further=[Evidence(known.record, 0, 0, f"block {known.block}")],
        )  # fmt: skip

    def _block(self, record: Record, number: int, now: bytes) -> None:
        block = int.from_bytes(now[_NUMBER_AT : _NUMBER_AT + _SIZE], "big")
        doubted = self._doubted.pop(number, None)
        is_refused = now[0] == 0xC4 and now[_RESULT_AT : _RESULT_AT + 1] == b"\1"
        if doubted is not None and (is_refused or block != doubted[1] + 1):
            self._wrong_number(*doubted)  # a meter that goes on from there shows that the capture lacks blocks
        known = self.running.get(number)
        if is_refused:
            if known is not None:
                del self.running[number]
                text = f"the meter ends the transfer with a result in place of block {known.block + 1}"
                self._report(record, known, "server-aborted", LIKELY, text)
            return
        if record.kind is not PART or now[_LAST_AT]:
            self.running.pop(number, None)
            return
        if len(self.running) >= _MOST:
            self.running.pop(next(iter(self.running)))
        first = known.first if known is not None and block > 1 else record.number
        size = (known.size if known is not None and block > 1 else 0) + len(now)
        self.running[number] = _new(Running, (first, record.number, block, size, record.objects, now[2] & 0xF))

    def _asked(self, record: Record, number: int, now: bytes) -> None:
        """Look at what the client asks for while a transfer runs."""
        known = self.running[number]
        if now[1] == _NEXT.get(now[0]):
            wanted = int.from_bytes(now[_ASKED_NUMBER_AT : _ASKED_NUMBER_AT + _SIZE], "big")
            if wanted != known.block:
                if len(self._doubted) >= _MOST:
                    self._doubted.clear()
                self._doubted[number] = (record, wanted, known)
            return
        if now[2] & 0xF != known.invoke_id or now[0] in (0xC0, 0xC3):
            del self.running[number]
            text = f"the client asks for something else after block {known.block}"
            self._report(record, known, "client-left-off", LIKELY, text)

    def next_request(self, one: Association) -> dict[bytes, str]:
        """Give what asks for the next block of the transfer that runs in *one*, with its name; none if not known."""
        known, apdu = self.running.get(one.number or 0), one.asked.apdu if one.asked is not None else None
        tag, invoke_id = (apdu.octets[0], apdu.octets[2]) if apdu is not None and len(apdu.octets) > _SIZE else (0, 0)
        if known is None or apdu is None or tag not in _NEXT:
            return {}
        return {bytes((tag, _NEXT[tag], invoke_id)) + known.block.to_bytes(_SIZE, "big"): apdu.family}

    def end(self, one: Association) -> None:
        """An association ended: its transfer with it."""
        self.sent.pop(one.number or 0, None)
        known = self.running.pop(one.number or 0, None)
        doubted = self._doubted.pop(one.number or 0, None)
        if doubted is not None:
            self._wrong_number(*doubted)
        ending = one.ending
        if known is None or ending is None:
            return
        cause = "link-lost" if ending.how == LOST else "client-left-off"
        text = f"block {known.block} is the last one; in record {ending.at.record} the association is {ending.how}"
        proof = [Evidence(known.record, 0, 0, _whole(known, text))]
        self._family.report_about(
            one, "long-transfer-aborted", cause, LIKELY, proof, time_ns=ending.at.time_ns,
            subject=about_all(known.objects),
        )  # fmt: skip

    def _report(self, record: Record, known: Running, cause: str, confidence: str, text: str) -> None:
        further = [Evidence(known.record, 0, 0, f"block {known.block}, the last one")]
        self._family.report(
            record, "long-transfer-aborted", cause, confidence, _whole(known, text), further=further,
            subject=about_all(known.objects),
        )  # fmt: skip

    def lost(self, record: Record, note: Note) -> None:
        """Report a hole in the block numbers: of the capture where the client knew what was in it, or of the sender."""
        apdu, number = record.apdu, record.association
        one = self._family.associations.of(number) if number is not None else None
        last = one.asked if one is not None else None
        wanted = None
        if last is not None and last.number == record.request and last.apdu is not None:
            now = last.apdu.octets
            if now[1] == _NEXT.get(now[0]):
                wanted = int.from_bytes(now[_ASKED_NUMBER_AT : _ASKED_NUMBER_AT + _SIZE], "big") + 1
        block = int.from_bytes(apdu.octets[_NUMBER_AT : _NUMBER_AT + _SIZE], "big") if apdu is not None else 0
        known = self.running.get(number or 0)
        most = max(block - known.block - 1, 1) if known is not None else 1
        if not block:
            text = f"{note.text}: blocks count from 1, and 0 is none that could be lost"
            self._family.report(
                record, "block-number-wrong", "counted-from-0", LIKELY, text, start=note.start, end=note.end
            )
            return
        cause, confidence, shown = "capture-loss", POSSIBLE, ""
        if wanted is not None and wanted == block:
            confidence, shown = CERTAIN, f": the client had all up to {block - 1}, the capture has not"
        elif wanted is not None:
            cause, confidence, shown = "block-skipped", LIKELY, f": the client asked for block {wanted}"
        self._family.report(
            record, note.code, cause, confidence, f"{note.text}{shown}", start=note.start, end=note.end,
            severity=note.severity, explains=explained(self._family, record, 0, most),
        )  # fmt: skip

    def repeated(self, record: Record, note: Note) -> None:
        """Report a block that came again: because it was asked for once more, or because its sender did so unasked."""
        number = record.association
        one = self._family.associations.of(number) if number is not None else None
        again = one.repeats[-1] if one is not None and one.repeats else 0
        is_asked = record.direction is RESPONSE and again and again == record.request
        shown = f": it was asked for once more in record {again}" if is_asked else ": its sender did not see it arrive"
        self._family.report(
            record, note.code, "sender-retries", LIKELY, f"{note.text}{shown}", start=note.start, end=note.end,
            severity=note.severity,
        )  # fmt: skip


def _number_of(record: Record) -> int:
    """Give the block number in an APDU; 0, which no block has, where it does not read."""
    apdu = record.apdu
    if apdu is None or apdu.entry is None or apdu.values is None or "block_number" not in apdu.entry.slots:
        return 0
    return int(apdu.values[apdu.entry.slots["block_number"]])


_LOST_IN_CAPTURE = Alternative("capture-loss", POSSIBLE, "the blocks between may be missing in the capture alone")


def _whole(known: Running, text: str) -> str:
    what = about_all(known.objects) or "a long answer"
    return f"{what} stops after block {known.block} ({octets(known.size)} in {known.block} blocks): {text}"
