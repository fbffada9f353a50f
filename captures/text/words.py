"""The words around octets, judged once each: their direction, whether they announce traffic, and the taps they name."""

import re

from captures.chunk import RECEIVED, SENT, UNKNOWN
from captures.text.labels import direction_in, direction_of, is_no_traffic

_DIGITS = re.compile(rb"\d+")
_MOST_LABELS = 1024
_MOST_LANES = 16


class Words:
    """What the words of one text say."""

    def __init__(self) -> None:
        self.lanes: list[bytes] = []
        """The names of taps, in the order in which they are first heard."""
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
