"""Messages in their own characters among words, with names or escapes for what has no character."""

from __future__ import annotations

from pathlib import Path

import pytest

from captures import open_source
from captures.chunk import RECEIVED, SENT, UNKNOWN
from captures.raw import RawSource
from captures.stream import HeldInput, Window
from captures.text.judge import judge
from captures.text.source import TextSource
from tests.captures.text.test_shapes import read

TELEGRAM = (
    b"/SIM5\\2TEST-100\r\n\r\n1-3:0.2.8(50)\r\n0-0:96.1.1(53494D303031)\r\n1-0:1.8.1(000123.456*kWh)\r\n"
    b"0-2:24.3.0(260321120000)(00)(60)(1)(0-2:24.2.1)(m3)\r\n(00123.456)\r\n!1A2B\r\n"
)
LINES = TELEGRAM.decode().split("\r\n")[:-1]
READOUT = b"F.F(00)\r\n0.0.0(52100071)\r\n1.8.1*12(001234.5*kWh)(2603010000)\r\nC.7.0(0003)\r\n!\r\n"


def lines(form: str, texts: list[str]) -> str:
    return "".join(form.format(text) if text else "\n" for text in texts)


def written(octets: bytes) -> str:
    r"""The characters of *octets* with \r\n and \\ as a program has them."""
    return octets.decode().replace("\\", "\\\\").replace("\r\n", "\\r\\n")


READOUTS = {
    "a mail": ("The meter says, every ten seconds:\n\n{}\n\nWhy is the sum wrong?\n", TELEGRAM),
    "a quoted mail": (lines("> {}\n", ["The meter says:", *LINES]), TELEGRAM),
    "a comment": ("\n".join(f"# {line}" if line else "" for line in LINES), TELEGRAM),
    "a log": (lines("[2026-03-21 10:15:32] [P1] {}\n", LINES), TELEGRAM),
    "an ESPHome log": (lines("[10:15:32][D][dsmr:123]: {}\n", LINES), TELEGRAM),
    "remarks": (lines("{}       # what it is\n", [*READOUT.decode().split("\r\n")[:-1]]), READOUT),
    "a list of strings": (lines('    "{}",\n', [*READOUT.decode().split("\r\n")[:-1]]), READOUT),
    "line ends in marks": (lines("{}<\\r><\\n>\n", [*READOUT.decode().split("\r\n")[:-1]]), READOUT),
    "one line": ("Telegram: {}\n", TELEGRAM.replace(b"(m3)\r\n", b"(m3)")),
    "a program": ('const telegram = `{}`;\nconst more = "words";\nparse(telegram);\n', TELEGRAM),
    "without its sign": (
        "[P1] telegram:\n" + lines("{}\n", [LINES[0][1:], *LINES[1:]]) + "[P1] warning: 1\n",
        TELEGRAM,
    ),
}


@pytest.mark.parametrize("name", READOUTS)
def test_readout_among_words_gives_its_octets_with_line_ends(name: str) -> None:
    form, expected = READOUTS[name]
    said = ("" if name == "one line" else "\n").join(LINES)
    text = form.replace("{}", said)
    judgement = judge(text.encode())
    assert judgement is not None
    assert judgement.shape.name == "readout"
    found = b"".join(chunk.octets for chunk in read(text))
    assert found == expected


STRINGS = {
    "one string": "parse('{}');",
    "a JSON member": '{"raw": "{}", "time": 17}',
    "a template": "let telegram = `{}`",
}


@pytest.mark.parametrize("name", STRINGS)
def test_string_of_a_program_gives_its_octets(name: str) -> None:
    assert [chunk.octets for chunk in read(STRINGS[name].replace("{}", written(TELEGRAM)))] == [TELEGRAM]


def test_strings_line_by_line_give_the_octets_in_order() -> None:
    text = "const char raw[] =\n" + "".join(f'  "{written(line.encode())}\\r\\n"\n' for line in LINES) + ";\n"
    assert b"".join(chunk.octets for chunk in read(text)) == TELEGRAM


def test_backslash_of_an_identification_that_was_not_doubled_stays() -> None:
    text = '"/SIM5\\2TEST\\r\\n\\r\\n1-0:1.8.1(1*kWh)\\r\\n!\\r\\n"'
    (chunk,) = read(text)
    assert chunk.octets == b"/SIM5\\2TEST\r\n\r\n1-0:1.8.1(1*kWh)\r\n!\r\n"


