"""Block transfers that do not come to their end: which block, which way, who left off, and how far it came.

Source: IEC 62056-5-3, Long services.
"""

from __future__ import annotations

from typing import NamedTuple

from analyzer.diagnosis.explained import explained
from analyzer.diagnosis.family import Family
from analyzer.diagnosis.story import CERTAIN, LIKELY, POSSIBLE, Alternative, Evidence, Fact
from analyzer.diagnosis.words import about_all, octets
from analyzer.record import PART, REQUEST, RESPONSE, Objects, Record
from analyzer.tracking.history import LOST, Association
from dissectors.tree import Note

_MOST = 4096
_NEXT = {0xC0: 2, 0xC3: 2}
"""The choice that asks for the next block of an answer, by tag."""
_BLOCK = {0xC4: 2, 0xC7: 2}
"""The choice that carries a block of an answer, by tag."""
_RESULT = (b"\xc4\1", b"\xc7\1")
"""How answers begin that carry none: data-access-result or action-result follow the invoke-id, 0 for success."""
_BLOCK_REQUESTS = (b"\xc1\x02", b"\xc1\x03", b"\xc1\x05", b"\xc3\x04", b"\xc3\x05", b"\xc3\x06")
"""How requests begin that carry a block."""
_TAKEN = (b"\xc5\x02", b"\xc5\x03", b"\xc7\x04")
"""How answers begin that say which block was taken."""
_LAST_AT, _NUMBER_AT, _RESULT_AT = 3, 4, 8
_WITH_RESULT = 3
"""The choice of a set-response whose block number stands behind a result."""
_ASKED_NUMBER_AT = 3
_SIZE = 4
_INVOKE_IDS = 16
_GIVEN_UP_NS = 10_000_000_000
"""Who asks for other things so long does not come back to a transfer."""
_new = tuple.__new__


class Running(NamedTuple):
    """A transfer to the client that runs: its first record, the last block and its record, octets so far."""

    first: int
    record: int
    block: int
    size: int
    objects: Objects
    invoke_id: int


class Left(NamedTuple):
    """A transfer that the client may have left off: the request that it made instead, or beside, and its chain.

    *fact* is what was told once time had passed.
    """

    known: Running
    asked: Record
    chain: int
    fact: Fact | None = None


