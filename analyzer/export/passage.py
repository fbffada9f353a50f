"""What passed between two points as text for a person, and as JSON Lines."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import groupby
from statistics import median
from typing import Any

from analyzer.cosem.plain_text import printable
from analyzer.diagnosis.passage import ALTERED, ONLY_FIRST, ONLY_SECOND, REPEATED, Finding, Passage
from analyzer.diagnosis.passed import Passed
from analyzer.diagnosis.words import seconds
from analyzer.export.folding import folded
from analyzer.export.utf8 import json_object

WIDEST = 100
_MOST_SHOWN = 20
_TITLES = {
    ALTERED: "Altered on the way",
    REPEATED: "Sent once more on one side",
    ONLY_FIRST: "Only in the first",
    ONLY_SECOND: "Only in the second",
}
_SECOND = 1_000_000_000
_LEAST_PART = 10
"""Captures of which less than this part passed hold other traffic, where equal octets come by chance."""


def text_lines(found: Passage, first: str, second: str, *, width: int = WIDEST) -> Iterator[str]:
    """Write what passed, how the clocks stand, what the way adds to answers, and what did not pass as it was."""
    yield f"first:  {printable(first)}"
    yield f"second: {printable(second)}"
    yield ""
    if not found.passed:
        text = "No APDU of one is in the other: another time, other meters, or what stands between seals them anew."
        yield from folded(text, width)
        return
    counts = [f"{sum(one.kind == kind for one in found.findings)} {words}" for kind, words in _COUNTED.items()]
    yield from _folded(f"{len(found.passed)} APDUs passed unchanged, {', '.join(counts)}", "", "", width)
    is_other = len(found.passed) * _LEAST_PART < (shorter := _shorter(found))
    if is_other:
        text = (
            f"The two do not hold the same traffic: of {shorter} APDUs that both should have seen {len(found.passed)} "
        )
        text += "passed. If it should be, what stands between seals APDUs anew, or cuts them otherwise."
        yield from folded(text, width)
    elif len(found.findings) > len(found.passed):
        text = "Few passed: is this the same traffic at all? What seals APDUs anew, or cuts them otherwise, lets few."
        yield from folded(text, width)
    if any(found.outside):
        parts = [
            f"{count} of the {name}" for count, name in zip(found.outside, ("first", "second"), strict=True) if count
        ]
        yield from folded(f"outside what both captures saw: {' and '.join(parts)}", width)
    if found.offset_ns is not None and not is_other:
        side = "ahead of" if found.offset_ns >= 0 else "behind"
        text = f"the clock of the second is {_span(abs(found.offset_ns))} {side} that of the first, the way included"
        yield from folded(text, width)
    if found.added and not is_other:
        usual = int(median(one[0] for one in found.added))
        most, *records = max(found.added) if usual >= 0 else min(found.added)
        more = "longer" if usual >= 0 else "less"
        yield from _folded(
            f"an answer takes {seconds(abs(usual))} {more} at the first than at the second (median of "
            f"{len(found.added)}); at most {seconds(abs(most))}, records {records[0]} and {records[1]}", "", "", width,
        )  # fmt: skip
    for kind in _TITLES:
        members = [one for one in found.findings if one.kind == kind]
        if members:
            yield ""
            yield _TITLES[kind]
            yield from _findings(members[:_MOST_SHOWN], width)
            if len(members) > _MOST_SHOWN:
                yield f"  … {len(members) - _MOST_SHOWN} more; --json has them all"


def _shorter(found: Passage) -> int:
    """Count the APDUs of the capture that has fewer, but for those that the other cannot have seen."""
    return len(found.passed) + min(sum(one[1 + side] is not None for one in found.findings) for side in (0, 1))


_COUNTED = {
    ALTERED: "altered",
    REPEATED: "repeated",
    ONLY_FIRST: "only in the first",
    ONLY_SECOND: "only in the second",
}


def _span(span_ns: int) -> str:
    """Say by how much clocks differ: ``2:00:02`` from two minutes on."""
    return seconds(span_ns) if span_ns < 120 * _SECOND else str(timedelta(seconds=round(span_ns / _SECOND)))


def _findings(members: list[Finding], width: int) -> Iterator[str]:
    """Write findings, those that say the same of the same APDU in one."""
    for (name, text, kind), alike in groupby(members, lambda one: (_named(one).name, one.text, one.kind)):
        records = [
            " = ".join(str(each.record) for each in (one.first, one.second) if each is not None) for one in alike
        ]
        word = "record" if len(records) == 1 and kind != ALTERED else "records"
        yield from _folded(f"{word} {', '.join(records)}: {name}", "  ", "    ", width)
        yield from _folded(text, "    ", "    ", width)


def _named(one: Finding) -> Passed:
    named = one.first or one.second
    assert named is not None  # every finding has one of them
    return named


def _folded(text: str, first: str, rest: str, width: int) -> list[str]:
    return folded(text, width, first, rest)


def json_lines(found: Passage) -> Iterator[str]:
    """Write an object on the whole, then one a finding; times are seconds."""
    added = [one[0] for one in found.added]
    whole: dict[str, Any] = {"passed": len(found.passed)}
    whole |= {kind: sum(one.kind == kind for one in found.findings) for kind in _TITLES}
    whole["outside"] = list(found.outside)
    whole["clock_offset"] = None if found.offset_ns is None else found.offset_ns / _SECOND
    whole["added_latency"] = {"median": median(added) / _SECOND, "most": max(added) / _SECOND} if added else None
    yield json_object(whole)
    for one in found.findings:
        members: dict[str, Any] = {"kind": one.kind, "apdu": _named(one).name}
        for name, side in (("first", one.first), ("second", one.second)):
            members[name] = {"record": side.record} if side is not None else {}
        yield json_object(members | {"text": one.text})
