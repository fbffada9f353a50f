"""The HDLC carrier: numbers, windows, segments, addresses and times, read by hand."""

from analyzer.simulate.hdlc_line import HdlcLink, Limits, interleave, place
from analyzer.simulate.sent import MILLISECOND, SECOND, TO_CLIENT, TO_METER, Sent, Truth
from dissectors.hdlc import Address
from tests.analyzer.simulate import reading

OCTET_NS = 10 * SECOND // 9600


def dialogue(request: int, response: int) -> list[Sent]:
    """One exchange of APDUs of these sizes; the octets count up so that an order shows."""
    return [
        Sent(0, TO_METER, bytes(range(256)) * 8 if request > 2048 else (bytes(range(256)) * 8)[:request]),
        Sent(50 * MILLISECOND, TO_CLIENT, (bytes(range(256)) * 8)[:response]),
    ]


def carried(link: HdlcLink, events: list[Sent]) -> list[tuple[int, reading.Frame]]:
    return [(one.direction, reading.frame(one.octets)) for one in place(link.rounds(events), start_ns=0)]


def controls(frames: list[tuple[int, reading.Frame]]) -> str:
    return " ".join(f"{'<>'[direction == TO_METER]}{frame.control:02X}" for direction, frame in frames)


def test_link_with_defaults_opens_and_closes_without_parameters() -> None:
    frames = carried(HdlcLink(16, Address(1, None, 1), seed=1), [])
    assert controls(frames) == ">93 <73 >53 <73"
    assert [frame.information for _, frame in frames] == [b""] * 4


def test_short_exchange_is_one_frame_a_side_with_llc() -> None:
    frames = carried(HdlcLink(16, Address(1, 17, 2), seed=1), dialogue(4, 5))
    assert controls(frames) == ">93 <73 >10 <30 >53 <73"
    assert frames[2][1].information == bytes.fromhex("E6E600 00010203")
    assert frames[3][1].information == bytes.fromhex("E6E700 0001020304")


def test_long_answer_with_window_one_is_polled_by_rr() -> None:
    frames = carried(HdlcLink(16, Address(1, None, 1), seed=1), dialogue(4, 300))
    assert controls(frames) == ">93 <73 >10 <30 >31 <32 >51 <34 >53 <73"
    answers = [frame for direction, frame in frames[2:-2] if direction == TO_CLIENT]
    assert [frame.segmentation for frame in answers] == [True, True, False]
    assert [len(frame.information) for frame in answers] == [128, 128, 47]


def test_long_request_with_window_one_is_acknowledged_by_rr() -> None:
    frames = carried(HdlcLink(16, Address(1, None, 1), seed=1), dialogue(200, 5))
    assert controls(frames) == ">93 <73 >10 <31 >12 <50 >53 <73"


def test_window_of_three_has_its_final_bit_in_the_last_frame() -> None:
    link = HdlcLink(
        16, Address(1, 5017, 4), seed=1, client_limits=Limits(128, 128, 1, 7), meter_limits=Limits(128, 128, 3, 1)
    )
    frames = carried(link, dialogue(4, 600))
    assert controls(frames) == ">93 <73 >10 <20 <22 <34 >71 <26 <38 >53 <73"


def test_numbers_run_modulo_eight_over_exchanges() -> None:
    events = [one._replace(time_ns=one.time_ns + n * SECOND) for n in range(10) for one in dialogue(4, 4)]
    frames = carried(HdlcLink(16, Address(1, None, 1), seed=1), events)[2:-2]
    sent = {TO_METER: 0, TO_CLIENT: 0}
    for direction, frame in frames:
        other = TO_CLIENT if direction == TO_METER else TO_METER
        assert frame.control >> 1 & 7 == sent[direction] % 8
        assert frame.control >> 5 == sent[other] % 8
        sent[direction] += 1


def test_parameters_are_the_least_of_both_sides() -> None:
    link = HdlcLink(
        16, Address(1, None, 1), seed=1, client_limits=Limits(512, 300, 1, 7), meter_limits=Limits(256, 256, 3, 1)
    )
    snrm, ua = (frame.information.hex() for _, frame in carried(link, [])[:2])
    assert snrm == "818014" + "05020200" + "0602012c" + "070400000001" + "080400000007"
    assert ua == "818014" + "05020100" + "06020100" + "070400000003" + "080400000001"


def test_addresses_of_four_octets_stand_on_the_line() -> None:
    frames = carried(HdlcLink(1, Address(1, 5017, 4), seed=1), [])
    assert frames[0][1].destination == bytes.fromhex("00024E33")
    assert frames[0][1].source == b"\x03"


def test_unconfirmed_request_is_answered_by_rr() -> None:
    frames = carried(HdlcLink(16, Address(1, None, 1), seed=1), dialogue(4, 4)[:1])
    assert controls(frames) == ">93 <73 >10 <31 >53 <73"


def test_notification_is_a_ui_frame() -> None:
    truth = Truth("data-notification")
    frames = carried(HdlcLink(16, Address(1, None, 1), seed=1), [Sent(0, TO_CLIENT, b"\x0f", truth)])
    assert controls(frames) == ">93 <73 <03 >53 <73"


def test_truth_goes_with_the_last_segment() -> None:
    events = dialogue(4, 300)
    events[1] = events[1]._replace(truth=Truth("get-response", 16, "1", (events[1].octets,)))
    placed = place(HdlcLink(16, Address(1, None, 1), seed=1).rounds(events), start_ns=0)
    whole = [number for number, one in enumerate(placed) if one.truth.apdus]
    assert whole == [7]
    assert [one.truth.kind for one in placed] == ["SNRM", "UA", "I", "I", "RR", "I", "RR", "I", "DISC", "UA"]


def test_times_are_at_least_the_octets_of_the_line_apart() -> None:
    placed = place(HdlcLink(16, Address(1, None, 1), seed=1).rounds(dialogue(4, 300)), start_ns=5 * SECOND)
    before = 5 * SECOND
    for one in placed:
        assert one.time_ns - before > OCTET_NS * len(one.octets)
        before = one.time_ns


def test_meter_thinks_as_long_as_in_the_dialogue() -> None:
    placed = place(HdlcLink(16, Address(1, None, 1), seed=1).rounds(dialogue(4, 4)), start_ns=0)
    assert placed[3].time_ns - placed[2].time_ns == 50 * MILLISECOND + OCTET_NS * len(placed[3].octets)


def test_interleaved_links_take_turns_and_keep_their_numbers() -> None:
    links = [HdlcLink(16, Address(1, lower, 2), seed=lower) for lower in (17, 18)]
    frames = [
        reading.frame(one.octets)
        for one in place(interleave(*(link.rounds(dialogue(4, 300)) for link in links)), start_ns=0)
    ]
    polls = [frame.destination for frame in frames if frame.source == b"\x21"]
    assert polls == [b"\x02\x23", b"\x02\x25"] * 5


def test_same_seed_gives_the_same_line() -> None:
    first, second = (
        place(HdlcLink(16, Address(1, None, 1), seed=9).rounds(dialogue(4, 300)), start_ns=0) for _ in range(2)
    )
    assert first == second
