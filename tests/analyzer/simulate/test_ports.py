"""M-Bus pushes and P1 telegrams of the simulator, read by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.simulate import mbus_line, p1_port
from analyzer.simulate.ciphering import Seal
from analyzer.simulate.local_messages import data_set
from analyzer.simulate.mbus_line import LARGEST_LENGTH, carry, segments
from analyzer.simulate.sent import SECOND, TO_CLIENT, Sent, Truth
from tests.analyzer.simulate.opening import gcm
from tests.analyzer.simulate.reading import mbus_frame

EXAMPLE = p1_port.telegram(
    "ISk5\\2MT382-1000",
    [
        data_set("1-3:0.2.8", "50"),
        data_set("0-0:1.0.0", "241121104500W"),
        data_set("1-0:1.8.1", "000123.456", "kWh"),
        data_set("1-0:1.7.0", "00.512", "kW"),
    ],
)


def joined(frames: list[bytes]) -> bytes:
    """Join segments whose numbers run from 0 and whose last has FIN."""
    bodies = [mbus_frame(octets) for octets in frames]
    assert [body[2] & 0x0F for body in bodies] == [number % 16 for number in range(len(bodies))]
    assert [bool(body[2] & 0x10) for body in bodies] == [False] * (len(bodies) - 1) + [True]
    assert {body[:2] + body[3:5] for body in bodies} == {b"\x53\xff\x01\x67"}
    return b"".join(body[5:] for body in bodies)


@given(st.binary(min_size=1, max_size=900), st.integers(20, LARGEST_LENGTH))
def test_segments_joined_by_hand_are_the_apdu(apdu: bytes, length: int) -> None:
    frames = segments(apdu, 1, 103, length=length)
    assert joined(frames) == apdu
    assert max(len(octets) for octets in frames) <= length + 6


@pytest.mark.parametrize(("size", "said"), [(251, 0x00), (252, 0x01), (245, 0xFA)])
def test_length_of_a_frame_counts_modulo_256(size: int, said: int) -> None:
    (octets,) = segments(bytes(size), 1, 103, length=LARGEST_LENGTH)
    assert octets[1] == said
    assert len(mbus_frame(octets)) == size + 5


def test_push_in_segments_takes_its_time_on_the_line() -> None:
    truth = Truth("data-notification", 103, "1", (b"apdu",))
    dialogue = [Sent(0, TO_CLIENT, bytes(300), truth), Sent(5 * SECOND, TO_CLIENT, bytes(10), truth)]
    placed = carry(dialogue, start_ns=SECOND)
    assert [len(one.octets) for one in placed] == [256, 66, 21]
    assert [one.truth.apdus for one in placed] == [(), (b"apdu",), (b"apdu",)]
    assert placed[0].time_ns == SECOND + mbus_line.LINE.duration_ns(256) + SECOND // 100
    assert placed[0].time_ns > SECOND + 256 * 11 * SECOND // 2400


def test_crc_of_the_check_text_is_the_published_one() -> None:
    assert p1_port.crc(b"123456789") == 0xBB3D


def test_telegram_ends_with_the_crc_of_the_worked_example() -> None:
    assert EXAMPLE.startswith(b"/ISk5\\2MT382-1000\r\n\r\n1-3:0.2.8(50)\r\n")
    assert EXAMPLE.endswith(b"(00.512*kW)\r\n!328C\r\n")


def test_telegram_of_older_meters_has_no_crc() -> None:
    assert p1_port.telegram("ISk5\\2", [data_set("1-0:1.7.0", "0")], has_crc=False).endswith(b"(0)\r\n!\r\n")


SEAL = Seal(0x30, bytes(range(16)), bytes(range(0xD0, 0xE0)), b"MMM\x00\x00\xbc\x61\x4e")


def opened(block: bytes) -> bytes:
    assert block[:3] == b"\x82" + (len(block) - 3).to_bytes(2, "big")
    covered = block[3:4] + SEAL.authentication_key
    return gcm(SEAL.key, SEAL.title + block[4:8], block[8:-12], covered, block[-12:])


def test_ciphered_telegram_is_a_general_glo_around_the_text() -> None:
    octets = p1_port.ciphered(EXAMPLE, SEAL, 7)
    assert octets[:10] == b"\xdb\x08" + SEAL.title
    assert octets[14:18] == b"\x00\x00\x00\x07"
    assert opened(octets[10:]) == EXAMPLE


@pytest.mark.parametrize("has_title", [True, False])
def test_ciphered_telegram_behind_its_identification_has_no_tag(has_title: bool) -> None:
    octets = p1_port.ciphered(EXAMPLE, SEAL, 7, identification="KFM5SIM", has_title=has_title)
    head = b"/KFM5SIM\r\n\r\n" + (b"\x08" + SEAL.title if has_title else b"\x00")
    assert octets.startswith(head)
    assert octets[-7:] == b"!%04X\r\n" % p1_port.crc(octets[:-6])
    assert opened(octets[len(head) : -7]) == EXAMPLE
