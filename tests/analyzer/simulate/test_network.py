"""Wrapper PDUs over TCP and UDP: streams, numbers, acknowledgements and checksums, read by hand."""

from analyzer.simulate import network
from analyzer.simulate.network import TcpConversation, datagrams, wrap
from analyzer.simulate.sent import MILLISECOND, TO_CLIENT, TO_METER, Sent, Truth
from tests.analyzer.simulate import reading

SYN, ACK, FIN, PSH = 2, 16, 1, 8


def units(request: int = 20, response: int = 1300) -> list[Sent]:
    spoken = [
        Sent(0, TO_METER, bytes(request), Truth("get-request", 32, "1", (bytes(request),))),
        Sent(60 * MILLISECOND, TO_CLIENT, bytes(response), Truth("get-response", 32, "1", (bytes(response),))),
        Sent(75 * MILLISECOND, TO_METER, bytes(request), Truth("get-request", 32, "1", (bytes(request),))),
        Sent(200 * MILLISECOND, TO_CLIENT, bytes(9), Truth("get-response", 32, "1", (bytes(9),))),
    ]
    return wrap(spoken)


def segments(events: list[Sent]) -> list[tuple[int, bytes]]:
    return [(one.direction, reading.transport(one.octets)[3]) for one in events]


def test_wrapper_swaps_its_ports_with_the_direction() -> None:
    ports = [reading.pdus(one.octets)[0][:2] for one in units()]
    assert ports == [(32, 1), (1, 32)] * 2


def test_wrapper_takes_the_logical_device_of_a_two_part_address() -> None:
    (event,) = wrap([Sent(0, TO_METER, b"\xc0", Truth(client=16, server="2.17"))])
    assert event.octets.hex() == "00010010000200" + "01c0"


def test_connection_opens_and_closes() -> None:
    flags = [body[13] for _, body in segments(TcpConversation(seed=1).carry(units(), start_ns=0))]
    assert flags[:3] == [SYN, SYN | ACK, ACK]
    assert flags[-3:] == [FIN | ACK, FIN | ACK, ACK]


def test_streams_give_the_units_back() -> None:
    events = TcpConversation(seed=1, mss=536).carry(units(), start_ns=0)
    for side in (TO_METER, TO_CLIENT):
        stream = b"".join(body[(body[12] >> 4) * 4 :] for direction, body in segments(events) if direction == side)
        assert stream == b"".join(one.octets for one in units() if one.direction == side)


def test_sequence_and_acknowledgement_numbers_follow_the_octets() -> None:
    following: dict[int, int] = {}
    for direction, body in segments(TcpConversation(seed=3, mss=200).carry(units(), start_ns=0)):
        sequence, acknowledged = int.from_bytes(body[4:8], "big"), int.from_bytes(body[8:12], "big")
        other = TO_CLIENT if direction == TO_METER else TO_METER
        assert following.get(direction, sequence) == sequence
        assert acknowledged == following.get(other, 0)
        size = len(body) - (body[12] >> 4) * 4 + bool(body[13] & (SYN | FIN))
        following[direction] = (sequence + size) % 2**32


def test_segments_are_no_longer_than_mss() -> None:
    sizes = [len(body) - 20 for _, body in segments(TcpConversation(seed=1, mss=536).carry(units(), start_ns=0))[3:]]
    assert max(sizes) == 536
    assert [size for size in sizes if size == 1308 - 2 * 536]


def test_every_second_segment_is_acknowledged_at_once() -> None:
    events = TcpConversation(seed=1, mss=536).carry(units(), start_ns=0)
    bodies = segments(events)
    full = [index for index, (_, body) in enumerate(bodies) if len(body) == 556]
    index = full[1] + 1
    assert bodies[index][0] == TO_METER
    assert len(bodies[index][1]) == 20
    assert events[index].time_ns - events[full[1]].time_ns < MILLISECOND


def test_packets_are_in_time_order_and_a_round_trip_apart() -> None:
    events = TcpConversation(seed=1, latency_ms=35).carry(units(), start_ns=1000)
    times = [one.time_ns for one in events]
    assert times == sorted(times)
    assert times[0] == 1000
    first = next(index for index, one in enumerate(events) if one.truth.apdus)
    answer = next(index for index, one in enumerate(events) if one.truth.apdus and one.direction == TO_CLIENT)
    assert events[answer].time_ns - events[first].time_ns >= (60 + 70) * MILLISECOND


def test_truth_goes_with_the_segment_that_ends_a_unit() -> None:
    events = TcpConversation(seed=1, mss=536).carry(units(), start_ns=0)
    told = [len(one.truth.apdus[0]) for one in events if one.truth.apdus]
    assert told == [20, 1300, 20, 9]


def test_datagrams_carry_one_unit_each() -> None:
    events = datagrams(units(response=90), seed=1)
    bodies = [reading.transport(one.octets) for one in events]
    assert [protocol for protocol, *_ in bodies] == [17] * 4
    assert [body[8:] for *_, body in bodies] == [one.octets for one in units(response=90)]
    assert bodies[0][1] == (network.CLIENT.octets, network.CLIENT.port)
    assert bodies[1][1] == (network.METER.octets, network.METER.port)


def test_same_seed_gives_the_same_packets() -> None:
    first, second = (TcpConversation(seed=5).carry(units(), start_ns=0) for _ in range(2))
    assert first == second
    assert TcpConversation(seed=6).carry(units(), start_ns=0) != first
