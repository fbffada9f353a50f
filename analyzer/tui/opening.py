"""The capture that is open in the terminal UI: what it has got meanwhile, and anew where its files or keys changed."""

from __future__ import annotations

import gc
import sys
import time
from asyncio import Future, get_running_loop
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

from textual.app import App

from analyzer.live.status import status_text, why_no_record
from analyzer.tui.commands import Keymap
from analyzer.tui.growth import Growth
from analyzer.tui.options import KeySources, Options, title_of
from analyzer.tui.pace import Pace
from analyzer.tui.rings import Renumbering
from analyzer.tui.screens.base import BaseScreen
from analyzer.tui.screens.main import MainScreen
from analyzer.tui.settings import Settings

if TYPE_CHECKING:
    from analyzer.capture import Capture
    from analyzer.index.records import Records

_FIRST_SECONDS, _BUSY_SECONDS, _IDLE_SECONDS = 0.05, 0.1, 0.5
"""Until more is taken: while no record is seen, while there are more, and when all were read."""
_UNREADABLE = 3
_MOST_SAID = 50
_SAID_SECONDS = 10
"""How long what a recording says is shown."""


class Opening(App[None]):
    """Opens a capture once the main screen is seen, and keeps both in step."""

    def __init__(self, options: Options, capture: Capture | None = None, settings: Settings | None = None) -> None:
        super().__init__()
        self.options = options
        self.settings = settings or Settings()
        self.keymap = Keymap(self.settings.keys)
        self.main = MainScreen()
        self._capture = capture
        self._is_ours = capture is None
        """Whether the capture was opened here, and is closed here."""
        self._records: Records | None = None
        """What the capture's records were when they were looked at last: others where it was read again."""
        self.live_text = ""
        """What the recording says of itself; empty where nothing is recorded."""
        self._is_remarked = False
        """Whether what the readers of the inputs remarked was said."""
        self._diagnoses = 0
        """How many times the screen was told that the pass has said what goes wrong."""
        self.said_live: deque[str] = deque(maxlen=_MOST_SAID)
        """What the recording said, the newest last."""
        self._live_message = (0.0, "")
        """Until when it is shown, and what it said last."""
        self.pace = Pace()
        """How fast the records of a recording come."""
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

    @property
    def has_begun(self) -> bool:
        """Whether rows of the capture can be asked for."""
        return self._records is not None

    # -- opening --------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Open the capture, once the main screen is seen: the decoder itself costs time to load."""
        if self._capture is not None:
            self._opened()
        else:
            self._load(partial(import_module, "analyzer.capture"), self._open)

    def _load(self, load: Callable[[], object], then: Callable[[], None]) -> None:
        """Let *load* run beside the keys, *then* go on; an error comes up there."""
        self._loading = get_running_loop().run_in_executor(None, load)
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

    def open_inputs(self, inputs: Sequence[str], keyrings: Sequence[str] = ()) -> None:
        """Open other inputs in the place of the capture that is open; a recording ends, as nobody would see it."""
        live = self.options.live
        sources = KeySources(keyrings) if keyrings else self.options.key_sources
        keys = sources.keyring()[0] if sources.files or sources.words else None
        self.options = self.options._replace(
            inputs=tuple(inputs), title=title_of(inputs), keys=keys, key_sources=sources, filter="", live=None
        )
        self.main.give_back()
        self.close_capture()
        self._capture, self._records, self._is_ours = None, None, True
        self._is_remarked = False
        self.live_text = ""
        while len(self.screen_stack) > 1:
            self.pop_screen()
        self.main = MainScreen()
        self.switch_screen(self.main)
        if live is not None:
            Thread(target=live.close, daemon=True).start()  # its end may take a while
            self.call_after_refresh(self.main.flash, f"the recording has ended: it is in {live.paths[-1]}", "warning")

    def why_unreadable(self, inputs: Sequence[str]) -> str:
        """Say why *inputs* cannot be read; empty where they can."""
        from analyzer.index.worker import opened
        from captures.chunk import CaptureError

        try:
            with opened(inputs, self.options.decode_as):
                return ""
        except CaptureError as problem:
            return str(problem)

    def close_capture(self) -> None:
        """Give the capture back, if it was opened here."""
        if self._capture is not None and self._is_ours:
            self._capture.close()

    # -- what comes -----------------------------------------------------------------------------------------------

    def poll(self) -> None:
        """Take what arrived; often while the capture is read, seldom later."""
        is_done = True
        if self._capture is not None and self._records is not None:
            was_done = self._capture.progress.is_done
            changed = self._take_more(self._capture)
            is_done = self._capture.progress.is_done
            if is_done and not was_done:
                gc.freeze()  # the rows stay too
            if self._capture.records is not self._records:
                self.take_anew(self._capture)
            elif changed:
                self.main.take(is_done=is_done)
                if (front := self._front()) is not None:
                    front.show_title()
                    if not self.main.is_paused:
                        front.grew()
                self._look_for_errors(self._capture)
                self._look_for_remarks(self._capture)
            elif self._capture.again is not None and (front := self._front()) is not None:
                front.show_title()
            if is_done and not was_done:
                for one in self._open_screens():
                    one.ended()
            self._look_for_diagnosis(self._capture)
            if self._growth is not None:
                self._written_anew = self._growth.look(self.options.keys) or self._written_anew
                self._say_lost(self._growth)
            self._look_at_recording(self._capture)
        if is_done and self._capture is not None:
            pause = _IDLE_SECONDS
        else:
            pause = _BUSY_SECONDS if self.main.records.count else _FIRST_SECONDS
        self.set_timer(pause, self.poll)

    def _take_more(self, capture: Capture) -> bool:
        """Take what has come. What all rows but the first need is loaded beside the keys, once those are seen."""
        if not capture.table.height or self._has_frames:
            return capture.poll()
        if self._loading is None:
            self._load(partial(import_module, "polars"), self._frames_came)
        return False

    def _frames_came(self) -> None:
        self._has_frames = True
        self._load(_load_filters, gc.freeze)

    def _look_at_recording(self, capture: Capture) -> None:
        """Show what the recording says of itself."""
        live = capture.live
        if live is None:
            return
        now = time.monotonic()
        is_other_pace = self.pace.take(now, capture.progress.records)
        while live.messages:
            said = live.messages.popleft()
            self.said_live.append(said)
            self._live_message = (now + _SAID_SECONDS, f"{said} · ")
        self.main.records.say_why(why_no_record(live.status))
        until, said = self._live_message
        said = said if now < until else ""
        text = said + status_text(live.status, capture.behind) + (" · ended" if live.is_over() else "")
        if text != self.live_text:
            self.live_text = text
            self.main.show_status()
            if (front := self._front()) is not None:
                front.recorded()
                front.show_title()
        elif is_other_pace and (front := self._front()) is not None:
            front.show_title()

    def take_anew(self, capture: Capture) -> None:
        """The capture was read again, with more keys: whatever was found out is found out again."""
        before, names = self._records, self.options.inputs
        self._records = capture.records
        if before is not None and names != capture.inputs and not capture.live:  # a ring goes on
            moved = Renumbering(before.table, capture.table)
            title = title_of(capture.inputs) if self.options.title == title_of(names) else self.options.title
            self.options = self.options._replace(inputs=capture.inputs, title=title)
            for one in self._open_screens():
                one.opened_from = moved.new(one.opened_from)
            self.main.take_renumbered(moved)
        else:
            self.main.take_anew()
        if self._written_anew:
            self.main.flash(f"{title_of([self._written_anew])} was written anew: read from its beginning", "warning")
            self._written_anew = ""
        for one in self._open_screens():
            one.show_title()
            one.came_anew()

    def _say_lost(self, growth: Growth) -> None:
        """Say that files are empty or gone, and that others wait for them; the records of all stay."""
        front = self._front() or self.main
        if growth.given_up:
            more = f" and {len(growth.given_up) - 1} more" * (len(growth.given_up) > 1)
            gone = f"{title_of(growth.given_up[:1])}{more}"
            front.flash(f"{gone} went from its ring, and its records from the list", "warning")
        for name in growth.newly_lost:
            became = "is empty now" if Path(name).exists() else "was removed"
            front.flash(f"{title_of([name])} {became}: the list shows what was read before", "warning")
        if growth.newly_waiting:
            opens = self.keymap.text("open-file")
            waiting, lost = title_of(growth.newly_waiting[:1]), title_of(growth.lost[:1])
            front.flash(f"{waiting} changed, and waits for {lost}; {opens} opens it alone", "warning")

    def _look_for_errors(self, capture: Capture) -> None:
        """Say what is wrong with the capture; one that cannot be read at all ends the program or goes to the start."""
        if not capture.error:
            return
        if not capture.table.height and capture.progress.is_done and self._is_ours:
            self.farewell = f"dlmshark: {capture.error}"
            self.exit(return_code=_UNREADABLE)
        elif (front := self._front()) is not None:
            front.flash(capture.error, "error")

    def _front(self) -> BaseScreen | None:
        """Give the screen that is seen; none is left when the program ends."""
        front = self.screen_stack[-1] if self.screen_stack else None
        return front if isinstance(front, BaseScreen) else None

    def _open_screens(self) -> list[BaseScreen]:
        """Give the screens that are open, also below the help."""
        return [one for one in self.screen_stack if isinstance(one, BaseScreen)]

    def _look_for_diagnosis(self, capture: Capture) -> None:
        """Let the screen show what goes wrong as soon as that is known."""
        if capture.diagnoses != self._diagnoses:
            self._diagnoses = capture.diagnoses
            for one in self._open_screens():
                one.diagnosed()

    def _look_for_remarks(self, capture: Capture) -> None:
        """Say what the readers of the inputs remarked: once, for a while."""
        if capture.remarks and not self._is_remarked:
            self._is_remarked = True
            more = f"; {len(capture.remarks) - 1} more: {self.keymap.text('sources')}" if capture.remarks[1:] else ""
            self.main.flash(f"{capture.remarks[0][1]}{more}", "warning")


def _load_filters() -> None:
    """Load what filters need: the first letter of one would wait for it."""
    import analyzer.index.filtering  # noqa: F401
    from analyzer.filter import compile_filter
    from analyzer.filter.names import complete

    compile_filter("error")
    complete("", 0)
