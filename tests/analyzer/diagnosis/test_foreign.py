"""Other protocols on a serial line are named where their marks or sums prove them, and nothing else is made of them."""

from __future__ import annotations

import json
import random
from binascii import crc_hqx
from collections.abc import Callable
from functools import reduce
from itertools import accumulate
from operator import xor
from pathlib import Path

import pytest

from analyzer.diagnosis.doctor import Doctor
from analyzer.framing import foreign
from analyzer.framing.crc_states import P1
from analyzer.framing.foreign import FrameNames, foreign_named
from analyzer.framing.foreign_frames import (
    count_c1218,
    count_cjt188,
    count_colours,
    count_dlt645,
    count_dlt698,
    count_dnp3,
    count_iec102,
    count_iec104,
    count_kmp,
    count_knx,
    count_modbus,
    count_modbus_tcp,
    count_nbr14522,
    count_nmea,
    count_ppp,
    count_profibus,
    count_slip,
    count_sml,
    count_tls,
    count_wireless,
    count_xmodem,
)
from analyzer.pipeline import Pipeline
from analyzer.record import Record
from analyzer.simulate.ciphering import Seal
from analyzer.simulate.local_messages import data_set
from analyzer.simulate.mbus_line import long_frame
from analyzer.simulate.p1_port import ciphered, telegram
from analyzer.simulate.uart import line_format, misread, octets_of_characters
from captures.chunk import SENT
from captures.foreign import count_tic
from dissectors.checks import crc16_arc, fcs
from tests.analyzer.diagnosis.test_first_stories import TALK, dialogue, over_connection
from tests.analyzer.diagnosis.told import diagnose
from tests.analyzer.test_links import records
from tests.analyzer.tracking.build import Station, answered
from tests.analyzer.tracking.timed import CLOCK_ANSWER, GET_CLOCK, OPENING, READING, at, on_hdlc, serial_chunks
from tests.captures.build import ethernet, ipv4, tcp
from tests.cli.conftest import Run, run
from tests.costs import processor_s
from tests.faults.case import Case, ListSource, Said, Truth, stories_of
from tests.faults.noise import crc_of_modbus

__all__ = ["run"]

CHANCE = random.Random(645)


def test_modbus_is_sought_in_little_more_than_the_time_of_a_sum() -> None:
    chance = random.Random(1)
    records = [chance.randbytes(50) for _ in range(1000)]
    sums_s = processor_s(lambda: [P1.forward(octets) for octets in records])
    assert processor_s(lambda: [count_modbus(octets) for octets in records]) < 4 * sums_s


def test_frames_of_modbus_are_found_among_other_octets() -> None:
    chance = random.Random(1)
    frames = ("01 03 00 6B 00 03", "01 03 06 02 2B 00 00 00 64", "F7 06 00 01 00 03", "11 10 00 01 00 01 02 00 0A",
              "11 10 00 01 00 01", "0A 81 02", "0A 90 03")  # fmt: skip
    for _ in range(50):
        said = [bytes.fromhex(chance.choice(frames)) for _ in range(chance.randrange(6))]
        octets = b"".join(one + crc_of_modbus(one) + bytes(chance.randrange(3)) for one in said)
        assert count_modbus(b"\xc4\x01\xc1" + octets) == len(said)


def sml() -> bytes:
    body = bytes.fromhex("7605000102036200620072630101760101") + CHANCE.randbytes(60)
    return bytes.fromhex("1B1B1B1B01010101") + body + bytes.fromhex("1B1B1B1B1A00") + CHANCE.randbytes(2)


def entry() -> bytes:
    """An entry of an SML list alone, as readers of optical heads dump them."""
    return bytes.fromhex("77 07 0100010800FF 65 001C0104 01 621E 52FF 69") + CHANCE.randbytes(8) + b"\1"


def dlt645(address: int) -> bytes:
    data = bytes((octet + 0x33) & 0xFF for octet in CHANCE.randbytes(8))
    frame = b"\x68" + address.to_bytes(6, "little") + b"\x68\x91" + bytes((len(data),)) + data
    return b"\xfe\xfe\xfe\xfe" + frame + bytes((sum(frame) & 0xFF, 0x16))


