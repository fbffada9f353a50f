"""Traces as people post them: broken by programs, pages and other languages; each rebuilt from a simulated session."""

from __future__ import annotations

import itertools
import json
import time
from base64 import b64encode, encodebytes
from pathlib import Path

import pytest

from analyzer.simulate.mbus_line import segments
from captures.chunk import RECEIVED, SENT, UNKNOWN
from captures.source import open_source
from captures.stream import BLOCK
from captures.text.judge import judge
from tests.captures.text.test_shapes import read
from tests.captures.text.written import SENT_RECEIVED, TX_RX, session

EVENTS = session()
FRAMES = [one.octets for one in EVENTS]


def joined(text: str | bytes) -> bytes:
    return b"".join(chunk.octets for chunk in read(text))


@pytest.mark.parametrize("form", ["0x{:X} ", "0x{:x}, ", "{:X} "])
def test_octets_without_their_leading_zeros_are_read(form: str) -> None:
    frames = [octets for octets in FRAMES if octets[-2] > 15 and sum(octet < 16 for octet in octets) > 1]
    assert len(frames) > 5
    text = "".join("".join(form.format(octet) for octet in octets).rstrip(" ,") + "\n" for octets in frames)
    assert [chunk.octets for chunk in read(text)] == frames


@pytest.mark.parametrize("between", [":", "-", ", ", " "])
def test_rows_of_octets_without_their_leading_zeros_are_read(between: str) -> None:
    octets = b"".join(FRAMES)
    rows = [octets[at : at + 7] for at in range(0, len(octets), 7)]
    assert any(sum(octet < 16 for octet in row) == 1 for row in rows)
    assert joined("".join(between.join(f"{octet:X}" for octet in row) + "\n" for row in rows)) == octets


def test_octets_without_their_leading_zeros_are_read_behind_words() -> None:
    text = "".join("The frame was " + "".join(f"0x{octet:x} " for octet in octets) + "\n" for octets in FRAMES)
    assert [chunk.octets for chunk in read(text)] == FRAMES


def test_numbers_beside_octets_do_not_make_a_digit_that_was_lost_a_zero() -> None:
    octets = bytes.fromhex("C4 01 C1 00 06 00 00 07 50")
    written = octets.hex(" ")
    text = f"stats 10 20 30 4 5 6\n12:00:01 RX: {written}\n12:00:02 RX: {written.replace('07', '0')}\n"
    with read(text) as source:
        assert [chunk.octets for chunk in source] == [octets, octets.replace(b"\7", b"")]
        assert "hex-odd-digits" in source.remark_counts


def test_rows_with_wide_gaps_behind_the_mark_of_a_log_are_read() -> None:
    text = "".join(
        f"(I) (HanReader)Full DLMS frame ({len(octets)} bytes)\n"
        + "".join(
            "(I) " + "  ".join(octets[at + part : at + part + 4].hex(" ").upper() for part in range(0, 16, 4)) + "\n"
            for at in range(0, len(octets), 16)
        )
        for octets in FRAMES
    )
    assert joined(text) == b"".join(FRAMES)


@pytest.mark.parametrize("level", ["(V)", "(V t:1419760ms)"])
def test_apdu_below_its_title_is_read_once_in_a_log_without_its_frame(level: str) -> None:
    apdu = bytes.fromhex("0F 00000001 00 0204") + bytes.fromhex("0600000001") * 4
    rows = [apdu[at : at + 16].hex(" ").upper() for at in range(0, len(apdu), 16)]
    inside = [apdu[6:][at : at + 16].hex(" ").upper() for at in range(0, len(apdu) - 6, 16)]
    titled = ["DLMS frame:", *rows, "Using application data:", *inside]
    text = "".join(f"{level} {line}\n" for line in titled)
    assert joined(text) == apdu


def test_push_over_m_bus_in_base64_is_read() -> None:
    frames = segments(bytes(range(1, 255)), 1, 103, length=0xFA)
    octets = b"".join(frames)
    assert len(frames) == 2
    assert joined(json.dumps({"topic": "meter/raw", "payload": b64encode(octets).decode()})) == octets
    assert joined(encodebytes(octets)) == octets  # in rows, the second frame within one of them


