"""How tools and people write octets beside numbers, addresses and rulers: the octets, and nothing else, are read."""

from __future__ import annotations

import json
import textwrap
from base64 import b64encode
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from captures import open_source
from captures.chunk import RECEIVED, SENT, UNKNOWN, CaptureError
from tests.captures.text.test_programs import spoken
from tests.captures.text.test_shapes import read
from tests.captures.text.written import (
    DAY_NS,
    SENT_RECEIVED,
    Sent,
    _at,
    _lines,
    _readable,
    _rows,
    _spaced,
    _words,
    session,
)

EVENTS = session()
WHOLE = b"".join(one.octets for one in EVENTS)
SPOKEN = [(one.direction, one.octets) for one in EVENTS]
TX_RX = _words("TX", "RX")
Write = Callable[[Iterable[Sent]], str]


def _size(one: Sent) -> int:
    return len(one.octets)


def _strace_dump(events: Iterable[Sent]) -> str:
    text = ""
    for one in events:
        text += f'{_words("write", "read")(one)}(4, "~\\240"..., {_size(one)}) = {_size(one)}\n'
        for at, row in _rows(one.octets):
            text += f" | {at:05x}  {row[:8].hex(' '):<23}  {row[8:].hex(' '):<23}  {_readable(row):<16} |\n"
    return text


def _zephyr(events: Iterable[Sent]) -> str:
    text = ""
    for one in events:
        text += f"[00:00:12.345,000] <dbg> dlms: {TX_RX(one)}\n"
        for _, row in _rows(one.octets):
            text += f"{'':35}{row[:8].hex(' ')}  {row[8:].hex(' '):<23} |{_readable(row):<16}|\n"
    return text


def _followed(events: Iterable[Sent]) -> str:
    """As ``tshark -z follow,tcp,hex`` writes it."""
    text, places = f"\n{'=' * 67}\nFollow: tcp,hex\nFilter: tcp.stream eq 0\nNode 0: 192.0.2.1:50000\n", {1: 0, 2: 0}
    text += "Node 1: 192.0.2.2:4059\n"
    for one in events:
        for at, row in _rows(one.octets):
            before = "" if one.direction == SENT else "\t"
            text += f"{before}{places[one.direction] + at:08X}  {row[:8].hex(' '):<23}  {row[8:].hex(' '):<23}  {_readable(row)}\n"
        places[one.direction] += _size(one)
    return f"{text}{'=' * 67}\n"


def _yaml(events: Iterable[Sent]) -> str:
    """As ``tshark -z follow,tcp,yaml`` writes it."""
    text = "peers:\n  - peer: 0\n    host: 192.0.2.1\n    port: 50000\n  - peer: 1\n    host: 192.0.2.2\n    port: 4059\npackets:\n"
    for number, one in enumerate(events, 1):
        text += f"  - packet: {number}\n    peer: {_words('0', '1')(one)}\n"
        text += f"    timestamp: {one.time_ns // 10**9}.{one.time_ns % 10**9:09d}\n    data: !!binary |\n"
        written = b64encode(one.octets).decode()
        text += "".join(f"      {written[at : at + 60]}\n" for at in range(0, len(written), 60))
    return text


def _rust(events: Iterable[Sent]) -> str:
    return "".join(
        f"{_words('tx', 'rx')(one)} = [\n" + "".join(f"    {o},\n" for o in one.octets) + "]\n" for one in events
    )


def _c(events: Iterable[Sent]) -> str:
    text = ""
    for number, one in enumerate(events):
        rows = "".join("    " + ", ".join(f"0x{o:02X}" for o in row) + ",\n" for _, row in _rows(one.octets, 12))
        text += f"const uint8_t {_words('tx', 'rx')(one)}_frame_{number}[{_size(one)}] = {{\n{rows}}};\n"
    return text


def _numbered(write: Callable[[int, Sent], str]) -> Write:
    return lambda events: "".join(write(number, one) + "\n" for number, one in enumerate(events, 9))


