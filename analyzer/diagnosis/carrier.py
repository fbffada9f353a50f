"""What carries a dialogue over a network: connections that are reset, and octets that had to be sent again.

Source: RFC 9293; IEC 62056-47 (TCP-UDP setup).
"""

from __future__ import annotations

from collections.abc import Mapping

from analyzer.diagnosis.family import Family
from analyzer.diagnosis.story import LIKELY, POSSIBLE, Alternative, Evidence, Fact, Stories
from analyzer.diagnosis.words import seconds
from analyzer.record import Record
from analyzer.tracking.associations import ENDED, Event
from analyzer.tracking.history import BY_SERVER
from dissectors.tree import Note, Severity

_IDLE_NS = 20_000_000_000
_NAT_NS = 60_000_000_000
_RESET = "tcp-reset"


class CarrierFamily(Family):
    """TCP below associations."""

    links = frozenset()
    codes = frozenset({"tcp-retransmission"})

    def event(self, record: Record, event: Event) -> None:
        """Report a reset that ended an association."""
        one, ending = event.association, event.association.ending
        if event.kind != ENDED or ending is None or ending.reason != _RESET:
            return
        idle = ending.idle_ns
        is_idle = idle is not None and idle >= _IDLE_NS
        cause = "idle-timeout" if is_idle else "peer-closed"
        who = "meter" if ending.by == BY_SERVER else "client"
        text = f"the {who} resets the TCP connection" + (f" after a pause of {seconds(idle)}" if is_idle else "")
        others = []
        if is_idle:
            others.append(Alternative("nat-expiry", POSSIBLE, "a router may have forgotten the silent connection"))
        proof = [Evidence(ending.at.record, 0, 0, text)]
        self.report_about(one, _RESET, cause, POSSIBLE, proof, time_ns=ending.at.time_ns, alternatives=others)

    def note(self, record: Record, note: Note) -> bool:
        """Tell octets that come again behind a long pause, on a forgotten connection, from those that got lost."""
        one = self.associations.of(record.association) if record.association is not None else None
        pause = one.pause_ns if one is not None else None
        cause, confidence, text = "packet-loss", LIKELY, note.text
        if pause is not None and pause >= _NAT_NS:
            cause, confidence = "nat-expiry", POSSIBLE
            text += f", after a pause of {seconds(pause)}"
        self.report(record, note.code, cause, confidence, text, severity=note.severity)
        return False


_TUNNELS = frozenset({"tls", "dtls", "ssh", "quic"})


def tell_carriers(stories: Stories, left_aside: Mapping[str, int]) -> None:
    """Say what a capture holds in which nothing of ours was found: a tunnel that hides it, or something else."""
    for name, packets in sorted(left_aside.items(), key=lambda item: -item[1]):
        is_tunnel = name in _TUNNELS
        code, cause = ("carrier-tls", "tunnel") if is_tunnel else ("carrier-undecoded", "")
        what = f"an encrypted tunnel ({name.upper()})" if is_tunnel else name
        text = f"{packets} packet{'s' * (packets != 1)} of {what}, and nothing of ours in the whole capture"
        proof = Evidence(0, 0, 0, text)
        stories.add(Fact(code, Severity.NOTE, cause, LIKELY, proof, None, "the capture", "", subject=name))
