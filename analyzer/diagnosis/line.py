"""A lane with octets and no frame: which settings of the receiver give them, best first, with what speaks for it.

What is told becomes surer with each read; the octets that are looked at are bounded.
"""

from __future__ import annotations

import re
from codecs import utf_8_decode
from collections.abc import Callable, Iterator

from analyzer.diagnosis.dropped_zeros import zeroless
from analyzer.diagnosis.frame_damage import Candidate
from analyzer.diagnosis.frame_repair import is_good_frame, only_breaks_off
from analyzer.diagnosis.story import CERTAIN, LIKELY, POSSIBLE
from analyzer.framing import uart_signs
from analyzer.framing.hdlc_header import announced_length
from dissectors.checks import REVERSED, seven_bits
from dissectors.scanning import reads as reads_whole

_MOST_OCTETS = 8192
_MOST_READS = 256
_LEAST = 12
_SURE = 24
"""So many octets of one weight, or of one alphabet, are no chance."""
_FEWEST_VALUES = 5
"""Fewer values of octets, as an idle line or a pattern for tests has them, have one weight by chance."""
_PLENTY = 24
_SHORTEST, _BARE = 6, 13
_RUN = 4
_FLAG, _FORMATS = b"\x7e", (b"\xa0", b"\xa8")
_PDU_HEADER = 8
_VERSION_AND_PORTS = re.compile(rb"\x00\x01(....)", re.DOTALL)
_SEVERAL = 3
_COMPOUND = (1, 2)
_PROSE = re.compile(rb"[\s!-/:-?]*+(?:[A-Za-z'-]{1,20}+[\s!-/:-?]++){3,}+(?:[A-Za-z'-]{1,20}+[\s!-/:-?]*+)?+")
"""Words of letters alone, with blanks and marks between."""
_CHARACTERS = re.compile(rb"[ -~\r\n\t\2\3]++")
_DATA_SET = re.compile(rb"[0-9A-F]{1,3}(?:\.[0-9A-F]{1,3}){2}(?:[*&]\d{1,3})?\([^()\r\n]{1,40}\)")
_MOST_ELEMENTS = 0x7F
_LONG_VALUE = 48
_NOTIFICATION = bytes.fromhex("0F 00 00 00 00 00")
"""Tag, long invoke-id and an absent date-time."""


