"""Whom a simulated meter lets in: passwords, and the four passes of high level security.

Source: IEC 62056-5-3 (authentication mechanisms), IEC 62056-6-2 (Association LN and SN, reply_to_HLS_authentication).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analyzer.simulate.association import LOW_LEVEL, LOWEST, MECHANISM, Association
from analyzer.simulate.forms import form_of, octet_string
from analyzer.simulate.objects import READ_WRITE_DENIED, SUCCESS
from analyzer.simulate.sent import Form
from analyzer.simulate.services_ln import echo
from dissectors.pdu import Layer
from dissectors.xdlms.action import ActionRequestNormal, ActionResponseNormal
from dissectors.xdlms.short_name import ParameterizedAccess, ReadRequest, ReadResponse

if TYPE_CHECKING:
    from analyzer.simulate.meter import Meter

NO_REASON, AUTHENTICATION_FAILURE, AUTHENTICATION_REQUIRED = 0, 13, 14
MECHANISM_NOT_RECOGNISED, PASSWORD_REQUIRED = 11, 12
"""Diagnostics of an AARE. The one that asks for a high level security's further passes is no error."""
ASSOCIATION_LN, REPLY = 15, 1
REPLY_NAME = 0xFA58
"""The short name of the method of the Association SN that takes an answer."""


def admit(meter: Meter, request: Any) -> int:
    """Judge an AARQ by its mechanism and password: gives the diagnostic."""
    mechanism = request.mechanism_name or LOWEST
    value: bytes = (request.calling_authentication_value or ("", b""))[1]
    security = meter.side.security if meter.side else None
    if security is None:
        wanted, password = (LOW_LEVEL if meter.password else LOWEST), meter.password
    else:
        wanted, password = f"{MECHANISM}{int(security.mechanism)}", security.secret
    if wanted == LOWEST:
        return NO_REASON
    if mechanism != wanted:
        return PASSWORD_REQUIRED if mechanism == LOWEST else MECHANISM_NOT_RECOGNISED
    if security and security.mechanism.is_high:
        return AUTHENTICATION_REQUIRED if value else AUTHENTICATION_FAILURE
    return NO_REASON if value == password else AUTHENTICATION_FAILURE


def reply(meter: Meter, association: Association, request: Any) -> Layer | None:
    """Answer pass 3 with pass 4, or refuse it; None where the request is another one."""
    proof = _proof(request)
    if meter.side is None or association.challenges is None or proof is None:
        return None
    own, other = association.challenges
    answer: Form | None = None
    if meter.side.believes(proof, own, other):
        association.challenges = None
        answer = octet_string(meter.side.prove(own, other))
    if isinstance(request, ReadRequest):
        return ReadResponse(results=[{"data": answer} if answer else {"data-access-error": READ_WRITE_DENIED}])
    outcome = {"result": SUCCESS, "return_parameters": {"data": answer}} if answer else {"result": READ_WRITE_DENIED}
    return ActionResponseNormal(**echo(request), single_response=outcome)


def _proof(request: Any) -> bytes | None:
    """Find what answers the meter's challenge; None where the request is for something else."""
    if isinstance(request, ActionRequestNormal):
        target, given = request.cosem_method_descriptor, request.method_invocation_parameters
        if (target.class_id, target.method_id) != (ASSOCIATION_LN, REPLY):
            return None
    elif isinstance(request, ReadRequest) and len(request.variable_access_specification) == 1:
        (wanted,) = request.variable_access_specification
        if not isinstance(wanted, ParameterizedAccess) or wanted.variable_name != REPLY_NAME:
            return None
        given = wanted.parameter
    else:
        return None
    form = {} if given is None else form_of(given)
    return bytes.fromhex(str(form.get("octet-string", "")))
