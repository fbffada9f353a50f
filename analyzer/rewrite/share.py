"""Records to a capture that can be shown to others: the same units at the same times, of nobody's meters.

Titles, addresses, serial numbers and names are replaced one way, secrets masked, what is ciphered is put under
published keys; what cannot be read is blanked, and counted. Lengths stay, so that each octet keeps its place.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterable, Iterator

from analyzer.reassembly.blocks import read_block
from analyzer.record import LINK, MESSAGE, NO_KEY, NOISE, PART, REQUEST, Apdu, Closed, Record
from analyzer.rewrite.apdus import anonymous, patched
from analyzer.rewrite.carrier import Carrier, Piece
from analyzer.rewrite.handshakes import Handshakes
from analyzer.rewrite.keys import published_key
from analyzer.rewrite.pseudonyms import Pseudonyms
from analyzer.rewrite.sealing import Keys, Unsealable, resealed, role_of, text_size
from analyzer.rewrite.texts import anonymous_text
from analyzer.rewrite.units import is_bare, payload_span, rebuilt
from analyzer.security.keys import Key, KeyRole
from analyzer.security.opening import SUITE, message_of
from analyzer.tracking.attributes import held_values
from analyzer.tracking.plans import plan_of
from analyzer.tracking.standing_names import carries_key, is_confidential
from captures import blocks
from captures.chunk import PACKET_BITS
from dissectors.scanning import scan_apdu
from dissectors.tree import Severity

_MOST_HELD = 20_000
"""Records that wait for a transfer to complete; beyond, it is taken for one that never does."""
_MOST_LATE = 64
"""Units within which an echo comes back, or a record late."""
_MOST_MEANWHILE = 1024
"""Packets that may come between the first octets of a unit and its others."""
_HURT = ("checksum", "malformed", "sequence")
"""Groups of notes that say that a message is not what was sent."""
_GENERAL_BLOCKS = "general-block-transfer"
Span = tuple[Record, int, int]
"""Octets of a record's unit."""


class Shared:
    """What came of an export: counts by what was done, and by why something was blanked or left out."""

    def __init__(self) -> None:
        self.records = 0
        self.enciphered = self.mended = 0
        self.server_titles: set[bytes] = set()
        self.client_titles: set[bytes] = set()
        """New titles of those who sent what was enciphered."""
        self.blanked: Counter[str] = Counter()
        self.dropped: Counter[str] = Counter()


