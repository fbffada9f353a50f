"""The prompt in the last lines: a filter, a command, octets to find; with what may be typed next above it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from rich.cells import cell_len
from rich.text import Text
from textual import events
from textual.containers import Horizontal, Vertical
from textual.geometry import Region
from textual.message import Message
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input

from analyzer.tui.widgets.bars import Bar, Said
from analyzer.tui.widgets.choices import ChoiceList
from analyzer.tui.widgets.lines import Lines

_LINES = 2
"""The line that is typed into, and what is said of it below."""
_KEYS: tuple[Said, ...] = (
    ("Enter", "accent", "enter"), (" takes it  ", "muted", "enter"),
    ("Esc", "accent", "escape"), (" gives up ", "muted", "escape"),
)  # fmt: skip
_CORNER = Region(0, 0, 1, 1)
_MOST_HISTORY = 100
_GIVES_KEY = re.compile(r"\s*ad\S*\s+\S")
"""A command that adds a key, also shortened: what it says is shown and remembered as little as a key is."""


class Choice(NamedTuple):
    """Something that may be typed: the whole text that it makes, what is listed, and what it means."""

    text: str
    label: str
    help: str = ""
    key: str = ""
    """What does the same without the prompt."""


class Verdict(NamedTuple):
    """Whether what was typed can be used, and what is wrong or comes of it."""

    is_valid: bool
    text: str = ""
    wrong: tuple[int, int] = (0, 0)
    """Where in the text what is wrong begins and ends, as far as that is known."""


class Question(NamedTuple):
    """What a prompt asks for."""

    kind: str
    label: str
    complete: Callable[[str], Sequence[Choice]] = lambda text: ()
    check: Callable[[str], Verdict] = lambda text: Verdict(True)
    is_secret: bool = False
    hint: str = ""
    is_guess: bool = False
    """Whether the text that stands there at first is a guess: what is typed takes its place."""
    is_list: bool = False
    """Whether the choices stand one below another: one of them is the answer, and what is typed narrows them."""


class AnswerInput(Input):
    """The line that is typed into; before and after a question keys are not its own."""

    is_asking = False
    wrong = (0, 0)
    """Where in the text what is underlined begins and ends."""

    @property
    def _value(self) -> Text:
        """What is shown of the text."""
        shown = super()._value
        shown.stylize("underline", *self.wrong)
        return shown

    def _on_key(self, event: events.Key) -> None:  # type: ignore[override]
        if not self.is_asking:
            event.prevent_default()

    def _on_paste(self, event: events.Paste) -> None:
        """Take all lines that are pasted as one (Textual takes the first alone), and nothing that cannot be seen."""
        event.text = "".join(filter(str.isprintable, " ".join(event.text.splitlines()).replace("\t", " ")))

    def on_hide(self) -> None:
        """Draw what the prompt uncovers: where Textual saw it away before it laid out anew, it draws none of it."""
        prompt = next(one for one in self.ancestors if isinstance(one, Prompt))
        if not prompt.is_asking:
            prompt.draw_uncovered()


def _draw_forgotten(screen: Screen[None]) -> None:
    """Draw what changed as the prompt went: of a screen that is drawn itself Textual forgets which widgets were due."""
    for one in screen.query(Lines):
        Widget.refresh(one, _CORNER)  # with it comes all that is due of the widget


class PromptBar(Bar):
    """A line of the prompt: what is clicked on is taken as if it were typed."""

    share = 1.0

    def run(self, command: str) -> None:
        """Take a choice, or the key that is named."""
        prompt = next(one for one in self.ancestors if isinstance(one, Prompt))
        prompt.clicked(command)


def _folded(text: str, width: int) -> tuple[str, str]:
    """Divide a text that is wider than a line of *width* at a blank; what has room stays whole, as the second part."""
    if width <= 0 or len(text) <= width or " " not in text[:width]:
        return "", text
    first = text[: width + 1].rpartition(" ")[0]
    return first, text[len(first) + 1 :]


def remember(history: dict[str, list[str]], kind: str, text: str) -> None:
    """Put an answer to questions of *kind* last into the history, where it is found first."""
    kept = history.setdefault(kind, [])
    if text in kept:
        kept.remove(text)
    kept.append(text)
    del kept[:-_MOST_HISTORY]


class Prompt(Vertical):
    """Asks one question at a time; Enter answers, Esc gives up, Tab completes, up and down go through the history.

    It lies over the last lines and is only hidden in between: were it laid out anew, the whole screen would be.
    """

    DEFAULT_CSS = """
    Prompt { height: 3; visibility: hidden; dock: bottom; layer: above; }
    Prompt.asking Horizontal, Prompt.asking #verdict, Prompt.asking #choices.some { visibility: visible; }
    Prompt.asking ChoiceList { visibility: visible; }
    Prompt Horizontal { height: 1; }
    Prompt Input { border: none; height: 1; padding: 0; width: 1fr; }
    """

    class Answered(Message):
        """The question was answered."""

        def __init__(self, kind: str, text: str) -> None:
            super().__init__()
            self.kind = kind
            self.text = text

    class GaveUp(Message):
        """The question was taken back."""

    def __init__(self) -> None:
        super().__init__()
        self.question: Question | None = None
        self.history: dict[str, list[str]] = {}
        self._choices: list[Choice] = []
        self._chosen = -1
        self._looked_at = ""
        self._typed = ""
        self._back = 0
        self._lines = 0
        """How many lines of the screen it takes, or took and has not given back."""

    def _make_lines(self) -> None:
        """Make the lines, when something is asked for the first time."""
        row = Horizontal()
        self._list = ChoiceList(self._take)
        self.mount(self._list, PromptBar("surface", id="choices"), row, PromptBar("panel", id="verdict"))
        answer = AnswerInput(id="answer", compact=True, select_on_focus=False)
        answer.cursor_blink = False  # a reader of the screen would say it again and again, and a slow line carry it
        row.mount(Bar("panel", id="label"), answer)

    @property
    def is_asking(self) -> bool:
        """Tell whether a question is open."""
        return self.question is not None

    @property
    def is_list(self) -> bool:
        """Tell whether a question is open whose choices are a list."""
        return self.question is not None and self.question.is_list

    def ask(self, question: Question, text: str = "") -> None:
        """Ask *question*, with *text* as what was typed."""
        self.question = question
        if not self.children:
            self._make_lines()
        self.query_one(AnswerInput).is_asking = True
        self.add_class("asking")
        self.name_anew(question.label)
        answer = self.query_one("#answer", Input)
        answer.password = question.is_secret
        answer.value = text = "".join(filter(str.isprintable, text))
        answer.cursor_position = len(text)
        if question.is_guess:
            answer.select_all()
        answer.focus()
        self._back = 0
        self._list.begin(question.complete("") if question.is_list else ())
        self.fit()
        self._look(text)

    def name_anew(self, text: str) -> None:
        """Write before the line what is asked."""
        label = self.query_one("#label", Bar)
        label.styles.width = cell_len(text) + 2
        label.say([(f" {text} ", "accent bold")])

    def close(self) -> None:
        """Take the prompt away."""
        self.question = None
        self.query_one(AnswerInput).is_asking = False
        self.remove_class("asking")
        self.query_one("#answer", Input).value = ""

    # -- what is typed --------------------------------------------------------------------------------------------

    def on_input_changed(self, event: Input.Changed) -> None:
        """Look at what is typed."""
        event.stop()
        text = event.input.value  # by now: Tab may have been pressed since
        event.input.password = self._is_secret(text)
        if self.question is not None and text != self._looked_at:
            self._back = 0
            self._look(text)

    def _is_secret(self, text: str) -> bool:
        if self.question is None:
            return False
        return self.question.is_secret or (self.question.kind == "command" and bool(_GIVES_KEY.match(text)))

    def _look(self, text: str) -> None:
        assert self.question is not None
        self._looked_at, self._chosen = text, -1
        self._choices = [one for one in self.question.complete(text) if one.text.isprintable()]  # as what is typed
        self._list.offer(self._choices if self.is_list else ())
        self._show()

    def fit(self) -> None:
        """Take as many lines as all choices need and the screen allows: while they are narrowed nothing moves."""
        if self.question is None:
            return
        rows = self._list.rows_in(self.screen.size.height)
        self._list.display, self.query_one("#choices").display = self.is_list, not self.is_list
        self._list.styles.height = rows
        self.styles.height = lines = _LINES + (rows if self.is_list else 1)
        if self._lines > lines:
            self.draw_uncovered(lines)
        self._lines = lines

    def draw_uncovered(self, lines: int = 0) -> None:
        """Draw what it gives up of the screen but for the last *lines*."""
        width, height = self.screen.size
        self.screen.refresh(Region(0, height - self._lines, width, self._lines - lines))
        self.screen.call_after_refresh(_draw_forgotten, self.screen)
        self._lines = lines

    def _verdict(self, question: Question, text: str) -> Verdict:
        if question.is_list and not self._choices:
            return Verdict(False, f"nothing is about '{text}'")
        return Verdict(True, question.hint) if question.is_list or not text else question.check(text)

    def _show(self) -> None:
        assert self.question is not None
        answer = self.query_one(AnswerInput)
        text = answer.value
        verdict = self._verdict(self.question, text)
        told = verdict.text or "Tab completes"
        is_wrong_alone = not (verdict.is_valid or self._choices or self.is_list)
        above, told = _folded(told, self.screen.size.width - 1) if is_wrong_alone else ("", told)
        self.query_one("#verdict", Bar).say([(f" {told}", "muted" if verdict.is_valid else "error")], _KEYS)
        answer.set_class(not verdict.is_valid, "wrong")
        answer.wrong = verdict.wrong
        answer.refresh()
        choices = self.query_one("#choices", Bar)
        choices.say(*(([(f" {above}", "error")], []) if above else self._listed()))
        choices.set_class(bool(self._choices or above), "some")

    def clicked(self, what: str) -> None:
        """Take the choice of a number; one that stands there already is the answer, as is Enter."""
        if what == "escape":
            self._give_up()
        elif what == "enter" or int(what) == self._chosen:
            self._enter()
        else:
            self._choose(int(what))

    def _listed(self) -> tuple[list[Said], list[Said]]:
        """List what may be typed, from the chosen one on, and say what that means."""
        said: list[Said] = [(" ", "text")]
        first = max(self._chosen, 0)
        for index, choice in enumerate(self._choices[first : first + 24], first):
            is_chosen = index == self._chosen
            said += [(choice.label, "accent bold reverse" if is_chosen else "text", str(index)), ("  ", "text")]
        told = self._choices[first].help if self._choices else ""
        return said, [(f"{told} ", "muted")] if told else []

    # -- keys -----------------------------------------------------------------------------------------------------

    def on_key(self, event: events.Key) -> None:
        """Take the keys that the line does not take."""
        keys: dict[str, Callable[[], None]] = {
            "escape": self._give_up, "tab": self._next, "shift+tab": self._previous, "up": self._older,
            "down": self._newer, "ctrl+c": self._give_up,
        }  # fmt: skip
        if self.is_list:
            turn = self._list.turn
            keys |= {"up": self._previous, "down": self._next, "pageup": lambda: turn(-1), "pagedown": lambda: turn(1)}
        run = keys.get(event.key)
        if run is not None and self.question is not None:
            event.stop()
            event.prevent_default()
            run()

    def take_early(self, event: events.Key) -> None:
        """Take a key that came before the line had the focus."""
        event.stop()
        event.prevent_default()
        answer = self.query_one("#answer", Input)
        if event.character and event.is_printable:
            answer.replace(event.character, *answer.selection)
        elif event.key == "enter":
            self._enter()
        else:
            self.on_key(event)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Give the answer."""
        event.stop()
        self._enter()

    def _enter(self) -> None:
        """Give what is typed as the answer, of a list the chosen one."""
        text = self.query_one("#answer", Input).value
        if not self.is_list:
            self._answer(text)
            return
        if text != self._looked_at:  # Enter came before it was told what was typed
            self._look(text)
        if self._choices:
            self._take(self._list.cursor)

    def _take(self, index: int) -> None:
        """Give a choice of the list as the answer."""
        assert self.question is not None
        kind = self.question.kind
        self.close()
        self.post_message(self.Answered(kind, self._choices[index].text))

    def _answer(self, text: str) -> None:
        if self.question is None or (text and not self.question.check(text).is_valid):
            return  # what is wrong with it stands below the line
        kind, is_secret = self.question.kind, self._is_secret(text)
        if text and not is_secret:
            remember(self.history, kind, text)
        self.close()
        self.post_message(self.Answered(kind, text))

    def _give_up(self) -> None:
        self.close()
        self.post_message(self.GaveUp())

    def _next(self) -> None:
        self._choose(self._at + 1)

    def _previous(self) -> None:
        self._choose(self._at - 1)

    @property
    def _at(self) -> int:
        """Which choice is chosen; -1 where none is."""
        return self._list.cursor if self.is_list else self._chosen

    def _choose(self, index: int) -> None:
        if not self._choices:
            return
        if self.is_list:
            self._list.move_to(index % len(self._choices))
            return
        self._chosen = index % len(self._choices)
        self._set(self._choices[self._chosen].text)
        if len(self._choices) == 1:
            self._look(self._choices[0].text)

    def _older(self) -> None:
        self._from_history(self._back + 1)

    def _newer(self) -> None:
        self._from_history(self._back - 1)

    def _from_history(self, back: int) -> None:
        assert self.question is not None
        if self._back == 0:
            self._typed = self.query_one("#answer", Input).value
        kept = [one for one in self.history.get(self.question.kind, []) if one != self._typed]
        if not 0 <= back <= len(kept):
            return
        self._back = back
        text = kept[-back] if back else self._typed
        self._set(text)
        self._look(text)

    def _set(self, text: str) -> None:
        answer = self.query_one("#answer", Input)
        with self.prevent(Input.Changed):
            answer.value = text
        answer.cursor_position = len(text)
        self._looked_at = text
        self._show()
