"""Texts as they come: in pieces, in other encodings and line ends, with foreign lines, damaged, endless, mixed."""

from __future__ import annotations

import random
import tracemalloc
from calendar import timegm

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from captures.chunk import RECEIVED, SENT, UNKNOWN, Chunk
from captures.stream import HeldInput, Window
from captures.text.judge import judge
from captures.text.source import TextSource
from tests.captures.build import ethernet, ipv4, udp
from tests.captures.test_pcap import Dribble, codes
from tests.captures.text.logs import LOGS
from tests.captures.text.test_shapes import IDS, read
from tests.captures.text.written import START_NS, Log, _dump, _tshark, _wireshark, _xxd, session
from tests.costs import processor_s

SNRM = bytes.fromhex("7EA0070321930F017E")
Read = tuple[int | None, int, bytes]
ENCODINGS = {
    "CRLF": lambda text: text.replace("\r\n", "\n").replace("\n", "\r\n").encode(),
    "CR": lambda text: text.replace("\r\n", "\n").replace("\n", "\r").encode(),
    "UTF-8 with mark": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "UTF-16LE": lambda text: text.encode("utf-16-le"),
    "UTF-16BE with mark": lambda text: b"\xfe\xff" + text.encode("utf-16-be"),
    "Latin-1": lambda text: b"Z\xe4hlerstand \xb5\n" + text.encode("latin-1", "replace"),
    "cut": lambda text: text.encode() + b"TX: port clo",
}


def reads(chunks: list[Chunk]) -> list[Read]:
    return [(chunk.time_ns, chunk.direction, chunk.octets) for chunk in chunks]


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("log", LOGS, ids=IDS)
def test_encoding_and_line_ends_do_not_matter(log: Log, encoding: str) -> None:
    assert reads(list(read(ENCODINGS[encoding](log.write(session()))))) == log.expected(session())


@pytest.mark.parametrize("log", LOGS, ids=IDS)
def test_pieces_in_which_a_text_comes_do_not_matter(log: Log) -> None:
    octets = log.write(session()).replace("\n", "\r\n").encode()
    whole = list(read(octets))
    for piece in (7, 1024, random.Random(log.id).randrange(100, 900)):
        assert list(TextSource("log", Window(Dribble(octets, piece)))) == whole


@pytest.mark.parametrize("log", LOGS, ids=IDS)
def test_chunk_says_where_its_first_line_begins(log: Log) -> None:
    text = log.write(session()).encode()
    begins = {0} | {at + 1 for at, octet in enumerate(text) if octet == 10}
    offsets = [chunk.offset for chunk in read(text)]
    assert set(offsets) <= begins
    assert offsets == sorted(set(offsets))
    wide = [chunk.offset for chunk in read(text.decode().encode("utf-16"))]
    if text.isascii():
        assert wide == [2 + 2 * offset for offset in offsets]


@pytest.mark.parametrize("log", LOGS, ids=IDS)
def test_words_of_an_operator_between_reads_are_left_aside(log: Log) -> None:
    foreign = "Please add a note: the modem of bed 3 fell off at 10:15 (see page 12)"
    text = log.write(session())
    source = read(f"{foreign}\n{text}\n{foreign}\n")
    assert reads(list(source)) == log.expected(session())


FOLLOWED = [
    log for log in LOGS if log.shape in ("gurux-trace", "docklight", "director", "xxd", "octets", "direction-octets")
]


@pytest.mark.parametrize("second", FOLLOWED, ids=[log.id for log in FOLLOWED])
@pytest.mark.parametrize("first", FOLLOWED, ids=[log.id for log in FOLLOWED])
def test_text_that_changes_its_shape_is_read_on(first: Log, second: Log) -> None:
    source = read(first.write(session()) + "\n" + second.write(session()[:4]))
    octets = [chunk.octets for chunk in source]
    assert octets == [one.octets for one in (*session(), *session()[:4])]


