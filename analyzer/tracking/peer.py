"""One ordered pair of addresses on one side of a conversation: which way it speaks, and what runs between the two."""

from __future__ import annotations

from typing import Any, TypeVar

from analyzer.record import REQUEST, RESPONSE, Record
from analyzer.tracking.association import Association
from analyzer.tracking.transfers import Transfers
from dissectors.gateway import REQUEST as GATEWAY_REQUEST
from dissectors.llc import REQUEST as LLC_REQUEST
from dissectors.llc import RESPONSE as LLC_RESPONSE


class Peer:
    """Octets that *source* sends to *destination*.

    *role* is known once an APDU, an LLC header or a frame type told it; the reverse pair then has the other role.
    """

    __slots__ = (
        "association",
        "client",
        "destination",
        "gateways",
        "is_ambiguous",
        "is_broken",
        "is_set_up",
        "last_information",
        "last_record",
        "last_send_number",
        "llc",
        "reverse",
        "role",
        "segment_parts",
        "segments",
        "server",
        "source",
        "unchecked_headers",
    )

    def __init__(self, source: Any, destination: Any) -> None:
        self.source = source
        self.destination = destination
        self.is_ambiguous = source == destination
        """Whether both directions look alike, and no side of the line tells them apart: sequence numbers mix."""
        self.role: str | None = None
        self.client: Any = None
        self.server: Any = None
        """Which of the two is which, once the role is known."""
        self.llc = b"?"
        """The LLC octets that go with the role."""
        self.gateways: dict[bytes, Peer] | None = None
        """By gateway prefix: the pairs of which the other one is a device behind this one."""
        self.reverse: Peer = self
        self.association = Association()
        self.segments: list[bytes] = []
        self.segment_parts: list[int] = []
        self.unchecked_headers = 16
        """How many more frames have their HCS checked though their FCS is right."""
        self.last_send_number = -1
        self.last_information = b""
        self.last_record: Record | None = None
        """Of HDLC, the I frame that came last."""
        self.is_set_up = False
        """Whether an SNRM was seen between the two."""
        self.is_broken = False
        """Whether a segment of the LSDU that comes was lost."""

    @property
    def may_learn(self) -> bool:
        """Tell whether a damaged frame may say which way this pair speaks: nothing better has."""
        return self.role is None or self.is_ambiguous

    def join(self, other: Peer) -> None:
        """Make *other* the opposite direction of this pair."""
        self.reverse = other
        other.reverse = self
        self.is_ambiguous = other.is_ambiguous = False
        other.association = self.association
        other.is_set_up = self.is_set_up
        if self.role is not None:
            other.take_role(_OPPOSITE[self.role])

    def learn(self, role: str) -> None:
        """Take *role* for this direction, and the other for the reverse one."""
        self.take_role(role)
        if self.reverse is not self:
            self.reverse.take_role(_OPPOSITE[role])

    def take_role(self, role: str) -> None:
        """Speak this way."""
        self.role = role
        if role is REQUEST:
            self.client, self.server, self.llc = self.source, self.destination, LLC_REQUEST
        else:
            self.client, self.server, self.llc = self.destination, self.source, LLC_RESPONSE

    def settle(self, record: Record, llc: bytes = b"") -> None:
        """Say direction, client and server of *record* as far as they are known; *llc* may tell them."""
        if llc != self.llc and llc in (LLC_REQUEST, LLC_RESPONSE):
            self.learn(REQUEST if llc == LLC_REQUEST else RESPONSE)
        if self.role is None:
            return
        record.direction = self.role
        record.client, record.server = self.client, self.server
        record.association = self.association.number

    def settle_between(self, record: Record) -> None:
        """Say direction, client and server of an RR or RNR where both directions look alike.

        It answers what was said before it; between segments the side that sends these goes on behind it.
        """
        role = self.role
        if self.reverse is not self or role is None:
            self.settle(record)
            return
        self.take_role(_OPPOSITE[role])
        self.settle(record)
        if self.segments:
            self.take_role(role)

    def behind(self, prefix: bytes) -> Peer:
        """Give the pair that speaks under the gateway *prefix*, joined with its opposite once that is seen."""
        if self.gateways is None:
            self.gateways = {}
        known = self.gateways.get(prefix)
        if known is None:
            if len(self.gateways) >= _MOST_BEHIND:
                return self
            known = self.gateways[prefix] = Peer(self.source, self.destination)
            opposite = bytes((prefix[0] ^ 1,)) + prefix[1:]  # E6 asks, E7 answers
            for one in (self.reverse, self):
                other = (one.gateways or {}).get(opposite)
                if other is not None:
                    other.join(known)
                    break
            known.learn(REQUEST if prefix[0] == GATEWAY_REQUEST else RESPONSE)
        return known

    def so_far(self) -> bytes:
        """Give what came of the LSDU whose segments run, without its LLC octets."""
        octets = b"".join(self.segments)
        return octets[3:] if octets[:3] in (LLC_REQUEST, LLC_RESPONSE) else octets

    def forget_link(self) -> None:
        """Drop segments and sequence numbers of both directions: SNRM, UA or DISC set them back."""
        for peer in (self, self.reverse):
            peer.segments = []
            peer.segment_parts = []
            peer.last_send_number = -1
            peer.is_broken = False


P = TypeVar("P", bound=Peer)
_MOST_BEHIND = 4096
MOST_PEERS = 8192
"""More pairs of addresses than a bus can hold."""


def with_gateways(peer: Peer) -> list[Peer]:
    """Give a pair and those behind its gateways."""
    return [peer, *(peer.gateways or {}).values()]


def forget_oldest(peers: dict[tuple[int, bytes], P], transfers: Transfers) -> None:
    """Make room for one more pair."""
    if len(peers) < MOST_PEERS:
        return
    peer = peers.pop(next(iter(peers)))
    for one in with_gateways(peer):
        transfers.forget(one)
        if one.reverse is one:
            transfers.forget(one.association)


def close_peers(peers: dict[tuple[int, bytes], P], transfers: Transfers) -> None:
    """Give up what runs between *peers*, and take them apart."""
    for peer in peers.values():
        for one in with_gateways(peer):
            if transfers.open:
                transfers.forget(one)
                transfers.forget(one.association)
            del one.reverse
    peers.clear()


_OPPOSITE = {REQUEST: RESPONSE, RESPONSE: REQUEST}
