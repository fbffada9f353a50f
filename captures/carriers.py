"""Packets of taps to the octets of the lines that they carry: serial taps, USB adapters, exported PDUs.

A network packet belongs to its addresses and is peeled in :mod:`captures.network`; what is peeled here belongs to a
line. Source of the layouts: the modules of the carriers.
"""

from collections.abc import Iterable

from captures.carried import Carried, Carrier, Notebook
from captures.chunk import Chunk
from captures.rtac import RtacSerial
from captures.upper_pdu import UpperPdu
from captures.usb import Usb

CARRIERS: dict[int, type[RtacSerial | UpperPdu | Usb]] = {
    189: Usb,
    220: Usb,
    249: Usb,
    250: RtacSerial,
    252: UpperPdu,
}
"""Link type to the carrier that peels its packets."""


class Carriers:
    """The carriers of one capture; each is made when its first packet comes."""

    def __init__(self, notebook: Notebook) -> None:
        self.notebook = notebook
        self._made: dict[type, Carrier] = {}

    def peel(self, chunk: Chunk) -> Iterable[Carried]:
        """Return what *chunk*, whose link type is one of ``CARRIERS``, carries. Total on its octets."""
        kind = CARRIERS[chunk.link_type]
        carrier = self._made.get(kind)
        if carrier is None:
            carrier = self._made[kind] = kind(self.notebook)
        return carrier.peel(chunk)

    def finish(self) -> Iterable[Carried]:
        """Return what still waits."""
        for carrier in self._made.values():
            yield from carrier.finish()
