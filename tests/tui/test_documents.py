"""The page about the terminal UI says what the program does."""

from __future__ import annotations

import importlib.util

from tests.project.checkout import ROOT


def test_keys_on_the_page_are_those_of_the_table() -> None:
    spec = importlib.util.spec_from_file_location("docs_tui", ROOT / "docs" / "tui.py")
    assert spec is not None and spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    assert made.keys_table() in (ROOT / "docs" / "tui.md").read_text(encoding="utf-8")
