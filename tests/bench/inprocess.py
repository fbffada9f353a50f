"""`python -m tests.bench.inprocess NAME`: one timing inside the interpreter, printed as microseconds a call."""

from __future__ import annotations

import sys
import timeit
from collections.abc import Callable


def _fcs() -> Callable[[], object]:
    from dissectors.checks import fcs

    octets = bytes(range(64))
    return lambda: fcs(octets)


def _fcs_is_good() -> Callable[[], object]:
    from dissectors.checks import fcs, fcs_is_good

    octets = bytes(range(62))
    frame = octets + fcs(octets).to_bytes(2, "little")
    assert fcs_is_good(frame)
    return lambda: fcs_is_good(frame)


def _scan() -> Callable[[], object]:
    from dissectors.compile import scan
    from dissectors.xdlms.get import GetRequestNormal

    # get-request-normal: invoke-id-and-priority, class-id, instance-id, attribute-id, no selection
    octets = bytes.fromhex("C001C100030100010800FF0200")
    found = scan(GetRequestNormal)
    function, end = found.function, len(octets)
    values, after = function(octets, 0, end)
    assert after == end and len(values) >= 4, (found.names, values)
    return lambda: function(octets, 0, end)


def _gcm() -> Callable[[], object]:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    encrypt, iv, aad, text = AESGCM(bytes(16)).encrypt, bytes(12), bytes(17), bytes(60)
    sealed = encrypt(iv, text, aad)
    ciphered, tag = sealed[:-16], sealed[-16:-4]
    assert encrypt(iv, ciphered, None)[:-16] == text
    return lambda: encrypt(iv, encrypt(iv, ciphered, None)[:-16], aad)[-16:-4] == tag


TIMINGS: dict[str, Callable[[], Callable[[], object]]] = {
    "fcs": _fcs,
    "fcs-is-good": _fcs_is_good,
    "scan": _scan,
    "gcm": _gcm,
}


def microseconds(call: Callable[[], object]) -> float:
    """The best of several timings, an empty call's share taken off."""
    number = 50_000
    empty = min(timeit.repeat(lambda: None, number=number, repeat=5))
    return (min(timeit.repeat(call, number=number, repeat=7)) - empty) / number * 1e6


if __name__ == "__main__":
    print(f"{microseconds(TIMINGS[sys.argv[1]]()):.4f}")