class ShareSafe:
    """Writes the blocks of one capture; *names* is its mapping."""

    def __init__(self, names: Pseudonyms) -> None:
        self.names = names
        self.outcome = Shared()
        self._handshakes = Handshakes(names)
        self._carrier = Carrier(names)
        self._units: dict[int, bytearray] = {}
        """The units of the records that are held, as far as they are written anew."""
        self._done: set[int] = set()
        """Records whose payload was written anew."""
        self._open: dict[int, list[Record]] = {}
        """Parts by conversation that came before the record that is written anew, and are not written yet."""
        self._late: OrderedDict[tuple[int, bytes], bytes] = OrderedDict()
        """What came of the units written last, by conversation and octets: an echo is that of what it echoes."""

    def head(self) -> bytes:
        """Build the block that opens the capture."""
        said = (
            "shared by dlmshark export --share-safe: names, numbers and addresses are made, keys are the published ones"
        )
        return blocks.section(application="dlmshark", comment=said)

    def blocks(self, records: Iterable[Record]) -> Iterator[bytes]:
        """Give the blocks of *records*, as their packets stood."""
        waiting: list[Piece] = []
        for record, unit in self._as_they_stood(records):
            pieces = self._carrier.pieces(record, unit, _stood(record))
            if len(pieces) > 1:  # what came meanwhile is older than the record, and younger than its first octets
                at = len(waiting)
                while at and _comes_behind(waiting[at - 1], pieces[0]):
                    at -= 1
                waiting.insert(at, pieces.pop(0))
            waiting += pieces
            while len(waiting) > _MOST_MEANWHILE:
                yield self._carrier.packets(waiting.pop(0))
        yield from map(self._carrier.packets, waiting)

    def _as_they_stood(self, records: Iterable[Record]) -> Iterator[tuple[Record, bytes]]:
        """Give each record and its unit in the order of their packets: one whose line was settled late came behind."""
        waiting: list[tuple[Record, bytes]] = []
        for one in self._rewritten(records):
            at = len(waiting)
            while at and _is_behind(waiting[at - 1][0], one[0]):
                at -= 1
            waiting.insert(at, one)
            if len(waiting) > _MOST_LATE:
                yield waiting.pop(0)
        yield from waiting

    def _rewritten(self, records: Iterable[Record]) -> Iterator[tuple[Record, bytes]]:
        """Give each record and its unit anew; a record waits until the transfers that run in it are over."""
        held: list[Record] = []
        open_parts: dict[int, Record] = {}
        for record in records:
            held.append(record)
            for number in (*record.parts, *(one.number for one in _blocks_of(record, open_parts.values()))):
                open_parts.pop(number, None)
            if record.kind == PART and record.incomplete is None:
                open_parts[record.number] = record
            if not open_parts or len(held) > _MOST_HELD:
                yield from self._written(held)
                held, open_parts = [], {}
        yield from self._written(held)

    def _written(self, held: list[Record]) -> Iterator[tuple[Record, bytes]]:
        self._units = {one.number: bytearray(one.octets) for one in held}
        self._done, self._open = set(), {}
        by_number = {one.number: one for one in held}
        for record in held:
            self._rewrite(record, by_number)
            if record.kind == PART and record.number not in self._done:
                self._open.setdefault(record.lane.conversation, []).append(record)
        for record in held:
            unit = self._finished(record)
            if unit is not None:
                self.outcome.records += 1
                yield record, unit

    # -- what a record carries ------------------------------------------------------------------------------------

    def _rewrite(self, record: Record, held: dict[int, Record]) -> None:
        """Write anew what *record* carries, and with it the parts that it completes."""
        links = _links(record, held)
        if record.assembled is not None:
            place = record.lane.conversation
            self._open[place] = [one for one in self._open.get(place, ()) if one.number not in self._done]
            parts = _blocks_of(record, self._open[place])
            self._rewrite_blocks(record, parts, {one.number: _links(one, held) for one in parts})
        elif record.kind == MESSAGE and record.protection:
            self._put(record, self._text(record, record.protection[-1].plaintext), links)
        elif record.kind not in (PART, MESSAGE) and record.apdu is not None and record.apdu.entry is not None:
            self._put(record, self._apdu(record, record.apdu), links)

    def _text(self, record: Record, octets: bytes) -> bytes:
        """Give a message of text, or what of one stands beside an APDU, without what identifies."""
        is_hurt = any(one.group in _HURT and one.severity >= Severity.WARNING for one in record.notes)
        made = anonymous_text(octets, self.names, is_whole=not record.problem and not is_hurt)
        if made.blanked:
            self.outcome.blanked["lines of text that do not read"] += made.blanked
        return made.octets

    def _apdu(self, record: Record, apdu: Apdu) -> bytes:
        """Give the innermost APDU of a record without what identifies."""
        plain = record.protection[-1].plaintext if record.protection and record.protection[-1].around else apdu.octets
        is_secret = any(is_confidential(one) or carries_key(one) for one in record.objects)
        made = anonymous(plain, self.names, held_values(record), is_secret=is_secret)
        return self._handshakes.answered(record, apdu, made)

    def _rewrite_blocks(self, record: Record, parts: list[Record], links: dict[int, list[Record]]) -> None:
        """Write the blocks of a transfer anew, by what they make together; *links* are the segments of each."""
        assembled = record.assembled
        assert assembled is not None
        raws = [(one, one.apdu, _raw(one.apdu)) for one in parts if one.apdu is not None]
        whole = b"".join(raw for at, (_, _, raw) in enumerate(raws) if not at or raws[at - 1][2] != raw)
        if not whole or not assembled.octets.endswith(whole):
            return
        is_secret = any(is_confidential(one) or carries_key(one) for one in record.objects)
        values = [one for one in held_values(record) if one.octets == assembled.octets]
        new = anonymous(assembled.octets, self.names, values, is_secret=is_secret)[-len(whole) :]
        before, piece = b"", b""
        for one, apdu, raw in raws:
            if raw != before:  # one that came again is what it was
                piece, new = new[: len(raw)], new[len(raw) :]
            before = raw
            at = apdu.octets.rfind(raw)
            octets = anonymous(apdu.octets, self.names, keeps=(at, at + len(raw)))
            self._put(one, patched(octets, [(at, at + len(raw), piece)]), links[one.number])

    def _put(self, record: Record, plain: bytes, parts: list[Record]) -> None:
        """Protect *plain* as the record's APDU was, and write it where that stood."""
        closed = _closed(record)
        old, new = _stood(record), plain
        is_sealed = closed is not None and closed.is_opened
        if closed is None and record.apdu is not None and record.apdu.entry is not None and record.apdu.entry.is_closed:
            self.outcome.blanked["ciphered APDUs that do not read"] += 1
        try:
            for layer in reversed(record.protection or ((closed,) if closed is not None else ())):
                new = self._layer(record, layer, new)
        except Unsealable as problem:
            assert closed is not None
            what = "protected initiates" if closed.around else "ciphered APDUs"
            self.outcome.blanked[f"{what} {problem}"] += 1
            new, is_sealed = self._without_text(closed), False
        for spans in (self._general(record, parts), self._whole(record), self._segments(record, parts)):
            joined = b"".join(one.octets[start:end] for one, start, end in spans)
            at = joined.find(old)
            if at < 0 and record.link == "p1":  # of some meters it stands there without its tag
                old, new = old[1:], new[1:]
                at = joined.find(old)
            if at < 0:
                continue
            fresh = self._around(record, joined[:at]) + new + self._around(record, joined[at + len(old) :])
            for one, start, end in spans:
                self._units[one.number][start:end] = fresh[: end - start]
                self._done.add(one.number)
                fresh = fresh[end - start :]
            self._repeat(spans, parts)
            self.outcome.enciphered += is_sealed
            return

    def _around(self, record: Record, octets: bytes) -> bytes:
        """Give what stands beside an APDU in what carries it.

        A gateway prefix stays, the text of a P1 telegram names nobody, and anything else is blanked.
        """
        if record.link == "p1":
            return self._text(record, octets)
        if octets.strip(b"\0") and octets != record.gateway:
            self.outcome.blanked["octets beside an APDU"] += 1
            return bytes(len(octets))
        return octets

    def _repeat(self, spans: list[Span], parts: list[Record]) -> None:
        """Write parts that came again as they came first."""
        written = {one.octets: self._units[one.number] for one, _, _ in spans}
        data = {_block_data(one)[0]: bytes(self._units[one.number][start:end]) for one, start, end in spans}
        for one in parts:
            if one.number in self._done:
                continue
            number, at, end = _block_data(one)
            start, _ = payload_span(one)
            if one.octets in written:
                self._units[one.number] = bytearray(written[one.octets])
            elif end and len(data.get(number, b"")) == end - at:
                self._units[one.number][start + at : start + end] = data[number]
            else:
                continue
            self._done.add(one.number)

    def _layer(self, record: Record, closed: Closed, plain: bytes) -> bytes:
        if closed.is_signed:
            raise Unsealable("that are signed")
        if not closed.is_opened:
            raise Unsealable("that no key opened")
        if len(plain) != len(closed.plaintext):
            raise Unsealable("that are compressed")
        if not closed.title:
            raise Unsealable("whose sender's title nobody tells")
        role, suite = role_of(closed), message_of(closed.entry, closed.values).control & SUITE
        keys = Keys(
            Key(role, published_key(role, suite)), Key(KeyRole.GAK, published_key(KeyRole.GAK, suite)),
            self.names.title(closed.title),
        )  # fmt: skip
        titles = self.outcome.client_titles if record.direction == REQUEST else self.outcome.server_titles
        titles.add(keys.title)
        head = anonymous(closed.octets, self.names)[: len(closed.octets) - text_size(closed)]
        made = resealed(closed, head, plain, keys)
        if any(note.code == "undecipherable" for note in record.notes):
            made = made[:-1] + bytes((made[-1] ^ 1,))  # a tag that was wrong stays so
        if not closed.around:
            return made
        at = closed.around.rfind(closed.octets)
        around = anonymous(closed.around, self.names, keeps=(at, at + len(closed.octets)))
        return patched(around, [(at, at + len(closed.octets), made)])

    # -- where it stood -------------------------------------------------------------------------------------------

    @staticmethod
    def _whole(record: Record) -> list[Span]:
        return [(record, *payload_span(record))]

    @staticmethod
    def _segments(record: Record, parts: list[Record]) -> list[Span]:
        return [(one, *payload_span(one)) for one in dict.fromkeys((*parts, record))]

    @staticmethod
    def _general(record: Record, parts: list[Record]) -> list[Span]:
        """Find the block data of a general block transfer by number, whose last block is the record itself."""
        spans: dict[int, Span] = {}
        for one in dict.fromkeys((*parts, record)):
            start, _ = payload_span(one)
            number, at, end = _block_data(one)
            if end:
                spans.setdefault(number, (one, start + at, start + end))
        return [spans[number] for number in sorted(spans)]

    # -- what is written ------------------------------------------------------------------------------------------

    def _finished(self, record: Record) -> bytes | None:
        """Give the unit of a record as it is written; None where it is left out."""
        if record.kind == MESSAGE and not record.protection and record.closed is None:
            return self._text(record, record.octets)
        if record.kind == NOISE:
            self.outcome.blanked["octets that are no frame"] += 1
            return bytes(len(record.octets))
        unit = bytes(self._units[record.number])
        place = (record.lane.conversation, record.octets)
        if (record.kind == LINK and not is_bare(record)) or (record.kind != LINK and record.number not in self._done):
            unit = self._late.get(place) or self._blanked(record)
        self._late[place] = unit
        if len(self._late) > _MOST_LATE:
            self._late.popitem(last=False)
        return rebuilt(record, unit, self.names) if unit else None

    def _without_text(self, closed: Closed) -> bytes:
        """Blank text and tag of a protected APDU, or all of one that is signed; what carries it stays."""
        inner = closed.stood.rfind(closed.octets)
        stop = inner + len(closed.octets)
        start = inner + 1 if closed.is_signed else stop - text_size(closed)
        stood = anonymous(closed.stood, self.names, keeps=(start, stop))
        return patched(stood, [(start, stop, bytes(stop - start))])

    def _blanked(self, record: Record) -> bytes:
        """Take away what nobody could read."""
        self.outcome.blanked["parts of transfers" if record.kind == PART else "APDUs that do not read"] += 1
        start, end = payload_span(record)
        begin = min(start + _carried(record), end)
        return record.octets[:begin] + bytes(end - begin) + record.octets[end:]


