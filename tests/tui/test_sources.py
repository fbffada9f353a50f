"""The screen of the inputs: its lanes lead to their own records, and thousands of them cost no time."""

from __future__ import annotations

import time
from pathlib import Path

from textual.pilot import Pilot

from analyzer.tui.app import DlmsharkApp
from analyzer.tui.screens.sources import SourcesScreen
from tests.captures.build import CLIENT, METER, ethernet, ipv4, pcap_header, pcap_record, tcp
from tests.tui.driving import drive, indexed, main_of, text_of, wait_for

_GET = bytes.fromhex("0001 0010 0001 000d  c001c1 0008 0000010000ff 0200")
_QUICK_SECONDS = 1.0


def _requests(path: Path, ports: list[int]) -> str:
    """Write a GET request from each of the client's *ports*."""
    packets = (ethernet(ipv4(tcp(_GET, ports=(port, 4059)), addresses=CLIENT + METER)) for port in ports)
    path.write_bytes(pcap_header() + b"".join(map(pcap_record, packets)))
    return str(path)


def test_lane_leads_to_its_own_records_beside_one_whose_name_begins_alike(tmp_path: Path) -> None:
    path = _requests(tmp_path / "ports.pcap", [5000, 50001, 50002])

    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press("S")
        await wait_for(pilot, lambda: any("10.0.0.2:5000 ↔" in line and "wrapper" in line for line in text_of(app)))
        table = app.screen.table  # type: ignore[attr-defined]
        table.move_to(next(at for at, row in enumerate(table.rows) if row.cells[0].startswith("10.0.0.2:5000 ")))
        await pilot.press("enter")
        await wait_for(pilot, lambda: app.screen is main_of(app) and main_of(app).records.count < 3)
        assert main_of(app).records.count == 1

    drive(indexed(path), act)


def test_thousands_of_lanes_are_shown_at_once(tmp_path: Path) -> None:
    path = _requests(tmp_path / "many.pcap", list(range(10_000, 13_000)))

    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press("S")
        await wait_for(pilot, lambda: isinstance(app.screen, SourcesScreen) and app.screen.table.count == 3000, 60)
        began = time.process_time()
        rows = list(app.screen.rows())  # type: ignore[attr-defined]
        assert time.process_time() - began < _QUICK_SECONDS
        assert {row.cells[1] for row in rows} == {"wrapper"}

    drive(indexed(path), act)
