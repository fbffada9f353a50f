"""Lines that are no traffic: how many, and whether the last of them says that what stands below is none either."""

import re

from captures.text.labels import is_secret
from captures.text.reads import Reads
from captures.text.units import begins_frame

_LONGEST_TITLE, _LONGEST_KEY = 160, 32
_KEY = re.compile(rb"(?<![a-z])(?:keys?|guek|gak|gbek|kek|[ea]k)(?![a-z])|_key|schl.{1,2}ssel", re.IGNORECASE)
_KEY_SIZES = (16, 32)


class Aside:
    """Counts the lines that are left aside."""

    def __init__(self, reads: Reads) -> None:
        self.count = self.first = 0
        """How many lines there are, and the number of the first."""
        self.key = 0
        """The number of the first line whose words call its octets, or those below it, a key."""
        self._reads = reads
        self._above = b""
        """The line above, if it is no traffic."""

    def take(self, number: int, line: bytes = b"") -> None:
        """Count a line that is no traffic, and remember it where it may be a title of what stands below."""
        self._above = line if len(line) <= _LONGEST_TITLE else b""
        self.count += 1
        self.first = self.first or number
        self._reads.pass_over()

    def take_octets(self, number: int, octets: bytes, words: bytes) -> None:
        """Count a line whose *words* say that its octets are no traffic."""
        if not self.key and len(octets) in _KEY_SIZES and _KEY.search(words):
            self.key = number
        self.take(number)

    def takes_named(self, number: int, octets: bytes) -> bool:
        """Count a line of which the one above says that its octets are a key or the like; false for all others."""
        above, self._above = self._above, b""
        is_named = bool(above) and len(octets) <= _LONGEST_KEY and not begins_frame(octets) and is_secret(above)
        if is_named:
            self.take_octets(number, octets, above)
        return is_named
