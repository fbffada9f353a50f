"""What two sides say to open an association: limits of the link, what an AARQ asks for, what an AARE answers.

Source: IEC 62056-5-3 (COSEM-OPEN), IEC 62056-46 (parameter negotiation).
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from dissectors.enumerations import ACSE_SERVICE_PROVIDER, ACSE_SERVICE_USER, ASSOCIATION_RESULT, CONFORMANCE

LEAST_INFORMATION, MOST_INFORMATION = 32, 2030
LEAST_WINDOW, MOST_WINDOW = 1, 7


class LinkLimits(NamedTuple):
    """Maximum information fields in octets and windows in frames, each way as the sender of the parameters sees it."""

    transmit: int = 128
    receive: int = 128
    transmit_window: int = 1
    receive_window: int = 1

    def agree(self, other: LinkLimits) -> LinkLimits:
        """Give what holds for this side once the other has answered: the smaller of both each way."""
        return LinkLimits(
            min(self.transmit, other.receive), min(self.receive, other.transmit),
            min(self.transmit_window, other.receive_window), min(self.receive_window, other.transmit_window),
        )  # fmt: skip


class Proposal(NamedTuple):
    """What an AARQ asks for. *conformance* is None, and sizes too, where the initiate APDU is ciphered and closed."""

    record: int
    time_ns: int | None
    context: str
    mechanism: str
    title: bytes
    has_secret: bool
    """Whether it carries a password or challenge."""
    is_ciphered: bool
    conformance: int | None
    max_pdu_size: int | None
    version: int | None
    has_dedicated_key: bool
    is_key_in_clear: bool
    """Whether nothing enciphers that key: what is only authenticated can be read."""
    has_user_information: bool = True
    challenge: bytes = b""
    """CtoS, of high level security only."""


class Answer(NamedTuple):
    """What an AARE says. *diagnostic* is source and number; *initiate_error* class and error, if it has one."""

    record: int
    time_ns: int | None
    result: int
    diagnostic: tuple[str, int]
    context: str
    mechanism: str
    title: bytes
    conformance: int | None
    max_pdu_size: int | None
    version: int | None
    initiate_error: tuple[int, int] | None
    has_user_information: bool = True
    challenge: bytes = b""
    """StoC, of high level security only."""
    vaa_name: int | None = None

    @property
    def words(self) -> str:
        """The result and its diagnostic by the standard's names, with the numbers."""
        table = ACSE_SERVICE_USER if self.diagnostic[0] == "acse-service-user" else ACSE_SERVICE_PROVIDER
        said = f"{ASSOCIATION_RESULT.get(self.result, self.result)} ({self.result})"
        number = self.diagnostic[1]
        return f"{said}, {table.get(number, number)} ({number})" if number else said


@lru_cache(maxsize=512)
def conformance_names(bits: int | None) -> tuple[str, ...] | None:
    """Give the names of the conformance bits that are set."""
    if bits is None:
        return None
    return tuple(name for bit, name in enumerate(CONFORMANCE) if bits & 0x800000 >> bit)
