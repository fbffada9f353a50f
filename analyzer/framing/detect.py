"""Which stack a lane speaks, scored over its octets and never by its port; and what it is where it is none of ours.

Sources: the layouts of IEC 62056-46, IEC 62056-47, IEC 61334-4-32 and EN 13757-2.
"""

import re
from collections.abc import Callable, Iterator
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from analyzer.framing.datagram import is_llc
from analyzer.framing.foreign import CLOSED, OTHER, carrier_of
from analyzer.framing.frame import APDU, HDLC, HEAD_MISSING, IEC62056_21, LLC, MBUS, NOISE, P1, WRAPPER, Frame, Mark
from analyzer.framing.hdlc import FLAG, HdlcFramer
from analyzer.framing.hdlc_header import MINIMUM_LENGTH, Trust, announced_length, has_good_header, trust_of
from analyzer.framing.iec62056_21 import Iec62056Framer
from analyzer.framing.p1 import DATA_SET as P1_DATA_SET
from analyzer.framing.p1 import IDLE, P1Framer
from analyzer.framing.tags import APDU_TAGS, opens_as_apdu
from dissectors.check_character import SOH, STX, has_check_character, judge
from dissectors.checks import fcs_is_good, has_parity, seven_bits
from dissectors.mbus_octets import AROUND, SHORT_SIZE, is_function, is_short_frame, is_whole, lengths

_LOOKED_AT = 8192
"""A lane that has not said what it is in so many octets is judged by them."""
_OPENING = re.compile(rb"\x7e[\xa0-\xaf]")
_LONG_FRAME = re.compile(rb"\x68(.)\1\x68[\x00-\x7f]", re.DOTALL)
_LLC_LENGTH = 3
_HEADER_LENGTH = 8
_STRONG = 0.9
_CHAIN = 0.8
_OPENS = 0.7
_HINT = 0.3
_HINT_LASTS = 512
"""A hint by chance stands in more octets than these."""
_SHORT_BLOCK = 8
"""So many octets behind STX or SOH may be chance."""
_COMMAND = re.compile(rb"\x01(?:P[0-2]|[WR][1-5]|E2|B[01])[\2-\4]")
"""SOH and a command that there is: with a good check character as sure as a longer block."""
_NO_HINT = 0.1
_CHECKED = frozenset((HDLC, WRAPPER, MBUS, IEC62056_21, P1))
"""The stacks whose units show by themselves where they begin and end."""

_SIGN_ON = re.compile(
    rb"/\?[ -~]{0,32}!\r\n|/[A-Z]{2}[A-Za-z][0-9A-I][\x02 -~]{0,60}\r\n|\x06[0-9][0-9A-I][0-9A-Z]\r\n"
)
_SEALED = re.compile(rb"\xdb\x08[A-Z]{3}.{5}\x82..[\x20\x30]", re.DOTALL)
_STX_LF = b"\2\n"
_TEXT_STARTS = b"/\xaf\x01\x81\x02\x82\x06"
_PRINTED = bytes((*range(0x20, 0x7F), *b"\r\n\1\2\3\4"))
_P1_HINT = re.compile(rb"[0-9]-[0-9]{1,3}:[0-9]")
_CRC = re.compile(rb"^![0-9A-F]{4}\r?\n", re.MULTILINE)
_DATA_SET = re.compile(rb"[-0-9A-F.:*&]{1,16}\([^()\r\n]*\)[^()]*\n")
_BLOCK = re.compile(rb"[\x02\x82][\r\n\x8d -'*-~\xa0-\xfe]{0,80}+\([^\x00-\x1f()\xa9]{0,130}+[)\xa9]")
"""STX and the first data set behind it, whether bit 7 is parity or not."""


class Verdict(NamedTuple):
    """What the octets of a lane look like.

    *strong* says that a whole unit stands there (a good FCS; a wrapper PDU or a datagram whose APDU reads): only then
    do the other octets of the lane count as noise. *reason* names what was seen, for a person. *carrier* names what
    the lane is where it is none of ours ("other" if unknown, empty where a stack was found).
    """

    stack: str | None
    strong: bool
    score: float
    reason: str
    carrier: str = ""


