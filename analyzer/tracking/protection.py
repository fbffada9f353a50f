"""Protected APDUs to what is inside: which title, which key, what the tag says, association by association.

Source: IEC 62056-5-3, Protection of xDLMS APDUs; design of statuses: the interface page, Protection.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple

from analyzer.record import REQUEST, RESPONSE, Apdu, Closed, Record
from analyzer.security import opening
from analyzer.security.certificates import Certificates
from analyzer.security.explain import Case, explain
from analyzer.security.keyring import Keyring, KeySet
from analyzer.security.keys import Key, KeyRole
from analyzer.security.opening import ENCRYPTED, Message, message_of
from analyzer.tracking import rewriting, signing
from analyzer.tracking.findings import dissection_notes, finding
from analyzer.tracking.key_search import GENERAL_CIPHERING, GENERAL_DED, GENERAL_GLO, KeySearch, Opener
from analyzer.tracking.knowledge import Knowledge, places
from analyzer.tracking.peer import Peer
from analyzer.tracking.plans import Plan, plan_of
from analyzer.tracking.security_context import SecurityContext
from dissectors.scanning import Entry, scan_apdu, scan_loosely

_MOST_LAYERS = 8
_MOST_SEARCHES = 64
"""For how many APDUs of keys that never worked every bit is tried."""
_TITLED = {GENERAL_GLO: "system_title", GENERAL_DED: "system_title", GENERAL_CIPHERING: "originator_system_title"}
_INITIATE_REQUEST = 0x01
_new = tuple.__new__
_NOTHING = KeySet()


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
        self.knowledge = knowledge or Knowledge()
        self.search = KeySearch(keyring, self.knowledge)
        self.certificates = Certificates()
        self._searches = _MOST_SEARCHES

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
            if plan.is_signed:
                plan = self._open_signed(record, peer, apdu) or plan
                if record.apdu is apdu:
                    return plan
                continue
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
        name = _TITLED.get(entry.tag)
        own = values[entry.slots[name]] if name is not None else b""
        key = (entry.tag, message.control, own, role is REQUEST)
        opener: Any = context.openers.get(key)
        if opener is None:
            opener = self.search.opener(record, peer, context, role, message, entry, values, own)
        outcome = attempt(message, opener)
        if outcome.key is None and self.knowledge.complete():  # a title may be told later in the capture
            context.forget_keys()
            opener = self.search.opener(record, peer, context, role, message, entry, values, own)
            outcome = attempt(message, opener)
        is_opened = outcome.entry is not None or not message.control & ENCRYPTED
        if (outcome.values is None and is_opened) or (
            outcome.entry is not None
            and outcome.entry.deviates is not None
            and outcome.entry.deviates(outcome.plaintext)
        ):
            record.notes += dissection_notes(outcome.plaintext, False)
        if outcome.status is not opening.VERIFIED:
            self._explain(record, context, message, opener, outcome, own)
        if moves and outcome.key is not None:
            self._learn(record, peer, context, role, own, message, outcome)
        name = outcome.key.name if outcome.key is not None else ""
        return outcome, Closed(apdu.octets, entry, values, outcome.status, outcome.plaintext, name, is_opened)

    def _open_signed(self, record: Record, peer: Peer, apdu: Apdu) -> Plan | None:
        """Check a signature, and open what is signed."""
        context = peer.association.security
        if context is None:
            context = peer.association.security = SecurityContext()
        title = signing.originator(apdu)
        role = signing.role(apdu) or peer.role
        keys, _ = self.search.keys_and_titles(record, peer, context, role, title)
        return signing.open_checked(record, apdu, keys, self.certificates)

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

    # -- what an opened APDU tells -----------------------------------------------------------------------------

    def _learn(
        self, record: Record, peer: Peer, context: SecurityContext, role: str | None, own: bytes, message: Message,
        outcome: Outcome,
    ) -> None:  # fmt: skip
        """Take what an opened APDU tells: the sender's title, a dedicated key."""
        if outcome.entry is None or outcome.key is None:
            return
        if outcome.status is opening.VERIFIED or not message.tag:
            context.opened.add((outcome.key, outcome.title))
        if outcome.key.role in (KeyRole.WRAPPED, KeyRole.AGREED):
            context.agreed[own] = outcome.key
        if own:
            role = role or plan_of(outcome.entry).role
            if role is not None and context.server_title != own != context.client_title:
                self._learn_title(record, peer, context, role, own)
        if outcome.entry.tag == _INITIATE_REQUEST and outcome.values is not None:
            octets = outcome.values[outcome.entry.slots["dedicated_key"]]
            if octets and len(octets) in (16, 24, 32):
                context.dedicated = Key(KeyRole.DEDICATED, octets, outcome.key.place)
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

    def _explain(
        self, record: Record, context: SecurityContext, message: Message, opener: Opener, outcome: Outcome, own: bytes
    ) -> None:
        """Note why an APDU stays closed or unverified."""
        if opener.lacks:
            if message.control & ENCRYPTED or message.tag:
                record.add_note(finding("undecipherable", _LACKS[opener.lacks], 0, 0, opener.lacks))
            return
        if not message.tag and outcome.status is opening.DECRYPTED:
            return
        has_worked = any((key, title) in context.opened for key in opener.keys for title in opener.titles)
        self._searches -= 1
        case = Case(
            message, opener.keys, opener.authentication, opener.titles, opener.key_set,
            (context.client_title, context.server_title, *islice(self.knowledge.titles.values(), 64)),
            has_worked, bool(own), context.changed_at, has_worked or self._searches > 0,
        )  # fmt: skip
        suspect = explain(case)
        if suspect.cause:
            note = finding("undecipherable", suspect.text, 0, 0, suspect.cause)
            record.add_note(note._replace(confidence=suspect.confidence))


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
