"""The application: themes, the capture that is open, its screens, and the commands that every screen knows."""

from __future__ import annotations

import gc
import os
import signal
import sys
import time
from asyncio import Future, get_running_loop
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from importlib import import_module
from threading import Timer
from typing import TYPE_CHECKING

from textual import events
from textual.app import App

from analyzer.live.status import status_text
from analyzer.tui.commands import Keymap, KeyReader
from analyzer.tui.growth import Growth
from analyzer.tui.options import KeySources, Options, title_of
from analyzer.tui.screens.base import SCREENS, BaseScreen
from analyzer.tui.screens.main import MainScreen
from analyzer.tui.settings import Settings
from analyzer.tui.theme import PALETTES, Palette, themes, usual_theme

if TYPE_CHECKING:
    from analyzer.capture import Capture, Progress
    from analyzer.tui.comparing import Comparison
    from analyzer.tui.options import Part
    from analyzer.tui.selection import Place
    from analyzer.tui.survey import Survey
    from analyzer.tui.widgets.bars import Said

_NEXT_SECONDS, _BUSY_SECONDS, _IDLE_SECONDS = 0.01, 0.05, 0.5
_UNREADABLE = 3
_HUNG_UP, _PATIENCE_SECONDS = 129, 5.0
_SAID_SECONDS = 10
"""How long what a recording says is shown."""
_WITHOUT_CAPTURE = frozenset({"help", "rules", "start"})
_PORTION = 5000
"""So many records of the pass later its listeners hear of it."""


