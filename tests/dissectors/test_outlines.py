"""One example of each APDU family as the screen outlines it: ``tests/golden/apdus.txt``, hex by field and the tree below."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from dissectors import reader, registry
from dissectors.xdlms.ciphered import SERVICE_SPECIFIC
from tests.dissectors.agreement import assert_tiles, without_caches

GOLDEN = Path(__file__).resolve().parent.parent / "golden" / "apdus.txt"
ONE_OF_MANY = {"glo-get-request", "ded-get-response"}
"""These stand for the thirty others that are written the same way."""


class Example(NamedTuple):
    """A section of the file."""

    family: str
    title: str
    octets: bytes
    outline: str


def examples() -> Iterator[Example]:
    """Read the file: ``== family: title``, lines of hex with remarks, a line ``--``, the outline."""
    for section in re.split(r"^== ", GOLDEN.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        head, rest = section.split("\n", 1)
        family, title = head.split(": ", 1)
        text, outline = rest.split("\n--\n")
        octets = bytes.fromhex("".join(line.split("#")[0] for line in text.splitlines()))
        yield Example(family, title, octets, outline.strip("\n"))


EXAMPLES = list(examples())
each_example = pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.family)


def test_every_family_has_an_example() -> None:
    closed = {registry.FAMILIES[tag] for tag in SERVICE_SPECIFIC}
    assert {example.family for example in EXAMPLES} == (set(registry.FAMILIES.values()) - closed) | ONE_OF_MANY


@each_example
def test_example_outlines_as_expected(example: Example) -> None:
    assert reader.read_apdu(example.octets).children[0].outline() == example.outline


@each_example
def test_example_is_its_family_and_tiles(example: Example) -> None:
    root = reader.read_apdu(example.octets)
    assert list(reader.to_json(root)) == [example.family]
    assert_tiles(root, 0, len(example.octets) * 8)


@each_example
def test_example_builds_from_its_fields(example: Example) -> None:
    found = registry.pick(example.octets, 0, len(example.octets))
    assert found is not None
    assert bytes(without_caches(found[1](example.octets))) == example.octets
