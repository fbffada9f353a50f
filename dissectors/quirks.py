"""Known deviations of real meters and stacks that decode whole: one table, a row a quirk.

Each is noted once where it is met, as ``meter-quirk`` with the key as its cause.
"""

from __future__ import annotations

from dissectors.tree import Note, Severity

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
}


def quirk(cause: str, start: int, end: int) -> Note:
    """Make the note for the quirk *cause* seen in the octets from *start* to *end*."""
    text, where = QUIRKS[cause]
    return Note("meter-quirk", Severity.NOTE, "malformed", f"{text} (known from: {where})", start, end, cause)