def _column(words: str) -> Write:
    sent, received = words.split("/")
    return _lines(lambda one: f"{_at(one, '%H:%M:%S', 3)} {_words(sent, received)(one)}: {_spaced(one.octets)}")


WORDS = (
    "Trama enviada/Trama recibida", "Trame envoyée/Trame reçue", "Verstuurd/Ontvangen", "Skickat/Mottaget",
    "Sendt/Modtaget", "Gönderildi/Alındı", "下行/上行", "Küldött/Fogadott", "Надіслано/Отримано",
)  # fmt: skip
TOLD: dict[str, Write] = {
    "topic, length, hex": _lines(lambda one: f"{_at(one, '%Y-%m-%dT%H:%M:%S')}Z m/{_words('tx', 'rx')(one)} {_size(one)} {one.octets.hex()}"),
    "ASC of CAN tools": _lines(lambda one: f"  0.250000 1  {_words('Tx', 'Rx')(one)}   d {_size(one)} {_spaced(one.octets)}"),
    "columns with a length": _lines(lambda one: f"{_at(one, '%Y-%m-%d %H:%M:%S', 3)},{TX_RX(one)},{_size(one)},{_spaced(one.octets)}"),
    "baud rate": _lines(lambda one: f"{TX_RX(one)} 9600 {_spaced(one.octets)}"),
    "strace -e write": _strace_dump,
    "strace of a socket": _lines(
        lambda one: f'{_words("sendto", "recvfrom")(one)}(5, "{"".join(f"{chr(92)}x{o:02x}" for o in one.octets)}", {_size(one)}, 0, NULL, 0) = {_size(one)}'
    ),
    "Zephyr": _zephyr,
    "tshark follow hex": _followed,
    "tshark follow yaml": _yaml,
    "Rust {:#?}": _rust,
    "C names": _c,
    "grep -n": _numbered(lambda number, one: f"{number}:{_at(one, '%H:%M:%S', 3)} {TX_RX(one)}: {_spaced(one.octets)}"),
    "ESPHome log_int": _lines(lambda one: f"[10:15:32][D][uart_debug:176]: {_words('>>>', '<<<')(one)} {':'.join(map(str, one.octets))}"),
    "ESPHome log_binary": _lines(
        lambda one: f"[10:15:32][D][uart_debug:206]: {_words('>>>', '<<<')(one)} {':'.join(f'0b{o:08b} (0x{o:02X})' for o in one.octets)}"
    ),
    "Android": _lines(lambda one: f"{_words('writeCharacteristic', 'onCharacteristicChanged')(one)}: (0x) {one.octets.hex('-')}"),
} | {words: _column(words) for words in WORDS}  # fmt: skip


@pytest.mark.parametrize("write", TOLD.values(), ids=TOLD)
def test_directions_and_octets_are_told_from_what_stands_beside_them(write: Write) -> None:
    assert spoken(write(EVENTS)) == SPOKEN


def _dump(begin: str, row: Callable[[int, bytes], str], end: str = "") -> Write:
    return lambda _: begin + "".join(row(at, octets) + "\n" for at, octets in _rows(WHOLE)) + end


def _debugger(events: Iterable[Sent]) -> str:
    text = ""
    for one in events:
        for at, row in _rows(one.octets, 8):
            text += f"0x{0x20001000 + at:x} <buffer+{at}>:\t" + "\t".join(f"0x{o:02x}" for o in row) + "\n"
        text += "(gdb) x/40xb buffer\n"
    return text


