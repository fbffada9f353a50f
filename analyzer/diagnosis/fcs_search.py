"""Why the check sequence of a frame is wrong: every explanation that the octets allow, the best supported first.

A frame is searched once a hypothesis, by the registers from both ends; a repair is shown, never made. What octets
cannot decide stays several candidates. Source: ISO/IEC 13239; measured limits: how often one octet that is other,
lost or too many has a single explanation falls with the length of the frame.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from analyzer.diagnosis.edited import by_hand
from analyzer.diagnosis.frame_damage import NOTHING_KNOWN, Candidate, Damaged, Lane, damaged_frame
from analyzer.diagnosis.frame_repair import Reads, information_at, judge, only_breaks_off
from analyzer.diagnosis.frame_settles import SETTLES, bits
from analyzer.diagnosis.octet_search import SEARCHES
from analyzer.diagnosis.story import CERTAIN, LIKELY, POSSIBLE
from analyzer.framing.hdlc_header import MINIMUM_LENGTH, Trust
from dissectors.checks import fcs
from dissectors.llc import REQUEST, RESPONSE
from dissectors.scanning import reads

_MOST_CANDIDATES = 48
_LONG = 512
"""In longer frames even one turned bit may be chance."""
_LLC_SIZE, _FCS_SIZE = 3, 2
_ZERO_LESS = 12
"""So many octets of a frame without one 00: addresses, LLC and data have some."""
_ZERO_LESS_LLC = re.compile(rb".{4,13}?\xe6[\xe6\xe7]", re.DOTALL)
"""A header of any length, whose zeros are gone, and the LLC behind it."""
_MANY = 600
"""So many octets have neither 11 nor 13 among them once in a hundred times by chance."""
_RECEIVER_SIZES = frozenset(1 << power for power in range(6, 12))


def search(octets: bytes, *, apdu_reads: Reads = reads, lane: Lane = NOTHING_KNOWN) -> list[Candidate]:
    """Explain the damage of an HDLC frame, given with the flags that it has. Total; best supported first."""
    damaged = damaged_frame(octets, apdu_reads, lane)
    if damaged is None:
        return []
    for settles in (*SETTLES, bits):
        found = list(settles(damaged))
        if found and found[0].confidence is CERTAIN:
            return found
        if found and settles is not bits:
            return found
    for hypothesis in SEARCHES:
        found += hypothesis(damaged)
    found = _too_small(damaged, _ranked(damaged, found))
    if damaged.has_end and (not found or found[0].confidence is POSSIBLE):
        found = _with_flag(damaged, found)
    if not found or found[0].confidence is POSSIBLE:
        found = _merged(found, list(_not_found_again(damaged)))
    return by_hand(damaged, found)[:_MOST_CANDIDATES]


def _with_flag(damaged: Damaged, found: list[Candidate]) -> list[Candidate]:
    """Take the last 7E for the last octet of the FCS, too, and idle fill for the flag behind it."""
    body = damaged.body + b"\x7e"
    other = damaged._replace(body=body, was=judge(body, damaged.reads, damaged.lane.addresses))
    more = _ranked(other, [one for hypothesis in SEARCHES for one in hypothesis(other)])
    if more and more[0].cause == "length-field-wrong" and not found:
        return more[:1]
    if not more or more[0].verdict is None or not more[0].verdict.is_length_right or more[0].confidence is POSSIBLE:
        return found
    if found and found[0].verdict is not None and found[0].verdict.is_length_right:
        return [*found, *(one._replace(confidence=POSSIBLE) for one in more)]
    return [more[0]._replace(confidence=LIKELY), *more[1:], *found]


def _too_small(damaged: Damaged, found: list[Candidate]) -> list[Candidate]:
    """Behind a frame that is whole by its length field something begins as an information field: it is too small."""
    rest = damaged.body[damaged.declared :]
    if not found or found[0].cause != "octets-inserted" or rest[:_LLC_SIZE] not in (REQUEST, RESPONSE):
        return found
    text = f"{len(rest)} octets behind the {damaged.declared} of the length field begin as an information field"
    wrong = Candidate("length-field-wrong", POSSIBLE, text, damaged.shift, end=damaged.shift + 2)
    return [wrong, *(one._replace(confidence=POSSIBLE) for one in found)]


# -- more than can be found again -------------------------------------------------------------------------------------


def _not_found_again(damaged: Damaged) -> Iterator[Candidate]:
    """More octets are missing or damaged than the check sequence can give back."""
    if damaged.declared >= MINIMUM_LENGTH and damaged.missing > 0:
        yield from _too_short(damaged)
    elif damaged.declared >= MINIMUM_LENGTH and damaged.missing < 0:
        many = f"{-damaged.missing} octets" if damaged.missing < -1 else "one octet"
        text = f"{many} more than the length field says stand{'s' * (damaged.missing == -1)} between the flags"
        yield Candidate("octets-inserted", POSSIBLE, text)
        yield Candidate("collision", POSSIBLE, f"{text}: two senders at once would give that too")
    else:
        yield from _burst(damaged)


def _too_short(damaged: Damaged) -> Iterator[Candidate]:
    """Octets are missing, and no one octet gives the FCS."""
    there, missing = len(damaged.body), damaged.missing
    total = there + damaged.shift + damaged.has_end
    text = f"{missing} octet{'s are' if missing > 1 else ' is'} missing: {there} of {damaged.declared} are there"
    if lacks_zeros(damaged.body):
        yield Candidate(
            "text-dump-loss", LIKELY, f"{text}, and not one 00 among them: what handled them as text dropped the zeros",
            lost=missing,
        )  # fmt: skip
    elif not damaged.has_end and total in _RECEIVER_SIZES:
        told = f"{text}, and {total} octets is the size of a receiver's buffer"
        yield Candidate("receiver-buffer-overflow", LIKELY, told, damaged.shift + there, lost=missing)
    elif not damaged.has_end and damaged.was.header is not Trust.GOOD and _is_strange(damaged):
        yield Candidate("line-noise", POSSIBLE, "they begin like a frame, with addresses that nobody here has", 0)
        yield Candidate("truncated", POSSIBLE, text, damaged.shift + there, lost=missing)
        yield Candidate("burst", POSSIBLE, f"{text}; its header is hurt, too", damaged.shift, end=damaged.shift + there)
    elif not damaged.has_end:
        sure = CERTAIN if damaged.was.header is Trust.GOOD else LIKELY
        yield Candidate("truncated", sure, text, damaged.shift + there, lost=missing)
    elif missing > 1 or damaged.was.header is not Trust.GOOD:
        found = list(_lost_or_cut(damaged, text))
        if damaged.lacks_flow_control and 2 < missing < 3 + there // 8:
            told = f"{text}, and neither 11 nor 13 is left among {max(damaged.lane.octets, there)} octets of this lane"
            is_likely = damaged.lane.octets >= _MANY
            taken = Candidate("flow-control-octets-removed", LIKELY if is_likely else POSSIBLE, told, lost=missing)
            rest = [one._replace(confidence=POSSIBLE) for one in found]
            found = [taken, *rest] if is_likely else [*rest, taken]
        if 0 not in damaged.body and missing > 1:
            told = f"{text}, and not one 00 is among them, as if they were handled as text"
            found = [*(one._replace(confidence=POSSIBLE) for one in found), Candidate("text-dump-loss", POSSIBLE, told)]
        yield from found


def _is_strange(damaged: Damaged) -> bool:
    """Tell whether the addresses of a lane are known and none of them begins here."""
    address = damaged.body[2:]
    return bool(damaged.lane.addresses) and not any(one[:1] == address[:1] for one in damaged.lane.addresses)


def _lost_or_cut(damaged: Damaged, text: str) -> Iterator[Candidate]:
    """A flag stands too early: octets before it are missing, or it is no flag and the reader stopped there."""
    there, missing = len(damaged.body), damaged.missing
    lost = Candidate("octets-lost", LIKELY, f"{text}; the closing flag is there", lost=missing)
    is_other_fcs = missing == _FCS_SIZE and fcs(damaged.body) & 0xFF != 0x7E  # which the 7E would be the first octet of
    if damaged.lane.has_inner_flags or 0x7E in damaged.body or damaged.was.header is not Trust.GOOD or is_other_fcs:
        yield lost
        return
    told = f"{text}, and the last one is 7E: a reader that takes any 7E for the closing flag stops there"
    cut = Candidate("cut-at-flag-octet", POSSIBLE, told, damaged.shift + there, lost=missing)
    apdu = (damaged.body + b"\x7e")[information_at(damaged.body) + _LLC_SIZE :]
    is_first = damaged.was.has_llc and only_breaks_off(apdu)
    yield from (cut, lost._replace(confidence=POSSIBLE)) if is_first else (lost._replace(confidence=POSSIBLE), cut)


def lacks_zeros(body: bytes) -> bool:
    """Tell whether the zeros of a frame are gone: its LLC stands there without its third octet."""
    return len(body) >= _ZERO_LESS and 0 not in body and _ZERO_LESS_LLC.match(body) is not None


def _burst(damaged: Damaged) -> Iterator[Candidate]:
    """Length and flags are right: several octets are other than they were sent."""
    body = damaged.body
    at = information_at(body) if damaged.was.header is Trust.GOOD else 0
    where = "the header is right, so they lie in the information field or the FCS" if at else "the header is hit, too"
    start = damaged.shift + (at or 0)
    text = f"several octets are other than they were sent; {where}"
    end = damaged.shift + len(body)
    yield Candidate("burst", POSSIBLE, text, start, end=end)
    yield Candidate("collision", POSSIBLE, "two senders at once would look the same", start, end=end)


# -- ranking ----------------------------------------------------------------------------------------------------------


def _points(one: Candidate) -> tuple[int, int]:
    support = one.verdict.points if one.verdict is not None else _UNSEARCHED[one.confidence]
    return support, _PRIOR.get(one.cause, 0)


def _ranked(damaged: Damaged, found: list[Candidate]) -> list[Candidate]:
    """Put the best supported first, and say how sure the first is."""
    ranked = sorted(found, key=_points, reverse=True)
    if not ranked or ranked[0].verdict is None:
        return ranked
    best, others = ranked[0], ranked[1:]
    if any(_points(one) >= _points(best) for one in others):
        return ranked  # what octets cannot decide stays several candidates
    return [best._replace(confidence=_confidence(damaged, best, others)), *others]


def _confidence(damaged: Damaged, best: Candidate, others: list[Candidate]) -> str:
    """Say how sure the best explanation is: a second witness beside the FCS makes it certain."""
    verdict = best.verdict
    assert verdict is not None
    if not verdict.is_length_right or verdict.header is Trust.UNREADABLE:
        return POSSIBLE
    is_header_mended = verdict.header is Trust.GOOD and damaged.was.header is not Trust.GOOD and verdict.has_information
    is_apdu_mended = verdict.apdu is True and damaged.was.apdu is False
    is_alone = not any(one.verdict is not None and one.verdict.points == verdict.points for one in others)
    if best.cause == "octet-damaged":
        return CERTAIN if is_alone and (is_header_mended or is_apdu_mended) else POSSIBLE
    if best.cause == "bit-error":
        if is_header_mended or is_apdu_mended:
            return CERTAIN
        # an APDU that does not read speaks for more damage, and for an FCS that fits by chance
        return LIKELY if len(best.repaired) <= _LONG and verdict.apdu is not False else POSSIBLE
    if verdict.header is not Trust.GOOD or not is_alone or verdict.apdu is False:
        return POSSIBLE
    # an APDU that reads again says no more than the length: any octet at any place gives it its size back
    return CERTAIN if is_header_mended or best.cause == "octets-inserted" else LIKELY


def _merged(found: list[Candidate], wide: list[Candidate]) -> list[Candidate]:
    """Put what was searched and what can only be counted in one order; both stay possible where neither is sure."""
    sure = [one for one in wide if one.confidence is not POSSIBLE]
    if sure and (not found or found[0].verdict is None or not found[0].verdict.is_length_right):
        return [*wide, *found]
    return [*found, *wide]


_UNSEARCHED = {CERTAIN: 19, LIKELY: 10, POSSIBLE: 0}
_PRIOR = {"bit-error": 3, "flow-control-octets-removed": 2, "octets-lost": 1, "octets-inserted": 1, "octet-damaged": 0}
"""Of explanations with the same support the one that happens more often comes first."""

__all__ = ["Candidate", "Lane", "lacks_zeros", "search"]
