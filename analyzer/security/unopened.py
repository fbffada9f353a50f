"""A protected APDU that did not open: what is known about it, and what is suspected."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from analyzer.security.keyring import KeySet
from analyzer.security.keys import Key, KeyRole
from analyzer.security.opening import Message

CERTAIN, LIKELY, POSSIBLE = "certain", "likely", "possible"
ONCE = (KeyRole.WRAPPED, KeyRole.AGREED)
"""Roles of keys that come with a message."""


class Suspect(NamedTuple):
    """Why an APDU did not open."""

    cause: str
    text: str
    confidence: str = CERTAIN
    plaintext: bytes = b""
    """What the octets hold where only the tag is not as it should be."""
    by: Hypothesis | None = None
    """What found it, to be tried first on the sender's next message; None where nothing proves it."""


class Case(NamedTuple):
    """What is known about an APDU that did not open."""

    message: Message
    keys: tuple[Key, ...]
    authentication: tuple[Key, ...]
    titles: tuple[bytes, ...]
    key_set: KeySet
    other_titles: tuple[bytes, ...] = ()
    """Titles that were seen elsewhere or stand in the keyring."""
    has_worked: bool = False
    """Whether the same key with the same title has opened another APDU."""
    is_title_told: bool = False
    """Whether the title stands in the APDU itself, where it may be damaged."""
    changed: Mapping[KeyRole, int] = {}
    """By role the record that changed a key to one that could not be learnt."""
    closed_since: int = 0
    """The record from which on nothing opens any more that the same key has opened before."""
    has_second_key: bool = False
    """Whether the same key opened others behind several that stayed closed."""
    opens_other_side: bool = False
    """Whether the same key opened what the other side of the association sent."""
    searches_bits: bool = True
    is_damaged: bool = False
    """Whether the frame that carried it is not as it was sent."""
    is_proved: bool = False
    """Whether the sender's title and its authentication key verified something under another key."""
    first: Hypothesis | None = None
    """What explained the message before of this kind."""
    is_title_seen: bool = False
    """Whether the capture tells the title, in this APDU or in another."""
    foreign: str = ""
    """Whose keys the keyring has, where it has none for the title that the APDU tells."""
    searches_slips: bool = True
    """Whether keys are tried that differ from the given ones by one slip: hundreds for each."""


Hypothesis = Callable[[Case, Key, bytes], Iterator[Suspect]]
