"""Mode C and E through the real source class on the UART model: a tap that follows sees the session in full."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.simulate import local_messages as messages
from analyzer.simulate import model
from analyzer.simulate.client import Client, Target
from analyzer.simulate.hdlc_line import HdlcLink
from analyzer.simulate.local_client import LocalClient
from analyzer.simulate.local_meter import LocalMeter, contents_of, profile_rows
from analyzer.simulate.meter import Meter
from analyzer.simulate.recipes_ports import LINE_MS
from analyzer.simulate.sent import SECOND
from analyzer.simulate.serial_tap import OnLine
from analyzer.tracking.line_follower import SIGN_ON, SPEEDS, LineFollower
from dissectors.hdlc import Address
from tests.analyzer.live.recorded import record_line, records_in

START_NS = 1_772_442_000 * SECOND
BAUD_IDS = sorted(messages.SPEEDS)


def optical(seed: int, **members: object) -> LocalClient:
    meter = Meter(model.electricity_meter("41700811", start_ns=START_NS, rows=4))
    local = LocalMeter(contents_of(meter, "41700811"), profile=profile_rows(meter, 4), **members)  # type: ignore[arg-type]
    return LocalClient(local, start_ns=START_NS, seed=seed)


def said_octets(events: list[OnLine]) -> list[bytes]:
    return [event.sent.octets for event in events]


@pytest.mark.parametrize("baud_id", BAUD_IDS)
def test_readout_in_mode_c_is_followed_to_every_speed(baud_id: str, tmp_path: Path) -> None:
    client = optical(int(baud_id), baud_rate_id=baud_id)
    for _ in range(2):  # the second session begins at 300 Bd again
        client.sign_on()
        client.select(messages.READOUT)
        client.read_out()
        client.wait(6_000)
    said, _ = record_line(client.events, LineFollower(SIGN_ON), tmp_path / "c.pcapng")
    records = records_in(tmp_path / "c.pcapng")
    assert [one.octets for one in records] == said_octets(client.events)
    assert not [note for one in records for note in one.notes if note.code != "comment"]
    if baud_id != "0":
        assert any(f"{SPEEDS[baud_id]} 7E1: the option select chose" in text for text in said)


def test_programming_in_mode_c_is_left_at_the_break(tmp_path: Path) -> None:
    client = optical(7)
    for _ in range(2):
        client.sign_on()
        client.select(messages.PROGRAMMING)
        client.unlock("12345678")
        client.command("R1", "0.0.0()")
        client.leave()
        client.wait(1_500)
    said, _ = record_line(client.events, LineFollower(SIGN_ON), tmp_path / "p.pcapng")
    assert [one.octets for one in records_in(tmp_path / "p.pcapng")] == said_octets(client.events)
    assert sum("break: back" in text for text in said) == 2


@pytest.mark.parametrize("letter", sorted(messages.MODE_B_SPEEDS))
def test_mode_b_is_followed_at_the_identification(letter: str, tmp_path: Path) -> None:
    client = optical(11, baud_rate_id=letter)
    client.sign_on()
    client.read_out()
    record_line(client.events, LineFollower(SIGN_ON), tmp_path / "b.pcapng")
    assert [one.octets for one in records_in(tmp_path / "b.pcapng")] == said_octets(client.events)


@pytest.mark.parametrize("baud_id", BAUD_IDS)
def test_mode_e_is_followed_to_hdlc_and_back(baud_id: str, tmp_path: Path) -> None:
    client = optical(21, baud_rate_id=baud_id, modes=("2",))
    for seed in (1, 2):
        client.sign_on()
        meter = Meter(model.electricity_meter("41700813", start_ns=START_NS, rows=2))
        reader = Client(meter, 16, start_ns=client.now_ns + 2 * SECOND, seed=seed, carrying_ms=LINE_MS)
        reader.associate()
        reader.get(Target(8, model.CLOCK))
        reader.release()
        client.carry(HdlcLink(16, Address(1, 17, 2), seed=seed), reader.dialogue)
        client.wait(4_000)
    record_line(client.events, LineFollower(SIGN_ON), tmp_path / "e.pcapng")
    records = records_in(tmp_path / "e.pcapng")
    assert b"".join(one.octets for one in records) == b"".join(said_octets(client.events))
    assert {one.link for one in records} == {"iec62056-21", "hdlc"}
    assert not [note for one in records for note in one.notes if note.severity > 1]


def test_tap_sets_its_modem_lines_before_it_opens_and_never_sends(tmp_path: Path) -> None:
    client = optical(31)
    client.sign_on()
    _, calls = record_line(client.events, LineFollower(SIGN_ON), tmp_path / "t.pcapng")
    opened = calls.index("open")
    assert {"rts=False", "dtr=False", "xonxoff=False", "exclusive=True"} <= set(calls[:opened])
    assert not [call for call in calls[opened:] if call.startswith(("rts", "dtr"))]
