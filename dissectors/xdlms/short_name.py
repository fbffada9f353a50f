"""Short-name services: Read, Write, UnconfirmedWrite, InformationReport.

Source: IEC 62056-5-3, services used with short names. Block numbers have 16 bits here.
"""

from __future__ import annotations

from typing import Any

from dissectors.composites import Choice, Optional, SequenceOf
from dissectors.data_field import DataField
from dissectors.enumerations import DATA_ACCESS_RESULT
from dissectors.fields import Constant, Flag, Number, OctetString, TextString
from dissectors.pdu import Layer
from dissectors.registry import apdu

_CLAUSE = "IEC 62056-5-3, short-name services"


class VariableName(Layer):
    """A short name: base name plus offset."""

    asn1 = "variable-name"
    wraps_one = True
    fields_desc = [Constant("choice", 2), Number("variable_name", "H")]


class ParameterizedAccess(Layer):
    """A short name with selective access, or a method invocation."""

    asn1 = "parameterized-access"
    fields_desc = [Constant("choice", 4), Number("variable_name", "H"), Number("selector", "B"), DataField("parameter")]


class BlockNumberAccess(Layer):
    """Ask for the next block of a read."""

    asn1 = "block-number-access"
    fields_desc = [Constant("choice", 5), Number("block_number", "H", 1)]


class ReadDataBlockAccess(Layer):
    """A block of a long request."""

    asn1 = "read-data-block-access"
    fields_desc = [Constant("choice", 6), Flag("last_block"), Number("block_number", "H", 1), OctetString("raw_data")]


class WriteDataBlockAccess(Layer):
    """A block of a long write; its octets stand in the list of data."""

    asn1 = "write-data-block-access"
    fields_desc = [Constant("choice", 7), Flag("last_block"), Number("block_number", "H", 1)]


VARIABLE_ACCESS: dict[int, Any] = {
    2: VariableName,
    4: ParameterizedAccess,
    5: BlockNumberAccess,
    6: ReadDataBlockAccess,
    7: WriteDataBlockAccess,
}


class ReadData(Layer):
    """A value."""

    asn1 = "data"
    wraps_one = True
    fields_desc = [Constant("choice", 0), DataField("data", inline=True)]


class AccessError(Layer):
    """Why there is no value, or why nothing was written."""

    asn1 = "data-access-error"
    wraps_one = True
    fields_desc = [Constant("choice", 1), Number("data_access_error", "B", 3, table=DATA_ACCESS_RESULT)]


class DataBlockResult(Layer):
    """A block of a long answer."""

    asn1 = "data-block-result"
    fields_desc = [Constant("choice", 2), Flag("last_block"), Number("block_number", "H", 1), OctetString("raw_data")]


class ReadBlockNumber(Layer):
    """A block of a long request was received."""

    asn1 = "block-number"
    wraps_one = True
    fields_desc = [Constant("choice", 3), Number("block_number", "H", 1)]


class WriteSuccess(Layer):
    """Written."""

    asn1 = "success"
    wraps_one = True
    fields_desc = [Constant("choice", 0)]


class WriteBlockNumber(Layer):
    """A block of a long write was received."""

    asn1 = "block-number"
    wraps_one = True
    fields_desc = [Constant("choice", 2), Number("block_number", "H", 1)]


def _variables(name: str = "variable_access_specification") -> SequenceOf:
    return SequenceOf(name, Choice("item", VARIABLE_ACCESS))


def _list_of_data() -> SequenceOf:
    return SequenceOf("list_of_data", DataField("item", inline=True))


@apdu(0x05, "readRequest", clause=_CLAUSE)
class ReadRequest(Layer):
    """Read by short names."""

    wraps_one = True
    fields_desc = [Constant("apdu_tag", 0x05), _variables()]


@apdu(0x0C, "readResponse", clause=_CLAUSE)
class ReadResponse(Layer):
    """Values and errors in the order of the request."""

    wraps_one = True
    fields_desc = [
        Constant("apdu_tag", 0x0C),
        SequenceOf("results", Choice("item", {0: ReadData, 1: AccessError, 2: DataBlockResult, 3: ReadBlockNumber})),
    ]


@apdu(0x06, "writeRequest", clause=_CLAUSE)
class WriteRequest(Layer):
    """Write by short names."""

    fields_desc = [Constant("apdu_tag", 0x06), _variables(), _list_of_data()]


@apdu(0x0D, "writeResponse", clause=_CLAUSE)
class WriteResponse(Layer):
    """Results in the order of the request."""

    wraps_one = True
    fields_desc = [
        Constant("apdu_tag", 0x0D),
        SequenceOf("results", Choice("item", {0: WriteSuccess, 1: AccessError, 2: WriteBlockNumber})),
    ]


@apdu(0x16, "unconfirmedWriteRequest", clause=_CLAUSE)
class UnconfirmedWriteRequest(Layer):
    """Write without an answer."""

    fields_desc = [Constant("apdu_tag", 0x16), _variables(), _list_of_data()]


@apdu(0x18, "informationReportRequest", clause=_CLAUSE)
class InformationReportRequest(Layer):
    """The server tells of variables."""

    fields_desc = [
        Constant("apdu_tag", 0x18),
        Optional(TextString("current_time")),
        _variables(),
        _list_of_data(),
    ]
