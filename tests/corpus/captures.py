"""The captures of the corpus: what the program finds in each, in the words of ``pcaps.toml``."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from analyzer.pipeline import Pipeline
from analyzer.record import NOISE, Record
from captures import open_source
from dissectors.hdlc import control_type
from dissectors.tree import Severity
from tests.corpus.vectors import families

COUNT = 15
_LOWER = {"AARQ", "AARE", "RLRQ", "RLRE"}
_PACKETS = re.compile(r"\bpackets? ([\d, and]+)")


class Found(NamedTuple):
    """What the program finds in one capture."""

    frames: Counter[str]
    apdus: Counter[str]
    noise: list[int]
    notes: list[tuple[int, str]]
    """Packet and code of every note of severity warning or error."""
    left_aside: Counter[str]


@cache
def listed(corpus: Path) -> tuple[dict[str, Any], ...]:
    """The entries of the list."""
    return tuple(tomllib.loads((corpus / "pcaps.toml").read_text(encoding="utf-8"))["pcap"])


@cache
def records_of(path: Path) -> tuple[tuple[Record, ...], Counter[str]]:
    """The records of a capture, and what was left aside. Nobody changes them."""
    pipeline = Pipeline()
    with open_source(str(path)) as source:
        return tuple(pipeline.run(source)), pipeline.left_aside


def find(path: Path) -> Found:
    """Count frames and APDUs of a capture, and gather what should not be there."""
    records, left_aside = records_of(path)
    frames: Counter[str] = Counter()
    notes = []
    for one in records:
        if one.control is None:
            frames[one.link] += 1
        else:
            frames[control_type(one.control)] += 1
            start = one.octets[0] == 0x7E
            frames["segments"] += control_type(one.control) == "I" and bool(one.octets[start] & 8)
        notes += [(one.packets[-1], note.code) for note in one.notes if note.severity >= Severity.WARNING]
    noise = [one.number for one in records if one.kind == NOISE]
    return Found(+frames, Counter(families(list(records))), noise, notes, left_aside)


def expected_frames(entry: dict[str, Any]) -> Counter[str]:
    """The frames that the list states."""
    return Counter(entry["frames"])


def expected_apdus(entry: dict[str, Any]) -> Counter[str]:
    """The APDUs that the list states, in the names of the program."""
    return Counter({name.lower() if name in _LOWER else name: count for name, count in entry["apdus"].items()})


def damaged_packets(entry: dict[str, Any]) -> set[int]:
    """The packets that the list calls damaged."""
    numbers = [group for line in entry["damage"] for group in _PACKETS.findall(line)]
    return {int(number) for group in numbers for number in re.findall(r"\d+", group)}
