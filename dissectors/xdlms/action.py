"""ACTION: requests and responses. Source: IEC 62056-5-3, The ACTION service."""

from __future__ import annotations

from dissectors.composites import Optional, Sequence, SequenceOf
from dissectors.data_field import DataField
from dissectors.fields import Constant, Number
from dissectors.pdu import Layer
from dissectors.registry import apdu
from dissectors.xdlms.descriptors import (
    ActionResponse,
    CosemMethodDescriptor,
    DataBlockSA,
    invoke_id_and_priority,
)

_CLAUSE = "IEC 62056-5-3, ACTION"


@apdu(0xC3, "action-request", choice=1, clause=_CLAUSE)
class ActionRequestNormal(Layer):
    """Invoke one method."""

    asn1 = "action-request-normal"
    fields_desc = [
        Constant("apdu_tag", 0xC3),
        Constant("choice", 1),
        *invoke_id_and_priority(),
        Sequence("cosem_method_descriptor", CosemMethodDescriptor),
        Optional(DataField("method_invocation_parameters")),
    ]


@apdu(0xC3, "action-request", choice=2, clause=_CLAUSE)
class ActionRequestNextPblock(Layer):
    """Ask for the next block of the answer."""

    asn1 = "action-request-next-pblock"
    fields_desc = [
        Constant("apdu_tag", 0xC3),
        Constant("choice", 2),
        *invoke_id_and_priority(),
        Number("block_number", "I", 1),
    ]


@apdu(0xC3, "action-request", choice=3, clause=_CLAUSE)
class ActionRequestWithList(Layer):
    """Invoke several methods; null-data stands for no parameter."""

    asn1 = "action-request-with-list"
    fields_desc = [
        Constant("apdu_tag", 0xC3),
        Constant("choice", 3),
        *invoke_id_and_priority(),
        SequenceOf("cosem_method_descriptor_list", Sequence("item", CosemMethodDescriptor)),
        SequenceOf("method_invocation_parameters", DataField("item", inline=True)),
    ]


@apdu(0xC3, "action-request", choice=4, clause=_CLAUSE)
class ActionRequestWithFirstPblock(Layer):
    """Begin a long invocation."""

    asn1 = "action-request-with-first-pblock"
    fields_desc = [
        Constant("apdu_tag", 0xC3),
        Constant("choice", 4),
        *invoke_id_and_priority(),
        Sequence("cosem_method_descriptor", CosemMethodDescriptor),
        Sequence("pblock", DataBlockSA),
    ]


@apdu(0xC3, "action-request", choice=5, clause=_CLAUSE)
class ActionRequestWithListAndFirstPblock(Layer):
    """Begin a long invocation of several methods."""

    asn1 = "action-request-with-list-and-first-pblock"
    fields_desc = [
        Constant("apdu_tag", 0xC3),
        Constant("choice", 5),
        *invoke_id_and_priority(),
        SequenceOf("cosem_method_descriptor_list", Sequence("item", CosemMethodDescriptor)),
        Sequence("pblock", DataBlockSA),
    ]


@apdu(0xC3, "action-request", choice=6, clause=_CLAUSE)
class ActionRequestWithPblock(Layer):
    """Go on with a long invocation."""

    asn1 = "action-request-with-pblock"
    fields_desc = [
        Constant("apdu_tag", 0xC3),
        Constant("choice", 6),
        *invoke_id_and_priority(),
        Sequence("pblock", DataBlockSA),
    ]


@apdu(0xC7, "action-response", choice=1, clause=_CLAUSE)
class ActionResponseNormal(Layer):
    """The result of one invocation."""

    asn1 = "action-response-normal"
    fields_desc = [
        Constant("apdu_tag", 0xC7),
        Constant("choice", 1),
        *invoke_id_and_priority(),
        Sequence("single_response", ActionResponse),
    ]


@apdu(0xC7, "action-response", choice=2, clause=_CLAUSE)
class ActionResponseWithPblock(Layer):
    """One block of a long answer."""

    asn1 = "action-response-with-pblock"
    fields_desc = [
        Constant("apdu_tag", 0xC7),
        Constant("choice", 2),
        *invoke_id_and_priority(),
        Sequence("pblock", DataBlockSA),
    ]


@apdu(0xC7, "action-response", choice=3, clause=_CLAUSE)
class ActionResponseWithList(Layer):
    """The results of several invocations."""

    asn1 = "action-response-with-list"
    fields_desc = [
        Constant("apdu_tag", 0xC7),
        Constant("choice", 3),
        *invoke_id_and_priority(),
        SequenceOf("list_of_responses", Sequence("item", ActionResponse)),
    ]


@apdu(0xC7, "action-response", choice=4, clause=_CLAUSE)
class ActionResponseNextPblock(Layer):
    """A block of the request was received: send the next one."""

    asn1 = "action-response-next-pblock"
    fields_desc = [
        Constant("apdu_tag", 0xC7),
        Constant("choice", 4),
        *invoke_id_and_priority(),
        Number("block_number", "I", 1),
    ]
