"""The optical port: messages as published, modes A to E, times of the line, and what a listener with 8N1 sees."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.simulate import local_messages as messages
from analyzer.simulate import model
from analyzer.simulate.client import Client
from analyzer.simulate.forms import nanoseconds
from analyzer.simulate.hdlc_line import HdlcLink
from analyzer.simulate.local_client import LocalClient
from analyzer.simulate.local_meter import LocalMeter, Phase, contents_of, profile_rows
from analyzer.simulate.meter import Meter
from analyzer.simulate.sent import MILLISECOND, SECOND, TO_CLIENT, TO_METER
from analyzer.simulate.serial_tap import OnLine, at_one_speed, listen
from analyzer.simulate.speaker import Target
from analyzer.simulate.uart import LineFormat
from dissectors.hdlc import Address
from tests.analyzer.simulate import reading

NOW = nanoseconds(2026, 3, 5, 10, 0, 0)


def published(text: str) -> bytes:
    """Octets written as text with names for the control characters."""
    names = {"SOH": 1, "STX": 2, "ETX": 3, "EOT": 4, "ACK": 6, "CR": 13, "LF": 10}
    return b"".join(bytes((names[word],)) if word in names else word.encode() for word in text.split(" "))


@pytest.mark.parametrize(
    ("built", "expected", "check"),
    [
        (messages.command("P0", "(00000000)"), "SOH P0 STX (00000000) ETX", 0x60),
        (messages.command("P1", "(12345678)"), "SOH P1 STX (12345678) ETX", 0x69),
        (messages.command("P2", "(12345678)"), "SOH P2 STX (12345678) ETX", 0x6A),
        (messages.command("R1", "1.8.0()"), "SOH R1 STX 1.8.0() ETX", 0x5A),
        (messages.command("R5", "1-0:1.8.0()"), "SOH R5 STX 1-0:1.8.0() ETX", 0x48),
        (messages.command("R6", "P.01(1;)"), "SOH R6 STX P.01(1;) ETX", 0x11),
        (messages.command("W1", "C003(240101)"), "SOH W1 STX C003(240101) ETX", 0x10),
        (messages.command("W5", "0.9.2(241121)"), "SOH W5 STX 0.9.2(241121) ETX", 0x5C),
        (messages.command("E2", "C001()"), "SOH E2 STX C001() ETX", 0x05),
        (messages.command("B0"), "SOH B0 ETX", 0x71),
        (messages.block("1.8.0(00123.456*kWh)"), "STX 1.8.0(00123.456*kWh) ETX", 0x6C),
        (messages.block("(ERROR01)"), "STX (ERROR01) ETX", 0x5B),
        (
            messages.readout(["F.F(00)", "0.0.0(12345678)", "1.8.0(00123.456*kWh)"]),
            "STX F.F(00) CR LF 0.0.0(12345678) CR LF 1.8.0(00123.456*kWh) CR LF ! CR LF ETX",
            0x5B,
        ),
    ],
)
def test_message_is_built_as_published(built: bytes, expected: str, check: int) -> None:
    assert built == published(expected) + bytes((check,))


def test_sign_on_is_built_as_published() -> None:
    assert messages.request("12345678") == b"/?12345678!\r\n"
    assert messages.identification("LGZ", "5", "ZMD3104407.B32", ["2"]) == b"/LGZ5\\2ZMD3104407.B32\r\n"
    assert messages.option_select("0", "5", "1") == published("ACK 051 CR LF")


def test_data_set_shows_its_values_and_units() -> None:
    assert str(messages.data_set("1.6.0", "01.234", "kW", "2411211045")) == "1.6.0(01.234*kW)(2411211045)"


def dlms_meter() -> Meter:
    return Meter(model.electricity_meter("41700023", start_ns=NOW, rows=12))


def client_of(**members: object) -> LocalClient:
    meter = dlms_meter()
    local = LocalMeter(contents_of(meter, "41700023"), profile=profile_rows(meter, 9), **members)  # type: ignore[arg-type]
    return LocalClient(local, start_ns=NOW, seed=1)


def spoken(client: LocalClient) -> list[str]:
    """What is said, as it is read aloud: side, kind, speed."""
    return [
        f"{'>' if sent.direction == TO_METER else '<'} {sent.truth.kind} {format}" for sent, format in client.events
    ]


def test_mode_a_speaks_at_300_baud_throughout() -> None:
    client = client_of(baud_rate_id="Z")
    assert client.sign_on()
    client.read_out(is_checked=False)
    assert spoken(client) == ["> request 300 7E1", "< identification 300 7E1", "< data 300 7E1"]
    assert client.events[-1].sent.octets.endswith(b"!\r\n")


def test_mode_b_changes_speed_by_itself() -> None:
    client = client_of(baud_rate_id="E")
    client.sign_on()
    client.read_out()
    assert spoken(client)[-1] == "< data 9600 7E1"


def test_mode_c_readout_changes_speed_after_the_option_select() -> None:
    client = client_of()
    client.sign_on("0041700023")
    client.select(messages.READOUT)
    client.read_out(acknowledges=True)
    assert spoken(client) == [
        "> request 300 7E1", "< identification 300 7E1", "> acknowledgement 300 7E1", "< data 9600 7E1", "> ack 9600 7E1",
    ]  # fmt: skip
    text = client.events[3].sent.octets.decode()
    assert "1.8.0(00074565.120*kWh)\r\n" in text
    assert "0.9.1(11:00:0" in text


def test_mode_d_speaks_unasked_at_2400_baud() -> None:
    client = client_of(baud_rate_id="3")
    client.hear()
    assert spoken(client) == ["< identification 2400 7E1", "< data 2400 7E1"]


def test_speed_may_stay_as_it_is() -> None:
    client = client_of()
    client.sign_on()
    client.select(messages.READOUT, keeps_speed=True)
    assert client.format.baud == 300
    assert client.events[-1].sent.octets == published("ACK 000 CR LF")


def test_meter_of_another_address_keeps_silent() -> None:
    client = client_of()
    assert not client.sign_on("99999999")
    assert spoken(client) == ["> request 300 7E1"]


def programming() -> LocalClient:
    client = client_of()
    client.sign_on()
    client.select(messages.PROGRAMMING)
    return client


def test_programming_reads_writes_and_executes_after_the_password() -> None:
    client = programming()
    assert client.unlock("12345678")
    assert client.command("R1", "0.0.0()") == messages.block("0.0.0(41700023)")
    assert client.command("W1", "C003(240101)") == messages.ACK
    assert client.command("R5", "C003()") == messages.block("C003(240101)")
    assert client.command("E2", "C001()") == messages.ACK
    client.leave()
    assert [kind.split()[1] for kind in spoken(client)[3:]] == [
        "command", "command", "ack", "command", "data", "command", "ack", "command", "data", "command", "ack", "break",
    ]  # fmt: skip
    assert client.meter.phase is Phase.SILENT


def test_programming_errors_are_said_by_the_meter() -> None:
    client = programming()
    client.unlock(client.meter.proof(), by_proof=True)
    assert client.command("R1", "9.9.9()") == messages.block("(ERROR02)")
    assert client.command("W1", "1.8.0(0)") == messages.block("(ERROR04)")
    assert spoken(client)[-1] == "< error 9600 7E1"


def test_wrong_password_ends_the_session() -> None:
    client = programming()
    assert not client.unlock("87654321")
    assert client.events[-1].sent.octets == messages.command("B0")
    assert client.command("R1", "0.0.0()") == messages.block("(ERROR01)")


def test_partial_blocks_are_acknowledged_one_by_one_and_repeated_when_asked() -> None:
    client = programming()
    client.unlock("12345678")
    before = len(client.events)
    client.command("R6", "P.01(;)", repeats=[1])
    answers = [sent for sent, _ in client.events[before:] if sent.direction == TO_CLIENT]
    assert [one.octets[-2] for one in answers] == [4, 4, 4, 3]
    assert answers[0].octets == answers[1].octets
    said = [sent.octets for sent, _ in client.events[before + 1 :] if sent.direction == TO_METER]
    assert said == [messages.NAK, messages.ACK, messages.ACK]
    text = b"".join(one.octets[1:-2] for one in answers[1:])
    assert text.count(b"\r\n") == 10
    assert text.startswith(b"P.01(0260305")


def mode_e() -> LocalClient:
    client = client_of(modes=("2",))
    reader = Client(dlms_meter(), 16, start_ns=NOW, seed=2)
    reader.associate()
    reader.get(Target(8, model.CLOCK))
    reader.release()
    client.sign_on()
    client.carry(HdlcLink(16, Address(1, None, 1), seed=3), reader.dialogue)
    return client


def test_mode_e_hands_over_to_hdlc_on_the_same_line() -> None:
    client = mode_e()
    assert spoken(client)[:4] == [
        "> request 300 7E1", "< identification 300 7E1", "> acknowledgement 300 7E1", "< acknowledgement 300 7E1",
    ]  # fmt: skip
    assert client.events[2].sent.octets == client.events[3].sent.octets == published("ACK 252 CR LF")
    assert {str(format) for _, format in client.events[4:]} == {"9600 8N1"}
    frames = [reading.frame(sent.octets) for sent, _ in client.events[4:]]
    assert (frames[0].control, frames[-1].control) == (0x93, 0x73)


@pytest.mark.parametrize("manufacturer", ["MMM", "MMm"])
def test_nobody_speaks_before_the_reaction_time(manufacturer: str) -> None:
    client = client_of(manufacturer=manufacturer)
    client.sign_on()
    client.select(messages.READOUT)
    client.read_out()
    least = 20 if manufacturer[2].islower() else 200
    for (before, _), (after, format) in pairwise(client.events):
        silence = after.time_ns - before.time_ns - format.duration_ns(len(after.octets))
        assert least * MILLISECOND <= silence <= 1500 * MILLISECOND
    assert client.events[0].sent.time_ns - NOW >= 5 * 10 * SECOND // 300


def test_listener_with_8n1_sees_the_parity_in_each_octet() -> None:
    heard = listen(mode_e().events)
    assert heard[0].octets.hex().upper() == "AF3F218D0A"
    assert heard[2].octets.hex().upper() == "06B235B28D0A"
    assert all(octet.bit_count() % 2 == 0 for one in heard[:4] for octet in one.octets)
    assert heard[4].octets[0] == 0x7E


def test_listener_that_stays_at_one_speed_loses_the_other_half() -> None:
    events = mode_e().events
    slow, fast = (listen(events, at_one_speed(LineFormat(baud))) for baud in (300, 9600))
    assert slow[0].octets == listen(events)[0].octets
    assert slow[4].octets != events[4].sent.octets
    assert fast[-1].octets == events[-1].sent.octets
    assert fast[0].octets != listen(events)[0].octets


def test_listener_that_drops_what_is_damaged_hears_less() -> None:
    events = [OnLine(mode_e().events[4].sent, LineFormat(parity="E"))]
    plain = at_one_speed(LineFormat())
    assert len(listen(events, plain, drops_errors=True)[0].octets) < len(listen(events, plain)[0].octets)


@given(st.lists(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=30), max_size=6))
def test_check_character_makes_the_sum_of_all_zero(lines: list[str]) -> None:
    octets = messages.readout(lines)
    total = 0
    for octet in octets[1:]:
        total ^= octet
    assert total == 0
