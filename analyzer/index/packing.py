"""A record to what its row does not hold, and back: its octets, where the APDU stands in them, and all that is rare.

What can be read again from octets is not kept: values and layers come from the scans, as they came the first time.
Everything is plain values of JSON and octets; reading what another wrote runs nothing of theirs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any, NamedTuple

from analyzer.record import Apdu, Closed, Lane, Record
from analyzer.table.table import Row
from analyzer.tracking.broken_off import read_fragment
from analyzer.tracking.rewriting import masked_apdu
from dissectors.scanning import entry, scan_apdu, scan_loosely
from dissectors.tree import Note, Severity

NO_APDU = -1
NO_CONTROL = -1
_LARGE = 1 << 32
"""Packet numbers from here on stand in no row: above the number is an input."""
_new = tuple.__new__
_dumps = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Packed(NamedTuple):
    """What is kept of a record beside its row."""

    octets: bytes
    at: int
    """Where the APDU begins; NO_APDU where it does not stand in the octets."""
    size: int
    """Octets of the APDU."""
    control: int
    extra: str
    """JSON of all that is rare; empty where nothing is."""


def pack(record: Record) -> Packed:
    """Take from *record* what its row does not hold."""
    apdu, packets, control = record.apdu, record.packets, record.control
    if control is None:
        control = NO_CONTROL
    is_plain = len(packets) == 1 and packets[0] < _LARGE and _rare(record) == _USUAL
    if apdu is None:
        at, size = NO_APDU, 0
    else:
        octets, _, values, at = apdu
        size = len(octets)
        is_plain = is_plain and values is not None and at >= 0
    return _new(Packed, (record.octets, at, size, control, "" if is_plain else _dumps(_extra(record))))


def _extra(record: Record) -> dict[str, Any]:
    """Gather what is rare, by name."""
    apdu, layers, closed = record.apdu, record.protection, record.closed
    found: dict[str, Any] = {
        name: form.write(one)
        for (name, form), one, usual in zip(_RARE.items(), _rare(record), _USUAL, strict=True)
        if one != usual
    }
    if len(record.packets) != 1 or record.packets[0] >= _LARGE:
        found["packets"] = record.packets
    if apdu is not None and (apdu.at < 0 or apdu.values is None or layers):
        found["apdu"] = _apdu_form(apdu)
    if closed is not None:
        found["closed"] = layers.index(closed) if closed in layers else _closed_form(closed)
    return found


def _apdu_form(apdu: Apdu) -> list[Any]:
    """Give the octets of *apdu*, where it stands, and whether it has a layer and values."""
    return [apdu.octets.hex(), apdu.at, (apdu.entry is not None) + (apdu.values is not None)]


def _apdu_from(form: Sequence[Any]) -> Apdu:
    octets, at, has = bytes.fromhex(form[0]), form[1], form[2]
    return _read(octets, at, has)


def _read(octets: bytes, at: int, has: int) -> Apdu:
    """Read an APDU again that had a layer (1) and values (2)."""
    if not has:
        return Apdu(octets, None, None, at)
    found, values = scan_apdu(octets, 0, len(octets))
    if has == 1:
        return Apdu(octets, found or entry(octets, 0, len(octets)), None, at)
    return Apdu(octets, found, scan_loosely(octets, found) if values is None else values, at)


def _closed_form(closed: Closed) -> list[Any]:
    plaintext = masked_apdu(closed.plaintext) if closed.plaintext else b""
    return [
        closed.octets.hex(), closed.status, plaintext.hex(), closed.key, closed.is_opened, closed.around.hex(),
    ]  # fmt: skip


def _closed_from(form: Sequence[Any]) -> Closed | None:
    octets, status, plaintext, key, is_opened, around = form
    stood = bytes.fromhex(octets)
    found, values = scan_apdu(stood, 0, len(stood))
    if found is not None and values is None:
        values = scan_loosely(stood, found)
    if values is None and (fragment := read_fragment(stood)) is not None:
        found, values = fragment.entry, fragment.values
    if found is None or values is None:
        return None
    return Closed(stood, found, values, status, bytes.fromhex(plaintext), key, is_opened, bytes.fromhex(around))


def unpack(row: Row, packed: Packed, lane: Lane) -> Record:
    """Make the record of *row* again."""
    record = Record()
    record.number, record.time_ns, record.packets = row.number, row.time_ns, (row.packet,)
    path, subject = row.path, row.subject
    record.lane, record.link, record.kind, record.direction = lane, path.link, path.kind, path.direction
    record.client, record.server = path.client, path.server
    record.association, record.request, record.latency_ns = row.association, row.request, row.latency_ns
    record.objects, record.octets = subject.objects, packed.octets
    if packed.control != NO_CONTROL:
        record.control = packed.control
    extra = json.loads(packed.extra) if packed.extra else {}
    if "apdu" in extra:
        record.apdu = _apdu_from(extra.pop("apdu"))
    elif packed.at >= 0:
        record.apdu = _read(packed.octets[packed.at : packed.at + packed.size], packed.at, 2)
    if "packets" in extra:
        record.packets = tuple(extra.pop("packets"))
    for name, form in extra.items():
        setattr(record, name, _RARE[name].read(form))
    if isinstance(record.closed, int):
        record.closed = record.protection[record.closed] if record.closed < len(record.protection) else None
    return record


def renumber(record: Record, numbers: Sequence[int]) -> None:
    """Let what *record* says of other records name them by *numbers*, from the first, not by how its maker counted."""

    def called(number: int) -> int:
        return numbers[number - 1] if number else 0

    if record.part_of is not None:
        record.part_of = called(record.part_of)
    if record.parts:
        record.parts = tuple(map(called, record.parts))
    if any(note.code in _NAME_RECORDS for note in record.notes):
        record.notes = tuple(
            note._replace(
                text=_NUMBER.sub(lambda found: f"record {called(int(found[1]))}", note.text),
                before=called(note.before) if note.before else 0,
            )
            if note.code in _NAME_RECORDS
            else note
            for note in record.notes
        )


_NUMBER = re.compile(r"\brecord ([0-9]+)")
_NAME_RECORDS = frozenset({"invocation-counter-repeated", "line-echo", "mbus-segment-missing", "tcp-retransmission"})
"""Codes of notes whose texts name other records. Where keys change one process makes all records."""


def _same(form: Any) -> Any:
    return form


def _notes_from(forms: Sequence[Sequence[Any]]) -> tuple[Note, ...]:
    return tuple(Note(one[0], Severity(one[1]), *one[2:]) for one in forms)


def _closed_or_place(form: Any) -> Any:
    return form if isinstance(form, int) else _closed_from(form)


class _Form(NamedTuple):
    """How a rare member becomes plain values, and how it is read again; numbers and texts stand for themselves."""

    write: Callable[[Any], Any] = _same
    read: Callable[[Any], Any] = _same


_RARE = {
    "start_ns": _Form(), "begin_ns": _Form(), "problem": _Form(), "part_of": _Form(), "station": _Form(),
    "heading": _Form(), "parts": _Form(read=tuple), "llc": _Form(read=tuple), "notes": _Form(read=_notes_from),
    "gateway": _Form(bytes.hex, bytes.fromhex),
    "assembled": _Form(_apdu_form, _apdu_from), "incomplete": _Form(_apdu_form, _apdu_from),
    "more": _Form(lambda apdus: list(map(_apdu_form, apdus)), lambda forms: tuple(map(_apdu_from, forms))),
    "protection": _Form(
        lambda layers: list(map(_closed_form, layers)),
        lambda forms: tuple(one for one in map(_closed_from, forms) if one is not None),
    ),
    "closed": _Form(read=_closed_or_place),
}  # fmt: skip
"""What no row holds and a usual record has not, by name; packets and the APDU itself are looked at apart."""
_rare = attrgetter(*_RARE)
_USUAL: tuple[Any, ...] = _rare(Record())
