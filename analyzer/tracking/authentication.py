"""The four passes of high level security to verdicts: what each side answered, against what the keys given make of it.

A wrong answer that is explained is an error at once. One that no mistake explains waits for the server's answer: two
sides that accept each other are right, and the keyring is not.
Source: IEC 62056-5-3, High Level Security authentication; IEC 62056-6-2, Association LN and SN, reply_to_HLS.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

from analyzer.record import Apdu, Record
from analyzer.security.certificates import CLIENT, SERVER, SIGNING, Certificates
from analyzer.security.hls import (
    UNCHECKED,
    UNSUPPORTED,
    VERIFIED,
    WRONG,
    Handshake,
    HlsKeys,
    Verdict,
    check,
    judge,
    zero_counter,
)
from analyzer.security.keyring import KeySet
from analyzer.security.keys import KeyRole
from analyzer.security.unopened import CERTAIN, LIKELY
from analyzer.tracking.findings import finding
from dissectors import axdr
from dissectors.tree import Problem

_MECHANISM = "2.16.756.5.8.2."
_LOWEST_HIGH = 2
_NO_VALUE = "", b""
_ASSOCIATION_LN, _REPLY = 15, 1
_PARAMETERIZED_ACCESS, _DATA = 4, 0
_MOST_PAIRS = 4
_VERIFIED = "verified"
"""The status of a layer whose tag is right."""


class Authentication:
    """One handshake: its challenges, and the answers as they come."""

    __slots__ = ("asked_at", "ctos", "f_stoc", "is_proved", "mechanism", "short_name", "stoc")

    def __init__(self) -> None:
        self.mechanism = 0
        self.ctos = self.stoc = b""
        self.f_stoc: bytes | None = None
        self.asked_at = 0
        """The record of the client's answer."""
        self.is_proved = False
        """Whether that record's APDU opened under the global key."""
        self.short_name: int | None = None

    @property
    def is_awaited(self) -> bool:
        """Whether both challenges are known and answers can be checked."""
        return self.mechanism >= _LOWEST_HIGH and bool(self.ctos) and bool(self.stoc)

    def challenge(self, family: str, slots: dict[str, int], values: tuple[Any, ...]) -> None:
        """Take mechanism and challenge from an AARQ or AARE."""
        name = values[slots["mechanism_name"]]
        if name and name.startswith(_MECHANISM) and name[len(_MECHANISM) :].isdigit():
            self.mechanism = int(name[len(_MECHANISM) :])
        if family == "aarq":
            _, value = values[slots["calling_authentication_value"]] or _NO_VALUE
            self.ctos = value or self.ctos
        else:
            _, value = values[slots["responding_authentication_value"]] or _NO_VALUE
            self.stoc = value or self.stoc


def watch(record: Record, handshake: Authentication, keys: KeySet, store: Certificates) -> None:
    """Check the answer that *record* carries, if it carries one; *keys* tell both system titles too."""
    apdu = record.assembled or record.apdu
    if apdu is None or apdu.entry is None or apdu.values is None:
        return
    family = apdu.entry.family
    if family == "action-request" or (family == "readRequest" and handshake.f_stoc is None):
        given = _asked(record, apdu)
        if given is not None:
            _take_client(record, handshake, given, keys, store)
    elif handshake.asked_at and record.request == handshake.asked_at:
        _take_server(record, handshake, _answered(apdu), keys, store)
        handshake.asked_at = 0


def _take_client(
    record: Record, handshake: Authentication, given: bytes, keys: KeySet,
    store: Certificates,
) -> None:  # fmt: skip
    """Check f(StoC)."""
    handshake.f_stoc, handshake.asked_at = given, record.number
    handshake.is_proved = _is_under_global_key(record)
    _, verdict = _best(handshake, keys, store, lambda about, one: check(about, CLIENT, given, one))
    if verdict.status != WRONG or verdict.is_certain:
        _note(record, verdict)


def _take_server(
    record: Record, handshake: Authentication, given: bytes | None, keys: KeySet,
    store: Certificates,
) -> None:  # fmt: skip
    """Check f(CtoS), and say which side is wrong where the server refused or the client's answer fitted nothing."""
    is_accepted = given is not None
    if is_accepted and record.protection:  # what the server makes its tags with is seen here alone
        handshake.is_proved &= _is_under_global_key(record)

    def verdicts(about: Handshake, one: HlsKeys) -> Verdict:
        return (
            check(about, SERVER, given, one)
            if given is not None
            else check(about, CLIENT, handshake.f_stoc or b"", one)
        )

    one, verdict = _best(handshake, keys, store, verdicts)
    about = _handshake(handshake, keys)
    client, server, text = judge(about, handshake.f_stoc, given, one, is_accepted=is_accepted)
    if client is not None and client.status == WRONG and not client.is_certain:
        blames_keyring = is_accepted and (server is None or (server.status == WRONG and not server.is_certain))
        code = "hls-unchecked" if blames_keyring else "hls-failed"
        record.add_note(finding(code, text, 0, 0, client.cause, LIKELY))
    elif is_accepted:
        _note(record, verdict)
    elif client is not None and client.status == VERIFIED:
        text += zero_counter(handshake.mechanism or 0, handshake.f_stoc or b"")
        record.add_note(finding("hls-failed", text, 0, 0, "refused-though-right"))


