"""What every screen does alike: keys to commands by the one table, a title, a prompt and a status line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from os.path import isdir, isfile
from typing import TYPE_CHECKING, cast

from textual import events, on
from textual.app import ComposeResult
from textual.css.query import NoMatches
from textual.reactive import Reactive
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input

from analyzer.tui.commands import COMMANDS, ELSEWHERE, GROUPS, Command, Pressed, key_text, said_of
from analyzer.tui.files import file_choices, file_verdict, path_of
from analyzer.tui.options import Part
from analyzer.tui.widgets.bars import Bar, Said, StatusBar, TitleBar
from analyzer.tui.widgets.ground import Ground
from analyzer.tui.widgets.prompt import AnswerInput, Choice, Prompt, Question, Verdict
from analyzer.tui.widgets.record_list import RecordList

if TYPE_CHECKING:
    from analyzer.tui.app import DlmsharkApp
    from analyzer.tui.widgets.rows import Rows

_MOST_NAMED = 4
SCREENS = {
    "doctor": "DoctorScreen", "expert": "ExpertScreen", "associations": "AssociationsScreen",
    "objects": "ObjectsScreen", "rules": "RulesScreen", "help": "HelpScreen", "ladder": "LadderScreen",
    "follow": "FollowScreen",
    "readings": "ReadingsScreen", "statistics": "StatisticsScreen", "keys": "KeysScreen", "sources": "SourcesScreen",
    "start": "StartScreen", "diff": "DiffScreen",
}  # fmt: skip
"""Commands that open a screen: the module is called as they are, the class as it says."""
_OF_ROW = ("apply-node", "prepare-node", "apply-column", "open")
_MENU = (
    *_OF_ROW, "plot", "sort", "filter-rows", "follow", "request", "response", "copy-field", "copy-hex",
    "copy-annotated", "copy-json", "bookmark", "comment", "time-reference", "compare", "ladder", "doctor", "export",
)  # fmt: skip
"""What a menu offers, as far as the screen has it: first what is about the selection."""
NOTHING = "Nothing of ours was found in this capture."
Runner = Callable[..., None]


class BaseScreen(Ground, Screen[None], inherit_bindings=False):
    """A screen whose keys come from the table of commands."""

    contexts: tuple[str, ...] = ()
    title_text = ""
    lies_over = False
    """Whether the screen where it was asked for stays open below it."""
    opened_from = 0
    """The record that was selected when the screen opened."""
    focused: Reactive[Widget | None] = Reactive(None, repaint=False)
    """What has the keys; the panes show it themselves, so that nothing else is written over a slow line."""
    is_asking = False
    """Whether a question is open, or its answer not taken yet."""
    _before_prompt: Widget | None = None
    """What had the keys before the prompt."""

    @property
    def program(self) -> DlmsharkApp:
        """The application."""
        return cast("DlmsharkApp", self.app)

    @property
    def title_said(self) -> str:
        """What the title line says of it."""
        return self.title_text

    # -- commands -------------------------------------------------------------------------------------------------

    def on_key(self, event: events.Key) -> None:
        """Look a key up, and run what it means; one that came while the screen was closed is the next one's."""
        screen = self.app.screen
        if screen is not self and isinstance(screen, BaseScreen):
            screen.on_key(event)
            return
        prompt = next((one for one in self.query(Prompt) if one.is_asking), None)
        if prompt is not None and event.key != "ctrl+q":
            if not isinstance(self.focused, Input):  # it gets the keys a moment later: who types fast is faster
                prompt.take_early(event)
            return
        character = event.character
        key = character if character and character.isprintable() and character != " " else event.key
        event.stop()
        event.prevent_default()
        reader = self.program.key_reader
        was_pending = reader.pending
        pressed = reader.press(key, self.key_contexts())
        for bar in self.query(StatusBar):
            bar.settle()  # who goes on has read the message
        if was_pending or reader.pending:
            self.show_status()
        if pressed is not None:
            self.run_pressed(pressed)
        elif not reader.pending and event.key != "escape":
            self._say_unbound(f"{was_pending} {key}".strip())

    def _say_unbound(self, key: str) -> None:
        """Say that a key does nothing here, and what does it if it is a key of another context."""
        keymap = self.program.keymap
        elsewhere = [one.name for one in COMMANDS.values() if key in keymap.keys[one.name]]
        about = f"{elsewhere[0]}: not on this screen" if elsewhere else "no key of a command"
        self.flash(f"{key_text(key)}: {about}; {keymap.text('help')} lists the keys", "warning")

    @property
    def is_typed_into(self) -> bool:
        """Whether keys are text of a prompt."""
        return isinstance(self.focused, AnswerInput) and self.focused.is_asking

    def key_contexts(self) -> tuple[str, ...]:
        """Say where keys count now, the nearest first."""
        return (*getattr(self.pane, "contexts", ()), *self.contexts, "any")

    @property
    def pane(self) -> Widget | None:
        """What has the keys, or had them before the prompt, which gives them back a moment after it is closed."""
        return self._before_prompt if isinstance(self.focused, Input) else self.focused

    @property
    def selected_said(self) -> str:
        """Name what is selected, for a question about it; empty where its row is seen anyhow."""
        return ""

    def run_pressed(self, pressed: Pressed) -> None:
        """Run a command, in the nearest of focused pane, screen and program that has it."""
        runner = self.runner(pressed.command)
        if runner is None:
            self.flash(f"{pressed.command.name}: not on this screen", "warning")
        elif pressed.command.argument and pressed.command.name != "last":
            runner(pressed.number, pressed.argument)
        else:
            runner(pressed.number)

    def runner(self, command: Command) -> Runner | None:
        """Find what runs a command here."""
        name = f"command_{command.name.replace('-', '_')}"
        for owner in (self.pane, self, self.app):
            found: Runner | None = getattr(owner, name, None)
            if found is not None:
                return found
        return partial(self.program.open_screen, command.name) if command.name in SCREENS else None

    def available(self) -> list[Command]:
        """Give the commands that can be run here; those that move, whose keys everyone knows, last."""
        return [one for one in sorted(COMMANDS.values(), key=GROUPS["Move"].count) if self.runner(one) is not None]

    @property
    def stands(self) -> bool:
        """Whether its parts are there: not before it is laid out, and not once it is closed."""
        return self.is_attached and any(isinstance(one, TitleBar) for one in self.children)

    def open_with(self, argument: str) -> None:
        """Take what stood behind the command that opens the screen."""

    def soon(self, run: Callable[..., object], *arguments: object) -> None:
        """Run something once the screen is drawn, unless it is closed by then."""

        def run_if_it_stands() -> None:
            if self.stands:
                run(*arguments)

        self.call_after_refresh(run_if_it_stands)

    def rows_moved(self, rows: Rows) -> None:
        """The cursor of *rows* stands on another row."""

    # -- lines ----------------------------------------------------------------------------------------------------

    def flash(self, text: str, colour: str = "text") -> None:
        """Show a message for a few seconds."""
        for bar in self.query(StatusBar):
            bar.flash(text, colour)

    def hinted(self, hints: Iterable[tuple[str, str]]) -> list[Said]:
        """Say which keys matter: commands, and a word of what each does here. A click runs it."""
        said: list[Said] = []
        for name, word in hints:
            said += [(self.program.keymap.text(name), "accent", name), (f" {word}  ", "muted", name)]
        return said

    def show_status(self) -> None:
        """Write the status line."""

    def came_anew(self) -> None:
        """The capture was read again, with more keys."""

    def grew(self) -> None:
        """More records came."""

    def ended(self) -> None:
        """The capture is read to its end, as far as it goes by now."""

    def diagnosed(self) -> None:
        """The pass over the capture has said what went wrong."""

    def recorded(self) -> None:
        """A recording says something else of itself."""

    def compared(self) -> None:
        """A comparison got further."""

    def head(self, selector: str, left: Sequence[Said], right: Sequence[Said] = ()) -> None:
        """Write headings; a screen that is being closed has none."""
        with suppress(NoMatches):  # a query for one that has an id is remembered; for all it goes through all
            self.query_one(selector, Bar).say(left, right)

    def show_title(self) -> None:
        """Write the title line."""
        for bar in self.query(TitleBar):
            bar.say(*self.program.title_line(self.title_said))

    def compose(self) -> ComposeResult:
        """Lay the screen out."""
        yield TitleBar()
        yield from self.lay_out()
        yield Prompt()
        yield StatusBar()

    def lay_out(self) -> ComposeResult:
        """Lay out what stands between the first line and the last ones."""
        raise NotImplementedError

    @on(events.Resize)
    def _fit_prompt(self) -> None:
        """Let the choices of a question have the room that there is."""
        for prompt in self.query(Prompt):
            prompt.fit()

    def on_mount(self) -> None:
        """Write the lines when they stand."""
        self.show_title()
        self.show_status()

    # -- prompt ---------------------------------------------------------------------------------------------------

    def ask(self, question: Question, text: str = "") -> None:
        """Ask in the last lines."""
        prompt = self.query_one(Prompt)
        prompt.history = self.program.history
        if not isinstance(self.focused, Input):
            self._before_prompt = self.focused
        self.is_asking = True
        prompt.ask(question, text)

    def answered(self) -> None:
        """Nothing is asked any more."""

    def on_prompt_gave_up(self) -> None:
        """Give the keys back."""
        self.is_asking = False
        self.return_focus()
        self.answered()

    def on_click(self, event: events.Click) -> None:
        """Take a menu away where a click went to what is beside it."""
        if event.button == 1 and not isinstance(self.focused, Input):
            for prompt in self.query(Prompt):
                if prompt.is_list:
                    self._before_prompt = self.focused
                    prompt.clicked("escape")

    def close_prompt(self) -> None:
        """Take back what is asked: a message stands below it."""
        for prompt in self.query(Prompt):
            if prompt.is_asking:
                prompt.clicked("escape")

    def return_focus(self) -> None:
        """Give the keys back to the pane that had them before the prompt."""
        before = self._before_prompt
        if before is not None and before.is_attached:
            before.focus()

    def on_prompt_answered(self, event: Prompt.Answered) -> None:
        """Run what was typed."""
        self.is_asking = False
        self.return_focus()
        if event.kind == "command":
            self.run_typed(event.text)
        else:
            answer: Runner | None = getattr(self, f"answer_{event.kind.replace('-', '_')}", None)
            if answer is not None:
                answer(event.text)
        if not self.is_asking:
            self.answered()

    def command_command(self, count: int) -> None:
        """Ask for a command."""
        self.ask(Question("command", ":", self._command_choices, self._command_verdict))

    def command_palette(self, count: int) -> None:
        """Ask for a command by any word of what it does."""
        hint = "a word of what it does; ↑ ↓ choose"
        self.ask(Question("palette", "find a command", self._found_choices, hint=hint, is_list=True))

    def command_menu(self, count: int) -> None:
        """Ask what to do with what is selected."""
        label = f"do with {self.selected_said}" if self.selected_said else "do"
        self.ask(Question("menu", label, self._menu_choices, hint="↑ ↓ choose, or a click", is_list=True))

    def _menu_choices(self, text: str) -> list[Choice]:
        """Offer what there is to do; in the list of records what Enter does, or is about a field of one, comes last."""
        names = sorted(_MENU, key=_OF_ROW.__contains__) if isinstance(self.pane, RecordList) else _MENU
        return self._choices_of(filter(self._is_offered_here, map(COMMANDS.__getitem__, names)), text)

    def _is_offered_here(self, command: Command) -> bool:
        is_open = SCREENS.get(command.name) == type(self).__name__
        return command.context in self.key_contexts() and not is_open and self.runner(command) is not None

    def answer_palette(self, text: str) -> None:
        """Run the command that was chosen."""
        self.run_typed(text)

    answer_menu = answer_palette

    def _found_choices(self, text: str) -> list[Choice]:
        return self._choices_of(self.available(), text)

    def _choices_of(self, commands: Iterable[Command], text: str) -> list[Choice]:
        """Find commands by words of what they do, in any order; first that of the name, then whose name begins so."""
        words = text.lower().replace("-", " ").split()
        name, keys = "-".join(words), self.program.keymap.texts
        found = [one for one in commands if all(word in said_of(one) for word in words)]
        found.sort(key=lambda one: (one.name != name, not one.name.startswith(name)))
        return [Choice(one.name, one.name, one.help_here, next(iter(keys(one.name)), "")) for one in found]

    def run_typed(self, text: str) -> None:
        """Run a command that was typed, by its name here or elsewhere; the first letters are enough."""
        word, _, rest = text.strip().partition(" ")
        if not word:
            return
        if word.isdecimal():
            self.run_pressed(Pressed(COMMANDS["last"], int(word[:9])))
            return
        word, _, usual = ELSEWHERE.get(word, word).partition(" ")
        rest = rest.strip() or usual
        found = COMMANDS.get(word)
        if found is None:
            near = [one for one in self.available() if one.name.startswith(word)]
            if len(near) != 1:
                self.flash(f"'{word}' may be {_list_of(near)}" if near else _no_command(word), "error")
                return
            found = near[0]
        if found.name == "last" or not found.argument:  # what stands behind others is how often, or which
            self.run_pressed(Pressed(found, int(rest[:9]) if rest.isdecimal() else 0))
        else:
            self.run_pressed(Pressed(found, 0, rest))

    def command_go_to(self, count: int, number: str = "") -> None:
        """Go to the record or row of a number, or ask for it."""
        if number.isdecimal():
            self.run_pressed(Pressed(COMMANDS["last"], int(number[:9])))
        else:
            self.ask(Question("go-to", "go to", check=_number_verdict, hint="a number"), number)

    def answer_go_to(self, number: str) -> None:
        """Go there."""
        if number.strip():
            self.command_go_to(0, number.strip())

    # -- captures -----------------------------------------------------------------------------------------------------

    def command_open_file(self, count: int, name: str = "") -> None:
        """Ask for a capture to open in the place of the one that is open."""
        if name:
            self.answer_open(name)
        else:
            self.ask(Question("open", "open", file_choices, file_verdict, hint="a capture; Tab completes"))

    def answer_open(self, name: str) -> None:
        """Open a file."""
        path = path_of(name)
        if not isfile(path):
            self.flash(f"{path}: {'a folder' if isdir(path) else 'no such file'}" if name.strip() else "", "error")
        elif self.program.may_leave("opens it"):
            self.program.open_inputs([str(path)], [])

    def command_diff(self, count: int, name: str = "") -> None:
        """Compare the capture that works with the one that is open; of several that are open the first is asked."""
        if name:
            self.answer_diff(name)
        elif self.program.has_capture:
            inputs = self.program.capture.inputs
            if len(inputs) == 2:
                self.program.compare(Part(inputs[0]), Part(inputs[1]))
            else:
                self.ask_diff()

    def ask_diff(self) -> None:
        """Ask for the capture that works."""
        hint = "the capture that works; Tab completes"
        self.ask(Question("diff", "compare with", self._good_choices, file_verdict, hint=hint))

    def _good_choices(self, text: str) -> list[Choice]:
        inputs = self.program.capture.inputs
        opened = [Choice(one, one) for one in inputs if one.startswith(text)] if len(inputs) > 1 else []
        return [*opened, *file_choices(text)]

    def answer_diff(self, name: str) -> None:
        """Compare with the capture called *name*: of several that are open, the one whose record is selected."""
        from captures.chunk import PACKET_BITS

        path = path_of(name)
        if not name.strip():
            return
        if not isfile(path):
            self.flash(f"{path}: no such file", "error")
            return
        capture, number = self.program.capture, self.program.current_record
        bad = ""
        if len(capture.inputs) > 1 and number:
            bad = capture.inputs[capture.record(number).packets[0] >> PACKET_BITS]
        if str(path) == (bad or "".join(capture.inputs)):
            self.flash(f"{path.name} is compared with nothing but itself", "warning")
        else:
            self.program.compare(Part(str(path)), Part(bad))

    def _command_choices(self, text: str) -> list[Choice]:
        word, blank, _ = text.partition(" ")
        if blank:
            return []
        return [Choice(one.name, one.name, one.help) for one in self.available() if one.name.startswith(word)]

    def _command_verdict(self, text: str) -> Verdict:
        word = text.strip().partition(" ")[0]
        if word in ELSEWHERE:
            return Verdict(True, f"here: {ELSEWHERE[word]}")
        is_known = word.isdecimal() or any(one.startswith(word) for one in COMMANDS)
        return Verdict(is_known, "" if is_known else _no_command(word))


def _number_verdict(text: str) -> Verdict:
    is_number = text.strip().isdecimal()
    return Verdict(is_number, "Enter goes there" if is_number else "expected a number")


def _list_of(commands: Sequence[Command]) -> str:
    """Name some commands, and that there are more."""
    names = [one.name for one in commands[:_MOST_NAMED]]
    return f"{', '.join(names)}, …" if len(commands) > _MOST_NAMED else f"{', '.join(names[:-1])} or {names[-1]}"


def _no_command(word: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(word, [*COMMANDS, *ELSEWHERE], 1)
    return f"no command '{word}'" + (f"; did you mean {ELSEWHERE.get(near[0], near[0])}?" if near else "")
