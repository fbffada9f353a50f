"""Octets as programs write them (hex in any grouping, Python bytes, characters with their numbers) to octets.

Every function is total: what is no octets gives None or what could be read.
"""

import ast
import base64
import binascii
import re
import string
import warnings

from captures.text.units import begins_frame

_GROUPS = re.compile(rb"(?:0[xX])?([0-9A-Fa-f]+)")
_NUMBERS = re.compile(rb"-?\d+")
_CLEAN = re.compile(rb"(?:0[xX])?[0-9A-Fa-f]++(?:[\s,:.-]++(?:0[xX])?[0-9A-Fa-f]++)*+[\s,:.-]*+")
_TO_BLANKS = bytes.maketrans(b",:.-X\\", b"    x0")
"""Separators to blanks; ``\\x7e`` becomes ``0x7e``."""
_SHORT = re.compile(
    rb"(?:0[xX][0-9A-Fa-f]{1,2}[\s,;]*)+|(?:[0-9A-Fa-f]{1,2}(?:\s|[,:.-]\s?))+[0-9A-Fa-f]{1,2}[\s,:.-]*"
)
"""Groups of one octet each, with or without their leading zeros."""
_THREES = re.compile(rb"(?:[01]\d\d|2[0-4]\d|25[0-5])(?:[ ,]{1,2}(?:[01]\d\d|2[0-4]\d|25[0-5])){3,}\s*")
"""Decimal numbers of three digits each; octets in hex that are broken otherwise do not all come out so."""
_UNPADDED = re.compile(
    rb"(?:[0-9A-Fa-f]{2}([ ,:.-] ?))(?:[0-9A-Fa-f]{2}\1){2}[0-9A-Fa-f]\1(?:[0-9A-Fa-f]{1,2}\1)?[0-9A-Fa-f](?:\1|\s*$)",
    re.M,
)
"""Several octets of one digit beside pairs, as programs write them that leave leading zeros out."""
_ONE_IS_DAMAGE = 1
"""One digit that stands alone among pairs is what is left of a pair."""
_LISTED = re.compile(rb"\((?:0x([0-9A-Fa-f]{2})|(\d{1,3}))\)")
_BASE_16 = re.compile(rb"16#([0-9A-Fa-f]{1,2})")
_MARKED_PAIR = re.compile(rb"[0-9A-Fa-f]{2}")
_BREAK = re.compile(rb'(\\x[0-9A-Fa-f]{2})""')
"""Where Qt and C part a string, for the next character would be a digit of the escape before it."""
_QUOTED = re.compile(rb"(?:0[xX])?([0-9A-Fa-f]{1,2})[\"']")
_PAIRS = re.compile(rb"\b[0-9A-Fa-f]{2}\b")
_HALF = 8
"""Octets of a row before the gap in its middle."""
_ALPHANUMERIC = frozenset((string.ascii_letters + string.digits).encode())


_ESCAPES = {
    b"\\0": b"\0", b"\\a": b"\a", b"\\b": b"\b", b"\\t": b"\t", b"\\n": b"\n", b"\\v": b"\v", b"\\f": b"\f",
    b"\\r": b"\r",
}  # fmt: skip
_HEXLIFIED = re.compile(rb"(?=\d*[A-Fa-f])(?:[0-9A-Fa-f]{2}){5,}")
"""What Python's hexlify made of octets."""
_LEAST_TWICE = 40
"""Digits in a row, written in hex: rows of dumps are shorter."""
_LETTER = re.compile(rb"[A-Fa-f]")
_VALUE = re.compile(rb"[\1\2][\1-\x7f]")
"""How an array or a structure begins."""
_STRINGS = b"\x09\x0a\x0c"
_SIZES = {
    0: 0, 1: 1, 2: 1, 3: 1, 5: 4, 6: 4, 13: 1, 15: 1, 16: 2, 17: 1, 18: 2, 20: 8, 21: 8, 22: 1, 23: 4, 24: 8, 25: 12,
    26: 5, 27: 4,
}  # fmt: skip
"""Octets behind the tag of a value, of arrays and structures their count. Source: IEC 62056-6-2 (Data)."""


