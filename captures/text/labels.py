"""Words around octets to directions, and to whether the octets are traffic at all."""

import re

from captures.chunk import RECEIVED, SENT, UNKNOWN

_SENT = """tx txd sent send sends sending write writes writing written wrote outgoing host client out down
    irp_mj_write transmit transmitted request hhu master >> > -> --> >>> => ==> o c peer0 """
_RECEIVED = """rx rxd received receive receives receiving recv rcvd read reads reading incoming device meter server
    in up irp_mj_read response answer reply slave << < <- <-- <<< <= <== i s peer1"""
DIRECTIONS: dict[bytes, int] = {word.encode(): SENT for word in _SENT.split()}
DIRECTIONS.update((word.encode(), RECEIVED) for word in _RECEIVED.split())
"""Words and signs that programs put before octets, by what they say."""

# In a sentence "in", "out", "host" and the like name other things too.
_IN_SENTENCES = re.compile(
    rb"(?<![a-z0-9_])(?:(tx|txd|sent|send|sends|sending|write|writing|written|wrote|outgoing|transmit|transmitted|request)"
    rb"|(rx|rxd|received?|receives|receiving|recv|rcvd|reads?|reading|incoming|response|answer|reply))(?![a-z0-9_])"
)
_ARROWS = re.compile(rb">>>|<<<|>>|<<|-->|<--|->|<-|(?<![=<>!])=>(?![=>])|(?<![=<>!])<=(?![=>])")
_INSIDE = re.compile(rb"pdu|payload|dlms re(?:quest|sponse)|[a-z]re(?:quest|sponse)")
_NO_TRAFFIC = re.compile(
    rb"analy[sz]|window|digest|challenge|password|secret|(?<![a-z])keys?(?![a-z])|title|hash|crc|[fh]cs|checksum"
    rb"|plain|decr|decipher|decoded|parsed|nonce|signature|certificate|serial number|logical name|obis"
    rb"|(?<![a-z])(?:mac|iv|aad|tag)(?![a-z])"
)


def direction_of(word: bytes) -> int:
    """Read the direction that *word* says."""
    return DIRECTIONS.get(word.lower(), UNKNOWN)


def direction_in(label: bytes) -> int:
    """Find the first word of a direction in *label*; else an arrow on its first line."""
    lowered = label.lower()
    found = _IN_SENTENCES.search(lowered)
    if found is not None:
        return SENT if found[1] else RECEIVED
    arrow = _ARROWS.search(lowered.partition(b"\n")[0])
    return direction_of(arrow[0]) if arrow else UNKNOWN


def is_inside(label: bytes) -> bool:
    """Tell whether the words around octets name an APDU or a part of one."""
    return _INSIDE.search(label.lower()) is not None


def is_no_traffic(label: bytes) -> bool:
    """Tell whether the words before octets say that they are a key, a digest, something deciphered or analysed."""
    return _NO_TRAFFIC.search(label.lower()) is not None
