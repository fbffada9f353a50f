"""Signed and verified is right; a flipped bit is not; general-signing is checked in both of its forms."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.security import signatures
from analyzer.security.elliptic_keys import SIZES, EllipticKey
from analyzer.security.signatures import (
    UNCHECKED,
    VALUE_ONLY,
    VERIFIED,
    WITH_LENGTH,
    WRONG,
    SignatureVerdict,
    read_signed,
    sign,
    verify,
    verify_general_signing,
)
from tests.analyzer.security import ecc

CURVE = st.sampled_from(ecc.CURVES)
CONTENT = bytes.fromhex("C0 01 C1 0008 0000010000FF 02 00")
HEADER = bytes.fromhex("08 0000000000000001 08") + ecc.CLIENT_TITLE + b"\x08" + ecc.SERVER_TITLE + bytes(2)


def signed_apdu(pair: EllipticKey, form: str, content: bytes = CONTENT) -> bytes:
    covered = HEADER + (bytes((len(content),)) if form == WITH_LENGTH else b"") + content
    return apdu(sign(pair, covered), content)


def apdu(signature: bytes, content: bytes = CONTENT) -> bytes:
    return b"\xdf" + HEADER + bytes((len(content),)) + content + bytes((len(signature),)) + signature


@given(CURVE, st.binary(max_size=100))
def test_signature_verifies_with_the_public_key(curve: str, message: bytes) -> None:
    pair = ecc.key(curve, 1)
    signature = sign(pair, message)
    assert len(signature) == 2 * SIZES[curve]
    assert verify(ecc.public_only(pair), message, signature)
    assert not verify(ecc.key(curve, 2), message, signature)


@given(CURVE, st.binary(min_size=1, max_size=60), st.data())
def test_signature_over_flipped_bit_is_refused(curve: str, message: bytes, data: st.DataObject) -> None:
    pair = ecc.key(curve, 1)
    whole = bytearray(sign(pair, message) + message)
    bit = data.draw(st.integers(0, len(whole) * 8 - 1))
    whole[bit // 8] ^= 1 << bit % 8
    size = 2 * SIZES[curve]
    assert not verify(pair, bytes(whole[size:]), bytes(whole[:size]))


@given(CURVE, st.binary(max_size=97))
def test_verifying_any_octets_never_raises(curve: str, signature: bytes) -> None:
    assert not verify(ecc.key(curve, 1), b"message", signature)


@pytest.mark.parametrize("filler", [b"\x00", b"\xff"])
@pytest.mark.parametrize("curve", ecc.CURVES)
def test_signature_of_numbers_out_of_range_is_refused(curve: str, filler: bytes) -> None:
    assert not verify(ecc.key(curve, 1), b"message", filler * 2 * SIZES[curve])


def test_signing_with_a_public_key_raises() -> None:
    with pytest.raises(ValueError, match="private key"):
        sign(ecc.public_only(ecc.key("P-256", 1)), b"")


def test_library_without_repeatable_signatures_still_signs(monkeypatch: pytest.MonkeyPatch) -> None:
    from cryptography.hazmat.primitives.asymmetric import ec

    original = ec.ECDSA

    def old(algorithm: object, **options: object) -> object:
        if options:
            raise TypeError("unexpected keyword argument")
        return original(algorithm)  # type: ignore[arg-type]

    monkeypatch.setattr(ec, "ECDSA", old)
    pair = ecc.key("P-256", 1)
    assert verify(pair, b"message", sign(pair, b"message"))


@pytest.mark.parametrize("form", [WITH_LENGTH, VALUE_ONLY])
@pytest.mark.parametrize("curve", ecc.CURVES)
def test_general_signing_says_which_form_it_covers(curve: str, form: str) -> None:
    pair = ecc.key(curve, 1)
    other = ecc.public_only(ecc.key(curve, 2))
    verdict = verify_general_signing(signed_apdu(pair, form), [other, ecc.public_only(pair)])
    assert verdict == SignatureVerdict(VERIFIED, form)


def test_long_content_counts_both_of_its_length_octets() -> None:
    pair = ecc.key("P-256", 1)
    content = bytes.fromhex("C1 01 C1 0008 0000010000FF 02 00 09 81C8") + bytes(200)
    length = bytes.fromhex("81") + bytes((len(content),))
    octets = b"\xdf" + HEADER + length + content + b"\x40" + sign(pair, HEADER + length + content)
    assert verify_general_signing(octets, [pair]) == SignatureVerdict(VERIFIED, WITH_LENGTH)


def _turned(pair: EllipticKey) -> bytes:
    signature = sign(pair, HEADER + bytes((len(CONTENT),)) + CONTENT)
    return apdu(signature[32:] + signature[:32])


@pytest.mark.parametrize(
    ("make", "status", "text"),
    [
        (lambda pair: apdu(sign(pair, b"something else")), WRONG, "another key, or altered octets"),
        (_turned, WRONG, "r and s stand the other way round"),
        (lambda pair: apdu(sign(pair, CONTENT)), WRONG, "covers the content alone"),
        (lambda pair: apdu(sign(pair, b"\xdf" + HEADER + CONTENT)), WRONG, "covers the APDU's tag too"),
        (lambda pair: apdu(bytes(70)), WRONG, "70 octets where 64 or 96 belong"),
        (lambda pair: apdu(b""), UNCHECKED, "holds no signature"),
        (lambda pair: b"\xdf" + HEADER + bytes((len(CONTENT),)) + CONTENT, UNCHECKED, "holds no signature"),
        (lambda pair: apdu(bytes(96)), UNCHECKED, "only keys on P-256"),
        (lambda pair: apdu(bytes(64))[:-1], UNCHECKED, "breaks off"),
        (lambda pair: apdu(bytes(64)) + b"\0", UNCHECKED, "breaks off"),
        (lambda pair: b"\xdd" + apdu(bytes(64))[1:], UNCHECKED, "breaks off"),
    ],
)  # fmt: skip
def test_general_signing_that_does_not_verify_says_why(make: object, status: str, text: str) -> None:
    pair = ecc.key("P-256", 1)
    verdict = verify_general_signing(make(pair), [pair])  # type: ignore[operator]
    assert verdict.status == status
    assert text in verdict.text


def test_general_signing_without_a_key_is_unchecked() -> None:
    octets = signed_apdu(ecc.key("P-256", 1), WITH_LENGTH)
    assert verify_general_signing(octets, []) == SignatureVerdict(UNCHECKED, "", "no key of the originator")


@given(st.binary(max_size=120))
def test_reading_any_octets_as_signed_never_raises(octets: bytes) -> None:
    found = read_signed(b"\xdf" + octets)
    assert found is None or b"".join(found[:3]) in octets
    assert signatures.verify_general_signing(b"\xdf" + octets, [ecc.key("P-256", 1)]).status in (UNCHECKED, WRONG)