def is_unpadded(text: bytes) -> bool:
    """Tell whether octets in *text* lack their leading zeros."""
    return _UNPADDED.search(text) is not None


def hex_octets(text: bytes, *, lacks_zeros: bool = False) -> tuple[bytes, bool] | None:
    """Join the digits of *text* to octets; of a group with a digit too many its complete octets stay.

    *lacks_zeros* says that other lines of the text lack leading zeros, so that a digit by itself is an octet here.
    Groups that break an octet ("7EA 007") are joined first where that comes out even.
    Returns: the octets and whether no digit was left out; None if *text* is no hex.
    """
    try:
        octets = bytes.fromhex(text.decode("ascii"))
        return _of_hex_twice(octets) or octets, True  # nearly every line
    except ValueError:
        pass
    try:
        return bytes.fromhex(text.translate(_TO_BLANKS).replace(b"0x", b"").decode("ascii")), True
    except ValueError:
        pass
    if _THREES.fullmatch(text.strip()):
        return bytes(int(digits) for digits in text.replace(b",", b" ").split()), True
    if _SHORT.fullmatch(text.strip()):
        each = _GROUPS.findall(text)
        if lacks_zeros or b"x" in text.lower() or sum(len(digits) == 1 for digits in each) > _ONE_IS_DAMAGE:
            return bytes(int(digits, 16) for digits in each), True
    if _CLEAN.fullmatch(text) is None:
        return None
    groups = _GROUPS.findall(text)
    odd = [group for group in groups if len(group) & 1]
    if not odd or (len(odd) % 2 == 0 and min(map(len, odd)) > 1):
        return bytes.fromhex(b"".join(groups).decode()), True
    return bytes.fromhex(b"".join(group[: len(group) & ~1] for group in groups).decode()), False


def _of_hex_twice(octets: bytes) -> bytes | None:
    """Give the octets whose hex was taken for text and written in hex once more; None for all others.

    A program that passes on what it took for text does so. A unit, or a value, has to be what comes out, and a letter
    among the digits: rows of a readout may be digits, too.
    """
    if len(octets) < _LEAST_TWICE or not octets.isalnum() or not _LETTER.search(octets):
        return None
    try:
        once = bytes.fromhex(octets[: len(octets) & ~1].decode("ascii"))
    except ValueError:
        return None
    return once if begins_frame(once) or (_VALUE.match(once) and _are_values(once)) else None


def _are_values(octets: bytes) -> bool:
    """Tell whether *octets* are values behind their tags, of which the last may break off."""
    at = 0
    while at < len(octets):
        size = 1 + octets[at + 1] if octets[at] in _STRINGS and at + 1 < len(octets) else _SIZES.get(octets[at])
        if size is None:
            return octets[at] in _STRINGS
        at += 1 + size
    return True


def literal_octets(text: bytes) -> bytes | None:
    r"""Read a Python bytes literal such as ``b'~\xa0\x07'``, or a C string.

    Inside a JSON string backslashes are doubled, and its quotes have one.
    """
    if text[1:2] == b"\\":
        text = text.replace(b'\\"', b'"')
    if text.startswith(b'"'):
        text = b"b" + _BREAK.sub(rb"\1", text)
    for written in (text, text.replace(b"\\\\", b"\\").replace(b'\\"', b'"')):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # an escape that Python does not know is a matter of the log
                found = ast.literal_eval(written.decode("latin-1"))
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            continue
        if isinstance(found, bytes) and b"\\x" not in found:
            return bytes.fromhex(found.decode()) if _HEXLIFIED.fullmatch(found) else found
    return None


