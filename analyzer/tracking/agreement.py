"""Elliptic keys of both sides to the keys that they agree on: in general-ciphering, and by key_agreement.

Source: IEC 62056-5-3, Key agreement, general-ciphering; IEC 62056-6-2, Security setup (class 64), method 3.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from analyzer.record import REQUEST, Apdu, Record
from analyzer.security.certificates import AGREEMENT, CLIENT, SERVER, SIGNING, Certificates
from analyzer.security.elliptic_keys import CURVE_OF_SUITE, EllipticKey, from_public
from analyzer.security.key_agreement import (
    GCM,
    ONE_PASS,
    WRAP,
    Parties,
    agreed_keys,
    derive,
    misderived_keys,
    shared_secret,
    split_ephemeral,
    verify_ephemeral,
)
from analyzer.security.keyring import KeySet
from analyzer.security.keys import Key, KeyRole
from analyzer.tracking.findings import finding
from dissectors.reader import apdu_json

if TYPE_CHECKING:
    from analyzer.tracking.security_context import SecurityContext

_SECURITY_SETUP, _KEY_AGREEMENT = 64, 3
KEY_IDS = {0: KeyRole.GUEK, 1: KeyRole.GBEK, 2: KeyRole.GAK, 3: KeyRole.KEK}
_SUITES = {curve: suite for suite, curve in CURVE_OF_SUITE.items()}
_MOST_PAIRS = 16


def agreed(
    parameters: bytes, suite: int, parties: Parties, keys: KeySet, role: str | None, data: bytes, store: Certificates
) -> tuple[Key, ...]:
    """Agree the key of a general-ciphering from whatever private key of either side is given."""
    return _agreed(parameters, suite, parties, keys, role, data, store, store.count)


@lru_cache(maxsize=1024)
def _agreed(
    parameters: bytes, suite: int, parties: Parties, keys: KeySet, role: str | None, data: bytes, store: Certificates,
    learnt: int,
) -> tuple[Key, ...]:  # fmt: skip
    private = _pairs(parameters, parties, keys, role, data, store)
    place = parties.originator.hex().upper()
    return tuple(Key(KeyRole.AGREED, one.key, place) for one in agreed_keys(parameters, suite, parties, private))


def misderived(
    parameters: bytes, suite: int, parties: Parties, keys: KeySet, data: bytes, store: Certificates
) -> Iterator[tuple[str, Key]]:
    """Give the keys of senders that derive theirs in another way, and of keys given to the wrong side; and how."""
    private = _pairs(parameters, parties, keys, None, data, store)
    place = parties.originator.hex().upper()
    for text, octets in misderived_keys(parameters, suite, parties, private):
        yield text, Key(KeyRole.AGREED, octets, place)


def _pairs(
    parameters: bytes, parties: Parties, keys: KeySet, role: str | None, data: bytes, store: Certificates
) -> list[tuple[EllipticKey, EllipticKey]]:
    """Pair private keys of either side with the public keys that they may have been used with."""
    client, server = _sides(parties, keys, role, AGREEMENT, store)
    pairs: list[tuple[EllipticKey, EllipticKey]] = []
    if parameters == ONE_PASS:
        parts = split_ephemeral(data)
        ephemeral = from_public(parts[0] if parts is not None else data)
        recipients = server if role is REQUEST else client if role is not None else [*server, *client]
        if isinstance(ephemeral, EllipticKey):
            pairs = [(own, ephemeral) for own in recipients]
    else:
        pairs = [pair for one in client for two in server for pair in ((one, two), (two, one))]
    return [(own, other) for own, other in pairs if own.private is not None][:_MOST_PAIRS]


def is_ephemeral(data: bytes) -> bool:
    """Tell whether *data* begin with an ephemeral public key: a point on its curve."""
    parts = split_ephemeral(data)
    return isinstance(from_public(parts[0] if parts is not None else data), EllipticKey)


def check_ephemeral(
    record: Record, parties: Parties, keys: KeySet, role: str | None, data: bytes, store: Certificates
) -> None:
    """Note an ephemeral key of a general-ciphering that its originator did not sign."""
    parts = split_ephemeral(data)
    if parts is None or role is None:
        return
    client, server = _sides(parties, keys, role, SIGNING, store)
    signing, others = (client, server) if role is REQUEST else (server, client)
    if signing and not any(_is_signed(key, *parts) for key in signing):
        text = f"the ephemeral key's signature is not its originator's{_signed_otherwise(signing, others, *parts)}"
        record.add_note(finding("signature-wrong", text, 0, 0))


def _signed_otherwise(
    signing: list[EllipticKey], others: list[EllipticKey], public: bytes, signature: bytes, key_id: int | None = None
) -> str:
    """Say what a wrong signature of an ephemeral key is, as a clause to be added; empty where nothing proves it."""
    if any(_is_signed(key, public, signature, key_id) for key in others):
        return ": it is made with the other side's key"
    if key_id is None:
        is_other_form = any(_is_signed(key, public, signature, each) for key in signing for each in KEY_IDS)
        return ": it covers a key-id too" if is_other_form else ""
    is_other_form = any(_is_signed(key, public, signature) for key in signing)
    return ": it covers the key alone, without its key-id" if is_other_form else ""


def _sides(
    parties: Parties, keys: KeySet, role: str | None, use: str, store: Certificates
) -> tuple[list[EllipticKey], list[EllipticKey]]:
    """Give the keys of client and server; *role* is the originator's, who may be either where it is None."""
    titles: tuple[bytes, ...] = (parties.originator, parties.recipient)
    clients, servers = (titles[:1], titles[1:]) if role is REQUEST else (titles[1:], titles[:1])
    if role is None:
        clients = servers = titles
    client, server = (
        [key for title in of for key, _ in store.keys(keys, side, use, title)]
        for side, of in ((CLIENT, clients), (SERVER, servers))
    )
    return list(dict.fromkeys(client)), list(dict.fromkeys(server))


