"""Messages and telegrams to records: who speaks, what answers what, what is noted, and that no password is shown."""

from __future__ import annotations

import json
from typing import Any

import pytest

from analyzer.detail import detail
from analyzer.export.json_lines import JsonLines
from analyzer.export.summary import summary
from analyzer.export.text import TextLines
from analyzer.pipeline import Pipeline
from analyzer.record import Record
from analyzer.security.keyring import Keyring
from analyzer.security.keyring import Meter as KnownMeter
from analyzer.security.keys import Key, KeyRole
from analyzer.simulate import local_messages as messages
from analyzer.simulate import model
from analyzer.simulate.ciphering import Seal
from analyzer.simulate.client import Client
from analyzer.simulate.forms import nanoseconds
from analyzer.simulate.hdlc_line import HdlcLink
from analyzer.simulate.local_client import LocalClient
from analyzer.simulate.local_meter import LocalMeter, contents_of, profile_rows
from analyzer.simulate.meter import Meter
from analyzer.simulate.p1_port import ciphered, telegram
from analyzer.simulate.sent import TO_METER
from analyzer.simulate.serial_tap import OnLine, listen
from analyzer.simulate.speaker import Target
from analyzer.tracking.protection import Protection
from captures import source_from_hex
from captures.chunk import LINK_OCTETS, RECEIVED, SENT, UNKNOWN, Chunk
from dissectors.hdlc import Address
from dissectors.tree import Severity

NOW = nanoseconds(2026, 3, 5, 10, 0, 0)
PASSWORD = "87654321"
TELEGRAM = telegram("MMM5SIM", [messages.data_set("1-0:1.8.0", "000123.456", "kWh")])


def client_of(**members: Any) -> LocalClient:
    meter = Meter(model.electricity_meter("41700023", start_ns=NOW, rows=12))
    local = LocalMeter(contents_of(meter, "41700023"), profile=profile_rows(meter, 9), password=PASSWORD, **members)
    return LocalClient(local, start_ns=NOW, seed=1)


def programmed() -> LocalClient:
    """A client that unlocks the meter, reads, writes and leaves."""
    client = client_of()
    client.sign_on()
    client.select(messages.PROGRAMMING)
    client.unlock(PASSWORD)
    client.command("R1", "1.8.0()")
    client.command("W1", "0.9.1(101112)")
    client.leave()
    return client


def handed_over() -> list[OnLine]:
    """Mode E: sign-on, HDLC, and a sign-on again."""
    client = client_of(modes=("2",))
    meter = Meter(model.electricity_meter("41700023", start_ns=NOW, rows=2))
    reader = Client(meter, 16, start_ns=NOW, seed=2)
    reader.associate()
    reader.get(Target(8, model.CLOCK))
    reader.release()
    client.sign_on()
    client.carry(HdlcLink(16, Address(1, None, 1), seed=3), reader.dialogue)
    client.sign_on()
    return client.events


def decoded(events: list[OnLine], *, one_tap: bool = False, raw: bool = True) -> list[Record]:
    """The records of what is said, in seven bits or as eight are heard."""
    pipeline = Pipeline()
    for number, sent in enumerate((one.sent for one in events) if raw else listen(events), 1):
        direction = UNKNOWN if one_tap else SENT if sent.direction == TO_METER else RECEIVED
        pipeline.feed(Chunk(number, sent.time_ns, LINK_OCTETS, direction, sent.octets, len(sent.octets), 0, 0))
    pipeline.finish()
    return pipeline._out


def of(*octets: bytes) -> list[Record]:
    with source_from_hex("\n".join(one.hex() for one in octets)) as source:
        return list(Pipeline().run(source))


def codes(record: Record) -> list[str]:
    return [note.code for note in record.notes]


def message(record: Record) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(JsonLines(lambda: 9).line(record))["message"]
    return found


