"""Sessions of text compared: speeds, modes, data sets by code; times and equal repetitions are no difference."""

from __future__ import annotations

from analyzer.diagnosis.comparison.compare import Difference, compare
from analyzer.diagnosis.comparison.side import Side, read
from analyzer.pipeline import Pipeline
from captures.chunk import LINK_OCTETS, RECEIVED, SENT, Chunk
from dissectors.checks import bcc
from dissectors.p1 import judge_digits
from tests.analyzer.tracking.build import ListSource

REQUEST, IDENTIFICATION, CHOICE = b"/?!\r\n", b"/MMM5METER\r\n", b"\x06050\r\n"
SETS = ("0.0.0(41700811)", "0.9.1(09:12:31)", "1.8.0(00074565.120*kWh)", "2.8.0(00000012.000*kWh)")


def checked(inside: bytes) -> bytes:
    return b"\x02" + inside + bytes((bcc(inside),))


def readout(*sets: str) -> bytes:
    return checked("\r\n".join(sets).encode() + b"\r\n!\r\n\x03")


def session(*answers: bytes, choice: bytes = CHOICE, identification: bytes = IDENTIFICATION) -> list[tuple[int, bytes]]:
    said = [(SENT, REQUEST), (RECEIVED, identification), (SENT, choice)]
    return said + [(RECEIVED, one) for one in answers]


def side(said: list[tuple[int, bytes]]) -> Side:
    chunks = [
        Chunk(number, number * 10**9, LINK_OCTETS, direction, octets, len(octets), -1)
        for number, (direction, octets) in enumerate(said, 1)
    ]
    return read(Pipeline().run(ListSource(chunks)))


def told(good: list[tuple[int, bytes]], bad: list[tuple[int, bytes]]) -> list[Difference]:
    return compare(side(good), side(bad))


def test_session_and_itself_have_no_difference() -> None:
    assert told(session(readout(*SETS)), session(readout(*SETS))) == []


def test_times_and_polls_that_come_again_are_no_difference() -> None:
    once = session(readout(*SETS))
    later = session(readout(SETS[0], "0.9.1(10:00:00)", *SETS[2:]))
    assert told(once, later + later) == []


def test_value_that_differs_is_less_telling() -> None:
    (one,) = told(session(readout(*SETS)), session(readout(*SETS[:2], "1.8.0(00074566.000*kWh)", SETS[3])))
    assert (one.field.split()[0], one.matters) == ("1.8.0", False)
    assert (one.good_value, one.bad_value) == ("74565.120 kWh", "74566.000 kWh")


def test_value_of_a_heat_meter_is_named_as_one() -> None:
    (one,) = told(session(readout("6.8(0066.076*MWh)9.20(12)")), session(readout("6.8(0066.076*MWh)9.20(13)")))
    assert one.field == "9.20 Device number"


def test_data_set_that_is_missing_is_named() -> None:
    (one,) = told(session(readout(*SETS)), session(readout(*SETS[:3])))
    assert (one.field, one.matters, one.good_record, one.bad_record) == ("data sets", True, 4, 4)
    assert one.text == "data: data sets lacks 2.8.0"


def test_speed_and_mode_that_are_chosen_otherwise_come_first() -> None:
    found = told(session(readout(*SETS)), session(choice=b"\x06031\r\n"))
    assert [(one.field, one.good_value, one.bad_value) for one in found[:2]] == [
        ("speed", "5", "3"),
        ("mode", "0", "1"),
    ]
    assert found[2].field == "iec62056-21-baud-switch-failed"
    assert (found[3].field, found[3].text) == ("message", "the bad capture has no data")


def test_speed_that_is_offered_is_compared() -> None:
    one, follows = told(session(), session(identification=b"/MMM3METER\r\n"))
    assert (one.field, one.good_value, one.bad_value) == ("speed", "5 (9600 Bd)", "3 (2400 Bd)")
    assert follows.text == "the acknowledgement chooses 5 (9600 Bd), the meter offered 3 (2400 Bd)"


def test_password_is_compared_by_its_length_alone() -> None:
    def with_password(word: bytes) -> list[tuple[int, bytes]]:
        command = b"\x01P1\x02(" + word + b")\x03"
        return [*session(), (SENT, command + bytes((bcc(command[1:]),))), (RECEIVED, b"\x06")]

    assert told(with_password(b"12345678"), with_password(b"87654321")) == []
    (one,) = told(with_password(b"12345678"), with_password(b"1234567"))
    assert (one.good_value, one.bad_value) == ("8 characters", "7 characters")


def telegram(*sets: str) -> bytes:
    body = b"/MMM5\\2SIM\r\n\r\n" + "\r\n".join(sets).encode() + b"\r\n!"
    digits = next(b"%04X" % value for value in range(0x10000) if judge_digits(body, b"%04X" % value))
    return body + digits + b"\r\n"


def test_telegrams_are_compared_by_their_data_sets_and_check() -> None:
    sets = ("1-3:0.2.8(50)", "0-0:1.0.0(260309183000W)", "1-0:1.8.1(000123.456*kWh)", "1-0:1.7.0(00.400*kW)")
    good = [(RECEIVED, telegram(*sets))] * 3
    later = telegram(sets[0], "0-0:1.0.0(260309183010W)", *sets[2:])
    assert told(good, [(RECEIVED, later)]) == []
    found = told(good, [(RECEIVED, telegram(*sets[:3]))])
    assert [one.text for one in found if one.matters] == ["telegram: data sets lacks 1-0:1.7.0"]
    hurt = later.replace(b"000123", b"000124")
    assert "wrong" in {one.bad_value for one in told(good, [(RECEIVED, hurt)]) if one.matters and one.field == "check"}


def test_data_sets_of_one_code_are_compared_one_by_one() -> None:
    sets = ("1-0:1.8.1(000123.456*kWh)", "1-0:1.8.1(000123.456*kWh)", "1-0:1.8.1(000123.456*kWh)")
    good, bad = [(RECEIVED, telegram(*sets))], [(RECEIVED, telegram(*sets[:2], sets[2].replace("1.8.1(", "1.8.1(1")))]
    assert [one.bad_value for one in told(good, bad)] == ["1000123.456 kWh"]
    (one,) = told(good, [(RECEIVED, telegram(*sets[:2]))])
    assert (one.text, one.matters) == ("telegram: data sets lacks 1-0:1.8.1 (3)", True)


def test_data_set_of_a_readout_that_comes_again_is_missed() -> None:
    sets = ("0.0.0(41700811)", "1.8.0(00074565.120*kWh)", "1.8.0(00074565.120*kWh)", "1.8.0(00074565.120*kWh)")
    (one,) = told(session(readout(*sets)), session(readout(*sets[:3])))
    assert (one.text, one.matters) == ("data: data sets lacks 1.8.0 (3)", True)


def test_rows_of_a_profile_that_another_period_has_are_no_difference_that_matters() -> None:
    head, row = "P.01(2603090015)(00)(15)(1)(1.5)(kW)", "(0.1)"
    found = told(session(readout(head, row, row, head, row)), session(readout(head, row)))
    assert not [one for one in found if one.matters]
