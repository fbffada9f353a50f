"""Every layer under its name, for a Scapy shell: ``from dissectors.all import *``.

With Scapy's own Raw and Padding, which stand in a ``command()`` for what is behind them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dissectors import registry
from dissectors.binding import bind
from dissectors.data_sets import DataSet, Value
from dissectors.gateway import Gateway
from dissectors.hdlc import Address, FrameReject, Hdlc, HdlcParameters
from dissectors.iec62056_21 import (
    AckMessage,
    AcknowledgementMessage,
    DataMessage,
    IdentificationMessage,
    PasswordCommand,
    ProgrammingCommand,
    RepeatRequest,
    RequestMessage,
)
from dissectors.llc import Llc, Llc432
from dissectors.mbus import Mbus, MbusShort, MbusSingle
from dissectors.p1 import P1CipheredTelegram, P1Rest, P1TaggedTelegram, P1Telegram
from dissectors.reader import apdu_json, read_apdu
from dissectors.scapy_base import Padding, Raw
from dissectors.wrapper import Wrapper
from dissectors.xdlms import access, ciphered, descriptors, notification, short_name

if TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        """Stand for the layers that are put here at run time."""


def _layers() -> dict[str, Any]:
    """Gather the registered APDUs and the layers that stand inside them."""
    found: dict[str, Any] = {layer.__name__: layer for layer in registry.LAYERS}
    for module in (access, ciphered, descriptors, notification, short_name):
        named = {name: one for name, one in vars(module).items() if name != "Layer" and not name.startswith("_")}
        found |= {name: one for name, one in named.items() if hasattr(one, "fields_desc")}
    return found


globals().update(_layers())

__all__ = [
    "AckMessage",
    "AcknowledgementMessage",
    "DataMessage",
    "DataSet",
    "IdentificationMessage",
    "P1CipheredTelegram",
    "P1Rest",
    "P1TaggedTelegram",
    "P1Telegram",
    "PasswordCommand",
    "ProgrammingCommand",
    "RepeatRequest",
    "RequestMessage",
    "Value",
    "Address",
    "FrameReject",
    "Gateway",
    "Hdlc",
    "HdlcParameters",
    "Llc",
    "Llc432",
    "Mbus",
    "MbusShort",
    "MbusSingle",
    "Padding",
    "Raw",
    "Wrapper",
    "apdu_json",
    "bind",
    "read_apdu",
    *_layers(),
]