def _is_behind(one: Record, other: Record) -> bool:
    """Tell whether the packet of *one* stands behind that of *other* in the same input."""
    if not one.packets or not other.packets:
        return False
    last, packet = one.packets[-1], other.packets[-1]
    return last > packet and last >> PACKET_BITS == packet >> PACKET_BITS


def _comes_behind(one: Piece, head: Piece) -> bool:
    """Tell whether *one*, of another lane, came after *head*, the first octets of a unit."""
    return one.time_ns > head.time_ns and one.record.lane.text != head.record.lane.text


def _blocks_of(record: Record, before: Iterable[Record]) -> list[Record]:
    """Give the records whose blocks *record* assembles: of its service and parties, up to itself."""
    last = record.apdu
    if record.assembled is None or last is None:
        return []
    place = (record.lane.conversation, record.client, record.server, record.direction)
    found = [
        one
        for one in before
        if one.kind == PART and one.number < record.number and one.apdu is not None and one.apdu.family == last.family
        and (one.lane.conversation, one.client, one.server, one.direction) == place
    ]  # fmt: skip
    return [*found, record]


def _links(record: Record, held: dict[int, Record]) -> list[Record]:
    """Give the segments and general blocks of a record's APDU that stand before its last one, which is its own."""
    found = [held[number] for number in record.parts if number in held and number != record.number]
    return [one for one in found if one.apdu is None or one.apdu.family == _GENERAL_BLOCKS]


