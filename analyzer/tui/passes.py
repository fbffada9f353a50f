"""Passes of the terminal UI beside its keys: one over all records, one over two captures that are compared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from analyzer.tui.opening import Opening
from analyzer.tui.options import Options
from analyzer.tui.settings import Settings

if TYPE_CHECKING:
    from analyzer.capture import Capture
    from analyzer.tui.comparing import Comparison
    from analyzer.tui.options import Part
    from analyzer.tui.survey import Survey

_NEXT_SECONDS = 0.01
_PORTION = 5000
"""So many records of the pass later its listeners hear of it."""


class Passes(Opening):
    """Runs passes over the capture that is open, a little at a time."""

    def __init__(self, options: Options, capture: Capture | None = None, settings: Settings | None = None) -> None:
        super().__init__(options, capture, settings)
        self._survey: Survey | None = None
        self.comparison: Comparison | None = None
        """What is compared with what; None before that was asked for."""
        self.marked_association = 0
        """The association that another is compared with; 0 for none."""

    def take_anew(self, capture: Capture) -> None:
        """Find out again what was found out."""
        self._survey = None
        if self.comparison is not None:
            self.compare(*self.comparison.parts, opens=False)
        super().take_anew(capture)

    def open_inputs(self, inputs: Sequence[str], keyrings: Sequence[str] = ()) -> None:
        """Open other inputs, of which nothing is known."""
        super().open_inputs(inputs, keyrings)
        self.comparison, self.marked_association, self._survey = None, 0, None

    def close_capture(self) -> None:
        """Give back the captures."""
        if self.comparison is not None:
            self.comparison.close()
        super().close_capture()

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
        if opens and any(isinstance(one, DiffScreen) for one in self.screen_stack):
            while not isinstance(self.screen, DiffScreen):
                self.pop_screen()
        elif opens:
            self.push_screen(DiffScreen())
        self._go_on_comparing(self.comparison)

    def _go_on_comparing(self, comparison: Comparison) -> None:
        if comparison is not self.comparison:
            return
        comparison.step()
        for screen in self._open_screens():
            screen.compared()
        if not comparison.is_done:
            self.set_timer(_NEXT_SECONDS, partial(self._go_on_comparing, comparison))
