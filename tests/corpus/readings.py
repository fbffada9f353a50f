"""What the corpus states of the values in its entries, compared with the readings that the program gives.

Keys with a unit (``_W``, ``_kWh``) are converted to it; ``obis`` keys are in the unit of the wire. Where the statement
comes from the amsreader decoder 0 and "" mean absent or zero: compared only where the entry holds the object.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from decimal import Decimal, InvalidOperation
from pathlib import Path
from struct import pack, unpack
from typing import Any, NamedTuple

from analyzer.cosem.date_time import date_time
from analyzer.cosem.logical_name import obis_from_text
from analyzer.export.readings import json_line
from analyzer.session import Session
from analyzer.tracking.readings import readings_of
from captures import source_from_hex
from tests.corpus import vectors
from tests.corpus.keyed import keyring

QUANTITIES: dict[str, tuple[tuple[int, int], str, int]] = {
    "active_import_W": ((1, 7), "W", 0),
    "import_W": ((1, 7), "W", 0),
    "P_plus": ((1, 7), "W", 0),
    "active_export_W": ((2, 7), "W", 0),
    "P_minus": ((2, 7), "W", 0),
    "U1": ((32, 7), "V", 0),
    "U2": ((52, 7), "V", 0),
    "U3": ((72, 7), "V", 0),
    "I1": ((31, 7), "A", 0),
    "I2": ((51, 7), "A", 0),
    "I3": ((71, 7), "A", 0),
    "import_kWh": ((1, 8), "Wh", -3),
    "import_Wh": ((1, 8), "Wh", 0),
    "A_plus": ((1, 8), "Wh", 0),
    "A_minus": ((2, 8), "Wh", 0),
    "R_plus": ((3, 8), "varh", 0),
    "R_minus": ((4, 8), "varh", 0),
}
"""Groups C and D of what a key states, the unit of the readings, and the power of ten from that to the key's unit."""
NAMES = ("meter", "meter_id", "serial", "device")
TIMES = ("date_time", "inner_date_time", "time")
"""Twelve octets of a date-time as hex, or a time in words that begins with date and clock."""
_AMSREADER = "amsreader"
EXPLAINED = {
    ("eslib-raw-egd-example", "obis 0.2.25.9.0.255"): "the source prints octets as nothing; the value is the push setup's own name",
    **{
        ("eslib-raw-energomera", f"obis {code}"): "the source prints 0.0 for whatever follows a list of objects"
        for code in (
            "0.0.25.9.0.255", "0.0.96.5.134.255", "0.0.42.0.0.255", "0.0.96.1.0.255", "0.0.97.98.0.255",
            "0.0.97.98.10.255", "0.0.96.5.135.255",
        )
    },
}  # fmt: skip
"""Statements that are not what stands in the octets, and why."""


class Printed(NamedTuple):
    """What a line of ``readings --json`` says."""

    logical_name: bytes
    value: Any
    text: str
    unit: str
    raw: Any
    meter: str
    time: str


class Outcome(NamedTuple):
    """How one statement compares: *verdict* is equal, different, not compared (with why)."""

    id: str
    theme: str
    key: str
    verdict: str
    stated: str
    found: str


def outcomes(corpus: Path) -> list[Outcome]:
    """Compare every statement about a value in the healthy entries."""
    found: list[Outcome] = []
    for entry in vectors.covered(corpus):
        expected = entry.get("expected", {})
        if entry["theme"] == "broken" or not any(_is_value(key) for key in expected):
            continue
        readings = read(entry)
        for key, stated in expected.items():
            if _is_value(key):
                found.append(_compare(entry, key, str(stated), readings, _AMSREADER in expected.get("who", "")))
    return found


def read(entry: dict[str, Any]) -> list[Printed]:
    """The readings of an entry, as ``readings --json`` prints them."""
    forced = {"record": entry["transport"]} if entry["transport"] in ("apdu", "llc") else {}
    keys = keyring(entry["keys"]) if entry.get("keys") else None
    with source_from_hex(vectors.text_of(entry)) as source:
        session = Session(source, forced, keys)
        session.learn_all()
        found = (one for record in session.records() for one in readings_of(record, session.model))
        return [_printed(json.loads(json_line(one, 3), parse_float=Decimal)) for one in found]


