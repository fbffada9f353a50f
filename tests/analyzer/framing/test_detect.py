"""Detection: the stack of a lane by its octets, and what a lane is that is none of ours."""

import random
import struct
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.framing.detect import carrier_of, detect
from analyzer.simulate import local_messages as messages
from analyzer.simulate.mbus_line import long_frame
from analyzer.simulate.p1_port import telegram
from dissectors.checks import bcc
from dissectors.mbus import Mbus, MbusShort
from dissectors.scanning import reads
from tests.analyzer.framing.build import AARQ, FRAMES, GET_REQUEST, pdu, request, response
from tests.costs import processor_s


def always(_: bytes) -> bool:
    """Take all octets for an APDU."""
    return True


def never(_: bytes) -> bool:
    """Take no octets for an APDU."""
    return False


@given(FRAMES, st.binary(max_size=20))
def test_good_fcs_is_strong_hdlc_behind_any_octets(octets: bytes, noise: bytes) -> None:
    verdict = detect(noise + b"\xff" + octets)
    assert (verdict.stack, verdict.strong, verdict.carrier) == ("hdlc", True, "")
    assert "good FCS" in verdict.reason


@pytest.mark.parametrize("noise", [b"\x82j\n\r\n1-3:0.2.8(50)\r\n!", b"\xa6\x02\xaa1.8.0(", b"\x01R1\x02("])
def test_telegram_is_strong_behind_a_disturbance_that_opens_a_block(noise: bytes) -> None:
    sets = [messages.data_set("1-0:1.8.0", "00123.456", "kWh")] * 3
    verdict = detect(noise + telegram("MMM5SIM", sets) * 2)
    assert (verdict.stack, verdict.strong) == ("p1", True)


@pytest.mark.parametrize("noise", [b"\xa6\xaa\xaa\xc9", b"\x82j\n\r\n", b"\x00\xfe\x80"])
def test_telegram_with_parity_is_strong_behind_a_disturbance(noise: bytes) -> None:
    octets = telegram("MMM3SIM", [messages.data_set("1.8.0", "00123.456", "kWh")] * 3)
    octets = bytes(octet | (octet.bit_count() & 1) << 7 for octet in octets)
    verdict = detect(noise + octets * 2)
    assert (verdict.stack, verdict.strong) == ("p1", True)


@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
def test_line_of_a_readout_alone_is_told_by_its_data_set(end: bytes) -> None:
    verdict = detect(b"1-0:1.8.1(000123.456*kWh)" + end, is_datagram=False)
    assert (verdict.stack, verdict.reason) == ("iec62056-21", "data sets without STX")


SEALED = bytes.fromhex("DB08 4D4D4D0000BC614E 8200C5 30 00000001") + bytes(range(192))


@pytest.mark.parametrize("noise", [b"", b"\x82j\n", b"\xa6\xaa\xaa\xc9@\x90", SEALED[80:]])
def test_ciphered_telegrams_in_a_row_are_strong_behind_a_disturbance(noise: bytes) -> None:
    verdict = detect(noise + SEALED * 2)
    assert (verdict.stack, verdict.strong) == ("p1", True)


@pytest.mark.parametrize(
    ("before", "after"), [("0001000100670000", ""), ("68FAFA6853FF000167", "A516"), ("E6E700", "A5")]
)
def test_ciphered_apdus_with_a_link_between_them_are_no_telegrams(before: str, after: str) -> None:
    assert detect((bytes.fromhex(before) + SEALED + bytes.fromhex(after)) * 3).stack != "p1"


def test_damaged_frame_is_weak_hdlc() -> None:
    octets = bytearray(response())
    octets[20] ^= 4
    verdict = detect(bytes(octets))
    assert (verdict.stack, verdict.strong) == ("hdlc", False)
    assert verdict.score > detect(b"\x7e\xa0\x1e\x21\x03\x30" + bytes(30)).score > 0


def test_pdus_in_a_row_are_a_strong_wrapper() -> None:
    verdict = detect(pdu(AARQ) + pdu(GET_REQUEST), never)
    assert (verdict.stack, verdict.strong) == ("wrapper", True)


