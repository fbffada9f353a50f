"""Stacks that a user may force, and the words that say where: ``tcp.port==5000,hdlc``, ``serial,wrapper``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

STACKS = ("hdlc", "wrapper", "iec62056-21", "p1", "mbus", "llc", "apdu")
_HIGHEST_PORT = 65535
_LINES = ("serial", "record")
"""Selectors of what no port tells: the octets of an input."""


def decode_as(choices: Sequence[str]) -> dict[str, str]:
    """Read ``SELECTOR,STACK`` pairs. Raises ValueError that says what was expected."""
    found = {}
    for choice in choices:
        selector, comma, stack = choice.rpartition("," if "," in choice else "=")
        selector = selector.rstrip("=") if "==" not in selector else selector
        if not comma or stack not in STACKS:
            raise ValueError(f"{choice}: expected SELECTOR,STACK with one of {', '.join(STACKS)}")
        carrier, _, port = selector.partition("==")
        is_port = carrier in ("tcp.port", "udp.port") and port.isdecimal() and int(port) <= _HIGHEST_PORT
        if not is_port and selector not in _LINES:
            raise ValueError(f"{choice}: expected tcp.port==N, udp.port==N (up to {_HIGHEST_PORT}), serial or record")
        found[selector] = stack
    return found


def holds_octets(forced: Mapping[str, str] | None) -> bool:
    """Tell whether inputs that are nothing known are raw octets, as who names their stack knows."""
    return forced is not None and any(selector in forced for selector in _LINES)
