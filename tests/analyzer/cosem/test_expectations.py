"""Every attribute of forty classes says what its class description means."""

from __future__ import annotations

import pytest

from analyzer.cosem.classes import attribute_name
from analyzer.cosem.rendering import Renderer, text_of
from analyzer.cosem.tables import Tables
from tests.analyzer.cosem.data import datum
from tests.analyzer.cosem.expectations import EXPECTED, Row

FORTY = {1, *range(3, 13), 15, *range(17, 31), *range(40, 46), 47, 48, 62, 63, 64, 70, 71, 72}


@pytest.mark.parametrize(
    ("class_id", "version", "row"),
    [(*key, row) for key, rows in EXPECTED.items() for row in rows],
    ids=lambda one: str(one[0]) if isinstance(one, tuple) else str(one),
)
def test_attribute_says_what_it_means(class_id: int, version: int, row: Row) -> None:
    attribute, octets, text = row
    renderer = Renderer()
    assert text_of(renderer.attribute(class_id, attribute, datum(octets), version)) == text
    assert renderer.misfits == []


def test_forty_classes_are_expected_with_every_attribute() -> None:
    classes = Tables("classes.toml")
    assert {class_id for class_id, _ in EXPECTED} == FORTY
    assert len(FORTY) == 40
    for class_id in FORTY:
        version = max(one for number, one in EXPECTED if number == class_id)
        listed = classes.table(f"class.{class_id}.{version}")["attribute"]
        assert isinstance(listed, dict)
        expected = {str(row[0]) for row in EXPECTED[class_id, version]}
        missing = [attribute_name(class_id, int(one), version) for one in listed if one not in expected]
        assert missing == [], (class_id, version)
