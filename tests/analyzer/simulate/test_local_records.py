"""Dialogues of the optical port, M-Bus pushes and P1 telegrams of the simulator through the whole program."""

from collections.abc import Callable
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.export.message import message_form
from analyzer.pipeline import Pipeline
from analyzer.record import NOISE, Record
from analyzer.security.keyring import Keyring, Meter
from analyzer.security.keys import Key, KeyRole
from analyzer.simulate import local_messages as messages
from analyzer.simulate import mbus_line, p1_port
from analyzer.simulate.ciphering import Seal
from analyzer.simulate.local_client import LocalClient
from analyzer.simulate.local_messages import data_set
from analyzer.simulate.mbus_line import LARGEST_LENGTH
from analyzer.simulate.sent import TO_CLIENT, Sent, Truth
from analyzer.simulate.serial_tap import OnLine, at_one_speed, listen
from analyzer.simulate.speaker import Speaker
from analyzer.simulate.uart import LineFormat, misread, octets_of_characters
from analyzer.tracking.knowledge import Knowledge
from analyzer.tracking.protection import Protection
from dissectors.tree import Severity
from tests.analyzer.simulate.test_local import client_of, dlms_meter, mode_e, programming
from tests.analyzer.tracking.build import ListSource, chunk

NOW = 1_772_964_000 * 10**9
FILL = b"\x00\xff\r\n\x8d"
"""What may stand between messages and says nothing: wake-up characters, an idle line, empty lines."""
PARITY = "line-settings-differ"


def mode_a() -> LocalClient:
    client = client_of(baud_rate_id="Z")
    client.sign_on()
    client.read_out(is_checked=False)
    return client


def mode_b() -> LocalClient:
    client = client_of(baud_rate_id="E")
    client.sign_on()
    client.read_out()
    return client


def mode_c() -> LocalClient:
    client = client_of()
    client.sign_on("41700023")
    client.select(messages.READOUT)
    client.read_out()
    return client


def mode_c_programming() -> LocalClient:
    client = programming()
    client.unlock("12345678")
    client.command("R5", "1.8.0()")
    client.command("W1", "C003(240101)")
    client.command("R1", "9.9.9()")
    client.command("R6", "P.01(;)", repeats=[1])
    client.leave()
    return client


def mode_c_refused() -> LocalClient:
    client = programming()
    client.unlock("00000000")
    return client


def mode_d() -> LocalClient:
    client = client_of(baud_rate_id="3")
    client.hear()
    return client


MODES = (mode_a, mode_b, mode_c, mode_c_programming, mode_c_refused, mode_d, mode_e)


def records_of(events: list[Sent], guard: Protection | None = None, *, has_directions: bool = True) -> list[Record]:
    chunks = [
        chunk(number, event.octets, event.direction) if has_directions else chunk(number, event.octets)
        for number, event in enumerate(events, 1)
    ]
    return list(Pipeline(None, guard).run(ListSource(chunks)))


def codes(records: list[Record]) -> set[str]:
    return {note.code for record in records for note in record.notes if note.severity > Severity.NOTE}


def kinds(records: list[Record]) -> list[str]:
    return [message_form(record)["type"] for record in records if record.link == "iec62056-21"]


def said(events: list[OnLine]) -> list[str]:
    return [sent.truth.kind for sent, format in events if format.data_bits == 7]


@pytest.mark.parametrize("has_directions", [True, False])
@pytest.mark.parametrize("mode", MODES)
def test_dialogue_of_a_mode_comes_out_message_by_message(mode: Callable[[], LocalClient], has_directions: bool) -> None:
    events = mode().events
    records = records_of([event.sent for event in events], has_directions=has_directions)
    assert codes(records) == set()
    assert [record.octets for record in records] == [event.sent.octets for event in events]
    assert kinds(records) == said(events)