def test_one_pdu_is_strong_when_its_apdu_reads() -> None:
    assert detect(pdu(AARQ), always).strong
    assert detect(pdu(AARQ)).strong
    verdict = detect(pdu(AARQ), never)
    assert (verdict.stack, verdict.strong) == ("wrapper", False)


@pytest.mark.parametrize(
    ("fields", "order", "fault"),
    [
        ((1, 16, 1, len(GET_REQUEST)), "<", "low octet first"),
        ((1, 16, 1, len(GET_REQUEST) + 8), ">", "counts itself"),
        ((1, 16, 1, len(GET_REQUEST)), ">", ""),
        ((1, 16, 1, len(GET_REQUEST) + 0x100), "<", ""),
    ],
)
def test_header_written_wrongly_before_an_apdu_that_reads_is_told(
    fields: tuple[int, ...], order: str, fault: str
) -> None:
    def reads(octets: bytes) -> bool:
        return octets == GET_REQUEST

    verdict = detect(struct.pack(f"{order}4H", *fields) + GET_REQUEST, reads)
    assert fault in verdict.reason and bool(fault) is ("wrapper header w" in verdict.reason), verdict


def test_part_of_a_pdu_is_a_weak_wrapper() -> None:
    verdict = detect(pdu(AARQ)[:20], always)
    assert (verdict.stack, verdict.strong) == ("wrapper", False)


NESTED = pdu(bytes.fromhex("C401C100 0937") + request() + response())
"""A get-response whose value is two HDLC frames."""


@pytest.mark.parametrize("size", [8 + 6 + len(request()), len(NESTED), len(NESTED) + 20])
def test_frames_inside_a_pdu_are_contents_of_its_apdu(size: int) -> None:
    assert detect((NESTED * 2)[:size], always).stack == "wrapper"


def test_frames_inside_a_long_frame_of_mbus_are_contents_of_its_apdu() -> None:
    octets = long_frame(bytes.fromhex("08 05 10 01 10 C401C100 0937") + request() + response())
    assert detect(octets * 2, always)[:2] == ("mbus", True)


@pytest.mark.parametrize("before", [1, 3])
@pytest.mark.parametrize("between", [b"", b"\xe5", b"\x10\x5b\x01\x5c\x16"])
def test_frames_behind_long_frames_of_mbus_are_none_of_their_contents(before: int, between: bytes) -> None:
    octets = before * (long_frame(bytes.fromhex("08 01 72") + bytes(12)) + between)
    assert detect(octets + request() + response(), always)[:2] == ("hdlc", True)


@pytest.mark.parametrize("cut", [-1, -20])
def test_frames_inside_a_long_frame_that_goes_on_are_contents_of_it(cut: int) -> None:
    whole = long_frame(bytes.fromhex("08 01 72") + bytes(12))
    octets = whole + long_frame(bytes.fromhex("08 05 10 01 10 C401C100 0947") + request() + response() + bytes(16))
    assert detect(octets[:cut], always)[:2] == ("mbus", True)


def test_pdu_behind_a_heartbeat_is_found() -> None:
    assert detect(b"860123456789012" + pdu(AARQ), always).stack == "wrapper"


@pytest.mark.parametrize("header", [b"\x90\x01\x01", b"\xe6\xe6\x00"])
def test_llc_datagram_is_strong_when_its_apdu_reads(header: bytes) -> None:
    assert detect(header + AARQ, always)[:2] == ("llc", True)
    assert detect(header + AARQ, never)[:2] == ("llc", False)


def test_bare_apdu_is_strong_only_when_it_reads() -> None:
    assert detect(GET_REQUEST, always)[:2] == ("apdu", True)
    assert detect(GET_REQUEST)[:2] == ("apdu", False)
    assert detect(b"\x01" + bytes(9), never).stack is None


QUERY = struct.pack(">6H", 0x1234, 0x0100, 1, 0, 0, 0) + b"\x07example\x03com\x00\x00\x01\x00\x01"


