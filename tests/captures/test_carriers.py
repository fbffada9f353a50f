"""Taps: whose octets a packet carries and which way they went; total, and nothing invented."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captures.carried import Carried, Notebook
from captures.carriers import CARRIERS, Carriers
from captures.chunk import RECEIVED, SENT, UNKNOWN, Chunk
from tests.captures.build_taps import (
    BULK_IN,
    BULK_OUT,
    CP210X,
    FTDI,
    IDLE,
    configuration,
    device_descriptor,
    rtac,
    upper_pdu,
    usbmon,
    usbpcap,
    with_status,
)

ASKED, ANSWERED = bytes.fromhex("7EA0070321930F017E"), bytes.fromhex("7EA00721037306017E")
KEEPALIVES = [usbmon(IDLE, BULK_IN), usbmon(IDLE, BULK_IN)]
USB = ("usb", 0, 1, 5, 0)


class Tap:
    """Peels packets and keeps what was noted."""

    def __init__(self) -> None:
        self.remarks: list[str] = []
        self.notebook = Notebook(lambda code, text: self.remarks.append(code), {})
        self.carriers = Carriers(self.notebook)

    def peel(self, *packets: bytes, link_type: int = 220, lost: int = 0) -> list[Carried]:
        found: list[Carried] = []
        for number, octets in enumerate(packets, 1):
            chunk = Chunk(number, number * 1000, link_type, UNKNOWN, octets, len(octets) + lost, 0)
            found += self.carriers.peel(chunk)
        return found + list(self.carriers.finish())


def brief(found: list[Carried]) -> list[tuple[int, bytes, int]]:
    return [(one.direction, one.octets, one.number) for one in found]


# -- USB --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("link_type", "header"), [(189, 48), (220, 64)])
def test_usbmon_gives_the_octets_of_bulk_endpoints(order: str, link_type: int, header: int) -> None:
    packets = [
        usbmon(ASKED, BULK_OUT, order=order, header=header),
        usbmon(b"", BULK_OUT, event=b"C", order=order, header=header),
        usbmon(b"", BULK_IN, event=b"S", order=order, header=header, length=512),
        usbmon(ANSWERED, BULK_IN, order=order, header=header),
        usbmon(b"\1\2", 0x83, order=order, header=header, kind=1),
    ]
    tap = Tap()
    found = tap.peel(*packets, link_type=link_type)
    assert brief(found) == [(SENT, ASKED, 1), (RECEIVED, ANSWERED, 4)]
    assert {one.line.key for one in found} == {USB}
    assert tap.notebook.left_aside == {"usb-interrupt": 1}


def test_usbpcap_gives_the_octets_of_bulk_endpoints() -> None:
    packets = [
        usbpcap(ASKED, BULK_OUT),
        usbpcap(b"", BULK_OUT, info=1),
        usbpcap(ANSWERED, BULK_IN),
        usbpcap(device_descriptor(CP210X), 0x80, kind=2),
        usbpcap(ANSWERED, BULK_IN),
    ]
    found = Tap().peel(*packets, link_type=249)
    assert brief(found) == [(SENT, ASKED, 1), (RECEIVED, ANSWERED, 3), (RECEIVED, ANSWERED, 5)]
    assert [one.line.is_serial for one in found] == [False, False, True]  # known by its vendor from there on


@pytest.mark.parametrize("size", [64, 512])
def test_ftdi_status_octets_are_taken_off_every_packet(size: int) -> None:
    data = bytes(range(200, 256)) * 30
    tap = Tap()
    found = tap.peel(usbmon(ASKED, BULK_OUT), *KEEPALIVES, usbmon(with_status(data, size), BULK_IN))
    assert brief(found) == [(SENT, ASKED, 1), (RECEIVED, data, 4)]
    assert tap.remarks == ["usb-ftdi"]
    assert found[0].line.is_serial


def test_ftdi_is_known_by_traffic_without_keepalives() -> None:
    packets = [usbmon(with_status(bytes([octet])), BULK_IN) for octet in ANSWERED]
    assert b"".join(octets for _, octets, _ in brief(Tap().peel(*packets))) == ANSWERED


def test_ftdi_vendor_needs_one_packet_only() -> None:
    packets = [usbmon(device_descriptor(FTDI), 0x80, kind=2), usbmon(with_status(ANSWERED), BULK_IN)]
    tap = Tap()
    assert brief(tap.peel(*packets)) == [(RECEIVED, ANSWERED, 2)]
    assert tap.notebook.left_aside == {"usb-control": 1}


def test_ftdi_vendor_whose_packets_have_no_status_octets_is_left_alone() -> None:
    packets = [usbmon(device_descriptor(FTDI), 0x80, kind=2), usbmon(ANSWERED, BULK_IN)]
    tap = Tap()
    assert brief(tap.peel(*packets)) == [(RECEIVED, ANSWERED, 2)]
    assert tap.remarks == []


@pytest.mark.parametrize("first", [b"1", b"11", b"1`", b"AAAA", b"\x01\x60\x7e"])
def test_one_packet_that_begins_like_a_status_proves_nothing(first: bytes) -> None:
    found = Tap().peel(usbmon(first, BULK_IN), usbmon(ANSWERED, BULK_IN))
    assert brief(found) == [(RECEIVED, first, 1), (RECEIVED, ANSWERED, 2)]


def test_ftdi_ports_are_lines_of_their_own() -> None:
    packets = [usbmon(ASKED, out) for out in (2, 4)] + [usbmon(with_status(ANSWERED), 0x83), *KEEPALIVES]
    found = Tap().peel(*packets)
    assert [one.line.key[-1] for one in found] == [0, 1, 1]  # type: ignore[index]


def test_endpoints_of_one_interface_are_one_line() -> None:
    packets = [
        usbmon(configuration((0x83, 0x02), (0x85, 0x01)), 0x80, kind=2),
        usbmon(ASKED, 0x02),
        usbmon(ANSWERED, 0x83),
        usbmon(ASKED, 0x01),
        usbmon(ANSWERED, 0x85),
    ]
    assert [one.line.key[-1] for one in Tap().peel(*packets)] == [0, 0, 1, 1]  # type: ignore[index]


def test_line_errors_that_the_adapter_saw_are_kept() -> None:
    tap = Tap()
    tap.peel(*KEEPALIVES, usbmon(with_status(ANSWERED, status=b"\x01\x6c"), BULK_IN))
    (texts,) = tap.notebook.line_errors.values()
    assert [text.rpartition(": ")[2] for text in texts] == ["parity error", "framing error"]


def test_octets_that_the_capture_cut_are_told() -> None:
    (one,) = Tap().peel(usbmon(ANSWERED, BULK_IN)[:-3])
    assert (one.octets, one.is_cut) == (ANSWERED[:-3], True)
    (one,) = Tap().peel(usbpcap(ANSWERED, BULK_IN)[:-3], link_type=249)
    assert (one.octets, one.is_cut) == (ANSWERED[:-3], True)


def test_device_that_tells_nothing_does_not_wait_for_ever() -> None:
    tap = Tap()
    chunk = Chunk(1, 0, 220, UNKNOWN, usbmon(ASKED, BULK_OUT), 99, 0)
    assert sum(len(list(tap.carriers.peel(chunk))) for _ in range(65)) == 65


# -- RTAC -------------------------------------------------------------------------------------------------------------


def test_rtac_events_tell_the_direction() -> None:
    found = Tap().peel(rtac(ASKED, 1), rtac(b"", 3), rtac(ANSWERED, 2), rtac(b"", 0), rtac(b"\1", 4), link_type=250)
    assert brief(found) == [(SENT, ASKED, 1), (RECEIVED, ANSWERED, 3), (RECEIVED, b"\1", 5)]
    assert all(one.line.is_serial for one in found)


def test_rtac_errors_are_marks_of_the_octets_that_come_next() -> None:
    tap = Tap()
    tap.peel(rtac(b"", 7), rtac(ASKED, 1), rtac(ANSWERED, 2), rtac(b"\xff", 8), rtac(b"", 9), link_type=250)
    assert tap.notebook.line_errors == {
        3: ["the tap saw a framing error in packet 1"],
        4: ["the tap saw a parity error in packet 4"],
    }
    assert tap.remarks == ["line-error"]


@pytest.mark.parametrize("left", [b"", b"\x05"])
def test_rtac_lost_data_parts_what_is_around_it_and_what_is_left_stands_once(left: bytes) -> None:
    found = Tap().peel(rtac(ASKED, 1), rtac(left, 5), link_type=250)
    assert [(one.direction, one.is_cut) for one in found] == [(SENT, False), (SENT, True), (RECEIVED, True)]
    assert [one.octets for one in found] == [ASKED, left, b""]


# -- exported PDUs ----------------------------------------------------------------------------------------------------

TO_METER = (
    (12, b"dlms\0\0\0\0"),
    (20, bytes([10, 0, 0, 2])),
    (21, bytes([10, 0, 0, 7])),
    (25, struct.pack(">I", 51234)),
)
PORTS = ((24, struct.pack(">I", 2)), (26, struct.pack(">I", 4059)))
TO_CLIENT = ((20, bytes([10, 0, 0, 7])), (21, bytes([10, 0, 0, 2])), (25, struct.pack(">I", 4059)))


def test_exported_pdu_is_named_by_its_addresses() -> None:
    back = upper_pdu(ANSWERED, (12, b"dlms"), *TO_CLIENT, (26, struct.pack(">I", 51234)))
    asked, answered = Tap().peel(upper_pdu(ASKED, *TO_METER, *PORTS), back, link_type=252)
    assert asked.line == answered.line
    assert asked.line.is_datagram
    assert (asked.octets, answered.octets) == (ASKED, ANSWERED)
    lanes = {one.line.lanes[one.direction == RECEIVED] for one in (asked, answered) if one.line.lanes}
    assert lanes == {"10.0.0.2:51234 > 10.0.0.7:4059", "10.0.0.7:4059 > 10.0.0.2:51234"}


@pytest.mark.parametrize("addresses", [(), TO_METER[1:2], (*TO_METER[1:2], (23, bytes(16)))])
def test_exported_pdu_without_both_addresses_is_a_datagram_all_the_same(
    addresses: tuple[tuple[int, bytes], ...],
) -> None:
    (one,) = Tap().peel(upper_pdu(ASKED, (12, b"http"), (35, bytes(4)), *addresses), link_type=252)
    assert (one.octets, one.direction, one.line.name, one.line.lanes) == (ASKED, SENT, "http", None)
    assert one.line.is_datagram


@pytest.mark.parametrize("octets", [b"", b"\0\x0c", bytes.fromhex("000C FFFF 41"), bytes.fromhex("000C 0001 41")])
def test_exported_pdu_whose_tags_do_not_end_is_counted(octets: bytes) -> None:
    tap = Tap()
    assert tap.peel(octets, link_type=252) == []
    assert tap.notebook.left_aside == {"truncated": 1}


# -- all --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("link_type", CARRIERS)
@given(packets=st.lists(st.binary(max_size=120), max_size=5), lost=st.integers(0, 9))
def test_carriers_are_total(link_type: int, packets: list[bytes], lost: int) -> None:
    found = Tap().peel(*packets, link_type=link_type, lost=lost)
    whole = b"".join(packets)
    assert all(one.octets in whole for one in found if len(one.octets) < 60)


@pytest.mark.parametrize("link_type", [189, 220, 249])
@given(data=st.data())
def test_usb_headers_with_any_octet_changed_are_read(link_type: int, data: st.DataObject) -> None:
    packet = bytearray(
        usbpcap(ANSWERED, BULK_IN)
        if link_type == 249
        else usbmon(ANSWERED, BULK_IN, header=48 if link_type == 189 else 64)
    )
    packet[data.draw(st.integers(0, len(packet) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(packet)))
    for one in Tap().peel(bytes(packet[:cut]), link_type=link_type):
        assert one.octets in packet