class Unread:
    """The octets of a lane in which no sound frame was seen, as they came in reads."""

    def __init__(self) -> None:
        self.reads: list[bytes] = []
        self.count = 0
        self.size = 0
        self._next = _LEAST

    def add(self, octets: bytes, count: int = 1) -> bool:
        """Take what came in *count* reads. Returns whether it is time to look at all of them: ever more seldom."""
        self.count += count
        if self.size < _MOST_OCTETS and len(self.reads) < _MOST_READS:
            self.reads.append(octets[: _MOST_OCTETS - self.size])
            self.size += len(self.reads[-1])
        if self.size < self._next:
            return False
        self._next = max(self.size + _LEAST, self.size * 5 // 4)
        return True


def settings_of(unread: Unread) -> list[Candidate]:
    """Say which settings explain the octets; nothing where they are too few to say anything."""
    octets = b"".join(unread.reads)
    if len(octets) < _LEAST:
        return []
    if found := list(_headless(octets)):
        return found
    if (b"\xe6\xe6\x00" in octets or b"\xe6\xe7\x00" in octets) and not uart_signs.times_too_fast(octets):
        return []  # it is read as it should be
    if _PROSE.fullmatch(octets):
        text = f"{len(octets)} octets are words of a text, and no traffic"
        return [Candidate("mixed-log", LIKELY, text, 0, end=len(octets))]
    for sign in (_value, _turned, _zeroless, _printed, _replaced, _speed, _bits, _late, _shared, _shifted, _slow):
        found = list(sign(octets, unread.reads))
        if found:
            return found
    return list(_unknown(octets, unread.reads)) if len(octets) >= _PLENTY or unread.count >= _SEVERAL else []


def _headless(octets: bytes) -> Iterator[Candidate]:
    """Frames without their first flag and octet: who reads them listens too late."""
    pieces = [piece for piece in octets.split(_FLAG) if len(piece) >= _SHORTEST]
    count = sum(any(is_good_frame(one + piece) for one in _FORMATS) for piece in pieces)
    if count >= _SEVERAL:
        text = f"{count} pieces are sound frames once 7E A0, or 7E A8 of a segment, is put before each"
        yield Candidate("heads-lost", CERTAIN, text)


def _value(octets: bytes, reads: list[bytes]) -> Iterator[Candidate]:
    """A structure or an array by itself: what a reader deciphered, without the APDU's header."""
    if octets[0] not in _COMPOUND or octets[1] > _MOST_ELEMENTS:
        return
    apdu = _NOTIFICATION + octets
    is_whole = reads_whole(apdu)
    if is_whole or (len(octets) >= _LONG_VALUE and only_breaks_off(apdu)):
        what = f"{'a structure' if octets[0] == 2 else 'an array'} of {octets[1]} elements"
        told = f"the {len(octets)} octets read as one value, {what}{'' if is_whole else ', that breaks off'}"
        header = _NOTIFICATION.hex(" ").upper()
        text = f"{told}: the body of a data-notification without its header; decode it with {header} before it"
        yield Candidate("start-of-dump-missing", LIKELY, text, 0, end=len(octets))


def _turned(octets: bytes, reads: list[bytes]) -> Iterator[Candidate]:
    """What made octets of bits, or text of octets, did it otherwise than it should: turned back, frames stand."""
    for turn, cause, told in _TURNS:
        turned = turn(octets)
        frames = _count_frames(turned) if turned and turned != octets else 0
        if frames:
            what = "a frame with a right FCS stands" if frames == 1 else f"{frames} frames with a right FCS stand"
            yield Candidate(cause, CERTAIN, f"{what} in the {len(octets)} octets {told}")
            return


def _zeroless(octets: bytes, reads: list[bytes]) -> Iterator[Candidate]:
    """Wrapper PDUs without their zeros."""
    if told := zeroless(octets):
        yield Candidate("text-dump-loss", LIKELY, told)


def _printed(octets: bytes, reads: list[bytes]) -> Iterator[Candidate]:
    """Characters alone, which no wrong setting gives: a readout that lacks its beginning, or a text."""
    if _CHARACTERS.fullmatch(octets) is None or len(octets) < _SURE or len(set(octets)) == 1:
        return
    data_set = _DATA_SET.search(octets)
    if data_set is not None:
        text = (
            f"{len(octets)} octets are characters, {data_set[0].decode()} among them: a readout without its beginning"
        )
        yield Candidate("start-of-dump-missing", LIKELY, text, 0, end=len(octets))
    else:
        text = f"{len(octets)} octets are characters, and no message of a meter"
        yield Candidate("mixed-log", POSSIBLE, text, 0, end=len(octets))


def _replaced(octets: bytes, reads: list[bytes]) -> Iterator[Candidate]:
    """What handles text in UTF-8 puts EF BF BD in the place of octets that it cannot read."""
    count = octets.count(_REPLACEMENT)
    if count >= _RUN and _is_utf_8(octets):
        told = f"all is UTF-8, and EF BF BD stands {count} times, which is written where octets are no text"
        yield Candidate("text-encoded", CERTAIN, f"{told}: those in its place are gone")


def _is_utf_8(octets: bytes) -> bool:
    """Tell whether octets are text in UTF-8, of which the last character may be cut."""
    try:
        utf_8_decode(octets)
    except UnicodeDecodeError:
        return False
    return True


def _decoded(octets: bytes) -> bytes:
    """Take each character of UTF-8 for one octet again; empty where that is not what they are."""
    try:
        return b"" if octets.isascii() else octets.decode("utf-8").encode("latin-1")
    except UnicodeError:
        return b""


def _count_frames(octets: bytes) -> int:
    """Count the frames with a right length and FCS; flags may stand within them."""
    count, at = 0, octets.find(_FLAG)
    while 0 <= at < len(octets) - 2:
        end = at + 1 + announced_length(octets, at + 1)
        is_good = is_good_frame(octets[at + 1 : end])
        count += is_good
        at = octets.find(_FLAG, end if is_good else at + 1)
    return count


_INVERTED = bytes(one ^ 0xFF for one in range(256))
_SIGNED = re.compile(rb"\xff\xff\xff(?=[\x80-\xff])")
_MESSAGE = bytes(range(0x20, 0x7F)) + b"\r\n\x01\x02\x03\x04"
_REPLACEMENT = b"\xef\xbf\xbd"
_TURNS: tuple[tuple[Callable[[bytes], bytes], str, str], ...] = (
    (lambda octets: octets.translate(REVERSED), "bit-reversed", "once the bits of each are reversed"),
    (lambda octets: octets.translate(_INVERTED), "polarity-inverted", "once every bit of them is inverted"),
    (_decoded, "text-encoded", "once each character of UTF-8 is taken for one octet"),
    (lambda octets: _SIGNED.sub(b"", octets), "sign-extended", "once FF FF FF is taken out before octets above 7F"),
)


def _speed(octets: bytes, reads: list[bytes]) -> Iterator[Candidate]:
    factor = uart_signs.times_too_fast(octets)
    if factor and octets.count(octets[0]) < len(octets):  # one octet all along is an idle line
        values = len(uart_signs.ALPHABETS[factor])
        text = (
            f"all {len(octets)} octets are among the {values} that a receiver can read which is {factor} times too fast"
        )
        sure = CERTAIN if len(octets) >= _SURE and (values < 16 or len(octets) > 2 * _SURE) else LIKELY
        yield Candidate("baud-mismatch", sure, text)


def _bits(octets: bytes, reads: list[bytes]) -> Iterator[Candidate]:
    """Bit 7 or the weight of all octets is the same."""
    plain = seven_bits(octets)
    has_llc = b"\x66\x66\x00" in plain or b"\x66\x67\x00" in plain
    if octets.isascii():
        pieces = [piece for one in reads for piece in one.split(2 * _FLAG)]
        whole = _whole(pieces)
        if has_llc or (whole == len(pieces) and (whole > 1 or _holds_known(octets))):
            llc = "the LLC reads 66 66/67 00 where E6 E6/E7 00 belongs; " if has_llc else ""
            told = f"{whole} of {len(pieces)} pieces have the length of a frame whose format reads 2x for Ax"
            text = f"no octet has bit 7 set, and {llc}{told}"
            yield Candidate("seven-bit", CERTAIN if has_llc else LIKELY, text)
        return
    values = set(octets)
    weights = {octet.bit_count() & 1 for octet in values}
    if len(weights) > 1 or len(values) < _FEWEST_VALUES:
        return
    kind = "odd" if 1 in weights else "even"
    text = f"all {len(octets)} octets have {kind} weight"
    sure = CERTAIN if len(octets) >= _SURE else LIKELY
    has_lost = b"\xe7\0" in octets and b"\x66\xe7\0" not in octets  # LLC E6 E7 00 without its E6, which has odd weight
    is_message, pdus = _is_message(plain), _count_pdus(plain)
    if has_llc or is_message or pdus or (not has_lost and _has_seven_bit_frame(reads)):
        kind = "7E1" if kind == "even" else "7O1"
        told = "LLC 66 66/67 00 for E6 E6/E7 00" if has_llc else "frame format 2x for Ax, and the right length"
        if pdus:
            told = f"version and wPorts of {pdus} wrapper PDUs" if pdus > 1 else "version and length of a wrapper PDU"
        told = f"form of a message of IEC 62056-21, read as {kind}" if is_message else told
        whole = _whole(reads)
        many = f"; {whole} of {len(reads)} reads are frames of the right length if read as {kind}" if whole else ""
        yield Candidate("parity-in-data", sure, f"{text}, and without bit 7 they have the {told}{many}")
        return
    setting = "8E1" if kind == "odd" else "8O1"
    told = f"{text}: read as {setting} an 8N1 line gives parity errors for all others, and those were dropped"
    yield Candidate("parity-filtered", sure, told)


def _is_message(plain: bytes) -> bool:
    """Tell whether octets in seven bits are text as IEC 62056-21 has it: an identification, or data sets."""
    is_opened = plain[:1] == b"/" and plain[-2:] == b"\r\n"
    return (is_opened or b")\r\n" in plain) and not plain[:-1].translate(None, _MESSAGE)


def _whole(reads: list[bytes]) -> int:
    """Count the reads that are whole frames once bit 7 is taken off."""
    return sum(len(one) > _SHORTEST and _fits(one) for one in (seven_bits(one).strip(b"\x7e") for one in reads))


def _count_pdus(plain: bytes) -> int:
    """Count the wrapper PDUs in octets of seven bits: several with the same wPorts, or one that is all of them."""
    ports = _VERSION_AND_PORTS.findall(plain)
    count = max(map(ports.count, set(ports)), default=0)
    is_one = plain[:2] == b"\0\1" and plain[_PDU_HEADER - 1] == len(plain) - _PDU_HEADER & 0x7F
    return count if count > 1 else int(is_one)


def _has_seven_bit_frame(reads: list[bytes]) -> bool:
    """Tell whether most reads are as long as the frame in seven bits says that they are."""
    plain = [seven_bits(one).strip(b"\x7e") for one in reads]
    long = [one for one in plain if len(one) > _SHORTEST]
    short = len(long) == 1
    fitting = sum(_fits(one) and (short or len(one) <= _BARE or _holds_known(one)) for one in long)
    return fitting * 2 > len(long) > 0


def _fits(plain: bytes) -> bool:
    return plain[0] & 0x70 == 0x20 and plain[1] == len(plain) & 0x7F


def _holds_known(plain: bytes) -> bool:
    """Tell whether the LLC or the parameters of SNRM and UA stand there in seven bits."""
    return any(one in plain for one in (b"\x66\x66\0", b"\x66\x67\0", b"\1\0\x12", b"\1\0\x14"))


def _late(octets: bytes, reads: list[bytes]) -> Iterator[Candidate]:
    """Ones are missing where a run of them begins."""
    count = uart_signs.count_late(octets)
    if count > 1 or (count and not any(one.startswith(_FLAG) for one in reads)):  # which would read 7C
        where = "in one place LLC and APDU are" if count == 1 else f"in {count} places LLC and APDU are"
        text = f"{where} there without the first one of runs of ones: the level rises too late"
        yield Candidate("edges-late", LIKELY if count == 1 else CERTAIN, text)


def _shared(octets: bytes, reads: list[bytes]) -> Iterator[Candidate]:
    """Two programs take octets in turns."""
    count = uart_signs.count_halves(octets)
    if count > 1:
        text = f"in {count} places every other octet is missing of what stands between the registers of a push"
        yield Candidate("port-shared", LIKELY, text)
        yield Candidate("octets-lost", POSSIBLE, "or the receiver is too slow for octets that follow one another")


def _shifted(octets: bytes, reads: list[bytes]) -> Iterator[Candidate]:
    """Characters begin at the wrong bits: what is common in frames comes out as known runs of octets."""
    for reading, cause, told in _READINGS:
        count = uart_signs.count_signs(octets, reading)
        fitting, total = uart_signs.count_heads(reads, reading)
        is_head = total > 0 and fitting == total
        frames = sum(uart_signs.is_frame(one, reading) for one in reads)
        runs = "one run of octets is" if count == 1 else f"{count} runs of octets are"
        text = f"{runs} what a receiver {told} makes of LLC and APDU{', or of a telegram' * reading.is_inverted}"
        if uart_signs.heads(reading):
            text += f", and {fitting} of {total} reads begin with what it makes of a flag and a frame format"
        if count > 1 or (count and is_head) or (is_head and total >= _RUN) or frames:
            yield Candidate(cause, CERTAIN if (count and is_head) or frames > 1 else LIKELY, text)
            return


def _is_even(octets: bytes) -> bool:
    """Tell whether octets are spread as chance spreads them: each bit set in about half, and few values twice.

    Octets of frames that are read with other settings have bits that are mostly set or not, and come again.
    """
    size = len(octets)
    expected = _VALUES * (1 - (1 - 1 / _VALUES) ** size)
    margin = _DEVIATIONS * size**0.5
    is_balanced = all(abs(2 * sum(one >> bit & 1 for one in octets) - size) <= margin for bit in range(8))
    return size >= _LEAST_EVEN and is_balanced and len(set(octets)) >= expected - margin / 2


_VALUES = 256
_LEAST_EVEN, _DEVIATIONS = 32, 3
"""Fewer octets tell nothing; chance leaves a range of three deviations once in some hundred times."""
_MOST_OF_ONE = 2000
"""More octets than an APDU or a frame has are no ciphertext that lacks its header alone."""
_READINGS = (
    (uart_signs.WITH_PARITY, "parity-filtered", "that expects a parity bit (8E1 on an 8N1 line)"),
    (uart_signs.INVERTED, "polarity-inverted", "on the inverted line"),
    (uart_signs.INVERTED_LATE, "polarity-inverted", "on the inverted line, whose level rises too late besides,"),
)


def _slow(octets: bytes, reads: list[bytes]) -> Iterator[Candidate]:
    starts = [one for one in reads if one]
    factor = uart_signs.times_too_slow(starts)
    if factor and len(starts) >= (_RUN if factor == 2 else 2 * _RUN):
        text = (
            f"all {len(starts)} reads begin with what a receiver that is {factor} times too slow makes of a flag and a "
            "frame format"
        )
        if len({one[0] for one in starts}) == 1:
            yield Candidate("wrong-stack", POSSIBLE, f"all {len(starts)} reads begin with {starts[0][0]:02X}")
            yield Candidate("baud-mismatch", POSSIBLE, text)
            return
        yield Candidate("baud-mismatch", LIKELY, text)


def _unknown(octets: bytes, reads: list[bytes]) -> Iterator[Candidate]:
    """Nothing speaks for one of them; octets that come again say at least that it is no noise."""
    runs = [octets[at : at + _RUN] for at in range(len(octets) - _RUN + 1)]
    again = len(runs) - len(set(runs))
    if octets.count(0) == len(octets):
        yield Candidate("baud-mismatch", POSSIBLE, "all octets are 00: the receiver is far too fast")
        yield Candidate("polarity-inverted", POSSIBLE, "all octets are 00: the line may be inverted or shorted")
        return
    if len(set(octets)) == 1:
        text = f"all octets are {octets[0]:02X}: the line is idle, nobody drives it, or it carries a pattern for tests"
        yield Candidate("idle-fill", POSSIBLE, text)
        return
    text = f"{len(octets)} octets and no frame"
    if again > len(runs) // 16:
        text += "; runs of octets come again, so it is traffic that is read wrongly and no noise"
    heads = {cause: uart_signs.count_heads(reads, reading)[0] for reading, cause, _ in _READINGS}
    causes = sorted(("baud-mismatch", "parity-filtered", "polarity-inverted"), key=lambda one: -heads.get(one, 0))
    if len(reads) == 1 and len(octets) <= _MOST_OF_ONE and _is_even(octets) and not any(heads.values()):
        shown = (
            f"{text}; their bits and values are as evenly spread as those of ciphertext, whose header (tag, length, "
            "security control, invocation counter) would be missing"
        )
        yield Candidate("start-of-dump-missing", POSSIBLE, shown)
    for cause in (*causes, "wrong-stack"):
        yield Candidate(cause, POSSIBLE, text)
    if again <= len(runs) // 16:
        yield Candidate("line-noise", POSSIBLE, text)
