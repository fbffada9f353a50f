"""What a simulated meter keeps for one client: the agreed terms, and the block transfers that are under way."""

from __future__ import annotations

from dataclasses import dataclass, field

LN_CONFORMANCE = frozenset({
    "general-block-transfer", "priority-mgmt-supported", "block-transfer-with-get-or-read",
    "block-transfer-with-set-or-write", "block-transfer-with-action", "multiple-references", "data-notification",
    "access", "get", "set", "selective-access", "event-notification", "action",
})  # fmt: skip
SN_CONFORMANCE = frozenset({
    "read", "write", "unconfirmed-write", "block-transfer-with-get-or-read", "block-transfer-with-set-or-write",
    "multiple-references", "information-report", "parameterized-access",
})  # fmt: skip
LN_CONTEXT, SN_CONTEXT = "2.16.756.5.8.1.1", "2.16.756.5.8.1.2"
LN_CIPHERED, SN_CIPHERED = "2.16.756.5.8.1.3", "2.16.756.5.8.1.4"
LOWEST, LOW_LEVEL = "2.16.756.5.8.2.0", "2.16.756.5.8.2.1"
MECHANISM = "2.16.756.5.8.2."


@dataclass(slots=True)
class Outgoing:
    """An answer that goes in blocks: octets not yet sent, octets a block, number of the last block sent."""

    raw: bytes
    room: int
    number: int = 0

    def next(self) -> tuple[bool, int, bytes]:
        """Cut the next block: whether it is the last, its number, its octets."""
        block, self.raw = self.raw[: self.room], self.raw[self.room :]
        self.number += 1
        return not self.raw, self.number, block


@dataclass(slots=True)
class Incoming:
    """A request that comes in blocks; *target* is what its first block named."""

    target: object
    raw: bytearray = field(default_factory=bytearray)
    number: int = 0

    def take(self, number: int, block: bytes) -> bool:
        """Add a block; False where it is not the next one."""
        if number != self.number + 1:
            return False
        self.number = number
        self.raw += block
        return True


@dataclass(slots=True)
class Association:
    """An association with one client. Sizes in octets, 0 means unlimited; *overhead* is what ciphering adds.

    *agreed* is the meter's InitiateResponse. *challenges* are the meter's and the client's, as long as the client has
    not answered.
    """

    client: int
    conformance: frozenset[str]
    client_max_receive_pdu_size: int
    outgoing: Outgoing | None = None
    incoming: Incoming | None = None
    challenges: tuple[bytes, bytes] | None = None
    overhead: int = 0
    agreed: object = None

    def room(self, overhead: int) -> int:
        """Give how many octets a block may carry beside *overhead* octets of its APDU."""
        return (self.client_max_receive_pdu_size or 0xFFFF) - overhead - self.overhead

    def fits(self, octets: bytes) -> bool:
        """Tell whether the client takes *octets* in one APDU."""
        limit = self.client_max_receive_pdu_size
        return not limit or len(octets) + self.overhead <= limit
