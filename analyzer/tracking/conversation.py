"""Two endpoints: which stack they speak, found by the octets, and the frames of both directions as records.

Octets wait, bounded, until a strong unit tells the stack; then they are framed from the first one on.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from analyzer.framing.detect import Verdict, detect
from analyzer.framing.foreign import CLOSED, OTHER, FrameNames
from analyzer.framing.frame import IEC62056_21, LENGTH_WRONG, MBUS, TRUNCATED, Frame, Framer, Mark, longest_pause
from analyzer.framing.misread import is_misread_hdlc
from analyzer.framing.telnet import TelnetSide
from analyzer.framing.wrapper import WrapperFramer
from analyzer.record import NOISE, Lane, Record
from analyzer.tracking.bare_value import is_bare_value, is_cut_value
from analyzer.tracking.dialogue import Dialogue
from analyzer.tracking.findings import finding
from analyzer.tracking.links import ALONE, FRAMERS, ON_LINES, link_of
from analyzer.tracking.noise_note import noise_note
from analyzer.tracking.waiting import Piece, Waiting, runs
from dissectors.mbus_octets import SHORT_SIZE, is_short_frame
from dissectors.scanning import reads
from dissectors.tree import Note

_HELD_OCTETS = {True: 1 << 16, False: 1 << 14}
"""How many octets wait for the stack to be found, on a serial line and otherwise."""
_LONGEST_WAIT_NS = 20_000_000_000
"""A datagram that comes later holds no rest of a frame: pushes come a minute apart, pieces of one within seconds."""
_AT_ONCE_NS = 5_000_000
"""An octet takes 1 ms at 9600 Bd, and nobody answers sooner than some milliseconds behind the flag."""
_BROKEN_OFF_NS = 1_000_000_000
"""A frame is over where its octets pause for 25 ms, or as long as the meter is set to: this is far longer."""
_FLAG_LOST_NS = 50_000_000
"""Who speaks so long behind a frame that lacks only its flag does not get it; converters keep octets for 16 ms."""
_HELD_PIECES = {True: 1 << 12, False: 256}
"""How many pieces wait: a slow line is read octet by octet, and a frame of HDLC may have two thousand."""
_BOTH = -1
_TAKE_TURNS = frozenset(("hdlc", "wrapper"))
"""Stacks of which a unit may be known to be over, on TCP too, only by what the other side says."""
_WEAK, _SURE = 0.7, 0.9
_STOP = b"\x16"
"""The last octet of a frame of M-Bus."""
_BARE = frozenset(("llc", "apdu"))
"""Stacks that have no length and no check sequence: nothing tells their end but what follows."""
_BEGINS = re.compile(rb"\x7e[\xa0-\xaf]|\x00\x01\x00|\x68(.)\1\x68", re.DOTALL)


class Conversation:
    """One conversation; *is_serial* lanes are all records, others only once a stack is recognised in them."""

    has_taps = False
    """Whether each of its lanes has a tap of its own."""

    def __init__(
        self, number: int, names: tuple[str, str], dialogue: Dialogue, emit: Callable[[Record], None],
        next_number: Callable[[], int], frame_names: FrameNames, *, is_serial: bool = False,
        is_datagram: bool = False, transport: str = "",
    ) -> None:  # fmt: skip
        self.lanes = tuple(
            Lane(number, side, name, transport, has_taps=self.has_taps) for side, name in enumerate(names)
        )
        self.is_serial, self.is_datagram = is_serial, is_datagram
        self.stack: str | None = None
        self._value = b""
        """The last value by itself, of which a program may print the end twice."""
        self._is_special = True
        """Whether octets need more than to be fed to the framer of their side: so too until the stack is known."""
        self._stays_special = True
        """Whether that is so for all octets, and not just for the next ones."""
        self._begun = _BOTH
        """The side alone of which something waits, where nothing is to be found out for its own next octets."""
        self._take_next: Callable[[Record, int], None] | None = None
        self.carrier = ""
        self.packets = 0
        self._framers: list[Framer] = []
        self._fed_ns: list[int | None] = [None, None]
        """By side: when octets came last, as far as that was looked at."""
        self._datagrams: list[int | None] = [None, None]
        """By side: when the last datagram came."""
        self._in_pieces = False
        """Whether a datagram ended within a wrapper PDU, which the next one may go on with."""
        self._begun_ns: dict[int, int] = {}
        """By packet: when that which it holds whole began to come, as far as that is told."""
        self._telnet: tuple[TelnetSide, TelnetSide] | None = None
        self._waiting = Waiting()
        self._next_look = 0
        self._has_given_up = self._is_forced = self._has_short_frames = False
        self.last_number = 0
        """The packet that came last."""
        self.last_record = 0
        """The record that came last."""
        self.pending_notes: tuple[list[Note], list[Note]] = ([], [])
        """By side: findings about the octets that the next record will hold."""
        self._dialogue, self._emit = dialogue, emit
        self._links: dict[str, Any] = {}
        self._next = next_number
        self._frame_names = frame_names

    # -- octets -------------------------------------------------------------------------------------------------

    def feed(self, side: int, octets: bytes, number: int, time_ns: int | None) -> None:
        """Take the next octets of *side*, which came in the packet *number* at *time_ns*.

        One whole unit like the one before becomes a record in the shortest way: what :meth:`take` does.
        """
        self.last_number = number
        if self._is_special or not self._framers[side].is_whole(octets):
            self._feed_any(side, octets, Mark(number, time_ns))
            return
        record = Record()
        record.number = self.last_record = self._next()
        record.octets = octets
        record.lane = self.lanes[side]
        record.link = self.stack or ""
        record.packets = (number,)
        record.time_ns = time_ns
        # what is read of every record: a default is found twenty times slower than what a record has
        record.start_ns, record.notes, record.problem, record.protection, record.parts = None, (), "", (), ()
        record.begin_ns, record.control, record.gateway, record.more = None, None, b"", ()
        (self._take_next or self._find_take_next())(record, side)
        notes = self.pending_notes[side]
        if notes:
            record.notes += tuple(notes)
            notes.clear()
        self._emit(record)

    def _feed_any(self, side: int, octets: bytes, mark: Mark) -> None:
        """Take octets of which more is to be found out than that they are one unit."""
        if self.stack is None:
            self.packets += 1
            self._hold(side, octets, mark)
        elif self._is_special and (self._stays_special or side != self._begun):
            self._feed_special(side, octets, mark)
        else:
            framer = self._framers[side]
            for frame in framer.feed(octets, mark):
                self.take(side, frame)
            self._fed_ns[side], self._begun = mark.time_ns, side
            self._is_special = (self.is_serial or self.stack in _TAKE_TURNS) and framer.waits()

    def _find_take_next(self) -> Callable[[Record, int], None]:
        """Find what reads one more unit of the stack."""
        link = self.stack or ""
        handler = self._links.get(link) or self._make_link(link)
        take_next: Callable[[Record, int], None] = handler.take_next
        self._take_next = take_next
        return take_next

    def _feed_special(self, side: int, octets: bytes, mark: Mark) -> None:
        """Take octets where more is to be done than to feed the framer of their side."""
        if self.is_datagram:
            self._datagram(side, octets, mark)
            return
        if self._telnet is not None:
            octets = self._undo_telnet(self._telnet[side], side, octets)
        if self.stack in _BARE and not self._is_forced and _BEGINS.match(octets):
            self._heed_link(octets)
        framer, other = self._framers[side], self._framers[1 - side]
        frames = framer.feed(octets, mark)
        if frames or not self._is_at_once(side, mark):
            for frame in other.turn() or self._broken_off(1 - side, frames):
                self.take(1 - side, frame)
        for frame in frames:
            self.take(side, frame)
            other.heard(frame)
        self._fed_ns[side] = mark.time_ns
        has_begun, other_has = framer.waits(), other.waits()
        turns_matter = self.is_serial or self.stack in _TAKE_TURNS
        self._is_special = self._stays_special or (turns_matter and (has_begun or other_has))
        self._begun = _BOTH if has_begun and other_has else side if has_begun else 1 - side

    def _heed_link(self, octets: bytes) -> None:
        """Speak what *octets* prove, behind APDUs without a link: a text may show some before its frames."""
        verdict = self._detect(octets)
        if verdict.strong and verdict.stack is not None and verdict.stack not in _BARE:
            for side in (0, 1):
                self.lost(side)
            self.force(verdict.stack)

    def _is_at_once(self, side: int, mark: Mark) -> bool:
        """Tell whether *side* speaks before the other can have come to its end: two taps are read as they please."""
        before = self._fed_ns[1 - side]
        if self.stack != "hdlc" or before is None or mark.time_ns is None:
            return False
        return mark.time_ns - before < _AT_ONCE_NS

    def _broken_off(self, side: int, behind: list[Frame]) -> list[Frame]:
        """Give what began on *side* and lacks octets, where the other side has said a frame long *behind* it.

        TCP loses none, so there more may come, but for the flag behind a good frame.
        """
        before = self._fed_ns[side]
        if not behind or before is None or self.stack != "hdlc" or self.is_datagram:
            return []
        link, _, marks, problem = behind[0]
        begun_ns, framer = marks[0].time_ns, self._framers[side]
        if link != "hdlc" or problem or begun_ns is None or not framer.waits():
            return []
        is_good = framer.lacks_flag()
        if begun_ns - before < (_FLAG_LOST_NS if is_good else _BROKEN_OFF_NS) or not (is_good or self.is_serial):
            return []
        found = framer.flush()
        return [one._replace(problem=LENGTH_WRONG) if one.problem == TRUNCATED else one for one in found]

    def _undo_telnet(self, telnet: TelnetSide, side: int, octets: bytes) -> bytes:
        knew = telnet.doubles
        undone = telnet.undo(octets)
        if telnet.doubles and not knew:
            text = "the terminal server doubles FF: from here on each FF FF is read as one FF"
            self.pending_notes[side].append(finding("carrier-text", text, 0, 0, "telnet-negotiation"))
        return undone

    def began(self, number: int, time_ns: int) -> None:
        """Heed that what the packet *number* holds whole, which comes next, began to come at *time_ns*."""
        if len(self._begun_ns) >= _HELD_PIECES[self.is_serial]:  # nothing held is older
            self._begun_ns.clear()
        self._begun_ns[number] = time_ns

    def newest_ns(self, side: int) -> int | None:
        """Tell when octets of *side* came last that were no whole unit at once."""
        if self.stack is not None:
            return self._fed_ns[side]
        return next((one.mark.time_ns for one in reversed(self._waiting.pieces) if one.side == side), None)

    def lost(self, side: int) -> None:
        """Octets of *side* are missing here: what waits for them is given as it is."""
        if self.stack is None:
            if self._waiting.pieces:
                self._waiting.add(Piece(side, b"", Mark(self.last_number, None)))
        else:
            for frame in self._framers[side].flush():
                self.take(side, frame)

    def rest(self) -> None:
        """Nothing came on the line for a while: give what waits and is whole as it stands."""
        if self.stack is None and self.is_serial and self._waiting.pieces:
            self._settle(final=False)
        if self.stack is not None and self.is_serial:
            for side, framer in enumerate(self._framers):
                for frame in framer.rest():
                    self.take(side, frame)

    def force(self, stack: str, *, for_good: bool = False) -> None:
        """Speak *stack* without looking; *for_good* where the user said so."""
        self.stack = stack
        self._is_forced = for_good
        special = ALONE if for_good else ON_LINES if self.is_serial and not self.is_datagram else {}
        make = special.get(stack, FRAMERS[stack])
        self._stays_special = self.is_datagram or stack == "iec62056-21" or (special is ON_LINES and stack in special)
        self._is_special = self._stays_special
        self._framers = [make(), make()]
        self._take_next = None

    def finish(self) -> None:
        """Give what is left: the capture ended, or the conversation is forgotten."""
        if self.stack is None and self._waiting.pieces:
            self._settle(final=True)
        if self.stack is None and not self._is_misread():
            self._name_carrier()
        if self.stack is None and self._has_short_frames:
            self.force(MBUS)
        if self.stack is not None:
            for side in (0, 1):
                self.lost(side)

    def close(self) -> None:
        """Free what the conversation holds."""
        for link in self._links.values():
            link.close()
        self._links.clear()
        self._take_next = None
        for framer in self._framers:
            framer.close()

    # -- the stack ----------------------------------------------------------------------------------------------

    def _hold(self, side: int, octets: bytes, mark: Mark) -> None:
        """Keep octets until the stack is known; a lane that tells nothing for long is looked at ever more seldom."""
        is_closed = self.carrier in CLOSED and not self.is_serial  # where all is a record, whatever it is like
        if is_closed or (self._has_given_up and self.packets & (self.packets - 1)):
            return
        waiting = self._waiting
        waiting.add(Piece(side, octets, mark))
        if self.is_serial and octets[-1:] == _STOP and self._give_short_frames():
            return
        verdict = self._detect(octets)
        if verdict.strong and self.is_serial and verdict.stack in _BARE:
            joined = self._detect(waiting.of_side(side))  # a read may have ended between a header and its APDU
            verdict = joined if joined.stack is not None and joined.stack not in _BARE else verdict
        if verdict.strong and verdict.stack is not None:
            self._begin(verdict.stack)
            return
        if verdict.carrier and self.carrier in ("", OTHER):
            self.carrier = verdict.carrier
        if self._has_given_up or (self.carrier in CLOSED and not self.is_serial):
            waiting.end()
        elif waiting.octets >= self._next_look:
            self._next_look = waiting.octets * 2
            self._settle(final=False)
        if waiting.octets > _HELD_OCTETS[self.is_serial] or len(waiting.pieces) > _HELD_PIECES[self.is_serial]:
            if self.is_serial:
                self._make_room()
            elif not self._is_misread():
                self._has_given_up = True
                self._name_carrier()
                waiting.end()

    def _is_misread(self) -> bool:
        """Speak HDLC if a serial server has read it with other settings than its line has. Tells whether it did."""
        sides = () if self.is_serial else (0, 1)
        if not any(is_misread_hdlc(self._waiting.of_side(side)) for side in sides):
            return False
        self._begin("hdlc")
        return True

    def _name_carrier(self) -> None:
        """Name what waits by its frames, where it begins like nothing that is known."""
        if self.carrier in ("", OTHER) and not self.is_serial:
            self.carrier = self._frame_names.carrier_of(one.octets for one in self._waiting.pieces)

    def _make_room(self) -> None:
        """Look at what waits on a serial lane; where nothing is found, the older half is noise."""
        self._settle(final=False)
        if self.stack is None and self._waiting.pieces:
            self._next_look = 0
            self._give_noise(self._waiting.end_older())

    def _give_noise(self, pieces: list[Piece]) -> None:
        """Give *pieces* as noise; what a line brought without a pause is one."""
        for run in runs(pieces):
            octets, marks = b"".join(one.octets for one in run), tuple(one.mark for one in run)
            self.take(run[0].side, Frame(NOISE, octets, marks))

    def _give_short_frames(self) -> bool:
        """Give what waits if it is short frames of M-Bus: what pushes HDLC over its pair sends such before a frame.

        So they settle nothing, and the line is looked at anew.
        """
        if not self._waiting.are_short_frames():
            return False
        held = self._waiting.end()
        self._has_short_frames = True
        octets, marks = b"".join(piece.octets for piece in held), tuple(piece.mark for piece in held)
        for at in range(0, len(octets), SHORT_SIZE):
            self.take(held[0].side, Frame(MBUS, octets[at : at + SHORT_SIZE], marks))
        return True

    def _detect(self, octets: bytes) -> Verdict:
        return detect(octets, reads, is_datagram=self.is_datagram or self.is_serial)

    def _settle(self, *, final: bool) -> None:
        """Look at what waits as a whole; at the end a serial lane takes the best guess."""
        best, score = None, 0.0
        for side in (0, 1):
            octets = self._waiting.of_side(side)
            if octets:
                verdict = self._detect(octets)
                if verdict.stack and verdict.score > score and (verdict.strong or final):
                    best, score = verdict.stack, verdict.score
        if final and self.is_serial and score < _SURE and self._waiting.are_values():
            self._begin("apdu")
        elif best is not None and (score >= _WEAK or self.is_serial or not final):
            self._begin(best)
        elif final and self.is_serial:
            self._begin("apdu" if self._waiting.are_apdus() else "")

    def _begin(self, stack: str) -> None:
        """Speak *stack* from the first octet that waits."""
        held = self._waiting.end()
        if not stack:
            self._give_noise(held)
            return
        self.force(stack)
        if self.carrier == "telnet":
            self._telnet = (TelnetSide(), TelnetSide())
            self._is_special = self._stays_special = True
        for piece in held:
            if piece.octets:
                self.feed(piece.side, piece.octets, *piece.mark)
            else:
                self.lost(piece.side)

    def _datagram(self, side: int, octets: bytes, mark: Mark) -> None:
        """Take one datagram: it stands for itself, so its stack may differ from the one before."""
        framer = self._framers[side]
        before, self._datagrams[side] = self._datagrams[side], mark.time_ns
        if before is not None and mark.time_ns is not None and mark.time_ns - before > _LONGEST_WAIT_NS:
            self._end_datagrams(side)
        in_pieces = self._in_pieces and self._is_next_piece(side, octets)
        frames = framer.feed(octets, mark)
        if self._is_forced or in_pieces:
            pass
        elif not frames or frames[0].link == NOISE or self.stack in _BARE:
            verdict = self._detect(octets)
            if verdict.strong and verdict.stack is not None and verdict.stack != self.stack:
                framer.flush()
                self.force(verdict.stack)
                framer = self._framers[side]
                frames = framer.feed(octets, mark)
        if isinstance(framer, WrapperFramer) and framer.lacks() and NOISE not in [one.link for one in frames]:
            self._in_pieces = True  # a serial line may have been put into datagrams as it came
        elif self.stack not in ("hdlc", "mbus"):  # these may go on in the next one
            frames += framer.flush()
        begun_ns = self._begun_ns.pop(mark.number, None)
        if frames and begun_ns is not None:
            frames[0] = frames[0]._replace(marks=(Mark(mark.number, begun_ns), *frames[0].marks))
        for frame in frames:
            self.take(side, frame)

    def _end_datagrams(self, side: int) -> None:
        """Give what waits of *side*: it goes on no more, and the capture does."""
        for frame in self._framers[side].flush():
            self.take(side, frame._replace(problem=LENGTH_WRONG) if frame.problem == TRUNCATED else frame)

    def _is_next_piece(self, side: int, octets: bytes) -> bool:
        """Tell whether a datagram may go on with the wrapper PDU of its side; what waits and does not is given."""
        is_piece = False
        for each, framer in enumerate(self._framers):
            if each == side and isinstance(framer, WrapperFramer) and framer.goes_on(octets):
                is_piece = True
            elif isinstance(framer, WrapperFramer):
                self._end_datagrams(each)
        self._in_pieces = False
        return is_piece

    # -- frames -------------------------------------------------------------------------------------------------

    def take(self, side: int, frame: Frame) -> None:
        """Make the record of *frame*."""
        link, octets, marks, problem = frame
        if link == NOISE and self._is_forced and self.stack == "apdu":
            link = "apdu"  # the user said that it is one, whatever its tag
        elif link == NOISE and self.stack == "apdu" and (is_bare_value(octets) or is_cut_value(octets)):
            link, self._value = "apdu", octets
        elif link == NOISE and self.stack == "hdlc" and len(octets) == SHORT_SIZE and is_short_frame(octets, 0):
            link = MBUS  # meters that push HDLC over the pair of M-Bus send one before
        record = Record()
        record.number = self.last_record = self._next()
        record.octets = octets
        record.lane = self.lanes[side]
        record.link = link
        last = marks[-1]
        record.time_ns = last.time_ns
        if len(marks) > 1:
            record.packets = tuple(dict.fromkeys([mark.number for mark in marks]))
            record.start_ns = marks[0].time_ns
            if link == IEC62056_21:
                record.pause_ns = longest_pause(marks, len(octets))
        else:
            record.packets = (last.number,)
        if problem:
            record.problem = problem
        if link == NOISE:
            record.add_note(noise_note(octets, self.stack, self._value))
        else:
            handler = self._links.get(link) or self._make_link(link)
            handler.take(record, side)
        notes = self.pending_notes[side]
        if notes:
            record.notes += tuple(notes)
            notes.clear()
        self._emit(record)

    def _make_link(self, link: str) -> Any:
        made = self._links[link] = link_of(link, self._dialogue)
        return made
