"""Buses on pseudo-terminals at the pace of their speed: the view, the spool and the octets give the same records."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.analyzer.live.paced import Bus, problem, run

SHORT = [
    Bus(9600, 1), Bus(115200, 32), Bus(115200, 2, taps=2), Bus(115200, 2, has_echo=True), Bus(115200, 2, has_noise=True),
    Bus(115200, 2, is_pulled=True), Bus(115200, 2, taps=2, is_pulled=True),
]  # fmt: skip


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="check not run: no pseudo-terminals here")
@pytest.mark.parametrize("bus", SHORT, ids=lambda bus: bus.text)
def test_bus_at_its_pace_is_seen_in_full(bus: Bus, tmp_path: Path) -> None:
    assert problem(bus, run(bus, 2, tmp_path)) == ""
