"""One more message of a kind that verified before, opened in the shortest way; all that is new goes the long one.

Source: IEC 62056-5-3, Protection of xDLMS APDUs.
"""

from __future__ import annotations

from hmac import compare_digest

from analyzer.record import REQUEST, Apdu, Closed, Record
from analyzer.security.opening import AUTHENTICATED, ENCRYPTED, VERIFIED
from analyzer.tracking.counters import NEAR_END
from analyzer.tracking.findings import dissection_notes
from analyzer.tracking.peer import Peer
from analyzer.tracking.plans import Asked, Plan, Values, plan_of
from analyzer.tracking.security_context import SecurityContext, Swift
from dissectors.scanning import Entry, scan_apdu, scan_loosely

_PROTECTED = AUTHENTICATED | ENCRYPTED
_MOST = 256
_new = tuple.__new__


def open_next(
    record: Record, peer: Peer, plan: Plan, octets: bytes, entry: Entry, values: Values, known: dict[bytes, Asked],
    epoch: int,
) -> Asked | Plan | None:  # fmt: skip
    """Open and verify an APDU with what opened the last one of its kind; *epoch* is that of the keys.

    Returns the plan of what *record* carries then, or the request if it is one of those *known* by their octets, for
    which nothing is left to be done. None where anything is other than it was: then *record* is as it was, too.
    """
    association = peer.association
    context = association.security
    if context is None or context.epoch != epoch or plan.layer is None or record.protection:
        return None
    form, at_control, at_counter, at_text, at_tag, at_title = plan.layer
    own = values[at_title] if at_title is not None else b""
    swift = context.swift.get((form, values[at_control], own, plan.role or peer.role))
    if swift is None:
        return None
    encrypt, title, aad, name, sender = swift
    counter, tag = values[at_counter], values[at_tag]
    if counter != sender.highest + 1 or counter >= NEAR_END or len(sender.newest) >= sender.room:
        return None
    iv = title + counter.to_bytes(4, "big")
    text = encrypt(iv, values[at_text], None)[:-16]
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
    sender.highest = counter
    sender.newest[counter] = (record.number, association.number, hash(tag))
    record.closed = closed = _new(Closed, (octets, entry, values, VERIFIED, text, name, True, b"", title))
    record.protection = (closed,)
    return asked or inner


def remember(context: SecurityContext, plan: Plan, control: int, own: bytes, role: str | None, swift: Swift) -> None:
    """Keep what opened an APDU for the next one of its kind."""
    if plan.layer is None or control & _PROTECTED != _PROTECTED:
        return
    if len(context.swift) >= _MOST:
        context.swift.clear()
    context.swift[plan.layer[0], control, own, role] = swift
