"""Command lines of the subcommands: argparse, whose complaints are one line of ours."""

from __future__ import annotations

import argparse
from typing import NoReturn

from analyzer.cli.main import UsageError


class Parser(argparse.ArgumentParser):
    """A parser that raises UsageError instead of printing its usage and leaving the program."""

    def error(self, message: str) -> NoReturn:
        """Refuse the command line."""
        raise UsageError(f"{message.replace('argument ', '', 1)}; see {self.prog} --help")


def natural(text: str) -> int:
    """Read a number that is not negative. Raises: ArgumentTypeError that says what was expected."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"a number from 0 was expected, not {text!r}")
    return int(text)
