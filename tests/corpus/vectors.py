"""The vectors of the corpus: which there are, and whether the program decodes each whole."""

from __future__ import annotations

import json
import os
import tomllib
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from analyzer.export.json_lines import JsonLines
from analyzer.pipeline import Pipeline
from analyzer.record import NOISE, Record
from captures import source_from_hex
from dissectors.scanning import scan_apdu
from dissectors.tree import Severity
from tests.conftest import CORPUS_VARIABLE, ROOT

TRANSPORTS = (
    "hdlc", "hdlc-session", "wrapper", "wrapper-session", "mbus", "llc", "apdu",
    "p1-text", "p1-binary", "62056-21-session", "62056-21-text",
)  # fmt: skip
"""What is decoded yet; the others wait for their link layers."""

EXPLAINED = {
    "ams-landis-gyr-em-ct623-1": "one block of a general-block-transfer: the APDU never completes",
    "ch-lg-e450-gbt-first-block": "one block of a general-block-transfer: the APDU never completes",
    "iec-mcs-p01-profile": "an ETX behind the identification belongs to no message, and is shown as noise",
    "iec-parity-signon-hurani": "parity stands in the data, as the entry says, and is warned of",
    "dsmr-lvzon-5.0": "the CRC is not that of the text, as the entry says",
    "dsmr-lvzon-4.0": "the CRC is not that of the text, as the entry says",
    "at-lg-e450-ir-stream-4-with-junk": "two octets of junk stand before the first frame, and are shown as noise",
}
"""Healthy entries that do not come out as one whole APDU a frame, and why that is right."""
_SHORTENED = {"glo-get-req": "glo-get-request"}


class Verdict(NamedTuple):
    """How one entry decodes: *reason* says what is not as the entry expects; empty where all is."""

    id: str
    theme: str
    transport: str
    reason: str
    records: int

    @property
    def is_right(self) -> bool:
        return not self.reason


def folder() -> Path:
    """Where the corpus lies, for programs that have no fixtures."""
    return Path(os.environ.get(CORPUS_VARIABLE) or ROOT.parent / "shared" / "corpus")


@cache
def entries(corpus: Path) -> tuple[dict[str, Any], ...]:
    """All entries of the vectors."""
    files = sorted((corpus / "vectors").glob("*.toml"))
    return tuple(entry for file in files for entry in tomllib.loads(file.read_text(encoding="utf-8"))["vector"])


def covered(corpus: Path) -> list[dict[str, Any]]:
    """The entries whose transport is decoded yet."""
    return [entry for entry in entries(corpus) if entry["transport"] in TRANSPORTS]


def text_of(entry: dict[str, Any]) -> str:
    """The octets of an entry as text, one frame a line, with directions where the entry states them."""
    if "hex_lines" in entry:
        lines = [line.replace("HOST|", "TX|").replace("METER|", "RX|") for line in entry["hex_lines"]]
        return "\n".join(line.replace("|", ": ") for line in lines)
    if "text" in entry:
        return str(entry["text"].encode().hex())
    return str(entry["hex"])


def decode(text: str, decode_as: dict[str, str] | None = None) -> list[Record]:
    """The records of octets in text."""
    with source_from_hex(text) as source:
        return list(Pipeline(decode_as).run(source))


def json_lines(records: list[Record], *, layers: bool = True) -> list[dict[str, Any]]:
    """The records in their JSON form, read back."""
    writer = JsonLines(lambda: 9, layers=layers)
    return [json.loads(writer.line(record)) for record in records]


def faults(records: list[Record]) -> list[str]:
    """What healthy traffic must not have: noise, and notes of severity warning or error."""
    found = [f"record {one.number} is noise of {len(one.octets)} octets" for one in records if one.kind == NOISE]
    for one in records:
        found += [
            f"record {one.number}: {note.code}: {note.text}" for note in one.notes if note.severity >= Severity.WARNING
        ]
    return found


def families(records: list[Record]) -> list[str]:
    """The names of the APDUs as they stood on the line."""
    found = []
    for one in records:
        if one.apdu is not None:
            found.append(_stood(one))
        found += [apdu.family for apdu in one.more]
    return found


def _stood(record: Record) -> str:
    """The name of the APDU that stood on the line."""
    if record.protection:
        entry = scan_apdu(stood := record.protection[0].stood, 0, len(stood))[0]
        return entry.family if entry is not None else ""
    return record.apdu.family if record.apdu is not None else ""


def judge(entry: dict[str, Any]) -> Verdict:
    """Decode *entry* and say whether it comes out whole."""
    records = decode(text_of(entry))
    reasons = faults(records)
    expected = entry.get("expected", {})
    named = expected.get("apdu_tag", "")[3:]
    named = _SHORTENED.get(named, named)
    if entry["theme"] != "broken":
        if named and named.lower() not in [family.lower() for family in families(records)]:
            reasons.append(f"expected {named}, found {', '.join(families(records)) or 'no APDU'}")
        frames = sum(record.link in ("hdlc", "mbus") for record in records)
        if expected.get("frames", frames) != frames:
            reasons.append(f"expected {expected['frames']} frames, found {frames}")
    return Verdict(entry["id"], entry["theme"], entry["transport"], "; ".join(reasons), len(records))


def verdicts(corpus: Path) -> list[Verdict]:
    """The verdict on every entry that is covered."""
    return [judge(entry) for entry in covered(corpus)]


def gbcs(corpus: Path) -> list[dict[str, str]]:
    """The GBCS messages."""
    return [json.loads(line) for line in (corpus / "gbcs.jsonl").read_text(encoding="utf-8").splitlines()]


def undecoded_inside(node: Any) -> Counter[str]:
    """Count what the JSON form of an APDU could not read."""
    found: Counter[str] = Counter()
    stack = [node]
    while stack:
        one = stack.pop()
        if isinstance(one, dict):
            if "malformed" in one:
                found[str(one["malformed"])] += 1
            stack.extend(one.values())
        elif isinstance(one, list):
            stack.extend(one)
    return found
