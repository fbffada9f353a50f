"""Block transfers of every service in every carrier: the normal form comes out once, whole, at the last block."""

from __future__ import annotations

import pytest

from analyzer.record import APDU, PART, Record
from dissectors.reader import apdu_json
from tests.analyzer.tracking.build import CARRIERS, answered, asked, codes, decode, octets_of
from tests.analyzer.tracking.services import TRANSFERS
from tests.corpus.vectors import undecoded_inside

SHORT_NAMES = ("read", "read_request", "write")


def _assembled(records: list[Record]) -> list[str]:
    return [octets_of(one.assembled) for one in records if one.assembled is not None]


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize("service", TRANSFERS)
def test_blocks_of_a_service_come_to_its_normal_form(service: str, carrier: str) -> None:
    transfer = TRANSFERS[service]
    records = decode(CARRIERS[carrier](transfer.said))
    assert _assembled(records) == [transfer.assembled.hex()]
    assert codes(records) == []


@pytest.mark.parametrize("service", TRANSFERS)
def test_normal_form_of_a_transfer_reads_without_a_hole(service: str) -> None:
    assert not undecoded_inside(apdu_json(TRANSFERS[service].assembled))


@pytest.mark.parametrize("service", TRANSFERS)
def test_blocks_before_the_last_are_parts_of_the_first(service: str) -> None:
    records = decode(CARRIERS["wrapper"](TRANSFERS[service].said))
    whole = next(one for one in records if one.assembled is not None)
    assert whole.kind == APDU
    assert whole.part_of is None
    *before, last = whole.parts
    assert last == whole.number
    parts = [records[number - 1] for number in before]
    assert {one.kind for one in parts} == {PART}
    assert {one.part_of for one in parts} == {whole.parts[0]}
    assert [one.number for one in records if one.kind == PART] == before


@pytest.mark.parametrize("service", TRANSFERS)
def test_every_answer_of_a_transfer_belongs_to_the_request_before_it(service: str) -> None:
    records = decode(CARRIERS["wrapper"](TRANSFERS[service].said))
    answers = [one for one in records if one.direction == "response"]
    assert answers
    assert [one.request for one in answers] == [one.number - 1 for one in answers]
    assert all(one.latency_ns == 1_000_000 for one in answers)


@pytest.mark.parametrize("service", [name for name in TRANSFERS if name not in SHORT_NAMES])
def test_every_block_of_a_transfer_is_about_the_objects_of_the_first(service: str) -> None:
    records = decode(CARRIERS["wrapper"](TRANSFERS[service].said))
    assert {one.objects for one in records} == {records[0].objects}
    assert records[0].objects


def test_every_answer_to_blocks_of_a_short_name_is_about_that_name() -> None:
    records = decode(CARRIERS["wrapper"](TRANSFERS["read"].said))
    assert {one.objects for one in records} == {records[0].objects}


def test_blocks_of_a_write_are_not_about_what_was_read_before_and_its_answer_is_about_what_they_name() -> None:
    write = TRANSFERS["write"].said
    records = decode(
        CARRIERS["wrapper"]([asked(bytes.fromhex("0501020A08")), answered(bytes.fromhex("0C010005")), *write])
    )
    whole = next(one for one in records if one.assembled is not None)
    assert records[0].objects and whole.objects and whole.objects != records[0].objects
    assert {one.objects for one in records if 2 < one.number < whole.number} == {()}
    assert {one.objects for one in records if one.number >= whole.number} == {whole.objects}


@pytest.mark.parametrize("service", TRANSFERS)
def test_last_block_that_comes_again_is_said_and_not_joined(service: str) -> None:
    transfer = TRANSFERS[service]
    carried = CARRIERS["wrapper"](transfer.said)
    at = next(one.number for one in decode(carried) if one.assembled is not None) - 1
    records = decode([*carried[: at + 1], carried[at], *carried[at + 1 :]])
    assert _assembled(records) == [transfer.assembled.hex()]
    assert codes(records) == ["block-repeated"]


@pytest.mark.parametrize("service", TRANSFERS)
def test_lost_block_is_said_and_nothing_false_is_assembled(service: str) -> None:
    transfer = TRANSFERS[service]
    carried = CARRIERS["wrapper"](transfer.said)
    numbers = next(one.parts for one in decode(carried) if one.assembled is not None)
    lost = numbers[1] - 1
    records = decode([*carried[:lost], *carried[lost + 1 :]])
    assert _assembled(records) == []
    assert codes(records) == ["block-lost"]


@pytest.mark.parametrize("service", TRANSFERS)
def test_transfer_that_never_completes_says_how_far_it_came(service: str) -> None:
    transfer = TRANSFERS[service]
    carried = CARRIERS["wrapper"](transfer.said)
    numbers = next(one.parts for one in decode(carried) if one.assembled is not None)
    records = decode(carried[: numbers[-1] - 1])
    incomplete = [one for one in records if one.incomplete is not None]
    assert [one.number for one in incomplete] == [numbers[-2]]
    assert _assembled(records) == []
