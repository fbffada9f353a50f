"""Two hours of a bus, in simulated time, through the real source on the UART model: nothing is lost or made."""

from __future__ import annotations

from pathlib import Path

from analyzer.simulate.serial_tap import sent_in
from analyzer.simulate.uart import LineFormat
from analyzer.tracking.line_follower import LineFollower
from captures.serial_line import LineSettings
from tests.analyzer.live.paced import Bus, traffic
from tests.analyzer.live.recorded import record_line, records_in

HOURS = 2
_EVERY_NS = 120_000_000_000


def test_two_hours_of_a_bus_are_recorded_in_full(tmp_path: Path) -> None:
    round_of_two = traffic(Bus(9600, 2), 4)
    events = [
        one._replace(time_ns=one.time_ns + number * _EVERY_NS)
        for number in range(HOURS * 30)
        for one in round_of_two
    ]  # fmt: skip
    assert events[-1].time_ns - events[0].time_ns > (HOURS * 3600 - 121) * 1_000_000_000
    path = tmp_path / "long.pcapng"
    said, _ = record_line(sent_in(events, LineFormat(9600)), LineFollower(LineSettings(9600), follows=False), path)
    records = records_in(path)
    assert [one.octets for one in records] == [one.octets for one in events]
    assert max(abs((one.time_ns or 0) - sent.time_ns) for one, sent in zip(records, events, strict=True)) < 2_000_000
    assert not said and not [note for one in records for note in one.notes if note.severity > 1]
