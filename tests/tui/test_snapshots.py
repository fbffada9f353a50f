"""Every main screen as a picture, at both sizes: ``pytest tests/tui/test_snapshots.py --snapshot-update`` draws them anew.

Whoever changes what is seen looks at the report that a failure names before the pictures are drawn anew.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from copy import copy
from itertools import islice
from pathlib import Path

import pytest
from textual.pilot import Pilot

from analyzer.tui.app import DlmsharkApp
from analyzer.tui.options import Options
from analyzer.tui.screens import rules, start
from analyzer.tui.settings import Settings
from tests.tui.driving import LARGE, SMALL, sample, wait_for

SCREENS: dict[str, tuple[str, tuple[str, ...]]] = {
    "main": ("ln-ciphered", ("1", "0", "G", "tab")),
    "doctor": ("blocks", ("d",)),
    "expert": ("blocks", ("exclamation_mark",)),
    "associations": ("hdlc-segments", ("a",)),
    "ladder": ("hdlc-segments", ("5", "G", "l")),
    "follow": ("ln-ciphered", ("f",)),
    "objects": ("ln-wrapper", ("o",)),
    "readings": ("blocks", ("r",)),
    "keys": ("ln-ciphered", ("K",)),
}
MORE: dict[str, tuple[str, tuple[str, ...]]] = {
    "statistics": ("ln-wrapper", ("s",)),
    "sources": ("hdlc-segments", ("S",)),
    "rules": ("ln-wrapper", ("R",)),
    "help": ("ln-wrapper", ("question_mark",)),
    "compare": ("ln-wrapper", ("4", "G", "D")),
    "diff": ("hdlc-segments", ("a", "m", "a", "down", "D")),
    "start": ("ln-wrapper", ()),
}
"""These in a light theme too."""


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["small", "large"])
@pytest.mark.parametrize("screen", list(SCREENS))
def test_screen_looks_as_it_did(screen: str, size: tuple[int, int], snap_compare: Callable[..., bool]) -> None:
    name, keys = SCREENS[screen]
    assert snap_compare(_app(name, "dark"), terminal_size=size, run_before=_pressing(keys))


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["small", "large"])
@pytest.mark.parametrize("screen", list(MORE))
def test_screen_looks_as_it_did_in_both_themes(
    screen: str, size: tuple[int, int], theme: str, snap_compare: Callable[..., bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    name, keys = MORE[screen]
    monkeypatch.setattr(start, "_ports", lambda: [("/dev/ttyUSB0", "a serial port")])
    monkeypatch.setattr(start, "_interfaces", lambda: ["eth0"])
    some = list(islice(rules.listed(), 12))  # that there are more and more of them is no matter of looks
    monkeypatch.setattr(rules, "listed", lambda: some)
    app = _app(name, theme)
    if screen == "sources":  # neither where the project lies nor how fast it was read is in the picture
        monkeypatch.chdir(Path(app.capture.inputs[0]).parent)
        app.capture.inputs = (Path(app.capture.inputs[0]).name,)
        app.capture.progress = app.capture.progress._replace(seconds=0.1)
    if screen == "start":
        app = DlmsharkApp(Options(theme=theme), None, Settings(Path(tempfile.mkdtemp())))
    assert snap_compare(app, terminal_size=size, run_before=_pressing(keys))


def test_light_theme_looks_as_it_did(snap_compare: Callable[..., bool]) -> None:
    name, keys = SCREENS["main"]
    assert snap_compare(_app(name, "light"), terminal_size=SMALL, run_before=_pressing(keys))


def test_sixteen_colours_look_as_they_did(snap_compare: Callable[..., bool]) -> None:
    name, keys = SCREENS["main"]
    assert snap_compare(_app(name, "16-colours"), terminal_size=SMALL, run_before=_pressing(keys))


def _app(name: str, theme: str) -> DlmsharkApp:
    capture = copy(sample(name))  # what a test changes of it is its own
    options = Options(capture.inputs, Path(capture.inputs[0]).name, theme=theme, is_utc=True)
    return DlmsharkApp(options, capture, Settings(Path(tempfile.mkdtemp())))


def _pressing(keys: tuple[str, ...]) -> Callable[[Pilot[None]], object]:
    async def press(pilot: Pilot[None]) -> None:
        app: DlmsharkApp = pilot.app  # type: ignore[assignment]
        await wait_for(pilot, lambda: not app.options.inputs or (app.has_capture and app.main.records.count > 0))
        await pilot.press(*keys)
        for _ in range(5):
            await pilot.pause(0.05)
        survey = app.survey_so_far
        await wait_for(pilot, lambda: survey is None or survey.is_done)
        await pilot.pause(0.1)

    return press
