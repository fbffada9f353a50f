"""Protected APDUs to what is inside: which title, which key, what the tag says, association by association.

Source: IEC 62056-5-3, Protection of xDLMS APDUs; design of statuses: the interface page, Protection.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from analyzer.record import REQUEST, RESPONSE, UNSOLICITED, Apdu, Closed, Record
from analyzer.security import opening
from analyzer.security.keyring import Keyring, KeySet, Party
from analyzer.security.keys import Key, KeyRole
from analyzer.security.opening import ENCRYPTED, Message, message_of
from analyzer.tracking import rewriting
from analyzer.tracking.findings import dissection_notes, finding
from analyzer.tracking.knowledge import Knowledge, addresses, places
from analyzer.tracking.peer import Peer
from analyzer.tracking.plans import Plan, plan_of
from analyzer.tracking.security_context import SecurityContext
from dissectors.scanning import Entry, scan_apdu, scan_loosely

_MOST_LAYERS = 8
_MOST_OPENERS = 4096
_GENERAL_GLO, _GENERAL_DED, _GENERAL_CIPHERING = 0xDB, 0xDC, 0xDD
_INITIATE_REQUEST = 0x01
_new = tuple.__new__
_NOTHING = KeySet()


class Opener(NamedTuple):
    """How messages of one kind in one direction are opened: which keys with which titles, the best first."""

    keys: tuple[Key, ...]
    authentication: tuple[Key, ...]
    titles: tuple[bytes, ...]
    lacks: str = ""
    """What is missing, as a cause; empty where opening can be tried."""


class Outcome(NamedTuple):
    """What opening gave."""

    status: str
    plaintext: bytes = b""
    entry: Entry | None = None
    values: tuple[Any, ...] | None = None
    key: Key | None = None
    title: bytes = b""


class Protection:
    """Opens protected APDUs with the keys of *keyring*; *knowledge* holds what the capture teaches about titles."""

    def __init__(self, keyring: Keyring, knowledge: Knowledge | None = None) -> None:
        self.keyring = keyring
        self.knowledge = knowledge or Knowledge()

    # -- APDUs --------------------------------------------------------------------------------------------------

    def open(self, record: Record, peer: Peer, plan: Plan, *, moves: bool = True) -> Plan:
        """Open what *record* carries, layer by layer. Returns the plan of what it carries then.

        *moves* tells whether the association's state follows; an APDU out of a repeated frame moves none.
        """
        for _ in range(_MOST_LAYERS):
            apdu = record.apdu
            if apdu is None or apdu.entry is None or apdu.values is None or not plan.is_protected:
                return plan
            if plan.is_acse:
                self._associate(record, peer, plan, apdu, moves)
                return plan
            outcome, closed = self._open_one(record, peer, plan.role or peer.role, apdu, moves)
            record.protection = (*record.protection, closed)
            if not closed.is_opened:
                record.closed = record.closed or closed
                return plan
            record.closed = closed
            shown = rewriting.masked(outcome.plaintext, outcome.entry, outcome.values)
            record.apdu = _new(Apdu, (shown, outcome.entry, outcome.values, -1))
            if outcome.entry is None:
                return plan
            plan = plan_of(outcome.entry)
        return plan

    def _open_one(
        self, record: Record, peer: Peer, role: str | None, apdu: Apdu, moves: bool
    ) -> tuple[Outcome, Closed]:
        """Open one layer."""
        entry, values = apdu.entry, apdu.values
        assert entry is not None and values is not None
        message = message_of(entry, values)
        context = peer.association.security
        if context is None:
            context = peer.association.security = SecurityContext()
        own = values[entry.slots["system_title"]] if entry.tag in (_GENERAL_GLO, _GENERAL_DED) else b""
        key = (entry.tag, message.control, own, role is REQUEST)
        opener: Any = context.openers.get(key)
        if opener is None:
            opener = self._opener(record, peer, context, role, message, entry, values, own)
        outcome = attempt(message, opener)
        if outcome.key is None and self.knowledge.complete():  # a title may be told later in the capture
            context.forget_keys()
            opener = self._opener(record, peer, context, role, message, entry, values, own)
            outcome = attempt(message, opener)
        is_opened = outcome.entry is not None or not message.control & ENCRYPTED
        if (outcome.values is None and is_opened) or (
            outcome.entry is not None
            and outcome.entry.deviates is not None
            and outcome.entry.deviates(outcome.plaintext)
        ):
            record.notes += dissection_notes(outcome.plaintext, False)
        if outcome.status is not opening.VERIFIED:
            self._explain(record, message, opener, outcome)
        if moves and outcome.key is not None:
            self._learn(record, peer, context, role, own, outcome)
        name = outcome.key.name if outcome.key is not None else ""
        return outcome, Closed(apdu.octets, entry, values, outcome.status, outcome.plaintext, name, is_opened)

    def _associate(self, record: Record, peer: Peer, plan: Plan, apdu: Apdu, moves: bool) -> None:
        """Take what an ACSE APDU tells, and open the initiate APDU in it."""
        entry, values = apdu.entry, apdu.values
        assert entry is not None and values is not None
        slots, role = entry.slots, plan.role or peer.role
        if plan.family == "aarq" and moves:
            peer.association.security = SecurityContext()
        context = peer.association.security
        if context is None:
            context = peer.association.security = SecurityContext()
        if moves:
            for name, side in (("calling_ap_title", REQUEST), ("responding_ap_title", RESPONSE)):
                title = values[slots[name]] if name in slots else None
                if title:
                    self._learn_title(record, peer, context, side, title)
            if "mechanism_name" in slots and plan.family == "aarq":
                context.mechanism = values[slots["mechanism_name"]]
        inside = values[slots["user_information"]]
        if not inside:
            return
        found, inner = scan_apdu(inside, 0, len(inside))
        if found is None or inner is None or not plan_of(found).is_protected:
            return
        outcome, closed = self._open_one(record, peer, role, Apdu(inside, found, inner), moves)
        record.closed = closed = closed._replace(around=apdu.octets)
        record.protection = (*record.protection, closed)
        if closed.is_opened:
            shown = rewriting.masked(outcome.plaintext, outcome.entry, outcome.values)
            octets = rewriting.with_user_information(apdu.octets, shown)
            record.apdu = Apdu(octets, *scan_apdu(octets, 0, len(octets)))

    # -- keys and titles ----------------------------------------------------------------------------------------

    def _opener(
        self, record: Record, peer: Peer, context: SecurityContext, role: str | None, message: Message, entry: Entry,
        values: tuple[Any, ...], own: bytes,
    ) -> Opener:  # fmt: skip
        """Find keys and titles for messages of this kind."""
        if entry.tag == _GENERAL_CIPHERING:
            own = values[entry.slots["originator_system_title"]]
        keys, titles = self._keys_and_titles(record, peer, context, role, own)
        authentication = keys.of(KeyRole.GAK)
        lacks = ""
        if entry.tag == _GENERAL_CIPHERING:
            encryption, lacks = self._general_keys(context, keys, entry, values)
        elif entry.tag == _GENERAL_DED or entry.family.startswith("ded-"):
            dedicated = (context.dedicated,) if context.dedicated is not None else ()
            encryption, lacks = dedicated + keys.of(KeyRole.DEDICATED), "dedicated-key-unknown"
        elif message.control & opening.BROADCAST:
            encryption, lacks = keys.of(KeyRole.GBEK), "broadcast-key-needed"
        else:
            encryption, lacks = keys.of(KeyRole.GUEK), "no-key"
        if encryption:
            lacks = "" if titles else "no-system-title"
        made = Opener(encryption, authentication, titles, lacks)
        if entry.tag != _GENERAL_CIPHERING:
            if len(context.openers) >= _MOST_OPENERS:
                context.openers.clear()
            context.openers[entry.tag, message.control, own, role is REQUEST] = made
        return made

    def _keys_and_titles(
        self, record: Record, peer: Peer, context: SecurityContext, role: str | None, own: bytes
    ) -> tuple[KeySet, tuple[bytes, ...]]:
        """Find the parties' keys, and the titles that the sender may have."""
        client_place, server_place = places(record, peer, role or RESPONSE)
        client_title = context.client_title or self.knowledge.title(client_place)
        server_title = context.server_title or self.knowledge.title(server_place)
        client = (peer.source if role is REQUEST else peer.destination) if role and record.link != "apdu" else None
        ends = addresses(record.lane.text)
        if own and role is REQUEST:
            client_title = own
        elif own:
            keys = self._find(context, Party(own, client_title, client, ends))
            if keys.of(KeyRole.GUEK) or keys.of(KeyRole.GBEK) or role is not None:
                return keys, (own,)
            client_title = own
        keys = self._find(context, Party(server_title, client_title, client, ends))
        if own:
            return keys, (own,)
        lent = {REQUEST: (keys.client_title,), RESPONSE: (keys.server_title,), UNSOLICITED: (keys.server_title,)}
        titles = lent.get(role or "", (keys.server_title, keys.client_title))
        return keys, tuple(dict.fromkeys(title for title in titles if title))

    def _find(self, context: SecurityContext, party: Party) -> KeySet:
        known = context.keys.get((party.server_title, party.client_title))
        if known is None:
            if len(context.keys) >= _MOST_OPENERS:
                context.keys.clear()
            known = context.keys[party.server_title, party.client_title] = self.keyring.find(party)
        return known

    def _general_keys(
        self, context: SecurityContext, keys: KeySet, entry: Entry, values: tuple[Any, ...]
    ) -> tuple[tuple[Key, ...], str]:
        """Find the key that the key-info of general-ciphering names."""
        information = values[entry.slots["key_info"]]
        originator = values[entry.slots["originator_system_title"]]
        if information is None:
            earlier = context.agreed.get(originator)
            return ((earlier,) if earlier is not None else keys.of(KeyRole.GUEK)), "no-key"
        kind, inner = information
        if kind == 0:
            role, lacks = (KeyRole.GBEK, "broadcast-key-needed") if inner[1] == 1 else (KeyRole.GUEK, "no-key")
            return keys.of(role), lacks
        found: tuple[Key, ...] = ()
        if kind == 1:
            unwrapped = ((kek, opening.unwrap(kek, inner[2])) for kek in keys.of(KeyRole.KEK))
            found = tuple(Key(KeyRole.WRAPPED, octets, kek.place) for kek, octets in unwrapped if octets)
        if found:
            context.agreed[originator] = found[0]
        return found, "no-key"

    def _learn(
        self, record: Record, peer: Peer, context: SecurityContext, role: str | None, own: bytes, outcome: Outcome
    ) -> None:
        """Take what an opened APDU tells: the sender's title, a dedicated key."""
        if outcome.entry is None:
            return
        if own:
            role = role or plan_of(outcome.entry).role
            if role is not None and context.server_title != own != context.client_title:
                self._learn_title(record, peer, context, role, own)
        if outcome.entry.tag == _INITIATE_REQUEST and outcome.values is not None:
            octets = outcome.values[outcome.entry.slots["dedicated_key"]]
            if octets and len(octets) in (16, 24, 32):
                context.dedicated = Key(KeyRole.DEDICATED, octets, outcome.key.place if outcome.key else "")
                context.openers.clear()

    def _learn_title(self, record: Record, peer: Peer, context: SecurityContext, role: str, title: bytes) -> None:
        """Remember the title of the side that sent this."""
        client, server = places(record, peer, role)
        if role is REQUEST:
            if context.client_title != title:
                context.client_title = title
                context.forget_keys()
            self.knowledge.learn(client, title)
        else:
            if context.server_title != title:
                context.server_title = title
                context.forget_keys()
            self.knowledge.learn(server, title)

    # -- failures -----------------------------------------------------------------------------------------------

    def _explain(self, record: Record, message: Message, opener: Opener, outcome: Outcome) -> None:
        """Note why an APDU stays closed or unverified."""
        if opener.lacks:
            record.add_note(finding("undecipherable", _LACKS[opener.lacks], 0, 0, opener.lacks))


