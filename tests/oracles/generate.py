"""Random APDUs of every variant, as JSON in the names of the standard and as octets, the same ones for the same seed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from tests.oracles.apdus_association import ASSOCIATION, PROTECTION
from tests.oracles.apdus_ln import LN
from tests.oracles.apdus_sn import SN
from tests.oracles.encode import Dice, Piece

SEED = 62056
VARIANTS: dict[str, Callable[[Dice], Piece]] = LN | SN | ASSOCIATION | PROTECTION


class Sample(NamedTuple):
    """One APDU: what it is, what its JSON should be, and its octets."""

    variant: str
    expected: Any
    octets: bytes


def samples(each: int, seed: int = SEED) -> Iterator[Sample]:
    """*each* APDUs of every variant; a variant's samples don't depend on which others there are."""
    for variant, make in VARIANTS.items():
        dice = Dice(f"{seed} {variant}")
        for _ in range(each):
            piece = make(dice)
            yield Sample(variant, piece.value, piece.octets)
