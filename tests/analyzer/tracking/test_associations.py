"""Records to associations: phases, agreed terms, exchanges, and how each one ended."""

from __future__ import annotations

import pytest

from analyzer.pipeline import Pipeline
from analyzer.session import Session
from analyzer.tracking.associations import ASKED_AGAIN, ENDED, OPENED, UNANSWERED, UNASKED, Associations
from analyzer.tracking.history import (
    BY_CLIENT,
    BY_SERVER,
    CLOSED,
    DISCONNECTED,
    LOST,
    OPEN,
    REFUSED,
    RELEASED,
    REPLACED,
)
from analyzer.tracking.opening import LinkLimits
from captures import open_source
from captures.samples import Sample, samples
from tests.analyzer.framing.build import frame
from tests.analyzer.tracking.build import ANSWERED, ASKED, ListSource, Station, answered, asked
from tests.analyzer.tracking.timed import (
    AARE,
    AARQ,
    CLOCK_ANSWER,
    FIN,
    GET_CLOCK,
    OPENING,
    READING,
    REFUSED_AARE,
    RLRE,
    RLRQ,
    RST,
    At,
    at,
    follow,
    on_hdlc,
    serial_chunks,
    tcp_chunks,
)


def test_association_from_snrm_to_disc_has_all_its_phases() -> None:
    station = Station()
    units = on_hdlc(station, at(0, *station.connect()), OPENING, READING, at(1, asked(RLRQ), answered(RLRE)))
    units += at(0.1, *station.disconnect())
    associations, _ = follow(serial_chunks(units))
    (one,) = associations
    assert [(phase.name, phase.first.record, phase.last.record) for phase in one.phases] == [
        ("link", 1, 2), ("open", 3, 4), ("services", 5, 6), ("release", 7, 10),
    ]  # fmt: skip
    assert (one.client, one.server, one.records, one.how) == (16, 1, 10, RELEASED)
    assert one.first.record == 1
    assert one.last.record == 10
    assert one.limits == LinkLimits()


def test_terms_are_those_of_aarq_and_aare() -> None:
    associations, _ = follow(serial_chunks(on_hdlc(Station(), OPENING)))
    (one,) = associations
    assert one.context == "LN, no ciphering"
    assert one.mechanism == "no authentication"
    # 00 1E 1D: bits 11 to 14, 19, 20, 21 and 23 from the left
    assert one.conformance == (
        "block-transfer-with-get-or-read", "block-transfer-with-set-or-write", "block-transfer-with-action",
        "multiple-references", "get", "set", "selective-access", "action",
    )  # fmt: skip
    assert one.proposal is not None
    assert one.answer is not None
    assert (one.proposal.max_pdu_size, one.answer.max_pdu_size) == (0xFFFF, 0x04C8)
    assert (one.answer.result, one.how) == (0, OPEN)


def test_limits_are_the_smaller_of_both_sides_each_way() -> None:
    # SNRM: transmit 1024, receive 200, windows 3 and 2; UA: transmit 500, receive 300, windows 1 and 7
    snrm = bytes.fromhex("818014 05020400 0602 00C8 070400000003 080400000002".replace(" ", ""))
    ua = bytes.fromhex("818014 050201F4 0602012C 070400000001 080400000007".replace(" ", ""))
    station = Station()
    units = at(0, asked(frame(snrm, 0x93, station.ends[ASKED])), answered(frame(ua, 0x73, station.ends[ANSWERED])))
    associations, _ = follow(serial_chunks(units))
    (one,) = associations
    assert one.limits == LinkLimits(300, 200, 3, 1)


PUSH = bytes.fromhex("0F00000001000906112233445566")
AGAIN = GET_CLOCK[:2] + b"\xc2" + GET_CLOCK[3:]


@pytest.mark.parametrize(
    ("units", "words", "last_service"),
    [
        ([*OPENING, *READING, *at(1, asked(RLRQ), answered(RLRE))], ("authentication, accepted; released by the client in record 6",), 4),
        ([*OPENING, *READING], ("accepted; still open",), 4),
        ([*OPENING, *READING, *at(1, asked(GET_CLOCK))], ("accepted; still open, 1 request without",), 5),
        ([*OPENING, *READING, *at(1, asked(GET_CLOCK), asked(AGAIN))], ("accepted; still open, 2 requests without",), 6),
        ([*READING], ("began before the capture", "; still open"), 2),
        ([*at(0, answered(AARE)), *READING], ("began before the capture", "; still open"), 3),
        ([*at(0, asked(AARQ))], ("asked for LN, no ciphering, no authentication, not answered; still open",), 0),
        ([*at(0, answered(PUSH))], ("1 push, nobody asked",), 0),
        ([*at(0, answered(PUSH), answered(PUSH))], ("2 pushes, nobody asked",), 0),
    ],
)  # fmt: skip
def test_association_says_how_it_went(units: list[At], words: tuple[str, ...], last_service: int) -> None:
    ((one,), _) = follow(tcp_chunks(units))
    assert all(word in one.verdict for word in words)
    assert sum(phase.last.record for phase in one.phases if phase.name == "services") == last_service


