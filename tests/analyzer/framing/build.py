"""Link units built for the tests of the framers, and the three ways to feed them."""

from collections.abc import Iterable
from itertools import pairwise

from hypothesis import strategies as st

from analyzer.framing.frame import Frame, Framer, Mark
from dissectors.checks import fcs

FLAG = b"\x7e"
MARK = Mark(1, None)
GET_REQUEST = bytes.fromhex("C001C1 0008 0000010000FF 02 00")
GET_RESPONSE = bytes.fromhex("C401C100 090C 07E80B15040A1E00FFFFC400")
AARQ = bytes.fromhex("601D A109 0607 60857405080101 BE10 040E 01000000065F1F0400001E1DFFFF")


def check(octets: bytes) -> bytes:
    """Compute the check sequence as it is sent."""
    return fcs(octets).to_bytes(2, "little")


def body(
    information: bytes = b"", control: int = 0x10, addresses: bytes = b"\x03\x21", segmented: bool = False
) -> bytes:
    """Build an HDLC frame without its flags."""
    length = 2 + len(addresses) + 1 + 2 + (len(information) + 2 if information else 0)
    header = (0xA000 | segmented << 11 | length).to_bytes(2, "big") + addresses + bytes((control,))
    octets = header + check(header)
    if information:
        octets += information
        octets += check(octets)
    return octets


def frame(
    information: bytes = b"", control: int = 0x10, addresses: bytes = b"\x03\x21", segmented: bool = False
) -> bytes:
    """Build an HDLC frame with both flags."""
    return FLAG + body(information, control, addresses, segmented) + FLAG


def request() -> bytes:
    """Build an I frame with a get-request."""
    return frame(b"\xe6\xe6\x00" + GET_REQUEST)


def response() -> bytes:
    """Build an I frame with a get-response."""
    return frame(b"\xe6\xe7\x00" + GET_RESPONSE, 0x30, b"\x21\x03")


def pdu(apdu: bytes, source: int = 16, destination: int = 1, length: int | None = None) -> bytes:
    """Build a wrapper PDU, its length lying where *length* is given."""
    fields = (1, source, destination, len(apdu) if length is None else length)
    return b"".join(field.to_bytes(2, "big") for field in fields) + apdu


def run(framer: Framer, pieces: Iterable[bytes], flush: bool = True) -> list[Frame]:
    """Feed *pieces*, each as a packet of its own."""
    found: list[Frame] = []
    for number, piece in enumerate(pieces, 1):
        found += framer.feed(piece, Mark(number, number * 1000))
    return found + framer.flush() if flush else found


def units(frames: Iterable[Frame]) -> list[tuple[str, bytes, str]]:
    """Drop the marks, which depend on the reads."""
    return [(found.link, found.octets, found.problem) for found in frames]


def outline(frames: Iterable[Frame]) -> list[str]:
    """Write one line a frame: link, length and problem."""
    return [f"{found.link} {len(found.octets)} {found.problem}".rstrip() for found in frames]


def good(frames: Iterable[Frame], link: str = "hdlc") -> list[bytes]:
    """Return the octets of the sound frames, without the flags that they may share."""
    return [
        found.octets.removeprefix(FLAG) if link == "hdlc" else found.octets
        for found in frames
        if found.link == link and not found.problem
    ]


def octetwise(octets: bytes) -> list[bytes]:
    """Cut into single octets."""
    return [octets[at : at + 1] for at in range(len(octets))]


def cut(octets: bytes, places: Iterable[int]) -> list[bytes]:
    """Cut at *places*, modulo the length."""
    ends = sorted({0, len(octets), *(place % (len(octets) + 1) for place in places)})
    return [octets[start:end] for start, end in pairwise(ends)]


PLACES = st.lists(st.integers(0, 10_000), max_size=12)
ADDRESSES = st.sampled_from(
    (b"\x03\x21", b"\x02\x23\x21", b"\x00\x02\x00\x23\x21", b"\x21\x02\x23", b"\xce\xff\x03", b"\x21\x00\x02\x00\x23")
)
CONTROLS = st.sampled_from((0x10, 0x30, 0x13, 0x03, 0x54))
INFORMATION = st.one_of(
    st.binary(min_size=1, max_size=80),
    st.lists(
        st.sampled_from((b"\x7e", b"\x7e\xa0", b"\xa0\x07", b"\xff", b"\x00\x01", b"\xe6\xe7\x00")),
        min_size=1,
        max_size=20,
    ).map(b"".join),
)
FRAMES = st.one_of(
    st.builds(frame, INFORMATION, CONTROLS, ADDRESSES, st.booleans()),
    st.builds(frame, st.just(b""), st.sampled_from((0x93, 0x53, 0x73, 0x1F, 0x11, 0x31)), ADDRESSES),
)