LINES = [line for log in LOGS for line in log.write(session()[:3]).splitlines()]


@given(st.lists(st.one_of(st.sampled_from(LINES), st.text(max_size=40)), max_size=12), st.integers(1, 200))
@settings(max_examples=150, deadline=None)
def test_any_mixture_of_lines_is_read_without_an_exception_however_it_is_cut(lines: list[str], piece: int) -> None:
    octets = "\n".join(lines).encode("utf-8", "replace")
    whole = list(read(octets))
    assert list(TextSource("log", Window(Dribble(octets, piece)))) == whole


@given(st.binary(max_size=300))
@settings(deadline=None)
def test_any_octets_are_read_without_an_exception(octets: bytes) -> None:
    judge(octets)
    list(read(octets))


@pytest.mark.parametrize("log", [log for log in LOGS if log.shape == "base64"], ids=lambda log: log.id)
def test_time_that_was_torn_off_its_line_is_no_heading_of_another_shape(log: Log) -> None:
    text = log.write(session())
    torn = text.replace(".", "\r", 1) if "." in text[:25] else text
    octets = [chunk.octets for chunk in read(torn)]
    assert len([one for one in session() if one.octets in octets]) >= len(session()) - 1


@given(st.sampled_from(LOGS), st.integers(0, 10_000), st.binary(min_size=1, max_size=6))
@settings(max_examples=150, deadline=None)
def test_damage_costs_no_more_than_the_reads_it_stands_in(log: Log, at: int, damage: bytes) -> None:
    text = log.write(session()).encode()
    at %= len(text)
    found = [chunk.octets for chunk in read(text[:at] + damage + text[at + len(damage) :])]
    right = [one.octets for one in session()]
    assert sum(octets in found for octets in right) >= len(right) - 4 - 2 * damage.count(b"\n")


class Endless:
    """A line that does not end, in blocks."""

    def __init__(self, head: bytes, block: bytes, count: int) -> None:
        self._head, self._block, self._left = head, block, count

    def fetch(self) -> bytes:
        if self._head:
            head, self._head = self._head, b""
            return head
        self._left -= 1
        return self._block if self._left >= 0 else b""

    def close(self) -> None:
        self._left = 0


