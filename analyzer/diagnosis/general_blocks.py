"""General blocks that never became an APDU though the last one came. Source: IEC 62056-5-3, general-block-transfer."""

from __future__ import annotations

from typing import NamedTuple

from analyzer.diagnosis.family import Family
from analyzer.diagnosis.story import LIKELY, POSSIBLE
from analyzer.record import PART, Record

_LAST = 0x80
_MOST = 4096
_MOST_NUMBERS = 4096


class _Blocks(NamedTuple):
    """The blocks of a transfer: its newest record, the numbers that came, and the last block's once that came."""

    record: Record
    numbers: set[int]
    last: int


class GeneralBlocks:
    """The general-block-transfers that run, by lane and addresses; blocks may come again, and out of order."""

    def __init__(self, family: Family) -> None:
        self._family = family
        self._blocks: dict[tuple[object, ...], _Blocks] = {}

    def look(self, record: Record) -> None:
        """Follow general blocks until they are an APDU."""
        apdu = record.apdu
        if apdu is None or apdu.octets[:1] != b"\xe0" or record.kind is not PART:
            if record.parts and self._blocks:
                self._blocks.pop((record.lane.text, record.client, record.server), None)
            return
        control, number = apdu.octets[1], int.from_bytes(apdu.octets[2:4], "big")
        if not number:
            return
        lane = (record.lane.text, record.client, record.server)
        known = self._blocks.get(lane)
        if known is None or (number == 1 and known.last):
            if known is not None:
                self._tell(known)
            if len(self._blocks) >= _MOST:
                self._blocks.pop(next(iter(self._blocks)))
            known = self._blocks[lane] = _Blocks(record, set(), 0)
        if len(known.numbers) < _MOST_NUMBERS:
            known.numbers.add(number)
        if control & _LAST:
            self._blocks[lane] = known._replace(last=number, record=record)

    def finish(self) -> None:
        """Report transfers whose last block came and that were never whole."""
        for known in self._blocks.values():
            self._tell(known)

    def _tell(self, known: _Blocks) -> None:
        lacking = [number for number in range(1, known.last + 1) if number not in known.numbers]
        if not known.last or not lacking:
            return
        listed = ", ".join(map(str, lacking[:8])) + (", …" if len(lacking) > 8 else "")
        text = f"general-block-transfer: block {known.last} is the last one, block{'s' * (len(lacking) > 1)} {listed} "
        text += "never came"
        is_head = lacking[-1] < min(known.numbers)
        cause, confidence = ("capture-started-late", LIKELY) if is_head else ("segment-lost", POSSIBLE)
        self._family.report(known.record, "block-lost", cause, confidence, text)
