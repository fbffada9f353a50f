"""The end of a recording of an interface: what waits is written, however long that takes."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from analyzer.live import network_recorder
from analyzer.live.network_recorder import NetworkRecorder, interface_of
from analyzer.live.status import Status
from captures import open_source
from captures.sniffer import Sniffed, Sniffer
from captures.spool import Spool


class Waiting(Sniffer):
    """A source in which so many packets wait, some for each time it is asked."""

    link_type, how = 1, "a test"

    def __init__(self, packets: int, *, may_stop: bool) -> None:
        self._left, self._may_stop = packets, may_stop

    def take(self) -> list[Sniffed]:
        count = min(10, self._left)
        self._left -= count
        return [Sniffed(time.time_ns() - 1_000_000_000, bytes(60), 60)] * count

    def stop(self) -> bool:
        return self._may_stop


@pytest.mark.parametrize(("may_stop", "kept"), [(True, 500), (False, 0)])
def test_what_waits_at_the_end_is_written_where_nothing_more_comes(
    may_stop: bool, kept: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(network_recorder, "_REST_NS", 0)  # a machine without time for it
    sniffer, path = Waiting(500, may_stop=may_stop), tmp_path / "s.pcapng"
    spool = Spool(str(path), [interface_of(sniffer, "test")])
    NetworkRecorder(sniffer, spool, Status()).run(lambda: True)
    spool.close()
    with open_source(str(path)) as source:
        assert sum(1 for _ in source) == kept
