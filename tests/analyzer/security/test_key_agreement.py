"""Both sides agree on the same key; the Green Book's numbers come out; what cannot agree is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.security.elliptic_keys import CURVE_OF_SUITE, EllipticKey, read_key
from analyzer.security.key_agreement import (
    DLMS_ALGORITHMS,
    GBCS_ALGORITHMS,
    ONE_PASS,
    STATIC_UNIFIED,
    WRAP,
    Parties,
    agreed_keys,
    derive,
    shared_secret,
    split_ephemeral,
    verify_ephemeral,
)
from analyzer.security.refused import Refused
from analyzer.security.signatures import sign
from tests.analyzer.security import ecc

Z1 = bytes.fromhex("0D4385BA0DD756CBCAB9887EB538396EE8F090A14C1079B4359F115B977F4615")
Z2 = bytes.fromhex("2B4302DC49790E2E78D990CFB52ED6E2F273DECE441A2D95E4301B93812A9FAC")
CLIENT, SERVER = ecc.CLIENT_TITLE, ecc.SERVER_TITLE


@pytest.mark.parametrize(
    ("secret", "suite", "parties", "key"),
    [
        (Z1, 1, Parties(SERVER, CLIENT), "59A71FD81C929A86A99438DA17A66C05"),
        (Z2, 1, Parties(CLIENT, SERVER), "F0184BDA9466BFA4601A64A7EF46504A"),
        (Z1, 1, Parties(SERVER, CLIENT, bytes(range(1, 9))), "A6D88F0CBBC5041EFA15863BCB0E0319"),
        (bytes(range(48)), 2, Parties(SERVER, CLIENT),
         "769B28CFA13831A3AA2AAAE6A6BE01C5FABC7CCE2A2EA3FEFC87240BC263C7FC"),
    ],
    ids=["green-book", "green-book-reverse", "static-unified", "suite-2"],
)  # fmt: skip
def test_worked_number_comes_out(secret: bytes, suite: int, parties: Parties, key: str) -> None:
    assert derive(secret, suite, parties) == bytes.fromhex(key)


@given(st.sampled_from((1, 2)), st.sampled_from((ONE_PASS, STATIC_UNIFIED)), st.binary(max_size=20))
def test_both_sides_agree_on_the_same_key(suite: int, parameters: bytes, transaction: bytes) -> None:
    one, other = (ecc.key(CURVE_OF_SUITE[suite], number) for number in (1, 2))
    parties = Parties(CLIENT, SERVER, transaction)
    mine = agreed_keys(parameters, suite, parties, [(one, ecc.public_only(other))])
    theirs = agreed_keys(parameters, suite, parties, [(other, ecc.public_only(one))])
    assert mine == theirs
    assert [found.algorithms for found in mine] == [DLMS_ALGORITHMS, GBCS_ALGORITHMS]
    assert {len(found.key) for found in mine} == {16 * suite}
    assert len({found.key for found in mine}) == 2


def test_transaction_counts_in_the_static_model_alone() -> None:
    pair = (ecc.key("P-256", 1), ecc.public_only(ecc.key("P-256", 2)))
    with_and_without = [Parties(CLIENT, SERVER, bytes(8)), Parties(CLIENT, SERVER, bytes(9))]
    one_pass = {agreed_keys(ONE_PASS, 1, parties, [pair])[0].key for parties in with_and_without}
    static = {agreed_keys(STATIC_UNIFIED, 1, parties, [pair])[0].key for parties in with_and_without}
    assert (len(one_pass), len(static)) == (1, 2)


def test_key_for_wrapping_differs_from_key_for_ciphering() -> None:
    parties = Parties(CLIENT, SERVER)
    assert derive(Z1, 1, parties) != derive(Z1, 1, parties, purpose=WRAP)


def test_suite_without_agreement_is_refused() -> None:
    assert derive(Z1, 0, Parties(CLIENT, SERVER)) == Refused("security suite 0 has no key agreement")


def test_secret_needs_a_private_key_on_the_same_curve() -> None:
    one, other, third = ecc.key("P-256", 1), ecc.key("P-256", 2), ecc.key("P-384", 1)
    assert shared_secret(ecc.public_only(one), other) == Refused("no private key of either party")
    assert shared_secret(one, third) == Refused("a key on P-256 and one on P-384")
    assert shared_secret(one, other) == shared_secret(other, one)


def test_pair_that_cannot_agree_is_passed_over() -> None:
    one, other, third = ecc.key("P-256", 1), ecc.public_only(ecc.key("P-256", 2)), ecc.key("P-384", 1)
    pairs: list[tuple[EllipticKey, EllipticKey]] = [(other, other), (third, other), (third, third), (one, other)]
    assert len(agreed_keys(ONE_PASS, 1, Parties(CLIENT, SERVER), pairs)) == 2
    assert agreed_keys(b"\x03", 1, Parties(CLIENT, SERVER), pairs) == []
    assert agreed_keys(ONE_PASS, 0, Parties(CLIENT, SERVER), pairs) == []


def test_repr_of_an_agreed_key_hides_it() -> None:
    found = agreed_keys(ONE_PASS, 1, Parties(CLIENT, SERVER), [(ecc.key("P-256", 1), ecc.key("P-256", 2))])[0]
    assert found.key.hex() not in repr(found) and repr(found.key) not in repr(found)


def test_ephemeral_key_of_the_green_book_is_signed_with_its_key_id() -> None:
    signer = read_key(
        b"BAAFFDE06A8CB1C9DAE8D94023C601DBBB249254BA22EDD827E820BCA2BCC643"
        b"62FBB83D86A82B87BB8B7161D2AAB5521911A946B97A284A90F7785CD9047D25"
    )
    data = bytes.fromhex(
        "2914D60E10AB705F62ED6CC349D7CB99B9AB3F3978E59278C7AF595B3AF98794"
        "1372DAB6D5AF1FA867E134167E6F23DE664A6693E05F43414611058D1B48F894"
        "06F0607702AA0E2435A183E2F6B1ECD19629712E389A213610C03F77B2590860"
        "EA840AF5C3FA1F2BCDF055D4744E9A01CE9A0E55026BCAA4EEBEB764CED64BB3"
    )
    parts = split_ephemeral(data)
    assert isinstance(signer, EllipticKey) and parts is not None
    assert verify_ephemeral(signer, *parts, key_id=0)
    assert not verify_ephemeral(signer, *parts, key_id=1)
    assert not verify_ephemeral(signer, *parts)


@pytest.mark.parametrize("curve", ecc.CURVES)
def test_ephemeral_key_of_general_ciphering_is_signed_alone(curve: str) -> None:
    signer, ephemeral = ecc.key(curve, 1), ecc.key(curve, 2)
    parts = split_ephemeral(ephemeral.public + sign(signer, ephemeral.public))
    assert parts is not None
    assert verify_ephemeral(signer, *parts)
    assert not verify_ephemeral(signer, *parts, key_id=0)


@given(st.integers(0, 300).filter(lambda size: size not in (128, 192)))
def test_data_of_another_length_holds_no_ephemeral_key(size: int) -> None:
    assert split_ephemeral(bytes(size)) is None
