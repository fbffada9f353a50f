"""Enciphering against numbers that others published, and against numbers computed by hand."""

import dataclasses

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from analyzer.simulate.ciphering import SUITES, Seal, derive, is_signed, point, protect, sign, wrap_key
from analyzer.simulate.secured import Side
from analyzer.simulate.security import Mechanism, Security, published_keys
from analyzer.simulate.sent import TO_CLIENT, TO_METER

EK, AK = bytes(range(16)), bytes(range(0xD0, 0xE0))
TITLE, COUNTER = bytes.fromhex("4D4D4D0000BC614E"), 0x01234567
PLAIN = bytes.fromhex("C0010000080000010000FF0200")


@pytest.mark.parametrize(
    ("control", "expected"),
    [
        (0x10, "1001234567 C0010000080000010000FF0200 06725D910F9221D263877516"),
        (0x20, "2001234567 411312FF935A47566827C467BC"),
        (0x30, "3001234567 411312FF935A47566827C467BC 7D825C3BE4A77C3FCC056B6B"),
        (0x31, "3101234567 411312FF935A47566827C467BC E8691C99484B00B2449055B5"),
        (0x70, "7001234567 411312FF935A47566827C467BC A5527490DFB85F5DE94ADCC8"),
        (0x00, "0001234567 C0010000080000010000FF0200"),
    ],
)
def test_request_of_the_green_book_is_protected_as_printed(control: int, expected: str) -> None:
    assert protect(PLAIN, Seal(control, EK, AK, TITLE), COUNTER) == bytes.fromhex(expected)


def test_request_in_suite_2_uses_the_long_keys() -> None:
    seal = Seal(0x32, bytes(range(32)), bytes(range(0xD0, 0xF0)), TITLE)
    expected = "3201234567 E82B2AD3EE8C12A6FB27038F08 442193498C6A53DE55EEB9D2"
    assert protect(PLAIN, seal, COUNTER) == bytes.fromhex(expected)


def test_header_is_covered_by_the_tag_and_changes_nothing_else() -> None:
    seal = Seal(0x30, EK, AK, TITLE)
    bare, headed = protect(PLAIN, seal, COUNTER), protect(PLAIN, seal, COUNTER, b"\x01\x02")
    assert bare[:-12] == headed[:-12]
    assert bare[-12:] != headed[-12:]


@pytest.mark.parametrize(
    ("length", "key", "wrapped"),
    [
        (16, "00112233445566778899AABBCCDDEEFF", "1FA68B0A8112B447AEF34BD8FB5A7B829D3E862371D2CFE5"),
        (
            32,
            "00112233445566778899AABBCCDDEEFF000102030405060708090A0B0C0D0E0F",
            "28C9F404C4B810F4CBCCB35CFB87F8263F5786E2D80ED326CBC7F0E71A99F43BFB988B9B7A02DD21",
        ),
    ],
)
def test_key_is_wrapped_as_in_rfc_3394(length: int, key: str, wrapped: str) -> None:
    assert wrap_key(bytes.fromhex(key), bytes(range(length))).hex().upper() == wrapped


@pytest.mark.parametrize(
    ("suite", "secret", "parties", "key"),
    [
        (1, "0D4385BA0DD756CBCAB9887EB538396EE8F090A14C1079B4359F115B977F4615",
         "4D4D4D0000BC614E 4D4D4D0000000001", "59A71FD81C929A86A99438DA17A66C05"),
        (1, "2B4302DC49790E2E78D990CFB52ED6E2F273DECE441A2D95E4301B93812A9FAC",
         "4D4D4D0000000001 4D4D4D0000BC614E", "F0184BDA9466BFA4601A64A7EF46504A"),
        (1, "0D4385BA0DD756CBCAB9887EB538396EE8F090A14C1079B4359F115B977F4615",
         "4D4D4D0000BC614E 08 0102030405060708 4D4D4D0000000001", "A6D88F0CBBC5041EFA15863BCB0E0319"),
        (2, bytes(range(48)).hex(), "4D4D4D0000BC614E 4D4D4D0000000001",
         "769B28CFA13831A3AA2AAAE6A6BE01C5FABC7CCE2A2EA3FEFC87240BC263C7FC"),
    ],
)  # fmt: skip
def test_key_is_derived_as_published(suite: int, secret: str, parties: str, key: str) -> None:
    found = derive(bytes.fromhex(secret), SUITES[suite], bytes.fromhex(parties))
    assert found.hex().upper() == key


@pytest.mark.parametrize("suite", [1, 2])
def test_signature_has_full_length_and_is_of_its_octets_only(suite: int) -> None:
    key = published_keys(suite).client_signing
    signature = sign(b"octets", key, SUITES[suite])
    assert len(signature) == 2 * SUITES[suite].coordinate == len(point(key.public_key()))
    assert is_signed(b"octets", signature, key.public_key(), SUITES[suite])
    assert not is_signed(b"Octets", signature, key.public_key(), SUITES[suite])
    assert isinstance(key, ec.EllipticCurvePrivateKey)


CHALLENGE_OF_CLIENT, CHALLENGE_OF_METER = b"K56iVagY", b"P6wRJ21F"
PROOFS = {
    Mechanism.HLS_MD5: ("D6E5AA24F0606AA24329B0FD61932BF6", "F2C30AF998A31A52F3C42C7F6C2E25EF"),
    Mechanism.HLS_SHA1: ("E02CE7CA3A189F50B75D1F0561E618D7D9D749ED", "84926FC2701BF9AC984659AF97C0861B483A82E9"),
    Mechanism.HLS_GMAC: ("10000000011A52FE7DD3E72748973C1E28", "1001234567FE1466AFB3DBCD4F9389E2B7"),
    Mechanism.HLS_SHA256: (
        "EACC238D33F723288B43A21FB80E502CB6E91657A24F2DC2449097E3BC29E82C",
        "53913B8F78AC74F285979836CCCAC92368A30A578385A38ED3C4D9F4F5B42D6C",
    ),
}


@pytest.mark.parametrize("mechanism", PROOFS)
def test_challenges_are_answered_as_published(mechanism: Mechanism) -> None:
    security = Security(mechanism=mechanism, server_counter=COUNTER)
    client, meter = Side(security, TO_METER), Side(security, TO_CLIENT)
    of_client, of_meter = (bytes.fromhex(text) for text in PROOFS[mechanism])
    assert client.prove(CHALLENGE_OF_CLIENT, CHALLENGE_OF_METER) == of_client
    assert meter.prove(CHALLENGE_OF_METER, CHALLENGE_OF_CLIENT) == of_meter
    assert meter.believes(of_client, CHALLENGE_OF_METER, CHALLENGE_OF_CLIENT)
    assert client.believes(of_meter, CHALLENGE_OF_CLIENT, CHALLENGE_OF_METER)
    assert not client.believes(of_client, CHALLENGE_OF_CLIENT, CHALLENGE_OF_METER)


def test_ecdsa_covers_titles_and_challenges_of_both() -> None:
    security = Security(keys=published_keys(1), mechanism=Mechanism.HLS_ECDSA)
    client, meter = Side(security, TO_METER), Side(security, TO_CLIENT)
    own, other = client.challenge(), meter.challenge()
    assert len(own) == 32
    proof = client.prove(own, other)
    assert meter.believes(proof, other, own)
    assert not meter.believes(proof, own, other)


def test_repr_of_security_and_keys_shows_no_key() -> None:
    shown = repr(Security()) + repr(published_keys(0))
    assert "SecretHLS" not in shown
    assert "keys" not in shown
    assert all(one.name in ("keys", "secret") or one.repr for one in dataclasses.fields(Security))
