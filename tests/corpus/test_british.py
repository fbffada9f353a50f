"""Every British message that holds an APDU shows its objects by name."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from analyzer.cosem.names import attribute_name, class_name, method_name, obis_name
from analyzer.record import Object
from analyzer.session import Session
from captures import source_from_hex

_ALERTS = "data-notification"
_SIGNED_ONLY = 100


def _is_named(one: Object) -> bool:
    last = method_name if one.is_method else attribute_name
    names = (obis_name(one.logical_name), class_name(one.class_id), last(one.class_id, one.attribute))
    return all(names)


def test_messages_with_apdus_show_named_objects(corpus: Path) -> None:
    lines = [json.loads(line)["hex"] for line in (corpus / "gbcs.jsonl").read_text(encoding="utf-8").splitlines()]
    counts: Counter[str] = Counter()
    unnamed = []
    with source_from_hex("\n".join(lines)) as source:
        session = Session(source, {"record": "apdu"})
        for record in session.records():
            assert record.apdu is not None
            family = record.apdu.family
            counts[family] += 1
            if family == _ALERTS:
                values = session.values(record)
                if len(values) < 2 or not values[0].text.startswith("alert "):
                    unnamed.append(record.number)
            elif family != "general-signing" and not (record.objects and all(map(_is_named, record.objects))):
                unnamed.append(record.number)
    assert unnamed == []
    assert counts.total() - counts["general-signing"] == 493
    assert counts["general-signing"] == _SIGNED_ONLY
