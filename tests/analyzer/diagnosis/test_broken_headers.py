"""Wrapper PDUs that break off within their header: they are told as such, and take nothing of the next one."""

from __future__ import annotations

import pytest

from analyzer.pipeline import Pipeline
from captures.chunk import LINK_OCTETS, RECEIVED, Chunk
from tests.analyzer.diagnosis.test_datagram_pieces import datagrams, pdu
from tests.analyzer.diagnosis.told import diagnose, named
from tests.analyzer.tracking.build import ListSource, answered, wrapped

SECOND = 1_000_000_000


CUT = wrapped([answered(bytes.fromhex("C401C1 00 06 00012345"))])[0].octets


@pytest.mark.parametrize("there", range(2, 8))
@pytest.mark.parametrize("apart", ["at once", "in two reads", "octet by octet"])
def test_pdu_that_breaks_off_within_its_header_takes_nothing_of_the_next(there: int, apart: str) -> None:
    sent = CUT[:there] + CUT
    reads = {
        "at once": [sent],
        "in two reads": [sent[:there], CUT],
        "octet by octet": [sent[at : at + 1] for at in range(len(sent))],
    }
    octets = [CUT, *reads[apart], CUT]
    chunks = [Chunk(at, at * SECOND, LINK_OCTETS, RECEIVED, one, len(one), -1) for at, one in enumerate(octets, 1)]
    assert [one.octets for one in Pipeline().run(ListSource(chunks))] == [CUT, CUT[:there], CUT, CUT]
    (story,) = [one for one in diagnose(chunks) if one.code != "response-without-request"]
    assert ((story.code, story.cause), story.records) == (("wrapper-length-wrong", "truncated"), [2])
    assert f"{there} of 8 octets are there" in story.evidence[0].text


@pytest.mark.parametrize("there", range(3, 8))
def test_header_that_the_capture_ends_in_is_cut(there: int) -> None:
    chunks = [
        Chunk(at, at * SECOND, LINK_OCTETS, RECEIVED, one, len(one), -1)
        for at, one in enumerate([CUT, CUT, CUT[:there]], 1)
    ]
    stories = [one for one in diagnose(chunks) if one.code != "response-without-request"]
    assert named(stories) == [("capture-cut", "capture-ended")]


def test_datagram_that_ends_within_its_header_lacks_the_rest() -> None:
    chunks = datagrams(*((60.0 * at, one) for at, one in enumerate([pdu(1), pdu(2)[:6], pdu(3)])))
    assert named(diagnose(chunks)) == [("wrapper-length-wrong", "truncated")]
