"""The passes of high level security are recomputed: verified, or the side that is wrong is named, with its mistake."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from analyzer.pipeline import Pipeline
from analyzer.record import Record
from analyzer.security.keys import KeyRole
from analyzer.simulate.secured import Side
from analyzer.simulate.security import KeySource, Mechanism, Security
from analyzer.simulate.sent import TO_CLIENT, TO_METER
from analyzer.tracking.protection import Protection
from dissectors.acse import Aare, Aarq
from dissectors.tree import Severity
from dissectors.xdlms.initiate import InitiateRequest, InitiateResponse
from tests.analyzer.tracking.all_keys import COMBINATIONS, PROTECTIONS, decode, keyring, notes, security_of, session
from tests.analyzer.tracking.build import ListSource, answered, asked, chunk, wrapped


def confidences(records: list[Record]) -> list[str]:
    return [note.confidence for one in records for note in one.notes if note.code in CODES]


HIGH = [one for one in Mechanism if one.is_high]
CODES = ("hls-verified", "hls-failed", "hls-unchecked")


@pytest.mark.parametrize(("suite", "source", "mechanism"), COMBINATIONS)
def test_session_opens_whole_and_both_answers_verify(suite: int, source: KeySource, mechanism: Mechanism) -> None:
    for is_authenticated, is_encrypted in PROTECTIONS:
        security = security_of(
            suite, source, mechanism=mechanism, is_authenticated=is_authenticated, is_encrypted=is_encrypted
        )
        dialogue = session(security).dialogue
        records = decode(dialogue, keyring(security))
        assert [one.apdu.octets[0] for one in records if one.apdu] == [event.truth.plain[0][0] for event in dialogue]
        opened = [(one.closed.plaintext, event) for one, event in zip(records, dialogue, strict=True) if one.closed]
        assert all(found == event.truth.plain[0] for found, event in opened if not 0x60 <= event.octets[0] <= 0x63)
        status = "verified" if is_authenticated else "decrypted-unverified" if is_encrypted else "plaintext-unverified"
        found = Counter(layer.status for one in records[4 if mechanism.is_high else 2 :] for layer in one.protection)
        assert set(found) <= {status, "verified"}, found
        worst = [note for one in records for note in one.notes if note.severity > Severity.NOTE]
        assert worst == []
        verdicts = [(number, code) for number, code, _, _ in notes(records, *CODES)]
        assert verdicts == ([(3, "hls-verified"), (4, "hls-verified")] if mechanism.is_high else [])


@pytest.mark.parametrize("mechanism", HIGH)
def test_without_its_key_the_verdict_says_what_is_missing(mechanism: Mechanism) -> None:
    security = security_of(1, mechanism=mechanism, is_authenticated=False, is_encrypted=False)
    asymmetric = (KeyRole.CLIENT_SIGNING, KeyRole.SERVER_SIGNING)
    without = (KeyRole.HLS_SECRET, KeyRole.GAK, *asymmetric)
    found = notes(decode(session(security).dialogue, keyring(security, without=without)), *CODES)
    assert [(number, code) for number, code, _, _ in found] == [(3, "hls-unchecked"), (4, "hls-unchecked")]
    assert all("cannot be recomputed: no " in text for *_, text in found)


@pytest.mark.parametrize("mechanism", HIGH)
def test_another_secret_in_the_keyring_blames_the_keyring(mechanism: Mechanism) -> None:
    security = security_of(1, mechanism=mechanism, is_authenticated=False, is_encrypted=False)
    other = security_of(1, mechanism=mechanism)
    wrong = replace(other, secret=b"not the secret")
    ring = keyring(wrong)
    (meter,) = ring.meters
    for role in (KeyRole.GUEK, KeyRole.CLIENT_SIGNING, KeyRole.SERVER_SIGNING):
        swapped = {KeyRole.CLIENT_SIGNING: KeyRole.CLIENT_AGREEMENT, KeyRole.SERVER_SIGNING: KeyRole.SERVER_AGREEMENT}
        meter.keys[role] = meter.keys[swapped.get(role, KeyRole.GBEK)]
    records = decode(session(security).dialogue, ring)
    found = notes(records, *CODES)
    assert [(number, code) for number, code, _, _ in found] == [(4, "hls-unchecked")]
    assert "in the keyring is not theirs" in found[0][3]
    assert confidences(records) == ["likely"]


@pytest.mark.parametrize("mechanism", HIGH)
def test_client_with_another_secret_is_the_wrong_side(mechanism: Mechanism) -> None:
    right = security_of(1, mechanism=mechanism, is_authenticated=False, is_encrypted=False)
    wrong = replace(right, secret=b"something else!!")
    if mechanism is Mechanism.HLS_GMAC:
        wrong = replace(right, keys=replace(right.keys, guek=bytes(16)))
    if mechanism is Mechanism.HLS_ECDSA:
        wrong = replace(right, keys=replace(right.keys, client_signing=right.keys.client_agreement))
    records = decode(session(wrong, right).dialogue, keyring(right))
    found = notes(records, *CODES)
    assert [(number, code) for number, code, _, _ in found] == [(4, "hls-failed")]
    assert found[0][3].startswith("the client's f(StoC) is wrong: it was made with another ")
    assert confidences(records) == ["likely"]  # the keyring may be wrong all the same


@pytest.mark.parametrize("mechanism", HIGH)
@pytest.mark.parametrize("is_client", [True, False])
def test_side_that_answers_its_own_challenge_is_told(
    mechanism: Mechanism, is_client: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    security = security_of(1, mechanism=mechanism, is_authenticated=False, is_encrypted=False)
    plain = Side.prove

    def prove(self: Side, own: bytes, other: bytes) -> bytes:
        return plain(self, other, own) if self._is_client is is_client else plain(self, own, other)

    monkeypatch.setattr(Side, "prove", prove)
    found = notes(decode(session(security).dialogue, keyring(security)), *CODES)
    side = "client" if is_client else "server"
    (failed,) = [one for one in found if one[1] == "hls-failed"]
    assert failed[2] == "response-from-other-challenge"
    assert failed[3].startswith(f"the {side}'s f({'StoC' if is_client else 'CtoS'}) is wrong: it answers its own")


CTOS, STOC = b"ABCDEFGHABCDEFGH", b"abcdefghabcdefgh"


def short_name_session(security: Security, given: bytes, returned: bytes) -> list[Record]:
    """Open an association with short names: the passes go as a parameterised read of the association's method."""
    mechanism = f"2.16.756.5.8.2.{int(security.mechanism)}"
    aarq = Aarq(
        application_context_name="2.16.756.5.8.1.2", calling_ap_title=security.client_title, mechanism_name=mechanism,
        calling_authentication_value=("charstring", CTOS), user_information=InitiateRequest(),
    )  # fmt: skip
    aare = Aare(
        application_context_name="2.16.756.5.8.1.2", responding_ap_title=security.server_title,
        mechanism_name=mechanism, responding_authentication_value=("charstring", STOC),
        user_information=InitiateResponse(), result_source_diagnostic=("acse-service-user", 14),
    )  # fmt: skip
    asks = bytes.fromhex("05 01 04 FA58 00 09") + bytes((len(given),)) + given
    answers = bytes.fromhex("0C 01 00 09") + bytes((len(returned),)) + returned
    said = [asked(bytes(aarq)), answered(bytes(aare)), asked(asks), answered(answers)]
    chunks = [chunk(number, unit.octets, unit.direction) for number, unit in enumerate(wrapped(said), 1)]
    return list(Pipeline(None, Protection(keyring(security))).run(ListSource(chunks)))


