"""The dissectors over real APDUs: every healthy one reads whole and means what its entry says; none raises."""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from dissectors import reader, registry
from dissectors.hdlc import Hdlc
from dissectors.llc import Llc, Llc432, payload_class
from dissectors.scanning import scan_apdu
from dissectors.tree import Kind, Node, Severity
from dissectors.wrapper import Wrapper
from dissectors.xdlms.ciphered import GeneralCiphering, GeneralSigning
from tests.dissectors.agreement import assert_tiles, without_caches

Entry = dict[str, Any]


@pytest.fixture(scope="module")
def healthy(corpus: Path) -> list[Entry]:
    """The bare APDUs and those behind an LLC, broken.toml aside."""
    return [entry for entry in _entries(corpus, broken=False) if entry["transport"] in ("apdu", "llc")]


@pytest.fixture(scope="module")
def messages(corpus: Path) -> dict[str, bytes]:
    """The GBCS messages by name."""
    lines = (corpus / "gbcs.jsonl").read_text(encoding="utf-8").splitlines()
    return {one["name"]: bytes.fromhex(one["hex"]) for one in map(json.loads, lines)}


def _entries(corpus: Path, *, broken: bool) -> list[Entry]:
    files = [file for file in sorted((corpus / "vectors").glob("*.toml")) if (file.stem == "broken") == broken]
    return [entry for file in files for entry in tomllib.loads(file.read_text(encoding="utf-8"))["vector"]]


def apdu_of(entry: Entry) -> bytes:
    """The octets behind the LLC, where there is one."""
    octets = bytes.fromhex(entry["hex"])
    if entry["transport"] == "apdu":
        return octets
    layer = Llc432 if octets[0] == 0x90 else payload_class(octets)
    packet = layer(octets)
    assert isinstance(packet, (Llc, Llc432)), entry["id"]
    return bytes(packet.payload.payload if isinstance(packet.payload, Llc) else packet.payload)


def find(root: Node, name: str) -> Node | None:
    """The first node *name* in the order of the octets."""
    return next((node for node in root.walk() if node.name == name), None)


def value_of(root: Node, name: str) -> Any:
    found = find(root, name)
    return None if found is None else found.value


def said(root: Node, octets: bytes, expected: dict[str, Any]) -> dict[str, Any]:
    """What the tree says of each thing that the entry expects, in the entry's words."""
    forms: dict[str, Any] = {"apdu_tag": f"{octets[0]:02X}"}
    for name in ("system_title", "security_control", "long_invoke_id", "date_time"):
        forms[name] = value_of(
            root, {"long_invoke_id": "long-invoke-id-and-priority"}.get(name, name.replace("_", "-"))
        )
    counter = value_of(root, "invocation-counter")
    forms["invocation_counter"] = None if counter is None else f"{counter:08X}"
    forms["top_items"] = top_items(root)
    # a GBCS message: general-signing, mostly in a general-ciphering that only authenticates it
    signing = reader.read_apdu(bytes.fromhex(value_of(root, "ciphered"))) if "outer" in expected else root
    forms["transaction_id"] = value_of(signing, "transaction-id")
    forms["originator"] = value_of(signing, "originator-system-title")
    forms["recipient"] = value_of(signing, "recipient-system-title")
    forms["other_info"] = value_of(signing, "other-information")
    forms["signature_len"] = len(value_of(signing, "signature") or "") // 2
    forms["mac"] = value_of(root, "tag")
    return {name: forms[name] for name in expected if name in forms}


def top_items(root: Node) -> int:
    """How many elements the array or structure of a push has; a scalar is one."""
    body = find(root, "data-value")
    if body is None or not body.children:
        return 0
    top = body.children[0]
    if top.name not in ("array", "structure"):
        return 1
    return len([child for child in top.children if child.kind is not Kind.HIDDEN])


def wanted(expected: dict[str, Any]) -> dict[str, Any]:
    """What the entry expects, in the tree's spelling."""
    upper = {name: value.upper() if isinstance(value, str) else value for name, value in expected.items()}
    if "apdu_tag" in upper:
        upper["apdu_tag"] = upper["apdu_tag"][:2]
    return upper


