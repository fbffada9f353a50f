"""Check sequences of the link layers: CRC-16/X-25 (HDLC), block check character (IEC 62056-21), CRC-16/ARC (DSMR P1).

Source: ISO/IEC 13239 16-bit FCS (polynomial x^16+x^12+x^5+1, reflected, sent low octet first); IEC 62056-21, block
check character; DSMR P1 companion standard (polynomial x^16+x^15+x^2+1, reflected).
"""

from binascii import crc_hqx
from functools import cache, lru_cache
from struct import unpack

REVERSED = bytes(int(f"{octet:08b}"[::-1], 2) for octet in range(256))
"""Each octet with its bits in the other order."""
GOOD_RESIDUE = 0x1D0F
"""The unreflected register after a good frame, its FCS included (0xF0B8 read in the other bit order)."""


def fcs_is_good(octets: bytes) -> bool:
    """Tell whether *octets*, check sequence included, leave the good residue.

    The CRC runs over the octets with their bits reversed, so that the standard library's
    unreflected CRC-CCITT serves; a good frame is known by its residue and nothing is reflected back.
    """
    return crc_hqx(octets.translate(REVERSED), 0xFFFF) == GOOD_RESIDUE


def fcs(octets: bytes) -> int:
    """Compute the 16-bit check sequence of *octets*; it is sent low octet first."""
    register = crc_hqx(octets.translate(REVERSED), 0xFFFF) ^ 0xFFFF
    return REVERSED[register >> 8] | REVERSED[register & 0xFF] << 8


# -- characters: IEC 62056-21 and P1 ----------------------------------------------------------------------------------

_SEVEN_BITS = bytes(octet & 0x7F for octet in range(256))
_ODD_WEIGHT = bytes(octet.bit_count() & 1 for octet in range(256))


def seven_bits(octets: bytes) -> bytes:
    """Give *octets* without bit 7, where the parity stands if 7E1 was read as 8N1."""
    return octets.translate(_SEVEN_BITS)


def has_parity(octets: bytes) -> bool:
    """Tell whether bit 7 of *octets* is even parity: it is set somewhere, and most octets have even weight.

    FF tells nothing: no text has it as a character, and some have it as filling.
    """
    if octets.isascii():
        return False
    # field: E.ON Hungary, a message to the consumer that is not set is 1024 octets FF
    told = octets.replace(b"\xff", b"")
    return not told.isascii() and told.translate(_ODD_WEIGHT).count(1) * 4 <= len(told)


def parity_faults(octets: bytes) -> list[int]:
    """Find the octets of odd weight: each is a damaged character where bit 7 is even parity."""
    weights = octets.translate(_ODD_WEIGHT)
    found = []
    at = weights.find(1)
    while at >= 0:
        found.append(at)
        at = weights.find(1, at + 1)
    return found


def bcc(octets: bytes) -> int:
    """Compute the block check character: exclusive or over the seven bits of *octets*."""
    value, size = int.from_bytes(octets, "little"), len(octets)
    while size > 1:  # one half over the other: octets by the thousand in a dozen steps
        size = (size + 1) // 2
        value = value >> 8 * size ^ value & (1 << 8 * size) - 1
    return value & 0x7F


def sum_bcc(octets: bytes) -> int:
    """Compute the check character of Energomera meters: the sum modulo 128 of *octets*."""
    return sum(octets) & 0x7F


@cache
def _arc_tables() -> tuple[list[int], list[int]]:
    """Make what one octet, and what two octets with the first one low, turn the register of CRC-16/ARC into."""
    one = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
        one.append(value)
    return one, [one[(low := one[value & 0xFF] ^ value >> 8) & 0xFF] ^ low >> 8 for value in range(1 << 16)]


@lru_cache(maxsize=8)  # who frames a telegram asks, and who shows it
def crc16_arc(octets: bytes) -> int:
    """Compute CRC-16/ARC of *octets*, as it stands behind the ``!`` of a P1 telegram in hex digits."""
    one, two = _arc_tables()
    register = 0
    for pair in unpack(f"<{len(octets) // 2}H", octets[: len(octets) & ~1]):
        register = two[register ^ pair]
    return one[(register ^ octets[-1]) & 0xFF] ^ register >> 8 if len(octets) & 1 else register
