"""Which services an APDU needs, held against the conformance that was agreed. Source: IEC 62056-5-3, Conformance."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from analyzer.record import Apdu


class Need(NamedTuple):
    """A conformance bit that an APDU needs whose second octet is one of *choices*, if *value* stands at a place."""

    bit: str
    choices: Container[int] | None = None
    """None: any."""
    at: int = 0
    value: bytes = b""
    """Empty where the choice alone says so."""

    def applies(self, octets: bytes) -> bool:
        """Tell whether an APDU needs the bit."""
        return self.is_of(octets[:2]) and octets[self.at : self.at + len(self.value)] == self.value

    def is_of(self, head: bytes) -> bool:
        """Tell whether an APDU with these first two octets may need the bit."""
        return self.choices is None or (len(head) > 1 and head[1] in self.choices)


_NORMAL, _SEVERAL = (1,), range(2, 256)
_ATTRIBUTE_AT, _SELECTION_AT = 11, 12
_ALL, _SELECTS = b"\0", b"\1"

NEEDS: dict[int, tuple[Need, ...]] = {
    0xC0: (
        Need("get"), Need("block-transfer-with-get-or-read", (2,)),
        Need("multiple-references", (3,)), Need("selective-access", _NORMAL, _SELECTION_AT, _SELECTS),
        Need("attribute0-supported-with-get", _NORMAL, _ATTRIBUTE_AT, _ALL),
    ),
    0xC1: (
        Need("set"), Need("block-transfer-with-set-or-write", (2, 3, 5)),
        Need("multiple-references", (4, 5)), Need("attribute0-supported-with-set", _NORMAL, _ATTRIBUTE_AT, _ALL),
    ),
    0xC3: (
        Need("action"), Need("block-transfer-with-action", (2, 4, 5, 6)),
        Need("multiple-references", (3, 5)),
    ),
    0xC4: (Need("block-transfer-with-get-or-read", (2,)),),
    0xC7: (Need("block-transfer-with-action", (2,)),),
    0xC2: (Need("event-notification"),),
    0xD9: (Need("access"),),
    0x05: (Need("read"), Need("multiple-references", _SEVERAL)),
    0x06: (Need("write"), Need("multiple-references", _SEVERAL)),
    0x16: (Need("unconfirmed-write"),),
    0xE0: (Need("general-block-transfer"),),
}  # fmt: skip
"""By the tag of the APDU."""

_REPLY_TO_HLS = bytes.fromhex("000F0000280000FF01")
_METHOD = slice(3, 12)


def missing_bits(apdu: Apdu, agreed: Iterable[str]) -> Iterator[str]:
    """Give the bits that *apdu* needs and that were not agreed; the answer to a challenge needs none."""
    octets = apdu.octets
    if octets[_METHOD] == _REPLY_TO_HLS:
        return
    for need in NEEDS.get(octets[0], ()):
        if need.bit not in agreed and need.applies(octets):
            yield need.bit


_MOST_HEADS = 4096


class Lacking(dict[bytes, tuple[Need, ...]]):
    """The needs whose bits an association did not agree on, by the first two octets of the APDUs that may have them."""

    def __init__(self, agreed: Iterable[str]) -> None:
        super().__init__()
        held = frozenset(agreed)
        self._left = {tag: tuple(need for need in needs if need.bit not in held) for tag, needs in NEEDS.items()}

    def __missing__(self, head: bytes) -> tuple[Need, ...]:
        found = tuple(need for need in self._left.get(head[0], ()) if need.is_of(head))
        if len(self) < _MOST_HEADS:
            self[head] = found
        return found


@lru_cache(maxsize=256)
def lacking(agreed: tuple[str, ...]) -> Lacking:
    """Give what is left to be tested in an association."""
    return Lacking(agreed)