def faults(records: list[Record]) -> list[str]:
    found = [f"{one.number} noise" for one in records if one.kind == "noise"]
    return found + [
        f"{one.number} {note.code}" for one in records for note in one.notes if note.severity > Severity.NOTE
    ]


@pytest.mark.parametrize("one_tap", [False, True])
def test_programming_session_has_its_types_directions_and_pairs(one_tap: bool) -> None:
    records = decoded(programmed().events, one_tap=one_tap)
    told = [(message(one)["type"], one.direction, one.request) for one in records]
    assert told == [
        ("request", "request", None), ("identification", "response", 1), ("acknowledgement", "request", None),
        ("command", "response", 3), ("command", "request", None), ("ack", "response", 5), ("command", "request", None),
        ("data", "response", 7), ("command", "request", None), ("ack", "response", 9), ("break", "request", None),
    ]  # fmt: skip
    assert faults(records) == []
    assert records[1].latency_ns is not None
    assert 0 < records[1].latency_ns < 1_500_000_000


@pytest.mark.parametrize("one_tap", [False, True])
@pytest.mark.parametrize("raw", [True, False])
def test_password_is_shown_nowhere(one_tap: bool, raw: bool) -> None:
    records = decoded(programmed().events, one_tap=one_tap, raw=raw)
    text = TextLines(lambda: 9, tree=True).line
    lines = [text(one) for one in records]
    for one in records:
        line = json.loads(JsonLines(lambda: 9, layers=True).line(one))
        del line["octets"]  # as on the line
        lines.append(json.dumps(line))
    assert not [line for line in lines if PASSWORD in line or PASSWORD.encode().hex() in line.lower()]
    assert sum("(masked)" in line for line in lines) == 2


@pytest.mark.parametrize(
    "octets",
    [
        messages.command("P1", f"({PASSWORD})")[:-3],
        messages.command("P1", f"({PASSWORD})")[1:],
        messages.command("P2", f"({PASSWORD})").replace(b"(", b""),
        messages.command("P1", f"({PASSWORD})").replace(b")", b"\x07"),
    ],
)
def test_password_in_a_damaged_command_is_shown_nowhere(octets: bytes) -> None:
    request, command = of(messages.request(), octets)
    assert request.link == command.link == "iec62056-21"
    assert PASSWORD not in summary(command)
    assert PASSWORD not in str(command.notes)
    assert PASSWORD not in "".join(node.outline() for node in detail(command))
    assert PASSWORD not in json.dumps(message(command))


def test_partial_blocks_are_blocks_and_their_acks_ask_for_the_next() -> None:
    records = of(
        messages.command("R3", "P.01(;)"), messages.block("P.01(1)", has_more=True), b"\x06", messages.block("(2)")
    )
    assert [message(one)["type"] for one in records] == ["command", "block", "ack", "data"]
    assert [(one.direction, one.request) for one in records] == [
        ("request", None), ("response", 1), ("request", None), ("response", 3),
    ]  # fmt: skip


def test_parity_in_the_data_is_undone_and_noted_with_every_message() -> None:
    records = decoded(programmed().events, raw=False)
    plain = decoded(programmed().events)
    assert [message(one) for one in records] == [message(one) for one in plain]
    assert {code for one in records for code in codes(one)} == {"line-settings-differ"}
    assert records[0].octets == bytes.fromhex("AF3F218D0A")


def test_octet_of_odd_weight_is_named_with_its_place() -> None:
    octets = bytearray(octet | (octet.bit_count() & 1) << 7 for octet in messages.block("1.8.0(00123.456*kWh)"))
    octets[9] ^= 0x80
    octets[12] ^= 0x01
    (record,) = of(bytes(octets))
    (note,) = [one for one in record.notes if one.code == "parity-wrong"]
    assert (note.severity, note.start, note.end) == (Severity.ERROR, 9, 13)
    assert "9, 12" in note.text


