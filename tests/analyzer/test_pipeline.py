"""The pipeline as a whole: how octets arrive does not matter, conversations do not mix, nothing raises."""

from __future__ import annotations

import json
import random
import tracemalloc
from collections.abc import Callable, Sequence

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from analyzer.detail import detail
from analyzer.export.json_lines import JsonLines
from analyzer.export.text import TextLines
from analyzer.marks import together
from analyzer.pipeline import Pipeline
from analyzer.record import Record
from captures.chunk import LINK_OCTETS, RECEIVED, SENT, UNKNOWN, Chunk, Source
from captures.network import ACK, RST, SYN
from captures.pcap import PcapSource
from captures.pcapng import PcapngSource
from captures.stream import HeldInput, Window
from dissectors.reader import apdu_json
from tests.analyzer.framing.build import PLACES, cut, octetwise
from tests.analyzer.tracking.build import (
    ANSWERED,
    ASKED,
    CARRIERS,
    ListSource,
    Said,
    Station,
    chunk,
    codes,
    decode,
    essence,
    general_blocks,
    in_frames,
    in_mbus,
    in_segments,
    octets_of,
    without_numbers,
    wrapped,
)
from tests.analyzer.tracking.carried_by_tcp import ETHERNET, START, segment, wrapper_conversation
from tests.analyzer.tracking.services import TRANSFERS
from tests.captures.build import (
    CLIENT,
    METER,
    enhanced,
    ethernet,
    interface,
    ipv4,
    pcap_header,
    pcap_record,
    section,
    tcp,
    udp,
)

CHOSEN = ("get_normal", "set_list", "action_answer_whole", "read")
USER0 = 147
CHANCES = st.integers(0, 1 << 32).map(random.Random)


def dialogue(*names: str) -> list[Said]:
    """What is said in the block transfers *names*, one after another."""
    return [one for name in names or CHOSEN for one in TRANSFERS[name].said]


def hdlc_session() -> list[Said]:
    """A whole HDLC session, with segments."""
    station = Station(b"\x21", b"\x02\x23")
    return [*station.connect(), *station.frames(dialogue(), 23), *station.disconnect()]


SESSION = b"".join(octets for _, octets in hdlc_session())
WRAPPED = b"".join(octets for _, octets in wrapped(dialogue()))
OVER_MBUS = b"".join(octets for _, octets in in_mbus(dialogue()))


def records_of(chunks: Sequence[Chunk], decode_as: dict[str, str] | None = None) -> list[Record]:
    return list(Pipeline(decode_as).run(ListSource(chunks)))


def of_pieces(pieces: Sequence[bytes]) -> list[tuple[object, ...]]:
    return [essence(one) for one in records_of([chunk(number, piece) for number, piece in enumerate(pieces, 1)])]


# -- how octets arrive --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("octets", [SESSION, WRAPPED, OVER_MBUS], ids=["hdlc", "wrapper", "mbus"])
def test_octets_one_by_one_give_the_same_records(octets: bytes) -> None:
    assert of_pieces(octetwise(octets)) == of_pieces([octets])


@pytest.mark.parametrize("octets", [SESSION, WRAPPED, OVER_MBUS], ids=["hdlc", "wrapper", "mbus"])
@given(places=PLACES)
@example(places=[8, 21])  # a header and its APDU in pieces of their own
def test_octets_in_any_pieces_give_the_same_records(octets: bytes, places: list[int]) -> None:
    assert of_pieces(cut(octets, places)) == of_pieces([octets])


