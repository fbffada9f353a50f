"""Readings of IEC 62056-21 and P1: values as the meter writes them, with their own times, names and columns."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.cosem.logical_name import obis_text
from analyzer.session import Session
from analyzer.tracking.readings import Reading, readings_of
from captures import source_from_hex


def checked(message: str) -> bytes:
    """A message from its SOH or STX to its ETX or EOT, with its check character."""
    octets, check = message.encode("latin-1"), 0
    for octet in octets[1:]:
        check ^= octet
    return octets + bytes([check])


def readings(*messages: tuple[str, bytes]) -> list[Reading]:
    """The readings of messages, each with its direction."""
    found: list[Reading] = []
    with source_from_hex("\n".join(f"{way}: {octets.hex(' ')}" for way, octets in messages)) as source:
        made = Session(source)
        for record in made.records():
            found += readings_of(record, made.model)
    return found


def told(found: list[Reading]) -> list[tuple[str, str, object, str]]:
    """Time, code or name, value and unit."""
    return [
        (one.time, obis_text(one.object.logical_name) if one.object.logical_name else one.name, one.value, one.unit)
        for one in found
    ]


def telegram(*lines: str) -> bytes:
    return "\r\n".join(["/ISK5\\2M550T-1012", "", *lines, "!", ""]).encode()


def test_telegram_gives_numbers_in_their_units_and_texts_as_they_stand() -> None:
    found = readings(
        (
            "RX",
            telegram(
                "0-0:1.0.0(241121104500W)", "0-0:96.1.1(4B384547)", "1-0:1.8.1(000123.456*kWh)", "0-0:96.14.0(0002)"
            ),
        )
    )
    time = "2024-11-21T10:45:00"
    assert told(found) == [
        (time, "0-0:1.0.0*255", time, ""),
        (time, "0-0:96.1.1*255", "K8EG", ""),
        (time, "1-0:1.8.1*255", Decimal("123.456"), "kWh"),
        (time, "0-0:96.14.0*255", "0002", ""),
    ]
    assert {one.meter for one in found} == {"K8EG"}
    assert (found[2].raw, found[2].text, found[2].basis) == ("000123.456", "123.456 kWh", "")


def test_hungarian_month_end_names_its_values_by_their_order_and_units() -> None:
    units = ["kWh"] * 6 + ["kvarh"] * 6 + ["kWh"] + ["kW"] * 6
    month = "".join(f"({number:03}.000*{unit})" for number, unit in enumerate(units, 1))
    found = readings(("RX", telegram("0-0:1.0.0(260301120000W)", f"0-0:98.1.0(260301000000W){month}")))[1:]
    assert told(found)[:2] == [
        ("2026-03-01T00:00:00", "1-0:1.8.0*255", Decimal(1), "kWh"),
        ("2026-03-01T00:00:00", "1-0:1.8.1*255", Decimal(2), "kWh"),
    ]
    assert [code for _, code, _, _ in told(found)[12:15]] == ["1-0:15.8.0*255", "1-0:1.6.0*255", "1-0:1.6.1*255"]
    assert {one.basis for one in found} == {"layout month end of P1 (Hungary)"}
    other = readings(("RX", telegram(f"0-0:98.1.0(260301000000W){month}(1*kW)")))
    assert {code for _, code, _, _ in told(other)} == {"0-0:98.1.0*255"}
    assert {one.basis for one in other} == {""}


def test_power_factor_whose_unit_is_a_dash_is_named() -> None:
    block = "\x020.0.0(12345678)\r\n13.7(0.99*-)\r\n33.7.0(0.97*-)\r\n8.5(3*-)\r\n!\r\n\x03"
    found = readings(("RX", b"/MMM5SIM\r\n"), ("RX", checked(block)))
    assert [code for _, code, _, _ in told(found)[1:]] == ["1-0:13.7.0*255", "1-0:33.7.0*255", "8.5"]


def test_value_with_its_own_time_has_that() -> None:
    found = readings(
        (
            "RX",
            telegram(
                "0-0:1.0.0(241121104500W)",
                "0-1:24.2.1(241121100000W)(00000.107*m3)",
                "1-0:99.97.0(2)(0-0:96.7.19)(101208152415W)(0000000240*s)(101208151004W)(0000000301*s)",
            ),
        )
    )
    assert told(found)[1:] == [
        ("2024-11-21T10:00:00", "0-1:24.2.1*255", Decimal("0.107"), "m3"),
        ("2010-12-08T15:24:15", "0-0:96.7.19*255", Decimal(240), "s"),
        ("2010-12-08T15:10:04", "0-0:96.7.19*255", Decimal(301), "s"),
    ]


def test_gas_of_the_older_telegram_stands_on_the_line_below() -> None:
    found = readings(("RX", telegram("0-1:24.3.0(161107190000)(00)(60)(1)(0-1:24.2.1)(m3)", "(00001.001)")))
    assert told(found) == [("2016-11-07T19:00:00", "0-1:24.2.1*255", Decimal("1.001"), "m3")]


def test_readout_takes_codes_without_groups_as_electricity() -> None:
    block = "\x02F.F(00)\r\n0.0.0(12345678)\r\n0.9.1(10:45:00)\r\n0.9.2(24-11-21)\r\n1.8.0*01(00123.4*kWh)\r\n1.6.0(01.234*kW)(2411201045)\r\n6.8(0001.2*MWh)\r\n!\r\n\x03"
    found = readings(("TX", b"/?!\r\n"), ("RX", b"/MMM5SIM\r\n"), ("TX", b"\x06050\r\n"), ("RX", checked(block)))
    now = "2024-11-21T10:45:00"
    assert told(found) == [
        (now, "0-0:97.97.0*255", "00", ""),
        (now, "1-0:0.0.0*255", "12345678", ""),
        (now, "1-0:0.9.1*255", "10:45:00", ""),
        (now, "1-0:0.9.2*255", "24-11-21", ""),
        (now, "1-0:1.8.0*1", Decimal("123.4"), "kWh"),
        ("2024-11-20T10:45:00", "1-0:1.6.0*255", Decimal("1.234"), "kW"),
        (now, "6.8", Decimal("1.2"), "MWh"),
    ]
    assert found[4].basis == "1.8.0*01 as electricity"
    assert {one.meter for one in found} == {"12345678"}


def test_answer_without_a_name_has_that_of_the_command() -> None:
    found = readings(
        ("RX", b"/MMM5SIM\r\n"),
        ("TX", checked("\x01R5\x021-0:1.8.0()\x03")),
        ("RX", checked("\x02(00123.456*kWh)\x03")),
    )
    assert told(found) == [("", "1-0:1.8.0*255", Decimal("123.456"), "kWh")]
    assert found[0].meter == "MMM SIM"


def test_rows_of_a_profile_go_on_over_blocks_and_count_once_that_come_again_after_a_nak() -> None:
    head = checked("\x02P.01(0241121230000)(00)(30)(2)(1.8.0)(kWh)(2.8.0)(kWh)\r\n(1.0)(9.0)\r\n\x04")
    rows = checked("\x02(2.0)(8.0)\r\n(3.0)(7.0)\r\n\x04")
    last = checked("\x02(4.0)(6.0)\r\n\x03")
    ask = checked("\x01R6\x02P.01(;)\x03")
    found = readings(
        ("TX", ask), ("RX", head), ("TX", b"\x06"), ("RX", rows), ("TX", b"\x15"), ("RX", rows), ("TX", b"\x06"), ("RX", last)
    )  # fmt: skip
    of_import = [(time, value) for time, code, value, _ in told(found) if code == "1-0:1.8.0*255"]
    second, third = ("2024-11-21T23:30:00", Decimal("2.0")), ("2024-11-22T00:00:00", Decimal("3.0"))
    assert of_import == [
        ("2024-11-21T23:00:00", Decimal("1.0")), second, third, ("2024-11-22T00:30:00", Decimal("4.0")),
    ]  # fmt: skip


def test_block_with_a_wrong_sum_says_so_and_the_good_one_after_the_nak_gives_its_readings() -> None:
    good = checked("\x02(00123.456*kWh)\x03")
    bad = good.replace(b"123.4", b"123.5")
    ask = checked("\x01R5\x021-0:1.8.0()\x03")
    found = readings(("TX", ask), ("RX", bad), ("TX", b"\x15"), ("RX", good))
    assert [(one.value, one.status) for one in found] == [
        (Decimal("123.556"), "check character wrong"), (Decimal("123.456"), ""),
    ]  # fmt: skip


def readout(*lines: str) -> list[Reading]:
    block = "\x02" + "\r\n".join([*lines, "!", ""]) + "\x03"
    return readings(("TX", b"/?!\r\n"), ("RX", b"/MMM5SIM\r\n"), ("TX", b"\x06050\r\n"), ("RX", checked(block)))


def test_codes_of_a_heat_meter_are_none_of_electricity() -> None:
    found = readout(
        "0.0(12345678)", "6.8(0328.881*MWh)6.26(03329.74*m3)", "6.8*01(0300.000*MWh)9.20(12345678)", "9.22(R)"
    )
    assert {one.meter for one in found} == {"12345678"}
    assert [one.name for one in found] == [
        "Heat meter ID", "Heat energy", "Volume", "Heat energy, billing period 1", "Device number", "9.22",
    ]  # fmt: skip
    assert not any(one.object.logical_name for one in found)


def test_period_that_was_closed_by_hand_is_told_from_that_of_the_meter() -> None:
    found = readout("1.8.1*12(0075.5341*kWh)", "1.8.1&12(0000.0000*kWh)")
    name = "Active energy import (+A), tariff 1, billing period 12"
    assert [one.name for one in found] == [name, f"{name}, reset by hand"]


def test_spans_of_days_are_no_billing_periods() -> None:
    found = readout("1-0:1.8.0*96(00001.0*kWh)", "1-0:1.8.0*98(00030.0*kWh)", "1-0:1.8.0*100(00100.0*kWh)")
    energy = "Active energy import (+A)"
    assert [one.name for one in found] == [
        f"{energy}, last day",
        f"{energy}, last 30 days",
        f"{energy}, since the last reset",
    ]
    (alone,) = readout("1-0:1.8.0*96(00001.0*kWh)")
    assert alone.name == f"{energy}, billing period 96"


def test_constants_and_periods_are_named_in_whatever_unit() -> None:
    found = readout("0.3.0(5000*imp/kWh)", "0.8.0(15*min)")
    assert [obis_text(one.object.logical_name) for one in found] == ["1-0:0.3.0*255", "1-0:0.8.0*255"]


def test_type_of_a_device_names_its_value() -> None:
    found = readings(("RX", telegram("0-1:24.1.0(003)", "0-1:24.2.1(241121100000W)(00000.107*m3)", "0-2:24.2.1(1*m3)")))
    assert [(one.name, one.text) for one in found] == [
        ("M-Bus client, channel 1", "gas (3)"),
        ("M-Bus value 1, channel 1, gas", "0.107 m3"),
        ("M-Bus value 1, channel 2", "1 m3"),
    ]


def test_filling_of_a_message_is_no_text_of_it() -> None:
    octets = telegram("0-0:96.13.0(HELLO@@@)").replace(b"@", b"\xff")
    assert [one.text for one in readings(("RX", octets))] == ["HELLO"]


@pytest.mark.parametrize("command", ["P1", "W1"])
def test_what_a_client_writes_is_no_reading(command: str) -> None:
    assert readings(("TX", checked(f"\x01{command}\x02C003(12345678)\x03"))) == []


@given(st.lists(st.text("0123456789.-:*()&SWkhAP\\\r\n \x00é", max_size=60), max_size=6))
def test_any_telegram_gives_readings_without_an_exception(lines: list[str]) -> None:
    for one in readings(("RX", telegram(*lines))):
        assert one.text.isprintable()
        assert one.name.isprintable()
