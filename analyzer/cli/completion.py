"""``dlmshark completion SHELL``: a script that completes command lines, made of the parsers that read them."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from importlib import import_module

from analyzer.cli.arguments import Parser, add_common_options, hush
from analyzer.cli.commands import COMMANDS, FIELDS_MODULE, FIELDS_TOPIC
from analyzer.cli.shells import SHELLS, Completed, Option

_BORROWED = {"": ("decode", "view"), "view": ("decode",), "demo": ("view", "decode"), "serve": ("view", "live")}
"""Commands that hand what they do not know to others, and so have their options; "" is none at all."""
_WORDS = {
    "": (*COMMANDS, "help"),
    "help": (*COMMANDS, FIELDS_TOPIC),
    "serve": ("view", "live", "demo"),
}
"""Words that may stand for an input, where no parser tells them."""
_FILTERS = ("fields", "filter", "expect", "when")
"""Where options keep filters, and names of their fields."""
_ANY_NUMBER = "N"


def parser() -> argparse.ArgumentParser:
    """Make the parser of the command line."""
    made = Parser(
        prog="dlmshark completion",
        description="Print a script with which a shell completes commands, options, their values and fields of "
        "filters; it is made of this program as it stands.",
        epilog="bash: dlmshark completion bash > ~/.local/share/bash-completion/completions/dlmshark; zsh: "
        "_dlmshark in a folder of fpath; fish: ~/.config/fish/completions/dlmshark.fish. bash and zsh also take "
        'eval "$(dlmshark completion bash)" in their rc file.',
    )
    made.add_argument("shell", choices=tuple(SHELLS), metavar="SHELL", help=", ".join(SHELLS))
    add_common_options(made)
    return made


def run(words: list[str]) -> int:
    """Run the command. Returns the exit status."""
    options = parser().parse_args(words)
    hush(options)
    print("\n".join(SHELLS[options.shell](completed())))
    return 0


def completed() -> list[Completed]:
    """Gather what may stand behind every command; first what stands behind none."""
    own = {name: _own(name, one.module, one.does) for name, one in COMMANDS.items()}
    own["help"] = _own("help", FIELDS_MODULE, "all options of a command, or the fields of filters")
    found = [Completed("", "", [Option(("--version",), "the version", None)], _WORDS[""]), *own.values()]
    for one in found:
        known = {name for option in one.options for name in option.names}
        for lender in _BORROWED.get(one.command, ()):
            for option in own[lender].options:
                if not known & set(option.names):
                    one.options.append(option)
                    known |= set(option.names)
    return found


def _own(command: str, module: str, does: str) -> Completed:
    """Read the parser of *command*, which its *module* makes."""
    made = import_module(module).parser()
    words: list[str] = [*_WORDS.get(command, ())]
    options = []
    for action in made._actions:
        if action.help == argparse.SUPPRESS:
            continue
        if action.option_strings:
            takes = tuple(_values(action)) if action.nargs is None else None
            options.append(Option(tuple(action.option_strings), _about(made, action), takes))
        else:
            words += map(str, action.choices or ())
    return Completed(command, does, options, tuple(words))


def _about(made: argparse.ArgumentParser, action: argparse.Action) -> str:
    return made._get_formatter()._expand_help(action) if action.help else ""


def _values(action: argparse.Action) -> Iterator[str]:
    """Give the values that an option is known to take; none where it takes a file, or what nobody can list."""
    if action.dest in _FILTERS:
        from analyzer.filter.fields import FIELDS

        yield from FIELDS
    elif action.choices is not None:
        yield from map(str, action.choices)
    elif isinstance(action.metavar, str) and "|" in action.metavar:
        yield from (one for one in action.metavar.split("|") if one != _ANY_NUMBER)
