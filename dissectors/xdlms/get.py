"""GET: requests and responses. Source: IEC 62056-5-3, The GET service."""

from __future__ import annotations

from dissectors.composites import Choice, Optional, Sequence, SequenceOf
from dissectors.fields import Constant, Number
from dissectors.pdu import Layer
from dissectors.registry import apdu
from dissectors.xdlms.descriptors import (
    GET_DATA_RESULT,
    AccessSelection,
    AttributeWithSelection,
    CosemAttributeDescriptor,
    DataBlockG,
    invoke_id_and_priority,
)

_CLAUSE = "IEC 62056-5-3, GET"


@apdu(0xC0, "get-request", choice=1, clause=_CLAUSE)
class GetRequestNormal(Layer):
    """Ask for one attribute."""

    asn1 = "get-request-normal"
    fields_desc = [
        Constant("apdu_tag", 0xC0),
        Constant("choice", 1),
        *invoke_id_and_priority(),
        Sequence("cosem_attribute_descriptor", CosemAttributeDescriptor),
        Optional(Sequence("access_selection", AccessSelection)),
    ]


@apdu(0xC0, "get-request", choice=2, clause=_CLAUSE)
class GetRequestNext(Layer):
    """Ask for the next datablock; *block_number* is the last one received."""

    asn1 = "get-request-next"
    fields_desc = [
        Constant("apdu_tag", 0xC0),
        Constant("choice", 2),
        *invoke_id_and_priority(),
        Number("block_number", "I", 1),
    ]


@apdu(0xC0, "get-request", choice=3, clause=_CLAUSE)
class GetRequestWithList(Layer):
    """Ask for several attributes."""

    asn1 = "get-request-with-list"
    fields_desc = [
        Constant("apdu_tag", 0xC0),
        Constant("choice", 3),
        *invoke_id_and_priority(),
        SequenceOf("attribute_descriptor_list", Sequence("item", AttributeWithSelection)),
    ]


@apdu(0xC4, "get-response", choice=1, clause=_CLAUSE)
class GetResponseNormal(Layer):
    """One attribute's value, or why there is none."""

    asn1 = "get-response-normal"
    fields_desc = [
        Constant("apdu_tag", 0xC4),
        Constant("choice", 1),
        *invoke_id_and_priority(),
        Choice("result", GET_DATA_RESULT),
    ]


@apdu(0xC4, "get-response", choice=2, clause=_CLAUSE)
class GetResponseWithDatablock(Layer):
    """One block of a long answer."""

    asn1 = "get-response-with-datablock"
    fields_desc = [
        Constant("apdu_tag", 0xC4),
        Constant("choice", 2),
        *invoke_id_and_priority(),
        Sequence("result", DataBlockG),
    ]


@apdu(0xC4, "get-response", choice=3, clause=_CLAUSE)
class GetResponseWithList(Layer):
    """Several results, in the order of the request."""

    asn1 = "get-response-with-list"
    fields_desc = [
        Constant("apdu_tag", 0xC4),
        Constant("choice", 3),
        *invoke_id_and_priority(),
        SequenceOf("result", Choice("item", GET_DATA_RESULT)),
    ]