@pytest.mark.parametrize("piece", [1, 7, 400])
@pytest.mark.parametrize(("silence_ms", "is_over"), [(2000, True), (200, False)])
def test_frame_that_lacks_octets_stands_before_what_the_other_side_says_long_behind_it(
    piece: int, silence_ms: int, is_over: bool
) -> None:
    session = hdlc_session()
    (_, asking), (_, answering) = session[2], session[-3]
    chunks, now = [], 0
    for direction, octets in ((ASKED, asking), (ANSWERED, answering[:-3]), (ASKED, asking), (ANSWERED, answering)):
        now += silence_ms * 1_000_000
        for at in range(0, len(octets), piece):
            now += 1_000_000
            part = octets[at : at + piece]
            chunks.append(Chunk(len(chunks) + 1, now, LINK_OCTETS, direction, part, len(part), -1))
    records = records_of(chunks)
    times = [one.time_ns or 0 for one in records]
    assert [one.problem for one in records].count("length-wrong") == 1
    assert (times == sorted(times)) == is_over


def test_frame_that_only_paused_while_the_other_side_spoke_is_whole() -> None:
    (_, asking), (_, answering) = hdlc_session()[2], hdlc_session()[-3]
    said = ((ASKED, 0, asking), (ANSWERED, 100, answering[:9]), (ASKED, 700, asking), (ANSWERED, 900, answering[9:]))
    chunks = [Chunk(number, 1_000_000 * at, LINK_OCTETS, way, octets, len(octets), -1)
              for number, (way, at, octets) in enumerate(said, 1)]  # fmt: skip
    assert [one.problem for one in records_of(chunks)] == ["", "", ""]


def test_record_names_the_packets_and_times_of_its_octets() -> None:
    frame = hdlc_session()[2].octets
    (record,) = records_of([chunk(number, piece) for number, piece in enumerate(cut(frame, [3, 9]), 1)])
    assert record.packets == (1, 2, 3)
    assert (record.start_ns, record.time_ns) == (1_000_000, 3_000_000)


def essence_over_tcp(chunks: Sequence[Chunk]) -> list[tuple[object, ...]]:
    found = []
    for record in records_of(chunks):
        *rest, notes = essence(record)
        found.append((*rest, [code for code in notes if code != "tcp-retransmission"]))
    return found


IN_ORDER = essence_over_tcp(wrapper_conversation(dialogue()))


def test_records_over_tcp_are_those_of_the_line() -> None:
    on_line = [without_numbers(one) for one in decode(wrapped(dialogue()))]
    assert [without_numbers(one) for one in records_of(wrapper_conversation(dialogue()))] == on_line


def test_what_was_said_before_reads_as_it_did_the_first_time() -> None:
    once = [without_numbers(one) for one in records_of(wrapper_conversation(dialogue()))]
    assert [without_numbers(one) for one in records_of(wrapper_conversation(dialogue(*CHOSEN, *CHOSEN)))] == once * 2


def test_connection_that_only_opens_leaves_nothing_aside() -> None:
    pipeline = Pipeline()
    assert list(pipeline.run(ListSource([chunk(1, segment(ASKED, 1, b"", SYN), UNKNOWN, ETHERNET)]))) == []
    assert dict(pipeline.left_aside) == {}


def test_first_segments_out_of_order_give_the_same_records() -> None:
    for seed in range(20):
        assert essence_over_tcp(wrapper_conversation(dialogue(), random.Random(seed))) == IN_ORDER


@given(chance=CHANCES)
def test_segments_cut_doubled_disordered_and_overlapping_give_the_same_records(chance: random.Random) -> None:
    assert essence_over_tcp(wrapper_conversation(dialogue(), chance, calm=True)) == IN_ORDER


def test_retransmission_is_noted_and_makes_no_record() -> None:
    chunks = wrapper_conversation(dialogue("get_normal"))
    found = records_of([*chunks[:4], chunks[3]._replace(number=99), *chunks[4:]])
    assert len(found) == len(records_of(chunks))
    assert codes(found) == ["tcp-retransmission"]


def test_lost_packet_costs_its_own_record_and_no_order() -> None:
    chunks = wrapper_conversation(dialogue("get_normal"))
    found = records_of([*chunks[:4], *chunks[5:]])
    assert [one.direction for one in found] == ["request", "response", "response", *["request", "response"] * 3]
    assert codes(found).count("tcp-octets-missing") == 1
    assert all(one.request is not None for one in found[4::2])


