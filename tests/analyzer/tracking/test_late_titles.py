"""A title that comes after the APDU whose key it names: the AARQ waits for the AARE, and the capture is read once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import pytest

from analyzer.pipeline import Pipeline
from analyzer.record import Record
from analyzer.security.keyring import Keyring, Meter
from analyzer.security.keys import Key
from analyzer.simulate.security import KeySource
from analyzer.tracking.knowledge import Knowledge
from analyzer.tracking.protection import Protection
from captures.chunk import Chunk
from tests.analyzer.tracking.build import ListSource, Said, asked, chunk, wrapped
from tests.analyzer.tracking.secured import causes, said, secrets, security_of, session, statuses

METERS, BEHIND = 40, 3000


def many_meters(security: object) -> Keyring:
    """Keys of many meters, each under its title, and among them those of *security*."""
    ring = Keyring()
    for number in range(METERS):
        meter = Meter(server_title=b"OTH" + number.to_bytes(5, "big"))
        meter.keys = {role: Key(role, bytes((number,)) * 16, meter.place) for role in secrets(security)}  # type: ignore[arg-type]
        ring.add(meter)
    meter = Meter(server_title=security.server_title)  # type: ignore[attr-defined]
    meter.keys = {role: Key(role, octets, meter.place) for role, octets in secrets(security).items()}  # type: ignore[arg-type]
    ring.add(meter)
    return ring


def read(units: Iterable[Said], ring: Keyring, **how: bool) -> tuple[list[Record], int]:
    """The records of a file, and how often the whole of it was asked for titles."""
    chunks = [chunk(number, octets, direction) for number, (direction, octets) in enumerate(wrapped(units), 1)]
    times = 0

    def whole() -> Knowledge:
        nonlocal times
        times += 1
        learning = Protection(ring)
        list(Pipeline(None, learning).run(ListSource(chunks)))
        return learning.knowledge

    records = list(Pipeline(None, Protection(ring, Knowledge(whole))).run(ListSource(chunks), **how))
    return records, times


@pytest.mark.parametrize("source", [KeySource.GLOBAL, KeySource.DEDICATED, KeySource.GENERAL_GLOBAL])
def test_aarq_opens_with_the_title_of_its_aare_and_nothing_is_read_twice(source: KeySource) -> None:
    security = security_of(0, source)
    dialogue = said(session(security))
    records, times = read(dialogue + dialogue, many_meters(security))
    assert set(statuses(records)) == {"verified"}
    assert [record.number for record in records] == list(range(1, len(records) + 1))
    assert [record.octets[8:] for record in records] == [one.octets for one in dialogue] * 2
    assert times == 0


def test_aarq_opens_where_another_meter_answers_at_the_address_of_the_one_before() -> None:
    security = security_of()
    other = replace(security, server_title=b"SRV00002", keys=replace(security.keys, guek=bytes(range(16, 32))))
    ring = many_meters(security)
    ring.add(many_meters(other).meters[-1])
    records, times = read(said(session(security)) + said(session(other)), ring)
    assert set(statuses(records)) == {"verified"}
    assert times == 0


def test_aarq_without_an_answer_is_opened_with_what_the_rest_tells() -> None:
    security = security_of()
    dialogue = said(session(security))
    records, times = read(dialogue[:1] + dialogue, many_meters(security))
    assert set(statuses(records)) == {"verified"}
    assert times <= 1


def test_aarq_whose_server_nobody_names_says_that_no_key_is_given() -> None:
    security = security_of()
    records, times = read(said(session(security))[:1], many_meters(security))
    assert (statuses(records), causes(records), times) == (["no-key"], ["no-key"], 1)


def test_aarq_that_nobody_answers_holds_back_a_bounded_number_of_others() -> None:
    security = security_of()
    dialogue = said(session(security))
    request = asked(bytes.fromhex("C001C1 0008 0000010000FF 02 00"))
    units = [*wrapped(dialogue[:1]), *wrapped([request] * BEHIND, client=17), *wrapped(dialogue)]
    ring = many_meters(security)
    taken = 0

    def chunks() -> Iterator[Chunk]:
        nonlocal taken
        for taken, one in enumerate(units, 1):
            yield chunk(taken, one.octets, one.direction)

    records: list[Record] = []
    behind = 0
    for record in Pipeline(None, Protection(ring, Knowledge(Knowledge))).run(ListSource(chunks())):
        records.append(record)
        behind = max(behind, taken - len(records))
    assert 1000 < behind < BEHIND
    assert causes(records)[0] == "no-key"
    assert set(statuses(records)[1:]) == {"verified"}
    assert [record.number for record in records] == list(range(1, len(units) + 1))
