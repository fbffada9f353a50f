"""A record to its row: numbers as they are, all that comes again and again by its place in a list."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from typing import Any

from analyzer.diagnosis.refusals import association_refusals, service_refusals
from analyzer.record import PART, REQUEST, Apdu, Objects, Record
from analyzer.table.table import Cells
from analyzer.table.words import NO_MARKS, Marks, Path, Subject, Words
from analyzer.tracking.attributes import held_values, holds_values
from analyzer.tracking.frame_checks import has_no_source
from dissectors.gateway import device_text
from dissectors.hdlc_octets import FLAG, control_place, scan_addresses
from dissectors.scanning import Entry
from dissectors.tree import Note, Problem

SUCCESS = "success"
_RESULT = "result-"
_FORMAT = _FCS = 2
_MBUS_OVERHEAD = 11
"""Octets of a long frame with CI, STSAP and DTSAP around what it carries."""
_LARGEST = 1 << 63
_BLOCKS = "general-block-transfer"
_PACKET = 0xFFFFFFFF
_MOST_KNOWN = 1 << 16
_INTEGERS = {
    3: (1, False), 5: (4, True), 6: (4, False), 15: (1, True), 16: (2, True), 17: (1, False), 18: (2, False),
    20: (8, True), 21: (8, False), 22: (1, False),
}  # fmt: skip
"""Tags of Data that is one integer: how many octets, whether signed. Source: IEC 62056-6-2, Data types."""


class Rows:
    """Makes rows; *paths*, *subjects* and *marks* gather what they name."""

    def __init__(self) -> None:
        self.paths: Words[Path] = Words()
        self.subjects: Words[Subject] = Words()
        self.marks: Words[Marks] = Words()
        self.marks.add((), NO_MARKS)
        self._subjects: dict[tuple[object, ...], tuple[int, Objects]] = {}
        """Places of subjects by the very objects of a record: most requests come again as they were."""

    def row(self, record: Record) -> Cells:
        """Give the cells of *record*."""
        lane, apdu, direction = record.lane, record.apdu, record.direction
        gateway = record.gateway
        key = (lane, record.link, record.kind, direction, record.client, record.server, gateway)
        path = self.paths.codes.get(key)
        if path is None:
            device = device_text(gateway) if gateway else ""
            path = self.paths.add(
                key, Path(lane.text, lane.conversation, lane.side, *key[1:-1], device, lane.transport)
            )
        raw, data, result, carried, plain = None, 0, "", 0, 0
        entry: Entry | None = None
        if apdu is not None:
            octets, entry, values, at = apdu
            carried = plain = len(octets)
            if at < 0 or record.more:
                carried = _carried(record, apdu)
            if entry is not None:
                is_silent, reader, holds, is_block = _PLANS.get(entry) or _plan(entry)
                if is_block:
                    plain = 0  # the APDU that the blocks make is counted once they are joined
                if values is not None and not is_silent:
                    if reader is not None:
                        result, raw, data = reader(octets, values, entry.slots)
                    elif record.assembled is not None or (holds and record.kind != PART):
                        data = sum(held.end - held.start for held in held_values(record))
                    if not result and direction != REQUEST:
                        result = _refused(record)
        elif record.kind == PART:
            carried = _information(record)
        objects, closed, notes, packets = record.objects, record.closed, record.notes, record.packets
        if closed is None and entry is not None and entry.may_be_closed:
            closed = record.unopened
        status = closed.status if closed is not None else ""
        subject_key = (entry, id(objects), result, status)
        known = self._subjects.get(subject_key)
        subject = known[0] if known is not None and entry is not None else self._subject(record, result, status)
        return (
            record.time_ns, packets[0] & _PACKET if packets else 0, path, subject, self.marks_of(notes) if notes else 0,
            record.association, record.request, record.latency_ns, raw, len(record.octets), carried, plain, data,
        )  # fmt: skip

    def _subject(self, record: Record, result: str, status: str) -> int:
        """Find the place of what *record* is about."""
        apdu, objects = record.apdu, record.objects
        entry = apdu.entry if apdu is not None else None
        service = apdu.family if apdu is not None else ""
        key = (entry or service, objects, result, status)
        code = self.subjects.codes.get(key)
        if code is None:
            name = entry.asn1 if entry is not None else service
            code = self.subjects.add(key, Subject(service, name, objects, result, status))
        if len(self._subjects) >= _MOST_KNOWN:
            self._subjects.clear()
        self._subjects[entry, id(objects), result, status] = (code, objects)
        return code

    def marks_of(self, notes: tuple[Note, ...]) -> int:
        """Find the place of what *notes* say."""
        key = tuple((note.code, note.severity, note.cause) for note in notes)
        code = self.marks.codes.get(key)
        if code is None:
            codes, causes, groups = (
                tuple(dict.fromkeys(texts))
                for texts in zip(*((note.code, note.cause, note.group) for note in notes), strict=True)
            )
            worst = max(int(note.severity) for note in notes)
            code = self.marks.add(key, Marks(worst, codes, tuple(filter(None, causes)), groups))
        return code


def _refused(record: Record) -> str:
    """Say what the APDU of *record* refuses; success where it is an answer and refuses nothing."""
    refusal = next(chain(service_refusals(record), association_refusals(record)), None)
    if refusal is not None:
        return refusal.code.removeprefix(_RESULT)
    return SUCCESS if record.request is not None else ""


def _carried(record: Record, apdu: Apdu) -> int:
    """Count the octets of the frame that belong to an APDU, as they stood."""
    if apdu.at >= 0:
        return len(apdu.octets) + sum(len(one.octets) for one in record.more)
    layers = record.protection
    stood = len(layers[0].stood) if layers else len(apdu.octets)
    if record.parts or record.part_of is not None or stood > len(record.octets):
        return _information(record)
    return stood


def _information(record: Record) -> int:
    """Count the octets of a segment: what stands between the headers and the checksum of its frame."""
    octets = record.octets
    if record.link != "hdlc":
        return max(len(octets) - _MBUS_OVERHEAD, 0)
    begin = 1 if octets[0] == FLAG else 0
    end = len(octets) - (octets[-1] == FLAG) - _FCS
    try:
        if has_no_source(record):
            control_at = control_place(octets, begin, end)
        else:
            control_at = scan_addresses(octets, begin + _FORMAT, end)[1]
        return max(end - control_at - 1 - _FCS, 0)
    except (Problem, IndexError):
        return 0


Read = tuple[str, int | None, int]
Slots = dict[str, int]
Reader = Callable[[bytes, tuple[Any, ...], Slots], Read]


def integer(octets: bytes, start: int) -> int | None:
    """Read the Data at *start* where it is one integer of at most 63 bits."""
    size = _INTEGERS.get(octets[start])
    if size is None:
        return None
    value = int.from_bytes(octets[start + 1 : start + 1 + size[0]], "big", signed=size[1])
    return value if value < _LARGEST else None


def _get_normal(octets: bytes, values: tuple[Any, ...], slots: Slots) -> Read:
    choice, inside = values[slots["result"]]
    if choice != 0:
        return "", None, 0
    start, end = inside[1]
    return SUCCESS, integer(octets, start), end - start


def _get_block(octets: bytes, values: tuple[Any, ...], slots: Slots) -> Read:
    choice, inside = values[slots["result"]]
    return (SUCCESS, None, len(inside[1])) if choice == 0 else ("", None, 0)


def _plain_result(octets: bytes, values: tuple[Any, ...], slots: Slots) -> Read:
    return (SUCCESS if values[slots["result"]] == 0 else ""), None, 0


def _written(name: str) -> Reader:
    def read(octets: bytes, values: tuple[Any, ...], slots: Slots) -> Read:
        start, end = values[slots[name]]
        return "", integer(octets, start), end - start

    return read


def _action_result(octets: bytes, values: tuple[Any, ...], slots: Slots) -> Read:
    returned = values[slots["return_parameters"]]
    size, raw = 0, None
    if returned is not None and returned[0] == 0:
        start, end = returned[1][1]
        size, raw = end - start, integer(octets, start)
    return (SUCCESS if values[slots["result"]] == 0 else ""), raw, size


def _parameters(octets: bytes, values: tuple[Any, ...], slots: Slots) -> Read:
    span = values[slots["method_invocation_parameters"]]
    return ("", integer(octets, span[0]), span[1] - span[0]) if isinstance(span, tuple) else ("", None, 0)


def _notified(octets: bytes, values: tuple[Any, ...], slots: Slots) -> Read:
    start, end = values[slots["data_value"]]
    return "", None, end - start


_READERS: dict[str, Reader] = {
    "get-response-normal": _get_normal,
    "get-response-with-datablock": _get_block,
    "set-request-normal": _written("value"),
    "set-response-normal": _plain_result,
    "action-request-normal": _parameters,
    "action-response-normal": _action_result,
    "event-notification-request": _written("attribute_value"),
    "data-notification": _notified,
}
"""How result, integer and octets of Data are found in the APDUs that are met most."""
_PLANS: dict[Entry, tuple[bool, Reader | None, bool, bool]] = {}
"""By the layer of an APDU: whether it refuses nothing, how it is read, whether it holds values, is it a block."""


def _plan(entry: Entry) -> tuple[bool, Reader | None, bool, bool]:
    name = entry.asn1
    found = _PLANS[entry] = (name in _SILENT, _READERS.get(name), holds_values(name), entry.family == _BLOCKS)
    return found


_SILENT = frozenset({"get-request-normal", "get-request-next", "set-request-normal", "action-request-normal"})
"""Requests, which refuse nothing."""
