"""Stacks that a user may force, and the words that say where: ``tcp.port==5000,hdlc``, ``serial,wrapper``."""

from __future__ import annotations

from collections.abc import Sequence

STACKS = ("hdlc", "wrapper", "iec62056-21", "p1", "mbus", "llc", "apdu")


def decode_as(choices: Sequence[str]) -> dict[str, str]:
    """Read ``SELECTOR,STACK`` pairs. Raises ValueError that says what was expected."""
    found = {}
    for choice in choices:
        selector, comma, stack = choice.rpartition("," if "," in choice else "=")
        selector = selector.rstrip("=") if "==" not in selector else selector
        if not comma or stack not in STACKS:
            raise ValueError(f"--decode-as {choice}: expected SELECTOR,STACK with one of {', '.join(STACKS)}")
        is_port = selector.partition("==")[0] in ("tcp.port", "udp.port") and selector.partition("==")[2].isdigit()
        if not is_port and selector not in ("serial", "record"):
            raise ValueError(f"--decode-as {choice}: expected tcp.port==N, udp.port==N, serial or record")
        found[selector] = stack
    return found
