"""What stands right behind another frame of its connection does so whatever other connections say in between."""

from __future__ import annotations

import pytest

from analyzer.simulate import model, network
from analyzer.simulate.client import Client
from analyzer.simulate.meter import Meter
from analyzer.simulate.packets import Endpoint
from analyzer.simulate.sent import SECOND, TO_CLIENT, TO_METER, Sent
from analyzer.simulate.speaker import Target
from tests.analyzer.diagnosis.test_explained import get, value
from tests.analyzer.framing.build import GET_REQUEST, GET_RESPONSE, frame
from tests.analyzer.tracking.build import ANSWERED, ASKED, Said, Station, answered, asked, wrapped
from tests.analyzer.tracking.secured import NOW
from tests.analyzer.tracking.timed import AARE, AARQ
from tests.faults import case

_ETHERNET, _DM = 1, 0x1F
_READ = [asked(GET_REQUEST), answered(GET_RESPONSE)]


def _told(said: list[Said], others: int) -> list[tuple[str, str]]:
    """Codes and causes of one connection with HDLC, two seconds from frame to frame, and of others that are polled."""
    packets = _packets(1, said, 2, 0)
    for number in range(others):
        station = Station()
        packets += _packets(2 + number, [*station.connect(), *station.frames(_READ * 20)], 0.31, number * 0.1)
    packets.sort(key=lambda one: one.time_ns or 0)
    stories = case.stories_of(case.Case(packets, case.Truth(frozenset())))
    return [(one.code, one.cause) for one in stories if one.code != "clock-drift"]


def _packets(number: int, said: list[Said], step: float, later: float) -> list[case.Said]:
    return _carried(
        number,
        [
            Sent(NOW + round((1 + later + at * step) * SECOND), TO_METER if way == ASKED else TO_CLIENT, octets)
            for at, (way, octets) in enumerate(said)
        ],
    )


def _carried(number: int, sent: list[Sent]) -> list[case.Said]:
    conversation = network.TcpConversation(
        seed=number,
        client=Endpoint("192.0.2.10", 40_000 + number, network.CLIENT.mac),
        meter=Endpoint(f"198.51.100.{number}", 4059, f"02:00:5e:00:01:{number:02x}"),
    )
    events = conversation.carry(sent, start_ns=NOW)
    return [case.Said(one.time_ns, 0, one.octets, _ETHERNET) for one in events]


@pytest.mark.parametrize("others", [0, 1, 3])
def test_dm_behind_a_damaged_disc_is_no_refusal(others: int) -> None:
    polled, public = Station(), Station(b"\x61")
    disc, _ = public.disconnect()
    hurt = disc.octets[:6] + bytes((disc.octets[6] ^ 0x11,)) + disc.octets[7:]
    said = [*polled.connect(), *polled.frames(_READ), asked(hurt), answered(frame(b"", _DM, public.ends[ANSWERED]))]
    assert _told(said, others) == [("hdlc-fcs-wrong", "octet-damaged")]


@pytest.mark.parametrize("others", [0, 1, 3])
def test_request_captured_behind_its_answer_is_told_as_that(others: int) -> None:
    packets: list[case.Said] = []
    for number in range(1 + others):
        meter = Meter(model.electricity_meter("1", start_ns=NOW, rows=4))
        client = Client(meter, 16, start_ns=NOW, seed=number, carrying_ms=(150.0, 20.0))
        client.associate()
        for _ in range(40 if number else 6):
            client.get(Target(8, model.CLOCK))
        units = network.wrap(client.dialogue)
        if not number:
            asked_ns = units[6].time_ns
            units[6:8] = [units[7]._replace(time_ns=asked_ns), units[6]._replace(time_ns=asked_ns + SECOND // 2)]
        packets += _carried(1 + number, units)
    packets.sort(key=lambda one: one.time_ns or 0)
    stories = case.stories_of(case.Case(packets, case.Truth(frozenset())))
    told = [(one.code, one.cause) for one in stories if one.code not in ("clock-drift", "protection-below-policy")]
    assert told == [("response-without-request", "captured-out-of-order")]


@pytest.mark.parametrize("others", [0, 1, 3])
def test_dm_behind_sound_frames_is_a_refusal(others: int) -> None:
    polled, public = Station(), Station(b"\x61")
    hurt = polled.connect()[0].octets
    hurt = hurt[:6] + bytes((hurt[6] ^ 0x11,)) + hurt[7:]
    dm = answered(frame(b"", _DM, public.ends[ANSWERED]))
    said = [*polled.connect(), asked(hurt), *polled.frames(_READ), dm]
    assert ("hdlc-disconnected-mode", "") in _told(said, others)


@pytest.mark.parametrize("others", [0, 1, 3])
def test_snrm_behind_its_ua_without_a_flag_is_told(others: int) -> None:
    station = Station()
    snrm, ua = station.connect()
    said = [snrm, ua._replace(octets=ua.octets[1:]), snrm, ua, *station.frames(_READ)]
    assert _told(said, others) == [("hdlc-retransmission", "flag-missing")]


@pytest.mark.parametrize("others", [0, 3])
def test_late_answer_that_is_taken_for_the_next_one_tells_why_that_is_not_waited_for(others: int) -> None:
    """Whoever polls other meters in between, the client hurries for what it heard of this one."""
    read = [each for number in (1, 2, 3) for each in ((1, asked(get(number))), (0.8, answered(value(number))))]
    vain = [(1, asked(get(4))), (9, asked(get(5, 2))), (0.8, answered(value(5, 2))), (1, answered(value(4)))]
    hasty = [(0.02, asked(get(6, 3))), (0.02, asked(get(7, 3))), (0.8, answered(value(7, 3)))]
    packets = _carried(1, _timed([(0, asked(AARQ)), (0.1, answered(AARE)), *read, *vain, *hasty]))
    for number in range(others):
        polls = [each for _ in range(600) for each in ((0.02, asked(get(1))), (0.02, answered(value(1))))]
        packets += _carried(2 + number, _timed([(0.003 * number, asked(AARQ)), (0.1, answered(AARE)), *polls]))
    packets.sort(key=lambda one: one.time_ns or 0)
    (story,) = case.stories_of(case.Case(packets, case.Truth(frozenset())))
    assert [(one.code, one.cause, one.count) for one in (story, *story.leads_to)] == [
        ("response-without-request", "late-response", 1), ("response-missing", "late-response", 2),
    ]  # fmt: skip


def _timed(units: list[tuple[float, Said]]) -> list[Sent]:
    """Wrapper PDUs, each so many seconds behind the one before."""
    made, now = [], NOW
    for seconds, unit in units:
        now += round(seconds * SECOND)
        ((way, octets),) = wrapped([unit])
        made.append(Sent(now, TO_METER if way == ASKED else TO_CLIENT, octets))
    return made
