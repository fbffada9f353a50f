"""The words around octets, judged once each: their direction, whether they announce traffic, and the taps they name."""

import re

from captures.chunk import RECEIVED, SENT, UNKNOWN
from captures.text.labels import direction_between, direction_in, direction_of, is_no_traffic, sides_in

_DIGITS = re.compile(rb"\d+")
_MOST_LABELS = 1024
_MOST_LANES = 16


class Words:
    """What the words of one text say."""

    def __init__(self) -> None:
        self.lanes: list[bytes] = []
        """The names of taps, in the order in which they are first heard."""
        self.takes_opened = False
        """What is called deciphered is traffic, as the text has none besides."""
        self.takes_names = False
        """Words of a direction count within names, as the text has both directions so."""
        self.heads: set[bytes] = set()
        """What stood before octets and said their direction, digits aside."""
        self._pair: tuple[bytes, bytes] | None = None
        """Two names that say nothing by themselves: the one that spoke first, and the one that it spoke to."""
        self._labels: dict[tuple[bytes, bool, tuple[bytes, bytes] | None], tuple[int, bool]] = {}

    def label(self, text: bytes, *, is_unit: bool = False) -> tuple[int, bool]:
        """Judge the words around octets: their direction, and whether it is traffic that they announce."""
        sides = sides_in(text)
        key = (_DIGITS.sub(b"0", text), is_unit, sides)
        found = self._labels.get(key)
        if found is None:
            if len(self._labels) >= _MOST_LABELS:
                self._labels.clear()
            direction = (self._between(sides) if sides else UNKNOWN) or direction_in(
                text, is_unit=is_unit, takes_names=self.takes_names
            )
            found = self._labels[key] = (
                direction, not is_no_traffic(text, is_unit=is_unit, takes_opened=self.takes_opened),
            )  # fmt: skip
        return found

    def add_head(self, label: bytes) -> None:
        """Remember the words before octets."""
        if len(self.heads) < _MOST_LABELS:
            self.heads.add(_DIGITS.sub(b"0", label.partition(b"\n")[0]).lstrip())

    def is_head(self, text: bytes) -> bool:
        """Tell whether the same words stood before octets, and said their direction."""
        return bool(text.strip()) and _DIGITS.sub(b"0", text).lstrip() in self.heads

    def _between(self, sides: tuple[bytes, bytes]) -> int:
        """Tell a direction from the side that speaks and the other."""
        found = direction_between(*sides)
        if found or direction_of(sides[0]) or direction_of(sides[1]):
            return found
        self._pair = self._pair or sides
        return {self._pair: SENT, self._pair[::-1]: RECEIVED}.get(sides, UNKNOWN)

    def lane(self, name: bytes, known: tuple[bytes, ...]) -> int:
        """Give the tap that is heard first the side that asks, if there are two of which it is *known*."""
        worded = direction_of(name)
        if worded:
            return worded
        if name not in self.lanes and len(self.lanes) < _MOST_LANES:
            self.lanes.append(name)
        if len(known) != 2 or name not in known:
            return UNKNOWN
        return RECEIVED if known.index(name) else SENT
