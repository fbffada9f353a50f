"""How fast records come that are recorded just now: over the last seconds, not since the beginning."""

from __future__ import annotations

from collections import deque

_WINDOW_S, _STEP_S = 10.0, 1.0
_FEW = 9.95
"""Below this a rate is said with one decimal."""


class Pace:
    """Takes how many records there are, again and again, and says how many come in a second."""

    def __init__(self) -> None:
        self._marks: deque[tuple[float, int]] = deque()
        self.text = "0/s"

    def take(self, now: float, records: int) -> bool:
        """Take how many *records* there are at *now*, in seconds of any clock. Returns whether the text is another."""
        marks = self._marks
        if marks and now - marks[-1][0] < _STEP_S:
            return False
        marks.append((now, records))
        while now - marks[0][0] > _WINDOW_S and len(marks) > 1:
            marks.popleft()
        begun, before = marks[0]
        rate = (records - before) / max(now - begun, _STEP_S)
        said, self.text = self.text, f"{rate:,.{int(0 < rate < _FEW)}f}/s"
        return said != self.text