@pytest.mark.parametrize("mechanism", HIGH)
def test_passes_with_short_names_are_recomputed(mechanism: Mechanism) -> None:
    security = security_of(1, mechanism=mechanism)
    client, server = Side(security, TO_METER), Side(security, TO_CLIENT)
    right = client.prove(CTOS, STOC), server.prove(STOC, CTOS)
    found = notes(short_name_session(security, *right), *CODES)
    assert [(number, code) for number, code, _, _ in found] == [(3, "hls-verified"), (4, "hls-verified")]
    wrong = client.prove(CTOS, STOC), server.prove(CTOS, STOC)
    found = notes(short_name_session(security, *wrong), *CODES)
    assert [(number, code, cause) for number, code, cause, _ in found] == [
        (3, "hls-verified", ""), (4, "hls-failed", "response-from-other-challenge"),
    ]  # fmt: skip


def test_answer_that_is_no_octet_string_is_a_refusal() -> None:
    security = security_of(mechanism=Mechanism.HLS_MD5)
    records = short_name_session(security, Side(security, TO_METER).prove(CTOS, STOC), b"")
    assert [code for _, code, _, _ in notes(records, *CODES)] == ["hls-verified", "hls-failed"]


@pytest.mark.parametrize("is_client", [True, False])
def test_answer_to_a_swapped_challenge_is_told_from_another_key(
    is_client: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The APDU around the answer opens under the very keys: they are not to blame."""
    security = security_of(mechanism=Mechanism.HLS_GMAC)
    plain = Side.prove

    def prove(self: Side, own: bytes, other: bytes) -> bytes:
        return plain(self, own, other[::-1] if self._is_client is is_client else other)

    monkeypatch.setattr(Side, "prove", prove)
    found = notes(decode(session(security).dialogue, keyring(security)), *CODES)
    (failed,) = [one for one in found if one[1] == "hls-failed"]
    assert (failed[0], failed[2]) == (3 if is_client else 4, "response-from-other-challenge")
    assert "answers another challenge than the " + ("StoC" if is_client else "CtoS") in failed[3]


def test_server_whose_own_apdu_does_not_verify_is_not_said_to_answer_another_challenge() -> None:
    """The client's APDU proves the keys of the client; what the server makes its tags with only its own APDUs show."""
    security = security_of(mechanism=Mechanism.HLS_GMAC)
    dialogue = list(session(security).dialogue)
    octets = bytearray(dialogue[3].octets)
    octets[-28:] = bytes(28)  # the end of f(CtoS), and the tag around it
    dialogue[3] = dialogue[3]._replace(octets=bytes(octets))
    found = notes(decode(dialogue, keyring(security)), *CODES)
    assert [one for one in found if one[2] == "response-from-other-challenge"] == []


def test_secret_whose_octets_the_keyring_holds_as_text_blames_the_keyring() -> None:
    security = security_of(mechanism=Mechanism.HLS_SHA256)
    ring = keyring(replace(security, secret=security.secret.hex().encode()))
    found = notes(decode(session(security).dialogue, ring), *CODES)
    assert [(number, code, cause) for number, code, cause, _ in found] == [(4, "hls-unchecked", "key-is-ascii")]
    assert found[0][3].endswith("is not theirs: each takes the secret's hex digits for octets")


@pytest.mark.parametrize("mechanism", [Mechanism.HLS_GMAC, Mechanism.HLS_SHA256, Mechanism.HLS_ECDSA])
def test_server_that_sends_the_clients_answer_back_is_told(
    mechanism: Mechanism, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever knows no key may try this: a client that takes it talks to anybody."""
    security, plain, said = security_of(1, mechanism=mechanism), Side.prove, list[bytes]()

    def prove(self: Side, own: bytes, other: bytes) -> bytes:
        if self._is_client:
            said.append(plain(self, own, other))
        return said[-1]

    monkeypatch.setattr(Side, "prove", prove)
    found = notes(decode(session(security).dialogue, keyring(security)), *CODES)
    (failed,) = [one for one in found if one[1] == "hls-failed"]
    assert failed == (
        4, "hls-failed", "response-from-other-challenge",
        "the server's f(CtoS) is wrong: it is the client's f(StoC), sent back as it came",
    )  # fmt: skip