def kmp() -> bytes:
    """A request for one register and its answer; octets with a meaning have 1B and their complement."""
    sent = b""
    for start, body in ((b"\x80", bytes.fromhex("3F10010056")), (b"\x40", bytes.fromhex("3F1000562502421480"))):
        frame = body + CHANCE.randbytes(2)
        frame += crc_hqx(frame, 0).to_bytes(2)
        sent += start + b"".join(
            b"\x1b" + bytes((octet ^ 0xFF,)) if octet in b"\x80\x40\x0d\x06\x1b" else bytes((octet,)) for octet in frame
        ) + b"\x0d"  # fmt: skip
    return sent


def radio() -> bytes:
    return bytes.fromhex("2E44B435785634120102 7A 0100 2025") + CHANCE.randbytes(32)


def echonet() -> bytes:
    """An answer with the counts of both directions and the power, each property with its length."""
    properties = ((0xE0, 4), (0xE3, 4), (0xE7, 4))
    body = b"".join(bytes((code, size)) + CHANCE.randbytes(size) for code, size in properties)
    return bytes.fromhex("1081 0007 028801 05FF01 72") + bytes((len(properties),)) + body


def log() -> bytes:
    return b"\x1b[0;32m(V) BD 48 05 " + CHANCE.randbytes(6) + b"\x1b[0m\r\n"


def tic(separator: bytes = b"\t") -> bytes:
    groups = []
    for label, value in ((b"EAST", b"%09d" % CHANCE.randrange(10**9)), (b"IRMS1", b"%03d" % CHANCE.randrange(90))):
        text = label + separator + value + separator
        counted = text if separator == b"\t" else text[:-1]
        groups.append(b"\n" + text + bytes(((sum(counted) & 0x3F) + 0x20,)) + b"\r")
    return b"".join(groups)


def crc_of_dnp3(octets: bytes) -> bytes:
    """CRC-16 of DNP3 and of wireless M-Bus with the bits of each octet reversed, low octet first."""
    value = 0
    for octet in octets:
        value ^= octet
        for _ in range(8):
            value = value >> 1 ^ 0xA6BC * (value & 1)
    return (value ^ 0xFFFF).to_bytes(2, "little")


def dnp3() -> bytes:
    header = bytes.fromhex("0564 14 C4 0A00 0100")
    body = CHANCE.randbytes(15)
    return header + crc_of_dnp3(header) + body + crc_of_dnp3(body)


def radio_with_sums() -> bytes:
    """The same telegram as a receiver gives it that leaves the check sums in (format A)."""
    telegram = radio()
    reverse = bytes(int(f"{octet:08b}"[::-1], 2) for octet in range(256))
    blocks = [telegram[:10], *(telegram[at : at + 16] for at in range(10, len(telegram), 16))]
    return b"".join(one + crc_of_dnp3(one.translate(reverse)).translate(reverse) for one in blocks)


def with_fcs(octets: bytes) -> bytes:
    return octets + fcs(octets).to_bytes(2, "little")


def ppp() -> bytes:
    frame = with_fcs(bytes.fromhex("FF03 C021 01 01 000E 0206 00000000 0304 C023") + CHANCE.randbytes(4))
    stuffed = (b"\x7d" + bytes((one ^ 0x20,)) if one < 0x20 or one in b"\x7d\x7e" else bytes((one,)) for one in frame)
    return b"\x7e" + b"".join(stuffed) + b"\x7e"


def c1218() -> bytes:
    data = b"\0\0\x20" + CHANCE.randbytes(32)
    return b"\6" + with_fcs(b"\xee\0\0\0" + len(data).to_bytes(2) + data)


def dlt698() -> bytes:
    data = b"\x85\1\0\0\x10\2\0\1\1\5\6" + CHANCE.randbytes(6)
    head = (len(data) + 15).to_bytes(2, "little") + b"\xc3\5" + CHANCE.randbytes(6) + b"\x10"
    return b"\xfe\xfe\x68" + with_fcs(with_fcs(head) + data) + b"\x16"


