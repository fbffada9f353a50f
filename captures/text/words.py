"""The words around octets, judged once each: their direction, whether they announce traffic, and the taps they name."""

import re

from captures.chunk import RECEIVED, SENT, UNKNOWN
from captures.text.labels import direction_in, direction_of, is_no_traffic

_DIGITS = re.compile(rb"\d+")
_MOST_LABELS = 1024
_MOST_LANES = 16


class Words:
    """What the words of one text say. *known* are the names of taps, in the order in which they are first heard."""

    def __init__(self, known: tuple[bytes, ...]) -> None:
        self.lanes: list[bytes] = list(known)
        self.known = known
        self._labels: dict[tuple[bytes, bool], tuple[int, bool]] = {}

    def label(self, text: bytes, *, is_unit: bool = False) -> tuple[int, bool]:
        """Judge the words around octets: their direction, and whether it is traffic that they announce."""
        key = (_DIGITS.sub(b"0", text), is_unit)
        found = self._labels.get(key)
        if found is None:
            if len(self._labels) >= _MOST_LABELS:
                self._labels.clear()
            found = self._labels[key] = (direction_in(text, is_unit=is_unit), not is_no_traffic(text, is_unit=is_unit))
        return found

    def lane(self, name: bytes) -> int:
        """Give the tap that is heard first the side that asks, if there are two."""
        worded = direction_of(name)
        if worded:
            return worded
        if name not in self.lanes and len(self.lanes) < _MOST_LANES:
            self.lanes.append(name)
        if len(self.known) != 2 or name not in self.known:
            return UNKNOWN
        return RECEIVED if self.known.index(name) else SENT
