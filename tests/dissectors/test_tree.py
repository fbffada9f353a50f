"""What a person is shown of a node: one line that moves no cursor, whatever characters a meter sends."""

from __future__ import annotations

import pytest

from analyzer.tracking.findings import FACTS
from dissectors import reader, registry, writers
from dissectors.tree import Kind, Node, shown

TEXTS = {
    "Kamstrup ü 表": "Kamstrup ü 表",
    "\x1b[31mX\nclass-id: 8\x07": r"\x1b[31mX\x0aclass-id: 8\x07",
    "a\u202eb\u2066c\u2069": r"a\u202eb\u2066c\u2069",
    "é\x9b31m\u2028": r"é\x9b31m\u2028",
    "\U000e0041": r"\U000e0041",
}

each_text = pytest.mark.parametrize(("text", "wanted"), TEXTS.items(), ids=[ascii(one) for one in TEXTS.values()])


def strings(text: str) -> list[bytes]:
    """A get-response with the text as a utf8-string, alone and in rows; an SN one with it in a structure."""
    octets = text.encode()
    one = b"\x0c" + bytes((len(octets),)) + octets
    head = bytes.fromhex("C401C100")
    return [
        head + one,
        head + b"\x01\x08" + one * 8,
        bytes.fromhex("0C 01 00 02 02") + one + b"\x0a" + bytes((len(octets),)) + octets,
    ]


@each_text
def test_characters_that_do_not_print_are_shown_by_code(text: str, wanted: str) -> None:
    assert shown(Node("string", Kind.LEAF, 0, 0, text)) == wanted
    assert shown(Node("string", Kind.LEAF, 0, 0, 1, text)) == wanted


def test_node_without_text_and_value_shows_nothing() -> None:
    assert shown(Node("node", Kind.WRAP, 0, 0)) == ""


@each_text
def test_outlines_of_strings_hold_printable_lines(text: str, wanted: str) -> None:
    for octets in strings(text):
        outline = reader.read_apdu(octets).children[0].outline()
        assert f"utf8-string: {wanted}\n" in outline + "\n"
        assert all(line.isprintable() for line in outline.split("\n"))
        assert writers.outline_lines(octets) == outline


@each_text
def test_json_keeps_the_characters(text: str, wanted: str) -> None:
    result = reader.apdu_json(strings(text)[0])["get-response"]["get-response-normal"]["result"]
    assert result["data"] == {"utf8-string": text}


@pytest.mark.parametrize("layer", registry.LAYERS, ids=lambda layer: layer.__name__)
def test_outlines_of_default_layers_hold_printable_lines(layer: type) -> None:
    octets = bytes(layer())
    assert all(line.isprintable() for line in reader.read_apdu(octets).outline().split("\n"))


@pytest.mark.parametrize(
    "octets", ["C4", "C4 01", "C4 01 C1 00 09 04 01", "01 01 10 01", "60 10 A1 09 06", "", "C4 09 00", "F1"]
)
def test_note_of_a_code_is_of_one_severity_and_group(octets: str) -> None:
    notes = reader.read_apdu(bytes.fromhex(octets)).all_notes()
    assert notes
    for note in notes:
        assert (note.severity, note.group) == FACTS[note.code]
