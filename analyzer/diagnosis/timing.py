"""Timing: answers that take long against this meter's usual, gaps within frames, answers before their request ended.

Source: IEC 62056-46 (inter-octet time-out), IEC 62056-6-2 (IEC HDLC setup).
"""

from __future__ import annotations

from analyzer.diagnosis.family import Family
from analyzer.diagnosis.story import LIKELY, POSSIBLE, Alternative, Evidence, Stories
from analyzer.diagnosis.words import about_all, seconds
from analyzer.record import Record
from analyzer.tracking.associations import SLOW, Association, Event, Exchange
from analyzer.tracking.in_flight import gone_on
from analyzer.tracking.usual_exchanges import SLOW_NS

_TIMES_USUAL = 8
_LEAST_SAMPLES = 5
_GAP_NS = 150_000_000
"""A pause within a frame that no usual inter-octet time-out outlasts, and no adapter's latency reaches."""
_LATENCY_NS = 20_000_000
"""By so much a tap may give its octets late: USB adapters hold them back for up to 16 ms."""
_LEAST_OCTETS = 8
_MILLISECOND = 1_000_000
_LINE_NS = 10 * 1_000_000_000 // 2400
"""What an octet takes on a line that is slow: an answer of which the last octet's time alone is known began before."""
_MOST_LANES = 4096


class TimingFamily(Family):
    """Slow answers everywhere; what serial lines tell about octets in time."""

    events = frozenset({SLOW})

    def __init__(self, stories: Stories) -> None:
        super().__init__(stories)
        self._fastest: dict[str, float] = {}

    def event(self, record: Record, event: Event) -> None:
        """Look at an answer that took long, or that came before its time."""
        if record.latency_ns is None:
            return
        if record.latency_ns < 0:
            self._early(record, record.latency_ns)
        else:
            self._slow(record, record.latency_ns)

    def _slow(self, record: Record, latency: int) -> None:
        one = self.associations.of(record.association) if record.association is not None else None
        if one is None or not one.exchanges or one.exchanges[-1].response != record.number:
            return
        asked = one.exchanges[-1]
        if self._is_given_up(record, one, asked):
            return
        service = one.services.get(asked.service)
        if service is None or len(service.latencies) < _LEAST_SAMPLES:
            return
        usual = service.median_ns or 0
        if self._net(record, latency) < max(SLOW_NS, _TIMES_USUAL * usual):
            return
        objects = f" ({about_all(asked.objects)})" if asked.objects else ""
        text = f"{asked.service} of record {asked.request}{objects} was answered after {seconds(latency)}; "
        text += f"this meter usually takes {seconds(usual)}"
        self.report(
            record, "response-slow", "meter-busy", POSSIBLE, text,
            further=[Evidence(asked.request, 0, 0, f"the request: {asked.service}")],
            alternatives=[Alternative("network-delay", POSSIBLE, "the way between both may be slow at times")],
        )  # fmt: skip

    @staticmethod
    def _net(record: Record, latency: int) -> int:
        """Give a latency without the time that the octets of the answer take on a slow line, if that is part of it."""
        apdu = record.apdu
        if apdu is None or record.start_ns is not None or record.link != "hdlc":
            return latency
        return latency - _LINE_NS * len(apdu.octets)

    def _is_given_up(self, record: Record, one: Association, asked: Exchange) -> bool:
        """Tell whether the client asked for something else, long after it asked and before it was answered."""
        later = gone_on(one, asked)
        if later is None or record.latency_ns is None:
            return False
        objects = f" ({about_all(asked.objects)})" if asked.objects else ""
        text = f"{asked.service} of record {asked.request}{objects} was answered after {seconds(record.latency_ns)}, "
        text += f"when the client had gone on to record {later.request}"
        further = [Evidence(asked.request, 0, 0, f"the request: {asked.service}")]
        self.report(record, "response-slow", "late-response", LIKELY, text, further=further, explains=(asked.request,))
        return True

    def _early(self, record: Record, latency: int) -> None:
        if not record.lane.text.startswith("serial"):
            return
        text = f"the answer begins {seconds(-latency)} before the request of record {record.request} ends"
        cause, others = "collision", []
        if latency > -_LATENCY_NS and record.lane.has_taps:
            cause, others = "adapter-latency", [Alternative("collision", POSSIBLE, "both may have spoken at once")]
            text += f"; of two taps the order within {seconds(_LATENCY_NS)} is not known"
        self.report(record, "turnaround-too-short", cause, POSSIBLE, text, alternatives=others)

    def lasted(self, record: Record) -> None:
        """Find a pause within a frame: it took longer than its octets take at the speed of its lane."""
        size = len(record.octets)
        if record.start_ns is None or record.time_ns is None or size < _LEAST_OCTETS:
            return
        if record.problem or not record.control:
            return
        lane = record.lane.text
        if not lane.startswith("serial"):
            return
        took = record.time_ns - record.start_ns
        fastest = self._fastest.get(lane)
        if fastest is None or took / size < fastest:
            if len(self._fastest) >= _MOST_LANES:
                self._fastest.clear()
            self._fastest[lane] = took / size
            if fastest is None:
                return
        gap = took - self._fastest[lane] * size
        known = self.meters.of_record(record).inter_octet_timeout
        limit = max(_GAP_NS, known.value * _MILLISECOND if known is not None else 0)
        if gap < limit:
            return
        text = f"the frame of {size} octets took {seconds(took)}: {seconds(round(gap))} more than its octets do"
        if known is not None:
            text += f"; inter_octet_time_out is {known.value} ms (record {known.record})"
        other = Alternative("adapter-latency", POSSIBLE, "the adapter of the capture may have held octets back")
        self.report(record, "inter-octet-gap", "sender-pauses", POSSIBLE, text, alternatives=[other])
