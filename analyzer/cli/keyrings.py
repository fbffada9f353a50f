"""``-k/--keys`` and ``--key`` of every command: options, the keyring they give, and what has to be said about it."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from analyzer.cli.main import KeysError, say
from captures.chunk import Source

if TYPE_CHECKING:
    from analyzer.security.keyring import Keyring
    from analyzer.tracking.protection import Protection

_VARIABLE = "DLMSHARK_KEYS"


def add_key_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that name keys."""
    parser.add_argument("-k", "--keys", action="append", default=[], metavar="FILE", help="keyring file (TOML)")
    parser.add_argument(
        "--key", action="append", default=[], metavar="ROLE[@TITLE]=HEX",
        help="a key: guek=…, gak@4D4D4D0000BC614E=@FILE; the process list shows what stands here",
    )  # fmt: skip


def keyring(options: argparse.Namespace) -> Keyring | None:
    """Read the keys that the options and the environment give; None where there are none. Raises: KeysError."""
    if not options.keys and not options.key and not os.environ.get(_VARIABLE):
        return None
    from analyzer.security.keyring import KeyringError
    from analyzer.security.keyring_file import load
    from captures.samples import samples

    try:
        loaded = load(options.keys, options.key, published=[one.keys for one in samples() if one.keys])
    except KeyringError as problem:
        raise KeysError(str(problem)) from None
    for remark in loaded.remarks:
        say(remark)
    return loaded.keyring


def protection(
    keys: Keyring | None, forced: dict[str, str], opened: Callable[[], Source], *, is_live: bool
) -> Protection | None:
    """Make what opens protected APDUs. A file teaches all its titles, for it can be read again; a pipe those so far."""
    if keys is None:
        return None
    from analyzer.pipeline import Pipeline
    from analyzer.tracking.knowledge import Knowledge
    from analyzer.tracking.protection import Protection

    def whole() -> Knowledge:
        learning = Protection(keys)
        with opened() as source:
            for _ in Pipeline(forced, learning).run(source):
                pass
        return learning.knowledge

    return Protection(keys, Knowledge(None if is_live else whole))
