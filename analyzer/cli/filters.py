"""``-Y/--filter`` and the times of every command that chooses records: options, and the filter they give."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from analyzer.cli.complaints import FilterTextError, say

if TYPE_CHECKING:
    from analyzer.filter import Filter
    from analyzer.index.filtering import Chooser
    from analyzer.record import Record
    from analyzer.session import Session


_NAME = re.compile(r"[A-Za-z][\w.-]*")
_COMPARED = re.compile(r"([A-Za-z][\w.-]*)\s*(?:[=!<>~]{1,3}|contains|matches|eq|ne)\s*[\"']?(\w+)")


def add_filter_options(parser: argparse.ArgumentParser, *, has_to: bool = False) -> None:
    """Add the options that choose records; *has_to* where ``--to`` means something else."""
    to = ["--to-time"] if has_to else ["--to-time", "--to"]
    parser.add_argument("-Y", "--filter", default="", metavar="EXPR", help="only records that pass, such as 'get'")
    parser.add_argument("--from-time", "--from", default="", metavar="TIME", help="only records from this time on")
    parser.add_argument(*to, default="", metavar="TIME", help="only records up to this time")


def filter_of(options: argparse.Namespace, *, utc: bool) -> Filter | None:
    """Make the filter that the options say; *utc*: their times are UTC. Raises: FilterTextError."""
    if not chooses(options):
        return None
    from analyzer.filter import FilterError, compile_filter

    compiled(options.filter, utc=utc)
    for name, text in (("--from-time", options.from_time), ("--to-time", options.to_time)):
        try:
            compile_filter(f'time >= "{text}"' if text else "", utc=utc)
        except FilterError as problem:
            raise FilterTextError(f"{name} {text}: {problem.message}") from None
    return compile_filter(filter_text(options), utc=utc)


def compiled(text: str, *, utc: bool = False, option: str = "--filter") -> Filter | None:
    """Make the filter *text* of an *option*. Raises: FilterTextError."""
    from analyzer.filter import FilterError, compile_filter

    try:
        return compile_filter(text, utc=utc)
    except FilterError as problem:
        place = f"at character {problem.position + 1}"
        raise FilterTextError(f"{option} '{text}', {place}: {problem.message}", _compared(text)) from None


def _compared(text: str) -> set[str]:
    """Give what *text* compares fields of records with; nothing where it names a key."""
    from analyzer.filter.fields import field_of
    from analyzer.security.keys import role_of

    if any(name.lower() == "key" or role_of(name) is not None for name in _NAME.findall(text)):
        return set()
    return {word for name, word in _COMPARED.findall(text) if field_of(name) is not None}


def filter_text(options: argparse.Namespace) -> str:
    """Say in one filter what the options say."""
    parts = [f"({options.filter})"] if options.filter.strip() else []
    parts += [f'time >= "{options.from_time}"'] if options.from_time else []
    parts += [f'time <= "{options.to_time}"'] if options.to_time else []
    return " and ".join(parts)


def chooses(options: argparse.Namespace) -> bool:
    """Tell whether the options leave records out."""
    return bool(options.filter or options.from_time or options.to_time)


def chosen(session: Session, options: argparse.Namespace) -> Iterator[Record]:
    """Give the records of *session* that pass what the options say."""
    passes = chooser(session, options)
    return session.records() if passes is None else filter(passes, session.records())


def say_none_passes(name: str, passes: Chooser | None) -> None:
    """Say on stderr that no record passes, and what may be asked instead."""
    advice = passes.advice if passes is not None else ""
    say(f"{name}: no record passes the filter" + (f"; {advice}" if advice else ""))


def chooser(session: Session, options: argparse.Namespace) -> Chooser | None:
    """Give what tells whether a record of *session* passes what the options say; None where all do."""
    found = filter_of(options, utc=options.utc or session.source.has_local_times)
    if found is None:
        return None
    from analyzer.index.filtering import Chooser

    return Chooser(found, session.values, session.followers)
