"""Answers of high level security, which the keys or the secret of a meter made, to those that the published keys make.

What no published key makes is blanked: a secret can be guessed from a challenge and its answer.
Source: IEC 62056-5-3, High Level Security authentication; IEC 62056-6-2, reply_to_HLS_authentication.
"""

from __future__ import annotations

from analyzer.record import REQUEST, Apdu, Record
from analyzer.rewrite.keys import published_key
from analyzer.rewrite.pseudonyms import Pseudonyms
from analyzer.security.hls import CLIENT, SERVER, Handshake, HlsKeys, answer
from analyzer.security.hls_functions import GMAC
from analyzer.security.keys import KeyRole
from analyzer.security.opening import SUITE
from analyzer.tracking.authentication import Authentication
from dissectors.axdr import OCTET_STRING

_ASSOCIATION_LN, _ASSOCIATION_SN, _REPLY, _REPLY_SN = 15, 12, 1, 8
_HEADER = 5
_GMAC_SIZE = 17


class Handshakes:
    """The handshakes that run, by conversation, client and server."""

    def __init__(self, names: Pseudonyms) -> None:
        self._names = names
        self._running: dict[tuple[object, ...], tuple[Authentication, dict[str, bytes]]] = {}

    def answered(self, record: Record, apdu: Apdu, octets: bytes) -> bytes:
        """Follow what *record* says, and put another answer into *octets*, its APDU, where it holds one."""
        key = (record.lane.conversation, record.client, record.server)
        if apdu.family in ("aarq", "aare") and apdu.entry is not None and apdu.values is not None:
            handshake, titles = self._running.setdefault(key, (Authentication(), {}))
            handshake.challenge(apdu.family, apdu.entry.slots, apdu.values)
            for name, side in (("calling_ap_title", CLIENT), ("responding_ap_title", SERVER)):
                title = apdu.values[apdu.entry.slots[name]] if name in apdu.entry.slots else None
                if title:
                    titles[side] = self._names.title(title)
            return octets
        if not any(_is_reply(one.class_id, one.attribute, one.is_method) for one in record.objects):
            return octets
        handshake, titles = self._running.get(key, (Authentication(), {}))
        return self._replaced(apdu.octets, octets, handshake, titles, CLIENT if record.direction == REQUEST else SERVER)

    @staticmethod
    def _replaced(
        before: bytes, octets: bytes, handshake: Authentication, titles: dict[str, bytes], side: str
    ) -> bytes:
        """Replace the octet-string at the end of a request or an answer."""
        size = next(
            (
                size
                for size in range(len(before) - 2, 7, -1)
                if before[-size - 2 : -size] == bytes((OCTET_STRING, size))
            ),
            0,
        )
        if not size:
            return octets
        given = before[-size:]
        made: bytes | None = None
        if handshake.mechanism == GMAC and size == _GMAC_SIZE:
            suite = given[0] & SUITE
            shake = Handshake(GMAC, handshake.ctos, handshake.stoc, titles.get(CLIENT, b""), titles.get(SERVER, b""))
            keys = HlsKeys(
                encryption_key=published_key(KeyRole.GUEK, suite), authentication_key=published_key(KeyRole.GAK, suite)
            )
            counter = int.from_bytes(given[1:_HEADER], "big")
            made = answer(shake, side, keys, control=given[0], counter=counter)
        return octets[:-size] + (made if made is not None and len(made) == size else bytes(size))


def _is_reply(class_id: int, number: int, is_method: bool) -> bool:
    return is_method and (class_id, number) in ((_ASSOCIATION_LN, _REPLY), (_ASSOCIATION_SN, _REPLY_SN))
