"""Octets that are a piece of a frame or an APDU, as people cut them out of a log, to what they may mean.

A piece counts only where all of its octets fit; several readings may. Source: IEC 62056-46 (FRMR, parameters), IEC
62056-47 (wrapper), IEC 62056-5-3 (conformance, security header, object identifiers), IEC 62056-6-2 (Data, date_time).
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from analyzer.cosem.date_time import date_time, looks_like_date_time
from analyzer.cosem.datum import Datum, datum_of
from analyzer.cosem.names import attribute_name, class_name, manufacturer, obis_name, obis_text
from analyzer.cosem.rendering import Renderer, object_text, text_of
from analyzer.diagnosis.hdlc_state import REJECT_REASONS, control_text
from analyzer.diagnosis.lexicon import Meaning, meanings
from dissectors.axdr import STRUCTURE, scan_data
from dissectors.ber_contents import ObjectIdentifier
from dissectors.enumerations import CONFORMANCE
from dissectors.hdlc_parameters import PARAMETERS, ParameterList
from dissectors.tree import Problem

_FRMR_REASONS = frozenset({0x01, 0x02, 0x03, 0x04, 0x08, 0x10, 0x18})
"""Which go together: X says W too, and both numbers may be wrong at once."""
_NUMBER_SIZES = (2, 4, 8)
_FILLS = {
    0x00: "the number 0, a field that is not set, fill, or midnight",
    0xFF: "not specified in a date or time, the number -1, or memory that is erased",
}
"""What octets are that are all the same."""
_GROUP = b"\x81\x80"
_WRAPPER = struct.Struct(">4H")
_DESCRIPTOR = struct.Struct(">H6sb")
_SUITES = 3
_PROTECTION = ((0x10, "authenticated"), (0x20, "encrypted"), (0x40, "broadcast key"), (0x80, "compressed"))
_ALL = 0xFF
_YEARS = range(1990, 2091)
_SCALER_UNIT = (3, 3)
"""Class and attribute of a scaler_unit."""


def pieces(octets: bytes) -> list[Meaning]:
    """Give every piece that *octets* as a whole may be. Total: never raises on octets."""
    shown = octets.hex(" ").upper()
    return [
        *_frame_reject(octets),
        *(Meaning(field, shown, text) for field, read in _READERS for text in [read(octets)] if text),
        *_identifier(octets),
    ]


def signless(octets: bytes) -> list[Meaning]:
    """Say what can be said of a few octets that have no sign of what they are: fill, or the number that they make."""
    shown, filled = octets.hex(" ").upper(), _FILLS.get(octets[0], "") if len(set(octets)) == 1 else ""
    if filled:
        return [Meaning("octets", shown, f"{len(octets)} times {octets[0]:02X} has no sign of what it is: {filled}")]
    if len(octets) not in _NUMBER_SIZES:
        return []
    high, low = int.from_bytes(octets, "big"), int.from_bytes(octets, "little")
    return [Meaning("number", shown, f"{high}; low octet first {low}. Nothing else is known of these octets")]


def _frame_reject(octets: bytes) -> list[Meaning]:
    """Spell out what FRMR carries."""
    if len(octets) != 3 or octets[1] & 1 or octets[2] not in _FRMR_REASONS:
        return []
    rejected, numbers, reasons = octets
    told = [(cause, text) for bit, cause, text in REJECT_REASONS if reasons & bit]
    text = (
        f"{control_text(rejected)} ({rejected:02X}) was rejected: {'; '.join(text for _, text in told)}. "
        f"The rejecting side has V(S)={numbers >> 1 & 7} V(R)={numbers >> 5}"
    )
    causes = tuple(cause for cause, _ in told)
    shown = octets.hex(" ").upper()
    return [Meaning("information field of FRMR", shown, text, facts=("hdlc-frame-rejected",), causes=causes)]


def _parameters(octets: bytes) -> str:
    if octets[:2] != _GROUP or octets[2:3] != bytes((len(octets) - 3 & 0xFF,)):
        return ""
    try:
        found, _ = ParameterList("parameters").read(octets, 3, len(octets), {})
    except Problem:
        return ""
    listed = ", ".join(f"{PARAMETERS.get(one, f'parameter {one:02X}')} {value}" for one, value, _ in found)
    return (
        f"{listed or 'none, so the defaults'}; a UA speaks from the meter's view: what it transmits comes to the client"
    )


def _conformance(octets: bytes) -> str:
    if octets[:4] == b"\x5f\x1f\x04\x00" or octets[:3] == b"\x5f\x1f\x03":
        octets = octets[4:] if octets[2] == 4 else octets[3:]
    elif octets[:2] == b"\x04\x00":
        octets = octets[2:]
    bits = f"{int.from_bytes(octets, 'big'):024b}"
    names = [name for name, bit in zip(CONFORMANCE, bits, strict=False) if bit == "1"]
    is_one = len(octets) == 3 and bool({"get", "read"} & set(names)) and not any("reserved" in name for name in names)
    return ", ".join(names) if is_one else ""


def _system_title(octets: bytes) -> str:
    letters = octets[:3]
    if len(octets) != 8 or not all(0x41 <= octet <= 0x5A for octet in letters):
        return ""
    flag = letters.decode("ascii")
    made = manufacturer(flag) or "not registered"
    return f"manufacturer {flag} ({made}), serial {octets[3:].hex().upper()} ({int.from_bytes(octets[3:], 'big')})"


def _moment(octets: bytes) -> str:
    octets = octets[1:] if octets[:1] == b"\x0c" and len(octets) == 13 else octets
    found = date_time(octets)
    if found is None or found.problems:
        return ""
    if len(octets) == 12:
        return found.text if looks_like_date_time(octets) else ""
    is_near = found.year in _YEARS if len(octets) == 5 else found.hour is not None and octets[3] in (0, _ALL)
    is_near &= any(octets)  # midnight looks like everything that is 0
    return found.text if is_near else ""


def _security_header(octets: bytes) -> str:
    if len(octets) != 5 or octets[0] & 0x0F >= _SUITES or not octets[0] & 0x30:
        return ""
    named = [name for bit, name in _PROTECTION if octets[0] & bit]
    counter = int.from_bytes(octets[1:], "big")
    return f"security control {octets[0]:02X}: {', '.join(named)}, suite {octets[0] & 15}; invocation counter {counter}"


def _wrapper_header(octets: bytes) -> str:
    if len(octets) != _WRAPPER.size or octets[:2] != b"\0\1":
        return ""
    _, source, destination, length = _WRAPPER.unpack(octets)
    return f"version 1, source wPort {source}, destination wPort {destination}, an APDU of {length} octets follows"


def _descriptor(octets: bytes) -> str:
    octets = octets[:-1] if len(octets) == _DESCRIPTOR.size + 1 and octets[-1:] == b"\0" else octets
    if len(octets) != _DESCRIPTOR.size:
        return ""
    class_id, logical_name, attribute = _DESCRIPTOR.unpack(octets)
    is_known = (
        class_name(class_id)
        and attribute_name(class_id, attribute)
        and (obis_name(logical_name) or logical_name[5] == _ALL)
    )
    return (
        f"class {class_id} {class_name(class_id)}: {object_text(class_id, logical_name, attribute)}" if is_known else ""
    )


def _logical_name(octets: bytes) -> str:
    octets = octets[2:] if octets[:2] == b"\x09\x06" else octets
    if len(octets) != 6 or octets[5] != _ALL:
        return ""
    return f"{obis_text(octets)} {obis_name(octets) or '(no name is assigned)'}"


def _data(octets: bytes) -> str:
    try:
        elements, end = scan_data(octets, 0, len(octets))
    except Problem:
        return ""
    found = datum_of(elements)
    return f"{found.type_name}: {_value_text(found)}" if 1 < end == len(octets) else ""


def _value_text(found: Datum) -> str:
    renderer = Renderer()
    if found.tag == STRUCTURE:
        shown = renderer.attribute(*_SCALER_UNIT, found)
        if not renderer.misfits:
            return f"a scaler_unit, {text_of(shown)}"
    return text_of(Renderer().plain(found))


_READERS: tuple[tuple[str, Callable[[bytes], str]], ...] = (
    ("parameters of SNRM or UA", _parameters),
    ("wrapper header", _wrapper_header),
    ("logical name", _logical_name),
    ("attribute descriptor", _descriptor),
    ("system title", _system_title),
    ("date and time", _moment),
    ("security header", _security_header),
    ("conformance", _conformance),
    ("Data", _data),
)
"""Field, and what reads it; empty where it does not fit."""


def _identifier(octets: bytes) -> list[Meaning]:
    """Name an application context or mechanism by its object identifier, with or without tag and length before it."""
    octets = octets[2:] if octets[1:2] == b"\x07" and len(octets) == 9 else octets
    if len(octets) != 7:
        return []
    try:
        written = ObjectIdentifier().decode(octets, 0, len(octets))
    except (Problem, ValueError):
        return []
    return [one for one in meanings() if written in one.aliases]
