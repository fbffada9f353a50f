"""Scapy layers of the IEC 62056 family, and the engines that read them: pure, without I/O, clock or state."""

from typing import TYPE_CHECKING

makes_packets = True
"""Whether layers are Scapy packets. A program that only reads sets it to False before it imports the first layer."""

_FUNCTIONS = frozenset(("__all__", "apdu_json", "bind", "read_apdu"))

if not TYPE_CHECKING:  # a checker names what is not there

    def __getattr__(name: str) -> object:
        """Give what :mod:`dissectors.all` has under *name*: ``from dissectors import Hdlc``, or ``*``."""
        if name in _FUNCTIONS or name[:1].isupper():
            from dissectors import all as every

            if hasattr(every, name):
                return getattr(every, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
