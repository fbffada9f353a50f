"""Command lines of the subcommands: argparse, whose complaints are one line of ours."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Sequence
from itertools import pairwise
from typing import NoReturn

from analyzer.cli.complaints import UsageError
from analyzer.cli.terminal import columns
from analyzer.cores import cores

_NEGATIVE = re.compile(r"-(?!2$)(\d+|\d*\.\d+)$")
"""What argparse takes for a number and no option: not what tshark calls its second pass by."""

_SIZES = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
_TIMES = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_LACKS_VALUE = ": expected one argument"


class _Help(argparse.HelpFormatter):
    """Writes help as wide as the terminal; argparse makes one for every option, and would load shutil for the width."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=columns() - 2)

    def _split_lines(self, text: str, width: int) -> list[str]:
        """Fold what an option does; argparse would break names and paths at their hyphens."""
        from analyzer.export.folding import folded  # with a module that only help needs

        return folded(" ".join(text.split()), width)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        from analyzer.export.folding import folded

        return "\n".join(folded(" ".join(text.split()), width, indent, indent))


class Parser(argparse.ArgumentParser):
    """A parser that raises UsageError instead of printing its usage and leaving the program."""

    def __init__(self, prog: str, description: str, *, epilog: str = "", allow_abbrev: bool = True) -> None:
        super().__init__(
            prog=prog, description=description, epilog=epilog, formatter_class=_Help, allow_abbrev=allow_abbrev
        )
        self._negative_number_matcher = self._optionals._negative_number_matcher = _NEGATIVE
        self._may_mix = True
        self._words: Sequence[str] = ()

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Read the command line. Options may stand between inputs, which argparse only takes on a second try."""
        self._words = args if args is not None else sys.argv[1:]
        found, rest = super().parse_known_args(args, namespace)
        if not self._may_mix or all(word.startswith("-") for word in rest):
            return found, rest
        self._may_mix = False
        try:
            return self.parse_known_intermixed_args(args, namespace)
        finally:
            self._may_mix = True

    def error(self, message: str) -> NoReturn:
        """Refuse the command line."""
        raise UsageError(f"{message.replace('argument ', '', 1)}{self._instead(message)}; see {self.prog} --help")

    def _print_message(self, message: str, file: object = None) -> None:
        """Print help; argparse passes over what cannot be written."""
        sys.stdout.write(message)  # errors are raised, and help goes nowhere else

    def _instead(self, message: str) -> str:
        """Say what may have been meant."""
        from analyzer.cli.synonyms import instead_of_form, instead_of_option

        unknown = message.removeprefix("unrecognized arguments: ")
        if message.endswith(_LACKS_VALUE):
            return self._behind_sign(message.removeprefix("argument ").partition(":")[0].split("/"))
        if unknown == message:
            return instead_of_form(message) if message.startswith("argument -T:") else ""
        name = unknown.partition(" ")[0]
        after = self._words[self._words.index(name) + 1 :] if name in self._words else ()  # may be taken for inputs
        return instead_of_option(name, after, self._option_string_actions)

    def _behind_sign(self, names: Sequence[str]) -> str:
        """Say how the option of those *names* gets a value that was taken for options; the value may be a key."""
        for word, value in pairwise(self._words):
            if word in names and value.startswith("-") and value.partition("=")[0] not in self._option_string_actions:
                return f" (a value that begins with a dash stands behind =: {names[-1]}=-…)"
        return ""


def natural(text: str) -> int:
    """Read a number that is not negative. Raises: ArgumentTypeError that says what was expected."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"a number from 0 was expected, not {text!r}")
    return int(text)


def size(text: str) -> int:
    """Read octets: 100M. Raises: ArgumentTypeError."""
    return _number(text, _SIZES, "octets such as 100M")


def seconds(text: str) -> int:
    """Read seconds: 1h. Raises: ArgumentTypeError."""
    return _number(text, _TIMES, "a time such as 60, 10m or 1h")


def _number(text: str, units: dict[str, int], expected: str) -> int:
    found = re.fullmatch(r"(\d+)([a-z]?)(?:i?b)?", text.lower())
    if not found or found[2] not in units:
        raise argparse.ArgumentTypeError(f"{expected} was expected, not {text!r}")
    return int(found[1]) * units[found[2]]


def workers(text: str) -> int:
    """Read how many processes are to work; 0 is as many as there are cores for this one. Raises: ArgumentTypeError."""
    return natural(text) or cores()


THEMES = ("dark", "light", "high-contrast", "16-colours")
"""The themes of the terminal UI, which a pipe knows too and has no use for."""


def theme(text: str) -> str:
    """Read the name of a theme. Raises: UsageError that says which there are."""
    if text not in THEMES:
        raise UsageError(f"--theme: '{text}' is none; known: {', '.join(THEMES)}")
    return text


def without_screen_options(words: Sequence[str]) -> list[str]:
    """Leave out what only a screen has, for ``decode``: ``--theme`` and its value. Raises: UsageError for another."""
    kept: list[str] = []
    rest = iter(words)
    for word in rest:
        if word == "--":
            return [*kept, word, *rest]
        if word == "--theme":
            theme(next(rest, ""))
        elif word.startswith("--theme="):
            theme(word.partition("=")[2])
        else:
            kept.append(word)
    return kept


_COMMON = (
    (("--utc",), "times in UTC"),
    (("--no-color",), "no colours"),
    (("-q", "--quiet"), "print nothing but errors"),
    (("-v", "--verbose"), "say more on stderr"),
)
"""What every command takes, also one that has nothing of it to show: who scripts need not remember which does."""


def add_common_options(made: argparse.ArgumentParser) -> None:
    """Add what every command takes, as far as *made* has it not."""
    for words, does in _COMMON:
        if words[0] not in made._option_string_actions:
            made.add_argument(*words, action="store_true", help=does)


def hush(options: argparse.Namespace) -> None:
    """Let nothing be printed from here on where ``-q`` asks for that; :func:`analyzer.cli.main.main` undoes it."""
    if options.quiet:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 -- open until the command ends
