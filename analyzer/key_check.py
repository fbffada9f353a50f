"""A keyring and the records that it was used on, to which key opens what, and why the rest stays closed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from analyzer.record import Closed, Record
from analyzer.security import opening
from analyzer.security.certificates import elliptic_key
from analyzer.security.keyring import Keyring, Meter
from analyzer.security.keys import ASYMMETRIC, Key, KeyRole
from analyzer.security.opening import TITLE_SIZE, Message, decipher, is_authentic, message_of
from analyzer.security.refused import Refused
from analyzer.security.signatures import VERIFIED as SIGNATURE_VERIFIED
from dissectors.scanning import reads

NO_KEY = "(none)"
"""Stands for the key where none was found for a sender."""
_OPEN = frozenset({opening.VERIFIED, opening.DECRYPTED, SIGNATURE_VERIFIED})
_LEFT_ALONE = frozenset({opening.PLAINTEXT, "signature-unchecked"})
_TRIED = (KeyRole.GUEK, KeyRole.GBEK, KeyRole.DEDICATED, KeyRole.AGREED)
_MOST_TRIALS = 16
"""For so many senders that no key opened every key of the keyring is tried."""
_FAILURES = {False: "undecipherable", True: "signature-wrong"}
"""By whether a layer is signed: the note that says why it fails."""
_MOST_TITLES, _MOST_CHANGES = 32, 1000
_OF_AUTHENTICATION = ("wrong-authentication-key", "keys-swapped")
_GENERAL_CIPHERING = 0xDD


class Row(NamedTuple):
    """What one key did."""

    key: str
    opens: int
    fails: int
    reason: str


class KeyCheck:
    """Gathers what the keys of a keyring did."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring
        self._has_one_gak = sum(KeyRole.GAK in meter.keys for meter in keyring.meters) == 1
        self.told: Callable[[], Iterable[bytes]] = tuple
        """Gives the system titles that the capture has told."""
        self._opens: Counter[str] = Counter()
        self._fails: Counter[str] = Counter()
        self._reasons: dict[str, Counter[str]] = {}
        self._verified: Counter[str] = Counter()
        self._unverified: Counter[str] = Counter()
        """By place, or by the key that came there: APDUs whose tag its authentication key made, or did not."""
        self._came: dict[str, str] = {}
        """By place: the authentication key that came over the wire last."""
        self._new: set[str] = set()
        """The keys that came over the wire."""
        self._unchecked: Counter[str] = Counter()
        """By key: APDUs that it opens, and whose tag nobody checked."""
        self._changes: list[str] = []
        self._trials: dict[tuple[bytes, int], str] = {}

    def take(self, record: Record) -> None:
        """Take what happened to one record."""
        layers = record.protection or ((record.closed,) if record.closed is not None else ())
        changes = [note for note in record.notes if note.code == "key-changed"]
        noted = {code: [note for note in record.notes if note.code == code] for code in _FAILURES.values()}
        for layer in layers:
            causes = noted[_FAILURES[layer.is_signed]]
            key = layer.key or NO_KEY
            is_doubted = layer.status != opening.VERIFIED and any(note.cause != "no-key" for note in causes)
            if layer.status in _OPEN and not is_doubted:
                self._opens[key] += 1
                self._verified[self._authenticator(key)] += layer.status == opening.VERIFIED
                self._unchecked[key] += any(note.cause == "no-key" for note in causes)
            elif layer.status not in _LEFT_ALONE:
                self._fails[key] += 1
                self._unverified[self._authenticator(key)] += bool(causes) and causes[-1].cause in _OF_AUTHENTICATION
                text = causes[-1].text if causes else layer.status
                reasons = self._reasons.setdefault(key, Counter())
                reasons[self._other_key(layer) or text] += 1
        if changes and len(self._changes) < _MOST_CHANGES:  # what carried the answer went under the keys before
            self._changes += [f"record {record.number}: {note.text}" for note in changes]
            for name in filter(None, (_told_in(note.text) for note in changes)):
                self._new.add(name)
                if _role(name) == KeyRole.GAK.value:
                    self._came[_place(name)] = name

    def _authenticator(self, key: str) -> str:
        """Give what APDUs under *key* are counted by: the authentication key that came to its place, or the place."""
        return self._came.get(_place(key), _place(key))

    def rows(self) -> list[Row]:
        """Give a row a key of the keyring, in its order, and the rows of keys that the capture told."""
        listed = [key for meter in self._keyring.meters for key in meter.keys.values()]
        rows = [self._row(key.name, key) for key in listed]
        names = {key.name for key in listed}
        others = sorted((self._opens.keys() | self._fails.keys() | self._new) - names)
        return rows + [self._row(name, None) for name in others]

    def _row(self, name: str, key: Key | None) -> Row:
        opens, fails = self._opens[name], self._fails[name]
        if name in self._new and _role(name) == KeyRole.GAK.value:
            opens, fails = self._verified[name], self._unverified[name]
        elif key is not None and key.role is KeyRole.GAK:
            places = (self._verified | self._unverified).keys() - self._new if self._has_one_gak else (key.place,)
            opens, fails = (sum(each[one] for one in places) for each in (self._verified, self._unverified))
        texts = [text for text, _ in self._reasons.get(name, Counter[str]()).most_common(3)]
        if unchecked := self._unchecked[name]:
            texts.append(f"no authentication key is given: {unchecked} tag{'s' * (unchecked > 1)} not checked")
        reason = "; ".join((*texts, *(text for text in self._changes if f" {name} " in text)))
        if key is not None and key.role in ASYMMETRIC and isinstance(refused := elliptic_key(key), Refused):
            return Row(name, opens, 1, f"the keyring gives no key there: {refused.reason}")
        if fails and not reason:
            reason = "made none of the tags that fail"
        if not opens and not fails:
            reason = reason or "nothing asked for it"
        return Row(name, opens, fails, reason)

    # -- trials -------------------------------------------------------------------------------------------------

    def _other_key(self, layer: Closed) -> str:
        """Try every key of the keyring on an APDU that no key opened. Returns what then opens it."""
        if layer.values is None or layer.entry.tag == _GENERAL_CIPHERING or layer.is_signed:
            return ""
        sender = (_title(layer), layer.entry.tag)
        if sender not in self._trials:
            if len(self._trials) >= _MOST_TRIALS:
                return ""
            message = message_of(layer.entry, layer.values)
            self._trials[sender] = next(self._tried(message, sender[0]), "")
        return self._trials[sender]

    def _tried(self, message: Message, told: bytes) -> Iterator[str]:
        for meter in self._keyring.meters:
            titles = _usable((told,) if told else (*self.told(), meter.server_title, meter.client_title))
            for key in (meter.keys[role] for role in _TRIED if role in meter.keys):
                for title in titles:
                    if _opens(message, key, meter, title):
                        yield f"{key.name} opens it with the system title {title.hex().upper()}: a selector is wrong"


def _opens(message: Message, key: Key, meter: Meter, title: bytes) -> bool:
    other = meter.keys.get(KeyRole.GAK)
    text = decipher(message, key, title)
    if message.tag and other is not None:
        return is_authentic(message, key, title, text, other.octets)
    return bool(message.control & opening.ENCRYPTED) and reads(text)


def _usable(titles: Iterable[bytes]) -> list[bytes]:
    return [title for title in dict.fromkeys(titles) if len(title) == TITLE_SIZE][:_MOST_TITLES]


def _title(layer: Closed) -> bytes:
    slot = layer.entry.slots.get("system_title", layer.entry.slots.get("originator_system_title"))
    title = layer.values[slot] if slot is not None else None
    return title or b""


def _told_in(change: str) -> str:
    """Give the name of the key in what a note says of its change; empty where it could not be learnt."""
    return change.partition(" (epoch ")[0].rpartition(": ")[2] if " (epoch " in change else ""


def _role(name: str) -> str:
    return name.partition("@")[0].partition(":")[0]


def _place(name: str) -> str:
    return name.partition("@")[2].rpartition(":")[0]
