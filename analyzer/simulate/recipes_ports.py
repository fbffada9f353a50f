"""The samples of a meter's own ports: pushes over M-Bus, a log of an optical head. All numbers are made up."""

from __future__ import annotations

from analyzer.cosem.logical_name import obis_from_text
from analyzer.simulate import mbus_line, model, pcap_writer, text_log
from analyzer.simulate.client import Client
from analyzer.simulate.forms import date_time, nanoseconds, octet_string
from analyzer.simulate.hdlc_line import HdlcLink, place
from analyzer.simulate.manifest import Sample, sample_of
from analyzer.simulate.meter import Meter
from analyzer.simulate.notifications import push, pushed
from analyzer.simulate.recipes_ciphered import keyring
from analyzer.simulate.security import KeySource, Security
from analyzer.simulate.sent import SECOND, Reading
from analyzer.simulate.speaker import Speaker, Target
from dissectors.hdlc import Address

_MBUS_START_NS = nanoseconds(2026, 3, 7, 18, 20, 0)
_LOG_START_NS = nanoseconds(2026, 3, 8, 11, 2, 41) + 314_000_000
_PASSWORD = b"Sample02"
_READ_SIZE = 32
LINE_MS = (60.0, 1.1)
"""What 9600 baud add to an exchange and to an octet."""


def mbus_push() -> Sample:
    """Make ciphered pushes over M-Bus, some longer than a frame."""
    security = Security(
        key_source=KeySource.GENERAL_GLOBAL, server_title=bytes.fromhex("4D4D4D0000BC6220"), server_counter=0x0003_1000
    )
    meter = Meter(model.electricity_meter("70700001", start_ns=_MBUS_START_NS, rows=8), security=security)
    speaker = Speaker(meter, 103, start_ns=_MBUS_START_NS, seed=801, security=security)
    for number in range(1, 7):
        readings = pushed(meter, speaker.now_ns)
        if number % 3 == 1:
            readings += _profile(meter)
        speaker.hear(push(meter, readings, now_ns=speaker.now_ns, invoke_id=number), readings)
        speaker.wait(10_000)
    units = mbus_line.carry(speaker.dialogue, start_ns=_MBUS_START_NS)
    interface = pcap_writer.Interface(pcap_writer.USER0, "mbus", "customer interface, 2400 baud, 8E1")
    octets = pcap_writer.pcapng(
        pcap_writer.packets_of(units), [interface], comment="A simulated meter's customer interface."
    )
    return sample_of(
        "mbus-push.pcapng",
        "Pushes over M-Bus",
        "A meter pushes its values every ten seconds at its customer interface, wired M-Bus with ciphered APDUs; every "
        "third push is longer than a frame and comes in segments. The keyring stands beside.",
        "M-Bus, link type USER0, with directions",
        ["long frames", "segments of the DLMS transport layer", "general-glo-ciphering"],
        801,
        units,
        octets,
        len(units),
        keyring=keyring(security),
    )  # fmt: skip


def _profile(meter: Meter) -> list[Reading]:
    name = obis_from_text(model.PROFILE)
    value = meter.read(7, name, 2)
    return [] if isinstance(value, int) else [Reading(7, name, 2, value)]


def hdlc_log() -> Sample:
    """Make the text log of a program that reads a meter through an optical head."""
    meter = Meter(model.electricity_meter("41700555", start_ns=_LOG_START_NS, rows=16), password=_PASSWORD)
    client = Client(meter, 32, start_ns=_LOG_START_NS, seed=811, carrying_ms=LINE_MS)
    client.associate(password=_PASSWORD)
    client.get(Target(8, model.CLOCK))
    for one in model.REGISTERS[:2]:
        client.get(Target(3, one.obis, 3))
        client.get(Target(3, one.obis))
    client.get(Target(7, model.PROFILE))
    client.set(Target(8, model.CLOCK), octet_string(date_time(client.clock_ns)))
    client.release()
    link = HdlcLink(32, Address(1, 17, 2), seed=812)
    units = place(link.rounds(client.dialogue), start_ns=_LOG_START_NS, baud=9600)
    chunks = text_log.reads(units, _READ_SIZE, octet_ns=10 * SECOND // 9600)
    return sample_of(
        "hdlc-log.txt",
        "A text log of a reading program",
        "What a program wrote while it read a meter through an optical head: a line a read with time and direction. "
        "The driver hands on 32 octets at most, so that most answers stand on several lines.",
        "HDLC in a text log, with directions",
        ["times and directions out of the text", "frames that go over several reads", "low level security"],
        811,
        units,
        text_log.log(chunks, title="reading head on serial port, 9600 baud 8N1, times in UTC"),
        len(chunks),
        remarks=1,
    )  # fmt: skip
