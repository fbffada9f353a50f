"""What a client does to open and to close an association, with and without security.

Source: IEC 62056-5-3 (COSEM-OPEN, COSEM-RELEASE, authentication mechanisms).
"""

from __future__ import annotations

from typing import Any

from analyzer.simulate.association import LOW_LEVEL, MECHANISM
from analyzer.simulate.forms import octet_string, read_apdu
from analyzer.simulate.profile import plain
from analyzer.simulate.secured import Side
from analyzer.simulate.security import Mechanism
from analyzer.simulate.sent import Form
from analyzer.simulate.speaker import Speaker
from dissectors.acse import Aarq, Rlrq
from dissectors.xdlms.initiate import InitiateRequest


class AssociatedClient(Speaker):
    """A client that opens and closes associations; how it answers a challenge depends on how it names objects."""

    _proposed: InitiateRequest | None = None

    def reply(self, proof: Form) -> Form | int:
        """Give the meter the answer to its challenge (pass 3); gives the meter's (pass 4), or why there is none."""
        raise NotImplementedError

    def release(self) -> None:
        """Close the association; a secured one says again what was proposed, ciphered."""
        is_ciphered = self.side is not None and self.side.security.is_ciphered
        self.ask(Rlrq(reason=0, user_information=self._proposed if is_ciphered else None))

    def open(self, contexts: tuple[str, str], conformance: list[str], limit: int, password: bytes) -> bool:
        """Open an association in the first of *contexts*, or in the second where APDUs are ciphered.

        A secured client goes through the passes of its mechanism. Gives whether both sides believe each other.
        """
        members, context, challenge, key = authentication(password), contexts[0], b"", None
        if self.side:
            security = self.side.security
            challenge = self.side.challenge()
            members = calling(self.side, challenge)
            context = contexts[security.is_ciphered]
            key = security.keys.dedicated if security.key_source.has_dedicated_key else None
        self._proposed = InitiateRequest(
            dedicated_key=key, proposed_conformance=conformance, client_max_receive_pdu_size=limit
        )
        request = Aarq(application_context_name=context, user_information=self._proposed, **members)
        answer = read_apdu(self.ask(request))
        if self.side and self.side.security.mechanism.is_high:
            return self._authenticate(self.side, challenge, answer)
        return self.client in self.meter.associations

    def _authenticate(self, side: Side, challenge: bytes, answer: Any) -> bool:
        if answer.responding_authentication_value is None:
            return False
        other: bytes = answer.responding_authentication_value[1]
        returned = self.reply(octet_string(side.prove(challenge, other)))
        return not isinstance(returned, int) and side.believes(bytes.fromhex(str(plain(returned))), challenge, other)


def authentication(password: bytes) -> dict[str, Any]:
    """Give the AARQ members of low level security; none without a password."""
    if not password:
        return {}
    return {
        "sender_acse_requirements": ["authentication"],
        "mechanism_name": LOW_LEVEL,
        "calling_authentication_value": ("charstring", password),
    }


def calling(side: Side, challenge: bytes) -> dict[str, Any]:
    """Give the AARQ members of a secured association; *challenge* is the client's, where the mechanism asks for one."""
    security = side.security
    found: dict[str, Any] = {"calling_ap_title": side.title}
    if security.mechanism is not Mechanism.NONE:
        found |= authentication(challenge if security.mechanism.is_high else security.secret)
        found["mechanism_name"] = f"{MECHANISM}{int(security.mechanism)}"
    return found
