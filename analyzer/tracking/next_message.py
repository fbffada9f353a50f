"""One more message of a kind that verified before, opened in the shortest way; all that is new goes the long one.

Source: IEC 62056-5-3, Protection of xDLMS APDUs.
"""

from __future__ import annotations

from hmac import compare_digest
from struct import Struct

from analyzer.record import REQUEST, Apdu, Closed, Record
from analyzer.security.attempt import Opener, Outcome
from analyzer.security.opening import AUTHENTICATED, BROADCAST, ENCRYPTED, TAG_SIZE, VERIFIED
from analyzer.tracking.findings import dissection_notes
from analyzer.tracking.peer import Peer
from analyzer.tracking.plans import Asked, Plan, Values, plan_of
from analyzer.tracking.roles import ROLES
from analyzer.tracking.security_context import SecurityContext, Swift
from dissectors import scanning
from dissectors.scanning import Entry, scan_apdu, scan_loosely
from dissectors.xdlms.ciphered import SERVICE_SPECIFIC

_PROTECTED = AUTHENTICATED | ENCRYPTED
_MOST = 256
_HEAD = Struct(">BI").unpack_from
"""Security control and invocation counter."""
_HEAD_SIZE = 5
_LEAST = _HEAD_SIZE + TAG_SIZE + 1
_LONGEST_LENGTH = 5
_GENERAL = (0xDB, 0xDC)
_CLIENT_GLOBAL = "glo-" + REQUEST
_new = tuple.__new__


class _Forms(dict[bytes, "tuple[Entry, str] | None"]):
    """By first octet, of APDUs in a ciphered form but general-ciphering: the entry, and the form with its direction.

    The general ones don't tell theirs. All APDUs of one form whose security control is the same are opened with the
    same key.
    """

    def __missing__(self, first: bytes) -> tuple[Entry, str] | None:
        tag = first[0] if first else -1
        found = scanning.entry(first, 0, 1) if tag in SERVICE_SPECIFIC or tag in _GENERAL else None
        role = ROLES.get(found.family, "") if found is not None else ""
        form = None
        if found is not None and (role or tag in _GENERAL):
            form = found, found.family[:4] + role if role else ""
        self[first] = form
        return form


_FORMS = _Forms()


def open_next(record: Record, peer: Peer, octets: bytes, known: dict[bytes, Asked], epoch: int) -> Asked | Plan | None:
    """Open and verify an APDU with what opened the last one of its kind; *epoch* is that of the keys.

    Returns the plan of what *record* carries then, or the request if it is one of those *known* by their octets, for
    which nothing is left to be done. None where anything is other than it was: then *record* is as it was, too.
    """
    association = peer.association
    context = association.security
    if context is None or context.epoch != epoch or record.protection:
        return None
    form = _FORMS[octets[:1]]
    if form is None:
        return None
    entry, kind = form
    if kind:
        at, swift = 1, context.swift.get(kind)
    else:
        at = 2 + octets[1] if len(octets) > 1 else 1
        swift = context.swift.get((octets[:at], peer.role))
    if swift is None:
        return None
    control, encrypt, title, aad, name, sender = swift
    start = at + 1
    if (total := len(octets)) <= start + _LEAST:
        return None
    size = octets[at]
    if size >= 0x80:  # the long forms of a length
        more = size - 0x80
        size = int.from_bytes(octets[start : start + more], "big")
        start += more
    if size < _LEAST or start + size != total or start - at > _LONGEST_LENGTH:
        return None
    said, counter = _HEAD(octets, start)
    if said != control or not sender.last < counter < sender.limit:
        return None
    begin = start + _HEAD_SIZE
    ciphered, tag = octets[begin:-TAG_SIZE], octets[-TAG_SIZE:]
    iv = title + octets[start + 1 : begin]
    text = encrypt(iv, ciphered, None)[:-16]
    if not compare_digest(encrypt(iv, text, aad)[-16:-4], tag):
        return None
    asked = known.get(text) if peer.role is REQUEST else None
    if asked is not None:
        record.apdu, inner = asked.apdu, asked.plan
    else:
        found, read = scan_apdu(text, 0, len(text))
        if found is None:
            return None  # what is no APDU is not opened
        if read is None or (found.deviates is not None and found.deviates(text)):
            record.notes += dissection_notes(text, False)
        record.apdu = _new(Apdu, (text, found, read if read is not None else scan_loosely(text, found), -1))
        inner = found.plan or plan_of(found)
    sender.last = counter
    sender.newest[counter] = (record.number, association.number, hash(tag))
    values: Values = (octets[0], size, control, counter, ciphered, tag)
    if not kind:
        values = (octets[0], octets[2:at], *values[1:])
    record.closed = closed = _new(Closed, (octets, entry, values, VERIFIED, text, name, True, b"", title))
    record.protection = (closed,)
    return asked or inner


def remember(context: SecurityContext, entry: Entry, control: int, own: bytes, role: str | None, swift: Swift) -> None:
    """Keep what opened an APDU for the next one of its kind."""
    first = bytes((entry.tag,))
    form = _FORMS[first]
    if form is None or control & _PROTECTED != _PROTECTED:
        return
    if len(context.swift) >= _MOST:
        context.swift.clear()
    context.swift[form[1] or (first + bytes((len(own),)) + own, role)] = swift


def carry_over(context: SecurityContext, opener: Opener, outcome: Outcome) -> None:
    """Keep what opened the client's APDUs before the server's title was known, where *opener* would try the same first.

    That was the server's first APDU; from it both titles and all keys are known.
    """
    before, context.before = context.before, {}
    key, authentication = outcome.key, outcome.authentication
    if key is None or authentication is None or outcome.title == context.client_title:
        return  # with one title of both sides each looks at the other one's counters
    if opener.keys[0] is not key or opener.authentication[0].octets != authentication:
        return
    for kind, swift in before.items():
        control, encrypt, title, aad, _, _ = swift
        is_same = encrypt is key.encrypt and title == context.client_title and aad[1:] == authentication
        if is_same and kind == _CLIENT_GLOBAL and not control & BROADCAST:
            context.swift[kind] = swift
