"""The subcommands of ``dlmshark``: the module that holds each, and what it does."""

from __future__ import annotations

from typing import NamedTuple


class Command(NamedTuple):
    """A subcommand: the module that holds its ``run``, and what it does."""

    module: str
    does: str
    makes_packets: bool = True
    """Whether it needs the layers as Scapy packets."""


COMMANDS: dict[str, Command] = {
    "decode": Command("analyzer.cli.decode", "one line a record, or trees, or JSON, of captures", False),
    "readings": Command("analyzer.cli.readings", "the metered values in captures: text, JSON, CSV or Parquet", False),
    "stats": Command("analyzer.cli.stats", "counts, octets, errors and response times of captures", False),
    "batch": Command("analyzer.cli.batch", "many captures to one data set of Parquet files", False),
    "export": Command(
        "analyzer.cli.export", "captures for other programs: pcapng, jsonl, csv, parquet, xml, html", False
    ),
    "craft": Command("analyzer.cli.craft", "an edited frame with lengths, sums and protection made right; never sent"),
    "doctor": Command("analyzer.cli.doctor", "what went wrong, where, why, and what to try", False),
    "audit": Command("analyzer.cli.audit", "checks of conformance and security: PASS, FAIL, INCONCLUSIVE", False),
    "diff": Command("analyzer.cli.diff", "what a session that fails does otherwise than one that works", False),
    "correlate": Command("analyzer.cli.correlate", "the same traffic at two points: what passed, what did not", False),
    "explain": Command("analyzer.cli.explain", "all that a code, name, number, octets or a message may mean", False),
    "rules": Command("analyzer.cli.rules", "the facts and causes that doctor knows", False),
    "keys": Command("analyzer.cli.keys", "check a keyring, and which of its keys open what in captures", False),
    "demo": Command("analyzer.cli.demo", "a bundled sample capture, opened on a terminal, decoded in a pipe", False),
    "view": Command("analyzer.cli.view", "open captures in the terminal UI, as without a command", False),
    "serve": Command("analyzer.cli.serve", "the terminal UI in a web browser, on this machine", False),
    "live": Command("analyzer.cli.live", "decode a live source as it comes; it listens and never sends", False),
    "record": Command("analyzer.cli.record", "a live source into pcapng files; it listens and never sends", False),
    "extcap": Command("analyzer.cli.extcap", "let Wireshark capture by this program: --install", False),
    "completion": Command("analyzer.cli.completion", "a script that completes command lines: bash, zsh, fish", False),
}
FIELDS_TOPIC, FIELDS_MODULE = "fields", "analyzer.cli.field_list"
"""What ``help`` tells beside the help of commands, and the module that does."""
