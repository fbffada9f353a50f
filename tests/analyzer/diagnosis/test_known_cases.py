"""Cases that people brought to forums and trackers, rebuilt: each comes out with its cause, and in words that help."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from analyzer.diagnosis.story import Story
from analyzer.simulate.mbus_line import segments
from analyzer.simulate.uart import (
    TICKS,
    delay_rises,
    line_format,
    misread,
    octets_of_characters,
    receive,
    transmit,
)
from captures.chunk import RECEIVED, SENT, UNKNOWN
from dissectors.checks import bcc, fcs
from dissectors.tree import Severity
from tests.analyzer.diagnosis.frames import answer
from tests.analyzer.framing.build import body, frame
from tests.analyzer.tracking.build import general_blocks
from tests.faults.case import Case, Said, Truth, stories_of
from tests.faults.lines import encoded, replaced, signed, without_head
from tests.faults.sessions import hdlc_session

START_NS = 1_770_000_000_000_000_000
SNRM, UA = frame(control=0x93), frame(control=0x73, addresses=b"\x21\x03")
REQUEST = frame(bytes.fromhex("E6E600 C001C1 0008 0000010000FF 02 00"), 0x10)
REGISTERS = b"\x01\x06" + b"".join(
    bytes.fromhex(f"0203 0906 0100{number:02X}0700FF 06{value:08X} 0202 0F00 16{unit}")
    for number, value, unit in (
        (1, 1310, "1B"),
        (2, 0, "1B"),
        (3, 0, "1D"),
        (4, 211, "1D"),
        (21, 900, "1B"),
        (22, 0, "1B"),
    )
)
CLIENT_I = bytes.fromhex("E6E600 C001C1 0007 0100630100FF 02 00")


def told(*said: tuple[int, bytes], gap_ms: int = 50) -> list[Story]:
    """The stories of frames: direction and octets."""
    lines = [Said(START_NS + index * gap_ms * 1_000_000, *one) for index, one in enumerate(said)]
    return stories_of(Case(lines, Truth(frozenset())))


def test_profile_reply_whose_fcs_ends_in_a_flag_and_a_reader_that_stopped_there() -> None:
    chance = random.Random(5)
    octets = next(one for one in (answer(50, chance) for _ in range(200_000)) if one[-1] == 0x7E)
    (story,) = told((SENT, REQUEST), (RECEIVED, b"\x7e" + octets))
    assert (story.code, story.cause) == ("capture-cut", "cut-at-flag-octet")
    assert "length field and FCS are right" in story.evidence[0].text
    assert "length field" in story.advice[0]


def test_frames_without_flags_whose_fcs_ends_in_a_flag_are_not_cut_there() -> None:
    chance = random.Random(5)
    octets = next(one for one in (answer(50, chance) for _ in range(200_000)) if one[-1] == 0x7E)
    assert told((SENT, REQUEST.strip(b"\x7e")), (RECEIVED, octets)) == []


def test_frame_reject_with_w_says_that_the_control_field_is_not_implemented() -> None:
    rejected = frame(bytes.fromhex("100001"), 0x97, b"\x21\x03")
    story, *_ = told((SENT, SNRM), (RECEIVED, UA), (SENT, REQUEST), (RECEIVED, rejected))
    assert (story.code, story.cause) == ("hdlc-frame-rejected", "control-not-implemented")
    assert "rejects record 3, I N(S)=0 N(R)=0 (10): W" in story.evidence[0].text


def test_frame_reject_with_v_after_a_client_switch_says_that_the_counters_were_not_reset() -> None:
    other = frame(bytes.fromhex("E6E600 C001C1 0008 0000010000FF 02 00"), 0x54, b"\x03\x03")
    rejected = frame(bytes.fromhex("540010"), 0x97, b"\x03\x03")
    story, *_ = told((SENT, frame(control=0x93, addresses=b"\x03\x03")), (RECEIVED, frame(control=0x73, addresses=b"\x03\x03")),
                     (SENT, other), (RECEIVED, rejected))  # fmt: skip
    assert story.cause == "counters-not-reset"


def test_snrm_that_is_echoed_and_not_answered() -> None:
    story, *_ = told((SENT, SNRM), (RECEIVED, SNRM), gap_ms=20)
    assert (story.code, story.cause) == ("line-echo", "local-echo")
    assert any("has not answered" in one.text for one in story.evidence)


@pytest.mark.parametrize("gap_ms", [600, 1000, 1900], ids=["slow adapter", "whole seconds", "read that waits"])
def test_echo_on_the_other_lane_that_a_log_tells_late_is_an_echo(gap_ms: int) -> None:
    story, *_ = told(*[(SENT, SNRM), (RECEIVED, SNRM)] * 3, gap_ms=gap_ms)
    assert (story.code, story.cause, story.count) == ("line-echo", "local-echo", 3)


def test_answer_with_a_flag_octet_inside_that_is_asked_for_again_may_have_been_cut_there() -> None:
    request = frame(bytes.fromhex("E6E600 C001C1 0007 0100630100FF 02 00"), 0x10)
    for value, others in (("127E34", ["cut-at-flag-octet"]), ("127F34", [])):
        reading = frame(bytes.fromhex("E6E700 C401C100" + value), 0x30, b"\x21\x03")
        story, *_ = told((SENT, SNRM), (RECEIVED, UA), *[(SENT, request), (RECEIVED, reading)] * 3, gap_ms=900)
        assert story.cause == "answer-not-taken"
        assert [one.cause for one in story.alternatives] == others


def untimed(*octets: bytes) -> list[Story]:
    """The stories of frames in a log without times and directions."""
    return stories_of(Case([Said(None, UNKNOWN, one) for one in octets], Truth(frozenset())))


def test_frames_that_stand_twice_in_a_log_without_times_and_directions_may_be_echoes() -> None:
    answer_of_it = frame(bytes.fromhex("E6E700 C401C1 00 0906 112233445566"), 0x30, b"\x21\x03")
    for story in untimed(SNRM, SNRM, UA, REQUEST, REQUEST, answer_of_it):
        assert (story.cause, story.confidence) == ("no-answer", "possible")
        assert [one.cause for one in story.alternatives] == ["local-echo"]
    (story, *_) = told((SENT, SNRM), (SENT, SNRM), (RECEIVED, UA), gap_ms=3000)
    assert (story.cause, story.confidence, list(story.alternatives)) == ("no-answer", "likely", [])


def test_echo_with_its_answer_behind_it_in_one_read_is_no_snrm_that_was_sent_again() -> None:
    (story,) = told((SENT, SNRM), (RECEIVED, SNRM + UA), gap_ms=1000)
    assert (story.code, story.cause) == ("line-echo", "local-echo")


@pytest.mark.parametrize("lost", [(3,), (1,), (5,), (2, 4)])
def test_echo_of_a_short_frame_that_lost_octets_is_known_by_its_fcs(lost: tuple[int, ...]) -> None:
    sent = frame(control=0x93, addresses=bytes.fromhex("00022C2927"))
    echo = bytes(octet for index, octet in enumerate(sent) if index not in lost)
    story, *_ = told((SENT, sent), (RECEIVED, echo))
    assert (story.code, story.cause) == ("line-echo", "local-echo")


def test_answer_to_a_short_frame_that_lost_octets_is_no_echo() -> None:
    sent, answer_of_it = frame(control=0x93, addresses=b"\x03\x27"), frame(control=0x73, addresses=b"\x27\x03")
    for at in range(1, len(answer_of_it) - 1):
        stories = told((SENT, sent), (RECEIVED, answer_of_it[:at] + answer_of_it[at + 1 :]))
        assert "line-echo" not in {one.code for one in stories}


def test_line_of_8n1_that_is_read_as_8e1() -> None:
    read = line_format("8E1")
    session = hdlc_session(0)[:14]
    said = [one._replace(octets=octets_of_characters(misread(one.octets, line_format("8N1"), read))) for one in session]
    (story,) = stories_of(Case(said, Truth(frozenset())))
    assert (story.cause, story.confidence) == ("parity-filtered", "certain")
    assert "8N1" in story.advice[0]


def test_line_of_7e1_that_is_read_as_8n1() -> None:
    read = line_format("8N1")
    session = hdlc_session(0)[:14]
    said = [one._replace(octets=octets_of_characters(misread(one.octets, line_format("7E1"), read))) for one in session]
    (story,) = stories_of(Case(said, Truth(frozenset())))
    assert (story.cause, story.count) == ("parity-in-data", len(said))


def test_line_whose_driver_takes_xon_and_xoff() -> None:
    said = [one._replace(octets=one.octets.translate(None, b"\x11\x13")) for one in hdlc_session(0, 8)]
    story, *_ = stories_of(Case(said, Truth(frozenset())))
    assert story.cause == "flow-control-octets-removed"
    assert "ixon" in story.advice[0]


@pytest.mark.parametrize(
    ("change", "cause"), [(signed, "sign-extended"), (replaced, "text-encoded"), (encoded, "text-encoded")]
)
def test_log_of_a_program_that_took_octets_for_text_or_signed_numbers(
    change: Callable[[bytes], bytes], cause: str
) -> None:
    said = [one._replace(octets=change(one.octets)) for one in hdlc_session(0)[:14]]
    (story,) = stories_of(Case(said, Truth(frozenset())))
    assert (story.cause, story.confidence, story.severity) == (cause, "certain", Severity.ERROR)


def test_bit_7_of_the_format_alone_is_no_line_of_seven_bits() -> None:
    ua = bytes.fromhex("200A0300020023737A6A")
    story, *_ = told((SENT, SNRM), (RECEIVED, b"\x7e" + ua + b"\x7e"), gap_ms=20)
    assert story.cause == "bit-error"


def test_log_whose_first_answer_has_a_flag_that_is_hurt_is_not_of_signed_numbers() -> None:
    snrm, ua = bytes.fromhex("7EA00A00020023219318717E"), bytes.fromhex("7EA00A2100020023734CE77A")
    story, *_ = told((SENT, snrm), (RECEIVED, ua), gap_ms=20)
    assert story.cause != "sign-extended"


def test_idle_line_is_not_read_at_another_speed_whatever_octet_it_gives() -> None:
    said = list(hdlc_session(0)[:14])
    said[1:1] = [said[1]._replace(octets=b"\xf8" * 37)]
    (story,) = stories_of(Case(said, Truth(frozenset())))
    assert (story.code, story.cause) == ("hdlc-noise", "idle-fill")


def test_llc_by_chance_among_octets_of_a_receiver_that_is_too_fast_proves_nothing() -> None:
    read = bytes.fromhex("F8069E78F8F8FE1E1E6098FE1EF87E009E7E80E0987E869EE6781E067EE6667EFE980018E6E60086FE666698")
    (story,) = told((RECEIVED, read), gap_ms=20)
    assert (story.cause, story.confidence) == ("baud-mismatch", "likely")


def test_fcs_that_differs_by_a_bit_over_an_apdu_that_does_not_read_is_no_sure_bit_error() -> None:
    burst = bytes.fromhex("A0190321983FD2E6E600C0A17A0AFA9E07010801FF03009566")
    story, *_ = told((SENT, SNRM), (RECEIVED, UA), (SENT, b"\x7e" + burst + b"\x7e"), gap_ms=20)
    assert (story.code, story.cause, story.confidence) == ("hdlc-fcs-wrong", "bit-error", "possible")
    assert "burst" in {one.cause for one in story.alternatives}


@pytest.mark.parametrize(("data", "confidence"), [("09 0C", "certain"), ("80 0C", "possible")])
def test_octets_are_surely_too_many_only_where_the_apdu_reads_without_them(data: str, confidence: str) -> None:
    sound = frame(bytes.fromhex("E6E700 C401C100" + data) + bytes(range(0x20, 0x2C)), 0x74)
    story, *_ = told(
        (SENT, SNRM), (RECEIVED, UA), (RECEIVED, sound[:24] + b"\xca\xfe\xba\xbe\xaa" + sound[24:]), gap_ms=20
    )
    assert (story.cause, story.confidence) == ("octets-inserted", confidence)


def test_converter_that_listens_too_late_loses_the_heads_of_all_answers() -> None:
    story, *_ = stories_of(Case(without_head(list(hdlc_session(0)[:14])), Truth(frozenset())))
    assert (story.cause, story.confidence, story.severity) == ("heads-lost", "certain", Severity.ERROR)
    assert "RS-485" in story.advice[0]


def test_mbus_frame_whose_length_octet_01_means_257() -> None:
    apdu = b"\xdb\x08MMM\0\0\xbca\x4e\x82\x01\x00\x30" + random.Random(1).randbytes(255)
    parts = (b"\x53\xff\x00\x01\x67" + apdu[:252], b"\x53\xff\x11\x01\x67" + apdu[252:])
    frames = [
        bytes((0x68, len(one) & 0xFF, len(one) & 0xFF, 0x68)) + one + bytes((sum(one) & 0xFF, 0x16)) for one in parts
    ]
    assert frames[0][1] == 1
    stories = told(*((RECEIVED, one) for one in frames), gap_ms=1000)
    assert [(one.code, one.cause, one.severity.name) for one in stories] == [
        ("meter-quirk", "length-modulo-256", "NOTE")
    ]


def test_llc_that_stands_twice_is_a_note() -> None:
    doubled = frame(bytes.fromhex("E6E700 E6E700 C401C100 090C FFFFFFFFFFFFFFFFFF8000FF"), 0x30, b"\x21\x03")
    stories = told((SENT, SNRM), (RECEIVED, UA), (SENT, REQUEST), (RECEIVED, doubled))
    assert [(one.code, one.cause, one.severity.name) for one in stories] == [("llc-unexpected", "llc-doubled", "NOTE")]


def test_three_notifications_in_one_frame_are_a_note() -> None:
    one = bytes.fromhex("E6E700 0F00000001 0C07EA0302010A0F0000FFC400 0201 0600012345")
    story, *_ = told((RECEIVED, frame(one * 3, 0x13, b"\xce\xff\x03")))
    assert (story.code, story.cause, story.severity.name) == ("several-lsdus-in-frame", "meter-quirk", "NOTE")


def test_interleaved_block_transfers_of_two_meters_raise_no_alarm() -> None:
    apdu = bytes.fromhex("0F00000001 0C07EA0302010A0F0000FFC400") + b"\x09\x3c" + bytes(60)
    streams = [general_blocks(apdu, 23) for _ in range(2)]
    said = []
    for blocks in zip(*streams, strict=True):
        for index, block in enumerate(blocks):
            said.append((RECEIVED, frame(b"\xe6\xe7\x00" + block, 0x13, (b"\xce\xff\x03", b"\xce\xff\x05")[index])))
    assert [one.code for one in told(*said) if one.worst >= 2] == []


def test_fcs_in_the_wrong_order_is_told_of_its_sender() -> None:
    octets = body(CLIENT_I, 0x10)
    assert fcs(octets[:-2]).to_bytes(2, "little") == octets[-2:]
    story, *_ = told((SENT, b"\x7e" + octets[:-2] + octets[:-3:-1] + b"\x7e"))
    assert story.cause == "fcs-octets-swapped"


def test_body_of_a_push_without_its_header_is_no_line_that_is_read_wrongly() -> None:
    # tools that decipher show what is behind the header of the notification
    value = bytes.fromhex("0203 090C07EA030807080F0000FFC400 0600000170 0A044D4D4D31")
    (story,) = told((RECEIVED, value))
    assert (story.code, story.cause) == ("capture-cut", "start-of-dump-missing")
    assert "a structure of 3 elements" in story.evidence[0].text
    (cut,) = told((RECEIVED, b"\x02\x09" + value[2:] * 3))
    assert cut.cause == "start-of-dump-missing"
    assert "breaks off" not in cut.evidence[0].text
    (cut,) = told((RECEIVED, b"\x02\x09" + value[2:] * 3 + b"\x06\x00"))
    assert cut.cause != "start-of-dump-missing"
    (cut,) = told((RECEIVED, b"\x02\x0a" + value[2:] * 3 + b"\x06\x00"))
    assert "breaks off" in cut.evidence[0].text


def test_apdu_that_was_pasted_without_its_end_is_cut_and_not_encoded_wrong() -> None:
    for octets in ("6036A1090607608574050801018A020780", "C401C100090C07EA"):
        (story,) = told((RECEIVED, bytes.fromhex(octets)))
        assert (story.code, story.cause) == ("apdu-malformed", "truncated")


@pytest.mark.parametrize("text", [b"/LGZ4ZMR110AR.M29\r\n", b"\x02F.F(00)\r\n1.8.0(0012345.6*kWh)\r\n!\r\n\x03"])
def test_readout_with_odd_parity_in_bit_7_is_no_line_that_lost_octets(text: bytes) -> None:
    octets = text + bytes((bcc(text[1:]),)) * (text[0] == 2)
    story, *_ = told((RECEIVED, bytes(one | (0 if one.bit_count() & 1 else 0x80) for one in octets)))
    assert story.cause == "parity-in-data"
    assert "7O1" in story.evidence[0].text


@pytest.mark.parametrize("mask", [b"00000000)", b"\0" * 8])
def test_readout_with_a_masked_number_was_edited_before_it_was_shown(mask: bytes) -> None:
    sent = b"\x020.0.0(52100072)\r\nF.F(00)\r\n1.8.0(001234.5*kWh)\r\n!\r\n\x03"
    shown = sent.replace(b"52100072)", mask) + bytes((bcc(sent[1:]),))
    story, *_ = told((SENT, b"\x06000\r\n"), (RECEIVED, shown))
    assert (story.code, story.cause, story.confidence) == ("bcc-wrong", "edited-by-hand", "likely")


def test_three_octets_like_a_block_prove_no_parity() -> None:
    octets = bytes.fromhex("00 82 02 30 30 00 00 00 00 6B 2A 94 23 ED 50 8D 09 E1 04 B7 BB 20 A2 5B 94 C8 39 81")
    assert all(story.cause != "parity-in-data" for story in told((RECEIVED, octets)))


def test_line_of_first_segments_alone_is_a_reader_that_keeps_one_frame_of_each_apdu() -> None:
    apdus = [bytes.fromhex("DB08 4D4D4D0000BC614E 820100 20") + random.Random(seed).randbytes(255) for seed in range(3)]
    story, *_ = told(*((RECEIVED, segments(apdu, 1, 103)[0]) for apdu in apdus), gap_ms=5000)
    assert (story.code, story.cause, story.confidence) == ("mbus-segment-missing", "segment-lost", "likely")
    whole = [frame for apdu in apdus for frame in segments(apdu, 1, 103)]
    assert told(*((RECEIVED, frame) for frame in whole), gap_ms=500) == []
    del whole[3]
    story, *_ = told(*((RECEIVED, frame) for frame in whole), gap_ms=500)
    assert (story.code, story.cause) == ("mbus-segment-missing", "octets-lost")


def test_last_segment_before_the_first_is_no_frame_that_lacks_octets() -> None:
    apdu = bytes.fromhex("DB08 4D4D4D0000BC614E 820100 20") + random.Random(1).randbytes(255)
    stories = told((RECEIVED, segments(apdu, 1, 103)[1]))
    assert [(one.code, one.cause) for one in stories] == [("capture-cut", "")]


def test_line_that_two_programs_read_lacks_every_other_octet() -> None:
    octets = bytes.fromhex("E6E7000F000000010C07EA030807080F0000FFC400") + REGISTERS
    story, *_ = told((RECEIVED, frame(octets, 0x13)[::2]), (RECEIVED, frame(octets, 0x13)[1::2]))
    assert (story.code, story.cause) == ("hdlc-noise", "port-shared")


def test_levels_that_rise_late_are_told_by_the_ones_that_are_missing() -> None:
    read = line_format("8N1")
    ticks = TICKS * 7 // 10 // read.baud
    said = [
        one._replace(octets=octets_of_characters(receive(delay_rises(transmit(one.octets, read), ticks), read)))
        for one in hdlc_session(0)[:14]
    ]
    story, *_ = stories_of(Case(said, Truth(frozenset())))
    assert story.cause == "edges-late"


def test_damaged_bit_where_a_run_of_ones_begins_is_no_level_that_rises_late() -> None:
    snrm = frame(bytes.fromhex("818014 050207D0 060207D0 070400000001 080400000001"), 0x93)
    story, *_ = told((SENT, snrm.replace(b"\x81\x80\x14", b"\x81\x80\x04")))
    assert story.cause == "bit-error"


def test_translated_line_ends_are_told_though_the_reader_cut_the_frame_by_its_length() -> None:
    names = b"".join(bytes.fromhex("0202 0906 0000600100FF 0A0A") + b"MMM1234567" for _ in range(3))
    whole = frame(bytes.fromhex("E6E7000F00000001 00 0103") + names, 0x13)
    shown = whole.replace(b"\n", b"\r\n")[: len(whole)]
    story, *_ = told((RECEIVED, shown))
    assert (story.cause, story.confidence) == ("newline-translation", "likely")


def test_parameters_of_a_link_among_llc_frames_are_no_line_that_is_read_wrongly() -> None:
    request, response = bytes.fromhex("E6E600C001C10001000060010AFF0200"), bytes.fromhex("E6E700C401C10009053231303037")
    parameters = bytes.fromhex("8180070501EF06020400")
    stories = told(*[(SENT, parameters), (RECEIVED, parameters), (SENT, request), (RECEIVED, response)] * 2)
    assert {(story.code, story.cause, story.severity) for story in stories} == {
        ("noise", "start-of-dump-missing", Severity.NOTE)
    }
    assert {story.evidence[0].text.partition(": ")[2] for story in stories} == {
        "the parameters of an SNRM or UA without the frame around them"
    }