class Transfers:
    """The block transfers that run, by association and invoke-id."""

    def __init__(self, family: Family) -> None:
        self._family = family
        self.running: dict[int, dict[int, Running]] = {}
        self.left: dict[int, dict[int, Left]] = {}
        """Transfers that do not go on: what the client asked for since may be beside them."""
        self.sent: dict[tuple[int, int], tuple[Record, int]] = {}
        """The block that the client sent, until it is answered."""
        self._doubted: dict[tuple[int, int], tuple[Record, int, Running]] = {}
        """Acknowledgements of another block than the last one, until their answer shows who is wrong."""

    def look(self, record: Record) -> None:
        """Look at a record of an association that transfers blocks."""
        apdu, number = record.apdu, record.association
        if apdu is None or number is None or len(apdu.octets) <= _ASKED_NUMBER_AT:
            return
        now = apdu.octets
        key = number, now[2] & 0xF
        if record.direction is RESPONSE and key in self.sent:
            self._taken(record, *self.sent.pop(key))
        elif record.direction is REQUEST and now[:2] in _BLOCK_REQUESTS:
            if len(self.sent) >= _MOST:
                self.sent.clear()
            self.sent[key] = record, _number_of(record)
        if record.direction is RESPONSE and now[1] == _BLOCK.get(now[0]):
            self._block(record, number, now)
        elif record.direction is RESPONSE and now[:2] in _RESULT and number in self.running:
            self._refused(record, number, key[1], now)
        elif record.direction is REQUEST and (number in self.running or number in self.left):
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
        block, invoke_id = int.from_bytes(now[_NUMBER_AT : _NUMBER_AT + _SIZE], "big"), now[2] & 0xF
        doubted = self._doubted.pop((number, invoke_id), None)
        is_refused = now[0] == 0xC4 and now[_RESULT_AT : _RESULT_AT + 1] == b"\1"
        if doubted is not None and (is_refused or block != doubted[1] + 1):
            self._wrong_number(*doubted)  # a meter that goes on from there shows that the capture lacks blocks
        known = self.running.get(number, {}).get(invoke_id) or (self._go_on(number, invoke_id) if block > 1 else None)
        if is_refused:
            if known is not None:
                self._abort(record, number, known)
            return
        if record.kind is not PART or now[_LAST_AT]:
            self._stop(number, invoke_id)
            return
        if len(self.running) >= _MOST:
            self.running.pop(next(iter(self.running)))
        first = known.first if known is not None and block > 1 else record.number
        size = (known.size if known is not None and block > 1 else 0) + len(now)
        made = _new(Running, (first, record.number, block, size, record.objects, invoke_id))
        self.running.setdefault(number, {})[invoke_id] = made

    def _refused(self, record: Record, number: int, invoke_id: int, now: bytes) -> None:
        """Take a result in the normal form: it ends the transfer whose next block was asked for."""
        known, one = self.running[number].get(invoke_id), self._family.associations.of(number)
        asked = one.asked if one is not None else None
        if known is None or asked is None or asked.apdu is None or asked.number != record.request:
            return
        if asked.apdu.octets[1] == _NEXT.get(asked.apdu.octets[0]) and now[_LAST_AT]:
            self._abort(record, number, known)

    def _abort(self, record: Record, number: int, known: Running) -> None:
        self._stop(number, known.invoke_id)
        text = f"the meter ends the transfer with a result in place of block {known.block + 1}"
        self._report(record, known, "server-aborted", LIKELY, text)

    def _stop(self, number: int, invoke_id: int) -> None:
        """Forget a transfer that runs."""
        runs = self.running.get(number)
        if runs is not None:
            runs.pop(invoke_id, None)
            if not runs:
                del self.running[number]

    def _asked(self, record: Record, number: int, now: bytes) -> None:
        """Look at what the client asks for while a transfer runs."""
        runs, invoke_id = self.running.get(number, {}), now[2] & 0xF
        if now[1] == _NEXT.get(now[0]):
            known = runs.get(invoke_id) or self._go_on(number, invoke_id) or next(iter(runs.values()), None)
            wanted = int.from_bytes(now[_ASKED_NUMBER_AT : _ASKED_NUMBER_AT + _SIZE], "big")
            if known is not None and wanted != known.block:
                if len(self._doubted) >= _MOST:
                    self._doubted.clear()
                self._doubted[number, known.invoke_id] = (record, wanted, known)
            return
        for known in list(runs.values()):
            if invoke_id != known.invoke_id or now[0] in (0xC0, 0xC3):
                self._stop(number, known.invoke_id)
                chain = self._family.chains.of("long-transfer-aborted", record.lane.conversation, record.number)
                if number not in self.left and len(self.left) >= _MOST:
                    self._end_left(next(iter(self.left)))
                self.left.setdefault(number, {})[known.invoke_id] = _new(Left, (known, record, chain, None))
        if number in self.left:
            self._end_left(number, invoke_id, record.time_ns)

    def _go_on(self, number: int, invoke_id: int) -> Running | None:
        """Take up a transfer that seemed to be left off: its next block is asked for, or comes, all the same."""
        left = self.left.get(number, {})
        one = left.pop(invoke_id, None)
        if one is None:
            return None
        if not left:
            del self.left[number]
        if one.fact is not None:
            self._family.stories.take_back(one.fact)
        self.running.setdefault(number, {})[invoke_id] = one.known
        return one.known

    def _end_left(self, number: int, invoke_id: int | None = None, now_ns: int | None = None) -> None:
        """Report what was left off: what was asked under its *invoke_id*, or so long before *now_ns*; all without."""
        left = self.left.get(number, {})
        for known, asked, chain, fact in list(left.values()):
            is_over = now_ns is not None and asked.time_ns is not None and now_ns - asked.time_ns > _GIVEN_UP_NS
            is_used = invoke_id in (None, known.invoke_id)
            if fact is None and (is_used or (is_over and not self._is_asked_for(number, known))):
                text = f"the client asks for something else after block {known.block}"
                fact = self._report(asked, known, "client-left-off", LIKELY, text, chain=chain)
                left[known.invoke_id] = _new(Left, (known, asked, chain, fact))
            if is_used:
                del left[known.invoke_id]
        if not left:
            self.left.pop(number, None)

    def holds(self, number: int | None) -> bool:
        """Tell whether a transfer of this association may be left off, which is not told yet."""
        return any(one.fact is None for one in self.left.get(number or 0, {}).values())

    def _is_asked_for(self, number: int, known: Running) -> bool:
        """Tell whether the client asked for the next block, and the meter did not answer that."""
        one = self._family.associations.of(number)
        asked = (*one.waiting.values(), *one.unanswered) if one is not None else ()
        behind = bytes((known.invoke_id,)) + known.block.to_bytes(_SIZE, "big")
        return any(
            each.octets[1:2] == b"\2" and bytes((each.octets[2] & 0xF,)) + each.octets[3:7] == behind
            for each in asked
            if each.octets[:1] in (b"\xc0", b"\xc3")
        )

    def finish(self, last_ns: int | None) -> None:
        """Report what may have gone on behind the end of the capture, which was at *last_ns*."""
        for number in list(self.left):
            self._end_left(number, -1, last_ns)
        for known, asked, chain, _ in [one for left in self.left.values() for one in left.values() if not one.fact]:
            text = f"the client asks for other things in record {asked.number} and behind, and the capture ends before "
            text += f"it asks for block {known.block + 1}"
            self._family.report(
                asked, "capture-cut", "capture-ended", LIKELY, _whole(known, text), chain=chain,
                further=[Evidence(known.record, 0, 0, f"block {known.block}, the last one")],
                subject=about_all(known.objects), alternatives=[_LEFT_OFF],
            )  # fmt: skip

    def next_request(self, one: Association) -> dict[bytes, str]:
        """Give what asks for the next block of the transfer that runs in *one*, with its name; none if not known."""
        runs, apdu = self.running.get(one.number or 0, {}), one.asked.apdu if one.asked is not None else None
        known = next(iter(runs.values())) if len(runs) == 1 else None
        tag, invoke_id = (apdu.octets[0], apdu.octets[2]) if apdu is not None and len(apdu.octets) > _SIZE else (0, 0)
        if known is None or apdu is None or tag not in _NEXT:
            return {}
        return {bytes((tag, _NEXT[tag], invoke_id)) + known.block.to_bytes(_SIZE, "big"): apdu.family}

    def end(self, one: Association) -> None:
        """An association ended: its transfer with it."""
        number = one.number or 0
        if one.ending is not None:
            self._end_left(number)
        runs = self.running.pop(number, {})
        for key in [(number, invoke_id) for invoke_id in range(_INVOKE_IDS)]:
            self.sent.pop(key, None)
            doubted = self._doubted.pop(key, None)
            if doubted is not None:
                self._wrong_number(*doubted)
        ending = one.ending
        if ending is None:
            return
        cause = "link-lost" if ending.how == LOST else "client-left-off"
        for known in runs.values():
            text = f"block {known.block} is the last one; in record {ending.at.record} the association is {ending.how}"
            proof = [Evidence(known.record, 0, 0, _whole(known, text))]
            self._family.report_about(
                one, "long-transfer-aborted", cause, LIKELY, proof, time_ns=ending.at.time_ns,
                subject=about_all(known.objects),
            )  # fmt: skip

    def _report(
        self, record: Record, known: Running, cause: str, confidence: str, text: str, *, chain: int = 0
    ) -> Fact:
        further = [Evidence(known.record, 0, 0, f"block {known.block}, the last one")]
        return self._family.report(
            record, "long-transfer-aborted", cause, confidence, _whole(known, text), further=further,
            subject=about_all(known.objects), chain=chain,
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
        invoke_id = apdu.octets[2] & 0xF if apdu is not None else 0
        known = self.running.get(number or 0, {}).get(invoke_id)
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


_LEFT_OFF = Alternative("client-left-off", POSSIBLE, "or the client does not come back to it")
_LOST_IN_CAPTURE = Alternative("capture-loss", POSSIBLE, "the blocks between may be missing in the capture alone")


def _whole(known: Running, text: str) -> str:
    what = about_all(known.objects) or "a long answer"
    blocks = f"{known.block} block" + "s" * (known.block != 1)
    return f"{what} stops after block {known.block} ({octets(known.size)} in {blocks}): {text}"
