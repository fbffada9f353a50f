"""Which APDU answers which, and which HDLC frame: what Scapy's ``sr()`` matches by.

Source: IEC 62056-5-3 (service primitives), IEC 62056-46 (normal response mode).
"""

from __future__ import annotations

from typing import Any

_PLAIN = {0xC0: 0xC4, 0xC1: 0xC5, 0xC3: 0xC7, 0x05: 0x0C, 0x06: 0x0D, 0x01: 0x08}
_OTHERS = {0x60: 0x61, 0x62: 0x63, 0xD9: 0xDA, 0x0F: 0x10}
_EITHER_WAY = dict.fromkeys((0xDB, 0xDC, 0xDD, 0xDF, 0xE0))
_ERRORS = frozenset((0xD8, 0x0E, 0x2E, 0x4E))
"""exception-response and confirmedServiceError, also ciphered: they answer any request."""


def _ciphered(tag: int, add: int) -> int:
    """Give the tag of the ciphered form: global ones come 8 or 32 behind the plain ones, dedicated ones 16 or 64."""
    return tag + add * (8 if tag >= 0xC0 else 32)


RESPONSES: dict[int, int] = {
    **{_ciphered(one, add): _ciphered(other, add) for one, other in _PLAIN.items() for add in range(3)},
    **_OTHERS,
    **{tag: tag for tag in _EITHER_WAY},
}
"""The tag of the response, by that of the request."""

FRAMES: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("SNRM", "DISC"), ("UA", "DM", "FRMR")),
    **dict.fromkeys(("I", "RR", "RNR", "REJ"), ("I", "RR", "RNR", "REJ", "DM", "FRMR")),
}
"""The types of HDLC frames that answer, by the type of the frame before."""
_IDS = ("invoke_id", "long_invoke_id")


def answers(one: Any, other: Any) -> bool:
    """Tell whether the APDU *one* answers *other*: by their tags, and by their invoke-ids where both have one."""
    asked = RESPONSES.get(other.tag())
    if asked is None or one.tag() not in _ERRORS | {asked}:
        return False
    return all(one.getfieldval(name) == other.getfieldval(name) for name in _IDS if name in _seen(one) & _seen(other))


def _seen(layer: Any) -> set[str]:
    return {field.name for field in layer.fields_desc}
