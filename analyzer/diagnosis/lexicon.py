"""All that a word or number on somebody's screen may mean: codes, enumerated values, tags, types, units, messages.

Nothing is written here a second time: the entries are made of the tables that the rest of the program reads.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Container, Iterator, Mapping
from difflib import get_close_matches
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

from analyzer.cosem.names import class_name, unit_name, unit_symbol
from analyzer.diagnosis.audit.checks import CHECKS
from analyzer.diagnosis.audit.ledger import VERDICTS
from analyzer.diagnosis.meter_facts import RIGHTS
from analyzer.diagnosis.rules import rule, rules
from analyzer.diagnosis.usual_causes import (
    NOTHING,
    Usual,
    of_action_result,
    of_diagnostic,
    of_exception,
    of_get_result,
    of_service_error,
)
from dissectors import data_types, enumerations, registry
from dissectors.hdlc import control_type
from dissectors.scanning import entry

_NEAREST = 5
_LEAST_PART = 3
"""Letters from which a part of a name is enough."""


class Meaning(NamedTuple):
    """One meaning: the field or table that it is of, its name there and number, where that stands, what it says."""

    field: str
    name: str
    text: str = ""
    number: int | None = None
    where: str = ""
    facts: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    """Other ways to write the name."""

    @property
    def advice(self) -> tuple[tuple[str, str], ...]:
        """What to try, each with the code that it belongs to: of its causes; of its facts where those say nothing."""
        for kind, codes in (("cause", self.causes), ("fact", self.facts)):
            found = {text: code for code in reversed(codes) for text in reversed(_advised(kind, code))}
            if found:
                return tuple((code, text) for text, code in reversed(found.items()))
        return ()


class Field(NamedTuple):
    """An enumeration: its name, the APDUs that it stands in, its values, and what judges one of them."""

    name: str
    where: str
    names: Mapping[int, str]
    judge: Callable[[int], Usual] = lambda number: NOTHING


_ANSWERS = "get-response, set-response, access-response, readResponse, writeResponse"
FIELDS: tuple[Field, ...] = (
    Field("data-access-result", _ANSWERS, enumerations.DATA_ACCESS_RESULT, of_get_result),
    Field("action-result", "action-response, access-response", enumerations.ACTION_RESULT, of_action_result),
    Field("state-error", "exception-response, octet 2", enumerations.EXCEPTION_STATE_ERROR),
    Field("service-error", "exception-response, octet 3", enumerations.EXCEPTION_SERVICE_ERROR, of_exception),
    Field("association result", "AARE", enumerations.ASSOCIATION_RESULT),
    Field("acse-service-user diagnostic", "AARE", enumerations.ACSE_SERVICE_USER, of_diagnostic),
    Field(
        "acse-service-provider diagnostic", "AARE", enumerations.ACSE_SERVICE_PROVIDER,
        partial(of_diagnostic, is_provider=True),
    ),
    Field("service", "confirmedServiceError, octet 2", enumerations.CONFIRMED_SERVICE),
    Field("error class", "confirmedServiceError, octet 3", enumerations.SERVICE_ERROR_CLASS),
    *(
        Field(
            f"{name} error", f"confirmedServiceError with error class {number}, octet 4",
            enumerations.SERVICE_ERROR.get(name, {}), partial(of_service_error, number),
        )
        for number, name in enumerations.SERVICE_ERROR_CLASS.items()
    ),
    Field("release request reason", "RLRQ", enumerations.RELEASE_REQUEST_REASON),
    Field("release response reason", "RLRE", enumerations.RELEASE_RESPONSE_REASON),
    Field("abort source", "ABRT", enumerations.ABORT_SOURCE),
    Field("access mode", "object_list of class 15 up to version 2", RIGHTS),
)  # fmt: skip
"""The enumerations of answers, most asked for first."""

_HDLC_CONTROL = (0x83, 0x43, 0x63, 0x0F, 0x87, 0x03, 0x01, 0x05, 0x93, 0x53, 0x73, 0x1F, 0x97, 0x13, 0x11, 0x15)
_PROTECTION = {0x10: "authenticated", 0x20: "encrypted", 0x30: "authenticated and encrypted"}
_SUITES = 3
_WITH_PREFIX = (27, 28, 29, 30, 31, 32, 33, 35)
"""Units that people say with kilo and mega: W, VA, var, Wh, VAh, varh, A, V."""
_MOST_CLASSES, _MOST_UNITS, _NAMED_CLASSES = 32767, 256, 256
_CLASS = "interface class"
_SHOWN_IN_HEX = frozenset({"security control", "APDU tag", "HDLC control"})
_MEMBER = re.compile(r"(.+?)[\s=:#]+(?:(\d{1,10})|(?:0x)?([0-9a-f]{1,8}))", re.IGNORECASE)
_CONSTANT = re.compile(r"(?<![A-Za-z0-9_])[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+(?![A-Za-z0-9_])")
"""How programs name an enumerated value in what they print."""
_PREFIXES = {"m": "0.001", "k": "1000", "M": "1,000,000", "G": "1,000,000,000"}
"""Capital and small letters differ: mV is no MV."""


@cache
def meanings() -> tuple[Meaning, ...]:
    """Give everything that has a name, in the order in which it is shown."""
    made = (_codes, _checks, _enumerated, _names, _terms, _tags, _controls, _types, _units, _classes, _messages)
    return tuple(one for make in made for one in make())


def of_number(number: int) -> list[Meaning]:
    """Give every meaning of a number, an interface class too."""
    found = [one for one in meanings() if one.number == number]
    name = class_name(number) if _NAMED_CLASSES <= number <= _MOST_CLASSES else None
    return [*found, *([Meaning(_CLASS, name, number=number)] if name else [])]


def of_member(text: str) -> list[Meaning]:
    """Give what a number means in the field that stands before it: ``mechanism 5``, ``unit 30``, ``client 16``.

    Where screens show the field in hex (``security control 32``), digits are hex first, and a decimal number besides;
    elsewhere they are hex where they mean nothing as a decimal number.
    """
    match = _MEMBER.fullmatch(text)
    if match is None:
        return []
    words = set(_plain(match[1]).split("-"))
    numbers = (int(match[2]), int(match[2], 16)) if match[2] else (int(match[3], 16),)
    fields = [one for one in meanings() if words <= set(_plain(f"{one.field} {one.where}").split("-"))]
    decimal, as_hex = ([one for one in fields if one.number == number] for number in (numbers[0], numbers[-1]))
    return list(dict.fromkeys([*(one for one in as_hex if one.field in _SHOWN_IN_HEX), *decimal])) or as_hex


def of_unit(text: str) -> list[Meaning]:
    """Give a unit with a prefix that people say and no code has: ``kWh``, ``mA``."""
    for code in _WITH_PREFIX:
        symbol = unit_symbol(code) or ""
        if text[:1] in _PREFIXES and text[1:].lower() == symbol.lower():
            says = f"{_PREFIXES[text[0]]} {symbol}: unit {code} with a scaler"
            return [Meaning("unit", f"{text[0]}{symbol}", says, where="scaler_unit")]
    return []


def of_leaf(name: str, number: int, around: Container[str]) -> Meaning | None:
    """Give the meaning of an enumerated value that stands in one of the APDUs *around*."""
    for field in FIELDS:
        if field.names.get(number) == name and any(one.lower() in around for one in re.split(r"[, ]+", field.where)):
            return next(one for one in meanings() if (one.field, one.number) == (field.name, number))
    return None


def of_words(text: str) -> list[Meaning]:
    """Give every meaning of a name or a message: what is called so; else what holds these words."""
    asked = _plain(text)
    if not asked:
        return []
    exact = [one for one in meanings() if asked in _plain_names(one)]
    said = [one for one in meanings() if one.field == "message" and _said_of(asked, one)]
    said.sort(key=lambda one: _said_of(asked, one), reverse=True)
    found = exact + [one for one in said if one not in exact]
    if any(one.field != _CLASS for one in found) or len(asked) < _LEAST_PART:
        return found
    words = set(asked.split("-"))
    parts = [one for one in meanings() if any(words <= set(name.split("-")) for name in _plain_names(one))]
    if not found and not parts:  # field: dlms-cosem prints <DataAccessResult.OBJECT_UNAVAILABLE: 11>
        constants = {_plain(one) for one in _CONSTANT.findall(text)}
        return [one for one in meanings() if not constants.isdisjoint(_plain_names(one))]
    return found + [one for one in parts if one.field != _CLASS] if found else parts


def nearest(text: str) -> list[str]:
    """Give the names that look most like *text*."""
    names = {plain: name for one in meanings() for name in (one.name, *one.aliases) if (plain := _plain(name))}
    return [names[one] for one in get_close_matches(_plain(text), names, _NEAREST, 0.6)]


# -- entries ----------------------------------------------------------------------------------------------------------


def _codes() -> Iterator[Meaning]:
    for one in rules().values():
        codes: dict[str, Any] = {"facts": (one.code,)} if one.kind == "fact" else {"causes": (one.code,)}
        weight = f"{one.severity}, {one.group}" if one.kind == "fact" else ""
        yield Meaning(one.kind, one.code, one.text, where=weight, **codes)


def _checks() -> Iterator[Meaning]:
    for name, text in VERDICTS.items():
        yield Meaning("verdict of audit", name, text)
    for one in CHECKS:
        facts = tuple(code for code in one.facts if rule("fact", code) is not None)
        text = f"PASS says: {one.asks} ({one.clause})."
        yield Meaning("check of audit", one.name, text, where=one.group, facts=facts)


def _enumerated() -> Iterator[Meaning]:
    for field in FIELDS:
        for number, name in field.names.items():
            usual = field.judge(number)
            found = rule("cause", usual.causes[0]) if usual.causes else None
            facts = (usual.fact,) if usual.fact else ()
            aliases = facts if usual.fact.endswith(name) else ()
            text = found.text if found is not None else ""
            yield Meaning(field.name, name, text, number, field.where, facts, usual.causes, aliases)


def _names() -> Iterator[Meaning]:
    """Names that have no number of their own, or whose number says little."""
    for bit, name in enumerate(enumerations.CONFORMANCE):
        yield Meaning("conformance bit", name, f"bit {bit} of 24, mask {0x800000 >> bit:06X}", where="AARQ, AARE")
    for oid, name in enumerations.APPLICATION_CONTEXT.items():
        yield Meaning("application context", name, oid, where="AARQ, AARE", aliases=(oid,))
    for oid, name in enumerations.MECHANISM.items():
        yield Meaning("authentication mechanism", name, oid, int(oid.rpartition(".")[2]), "AARQ, AARE", aliases=(oid,))
    for bits, name in _PROTECTION.items():
        for suite in range(_SUITES):
            yield Meaning("security control", name, f"security suite {suite}", bits | suite, "ciphered APDUs")


def _tags() -> Iterator[Meaning]:
    entry(b"\xc0\1", 0, 2)  # all layers are there once one is asked for
    for tag, family in sorted(registry.FAMILIES.items()):
        yield Meaning("APDU tag", family, f"{tag:02X} begins this APDU", tag)


def _controls() -> Iterator[Meaning]:
    for octet in _HDLC_CONTROL:
        poll = "P/F set" if octet & 0x10 else "P/F not set"
        yield Meaning("HDLC control", control_type(octet), f"control octet {octet:02X}, {poll}", octet, "HDLC header")


def _types() -> Iterator[Meaning]:
    for tag, name in data_types.NAMES.items():
        if tag >= 0:
            yield Meaning("data type", name, f"the tag {tag:02X} in Data", tag)


def _units() -> Iterator[Meaning]:
    for code in range(_MOST_UNITS):
        symbol = unit_symbol(code)
        if symbol:
            yield Meaning("unit", symbol, unit_name(code) or "", code, "scaler_unit")


def _classes() -> Iterator[Meaning]:
    for number in range(_NAMED_CLASSES):
        name = class_name(number)
        if name is not None:
            yield Meaning(_CLASS, name, number=number)


def _terms() -> Iterator[Meaning]:
    for one in _listed("terms", "term"):
        yield Meaning(
            one["field"], one["name"], one["text"], one.get("number"), one.get("where", ""),
            *(tuple(one.get(name, ())) for name in ("facts", "causes", "aliases")),
        )  # fmt: skip


def _messages() -> Iterator[Meaning]:
    for one in _listed("messages", "message"):
        first, *others = one["text"]
        yield Meaning(
            "message", first, one["means"], where=one["tool"], facts=tuple(one["facts"]), causes=tuple(one["causes"]),
            aliases=tuple(others),
        )  # fmt: skip


def _listed(name: str, kind: str) -> list[dict[str, Any]]:
    """Read the entries of one table of words."""
    with open(Path(__file__).parent / "terms" / f"{name}.toml", "rb") as file:
        found: list[dict[str, Any]] = tomllib.load(file)[kind]
    return found


# -- words ------------------------------------------------------------------------------------------------------------


@cache
def _plain(text: str) -> str:
    """Write words as codes are written: small letters and digits, with hyphens between them."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


@cache
def _plain_names(one: Meaning) -> frozenset[str]:
    return frozenset(map(_plain, (one.name, *one.aliases)))


def _said_of(asked: str, one: Meaning) -> int:
    """Count the letters in which a message and the words that are asked for agree, where one holds the other.

    One word says too little: 0.
    """
    names = [name for name in _plain_names(one) if "-" in name and "-" in asked]
    told = (name for name in names if f"-{asked}-" in f"-{name}-" or f"-{name}-" in f"-{asked}-")
    return max((min(len(asked), len(name)) for name in told), default=0)


def _advised(kind: str, code: str) -> tuple[str, ...]:
    found = rule(kind, code)
    return found.advice if found is not None else ()
