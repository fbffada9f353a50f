"""Wrapper PDUs: found by version, wPorts and length, found again after holes, with lengths that lie."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.framing.frame import Mark
from analyzer.framing.wrapper import WrapperFramer
from dissectors.scanning import reads
from tests.analyzer.framing.build import (
    AARQ,
    GET_REQUEST,
    GET_RESPONSE,
    MARK,
    PLACES,
    cut,
    good,
    octetwise,
    outline,
    pdu,
    run,
    units,
)

APDUS = st.one_of(
    st.sampled_from((AARQ, GET_REQUEST, GET_RESPONSE, b"\xd8\x01\x01", b"\x62\x00")),
    st.binary(min_size=2, max_size=60).map(lambda octets: b"\xc4\x01\xc1\x00" + octets),
    st.binary(min_size=6, max_size=300).map(
        lambda octets: b"\xcc\x82" + (len(octets) + 1).to_bytes(2) + b"\x31" + octets
    ),
)
HEARTBEATS = st.text("0123456789ABCDEF", max_size=16).map(str.encode)


def shown(octets: bytes) -> list[str]:
    """Frame *octets* whole and octet by octet, which must agree and leave nothing out."""
    whole = run(WrapperFramer(), [octets])
    assert units(whole) == units(run(WrapperFramer(), octetwise(octets)))
    assert b"".join(one.octets for one in whole) == octets
    return outline(whole)


def test_pdu_in_one_read_is_given_with_its_header() -> None:
    found = WrapperFramer().feed(pdu(AARQ), MARK)
    assert units(found) == [("wrapper", pdu(AARQ), "")]
    assert found[0].marks == (MARK,)


def test_pdus_in_one_read_are_parted_by_length() -> None:
    assert shown(pdu(AARQ) + pdu(GET_REQUEST)) == ["wrapper 39", "wrapper 21"]


def test_pdu_over_three_reads_has_their_marks() -> None:
    octets = pdu(AARQ)
    found = run(WrapperFramer(), [octets[:3], octets[3:20], octets[20:]], flush=False)
    assert units(found) == [("wrapper", octets, "")]
    assert found[0].marks == (Mark(1, 1000), Mark(2, 2000), Mark(3, 3000))


def test_other_wports_in_sync_are_another_client() -> None:
    assert shown(pdu(AARQ) + pdu(b"\x01\x02\x03\x04", 100, 1) + pdu(GET_REQUEST)) == [
        "wrapper 39",
        "wrapper 12",
        "wrapper 21",
    ]


def test_wrapper_without_apdu_is_a_pdu_in_sync() -> None:
    assert shown(pdu(AARQ) + pdu(b"") + pdu(GET_REQUEST)) == ["wrapper 39", "wrapper 8", "wrapper 21"]


def test_heartbeat_before_a_pdu_is_noise_and_delays_nothing() -> None:
    found = WrapperFramer().feed(b"860123456789012" + pdu(GET_REQUEST), MARK)
    assert outline(found) == ["noise 15", "wrapper 21"]


@pytest.mark.parametrize("missing", range(1, 39))
def test_lane_that_starts_inside_a_pdu_finds_the_next(missing: int) -> None:
    assert shown(pdu(AARQ)[missing:] + pdu(GET_REQUEST)) == [f"noise {39 - missing}", "wrapper 21"]


def test_hole_costs_the_pdu_that_it_is_in() -> None:
    framer = WrapperFramer()
    framer.feed(pdu(AARQ) + pdu(GET_RESPONSE)[:15], MARK)
    assert outline(framer.flush()) == ["wrapper 15 truncated"]
    assert outline(framer.feed(pdu(GET_RESPONSE)[20:] + pdu(GET_REQUEST), MARK)) == ["noise 6", "wrapper 21"]


def test_known_wports_are_enough_after_a_hole() -> None:
    framer = WrapperFramer()
    framer.feed(pdu(b"\x01\x00\x00\x07"), MARK)
    framer.flush()
    assert outline(framer.feed(b"\xff" + pdu(b"\x01\x00\x00\x07"), MARK)) == ["noise 1", "wrapper 12"]


def test_unknown_wports_and_a_weak_tag_wait_for_another_pdu() -> None:
    weak = pdu(b"\x01\x00\x00\x07")
    framer = WrapperFramer()
    assert framer.feed(b"\xff" + weak, MARK) == []
    assert outline(framer.feed(weak, MARK)) == ["noise 1", "wrapper 12", "wrapper 12"]


def test_length_that_counts_the_header_is_told_by_the_next_header() -> None:
    wrong = pdu(GET_REQUEST, length=21)
    assert shown(wrong) == ["wrapper 21 length-wrong"]
    assert shown(wrong * 3) == ["wrapper 21 length-wrong"] * 3
    assert shown(wrong + pdu(AARQ)) == ["wrapper 21 length-wrong", "wrapper 39"]


def test_length_that_leaves_out_the_tag_leaves_one_octet() -> None:
    assert shown(pdu(AARQ) + pdu(GET_REQUEST, length=12) + pdu(AARQ)) == [
        "wrapper 39",
        "wrapper 20",
        "noise 1",
        "wrapper 39",
    ]


def test_longest_length_swallows_no_later_pdu() -> None:
    octets = pdu(AARQ) + pdu(GET_REQUEST, length=0xFFF0) + pdu(GET_REQUEST) * 4
    assert shown(octets) == ["wrapper 39", "wrapper 21 length-wrong", *["wrapper 21"] * 4]


def test_payload_with_one_header_stays_payload() -> None:
    carried = pdu(b"\xc4\x01\xc1\x00\x09\x40" + pdu(b"\xc0\x01") + bytes(54))
    assert shown(carried + pdu(GET_REQUEST)) == [f"wrapper {len(carried)}", "wrapper 21"]


def test_cut_pdu_at_the_end_is_truncated() -> None:
    assert shown(pdu(AARQ) + pdu(GET_REQUEST)[:15]) == ["wrapper 39", "wrapper 15 truncated"]


@pytest.mark.parametrize("version", [b"\x00\x00", b"\x00\x02", b"\x01\x00"])
def test_other_version_is_noise(version: bytes) -> None:
    assert shown(version + pdu(AARQ)[2:]) == ["noise 39"]


def test_long_noise_comes_in_pieces() -> None:
    assert shown(bytes(5000) + pdu(AARQ)) == ["noise 2048", "noise 2048", "noise 904", "wrapper 39"]


LURES = st.sampled_from(
    (
        b"\x00",
        b"\x00\x01",
        b"\x00\x01\x00\x10\x00\x01",
        b"\x00\x01\x00\x10\x00\x01\x00\x15\xc0",
        b"\x00\x01\x00\x01\x00\x01",
    )
)
STREAMS = st.lists(
    st.one_of(st.builds(pdu, APDUS), LURES, st.binary(max_size=30), st.builds(pdu, APDUS, length=st.integers(0, 99))),
    max_size=8,
)


@given(STREAMS.map(b"".join), PLACES)
def test_wrapper_chunking_does_not_matter_and_octets_are_kept(octets: bytes, places: list[int]) -> None:
    whole = units(run(WrapperFramer(), [octets]))
    assert whole == units(run(WrapperFramer(), octetwise(octets))) == units(run(WrapperFramer(), cut(octets, places)))
    assert b"".join(one for _, one, _ in whole) == octets


@given(st.lists(st.tuples(HEARTBEATS, st.builds(pdu, APDUS)), min_size=1, max_size=6), PLACES)
def test_wrapper_pdus_between_heartbeats_are_all_found(pieces: list[tuple[bytes, bytes]], places: list[int]) -> None:
    octets = b"".join(noise + whole for noise, whole in pieces)
    assert good(run(WrapperFramer(), cut(octets, places)), "wrapper") == [whole for _, whole in pieces]


def _ends_as_next_begins(apdu: bytes) -> bool:
    return any(apdu.endswith(pdu(b"")[:size]) for size in range(1, 6))


@given(
    st.lists(
        st.builds(pdu, APDUS.filter(lambda apdu: reads(apdu) or not _ends_as_next_begins(apdu))), min_size=1, max_size=6
    )
)
def test_wrapper_pdu_is_delivered_when_complete(pdus: list[bytes]) -> None:
    framer = WrapperFramer()
    for whole in pdus:
        assert outline(framer.feed(whole, MARK)) == [f"wrapper {len(whole)}"]
        assert outline(run(framer, octetwise(whole), flush=False)) == [f"wrapper {len(whole)}"]


def test_wrapper_false_headers_cost_no_more_than_their_octets() -> None:
    run(WrapperFramer(), [b"\x00\x01\x00\x10\x00\x01\xff\xff\x01" * 8000])
    run(WrapperFramer(), [pdu(AARQ) + b"\x00\x01\x00\x10\x00\x01\xff\xff\x01" * 8000])


def test_wrapper_header_that_rows_of_numbers_look_like_begins_no_pdu() -> None:
    rows = b"".join(
        bytes.fromhex("0203090C07E80B1403000F0000FFC400 06000112") + bytes((number, 6, 0, 0, 4, 0xC0 + number))
        for number in range(0x20)
    )
    assert [one for one in shown(rows) if one.startswith("wrapper")] == []


LIE = bytes.fromhex("0001 0A000002 C350 0FDB001D 0000")
"""The end of an IP header, as SLIP has it before each PDU: it passes for a header, and an APDU of 50,000 octets."""


def test_whole_pdus_count_more_than_a_header_whose_length_reaches_beyond_all() -> None:
    stream = (LIE + pdu(GET_REQUEST) + b"\xc0\xc0\x45") * 3
    assert shown(stream) == ["noise 14", "wrapper 21", "noise 3"] * 3


def test_cut_pdu_that_holds_no_whole_one_stays_cut() -> None:
    assert shown(b"\xff" + LIE + bytes(90)) == ["noise 1", f"wrapper {len(LIE) + 90} truncated"]
    assert shown(b"\xff" + LIE + pdu(GET_REQUEST)[:-1]) == ["noise 1", f"wrapper {len(LIE) + 20} truncated"]


@pytest.mark.parametrize("lost", range(1, 9))
@pytest.mark.parametrize("at", [8, 9, 12, 13])
def test_pdu_that_lacks_octets_does_not_take_the_next_one_with_it(lost: int, at: int) -> None:
    whole = pdu(GET_RESPONSE)
    lacking = whole[:at] + whole[at + lost :]
    size = len(lacking)
    octets = pdu(AARQ) + lacking + pdu(GET_REQUEST) * 2
    assert shown(octets) == ["wrapper 39", f"wrapper {size} length-wrong", "wrapper 21", "wrapper 21"]
    assert shown(octets[:-21]) == ["wrapper 39", f"wrapper {size} length-wrong", "wrapper 21"]


@pytest.mark.parametrize("end", [b"\x00", b"\x00\x01", b"\x00\x01\x00"])
def test_pdu_that_ends_as_the_next_one_begins_is_given_at_once(end: bytes) -> None:
    one = pdu(GET_RESPONSE[:4] + b"\x09" + bytes((len(end),)) + end)
    framer = WrapperFramer()
    framer.feed(pdu(AARQ), MARK)
    framer.feed(one[:5], MARK)
    assert outline(framer.feed(one[5:], MARK)) == [f"wrapper {len(one)}"]


def test_pdu_that_does_not_read_and_ends_as_the_next_one_begins_waits_for_that_or_a_turn() -> None:
    one = pdu(b"\x01\x00\x00\x00")
    framer = WrapperFramer()
    framer.feed(pdu(AARQ), MARK)
    assert run(framer, [one[:9], one[9:]], flush=False) == []
    assert framer.waits()
    assert outline(framer.turn()) == ["wrapper 12"]
    assert not framer.waits()
    assert run(framer, [one[:9], one[9:]], flush=False) == []
    assert outline(framer.feed(pdu(AARQ), MARK)) == ["wrapper 12", "wrapper 39"]


@pytest.mark.parametrize("lost", range(1, 6))
def test_pdu_that_lacks_octets_of_its_value_and_reads_with_the_next_header_leaves_that_its_own(lost: int) -> None:
    value = pdu(GET_RESPONSE[:4] + bytes.fromhex("0908 1122334455667788"))
    framer = WrapperFramer()
    framer.feed(pdu(AARQ), MARK)
    assert framer.feed(value[: -lost - 1] + value[-1:], MARK) == []
    assert framer.waits() and framer.turn() == []
    size = len(value) - lost
    assert outline(framer.feed(value, MARK)) == [f"wrapper {size} length-wrong", f"wrapper {len(value)}"]


@pytest.mark.parametrize("lost", [1, 4, 6, 9, 20])
def test_pdus_that_all_lack_octets_begin_where_the_other_side_spoke(lost: int) -> None:
    value = pdu(GET_RESPONSE[:4] + b"\x09\x40" + bytes(0x40))
    lacking = value[:20] + value[20 + lost :]
    framer = WrapperFramer()
    framer.feed(pdu(AARQ), MARK)
    found = []
    for _ in range(3):
        found += framer.feed(lacking, MARK)
        framer.turn()
    assert outline(found + framer.feed(pdu(AARQ), MARK)) == [f"wrapper {len(lacking)} length-wrong"] * 3 + [
        "wrapper 39"
    ]


def test_pdu_that_the_other_side_interrupts_where_the_next_one_seems_to_begin_is_given_with_the_next_turn() -> None:
    value = pdu(GET_RESPONSE[:4] + bytes.fromhex("0901 00"))
    framer = WrapperFramer()
    framer.feed(pdu(AARQ), MARK)
    assert (framer.feed(value[:-1], MARK), framer.turn(), framer.feed(value[-1:], MARK)) == ([], [], [])
    assert outline(framer.turn()) == [f"wrapper {len(value)}"]


def test_pdu_that_the_other_side_interrupts_elsewhere_waits_for_nothing_behind_it() -> None:
    value = pdu(GET_RESPONSE[:4] + bytes.fromhex("0901 00"))
    framer = WrapperFramer()
    framer.feed(pdu(AARQ), MARK)
    assert (framer.feed(value[:12], MARK), framer.turn()) == ([], [])
    assert outline(framer.feed(value[12:], MARK)) == [f"wrapper {len(value)}"]


@pytest.mark.parametrize("count", [2, 9], ids=["reads", "does not read"])
@pytest.mark.parametrize("ahead", range(1, 8))
def test_pdu_that_ends_as_the_next_one_begins_leaves_that_one_its_first_octets(count: int, ahead: int) -> None:
    first, second = pdu(GET_RESPONSE[:4] + bytes((9, count, 0x22, 0))), pdu(AARQ)
    framer = WrapperFramer()
    framer.feed(second, MARK)
    found = framer.feed(first[:-1], MARK) + framer.turn() + framer.feed(first[-1:] + second[:ahead], MARK)
    found += framer.turn() + framer.feed(second[ahead:], MARK)
    assert units(found) == [("wrapper", first, ""), ("wrapper", second, "")]


@given(
    st.lists(st.lists(st.sampled_from((0, 1, 0x10)), max_size=12), min_size=1, max_size=6),
    st.sampled_from((bytes.fromhex("000100100001"), bytes.fromhex("000100010001"), bytes.fromhex("000100010000"))),
    st.lists(st.tuples(st.integers(1, 12), st.booleans()), min_size=1, max_size=20),
)
def test_sound_pdus_are_parted_wherever_the_other_side_speaks(
    values: list[list[int]], wports: bytes, cuts: list[tuple[int, bool]]
) -> None:
    apdus = [GET_RESPONSE[:4] + bytes((9, len(value), *value)) for value in values]
    sent = [wports + len(apdu).to_bytes(2) + apdu for apdu in apdus if wports not in apdu]
    octets, framer, found, at = b"".join(sent), WrapperFramer(), [], 0
    while at < len(octets):
        for size, speaks in cuts:
            found += framer.feed(octets[at : at + size], MARK) if at < len(octets) else []
            found += framer.turn() if speaks else []
            at += size
    assert units(found + framer.flush()) == [("wrapper", one, "") for one in sent]
