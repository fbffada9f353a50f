"""Read, Write and UnconfirmedWrite with short names, as a simulated meter answers them. Source: IEC 62056-5-3."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from analyzer.simulate.association import Association
from analyzer.simulate.meter import Meter
from dissectors.pdu import Layer

HANDLERS: dict[type[Any], Callable[[Meter, Association, Any], Layer | None]] = {}
"""What answers each request."""
