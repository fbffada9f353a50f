"""Octets explained over healthy traffic: all of them, where somebody could."""

from __future__ import annotations

from pathlib import Path

from analyzer.detail import detail
from tests.corpus import captures, coverage, vectors

ALTERED = "pcap:davxy__data2.pcapng"
"""Its AARQ was altered by hand; what stands behind the wrong length cannot be read."""


def test_octets_of_the_captures_are_all_explained(corpus: Path) -> None:
    for entry in captures.listed(corpus):
        found = coverage.cover(captures.records_of(corpus / entry["file"])[0])
        if entry["id"] == ALTERED:
            assert [places[0] for places in found.places] == [3]
        else:
            assert found.share == 1.0, f"{entry['id']}: {found.line()} {found.places}"


def test_octets_of_healthy_vectors_are_all_explained(corpus: Path) -> None:
    unexplained = {}
    for entry in vectors.covered(corpus):
        found = coverage.cover(vectors.decode(vectors.text_of(entry)))
        if entry["theme"] != "broken" and found.places:
            unexplained[entry["id"]] = found.places
    assert unexplained == {
        "at-lg-e450-ir-stream-4-with-junk": [(1, 0, 2)],  # two octets of junk
        "amshan-hdlc-short-info": [(1, 9, 11)],  # made up: its information is no APDU
    }


def test_octets_of_gbcs_messages_are_explained_or_foreign(corpus: Path) -> None:
    records = vectors.decode("\n".join(one["hex"] for one in vectors.gbcs(corpus)), {"record": "apdu"})
    found = coverage.cover(records)
    assert found.places == []
    assert found.octets[coverage.EXPLAINED] > 50_000


def test_leaves_of_every_record_tile_its_octets(corpus: Path) -> None:
    for entry in captures.listed(corpus):
        for record in captures.records_of(corpus / entry["file"])[0]:
            at = 0
            for root in detail(record):
                if root.buffer:
                    continue
                for leaf in root.leaves():
                    if leaf.end > leaf.start:
                        assert leaf.start == at, f"{entry['id']} record {record.number} {leaf}"
                        at = leaf.end
            assert at == 8 * len(record.octets), f"{entry['id']} record {record.number}"
