"""A simulated meter: takes APDUs as octets, answers with APDUs as a meter would. Source: IEC 62056-5-3."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import dissectors.reader  # noqa: F401 -- registers all APDUs
from analyzer.simulate import authentication, services_ln, services_sn
from analyzer.simulate.association import (
    LN_CIPHERED,
    LN_CONFORMANCE,
    LN_CONTEXT,
    SN_CIPHERED,
    SN_CONFORMANCE,
    SN_CONTEXT,
    Association,
)
from analyzer.simulate.forms import octets_of
from analyzer.simulate.objects import OBJECT_CLASS_INCONSISTENT, OBJECT_UNDEFINED, CosemObject
from analyzer.simulate.secured import Side
from analyzer.simulate.security import Security
from analyzer.simulate.sent import TO_CLIENT, Form
from dissectors import registry
from dissectors.acse import Aare, Aarq, Rlre, Rlrq
from dissectors.pdu import Layer
from dissectors.tree import Problem
from dissectors.xdlms.error import ConfirmedServiceError, ExceptionResponse
from dissectors.xdlms.initiate import Conformance, InitiateRequest, InitiateResponse

ACCEPTED, REJECTED = 0, 1
NO_REASON, CONTEXT_NOT_SUPPORTED, AUTHENTICATION_REQUIRED = 0, 2, 14
SERVICE_NOT_ALLOWED, SERVICE_UNKNOWN = 1, 2
OPERATION_NOT_POSSIBLE, SERVICE_NOT_SUPPORTED, PDU_TOO_LONG = 1, 2, 4
LN_VAA_NAME, SN_VAA_NAME = 0x0007, 0xFA00

_BITS = Conformance("conformance")


class Meter:
    """One logical device. Octets: *max_receive_pdu_size* is what it takes in one APDU.

    A *password* makes it ask for low level security; with *security* it asks for its mechanism, and has its own *side*
    of all associations.
    """

    def __init__(
        self,
        objects: Iterable[CosemObject],
        *,
        server: str = "1",
        max_receive_pdu_size: int = 1024,
        password: bytes = b"",
        security: Security | None = None,
    ) -> None:
        self.side = Side(security, TO_CLIENT) if security else None
        self.objects = {one.logical_name: one for one in objects}
        self.server = server
        self.max_receive_pdu_size = max_receive_pdu_size
        self.password = password
        self.now_ns = 0
        self.associations: dict[int, Association] = {}

    def answer(self, request: bytes, client: int, now_ns: int) -> bytes | None:
        """Answer the APDU *request* of *client* at a time; None where the service is not confirmed. Total."""
        self.now_ns = now_ns
        if len(request) > self.max_receive_pdu_size:
            return octets_of(ExceptionResponse(state_error=SERVICE_NOT_ALLOWED, service_error=PDU_TOO_LONG))
        found = registry.pick(request, 0, len(request))
        if found is None:
            return _refusal(SERVICE_UNKNOWN, SERVICE_NOT_SUPPORTED)
        try:
            packet, _ = found[1].read_packet(request, 0, len(request))
        except Problem:
            return _refusal(SERVICE_UNKNOWN, OPERATION_NOT_POSSIBLE)
        if isinstance(packet, Aarq):
            return self._associate(packet, client)
        association = self.associations.get(client)
        if association is None:
            return _refusal(SERVICE_NOT_ALLOWED, OPERATION_NOT_POSSIBLE)
        if isinstance(packet, Rlrq):
            del self.associations[client]
            return octets_of(Rlre(reason=0, user_information=packet.user_information and association.agreed))
        if association.challenges is not None:
            found_out = authentication.reply(self, association, packet)
            return octets_of(found_out) if found_out else _refusal(SERVICE_NOT_ALLOWED, OPERATION_NOT_POSSIBLE)
        handler = _HANDLERS.get(type(packet))
        if handler is None:
            return _refusal(SERVICE_UNKNOWN, SERVICE_NOT_SUPPORTED)
        response = handler(self, association, packet)
        return None if response is None else octets_of(response)

    def find(self, class_id: int, logical_name: bytes) -> CosemObject | int:
        """Find an object; where there is none of that class, the data-access-result."""
        found = self.objects.get(logical_name)
        if found is None:
            return OBJECT_UNDEFINED
        return found if found.class_id == class_id else OBJECT_CLASS_INCONSISTENT

    def read(
        self, class_id: int, logical_name: bytes, attribute_id: int, selection: tuple[int, Form] | None = None
    ) -> Form | int:
        """Read an attribute: Data, or a data-access-result."""
        found = self.find(class_id, logical_name)
        return found if isinstance(found, int) else found.read(attribute_id, self.now_ns, selection)

    def _associate(self, request: Any, client: int) -> bytes:
        context, initiate = request.application_context_name, request.user_information
        is_ciphered = self.side is not None and self.side.security.is_ciphered
        contexts = (LN_CIPHERED, SN_CIPHERED) if is_ciphered else (LN_CONTEXT, SN_CONTEXT)
        if context not in contexts or not isinstance(initiate, InitiateRequest):
            return _aare(request, REJECTED, CONTEXT_NOT_SUPPORTED, ConfirmedServiceError())
        diagnostic = authentication.admit(self, request)
        if diagnostic not in (NO_REASON, AUTHENTICATION_REQUIRED):
            return _aare(request, REJECTED, diagnostic, None)
        uses_short_names = context == contexts[1]
        known = SN_CONFORMANCE if uses_short_names else LN_CONFORMANCE
        agreed = known & set(_BITS.to_json(initiate.proposed_conformance))
        limit = initiate.client_max_receive_pdu_size
        association = Association(client, frozenset(agreed), limit)
        association.agreed = InitiateResponse(
            negotiated_conformance=sorted(agreed),
            server_max_receive_pdu_size=self.max_receive_pdu_size,
            vaa_name=SN_VAA_NAME if uses_short_names else LN_VAA_NAME,
        )
        self.associations[client] = association
        return _aare(request, ACCEPTED, diagnostic, association.agreed, **self._secured(association, request))

    def _secured(self, association: Association, request: Any) -> dict[str, Any]:
        """Give the members of an AARE that security adds: the meter's title, and its challenge."""
        if self.side is None:
            return {}
        association.overhead = self.side.overhead
        found: dict[str, Any] = {"responding_ap_title": self.side.title}
        if self.side.security.mechanism.is_high:
            own = self.side.challenge()
            association.challenges = (own, request.calling_authentication_value[1])
            found |= {
                "responder_acse_requirements": ["authentication"],
                "mechanism_name": request.mechanism_name,
                "responding_authentication_value": ("charstring", own),
            }
        return found


Handler = Callable[[Meter, Association, Any], "Layer | None"]
_HANDLERS: dict[type[Any], Handler] = services_ln.HANDLERS | services_sn.HANDLERS


def _refusal(state_error: int, service_error: int) -> bytes:
    return octets_of(ExceptionResponse(state_error=state_error, service_error=service_error))


def _aare(request: Any, result: int, diagnostic: int, information: Layer | None, **more: Any) -> bytes:
    members: dict[str, Any] = {
        **more,
        "application_context_name": request.application_context_name,
        "result": result,
        "result_source_diagnostic": ("acse-service-user", diagnostic),
    }
    if information is not None:
        members["user_information"] = information
    return octets_of(Aare(**members))
