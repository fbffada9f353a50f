"""What an association's protection hangs on: system titles of both sides, its keys, how it was opened so far."""

from __future__ import annotations

from typing import NamedTuple

from analyzer.security.attempt import Opener
from analyzer.security.keyring import KeySet
from analyzer.security.keys import Encrypt, Key
from analyzer.security.unopened import Suspect
from analyzer.tracking.authentication import Authentication
from analyzer.tracking.counters import Sender


class Transfer(NamedTuple):
    """Keys that a request carries to the meter; they hold once it answers with success."""

    record: int
    family: str
    keys: tuple[tuple[int, bytes], ...]
    """Key-id and wrapped key."""


Swift = tuple[int, Encrypt, bytes, bytes, str, Sender]
"""Security control, encryption, system title, SC and authentication key, name of the key, counters of the sender."""
Kind = int | tuple[bytes, str | None]
"""What opens alike: the number of its form; of a general form tag, title and who sends."""


class SecurityContext:
    """The security context of one association."""

    __slots__ = (
        "agreed", "before", "client_title", "dedicated", "earlier", "epoch", "halves", "handshake", "keys",
        "mechanism", "openers", "server_title", "sides", "suspects", "swift", "transfer",
    )  # fmt: skip

    def __init__(self) -> None:
        self.client_title = self.server_title = b""
        self.mechanism: str | None = None
        self.handshake = Authentication()
        self.dedicated: Key | None = None
        self.agreed: dict[bytes, Key] = {}
        """By originator: the key of the last general-ciphering that told one."""
        self.earlier: dict[bytes, Key] = {}
        """The same of the associations before."""
        self.transfer: Transfer | None = None
        self.halves: tuple[int, dict[int, tuple[bytes, bytes]]] = (0, {})
        """The record that asked for key_agreement, and the public keys and signatures in it by key-id."""
        self.keys: dict[tuple[bytes, bytes], KeySet] = {}
        """By server's and client's title."""
        self.sides: dict[tuple[bytes, str | None], tuple[KeySet, tuple[bytes, ...]]] = {}
        """By the title that an APDU tells and the side that sends: keys, and the titles it may have."""
        self.openers: dict[tuple[int, int, bytes, str | None], Opener] = {}
        self.swift: dict[Kind, Swift] = {}
        """What verified last, for the next message of the same kind; associations of the same two titles share it."""
        self.before: dict[Kind, Swift] = {}
        """What verified before the server's title was told, until it is seen whether the same keys go on."""
        self.epoch = 0
        """The epoch of changed keys in which keys were looked up."""
        self.suspects: dict[tuple[Opener, str], Suspect] = {}
        """By opener and status: why its messages do not open."""

    def forget_keys(self) -> None:
        """Look keys up anew: a title or a key has become known."""
        self.keys, self.sides, self.openers, self.swift, self.suspects, self.before = {}, {}, {}, {}, {}, {}
