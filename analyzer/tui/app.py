"""The application: themes, keys, its screens, and the commands that every screen knows."""

from __future__ import annotations

import os
import signal
import sys
from asyncio import get_running_loop
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from threading import Timer
from typing import TYPE_CHECKING

from textual import events

from analyzer.tui.columns import Known
from analyzer.tui.commands import COMMANDS, KeyReader
from analyzer.tui.options import Options, title_of
from analyzer.tui.passes import Passes
from analyzer.tui.screens.base import SCREENS, BaseScreen
from analyzer.tui.screens.main import MainScreen
from analyzer.tui.settings import Settings
from analyzer.tui.theme import PALETTES, Palette, themes, usual_theme

if TYPE_CHECKING:
    from textual.app import App

    from analyzer.capture import Capture, Progress
    from analyzer.tui.selection import Place
    from analyzer.tui.widgets.bars import Said

_FIRST_LOOK_SECONDS = 0.05
_FELT_SECONDS = 1.0
"""How long reading again may take until it is said how far that is."""
_HUNG_UP, _PATIENCE_SECONDS = 129, 5.0
_WITHOUT_CAPTURE = frozenset({"help", "rules", "start"})


class DlmsharkApp(Passes):
    """The terminal UI over one capture."""

    CSS_PATH = "dlmshark.tcss"
    TITLE = "dlmshark"
    ENABLE_COMMAND_PALETTE = False

    def __init__(self, options: Options, capture: Capture | None = None, settings: Settings | None = None) -> None:
        super().__init__(options, capture, settings)
        self.key_reader = KeyReader(self.keymap)
        self.history = self.settings.history
        for one in themes():
            self.register_theme(one)
        self.settings.check({"theme": PALETTES, "column": Known(), "command": COMMANDS})
        wanted = options.theme or self.settings.theme
        self._begin_with(wanted if wanted in PALETTES else usual_theme())
        self.places: dict[str, int] = {}
        """The row of each screen that the cursor was on."""
        self.came_from = ""
        """The screen that led to the record on the main one."""
        self.listens_to = ""
        """A live source that is opened once this ends."""
        self._early: list[events.Key] = []
        """Keys that came before there was a screen to take them."""

    @property
    def palette(self) -> Palette:
        """The colours of the theme."""
        return PALETTES.get(self.theme, PALETTES["dark"])

    def _begin_with(self, theme: str) -> None:
        """Take the first theme: no style is made yet that would have to be made anew."""
        made = self.available_themes[theme]
        if made.ansi or not made.dark:
            self.theme = theme
        else:
            self.set_reactive(DlmsharkApp.theme, theme)
            self.stylesheet.set_variables(self.get_css_variables())

    def get_default_screen(self) -> MainScreen:
        """Begin with the main screen: a blank one below it would cost time."""
        return self.main

    def on_ready(self) -> None:
        """What costs time begins after the main screen is seen."""
        for event in self._early:
            self.post_message(event)
        if self.settings.problem:
            self.main.flash(self.settings.problem, "error")
        if not self.options.inputs:
            self.call_after_refresh(self.open_screen, "start")
        self.app_resume_signal.subscribe(self, self._repaint)
        self.set_timer(_FIRST_LOOK_SECONDS, self.poll)
        for name in ("SIGTERM", "SIGHUP"):
            if hasattr(signal, name):
                with suppress(NotImplementedError, ValueError, RuntimeError):  # Windows; not the main thread
                    get_running_loop().add_signal_handler(getattr(signal, name), self._terminated, name)

    def _terminated(self, name: str) -> None:
        """End; where the terminal is gone, what still writes to it may wait for ever and is not waited for."""
        self.exit()
        if name == "SIGHUP":
            last = Timer(_PATIENCE_SECONDS, os._exit, [_HUNG_UP])
            last.daemon = True
            last.start()

    async def on_event(self, event: events.Event) -> None:
        """Give a key to the screen at once: going through widgets, it would come behind what was typed after it."""
        if isinstance(event, events.Key) and not event.is_forwarded:
            screen = self.screen
            if not isinstance(screen, BaseScreen):
                self._early.append(event)
                return
            if screen.stands and not screen.is_typed_into:
                self.app_focus = True
                screen.on_key(event)
                return
        await super().on_event(event)

    def open_inputs(self, inputs: Sequence[str], keyrings: Sequence[str] = ()) -> None:
        """Open other inputs, in which nobody was anywhere yet; where they cannot be read, what is open stays."""
        if problem := self.why_unreadable(inputs):
            if (front := self._front()) is not None:
                front.flash(problem, "error")
            return
        super().open_inputs(inputs, keyrings)
        self.places.clear()
        self.came_from = ""

    def listen(self, source: str) -> None:
        """End, and let the command that records show a live *source*."""
        self.listens_to = source
        self.exit()

    def on_unmount(self) -> None:
        """Give the capture back."""
        self.settings.keep_history(self.history)
        self.close_capture()

    def _fatal_error(self) -> None:
        """End after an error of ours: the terminal is given back, and no value of the user's is written down.

        Textual would print the local variables of every frame, keys among them.
        """
        from analyzer.tui.crash import written

        self.farewell = self.farewell or written(self._exception)  # more errors may follow from the first
        self.exit(return_code=1)
        self._close_messages_no_wait()

    # -- keys -----------------------------------------------------------------------------------------------------

    def key_problem(self, text: str) -> str:
        """Say what is wrong with a key that was typed; empty where nothing is."""
        return self.options.key_sources.plus(text.strip()).keyring()[1]

    def add_key(self, text: str) -> str:
        """Read the capture again with one more key. Returns what is wrong with it, empty where nothing is."""
        sources = self.options.key_sources.plus(text.strip())
        keyring, problem = sources.keyring()
        if keyring is not None:
            self.options = self.options._replace(keys=keyring, key_sources=sources)
            self.capture.add_keys(keyring)
        return problem

    # -- screens --------------------------------------------------------------------------------------------------

    @property
    def current_record(self) -> int:
        """The record under the cursor of the main screen; of the association chosen on its screen the first."""
        chosen = getattr(self.screen, "association", None)
        return int(chosen.first.record) if chosen is not None else self.main.records.number

    def command_add_key(self, count: int, text: str = "") -> None:
        """Ask for a key where it is seen what each opens."""
        self.open_screen("keys")
        self.call_after_refresh(self._ask_for_key, text)

    def _ask_for_key(self, text: str) -> None:
        screen = self.screen
        if (ask := getattr(screen, "command_add_key", None)) is not None:
            ask(0, text)

    def open_screen(self, name: str, count: int = 0, argument: str = "") -> None:
        """Open a screen over the main one; another that is open gives way."""
        if not self.has_begun and name not in _WITHOUT_CAPTURE:
            return
        screen: BaseScreen = getattr(import_module(f"analyzer.tui.screens.{name}"), SCREENS[name])()
        screen.opened_from = self.current_record
        screen.open_with(argument)
        self.came_from = ""
        if screen.lies_over and not self._has_help:
            self.push_screen(screen)
            return
        while not screen.lies_over and len(self.screen_stack) > 2:
            self.pop_screen()  # what another was opened from gives way with it
        if len(self.screen_stack) > 1:
            self.switch_screen(screen)
        else:
            self.push_screen(screen)

    @property
    def _has_help(self) -> bool:
        """Whether a screen is seen that lies over the one where it was asked for."""
        return isinstance(self.screen, BaseScreen) and self.screen.lies_over

    def go_to(self, number: int, place: Place | None = None) -> None:
        """Go back to the main screen, and there to a record and octets of it."""
        screen = self.screen
        if screen is not self.main:
            shown = [type(one).__name__ for one in self.screen_stack]
            self.came_from = next((name for name, kind in SCREENS.items() if kind in shown), "")
            self._show_main()
        self.call_after_refresh(self.main.arrive, number, place)

    def filter_main(self, expression: str) -> None:
        """Go to the main screen, and filter there."""
        self._show_main()
        self.call_after_refresh(self.main.answer_filter, expression)

    def leave_for(self, command: str) -> None:
        """Close the help, and run a command where it was asked for."""
        self.pop_screen()
        if (below := self._front()) is not None:
            self.call_after_refresh(below.run_typed, command)

    def _show_main(self) -> None:
        """Close whatever stands over the main screen."""
        while self.screen is not self.main and len(self.screen_stack) > 1:
            self.pop_screen()

    def title_line(self, screen: str) -> tuple[Sequence[Said], Sequence[Said]]:
        """Write the title: what is open, how much of it was read, and what was found."""
        title = self.options.title or title_of(self.options.inputs)
        left = [(" dlmshark ", "accent bold")]
        left += [(f" {title} ", "text")] if title else []
        left += [(f" {screen}", "muted")] if screen else []
        if not self.has_begun:
            return left, [("opening… ", "muted")] if self.options.inputs else []
        progress = self.capture.progress
        found = self._progress_said(progress)
        if progress.errors:
            found += [("  ", "muted"), (f"✗ {progress.errors:,}", "error bold", "expert")]
        if progress.warnings:
            found += [("  ", "muted"), (f"! {progress.warnings:,}", "warning bold", "expert")]
        return left, [*found, (" ", "muted")]

    def _progress_said(self, progress: Progress) -> list[Said]:
        """Say how many records there are, and while they are read how far and how fast."""
        found: list[Said] = []
        if not progress.is_done:  # stands first: it is what gives way first, and the rest stays in its place at the end
            is_live, total = self.options.live is not None, progress.total_octets
            rate = self.pace.text if is_live else f"{progress.records / max(progress.seconds, 0.1):,.0f}/s"
            far = f"{100 * progress.octets // total} % · " if total and not is_live else ""
            found.append((f"{far}{rate}  ", "accent"))
        again = self.capture.again
        if again is not None and again.seconds > _FELT_SECONDS:
            total = again.total_octets or again.octets or 1
            found.append((f"read again: {100 * again.octets // total} %  ", "accent"))
        if self.capture.is_cut_short:
            found += [(" STOPPED ", "warning bold reverse"), ("  ", "muted")]
        elif self.main.is_paused:
            found += [(" PAUSED ", "warning bold reverse"), ("  ", "muted")]
        elif self.options.live is not None and self.options.live.is_over():  # whatever ended it: nothing more comes
            found += [(" ENDED ", "warning bold reverse"), ("  ", "muted")]
        elif self.main.is_tailing:
            found += [(" TAIL ", "accent bold reverse"), ("  ", "muted")]
        found.append((f"{progress.records:,} record{'s' * (progress.records != 1)}", "muted"))
        return found

    # -- commands -------------------------------------------------------------------------------------------------

    def command_quit(self, count: int, manner: str = "") -> None:
        """Quit; without an exclamation mark first say what would be lost."""
        if manner == "!" or self.may_leave("quits"):
            self.exit()

    async def action_quit(self) -> None:
        """Quit by the key that Textual takes itself while something is typed."""
        self.command_quit(0)

    def command_suspend(self, count: int) -> None:
        """Stop for the shell, while a recording goes on; where no shell waits none could let the program go on."""
        if sys.platform != "win32" and os.getpgrp() != os.getsid(0):
            with self.suspend():
                os.killpg(0, signal.SIGTSTP)  # a script that runs us has to stop as well, or its shell goes on waiting
        elif isinstance(self.screen, BaseScreen):
            self.screen.flash("Ctrl+Z needs a shell that started dlmshark; there is none here", "warning")

    def _repaint(self, _: App[None]) -> None:
        """Show the whole screen again: the terminal forgot it, and each widget believes that it is seen."""
        self.screen.refresh()

    def may_leave(self, does: str) -> bool:
        """Tell whether the capture may be left; first say what would be lost, and that once more *does* it."""
        if not self.main.has_unsaved or self.main.was_told:
            return True
        self.main.was_told = True
        if (front := self._front()) is not None:
            front.close_prompt()
            front.flash(f"comments are not saved: x writes them into a pcapng; once more {does}", "warning")
        return False

    def command_back(self, count: int) -> None:
        """Close the screen."""
        if len(self.screen_stack) > 1:
            self.pop_screen()

    def command_close(self, count: int) -> None:
        """Close the screen; on the main screen there is none to close."""
        if len(self.screen_stack) > 1:
            self.pop_screen()
        elif isinstance(self.screen, BaseScreen):
            self.screen.flash(f"{self.keymap.text('back')} quits")

    def command_theme(self, count: int) -> None:
        """Take the next theme."""
        names = list(PALETTES)
        self.theme = names[(names.index(self.theme) + 1) % len(names)]
        if isinstance(self.screen, BaseScreen):
            self.screen.flash(f"theme: {self.theme}")
