"""Pushes in I frames without a link, N(S) always 0: each is taken for itself (field: corpus logs, Kaifa)."""

from __future__ import annotations

from analyzer.pipeline import Pipeline
from captures import source_from_hex
from dissectors.hdlc import Hdlc
from dissectors.llc import Llc
from dissectors.tree import Severity
from dissectors.xdlms.notification import DataNotification


def push(value: int) -> str:
    body = DataNotification(notification_body={"data_value": {"double-long-unsigned": value}})
    return bytes(Hdlc(destination_address=0, source_address="0.0", control=0x10) / Llc(source_lsap=0xE7) / body).hex()


def test_pushes_that_never_count_are_neither_lost_nor_repeated() -> None:
    records = list(Pipeline().run(source_from_hex("\n".join(push(value) for value in (1, 2, 2, 2, 3)))))
    assert [record.kind for record in records] == ["apdu"] * 5
    assert [note for record in records for note in record.notes if note.severity >= Severity.WARNING] == []
