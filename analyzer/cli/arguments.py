"""Command lines of the subcommands: argparse, whose complaints are one line of ours."""

from __future__ import annotations

import argparse
import os
import sys
from typing import NoReturn

from analyzer.cli.main import UsageError

_WIDTH = 80


class _Help(argparse.HelpFormatter):
    """Writes help as wide as the terminal; argparse makes one for every option, and would load shutil for the width."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=_columns() - 2)


def _columns() -> int:
    told = os.environ.get("COLUMNS", "")
    if told.isdecimal() and int(told):
        return int(told)
    try:
        return os.get_terminal_size(sys.__stdout__.fileno() if sys.__stdout__ else -1).columns or _WIDTH
    except (OSError, ValueError, AttributeError):
        return _WIDTH


class Parser(argparse.ArgumentParser):
    """A parser that raises UsageError instead of printing its usage and leaving the program."""

    def __init__(self, prog: str, description: str, *, allow_abbrev: bool = True) -> None:
        super().__init__(prog=prog, description=description, formatter_class=_Help, allow_abbrev=allow_abbrev)

    def error(self, message: str) -> NoReturn:
        """Refuse the command line."""
        raise UsageError(f"{message.replace('argument ', '', 1)}; see {self.prog} --help")


def natural(text: str) -> int:
    """Read a number that is not negative. Raises: ArgumentTypeError that says what was expected."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"a number from 0 was expected, not {text!r}")
    return int(text)
