"""How deep APDUs stand in APDUs: bounded, for the reading of one inside another recurses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from dissectors.tree import Problem

MAX_NESTED = 8
"""APDUs inside APDUs deeper than this are refused: signed, ciphered and in user-information make three."""

_DEPTH = ContextVar("depth", default=0)


@contextmanager
def inner_apdu(at: int) -> Iterator[None]:
    """Read the APDU at *at* inside the one being read. The depth is back as it was when the reading comes out."""
    depth = _DEPTH.get()
    if depth >= MAX_NESTED:
        raise Problem(at, f"APDUs nested deeper than {MAX_NESTED}")
    token = _DEPTH.set(depth + 1)
    try:
        yield
    finally:
        _DEPTH.reset(token)


def is_deepest() -> bool:
    """Tell whether no APDU may stand inside the one being read."""
    return _DEPTH.get() >= MAX_NESTED


def is_outermost() -> bool:
    """Tell whether the APDU being read stands in no other."""
    return _DEPTH.get() == 0
