"""Each known deviation beside the form that the standard has: both read to the same, and the deviation is noted."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dissectors import reader, registry
from dissectors.quirks import QUIRKS
from dissectors.scanning import scan_apdu
from dissectors.tree import Note, Severity
from tests.dissectors.agreement import assert_tiles, has_partial
from tests.dissectors.layers import APDUS, apdus, damaged


class Pair(NamedTuple):
    """The octets that deviate, and the octets of the standard (none where it has no such APDU)."""

    deviating: str
    standard: str
    noted: tuple[int, int]
    """Which octets the note is about."""


PAIRS: dict[str, Pair] = {
    "extra-type-tag": Pair(
        "0F 40000000 09 0C 07E8 06 0F 06 FF1E00 00 8000 00 02 01 0600000BB8",  # 09 before the length
        "0F 40000000 0C 07E8 06 0F 06 FF1E00 00 8000 00 02 01 0600000BB8",
        (5, 6),
    ),
    "untagged-descriptors": Pair(
        "0F 00000001 00"
        "02 02"
        "0202 0001 0000600100FF 02 0A03 414243"  # class-id, instance-id, attribute-id: bare
        "0202 0003 0100010700FF 02 0600000BB8",
        "",
        (6, 40),
    ),
    "length-too-small": Pair(
        "63 11 8001 00 BE 0F 040E 0800065F1F040000101D04000007",  # 15 octets are left, 11 announced; 10, 0F announced
        "63 15 8001 00 BE 10 040E 0800065F1F040000101D04000007",
        (1, 2),
    ),
    "length-counts-absent-tag": Pair(
        "C8 1B 20 0000002A A1A2A3A4A5A6A7A8A9AA",  # 15 octets and 12 of a tag that is not there
        "C8 0F 20 0000002A A1A2A3A4A5A6A7A8A9AA",
        (1, 2),
    ),
    "ciphered-access-tag-00": Pair(
        "00 15 30 0000002A B1B2B3B4 C1C2C3C4C5C6C7C8C9CACBCC",
        "",
        (0, 1),
    ),
    "element-out-of-order": Pair(
        "60 29 A109 0607 60857405080103 BE10 040E 01000000065F1F0400000642F17B A60A 0408 4D4D4D0000000001",
        "60 29 A109 0607 60857405080103 A60A 0408 4D4D4D0000000001 BE10 040E 01000000065F1F0400000642F17B",
        (31, 43),
    ),
    "oid-octet": Pair(
        "61 17 A109 0607 60857405080181 A203 020100 A305 A103 020100",  # the last octet has its continuation bit set
        "61 17 A109 0607 60857405080101 A203 020100 A305 A103 020100",
        (12, 13),
    ),
    "conformance-tag-short": Pair(
        "01 00 00 00 06 5F 04 00 007E1F 04B0",
        "01 00 00 00 06 5F1F 04 00 007E1F 04B0",
        (5, 8),
    ),
    "time-without-length": Pair(
        "C2 01 07E8 06 0F 06 0C1E00 00 8000 00 0001 0000600100FF 02 1105",
        "C2 01 0C 07E8 06 0F 06 0C1E00 00 8000 00 0001 0000600100FF 02 1105",
        (2, 14),
    ),
}

each_quirk = pytest.mark.parametrize("cause", PAIRS)
each_pair = pytest.mark.parametrize("cause", [cause for cause, pair in PAIRS.items() if pair.standard])


def quirks_of(octets: bytes) -> list[Note]:
    return [note for note in reader.read_apdu(octets).all_notes() if note.code == "meter-quirk"]


def test_every_quirk_has_its_octets_here() -> None:
    assert set(PAIRS) | {"sum-check-character"} == set(QUIRKS)  # which is no APDU's


@each_quirk
def test_quirk_is_noted_where_it_is_met(cause: str) -> None:
    octets = bytes.fromhex(PAIRS[cause].deviating)
    notes = quirks_of(octets)
    assert {note.cause for note in notes} == {cause}
    assert (notes[0].start, notes[0].end) == PAIRS[cause].noted
    assert notes[0].severity is Severity.NOTE
    assert QUIRKS[cause][0] in notes[0].text


@each_quirk
def test_quirk_is_all_there_is_to_note(cause: str) -> None:
    octets = bytes.fromhex(PAIRS[cause].deviating)
    root = reader.read_apdu(octets)
    assert {note.code for note in root.all_notes()} == {"meter-quirk"}
    assert_tiles(root, 0, len(octets) * 8)


@each_quirk
def test_quirk_reads_whole_in_every_engine(cause: str) -> None:
    octets = bytes.fromhex(PAIRS[cause].deviating)
    found = registry.pick(octets, 0, len(octets))
    assert found is not None
    packet = found[1](octets)
    assert not has_partial(packet)
    assert bytes(packet) == octets
    assert scan_apdu(octets, 0, len(octets))[1] is not None


@each_quirk
def test_quirk_is_suspected_without_a_tree(cause: str) -> None:
    octets = bytes.fromhex(PAIRS[cause].deviating)
    entry, _ = scan_apdu(octets, 0, len(octets))
    assert entry is not None
    assert entry.deviates is not None
    assert entry.deviates(octets)


@given(data=st.data())
def test_quirk_in_any_apdu_is_suspected_without_a_tree(data: st.DataObject) -> None:
    octets = data.draw(apdus().map(bytes) | st.sampled_from(APDUS).flatmap(damaged))
    entry, values = scan_apdu(octets, 0, len(octets))
    if entry is not None and values is not None and quirks_of(octets):
        assert entry.deviates is not None
        assert entry.deviates(octets)


@each_pair
def test_quirk_means_what_the_standard_form_means(cause: str) -> None:
    deviating, standard = (bytes.fromhex(text) for text in PAIRS[cause][:2])
    assert reader.apdu_json(deviating) == reader.apdu_json(standard)
    assert reader.read_apdu(standard).all_notes() == []


def test_untagged_descriptors_stand_as_descriptors() -> None:
    body = reader.apdu_json(bytes.fromhex(PAIRS["untagged-descriptors"].deviating))
    assert body["data-notification"]["notification-body"]["data-value"] == {
        "structure": [
            {
                "structure": [
                    {"cosem-attribute-descriptor": {"class-id": 1, "instance-id": "0000600100FF", "attribute-id": 2}},
                    {"visible-string": "ABC"},
                ]
            },
            {
                "structure": [
                    {"cosem-attribute-descriptor": {"class-id": 3, "instance-id": "0100010700FF", "attribute-id": 2}},
                    {"double-long-unsigned": 3000},
                ]
            },
        ]
    }


def test_nine_octets_that_are_a_date_time_of_no_century_are_read_by_their_length() -> None:
    # 09 0C and a year of 1999: nine octets by their length, then three of Data
    octets = bytes.fromhex("0F 00000000 09 0C07CF060F060C1E00 02 01 00")
    assert quirks_of(octets) == []
    assert reader.apdu_json(octets)["data-notification"]["date-time"] == "0C07CF060F060C1E00"


def test_length_that_counts_the_user_information_alone_is_the_known_deviation() -> None:
    # 21 octets are left, 14 announced: those of the initiate response; 16 in its element, 15 announced
    octets = bytes.fromhex("63 0E 8001 00 BE 0F 040E 0800065F1F040000101D04000007")
    assert [note.cause for note in quirks_of(octets)] == ["length-too-small", "length-too-small"]
    right = bytes.fromhex("63 15 8001 00 BE 10 040E 0800065F1F040000101D04000007")
    assert reader.apdu_json(octets) == reader.apdu_json(right)


def test_two_length_octets_that_lie_by_more_are_no_quirk() -> None:
    # the announced length is 5 too small: octets left over, not the known deviation
    octets = bytes.fromhex("63 10 8001 00 BE 10 040E 0800065F1F040000101D04000007")
    assert quirks_of(octets) == []
    assert reader.read_apdu(octets).all_notes() != []


def test_authenticated_apdu_without_its_tag_octets_is_cut_and_no_quirk() -> None:
    octets = bytes.fromhex("C8 1B 30 0000002A A1A2A3A4A5A6A7A8A9AA")
    assert quirks_of(octets) == []
    assert "capture-cut" in {note.code for note in reader.read_apdu(octets).all_notes()}
