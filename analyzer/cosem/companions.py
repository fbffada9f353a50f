"""Numbers that companion specifications give a meaning: event codes, alarm and error registers bit by bit.

Source: events.toml, and the user's own tables before it. IEC 62056-6-1 has the objects: 0-b:96.11.e, 97.97 and 97.98.
"""

from __future__ import annotations

from functools import cache

from analyzer.cosem.own import own
from analyzer.cosem.tables import Tables

_EVENTS = Tables("events.toml")
USUAL, INDIA, GBCS = "dsmr", "india", "gbcs"
_EVENT_CODES = (96, 11)
_REGISTERS = ((97, 97), (97, 98))
_INDIAN = (94, 91)
_SCALER_PROFILES = b"\x01\x00\x5e\x5b"
"""Value groups C and D of the objects of country 91."""


def is_indian(logical_name: bytes) -> bool:
    """Tell whether an object is one that only the Indian companion has."""
    return tuple(logical_name[2:4]) == _INDIAN


def is_scaler_profile(logical_name: bytes) -> bool:
    """Tell whether an object is a profile of India's companion that holds scalers and units: 1-0:94.91.3 to 7."""
    return logical_name[:4] == _SCALER_PROFILES and 3 <= logical_name[4] <= 7


def coded_text(logical_name: bytes, value: int, companion: str = USUAL) -> str:
    """Say an event code, or the bits of an alarm or error register; empty for other objects and unknown numbers.

    A meaning that is a companion's says whose.
    """
    if not may_be_coded(logical_name):
        return ""
    group = tuple(logical_name[2:4])
    if group == _EVENT_CODES:
        return event_text(value, companion)
    return _bits_text(value) if value >= 0 else ""


def may_be_coded(logical_name: bytes) -> bool:
    """Tell whether an object may be one whose numbers have a meaning."""
    return len(logical_name) == 6 and not logical_name[0] and tuple(logical_name[2:4]) in (_EVENT_CODES, *_REGISTERS)


def event_text(code: int, companion: str = USUAL) -> str:
    """Say an event code: ``power down (1) after DSMR and IDIS``; empty for one that is not known."""
    known = own().events.get(code)
    if known is not None:
        return f"{known} ({code})"
    table = _events(companion)
    return f"{table[code]} ({code}) after {_title('events', companion)}" if code in table else ""


def _bits_text(value: int) -> str:
    if not value:
        return "none (0)"
    meanings = own().bits or _bits(USUAL)
    bits = [bit for bit in range(value.bit_length()) if value >> bit & 1]
    if not any(bit in meanings for bit in bits):
        return ""
    named = ", ".join(meanings.get(bit, f"bit {bit}") for bit in bits)
    after = "" if own().bits else f" after {_title('bits', USUAL)}"
    return f"{named} ({value:08X}){after}"


def _title(kind: str, companion: str) -> str:
    return str(_EVENTS.table(f"{kind}.{companion}")["title"])


@cache
def _events(companion: str) -> dict[int, str]:
    return _numbered(f"events.{companion}")


@cache
def _bits(companion: str) -> dict[int, str]:
    return _numbered(f"bits.{companion}")


def _numbered(table: str) -> dict[int, str]:
    return {int(key): str(text) for key, text in _EVENTS.table(table).items() if key.isdecimal()}