_LACKS = {
    "no-key": "no encryption key is given for this sender",
    "broadcast-key-needed": "the security control asks for the broadcast key, and none is given",
    "dedicated-key-unknown": "the dedicated key is not known: the initiate request that carried it was not opened",
    "no-system-title": "a key is there, but the sender's system title is not: neither capture nor keyring tells it",
}


def _deviates(outcome: Outcome) -> bool:
    """Tell whether an opened APDU has a quirk that its tree notes."""
    entry = outcome.entry
    return entry is not None and entry.deviates is not None and bool(entry.deviates(outcome.plaintext))


def attempt(message: Message, opener: Opener) -> Outcome:
    """Try the keys of *opener* in order: the first whose tag is right, else the first whose text reads."""
    control, plain = message.control, message.body
    if not control & (ENCRYPTED | opening.AUTHENTICATED):
        return Outcome(opening.PLAINTEXT, plain, *scan_apdu(plain, 0, len(plain)))
    if not opener.lacks:
        fallback = None
        for key, title in _pairs(opener):
            plaintext = opening.decipher(message, key, title)
            for other in opener.authentication if message.tag else ():
                if opening.is_authentic(message, key, title, plaintext, other.octets):
                    found, values = scan_apdu(plaintext, 0, len(plaintext))
                    if values is None:
                        values = scan_loosely(plaintext, found)
                    return _new(Outcome, (opening.VERIFIED, plaintext, found, values, key, title))
            if control & ENCRYPTED and (fallback is None or fallback.status is not opening.DECRYPTED):
                fallback = _unverified(message, opener, key, title, plaintext)
        if fallback is not None:
            return fallback
    if control & ENCRYPTED:
        return Outcome(opening.NO_TITLE if opener.lacks == "no-system-title" else opening.NO_KEY)
    wrong = not opener.lacks and bool(opener.authentication)
    return Outcome(opening.WRONG_TAG if wrong else opening.PLAINTEXT, plain, *scan_apdu(plain, 0, len(plain)))


def _pairs(opener: Opener) -> Iterator[tuple[Key, bytes]]:
    for title in opener.titles:
        for key in opener.keys:
            yield key, title


def _unverified(message: Message, opener: Opener, key: Key, title: bytes, plaintext: bytes) -> Outcome:
    """Judge a plaintext whose tag did not verify by whether it reads."""
    found, values = scan_apdu(plaintext, 0, len(plaintext))
    if values is not None and _proves(message, plaintext):
        return Outcome(opening.DECRYPTED, plaintext, found, values, key, title)
    status = opening.WRONG_TAG if message.tag and opener.authentication else opening.WRONG_KEY
    return Outcome(status, plaintext)


def _proves(message: Message, plaintext: bytes) -> bool:
    """Tell whether a text that reads says anything: it is the APDU that the outer tag announces, and not empty."""
    if message.inner_tag >= 0 and plaintext[0] != message.inner_tag:
        return False
    return len(plaintext) > 2 or plaintext[1:] != b"\x00"
