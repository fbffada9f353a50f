r"""Messages of IEC 62056-21 and P1 as people write them in texts: their characters, names and escapes for controls.

``1-0:1.8.0(125.25*kWh)`` among other words, ``<STX>F.F(00)<CR><LF>``, ``"/XYZ5\\2M\r\n\r\n1-0:1.8.0(...)\r\n!\r\n"``.
"""

import re

_CODES = dict(zip((b"soh", b"stx", b"etx", b"eot", b"ack", b"nak", b"lf", b"cr"), b"\1\2\3\4\6\x15\n\r", strict=True))
CONTROL = (
    r"(?:[<\[{](?i:"
    + "|".join(name.decode() for name in _CODES)
    + (r"|\\r|\\n|BCC)[>\]}]|<(?:[1-6]|10|13|21|0[1-6ADad]|15)>|-- (?:SOH|STX|ETX|EOT|BCC) --)")
)
"""The pattern of a control character that is written by its name, or by its number as terminals show it."""
ALONE = r"(?:0[xX])?(?:06|15)[hH]?"
"""An acknowledgement or its refusal, in hex where all else stands in characters."""
_CONTROL = re.compile(CONTROL.encode())
_CHECK = re.compile(rb"[<\[{](?i:0x)?([0-9A-Za-z]{2,3}?)h?[>\]}]")
"""What may be a check character behind ETX or EOT: a name, or a number, in hex unless others are decimal."""
_SINGLE = re.compile(rb"\D\d\D")
"""A control character as a terminal writes it whose numbers are decimal."""
_LINE_ENDS = re.compile(rb"(?i:[<\[{](?:CR|0D|13|\\r)[>\]}][<\[{](?:LF|0A|10|\\n)[>\]}])")
_NAMES = {
    name: code
    for code, name in enumerate(
        b"nul soh stx etx eot enq ack bel bs ht lf vt ff cr so si "
        b"dle dc1 dc2 dc3 dc4 nak syn etb can em sub esc fs gs rs us sp".split()
    )
} | {b"del": 0x7F, b"tab": 0x09}
"""All that has no print, by name: a check character may be any."""
_ALONE = re.compile(rb"(?:0x)?(06|15)h?", re.IGNORECASE)
_CODES |= {b"\\r": 0x0D, b"\\n": 0x0A} | {str(code).encode(): code for code in (1, 2, 3, 4, 5, 6, 10, 13, 21)}
_CODES |= {f"{code:02x}".encode(): code for code in (1, 2, 3, 4, 5, 6, 0x0A, 0x0D, 0x15)}
IDENTIFICATION = (
    # field: Holley meters have a slash behind the letter of their speed; elsewhere a second one is that of a path
    r"/(?:[A-Za-z]{3}[0-9A-I]|[A-Z]{3}[0-9A-I]/(?=[A-Z0-9]))(?![!-~]*/)"
    r"(?:(?! {2}| \(| [a-z]{2,} [a-z]|\\r\\n|\\n|\\\s*$|\d-\d:\d)[ !#-&(-;=?-_a-~])*+"
)
DATA_SET = (
    r"(?:(?:\d{1,3}-\d{1,3}:)?[0-9A-FLP]{1,3}(?:\.[0-9A-F]{1,4}){1,3}(?:[*&]\d{1,3})?|FF)(?:\([^()\r\n]{0,512}\))++"
)
_AROUND = b"<[{-}]> "
"""Marks around the name of a control character."""
_END_OF_LINE = b"\r\n"
_ETX = b"\3"
_BEFORE_CHECK = (3, 4)
"""ETX and EOT."""
_ENDS = (b"\x8d\x0a", b"\x0d\x8a")
"""CR and LF with a bit for even parity, and for odd."""
_SEVEN = bytes(octet & 0x7F for octet in range(256))
_LINE = re.compile(f"(?:{IDENTIFICATION}|{DATA_SET})".encode())
_DAMAGED = 12
"""Of so many characters one may be other than it was sent."""
_WRITTEN_END = re.compile(rb"(?:\\r)?\\n|\\r")
_GLUED = re.compile(rb"(?<=\))[ \t]*(?=[0-9!])")
_GLUED_HEAD = re.compile(rb"(/[!-~]{4,}?(?: [!-~]+)?)(?=\d-\d:\d)")
_CUT_OFF = re.compile(rb"[A-Za-z]{3}[0-9]\\")
_MODEL = re.compile(rb"(/[A-Za-z]{3}[0-9A-I])\\(?=[0-9@])")
_REMARK = re.compile(rb"(?<!\s)\s+//(?![^()]{0,512}\)).*")
"""What a person says of a message; between its parentheses it is a value."""
_ENDING = frozenset(b"\3\n\r")
"""Behind the last of these of a message a remark may stand."""
_WITHOUT_END = re.compile(rb"/[!-~]+|\x06[0-9A-Z:]{3}")
"""An identification message or an option select."""
_ESCAPE = re.compile(rb"\\(?:x([0-9A-Fa-f]{2})|u00([0-9A-Fa-f]{2})|([0-7]{1,3})|(.))", re.DOTALL)
_NAMED_ESCAPES = {
    b"r": b"\r", b"n": b"\n", b"t": b"\t", b"a": b"\a", b"b": b"\b", b"v": b"\v", b"f": b"\f", b"e": b"\x1b",
}  # fmt: skip


