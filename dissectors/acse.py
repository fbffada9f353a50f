"""The ACSE APDUs that open and release an association: AARQ, AARE, RLRQ, RLRE, and ABRT.

Source: IEC 62056-5-3 (ACSE APDU definitions), ITU-T X.227.
"""

from __future__ import annotations

import re
from typing import Any

from dissectors import enumerations as names
from dissectors.ber import (
    ApduContent,
    Element,
    Explicit,
    Hex,
    Integer,
    NamedBits,
    ObjectIdentifier,
    OneOf,
    OtherElements,
)
from dissectors.characters import MASKED, HiddenRest
from dissectors.fields import Constant
from dissectors.pdu import Layer
from dissectors.quirks import acse_deviates
from dissectors.regions import Length
from dissectors.registry import apdu

_OID = ObjectIdentifier()
_VERSION = NamedBits(("version1",))
_REQUIREMENTS = NamedBits(("authentication",))
_AUTHENTICATION_VALUE = OneOf(
    {0x80: ("charstring", Hex()), 0x81: ("bitstring", Hex()), 0x82: ("external", Hex()), 0xA2: ("external", Hex()),
     0xA3: ("other", Hex())}
)  # fmt: skip
_DIAGNOSTIC = OneOf(
    {
        0xA1: ("acse-service-user", Explicit(0x02, Integer(names.ACSE_SERVICE_USER))),
        0xA2: ("acse-service-provider", Explicit(0x02, Integer(names.ACSE_SERVICE_PROVIDER))),
    }
)
HIGH_LEVEL = re.compile(r"2\.16\.756\.5\.8\.2\.(?:[2-9]|\d\d)")
"""Mechanisms of high level security, in which a challenge stands where else the password does."""
LN_NO_CIPHERING = "2.16.756.5.8.1.1"


class Password(Element):
    """The authentication value of a client: a password, which Scapy's own outputs mask, or a challenge."""

    __slots__: list[str] = []

    def i2repr(self, pkt: Any, x: Any) -> str:
        """Mask what is no challenge."""
        is_shown = x is None or (pkt is not None and HIGH_LEVEL.match(str(pkt.mechanism_name)))
        return str(Element.i2repr(self, pkt, x)) if is_shown else MASKED


def _octets(name: str, tag: int, asn1: str) -> Element:
    return Element(name, tag, Explicit(0x04, Hex()), asn1=asn1)


def _number(name: str, tag: int, asn1: str) -> Element:
    return Element(name, tag, Explicit(0x02, Integer()), asn1=asn1)


def _elements(*declared: Element) -> list[object]:
    """Give the elements in order, and what takes those that are not in order."""
    elements = *declared, Element("user_information", 0xBE, Explicit(0x04, ApduContent()))
    return [*elements, OtherElements(elements)]


def _implementation() -> tuple[Element, Element]:
    return (
        Element("implementation_information", 0xBD, Hex()),
        Element("implementation_information_implicit", 0x9D, Hex(), asn1="implementation-information"),
    )


@apdu(0x60, "aarq", clause="IEC 62056-5-3, COSEM-OPEN")
class Aarq(Layer):
    """A-ASSOCIATE request: the client asks for an association."""

    rest = HiddenRest
    deviates = staticmethod(acse_deviates)
    fields_desc = [
        Constant("apdu_tag", 0x60),
        Length(),
        *_elements(
            Element("protocol_version", 0x80, _VERSION),
            Element("application_context_name", 0xA1, Explicit(0x06, _OID), LN_NO_CIPHERING),
            _octets("called_ap_title", 0xA2, "called-AP-title"),
            _octets("called_ae_qualifier", 0xA3, "called-AE-qualifier"),
            _number("called_ap_invocation_id", 0xA4, "called-AP-invocation-id"),
            _number("called_ae_invocation_id", 0xA5, "called-AE-invocation-id"),
            _octets("calling_ap_title", 0xA6, "calling-AP-title"),
            _octets("calling_ae_qualifier", 0xA7, "calling-AE-qualifier"),
            _number("calling_ap_invocation_id", 0xA8, "calling-AP-invocation-id"),
            _number("calling_ae_invocation_id", 0xA9, "calling-AE-invocation-id"),
            Element("sender_acse_requirements", 0x8A, _REQUIREMENTS),
            Element("mechanism_name", 0x8B, _OID),
            Password("calling_authentication_value", 0xAC, _AUTHENTICATION_VALUE),
            *_implementation(),
        ),
    ]


@apdu(0x61, "aare", clause="IEC 62056-5-3, COSEM-OPEN")
class Aare(Layer):
    """A-ASSOCIATE response: the server accepts or rejects."""

    deviates = staticmethod(acse_deviates)
    fields_desc = [
        Constant("apdu_tag", 0x61),
        Length(),
        *_elements(
            Element("protocol_version", 0x80, _VERSION),
            Element("application_context_name", 0xA1, Explicit(0x06, _OID), LN_NO_CIPHERING),
            Element("result", 0xA2, Explicit(0x02, Integer(names.ASSOCIATION_RESULT)), 0),
            Element("result_source_diagnostic", 0xA3, _DIAGNOSTIC, ("acse-service-user", 0)),
            _octets("responding_ap_title", 0xA4, "responding-AP-title"),
            _octets("responding_ae_qualifier", 0xA5, "responding-AE-qualifier"),
            _number("responding_ap_invocation_id", 0xA6, "responding-AP-invocation-id"),
            _number("responding_ae_invocation_id", 0xA7, "responding-AE-invocation-id"),
            Element("responder_acse_requirements", 0x88, _REQUIREMENTS),
            Element("mechanism_name", 0x89, _OID),
            Element("responding_authentication_value", 0xAA, _AUTHENTICATION_VALUE),
            *_implementation(),
        ),
    ]


@apdu(0x62, "rlrq", clause="IEC 62056-5-3, COSEM-RELEASE")
class Rlrq(Layer):
    """A-RELEASE request."""

    rest = HiddenRest
    deviates = staticmethod(acse_deviates)
    fields_desc = [
        Constant("apdu_tag", 0x62),
        Length(),
        *_elements(
            Element("reason", 0x80, Integer(names.RELEASE_REQUEST_REASON)),
        ),
    ]


@apdu(0x63, "rlre", clause="IEC 62056-5-3, COSEM-RELEASE")
class Rlre(Layer):
    """A-RELEASE response."""

    deviates = staticmethod(acse_deviates)
    fields_desc = [
        Constant("apdu_tag", 0x63),
        Length(quirk="length-too-small"),
        *_elements(
            Element("reason", 0x80, Integer(names.RELEASE_RESPONSE_REASON)),
        ),
    ]


@apdu(0x64, "abrt", clause="ITU-T X.227 (A-ABORT)")
class Abrt(Layer):
    """A-ABORT: source, and user information where given."""

    fields_desc = [
        Constant("apdu_tag", 0x64),
        Length(),
        *_elements(
            Element("abort_source", 0x80, Integer(names.ABORT_SOURCE), 0),
        ),
    ]
