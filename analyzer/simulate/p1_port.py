"""What a meter says at its P1 port: telegrams with a check sum, plain or ciphered.

Built here from the companion standards alone and not from the dissectors, so that the one can show the other wrong.

Source: DSMR 5.0 P1 Companion Standard (telegram, CRC-16/ARC), Luxembourg Smarty P1 specification (ciphered telegrams).
"""

from __future__ import annotations

from collections.abc import Iterable

from analyzer.simulate.ciphering import Seal, protect
from analyzer.simulate.local_messages import LINE_END, DataSet
from analyzer.simulate.uart import LineFormat

DSMR_5 = LineFormat(115200)
_GENERAL_GLO = b"\xdb"


def crc(octets: bytes) -> int:
    """Compute CRC-16/ARC: polynomial 8005 reflected, begun with 0."""
    register = 0
    for octet in octets:
        register ^= octet
        for _ in range(8):
            register = register >> 1 ^ 0xA001 if register & 1 else register >> 1
    return register


def telegram(identification: str, data_sets: Iterable[DataSet], *, has_crc: bool = True) -> bytes:
    """Give a telegram: ``/XXX5`` and product, data sets, ``!`` and the check sum, which older meters leave out."""
    lines = [f"/{identification}", "", *map(str, data_sets)]
    octets = "".join(f"{line}{LINE_END}" for line in lines).encode("ascii") + b"!"
    return octets + (f"{crc(octets):04X}" if has_crc else "").encode("ascii") + LINE_END.encode("ascii")


def ciphered(plain: bytes, seal: Seal, counter: int, *, identification: str = "", has_title: bool = True) -> bytes:
    """Give a ciphered telegram.

    With an *identification* it stands in clear in front, in place of the tag DB, and a check sum of all closes it.
    """
    body = protect(plain, seal, counter)
    title = seal.title if has_title else b""
    block = bytes((len(title),)) + title + b"\x82" + len(body).to_bytes(2, "big") + body
    if not identification:
        return _GENERAL_GLO + block
    octets = f"/{identification}{LINE_END}{LINE_END}".encode("ascii") + block + b"!"
    return octets + f"{crc(octets):04X}{LINE_END}".encode("ascii")
