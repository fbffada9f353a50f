"""General blocks that never became an APDU though the last one came. Source: IEC 62056-5-3, general-block-transfer."""

from __future__ import annotations

from typing import NamedTuple

from analyzer.diagnosis.family import Family
from analyzer.diagnosis.story import LIKELY, POSSIBLE, Alternative
from analyzer.record import PART, Record

_LAST = 0x80
_MOST = 4096
_MOST_NUMBERS = 4096


class _Blocks(NamedTuple):
    """The blocks of a transfer: the number of its first block, its first record, its newest, the numbers that came,
    the last one's once that came."""

    begin: int
    first: int
    record: Record
    numbers: set[int]
    last: int


class GeneralBlocks:
    """The general-block-transfers that run, by lane and addresses; blocks may come again, and out of order."""

    def __init__(self, family: Family) -> None:
        self._family = family
        self._blocks: dict[tuple[object, ...], _Blocks] = {}
        self._acknowledged: dict[tuple[object, ...], tuple[int, int]] = {}
        """The number that the last block without data bore, and its record: blocks may be numbered on behind it."""
        self._whole: set[str] = set()
        """Lanes of which a transfer was an APDU before: the capture began before what comes now."""
        self.over: list[tuple[object, ...]] = []
        """Transfers that are no APDU yet: a request for something else ends them."""

    def look(self, record: Record) -> None:
        """Follow general blocks until they are an APDU."""
        apdu = record.apdu
        if apdu is None or apdu.octets[:1] != b"\xe0" or record.kind is not PART:
            known = self._blocks.get((record.lane.text, record.client, record.server)) if record.parts else None
            if record.parts and len(self._whole) < _MOST:
                self._whole.add(record.lane.text)
            if known is not None and record.parts[0] == known.first:
                self._forget((record.lane.text, record.client, record.server))
            elif apdu is not None and apdu.octets[:1] == b"\xe0":
                self._acknowledge(record, int.from_bytes(apdu.octets[2:4], "big"))
            return
        control, number = apdu.octets[1], int.from_bytes(apdu.octets[2:4], "big")
        if not number or any(note.code == "block-repeated" for note in record.notes):
            return
        lane = (record.lane.text, record.client, record.server)
        known = self._blocks.get(lane)
        if known is None or (number == 1 and known.last):
            if known is not None:
                self._tell(known)
                self._forget(lane)
            if len(self._blocks) >= _MOST:
                self._forget(next(iter(self._blocks)))
            begin = number if self._goes_on(record, lane, number) else 1
            known = self._blocks[lane] = _Blocks(begin, record.number, record, set(), 0)
        if len(known.numbers) < _MOST_NUMBERS:
            known.numbers.add(number)
        self._blocks[lane] = known._replace(last=number if control & _LAST else known.last, record=record)
        if lane not in self.over:
            self.over.append(lane)

    def _acknowledge(self, record: Record, number: int) -> None:
        if len(self._acknowledged) >= _MOST:
            self._acknowledged.clear()
        self._acknowledged[record.lane.text, record.client, record.server] = number, record.number

    def _goes_on(self, record: Record, lane: tuple[object, ...], number: int) -> bool:
        """Tell whether a transfer that begins with *number* is numbered on; what is asked without blocks ends that."""
        acknowledged, at = self._acknowledged.pop(lane, (0, 0))
        one = self._family.associations.of(record.association) if record.association is not None else None
        asked = one.asked if one is not None else None
        return number == acknowledged + 1 and (not at or asked is None or asked.number < at or bool(asked.parts))

    def _forget(self, lane: tuple[object, ...]) -> None:
        del self._blocks[lane]
        if lane in self.over:
            self.over.remove(lane)

    def asked(self, record: Record) -> None:
        """Report what is over once the client asks for something else: it asks for lost blocks by a block."""
        apdu = record.apdu
        if apdu is None or apdu.octets[:1] == b"\xe0":
            return
        for lane in [one for one in self.over if one[1:] == (record.client, record.server)]:
            known = self._blocks[lane]
            if known.record.lane.conversation == record.lane.conversation:
                self._tell(known)
                if not known.last:
                    self._tell_left(known, record)
                self._forget(lane)

    def finish(self) -> None:
        """Report transfers whose last block came and that were never whole."""
        for known in self._blocks.values():
            self._tell(known)

    def _tell(self, known: _Blocks) -> None:
        lacking = [number for number in range(known.begin, known.last + 1) if number not in known.numbers]
        if not known.last or not lacking:
            return
        listed = ", ".join(map(str, lacking[:8])) + (", …" if len(lacking) > 8 else "")
        text = f"general-block-transfer: block {known.last} is the last one, block{'s' * (len(lacking) > 1)} {listed} "
        text += "never came"
        number = known.record.association
        one = self._family.associations.of(number) if number is not None else None
        is_head = lacking[-1] < min(known.numbers) and (one is None or one.first.record >= known.first)
        is_head &= known.record.lane.text not in self._whole
        cause, confidence = ("capture-started-late", LIKELY) if is_head else ("segment-lost", POSSIBLE)
        others = []
        if is_head and one is None:  # nothing tells whether its sender pushed before
            confidence = POSSIBLE
            others = [Alternative("segment-lost", POSSIBLE, "or it was lost on the way")]
        self._family.report(known.record, "block-lost", cause, confidence, text, alternatives=others)

    def _tell_left(self, known: _Blocks, record: Record) -> None:
        """Report blocks of which none is the last one, where *record* asks for something else."""
        text = f"general-block-transfer: block {max(known.numbers)} says that more follow, and none came before record "
        text += f"{record.number} asked for something else"
        others = [Alternative("capture-loss", POSSIBLE, "or the capture lacks them, and the client has them")]
        self._family.report(known.record, "block-lost", "segment-lost", POSSIBLE, text, alternatives=others)
