"""What a code of refusal usually comes from: the octets of an answer with that code, given to what judges answers.

So ``explain`` says of a number what ``doctor`` says where the number is all that is known.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from analyzer.diagnosis.refusals import service_refusals
from analyzer.diagnosis.refused import why_refused
from analyzer.record import Apdu, Lane, Record
from analyzer.tracking.acse_terms import answer_of
from analyzer.tracking.history import Association
from dissectors.scanning import scan_apdu

_AARE = bytes.fromhex("6117 A109 060760857405080101 A203020101 A305 A1030201 00")
_ACCEPTED = bytes.fromhex("6117 A109 060760857405080101 A203020100 A305 A1030201 00")
_EXPECTED_COUNTER = bytes(4)


class Usual(NamedTuple):
    """The fact that a code is reported as, and its causes, the likeliest first; empty where it is no refusal."""

    fact: str = ""
    causes: tuple[str, ...] = ()


NOTHING = Usual()


def of_get_result(number: int) -> Usual:
    """Judge a data-access-result."""
    return _of_service(bytes((0xC4, 1, 0xC1, 1, number)))


def of_action_result(number: int) -> Usual:
    """Judge an action-result."""
    return _of_service(bytes((0xC7, 1, 0xC1, number, 0)))


def of_exception(number: int) -> Usual:
    """Judge the service-error of an exception-response."""
    return _of_service(bytes((0xD8, 1, number)) + _EXPECTED_COUNTER * (number == 6))


def of_service_error(error_class: int, error: int) -> Usual:
    """Judge class and number of a confirmedServiceError."""
    return _of_service(bytes((0x0E, 5, error_class, error)))


def of_diagnostic(number: int, *, is_provider: bool = False) -> Usual:
    """Judge the diagnostic of an AARE that refuses; *is_provider* for those of the acse-service-provider."""
    octets = bytearray(_AARE)
    octets[-1] = number
    if is_provider:
        octets[-5] = 0xA2
    record = _record(bytes(octets))
    found = why_refused(_association(record), record)
    return Usual("association-rejected", (found.cause, *(one.cause for one in found.alternatives)))


@cache
def _of_service(octets: bytes) -> Usual:
    """Judge an answer in an association that was accepted."""
    for one in service_refusals(_record(octets), _association(_record(_ACCEPTED))):
        causes = tuple(filter(None, (one.cause, *(other.cause for other in one.alternatives))))
        return Usual(one.code, causes)
    return NOTHING


def _record(octets: bytes) -> Record:
    record = Record()
    record.lane = Lane(0, 0, "")
    entry, values = scan_apdu(octets, 0, len(octets))
    record.apdu = Apdu(octets, entry, values)
    return record


def _association(record: Record) -> Association:
    one = Association(1, 0, "", None, None)
    assert record.apdu is not None
    one.answer = answer_of(record, record.apdu)
    return one
