"""What ``live`` and ``record`` do about records: options for alarms and expectations, and what is made of them."""

from __future__ import annotations

import argparse
import os
import shlex
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from analyzer.cli.arguments import seconds
from analyzer.cli.complaints import CHECK_FAILED, INPUT_ERROR, FilterTextError, UsageError, say
from analyzer.cli.filters import compiled
from analyzer.live.wishes import MARK, SAVE

if TYPE_CHECKING:
    from analyzer.alarms import Action, Alarms, Expectation, Rule, Watcher
    from analyzer.filter import Filter
    from analyzer.live.child import RecordingChild
    from analyzer.record import Record
    from analyzer.session import Session
    from captures.growing import GrowingInput


class _When(argparse.Action):
    """Keeps --when and the --do that follow it together."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any, option: str | None = None
    ) -> None:
        rules: list[tuple[str, list[str]]] = namespace.rules
        if self.dest == "when":
            rules.append((values, []))
        elif rules:
            rules[-1][1].append(values)
        else:
            parser.error("--do: --when EXPR comes before it")


def add_watching_options(made: argparse.ArgumentParser) -> None:
    """Add the options that say what is done when records come."""
    made.set_defaults(rules=[])
    made.add_argument("--when", action=_When, metavar="EXPR", help="records that --do is done for: 'severity >= error'")
    made.add_argument(
        "--do", action=_When, metavar="ACTION",
        help="beep · mark (a comment in the file) · save (keep the ring's file) · 'exec PROGRAM ARGUMENT...'",
    )  # fmt: skip
    made.add_argument("--expect", default="", metavar="EXPR", help="end with 0 once such a record comes, else with 1")
    made.add_argument("--within", type=seconds, default=0, metavar="N[smhd]", help="how long to wait for it")


def is_watching(options: argparse.Namespace) -> bool:
    """Tell whether records have to be decoded for what the user asks."""
    return bool(options.rules or options.expect)


class Watch:
    """What the options ask for, ready before anything is opened. Raises: UsageError, FilterTextError."""

    def __init__(self, options: argparse.Namespace, source: str) -> None:
        if options.within and not options.expect:
            raise UsageError("--within goes with --expect")
        self._within = options.within
        self._rules: list[Rule] = [_rule(text, actions) for text, actions in options.rules]
        if source == "-" and os.name != "posix":  # a recording would hear of wishes on its stdin there
            _refuse_wishes(self._rules)
        self._expected = (options.expect, wished("--expect", options.expect)) if options.expect else None
        self._alarms: Alarms | None = None
        self._expectation: Expectation | None = None
        self._timer: threading.Timer | None = None

    def watchers(self, child: RecordingChild, growing: GrowingInput, session: Session) -> tuple[Watcher, ...]:
        """Make what looks at every record; the time that was given begins."""
        found: list[Watcher] = []
        if self._rules:
            from analyzer.alarms import Alarms

            def files() -> list[str]:
                return [path for path in (growing.before, growing.path) if path]

            self._alarms = Alarms(self._rules, child, _line(session), files, say)
            found.append(self._alarms)
        if self._expected is not None:
            from analyzer.alarms import Expectation

            self._expectation = Expectation(*self._expected, child.stop)
            found.append(self._expectation)
            if self._within:
                self._timer = threading.Timer(self._within, child.stop)
                self._timer.daemon = True
                self._timer.start()
        return tuple(found)

    def close(self, *, has_failed: bool) -> int:
        """Wait for what is being done; *has_failed* says that the recording did. Returns the exit status."""
        if self._timer is not None:
            self._timer.cancel()
        if self._alarms is not None:
            self._alarms.close()
        expected = self._expectation
        if expected is None:
            return INPUT_ERROR if has_failed else 0
        if expected.record:
            say(f"record {expected.record} is what was expected: {expected.text}")
            return 0
        if has_failed:
            say(f"the recording ended before a record came that was expected: {expected.text}")
            return INPUT_ERROR
        within = f" within {self._within} s" if self._within else ""
        say(f"no record came{within} that was expected: {expected.text}")
        return CHECK_FAILED


def _rule(text: str, actions: Sequence[str]) -> Rule:
    from analyzer.alarms import Rule

    if not actions:
        raise UsageError(f"--when '{text}': --do ACTION was expected behind it")
    return Rule(text, wished("--when", text), tuple(map(_action, actions)))


def _refuse_wishes(rules: Sequence[Rule]) -> None:
    for name in (action.name for rule in rules for action in rule.actions):
        if name in (MARK, SAVE):
            raise UsageError(f"--do {name}: does not go with the source - on Windows; beep and exec do")


def _action(text: str) -> Action:
    from analyzer.alarms import ACTIONS, EXEC, Action

    try:
        name, *words = shlex.split(text)
    except ValueError:
        raise UsageError(f"--do {text!r}: a quotation mark has no end, or nothing is named") from None
    if name not in ACTIONS or (name == EXEC) != bool(words):
        raise UsageError(f"--do '{text}': beep, mark, save or 'exec PROGRAM ARGUMENT...' was expected")
    return Action(name, tuple(words))


def wished(option: str, text: str) -> Filter:
    """Give the filter that *option* says, which may not be empty. Raises: FilterTextError."""
    found = compiled(text, option=option)
    if found is None:
        raise FilterTextError(f"{option}: a filter was expected, such as 'severity >= error'")
    return found


def _line(session: Session) -> Callable[[Record], str]:
    from analyzer.export.json_lines import JsonLines

    return JsonLines(lambda: session.source.time_digits, values=session.values).line
