"""Every link type through the whole pass: total on any octets, and what a tap carries may come in any pieces."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.pipeline import Pipeline
from analyzer.record import Record
from captures.carriers import CARRIERS
from captures.chunk import SILENCE, UNKNOWN, Chunk
from captures.links import LINK_NAMES, LINKS
from tests.analyzer.framing.build import frame, request, response
from tests.analyzer.tracking.build import ListSource, essence
from tests.captures.build import ethernet, ipv4, tcp, udp
from tests.captures.build_taps import BULK_IN, BULK_OUT, IDLE, rtac, usbmon, usbpcap, with_status

USER0 = 147


def records(link_type: int, packets: Sequence[bytes]) -> tuple[list[Record], Pipeline]:
    chunks = [
        Chunk(number, number * 10**9, link_type, UNKNOWN, one, len(one), 0) for number, one in enumerate(packets, 1)
    ]
    pipeline = Pipeline()
    return list(pipeline.run(ListSource(chunks))), pipeline


@pytest.mark.parametrize("link_type", sorted({*LINKS, *LINK_NAMES, *CARRIERS, USER0, 65000}))
@given(packets=st.lists(st.binary(max_size=100), max_size=4))
def test_packets_of_any_octets_raise_nothing(link_type: int, packets: list[bytes]) -> None:
    found, pipeline = records(link_type, packets)
    assert len(found) + sum(pipeline.left_aside.values()) <= sum(map(len, packets)) + len(packets)


SAID = [(BULK_OUT, request()), (BULK_IN, response()), (BULK_OUT, request()), (BULK_IN, response())]
TAPS = {
    "usbmon": (220, usbmon),
    "usbpcap": (249, usbpcap),
    "ftdi": (220, lambda octets, to: usbmon(with_status(octets) if to == BULK_IN else octets, to)),
    "rtac": (250, lambda octets, to: rtac(octets, 2 if to == BULK_IN else 1)),
}


@pytest.mark.parametrize("tap", TAPS)
@given(cuts=st.lists(st.lists(st.integers(1, 30), max_size=4), min_size=4, max_size=4))
def test_tap_gives_the_same_records_in_any_pieces(tap: str, cuts: list[list[int]]) -> None:
    link_type, pack = TAPS[tap]
    before = [usbmon(IDLE, BULK_IN)] * 2 if tap == "ftdi" else []

    def decoded(places: list[list[int]]) -> list[tuple[object, ...]]:
        packets = list(before)
        for (to, octets), found in zip(SAID, places, strict=True):
            at = [0, *sorted(set(found) & set(range(1, len(octets)))), len(octets)]
            packets += [pack(octets[begin:end], to) for begin, end in pairwise(at)]
        return [essence(record) for record in records(link_type, packets)[0]]

    whole = decoded([[]] * 4)
    assert len(whole) == 4
    assert decoded(cuts) == whole


@pytest.mark.parametrize(
    ("octets", "name"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00", "tls"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "ssh"),
        (b"\xff\xfd\x18\xff\xfd\x20\xff\xfd\x23\xff\xfd\x27", "telnet"),
        (b"\xff\xfb\x01\r\nlogin: root\r\nPassword: \r\n", "telnet"),
        (b"GET /index.html HTTP/1.1\r\nHost: meter\r\n\r\n", "http"),
        (b"\x10\x13\x00\x04MQTT\x04\x02\x00\x3c\x00\x07reader1", "mqtt"),
        (b"AT+CGATT=1\r\r\nOK\r\n", "modem"),
    ],
)
def test_carrier_that_is_not_decoded_is_named_and_makes_no_noise(octets: bytes, name: str) -> None:
    found, pipeline = records(1, [ethernet(ipv4(tcp(octets)))] * 1)
    assert found == []
    assert pipeline.left_aside == {name: 1}


LONG_PUSH = frame(b"\xe6\xe7\x00" + bytes.fromhex("0F 00000001 00 02 78") + bytes.fromhex("0600000001") * 120, 0x13)


def test_line_that_is_read_octet_by_octet_is_recognised_by_a_long_frame() -> None:
    found, _ = records(USER0, [bytes((one,)) for one in LONG_PUSH * 2])
    assert [(record.link, len(record.octets)) for record in found] == [("hdlc", len(LONG_PUSH))] * 2


def test_long_frame_on_a_new_line_is_given_once_the_line_is_silent() -> None:
    chunks = [Chunk(at, at * 4_000_000, USER0, UNKNOWN, bytes((one,)), 1, 0) for at, one in enumerate(LONG_PUSH, 1)]
    chunks += [Chunk(0, None, SILENCE, UNKNOWN, b"", 0, 0), Chunk(9999, 10**12, USER0, UNKNOWN, b"\0", 1, 0)]
    left = iter(chunks)
    first = next(Pipeline().run(ListSource(left), waits=False))  # type: ignore[arg-type]
    assert (len(first.octets), [chunk.number for chunk in left]) == (len(LONG_PUSH), [9999])


@pytest.mark.parametrize("first", ["16 03 01 05", "47 45 54 20 2F"])
def test_serial_line_that_begins_like_a_carrier_of_the_net_is_read_on(first: str) -> None:
    found, _ = records(USER0, [bytes.fromhex(first), bytes.fromhex("7E A0 07 03 21 93 0F 01 7E")])
    assert [record.link for record in found] == ["noise", "hdlc"]


def test_octets_of_sml_on_a_line_are_noise_that_is_named() -> None:
    octets = "1B1B1B1B01010101 76050000000162006200726500000101760101 05000000010B0A01 4D4D4D0000BC614E 0101 63ABCD00"
    ((record,), _) = records(USER0, [bytes.fromhex(octets)])
    assert record.link == "noise" and "SML, which German meters push, is another protocol" in record.notes[0].text


def test_name_query_is_named_on_any_port() -> None:
    query = bytes.fromhex("1234 0100 0001 0000 0000 0000") + b"\x05meter\x05local\0\0\x01\0\x01"
    found, pipeline = records(1, [ethernet(ipv4(udp(query, ports=(40000, 40001)), 17))])
    assert (found, pipeline.left_aside) == ([], {"dns": 1})


@pytest.mark.parametrize("before", [b"\xff\xfd\x18\xff\xfb\x01", b"ATDT01234\r\nCONNECT 9600\r\n"])
def test_frames_behind_telnet_or_a_modem_are_found(before: bytes) -> None:
    packets = [
        ethernet(ipv4(tcp(octets, sequence=at))) for octets, at in ((before, 1000), (request(), 1000 + len(before)))
    ]
    found, _ = records(1, packets)
    assert [record.link for record in found][-1] == "hdlc"
