"""Wrapper PDUs that lost every 00, as what handles octets as text drops them. Source: IEC 62056-47 (wrapper header)."""

from __future__ import annotations

from analyzer.framing.tags import APDU_TAGS

_HEAD, _TAG_AT = 3, 4
"""Without their zeros a version and two wPorts below 256 are three octets; behind them stand a length and a tag."""
_SEVERAL = 3


def zeroless(octets: bytes) -> str:
    """Say that *octets* are wrapper PDUs without any 00; empty where they are not, or too few to tell."""
    head = octets[:_HEAD]
    if not octets.startswith(b"\x01") or 0 in octets:
        return ""
    begins, at = [], 0
    while at >= 0:
        if octets[at + _TAG_AT : at + _TAG_AT + 1] and octets[at + _TAG_AT] in APDU_TAGS:
            begins.append(at)
        at = octets.find(head, at + 1)
    if len(begins) < _SEVERAL or begins[0]:
        return ""
    ends = [*begins[1:], len(octets)]
    fitting = sum(octets[begin + _HEAD] >= end - begin - _TAG_AT > 0 for begin, end in zip(begins, ends, strict=True))
    lengths = sum(octets[begin + _HEAD] for begin in begins)
    is_short = lengths > len(octets) - _TAG_AT * len(begins)
    if fitting < _SEVERAL or fitting * 4 < len(begins) * 3 or not is_short:
        return ""
    source, destination = head[1], head[2]
    return (
        f"not one 00 is among {len(octets)} octets, and {fitting} times {head.hex(' ').upper()}, a length and the tag "
        f"of an APDU stand in them: wrapper PDUs of wPorts {source} and {destination} that lost their zeros"
    )