def test_ciphered_push_of_any_maker_in_base64_is_read() -> None:
    for maker in (b"SAG", b"LGZ", b"\0\0\0"):
        octets = b"\xdb\x08" + maker + bytes.fromhex("5700001234 1E 30 00000001") + bytes(range(25))
        assert joined(json.dumps({"topic": "meter/raw", "payload": b64encode(octets).decode()})) == octets


OPENED = bytes.fromhex("0F 00000000 0C 07E70406040D3132FF800080 0201 0600000001")


@pytest.mark.parametrize(
    "said", ["Decrypted: ", "[12:00:00][D][dlms:123]: Plaintext = ", "Entschlüsselt: ", "Trame déchiffrée : "]
)
def test_deciphered_apdu_is_read_where_the_text_has_nothing_else(said: str) -> None:
    log = f"System title: 4D4D4D0000BC614E\nSchlüssel: {bytes(range(16)).hex()}\n{said}{OPENED.hex(' ').upper()}\n"
    assert joined(log) == OPENED
    assert joined(f"{log}RX: {FRAMES[0].hex(' ')}\n") == FRAMES[0]


@pytest.mark.parametrize("said", ["Decrypted key: ", "Entschlüsselungsschlüssel: ", "Decoded value: "])
def test_key_that_was_deciphered_is_no_traffic(said: str) -> None:
    assert judge(f"{said}{bytes(range(15, 31)).hex()}\n".encode()) is None


def test_buffer_in_a_message_of_node_red_is_read_with_members_behind_it() -> None:
    messages = ({"payload": {"type": "Buffer", "data": list(octets)}, "topic": "", "_msgid": "1a"} for octets in FRAMES)
    text = "".join(json.dumps(one, separators=(",", ":")) + "\n" for one in messages)
    assert [chunk.octets for chunk in read(text)] == FRAMES


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("width", [37, 63, 64, 77])
def test_hex_that_is_broken_at_any_width_is_read(width: int, end: str) -> None:
    octets = max(FRAMES, key=len)
    digits = octets.hex()
    assert joined(end.join(digits[at : at + width] for at in range(0, len(digits), width))) == octets


def test_units_that_lack_a_digit_each_are_not_taken_for_one_that_is_broken() -> None:
    units = [octets for octets in FRAMES if len(octets) > 20][:4]
    assert [chunk.octets for chunk in read("\n".join(f"{one.hex()[:-1]}" for one in units))] == [
        one[:-1] for one in units
    ]


def test_apdus_that_lost_a_digit_each_beside_whole_ones_take_none_of_the_next() -> None:
    answer, get = "c401c100090c07e80101010c000000000000", "c001c100080000010000ff0200"
    apdus = [chunk.octets for chunk in read("\n".join((answer[:-1], get[:-1], get, answer)))]
    assert apdus == [bytes.fromhex(one) for one in (answer[:-2], get[:-2], get, answer)]


def test_apdus_of_one_length_that_lost_a_digit_each_take_none_of_the_next() -> None:
    get = "c001c100080000010000ff020"
    assert [chunk.octets for chunk in read("\n".join((get, get, get, get)))] == 4 * [bytes.fromhex(get[:-1])]


def test_hex_that_is_broken_at_an_odd_width_is_read_across_blocks_and_behind_words(tmp_path: Path) -> None:
    octets = max(FRAMES, key=len)
    digits = octets.hex()
    lines, times = [digits[at : at + 41] for at in range(0, len(digits), 41)], 4 * BLOCK // len(digits)
    path = tmp_path / "broken.txt"
    path.write_text("# a remark that says nothing at all\n" * 150 + "\n".join(lines * times))
    with open_source(str(path)) as source:
        assert b"".join(chunk.octets for chunk in source) == octets * times
        assert "hex-odd-digits" not in source.remark_counts


def test_dump_between_bars_is_read() -> None:
    text = ""
    for octets in FRAMES:
        text += "RECEIVED: Buffer(ridx=0)\n         +----+\n         |  0  1  2  3 |\n+--------+----+----+\n"
        for at in range(0, len(octets), 16):
            row = octets[at : at + 16]
            text += f"|{at:08x}| {row.hex(' '):<47} |{'.' * len(row):<16}|\n"
        text += "+--------+----+----+\n"
    assert [chunk.octets for chunk in read(text)] == FRAMES


