"""Themes: the colours of the surfaces, and the styles that rows are written in."""

from __future__ import annotations

import os
from functools import cache
from typing import NamedTuple

from rich.style import Style
from textual.theme import BUILTIN_THEMES, Theme


class Palette(NamedTuple):
    """Colours by what they say; rows are written in them."""

    text: str
    muted: str
    faint: str
    accent: str
    request: str
    response: str
    value: str
    name: str
    good: str
    note: str
    warning: str
    error: str
    background: str
    surface: str
    panel: str
    cursor: str
    cursor_blurred: str
    mark: str
    on_cursor: str = ""
    """The one colour of all that stands on the cursor's and on marks; empty where each keeps its own."""

    @property
    def base(self) -> Style:
        """The style that rows stand on."""
        return _on(self.text, self.background)

    def on(self, ground: str) -> Style:
        """The style that a line stands on, by the name of what is behind it."""
        return _on(self.text, getattr(self, ground))

    def style(self, colour: str, *, bold: bool = False) -> Style:
        """Give the style of one of the colours by its name."""
        return _style(getattr(self, colour), bold)


@cache
def _on(colour: str, background: str) -> Style:
    return Style(color=colour, bgcolor=background)


@cache
def _style(colour: str, bold: bool) -> Style:
    return Style(color=colour, bold=bold or None)


_DARK = Palette(
    text="#d5dae3", muted="#97a1b2", faint="#75808f", accent="#6cb6ff", request="#82b8f0", response="#7fd1a5",
    value="#e3c78a", name="#a9c7ea", good="#7fd1a5", note="#67c7d4", warning="#e6b450", error="#ff7a70",
    background="#11151b", surface="#171c24", panel="#1f2631", cursor="#1f3b5a", cursor_blurred="#232d3b",
    mark="#403619",
)  # fmt: skip
_LIGHT = Palette(
    text="#1f2530", muted="#4f5a69", faint="#6b7584", accent="#0b5fc0", request="#0b5fc0", response="#116a43",
    value="#7a4e00", name="#23497a", good="#116a43", note="#0b6b78", warning="#8a5a00", error="#c0261c",
    background="#fbfcfd", surface="#f3f5f8", panel="#e7ebf0", cursor="#d0e3f9", cursor_blurred="#e1e8f0",
    mark="#fbeebf",
)  # fmt: skip
_CONTRAST = Palette(
    text="#ffffff", muted="#e0e0e0", faint="#b0b0b0", accent="#00ffff", request="#80d0ff", response="#60ff90",
    value="#ffff60", name="#ffffff", good="#60ff90", note="#00ffff", warning="#ffd000", error="#ff8080",
    background="#000000", surface="#000000", panel="#202020", cursor="#00ffff", cursor_blurred="#808080",
    mark="#ffd000", on_cursor="#000000",
)  # fmt: skip
_SIXTEEN = Palette(
    text="default", muted="default", faint="bright_black", accent="cyan", request="cyan", response="green",
    value="yellow", name="default", good="green", note="cyan", warning="yellow", error="red",
    background="default", surface="default", panel="default", cursor="cyan", cursor_blurred="white",
    mark="magenta", on_cursor="black",
)  # fmt: skip


def _theme(name: str, palette: Palette, *, dark: bool) -> Theme:
    return Theme(
        name=name, primary=palette.accent, secondary=palette.request, warning=palette.warning, error=palette.error,
        success=palette.good, accent=palette.accent, foreground=palette.text, background=palette.background,
        surface=palette.surface, panel=palette.panel, dark=dark,
        variables={
            "muted": palette.muted, "faint": palette.faint, "cursor": palette.cursor, "border": palette.faint,
            "scrollbar": palette.panel, "scrollbar-hover": palette.faint, "scrollbar-active": palette.accent,
            "scrollbar-background": palette.background, "scrollbar-background-hover": palette.background,
            "scrollbar-background-active": palette.background,
        },
    )  # fmt: skip


def _sixteen() -> Theme:
    return Theme(
        name="16-colours", primary="ansi_cyan", secondary="ansi_cyan", warning="ansi_yellow", error="ansi_red",
        success="ansi_green", accent="ansi_cyan", foreground="ansi_default", background="ansi_default",
        surface="ansi_default", panel="ansi_default", boost="ansi_default", dark=True, ansi=True,
        variables={
            **BUILTIN_THEMES["ansi-dark"].variables,
            "muted": "ansi_default", "faint": "ansi_bright_black", "cursor": "ansi_blue", "border": "ansi_white",
        },
    )  # fmt: skip


PALETTES = {"dark": _DARK, "light": _LIGHT, "high-contrast": _CONTRAST, "16-colours": _SIXTEEN}


def usual_theme() -> str:
    """Name the theme for this terminal: one of 16 colours where it has no more."""
    if os.environ.get("NO_COLOR"):
        return "high-contrast"
    has_more = os.environ.get("COLORTERM") in ("truecolor", "24bit") or "256" in os.environ.get("TERM", "256")
    return "dark" if has_more or os.name == "nt" else "16-colours"


def themes() -> list[Theme]:
    """Make the themes, in the order in which one key goes through them."""
    return [
        _theme("dark", _DARK, dark=True), _theme("light", _LIGHT, dark=False),
        _theme("high-contrast", _CONTRAST, dark=True), _sixteen(),
    ]  # fmt: skip
