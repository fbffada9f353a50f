"""Names beside numbers: the same in trees, outlines and the JSON of layers."""

from __future__ import annotations

import json

import pytest

from analyzer.naming import name_layers, name_nodes, name_outline, names, say_octets
from dissectors.reader import node_form, read_apdu
from dissectors.tree import shown
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


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("09 0C 07EA0302010D000700FFC400", "2026-03-02T13:00:07+01:00"),
        ("09 0C 07EA0302010D00071BFFC400", "2026-03-02T13:00:07.27+01:00"),
        ("09 0C 07EA0302010D000700FFC480", "2026-03-02T13:00:07+01:00, daylight saving active"),
        ("09 0C 07EA03FE0202000000FFC480", "2026-03-last Tuesday 02:00 +01:00, daylight saving active"),
        ("09 0C 07EA0302010D000700800000", "2026-03-02T13:00:07"),
        ("09 0C 07EA0302091900070000000000", ""),
        ("09 0C FFFFFFFFFFFFFFFFFFFFFFFF", "not specified"),
        ("19 07EA0302010D000700FFC400", "2026-03-02T13:00:07+01:00"),
        ("1A 07EA030201", "2026-03-02"),
        ("1B 0D000700", "13:00:07"),
        ("09 06 0100010800FF", "1-0:1.8.0*255 Active energy import (+A)"),
        ("09 06 434142434142", '"CABCAB"'),
        ("09 03 434142", '"CAB"'),
        ("09 03 432242", ""),
        ("09 02 4342", ""),
        ("09 03 4301FF", ""),
        ("09 00", ""),
        ("0A 03 434142", ""),
        ("12 4142", ""),
    ],
)
def test_octets_are_followed_by_what_they_say_in_trees_and_outlines_alike(data: str, said: str) -> None:
    octets = bytes.fromhex(data)
    answer = bytes.fromhex("C401C100") + octets
    outline = name_outline(outline_lines(answer, indent=1)).splitlines()[-1]
    nodes = read_apdu(answer).children
    say_octets(nodes)
    (leaf,) = [node for root in nodes for node in root.leaves()][-1:]
    assert outline.partition(": ")[2] == shown(leaf)
    assert outline.endswith(f" ({said})") if said else "(" not in outline


def test_tables_stay_as_they_are_in_outlines() -> None:
    times = "".join(f"09 0C 07EA0302010D00{minute:02X}00FFC400" for minute in range(21))
    answer = bytes.fromhex(f"C401C100 01 15 {times}")
    assert "(2026" not in name_outline(outline_lines(answer))
    nodes = read_apdu(answer).children
    say_octets(nodes)
    assert sum("(2026" in node.text for root in nodes for node in root.walk()) == 21