def test_log_that_a_page_made_one_line_gives_every_frame() -> None:
    text = "".join(f"10:15:32.366 -> {octets.hex()} Packet was decrypted but is wrong! " for octets in FRAMES)
    assert [chunk.octets for chunk in read(text)] == FRAMES


def test_frames_of_one_array_on_one_line_are_all_read() -> None:
    text = "const frames = [" + ", ".join(f'"{octets.hex()}"' for octets in FRAMES) + "];\n"
    assert [chunk.octets for chunk in read(text)] == FRAMES


def test_frames_in_a_program_with_remarks_behind_are_read() -> None:
    text = "".join(f'  static byte f{n}[] = parse("{one.hex(" ")}"); // verified\n' for n, one in enumerate(FRAMES))
    assert [chunk.octets for chunk in read(text)] == FRAMES


OTHERS = [
    ("发送：", "接收：", "utf-8"), ("发送", "接收", "gbk"), ("Запрос:", "Ответ:", "utf-8"), ("Передача:", "Прием:", "cp1251"),
    ("客户端：", "服务端：", "utf-8"), ("Клиент:", "Счетчик:", "cp1251"), ("PC:", "Zähler:", "utf-8"),
    ("Gesendet:", "Empfangen:", "utf-8"), ("Envoyé :", "Reçu :", "cp1252"), ("Wysłano:", "Odebrano:", "cp1250"),
]  # fmt: skip


@pytest.mark.parametrize(("sent", "received", "encoding"), OTHERS)
def test_words_of_a_direction_in_another_language_are_heeded(sent: str, received: str, encoding: str) -> None:
    words = {SENT: sent, RECEIVED: received}
    text = "".join(f"{words[one.direction]} {one.octets.hex(' ')}\n" for one in EVENTS).encode(encoding)
    found = [(chunk.direction, chunk.octets) for chunk in read(text)]
    assert found == [(one.direction, one.octets) for one in EVENTS]


def test_time_below_or_above_a_lone_direction_belongs_to_the_octets_below_both() -> None:
    text = ""
    for number, one in enumerate(EVENTS):
        title, time = "Запрос" if one.direction == SENT else "Ответ", f"18.08.2024 23:28:{number:02d}.500"
        text += "\n".join((title, time) if number % 2 else (time, title))
        text += (
            "".join(f"\n{one.octets[at : at + 16].hex(' '):<58}..." for at in range(0, len(one.octets), 16)) + "\n\n"
        )
    found = [(chunk.time_ns, chunk.direction, chunk.octets) for chunk in read(text)]
    start = 1_724_023_680_500_000_000
    assert found == [(start + n * 1_000_000_000, one.direction, one.octets) for n, one in enumerate(EVENTS)]


@pytest.mark.parametrize("sign", [" ... 7e", "...", " …"])
def test_octets_that_a_log_leaves_out_are_said_to_be_missing(sign: str) -> None:
    text = "".join(
        f"{TX_RX(one)}: {one.octets[:20].hex(' ')}{sign if len(one.octets) > 20 else ''}\n" for one in EVENTS
    )
    found = [(chunk.direction, chunk.octets, chunk.original_length) for chunk in read(text)]
    assert found == [(one.direction, one.octets[:20], len(one.octets)) for one in EVENTS]


def test_dots_for_characters_leave_nothing_out() -> None:
    rows = [one.octets[at : at + 4] for one in EVENTS for at in range(0, len(one.octets), 4)]
    text = "".join(f"{row.hex(' ')}  {'.' * len(row)}\n" for row in rows if len(row) != 3)
    assert all(chunk.original_length == len(chunk.octets) for chunk in read(text))


BETWEEN = [
    ("Client -> Server", "Server -> Client"), ("HES => Meter", "Meter => HES"), ("PC → Meter", "Meter → PC"),
    ("[C->S]", "[S->C]"), ("PC->表", "表->PC"), ("client to server", "server to client"),
    ("Client <- Server", "Server <- Client"), ("A->B", "B->A"), ("127.0.0.1 --> 10.0.0.2", "10.0.0.2 --> 127.0.0.1"),
]  # fmt: skip


