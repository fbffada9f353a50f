"""Connections that did not come about are told, of meters alone; packets that are there twice are no loss."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

import analyzer
from analyzer.diagnosis.story import Story
from analyzer.diagnosis.words import seconds
from analyzer.simulate import packets, pcap_writer
from analyzer.simulate.packets import ACK, FIN, PSH, RST, SYN, Endpoint
from analyzer.simulate.sent import NOTHING, SECOND, TO_METER, Sent
from captures.chunk import PACKET_BITS, Chunk
from dissectors.tree import Severity
from tests.analyzer.diagnosis.told import diagnose, named
from tests.analyzer.framing.build import pdu
from tests.analyzer.tracking.build import answered, asked
from tests.analyzer.tracking.timed import AARE, AARQ, ANSWERED, ASKED, CLOCK_ANSWER, GET_CLOCK, OPENING, at, tcp_chunks
from tests.faults.carriers import echoed
from tests.faults.case import Case, Said, Truth, stories_of

CLIENT = Endpoint("192.0.2.10", 40007, "02:00:5e:00:00:0a")
METER = Endpoint("198.51.100.7", 4059, "02:00:5e:00:00:01")
OFFICE = METER._replace(port=443)
GET = bytes.fromhex("00010010000100 0D C001C100080000010000FF0200".replace(" ", ""))


def segment(
    at_s: float, source: Endpoint, destination: Endpoint, flags: int, octets: bytes = b"", own: int = 1
) -> Sent:
    body = packets.tcp(source, destination, sequence=own, acknowledged=1, flags=flags, octets=octets)
    packet = packets.ipv4(source, destination, packets.TCP, body, 1)
    return Sent(int(at_s * SECOND), TO_METER, packets.ethernet(source, destination, packet), NOTHING)


def tries(meter: Endpoint, *at_s: float, flags: int = SYN) -> list[Sent]:
    return [segment(one, CLIENT, meter, flags) for one in at_s]


def told(folder: Path, *sent: Sent, code: str = "tcp-connect-failed") -> list[Story]:
    path = folder / "one.pcap"
    path.write_bytes(pcap_writer.pcap(sent, pcap_writer.ETHERNET))
    with analyzer.open(path) as trace:
        return [one for one in trace.stories() if one.code == code]


def test_connection_that_nobody_answers_is_told_with_its_time(tmp_path: Path) -> None:
    (story,) = told(tmp_path, *tries(METER, 1, 2, 4))
    assert (story.cause, story.confidence, story.first_ns) == ("connection-unanswered", "likely", SECOND)
    assert story.lane == "192.0.2.10:40007 > 198.51.100.7:4059"
    assert story.evidence[0].text == "packet 1: 3 SYN over 3.0 s, and no answer"


def test_connection_that_is_refused_is_told(tmp_path: Path) -> None:
    (story,) = told(tmp_path, *tries(METER, 1), segment(1.1, METER, CLIENT, RST | ACK))
    assert (story.cause, story.confidence) == ("connection-refused", "certain")


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(tries(METER, 1), id="the capture ends behind the SYN"),
        pytest.param([*tries(METER, 1, 2), segment(2.1, METER, CLIENT, SYN | ACK)], id="it is answered"),
        pytest.param(tries(OFFICE, 1, 2, 4), id="it is no meter's port"),
        pytest.param(
            [*tries(METER, 1, 2), segment(2.2, CLIENT, METER, PSH | ACK, GET, 2)], id="one direction is captured"
        ),
        pytest.param(
            [*tries(METER, 1, 5), segment(5.2, METER, CLIENT, PSH | ACK, GET)], id="the meter's direction is captured"
        ),
        pytest.param([*tries(METER, 1, 5), segment(9, CLIENT, METER, FIN | ACK, own=2)], id="it is closed"),
        pytest.param([*tries(METER, 1, 5), segment(120, METER, CLIENT, RST | ACK)], id="it is reset later"),
        pytest.param([*tries(METER, 1, 5), segment(5.1, METER, CLIENT, RST)], id="RST is in return for an ACK"),
        pytest.param(
            [*tries(METER, 1, 5), segment(5.1, CLIENT, METER, ACK, own=2)],
            id="one direction is captured, and nothing is asked",
        ),
        pytest.param(tries(METER, 1, 1.0001), id="the SYN is there twice at the end of the capture"),
        pytest.param(tries(METER, 1, 2), id="the capture ends a second behind the SYN"),
    ],
)
def test_other_connections_are_not_told(sent: list[Sent], tmp_path: Path) -> None:
    assert told(tmp_path, *sent) == []


def test_copy_of_a_syn_is_no_further_try(tmp_path: Path) -> None:
    (story,) = told(tmp_path, *tries(METER, 1, 1.0001, 5, 5.0001))
    assert story.evidence[0].text == "packet 1: 2 SYN over 4.0 s, and no answer"


def test_connection_to_a_port_that_speaks_elsewhere_is_told(tmp_path: Path) -> None:
    meter, other = METER._replace(port=7000), CLIENT._replace(port=40008)
    sent = [*tries(meter, 1), segment(9, other, meter, PSH | ACK, GET)]
    assert [one.cause for one in told(tmp_path, *sent)] == ["connection-unanswered"]


@pytest.mark.parametrize(
    ("later_s", "cause"), [(0.0005, "captured-twice"), (0.004, "packet-loss"), (0.3, "packet-loss")]
)
def test_octets_that_come_again_at_once_are_captured_twice(later_s: float, cause: str, tmp_path: Path) -> None:
    sent = []
    for number in range(4):
        own, at_s = 1 + number * len(GET), 1 + number
        sent += [segment(at_s + wait, CLIENT, METER, PSH | ACK, GET, own) for wait in (0, later_s)]
    assert {one.cause for one in told(tmp_path, *sent, code="tcp-retransmission")} == {cause}


def test_octets_that_come_again_are_told_of_the_record_that_they_were_in(tmp_path: Path) -> None:
    sent = [segment(1 + number, CLIENT, METER, PSH | ACK, GET, 1 + number * len(GET)) for number in range(4)]
    sent.insert(2, segment(2.4, CLIENT, METER, PSH | ACK, GET, 1 + len(GET)))
    (story,) = told(tmp_path, *sent, code="tcp-retransmission")
    assert (story.records, story.first_ns) == ([2], 2 * SECOND)
    assert story.evidence[0].text == "21 octets were sent again (packet 3, behind record 2)"


def test_octets_that_come_again_behind_all_others_are_told(tmp_path: Path) -> None:
    sent = [segment(1 + number, CLIENT, METER, PSH | ACK, GET, 1 + number * len(GET)) for number in range(2)]
    sent += [segment(2 + wait, CLIENT, METER, PSH | ACK, GET, 1 + len(GET)) for wait in (0.3, 0.9, 2.1)]
    (story,) = told(tmp_path, *sent, code="tcp-retransmission")
    assert (story.cause, story.records) == ("packet-loss", [2])
    assert story.evidence[0].text == "its octets were sent again (packet 5), and nothing came behind them"


@pytest.mark.parametrize(("closer", "cause"), [(METER, "connection-closed"), (CLIENT, "")])
def test_answer_that_breaks_off_where_its_sender_closes_is_no_end_of_the_capture(
    closer: Endpoint, cause: str, tmp_path: Path
) -> None:
    begun = bytes.fromhex("0001000100100012 C401C100090C07E8")
    other = METER if closer is CLIENT else CLIENT
    own = {METER: 2 + len(begun), CLIENT: 2 + len(GET)}[closer]
    sent = [
        *tries(METER, 1), segment(1.1, METER, CLIENT, SYN | ACK), segment(1.2, CLIENT, METER, PSH | ACK, GET, 2),
        segment(1.3, METER, CLIENT, PSH | ACK, begun, 2), segment(1.4, closer, other, FIN | ACK, own=own),
    ]  # fmt: skip
    story = told(tmp_path, *sent, code="capture-cut")[0]
    assert story.cause == cause
    assert [one.code for one in story.leads_to] == ["provider-abort" if cause else "response-missing"]


def _input(chunks: list[Chunk], number: int, later_s: float) -> list[Chunk]:
    above, later_ns = number << PACKET_BITS, round(later_s * SECOND)
    return [one._replace(number=one.number | above, time_ns=(one.time_ns or 0) + later_ns) for one in chunks]


def _joined(*inputs: list[Chunk]) -> list[Chunk]:
    return sorted((one for each in inputs for one in each), key=lambda one: (one.time_ns, one.number))


DIALOGUE = [*OPENING, *(at(1, asked(GET_CLOCK), answered(CLOCK_ANSWER)) * 3)]


@pytest.mark.parametrize("later_s", [30.007, 0.4, 0.007])
@pytest.mark.parametrize("is_closed", [False, True])
def test_inputs_that_hold_the_same_packets_are_no_retransmissions(later_s: float, is_closed: bool) -> None:
    chunks = tcp_chunks(DIALOGUE, [(1, ASKED, FIN | ACK), (0.1, ANSWERED, FIN | ACK)] if is_closed else ())
    (story,) = [one for one in diagnose(_joined(chunks, _input(chunks, 1, later_s))) if one.worst >= Severity.NOTE]
    assert (story.code, story.cause) == ("packets-in-two-inputs", "captured-at-two-points")
    assert f"{seconds(round(later_s * SECOND))} later: the same SYN in packet 1" in story.evidence[0].text


def test_inputs_that_hold_the_same_packets_behind_their_syn_are_no_retransmissions() -> None:
    chunks = tcp_chunks(DIALOGUE)[2:]
    stories = diagnose(_joined(chunks, _input(chunks, 1, 0.3)))
    assert set(named(stories)) == {("tcp-retransmission", "captured-at-two-points")}


def test_octets_that_come_again_in_the_next_file_got_lost() -> None:
    chunks = tcp_chunks(DIALOGUE)
    again = _input(chunks[5:6], 1, 0.3)
    rest = _input(chunks[6:], 1, 0.0)
    assert named(diagnose([*chunks[:6], *again, *rest])) == [("tcp-retransmission", "packet-loss")]


def test_syn_that_is_sent_again_in_the_next_file_is_no_copy() -> None:
    chunks = tcp_chunks(DIALOGUE)
    assert diagnose([chunks[0], *_input(chunks, 1, 1.0)]) == []


@pytest.mark.parametrize("number", range(9))
def test_requests_that_a_converter_sends_back_are_an_echo_and_no_silence(number: int) -> None:
    stories = stories_of(echoed(random.Random(number), number))
    found = {one.code: one for one in stories if one.code != "protection-below-policy"}
    assert set(found) == {"line-echo"}
    shown = [proof.text for proof in found["line-echo"].evidence]
    assert shown[0].startswith("the ") and "wPorts unswapped" in shown[0]
    assert any("nothing came behind this echo" in each for each in shown) == (number % 3 == 2)


@pytest.mark.parametrize(("client", "answered_by"), [(16, (1, 16)), (1, (1, 1)), (16, (16, 1))])
@pytest.mark.parametrize(
    "order",
    [
        pytest.param("q1 e1 a1 q2 e2 a2", id="one by one"),
        pytest.param("q1 q2 e1 e2 a1 a2", id="two, sent back at once"),
        pytest.param("q1 q2 e1 a1 e2 a2", id="two, sent back as the line comes to them"),
        pytest.param("q1 q2 q3 q4 e1 e2 a1 e3 a2 e4 a3 a4", id="four"),
    ],
)
def test_requests_that_come_back_are_echoes_whatever_is_in_flight(
    order: str, client: int, answered_by: tuple[int, int]
) -> None:
    """Where the wPorts are swapped, are the same one twice, or are copied by the meter."""
    said = [(0, client, 1, AARQ), (1, *answered_by, AARE)]
    for round_ in range(4):
        for kind, number in map(tuple, order.split()):
            invoke_id = bytes((0xC0 | round_ << 2 | int(number) - 1,))
            get, answer = (one[:2] + invoke_id + one[3:] for one in (GET_CLOCK, CLOCK_ANSWER))
            said.append((1, *answered_by, answer) if kind == "a" else (int(kind == "e"), client, 1, get))
    lines = [
        Said(number * SECOND // 50, side, pdu(apdu, source, destination))
        for number, (side, source, destination, apdu) in enumerate(said)
    ]
    stories = stories_of(Case(lines, Truth(frozenset())))
    found = {one.code: one for one in stories if one.code not in ("protection-below-policy", "wrapper-ports-unswapped")}
    assert {code: one.count for code, one in found.items()} == {"line-echo": 4 * order.count("e")}
