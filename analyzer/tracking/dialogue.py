"""APDUs to records: direction, association, request and response, blocks joined, authenticated-only ones opened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analyzer.reassembly.blocks import read_block
from analyzer.record import APDU, NO_OBJECTS, PART, REQUEST, RESPONSE, UNSOLICITED, Apdu, Closed, Objects, Record
from analyzer.tracking.association import MOST_REQUESTS, Association, Request
from analyzer.tracking.findings import dissection_notes, finding, text_note
from analyzer.tracking.peer import Peer
from analyzer.tracking.plans import Asked, Plan, Values, plan_of
from analyzer.tracking.transfers import Transfers
from dissectors.gateway import prefix_size
from dissectors.registry import text_of
from dissectors.scanning import scan_apdu, scan_loosely, scan_whole

if TYPE_CHECKING:
    from analyzer.tracking.protection import Protection
    from dissectors.scanning import Entry

_ENCRYPTED = 0x20
_SHORT = 64
_MOST_ASKED = 2048
_MOST_LAYERS = 8
_new = tuple.__new__


def _own_objects(apdu: Apdu) -> Objects:
    """Give the objects that an APDU itself names."""
    return (
        plan_of(apdu.entry).objects(apdu.values) if apdu.entry is not None and apdu.values is not None else NO_OBJECTS
    )


def _opens_nothing(*_: object) -> None:
    return None


class Dialogue:
    """What the APDUs of all conversations have in common: numbering of associations."""

    def __init__(self, protection: Protection | None = None) -> None:
        self.associations = 0
        self.transfers = Transfers()
        self.protection = protection
        """What opens protected APDUs, where keys are given."""
        if protection is not None:
            self.transfers.opens = protection.open_fragment
            protection.transfers = self.transfers
        self._open_next = protection.open_next if protection is not None else _opens_nothing
        self._nesting = 0
        self._asked: dict[bytes, Asked] = {}
        """Short requests by their octets."""
        self._opened: dict[bytes, Asked] = {}
        """The same of requests that were deciphered."""

    def take(self, record: Record, peer: Peer, octets: bytes, at: int) -> None:
        """Let *record* carry the APDU *octets*, which begin at *at* in its frame (-1 where they were joined)."""
        record.kind = APDU
        following: Asked | Plan | None = None
        protection = self.protection
        if protection is not None and not (self._nesting and record.protection):
            following = self._open_next(record, peer, octets, self._opened, protection.search.epoch)
        if following is None:
            if peer.role is REQUEST and len(octets) < _SHORT:
                asked = self._asked.get(octets)
                if asked is not None and asked.at == at:
                    record.apdu = asked.apdu
                    self._ask_again(record, peer, asked)
                    return
        elif isinstance(following, Asked):
            self._ask_again(record, peer, following)
            return
        if following is not None:
            plan, values = following, record.apdu[2] if record.apdu is not None else None
            if values is None or plan.is_protected:
                plan, values = self._within(record, peer, plan)
        else:
            found, read = scan_whole(octets)
            if read is None or found is None:
                size = 0 if record.gateway else prefix_size(octets)
                if size:
                    record.gateway = octets[:size]
                    self.take(record, peer.behind(octets[:size]), octets[size:], at + size if at >= 0 else -1)
                    return
                found, read = self._loosely(record, octets, found, at)
                if read is None or found is None:
                    record.apdu = Apdu(octets, found, None, at)
                    self._address(record, peer, plan_of(found).role if found is not None else None)
                    if self.protection is not None:
                        self._open_fragment(record, peer, octets)
                    return
            elif found.deviates is not None and found.deviates(octets):
                record.notes += dissection_notes(octets, False, record.octets, at)
            plan, values = found.plan or plan_of(found), read
            record.apdu = _new(Apdu, (octets, found, read, at))
            if plan.is_protected:
                inner = self._open(record, peer, plan)
                if inner is not None and record.apdu.values is not None:
                    plan, values = inner, record.apdu.values
        role = plan.role
        if role is peer.role and role is not None:
            record.direction = role
            record.client, record.server = peer.client, peer.server
        else:
            self._address(record, peer, role)
        if plan.is_general:
            self._general_block(record, peer, plan)
        else:
            self._follow(record, peer, plan, values)
            if plan.may_teach and self.protection is not None:
                self.protection.follow(record, peer)

    def _ask_again(self, record: Record, peer: Peer, asked: Asked) -> None:
        """Remember a request that was read before."""
        record.direction = REQUEST
        record.client, record.server = peer.client, peer.server
        self._ask(record, peer.association, asked.plan, asked.objects, asked.invoke_id)

    def _within(self, record: Record, peer: Peer, plan: Plan) -> tuple[Plan, Values]:
        """Open what an opened APDU of *plan* carries. Returns what can be followed."""
        inner = self._open(record, peer, plan) if plan.is_protected else plan
        if inner is not None and record.apdu is not None and record.apdu.values is not None:
            return inner, record.apdu.values
        outermost = record.protection[0]
        return plan_of(outermost.entry), outermost.values

    @staticmethod
    def _loosely(
        record: Record, octets: bytes, found: Entry | None, at: int
    ) -> tuple[Entry | None, tuple[Any, ...] | None]:
        """Read what is no whole APDU as far as it goes; text in its place is none."""
        if text := text_of(octets):
            record.add_note(text_note(text, at, len(octets), is_framed=record.link not in ("apdu", "llc")))
            return None, None
        record.notes += dissection_notes(octets, record.problem == "truncated", record.octets, at)
        return found, scan_loosely(octets, found)

    def show(self, record: Record, peer: Peer, octets: bytes, at: int) -> None:
        """Let *record* carry an APDU out of a damaged or repeated frame: shown, but tied to nothing."""
        size = prefix_size(octets)
        if size:
            record.gateway, octets, at = octets[:size], octets[size:], at + size if at >= 0 else -1
            peer = peer.behind(record.gateway)
        found, values = scan_apdu(octets, 0, len(octets))
        record.kind = APDU
        if values is None:
            found, values = self._loosely(record, octets, found, at)
        record.apdu = Apdu(octets, found, values, at)
        if self.protection is not None and found is not None and values is not None:
            self.protection.open(record, peer, plan_of(found), moves=False)
        is_known = record.problem and not peer.may_learn  # what is damaged teaches nothing better
        self._address(record, peer, plan_of(found).role if found is not None and not is_known else None)
        record.association = peer.association.number

    def _open_fragment(self, record: Record, peer: Peer, octets: bytes) -> None:
        """Open as much of a protected APDU as came."""
        inner = self.protection.open_fragment(record, peer, octets) if self.protection is not None else None
        if inner is not None and record.closed is not None:
            record.apdu = inner
            record.protection = (*record.protection, record.closed)

    def _open(self, record: Record, peer: Peer, plan: Plan) -> Plan | None:
        """Open an APDU with the keys given; without any, one that is authenticated only: its text stands in clear."""
        if self.protection is not None:
            return self.protection.open(record, peer, plan)
        for _ in range(_MOST_LAYERS):
            apdu = record.apdu
            if apdu is None or apdu.entry is None or apdu.values is None or plan.is_acse:
                return plan
            if plan.is_signed:
                from analyzer.tracking import signing  # keys and certificates: few captures need them

                plan = signing.open_unchecked(record, apdu) or plan
                if not plan.is_protected or record.apdu is apdu:
                    return plan
                continue
            control = apdu.values[plan.slots["security_control"]]
            if control & _ENCRYPTED:
                return plan
            inner = apdu.values[plan.slots["ciphered"]]
            found, values = scan_apdu(inner, 0, len(inner))
            if found is None or values is None:
                return plan
            record.closed = Closed(apdu.octets, apdu.entry, apdu.values, "plaintext-unverified", inner)
            record.protection += (record.closed,)
            record.apdu = Apdu(inner, found, values)
            plan = plan_of(found)
            if not plan.is_protected:
                return plan
        return plan

    def _address(self, record: Record, peer: Peer, role: str | None) -> None:
        """Settle direction, client and server."""
        if role is None:
            role = peer.role
            if role is RESPONSE and peer.association.number is None:
                role = UNSOLICITED  # nobody asked: a meter that pushes
        elif role is UNSOLICITED:
            if peer.role is None:
                peer.learn(RESPONSE)
        elif peer.role is not role:
            peer.learn(role)
        if role is None:
            return
        record.direction = role
        if role is REQUEST:
            record.client, record.server = peer.source, peer.destination
        else:
            record.client, record.server = peer.destination, peer.source

    def _follow(self, record: Record, peer: Peer, plan: Plan, values: Values) -> None:
        """Tie the APDU to its association and its request, and join its block."""
        association = peer.association
        direction = record.direction
        if direction is UNSOLICITED:
            record.association = association.number
            record.objects = plan.objects(values)
            return
        slot, mask, offset = plan.invoke
        invoke_id = (values[slot] & mask) + offset if mask else offset
        if direction is REQUEST:
            objects = plan.objects(values)
            self._remember(record, plan, invoke_id, objects)
            self._ask(record, association, plan, objects, invoke_id)
        elif direction is RESPONSE:
            self._answer(record, association, plan.family, invoke_id)
            if not record.objects:
                record.objects = plan.objects(values)
        record.association = association.number
        if plan.is_block:
            self._block(record, peer, plan, invoke_id)
        if plan.family == "rlre":
            association.number = None
            association.is_open = False

    def _remember(self, record: Record, plan: Plan, invoke_id: int, objects: Objects) -> None:
        """Keep a request about which its octets say all; of the others more depends on who sent them, and when."""
        apdu = record.apdu
        if apdu is None or not plan.says_all or len(apdu.octets) >= _SHORT or record.notes:
            return
        if self.protection is not None and plan.may_teach:
            return  # it may authenticate, or carry a key
        known = self._opened if record.protection else self._asked
        if len(known) >= _MOST_ASKED:
            known.clear()
        known[apdu.octets] = Asked(apdu, plan, invoke_id, objects)

    def begin(self, association: Association) -> None:
        """Number a new association."""
        self.associations += 1
        association.number = self.associations
        association.is_open = False
        association.pending.clear()
        association.transfer.clear()

    def _ask(self, record: Record, association: Association, plan: Plan, objects: Objects, invoke_id: int) -> None:
        """Remember a request; a later block of one is about the objects of its first."""
        if association.number is None or (plan.family == "aarq" and association.is_open):
            self.begin(association)
        association.is_open = True
        if association.acknowledged and not self._nesting:
            association.acknowledged.clear()
        if plan.asks_by_block and not objects:
            first = association.transfer.get(invoke_id)
            objects = first[4] if first is not None and first[2] == plan.family else NO_OBJECTS
            begins = False
        else:
            begins = bool(objects)
        record.objects = objects
        request: Request = (record.number, record.time_ns, plan.family, plan.choice, objects)
        if begins:
            association.begin_transfer(invoke_id, request)
        pending = association.pending
        if pending and (invoke_id in pending or len(pending) >= MOST_REQUESTS):
            association.make_room(invoke_id)
        pending[invoke_id] = request
        record.association = association.number

    def _answer(self, record: Record, association: Association, family: str, invoke_id: int) -> None:
        """Find the request that this answers."""
        if association.number is None:
            self.begin(association)
        association.is_open = True
        if association.acknowledged and not self._nesting:
            association.acknowledged.clear()
        request = association.answer(invoke_id, family)
        if request is None:
            return
        number, end_ns, _, _, objects = request
        record.request = number
        record.objects = objects
        begin = record.begin_ns or (record.start_ns if record.start_ns is not None else record.time_ns)
        if begin is not None and end_ns is not None:
            latency = begin - end_ns
            record.latency_ns = latency if latency >= 0 else record.overlaps(latency, end_ns)

    def _block(self, record: Record, peer: Peer, plan: Plan, invoke_id: int) -> None:
        """Join a block of a service's own block transfer."""
        apdu = record.apdu
        if apdu is None or apdu.values is None:
            return
        block = read_block(apdu.octets, plan.family, plan.choice, plan.named(apdu.values))
        if block is None:
            return
        key = (apdu.octets[0], invoke_id)
        blocks = peer.association.blocks
        first = peer.association.transfer.get(invoke_id)
        is_normal = plan.role is RESPONSE and first is not None and first[3] == 1
        outcome = blocks.add(key, block, record.number, is_normal=is_normal)
        if outcome.missing:
            text = f"block {block.number} where {block.number - outcome.missing} belongs"
            record.add_note(finding("block-lost", text, 0, 0))
        if outcome.is_repeated:
            record.add_note(finding("block-repeated", f"block {block.number} came again", 0, 0))
        owner = peer.association
        if outcome.apdu is not None:
            record.parts = outcome.parts
            record.assembled = Apdu(*outcome.apdu)
            record.objects = _own_objects(record.assembled) or record.objects
            owner.name_request(invoke_id, record)
        if not block.is_last or outcome.is_repeated:
            record.kind = PART
            record.part_of = outcome.first
            if blocks.runs(key):
                self.transfers.part(owner, key, record, lambda: blocks.so_far(key), peer)
        else:
            self.transfers.done(owner, key)
            if outcome.apdu is None and not (block.number == 1 and block.is_last):
                record.kind = PART
                record.part_of = outcome.first
            if outcome.so_far:
                record.incomplete = Apdu(outcome.so_far, *scan_apdu(outcome.so_far, 0, len(outcome.so_far)))

    def _general_block(self, record: Record, peer: Peer, plan: Plan) -> None:
        """Join a block of general-block-transfer; the record that completes it carries the APDU inside."""
        apdu = record.apdu
        if apdu is None or apdu.values is None:
            return
        values = plan.named(apdu.values)
        number, data = values["block_number"], values["block_data"]
        record.association = peer.association.number
        general = peer.association.general
        side = f"{peer.source} > {peer.destination}"
        if not data:
            general.acknowledge(side, number)
            return
        owner = peer.association
        if general.begins_anew(side, number, data):
            self.transfers.give_up(owner, side)
        outcome = general.add(side, number, bool(values["block_control"] & 0x80), data, record.number)
        if outcome.lost:
            noun = "block" if len(outcome.lost) == 1 else "blocks"
            text = f"the transfer before was left off: {noun} {', '.join(map(str, outcome.lost))} never came"
            record.add_note(finding("capture-cut", text, 0, 0))
        if outcome.is_repeated:
            record.add_note(finding("block-repeated", f"block {number} came again", 0, 0))
        if outcome.apdu is None:
            record.kind = PART
            record.part_of = outcome.first
            if general.runs(side):
                self.transfers.part(owner, side, record, lambda: general.so_far(side), peer)
            return
        record.begin_ns = self.transfers.done(owner, side)
        parts = outcome.parts
        if self._nesting >= _MOST_LAYERS:
            record.add_note(finding("apdu-malformed", f"blocks nested deeper than {_MOST_LAYERS}", 0, 0))
        else:
            self._nesting += 1
            self.take(record, peer, outcome.apdu, -1)
            self._nesting -= 1
        record.parts = parts
