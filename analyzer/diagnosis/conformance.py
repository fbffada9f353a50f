"""Which services an APDU needs, held against the conformance that was agreed. Source: IEC 62056-5-3, Conformance."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from analyzer.record import Apdu


class Need(NamedTuple):
    """A conformance bit that an APDU with this tag needs, where *applies* says so of its octets."""

    bit: str
    applies: Callable[[bytes], bool]


def _always(octets: bytes) -> bool:
    return True


def _choice(*choices: int) -> Callable[[bytes], bool]:
    return lambda octets: octets[1] in choices


_ATTRIBUTE_AT, _SELECTION_AT = 11, 12


def _selects(octets: bytes) -> bool:
    return octets[1] == 1 and octets[_SELECTION_AT : _SELECTION_AT + 1] == b"\1"


def _all_attributes(octets: bytes) -> bool:
    return octets[1] == 1 and octets[_ATTRIBUTE_AT : _ATTRIBUTE_AT + 1] == b"\0"


def _several(octets: bytes) -> bool:
    return octets[1] > 1


NEEDS: dict[int, tuple[Need, ...]] = {
    0xC0: (
        Need("get", _always), Need("block-transfer-with-get-or-read", _choice(2)),
        Need("multiple-references", _choice(3)), Need("selective-access", _selects),
        Need("attribute0-supported-with-get", _all_attributes),
    ),
    0xC1: (
        Need("set", _always), Need("block-transfer-with-set-or-write", _choice(2, 3, 5)),
        Need("multiple-references", _choice(4, 5)), Need("attribute0-supported-with-set", _all_attributes),
    ),
    0xC3: (
        Need("action", _always), Need("block-transfer-with-action", _choice(2, 4, 5, 6)),
        Need("multiple-references", _choice(3, 5)),
    ),
    0xC4: (Need("block-transfer-with-get-or-read", _choice(2)),),
    0xC7: (Need("block-transfer-with-action", _choice(2)),),
    0xC2: (Need("event-notification", _always),),
    0xD9: (Need("access", _always),),
    0x05: (Need("read", _always), Need("multiple-references", _several)),
    0x06: (Need("write", _always), Need("multiple-references", _several)),
    0x16: (Need("unconfirmed-write", _always),),
    0xE0: (Need("general-block-transfer", _always),),
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


@lru_cache(maxsize=256)
def tests_for(agreed: tuple[str, ...]) -> dict[int, tuple[Need, ...]]:
    """Give what is left to be tested in an association: the needs by tag whose bits were not agreed."""
    held = frozenset(agreed)
    left = {tag: tuple(need for need in needs if need.bit not in held) for tag, needs in NEEDS.items()}
    return {tag: needs for tag, needs in left.items() if needs}
