"""Passwords in trees, and in the texts of trees, to a mask: the calling authentication value of low level security.

A challenge is no secret; it stays. What is masked is what people read: the octets of the capture stand as they are,
in hex and in JSON.
Source: IEC 62056-5-3, AARQ, authentication mechanisms.
"""

from __future__ import annotations

import re

from analyzer.record import Apdu
from dissectors.tree import Node

MASK = "(masked)"
_NAME = "calling-authentication-value"
_MECHANISM = "2.16.756.5.8.2."
_HIGH = re.compile(r"\b2\.16\.756\.5\.8\.2\.(?:[2-9]|\d\d)")
_OUTLINE = re.compile(rf"({_NAME}\n(?:.*\n)*? *value: ).+")
_LAYERS = re.compile(rf'("name": "{_NAME}".*?\{{"name": "value", "value": "[^"]*", )("text": "[^"]*", )?')


def password(apdu: Apdu | None) -> bytes:
    """Give the password in an AARQ of low level security; empty where there is none."""
    if apdu is None or apdu.entry is None or apdu.values is None or apdu.family != "aarq":
        return b""
    slots, values = apdu.entry.slots, apdu.values
    value, mechanism = values[slots["calling_authentication_value"]], values[slots["mechanism_name"]] or ""
    return b"" if not value or _HIGH.match(mechanism) else bytes(value[1])


def mask_nodes(nodes: list[Node]) -> None:
    """Mask passwords in trees."""
    for root in nodes:
        for node in root.walk():
            if node.name == "aarq" and (value := node.child(_NAME)) is not None and not _is_high(node):
                leaf = next((one for one in value.walk() if one.name == "value"), None)
                if leaf is not None:
                    leaf.text = MASK


def mask_outline(text: str) -> str:
    """Mask the password in the outline of an AARQ."""
    return _OUTLINE.sub(rf"\1{MASK}", text, count=1) if _NAME in text and not _HIGH.search(text) else text


def mask_layers(text: str) -> str:
    """Mask the password in the JSON of an AARQ's layers."""
    if _NAME not in text or _HIGH.search(text):
        return text
    return _LAYERS.sub(rf'\1"text": "{MASK}", ', text, count=1)


def _is_high(aarq: Node) -> bool:
    """Tell whether the mechanism is one of high level security, whose value is a challenge."""
    name = aarq.child("mechanism-name")
    values = [str(one.value) for one in name.walk() if one.name == "value"] if name is not None else []
    return any(value.startswith(_MECHANISM) and value not in (f"{_MECHANISM}0", f"{_MECHANISM}1") for value in values)
