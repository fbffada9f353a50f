"""Certificates that dialogues show to the keys that check later signatures.

AE-qualifiers carry the sender's own; import_certificate and export_certificate of the security setup any.
Source: IEC 62056-5-3, AARQ and AARE; IEC 62056-6-2, Security setup (class 64), methods 6 and 7.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from analyzer.record import REQUEST, Record
from analyzer.security.certificates import Certificates
from analyzer.security.refused import Refused
from analyzer.tracking.authentication import asked_octets, returned_octets
from analyzer.tracking.findings import finding

_SECURITY_SETUP, _IMPORT, _EXPORT = 64, 6, 7
_QUALIFIERS = {"calling_ae_qualifier": "calling_ap_title", "responding_ae_qualifier": "responding_ap_title"}
_SEQUENCE = 0x30


def learn_qualifiers(record: Record, slots: dict[str, int], values: tuple[Any, ...], store: Certificates) -> None:
    """Take the certificate that a side presents as it opens an association."""
    for qualifier, title in _QUALIFIERS.items():
        slot = slots.get(qualifier)
        der = values[slot] if slot is not None else None
        if der and der[0] == _SEQUENCE:  # others put a name or a number there
            _learn(record, der, store, values[slots[title]] or b"")


def learn(record: Record, store: Certificates) -> None:
    """Take the certificate that a request imports, or an answer exports."""
    for one in record.objects:
        if one.class_id != _SECURITY_SETUP or not one.is_method:
            continue
        apdu = record.assembled or record.apdu
        if apdu is None or apdu.values is None:
            return
        if one.attribute == _IMPORT and record.direction is REQUEST:
            der = asked_octets(apdu)
        elif one.attribute == _EXPORT and record.direction is not REQUEST:
            der = returned_octets(apdu)
        else:
            continue
        if der:
            _learn(record, der, store)


def _learn(record: Record, der: bytes, store: Certificates, title: bytes = b"") -> None:
    found = store.learn(der, title)
    if isinstance(found, Refused):
        record.add_note(finding("certificate-problem", found.reason, 0, 0))
        return
    about = found.certificate
    if about is not None:
        uses = " and ".join(use for use, is_so in (("signing", about.signs), ("key agreement", about.agrees)) if is_so)
        owner = (about.system_title or title).hex().upper() or about.subject or "no system title"
        until = f", until {about.last_day}" if about.last_day else ""
        text = f"a certificate of {owner} for {uses or 'other uses'}{until}"
        record.add_note(finding("certificate-learnt", text, 0, 0))
        day = _day(record.time_ns)
        if about.last_day and day > about.last_day:
            text = f"the certificate of {owner} ended on {about.last_day}, and is shown on {day}"
            record.add_note(finding("certificate-problem", text, 0, 0))


def _day(time_ns: int | None) -> str:
    """Give the day of a time, UTC; empty where there is none, which is before all others."""
    try:
        return datetime.fromtimestamp(time_ns // 10**9, UTC).date().isoformat() if time_ns is not None else ""
    except (OverflowError, ValueError, OSError):
        return ""