def test_line_is_handed_over_to_hdlc_and_back() -> None:
    for one_tap in (False, True):
        records = decoded(handed_over(), one_tap=one_tap)
        links = [one.link for one in records]
        assert links[:4] == ["iec62056-21"] * 4
        assert links[-2:] == ["iec62056-21"] * 2
        assert set(links[4:-2]) == {"hdlc"}
        assert [one.direction for one in records[2:4]] == ["request", "response"]  # the meter echoes the option select
        assert faults(records) == []


def test_hdlc_line_that_later_signs_on_changes_its_stack() -> None:
    frame = "7EA0070321930F017E"
    records = of(
        bytes.fromhex(frame), messages.request(), messages.identification("MMM", "5", "SIM"), bytes.fromhex(frame)
    )
    assert [one.link for one in records] == ["hdlc", "iec62056-21", "iec62056-21", "hdlc"]


@pytest.mark.parametrize(
    ("octets", "cause", "said"),
    [
        (b"ATDT123\r", "modem-text", ": ATDT"), (b"\r\nCONNECT 9600\r\n", "modem-text", ": CONNECT 9600"),
        (b"+++", "modem-text", ""), (b"AT+CPIN=1234\r\r\nOK\r\n", "modem-text", ": AT+CPIN, OK"),
        (b"\r\nNO ANSWER\r\n", "modem-text", ": NO ANSWER"), (b"\r\nERROR\r\n", "modem-text", ": ERROR"),
        (b"\r\nNO DIALTONE\r\n", "modem-text", ": NO DIALTONE"), (b"\r\nBUSY\r\n", "modem-text", ": BUSY"),
        (b"\xff\xfd\x18\xff\xfb\x20", "telnet-negotiation", ""),
    ],
)  # fmt: skip
def test_text_of_the_carrier_before_the_stack_is_named(octets: bytes, cause: str, said: str) -> None:
    text, _ = of(octets, bytes.fromhex("7EA0070321930F017E"))
    assert [(note.code, note.cause) for note in text.notes] == [("carrier-text", cause)]
    assert text.notes[0].text.endswith(f"octets that are no hdlc unit{said}")
    assert text.kind == "noise"


def test_error_text_is_an_error() -> None:
    (record,) = of(messages.block("(ERROR01)"))
    assert message(record) == {"type": "error", "text": "ERROR01", "bcc": "ok"}


def test_sum_as_check_character_is_a_quirk_and_an_other_one_is_wrong() -> None:
    octets = messages.block("VOLTA(233.75)")
    (quirky,) = of(octets[:-1] + bytes((sum(octets[1:-1]) & 0x7F,)))
    assert [(note.code, note.cause) for note in quirky.notes] == [("meter-quirk", "sum-check-character")]
    assert message(quirky)["bcc"] == "ok"
    (wrong,) = of(octets[:-1] + bytes((octets[-1] ^ 0x11,)))
    assert codes(wrong) == ["bcc-wrong"]
    assert message(wrong)["bcc"] == "wrong"


@pytest.mark.parametrize("value", [0x03, 0x04])
def test_wrong_check_character_that_is_a_control_character_is_wrong(value: int) -> None:
    octets = messages.block("VOLTA(233.75)")
    (wrong,) = of(octets[:-1] + bytes((value,)))
    assert codes(wrong) == ["bcc-wrong"]


def test_readout_without_its_end_mark_is_noted() -> None:
    records = of(messages.option_select("0", "5", "0"), messages.block("1.8.0(1)\r\n"))
    assert [codes(one) for one in records] == [[], ["end-mark-missing"]]


def test_data_set_without_its_parenthesis_is_malformed_and_its_neighbours_read() -> None:
    (record,) = of(messages.readout(["1.8.0(1*kWh)", "1.8.1(2*kWh", "1.8.2(3*kWh)"]))
    (note,) = record.notes
    assert (note.code, note.severity) == ("data-set-malformed", Severity.ERROR)
    assert [one["id"] for one in message(record)["data_sets"]] == ["1.8.0", "1.8.1(2*kWh", "1.8.2"]


