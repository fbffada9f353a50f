"""APDU tags: the table of the fact pack, and openings that are ruled out."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dissectors.reader  # noqa: F401 -- registers every layer
from analyzer.framing.tags import APDU_TAGS, GATEWAY_TAGS, OPENING_LENGTH, opens_as_apdu
from dissectors.registry import FAMILIES
from tests.analyzer.framing.build import AARQ, GET_REQUEST, GET_RESPONSE


def test_tags_are_those_of_the_fact_pack(corpus: Path) -> None:
    table = corpus.parent / "reference" / "apdu.toml"
    # ABRT is an APDU of ACSE that the table of xDLMS APDUs lacks
    assert {entry["tag"] for entry in tomllib.loads(table.read_text())["apdu"]} | {0x64} == APDU_TAGS


def test_tags_are_those_that_the_dissectors_read() -> None:
    # The dissectors also read, as a quirk of one stack, 00: no lane is known by it. The gateway's prefix is no APDU to them.
    assert FAMILIES.keys() - {0x00} == APDU_TAGS - GATEWAY_TAGS


def test_apdus_of_the_fact_pack_open_as_apdus(corpus: Path) -> None:
    vectors = tomllib.loads((corpus.parent / "reference" / "vectors_app.toml").read_text())["vector"]
    octets = [bytes.fromhex(entry["hex"]) for entry in vectors]
    refused = [one.hex() for one in octets if not opens_as_apdu(one, 0, len(one)) and one[0] not in (0x01, 0x10)]
    assert refused == []


@pytest.mark.parametrize(
    "octets",
    [AARQ, GET_REQUEST, GET_RESPONSE, bytes.fromhex("D80106"), bytes.fromhex("050102FA08")],
)
def test_apdu_opens_as_one(octets: bytes) -> None:
    assert opens_as_apdu(octets, 0, len(octets))


@pytest.mark.parametrize(
    "octets",
    [
        AARQ[:-1],
        AARQ + b"\x00",
        b"\xc0\x09" + GET_REQUEST[2:],
        b"\xd8\x01\x01\x01",
        b"\x0f\x00\x00\x00\x01\x77\x00",
        b"\xdb\x09" + bytes(20),
        b"\x05\x00\x00",
        b"\x7e\xa0\x07",
        b"\xc0\x01",
        b"\x0e\x01",
        b"\xe6\x00",
        b"",
    ],
)
def test_other_octets_do_not_open_as_an_apdu(octets: bytes) -> None:
    assert not opens_as_apdu(octets, 0, len(octets))


@given(st.binary(max_size=20), st.integers(0, 25), st.integers(0, 70_000))
def test_opening_looks_at_few_octets_and_never_raises(octets: bytes, start: int, length: int) -> None:
    opens = opens_as_apdu(octets, start, length)
    assert opens is opens_as_apdu(octets[: start + OPENING_LENGTH], start, length)