class _Candidate(NamedTuple):
    score: float
    stack: str
    reason: str


def detect(octets: bytes, reads: Callable[[bytes], bool] | None = None, *, is_datagram: bool = True) -> Verdict:
    """Judge the first octets of a lane, or one datagram, by content.

    Octets that are the start of a stream (not *is_datagram*) end anywhere: that they read as one APDU proves nothing,
    for short ones often do, and a bare APDU or LLC is never strong.

    *reads* tells whether octets read as one whole APDU; without it a whole wrapper PDU is believed by how its APDU
    opens, and a datagram that has neither check sequence nor wrapper is never strong. Total: never raises on octets.
    """
    if reads and octets[:2] == b"\x00\x01":  # nearly every conversation begins with a whole PDU
        end = _HEADER_LENGTH + int.from_bytes(octets[6:8], "big")
        if _HEADER_LENGTH < end <= len(octets) and reads(octets[_HEADER_LENGTH:end]):
            return Verdict(WRAPPER, True, 1.0, "a wrapper PDU whose APDU reads")
    octets = octets[:_LOOKED_AT]
    carrier = carrier_of(octets)
    best = max(_candidates(octets, reads, carrier not in CLOSED), default=None)
    is_hint_enough = carrier == OTHER and len(octets) <= _HINT_LASTS * max(1, len(_OPENING.findall(octets)))
    needed = _HINT if is_hint_enough else _OPENS
    if best is not None and best.score >= needed:
        is_strong = best.score >= _STRONG and (is_datagram or best.stack in _CHECKED)
        return Verdict(best.stack, is_strong, best.score, best.reason)
    return Verdict(None, False, 0.0, "no unit of a known stack", carrier)


def _candidates(octets: bytes, reads: Callable[[bytes], bool] | None, anywhere: bool) -> Iterator[_Candidate]:
    """Score each stack that can be meant, and none more once a check sequence has settled it."""
    hdlc = None if _announces(octets) else _hdlc(octets)
    if hdlc is None and _begins_long_frame(octets):
        hdlc = _hdlc(_outside_of_long_frames(octets))
        hdlc = hdlc if hdlc and hdlc.score >= _STRONG else None
    if hdlc:
        yield hdlc
        if hdlc.score >= _STRONG:
            return
    mbus = _mbus(octets)
    if mbus:
        yield mbus
    if anywhere:
        text = _text(octets)
        if text:
            yield text
    if anywhere or octets.startswith(b"\x00\x01"):
        yield from _wrapper(octets, reads)
    if is_llc(octets):
        yield _apdu(LLC, octets[_LLC_LENGTH:], reads)
    if octets and octets[0] in APDU_TAGS:
        yield _apdu(APDU, octets, reads)


def _announces(octets: bytes) -> bool:
    """Tell whether *octets* begin with a long frame of M-Bus, or are of one wrapper PDU that goes on.

    Frames of HDLC in them are then contents of an APDU.
    """
    if _begins_long_frame(octets):
        return True
    if len(octets) <= _HEADER_LENGTH or octets[:2] != b"\x00\x01" or not _is_header(octets, 0):
        return False
    length = octets[6] << 8 | octets[7]
    return _HEADER_LENGTH + length > len(octets) and opens_as_apdu(octets, _HEADER_LENGTH, length)


def _begins_long_frame(octets: bytes) -> bool:
    """Tell whether a whole long frame of M-Bus begins *octets*."""
    header = _LONG_FRAME.match(octets)
    return header is not None and is_function(octets[header.end() - 1]) and _long_frame_size(octets, 0) > 0


def _long_frame_size(octets: bytes, at: int) -> int:
    """Give the octets of the whole long frame at *at* that its header announces; 0 if it is not whole."""
    sizes = lengths(octets[at + 1], octets[at + 2])
    return next((AROUND + length for length in sizes if is_whole(octets, at, length)), 0)


