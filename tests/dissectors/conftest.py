"""Scapy hides what goes wrong inside a payload unless it is told not to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from scapy.config import conf


@pytest.fixture(autouse=True)
def _failures_are_shown() -> Iterator[None]:
    before = conf.debug_dissector
    conf.debug_dissector = True
    yield
    conf.debug_dissector = before
