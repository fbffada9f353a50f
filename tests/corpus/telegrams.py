"""What the corpus states of telegrams and sessions, against the ``message`` members that the program gives."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.corpus import vectors

# What the decoder of a source calls a value, the OBIS code that it stands under, and the unit that it is told in.
_STATED = {
    "active_import_W": ("1-0:1.7.0", "W"), "active_export_W": ("1-0:2.7.0", "W"), "import_kWh": ("1-0:1.8.0", "kWh"),
    "U1": ("1-0:32.7.0", "V"), "U2": ("1-0:52.7.0", "V"), "U3": ("1-0:72.7.0", "V"),
    "I1": ("1-0:31.7.0", "A"), "I2": ("1-0:51.7.0", "A"), "I3": ("1-0:71.7.0", "A"),
}  # fmt: skip
_COUNT = 25


def listed(corpus: Path) -> list[dict[str, Any]]:
    """The entries of IEC 62056-21 and P1."""
    return [one for one in vectors.entries(corpus) if one["theme"] == "iec62056_21"]


def is_complete(corpus: Path) -> bool:
    """Whether every entry of the theme is there, and decoded."""
    return len(listed(corpus)) == _COUNT and all(one in vectors.covered(corpus) for one in listed(corpus))


def messages(entry: dict[str, Any]) -> list[dict[str, Any]]:
    """The ``message`` members of an entry."""
    lines = vectors.json_lines(vectors.decode(vectors.text_of(entry)), layers=False)
    return [one["message"] for one in lines if "message" in one]


def compared(corpus: Path) -> dict[str, list[tuple[str, str, str]]]:
    """What each entry states that can be compared: name, what it states, what the program says."""
    return {one["id"]: _of_telegram(one) + _of_session(one) for one in listed(corpus) if "expected" in one}


def _of_telegram(entry: dict[str, Any]) -> list[tuple[str, str, str]]:
    found = []
    for name, stated in entry["expected"].items():
        if name in _STATED:
            code, unit = _STATED[name]
            sets = {one["id"]: one["values"] for one in messages(entry)[0]["data_sets"]}
            value = Decimal(sets[code][0]["value"])
            if sets[code][0]["unit"] == f"k{unit}":
                value *= 1000
            found.append((name, str(Decimal(stated).normalize()), str(value.normalize())))
    return found


def _of_session(entry: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Every id, value and unit stands in the text that the entry gives, in this order."""
    readable = entry["expected"].get("readable")
    if readable is None:
        return []
    found, at = [], 0
    for message in messages(entry):
        for one in [*message.get("data_sets", []), *message.get("data_set", [])]:
            for text in (one["id"], *(part for value in one["values"] for part in value.values())):
                if text != "(masked)":
                    at = readable.index(text, at) + len(text)
                    found.append(("text", text, readable[at - len(text) : at]))
    return found
