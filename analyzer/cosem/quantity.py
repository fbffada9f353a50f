"""Numbers with scaler and unit: exact values, and the text in which a person reads them ("74.565 kWh").

Source: IEC 62056-6-2, scal_unit_type: value = raw × 10^scaler in the unit.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Context, Decimal
from functools import lru_cache

from analyzer.cosem.names import unit_symbol

_EXACT = Context(prec=400)
_FARTHEST = 1000
"""A power of ten that makes any float infinite or zero."""
NO_UNIT = 255
"""The code for a value without a unit ("count")."""
_IN_THOUSANDS = frozenset(("Wh", "varh", "VAh", "W", "var", "VA"))
"""Units in which people say kilo, and never mega: a meter's face shows 74565.120 kWh."""


def scaled(raw: float, scaler: int) -> float | Decimal:
    """Give raw × 10^scaler without rounding: a whole number stays one where the scaler allows, a float is one."""
    if isinstance(raw, float):  # by the digits that it shows: 1.1 × 10² is 110, where binary is not
        return float(Decimal(repr(raw)).scaleb(max(-_FARTHEST, min(_FARTHEST, scaler)), _EXACT))
    if scaler >= 0:
        return raw * int(10**scaler)
    return Decimal(raw).scaleb(scaler, _EXACT)


@lru_cache(maxsize=256)
def unit_text(code: int) -> str:
    """Write the sign of a unit; empty for a value without one, the number for a code that is not assigned."""
    if code == NO_UNIT:
        return ""
    return unit_symbol(code) or f"unit {code}"


def float_text(value: float) -> str:
    """Write a float by the digits that tell float32 apart; what is no number as JSON has it: NaN, INF, -INF."""
    if math.isfinite(value):
        return f"{value:.9g}"
    return "NaN" if math.isnan(value) else "INF" if value > 0 else "-INF"


def raw_text(raw: float, scaler: int, unit: str) -> str:
    """Write raw × 10^scaler with its unit as people say it: 74565 Wh is ``74.565 kWh``. Never rounds."""
    if isinstance(raw, float):
        return f"{float_text(float(scaled(raw, scaler)))} {unit}".rstrip()
    return text_writer(scaler, unit)(raw)


@lru_cache(maxsize=1024)
def text_writer(scaler: int, unit: str) -> Callable[[int], str]:
    """Make what writes the values of one scaler and unit, as `raw_text` does: the same few serve whole profiles."""
    if unit not in _IN_THOUSANDS or scaler >= 3:
        return lambda raw: _text(raw, scaler, unit)
    least, places, end = 10 ** max(0, 3 - scaler), scaler - 3, f" k{unit}"

    def write(raw: int) -> str:
        if raw >= least:
            digits = str(raw)
            return f"{digits[:places]}.{digits[places:]}{end}"
        return _text(raw, scaler, unit)

    return write


def _text(raw: int, scaler: int, unit: str) -> str:
    if unit in _IN_THOUSANDS and abs(raw) >= 10 ** max(0, 3 - scaler):
        scaler -= 3
        unit = f"k{unit}"
    text = number_text(raw, scaler)
    return f"{text} {unit}" if unit else text


def number_text(raw: int, scaler: int) -> str:
    """Write raw × 10^scaler digit by digit: 5 with scaler -3 is ``0.005``."""
    if scaler >= 0:
        return str(raw * 10**scaler)
    digits = str(abs(raw)).zfill(1 - scaler)
    return f"{'-' if raw < 0 else ''}{digits[:scaler]}.{digits[scaler:]}"
