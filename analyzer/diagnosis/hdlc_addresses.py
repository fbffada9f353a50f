"""Addresses of HDLC that cannot be right, and those that a meter does not take: swapped, reserved, of another length.

Source: IEC 62056-46 (address fields: one octet for a client; one, two or four for a server).
"""

from __future__ import annotations

from analyzer.diagnosis.family import Family
from analyzer.diagnosis.hdlc_state import SNRM, UA, address_lengths
from analyzer.diagnosis.story import CERTAIN, LIKELY, POSSIBLE
from analyzer.diagnosis.words import octets as octets_text
from analyzer.record import REQUEST, Record

_CODE = "hdlc-address-unusual"
_MOST_LINES = 4096
_RESERVED = range(2, 16)
"""Upper server addresses that IEC 62056-46 reserves."""
_ANSWERS_OTHERWISE = (
    "SNRM was sent to server {before.server} in {called} (record {before.number}), and {record.server} answers with "
    "{answering}: a meter answers in the length that it was called by"
)
_TAKES_OTHER = (
    "SNRM to server {before.server} in {called} (record {before.number}) was not answered, and to {record.server} in "
    "{answering} it was: a meter takes its address in one length only"
)


class HdlcAddresses:
    """Who was called on each line, and in how many octets."""

    def __init__(self, family: Family) -> None:
        self._family = family
        self._taken: set[tuple[int, object, str, int]] = set()
        """By conversation and client: logical devices that a length of addresses was right for."""
        self._vain: dict[int, Record] = {}
        """By conversation: the last SNRM that was not answered before the client called another address."""

    def look(self, record: Record) -> None:
        """Look at the first frame between a client and a server."""
        report = self._family.report
        is_set_up = (record.control or 0) & 0xEF in (SNRM, UA)  # a push may go to any address
        if is_set_up and isinstance(record.client, str) and isinstance(record.server, int):
            text = (
                f"the client's address {record.client} has more than one octet and the server's ({record.server}) one: "
                "a client's address always has one octet, so the two may be swapped"
            )
            report(record, _CODE, "addresses-swapped", POSSIBLE, text)
        lengths = address_lengths(record.octets)
        if 3 in lengths and not any(note.code in ("hdlc-hcs-wrong", _CODE) for note in record.notes):
            text = f"an address has three octets ({lengths[0]} and {lengths[1]}); there are 1, 2 and 4"
            report(record, _CODE, "three-octet-address", CERTAIN, text)
        if record.direction != REQUEST:
            return
        upper = _upper(record)
        if upper == "0" or record.client == 0:
            text = f"the {'server' if upper == '0' else 'client'} address is 0, which is no station"
            report(record, _CODE, "reserved-address", CERTAIN, text)
        elif upper.isdecimal() and int(upper) in _RESERVED:
            text = f"server address {upper} is reserved; usable are 1 and 16 to 125"
            report(record, _CODE, "reserved-address", CERTAIN, text)

    def called(self, record: Record, before: Record | None) -> None:
        """Take an SNRM: where the frame *before* it is one to another address, that was in vain."""
        if before is None or (before.control or 0) & 0xEF != SNRM:
            return
        if before.server != record.server and before.client == record.client:
            if len(self._vain) >= _MOST_LINES:
                self._vain.clear()
            self._vain[record.lane.conversation] = before

    def answered(self, record: Record) -> None:
        """Report UA behind an SNRM in vain to the same logical device, by an address of another length."""
        self._take(record, record)
        vain = self._vain.pop(record.lane.conversation, None)
        if vain is not None and _upper(vain) == _upper(record):
            self._compare(record, vain, LIKELY, _TAKES_OTHER)

    def answers_for(self, record: Record, before: Record) -> None:
        """Report UA from an address of another length than that of the SNRM *before* it."""
        self._take(record, before)
        self._compare(record, before, CERTAIN, _ANSWERS_OTHERWISE)

    def takes_other(self, record: Record) -> bool:
        """Tell whether the device that an SNRM called answers to an address of another length."""
        place = (record.lane.conversation, record.client, _upper(record))
        called = address_lengths(record.octets)[0]
        return any((*place, length) in self._taken for length in (1, 2, 4) if length != called)

    def _take(self, record: Record, called: Record) -> None:
        """Remember the length of address in which a device answers."""
        if len(self._taken) >= _MOST_LINES:
            self._taken.clear()
        self._taken.add((record.lane.conversation, record.client, _upper(called), address_lengths(record.octets)[1]))

    def _compare(self, record: Record, before: Record, confidence: str, text: str) -> None:
        called, answering = address_lengths(before.octets)[0], address_lengths(record.octets)[1]
        if called != answering:
            text = text.format(before=before, record=record, called=octets_text(called), answering=answering)
            self._family.report(record, _CODE, "address-length-differs", confidence, text)


def _upper(record: Record) -> str:
    """Give the upper part of a server's address: the logical device."""
    return str(record.server).partition(".")[0]