def test_unprintable_octet_in_a_data_set_is_noted_and_moves_no_cursor() -> None:
    (record,) = of(messages.readout(["1.8.0(1\x1b2*kWh)"]))
    assert codes(record) == ["octet-unprintable"]
    assert "\x1b" not in TextLines(lambda: 9, tree=True).line(record)


def test_telegram_is_an_unsolicited_message() -> None:
    (record,) = of(TELEGRAM)
    assert (record.link, record.kind, record.direction) == ("p1", "message", "unsolicited")
    assert message(record) == {
        "type": "telegram",
        "identification": "MMM5SIM",
        "data_sets": [{"id": "1-0:1.8.0", "values": [{"value": "000123.456", "unit": "kWh"}]}],
        "crc": "ok",
    }
    assert summary(record) == "Telegram · MMM5SIM · 1-0:1.8.0 000123.456 kWh"


@pytest.mark.parametrize(
    ("octets", "crc", "noted"),
    [
        (TELEGRAM.replace(b"456", b"457"), "wrong", ["p1-crc-wrong"]),
        (TELEGRAM.replace(b"\r", b""), "ok", ["line-ends-changed"]),
        (TELEGRAM.replace(b"\r\n", b"\r\r\n"), "ok", ["line-ends-changed"]),
        (TELEGRAM.replace(b"\r\n\r\n", b"\r\n"), "ok", ["line-ends-changed"]),
        (TELEGRAM.replace(b"\r\n", b"\r\n\r\n"), "ok", ["line-ends-changed"]),
        (TELEGRAM.replace(b"\r\n", b"\n\n"), "ok", ["line-ends-changed"]),
        (TELEGRAM.replace(b"\r\n\r\n", b"\r\n").replace(b"\r\n", b"\r\n\r\n", 3), "ok", ["line-ends-changed"]),
        (TELEGRAM[: TELEGRAM.index(b"!") + 1] + b"\r\n", "absent", []),
        (TELEGRAM[: TELEGRAM.index(b"!")], "absent", ["capture-cut"]),
    ],
)
def test_crc_is_judged(octets: bytes, crc: str, noted: list[str]) -> None:
    (record,) = of(octets)
    assert (message(record)["crc"], codes(record)) == (crc, noted)


@pytest.mark.parametrize("size", [20, 1024])
def test_telegram_without_its_empty_line_may_have_long_lines(size: int) -> None:
    sets = [messages.data_set(f"1-0:{number}.8.0", "000123.456", "kWh") for number in (1, 2)]
    octets = telegram("MMM5SIM", [sets[0], messages.data_set("0-0:96.13.0", "30" * size), sets[1]])
    (record,) = of(octets.replace(b"\r\n\r\n", b"\r\n"))
    assert (record.link, message(record)["crc"], len(message(record)["data_sets"])) == ("p1", "ok", 3)


def test_telegram_that_the_next_one_cuts_is_not_one_at_the_end_of_the_capture() -> None:
    cut, _, last = of(TELEGRAM[:30] + TELEGRAM + TELEGRAM[:30])
    assert [(one.code, one.cause, one.text) for one in (*cut.notes, *last.notes)] == [
        ("capture-cut", "message-broken-off", "it breaks off after 30 octets, and another message begins"),
        ("capture-cut", "", "the capture ends after 30 octets of the message"),
    ]


def test_crc_without_its_zeros_is_right() -> None:
    for number in range(1000):
        octets = telegram("MMM5SIM", [messages.data_set("0-0:96.7.21", str(number))])
        at = octets.index(b"!") + 1
        if octets[at : at + 1] == b"0":
            (record,) = of(octets[:at] + octets[at:].lstrip(b"0"))
            assert (message(record)["crc"], codes(record)) == ("ok", [])
            return
    raise AssertionError("no CRC begins with 0")


