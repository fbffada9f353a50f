"""Scapy layers of the IEC 62056 family, and the engines that read them: pure, without I/O, clock or state."""

from typing import TYPE_CHECKING, Any

makes_packets = True
"""Whether layers are Scapy packets. A program that only reads sets it to False before it imports the first layer."""

_FUNCTIONS = frozenset(("__all__", "apdu_json", "bind", "read_apdu"))

if TYPE_CHECKING:
    from dissectors.all import apdu_json as apdu_json
    from dissectors.all import bind as bind
    from dissectors.all import read_apdu as read_apdu

    def __getattr__(name: str) -> Any:
        """Stand for the layers, which are put there at run time."""

else:

    def __dir__() -> list[str]:
        """Name the layers too, where a shell completes names."""
        from dissectors import all as every

        return sorted({*globals(), *every.__all__})

    def __getattr__(name: str) -> object:
        """Give what :mod:`dissectors.all` has under *name*: ``from dissectors import Hdlc``, or ``*``."""
        if name in _FUNCTIONS or name[:1].isupper():
            from dissectors import all as every

            if hasattr(every, name):
                return getattr(every, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
