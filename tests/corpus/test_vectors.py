"""The vectors of the corpus: healthy ones decode whole, broken ones as far as their octets go."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from analyzer.detail import detail
from analyzer.export.text import TextLines
from tests.corpus import vectors


def test_healthy_vectors_decode_whole(corpus: Path) -> None:
    verdicts = [one for one in vectors.verdicts(corpus) if one.theme != "broken"]
    wrong = {one.id: one.reason for one in verdicts if not one.is_right and one.id not in vectors.EXPLAINED}
    assert wrong == {}
    assert len(verdicts) >= 226


def test_explained_vectors_still_need_their_reason(corpus: Path) -> None:
    wrong = {one.id for one in vectors.verdicts(corpus) if not one.is_right}
    assert set(vectors.EXPLAINED) <= wrong


def test_vector_that_holds_several_records_shows_each(corpus: Path) -> None:
    found = {one.id: one.records for one in vectors.verdicts(corpus)}
    assert found["at-lg-e450-ir-stream-4-with-junk"] == 5


@pytest.mark.parametrize("is_broken", [False, True], ids=["healthy", "broken"])
def test_every_vector_gives_json_that_parses_text_and_trees(corpus: Path, is_broken: bool) -> None:
    count = 0
    for entry in vectors.covered(corpus):
        if (entry["theme"] == "broken") is not is_broken:
            continue
        records = vectors.decode(vectors.text_of(entry))
        assert records, entry["id"]
        text = TextLines(lambda: 9, tree=True, octets=True, utc=True)
        for record, line in zip(records, vectors.json_lines(records), strict=True):
            assert line["octets"] == record.octets.hex().upper(), entry["id"]
            assert text.line(record).startswith(f"{record.number:>6}  "), entry["id"]
            assert detail(record), entry["id"]
        count += 1
    assert count >= (44 if is_broken else 226)


def test_octets_of_every_vector_are_all_in_records(corpus: Path) -> None:
    # Flags that two frames share, or that only fill time, belong to no record.
    for entry in vectors.covered(corpus):
        given = b"".join(bytes.fromhex(_digits(line)) for line in vectors.text_of(entry).splitlines())
        found = b"".join(record.octets for record in vectors.decode(vectors.text_of(entry)))
        idle = b"\x7e"
        if entry["theme"] == "iec62056_21" or entry["transport"].startswith("62056-21"):
            # empty lines fill time, and a message that waits for its end comes after the other side's
            idle += b"\r\n"
            given, found = bytes(sorted(given)), bytes(sorted(found))
        assert found.translate(None, idle) == given.translate(None, idle), entry["id"]


def test_gbcs_messages_decode_whole_to_what_is_inside(corpus: Path) -> None:
    messages = vectors.gbcs(corpus)
    records = vectors.decode("\n".join(one["hex"] for one in messages), {"record": "apdu"})
    assert len(records) == len(messages) == 593
    assert vectors.faults(records) == []
    inside = [_signed(line["apdu"]) for line in vectors.json_lines(records, layers=False)]
    assert sum(isinstance(one, str) for one in inside) == 100  # DER certificates and ZigBee messages
    names = [next(iter(one)) for one in inside if not isinstance(one, str)]
    assert {name: names.count(name) for name in names} == {
        "access-request": 263,
        "access-response": 193,
        "data-notification": 37,
    }
    assert all(not vectors.undecoded_inside(one) for one in inside)


def test_gbcs_messages_under_general_ciphering_name_their_closed_form(corpus: Path) -> None:
    messages = vectors.gbcs(corpus)
    records = vectors.decode("\n".join(one["hex"] for one in messages), {"record": "apdu"})
    for message, line in zip(messages, vectors.json_lines(records, layers=False), strict=True):
        is_closed = message["hex"].upper().startswith("DD")
        assert ("ciphered" in line) is is_closed, message["name"]
        if is_closed:
            assert line["ciphered"]["apdu"] == "general-ciphering"
            assert line["ciphered"]["status"] == "plaintext-unverified"


def _digits(line: str) -> str:
    return line.partition(": ")[2] if ": " in line else line


def _signed(apdu: object) -> object:
    assert isinstance(apdu, dict), json.dumps(apdu)
    return apdu["general-signing"]["content"]
