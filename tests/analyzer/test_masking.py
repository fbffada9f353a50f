"""A password is masked wherever a tree is read; a challenge and the octets of the capture stay."""

from __future__ import annotations

import json

import pytest

from analyzer.detail import detail
from analyzer.export.json_lines import JsonLines
from analyzer.export.text import TextLines
from analyzer.record import Record
from analyzer.tracking.findings import finding
from dissectors.acse import Aarq
from dissectors.characters import MASKED as MASK
from dissectors.reader import node_form
from dissectors.xdlms.initiate import InitiateRequest
from tests.analyzer.tracking.build import asked, decode, in_frames, in_general_blocks, wrapped

PASSWORD = b"12345678"


def aarq(mechanism: str | None) -> bytes:
    named = {"mechanism_name": f"2.16.756.5.8.2.{mechanism}"} if mechanism is not None else {}
    value = ("charstring", PASSWORD)
    return bytes(Aarq(**named, calling_authentication_value=value, user_information=InitiateRequest()))


def texts(record: Record) -> list[str]:
    """The record as text with its tree: by the fast writers, and by the trees that carry notes."""
    plain = TextLines(lambda: 9, tree=True, utc=True).line(record)
    layers = json.dumps([node_form(node) for node in detail(record)])
    line = json.loads(JsonLines(lambda: 9, layers=True).line(record))
    assert line["layers"] == json.loads(layers)
    return [plain, layers]


@pytest.mark.parametrize("carrier", [wrapped, in_frames, in_general_blocks])
@pytest.mark.parametrize("mechanism", ["1", None])
def test_password_is_masked_on_every_carrier(mechanism: str | None, carrier: object) -> None:
    records = decode(carrier([asked(aarq(mechanism))]))  # type: ignore[operator]
    plain, layers = texts(records[-1])
    if carrier is not in_general_blocks:  # the octets of blocks are those of the capture
        assert PASSWORD.hex().upper() not in plain
    assert f"value: {MASK}" in plain
    assert layers.count(f'"value": "{MASK}"') == 1


@pytest.mark.parametrize("mechanism", ["2", "5", "7", "10"])
def test_challenge_stays(mechanism: str) -> None:
    plain, layers = texts(decode(wrapped([asked(aarq(mechanism))]))[0])
    assert PASSWORD.hex().upper() in plain
    assert MASK not in plain + layers


def test_aarq_without_authentication_has_nothing_to_mask() -> None:
    plain, layers = texts(decode(wrapped([asked(bytes(Aarq(user_information=InitiateRequest())))]))[0])
    assert MASK not in plain + layers


def test_record_with_notes_masks_its_password_too() -> None:
    record = decode(wrapped([asked(aarq("1"))]))[0]
    record.add_note(finding("comment", "a note makes the tree come from nodes", 0, 0))
    plain, _ = texts(record)
    assert f"value: {MASK}" in plain


def test_password_of_an_aarq_that_breaks_off_is_masked_too() -> None:
    whole = aarq("1")
    octets = in_frames([asked(whole[: whole.index(PASSWORD) + len(PASSWORD) + 3])])
    plain, layers = texts(decode(octets)[0])
    assert PASSWORD.hex().upper() not in plain + layers
    assert f"value: {MASK}" in plain
