"""Lines without octets to what they say of those below them: direction, time and how many they are."""

import re

from captures.chunk import UNKNOWN
from captures.text.labels import direction_of, says_way
from captures.text.times import TIME, Clock
from captures.text.words import Words

_COUNTED = re.compile(
    rb"(?i)(?<![\w.])(\d{1,5}) ?(?:bytes?|octets?)\b|\blen(?:gth)?\s?[=:]\s?(\d{1,5})\b"
    rb"|(?:buffer|bytes|array)[\[(](?P<items>\d{1,5})[\])]"
)
"""How many octets a line announces that stand below it, also as the type of what stands there."""
_MEMBER = re.compile(
    rb"\s*(?:<[A-Za-z][^<>]*[^/<>]>|\"[\w.@]+\"\s*:\s*(?:\"[^\"]*\"|[\w.+-]+),?"
    rb"|(?P<first>- )?(?i:time|ts|timestamp|date|dir|direction)\s?[:=]\s?\"?(?P<value>[\w.:+ -]{1,40})\"?)\s*"
)
_CLOSES = re.compile(rb"\s*(?:</[^<>]*>|[\]}],?\s*[\[{]?|\[\w[\w .-]*\])\s*")
"""A line of XML, JSON, YAML or an INI file that says something of the octets beside it, and one that ends it."""
_STAMPED = re.compile(
    rb"\s*[\[(<]?" + TIME.encode() + rb"[\])>]?[\s:|-]{0,4}(?P<way>[A-Za-z]{2,12}(?![A-Za-z])|[<>=-]{1,3}(?=\s|$)"
    rb"|\xe2\x86[\x90\x92]).*",
    re.DOTALL,
)
"""A line that says when, and right behind it which way, what stands on the next goes."""
_OPEN_MEMBERS = frozenset(bytes((octet,)) for octet in b'<"]}[-tTdD')
_COUNTS = (b"yte", b"ctet", b"YTE", b"CTET", b"len", b"Len", b"LEN", b"uffer[", b"rray(")
"""Most lines have none of these, which is found with less work."""
_LONGEST, _MOST = 160, 1 << 16


class Announced:
    """What lines of a text announced, until the octets came or the announcement ended."""

    def __init__(self, words: Words, clock: Clock) -> None:
        self.left = 0
        """Octets that are still to come."""
        self._direction = UNKNOWN
        self._time_ns: int | None = None
        self._above = b""
        """The line above, of those without octets."""
        self._is_next = False
        """It is said of the next line alone."""
        self._words, self._clock = words, clock

    def heed(self, line: bytes) -> None:
        """Remember what *line* says."""
        if self._is_next:
            self._end()
        if len(line) > _LONGEST:
            return
        above, self._above = self._above, line
        may_be_member = line.lstrip()[:1] in _OPEN_MEMBERS
        if may_be_member and _CLOSES.fullmatch(line):
            self._end()
            return
        counted = _COUNTED.search(line) if any(map(line.__contains__, _COUNTS)) else None
        member = _MEMBER.fullmatch(line) if may_be_member else None
        if counted is None and member is None:
            self._stamp(line)
            return
        direction, time_ns = self._words.label(line + b"\n")[0], self._clock.find(line)
        if member is not None:
            if member["first"]:
                self._end()
            direction = direction_of((member["value"] or b"").strip()) or direction
            self._direction, self._time_ns = direction or self._direction, time_ns or self._time_ns
            self.left = _MOST
        elif counted is not None and counted["items"]:
            time_ns = self._clock.find(above) if time_ns is None else time_ns
            self._direction, self._time_ns, self.left = direction, time_ns, int(counted["items"])
        elif counted is not None and direction:
            self._direction, self._time_ns, self.left = direction, time_ns, int(counted[1] or counted[2])

    def take(self, label: bytes, length: int) -> tuple[int, int | None]:
        """Give direction and time of *length* octets behind the words *label*, if those say no direction."""
        if length > self.left or says_way(label) or (self._is_next and self._clock.find(label) is not None):
            self._end()
        self.left -= min(length, self.left)
        found = self._direction, self._time_ns
        if self._is_next:
            self._end()
        return found

    def _stamp(self, line: bytes) -> None:
        """Remember a line that begins with a time and a direction."""
        found = _STAMPED.fullmatch(line)
        direction = direction_of(found["way"]) if found else UNKNOWN
        if found and direction:
            self._direction, self._time_ns, self.left, self._is_next = direction, self._clock.read(found), _MOST, True

    def _end(self) -> None:
        self._direction, self._time_ns, self.left, self._is_next = UNKNOWN, None, 0, False
