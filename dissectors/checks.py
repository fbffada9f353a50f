"""Check sequences of the link layers: CRC-16/X-25 (HDLC HCS and FCS).

Source: ISO/IEC 13239 16-bit FCS (polynomial x^16+x^12+x^5+1, reflected, sent low octet first).
"""

from binascii import crc_hqx

_REVERSED = bytes(int(f"{octet:08b}"[::-1], 2) for octet in range(256))
GOOD_RESIDUE = 0x1D0F
"""The unreflected register after a good frame, its FCS included (0xF0B8 read in the other bit order)."""


def fcs_is_good(octets: bytes) -> bool:
    """Tell whether *octets*, check sequence included, leave the good residue.

    The CRC runs over the octets with their bits reversed, so that the standard library's
    unreflected CRC-CCITT serves; a good frame is known by its residue and nothing is reflected back.
    """
    return crc_hqx(octets.translate(_REVERSED), 0xFFFF) == GOOD_RESIDUE


def fcs(octets: bytes) -> int:
    """Compute the 16-bit check sequence of *octets*; it is sent low octet first."""
    register = crc_hqx(octets.translate(_REVERSED), 0xFFFF) ^ 0xFFFF
    return _REVERSED[register >> 8] | _REVERSED[register & 0xFF] << 8
