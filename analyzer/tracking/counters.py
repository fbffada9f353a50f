"""Invocation counters by key and title: what came again, went back, jumped or nears its end.

A key, a title and a counter make one nonce: the same with other octets breaks the cipher (``nonce-reuse``).
Bounded: of each sender the newest messages are remembered, of a capture the newest senders.
Source: IEC 62056-5-3, invocation counter; NIST SP 800-38D, uniqueness of the IV.
"""

from __future__ import annotations

from struct import Struct
from typing import NamedTuple

from analyzer.record import REQUEST, RESPONSE, UNSOLICITED, Lane, Record
from analyzer.security.opening import TAG_SIZE, Message
from analyzer.tracking.findings import finding
from dissectors.tree import Note

MOST_SENDERS = 16384
_REMEMBERED, FEW_SENDERS, _REMEMBERED_OF_MANY = 2048, 256, 64
"""Messages of a sender that are remembered at least; fewer where senders are many."""
_AHEAD = 64
"""How many counters are looked up ahead after one went back."""
JUMP = 0x10000
"""A step from which a counter is said to jump."""
NEAR_END = 0xFFFF_FFFF - 0x0100_0000
"""Beyond this a counter nears its end; the last value may not be passed."""
_SENT_AGAIN_NS, _SENT_AGAIN_RECORDS = 120_000_000_000, 256
"""How much later a message may be sent again because it, or its answer, was lost; in records where no times are."""
_SECOND_POINT_NS = 1_000_000_000
"""How much later a message passes a second point of the network."""


_PLACE = Struct(">QI")


class Seen(NamedTuple):
    """A message that used a counter: its record, the number of its association or 0, and what stands for its octets.

    Packed it takes half the memory of a tuple, and the garbage collector does not look at it.
    """

    record: int
    association: int
    digest: bytes

    @classmethod
    def of(cls, packed: bytes) -> Seen:
        """Unpack what :meth:`Sender.take` keeps."""
        record, association = _PLACE.unpack_from(packed)
        return cls(record, association, packed[_PLACE.size :])


pack_seen = Struct(f"{_PLACE.format}{TAG_SIZE}s").pack
"""Packs a :class:`Seen` whose digest is a tag."""


class Sender:
    """The counters of one sender under one key; the newest in two generations, so that forgetting is cheap."""

    __slots__ = ("is_near_end", "is_shared", "lane", "last", "limit", "newest", "older", "reached", "room", "time_ns")

    def __init__(self, first: int, room: int) -> None:
        self.last = first
        """The counter that came last, but for repeated ones."""
        self.lane: Lane | None = None
        self.time_ns: int | None = None
        """Where and when it came; where it came there again: when it did so last."""
        self.reached = first
        """The highest, once :meth:`see` looked."""
        self.limit = 0
        """Below this every counter beyond *last* is new, no jump, and there is room for it."""
        self.room = room
        self.is_near_end = False
        self.is_shared = False
        """Whether the other direction has the same nonces, so that each has to look at those of the other one."""
        self.newest: dict[int, bytes] = {}
        self.older: dict[int, bytes] = {}

    def fills_gap(self, counter: int) -> bool:
        """Tell whether *counter*, which is new, is the one that was left out a little before the highest."""
        before = counter - 1
        return self.reached - counter <= _AHEAD and (before in self.newest or before in self.older)

    def hear(self, record: Record) -> None:
        """Remember where and when the counter came that came last."""
        self.lane, self.time_ns = record.lane, record.time_ns

    def take(self, counter: int, seen: bytes) -> None:
        """Take a counter; the oldest generation goes where there is no room."""
        if len(self.newest) >= self.room:
            self.older, self.newest = self.newest, {}
        self.last = counter
        self.newest[counter] = seen
        self.limit = 0 if self.is_shared else min(NEAR_END, counter + 1 + self.room - len(self.newest))
        if counter < self.reached:
            ahead = range(counter + 1, min(self.limit, counter + _AHEAD))
            is_new = self.newest.keys().isdisjoint(ahead) and (not self.older or self.older.keys().isdisjoint(ahead))
            self.limit = ahead.stop if is_new else 0

    def see(
        self, counter: int, stands_for: bytes, role: str | None, record: Record, association: int | None
    ) -> Note | None:
        """Take any counter of a message, for whose octets the digest *stands_for*. Returns the finding, if any."""
        last = self.last
        self.reached = max(self.reached, last)
        if counter <= self.reached:
            known = self.newest.get(counter) or self.older.get(counter)
            if known is not None:
                note = _repeated(known, role, counter, stands_for, self, record, association)
                if note.cause != "nonce-reuse":  # what comes a third time does so behind the second
                    self.newest[counter] = _packed(record, association, stands_for)
                return note
        self.take(counter, _packed(record, association, stands_for))
        self.hear(record)
        near_end = _near_end(self, counter)
        step = counter - last
        if step <= 0:
            text = f"the invocation counter goes back from {last} to {counter}"
            if self.fills_gap(counter):
                text += f", which was left out behind {counter - 1}"
                return finding("invocation-counter-regressed", text, 0, 0, "overtaken", "likely")
            has_wrapped = last >= NEAR_END and counter < JUMP
            return finding(
                "invocation-counter-regressed", text, 0, 0, "counter-wrapped" if has_wrapped else "counter-reset"
            )
        if step >= JUMP and near_end is None:
            text = f"the invocation counter jumps by {step} from {last} to {counter}"
            return finding("invocation-counter-jumped", text, 0, 0)
        return near_end


