"""Which keys belong to whom: looked up by title, address and client through indexes, never by trying all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from analyzer.security.keys import Key, KeyRole
from captures.chunk import DlmsharkError


class KeyringError(DlmsharkError):
    """A keyring or ``--key`` is wrong; the text is one line that names the place and shows no secret."""


class Party(NamedTuple):
    """Whose keys are asked for; what is not known is empty or None."""

    server_title: bytes = b""
    client_title: bytes = b""
    client: int | str | None = None
    addresses: tuple[str, ...] = ()
    """Both ends of the lane: ``ip``, ``ip:port``, ``serial:A``."""


class Meter:
    """The keys of one meter or client, and its selectors; without selectors, those of every meter."""

    __slots__ = ("address", "certificates", "client", "client_title", "keys", "order", "server_title")

    def __init__(
        self, *, server_title: bytes = b"", client_title: bytes = b"", client: int | None = None, address: str = ""
    ) -> None:
        self.server_title, self.client_title = server_title, client_title
        self.client, self.address = client, address
        self.keys: dict[KeyRole, Key] = {}
        self.certificates: tuple[Path, ...] = ()
        self.order = 0

    @property
    def place(self) -> str:
        """What names the meter: its title, else its address, else the client."""
        if self.server_title or self.client_title:
            return (self.server_title or self.client_title).hex().upper()
        return self.address or (f"client-{self.client}" if self.client is not None else "")

    def fit(self, party: Party) -> int:
        """Count the selectors that *party* meets; -1 where it contradicts one. What is not known contradicts none."""
        found = 0
        for mine, theirs in ((self.server_title, party.server_title), (self.client_title, party.client_title)):
            if mine and theirs:
                if mine != theirs:
                    return -1
                found += 1
        if self.client is not None and party.client is not None:
            if self.client != party.client:
                return -1
            found += 1
        if self.address and party.addresses:
            if self.address not in party.addresses:
                return -1
            found += 1
        return found

    def __repr__(self) -> str:
        return f"<Meter {self.place or 'every'}: {', '.join(role.value for role in self.keys)}>"


class KeySet:
    """The keys for one party: by role the best first, and the titles that the keyring lends."""

    __slots__ = ("certificates", "client_title", "keys", "server_title")

    def __init__(self, meters: Iterable[Meter] = ()) -> None:
        self.keys: dict[KeyRole, tuple[Key, ...]] = {}
        self.server_title = self.client_title = b""
        self.certificates: tuple[Path, ...] = ()
        for meter in meters:
            for role, key in meter.keys.items():
                others = self.keys.get(role)
                if others is None:
                    self.keys[role] = (key,)
                elif key not in others:
                    self.keys[role] = (*others, key)
            self.certificates += meter.certificates

    def of(self, role: KeyRole) -> tuple[Key, ...]:
        """Give the keys of a role, the best first."""
        return self.keys.get(role, ())


_FEW = 16
"""Among so many meters a title that the capture does not show is looked for by the other selectors alone."""


class Keyring:
    """All meters, each indexed under its most telling selector."""

    def __init__(self, meters: Iterable[Meter] = ()) -> None:
        self.meters: list[Meter] = []
        self.has_addresses = False
        self._by_title: dict[bytes, list[Meter]] = {}
        self._titled_by_address: dict[str, list[Meter]] = {}
        self._by_address: dict[str, list[Meter]] = {}
        self._by_client_title: dict[bytes, list[Meter]] = {}
        self._by_client: dict[int | str, list[Meter]] = {}
        self._of_all: list[Meter] = []
        self._titled: list[Meter] = []
        for meter in meters:
            self.add(meter)

    def add(self, meter: Meter) -> None:
        """Take one more meter."""
        meter.order = len(self.meters)
        self.has_addresses |= bool(meter.address)
        self.meters.append(meter)
        if meter.server_title:
            self._by_title.setdefault(meter.server_title, []).append(meter)
            if meter.address:
                self._titled_by_address.setdefault(meter.address, []).append(meter)
            self._titled.append(meter)
        elif meter.address:
            self._by_address.setdefault(meter.address, []).append(meter)
        elif meter.client_title:
            self._by_client_title.setdefault(meter.client_title, []).append(meter)
        elif meter.client is not None:
            self._by_client.setdefault(meter.client, []).append(meter)
        else:
            self._of_all.append(meter)

    @property
    def titles(self) -> tuple[bytes, ...]:
        """The system titles of meters, in the order of the file."""
        return tuple(self._by_title)

    @property
    def has_general_key(self) -> bool:
        """Whether there is an encryption key for whoever comes."""
        return any(KeyRole.GUEK in meter.keys for meter in self._of_all)

    def find(self, party: Party) -> KeySet:
        """Find the keys of *party*; several lookups in indexes, whatever the number of meters."""
        fits = {meter: meter.fit(party) for meter in self._candidates(party)}
        found = [meter for meter, fit in fits.items() if fit >= 0]
        found.sort(key=lambda meter: (-fits[meter], meter.order))
        if not party.server_title:
            found = _unambiguous(found)
        made = KeySet(found)
        made.server_title = party.server_title or next((one.server_title for one in found if one.server_title), b"")
        made.client_title = party.client_title or _only({one.client_title for one in found if one.client_title})
        return made

    def _candidates(self, party: Party) -> Iterator[Meter]:
        if party.server_title:
            yield from self._by_title.get(party.server_title, ())
        elif len(self._titled) <= _FEW:
            yield from self._titled
        else:
            for address in party.addresses:
                yield from self._titled_by_address.get(address, ())
        for address in party.addresses:
            yield from self._by_address.get(address, ())
        if party.client_title:
            yield from self._by_client_title.get(party.client_title, ())
        elif len(self._by_client_title) == 1:
            for meters in self._by_client_title.values():
                yield from meters
        if party.client is not None:
            yield from self._by_client.get(party.client, ())
        yield from self._of_all


def _unambiguous(found: list[Meter]) -> list[Meter]:
    """Leave out meters with a title that nobody saw, unless the others say that only one can be meant."""
    titles = {meter.server_title for meter in found if meter.server_title}
    if len(titles) <= 1:
        return found
    best = max(_selected(meter) for meter in found if meter.server_title)
    closest = {meter.server_title for meter in found if meter.server_title and _selected(meter) == best}
    keep = closest if best and len(closest) == 1 else set()
    return [meter for meter in found if not meter.server_title or meter.server_title in keep]


def _selected(meter: Meter) -> int:
    return bool(meter.address) + (meter.client is not None) + bool(meter.client_title)


def _only(titles: set[bytes]) -> bytes:
    return titles.pop() if len(titles) == 1 else b""
