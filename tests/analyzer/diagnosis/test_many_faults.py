"""What one fault costs does not grow with how many others there are: what is looked up is found, and not searched for."""

from __future__ import annotations

from typing import NoReturn

import pytest

from analyzer.diagnosis.doctor import Doctor
from analyzer.diagnosis.story import Evidence, Fact, Stories
from analyzer.record import Record
from analyzer.session import Session
from analyzer.tracking.associations import Associations
from analyzer.tracking.transfers import Transfers
from captures import source_from_hex
from dissectors.tree import Severity
from tests.analyzer.diagnosis.test_association import AARQ, PASSWORD, REFUSED_AARE


def _searched(*_: object) -> NoReturn:
    raise AssertionError("all are looked through")


class Unsearched(dict):  # type: ignore[type-arg]
    """Finds by key alone."""

    __iter__ = items = keys = values = _searched


def fact(lane: str, record: int) -> Fact:
    return Fact("noise", Severity.WARNING, "", "certain", Evidence(record, 0, 0, "noise"), None, lane, "1")


def test_stories_of_a_lane_are_found_without_a_look_at_all() -> None:
    stories = Stories()
    first, second = stories.add(fact("A", 1)), stories.add(fact("B", 2))
    stories._stories = Unsearched(stories._stories)
    assert stories.of_lane("A") == [first]
    stories.take_back(fact("A", 1))
    assert (stories.of_lane("A"), stories.of_lane("B")) == ([], [second])


def test_story_told_by_another_is_one_of_its_lane_no_more() -> None:
    stories = Stories()
    one, other = stories.add(fact("A", 1)), stories.add(fact("A", 2)._replace(code="carrier-text"))
    assert one is not None and other is not None
    stories.fold(one, [other])
    assert stories.of_lane("A") == list(stories) == [one]
    assert one.count == 2


def test_transfers_of_an_owner_are_given_up_without_a_look_at_all() -> None:
    transfers, mine, other = Transfers(), object(), object()
    for owner, key in ((mine, 1), (other, 1), (mine, 2)):
        transfers.part(owner, key, Record(), bytes, None)
    transfers.done(mine, 2)
    transfers.part(mine, 3, Record(), bytes, None)
    transfers.open = Unsearched(transfers.open)
    transfers.forget(mine)
    assert dict.keys(transfers.open) == {(other, 1)}
    transfers.forget(mine)


def test_association_of_a_refusal_that_is_cut_is_found_without_a_look_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    cut = REFUSED_AARE[:1] + bytes([len(REFUSED_AARE) + 14]) + REFUSED_AARE[2:] + bytes.fromhex("BE10040E0800")
    ways = ("TX", "0010 0001", AARQ), ("TX", "0010 0001", PASSWORD), ("RX", "0001 0010", cut)
    lines = [f"{way}: 0001 {ends} {len(octets):04X} {octets.hex()}" for way, ends, octets in ways]
    with source_from_hex("\n".join(lines)) as source, monkeypatch.context() as patch:
        patch.setattr(Associations, "__iter__", _searched)
        doctor = Doctor()
        doctor.take_all(Session(source, learns=False).records())
    assert [one.cause for one in doctor.stories() if one.code == "association-rejected"] == ["wrong-password"]