@lru_cache(maxsize=4096)
def _is_signed(key: EllipticKey, public: bytes, signature: bytes, key_id: int | None = None) -> bool:
    return verify_ephemeral(key, public, signature, key_id)


# -- key_agreement --------------------------------------------------------------------------------------------------


def follow(
    record: Record, context: SecurityContext, keys: KeySet, store: Certificates
) -> list[tuple[KeyRole, Key | None]]:
    """Follow key_agreement. Returns the keys that hold from here on; None where no private half is given."""
    if not any((one.class_id, one.attribute) == (_SECURITY_SETUP, _KEY_AGREEMENT) for one in record.objects):
        return []
    apdu = record.assembled or record.apdu
    halves = _halves(apdu) if apdu is not None else {}
    if record.direction is REQUEST:
        context.halves = (record.number, halves)
        _check_halves(record, halves, keys, CLIENT, store)
        return []
    asked_at, asked = context.halves
    context.halves = (0, {})
    if record.request != asked_at or not halves:
        return []
    _check_halves(record, halves, keys, SERVER, store)
    found: list[tuple[KeyRole, Key | None]] = []
    for key_id, theirs in halves.items():
        role, ours = KEY_IDS.get(key_id), asked.get(key_id)
        if role is None or ours is None:
            continue
        key = _derive(role, ours[0], theirs[0], keys, store)
        if key is None:
            text = f"{role.value} is replaced here by one agreed on in record {asked_at}, and no private half is given"
            record.add_note(finding("key-changed", text, 0, 0))
        found.append((role, key))
    return found


def _halves(apdu: Apdu) -> dict[int, tuple[bytes, bytes]]:
    """Read the ephemeral public keys and their signatures by key-id, as request and answer carry them."""
    if apdu.values is None or apdu.family not in ("action-request", "action-response"):
        return {}
    ((_, members),) = apdu_json(apdu.octets)[apdu.family].items()
    found = {}
    try:
        data: Any = members.get("method-invocation-parameters")
        if data is None:
            data = members["single-response"]["return-parameters"]["data"]
        for one in data["array"]:
            key_id, octets = one["structure"]
            parts = split_ephemeral(bytes.fromhex(octets["octet-string"]))
            if parts is not None:
                found[int(key_id["enum"])] = parts
    except (KeyError, IndexError, TypeError, ValueError, AttributeError):  # the data are what the sender wrote
        return {}
    return found


def _check_halves(
    record: Record, halves: dict[int, tuple[bytes, bytes]], keys: KeySet, side: str, store: Certificates
) -> None:
    signing, others = (
        [key for key, _ in store.keys(keys, one, SIGNING, title)]
        for one, title in sorted(
            ((CLIENT, keys.client_title), (SERVER, keys.server_title)), key=lambda each: each[0] != side
        )
    )
    for key_id, (public, signature) in halves.items():
        if signing and not any(_is_signed(key, public, signature, key_id) for key in signing):
            otherwise = _signed_otherwise(signing, others, public, signature, key_id)
            text = f"the ephemeral key for key-id {key_id} is not signed by the {side}{otherwise}"
            record.add_note(finding("signature-wrong", text, 0, 0))


def _derive(role: KeyRole, ours: bytes, theirs: bytes, keys: KeySet, store: Certificates) -> Key | None:
    """Derive the key from the client's and the server's public half and whichever private half is given."""
    given = [
        key
        for side, title in ((CLIENT, keys.client_title), (SERVER, keys.server_title))
        for key, _ in store.keys(keys, side, AGREEMENT, title)
        if key.private is not None
    ]
    for own_public, other_public in ((ours, theirs), (theirs, ours)):
        other = from_public(other_public)
        for own in given:
            if own.public != own_public or not isinstance(other, EllipticKey):
                continue
            secret = shared_secret(own, other)
            purpose = WRAP if role is KeyRole.KEK else GCM
            parties = Parties(keys.client_title, keys.server_title)
            made = derive(secret, _SUITES[own.curve], parties, purpose=purpose) if isinstance(secret, bytes) else None
            if isinstance(made, bytes):
                return Key(role, made, keys.server_title.hex().upper())
    return None
