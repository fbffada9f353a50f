"""Two sessions compared: what is the same in meaning is no difference, and each other thing is named first."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Hashable
from typing import Any

import pytest

from analyzer.diagnosis.comparison import compare as compare_module
from analyzer.diagnosis.comparison.compare import Difference, _aligned, _words, compare
from analyzer.diagnosis.comparison.side import Side, Step, Talk, read
from analyzer.pipeline import Pipeline
from analyzer.security.keys import KeyRole
from analyzer.simulate.security import Mechanism
from captures.chunk import Chunk
from tests.analyzer.diagnosis.test_association import PASSWORD
from tests.analyzer.diagnosis.test_service import GET_PROFILE, GET_REGISTER, block, following
from tests.analyzer.framing.build import frame
from tests.analyzer.tracking import secured
from tests.analyzer.tracking.build import ANSWERED, ASKED, ListSource, Station, answered, asked
from tests.analyzer.tracking.timed import (
    AARE,
    AARQ,
    OPENING,
    READING,
    REFUSED_AARE,
    RELEASE,
    At,
    at,
    on_hdlc,
    serial_chunks,
    tcp_chunks,
)  # fmt: skip
from tests.costs import processor_s

REGISTER = at(1, asked(GET_REGISTER), answered(bytes.fromhex("C401C1 00 06 00012345")))
WHOLE = (OPENING, READING, REGISTER, RELEASE)


def of(chunks: list[Chunk]) -> Side:
    pipeline = Pipeline()
    return read(pipeline.run(ListSource(chunks)), pipeline.ends)


def tcp(*units: list[At]) -> Side:
    return of(tcp_chunks([each for unit in units for each in unit]))


def hdlc(*units: list[At], station: Station | None = None) -> Side:
    return of(serial_chunks(on_hdlc(station or Station(), *units)))


def first(good: Side, bad: Side) -> Difference:
    return compare(good, bad)[0]


def change(unit: list[At], old: str, new: str) -> list[At]:
    """A unit with other octets in it."""
    was, now = bytes.fromhex(old), bytes.fromhex(new)
    assert any(was in one.said.octets for one in unit)
    return [one._replace(said=one.said._replace(octets=one.said.octets.replace(was, now))) for one in unit]


SNRM = bytes.fromhex("818014 05020400 060200C8 070400000003 080400000002")
UA = bytes.fromhex("818014 050201F4 0602012C 070400000001 080400000007")


def linked(snrm: bytes, ua: bytes | None) -> list[At]:
    """A link set up with parameters; without UA where *ua* is none."""
    asks, answers = (Station().ends[side] for side in (ASKED, ANSWERED))
    said = [asked(frame(snrm, 0x93, asks))]
    return at(0, *said, *([] if ua is None else [answered(frame(ua, 0x73, answers))]))


@pytest.mark.parametrize(
    ("good", "bad", "expected"),
    [
        ((b"", b""), (SNRM, b""), ["SNRM transmit 128 1024", "SNRM receive 128 200", "SNRM transmit window 1 3"]),
        ((SNRM, UA), (SNRM, b""), ["UA transmit 300 128", "UA receive 200 128", "UA transmit window 3 1"]),
        ((SNRM, UA), (SNRM, None), ["UA answered not answered", "request aarq missing"]),
        ((SNRM, None), (SNRM, None), []),
    ],
)
def test_links_are_compared_by_what_was_proposed_and_agreed(
    good: tuple[bytes, bytes | None], bad: tuple[bytes, bytes | None], expected: list[str]
) -> None:
    one, other = (hdlc(linked(*link), *(() if link[1] is None else WHOLE)) for link in (good, bad))
    found = [f"{each.field} {each.good_value} {each.bad_value}" for each in compare(one, other) if each.matters]
    assert found[: len(expected) or None][:3] == expected


def test_associations_have_as_many_bits_in_common_as_steps() -> None:
    places: dict[tuple[Hashable, int], int] = {}
    chance, talks = random.Random(1), []
    for size in (0, 1, 9, 40, 300):
        talk = Talk(None, 16, 1, "hdlc")
        talk.steps = [Step(chance.randrange(12), 1, "", "", (), b"", "", None) for _ in range(size)]
        talks.append((_words(talk, places), Counter(step.token for step in talk.steps)))
    for word, counts in talks:
        for other, theirs in talks:
            assert (word & other).bit_count() == (counts & theirs).total()


def test_steps_that_one_capture_alone_has_make_the_numbers_of_the_other_no_longer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def side(name: str) -> list[Talk]:
        talks = [Talk(None, 16, 1, "hdlc") for _ in range(4)]
        for place, talk in enumerate(talks):
            talk.steps = [Step((name, place, one // 2), 1, "", "", (), b"", "", None) for one in range(99)]
            talk.steps += [Step(("both", place), 1, "", "", (), b"", "", None)]
        return talks

    made: list[int] = []
    words = compare_module._words

    def kept(*args: Any, **options: Any) -> int:
        made.append(words(*args, **options))
        return made[-1]

    monkeypatch.setattr(compare_module, "_words", kept)
    good, bad = side("good"), side("bad")
    assert _aligned(good, bad) == list(zip(good, bad, strict=True))
    assert max(one.bit_length() for one in made) == sum(len(one.steps) for one in good)


def test_many_associations_are_aligned_in_a_time_that_their_steps_cost() -> None:
    def side(seed: int, size: int) -> list[Talk]:
        chance, talks = random.Random(seed), [Talk(None, 16, 1, "hdlc") for _ in range(size)]
        for talk in talks:
            talk.steps = [Step(chance.randrange(600), 1, "", "", (), b"", "", None) for _ in range(300)]
        return talks

    one, other = side(1, 60), side(2, 60)
    counters = [(Counter(step.token for step in talk.steps), talk) for talk in (*one, *other)]
    yardstick = processor_s(lambda: [mine & theirs for mine, _ in counters[:60] for theirs, _ in counters[60:]])
    assert processor_s(lambda: _aligned(one, other)) < yardstick / 2


def test_same_session_has_no_difference() -> None:
    assert compare(tcp(*WHOLE), tcp(*WHOLE)) == []


def test_same_session_on_another_carrier_differs_in_the_carrier_only() -> None:
    found = compare(tcp(*WHOLE), hdlc(*WHOLE))
    assert [(one.field, one.good_value, one.bad_value, one.matters) for one in found] == [
        ("link", "wrapper", "hdlc", False)
    ]


def test_invoke_ids_and_times_are_no_difference() -> None:
    other = change(READING, "C001C1", "C001C5")
    other = change(other, "C401C1", "C401C5")
    other = change(other, "07E80B15040A1E00", "07E90B15040A1E00")
    assert compare(tcp(*WHOLE), tcp(OPENING, other, REGISTER, RELEASE)) == []


def test_value_that_was_read_differs_but_does_not_matter() -> None:
    (one,) = compare(tcp(*WHOLE), tcp(OPENING, READING, change(REGISTER, "00012345", "00012346"), RELEASE))
    assert not one.matters
    assert (one.good_record, one.bad_record) == (6, 6)
    assert ("74565" in one.good_value, "74566" in one.bad_value) == (True, True)


@pytest.mark.parametrize(
    ("old", "new", "field", "good", "bad"),
    [
        ("60857405080101", "60857405080102", "application-context-name", "LN, no ciphering", "SN, no ciphering"),
        ("FFFF", "0040", "user-information.initiateRequest.client-max-receive-pdu-size", "65535", "64"),
        ("0000065F", "0000055F", "user-information.initiateRequest.proposed-dlms-version-number", "6", "5"),
    ],
)
def test_field_of_the_aarq_is_named(old: str, new: str, field: str, good: str, bad: str) -> None:
    one = first(tcp(*WHOLE), tcp(change(OPENING[:1], old, new), OPENING[1:], READING, REGISTER, RELEASE))
    assert (one.field, one.good_value, one.bad_value) == (field, good, bad)
    assert (one.good_record, one.bad_record, one.rank) == (1, 1, 1)


def test_conformance_bit_that_is_lacking_is_named() -> None:
    bad = tcp(change(OPENING[:1], "001E1D", "001E1C"), OPENING[1:], READING, REGISTER, RELEASE)
    one = first(tcp(*WHOLE), bad)
    assert one.field == "user-information.initiateRequest.proposed-conformance"
    assert one.text.endswith("lacks action")  # the last bit of the 24


def test_password_of_another_length_is_told_by_its_length_alone() -> None:
    shorter = PASSWORD.replace(bytes.fromhex("6036"), bytes.fromhex("6035"))
    shorter = shorter.replace(bytes.fromhex("AC0A8008 3132333435363738"), bytes.fromhex("AC098007 31323334353637"))
    good, bad = (tcp(at(0, asked(one), answered(AARE)), READING) for one in (PASSWORD, shorter))
    (one,) = compare(good, bad)
    assert (one.field, one.good_value, one.bad_value) == ("calling-authentication-value", "8 octets", "7 octets")
    other = tcp(at(0, asked(PASSWORD.replace(b"12345678", b"87654321")), answered(AARE)), READING)
    assert compare(good, other) == []


def test_refused_association_comes_before_all_that_follows_from_it() -> None:
    found = compare(tcp(*WHOLE), tcp(at(0, asked(AARQ), answered(REFUSED_AARE))))
    assert (found[0].field, found[0].good_value, found[0].bad_value) == ("result", "accepted", "rejected-permanent")
    missing = [one for one in found if one.bad_value == "missing"]
    assert len(missing) == 1
    assert missing[0].text.endswith("and lacks 5 more behind it")


def test_request_that_is_missing_is_named_with_its_object() -> None:
    one = first(tcp(*WHOLE), tcp(OPENING, REGISTER, RELEASE))
    assert (one.good_record, one.bad_record, one.field) == (3, 0, "request")
    assert "get-request 0-0:1.0.0*255 Clock" in one.text


def test_request_that_only_the_bad_capture_has_is_named() -> None:
    one = first(tcp(OPENING, REGISTER, RELEASE), tcp(*WHOLE))
    assert (one.good_record, one.bad_record) == (0, 3)
    assert one.text.startswith("only the bad capture has get-request 0-0:1.0.0*255 Clock")


def test_other_order_is_told_as_such() -> None:
    found = compare(tcp(*WHOLE), tcp(OPENING, REGISTER, READING, RELEASE))
    assert [one.field for one in found] == ["order"]
    assert "comes at another place" in found[0].text


def test_other_result_is_named() -> None:
    bad = tcp(OPENING, READING, at(1, asked(GET_REGISTER), answered(bytes.fromhex("C401C1 01 03"))), RELEASE)
    found = compare(tcp(*WHOLE), bad)
    results = [one for one in found if one.field.endswith("data-access-result")]
    assert [(one.good_value, one.bad_value, one.bad_record) for one in results] == [("absent", "read-write-denied", 6)]
    assert all(one.bad_record == 6 for one in found)


def test_error_in_place_of_an_answer_is_another_answer() -> None:
    bad = tcp(OPENING, READING, at(1, asked(GET_REGISTER), answered(bytes.fromhex("D8 01 01"))), RELEASE)
    one = first(tcp(*WHOLE), bad)
    assert (one.field, one.bad_record) == ("answer", 6)
    assert one.bad_value.startswith("exception-response (state-error service-not-allowed")


def test_answer_that_does_not_come_is_missing() -> None:
    bad = tcp(OPENING, READING, REGISTER[:1], RELEASE)
    silent, one = compare(tcp(*WHOLE), bad)[:2]
    assert (silent.field, silent.good_record, silent.bad_record) == ("response-missing", 5, 5)
    assert (one.field, one.good_record, one.bad_record, one.bad_value) == ("answer", 6, 0, "missing")


@pytest.mark.parametrize(
    ("place", "old", "new", "check", "text"),
    [
        (1, "C401C1 00 06", "C401C5 00 06", "invoke-id", "an answer has invoke-id 5, and no request had it"),
        (1, "00012345", "00012345 00", "apdu-encoding", "1 octet left over after the last field"),
    ],
)
def test_rule_that_only_the_bad_one_breaks_is_named_though_all_fields_are_the_same(
    place: int, old: str, new: str, check: str, text: str
) -> None:
    bad = tcp(OPENING, READING, [*REGISTER[:place], *change(REGISTER[place:], old, new)], RELEASE)
    (one,) = compare(tcp(*WHOLE), bad)
    assert (one.field, one.text, one.matters) == (check, text, True)
    assert (one.good_record, one.bad_record, one.bad_value) == (6, 6, f"{check} FAIL")
    assert compare(bad, bad) == []


def test_block_that_is_numbered_wrongly_is_named_before_the_transfer_that_stops() -> None:
    begun = at(1, asked(GET_PROFILE), answered(block(1)), asked(following(1)))
    good = tcp(OPENING, begun, at(0.1, answered(block(2, last=True))), RELEASE)
    bad = tcp(OPENING, begun, at(0.1, answered(block(3, last=True))), RELEASE)
    found = compare(good, bad)
    assert [one.field for one in found[:2]] == ["block-numbers", "transfer"]


def test_frame_without_its_poll_bit_is_named() -> None:
    station = Station()
    units = on_hdlc(station, at(0, *station.connect()), *WHOLE)
    octets = units[4].said.octets
    unpolled = asked(frame(octets[8:-3], octets[5] & 0xEF, octets[3:5]))
    changed = [*units[:4], units[4]._replace(said=unpolled), *units[5:]]
    (one,) = compare(of(serial_chunks(units)), of(serial_chunks(changed)))
    assert (one.field, one.bad_record) == ("hdlc-poll-final", 6)


def test_part_of_a_capture_is_held_against_no_rule() -> None:
    side = Side(is_part=True)
    for record in Pipeline().run(ListSource(tcp_chunks([*OPENING, REGISTER[0], *RELEASE]))):
        side.take(record)
    side.finish()
    assert {one.field for one in compare(tcp(OPENING, RELEASE), side)} == {"request"}


def test_slower_answer_is_told_with_both_times() -> None:
    slow = [REGISTER[0], REGISTER[1]._replace(seconds=7.5)]
    (one,) = compare(tcp(*WHOLE), tcp(OPENING, READING, slow, RELEASE))
    assert (one.field, one.good_value, one.bad_value) == ("response time", "100 ms", "7.5 s")


def test_other_client_is_the_first_difference() -> None:
    one = first(hdlc(*WHOLE), hdlc(*WHOLE, station=Station(client=b"\x03")))
    assert (one.field, one.good_value, one.bad_value) == ("client", "16", "1")


def test_missing_association_is_told() -> None:
    one, *others = compare(tcp(*WHOLE, *WHOLE), tcp(*WHOLE))
    assert (one.field, one.bad_value, one.bad_record) == ("association", "missing", 0)
    assert others == []


def test_cut_of_a_transfer_is_no_difference_but_its_stop_is() -> None:
    two = at(1, asked(GET_PROFILE), answered(block(1)), asked(following(1)), answered(block(2, last=True)))
    stopped = at(1, asked(GET_PROFILE), answered(block(1)), asked(following(1)))
    assert compare(tcp(OPENING, two), tcp(OPENING, two)) == []
    found = compare(tcp(OPENING, two), tcp(OPENING, stopped))
    assert (found[0].field, found[0].good_value, found[0].bad_value) == ("transfer", "complete", "stops")


def test_deciphered_session_has_no_nonces_counters_or_keys_to_differ_in() -> None:
    sides = []
    for counter in (7, 9000):
        security = secured.security_of(client_counter=counter, server_counter=counter + 3)
        security_keys = {KeyRole.GUEK: security.keys.guek, KeyRole.GAK: security.keys.gak}
        records = secured.opened(secured.said(secured.session(security)), secured.keyring(security_keys), learns=True)
        sides.append(read(records))
    assert compare(*sides) == []


def test_protection_that_differs_is_told_once_as_what_matters() -> None:
    sides = []
    for is_encrypted in (True, False):
        security = secured.security_of(is_encrypted=is_encrypted, mechanism=Mechanism.HLS_GMAC)
        security_keys = {KeyRole.GUEK: security.keys.guek, KeyRole.GAK: security.keys.gak}
        ring = secured.keyring(security_keys)
        sides.append(read(secured.opened(secured.said(secured.session(security)), ring, learns=True)))
    found = compare(*sides)
    telling = [one for one in found if one.field == "protection" and one.matters]
    assert len(telling) == 1
    assert telling[0].good_value.endswith("30")
    assert telling[0].bad_value.endswith("10")


def test_ranks_count_from_one_and_what_matters_comes_first() -> None:
    bad = tcp(change(OPENING[:1], "FFFF", "0040"), OPENING[1:], READING, change(REGISTER, "00012345", "00012346"))
    found = compare(tcp(*WHOLE), bad)
    assert [one.rank for one in found] == list(range(1, len(found) + 1))
    assert [one.matters for one in found] == sorted((one.matters for one in found), reverse=True)


def test_written_secret_is_not_told() -> None:
    def writes(secret: str) -> Side:
        octets = bytes.fromhex("C101C1 000F 0000280000FF 07 00 0908") + secret.encode()
        return tcp(OPENING, at(1, asked(octets), answered(bytes.fromhex("C501C100"))))

    assert compare(writes("ABCDEFGH"), writes("HGFEDCBA")) == []


class Token:
    """What a step is about, whose comparisons are counted."""

    compared = 0

    def __init__(self, number: int) -> None:
        self.number = number

    def __hash__(self) -> int:
        return self.number

    def __eq__(self, other: object) -> bool:
        Token.compared += 1
        return isinstance(other, Token) and self.number == other.number


def long_side(count: int, first_token: int) -> Side:
    """A session of *count* requests of ever other objects."""
    talk = Talk(None, 1, 1, "wrapper")
    for number in range(count):
        token = Token(first_token + number)
        talk.steps.append(Step(token, number + 1, "request", "get-request-normal", (), b"\xc0\x01", "", None))
    side = Side()
    side._sessions.append(talk)
    return side


def test_steps_that_are_all_unlike_are_compared_in_proportion_to_their_number() -> None:
    work = []
    for count in (400, 800):
        Token.compared = 0
        compare(long_side(count, 0), long_side(count, count // 2))
        work.append(Token.compared)
    assert work[1] < 2.5 * work[0]
