"""Framing of P1 telegrams, in clear and ciphered: any cut, any octets, every octet once, the next one is found."""

from hypothesis import given
from hypothesis import strategies as st

from analyzer.framing.p1 import IDLE, P1Framer
from analyzer.simulate.local_messages import data_set
from analyzer.simulate.p1_port import telegram
from tests.analyzer.framing.build import PLACES, cut, octetwise, run, units

SETS = [data_set("1-0:1.8.0", "000123.456", "kWh"), data_set("0-0:96.13.0", "")]
TELEGRAM = telegram("MMM5\\2SIM-42", SETS)
PLAIN = telegram("MMM5SIM-42", SETS, has_crc=False)
BLOCK = b"\x82\x00\x15\x30\x00\x00\x00\x07" + bytes(range(0x80, 0x90))
SEALED = b"\xdb\x08MMM00001" + BLOCK
BEHIND_LINE = b"/MMM5SIM-42\r\n\r\n\x00" + BLOCK + b"!1A2B\r\n"
WHOLE_BEHIND_LINE = b"/MMM5SIM-42\r\n\r\n" + SEALED + b"!\r\n"
TELEGRAMS = st.sampled_from([TELEGRAM, PLAIN, SEALED, BEHIND_LINE, WHOLE_BEHIND_LINE, TELEGRAM.replace(b"\r", b"")])
LURES = st.sampled_from(
    [b"/", b"!", b"/MMM5\r\n", b"\xdb\x08", b"\xdb\x08MMM", b"\x00", b"\r\n", b"/MMM5\r\n\r\n\x08MMM"]
)
STREAMS = st.lists(st.one_of(TELEGRAMS, LURES, st.binary(max_size=12)), max_size=6).map(b"".join)


@given(STREAMS, PLACES)
def test_chunking_does_not_matter(octets: bytes, places: list[int]) -> None:
    framers = [P1Framer() for _ in range(3)]
    ways = [[octets], octetwise(octets), cut(octets, places)]
    results = [units(run(framer, pieces)) for framer, pieces in zip(framers, ways, strict=True)]
    assert results[0] == results[1] == results[2]
    assert len({framer.idle_octets for framer in framers}) == 1


@given(STREAMS, PLACES)
def test_every_octet_is_in_one_frame_or_idle(octets: bytes, places: list[int]) -> None:
    framer = P1Framer()
    idle = at = 0
    for one in run(framer, cut(octets, places)):
        start = octets.index(one.octets, at)
        assert not octets[at:start].strip(IDLE)
        idle += start - at
        at = start + len(one.octets)
    assert idle + len(octets) - at == framer.idle_octets


@given(st.lists(TELEGRAMS, min_size=1, max_size=5), PLACES)
def test_telegrams_in_a_row_are_all_found(said: list[bytes], places: list[int]) -> None:
    assert units(run(P1Framer(), cut(b"".join(said), places))) == [("p1", one, "") for one in said]


@given(TELEGRAMS)
def test_telegram_is_delivered_with_its_last_octet(octets: bytes) -> None:
    assert [one.octets for one in run(P1Framer(), octetwise(octets), flush=False)] == [octets]


def test_telegram_without_its_end_stops_where_the_next_begins() -> None:
    half = TELEGRAM[: TELEGRAM.index(b"0-0:96")]
    assert units(run(P1Framer(), [half + TELEGRAM])) == [("p1", half, "length-wrong"), ("p1", TELEGRAM, "")]


def test_ciphered_telegram_that_lost_octets_costs_not_the_next() -> None:
    found = units(run(P1Framer(), [SEALED[:25] + SEALED + SEALED]))
    assert found == [("p1", SEALED[:25], "length-wrong"), ("p1", SEALED, ""), ("p1", SEALED, "")]


def test_text_behind_the_end_mark_belongs_to_the_telegram() -> None:
    # field: EasyMeter Q3D sends two blanks and eight digits
    octets = PLAIN.replace(b"!\r\n", b"!  12345678\r\n")
    assert units(run(P1Framer(), [octets + b"\xff" * 9])) == [("p1", octets, "")]


def test_noise_between_telegrams_is_noise() -> None:
    found = run(P1Framer(), [b"\r\nabc" + TELEGRAM + b"\x00\xff"])
    assert [(one.link, len(one.octets)) for one in found] == [("noise", 3), ("p1", len(TELEGRAM))]


def test_telegram_whose_beginning_did_not_come_is_one_all_the_same() -> None:
    rest = TELEGRAM[TELEGRAM.index(b"kWh") :]
    found = units(run(P1Framer(), [rest + TELEGRAM]))
    assert found == [("p1", rest, "head-missing"), ("p1", TELEGRAM, "")]


def test_end_of_a_telegram_that_shows_no_data_set_is_noise() -> None:
    found = units(run(P1Framer(), [b"kWh)\r\n!1A2B\r\n" + TELEGRAM]))
    assert found == [("noise", b"kWh)\r\n!1A2B", ""), ("p1", TELEGRAM, "")]


@given(st.integers(20, len(TELEGRAM) - 6), PLACES)
def test_telegram_whose_rest_got_lost_ends_where_the_next_begins(lost: int, places: list[int]) -> None:
    head = TELEGRAM[:lost]
    found = units(run(P1Framer(), cut(head + TELEGRAM, places)))
    assert found[-1] == ("p1", TELEGRAM, "")
    assert found[0][1] == head