@pytest.mark.parametrize(
    ("octets", "carrier"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(32), "tls"),
        (b"\x17\x03\x03\x00\x20" + bytes(32), "tls"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "ssh"),
        (b"\xff\xfd\x18\xff\xfd\x20", "telnet"),
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "http"),
        (b"HTTP/1.1 200 OK\r\n", "http"),
        (QUERY, "dns"),
        (b"ATD*99#\r", "modem"),
        (b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x3c", "mqtt"),
        (bytes.fromhex("1B1B1B1B01010101 76 05 00000001 6200 6200 72 65 00000101 76 01 01"), "sml"),
        (bytes.fromhex("77 07 0100010800FF 65 001C0104 01 621E 52FF 69 0000000000010203 01"), "sml"),
        (bytes.fromhex("7E FF 7D 23 C0 21 7D 21 7D 21 7D 20 7D 38"), "ppp"),
        (bytes.fromhex("C0 45 00 00 3B 00 01 00 00 40 11 00 00 0A 00 00 01 0A 00 00 02 C3 50 0F DB"), "slip"),
        (bytes.fromhex("05 64 0E C4 0A 00 01 00 9C 5D") + bytes(8), "dnp3"),
        (bytes.fromhex("68 04 07 00 00 00"), "iec-104"),
        (bytes.fromhex("68 0E 00 00 00 00 64 01 06 00 01 00 00 00 00 14"), "iec-104"),
        (bytes.fromhex("00 01 00 00 00 06 01 03 00 00 00 0A"), "modbus-tcp"),
        (b"220 mail.example ESMTP\r\n", "smtp or ftp"),
        (b"$GPRMC,123519,A,4807.038,N,01131.000,E,022.4,084.4,230394,003.1,W*6A\r\n", "nmea"),
        (b"hello, world", "other"),
        (b"", "other"),
    ],
)
def test_lane_that_is_none_of_ours_is_named(octets: bytes, carrier: str) -> None:
    verdict = detect(octets)
    assert (verdict.stack, verdict.strong, verdict.carrier) == (None, False, carrier)
    assert carrier_of(octets) == carrier


def test_wrapper_header_inside_a_dns_message_is_none() -> None:
    assert detect(QUERY + pdu(GET_REQUEST), always)[:2] == (None, False)


def test_modem_that_turns_transparent_is_no_carrier() -> None:
    assert detect(b"CONNECT 9600\r\n" + pdu(GET_REQUEST), always)[:2] == ("wrapper", True)
    assert detect(b"\xff\xfd\x18" + request(), never)[:2] == ("hdlc", True)


@given(st.binary(max_size=200))
def test_detection_is_total(octets: bytes) -> None:
    verdict = detect(octets, never)
    assert (verdict.stack is None) == bool(verdict.carrier)
    assert 0 <= verdict.score <= 1


def test_long_lane_is_judged_by_its_first_octets() -> None:
    assert detect(bytes(100_000) + request()).stack is None


def test_healthy_entries_of_the_corpus_are_told_apart(corpus: Path) -> None:
    seen = 0
    for path in sorted((corpus / "vectors").glob("*.toml")):
        if path.name == "broken.toml":
            continue
        for entry in tomllib.loads(path.read_text())["vector"]:
            if entry["transport"] in ("hdlc", "wrapper", "mbus", "llc") and "hex" in entry:
                verdict = detect(bytes.fromhex(entry["hex"]), always)
                assert (verdict.stack, verdict.strong) == (entry["transport"], True), entry["id"]
                seen += 1
    assert seen > 90


def test_mbus_is_strong_by_a_checksum_and_weak_by_a_header() -> None:
    push, command = bytes(Mbus()), bytes(MbusShort())
    assert detect(push, is_datagram=False)[:2] == ("mbus", True)
    assert detect(b"\xe5\xe5" + push)[:2] == ("mbus", True)
    assert detect(command)[:2] == ("mbus", False)  # HDLC may still come
    assert detect(command + command)[:2] == ("mbus", True)
    assert detect(push[:-1])[:2] == ("mbus", False)
    assert detect(command[:-1]).stack is None
    assert detect(b"\x68\x0d\x0d\x68\xff" + bytes(8)).stack is None  # no C field is FF