def _is_under_global_key(record: Record) -> bool:
    opened = [layer.key.partition("@")[0] for layer in record.protection if layer.status == _VERIFIED]
    return KeyRole.GUEK.value in opened


def _note(record: Record, verdict: Verdict) -> None:
    code = {VERIFIED: "hls-verified", WRONG: "hls-failed", UNCHECKED: "hls-unchecked", UNSUPPORTED: "hls-unchecked"}
    confidence = LIKELY if verdict.status == WRONG and not verdict.is_certain else CERTAIN
    record.add_note(finding(code[verdict.status], verdict.text, 0, 0, verdict.cause, confidence))


def _handshake(handshake: Authentication, keys: KeySet) -> Handshake:
    titles = keys.client_title, keys.server_title
    return Handshake(handshake.mechanism, handshake.ctos, handshake.stoc, *titles, handshake.f_stoc)


def _best(
    handshake: Authentication, keys: KeySet, store: Certificates, verdict: Callable[[Handshake, HlsKeys], Verdict],
) -> tuple[HlsKeys, Verdict]:  # fmt: skip
    """Check with the keys that fit; with those that come first where none does."""
    about = _handshake(handshake, keys)
    first: tuple[HlsKeys, Verdict] | None = None
    for one in _choices(about, keys, store, is_proved=handshake.is_proved):
        found = verdict(about, one)
        if found.status == VERIFIED:
            return one, found
        if first is None or (found.is_certain and not first[1].is_certain):
            first = (one, found)
    assert first is not None
    return first


def _choices(about: Handshake, keys: KeySet, store: Certificates, *, is_proved: bool) -> Iterator[HlsKeys]:
    """Give the keys that may have been used, the best first; at least one choice, be it empty."""
    signing = [
        tuple(key for key, _ in store.keys(keys, side, SIGNING, title))
        for side, title in ((CLIENT, about.client_title), (SERVER, about.server_title))
    ]
    roles = (KeyRole.HLS_SECRET, KeyRole.GUEK, KeyRole.GAK)
    octets: list[list[bytes | None]] = [[key.octets for key in keys.of(role)[:_MOST_PAIRS]] or [None] for role in roles]
    for secret, encryption, authentication in product(*octets):
        yield HlsKeys(secret, encryption, authentication, signing[0], signing[1], is_proved)


# -- the answers in their APDUs -------------------------------------------------------------------------------------


def _asked(record: Record, apdu: Apdu) -> bytes | None:
    """Find the octet-string that the client gives to reply_to_HLS_authentication."""
    assert apdu.entry is not None and apdu.values is not None
    if apdu.entry.family == "action-request":
        is_reply = any((one.class_id, one.attribute) == (_ASSOCIATION_LN, _REPLY) for one in record.objects)
        return asked_octets(apdu) if is_reply else None
    for tag, one in apdu.values[apdu.entry.slots["variable_access_specification"]]:
        if tag == _PARAMETERIZED_ACCESS:
            return _octet_string(apdu.octets, one[3])
    return None


def _answered(apdu: Apdu) -> bytes | None:
    """Find the octet-string that the server gives back; None where it refuses."""
    assert apdu.entry is not None and apdu.values is not None
    if apdu.entry.family == "readResponse":
        for tag, one in apdu.values[apdu.entry.slots["results"]]:
            return _octet_string(apdu.octets, one[1]) if tag == _DATA else None
    return returned_octets(apdu)


def asked_octets(apdu: Apdu) -> bytes | None:
    """Give the octet-string that a method is invoked with."""
    if apdu.entry is None or apdu.values is None:
        return None
    slot = apdu.entry.slots.get("method_invocation_parameters")
    span = apdu.values[slot] if slot is not None else None
    return _octet_string(apdu.octets, span) if isinstance(span, tuple) and len(span) == 2 else None


def returned_octets(apdu: Apdu) -> bytes | None:
    """Give the octet-string that a method returns with success."""
    if apdu.entry is None or apdu.values is None or "return_parameters" not in apdu.entry.slots:
        return None
    slots, values = apdu.entry.slots, apdu.values
    returned = values[slots["return_parameters"]]
    if values[slots["result"]] != 0 or returned is None or returned[0] != _DATA:
        return None
    return _octet_string(apdu.octets, returned[1][1])


def _octet_string(octets: bytes, span: tuple[int, int]) -> bytes | None:
    start, end = span
    if octets[start : start + 1] != bytes((axdr.OCTET_STRING,)):
        return None
    try:
        size, at = axdr.scan_length(octets, start + 1, end)
    except Problem:
        return None
    return octets[at : at + size]
