"""Framing of IEC 62056-21 and of the HDLC it hands over to: any cut, any octets, every octet once, nothing lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.framing.frame import Frame
from analyzer.framing.iec62056_21 import Iec62056Framer
from analyzer.framing.p1 import IDLE
from analyzer.simulate import local_messages as messages
from analyzer.simulate.p1_port import telegram
from tests.analyzer.framing.build import FRAMES, PLACES, cut, octetwise, run, units

SETS = [messages.data_set("1.8.0", "00123.456", "kWh"), messages.data_set("0.9.1", "10:20:30")]
REQUEST = messages.request("12345678")
IDENTIFICATION = messages.identification("MMM", "5", "SIM-41", ["2"])
SELECT = messages.option_select("2", "5", "2")
READOUT = messages.readout(map(str, SETS))
COMMAND = messages.command("R1", "1.8.0()")
BREAK = messages.command("B0")
ANSWER = messages.block("1.8.0(00123.456*kWh)")
BARE = messages.data_block(map(str, SETS)).encode()
TELEGRAM = telegram("MMM5SIM", SETS)
MESSAGES = [REQUEST, IDENTIFICATION, SELECT, READOUT, COMMAND, BREAK, ANSWER, b"\x06", b"\x15", BARE, TELEGRAM]
IDLES = st.sampled_from([b"", b"", b"\x00" * 5, b"\xff\xff", b"\r\n"])
LURES = st.sampled_from(
    [b"/", b"\x01P1", b"\x02(1", b"/MMM5", b"\x06", b"\x7e", b"\x7e\xa0", b"\x03", b"/MMM5\r\n\r\n\x00\x82"]
)


def with_parity(octets: bytes) -> bytes:
    """Seven bits and even parity, read as eight."""
    return bytes(octet | (octet.bit_count() & 1) << 7 for octet in octets)


def flipped(octets: bytes, bit: int) -> bytes:
    at = bit % (8 * len(octets))
    return bytes(octet ^ (1 << at % 8 if place == at // 8 else 0) for place, octet in enumerate(octets))


SPOKEN = st.sampled_from(MESSAGES) | st.sampled_from(MESSAGES).map(with_parity)
STREAMS = st.lists(
    st.one_of(SPOKEN, IDLES, LURES, FRAMES, st.binary(max_size=12), st.builds(flipped, SPOKEN, st.integers(0, 9999))),
    max_size=8,
).map(b"".join)


@given(STREAMS, PLACES, st.booleans())
def test_chunking_does_not_matter(octets: bytes, places: list[int], speaks: bool) -> None:
    framers = [Iec62056Framer(speaks=speaks) for _ in range(3)]
    ways = [[octets], octetwise(octets), cut(octets, places)]
    results = [units(run(framer, pieces)) for framer, pieces in zip(framers, ways, strict=True)]
    assert results[0] == results[1] == results[2]
    assert len({framer.idle_octets for framer in framers}) == 1


@given(STREAMS, PLACES, st.booleans())
def test_every_octet_is_in_one_frame_or_idle(octets: bytes, places: list[int], speaks: bool) -> None:
    framer = Iec62056Framer(speaks=speaks)
    idle = at = 0
    for one in run(framer, cut(octets, places)):
        start = octets.index(one.octets, at)
        assert not octets[at:start].strip(IDLE + b"\x7e")
        idle += start - at
        at = start + len(one.octets)
    assert idle + len(octets) - at == framer.idle_octets


@given(st.lists(st.tuples(st.sampled_from(MESSAGES), st.booleans()), min_size=1, max_size=6), PLACES)
def test_messages_in_a_row_are_all_found(said: list[tuple[bytes, bool]], places: list[int]) -> None:
    # a lone ACK before digits would be an option select, and data without STX go on with the next of their kind
    spoken = [with_parity(one) if has_parity else one for one, has_parity in said]
    found = run(Iec62056Framer(), cut(b"\0".join(spoken), places))
    assert [one.octets for one in found] == spoken
    assert not any(one.problem or one.link == "noise" for one in found)


@given(st.lists(FRAMES, min_size=1, max_size=4), PLACES)
def test_line_turns_to_hdlc_and_back(frames: list[bytes], places: list[int]) -> None:
    octets = REQUEST + IDENTIFICATION + SELECT + b"".join(frames) + b"\x00" + REQUEST + IDENTIFICATION + COMMAND
    found = run(Iec62056Framer(), cut(octets, places))
    assert [one.octets for one in found if one.link == "iec62056-21"] == [
        REQUEST, IDENTIFICATION, SELECT, REQUEST, IDENTIFICATION, COMMAND,
    ]  # fmt: skip
    assert [one.octets for one in found if one.link == "hdlc"] == frames
    assert not any(one.link == "noise" for one in found)


@given(
    st.lists(FRAMES, min_size=1, max_size=4), st.sampled_from([REQUEST, messages.request(""), IDENTIFICATION]), PLACES
)
def test_sign_on_with_parity_turns_the_line_back(frames: list[bytes], first: bytes, places: list[int]) -> None:
    spoken = [with_parity(one) for one in (first, IDENTIFICATION, SELECT)]  # its "/" reads as a frame format
    found = run(Iec62056Framer(), cut(REQUEST + b"".join((*frames, *spoken, *frames)), places))
    assert [one.octets for one in found if one.link == "iec62056-21"] == [REQUEST, *spoken]
    assert [one.octets for one in found if one.link == "hdlc"] == [*frames, *frames]


@given(st.binary(max_size=300), PLACES)
def test_framing_is_total(octets: bytes, places: list[int]) -> None:
    run(Iec62056Framer(), cut(octets, places))
    run(Iec62056Framer(speaks=False), [octets])
    for start in (b"\x02", b"\x01R1", b"/MMM5", b"/MMM5\r\n\r\n", b"/MMM5\r\n\r\n\x08"):
        run(Iec62056Framer(), cut(start + octets, places))


@given(st.sampled_from(MESSAGES))
def test_message_is_delivered_when_complete_or_when_the_other_side_speaks(octets: bytes) -> None:
    framer = Iec62056Framer()
    found = run(framer, octetwise(octets), flush=False)
    assert [one.octets for one in found + framer.turn()] == [octets]


@pytest.mark.parametrize("octets", [b"\x02(1", b"/MMM", b"\x01R1\x02(", b"1.8.0(12"])
def test_half_a_message_waits_though_the_other_side_speaks(octets: bytes) -> None:
    framer = Iec62056Framer()
    assert run(framer, [octets], flush=False) + framer.turn() == []


def one(octets: bytes, **members: bool) -> Frame:
    (found,) = run(Iec62056Framer(**members), [octets])
    return found


@pytest.mark.parametrize("octets", [ANSWER[:-1], COMMAND[:-1]])
def test_message_without_its_check_character_is_whole(octets: bytes) -> None:
    assert one(octets)[:2] == ("iec62056-21", octets)
    assert not one(octets).problem


def test_missing_check_character_takes_no_octet_of_the_next_message() -> None:
    found = run(Iec62056Framer(), [ANSWER[:-1] + ANSWER[:-1] + COMMAND])
    assert [one.octets for one in found] == [ANSWER[:-1], ANSWER[:-1], COMMAND]


def test_wrong_check_character_that_looks_like_a_sign_belongs_to_its_message() -> None:
    found = run(Iec62056Framer(), [ANSWER[:-1] + b"\x02" + COMMAND])
    assert [one.octets for one in found] == [ANSWER[:-1] + b"\x02", COMMAND]


def test_block_that_breaks_off_ends_where_the_next_begins() -> None:
    found = run(Iec62056Framer(), [ANSWER[:9] + ANSWER])
    assert units(found) == [("iec62056-21", ANSWER[:9], "length-wrong"), ("iec62056-21", ANSWER, "")]


def test_command_without_its_soh_is_a_command() -> None:
    octets = messages.command("P1", "(12345678)")[1:]
    assert one(octets)[:2] == ("iec62056-21", octets)


def test_lane_of_hdlc_takes_only_what_proves_itself() -> None:
    assert one(b"\x06", speaks=False).link == "noise"
    assert one(ANSWER[:-1], speaks=False).link == "noise"
    assert one(ANSWER, speaks=False).link == "iec62056-21"
    assert one(REQUEST, speaks=False).link == "iec62056-21"


def test_false_starts_cost_no_more_than_their_octets() -> None:
    run(Iec62056Framer(), [b"\x02(" * 40_000])
    run(Iec62056Framer(), cut(b"\x02(1)\r\n" * 20_000, range(0, 140_000, 997)))
    run(Iec62056Framer(), cut(b"/MMM5" * 20_000, range(0, 100_000, 97)))


SIGNED_ON = b"/?!\r\n/LGZ5\\2ZMD120AR\r\n"


@pytest.mark.parametrize("select", [b"050\r\n", b"050\n", with_parity(b"050\r\n")])
def test_option_select_without_its_ack_leaves_the_readout_behind_it_to_be_read(select: bytes) -> None:
    """As a terminal copies it, which leaves control characters out; without the select all of it was noise."""
    readout = b"0.0.0(12345678)\r\n1.8.0(001234.56*kWh)\r\n!\r\n"
    octets = SIGNED_ON + select + readout
    found = units(run(Iec62056Framer(), [octets]))
    assert [(link, problem) for link, _, problem in found] == [("iec62056-21", "")] * 4
    assert [one for _, one, _ in found[2:]] == [select, readout]
    assert units(run(Iec62056Framer(), octetwise(octets))) == found


@pytest.mark.parametrize("line", [b"05\r\n", b"0500\r\n", b"05!\r\n", b"150"])
def test_digits_that_are_no_option_select_are_none_behind_an_identification(line: bytes) -> None:
    assert units(run(Iec62056Framer(), [SIGNED_ON + line]))[2][0] == "noise"


def test_digits_elsewhere_are_no_option_select() -> None:
    found = units(run(Iec62056Framer(), [SIGNED_ON + b"\x06050\r\n050\r\n"]))
    assert [(link, one) for link, one, _ in found[2:]] == [("iec62056-21", b"\x06050\r\n"), ("noise", b"050")]
