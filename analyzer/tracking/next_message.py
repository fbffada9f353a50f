"""One more message of a kind that verified before, opened in the shortest way; all that is new goes the long one.

Source: IEC 62056-5-3, Protection of xDLMS APDUs.
"""

from __future__ import annotations

from hmac import compare_digest
from struct import Struct

from analyzer.record import REQUEST, UNSOLICITED, Apdu, Closed, Record
from analyzer.security.attempt import Opener, Outcome
from analyzer.security.opening import AUTHENTICATED, BROADCAST, ENCRYPTED, TAG_SIZE, TITLE_SIZE, VERIFIED
from analyzer.tracking.counters import Sender, pack_seen
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
_BEGIN = Struct(">BI").unpack_from
"""Security control and invocation counter."""
_BEGIN_SIZE = 5
_LEAST = 1 + _BEGIN_SIZE + TAG_SIZE + 1
"""So many octets behind the first one, or behind the title, are too few."""
_SHORTEST = 1 + _LEAST
_LONGEST_LENGTH = 5
_LONG = {0x81: (Struct(">xxBBI").unpack_from, 3), 0x82: (Struct(">xxHBI").unpack_from, 4)}
"""By the first octet of a length of two or three: how it reads, with security control and counter, and its end."""
_SHORT = tuple(Struct(f">BBBI{max(0, size - 7 - TAG_SIZE)}s{TAG_SIZE}s").unpack for size in range(0x82))
"""By size, how the values of a service-specific form stand in its octets, where its length is one octet."""
_pack_iv = Struct(f">{TITLE_SIZE}sI").pack
_TEXT, _TAG = slice(None, -16), slice(-16, TAG_SIZE - 16)
"""Text and tag in what AES-GCM gives. Made once: each literal slice would be made anew."""
_GENERAL = (0xDB, 0xDC)
_new = tuple.__new__


def _forms() -> dict[str, int]:
    """Number the ciphered forms by direction, but for the general forms, which don't tell theirs."""
    kinds = dict.fromkeys(layer.family[:4] + ROLES[layer.family] for layer in SERVICE_SPECIFIC.values())
    return {kind: number for number, kind in enumerate(kinds)}


_FORMS = _forms()
_CLIENT_GLOBAL = _FORMS["glo-" + REQUEST]
_NO_FORM = -1
_FORM_OF = [_NO_FORM] * 256
"""By first octet. All APDUs of one form whose security control is the same are opened with the same key."""
for _tag, _layer in SERVICE_SPECIFIC.items():
    _FORM_OF[_tag] = _FORMS[_layer.family[:4] + ROLES[_layer.family]]

_ENTRIES: list[Entry | None] = [None] * 256
"""Entries by first octet, as far as they were needed."""


def _entry(first: int) -> Entry:
    found = _ENTRIES[first] = scanning.entry(bytes((first,)), 0, 1)
    assert found is not None
    return found


def open_next(
    record: Record, peer: Peer, octets: bytes, known: dict[bytes, Asked], epoch: int, around: bytes = b""
) -> Asked | Plan | None:
    """Open and verify an APDU, which stood in one of ACSE or in nothing, with what opened the last one of its kind.

    *epoch* is that of the keys; *record* carries no protection so far.

    Returns the plan of what *record* carries then, or the request if it is one of those *known* by their octets, for
    which nothing is left to be done. None where anything is other than it was: then *record* is as it was, too.
    """
    association = peer.association
    context = association.security
    total = len(octets)
    if context is None or context.epoch != epoch or total <= _SHORTEST:
        return None
    first = octets[0]
    swift = context.swift.get(_FORM_OF[first])
    if swift is not None and octets[1] + 2 == total < 0x82:
        values = _SHORT[total](octets)
        _, _, said, counter, ciphered, tag = values
    else:
        other = _other_form(context, peer, octets, swift)
        if other is None:
            return None
        swift, values, said, counter, ciphered, tag = other
    control, encrypt, title, aad, name, sender = swift
    if said != control:
        return None
    is_near = sender.last < counter < sender.limit
    if not is_near and sender.is_shared:
        return None
    iv = _pack_iv(title, counter)
    text = encrypt(iv, ciphered, None)[_TEXT]
    if not compare_digest(encrypt(iv, text, aad)[_TAG], tag):
        return None
    following: Asked | Plan
    asked = known.get(text) if peer.role is REQUEST else None
    if asked is not None:
        record.apdu, following = asked.apdu, asked
    else:
        found, read = scan_apdu(text, 0, len(text))
        if found is None:
            return None  # what is no APDU is not opened
        if read is None or (found.deviates is not None and found.deviates(text)):
            record.notes += dissection_notes(text, False)
            read = read or scan_loosely(text, found)
        record.apdu = _new(Apdu, (text, found, read, -1))
        following = found.plan or plan_of(found)
    entry = _ENTRIES[first] or _entry(first)
    if is_near:
        sender.last = counter
        sender.newest[counter] = pack_seen(record.number, association.number or 0, tag)
        sender.lane, sender.time_ns = record.lane, record.time_ns
    else:
        inner = following.plan if isinstance(following, Asked) else following
        _see(record, peer, plan_of(entry), inner, sender, counter, tag)
    record.closed = closed = _new(Closed, (octets, entry, values, VERIFIED, text, name, True, around, title))
    record.protection = (closed,)
    return following


