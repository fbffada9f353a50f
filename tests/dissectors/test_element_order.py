"""Elements of ACSE APDUs in any order: each is read by its tag, and what is unknown or comes twice stays as it is."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dissectors import reader
from dissectors.acse import Aare, Aarq
from dissectors.ber import element
from dissectors.quirks import acse_deviates
from dissectors.scanning import scan_apdu
from tests.dissectors.test_properties import (
    assert_engines_agree_on_values,
    assert_engines_agree_on_what_is_readable,
    assert_every_truncation_is_total_and_tiles,
    assert_leaves_tile,
    assert_partial_packet_tells_what_the_tree_tells,
    assert_reading_is_total,
)

CONTEXT, MECHANISM = bytes.fromhex("A109060760857405080103"), bytes.fromhex("8B0760857405080205")
TITLE, CHALLENGE = bytes.fromhex("A60A04084D4D4D0000000001"), bytes.fromhex("AC0A80084B35366956616759")
INITIATE = bytes.fromhex("BE10040E01000000065F1F0400000642F17B")
IN_ORDER = [CONTEXT, TITLE, MECHANISM, CHALLENGE, INITIATE]
UNKNOWN = [b"\x9f\x01\x05", b"\xad\x00"]
ODD = [b"\xa6\x02\x05\x00", b"\xa6\x04\x04\x02\x41\x42", b"\xbe\x03\x04\x01\x01", b"\xa1\x00"]
"""With contents that do not read, or a second time."""


def apdu(elements: list[bytes], tag: int = 0x60) -> bytes:
    return element(tag, b"".join(elements))


@given(st.permutations(IN_ORDER + UNKNOWN))
def test_elements_in_any_order_are_read_by_their_tags(elements: list[bytes]) -> None:
    octets = apdu(elements)
    entry, values = scan_apdu(octets, 0, len(octets))
    assert entry is not None
    assert values is not None
    packet, wanted = Aarq(octets), Aarq(apdu(IN_ORDER))
    for name in ("application_context_name", "calling_ap_title", "mechanism_name", "calling_authentication_value"):
        assert values[entry.slots[name]] == packet.getfieldval(name) == wanted.getfieldval(name)
    assert values[entry.slots["user_information"]] == bytes(packet.user_information) == INITIATE[4:]
    assert sorted(packet.other_elements) == sorted(UNKNOWN)
    assert bytes(packet) == octets
    told = reader.read_apdu(octets).all_notes()
    assert {note.code for note in told} <= {"meter-quirk"}
    tags = [one[0] & 0x1F for one in elements]
    late = [at for at, one in enumerate(elements) if one not in UNKNOWN and any(tag > tags[at] for tag in tags[:at])]
    assert len(told) == len(late)
    assert not told or acse_deviates(octets)


@pytest.mark.parametrize("layer", [Aarq, Aare])
@given(elements=st.lists(st.sampled_from(IN_ORDER + UNKNOWN + ODD), max_size=7))
def test_engines_agree_on_elements_in_any_order_and_number(layer: Any, elements: list[bytes]) -> None:
    octets = apdu(elements, 0x60 if layer is Aarq else 0x61)
    assert_reading_is_total(layer, octets)
    assert_leaves_tile(layer, octets)
    assert_engines_agree_on_values(layer, octets)
    assert_engines_agree_on_what_is_readable(layer, octets)
    assert_partial_packet_tells_what_the_tree_tells(layer, octets)


def test_elements_out_of_order_that_are_cut_read_as_far_as_they_go() -> None:
    assert_every_truncation_is_total_and_tiles(Aarq, apdu([CONTEXT, INITIATE, CHALLENGE, TITLE]))
