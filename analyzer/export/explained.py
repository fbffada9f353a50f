"""What somebody asks about (a code, name, number, octets, a message) to all that it may mean, as text and JSON.

What reads as octets is decoded; what reads as a logical name, class or manufacturer is named; the rest is looked up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from analyzer.cosem.data_sets import HEAT
from analyzer.cosem.names import attribute_name, class_name, manufacturer, method_name, obis_from_text, obis_name
from analyzer.cosem.names import obis_text as written
from analyzer.detail import detail
from analyzer.diagnosis.doctor import Doctor
from analyzer.diagnosis.hdlc_state import control_text
from analyzer.diagnosis.lexicon import Meaning, nearest, of_leaf, of_member, of_number, of_unit, of_words
from analyzer.diagnosis.story import Story
from analyzer.export.folding import folded
from analyzer.export.pieces import pieces, signless
from analyzer.export.summary import summary
from analyzer.export.utf8 import json_object
from analyzer.pipeline import Pipeline
from analyzer.record import NOISE, Record
from analyzer.security.keys import ALIASES, KeyRole, role_of
from analyzer.tracking.telegrams import name_of, object_of
from captures import source_from_hex

WIDEST = 96
_MOST_MEMBERS = 32
_MALFORMED = "apdu-malformed"
"""Of octets that somebody typed: they may just end early."""
_MOST_RECORDS, _MOST_LEAVES = 16, 20_000
_LEAST_TAG = 0x60
"""From here on the tags of APDUs are no small numbers."""
_NUMBER = re.compile(r"0x([0-9a-f]{1,8})|(\d{1,10})|([0-9a-f]{2})", re.IGNORECASE)
_OCTETS = re.compile(r"(?:0x)?[0-9a-f]{2}(?:[\s:,-]*(?:0x)?[0-9a-f]{2})+", re.IGNORECASE)
_WITHOUT_ZEROS = re.compile(
    r"(?=.*\b(?:0x)?[0-9a-f]{2}\b)(?:0x)?[0-9a-f]{1,2}(?:[\s,]+(?:0x)?[0-9a-f]{1,2})+", re.IGNORECASE
)
"""Octets of which some lack their leading zero, as programs print them."""
_DIGIT = re.compile(r"\b(?:0x)?([0-9a-f])\b", re.IGNORECASE)
_OPENINGS = (
    (b"\x7e[\xa8-\xaf]", "An HDLC frame of format type 3 that is segmented begins: flag, format, length."),
    (b"\x7e[\xa0-\xa7]", "An HDLC frame of format type 3 begins: flag, format, length."),
    (b"\xe6\xe6\x00", "The LLC header of a request, in an HDLC information field before the APDU."),
    (b"\xe6\xe7\x00", "The LLC header of a response, in an HDLC information field before the APDU."),
    (b"\x00\x01", "The version of a wrapper header; source wPort, destination wPort and length follow."),
    (
        b"\x5f\x1f",
        "The tag of the conformance in initiateRequest and initiateResponse; 04, unused bits and 3 octets follow.",
    ),
    (
        b"\x60\x85\x74\x05\x08",
        "The object identifier 2.16.756.5.8 of the DLMS UA: 01 a context, 02 a mechanism follows.",
    ),
    (rb"\x68(.)\1\x68", "A long frame of wired M-Bus: 68, its length twice, 68; C, A and CI follow."),
    (rb"\x1b{4}(?:\x01{4})?", "A message of SML begins, as German meters push it: another protocol."),
    (b"\xbe", "The user-information of AARQ, AARE, RLRQ, RLRE or ABRT: length, 04, length, an initiate APDU."),
    (b"\x09\x0c\x07", "An octet-string of 12 octets that is a date-time of the years 1792 to 2047."),
)
"""What begins so, as patterns."""
_REDUCED = re.compile(r"[0-9CFLP]{1,3}(?:\.[0-9F]{1,3}){1,2}(?:[*&]\d{1,3})?", re.IGNORECASE)
_CLASS = re.compile(r"(?:interface[ -])?class(?:[ -]id)?\s+(\d{1,5})", re.IGNORECASE)


_ASYMMETRIC = "A private key, a public key or a certificate on P-256 or P-384, of suites 1 and 2: "
_KEYS = {
    KeyRole.GUEK: "Global unicast encryption key: enciphers what one meter and its clients say. Its tags need the "
    "authentication key (gak) too.",
    KeyRole.GBEK: "Global broadcast encryption key: enciphers what goes to many meters at once.",
    KeyRole.GAK: "Authentication key: stands in the tags of authenticated APDUs and in HLS GMAC. Without it text is "
    "deciphered, and its tag stays unchecked.",
    KeyRole.KEK: "Key-encrypting key, the master key: wraps the keys that key_transfer sets.",
    KeyRole.DEDICATED: "Dedicated key: the client makes it for one association, and sends it in the initiateRequest of "
    "the AARQ under the global key.",
    KeyRole.AGREED: "A key that both sides worked out by ECDH and that the capture does not show.",
    KeyRole.WRAPPED: "A key that came over the wire, under the key-encrypting key.",
    KeyRole.LLS_PASSWORD: "Password of low level security: stands in the AARQ in clear.",
    KeyRole.HLS_SECRET: "Secret of high level security with MD5, SHA-1, SHA-256 or what the manufacturer has: it is "
    "never sent.",
    KeyRole.CLIENT_SIGNING: f"{_ASYMMETRIC}of the client, for its signatures.",
    KeyRole.SERVER_SIGNING: f"{_ASYMMETRIC}of the meter, for its signatures.",
    KeyRole.CLIENT_AGREEMENT: f"{_ASYMMETRIC}of the client, for agreeing on keys.",
    KeyRole.SERVER_AGREEMENT: f"{_ASYMMETRIC}of the meter, for agreeing on keys.",
}


class Explained(NamedTuple):
    """What was asked, all that it means, and the nearest names where it means nothing."""

    asked: str
    meanings: list[Meaning]
    near: list[str]


def explain(asked: str) -> Explained:
    """Find every meaning of *asked*. Total."""
    text = asked.strip()
    for find in (
        _number,
        _class,
        _object,
        _reduced,
        _octets,
        _signless,
        of_member,
        of_unit,
        _named_octets,
        _words,
        _manufacturer,
    ):
        found = find(text)
        if found:
            return Explained(text, found, [])
    return Explained(text, [], nearest(text))


def _words(text: str) -> list[Meaning]:
    found = [*_key(text), *map(_with_members, of_words(text))]
    return found + _manufacturer(text) if found else []


def _named_octets(text: str) -> list[Meaning]:
    """Read octets behind the name of what they are: ``conformance 001E1D``."""
    name, _, octets = text.partition(" ")
    return [one for one in _octets(octets.strip(" =:")) if one.field == name.lower().rstrip(":=")]


def _key(text: str) -> list[Meaning]:
    """Read a name that people use for a key: ``BlockCipherKey``, ``EK``, ``master key``."""
    role = role_of(text)
    if role is None:
        return []
    names = tuple(name for name, one in ALIASES.items() if one is role and name != role.value)
    return [Meaning("key", role.value, _KEYS[role], where="keyring", aliases=names)]


def _number(text: str) -> list[Meaning]:
    """Read a number: decimal, ``0x03``, or one octet that only hex can be."""
    match = _NUMBER.fullmatch(text)
    if match is None:
        return []
    prefixed, decimal, octet = match.groups()
    number = int(decimal) if decimal else int(prefixed or octet, 16)
    return of_number(number) + ([] if decimal else _numbered(number))


def _numbered(octet: int) -> list[Meaning]:
    """Read a control octet that carries numbers: I, RR and RNR, which are not listed one by one."""
    if octet > 0xFF or octet & 3 == 3 or octet & 0xEF in (1, 5) or octet & 0x0F in (9, 13):
        return []
    poll = "P/F set" if octet & 0x10 else "P/F not set"
    return [Meaning("HDLC control", control_text(octet), f"control octet {octet:02X}, {poll}", octet, "HDLC header")]


def _class(text: str) -> list[Meaning]:
    """Name an interface class with its attributes and methods."""
    match = _CLASS.fullmatch(text)
    number = int(match[1]) if match else 0
    name = class_name(number) if match else None
    return [] if name is None else [_with_members(Meaning("interface class", name, number=number))]


def _with_members(meaning: Meaning) -> Meaning:
    """Name the attributes and methods of an interface class; other meanings stay."""
    number = meaning.number
    if meaning.field != "interface class" or number is None:
        return meaning
    parts = []
    for what, called in (("attributes", attribute_name), ("methods", method_name)):
        named = ((one, called(number, one)) for one in range(1, _MOST_MEMBERS))
        listed = ", ".join(f"{one} {member}" for one, member in named if member)
        parts += [f"{what} {listed}"] if listed else []
    return meaning._replace(text="; ".join(parts))


def _object(text: str) -> list[Meaning]:
    """Name a logical name."""
    try:
        logical_name = obis_from_text(text)
    except ValueError:
        return []
    name = obis_name(logical_name)
    if name is None and not re.search(r"[.*:]", text):
        return []
    shown = written(logical_name)
    text = f"{shown}, octets {logical_name.hex(' ').upper()}"
    return [Meaning("logical name", name or "not assigned", text, aliases=(shown,))]


def _reduced(text: str) -> list[Meaning]:
    """Name a code as meters show it: ``1.8.0``, ``C.1.0``, ``F.F``."""
    if _REDUCED.fullmatch(text) is None:
        return []
    code = text.upper()
    logical_name = object_of(code).logical_name
    found = []
    if logical_name and obis_name(logical_name) is not None:
        shown = written(logical_name)
        said = f"{shown} of an electricity meter, octets {logical_name.hex(' ').upper()}"
        found.append(Meaning("identification code", name_of(code), said, aliases=(shown,)))
    of_heat = name_of(code, medium=HEAT)
    if of_heat != code:
        found.append(Meaning("identification code", of_heat, f"{code} of a heat meter"))
    return found


def _manufacturer(text: str) -> list[Meaning]:
    name = manufacturer(text)
    return [Meaning("manufacturer", text.upper(), name, where="FLAG identifier")] if name else []


# -- octets -----------------------------------------------------------------------------------------------------------


def _octets(text: str) -> list[Meaning]:
    """Decode octets that are a frame or an APDU: what each record is, then what its enumerated values mean.

    Where that leaves octets over, pieces are sought that leave none.
    """
    text = _DIGIT.sub(r"0\1", text) if _WITHOUT_ZEROS.fullmatch(text) else text
    if _OCTETS.fullmatch(text) is None:
        return []
    octets = _octets_of(text)
    found: list[Meaning] = []
    covered = 0
    is_short = False
    pipeline = Pipeline()
    doctor = Doctor(pipeline.ends)
    with source_from_hex(octets.hex()) as source:
        for record in islice(pipeline.run(source), _MOST_RECORDS):
            if record.kind == NOISE:
                continue
            covered += len(record.octets)
            short = [note.text for note in record.notes if note.code == _MALFORMED]
            is_short |= bool(short)
            if len(record.notes) > len(short):
                doctor.take(record)
            text = "; ".join([summary(record), *short])
            found.append(Meaning("octets", record.octets.hex(" ").upper(), text, where=record.link))
            found += [one for one in _inside(record) if one not in found]
    doctor.finish()
    found += [_story(one) for one in doctor.stories()]
    parts = pieces(octets) if is_short or covered < len(octets) else []
    return parts + found * (is_short or not parts) or _opening(octets)


def _signless(text: str) -> list[Meaning]:
    """Read octets in pairs that are written apart, of which nothing else is known; joined they may be a word."""
    is_apart = _OCTETS.fullmatch(text) is not None and len(text.split()) > 1
    return signless(_octets_of(text)) if is_apart else []


def _octets_of(text: str) -> bytes:
    return bytes.fromhex(re.sub(r"0x|[\s:,-]", "", text, flags=re.IGNORECASE))


def _story(story: Story) -> Meaning:
    """Say what is wrong with octets as the doctor does."""
    text = f"{story.title} {story.evidence[0].text}"
    return Meaning("fact", story.code, text, facts=(story.code,), causes=(story.cause,) if story.cause else ())


def _opening(octets: bytes) -> list[Meaning]:
    """Say what begins with octets that are too few to be read."""
    matches = ((re.match(pattern, octets, re.DOTALL), text) for pattern, text in _OPENINGS)
    found = [Meaning("octets", match[0].hex(" ").upper(), text) for match, text in matches if match]
    is_tag = octets[0] >= _LEAST_TAG and not found
    return [one for one in of_number(octets[0]) if one.field == "APDU tag"] if is_tag else found


def _inside(record: Record) -> Iterator[Meaning]:
    """Give the meanings of the enumerated values in a record."""
    nodes = [one for node in detail(record) for one in node.walk()][:_MOST_LEAVES]
    around = {one.name.lower() for one in nodes}
    for leaf in nodes:
        match = re.search(r"\((\d+)\)$", leaf.text) if isinstance(leaf.value, str) else None
        meaning = of_leaf(str(leaf.value), int(match[1]), around) if match else None
        if meaning is not None:
            yield meaning


# -- forms ------------------------------------------------------------------------------------------------------------


def text_lines(explained: Explained, *, width: int = WIDEST) -> Iterator[str]:
    """Write the meanings for a person; advice that stands above already is not said again."""
    said: set[str] = set()
    for one in explained.meanings:
        number = "" if one.number is None else f" {one.number}"
        where = f" ({one.where})" if one.where else ""
        yield from _folded("", f"{one.field}{number} · {one.name}{where}", width)
        if one.text:
            yield from _folded("says", one.text, width)
        codes = [", ".join(each) for each in (one.facts, one.causes) if each and each != (one.name,)]
        if codes:
            yield from _folded("code", " · ".join(codes), width)
        if one.aliases and one.field == "message":
            yield from _folded("also", " · ".join(one.aliases), width)
        is_one = len({code for code, _ in one.advice}) == 1
        for code, advice in one.advice:
            if advice not in said:
                said.add(advice)
                yield from _folded("try", advice if is_one else f"{code}: {advice}", width)


def _folded(label: str, text: str, width: int) -> list[str]:
    first = f"   {label:<6}" if label else ""
    rest = " " * len(first) if label else "   "
    return folded(text, width, first, rest)


def json_lines(explained: Explained) -> Iterator[str]:
    """Write one object a meaning; what is empty is left out."""
    for one in explained.meanings:
        members: dict[str, object] = {
            "what": explained.asked, "field": one.field, "name": one.name, "number": one.number, "where": one.where,
            "text": one.text, "facts": one.facts, "causes": one.causes, "aliases": one.aliases,
            "advice": [text for _, text in one.advice],
        }  # fmt: skip
        kept = {name: value for name, value in members.items() if value not in (None, "", (), [])}
        yield json_object(kept)
