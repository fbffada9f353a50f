"""Traffic by which the doctor is measured is healthy: it holds exchanges of every usual kind, and no story is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from analyzer.diagnosis.doctor import Doctor
from analyzer.record import LINK, PART, Record
from analyzer.session import Session
from captures import open_source
from tests.bench.healthy import write_hdlc, write_wrapper

RECORDS = 1000
FAMILIES = {"get-request", "get-response", "set-request", "set-response", "aarq", "aare", "rlrq", "rlre"}


@pytest.mark.parametrize(("write", "kinds"), [(write_wrapper, set()), (write_hdlc, {LINK})], ids=["wrapper", "hdlc"])
def test_healthy_traffic_has_no_story(write: Callable[[Path, int], None], kinds: set[str], tmp_path: Path) -> None:
    path = tmp_path / "healthy.pcap"
    write(path, RECORDS)
    doctor = Doctor()
    with open_source(str(path)) as source:
        records = list(Session(source, learns=False).records())
    odd: list[Record] = []
    doctor.take_all(records, odd.append)
    usual = {record.number for record in records} - {record.number for record in odd}
    doctor.finish()
    assert doctor.stories() == []
    assert RECORDS <= len(records) < 2 * RECORDS
    assert {record.apdu.family for record in records if record.apdu is not None} == FAMILIES
    assert {record.kind for record in records if record.number in usual} >= {PART, *kinds}
    assert len(usual) > 0.9 * len(records)