@pytest.mark.parametrize(("asks", "answers"), BETWEEN)
def test_side_before_an_arrow_speaks_to_the_side_behind_it(asks: str, answers: str) -> None:
    if "<-" in asks:
        asks, answers = answers, asks
    words = {SENT: asks, RECEIVED: answers}
    text = "".join(f"{words[one.direction]}: {one.octets.hex(' ')}\n" for one in EVENTS)
    found = [(chunk.direction, chunk.octets) for chunk in read(text)]
    assert found == [(one.direction, one.octets) for one in EVENTS]


def test_frames_below_a_title_without_a_direction_are_read_and_printouts_are_not() -> None:
    text = ""
    for number, one in enumerate(EVENTS):
        title = SENT_RECEIVED(one) + " frame." if number % 4 else "Authenticating."
        text += f"{title}\n{one.octets.hex(' ').upper()}\n"
    text += "The counter is\n00 00 00 17\n"
    found = [(chunk.direction, chunk.octets) for chunk in read(text)]
    assert found == [(one.direction if n % 4 else UNKNOWN, one.octets) for n, one in enumerate(EVENTS)]


def test_empty_bytes_behind_those_of_a_frame_are_passed_over() -> None:
    text = "".join(f"data={octets!r} link=Hdlc(buffer=bytearray(b''))\n" for octets in FRAMES)
    assert [chunk.octets for chunk in read(text)] == FRAMES


