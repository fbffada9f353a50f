"""What APDUs share: descriptors, selective access, results, data blocks, invoke-id bits.

Source: IEC 62056-5-3 (COSEM pdu module).
"""

from __future__ import annotations

from typing import Any

from dissectors.bits import BitPart, bits
from dissectors.composites import Choice, Optional, Sequence
from dissectors.data_field import DataField
from dissectors.enumerations import ACTION_RESULT, DATA_ACCESS_RESULT
from dissectors.fields import Constant, Flag, LogicalName, Number, OctetString
from dissectors.pdu import Layer


def invoke_id_and_priority() -> list[BitPart]:
    """Declare the octet: priority (1 high), service class (1 confirmed), 2 bits reserved, invoke-id."""
    return bits(
        "invoke_id_and_priority", ("priority", 1, 1), ("service_class", 1, 1), ("reserved", 2), ("invoke_id", 4, 1)
    )


def long_invoke_id_and_priority() -> list[BitPart]:
    """Declare the four octets: priority, service class, processing option, self-descriptive, reserved, invoke-id."""
    return bits(
        "long_invoke_id_and_priority",
        ("priority", 1),
        ("service_class", 1, 1),
        ("processing_option", 1),
        ("self_descriptive", 1),
        ("reserved", 4),
        ("long_invoke_id", 24),
    )


class CosemAttributeDescriptor(Layer):
    """class-id, instance-id, attribute-id: nine octets."""

    asn1 = "cosem-attribute-descriptor"
    fields_desc = [Number("class_id", "H"), LogicalName(), Number("attribute_id", "b")]


class CosemMethodDescriptor(Layer):
    """class-id, instance-id, method-id: nine octets."""

    asn1 = "cosem-method-descriptor"
    fields_desc = [Number("class_id", "H"), LogicalName(), Number("method_id", "b")]


class AccessSelection(Layer):
    """Selective access: selector and its parameters."""

    asn1 = "access-selection"
    fields_desc = [Number("access_selector", "B", 1), DataField("access_parameters")]


class AttributeWithSelection(Layer):
    """A descriptor with optional selective access: the item of lists."""

    fields_desc = [
        Sequence("cosem_attribute_descriptor", CosemAttributeDescriptor),
        Optional(Sequence("access_selection", AccessSelection)),
    ]


class ResultData(Layer):
    """Get-Data-Result, alternative data."""

    asn1 = "data"
    wraps_one = True
    fields_desc = [Constant("choice", 0), DataField("data", inline=True)]


class ResultError(Layer):
    """Get-Data-Result, alternative data-access-result."""

    asn1 = "data-access-result"
    wraps_one = True
    fields_desc = [Constant("choice", 1), Number("data_access_result", "B", 3, table=DATA_ACCESS_RESULT)]


GET_DATA_RESULT: dict[int, Any] = {0: ResultData, 1: ResultError}


class BlockRawData(Layer):
    """DataBlock-G result, alternative raw-data."""

    asn1 = "raw-data"
    wraps_one = True
    fields_desc = [Constant("choice", 0), OctetString("raw_data")]


class DataBlockG(Layer):
    """A block of a response: last-block, block-number, raw data or an error."""

    asn1 = "datablock"
    fields_desc = [
        Flag("last_block"),
        Number("block_number", "I", 1),
        Choice("result", {0: BlockRawData, 1: ResultError}),
    ]


class DataBlockSA(Layer):
    """A block of a request (SET, ACTION) or of an ACTION response."""

    asn1 = "datablock"
    fields_desc = [Flag("last_block"), Number("block_number", "I", 1), OctetString("raw_data")]


class ActionResponse(Layer):
    """Action-Response-With-Optional-Data: action-result, then optionally a Get-Data-Result."""

    fields_desc = [
        Number("result", "B", table=ACTION_RESULT),
        Optional(Choice("return_parameters", GET_DATA_RESULT)),
    ]
