"""Names of live sources to what they are: ``iface:eth0``, ``serial:/dev/ttyUSB0``, ``rfc2217://host:port``."""

from __future__ import annotations

import re
from typing import NamedTuple

from captures.chunk import DlmsharkError
from captures.live_names import INTERFACE, PORT, URL

NETWORK, SERIAL, PIPE = "network", "serial", "pipe"
EXPECTED = "iface:NAME, serial:PORT[,PORT], rfc2217://HOST:PORT, socket://HOST:PORT or - was expected"
_PORT = re.compile(r"[^:]*/|COM\d+$|\\\\\.\\", re.IGNORECASE)
_DEVICE = re.compile(r"(tty|cu\.)[\w.-]+$")
"""A port whose folder is left out: no interface is named so."""


class LiveSource(NamedTuple):
    """What to listen to: its kind, and its interface or its one or two ports."""

    kind: str
    names: tuple[str, ...]

    @property
    def text(self) -> str:
        """Name it as a person would."""
        return ", ".join(self.names)


def live_source(text: str) -> LiveSource:
    """Read the name of a source; a port or an interface may stand without its kind. Raises: DlmsharkError."""
    kind, colon, name = text.partition(":")
    if text == "-":
        return LiveSource(PIPE, ("-",))
    is_port = _PORT.match(text) or _DEVICE.match(text.partition(",")[0])
    if URL.match(text) or (colon and kind == PORT and name) or is_port:
        names = tuple(_device(one) for one in (name if kind == PORT else text).split(",") if one)
        if 1 <= len(names) <= 2:
            return LiveSource(SERIAL, names)
        raise DlmsharkError(f"{text}: one port, or two with a direction each, were expected")
    if colon and kind == INTERFACE and name:
        return LiveSource(NETWORK, (name,))
    if not colon and text:
        return LiveSource(NETWORK, (text,))
    raise DlmsharkError(f"{text or repr(text)}: {EXPECTED}")


def _device(name: str) -> str:
    return f"/dev/{name}" if _DEVICE.match(name) else name