SEALED = b"\x08MMM00001\x82\x00\x15\x30\x00\x00\x00\x07" + bytes(range(0x80, 0x90))


@pytest.mark.parametrize("body", [SEALED, b"\x00" + SEALED[9:]], ids=["title", "no-title"])
def test_ciphered_telegram_behind_its_line_carries_a_closed_apdu(body: bytes) -> None:
    (record,) = of(b"/MMM5SIM\r\n\r\n" + body + b"!1A2B\r\n")
    assert (record.link, record.kind, record.direction) == ("p1", "apdu", "unsolicited")
    assert record.apdu is not None
    assert (record.apdu.octets, record.apdu.at) == (b"\xdb" + body, -1)
    assert codes(record) == ["p1-crc-unchecked"]
    assert [node.name for node in detail(record)] == ["ciphered-telegram", "reassembled APDU"]


def test_ciphered_telegrams_in_a_row_are_closed_apdus() -> None:
    records = of((b"\xdb" + SEALED) * 3)
    assert [(one.link, one.apdu and one.apdu.octets) for one in records] == [("p1", b"\xdb" + SEALED)] * 3


SEAL = Seal(0x30, bytes(range(16)), bytes(range(0xD0, 0xE0)), b"MMM00001")


def with_keys(octets: bytes, roles: tuple[str, ...]) -> Record:
    """The one record of *octets*, its APDU opened with the keys of the seal."""
    meter = KnownMeter(server_title=SEAL.title)
    for role, key in (("guek", SEAL.key), ("gak", SEAL.authentication_key)):
        if role in roles:
            meter.keys[KeyRole(role)] = Key(KeyRole(role), key, meter.place)
    with source_from_hex(octets.hex()) as source:
        (record,) = Pipeline(None, Protection(Keyring([meter]))).run(source)
    return record


@pytest.mark.parametrize("identification", ["", "MMM5SIM"])
@pytest.mark.parametrize(("roles", "status"), [(("guek", "gak"), "verified"), (("guek",), "decrypted-unverified")])
def test_deciphered_telegram_is_the_message(identification: str, roles: tuple[str, ...], status: str) -> None:
    record = with_keys(ciphered(TELEGRAM, SEAL, 7, identification=identification), roles)
    line = json.loads(JsonLines(lambda: 9, layers=True).line(record))
    assert (record.link, record.kind, record.direction) == ("p1", "message", "unsolicited")
    assert line["message"] == message(of(TELEGRAM)[0])
    assert line["ciphered"]["status"] == status
    assert "apdu" not in line
    assert line["layers"][-1]["name"] == "deciphered telegram"
    assert summary(record).startswith("Telegram · MMM5SIM")
    assert "deciphered telegram\n" in TextLines(lambda: 9, tree=True).line(record)
    assert [node.name for node in detail(record)][-1] == "deciphered telegram"


def test_deciphered_telegram_with_a_wrong_crc_is_noted() -> None:
    record = with_keys(ciphered(TELEGRAM.replace(b"456", b"457"), SEAL, 7), ("guek", "gak"))
    assert codes(record) == ["p1-crc-wrong"]


def test_ciphered_telegram_without_its_key_stays_an_apdu() -> None:
    record = with_keys(ciphered(TELEGRAM, SEAL, 7, identification="MMM5SIM"), ())
    assert (record.link, record.kind) == ("p1", "apdu")


@pytest.mark.parametrize(("stack", "octets"), [("iec62056-21", b"1.8.0(1)\r\n"), ("p1", TELEGRAM)])
def test_stack_is_spoken_when_it_is_asked_for(stack: str, octets: bytes) -> None:
    with source_from_hex(octets.hex()) as source:
        (record,) = Pipeline({"serial": stack}).run(source)
    assert (record.link, record.kind) == (stack, "message")
