"""Lines that are no traffic: how many, and whether the last of them says that what stands below is none either."""

from captures.text.labels import is_secret
from captures.text.reads import Reads
from captures.text.units import begins_frame

_LONGEST_TITLE, _LONGEST_KEY = 160, 32


class Aside:
    """Counts the lines that are left aside."""

    def __init__(self, reads: Reads) -> None:
        self.count = self.first = 0
        """How many lines there are, and the number of the first."""
        self._reads = reads
        self._above = b""
        """The line above, if it is no traffic."""

    def take(self, number: int, line: bytes = b"") -> None:
        """Count a line that is no traffic, and remember it where it may be a title of what stands below."""
        self._above = line if len(line) <= _LONGEST_TITLE else b""
        self.count += 1
        self.first = self.first or number
        self._reads.pass_over()

    def is_named(self, octets: bytes) -> bool:
        """Tell whether the line above says that *octets* are a key or the like, and no traffic."""
        above, self._above = self._above, b""
        return bool(above) and len(octets) <= _LONGEST_KEY and not begins_frame(octets) and is_secret(above)
