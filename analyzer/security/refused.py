"""What a security function gives where octets or keys cannot do what was asked: the reason, as a value."""

from __future__ import annotations

from typing import NamedTuple


class Refused(NamedTuple):
    """Nothing came out; *reason* is a clause for a person and never holds key octets."""

    reason: str