def _see(record: Record, peer: Peer, plan: Plan, inner: Plan, sender: Sender, counter: int, tag: bytes) -> None:
    """Take a counter that jumps, goes back or comes again, and note what it does."""
    way = UNSOLICITED if inner.role is UNSOLICITED else plan.role or peer.role or inner.role
    note = sender.see(counter, tag, way, record, peer.association.number)
    if note is not None:
        record.add_note(note)


def _other_form(
    context: SecurityContext, peer: Peer, octets: bytes, swift: Swift | None
) -> tuple[Swift, Values, int, int, bytes, bytes] | None:
    """Read one of the general forms, or one with a length of several octets.

    Returns its values, security control, counter, ciphertext and tag.
    """
    at, total, first = 1, len(octets), octets[0]
    long = _LONG.get(octets[1]) if swift is not None else None
    if long is not None and swift is not None:
        unpack, start = long
        size, control, counter = unpack(octets)
        if start + size != total or size < _LEAST - 1:
            return None
        begin = start + _BEGIN_SIZE
        ciphered, tag = octets[begin:-TAG_SIZE], octets[-TAG_SIZE:]
        values: Values = (first, size, control, counter, ciphered, tag)
        return swift, values, control, counter, ciphered, tag
    if swift is None:
        if first not in _GENERAL:
            return None
        at = 2 + octets[1]
        swift = context.swift.get((octets[:at], peer.role))
        if swift is None:
            return None
    if total - at <= _LEAST:
        return None
    size, start = octets[at], at + 1
    if start + size != total or size >= 0x80:
        start += size - 0x80  # behind one of the long forms of a length
        size = int.from_bytes(octets[at + 1 : start], "big")
        if not at + 1 < start <= at + _LONGEST_LENGTH or start + size != total or size < _LEAST - 1:
            return None
    begin = start + _BEGIN_SIZE
    control, counter = _BEGIN(octets, start)
    ciphered, tag = octets[begin:-TAG_SIZE], octets[-TAG_SIZE:]
    values = (
        (first, size, control, counter, ciphered, tag)
        if at == 1
        else (first, octets[2:at], size, control, counter, ciphered, tag)
    )
    return swift, values, control, counter, ciphered, tag


def remember(context: SecurityContext, entry: Entry, control: int, own: bytes, role: str | None, swift: Swift) -> None:
    """Keep what opened an APDU for the next one of its kind."""
    if control & _PROTECTED != _PROTECTED:
        return
    if len(context.swift) >= _MOST:
        context.swift.clear()
    if entry.tag in _GENERAL:
        context.swift[bytes((entry.tag, len(own))) + own, role] = swift
    elif _FORM_OF[entry.tag] != _NO_FORM:
        context.swift[_FORM_OF[entry.tag]] = swift


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
    swift = before.get(_CLIENT_GLOBAL)
    if swift is not None:
        control, encrypt, title, aad, _, _ = swift
        is_same = encrypt is key.encrypt and title == context.client_title and aad[1:] == authentication
        if is_same and not control & BROADCAST:
            context.swift[_CLIENT_GLOBAL] = swift
