"""How people get an HLS answer wrong: each mistake as a cause, a clause for a person, and what it alters.

Source: the mechanisms' definitions in IEC 62056-5-3, each part of which can be taken from the wrong place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from analyzer.security.hls_functions import ECDSA, GMAC, MD5, SHA1, SHA256, View

_NO_TITLE = bytes(8)


class Mistake(NamedTuple):
    """*text* completes "f(StoC) is wrong: it …"; *alter* gives the view it leads to, None where it cannot be made."""

    cause: str
    text: str
    alter: Callable[[View], View | None]


def _hex_octets(text: bytes) -> bytes | None:
    try:
        return bytes.fromhex(text.decode("ascii")) or None
    except ValueError:
        return None


def _secret_as_octets(view: View) -> View | None:
    octets = _hex_octets(view.secret)
    return replace(view, secret=octets) if octets else None


def _keys_as_octets(view: View) -> View | None:
    """A key whose octets are hex digits, as when 32 digits were pasted as text."""
    encryption = _hex_octets(view.encryption_key)
    return replace(view, encryption_key=encryption) if encryption else None


def _form(name: str) -> Callable[[View], View]:
    return lambda view: replace(view, form=name)


def _counter(change: int) -> Callable[[View], View | None]:
    def alter(view: View) -> View | None:
        if len(view.header) != 5:
            return None
        counter = int.from_bytes(view.header[1:], "big") + change
        return replace(view, iv_header=view.header[:1] + (counter & 0xFFFF_FFFF).to_bytes(4, "big"))

    return alter


def _control(bits: int, keep: int) -> Callable[[View], View | None]:
    """Put another security control into the GMAC than the one that is sent."""

    def alter(view: View) -> View | None:
        if len(view.header) != 5:
            return None
        header = view.iv_header or view.header
        return replace(view, iv_header=bytes((header[0] & keep | bits,)) + header[1:])

    return alter


_CHALLENGE = Mistake(
    "response-from-other-challenge",
    "answers its own challenge {sent} instead of {received}",
    lambda v: replace(v, challenge=v.own_challenge, own_challenge=v.challenge),
)
_TITLES_TURNED = Mistake(
    "system-title-wrong",
    "takes the two system titles the wrong way round",
    lambda v: replace(v, own_title=v.other_title, other_title=v.own_title),
)
_TITLE_ZERO = Mistake(
    "system-title-wrong", "takes zeros for its own system title", lambda v: replace(v, own_title=_NO_TITLE)
)
_OTHER_TITLE = Mistake(
    "system-title-wrong",
    "takes the {other}'s system title for its own",
    lambda v: replace(v, own_title=v.other_title),
)
_OWN_TITLE_TWICE = Mistake(
    "system-title-wrong",
    "takes its own system title for the {other}'s",
    lambda v: replace(v, other_title=v.own_title),
)

_SECRETS = (
    Mistake("key-is-ascii", "takes the secret's hex digits for octets", _secret_as_octets),
    Mistake(
        "key-is-ascii",
        "takes the secret's octets as hex digits in text",
        lambda v: replace(v, secret=v.secret.hex().upper().encode()),
    ),
    Mistake(
        "key-is-ascii",
        "takes the secret's octets as small hex digits in text",
        lambda v: replace(v, secret=v.secret.hex().encode()),
    ),
    Mistake(
        "secret-wrong",
        "fills the secret with zeros to 16 octets",
        lambda v: replace(v, secret=v.secret.ljust(16, b"\0")),
    ),
    Mistake("secret-wrong", "ends the secret with a zero octet", lambda v: replace(v, secret=v.secret + b"\0")),
    Mistake("secret-wrong", "ends the secret with a line feed", lambda v: replace(v, secret=v.secret + b"\n")),
    Mistake("secret-wrong", "takes an empty secret", lambda v: replace(v, secret=b"")),
    Mistake("secret-wrong", "takes the secret in reverse", lambda v: replace(v, secret=v.secret[::-1])),
)
_OF_DIGESTS = (
    _CHALLENGE,
    Mistake("wrong-order", "puts the secret before the challenge", _form("secret, challenge")),
    *_SECRETS,
    Mistake("wrong-order", "hashes as HLS SHA-256 does", _form("secret, titles, challenges")),
)
_OF_SHA256 = (
    _CHALLENGE,
    _TITLES_TURNED,
    Mistake("wrong-order", "puts the secret last", _form("titles, challenges, secret")),
    Mistake("system-title-wrong", "leaves the system titles out", _form("secret, challenges")),
    Mistake("wrong-order", "hashes as HLS MD5 and SHA-1 do: challenge, secret", _form("challenge, secret")),
    Mistake("wrong-order", "hashes secret and challenge alone", _form("secret, challenge")),
    _OTHER_TITLE,
    _OWN_TITLE_TWICE,
    _TITLE_ZERO,
    *_SECRETS,
)
_OF_GMAC = (
    _CHALLENGE,
    Mistake(
        "wrong-authentication-key",
        "leaves the authentication key out of what the GMAC covers",
        lambda v: replace(v, authentication_key=b""),
    ),
    _OTHER_TITLE,
    Mistake(
        "counter-zero",
        "takes invocation counter 0 in its IV, and sends another",
        lambda v: replace(v, iv_header=v.header[:1] + bytes(4)) if len(v.header) == 5 else None,
    ),
    Mistake("counter-wrong", "takes the invocation counter before the one it sends", _counter(-1)),
    Mistake("counter-wrong", "takes the invocation counter after the one it sends", _counter(1)),
    Mistake(
        "keys-swapped",
        "takes encryption and authentication key the wrong way round",
        lambda v: replace(v, encryption_key=v.authentication_key, authentication_key=v.encryption_key),
    ),
    Mistake(
        "wrong-authentication-key",
        "takes the encryption key for the authentication key too",
        lambda v: replace(v, authentication_key=v.encryption_key),
    ),
    Mistake(
        "wrong-encryption-key",
        "takes the authentication key for the encryption key too",
        lambda v: replace(v, encryption_key=v.authentication_key),
    ),
    Mistake(
        "wrong-authentication-key",
        "takes zeros for the authentication key",
        lambda v: replace(v, authentication_key=bytes(len(v.authentication_key))),
    ),
    Mistake("key-is-ascii", "takes the encryption key's hex digits for octets", _keys_as_octets),
    Mistake("security-control-wrong", "covers security control 10, suite 0, and sends another", _control(0x10, 0)),
    Mistake("security-control-wrong", "covers the security control with its encryption bit set", _control(0x20, 0xFF)),
    _TITLE_ZERO,
    Mistake("additional-data-wrong", "leaves the security control out of the GMAC", _form("key, challenge")),
    Mistake("additional-data-wrong", "lets the GMAC cover the challenge alone", _form("challenge")),
    Mistake(
        "additional-data-wrong",
        "puts the authentication key before the security control",
        _form("key, control, challenge"),
    ),
    Mistake(
        "additional-data-wrong",
        "takes the counter, too, into what the GMAC covers",
        _form("control, counter, key, challenge"),
    ),
    Mistake(
        "counter-wrong",
        "puts the counter into the nonce with its lowest octet first",
        _form("title, counter back to front"),
    ),
    Mistake("wrong-order", "puts the counter before the system title in the nonce", _form("counter, title")),
    Mistake("system-title-wrong", "takes its system title back to front", _form("title back to front, counter")),
    Mistake("tag-truncated", "sends the last 12 octets of the tag, not the first 12", _form("end of the tag")),
)
_OF_ECDSA = (
    _CHALLENGE,
    _TITLES_TURNED,
    Mistake("system-title-wrong", "leaves the system titles out", _form("challenges")),
    Mistake("wrong-order", "signs the challenge alone", _form("challenge")),
    Mistake(
        "wrong-key",
        "is signed with the {other}'s key",
        lambda v: replace(v, signing=v.other_signing) if v.other_signing else None,
    ),
    _OTHER_TITLE,
    _OWN_TITLE_TWICE,
)
MISTAKES: dict[int, tuple[Mistake, ...]] = {
    MD5: _OF_DIGESTS, SHA1: _OF_DIGESTS, GMAC: _OF_GMAC, SHA256: _OF_SHA256, ECDSA: _OF_ECDSA,
}  # fmt: skip
"""By mechanism, the likeliest first."""
