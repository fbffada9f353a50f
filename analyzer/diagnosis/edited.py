"""Whether a person changed a frame before showing it: ids that are masked, digits that are other digits.

Who posts a log hides what names a meter, and seldom makes the check sequence anew. Length, header and APDU are right
then, and what is other stands within a text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from analyzer.diagnosis.frame_damage import Candidate, Damaged
from analyzer.diagnosis.frame_repair import information_at, information_of
from analyzer.diagnosis.story import CERTAIN, LIKELY, POSSIBLE
from analyzer.framing.hdlc_header import Trust

_STRING = re.compile(rb"[\x09\x0a\x0c](?=([\x04-\x7f]))", re.DOTALL)
"""Octet-string, visible-string, utf8-string, and a length of one octet."""
_MASKS = (
    ("one sign again and again", re.compile(rb"([Xx*#?_-])\1{2,}")),
    ("one octet again and again", re.compile(rb"(?s)(.)\1{7,}\Z")),
    ("one digit to the end", re.compile(rb"([0-9])\1{5,}\Z")),
    ("digits in a row", re.compile(rb"(?:0?123456|987654)[0-9]*\Z")),
)
"""What stands where something is hidden: signs for any character, one octet to the end, digits in a row."""
_UNSPECIFIED = (b"\xff" * 12, bytes(12))
"""Date-times that say nothing, and do so by themselves."""
_LEAST_INFORMATION = 24
_KINDS = (
    ("digit", b"0123456789"),
    ("letter", b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
    ("letter", b"abcdefghijklmnopqrstuvwxyz"),
)


def by_hand(damaged: Damaged, found: list[Candidate]) -> list[Candidate]:
    """Add to the explanations *found* that a person changed the frame, where that can be; first where much says so."""
    if damaged.missing or damaged.was.header is not Trust.GOOD or damaged.was.apdu is False:
        return found
    if not found or found[0].confidence is CERTAIN:
        return found
    does_read = damaged.was.apdu or damaged.reads(information_of(damaged.body))  # blocks may come without LLC
    masked = next(_masked(damaged), None)
    if masked is not None and found[0].cause != "bit-error":
        return [masked, *(one._replace(confidence=POSSIBLE) for one in found)]
    changed = _changed(damaged, found)
    if changed is not None:
        is_first = changed.confidence is LIKELY and found[0].cause != "bit-error"
        told = "or the line changed that octet"  # what was hidden stays so
        weaker = [found[0]._replace(text=told, repaired=b""), *found[1:]]
        weaker = [one._replace(confidence=POSSIBLE) for one in weaker]
        return [changed, *weaker] if is_first else [found[0], changed._replace(confidence=POSSIBLE), *found[1:]]
    is_long = len(information_of(damaged.body)) >= _LEAST_INFORMATION
    if does_read and is_long and found[0].confidence is POSSIBLE:
        text = "the APDU reads to its end all the same: who hides an id in a log leaves that"
        return [*found, Candidate("edited-by-hand", POSSIBLE, text)]
    return found


def _strings(body: bytes) -> Iterator[tuple[int, bytes]]:
    """Give the texts and octet-strings in a frame without flags, with their places."""
    for found in _STRING.finditer(body, information_at(body)):
        begin = found.end() + 1
        text = body[begin : begin + body[found.end()]]
        if len(text) == body[found.end()] and begin + len(text) <= len(body) - 2:
            yield begin, text


def _masked(damaged: Damaged) -> Iterator[Candidate]:
    """Find what hides something in a string."""
    for begin, text in _strings(damaged.body):
        for what, mask in _MASKS:
            hidden = mask.search(text)
            if hidden is None or text in _UNSPECIFIED:
                continue
            at, end = begin + hidden.start() + damaged.shift, begin + hidden.end() + damaged.shift
            # the text itself is not told: it may be a secret that a SET carries
            told = f"octets {at} to {end - 1} are {what}, as an id reads that was masked"
            yield Candidate(
                "edited-by-hand", LIKELY, f"{told}; length and HCS are right, the FCS is still the old one", at,
                end=end,
            )  # fmt: skip
            break


def _changed(damaged: Damaged, found: list[Candidate]) -> Candidate | None:
    """Take one octet that was other for a character that was exchanged: a digit for a digit within a text."""
    best = found[0]
    if best.cause not in ("octet-damaged", "bit-error") or len(best.repaired) != len(damaged.body):
        return None
    at = best.at - damaged.shift
    for begin, text in _strings(damaged.body):
        if begin <= at < begin + len(text):
            pair = {damaged.body[at], best.repaired[at]}
            is_text = text.isascii() and text.decode().isprintable()
            kind = next((name for name, signs in _KINDS if pair <= set(signs)), "")
            if is_text and kind:
                said = f"with another {kind} at octet {best.at} the FCS is right"
                told = f"{said}, and that is within a text of {len(text)} characters: as if somebody changed an id"
                sure = LIKELY if kind == "digit" else POSSIBLE  # a line turns a letter into a letter more often
                return best._replace(cause="edited-by-hand", confidence=sure, text=told, repaired=b"")
    return None