def test_whole_frame_among_words_counts_before_the_beginning_that_someone_explains() -> None:
    longest = max(FRAMES, key=len)
    text = f"got a valid frame with correct checksum: {longest.hex()}\nLook:\n"
    text += "".join(f"{longest[at : at + 6].hex()} // field {at}\n" for at in range(0, len(longest) // 3, 6))
    assert longest in [chunk.octets for chunk in read(text)]


def test_key_behind_its_name_is_no_traffic_beside_frames() -> None:
    text = "".join(f"frame {octets.hex()}\nkey 000102030405060708090A0B0C0D0E0F\n" for octets in FRAMES)
    assert [chunk.octets for chunk in read(text)] == FRAMES
    assert judge(text.encode()) is not None


@pytest.mark.parametrize(
    "form",
    ["[{:02X}]", "<{:02x}>", "<{:02X}> ", "({:02X})", "{{{:02X}}}", "${:02X} ", "%{:02x}", "{:02X}h ", "&H{:02X}, "],
)
def test_octets_with_marks_around_each_are_read(form: str) -> None:
    text = "".join(
        f"{SENT_RECEIVED(one)} " + "".join(form.format(octet) for octet in one.octets).rstrip(" ,") + "\n"
        for one in EVENTS
    )
    found = [(chunk.direction, chunk.octets) for chunk in read(text)]
    assert found == [(one.direction, one.octets) for one in EVENTS]


@pytest.mark.parametrize("mark", ["|", ";", "/"])
def test_octets_between_unusual_marks_are_read(mark: str) -> None:
    text = "".join(mark.join(f"{octet:02x}" for octet in octets) + "\n" for octets in FRAMES)
    assert [chunk.octets for chunk in read(text)] == FRAMES


def test_decimal_octets_between_blanks_in_brackets_are_read() -> None:
    text = "".join(f"2026/03/21 10:15:32 rx: [{' '.join(str(octet) for octet in octets)}]\n" for octets in FRAMES)
    assert [chunk.octets for chunk in read(text)] == FRAMES


def test_decimal_octets_one_a_line_are_read() -> None:
    text = "This came in:\n\n" + "".join(f"{octet}\n" for octets in FRAMES for octet in octets)
    assert joined(text) == b"".join(FRAMES)


def test_small_numbers_one_a_line_are_hex_where_none_is_too_large_for_it() -> None:
    assert joined("16\n10\n43\n") == bytes.fromhex("161043")


@pytest.mark.parametrize(("begin", "form"), [(0o120, "{:07o}"), (0x4A0, "{:08x} "), (160, "{:06d}")])
def test_dump_that_was_copied_from_its_middle_goes_on_by_its_offsets(begin: int, form: str) -> None:
    octets = max(FRAMES, key=len)[:64]
    rows = [f"{form.format(begin + at)} {octets[at : at + 16].hex(' ')}\n" for at in range(0, 64, 16)]
    assert [chunk.octets for chunk in read("".join(rows))] == [octets]


def test_rows_with_times_that_a_page_made_one_line_are_read_one_by_one() -> None:
    rows = [f"10:15:{second:02d}.366 : {octets.hex(' ')}" for second, octets in enumerate(FRAMES)]
    chunks = list(read("The raw data:\n" + " ".join(rows) + "\n"))
    assert [chunk.octets for chunk in chunks] == FRAMES
    assert len({chunk.time_ns for chunk in chunks}) == len(FRAMES)
    assert sum(1 for _ in read("10:15:32.366 : 7e a0 " * 5000)) == 5000


def test_octets_in_a_table_with_remarks_are_read() -> None:
    octets = FRAMES[2]
    rows = [f"{octets[at : at + 9].hex(' ')} | what it is | 0x01 = one" for at in range(0, len(octets), 9)]
    assert joined("Data | Explanation | Value\n---- | ---- | -----\n" + "\n".join(rows) + "\n") == octets


@pytest.mark.parametrize("title", ["Encryption key:", "**GUEK:**", "IV:"])
def test_key_below_its_title_is_no_traffic(title: str) -> None:
    frames = "".join(f"{octets.hex()}\n" for octets in FRAMES)
    assert joined(f"{frames}\n{title}\n000102030405060708090a0b0c0d0e0f\n\nAny idea?\n") == b"".join(FRAMES)
    assert joined(f"{title}\n{frames}") == b"".join(FRAMES)


@pytest.mark.parametrize(
    ("form", "number"),
    [
        ("Encryption Key:\n{key}\n{frames}", 2), ("[reader]\nkey = {key}\nlog:\n{frames}", 2),
        ("device='X'\nkey='{key}'\n{frames}", 2), ("{frames}Nonce:\n{key}\n", 0),
        ("GUEK:\n{key}\nAuthentication key:\n{key}\n{frames}", 2), ("key {title}\n{frames}", 0),
    ],
)  # fmt: skip
def test_line_that_may_hold_a_key_is_named_and_not_shown(form: str, number: int) -> None:
    key, title = bytes(range(0xA0, 0xB0)).hex(), "4D4D4D0000BC614E"
    text = form.format(key=key, title=title, frames="".join(f"data='{octets.hex()}'\n" for octets in FRAMES))
    with read(text) as source:
        assert [chunk.octets for chunk in source] == FRAMES
        said = " ".join(one.text for one in source.remarks)
    assert ("may hold a key" in said) == (number > 0)
    assert not number or f"line {number} may hold a key" in said
    assert key not in said


def test_telegrams_of_a_radio_program_are_read() -> None:
    octets = bytes.fromhex("2E44B435785634120102 7A 0100 2025") + bytes(range(32))
    assert joined(f"### Logged telegrams\n\ntelegram=|_{octets.hex().upper()}|+39\n") == octets


def test_trace_with_two_times_on_a_line_gives_each_frame_once() -> None:
    text = ""
    for second, one in enumerate(EVENTS):
        way = SENT_RECEIVED(one)
        printed = f"{one.octets.hex(' ')}\n" if one.direction == SENT else ""
        text += f"16.41.{second:02d} Send request.\n{printed}16.41.{second:02d} 04.41.{second:02d}.417\t{way}\t{one.octets.hex(' ')}\n"
    chunks = list(read(text))
    assert [(chunk.direction, chunk.octets) for chunk in chunks] == [(one.direction, one.octets) for one in EVENTS]
    assert len({chunk.time_ns for chunk in chunks}) == len(EVENTS)


@pytest.mark.parametrize("sign", ["-", ":", "="])
def test_rows_that_say_what_they_are_go_on_with_the_unit_that_lacks_them(sign: str) -> None:
    octets = FRAMES[4]
    cuts = [12, 13, 19, 20, len(octets) - 3, len(octets)]
    pieces = [octets[begin:end] for begin, end in itertools.pairwise(cuts)]
    text = f"\treturn;\n// {FRAMES[2].hex(' ')}\n\n// {octets[:12].hex(' ')} \n"
    text += "".join(f"// {piece.hex(' ')} {sign} what it is\n" for piece in pieces[:-1])
    text += f"// {pieces[-1].hex(' ')}\nbool next() {{\n// 07 {sign} nothing\n"
    assert joined(text) == FRAMES[2] + octets


def test_octets_behind_a_wide_gap_belong_to_the_unit_that_lacks_them() -> None:
    octets = FRAMES[1]
    text = "".join(f"; works {n}:  {octets[:-3].hex(' ')}       {octets[-3:].hex(' ')}\n" for n in range(3))
    assert [chunk.octets for chunk in read(text)] == [octets] * 3
    beside = "".join(f"; frame {n}:  {octets.hex(' ')}       2A 2B\n" for n in range(3))
    assert [chunk.octets for chunk in read(beside)] == [octets] * 3


def test_word_of_a_direction_above_annotated_pieces_counts() -> None:
    sent, received = EVENTS[0], EVENTS[1]

    def pieces(octets: bytes) -> str:
        return f"7E //Flag\n{octets[1:3].hex(' ')} // Format\n{octets[3:-1].hex(' ')}\n7E// Flag\n"

    text = f"tx:\n{pieces(sent.octets)}rx:\n{pieces(received.octets)}"
    assert [(one.direction, one.octets) for one in read(text)] == [(SENT, sent.octets), (RECEIVED, received.octets)]


def test_pieces_whose_octets_lack_their_zeros_to_the_last_are_read() -> None:
    text = "1B 1B 1B 1B // escape\n1 1 1 1 // begin\n76 // list\n7 0 D 0 8C 8 46 // name\n63 1 1 // choice\n"
    assert joined(text) == bytes.fromhex("1B1B1B1B 01010101 76 07000D008C0846 630101")


@pytest.mark.parametrize("after", ["", "\n"])
def test_time_on_a_line_of_its_own_is_no_octets(after: str) -> None:
    text = "With the vendor's program:\n" + "".join(
        f"{one.octets.hex(' ')}\n15:30:{number:02d}{after}\n" for number, one in enumerate(EVENTS, 10)
    )
    found = [(chunk.time_ns, chunk.octets) for chunk in read(text)]
    start = (15 * 3600 + 30 * 60 + 10) * 1_000_000_000
    assert [octets for _, octets in found] == FRAMES
    assert [time for time, _ in found[1:]] == [start + n * 1_000_000_000 for n in range(len(EVENTS) - 1)]


def test_three_octets_with_colons_that_are_no_time_stay_octets() -> None:
    assert joined("7E:A0:08\n02:A1:21\n93:E9:DD\n7E\n") == bytes.fromhex("7EA00802A12193E9DD7E")


@pytest.mark.parametrize("form", ["{}", "Could not decode: {}", "2022-04-18 14:28:02 DEBUG no framing: {}`"])
@pytest.mark.parametrize("octets", [max(FRAMES, key=len), bytes.fromhex("0204 0A0E" + 14 * "4B" + 3 * "0600000001")])
def test_hex_that_was_taken_for_text_and_written_in_hex_again_is_read(octets: bytes, form: str) -> None:
    twice = octets.hex().upper().encode().hex().upper()
    assert joined(form.format(twice) + "\n") == octets
    assert joined(form.format(twice[:-2]) + "\n") == octets[:-1]


def test_rows_of_digits_in_hex_stay_the_characters_of_a_readout() -> None:
    octets = b"/MMM5SIM\r\n\r\n1-0:1.8.0(" + b"0102030405060708090001020304050607080900010203040506" + b")\r\n!\r\n"
    assert joined("".join(octets[at : at + 32].hex(" ") + "\n" for at in range(0, len(octets), 32))) == octets


def test_short_frames_of_m_bus_without_a_direction_are_read_beside_answers_that_have_one() -> None:
    frames = ["68060668 53FE51017A405D16", "10 40 40 80 16", "10 5B 40 9B 16"]
    answers = ["E5", "E5", "68 03 03 68 08 40 70 B8 16"]
    text = "".join(
        f"It works:\nso {ask}\nsuccess SO RESP: {answer}\n" for ask, answer in zip(frames, answers, strict=True)
    )
    written = [one for pair in zip(frames, answers, strict=True) for one in pair]
    assert joined(text) == bytes.fromhex("".join(written))


@pytest.mark.parametrize("between", [":", " "])
@pytest.mark.parametrize("gap", ["    ", "\t", "\t\t  "])
def test_number_of_octets_behind_a_wide_gap_is_no_octet(between: str, gap: str) -> None:
    octets = FRAMES[1]
    rows = [octets[:4], octets[4:7], octets[7:23], octets[23:]]
    text = "".join(f"{row.hex(between)}{between.strip()}{gap}{len(row)}\n" for row in rows)
    with read(text) as source:
        assert b"".join(chunk.octets for chunk in source) == octets
        assert "hex-odd-digits" not in source.remark_counts


def test_last_octets_of_rows_in_groups_are_no_numbers_of_octets() -> None:
    octets = bytes.fromhex("7EA00703 04 0F0302FE 04 21930F01 04 7E")
    text = "7E A0 07 03  04\n0F 03 02 FE  04\n21 93 0F 01  04\n7E\n"
    assert joined(text) == octets


@pytest.mark.parametrize(
    "rows",
    [
        ["00 01 00 01 00 10 00 06", "C4 01 C1 00 11   05"],
        ["E6 E7 00 C4 01 C1 00 11\t08"],
        ["C4 01 C1 00 02 02", "11   01", "11   02"],
        ["C4 01 C1 00 02 02", "11\t01", "11\t01"],
        ["00 01 00 01 00 10 00 05 C4 01   10", "C1 00 0F"],
        ["00 01 00 01 00 10 00 10 0F 00 00 00  10", "11 12 13 14 15 16 17 18 19 1A 1B 1C\t12"],
        ["00 01 00 01 00 10 00 1A 0F 00  10", "00 00 00 00 09 12 13 14 15 16  10", "21 22 23 24 25 26 27 28 29 2A  10"],
    ],
)
def test_octet_behind_a_wide_gap_stays_where_it_may_be_one(rows: list[str]) -> None:
    assert joined("\n".join(rows) + "\n") == bytes.fromhex("".join(rows))


def test_blanks_beside_octets_take_no_more_time_than_others() -> None:
    octets = bytes.fromhex("C401C10011")
    text = octets.hex(" ") + 200_000 * " " + "x\n" + f"{octets.hex(' ')}{200_000 * ' '}{octets.hex(' ')}\n"
    began = time.process_time()
    assert joined(2 * text).endswith(octets)
    assert time.process_time() - began < 5


def colon_rows(octets: bytes, size: int) -> str:
    return "".join(octets[at : at + size].hex(":") + "\n" for at in range(0, len(octets), size))


@pytest.mark.parametrize("size", [3, 4])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_row_of_three_octets_with_colons_is_no_time(size: int, end: str) -> None:
    octets = bytes.fromhex("00010001 00100007 C401C100 120005" if size == 4 else "000100 01A110 0007C4 01C100 120005")
    assert joined(colon_rows(octets, size).replace("\n", end)) == octets


@pytest.mark.parametrize("rows", [["0F:00:00:00", "01:00:11:05"], ["C4:01:C1:00:12", "01:05"]])
def test_time_below_rows_with_colons_that_end_stays_a_time(rows: list[str]) -> None:
    text = "\n".join([*rows, "06:07", "15:30:10", *rows, "06:07"]) + "\n"
    assert joined(text) == 2 * bytes.fromhex("".join([*rows, "06:07"]).replace(":", ""))


def test_row_of_three_octets_that_a_unit_just_lacks_is_no_time() -> None:
    rows = ["00:01:00:01:00:10:00:07", "C4:01:C1:00", "12:00:05"]
    assert joined("\n".join(rows) + "\n") == bytes.fromhex("".join(rows).replace(":", ""))


@pytest.mark.parametrize("count", [1, 3])
def test_time_below_frames_with_colons_stays_a_time(count: int) -> None:
    text = "".join(f"{one.octets.hex(':')}\n" + "15:30:10\n" * (not at % count) for at, one in enumerate(EVENTS))
    assert joined(text) == b"".join(FRAMES)


@pytest.mark.parametrize("digits", [30 * "01", "020306" + 54 * "7", "0001000102" + 50 * "7", "020306" + 27 * "1F"])
def test_digits_in_a_row_of_a_dump_stay_the_characters_of_a_readout(digits: str) -> None:
    rows = [b"/MMM5SIM\r\n\r\n1-0:1.8.0(    ", digits.encode(), b")\r\n!\r\n"]
    assert joined("\n".join(row.hex() for row in rows) + "\n") == b"".join(rows)
