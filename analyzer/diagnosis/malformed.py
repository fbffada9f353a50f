"""APDUs that do not read: text in their place, parts that begin anew or are missing, an encoding that is wrong.

Source: IEC 62056-5-3; IEC 61334-4-512 (CIASE PDUs, which are none of COSEM).
"""

from __future__ import annotations

from analyzer.diagnosis.family import Family
from analyzer.diagnosis.frame_repair import only_breaks_off
from analyzer.diagnosis.story import CERTAIN, LIKELY, POSSIBLE, Alternative
from analyzer.record import Record
from dissectors.scanning import reads
from dissectors.tree import Note

_LIKENESS = 10
"""So many octets of a beginning do not come again by chance."""
_FRAME_END = 3
"""FCS and flag."""
_LLC_SIZE = 3
_UNFRAMED = frozenset({"apdu", "llc"})
"""Links that say nothing of an APDU's length."""
_CIASE = frozenset({0x19, 0x1A, 0x1C, 0x1D, 0x1E, 0x1F, 0x39})
"""Tags of the configuration entity of power line networks: no APDU of COSEM, and no fault."""


class MalformedFamily(Family):
    """What is wrong with APDUs that do not read."""

    codes = frozenset({"apdu-malformed", "apdu-trailing-octets", "carrier-text"})

    def note(self, record: Record, note: Note) -> bool | None:
        """Name why an APDU does not read."""
        apdu = record.apdu
        octets = apdu.octets if apdu is not None else b""
        if note.code == "carrier-text":
            return self._text(record, note)
        if note.code == "apdu-trailing-octets":
            return self._trailing(record, note, octets)
        if octets[:1] and octets[0] in _CIASE:
            return False
        if _ends_as_frame(record):
            is_known = apdu is not None and apdu.entry is not None
            what = "do not read as the APDU that they begin as" if is_known else "begin as no APDU"
            self._headless(record, POSSIBLE, f"{len(record.octets)} octets {what} and end with a flag 7E")
            return True
        cause, confidence, shown = _why(record, octets)
        self.report(
            record, note.code, cause, confidence, f"{note.text}{shown}", start=note.start, end=note.end,
            severity=note.severity,
        )  # fmt: skip
        return False

    def _text(self, record: Record, note: Note) -> bool | None:
        """Report text in place of an APDU."""
        if note.cause != "vendor-text-answer":
            return None
        self.report(record, note.code, note.cause, note.confidence, note.text, start=note.start, end=note.end)
        return True

    def _headless(self, record: Record, confidence: str, text: str) -> None:
        """Report the end of a frame of which nothing else is there."""
        text += ": the beginning of a frame is missing"
        others = [Alternative("capture-started-late", POSSIBLE, text)]
        self.report(record, "capture-cut", "start-of-dump-missing", confidence, text, alternatives=others)

    def _trailing(self, record: Record, note: Note, octets: bytes) -> bool:
        """Tell parts that begin the APDU anew, and the end of a frame, from octets that are merely left over."""
        over = _placed(record, octets)[note.start : note.end]
        if len(over) >= _FRAME_END and _ends_as_frame(record) and not reads(over):
            shown, sure = "the two octets of an FCS and a flag 7E", LIKELY
            if len(over) > _FRAME_END:  # what reads may be contents that begin as an APDU by chance
                shown, sure = f"{len(over)} octets of which the last is a flag 7E", POSSIBLE
            self._headless(record, sure, f"behind the APDU stand {shown}")
            return True
        cause, confidence, shown = _why(record, octets) if record.parts else ("", CERTAIN, "")
        if not record.parts and record.link == "wrapper" and reads(over):
            cause, confidence, shown = "apdu-concatenated", CERTAIN, ", and read as one more APDU"
        if not cause or cause in ("segment-lost", "truncated", "wrong-encoding"):
            self.report_note(record, note)
            return False
        self.report(record, note.code, cause, confidence, f"{note.text}{shown}", start=note.start, end=note.end,
                    severity=note.severity)  # fmt: skip
        return False


def _ends_as_frame(record: Record) -> bool:
    """Tell whether octets that no link frames end with a flag and do not begin with one: they end as an HDLC frame."""
    octets = record.octets
    return record.link in _UNFRAMED and not record.parts and octets[-1:] == b"\x7e" != octets[:1]


def _why(record: Record, octets: bytes) -> tuple[str, str, str]:
    """Tell a joined APDU with a hole or a second beginning from one that was encoded wrong."""
    if record.parts:
        again = octets.find(octets[:_LIKENESS], 1) if len(octets) > _LIKENESS else -1
        if again > 0:
            return "block-restarts-apdu", LIKELY, f"; octet {again} begins the same APDU anew, where a block begins"
        return "segment-lost", POSSIBLE, f"; it is joined from records {record.parts[0]} to {record.parts[-1]}"
    if record.link in _UNFRAMED and only_breaks_off(octets):
        return "truncated", LIKELY, "; all that is there reads, and it ends too early"
    if record.link in _UNFRAMED and octets and record.octets[-len(octets) :] != octets and _is_short(record):
        return "octets-lost", LIKELY, "; what was deciphered reads up to where they are missing, and no further"
    return "wrong-encoding", POSSIBLE, ""


def _is_short(record: Record) -> bool:
    """Tell whether the message that was deciphered ends too early itself."""
    return only_breaks_off(record.octets[_LLC_SIZE if record.link == "llc" else 0 :])


def _placed(record: Record, octets: bytes) -> bytes:
    """Give what the places of notes about the APDU *octets* are in: the frame, where it stands there."""
    return record.octets if record.apdu is not None and record.apdu.at >= 0 else octets
