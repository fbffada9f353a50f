"""ACCESS: one request for many. Source: IEC 62056-5-3, The ACCESS service."""

from __future__ import annotations

from typing import Any

from dissectors.composites import Choice, Optional, Sequence, SequenceOf
from dissectors.data_field import DataField
from dissectors.enumerations import ACTION_RESULT, DATA_ACCESS_RESULT
from dissectors.fields import Constant, Number
from dissectors.pdu import Layer
from dissectors.quirks import time_deviates
from dissectors.registry import apdu
from dissectors.xdlms.descriptors import (
    AccessSelection,
    CosemAttributeDescriptor,
    CosemMethodDescriptor,
    long_invoke_id_and_priority,
)
from dissectors.xdlms.notification import DateTimeString

_CLAUSE = "IEC 62056-5-3, ACCESS"
_ATTRIBUTE, _SELECTION = "cosem_attribute_descriptor", "access_selection"


class AccessRequestGet(Layer):
    """Read one attribute."""

    asn1 = "access-request-get"
    fields_desc = [Constant("choice", 1), Sequence(_ATTRIBUTE, CosemAttributeDescriptor)]


class AccessRequestSet(Layer):
    """Write one attribute."""

    asn1 = "access-request-set"
    fields_desc = [Constant("choice", 2), Sequence(_ATTRIBUTE, CosemAttributeDescriptor)]


class AccessRequestAction(Layer):
    """Invoke one method."""

    asn1 = "access-request-action"
    fields_desc = [Constant("choice", 3), Sequence("cosem_method_descriptor", CosemMethodDescriptor)]


class AccessRequestGetWithSelection(Layer):
    """Read one attribute with selective access; no presence octet stands before the selector."""

    asn1 = "access-request-get-with-selection"
    fields_desc = [
        Constant("choice", 4),
        Sequence(_ATTRIBUTE, CosemAttributeDescriptor),
        Sequence(_SELECTION, AccessSelection),
    ]


class AccessRequestSetWithSelection(Layer):
    """Write one attribute with selective access."""

    asn1 = "access-request-set-with-selection"
    fields_desc = [
        Constant("choice", 5),
        Sequence(_ATTRIBUTE, CosemAttributeDescriptor),
        Sequence(_SELECTION, AccessSelection),
    ]


_SPECIFICATION: dict[int, Any] = {
    1: AccessRequestGet,
    2: AccessRequestSet,
    3: AccessRequestAction,
    4: AccessRequestGetWithSelection,
    5: AccessRequestSetWithSelection,
}


class AccessResponseGet(Layer):
    """The result of a read."""

    asn1 = "access-response-get"
    fields_desc = [Constant("choice", 1), Number("result", "B", table=DATA_ACCESS_RESULT)]


class AccessResponseSet(Layer):
    """The result of a write."""

    asn1 = "access-response-set"
    fields_desc = [Constant("choice", 2), Number("result", "B", table=DATA_ACCESS_RESULT)]


class AccessResponseAction(Layer):
    """The result of an invocation."""

    asn1 = "access-response-action"
    fields_desc = [Constant("choice", 3), Number("result", "B", table=ACTION_RESULT)]


_RESPONSE_SPECIFICATION: dict[int, Any] = {1: AccessResponseGet, 2: AccessResponseSet, 3: AccessResponseAction}


def _specification() -> SequenceOf:
    return SequenceOf("access_request_specification", Choice("item", _SPECIFICATION))


class AccessRequestBody(Layer):
    """What to do, and with which data."""

    asn1 = "access-request-body"
    fields_desc = [_specification(), SequenceOf("access_request_list_of_data", DataField("item", inline=True))]


class AccessResponseBody(Layer):
    """Optionally the request's specification, the data, then the results."""

    asn1 = "access-response-body"
    fields_desc = [
        Optional(_specification()),
        SequenceOf("access_response_list_of_data", DataField("item", inline=True)),
        SequenceOf("access_response_specification", Choice("item", _RESPONSE_SPECIFICATION)),
    ]


@apdu(0xD9, "access-request", clause=_CLAUSE)
class AccessRequest(Layer):
    """Read, write and invoke in one go."""

    deviates = staticmethod(time_deviates)
    fields_desc = [
        Constant("apdu_tag", 0xD9),
        *long_invoke_id_and_priority(),
        DateTimeString("date_time"),
        Sequence("access_request_body", AccessRequestBody),
    ]


@apdu(0xDA, "access-response", clause=_CLAUSE)
class AccessResponse(Layer):
    """The answers in the order of the request."""

    deviates = staticmethod(time_deviates)
    fields_desc = [
        Constant("apdu_tag", 0xDA),
        *long_invoke_id_and_priority(),
        DateTimeString("date_time"),
        Sequence("access_response_body", AccessResponseBody),
    ]
