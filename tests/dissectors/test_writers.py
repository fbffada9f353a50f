"""The generated writers give, letter for letter, what the tree engine's forms give as JSON and outline."""

from __future__ import annotations

import ast
import inspect
import json
import re
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dissectors import (
    checks,
    compile,
    data_text,
    node_text,
    parts,
    probe,
    reader,
    registry,
    rows,
    source_text,
    text_around,
    text_json,
    text_layers,
    text_outline,
    text_walk,
    walk,
    writers,
)
from dissectors.bits import BitGroup
from dissectors.compile import FAILURES
from dissectors.hdlc import CheckSequence, Hdlc
from dissectors.llc import REQUEST, RESPONSE, Llc
from dissectors.tree import Node
from dissectors.writers import apdu_text, layer_outline, layer_text, layers_text, outline_lines
from tests.dissectors.layers import APDUS, EVERY, any_octets, damaged, sparing, valid

each_apdu = pytest.mark.parametrize("layer", APDUS, ids=lambda layer: layer.__name__)
each_layer = pytest.mark.parametrize("layer", EVERY, ids=lambda layer: layer.__name__)
margins = st.integers(0, 300)


def dumps(form: Any) -> str:
    return json.dumps(form, ensure_ascii=False, separators=(", ", ": "))


def assert_apdu_agrees(octets: bytes, at: int, end: int, indent: int = 1) -> None:
    root = reader.read_apdu(octets, at, end)
    assert apdu_text(octets, at, end) == dumps(reader.to_json(root))
    assert f"[{layers_text(octets, at, end)}]" == dumps([reader.node_form(child) for child in root.children])
    assert outline_lines(octets, at, end, indent) == "\n".join(child.outline(indent) for child in root.children)


def nodes_inside(octets: bytes, at: int, end: int) -> list[Node]:
    nodes = []
    if octets[at : at + 3] in (REQUEST, RESPONSE):
        nodes.append(reader.tree(Llc, octets, at, at + 3))
        at += 3
    return [*nodes, *reader.read_apdu(octets, at, end).children]


def text_inside(octets: bytes, at: int, end: int) -> str:
    return ", ".join(dumps(reader.node_form(node)) for node in nodes_inside(octets, at, end))


def lines_inside(octets: bytes, at: int, end: int, indent: int) -> str:
    return "\n".join(node.outline(indent) for node in nodes_inside(octets, at, end))


def assert_layer_agrees(layer: Any, octets: bytes, at: int, end: int) -> None:
    root = reader.tree(layer, octets, at, end)
    assert layer_text(layer, octets, at, end) == dumps(reader.node_form(root))
    assert layer_outline(layer, octets, at, end, 2) == root.outline(2)
    filled = reader.tree(layer, octets, at, end, nodes_inside)
    assert layer_text(layer, octets, at, end, text_inside) == dumps(reader.node_form(filled))
    assert layer_outline(layer, octets, at, end, 1, lines_inside) == filled.outline(1)


# -- agreement --------------------------------------------------------------------------------------------------------


@each_apdu
@sparing
@given(data=st.data())
def test_writers_agree_with_tree_once_they_kept_what_stands_around_data(layer: Any, data: st.DataObject) -> None:
    octets = data.draw(valid(layer))
    for _ in range(3):  # found, seen, kept
        assert_apdu_agrees(octets, 0, len(octets))
    for _ in range(4):
        tail = data.draw(st.binary(max_size=min(12, len(octets))))
        assert_apdu_agrees(octets[: len(octets) - len(tail)] + tail, 0, len(octets))
    longer = octets + data.draw(st.binary(min_size=1, max_size=2))
    assert_apdu_agrees(longer, 0, len(longer))


@pytest.mark.parametrize(
    "value", ["06 00000005", "09 03 414243", "0A 03 414243", "04 08 A5", "0202 1101 1102", "03 03"]
)
def test_data_of_a_kept_response_is_read_anew(value: str) -> None:
    octets = bytes.fromhex("C401C100" + value)
    other = octets[:-1] + bytes((octets[-1] ^ 3,))
    for _ in range(4):
        assert_apdu_agrees(octets, 0, len(octets))
    texts = [write(other) for write in (apdu_text, layers_text, outline_lines)]
    assert all(
        text != write(octets) for text, write in zip(texts, (apdu_text, layers_text, outline_lines), strict=True)
    )
    assert_apdu_agrees(other, 0, len(other))


