"""Octets in source text, comments and quotations; each rebuilt from a simulated session."""

from __future__ import annotations

import itertools

import pytest

from captures.chunk import RECEIVED, SENT
from captures.text.rows import row_below
from tests.captures.text.test_shapes import read
from tests.captures.text.written import TX_RX, session

EVENTS = session()
FRAMES = [one.octets for one in EVENTS]
LONG = [octets for octets in FRAMES if len(octets) > 48]


def characters(octets: bytes) -> str:
    return "".join(chr(octet) if 0x20 <= octet < 0x7F else "." for octet in octets)


def joined(text: str) -> bytes:
    return b"".join(chunk.octets for chunk in read(text))


@pytest.mark.parametrize("sign", ["//", "   # ", " * ", ""])
def test_rows_with_characters_below_a_row_behind_words_are_read(sign: str) -> None:
    text = ""
    for octets in LONG:
        rows = [octets[at : at + 16] for at in range(0, len(octets), 16)]
        text += f"{sign}  ttyUSB0     > 12:04:42.078 {rows[0].hex(' ').upper()} {characters(rows[0])}\n"
        text += "".join(f"{sign}{'':31}{row.hex(' ').upper():<47} {characters(row)}\n" for row in rows[1:])
        text += "    if (good) count++;\n"
    assert joined(text) == b"".join(LONG)


@pytest.mark.parametrize(
    ("line", "lacks", "octets"),
    [
        ("//   C4 01 81 00 ....", 4, "C4018100"),
        ("0203 0906  0100010700FF", 20, "020309060100010700FF"),
        ("C4 01 81 00 41 42 other words", 6, ""),
        ("C4 01 81 00", 3, ""),
        ("7E A0 19 03", 9, ""),
        ("be", 2, ""),
        ("be", 1, "BE"),
        ("be good", 4, ""),
    ],
)
def test_row_below_a_unit_is_one_only_if_all_of_it_fits(line: str, lacks: int, octets: str) -> None:
    assert row_below(line.encode(), lacks) == bytes.fromhex(octets)


def test_pieces_of_a_log_whose_lines_end_with_a_backslash_are_read() -> None:
    text = ""
    for event in EVENTS:
        octets = event.octets
        cuts = [0, 8, 10, 13, len(octets) - 3, len(octets) - 1, len(octets)] if len(octets) > 20 else [0, len(octets)]
        for first, last in itertools.pairwise(cuts):
            text += f"2019-02-10  8:45:23.726 #1   0000000000000001 <log> 0:00:00.805 [debug] [ hdlc] {{ line}}: {TX_RX(event)}"
            text += f": (1/1): {octets[first:last].hex()} \\\n"
    assert joined(text) == b"".join(FRAMES)
    assert {chunk.direction for chunk in read(text)} == {SENT, RECEIVED}


def test_beginning_of_a_frame_that_was_given_is_no_traffic_where_an_ellipsis_follows() -> None:
    frame, other = LONG[0], LONG[1]
    text = f"My frame was {frame.hex(' ')}\nsee https://page.example/?translate={frame[:10].hex()}…\n"
    assert [chunk.octets for chunk in read(text)] == [frame]
    text = f"My frame was {frame.hex(' ')}\nand then {other[:12].hex(' ')}...\n"
    assert [chunk.octets for chunk in read(text)] == [frame, other[:12]]


def test_field_of_the_frame_above_is_no_traffic() -> None:
    text = "".join(
        f'    (\n        "{octets.hex()}",\n        Message(\n            flag="7e",\n            length=32,\n'
        f"            information='{octets[11:-3].hex()}',\n        ),\n    ),\n"
        for octets in LONG
    )
    assert [chunk.octets for chunk in read(text)] == LONG


@pytest.mark.parametrize("between", ['"\n        "', '"\n    + "', '" +\n    "', '" \\\n"', "'\n  b'"])
def test_strings_that_a_program_joins_are_one(between: str) -> None:
    apdu = b"\xe6\xe7\x00" + LONG[0][14:-3]
    digits = apdu.hex()
    pieces = [digits[:6], digits[6:8], digits[8:17], digits[17:]]
    quote = between[0]
    text = f"data = bytes.fromhex(\n    {quote}" + between.join(pieces) + f"{quote}\n)\nprint(data)\n"
    assert joined(text) == apdu


def test_strings_of_a_list_stay_apart() -> None:
    text = "frames = [\n" + "".join(f'    "{octets.hex()}",\n' for octets in FRAMES) + "]\n"
    assert [chunk.octets for chunk in read(text)] == FRAMES


GETS = [
    "C001C100080000010000FF0200", "C001C200080000010000FF0300", "C300030100010800FF0200", "020309060100010800FF",
]  # fmt: skip


