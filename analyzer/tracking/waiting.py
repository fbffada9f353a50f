"""Octets that wait for the stack of their conversation to be found, and what all of them together are."""

from __future__ import annotations

from typing import NamedTuple

from analyzer.framing.frame import Mark
from analyzer.framing.tags import begins_cut_apdu, opens_as_apdu
from analyzer.tracking.bare_value import begins_value, is_bare_value, is_cut_value
from dissectors import registry
from dissectors.mbus_octets import SHORT_SIZE, is_short_frame
from dissectors.scanning import reads

_PAUSE_NS, _MOST_FOLDED = 20_000_000, 256
_MOST_ROWS = 256
"""Rows of one value."""
_MANY_PIECES = 4
"""So many pieces begin as APDUs by chance only on a line that is read with wrong settings."""


class Piece(NamedTuple):
    """Octets that wait for the stack of their conversation to be found."""

    side: int
    octets: bytes
    mark: Mark


class Waiting:
    """The pieces of both sides, in the order in which they came."""

    def __init__(self) -> None:
        self.pieces: list[Piece] = []
        self.octets = 0

    def add(self, piece: Piece) -> None:
        """Let one more wait."""
        self.pieces.append(piece)
        self.octets += len(piece.octets)

    def end(self) -> list[Piece]:
        """Let nothing wait any longer. Returns what did."""
        held, self.pieces, self.octets = self.pieces, [], 0
        return held

    def end_older(self) -> list[Piece]:
        """Let the older half wait no longer. Returns it."""
        half = (len(self.pieces) + 1) // 2
        old, self.pieces = self.pieces[:half], self.pieces[half:]
        self.octets = sum(len(piece.octets) for piece in self.pieces)
        return old

    def of_side(self, side: int) -> bytes:
        """Join the octets of *side*."""
        return b"".join(piece.octets for piece in self.pieces if piece.side == side)

    def are_values(self) -> bool:
        """Tell whether all that waits are values by themselves; pieces that are one value are joined."""
        held = [one for one in self.pieces if one.octets]
        whole = b"".join(one.octets for one in held)
        if len({one.side for one in held}) == 1 and (is_bare_value(whole) or is_cut_value(whole)):
            self.pieces = [held[-1]._replace(octets=whole)]
            return True
        joined = _values(held)
        if joined:
            self.pieces = joined
        return bool(joined)

    def are_apdus(self) -> bool:
        """Tell whether all that waits begins as an APDU; a few pieces have to open as one, of many one has to read."""
        held = [one.octets for one in self.pieces if one.octets]
        if not all(registry.begins_apdu(octets, 0, len(octets)) for octets in held):
            return False
        is_few = len(held) < _MANY_PIECES
        if is_few and any(opens_as_apdu(octets, 0, len(octets)) or begins_cut_apdu(octets) for octets in held):
            return True
        return any(map(reads, held))

    def are_short_frames(self) -> bool:
        """Tell whether all that waits are short frames of M-Bus that one side sent, and nothing else."""
        held = self.pieces
        octets = b"".join([piece.octets for piece in held])
        size = len(octets)
        return (
            size > 0 and not size % SHORT_SIZE
            and all(is_short_frame(octets, at) for at in range(0, size, SHORT_SIZE))
            and all(piece.side == held[0].side for piece in held)
        )  # fmt: skip


def _values(held: list[Piece]) -> list[Piece]:
    """Join pieces that are one value each time; the end of one that comes again, and a last one that breaks off, stay.

    Programs that decipher print their buffer in rows, and some its last row twice. Empty where anything else waits.
    """
    made: list[Piece] = []
    value = b""
    open_: list[Piece] = []
    for one in held:
        if value and not open_ and value.endswith(one.octets):
            made.append(one)
            continue
        open_.append(one)
        whole = b"".join(piece.octets for piece in open_)
        if len({piece.side for piece in open_}) > 1 or len(open_) > _MOST_ROWS or not begins_value(whole):
            return []
        if is_bare_value(whole):
            made.append(one._replace(octets=whole))
            value, open_ = whole, []
    if value and open_:
        made.append(open_[-1]._replace(octets=b"".join(piece.octets for piece in open_)))
    return made if value else []


def runs(pieces: list[Piece]) -> list[list[Piece]]:
    """Put together what one side of a line brought without a pause."""
    folded: list[list[Piece]] = []
    for piece in pieces:
        if not piece.octets:
            continue
        if folded and folded[-1][0].side == piece.side and _goes_on(folded[-1], piece.mark):
            folded[-1].append(piece)
        else:
            folded.append([piece])
    return folded


def _goes_on(run: list[Piece], mark: Mark) -> bool:
    """Tell whether octets at *mark* follow those of *run* without a pause."""
    last = run[-1].mark.time_ns
    return (
        last is not None and mark.time_ns is not None and 0 <= mark.time_ns - last <= _PAUSE_NS
        and len(run) < _MOST_FOLDED
    )  # fmt: skip
