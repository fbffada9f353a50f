"""The samples of optical ports and of the P1 port: readout, programming, hand-over to HDLC, telegrams.

All numbers are made up.
"""

from __future__ import annotations

from collections.abc import Sequence

from analyzer.simulate import local_messages as messages
from analyzer.simulate import model, p1_port, pcap_writer
from analyzer.simulate.client import Client
from analyzer.simulate.forms import date_time, nanoseconds
from analyzer.simulate.hdlc_line import HdlcLink
from analyzer.simulate.local_client import LocalClient
from analyzer.simulate.local_messages import DataSet, Value, data_set
from analyzer.simulate.local_meter import LocalMeter, contents_of, profile_rows
from analyzer.simulate.manifest import Sample, sample_of
from analyzer.simulate.meter import Meter
from analyzer.simulate.recipes_ports import LINE_MS
from analyzer.simulate.sent import MILLISECOND, SECOND, TO_CLIENT, Sent, Truth
from analyzer.simulate.serial_tap import listen
from analyzer.simulate.speaker import Target
from dissectors.hdlc import Address

_C_START_NS = nanoseconds(2026, 3, 9, 8, 12, 30)
_E_START_NS = nanoseconds(2026, 3, 9, 9, 40, 5)
_P1_START_NS = nanoseconds(2026, 3, 9, 17, 30, 0)
_PASSWORD = "12345678"
_PARITY = "line-settings-differ"
_OPTICAL = pcap_writer.Interface(pcap_writer.USER0, "optical", "optical head, speed followed, 8N1")


def _client(serial: str, start_ns: int, seed: int, **members: object) -> LocalClient:
    meter = Meter(model.electricity_meter(serial, start_ns=start_ns, rows=24))
    rows = profile_rows(meter, 10)
    local = LocalMeter(contents_of(meter, serial), address=serial, profile=rows, **members)  # type: ignore[arg-type]
    return LocalClient(local, start_ns=start_ns, seed=seed)


def mode_c_readout() -> Sample:
    """Make readouts in mode C, seen with eight bits and no parity."""
    client = _client("41700811", _C_START_NS, 901)
    for address in ("", "41700811"):
        client.sign_on(address)
        client.select(messages.READOUT)
        client.read_out()
        client.wait(5_000)
    units = listen(client.events)
    octets = pcap_writer.pcapng(pcap_writer.packets_of(units), [_OPTICAL], comment="A simulated meter's optical port.")
    return sample_of(
        "mode-c-readout.pcapng",
        "Readout in mode C",
        "A handheld reads a meter out through its optical port: once whoever answers, once by address. The meter "
        "speaks with seven bits and even parity, the capture was taken with eight bits and none.",
        "IEC 62056-21, link type USER0, with directions",
        ["sign-on, identification, option select", "data message with check character", "7E1 seen as 8N1",
         "300 and 9600 baud on one line"],
        901,
        units,
        octets,
        len(units),
        notes=[_PARITY],
    )  # fmt: skip


def mode_c_programming() -> Sample:
    """Make a session in programming mode, with an error and with partial blocks."""
    client = _client("41700812", _C_START_NS + 600 * SECOND, 911)
    client.sign_on()
    client.select(messages.PROGRAMMING)
    client.unlock(_PASSWORD)
    client.command("R1", "0.0.0()")
    client.command("R5", "1.8.0()")
    client.command("W1", "C003(260309)")
    client.command("R1", "C003()")
    client.command("R1", "9.9.9()")
    client.command("R6", "P.01(;)", repeats=[2])
    client.command("E2", "C001()")
    client.leave()
    units = [sent for sent, _ in client.events]
    return sample_of(
        "mode-c-programming.pcap",
        "Programming in mode C",
        "A service tool unlocks a meter with its password, reads and writes single values, asks for one that the meter "
        "has not, takes a load profile in partial blocks (one of them twice), executes a command and signs off.",
        "IEC 62056-21, link type USER0, without directions",
        ["password, read, write and execute commands", "partial blocks with ACK and NAK", "an error message", "break"],
        911,
        units,
        pcap_writer.pcap(units, pcap_writer.USER0),
        len(units),
    )


