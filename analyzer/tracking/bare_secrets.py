"""Where secrets may stand in octets that read as no APDU: damaged frames, and what may have been sent for them.

A bit may be turned in what tells a secret, so that what nearly tells one is taken for it: what is hidden without need
can still be read in the capture.
Source: IEC 62056-5-3, AARQ, SET, ACTION and Write requests; IEC 62056-6-2, the secrets of classes.toml.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from analyzer.cosem.datum import STRINGS
from analyzer.tracking.rewriting import MASK
from dissectors.axdr import scan_length
from dissectors.checks import fcs_is_good
from dissectors.iec62056_21 import copied_passwords, password_at
from dissectors.tree import Problem

Span = tuple[int, int]
_TAGGED = re.compile(rb"\xac.\x80(.)", re.DOTALL)
"""What stands before a password, with its length."""
_MECHANISM = re.compile(rb"\x60\x85\x74\x05\x08\x02[\x00\x01].{4}", re.DOTALL)
"""What names low level security, and the tags and lengths behind it, be they hurt or not."""
_USER_INFORMATION = re.compile(rb"\xbe.\x04", re.DOTALL)
_HEADERS = rb"(?=\xe6\xe6.|\xe6.\x00|.\xe6\x00).{3}|\A\x00\x01.{6}|\A\x68.{8}"
_BEFORE_APDU = re.compile(_HEADERS, re.DOTALL)
"""An LLC header, one octet of which may be hurt; the header of a wrapper PDU, that of an M-Bus frame."""
_LENGTH = rb"(?:[\0-\x7f]|\x81.|\x82..)"
_UNENCIPHERED = rb"[\x10-\x12\x50-\x52].{4}"
"""The security header of what is only authenticated."""
_DEDICATED = re.compile(
    rb"(?=(?:\A|" + _HEADERS + rb"|\xbe" + _LENGTH + rb"\x04" + _LENGTH + rb"|\x21" + _LENGTH + _UNENCIPHERED
    + rb")\x01\x01(\x81?[\x01-\x40])|" + _UNENCIPHERED + rb"\x01\x01([\x10\x18\x20]))",
    re.DOTALL,
)  # fmt: skip
"""An initiate request that nothing enciphers, where one may begin, as far as the length of its dedicated key."""
_ANYWHERE = re.compile(rb"(?=\x01\x01\x81?([\x01-\x40]))")
"""What may be one somewhere else."""
_BEHIND_KEY = re.compile(
    rb"(?:\x00|\x01.)(?:\x00|\x01.)(?:.\x5f\x1f?\x04|.{3}\x04\x00|.\x5f.\x04\x00|\x06.{0,8}\Z)", re.DOTALL
)
"""What follows a dedicated key, as far as the conformance block, an octet of which may be hurt; it may break off."""
_KEY_SIZES = (16, 24, 32)
_MOST_FLAGS = 4
"""Octets behind a dedicated key before the version, at most."""
_SERVICE = re.compile(rb"[\xc1\xc3\xd9]")
_CHANGE = re.compile(rb"\x02\xfa[\x40\x48]\x01")
"""The short names of the methods that change the association's secret, and a count of one datum."""
_ASSOCIATION = re.compile(rb"\x00\x00\x28\x00.\xff[\x01\x02\x05-\x07].", re.DOTALL)
"""An association object and what of it holds its secret, whatever the class before it became."""
_SENT = re.compile(
    r"[0-9A-F]{2}(?= where [0-9A-F]{2} was sent)|(?<= where )[0-9A-F]{2}(?= was sent)"
    r"|(?<=so )'.+'(?= was sent)"
    r"|(?<=one octet )[0-9A-F]{2}(?= is missing)|(?<=last octet )[0-9A-F]{2}(?= and)|(?<=\()[0-9A-F]{2}(?=\): all)"
)
"""Octets that a diagnosis says were sent, or stand where they were."""
_SET, _ACTION, _ACCESS = 0xC1, 0xC3, 0xD9
_WRITES = (0x06, 0x16)
_NORMAL = ((_SET, 1), (_ACTION, 1))
_FURTHER_BLOCKS = ((_SET, 3), (_ACTION, 6))
"""These say nothing of the object whose data they carry."""
_LEAD, _DESCRIPTOR, _SHORT_WRITE = 3, 9, 6
"""Octets before a descriptor, of a descriptor, and before the Data of a Write request."""
_OFF = (0, -1, 1)
"""An octet may be lost, or one too many."""
_USUAL = tuple((_LEAD + lead, _DESCRIPTOR + more) for lead in _OFF for more in _OFF)
"""Where a descriptor stands behind the tag of its request, and its size."""
SECRET_PLACES = (
    frozenset({
        (15, 7), (19, 7), (19, 8), (19, 9), (44, 5), (45, 3), (46, 4), (91, 5), (100, 6), (100, 7), (101, 10),
        (101, 11), (140, 8),
    }),
    frozenset({(12, 5), (12, 6), (15, 2), (72, 7), (72, 8), (100, 2), (104, 8), (104, 9)}),
)  # fmt: skip
"""Classes and attributes, classes and methods with a secret: those of classes.toml, which takes long to read."""
_NEAR = tuple(
    frozenset(
        (class_id ^ one, number ^ other)
        for class_id, number in places
        for one, other in ((0, 0), *((1 << bit, 0) for bit in range(16)), *((0, 1 << bit) for bit in range(8)))
    )
    for places in SECRET_PLACES
)
"""The same, and what one turned bit makes of them."""
_LISTED = tuple(
    re.compile(
        b"|".join(
            re.escape(class_id.to_bytes(2, "big")) + rb".{6}" + re.escape(bytes((number,)))
            for class_id, number in sorted(places)
        ),
        re.DOTALL,
    )
    for places in SECRET_PLACES
)


