"""Names, numbers and addresses that tell whose a meter is, to others of the same length and kind: one mapping, one way.

Each export has a secret of its own that nobody keeps: equal things stay equal within it, and nothing leads back.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterator
from hashlib import sha256

from analyzer.cosem.date_time import looks_like_date_time
from analyzer.rewrite.remains import LEAST_SOUGHT

TITLE_SIZE = 8
_FLAG_ID = 3
_FIRST_ADDRESS, _LAST_ADDRESS = 0x10, 0x3FF0
"""Physical addresses of 14 bits that are not reserved."""
_NAME_SIZE, _TIME_SIZES = 6, {12, 5, 4}
_MOST_MEDIA, _MOST_TURNS = 16, 64
_FEW_OCTETS = 3
"""Something has to have more than so many different octets to be looked for in what is written: less stands there by
chance."""


class Pseudonyms:
    """The mapping of one export. *secret* makes it; *known* begins texts that name a kind of meter and stay."""

    def __init__(self, secret: bytes, known: tuple[bytes, ...] = ()) -> None:
        self._secret, self._known = secret, known
        self.replaced: dict[bytes, bytes] = {}
        """What was replaced, and must not be found in what is written, and by what."""
        self.count = 0
        self._made: dict[bytes, bytes] = {}
        """What stands for each title, name and text so far."""
        self._taken: set[bytes] = set()
        """All of that: no two become one, and what stands for another is not sought as a name of its own."""
        self._hosts: dict[str, int] = {}
        self._addresses: dict[int, int] = {}

    def title(self, title: bytes) -> bytes:
        """Give another system title of the same manufacturer."""
        return self._noted(title, self._unlike(title, self._title))

    def _title(self, title: bytes, turn: int) -> bytes:
        return title[:_FLAG_ID] + self._stream(title, len(title) - _FLAG_ID, turn)

    def string(self, value: bytes, *, is_whole: bool = True) -> bytes:
        """Give what stands for an octet-string or a text: dates, logical names and nothing at all stay.

        One that is not surely *is_whole*, of an APDU that is damaged, is not sought in what is written.
        """
        if is_harmless(value):
            return value
        if len(value) == TITLE_SIZE and value[:_FLAG_ID].isalpha() and value[:_FLAG_ID].isupper():
            made = self._unlike(value, self._title)
        elif all(0x20 <= one < 0x7F for one in value):
            made = self._unlike(value, self._text)
        else:
            made = self._unlike(value, self._octets)
        return self._noted(value, made) if is_whole else made

    def text(self, value: bytes) -> bytes:
        """Give a text of other digits and letters; what begins it stays where it names a maker or a kind of meter."""
        return self._noted(value, self._unlike(value, self._text))

    def _text(self, value: bytes, turn: int) -> bytes:
        keeps = max((len(one) for one in self._known if value.startswith(one)), default=0)
        begins = value[:_FLAG_ID]
        if (
            not keeps
            and begins.isalpha()
            and begins.isupper()
            and value[_FLAG_ID:]
            and not value[_FLAG_ID:][:1].isalpha()
        ):
            keeps = _FLAG_ID
        stream = self._stream(value, len(value), turn)
        return value[:keeps] + bytes(_other(one, by) for one, by in zip(value[keeps:], stream, strict=False))

    def number(self, value: int, size: int) -> int:
        """Give a number of the same *size* in octets: of a serial number that is one."""
        self.count += 1
        return int.from_bytes(self._stream(value.to_bytes(size, "big", signed=value < 0), size), "big") >> 1

    def octets(self, value: bytes) -> bytes:
        """Give other octets, whatever they are."""
        return self._noted(value, self._unlike(value, self._octets))

    def _octets(self, value: bytes, turn: int) -> bytes:
        return self._stream(value, len(value), turn)

    def _unlike(self, value: bytes, make: Callable[[bytes, int], bytes]) -> bytes:
        """Give what *make* draws for *value*, drawn again where that is the name of another, or stands for one.

        Where all that it may draw is taken, as of names of one digit, two become one.
        """
        made = self._made.get(value)
        if made is None:
            made = next(
                (one for turn in range(_MOST_TURNS) if not self._is_known(one := make(value, turn), value)),
                make(value, 0),
            )
            self._made[value] = made
            self._taken.add(made)
        return made

    def _is_known(self, made: bytes, value: bytes) -> bool:
        return made != value and (made in self._taken or made in self._made)

    def ip(self, address: str) -> bytes:
        """Give an IPv4 address of 10.0.0.0/8 for the text of one end of a lane, by the order in which they come."""
        number = self._hosts.setdefault(address, len(self._hosts) + 1)
        return b"\x0a" + (number & 0xFFFFFF).to_bytes(3, "big")

    def lower_address(self, number: int) -> int:
        """Give another physical address of 14 bits to each; those that are reserved stay, and no two become one."""
        if not _FIRST_ADDRESS <= number < _LAST_ADDRESS:
            return number
        made = self._addresses.get(number)
        if made is None:
            taken, count = set(self._addresses.values()), _LAST_ADDRESS - _FIRST_ADDRESS
            made = _FIRST_ADDRESS + int.from_bytes(self._stream(number.to_bytes(2, "big"), 2), "big") % count
            while made in taken:
                made = _FIRST_ADDRESS + (made + 1 - _FIRST_ADDRESS) % count
            self._addresses[number] = made
        return made

    def _noted(self, before: bytes, after: bytes) -> bytes:
        if before != after:
            self.count += 1
            is_sought = len(before) >= LEAST_SOUGHT and len(set(before)) > _FEW_OCTETS
            if is_sought and before not in self._taken:
                self.replaced[before] = after
        return after

    def _stream(self, value: bytes, size: int, turn: int = 0) -> bytes:
        """Give so many octets that *value* and the *turn* alone decide, for who knows the secret."""
        made = b""
        while len(made) < size:
            made += hmac.new(self._secret, (turn << 24 | len(made)).to_bytes(4, "big") + value, sha256).digest()
        return made[:size]


def is_harmless(value: bytes) -> bool:
    """Tell whether a string is nobody's: empty, one octet over and over, a date or time, or a logical name."""
    if len(set(value)) <= 1:
        return True
    if len(value) in _TIME_SIZES:
        return _SHORT_TIMES[len(value)](value) if len(value) in _SHORT_TIMES else looks_like_date_time(value)
    return is_logical_name(value) and value[5] == 0xFF


def is_logical_name(value: bytes) -> bool:
    """Tell whether a string may be a logical name: six octets, of which the first is a medium."""
    return len(value) == _NAME_SIZE and value[0] < _MOST_MEDIA


def _is_time(value: bytes) -> bool:
    limits = zip(value, (24, 60, 60, 1), strict=True)
    return all(one < limit or one == 0xFF for one, limit in limits)


def _is_date(value: bytes) -> bool:
    year = value[0] << 8 | value[1]
    return (1990 <= year <= 2100 or year == 0xFFFF) and (value[2] <= 12 or value[2] >= 0xFD)


_SHORT_TIMES: dict[int, Callable[[bytes], bool]] = {4: _is_time, 5: _is_date}


def _other(octet: int, by: int) -> int:
    for first, count in _classes():
        if first <= octet < first + count:
            return first + by % count
    return octet


def _classes() -> Iterator[tuple[int, int]]:
    """Give what a character stays among: digits, capitals, small letters."""
    yield from ((0x30, 10), (0x41, 26), (0x61, 26))
