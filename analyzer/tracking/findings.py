"""Notes of the link, the reassembly and the dissection: one place for their codes and severities."""

from __future__ import annotations

from dissectors.reader import read_apdu
from dissectors.tree import Note, Severity

NOTE, WARNING, ERROR = Severity.NOTE, Severity.WARNING, Severity.ERROR


FACTS: dict[str, tuple[Severity, str]] = {
    "comment": (Severity.CHAT, "undecoded"),
    "capture-cut": (NOTE, "reassembly"),
    "line-error": (NOTE, "checksum"),
    "hdlc-fcs-wrong": (ERROR, "checksum"),
    "hdlc-hcs-wrong": (ERROR, "checksum"),
    "hdlc-length-wrong": (ERROR, "malformed"),
    "hdlc-noise": (NOTE, "undecoded"),
    "hdlc-retransmission": (WARNING, "sequence"),
    "hdlc-frame-lost": (WARNING, "sequence"),
    "line-echo": (NOTE, "sequence"),
    "llc-unexpected": (NOTE, "malformed"),
    "several-lsdus-in-frame": (NOTE, "malformed"),
    "wrapper-length-wrong": (ERROR, "malformed"),
    "mbus-checksum-wrong": (ERROR, "checksum"),
    "mbus-length-wrong": (ERROR, "malformed"),
    "mbus-segment-missing": (ERROR, "reassembly"),
    "mbus-segment-repeated": (WARNING, "reassembly"),
    "meter-quirk": (NOTE, "malformed"),
    "tcp-octets-missing": (WARNING, "reassembly"),
    "tcp-retransmission": (WARNING, "sequence"),
    "bcc-wrong": (ERROR, "checksum"),
    "p1-crc-wrong": (ERROR, "checksum"),
    "p1-length-wrong": (ERROR, "malformed"),
    "p1-crc-unchecked": (NOTE, "checksum"),
    "line-ends-changed": (NOTE, "checksum"),
    "line-settings-differ": (WARNING, "checksum"),
    "parity-wrong": (ERROR, "checksum"),
    "data-set-malformed": (ERROR, "malformed"),
    "octet-unprintable": (WARNING, "malformed"),
    "end-mark-missing": (NOTE, "malformed"),
    "message-repeated": (NOTE, "reassembly"),
    "carrier-text": (NOTE, "undecoded"),
    "block-lost": (ERROR, "reassembly"),
    "block-repeated": (WARNING, "reassembly"),
    "apdu-malformed": (ERROR, "malformed"),
    "apdu-trailing-octets": (NOTE, "malformed"),
    "undecipherable": (ERROR, "decryption"),
    "signature-verified": (Severity.CHAT, "security"),
    "signature-wrong": (ERROR, "security"),
    "hls-verified": (Severity.CHAT, "security"),
    "hls-failed": (ERROR, "security"),
    "hls-unchecked": (NOTE, "security"),
    "certificate-learnt": (Severity.CHAT, "security"),
    "certificate-problem": (WARNING, "security"),
    "key-changed": (Severity.CHAT, "security"),
    "invocation-counter-repeated": (WARNING, "security"),
    "invocation-counter-regressed": (WARNING, "security"),
    "invocation-counter-jumped": (NOTE, "security"),
    "invocation-counter-near-end": (WARNING, "security"),
    "value-out-of-type": (NOTE, "data"),
    "profile-gap": (NOTE, "data"),
    "profile-overlap": (NOTE, "data"),
    "status-flag-set": (NOTE, "data"),
    "hdlc-address-unusual": (NOTE, "protocol"),
    "noise": (NOTE, "undecoded"),
    "information-undecoded": (NOTE, "undecoded"),
}
"""Severity and group of each fact."""


_KEYS_NOT_GIVEN = (
    "no-key", "second-key-needed", "broadcast-key-needed", "dedicated-key-unknown", "key-info-missing",
    "no-system-title",
)  # fmt: skip
SEVERITIES: dict[tuple[str, str], Severity] = {
    **{("undecipherable", cause): NOTE for cause in _KEYS_NOT_GIVEN},
    ("undecipherable", "security-control-wrong"): WARNING,
    ("capture-cut", "message-broken-off"): WARNING,
    ("invocation-counter-repeated", "nonce-reuse"): ERROR,
    ("invocation-counter-repeated", "captured-at-two-points"): NOTE,
}
"""Causes that weigh more or less than their code: a key that is not given is no fault of the traffic."""


def finding(code: str, text: str, start: int, end: int, cause: str = "", confidence: str = "certain") -> Note:
    """Make the note *code* about the octets from *start* to *end* of the record."""
    severity, group = FACTS[code]
    severity = SEVERITIES.get((code, cause), severity) if cause else severity
    return Note(code, severity, group, text, start, end, cause, confidence)


def text_note(text: str, at: int, size: int, *, is_framed: bool) -> Note:
    """Say that a meter answers in *text*, *size* octets that begin at *at* (-1 where they were joined)."""
    start, end = (at, at + size) if at >= 0 else (0, 0)
    note = finding("carrier-text", f'text in place of an APDU: "{text}"', start, end, "vendor-text-answer")
    return note if is_framed else note._replace(confidence="likely")


def dissection_notes(octets: bytes, is_cut: bool, frame: bytes = b"", at: int = -1) -> tuple[Note, ...]:
    """Read the APDU *octets* into its tree for the notes in it, whose places are those of the *frame* it begins *at*.

    What is merely too short is the capture's fault where it is known to be cut, and the sender's where it is whole.
    """
    notes = []
    whole, begin = (frame, at) if at >= 0 else (octets, 0)
    for note in read_apdu(whole, begin, begin + len(octets)).all_notes():
        if note.code == "capture-cut":
            code = "capture-cut" if is_cut else "apdu-malformed"
            note = finding(code, note.text, note.start, note.end)
        notes.append(note)
    return tuple(notes)