def test_healthy_entries_read_without_warning(healthy: list[Entry]) -> None:
    noted = {}
    for entry in healthy:
        octets = apdu_of(entry)
        root = reader.read_apdu(octets)
        assert_tiles(root, 0, len(octets) * 8)
        if bad := [note.text for note in root.all_notes() if note.severity >= Severity.WARNING]:
            noted[entry["id"]] = bad
    assert noted == {}
    assert len(healthy) > 80


def test_healthy_entries_scan_whole(healthy: list[Entry]) -> None:
    for entry in healthy:
        octets = apdu_of(entry)
        has_more = any(note.code == "apdu-trailing-octets" for note in reader.read_apdu(octets).all_notes())
        assert (scan_apdu(octets, 0, len(octets))[1] is None) == has_more, entry["id"]


def test_healthy_entries_mean_what_is_expected(healthy: list[Entry]) -> None:
    different = {}
    compared: Counter[str] = Counter()
    for entry in healthy:
        octets = apdu_of(entry)
        expected = wanted(entry.get("expected", {}))
        found = said(reader.read_apdu(octets), octets, expected)
        compared.update(found.keys())
        if wrong := {name: (value, expected[name]) for name, value in found.items() if value != expected[name]}:
            different[entry["id"]] = wrong
    assert different == {}
    assert compared["apdu_tag"] >= 50
    assert compared["top_items"] >= 15
    assert compared["transaction_id"] >= 39


def test_healthy_entries_come_back_from_their_packets(healthy: list[Entry]) -> None:
    for entry in healthy:
        octets = apdu_of(entry)
        found = registry.pick(octets, 0, len(octets))
        assert found is not None, entry["id"]
        packet = found[1](octets)
        assert packet.problem is None, entry["id"]
        assert bytes(packet) == octets, entry["id"]
        assert bytes(packet.copy()) == octets, entry["id"]


def test_gbcs_messages_decode_to_their_closed_forms(messages: dict[str, bytes]) -> None:
    inside: Counter[str] = Counter()
    for name, octets in messages.items():
        root = reader.read_apdu(octets)
        assert root.all_notes() == [], name
        assert_tiles(root, 0, len(octets) * 8)
        rebuilt = bytes(without_caches(registry.pick(octets, 0, len(octets))[1](octets)))  # type: ignore[index]
        # FF and 01 are both true; all else is canonical
        assert rebuilt == octets or reader.apdu_json(rebuilt) == reader.apdu_json(octets), name
        inside[innermost(octets)] += 1
    assert len(messages) == 593
    assert inside.pop("octets") == 100
    assert set(inside) == {"access-request", "access-response", "data-notification"}
    assert inside.total() == 493


def innermost(octets: bytes) -> str:
    """The family of the APDU at the core; "octets" where it is none. A message is authenticated only, so it is readable."""
    while True:
        found = registry.pick(octets, 0, len(octets))
        if found is None or not registry.reads(octets, 0, len(octets)):
            return "octets"
        family, layer = found
        packet = layer(octets)
        if layer is GeneralCiphering:
            octets = packet.ciphered
        elif layer is GeneralSigning:
            octets = bytes(packet.content)
        else:
            return str(family)


def test_broken_entries_raise_nothing(corpus: Path) -> None:
    entries = _entries(corpus, broken=True)
    assert len(entries) == 64
    for entry in entries:
        for octets in _octets_of_broken(entry):
            for layer in (Hdlc, Wrapper, Llc):
                root = reader.tree(layer, octets)
                assert_tiles(root, 0, len(octets) * 8)
                packet = layer()
                packet.dissect(octets)
                assert bytes(packet) == octets, entry["id"]
            assert_tiles(reader.read_apdu(octets), 0, len(octets) * 8)
            scan_apdu(octets, 0, len(octets))


def _octets_of_broken(entry: Entry) -> list[bytes]:
    lines = [entry["hex"]] if "hex" in entry else entry.get("hex_lines", [])
    if "text" in entry:
        return [entry["text"].encode()]
    return [bytes.fromhex("".join(digit for digit in line if digit in "0123456789abcdefABCDEF")) for line in lines]