@pytest.mark.parametrize("stx", ["\\u0002", "\\x02", "\\2"])
def test_escaped_control_characters_of_a_string_are_read(stx: str) -> None:
    written_block = f"answer('{stx}(00012.3*kWh)\\r\\n!\\r\\n'); also('/SIM5TEST\\r\\n'); also('{stx}F.F(00)\\r\\n')"
    found = [chunk.octets for chunk in read(written_block)]
    assert found == [b"\x02(00012.3*kWh)\r\n!\r\n", b"/SIM5TEST\r\n", b"\x02F.F(00)\r\n"]


def test_named_control_characters_are_read_with_their_directions() -> None:
    text = (
        "How a session goes:\n"
        "HHU: /?52100071!<CR><LF>\n"
        "Meter: /SIM5TEST<CR><LF>\n"
        "HHU: <ACK>051<CR><LF>\n"
        "Meter: <SOH>P0<STX>(1234)<ETX><BCC>\n"
        "HHU: [SOH]R5[STX]1.8.0()[ETX]\n"
        "Meter: {STX}1.8.0(12.3*kWh){CR}{LF}\n"
        "  2.8.0(0.1*kWh){CR}{LF}\n"
    )
    found = [(chunk.direction, chunk.octets) for chunk in read(text)]
    assert found == [
        (SENT, b"/?52100071!\r\n"),
        (RECEIVED, b"/SIM5TEST\r\n"),
        (SENT, b"\x06051\r\n"),
        (RECEIVED, b"\x01P0\x02(1234)\x03"),
        (SENT, b"\x01R5\x021.8.0()\x03"),
        (RECEIVED, b"\x021.8.0(12.3*kWh)\r\n"),
        (RECEIVED, b"2.8.0(0.1*kWh)\r\n"),
    ]


@pytest.mark.parametrize(
    "text", ["see /dev2/tty (1)\n" * 4, "call F(1) or B(2.3)\n" * 4, "a [1](2.3) b\n", "<div>[CR](x)</div>\n"]
)
def test_words_with_parentheses_are_no_readout(text: str) -> None:
    source = TextSource("words", Window(HeldInput(text.encode())))
    assert [chunk for chunk in source if chunk.direction == UNKNOWN] == []


def test_text_that_is_traffic_from_its_middle_is_kept_octet_by_octet(tmp_path: Path) -> None:
    path = tmp_path / "raw"
    octets = b"99*kWh)\r\n" + READOUT + READOUT.replace(b"1234.5*kWh", b"12\xb34.5*kWh")
    path.write_bytes(octets)
    with open_source(str(path)) as source:
        assert isinstance(source, RawSource)
        assert b"".join(chunk.octets for chunk in source) == octets


def test_telegram_before_words_leaves_the_words_aside(tmp_path: Path) -> None:
    path = tmp_path / "mail"
    path.write_bytes(TELEGRAM + b"And then it says\n12.5 kWh too much.\nWhy?\nThanks,\nN.\n")
    with open_source(str(path)) as source:
        assert b"".join(chunk.octets for chunk in source) == TELEGRAM


def test_names_before_a_readout_are_left_aside(tmp_path: Path) -> None:
    path = tmp_path / "note"
    path.write_text("Variant\nSIM 1440\n" + READOUT.decode().replace("\r\n", "\n"))
    with open_source(str(path)) as source:
        assert b"".join(chunk.octets for chunk in source) == READOUT


def test_control_characters_that_a_terminal_shows_by_their_numbers_are_read() -> None:
    text = "It answers:\n\n<6>000<\\r><\\n>\n<2>0.0.0(52100071)<\\r><\\n>\nF.F(00)<\\r><\\n>\n1.8.0(001234.5*kWh)!<\\r><\\n>\n<3>u\n"
    sent = b"\x06000\r\n\x020.0.0(52100071)\r\nF.F(00)\r\n1.8.0(001234.5*kWh)!\r\n\x03u"
    assert b"".join(chunk.octets for chunk in read(text)) == sent


def with_parity(octets: bytes, *, odd: bool) -> bytes:
    return bytes(octet | ((octet.bit_count() + odd) % 2 << 7) for octet in octets)


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
@pytest.mark.parametrize("odd", [False, True])
def test_characters_with_a_parity_bit_give_their_octets(encoding: str, odd: bool) -> None:
    sent = [b"/SIM5TEST-100", b"1-0:0.0.0*255(331210-5017563)", b"1-0:1.8.1*255(008775.2541)", b"!"]
    shown = [with_parity(line, odd=odd).decode("latin-1") for line in sent]
    text = "hterm shows this:\n\n" + "".join(f"> {line}\n" for line in shown)
    expected = b"".join(with_parity(line + b"\r\n", odd=odd) for line in sent)
    assert b"".join(chunk.octets for chunk in read(text.encode(encoding))) == expected


