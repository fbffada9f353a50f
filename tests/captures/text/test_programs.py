"""Logs of programs that were not made for traces: what stands around octets says their direction, or is none of them."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable
from itertools import groupby

import pytest

from captures.chunk import RECEIVED, SENT, UNKNOWN
from captures.text.judge import judge
from tests.captures.text.test_shapes import read
from tests.captures.text.written import TX_RX, Sent, _at, _rows, _words, session

EVENTS = session()
FRAMES = [one.octets for one in EVENTS]
WHOLE = b"".join(FRAMES)
SPOKEN = [(one.direction, one.octets) for one in EVENTS]
SNRM = bytes.fromhex("7EA0070321930F017E")
ADDRESS = bytes.fromhex("10 40 FD 3D 16")
"""A short frame of M-Bus."""


def spoken(text: str | bytes) -> list[tuple[int, bytes]]:
    """Directions and octets that *text* gives, octets of one direction joined."""
    with read(text) as source:
        chunks = list(source)
    return [
        (direction, b"".join(chunk.octets for chunk in group))
        for direction, group in groupby(chunks, lambda chunk: chunk.direction)
    ]


def octets(text: str | bytes) -> bytes:
    return b"".join(found for _, found in spoken(text))


@pytest.mark.parametrize(
    "write",
    [
        lambda way, frame: (
            f"[2026-03-21 10:15:3{way}] {'SEND' if way == SENT else 'RECV'} ({len(frame):03}): {frame.hex(' ')}"
        ),
        lambda way, frame: f'(serial) {"sent" if way == SENT else "received"} binary "{frame.hex().upper()}"',
        lambda way, frame: f"[10:15:32][D][uart_debug:114]: {'>>>' if way == SENT else '<<<'} {frame.hex(':')}",
    ],
)
def test_single_octet_behind_words_that_others_stand_behind_is_read(write: Callable[[int, bytes], str]) -> None:
    said = [(SENT, ADDRESS), (RECEIVED, b"\xe5"), *SPOKEN[:2], (RECEIVED, b"\x7e"), SPOKEN[3]]
    text = "".join(f"{write(way, frame)}\nnothing more to send\n" for way, frame in said)
    assert octets(text) == b"".join(frame for _, frame in said)


def test_digits_behind_words_that_announce_no_octets_are_none() -> None:
    text = "\n".join(f"TX frame: {frame.hex()}\nsent 20\nTX frames 12\nretries: 03\n" for frame in FRAMES)
    assert octets(text) == WHOLE


@pytest.mark.parametrize("value", ["18:02:11", "12:30", "17", "01.02", "10-12-26", "12 30:00"])
def test_times_and_settings_behind_words_that_octets_stood_behind_are_none(value: str) -> None:
    text = "".join(f"DEBUG sent keepalive {frame.hex(' ')}\nDEBUG sent keepalive {value}\n" for frame in FRAMES)
    assert octets(text) == WHOLE


@pytest.mark.parametrize("value", ["0x17", "1E", "10 40", "1E:02:11"])
def test_few_octets_that_are_no_number_are_read_behind_words_that_octets_stood_behind(value: str) -> None:
    read_as = bytes.fromhex(value.removeprefix("0x").replace(":", " "))
    assert octets(f"DEBUG sent keepalive {FRAMES[0].hex(' ')}\nDEBUG sent keepalive {value}\n") == FRAMES[0] + read_as


def test_digits_that_a_unit_lacks_or_a_line_announces_are_octets() -> None:
    cut, head = bytes.fromhex("68 03 03 68 08 05 72 12 16"), "DEBUG got telegram"
    assert octets(f"{head} {cut[:-1].hex(' ')}\n{head} {cut[-1:].hex()}\n") == cut
    announced = f"{head} {FRAMES[1].hex(' ')}\nDEBUG received 1 byte\n{head} 10\n"
    assert octets(announced.replace("got", "received")) == FRAMES[1] + b"\x10"


@pytest.mark.parametrize("number", ["27347742", "22661796.000000", "20260321101532", "'22661795'"])
def test_numbers_among_the_words_of_a_log_are_no_octets(number: str) -> None:
    text = "\n".join(f"DEBUG:buffer: {frame.hex(' ')}\nDEBUG:3 1.1.1.8.0.255 2: {number}" for frame in FRAMES)
    assert octets(text) == WHOLE


def test_short_frame_of_digits_is_no_number() -> None:
    assert octets(f"buffer: 1040014116\nbuffer: {FRAMES[0].hex()}\n") == bytes.fromhex("1040014116") + FRAMES[0]


@pytest.mark.parametrize("write", ["**7E** {}", "**7E**{}", "x = **7E {}**"])
def test_octets_that_markdown_made_bold_are_read(write: str) -> None:
    for frame in FRAMES:
        assert octets(f'{{"SerialReceived":"{write.format(frame[1:].hex())}"}}\n') == frame


def test_asterisks_that_mask_a_value_are_no_bold_octets() -> None:
    message = "<STX>0.0.0(12345678)<CR><LF>C.1.0(12**)<CR><LF>C.1.1(**12**)<CR><LF>1.8.0(1*kWh)<CR><LF>!<CR><LF><ETX>"
    found = b"\x020.0.0(12345678)\r\nC.1.0(12**)\r\nC.1.1(**12**)\r\n1.8.0(1*kWh)\r\n!\r\n\x03"
    assert spoken(f"TX: /?!<CR><LF>\nRX: {message}\n") == [(SENT, b"/?!\r\n"), (RECEIVED, found)]


def test_decimal_numbers_of_three_digits_are_read() -> None:
    text = "".join(
        f"{_at(one, '%H:%M:%S', 3)}\t{TX_RX(one)}\t{' '.join(f'{o:03}' for o in one.octets)}\n" for one in EVENTS
    )
    assert spoken(text) == SPOKEN


@pytest.mark.parametrize("offsets", [True, False], ids=["od -t u1", "od -An -t u1"])
def test_decimal_numbers_in_cells_are_read(offsets: bool) -> None:
    rows = [f"{at:07o}" * offsets + "".join(f"{octet:4d}" for octet in row) for at, row in _rows(WHOLE)]
    assert octets("\n".join([*rows, f"{len(WHOLE):07o}" * offsets])) == WHOLE


def test_addresses_of_the_internet_before_octets_are_none() -> None:
    text = "".join(f"{one.time_ns / 1e9:.9f}\t192.168.1.10\t10.1.0.20\t{one.octets.hex()}\n" for one in EVENTS)
    with read(text) as source:
        chunks = list(source)
    assert [chunk.octets for chunk in chunks] == FRAMES
    assert chunks[0].time_ns is not None


def test_escapes_with_blanks_between_are_read() -> None:
    escaped = [" ".join(f"\\x{octet:02x}" for octet in frame) for frame in FRAMES]
    text = "".join(f"{_words('>>>', '<<<')(one)} {frame}\n" for one, frame in zip(EVENTS, escaped, strict=True))
    assert spoken(text) == SPOKEN


def test_last_row_of_a_string_with_one_escape_is_read() -> None:
    rows = ['"' + "".join(f"\\x{o:02x}" for o in row) + '" \\' for frame in FRAMES for _, row in _rows(frame)]
    assert any(row.count("x") == 1 for row in rows)
    assert octets("\n".join(rows)) == WHOLE


def test_strings_with_escapes_and_characters_are_read_as_strings() -> None:
    def inspected(frame: bytes) -> str:
        return "".join(chr(o) if 32 <= o < 127 and chr(o) not in '"\\#' else f"\\x{o:02X}" for o in frame)

    text = "".join(
        f'{_at(one, "%H:%M:%S")} {_words("write", "read")(one)} "{inspected(one.octets)}"\n' for one in EVENTS
    )
    assert spoken(text) == SPOKEN


@pytest.mark.parametrize(
    ("write", "digits"),
    [
        (lambda one: str(one.time_ns // 1_000_000), 3),
        (lambda one: str(one.time_ns), 9),
        (lambda one: _at(one, "%Y%m%dT%H%M%S", 3) + "Z", 3),
        (lambda one: _at(one, "%Y%m%d-%H%M%S"), 0),
    ],
    ids=["milliseconds", "nanoseconds", "basic format", "basic format with a dash"],
)
def test_times_without_signs_between_are_read(write: Callable[[Sent], str], digits: int) -> None:
    unit = 10 ** (9 - digits)
    with read("".join(f'{{"t":"{write(one)}","frame":"{one.octets.hex()}"}}\n' for one in EVENTS)) as source:
        found = [(chunk.time_ns, chunk.octets) for chunk in source]
    assert found == [(one.time_ns // unit * unit, one.octets) for one in EVENTS]


@pytest.mark.parametrize(
    "form",
    [
        '{{"dir": "{way}", "meter": "52100071", "hex": "{frame}"}}',
        "(1000, 52100071, '{way}', X'{frame}'),",
        " 100 | {way} | \\x{frame}",
        "17;{way};{length};{frame}",
    ],
)
def test_direction_in_a_column_of_its_own_is_heeded(form: str) -> None:
    text = "".join(
        form.format(way=_words("OUT", "IN")(one), frame=one.octets.hex(), length=len(one.octets)) + "\n"
        for one in EVENTS
    )
    assert spoken(text) == SPOKEN


def test_name_of_a_member_is_no_direction() -> None:
    assert spoken("".join(f'{{"in": 7, "frame": "{frame.hex()}"}}\n' for frame in FRAMES)) == [(UNKNOWN, WHOLE)]


def test_direction_behind_octets_is_heeded() -> None:
    text = "".join(f'A\t"(0x) {one.octets.hex("-").upper()}" {_words("sent", "received")(one)}\n' for one in EVENTS)
    assert spoken(text) == SPOKEN


def test_line_that_says_how_many_octets_come_says_their_direction() -> None:
    def rows(frame: bytes) -> str:
        return "".join(f"I (5001) meter: {row.hex(' ')}\n" for _, row in _rows(frame))

    text = "".join(
        f"I (5000) meter: uart {_words('write', 'read')(one)} {len(one.octets)} bytes\n{rows(one.octets)}"
        for one in EVENTS
    )
    assert spoken(text) == SPOKEN


def test_members_above_octets_say_their_time_and_direction() -> None:
    records = [
        {"ts": _at(one, "%Y-%m-%dT%H:%M:%S", 3), "dir": _words("OUT", "IN")(one), "hex": one.octets.hex()}
        for one in EVENTS
    ]
    with read(json.dumps(records, indent=2)) as source:
        found = [(chunk.time_ns, chunk.direction, chunk.octets) for chunk in source]
    assert found == [(one.time_ns // 10**6 * 10**6, one.direction, one.octets) for one in EVENTS]


def test_element_around_octets_says_their_direction() -> None:
    text = "".join(
        f'  <message direction="{_words("request", "response")(one)}">\n    <hex>{one.octets.hex()}</hex>\n  </message>\n'
        for one in EVENTS
    )
    assert spoken(f'<?xml version="1.0"?>\n<trace>\n{text}</trace>\n') == SPOKEN


@pytest.mark.parametrize("words", [("Передача", "Приём"), ("wysłano", "odpowiedź")])
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be"])
def test_words_of_another_alphabet_in_utf_16_are_heeded(words: tuple[str, str], encoding: str) -> None:
    text = "".join(
        f"{_at(one, '%d.%m.%Y %H:%M:%S')} {_words(*words)(one)}: {one.octets.hex(' ')}\r\n" for one in EVENTS
    )
    assert spoken(text.encode(encoding)) == SPOKEN


@pytest.mark.parametrize("encoding", ["utf-8", "gbk"])
@pytest.mark.parametrize("end", ["", " □"])
def test_single_signs_of_a_direction_before_an_arrow_are_heeded(end: str, encoding: str) -> None:
    text = "".join(
        f"[{_at(one, '%H:%M:%S', 3)}]{_words('发→◇', '收←◆')(one)}{one.octets.hex(' ').upper()}{end}\n"
        for one in EVENTS
    )
    assert spoken(text.encode(encoding)) == SPOKEN


def test_messages_of_a_dialogue_without_control_characters_are_read_without_remarks() -> None:
    text = (
        "-> /?!\n<- /XYZ5\\2METER.P07 //(device responds correctly)\n"
        "-> <ACK>001 //(I stay with 300 Bd)\n-> <SOH>R1<STX>1.8.0()<ETX><BCC> //(0x01, 0x52, 0x31)\n"
    )
    assert spoken(text) == [
        (SENT, b"/?!\r\n"),
        (RECEIVED, b"/XYZ5\\2METER.P07\r\n"),
        (SENT, b"\x06001\r\n\x01R1\x021.8.0()\x03"),
    ]


def test_slashes_within_a_message_are_no_remark() -> None:
    text = (
        "TX: /?!<CR><LF> // begins\nRX: /ISk5 //x MT<CR><LF>\nTX: <ACK>050<CR><LF> //(see <ACK>)\n"
        "RX: <STX>0.0.0(http //a)<CR><LF>!<CR><LF><ETX>\nRX: 0.0.0(http //b)<ETX><BCC> // 1\n"
        "RX: <STX>0.0.1( //c) // last\n"
    )
    assert spoken(text) == [
        (SENT, b"/?!\r\n"),
        (RECEIVED, b"/ISk5 //x MT\r\n"),
        (SENT, b"\x06050\r\n"),
        (RECEIVED, b"\x020.0.0(http //a)\r\n!\r\n\x030.0.0(http //b)\x03\x020.0.1( //c)\r\n"),
    ]


def test_unit_that_is_explained_below_it_is_given_once() -> None:
    lines = ["1 HDLC parameter negotiation"]
    for one in EVENTS[:4]:
        text = one.octets.hex().upper()
        pieces = (text[:2], text[2:6], text[6:-6], text[-6:-2], text[-2:])
        lines += [f"{_words('Sent', 'Received')(one)} frame: UA", text[:68], text[68:], "Comments:"]
        lines += [f"{piece} // flag, format or the rest" for piece in pieces]
    assert spoken("\n".join(filter(None, lines))) == SPOKEN[:4]


def _beside(row: bytes, shown: str) -> str:
    return f"{row.hex(' ').upper():<50}{shown}\n"


def test_rows_with_their_characters_beside_them_are_read() -> None:
    shown = "".join(chr(octet) if 32 < octet < 127 else "." for octet in WHOLE)
    assert octets("".join(_beside(row, shown[at : at + 16]) for at, row in _rows(WHOLE))) == WHOLE


def test_rows_with_other_words_beside_them_are_no_rows_with_characters() -> None:
    found = judge("".join(_beside(row, "sixteen octets") for _, row in _rows(WHOLE)).encode())
    assert found is None or found.shape.name != "rows-with-characters"


def test_numbers_of_rows_before_a_date_are_no_octets() -> None:
    text = "".join(f"{10 + at}\t03/21/2026 10:15:32\tCOM3\n\t{frame.hex(' ')}\n" for at, frame in enumerate(FRAMES))
    assert octets(text) == WHOLE


def test_pieces_below_a_unit_that_leave_some_of_its_octets_out_are_its_explanation() -> None:
    text = FRAMES[4].hex(" ").upper()
    lines = ["Hello, what does this mean?", text[:41], text[42:], "7E //Frame header", f"{text[3:5]}//Format type"]
    lines += [f"{text[12:17]} // addresses", text[30:-6], "These bytes are no text:", "C0 -> A", "that is all"]
    assert octets("\n".join(lines)) == FRAMES[4]


def test_arrow_of_a_monitor_behind_the_time_is_no_direction() -> None:
    text = "".join(f"{_at(one, '%H:%M:%S', 3)} -> {one.octets.hex()} The packet is fine \n" for one in EVENTS)
    assert spoken(text) == spoken(text.replace("\n", "")) == [(UNKNOWN, WHOLE)]


def test_arrows_behind_times_that_point_both_ways_are_directions() -> None:
    text = "".join(f"{_at(one, '%H:%M:%S', 3)} {_words('->', '<-')(one)} {one.octets.hex(' ')}\n" for one in EVENTS)
    assert spoken(text) == SPOKEN


def test_table_of_netty_below_a_line_without_a_time_has_its_direction() -> None:
    rule = "+--------+--+--+\n"
    text = "".join(
        f"{_words('WRITTEN', 'RECEIVED')(one)}: BigEndianHeapChannelBuffer(ridx=0, widx={len(one.octets)})\n{rule}"
        + "".join(f"|{at:08x}| {row.hex(' '):<48}|{'.' * 16}|\n" for at, row in _rows(one.octets))
        + rule
        for one in EVENTS
    )
    assert spoken(text) == SPOKEN


def test_arrays_behind_words_of_a_direction_count_beside_lines_of_octets() -> None:
    sign_on, select = bytes.fromhex("55AF3F218D0A"), bytes.fromhex("06B230B20D0A")
    arrays = [
        f"Send --> var cmd{at} = arrayOf({','.join(f'0x{o:02X}' for o in one)})"
        for at, one in enumerate((sign_on, select))
    ]
    text = "\n".join(
        [*arrays, "Receive <-- /HLY5", "Then I tried these two:", *(f.hex(" ").upper() for f in FRAMES[:2])]
    )
    assert octets(text) == sign_on + select + FRAMES[0] + FRAMES[1]


def test_digit_that_stands_alone_on_a_line_is_no_octet_with_a_digit_left_out() -> None:
    with read("\n".join([FRAMES[0].hex(" "), "Byte number:", *"123456789", FRAMES[1].hex(" ")])) as source:
        assert [chunk.octets for chunk in source] == FRAMES[:2]
        assert "hex-odd-digits" not in source.remark_counts


def test_rows_that_wireshark_indents_are_those_of_the_side_that_answers() -> None:
    places, rows = {SENT: 0, RECEIVED: 0}, []
    for way, frame in SPOKEN:
        for _, row in _rows(frame):
            shown = f"{row[:8].hex(' ')}  {row[8:].hex(' ')}"
            rows.append(f"{'    ' if way == RECEIVED else ''}{places[way]:08x}  {shown:<49} {'.' * len(row)}")
            places[way] += len(row)
    assert spoken("\n".join(rows)) == SPOKEN


@pytest.mark.parametrize("between", ["And later:\n\n", "", "Sent to meter:\n"])
def test_indented_rows_are_of_another_side_only_where_nothing_but_rows_goes_on(between: str) -> None:
    row = f"{0:08x}  {SNRM[:8].hex(' ')}  {SNRM[8:].hex(' ')}{' ' * 24}~...!...~\n"
    again = "" if between else row
    assert {way for way, _ in spoken(f"{row}{again}\n{between}    {row}")} == {UNKNOWN}
    assert spoken(f"{row}\n    {row}0000") == [(SENT, SNRM), (RECEIVED, SNRM)], "the last row is cut"


@pytest.mark.parametrize(
    "form",
    [
        "  - time: {time}Z\n    direction: {way}\n    data: {frame}\n",
        "[frame {number}]\ndirection={way}\ntime={time}\nhex={frame}\n\n",
    ],
    ids=["YAML", "INI"],
)
def test_lines_with_names_above_octets_say_their_time_and_direction(form: str) -> None:
    text = "".join(
        form.format(
            time=_at(one, "%Y-%m-%dT%H:%M:%S", 3), way=_words("tx", "rx")(one), frame=one.octets.hex(), number=at
        )
        for at, one in enumerate(EVENTS)
    )
    with read(f"frames:\n{text}") as source:
        found = [(chunk.time_ns, chunk.direction, chunk.octets) for chunk in source]
    assert found == [(one.time_ns // 10**6 * 10**6, one.direction, one.octets) for one in EVENTS]


def test_octets_that_a_line_has_in_two_spellings_are_given_once() -> None:
    text = "".join(f'<field name="tcp.payload" show="{frame.hex(":")}" value="{frame.hex()}"/>\n' for frame in FRAMES)
    assert octets(text) == WHOLE


def test_rows_of_base64_below_one_that_begins_a_unit_are_read() -> None:
    rows = ["host: 10.0.0.1", "port: 4059"]
    for frame in FRAMES:
        rows += ["    data: !!binary |", *(f"      {b64encode(row).decode()}" for _, row in _rows(frame, 57))]
    assert max(map(len, FRAMES)) > 57
    assert octets("\n".join(rows)) == WHOLE


@pytest.mark.parametrize(
    ("sent", "received"),
    [("→ meter", "← meter"), ("Wrote value", "Notified value"), ("req", "resp"), ("IRP_MJ_WRITE", "IRP_MJ_READ")],
)
def test_further_words_and_signs_of_a_direction_are_heeded(sent: str, received: str) -> None:
    text = "".join(f"| 7 | {_words(sent, received)(one)} | `{one.octets.hex(' ')}` |\n" for one in EVENTS)
    assert spoken(text) == SPOKEN
