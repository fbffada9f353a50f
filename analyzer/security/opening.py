"""A protected APDU and its keys to the plaintext and a verdict on its tag: pure functions over AES-GCM.

Source: IEC 62056-5-3, Protection of xDLMS APDUs; DLMS UA Green Book, AES-GCM, additional authenticated data.
"""

from __future__ import annotations

from hmac import compare_digest
from typing import Any, NamedTuple

from analyzer.security.keys import Key
from dissectors import axdr
from dissectors.scanning import Entry
from dissectors.xdlms.ciphered import PLAIN_TAG

VERIFIED, DECRYPTED, PLAINTEXT = "verified", "decrypted-unverified", "plaintext-unverified"
NO_KEY, WRONG_KEY, WRONG_TAG, NO_TITLE = "no-key", "wrong-key", "wrong-tag", "no-system-title"
DAMAGED, UNSUPPORTED = "damaged", "unsupported"
"""Statuses of a layer of protection."""

AUTHENTICATED, ENCRYPTED, BROADCAST, COMPRESSED, SUITE = 0x10, 0x20, 0x40, 0x80, 0x0F
"""Bits of the security control."""
KEY_SIZE = {0: 16, 1: 16, 2: 32}
"""Octets of the keys of each suite."""
TAG_SIZE, TITLE_SIZE = 12, 8
_HEADER = ("transaction_id", "originator_system_title", "recipient_system_title", "date_time", "other_information")
_GENERAL_CIPHERING = 0xDD
_new = tuple.__new__


class Message(NamedTuple):
    """What of a protected APDU goes into AES-GCM."""

    control: int
    counter: int
    body: bytes
    """The octets between counter and tag: ciphertext, or the APDU itself where nothing is encrypted."""
    tag: bytes
    """12 octets; none where nothing is authenticated."""
    header: bytes = b""
    """Of general-ciphering: the fields that the tag covers too, each with its length."""
    inner_tag: int = -1
    """The tag of the APDU inside, where the outer tag tells it."""


def message_of(entry: Entry, values: tuple[Any, ...]) -> Message:
    """Take the message out of the values of a protected APDU."""
    slots = entry.slots
    counter = values[slots["invocation_counter"]]
    header = b""
    if entry.tag == _GENERAL_CIPHERING:
        header = b"".join(axdr.length_octets(len(values[slots[name]])) + values[slots[name]] for name in _HEADER)
    tag = values[slots["tag"]] or b""
    control, body, inner_tag = (
        values[slots["security_control"]],
        values[slots["ciphered"]],
        PLAIN_TAG.get(entry.tag, -1),
    )
    return _new(Message, (control, counter or 0, body, tag, header, inner_tag))


def additional_data(message: Message, authentication_key: bytes, body: bytes | None = None) -> bytes:
    """Put the additional authenticated data together: SC, AK, the header, and the APDU where it is in clear."""
    aad = bytes((message.control,)) + authentication_key + message.header
    if not message.control & ENCRYPTED:
        aad += message.body if body is None else body
    return aad


def decipher(message: Message, key: Key, title: bytes) -> bytes:
    """Give the plaintext, whatever the tag says: counter mode is its own inverse."""
    if not message.control & ENCRYPTED:
        return message.body
    return key.encrypt(title + message.counter.to_bytes(4, "big"), message.body, None)[:-16]


def computed_tag(message: Message, key: Key, title: bytes, plaintext: bytes, aad: bytes) -> bytes:
    """Compute the whole tag of 16 octets, of which the first 12 are sent."""
    text = plaintext if message.control & ENCRYPTED else b""
    return key.encrypt(title + message.counter.to_bytes(4, "big"), text, aad)[-16:]


def is_authentic(message: Message, key: Key, title: bytes, plaintext: bytes, authentication_key: bytes) -> bool:
    """Tell whether the tag is right."""
    aad = additional_data(message, authentication_key)
    return compare_digest(computed_tag(message, key, title, plaintext, aad)[: len(message.tag)], message.tag)
