"""Answers are computed as the standard prints them; a wrong one is told with its side and its reason."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.security import hls_functions
from analyzer.security.hls import (
    CLIENT,
    SERVER,
    UNCHECKED,
    UNSUPPORTED,
    VERIFIED,
    WRONG,
    Handshake,
    HlsKeys,
    answer,
    check,
    judge,
)
from analyzer.security.hls_functions import ECDSA, GMAC, MD5, SHA1, SHA256
from analyzer.security.hls_mistakes import MISTAKES
from tests.analyzer.security import ecc

EK, AK = bytes(range(16)), bytes(range(0xD0, 0xE0))
KEYS = HlsKeys(
    b"SecretHLSpasswd1", EK, AK, client_signing=(ecc.key("P-256", 1),), server_signing=(ecc.key("P-256", 2),)
)
SIDES = (CLIENT, SERVER)
ALL = (MD5, SHA1, GMAC, SHA256, ECDSA)


def handshake(mechanism: int) -> Handshake:
    ctos, stoc = (b"K56iVagY", b"P6wRJ21F") if mechanism != ECDSA else (b"K56iVagY" * 4, b"P6wRJ21F" * 4)
    return Handshake(mechanism, ctos, stoc, ecc.CLIENT_TITLE, ecc.SERVER_TITLE)


@pytest.mark.parametrize(
    ("mechanism", "f_stoc", "f_ctos"),
    [
        (MD5, "D6E5AA24F0606AA24329B0FD61932BF6", "F2C30AF998A31A52F3C42C7F6C2E25EF"),
        (SHA1, "E02CE7CA3A189F50B75D1F0561E618D7D9D749ED", "84926FC2701BF9AC984659AF97C0861B483A82E9"),
        (GMAC, "10 00000001 1A52FE7DD3E72748973C1E28", "10 01234567 FE1466AFB3DBCD4F9389E2B7"),
        (SHA256, "EACC238D33F723288B43A21FB80E502CB6E91657A24F2DC2449097E3BC29E82C",
         "53913B8F78AC74F285979836CCCAC92368A30A578385A38ED3C4D9F4F5B42D6C"),
    ],
    ids=["md5", "sha-1", "gmac", "sha-256"],
)  # fmt: skip
def test_worked_answers_come_out_and_verify(mechanism: int, f_stoc: str, f_ctos: str) -> None:
    about = handshake(mechanism)
    for side, text, counter in ((CLIENT, f_stoc, 1), (SERVER, f_ctos, 0x01234567)):
        octets = bytes.fromhex(text)
        assert answer(about, side, KEYS, counter=counter) == octets
        assert check(about, side, octets, KEYS).status == VERIFIED


@given(
    st.sampled_from(ALL), st.sampled_from(SIDES), st.binary(min_size=8, max_size=64), st.binary(min_size=8, max_size=64)
)
def test_answer_verifies_and_a_flipped_bit_does_not(mechanism: int, side: str, ctos: bytes, stoc: bytes) -> None:
    about = Handshake(mechanism, ctos, stoc, ecc.CLIENT_TITLE, ecc.SERVER_TITLE)
    octets = answer(about, side, KEYS, counter=7)
    assert octets is not None and len(octets) in hls_functions.ANSWER_SIZES[mechanism]
    assert check(about, side, octets, KEYS).status == VERIFIED
    damaged = octets[:-1] + bytes((octets[-1] ^ 1,))
    assert check(about, side, damaged, KEYS).status == WRONG


CASES = [
    (mechanism, side, number)
    for mechanism in ALL
    for side in SIDES
    for number in range(len(MISTAKES[mechanism]))
]  # fmt: skip


@pytest.mark.parametrize(("mechanism", "side", "number"), CASES)
def test_each_mistake_is_told_by_its_answer(mechanism: int, side: str, number: int) -> None:
    mistake = MISTAKES[mechanism][number]
    keys = KEYS
    if "hex digits for octets" in mistake.text:
        keys = HlsKeys(b"30313233343536373839414243444546", b"000102030405060708090A0B0C0D0E0F", AK)
    if "fills the secret" in mistake.text:
        keys = HlsKeys(b"12345678")
    about = handshake(mechanism)
    header = bytes.fromhex("11 00000005") if mechanism == GMAC else b""
    titles = [about.client_title, about.server_title]
    challenges = [about.stoc, about.ctos]
    signing = [keys.client_signing, keys.server_signing]
    own = SIDES.index(side)
    view = hls_functions.View(
        challenges[own], challenges[1 - own], titles[own], titles[1 - own], header,
        keys.secret or b"", keys.encryption_key or b"", keys.authentication_key or b"",
        tuple(signing[own]), tuple(signing[1 - own]),
    )  # fmt: skip
    altered = mistake.alter(view)
    assert altered is not None
    octets = hls_functions.answers(mechanism, altered)
    assert octets is not None
    verdict = check(about, side, octets, keys)
    words = {
        "received": "StoC" if own == 0 else "CtoS",
        "sent": "CtoS" if own == 0 else "StoC",
        "other": SIDES[1 - own],
    }
    is_certain = mistake.cause not in ("key-is-ascii", "wrong-key")  # the keyring may have it so
    assert (verdict.status, verdict.side, verdict.cause, verdict.is_certain) == (WRONG, side, mistake.cause, is_certain)
    assert verdict.text.startswith(f"the {side}'s f({words['received']}) is wrong: it ")
    assert mistake.text.format(**words) in verdict.text


@pytest.mark.parametrize("mechanism", [3, 4, 5, 6])
@pytest.mark.parametrize("side", [CLIENT, SERVER])
def test_answer_that_was_altered_on_the_way_blames_no_secret(mechanism: int, side: str) -> None:
    given = answer(handshake(mechanism), side, KEYS, counter=7)
    assert given is not None
    for at in range(5, len(given)):
        altered = given[:at] + bytes((given[at] ^ 0x10,)) + given[at + 1 :]
        verdict = check(handshake(mechanism), side, altered, KEYS)
        assert (verdict.cause, verdict.is_certain) == ("octets-damaged", True)


def test_two_mistakes_at_once_are_told() -> None:
    about = handshake(SHA256)
    turned = about._replace(client_title=about.server_title, server_title=about.client_title)
    octets = answer(turned, CLIENT, replace(KEYS, secret=KEYS.secret[::-1] if KEYS.secret else None))
    assert octets is not None
    verdict = check(about, CLIENT, octets, KEYS)
    assert "the wrong way round and takes the secret in reverse" in verdict.text


@pytest.mark.parametrize(
    ("mechanism", "octets", "cause", "text", "is_certain"),
    [
        (MD5, bytes(20), "answer-length-wrong", "20 octets where HLS MD5 gives 16", True),
        (ECDSA, bytes(63), "answer-length-wrong", "63 octets where HLS ECDSA gives 64 or 96", True),
        (GMAC, bytes(4), "answer-length-wrong", "4 octets where HLS GMAC gives 17", True),
        (SHA256, bytes(32), "secret-wrong", "another secret than the one given, or altered", False),
        (GMAC, bytes(17), "wrong-key", "another key than the one given, or altered", False),
    ],
)
def test_answer_that_fits_nothing_says_what_can_be_said(
    mechanism: int, octets: bytes, cause: str, text: str, is_certain: bool
) -> None:
    verdict = check(handshake(mechanism), SERVER, octets, KEYS)
    assert (verdict.status, verdict.cause, verdict.is_certain) == (WRONG, cause, is_certain)
    assert text in verdict.text


def test_challenge_sent_back_is_told() -> None:
    about = handshake(MD5)._replace(stoc=b"P6wRJ21FP6wRJ21F")
    verdict = check(about, CLIENT, about.stoc, KEYS)
    assert (verdict.cause, verdict.is_certain) == ("challenge-echoed", True)


def test_challenge_that_is_too_short_is_mentioned() -> None:
    about = handshake(ECDSA)._replace(stoc=b"P6wRJ21F")
    assert "StoC has 8 octets where 32 to 64 belong" in check(about, CLIENT, bytes(64), KEYS).text


@pytest.mark.parametrize(
    ("mechanism", "keys", "about", "text"),
    [
        (MD5, HlsKeys(), {}, "no hls_secret"),
        (GMAC, HlsKeys(), {}, "no global unicast encryption key"),
        (GMAC, HlsKeys(encryption_key=EK), {}, "no authentication key"),
        (GMAC, KEYS, {"client_title": b""}, "the client's system title was not seen"),
        (SHA256, KEYS, {"server_title": b""}, "the server's system title was not seen"),
        (ECDSA, HlsKeys(), {}, "no signing key of the client"),
        (SHA1, KEYS, {"ctos": b""}, "a challenge was not seen"),
    ],
)
def test_what_is_missing_is_named(mechanism: int, keys: HlsKeys, about: dict[str, bytes], text: str) -> None:
    verdict = check(handshake(mechanism)._replace(**about), CLIENT, bytes(16), keys)
    assert verdict.status == UNCHECKED
    assert verdict.text == f"the client's f(StoC) cannot be recomputed: {text}"


@pytest.mark.parametrize(("mechanism", "text"), [(2, "manufacturer specific"), (9, "mechanism 9")])
def test_mechanism_that_cannot_be_recomputed_is_unsupported(mechanism: int, text: str) -> None:
    verdict = check(handshake(mechanism), CLIENT, bytes(16), KEYS)
    assert verdict.status == UNSUPPORTED and text in verdict.text
    assert answer(handshake(mechanism), CLIENT, KEYS) is None


def test_answer_without_its_key_is_none() -> None:
    assert answer(handshake(GMAC), CLIENT, HlsKeys()) is None
    assert answer(handshake(ECDSA), CLIENT, HlsKeys(client_signing=(ecc.public_only(ecc.key("P-256", 1)),))) is None


@pytest.mark.parametrize("mechanism", ALL)
def test_sides_that_agree_with_each_other_blame_the_keyring(mechanism: int) -> None:
    about = handshake(mechanism)
    theirs = HlsKeys(
        b"another", bytes(16), bytes(16), client_signing=(ecc.key("P-256", 3),), server_signing=(ecc.key("P-256", 4),)
    )
    answers = [answer(about, side, theirs, counter=3) for side in SIDES]
    client, server, text = judge(about, *answers, KEYS, is_accepted=True)
    assert client is not None and server is not None
    assert (client.status, server.status) == (WRONG, WRONG)
    assert "in the keyring is not theirs" in text
    assert "is wrong" in judge(about, answers[0], None, KEYS, is_accepted=False)[2]


def test_signing_keys_that_the_keyring_gives_the_wrong_sides_blame_the_keyring() -> None:
    about = handshake(ECDSA)
    answers = [answer(about, side, KEYS) for side in SIDES]
    turned = replace(KEYS, client_signing=KEYS.server_signing, server_signing=KEYS.client_signing)
    *verdicts, text = judge(about, *answers, turned, is_accepted=True)
    assert all(one is not None and not one.is_certain for one in verdicts)
    assert text.endswith("the two signing keys are exchanged in it")


def test_server_that_refuses_a_right_answer_is_to_blame() -> None:
    about = handshake(GMAC)
    right = answer(about, CLIENT, KEYS, counter=1)
    client, server, text = judge(about, right, None, KEYS, is_accepted=False)
    assert client is not None and client.status == VERIFIED and server is None
    assert text.endswith("yet the server refuses it: the server computes with something else")


def test_server_with_wrong_answer_is_the_wrong_side() -> None:
    about = handshake(GMAC)
    f_stoc = answer(about, CLIENT, KEYS, counter=1)
    f_ctos = answer(about._replace(server_title=about.client_title), SERVER, KEYS, counter=9)
    client, server, text = judge(about, f_stoc, f_ctos, KEYS, is_accepted=True)
    assert client is not None and server is not None
    assert (client.status, server.status, server.cause) == (VERIFIED, WRONG, "system-title-wrong")
    assert text == "the server's f(CtoS) is wrong: it takes the client's system title for its own"


def test_right_answers_are_said_to_be_right() -> None:
    about = handshake(SHA256)
    text = judge(about, answer(about, CLIENT, KEYS), answer(about, SERVER, KEYS), KEYS, is_accepted=True)[2]
    assert text == "the client's f(StoC) is right (HLS SHA-256); the server's f(CtoS) is right (HLS SHA-256)"


@given(
    st.integers(0, 255), st.sampled_from(SIDES), st.binary(max_size=100), st.binary(max_size=70), st.binary(max_size=9)
)
def test_checking_any_octets_never_raises(mechanism: int, side: str, octets: bytes, stoc: bytes, title: bytes) -> None:
    about = Handshake(mechanism, b"K56iVagY", stoc, title, ecc.SERVER_TITLE)
    assert check(about, side, octets, KEYS).status in (WRONG, UNCHECKED, UNSUPPORTED)


@pytest.mark.parametrize("mechanism", ALL)
def test_no_text_holds_a_key(mechanism: int) -> None:
    about = handshake(mechanism)
    texts = repr(KEYS) + "".join(check(about, side, bytes(17), KEYS).text for side in SIDES)
    for secret in (EK, AK, b"SecretHLSpasswd1"):
        assert secret.hex() not in texts.lower() and repr(secret) not in texts and secret.decode("latin-1") not in texts