BARE: dict[str, Write] = {
    "date before close octets": _lines(lambda one: f"{_at(one, '%Y-%m-%d %H:%M:%S')}, {one.octets.hex().upper()}"),
    "length before": _lines(lambda one: f"{_size(one)},{one.octets.hex()}"),
    "length behind": _lines(lambda one: f"{one.octets.hex()},{_size(one)}"),
    "numbers of lines": _numbered(lambda number, one: f"{number} {_spaced(one.octets)}"),
    "numbers of lines, comma": _numbered(lambda number, one: f"{number},{_spaced(one.octets)}"),
    "Format-Hex 5": _dump(
        f"\n\n           Path: C:\\x.bin\n\n           {_spaced(bytes(range(16)))}\n\n",
        lambda at, row: f"{at:08X}   {_spaced(row):<47}  {_readable(row)}",
    ),
    "Format-Hex 7": _dump(
        f"\n   Label: C:\\x.bin\n\n          Offset Bytes      Ascii\n                 {_spaced(bytes(range(16)))}\n",
        lambda at, row: f"{at:016X} {_spaced(row):<47} {_readable(row)}",
    ),
    "gdb": _debugger,
    "lldb": _dump("(lldb) memory read buffer\n", lambda at, row: f"0x{0x16FDFF0A0 + at:x}: {row.hex(' '):<47}  {_readable(row)}"),
    "certutil -encode": lambda _: "-----BEGIN CERTIFICATE-----\n"
    + "".join(f"{b64encode(WHOLE)[at : at + 64].decode()}\n" for at in range(0, 4 * ((len(WHOLE) + 2) // 3), 64))
    + "-----END CERTIFICATE-----\n",
}  # fmt: skip


@pytest.mark.parametrize("write", BARE.values(), ids=BARE)
def test_octets_are_told_from_numbers_addresses_and_rulers(write: Write) -> None:
    found = spoken(write(EVENTS))
    assert [direction for direction, _ in found] == [UNKNOWN]
    assert found[0][1] == WHOLE


def test_time_in_a_member_behind_the_octets_is_theirs() -> None:
    text = "".join(
        json.dumps({"dir": TX_RX(one), "hex": one.octets.hex(), "time": _at(one, "%Y-%m-%dT%H:%M:%S", 3) + "Z"}) + "\n"
        for one in EVENTS
    )
    with read(text) as source:
        assert [chunk.time_ns for chunk in source] == [one.time_ns // 1_000_000 * 1_000_000 for one in EVENTS]


def test_stream_that_was_followed_in_yaml_keeps_its_times() -> None:
    with read(_yaml(EVENTS)) as source:
        assert [chunk.time_ns for chunk in source] == [one.time_ns for one in EVENTS]


def test_minutes_and_seconds_alone_are_no_time_of_day() -> None:
    with read("".join(f"15:32.153 {TX_RX(one)} {_spaced(one.octets)}\n" for one in EVENTS)) as source:
        assert {chunk.time_ns for chunk in source} == {None}


def test_octet_before_a_frame_that_counts_nothing_is_kept() -> None:
    frame = EVENTS[0].octets
    assert spoken(f"E5 {_spaced(frame)}\n16 {_spaced(frame)}\n") == [(UNKNOWN, b"\xe5" + frame + b"\x16" + frame)]


TELEGRAM = (
    "/XYZ5\\2METER\r\n\r\n1-3:0.2.8(50)\r\n0-0:1.0.0(260321101532W)\r\n1-0:1.8.1(000123.456*kWh)\r\n"
    "1-0:2.8.1(000000.000*kWh)\r\n1-0:1.7.0(00.321*kW)\r\n!1A2B\r\n"
)


@pytest.mark.parametrize(
    "write",
    [
        lambda line: f"2026-03-21 10:15:32,123 DEBUG dsmr: {line}",
        lambda line: f"[10:15:32][VV][dsmr:200]: {line}",
        lambda line: f"10:15:32.123 P1 data: {line!r}",
        lambda line: f"Mar 21 10:15:32 gateway p1d[33]: {line}",
    ],
    ids=["logging", "ESPHome", "strings", "syslog"],
)
def test_blank_line_of_a_telegram_stands_behind_the_words_of_a_log(write: Callable[[str], str]) -> None:
    text = "".join(f"{write(line)}\n" for line in TELEGRAM.removesuffix("\r\n").split("\r\n"))
    assert b"".join(found for _, found in spoken(text)) == TELEGRAM.encode()


TRANSLATED = (
    '<?xml version="1.0"?>\n<Messages>\n  <GetRequest>\n    <GetRequestNormal>\n'
    '      <InvokeIdAndPriority Value="C1" />\n      <AttributeDescriptor>\n        <ClassId Value="0008" />\n'
    '        <InstanceId Value="0000010000FF" />\n      </AttributeDescriptor>\n    </GetRequestNormal>\n'
    '  </GetRequest>\n  <GetResponse><Result><Data><OctetString Value="07EA03020A0E0A52FFC40000" /></Data></Result>\n'
    "  </GetResponse>\n</Messages>\n"
)
FOLLOWED_ASCII = (
    f"\n{'=' * 67}\nFollow: tcp,ascii\nFilter: tcp.stream eq 0\nNode 0: 192.0.2.1:50000\nNode 1: 192.0.2.2:4059\n"
    f"64\n... ...8`6....`.t..\n\t51\n..... .+a)....`\n{'=' * 67}\n"
)
WIRELESS = "T1;1;1;2026-03-21 10:15:32.000;26;27;12345678;0x2944685078563412{}\n".format("00" * 34)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (TRANSLATED, "a translator wrote as XML, without their octets; pass on what it was given, in hex"),
        (WIRELESS, "wireless M-Bus, as rtl_wmbus and wmbusmeters write them"),
        ("telegram=|2E44785634127856341207{}|+51\n".format("00" * 35), "wireless M-Bus, as rtl_wmbus"),
        (FOLLOWED_ASCII, "a stream that tshark followed as characters, which have lost octets; -z follow,tcp,raw"),
    ],
)
def test_texts_without_traffic_that_is_read_here_are_refused_by_their_name(
    text: str, told: str, tmp_path: Path
) -> None:
    path = tmp_path / "log.txt"
    path.write_text(text)
    with pytest.raises(CaptureError, match=told):
        open_source(str(path))


def test_translation_with_its_octets_beside_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "log.xml"
    pdu = "C0 01 C1 00 08 00 00 01 00 00 FF 02 00"
    path.write_text(TRANSLATED.replace("  <GetRequest>", f"  <!-- {pdu} -->\n  <GetRequest>"))
    with open_source(str(path)) as source:
        assert [chunk.octets for chunk in source] == [bytes.fromhex(pdu)]
    path.write_text(TRANSLATED.replace("  <GetRequest>", f"  <hdlc>{EVENTS[0].octets.hex()}</hdlc>\n  <GetRequest>"))
    with open_source(str(path)) as source:
        assert next(iter(source)).octets == EVENTS[0].octets


REQUEST, RESPONSE = (
    bytes.fromhex(one) for one in ("C001C100080000010000FF0200", "C401C100090C07E90101030000000000800000")
)
SENT_PDU, RECEIVED_PDU = b"\0\1\0\x10\0\1\0\x0d" + REQUEST, b"\0\1\0\1\0\x10\0\x13" + RESPONSE
PAIR = [(SENT, SENT_PDU), (RECEIVED, RECEIVED_PDU)]
MEMBERS = '<GetRequest><InvokeIdAndPriority Value="C1" /></GetRequest>\n'
WIRED = bytes.fromhex("6844446808017278563412684426010401000000")
WIRED += bytes(0x44 - 16) + bytes(((sum(WIRED[4:]) & 0xFF), 0x16))
BESIDE = {
    "wrapper below each": (f"{MEMBERS}TX: {_spaced(SENT_PDU)}\n{MEMBERS}RX: {_spaced(RECEIVED_PDU)}\n" * 7, PAIR * 7),
    "APDU": (f"{TRANSLATED}{_spaced(REQUEST)}\n", [(UNKNOWN, REQUEST)]),
    "APDU that answers": (f"{TRANSLATED}{RESPONSE.hex()}\n", [(UNKNOWN, RESPONSE)]),
    "ciphered APDU": (f"{TRANSLATED}{_spaced(bytes.fromhex('C8122100000001') + RESPONSE[:13])}\n", None),
    "attribute": (
        f'<Messages>\n<GetRequest hex="{SENT_PDU.hex()}"/>\n<GetResponse hex="{RECEIVED_PDU.hex()}"/>\n</Messages>\n', PAIR,
    ),
    "text of a member": (
        f"<Messages>\n<GetRequest>{SENT_PDU.hex()}</GetRequest>\n<GetResponse>{RECEIVED_PDU.hex()}</GetResponse>\n</Messages>\n",
        PAIR,
    ),
    "page": (
        "<html><body>\n<p>The meter sends a <DataNotification> each hour:</p>\n<pre>\n"
        f"TX: {_spaced(SENT_PDU)}\nRX: {_spaced(RECEIVED_PDU)}\n</pre></body></html>\n",
        PAIR,
    ),
    "wired M-Bus": ("".join(f"2026-03-21 10:15:3{at} telegram=|{WIRED.hex().upper()}|+{at}\n" for at in range(4)), None),
    "cut wired M-Bus": (f"telegram=|{WIRED[:40].hex().upper()}|+1\n", [(UNKNOWN, WIRED[:40])]),
    "HDLC below a telegram": (WIRELESS + "".join(f"{TX_RX(one)}: {_spaced(one.octets)}\n" for one in EVENTS), None),
    "APDU below a telegram": (f"{WIRELESS}{_spaced(REQUEST)}\n", None),
}  # fmt: skip


@pytest.mark.parametrize(("text", "said"), BESIDE.values(), ids=BESIDE)
def test_traffic_beside_what_is_not_read_here_is_read(
    text: str, said: list[tuple[int, bytes]] | None, tmp_path: Path
) -> None:
    path = tmp_path / "log.txt"
    path.write_text(text, newline="")
    with open_source(str(path)) as source:
        found = [(chunk.direction, chunk.octets) for chunk in source]
    assert found if said is None else found == said


PDU = bytes.fromhex("00010001001000080000000000000000")
RULER = bytes(range(16))


@pytest.mark.parametrize(
    "stamp",
    [
        lambda number: f"{number:02}:00:05",
        lambda number: f"{number:02}:00:05.123 TX:",
        lambda number: f"{number:02}:00:05:123 TX:",
        lambda number: f"{number:02}.03.2026 10:00:05",
        lambda number: f"{number:02} Mar 2026 10:00:05",
    ],
    ids=["hours", "hours with milliseconds", "milliseconds behind a colon", "days", "days and names of months"],
)
def test_times_that_rise_by_an_hour_or_a_day_are_no_numbers_of_lines(stamp: Callable[[int], str]) -> None:
    with read("".join(f"{stamp(number)} {_spaced(PDU)}\n" for number in range(8, 14))) as source:
        chunks = list(source)
    assert [chunk.octets for chunk in chunks] == [PDU] * 6
    assert len({chunk.time_ns for chunk in chunks} - {None}) == 6


READOUTS = {
    "active and reactive": "1.8.0(00123456.7*kWh) 2.8.0(00000012.3*kWh) 3.8.0(00004567.8*kvarh) 4.8.0(00000912.1*kvarh)",
    "phases": "21.7.0(00000123*W) 22.7.0(00000000*W) 23.7.0(00000045*var) 24.7.0(00000067*var)",
    "number of the meter first": "0.0(12345678) 1.8.0(00123456.7*kWh) 2.8.0(00000012.3*kWh) 3.8.0(00004567.8*kvarh)",
}


@pytest.mark.parametrize("sets", READOUTS.values(), ids=READOUTS)
def test_codes_of_data_sets_that_rise_are_no_numbers_of_lines(sets: str) -> None:
    with read("Here is what it said:\n" + sets.replace(" ", "\n") + "\n") as source:
        assert b"".join(chunk.octets for chunk in source).decode().split() == sets.split()


def test_seconds_with_decimals_are_no_numbers_of_lines() -> None:
    with read("".join(f"{number}.000123 {PDU.hex()}\n" for number in range(1, 6))) as source:
        assert [chunk.octets for chunk in source] == [PDU] * 5


@pytest.mark.parametrize("sign", [" ", ", ", "\t", ": "])
def test_number_of_one_digit_before_a_frame_is_no_digit_of_it(sign: str) -> None:
    with read("".join(f"{_size(one) % 10}{sign}{_spaced(one.octets)}\n" for one in EVENTS)) as source:
        assert b"".join(chunk.octets for chunk in source) == WHOLE
        assert not [remark for remark in source.remarks if remark.code == "hex-odd-digits"]


@pytest.mark.parametrize("before", ["", "RX: "])
def test_octet_that_the_frame_above_lacks_is_no_count(before: str) -> None:
    frame = bytes.fromhex("680A0A6853FE5101020304050607BE16")
    rows = [frame[:-1], frame[-1:] + frame]
    found = spoken("".join(f"{before}{_spaced(row)}\n" for row in rows))
    assert b"".join(octets for _, octets in found) == frame * 2


def test_octets_like_a_ruler_are_kept_behind_a_direction_and_below_octets() -> None:
    assert spoken(f"TX: {_spaced(PDU)}\nRX: {_spaced(RULER)}\n")[1:] == [(RECEIVED, RULER)]
    apdu = bytes.fromhex("C40181000910")
    assert b"".join(octets for _, octets in spoken(f"{_spaced(apdu)}\n{_spaced(RULER)}\n")) == apdu + RULER


def test_dissection_in_front_of_a_dump_gives_no_octets_twice() -> None:
    """As ``tshark -V -x`` writes packets."""
    packets = [bytes(range(0x40, 0x40 + 42)) + PDU[:-1] + bytes((number,)) for number in range(4)]
    text = ""
    for number, packet in enumerate(packets, 1):
        text += f"Frame {number}: {len(packet)} bytes on wire\nData (16 bytes)\n    Data: {packet[42:].hex()}\n    [Length: 16]\n\n"
        text += "".join(f"{at:04x}  {row.hex(' '):<47}   {_readable(row)}\n" for at, row in _rows(packet)) + "\n"
    with read(text) as source:
        assert [chunk.octets for chunk in source] == packets


def test_row_of_a_table_whose_packet_carries_nothing_is_no_octets() -> None:
    """As ``tshark -T fields`` writes packets: their times, addresses and what they carry."""
    row = "{}.271828182\t192.0.2.10\t198.51.100.7\t{}\t\n"
    text = "".join(row.format(1772442847 + number, PDU.hex() if number % 3 else "") for number in range(6))
    with read(text) as source:
        assert [chunk.octets for chunk in source] == [PDU] * 4
        assert not any("odd number" in remark.text for remark in source.remarks)


DIGITS_BESIDE = bytes.fromhex(
    "7E A0 2E 03 21 13 00 00 E6 E6 00 C1 01 C1 00 08 30 32 BE 10 04 0E 01 00 00 00 06 5F 1F 04 00 20"
)
"""A frame, whose second row begins with the characters 02 and a dot."""


@pytest.mark.parametrize(
    "head",
    [
        "> 2026/03/21 10:15:32.123456  length=32 from=0 to=31\n",
        "[21/03/2026 10:15:32] Written data (COM5)\n",
        "10:15:32.123456: /dev/ttyUSB0\n",
    ],
    ids=["socat -x -v", "Device Monitoring Studio", "jpnevulator"],
)
def test_characters_beside_a_row_that_begin_with_digits_are_none_of_its_octets(head: str) -> None:
    rows = "".join(f" {row.hex(' '):<47}  {_readable(row)}\n" for _, row in _rows(DIGITS_BESIDE))
    with read(head + rows) as source:
        assert b"".join(chunk.octets for chunk in source) == DIGITS_BESIDE


def test_line_that_ends_a_read_of_socat_is_none_that_was_left_aside() -> None:
    rows = "".join(f" {row.hex(' '):<47}  {_readable(row)}\n" for _, row in _rows(DIGITS_BESIDE))
    with read(f"> 2026/03/21 10:15:32.123456  length=32 from=0 to=31\n{rows}--\n") as source:
        list(source)
        assert [remark.text for remark in source.remarks] == ["read as a socat -x log"]


def _with_dates(form: str, behind: str = "") -> Write:
    return _lines(lambda one: f"{_at(one, form, 3)}{behind} {TX_RX(one)} {_spaced(one.octets)}")


DATED: dict[str, Write] = {
    "a date without signs": _with_dates("%Y%m%d %H:%M:%S"),
    "a date without signs, and a minus": _with_dates("%Y%m%d-%H:%M:%S"),
    "date and time without signs": _lines(
        lambda one: f"{_at(one, '%Y%m%d %H%M%S', 3, ',')} DEBUG {SENT_RECEIVED(one)} {one.octets.hex()}"
    ),
    "a minus between date and time": _with_dates("%Y/%m/%d-%H:%M:%S"),
    "an underline between date and time": _with_dates("[%Y-%m-%d_%H:%M:%S", "]"),
    "a number before a date without signs": _lines(
        lambda one: f"47110 {_at(one, '%Y%m%d %H:%M:%S', 3)} {TX_RX(one)} {_spaced(one.octets)}"
    ),
}


@pytest.mark.parametrize("write", DATED.values(), ids=DATED)
def test_date_before_a_time_of_day_is_read(write: Write) -> None:
    with read(write(EVENTS)) as source:
        found = [(chunk.time_ns, chunk.direction, chunk.octets) for chunk in source]
    assert found == [(one.time_ns // 1_000_000 * 1_000_000, one.direction, one.octets) for one in EVENTS]


def test_date_and_time_of_day_alone_on_a_line_are_no_octets() -> None:
    text = "".join(f"{_at(one, '%Y%m%d %H:%M:%S')}\n{_spaced(one.octets)}\n" for one in EVENTS)
    with read(text) as source:
        assert [(chunk.time_ns, chunk.octets) for chunk in source] == [
            (one.time_ns // 1_000_000_000 * 1_000_000_000, one.octets) for one in EVENTS
        ]


def test_numbers_that_go_back_are_those_of_meters_and_no_dates() -> None:
    numbers = ("20210412", "20190507")
    text = "".join(
        f"{numbers[at % 2]} {_at(one, '%H:%M:%S', 3)} {TX_RX(one)} {_spaced(one.octets)}\n"
        for at, one in enumerate(EVENTS)
    )
    with read(text) as source:
        assert [chunk.time_ns for chunk in source] == [one.time_ns % DAY_NS // 1_000_000 * 1_000_000 for one in EVENTS]
        assert {chunk.interface for chunk in source} <= {0}


def test_dump_of_zephyr_parts_characters_as_it_parts_octets() -> None:
    text = ""
    for one in EVENTS:
        text += f"[00:00:12.345,000] <dbg> dlms: {_words('tx', 'rx')(one)}: \n"
        for _, row in _rows(one.octets):
            characters = f"{_readable(row[:8])} {_readable(row[8:])}"
            text += f"{'':35}{row[:8].hex(' '):<23}  {row[8:].hex(' '):<23} |{characters:<17}\n"
    assert spoken(text) == SPOKEN


def test_titles_of_one_direction_say_nothing_of_a_dump_of_both() -> None:
    rows = "".join(f"{at:08x}  {row.hex(' '):<47}  |{_readable(row)}|\n" for at, row in _rows(WHOLE))
    assert [direction for direction, _ in spoken(f"Reading /dev/ttyUSB0 at 9600\n{rows}")] == [UNKNOWN]


def test_packets_of_tcpdump_and_their_arrows_are_no_titles() -> None:
    head = "10:15:32.123456 lo    In  IP 192.0.2.1.4059 > 192.0.2.2.5000: tcp sent 10\n"
    rows = "".join(f"\t0x{at:04x}:  {row.hex(' ', -2)}  {_readable(row)}\n" for at, row in _rows(WHOLE[:64]))
    other = head.replace("sent", "received")
    with read(head + rows + other + rows) as source:
        assert {chunk.direction for chunk in source} == {UNKNOWN}
        assert next(remark.text for remark in source.remarks).startswith("read as a dump of tcpdump")


def _epoch(one: Sent) -> int:
    return one.time_ns // 1000


def _member(one: Sent) -> str:
    """As journalctl -o json writes a message of another program."""
    message = f"{TX_RX(one)} {_spaced(one.octets)}"
    return json.dumps({"__REALTIME_TIMESTAMP": str(_epoch(one)), "_PID": "812", "MESSAGE": message})


SAID_ELSEWHERE: dict[str, Write] = {
    "Tasmota": _lines(
        lambda one: f'{_at(one, "%Y-%m-%d %H:%M:%S", 6)} {_words("CMD: SerialSend5 ", "SerialReceived=")(one)}{one.octets.hex()}'
    ),
    "a time and an arrow on the line above": _lines(
        lambda one: f"[{_at(one, '%Y-%m-%d %H:%M:%S', 6)}] {_words('→', '←')(one)} {_readable(one.octets)}\nHEX:{_spaced(one.octets)}"
    ),
    "a time and a word on the line above": _lines(
        lambda one: f"[{_at(one, '%Y-%m-%d %H:%M:%S', 6)}] {SENT_RECEIVED(one)} data\n{''.join(f'{{{o:02X}}}' for o in one.octets)}"
    ),
    "a member of JSON behind them": _lines(
        lambda one: json.dumps({"data": one.octets.hex(), "dir": TX_RX(one), "ts": _epoch(one)})
    ),
    "an epoch among the members of JSON before them": _lines(_member),
    "O and I": _lines(
        lambda one: f"{_at(one, '%Y/%m/%d-%H:%M:%S', 6)} {_words('O', 'I')(one)} {one.octets.hex()}"
    ),
}  # fmt: skip


@pytest.mark.parametrize("write", SAID_ELSEWHERE.values(), ids=SAID_ELSEWHERE)
def test_time_and_direction_are_read_where_they_stand(write: Write) -> None:
    with read(write(EVENTS)) as source:
        found = [(chunk.time_ns, chunk.direction, chunk.octets) for chunk in source]
    assert found == [(one.time_ns // 1000 * 1000, one.direction, one.octets) for one in EVENTS]


def test_count_at_the_end_of_a_title_is_no_octet() -> None:
    text = "".join(
        f"{_words('sending command:', f'received buffer: {_size(one)}')(one)}\n{one.octets.hex(' ')}\n"
        for one in EVENTS
    )
    assert spoken(text) == SPOKEN


def test_line_with_time_and_direction_says_nothing_of_octets_with_a_time_of_their_own() -> None:
    one, other = (_spaced(event.octets) for event in EVENTS[:2])
    text = f"[10:15:32.100] TX {one}\n[10:15:32.200] Sent all\n[10:15:33.500] data 1: {other}\n"
    with read(text) as source:
        assert [(chunk.direction, chunk.time_ns) for chunk in source] == [
            (SENT, 36_932_100_000_000), (UNKNOWN, 36_933_500_000_000)
        ]  # fmt: skip


@pytest.mark.parametrize("width", range(52, 84, 4))
def test_lines_that_a_mail_broke_at_one_width_are_no_units_that_a_log_cut(width: int) -> None:
    lines = [f"{_at(one, '%H:%M:%S', 3)} {TX_RX(one)}: {_spaced(one.octets)}" for one in EVENTS]
    text = "\n".join(row for line in lines for row in textwrap.wrap(line, width))
    assert spoken(text) == SPOKEN
    with read(text) as source:
        assert b"".join(chunk.octets for chunk in source if chunk.original_length == len(chunk.octets)) == WHOLE
        assert [remark.code for remark in source.remarks] == ["text-shape"]
