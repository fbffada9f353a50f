"""Datagrams and records that are one unit each: IEC 61334-4-32 LLC frames and bare APDUs."""

from analyzer.framing.frame import APDU, LLC, NOISE, Frame, Framer, Mark
from analyzer.framing.tags import APDU_TAGS

LLC_CONTROL = 0x90
"""UI, as IEC 61334-4-32 frames on UDP begin: control, destination, source, then the APDU."""
_LLC_HEADERS = (b"\xe6\xe6\x00", b"\xe6\xe7\x00")
_LLC_LENGTH = 3


def is_llc(octets: bytes) -> bool:
    """Tell whether *octets* are an LLC header and the tag of an APDU."""
    if len(octets) <= _LLC_LENGTH or octets[_LLC_LENGTH] not in APDU_TAGS:
        return False
    return octets[0] == LLC_CONTROL or octets[:_LLC_LENGTH] in _LLC_HEADERS


class DatagramFramer(Framer):
    """One frame a feed: an LLC frame, a bare APDU, or noise. It keeps nothing, so it never waits."""

    def feed(self, octets: bytes, mark: Mark) -> list[Frame]:
        """Name the datagram *octets* by how it begins."""
        if not octets:
            return []
        link = LLC if is_llc(octets) else APDU if octets[0] in APDU_TAGS else NOISE
        return [Frame(link, octets, (mark,))]

    def flush(self) -> list[Frame]:
        """Return nothing: no datagram waits."""
        return []
