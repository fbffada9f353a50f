"""``dlmshark keys check``: validates a keyring, and says with a capture which keys open what."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from analyzer.cli.arguments import Parser, add_common_options, hush
from analyzer.cli.complaints import CHECK_FAILED, KeysError, say
from analyzer.cli.inputs import Inputs, add_inputs, forced_stacks, say_remarks
from analyzer.cli.keyrings import keyring
from analyzer.cli.terminal import columns
from analyzer.export.folding import folded
from analyzer.export.utf8 import json_object
from captures.live_names import live_hint

if TYPE_CHECKING:
    from analyzer.key_check import Row


def parser() -> argparse.ArgumentParser:
    """Make the parser of the command line."""
    made = Parser(
        prog="dlmshark keys", description="Validate a keyring; with captures, say which keys open what, and why not."
    )
    made.add_argument("action", choices=["check"], metavar="check", help="what to do with the keyring")
    made.add_argument("keyring", metavar="FILE", help="the keyring (TOML); with --key it may be left out")
    add_inputs(made)
    made.add_argument("--json", action="store_true", help="JSON Lines on stdout")
    add_common_options(made)
    return made


def run(words: list[str]) -> int:
    """Run the command. Returns the exit status: 1 where something stays closed, 4 where the keyring is wrong."""
    options = parser().parse_args(words)
    hush(options)
    forced = forced_stacks(options)
    from analyzer.security.keyring_file import is_toml

    if options.key and not is_toml(options.keyring):
        options.inputs, options.keyring = [options.keyring, *options.inputs], "--key"
    elif (hint := live_hint(options.keyring)) and not os.path.exists(options.keyring):
        raise KeysError(f"{options.keyring}: a keyring was expected, then captures{hint}")
    else:
        options.keys.insert(0, options.keyring)
    keys = keyring(options)
    assert keys is not None
    if not any(meter.keys or meter.certificates for meter in keys.meters):
        say(f'{options.keyring}: no keys in it; [[meter]] and below it guek = "…" was expected')
    from analyzer.key_check import KeyCheck

    check = KeyCheck(keys)
    status = 0
    has_inputs = bool(options.inputs or options.read or options.hex)
    if has_inputs:
        from analyzer.session import Session

        inputs = Inputs(options, forced)
        for _, source in inputs:
            session = Session(source, forced, keys, learns=False)
            protection = session.pipeline.dialogue.protection
            if protection is not None:
                check.told = protection.knowledge.titles.values
            for record in session.records():
                check.take(record)
            say_remarks(source)
        status = inputs.status
    rows = check.rows()
    if not has_inputs:
        rows = [row if row.fails else row._replace(reason="") for row in rows]
    for line in _json_lines(rows) if options.json else _table(rows, has_inputs=has_inputs):
        print(line)
    return status or (CHECK_FAILED if any(row.fails for row in rows) else 0)


def _json_lines(rows: list[Row]) -> Iterator[str]:
    for row in rows:
        yield json_object({name: value for name, value in row._asdict().items() if value != ""})


def _table(rows: list[Row], *, has_inputs: bool) -> Iterator[str]:
    width = max((len(row.key) for row in rows), default=0)
    if not has_inputs:
        yield from (f"{row.key}  {row.reason}".rstrip() for row in rows)
        return
    room = columns() if sys.stdout.isatty() else sys.maxsize
    yield f"{'key':<{width}}  {'opens':>7}  {'fails':>7}  reason"
    for row in rows:
        line = f"{row.key:<{width}}  {row.opens:>7}  {row.fails:>7}"
        if not row.reason or len(line) + 2 + len(row.reason) <= room:
            yield f"{line}  {row.reason}".rstrip()
        else:
            yield line
            yield from folded(row.reason, room, "    ", "    ")
