"""What users of tshark, its companions and git type by habit: which command it means, or what to type instead."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence

_INSTEAD = {
    "-2": "leave it out: what later records teach is known from the first on; --settle has that live",
    "-a": "record --duration ends after a time, -c after records",
    "-A": "doctor names what went wrong, audit checks it",
    "-b": "record has --rotate-size, --rotate-time and --keep",
    "-C": "config.toml and -k FILE take the place of profiles",
    "-e": "decode -T fields -e NAME prints fields",
    "-E": "decode -T fields knows header, separator, quote, occurrence and aggregator",
    "-F": "export --to FORM chooses what is written",
    "-G": "dlmshark help fields lists the names for -Y and -e",
    "-j": "decode -T fields -e NAME prints fields",
    "-J": "decode -T fields -e NAME prints fields",
    "-K": "-k FILE gives a keyring",
    "-N": "names are never looked up",
    "-o": "export -o FILE and record -o FILE write; preferences are in config.toml",
    "-O": "-V prints all layers",
    "-p": "interfaces are not promiscuous unless --promiscuous is given",
    "-P": "decode prints a line of each record, with -V and -x too",
    "-r": "the captures stand there by themselves, without -r",
    "-R": "-Y filters",
    "-S": "-x and -V print more",
    "-t": "text has the time of the day, --utc in UTC; -T fields -e latency the time since the request",
    "-u": "times are ISO 8601, --utc in UTC",
    "-w": "export -o FILE writes captures, record -o FILE a live source",
    "-W": "pcapng has names and comments always",
    "-X": "config.toml has the settings",
    "-z": "stats --by service, object, conversation, time counts",
    "--color": "a terminal has colours; --no-color and NO_COLOR take them away",
    "--colour": "a terminal has colours; --no-color and NO_COLOR take them away",
    "--export-objects": "readings takes the values out, export the records",
    "--follow": "live goes on with what comes, and so does the terminal UI with a file that grows",
    "--format": "--json prints JSON Lines; export --to FORM writes csv, parquet, pcapng, xml, html",
    "--grep": "-Y filters: -Y 'summary contains TEXT'",
    "--hexdump": "-x prints octets",
    "--no-pager": "nothing is paged",
    "--search": "-Y filters: -Y 'summary contains TEXT'",
    "--since": "--from-time TIME",
    "--tail": "live goes on with what comes, and so does the terminal UI with a file that grows",
    "--until": "--to-time TIME",
}
"""What does here what an option of tshark or git does there."""
_INSTEAD |= dict.fromkeys(("--address", "--bind", "--listen"), "serve --host HOST chooses the address to listen on")
_LADDER = "dlmshark FILE opens the terminal UI, where l shows the ladder"
_DIALOGUE = "dlmshark FILE opens the terminal UI, where f shows the dialogue"
_STATISTICS = {
    "conv": "stats --by conversation or connection",
    "diameter": "stats --by service has response times",
    "endpoints": "stats --by meter",
    "expert": "doctor",
    "flow": _LADDER,
    "follow": _DIALOGUE,
    "hosts": "stats --by meter",
    "io,phs": "stats --by layer",
    "io,stat": "stats --by time --interval N[smhd]",
    "ip_hosts": "stats --by meter",
    "rpc": "stats --by service has response times",
}
"""What does here what the values of tshark's ``-z`` do there, by how they begin."""
_CUT = "export --to packets -o FILE cuts out what -Y, --from-time and --to-time choose"
_JOIN = "export --merge A B -o FILE joins captures by time"
_SAFE = "export --share-safe -o FILE replaces names, numbers, titles, addresses and keys"
_LISTEN = "live decodes what comes, record writes it to files"
_SETTINGS = "settings are in config.toml, which ? in the terminal UI names"
_VIEW = "view FILE, or FILE alone, opens it in the terminal UI"
_WRITE = "export -o FILE writes csv, jsonl, parquet, pcapng, xml, html"
_FILTER = "decode FILE -Y 'summary contains TEXT' filters; dlmshark help fields has the names"
_CHECK = "audit checks captures, keys check a keyring"
_MEANING = "explain tells what a code, name, number or octets mean; decode --hex OCTETS decodes"
_WORDS = {
    "anonymise": _SAFE, "anonymize": _SAFE, "mask": _SAFE, "redact": _SAFE, "sanitize": _SAFE, "share": _SAFE,
    "editcap": _CUT, "cut": _CUT, "slice": _CUT, "split": _CUT,
    "mergecap": _JOIN, "merge": _JOIN, "join": _JOIN, "reordercap": _JOIN,
    "capture": _LISTEN, "dumpcap": _LISTEN, "listen": _LISTEN, "monitor": _LISTEN, "sniff": _LISTEN, "watch": _LISTEN,
    "config": _SETTINGS, "preferences": _SETTINGS, "profile": _SETTINGS, "settings": _SETTINGS,
    "open": _VIEW, "show": _VIEW, "tui": _VIEW, "ui": _VIEW, "wireshark": _VIEW, "termshark": _VIEW,
    "convert": _WRITE, "csv": _WRITE, "html": _WRITE, "parquet": _WRITE, "pcapng": _WRITE, "pdml": _WRITE,
    "filter": _FILTER, "find": _FILTER, "grep": _FILTER, "search": _FILTER,
    "check": _CHECK, "lint": _CHECK, "test": _CHECK, "validate": _CHECK, "verify": _CHECK,
    "dissect": _MEANING, "error": _MEANING, "lookup": _MEANING, "obis": _MEANING, "parse": _MEANING,
    "translate": _MEANING, "translator": _MEANING,
    "capinfos": "decode -q -v FILE tells what it holds, stats counts it", "info": "stats counts what a capture holds",
    "compare": "diff GOOD BAD compares two sessions, correlate A B two points",
    "browse": "serve FILE shows it in a browser", "web": "serve FILE shows it in a browser",
    "conv": "stats --by conversation", "conversations": "stats --by conversation",
    "connections": "stats --by connection",
    "decipher": "decode FILE -k KEYS deciphers", "decrypt": "decode FILE -k KEYS deciphers",
    "dump": "decode -x prints octets, -V trees", "tree": "decode -V prints trees", "print": "decode FILE",
    "log": "decode FILE", "tshark": "decode FILE",
    "list": "decode FILE lists records, live -D interfaces and ports, demo --list samples",
    "edit": "craft edits a frame", "replay": "nothing is ever sent; craft edits a frame and prints its octets",
    "endpoints": "stats --by meter", "meters": "stats --by meter", "errors": "stats --by error",
    "expert": "doctor names what went wrong, ! in the terminal UI lists all notes",
    "fields": "dlmshark help fields lists the names for -Y and -e", "json": "decode --json",
    "flow": _LADDER, "ladder": _LADDER, "sequence": _LADDER, "follow": _DIALOGUE,
    "hierarchy": "stats --by layer", "phs": "stats --by layer", "protocols": "stats --by layer",
    "interfaces": "live -D names interfaces and ports", "ports": "live -D names interfaces and ports",
    "io": "stats --by time", "iograph": "stats --by time", "man": "dlmshark COMMAND --help",
    "objects": "stats --by object", "services": "stats --by service", "samples": "demo --list names the samples",
    "text2pcap": "text with octets in hex is a capture like any; export -o FILE.pcapng writes it",
    "version": "dlmshark --version",
}  # fmt: skip
"""What does here what a command of that name does elsewhere."""
_VERSION = "--version"
_ALIKE = 0.77
"""How alike what was typed is to what may have been meant."""
_MOST_COMMANDS = 4
_TSHARK_FORMS = {
    "pdml": "export --to xml",
    "ek": "decode --json, one object a line",
    "jsonraw": "decode --json --layers",
    "psml": "decode",
    "ps": "export --to html",
    "tabs": "export --to csv",
}