class Counters:
    """The counters of a capture; what a meter sends unasked counts on with its answers."""

    def __init__(self) -> None:
        self._senders: dict[tuple[tuple[bytes, bytes], str | None], Sender] = {}

    def make(self, nonce: tuple[bytes, bytes], role: str | None, first: int, room: int) -> Sender:
        """Make the counters of a sender that is new."""
        return Sender(first, room)

    def sender(self, nonce: tuple[bytes, bytes], role: str | None) -> Sender | None:
        """Give the sender under key and title; None where the other direction has the same nonces."""
        if (nonce, RESPONSE if role is REQUEST else REQUEST) in self._senders:
            return None
        return self._senders.get((nonce, RESPONSE if role is UNSOLICITED else role))

    def newest(self, nonce: tuple[bytes, bytes]) -> tuple[int, ...]:
        """Give the counters that came last under key and title, one each direction."""
        senders = [self._senders.get((nonce, role)) for role in (REQUEST, RESPONSE, None)]
        return tuple(sender.last for sender in senders if sender is not None)

    def see(
        self, nonce: tuple[bytes, bytes], role: str | None, message: Message, record: Record, association: int | None,
        *, is_refuted: bool = False,
    ) -> Note | None:  # fmt: skip
        """Take the counter of an opened message; *nonce* is key and title. Returns the finding about it, if any.

        *is_refuted*: its tag is wrong under keys that are right, so its counter may be another's, and breaks nothing.

        # field: client and server may have one title (corpus pcap Output-Ciphered-Simple-Key): each way counts alone
        """
        counter = message.counter
        place = (nonce, RESPONSE if role is UNSOLICITED else role)
        other = self._senders.get((nonce, RESPONSE if role is REQUEST else REQUEST))
        sender = self._senders.get(place)
        if other is not None:
            other.is_shared, other.limit = True, 0
            known = other.newest.get(counter) or other.older.get(counter)
            if known is not None:
                if is_refuted:
                    return _altered(known, message)
                return _repeated(known, role, counter, digest(message), other, record, association)
        if is_refuted:
            known = sender.newest.get(counter) or sender.older.get(counter) if sender is not None else None
            return _altered(known, message) if known else None
        if sender is None:
            if len(self._senders) >= MOST_SENDERS:
                gone = self._senders.pop(next(iter(self._senders)))
                gone.is_shared, gone.limit = True, 0  # who still knows it takes it no more
            room = _REMEMBERED if len(self._senders) < FEW_SENDERS else _REMEMBERED_OF_MANY
            sender = self._senders[place] = self.make(*place, counter, room)
            sender.is_shared = other is not None
            sender.take(counter, _packed(record, association, digest(message)))
            sender.hear(record)
            return _near_end(sender, counter)
        sender.is_shared |= other is not None
        return sender.see(counter, digest(message), role, record, association)


def _near_end(sender: Sender, counter: int) -> Note | None:
    """Say once that the counters of a sender near their end."""
    if counter < NEAR_END or sender.is_near_end:
        return None
    sender.is_near_end = True
    text = f"the invocation counter is {counter}: {0xFFFF_FFFF - counter} messages are left under this key"
    return finding("invocation-counter-near-end", text, 0, 0)


def digest(message: Message) -> bytes:
    """Tell messages apart: a tag stands for all octets."""
    return message.tag or hash(message.body).to_bytes(8, "big", signed=True)


def _packed(record: Record, association: int | None, stands_for: bytes) -> bytes:
    return _PLACE.pack(record.number, association or 0) + stands_for


def _altered(known: bytes, message: Message) -> Note:
    text = f"the invocation counter {message.counter} is that of record {Seen.of(known).record}, other octets are not, "
    text += "and the tag is wrong"
    return finding("invocation-counter-repeated", text, 0, 0, "altered-copy")


def _repeated(
    known: bytes, role: str | None, counter: int, stands_for: bytes, sender: Sender, record: Record,
    association: int | None,
) -> Note:  # fmt: skip
    before = Seen.of(known)
    if before.digest != stands_for:
        text = f"key, system title and invocation counter {counter} are those of record {before.record}, whose"
        text += " octets are others: the cipher is broken for both"
        return finding("invocation-counter-repeated", text, 0, 0, "nonce-reuse")._replace(before=before.record)
    text = f"the invocation counter {counter} and all octets are those of record {before.record}"
    cause, confidence = "replay", "certain"
    # other talks and segments of the answer may stand between: what counts is that the sender said nothing new since
    if sender.last == counter and sender.lane is not None and before.association == (association or 0):
        later_ns = _later_ns(sender.time_ns, record.time_ns)
        if _is_one_place(sender.lane, record.lane):
            again = "answer-repeated" if role is RESPONSE else "retransmission"
            is_soon = record.number - before.record <= _SENT_AGAIN_RECORDS if later_ns is None else (
                later_ns <= _SENT_AGAIN_NS
            )  # fmt: skip
            cause, confidence = (again, "certain") if is_soon else (cause, "likely")
            sender.hear(record)
        elif not association and later_ns is not None and later_ns <= _SECOND_POINT_NS:
            cause, confidence = "captured-at-two-points", "likely"
    return finding("invocation-counter-repeated", text, 0, 0, cause, confidence)._replace(before=before.record)


def _later_ns(before: int | None, now: int | None) -> int | None:
    """Tell how much time passed; None where one has no time."""
    return abs(now - before) if before is not None and now is not None else None


def _is_one_place(one: Lane, other: Lane) -> bool:
    """Tell whether two lanes are of one conversation, or begin at one host: who sends again may connect anew."""
    if one.conversation == other.conversation:
        return True
    host, _, port = one.ends[0].rpartition(":")
    return bool(port) and bool(host) and host == other.ends[0].rpartition(":")[0]
