"""Datagrams and records that are one unit each, or a piece of one: IEC 61334-4-32 LLC frames and bare APDUs."""

from collections.abc import Callable
from itertools import accumulate

from analyzer.framing.frame import APDU, LLC, NOISE, Frame, Framer, Mark
from analyzer.framing.tags import APDU_TAGS, sealed_length

LLC_CONTROL = 0x90
"""UI, as IEC 61334-4-32 frames on UDP begin: control, destination, source, then the APDU."""
_LLC_HEADERS = (b"\xe6\xe6\x00", b"\xe6\xe7\x00")
_LLC_LENGTH = 3
_TITLE, _TITLE_END = 8, 10
"""How long a system title is, and where it ends that stands behind the tag of a ciphered APDU."""
_MOST_PIECES, _MOST_WAITING = 64, 1 << 14


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


class PieceFramer(Framer):
    """Bare APDUs of a serial line or a text, which reads or rows may have cut: joined where that makes one APDU.

    What begins as an APDU and is none waits, bounded, for the pieces behind it, until one is an APDU by itself. *reads*
    tells whether octets are one whole APDU. Pieces that never make one are a frame each; of a ciphered APDU, whose
    length stands before it, all that came until the next of the same sender is one.
    """

    def __init__(self, reads: Callable[[bytes], bool]) -> None:
        self._reads = reads
        self._alone = DatagramFramer()
        self._pieces: list[tuple[bytes, Mark]] = []
        self._waiting = b""

    def feed(self, octets: bytes, mark: Mark) -> list[Frame]:
        """Take one read; give the frames that it completes."""
        if not octets:
            return []
        frames = []
        if self._pieces:
            frames = self.flush() if self._is_unit(octets) else self._opened_again(octets)
        joined = self._waiting + octets
        begins = is_llc(joined) or joined[0] in APDU_TAGS
        if not begins or self._is_unit(joined):
            frames += self._give(joined, (*(one for _, one in self._pieces), mark))
            self._forget()
            return frames
        self._pieces.append((octets, mark))
        self._waiting = joined
        is_endless = len(self._pieces) >= _MOST_PIECES and not sealed_length(_inside(joined))
        if is_endless or len(joined) >= _MOST_WAITING:
            frames += self.flush()
        return frames

    def flush(self) -> list[Frame]:
        """Give what waits."""
        pieces, waiting = self._pieces, self._waiting
        self._forget()
        if len(pieces) > 1 and sealed_length(_inside(waiting)):
            return self._give(waiting, tuple(mark for _, mark in pieces))
        return [frame for octets, mark in pieces for frame in self._give(octets, (mark,))]

    def turn(self) -> list[Frame]:
        """The other side speaks: what waits is not gone on with."""
        return self.flush()

    def _opened_again(self, octets: bytes) -> list[Frame]:
        """Give what waits before a read where the ciphered APDU begins once more: octets of it were lost.

        Its title may go on into *octets*.
        """
        waiting = self._waiting
        header = len(waiting) - len(_inside(waiting))
        opening = waiting[: header + _TITLE_END]
        if len(opening) < header + _TITLE_END or opening[header + 1] != _TITLE:
            return []
        at = (waiting + octets).find(opening, max(1, len(waiting) - len(opening) + 1))
        begins = list(accumulate((len(piece) for piece, _ in self._pieces), initial=0)) if at > 0 else []
        if at not in begins:
            return []
        pieces = self._pieces
        self._pieces, self._waiting = pieces[: begins.index(at)], waiting[:at]
        frames = self.flush()
        self._pieces, self._waiting = pieces[begins.index(at) :], waiting[at:]
        return frames

    def _is_unit(self, octets: bytes) -> bool:
        apdu = _inside(octets)
        return bool(apdu) and (sealed_length(apdu) == len(apdu) or self._reads(apdu))

    def _give(self, octets: bytes, marks: tuple[Mark, ...]) -> list[Frame]:
        return [frame._replace(marks=marks) for frame in self._alone.feed(octets, marks[-1])]

    def _forget(self) -> None:
        self._pieces, self._waiting = [], b""


def _inside(octets: bytes) -> bytes:
    """Give the APDU behind an LLC header, if there is one."""
    return octets[_LLC_LENGTH:] if is_llc(octets) else octets