def listed_octets(text: bytes) -> bytes | None:
    """Read characters with their numbers such as ``~ (126) . (160)``, or hex pairs between blanks."""
    found = _LISTED.findall(text)
    if found:
        values = [int(digits, 16) if digits else int(decimal) for digits, decimal in found]
        return bytes(value for value in values if value < 256)
    pairs = _PAIRS.findall(text)
    return bytes.fromhex(b"".join(pairs).decode()) if pairs else None


def marked_octets(text: bytes) -> bytes:
    """Read hex pairs that have a mark before, behind or around each; of IEC 61131-3 (``16#7E``) single digits, too."""
    if b"#" in text:
        return bytes(int(digits, 16) for digits in _BASE_16.findall(text))
    return bytes.fromhex(b"".join(_MARKED_PAIR.findall(text)).decode())


def quoted_octets(text: bytes) -> bytes:
    """Read hex numbers of one or two digits, each a string of its own."""
    return bytes(int(digits, 16) for digits in _QUOTED.findall(text))


def word_octets(text: bytes) -> bytes:
    """Read words of two or four octets, such as ``a07e 0307``, as they are printed."""
    return bytes.fromhex(text.decode())


def shows(characters: bytes, octets: bytes) -> bool:
    """Tell whether *characters* are those of *octets*, with a sign for what has none; blanks at the ends are lost.

    A blank in their middle may part them as it does the octets.
    """
    if characters[_HALF : _HALF + 1] == b" " and _are_of(characters[:_HALF] + characters[_HALF + 1 :], octets):
        return True
    return _are_of(characters, octets)


def _are_of(characters: bytes, octets: bytes) -> bool:
    octets, characters = octets.strip(b" "), characters.strip()
    return len(characters) <= len(octets) and all(
        shown == octet if 0x20 < octet < 0x7F else octet > 0x7F or shown not in _ALPHANUMERIC
        for shown, octet in zip(characters, octets, strict=False)
    )


def octal_octets(text: bytes) -> bytes:
    """Read octal numbers of octets, or characters and their escapes, in the columns of od and hexdump."""
    return b"".join(_column_octet(text[at : at + 4]) for at in range(0, len(text) - 3, 4))


def _column_octet(cell: bytes) -> bytes:
    digits = cell.strip()
    if digits.isdigit() and len(digits) == 3:
        return bytes((int(digits, 8) & 255,))
    return _ESCAPES.get(digits, cell[-1:])


def octal_word_octets(text: bytes) -> bytes:
    """Read octal words of two octets, such as ``120176``, as they are printed."""
    return b"".join((int(word, 8) & 0xFFFF).to_bytes(2, "big") for word in text.split())


def rom_octets(text: bytes) -> bytes | None:
    """Read the data of a record of Intel HEX, from its count to its check sum, or of a Motorola S-record.

    None if it has no data, or its count does not fit.
    """
    kind = text[1:2] if text[:1] in (b"S", b"s") else b""
    digits = bytes.fromhex(text[2 if kind else 1 :].decode())
    address = int(kind) + 1 if kind else 2
    begin, size = (1 + address, digits[0] - address - 1) if kind else (4, digits[0])
    if size < 0 or len(digits) != begin + size + 1 or (not kind and digits[3]):
        return None
    return digits[begin : begin + size]


def cell_octets(text: bytes) -> bytes | None:
    """Read decimal numbers in cells of four characters, as ``od -t u1`` writes them; None if one is too large."""
    return decimal_octets(b" ".join(text[at : at + 4] for at in range(0, len(text), 4)))


def decimal_octets(text: bytes) -> bytes | None:
    """Read numbers from -128 to 255, as Java and C print octets; None if one is out of this range."""
    values = [int(number) for number in _NUMBERS.findall(text)]
    return bytes(value & 255 for value in values) if all(-128 <= value < 256 for value in values) else None


def base64_octets(text: bytes) -> bytes | None:
    """Read base64; None if it is none."""
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return None
