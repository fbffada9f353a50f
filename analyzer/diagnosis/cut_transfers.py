"""Transfers of which the capture has the beginning alone: segments or blocks whose last one says that more follows."""

from __future__ import annotations

from analyzer.diagnosis.family import Family
from analyzer.diagnosis.story import LIKELY, POSSIBLE, Alternative
from analyzer.reassembly.blocks import read_block
from analyzer.record import PART, Record
from analyzer.tracking.plans import plan_of
from dissectors.reader import read_apdu

_MOST = 4096


class CutTransfers:
    """The transfers that run at the end of a capture, by lane."""

    def __init__(self, family: Family) -> None:
        self._family = family
        self._parts: dict[str, Record] = {}
        """By lane: the newest part of what is not whole yet."""

    def look(self, record: Record) -> None:
        """Take a part, or what completes a transfer."""
        lane = record.lane.text
        if record.kind is not PART:
            self._parts.pop(lane, None)
            return
        if len(self._parts) >= _MOST:
            self._parts.pop(next(iter(self._parts)))
        self._parts[lane] = record

    def finish(self) -> None:
        """Report what was cut by the end of the capture; what was left off before that is told elsewhere."""
        for record in self._parts.values():
            whole = record.incomplete
            one = self._family.associations.of(record.association) if record.association is not None else None
            if (
                _is_last_block(record)
                or whole is None
                or (one is not None and (one.last_record > record.number or one.ending is not None))
            ):
                continue
            lacks = next((note.text for note in read_apdu(whole.octets).all_notes() if note.code == "capture-cut"), "")
            text = f"the {whole.family} that began in record {record.part_of} is not whole: {len(whole.octets)} octets "
            text += f"of it came, and the last part says that more follows{f' ({lacks})' if lacks else ''}"
            others = [Alternative("segment-lost", POSSIBLE, "or the rest was sent and did not come")]
            self._family.report(record, "capture-cut", "capture-ended", LIKELY, text, alternatives=others)


def _is_last_block(record: Record) -> bool:
    """Tell whether it is the last block, of a service's own transfer or a general one: what lacks stands before it."""
    apdu = record.apdu
    if apdu is None or apdu.entry is None or apdu.values is None:
        return False
    plan = plan_of(apdu.entry)
    if plan.is_general:
        return bool(apdu.octets[1] & 0x80)
    block = read_block(apdu.octets, plan.family, plan.choice, plan.named(apdu.values))
    return block is not None and block.is_last
