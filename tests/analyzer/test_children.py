"""Processes that read for this one: who interrupts this one at a terminal interrupts none of them."""

from __future__ import annotations

import os

import pytest

from analyzer.children import Children


@pytest.mark.skipif(not hasattr(os, "getpgid"), reason="no groups of processes here")
def test_interrupt_at_the_terminal_is_for_the_first_process_alone() -> None:
    with Children() as children:
        _, _, process = children.start("analyzer.index.share")
        assert os.getpgid(process.pid) == process.pid != os.getpgid(0)
    assert process.poll() is not None