class DlmsharkApp(App[None]):
    """The terminal UI over one capture."""

    CSS_PATH = "dlmshark.tcss"
    TITLE = "dlmshark"
    ENABLE_COMMAND_PALETTE = False

    def __init__(self, options: Options, capture: Capture | None = None, settings: Settings | None = None) -> None:
        super().__init__()
        self.options = options
        self.settings = settings or Settings()
        self.keymap = Keymap(self.settings.keys)
        self.key_reader = KeyReader(self.keymap)
        self.history = self.settings.history
        for one in themes():
            self.register_theme(one)
        wanted = options.theme or self.settings.theme
        self._begin_with(wanted if wanted in PALETTES else usual_theme())
        self._capture = capture
        self._is_ours = capture is None
        """Whether the capture was opened here, and is closed here."""
        self._records: object = None
        """What the capture's records were when they were looked at last: others where it was read again."""
        self.main = MainScreen()
        self._survey: Survey | None = None
        self.places: dict[str, int] = {}
        """The row of each screen that the cursor was on."""
        self.live_text = ""
        """What the recording says of itself; empty where nothing is recorded."""
        self._is_remarked = False
        """Whether what the readers of the inputs remarked was said."""
        self._live_message = (0.0, "")
        """Until when it is shown, and what it said last."""
        self.comparison: Comparison | None = None
        """What is compared with what; None before that was asked for."""
        self.marked_association = 0
        """The association that another is compared with; 0 for none."""
        self.came_from = ""
        """The screen that led to the record on the main one."""
        self.listens_to = ""
        """A live source that is opened once this ends."""
        self.farewell = ""
        """What is said once the terminal is given back."""
        self._growth: Growth | None = None
        self._written_anew = ""
        """The file that is read again because it is another."""
        self._has_frames = "polars" in sys.modules
        """Whether rows can be taken that are no first ones."""
        self._loading: Future[object] | None = None
        """What is loaded beside the keys."""

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

    # -- the capture ----------------------------------------------------------------------------------------------

    @property
    def capture(self) -> Capture:
        """The capture that is open. Raises: RuntimeError before it is."""
        if self._capture is None:
            raise RuntimeError("no capture is open yet")
        return self._capture

    @property
    def has_capture(self) -> bool:
        """Whether a capture is open."""
        return self._capture is not None

    @property
    def is_utc(self) -> bool:
        """Whether times are shown in UTC."""
        return self.options.is_utc or (self._capture is not None and self._capture.has_local_times)

    def on_ready(self) -> None:
        """Open the main screen; what costs time begins after it is seen."""
        self.push_screen(self.main)
        if not self.options.inputs:
            self.call_after_refresh(self.open_screen, "start")
        self.set_timer(_BUSY_SECONDS, self._poll)
        for name in ("SIGTERM", "SIGHUP"):
            if hasattr(signal, name):
                with suppress(NotImplementedError, ValueError, RuntimeError):  # Windows; not the main thread
                    get_running_loop().add_signal_handler(getattr(signal, name), self._terminated, name)

    def begin(self) -> None:
        """Open the capture, once the main screen is seen: the decoder itself costs time to load."""
        if self._capture is not None:
            self._opened()
        else:
            self._load("analyzer.capture", self._open)

    def _load(self, module: str, then: Callable[[], None]) -> None:
        """Load a *module* beside the keys, *then* go on; an error comes up there."""
        self._loading = get_running_loop().run_in_executor(None, import_module, module)
        self._loading.add_done_callback(lambda _: self.call_later(self._loaded, then))

    def _loaded(self, then: Callable[[], None]) -> None:
        self._loading = None
        then()

    def _open(self) -> None:
        """Begin to read the capture."""
        from analyzer.capture import Capture

        options = self.options
        self._capture = Capture(options.inputs, keys=options.keys, decode_as=options.decode_as, live=options.live)
        self._capture.start()
        self._opened()

    def _opened(self) -> None:
        """Show what the capture has got."""
        capture = self.capture
        self._growth = Growth(capture)
        self._records = capture.records
        self.main.begin(capture)
        self.main.is_tailing = self.options.live is not None
        self.main.take(is_done=capture.progress.is_done)
        self.settings.keep_recent(self.options.inputs)
        gc.freeze()  # what was loaded stays: looking through it again and again would hold up keys

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
            if isinstance(screen, BaseScreen) and screen.stands and not screen.is_typed_into:
                self.app_focus = True
                screen.on_key(event)
                return
        await super().on_event(event)

    def _poll(self) -> None:
        """Take what arrived; often while the capture is read, seldom later."""
        is_done = True
        if self._capture is not None and self._records is not None:
            changed = self._take_more(self._capture)
            is_done = self._capture.progress.is_done
            if self._capture.records is not self._records:
                self._take_anew(self._capture)
            elif changed:
                self.main.take(is_done=is_done)
                self._look_for_errors(self._capture)
                self._look_for_remarks(self._capture)
            if self._growth is not None:
                self._written_anew = self._growth.look(self.options.keys) or self._written_anew
            self._look_at_recording(self._capture)
        self.set_timer(_IDLE_SECONDS if is_done and self._capture is not None else _BUSY_SECONDS, self._poll)

    def _take_more(self, capture: Capture) -> bool:
        """Take what has come. What all rows but the first need is loaded beside the keys, once those are seen."""
        if not capture.table.height or self._has_frames:
            return capture.poll()
        if self._loading is None:
            self._load("polars", self._frames_came)
        return False

    def _frames_came(self) -> None:
        self._has_frames = True
        gc.freeze()

    def _look_at_recording(self, capture: Capture) -> None:
        """Show what the recording says of itself."""
        live = capture.live
        if live is None:
            return
        now = time.monotonic()
        while live.messages:
            self._live_message = (now + _SAID_SECONDS, f"{live.messages.popleft()} · ")
        until, said = self._live_message
        said = said if now < until else ""
        text = said + status_text(live.status, capture.behind) + (" · ended" if live.is_over() else "")
        if text != self.live_text:
            self.live_text = text
            self.main.show_status()

    def _take_anew(self, capture: Capture) -> None:
        """The capture was read again, with more keys: whatever was found out is found out again."""
        self._records, self._survey = capture.records, None
        self.main.take_anew()
        if self._written_anew:
            self.main.flash(f"{title_of([self._written_anew])} was written anew: read from its beginning", "warning")
            self._written_anew = ""
        if self.comparison is not None:
            self.compare(*self.comparison.parts, opens=False)
        screen = self.screen
        if isinstance(screen, BaseScreen) and screen is not self.main:
            screen.came_anew()

    def _look_for_errors(self, capture: Capture) -> None:
        """Say what is wrong with the capture; one that cannot be read at all ends the program or goes to the start."""
        if not capture.error:
            return
        if not capture.table.height and capture.progress.is_done and self._is_ours:
            self.farewell = f"dlmshark: {capture.error}"
            self.exit(return_code=_UNREADABLE)
        elif isinstance(self.screen, BaseScreen):
            self.screen.flash(capture.error, "error")

    def _look_for_remarks(self, capture: Capture) -> None:
        """Say what the readers of the inputs remarked: once, for a while."""
        if capture.remarks and not self._is_remarked:
            self._is_remarked = True
            more = f"; {len(capture.remarks) - 1} more: {self.keymap.text('sources')}" if capture.remarks[1:] else ""
            self.main.flash(f"{capture.remarks[0][1]}{more}", "warning")

    def open_inputs(self, inputs: Sequence[str], keyrings: Sequence[str] = ()) -> None:
        """Open other inputs in the place of the capture that is open."""
        sources = KeySources(keyrings) if keyrings else self.options.key_sources
        keys = sources.keyring()[0] if sources.files or sources.words else None
        self.options = self.options._replace(
            inputs=tuple(inputs), title=title_of(inputs), keys=keys, key_sources=sources, filter="", live=None
        )
        self._close()
        self.comparison, self.marked_association = None, 0
        self._capture, self._records, self._survey, self._is_ours = None, None, None, True
        self._is_remarked = False
        self.places.clear()
        self.came_from = ""
        while len(self.screen_stack) > 1:
            self.pop_screen()
        self.main = MainScreen()
        self.push_screen(self.main)

    def listen(self, source: str) -> None:
        """End, and let the command that records show a live *source*."""
        self.listens_to = source
        self.exit()

    def _close(self) -> None:
        if self.comparison is not None:
            self.comparison.close()
        if self._capture is not None and self._is_ours:
            self._capture.close()

    def on_unmount(self) -> None:
        """Give the capture back."""
        self.settings.keep_history(self.history)
        self._close()

    def _fatal_error(self) -> None:
        """End after an error of ours: the terminal is given back, and no value of the user's is written down.

        Textual would print the local variables of every frame, keys among them.
        """
        from analyzer.tui.crash import written

        self.farewell = written(self._exception)
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

    def open_screen(self, name: str, count: int = 0) -> None:
        """Open a screen over the main one; another that is open gives way."""
        if self._records is None and name not in _WITHOUT_CAPTURE:
            return
        screen: BaseScreen = getattr(import_module(f"analyzer.tui.screens.{name}"), SCREENS[name])()
        screen.opened_from = self.current_record
        self.came_from = ""
        if len(self.screen_stack) > 2:
            self.switch_screen(screen)
        else:
            self.push_screen(screen)

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
        if self._records is None:
            return left, [("opening… ", "muted")] if self.options.inputs else []
        progress = self.capture.progress
        found = self._progress_said(progress)
        if progress.errors:
            found.append((f"  ✗ {progress.errors}", "error bold"))
        if progress.warnings:
            found.append((f"  ! {progress.warnings}", "warning bold"))
        return left, [*found, (" ", "muted")]

    def _progress_said(self, progress: Progress) -> list[Said]:
        """Say how many records there are, and while they are read how far and how fast."""
        found: list[Said] = [(f"{progress.records:,} records".replace(",", " "), "muted")]
        if self.main.is_paused:
            found = [(" PAUSED ", "warning bold reverse"), (" ", "muted"), *found]
        elif self.main.is_tailing:
            found = [(" TAIL ", "accent bold reverse"), (" ", "muted"), *found]
        if not progress.is_done:
            rate = f"{progress.records / max(progress.seconds, 0.1):,.0f}/s".replace(",", " ")
            far = f"{100 * progress.octets // progress.total_octets} % · " if progress.total_octets else ""
            found.append((f"  {far}{rate}", "accent"))
        return found

    # -- the pass over all records --------------------------------------------------------------------------------

    @property
    def survey_so_far(self) -> Survey | None:
        """What the pass over all records has found; None before it was asked for."""
        return self._survey

    @property
    def survey_words(self) -> str:
        """Say how far the pass is."""
        survey = self._survey
        if survey is None or survey.is_done:
            return "nothing found"
        return f"looking: record {survey.at} of {self.capture.table.height}"

    def survey(self, listener: Callable[[], None]) -> None:
        """Let the pass run, and call *listener* when it has found more."""
        from analyzer.tui.survey import Survey

        if self._survey is None:
            self._survey = Survey(self.capture)
        self._survey.listeners.append(listener)
        self._survey.step()
        listener()
        if not self._survey.is_done:
            self.set_timer(0.001, self._go_on_surveying)

    def _go_on_surveying(self) -> None:
        survey = self._survey
        if survey is None:
            return
        before = survey.at
        survey.step()
        if survey.is_done or survey.at // _PORTION != before // _PORTION:
            for listener in survey.listeners:
                listener()
        if not survey.is_done:
            self.set_timer(0.001 if survey.at < self.capture.table.height else 0.2, self._go_on_surveying)

    # -- two captures ---------------------------------------------------------------------------------------------

    def compare(self, good: Part, bad: Part, *, opens: bool = True) -> None:
        """Compare two captures or associations, and show how they differ unless that is not what *opens* says."""
        from analyzer.tui.comparing import Comparison
        from analyzer.tui.screens.diff import DiffScreen

        before = self.comparison
        if before is not None:
            before.close()
        self.comparison = Comparison(good, bad, self.capture, self.options)
        if opens and not isinstance(self.screen, DiffScreen):
            self.push_screen(DiffScreen())
        self._go_on_comparing(self.comparison)

    def _go_on_comparing(self, comparison: Comparison) -> None:
        if comparison is not self.comparison:
            return
        comparison.step()
        screen = self.screen
        if isinstance(screen, BaseScreen):
            screen.compared()
        if not comparison.is_done:
            self.set_timer(_NEXT_SECONDS, partial(self._go_on_comparing, comparison))

    # -- commands -------------------------------------------------------------------------------------------------

    def command_quit(self, count: int) -> None:
        """Quit."""
        self.exit()

    def leave(self) -> None:
        """Quit, where a person asked for it with the key that goes back; first say what would be lost."""
        if self.main.has_unsaved and not self.main.was_told:
            self.main.was_told = True
            self.main.flash("comments are not saved: x writes them into a pcapng; once more quits", "warning")
        else:
            self.exit()

    def command_back(self, count: int) -> None:
        """Close the screen."""
        if len(self.screen_stack) > 2:
            self.pop_screen()

    def command_close(self, count: int) -> None:
        """Close the screen; on the main screen there is none to close."""
        if len(self.screen_stack) > 2:
            self.pop_screen()
        elif isinstance(self.screen, BaseScreen):
            self.screen.flash(f"{self.keymap.text('back')} quits")

    def command_theme(self, count: int) -> None:
        """Take the next theme."""
        names = list(PALETTES)
        self.theme = names[(names.index(self.theme) + 1) % len(names)]
        if isinstance(self.screen, BaseScreen):
            self.screen.flash(f"theme: {self.theme}")
