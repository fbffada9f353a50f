"""Names that are made: one for each, and none that is another meter's."""

from __future__ import annotations

import pytest

from analyzer.rewrite.pseudonyms import Pseudonyms

SECRET = b"the secret of one export"


@pytest.mark.parametrize("value", [b"52100071", bytes.fromhex("4D4D4D0000BC614E"), bytes.fromhex("0102030405060708FF")])
def test_made_name_is_none_that_another_meter_has(value: bytes) -> None:
    other = Pseudonyms(SECRET).string(value)
    names = Pseudonyms(SECRET)
    assert names.string(other) != other
    assert names.string(value) not in (other, value)
    assert set(names.replaced) == {value, other}


def test_name_that_stands_for_another_one_already_is_not_sought() -> None:
    names = Pseudonyms(SECRET)
    made = names.text(b"52100071")
    assert names.text(made) not in (made, b"52100071")
    assert set(names.replaced) == {b"52100071"}
    assert names.text(b"52100071") == made


def test_no_two_names_become_one_as_long_as_there_are_others() -> None:
    names = Pseudonyms(SECRET)
    assert len({names.text(b"%03d" % number) for number in range(500)}) == 500
    assert len(names.text(b"7")) == 1
    assert [len(names.text(b"%d" % number)) for number in range(10)] == [1] * 10
