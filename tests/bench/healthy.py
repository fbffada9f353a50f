"""Captures in which nothing is wrong, made by the simulator: meters polled by turns, their clocks right, all is answered.

The generator's traffic holds refusals and clocks that are off; what the doctor adds to it is mostly what it has to say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

from analyzer.session import Session
from analyzer.simulate import model, network, pcap_writer
from analyzer.simulate.client import Client
from analyzer.simulate.forms import date_time, nanoseconds, octet_string
from analyzer.simulate.hdlc_line import DEFAULTS, HdlcLink, Limits, interleave, place
from analyzer.simulate.meter import Meter
from analyzer.simulate.packets import Endpoint
from analyzer.simulate.profile import entry_parameters
from analyzer.simulate.recipes_network import TCP_MS
from analyzer.simulate.recipes_serial import LINE_MS
from analyzer.simulate.sent import SECOND, Sent
from analyzer.simulate.speaker import Target
from captures import open_source
from dissectors.hdlc import Address

METERS, ROWS, POLLS = 4, 144, 3
"""Meters; rows of their profiles that are read; how often a session reads the registers."""
_START_NS = nanoseconds(2026, 3, 2, 9, 0, 0)
_BUS_MS = (LINE_MS[0] * METERS, LINE_MS[1] * METERS)
_BETWEEN_NS = 10 * SECOND
_FIRST_ADDRESS, _FIRST_PORT, _PORTS = 17, 50_000, 10_000
_LONG = Limits(256, 256, 1, 3), Limits(256, 256, 3, 1)
"""What a client and a meter propose that takes and sends three frames at a time."""
Carry = Callable[[list[Client], int], list[Sent]]


def write_wrapper(path: Path, records: int) -> None:
    """Write sessions over TCP, with so many records at least: a connection for each session of each meter."""
    _write(path, _sessions(TCP_MS, _on_tcp), records, pcap_writer.ETHERNET)


def write_hdlc(path: Path, records: int) -> None:
    """Write sessions on a serial bus, with so many records at least: half of the meters have a window of three."""
    _write(path, _sessions(_BUS_MS, _on_bus), records, pcap_writer.USER0)


def _write(path: Path, sessions: Iterator[list[Sent]], records: int, link_type: int) -> None:
    events: list[Sent] = []
    while sum(bool(one.truth.kind) for one in events) < records:
        events += next(sessions)
    path.write_bytes(pcap_writer.pcap(events, link_type))


def _sessions(carrying_ms: tuple[float, float], carry: Carry) -> Iterator[list[Sent]]:
    """Read all meters at a time, again and again. Gives what the capture shows of each time."""
    meters = [
        Meter(model.electricity_meter(f"4170{address:04}", start_ns=_START_NS, rows=3 * ROWS), server=f"1.{address}")
        for address in range(_FIRST_ADDRESS, _FIRST_ADDRESS + METERS)
    ]
    start_ns = _START_NS
    for seed in count(step=METERS):
        clients = [
            Client(meter, 16, start_ns=start_ns, seed=number, carrying_ms=carrying_ms)
            for number, meter in enumerate(meters, seed)
        ]
        for client in clients:
            _read(client)
        yield (events := carry(clients, seed))
        start_ns = events[-1].time_ns + _BETWEEN_NS


def _read(client: Client) -> None:
    """Open an association; read clock, registers and profile in it, write, and close it."""
    client.associate()
    client.get(Target(8, model.CLOCK))
    client.get_list([Target(1, model.SERIAL_NUMBER), Target(1, model.DEVICE_NAME)])
    for one in model.REGISTERS:
        client.get(Target(3, one.obis, 3))
    for _ in range(POLLS):
        client.get(Target(8, model.CLOCK))
        for one in model.REGISTERS:
            client.get(Target(3, one.obis))
    client.get(Target(7, model.PROFILE, 3))
    client.get(Target(7, model.PROFILE, 2, (2, entry_parameters(1, ROWS))))  # behind these the supply failed once
    client.set(Target(8, model.CLOCK), octet_string(date_time(client.clock_ns)))
    client.get(Target(8, model.CLOCK))
    client.release()


def _on_tcp(clients: list[Client], seed: int) -> list[Sent]:
    """Carry each dialogue in a connection of its own; a tap sees them all."""
    events: list[Sent] = []
    for number, client in enumerate(clients, seed):
        meter = int(client.meter.server.rpartition(".")[2])
        conversation = network.TcpConversation(
            seed=number,
            client=network.CLIENT._replace(port=_FIRST_PORT + number % _PORTS),
            meter=Endpoint(f"198.51.100.{meter}", 4059, f"02:00:5e:00:00:{meter:02x}"),
        )
        events += conversation.carry(network.wrap(client.dialogue), start_ns=client.dialogue[0].time_ns)
    return sorted(events, key=lambda one: one.time_ns)


def _on_bus(clients: list[Client], seed: int) -> list[Sent]:
    """Carry the dialogues on one line, where the meters take turns."""
    rounds = []
    for number, client in enumerate(clients, seed):
        upper, lower = map(int, client.meter.server.split("."))
        asked, answered = _LONG if number % 2 else (DEFAULTS, DEFAULTS)
        link = HdlcLink(
            client.client, Address(upper, lower, 2), seed=number, client_limits=asked, meter_limits=answered
        )
        rounds.append(link.rounds(client.dialogue))
    return place(interleave(*rounds), start_ns=clients[0].dialogue[0].time_ns)


def records(path: Path) -> int:
    """Count the records of a capture."""
    with open_source(str(path)) as source:
        return sum(1 for _ in Session(source, learns=False).records())