def mode_e() -> Sample:
    """Make a sign-on that hands over to HDLC, seen with eight bits and no parity."""
    client = _client("41700813", _E_START_NS, 921, modes=("2",))
    client.sign_on()
    meter = Meter(model.electricity_meter("41700813", start_ns=_E_START_NS, rows=6))
    reader = Client(meter, 16, start_ns=client.now_ns + 2 * SECOND, seed=922, carrying_ms=LINE_MS)
    reader.associate()
    reader.get(Target(8, model.CLOCK))
    reader.get(Target(1, model.SERIAL_NUMBER))
    reader.get(Target(3, "1-0:1.8.0*255", 3))
    reader.get(Target(3, "1-0:1.8.0*255"))
    reader.get(Target(7, model.PROFILE))
    reader.release()
    client.carry(HdlcLink(16, Address(1, 17, 2), seed=923), reader.dialogue)
    units = listen(client.events)
    return sample_of(
        "mode-e.pcap",
        "From sign-on to HDLC in mode E",
        "A meter identifies itself at 300 baud and offers HDLC; both sides change to 9600 baud and go on with frames "
        "on the same line.",
        "IEC 62056-21, then HDLC, link type USER0, without directions",
        ["enhanced identification", "option select and its echo", "a lane that changes its stack", "7E1 seen as 8N1"],
        921,
        units,
        pcap_writer.pcap(units, pcap_writer.USER0),
        len(units),
        notes=[_PARITY],
    )


def p1() -> Sample:
    """Make the telegrams of a customer port."""
    units = []
    for number in range(4):
        now_ns = _P1_START_NS + number * 10 * SECOND
        octets = p1_port.telegram("MMM5\\2SIM-60", _p1_data(now_ns))
        last_ns = now_ns + 120 * MILLISECOND + p1_port.DSMR_5.duration_ns(len(octets))
        units.append(Sent(last_ns, TO_CLIENT, octets, Truth("telegram")))
    port = pcap_writer.Interface(pcap_writer.USER0, "p1", "customer port, 115200 baud, 8N1")
    octets = pcap_writer.pcapng(pcap_writer.packets_of(units), [port], comment="A simulated meter's P1 port.")
    return sample_of(
        "p1.pcapng",
        "Telegrams of the P1 port",
        "A meter says every ten seconds at its customer port what it measures: energies, momentary values, and what "
        "the gas meter behind it counts.",
        "P1, link type USER0, with directions",
        ["telegrams with CRC", "date-times marked as winter time", "a gas meter's value"],
        931,
        units,
        octets,
        len(units),
    )


def _p1_data(now_ns: int) -> Sequence[DataSet]:
    moment = date_time(now_ns)
    numbers = (int.from_bytes(moment[:2], "big") % 100, *moment[2:4], *moment[5:8])
    stamp = "".join(f"{one:02}" for one in numbers)
    elapsed = (now_ns - _P1_START_NS) // SECOND
    return [
        data_set("1-3:0.2.8", "50"),
        data_set("0-0:1.0.0", f"{stamp}W"),
        data_set("0-0:96.1.1", b"MMM0060300999".hex().upper()),
        data_set("1-0:1.8.1", f"051200.{44 + elapsed:03}", "kWh"),
        data_set("1-0:1.8.2", "023365.076", "kWh"),
        data_set("1-0:2.8.1", "001820.033", "kWh"),
        data_set("0-0:96.14.0", "0002"),
        data_set("1-0:1.7.0", f"00.{480 + elapsed:03}", "kW"),
        data_set("1-0:2.7.0", "00.000", "kW"),
        data_set("1-0:32.7.0", "230.4", "V"),
        data_set("1-0:31.7.0", "002", "A"),
        data_set("0-1:24.1.0", "003"),
        DataSet("0-1:24.2.1", (Value(f"{stamp[:8]}0000W"), Value("01234.567", "m3"))),
    ]