def _outside_of_long_frames(octets: bytes) -> bytes:
    """Give what stands between and behind the long frames of M-Bus in *octets*, up to one that goes on."""
    kept, at = [], 0
    for header in _LONG_FRAME.finditer(octets):
        begin = header.start()
        if begin < at or not is_function(octets[header.end() - 1]):
            continue
        size = _long_frame_size(octets, begin)
        if size or begin + AROUND + octets[begin + 1] > len(octets):
            kept.append(octets[at:begin])
            at = begin + size if size else len(octets)
    return b"".join((*kept, octets[at:]))


def _hdlc(octets: bytes) -> _Candidate | None:
    """Score *octets* as HDLC: by frames with a good FCS, else by a header with a good HCS."""
    trust = _best_opening(octets)
    if trust < Trust.UNUSED and not has_good_header(octets):
        if trust is Trust.UNREADABLE:
            return None
        return _Candidate(_HINT, HDLC, "a readable header behind a flag")
    framer = HdlcFramer()
    found = framer.feed(octets, Mark(0, None)) + framer.flush()
    good = sum(1 for frame in found if frame.link == HDLC and not frame.problem)
    if good:
        return _Candidate(1.0, HDLC, f"{good} frame{'s' * (good > 1)} with a good FCS")
    for frame in found:
        if frame.link == HDLC:
            start = int(frame.octets[0] == FLAG)
            if trust_of(frame.octets, start) is Trust.GOOD:
                return _Candidate(_CHAIN, HDLC, f"a header with a good HCS, frame {frame.problem}")
            return _Candidate(_HINT, HDLC, f"a readable header, frame {frame.problem}")
    return None


def _text(octets: bytes) -> _Candidate | None:
    """Score *octets* as messages of IEC 62056-21 or telegrams of P1, by those that prove themselves."""
    found = _SIGN_ON.search(octets) or _sign_on_with_parity(octets)
    begin = len(octets) - len(octets.lstrip(IDLE))
    if found:
        begin = min(begin, found.start())
    if not found and (sealed := _SEALED.search(octets)):
        return _sealed(octets[sealed.start() :])
    if not found and (begin == len(octets) or octets[begin] not in _TEXT_STARTS):
        if _is_rest(octets):
            return _Candidate(_CHAIN, P1, "data sets of a telegram that began before")
        if _DATA_SET.match(seven_bits(octets), begin):
            return _Candidate(_OPENS, IEC62056_21, "data sets without STX")
        block = _BLOCK.search(octets, begin)  # a tap may begin within the message before
        best = _best_message(octets[block.start() :]) if block else None
        return best if best is not None and best.score >= _STRONG else None
    best = _best_message(octets[begin:])
    if best is not None and best.score <= _HINT and octets[-1:] == b"\x7e" != octets[:1]:
        return None  # an ACK by chance in the end of a frame of HDLC
    if not found or (best is not None and best.score >= _STRONG):
        return best
    return _best_message(octets[found.start() :])  # before it a disturbance may have opened a block that has no end


def _sign_on_with_parity(octets: bytes) -> re.Match[bytes] | None:
    """Find a sign-on whose characters have their parity in bit 7."""
    found = _SIGN_ON.search(seven_bits(octets))
    return found if found and has_parity(octets[found.start() : found.end()]) else None


def _best_message(octets: bytes) -> _Candidate | None:
    """Score the message among *octets* that proves itself best."""
    framer = Iec62056Framer(speaks=True)
    frames = framer.feed(octets, Mark(0, None)) + framer.flush()
    return max(filter(None, map(_unit, frames)), default=None)


def _is_rest(octets: bytes) -> bool:
    """Tell whether *octets* are lines of a telegram whose first ones did not come."""
    if len(octets.translate(None, _PRINTED)) * 3 > len(octets):
        return False  # much less text than even damage leaves
    if not _P1_HINT.search(octets) or any(sign in octets for sign in b"\1\2\3"):
        return False
    return sum(1 for _ in P1_DATA_SET.finditer(octets)) + (_CRC.search(octets) is not None) > 1


