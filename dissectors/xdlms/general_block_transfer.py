"""General-Block-Transfer: any APDU in blocks, with windows and streaming. Source: IEC 62056-5-3, GBT."""

from __future__ import annotations

from dissectors.bits import bits
from dissectors.fields import Constant, Number, OctetString
from dissectors.pdu import Layer
from dissectors.registry import apdu


@apdu(0xE0, "general-block-transfer")
class GeneralBlockTransfer(Layer):
    """One block. Numbers begin at 1 in each direction; *block_number_ack* is the last block received in order."""

    fields_desc = [
        Constant("apdu_tag", 0xE0),
        *bits("block_control", ("last_block", 1), ("streaming", 1), ("window", 6, 1), as_hex=False),
        Number("block_number", "H", 1),
        Number("block_number_ack", "H"),
        OctetString("block_data"),
    ]
