"""What a list shows of a record: one line, in pieces that each column takes for itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from analyzer.export.summary import summary
from analyzer.export.text import control_text
from analyzer.record import Record
from analyzer.table.table import Row
from analyzer.table.words import Scalar
from analyzer.tracking.values import Value

OPEN, VERIFIED, UNVERIFIED, CLOSED, BROKEN = "open", "verified", "unverified", "closed", "broken"
"""States of the lock: not protected; opened, verified; opened without proof; closed; tried in vain."""
_LOCKS = {
    "verified": VERIFIED, "signature-verified": VERIFIED, "decrypted-unverified": UNVERIFIED,
    "plaintext-unverified": UNVERIFIED, "signature-unchecked": UNVERIFIED, "no-key": CLOSED,
    "no-system-title": CLOSED, "unsupported": CLOSED, "wrong-key": BROKEN, "wrong-tag": BROKEN, "damaged": BROKEN,
    "signature-wrong": BROKEN,
}  # fmt: skip


class RecordLine(NamedTuple):
    """What a list shows of one record."""

    number: int
    time_ns: int | None
    direction: str
    client: Scalar
    server: Scalar
    link: str
    lock: str
    summary: str
    value: str
    unit: str
    latency_ns: int | None
    severity: int
    """Of the worst note; -1 where there is none."""
    length: int
    lane: str


def line_of(row: Row, record: Record, values: Sequence[Value]) -> RecordLine:
    """Give the line of *record*, whose row is *row* and whose values are *values*."""
    link = record.link if record.control is None else control_text(record.control)
    value, unit = "", ""
    if len(values) == 1:
        value, unit = values[0].text, values[0].unit
    return RecordLine(
        row.number, row.time_ns, record.direction, record.client, record.server, link, lock_of(record),
        summary(record, values), value, unit, row.latency_ns, row.marks.severity, row.length, record.lane.text,
    )  # fmt: skip


def lock_of(record: Record) -> str:
    """Tell the state of the lock of *record*: that of its innermost protection."""
    closed = record.closed
    if closed is not None:
        return _LOCKS.get(closed.status, UNVERIFIED)
    apdu = record.apdu
    is_closed = apdu is not None and apdu.entry is not None and apdu.entry.is_closed
    return CLOSED if is_closed else OPEN
