"""Which keys and which system titles a protected APDU may have: from the keyring, the wire, or agreed by both sides.

Source: IEC 62056-5-3, key-info of general-ciphering, dedicated key; IEC 62056-6-2, Security setup (key_transfer).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from analyzer.record import REQUEST, RESPONSE, UNSOLICITED, Apdu, Record
from analyzer.security import key_wrap, opening
from analyzer.security.attempt import Opener
from analyzer.security.certificates import Certificates
from analyzer.security.key_agreement import ONE_PASS, STATIC_UNIFIED, Parties
from analyzer.security.keyring import Keyring, KeySet, Party
from analyzer.security.keys import Key, KeyRole
from analyzer.security.opening import Message
from analyzer.tracking import agreement
from analyzer.tracking.knowledge import Knowledge, addresses, places
from analyzer.tracking.peer import Peer
from analyzer.tracking.security_context import SecurityContext
from dissectors.scanning import Entry, scan_apdu

GENERAL_GLO, GENERAL_DED, GENERAL_CIPHERING, GENERAL_SIGNING = 0xDB, 0xDC, 0xDD, 0xDF
_AGREED = 2
"""The CHOICE of key-info that tells an agreed key."""
_MISTAKEN_FOR_KEK = (KeyRole.GUEK, KeyRole.GAK, KeyRole.GBEK)
_MOST, _MOST_EPOCHS = 4096, 3
_new = tuple.__new__
_NO_AUTHENTICATION_KEY = Key(KeyRole.GAK, b"")
Values = tuple[Any, ...]
Whose = bytes | tuple[object, ...]
"""A meter: its system title, or its place where nothing tells that."""


class KeySearch:
    """Finds openers. *keyring* is asked by index, *knowledge* tells titles, changed keys replace those they follow."""

    def __init__(self, keyring: Keyring, knowledge: Knowledge, certificates: Certificates | None = None) -> None:
        self.certificates = certificates or Certificates()
        self.keyring = keyring
        self.knowledge = knowledge
        self.lookups = 0
        """How often the keyring was asked."""
        self._parties: dict[Party, KeySet] = {}
        self._changes: dict[tuple[bytes, KeyRole, Key | None], Key] = {}
        self.epoch = 0
        """Counts the changes of keys."""
        self.lost: dict[tuple[Whose, KeyRole], tuple[int, str]] = {}
        """By meter and role: the record that changed a key to one not known, and the key it went under."""

    def opener(
        self, record: Record, peer: Peer, context: SecurityContext, role: str | None, message: Message, entry: Entry,
        values: Values, own: bytes,
    ) -> Opener:  # fmt: skip
        """Find keys and titles for messages of this kind; *own* is the title that the APDU itself tells."""
        is_general = entry.tag == GENERAL_CIPHERING
        inner = _gbcs_signing(message, entry, values) if is_general else None
        if is_general and not own:
            own = inner[0] if inner is not None else b""
        told = own if len(own) == opening.TITLE_SIZE else b""  # field: some leave it empty
        known = context.sides.get((told, role))
        if known is None:
            known = context.sides[told, role] = self.keys_and_titles(record, peer, context, role, told)
        keys, titles = known
        authentication = keys.of(KeyRole.GAK)
        if inner is not None:
            # field: the UK's GBCS derives the key with both static keys and leaves the authentication key out
            parties = Parties(*inner)
            static = agreement.agreed(STATIC_UNIFIED, 1, parties, keys, role, b"", self.certificates)
            encryption = keys.of(KeyRole.AGREED) + static
            lacks = "no-key"
            authentication = (_NO_AUTHENTICATION_KEY,)
        elif is_general:
            encryption, lacks = self._general_keys(record, context, keys, role, message, entry, values)
        elif entry.tag == GENERAL_DED or entry.family.startswith("ded-"):
            dedicated = (context.dedicated,) if context.dedicated is not None else ()
            encryption, lacks = dedicated + keys.of(KeyRole.DEDICATED), "dedicated-key-unknown"
        elif message.control & opening.BROADCAST:
            encryption, lacks = keys.of(KeyRole.GBEK), "broadcast-key-needed"
        else:
            encryption, lacks = keys.of(KeyRole.GUEK), "no-key"
        if encryption:
            lacks = "" if titles else "no-system-title"
        made: Opener = _new(Opener, (encryption, authentication, titles, lacks, keys))
        if not titles:
            context.sides.pop((told, role), None)  # another association may tell it soon
        elif not is_general:
            if len(context.openers) >= _MOST:
                context.openers.clear()
                context.sides.clear()
            context.openers[entry.tag, message.control, own, role] = made
        return made

    def _general_keys(
        self, record: Record, context: SecurityContext, keys: KeySet, role: str | None, message: Message, entry: Entry,
        values: Values,
    ) -> tuple[tuple[Key, ...], str]:  # fmt: skip
        """Find the key that the key-info of general-ciphering names."""
        information, originator, recipient, transaction = (
            values[entry.slots[name]]
            for name in ("key_info", "originator_system_title", "recipient_system_title", "transaction_id")
        )
        if information is None:
            # field: after a first message with key-info others leave it out (EnergyICT)
            earlier = context.agreed.get(originator)
            if earlier is not None:
                return (earlier,), "no-key"
            before = context.earlier.get(originator)
            return keys.of(KeyRole.GUEK) + ((before,) if before is not None else ()), "no-key"
        kind, inner = information
        if kind == 0:
            asked, lacks = (KeyRole.GBEK, "broadcast-key-needed") if inner[1] == 1 else (KeyRole.GUEK, "no-key")
            return keys.of(asked), lacks
        if kind == 1:
            return unwrapped(keys.of(KeyRole.KEK), inner[2], KeyRole.WRAPPED), "no-key"
        parties = Parties(originator, recipient, transaction)
        suite = message.control & opening.SUITE
        agreement.check_ephemeral(record, parties, keys, role, inner[2], self.certificates)
        found = agreement.agreed(inner[1], suite, parties, keys, role, inner[2], self.certificates)
        return keys.of(KeyRole.AGREED) + found, "no-key"

    def keys_and_titles(
        self, record: Record, peer: Peer, context: SecurityContext, role: str | None, own: bytes
    ) -> tuple[KeySet, tuple[bytes, ...]]:
        """Find the parties' keys, and the titles that the sender may have."""
        client_title, server_title = context.client_title, context.server_title
        if not client_title or not server_title:
            client_place, server_place = places(record, peer, role or RESPONSE)
            client_title = client_title or self.knowledge.title(client_place)
            server_title = server_title or self.knowledge.title(server_place)
        client = (peer.source if role is REQUEST else peer.destination) if role and record.link != "apdu" else None
        ends = addresses(record.lane.text) if self.keyring.has_addresses else ()
        if own and role is REQUEST:
            client_title = own
        elif own:
            keys = self._find(context, Party(own, client_title, client, ends))
            if role is not None or keys.of(KeyRole.GUEK) or keys.of(KeyRole.GBEK):
                return keys, (own,)
            client_title = own
        keys = self._find(context, Party(server_title, client_title, client, ends))
        if own:
            return keys, (own,)
        if role is REQUEST:
            titles: tuple[bytes, ...] = (keys.client_title,)
        elif role in (RESPONSE, UNSOLICITED) or keys.server_title == keys.client_title:
            titles = (keys.server_title,)
        else:
            titles = (keys.server_title, keys.client_title)
        return keys, tuple([title for title in titles if len(title) == opening.TITLE_SIZE])

    def _find(self, context: SecurityContext, party: Party) -> KeySet:
        place = (party.server_title, party.client_title)
        known = context.keys.get(place)
        if known is None:
            if len(context.keys) >= _MOST:
                context.keys.clear()
            known = context.keys[place] = self._known(party)
        return known

    def _known(self, party: Party) -> KeySet:
        """Ask the keyring; associations come and go, and the parties are the same."""
        known = self._parties.get(party)
        if known is None:
            if len(self._parties) >= _MOST:
                self._parties.clear()
            self.lookups += 1
            known = self._parties[party] = self._changed(self.keyring.find(party), party.server_title)
        return known

    # -- changed keys -------------------------------------------------------------------------------------------

    def change(self, meter: Whose, old: KeySet, role: KeyRole, key: Key) -> int:
        """Let *key* follow the keys of *role* from here on, where this meter used them. Returns its epoch, from 2."""
        self.epoch += 1
        self._parties.clear()
        self.lost.pop((meter, role), None)
        server_title = old.server_title
        for before in old.of(role)[:1] or (None,):
            if before != key:
                self._changes[server_title, role, before] = key
        return 1 + sum(one[:2] == (server_title, role) for one in self._changes)

    def lose(self, record: Record, meter: Whose, role: KeyRole) -> None:
        """Remember that *record* changed a key to one that nobody gave."""
        if len(self.lost) >= _MOST:
            self.lost.clear()
        self.lost[meter, role] = (record.number, record.closed.key if record.closed is not None else "")

    def found(self, meter: Whose, key: Key) -> None:
        """Forget that a key was lost where the keyring has another that opens what comes now."""
        if self.lost.get((meter, key.role), (0, key.name))[1] != key.name:
            del self.lost[meter, key.role]

    def _changed(self, keys: KeySet, server_title: bytes) -> KeySet:
        """Put changed keys before those that they follow."""
        for changed_title, role, before in self._changes if self._changes else ():
            if changed_title == server_title and (before is None or before in keys.of(role)):
                # field: some go on under the key before until the association ends
                followed = self._followed(server_title, role, before)
                keys.keys[role] = tuple(dict.fromkeys((*reversed(followed[-_MOST_EPOCHS:]), *keys.of(role))))
        return keys

    def _followed(self, server_title: bytes, role: KeyRole, before: Key | None) -> list[Key]:
        """List the keys from *before* on, each of which followed the one before it."""
        found = {before: None} if before is not None else {}
        key = self._changes[server_title, role, before]
        while key not in found:
            found[key] = None
            key = self._changes.get((server_title, role, key), key)
        return list(found)


