"""What an association's protection hangs on: system titles of both sides, its keys, how it was opened so far."""

from __future__ import annotations

from typing import NamedTuple

from analyzer.security.attempt import Opener
from analyzer.security.explain import Suspect
from analyzer.security.keyring import KeySet
from analyzer.security.keys import Key
from analyzer.tracking.authentication import Authentication


class Transfer(NamedTuple):
    """Keys that a request carries to the meter; they hold once it answers with success."""

    record: int
    family: str
    keys: tuple[tuple[int, bytes], ...]
    """Key-id and wrapped key."""


class SecurityContext:
    """The security context of one association."""

    __slots__ = (
        "agreed", "changed_at", "client_title", "dedicated", "epoch", "handshake", "keys", "mechanism", "opened",
        "openers", "server_title", "suspects", "transfer",
    )  # fmt: skip

    def __init__(self) -> None:
        self.client_title = self.server_title = b""
        self.mechanism: str | None = None
        self.handshake = Authentication()
        self.dedicated: Key | None = None
        self.agreed: dict[bytes, Key] = {}
        """By originator: the key of the last general-ciphering that told one."""
        self.transfer: Transfer | None = None
        self.changed_at = 0
        """The record whose key change could not be followed."""
        self.keys: dict[tuple[bytes, bytes], KeySet] = {}
        """By server's and client's title."""
        self.openers: dict[tuple[int, int, bytes, str | None], Opener] = {}
        self.epoch = 0
        """The epoch of changed keys in which keys were looked up."""
        self.suspects: dict[tuple[int, str], Suspect] = {}
        """By opener and status: why its messages do not open."""
        self.opened: set[tuple[bytes, bytes]] = set()
        """Which key with which title has opened something here."""

    def forget_keys(self) -> None:
        """Look keys up anew: a title or a key has become known."""
        self.keys.clear()
        self.openers.clear()
        self.suspects.clear()
