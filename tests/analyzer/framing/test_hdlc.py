"""HDLC frames: found by length, flag and check sequence, and found again behind all kinds of damage."""

import pytest

from analyzer.framing.frame import Mark
from analyzer.framing.hdlc import HdlcFramer
from analyzer.framing.hdlc_header import Trust, has_good_header, is_control, trust_of
from dissectors.hdlc_octets import control_type
from tests.analyzer.framing.build import (
    FLAG,
    MARK,
    body,
    check,
    frame,
    octetwise,
    outline,
    request,
    response,
    run,
    units,
)
from tests.costs import processor_s


def shown(octets: bytes) -> list[str]:
    """Frame *octets* whole and octet by octet, which must agree."""
    whole = run(HdlcFramer(), [octets])
    assert units(whole) == units(run(HdlcFramer(), octetwise(octets)))
    return outline(whole)


def test_frame_in_one_read_is_given_with_its_flags() -> None:
    found = HdlcFramer().feed(request(), MARK)
    assert units(found) == [("hdlc", request(), "")]
    assert found[0].marks == (MARK,)


def test_frame_over_three_reads_has_their_marks() -> None:
    octets = request()
    found = run(HdlcFramer(), [octets[:5], octets[5:9], octets[9:]], flush=False)
    assert units(found) == [("hdlc", octets, "")]
    assert found[0].marks == (Mark(1, 1000), Mark(2, 2000), Mark(3, 3000))


def test_frame_is_given_with_its_last_octet() -> None:
    framer = HdlcFramer()
    assert not run(framer, octetwise(request()[:-1]), flush=False)
    assert len(framer.feed(FLAG, MARK)) == 1


def test_two_frames_share_a_flag() -> None:
    found = run(HdlcFramer(), [request() + response()[1:]])
    assert units(found) == [("hdlc", request(), ""), ("hdlc", response()[1:], "")]


def test_shared_flag_over_two_reads_still_opens() -> None:
    found = run(HdlcFramer(), [request(), response()[1:]])
    assert units(found) == [("hdlc", request(), ""), ("hdlc", response()[1:], "")]


@pytest.mark.parametrize("sign_on", ["AF3F218D0A", "AF3FB4B1B73030B8B1B1218D0A", "AF4D4D4D355CB253C94D2DB4B18D0A"])
def test_sign_on_with_parity_behind_a_frame_is_no_beginning_of_another(sign_on: str) -> None:
    octets = bytes.fromhex(sign_on)
    assert shown(response() + octets + request()) == [
        *shown(response()), f"noise {len(octets)}", *shown(request()),
    ]  # fmt: skip


@pytest.mark.parametrize("fill", [FLAG * 3, b"\xff" * 9, FLAG + b"\xff\xff" + FLAG])
def test_idle_fill_is_counted_and_no_noise(fill: bytes) -> None:
    framer = HdlcFramer()
    found = run(framer, [fill + request() + fill + response() + fill])
    assert outline(found) == ["hdlc 27", "hdlc 32"]
    assert framer.idle_octets == 3 * len(fill)


def test_other_octets_between_frames_are_one_noise_a_run() -> None:
    octets = b"\xff\x00\xfe" + request() + b"\x00\xff\xc0" + response()
    assert shown(octets) == ["noise 2", "hdlc 27", "noise 3", "hdlc 32"]


def test_long_noise_comes_in_pieces() -> None:
    assert shown(bytes(5000) + request()) == ["noise 2048", "noise 2048", "noise 904", "hdlc 27"]


def test_payload_with_complete_frames_stays_payload() -> None:
    carried = frame(b"\x0f\x00\x00\x00\x01" + request() + FLAG + response(), 0x13)
    assert shown(carried + request()) == [f"hdlc {len(carried)}", "hdlc 27"]


def test_segment_with_flags_inside_is_one_frame() -> None:
    segment = frame(b"\xe6\xe7\x00" + b"\x7e\xa0" * 40, 0x30, b"\x21\x02\x23", segmented=True)
    assert shown(segment) == [f"hdlc {len(segment)}"]


def test_longest_frame_is_found() -> None:
    longest = frame(bytes(2047 - 9))
    assert longest[1:3] == b"\xa7\xff"
    assert shown(longest) == ["hdlc 2049"]


def test_frame_without_flags_is_known_by_its_checks() -> None:
    assert shown(request()[1:-1]) == ["hdlc 25"]


def test_frame_without_closing_flag_is_given_when_the_lane_ends() -> None:
    framer = HdlcFramer()
    assert not framer.feed(request()[:-1], MARK)
    assert outline(framer.flush()) == ["hdlc 26"]