def cjt188() -> bytes:
    frame = b"\x68\x10" + CHANCE.randbytes(7) + b"\x81\x16\x90\x1f\0" + CHANCE.randbytes(19)
    return b"\xfe\xfe" + frame + bytes((sum(frame) & 0xFF, 0x16))


def slip() -> bytes:
    body = CHANCE.randbytes(30)
    head = bytes.fromhex("450000320001000040110000 C0000001 DB000002")
    head = head[:10] + (-int.from_bytes(head) % 0xFFFF).to_bytes(2) + head[12:]
    return b"\xc0" + (head + body).replace(b"\xdb", b"\xdb\xdd").replace(b"\xc0", b"\xdb\xdc") + b"\xc0"


def knx() -> bytes:
    return bytes.fromhex("06100420 0015 04490100 1100BCE000000801010081")


def profibus() -> bytes:
    body = bytes((2, CHANCE.randrange(1, 126), 0x49))
    data = bytes((1, 2, 8, *CHANCE.randbytes(3)))
    long_one = b"\x68\x06\x06\x68" + data + bytes((sum(data) & 0xFF, 0x16))
    return b"\x10" + body + bytes((sum(body) & 0xFF, 0x16)) + long_one


def iec102() -> bytes:
    """A request of the link's state to an address of two octets."""
    body = b"\x49" + CHANCE.randrange(1, 0x4000).to_bytes(2, "little")
    return b"\x10" + body + bytes((sum(body) & 0xFF, 0x16))


def iec104() -> bytes:
    return bytes.fromhex("68 04 43 00 00 00 68 0E 00 00 00 00 64 01 06 00 01 00 00 00 00 14")


def modbus_tcp() -> bytes:
    return CHANCE.randbytes(2) + bytes.fromhex("0000 0006 01 03 0000 000A")


def tls() -> bytes:
    return b"\x17\x03\x03\x00\x40" + CHANCE.randbytes(64)


def modbus() -> bytes:
    frame = bytes.fromhex("01 03 04") + CHANCE.randbytes(4)
    return frame + crc_of_modbus(frame)


def xmodem() -> bytes:
    block = CHANCE.randbytes(128)
    return b"\1\7\xf8" + block + crc_hqx(block, 0).to_bytes(2)


def nbr14522(size: int) -> bytes:
    """A request for present registers, or its answer: code, number of the reader or meter, BCD, CRC-16/ARC."""
    text = bytes((0x14, 0x12, 0x34, 0x56)) + bytes(CHANCE.randrange(0x11, 0x99) for _ in range(size - 6))
    return text + crc16_arc(text).to_bytes(2, "little")


def nmea() -> bytes:
    text = b"GPRMC,1235%02d,A,4807.038,N,01131.000,E,022.4,084.4,230394,003.1,W" % CHANCE.randrange(60)
    return b"$" + text + b"*%02X\r\n" % reduce(xor, text)


OTHERS: list[tuple[Callable[[], bytes], str, str]] = [
    (tic, "TIC", "tic"),
    (lambda: tic(b" "), "TIC", "tic"),
    (log, "log of a program", "console"),
    (sml, "SML", "sml"),
    (entry, "SML", "sml"),
    (lambda: dlt645(0x112233445566), "DL/T 645", "dlt645"),
    (radio, "wireless M-Bus", "wireless-mbus"),
    (kmp, "protocol of Kamstrup's meters", "kmp"),
    (echonet, "ECHONET Lite", "echonet-lite"),
    (dnp3, "DNP3", "dnp3"),
    (radio_with_sums, "wireless M-Bus", "wireless-mbus"),
    (ppp, "PPP", "ppp"),
    (c1218, "ANSI C12.18", "c12.18"),
    (dlt698, "DL/T 698.45", "dlt698"),
    (lambda: nbr14522(66), "ABNT NBR 14522", "nbr14522"),
    (lambda: b"\x05" + nbr14522(258), "ABNT NBR 14522", "nbr14522"),
    (cjt188, "CJ/T 188", "cjt188"),
    (xmodem, "XMODEM", "xmodem"),
    (slip, "SLIP", "slip"),
    (knx, "KNXnet/IP", "knx"),
    (iec102, "IEC 60870-5-102", "iec-102"),
    (profibus, "PROFIBUS", "profibus"),
    (nmea, "NMEA 0183", "nmea"),
    (modbus, "Modbus RTU", "modbus-rtu"),
    (iec104, "IEC 60870-5-104", "iec-104"),
    (modbus_tcp, "Modbus TCP", "modbus-tcp"),
    (tls, "TLS", "tls"),
]


