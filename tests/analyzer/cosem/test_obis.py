from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.cosem.logical_name import obis_from_text, obis_text
from analyzer.cosem.obis import obis_name

WELL_KNOWN = [
    line.split(" ", 1)
    for line in (Path(__file__).parent / "well_known.txt").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
]


@pytest.mark.parametrize(
    "text",
    [
        "1-0:1.8.0*255",
        "1.0.1.8.0.255",
        "1-0:1.8.0.255",
        "1-0:1.8.0",
        "0100010800FF",
        "01 00 01 08 00 ff",
        " 1-0:1.8.0&255 ",
    ],
)
def test_obis_from_text_in_each_written_form_gives_the_octets(text: str) -> None:
    assert obis_from_text(text) == bytes((1, 0, 1, 8, 0, 255))


@pytest.mark.parametrize(
    "text", ["", "1.8.0", "1-0:1.8", "1-0:1.8.0*", "0100010800", "Clock", "1-0:1.8.x*255", "١-0:1.8.0*255"]
)
def test_obis_from_text_of_something_else_says_what_was_expected(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected six value groups such as 1-0:1\.8\.0\*255"):
        obis_from_text(text)


def test_obis_from_text_with_a_group_above_255_says_so() -> None:
    with pytest.raises(ValueError, match="more than 255"):
        obis_from_text("1-0:1.8.0*256")


def test_obis_text_of_other_lengths_is_hex() -> None:
    assert obis_text(bytes((0, 1, 0xAB))) == "0001AB"
    assert obis_text(b"") == ""


@given(st.binary(min_size=6, max_size=6))
def test_obis_text_read_back_gives_the_octets(octets: bytes) -> None:
    assert obis_from_text(obis_text(octets)) == octets


@given(st.binary(max_size=8))
def test_obis_name_of_any_octets_is_a_text_or_nothing(octets: bytes) -> None:
    name = obis_name(octets)
    assert name is None or (len(octets) == 6 and name.strip() == name != "" and "{" not in name)


@given(st.sampled_from((0, 1, 4, 5, 6, 7, 8, 9)), st.binary(min_size=5, max_size=5))
def test_obis_name_of_an_assigned_medium_is_a_text_or_nothing(medium: int, rest: bytes) -> None:
    name = obis_name(bytes((medium,)) + rest)
    assert name is None or "{" not in name


@pytest.mark.parametrize(("code", "name"), WELL_KNOWN)
def test_obis_name_of_a_well_known_object_is_that_of_the_list(code: str, name: str) -> None:
    assert obis_name(obis_from_text(code)) == name


def test_well_known_objects_are_all_named_differently() -> None:
    names = [(code[0], name) for code, name in WELL_KNOWN]
    assert len(names) == 322
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("code", "name"),
    [
        # energies and powers, as the field says them
        ("1-0:1.8.0*255", "Active energy import (+A)"),
        ("1-0:1.8.1*255", "Active energy import (+A), tariff 1"),
        ("1-0:2.8.0*255", "Active energy export (-A)"),
        ("1-0:3.8.0*255", "Reactive energy import (+R)"),
        ("1-0:1.7.0*255", "Active power import (+P)"),
        ("1-0:21.7.0*255", "Active power import (+P) L1"),
        ("1-0:61.8.2*255", "Active energy import (+A) L3, tariff 2"),
        ("1-0:1.29.0*255", "Active energy import (+A), recording interval 1"),
        ("1-0:1.6.2*255", "Active power import (+P), maximum 1, tariff 2"),
        ("1-0:9.7.0*255", "Apparent power import (+S)"),
        # phases
        ("1-0:32.7.0*255", "Voltage L1"),
        ("1-0:72.7.0*255", "Voltage L3"),
        ("1-0:51.7.0*255", "Current L2"),
        ("1-0:91.7.0*255", "Current neutral"),
        ("1-0:124.7.0*255", "Line voltage L1-L2"),
        ("1-0:14.7.0*255", "Supply frequency"),
        ("1-0:13.7.0*255", "Power factor"),
        ("1-0:33.7.0*255", "Power factor L1"),
        # what E says depends on C and D
        ("1-0:32.7.3*255", "Voltage L1, harmonic 3"),
        ("1-0:31.7.124*255", "Current L1, total harmonic distortion"),
        ("1-0:81.7.4*255", "Phase angle I(L1) to U(L1)"),
        ("1-0:81.7.1*255", "Phase angle U(L2) to U(L1)"),
        ("1-0:81.7.8*255", "Phase angle, E 8"),
        ("1-0:32.32.0*255", "Voltage L1, under limit occurrences"),
        ("1-0:32.32.12*255", "Voltage L1, under limit occurrences, dips by 15..30 % for 0.5..1 s"),
        # B and F
        ("1-1:1.8.0*255", "Active energy import (+A), channel 1"),
        ("1-70:1.8.0*255", "Active energy import (+A), utility specific channel 70"),
        ("1-0:1.8.0*3", "Active energy import (+A), billing period 3"),
        ("1-0:1.8.0*101", "Active energy import (+A), last billing period"),
        ("0-2:24.2.1*255", "M-Bus value 1, channel 2"),
        ("7-0:23.1.0*255", "Gas forward absolute logger volume, corrected"),
        ("7-0:36.0.0*255", "Gas reverse absolute energy, metering conditions"),
        ("7-0:66.2.0*255", "Gas reverse absolute mass, base conditions"),
        ("7-0:0.2.0*255", "Gas device program version"),
        ("0-0:94.91.14*255", "Cumulative power on duration (India)"),
        ("0-0:96.50.68*255", "Disconnect control (Hungary)"),
        ("0-0:96.50.67*255", "Manufacturer specific object 50.67"),
        ("1-1:31.4.0*255", "Current threshold (Luxembourg)"),
        ("1-0:31.4.0*255", "Current threshold of the fuse, L1 (P1 companion)"),
        ("0-0:96.13.3*255", "Consumer message 3"),
        ("1-0:96.5.0*255", "Internal operating status"),
        ("1-0:96.7.2*255", "Number of power failures in phase L2"),
        ("1-0:96.8.0*255", "Time of operation"),
        # instances and series
        ("0-0:43.1.2*255", "Invocation counter, instance 2"),
        ("0-0:96.1.9*255", "Device ID 10"),
        ("0-0:96.7.17*255", "Duration of last long power failure in phase L2"),
        ("0-0:96.20.17*255", "Strong DC magnetic field event duration"),
        ("0-0:96.3.24*255", "Arbitrator, instance 4"),
        ("0-0:19.11.2*255", "Credit 3 of account 2"),
        # ranges that somebody else fills
        ("1-0:150.8.0*255", "Manufacturer specific (electricity)"),
        ("1-0:1.200.0*255", "Manufacturer specific (electricity)"),
        ("0-0:96.1.128*255", "Manufacturer specific (abstract)"),
        ("0-130:1.0.0*255", "Manufacturer specific (abstract)"),
        ("1-1:0.2.129*255", "OBIS list version identifier, channel 1"),
        ("0-0:96.55.3*255", "Manufacturer specific object 55.3"),
        ("0-0:94.31.200*255", "Country specific (Netherlands) 31.200"),
        ("1-0:94.99.0*255", "Country specific 99.0"),
        ("0-0:94.91.10*255", "Name plate profile (India)"),
        ("0-0:94.96.20*255", "In India: payment mode"),
        ("0-0:94.96.30*255", "Country specific (Saudi Arabia) 96.30"),
        ("0-0:99.98.0*255", "Event log 1 (IDIS: standard, India: voltage)"),
        ("0-2:99.98.3*255", "Event log 4 (DSMR: M-Bus, India: transactions), channel 2"),
        ("0-0:99.98.7*255", "Event log 8"),
        ("1-0:94.91.0*255", "Instantaneous profile (India)"),
        ("0-0:93.5.1*255", "Consortium specific 5.1"),
        # what no list names
        ("0-0:25.33.1*255", "Internet setup object 33.1"),
        ("1-0:1.99.0*255", "Active power import (+P), D 99"),
        ("7-1:3.2.0*255", "Gas forward absolute meter volume, base conditions, channel 1"),
        ("7-0:3.13.1*255", "Gas forward absolute meter volume, corrected, this measurement period 2, tariff 1"),
        ("5-0:1.0.0*255", "Cooling energy"),
        ("9-0:1.2.0*255", "Hot water volume, set date"),
    ],
)
def test_obis_name_composed_from_value_groups(code: str, name: str) -> None:
    assert obis_name(obis_from_text(code)) == name


@pytest.mark.parametrize("code", ["3-0:1.8.0*255", "1-0:110.8.0*255", "0-0:5.0.0*255", "255-255:255.255.255*255"])
def test_obis_name_of_an_unassigned_code_is_nothing(code: str) -> None:
    assert obis_name(obis_from_text(code)) is None


@pytest.mark.parametrize("medium", [0, 1, 4, 6, 7, 8])
def test_obis_names_differ_where_the_code_differs_in_c_d_or_e(medium: int) -> None:
    seen: dict[str, bytes] = {}
    same: list[str] = []
    for c, d in product(range(128), range(128)):
        for e in (0, 1, 2, 4, 6, 12, 20, 64, 124):
            code = bytes((medium, 0, c, d, e, 255))
            name = obis_name.__wrapped__(code)
            if name is None:
                continue
            if name in seen:
                same.append(f"{obis_text(seen[name])} {obis_text(code)} {name}")
            seen[name] = code
    assert len(seen) > 1000
    assert same == []
