"""Damaged M-Bus frames: what the sum, the length octets and the APDU inside say. Source: EN 13757-2, EN 13757-1."""

from __future__ import annotations

from analyzer.diagnosis.family import Family
from analyzer.diagnosis.frame_settles import plain_under_cipher
from analyzer.diagnosis.story import CERTAIN, LIKELY, POSSIBLE, Alternative, Stories
from analyzer.diagnosis.words import octets_are as are
from analyzer.framing.tags import opens_as_apdu
from analyzer.record import Record
from dissectors.mbus_octets import AROUND, HEADER_SIZE, LONG, checksum
from dissectors.tree import Note

_MOST_LANES = 4096
_MOST_FRAMES = 1024
_TITLED = b"\xdb\x08"
_APDU = HEADER_SIZE + 5
"""Where the APDU begins: behind the function, address, segment and two SAPs."""


class MbusFamily(Family):
    """Checksums, lengths and missing segments."""

    links = frozenset({"mbus"})
    codes = frozenset({"mbus-checksum-wrong", "mbus-length-wrong", "mbus-segment-missing", "capture-cut"})

    def __init__(self, stories: Stories) -> None:
        super().__init__(stories)
        self._last: dict[str, Record] = {}
        """By lane: its last sound frame."""
        self._firsts: dict[str, set[int]] = {}
        """By lane: its frames, if all of them are first segments that say that more follows; none once one is not."""
        self._opens: dict[str, bool] = {}
        """By lane: whether a first segment begins as an APDU does; missing where no first segment came."""

    def look(self, record: Record) -> None:
        """Remember the frame."""
        if len(self._last) > _MOST_LANES:
            self._last.clear()
            self._firsts.clear()
            self._opens.clear()
        self._last[record.lane.text] = record
        self._count(record)

    def note(self, record: Record, note: Note) -> bool | None:
        """Explain the damage of a frame."""
        if record.link != "mbus":
            return None
        self._count(record)
        if note.code == "mbus-checksum-wrong":
            if not self._deciphered(record, note):
                self._sum(record, note)
        elif note.code == "mbus-segment-missing":
            self._hole(record, note)
        elif note.code == "capture-cut" and record.problem != "truncated":
            self.report_note(record, note)  # the frame is whole, and those before it are not there
        elif not self._deciphered(record, note):
            self._length(record, note)
        return True

    def _count(self, record: Record) -> None:
        """Remember whether a line has none but first segments."""
        octets, lane = record.octets, record.lane.text
        if len(octets) > _APDU and not octets[HEADER_SIZE + 2] & 0xEF and not record.problem:
            self._opens[lane] = self._opens.get(lane, False) or opens_as_apdu(octets, _APDU, len(octets) - _APDU - 2)
        known = self._firsts.setdefault(lane, {record.number})
        if not known or len(octets) <= HEADER_SIZE + 2:
            return
        if octets[HEADER_SIZE + 2]:
            known.clear()
        elif len(known) < _MOST_FRAMES:
            known.add(record.number)

    def _hole(self, record: Record, note: Note) -> None:
        """A segment that never came; where none but first ones ever come, the reader takes one frame of each APDU."""
        lane = record.lane.text
        if self._opens.get(lane) is False:
            text = f"{note.text}; no frame here begins an APDU: IEC 60870-5-101 to -103 have frames of this form, too"
            self.report(record, note.code, "wrong-stack", LIKELY, text, start=note.start, end=note.end)
            return
        firsts = len(self._firsts.get(lane, ()))
        if firsts > 1:
            text = f"{note.text}; all {firsts} frames here are first segments: the reader keeps one frame of each APDU"
            others = [Alternative("octets-lost", POSSIBLE, note.text)]
            self.report(record, note.code, "segment-lost", LIKELY, text, start=note.start, end=note.end,
                        alternatives=others)  # fmt: skip
            return
        self.report(record, note.code, "octets-lost", POSSIBLE, note.text, start=note.start, end=note.end)

    def _sum(self, record: Record, note: Note) -> None:
        """A sum of 8 bits tells by how much an octet is off, and not which one."""
        octets = record.octets
        begin = HEADER_SIZE if octets[0] == LONG else 1
        off = octets[-2] - checksum(octets, begin, len(octets) - 2) & 0xFF
        is_bit = off.bit_count() == 1 or (256 - off).bit_count() == 1
        text = f"{note.text}: the sum is off by {off:02X}"
        one = f"{text}, as one turned bit makes it; which octet it is the sum does not tell"
        more = f"{text}; which octet is other the sum does not tell"
        found = [("bit-error", one), ("octet-damaged", more)] if is_bit else [("octet-damaged", more)]
        (cause, told), *rest = found
        others = [Alternative(cause, POSSIBLE, text) for cause, text in (*rest, ("burst", text))]
        self.report(record, note.code, cause, POSSIBLE, told, start=note.start, end=note.end, alternatives=others)

    def _length(self, record: Record, note: Note) -> None:
        octets = record.octets
        if len(octets) < HEADER_SIZE or octets[0] != LONG or note.start == len(octets) - 1:
            cause = "octet-damaged" if note.code == "mbus-length-wrong" else "capture-ended"
            self.report(record, "mbus-length-wrong", cause, POSSIBLE, note.text, start=note.start, end=note.end)
            return
        sizes = [AROUND + octets[1], AROUND + octets[1] + 0x100]
        due = min((size for size in sizes if size >= len(octets)), default=0)
        missing = due - len(octets)
        if octets[1] != octets[2]:
            cause, confidence, told = "octet-damaged", CERTAIN, "one of the two is other than it was sent"
        elif not due:
            cause, confidence, told = "octets-inserted", LIKELY, "octets came in that were not sent"
        elif note.code == "capture-cut":
            cause, confidence, told = "capture-ended", LIKELY, f"{are(missing)} missing at the end of the capture"
        else:
            cause, confidence, told = "octets-lost", LIKELY, f"of {due} octets {are(missing)} missing"
        if due > sizes[0]:
            told += f" (L={octets[1]:02X} stands for {octets[1] + 0x100}: the length octet holds it modulo 256)"
        others = [Alternative("octets-lost", POSSIBLE, told)] if cause == "capture-ended" else []
        self.report(
            record, "mbus-length-wrong", cause, confidence, f"{note.text}: {told}", start=1, end=3, alternatives=others
        )

    def _deciphered(self, record: Record, note: Note) -> bool:
        """Tell a buffer of the reader from the line: a plain APDU stands under the header of a ciphered one."""
        octets = record.octets
        at = octets.find(_TITLED, HEADER_SIZE)
        found = (plain_under_cipher(octets[at:-2]) or plain_under_cipher(octets[at:])) if at >= 0 else None
        if found is None:
            return False
        begin, size = found
        text = (
            "behind the invocation counter of a ciphered APDU a plain APDU stands: this is the reader's buffer after "
            "it deciphered, and no frame of the line"
        )
        causes = ("decrypted-in-place", "mixed-log")
        before = self._last.get(record.lane.text)
        if before is not None and octets[at : at + begin] in before.octets:
            causes = ("mixed-log", "decrypted-in-place")
            text += f"; record {before.number} is the same frame as it was on the line"
        code = note.code if note.code == "mbus-checksum-wrong" else "mbus-length-wrong"
        others = [Alternative(causes[1], LIKELY, "the log mixes frames of the line with buffers of the reader")]
        self.report(
            record, code, causes[0], CERTAIN, text, start=at + begin, end=at + begin + size, alternatives=others
        )
        return True
