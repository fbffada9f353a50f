"""The 15 captures of the corpus: every frame and APDU is found, and nothing is made up."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.corpus import captures


def test_list_of_captures_is_complete(corpus: Path) -> None:
    assert len(captures.listed(corpus)) == captures.COUNT


@pytest.mark.parametrize("index", range(captures.COUNT))
def test_capture_has_the_frames_and_apdus_of_the_list(corpus: Path, index: int) -> None:
    entry = captures.listed(corpus)[index]
    found = captures.find(corpus / entry["file"])
    assert dict(found.frames) == dict(captures.expected_frames(entry)), entry["id"]
    assert dict(found.apdus) == dict(captures.expected_apdus(entry)), entry["id"]


@pytest.mark.parametrize("index", range(captures.COUNT))
def test_capture_has_no_noise_and_no_warning_beyond_its_damage(corpus: Path, index: int) -> None:
    entry = captures.listed(corpus)[index]
    found = captures.find(corpus / entry["file"])
    assert found.noise == [], entry["id"]
    damaged = captures.damaged_packets(entry)
    assert [note for note in found.notes if note[0] not in damaged] == [], entry["id"]


@pytest.mark.parametrize("index", range(captures.COUNT))
def test_wrong_fcs_of_a_capture_is_said_as_often_as_the_list_counts(corpus: Path, index: int) -> None:
    entry = captures.listed(corpus)[index]
    codes = [code for _, code in captures.find(corpus / entry["file"]).notes]
    assert codes.count("hdlc-fcs-wrong") == entry["hdlc_bad_fcs"], entry["id"]


def test_altered_aarq_of_a_capture_is_said(corpus: Path) -> None:
    entry = next(one for one in captures.listed(corpus) if one["id"] == "pcap:davxy__data2.pcapng")
    assert (8, "apdu-malformed") in captures.find(corpus / entry["file"]).notes


def test_tls_and_name_queries_beside_meters_are_left_aside(corpus: Path) -> None:
    entry = next(one for one in captures.listed(corpus) if one["id"] == "pcap:davxy__DLMSDirector.pcap")
    left_aside = captures.find(corpus / entry["file"]).left_aside
    assert set(left_aside) == {"tls", "dns", "arp", "icmpv6"}
    assert left_aside["dns"] == 2
