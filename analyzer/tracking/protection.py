"""Protected APDUs to what is inside: which title, which key, what the tag says, association by association.

Source: IEC 62056-5-3, Protection of xDLMS APDUs; design of statuses: the interface page, Protection.
"""

from __future__ import annotations

from analyzer.record import APDU, PART, REQUEST, RESPONSE, UNSOLICITED, Apdu, Closed, Record
from analyzer.security import opening
from analyzer.security.attempt import Opener, Outcome, attempt
from analyzer.security.certificates import Certificates
from analyzer.security.keyring import Keyring
from analyzer.security.keys import KEY_SIZES, Key, KeyRole
from analyzer.security.opening import ENCRYPTED, Message, message_of
from analyzer.security.unopened import ONCE
from analyzer.tracking import agreement, authentication, certificates, key_changes, next_message, rewriting, signing
from analyzer.tracking.broken_off import apdu_of, read_fragment
from analyzer.tracking.counters import Counters
from analyzer.tracking.doubts import UNDER_GLOBAL, Doubts
from analyzer.tracking.findings import dissection_notes, finding
from analyzer.tracking.key_search import GENERAL_CIPHERING, GENERAL_DED, GENERAL_GLO, KeySearch, whose
from analyzer.tracking.knowledge import Knowledge, places
from analyzer.tracking.next_message import open_next
from analyzer.tracking.peer import Peer
from analyzer.tracking.plans import Asked, Plan, Values, plan_of
from analyzer.tracking.security_context import Kind, SecurityContext, Swift
from analyzer.tracking.transfers import LATE_TITLE, Transfers
from dissectors.scanning import Entry, scan_whole

_MOST_LAYERS = 8
_MOST_PAIRS = 4096
_TITLED = {GENERAL_GLO: "system_title", GENERAL_DED: "system_title", GENERAL_CIPHERING: "originator_system_title"}
_INITIATE_REQUEST = 0x01
_SECURITY_SETUP = 64
_new = tuple.__new__
_AROUND = Closed._fields.index("around")
_NONE_KNOWN: dict[bytes, Asked] = {}


