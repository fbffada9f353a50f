"""Protected APDUs that break off: what came of the ciphertext to what came of the text.

Counter mode needs no tag and no end: every octet that is there can be deciphered.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from analyzer.record import Apdu
from analyzer.security.opening import AUTHENTICATED, TAG_SIZE, Message
from dissectors.reader import read_apdu
from dissectors.scanning import Entry, entry
from dissectors.tree import Node
from dissectors.xdlms.ciphered import PLAIN_TAG


class Fragment(NamedTuple):
    """The beginning of a protected APDU."""

    entry: Entry
    values: tuple[Any, ...]
    """Of the fields that came; the others are None."""
    message: Message
    """Its tag has as many octets as came."""
    missing: int
    """Octets that the APDU's length asks for and that never came."""
    system_title: bytes


def read_fragment(octets: bytes) -> Fragment | None:
    """Read as much of a protected APDU as there is; None where not even its invocation counter came."""
    found = entry(octets, 0, len(octets))
    if (
        found is None
        or "security_control" not in found.slots
        or "system_title" not in found.slots | {"system_title": 0}
    ):
        return None
    node = read_apdu(octets).child(found.family)
    if node is None:
        return None
    length, control, counter, title = (
        node.child(name) for name in ("length", "security-control", "invocation-counter", "system-title")
    )
    if length is None or control is None or counter is None:
        return None
    number, begin = int(str(control.value), 16), counter.end // 8
    declared = length.end // 8 + _number(length)
    is_whole = declared <= len(octets)  # and yet too short for a tag: it has none
    end = declared - TAG_SIZE if number & AUTHENTICATED and not is_whole else declared
    body, tag = octets[begin : max(begin, end)], octets[max(begin, end) : declared]
    told = bytes.fromhex(str(title.value)) if title is not None else b""
    message = Message(number, _number(counter), body, tag, b"", PLAIN_TAG.get(found.tag, -1))
    values: list[Any] = [None] * len(found.names)
    for name, value in (
        ("security_control", number), ("invocation_counter", message.counter), ("ciphered", body), ("tag", tag),
        ("system_title", told),
    ):  # fmt: skip
        if name in found.slots:
            values[found.slots[name]] = value
    return Fragment(found, tuple(values), message, declared - len(octets), told)


def _number(node: Node) -> int:
    return node.value if isinstance(node.value, int) else 0


def apdu_of(plaintext: bytes) -> Apdu:
    """Give the beginning of an APDU as far as it came."""
    return Apdu(plaintext, entry(plaintext, 0, len(plaintext)) if plaintext else None, None)
