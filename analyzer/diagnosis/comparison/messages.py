"""Messages of IEC 62056-21 and telegrams of P1 to what is compared of them: data sets by code, without their times.

Of passwords only the length is told. Source: IEC 62056-21; DSMR P1 companion standard.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import filterfalse
from typing import NamedTuple

from analyzer.cosem.data_sets import HEAT, counts_heat, text_values
from analyzer.cosem.plain_text import printable
from analyzer.diagnosis.comparison.fields import Fields
from analyzer.record import Record
from analyzer.tracking.telegrams import name_of, said, sets_of
from dissectors.checks import has_parity, seven_bits
from dissectors.data_sets import DataSet
from dissectors.iec62056_21 import BAUD_RATES, message_type

MESSAGE_LINKS = frozenset({"iec62056-21", "p1"})
SIGN_ON = "request"
_IDENTIFICATION = re.compile(rb"/([A-Za-z]{3})(.)((?:\\.)*)")
_ACKNOWLEDGEMENT = re.compile(rb"\x06?(.)(.)(.)")
_COMMAND = re.compile(rb"\x01(.)(.)(?:\x02([^(\x03]*)\(([^)\x03]*)\)?)?")
_ERROR_TEXT = re.compile(rb"\x02\(?([^)\x03]*)")
_CHECKS = frozenset({"bcc-wrong", "p1-crc-wrong", "parity-wrong"})
_ROWS = re.compile(r"(?:P\.[0-9]+|without a code) \([0-9]+\)\Z")
"""What comes again in a profile or a log of a readout: how often is a matter of the period that was asked for."""
_FIRST = frozenset({SIGN_ON, "telegram"})
_PASSWORD, _WRITE = b"P", b"W"
_TIMES = re.compile(r"(?:\d-\d:)?(?:0\.9\.\d+|1\.0\.0|C\.0\.\d+)(?:\.255)?(?:\*\d+)?")
"""Codes of times and dates, which always differ."""
_MOST_SETS = 256


class Message(NamedTuple):
    """A message: its kind, what it is about, and what is compared of it."""

    kind: str
    subject: str
    fields: Fields


def message_of(record: Record) -> Message:
    """Read the message of *record*. Total."""
    octets = record.closed.plaintext if record.closed is not None else record.octets
    octets = seven_bits(octets) if has_parity(octets) else octets
    kind = "telegram" if record.link == "p1" else message_type(octets)
    firm: dict[str, str] = {}
    loose: dict[str, str] = {}
    subject = ""
    if any(note.code in _CHECKS for note in record.notes):
        firm["check"] = "wrong"
    if kind in _FIRST and any(note.code == "line-settings-differ" for note in record.notes):
        loose["parity"] = "in the data"
    if kind == "identification" and (found := _IDENTIFICATION.match(octets)):
        rate = found[2].decode("latin-1")
        firm |= {"manufacturer": found[1].decode(), "speed": f"{rate} ({BAUD_RATES.get(rate, 'none')} Bd)"}
        firm["further modes"] = printable(found[3].decode("latin-1")) or "none"
    elif kind == "acknowledgement" and (found := _ACKNOWLEDGEMENT.match(octets)):
        chosen = (printable(one.decode("latin-1")) for one in found.groups())
        firm |= dict(zip(("protocol", "speed", "mode"), chosen, strict=True))
    elif kind in ("command", "break") and (found := _COMMAND.match(octets)):
        subject = _command(found, firm)
    elif kind == "error" and (found := _ERROR_TEXT.match(octets)):
        firm["text"] = printable(found[1].decode("latin-1"))
    elif kind in ("data", "block", "telegram"):
        sets = sets_of(record)[:_MOST_SETS]
        numbered = _numbered(map(_code, sets))
        firm["data sets"] = ", ".join(numbered if kind == "telegram" else filterfalse(_ROWS.match, numbered))
        loose |= _values(sets)
    return Message(kind, subject, Fields(firm, loose))


def _command(found: re.Match[bytes], firm: dict[str, str]) -> str:
    """Take what a command asks; gives its name and the code that it is about."""
    name = printable((found[1] + found[2]).decode("latin-1"))
    value = found[4] or b""
    if found[1] == _PASSWORD:
        firm["operand"] = f"{len(value)} characters"
    elif found[1] == _WRITE:
        firm["written"] = printable(value.decode("latin-1"))
    return f"{name} {printable((found[3] or b'').decode('latin-1'))}".rstrip()


def _code(one: DataSet) -> str:
    return printable(one.id.decode("latin-1")) or "without a code"


def _numbered(codes: Iterable[str]) -> Iterator[str]:
    """Give codes as they come; one that comes again with its number behind it."""
    seen: Counter[str] = Counter()
    for code in codes:
        seen[code] += 1
        yield code if seen[code] == 1 else f"{code} ({seen[code]})"


def _values(sets: list[DataSet]) -> dict[str, str]:
    """Give the values by code; one that comes again has its number behind it."""
    found: dict[str, str] = {}
    medium = HEAT if counts_heat(sets) else ""
    for one in sets:
        code = _code(one)
        if _TIMES.fullmatch(code):
            continue
        name, number = f"{code} {name_of(code, medium=medium)}".removesuffix(f" {code}"), 1
        while (key := name if number == 1 else f"{name} ({number})") in found:
            number += 1
        found[key] = printable(", ".join(said(value) for value in text_values([one])))
    return found
