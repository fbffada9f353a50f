"""What the checks of an HDLC frame say: of the header though the FCS is right, and of frames that are damaged or cut.

Source: IEC 62056-46.
"""

from __future__ import annotations

from analyzer.record import Record
from analyzer.tracking.findings import finding
from analyzer.tracking.peer import Peer
from dissectors import checks
from dissectors.hdlc import FLAG

_EVERY = 1 << 62
_NO_SOURCE = "source-missing"


def check_header(record: Record, peer: Peer, header: bytes, start: int) -> None:
    """Check an HCS though the FCS, which covers it, is right: only the sender can have made it wrong.

    So the first frames of a sender tell; one that makes it wrong is checked for ever. 00 00 says: not used.
    """
    if checks.fcs_is_good(header) or header[-2:] == b"\0\0":
        peer.unchecked_headers -= 1
        return
    peer.unchecked_headers = _EVERY
    shown, computed = header[-2:].hex(" ").upper(), checks.fcs(header[:-2]).to_bytes(2, "little").hex(" ").upper()
    end = start + len(header)
    text = f"HCS {shown} is wrong, {computed} computed, though the FCS is right"
    record.add_note(finding("hdlc-hcs-wrong", text, end - 2, end))


def information_field(record: Record, start: int, control_at: int) -> tuple[int, int]:
    """Find the information field: behind HCS, before FCS."""
    octets = record.octets
    end = len(octets)
    declared = start + ((octets[start] & 7) << 8 | octets[start + 1])
    if declared <= end:
        end = declared
    elif octets[-1] == FLAG:
        end -= 1
    if record.problem == "truncated":
        return control_at + 3, max(control_at + 3, end)
    return control_at + 3, end - 2


def note_problem(record: Record, start: int, control_at: int) -> None:
    """Say of a damaged frame which check fails, or where its length and what is there differ."""
    octets = record.octets
    hcs_end = control_at + 3
    is_header_good = checks.fcs_is_good(octets[start:hcs_end])
    if record.problem == "fcs-wrong":
        end = start + ((octets[start] & 7) << 8 | octets[start + 1])
        shown, computed = octets[end - 2 : end], checks.fcs(octets[start : end - 2]).to_bytes(2, "little")
        text = f"FCS {shown.hex(' ').upper()} is wrong, {computed.hex(' ').upper()} computed"
        record.add_note(finding("hdlc-fcs-wrong", text, end - 2, end))
        if not is_header_good and hcs_end < end - 2 and octets[control_at + 1 : hcs_end] != b"\0\0":
            record.add_note(finding("hdlc-hcs-wrong", "HCS is wrong", control_at + 1, hcs_end))
        return
    declared = (octets[start] & 7) << 8 | octets[start + 1]
    there = len(octets) - start - (octets[-1] == FLAG and len(octets) > start + 1)
    if record.problem == "truncated":
        text = f"the frame is cut: {there} of {declared} octets are there"
        record.add_note(finding("capture-cut", text, 0, len(octets)))
    else:
        text = f"the length field says {declared} octets, {there} stand between the flags"
        record.add_note(finding("hdlc-length-wrong", text, start, start + 2))
    if not is_header_good and hcs_end < len(octets):
        record.add_note(finding("hdlc-hcs-wrong", "HCS is wrong", control_at + 1, hcs_end))


def note_lone_address(record: Record, start: int, end: int) -> None:
    """Say that a header, which begins at *start*, has one address alone, up to *end*: so its HCS is right."""
    octets, size = record.octets, end - start - 2
    text = (
        f"the header has one address of {size} octet{'s' * (size > 1)} and no source: "
        f"read so the HCS {octets[end + 1 : end + 3].hex(' ').upper()} is right"
    )
    record.add_note(finding("hdlc-address-unusual", text, start + 2, end, _NO_SOURCE))


def has_no_source(record: Record) -> bool:
    """Tell whether the frame of *record* was read with one address alone."""
    return bool(record.notes) and any(note.cause == _NO_SOURCE for note in record.notes)
