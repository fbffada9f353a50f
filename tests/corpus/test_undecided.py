"""Broken entries whose octets do not decide the cause: what the doctor says of each first, and why that is right."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import NamedTuple

from tests.analyzer.diagnosis.test_doctor import stories
from tests.corpus import vectors


class Told(NamedTuple):
    """The first story, and why it is no other."""

    code: str
    cause: str
    why: str


_CUT = "the header is whole and right and the capture ends: why it ends is not in the octets"
_OTHER_FRAME = "one turned bit gives the FCS, and nothing in the ciphertext can speak against it"
SAID = {
    "ams-aidon-em003-2": Told("hdlc-hcs-wrong", "burst", "no header gives its HCS, and octets are missing besides"),
    "ams-aidon-em004-1": Told("hdlc-hcs-wrong", "burst", "no header gives its HCS, and octets are missing besides"),
    "ams-kaifa-gh986-1": Told("capture-cut", "", "220 of 658 octets of a ciphered telegram, which no check covers"),
    "ams-kamstrup-gh111-1": Told("hdlc-fcs-wrong", "capture-ended", _CUT),
    "ams-kamstrup-gh194-2": Told(
        "hdlc-length-wrong", "octets-inserted",
        "more octets than announced stand before the next flag that a sound frame follows: what is between is several "
        "damaged frames, which no single fault explains, so it is only possible",
    ),
    "ams-kamstrup-gh194-4": Told(
        "hdlc-length-wrong", "truncated", "its header is right and it breaks off where the next frame begins",
    ),
    "ams-kamstrup-gh244-1": Told("hdlc-fcs-wrong", "bit-error", _OTHER_FRAME),
    "ams-kamstrup-gh244-4": Told("hdlc-fcs-wrong", "bit-error", _OTHER_FRAME),
    "ams-kamstrup-gh244-5": Told("hdlc-fcs-wrong", "octets-lost", "three octets are missing between two flags"),
    "ams-kamstrup-gh712-2": Told(
        "p1-crc-wrong", "bit-error",
        "a character with one bit turned gives the CRC and mends no line: octet-damaged, lost, burst stand beside it",
    ),
    "ams-sagemcom-gh143-3": Told("mbus-length-wrong", "capture-ended", _CUT),
    "ams-sagemcom-gh155-2": Told(
        "mbus-length-wrong", "octets-inserted", "what follows the frame is neither ciphertext of the line nor plain text",
    ),
    "scs-lg-e450-unencrypted-invalid-data": Told(
        "block-repeated", "sender-retries", "block 2 came twice with the same octets, and nobody asked for it again",
    ),
    "amshan-hdlc-start-inside-frame": Told(
        "hdlc-noise", "capture-started-late", "a frame without its beginning stands before the first whole one",
    ),
    "roarfred-kamstrup-115-bad-20171020T050311": Told(
        "hdlc-fcs-wrong", "cut-at-flag-octet", "its last octet is a 7E where half of the frame is missing",
    ),
    "roarfred-kamstrup-114-bad-20171020T050312": Told(
        "noise", "capture-started-late", "it ends with a flag and has no header; alone it is known to be nothing",
    ),
    "ch-lg-e450-gbt-3": Told("block-lost", "segment-lost", "the last block came, and one before it never"),
    "wrap-t210d-tag48": Told(
        "hdlc-noise", "baud-mismatch", "tag 30 is none of DLMS: it is no unit that is known, and all that is listed",
    ),
    "iec-command-bad-bcc": Told("bcc-wrong", "bit-error", "a sum of one character does not tell which octet is other"),
    "iec-parity-lg-e650-r5-p01": Told(
        "parity-wrong", "edited-by-hand", "all characters of odd weight are printed ones without a parity bit",
    ),
    "iec-vz-junk-head": Told(
        "noise", "capture-started-late",
        "the data behind the stray octets read; an acknowledgement on the meter's side may be an echo, or a tap that "
        "names one side for both",
    ),
    "gurux-ua-2byte-client": Told("none", "", "the UA is whole and valid, and its SNRM is not there"),
    "ams988-sampling-noise": Told(
        "hdlc-noise", "capture-started-late", "octets without a header stand before the first whole frame",
    ),
    "hdlc-cse-short-length": Told(
        "hdlc-length-wrong", "length-field-wrong", "behind the frame that the length field says an information field stands",
    ),
    "scs59-iskra-am550-3-of-5-segments": Told(
        "capture-cut", "capture-ended", "the last segment that came says that more follows",
    ),
    "scs27-e450-9600-read-at-2400": Told("hdlc-noise", "baud-mismatch", "runs of octets come again, so it is no noise"),
}  # fmt: skip
"""By entry."""
BESIDE_THE_LABEL = frozenset({
    "ams-kaifa-gh986-1", "ams-kamstrup-gh194-2", "ams-kamstrup-gh194-4", "ams-kamstrup-gh244-5", "ams-kamstrup-gh712-2",
    "ams-sagemcom-gh155-2", "scs-lg-e450-unencrypted-invalid-data", "roarfred-kamstrup-114-bad-20171020T050312",
    "wrap-t210d-tag48", "iec-vz-junk-head", "gurux-ua-2byte-client", "scs59-iskra-am550-3-of-5-segments",
})  # fmt: skip
"""Entries whose label has another code or cause: each reason above says why the octets do not give it."""


def test_undecided_entries_are_told_as_the_table_says(corpus: Path) -> None:
    table = tomllib.loads((corpus / "vectors" / "broken.toml").read_text(encoding="utf-8"))["vector"]
    entries = {one["id"]: one for one in table if not one.get("decidable")}
    told = {}
    for name, entry in entries.items():
        found = stories(vectors.text_of(entry))
        told[name] = (found[0].code, found[0].cause) if found else ("none", "")
    assert told == {name: (one.code, one.cause) for name, one in SAID.items()}
    beside = {
        name
        for name, (code, cause) in told.items()
        if code != entries[name]["code"] or (entries[name]["causes"] and cause not in entries[name]["causes"])
    }
    assert beside == BESIDE_THE_LABEL