@pytest.mark.parametrize(("make", "name", "carrier"), OTHERS)
def test_other_protocol_is_named_the_same_behind_a_converter(
    make: Callable[[], bytes], name: str, carrier: str
) -> None:
    found, pipeline = over_tcp([make() for _ in range(6)])
    doctor = Doctor()
    for record in found:
        doctor.take(record)
    doctor.finish(pipeline.left_aside)
    story = next(one for one in doctor.stories() if one.cause in ("wrong-stack", "tunnel", ""))
    assert pipeline.left_aside == ({carrier: 6} if not found else {})
    assert foreign_named(carrier).meaning in story.evidence[0].text or story.cause == "tunnel"


def test_modbus_line_of_which_a_frame_reads_as_a_bare_apdu_is_modbus() -> None:
    asked = ["08030E320004", "03033A5A0007", "100300F30002", "06030E240004", "07031EFA0002", "080301C60007"]
    frames = [frame + crc_of_modbus(frame) for frame in map(bytes.fromhex, asked)]
    said = [Said(step * 10**8, SENT, frame) for step, frame in enumerate(frames)]
    assert any(one.link == "apdu" and not one.notes for one in Pipeline().run(ListSource(said)))
    (story,) = stories_of(Case(said, Truth(frozenset())))
    assert (story.code, story.cause, story.confidence) == ("line-unreadable", "wrong-stack", "certain")


def over_tcp(said: list[bytes]) -> tuple[list[Record], Pipeline]:
    sequences = accumulate((len(octets) for octets in said), initial=1000)
    return records(1, [ethernet(ipv4(tcp(octets, sequence=at))) for octets, at in zip(said, sequences, strict=False)])


def test_conversation_that_nothing_proves_is_other() -> None:
    said = [b"\0" + CHANCE.randbytes(CHANCE.randrange(20, 600)) for _ in range(40)]
    assert over_tcp(said)[1].left_aside == {"other": 40}


def test_conversations_that_nothing_names_are_looked_at_within_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    sought, frames_in = 0, foreign.frames_in

    def seek(octets: bytes) -> tuple[foreign.Foreign, int] | None:
        nonlocal sought
        sought += 1
        return frames_in(octets)

    monkeypatch.setattr(foreign, "frames_in", seek)
    names = FrameNames()
    assert names.carrier_of([modbus() for _ in range(4)]) == "modbus-rtu"
    assert {names.carrier_of([CHANCE.randbytes(20)] * 16) for _ in range(2000)} == {"other"}
    assert sought <= 1100


@pytest.mark.parametrize(("make", "name", "carrier"), OTHERS)
def test_other_protocol_is_named_for_certain(
    make: Callable[[], bytes], name: str, carrier: str, run: Run, tmp_path: Path
) -> None:
    path = tmp_path / "log"
    path.write_text("".join(f"10:15:{step:02d}.100 : {make().hex(' ')}\n" for step in range(6)))
    stories = [json.loads(line) for line in run("doctor", "--json", path).out.splitlines()]
    (story,) = [one for one in stories if one["cause"] == "wrong-stack"]
    assert (story["code"], story["confidence"]) == ("line-unreadable", "certain")
    assert name in story["evidence"][0]["text"]
    assert not [one for one in stories if one["cause"] == "baud-mismatch" and not one.get("under")]


