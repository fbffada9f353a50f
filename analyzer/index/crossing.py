"""What crosses the conversations of a capture, as a process sees it that reads a share of them.

Titles, counters and keys serve a whole capture, in its order. A share tells what it asked and learnt of them; only
where that is what one process would have seen are shares what one process makes of them. All else is read by one.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable
from hashlib import blake2b
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from analyzer.security.opening import Message
from analyzer.security.unopened import Suspect
from analyzer.tracking.counters import FEW_SENDERS, JUMP, MOST_SENDERS, Counters, Sender
from analyzer.tracking.doubts import Doubts
from analyzer.tracking.knowledge import MOST_TITLES, Knowledge
from analyzer.tracking.protection import Protection

if TYPE_CHECKING:
    from analyzer.record import Record
    from analyzer.security.keyring import Keyring
    from dissectors.tree import Note

Place = tuple[object, ...]
_Nonce = tuple[bytes, bytes]


class UnsharedError(Exception):
    """A capture cannot be shared out: its text says why."""


class Told(NamedTuple):
    """The titles of a place, as a share learnt and asked them: 0 for no packet."""

    titles: tuple[bytes, ...]
    learnt_at: int
    """The first packet that told one."""
    asked_at: int
    """The last packet for which there was none."""


class Counted(NamedTuple):
    """The counters of one sender in a share, in order, each with its packet."""

    roles: tuple[str | None, ...]
    packets: array[int]
    counters: array[int]
    is_odd: bool
    """Whether there was a finding about one."""


class Crossing(NamedTuple):
    """What crosses conversations, as one share saw it."""

    titles: dict[Place, Told]
    senders: dict[bytes, Counted]


class _Knowledge(Knowledge):
    """Remembers what it was told and asked."""

    def __init__(self, now: Callable[[], int]) -> None:
        super().__init__(lambda: self)
        self._now = now
        self.told: dict[Place, Told] = {}

    def learn(self, place: Place, title: bytes) -> None:
        """Remember the title of a place."""
        before = self.told.get(place)
        if before is None or title not in before.titles:
            titles, learnt_at, asked_at = before or Told((), 0, 0)
            self.told[place] = Told((*titles, title), learnt_at or self._now(), asked_at)
        super().learn(place, title)

    def title(self, place: Place) -> bytes:
        """Give the title of a place; none where nothing told it yet."""
        found = super().title(place)
        if not found:
            self.told[place] = self.told.get(place, Told((), 0, 0))._replace(asked_at=self._now())
        return found

    def complete(self) -> bool:
        """Learn what comes later in the capture, which a share does not hold."""
        raise UnsharedError("what opens a message comes behind it")


class _Sender(Sender):
    """Remembers every counter, however it is taken."""

    __slots__ = ("_newest", "log")

    def __init__(self, first: int, room: int) -> None:
        self.log: _Log | None = None
        super().__init__(first, room)

    @property
    def newest(self) -> dict[int, bytes]:
        """The newest messages by counter."""
        return self._newest

    @newest.setter
    def newest(self, messages: dict[int, bytes]) -> None:
        self._newest = _Newest(self)
        self._newest.update(messages)

    def see(
        self, counter: int, stands_for: bytes, role: str | None, record: Record, association: int | None
    ) -> Note | None:
        """Take any counter."""
        note = super().see(counter, stands_for, role, record, association)
        if note is not None and self.log is not None:
            self.log.is_odd = True
        return note


class _Log:
    """The counters of one sender."""

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self.is_odd = False
        self.packets, self.counters = array("q"), array("I")

    def add(self, counter: int) -> None:
        """Take one more."""
        self.packets.append(self._now())
        self.counters.append(counter)


class _Newest(dict[int, bytes]):
    """Messages by counter, of which the sender hears."""

    def __init__(self, sender: _Sender) -> None:
        super().__init__()
        self._sender = sender

    def __setitem__(self, counter: int, seen: bytes) -> None:
        super().__setitem__(counter, seen)
        if self._sender.log is not None:
            self._sender.log.add(counter)


class _Counters(Counters):
    """Remembers the counters of every sender."""

    def __init__(self, now: Callable[[], int]) -> None:
        super().__init__()
        self._now = now
        self.logs: dict[_Nonce, _Log] = {}
        self.roles: dict[_Nonce, set[str | None]] = {}
        self.odd: set[_Nonce] = set()

    def make(self, nonce: _Nonce, role: str | None, first: int, room: int) -> Sender:
        """Make a sender."""
        made = _Sender(first, room)
        made.log = self.logs.setdefault(nonce, _Log(self._now))
        self.roles.setdefault(nonce, set()).add(role)
        return made

    def see(
        self, nonce: _Nonce, role: str | None, message: Message, record: Record, association: int | None, *,
        is_refuted: bool = False,
    ) -> Note | None:  # fmt: skip
        """Take the counter of an opened message."""
        note = super().see(nonce, role, message, record, association, is_refuted=is_refuted)
        if note is not None or is_refuted:
            self.odd.add(nonce)
        return note


class _NoDoubts(Doubts):
    """Asks nobody why a message stays closed: titles and keys of other conversations would tell."""

    def suspect(self, *_: object, **__: object) -> Suspect:
        raise UnsharedError("a message does not open")


class WatchedProtection(Protection):
    """Opens the protected APDUs of one share. Raises: UnsharedError where that hangs on another's conversations."""

    def __init__(self, keyring: Keyring) -> None:
        self._titles = _Knowledge(self._now)
        super().__init__(keyring, self._titles)
        self.counters = self._counters = _Counters(self._now)
        self.doubts = _NoDoubts(self._titles, self._counters, {}, keyring, self.certificates)

    def _now(self) -> int:
        """Tell the packet that is read."""
        return self.transfers.now if self.transfers is not None else 0

    def check(self) -> None:
        """Look whether keys changed or certificates came. Raises: UnsharedError."""
        if self.search.epoch or self.search.lost or self.certificates.count:
            raise UnsharedError("keys change in it")
        if self.transfers is not None and self.transfers.late:
            raise UnsharedError("a message waited for its title for too long")

    def crossing(self) -> Crossing:
        """Give what was asked and learnt."""
        counters = self._counters
        senders = {
            blake2b(key + title, digest_size=16).digest(): Counted(
                tuple(counters.roles[key, title]), log.packets, log.counters, log.is_odd or (key, title) in counters.odd
            )
            for (key, title), log in counters.logs.items()
        }
        return Crossing(self._titles.told, senders)


