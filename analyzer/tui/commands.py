"""Every command of the terminal UI, in one table: bindings, help screen, palette and ``:`` are made from it.

A key is what the terminal says: a character as it is printed, else a name (``enter``, ``ctrl+f``). Two keys with a
blank between are pressed one after the other; ``CHAR`` stands for any character, which becomes the argument.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

ANY = "any"
MAIN, ROWS, OCTETS, TABLE = "main", "rows", "octets", "table"
"""Contexts: everywhere, the main screen, whatever has a cursor, one pane of it, tables of other screens."""


class Command(NamedTuple):
    """A command: its name in ``:`` and the palette, its keys, where they count, and what it does."""

    name: str
    keys: tuple[str, ...]
    context: str
    help: str
    argument: str = ""
    """What ``:name`` takes behind it; empty where it takes nothing."""

    @property
    def help_here(self) -> str:
        """What it does, said where it is offered: not on which screens."""
        return self.help.partition(": ")[2] if self.context == TABLE else self.help


def _command(name: str, keys: str, context: str, text: str, argument: str = "") -> Command:
    return Command(name, tuple(keys.split(" or ")) if keys else (), context, text, argument)


GROUPS: dict[str, tuple[Command, ...]] = {
    "Move": (
        _command("up", "up or k", ROWS, "one row up"),
        _command("down", "down or j", ROWS, "one row down"),
        _command("page-up", "pageup or ctrl+b", ROWS, "one page up"),
        _command("page-down", "pagedown or space", ROWS, "one page down"),
        _command("first", "g g or home", ROWS, "first row"),
        _command("last", "G or end", ROWS, "last row; 123G goes to record 123", "NUMBER"),
        _command("go-to", "ctrl+g", ANY, "go to the record of a number; in tables to the row", "NUMBER"),
        _command("next-record", "f8 or ctrl+down", MAIN, "next record, whichever pane has the keys"),
        _command("previous-record", "f7 or ctrl+up", MAIN, "previous record, whichever pane has the keys"),
        _command("left", "left", ROWS, "close the node, go to its parent; one octet back"),
        _command("right", "right", ROWS, "open the node; one octet on"),
        _command("next-buffer", ".", MAIN, "octets of the next buffer: frame, joined, deciphered"),
        _command("previous-buffer", ",", MAIN, "octets of the buffer before"),
        _command("open", "enter", ROWS, "open what the row is about; in the list the tree, in the tree its octets"),
        _command("next-pane", "tab", ANY, "next pane"),
        _command("previous-pane", "shift+tab", ANY, "previous pane"),
    ),
    "Find": (
        _command("filter", "/ or ctrl+underscore", MAIN, "filter the records; empty shows all again", "EXPRESSION"),
        _command("filter-rows", "/ or ctrl+f", TABLE, "in tables: rows that hold a text; empty shows all", "TEXT"),
        _command("find", "ctrl+f", MAIN, "find octets (hex) or text in records", "OCTETS"),
        _command("next-match", "n or ctrl+n", MAIN, "next match"),
        _command("previous-match", "N", MAIN, "previous match"),
        _command("next-problem", "e", MAIN, "next record with a warning, an error or a refusal"),
        _command("previous-problem", "E", MAIN, "previous record with a warning, an error or a refusal"),
        _command("request", "[", MAIN, "the request of this response"),
        _command("response", "]", MAIN, "the response to this request"),
        _command("next-undecoded", "u", MAIN, "next octets that nothing explains"),
        _command("minute-on", "}", MAIN, "one minute on"),
        _command("minute-back", "{", MAIN, "one minute back"),
        _command("hour-on", ")", MAIN, "one hour on"),
        _command("hour-back", "(", MAIN, "one hour back"),
        _command("apply-node", "=", MAIN, "filter by the selected node"),
        _command("prepare-node", "&", MAIN, "edit the filter, with the selected node added"),
        _command("highlight", "H", MAIN, "highlight what matches beside the filter; several rules", "EXPRESSION"),
        _command("no-highlight", "", MAIN, "take all highlight rules away"),
    ),
    "Mark": (
        _command("mark", "m CHAR", MAIN, "mark the record with a letter", "LETTER"),
        _command("to-mark", "' CHAR", MAIN, "go to the record marked with a letter", "LETTER"),
        _command("bookmark", "*", MAIN, "bookmark the record, or take the bookmark away"),
        _command("next-bookmark", "b", MAIN, "next bookmark"),
        _command("comment", ";", MAIN, "comment the record; saved into pcapng", "TEXT"),
        _command("compare", "D", MAIN, "compare with the record marked last, else request and response"),
        _command("mark-association", "m CHAR", TABLE, "on the associations: mark one", "LETTER"),
        _command("compare-association", "D", TABLE, "on the associations: what goes otherwise than in the one marked"),
    ),
    "Look": (
        _command("maximise", "\\", MAIN, "the focused pane over all, and back"),
        _command("layout", "|", MAIN, "next layout: stacked, side by side, wide"),
        _command("tail", "F", MAIN, "follow the end of the capture"),
        _command("pause", "p", MAIN, "pause the view; the capture goes on"),
        _command("time", "t", MAIN, "next way to show times: clock, since first, since before, since request"),
        _command("time-reference", "ctrl+t", MAIN, "times since this record; there once more: the clock again"),
        _command("columns", "c", MAIN, "choose the columns of the list, any field among them"),
        _command("apply-column", "I or ctrl+shift+i", MAIN, "the selected node, or a field, as a column", "FIELD"),
        _command("decode-as", "", MAIN, "force a stack: decode-as serial,hdlc", "SELECTOR,STACK"),
        _command("sort", "s", TABLE, "in tables: sort by the next column"),
        _command("plot", "p", TABLE, "on the readings: show or hide the plot"),
        _command("swap", "w", TABLE, "between two captures: take the good one for the bad one"),
        _command("theme", "T", ANY, "next theme: dark, light, high contrast, 16 colours"),
    ),
    "Screens": (
        _command("doctor", "d", ANY, "what went wrong, why, the proof, and what to try"),
        _command("expert", "!", ANY, "all notes, by severity and code"),
        _command("associations", "a", ANY, "associations: how each began, what it did, how it ended"),
        _command("ladder", "l", ANY, "client and meter as a ladder, with response times"),
        _command("follow", "f", ANY, "this association as a dialogue"),
        _command("objects", "o", ANY, "what the capture taught about the meters"),
        _command("readings", "r", ANY, "the metered values as a table and a plot"),
        _command("statistics", "s", ANY, "services, errors, response times, octets over time", "WHAT"),
        _command("diff", "C", ANY, "compare two captures: one that works, one that fails", "FILE"),
        _command("keys", "K", ANY, "keys: what each opened; add one"),
        _command("sources", "S", ANY, "the inputs, their lines, and what was left aside"),
        _command("rules", "R", ANY, "every fact and cause that the doctor knows"),
        _command("start", "", ANY, "samples, recent captures, interfaces and ports"),
        _command("help", "? or f1", ANY, "this page"),
    ),
    "Take away": (
        _command("copy-field", "y y", MAIN, "copy what the selected field says; in the list the line"),
        _command("copy-hex", "y h", MAIN, "copy octets in hex: of the field, in the list of the record"),
        _command("copy-annotated", "y a", MAIN, "copy the record, every octet with its field"),
        _command("copy-json", "y j", MAIN, "copy the record as JSON"),
        _command("copy-python", "y p", MAIN, "copy Python that reads the record again"),
        _command("export", "x or ctrl+s", ANY, "export what the screen shows", "FILE"),
        _command("add-key", "+", ANY, "add a key; the capture is read again with it", "ROLE[@TITLE]=HEX"),
    ),
    "Program": (
        _command("open-file", "O or ctrl+o", ANY, "open another capture", "FILE"),
        _command("command", ":", ANY, "a command by its name"),
        _command("palette", "ctrl+p", ANY, "find a command"),
        _command("menu", "M", ANY, "what can be done with what is selected; a right click asks for it, too"),
        _command("cancel", "ctrl+c", ANY, "stop what runs: a search, a filter, the index"),
        _command("back", "q", ANY, "back; on the main screen: take the filter away, then quit"),
        _command("close", "escape", ANY, "back; on the main screen: take the filter away, and never quit"),
        _command("suspend", "ctrl+z", ANY, "go to the shell; fg comes back"),
        _command("quit", "ctrl+q", ANY, "quit; with ! also where comments are not saved", "!"),
    ),
}  # fmt: skip

COMMANDS: dict[str, Command] = {one.name: one for group in GROUPS.values() for one in group}


def said_of(command: Command) -> str:
    """Give all words that a command may be sought by: its name, what it does, its names in other programs."""
    others = " ".join(one for one, name in ELSEWHERE.items() if name.partition(" ")[0] == command.name)
    return f"{command.name} {command.help} {others}".replace("-", " ").lower()


_NAMES_ELSEWHERE = {
    "apply-column": "apply-as-column",
    "apply-node": "apply-as-filter",
    "bookmark": "flag flow.mark mark-packet",
    "columns": "preferences",
    "comment": "annotate flow.comment packet-comment",
    "expert": "events expert-info",
    "export": "export.file export-packets save save-as save.file w wq write",
    "filter": "display-filter view.filter.set",
    "find": "search",
    "follow": "follow-stream stream",
    "go-to": "go goto go-to-packet",
    "help": "h man",
    "highlight": "color coloring-rules colour colouring-rules",
    "keys": "keyring",
    "ladder": "flow flow-graph sequence",
    "open-file": "e edit load",
    "prepare-node": "prepare-as-filter and-selected",
    "quit": "console.exit exit qa",
    "quit !": "q! qa! quit!",
    "readings": "export-objects values",
    "sources": "capinfos capture-file-properties file-properties properties",
    "statistics": "stats",
    "statistics connection": "connections",
    "statistics conversation": "conversations",
    "statistics layer": "hierarchy protocol-hierarchy",
    "statistics meter": "endpoints",
    "statistics time": "io-graph iograph",
    "suspend": "sh shell",
    "time": "time-format time-display-format",
    "time-reference": "set-time-reference unset-time-reference",
}
"""What commands, some with an argument, are called in Wireshark, mitmproxy and vi."""
ELSEWHERE: dict[str, str] = {known: name for name, others in _NAMES_ELSEWHERE.items() for known in others.split()}
"""Commands by those names."""
_PRINTED = {
    "up": "↑", "down": "↓", "left": "←", "right": "→", "enter": "Enter", "escape": "Esc", "tab": "Tab",
    "shift+tab": "Shift+Tab", "pageup": "PgUp", "pagedown": "PgDn", "home": "Home", "end": "End", "space": "Space",
    "ctrl+underscore": "Ctrl+/", "CHAR": "x",
}  # fmt: skip


def key_text(key: str) -> str:
    """Write a key, or a sequence of keys, as people do: ``Ctrl+F``, ``g g``."""
    return " ".join(_PRINTED.get(one) or _held_text(one) for one in key.split())


def _held_text(key: str) -> str:
    held, plus, last = key.rpartition("+")
    if last and (plus or last[1:].isdecimal()):  # a letter is another one without Shift; F5 is no letter
        last = _PRINTED.get(last) or last.upper()
    return "".join(f"{one.capitalize()}+" for one in held.split("+") if one) + last if last else key


class Keymap:
    """Which keys mean what; *changes* are the user's: keys by the name of a command."""

    def __init__(self, changes: Mapping[str, Iterable[str]] | None = None) -> None:
        self.keys = {name: one.keys for name, one in COMMANDS.items()}
        for name, keys in (changes or {}).items():
            if name in COMMANDS:
                self.keys[name] = tuple(keys)
        self._by_key: dict[str, list[Command]] = {}
        for name, bound in self.keys.items():
            for key in bound:
                self._by_key.setdefault(key, []).append(COMMANDS[name])
        self._begins = {key.partition(" ")[0] for key in self._by_key if " " in key}

    def find(self, key: str, contexts: Iterable[str]) -> Command | None:
        """Find the command of *key* in the first of *contexts* that has one."""
        found = self._by_key.get(key, ())
        return next((one for context in contexts for one in found if one.context == context), None)

    def begins_sequence(self, key: str) -> bool:
        """Tell whether *key* waits for another."""
        return key in self._begins

    def continuations(self, key: str, contexts: Iterable[str]) -> list[tuple[str, Command]]:
        """Give the keys that may follow *key* in a sequence, with their commands."""
        allowed = set(contexts)
        return [
            (whole.partition(" ")[2], one)
            for whole, found in self._by_key.items()
            if whole.startswith(f"{key} ")
            for one in found
            if one.context in allowed
        ]

    def texts(self, name: str) -> list[str]:
        """Write the keys of a command."""
        return [key_text(key) for key in self.keys[name]]

    def text(self, name: str) -> str:
        """Write the first key of a command; its name behind ``:`` where it has none."""
        return next(iter(self.texts(name)), f":{name}")