def _printed(line: dict[str, Any]) -> Printed:
    code = line.get("logical_name", "")
    value = line.get("value")
    return Printed(
        obis_from_text(code) if code else b"", value, line.get("text", ""), line.get("unit", ""), line.get("raw"),
        line["meter"], line.get("time", ""),
    )  # fmt: skip


def _is_value(key: str) -> bool:
    return key in QUANTITIES or key in NAMES or key in TIMES or key.startswith("obis ")


def _compare(entry: dict[str, Any], key: str, stated: str, readings: list[Printed], is_lenient: bool) -> Outcome:
    def outcome(verdict: str, found: Any = "") -> Outcome:
        return Outcome(entry["id"], entry["theme"], key, verdict, stated, str(found))

    if key in TIMES:
        iso = _iso(stated)
        if not iso or not readings:
            return outcome("not compared: no time stated" if not iso else "not compared: names no object")
        times = {one.time for one in readings} | {str(one.value) for one in readings}
        return outcome("equal" if any(time.startswith(iso) for time in times) else "different", sorted(times)[:3])
    is_empty = is_lenient and (not stated or _number(stated) == 0)
    if key in NAMES:
        texts = [str(one.value) for one in readings] + [one.meter for one in readings]
        if is_empty:
            return outcome("not compared: absent or zero")
        return outcome("equal" if any(stated == text for text in texts) else "different", texts[:4])
    values = [one for one in readings if _is_about(key, one)]
    if not values:
        return outcome("not compared: absent or zero" if is_lenient else "different", "no such object")
    for one in values:
        if _is_equal(key, stated, one):
            return outcome("equal", one.text)
    if is_empty:
        return outcome("not compared: absent or zero", values[0].text)
    return outcome("different", values[-1].text)


def _is_about(key: str, one: Printed) -> bool:
    name = one.logical_name
    if key.startswith("obis "):
        return name == obis_from_text(key.removeprefix("obis "))
    group, unit, _ = QUANTITIES[key]
    is_it = len(name) == 6 and name[0] == 1 and (name[2], name[3]) == group and name[4] == 0
    return is_it and one.unit.lower() in (unit.lower(), f"k{unit.lower()}", "")


def _is_equal(key: str, stated: str, one: Printed) -> bool:
    number = _number(stated)
    if number is None or not isinstance(one.value, int | Decimal) or isinstance(one.value, bool):
        if isinstance(one.value, bool):
            return number == int(one.value)
        return stated == str(one.value)
    if key.startswith("obis "):
        return number == Decimal(one.value) or number == Decimal(one.raw)
    value = Decimal(one.value).scaleb(QUANTITIES[key][2] + 3 * one.unit.startswith("k"))
    places = -Decimal(stated).as_tuple().exponent  # type: ignore[operator]
    # The amsreader keeps its values as float32: 62414.155 prints as 62414.156.
    single = Decimal(unpack("f", pack("f", float(value)))[0])
    return number in (round(value, max(int(places), 0)), round(single, max(int(places), 0)))


def _iso(stated: str) -> str:
    """What a stated time is in ISO 8601; empty where none is stated."""
    if re.fullmatch(r"[0-9A-Fa-f]{24}", stated):
        found = date_time(bytes.fromhex(stated))
        return (found.iso or "") if found is not None else ""
    return stated[:19].replace(" ", "T") if re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", stated) else ""


def _number(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def table(corpus: Path) -> str:
    """The table by theme: stated, compared, equal, and why others are not compared."""
    rows: dict[str, Counter[str]] = {}
    for one in outcomes(corpus):
        rows.setdefault(one.theme, Counter())[one.verdict] += 1
    lines = [f"{'theme':<24} {'stated':>6} {'compared':>8} {'equal':>6}  not compared"]
    for theme, counts in sorted(rows.items()):
        compared = counts["equal"] + counts["different"]
        rest = ", ".join(
            f"{number} {why.removeprefix('not compared: ')}" for why, number in counts.items() if ":" in why
        )
        lines.append(f"{theme:<24} {counts.total():>6} {compared:>8} {counts['equal']:>6}  {rest}")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table(vectors.folder()))
    for one in outcomes(vectors.folder()):
        if one.verdict == "different":
            print(one)
