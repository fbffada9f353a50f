"""SET: requests and responses. Source: IEC 62056-5-3, The SET service."""

from __future__ import annotations

from dissectors.composites import Optional, Sequence, SequenceOf
from dissectors.data_field import DataField
from dissectors.enumerations import DATA_ACCESS_RESULT
from dissectors.fields import Constant, Number
from dissectors.pdu import Layer
from dissectors.registry import apdu
from dissectors.xdlms.descriptors import (
    AccessSelection,
    AttributeWithSelection,
    CosemAttributeDescriptor,
    DataBlockSA,
    invoke_id_and_priority,
)

_CLAUSE = "IEC 62056-5-3, SET"


def _result(name: str = "result") -> Number:
    return Number(name, "B", table=DATA_ACCESS_RESULT)


@apdu(0xC1, "set-request", choice=1, clause=_CLAUSE)
class SetRequestNormal(Layer):
    """Write one attribute."""

    asn1 = "set-request-normal"
    fields_desc = [
        Constant("apdu_tag", 0xC1),
        Constant("choice", 1),
        *invoke_id_and_priority(),
        Sequence("cosem_attribute_descriptor", CosemAttributeDescriptor),
        Optional(Sequence("access_selection", AccessSelection)),
        DataField("value"),
    ]


@apdu(0xC1, "set-request", choice=2, clause=_CLAUSE)
class SetRequestWithFirstDatablock(Layer):
    """Begin a long write."""

    asn1 = "set-request-with-first-datablock"
    fields_desc = [
        Constant("apdu_tag", 0xC1),
        Constant("choice", 2),
        *invoke_id_and_priority(),
        Sequence("cosem_attribute_descriptor", CosemAttributeDescriptor),
        Optional(Sequence("access_selection", AccessSelection)),
        Sequence("datablock", DataBlockSA),
    ]


@apdu(0xC1, "set-request", choice=3, clause=_CLAUSE)
class SetRequestWithDatablock(Layer):
    """Go on with a long write."""

    asn1 = "set-request-with-datablock"
    fields_desc = [
        Constant("apdu_tag", 0xC1),
        Constant("choice", 3),
        *invoke_id_and_priority(),
        Sequence("datablock", DataBlockSA),
    ]


@apdu(0xC1, "set-request", choice=4, clause=_CLAUSE)
class SetRequestWithList(Layer):
    """Write several attributes."""

    asn1 = "set-request-with-list"
    fields_desc = [
        Constant("apdu_tag", 0xC1),
        Constant("choice", 4),
        *invoke_id_and_priority(),
        SequenceOf("attribute_descriptor_list", Sequence("item", AttributeWithSelection)),
        SequenceOf("value_list", DataField("item", inline=True)),
    ]


@apdu(0xC1, "set-request", choice=5, clause=_CLAUSE)
class SetRequestWithListAndFirstDatablock(Layer):
    """Begin a long write of several attributes."""

    asn1 = "set-request-with-list-and-first-datablock"
    fields_desc = [
        Constant("apdu_tag", 0xC1),
        Constant("choice", 5),
        *invoke_id_and_priority(),
        SequenceOf("attribute_descriptor_list", Sequence("item", AttributeWithSelection)),
        Sequence("datablock", DataBlockSA),
    ]


@apdu(0xC5, "set-response", choice=1, clause=_CLAUSE)
class SetResponseNormal(Layer):
    """The result of one write."""

    asn1 = "set-response-normal"
    fields_desc = [Constant("apdu_tag", 0xC5), Constant("choice", 1), *invoke_id_and_priority(), _result()]


@apdu(0xC5, "set-response", choice=2, clause=_CLAUSE)
class SetResponseDatablock(Layer):
    """A block was received: send the next one."""

    asn1 = "set-response-datablock"
    fields_desc = [
        Constant("apdu_tag", 0xC5),
        Constant("choice", 2),
        *invoke_id_and_priority(),
        Number("block_number", "I", 1),
    ]


@apdu(0xC5, "set-response", choice=3, clause=_CLAUSE)
class SetResponseLastDatablock(Layer):
    """The result of a long write; the result stands before the block number."""

    asn1 = "set-response-last-datablock"
    fields_desc = [
        Constant("apdu_tag", 0xC5),
        Constant("choice", 3),
        *invoke_id_and_priority(),
        _result(),
        Number("block_number", "I", 1),
    ]


@apdu(0xC5, "set-response", choice=4, clause=_CLAUSE)
class SetResponseLastDatablockWithList(Layer):
    """The results of a long write of several attributes."""

    asn1 = "set-response-last-datablock-with-list"
    fields_desc = [
        Constant("apdu_tag", 0xC5),
        Constant("choice", 4),
        *invoke_id_and_priority(),
        SequenceOf("result", _result("item")),
        Number("block_number", "I", 1),
    ]


@apdu(0xC5, "set-response", choice=5, clause=_CLAUSE)
class SetResponseWithList(Layer):
    """The results of several writes."""

    asn1 = "set-response-with-list"
    fields_desc = [
        Constant("apdu_tag", 0xC5),
        Constant("choice", 5),
        *invoke_id_and_priority(),
        SequenceOf("result", _result("item")),
    ]
