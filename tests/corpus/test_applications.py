"""The APDU vectors of the reference, through the command line."""

from __future__ import annotations

import json
from pathlib import Path

from tests.corpus import applications


def test_every_apdu_vector_is_printed_exactly(corpus: Path) -> None:
    assert len(applications.listed(corpus)) == applications.COUNT
    assert applications.differences(corpus) == {}


def test_two_single_blocks_after_one_another_are_joined(corpus: Path) -> None:
    named = {one["name"]: one["hex"] for one in applications.listed(corpus)}
    first, last = applications.printed([named["gbt-first"], named["gbt-last"]])
    assert first["kind"] == "part"
    assert last["parts"] == [1, 2]


def test_vectors_that_are_authenticated_only_are_shown_open(corpus: Path) -> None:
    opened = [one for one in applications.listed(corpus) if "closed" in one]
    assert opened
    for one in opened:
        (line,) = applications.printed([one["hex"]])
        ((name, members),) = json.loads(one["closed"]).items()
        plaintext = members.pop("ciphered")
        assert line["protection"][0] == {"type": name, **members, "status": "plaintext-unverified"}, one["name"]
        assert line["ciphered"]["apdu"] == name
        assert line["ciphered"]["plaintext"] == plaintext
