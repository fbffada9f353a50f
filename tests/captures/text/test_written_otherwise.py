"""Octets in other writings than hex pairs: octal, long words, records for memories, a modem's commands, O for 0."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from captures.chunk import RECEIVED, SENT
from tests.analyzer.framing.build import frame
from tests.captures.text.test_shapes import read
from tests.captures.text.written import session
from tests.cli.conftest import Run, run

__all__ = ["run"]

WHOLE = b"".join(event.octets for event in session())[:-1]
"""An odd number of octets."""


def _rows(write: Callable[[int, bytes], str], end: str = "") -> str:
    rows = [write(at, WHOLE[at : at + 16]) for at in range(0, len(WHOLE), 16)]
    return "\n".join([*rows, end])


def _words(row: bytes, size: int, form: str) -> str:
    row = row.ljust(-(-len(row) // size) * size, b"\0")
    return "".join(" " + format(int.from_bytes(row[at : at + size], "little"), form) for at in range(0, len(row), size))


_NAMES = {0: "\\0", 7: "\\a", 8: "\\b", 9: "\\t", 10: "\\n", 11: "\\v", 12: "\\f", 13: "\\r"}


def _character(octet: int) -> str:
    return _NAMES.get(octet) or (chr(octet) if 32 <= octet < 127 else f"{octet:03o}")


def _intel(at: int, row: bytes) -> str:
    record = bytes((len(row), at >> 8, at & 255, 0)) + row
    return f":{record.hex().upper()}{-sum(record) & 255:02X}"


def _motorola(at: int, row: bytes) -> str:
    record = bytes((len(row) + 3, at >> 8, at & 255)) + row
    return f"S1{record.hex().upper()}{~sum(record) & 255:02X}"


END = f"{len(WHOLE):07o}"
TEXTS = {
    "od": _rows(lambda at, row: f"{at:07o}{_words(row, 2, '06o')}", END),
    "od -t x4": _rows(lambda at, row: f"{at:07o}{_words(row, 4, '08x')}", END),
    "od -b": _rows(lambda at, row: f"{at:07o}" + "".join(f" {one:03o}" for one in row), END),
    "od -c": _rows(lambda at, row: f"{at:07o}" + "".join(f"{_character(one):>4}" for one in row), END),
    "hexdump -b": _rows(lambda at, row: f"{at:07x}" + "".join(f" {one:03o}" for one in row), f"{len(WHOLE):07x}"),
    "Intel HEX": _rows(_intel, ":00000001FF"),
    "S-records": "S0030000FC\n" + _rows(_motorola, "S9030000FC"),
    "hexlify": f"buffer: {WHOLE.hex().encode()!r}",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_octets_in_another_writing_are_those_that_were_written(text: str) -> None:
    with read(text) as source:
        assert b"".join(chunk.octets for chunk in source) == WHOLE


def test_number_of_one_digit_behind_0x_begins_octets_too() -> None:
    with read("10:00:01 RECV: 0x1 0x4 0x10 0x2 0xa0\n10:00:02 SEND: 0x5 0x4 0x38 0x44") as source:
        assert [chunk.octets.hex() for chunk in source] == ["01041002a0", "05043844"]


def test_commands_to_a_modem_and_its_answers_have_their_directions() -> None:
    lines = ['AT+QIOPEN=1,0,"TCP","10.1.2.3",4059,0,0', "OK", "+QIOPEN: 0,0"]
    for event in session():
        number = f'{len(event.octets)},"{event.octets.hex().upper()}"'
        lines.append(f"AT+QISENDHEX=0,{number}" if event.direction == SENT else f"+QIRD: {number}")
        lines.append("OK")
    with read("\n".join(lines)) as source:
        found = [(chunk.direction, chunk.octets) for chunk in source]
    assert found == [(event.direction, event.octets) for event in session()]


def test_dialogue_with_a_modem_that_has_no_octets_is_named(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    path.write_text("ATZ\nOK\nATD0123456\nCONNECT 9600\n")
    assert "(a dialogue with a modem: log in hex what comes behind CONNECT)" in run("decode", path).complaint


@pytest.mark.parametrize(
    ("text", "octets"),
    [
        ("7E AO O7 O3 21 93 OF O1 7E", "7ea0070321930f017e"),
        ("7EAOO7O32l930FO17E", "7ea0070321930f017e"),
        ("TX: 7E A0 07 03 2I 93 0F 0l 7E", "7ea0070321930f017e"),
    ],
)
def test_letters_that_stand_for_digits_are_read_and_told(text: str, octets: str) -> None:
    with read(text) as source:
        assert [chunk.octets.hex() for chunk in source] == [octets]
        (remark,) = [one for one in source.remarks if one.code == "hex-letters"]
    assert remark.number == 1


def test_words_of_such_letters_are_no_digits() -> None:
    with read("TX: 7E A0 07 03 21 93 0F 01 7E  # cool fool ball doll") as source:
        assert [chunk.octets.hex() for chunk in source] == ["7ea0070321930f017e"]
        assert "hex-letters" not in source.remark_counts


HIDDEN = ("7E A0 07 XX XX 93 0F 01 7E", "7EA007xxxx930F017E", "RX: 7E A0 07 03 ** ?? 0F 01 7E")


@pytest.mark.parametrize(
    ("text", "octets"), zip(HIDDEN, ("7ea0075858930f017e",) * 2 + ("7ea0070358580f017e",), strict=True)
)
def test_octets_that_are_hidden_keep_their_places_and_are_told(text: str, octets: str) -> None:
    with read(f"my meter, ids hidden\n{text}\n") as source:
        assert [chunk.octets.hex() for chunk in source] == [octets]
        (remark,) = [one for one in source.remarks if one.code == "hex-hidden"]
    assert remark.number == 2


def test_hidden_octets_of_a_frame_are_told_as_such(run: Run, tmp_path: Path) -> None:
    path, push = tmp_path / "log.txt", bytes.fromhex("E6E7000F0000000100020212000109083132333435363738")
    text = frame(push, 0x13, b"\x21\x03").hex(" ").upper()
    path.write_text(text.replace(" ".join(f"{one:02X}" for one in b"12345678"), " ".join(["XX"] * 8)))
    assert '"cause": "edited-by-hand"' in run("doctor", "--json", path).out.splitlines()[0]


@pytest.mark.parametrize(
    "text",
    [
        "TX 7E A0 07 XX 21 93 XX XX 7E\nRX 7E A0 07 21 03 73 01 40 7E",
        "TX 7E A0 07 03 21 93 0F 01 7E\nRX 7E A0 07 21 03 XX 01 40 7E",
        "RX 7E A0 07 21 03 ?? 01 40 7E",
        "TX 7E A0 07 03 21 93 0F 01 7E 7E A0 07 03 21 93 ** 01 7E",
        "0000  7E A0 07 03 21 93 0F 01\n0008  7E 7E A0 07 XX 03 73 01\n0010  40 7E\n",
        "RX 00 01 00 10 00 01 00 12 C4 01 C1 XX 09 0C 07 EA 03 02 01 0A 0E 0A 52 FF C4 00",
    ],
    ids=["many", "one", "question marks", "second of a line", "second row", "wrapper"],
)
def test_hidden_octets_are_no_matter_of_the_line_however_few(run: Run, tmp_path: Path, text: str) -> None:
    path = tmp_path / "log.txt"
    path.write_text(text)
    told = [json.loads(line) for line in run("doctor", "--json", path).out.splitlines()]
    assert {one["cause"] for one in told if "cause" in one} == {"edited-by-hand"}


def test_damage_of_a_line_without_hidden_octets_is_told_as_damage(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    sound = "RX 7E A0 07 21 03 73 01 40 7E"
    lines = sound, sound.replace("73", "XX"), sound, sound.replace("40", "41"), sound, sound.replace("73", "58"), sound
    path.write_text("\n".join(lines))
    told = [json.loads(line) for line in run("doctor", "--json", path).out.splitlines()]
    assert [one["cause"] for one in told if "cause" in one] == [
        "bit-error",
        "octet-damaged",
        "edited-by-hand",
    ]  # as written, 58 is no hidden octet


@pytest.mark.parametrize(
    "text",
    [
        "TX: {}  # xx of XX ?? **", "TX: {} ?? what is this", "TX: {} XX", "{} **SNRM**", "{} ** UA", "TX: {} ??",
        "12:34:56 ?? {}", "12:34:56.123 XX {}", "2024-11-29 12:34:56 ** TX {}", "29.11.2024 12:34:56 ** TX {}",
        "Nov 29 12:34:56 ?? {}", "1732883696 ?? {}", "{} ?? {}",
    ],
)  # fmt: skip
def test_words_beside_octets_hide_none(text: str) -> None:
    snrm = "7E A0 07 03 21 93 0F 01 7E"
    with read(text.replace("{}", snrm) + "\n") as source:
        assert b"".join(chunk.octets for chunk in source).hex(" ").upper() == " ".join([snrm] * text.count("{}"))
        assert "hex-hidden" not in source.remark_counts


def test_column_of_characters_hides_no_octets() -> None:
    octets = frame(bytes.fromhex("E6E600C001C100080000010000FF0200"), 0x32, b"\x03\x21")
    rows = [octets[at : at + 8] for at in range(0, len(octets), 8)]
    lines = [
        f"{row.hex(' ').upper():<23} {''.join(chr(one) if 0x20 < one < 0x7F else '?' for one in row)}" for row in rows
    ]
    with read("[10:00:00] TX " + "\n              ".join(lines) + "\n") as source:
        assert b"".join(chunk.octets for chunk in source) == octets
        assert "hex-hidden" not in source.remark_counts


@pytest.mark.parametrize("mask", ["XX", "**", "??"])
def test_octets_hidden_at_the_ends_of_rows_are_kept_while_the_unit_goes_on(mask: str) -> None:
    octets = frame(bytes.fromhex("E6E600C001C100080000010000FF0200"), 0x32, b"\x03\x21")
    rows = [octets[at : at + 9] for at in range(0, len(octets), 9)]
    text = "\n".join([" ".join([*(f"{one:02X}" for one in row[:-2]), mask, mask]) for row in rows[:-1]])
    with read(f"RX: {text}\n{rows[-1].hex(' ').upper()}\n") as source:
        assert b"".join(chunk.octets for chunk in source) == b"".join(
            [*(row[:-2] + b"XX" for row in rows[:-1]), rows[-1]]
        )


@pytest.mark.parametrize("mask", ["XX", "**", "??", "XX34", "**56"])
@pytest.mark.parametrize("number", ["123456", "12AB56", "1234567O"])
@pytest.mark.parametrize("before", ["", "[10:00:00] RX: "])
def test_values_of_readouts_stay_as_they_stand(before: str, number: str, mask: str) -> None:
    lines = ["/ISK5ME382-1003", f"0.0.0({number}{mask})", "1.8.0(000123.456*kWh)", f"C.1.0({number}78{mask})", "!"]
    with read("".join(f"{before}{line}\n" for line in lines)) as source:
        assert b"".join(chunk.octets for chunk in source).decode().split() == lines
        assert not {"hex-hidden", "hex-letters"} & source.remark_counts.keys()


PUSH = frame(bytes.fromhex("E6E7000F0000000100020212000109083132333435363738"), 0x13, b"\x21\x03")
PUSH_ROWS = [PUSH[at : at + 8] for at in range(0, len(PUSH), 8)]


@pytest.mark.parametrize("mask", ["XX", "xx", "**", "??"])
@pytest.mark.parametrize("at", [1, 2, 3, 4])
@pytest.mark.parametrize(
    "form", ["{octets}", "10:00:00.{at} RX {octets}", "00{at}0  {octets}", "00{at}0  {octets}  ........"]
)
def test_rows_that_are_hidden_whole_keep_their_places(form: str, at: int, mask: str) -> None:
    rows = [row.hex(" ").upper() for row in PUSH_ROWS]
    rows[at] = " ".join([mask] * len(PUSH_ROWS[at]))
    if "  {" in form:
        rows = [f"{place * 8:04X}{form[6:].format(octets=row)}" for place, row in enumerate(rows)]
        if form.endswith("."):  # the column is that of the octets, where these are not hidden
            rows = [row if mask in row else row.rstrip(" .") for row in rows]
    else:
        rows = [form.format(octets=row, at=place) for place, row in enumerate(rows)]
    with read("\n".join(rows) + "\n") as source:
        found = b"".join(chunk.octets for chunk in source)
        assert source.remark_counts["hex-hidden"] == 1
    assert found == PUSH[: at * 8] + b"X" * len(PUSH_ROWS[at]) + PUSH[at * 8 + len(PUSH_ROWS[at]) :]


@pytest.mark.parametrize("text", ["XX XX XX", "?? ??", "****************", "# XX XX", "RX ?? what", "X"])
def test_masks_where_no_unit_lacks_octets_or_in_words_hide_none(text: str) -> None:
    whole = PUSH.hex(" ").upper()
    for before in (whole, PUSH_ROWS[0].hex(" ").upper()) if text[0] in "*#X" and len(text) > 8 else (whole,):
        with read(f"{before}\n{text}\n") as source:
            assert b"".join(chunk.octets for chunk in source) == bytes.fromhex(before)
            assert "hex-hidden" not in source.remark_counts


@pytest.mark.parametrize(
    "text",
    [
        "TX: 0x7E 0xA0 0x07 0xXX 0xxx 0x93 0x0F 0x01 0x7E", "0x7E,0xA0,0x07,0x??,0x**,0x93,0x0F,0x01,0x7E",
        "uint8_t snrm[] = {0x7E, 0xA0, 0x07, 0xXX, 0xXX, 0x93, 0x0F, 0x01, 0x7E};",
        "RX (7E A0 07 XX XX 93 0F 01 7E)", "RX (7EA007XX**930F017E)", "10:00:00 Received (9): (7E A0 07 ?? ?? 93 0F 01 7E)",
    ],
)  # fmt: skip
def test_octets_hidden_behind_0x_or_between_parentheses_keep_their_places(text: str) -> None:
    with read(f"{text}\n") as source:
        assert b"".join(chunk.octets for chunk in source).hex() == "7ea0075858930f017e"
        assert source.remark_counts["hex-hidden"] == 1


def test_frames_with_both_flags_that_lack_octets_are_not_cut_by_the_log() -> None:
    whole = frame(bytes(range(60)), 0x13, b"\x21\x03")
    with read("\n".join(f"RX: {(whole[:30] + whole[33:]).hex(' ')}" for _ in range(4))) as source:
        assert list(source)
        assert "text-cut" not in source.remark_counts


def _cut(size: int, sides: tuple[int, ...] = (SENT, RECEIVED)) -> str:
    return "\n".join(
        f"{'TX' if event.direction == SENT else 'RX'}: "
        f"{event.octets[: size if event.direction in sides else None].hex(' ')}"
        for event in session()
    )


@pytest.mark.parametrize("size", [32, 50, 64])
def test_log_that_cuts_units_at_one_size_is_named_and_not_the_line(size: int, run: Run, tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    path.write_text(_cut(size))
    ran = run("doctor", "--json", path)
    assert f"units break off at {size} octets: what wrote the log cuts there" in ran.err
    assert size == 64 or '"cause": "capture-ended"' in ran.out


@pytest.mark.parametrize("text", [_cut(64, (RECEIVED,)), _cut(200)], ids=["a receiver's buffer", "nothing cut"])
def test_log_that_may_be_whole_is_not_said_to_cut(text: str) -> None:
    with read(text) as source:
        assert list(source)
        assert "text-cut" not in source.remark_counts


def test_frame_that_stands_whole_before_the_first_title_is_kept() -> None:
    first, second = (event.octets.hex(" ").upper() for event in session()[4:6])
    text = f"(V) 00 FF 10 00 0A\n(V) {first[:47]}\n(V) {first[48:]}\n(V)\n(V) HDLC frame:\n(V) {second}\n"
    with read(text) as source:
        assert [chunk.octets.hex(" ").upper() for chunk in source] == [first, second]


def test_pieces_with_remarks_behind_tabs_make_one_read() -> None:
    octets = session()[4].octets
    pieces = ((0, 3, "flag and format"), (3, 9, "addresses"), (9, len(octets), ""))
    text = "".join(f"{octets[begin:end].hex().upper()}\t\t{remark}\n" for begin, end, remark in pieces)
    with read(f"My message looks so:\n{text}") as source:
        assert [chunk.octets for chunk in source] == [octets]


def test_last_sentence_above_octets_says_what_they_are() -> None:
    event = session()[5]
    text = f"The message can be decrypted easily. With the other reader this is received:\n{event.octets.hex()}\n"
    with read(text) as source:
        assert [(chunk.direction, chunk.octets) for chunk in source] == [(RECEIVED, event.octets)]


def test_octet_that_a_page_broke_in_two_is_whole() -> None:
    digits = session()[8].octets.hex(" ").upper()
    for end in ("\n", "\r\n"):
        with read(f"DEBUG:meter:HDLC Buffer: {digits[:217]}{end}{digits[217:]}\n") as source:
            assert b"".join(chunk.octets for chunk in source).hex(" ").upper() == digits


def test_numbers_of_one_digit_at_the_ends_of_lines_are_octets_of_their_own() -> None:
    with read("7E A0 8 2 23 21 93 BD 64\n7 3 21 93 11 12\n") as source:
        assert b"".join(chunk.octets for chunk in source).hex() == "7ea00802232193bd64070321931112"


@pytest.mark.parametrize("write", [hex, lambda octet: f"{octet:02x}", lambda octet: f"0x{octet:02X}"])
def test_octets_each_in_quotation_marks_are_read(write: Callable[[int], str]) -> None:
    octets = session()[2].octets
    with read(str([write(octet) for octet in octets])) as source:
        assert [chunk.octets for chunk in source] == [octets]


def test_dump_with_dashes_between_its_columns_is_read() -> None:
    octets = session()[2].octets
    rows = [(at, octets[at : at + 16]) for at in range(0, len(octets), 16)]
    lines = [
        f"{at:04X} - {row.hex(' ').upper():<47} - {''.join(chr(one) if 32 <= one < 127 else '.' for one in row)}"
        for at, row in rows
    ]
    with read("Data sent (46 bytes):\n" + "\n".join(lines) + "\n") as source:
        assert [chunk.octets for chunk in source] == [octets]


def test_packets_of_tcpdump_have_their_octets_and_times() -> None:
    packet = (
        bytes.fromhex("4500 0031 0001 0000 4011 0000 0A000002 0A000009 0FDB 0FDB 001D 0000") + session()[2].octets[:21]
    )
    rows = [(at, packet[at : at + 16].hex()) for at in range(0, len(packet), 16)]
    lines = [
        f"\t0x{at:04x}:  {' '.join(row[place : place + 4] for place in range(0, len(row), 4)):<40} ab.cd"
        for at, row in rows
    ]
    text = "\n".join(["12:27:59.101010 IP 10.0.0.2.4059 > 10.0.0.9.4059: UDP, length 21", *lines])
    with read(f"{text}\n{text}\n") as source:
        found = [(chunk.time_ns, chunk.octets) for chunk in source]
    assert found == [(44_879_101_010_000, packet)] * 2


def test_whole_unit_on_a_line_of_another_shape_is_kept_once() -> None:
    first, second, third = (event.octets for event in session()[2:5])
    rows = [f"{second[at : at + 4].hex(' ').upper()} // piece" for at in range(0, len(second), 4)]
    text = [f"Got valid frame from topic pulse/publish: {first.hex()}", "", *rows, "", f"Next frame: {third.hex()}"]
    with read("\n".join([*text, text[-1]]) + "\n") as source:
        assert [chunk.octets for chunk in source] == [first, second, third]