@pytest.mark.parametrize(
    "spelt", [SNRM.hex(), SNRM.hex(" ") + " ", SNRM.hex(":") + ":", "".join(f"0x{one:02x}, " for one in SNRM)]
)
@pytest.mark.parametrize("head", ["", "TX: ", "2026-03-21 10:15:32 RX "])
def test_endless_line_comes_in_pieces_with_bounded_memory(head: str, spelt: str) -> None:
    block = (spelt * (256 * 1024 // len(spelt) + 1)).encode()
    count = 24
    tracemalloc.start()
    source = TextSource("log", Window(Endless(head.encode(), block, count)))
    found = longest = 0
    directions = set()
    times = set()
    for chunk in source:
        assert chunk.octets == (SNRM * (len(chunk.octets) // 9 + 2))[found % 9 :][: len(chunk.octets)]
        found += len(chunk.octets)
        longest = max(longest, len(chunk.octets))
        directions.add(chunk.direction)
        times.add(chunk.time_ns)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found == len(SNRM) * block.count(spelt.encode()) * count
    assert len(directions) == len(times) == 1
    assert longest <= 1 << 19
    assert peak < len(block) * count  # held as a whole, the line alone is more
    assert codes(source) in ([], ["text-shape"])


def test_endless_line_of_prose_gives_nothing() -> None:
    source = TextSource("log", Window(Endless(b"TX: 7E A0\n", b"lorem ipsum " * 20_000, 20)))
    assert [chunk.octets for chunk in source] == [b"\x7e\xa0"]


def test_rows_that_a_dump_leaves_out_are_filled_in() -> None:
    octets = bytes(range(16)) + bytes(80) + b"\x7e" * 9
    rows = [_xxd(0, octets[:16]), _xxd(16, octets[16:32]), "*", _xxd(96, octets[96:])]
    assert [chunk.octets for chunk in read("\n".join(rows))] == [octets]


def test_packets_of_a_dump_are_told_by_their_headers() -> None:
    packet = bytearray(ethernet(ipv4(udp(SNRM))))
    header = packet[14:34]
    total = sum(int.from_bytes(header[at : at + 2], "big") for at in range(0, 20, 2))
    total = (total & 0xFFFF) + (total >> 16)
    packet[24:26] = (0xFFFF - total).to_bytes(2, "big")
    text = "\n".join(_wireshark(at, bytes(packet[at : at + 16])) for at in range(0, len(packet), 16))
    assert [(chunk.link_type, chunk.octets) for chunk in read(text)] == [(1, bytes(packet))]
    text = "\n".join(_wireshark(at, bytes(packet[14:][at : at + 16])) for at in range(0, len(packet) - 14, 16))
    assert [(chunk.link_type, chunk.octets) for chunk in read(text)] == [(101, bytes(packet[14:]))]


def test_summaries_of_packets_give_their_times() -> None:
    source = read(_tshark(session()))
    chunks = list(source)
    assert [chunk.octets for chunk in chunks] == [one.octets for one in session()]
    assert [chunk.time_ns for chunk in chunks] == [
        number * 1_000_000_000 + one.time_ns % 1_000_000_000 for number, one in enumerate(session(), 1)
    ]
    assert source.time_digits == 9


def test_octets_that_wireshark_joined_are_not_read_twice() -> None:
    frame = "\n".join(_wireshark(at, SNRM[at : at + 16]) for at in range(0, 9, 16))
    text = f"Frame (9 bytes):\n{frame}\nReassembled TCP (9 bytes):\n{frame}\n"
    assert [chunk.octets for chunk in read(text * 2)] == [SNRM, SNRM]


def test_apdus_that_are_printed_beside_their_frames_are_no_traffic() -> None:
    lines = []
    for event in session():
        word = "Sending" if event.direction == SENT else "Received"
        lines.append(f"10:15:32 [debug] {word} bytes data={event.octets!r}")
        lines.append(
            f"10:15:32 [info] DLMS {'Request' if event.direction == SENT else 'Response'} pdu=Get(data={event.octets[9:-3]!r})"
        )
    assert [chunk.octets for chunk in read("\n".join(lines))] == [one.octets for one in session()]
    alone = [f"10:15:32 sent APDU: {octets.hex()}" for octets in (b"\xc0\x01\xc1\x00", b"\xc4\x01\xc1\x01")]
    assert len(list(read("\n".join(alone)))) == 2


def test_number_that_is_too_large_for_a_time_is_none() -> None:
    text = f"TX -\n7E A0 01 ( + {'9' * 5000} ms)\nRX -\n7E A0 02 ( + 213 ms)\n"
    assert [(chunk.time_ns, chunk.octets) for chunk in read(text)] == [(213_000_000, b"\x7e\xa0\x02")]


@pytest.mark.parametrize("year", ["1003", "9026"])
def test_date_that_nanoseconds_do_not_reach_is_no_time(year: str) -> None:
    (one,) = read(f"{year}-03-08 11:02:41.340 TX: 7E A0 07 03 21 93 0F 01 7E\n")
    assert (one.time_ns, one.octets.hex()) == (None, "7ea0070321930f017e")


def test_midnight_does_not_send_times_back() -> None:
    source = read("TX: 23:59:59.9 7E A0\nRX: 00:00:00.1 7E A0\n")
    assert [chunk.time_ns for chunk in source] == [86_399_900_000_000, 86_400_100_000_000]
    assert source.has_local_times


def test_date_without_a_year_is_of_1970() -> None:
    source = read("Mar 21 10:15:32 >> 7E A0 01 02\nMar 21 10:15:33 << 7E A0 01 03\n")
    first, _ = source
    assert first.time_ns == 79 * 86_400_000_000_000 + 36_932_000_000_000
    assert (first.direction, source.time_digits) == (SENT, 0)


@pytest.mark.parametrize(
    ("date", "is_local"),
    [
        ("21.03.2026 10:15:32", True),
        ("21/03/2026 10:15:32", True),
        ("03/21/2026 10:15:32", True),
        ("3/21/2026 10:15:32 AM", True),
        ("2026/03/21 10:15:32", True),
        ("2026-03-21T10:15:32", True),
        ("21-Mar-2026 10:15:32", True),
        ("Sat Mar 21, 2026 10:15:32", True),
        ("21.03.26 10:15:32", True),
        ("2026-03-21T10:15:32Z", False),
        ("2026-03-21 12:45:32+02:30", False),
        ("2026-03-21 05:15:32 -0500", False),
        ("2026-03-21 11:15:32+01", False),
        ("2026-03-21 10:15:32z", False),
        ("2026-03-21 10:15:32 UTC", False),
        ("2026-03-21 12:15:32 UTC+02:00", False),
        ("2026-03-21 11:15:32 CET", False),
        ("2026-03-21 12:15:32 CEST", False),
        ("Sat Mar 21 12:15:32 CEST 2026", False),
        ("Sat Mar 21 10:15:32 BST 2026", True),  # of London or of Dhaka
        ("2026-03-21 12:15:32 GMT+2", False),
        ("2026-03-21 11:15:32 Europe/Berlin", False),
        ("2026-03-21T11:15:32+01:00[Europe/Berlin]", False),
        ("2026-03-21 10:15:32 Europe/Nowhere", True),
        ("2026-03-21 05:15:32-05", False),
        ("26-03-21 10:15:32", True),
        ("1774088132", False),
        ("1774088132000000", False),
        ("1774088132,000", False),
    ],
)
def test_dates_are_read_in_the_orders_people_write(date: str, is_local: bool) -> None:
    source = read(f"{date} TX 7E A0 01 02\n")
    assert [(chunk.time_ns, chunk.direction) for chunk in source] == [(START_NS // 10**9 * 10**9, SENT)]
    assert source.has_local_times is is_local


@pytest.mark.parametrize(
    ("behind", "hours", "octets"),
    [
        ("-01 02 7E A0 07", 0, "01 02 7E A0 07"),
        ("-00 01 00 01 00 10 00 02 C0 01", 0, "00 01 00 01 00 10 00 02 C0 01"),
        ("-05 7E A0 07 01", 5, "7E A0 07 01"),
        ("-05 00 01 00 01 00 10 00 02 C0 01", 5, "00 01 00 01 00 10 00 02 C0 01"),
        ("-0102 03 A0 07", 0, "01 02 03 A0 07"),
    ],
)
def test_two_digits_behind_a_minus_are_a_zone_only_where_no_octet_is_lost(behind: str, hours: int, octets: str) -> None:
    source = read(f"2026-03-21 10:15:32{behind}\n2026-03-21 10:15:33{behind}\n")
    assert [chunk.octets for chunk in source] == [bytes.fromhex(octets)] * 2
    assert (
        next(iter(read(f"2026-03-21 10:15:32{behind}\n"))).time_ns == START_NS // 10**9 * 10**9 + hours * 3600 * 10**9
    )


@pytest.mark.parametrize(
    "date", ["Sat Mar 21 11:15:32 CET 2026", "Sat Mar 21 10:15:32 2026", "Mar 21 10:15:32 BST 2026"]
)
def test_year_behind_the_time_is_no_offset_of_the_octets_behind_it(date: str) -> None:
    for chunk in read(f"{date} 7E A0 07 01\n" * 2):
        assert (chunk.time_ns, chunk.octets) == (START_NS // 10**9 * 10**9, bytes.fromhex("7EA00701"))


def test_hour_that_stands_twice_goes_on_where_the_area_is_named() -> None:
    clocks = ("02:30:00", "02:59:59", "02:00:01", "02:30:00", "03:00:00")
    chunks = list(read("".join(f"2026-10-25 {one} Europe/Berlin TX 7E A0 01 02\n" for one in clocks)))
    first = chunks[0].time_ns or 0
    assert [((one.time_ns or 0) - first) // 10**9 for one in chunks] == [0, 1799, 1801, 3600, 5400]


def test_digits_behind_a_minus_that_change_are_octets() -> None:
    chunks = list(read("2026-03-21 10:15:32-05 7E A0 07\n2026-03-21 10:15:33-08 7E A0 07\n"))
    assert [chunk.octets[0] for chunk in chunks] == [5, 8]


@pytest.mark.parametrize("line", ["1774088132 7E A0 07 01", "1774088132000000 7EA00701", "1774088132,000 7EA00701"])
def test_epochs_before_octets_are_no_octets(line: str) -> None:
    (chunk,) = read(line + "\n")
    assert (chunk.time_ns, chunk.octets) == (START_NS // 10**9 * 10**9, bytes.fromhex("7EA00701"))


@pytest.mark.parametrize(
    ("dates", "told"),
    [
        (["26-07-01"], "year"), (["21.03.05"], "day"), (["3/4/2024"], "day"), (["26-07-26"], ""), (["3/3/2024"], ""),
        (["26-07-01", "26-07-02"], ""), (["3/4/2024", "3/14/2024"], ""), (["2026-07-01"], ""), (["21.11.2024"], ""),
    ],
)  # fmt: skip
def test_guessed_order_of_dates_is_remarked(dates: list[str], told: str) -> None:
    source = read("".join(f"{date} 00:00:00 TX 7E A0 01 02\n" for date in dates))
    assert list(source)
    said = " ".join(remark.text for remark in source.remarks)
    assert ("dates are taken to begin with the" in said, f"begin with the {told}" in said) == (bool(told), bool(told))


@pytest.mark.parametrize(
    "text", ["1774088132 1774088133", "1774088132\n1774088133", "00 1774088132 0102", "1774088132 010203"]
)
def test_ten_digits_that_may_be_octets_are_octets(text: str) -> None:
    assert b"".join(chunk.octets for chunk in read(text + "\n")) == bytes.fromhex(text.replace("\n", ""))


@pytest.mark.parametrize("mark", [".", ","])
def test_seconds_since_the_first_are_times_and_no_octets(mark: str) -> None:
    chunks = list(read(f"0{mark}000123 0001000100010002C001\n1{mark}500000 0001000100010002C001\n"))
    assert [chunk.time_ns for chunk in chunks] == [123_000, 1_500_000_000]
    assert {chunk.octets for chunk in chunks} == {bytes.fromhex("0001000100010002C001")}


@pytest.mark.parametrize(
    ("dates", "first"),
    [
        (["24-11-21"], "2024-11-21"),
        (["21-11-24"], "2021-11-24"),  # as ISO 8601 has it, on whatever day it is read
        (["27-06-26"], "2027-06-26"),
        (["31-12-25", "01-01-26"], "2025-12-31"),
        (["25-12-31", "26-01-01"], "2025-12-31"),
        (["24-02-05", "24-03-05"], "2024-02-05"),
        (["20-11-23", "20-11-24"], "2020-11-23"),
        (["23-11-20", "24-11-20"], "2020-11-23"),
        (["21.03.05"], "2005-03-21"),
        (["21/03/05", "21/03/06"], "2021-03-05"),
        (["99-03-05"], "1999-03-05"),
    ],
)
def test_year_of_two_digits_stands_where_the_log_and_sense_have_it(dates: list[str], first: str) -> None:
    chunk = next(iter(read("".join(f"{date} 00:00:00 TX 7E A0 01 02\n" for date in dates))))
    assert chunk.time_ns == timegm((*map(int, first.split("-")), 0, 0, 0)) * 10**9


@pytest.mark.parametrize(
    ("dates", "days"),
    [
        (["04/03/2026 10:00:00", "05/03/2026 10:00:00"], [(4, 3), (5, 3)]),
        (["04/03/2026 10:00:00 PM", "04/13/2026 10:00:00 PM"], [(3, 4), (13, 4)]),
        (["04/03/2026 10:00:00 PM", "04/04/2026 10:00:00 PM"], [(3, 4), (4, 4)]),
    ],
)
def test_order_of_day_and_month_is_told_by_all_dates(dates: list[str], days: list[tuple[int, int]]) -> None:
    from datetime import UTC, datetime

    chunks = list(read("\n".join(f"{date} RX 7E A0 01 02" for date in dates)))
    found = [datetime.fromtimestamp((chunk.time_ns or 0) // 10**9, UTC) for chunk in chunks]
    assert [(one.day, one.month) for one in found] == days
    assert {chunk.direction for chunk in chunks} == {RECEIVED}


@pytest.mark.parametrize("time", ["25:00:00", "10:61:00", "2026-13-45 10:15:32", "0000-01-01 10:15:32"])
def test_time_that_is_none_leaves_the_octets(time: str) -> None:
    assert [(chunk.time_ns, chunk.octets) for chunk in read(f"{time} TX 7E A0 01 02\n")] == [
        (None, b"\x7e\xa0\x01\x02")
    ]


def test_log_of_two_days_out_of_order_is_two_recordings() -> None:
    source = read("2026-03-21 10:15:32 TX 7E A0 01 02\n2026-02-01 10:15:32 TX 7E A0 01 02\n")
    assert [chunk.interface for chunk in source] == [0, 1]


def test_source_says_what_it_assumed_in_one_remark() -> None:
    source = read("Logging started\nTX: 10:15:32.1 7E A0 01 02\nport closed\nRX: 10:15:32.2 7E A0 01 03\n")
    assert len(list(source)) == 2
    assert source.remarks == [
        ("text-shape", "read as a Gurux trace; times have no date; 2 lines left aside, the first is line 1", None)
    ]


def test_held_text_is_read_from_a_window_that_has_given_nothing() -> None:
    assert [chunk.octets for chunk in TextSource("log", Window(HeldInput(b"TX: 10:15:32 7E A0\n")))] == [b"\x7e\xa0"]


def test_repeated_dump_rows_without_end_are_bounded() -> None:
    rows = [_xxd(0, SNRM + bytes(7)), "*", f"{0xFFFFFF0:08x}: {SNRM.hex()}"]
    assert sum(len(chunk.octets) for chunk in read("\n".join(rows))) < 1 << 12
    assert _dump(_xxd)(session())


REQUEST = bytes.fromhex("7EA019032110 7FDA E6E600 C001C100080000010000FF0200 601A7E".replace(" ", ""))


@pytest.mark.parametrize("head", ["TX: ", "TX: 10:15:32 ", "2026-03-21 10:15:32 TX: ", "DEBUG reader Sent bytes: "])
def test_octets_that_go_on_below_a_line_belong_to_it(head: str) -> None:
    text = REQUEST.hex(" ").upper()
    source = read(f"{head}{text[:47]}\n    {text[48:]}\n\n{SNRM.hex(' ')}\n")
    (first, rest, *_) = list(source)
    assert (first.direction, first.octets + rest.octets) == (SENT, REQUEST)
    assert (rest.direction, rest.time_ns) == (first.direction, first.time_ns)


@pytest.mark.parametrize("between", ["\n", "Analysed as follows\n"])
def test_octets_after_a_break_do_not_belong_to_the_line_before(between: str) -> None:
    text = REQUEST.hex(" ")
    found = [(chunk.direction, chunk.octets) for chunk in read(f"TX: {text[:47]}\n{between}{text[48:]} 7e\n")]
    assert found == [(SENT, REQUEST[:16]), (UNKNOWN, REQUEST[16:] + b"~")]


def test_frame_below_a_frame_is_one_of_its_own() -> None:
    found = [chunk.direction for chunk in read(f"TX: {REQUEST.hex(' ')}\n{SNRM.hex(' ')}\n")]
    assert found == [SENT, UNKNOWN]


@pytest.mark.parametrize(
    "text",
    [
        "<html><body><pre>TX: {}<br>\n</pre></body></html>",
        "<tr><td>TX:</td><td>{}</td></tr>",
        "TX:&nbsp;{}",
    ],
)
def test_octets_in_a_page_are_read(text: str) -> None:
    assert reads(list(read(text.format(REQUEST.hex(" "))))) == [(None, SENT, REQUEST)]


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "utf-16"])
def test_blanks_that_do_not_break_are_blanks(encoding: str) -> None:
    text = f"TX: {REQUEST.hex(' ')}\n".replace(" ", "\u00a0")
    assert reads(list(read(text.encode(encoding)))) == [(None, SENT, REQUEST)]


def test_lines_of_another_width_in_a_text_are_read_where_they_stand() -> None:
    line = f"TX: {SNRM.hex(' ')}\r\n"
    wide = line.encode("utf-16-le")
    chunks = list(read(line.encode() + wide + wide + line.encode()))
    assert [chunk.octets for chunk in chunks] == [SNRM] * 4
    # the second octet of a wide line's end stands before the next line
    assert [chunk.offset for chunk in chunks] == [0, len(line), 3 * len(line) - 1, 5 * len(line) - 1]


def test_arrows_with_two_lines_tell_the_direction() -> None:
    text = "2026-03-21 10:15:32,1 [7] INFO comm - {} 7E A0 01 02\n"
    assert [chunk.direction for chunk in read(text.format("=>") + text.format("<="))] == [SENT, RECEIVED]


def test_year_at_the_end_of_a_date_is_read() -> None:
    (chunk,) = read("Sat Mar 21 10:15:32 2026 TX 7E A0 01 02\n")
    assert chunk.time_ns == START_NS // 10**9 * 10**9


def test_numbers_that_are_no_octets_are_none() -> None:
    assert judge(b"values: 126, 160, 25, 3, 33, 300, 16\n") is None


def test_buffer_that_is_printed_each_time_it_grew_gives_its_octets_once() -> None:
    whole = SNRM + REQUEST + SNRM
    sizes = (4, len(SNRM), len(SNRM) + 7, len(whole))
    log = "".join(
        f"21:40:1{at} host reader[7]: DEBUG:HDLC Buffer: {_hex(whole[:size])}\n" for at, size in enumerate(sizes)
    )
    assert b"".join(chunk.octets for chunk in read(log)) == whole
    again = "".join(f"21:40:1{at} host reader[7]: DEBUG:HDLC Buffer: {_hex(SNRM)}\n" for at in range(2))
    assert [chunk.octets for chunk in read(again)] == [SNRM, SNRM]


def _hex(octets: bytes) -> str:
    return octets.hex(" ").upper()


@pytest.mark.parametrize(
    "piece",
    ["\n", " ", "\t", "  \n", "1", "12345\n", "A5 ", "A5", '"', '"\n', '"A5A5"\n', ",", ",,\n", "7EA007??", "7E A0 07 XX ", "TX ACK 06\n"],
)  # fmt: skip
def test_judging_strange_lines_costs_about_as_much_as_plain_ones(piece: str) -> None:
    plain = "10:15:32 TX 7E A0 07 03 21 93 0F 01 7E\n"

    def judged(piece: str, size: int = 1 << 13) -> float:
        text = (piece * size)[:size].encode()
        return processor_s(lambda: judge(text), rounds=2)

    assert judged(piece) < 20 * judged(
        plain
    )  # of 40 times as many lines; those that look ahead took fifty times longer
