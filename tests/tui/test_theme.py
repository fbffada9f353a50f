"""Colours are told apart from what is behind them: a ratio of 4.5 for text, as WCAG 2.1 has it (1.4.3, level AA)."""

from __future__ import annotations

import pytest
from rich.style import Style
from textual.color import Color
from textual.pilot import Pilot

from analyzer.cli.arguments import THEMES
from analyzer.tui.app import DlmsharkApp
from analyzer.tui.theme import PALETTES, Palette
from tests.tui.driving import drive, main_of, sample

LEAST = 4.5
INKS = (
    "text", "muted", "faint", "accent", "request", "response", "value", "name", "good", "note", "warning", "error",
)  # fmt: skip
TRUE = {name: one for name, one in PALETTES.items() if one.text.startswith("#")}


def test_command_line_knows_all_themes() -> None:
    assert tuple(PALETTES) == THEMES


def _luminance(colour: str) -> float:
    parts = [part / 255 for part in Color.parse(colour).rgb]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _ratio(first: str, second: str) -> float:
    dark, bright = sorted((_luminance(first), _luminance(second)))
    return (bright + 0.05) / (dark + 0.05)


def _grounds(palette: Palette) -> dict[str, set[str]]:
    """What stands on what: on a bar nothing faint, on a coloured row nothing pale."""
    strong = {getattr(palette, ink) for ink in INKS[3:]} | {palette.text}
    lit = {palette.on_cursor} if palette.on_cursor else strong
    return {
        "background": {getattr(palette, ink) for ink in INKS},
        **dict.fromkeys(("surface", "panel"), strong | {palette.muted}),
        **dict.fromkeys(("cursor", "cursor_blurred", "mark"), lit),
    }


@pytest.mark.parametrize("name", TRUE)
def test_text_is_read_on_all_that_it_stands_on(name: str) -> None:
    palette = TRUE[name]
    poor = {
        (ink, ground): round(_ratio(ink, getattr(palette, ground)), 2)
        for ground, inks in _grounds(palette).items()
        for ink in inks
        if _ratio(ink, getattr(palette, ground)) < LEAST
    }
    assert not poor


@pytest.mark.parametrize("name", PALETTES)
@pytest.mark.parametrize("is_marked", [False, True], ids=["cursor", "mark"])
def test_nothing_pale_stands_on_a_coloured_row(name: str, is_marked: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    palette = PALETTES[name]
    pale = {palette.style("faint").color, palette.style("muted").color} - {palette.style("text").color}

    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        app.theme = name
        rows = main_of(app).records
        if is_marked:
            monkeypatch.setattr(rows, "background", lambda index: palette.mark)
        said = [one.style or Style() for one in rows.row_strip(int(is_marked)) if one.text.strip()]
        assert said and not pale & {one.color for one in said}
        if palette.on_cursor:
            assert {one.color for one in said} == {Style(color=palette.on_cursor).color}

    drive(sample("hdlc-segments"), act)


def test_row_under_the_cursor_is_told_from_one_elsewhere_without_colour() -> None:
    palette = PALETTES["high-contrast"]  # what NO_COLOR has
    assert _ratio(palette.cursor, palette.cursor_blurred) > 3 < _ratio(palette.cursor_blurred, palette.background)