@pytest.mark.parametrize("text", ["Der Zähler (Baujahr 2009) zeigt © und ±0,5 an.\n", "1.8.1(00¸··5.²5´)\n"])
def test_latin_letters_without_parity_are_no_readout(text: str) -> None:
    judgement = judge(text.encode())
    assert judgement is None or judgement.shape.name != "parity-characters"


def test_identification_behind_the_words_of_a_log_begins_its_telegram() -> None:
    words = "2026-03-21 10:15:32.984 DEBUG (MainThread) [reader.clients.protocol] got telegram: "
    assert b"".join(chunk.octets for chunk in read(words + "\n".join(LINES) + "\n")) == TELEGRAM


def test_line_of_a_telegram_that_lacks_characters_is_kept() -> None:
    hurt = "1-0:99.97.0(10)(0-0:96.11.63)(231206102343W)(6)(231016075W)(4.32.0(00000)"
    text = "\n".join([*LINES[:4], hurt, *LINES[4:]]) + "\n"
    assert hurt.encode() + b"\r\n" in b"".join(chunk.octets for chunk in read(text))


def test_verbatim_strings_of_a_program_give_a_telegram_with_its_blank_line() -> None:
    shown = [line for line in LINES if not line.startswith("(")]
    text = "var message = MsgToString(\n" + ",\n".join(f'    @"{line}"' for line in shown) + ");\n"
    assert b"".join(chunk.octets for chunk in read(text)) == "".join(f"{line}\r\n" for line in shown).encode()


@pytest.mark.parametrize("words", [" and all is good, it shows", " (so it can do 9600 Bd)"])
def test_words_behind_an_identification_are_no_part_of_it(words: str) -> None:
    text = f"It answers:\n/SIM5\\2TEST-3107{words}\n1.8.0(00012.3*kWh)\n2.8.0(00000.1*kWh)\n"
    assert b"".join(chunk.octets for chunk in read(text)) == (
        b"/SIM5\\2TEST-3107\r\n1.8.0(00012.3*kWh)\r\n2.8.0(00000.1*kWh)\r\n"
    )


def test_octets_with_named_control_characters_beside_them_are_read_as_octets() -> None:
    text = (
        "  req: 06 30 35 31 0D 0A               [ACK]051[CR][LF]\n"
        "  res: 01 50 30 02 28 31 32 33 34 29 03 64   [SOH]P0[STX](1234)[ETX][d as BCC]\n"
        "  res:\n"
        "       02 32 38 2E 28 31 30 3A  35 31 29 0D 0A   [STX]28.(10:51)[CR][LF]\n"
        "       03                                        [ETX]\n"
    )
    assert [(chunk.direction, chunk.octets) for chunk in read(text)] == [
        (SENT, b"\x06051\r\n"),
        (RECEIVED, b"\x01P0\x02(1234)\x03d"),
        (RECEIVED, b"\x0228.(10:51)\r\n\x03"),
    ]


def test_arrays_with_what_they_mean_behind_them_are_read_as_arrays() -> None:
    text = (
        "byte[] sign = { 0x2F, 0x3F, 0x21, 0x0D, 0x0A }; // /?!<cr><lf>\n"
        "byte[] mode = { 0x06, 0x30, 0x35, 0x31, 0x0D, 0x0A };// /<ACK>051<cr><lf>\n"
        "byte[] volt = { 0x01, 0x52, 0x31, 0x02, 0x56, 0x28, 0x29, 0x03 }; // <SOH>R1<STX>V()<ETX>\n"
    )
    found = [chunk.octets for chunk in read(text)]
    assert found == [b"/?!\r\n", b"\x06051\r\n", b"\x01R1\x02V()\x03"]


def test_strings_with_named_values_are_read() -> None:
    text = (
        'expect("\\x01R1\\x02"\n       "VOLTA()\\x03\\x5f",\n       "\\x02"\n       "VOLTA(237.58)\\r\\n\\x03\\x28");\n'
    )
    found = b"".join(chunk.octets for chunk in read(text))
    assert found == b"\x01R1\x02VOLTA()\x03\x5f\x02VOLTA(237.58)\r\n\x03\x28"