def check_crossing(shares: Iterable[Crossing]) -> None:
    """Look whether the shares saw what one process would have seen. Raises: UnsharedError."""
    found = list(shares)
    _check_titles([one.titles for one in found])
    _check_counters([one.senders for one in found])


def _check_titles(shares: list[dict[Place, Told]]) -> None:
    """Look whether a share asked for a title that another one knew by then."""
    places: dict[Place, list[Told]] = {}
    for share in shares:
        for place, told in share.items():
            places.setdefault(place, []).append(told)
    if sum(map(len, shares)) >= MOST_TITLES:
        raise UnsharedError("too many titles are in it")
    for tolds in places.values():
        if len(tolds) < 2:
            continue
        if len({title for told in tolds for title in told.titles}) > 1:
            raise UnsharedError("one address has several titles")
        for told in tolds:
            others = (other.learnt_at for other in tolds if other is not told and other.learnt_at)
            if told.asked_at and min(others, default=told.asked_at) < told.asked_at:
                raise UnsharedError("one connection tells the title that another one needs")


def _check_counters(shares: list[dict[bytes, Counted]]) -> None:
    """Look whether counters of one sender that several shares saw run on as they should."""
    senders: dict[bytes, list[Counted]] = {}
    for share in shares:
        for nonce, counted in share.items():
            senders.setdefault(nonce, []).append(counted)
    count = sum(len(counted.roles) for share in shares for counted in share.values())
    is_odd = any(counted.is_odd for share in shares for counted in share.values())
    if count >= MOST_SENDERS or (is_odd and count >= FEW_SENDERS):
        raise UnsharedError("too many senders are in it")
    for several in senders.values():
        if len(several) > 1 and not _runs_on(several):
            raise UnsharedError("the counters of one sender are odd over several connections")


def _runs_on(several: list[Counted]) -> bool:
    if any(one.is_odd for one in several) or len({role for one in several for role in one.roles}) > 1:
        return False
    seen = sorted((packet, place, at) for place, one in enumerate(several) for at, packet in enumerate(one.packets))
    counters = [several[place].counters[at] for _, place, at in seen]
    return all(0 < after - before < JUMP for before, after in pairwise(counters))
