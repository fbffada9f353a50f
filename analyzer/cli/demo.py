"""``dlmshark demo``: a bundled sample capture, in the terminal UI, or decoded where stdout is no terminal."""

from __future__ import annotations

import argparse
import json

from analyzer.cli.arguments import Parser, without_screen_options
from analyzer.cli.complaints import UsageError
from analyzer.cli.synonyms import late_command
from analyzer.cli.view import is_wanted
from analyzer.cli.view import run as view
from captures.samples import samples

DEFAULT = "ln-ciphered"


def parser() -> argparse.ArgumentParser:
    """Make the parser of the command line."""
    made = Parser(
        prog="dlmshark demo", description="Open a bundled sample capture on a terminal, or decode it.",
        epilog="Options of view may follow, in a pipe those of decode.",
    )  # fmt: skip
    names = [sample.name for sample in samples()]
    which = f"which sample (default: {DEFAULT})"
    made.add_argument("name", nargs="?", default=DEFAULT, choices=names, metavar="name", help=which)
    made.add_argument("--list", action="store_true", help="name the samples; also --json")
    return made


def run(words: list[str]) -> int:
    """Run the command. Returns the exit status."""
    options, rest = asked(words)
    if options.list:
        return _list(rest)
    if is_wanted():
        return view(opened(options, rest))
    from analyzer.cli.decode import run as decode

    return decode(opened(options, without_screen_options(rest)))


def asked(words: list[str]) -> tuple[argparse.Namespace, list[str]]:
    """Read the command line; gives the options of another command that stand in it beside. Raises: UsageError."""
    known = {sample.name: sample for sample in samples()}
    words = ["", *words]
    at = late_command(words, known)
    other = late_command(words, {word for word in words[1:] if not word.startswith("-")})
    if other and not at:
        raise UsageError(f"no sample '{words[other]}': expected one of {', '.join(known)}")
    named = words.pop(at) or DEFAULT
    return parser().parse_known_args([named, *(words[1:] if at else words)])


def opened(options: argparse.Namespace, rest: list[str]) -> list[str]:
    """Give the words of a command that opens the sample."""
    sample = next(one for one in samples() if one.name == options.name)
    return [str(sample.path), *(["-k", str(sample.keys)] if sample.keys else []), *rest]


def _list(rest: list[str]) -> int:
    """Name the samples. Raises: UsageError for an option that is not for that."""
    if unknown := [one for one in rest if one != "--json"]:
        raise UsageError(f"--list takes --json alone, not {unknown[0]}")
    found, as_json = samples(), "--json" in rest
    width = max(len(sample.name) for sample in found)
    for sample in found:
        members = {"name": sample.name, "title": sample.title, "file": str(sample.path)}
        print(json.dumps(members, ensure_ascii=False) if as_json else f"{sample.name:<{width}}  {sample.title}")
    return 0
