"""A protected APDU and another plaintext of the same length to the same APDU under other keys.

Source: IEC 62056-5-3 (protection of xDLMS APDUs).
"""

from __future__ import annotations

from typing import NamedTuple

from analyzer.record import Closed
from analyzer.security.keys import Key, KeyRole
from analyzer.security.opening import BROADCAST, COMPRESSED, ENCRYPTED, TAG_SIZE, Message, additional_data, message_of

_DED = ("ded-", "general-ded")
_GENERAL_CIPHERING = 0xDD
_IDENTIFIED, _BROADCAST_KEY = 0, 1
"""The CHOICE of key-info that names a key, and the key-id of the broadcast key."""
_FULL_TAG = 16


class Unsealable(Exception):  # noqa: N818 -- a statement about the APDU, caught where it is counted
    """An APDU that cannot be enciphered again; the text says why."""


class Keys(NamedTuple):
    """What an APDU is sealed with."""

    encryption: Key
    authentication: Key
    title: bytes


def role_of(closed: Closed) -> KeyRole:
    """Tell which key a protected APDU is under."""
    if closed.entry.family.startswith(_DED):
        return KeyRole.DEDICATED
    if closed.entry.tag == _GENERAL_CIPHERING:
        information = closed.values[closed.entry.slots["key_info"]]
        is_broadcast = information is not None and information[0] == _IDENTIFIED and information[1][1] == _BROADCAST_KEY
        return KeyRole.GBEK if is_broadcast else KeyRole.GUEK
    return KeyRole.GBEK if message_of(closed.entry, closed.values).control & BROADCAST else KeyRole.GUEK


def resealed(closed: Closed, head: bytes, plaintext: bytes, keys: Keys, *, counter: int | None = None) -> bytes:
    """Put *plaintext* into *closed*, whose octets before the text are *head*; *counter* is another invocation counter.

    Raises: Unsealable.
    """
    message = message_of(closed.entry, closed.values)
    if message.control & COMPRESSED:
        raise Unsealable("compressed")
    if closed.entry.tag == _GENERAL_CIPHERING:
        information = closed.values[closed.entry.slots["key_info"]]
        if information is None or information[0] != _IDENTIFIED:
            raise Unsealable("under a key that came wrapped, or that both sides agree on")
        message = message._replace(header=head[1 : 1 + len(message.header)])  # titles in it may be others now
    if counter is not None:
        message = message._replace(counter=counter)
        head = head[:-4] + counter.to_bytes(4, "big")
    return head + sealed(message, plaintext, keys)


def sealed(message: Message, plaintext: bytes, keys: Keys) -> bytes:
    """Give what stands behind the counter: the text, enciphered where the control says so, and the tag."""
    iv = keys.title + message.counter.to_bytes(4, "big")
    aad = additional_data(message, keys.authentication.octets, plaintext)
    if message.control & ENCRYPTED:
        both = keys.encryption.encrypt(iv, plaintext, aad)
        return both[:-_FULL_TAG] + (both[-_FULL_TAG:][:TAG_SIZE] if message.tag else b"")
    tag = keys.encryption.encrypt(iv, b"", aad)[:TAG_SIZE] if message.tag else b""
    return plaintext + tag


def text_size(closed: Closed) -> int:
    """Tell how many octets text and tag of a protected APDU take at its end."""
    message = message_of(closed.entry, closed.values)
    return len(message.body) + len(message.tag)
