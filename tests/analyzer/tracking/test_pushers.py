"""Who pushes, once known: blocks of a push carry client and server before the APDU in them is whole."""

from __future__ import annotations

from analyzer.pipeline import Pipeline
from captures import open_source
from captures.samples import sample_path


def test_blocks_of_a_known_pusher_name_client_and_server() -> None:
    records = list(Pipeline().run(open_source(str(sample_path("push-udp")))))
    pushed = {record.lane.text for record in records if record.apdu and record.apdu.family == "data-notification"}
    blocks = [record for record in records if record.part_of is not None]
    assert blocks
    assert all(record.lane.text in pushed for record in blocks)
    assert {(record.client, record.server, record.direction) for record in blocks} == {(103, 1, "unsolicited")}
