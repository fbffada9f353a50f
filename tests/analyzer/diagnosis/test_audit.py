"""The audit: each check on a session that keeps to it, one that breaks it, and one in which it is not seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import pytest

from analyzer.diagnosis.audit.audit import Audit
from analyzer.diagnosis.audit.checks import CHECKS
from analyzer.diagnosis.audit.keys import weakness
from analyzer.diagnosis.audit.ledger import FAIL, INCONCLUSIVE, NOT_SEEN, PASS
from analyzer.diagnosis.rules import rule
from analyzer.export.audit import text_lines
from analyzer.security.keyring import Keyring, Meter
from analyzer.security.keys import Key, KeyRole
from analyzer.simulate.security import KeySource, Mechanism
from tests.analyzer.diagnosis import audited
from tests.analyzer.diagnosis.audited import FAULTS, Rows
from tests.analyzer.tracking import secured
from tests.analyzer.tracking.build import ARRAY, general_block
from tests.analyzer.tracking.timed import REFUSED_AARE

NAMES = [one.name for one in CHECKS]
_healthy = cache(audited.healthy)
_text = cache(lambda: audited.of_sample("mode-c-readout"))
_push = cache(lambda: audited.of_sample("push-udp"))


@pytest.mark.parametrize("name", NAMES)
def test_check_passes_where_it_is_kept(name: str) -> None:
    verdicts = [rows[name].verdict for rows in _healthy()]
    assert PASS in verdicts
    assert FAIL not in verdicts


@pytest.mark.parametrize("name", NAMES)
def test_check_is_not_seen_where_there_is_nothing_of_it(name: str) -> None:
    row = (_push() if name == "check-character" else _text())[name]
    assert (row.verdict, row.records) == (NOT_SEEN, ())


@pytest.mark.parametrize("name", FAULTS)
def test_check_fails_where_it_is_broken_and_shows_the_records(name: str) -> None:
    row = FAULTS[name]()[name]
    assert (name, row.verdict) == (name, FAIL), row
    assert row.records or name == "keys"
    assert row.text != row.check.asks


def test_every_check_has_a_fault_but_the_one_that_octets_cannot_prove() -> None:
    # a length field that is wrong cannot be told from octets that were lost or came in
    assert set(NAMES) - set(FAULTS) == {"hdlc-length"}


def test_every_fact_of_the_table_is_a_rule() -> None:
    known = {"wrapper-version-wrong", "wrapper-ports-unswapped"}
    assert [fact for one in CHECKS for fact in one.facts if rule("fact", fact) is None and fact not in known] == []


def test_weak_authentication_is_a_rule_of_the_check_that_tells_it() -> None:
    told = rule("fact", "weak-authentication")
    (check,) = (one for one in CHECKS if "weak-authentication" in one.facts)
    assert told is not None and check.name in told.text and FAULTS[check.name]()[check.name].verdict == FAIL


def test_frame_that_the_line_damaged_proves_nothing_against_its_sender() -> None:
    damaged = bytes.fromhex("7EA00703219 30F097E".replace(" ", ""))
    row = audited.of_units([audited.asked(damaged)])["hdlc-check-sequence"]
    assert row.verdict == INCONCLUSIVE


def test_window_is_not_judged_where_frames_are_missing() -> None:
    station = audited.Station()
    units = audited.on_hdlc(station, audited.at(0, *station.connect()), audited.OPENING)
    station.sent[audited.ASKED] += 2  # two frames that were not captured
    late = audited.on_hdlc(station, audited.at(1, audited.asked(audited.GET_CLOCK), audited.asked(audited.GET_CLOCK)))
    rows = audited.of_chunks(audited.serial_chunks([*units, *late]))
    assert rows["hdlc-window"].verdict == INCONCLUSIVE
    assert rows["hdlc-sequence"].verdict == INCONCLUSIVE


@pytest.mark.parametrize(
    ("way", "text"),
    [
        (audited.ASKED, "I N(S)=1 N(R)=2 of the meter, which no command with P asked for"),
        (audited.ANSWERED, "I N(S)=1 N(R)=2 is the meter's last frame of its turn, and has no F; its window allows no"),
    ],
)
def test_poll_and_final_bit_are_named_by_the_frame_that_lacks_them(way: int, text: str) -> None:
    row = audited.without_poll_final(way=way)["hdlc-poll-final"]
    assert (row.verdict, row.text[: len(text)]) == (FAIL, text)


def test_turn_is_not_judged_where_octets_came_that_were_no_frame() -> None:
    station = audited.Station()
    opening = audited.on_hdlc(station, audited.at(0, *station.connect()), audited.OPENING)
    polled, answer = audited.on_hdlc(station, audited.READING)
    damaged = polled.said.octets[:-3] + b"\0\0" + polled.said.octets[-1:]
    polled = polled._replace(said=audited.asked(damaged))
    row = audited.of_chunks(audited.serial_chunks([*opening, polled, answer]))["hdlc-poll-final"]
    assert row.verdict == PASS


@pytest.mark.parametrize(("control", "name"), [(0x39, "REJ"), (0x3D, "SREJ"), (0x35, "")])
def test_supervisory_frames_are_those_of_the_profile(control: int, name: str) -> None:
    row = audited.supervised(control)["hdlc-supervisory"]
    assert (row.verdict, row.text.split()[0]) == ((FAIL, name) if name else (PASS, "RR"))


@pytest.mark.parametrize(("answer", "verdict"), [("C701C1 00 00", FAIL), ("C702C1 01 00000001 01 00", INCONCLUSIVE)])
@pytest.mark.parametrize("object_", ["0046 0000600300FF 01", "0012 00002C0000FF 04"])
def test_grave_action_in_clear_fails_once_the_meter_follows_it(answer: str, verdict: str, object_: str) -> None:
    assert audited.switched(answer, object_=object_)["grave-actions"].verdict == verdict


@pytest.mark.parametrize(
    ("octets", "answer", "text"),
    [
        ("C301C1 0009 00000A006AFF 01 01 120001", "C701C1 00 00", "a script of disconnection is executed in clear"),
        ("C301C1 0009 00000A006BFF 01 01 120001", "C701C1 00 00", "a script of image activation is executed in clear"),
        ("C101C1 0046 0000600300FF 04 00 1600", "C501C1 00", "the control mode of the disconnector is set in clear"),
    ],
)
def test_script_or_control_mode_in_clear_fails(octets: str, answer: str, text: str) -> None:
    row = audited.acted(octets, answer)["grave-actions"]
    assert (row.verdict, row.text) == (FAIL, text)


@pytest.mark.parametrize(
    ("octets", "answer"),
    [
        ("C301C1 0009 00000A0064FF 01 01 120001", "C701C1 00 00"),  # a script of tariffs
        ("C001C1 0046 0000600300FF 04 00", "C401C1 00 1600"),  # the control mode is read
        ("C101C1 0046 0000600300FF 04 00 1600", "C501C1 03"),  # and refused
    ],
)
def test_other_scripts_and_what_is_read_or_refused_are_no_grave_actions(octets: str, answer: str) -> None:
    assert audited.acted(octets, answer)["grave-actions"].verdict != FAIL


@pytest.mark.parametrize("answer", ["C701C1 03 00", "D80102", "0E010101"])
def test_grave_action_that_is_asked_in_clear_and_refused_is_not_said_to_be_protected(answer: str) -> None:
    row = audited.switched(answer)["grave-actions"]
    assert (row.verdict, row.text) == (INCONCLUSIVE, "asked in clear, and refused: the supply is switched off")


def test_grave_write_that_is_refused_is_not_said_to_be_protected() -> None:
    row = audited.acted("C101C1 0046 0000600300FF 04 00 1600", "C501C1 03")["grave-actions"]
    assert (row.verdict, row.text[:28]) == (INCONCLUSIVE, "asked in clear, and refused:")


@pytest.mark.parametrize(("invoke_id_and_priority", "answer"), [("81", ""), ("C1", ""), ("81", "C70181 00 00")])
def test_grave_action_in_clear_is_judged_without_an_answer(invoke_id_and_priority: str, answer: str) -> None:
    row = audited.unconfirmed(f"C301{invoke_id_and_priority} 0046 0000600300FF 01 01 0F00", answer)["grave-actions"]
    unknown = "asked in clear, and no answer tells whether the meter did it: the supply is switched off"
    shown = "the supply is switched off in clear"
    assert (row.verdict, row.text) == ((FAIL, shown) if answer else (INCONCLUSIVE, unknown))


def test_first_of_two_grave_actions_in_flight_is_judged_by_its_own_answer() -> None:
    asked = [audited.asked(bytes.fromhex(f"C301{one} 0046 0000600300FF 01 01 0F00")) for one in ("C1", "C2")]
    answered = [audited.answered(bytes.fromhex(one)) for one in ("C701C1 00 00", "C701C2 03 00")]
    row = audited.over_tcp(audited.OPENING, audited.at(1, *asked, *answered))["grave-actions"]
    assert (row.verdict, row.text) == (FAIL, "the supply is switched off in clear")


@pytest.mark.parametrize(
    ("request_", "answer", "verdict"),
    [
        ("0601022020010F00", "0D0100", FAIL),  # remote_disconnect
        ("0601022020010F00", "0D010103", INCONCLUSIVE),
        ("05010420200100", "", INCONCLUSIVE),
        ("1601022020010F00", "", INCONCLUSIVE),
        ("0601022018011600", "0D0100", FAIL),  # control_mode
        ("0501022018", "0C01001600", NOT_SEEN),
        ("0601022008010300", "0D0100", NOT_SEEN),
    ],
)
def test_grave_actions_by_short_name_are_judged(request_: str, answer: str, verdict: str) -> None:
    listed = "0C010001010204 102000 120046 1100 09060000600300FF"
    said = [audited.asked(bytes.fromhex("050102FA08")), audited.answered(bytes.fromhex(listed))]
    said.append(audited.asked(bytes.fromhex(request_)))
    said += [audited.answered(bytes.fromhex(answer))] if answer else []
    assert audited.over_tcp(audited.OPENING, audited.at(1, *said))["grave-actions"].verdict == verdict


def test_action_that_changes_nothing_grave_is_no_matter_of_protection() -> None:
    assert audited.switched(object_="0046 0000600300FF 03")["grave-actions"].verdict == NOT_SEEN


@pytest.mark.parametrize(
    ("request_", "answer", "verdict"),
    [
        (audited.UNCONFIRMED_SET, "C50181 00", FAIL),
        (audited.UNCONFIRMED_SET.replace("C10181", "C101C1"), "C501C1 00", NOT_SEEN),
        ("C00181 0008 0000010000FF 02 00", "C40181 00 1105", INCONCLUSIVE),
    ],
)
def test_answer_to_what_asks_for_none_fails_but_for_get(request_: str, answer: str, verdict: str) -> None:
    assert audited.unconfirmed(request_, answer)["service-class"].verdict == verdict


def test_one_message_with_a_wrong_check_character_proves_nothing_against_its_sender() -> None:
    units = [audited.Said(way, octets) for way, octets in audited.SESSION]
    damaged = units[3]._replace(octets=units[3].octets.replace(b"123", b"163"))
    assert audited.of_units([*units, *units[:3], damaged])["check-character"].verdict == INCONCLUSIVE


def titled(server: int, lower: int | None = 0x21) -> list[audited.Said]:
    """An opening with the meter at an HDLC address, whose AARE names a system title."""
    station = audited.Station(server=bytes((server << 1 | 1,) if lower is None else (server << 1, lower)))
    title = bytes.fromhex("A40A 0408 4D4D4D0000000001")
    at = audited.AARE.index(bytes.fromhex("BE10"))
    aare = bytes((0x61, audited.AARE[1] + len(title))) + audited.AARE[2:at] + title + audited.AARE[at:]
    units = audited.at(0, *station.connect(), audited.asked(audited.AARQ), audited.answered(aare))
    return [one.said for one in audited.on_hdlc(station, units)]


def test_two_meters_with_one_system_title_are_told_and_two_logical_devices_of_one_are_not() -> None:
    row = audited.of_units([*titled(1), *titled(1, 0x23)])["system-titles"]
    assert (row.verdict, row.records) == (INCONCLUSIVE, (4, 8))
    assert row.text.startswith("line 1 16 and line 1 17 both say that they are 4D4D4D0000000001")
    assert audited.of_units([*titled(1), *titled(2)])["system-titles"].verdict == PASS


def test_meter_called_with_and_without_its_lower_address_is_at_one_place() -> None:
    assert audited.of_units([*titled(1), *titled(1, None)])["system-titles"].verdict == PASS
    assert audited.of_units([*titled(1, None), *titled(1)])["system-titles"].verdict == PASS
    row = audited.of_units([*titled(1, None), *titled(1), *titled(1, 0x23)])["system-titles"]
    assert (row.verdict, row.records) == (INCONCLUSIVE, (8, 12))


def test_protected_apdus_without_keys_are_inconclusive_not_wrong() -> None:
    security = audited.private_security()
    units = audited.wrapped(audited.secured.said(audited.secured.session(security)))
    rows = audited.of_units(units)
    assert {rows[name].verdict for name in ("tags", "counters", "nonces", "proofs", "negotiation")} == {INCONCLUSIVE}
    assert {rows[name].verdict for name in ("protection", "suite", "challenges")} == {PASS}


def test_suites_that_are_seen_are_shown() -> None:
    row = audited.of_sample("mbus-push")["suite"]
    assert (row.verdict, row.text[-6:]) == (PASS, "0 here")


def test_same_nonce_twice_fails_both_checks_of_it() -> None:
    rows = FAULTS["nonces"]()
    assert (rows["nonces"].verdict, rows["counters"].verdict) == (FAIL, FAIL)
    assert rows["counter-room"].verdict == PASS


@pytest.mark.parametrize(
    ("key", "why"),
    [
        (bytes(16), "repeats"), (bytes(range(5, 21)), "counts"), (b"SecretHLSpasswd1", "text"),
        (bytes(range(0xD0, 0xE0)), "published"), (audited.PRIVATE, ""),
    ],
)  # fmt: skip
def test_weakness_of_a_key_is_named(key: bytes, why: str) -> None:
    assert why in weakness(key)
    assert bool(weakness(key)) == bool(why)


GET_TWO = bytes.fromhex("C003C1 02 0008 0000010000FF 02 00 0008 0000010000FF 03 00")


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        ("C403C1 02 00 090C 07E80B15040A1E00FFFFC400 00 100000", PASS),
        ("C403C1 01 00 090C 07E80B15040A1E00FFFFC400", FAIL),
        ("C403C1 03 00 100000 00 100001 00 100002", FAIL),
        ("C401C1 00 090C 07E80B15040A1E00FFFFC400", FAIL),
        ("C401C1 01 03", PASS),
    ],
)
def test_results_of_a_list_are_counted(answer: str, verdict: str) -> None:
    units = audited.at(1, audited.asked(GET_TWO), audited.answered(bytes.fromhex(answer)))
    assert audited.over_tcp(audited.OPENING, units)["answers"].verdict == verdict


READ_TWO, WRITE_TWO = "0502 02FA08 02FA10", "0602 020A08 020A10 02 1105 1105"


@pytest.mark.parametrize(
    ("request_", "answer", "verdict"),
    [
        (READ_TWO, "0C02 00 0900 00 0900", PASS),
        (READ_TWO, "0C01 00 0900", FAIL),
        (WRITE_TWO, "0D02 00 00", PASS),
        (WRITE_TWO, "0D01 00", FAIL),
    ],
)
def test_results_of_short_names_are_counted(request_: str, answer: str, verdict: str) -> None:
    context = bytes.fromhex("60857405080101"), bytes.fromhex("60857405080102")
    bits = bytes.fromhex("5F1F0400001E1D"), bytes.fromhex("5F1F04001C0320")
    aarq, aare = (one.replace(*context).replace(*bits) for one in (audited.AARQ, audited.AARE))
    units = audited.at(1, audited.asked(bytes.fromhex(request_)), audited.answered(bytes.fromhex(answer)))
    rows = audited.over_tcp(audited.at(0, audited.asked(aarq), audited.answered(aare)), units)
    assert rows["answers"].verdict == verdict


@pytest.mark.parametrize(
    ("closing", "how"),
    [
        (audited.RELEASE, "released"),
        (audited.at(1, audited.answered(bytes.fromhex("6403800101"))), "aborted"),
        (audited.at(1, audited.asked(audited.AARQ), audited.answered(REFUSED_AARE)), "refused"),
    ],
)
def test_service_without_an_open_association_fails(closing: list[object], how: str) -> None:
    row = audited.over_tcp(audited.OPENING, audited.READING, closing, audited.READING)["association"]
    assert (row.verdict, f"association was {how}" in row.text) == (FAIL, True)
    again = audited.over_tcp(audited.OPENING, audited.READING, closing, audited.OPENING, audited.READING)
    assert again["association"].verdict == PASS


def test_service_on_a_new_link_without_an_association_fails() -> None:
    station = audited.Station()
    begun = audited.at(0, *station.connect()), audited.OPENING, audited.READING
    units = audited.on_hdlc(station, *begun, audited.at(1, *station.disconnect()))
    units += audited.on_hdlc(station, audited.at(1, *station.connect()), audited.READING)
    row = audited.of_chunks(audited.serial_chunks(units))["association"]
    assert (row.verdict, "was disconnected in record" in row.text) == (FAIL, True)


@pytest.mark.parametrize(("context", "name", "verdict"), [(1, "FA00", FAIL), (2, "FA00", PASS), (2, "0007", FAIL)])
def test_vaa_name_is_that_of_the_context(context: int, name: str, verdict: str) -> None:
    def change(octets: bytes) -> bytes:
        return octets.replace(bytes.fromhex("60857405080101"), bytes.fromhex(f"608574050801{context:02X}"))

    answer = change(audited.AARE)[:-2] + bytes.fromhex(name)
    rows = audited.over_tcp(audited.at(0, audited.asked(change(audited.AARQ)), audited.answered(answer)))
    assert rows["initiate-parameters"].verdict == verdict


def test_blocks_of_general_block_transfer_that_was_not_agreed_fail() -> None:
    cut = audited.CLOCK_ANSWER[:9], audited.CLOCK_ANSWER[9:]
    blocks = bytes.fromhex("E0 41 0001 0000 09") + cut[0], bytes.fromhex("E0 81 0002 0000 09") + cut[1]
    reading = audited.at(1, audited.asked(audited.GET_CLOCK), *map(audited.answered, blocks))
    rows = audited.over_tcp(audited.OPENING, reading)
    assert (rows["conformance"].verdict, rows["conformance"].records) == (FAIL, (4,))


def test_what_was_refused_is_not_called_enciphered() -> None:
    row = audited.over_tcp(audited.at(0, audited.asked(audited.AARQ), audited.answered(REFUSED_AARE)), audited.READING)
    assert row["conformance"].text.startswith("the AARE says rejected-permanent (1)")


@pytest.mark.parametrize(("control", "verdict"), [(0x10, FAIL), (0x20, NOT_SEEN)])
def test_dedicated_key_that_is_only_authenticated_goes_in_clear(control: int, verdict: str) -> None:
    initiate = bytes.fromhex("01 01 10") + audited.PRIVATE + bytes.fromhex("00 00 06 5F1F0400 001E1D FFFF")
    body = bytes((control, 0, 0, 0, 1)) + initiate + bytes(12)
    aarq = bytes.fromhex("6041 A109 0607 60857405080103 BE34 0432 2130") + body
    records = secured.opened([audited.asked(aarq), audited.answered(audited.AARE)], Keyring())
    row = audited.judge(records)["dedicated-key"]
    assert row.verdict == verdict


WRITTEN, DONE = bytes.fromhex("C501C1 00"), bytes.fromhex("C701C1 00 00")
READ_SECRET = bytes.fromhex("C001C1 000F 0000280000FF 07 00")
TRANSFER, MBUS_TRANSFER = "C301C1 0040 00002B0000FF 02 01 0101 0202 1600 09", "C301C1 0048 0001180000FF 08 01 09"


@pytest.mark.parametrize(
    ("request_", "answer", "verdict", "text"),
    [
        (audited.SET_SECRET, WRITTEN, FAIL, "a secret is written in clear"),
        (READ_SECRET, bytes.fromhex("C401C1 00 0908 4142434445464748"), FAIL, "a secret is read in clear"),
        (READ_SECRET, bytes.fromhex("C401C1 00 0900"), NOT_SEEN, "nothing of it"),
        (bytes.fromhex(TRANSFER + "10") + audited.PRIVATE, DONE, FAIL, "a key is transferred that is not wrapped"),
        (bytes.fromhex(TRANSFER + "18") + bytes(24), DONE, PASS, "no secret goes in clear"),
        (bytes.fromhex(MBUS_TRANSFER + "10") + audited.PRIVATE, DONE, PASS, "no secret goes in clear"),
    ],
)
def test_secrets_in_clear_and_keys_that_are_not_wrapped_fail(
    request_: bytes, answer: bytes, verdict: str, text: str
) -> None:
    units = audited.at(1, audited.asked(request_), audited.answered(answer))
    row = audited.over_tcp(audited.OPENING, units)["secrets"]
    assert (row.verdict, row.text[: len(text)]) == (verdict, text)


def test_keys_that_meters_share_and_passwords_that_are_guessed_are_named() -> None:
    meters = []
    for title in (b"AAA00001", b"AAA00002"):
        meter = Meter(server_title=title)
        given = {KeyRole.GUEK: audited.PRIVATE, KeyRole.LLS_PASSWORD: b"12345678", KeyRole.GBEK: audited.OTHER}
        meter.keys = {role: Key(role, octets, meter.place) for role, octets in given.items()}
        meters.append(meter)
    row = audited.judge([], Keyring(meters))["keys"]
    texts = [
        text.partition("@")[0] + text.partition(" ")[1] + text.partition(" ")[2] for text in (row.text, *row.others)
    ]
    assert texts == ["lls_password counts up or down"] * 2 + ["guek is a key of 2 meters"]
    assert row.verdict == FAIL
    shown = [" ".join(line.split()[-3:]) for line in text_lines([row])]
    assert [line for line in shown if line in ("up or down", "of 2 meters")] == ["up or down"] * 2 + ["of 2 meters"]


def test_published_key_that_opens_many_messages_is_told_once() -> None:
    held = {KeyRole.GUEK: bytes(range(16)), KeyRole.GAK: audited.PRIVATE}
    security = secured.security_of()
    security = replace(security, keys=replace(security.keys, guek=held[KeyRole.GUEK], gak=held[KeyRole.GAK]))
    ring = secured.keyring(held)
    row = audited.judge(secured.opened(secured.said(secured.session(security)), ring, learns=True), ring)["keys"]
    assert (row.verdict, row.times, len(row.records), row.others) == (FAIL, 1, 1, ())


@pytest.mark.parametrize("seconds", [(0.5, 5), (5, 0.1)])
def test_answer_that_is_late_or_slow_is_an_answer(seconds: tuple[float, float]) -> None:
    second, answer = (octets[:2] + b"\xc2" + octets[3:] for octets in (audited.GET_CLOCK, audited.CLOCK_ANSWER))
    asking = [*audited.at(1, audited.asked(audited.GET_CLOCK)), *audited.at(seconds[0], audited.asked(second))]
    answers = audited.at(seconds[1], audited.answered(audited.CLOCK_ANSWER), audited.answered(answer))
    row = audited.over_tcp(audited.OPENING, *[audited.READING] * 6, asking, answers, audited.READING)["answers"]
    assert (row.verdict, row.text) == (PASS, row.check.asks)


def test_cause_that_is_only_likely_proves_nothing_where_nothing_could_shake_it() -> None:
    units = audited.wrapped([audited.asked(audited.GET_CLOCK), audited.answered(audited.CLOCK_ANSWER)] * 3)
    units[3] = units[3]._replace(octets=units[3].octets + audited.CLOCK_ANSWER)
    row = audited.of_units(units)["wrapper-header"]
    assert (row.verdict, row.check.shaken) == (INCONCLUSIVE, ())


def test_no_row_tells_a_key_or_password() -> None:
    rows: list[Rows] = [FAULTS["keys"](), FAULTS["password-in-clear"](), FAULTS["dedicated-key"](), *_healthy()]
    for told in rows:
        text = " ".join(" ".join((row.text, *row.others)) for row in told.values()).upper()
        for secret in (bytes(range(16)), audited.PRIVATE, audited.OTHER):
            assert secret.hex().upper() not in text
        assert "12345678" not in text


def test_reaction_times_that_are_kept_are_shown() -> None:
    row = audited.of_chunks(audited.heard(answer_ms=220, pause_ms=900))["reaction-times"]
    assert row.verdict == PASS
    assert row.text.endswith("after 253 ms to 253 ms here, the longest pause 900 ms"), (
        "33 ms of it are the first character"
    )


def test_password_command_of_mode_c_is_in_clear() -> None:
    row = audited.of_sample("mode-c-programming")["password-in-clear"]
    assert (row.verdict, row.records) == (FAIL, (5,))
    assert "P1" in row.text


CHALLENGE = bytes.fromhex(
    "A109 0607 60857405080101 8A02 0780 8B07 60857405080205 AC0A 8008 514A58524B42574D"
    "BE10 040E 01 00 00 00 06 5F1F0400 001E1D FFFF"
)


STOC = bytes.fromhex(
    "6142 A109 0607 60857405080101 A203 020100 A305 A10302010E 8802 0780 8907 60857405080205"
    "AA0A 8008 5A4E485450564446 BE10 040E 08 00 06 5F1F0400 001E1D 04C8 0007"
)


def challenging(challenge: bytes) -> bytes:
    """The AARE with another challenge, of whatever length."""
    more = len(challenge) - 8
    head, _, tail = STOC.partition(bytes.fromhex("AA0A 8008") + b"ZNHTPVDF")
    held = bytes((0xAA, 10 + more, 0x80, 8 + more)) + challenge
    return head[:1] + bytes((head[1] + more,)) + head[2:] + held + tail


def opening_of(challenge: bytes = CHALLENGE, answer: bytes = STOC) -> list[audited.Said]:
    return [audited.asked(bytes((0x60, len(challenge))) + challenge), audited.answered(answer)]


@pytest.mark.parametrize(("is_answered", "verdict"), [(True, FAIL), (False, PASS)])
def test_challenge_of_an_association_before_fails_unless_it_was_only_sent_again(
    is_answered: bool, verdict: str
) -> None:
    aarq, answer = opening_of()
    begun = audited.at(0, aarq, *[answer] * is_answered)
    _, again = opening_of(answer=STOC.replace(b"ZNHTPVDF", b"another1"))
    rows = audited.over_tcp(begun, audited.READING * is_answered, audited.at(5, aarq, again))
    assert rows["challenges"].verdict == verdict


def test_challenge_that_the_meter_sends_back_fails() -> None:
    reflected = STOC.replace(b"ZNHTPVDF", b"QJXRKBWM")
    row = audited.over_tcp(audited.at(0, *opening_of(answer=reflected)))["challenges"]
    assert (row.verdict, row.records, row.text) == (FAIL, (1, 2), "the StoC of record 2 is the CtoS of record 1")


@pytest.mark.parametrize(
    ("information", "text"),
    [
        (audited.parameters(size=31), "SNRM: maximum information field, transmit, is 31, and not 32 to 2030"),
        (audited.parameters(window=8), "SNRM: window, transmit, is 8, and not 1 to 7"),
        (audited.parameters(head="82 80 14"), "SNRM: its information field begins with 82 80, and not with 81 80"),
        (audited.parameters(head="81 80 20"), "SNRM: its group of parameters has another length than its length oct"),
        (audited.parameters(head="81 80 03"), "SNRM: its information field does not read"),
        (audited.parameters(size=2030, window=7), "SNRM and UA ask for"),
        (b"", "SNRM and UA ask for"),
    ],
)
def test_parameters_of_a_link_are_held_against_their_bounds(information: bytes, text: str) -> None:
    row = audited.negotiated(information)["hdlc-parameters"]
    assert row.text.startswith(text)
    assert (row.verdict, row.records) == (PASS if text.endswith("ask for") else FAIL, (1, 2))


def test_window_of_0_accuses_nobody_of_sending() -> None:
    rows = audited.negotiated(audited.parameters(window=0))
    assert (rows["hdlc-parameters"].verdict, rows["hdlc-window"].verdict) == (FAIL, PASS)


def test_acknowledgement_of_what_was_never_sent_fails_once_the_capture_is_known_to_lack_nothing() -> None:
    # field: davxy__data2.pcapng, N(R) of a meter goes on with each of its segments
    station = audited.Station()
    opening = audited.on_hdlc(station, audited.at(0, *station.connect()), audited.OPENING)
    segments = audited.on_hdlc(station, audited.at(1, audited.asked(audited.GET_PROFILE)))
    answer = bytes.fromhex("C401C1 00") + ARRAY
    for place, segmented in ((slice(0, 20), True), (slice(20, None), False)):
        octets = (audited.LLC[audited.ANSWERED] * (not place.start) + answer)[place]
        said = audited.Said(audited.ANSWERED, station.information(audited.ANSWERED, octets, segmented=segmented))
        segments += audited.at(0.1, said)
        station.sent[audited.ASKED] += segmented
        segments += audited.at(0.1, station.ready(audited.ASKED)) * segmented
    station.sent[audited.ASKED] -= 1
    begun = [*opening, *segments]
    rows = audited.of_chunks(audited.serial_chunks(begun))
    assert rows["hdlc-sequence"].verdict == PASS
    whole = [*begun, *audited.on_hdlc(station, audited.READING)]
    row = audited.of_chunks(audited.serial_chunks(whole))["hdlc-sequence"]
    assert (row.verdict, row.records[0]) == (FAIL, 8)
    assert row.text == "the meter acknowledges by N(R) frames that were never sent"


@pytest.mark.parametrize(("client", "server"), [(b"\x21", b"\x01"), (b"\x01", b"\x03")])
def test_address_0_is_no_station(client: bytes, server: bytes) -> None:
    station = audited.Station(client, server)
    row = audited.on_line(audited.at(0, *station.connect()), station=station)["hdlc-address"]
    assert (row.verdict, row.text.endswith("address is 0, which is no station")) == (FAIL, True)


def told_policy(world: audited.World, policy: int, setup: int = 0) -> list[audited.Said]:
    """The meter tells the policy of one of its security setups, under the global key."""
    sides = (world.client, world.server)
    apdus = (
        bytes.fromhex("C001C1 0040 00002B00") + bytes((setup,)) + bytes.fromhex("FF 02 00"),
        bytes.fromhex("C401C1 00 16") + bytes((policy,)),
    )
    bodies = [world.seal(side, apdu) for side, apdu in zip(sides, apdus, strict=True)]
    request, answer = (bytes((tag, len(body))) + body for tag, body in zip((0xC8, 0xCC), bodies, strict=True))
    return [audited.asked(request), audited.answered(answer)]


CLEAR = [audited.asked(audited.GET_CLOCK), audited.answered(audited.CLOCK_ANSWER)]


@pytest.mark.parametrize(
    ("said", "verdict", "text"),
    [
        (lambda world: told_policy(world, 3) + CLEAR, FAIL, "APDUs are in clear (1); the meter's policy demands more"),
        (lambda world: told_policy(world, 0) + CLEAR, PASS, "nothing goes with less"),
        (lambda world: CLEAR + told_policy(world, 3), INCONCLUSIVE, "what the meter's policy was before it told it"),
        (lambda world: told_policy(world, 0) + told_policy(world, 3, 1) + CLEAR, INCONCLUSIVE, "several security set"),
        (lambda world: told_policy(world, 0x80), FAIL, "APDUs are not signed (1)"),
        (lambda world: told_policy(world, 0x60), PASS, "nothing goes with less"),
    ],
)
def test_policy_is_held_against_what_follows_it_and_against_signatures_too(
    said: Callable[[audited.World], list[audited.Said]], verdict: str, text: str
) -> None:
    world = audited.World(audited.Random(5))
    units = [*world.said, *said(world)]
    ring = audited.secured.keyring({KeyRole.GUEK: world.guek, KeyRole.GAK: world.gak}, client_title=world.client)
    row = audited.judge(audited.secured.opened(units, ring), ring)["policy"]
    assert (row.verdict, text in row.text) == (verdict, True), row


def test_client_that_is_served_without_a_proof_fails() -> None:
    rows = audited.over_tcp(audited.at(0, *opening_of()), audited.READING)
    text = "record 3 is get-request and no answer to the challenge; it is served all the same"
    assert (rows["proofs"].verdict, rows["proofs"].records, rows["proofs"].text) == (FAIL, (3,), text)


def test_client_that_is_served_a_plain_read_without_a_proof_fails() -> None:
    read = audited.asked(bytes.fromhex("0501020310")), audited.answered(bytes.fromhex("0C01000600001234"))
    row = audited.over_tcp(audited.at(0, *opening_of()), audited.at(1, *read))["proofs"]
    text = "record 3 is readRequest and no answer to the challenge; it is served all the same"
    assert (row.verdict, row.records, row.text) == (FAIL, (3,), text)
    proof = audited.asked(bytes.fromhex("050104 FAC8 01 0904 01020304")), audited.answered(bytes.fromhex("0C01000900"))
    assert audited.over_tcp(audited.at(0, *opening_of()), audited.at(1, *proof))["proofs"].verdict == INCONCLUSIVE


def test_client_that_is_asked_for_no_proof_fails() -> None:
    rows = audited.over_tcp(audited.at(0, *opening_of(answer=audited.AARE)), audited.READING)
    assert (rows["proofs"].verdict, rows["proofs"].records) == (FAIL, (1, 2))
    assert "asks it for no proof" in rows["proofs"].text


@pytest.mark.parametrize(
    ("end", "text"),
    [
        ("A305 A103020100", "the AARE accepts, and carries no initiateResponse"),
        ("A305 A103020100 BE06 0404 0E010601", "the AARE accepts, and carries an error in place of an initiateRe"),
        ("A305 A10302010D BE10 040E 0800065F1F0400001E1D04C80007", "the AARE accepts, and gives a reason to refuse"),
    ],
)
def test_aare_that_accepts_and_grants_nothing_fails(end: str, text: str) -> None:
    body = bytes.fromhex("A109 0607 60857405080101 A203 020100" + end)
    rows = audited.with_aare(lambda _: bytes((0x61, len(body))) + body)
    assert rows["negotiation"].verdict == FAIL and rows["negotiation"].text.startswith(text)
    assert rows["initiate-parameters"].verdict == PASS
    assert "enciphered" not in rows["conformance"].text


def test_empty_password_is_told_as_one() -> None:
    empty = audited.PASSWORD.replace(bytes.fromhex("AC0A80083132333435363738"), bytes.fromhex("AC028000"))
    row = audited.over_tcp(audited.at(0, audited.asked(bytes((0x60, empty[1] - 8)) + empty[2:])))["password-in-clear"]
    assert (row.verdict, row.text) == (FAIL, "the AARQ carries an empty password")


def test_counters_of_what_stays_closed_are_told_as_they_stand_there() -> None:
    world = audited.World(audited.Random(5))
    near_end = [audited.asked(world.request(counter=0xFFFF_FFF0)), audited.asked(world.request(counter=0xFFFF_FFF0))]
    units = [*world.said, *near_end, audited.asked(world.request(counter=0xFFFF_FFE0))]
    rows = audited.of_units(audited.wrapped(units))
    told = {name: (rows[name].verdict, rows[name].text) for name in ("counter-room", "counters", "nonces")}
    assert told == {
        "counter-room": (
            INCONCLUSIVE,
            "invocation counter 4294967280: 15 messages are left if the key stays; no tag proves it",
        ),
        "counters": (
            INCONCLUSIVE,
            "the invocation counter goes back from 4294967280 to 4294967264, and no tag proves either",
        ),
        "nonces": (INCONCLUSIVE, "invocation counter 4294967280 serves two messages of one association"),
    }


def test_nonce_that_serves_twice_is_told_behind_many_apdus_that_stay_closed() -> None:
    world = audited.World(audited.Random(5))
    closed = [audited.asked(world.request()) for _ in range(110)]
    twice = [audited.asked(world.request(counter=7_000_000)) for _ in range(2)]
    rows = audited.of_units(audited.wrapped([*world.said, *closed, *twice]))
    assert rows["nonces"].text == "invocation counter 7000000 serves two messages of one association"
    assert rows["nonces"].times == 113


def test_apdus_that_stay_closed_are_told_only_where_the_filter_chooses_them() -> None:
    world = audited.World(audited.Random(5))
    units = audited.wrapped([*world.said, *(audited.asked(world.request()) for _ in range(120))])
    chunks = [audited.chunk(number, octets, way) for number, (way, octets) in enumerate(units, 1)]
    audit = Audit(only={121})
    for record in audited.Pipeline().run(audited.ListSource(chunks)):
        audit.take(record)
    audit.finish()
    row = next(one for one in audit.rows() if one.check.name == "counters")
    assert (row.verdict, row.times, row.records) == (INCONCLUSIVE, 1, (121,))


@pytest.mark.parametrize(("control", "tag", "verdict"), [(0x00, 0xC8, FAIL), (0x30, 0xC8, PASS)])
def test_glo_apdu_that_is_not_protected_at_all_fails(control: int, tag: int, verdict: str) -> None:
    world = audited.World(audited.Random(5))
    body = bytes((control | world.suite,)) + world.request()[3:]
    rows = audited.of_units(audited.wrapped([*world.said, audited.asked(bytes((tag, len(body))) + body)]))
    assert rows["protection"].verdict == verdict


def test_what_has_no_tag_is_no_matter_of_tags() -> None:
    rows = audited.session_of(audited.private_security(is_authenticated=False, mechanism=Mechanism.HLS_SHA256))
    assert rows["tags"].verdict == NOT_SEEN


def test_answer_to_a_request_that_stays_closed_is_held_against_no_invoke_id() -> None:
    security = audited.secured.security_of(1, KeySource.ONE_PASS)
    given = audited.secured.secrets(security)
    del given[KeyRole.SERVER_AGREEMENT]
    ring = audited.secured.keyring(given)
    records = audited.secured.opened(audited.secured.said(audited.secured.session(security)), ring)
    assert audited.judge(records, ring)["invoke-id"].verdict == "PASS"


def _opened(world: audited.World) -> Rows:
    return audited.judge(secured.opened(world.said, secured.keyring(world.given)))


def test_dedicated_key_that_is_the_global_key_fails() -> None:
    world = audited.World(audited.Random(5))
    world.given[KeyRole.DEDICATED] = world.guek
    world.said += [audited.asked(world.request()), audited.asked(world.request(tag=0xD0))]
    row = _opened(world)["dedicated-key"]
    assert (row.verdict, row.text) == (FAIL, "the dedicated key is the same key as guek")


def test_dedicated_key_of_an_association_before_fails_and_one_of_its_own_does_not() -> None:
    verdicts = []
    for times in (1, 2):
        world = audited.World(audited.Random(5))
        opening = list(world.said)
        world.given[KeyRole.DEDICATED] = world.dedicated
        world.said = []
        for _ in range(times):
            world.said += [*opening, audited.asked(world.request(tag=0xD0, key=world.dedicated))]
            world.said += [audited.answered(world.response(tag=0xD4, key=world.dedicated))]
        verdicts.append(_opened(world)["dedicated-key"].verdict)
    assert verdicts == [NOT_SEEN, FAIL]


@pytest.mark.parametrize(
    ("challenge", "why"),
    [
        (bytes(8), "is one octet repeated"),
        (b"ABCDEFGH", "counts up or down"),
        (b"AAAABBBB", "repeats a few octets"),
        (b"15115151", "repeats a few octets"),
        (b"15113155", ""),  # digits that are drawn look so
        (b"7F3A09C5D1E84B260C9E5A71F3B8D2640AE7B15C93D8F4261E70A5CB39D2F846", ""),
        (b"2718281828459045235360287471352662497757", ""),  # each digit stands there often
        (bytes.fromhex("07010800020801080208040509000405020305030600020807040701030502060602040907070507"), ""),
        (b"1221122112122122112", "repeats a few octets"),
    ],
)
def test_challenge_that_was_not_drawn_fails(challenge: bytes, why: str) -> None:
    row = audited.over_tcp(audited.at(0, *opening_of(answer=challenging(challenge))))["challenges"]
    assert (row.verdict, row.text) == (
        (FAIL, f"a challenge {why}, and is not random") if why else (PASS, row.check.asks)
    )


@pytest.mark.parametrize(("second", "verdict"), [(b"QWERTZUJ", FAIL), (b"ASDFGHJK", PASS)])
def test_challenge_that_counts_from_one_association_to_the_next_fails(second: bytes, verdict: str) -> None:
    first = audited.at(0, *opening_of(CHALLENGE, STOC.replace(b"ZNHTPVDF", b"QWERTZUI")))
    other = CHALLENGE.replace(b"QJXRKBWM", b"YXCVBNMK")
    rows = audited.over_tcp(first, audited.at(20, *opening_of(other, STOC.replace(b"ZNHTPVDF", second))))
    assert rows["challenges"].verdict == verdict


@pytest.mark.parametrize(
    ("answer", "is_told"), [("C401C1 00 06 00000001", True), ("C401C1 01 03", False), ("D8 01 06 00000009", False)]
)
def test_replay_that_the_meter_answers_is_told_and_one_that_it_refuses_is_not(answer: str, is_told: bool) -> None:
    world = audited.World(audited.Random(5))
    get = world.seal(world.client, bytes.fromhex("C001C1 0003 0100010800FF 02 00"))
    first = audited.asked(b"\xc8" + bytes((len(get),)) + get)
    world.said += [first, audited.answered(world.response())]
    world.said += [audited.asked(world.request()), audited.answered(world.response())]
    plain = bytes.fromhex(answer)
    body = world.seal(world.server, plain)
    octets = plain if plain[0] == 0xD8 else b"\xcc" + bytes((len(body),)) + body
    world.said += [first, audited.answered(octets)]
    row = _opened(world)["counters"]
    told = [text for text in (row.text, *row.others) if "as if it were new" in text]
    assert (row.verdict, bool(told)) == (FAIL, is_told)


@pytest.mark.parametrize(
    ("suite", "tag", "verdict"), [(0, 0xDB, FAIL), (1, 0xC8, FAIL), (1, 0xDB, PASS)], ids=["suite 0", "glo", "general"]
)
def test_compression_that_does_not_exist_fails(suite: int, tag: int, verdict: str) -> None:
    body = bytes((0xB0 | suite, 0, 0, 0, 9)) + bytes(20)
    octets = bytes((tag, len(body))) + body if tag == 0xC8 else b"\xdb\x08XYZ00001" + bytes((len(body),)) + body
    assert audited.of_units(audited.wrapped([audited.asked(octets)]))["suite"].verdict == verdict


def test_empty_signature_is_told_as_one() -> None:
    title, inner = b"\x08XYZ00001", audited.GET_CLOCK
    octets = b"\xdf\x01\x01" + title + title + bytes(2) + bytes((len(inner),)) + inner + b"\x00"
    row = audited.of_units(audited.wrapped([audited.asked(octets)]))["signatures"]
    assert (row.verdict, row.text) == (INCONCLUSIVE, "the signature is empty")


def test_key_of_the_keyring_that_was_mistyped_accuses_no_sender() -> None:
    world = audited.World(audited.Random(5))
    world.given[KeyRole.GUEK] = world.guek[:-1] + bytes((world.guek[-1] ^ 1,))
    world.said += [audited.asked(world.request()), audited.answered(world.response())]
    assert _opened(world)["tags"].verdict == INCONCLUSIVE


@pytest.mark.parametrize("own", ["41", "81"])
def test_service_class_and_priority_of_an_answer_are_those_of_its_request(own: str) -> None:
    answer = audited.CLOCK_ANSWER[:2] + bytes.fromhex(own) + audited.CLOCK_ANSWER[3:]
    units = audited.at(1, audited.asked(audited.GET_CLOCK), audited.answered(answer))
    row = audited.over_tcp(audited.OPENING, audited.READING, units)["invoke-id"]
    assert (row.verdict, row.records) == (FAIL, (5, 6))
    assert row.text == f"invoke-id-and-priority is {own} in an answer, and C1 in its request"


def test_meter_that_gives_back_one_invoke_id_fails_once_it_did_so_often() -> None:
    def reading(invoke_id: int) -> list[audited.Said]:
        request = audited.GET_CLOCK[:2] + bytes((0xC0 | invoke_id,)) + audited.GET_CLOCK[3:]
        return audited.at(1, audited.asked(request), audited.answered(audited.CLOCK_ANSWER))

    few = audited.over_tcp(audited.OPENING, *map(reading, (1, 2, 3)))["invoke-id"]
    many = audited.over_tcp(audited.OPENING, *map(reading, (1, 2, 3, 4, 5)))["invoke-id"]
    assert (few.verdict, many.verdict) == (INCONCLUSIVE, FAIL)


def test_list_that_answers_a_request_of_one_thing_fails() -> None:
    answer = bytes.fromhex("C403C1 01 00") + audited.CLOCK_ANSWER[4:]
    units = audited.at(1, audited.asked(audited.GET_CLOCK), audited.answered(answer))
    row = audited.over_tcp(audited.OPENING, units)["answers"]
    assert (row.verdict, row.text) == (FAIL, "get-response-with-list answers a request of one thing")


@pytest.mark.parametrize(("aare", "verdict"), [(2, FAIL), (1, PASS)])
def test_service_by_the_other_way_of_referencing_fails_where_both_sides_opened_for_one(aare: int, verdict: str) -> None:
    opening = [
        one.replace(bytes.fromhex("60857405080101"), bytes.fromhex("608574050801") + bytes((context,)))
        for one, context in ((audited.AARQ, 2), (audited.AARE, aare))
    ]
    units = audited.at(0, audited.asked(opening[0]), audited.answered(opening[1]))
    row = audited.over_tcp(units, audited.READING)["conformance"]
    assert row.verdict == verdict
    assert verdict == PASS or row.text == "get-request in an association that was opened for referencing by SN"


@pytest.mark.parametrize("last", [audited.READING[:1], audited.RELEASE[:1]])
def test_request_that_waits_where_the_capture_ends_is_not_said_to_be_answered(last: list[object]) -> None:
    row = audited.over_tcp(audited.OPENING, audited.READING, last)["answers"]
    assert (row.verdict, row.records) == (INCONCLUSIVE, (5,))
    unconfirmed = audited.at(1, audited.asked(bytes.fromhex(audited.UNCONFIRMED_SET)))
    assert audited.over_tcp(audited.OPENING, audited.READING, unconfirmed)["answers"].verdict == PASS


def test_command_without_an_answer_and_frames_on_a_link_that_is_gone_are_told() -> None:
    def rows(*units: list[audited.Said]) -> Rows:
        station = audited.Station()
        begun = audited.at(0, *station.connect()), audited.OPENING, audited.READING
        return audited.on_line(*begun, *units, station=station)

    ended = audited.at(1, *audited.Station().disconnect())
    assert (rows(ended)["answers"].verdict, rows(ended)["association"].verdict) == (PASS, PASS)
    silent = rows(ended[:1])["answers"]
    text = "DISC has no answer where the capture ends"
    assert (silent.verdict, silent.text, silent.records) == (INCONCLUSIVE, text, (7,))
    again = rows(ended, audited.OPENING)["association"]
    assert (again.verdict, again.records) == (INCONCLUSIVE, (7, 10))


def test_echo_of_the_line_is_no_second_request() -> None:
    station = audited.Station()
    begun = audited.at(0, *station.connect()), audited.OPENING, audited.READING
    units = audited.on_hdlc(station, *begun, audited.at(1, *station.disconnect()))
    echoed = []
    for one in units:
        is_asked = one.said.direction == audited.ASKED
        echoed += [one, one._replace(seconds=0.01, said=audited.answered(one.said.octets))] if is_asked else [one]
    rows = audited.of_chunks(audited.serial_chunks(echoed))
    assert (rows["answers"].verdict, rows["answers"].text) == (PASS, rows["answers"].check.asks)
    assert (rows["hdlc-check-sequence"].times, rows["hdlc-poll-final"].verdict) == (len(units), PASS)


def test_answer_with_another_invoke_id_behind_frames_that_the_capture_lost_proves_nothing() -> None:
    station, units = audited.Station(), []
    for count in range(4):
        head = bytes((0xC0 | count + 1,))
        request = audited.GET_CLOCK[:2] + head + audited.GET_CLOCK[3:]
        answer = audited.CLOCK_ANSWER[:2] + head + audited.CLOCK_ANSWER[3:]
        units += audited.at(1, audited.asked(request), audited.answered(answer))
    framed = audited.on_hdlc(station, audited.at(0, *station.connect()), audited.OPENING, units)
    del framed[5:7]  # an answer, and the request behind it
    rows = audited.of_chunks(audited.serial_chunks(framed))
    assert rows["hdlc-sequence"].verdict == INCONCLUSIVE
    assert (rows["invoke-id"].verdict, rows["invoke-id"].records) == (INCONCLUSIVE, (5, 6))


def test_many_requests_crowd_out_nothing_else_that_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analyzer.diagnosis.audit.ledger.MOST_REMEMBERED", 16)
    polls = [audited.at(1, audited.asked(audited.GET_CLOCK)) for _ in range(20)]
    late = audited.at(1, audited.asked(audited.GET_CLOCK), audited.answered(audited.CLOCK_ANSWER))
    row = audited.over_tcp(audited.OPENING, audited.READING, audited.RELEASE, *polls, late)["association"]
    assert row.verdict == FAIL
    assert "after the association was released" in row.text


def test_frame_with_an_address_of_three_octets_is_measured_behind_it() -> None:
    rows = audited.on_line(
        audited.at(0, audited.asked(audited.frame(b"", 0x93, b"\x02\x02\x03\x21"))),
        audited.at(1, audited.asked(audited.frame(b"", 0x31, b"\x02\x02\x03\x21"))),
    )
    assert (rows["hdlc-address"].verdict, rows["hdlc-supervisory"].verdict) == (FAIL, PASS)


def test_client_whose_address_is_no_sap_is_not_accused_of_another_mechanism() -> None:
    row = audited.on_line(audited.OPENING, station=audited.Station(client=b"\x00\x21"))["authentication"]
    assert (row.verdict, row.text) == (INCONCLUSIVE, "no authentication; which client asks is not known")


GBT_ANSWER = bytes.fromhex("C401C1 00 0930") + bytes(range(48))
GET_LONG = bytes.fromhex("C001C1 0001 0000600100FF 02 00")


def block_of(number: int, acknowledged: int, *, streams: bool = False, last: bool = False) -> audited.Said:
    """A block of 9 octets of the answer; six make it whole."""
    data = GBT_ANSWER[9 * number - 9 : 9 * number]
    return audited.answered(
        general_block(number, data, last=last, streaming=streams, window=2, acknowledged=acknowledged)
    )


def take(number: int, acknowledged: int) -> audited.Said:
    return audited.asked(general_block(number, b"", last=True, window=2, acknowledged=acknowledged))


BEGUN = [audited.asked(GET_LONG), block_of(1, 0), take(1, 1), block_of(2, 1, streams=True)]
ENDED = [block_of(4, 2, streams=True), block_of(5, 2), take(3, 5), block_of(6, 3, last=True)]


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ([block_of(3, 1), take(2, 3), *ENDED], ""),
        ([block_of(3, 1), take(2, 2), block_of(3, 2), take(3, 3), *ENDED], ""),  # one was lost, and comes again
        ([block_of(3, 1), take(2, 1), BEGUN[3], block_of(3, 2), take(3, 3), *ENDED], ""),
        ([block_of(3, 1), BEGUN[3], block_of(3, 1), take(2, 3), *ENDED], ""),  # nobody took them in time
        (
            [block_of(3, 1, streams=True), block_of(4, 1), take(2, 4), block_of(5, 2), take(3, 5), ENDED[-1]],
            "the meter sends 3 blocks in a row, and the window of the client is 2",
        ),
        ([block_of(3, 1), take(2, 2), *ENDED], "the client acknowledges block 2, and the meter goes on with block 4"),
        (
            [block_of(3, 5), take(2, 3), *ENDED],
            "the meter acknowledges block 5; the last one that the client sent is 1",
        ),
    ],
)
def test_general_blocks_keep_to_the_window_and_to_what_is_acknowledged(said: list[audited.Said], text: str) -> None:
    bits = bytes.fromhex("5F1F0400001E1D"), bytes.fromhex("5F1F0400201E1D")
    aarq, aare = (one.replace(*bits) for one in (audited.AARQ, audited.AARE))
    opening = audited.at(0, audited.asked(aarq), audited.answered(aare))
    row = audited.over_tcp(opening, audited.at(1, *BEGUN, *said))["block-numbers"]
    assert (row.verdict, row.text) == ((FAIL, text) if text else (PASS, row.check.asks))


def test_suite_that_is_weaker_than_that_of_an_association_before_is_told() -> None:
    def said(suite: int, counter: int) -> list[audited.Said]:
        security = audited.secured.security_of(suite, client_counter=counter, server_counter=counter)
        return audited.secured.said(audited.secured.session(security))

    def verdict(*suites: int) -> str:
        units = [one for number, suite in enumerate(suites) for one in said(suite, 1 + 1000 * number)]
        return audited.judge(audited.secured.opened(units, audited.Keyring()))["suite"].verdict

    assert [verdict(1, 0), verdict(0, 1), verdict(1, 1)] == [INCONCLUSIVE, PASS, PASS]


def test_request_under_the_broadcast_key_that_one_meter_answers_is_told() -> None:
    security = audited.secured.security_of(0, audited.KeySource.BROADCAST)
    units = audited.secured.said(audited.secured.session(security))
    row = audited.judge(audited.secured.opened(units, audited.secured.keyring(audited.secured.secrets(security))))
    assert (row["protection"].verdict, row["protection"].text[:35]) == (
        INCONCLUSIVE,
        "a request under the broadcast key, ",
    )


@pytest.mark.parametrize(
    ("user_information", "verdict", "text"),
    [
        ("", INCONCLUSIVE, "gives no reason: rejected-permanent (1)"),
        ("BE10 040E 08 00 06 5F1F0400 001E1D 04C8 0007", FAIL, "carries an initiateResponse, which accepts"),
    ],
)
def test_refusal_without_a_reason_has_a_row_of_the_negotiation(user_information: str, verdict: str, text: str) -> None:
    body = bytes.fromhex(f"A109 0607 60857405080101 A203 020101 A305 A103020100 {user_information}")
    aare = b"\x61" + bytes((len(body),)) + body
    row = audited.over_tcp(audited.at(0, audited.asked(audited.AARQ), audited.answered(aare)))["negotiation"]
    assert (row.verdict, text in row.text) == (verdict, True)
    refused = audited.over_tcp(audited.at(0, audited.asked(audited.AARQ), audited.answered(REFUSED_AARE)))
    assert refused["negotiation"].verdict == NOT_SEEN
