"""Octets explained over healthy traffic: all of them, where somebody could."""

from __future__ import annotations

from pathlib import Path

from analyzer.detail import detail
from tests.corpus import captures, coverage, vectors

ALTERED = "pcap:davxy__data2.pcapng"
"""Its AARQ was altered by hand; what stands behind the wrong length cannot be read."""
APART = {
    "pcap:davxy__data2.pcapng": {coverage.UNEXPLAINED: 9},
    "pcap:htanwar__Output-Ciphered-Director.pcap": {coverage.CIPHERED: 102},
    "pcap:htanwar__Output-Ciphered-HLS.pcap": {coverage.CIPHERED: 6969},
    "pcap:htanwar__Output-Ciphered-Simple-Key.pcap": {coverage.CIPHERED: 7538},
    "pcap:htanwar__Output-Ciphered.pcap": {coverage.CIPHERED: 7208},
    "pcap:ndpi__dlms.pcap": {coverage.NEVER_COMPLETE: 128},
}
"""The octets that count apart, by capture: they are what could hide a reading that became worse."""


def test_octets_of_the_captures_are_all_explained(corpus: Path) -> None:
    for entry in captures.listed(corpus):
        found = coverage.cover(captures.records_of(corpus / entry["file"])[0])
        apart = {sort: count for sort, count in found.octets.items() if sort != coverage.EXPLAINED}
        assert apart == APART.get(entry["id"], {}), f"{entry['id']}: {found.line()} {found.places}"
        if entry["id"] == ALTERED:
            assert [places[0] for places in found.places] == [3]
        else:
            assert found.share == 1.0, f"{entry['id']}: {found.line()} {found.places}"


def test_octets_of_healthy_vectors_are_all_explained(corpus: Path) -> None:
    unexplained, never_complete, foreign = {}, {}, 0
    for entry in vectors.covered(corpus):
        if entry["theme"] == "broken":
            continue
        found = coverage.cover(vectors.decode(vectors.text_of(entry)))
        if found.places:
            unexplained[entry["id"]] = found.places
        if found.octets[coverage.NEVER_COMPLETE]:
            never_complete[entry["id"]] = found.octets[coverage.NEVER_COMPLETE]
        foreign += found.octets[coverage.FOREIGN]
    assert unexplained == {
        "at-lg-e450-ir-stream-4-with-junk": [(1, 0, 2)],  # two octets of junk
        "iec-mcs-p01-profile": [(2, 0, 1)],  # an ETX that belongs to no message
        "amshan-hdlc-short-info": [(1, 9, 11)],  # made up: its information is no APDU
    }
    assert never_complete == {  # each is a first block or segment without the others
        "ams-landis-gyr-em-ct623-1": 120,
        "ch-lg-e450-gbt-first-block": 120,
        "scs-lg-e450-unencrypted-valid-data": 222,
        "u9n-hdlc-1": 117,
    }
    assert foreign == 81


def test_octets_of_gbcs_messages_are_explained_or_foreign(corpus: Path) -> None:
    records = vectors.decode("\n".join(one["hex"] for one in vectors.gbcs(corpus)), {"record": "apdu"})
    found = coverage.cover(records)
    assert found.places == []
    assert found.octets[coverage.EXPLAINED] > 50_000
    assert found.octets[coverage.FOREIGN] == 11_818
    assert found.octets[coverage.NEVER_COMPLETE] == 0


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
