"""How people put nonce, additional data and tag together wrong: each mistake as a cause, a clause and what it alters.

Source: IEC 62056-5-3, protection of APDUs: nonce of system title and invocation counter, additional authenticated data
of security control, authentication key and header, the first 12 of 16 octets as tag.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from analyzer.security.keys import Key, KeyRole
from analyzer.security.opening import (
    AUTHENTICATED,
    BROADCAST,
    ENCRYPTED,
    KEY_SIZE,
    SUITE,
    TAG_SIZE,
    Message,
    additional_data,
)

_COUNTER_SIZE = 4
_LARGEST = 0xFFFF_FFFF


class Mistake(NamedTuple):
    """*text* completes "the tag is right where its sender"; *nonce* and *aad* are None where they are as they should.

    *nonce* takes system title and counter, *aad* security control, authentication key, header, counter and title.
    """

    cause: str
    text: str
    nonce: Callable[[bytes, int], bytes] | None = None
    aad: Callable[[bytes, bytes, bytes, bytes, bytes], bytes] | None = None
    is_end: bool = False
    """Whether the last 12 octets were sent for the first 12."""
    turned: int = 0
    """Bits of the security control that additional data has otherwise than it is sent."""


def _nonce(title: bytes, counter: int) -> bytes:
    return title + counter.to_bytes(_COUNTER_SIZE, "big")


def _bare(header: bytes) -> bytes:
    """Take the lengths out of the header of general-ciphering."""
    at, parts = 0, []
    while at < len(header):
        size = header[at]
        parts.append(header[at + 1 : at + 1 + size])
        at += 1 + size
    return b"".join(parts)


MISTAKES = (
    Mistake("counter-wrong", "puts the counter into the nonce with its lowest octet first",
            lambda title, counter: title + counter.to_bytes(_COUNTER_SIZE, "little")),
    Mistake("counter-wrong", "takes the counter before the one it sends into the nonce",
            lambda title, counter: _nonce(title, (counter - 1) & _LARGEST)),
    Mistake("counter-wrong", "takes the counter after the one it sends into the nonce",
            lambda title, counter: _nonce(title, (counter + 1) & _LARGEST)),
    Mistake("counter-wrong", "takes counter 0 into the nonce, and sends another",
            lambda title, counter: _nonce(title, 0)),
    Mistake("wrong-order", "puts the counter before the system title in the nonce",
            lambda title, counter: counter.to_bytes(_COUNTER_SIZE, "big") + title),
    Mistake("wrong-system-title", "takes zeros for its system title",
            lambda title, counter: _nonce(bytes(len(title)), counter)),
    Mistake("wrong-system-title", "takes its system title back to front",
            lambda title, counter: _nonce(title[::-1], counter)),
    Mistake("additional-data-wrong", "leaves the security control out of the additional data",
            aad=lambda control, key, header, counter, title: key + header),
    Mistake("additional-data-wrong", "takes no additional data",
            aad=lambda control, key, header, counter, title: b""),
    Mistake("additional-data-wrong", "puts the authentication key before the security control in the additional data",
            aad=lambda control, key, header, counter, title: key + control + header),
    Mistake("additional-data-wrong", "takes the counter, too, into the additional data",
            aad=lambda control, key, header, counter, title: control + counter + key + header),
    Mistake("additional-data-wrong", "takes its system title, too, into the additional data",
            aad=lambda control, key, header, counter, title: control + key + title + header),
    Mistake("additional-data-wrong", "leaves the lengths of the header out of the additional data",
            aad=lambda control, key, header, counter, title: control + key + _bare(header)),
    Mistake("tag-truncated", "sends the last 12 octets of the tag, not the first 12", is_end=True),
    *(Mistake("additional-data-wrong", "takes security control {:02X} into the additional data, and sends {:02X}",
              aad=lambda control, key, header, counter, title: control + key + header, turned=bits)
      for bits in (*range(1, SUITE + 1), AUTHENTICATED, ENCRYPTED, AUTHENTICATED | ENCRYPTED, BROADCAST)),
)  # fmt: skip
"""The likeliest first."""


def clause(mistake: Mistake, message: Message) -> str:
    """Say what its sender does."""
    return mistake.text.format(message.control ^ mistake.turned, message.control) if mistake.turned else mistake.text


def deciphered(mistake: Mistake, message: Message, key: Key, title: bytes) -> bytes:
    """Give the plaintext of what a sender with *mistake* made."""
    if not message.control & ENCRYPTED:
        return message.body
    return key.encrypt((mistake.nonce or _nonce)(title, message.counter), message.body, None)[:-16]


def fits(mistake: Mistake, message: Message, key: Key, authentication: bytes, title: bytes) -> bool:
    """Tell whether the tag is right for a sender with *mistake*; a nonce with one bit turned is damage and is none."""
    nonce = (mistake.nonce or _nonce)(title, message.counter)
    turned = int.from_bytes(nonce, "big") ^ int.from_bytes(_nonce(title, message.counter), "big")
    if turned.bit_count() == 1 or (mistake.turned and _is_control_damaged(mistake, message, key)):
        return False
    aad = additional_data(message, authentication)
    if mistake.aad is not None:
        counter = message.counter.to_bytes(_COUNTER_SIZE, "big")
        changed = mistake.aad(
            bytes((message.control ^ mistake.turned,)), authentication, message.header, counter, title
        )
        clear = b"" if message.control & ENCRYPTED else message.body
        if changed + clear == aad:
            return False
        aad = changed + clear
    text = deciphered(mistake, message, key, title) if message.control & ENCRYPTED else b""
    tag = key.encrypt(nonce, text, aad)[-16:]
    return len(message.tag) == TAG_SIZE and message.tag == (tag[-TAG_SIZE:] if mistake.is_end else tag[:TAG_SIZE])


def _is_control_damaged(mistake: Mistake, message: Message, key: Key) -> bool:
    """Tell whether a security control that fits the key as the tag has it may have been altered on the way."""
    suite = (message.control ^ mistake.turned) & SUITE
    is_key_of_set = (key.role is KeyRole.GBEK) == bool(message.control & BROADCAST)
    fits_key = KEY_SIZE.get(suite) == len(key.octets) if mistake.turned & SUITE else not is_key_of_set
    return fits_key and not mistake.turned & (AUTHENTICATED | ENCRYPTED)


# -- keys that were typed ---------------------------------------------------------------------------------------------


def mistyped(octets: bytes) -> Iterator[tuple[str, bytes]]:
    """Give the keys whose hex differs by one digit or by two neighbours exchanged, and where; never which digit."""
    size = len(octets)
    digits = octets.hex()
    for at in range(2 * size - 1):
        first, second = digits[at], digits[at + 1]
        if first != second:
            changed = digits[:at] + second + first + digits[at + 2 :]
            yield f"its hex digits {at + 1} and {at + 2} exchanged", bytes.fromhex(changed)
    for at in range(2 * size):
        index, shift = at >> 1, 0 if at & 1 else 4
        for turn in range(1, 16):
            other = octets[:index] + bytes((octets[index] ^ turn << shift,)) + octets[index + 1 :]
            yield f"another hex digit in place {at + 1} of {2 * size}", other


def _text_of_hex(octets: bytes) -> bytes:
    """Take a key that is the text of hex digits for the octets that they stand for."""
    try:
        found = bytes.fromhex(octets.decode("ascii"))
    except ValueError:
        return b""
    return found if len(found) in (16, 32) else b""


WRITINGS: tuple[tuple[str, str, Callable[[bytes], bytes]], ...] = (
    ("key-is-ascii", "its first hex digits as text", lambda octets: octets.hex().upper().encode()[: len(octets)]),
    ("key-is-ascii", "its first hex digits as text", lambda octets: octets.hex().encode()[: len(octets)]),
    ("key-is-ascii", "its hex digits as text", lambda octets: octets.hex().upper().encode()[:32]),
    ("key-is-ascii", "what its octets spell in hex", _text_of_hex),
    ("wrong-encryption-key", "written back to front", lambda octets: octets[::-1]),
)
"""How a key may have been written down wrong: cause, text, and what the right octets then are."""
