"""What is told first of a fault that looks like another one: the story that a person needs, and no other beside it."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from analyzer.diagnosis.doctor import Doctor
from analyzer.diagnosis.story import Story
from analyzer.export.stories import text_lines
from analyzer.pipeline import Pipeline
from analyzer.security.hls import Handshake, HlsKeys, answer, check
from analyzer.security.keys import KeyRole
from analyzer.simulate.ciphering import Seal, protect
from analyzer.simulate.local_messages import data_set
from analyzer.simulate.p1_port import ciphered, telegram
from analyzer.tracking.protection import Protection
from captures.chunk import UNKNOWN, Chunk
from dissectors.tree import Severity
from tests.analyzer.diagnosis.test_association import USER, aare, initiate_error
from tests.analyzer.diagnosis.told import diagnose, named
from tests.analyzer.framing.build import frame
from tests.analyzer.tracking.build import ANSWERED, ASKED, ListSource, Said, Station, answered, asked, chunk
from tests.analyzer.tracking.carried_by_tcp import ETHERNET, PUSH, START, SYN, SYN_ACK, segment
from tests.analyzer.tracking.secured import keyring
from tests.analyzer.tracking.timed import (
    AARE,
    AARQ,
    CLOCK_ANSWER,
    FIN,
    GET_CLOCK,
    OPENING,
    READING,
    SECOND,
    At,
    at,
    on_hdlc,
    serial_chunks,
)

CLIENT, SERVER, LONG = b"\x21", b"\x03", bytes.fromhex("00020023")
SNRM, UA, DM, FRMR = 0x93, 0x73, 0x1F, 0x97


def on_station(*units: list[At]) -> list[Story]:
    line = Station(CLIENT, SERVER)
    return diagnose(serial_chunks([*at(0, *line.connect()), *on_hdlc(line, *units)]))


def over_connection(*said: Said, is_closed: bool = True) -> list[Story]:
    """The stories of a TCP connection that carries octets as they are given."""
    sequence = {ASKED: START[ASKED], ANSWERED: START[ANSWERED]}
    frames = [segment(ASKED, START[ASKED] - 1, b"", SYN), segment(ANSWERED, START[ANSWERED] - 1, b"", SYN_ACK)]
    for direction, octets in said:
        other = ANSWERED if direction == ASKED else ASKED
        frames.append(segment(direction, sequence[direction], octets, PUSH, sequence[other]))
        sequence[direction] += len(octets)
    if is_closed:
        frames.append(segment(ASKED, sequence[ASKED], b"", FIN | 1, sequence[ANSWERED]))
    chunks = [
        Chunk(number, number * SECOND // 5, ETHERNET, UNKNOWN, octets, len(octets), -1)
        for number, octets in enumerate(frames, 1)
    ]
    return diagnose(chunks)


def wrapper(apdu: bytes, source: int, destination: int, order: str = "big") -> bytes:
    header = b"".join(one.to_bytes(2, order) for one in (1, source, destination, len(apdu)))  # type: ignore[arg-type]
    return header + apdu


def dialogue(*exchanges: tuple[bytes, bytes], order: str = "big", ports: tuple[int, int] = (1, 16)) -> list[Said]:
    """Requests of client 16 to meter 1, and answers with *ports* and *order* of their own."""
    return [
        Said(side, octets)
        for request, response in exchanges
        for side, octets in ((ASKED, wrapper(request, 16, 1)), (ANSWERED, wrapper(response, *ports, order=order)))
    ]


TALK = ((AARQ, AARE), (GET_CLOCK, CLOCK_ANSWER), (GET_CLOCK, CLOCK_ANSWER))


def test_header_in_the_wrong_byte_order_is_no_lost_association() -> None:
    assert named(over_connection(*dialogue(*TALK, order="little"))) == [("wrapper-version-wrong", "byte-order-swapped")]


@pytest.mark.parametrize("lost", range(1, 9))
@pytest.mark.parametrize("at", [1, 3])
def test_pdu_that_lacks_octets_is_told_first_wherever_its_length_ends(at: int, lost: int) -> None:
    """Up to the version and wPorts of the next PDU the length takes in, or all of its header and more."""
    said = dialogue(*TALK)
    said[at] = Said(ANSWERED, said[at].octets[:-lost])
    story, *_ = over_connection(*said)
    assert (story.code, story.cause, story.confidence) == ("wrapper-length-wrong", "truncated", "likely")
    assert f" {lost} octet" in story.evidence[0].text and "missing" in story.evidence[0].text


@pytest.mark.parametrize(
    ("was", "became", "cause"),
    [
        (b"\xff", b"\xff\xff", "telnet-negotiation"),
        (b"\n", b"\r\n", "newline-translation"),
        (b"\r", b"\r\x00", "newline-translation"),
    ],
)
def test_pdu_that_a_converter_made_longer_is_told_by_what_undoes_it(was: bytes, became: bytes, cause: str) -> None:
    value = bytes.fromhex("C401C100 0908 41FF 0A 420D 43FF 44")
    said = dialogue(TALK[0], *[(GET_CLOCK[:3] + b"\0\1" + GET_CLOCK[5:], value)] * 3)
    said = [said[0], said[1], *(Said(one, octets.replace(was, became)) for one, octets in said[2:])]
    story, *_ = over_connection(*said)
    assert (story.code, story.cause) == ("wrapper-length-wrong", cause)
    assert story.count >= 3


@pytest.mark.parametrize(
    ("lacking", "between", "cause"),
    [
        pytest.param(bytes(range(0x80, 0xE4)), bytes(9), "flow-control-octets-removed", id="neither has one"),
        pytest.param(bytes(range(0x80, 0xE4)), b"\x13" * 9, "truncated", id="a sound PDU has a 13"),
        pytest.param(b"ABCD " * 20, bytes(9), "truncated", id="text never has one"),
        pytest.param(b"\xff\0" * 50, bytes(9), "truncated", id="FF and 00 fill"),
    ],
)
def test_octets_were_taken_out_by_flow_control_if_pdus_that_could_have_them_have_none(
    lacking: bytes, between: bytes, cause: str
) -> None:
    get = GET_CLOCK[:3] + b"\0\1" + GET_CLOCK[5:]
    answers = [CLOCK_ANSWER[:4] + bytes((9, len(one))) + one for one in (lacking, between)]
    said = dialogue(TALK[0], *[(get, one) for one in answers] * 8)
    cut = [one.octets[:60] + one.octets[61:] if len(one.octets) > 100 else one.octets for one in said]
    story, *_ = over_connection(*(Said(one.direction, octets) for one, octets in zip(said, cut, strict=True)))
    assert (story.code, story.cause, story.count) == ("wrapper-length-wrong", cause, 8)


@pytest.mark.parametrize("at", range(9, 12))
def test_answer_that_lacks_an_octet_takes_no_answer_behind_it_with_it(at: int) -> None:
    said = dialogue(*TALK, *TALK[1:] * 2)
    octets = said[3].octets
    said[3] = Said(ANSWERED, octets[:at] + octets[at + 1 :])
    story, *more = over_connection(*said)
    assert (story.code, story.cause, story.records) == ("wrapper-length-wrong", "truncated", [5])
    assert not more


@pytest.mark.parametrize(
    ("octets", "told"),
    [
        (bytes.fromhex("9B57F00D 3AC1 88E2 91 10"), ("noise", "not-wrapper")),
        (bytes(8), ("noise", "not-wrapper")),
        (b"PING 7\r\n", ("carrier-text", "heartbeat")),
    ],
)
def test_octets_between_pdus_that_are_none_have_a_cause_and_advice(octets: bytes, told: tuple[str, str]) -> None:
    said = dialogue(*TALK)
    (story,) = over_connection(*said[:3], Said(ANSWERED, octets), *said[3:])
    assert (story.code, story.cause) == told
    assert story.advice
    assert story.severity <= Severity.NOTE


def test_requests_alone_whose_header_nobody_answers_show_what_is_wrong_with_it() -> None:
    counted = (1).to_bytes(2, "big") + bytes((0, 16, 0, 1)) + (len(AARQ) + 8).to_bytes(2, "big") + AARQ
    for octets, cause in (
        (wrapper(AARQ, 16, 1, "little"), ("wrapper-version-wrong", "byte-order-swapped")),
        (counted, ("wrapper-length-wrong", "length-includes-header")),
    ):
        assert named(over_connection(*[Said(ASKED, octets)] * 3)) == [cause]


def test_answers_whose_length_counts_the_header_are_one_story() -> None:
    said = dialogue(*TALK)
    for number in (1, 3, 5):
        octets = said[number].octets
        said[number] = Said(ANSWERED, octets[:6] + len(octets).to_bytes(2, "big") + octets[8:])
    assert [one.code for one in over_connection(*said)] == ["wrapper-length-wrong"]


def test_answers_with_the_ports_of_their_requests_are_answers() -> None:
    (story,) = over_connection(*dialogue(*TALK, ports=(16, 1)))
    assert (story.code, story.cause, story.meter) == ("wrapper-ports-unswapped", "server-echoes-header", "1")


def test_apdu_behind_an_apdu_under_one_wrapper_length_is_named() -> None:
    second = bytes((0xC4, 1, 0xC2, 0, 6, 0, 0, 0, 9))
    said = dialogue((AARQ, AARE), (GET_CLOCK, CLOCK_ANSWER + second), (GET_CLOCK, CLOCK_ANSWER))
    assert named(over_connection(*said)) == [("apdu-trailing-octets", "apdu-concatenated")]


def test_text_before_the_first_pdu_is_a_sign_of_life_and_no_late_capture() -> None:
    said = [Said(ANSWERED, b"867723051234567\r\n"), *dialogue(*TALK)]
    assert named(over_connection(*said)) == [("carrier-text", "heartbeat")]


@pytest.mark.parametrize("line", [b"DTU-ALIVE\r\nDTU-ALIVE\r\n", b"IMEI:867723051234567\r\n"])
def test_text_that_comes_again_or_is_a_number_alone_on_its_line_is_a_sign_of_life(line: bytes) -> None:
    (story,) = over_connection(Said(ANSWERED, line), *dialogue(*TALK))
    assert (story.code, story.cause, story.confidence) == ("carrier-text", "heartbeat", "likely")


def test_text_that_is_said_again_later_is_a_sign_of_life() -> None:
    beat = Said(ANSWERED, b"DTU-ALIVE")
    assert named(over_connection(beat, *dialogue(*TALK)[:1], beat, *dialogue(*TALK)[1:])) == [
        ("carrier-text", "heartbeat")
    ]


@pytest.mark.parametrize("place", [0, 4])
def test_text_that_is_no_part_of_a_frame_is_a_sign_of_life(place: int) -> None:
    line = Station(CLIENT, SERVER)
    units = on_hdlc(line, at(0, *line.connect()), OPENING, READING)
    units.insert(place, At(0.1, answered(b"$HB,354678901234567#")))
    assert named(diagnose(serial_chunks(units))) == [("carrier-text", "heartbeat")]


@pytest.mark.parametrize(
    ("said", "confidence"),
    [
        ([b"$HB,354678901234567#"], "possible"),
        ([b"IMEI:354678901234567\r\n"], "likely"),
        (2 * [b"$HB,35467890#"], "likely"),
    ],
)
def test_text_between_frames_is_likely_a_sign_of_life_where_its_line_ends_or_it_comes_again(
    said: list[bytes], confidence: str
) -> None:
    line = Station(CLIENT, SERVER)
    units = on_hdlc(line, at(0, *line.connect()), OPENING, READING)
    for place, octets in enumerate(said):
        units.insert(2 + 3 * place, At(0.1, answered(octets)))
    (story,) = diagnose(serial_chunks(units))
    assert (story.code, story.cause, story.confidence) == ("carrier-text", "heartbeat", confidence)


@pytest.mark.parametrize("size", [9, 15])
def test_text_between_frames_may_be_the_rest_of_a_frame(size: int) -> None:
    line = Station(CLIENT, SERVER)
    units = on_hdlc(line, at(0, *line.connect()), OPENING, READING)
    units.insert(4, At(0.1, answered(b"0000000001583800000000"[-size:] + b"S\x22\x7e")))
    (story,) = diagnose(serial_chunks(units))
    assert (story.code, story.confidence) == ("carrier-text", "possible")
    assert "octets-lost" in {one.cause for one in story.alternatives}


@pytest.mark.parametrize("end", [b"", b"\r\n"])
def test_tail_of_a_text_before_the_first_pdu_is_a_late_capture_and_is_not_shown(end: bytes) -> None:
    said = [Said(ANSWERED, b"LANDIS+GYR E450 SERIAL 12345678 PW=SECRET99" + end), *dialogue(*TALK)]
    (story,) = over_connection(*said)
    assert (story.code, story.cause) == ("capture-cut", "mid-stream-start")
    assert story.alternatives[0].cause == "heartbeat"
    assert not any(secret in one.text for one in story.evidence for secret in ("LAND", "1234", "SECR"))


def test_dm_to_the_first_frame_of_a_log_is_a_missing_snrm_and_no_lost_association() -> None:
    line = Station(CLIENT, SERVER)
    units = [*on_hdlc(line, at(0, asked(AARQ))), *at(0.2, answered(frame(b"", DM, CLIENT + SERVER)))]
    assert named(diagnose(serial_chunks(units))) == [("hdlc-disconnected-mode", "no-snrm")]


@pytest.mark.parametrize(
    ("reasons", "cause"), [(0x03, "information-not-allowed"), (0x01, "control-not-implemented")], ids=["W and X", "W"]
)
def test_information_that_is_not_allowed_is_named_though_w_stands_beside_x(reasons: int, cause: str) -> None:
    refused = at(1, asked(frame(b"\xe6\xe6\x00\xc0", 0x11, SERVER + CLIENT)))
    rejects = at(0.2, answered(frame(bytes((0x11, 0, reasons)), FRMR, CLIENT + SERVER)))
    assert ("hdlc-frame-rejected", cause) in named(on_station(OPENING, READING, refused, rejects))


def test_diagnostic_that_names_the_reason_outweighs_a_handler_that_refuses() -> None:
    password = bytes.fromhex("A109 0607 60857405080101 8A02 0780 8B07 60857405080201 AC06 8004 31323334")
    proposal = password + bytes.fromhex("BE10 040E 01 00 00 00 06 5F1F0400 001E1D FFFF")
    request = bytes((0x60, len(proposal))) + proposal
    for diagnostic, cause in ((13, "wrong-password"), (11, "mechanism-not-accepted"), (1, "refused-by-handler")):
        answer = aare(1, USER, diagnostic, initiate_error(6, 4))
        (story,) = on_station(at(0, asked(request), answered(answer)))
        assert (story.code, story.cause) == ("association-rejected", cause)


def test_meter_that_answers_to_a_longer_address_only_is_told() -> None:
    short, long = frame(b"", SNRM, SERVER + CLIENT), frame(b"", SNRM, LONG + CLIENT)
    units = [*at(0, asked(short)), *at(4, asked(short)), *at(4, asked(long), answered(frame(b"", UA, CLIENT + LONG)))]
    stories = diagnose(serial_chunks(units))
    assert ("hdlc-address-unusual", "address-length-differs") in named(stories)
    other = frame(b"", SNRM, bytes.fromhex("00200023") + CLIENT), frame(b"", UA, CLIENT + bytes.fromhex("00200023"))
    units = [*at(0, asked(short)), *at(4, asked(other[0]), answered(other[1]))]
    assert not named(diagnose(serial_chunks(units)))  # another meter


def test_answers_of_a_whole_session_without_requests_are_one_direction() -> None:
    line = Station(CLIENT, SERVER)
    units = [*at(0, *line.connect()), *on_hdlc(line, OPENING, *[READING] * 4)]
    stories = diagnose(serial_chunks(one for one in units if one.said.direction == ANSWERED))
    assert named(stories) == [("response-without-request", "direction-missing")]


def test_echo_that_lost_an_address_is_an_echo() -> None:
    parameters = bytes.fromhex("818012 050180 060180 070400000001 080400000001")
    snrm = frame(parameters, SNRM, SERVER + CLIENT)
    units = at(0, asked(snrm), answered(snrm[:4] + snrm[9:]))
    assert named(diagnose(serial_chunks(units))) == [("line-echo", "local-echo")]


def test_answer_that_lost_its_first_address_is_no_echo() -> None:
    parameters = bytes.fromhex("818012 050180 060180 070400000001 080400000001")
    snrm, ua = frame(parameters, SNRM, SERVER + CLIENT), frame(parameters, UA, CLIENT + SERVER)
    stories = diagnose(serial_chunks(at(0, asked(snrm), answered(ua[:3] + ua[4:]))))
    assert "line-echo" not in [one.code for one in stories]


def test_scope_of_a_buffer_is_a_matter_of_the_selection() -> None:
    request = bytes.fromhex("C001C1 0007 0100630100FF 02 00")
    (story,) = on_station(OPENING, READING, at(1, asked(request), answered(bytes.fromhex("C401C1010D"))))
    assert (story.code, story.cause) == ("result-scope-of-access-violated", "selection-not-accepted")


def test_length_field_that_is_wrong_at_the_end_of_a_log_is_the_same_story() -> None:
    def push(value: int) -> bytes:
        apdu = bytes.fromhex("E6E700 0F00000001 00 0202 06") + value.to_bytes(4, "big") + bytes.fromhex("120001")
        sound = frame(apdu, 0x13, CLIENT + SERVER)[1:-3]
        head = bytes((sound[0], sound[1] + 3)) + sound[2:5]
        return _summed(head, sound[7:])

    stories = diagnose([chunk(number, push(number)) for number in range(1, 4)])
    assert named(stories) == [("hdlc-length-wrong", "length-field-wrong")]


def _summed(head: bytes, information: bytes) -> bytes:
    from dissectors.checks import fcs

    octets = head + fcs(head).to_bytes(2, "little") + information
    return b"\x7e" + octets + fcs(octets).to_bytes(2, "little") + b"\x7e"


SEAL = Seal(0x30, bytes(range(16)), bytes(range(0xD0, 0xE0)), b"MMM\x00\x00\xbc\x61\x4e")
KEYS = {KeyRole.GUEK: SEAL.key, KeyRole.GAK: SEAL.authentication_key}
TELEGRAMS = [
    ciphered(telegram("MMM5SIM-42", [data_set("1-0:1.8.0", f"00012{number}.456", "kWh")] * 4), SEAL, number)
    for number in range(3)
]


def of_p1(telegrams: Iterable[bytes]) -> list[Story]:
    pipeline = Pipeline(None, Protection(keyring(KEYS)))
    doctor = Doctor(pipeline.ends)
    for record in pipeline.run(ListSource([chunk(1, b"".join(telegrams))])):
        doctor.take(record)
    doctor.finish()
    return doctor.stories()


def test_bit_of_a_ciphered_telegram_is_found_by_the_text_inside() -> None:
    first, second, third = TELEGRAMS
    at_value = len(second) - 12 - 12  # a digit of the last value, before line end, mark, check and tag
    hurt = second[:at_value] + bytes((second[at_value] ^ 1,)) + second[at_value + 1 :]
    story = of_p1([first, hurt, third])[0]
    assert (story.code, story.cause) == ("p1-crc-wrong", "bit-error")


@pytest.mark.parametrize("lost", range(1, 8))
def test_octets_lost_in_a_ciphered_telegram_are_counted(lost: int) -> None:
    first, second, third = TELEGRAMS
    (story,) = of_p1([first, second[:60] + second[60 + lost :], third])
    assert (story.code, story.cause) == ("p1-length-wrong", "octets-lost")
    assert f"{lost} missing" in story.evidence[0].text


def test_octets_lost_in_ciphered_apdus_do_not_follow_from_an_authentication_key_that_is_not_given() -> None:
    """Push after push by itself in a log, which opens with the encryption key; some lack octets in their middle."""
    plain = bytes.fromhex("0F8000000100 0204") + b"".join(bytes.fromhex(f"0906 01000{n}0800FF") for n in range(1, 5))
    bodies = [protect(plain, SEAL, counter) for counter in range(1, 7)]
    whole = [b"\xdb\x08" + SEAL.title + bytes((len(body),)) + body for body in bodies]
    hurt = [one[:32] + one[33:] if number in (1, 4) else one for number, one in enumerate(whole)]
    pipeline = Pipeline(None, Protection(keyring({KeyRole.GUEK: SEAL.key})))
    doctor = Doctor(pipeline.ends)
    for record in pipeline.run(ListSource([chunk(number, one) for number, one in enumerate(hurt, 1)])):
        doctor.take(record)
    doctor.finish()
    lost, rest = doctor.stories()
    assert (lost.code, lost.cause, lost.records, lost.leads_to) == ("apdu-malformed", "octets-lost", [2, 5], [])
    assert (rest.code, rest.cause, rest.worst) == ("undecipherable", "no-key", Severity.NOTE)


SETS = [data_set(f"1-0:{number}.8.0", "000123.456", "kWh") for number in range(1, 5)]
PLAIN = telegram("MMM5\\2SIM-42", SETS)


def of_octets(*octets: bytes) -> list[Story]:
    return diagnose([chunk(number, one) for number, one in enumerate(octets, 1)])


def test_words_before_a_telegram_are_no_line_of_another_speed() -> None:
    stories = of_octets(b"My telegram (serial removed):\n" + PLAIN)
    assert [one.cause for one in stories] in ([], ["mixed-log"])


def test_characters_of_a_readout_that_lacks_its_beginning_are_no_line_of_another_speed() -> None:
    (story,) = of_octets(b"0-0:98.1.0\r\n(\r\n1-0:1.8.0(000123.456*kWh)\r\n")
    assert (story.cause, story.confidence) == ("start-of-dump-missing", "likely")
    assert "1.8.0(000123.456*kWh)" in story.evidence[0].text
    (story,) = of_octets(b"PDU=00;addr=17;rssi=-71;lqi=200;type=4;", b"PDU=01;addr=17;rssi=-70;lqi=201;type=4;")
    assert story.cause == "mixed-log"


def test_octets_that_a_terminal_obeys_are_shown_by_their_codes() -> None:
    hurt = PLAIN.replace(b"1-0:2.8.0(00", b"\x1b[2J\x07\x00\x9b\x01")
    lines = [line for story in of_octets(PLAIN + hurt) for line in text_lines(1, story, 0)]
    assert lines and all(line.isprintable() for line in lines)


def test_octets_without_print_follow_from_the_damage_that_is_told() -> None:
    at_digit = PLAIN.index(b"123")
    hurt = PLAIN[:at_digit] + b"\x11" + PLAIN[at_digit + 1 :]
    assert [one.code for one in of_octets(PLAIN + hurt)] == ["p1-crc-wrong"]


RIGHT = PLAIN[-6:-2]


@pytest.mark.parametrize(
    ("told", "cause", "at"),
    [
        (bytes((RIGHT[0] ^ 1,)) + RIGHT[1:], "bit-error", 0),
        (RIGHT[:3] + bytes((RIGHT[3] ^ 1,)), "bit-error", 3),
        (RIGHT[:1] + b"F" + RIGHT[2:], "octet-damaged", 1),
        (b"z" + RIGHT[1:], "octet-damaged", 0),
        (RIGHT[:2] + b"_" + RIGHT[3:], "octet-damaged", 2),
        (RIGHT[1:], "octets-lost", 0),
        (RIGHT[:3], "octets-lost", 3),
        (RIGHT[:2], "octets-lost", 2),
        (RIGHT[2:], "octets-lost", 0),
        (RIGHT[:1], "octets-lost", 1),
        (RIGHT[:1] + b"1" + RIGHT[1:], "octets-inserted", 1),
        (RIGHT + b"0", "octets-inserted", 4),
    ],
)
def test_digit_of_the_crc_of_a_telegram_that_is_hurt_is_found(told: bytes, cause: str, at: int) -> None:
    body = PLAIN[:-6]
    (story,) = of_octets(PLAIN + body + told + b"\r\n" + PLAIN)
    assert (story.code, story.cause, story.confidence) == ("p1-crc-wrong", cause, "likely")
    assert (story.evidence[0].start, story.proposed) == (len(body) + at, (story.evidence[0].record, PLAIN))
    said = {"octets-lost": "of its digits", "octets-inserted": "it has one digit too many"}
    assert said.get(cause, "one of its digits is other") in story.evidence[0].text


def test_digit_behind_the_crc_of_the_first_telegram_is_found() -> None:
    (story,) = of_octets(PLAIN[:-2] + b"0\r\n" + PLAIN)
    assert (story.code, story.cause, story.proposed) == ("p1-crc-wrong", "octets-inserted", (1, PLAIN))
    assert "it has one digit too many" in story.evidence[0].text


@pytest.mark.parametrize("told", [b"text", b"!", RIGHT.lower(), RIGHT + b" 12:00"])
def test_what_stands_behind_a_telegram_and_is_no_hurt_crc_is_no_fault(told: bytes) -> None:
    assert of_octets(PLAIN + PLAIN[:-6] + told + b"\r\n" + PLAIN) == []


def test_transfer_that_the_meter_aborts_for_a_wrong_block_number_is_one_story() -> None:
    request = bytes.fromhex("C001C1 0007 0100630100FF 02 00")
    block = bytes.fromhex("C402C1 00 00000001 00 10") + bytes.fromhex("01140203090C07E80B1403000F0000FF")
    wrong, aborted = bytes.fromhex("C002C1 00000005"), bytes.fromhex("C402C1 01 00000005 0113")
    units = at(1, asked(request), answered(block), asked(wrong), answered(aborted))
    (story,) = on_station(OPENING, READING, units, READING)
    assert story.code == "block-number-wrong"
    assert "long-transfer-aborted" in [one.code for one in story.leads_to]


def test_sign_on_that_comes_back_is_an_echo_and_one_unanswered_request() -> None:
    request = b"/?!\r\n"
    units = [one for _ in range(3) for one in at(3, Said(ASKED, request), Said(ANSWERED, request))]
    codes = [(one.code, one.count) for one in diagnose(serial_chunks(units))]
    assert ("line-echo", 3) in codes
    assert not [one for one in diagnose(serial_chunks(units)) if one.code == "iec62056-21-no-answer" and one.count > 3]


def test_answer_to_a_challenge_that_fits_no_key_is_likely_and_counter_zero_is_said() -> None:
    keys = HlsKeys(encryption_key=SEAL.key, authentication_key=SEAL.authentication_key)
    handshake = Handshake(5, b"C" * 16, b"S" * 16, b"CLIENT01", b"SERVER01")
    right = answer(handshake, "client", keys, counter=8)
    assert right is not None
    verdict = check(handshake, "client", right[:1] + bytes(4) + right[5:], keys)
    assert not verdict.is_certain
    assert "invocation counter 0" in verdict.text
    for other in (right[:-1] + b"\0", right[:5] + bytes(12)):
        assert "invocation counter 0" not in check(handshake, "client", other, keys).text


@pytest.mark.parametrize("octets", [b"\x7e", b"\x7e\x7e", b"\x00", b"\xff"])
def test_octet_alone_is_no_error_of_the_doctor(octets: bytes) -> None:
    assert len(of_octets(octets)) <= 1


_UA = bytes.fromhex("818012 050180 060180 070400000001 080400000001")


@pytest.mark.parametrize(
    ("misread", "cause"),
    [(bytes(octet ^ 0xFF for octet in range(256)), "polarity-inverted"), (bytes(range(128)) * 2, "seven-bit")],
)
@pytest.mark.parametrize("tries", [1, 3])
def test_answer_that_is_misread_each_time_is_no_sign_of_life(misread: bytes, cause: str, tries: int) -> None:
    line = Station(CLIENT, SERVER)
    snrm, _ = line.connect()
    ua = answered(frame(_UA, 0x73, line.ends[ANSWERED]).translate(misread))
    (story,) = diagnose(serial_chunks([each for _ in range(tries) for each in at(2, snrm, ua)]))
    assert story.cause == cause


@pytest.mark.parametrize(("kept", "which"), [(slice(0, -1), "closing"), (slice(1, None), "opening")])
@pytest.mark.parametrize("place", [1, 3])
def test_answer_without_a_flag_that_makes_its_client_ask_again_is_told(kept: slice, which: str, place: int) -> None:
    line = Station(CLIENT, SERVER)
    units = on_hdlc(line, at(0, *line.connect()), OPENING)
    said = units[place].said
    units[place] = units[place]._replace(said=said._replace(octets=said.octets[kept]))
    again = units[place - 1]._replace(seconds=3)
    (story,) = diagnose(serial_chunks([*units[: place + 1], again, At(0.1, said), *units[place + 1 :]]))
    assert (story.code, story.cause, story.count) == ("hdlc-retransmission", "flag-missing", 1)
    assert story.evidence[0].text.endswith(f"lacks its {which} flag")


def test_answer_that_lacks_its_closing_flag_over_tcp_stands_before_what_asks_again() -> None:
    line = Station(CLIENT, SERVER)
    said = [one.said for one in on_hdlc(line, at(0, *line.connect()), OPENING, READING)]
    cut = said[5]._replace(octets=said[5].octets[:-1])
    (story,) = over_connection(*said[:5], cut, said[4], said[5])
    assert (story.code, story.cause, story.count) == ("hdlc-retransmission", "flag-missing", 1)
    assert story.evidence[0].text.endswith("record 6 acknowledges it, and lacks its closing flag")
    story, *_ = over_connection(*said[:5], cut, said[4], said[4])
    assert (story.code, story.cause) == ("hdlc-retransmission", "flag-missing")


@pytest.mark.parametrize("kept", [9, -3, -1])
def test_frame_that_tcp_brings_late_is_whole(kept: int) -> None:
    line = Station(CLIENT, SERVER)
    said = [one.said for one in on_hdlc(line, at(0, *line.connect()), OPENING, READING)]
    parts = [said[5]._replace(octets=said[5].octets[:kept]), said[4], said[5]._replace(octets=said[5].octets[kept:])]
    told = over_connection(*said[:5], *parts, said[5])
    assert {one.code for one in told} <= {"hdlc-retransmission"}


@pytest.mark.parametrize(("ports", "is_told"), [((3, 16), True), ((1, 17), True), ((1, 16), False)])
def test_answer_that_comes_from_another_address_is_no_silence(ports: tuple[int, int], is_told: bool) -> None:
    said = dialogue((AARQ, AARE), (GET_CLOCK, CLOCK_ANSWER), (GET_CLOCK, CLOCK_ANSWER))
    header = b"".join(one.to_bytes(2, "big") for one in (1, *ports))
    said[3] = said[3]._replace(octets=header + said[3].octets[6:])
    told = [(one.code, one.cause, one.records) for one in over_connection(*said)]
    assert told == [("response-missing", "answer-of-another-address", [3])] * is_told


@pytest.mark.parametrize("left_out", [1, 2])
def test_length_without_the_last_octets_says_how_many_more_the_apdu_has(left_out: int) -> None:
    said = dialogue(*TALK)
    octets = said[3].octets
    said[3] = Said(ANSWERED, octets[:6] + (len(octets) - 8 - left_out).to_bytes(2, "big") + octets[8:])
    story, *_ = over_connection(*said)
    assert (story.code, story.cause, story.confidence) == ("wrapper-length-wrong", "length-without-tag", "certain")
    assert f"is {left_out} too small" in story.evidence[0].text


@pytest.mark.parametrize(("requests", "is_told"), [(2, False), (3, True)])
def test_requests_alone_are_one_direction_once_there_are_several(requests: int, is_told: bool) -> None:
    gets = [asked(GET_CLOCK[:2] + bytes((0xC0 | number,)) + GET_CLOCK[3:]) for number in range(1, requests)]
    units = at(1, asked(AARQ), *gets)
    stories = diagnose(serial_chunks(on_hdlc(Station(CLIENT, SERVER), units)))
    assert (("response-missing", "direction-missing") in named(stories)) == is_told


@pytest.mark.parametrize("at", [2, 3])
def test_datagram_without_its_first_octet_is_in_no_wrong_byte_order(at: int) -> None:
    said = dialogue(*TALK)
    said[at] = Said(said[at].direction, said[at].octets[1:])
    story, *_ = over_connection(*said)
    assert (story.code, story.cause, story.confidence) == ("wrapper-version-wrong", "octets-lost", "likely")


def test_ciphered_pdu_without_first_and_last_octet_is_in_no_wrong_byte_order() -> None:
    """DB 08, tag and length of a system title, would be the high octet of a length far too large, and a tag."""
    said = dialogue(*TALK)
    closed = bytes.fromhex("DB08 4D4D4D0000BC614E 17 30 00000001") + bytes(range(0x80, 0x92))
    said[3] = Said(ANSWERED, wrapper(closed, 1, 16)[1:-1])
    assert "byte-order-swapped" not in {one.cause for one in over_connection(*said)}


def test_request_that_is_asked_again_sooner_than_meters_answer_is_no_silence() -> None:
    said = dialogue(
        *[
            (
                GET_CLOCK[:2] + bytes((0xC0 | one,)) + GET_CLOCK[3:],
                CLOCK_ANSWER[:2] + bytes((0xC0 | one,)) + CLOCK_ANSWER[3:],
            )
            for one in range(1, 7)
        ]
    )
    story, *_ = over_connection(*said[:8], said[8], *said[8:])
    assert (story.code, story.cause) == ("response-missing", "time-out-too-short")
    assert [one.cause for one in story.alternatives] == ["captured-twice"]


LONG_TALK = ((AARQ, AARE), *[(GET_CLOCK, CLOCK_ANSWER)] * 4)


def test_answers_whose_bit_7_is_parity_are_no_late_capture() -> None:
    said = dialogue(*LONG_TALK)
    even = bytes(one & 0x7F | (one & 0x7F).bit_count() % 2 << 7 for one in range(256))
    said = [Said(side, octets.translate(even) if side == ANSWERED else octets) for side, octets in said]
    story, *_ = over_connection(*said)
    assert (story.code, story.cause) == ("line-settings-differ", "parity-in-data")
    assert "of 5 wrapper PDUs" in story.evidence[0].text


def test_answers_without_any_zero_are_no_late_capture() -> None:
    said = dialogue(*LONG_TALK * 10)
    said = [Said(side, octets.replace(b"\0", b"") if side == ANSWERED else octets) for side, octets in said]
    story, *_ = over_connection(*said)
    assert (story.code, story.cause, story.confidence) == ("noise", "text-dump-loss", "likely")