class Protection:
    """Opens protected APDUs with the keys of *keyring*; *knowledge* holds what the capture teaches about titles."""

    def __init__(self, keyring: Keyring, knowledge: Knowledge | None = None) -> None:
        self.knowledge = knowledge or Knowledge()
        self.certificates = Certificates()
        self.search = KeySearch(keyring, self.knowledge, self.certificates)
        self.counters = Counters()
        self.transfers: Transfers | None = None
        """Where an AARQ waits until the AARE tells the title that its key is found by."""
        self.doubts = Doubts(self.knowledge, self.counters, self.search.lost, keyring, self.certificates)
        self._proved: set[tuple[bytes, bytes]] = set()
        """Which key with which title has made a tag that was right."""
        self._swifts: dict[tuple[bytes, bytes], dict[Kind, Swift]] = {}

    open_next = staticmethod(open_next)

    # -- APDUs --------------------------------------------------------------------------------------------------

    def open(self, record: Record, peer: Peer, plan: Plan, *, moves: bool = True) -> Plan:
        """Open what *record* carries, layer by layer. Returns the plan of what it carries then.

        *moves* tells whether the association's state follows; an APDU out of a repeated frame moves none.
        """
        if record.protection and record.apdu is not None and record.apdu.entry is not None:
            plan = plan_of(record.apdu.entry)
        for _ in range(_MOST_LAYERS):
            apdu = record.apdu
            if apdu is None or apdu.entry is None or apdu.values is None or not plan.is_protected:
                return plan
            if plan.is_acse:
                if plan.opens:
                    self._associate(record, peer, plan, apdu, moves)
                elif apdu.values[plan.slots["user_information"]]:
                    self._open_initiate(record, peer, _context(peer), plan, apdu, moves)
                return plan
            if plan.is_signed:
                plan = self._open_signed(record, peer, apdu) or plan
                if record.apdu is apdu:
                    return plan
                continue
            outcome, closed = self._layer(record, peer, plan.role or peer.role, apdu, moves)
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

    def follow(self, record: Record, peer: Peer) -> None:
        """Let the state follow what *record* carries now that it is open."""
        if peer.association.security is not None or record.association is not None:
            key_changes.follow(record, peer, _context(peer), self.search)
        context = peer.association.security
        is_setup = any(one[0] == _SECURITY_SETUP for one in record.objects) if record.objects else False
        is_awaited = context is not None and context.handshake.is_awaited
        if record.kind != APDU or not (is_setup or is_awaited):
            return
        if is_setup:
            certificates.learn(record, self.certificates)
        if context is None:
            return
        keys, _ = self.search.keys_and_titles(record, peer, context, record.direction, b"")
        if is_awaited:
            authentication.watch(record, context.handshake, keys, self.certificates)
        if is_setup:
            for role, key in agreement.follow(record, context, keys, self.certificates):
                if key is None:
                    self.search.lose(record, whose(record, peer, record.direction, keys), role)
                else:
                    key_changes.hold(record, peer, keys, self.search, role, key, "one that both sides agree on")

    def open_fragment(self, record: Record, peer: Peer, octets: bytes) -> Apdu | None:
        """Open the beginning of a protected APDU. Returns what came of the one inside; None where that stays closed."""
        fragment = read_fragment(octets)
        if fragment is None or fragment.entry.tag == GENERAL_CIPHERING:
            return None
        message, found, values = fragment.message, fragment.entry, fragment.values
        role = plan_of(found).role or peer.role
        told = fragment.system_title
        opener = self._opener(record, peer, _context(peer), role, message, found, values, told)
        whole = message._replace(tag=b"")
        outcome = attempt(whole, opener)
        if opener.lacks and whole.control & ENCRYPTED:
            record.closed = Closed(octets, found, values, outcome.status, b"", "", False)
            return None
        is_part = record.kind == PART  # then what is missing was lost with another part, and no sender cut it
        if outcome.status is opening.DECRYPTED and fragment.missing <= opening.TAG_SIZE and not is_part:
            text = f"the text is whole; {len(message.tag)} octets of the tag came where 12 belong"
            record.add_note(finding("undecipherable", text, 0, 0, "tag-truncated"))
        key, title = (opener.keys[0], opener.titles[0]) if not opener.lacks else (None, b"")
        plaintext = opening.decipher(whole, key, title) if key is not None else message.body
        inner = apdu_of(plaintext)
        if inner.entry is None or (message.inner_tag >= 0 and plaintext[0] != message.inner_tag):
            record.closed = Closed(octets, found, values, opening.WRONG_KEY, plaintext, "", False)
            return None
        status = outcome.status if outcome.values is not None else opening.DAMAGED
        record.closed = Closed(octets, found, values, status, plaintext, key.name if key else "")
        return inner if outcome.values is None else Apdu(plaintext, outcome.entry, outcome.values)

    def _layer(self, record: Record, peer: Peer, role: str | None, apdu: Apdu, moves: bool) -> tuple[Outcome, Closed]:
        """Open one layer."""
        entry, values = apdu.entry, apdu.values
        assert entry is not None and values is not None
        message = message_of(entry, values)
        context = peer.association.security or _context(peer)
        if self.transfers is not None and self.transfers.open:
            self.transfers.give_up(peer.association, LATE_TITLE)
        field = _TITLED.get(entry.tag)
        own = values[entry.slots[field]] if field is not None else b""
        opener = self._opener(record, peer, context, role, message, entry, values, own)
        outcome = attempt(message, opener)
        if (
            outcome.key is None and outcome.status is not opening.PLAINTEXT
            and _may_be_told(context, opener, role, own) and self.knowledge.complete()
        ):  # fmt: skip
            context.forget_keys()
            opener = self._opener(record, peer, context, role, message, entry, values, own)
            outcome = attempt(message, opener)
        is_open = outcome.status is opening.VERIFIED or (not message.tag and outcome.key is not None)
        if not is_open and moves and key_changes.took_hold(record, peer, context, self.search, message, opener):
            opener = self._opener(record, peer, context, role, message, entry, values, own)
            outcome = attempt(message, opener)
        if outcome.status is not opening.VERIFIED:
            # what is only shown came again, so its cause is known, or is damaged
            meter = whose(record, peer, role, opener.key_set)
            outcome = self.doubts.settle(record, context, message, opener, outcome, own, meter, is_damaged=not moves)
        is_opened = outcome.entry is not None or (not message.control & ENCRYPTED and bool(outcome.plaintext))
        if is_opened and _is_odd(outcome):
            record.notes += dissection_notes(outcome.plaintext, False)
        if moves and outcome.key is not None:
            if self.search.lost and outcome.status is opening.VERIFIED:
                self.search.found(whose(record, peer, role, opener.key_set), outcome.key)
            self._learn(record, peer, context, role, own, message, outcome, entry)
            if context.before:
                next_message.carry_over(context, opener, outcome)
        elif moves and outcome.entry is not None and outcome.values is not None:
            _learn_dedicated(context, outcome.entry, outcome.values, opener.keys[0].place if opener.keys else "")
        is_tried = opener.keys and not opener.lacks and outcome.status is not opening.NO_KEY
        tried = outcome.key or (opener.keys[0] if is_tried else None)
        name = tried.name if tried is not None else ""
        return outcome, _new(
            Closed, (apdu.octets, entry, values, outcome.status, outcome.plaintext, name, is_opened, b"", outcome.title)
        )

    def _open_signed(self, record: Record, peer: Peer, apdu: Apdu) -> Plan | None:
        """Check a signature, and open what is signed."""
        title = signing.originator(apdu)
        role = signing.role(apdu) or peer.role
        keys, _ = self.search.keys_and_titles(record, peer, _context(peer), role, title)
        return signing.open_checked(record, apdu, keys, self.certificates)

    def _associate(self, record: Record, peer: Peer, plan: Plan, apdu: Apdu, moves: bool) -> None:
        """Take what an ACSE APDU tells, and open the initiate APDU in it."""
        entry, values = apdu.entry, apdu.values
        assert entry is not None and values is not None
        slots = entry.slots
        if plan.family == "aarq" and moves:
            if self.transfers is not None:
                self.transfers.give_up(peer.association, LATE_TITLE)
            before, peer.association.security = peer.association.security, None
            if before is not None:
                _context(peer).earlier = before.earlier | before.agreed
        context = _context(peer)
        if moves:
            if plan.family == "aarq":
                context.mechanism = values[slots["mechanism_name"]]
                side, title = REQUEST, values[slots["calling_ap_title"]]
            else:
                side, title = RESPONSE, values[slots["responding_ap_title"]]
            if title:
                self._learn_title(record, peer, context, side, title)
            context.handshake.challenge(plan.family, slots, values)
            certificates.learn_qualifiers(record, slots, values, self.certificates)
        if plan.family == "aarq" and moves and self._waits(record, peer, context, plan, apdu):
            return
        if plan.family == "aare" and self.transfers is not None:
            self.transfers.give_up(peer.association, LATE_TITLE)
        self._open_initiate(record, peer, context, plan, apdu, moves)

    def _waits(self, record: Record, peer: Peer, context: SecurityContext, plan: Plan, apdu: Apdu) -> bool:
        """Let an AARQ wait whose keys no title tells yet, and which a later record of a file may tell."""
        if self.transfers is None or not self.knowledge.is_of_file or self.search.keyring.has_general_key:
            return False
        keys, _ = self.search.keys_and_titles(record, peer, context, REQUEST, b"")
        is_known = keys.server_title or keys.of(KeyRole.GUEK)
        if is_known and (context.server_title or self._is_right(record, peer, context, plan, apdu)):
            return False

        def settle() -> bytes:
            self._open_initiate(record, peer, context, plan, apdu, True)
            return b""

        self.transfers.part(peer.association, LATE_TITLE, record, settle, peer)
        return True

    def _is_right(self, record: Record, peer: Peer, context: SecurityContext, plan: Plan, apdu: Apdu) -> bool:
        """Tell whether what is known of an address opens the initiate APDU: another meter may answer there now."""
        assert apdu.values is not None
        inside = apdu.values[plan.slots["user_information"]]
        found, values = scan_whole(inside) if inside else (None, None)
        if found is None or values is None or "security_control" not in found.slots:
            return True
        message = message_of(found, values)
        opener = self._opener(record, peer, context, REQUEST, message, found, values, b"")
        return not message.tag or attempt(message, opener).status is opening.VERIFIED

    def _open_initiate(
        self, record: Record, peer: Peer, context: SecurityContext, plan: Plan, apdu: Apdu, moves: bool
    ) -> None:
        """Open the initiate APDU in an ACSE APDU."""
        entry, values = apdu.entry, apdu.values
        assert entry is not None and values is not None
        slots = entry.slots
        inside = values[slots["user_information"]]
        if not inside:
            return
        is_next = moves and not record.protection
        is_next = is_next and open_next(record, peer, inside, _NONE_KNOWN, self.search.epoch, apdu.octets) is not None
        if is_next and record.closed is not None and record.apdu is not None:
            closed, (text, initiate, said, _) = record.closed, record.apdu
            if initiate is not None and said is not None:
                _learn_dedicated(context, initiate, said, closed.key.partition("@")[2].rpartition(":")[0])
        else:
            found, inner = scan_whole(inside)
            if found is None or inner is None:
                return
            if "security_control" not in found.slots:
                if moves:
                    _learn_dedicated(context, found, inner, "")
                return
            outcome, closed = self._layer(record, peer, plan.role or peer.role, Apdu(inside, found, inner), moves)
            text, initiate, said = outcome.plaintext, outcome.entry, outcome.values
            record.closed = closed = _new(Closed, (*closed[:_AROUND], apdu.octets, *closed[_AROUND + 1 :]))
            record.protection = (closed,)
        if closed.is_opened:
            shown = rewriting.masked(text, initiate, said)
            octets = rewriting.with_user_information(apdu.octets, inside, shown)
            own = list(values)
            own[slots["user_information"]] = shown
            record.apdu = _new(Apdu, (octets, entry, tuple(own), -1))

    def _opener(
        self, record: Record, peer: Peer, context: SecurityContext, role: str | None, message: Message, entry: Entry,
        values: Values, own: bytes,
    ) -> Opener:  # fmt: skip
        """Give what opens messages of this kind, looked for once."""
        if context.epoch != self.search.epoch:
            context.epoch = self.search.epoch
            context.forget_keys()
        known = context.openers.get((entry.tag, message.control, own, role))
        return known or self.search.opener(record, peer, context, role, message, entry, values, own)

    # -- what an opened APDU tells ------------------------------------------------------------------------------

    def _learn(
        self, record: Record, peer: Peer, context: SecurityContext, role: str | None, own: bytes, message: Message,
        outcome: Outcome, entry: Entry,
    ) -> None:  # fmt: skip
        """Take what an opened APDU tells: that its key works, its counter, the sender's title, a dedicated key."""
        key, found = outcome.key, outcome.entry
        if key is None or (found is None and outcome.status is not opening.VERIFIED):
            return
        if outcome.status is opening.VERIFIED or not message.tag:
            self.doubts.worked.add((key.octets, outcome.title))
            if key.role in ONCE:
                self.doubts.worked.add((key.role.value.encode(), outcome.title))
            elif entry.tag == GENERAL_CIPHERING:
                self.doubts.worked.add((UNDER_GLOBAL, outcome.title))
        if outcome.status is opening.VERIFIED:
            self._proved.add((key.octets, outcome.title))
        if key.role is not KeyRole.AGREED or message.counter:
            nonce = (key.octets, outcome.title)
            is_refuted = outcome.status is not opening.VERIFIED and bool(message.tag) and nonce in self._proved
            inner = plan_of(found).role if found is not None else None
            way = UNSOLICITED if inner is UNSOLICITED else role or inner
            note = self.counters.see(nonce, way, message, record, peer.association.number, is_refuted=is_refuted)
            if note is not None:
                record.add_note(note)
            sender = self.counters.sender(nonce, way)
            if sender is None:
                context.swift.clear()  # each way has to look at the other one's counters
            elif found is not None and outcome.authentication is not None:  # text that is no APDU goes the long way
                aad = bytes((message.control,)) + outcome.authentication
                swift = (message.control, key.encrypt, outcome.title, aad, key.name, sender)
                next_message.remember(context, entry, message.control, own, role, swift)
        if key.role in ONCE:
            context.agreed[own] = key
        if found is None:
            return
        if own and context.server_title != own != context.client_title:
            role = role or plan_of(found).role
            if role is not None:
                self._learn_title(record, peer, context, role, own)
        if outcome.values is not None:
            _learn_dedicated(context, found, outcome.values, key.place)

    def _learn_title(self, record: Record, peer: Peer, context: SecurityContext, role: str, title: bytes) -> None:
        """Remember the title of the side that sent this."""
        client, server = places(record, peer, role)
        self.knowledge.learn(client if role is REQUEST else server, title)
        if title == (context.client_title if role is REQUEST else context.server_title):
            return
        if role is REQUEST:
            context.client_title = title
        else:
            context.server_title = title
        before = context.swift if role is RESPONSE else {}
        context.forget_keys()
        if len(self._swifts) >= _MOST_PAIRS:
            self._swifts.clear()
        # what another association leaves there opens nothing wrong: every use checks a tag
        context.swift = self._swifts.setdefault((context.client_title, context.server_title), {})
        context.before = {} if context.swift else before


