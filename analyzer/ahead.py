"""What stands further on in a source: records read before their turn, and beyond those a second reading of the source.

Most of what explains a value comes soon after it, or never. So a number of records may wait that were read ahead; and
where a request for an explanation would stand in packets as it is, one pass over them tells who is ever asked for it.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator
from functools import lru_cache

from analyzer.pipeline import Pipeline
from analyzer.record import Object, Record
from analyzer.tracking.meter_key import MeterKey, address_text
from analyzer.tracking.object_model import ObjectModel
from analyzer.tracking.values import is_known
from captures.chunk import PACKET, Source
from captures.network import Network, endpoints, is_octet_link, plain_size
from dissectors.hdlc_octets import FLAG, scan_address
from dissectors.tree import Problem

_BY_SHORT_NAME = 12
"""The class whose object list is read by a short name."""
_MOST_WAITING = 4096
_ANSWERED_WITHIN = 1024
"""Packets after a request in which it is answered, if it is."""
_END = re.compile(rb"\xff[\x03\x04]")
"""What the descriptors of attributes that explain values end with: last octet of the logical name, attribute."""
_SIZE = 9
"""Octets of a descriptor: class, logical name, attribute."""
_SHORTEST_WHOLE = 75
"""No packet with headers of Ethernet, IPv4 and TCP and a whole request is shorter."""
_ETHERNET = 1
_TYPE_3 = 0xA000
"""The frame format of HDLC frames that are no segments, but for their length."""
_ALL_STATIONS = (0x7F, 0x3FFF)
_ANYONE, _ANYTHING = "", b""
_NEVER = -PACKET
_MOST_ENDS = 65536
_MOST_LASTS = 8192
Ends = dict[str, dict[bytes, int]]
"""By who is asked: the last packet in which a descriptor stands."""


class Ahead:
    """Gives the records of a source in order, and reads on where something is sought.

    *again* opens the source a second time and gives what it is read by then; *may_hold* tells whether octets may stand
    in it somewhere; *is_open* says whether requests stand in the source as they are, and not under a key.
    """

    def __init__(
        self, records: Iterator[Record], model: ObjectModel, again: Callable[[], tuple[Source, Pipeline]],
        may_hold: Callable[[bytes], bool], *, is_open: bool,
    ) -> None:  # fmt: skip
        self._records = records
        self._model = model
        self._waiting: deque[Record] = deque()
        self._again = again
        self._ends: Ends | None = None
        """Who is asked for what explains values, once that was looked up."""
        self._lasts: dict[tuple[MeterKey, Object], int] = {}
        """The last packets that may hold a request, as far as they were asked for."""
        self._holds = lru_cache(maxsize=4096)(may_hold)
        self._is_open = is_open
        self._second: tuple[Source, Iterator[Record]] | None = None
        self._is_over = False

    def records(self) -> Iterator[Record]:
        """Yield the records, each once it was learnt from."""
        learn, waiting = self._model.learn, self._waiting
        while True:
            for record in self._records:
                if not record.objects.is_mute:
                    learn(record)
                yield record
                if waiting:
                    break
            if not waiting:
                return
            while waiting:
                record = waiting.popleft()
                if not record.objects.is_mute:  # later ones may have taught otherwise meanwhile
                    learn(record)
                yield record

    def seek(self, key: MeterKey, lack: Object, packet: int) -> None:
        """Read on from *packet* until *lack*, an attribute of the meter *key*, is known, or can come no more."""
        last = self._lasts.get((key, lack))
        if last is None:
            if len(self._lasts) >= _MOST_LASTS:
                self._lasts.clear()
            last = self._lasts[key, lack] = self._last_request(key, lack) + _ANSWERED_WITHIN
        meter = self._model.meter_at(key)
        if self._is_over or last < packet:
            meter.sought[lack] = last
            return
        for record in self._further():
            if not record.objects.is_mute:
                self._model.learn(record)
                if is_known(meter, lack):
                    return
            if record.packets[-1] > last:
                return
        self._is_over = True

    def close(self) -> None:
        """Give back what was opened to read ahead."""
        if self._second is not None:
            self._second[0].close()

    def _further(self) -> Iterator[Record]:
        """Give the records that come, as many as may wait; then, if there are more, those of a second reading."""
        waiting = self._waiting
        while self._second is None and len(waiting) < _MOST_WAITING:
            record = next(self._records, None)
            if record is None:
                return
            waiting.append(record)
            yield record
        if self._second is None:
            source, pipeline = self._again()
            self._second = source, pipeline.run(source)
        for record in self._second[1]:  # which stays open when the caller has enough
            yield record

    def _last_request(self, key: MeterKey, lack: Object) -> int:
        """Tell the last packet that may hold a request for *lack* to the meter *key*; most is never asked for."""
        if not self._is_open or lack.class_id == _BY_SHORT_NAME or self._model.meter_at(key).bases:
            return PACKET  # no logical name stands in the request
        octets = lack.class_id.to_bytes(2, "big") + lack.logical_name + lack.attribute.to_bytes(1, "big")
        if not _END.match(octets, _SIZE - 2):
            return PACKET if self._holds(octets) else _NEVER
        if self._ends is None:
            with self._again()[0] as source:
                self._ends = asked_ends(source)
        ends = key[0], f"hdlc {address_text(key)}", _ANYONE
        asked = [found for end in ends if (found := self._ends.get(end)) is not None]
        return max([_NEVER, *(found.get(what, _NEVER) for found in asked for what in (octets, _ANYTHING))])


def asked_ends(source: Source) -> Ends:
    """Tell who is asked for what explains values in the packets of *source*: ``10.1.0.7:4059``, and descriptors.

    On a line that is a station, ``hdlc 1.17``. What packets do not tell the receiver of stands under the empty name:
    anyone may be. Pieces that may be of a torn descriptor count as a request for anything, an empty descriptor; one
    that is torn right before its last octet is not seen.
    """
    network, ends = Network(), Ends()
    for chunk in source.holding(_END, _SHORTEST_WHOLE, _is_piece):
        payload = network.peel(chunk)
        octets = payload.octets if payload is not None else chunk[4]
        if octets and (len(octets) < _SIZE or _END.search(octets)):
            if len(ends) >= _MOST_ENDS:
                return {_ANYONE: {_ANYTHING: PACKET}}
            asked = ends.setdefault(endpoints(payload.key)[1] if payload is not None else _station(octets), {})
            for found in _descriptors(octets):
                asked[found] = chunk[0]
    return ends


def _is_piece(link_type: int, octets: bytes, start: int, end: int) -> bool:
    """Tell whether a packet too short for a whole request may hold a piece of a descriptor."""
    if link_type == _ETHERNET:
        size = plain_size(octets, start, end)
        return size < _SIZE and size != 0
    return not is_octet_link(link_type) or 0 < end - start < _SIZE


def _station(octets: bytes) -> str:
    """Name the station that a packet goes to which is one whole HDLC frame; empty for all others."""
    size = len(octets) - 2
    if size < _SIZE or octets[0] != FLAG or octets[-1] != FLAG or octets[1] << 8 | octets[2] != _TYPE_3 | size:
        return _ANYONE
    try:
        address, _ = scan_address(octets, 3, size)
    except Problem:
        return _ANYONE
    is_for_all = address.upper in _ALL_STATIONS or address.lower in _ALL_STATIONS
    return _ANYONE if is_for_all else f"hdlc {address}"


def _descriptors(octets: bytes) -> Iterator[bytes]:
    """Give the descriptors that end in *octets*."""
    if len(octets) < _SIZE:
        yield _ANYTHING
    for end in _END.finditer(octets):
        begin = end.end() - _SIZE
        if begin < 0:
            yield _ANYTHING
        elif not octets[begin]:  # no class above 255 explains values
            yield octets[begin : begin + _SIZE]
