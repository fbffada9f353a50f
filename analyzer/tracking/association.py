"""One client and one server of a conversation: association, outstanding requests, running block transfers.

Bounded: at most 64 requests are remembered, the oldest is forgotten first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.reassembly.blocks import BlockTransfers
from analyzer.reassembly.general_blocks import GeneralBlocks
from analyzer.record import Objects, Record
from analyzer.tracking.roles import ANSWERED_BY, REFUSALS, may_answer

if TYPE_CHECKING:
    from analyzer.tracking.security_context import SecurityContext

MOST_REQUESTS = 64


Request = tuple[int, int | None, str, int, Objects]
"""A request that waits for its answer: record, end, family, choice, objects. A plain tuple: one is made each time."""


class Association:
    """What is known between one client and one server; *number* is None until a dialogue begins."""

    __slots__ = (
        "acknowledged", "blocks", "general", "is_open", "link_command", "number", "pending", "security", "transfer",
    )  # fmt: skip

    def __init__(self) -> None:
        self.number: int | None = None
        self.is_open = False
        """Whether an APDU of the association was seen; a link may be set up before."""
        self.link_command: tuple[int, int | None, int] | None = None
        """The SNRM or DISC that waits for its answer: record, end, control."""
        self.pending: dict[int, Request] = {}
        """Requests by invoke-id (0 to 15), by long invoke-id + 16, or under -1 where the service has none."""
        self.transfer: dict[int, Request] = {}
        """By invoke-id: the request that began a block transfer, whose objects its later blocks answer."""
        self.blocks = BlockTransfers()
        self.general = GeneralBlocks()
        self.acknowledged = self.general.acknowledged
        """Numbers that general blocks may go on behind."""
        self.security: SecurityContext | None = None
        """Titles and keys, where keys are given."""

    def make_room(self, invoke_id: int) -> None:
        """Forget the request that *invoke_id* stands for, asked again it becomes the newest; else the oldest one."""
        del self.pending[invoke_id if invoke_id in self.pending else next(iter(self.pending))]

    def begin_transfer(self, invoke_id: int, request: Request) -> None:
        """Remember a request whose objects later blocks may be about."""
        if len(self.transfer) >= MOST_REQUESTS:
            del self.transfer[next(iter(self.transfer))]
        self.transfer[invoke_id] = request

    def name_request(self, invoke_id: int, record: Record) -> None:
        """Give the request that waits the objects of *record*, where that is it: its last block has told them."""
        request = self.pending.get(invoke_id)
        if request is not None and request[0] == record.number:
            self.pending[invoke_id] = (*request[:4], record.objects)

    def answer(self, invoke_id: int, family: str) -> Request | None:
        """Find and forget the request that *family* with *invoke_id* answers."""
        pending = self.pending
        request = pending.get(invoke_id)
        if request is not None and ANSWERED_BY.get(request[2]) == family:
            del pending[invoke_id]
            return request
        if family not in REFUSALS:
            # one that stayed closed tells no invoke-id: it belongs to the only one there is
            other = next(iter(pending)) if len(pending) == 1 else invoke_id
            is_other = other != invoke_id and may_answer(pending[other][2], family)
            return pending.pop(other) if is_other else None
        if request is None and pending:
            invoke_id = next(reversed(pending))
        return pending.pop(invoke_id, None)
