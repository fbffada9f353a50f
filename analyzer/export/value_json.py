"""Values as JSON: the members that the interface page states, numbers exact and in full."""

from __future__ import annotations

import json
import math
from decimal import Decimal
from functools import lru_cache
from json.encoder import encode_basestring as _string
from typing import Any

from analyzer.cosem.logical_name import obis_text
from analyzer.cosem.quantity import float_text, number_text
from analyzer.record import Object
from analyzer.tracking.values import Value

_text = json.JSONEncoder(ensure_ascii=False).encode


def value_text(value: Value) -> str:
    """Write one entry of ``values``."""
    text = _object_text(value.object, value.name)
    if value.scaler is not None and value.unit and type(value.raw) is int:  # its text has the unit, so says more
        text += f'"value": {number_text(value.raw, value.scaler)}, "text": {_string(value.text)}'
    else:
        plain = value.value
        said = json_text(plain)
        text += f'"value": {said}'
        if value.text and value.text != str(plain) and f'"{value.text}"' != said:
            text += f', "text": {_string(value.text)}'
    if value.unit:
        text += f', "unit": {_string(value.unit)}'
    if value.raw is not None:
        text += f', "raw": {json_text(value.raw)}'
    if value.scaler is not None:
        text += f', "scaler": {value.scaler}'
    if value.time:
        text += f', "time": {_string(value.time)}'
    if value.status:
        text += f', "status": {_string(value.status)}'
    if value.basis:
        text += f', "basis": {_string(value.basis)}'
    return text + "}"


@lru_cache(maxsize=8192)
def _object_text(one: Object, name: str) -> str:
    """Write what a value is of, the first members of the object; the same few come again and again."""
    parts = []
    if one.class_id:
        parts.append(f'"class_id": {one.class_id}')
    if one.logical_name:
        parts.append(f'"logical_name": "{obis_text(one.logical_name)}"')
    elif one.attribute:
        parts.append(f'"short_name": "{one.attribute & 0xFFFF:04X}"')
    if one.attribute and one.logical_name:
        parts.append(f'"{"method" if one.is_method else "attribute"}": {one.attribute}')
    if name:
        parts.append(f'"name": {_string(name)}')
    return "".join(["{", *[f"{part}, " for part in parts]])


def json_text(value: Any) -> str:
    """Write what a value is: decimals digit by digit, what is no number of JSON as the strings NaN, INF, -INF."""
    if type(value) is str:
        return _string(value)
    if type(value) is int:
        return str(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, float) and not math.isfinite(value):
        return f'"{float_text(value)}"'
    if isinstance(value, list):
        return f"[{', '.join(map(json_text, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_text(name)}: {json_text(one)}' for name, one in value.items())}}}"
    return _text(value)