def test_kept_response_with_another_length_inside_is_left_to_the_tree() -> None:
    octets = bytes.fromhex("C401C100 09 03 414243")
    for _ in range(4):
        assert_apdu_agrees(octets, 0, len(octets))
    for size in (2, 4, 0x81):
        broken = octets[:5] + bytes((size,)) + octets[6:]
        assert_apdu_agrees(broken, 0, len(broken))


def test_what_stands_around_data_is_kept_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_around, "MOST_KEPT", 4)
    first = bytes.fromhex("C401C1000900")
    for known in (writers._JSON, writers._FORM, writers._OUTLINE):
        for texts in texts_around(known.of_apdu(first, 0, len(first))).values():
            texts.clear()  # what other tests left there
    most: Counter[str] = Counter()
    for _ in range(3):
        for size in range(20):
            for value in range(3):
                octets = bytes.fromhex("C401C10009") + bytes((size,)) + bytes((value,)) * size
                assert_apdu_agrees(octets, 0, len(octets))
                for known in (writers._JSON, writers._FORM, writers._OUTLINE):
                    for name, texts in texts_around(known.of_apdu(octets, 0, len(octets))).items():
                        most[f"{known.form.__name__} {name}"] = max(most[f"{known.form.__name__} {name}"], len(texts))
    assert len(most) == 6
    assert set(most.values()) <= {1, 2, 3, 4}


def texts_around(writer: Any) -> dict[str, dict[Any, Any]]:
    """What the writer of an APDU keeps of the text around its Data, and what it has seen."""
    held = inspect.getclosurevars(writer).nonlocals
    return {"kept": held["kept"], "tried": inspect.getclosurevars(held["learn"]).nonlocals["tried"]}


@each_layer
@given(data=st.data())
def test_writers_of_layer_and_apdu_agree_with_tree(layer: Any, data: st.DataObject) -> None:
    octets = data.draw(any_octets(layer))
    before, after = data.draw(margins), data.draw(st.integers(0, 3))
    place = bytes(before) + octets + bytes(after), before, before + len(octets)
    assert_layer_agrees(layer, *place)
    if layer in APDUS:
        assert_apdu_agrees(*place)


@given(octets=st.binary(max_size=60))
def test_writers_of_random_octets_agree_with_tree(octets: bytes) -> None:
    assert_apdu_agrees(octets, 0, len(octets))


@given(
    apdu=st.sampled_from(APDUS).flatmap(lambda layer: valid(layer) | damaged(layer)),
    llc=st.sampled_from([REQUEST, RESPONSE, b""]),
    control=st.sampled_from([0x10, 0x32, 0x13, 0x93]),
)
def test_frame_with_apdu_inside_agrees_with_tree(apdu: bytes, llc: bytes, control: int) -> None:
    information = llc + apdu[:1900]
    length = 2 + 2 + 1 + 2 + len(information) + 2
    header = (0xA000 | length).to_bytes(2, "big") + b"\x03\x21" + bytes((control,))
    header += checks.fcs(header).to_bytes(2, "little")
    body = header + information
    frame = b"\x7e" + body + checks.fcs(body).to_bytes(2, "little") + b"\x7e"
    assert_layer_agrees(Hdlc, frame, 0, len(frame))


