"""Where in a link unit its payload stands, and the unit written anew with another payload of the same length."""

from __future__ import annotations

from functools import partial
from itertools import pairwise

from analyzer.framing.frame import TRUNCATED
from analyzer.record import Record
from analyzer.rewrite import frames
from analyzer.rewrite.frames import FrameError
from analyzer.rewrite.pseudonyms import Pseudonyms
from dissectors.hdlc_octets import control_place
from dissectors.tree import Problem

_NEGOTIATION = b"\x81\x80"
"""Begins the parameters of SNRM and UA."""
_LLC = (b"\xe6\xe6\x00", b"\xe6\xe7\x00")
_WRAPPER, _MBUS_HEAD, _MBUS_TAIL = 8, 9, 2
_MBUS_LONG, _DLMS, _SAPS = 0x68, 0x20, 2
"""A long frame; its CI is of the DLMS transport layer below, and two addresses stand behind it there."""
_LONG_ADDRESS = 4
_FRMR, _FINAL, _REJECTION = 0x87, 0x10, 3
"""The control octet of FRMR but for its bit F, and the octets of what it carries: control, counters and reason."""
_FLAG, _SUM = b"\x7e", 2


def payload_span(record: Record) -> tuple[int, int]:
    """Find what a unit carries: behind the link's header and the LLC, before its sums; empty where that is nothing.

    A unit that broke off has no sums: all that stands there is carried.
    """
    octets, end = record.octets, len(record.octets)
    if record.link == "hdlc":
        try:
            parts = frames.hdlc_parts(octets)
        except FrameError:
            return end, end
        if not parts.has_information:
            return end, end
        start, stop = parts.information
        if record.problem == TRUNCATED:
            stop = parts.end
        return start + 3 * (octets[start : start + 3] in _LLC), stop
    if record.link == "wrapper":
        return min(_WRAPPER, end), end
    if record.link == "mbus":
        if end <= _MBUS_HEAD + _MBUS_TAIL or octets[0] != _MBUS_LONG:
            return end, end
        stop = end if record.problem == TRUNCATED else end - _MBUS_TAIL
        return (_MBUS_HEAD if octets[6] < _DLMS else _MBUS_HEAD - _SAPS), stop
    return 0, end


def is_bare(record: Record) -> bool:
    """Tell whether a frame of the link alone tells nothing of whose it is: none but what it negotiates or rejects."""
    if record.link == "mbus":
        return record.octets[:1] != b"\x68"
    start, end = payload_span(record)
    is_rejection = record.control is not None and record.control & ~_FINAL == _FRMR
    if is_rejection and end - start <= _REJECTION:
        return True
    return start >= end or record.octets[start : start + 2] == _NEGOTIATION


def rebuilt(record: Record, octets: bytes, names: Pseudonyms) -> bytes:
    """Give a unit whose payload was changed its sums, and other addresses; a sum that was wrong stays wrong."""
    if record.link == "hdlc":
        octets = _readdressed(octets, names)
    if record.gateway:
        octets = _regated(record, octets, names)
    if record.link == "hdlc":
        return _summed(record, octets)
    if record.link != "mbus" or record.problem == TRUNCATED:
        return octets
    try:
        return frames.keeping_errors(record.octets, octets, frames.mbus)
    except FrameError:
        return octets


def _summed(record: Record, octets: bytes) -> bytes:
    """Give an HDLC frame its sums, whether it has its flags or shares them; one that broke off has just the first."""
    start, end = octets[:1] == _FLAG, len(octets) - (len(octets) > 1 and octets[-1:] == _FLAG)
    tail = (bytes(_SUM) if record.problem == TRUNCATED else b"") + _FLAG
    before, after = (_FLAG + one[start:end] + tail for one in (record.octets, octets))
    try:
        sums = partial(frames.hdlc, header_end=frames.hdlc_parts(before).header_end)
        made = frames.keeping_errors(before, after, sums)
    except FrameError:
        return octets
    return octets[:start] + made[1 : len(made) - len(tail)] + octets[end:]


def _readdressed(octets: bytes, names: Pseudonyms) -> bytes:
    """Replace the physical device in HDLC addresses of four octets."""
    start = int(octets[:1] == _FLAG)
    begin = start + 2
    try:
        control = control_place(octets, start, len(octets))
    except (Problem, IndexError):
        return octets
    made = bytearray(octets)
    ends = (at + 1 for at in range(begin, control) if octets[at] & 1)
    for at, end in pairwise((begin, *ends)):
        if end - at == _LONG_ADDRESS:
            lower = names.lower_address(made[at + 2] >> 1 << 7 | made[at + 3] >> 1)
            made[at + 2 : at + 4] = bytes((lower >> 7 << 1, lower << 1 & 0xFF | 1))
    return bytes(made)


def _regated(record: Record, octets: bytes, names: Pseudonyms) -> bytes:
    """Replace the address of the device behind a gateway: prefix, network, length, address."""
    before = record.gateway
    after = before[:3] + names.octets(before[3:])
    return octets.replace(before, after, 1)
