"""What an index keeps of a record: nothing but its octets where they say all, and all of it comes back."""

from __future__ import annotations

import pytest

from analyzer.index.packing import pack, renumber
from analyzer.record import Record
from analyzer.session import Session
from analyzer.tracking.findings import finding
from captures.samples import samples
from captures.source import open_source

RARE = (
    "start_ns", "begin_ns", "problem", "part_of", "parts", "llc", "station", "heading", "gateway", "protection",
    "assembled", "incomplete", "more", "closed", "notes",
)  # fmt: skip


def _records(name: str) -> list[Record]:
    path = next(one.path for one in samples() if one.name == name)
    with open_source(str(path)) as source:
        return list(Session(source, {}, None, learns=False).records())


@pytest.mark.parametrize("name", ["ln-wrapper", "hdlc-segments", "blocks", "push-ciphered", "mode-c-readout"])
def test_nothing_is_kept_beside_the_octets_where_nothing_is_rare(name: str) -> None:
    kinds = set()
    for record in _records(name):
        is_rare = any(getattr(record, member) for member in RARE) or len(record.packets) != 1
        if record.apdu is not None:
            is_rare = is_rare or record.apdu.at < 0 or record.apdu.values is None
        assert bool(pack(record).extra) == is_rare
        kinds.add(is_rare)
    assert False in kinds or name in ("push-ciphered", "mode-c-readout")


def test_notes_name_the_record_of_before_by_its_number_among_all() -> None:
    record = _records("ln-wrapper")[0]
    note = finding("invocation-counter-repeated", "the octets are those of record 2", 0, 0)._replace(before=2)
    record.notes = (note, finding("line-echo", "the octets of record 1", 0, 0))
    renumber(record, [11, 25])
    assert [(one.text.rpartition(" ")[2], one.before) for one in record.notes] == [("25", 25), ("11", 0)]
