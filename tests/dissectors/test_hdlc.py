"""HDLC, LLC and the wrapper by field: addresses, frame types, check sequences, what stands inside."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dissectors import checks, reader
from dissectors.hdlc import Address, FrameReject, Hdlc, HdlcParameters, control_type, scan_address, scan_addresses
from dissectors.llc import Llc, Llc432
from dissectors.tree import Problem, Severity
from dissectors.wrapper import Wrapper
from dissectors.xdlms.get import GetRequestNormal, GetResponseNormal


def frame(body: str) -> bytes:
    """Put length, check sequences and flags around addresses and control."""
    octets = bytes.fromhex(body)
    octets = (0xA000 | len(octets) + 4).to_bytes(2, "big") + octets
    return b"\x7e" + octets + checks.fcs(octets).to_bytes(2, "little") + b"\x7e"


def test_snrm_outline() -> None:
    built = bytes(Hdlc(destination_address=Address(1, 17, 4), source_address=16, control=0x93) / HdlcParameters())
    root = reader.tree(Hdlc, built)
    assert root.all_notes() == []
    hcs, fcs = built[9:11].hex(" ").upper(), built[-3:-1].hex(" ").upper()
    assert root.outline() == (
        "hdlc\n"
        "  opening-flag: 7E\n"
        "  frame-format\n"
        "    format-type: 10\n"
        "    segmentation: False\n"
        "    frame-length: 33\n"
        "  destination-address: 1.17\n"
        "  source-address: 16\n"
        "  control: SNRM P/F\n"
        "    modifier: 4\n"
        "    poll-final: True\n"
        "    type: 3\n"
        f"  hcs: {hcs} (good)\n"
        "  information\n"
        "    format-identifier: 129\n"
        "    group-identifier: 128\n"
        "    group-length: 18\n"
        "    maximum-information-field-length-transmit: 128\n"
        "    maximum-information-field-length-receive: 128\n"
        "    window-size-transmit: 1\n"
        "    window-size-receive: 1\n"
        f"  fcs: {fcs} (good)\n"
        "  closing-flag: 7E"
    )


def test_frame_with_wrong_fcs_keeps_its_information() -> None:
    octets = bytearray(bytes(Hdlc() / Llc(source_lsap=0xE7) / GetResponseNormal()))
    octets[-2] ^= 0x40
    root = reader.tree(Hdlc, bytes(octets))
    assert [(note.code, note.severity) for note in root.all_notes()] == [("hdlc-fcs-wrong", Severity.ERROR)]
    assert Hdlc(bytes(octets)).haslayer(GetResponseNormal)


def test_frame_with_wrong_hcs_is_noted_and_read_on() -> None:
    octets = bytearray(bytes(Hdlc() / Llc() / GetRequestNormal()))
    octets[6] ^= 0x01
    codes = [note.code for note in reader.tree(Hdlc, bytes(octets)).all_notes()]
    assert codes == ["hdlc-hcs-wrong", "hdlc-fcs-wrong"]  # the FCS covers the HCS


def test_frame_whose_length_lies_counts_up_to_its_flag() -> None:
    octets = bytearray(bytes(Hdlc() / Llc() / GetRequestNormal()))
    octets[2] += 10
    packet = Hdlc(bytes(octets))
    assert packet.haslayer(GetRequestNormal)
    assert bytes(packet) == bytes(octets)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("21", Address(16, None, 1)),
        ("FF", Address(127, None, 1)),
        ("02 23", Address(1, 17, 2)),
        ("FE FF", Address(127, 127, 2)),
        ("00 02 23", Address(1, 17, 3)),
        ("00 02 00 23", Address(1, 17, 4)),
        ("FE FE FE FF", Address(0x3FFF, 0x3FFF, 4)),
        ("00 02 2C 25", Address(1, 22 << 7 | 18, 4)),
    ],
)
def test_address_reads_and_builds(text: str, wanted: Address) -> None:
    octets = bytes.fromhex(text)
    assert scan_address(octets + b"\x10", 0, len(octets) + 1) == (wanted, len(octets))
    assert Hdlc().get_field("destination_address").build(wanted) == octets


@pytest.mark.parametrize("text", ["", "00", "00 02", "00 02 00", "00 02 00 02", "00 02 00 02 01"])
def test_address_that_does_not_end_is_a_problem(text: str) -> None:
    octets = bytes.fromhex(text)
    with pytest.raises(Problem):
        scan_address(octets, 0, len(octets))


@pytest.mark.parametrize(
    ("given_as", "wanted"), [(16, "21"), ("16", "21"), ("1.17", "0223"), ("1.200", "00020291"), ("200.1", "02900003"),
     ((1, 17), "0223")],
)  # fmt: skip
def test_address_is_written_as_a_user_writes_it(given_as: object, wanted: str) -> None:
    octets = bytes(Hdlc(destination_address=given_as))
    assert octets[3 : 3 + len(wanted) // 2].hex() == wanted


@pytest.mark.parametrize(
    ("control", "wanted"),
    [
        (0x10, "I N(S)=0 N(R)=0 P/F"), (0x32, "I N(S)=1 N(R)=1 P/F"), (0x00, "I N(S)=0 N(R)=0"), (0xEE, "I N(S)=7 N(R)=7"),
        (0x11, "RR N(R)=0 P/F"), (0x71, "RR N(R)=3 P/F"), (0x15, "RNR N(R)=0 P/F"), (0x19, "REJ N(R)=0 P/F"),
        (0x93, "SNRM P/F"), (0x83, "SNRM"), (0x53, "DISC P/F"), (0x73, "UA P/F"), (0x1F, "DM P/F"), (0x97, "FRMR P/F"),
        (0x13, "UI P/F"), (0x03, "UI"), (0xE3, "U-E3"),
    ],
)  # fmt: skip
def test_control_octet_is_named_by_frame_type(control: int, wanted: str) -> None:
    octets = frame(f"03 21 {control:02X}")
    found = next(node for node in reader.tree(Hdlc, octets).walk() if node.name == "control")
    assert found.text == wanted
    assert wanted.split()[0] == control_type(control)
    assert sum(child.end - child.start for child in found.children) == 8


def test_frame_without_information_has_no_hcs() -> None:
    root = reader.tree(Hdlc, frame("03 21 93"))
    assert [child.name for child in root.children] == [
        "opening-flag", "frame-format", "destination-address", "source-address", "control", "fcs", "closing-flag",
    ]  # fmt: skip
    assert root.all_notes() == []


def test_flags_that_the_capture_lacks_stay_away() -> None:
    octets = frame("03 21 93")[1:-1]
    packet = Hdlc(octets)
    assert (packet.opening_flag, packet.closing_flag) == (None, None)
    assert bytes(packet) == octets
    assert reader.tree(Hdlc, octets).all_notes() == []


def test_frame_reject_says_why() -> None:
    octets = bytes(FrameReject(control=0x32, receive_number=2, was_response=1, send_number=1, information_too_long=1))
    assert octets == bytes.fromhex("32 52 04")
    root = reader.tree(FrameReject, octets)
    assert [child.name for child in root.children] == ["control", "state", "reason"]
    packet = Hdlc(bytes(Hdlc(control=0x97) / FrameReject(octets)))
    assert packet[FrameReject].information_too_long == 1


def test_llc_twice_is_read_twice() -> None:
    octets = bytes(Hdlc() / Llc() / Llc() / GetRequestNormal())
    assert [type(layer).__name__ for layer in _layers(Hdlc(octets))] == ["Hdlc", "Llc", "Llc", "GetRequestNormal"]


def test_llc_of_power_line_carriers_has_two_addresses() -> None:
    packet = Llc432(bytes.fromhex("90 01 10 C001C1 00080000010000FF0200"))
    assert (packet.destination, packet.source) == (1, 16)
    assert packet.haslayer(GetRequestNormal)


def test_wrapper_outline() -> None:
    octets = bytes(Wrapper(source_wport=16, destination_wport=1) / GetRequestNormal())
    assert reader.tree(Wrapper, octets, 0, 8).outline() == (
        "wrapper\n  version: 1\n  source-wport: 16\n  destination-wport: 1\n  length: 13"
    )


def _layers(packet: Hdlc) -> list[object]:
    found: list[object] = []
    while packet:
        found.append(packet)
        packet = packet.payload
    return found


# -- check sequences --------------------------------------------------------------------------------------------------


def _fcs_bit_by_bit(octets: bytes) -> int:
    """The check sequence as the standard defines it."""
    register = 0xFFFF
    for octet in octets:
        register ^= octet
        for _ in range(8):
            register = register >> 1 ^ (0x8408 if register & 1 else 0)
    return register ^ 0xFFFF


def test_fcs_of_the_check_string_is_the_published_one() -> None:
    assert checks.fcs(b"123456789") == 0x906E


@given(octets=st.binary(max_size=300))
def test_fcs_is_that_of_the_standard_and_leaves_the_good_residue(octets: bytes) -> None:
    assert checks.fcs(octets) == _fcs_bit_by_bit(octets)
    assert checks.fcs_is_good(octets + checks.fcs(octets).to_bytes(2, "little"))


@given(octets=st.binary(min_size=1, max_size=100), data=st.data())
def test_one_flipped_bit_is_refused(octets: bytes, data: st.DataObject) -> None:
    whole = bytearray(octets + checks.fcs(octets).to_bytes(2, "little"))
    bit = data.draw(st.integers(0, len(whole) * 8 - 1))
    whole[bit // 8] ^= 1 << bit % 8
    assert not checks.fcs_is_good(bytes(whole))


@given(st.lists(st.sampled_from([0x00, 0x03, 0xFE, 0xFF]), max_size=10), st.integers(0, 2))
def test_two_addresses_are_found_where_each_is_read(line: list[int], at: int) -> None:
    octets = bytes(line)
    for end in range(len(octets) + 1):
        try:
            destination, between = scan_address(octets, at, end)
            wanted = destination.size, scan_address(octets, between, end)[1]
        except Problem:
            with pytest.raises((Problem, IndexError)):
                scan_addresses(octets, at, end)
        else:
            assert scan_addresses(octets, at, end) == wanted