@given(
    information=st.binary(max_size=40),
    control=st.sampled_from([0x10, 0x32, 0x13, 0x93, 0x11]),
    wrong=st.tuples(st.sampled_from([0, 1, -1]), st.sampled_from([0, 1, -1])),
    flags=st.tuples(st.booleans(), st.booleans()),
    cut=st.integers(0, 4),
)
def test_check_sequences_agree_with_tree_be_they_good_wrong_unused_or_cut(
    information: bytes, control: int, wrong: tuple[int, int], flags: tuple[bool, bool], cut: int
) -> None:
    header = (
        (0xA000 | 7 + len(information) + 2 * bool(information)).to_bytes(2, "big") + b"\x03\x21" + bytes((control,))
    )
    body = header
    for kind, follows in zip(wrong[not information :], [information, b""][not information :], strict=True):
        sequence = 0 if kind < 0 else checks.fcs(body) ^ kind  # 0: not used
        body += sequence.to_bytes(2, "little") + follows
    frame = b"\x7e" * flags[0] + body + b"\x7e" * flags[1]
    assert_layer_agrees(Hdlc, frame, 0, len(frame) - cut)


def test_good_check_sequences_are_written_without_nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = bytes.fromhex("7E A0 07 03 21 93 0F 01 7E")
    before = layer_text(Hdlc, frame)

    def grow(*_: Any) -> int:
        raise AssertionError("a node was grown")

    monkeypatch.setattr(CheckSequence, "grow", grow)
    assert layer_text(Hdlc, frame) == before


def test_corpus_entries_agree_with_tree(corpus: Path) -> None:
    seen = 0
    for path in sorted((corpus / "vectors").glob("*.toml")):
        for table in tomllib.loads(path.read_text()).values():
            for entry in table if isinstance(table, list) else []:
                octets = bytes.fromhex("".join(re.findall(r"\b(?:[0-9A-Fa-f]{2})+\b", entry.get("hex", ""))))
                for at in (0, 3, 8):
                    assert_apdu_agrees(octets, min(at, len(octets)), len(octets))
                assert_layer_agrees(Hdlc, octets, 0, len(octets))
                seen += bool(octets)
    assert seen > 100


# -- the writers are generated, and used --------------------------------------------------------------------------------


@each_apdu
def test_apdu_has_a_writer_in_every_form(layer: Any) -> None:
    without_json = {"ConfirmedServiceError"}  # its JSON has another shape than its fields
    octets = bytes(layer())
    for known in (writers._JSON, writers._FORM, writers._OUTLINE):
        if known is writers._JSON and layer.__name__ in without_json:
            continue
        if known is writers._FORM and layer.__name__ == "Tag00":  # the quirk's note stands in its tree alone
            continue
        try:
            text = known.of_apdu(octets, 0, len(octets))(octets, 0, len(octets), "\n")
        except FAILURES:  # pragma: no cover -- says which layer has lost its writer
            text = ""
        assert text, known.form.__name__


FORM_KEYS = {"name", "value", "text", "range", "bits", "children", "notes", "buffer"}
"""What the form of a node is made of; fields that are called so do not come into it."""
PYTHON_WORDS = {"length"}
"""The name of the function that reads a length in generated code."""
GENERATORS = (
    walk, compile, probe, parts, source_text, text_walk, text_around, text_json, text_layers, text_outline, data_text, node_text, rows,
    writers,
)  # fmt: skip


def shown_names() -> set[str]:
    """The names of all layers and fields, with those of the layers inside."""
    names = set(registry.FAMILIES.values())
    layers, done = list(EVERY), set()
    while layers:
        layer = layers.pop()
        if layer in done:
            continue
        done.add(layer)
        names.add(layer.asn1)
        items = list(layer.items())
        for item in items:
            names |= {item.name, item.asn1}
            items += item.parts if isinstance(item, BitGroup) else []
            items += [inside for inside in (getattr(item, "field", None), getattr(item, "item", None)) if inside]
            layers += [item.layer] if hasattr(item, "layer") else []
            layers += getattr(item, "alternatives", {}).values()
    return names - {""}


@pytest.mark.parametrize("module", GENERATORS, ids=lambda module: module.__name__)
def test_generator_knows_no_field_by_name(module: Any) -> None:
    tree = ast.parse(Path(module.__file__).read_text())
    docstrings = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    words: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            words |= set(re.findall(r"[A-Za-z][\w-]+", node.value))
    assert not words & shown_names() - FORM_KEYS - PYTHON_WORDS


def test_names_of_fields_are_gathered() -> None:
    assert {"class_id", "class-id", "get-request", "invoke_id", "raw-data", "hcs"} <= shown_names()
