"""Known deviations of real meters and stacks that decode whole: one table, a row a quirk.

Each is noted once where it is met, as ``meter-quirk`` with the key as its cause.
"""

from __future__ import annotations

import re

from dissectors import axdr
from dissectors.tree import Note, Problem, Severity

QUIRKS: dict[str, tuple[str, str]] = {
    "extra-type-tag": (
        "the type tag 09 stands before the length of the date-time, where the standard has none",
        "Kaifa HAN pushes in Norway",
    ),
    "untagged-descriptors": (
        "attribute descriptors without type tags stand in place of the first elements of structures",
        "Czech EG.D pushes (Sagemcom XT211)",
    ),
    "length-too-small": (
        "the lengths count fewer octets than the APDU has",
        "RLRE of Gurux servers",
    ),
    "length-counts-absent-tag": (
        "the length counts 12 octets of an authentication tag that is not sent",
        "encryption-only requests of an MEL meter's client",
    ),
    "ciphered-access-tag-00": (
        "a ciphered ACCESS under the tag 00, which is assigned to nothing",
        "Gurux clients and servers",
    ),
    "element-out-of-order": (
        "the element stands behind one that it precedes in the standard",
        "stacks that find elements by their tags",
    ),
    "oid-octet": (
        "the last arc of the object identifier says that another octet follows, and none does",
        "AARE of a meter read with GXDLMSDirector",
    ),
    "conformance-tag-short": (
        "the conformance is tagged 5F alone instead of 5F 1F",
        "older HDLC meters",
    ),
    "time-without-length": (
        "the time of the event notification stands without its length octet",
        "stacks that follow an older ASN.1 text",
    ),
    "sum-check-character": (
        "the block check character is the sum modulo 128 of the octets, where exclusive or belongs",
        "Energomera CE102M and CE301",
    ),
}

LINK_QUIRKS: dict[str, tuple[str, str]] = {
    "length-modulo-256": (
        "the length octets count modulo 256",
        "Sagemcom T210-D pushes over M-Bus in Austria",
    ),
}
"""Those of the layers below the APDUs."""


def quirk(cause: str, start: int, end: int) -> Note:
    """Make the note for the quirk *cause* seen in the octets from *start* to *end*."""
    text, where = QUIRKS.get(cause) or LINK_QUIRKS[cause]
    return Note("meter-quirk", Severity.NOTE, "malformed", f"{text} (known from: {where})", start, end, cause)


# Whether an APDU that reads may still hold a quirk: cheap looks for the index pass, which builds no tree.

_ACSE = re.compile(rb"\x60\x85\x74\x05\x08[\x01\x02][\x80-\xff]|\x5f\x04\x00").search


def acse_deviates(octets: bytes) -> bool:
    """Tell whether an object identifier does not end, a conformance tag is short, or elements or the length are odd."""
    return _ACSE(octets) is not None or length_deviates(octets) or _is_disordered(octets)


def _is_disordered(octets: bytes) -> bool:
    """Tell whether the tags of the elements do not ascend, by the numbers in them."""
    at, last = 2 + (octets[1] & 0x7F if octets[1] > 0x7F else 0), -1
    try:
        while at < len(octets):
            number = octets[at] & 0x1F
            if number < last:
                return True
            size, start = octets[at + 1], at + 2
            if size > 0x7F:
                size, start = axdr.scan_length(octets, at + 1, len(octets))
            at, last = start + size, number
    except (Problem, IndexError):
        return True
    return False


def length_deviates(octets: bytes) -> bool:
    """Tell whether the length behind the tag is not that of the octets."""
    if len(octets) > 1 and octets[1] == len(octets) - 2 < 0x80:
        return False
    try:
        size, start = axdr.scan_length(octets, 1, len(octets))
    except Problem:
        return True
    return start + size != len(octets)


def initiate_deviates(octets: bytes) -> bool:
    """Tell whether the tag of the conformance is short."""
    return b"\x5f\x04\x00" in octets


def time_deviates(octets: bytes) -> bool:
    """Tell whether the header's date-time (octet 5) has neither length 00 nor 0C."""
    return octets[5] not in (0, 12)


def notification_deviates(octets: bytes) -> bool:
    """Tell the same, or that the body reads only as untagged descriptors."""
    if octets[5] not in (0, 12):
        return True
    try:
        return axdr.skip_data(octets, 6 + octets[5], len(octets)) != len(octets)
    except Problem:
        return True


def event_deviates(octets: bytes) -> bool:
    """Tell whether the time of an event notification has no length."""
    return octets[1] == 1 and octets[2] != 12


def always_deviates(octets: bytes) -> bool:
    """Tell that the APDU as such is a quirk."""
    return True