def readout_octets(text: bytes) -> bytes:
    r"""Give the octets of a line of a readout: its characters, and the line end that every text shows as its own.

    Line ends that are written out (``\r\n``), or that were lost between data sets, stand again.
    """
    if text.startswith(b"/"):
        text = text.replace(b"\\\\", b"\\")  # as programs write the one of an identification in a string
    octets = _GLUED.sub(_END_OF_LINE, _WRITTEN_END.sub(_END_OF_LINE, text.rstrip()))
    octets = _GLUED_HEAD.sub(rb"\1\r\n\r\n", octets) if octets.startswith(b"/") else octets
    if _CUT_OFF.match(octets):
        octets = b"/" + octets
    is_ended = octets.endswith((_END_OF_LINE, _ETX))  # no line end is taken for a check character
    return octets if is_ended else octets + _END_OF_LINE


def named_octets(text: bytes) -> bytes:
    """Give the octets of a message whose control characters are written by their names.

    A check character that is called BCC is not known: it is left out. A line of text without any end gets one.
    """
    text = _without_remark(text) if b"//" in text else text
    alone = _ALONE.fullmatch(text.strip())
    if alone is not None:
        return bytes.fromhex(alone[1].decode())
    parts, at = [], 0
    while found := _CONTROL.search(text, at):
        code = _CODES.get(found[0].strip(_AROUND).lower())
        parts += [text[at : found.start()], b"" if code is None else bytes((code,))]
        at = found.end()
        if code in _BEFORE_CHECK:
            check, at = _check_at(text, at, is_decimal=_SINGLE.fullmatch(found[0]) is not None)
            parts.append(check)
    octets = b"".join(parts) + text[at:].rstrip()
    is_line = octets.endswith((b")", b"!")) or _WITHOUT_END.fullmatch(octets) is not None
    return octets + _END_OF_LINE if is_line else octets


def _check_at(text: bytes, at: int, *, is_decimal: bool) -> tuple[bytes, int]:
    """Give the check character that is written by its name or number at *at*, and where it ends; nothing if none is."""
    found = _CHECK.match(text, at)
    if found is None or _LINE_ENDS.match(text, at):
        return b"", at
    name = found[1].lower()
    code = _NAMES.get(name)
    if code is None:
        try:
            code = int(name, 10 if is_decimal else 16)
        except ValueError:
            return b"", at
    return (bytes((code,)), found.end()) if code < 0x80 else (b"", at)


def _without_remark(text: bytes) -> bytes:
    ends = [found.end() for found in _CONTROL.finditer(text) if _CODES.get(found[0].strip(_AROUND).lower()) in _ENDING]
    at = ends[-1] if ends else 0
    return text[:at] + _REMARK.sub(b"", text[at:])


def string_octets(text: bytes) -> bytes:
    """Give the octets of a string of a program, between its quotation marks."""
    return _ESCAPE.sub(_unescaped, _MODEL.sub(rb"\1\\\\", text[1:-1]))


def parity_octets(text: bytes) -> bytes | None:
    """Give the octets of a line of a readout whose characters have a parity bit, shown as Latin letters and signs.

    A line of seven bits that is read with eight: "±.¸.±" is 1.8.1. None where it is none.
    """
    try:
        octets = text.rstrip().decode().encode("latin-1")
    except UnicodeDecodeError:
        octets = text.rstrip()
    except UnicodeEncodeError:
        return None
    odd = sum(octet.bit_count() & 1 for octet in octets)
    is_odd = odd * 2 > len(octets)
    damaged = len(octets) - odd if is_odd else odd
    plain = octets.translate(_SEVEN)
    if damaged * _DAMAGED > len(octets) or not (_LINE.match(plain) or plain == b"!"):
        return None
    return octets + _ENDS[is_odd]


def _unescaped(found: "re.Match[bytes]") -> bytes:
    hexadecimal = found[1] or found[2]
    if hexadecimal:
        return bytes((int(hexadecimal, 16),))
    if found[3]:
        return bytes((int(found[3], 8) & 0xFF,))
    return _NAMED_ESCAPES.get(found[4], found[4])
