r"""Messages of IEC 62056-21 and P1 as people write them in texts: their characters, names and escapes for controls.

``1-0:1.8.0(125.25*kWh)`` among other words, ``<STX>F.F(00)<CR><LF>``, ``"/XYZ5\\2M\r\n\r\n1-0:1.8.0(...)\r\n!\r\n"``.
"""

import re

_CODES = dict(zip((b"soh", b"stx", b"etx", b"eot", b"ack", b"nak", b"lf", b"cr"), b"\1\2\3\4\6\x15\n\r", strict=True))
CONTROL = r"[<\[{](?i:" + "|".join(name.decode() for name in _CODES) + r"|\\r|\\n|BCC)[>\]}]"
"""The pattern of a control character that is written by its name."""
_CONTROL = re.compile(CONTROL.encode())
_CODES |= {b"\\r": 0x0D, b"\\n": 0x0A}
IDENTIFICATION = r"/[A-Za-z]{3}[0-9A-I](?![!-~]*/)(?:(?! {2}|\\r\\n|\\n|\\\s*$|\d-\d:\d)[ !#-&(-;=?-_a-~])*+"
DATA_SET = (
    r"(?:(?:\d{1,3}-\d{1,3}:)?[0-9A-FLP]{1,3}(?:\.[0-9A-F]{1,4}){1,3}(?:[*&]\d{1,3})?|FF)(?:\([^()\r\n]{0,512}\))++"
)
_END_OF_LINE = b"\r\n"
_WRITTEN_END = re.compile(rb"(?:\\r)?\\n|\\r")
_GLUED = re.compile(rb"(?<=\))[ \t]*(?=[0-9!])")
_GLUED_HEAD = re.compile(rb"(/[!-~]{4,}?(?: [!-~]+)?)(?=\d-\d:\d)")
_CUT_OFF = re.compile(rb"[A-Za-z]{3}[0-9]\\")
_MODEL = re.compile(rb"(/[A-Za-z]{3}[0-9A-I])\\(?=[0-9@])")
_ESCAPE = re.compile(rb"\\(?:x([0-9A-Fa-f]{2})|u00([0-9A-Fa-f]{2})|([0-7]{1,3})|(.))", re.DOTALL)
_NAMED_ESCAPES = {
    b"r": b"\r", b"n": b"\n", b"t": b"\t", b"a": b"\a", b"b": b"\b", b"v": b"\v", b"f": b"\f", b"e": b"\x1b",
}  # fmt: skip


def readout_octets(text: bytes) -> bytes:
    r"""Give the octets of a line of a readout: its characters, and the line end that every text shows as its own.

    Line ends that are written out (``\r\n``), or that were lost between data sets, stand again.
    """
    octets = _GLUED.sub(_END_OF_LINE, _WRITTEN_END.sub(_END_OF_LINE, text.rstrip()))
    octets = _GLUED_HEAD.sub(rb"\1\r\n\r\n", octets) if octets.startswith(b"/") else octets
    if _CUT_OFF.match(octets):
        octets = b"/" + octets
    return octets if octets.endswith(_END_OF_LINE) else octets + _END_OF_LINE


def named_octets(text: bytes) -> bytes:
    """Give the octets of a message whose control characters are written by their names.

    A check character is not known by its name: it is left out. A line of text without any end gets one.
    """
    parts, at = [], 0
    for found in _CONTROL.finditer(text):
        code = _CODES.get(found[0][1:-1].lower())
        parts += [text[at : found.start()], b"" if code is None else bytes((code,))]
        at = found.end()
    octets = b"".join(parts) + text[at:].rstrip()
    return octets + _END_OF_LINE if octets.endswith((b")", b"!")) else octets


def string_octets(text: bytes) -> bytes:
    """Give the octets of a string of a program, between its quotation marks."""
    return _ESCAPE.sub(_unescaped, _MODEL.sub(rb"\1\\\\", text[1:-1]))


def _unescaped(found: "re.Match[bytes]") -> bytes:
    hexadecimal = found[1] or found[2]
    if hexadecimal:
        return bytes((int(hexadecimal, 16),))
    if found[3]:
        return bytes((int(found[3], 8) & 0xFF,))
    return _NAMED_ESCAPES.get(found[4], found[4])
