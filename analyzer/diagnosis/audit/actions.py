"""Actions that reach beyond a meter's data, firmware images and switching, and whether they go in clear.

Source: IEC 62056-6-2 (Image transfer, Disconnect control, Script table) and IEC 62056-6-1 for the names of the tables.
"""

from __future__ import annotations

from analyzer.diagnosis.audit.ledger import FAIL, INCONCLUSIVE, Ledger, watcher
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
_SET = "set-request"
_ANSWERS = (b"\xc7\x01", b"\xc5\x01")
"""How an answer begins that tells the result of one method, or of writing one attribute."""


@watcher
def grave(ledger: Ledger, record: Record, one: Association | None) -> None:
    """Look at firmware images and switching: a request in clear that the meter follows."""
    about = record.lane.conversation, record.client, record.server, record.gateway
    if record.direction is REQUEST:
        is_set = record.apdu is not None and record.apdu.family == _SET
        done = [said for each in record.objects if (said := _what_is_done(each, is_set=is_set))]
        if done and record.kind is not PART:
            ledger.remember("grave", about, (record.number, done[0], bool(record.protection)))
        return
    apdu = record.apdu
    asked = ledger.state.get(("grave", about)) if record.direction is RESPONSE and apdu is not None else None
    if apdu is None or not isinstance(asked, tuple) or asked[0] != record.request:
        return
    number, done_first, is_protected = asked
    ledger.saw("grave-action", number)
    if is_protected or is_error(apdu.octets):
        return
    is_done = apdu.octets[:2] in _ANSWERS
    text = f"{done_first} in clear" + ("" if is_done else ", and whether the meter did it is not known")
    ledger.find("grave-actions", FAIL if is_done else INCONCLUSIVE, text, number, record.number)


def _what_is_done(one: Object, *, is_set: bool) -> str | None:
    """Say what a request does that is grave."""
    number = one.class_id, one.attribute
    if not one.is_method:
        return _GRAVE_SETTINGS.get(number) if is_set else None
    return _SCRIPTS.get(one.logical_name[2:5]) if number == _EXECUTE else _GRAVE.get(number)