def whose(record: Record, peer: Peer, role: str | None, keys: KeySet) -> Whose:
    """Tell whose *keys* hold for what goes the way of *role*: the meter of their title, or else that at its place."""
    return keys.server_title or places(record, peer, role or RESPONSE)[1]


def unwrapped(keks: Iterable[Key], wrapped: bytes, role: KeyRole) -> tuple[Key, ...]:
    """Unwrap a key with whichever of *keks* fits."""
    found = ((kek, key_wrap.unwrap(kek.octets, wrapped)) for kek in keks)
    return tuple(Key(role, octets, kek.place) for kek, octets in found if isinstance(octets, bytes))


def leaves_key_info_out(apdu: Apdu | None) -> bool:
    """Tell whether a general-ciphering tells no key: it goes by an earlier one, or by the global key."""
    if apdu is None or apdu.entry is None or apdu.values is None or apdu.entry.tag != GENERAL_CIPHERING:
        return False
    return apdu.values[apdu.entry.slots["key_info"]] is None


def key_info_lack(apdu: Apdu | None, keys: KeySet) -> str:
    """Say what a general-ciphering lacks whose key is wrapped or agreed on; empty for all others."""
    if apdu is None or apdu.entry is None or apdu.values is None or apdu.entry.tag != GENERAL_CIPHERING:
        return ""
    information = apdu.values[apdu.entry.slots["key_info"]]
    if information is None:
        return ""
    kind, inner = information
    if kind == 1:
        for other in (one for role in _MISTAKEN_FOR_KEK for one in keys.of(role)):
            if unwrapped((other,), inner[2], KeyRole.WRAPPED):
                return f"its key is wrapped, and {other.name} unwraps it, which is given as no kek"
        return "no kek given unwraps its key" if keys.of(KeyRole.KEK) else "its key is wrapped, and no kek is given"
    if kind != _AGREED:
        return ""
    if inner[1] == ONE_PASS and not agreement.is_ephemeral(inner[2]):
        return "its key was agreed on, and the ephemeral key in it is no point on its curve"
    whose = "its recipient" if inner[1] == ONE_PASS else "one side, and a public one of the other,"
    return f"its key was agreed on, and no private agreement key of {whose} on that curve is given"