@pytest.mark.parametrize(
    "marks", [("<02>", "<03>", "<06>", "<0D><0A>"), ("-- STX --", "-- ETX --", "<06>", "<0d><0a>")]
)
@pytest.mark.parametrize("arrows", [("==>", "<=="), ("->", "<-")])
def test_dialogue_with_control_characters_in_hex_or_between_dashes_is_read(
    marks: tuple[str, ...], arrows: tuple[str, str]
) -> None:
    stx, etx, ack, end = marks
    ask, answer = arrows
    text = "".join(
        f"{arrow} {line}\n"
        for arrow, line in (
            (ask, f"/?!{end}"), (answer, "/SIM5TEST-100"), (ask, f"{ack}050{end}"), (answer, stx),
            (answer, "C.1(52100071(10:48 26-03-13)"), (answer, "1.8.1(0000123456*Wh)"), (answer, "!"), (answer, etx),
            (answer, "-- BCC --"),
        )
    )  # fmt: skip
    found = list(read("What the vendor's program prints:\n" + text))
    sent = [chunk.octets for chunk in found if chunk.direction == SENT]
    received = b"".join(chunk.octets for chunk in found if chunk.direction == RECEIVED)
    assert sent == [b"/?!\r\n", b"\x06050\r\n"]
    assert received == (b"/SIM5TEST-100\r\n\x02C.1(52100071(10:48 26-03-13)\r\n1.8.1(0000123456*Wh)\r\n!\r\n\x03")


TIMED = [
    b"/?!", b"/SIM5TEST-100", b"\x06051", b"\x01P0\x02(12AB)\x03#\x01P1\x02(0)\x03a\x06\x01R5\x02P.01()\x03l",
    b"\x02P.01(2603211015)(00)(15)(2)(1.8.0)(kWh)(2.8.0)(kWh)", b"(0.123)(0.010)", b"(0.124)()", b"\x03Q",
]  # fmt: skip


def test_control_characters_that_a_terminal_leaves_behind_its_times_are_read() -> None:
    text = b"".join(b"[2026-03-21 10:15:32.12%d] %s\n" % (place, line) for place, line in enumerate(TIMED)).decode()
    assert b"".join(chunk.octets for chunk in read(text)) == b"".join(line + b"\r\n" for line in TIMED)


def test_line_end_of_a_log_is_no_check_character() -> None:
    text = "10:15:32 /SIM5TEST-100\n10:15:33 \x02F.F(00)\n10:15:33 1.8.0(001234.5*kWh)\n10:15:33 !\n10:15:33 \x03\n"
    octets = b"".join(chunk.octets for chunk in read(text))
    assert octets == b"/SIM5TEST-100\r\n\x02F.F(00)\r\n1.8.0(001234.5*kWh)\r\n!\r\n\x03"


def test_crc_with_a_digit_too_many_is_no_word() -> None:
    assert b"".join(chunk.octets for chunk in read("\n".join([*LINES[:-1], "!1A2B0", ""]))).endswith(b"!1A2B0\r\n")


@pytest.mark.parametrize(
    ("check", "code"),
    [("<14>", 0x14), ("<0x14>", 0x14), ("<14h>", 0x14), ("<DC4>", 0x14), ("<10>", 0x10), ("<1F>", 0x1F), ("<SP>", 0x20),
     ("<DEL>", 0x7F), ("<BCC>", None), ("R", 0x52), ("<", 0x3C), ("<NAK>", 0x15), ("<CR><LF>", None)],
)  # fmt: skip
def test_check_character_is_read_by_its_name_or_number(check: str, code: int | None) -> None:
    text = f"TX: <SOH>R5<STX>1.8.0()<ETX>Z\nRX: <STX>(ER01)<ETX>{check}\nTX: <SOH>B0<ETX>q\n"
    expected = b"\x02(ER01)\x03" + (b"" if code is None else bytes((code,))) + b"\r\n" * ("LF" in check)
    assert [chunk.octets for chunk in read(text)][1] == expected


@pytest.mark.parametrize(("check", "code"), [("<20>", 20), ("<3>", 3), ("<13>", 13)])
def test_check_character_of_a_terminal_that_writes_decimal_numbers_is_read_so(check: str, code: int) -> None:
    text = f"<6>050<13><10>\n<2>F.F(00)<13><10>\n!<13><10>\n<3>{check}\n"
    assert b"".join(chunk.octets for chunk in read(text)).endswith(b"!\r\n\x03" + bytes((code,)))
