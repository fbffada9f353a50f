"""Compact frames of Italian gas meters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.cosem.compact_frames import compact_frame
from analyzer.tracking.readings import readings_of
from tests.analyzer.cosem.data import octet_string, structure
from tests.analyzer.tracking.lines import get, push, session

TIME = (1_772_438_400).to_bytes(4, "big")  # 2026-03-02 08:00:00 UTC
COMMON = (
    "0102"  # network status
    "01 01"  # valve: output_state, control_state
    "0005 0011 0200"  # metrological event counter, event counter, daily diagnostic
    "00003039 00000007"  # converted volume, the same under alarm
)
CONTENT_A = b"\x2f" + TIME + bytes.fromhex(COMMON + "0C 00000101")
DAY = TIME + bytes.fromhex("0000 00003030 00000006")
CONTENT_B = b"\x30" + TIME + bytes.fromhex(COMMON) + b"\x03" + 3 * DAY + bytes.fromhex("0C 00000101")
COUNTERS = b"\x33\x10" + b"XXX0000000000001" + bytes.fromhex("00000001 00000002 00000003 00000004")


def shown(octets: bytes) -> list[tuple[str, object]]:
    found = compact_frame(octets)
    return [(one.field.logical_name.hex("."), one.datum.value) for one in found.values] if found else []


@pytest.mark.parametrize("spare", [b"", b"\x00", b"\x02AB"])
def test_content_a_has_its_values_and_their_time(spare: bytes) -> None:
    found = compact_frame(CONTENT_A + spare)
    assert found is not None
    assert found.title.startswith("UNI/TS 11291 compact frame 47")
    assert {one.time for one in found.values} == {"2026-03-02T08:00:00+00:00"}
    assert shown(CONTENT_A)[7:9] == [("07.00.0d.02.00.ff", 12345), ("07.00.0c.02.00.ff", 7)]
    assert [one[1] for one in shown(CONTENT_A)][1:7] == [0x102, True, 1, 5, 0x11, 0x200]
    assert shown(CONTENT_A)[-2:] == [("07.00.00.01.00.ff", 12), ("00.00.2b.01.01.ff", 0x101)]


def test_content_b_holds_the_last_days_between() -> None:
    found = shown(CONTENT_B + b"\x00")
    assert len(found) == 11 + 3 * 3
    assert found[9:12] == [("07.01.60.05.01.ff", 0), ("07.00.0d.02.00.ff", 0x3030), ("07.00.0c.02.00.ff", 6)]


def test_content_c_is_read_up_to_its_billing_part() -> None:
    body = b"\x31" + CONTENT_B[1:67]
    assert len(shown(body + bytes(55))) == len(shown(CONTENT_B)) - 1
    assert shown(body + bytes(20)) == []


def test_frame_counters_have_the_name_in_front() -> None:
    assert shown(COUNTERS) == [
        ("00.00.2a.00.00.ff", b"XXX0000000000001"), ("00.00.2b.01.01.ff", 1), ("00.01.2b.01.01.ff", 2),
        ("00.00.2b.01.30.ff", 3), ("00.00.2b.01.03.ff", 4),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        CONTENT_A[:-1],
        CONTENT_A + b"\x05AB",
        b"\x2f" + bytes.fromhex("01020304") + CONTENT_A[5:],
        b"\x07" + bytes(16),
    ],
)
def test_other_octets_are_no_frame(octets: bytes) -> None:
    assert compact_frame(octets) is None


@given(st.binary(max_size=200))
def test_any_octets_are_read_or_refused(octets: bytes) -> None:
    for first in (47, 48, 49, 51):
        compact_frame(bytes((first,)) + octets)


def test_pushed_frame_gives_readings_that_say_they_were_recognised() -> None:
    made, records = session(push(structure(octet_string(CONTENT_A + b"\x00"))))
    found = list(readings_of(records[0], made.model))
    assert [(one.name, one.text) for one in found[2:4]] == [
        ("Valve, output_state", "connected"),
        ("Valve, control_state", "connected (1)"),
    ]
    volume = found[7]
    assert (volume.value, volume.unit, volume.time) == (12345, "", "2026-03-02T08:00:00+00:00")
    assert volume.basis == "layout UNI/TS 11291 compact frame 47, content A (Italy)"


def test_compact_data_that_is_asked_for_is_told_too() -> None:
    made, records = session(get(62, "0-0:66.0.51", 2, octet_string(COUNTERS)))
    found = made.values(records[1])
    assert [one.name for one in found[:2]] == ["Compact data, instance 51", "COSEM logical device name"]
    assert found[1].plain == "XXX0000000000001"
