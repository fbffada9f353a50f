"""Messages of IEC 62056-21 and telegrams of P1 to records: who speaks, what answers what, what is wrong with them.

Source: IEC 62056-21 (modes A to E, programming mode); DSMR P1 companion standard 5.0.
"""

from __future__ import annotations

import re

from analyzer.cosem.data_sets import TextProfile, heading_after
from analyzer.cosem.plain_text import printable
from analyzer.framing.frame import HEAD_MISSING, LENGTH_WRONG, TRUNCATED
from analyzer.framing.tags import sealed_length
from analyzer.record import MESSAGE, REQUEST, RESPONSE, UNKNOWN, UNSOLICITED, Record
from analyzer.tracking.dialogue import Dialogue
from analyzer.tracking.findings import finding
from analyzer.tracking.peer import Peer, close_peers
from analyzer.tracking.telegrams import serial_of, sets_of
from dissectors import axdr, p1
from dissectors.check_character import has_check_character, judge
from dissectors.checks import has_parity, parity_faults, seven_bits
from dissectors.iec62056_21 import message_layer, message_type
from dissectors.pdu import Layer
from dissectors.reader import tree
from dissectors.tree import Note, Problem

_REQUESTS = frozenset({"request", "acknowledgement", "command", "break"})
_RESPONSES = frozenset({"identification", "data", "block", "error"})
_CHECKED = frozenset({"data", "block", "error", "command", "break"})
_SETS = re.compile(rb"(?:[^()\r\n]*+(?:\([^()\r\n]*+\))++[\r\n]*+)*+")
_PRINTABLE = bytes(range(0x20, 0x7F)) + b"\r\n"
_SIGNS = b"\x01\x02\x03\x04"
_MOST_NAMED = 8
_LEAST_MESSAGE = 5
"""Fewer octets that begin as a message does may be chance."""
_ASKED = re.compile(rb"\x02([^()\x03\x04]+)\(")
_OPERAND, _REFUSABLE = re.compile(rb"\x01?P0"), re.compile(rb"\x01?(?:P[12]|[RWE][0-9])")
_REACTION_NS = 1_500_000_000
"""An answer begins within it."""


