"""Keys that both sides agree on: by key_agreement, with certificates off the wire, with ephemeral keys that are signed."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256, sha384
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from analyzer.record import Record
from analyzer.security.key_agreement import GBCS_ALGORITHMS, Parties, derive, shared_secret
from analyzer.security.keys import KeyRole
from analyzer.simulate.ciphering import Seal, agree, point, protect, sign
from analyzer.simulate.security import KeySource, Security
from dissectors.acse import Aare, Aarq
from dissectors.xdlms.initiate import InitiateRequest, InitiateResponse
from tests.analyzer.security import ecc
from tests.analyzer.tracking.all_keys import notes
from tests.analyzer.tracking.build import Said, answered, asked
from tests.analyzer.tracking.secured import (
    keyring,
    opened,
    private_octets,
    said,
    secrets,
    security_of,
    session,
    statuses,
)

GET = bytes.fromhex("C001C1 0008 0000010000FF 02 00")
SETUP = bytes.fromhex("0040 00002B0000FF")
KEY_IDS = {KeyRole.GUEK: 0, KeyRole.GAK: 2, KeyRole.KEK: 3}
EPHEMERAL = [ec.derive_private_key(0xE9 + number, ec.SECP384R1()) for number in (1, 2)]


def association(security: Security) -> list[Said]:
    name = "2.16.756.5.8.1.3"
    aarq = Aarq(
        application_context_name=name, calling_ap_title=security.client_title, user_information=InitiateRequest()
    )
    aare = Aare(
        application_context_name=name, responding_ap_title=security.server_title, user_information=InitiateResponse()
    )
    return [asked(bytes(aarq)), answered(bytes(aare))]


def halves(
    private: ec.EllipticCurvePrivateKey, signing: ec.EllipticCurvePrivateKey, security: Security, *ids: int
) -> bytes:
    """The data of key_agreement: by key-id a public key and its signature over both."""
    public = point(private.public_key())
    found = bytes((1, len(ids)))
    for key_id in ids:
        signature = sign(bytes((key_id,)) + public, signing, security.suite)
        found += bytes((2, 2, 0x16, key_id, 9, 0x81, len(public) + len(signature))) + public + signature
    return found


def agreement(security: Security, *ids: int, server: ec.EllipticCurvePrivateKey | None = None) -> list[Said]:
    keys = security.keys
    asks = halves(EPHEMERAL[0], keys.client_signing, security, *ids)
    answers = halves(EPHEMERAL[1], server or keys.server_signing, security, *ids)
    return [
        asked(bytes.fromhex("C301C1") + SETUP + bytes.fromhex("0301") + asks),
        answered(bytes.fromhex("C701C1 00 01 00") + answers),
    ]


def ciphered(key: bytes, security: Security) -> Said:
    body = protect(GET, Seal(0x32, key, security.keys.gak, security.client_title), 5)
    return asked(b"\xc8" + bytes((len(body),)) + body)


def agreed(security: Security) -> bytes:
    parties = security.client_title + security.server_title
    return agree(EPHEMERAL[0], EPHEMERAL[1].public_key(), security.suite, parties)


@pytest.mark.parametrize("side", [0, 1])
def test_agreed_key_holds_from_the_answer_on(side: int) -> None:
    security = security_of(2)
    before, after = ciphered(security.keys.guek, security), ciphered(agreed(security), security)
    given = secrets(security) | {KeyRole.CLIENT_AGREEMENT: private_octets(EPHEMERAL[side])}
    records = opened([*association(security), before, *agreement(security, 0), after], keyring(given))
    assert statuses(records) == ["verified", "verified"]
    ((number, _, _, text),) = notes(records, "key-changed", "signature-wrong")
    assert number == 5
    assert text.startswith("guek is replaced here by one that both sides agree on: guek")
    assert records[2].protection[0].key != records[5].protection[0].key


def test_key_encrypting_key_is_agreed_under_another_algorithm() -> None:
    security = security_of(2)
    given = secrets(security) | {KeyRole.CLIENT_AGREEMENT: private_octets(EPHEMERAL[0])}
    records = opened([*association(security), *agreement(security, 0, 3)], keyring(given))
    found = [text for *_, text in notes(records, "key-changed")]
    assert [text.split()[0] for text in found] == ["guek", "kek"]
    assert found[0].split(": ")[1].split(":")[1] != found[1].split(": ")[1].split(":")[1]


def test_agreement_without_a_private_half_is_said_to_change_the_key() -> None:
    security = security_of(2)
    after = ciphered(agreed(security), security)
    records = opened([*association(security), *agreement(security, 0), after], keyring(secrets(security)))
    ((_, _, _, text),) = notes(records, "key-changed")
    assert text == "guek is replaced here by one agreed on in record 3, and no private half is given"
    assert [cause for _, _, cause, _ in notes(records, "undecipherable")] == ["new-key-after-change"]


def test_half_that_its_side_did_not_sign_is_noted() -> None:
    security = security_of(2)
    records = opened([*association(security), *agreement(security, 0, server=EPHEMERAL[0])], keyring(secrets(security)))
    assert notes(records, "signature-wrong") == [
        (4, "signature-wrong", "", "the ephemeral key for key-id 0 is not signed by the server")
    ]


@pytest.mark.parametrize(
    "answer",
    ["C701C1 03 00", "C701C1 00 00", "C701C1 00 01 00 0100", "C701C1 00 01 00 0101 0202 1600 0902 AABB", "D8 01 01"],
)
def test_answer_that_agrees_on_nothing_changes_no_key(answer: str) -> None:
    security = security_of(2)
    asks = agreement(security, 0)[0]
    records = opened([*association(security), asks, answered(bytes.fromhex(answer))], keyring(secrets(security)))
    assert notes(records, "key-changed") == []


def test_certificate_off_the_wire_serves_the_static_agreement() -> None:
    security = security_of(1, KeySource.STATIC)
    der = ecc.certificate_of(security.keys.client_agreement, security.client_title, agrees=True)
    imports = bytes.fromhex("C301C1") + SETUP + bytes.fromhex("0601 0982") + len(der).to_bytes(2, "big") + der
    given = secrets(security)
    del given[KeyRole.CLIENT_AGREEMENT]
    dialogue = said(session(security))
    assert "no-key" in statuses(opened(dialogue, keyring(given)))
    records = opened([asked(imports), answered(bytes.fromhex("C701C1 00 00")), *dialogue], keyring(given))
    assert set(statuses(records)) == {"verified"}


def _requests_noted(records: list[Record]) -> bool:
    numbers = {number for number, *_ in notes(records, "signature-wrong")}
    return numbers == {one.number for one in records if one.direction == "request" and one.protection and one.protection[0].entry.tag == 0xDD}  # fmt: skip


def test_ephemeral_key_that_the_other_side_signed_is_told_so() -> None:
    security = security_of(1, KeySource.ONE_PASS)
    wrong, sides = secrets(security), (KeyRole.CLIENT_SIGNING, KeyRole.SERVER_SIGNING)
    wrong[sides[0]], wrong[sides[1]] = wrong[sides[1]], wrong[sides[0]]
    found = notes(opened(said(session(security)), keyring(wrong)), "signature-wrong")
    assert found and all(text.endswith("it is made with the other side's key") for *_, text in found)


def test_ephemeral_key_that_its_originator_did_not_sign_is_noted() -> None:
    security = security_of(1, KeySource.ONE_PASS)
    dialogue = said(session(security))
    assert notes(opened(dialogue, keyring(secrets(security))), "signature-wrong") == []
    wrong = secrets(security) | {KeyRole.CLIENT_SIGNING: private_octets(security.keys.client_agreement)}
    records = opened(dialogue, keyring(wrong))
    assert set(statuses(records)) == {"verified"}
    assert _requests_noted(records)


@pytest.mark.parametrize("private", ["client", "server"])
def test_british_message_is_verified_with_one_private_key_and_one_certificate(private: str, tmp_path: Path) -> None:
    # field: GBCS; MAC over SC, five empty fields and the signed APDU, without an authentication key
    client, server, number = ecc.key("P-256", 1), ecc.key("P-256", 2), bytes(9)
    signed = b"\xdf\x09" + number + b"\x08" + ecc.CLIENT_TITLE + b"\x08" + ecc.SERVER_TITLE + bytes(2)
    signed += bytes((len(GET),)) + GET + b"\0"
    secret = shared_secret(client, server)
    assert isinstance(secret, bytes)
    parties = Parties(ecc.CLIENT_TITLE, ecc.SERVER_TITLE, number)
    key = derive(secret, 1, parties, algorithms=GBCS_ALGORITHMS)
    assert isinstance(key, bytes)
    covered = b"\x11" + bytes(5) + signed
    tag = AESGCM(key).encrypt(ecc.CLIENT_TITLE + bytes(4), b"", covered)[:12]
    body = bytes.fromhex("11 00000000") + signed + tag
    message = b"\xdd" + bytes(6) + bytes((len(body),)) + body
    pairs = {"client": (client, KeyRole.CLIENT_AGREEMENT), "server": (server, KeyRole.SERVER_AGREEMENT)}
    own, role = pairs.pop(private)
    ((other, _),) = pairs.values()
    title = ecc.SERVER_TITLE if private == "client" else ecc.CLIENT_TITLE
    (tmp_path / "other.der").write_bytes(ecc.certificate(other, title, agrees=True))
    ring = keyring({role: own.private or b""})
    ring.meters[0].certificates = (tmp_path,)
    (record,) = opened([asked(message)], ring)
    assert statuses([record]) == ["verified", "signature-unchecked"]
    damaged = message[:-1] + bytes((message[-1] ^ 1,))
    assert statuses(opened([asked(damaged)], ring))[0] == "wrong-tag"


@pytest.mark.parametrize("source", [KeySource.ONE_PASS, KeySource.STATIC, KeySource.WRAPPED])
def test_key_that_is_not_given_is_named_where_others_are(source: KeySource) -> None:
    security = security_of(1, source)
    given = secrets(security)
    for role in (KeyRole.KEK, KeyRole.CLIENT_AGREEMENT, KeyRole.SERVER_AGREEMENT):
        del given[role]
    texts = {text for *_, text in notes(opened(said(session(security)), keyring(given)), "undecipherable")}
    (text,) = texts
    wanted = "no kek is given" if source is KeySource.WRAPPED else "no private agreement key of "
    assert wanted in text


def test_request_that_stays_closed_is_answered_by_what_opens() -> None:
    """With the agreement key of one side alone one direction opens."""
    security = security_of(1, KeySource.ONE_PASS)
    for missing in (KeyRole.CLIENT_AGREEMENT, KeyRole.SERVER_AGREEMENT):
        given = secrets(security)
        del given[missing]
        records = opened(said(session(security)), keyring(given))
        assert len({layer.status for one in records[4:8] for layer in one.protection}) == 2
        answers = [one for one in records if one.direction == "response"]
        assert [one.request for one in answers] == [one.number - 1 for one in answers]


def test_ephemeral_key_that_is_no_point_is_not_told_as_a_key_that_is_not_given() -> None:
    security = security_of(1, KeySource.ONE_PASS)
    units = said(session(security))
    at = next(number for number, one in enumerate(units) if one.octets[0] == 0xDD)
    octets = bytearray(units[at].octets)
    octets[60] ^= 1
    units[at] = units[at]._replace(octets=bytes(octets))
    found = notes(opened(units, keyring(secrets(security))), "undecipherable")
    assert [text for *_, text in found] == [
        "its key was agreed on, and the ephemeral key in it is no point on its curve"
    ]


# -- keys that are derived in another way -----------------------------------------------------------------------------


def _z(size: int) -> tuple[ec.EllipticCurvePrivateKey, ec.EllipticCurvePrivateKey]:
    curve = ec.SECP256R1() if size == 32 else ec.SECP384R1()
    return ec.derive_private_key(7_654_321, curve), ec.derive_private_key(1_234_567, curve)


BEGIN, ID = bytes.fromhex("00000001"), bytes.fromhex("608574050803")
DERIVATIONS: dict[str, Callable[[bytes, bytes, bytes, bytes, int], tuple[bool, bytes]]] = {
    "the recipient's title before": lambda z, u, v, t, n: (False, BEGIN + z + ID + bytes((n - 1,)) + v + u),
    "the hash of suite": lambda z, u, v, t, n: (True, BEGIN + z + ID + bytes((n - 1,)) + u + v),
    "hash and AlgorithmID of suite": lambda z, u, v, t, n: (True, BEGIN + z + ID + bytes((2 - n,)) + u + v),
    "the counter behind": lambda z, u, v, t, n: (False, z + BEGIN + ID + bytes((n - 1,)) + u + v),
    "without an AlgorithmID": lambda z, u, v, t, n: (False, BEGIN + z + u + v),
    "without the system titles": lambda z, u, v, t, n: (False, BEGIN + z + ID + bytes((n - 1,))),
    "with the transaction-id, which": lambda z, u, v, t, n: (
        False, BEGIN + z + ID + bytes((n - 1,)) + u + b"\x08" + t + v
    ),
    "transaction-id without its length": lambda z, u, v, t, n: (False, BEGIN + z + ID + bytes((n - 1,)) + u + t + v),
}  # fmt: skip


def _one_pass(security: Security, made: Callable[[bytes], bytes], ephemeral: ec.EllipticCurvePrivateKey) -> Said:
    """A request in general-ciphering whose key *made* gives for the shared secret."""
    keys = security.keys
    secret = ephemeral.exchange(ec.ECDH(), keys.server_agreement.public_key())
    header = b"".join(
        bytes((len(one),)) + one for one in (b"TRANSACT", security.client_title, security.server_title, b"", b"")
    )
    data = point(ephemeral.public_key())
    data += sign(data, keys.client_signing, security.suite)
    seal = Seal(0x30 | security.suite.number, made(secret), security.keys.gak, security.client_title)
    body = protect(GET, seal, 0, header)
    information = b"\x01\x02\x01\x01\x81" + bytes((len(data),)) + data
    return asked(b"\xdd" + header + information + bytes((len(body),)) + body)


@pytest.mark.parametrize("suite", [1, 2])
@pytest.mark.parametrize("name", DERIVATIONS)
def test_key_that_is_derived_in_another_way_is_named_and_opens(suite: int, name: str) -> None:
    security = security_of(suite)

    def made(secret: bytes) -> bytes:
        parts = security.client_title, security.server_title, b"TRANSACT"
        is_other, octets = DERIVATIONS[name](secret, *parts, suite)
        return (sha256 if (suite == 1) != is_other else sha384)(octets).digest()[: 16 * suite]

    _is_named(security, made, name)


@pytest.mark.parametrize("suite", [1, 2])
def test_shared_secret_that_is_used_as_the_key_is_named(suite: int) -> None:
    _is_named(security_of(suite), lambda secret: secret[: 16 * suite], "the beginning of the shared secret")


def _is_named(security: Security, made: Callable[[bytes], bytes], name: str) -> None:
    ephemeral = _z(security.suite.coordinate)
    said = [_one_pass(security, made, one) for one in ephemeral]
    records = opened(said, keyring(secrets(security)))
    found = notes(records, "undecipherable", "signature-wrong")
    assert [(cause, name in text) for _, _, cause, text in found] == [("agreement-key-wrong", True)] * 2
    assert statuses(records) == ["decrypted-unverified"] * 2
    assert all(record.apdu is not None and record.apdu.octets == GET for record in records)
    given = secrets(security) | {KeyRole.SERVER_AGREEMENT: private_octets(_z(security.suite.coordinate)[0])}
    (_, _, cause, text), _ = notes(opened(said, keyring(given)), "undecipherable")
    assert (cause, "another, or the sender derives" in text) == ("agreement-key-wrong", True)