def misderived(apdu: Apdu | None, suite: int, keys: KeySet, store: Certificates) -> Iterator[tuple[str, Key]]:
    """Give the keys that a general-ciphering with an agreed key has where that was derived in another way, and how."""
    if apdu is None or apdu.entry is None or apdu.values is None or apdu.entry.tag != GENERAL_CIPHERING:
        return
    information, *parties = (
        apdu.values[apdu.entry.slots[name]]
        for name in ("key_info", "originator_system_title", "recipient_system_title", "transaction_id")
    )
    if information is not None and information[0] == _AGREED:
        _, parameters, data = information[1]
        yield from agreement.misderived(parameters, suite, Parties(*parties), keys, data, store)


def _gbcs_signing(message: Message, entry: Entry, values: Values) -> tuple[bytes, bytes, bytes] | None:
    """Recognise GBCS: every header field empty, no key-info, counter 0, authenticated only.

    Returns originator, recipient and transaction-id of the general-signing inside.
    """
    is_bare = message.header == bytes(5) and values[entry.slots["key_info"]] is None and not message.counter
    if not is_bare or message.control & opening.ENCRYPTED or message.body[:1] != bytes((GENERAL_SIGNING,)):
        return None
    found, inner = scan_apdu(message.body, 0, len(message.body))
    if found is None or inner is None:
        return None
    read: Callable[[str], bytes] = lambda name: inner[found.slots[name]]  # noqa: E731
    return read("originator_system_title"), read("recipient_system_title"), read("transaction_id")