class Iec62056Link:
    """The IEC 62056-21 side of a conversation, which may be tapped on one line or on two."""

    def __init__(self, dialogue: Dialogue) -> None:
        self.dialogue = dialogue
        self._asked: tuple[int, int | None] | None = None
        """The message that waits for its answer: record and end."""
        self._before = ("", b"", UNKNOWN)
        """Type, octets and direction of the message before."""
        self._station = ""
        self._heading: tuple[TextProfile | None, int, str] = (None, 0, "")
        """The profile whose entries come in blocks, how many came, and the code that data sets without one have."""
        self._block = b""
        """The block before."""
        self._heading_before: tuple[TextProfile | None, int, str] = self._heading
        self._roles: tuple[set[str], set[str]] = (set(), set())
        """By side: the directions that messages themselves told."""

    def take(self, record: Record, side: int) -> None:
        """Read the message of *record*, which came on *side* of the conversation."""
        record.kind = MESSAGE
        octets = undo_parity(record)
        kind = message_type(octets)
        if record.problem:
            record.add_note(_cut(record))
        if kind in _CHECKED and not _is_healthy(octets, kind):
            record.notes += _notes(message_layer(octets), octets, problem=record.problem)
        if kind == "data" and self._is_readout() and b"!" not in octets and not record.problem:
            text = "the readout ends without the line of its !"
            record.add_note(finding("end-mark-missing", text, 0, len(octets)))
        record.direction = self._direction(kind, octets, side, record)
        self._place(record, kind, octets)
        self._pair(record)
        self._before = (kind, octets, record.direction)

    def _place(self, record: Record, kind: str, octets: bytes) -> None:
        """Tell whom a message is of, and which profile or code goes on in it."""
        if kind == "request":
            self._station = octets[2 : octets.find(b"!")].decode("latin-1")
        elif kind == "identification" and not self._station:
            self._station = f"{octets[1:4].decode('latin-1')} {octets[5:].decode('latin-1').strip()}"
        sets = sets_of(record) if kind in ("data", "block") else []
        self._station = serial_of(sets) or self._station
        if self._station:
            record.station = printable(self._station)
        if kind == "command" and record.direction == REQUEST:
            asked = _ASKED.search(octets)
            code = asked[1].decode("latin-1") if asked else ""
            self._heading = self._heading_before = None, 0, code
        if not sets:
            return
        if self._before[0] == "nak":
            self._heading = self._heading_before  # the block comes once more
            if octets == self._block:
                record.add_note(finding("message-repeated", "the block came again after a NAK", 0, len(octets)))
        self._block = octets
        self._heading_before = heading, rows, code = self._heading
        if heading is not None or code:
            record.heading = (heading.form if heading is not None else None, rows, code)
        after = heading_after(sets, heading, rows)
        self._heading = (*after, next((one.id.decode("latin-1") for one in reversed(sets) if one.id), code))

    def close(self) -> None:
        """Free nothing: what is remembered is little."""

    def _is_readout(self) -> bool:
        """Tell whether the message before chose data readout."""
        return self._before[0] == "acknowledgement" and self._before[1].rstrip()[-1:] == b"0"

    def _direction(self, kind: str, octets: bytes, side: int, record: Record) -> str:
        """Tell who speaks: by the message, by the side, or by what came before."""
        before, same, direction = self._before
        told = UNKNOWN
        if kind == "command" and _OPERAND.match(octets):
            told = RESPONSE
        elif kind == "acknowledgement" and before == kind and same == octets and direction == REQUEST:
            return RESPONSE  # mode E: the meter says the same again, and both turn to HDLC
        elif kind in _RESPONSES:
            told = RESPONSE
        elif kind in _REQUESTS and kind != "break":
            told = REQUEST
        if told is not UNKNOWN:
            self._roles[side].add(told)
            if kind == "identification" and self._asked is None and before != "request":
                return UNSOLICITED
            return told
        here, there = self._roles[side], self._roles[1 - side]
        if len(here) == 1 and there:
            return next(iter(here))
        if kind == "break":  # whose password or command is refused is told by a break
            return RESPONSE if _REFUSABLE.match(same) and self._is_answer(record) else REQUEST
        if before in ("", "ack", "nak"):
            return UNKNOWN
        return RESPONSE if direction == REQUEST else REQUEST

    def _is_answer(self, record: Record) -> bool:
        """Tell whether *record* began as soon as an answer does."""
        begin = record.began_ns
        asked_ns = self._asked[1] if self._asked is not None else None
        return begin is None or asked_ns is None or begin - asked_ns <= _REACTION_NS

    def _pair(self, record: Record) -> None:
        """Tie an answer to what asked for it; the ack of a block asks for the next one."""
        if record.direction == REQUEST:
            self._asked = (record.number, record.time_ns)
        elif record.direction == RESPONSE and self._asked is not None:
            record.request, end_ns = self._asked
            record.measure_latency(end_ns)
            self._asked = None


class P1Link:
    """The telegrams of a consumer port, which nobody asks for."""

    def __init__(self, dialogue: Dialogue) -> None:
        self.dialogue = dialogue
        self.peers: dict[tuple[int, bytes], Peer] = {}

    def take(self, record: Record, side: int) -> None:
        """Read the telegram of *record*; the APDU of a ciphered one is taken as any link's is."""
        octets = record.octets
        if octets[:1] == b"\xdb":
            if record.problem == LENGTH_WRONG:
                record.add_note(_overrun(octets))
            self.dialogue.take(record, self._peer(side), octets, 0)
            show_telegram(record)
        elif start := p1.sealed_start(octets):
            # what stands in clear is not the APDU's: it lacks its tag, and text stands behind it
            self.dialogue.take(record, self._peer(side), b"\xdb" + octets[start : _sealed_end(octets, start)], -1)
            record.notes += _notes(p1.telegram_layer(octets), octets, problem=record.problem)
            show_telegram(record)
        else:
            record.kind = MESSAGE
            octets = undo_parity(record)
            if record.problem:
                record.add_note(_cut(record))
            record.notes += _telegram_notes(octets, problem=record.problem)
        record.direction = UNSOLICITED
        record.client = record.server = None

    def close(self) -> None:
        """Forget all: the conversation is over."""
        close_peers(self.peers, self.dialogue.transfers)

    def _peer(self, side: int) -> Peer:
        """Give the meter of *side*."""
        peer = self.peers.get((side, b""))
        if peer is None:
            peer = self.peers[side, b""] = Peer(0, 0)
            peer.learn(RESPONSE)
        return peer


