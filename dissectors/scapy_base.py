"""What layers take from Scapy: its classes, or in a program that only reads stand-ins that no packet is made of.

Trees, scans and writers read by position and use no more of a Scapy field than its name and default; importing Scapy
takes as long as all else that a program which reads has to import.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dissectors

if TYPE_CHECKING or dissectors.makes_packets:
    from scapy.fields import BitField, Field, RawVal
    from scapy.packet import NoPayload, Packet, Padding, Raw
    from scapy.volatile import RandNum, VolatileValue
else:

    class Field:
        """A field: its name and default."""

        __slots__ = ["default", "name"]

        def __init__(self, name: str, default: Any, fmt: str = "H") -> None:
            self.name = name
            self.default = self.any2i(None, default)

        def any2i(self, pkt: Any, x: Any) -> Any:
            """Keep the value."""
            return x

    class BitField(Field):
        """Some bits."""

        __slots__ = ["size"]

        def __init__(self, name: str, default: Any, size: int) -> None:
            super().__init__(name, default)
            self.size = size

    class Packet:
        """A layer as a declaration: the house's class methods read by it."""

    class Raw(Packet):
        """Octets that nothing reads."""

    class Padding(Raw):
        """Octets behind a packet."""

    class NoPayload(Packet):
        """No octets."""

    class RawVal:
        """A value that is octets already."""

    class VolatileValue:
        """A value that is drawn."""

    class RandNum(VolatileValue):
        """A number that is drawn."""


__all__ = ["BitField", "Field", "NoPayload", "Packet", "Padding", "RandNum", "Raw", "RawVal", "VolatileValue"]