@pytest.mark.parametrize("has_parity", [False, True])
def test_output_of_a_french_meter_in_small_reads_is_no_message_of_iec62056_21(
    has_parity: bool, run: Run, tmp_path: Path
) -> None:
    sent = b"".join(b"\x02" + tic(b" ") + tic(b" ") + b"\x03" for _ in range(4))
    if has_parity:
        sent = bytes(one | (one.bit_count() & 1) << 7 for one in sent)
    path = tmp_path / "log"
    rows = [sent[begin : begin + 48].hex(" ") for begin in range(0, len(sent), 48)]
    path.write_text("".join(f"10:15:{step:02d}.100 RX {row}\n" for step, row in enumerate(rows)))
    (story,) = (json.loads(line) for line in run("doctor", "--json", path).out.splitlines())
    assert (story["cause"], story["confidence"]) == ("wrong-stack", "certain")
    assert "TIC" in story["evidence"][0]["text"]


@pytest.mark.parametrize("is_sealed", [False, True])
def test_inverted_line_of_a_p1_port_is_named(is_sealed: bool, run: Run, tmp_path: Path) -> None:
    sets = [data_set("1-0:1.8.0", "000123.456", "kWh"), data_set("1-0:32.7.0", "231.2", "V")]
    sent = telegram("MMM5\\2M", sets)
    if is_sealed:
        title = bytes.fromhex("5341470000BC614E")
        sent = ciphered(sent, Seal(0x30, bytes(range(16)), bytes(range(16, 32)), title), 7)
    form = line_format("8N1", 115200)
    octets = octets_of_characters(misread(sent * 3, form, form._replace(is_inverted=True)))
    path = tmp_path / "port.bin"
    path.write_bytes(octets)
    stories = [json.loads(line) for line in run("doctor", "--json", "-d", "serial,p1", path).out.splitlines()]
    assert [one["cause"] for one in stories] == ["polarity-inverted"]
    assert any("P1 port is inverted by its standard" in one for one in stories[0]["advice"])


def test_random_octets_are_no_other_protocol() -> None:
    octets = CHANCE.randbytes(1 << 16)
    assert (count_sml(octets), count_dlt645(octets)) == (0, 0)
    assert (count_colours(octets), count_tic(octets), count_kmp(octets)) == (0, 0, 0)
    assert (count_dnp3(octets), count_ppp(octets), count_c1218(octets)) == (0, 0, 0)
    assert (count_dlt698(octets), count_xmodem(octets), count_nmea(octets)) == (0, 0, 0)
    assert (count_slip(octets), count_knx(octets), count_profibus(octets)) == (0, 0, 0)
    assert (count_iec102(octets), count_tls(octets), count_iec104(octets), count_modbus_tcp(octets)) == (0, 0, 0, 0)
    assert sum(count_nbr14522(octets[at:]) for at in range(0, len(octets), 66)) < 2
    assert count_cjt188(octets) < 2  # its sum has 8 bits
    assert sum(count_wireless(octets[at : at + 48]) for at in range(0, len(octets), 48)) == 0


def test_group_of_tic_with_a_wrong_check_character_does_not_count() -> None:
    groups = tic()
    assert count_tic(groups) == 2
    assert count_tic(groups.replace(b"\nEAST", b"\nEASU")) == 1


def test_frame_of_dlt645_with_a_wrong_sum_does_not_count() -> None:
    frame = bytearray(dlt645(17))
    assert count_dlt645(bytes(frame)) == 1
    frame[-2] ^= 1
    assert count_dlt645(bytes(frame)) == 0


def test_flag_alone_among_octets_read_wrongly_is_told_like_them(run: Run, tmp_path: Path) -> None:
    octets = bytes.fromhex("52 99 D4 7E 0E 0E 0E 0E 52") * 8
    rows = [f"{at}-{at + 1} UART: {('TX', 'RX')[at % 2]} data: {octet:02X}" for at, octet in enumerate(octets)]
    path = tmp_path / "log"
    path.write_text("\n".join(rows) + "\n")
    stories = [json.loads(line) for line in run("doctor", "--json", path).out.splitlines()]
    assert {one["cause"] for one in stories} == {"baud-mismatch"}


