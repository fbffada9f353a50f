"""The clock of the capture itself: packets whose times go back, so that times between records are not to be trusted."""

from __future__ import annotations

from analyzer.diagnosis.rules import rule
from analyzer.diagnosis.story import LIKELY, POSSIBLE, Alternative, Evidence, Fact, Stories, severity_of
from analyzer.diagnosis.words import seconds
from analyzer.record import Record
from captures.chunk import FURTHEST_NS, PACKET_BITS

CODE = "capture-time-regressed"
_LEAST_NS = 1_000_000
"""By less the packets of one card may stand out of order: each of its queues is read by itself."""
_SET_BACK, _FILES, _PACKETS = "capture-clock-set-back", "files-out-of-order", "packets-out-of-order"
_SAYS = {
    _SET_BACK: "the clock of the computer that captured may have been set back",
    _FILES: "a later part of the traffic may have been put before an earlier one",
    _PACKETS: "what several interfaces or threads captured may have been written out of order",
}


class CaptureClock:
    """Told of records whose time lies before an earlier one's; tells those whose packet stands behind it all the same.

    Records come late where a lane was settled late: that is no matter of the clock.
    """

    def __init__(self, stories: Stories) -> None:
        self._stories = stories
        self.newest_ns = FURTHEST_NS
        """The highest time so far; below it lies what :meth:`earlier` is to be told of, and so does the first one."""
        self.newest: Record | None = None
        self._first_ns = 0

    def earlier(self, record: Record, time_ns: int) -> None:
        """Take a record that is earlier than one before it, or the first."""
        before = self.newest
        if before is None:
            self._first_ns = time_ns
            self.newest, self.newest_ns = record, time_ns
            return
        by = self.newest_ns - time_ns
        if by < _LEAST_NS or not _stands_behind(record, before):
            return
        cause, confidence, others = self._cause(record, before, time_ns)
        text = f"its packet stands behind that of record {before.number} and is {seconds(by)} earlier"
        found = rule("fact", CODE)
        assert found is not None
        self._stories.add(
            Fact(
                CODE, severity_of(found.severity), cause, confidence, Evidence(record.number, 0, 0, text), time_ns,
                "the capture", "", tuple(Alternative(one, POSSIBLE, _SAYS[one]) for one in others),
            )
        )  # fmt: skip
        self.newest, self.newest_ns = record, time_ns

    def _cause(self, record: Record, before: Record, time_ns: int) -> tuple[str, str, tuple[str, ...]]:
        """Tell what most likely set the time back, how sure that is, and what else may have."""
        if record.association is not None and record.association == before.association:  # it goes on across it
            return _SET_BACK, LIKELY, (_PACKETS,)
        if time_ns < self._first_ns:
            return _FILES, LIKELY, (_SET_BACK,)
        return _SET_BACK, POSSIBLE, (_FILES, _PACKETS)


def _stands_behind(record: Record, before: Record) -> bool:
    """Tell whether a record's last packet stands behind another's in the same input."""
    here, there = record.packets[-1:], before.packets[-1:]
    return here > there and here[0] >> PACKET_BITS == (there[0] if there else 0) >> PACKET_BITS
