"""Chunks to records in capture order: peel, order, find the stack, frame, join. One pass, streaming, bounded."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from itertools import count
from typing import TYPE_CHECKING

from analyzer.framing.foreign import OTHER, FrameNames, carrier_of_ports
from analyzer.framing.frame import Mark
from analyzer.marks import add_marks
from analyzer.reassembly.tcp import DATA, END, GAP, REPEATED, RESET, START, Event, Segment, TcpStream
from analyzer.record import End, Record
from analyzer.tracking.connections import Connections
from analyzer.tracking.conversation import Conversation
from analyzer.tracking.dialogue import Dialogue
from analyzer.tracking.findings import finding
from analyzer.tracking.two_taps import TwoTaps
from captures.carried import Carried, Line, Notebook
from captures.carriers import CARRIERS, Carriers
from captures.chunk import PACKET, PACKET_BITS, RECEIVED, SILENCE, UNKNOWN, Chunk, Source, TakePlain
from captures.links import OCTET_LINKS
from captures.network import (
    ACK,
    CARRIED_MASK,
    HEAD_SIZE,
    PLAIN,
    PLAIN_MASK,
    RST,
    SYN,
    TCP,
    UDP,
    Network,
    endpoints,
    head,
    reverse,
)

if TYPE_CHECKING:
    from analyzer.tracking.protection import Protection

MOST_CONVERSATIONS = 16384
MOST_WAITING = 16384
_BATCH = 64
"""How many records of a file are given at a time."""
AT_END = 1 << 40
"""Above all numbers of packets."""
_MOST_ENDS = 4096
_ENDS = {REPEATED: "repeated", RESET: "reset", END: "closed"}
_MASK = 0xFFFF_FFFF
_SPECIAL = 7
_ETHERNET = 1
_SYN_ALONE = [Segment(0, b"", False, Mark(0, None))]
"""Stands behind a gap while a SYN is all that came, so that the segment behind it is looked at."""


class Flow:
    """One direction of a TCP or UDP conversation."""

    __slots__ = (
        "back", "behind_back", "behind_gap", "born", "conversation", "has_ended", "key", "other", "side", "stream",
    )  # fmt: skip

    def __init__(self, conversation: Conversation, side: int, key: bytes, born: int) -> None:
        self.conversation = conversation
        self.born = born
        """The packet with which the conversation began."""
        self.side = side
        self.key = key
        self.stream: TcpStream[Mark] = TcpStream()
        self.other: Flow = self
        self.back = self.stream
        """The stream of the other direction."""
        self.behind_gap = self.behind_back = self.stream.pending
        """What waits behind a gap in this direction, and in the other."""
        self.has_ended = False


class Pipeline:
    """The index pass over one capture. *decode_as* forces stacks: ``[(selector, stack)]``, see :mod:`decode_as`.

    *protection* opens protected APDUs; without it no key is asked for.
    """

    def __init__(self, decode_as: dict[str, str] | None = None, protection: Protection | None = None) -> None:
        self.network = Network()
        self.connections = Connections()
        self.dialogue = Dialogue(protection)
        self._transfers = self.dialogue.transfers
        self.left_aside: Counter[str] = Counter()
        """Packets of conversations in which nothing of ours was recognised, by what they are."""
        self._decode_as = decode_as or {}
        self.unfitting = set(self._decode_as)
        """Selectors of forced stacks that nothing fitted so far."""
        self._flows: dict[bytes, Flow] = {}
        self._serials: dict[int | Line, Conversation] = {}
        self._carriers = Carriers(Notebook(_ignore, {}))
        self._frame_names = FrameNames()
        self._lines = 0
        self._has_inputs = False
        """Whether several inputs are merged, of which two may show the same connection."""
        self._out: list[Record] = []
        self.next_number: Callable[[], int] = count(1).__next__
        """Gives every record its number as it begins to be made."""
        self.conversations = 0
        """How many began."""
        self.most_flows = 0
        """How many directions of connections were open at once."""
        self.ending = 0
        """At the end of the capture: AT_END and the packet with which the conversation began that ends now."""
        self.forgotten = 0
        """Conversations that were forgotten while they were silent, to keep memory flat."""
        self.ends: deque[End] = deque(maxlen=_MOST_ENDS)
        """Ends of TCP connections, and octets that came again, for whoever follows associations: he takes them out."""
        self.stacks: Counter[str] = Counter()
        """Conversations by the stack that was found in them."""

    def run(self, source: Source, *, waits: bool = True) -> Iterator[Record]:
        """Yield the records of *source*, each as soon as it is complete.

        A part *waits* until its transfer is complete or given up, and the records behind it with it, within bounds;
        a pipe or live source should not wait.
        """
        out, transfers = self._out, self.dialogue.transfers
        comments, line_errors = source.comments, source.line_errors
        self._has_inputs = len(source.parts) > 1
        self._carriers = Carriers(Notebook(source.remark, line_errors))
        batch = _BATCH if waits else 1
        for _ in source.pour(self) if waits else map(self.feed, source):
            if len(out) >= batch:
                if comments or line_errors:
                    add_marks(out, comments, line_errors)
                if waits and transfers.open and len(out) < MOST_WAITING:
                    yield from self._complete()
                    batch = len(out) + _BATCH
                else:
                    yield from out
                    out.clear()
                    batch = _BATCH if waits else 1
        self.finish()
        for selector in sorted(self.unfitting):
            source.parts[-1].remark("decode-as", f"-d {selector},{self._decode_as[selector]}: nothing in it fits")
        add_marks(out, comments, line_errors)
        yield from out
        out.clear()

    def _complete(self) -> Iterator[Record]:
        """Yield the records before the first one that waits."""
        out, holds = self._out, self.dialogue.transfers.holds
        for index, record in enumerate(out):
            if record.waits_from and holds(record):
                yield from out[:index]
                del out[:index]
                return
        yield from out
        out.clear()

    def feed(self, chunk: Chunk) -> None:
        """Take one chunk."""
        number, time_ns, link_type, direction, octets, size, _, interface = chunk
        if link_type == _ETHERNET and size == len(octets) and self._take_segment(number, time_ns, octets, 0, size):
            return
        if link_type in OCTET_LINKS:  # each interface of a capture is a serial line
            line = self._serials.get(interface)
            if line is None:
                line = self._serials[interface] = self._make_line(direction)
            side = 1 if direction == RECEIVED else 0
            line.feed(side, octets, number, time_ns)
            if size > len(octets):
                line.lost(side)
        elif link_type in CARRIERS:
            self._feed_carried(self._carriers.peel(chunk))
        elif link_type == SILENCE:
            for line in self._serials.values():
                line.rest()
        else:
            self._feed_network(chunk)
        self._transfers.now += 1

    def plain(self, link_type: int) -> TakePlain | None:
        """Give what takes the packets of *link_type* in the shortest way; None where there is none."""
        return self._take_segment if link_type == _ETHERNET else self._take_octets if link_type in OCTET_LINKS else None

    def _take_segment(self, number: int, time_ns: int | None, octets: bytes, start: int, end: int) -> bool:
        """Take a packet of Ethernet if it is the next of its connection, as nearly all are."""
        if end - start < HEAD_SIZE:
            return False
        kind, total, carried, key, sequence, _, bits = head(octets, start)
        flow = self._flows.get(key)
        if (
            flow is None
            or sequence != flow.stream.next_sequence
            or bits & _SPECIAL
            or flow.behind_gap
            or flow.behind_back
            or carried & CARRIED_MASK != TCP
            or kind & PLAIN_MASK != PLAIN
        ):
            return False
        first, last = start + 34 + (bits >> 10 & 0x3C), start + 14 + total
        if not start + 54 <= first <= last <= end:
            return False
        if first < last:
            following = sequence + last - first
            flow.stream.next_sequence = following if following <= _MASK else following & _MASK
            flow.conversation.feed(flow.side, octets[first:last], number, time_ns)
        self._transfers.now += 1
        return True

    def _take_octets(self, number: int, time_ns: int | None, octets: bytes, start: int, end: int) -> bool:
        """Take octets of a line that spoke before."""
        line = self._serials.get(0)
        if line is None:
            return False
        line.feed(0, octets[start:end], number, time_ns)
        self._transfers.now += 1
        return True

    def _feed_network(self, chunk: Chunk) -> None:
        """Take any packet of a network."""
        payload = self.network.peel(chunk)
        if payload is None:
            return
        protocol, key, octets, _, _, sequence, flags, acknowledgment = payload
        copied_ns = None
        if flags & _SPECIAL:
            if self._has_inputs and flags & (SYN | ACK) == SYN:
                copied_ns = self.connections.copied_from(key, sequence, chunk[0], chunk[1])
            self.connections.take(key, flags, chunk[0], chunk[1])
        flow = self._flows.get(_flow_key(protocol, key))
        if flow is None:
            if not octets and not flags & SYN:
                return
            flow = self._make_flow(protocol, key)
        if protocol != TCP:
            flow.conversation.feed(flow.side, octets, chunk[0], chunk[1])
            if chunk[5] > len(chunk[4]):
                flow.conversation.lost(flow.side)  # the packet is cut: what comes next does not go on with it
            return
        stream = flow.stream
        if copied_ns is not None:
            self._end(flow.conversation, flow.side, "copied", Mark(chunk[0], chunk[1]), copied_ns)
        if flags & (SYN | ACK) == SYN:
            flow.behind_gap = _SYN_ALONE
        elif flow.behind_gap is _SYN_ALONE:
            flow.behind_gap = stream.pending
            if not flags & RST:
                self.connections.came_about(key)
        if flow.back.pending and flags & ACK:
            self._events(flow.other, flow.back.acknowledge(acknowledgment))
        if sequence == stream.next_sequence and not flags & _SPECIAL and not stream.pending:
            if octets:
                stream.next_sequence = sequence + len(octets) & _MASK
                flow.conversation.feed(flow.side, octets, chunk[0], chunk[1])
        else:
            mark = Mark(chunk[0], chunk[1])
            self._events(flow, stream.feed(sequence, flags, octets, mark))
            if flow.has_ended and flow.other.has_ended and not stream.pending and not flow.back.pending:
                self._forget(flow)
                return
        if chunk[5] > len(chunk[4]) and octets:
            self._events(flow, stream.lose(chunk[5] - len(chunk[4]), Mark(chunk[0], chunk[1])))

    def finish(self) -> None:
        """The capture ended: give what still waits."""
        while self._flows:
            flow = next(iter(self._flows.values()))
            self.ending = AT_END + flow.born
            self._forget(flow)
        self._feed_carried(self._carriers.finish())
        self.left_aside.update(self._carriers.notebook.left_aside)
        self.left_aside.update(+self.network.left_aside)
        for line in list(self._serials):
            self._finish_line(line)
        self.dialogue.transfers.finish()

    # -- lanes --------------------------------------------------------------------------------------------------

    def _feed_carried(self, found: Iterable[Carried]) -> None:
        """Take octets of the lines that taps carry."""
        for line, direction, octets, number, time_ns, is_cut, begun_ns in found:
            conversation = self._serials.get(line)
            if conversation is None:
                if len(self._serials) >= MOST_CONVERSATIONS:
                    self._finish_line(next(iter(self._serials)))
                conversation = self._serials[line] = self._make_line(direction, line)
            side = 1 if direction == RECEIVED else 0
            if begun_ns is not None:
                conversation.began(number, begun_ns)
            if octets:
                conversation.feed(side, octets, number, time_ns)
            if is_cut:
                conversation.lost(side)
                self._end(conversation, side, "gap", Mark(number, time_ns))

    def _finish_line(self, key: int | Line) -> None:
        """Give what waits on a line, and free it."""
        line = self._serials.pop(key)
        line.finish()
        line.close()
        if line.stack is not None:
            self.stacks[line.stack] += 1
        elif isinstance(key, Line) and not key.is_serial:
            known = line.carrier not in ("", OTHER)
            self.left_aside[line.carrier if known else key.name] += line.packets

    def _make_line(self, direction: int, carried: Line | None = None) -> Conversation:
        """Make the conversation of a line; of directions that are told, the first letter is the sent one."""
        one, other = (_letter(2 * self._lines + side) for side in (0, 1))
        if carried is not None and carried.lanes:
            names = carried.lanes
        elif direction == UNKNOWN:
            names = (f"serial:{_letter(self._lines)}", f"serial:{other}")
        else:
            names = (f"serial:{one} > serial:{other}", f"serial:{other} > serial:{one}")
        self._lines += 1
        is_datagram = carried is not None and carried.is_datagram
        is_serial = carried is None or carried.is_serial
        kind = TwoTaps if carried is not None and carried.has_taps and direction != UNKNOWN else Conversation
        line = self._make_conversation(names, kind, is_serial=is_serial, is_datagram=is_datagram)
        if carried is not None and isinstance(carried.key, bytes):
            forced = self._forced(TCP, carried.key) or self._forced(UDP, carried.key)
        else:
            forced = self._stack_for("serial") or self._stack_for("record")
        if forced:
            line.force(forced, for_good=True)
        return line

    def _make_conversation(
        self, names: tuple[str, str], kind: type[Conversation] = Conversation, *, is_serial: bool = False,
        is_datagram: bool = False, transport: str = "",
    ) -> Conversation:  # fmt: skip
        self.conversations += 1
        return kind(
            self.conversations, names, self.dialogue, self._out.append, self.next_number, self._frame_names,
            is_serial=is_serial, is_datagram=is_datagram, transport=transport,
        )  # fmt: skip

    def _make_flow(self, protocol: int, key: bytes) -> Flow:
        if len(self._flows) >= 2 * MOST_CONVERSATIONS:
            self._forget_silent()
        source, destination = endpoints(key)
        names = (f"{source} > {destination}", f"{destination} > {source}")
        is_datagram = protocol != TCP
        transport = "udp" if is_datagram else "tcp"
        conversation = self._make_conversation(names, is_datagram=is_datagram, transport=transport)
        forced = self._forced(protocol, key)
        if forced:
            conversation.force(forced, for_good=True)
        own, back = _flow_key(protocol, key), _flow_key(protocol, reverse(key))
        flow = self._flows[own] = Flow(conversation, 0, own, self.dialogue.transfers.now)
        if back != own:
            other = self._flows[back] = Flow(conversation, 1, back, flow.born)
            flow.other, other.other = other, flow
            flow.back, other.back = other.stream, flow.stream
            flow.behind_back, other.behind_back = other.behind_gap, flow.behind_gap
        self.most_flows = max(self.most_flows, len(self._flows))
        return flow

    def _forced(self, protocol: int, key: bytes) -> str | None:
        if not self._decode_as:
            return None
        name = "tcp" if protocol == TCP else "udp"
        for port in _ports(key):
            found = self._stack_for(f"{name}.port=={port}")
            if found:
                return found
        return None

    def _stack_for(self, selector: str) -> str | None:
        """Give the stack that is forced on what *selector* fits."""
        self.unfitting.discard(selector)
        return self._decode_as.get(selector)

    def _forget_silent(self) -> None:
        """Forget the conversations that were silent longest: memory stays flat over any capture."""
        flows = [flow for flow in self._flows.values() if flow.side == 0]
        flows.sort(key=lambda flow: flow.conversation.last_number)
        for flow in flows[: MOST_CONVERSATIONS // 4]:
            self.forgotten += flow.conversation.stack is not None
            self._forget(flow)

    def _forget(self, flow: Flow) -> None:
        """Give what waits in a conversation, and free it."""
        self._events(flow, flow.stream.end())
        if flow.other is not flow:
            self._events(flow.other, flow.other.stream.end())
        self._close(flow)
        del self._flows[flow.key]
        self._flows.pop(flow.other.key, None)
        if flow.other is not flow:
            del flow.other.other
        del flow.other

    def _close(self, flow: Flow) -> None:
        conversation = flow.conversation
        conversation.finish()
        conversation.close()
        if conversation.stack is not None:
            self.stacks[conversation.stack] += 1
        elif conversation.packets:  # a connection that only opened leaves nothing aside
            carrier = conversation.carrier or OTHER
            if carrier == OTHER and conversation.is_datagram:
                carrier = carrier_of_ports(_ports(flow.key))
            self.left_aside[carrier] += conversation.packets

    def _events(self, flow: Flow, events: list[Event[Mark]]) -> None:
        """Do what out-of-order segments make happen."""
        for event in events:
            if event.kind == DATA:
                flow.conversation.feed(flow.side, event.octets, *event.mark)
                continue
            if event.kind in _ENDS and (event.kind == REPEATED or flow.conversation.stack is not None):
                where, side = flow.conversation, flow.side
                self._end(where, side, _ENDS[event.kind], event.mark, where.newest_ns(side))
            notes = flow.conversation.pending_notes[flow.side]
            if event.kind == GAP:
                flow.conversation.lost(flow.side)
                text = f"{event.length} octets of the TCP stream before these are not in the capture"
                notes.append(finding("tcp-octets-missing", text, 0, 0, "capture-loss"))
            elif event.kind == REPEATED:
                last = flow.conversation.last_record
                behind = f", behind record {last}" if last else ""
                text = f"{event.length} octets were sent again (packet {event.mark.number & PACKET}{behind})"
                notes.append(finding("tcp-retransmission", text, 0, 0))
            elif event.kind in (START, RESET, END):
                flow.conversation.lost(flow.side)
                flow.has_ended = event.kind != START

    def _end(self, where: Conversation, side: int, kind: str, mark: Mark, newest_ns: int | None = None) -> None:
        number = mark.number
        packet, source, conversation = number & PACKET, number >> PACKET_BITS, where.lanes[0].conversation
        self.ends.append(End(conversation, side, kind, packet, mark.time_ns, where.last_record, newest_ns, source))


def _ignore(code: str, text: str) -> None:
    """Take a remark that nobody asked for."""


def _flow_key(protocol: int, key: bytes) -> bytes:
    """Give what a flow is known by: the same two ports may speak TCP and UDP at once."""
    return key if protocol == TCP else bytes((protocol,)) + key


def _ports(key: bytes) -> tuple[int, int]:
    """Read the ports of a flow key."""
    return int.from_bytes(key[-4:-2], "big"), int.from_bytes(key[-2:], "big")


def _letter(number: int) -> str:
    """Name serial lines A to Z, then by number."""
    return chr(ord("A") + number) if number < 26 else str(number)
