"""The UART model: what wrong settings make of octets, as they were measured, and nothing at all where both sides agree."""

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.simulate.uart import (
    TICKS,
    Burst,
    LineFormat,
    Signal,
    drive,
    line_format,
    misread,
    octets_of_characters,
    receive,
    transmit,
)
from tests.costs import processor_s

SNRM = bytes.fromhex("7EA0070321930F017E")
BAUD = 9600
PLAIN, EVEN = LineFormat(BAUD), LineFormat(BAUD, parity="E")
FORMATS = st.builds(
    LineFormat,
    st.sampled_from([300, 2400, 9600, 10400, 115200]),
    st.integers(5, 8),
    st.sampled_from("NEOMS"),
    st.integers(1, 2),
    st.booleans(),
)


def shown(sent: LineFormat, read: LineFormat, *, octets: bytes = SNRM, idle_bits: int = 0, error: int = 0) -> str:
    """What is received, with p and f behind damaged characters; *error* in percent of the receiver's bit time."""
    return " ".join(map(str, misread(octets, sent, read, idle_bits=idle_bits, error=Fraction(error, 100))))


FAULTS = {
    "none": (PLAIN, PLAIN, "7E A0 07 03 21 93 0F 01 7E"),
    "7E1 receiver on an 8N1 line": (PLAIN, line_format("7E1"), "7E 20 07p 03 21 13 0F 01p 7E"),
    "8N1 receiver on an 8E1 line": (EVEN, PLAIN, "7Ef A0f 07 03f 21f 93f 0Ff 01 7Ef"),
    "8E1 receiver on an 8N1 line": (PLAIN, EVEN, "7Epf 3Bpf 03pf 48p B2p 28f 7Ep"),
    "twice the speed": (PLAIN, LineFormat(2 * BAUD), "F8 06f 9E 00f 1Ef 06f 98 18f FE 80 06f F8 FE"),
    "half the speed": (PLAIN, LineFormat(BAUD // 2), "0F C6f D2f F4"),
    "a quarter of the speed": (PLAIN, LineFormat(BAUD // 4), "06 FD"),
    "inverted": (PLAIN, LineFormat(BAUD, is_inverted=True), "00f A0 89 F9 BD D9f 78 7F 20f"),
    "8N1 line, inverted": (LineFormat(BAUD, is_inverted=True), PLAIN, "00f A0 89 F9 BD D9f 78 7F 20f"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_octets_with_a_wrong_setting_come_out_as_measured(name: str) -> None:
    sent, read, expected = FAULTS[name]
    assert shown(sent, read) == expected


@pytest.mark.parametrize(
    ("factor", "opening", "values"),
    [
        (4, "80 78f F8 F8 00f F8 00f 78f 80 F8 80 80 F8", {0x00, 0x78, 0x80, 0xF8}),
        (8, "00f 80 00f 80 80 00f", {0, 0x80}),
    ],
)
def test_receiver_much_too_fast_sees_few_values(factor: int, opening: str, values: set[int]) -> None:
    read = LineFormat(BAUD * factor)
    assert shown(PLAIN, read).startswith(opening)
    assert {one.value for one in misread(SNRM, PLAIN, read)} == values


def test_inverted_line_with_pauses_comes_out_as_measured() -> None:
    read = LineFormat(BAUD, is_inverted=True)
    assert shown(PLAIN, read, idle_bits=1) == "00f 20 11 F2 7A B2 84 FA 06f 00f"


@pytest.mark.parametrize("percent", range(-5, 6))
def test_clock_that_is_a_little_wrong_does_no_harm(percent: int) -> None:
    assert shown(PLAIN, PLAIN, error=percent) == SNRM.hex(" ").upper()


def test_clock_that_is_too_wrong_changes_or_loses_octets() -> None:
    assert shown(PLAIN, PLAIN, error=-6).startswith("FEf 20 07f")
    assert shown(PLAIN, PLAIN, error=6) == "FEf 3Bf 83f C8 B2 28f FE"


@pytest.mark.parametrize(("factor", "expected"), [(2, "F8 FE"), (4, "80 F8"), (8, "00f 80")])
def test_flag_alone_at_a_higher_speed_is_two_octets(factor: int, expected: str) -> None:
    assert shown(PLAIN, LineFormat(BAUD * factor), octets=b"\x7e") == expected


def test_push_8n1_read_as_8e1_loses_octets_as_in_published_dumps() -> None:
    push = bytes.fromhex("7EA0E22B2113239AE6E7000F000000000C07E3")
    read = misread(push, LineFormat(2400), LineFormat(2400, parity="E"))
    assert octets_of_characters(read).hex().upper() == "7E132B48A2D2E61E0F0000E8E3"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"/?!\r\n", "AF3F218D0A"),
        (b"/?12345678!\r\n", "AF3FB1B233B43536B7B8218D0A"),
        (b"\x06050\r\n", "063035308D0A"),
        (b"\x06252\r\n", "06B235B28D0A"),
        (b"/LGZ5\\2ZMD3104407.B32\r\n", "AFCC475A355CB25A4D4433B130B4B430B72E4233B28D0A"),
        (b"/ISk5MT171-0133\r\n", "AFC953EB354DD4B1B7B12D30B133338D0A"),
        (b"\x01\x02\x03\x04\x15", "8182038495"),
    ],
)
def test_text_7e1_read_as_8n1_carries_its_parity(text: bytes, expected: str) -> None:
    characters = misread(text, LineFormat(300, 7, "E"), LineFormat(300))
    assert "".join(map(str, characters)) == expected


def test_driver_that_drops_marked_characters_leaves_holes() -> None:
    read = misread(SNRM, EVEN, PLAIN)
    assert octets_of_characters(read) == SNRM
    assert octets_of_characters(read, drops_errors=True) == b"\x07\x01"


@given(st.binary(max_size=40), FORMATS, st.integers(0, 30))
def test_receiver_set_as_the_sender_reads_what_was_sent(octets: bytes, format: LineFormat, idle_bits: int) -> None:
    characters = misread(octets, format, format, idle_bits=idle_bits)
    mask = (1 << format.data_bits) - 1
    assert [one.value for one in characters] == [octet & mask for octet in octets]
    assert not any(one.framing_error or one.parity_error for one in characters)


@given(st.binary(max_size=30), FORMATS, FORMATS, st.integers(0, 12), st.fractions(Fraction(-1, 2), Fraction(1)))
def test_any_settings_read_any_line_in_order(
    octets: bytes, sent: LineFormat, read: LineFormat, idle_bits: int, error: Fraction
) -> None:
    characters = misread(octets, sent, read, idle_bits=idle_bits, error=error)
    assert all(one.value < 1 << read.data_bits for one in characters)
    assert all(one.start < one.end for one in characters)
    assert all(one.end < after.start for one, after in pairwise(characters))


@given(st.lists(st.tuples(st.integers(0, TICKS // 100), st.binary(max_size=8)), max_size=5))
def test_bursts_that_come_too_early_wait_for_the_one_before(bursts: list[tuple[int, bytes]]) -> None:
    signal = drive([Burst(start, octets, PLAIN) for start, octets in bursts], quiet=TICKS)
    assert list(signal.edges) == sorted(set(signal.edges))
    assert octets_of_characters(receive(signal, PLAIN)) == b"".join(octets for _, octets in bursts)


def test_speed_that_changes_on_a_line_garbles_only_its_own_half() -> None:
    slow, fast = LineFormat(300, 7, "E"), LineFormat(9600)
    signal = drive([Burst(0, b"/?!\r\n", slow), Burst(TICKS, SNRM, fast)], quiet=TICKS)
    assert octets_of_characters(receive(signal, slow)).startswith(b"/?!\r\n")
    assert octets_of_characters(receive(signal, fast)).endswith(SNRM)


def test_times_of_characters_do_not_drift() -> None:
    count = 20_000
    characters = misread(b"\x55" * count, LineFormat(10400), LineFormat(10400))
    assert characters[-1].start - characters[0].start in ((count - 1) * 10 * TICKS // 10400 + early for early in (0, 1))


def test_spike_shorter_than_half_a_bit_is_no_character() -> None:
    bit = TICKS // BAUD
    assert receive(Signal(0, 1, [bit, bit + bit // 3], 20 * bit), PLAIN) == []


def test_line_that_stays_at_space_is_one_break() -> None:
    assert [str(one) for one in receive(Signal(0, 1, [TICKS], 2 * TICKS), PLAIN)] == ["00f"]


def test_cost_grows_with_the_octets_alone() -> None:
    def read(count: int) -> None:
        octets = bytes(range(256)) * count
        assert octets_of_characters(misread(octets, PLAIN, PLAIN)) == octets

    assert processor_s(lambda: read(200), rounds=2) < 30 * processor_s(lambda: read(20))  # 10 times the work


@pytest.mark.parametrize("text", ["", "9N1", "8X1", "8N3", "8N11"])
def test_format_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no line format"):
        line_format(text)


def test_format_says_what_it_is() -> None:
    assert str(line_format("7e1", 300)) == "300 7E1"
    assert str(LineFormat(is_inverted=True)) == "9600 8N1 inverted"
    assert line_format("7E1", 300).duration_ns(6) == 200_000_000
    assert transmit(b"", PLAIN).edges == []