def test_frames_without_any_flags_in_a_row_are_parted_by_length() -> None:
    assert shown(request()[1:-1] + response()[1:-1]) == ["hdlc 25", "hdlc 30"]


def test_lost_opening_flag_behind_noise_loses_no_frame() -> None:
    assert shown(b"\xc0\x12\x34" + request()[1:] + response()) == ["noise 3", "hdlc 26", "hdlc 32"]


def test_capture_that_starts_inside_a_frame_gives_its_rest_as_noise() -> None:
    assert shown(response()[20:] + request()) == ["noise 11", "hdlc 27"]


def test_unused_fcs_is_no_problem() -> None:
    octets = request()[:-3] + b"\x00\x00" + FLAG
    assert shown(octets) == ["hdlc 27"]


def test_unused_hcs_is_no_problem() -> None:
    octets = request()[1:-3]
    octets = octets[:5] + b"\x00\x00" + octets[7:]
    assert shown(FLAG + octets + check(octets) + FLAG) == ["hdlc 27"]


@pytest.mark.parametrize("place", range(3, 31))
def test_one_flipped_bit_leaves_the_frame_in_its_place(place: int) -> None:
    damaged = bytearray(response())
    damaged[place] ^= 0x08
    assert shown(bytes(damaged) + request()) == ["hdlc 32 fcs-wrong", "hdlc 27"]


def test_swapped_fcs_is_a_wrong_one() -> None:
    octets = response()
    assert shown(octets[:-3] + octets[-2:-4:-1] + FLAG) == ["hdlc 32 fcs-wrong"]


@pytest.mark.parametrize("follower", [b"", request(), request()[1:]])
def test_lost_octet_ends_the_frame_at_its_flag(follower: bytes) -> None:
    damaged = response()[:15] + response()[16:]
    assert shown(damaged + follower)[0].startswith("hdlc 3")
    assert shown(damaged + follower)[0].endswith(" length-wrong")
    assert len(shown(damaged + follower)) == 1 + bool(follower)
    assert not follower or shown(damaged + follower)[1] in ("hdlc 27", "hdlc 26")


@pytest.mark.parametrize("follower", [b"", request(), request()[1:]])
def test_inserted_octet_ends_the_frame_at_its_flag(follower: bytes) -> None:
    damaged = response()[:15] + b"\x55" + response()[15:]
    found = shown(damaged + follower)
    assert found[0] in ("hdlc 33 length-wrong", "hdlc 32 length-wrong")
    assert found[1:] == (["hdlc 27"] if follower else []) or found[1:] == ["hdlc 26"]


@pytest.mark.parametrize("kept", range(9, 31))
def test_cut_frame_ends_where_the_next_begins(kept: int) -> None:
    assert shown(response()[:kept] + request() + response()) == [f"hdlc {kept} length-wrong", "hdlc 27", "hdlc 32"]


def test_cut_frame_at_the_end_is_truncated() -> None:
    assert shown(response()[:20]) == ["hdlc 20 truncated"]


def test_cut_opening_is_noise() -> None:
    assert shown(FLAG + b"\xa0\x1e\x21") == ["noise 3"]


def test_longest_length_with_wrong_hcs_swallows_no_frame_and_waits_for_none() -> None:
    framer = HdlcFramer()
    bogus = FLAG + b"\xa7\xff\x21\x03\x30\x12\x34\xe6\xe7\x00"
    assert outline(framer.feed(bogus + request(), MARK)) == ["hdlc 11 length-wrong", "hdlc 27"]
    assert outline(framer.feed(response(), MARK)) == ["hdlc 32"]


def test_longest_length_with_good_hcs_gives_the_frames_inside_when_it_fails() -> None:
    header = b"\xa7\xff\x21\x03\x30"
    octets = FLAG + header + check(header) + b"\xe6\xe7\x00" + (request() + response()) * 40
    found = shown(octets)
    assert found == ["hdlc 11 length-wrong", *["hdlc 27", "hdlc 32"] * 40]


def test_flag_of_a_later_frame_at_the_announced_end_deceives_nobody() -> None:
    header = (0xA000 + 11 + 27 + 31).to_bytes(2, "big") + b"\x21\x03\x30"
    cut_off = FLAG + header + check(header) + b"\xe6\xe7\x00\xc4"
    octets = cut_off + request() + response() + request()
    assert octets[1 + 11 + 27 + 31] == FLAG[0]
    assert shown(octets) == ["hdlc 12 length-wrong", "hdlc 27", "hdlc 32", "hdlc 27"]


