"""A signed APDU to its content and the verdict on its signature, with the key that says so.

Source: IEC 62056-5-3, Digital signature, general-signing.
"""

from __future__ import annotations

from typing import Any

from analyzer.record import REQUEST, Apdu, Closed, Record
from analyzer.security import signatures
from analyzer.security.certificates import CLIENT, SERVER, SIGNING, Certificates
from analyzer.security.keyring import KeySet
from analyzer.security.signatures import UNCHECKED, VERIFIED, WRONG
from analyzer.tracking.findings import finding
from analyzer.tracking.plans import Plan, plan_of
from dissectors.scanning import reads, scan_apdu


def content(apdu: Apdu) -> Apdu:
    """Read what is signed; its values are None where it is no APDU."""
    octets: bytes = _value(apdu, "content")
    if not reads(octets):  # field: GBCS signs ASN.1 and ZigBee octets too, some of them 05 00
        return Apdu(octets, None, None)
    return Apdu(octets, *scan_apdu(octets, 0, len(octets)))


def originator(apdu: Apdu) -> bytes:
    """Give the system title of whom the APDU says it is from."""
    title: bytes = _value(apdu, "originator_system_title")
    return title


def role(apdu: Apdu) -> str | None:
    """Tell which side sends what is signed, where its kind tells."""
    inner = content(apdu).entry
    return plan_of(inner).role if inner is not None else None


def open_unchecked(record: Record, apdu: Apdu) -> Plan | None:
    """Take the signed content for what the record carries, without a key. Returns its plan, None if it is no APDU."""
    return _open(record, apdu, content(apdu), UNCHECKED, "")


def open_checked(record: Record, apdu: Apdu, keys: KeySet, store: Certificates) -> Plan | None:
    """Check the signature with the originator's keys, and take the content for what the record carries."""
    inner, sender = content(apdu), role(apdu)
    sides = (CLIENT, SERVER) if sender is None else (CLIENT,) if sender is REQUEST else (SERVER,)
    named = [one for side in sides for one in store.keys(keys, side, SIGNING, originator(apdu))]
    verdict = signatures.verify_general_signing(apdu.octets, [key for key, _ in named])
    name = ""
    if verdict.status == VERIFIED:
        name = next(name for key, name in named if signatures.verify_general_signing(apdu.octets, [key]) == verdict)
        record.add_note(finding("signature-verified", f"the signature verifies {verdict.form}", 0, 0))
    elif verdict.status == WRONG:
        others = store.keys(
            keys, SERVER if sender is REQUEST else CLIENT, SIGNING, _value(apdu, "recipient_system_title")
        )
        made_with = [
            one for key, one in others if signatures.verify_general_signing(apdu.octets, [key]).status == VERIFIED
        ]
        text = f"it verifies with {made_with[0]}, the other side's key" if made_with else verdict.text
        record.add_note(finding("signature-wrong", f"the signature is wrong: {text}", 0, 0))
    return _open(record, apdu, inner, verdict.status, name)


def _open(record: Record, apdu: Apdu, inner: Apdu, status: str, key: str) -> Plan | None:
    assert apdu.entry is not None and apdu.values is not None
    is_opened = inner.values is not None
    record.protection += (Closed(apdu.octets, apdu.entry, apdu.values, status, inner.octets, key, is_opened),)
    if not is_opened or inner.entry is None:
        return None
    record.apdu = inner
    return plan_of(inner.entry)


def _value(apdu: Apdu, name: str) -> Any:
    assert apdu.entry is not None and apdu.values is not None
    return apdu.values[apdu.entry.slots[name]]
