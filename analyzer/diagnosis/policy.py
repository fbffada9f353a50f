"""Protection that APDUs have, against what their association and the meter's policy demand.

Source: IEC 62056-5-3 (application contexts, security control), IEC 62056-6-2 (Security setup, security_policy).
"""

from __future__ import annotations

from analyzer.diagnosis.family import Family
from analyzer.diagnosis.meter_facts import Facts
from analyzer.diagnosis.story import CERTAIN
from analyzer.record import REQUEST, Record
from analyzer.tracking.history import Association

_CIPHERED = ("2.16.756.5.8.1.3", "2.16.756.5.8.1.4")
_AUTHENTICATED, _ENCRYPTED = 0x10, 0x20
_ANY = _AUTHENTICATED | _ENCRYPTED
_NAMES = ((_AUTHENTICATED, "authenticated"), (_ENCRYPTED, "encrypted"))
_PLAIN = frozenset({0x05, 0x06, 0x0C, 0x0D, 0x16, 0xC0, 0xC1, 0xC3, 0xC4, 0xC5, 0xC7, 0xD9, 0xDA})
"""Tags of services; ACSE APDUs and errors in place of an answer may go in clear."""
_REPLY_TO_HLS = (15, 1)
_OLD_POLICIES = {1: _AUTHENTICATED, 2: _ENCRYPTED, 3: _ANY}
"""security_policy of version 0: one value for both ways. From version 1 on each way has bits."""
_POLICY_BITS = ((0x04, 0x08), (0x20, 0x40))
"""Bits for authenticated and encrypted, of requests and of answers."""


def demanded_of(one: Association, facts: Facts) -> tuple[int, int]:
    """Tell what requests and answers of an association have to be; any protection at all where only that is known."""
    if facts.policy is not None:
        policy = facts.policy.value
        old = _OLD_POLICIES.get(policy)
        if old is not None:
            return old, old
        ways = [(policy & at > 0) * _AUTHENTICATED | (policy & en > 0) * _ENCRYPTED for at, en in _POLICY_BITS]
        return ways[0], ways[1]
    context = one.proposal.context if one.proposal is not None else one.answer.context if one.answer is not None else ""
    return (-1, -1) if context in _CIPHERED else (0, 0)


def hold_to_protection(family: Family, record: Record, demanded: int) -> None:
    """Report an APDU with less protection than *demanded*: bits of the security control, or -1 for any at all."""
    apdu = record.apdu
    if apdu is None or apdu.octets[0] not in _PLAIN:
        return
    if any((one.class_id, one.attribute) == _REPLY_TO_HLS and one.is_method for one in record.objects):
        return
    has = 0
    for layer in record.protection:
        slot = layer.entry.slots.get("security_control")
        has |= layer.values[slot] & _ANY if slot is not None else _ANY
    way = "request" if record.direction is REQUEST else "answer"
    if not has:
        what = "in an association with ciphering" if demanded < 0 else "to a meter whose policy demands protection"
        cause = "plaintext-in-ciphered-context" if demanded < 0 else "plaintext-against-policy"
        text = f"the {way} {apdu.family} goes in clear {what}"
        family.report(record, "protection-below-policy", cause, CERTAIN, text, subject=way)
    elif demanded > 0 and demanded & ~has:
        lacks = " and ".join(
            name
            for bit, name in ((_AUTHENTICATED, "authenticated"), (_ENCRYPTED, "encrypted"))
            if demanded & ~has & bit
        )
        text = f"the {way} {apdu.family} has security control {has:02X}; the policy asks for {lacks} too"
        family.report(record, "protection-below-policy", "weaker-than-policy", CERTAIN, text, subject=way)
