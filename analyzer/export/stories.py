"""Stories as text for a tired person, and as JSON Lines with the members that the interface page states."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from analyzer.cosem.plain_text import printable
from analyzer.diagnosis.damage_lane import back
from analyzer.diagnosis.frame_repair import information_of
from analyzer.diagnosis.story import FURTHER_LANES, POSSIBLE, Alternative, Evidence, Story
from analyzer.export.folding import folded
from analyzer.export.times import seconds_text, span_text
from analyzer.export.utf8 import plain_json
from dissectors.scanning import scan_apdu

_LLC_SIZE = 3
_FEW_LANES = 3
"""On so many lanes each story is told by itself."""
_OF_KEYS = frozenset({"undecipherable", "hls-unchecked"})
"""Codes of what is wrong with a key, which both directions of a conversation share."""
WIDEST = 96
"""So many characters a line of text has at most."""
_MOST_SHOWN = 8
_LONGEST, _AT_ENDS, _NEAR = 48, 12, 8
"""Octets of a proposed frame that is shown whole; else so many at its ends, and on each side of the damage."""
_text = json.JSONEncoder(ensure_ascii=False).encode


def gathered(stories: Sequence[Story], *, each: bool = False) -> list[tuple[Story, list[Story]]]:
    """Gather what is wrong in the same way on many lanes, or with a key on both ways of one.

    Gives the first story of each kind, and those that are like it.

    *each* leaves all stories by themselves.
    """
    if each:
        return [(one, []) for one in stories]
    kinds: dict[Any, list[Story]] = {}
    for one in stories:
        kinds.setdefault(_kind(one), []).append(one)
    found: list[tuple[Story, list[Story]]] = []
    for first, *others in kinds.values():
        lanes = {one.lane for one in (first, *others)}
        if len(lanes) > _FEW_LANES or (first.code in _OF_KEYS and lanes == {first.lane, back(first.lane)}):
            found.append((first, others))
        else:
            found += [(one, []) for one in (first, *others)]
    places = {id(one): number for number, one in enumerate(stories)}
    return sorted(found, key=lambda one: places[id(one[0])])


def _kind(story: Story) -> tuple[Any, ...]:
    """Tell what is wrong, and all that follows from it, without the places."""
    followers = frozenset(map(_kind, story.leads_to))
    return story.code, story.cause, story.confidence, story.severity, followers


def text_lines(
    number: int, story: Story, digits: int, *, utc: bool = False, width: int = WIDEST, like: Sequence[Story] = ()
) -> Iterator[str]:
    """Write one story, in lines up to *width*: what happened, where, the proof, what else it could be, what to try.

    Of those that are *like* it the first are named.
    """
    times = f"{story.count} times" if story.count > 1 else "once"
    perhaps = ", perhaps" if story.cause and story.confidence == POSSIBLE else ""
    head = f"{number}. {story.worst.name}{perhaps}: {story.title}"
    yield from folded(head, width, "", "   ")
    how = f" ({story.confidence})" if story.cause else ""
    what = f"{story.code}{f' · {story.cause}' if story.cause else ''}{how} · {times} on {story.lane}"
    yield from folded(what, width, "   ", "   ")
    if story.records or story.first_ns is not None:
        yield from _folded("where", where_text(story, digits, utc=utc), width)
    for records, one in told_once(story.evidence):
        place = f", octets {one.start} to {one.end - 1}" if one.end > one.start + 1 else ""
        place = f", octet {one.start}" if one.end == one.start + 1 else place
        yield from _folded("seen", f"{records}{place}: {one.text}" if records else one.text, width)
    if like:
        yield from _folded("also", _also(story, like), width)
    if story.proposed is not None and story.confidence != POSSIBLE:
        record, octets = story.proposed
        yield from _folded("may be", f"record {record} as it may have been sent: [{_shortened(octets, story)}]", width)
    for (confidence, text), members in groupby(story.alternatives, lambda one: (one.confidence, one.text)):
        causes = ", ".join(dict.fromkeys(one.cause for one in members))
        known = bool(story.evidence) and story.evidence[0].text.endswith(text)
        yield from _folded("or", f"{causes} ({confidence}){'' if known else f': {text}'}", width)
    for follower in story.leads_to:
        yield from _folded("so", _follower(follower), width)
    for advice in story.advice:
        yield from _folded("try", advice, width)
    yield ""


def told_once(evidence: Sequence[Evidence]) -> Iterator[tuple[str, Evidence]]:
    """Give evidence with its records in words: equal texts are one, and what another says is left out."""
    kinds: dict[tuple[str, int, int], list[Evidence]] = {}
    for one in evidence:
        kinds.setdefault((one.text, one.start, one.end), []).append(one)
    said = ""
    for same in kinds.values():
        one = same[0]
        if one.text in said and re.search(rf"\brecord {one.record}\b", said):
            continue
        said += f"{one.text}\n"
        numbers = ", ".join(str(each.record) for each in same if each.record)
        yield (f"record{'s' * (len(same) > 1)} {numbers}" if numbers else ""), one


def _shortened(octets: bytes, story: Story) -> str:
    """Write a frame in octets; of a long one its ends and what is near the damage, with the count of octets between."""
    size = len(octets)
    if size <= _LONGEST:
        return octets.hex(" ").upper()
    start = story.evidence[0].start - 1 if story.evidence else 0  # flags are not proposed
    near = range(max(0, start - _NEAR), min(size, start + _NEAR))
    shown = sorted({*range(_AT_ENDS), *near, *range(size - _AT_ENDS, size)})
    parts, before = [], -1
    for at in shown:
        if at != before + 1:
            left_out = at - before - 1
            parts.append(f"… {left_out} octet{'s' * (left_out != 1)} …")
        parts.append(f"{octets[at]:02X}")
        before = at
    return " ".join(parts)


def _follower(story: Story) -> str:
    """Say in a line what follows from a story, and what follows from that."""
    cause = f" ({story.cause})" if story.cause else ""
    text = f"{story.code}{cause} in {_records(story)}: {story.evidence[0].text}"
    return "; so ".join([text, *map(_follower, story.leads_to)])


def _records(story: Story) -> str:
    numbers = story.records[:_MOST_SHOWN]
    more = ", …" if len(story.records) > len(numbers) else ""
    return f"record{'s' * (len(numbers) > 1)} {', '.join(map(str, numbers))}{more}"


def _also(story: Story, like: Sequence[Story]) -> str:
    """Say on how many lanes more it was seen, and on which first."""
    lanes = dict.fromkeys(one.lane for one in like)
    lanes.pop(story.lane, None)
    times = sum(one.count for one in like)
    if len(lanes) == 1:
        (lane,) = lanes
        there = [one for one in like if one.lane == lane]
        count = sum(one.count for one in there)
        return f"{'once' if count == 1 else f'{count:,} times'} more on {lane}: {_records(there[0])}"
    named = "; ".join(f"{one.lane} ({_records(one)})" if one.records else one.lane for one in like[:_FEW_LANES])
    further = " and more" if lanes.pop(FURTHER_LANES, "") is None else ""
    return f"{times:,} times more, on {len(lanes):,} other lanes{further}: {named}, …; -v tells of each"


def where_text(story: Story, digits: int, *, utc: bool) -> str:
    """Say in which records a story was seen, when, and at which meter."""
    parts = [_records(story)] if story.records else []
    if story.first_ns is not None:
        last_ns = story.last_ns if story.last_ns is not None else story.first_ns
        parts.append(span_text(story.first_ns, last_ns, digits, utc=utc))
    if story.meter:
        parts.append(f"meter {story.meter}")
    return " · ".join(parts)


def _folded(label: str, text: str, width: int) -> list[str]:
    return folded(printable(text), width, f"   {label:<7}", " " * 10)


def json_line(number: int, story: Story, digits: int, *, input_name: str = "") -> str:
    """Write one story as a line of JSON, absent members left out; *input_name* says of which of several inputs."""
    return _object({"input": input_name, "story": number} if input_name else {"story": number}, story, digits)


def _object(first: dict[str, Any], story: Story, digits: int) -> str:
    """Write a story, and in it those that follow from it."""
    members: dict[str, Any] = {**first, "severity": story.severity.name.lower(), "code": story.code}
    if story.cause:
        members |= {"cause": story.cause, "confidence": story.confidence}
    members |= {"title": story.title, "text": story.evidence[0].text, "count": story.count, "records": story.records}
    parts = [f"{_text(name)}: {_text(value)}" for name, value in members.items()]
    for name, time_ns in (("from", story.first_ns), ("to", story.last_ns)):
        if time_ns is not None:
            parts.append(f'"{name}": {seconds_text(time_ns, digits)}')
    parts.append(f'"lane": {_text(story.lane)}')
    if story.meter:
        parts.append(f'"meter": {_text(story.meter)}')
    evidence = [
        {
            **({"record": one.record} if one.record else {}),
            **({"range": [one.start, one.end]} if one.end > one.start else {}),
            "text": one.text,
        }
        for one in story.evidence
    ]
    parts.append(f'"evidence": {_text(evidence)}')
    if story.candidates:
        found = [_candidate(one) for one in story.candidates]
        parts.append(f'"candidates": {_text(found)}')
    if story.advice:
        parts.append(f'"advice": {_text(list(story.advice))}')
    if story.proposed is not None and story.confidence != POSSIBLE:
        parts.append(f'"proposed": {_proposed(story.proposed[1])}')
    if story.leads_to:
        parts.append(f'"leads_to": [{", ".join(_object({}, one, digits) for one in story.leads_to)}]')
    return plain_json(f"{{{', '.join(parts)}}}")


def _candidate(one: Alternative) -> dict[str, Any]:
    """Give the members of a candidate; where it is and what it would give only where that is known."""
    members: dict[str, Any] = {"cause": one.cause, "confidence": one.confidence, "text": one.text}
    if one.end > one.start:
        members["range"] = [one.start, one.end]
    if one.octets:
        members["octets"] = one.octets.hex().upper()
    return members


def _proposed(octets: bytes) -> str:
    apdu = information_of(octets)[_LLC_SIZE:]
    found, values = scan_apdu(apdu, 0, len(apdu)) if apdu else (None, None)
    inside = ""
    if found is not None and values is not None:
        from dissectors.writers import apdu_text  # which makes the writers of every layer

        inside = f', "apdu": {apdu_text(apdu)}'
    return f'{{"octets": "{octets.hex().upper()}"{inside}}}'
