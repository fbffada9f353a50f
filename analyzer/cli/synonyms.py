"""What users of tshark and git type by habit: which command it means here, or what to type instead."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence

_INSTEAD = {
    "-a": "record --duration ends after a time, -c after records",
    "-A": "doctor names what went wrong, audit checks it",
    "-b": "record has --rotate-size, --rotate-time and --keep",
    "-C": "config.toml and -k FILE take the place of profiles",
    "-e": "decode -T fields -e NAME prints fields",
    "-E": "decode -T fields knows header, separator, quote, occurrence and aggregator",
    "-F": "export --to FORM chooses what is written",
    "-G": "docs/filters.md lists the names for -Y",
    "-N": "names are never looked up",
    "-o": "export -o FILE and record -o FILE write; preferences are in config.toml",
    "-O": "-V prints all layers",
    "-p": "interfaces are not promiscuous unless --promiscuous is given",
    "-R": "-Y filters",
    "-S": "-x and -V print more",
    "-t": "text has the time of the day, --utc in UTC; -T fields -e latency the time since the request",
    "-w": "export -o FILE writes captures, record -o FILE a live source",
    "-W": "pcapng has names and comments always",
    "-X": "config.toml has the settings",
    "-z": "stats --by service, object, conversation, time counts",
}
"""What does here what an option of tshark does there."""
_VERSION = "--version"
_TSHARK_FORMS = {
    "pdml": "export --to xml",
    "ek": "decode --json, one object a line",
    "jsonraw": "decode --json --layers",
    "psml": "decode",
    "ps": "export --to html",
    "tabs": "export --to csv",
}


def instead_of_option(word: str, known: Iterable[str]) -> str:
    """Say what the unknown option *word* may have meant, of those that are *known*; nothing where that is not known."""
    from difflib import get_close_matches

    name = word.partition("=")[0]
    if name.startswith("--"):
        near = get_close_matches(name, [_VERSION, *(one for one in known if one.startswith("--"))], 1)
        if near == [_VERSION]:
            return " (dlmshark --version prints the version)"
        return f" (did you mean {near[0]}?)" if near else ""
    told = _INSTEAD.get(name[:2], "")
    return f" ({told})" if told else ""


def instead_of_form(message: str) -> str:
    """Say what gives the form that a complaint about ``-T`` names."""
    found = next((does for form, does in _TSHARK_FORMS.items() if f"'{form}'" in message.partition("(")[0]), "")
    return f" ({found} prints that)" if found else ""


def command_of_options(words: Sequence[str]) -> str:
    """Name the command that options without one ask for, as tshark has them; nothing where it is the usual one."""
    listens = any(_is_short(word, "i") or word in ("-D", "--list-interfaces") for word in words)
    writes = any(_is_short(word, "w") for word in words)
    if listens:
        return "record" if writes else "live"
    return "export" if writes else ""


def _is_short(word: str, letter: str) -> bool:
    return word.startswith(f"-{letter}")


_FLAGS = frozenset((
    "--json", "-q", "--quiet", "-v", "--verbose", "-V", "--tree", "-x", "--octets", "--utc", "--no-color", "--merge",
    "--layers", "-n", "-l",
))  # fmt: skip
"""Options without a value."""


def late_command(words: Sequence[str], commands: Container[str]) -> int:
    """Find the command that stands behind options, as git has it: ``--json doctor FILE``. Returns its place, else 0."""
    for place in range(1, len(words)):
        before = words[place - 1]
        if words[place] in commands and (before in _FLAGS or not before.startswith("-")):
            return place
    return 0