class Pressed(NamedTuple):
    """What keys came to: a command with its count (0 where none was typed) and argument."""

    command: Command
    number: int = 0
    argument: str = ""


class KeyReader:
    """Turns keys into commands: counts before them, and keys that wait for another."""

    def __init__(self, keymap: Keymap) -> None:
        self.keymap = keymap
        self._count = ""
        self._waiting = ""

    @property
    def waiting(self) -> str:
        """The key that waits for another; empty where none does."""
        return self._waiting

    @property
    def pending(self) -> str:
        """What was typed of a command that is not whole."""
        return self._count + self._waiting

    def press(self, key: str, contexts: Iterable[str]) -> Pressed | None:
        """Take one key. Returns the command that it completes."""
        contexts = tuple(contexts)
        if self._waiting:
            return self._second(key, contexts)
        if key.isdecimal() and len(key) == 1 and (self._count or key != "0"):
            self._count = (self._count + key)[-9:]
            return None
        if self.keymap.begins_sequence(key):
            self._waiting = key
            return None
        return self._done(self.keymap.find(key, contexts), "")

    def _second(self, key: str, contexts: tuple[str, ...]) -> Pressed | None:
        first, self._waiting = self._waiting, ""
        found = self.keymap.find(f"{first} {key}", contexts)
        if found is not None:
            return self._done(found, "")
        any_character = self.keymap.find(f"{first} CHAR", contexts) if len(key) == 1 else None
        return self._done(any_character, key)

    def _done(self, command: Command | None, argument: str) -> Pressed | None:
        count, self._count = int(self._count or 0), ""
        return Pressed(command, count, argument) if command is not None else None
