"""``-k/--keys`` and ``--key`` of every command: options, the keyring they give, and what has to be said about it."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from analyzer.cli.complaints import KeysError, say

if TYPE_CHECKING:
    from analyzer.record import Record
    from analyzer.security.keyring import Keyring

_VARIABLE = "DLMSHARK_KEYS"
_MESSAGE = "message"
"""The kind of a record that is read as text."""


def add_key_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that name keys."""
    parser.add_argument("-k", "--keys", action="append", default=[], metavar="FILE", help="keyring file (TOML)")
    parser.add_argument(
        "--key", action="append", default=[], metavar="ROLE[@TITLE]=HEX",
        help="a key: guek=…, gak@4D4D4D0000BC614E=@FILE; the process list shows what stands here",
    )  # fmt: skip


def keyring(options: argparse.Namespace, *, is_told: bool = False) -> Keyring | None:
    """Read the keys that the options and the environment give; None where there are none. Raises: KeysError.

    What there is to remark is said, unless it *is_told* already.
    """
    if not options.keys and not options.key and not os.environ.get(_VARIABLE):
        return None
    from analyzer.security.keyring import KeyringError
    from analyzer.security.keyring_file import load
    from captures.samples import samples

    try:
        loaded = load(options.keys, options.key, published=[one.keys for one in samples() if one.keys])
    except KeyringError as problem:
        raise KeysError(str(problem)) from None
    for remark in () if is_told else loaded.remarks:
        say(remark, lambda word: False)
    return loaded.keyring


class ClosedApdus:
    """Counts the APDUs that stay closed: who looks for what is inside hears that there was more to look into."""

    def __init__(self, *, has_keys: bool) -> None:
        self._has_keys = has_keys
        self._count = 0

    def take(self, record: Record) -> None:
        """Look at one record."""
        self.passes(record)

    def passes(self, record: Record) -> bool:
        """Look at one record, and let it pass."""
        apdu = record.apdu
        if apdu is not None and (entry := apdu[1]) is not None and entry.is_closed and record.kind != _MESSAGE:
            self._count += not record.problem  # no key opens what is damaged; a telegram of P1 was inside of a message
        return True

    def tell(self, name: str) -> None:
        """Say how many there were in the input *name*."""
        if self._count:
            what = f"{self._count} ciphered APDU{'s stay' if self._count > 1 else ' stays'} closed"
            instead = "keys check says why" if self._has_keys else "give keys with -k FILE or --key guek=HEX"
            say(f"{name}: {what}; {instead}")