def instead_of_command(word: str) -> str:
    """Say what does here what the command called *word* does elsewhere; nothing where that is not known."""
    return _WORDS.get(word.lower(), "")


def instead_of_option(word: str, after: Sequence[str], known: Iterable[str]) -> str:
    """Say what the unknown option *word* may have meant, of those that are *known*; nothing where that is not known.

    *after* are the words behind it, its value first where it has one.
    """
    from difflib import get_close_matches

    is_long = word.startswith("--")
    name = word.partition("=")[0] if is_long else word[:2]
    told = _INSTEAD.get(name, "")
    if name == "-z":
        value = word[2:] or "".join(after[:1])
        told = next((does for begins, does in _STATISTICS.items() if value.startswith(begins)), told)
    if not told:
        near = get_close_matches(name.lower(), [_VERSION, *(one for one in known if one.startswith("--"))], 1, _ALIKE)
        if is_long and near == [_VERSION]:
            told = "dlmshark --version prints the version"
        elif commands := _commands_with(name):
            told = f"{', '.join(commands)} {'have' if len(commands) > 1 else 'has'} {name}"
        elif is_long and near:
            told = f"did you mean {near[0]}?"
    return f" ({told})" if told else ""


def _commands_with(name: str) -> list[str]:
    """Name the commands that take the option called *name*; none where they are more than a line has room for."""
    from importlib import import_module

    from analyzer.cli.commands import COMMANDS

    found = [
        command
        for command, one in COMMANDS.items()
        if (make := getattr(import_module(one.module), "parser", None)) is not None
        and name in make()._option_string_actions
    ]
    return found if len(found) <= _MOST_COMMANDS else []


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
    "--layers", "-n", "-l", "-2",
))  # fmt: skip
"""Options without a value."""


def late_command(words: Sequence[str], commands: Container[str]) -> int:
    """Find the command that stands behind options, as git has it: ``--json doctor FILE``. Returns its place, else 0."""
    for place in range(1, len(words)):
        before = words[place - 1]
        if words[place] in commands and (before in _FLAGS or not before.startswith("-")):
            return place
    return 0
