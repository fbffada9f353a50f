"""What may stand on a command line to the scripts that bash, zsh and fish complete it by.

Source: Bash Reference Manual, "Programmable Completion Builtins"; zshcompsys(1); fish, "Writing your own completions".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple


class Option(NamedTuple):
    """An option by all its names; *takes* are values that are known, none of a file, None where it has no value."""

    names: tuple[str, ...]
    about: str
    takes: tuple[str, ...] | None


class Completed(NamedTuple):
    """What may stand behind a command: its options, and words beside the names of files."""

    command: str
    about: str
    options: list[Option]
    words: tuple[str, ...]


_BASH = r"""# Completion of dlmshark for bash, as printed by: dlmshark completion bash
_dlmshark() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command= options= words= i
    local IFS=$' \t\n'
    if [[ $cur == '=' ]]; then
        cur=
    elif [[ $prev == '=' ]]; then
        prev=${COMP_WORDS[COMP_CWORD-2]}
    fi
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
            @COMMANDS@) command=${COMP_WORDS[i]}; break ;;
        esac
    done
    COMPREPLY=()
    case "$command $prev" in
@VALUES@
    esac
    case $command in
@OPTIONS@
    esac
    if [[ $cur == -* ]]; then
        COMPREPLY=($(compgen -W "$options" -- "$cur"))
    elif [[ $words ]]; then
        COMPREPLY=($(compgen -W "$words" -- "$cur"))
        IFS=$'\n'
        COMPREPLY+=($(compgen -f -- "$cur"))
        compopt -o filenames 2> /dev/null
    fi
}
complete -o bashdefault -o default -F _dlmshark dlmshark"""
_ZSH = r"""#compdef dlmshark
# Completion of dlmshark for zsh, as printed by: dlmshark completion zsh
_dlmshark() {
    local prev=$words[CURRENT-1] command= one
    local -a options names
    if [[ $PREFIX == --*=* ]]; then
        prev=${PREFIX%%=*}
        compset -P '*='
    fi
    for one in ${words[2,CURRENT-1]}; do
        case $one in
            @COMMANDS@) command=$one; break ;;
        esac
    done
    case "$command $prev" in
@VALUES@
    esac
    case $command in
@OPTIONS@
    esac
    if [[ $PREFIX == -* ]]; then
        _describe -o option options
    else
        (( $#names )) && _describe word names
        _files
    fi
}
if [[ $funcstack[1] == _dlmshark ]]; then
    _dlmshark "$@"
else
    compdef _dlmshark dlmshark
fi"""
_INDENT = " " * 8


def bash(found: Sequence[Completed]) -> Iterator[str]:
    """Give the lines of the script for bash."""
    values = (
        f"{_INDENT}{place}) "
        + (f'COMPREPLY=($(compgen -W "{" ".join(known)}" -- "$cur")); return ;;' if known else "return ;;")
        for known, place in _by_values(found).items()
    )
    options = (
        f'{_INDENT}"{one.command}") options="{" ".join(_names(one))}" words="{" ".join(one.words)}" ;;' for one in found
    )
    yield _filled(_BASH, found, values, options)


def zsh(found: Sequence[Completed]) -> Iterator[str]:
    """Give the lines of the script for zsh."""
    about = {one.command: one.about for one in found}
    values = (
        f"{_INDENT}{place}) " + (f"compadd -- {' '.join(known)}; return ;;" if known else "_files; return ;;")
        for known, place in _by_values(found).items()
    )
    options = (
        f'{_INDENT}"{one.command}") options=({_described(_about_names(one))})\n'
        f"{_INDENT}    names=({_described((word, '' if one.command else about[word]) for word in one.words)}) ;;"
        for one in found
    )
    yield _filled(_ZSH, found, values, options)


def fish(found: Sequence[Completed]) -> Iterator[str]:
    """Give the lines of the script for fish."""
    yield "# Completion of dlmshark for fish, as printed by: dlmshark completion fish"
    yield f"set -l commands {' '.join(_commands(found))}"
    about = {one.command: one.about for one in found}
    for one in found:
        seen = one.command and f"__fish_seen_subcommand_from {one.command}"
        line = f'complete -c dlmshark -n "{seen or "not __fish_seen_subcommand_from $commands"}"'
        for word in one.words:
            does = "" if one.command else f" -d {_fish_quoted(about[word])}"
            yield f"{line} -a {word}{does}"
        for option in one.options:
            names = " ".join(f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in option.names)
            takes = "" if option.takes is None else f" -xa '{' '.join(option.takes)}'" if option.takes else " -r"
            does = f" -d {_fish_quoted(option.about)}" if option.about else ""
            yield f"{line} {names}{takes}{does}"


SHELLS: dict[str, Callable[[Sequence[Completed]], Iterator[str]]] = {"bash": bash, "zsh": zsh, "fish": fish}
"""The shells by their names, each with what writes its script."""


def _commands(found: Sequence[Completed]) -> list[str]:
    return [one.command for one in found if one.command]


def _names(one: Completed) -> list[str]:
    return [name for option in one.options for name in option.names]


def _about_names(one: Completed) -> Iterator[tuple[str, str]]:
    return ((name, option.about) for option in one.options for name in option.names)


def _by_values(found: Sequence[Completed]) -> dict[tuple[str, ...], str]:
    """Give what options take, each with patterns of a command and an option's name; * where all commands agree."""
    takes = [(name, one.command, option.takes) for one in found for option in one.options for name in option.names]
    several = {name for name, _, values in takes if any(name == other and values != more for other, _, more in takes)}
    places: dict[tuple[str, ...], dict[str, None]] = {}
    for name, command, values in takes:
        if values is not None:
            place = f'"{command} {name}"' if name in several else f'*" {name}"'
            places.setdefault(values, {})[place] = None
    return {values: "|".join(patterns) for values, patterns in places.items()}


def _filled(script: str, found: Sequence[Completed], values: Iterator[str], options: Iterator[str]) -> str:
    filled = script.replace("@COMMANDS@", "|".join(_commands(found)))
    return filled.replace("@VALUES@", "\n".join(values)).replace("@OPTIONS@", "\n".join(options))


def _described(names: Iterator[tuple[str, str]]) -> str:
    """Write words with what they are as zsh has them: a colon between, others behind a backslash."""
    return " ".join(_quoted(f"{name}:{about}" if about else name) for name, about in names)


def _quoted(text: str) -> str:
    """Quote for zsh."""
    return "'" + text.replace("'", "'\\''") + "'"


def _fish_quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
