"""Faults that belong together: which story follows from which, so that one fault is told once.

Facts of one conversation form a chain, from the first until a request that was made after them is answered cleanly.
Within a chain a table says what follows from what.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from analyzer.diagnosis.story import BLAMING
from analyzer.record import Record
from dissectors.tree import Severity

if TYPE_CHECKING:
    from analyzer.diagnosis.story import Story

DAMAGE = (
    "hdlc-fcs-wrong", "hdlc-hcs-wrong", "hdlc-length-wrong", "mbus-checksum-wrong", "mbus-length-wrong",
    "mbus-segment-missing", "wrapper-length-wrong", "line-unreadable", "line-settings-differ", "tcp-octets-missing",
    "hdlc-noise", "noise",
)  # fmt: skip
"""What comes from the line, and never from what was said on it."""
LOSS = (*DAMAGE, "hdlc-frame-lost", "hdlc-sequence-wrong", "hdlc-frame-rejected", "line-echo", "capture-cut")
FOLLOWS: dict[str, tuple[str, ...]] = {
    "hdlc-frame-lost": DAMAGE,
    "hdlc-sequence-wrong": (*DAMAGE, "hdlc-frame-lost"),
    "hdlc-window-exceeded": DAMAGE,
    "hdlc-retransmission": (*LOSS, "response-missing"),
    "hdlc-frame-rejected": ("hdlc-information-too-long", "hdlc-window-exceeded"),
    "hdlc-disconnected-mode": ("provider-abort", "association-rejected", "hdlc-frame-rejected"),
    "tcp-reset": ("provider-abort",),
    "tcp-retransmission": ("provider-abort", "tcp-octets-missing"),
    "block-lost": LOSS,
    "block-repeated": (*LOSS, "response-missing"),
    "long-transfer-aborted": (
        *LOSS, "block-lost", "block-number-wrong", "provider-abort", "response-missing", "exception-response",
    ),
    "response-missing": (
        *LOSS, "invoke-id-differs", "carrier-text", "response-without-request", "provider-abort", "pdu-too-long",
        "hdlc-information-too-long", "iec62056-21-baud-switch-failed", "apdu-malformed",
        "information-undecoded", "block-lost", "wrapper-version-wrong",
    ),
    "response-slow": (*LOSS, "hdlc-retransmission", "tcp-retransmission"),
    "response-without-request": (*LOSS, "response-missing", "carrier-text", "hdlc-retransmission", "apdu-malformed"),
    "invoke-id-differs": LOSS,
    "provider-abort": (*LOSS, "pdu-too-long", "hdlc-information-too-long", "hdlc-window-exceeded", "block-lost",
        "carrier-text", "wrapper-version-wrong"),
    "abort": ("hls-failed", "exception-response", "invocation-counter-repeated", "invocation-counter-regressed"),
    "exception-response": (
        "hls-failed", "association-rejected", "conformance-violated", "pdu-too-long",
        "invocation-counter-repeated", "invocation-counter-regressed", "provider-abort", "apdu-malformed",
    ),
    "confirmed-service-error": (
        "hls-failed", "association-rejected", "conformance-violated",
        "invocation-counter-repeated", "invocation-counter-regressed", "apdu-malformed",
    ),
    "result": ("hls-failed", "conformance-violated", "block-lost", "block-number-wrong", "long-transfer-aborted"),
    "apdu-malformed": (*LOSS, "block-lost", "undecipherable", "hdlc-address-unusual"),
    "apdu-trailing-octets": (*LOSS, "hdlc-address-unusual"),
    "undecipherable": LOSS,
    "octet-unprintable": ("parity-wrong", "bcc-wrong", "p1-crc-wrong", "p1-length-wrong"),
    "data-set-malformed": ("parity-wrong", "bcc-wrong", "p1-crc-wrong", "p1-length-wrong"),
    "capture-cut": ("block-lost", "hdlc-frame-lost", "provider-abort", "tcp-octets-missing"),
}  # fmt: skip
"""By code: the codes it may follow from, as far as both are of one chain."""
FOLLOWS_AS: dict[tuple[str, str], tuple[str, ...]] = {
    ("association-rejected", "invocation-counter-too-low"): (
        "invocation-counter-regressed",
        "invocation-counter-repeated",
    ),
    ("invocation-counter-repeated", "altered-copy"): ("undecipherable",),
    ("invocation-counter-repeated", "retransmission"): (*LOSS, "response-missing", "hdlc-retransmission"),
    ("invocation-counter-repeated", "answer-not-taken"): (*LOSS, "hdlc-retransmission", "undecipherable"),
    ("invocation-counter-repeated", "answer-repeated"): (
        *LOSS,
        "response-missing",
        "hdlc-retransmission",
        "response-without-request",
        "undecipherable",
    ),
}
"""The same by code and cause, where another cause of the code follows from nothing."""
LONELY = frozenset({
    "protection-below-policy", "meter-quirk", "status-flag-set", "clock-drift", "value-out-of-type", "key-changed",
})  # fmt: skip
"""Codes of what is true all the time: nothing follows from it, and it begins no chain."""
_HARMLESS = frozenset({("undecipherable", "no-key")})
"""Codes and causes that nothing follows from: what was deciphered reads, though its tag is not checked."""
_MAY_COME_FIRST = frozenset({"response-missing", "long-transfer-aborted", "capture-cut"})
"""Stories that stand before the one that explains them: a request before its damaged answer, a block before silence."""
_TOLD_BEFORE = frozenset({
    ("response-without-request", "hdlc-frame-lost"), ("response-without-request", "tcp-octets-missing"),
})  # fmt: skip
"""Stories and what explains them, which is seen later: a missing request shows in the number of the next one."""
_SILENT = frozenset({("response-missing", "server-silent")})
_SETTLES = {
    "capture-loss": BLAMING, "late-response": _SILENT, "invoke-id-ignored": _SILENT,
    "answer-of-another-service": _SILENT,
}  # fmt: skip
"""By cause: codes and causes that blame somebody for what comes of it; each occurrence that it explains is its."""


class Chains:
    """The chains of the conversations that are in trouble."""

    MOST = 4096

    def __init__(self) -> None:
        self.open: dict[int, tuple[int, int]] = {}
        """By conversation: the number of its chain, and the last record in it."""
        self._count = 0

    def of(self, code: str, conversation: int, record: int) -> int:
        """Give the chain of a fact about *record* of a conversation; a first one begins it. 0: it belongs to none."""
        if code in LONELY:
            return 0
        known = self.open.get(conversation)
        if known is None:
            if len(self.open) >= self.MOST:
                self.open.pop(next(iter(self.open)))
            self._count += 1
            known = (self._count, 0)
        self.open[conversation] = (known[0], max(known[1], record))
        return known[0]

    def calm(self, record: Record) -> None:
        """End the chain if *record* answers a request that was made after it."""
        known = self.open.get(record.lane.conversation)
        if known is not None and record.request is not None and record.request > known[1]:
            del self.open[record.lane.conversation]


def sorted_roots(stories: Iterable[Story], least: Severity = Severity.CHAT) -> list[Story]:
    """Give stories of at least *least* that follow from no other: worst first, remarks last, then as they come."""
    return sorted(
        (one for one in _tied(stories) if one.worst >= least),
        key=lambda one: (-int(one.worst), one.is_remark, -one.usual, one.first_record),
    )


def _tied(stories: Iterable[Story]) -> list[Story]:
    """Put each story that follows from another one of all its chains under that one. Returns those that do not."""
    found, parents = _divided(list(stories))
    by_chain: dict[int, list[Story]] = {}
    for one in found:
        one.leads_to = []
        for chain in one.chains:
            by_chain.setdefault(chain, []).append(one)
    roots = []
    for one in found:
        if id(one) in parents:
            parents[id(one)].leads_to.append(one)
            continue
        code = "result" if one.code.startswith("result-") else one.code
        causes = FOLLOWS.get(code) or FOLLOWS_AS.get((code, one.cause))
        near = by_chain[min(one.chains)] if one.chains else []
        root = _root(one, causes, near, parents) if causes else None
        if root is None:
            roots.append(one)
        else:
            parents[id(one)] = root
            root.leads_to.append(one)
    return roots


def _divided(found: list[Story]) -> tuple[list[Story], dict[int, Story]]:
    """Divide stories that blame somebody for what others explain. Returns all, and by identity what explains a part."""
    parents: dict[int, Story] = {}
    for cause, blaming in _SETTLES.items():
        by_record: dict[tuple[str, int], Story] = {}
        for root in found:
            for each in root.explains if root.cause == cause else ():
                by_record.setdefault(each, root)
        whole, found = found, []
        for one in whole:
            parts = one.divided(by_record) if (one.code, one.cause) in blaming else {None: one}
            found += parts.values()
            parents.update((id(part), root) for root, part in parts.items() if root is not None)
    return found, parents


def _settles(one: Story, other: Story) -> bool:
    """Tell whether one would settle the other: then the other follows from it where that is known, or not at all."""
    return (other.code, other.cause) in _SETTLES.get(one.cause, ())


def _root(one: Story, causes: tuple[str, ...], near: list[Story], parents: dict[int, Story]) -> Story | None:
    """Find the nearest story that *one* follows from."""
    best: Story | None = None
    for other in near:
        if other is one or other.code not in causes or not one.chains <= other.chains:
            continue
        if (other.code, other.cause) in _HARMLESS:
            continue
        is_later = other.first_record > one.last_record and not _is_before(other, one)
        if is_later and one.code not in _MAY_COME_FIRST and (one.code, other.code) not in _TOLD_BEFORE:
            continue
        if (one.meter and other.meter and one.meter != other.meter) or _settles(one, other) or _settles(other, one):
            continue
        if (best is None or _place(other, causes) > _place(best, causes)) and not _is_above(one, other, parents):
            best = other
    return best


def _is_before(other: Story, one: Story) -> bool:
    """Tell whether *other* began before *one* came, though its record is a later one: a broken frame is given late."""
    return other.first_ns is not None and one.last_ns is not None and other.first_ns < one.last_ns


def _place(other: Story, causes: tuple[str, ...]) -> tuple[int, int]:
    """Rank what a story may follow from: the nearest first, of equal ones in the order of the table."""
    return other.first_record, -causes.index(other.code)


def _is_above(one: Story, other: Story, parents: dict[int, Story]) -> bool:
    """Tell whether *other* follows from *one* already."""
    above = parents.get(id(other))
    while above is not None and above is not one:
        above = parents.get(id(above))
    return above is one
