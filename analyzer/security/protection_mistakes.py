"""How people put nonce, additional data and tag together wrong: each mistake as a cause, a clause and what it alters.

Source: IEC 62056-5-3, protection of APDUs: nonce of system title and invocation counter, additional authenticated data
of security control, authentication key and header, the first 12 of 16 octets as tag.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from analyzer.security.keys import Key
from analyzer.security.opening import ENCRYPTED, TAG_SIZE, Message, additional_data

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
)  # fmt: skip
"""The likeliest first."""


def deciphered(mistake: Mistake, message: Message, key: Key, title: bytes) -> bytes:
    """Give the plaintext of what a sender with *mistake* made."""
    if not message.control & ENCRYPTED:
        return message.body
    return key.encrypt((mistake.nonce or _nonce)(title, message.counter), message.body, None)[:-16]


def fits(mistake: Mistake, message: Message, key: Key, authentication: bytes, title: bytes) -> bool:
    """Tell whether the tag is right for a sender with *mistake*; a nonce with one bit turned is damage and is none."""
    nonce = (mistake.nonce or _nonce)(title, message.counter)
    turned = int.from_bytes(nonce, "big") ^ int.from_bytes(_nonce(title, message.counter), "big")
    if turned.bit_count() == 1:
        return False
    aad = additional_data(message, authentication)
    if mistake.aad is not None:
        counter = message.counter.to_bytes(_COUNTER_SIZE, "big")
        changed = mistake.aad(bytes((message.control,)), authentication, message.header, counter, title)
        clear = b"" if message.control & ENCRYPTED else message.body
        if changed + clear == aad:
            return False
        aad = changed + clear
    text = deciphered(mistake, message, key, title) if message.control & ENCRYPTED else b""
    tag = key.encrypt(nonce, text, aad)[-16:]
    return len(message.tag) == TAG_SIZE and message.tag == (tag[-TAG_SIZE:] if mistake.is_end else tag[:TAG_SIZE])


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
