"""What each stack is read by: the framer of its octets, and the link that makes records of its units."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from analyzer.framing.datagram import DatagramFramer, PieceFramer
from analyzer.framing.frame import Framer
from analyzer.framing.hdlc import HdlcFramer
from analyzer.framing.iec62056_21 import Iec62056Framer
from analyzer.framing.mbus import MbusFramer
from analyzer.framing.p1 import P1Framer
from analyzer.framing.wrapper import WrapperFramer
from analyzer.tracking.dialogue import Dialogue
from analyzer.tracking.hdlc_link import HdlcLink
from analyzer.tracking.mbus_link import MbusLink
from analyzer.tracking.wrapper_link import ApduLink, WrapperLink
from dissectors.scanning import reads

FRAMERS: dict[str, Callable[[], Framer]] = {
    "hdlc": lambda: Iec62056Framer(speaks=False),
    "iec62056-21": Iec62056Framer,
    "p1": P1Framer,
    "wrapper": WrapperFramer,
    "mbus": MbusFramer,
    "llc": DatagramFramer,
    "apdu": DatagramFramer,
}
"""The framer of each stack. Mode E hands a line over to HDLC and back, so one framer knows both."""
ALONE: dict[str, Callable[[], Framer]] = {"hdlc": HdlcFramer}
"""The framers of stacks that were asked for by name, where they differ: nothing else is looked for."""
ON_LINES: dict[str, Callable[[], Framer]] = dict.fromkeys(("llc", "apdu"), lambda: PieceFramer(reads))
"""The framers of stacks on serial lines, where they differ: a read need not hold all of a unit."""


def _message_link(name: str) -> Callable[[Dialogue], Any]:
    """Load the links of text only where a lane speaks it: their layers take as long as a thousand packets."""

    def make(dialogue: Dialogue) -> Any:
        from analyzer.tracking import iec62056_21_link

        return getattr(iec62056_21_link, name)(dialogue)

    return make


_LINKS: dict[str, Callable[[Dialogue], Any]] = {
    "hdlc": HdlcLink,
    "wrapper": WrapperLink,
    "mbus": MbusLink,
    "iec62056-21": _message_link("Iec62056Link"),
    "p1": _message_link("P1Link"),
}


def link_of(name: str, dialogue: Dialogue) -> Any:
    """Make what reads the units of the link *name*."""
    return _LINKS.get(name, ApduLink)(dialogue)
