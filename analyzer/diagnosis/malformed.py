"""APDUs that do not read: text in their place, parts that begin anew or are missing, an encoding that is wrong.

Source: IEC 62056-5-3; IEC 61334-4-512 (CIASE PDUs, which are none of COSEM).
"""

from __future__ import annotations

from analyzer.diagnosis.family import Family
from analyzer.diagnosis.frame_repair import only_breaks_off
from analyzer.diagnosis.story import CERTAIN, LIKELY, POSSIBLE, Alternative
from analyzer.record import Record
from dissectors.tree import Note

_SHORTEST_TEXT = 4
_LIKENESS = 10
"""So many octets of a beginning do not come again by chance."""
_UNFRAMED = frozenset({"apdu", "llc"})
"""Links that say nothing of an APDU's length."""
_CIASE = frozenset({0x19, 0x1A, 0x1C, 0x1D, 0x1E, 0x1F, 0x39})
"""Tags of the configuration entity of power line networks: no APDU of COSEM, and no fault."""


class MalformedFamily(Family):
    """What is wrong with APDUs that do not read."""

    codes = frozenset({"apdu-malformed", "apdu-trailing-octets"})

    def note(self, record: Record, note: Note) -> bool:
        """Name why an APDU does not read."""
        apdu = record.apdu
        octets = apdu.octets if apdu is not None else b""
        if note.code == "apdu-trailing-octets":
            self._trailing(record, note, octets)
            return False
        if octets[:1] and octets[0] in _CIASE:
            return False
        if len(octets) >= _SHORTEST_TEXT and octets.isascii() and octets.decode("ascii").strip("\r\n\0").isprintable():
            shown = octets.decode("ascii").strip()
            text = f'text in place of an APDU: "{shown}"'
            start = apdu.at if apdu is not None and apdu.at >= 0 else 0
            self.report(record, "carrier-text", "vendor-text-answer", CERTAIN, text, start=start,
                        end=start + len(octets) if start else 0)  # fmt: skip
            return True
        if record.link == "apdu" and octets[-1:] == b"\x7e" and apdu is not None and apdu.entry is None:
            text = f"{len(octets)} octets begin as no APDU and end with a flag 7E: the beginning of a frame is missing"
            others = [Alternative("capture-started-late", POSSIBLE, text)]
            self.report(record, "capture-cut", "start-of-dump-missing", POSSIBLE, text, alternatives=others)
            return True
        cause, confidence, shown = _why(record, octets)
        self.report(
            record, note.code, cause, confidence, f"{note.text}{shown}", start=note.start, end=note.end,
            severity=note.severity,
        )  # fmt: skip
        return False

    def _trailing(self, record: Record, note: Note, octets: bytes) -> None:
        """Tell parts that begin the APDU anew from octets that are merely left over."""
        cause, confidence, shown = _why(record, octets) if record.parts else ("", CERTAIN, "")
        if cause != "block-restarts-apdu":
            self.report_note(record, note)
            return
        self.report(record, note.code, cause, confidence, f"{note.text}{shown}", start=note.start, end=note.end,
                    severity=note.severity)  # fmt: skip


def _why(record: Record, octets: bytes) -> tuple[str, str, str]:
    """Tell a joined APDU with a hole or a second beginning from one that was encoded wrong."""
    if record.parts:
        again = octets.find(octets[:_LIKENESS], 1) if len(octets) > _LIKENESS else -1
        if again > 0:
            return "block-restarts-apdu", LIKELY, f"; octet {again} begins the same APDU anew, where a block begins"
        return "segment-lost", POSSIBLE, f"; it is joined from records {record.parts[0]} to {record.parts[-1]}"
    if record.link in _UNFRAMED and only_breaks_off(octets):
        return "truncated", LIKELY, "; all that is there reads, and it ends too early"
    return "wrong-encoding", POSSIBLE, ""
