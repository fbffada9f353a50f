"""Actions that reach beyond a meter's data, firmware images and switching, and whether they go in clear.

Source: IEC 62056-6-2 (Image transfer, Disconnect control).
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
_ANSWER = b"\xc7\x01"
"""How an answer begins that tells the result of one method."""


@watcher
def grave(ledger: Ledger, record: Record, one: Association | None) -> None:
    """Look at firmware images and switching: a request in clear that the meter follows."""
    about = record.lane.conversation, record.client, record.server, record.gateway
    if record.direction is REQUEST:
        done = [_GRAVE[each.class_id, each.attribute] for each in record.objects if _is_grave(each)]
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
    is_done = apdu.octets[:2] == _ANSWER
    text = f"{done_first} in clear" + ("" if is_done else ", and whether the meter did it is not known")
    ledger.find("grave-actions", FAIL if is_done else INCONCLUSIVE, text, number, record.number)


def _is_grave(one: Object) -> bool:
    return one.is_method and (one.class_id, one.attribute) in _GRAVE