def test_response_times_are_kept_by_service() -> None:
    units = on_hdlc(Station(), OPENING, READING, at(1, asked(GET_CLOCK)), at(0.7, answered(CLOCK_ANSWER)))
    associations, _ = follow(serial_chunks(units))
    (one,) = associations
    service = one.services["get-request"]
    assert (service.count, service.errors, list(service.latencies)) == (2, 0, [100_000_000, 700_000_000])
    assert [(exchange.request, exchange.response) for exchange in one.exchanges] == [(1, 2), (3, 4), (5, 6)]


def test_refused_association_is_refused_by_the_server() -> None:
    associations, events = follow(serial_chunks(on_hdlc(Station(), at(0, asked(AARQ), answered(REFUSED_AARE)))))
    (one,) = associations
    assert one.ending is not None
    assert (one.how, one.ending.by, one.ending.at.record) == (REFUSED, BY_SERVER, 2)
    assert "authentication-failure (13)" in one.verdict
    assert [event.kind for event in events] == ["begun", ENDED]


def test_disc_without_release_disconnects() -> None:
    station = Station()
    units = on_hdlc(station, at(0, *station.connect()), OPENING, READING) + at(0.1, *station.disconnect())
    associations, _ = follow(serial_chunks(units))
    (one,) = associations
    assert one.how == DISCONNECTED


def test_dm_after_a_pause_loses_the_association_and_tells_how_long_it_was() -> None:
    station = Station()
    units = on_hdlc(station, at(0, *station.connect()), OPENING, READING, at(121, asked(GET_CLOCK)))
    units += at(0.1, answered(frame(b"", 0x1F, station.ends[ANSWERED])))
    associations, _ = follow(serial_chunks(units))
    (one,) = associations
    assert one.ending is not None
    assert (one.how, one.ending.reason, one.ending.idle_ns) == (LOST, "dm", 121_000_000_000)
    assert [(silence.after, silence.before) for silence in one.silences] == [(6, 7)]


def test_reset_after_an_unanswered_request_loses_the_association() -> None:
    units = [*OPENING, *READING, *at(300, asked(GET_CLOCK))]
    associations, _ = follow(tcp_chunks(units, [(0.1, ANSWERED, RST)]))
    (one,) = associations
    assert one.ending is not None
    assert (one.how, one.ending.reason, one.ending.by) == (LOST, "tcp-reset", BY_SERVER)
    assert one.ending.idle_ns == 300_000_000_000


def test_client_that_closes_the_connection_without_release_is_told_so() -> None:
    associations, _ = follow(tcp_chunks([*OPENING, *READING], [(0.1, ASKED, FIN), (0.1, ANSWERED, FIN)]))
    (one,) = associations
    assert one.ending is not None
    assert (one.how, one.ending.by) == (CLOSED, BY_CLIENT)


def test_release_before_the_connection_closes_is_a_release() -> None:
    units = [*OPENING, *READING, *at(0.1, asked(RLRQ), answered(RLRE))]
    associations, _ = follow(tcp_chunks(units, [(0.1, ASKED, FIN), (0.1, ANSWERED, FIN)]))
    assert [one.how for one in associations] == [RELEASED]


def test_client_that_begins_anew_replaces_an_association_that_was_well() -> None:
    associations, _ = follow(serial_chunks(on_hdlc(Station(), OPENING, READING, OPENING, READING)))
    assert [one.how for one in associations] == [REPLACED, OPEN]


def test_client_that_begins_anew_without_its_answer_has_lost_the_association() -> None:
    associations, _ = follow(serial_chunks(on_hdlc(Station(), OPENING, at(1, asked(GET_CLOCK)), OPENING)))
    assert [one.how for one in associations] == [LOST, OPEN]


def test_request_that_comes_again_unanswered_is_asked_again() -> None:
    units = on_hdlc(Station(), OPENING, at(1, asked(GET_CLOCK)), at(5, asked(GET_CLOCK), answered(CLOCK_ANSWER)))
    associations, events = follow(serial_chunks(units))
    (one,) = associations
    assert list(one.repeats) == [4]
    assert [(event.kind, event.record) for event in events[2:]] == [(ASKED_AGAIN, 4)]
    assert one.services["get-request"].unanswered == 1