def test_flipped_bit_beside_a_carried_frame_keeps_the_outer_frame() -> None:
    carried = bytearray(frame(b"\x0f\x00\x00\x00\x01" + request() + b"\x05\x06", 0x13))
    carried[10] ^= 1
    assert shown(bytes(carried) + request()) == [f"hdlc {len(carried)} fcs-wrong", "hdlc 27"]


def test_two_damaged_frames_in_a_row_stay_two() -> None:
    damaged = bytearray(response())
    damaged[3] ^= 0x40
    octets = bytes(damaged[:15] + damaged[16:])
    assert shown(octets + octets + request()) == ["hdlc 31 length-wrong", "hdlc 31 length-wrong", "hdlc 27"]


def test_stuffed_octets_end_the_frame_at_its_flag() -> None:
    octets = response()[1:-1].replace(b"\xff", b"\x7d\xdf").replace(b"\x0a", b"\x7d\x2a")
    assert shown(FLAG + octets + FLAG) == [f"hdlc {len(octets) + 2} length-wrong"]


def test_seven_bit_capture_is_noise() -> None:
    assert shown(bytes(octet & 0x7F for octet in response())) == ["noise 30"]


def test_frame_without_source_address_is_taken_by_its_checks() -> None:
    header = b"\xa0\x14\x03\x10"
    octets = header + check(header) + b"\xe6\xe6\x00" + bytes(9)
    octets = FLAG + octets + check(octets) + FLAG
    assert shown(octets) == ["hdlc 22"]


def test_short_length_without_closing_flag_is_wrong() -> None:
    header = b"\xa0\x08\x21\x02\x21\x10"
    octets = header + check(header) + b"\xe6\xe7\x00\x0e\x05\x05\x02"
    assert shown(octets) == ["hdlc 15 length-wrong"]


def test_flush_starts_the_lane_anew() -> None:
    framer = HdlcFramer()
    framer.feed(request() + response()[:12], MARK)
    assert outline(framer.flush()) == ["hdlc 12 truncated"]
    assert framer.flush() == []
    assert outline(framer.feed(response(), MARK)) == ["hdlc 32"]


def test_body_matches_the_published_frames() -> None:
    # SNRM, server 1, client 16, and the get-request of the fact pack: the builder is right
    assert FLAG + body(control=0x93) + FLAG == bytes.fromhex("7EA00703219 30F017E".replace(" ", ""))
    assert request().endswith(bytes.fromhex("601A7E"))


def test_false_starts_with_long_lengths_are_searched_once() -> None:
    def framed(start: str) -> None:
        octets = bytes.fromhex(start) * 4000
        framer = HdlcFramer()
        found = framer.feed(octets, Mark(1, None)) + framer.flush()
        assert sum(len(frame.octets) for frame in found) + framer.idle_octets == len(octets)

    # 4 times as it stands; searched again for every frame it is 60
    assert processor_s(lambda: framed("7E7EA7FF030310")) < 15 * processor_s(lambda: framed("7E7EA007030310"))


# -- what a header says for itself ----------------------------------------------------------------------------------

ADDRESSES = [bytes.fromhex(one) for one in ("03 21", "21 03", "0223 21", "21 0223", "00020023 21", "21 00020023")]


def test_controls_of_the_profile_are_those_that_have_its_names() -> None:
    names = {"I", "RR", "RNR", "SNRM", "DISC", "UA", "DM", "FRMR", "UI"}
    assert {one for one in range(256) if is_control(one)} == {one for one in range(256) if control_type(one) in names}


@pytest.mark.parametrize("addresses", ADDRESSES, ids=bytes.hex)
@pytest.mark.parametrize("control", [0x10, 0x32, 0x93, 0x73, 0x51])
def test_good_header_is_found_in_the_midst_and_one_altered_octet_undoes_it(addresses: bytes, control: int) -> None:
    octets = body(b"\xe6\xe6\x00\xc0\x01", control, addresses)
    size = 2 + len(addresses) + 3
    assert has_good_header(b"\x7e\x41\x7e" + octets[:size]) and trust_of(octets, 0) is Trust.GOOD
    for at in range(size):
        altered = octets[:at] + bytes((octets[at] ^ 0x10,)) + octets[at + 1 : size]
        assert not has_good_header(altered)
        assert trust_of(altered, 0) is not Trust.GOOD


def test_header_without_a_source_address_is_trusted_by_its_check_sequence() -> None:
    head = bytes.fromhex("A00E 21 30")
    assert trust_of(head + check(head) + bytes(10), 0) is Trust.GOOD