@pytest.mark.parametrize("mode", MODES)
def test_dialogue_seen_with_eight_bits_comes_out_the_same_and_says_so(mode: Callable[[], LocalClient]) -> None:
    events = mode().events
    records = records_of(listen(events))
    assert codes(records) == {PARITY}
    assert kinds(records) == said(events)
    assert not any(record.kind == NOISE for record in records)


@pytest.mark.parametrize("baud", [300, 2400, 9600])
def test_listener_at_one_speed_has_his_half_and_noise(baud: int) -> None:
    heard = listen(mode_e().events, at_one_speed(LineFormat(baud)))
    records = records_of(heard)
    assert sum(len(record.octets) for record in records) == sum(len(event.octets) for event in heard)
    assert ("hdlc" in {record.link for record in records}) == (baud == 9600)


@given(
    st.sampled_from(MODES), st.sampled_from("78"), st.sampled_from("NE"), st.fractions(Fraction(-1, 5), Fraction(1, 5))
)
def test_any_receiver_gives_records_of_all_its_octets_but_fill(
    mode: Callable[[], LocalClient], bits: str, parity: str, error: Fraction
) -> None:
    heard = []
    for sent, format in mode().events:
        octets = octets_of_characters(misread(sent.octets, format, LineFormat(9600, int(bits), parity), error=error))
        heard += [sent._replace(octets=octets)] if octets else []
    records = records_of(heard, has_directions=False)
    whole, kept = (b"".join(one.octets for one in several) for several in (heard, records))
    assert whole.translate(None, FILL) == kept.translate(None, FILL)


@pytest.mark.parametrize("length", [40, 128, mbus_line.USUAL_LENGTH, 255, 256, 257, LARGEST_LENGTH])
def test_push_over_mbus_comes_out_whole_whatever_its_frames_hold(length: int) -> None:
    speaker = Speaker(dlms_meter(), 103, start_ns=NOW, seed=1)
    notification = b"\x0f\x00\x00\x00\x01\x00\x09\x82\x01\xf4" + bytes(range(250)) * 2
    speaker.say(TO_CLIENT, notification)
    units = mbus_line.carry(speaker.dialogue, start_ns=NOW, length=length)
    records = records_of(units)
    assert codes(records) == set()
    assert [record.apdu.octets for record in records if record.apdu is not None] == [notification]
    assert len(records) == len(units) == -(-len(notification) // (length - 5))


TELEGRAM = p1_port.telegram(
    "MMM5\\2SIM", [data_set("1-0:1.8.1", "000123.456", "kWh"), data_set("1-0:1.7.0", "00.5", "kW")]
)
SEAL = Seal(0x30, bytes(range(16)), bytes(range(0xD0, 0xE0)), b"MMM\x00\x00\xbc\x61\x4e")


def pushed(*telegrams: bytes) -> list[Sent]:
    return [Sent(NOW + number, TO_CLIENT, octets, Truth("telegram")) for number, octets in enumerate(telegrams)]


@pytest.mark.parametrize("has_crc", [True, False])
def test_telegrams_come_out_one_by_one(has_crc: bool) -> None:
    octets = TELEGRAM if has_crc else TELEGRAM[:-6] + b"\r\n"
    records = records_of(pushed(octets, octets, octets))
    assert [(record.link, record.octets) for record in records] == [("p1", octets)] * 3
    assert codes(records) == set()
    assert message_form(records[0])["crc"] == ("ok" if has_crc else "absent")


def test_ciphered_telegram_opens_to_its_text() -> None:
    meter = Meter(server_title=SEAL.title)
    meter.keys = {
        KeyRole.GUEK: Key(KeyRole.GUEK, SEAL.key, meter.place),
        KeyRole.GAK: Key(KeyRole.GAK, SEAL.authentication_key, meter.place),
    }
    guard = Protection(Keyring([meter]), Knowledge(None))
    records = records_of(pushed(*(p1_port.ciphered(TELEGRAM, SEAL, counter) for counter in (7, 8))), guard)
    assert codes(records) == set()
    assert [(one.closed.status, one.closed.plaintext) for one in records if one.closed] == [("verified", TELEGRAM)] * 2
