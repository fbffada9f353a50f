"""Names beside numbers: the same in trees, outlines and the JSON of layers."""

from __future__ import annotations

import json

from analyzer.naming import name_layers, name_nodes, name_outline, names
from dissectors.reader import node_form, read_apdu
from dissectors.writers import layers_text, outline_lines

REQUEST = bytes.fromhex("C001 C1 0003 0100010800FF 02 00")
METHOD = bytes.fromhex("C301 C1 0046 0000600 30AFF 01 00".replace(" ", ""))


def test_names_of_register_value_say_class_object_and_attribute() -> None:
    found = names(3, bytes.fromhex("0100010800FF"), 2, False)
    assert found == ("3 (Register)", "1-0:1.8.0*255 Active energy import (+A)", "2 (value)")


def test_names_of_unknown_class_keep_the_numbers() -> None:
    found = names(9999, bytes.fromhex("0100010800FF"), 77, False)
    assert (found.class_id, found.last) == ("9999", "77")


def test_outline_layers_and_tree_name_a_request_alike() -> None:
    tree = read_apdu(REQUEST)
    name_nodes(tree.children)
    texts = {node.name: node.text for node in tree.walk() if node.name in ("class-id", "instance-id", "attribute-id")}
    outline = name_outline(outline_lines(REQUEST))
    assert all(f"{name}: {text}" in outline for name, text in texts.items())
    assert json.loads(f"[{name_layers(layers_text(REQUEST))}]") == json.loads(
        json.dumps([node_form(child) for child in tree.children])
    )


def test_method_of_disconnect_control_is_named() -> None:
    assert "method-id: 1 (remote_disconnect)" in name_outline(outline_lines(METHOD))