def test_request_that_was_passed_over_is_unanswered() -> None:
    other = GET_CLOCK[:2] + b"\xc2" + GET_CLOCK[3:]
    answer = CLOCK_ANSWER[:2] + b"\xc2" + CLOCK_ANSWER[3:]
    units = on_hdlc(Station(), OPENING, at(1, asked(GET_CLOCK)), at(3, asked(other), answered(answer)))
    _, events = follow(serial_chunks(units))
    assert [(event.kind, event.exchange and event.exchange.request) for event in events[2:]] == [(UNANSWERED, 3)]


def test_answer_that_nobody_waits_for_is_unasked() -> None:
    units = on_hdlc(Station(), OPENING, at(1, answered(CLOCK_ANSWER)))
    _, events = follow(serial_chunks(units))
    assert [(event.kind, event.record) for event in events[2:]] == [(UNASKED, 3)]


@pytest.mark.parametrize(
    ("answer", "is_accepted", "how"), [("C701C1 00 01 00 0902 AABB", True, OPEN), ("C701C1 03 00", False, REFUSED)]
)
def test_high_level_security_is_open_once_the_server_accepts(answer: str, is_accepted: bool, how: str) -> None:
    aare = AARE.replace(bytes.fromhex("A305A103020100"), bytes.fromhex("A305A10302010E"))
    reply = bytes.fromhex("C301C1 000F 0000280000FF 01 01 0902 1234")
    units = at(0, asked(AARQ), answered(aare), asked(reply), answered(bytes.fromhex(answer)))
    associations, _ = follow(serial_chunks(on_hdlc(Station(), units)))
    (one,) = associations
    assert (one.hls_is_accepted, one.how) == (is_accepted, how)
    assert [phase.name for phase in one.phases] == ["open", "authentication"]


def test_pushes_are_an_association_of_their_own() -> None:
    push = bytes.fromhex("0F 00000001 00 0600000001")
    associations, _ = follow(tcp_chunks(at(0, answered(push), answered(push))))
    (one,) = associations
    assert (one.is_push, one.pushes, one.number) == (True, 2, None)


def test_two_meters_on_one_line_are_kept_apart() -> None:
    first, second = Station(server=b"\x23"), Station(server=b"\x25")
    one, two = (on_hdlc(station, OPENING, READING) for station in (first, second))
    mixed = [unit for pair in zip(one, two, strict=True) for unit in pair]
    associations, events = follow(serial_chunks(mixed))
    assert [(one.server, one.records, one.how) for one in associations] == [(17, 4, OPEN), (18, 4, OPEN)]
    assert [event.kind for event in events] == ["begun", "begun", "opened", "opened"]


@pytest.mark.parametrize("sample", samples(), ids=lambda one: one.name)
def test_healthy_samples_lose_no_association_and_no_answer(sample: Sample) -> None:
    associations, kinds = Associations(), set()
    with open_source(str(sample.path)) as source:
        for record in Session(source, learns=False).records():
            associations.take(record)
            kinds |= {event.kind for event in associations.events}
    assert kinds <= {"begun", OPENED, ENDED}
    assert {one.how for one in associations} <= {OPEN, RELEASED}


def test_memory_stays_flat_over_many_associations(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analyzer.tracking.associations.MOST_ASSOCIATIONS", 3)
    units = [unit for _ in range(8) for unit in on_hdlc(Station(), OPENING)]
    associations, _ = follow(serial_chunks(units))
    assert (len(associations), associations.forgotten) == (3, 5)


def test_what_is_long_over_is_told_as_before_and_keeps_few_of_its_exchanges(monkeypatch: pytest.MonkeyPatch) -> None:
    talk = [*OPENING, *READING * 20, *at(1, asked(RLRQ), answered(RLRE))]
    units = [unit for _ in range(3) for unit in on_hdlc(Station(), talk)]
    whole = list(follow(serial_chunks(units))[0])
    monkeypatch.setattr("analyzer.tracking.association_ends.MOST_WHOLE", 1)
    short = list(follow(serial_chunks(units))[0])
    assert [len(one.exchanges) for one in whole] == [22, 22, 22]
    assert [len(one.exchanges) for one in short] == [4, 4, 22]
    assert [(one.phases, one.verdict, one.errors) for one in short] == [
        (one.phases, one.verdict, one.errors) for one in whole
    ]
    services = [[(name, each.count, each.median_ns) for name, each in one.services.items()] for one in whole]
    assert services == [[(name, each.count, each.median_ns) for name, each in one.services.items()] for one in short]
    assert not short[0].services["get-request"].latencies


def test_ends_of_connections_are_told_to_whoever_follows() -> None:
    pipeline = Pipeline()
    units: list[At] = [*OPENING]
    list(pipeline.run(ListSource(tcp_chunks(units, [(0.1, ASKED, FIN), (0.1, ANSWERED, RST)]))))
    assert [(end.kind, end.side, end.after) for end in pipeline.ends] == [("closed", 0, 2), ("reset", 1, 2)]
