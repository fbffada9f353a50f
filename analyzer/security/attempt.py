"""Keys and titles tried on one protected APDU, the best first, to what came out and how sure that is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from analyzer.security import opening
from analyzer.security.keyring import KeySet
from analyzer.security.keys import Key
from analyzer.security.opening import AUTHENTICATED, COMPRESSED, ENCRYPTED, Message
from analyzer.security.v44 import ORDINAL_BITS, decompress
from dissectors.scanning import Entry, reads, scan_apdu, scan_loosely, scan_whole

_NO_KEYS = KeySet()
_TELEGRAM = b"/"
_new = tuple.__new__


class Opener(NamedTuple):
    """How messages of one kind in one direction are opened: which keys with which titles, the best first."""

    keys: tuple[Key, ...]
    authentication: tuple[Key, ...]
    titles: tuple[bytes, ...]
    lacks: str = ""
    """What is missing, as a cause; empty where opening can be tried."""
    key_set: KeySet = _NO_KEYS
    """All keys of the parties, for whoever looks for what went wrong."""


class Outcome(NamedTuple):
    """What opening gave: *entry* and *values* are those of the APDU inside, None where the octets are none.

    ``unsupported`` with values: the tag is right, and the text, said to be compressed, reads as it is.
    """

    status: str
    plaintext: bytes = b""
    entry: Entry | None = None
    values: tuple[Any, ...] | None = None
    key: Key | None = None
    title: bytes = b""
    authentication: bytes | None = None
    """The authentication key with which the tag was right."""
    has_rest: bool = False
    """Octets are left over behind the APDU inside."""


def attempt(message: Message, opener: Opener) -> Outcome:
    """Try the keys of *opener* in order: the first whose tag is right, else the first whose text reads."""
    control = message.control
    if not control & (ENCRYPTED | AUTHENTICATED):
        return _in_clear(message, opening.PLAINTEXT)
    if opener.lacks:
        if control & ENCRYPTED:
            return Outcome(opening.NO_TITLE if opener.lacks == "no-system-title" else opening.NO_KEY)
        return _in_clear(message, opening.PLAINTEXT)
    fallback = None
    for key, title in _pairs(opener):
        plaintext = opening.decipher(message, key, title)
        for other in opener.authentication if message.tag else ():
            if opening.is_authentic(message, key, title, plaintext, other.octets):
                return _verified(message, key, title, plaintext, other.octets)
        if control & ENCRYPTED and (fallback is None or fallback.status is not opening.DECRYPTED):
            fallback = _unverified(message, opener, key, title, plaintext)
    has_header = (message.header and fallback is None) or message.header.strip(b"\0")
    for key, title in _pairs(opener) if has_header and message.tag else ():
        # field: Gurux leaves the header of general-ciphering out of what the tag covers
        bare = message._replace(header=b"")
        plaintext = opening.decipher(bare, key, title)
        if any(opening.is_authentic(bare, key, title, plaintext, one.octets) for one in opener.authentication):
            return _verified(message, key, title, plaintext, None)
    if fallback is not None:
        return fallback
    return _in_clear(message, opening.WRONG_TAG if opener.authentication else opening.PLAINTEXT)


def is_telegram(plaintext: bytes) -> bool:
    """Tell whether a text is a telegram of a P1 port, which some meters encipher as if it were an APDU."""
    return plaintext[:1] == _TELEGRAM and b"!" in plaintext and plaintext.isascii()


def expanded(message: Message, plaintext: bytes) -> bytes | None:
    """Decompress a text where the security control says that it is compressed; None where nothing reads then."""
    if not message.control & COMPRESSED:
        return plaintext
    for bits in (ORDINAL_BITS, ORDINAL_BITS + 1):
        octets, problem = decompress(plaintext, bits)
        if not problem and reads(octets):
            return octets
    return None


def proves(message: Message, plaintext: bytes) -> bool:
    """Tell whether a text that reads says anything: it is the APDU that the outer tag announces, and not empty."""
    if message.inner_tag >= 0 and plaintext[0] != message.inner_tag:
        return False
    return len(plaintext) > 2 or plaintext[1:] != b"\x00"


def _pairs(opener: Opener) -> Iterator[tuple[Key, bytes]]:
    for title in opener.titles:
        for key in opener.keys:
            yield key, title


def _in_clear(message: Message, status: str) -> Outcome:
    """Give what was never enciphered."""
    text = expanded(message, message.body)
    if text is None:
        return Outcome(opening.UNSUPPORTED, message.body)
    found, values = scan_apdu(text, 0, len(text))
    loose = scan_loosely(text, found) if values is None else None
    return Outcome(status, text, found, values if values is not None else loose, has_rest=loose is not None)


def _verified(message: Message, key: Key, title: bytes, plaintext: bytes, authentication: bytes | None) -> Outcome:
    if message.control & COMPRESSED:
        text = expanded(message, plaintext)
        if text is None:
            is_plain = reads(plaintext) and proves(message, plaintext)
            found, values = scan_apdu(plaintext, 0, len(plaintext)) if is_plain else (None, None)
            return Outcome(opening.UNSUPPORTED, plaintext, found, values, key, title)
        plaintext, authentication = text, None
    found, values = scan_whole(plaintext)
    has_rest = False
    if values is None:
        values = scan_loosely(plaintext, found)
        has_rest = values is not None
    return _new(Outcome, (opening.VERIFIED, plaintext, found, values, key, title, authentication, has_rest))


def _unverified(message: Message, opener: Opener, key: Key, title: bytes, plaintext: bytes) -> Outcome:
    """Judge a plaintext whose tag did not verify by whether it reads."""
    text = expanded(message, plaintext)
    if text is not None:
        found, values = scan_apdu(text, 0, len(text))
        if values is not None and proves(message, text):
            return Outcome(opening.DECRYPTED, text, found, values, key, title)
        if is_telegram(text):
            return Outcome(opening.DECRYPTED, text, None, None, key, title)
    status = opening.WRONG_TAG if message.tag and opener.authentication else opening.WRONG_KEY
    return Outcome(status, plaintext)
