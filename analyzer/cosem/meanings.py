"""Scalars whose meaning lies in what they are called: addresses, object identifiers, identifications, titles.

Which name means what stands in shapes.toml (``[meaning]``). Each function gives None for a value that is not of its
kind, which is then shown as its type says.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address
from typing import Any, NamedTuple

from analyzer.cosem.classes import class_name, enumeration_text
from analyzer.cosem.datum import INTEGERS, Datum
from analyzer.cosem.names import manufacturer, system_title_text
from analyzer.cosem.tables import Tables
from dissectors.ber_contents import ObjectIdentifier
from dissectors.data_types import BIT_STRING, OCTET_STRING, TAGS
from dissectors.enumerations import CONFORMANCE
from dissectors.tree import Problem

_SHAPES = Tables("shapes.toml")
UNSIGNED = TAGS["unsigned"]
_ARCS = 7
_BEST_SIGNAL, _NO_SIGNAL = 31, 99
_MAC_LENGTHS = (6, 8)
_MOST_RUNS = 8


class Shown(NamedTuple):
    """A value for programs (what JSON can hold) and the same in words; where the words add nothing *text* is empty."""

    value: Any
    text: str = ""


def meaning_of(name: str) -> str:
    """Tell what a member or attribute of this *name* means: a function here or a table of enumerations.toml."""
    return str(_SHAPES.table("meaning").get(name, ""))


def meant(meaning: str, datum: Datum) -> Shown | None:
    """Render *datum* by its *meaning*; None where it is not of that kind."""
    function = _MEANINGS.get(meaning)
    return function(datum) if function is not None else None


def is_table(meaning: str) -> bool:
    """Tell whether a meaning is a table of enumerations.toml."""
    return bool(meaning) and meaning not in _MEANINGS


def spelled(table: str, value: int) -> Shown:
    """Say a number by a table of enumerations.toml; of several, separated by blanks, the first that has it."""
    for one in table.split():
        text = enumeration_text(one, value)
        if text:
            return Shown(value, f"{text} ({value})")
    return Shown(value, str(value))


def _class(datum: Datum) -> Shown | None:
    if datum.tag not in INTEGERS:
        return None
    name = class_name(datum.value)
    return Shown(datum.value, f"{datum.value} ({name})" if name else str(datum.value))


def _title(datum: Datum) -> Shown | None:
    if datum.tag != OCTET_STRING or len(datum.value) != 8:
        return None
    return Shown(datum.value.hex().upper(), system_title_text(bytes(datum.value)))


def _ip(datum: Datum) -> Shown | None:
    """An IP address: a number of 32 bits, or 4 or 16 octets."""
    if datum.tag in INTEGERS:
        return Shown(str(IPv4Address(datum.value))) if 0 <= datum.value < 1 << 32 else None
    if datum.tag != OCTET_STRING or len(datum.value) not in (4, 16):
        return None
    octets = bytes(datum.value)
    return Shown(str(IPv4Address(octets) if len(octets) == 4 else IPv6Address(octets)))


def _mac(datum: Datum) -> Shown | None:
    if datum.tag != OCTET_STRING or len(datum.value) not in _MAC_LENGTHS:
        return None
    return Shown(datum.value.hex(":").upper())


def _octets(datum: Datum) -> Shown | None:
    return Shown(datum.value.hex().upper()) if datum.tag == OCTET_STRING else None


def _flag(datum: Datum) -> Shown | None:
    """Three letters of five bits each, as EN 13757-3 packs a manufacturer."""
    if datum.tag not in INTEGERS or not 0 <= datum.value < 1 << 15:
        return None
    codes = [(datum.value >> shift & 0x1F) + 64 for shift in (10, 5, 0)]
    if not all(65 <= code <= 90 for code in codes):
        return None
    letters = "".join(map(chr, codes))
    name = manufacturer(letters)
    return Shown(datum.value, f"{letters} ({name})" if name else letters)


def _decimal_digits(datum: Datum) -> Shown | None:
    """Eight decimal digits, one in four bits (BCD), as EN 13757-3 has an identification number; else the number."""
    if datum.tag not in INTEGERS or not 0 <= datum.value < 1 << 32 or not f"{datum.value:08X}".isdecimal():
        return None
    return Shown(datum.value, f"{datum.value} ({datum.value:08X} as BCD)")


def _identifier(datum: Datum) -> Shown | None:
    """An object identifier: the contents of its BER form, or a structure of its arcs."""
    if datum.tag == OCTET_STRING:
        octets = bytes(datum.value)
        if octets[:2] == bytes((6, len(octets) - 2)):
            octets = octets[2:]
        try:
            text = ObjectIdentifier().decode(octets, 0, len(octets))
        except Problem:
            return None
    elif len(datum.members) == _ARCS and all(one.tag in INTEGERS for one in datum.members):
        text = ".".join(str(one.value) for one in datum.members)
    else:
        return None
    name = ObjectIdentifier.meanings.get(text)
    return Shown(text, f"{text} ({name})" if name else text)


def _conformance(datum: Datum) -> Shown | None:
    if datum.tag != BIT_STRING:
        return None
    names = [name for name, bit in zip(CONFORMANCE, datum.value, strict=False) if bit == "1"]
    return Shown(datum.value, f"{datum.value} ({', '.join(names) or 'none'})")


def _blocks(datum: Datum) -> Shown | None:
    """A bit a block: how many are there, and which are missing."""
    if datum.tag != BIT_STRING:
        return None
    runs = [match.span() for match in re.finditer("0+", datum.value)]
    named = ", ".join(str(start) if end == start + 1 else f"{start} to {end - 1}" for start, end in runs[:_MOST_RUNS])
    missing = f", missing {named}{', …' if len(runs) > _MOST_RUNS else ''}" if runs else ""
    return Shown(datum.value, f"{datum.value.count('1')} of {len(datum.value)} blocks{missing}")


def _signal(datum: Datum) -> Shown | None:
    """A signal as a modem tells it: 0 is -113 dBm or less, 31 -51 dBm or more, 2 dB a step, 99 unknown."""
    if datum.tag != UNSIGNED or not (datum.value <= _BEST_SIGNAL or datum.value == _NO_SIGNAL):
        return None
    if datum.value == _NO_SIGNAL:
        return Shown(datum.value, f"unknown ({datum.value})")
    edge = {0: " or less", _BEST_SIGNAL: " or more"}.get(datum.value, "")
    return Shown(datum.value, f"{2 * datum.value - 113} dBm{edge} ({datum.value})")


def _certificate(datum: Datum) -> Shown | None:
    """An X.509 certificate in DER: whose it is and who issued it."""
    if datum.tag != OCTET_STRING or bytes(datum.value[:1]) != b"\x30":
        return None
    from analyzer.security.elliptic_keys import EllipticKey, read_certificate

    key = read_certificate(bytes(datum.value))
    if not isinstance(key, EllipticKey) or key.certificate is None:
        return None
    about = key.certificate
    text = f"certificate of {about.subject}, issued by {about.issuer}, serial number {about.serial_number:X}"
    return Shown(datum.value.hex().upper(), text)


_MEANINGS: dict[str, Callable[[Datum], Shown | None]] = {
    "class": _class,
    "title": _title,
    "ip": _ip,
    "mac": _mac,
    "octets": _octets,
    "flag": _flag,
    "bcd": _decimal_digits,
    "identifier": _identifier,
    "conformance": _conformance,
    "blocks": _blocks,
    "signal": _signal,
    "certificate": _certificate,
}
