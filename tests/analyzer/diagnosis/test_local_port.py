"""Sessions of a local port that one tap hears, and what the doctor makes of what goes wrong in them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from analyzer.diagnosis.story import LIKELY, POSSIBLE, Story
from analyzer.pipeline import Pipeline
from analyzer.record import REQUEST, RESPONSE, Record
from captures.chunk import RECEIVED, SENT, SILENCE, UNKNOWN, Chunk
from dissectors.checks import bcc
from dissectors.tree import Severity
from tests.analyzer.diagnosis.told import named
from tests.analyzer.framing.build import frame
from tests.analyzer.tracking.build import Station
from tests.analyzer.tracking.timed import OPENING, READING, RELEASE, on_hdlc
from tests.faults.case import Case, Lines, ListSource, Said, Truth, stories_of

_SECOND = 1_000_000_000
_START_NS = 1_770_000_000 * _SECOND
SIGN_ON, IDENTIFICATION, READ, PROGRAM = b"/?!\r\n", b"/MMM5SIM\r\n", b"\x06050\r\n", b"\x06051\r\n"
ROWS = b"F.F(00)\r\n0.0.0(12345678)\r\n1.8.0(00123.456*kWh)\r\n2.8.0(00003.210*kWh)\r\n!\r\n"


def checked(octets: bytes) -> bytes:
    """Add the check character of a message that begins with SOH or STX."""
    return octets + bytes((bcc(octets[1:]),))


OPERAND = checked(b"\x01P0\x02(00000000)\x03")
PASSWORD = checked(b"\x01P1\x02(11111111)\x03")
COMMAND = checked(b"\x01R1\x021.8.0()\x03")
VALUE = checked(b"\x02(00123.456*kWh)\x03")
READOUT = checked(b"\x02" + ROWS + b"\x03")
BREAK = checked(b"\x01B0\x03")
PUSH = bytes.fromhex("0F00000001000906112233445566")
BEGUN = ((0, SIGN_ON), (0.3, IDENTIFICATION), (0.6, READ))
UNLOCKED = ((0, SIGN_ON), (0.3, IDENTIFICATION), (0.6, PROGRAM), (0.9, OPERAND), (1.2, PASSWORD))


def lines(*said: tuple[float, bytes]) -> Lines:
    return [Said(_START_NS + round(at * _SECOND), UNKNOWN, octets) for at, octets in said]


def told(*said: tuple[float, bytes]) -> list[Story]:
    return stories_of(Case(lines(*said), Truth(frozenset())))


def records(*said: tuple[float, bytes]) -> list[Record]:
    return list(Pipeline().run(ListSource(lines(*said))))


def test_data_of_the_next_sign_on_say_nothing_of_octets_behind_the_acknowledgement() -> None:
    said = [(0.0, SENT, SIGN_ON), (0.3, RECEIVED, IDENTIFICATION), (0.6, SENT, READ), (1.2, RECEIVED, b"\x98\x08\xec")]
    said += [(4.5, SENT, SIGN_ON), (4.8, RECEIVED, IDENTIFICATION), (5.1, SENT, READ), (5.4, RECEIVED, READOUT)]
    units = [Said(_START_NS + int(seconds * _SECOND), side, octets) for seconds, side, octets in said]
    (story,) = stories_of(Case(units, Truth(frozenset())))
    assert (story.code, story.cause) == ("iec62056-21-baud-switch-failed", "stayed-at-start-speed")


def test_octets_behind_an_acknowledgement_are_no_silence_though_a_sign_on_follows() -> None:
    said = [(0.0, SENT, SIGN_ON), (0.3, RECEIVED, IDENTIFICATION), (0.6, SENT, READ), (1.2, RECEIVED, b"\x98\x08\xec")]
    said += [(4.5, SENT, SIGN_ON), (4.8, RECEIVED, IDENTIFICATION)]
    units = [Said(_START_NS + int(seconds * _SECOND), side, octets) for seconds, side, octets in said]
    (story,) = stories_of(Case(units, Truth(frozenset())))
    assert (story.code, story.cause) == ("iec62056-21-baud-switch-failed", "stayed-at-start-speed")


def test_change_to_hdlc_behind_which_nothing_reads_is_a_failed_change_of_speed() -> None:
    begun = [(SENT, SIGN_ON), (RECEIVED, b"/MMM5\\2SIM\r\n"), (SENT, b"\x06252\r\n"), (RECEIVED, b"\xfe")]
    said = [Said(_START_NS + at * _SECOND, *one) for at, one in enumerate([*begun, *[(SENT, frame(control=0x93))] * 3])]
    (story,) = stories_of(Case(said, Truth(frozenset())))
    assert (story.code, [one.code for one in story.leads_to]) == (
        "iec62056-21-baud-switch-failed",
        ["response-missing"],
    )


def test_nak_to_a_message_with_a_wrong_check_character_rejects_no_password() -> None:
    wrong = PASSWORD[:-1] + bytes((PASSWORD[-1] ^ 1,))  # the SOH counted in
    (story,) = told(*UNLOCKED[:-1], (1.2, wrong), (1.5, b"\x15"))
    assert (story.code, story.cause, len(story.records)) == ("bcc-wrong", "bcc-range-wrong", 2)


def test_check_characters_that_are_off_by_one_rule_again_and_again_make_it_likely() -> None:
    right = checked(b"\x02" + ROWS.replace(b"12345678", b"41700813") + b"\x03")
    wrong = right[:-1] + bytes((right[-1] ^ 2,))  # the STX counted in
    again = [(10 + 10 * at + seconds, octets) for at in range(3) for seconds, octets in (*BEGUN, (1.0, wrong))]
    for count, confidence in ((1, POSSIBLE), (3, LIKELY)):
        (story,) = [one for one in told(*again[: len(again) * count // 3]) if one.code == "bcc-wrong"]
        assert (story.cause, story.count, story.confidence) == ("bcc-range-wrong", count, confidence)


def readout(number: int, *, is_sum: bool) -> bytes:
    """A readout whose check character is the one of the standard, or the sum of the octets as some meters have it."""
    right = checked(b"\x02" + ROWS.replace(b"12345678", b"%08d" % number) + b"\x03")
    return right[:-1] + bytes((sum(right[1:-1]) & 0x7F,)) if is_sum else right


@pytest.mark.parametrize(
    ("sums", "found"),
    [
        ([True], [("meter-quirk", 1)]),
        ([False, True], [("meter-quirk", 1)]),
        ([True, False, False, False, True], [("meter-quirk", 2)]),
        ([False, False, False, True], [("bcc-wrong", 1)]),
    ],
)
def test_sum_in_place_of_a_check_character_is_a_habit_unless_the_meter_has_none(
    sums: list[bool], found: list[tuple[str, int]]
) -> None:
    sent = enumerate(readout(number, is_sum=is_sum) for number, is_sum in enumerate(sums))
    said = [(10 + 10 * at + seconds, octets) for at, one in sent for seconds, octets in (*BEGUN, (1.0, one))]
    assert [(one.code, one.count) for one in told(*said)] == found


def test_message_that_goes_on_no_more_ends_there_and_the_next_session_is_read() -> None:
    said = (*BEGUN, (1.0, READOUT[:50]), (6.0, SIGN_ON), (6.3, IDENTIFICATION), (6.6, READ), (7.0, READOUT))
    assert [one.octets for one in records(*said)] == [octets for _, octets in said]
    (story,) = [one for one in told(*said) if one.code == "capture-cut"]
    assert (story.cause, story.confidence, story.severity) == ("message-broken-off", LIKELY, Severity.WARNING)
    assert story.records == [4]
    assert "apdu-trailing-octets" not in {note.code for one in records(*said) for note in one.notes}


@pytest.mark.parametrize("waking", [b"", b"\x00" * 20])
def test_message_is_broken_off_where_the_next_one_comes_octet_by_octet(waking: bytes) -> None:
    later = [(6 + 0.04 * at, bytes((octet,))) for at, octet in enumerate(waking + SIGN_ON)]
    octets = [one.octets for one in records(*BEGUN, (1.0, READOUT[:50]), *later, (8.0, IDENTIFICATION))]
    assert octets[3:] == [READOUT[:50], SIGN_ON, IDENTIFICATION]


@pytest.mark.parametrize(
    ("text", "at"),
    [(b"0.0.0(A/MMM5)\r\n", 7), (b"0.0.0(A/?B)\r\n", 7), (b"0.0.0(A)\r\n", 8), (b"0.0.0(\x00A)\r\n", 6)],
)
def test_pause_tears_no_message_apart_whatever_stands_behind_it(text: bytes, at: int) -> None:
    whole = checked(b"\x02" + text + ROWS + b"\x03")
    for pieces in (whole[: at + 1], whole[at + 1 :]), (whole[: at + 1], whole[at + 1 : at + 2], whole[at + 2 :]):
        later = [(6 + at, piece) for at, piece in enumerate(pieces[1:])]
        assert [one.octets for one in records(*BEGUN, (1.0, pieces[0]), *later)][3:] == [whole]


def test_long_reads_of_a_slow_line_are_one_message() -> None:
    whole = checked(b"\x02" + b"0.0.0(A)\r\n" * 20 + ROWS[:-3] + b"0.0.1(1)\r\n" * 12 + b"!\r\n\x03")
    said = [(1 + at * 128 / 30, whole[at * 128 : at * 128 + 128]) for at in range(len(whole) // 128 + 1)]
    assert [one.octets for one in records(*BEGUN, *said)][3:] == [whole]
    assert not told(*BEGUN, *said)


def both(*said: tuple[float, int, bytes]) -> Lines:
    return [Said(_START_NS + round(at * _SECOND), side, octets) for at, side, octets in said]


def test_readout_that_a_break_cuts_short_is_no_capture_that_ended() -> None:
    stories = told(*BEGUN, (1.0, READOUT[:50]), (1.1, BREAK))
    assert ("capture-cut", "message-broken-off") in named(stories)


@pytest.mark.parametrize("later", [(), ((2.0, SENT, SIGN_ON), (2.3, RECEIVED, IDENTIFICATION))])
def test_readout_that_a_break_of_the_other_line_cuts_short_is_no_capture_that_ended(
    later: tuple[tuple[float, int, bytes], ...],
) -> None:
    begun = ((0.0, SENT, SIGN_ON), (0.3, RECEIVED, IDENTIFICATION), (0.6, SENT, READ), (1.0, RECEIVED, READOUT[:50]))
    said = both(*begun, (1.1, SENT, BREAK), *later)
    (story,) = [one for one in stories_of(Case(said, Truth(frozenset()))) if one.cause == "message-broken-off"]
    made = {one.number: one.octets for one in Pipeline().run(ListSource(said))}
    assert [made[number] for number in story.records] == [READOUT[:50]]
    assert sorted(made.values()) == sorted(one.octets for one in said)


@pytest.mark.parametrize("chosen", [READ, PROGRAM])
def test_acknowledgement_that_is_answered_with_nak_was_not_taken(chosen: bytes) -> None:
    said = ((0.0, SENT, SIGN_ON), (0.3, RECEIVED, IDENTIFICATION), (0.6, SENT, chosen), (1.0, RECEIVED, b"\x15"))
    (story,) = stories_of(Case(both(*said), Truth(frozenset())))
    assert (story.code, story.cause) == ("iec62056-21-mode-mismatch", "acknowledgement-refused")
    assert story.records == [4]


def test_readout_that_goes_on_behind_a_break_is_whole() -> None:
    begun = ((0.0, SENT, SIGN_ON), (0.3, RECEIVED, IDENTIFICATION), (0.6, SENT, READ), (1.0, RECEIVED, READOUT[:50]))
    said = both(*begun, (1.1, SENT, BREAK), (1.2, RECEIVED, READOUT[50:]))
    assert READOUT in {one.octets for one in Pipeline().run(ListSource(said))}


def test_password_typed_in_two_pieces_is_one_command_and_masked() -> None:
    said = (*UNLOCKED[:4], (1.2, PASSWORD[:8]), (5.2, PASSWORD[8:]), (5.5, b"\x06"))
    found = records(*said)
    assert [one.octets for one in found[4:]] == [PASSWORD, b"\x06"]
    assert [one.time_ns for one in found] == sorted(one.time_ns or 0 for one in found)


@pytest.mark.parametrize("at", [0, 2, 4])
def test_message_that_comes_again_at_once_on_one_line_is_an_echo(at: int) -> None:
    said = (*UNLOCKED, (1.5, b"\x06"))
    when, octets = said[at]
    stories = told(*said[: at + 1], (when + 0.03, octets), *said[at + 1 :])
    assert named(stories)[0] == ("line-echo", "local-echo")
    assert stories[0].records == [at + 2]
    assert "line-echo" not in {one.code for one in told(*said)}


@pytest.mark.parametrize("later", [0, 0.1, 2], ids=["in the same second", "soon", "after a while"])
def test_message_that_is_sent_again_is_no_echo(later: float) -> None:
    """Of times in whole seconds, two that are the same do not tell that the second message came at once."""
    said = ((0, SIGN_ON), (later, SIGN_ON), (later + 1, IDENTIFICATION), (later + 1.3, READ), (later + 1.6, READOUT))
    assert [one.code for one in told(*said)] == ["iec62056-21-no-answer"] * (later > 1.5)


@pytest.mark.parametrize(("later", "is_echo"), [(0.2, True), (-0.2, False)])
def test_echo_of_the_other_line_ends_no_sooner_than_what_was_sent(later: float, is_echo: bool) -> None:
    said = both((5, SENT, SIGN_ON), (5 + later, RECEIVED, SIGN_ON), (6, RECEIVED, IDENTIFICATION))
    assert ("line-echo" in {one.code for one in stories_of(Case(said, Truth(frozenset())))}) == is_echo


@pytest.mark.parametrize(("after", "direction"), [(0.3, RESPONSE), (4.0, REQUEST)])
def test_break_behind_a_password_is_the_meters_if_it_comes_as_soon_as_an_answer(after: float, direction: str) -> None:
    said = (*UNLOCKED, (1.2 + after, BREAK))
    assert records(*said)[-1].direction == direction
    refused = "iec62056-21-password-rejected" in {one.code for one in told(*said)}
    assert refused == (direction == RESPONSE)


@pytest.mark.parametrize(("asked", "cause"), [(PASSWORD, "wrong-password"), (COMMAND, "access-level-too-low")])
def test_break_of_one_line_may_be_that_of_a_client_that_gave_up(asked: bytes, cause: str) -> None:
    (story,) = [one for one in told(*UNLOCKED[:4], (1.2, asked), (2.4, BREAK)) if one.cause == cause]
    assert (story.confidence, [one.cause for one in story.alternatives]) == (POSSIBLE, ["server-silent"])
    sides = (SENT, RECEIVED, SENT, RECEIVED)
    begun = [(at, side, octets) for (at, octets), side in zip(UNLOCKED[:4], sides, strict=True)]
    said = both(*begun, (1.2, SENT, asked), (1.5, RECEIVED, BREAK))
    (story,) = [one for one in stories_of(Case(said, Truth(frozenset()))) if one.cause == cause]
    assert not story.alternatives


def test_password_answered_with_nak_may_have_been_damaged() -> None:
    (story,) = [one for one in told(*UNLOCKED, (1.5, b"\x15")) if one.code == "iec62056-21-password-rejected"]
    assert [one.cause for one in story.alternatives] == ["octet-damaged"]


@pytest.mark.parametrize(("wrong", "is_edited"), [(b"00123.4v6", False), (b"00123.457", True)])
def test_number_of_digits_in_a_row_is_edited_only_where_digits_explain_the_check(wrong: bytes, is_edited: bool) -> None:
    (story,) = [
        one
        for one in told(*BEGUN, (1.0, READOUT.replace(b"00123.456", wrong)), (1.4, b"\x15"), (1.8, READOUT))
        if one.code == "bcc-wrong"
    ]
    assert (story.cause == "edited-by-hand") == is_edited


def test_stx_among_what_another_speed_gives_is_no_readout_in_place_of_hdlc() -> None:
    stories = told((0, SIGN_ON), (0.3, b"/MMM5\\2SIM\r\n"), (0.6, b"\x06252\r\n"), (0.9, b"\x02\x01B0\x03q"))
    assert "iec62056-21-mode-mismatch" not in {one.code for one in stories}
    assert "message-broken-off" not in {one.cause for one in stories}


@pytest.mark.parametrize(
    ("more", "cause"),
    [
        ([], "switched-too-early"),
        ([(RECEIVED, b"\x06252\r\n")], "stayed-at-start-speed"),
        ([(RECEIVED, b"\x06252\r\n"), (SENT, frame(control=0x93))], ""),
    ],
)
@pytest.mark.parametrize("waits", [0.1, 20])
def test_change_to_hdlc_behind_which_nothing_comes_before_the_next_sign_on_is_told(
    more: list[tuple[int, bytes]], cause: str, waits: float
) -> None:
    said = [(SENT, SIGN_ON), (RECEIVED, b"/MMM5\\2SIM\r\n"), (SENT, b"\x06252\r\n"), *more]
    units = [Said(_START_NS + at * _SECOND, *one) for at, one in enumerate(said)]
    again = units[-1].time_ns + round(waits * _SECOND)
    units += [Said(again, SENT, SIGN_ON), Said(again + _SECOND, RECEIVED, b"/MMM5\\2SIM\r\n")]
    found = [one.cause for one in stories_of(Case(units, Truth(frozenset()))) if one.code.endswith("switch-failed")]
    assert found == [cause] * (cause != "" and waits > 1)


@pytest.mark.parametrize("later", [[], [(60.0, SIGN_ON), (60.3, IDENTIFICATION)]], ids=["the end", "a sign-on"])
def test_frames_behind_the_change_to_hdlc_that_lack_bit_7_are_no_readout_and_no_other_speed(
    later: list[tuple[float, bytes]],
) -> None:
    begun = [(0.0, SIGN_ON), (0.3, b"/MMM5\\2SIM\r\n"), (0.6, b"\x06252\r\n"), (0.9, b"\x06252\r\n")]
    frames = on_hdlc(Station(), OPENING, READING, READING, READING, RELEASE)
    said = [*begun, *((at, one.said.octets) for at, one in enumerate(frames, 2)), *later]
    stories = told(*((at, bytes(one & 0x7F for one in octets)) for at, octets in said))
    assert [one.cause for one in stories if one.severity >= Severity.WARNING] == ["seven-bit"]


def sign_ons(count: int, apart: float = 3.0, *, identification: bytes = IDENTIFICATION) -> list[tuple[float, bytes]]:
    return [(apart * at + late, one) for at in range(count) for late, one in ((0, SIGN_ON), (0.3, identification))]


@pytest.mark.parametrize("has_sides", [True, False])
@pytest.mark.parametrize(("count", "told_of"), [(4, [2, 4, 6]), (6, [2, 4, 6, 8, 10])])
def test_client_that_only_signs_on_again_takes_no_identification(
    count: int, told_of: list[int], *, has_sides: bool
) -> None:
    units = lines(*sign_ons(count), *((60 + at, octets) for at, octets in (*BEGUN, (1.0, READOUT))))
    sides = [(RECEIVED if one.octets in (IDENTIFICATION, READOUT) else SENT) if has_sides else UNKNOWN for one in units]
    both = [one._replace(direction=side) for one, side in zip(units, sides, strict=True)]
    (story,) = stories_of(Case(both, Truth(frozenset())))
    assert (story.code, story.cause, story.confidence) == ("iec62056-21-not-acknowledged", "answer-not-taken", LIKELY)
    assert story.records == told_of


@pytest.mark.parametrize(
    "said",
    [
        sign_ons(3),
        sign_ons(9, 30.0),
        sign_ons(9, identification=b"/MMMZSIM\r\n"),
        [(3 * at + late, one) for at in range(9) for late, one in ((0, b"/?%d!\r\n" % at), (0.3, IDENTIFICATION))],
        [(3 * at + late, one) for at in range(9) for late, one in ((0, SIGN_ON), (0.3, b"/MMM5SIM%d\r\n" % at))],
        [(at + step * 5, octets) for step in range(5) for at, octets in (*BEGUN, (1.0, READOUT))],
        [(at + step * 5, one) for step in range(5) for at, one in ((0, SIGN_ON), (0.3, IDENTIFICATION), (1, BREAK))],
    ],
    ids=["three times", "seldom", "mode A", "addresses", "meters", "readouts", "breaks"],
)
def test_client_that_looks_who_is_there_misses_nothing(said: list[tuple[float, bytes]]) -> None:
    assert "iec62056-21-not-acknowledged" not in {one.code for one in told(*said)}


class Counted(ListSource):
    """Chunks from a list, and how many were taken of it."""

    taken = 0

    def __iter__(self) -> Iterator[Chunk]:
        for chunk in super().__iter__():
            self.taken += 1
            yield chunk


@pytest.mark.parametrize("waiting", [IDENTIFICATION, b"\x06"])
def test_last_message_is_a_record_once_the_line_is_silent(waiting: bytes) -> None:
    """What may go on, as a telegram does behind its identification, is not held until something else comes."""
    said = lines(*UNLOCKED, (1.5, waiting))
    source = Counted([*said, Said(None, UNKNOWN, b"", SILENCE), *lines((9.0, BREAK))])
    at = {one.octets: source.taken for one in Pipeline().run(source, waits=False)}
    assert at[waiting] == len(said) + 1


@pytest.mark.parametrize(
    "said",
    [
        (*BEGUN, (1.0, READOUT[:-1]), (5.0, READOUT[-1:])),
        ((0, PUSH), (60, PUSH[:10]), (65, PUSH[10:]), (120, PUSH)),
    ],
)
def test_silence_within_what_is_not_whole_gives_no_other_records(said: tuple[tuple[float, bytes], ...]) -> None:
    heard: list[Said] = []
    for one in lines(*said):
        heard += (Said(None, UNKNOWN, b"", SILENCE), one)
    live = [(one.octets, one.notes) for one in Pipeline().run(ListSource(heard), waits=False)]
    assert live == [(one.octets, one.notes) for one in records(*said)]


@pytest.mark.parametrize("goes_on", [COMMAND, checked(b"\x01R1\x022.8.0()\x03"), BREAK, SIGN_ON, b""], ids=repr)
@pytest.mark.parametrize("has_sides", [True, False])
def test_command_that_the_meter_leaves_unanswered_is_told_whatever_the_client_does_next(
    goes_on: bytes, *, has_sides: bool
) -> None:
    begun = [*UNLOCKED, (1.5, b"\x06"), (2, COMMAND), (2.3, VALUE), (3, COMMAND)]
    said = [*begun, *([(7, goes_on)] * bool(goes_on))]
    meter = (IDENTIFICATION, OPERAND, b"\x06", VALUE)
    sides = [(RECEIVED if octets in meter else SENT) if has_sides else UNKNOWN for _, octets in said]
    units = [one._replace(direction=side) for one, side in zip(lines(*said), sides, strict=True)]
    stories = stories_of(Case(units, Truth(frozenset())))
    silent = [one for one in stories if one.code == "iec62056-21-no-answer"]
    assert [(one.cause, one.records[0]) for one in silent] == [("server-silent", 9)] * bool(goes_on)
    assert {one.code for one in stories} <= {"iec62056-21-no-answer", "capture-cut"}


def test_password_that_is_sent_again_and_again_was_not_answered_and_is_not_shown() -> None:
    (story,) = told(*UNLOCKED, (5, PASSWORD), (9, PASSWORD))
    assert (story.code, story.cause, story.count) == ("iec62056-21-no-answer", "server-silent", 2)
    assert not any("11111111" in one.text for one in story.evidence)


def test_octets_behind_a_command_that_read_as_nothing_are_an_answer_all_the_same() -> None:
    stories = told(*UNLOCKED, (1.5, b"\x06"), (2, COMMAND), (2.3, b"\xff\x00\xff\x81\x80"), (6, COMMAND), (6.3, VALUE))
    assert "iec62056-21-no-answer" not in {one.code for one in stories}


def even(octets: bytes) -> bytes:
    """Put the even parity of seven bits into bit 7."""
    return bytes(one | one.bit_count() % 2 << 7 for one in octets)


@pytest.mark.parametrize("at", [20, -1])
@pytest.mark.parametrize(("flipped", "cause"), [(0x01, "bit-error"), (0x07, "octet-damaged")])
def test_character_of_odd_weight_is_given_back_by_the_check_character(at: int, flipped: int, cause: str) -> None:
    sent = even(READOUT)
    damaged = bytearray(sent)
    damaged[at] ^= flipped
    stories = told(*((seconds, even(octets)) for seconds, octets in BEGUN), (0.9, bytes(damaged)))
    (story,) = [one for one in stories if one.code == "parity-wrong"]
    assert (story.cause, story.confidence, story.proposed) == (cause, LIKELY, (4, sent))
    place = at % len(sent)
    assert [(one.start, one.end) for one in story.evidence] == [(place, place + 1)]
    assert f"so {chr(READOUT[at])!r} was sent" in story.evidence[0].text


NUMBERED = checked(b"\x02" + ROWS.replace(b"12345678", b"41700811") + b"\x03")


@pytest.mark.parametrize(
    ("hurt", "others"),
    [
        (NUMBERED.replace(b"1.8.0(00123.456*kWh)\r\n", b""), ["octets-lost"]),
        (NUMBERED.replace(b"kWh", b"kW", 1), ["octets-lost"]),
        (NUMBERED.replace(b"00123.456", b"00127.455"), []),
    ],
    ids=["a line is missing", "a character is missing", "digits are others"],
)
def test_check_character_that_may_tell_of_missing_characters_says_so(hurt: bytes, others: list[str]) -> None:
    (story,) = told(*BEGUN, (1.0, hurt))
    assert (story.code, story.cause) == ("bcc-wrong", "octet-damaged")
    assert [one.cause for one in story.alternatives] == others
