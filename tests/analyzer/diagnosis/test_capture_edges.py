"""What the beginning and the end of a capture leave open: the doctor accuses nobody of what it cannot see."""

from __future__ import annotations

from random import Random

import pytest

from analyzer.diagnosis.doctor import Doctor
from analyzer.diagnosis.story import LIKELY, POSSIBLE, Story
from analyzer.pipeline import Pipeline
from analyzer.simulate.ciphering import Seal
from analyzer.simulate.local_messages import data_set
from analyzer.simulate.mbus_line import segments
from analyzer.simulate.p1_port import ciphered, telegram
from captures.chunk import RECEIVED, SENT
from dissectors.tree import Severity
from tests.analyzer.diagnosis.told import diagnose, named
from tests.analyzer.framing.build import frame
from tests.analyzer.tracking.build import chunk
from tests.faults.case import Case, Lines, ListSource, Said, Truth, stories_of

_SECOND = 1_000_000_000
_START_NS = 1_770_000_000 * _SECOND
SIGN_ON, IDENTIFICATION = b"/?!\r\n", b"/MMM5SIM\r\n"
OPTION, DATA = b"\x06050\r\n", b"\x02F.F(00)\r\n!\r\n\x03"
UA = bytes.fromhex("7EA0072103730140 7E")
SNRM = bytes.fromhex("7EA0070321930F017E")
WRAPPED = bytes.fromhex("000100100001000DC001C100080000010000FF0200")
ANSWERED = bytes.fromhex("C401C1000600000001")
READS_WHOLE, FCS_AND_FLAG = ANSWERED, bytes.fromhex("31A27E")


def told(*said: tuple[float, int, bytes]) -> list[Story]:
    lines: Lines = [Said(_START_NS + round(at * _SECOND), direction, octets) for at, direction, octets in said]
    return stories_of(Case(lines, Truth(frozenset())))


def of_text(octets: bytes) -> list[Story]:
    return stories_of(Case([], Truth(frozenset()), text=octets.hex(" ")))


SEALED = b"\xdb\x08MMM\x00\x00\xbc\x61\x4e\x81\xff\x20\x00\x00\x00"
SEAL = Seal(0x30, bytes(range(16)), bytes(range(16, 32)), bytes.fromhex("4D4D4D0000BC614E"))


def sealed(number: int) -> bytes:
    return SEALED + bytes((number,)) + Random(number).randbytes(0xFA)


PUSHES = {
    "hdlc": [frame(b"\xe6\xe7\x00" + sealed(number), 0x13) for number in range(3)],
    "mbus": [b"".join(segments(sealed(number), 1, 103)) for number in range(3)],
    "p1": [ciphered(telegram("MMM5SIM", [data_set("1-0:1.8.0", "000123.456", "kWh")] * 9), SEAL, n) for n in range(3)],
}


@pytest.mark.parametrize("link", PUSHES)
def test_port_that_is_dumped_from_within_a_ciphered_push_is_read_with_the_right_settings(link: str) -> None:
    first, second, third = PUSHES[link]
    story = diagnose([chunk(1, first[-170:] + second + third)])[0]
    assert (story.cause, story.confidence) == ("capture-started-late", POSSIBLE)
    assert {one.cause for one in story.alternatives} <= {"line-noise", "burst", "octets-lost", "collision"}


@pytest.mark.parametrize("link", PUSHES)
def test_noise_between_pushes_accuses_no_setting(link: str) -> None:
    first, second, third = PUSHES[link]
    stories = diagnose([chunk(1, first + second + Random(9).randbytes(170).replace(b"\x7e", b"") + third)])
    assert [one.cause for one in stories] == ["line-noise"]


def test_lone_request_of_a_local_port_is_a_note_about_the_capture() -> None:
    (story,) = told((0, SENT, SIGN_ON))
    assert (story.code, story.cause, story.severity) == ("capture-cut", "capture-ended", Severity.NOTE)


@pytest.mark.parametrize("octets", [SNRM, WRAPPED])
def test_lone_request_of_other_links_accuses_nobody(octets: bytes) -> None:
    assert told((0, SENT, octets)) == []


