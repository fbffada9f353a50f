"""The application: themes, the capture that is open, and the commands that every screen knows."""

from __future__ import annotations

from asyncio import to_thread
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

from textual.app import App

from analyzer.tui.commands import Keymap, KeyReader
from analyzer.tui.theme import PALETTES, Palette, themes

if TYPE_CHECKING:
    from analyzer.capture import Capture
    from analyzer.security.keyring import Keyring
    from analyzer.tui.screens.base import BaseScreen
    from analyzer.tui.screens.main import MainScreen
    from analyzer.tui.widgets.bars import Said

_BUSY_SECONDS, _IDLE_SECONDS = 0.05, 0.5


class Options(NamedTuple):
    """What the command line says."""

    inputs: tuple[str, ...] = ()
    title: str = ""
    keys: Keyring | None = None
    decode_as: dict[str, str] | None = None
    is_utc: bool = False
    filter: str = ""
    theme: str = ""


class DlmsharkApp(App[None]):
    """The terminal UI over one capture."""

    CSS_PATH = "dlmshark.tcss"
    TITLE = "dlmshark"
    ENABLE_COMMAND_PALETTE = False

    def __init__(self, options: Options, capture: Capture | None = None) -> None:
        super().__init__()
        self.options = options
        self.keymap = Keymap()
        self.key_reader = KeyReader(self.keymap)
        self.history: dict[str, list[str]] = {}
        for one in themes():
            self.register_theme(one)
        self.theme = options.theme or "dark"
        self._capture = capture
        self._is_ours = capture is None
        """Whether the capture was opened here, and is closed here."""
        self._main: MainScreen | None = None

    @property
    def palette(self) -> Palette:
        """The colours of the theme."""
        return PALETTES.get(self.theme, PALETTES["dark"])

    @property
    def capture(self) -> Capture:
        """The capture that is open. Raises: RuntimeError before it is."""
        if self._capture is None:
            raise RuntimeError("no capture is open yet")
        return self._capture

    def on_mount(self) -> None:
        """Open the main screen; what costs time begins after it is seen."""
        from analyzer.tui.screens.main import MainScreen

        self._main = MainScreen()
        self.push_screen(self._main)
        self.call_after_refresh(self._begin)

    async def _begin(self) -> None:
        """Open the capture. The decoder itself costs time to load, so the window stands before."""
        if self._capture is None:
            await to_thread(import_module, "analyzer.capture")
            from analyzer.capture import Capture

            options = self.options
            self._capture = Capture(options.inputs, keys=options.keys, decode_as=options.decode_as)
            self._capture.start()
        if self._main is not None:
            self._main.begin(self._capture)
            self._main.take(is_done=False)
        self.set_timer(_BUSY_SECONDS, self._poll)

    def _poll(self) -> None:
        """Take what arrived; often while the capture is read, seldom later."""
        changed = self.capture.poll()
        is_done = self.capture.progress.is_done
        if changed and self._main is not None:
            self._main.take(is_done=is_done)
        self.set_timer(_IDLE_SECONDS if is_done else _BUSY_SECONDS, self._poll)

    def title_line(self, screen: str) -> tuple[Sequence[Said], Sequence[Said]]:
        """Write the title: what is open, how much of it was read, and what was found."""
        left = [(" dlmshark ", "accent bold"), (f" {self.options.title or ', '.join(self.options.inputs)}", "text")]
        if screen:
            left.append((f"  {screen}", "muted"))
        if self._capture is None:
            return left, [("opening… ", "muted")]
        progress = self._capture.progress
        found = [(f"{progress.records:,} records".replace(",", " "), "muted")]
        if progress.errors:
            found.append((f"  ✗ {progress.errors}", "error bold"))
        if progress.warnings:
            found.append((f"  ! {progress.warnings}", "warning bold"))
        return left, [*found, (" ", "muted")]

    def on_unmount(self) -> None:
        """Give the capture back."""
        if self._capture is not None and self._is_ours:
            self._capture.close()

    # -- commands -------------------------------------------------------------------------------------------------

    def command_quit(self, count: int) -> None:
        """Quit."""
        self.exit()

    def command_back(self, count: int) -> None:
        """Close the screen; the last one quits."""
        if len(self.screen_stack) > 2:
            self.pop_screen()
        else:
            self.command_quit(count)

    def command_theme(self, count: int) -> None:
        """Take the next theme."""
        names = list(PALETTES)
        self.theme = names[(names.index(self.theme) + 1) % len(names)]
        screen: BaseScreen = self.screen  # type: ignore[assignment]
        screen.flash(f"theme: {self.theme}")