def bare_secrets(octets: bytes) -> list[Span]:
    """Find where secrets may stand in *octets*, a frame of any link. Total."""
    end = len(octets)
    if fcs_is_good(octets):
        end -= 2
    elif octets[-1:] == b"\x7e":
        end -= 3
    found = [*_passwords(octets, end), *dedicated_keys(octets)]
    for one in _SERVICE.finditer(octets):
        found += _written(octets, one.start(), end, octets[one.start()])
    found += [(_content(octets, one.end()), end) for one in _CHANGE.finditer(octets)]
    found += [(_content(octets, one.end()), end) for one in _ASSOCIATION.finditer(octets)]
    for one in _BEFORE_APDU.finditer(octets):
        found += _behind_header(octets, one.end(), end)
    if typed := password_at(octets):
        found.append(typed)
    found += copied_passwords(octets)
    return [one for one in found if one[0] < one[1]]


def dedicated_keys(octets: bytes) -> list[Span]:
    """Find the dedicated keys in clear in *octets*, an APDU or a frame; one that is only authenticated is in clear.

    A key may break off, and so may what stands behind it.
    """
    starts = [one.end(one.lastindex or 0) for one in _DEDICATED.finditer(octets)]
    for one in _ANYWHERE.finditer(octets):
        behind = one.end(1) + octets[one.end(1) - 1]
        is_cut = behind + _MOST_FLAGS >= len(octets) and octets[one.end(1) - 1] in _KEY_SIZES
        if is_cut or _BEHIND_KEY.match(octets, behind):
            starts.append(one.end(1))
    return [(at, min(at + octets[at - 1], len(octets))) for at in dict.fromkeys(starts)]


def without_secrets(octets: bytes) -> bytes:
    """Put asterisks where secrets may stand in *octets*, a frame of any link."""
    made = bytearray(octets)
    for start, end in bare_secrets(octets):
        made[start:end] = bytes((MASK,)) * (end - start)
    return bytes(made)


def request_secrets(apdu: bytes) -> list[Span]:
    """Find where secrets may stand in a request of which nobody remembers what it is about. Total."""
    return [one for one in _behind_header(apdu, 0, len(apdu)) if one[0] < one[1]]


def unsaid(text: str, octets: bytes, start: int, end: int) -> str:
    """Leave out of a *text* about octets *start* to *end* of a frame what was sent there, where it may be a secret."""
    if not _SENT.search(text) or not any(start < stop and begin <= end for begin, stop in bare_secrets(octets)):
        return text
    return _SENT.sub("**", text)


def _passwords(octets: bytes, end: int) -> Iterator[Span]:
    """Find passwords of low level security by their tags, and by the mechanism before them."""
    for one in _TAGGED.finditer(octets):
        behind = _USER_INFORMATION.search(octets, one.end())
        yield one.end(), min(end, max(one.end() + one[1][0], behind.start() if behind else 0))
    for one in _MECHANISM.finditer(octets):
        behind = _USER_INFORMATION.search(octets, one.end())
        yield one.end(), behind.start() if behind else end


def _behind_header(octets: bytes, start: int, end: int) -> Iterator[Span]:
    """Find what a request at *start* writes, a bit of whose tag may be turned."""
    tag, choice = octets[start : start + 1], octets[start + 1 : start + 2]
    if not choice:
        return
    for service in (_SET, _ACTION, _ACCESS):
        if (service ^ tag[0]).bit_count() <= 1:
            yield from _written(octets, start, end, service)
            if tag[0] == service and (service, choice[0]) in _FURTHER_BLOCKS:
                yield start + _DESCRIPTOR - 1, end
    is_near = any((one ^ tag[0]).bit_count() == 1 for one in _WRITES) and octets[start + 2 : start + 3] == b"\x02"
    if tag[0] in _WRITES or is_near:
        yield _content(octets, start + _SHORT_WRITE), end


def _written(octets: bytes, start: int, end: int, service: int) -> Iterator[Span]:
    """Find what a request at *start* writes to what is, or nearly is, an attribute or a method with a secret."""
    is_method = service == _ACTION
    for at, size in _USUAL:
        at += start
        behind = at + size
        if behind >= end:
            continue
        place = octets[at] << 8 | octets[at + 1], octets[behind - 1]
        is_usual = (at - start, size) == (_LEAD, _DESCRIPTOR)
        if place in (_NEAR if is_usual else SECRET_PLACES)[is_method]:
            is_normal = is_usual and (service, octets[start + 1]) in _NORMAL
            yield (_content(octets, behind + 1) if is_normal else behind + 1), end
            return
    if listed := _LISTED[is_method].search(octets, start + _LEAD + 1, end - 1):
        yield listed.end() + 1, end


def _content(octets: bytes, start: int) -> int:
    """Find where the content of the Data at *start* begins; of a structure its first octet counts as content."""
    if start < len(octets) and octets[start] in STRINGS:
        try:
            return scan_length(octets, start + 1, len(octets))[1]
        except Problem:
            return start + 1
    return start + 1