def test_packet_cut_by_the_snap_length_costs_its_own_record_and_no_order() -> None:
    chunks = wrapper_conversation(dialogue("get_normal"))
    cut_one = chunks[5]._replace(octets=chunks[5].octets[:-3])
    found = records_of([*chunks[:5], cut_one, *chunks[6:]])
    assert [one.direction for one in found[4:]] == ["request", "response"] * 3
    assert all(one.request is not None for one in found[5::2])
    assert "apdu-malformed" not in codes(found)


def in_file(chunks: Sequence[Chunk], form: str) -> Source:
    """A capture of *chunks*, whose times are whole microseconds."""
    order, link_type = ">" if form == "pcap, most significant first" else "<", chunks[0].link_type
    if form == "pcapng":
        blocks = [
            enhanced(one.octets, (one.time_ns or 0) // 1000, number=0, original=one.original_length) for one in chunks
        ]
        return PcapngSource("t", Window(HeldInput(b"".join([section(), interface(link_type), *blocks]))))
    records = [
        pcap_record(
            one.octets, order=order, seconds=0, fraction=(one.time_ns or 0) // 1000, original=one.original_length
        )
        for one in chunks
    ]
    return PcapSource("t", Window(HeldInput(b"".join([pcap_header(order=order, link_type=link_type), *records]))))


def all_of(source: Source) -> object:
    """All that is known of the records of *source*, and of what was left aside."""
    pipeline = Pipeline()
    records = [(essence(one), one.packets, one.start_ns, one.time_ns) for one in pipeline.run(source)]
    return records, pipeline.left_aside, pipeline.stacks, pipeline.dialogue.transfers.now


@pytest.mark.parametrize("form", ["pcap", "pcap, most significant first", "pcapng"])
@given(chance=CHANCES)
def test_packets_taken_out_of_a_file_in_their_plain_way_give_what_their_chunks_give(
    form: str, chance: random.Random
) -> None:
    chunks = wrapper_conversation(dialogue(chance.choice(list(TRANSFERS))), chance)
    for index, one in enumerate(chunks):
        kind, octets = chance.randrange(12), one.octets
        if kind == 0:
            octets = mutate(octets, chance)
        elif kind == 1:
            octets += bytes(chance.randrange(1, 9))  # padding, or a check sequence
        elif kind == 2:
            octets = octets[:54]
        cut_by = chance.randrange(1, 60) if kind == 3 else 0
        chunks[index] = one._replace(octets=octets[: len(octets) - cut_by], original_length=len(octets))
    acknowledging = segment(ANSWERED, START[ANSWERED], b"", ACK)
    chunks.insert(3, chunk(0, acknowledging, UNKNOWN, ETHERNET))
    chunks = [one._replace(number=number, time_ns=number * 1_000_000) for number, one in enumerate(chunks, 1)]
    assert all_of(in_file(chunks, form)) == all_of(ListSource(chunks))


@pytest.mark.parametrize("form", ["pcap", "pcap, most significant first", "pcapng"])
@given(places=PLACES)
def test_octets_of_a_line_give_the_same_out_of_a_file(form: str, places: list[int]) -> None:
    pieces = [piece for piece in cut(SESSION, places) if piece]
    chunks = [chunk(number, piece, UNKNOWN, USER0) for number, piece in enumerate(pieces, 1)]
    half = len(chunks) // 2
    chunks[half] = chunks[half]._replace(octets=chunks[half].octets[:-1])  # by the snap length
    assert all_of(in_file(chunks, form)) == all_of(ListSource(chunks))


# -- conversations do not mix --------------------------------------------------------------------------------------


def interleave(chance: random.Random, *sessions: Sequence[Said]) -> tuple[list[Said], list[int]]:
    """Mix sessions at random, each in its own order; also which session each unit is of."""
    order = [index for index, session in enumerate(sessions) for _ in session]
    chance.shuffle(order)
    waiting = [iter(session) for session in sessions]
    return [next(waiting[index]) for index in order], order


def assert_apart(chance: random.Random, *sessions: Sequence[Said]) -> None:
    mixed, order = interleave(chance, *sessions)
    found = decode(mixed)
    assert len(found) == len(mixed)
    for index, session in enumerate(sessions):
        mine = [without_numbers(one) for one, whose in zip(found, order, strict=True) if whose == index]
        assert mine == [without_numbers(one) for one in decode(session)]


@given(chance=CHANCES)
def test_two_meters_interleaved_on_one_line_do_not_mix(chance: random.Random) -> None:
    near, far = Station(b"\x21", b"\x02\x23"), Station(b"\x21", b"\x02\x25")
    assert_apart(
        chance,
        [*near.connect(), *near.frames(dialogue("get_normal", "set_normal"), 17)],
        [*far.connect(), *far.frames(dialogue("get_normal", "action_list"), 17)],
    )


@given(chance=CHANCES)
def test_two_clients_of_one_meter_do_not_mix(chance: random.Random) -> None:
    reader, manager = Station(b"\x21", b"\x02\x23"), Station(b"\x61", b"\x02\x23")
    assert_apart(chance, reader.frames(dialogue("get_list"), 17), manager.frames(dialogue("get_normal"), 23))


@given(chance=CHANCES)
def test_many_servers_behind_one_wrapper_line_do_not_mix(chance: random.Random) -> None:
    sessions = [wrapped(dialogue("get_normal", name), 16, server) for server, name in ((1, "read"), (17, "set_list"))]
    assert_apart(chance, *sessions, wrapped(dialogue("get_normal"), 48, 1))


@given(chance=CHANCES)
def test_servers_that_send_general_blocks_at_once_do_not_mix(chance: random.Random) -> None:
    blocks = [(direction, octets[8:]) for direction, octets in CARRIERS["gbt-wrapper"](dialogue("get_normal"))]
    said = [Said(*one) for one in blocks]
    assert_apart(chance, wrapped(said, 16, 1), wrapped(said, 16, 2), wrapped(said, 32, 1))


def test_datagrams_of_two_meters_do_not_mix() -> None:
    said = wrapped(dialogue("get_normal"))
    chunks = []
    for direction, octets in said:
        for address in (METER, bytes([10, 0, 0, 8])):
            ends = CLIENT + address if direction == ASKED else address + CLIENT
            ports = (51234, 4059) if direction == ASKED else (4059, 51234)
            packet = ethernet(ipv4(udp(octets, ports=ports), 17, addresses=ends))
            chunks.append(chunk(len(chunks) + 1, packet, UNKNOWN, ETHERNET))
    found = records_of(chunks)
    expected = [without_numbers(one) for one in decode(said)]
    assert [without_numbers(one) for one in found[::2]] == expected
    assert [without_numbers(one) for one in found[1::2]] == expected
    assert len({one.association for one in found}) == 2


def test_datagrams_between_the_same_two_ports_are_not_mixed_with_a_connection() -> None:
    calls, answer = (segment(direction, START[direction] - 1, b"", SYN) for direction in (ASKED, ANSWERED))
    asked, said = wrapped(dialogue("get_normal"))[-2:]
    at, half = START[ASKED], len(asked[1]) // 2
    pieces = [segment(ASKED, at, asked[1][:half]), segment(ASKED, at + half, asked[1][half:])]
    datagram = ethernet(ipv4(udp(said[1]), 17, addresses=METER + CLIENT))
    other_way = ethernet(ipv4(udp(asked[1], ports=(51234, 4059)), 17, addresses=CLIENT + METER))
    frames = [calls, answer, pieces[0], other_way, datagram, pieces[1]]
    found = records_of([chunk(number, one, UNKNOWN, ETHERNET) for number, one in enumerate(frames, 1)])
    assert [(one.packets, one.octets) for one in found] == [
        ((4,), asked[1]), ((5,), said[1]), ((3, 6), asked[1]),
    ]  # fmt: skip
    assert [one.association for one in found] == [1, 1, 2]


def test_associations_of_two_meters_have_numbers_of_their_own() -> None:
    near, far = Station(b"\x21", b"\x02\x23"), Station(b"\x21", b"\x02\x25")
    mixed, order = interleave(random.Random(1), [*near.connect()], [*far.connect()])
    found = decode(mixed)
    numbers = {
        index: {one.association for one, whose in zip(found, order, strict=True) if whose == index} for index in (0, 1)
    }
    assert sorted(map(sorted, numbers.values())) == [[1], [2]]


# -- nesting and joining -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("carrier", CARRIERS)
def test_every_octet_of_the_line_is_in_exactly_one_record(carrier: str) -> None:
    carried = CARRIERS[carrier](dialogue())
    assert [one.octets for one in decode(carried)] == [octets for _, octets in carried]


@pytest.mark.parametrize("carrier", CARRIERS)
def test_apdus_are_the_same_in_every_nesting(carrier: str) -> None:
    said = dialogue()
    found = [octets_of(one.apdu) for one in decode(CARRIERS[carrier](said)) if one.apdu]
    found = [one for one in found if not one.startswith("e0")]
    assert found == [octets.hex() for _, octets in said]


def test_last_block_in_segments_names_blocks_and_segments() -> None:
    found = decode(in_segments(dialogue("get_normal")))
    named = {number for one in found for number in one.parts}
    assert {one.number for one in found if one.kind == "part"} <= named


def test_segments_with_a_lost_frame_are_not_joined() -> None:
    carried = in_segments(dialogue("get_normal"))
    segmented = [index for index, (_, octets) in enumerate(carried) if octets[1] & 8]
    lost = segmented[1]
    found = decode([*carried[:lost], *carried[lost + 1 :]])
    assert "hdlc-frame-lost" in codes(found)
    assert "apdu-malformed" not in codes(found)


def test_segment_that_comes_again_is_joined_once() -> None:
    carried = in_segments(dialogue("get_normal"))
    segmented = [index for index, (_, octets) in enumerate(carried) if octets[1] & 8]
    at = segmented[1]
    found = decode([*carried[: at + 1], carried[at], *carried[at + 1 :]])
    expected = [octets_of(one.assembled) for one in decode(carried) if one.assembled]
    assert [octets_of(one.assembled) for one in found if one.assembled] == expected
    assert codes(found) == ["hdlc-retransmission"]


def blockwise(said: list[Said]) -> list[Said]:
    """Put APDUs into general-block-transfers."""
    return [Said(direction, block) for direction, apdu in said for block in general_blocks(apdu, 11, window=3)]


@pytest.mark.parametrize("blocks", [list, blockwise], ids=["datablocks", "general-blocks"])
def test_frame_with_a_block_that_comes_again_is_a_part_as_the_first_was(
    blocks: Callable[[list[Said]], list[Said]],
) -> None:
    station = Station()
    said = blocks(dialogue("get_normal"))
    carried = [*station.connect(), *station.frames(said, 200)]
    found = decode(carried)
    answers = [at for at, one in enumerate(found) if one.direction == "response" and (one.parts or one.part_of)]
    assert len(answers) > 2
    for at in answers:
        again = decode([*carried[: at + 1], carried[at], *carried[at + 1 :]])[at + 1]
        assert [note.code for note in again.notes] == ["hdlc-retransmission"]
        assert (again.kind, again.part_of) == ("part", found[at].parts[0] if found[at].parts else found[at].part_of)


def test_connections_of_one_input_that_ended_are_not_held() -> None:
    chunks = []
    for number in range(9000):
        for flags in (SYN, RST):
            octets = ethernet(ipv4(tcp(flags=flags, ports=(10_000 + number, 4059))))
            chunks.append(Chunk(len(chunks) + 1, number, ETHERNET, UNKNOWN, octets, len(octets), -1))
    pipelines, held = [], [0]
    tracemalloc.start()
    try:
        for count in (10_000, 18_000):  # by the first the tables are full whose bound is lower
            pipelines.append(Pipeline())
            assert not list(pipelines[-1].run(ListSource(chunks[:count])))
            held.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert held[2] - held[1] < 1_500_000


def test_new_connection_forgets_open_segments() -> None:
    station = Station()
    begun = station.frames(dialogue("get_normal"), 17)[:1]
    whole = [*station.connect(), *station.frames(dialogue("get_normal"))]
    found = decode([*begun, *whole])
    assert codes(found) == []
    assert sum(one.assembled is not None for one in found) == 1


# -- directions ----------------------------------------------------------------------------------------------------


def test_directions_of_a_serial_line_follow_the_octets_where_the_tap_does_not_know() -> None:
    chunks = [chunk(number, octets) for number, (_, octets) in enumerate(in_frames(dialogue("get_normal")), 1)]
    found = records_of(chunks)
    assert [one.direction for one in found] == ["request", "response"] * (len(found) // 2)
    assert {(one.client, one.server) for one in found} == {(16, 1)}


def test_rr_between_two_of_the_same_address_is_of_the_side_that_did_not_speak_before_it() -> None:
    # client 1 and server 1 in one octet each: the addresses look alike both ways, and an RR carries nothing else
    station = Station(b"\x03", b"\x03")
    said = [
        *station.connect(),
        *station.frames(dialogue("get_normal"), 19),
        station.ready(ASKED),
        station.ready(ANSWERED),
    ]
    found = records_of([chunk(number, octets) for number, (_, octets) in enumerate(said, 1)])
    assert [one.direction for one in found] == ["request" if way == ASKED else "response" for way, _ in said]


@pytest.mark.parametrize("way", [SENT, RECEIVED])
def test_tap_that_swaps_directions_changes_no_role(way: int) -> None:
    said = in_frames(dialogue("get_normal"))
    found = decode([Said(one if way == SENT else 3 - one, octets) for one, octets in said])
    assert found[0].direction == "request"
    assert found[1].direction == "response"


# -- totality ------------------------------------------------------------------------------------------------------


def mutate(octets: bytes, chance: random.Random) -> bytes:
    """Change a few octets: flipped bits, telling values, lost and added octets."""
    changed = bytearray(octets)
    for _ in range(chance.randrange(1, 4)):
        at = chance.randrange(len(changed) + 1)
        kind = chance.randrange(4)
        if kind == 0 and at < len(changed):
            changed[at] ^= 1 << chance.randrange(8)
        elif kind == 1 and at < len(changed):
            changed[at] = chance.choice(b"\x00\x01\x7e\x7f\x80\x81\x82\x84\xa0\xa8\xdb\xe0\xff")
        elif kind == 2:
            del changed[at : at + chance.randrange(1, 5)]
        else:
            changed[at:at] = chance.randbytes(chance.randrange(1, 4))
    return bytes(changed)


def assert_total(chunks: Sequence[Chunk], decode_as: dict[str, str] | None = None) -> None:
    """Decode and write everything: nothing raises, JSON parses, records are numbered without a hole."""
    json_lines = JsonLines(lambda: 9, layers=True)
    text_lines = TextLines(lambda: 9, tree=True, octets=True, utc=True)
    for number, record in enumerate(records_of(chunks, decode_as), 1):
        assert record.number == number
        line = json.loads(json_lines.line(record))
        assert line["octets"] == record.octets.hex().upper()
        assert [one["name"] for one in line["layers"]] == [one.name for one in detail(record)]
        if record.shown is not None:
            assert line["apdu"] == json.loads(json.dumps(apdu_json(record.shown.octets)))
        assert text_lines.line(record)


@settings(max_examples=40)
@given(chance=CHANCES, stack=st.sampled_from(("", "hdlc", "wrapper", "mbus", "llc", "apdu")))
def test_mutated_serial_lines_never_raise(chance: random.Random, stack: str) -> None:
    carried = CARRIERS[chance.choice(list(CARRIERS))](dialogue(chance.choice(list(TRANSFERS))))
    chunks = [
        chunk(number, mutate(octets, chance) if chance.random() < 0.3 else octets, direction)
        for number, (direction, octets) in enumerate(carried, 1)
    ]
    assert_total(chunks, {"serial": stack} if stack else None)


@settings(max_examples=40)
@given(chance=CHANCES)
def test_mutated_packets_never_raise(chance: random.Random) -> None:
    chunks = wrapper_conversation(dialogue(chance.choice(list(TRANSFERS))), chance)
    assert_total([one._replace(octets=mutate(one.octets, chance)) if chance.random() < 0.3 else one for one in chunks])


@given(st.lists(st.binary(max_size=40), max_size=6), st.sampled_from((-1, 0, 1, 101, 113, 147, 228, 276, 9999)))
def test_any_octets_on_any_link_type_never_raise(pieces: list[bytes], link_type: int) -> None:
    assert_total([chunk(number, piece, UNKNOWN, link_type) for number, piece in enumerate(pieces, 1)])


def test_conversations_beyond_the_limit_are_given_up_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analyzer.pipeline.MOST_CONVERSATIONS", 2)
    request = wrapped(dialogue("get_normal"))[0].octets
    chunks = []
    for number in range(1, 8):
        packet = segment(ASKED, 1, request).replace(METER, bytes([10, 0, 0, number + 10]))
        chunks.append(chunk(number, packet, UNKNOWN, ETHERNET))
    found = records_of(chunks)
    assert [one.packets for one in found] == [(number,) for number in range(1, 8)]


@pytest.mark.parametrize("units", [in_frames, wrapped, in_mbus], ids=["hdlc", "wrapper", "mbus"])
@pytest.mark.parametrize("before", [1, 2])
def test_units_of_a_link_behind_bare_apdus_are_read_as_such(
    units: Callable[[list[Said]], list[Said]], before: int
) -> None:
    said = dialogue("get_normal")[:2]
    pieces = [octets for _, octets in (*said[:before], *units(said))]
    found = records_of([chunk(number, piece) for number, piece in enumerate(pieces, 1)])
    alone = records_of([chunk(number, piece) for number, piece in enumerate(pieces[before:], 1)])
    assert [one.link for one in found] == ["apdu"] * before + [one.link for one in alone]
    assert not [one.link for one in found if one.link == "noise"]
    assert b"".join(one.octets for one in found) == b"".join(pieces)


def test_forced_apdus_stay_what_the_user_said() -> None:
    said = dialogue("get_normal")[:2]
    pieces = [octets for _, octets in (*said, *in_frames(said))]
    found = records_of([chunk(number, piece) for number, piece in enumerate(pieces, 1)], {"serial": "apdu"})
    assert {one.link for one in found} == {"apdu"}


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        ([f"a parity error in packet {number}" for number in (3, 4, 6, 9)], "a parity error in packet 3 and in 3 more"),
        (
            ["marked: parity error at octet 1 (00)"] * 4,
            "marked: parity error at octet 1 (00); so 4 times in this record",
        ),
        (["marked: parity error at octet 1 (00)"], "marked: parity error at octet 1 (00)"),
    ],
)
def test_marks_that_a_record_has_often_are_counted_in_a_sentence_that_fits(texts: list[str], said: str) -> None:
    assert together(texts) == [said]
