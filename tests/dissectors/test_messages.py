"""Messages of IEC 62056-21 and telegrams of P1 by field: published octets, check characters, edits, masks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.simulate import local_messages as messages
from analyzer.simulate.p1_port import crc, telegram
from dissectors import all as everything
from dissectors import checks, reader
from dissectors.acse import Aarq
from dissectors.data_sets import DataSet, Value, data_sets
from dissectors.iec62056_21 import (
    AcknowledgementMessage,
    DataMessage,
    IdentificationMessage,
    PasswordCommand,
    ProgrammingCommand,
    RequestMessage,
    message_layer,
    message_type,
)
from dissectors.p1 import P1CipheredTelegram, P1TaggedTelegram, P1Telegram, judge, telegram_layer
from dissectors.pdu import Layer
from dissectors.tree import Kind
from tests.costs import processor_s
from tests.dissectors.agreement import assert_tiles

SETS = (DataSet(b"1.6.0", (Value(b"01.234", b"kW"), Value(b"2603011815"))), DataSet(b"", (Value(b""),)))


@pytest.mark.parametrize(
    ("built", "expected"),
    [
        (RequestMessage(device_address="12345678"), b"/?12345678!\r\n"),
        (
            IdentificationMessage(manufacturer="LGZ", enhanced="2", identification="ZMD3104407.B32"),
            b"/LGZ5\\2ZMD3104407.B32\r\n",
        ),
        (AcknowledgementMessage(protocol_control="2", mode_control="2"), b"\x06252\r\n"),
        (AcknowledgementMessage(start=None, mode_control="1"), b"051\r\n"),
        (ProgrammingCommand(data_set="1.8.0()"), messages.command("R1", "1.8.0()")),
        (ProgrammingCommand(command="B", command_type="0", separator=None), messages.command("B0")),
        (PasswordCommand(data_set="(12345678)"), messages.command("P1", "(12345678)")),
        (DataMessage(data_sets="F.F(00)\r\n"), messages.readout(["F.F(00)"])),
        (DataMessage(data_sets="(1)", end_mark=None, line_end=b"", end=4), messages.block("(1)", has_more=True)),
        (
            P1Telegram(manufacturer="MMM", identification="SIM", data_sets=[("0-0:1.0.0", ["1"])]),
            telegram("MMM5SIM", [messages.data_set("0-0:1.0.0", "1")]),
        ),
    ],
)
def test_message_is_built_as_the_standard_has_it(built: object, expected: bytes) -> None:
    assert bytes(built) == expected  # type: ignore[call-overload]


def test_outline_of_data() -> None:
    root = reader.tree(DataMessage, messages.block("1.8.0(1*kWh)"))
    assert root.outline() == (
        "data-message\n"
        "  start: STX\n"
        "  data-sets: 1 data set\n"
        "    data-set: 1.8.0 1 kWh\n"
        "      id: 1.8.0\n"
        "      values\n"
        "        value\n"
        "          opening: (\n"
        "          value: 1\n"
        "          separator: *\n"
        "          unit: kWh\n"
        "          closing: )\n"
        "  end: ETX\n"
        "  bcc: 74 (good)"
    )


def test_edit_of_a_value_reaches_the_check_character_that_was_right() -> None:
    packet = DataMessage(messages.block("1.8.0(1*kWh)"))
    packet.data_sets = "1.8.0(2*kWh)"
    assert bytes(packet) == messages.block("1.8.0(2*kWh)")
    wrong = messages.block("1.8.0(1*kWh)")[:-1] + b"\x01"
    packet = DataMessage(wrong)
    packet.data_sets = "1.8.0(2*kWh)"
    assert bytes(packet)[-1:] == b"\x01"


def test_edit_of_a_telegram_reaches_its_crc() -> None:
    packet = P1Telegram(telegram("MMM5SIM", [messages.data_set("0-0:1.0.0", "1")]))
    packet.data_sets = "0-0:1.0.0(2)\r\n"
    assert bytes(packet) == telegram("MMM5SIM", [messages.data_set("0-0:1.0.0", "2")])


def test_password_is_masked_in_the_shell_too() -> None:
    packet = PasswordCommand(data_set="(12345678)")
    assert "12345678" not in packet.show(dump=True) + packet.sprintf("%data_set%") + repr(packet)
    assert bytes(packet) == messages.command("P1", "(12345678)")


def test_text_of_a_data_set_moves_no_cursor_and_its_value_is_exact() -> None:
    octets = b"\x021.8.0(\x1b[2J5*kWh)\r\n!\r\n\x03"
    (data_set,) = [one for one in reader.tree(DataMessage, octets).walk() if one.name == "data-set"]
    assert data_set.text == "1.8.0 \\x1b[2J5 kWh"
    assert [one.value for one in data_set.walk() if one.kind is Kind.LEAF] == ["1.8.0", "\x1b[2J5", "kWh"]


DEDICATED = "00112233445566778899AABBCCDDEEFF"


def aarq(mechanism: str | None) -> Aarq:
    built = Aarq(mechanism_name=mechanism, calling_authentication_value=b"12345678",
                 user_information={"initiateRequest": {"proposed-conformance": ["get"], "dedicated-key": DEDICATED}})  # fmt: skip
    return Aarq(bytes(built))


@pytest.mark.parametrize("mechanism", ["2.16.756.5.8.2.1", None])
def test_password_and_dedicated_key_of_an_association_are_masked_in_the_shell_too(mechanism: str | None) -> None:
    packet = aarq(mechanism)
    for shown in (packet.show(dump=True), repr(packet), packet.sprintf("%calling_authentication_value%")):
        assert "(masked)" in shown and "3132333435363738" not in shown and DEDICATED not in shown
    assert packet.calling_authentication_value == ("charstring", b"12345678")
    assert packet.user_information.dedicated_key.hex().upper() == DEDICATED
    assert bytes(eval(packet.command(), dict(vars(everything)))) == bytes(packet)
    assert "absent" in Aarq().show(dump=True) and "(masked)" not in Aarq().show(dump=True)


def test_rest_of_an_association_that_breaks_off_is_masked_in_the_shell_too() -> None:
    octets = bytes(aarq("2.16.756.5.8.2.1"))
    for end in range(2, len(octets)):
        packet = Aarq(octets[:end])
        for shown in (packet.show(dump=True), repr(packet)):
            assert "3132" not in shown and DEDICATED[:6] not in shown
        assert bytes(packet) == octets[:end]


def test_challenge_of_an_association_is_shown() -> None:
    assert "3132333435363738" in aarq("2.16.756.5.8.2.5").show(dump=True)


@given(st.binary(max_size=60))
def test_data_sets_have_every_octet(octets: bytes) -> None:
    field = DataMessage.fields_desc[1]
    assert field.build(tuple(data_sets(octets))) == octets


def test_data_sets_are_parted_by_ids_values_and_units() -> None:
    assert tuple(data_sets(b"1.6.0(01.234*kW)(2603011815)\r\n()\r\n")) == SETS
    assert [one.id for one in data_sets(b"1.8.0(1)1.8.1(2)\r\n1.8.2(3\r\n")] == [b"1.8.0", b"1.8.1", b"1.8.2(3"]


@pytest.mark.parametrize(
    ("octets", "kind"),
    [
        (b"/?!\r\n", "request"), (b"/2!\r\n", "request"), (b"/MMM5SIM\r\n", "identification"),
        (b"\x06051\r\n", "acknowledgement"), (b"\x06", "ack"), (b"\x15", "nak"),
        (messages.command("R1", "1.8.0()"), "command"), (messages.command("P1", "(1)"), "command"),
        (messages.command("B0"), "break"), (messages.block("(1)"), "data"), (messages.block("(ERROR01)"), "error"),
        (messages.block("(1)", has_more=True), "block"), (messages.block("(1)", has_more=True)[:-1], "block"),
        (b"1.8.0(1)\r\n!\r\n", "data"), (b"P1\x02(1)\x03", "command"), (b"", "data"),
    ],
)  # fmt: skip
def test_message_has_its_type(octets: bytes, kind: str) -> None:
    assert message_type(octets) == kind
    assert_tiles(reader.tree(message_layer(octets), octets), 0, len(octets) * 8)


SEALED = b"\x82\x00\x15\x30\x00\x00\x00\x07" + bytes(range(0x80, 0x90))


@pytest.mark.parametrize("title", [b"", b"MMM00001"])
@pytest.mark.parametrize(("tag", "layer"), [(b"", P1CipheredTelegram), (b"\xdb", P1TaggedTelegram)])
def test_ciphered_telegram_is_read_and_built(tag: bytes, layer: type[Layer], title: bytes) -> None:
    octets = b"/MMM5SIM\r\n\r\n" + tag + bytes((len(title),)) + title + SEALED + b"!1A2B\r\n"
    assert telegram_layer(octets) is layer
    packet = layer(octets)
    assert (packet.system_title, packet.invocation_counter, packet.crc) == (title, 7, b"1A2B")
    packet.ciphered = bytes(200)
    built = bytes(packet)
    assert layer(built).ciphered == bytes(200)
    assert built.endswith(b"!1A2B\r\n")


def test_checks_are_those_of_the_standards() -> None:
    assert checks.crc16_arc(b"123456789") == 0xBB3D
    assert checks.bcc(b"B0\x03") == 0x71
    assert checks.seven_bits(bytes.fromhex("AF3F218D0A")) == b"/?!\r\n"
    assert checks.has_parity(bytes.fromhex("AF3F218D0A"))
    assert not checks.has_parity(b"/?!\r\n")
    assert not checks.has_parity("Zähler(12345)".encode("latin-1"))
    assert not checks.has_parity(b"0-0:96.13.0(" + b"\xff" * 64 + b")")
    assert checks.parity_faults(bytes.fromhex("AF3F208D0A")) == [2]


@given(st.binary(max_size=40))
def test_crc_agrees_with_the_bitwise_one(octets: bytes) -> None:
    assert checks.crc16_arc(octets) == crc(octets)


def test_crc_over_changed_line_ends_is_told_apart() -> None:
    octets = telegram("MMM5SIM", [messages.data_set("0-0:1.0.0", "1")])
    covered, digits = octets[: octets.index(b"!") + 1], octets[-6:-2]
    assert judge(covered, digits)[0] == "ok"
    assert judge(covered.replace(b"\r", b""), digits)[0] == "translated"
    assert judge(covered.replace(b"1", b"2", 1), digits)[0] == "wrong"


def test_crc_over_many_carriage_returns_is_judged_in_linear_time() -> None:
    def judged(octet: bytes) -> None:
        assert judge(10_000 * octet, b"0000")[0] == "wrong"

    # twice as it stands; tried from every one of them it is a hundred times
    assert processor_s(lambda: judged(b"\r")) < 15 * processor_s(lambda: judged(b"x"))