def causes_of(run: Run, path: Path, lines: list[bytes]) -> dict[str, str]:
    """Give the causes that doctor tells of octets on a line, and how sure it is."""
    path.write_text("".join(f"10:15:{at:02d}.100 : {one.hex(' ')}\n" for at, one in enumerate(lines)))
    stories = [json.loads(line) for line in run("doctor", "--json", path).out.splitlines()]
    return {one.get("cause", ""): one.get("confidence", "") for one in stories}


@pytest.mark.parametrize("octet", [0x55, 0xFF])
def test_line_with_one_octet_alone_is_idle(octet: int, run: Run, tmp_path: Path) -> None:
    assert set(causes_of(run, tmp_path / "log", [bytes((octet,)) * 64] * 20)) == {"idle-fill"}


def test_pattern_for_tests_is_no_line_whose_odd_octets_were_dropped(run: Run, tmp_path: Path) -> None:
    assert "certain" not in causes_of(run, tmp_path / "log", [b"\xaa\x55" * 30] * 20).values()


def test_numbers_with_many_zeros_are_no_late_edges(run: Run, tmp_path: Path) -> None:
    lines = [b"\0\0\0\x10\0\0\0\x15\0\0\0\0\0\0\0" + bytes((at,)) for at in range(10)]
    assert "edges-late" not in causes_of(run, tmp_path / "log", lines)


def test_line_of_iec_101_is_no_mbus_that_lacks_segments(run: Run, tmp_path: Path) -> None:
    bodies = ["73 0100 64 01 06 00 0100 0000 {:02X}", "28 0100 1E 01 03 00 0100 0200 01 D20296370203 {:02X}"] * 6
    lines = [long_frame(bytes.fromhex(one.format(at))) for at, one in enumerate(bodies)]
    causes = causes_of(run, tmp_path / "log", lines)
    assert causes["wrong-stack"] == "likely"
    assert "segment-lost" not in causes


STRAY = {"colour": b"\x1b[32mgw ok\x1b[0m\r\n", "record of TLS": bytes.fromhex("15 03 03 00 02 01 00")}


@pytest.mark.parametrize("is_serial", [False, True])
@pytest.mark.parametrize("place", [2, 4, 6])
@pytest.mark.parametrize("stray", STRAY)
def test_what_stands_between_frames_that_read_is_noise_and_hides_none_behind_it(
    stray: str, place: int, is_serial: bool
) -> None:
    line = Station(b"\x21", b"\x03")
    units = [*at(0, *line.connect()), *on_hdlc(line, OPENING, READING, READING, READING)]
    units.insert(place, *at(0.1, answered(STRAY[stray])))
    units.insert(-1, *at(0.1, answered(bytes.fromhex("01 02 03 04 99 88"))))
    told = diagnose(serial_chunks(units)) if is_serial else over_connection(*(said for _, said in units))
    assert {one.code for one in told} == {"hdlc-noise"}
    assert sum(one.count for one in told) == 2


@pytest.mark.parametrize("stray", STRAY)
def test_line_that_begins_with_what_another_protocol_has_and_reads_then_is_ours(stray: str) -> None:
    line = Station(b"\x21", b"\x03")
    units = [*at(0, answered(STRAY[stray])), *at(1, *line.connect()), *on_hdlc(line, OPENING, READING)]
    told = diagnose(serial_chunks(units))
    assert [one.cause for one in told if one.confidence == "certain" and one.cause] == []
    assert sum(one.count for one in told) == 1


def test_apdus_that_do_not_read_are_told_behind_a_line_of_text_of_the_gateway() -> None:
    odd = [(GET_CLOCK, CLOCK_ANSWER[:-3]), (GET_CLOCK, CLOCK_ANSWER + b"\1\2\3")]
    said = [*dialogue(*TALK), answered(STRAY["colour"]), *dialogue(*odd)]
    told = over_connection(*said)
    assert [one.code for one in told] == ["noise"]
    assert {one.code for one in told[0].leads_to} == {"apdu-malformed", "apdu-trailing-octets"}