def test_last_request_of_a_readout_is_a_note_where_nothing_tells_that_the_capture_went_on() -> None:
    stories = told((0, SENT, SIGN_ON), (0.3, RECEIVED, IDENTIFICATION), (0.6, SENT, OPTION))
    assert {one.severity for one in stories} == {Severity.NOTE}
    assert named(stories) == [("capture-cut", "capture-ended")]


def test_sign_on_that_is_made_again_was_not_answered() -> None:
    stories = told((0, SENT, SIGN_ON), (3, SENT, SIGN_ON))
    assert named(stories)[0] == ("iec62056-21-no-answer", "server-silent")
    assert stories[0].records == [1]


def test_octets_behind_the_acknowledgement_are_noise_once_data_read() -> None:
    begun = ((0, SENT, SIGN_ON), (0.3, RECEIVED, IDENTIFICATION), (0.6, SENT, OPTION), (0.9, RECEIVED, b"\n\x1e"))
    failed = [one for one in told(*begun) if one.code == "iec62056-21-baud-switch-failed"]
    assert failed and failed[0].severity == Severity.ERROR
    stories = told(*begun, (1.2, RECEIVED, DATA + b"\x00"))
    assert ("noise", "line-noise") in named(stories)
    assert "iec62056-21-baud-switch-failed" not in {one.code for one in stories}


@pytest.mark.parametrize("llc", [b"", b"\xe6\xe7\x00"])
def test_apdu_with_check_sequence_and_flag_behind_it_is_the_end_of_a_frame(llc: bytes) -> None:
    (story,) = of_text(llc + READS_WHOLE + FCS_AND_FLAG)
    assert (story.code, story.cause, story.confidence) == ("capture-cut", "start-of-dump-missing", LIKELY)


def test_octets_that_end_with_a_flag_and_read_as_nothing_are_the_end_of_a_frame() -> None:
    (story,) = of_text(bytes.fromhex("DD28EACE53312148DF2C4735") + FCS_AND_FLAG)
    assert (story.code, story.cause, story.confidence) == ("capture-cut", "start-of-dump-missing", POSSIBLE)


def test_octets_that_end_with_a_flag_and_read_in_part_are_perhaps_the_end_of_a_frame() -> None:
    (story,) = of_text(READS_WHOLE + bytes.fromhex("0906010001") + FCS_AND_FLAG)
    assert (story.code, story.cause, story.confidence) == ("capture-cut", "start-of-dump-missing", POSSIBLE)


@pytest.mark.parametrize(
    "octets", ["0006020200070400000001080400000001", "000000000101020309060100010700FF0600067D02020F00161B"]
)
def test_end_of_a_frame_in_which_an_acknowledgement_stands_is_no_line_of_text(octets: str) -> None:
    (story,) = of_text(bytes.fromhex(octets) + FCS_AND_FLAG)
    assert story.code == "noise"
    assert "start-of-dump-missing" in {story.cause, *(one.cause for one in story.alternatives)}


@pytest.mark.parametrize("sizes", [(8, 8, 7), (8, 9, 10)])
def test_reads_that_begin_alike_and_hold_no_frame_may_be_of_another_protocol(sizes: tuple[int, ...]) -> None:
    first = bytes.fromhex("AA5EDAF4632468EA")  # begins as a frame does, with addresses and an HCS that are none
    rest = [b"\xaa" + Random(size).randbytes(size - 1) for size in sizes[1:]]
    stories = told(*((0.3 * at, RECEIVED, one) for at, one in enumerate([first, *rest])))
    causes = {cause for one in stories for cause in (one.cause, *(other.cause for other in one.alternatives))}
    assert "wrong-stack" in causes and "truncated" not in causes


def test_llc_by_chance_behind_where_a_header_can_end_is_no_sign_of_zeros_that_were_dropped() -> None:
    octets = bytes.fromhex("AA15F6D08EB8319B3EB17DEDE06FE6E7EA")
    stories = told((0, RECEIVED, octets), (0.3, RECEIVED, bytes.fromhex("AA2913ABA1C2883D640680FFC66B5A67EF39")))
    assert "text-dump-loss" not in {one.cause for one in stories}


