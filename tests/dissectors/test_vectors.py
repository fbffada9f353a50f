"""The vectors of the reference folder: their JSON exactly, and built back out of their fields."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from dissectors import reader, registry
from dissectors.compile import scan
from dissectors.hdlc import Hdlc
from dissectors.llc import Llc
from dissectors.mbus import Mbus
from dissectors.scanning import scan_apdu
from dissectors.tree import Severity
from dissectors.wrapper import Wrapper
from dissectors.xdlms.get import GetRequestNormal, GetResponseNormal
from tests.conftest import is_ci
from tests.dissectors.agreement import assert_tiles, without_caches

NOT_CANONICAL = {"kaifa-dn-quirk"}
"""A type tag too many before the date-time: it is read, and not built again."""


@pytest.fixture(scope="module")
def reference(corpus: Path) -> Path:
    """The folder of facts beside the corpus."""
    folder = corpus.parent / "reference"
    if not (folder / "vectors_app.toml").is_file():
        reason = f"check not run: no reference vectors at {folder}"
        pytest.fail(reason) if is_ci() else pytest.skip(reason)
    return folder


@pytest.fixture(scope="module")
def apdus(reference: Path) -> dict[str, dict[str, Any]]:
    """The entries by name; one that is authenticated only stands here in its closed form."""
    entries = tomllib.loads((reference / "vectors_app.toml").read_text(encoding="utf-8"))["vector"]
    return {entry["name"]: entry for entry in entries}


@pytest.fixture(scope="module")
def frames(reference: Path) -> dict[str, bytes]:
    """The healthy entries of the lower layers by kind and name."""
    entries = tomllib.loads((reference / "vectors_low.toml").read_text(encoding="utf-8"))["vector"]
    return {f"{one['kind']}: {one['name']}": bytes.fromhex(one["hex"]) for one in entries}


def octets_of(entry: dict[str, Any]) -> bytes:
    return bytes.fromhex(entry["hex"])


def test_apdu_vectors_are_all_there(apdus: dict[str, dict[str, Any]]) -> None:
    assert len(apdus) == 107


def test_apdu_vectors_give_their_json(apdus: dict[str, dict[str, Any]]) -> None:
    wanted = {name: json.loads(entry.get("closed", entry["apdu"])) for name, entry in apdus.items()}
    given = {name: reader.apdu_json(octets_of(entry)) for name, entry in apdus.items()}
    assert {name: given[name] for name in given if given[name] != wanted[name]} == {}
    # what json.loads gives must also be what json.dumps can write
    assert {name: json.loads(json.dumps(form)) for name, form in given.items()} == given


def test_apdu_vectors_build_from_their_fields(apdus: dict[str, dict[str, Any]]) -> None:
    different = set()
    for name, entry in apdus.items():
        octets = octets_of(entry)
        found = registry.pick(octets, 0, len(octets))
        assert found is not None, name
        if bytes(without_caches(found[1](octets))) != octets:
            different.add(name)
    assert different == NOT_CANONICAL


def test_apdu_vectors_scan_whole(apdus: dict[str, dict[str, Any]]) -> None:
    assert [name for name, entry in apdus.items() if _scan(octets_of(entry)) is None] == []


def _scan(octets: bytes) -> Any:
    return scan_apdu(octets, 0, len(octets))[1]


def test_apdu_vectors_tile_and_have_no_error(apdus: dict[str, dict[str, Any]]) -> None:
    noted = {}
    for name, entry in apdus.items():
        octets = octets_of(entry)
        root = reader.read_apdu(octets)
        assert_tiles(root, 0, len(octets) * 8)
        if errors := [note.text for note in root.all_notes() if note.severity >= Severity.WARNING]:
            noted[name] = errors
    assert noted == {}


def test_hdlc_vectors_read_without_a_note_and_build(frames: dict[str, bytes]) -> None:
    healthy = {name: octets for name, octets in frames.items() if name.startswith("hdlc: ")}
    assert len(healthy) == 3
    for name, octets in healthy.items():
        root = reader.tree(Hdlc, octets)
        assert root.all_notes() == [], name
        assert_tiles(root, 0, len(octets) * 8)
        assert bytes(without_caches(Hdlc(octets))) == octets, name
        assert scan(Hdlc).function(octets, 0, len(octets))[1] == len(octets), name


def test_hdlc_vectors_carry_their_apdu(frames: dict[str, bytes]) -> None:
    packet = Hdlc(frames["hdlc: intact I frame (GET-response)"])
    assert packet[Llc].source_lsap == 0xE7
    assert packet[GetResponseNormal].result.data == (9, bytes.fromhex("07E80B15040A1E00FFFFC400"))


def test_hdlc_damaged_vectors_are_read_as_far_as_they_go(frames: dict[str, bytes]) -> None:
    damaged = {name: octets for name, octets in frames.items() if name.startswith("hdlc_damaged: ")}
    assert len(damaged) == 9
    for name, octets in damaged.items():
        root = reader.tree(Hdlc, octets)
        assert [note for note in root.all_notes() if note.severity is Severity.ERROR], name
        assert_tiles(root, 0, len(octets) * 8)
        assert bytes(Hdlc(octets)) == octets, name


def test_mbus_vectors_read_and_build(frames: dict[str, bytes]) -> None:
    healthy = {name: octets for name, octets in frames.items() if name.startswith("mbus: ")}
    assert len(healthy) == 6
    for name, octets in healthy.items():
        root = reader.tree(Mbus, octets)
        assert {note.cause for note in root.all_notes()} == ({"length-modulo-256"} if "257" in name else set()), name
        assert_tiles(root, 0, len(octets) * 8)
        assert bytes(without_caches(Mbus(octets))) == octets, name
        assert scan(Mbus).function(octets, 0, len(octets))[1] == len(octets), name


def test_mbus_vectors_in_segments_join_to_one_apdu(frames: dict[str, bytes]) -> None:
    packets = [Mbus(frames[f"mbus: segment {number} of 4"]) for number in (1, 2, 3, 4)]
    assert [packet.control_information for packet in packets] == [0x00, 0x01, 0x02, 0x13]
    assert _scan(b"".join(bytes(packet.payload) for packet in packets)) is not None


def test_wrapper_vectors_read_and_build(frames: dict[str, bytes]) -> None:
    kinds = {name: octets for name, octets in frames.items() if name.startswith("wrapper: ")}
    assert len(kinds) == 3
    for name, octets in kinds.items():
        assert bytes(Wrapper(octets)) == octets, name
    two = Wrapper(frames["wrapper: two messages back to back in one TCP segment"])
    assert two.length == 0x1F
    second = Wrapper(bytes(two.lastlayer()))
    assert second[GetRequestNormal].cosem_attribute_descriptor.class_id == 8