@pytest.mark.parametrize("head", ["", "payload\n"])
@pytest.mark.parametrize("quote", "\"'")
def test_strings_one_a_line_stay_apart(head: str, quote: str) -> None:
    text = head + "".join(f"{quote}{one}{quote}\n" for one in GETS)
    assert [chunk.octets.hex().upper() for chunk in read(text)] == GETS


@pytest.mark.parametrize("between", ['"\n    "', '" +\n    "', '"\n+"'])
def test_strings_that_begin_apdus_stay_apart_within_brackets_and_behind_signs(between: str) -> None:
    text = f'frames = [\n    "{between.join(GETS[:2])}"\n]\n'
    assert [chunk.octets.hex().upper() for chunk in read(text)] == GETS[:2]


@pytest.mark.parametrize("nak", ["15", "0x15", "15 //0x15 = NAK", "15h"])
def test_refusal_in_hex_is_read_between_messages_in_characters(nak: str) -> None:
    text = f"-> /?!\n<- /XYZ5\\2METER //(the device answers)\n-> <ACK>001\n-> <SOH>R1<STX>1.8.0()<ETX><BCC>\n<- {nak}\n"
    found = list(read(text))
    assert (found[-1].direction, found[-1].octets) == (RECEIVED, b"\x15")
    assert found[1].octets == b"/XYZ5\\2METER\r\n"


def test_frame_that_blank_lines_break_goes_on_in_its_direction() -> None:
    frames = [
        (name, event.direction, octets)
        for event in EVENTS
        for name, octets in ((TX_RX(event), event.octets),)
        if len(octets) > 44
    ]
    assert len(frames) > 2
    text = ""
    for number, (name, _, octets) in enumerate(frames):
        rows = [octets[: 20 + number], octets[20 + number : 40], octets[40:]]
        text += f"{name}: " + "\n\n".join(row.hex(" ") for row in rows) + "\n\n//the next one\n\n"
    found = [(chunk.direction, chunk.octets) for chunk in read(text)]
    assert b"".join(octets for _, octets in found) == b"".join(octets for _, _, octets in frames)
    assert [direction for direction, _ in found] == [direction for _, direction, _ in frames for _ in range(3)]


def test_offset_at_the_end_of_a_dump_that_a_mail_quotes_is_no_octets() -> None:
    octets = LONG[0]
    rows = [octets[at : at + 16] for at in range(0, len(octets), 16)]
    text = "As you asked:\n\n> me@pi:~ $ hexdump -C packets.bin\n" + "".join(
        f"> {at * 16:08x}  {row[:8].hex(' '):<23}  {row[8:].hex(' '):<23}  |{characters(row)}|\n"
        for at, row in enumerate(rows)
    )
    assert joined(f"{text}> {len(octets):08x}\n") == octets


def test_llc_frame_below_a_sentence_that_speaks_of_a_checksum_is_no_key() -> None:
    apdu = bytes.fromhex("E6E7000F40000000000202090601010108 00FF121122")
    text = f"This explains the octets behind the header checksum like this:\n\n> {apdu.hex(' ').upper()}\n"
    assert [chunk.octets for chunk in read(text)] == [apdu]
    assert not list(read(f"The key is this checksum:\n\n> {bytes(range(16)).hex(' ')}\n"))


def test_identification_with_a_slash_behind_its_speed_is_read_and_a_path_is_none() -> None:
    lines = ["/XYZ5/D545-METER", "", "1-3:0.2.8(50)", "1-0:1.8.0(000123.456*kWh)", "!"]
    octets = "".join(f"{line}\r\n" for line in lines).encode()
    assert joined("My telegram:\n\n" + "\n".join(lines) + "\n") == octets
    broken = "\n".join(["/XYZ5/D545-METER", "", "1-3:0.2.8(50)", f"0-0:96.13.0({'F' * 20}{lines[0]}", *lines[1:]])
    assert joined(f"My telegram:\n\n{broken}\n").endswith(b"F" * 20 + octets)
    assert joined("see /api2/METER/log\n" + "\n".join(lines[2:]) + "\n") == b"".join(
        f"{line}\r\n".encode() for line in lines[2:]
    )


def test_frames_as_python_bytes_are_read_between_others_in_hex() -> None:
    text = "".join(
        f"data = bytes.fromhex('{octets.hex(' ')}')\n" if number % 2 else f"data = bytearray({octets!r})\n"
        for number, octets in enumerate(LONG)
    )
    assert len(LONG) > 2
    assert [chunk.octets for chunk in read(f"import x\nprint(b'')\n{text}")] == LONG