@pytest.mark.parametrize("octets", [GET_REQUEST, b"\x90\x01\x01" + GET_REQUEST, b"\xe6\xe6\x00" + AARQ])
def test_stream_that_reads_as_one_apdu_is_never_strong(octets: bytes) -> None:
    assert detect(octets, always).strong
    verdict = detect(octets, always, is_datagram=False)
    assert verdict.stack in ("apdu", "llc")
    assert not verdict.strong


def test_stream_of_frames_or_pdus_stays_strong() -> None:
    assert detect(request(), never, is_datagram=False)[:2] == ("hdlc", True)
    assert detect(pdu(AARQ), always, is_datagram=False)[:2] == ("wrapper", True)


@given(FRAMES, st.binary(max_size=40).map(lambda octets: octets.replace(b"\x7e", b"")))
def test_frame_with_a_good_header_and_no_flag_before_it_is_found(octets: bytes, noise: bytes) -> None:
    assert detect(noise + octets[1:], never).stack == "hdlc"


def test_random_octets_cost_little() -> None:
    chance = random.Random(4059)
    packets = [chance.randbytes(1400) for _ in range(100)]
    yardstick = processor_s(lambda: [sum(1 for _ in octets) for octets in packets], rounds=5)
    looked = processor_s(lambda: [detect(octets, never) for octets in packets], rounds=5)
    assert looked < 8 * yardstick  # 2 to 3 as it stands, under load up to 5; framing them takes 25


@pytest.mark.parametrize("has_parity", [False, True])
def test_readout_behind_the_end_of_a_message_is_strong_by_its_check_character(has_parity: bool) -> None:
    text = b"\0\0CKA140-300\r\n\x02F.F(00)\r\n1.8.0(00123.456*kWh)\r\n!\r\n\x03"
    octets = text + bytes((bcc(text[text.index(b"\x02") + 1 :]),))
    sent = bytes(one | (one.bit_count() & 1) << 7 for one in octets) if has_parity else octets
    verdict = detect(sent)
    assert (verdict.stack, verdict.strong) == ("iec62056-21", True)
    assert not detect(sent[:-1] + bytes((sent[-1] ^ 0x03,))).strong


def test_random_bursts_are_hardly_ever_sure() -> None:
    chance = random.Random(7)
    bursts = [chance.randbytes(chance.randrange(1, 61)) for _ in range(20_000)]
    assert sum(detect(one, reads).strong for one in bursts) <= 3


def test_long_random_octets_are_no_damaged_line() -> None:
    chance = random.Random(7)
    found = [detect(chance.randbytes(4000), reads).stack for _ in range(40)]
    assert found.count(None) >= 38


@pytest.mark.parametrize("octets", ["D80101", "D8010600000009", "0E010603", "0E060501", "6200", "6300"])
def test_short_apdu_is_sure_by_itself(octets: str) -> None:
    verdict = detect(bytes.fromhex(octets), reads)
    assert (verdict.stack, verdict.strong) == ("apdu", True)


@pytest.mark.parametrize("octets", ["D8E018", "0E8191D0", "C8082A00000001010203"])
def test_apdu_with_values_that_there_are_not_is_weak(octets: str) -> None:
    apdu = bytes.fromhex(octets)
    assert reads(apdu)
    verdict = detect(apdu, reads)
    assert (verdict.stack, verdict.strong) == ("apdu", False)


def test_octets_that_end_as_a_line_and_have_no_parity_are_no_identification() -> None:
    octets = bytes.fromhex("AF6BC4E75DB2D7D84958324EE7F20A")
    assert not detect(bytes.fromhex("9113") + octets + bytes.fromhex("B27F")).strong
    assert not detect(octets).strong


@pytest.mark.parametrize("octets", ["0142300371", "0150300228290360"], ids=["break", "P0 that asks for nothing"])
def test_short_command_is_sure_by_its_check_character(octets: str) -> None:
    command = bytes.fromhex(octets)
    assert detect(command, reads)[:2] == ("iec62056-21", True)
    assert not detect(command[:-1] + bytes((command[-1] ^ 1,)), reads).strong


@pytest.mark.parametrize("octets", ["0151300362", "0142390378"])
def test_short_block_of_no_command_is_none(octets: str) -> None:
    assert not detect(bytes.fromhex(octets), reads).strong
