"""Numbers that companion specifications give a meaning: event codes, alarm and error registers bit by bit.

Source: events.toml, and the user's own tables before it. IEC 62056-6-1 has the objects: 0-b:96.11.e, 97.97 and 97.98.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from analyzer.cosem.own import own
from analyzer.cosem.tables import Tables

_EVENTS = Tables("events.toml")
USUAL, INDIA, GBCS = "dsmr", "india", "gbcs"
_TOLD_BY = {USUAL: (USUAL, "idis", "dsmr5")}
"""The tables of event codes that are looked into for a companion, where there are several."""
_EVENT_CODES = (96, 11)
_REGISTERS = frozenset(((97, 97, 0), (97, 98, 0), (97, 98, 10), (97, 98, 20)))
"""Value groups C, D and E of the first error register, and the first alarm register, its filter and descriptor."""
_WORDS = frozenset(((94, 91, 18), (94, 91, 26)))
"""Value groups C, D and E of India's event status word and of its filter."""
_INDIAN = (94, 91)
_NONE_OR_ALL = {0: "none (0)", 0xFFFF_FFFF: "all (FFFFFFFF)"}
"""Registers of which no bit is to be named: a filter that lets all alarms pass has them all."""
_SCALER_PROFILES = b"\x01\x00\x5e\x5b"
"""Value groups C and D of the objects of country 91."""


def is_indian(logical_name: bytes) -> bool:
    """Tell whether an object is one that only the Indian companion has."""
    return tuple(logical_name[2:4]) == _INDIAN


def is_scaler_profile(logical_name: bytes) -> bool:
    """Tell whether an object is a profile of India's companion that holds scalers and units: 1-0:94.91.3 to 7."""
    return logical_name[:4] == _SCALER_PROFILES and 3 <= logical_name[4] <= 7


def coded_text(logical_name: bytes, value: int | str, companion: str = USUAL) -> str:
    """Say an event code, or the bits of an alarm or error register or of an event status word (a text of 0 and 1).

    Empty for other objects and unknown numbers. A meaning that is a companion's says whose.
    """
    if not may_be_coded(logical_name):
        return ""
    if isinstance(value, str):
        return _word_text(value) if _place(logical_name) in _WORDS else ""
    if _place(logical_name)[:2] == _EVENT_CODES:
        return event_text(value, companion)
    return _bits_text(value) if value >= 0 and _place(logical_name) in _REGISTERS else ""


def may_be_coded(logical_name: bytes) -> bool:
    """Tell whether an object may be one whose numbers or bits have a meaning."""
    if len(logical_name) != 6 or logical_name[0]:
        return False
    place = _place(logical_name)
    return place[:2] == _EVENT_CODES or place in _REGISTERS or place in _WORDS


def _place(logical_name: bytes) -> tuple[int, ...]:
    return tuple(logical_name[2:5])


def event_text(code: int, companion: str = USUAL) -> str:
    """Say an event code: ``power down (1) after DSMR and IDIS``; empty for one that is not known.

    Of one that companions have for different events it first says whose each is: a long text is shown in part.
    """
    known = own().events.get(code)
    if known is not None:
        return f"{known} ({code})"
    tables = [one for one in _TOLD_BY.get(companion, (companion,)) if code in _events(one)]
    if len(tables) > 1:
        told = (f"{_title('events', one)}: {_events(one)[code]}" for one in tables)
        return f"{code} ({', '.join(told)})"
    return "".join(f"{_events(one)[code]} ({code}) after {_title('events', one)}" for one in tables)


def _word_text(bits: str) -> str:
    """Say the bits that are set in India's event status word, those without a name last."""
    meanings = _numbered(f"word.{INDIA}")
    is_set = [place for place, bit in enumerate(bits) if bit == "1"]
    if not is_set:
        return "none"
    return f"{_named(is_set, meanings)} after {_title('word', INDIA)}"


def _named(is_set: list[int], meanings: Mapping[int, str]) -> str:
    """Say bits, those without a name last."""
    named = [meanings[bit] for bit in is_set if bit in meanings]
    others = [bit for bit in is_set if bit not in meanings]
    if others:
        named.append(f"bit {others[0]}" if len(others) == 1 else f"{len(others)} other bits")
    return ", ".join(named)


def _bits_text(value: int) -> str:
    if value in _NONE_OR_ALL:
        return _NONE_OR_ALL[value]
    meanings = own().bits or _bits(USUAL)
    bits = [bit for bit in range(value.bit_length()) if value >> bit & 1]
    if not any(bit in meanings for bit in bits):
        return ""
    after = "" if own().bits else f" after {_title('bits', USUAL)}"
    return f"{_named(bits, meanings)} ({value:08X}){after}"


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
