"""Which APDU is asked, which answers, and which answer belongs to which request: tables over APDU names."""

from __future__ import annotations

from analyzer.record import REQUEST, RESPONSE, UNSOLICITED

_PLAIN_ROLES: dict[str, str] = {
    "aarq": REQUEST, "aare": RESPONSE, "rlrq": REQUEST, "rlre": RESPONSE,
    "initiateRequest": REQUEST, "initiateResponse": RESPONSE,
    "get-request": REQUEST, "get-response": RESPONSE, "set-request": REQUEST, "set-response": RESPONSE,
    "action-request": REQUEST, "action-response": RESPONSE,
    "access-request": REQUEST, "access-response": RESPONSE,
    "readRequest": REQUEST, "readResponse": RESPONSE, "writeRequest": REQUEST, "writeResponse": RESPONSE,
    "unconfirmedWriteRequest": REQUEST, "confirmedServiceError": RESPONSE, "exception-response": RESPONSE,
    "event-notification-request": UNSOLICITED, "data-notification": UNSOLICITED,
    "informationReportRequest": UNSOLICITED, "data-notification-confirm": REQUEST,
}  # fmt: skip

ROLES: dict[str, str] = _PLAIN_ROLES | {
    f"{prefix}-{name}": role for name, role in _PLAIN_ROLES.items() for prefix in ("glo", "ded")
}
"""Direction by APDU name; names that are missing (general-…) tell nothing."""

_ANSWERED_BY: dict[str, str] = {
    "aarq": "aare", "rlrq": "rlre", "get-request": "get-response", "set-request": "set-response",
    "action-request": "action-response", "access-request": "access-response",
    "readRequest": "readResponse", "writeRequest": "writeResponse",
}  # fmt: skip

ANSWERED_BY: dict[str, str] = (
    _ANSWERED_BY
    | {f"{prefix}-{one}": f"{prefix}-{other}" for one, other in _ANSWERED_BY.items() for prefix in ("glo", "ded")}
    | {name: name for name in ("general-glo-ciphering", "general-ded-ciphering", "general-ciphering", "tag-00")}
)
"""Which answer each request has in the normal case; those that stay closed have theirs."""

_CLOSED = frozenset({"general-glo-ciphering", "general-ded-ciphering", "general-ciphering"})
"""APDUs that stayed closed, whose service nobody knows."""


def is_closed(family: str) -> bool:
    """Tell whether an APDU of *family* is one that stayed closed."""
    return family in _CLOSED or family[:4] in ("glo-", "ded-")


def may_answer(asked: str, family: str) -> bool:
    """Tell whether *family* may answer *asked* of which one stayed closed: the keys of one side alone are given."""
    if (asked in _CLOSED) != (family in _CLOSED):
        return True
    asked_plain, plain = (one[4:] if one[:4] in ("glo-", "ded-") else one for one in (asked, family))
    return (asked_plain == asked) != (plain == family) and _ANSWERED_BY.get(asked_plain) == plain


REFUSALS = frozenset({
    "exception-response", "confirmedServiceError", "glo-confirmedServiceError", "ded-confirmedServiceError",
})  # fmt: skip
"""Answers to any request."""
