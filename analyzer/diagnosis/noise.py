"""Octets that are in no frame: a frame that lost its head, octets between frames, or a line that is read wrongly."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from analyzer.diagnosis.fcs_search import lacks_zeros, search
from analyzer.diagnosis.frame_damage import FLOW_CONTROL, Candidate, Lane
from analyzer.diagnosis.frame_repair import is_good_frame
from analyzer.diagnosis.story import CERTAIN, LIKELY, POSSIBLE
from analyzer.diagnosis.words import kind_of_text
from analyzer.diagnosis.words import octets as octets_text
from analyzer.framing.hdlc_header import MINIMUM_LENGTH, Trust, announced_length, trust_of
from analyzer.framing.uart_signs import TRYING
from analyzer.record import Record

_LEAST_FRAME = 4
_PARAMETERS = b"\x81\x80"
"""Format and group identifier of what SNRM and UA negotiate."""
_FEW = 3
"""So many equal octets may be chance."""
_SEARCHED_UP_TO = 2050
_NEAR = 16
"""So far from the announced length a frame may end whose header does not read."""


class Explained(NamedTuple):
    """The best explanation of a region, and the code it stands under."""

    code: str
    text: str
    found: list[Candidate]


def explain_noise(
    record: Record, lane: Lane, *, is_first: bool, is_rest: bool, is_searched: bool = True
) -> Explained | None:
    """Explain a run of octets; None where it is the rest of a frame that was explained already."""
    octets = record.octets
    note = next(note for note in record.notes if note.code in ("hdlc-noise", "noise"))
    if is_good_frame(octets.strip(b"\x7e")):
        text = "length and FCS are right, but an address has three octets, or no length that there is"
        one = Candidate("three-octet-address", LIKELY, text, 3, octets.strip(b"\x7e"), end=7)
        return Explained("hdlc-address-unusual", "", [one])
    found = _as_frame(octets, lane) if is_searched and _LEAST_FRAME <= len(octets) <= _SEARCHED_UP_TO else []
    if found:
        return Explained(_code(found[0], octets), note.text, found)
    if not is_rest:
        is_cut = is_first and octets[:1] == b"\x7e" != octets[-1:]
        has_end = is_first and octets[:1] != b"\x7e" == octets[-1:]  # so it was not cut there
        found = [] if has_end else _as_broken_frame(octets.strip(b"\x7e"), lane, is_alone=is_first, is_cut=is_cut)
    if found:
        return Explained("hdlc-hcs-wrong" if found[0].cause == "burst" else "hdlc-length-wrong", note.text, found)
    if is_rest:
        return None
    if lane.addresses and len(set(octets)) > 1 and (kind := kind_of_text(octets)):
        return _said(octets, kind, lane, is_first)
    return Explained("hdlc-noise" if lane.addresses else note.code, note.text, list(_unknown(octets, is_first)))


def sought(record: Record) -> list[Candidate]:
    """Tell that whoever recorded was still trying settings, as a comment of *record* says; empty where none does."""
    for note in record.notes:
        if note.code == "comment" and TRYING in note.text:
            return [Candidate("settings-sought", LIKELY, f"record {record.number} says {note.text}")]
    return []


def begun_late(explained: Explained, record: Record) -> Explained:
    """What came first on its lane and lacks its beginning: the capture, or the dump, began within it."""
    octets = record.octets
    if not explained.found:
        return explained
    best, *rest = explained.found
    if octets[:1] == b"\x7e" or best.cause not in ("octets-lost", "capture-started-late") or best.at > 1:
        return explained
    found = [best, *rest]
    if best.cause == "octets-lost" and best.repaired:
        began = best._replace(cause="capture-started-late", confidence=LIKELY)
        found = [began, best._replace(confidence=POSSIBLE), *rest]
    if record.time_ns is None and len(record.packets) == 1:
        dump = found[0]._replace(cause="start-of-dump-missing", text="the beginning of the text may be missing")
        found.insert(1, dump._replace(confidence=POSSIBLE))
    return explained._replace(found=found)


def _said(octets: bytes, kind: str, lane: Lane, is_first: bool) -> Explained:
    """Say what text between frames is: once and without a line end it may be what is left of a frame, too."""
    where = "before the first frame" if is_first else "between frames"
    text = f"{octets_text(len(octets))} of text ({kind}) {where}, as modems and gateways say that they are there"
    if octets.endswith(b"\r\n") or lane.is_said_again:
        return Explained("carrier-text", "", [Candidate("heartbeat", LIKELY, text, 0, end=len(octets))])
    found = [Candidate("heartbeat", POSSIBLE, text, 0, end=len(octets)), *_unknown(octets, is_first)]
    return Explained("carrier-text", "", found)


def _unknown(octets: bytes, is_first: bool) -> Iterator[Candidate]:
    """Say what octets may be that begin like nothing."""
    if len(octets) > 1 and len(set(octets)) == 1:
        told = f"{len(octets)} octets {octets[0]:02X} and nothing else"
        text = f"{told}: the line was idle, or nobody drove it"
        if is_first and not octets[0] and len(octets) > _FEW:
            slow = f"{told}, before the first frame: characters of a much lower speed read so, as a sign-on at 300 Bd"
            yield Candidate("lower-speed", POSSIBLE, slow, 0, end=len(octets))
            yield Candidate("idle-fill", POSSIBLE, text, 0, end=len(octets))
            return
        yield Candidate("idle-fill", LIKELY if len(octets) > _FEW else POSSIBLE, text, 0, end=len(octets))
        yield Candidate("line-noise", POSSIBLE, text, 0, end=len(octets))
        return
    size = len(octets)
    if octets[:2] == _PARAMETERS and size > _LEAST_FRAME and octets[2] == size - 3:
        text = "the parameters of an SNRM or UA without the frame around them"
        yield Candidate("start-of-dump-missing", LIKELY, text, 0, end=size)
        return
    where = "it stands before the first whole frame" if is_first else "it stands between frames"
    has_flags = octets[:1] == octets[-1:] == b"\x7e"
    if is_first and not has_flags:
        yield Candidate("capture-started-late", POSSIBLE, where)
    if not has_flags:
        yield Candidate("line-noise", POSSIBLE, where)
    if size > _LEAST_FRAME:
        text = "it may be a frame whose header is destroyed"
        yield Candidate("burst", POSSIBLE, text, 0, end=size)
        yield Candidate("octets-lost", POSSIBLE, text, 0, end=size)
        yield Candidate("collision", POSSIBLE, text, 0, end=size)


def _code(best: Candidate, octets: bytes) -> str:
    """Say what is wrong with octets that were a frame once."""
    if not best.repaired:
        return "hdlc-noise"
    return "hdlc-fcs-wrong" if len(best.repaired) == len(octets.strip(b"\x7e")) else "hdlc-length-wrong"


def _as_frame(octets: bytes, lane: Lane) -> list[Candidate]:
    """Explain octets as a frame whose head is hurt; flags around it were idle fill, and so may be its last octet."""
    has_flag = octets[:1] == b"\x7e"
    shown = (octets, octets + b"\x7e") if has_flag else (b"\x7e" + octets + b"\x7e", b"\x7e" + octets + b"\x7e\x7e")
    for whole in shown:
        found = search(whole, lane=lane)
        if not found:
            continue
        best = found[0]
        is_searched = bool(best.repaired) and best.verdict is not None
        if is_searched and best.verdict is not None:
            is_good = best.verdict.is_length_right and best.confidence in (CERTAIN, LIKELY)
            if is_good or best.verdict.is_known or (has_flag and best.verdict.is_length_right):
                return _unshifted(found if has_flag else _perhaps_cut(found, len(octets)), has_flag)
        elif best.repaired or best.cause in ("seven-bit", "parity-in-data", "parity-filtered", "text-dump-loss"):
            return _unshifted(found, has_flag)
    return []


def _perhaps_cut(found: list[Candidate], size: int) -> list[Candidate]:
    """The last octet is missing: whether a closing flag came behind it is not known."""
    best = found[0]
    if best.cause == "octets-lost" and best.at > size and best.lost == 1:
        lost = best._replace(confidence=POSSIBLE)
        return [lost, lost._replace(cause="truncated"), *found[1:]]
    return found


def _unshifted(found: list[Candidate], has_flag: bool) -> list[Candidate]:
    """Count octets as they stand in the record, which has no opening flag."""
    if has_flag:
        return found
    return [one._replace(at=max(one.at - 1, 0), end=max(one.end - 1, 0)) if one.at >= 0 else one for one in found]


def _as_broken_frame(octets: bytes, lane: Lane, *, is_alone: bool, is_cut: bool) -> list[Candidate]:
    """Explain octets that begin as a frame does, by how many of it are there."""
    if len(octets) < (_LEAST_FRAME if is_alone and not is_cut else 2) or octets[0] & 0xF0 != 0xA0:
        return []
    declared, there = announced_length(octets, 0), len(octets)
    address = octets[2:]
    is_known = any(address and (address.startswith(one) or one.startswith(address)) for one in lane.addresses)
    if declared < MINIMUM_LENGTH or not (is_known or is_alone or abs(declared - there) <= _NEAR):
        return []
    is_far = abs(declared - there) > _NEAR
    if is_alone and not is_known and is_far and trust_of(octets, 0) not in (Trust.GOOD, None):
        return []  # its header is there, and is none
    if declared <= there:
        told = f"it begins as a frame of {declared} octets, and {there} are there"
        text = f"{told}: several are other than they were sent, its header among them"
        first = "octets-inserted" if declared < there else "burst"
        return [Candidate(one, POSSIBLE, text, 0, end=there) for one in (first, "collision")]
    text = f"it begins as a frame of {declared} octets, of which {declared - there} are missing"
    if lacks_zeros(octets):
        told = f"{text}, and not one 00 is among them: what handled them as text dropped the zeros"
        return [Candidate("text-dump-loss", LIKELY, told)]
    cut, lost = Candidate("truncated", POSSIBLE, text, there), Candidate("octets-lost", POSSIBLE, text)
    if is_cut or (is_known and there < _NEAR):
        return [cut._replace(confidence=LIKELY), lost]
    if not any(one in octets for one in FLOW_CONTROL) and declared - there < 3 + there // 8:
        told = f"{text}, and neither 11 nor 13 is among those that are there"
        return [lost, Candidate("flow-control-octets-removed", POSSIBLE, told), cut]
    return [lost, cut] if not is_alone or declared - there <= _NEAR else [cut, lost]