def _closed(record: Record) -> Closed | None:
    """Give the outermost protection of what a record carries, whether it was opened or not."""
    closed = record.protection[0] if record.protection else record.unopened
    apdu = record.apdu
    if closed is not None or apdu is None or apdu.entry is None or apdu.values is None:
        return closed
    is_signed = "signature" in apdu.entry.slots
    return Closed(apdu.octets, apdu.entry, apdu.values, NO_KEY, b"", "", False) if is_signed else None


def _stood(record: Record) -> bytes:
    """Give the APDU of a record as it stood on the line."""
    closed = _closed(record)
    return closed.stood if closed is not None else record.apdu.octets if record.apdu is not None else b""


def _block_data(record: Record) -> tuple[int, int, int]:
    """Give number, begin and end of the data in a general block, within what the link carries; zeros where none is."""
    start, end = payload_span(record)
    octets = record.octets[start:end]
    found, values = scan_apdu(octets, 0, len(octets))
    if found is None or values is None or found.family != _GENERAL_BLOCKS:
        return 0, 0, 0
    data = values[found.slots["block_data"]]
    at = octets.rfind(data)
    return values[found.slots["block_number"]], at, at + len(data)


def _carried(record: Record) -> int:
    """Tell how much of a payload that is blanked stays: the head of a block."""
    _, at, end = _block_data(record)
    if end:
        return at
    raw = _raw(record.apdu) if record.apdu is not None and not record.protection else b""
    return len(record.apdu.octets) - len(raw) if raw and record.apdu is not None else 0


def _raw(apdu: Apdu) -> bytes:
    """Give what a block carries of the whole; nothing where the APDU is no block."""
    if apdu.entry is None or apdu.values is None:
        return b""
    plan = plan_of(apdu.entry)
    block = read_block(apdu.octets, plan.family, plan.choice, plan.named(apdu.values)) if plan.is_block else None
    return block.raw if block is not None else b""