def _context(peer: Peer) -> SecurityContext:
    """Give the security context of an association, made at first use."""
    context = peer.association.security
    if context is None:
        context = peer.association.security = SecurityContext()
    return context


def _may_be_told(context: SecurityContext, opener: Opener, role: str | None, own: bytes) -> bool:
    """Tell whether a title that comes later in the capture may open what *opener* does not."""
    is_server_known = bool(context.server_title or (own and role in (RESPONSE, UNSOLICITED)))
    return not opener.lacks or opener.lacks == "no-system-title" or not is_server_known


def _learn_dedicated(context: SecurityContext, found: Entry, values: Values, place: str) -> None:
    """Take the dedicated key that an initiate request carries."""
    octets = values[found.slots["dedicated_key"]] if found.tag == _INITIATE_REQUEST else None
    if octets and len(octets) in KEY_SIZES:
        context.dedicated = Key(KeyRole.DEDICATED, octets, place)
        context.openers.clear()


def _is_odd(outcome: Outcome) -> bool:
    """Tell whether the tree of an opened APDU has notes: it does not read, octets are left over, or it has a quirk."""
    entry = outcome.entry
    if entry is None or outcome.values is None or outcome.has_rest:
        return True
    return entry.deviates is not None and bool(entry.deviates(outcome.plaintext))