def _unit(frame: Frame) -> _Candidate | None:
    """Score one message or telegram."""
    octets = seven_bits(frame.octets)
    if frame.link == P1:
        score = 1.0 if frame.problem in ("", HEAD_MISSING) else _CHAIN
        return _Candidate(score, P1, "a telegram behind its identification")
    if frame.link == NOISE or frame.link == HDLC:
        return None
    is_seven = frame.octets.isascii() or has_parity(frame.octets)
    if octets[0] == 0x2F and len(octets) > 4:
        score = _HINT if not is_seven else _OPENS if frame.problem else 1.0
        return _Candidate(score, IEC62056_21, "a request or an identification")
    if octets.startswith(_STX_LF) and b"(" not in octets:
        return None  # the customer output of French meters (TIC), which has no data sets
    if octets[0] in (SOH, STX):
        check = judge(octets)[0] if has_check_character(octets) else "wrong"
        is_short = len(octets) <= _SHORT_BLOCK and (check != "ok" or not _COMMAND.match(octets))
        if not is_seven or is_short or not _is_text(octets):
            return _Candidate(_NO_HINT, IEC62056_21, "a block of octets that are no text")
        if check != "wrong":
            return _Candidate(1.0, IEC62056_21, "a block with a good check character")
        return _Candidate(_OPENS, IEC62056_21, "a block without a good check character")
    if octets[0] == 0x06 and len(octets) > 1:
        return _Candidate(0.95, IEC62056_21, "an option select")
    return _Candidate(_HINT, IEC62056_21, "an acknowledgement") if len(octets) == 1 else None


def _is_text(octets: bytes) -> bool:
    """Tell whether octets in seven bits are characters that are printed, but for one in ten."""
    return len(octets.translate(None, _PRINTED)) * 10 <= len(octets)


def _sealed(octets: bytes) -> _Candidate | None:
    """Score a stream of ciphered telegrams: several in a row, for one alone is an APDU by itself."""
    framer = P1Framer()
    frames = framer.feed(octets, Mark(0, None)) + framer.flush()
    rows = [sum(not one.problem for one in row) for link, row in groupby(frames, attrgetter("link")) if link == P1]
    whole = max(rows, default=0)  # of one row, in which some may be damaged: else a link may stand between them
    return _Candidate(1.0, P1, f"{whole} ciphered telegrams in a row") if whole > 1 else None


def _best_opening(octets: bytes) -> Trust:
    """Judge the frames that may begin behind a flag: how far the best is to be trusted, a good FCS included."""
    best = Trust.UNREADABLE
    for at in (0, *(found.start() + 1 for found in _OPENING.finditer(octets))):
        end = at + announced_length(octets, at) if at + 1 < len(octets) else 0
        if end >= at + MINIMUM_LENGTH:
            if octets[end : end + 1] == b"\x7e" and fcs_is_good(octets[at:end]):
                return Trust.GOOD
            best = max(best, trust_of(octets, at) or Trust.UNREADABLE)
    return best


def _mbus(octets: bytes) -> _Candidate | None:
    """Score *octets* as M-Bus: by a frame whose checksum and stop octet are right, else by the header of a long one."""
    headers = [one for one in _LONG_FRAME.finditer(octets) if is_function(octets[one.end() - 1])]
    for header in headers:
        at = header.start()
        if any(is_whole(octets, at, length) for length in lengths(octets[at + 1], octets[at + 2])):
            return _Candidate(1.0, MBUS, "a long frame with a good checksum")
    if is_short_frame(octets, 0):
        # field: meters that push HDLC send one before each push, as if they asked themselves
        is_alone = len(octets) <= SHORT_SIZE
        return _Candidate(_OPENS if is_alone else _STRONG, MBUS, "a short frame with a good checksum")
    if headers:
        return _Candidate(_CHAIN if headers[0].start() == 0 else _HINT, MBUS, "the header of a long frame")
    return None


