"""Actions that reach beyond a meter's data, firmware images and switching, and whether they go in clear.

Source: IEC 62056-6-2 (Image transfer, Disconnect control, Script table) and IEC 62056-6-1 for the names of the tables.
"""

from __future__ import annotations

from analyzer.diagnosis.audit.ledger import FAIL, INCONCLUSIVE, MOST_ASSOCIATIONS, Ledger, closing, watcher
from analyzer.record import PART, REQUEST, RESPONSE, Object, Record
from analyzer.tracking.history import Association
from analyzer.tracking.usual_exchanges import is_error

_GRAVE = {
    **{(18, method): "a firmware image is transferred" for method in (1, 2, 3)},
    (18, 4): "a firmware image is activated",
    (70, 1): "the supply is switched off",
    (70, 2): "the supply is switched on",
}
"""By class and method: what is done."""
_GRAVE_SETTINGS = {(70, 4): "the control mode of the disconnector is set"}
"""By class and attribute: what is done by writing it."""
_SCRIPTS = {
    bytes((10, 0, 106)): "a script of disconnection is executed",
    bytes((10, 0, 107)): "a script of image activation is executed",
}
"""By value groups C to E of the script table: what is done."""
_EXECUTE = (9, 1)
_ASKS = {b"\xc1": True, b"\x06": True, b"\x16": True, b"\xc3": False, b"\xd9": False, b"\x05": False}
"""Tags of requests that may do such a thing, and whether they write what is no method."""
_READ_RESPONSE = b"\x0c"
_ANSWERS = (b"\xc7\x01", b"\xc5\x01", b"\x0d\x01", b"\x0c\x01")
"""How an answer begins that tells the result of one method, or of writing one attribute."""


@watcher
def grave(ledger: Ledger, record: Record, one: Association | None) -> None:
    """Look at firmware images and switching: good where they go protected; in clear it counts what the meter does."""
    apdu = record.apdu
    if apdu is None:
        return
    tag = apdu.octets[:1]
    if record.direction == RESPONSE:
        if tag == _READ_RESPONSE:
            ledger.names.learn(record)
        done = ledger.grave.pop(record.request or 0, None) if ledger.grave else None
        if done is not None:
            _answered(ledger, record, apdu.octets, done)
    elif record.direction == REQUEST and tag in _ASKS and record.kind != PART:
        done = next((said for each in record.objects if (said := _what_is_done(ledger, record, each, tag))), None)
        if done is not None and record.protection:
            ledger.saw("grave-action", record.number)
        elif done is not None:
            if len(ledger.grave) >= MOST_ASSOCIATIONS:
                _unanswered(ledger, next(iter(ledger.grave)))
            ledger.grave[record.number] = done


def _answered(ledger: Ledger, record: Record, octets: bytes, done: str) -> None:
    """Judge what was asked in clear by its answer."""
    verdict, text = INCONCLUSIVE, f"{done} in clear, and whether the meter did it is not known"
    if is_error(octets):
        text = f"asked in clear, and refused: {done}"
    elif octets[:2] in _ANSWERS:
        verdict, text = FAIL, f"{done} in clear"
    ledger.find("grave-actions", verdict, text, record.request or 0, record.number)


def _unanswered(ledger: Ledger, request: int) -> None:
    """Judge what was asked in clear without an answer: the meter may have done it."""
    text = f"asked in clear, and no answer tells whether the meter did it: {ledger.grave.pop(request)}"
    ledger.find("grave-actions", INCONCLUSIVE, text, request)


@closing
def unanswered(ledger: Ledger) -> None:
    """Look at what was asked in clear and never answered."""
    for request in list(ledger.grave):
        _unanswered(ledger, request)


def _what_is_done(ledger: Ledger, record: Record, one: Object, tag: bytes) -> str | None:
    """Say what a request does that is grave."""
    if not one.logical_name:
        one = ledger.names.meter_of(record).object_of(one, record.number)
    number = one.class_id, one.attribute
    if not one.is_method:
        return _GRAVE_SETTINGS.get(number) if _ASKS[tag] else None
    return _SCRIPTS.get(one.logical_name[2:5]) if number == _EXECUTE else _GRAVE.get(number)