def test_block_that_joins_to_no_apdu_is_told() -> None:
    assert "apdu-trailing-octets" in {
        code
        for one in of_text(bytes.fromhex("0001001000010010E0C1000001000100010009C401"))
        for code in (one.code, *(other.code for other in one.leads_to))
    }


@pytest.mark.parametrize("more", ["C40141000600007E7E", "7E"])
def test_another_apdu_behind_an_apdu_is_not_the_end_of_a_frame(more: str) -> None:
    (story,) = of_text(READS_WHOLE + bytes.fromhex(more))
    assert story.code == "apdu-trailing-octets"


def test_octets_left_over_behind_an_apdu_are_not_taken_for_the_end_of_a_frame() -> None:
    (story,) = of_text(READS_WHOLE + b"\xaa\xbb")
    assert story.code == "apdu-trailing-octets"


@pytest.mark.parametrize("commented", [0, 1, 2])
def test_octets_heard_while_settings_were_tried_are_the_recording_and_not_the_line(commented: int) -> None:
    source = ListSource([Said(_START_NS, RECEIVED, one) for one in (b"\xf2\x0c\x80\xc1" * 9, b"\xf2\x1c" * 9, UA)])
    if commented < 2:
        source.comments[commented + 2] = ["listening at 2400 8N1: nothing reads at 9600 8N1: trying the next"]
    doctor = Doctor()
    for record in Pipeline().run(source):
        doctor.take(record)
    doctor.finish()
    (cause,) = {one.cause for one in doctor.stories()}
    assert cause == ("settings-sought" if commented < 2 else "capture-started-late")


@pytest.mark.parametrize("missing", range(1, 12))
def test_answer_whose_end_is_behind_that_of_the_capture_is_cut_wherever_that_is(missing: int) -> None:
    answer = bytes.fromhex("0001000100100016 C401C100 0910") + bytes(range(1, 17))
    stories = told((0, SENT, WRAPPED), (0.3, RECEIVED, answer[:-missing]))
    assert named(stories) == [("capture-cut", "")]


def test_answer_whose_length_counts_the_header_is_not_cut() -> None:
    answer = bytes.fromhex("0001000100100011") + ANSWERED
    stories = told((0, SENT, WRAPPED), (0.3, RECEIVED, answer))
    assert named(stories) == [("wrapper-length-wrong", "length-includes-header")]


@pytest.mark.parametrize("size", [40, 100, 220, 400])
def test_octets_spread_as_ciphertext_is_lack_their_header_first(size: int) -> None:
    (story,) = of_text(Random(size).randbytes(size))
    assert (story.cause, story.confidence) == ("start-of-dump-missing", POSSIBLE)
    assert "whose header (tag, length, security control, invocation counter) would be missing" in story.evidence[0].text
    assert "baud-mismatch" in {one.cause for one in story.alternatives}


def test_command_whose_sender_pauses_before_its_data_stays_one_message() -> None:
    begun = ((0, SENT, SIGN_ON), (0.3, RECEIVED, IDENTIFICATION), (0.6, SENT, b"\x06051\r\n"))
    stories = told(*begun, (0.9, RECEIVED, b"\x01P0"), (5.2, RECEIVED, b"\x02(00A1B2C3)\x03\x10"))
    assert named(stories) == [("inter-octet-gap", "sender-pauses")]


@pytest.mark.parametrize("sizes", [(600, 600), (600, 300, 200, 900), (100, 100), (1999, 1999), (4096,), (4096, 4096)])
def test_noise_is_no_dump_without_its_beginning(sizes: tuple[int, ...]) -> None:
    chance = Random(5)
    stories = told(*[(place, RECEIVED, chance.randbytes(size)) for place, size in enumerate(sizes)])
    assert [(one.cause, one.confidence) for one in stories] == [("baud-mismatch", POSSIBLE)]
    assert 1 in stories[0].records
