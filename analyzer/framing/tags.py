"""Which octets may open an APDU: the tags of IEC 62056-5-3 and ACSE, and whether what follows agrees."""

GATEWAY_TAGS = frozenset((0xE6, 0xE7))
APDU_TAGS = (
    frozenset((0x01, 0x05, 0x06, 0x08, 0x0C, 0x0D, 0x0E, 0x0F, 0x10, 0x16, 0x18))
    | frozenset((0x21, 0x25, 0x26, 0x28, 0x2C, 0x2D, 0x2E, 0x36, 0x38))
    | frozenset((0x41, 0x45, 0x46, 0x48, 0x4C, 0x4D, 0x4E, 0x56, 0x58))
    | frozenset((0x60, 0x61, 0x62, 0x63, 0x64))
    | frozenset(range(0xC0, 0xE1)) - frozenset((0xC6, 0xCE, 0xD6, 0xDE))
    | GATEWAY_TAGS
)
"""Every tag that an APDU may begin with (IEC 62056-5-3 COSEM pdu module), the gateway prefixes E6 and E7 included."""

_CHOICES = {
    0xC0: (13, 7, 14), 0xC1: (14, 19, 9, 16, 20), 0xC3: (13, 7, 15, 18, 19, 9), 0xC4: (5, 10, 6), 0xC5: (4, 7, 8, 9, 5),
    0xC7: (5, 9, 6, 7),
}  # fmt: skip
"""The service APDUs whose second octet is a choice, and how many octets each alternative has at least."""
_SIZED = frozenset((*range(0x21, 0x39), *range(0x41, 0x59), *range(0x60, 0x65), *range(0xC8, 0xD8)))
"""The APDUs whose second octet begins the length of all that follows."""
_COUNTED = {0x05: 7, 0x06: 7, 0x0C: 3, 0x0D: 2, 0x16: 7}
"""The APDUs of short-name referencing that begin with a count, and the highest alternative of their items."""
_LONG = {0x08: 13, 0xC2: 12, 0xD9: 8, 0xDA: 9, 0xDD: 8, 0xDF: 8, 0xE0: 7}
"""APDUs with no more to be said of their second octet, and how many octets they have at least."""
_CHOSEN = {0x0E: ((1, 19), (0, 13)), 0xD8: ((0, 3), (0, 8))}
"""The APDUs of errors: the least and the highest of their second and third octet, one more or two for those to come."""
_ERROR_SIZES = {0x0E: (4,), 0xD8: (3, 7)}
_SUITE, _HIGHEST_SUITE = 0x0F, 2
_SEALED = 7
"""Tag, length, security control and invocation counter: what is sealed stands behind them."""
_LONGEST_ADDRESS = 32
"""Of a device behind a gateway."""
_TITLED = frozenset((0xDB, 0xDC))
"""The APDUs that begin with a system title of 0 or 8 octets."""


OPENING_LENGTH = 6
"""As many octets of an APDU as `opens_as_apdu` may want to see."""


def opens_as_apdu(octets: bytes | bytearray, start: int, length: int) -> bool:
    """Tell whether an APDU of *length* octets may open at *start*: a tag, and what surely follows it.

    It rules out, it does not read; it looks at `OPENING_LENGTH` octets. Total: never raises on octets.
    """
    if length < 2 or start + min(length, OPENING_LENGTH) > len(octets):
        return False
    tag, second = octets[start], octets[start + 1]
    if tag in _CHOICES:
        shortest = _CHOICES[tag]
        return 1 <= second <= len(shortest) and length >= shortest[second - 1]
    if tag in _SIZED:
        if not _announces(octets, start + 1, length - 1):
            return False
        return tag in _ACSE_BEGINS or (length > _SEALED and _is_control(octets, start + 1))
    if tag in _COUNTED:
        return length > 2 and 1 <= second <= 32 and octets[start + 2] <= _COUNTED[tag]
    if tag in _TITLED:
        return second in (0, 8) and length > second + 7
    if tag == 0x18:
        return length > 5 and second <= 1
    if tag in _CHOSEN:
        chosen = zip(octets[start + 1 : start + 3], _CHOSEN[tag], strict=False)
        return length in _ERROR_SIZES[tag] and all(least <= one <= most for one, (least, most) in chosen)
    if tag == 0x0F:
        return length > 6 and octets[start + 5] in (0, 9, 12)
    if tag in GATEWAY_TAGS:
        return length > 4 and octets[start + 2] <= _LONGEST_ADDRESS and length > octets[start + 2] + 4
    return length >= _LONG.get(tag, length + 1)


def _announces(octets: bytes | bytearray, at: int, length: int) -> bool:
    """Tell whether the BER length at *at* announces exactly *length* octets, itself included."""
    first = octets[at]
    if first < 0x80:
        return first + 1 == length
    width = first - 0x80
    return width in (1, 2) and int.from_bytes(octets[at + 1 : at + 1 + width], "big") + 1 + width == length


def _is_control(octets: bytes | bytearray, at: int) -> bool:
    """Tell whether a security control of a suite that there is stands behind the BER length at *at*."""
    return octets[at + 1 + max(octets[at] - 0x80, 0)] & _SUITE <= _HIGHEST_SUITE


def sealed_length(octets: bytes) -> int:
    """Give the length of the general-glo- or general-ded-ciphering APDU that begins *octets*; 0 if it does not tell.

    Tag, system title with its length, then the length of what is ciphered (IEC 62056-5-3). Total.
    """
    if len(octets) < 2 or octets[0] not in _TITLED or octets[1] not in (0, 8):
        return 0
    at = 2 + octets[1]
    first = octets[at] if at < len(octets) else 0
    width = max(first - 0x80, 0)
    if width > 2 or at + 1 + width > len(octets):
        return 0
    announced = int.from_bytes(octets[at + 1 : at + 1 + width], "big") if width else first
    return at + 1 + width + announced if announced else 0


_ACSE_BEGINS = {
    0x60: b"\x80\xa1", 0x61: b"\x80\xa1\xa2", 0x62: b"\x80\x8a\xbe", 0x63: b"\x80\xbe", 0x64: b"\x80",
}  # fmt: skip
"""The first component behind the length of an ACSE APDU."""


def begins_cut_apdu(octets: bytes) -> bool:
    """Tell whether *octets* are the beginning of an ACSE APDU whose length announces more than there is."""
    return (
        len(octets) > OPENING_LENGTH
        and octets[0] in _ACSE_BEGINS
        and len(octets) - 2 < octets[1] < 0x80
        and octets[2] in _ACSE_BEGINS[octets[0]]
        and octets[3] <= octets[1] - 4
    )
