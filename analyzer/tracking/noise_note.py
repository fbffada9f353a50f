"""The note on octets that are no unit: what a modem, a terminal server or a program put on a line, as far as it tells.

Source: ITU-T V.250 (result codes); RFC 854 (negotiation).
"""

from __future__ import annotations

import re

from analyzer.framing.foreign_frames import SML
from analyzer.tracking.findings import finding
from dissectors.tree import Note

_OF_SML = ": SML, which German meters push, is another protocol and needs a reader of its own"
_MOST_SAID = 4
_RESULTS = rb"CONNECT(?: [0-9]+)?|RING|BUSY|NO (?:CARRIER|ANSWER|DIAL ?TONE)"
_SAID_BY_MODEM = re.compile(rb"(?<![A-Z ])(?:AT[+&]?[A-Z]+|OK|ERROR|%b)(?![A-Z])" % _RESULTS)
"""Result codes of V.250, and how commands begin: what follows may be a number or a PIN."""
_CARRIER_TEXT = (
    ("modem-text", re.compile(rb"\s*(AT[+&A-Z0-9]|\+\+\+|\+C[A-Z]{2,3} ?:|(?:OK|ERROR)\s|%b)" % _RESULTS)),
    ("telnet-negotiation", re.compile(rb"(\xff?[\xfb-\xfe][\x00-\x7f])+\xff?$")),
)
"""What a modem or a terminal server says on a line that is transparent else, by its cause; FF passes for idle fill."""


def noise_note(octets: bytes, stack: str | None, value: bytes) -> Note:
    """Say what *octets* on a line are that speaks *stack*, behind the *value* that stood by itself before."""
    plural = "octets that are" if len(octets) != 1 else "octet that is"
    text = f"{len(octets)} {plural} no {stack or 'known'} unit{_OF_SML * (SML.search(octets) is not None)}"
    code = "hdlc-noise" if stack == "hdlc" else "noise"
    cause = next((cause for cause, pattern in _CARRIER_TEXT if stack and pattern.match(octets)), "")
    if cause == "modem-text" and (said := _SAID_BY_MODEM.findall(octets)):
        text += f": {', '.join(one.decode('ascii') for one in said[:_MOST_SAID])}"
    if value.endswith(octets):
        text, cause = f"the last {len(octets)} octets of the value before, printed once more", "mixed-log"
    return finding("carrier-text" if cause else code, text, 0, len(octets), cause)
