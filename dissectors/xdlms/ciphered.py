"""Ciphered and signed APDUs in their closed forms, and what a key opens is another APDU.

Source: IEC 62056-5-3, Protection of xDLMS APDUs; DLMS UA Green Book, general-ciphering and general-signing.
"""

from __future__ import annotations

from typing import Any

from dissectors.bits import BitPart, bits
from dissectors.composites import Choice, IfLeft, Optional, When
from dissectors.fields import Constant, Number, OctetString
from dissectors.pdu import Layer
from dissectors.quirks import always_deviates, length_deviates, quirk
from dissectors.regions import AUTHENTICATED, ApduField, Ciphered, Counter, Length, Tag
from dissectors.registry import apdu
from dissectors.tree import Node

_CLAUSE = "IEC 62056-5-3, Protection of xDLMS APDUs"


def security_control() -> list[BitPart]:
    """Declare the octet: compression, key set (1 broadcast), encryption, authentication, security suite."""
    return bits(
        "security_control",
        ("compression", 1),
        ("key_set", 1),
        ("encryption", 1, 1),
        ("authentication", 1, 1),
        ("security_suite", 4),
    )


def _protected(counter: Any = None) -> list[Any]:
    return [
        Length(quirk="length-counts-absent-tag"),
        *security_control(),
        counter or Number("invocation_counter", "I"),
        Ciphered("ciphered"),
        When(Tag(), on="security_control", mask=AUTHENTICATED, equals=AUTHENTICATED),
    ]


_PLAIN: dict[int, str] = {
    0x01: "initiateRequest", 0x05: "readRequest", 0x06: "writeRequest", 0x08: "initiateResponse", 0x0C: "readResponse",
    0x0D: "writeResponse", 0x0E: "confirmedServiceError", 0x16: "unconfirmedWriteRequest",
    0x18: "informationReportRequest", 0xC0: "get-request", 0xC1: "set-request", 0xC2: "event-notification-request",
    0xC3: "action-request", 0xC4: "get-response", 0xC5: "set-response", 0xC7: "action-response",
}  # fmt: skip
"""The APDUs that have service-specific ciphered forms: glo- and ded-."""


def _camel(name: str) -> str:
    return "".join(part[0].upper() + part[1:] for part in name.split("-"))


def _service_specific(tag: int, family: str) -> type[Layer]:
    members = {
        "__doc__": f"The ciphered form {family}, closed.",
        "__module__": __name__,
        "deviates": staticmethod(length_deviates),
        "fields_desc": [Constant("apdu_tag", tag), *_protected()],
    }
    layer: type[Layer] = apdu(tag, family, clause=_CLAUSE)(type(_camel(family), (Layer,), members))
    return layer


SERVICE_SPECIFIC: dict[int, type[Layer]] = {}
"""The glo- and ded- layers by tag."""
PLAIN_TAG: dict[int, int] = {}
"""The tag of the plain APDU inside each of them."""

for _tag, _name in _PLAIN.items():
    for _prefix, _offset in (("glo", 8 if _tag >= 0xC0 else 32), ("ded", 16 if _tag >= 0xC0 else 64)):
        _layer = _service_specific(_tag + _offset, f"{_prefix}-{_name}")
        SERVICE_SPECIFIC[_tag + _offset] = _layer
        PLAIN_TAG[_tag + _offset] = _tag
        globals()[_layer.__name__] = _layer


_LEAST_PROTECTED = b"\x05"
"""Octets of a security header: with no more nothing is protected."""


@apdu(0x00, "tag-00", clause="none: quirk ciphered-access-tag-00")
class Tag00(Layer):
    """A ciphered ACCESS under the unassigned tag 00.

    # field: Gurux stacks write it so (corpus pcap htanwar__Output-Ciphered-HLS).
    """

    deviates = staticmethod(always_deviates)
    fields_desc = [Constant("apdu_tag", 0x00), *_protected()]

    @classmethod
    def grow(cls, node: Node, octets: bytes, at: int, end: int) -> int:
        """Grow the nodes, and note the quirk where octets stand under the tag that may be protected."""
        if octets[at + 1 : at + 2] > _LEAST_PROTECTED:
            node.notes.append(quirk("ciphered-access-tag-00", at, at + 1))
        return super().grow(node, octets, at, end)


@apdu(0xDB, "general-glo-ciphering", clause=_CLAUSE)
class GeneralGloCiphering(Layer):
    """An APDU under a global key, with the sender's system title in front."""

    fields_desc = [Constant("apdu_tag", 0xDB), OctetString("system_title"), *_protected()]


@apdu(0xDC, "general-ded-ciphering", clause=_CLAUSE)
class GeneralDedCiphering(Layer):
    """An APDU under a dedicated key."""

    fields_desc = [Constant("apdu_tag", 0xDC), OctetString("system_title"), *_protected()]


class IdentifiedKey(Layer):
    """Key-Info: a key both sides hold; 0 is the global unicast, 1 the global broadcast encryption key."""

    asn1 = "identified-key"
    fields_desc = [Constant("choice", 0), Number("key_id", "B")]


class WrappedKey(Layer):
    """Key-Info: a key wrapped under the key-encrypting key (24 or 40 octets, RFC 3394)."""

    asn1 = "wrapped-key"
    fields_desc = [Constant("choice", 1), Number("kek_id", "B"), OctetString("key_ciphered_data")]


class AgreedKey(Layer):
    """Key-Info: a key agreed; parameters 01 one-pass Diffie-Hellman, 02 static unified model."""

    asn1 = "agreed-key"
    fields_desc = [Constant("choice", 2), OctetString("key_parameters"), OctetString("key_ciphered_data")]


KEY_INFO: dict[int, Any] = {0: IdentifiedKey, 1: WrappedKey, 2: AgreedKey}


def _header() -> list[Any]:
    return [
        OctetString("transaction_id"),
        OctetString("originator_system_title"),
        OctetString("recipient_system_title"),
        OctetString("date_time"),
        OctetString("other_information"),
    ]


@apdu(0xDD, "general-ciphering", clause=_CLAUSE)
class GeneralCiphering(Layer):
    """An APDU under an identified, wrapped or agreed key; key-info may be left out after the first message."""

    fields_desc = [
        Constant("apdu_tag", 0xDD),
        *_header(),
        Optional(Choice("key_info", KEY_INFO)),
        *_protected(Counter()),
    ]


@apdu(0xDF, "general-signing", clause=_CLAUSE)
class GeneralSigning(Layer):
    """A signed APDU: header, content, signature r||s (64 or 96 octets; none in pre-commands of some profiles)."""

    fields_desc = [
        Constant("apdu_tag", 0xDF),
        *_header(),
        ApduField("content", sized=True, strict=True),
        IfLeft(OctetString("signature")),
    ]