def undo_parity(record: Record) -> bytes:
    """Give the octets of *record* in seven bits; where bit 7 is parity, it is noted and every octet's is checked."""
    octets = record.octets
    if octets.isascii() or not has_parity(octets):
        return octets
    record.add_note(
        finding("line-settings-differ", "bit 7 is even parity: 7E1 read as 8N1", 0, len(octets), "parity-in-data")
    )
    faults = parity_faults(octets)
    if faults:
        named = ", ".join(map(str, faults[:_MOST_NAMED])) + (" and more" if len(faults) > _MOST_NAMED else "")
        plural = "octets" if len(faults) > 1 else "octet"
        text = f"{plural} {named} of odd weight: the characters there are damaged"
        record.add_note(finding("parity-wrong", text, faults[0], faults[-1] + 1))
    return seven_bits(octets)


def show_telegram(record: Record) -> None:
    """Let *record* be the telegram that deciphering its APDU gave, if it gave one."""
    closed = record.closed
    if closed is None or closed.is_opened or not p1.is_telegram(closed.plaintext):
        return
    record.link, record.kind, record.direction = "p1", MESSAGE, UNSOLICITED
    record.notes += _telegram_notes(closed.plaintext)


def _is_healthy(octets: bytes, kind: str) -> bool:
    """Tell whether a message has nothing to note, in the shortest way."""
    end = len(octets) - 1
    if octets[:1] not in (b"\x01", b"\x02") or not has_check_character(octets):
        end += 1  # no check character is there
    elif judge(octets)[0] != "ok":
        return False
    begin = octets.find(b"\x02") + 1
    block = octets[begin:end].rstrip(_SIGNS).removesuffix(b"!\r\n")
    if kind == "break" or (not begin and octets[:1] == b"\x01"):
        return True
    return not block.translate(None, _PRINTABLE) and _SETS.fullmatch(block) is not None


def _telegram_notes(octets: bytes, *, problem: str = "") -> tuple[Note, ...]:
    """Give the notes of a telegram in clear; a healthy one needs no tree."""
    mark = octets.rfind(b"!")
    digits = octets[mark + 1 :].rstrip(b"\r\n")
    begin = octets.find(b"\n") + 1
    is_plain = not problem and not octets.translate(None, _PRINTABLE) and _SETS.fullmatch(octets[begin:mark].lstrip())
    if is_plain and (not digits or (len(digits) == 4 and p1.judge_digits(octets[: mark + 1], digits))):
        return ()
    return _notes(p1.telegram_layer(octets), octets, problem=problem)


def _notes(layer: type[Layer], octets: bytes, *, problem: str = "") -> tuple[Note, ...]:
    """Read the tree of a message for its notes; what a cut explains is not said twice."""
    found = []
    for note in tree(layer, octets).all_notes():
        if problem and note.code == "apdu-trailing-octets":
            continue
        if note.code in ("capture-cut", "apdu-malformed", "data-set-malformed"):
            if problem and (note.code != "data-set-malformed" or _is_of_cut(note, octets, problem)):
                continue
            note = finding("data-set-malformed", note.text, note.start, note.end)
        found.append(note)
    return tuple(found)


def _is_of_cut(note: Note, octets: bytes, problem: str) -> bool:
    """Tell whether a note is about the first line of what lacks its beginning, or the last of what lacks its end."""
    if problem == HEAD_MISSING:
        return note.start == 0
    return note.end > octets.rstrip(b"\r\n").rfind(b"\n")


def _cut(record: Record) -> Note:
    """Say that the message is not whole."""
    size = len(record.octets)
    if record.problem == HEAD_MISSING:
        return finding("capture-cut", "its identification line is missing, and what stood behind it", 0, size)
    if record.problem == TRUNCATED:
        return finding("capture-cut", f"the capture ends after {size} octets of the message", 0, size)
    text = f"it breaks off after {size} octet{'s' * (size > 1)}, and another message begins"
    if size < _LEAST_MESSAGE:
        return finding("capture-cut", text, 0, size)
    return finding("capture-cut", text, 0, size, "message-broken-off", "likely")


def _overrun(octets: bytes) -> Note:
    """Say that the next ciphered telegram begins before this one ends."""
    announced, size = sealed_length(octets), len(octets)
    text = f"the telegram announces {announced} octets, and the next one begins after {size}"
    return finding("p1-length-wrong", f"{text}: {announced - size} missing", 0, size)


def _sealed_end(octets: bytes, start: int) -> int:
    """Find where the APDU without its tag ends whose system title is at *start*."""
    try:
        size, content = axdr.scan_length(octets, start + 1 + octets[start], len(octets))
    except Problem:
        return len(octets)
    return min(content + size, len(octets))
