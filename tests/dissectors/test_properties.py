"""Over every layer and octets of every health: reading is total, leaves tile, the engines agree."""

from __future__ import annotations

import contextlib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dissectors import reader, registry
from dissectors.compile import FAILURES, scan
from dissectors.gateway import Gateway
from dissectors.llc import Llc, Llc432
from dissectors.tree import Problem
from dissectors.wrapper import Wrapper
from tests.dissectors.agreement import (
    apdu_json,
    assert_scan_agrees,
    assert_tiles,
    dissected,
    has_partial,
    is_malformed,
    packet_json,
)
from tests.dissectors.layers import EVERY, any_octets, damaged, each_layer, sparing, valid

TRAILING = {"apdu-trailing-octets"}
"""What follows a header is no part of its own layer."""
TAG_00 = "ciphered-access-tag-00"
"""The layer that is a quirk as such, alone or inside another."""


def read_packet(layer: Any, octets: bytes) -> tuple[Any, int]:
    try:
        packet, after = layer.read_packet(octets, 0, len(octets))
    except Problem as problem:
        return problem.partial, len(octets)
    return packet, after


# -- what holds of octets ----------------------------------------------------------------------------------------------


def assert_reading_is_total(layer: Any, octets: bytes) -> None:
    assert bytes(dissected(layer, octets)) == octets
    reader.tree(layer, octets)
    reader.read_apdu(octets)
    with contextlib.suppress(FAILURES):
        scan(layer).function(octets, 0, len(octets))


def assert_every_truncation_is_total_and_tiles(layer: Any, octets: bytes) -> None:
    for size in range(min(len(octets), 80)):
        cut = octets[:size]
        assert bytes(dissected(layer, cut)) == cut
        assert_tiles(reader.tree(layer, cut), 0, size * 8)
        with contextlib.suppress(FAILURES):
            scan(layer).function(cut, 0, size)


def assert_leaves_tile(layer: Any, octets: bytes) -> None:
    assert_tiles(reader.tree(layer, octets), 0, len(octets) * 8)
    assert_tiles(reader.read_apdu(octets), 0, len(octets) * 8)


def assert_reading_stays_within_its_borders(layer: Any, octets: bytes, before: bytes, behind: bytes) -> None:
    root = reader.tree(layer, before + octets + behind, len(before), len(before) + len(octets))
    assert_tiles(root, len(before) * 8, (len(before) + len(octets)) * 8)
    assert reader.to_json(root) == reader.to_json(reader.tree(layer, octets))


def assert_engines_agree_on_values(layer: Any, octets: bytes) -> None:
    packet, after = read_packet(layer, octets)
    try:
        values, scanned_to = scan(layer).function(octets, 0, len(octets))
    except FAILURES:
        return
    assert scanned_to == after
    assert_scan_agrees(packet, scan(layer).names, values, octets)
    if not has_partial(packet):
        assert reader.to_json(reader.tree(layer, octets)) == packet_json(packet)


def assert_engines_agree_on_what_is_readable(layer: Any, octets: bytes) -> None:
    root = reader.tree(layer, octets)
    packet, after = read_packet(layer, octets)
    try:
        scanned_to = scan(layer).function(octets, 0, len(octets))[1]
    except FAILURES:
        assert is_malformed(root) or _has_leftover_inside(root), root.outline()
        assert packet.problem is not None or has_partial(packet)
        return
    assert packet.problem is None
    assert scanned_to == after
    if layer.__name__ in CARRIERS:  # what the information field carries is a layer of its own, which may break off
        root.children = [child for child in root.children if child.name != "information"]
        packet.remove_payload()
    assert not is_malformed(root), root.outline()
    assert not has_partial(packet)


CARRIERS = {"Hdlc"}


def _has_leftover_inside(root: Any) -> bool:
    """Octets left over within the region of a length: the layer itself is at fault, not what follows it."""
    return any(note.code == "apdu-trailing-octets" for note in root.all_notes())


def assert_tree_has_no_error(layer: Any, octets: bytes) -> None:
    root = reader.tree(layer, octets)
    notes = [note for note in root.all_notes() if note.group == "malformed" and note.cause != TAG_00]
    assert {note.code for note in notes} <= (TRAILING if layer in (Gateway, Llc, Llc432, Wrapper) else set())


def assert_partial_packet_tells_what_the_tree_tells(layer: Any, octets: bytes) -> None:
    packet, _ = read_packet(layer, octets)
    if packet.problem is None or layer.wraps_one or hasattr(layer, "json_shape"):
        return
    told = packet_json(packet)
    shown = reader.to_json(reader.tree(layer, octets))
    whole = list(told)[:-1]  # the last one may have broken off inside
    assert {name: shown.get(name) for name in whole} == {name: told[name] for name in whole}


# -- octets are drawn once for all that holds of them: making them costs more than looking at them ---------------------


@each_layer
@sparing
@given(data=st.data(), before=st.binary(max_size=5), behind=st.binary(max_size=5))
def test_reading_is_total_tiles_within_its_borders_and_engines_agree(
    layer: Any, data: st.DataObject, before: bytes, behind: bytes
) -> None:
    octets = data.draw(any_octets(layer))
    assert_reading_is_total(layer, octets)
    assert_leaves_tile(layer, octets)
    assert_reading_stays_within_its_borders(layer, octets, before, behind)
    assert_engines_agree_on_values(layer, octets)


@each_layer
@sparing
@given(data=st.data())
def test_valid_octets_have_no_error_and_every_truncation_tiles(layer: Any, data: st.DataObject) -> None:
    octets = data.draw(valid(layer))
    assert_tree_has_no_error(layer, octets)
    assert_every_truncation_is_total_and_tiles(layer, octets)


@each_layer
@sparing
@given(data=st.data())
def test_damaged_octets_are_readable_and_told_alike_by_all_engines(layer: Any, data: st.DataObject) -> None:
    octets = data.draw(damaged(layer))
    assert_engines_agree_on_what_is_readable(layer, octets)
    assert_partial_packet_tells_what_the_tree_tells(layer, octets)


@given(octets=st.sampled_from([layer for layer in EVERY if layer in registry.LAYERS]).flatmap(any_octets))
def test_apdu_json_is_that_of_its_packet(octets: bytes) -> None:
    found = registry.pick(octets, 0, len(octets))
    if found is None:
        return
    packet, _ = read_packet(found[1], octets)
    if not has_partial(packet):
        assert reader.apdu_json(octets) == apdu_json(packet)
