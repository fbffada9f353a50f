"""Hex text: one frame a line, with or without a direction."""

import codecs

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from captures import source_from_hex
from captures.chunk import LINK_OCTETS, RECEIVED, SENT, UNKNOWN, CaptureError
from captures.stream import HeldInput, Window
from captures.text.source import TextSource
from tests.captures.test_pcap import Dribble, codes

SNRM = bytes.fromhex("7EA0070321930F017E")


def read_line(line: str) -> tuple[int, bytes, bool] | None:
    """The direction and the octets of a line, and whether all of its digits are in them."""
    source = TextSource("line", Window(HeldInput(line.encode())))
    chunks = list(source)
    if not chunks and "hex-odd-digits" not in codes(source):
        return None
    return (
        chunks[0].direction if chunks else UNKNOWN,
        b"".join(one.octets for one in chunks),
        "hex-odd-digits" not in codes(source),
    )


@pytest.mark.parametrize(
    "line",
    [
        "7E A0 07 03 21 93 0F 01 7E",
        "7ea0070321930f017e",
        "7EA0 0703 2193 0F01 7E",
        "7EA 007 0321930F017E",
        "0x7E 0xA0 0x07 0x03 0x21 0x93 0x0F 0x01 0x7E",
        "0x7E,0xA0,0x07,0x03,0x21,0x93,0x0F,0x01,0x7E,",
        "0x7EA0070321930F017E",
        "7E:A0:07:03:21:93:0F:01:7E",
        "7E-A0-07-03-21-93-0F-01-7E",
        "7E, A0, 07, 03, 21, 93, 0F, 01, 7E",
        "  7E\tA0 07 03 21  93 0F 01 7E \r",
    ],
)
def test_octets_in_every_spelling_are_read(line: str) -> None:
    assert read_line(line) == (UNKNOWN, SNRM, True)


@pytest.mark.parametrize(
    ("before", "direction"),
    [
        ("TX:", SENT),
        ("RX:", RECEIVED),
        ("tx: ", SENT),
        ("TX|", SENT),
        ("RX | ", RECEIVED),
        ("TX - ", SENT),
        ("RX - ", RECEIVED),
        ("RX ", RECEIVED),
        (">> ", SENT),
        ("<<", RECEIVED),
        ("TX:\t", SENT),
    ],
)
def test_direction_before_the_octets_is_read(before: str, direction: int) -> None:
    assert read_line(before + "7E A0 07 03 21 93 0F 01 7E") == (direction, SNRM, True)


@pytest.mark.parametrize(
    "line",
    [
        "hello",
        "TX:",
        "2025-12-14 16:00:11.873",
        "2025-12-14",
        "2025-12-14 16:00:11",
        "7E A0 is a start",
        "0x",
        "---",
        "Zähler",
    ],
)
def test_line_of_something_else_holds_no_octets(line: str) -> None:
    assert read_line(line) is None


@pytest.mark.parametrize(("line", "octets"), [("7EA00", "7EA0"), ("7E A0 0", "7EA0"), ("7E A 07", "7E07")])
def test_odd_digits_keep_the_complete_octets(line: str, octets: str) -> None:
    assert read_line(line) == (UNKNOWN, bytes.fromhex(octets), False)


def test_several_single_digits_are_octets_without_their_zero() -> None:
    assert read_line("7E A0 7 3") == (UNKNOWN, bytes.fromhex("7EA00703"), True)


def test_odd_digits_are_remarked_with_their_line() -> None:
    source = source_from_hex("# a comment\n\n7E A0 07\nTX: 7E A0 0\n")
    got = list(source)
    assert [(chunk.number, chunk.direction, chunk.octets) for chunk in got] == [
        (1, 0, b"\x7e\xa0\x07"),
        (2, SENT, b"\x7e\xa0"),
    ]
    assert source.remarks == [
        ("hex-odd-digits", "line 4 has an odd number of hex digits; its complete octets are kept", 4)
    ]
    assert source.time_digits == 0


def test_lines_without_octets_are_one_remark_with_their_count() -> None:
    source = source_from_hex("trace of meter 7\n7EA0\nand so on\nok\n# no\n\n")
    got = list(source)
    assert [chunk.octets for chunk in got] == [b"\x7e\xa0"]
    assert source.remarks == [("text-without-octets", "3 lines hold no octets in hex, the first is line 1", 1)]


def test_chunk_of_a_line_says_where_the_line_begins() -> None:
    got = list(source_from_hex("# Zähler\n7EA0\n\n01"))
    assert [(chunk.offset, chunk.link_type, chunk.time_ns, chunk.original_length) for chunk in got] == [
        (10, LINK_OCTETS, None, 2),
        (16, LINK_OCTETS, None, 1),
    ]


@pytest.mark.parametrize("text", ["", "  \n# only a comment\n", "hello", "GET 1.0.1.8.0.255"])
def test_hex_option_without_octets_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(CaptureError, match=r"^--hex: .* were expected, not .*$") as caught:
        source_from_hex(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [(codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")],
)
def test_byte_order_mark_is_heeded(mark: bytes, encoding: str) -> None:
    octets = mark + "TX: 7E A0\r\nRX: 01\r\n".encode(encoding)
    # The first octets have to be at hand: that is how a source is recognised.
    window = Window(HeldInput(octets))
    window.reach(4)
    source = TextSource("t", window)
    assert [(chunk.direction, chunk.octets) for chunk in source] == [(SENT, b"\x7e\xa0"), (RECEIVED, b"\x01")]


@example([("", b"\xea\x00"), ("TX: ", b"\x00")], 1)  # two letters and two digits are octets, and no count
@given(
    st.lists(st.tuples(st.sampled_from(["", "TX: ", "RX: "]), st.binary(min_size=1, max_size=40)), max_size=8),
    st.integers(1, 30),
)
def test_written_lines_come_back_however_they_are_cut(lines: list[tuple[str, bytes]], piece: int) -> None:
    text = "\n".join((word or "\n") + octets.hex(" ") for word, octets in lines)  # no line goes on with the one above
    source = TextSource("t", Window(Dribble(text.encode(), piece)))
    directions = {"": UNKNOWN, "TX: ": SENT, "RX: ": RECEIVED}
    assert [(chunk.direction, chunk.octets) for chunk in source] == [
        (directions[word], octets) for word, octets in lines
    ]
    assert codes(source) == []


@given(st.text(max_size=200))
def test_any_text_is_read_without_an_exception(text: str) -> None:
    list(TextSource("t", Window(HeldInput(text.encode("utf-8", "replace")))))