def _wrapper(octets: bytes, reads: Callable[[bytes], bool] | None) -> Iterator[_Candidate]:
    """Score *octets* as wrapper PDUs, from the first place where a header and an APDU's tag stand."""
    if reads and (reason := _written_wrongly(octets, reads)):
        yield _Candidate(_OPENS, WRAPPER, reason)
    at = octets.find(b"\x00\x01")
    while 0 <= at <= len(octets) - _HEADER_LENGTH - 1:
        if _is_header(octets, at):
            candidate = _chain(octets, at, reads)
            if at and candidate.score < _CHAIN:
                candidate = candidate._replace(score=candidate.score / 2)
            yield candidate
            if candidate.score >= _CHAIN:
                return
        at = octets.find(b"\x00\x01", at + 1)


def _written_wrongly(octets: bytes, reads: Callable[[bytes], bool]) -> str:
    """Say what is wrong with a header behind which a whole APDU stands; empty where there is none."""
    if len(octets) <= _HEADER_LENGTH or octets[_HEADER_LENGTH] not in APDU_TAGS:
        return ""
    if octets.startswith(b"\x01\x00") and not octets[7]:
        length, reason = octets[6], "a wrapper header with the low octet first, and an APDU that reads"
    elif octets.startswith(b"\x00\x01"):
        length = (octets[6] << 8 | octets[7]) - _HEADER_LENGTH
        reason = "a wrapper header whose length counts itself, and an APDU that reads"
    else:
        return ""
    end = _HEADER_LENGTH + length
    return reason if length > 0 and end <= len(octets) and reads(octets[_HEADER_LENGTH:end]) else ""


def _is_header(octets: bytes, at: int) -> bool:
    source, destination, length = (octets[at + i] << 8 | octets[at + i + 1] for i in (2, 4, 6))
    return source <= 0x3FFF and destination <= 0x3FFF and length > 0 and octets[at + _HEADER_LENGTH] in APDU_TAGS


def _chain(octets: bytes, at: int, reads: Callable[[bytes], bool] | None) -> _Candidate:
    """Follow the PDUs from *at*: how many are whole, and whether the first one's APDU reads."""
    apdu = at + _HEADER_LENGTH
    length = octets[at + 6] << 8 | octets[at + 7]
    whole = apdu + length <= len(octets)
    if whole and reads and reads(octets[apdu : apdu + length]):
        return _Candidate(1.0, WRAPPER, "a wrapper PDU whose APDU reads")
    opens = opens_as_apdu(octets, apdu, length)
    count = 0
    while at + _HEADER_LENGTH < len(octets) and octets[at : at + 2] == b"\x00\x01" and _is_header(octets, at):
        at += _HEADER_LENGTH + (octets[at + 6] << 8 | octets[at + 7])
        count += at <= len(octets)
    if count > 1 and opens:
        return _Candidate(0.95, WRAPPER, f"{count} wrapper PDUs in a row")
    if whole and opens:
        return _Candidate(_CHAIN if reads else _STRONG, WRAPPER, "a whole wrapper PDU whose APDU opens as one")
    if opens or count > 1:
        return _Candidate(_OPENS, WRAPPER, "a wrapper header and the opening of an APDU")
    return _Candidate(0.5, WRAPPER, "a wrapper header and an APDU's tag")


def _apdu(stack: str, apdu: bytes, reads: Callable[[bytes], bool] | None) -> _Candidate:
    """Score a datagram as one APDU."""
    opens = opens_as_apdu(apdu, 0, len(apdu))
    if reads and reads(apdu):
        # what random octets read as, too, is no proof
        score = 0.95 if stack == LLC else _STRONG if opens else _OPENS
        return _Candidate(score, stack, "an APDU that reads")
    if opens:
        return _Candidate(0.6 if stack == LLC else 0.4, stack, "octets that open as an APDU")
    return _Candidate(0.4 if stack == LLC else 0.1, stack, "the tag of an APDU")
