"""The sample captures: ``python -m analyzer.simulate.samples [FOLDER]`` writes them, the same each time."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from analyzer.simulate import model, network, pcap_writer
from analyzer.simulate.client import Client, Target
from analyzer.simulate.forms import date_time, nanoseconds, octet_string
from analyzer.simulate.hdlc_line import HdlcLink, Limits, interleave, place
from analyzer.simulate.manifest import Sample, count_apdus, count_completed, count_frames, manifest
from analyzer.simulate.meter import Meter
from analyzer.simulate.profile import range_parameters
from analyzer.simulate.sent import SECOND, Form, Sent
from dissectors.hdlc import Address

START_NS = nanoseconds(2026, 3, 2, 9, 14, 7) + 271_828_182
PASSWORD = b"Sample01"
_DISCONNECT_PARAMETER: Form = {"integer": 0}


def ln_wrapper() -> Sample:
    """Make a session with logical names over TCP."""
    meter = Meter(model.electricity_meter("41700023", start_ns=START_NS, rows=96, drift_ms=3200), password=PASSWORD)
    client = Client(meter, 32, start_ns=START_NS, seed=101)
    client.associate(password=PASSWORD)
    client.get(Target(8, model.CLOCK))
    client.get(Target(1, model.DEVICE_NAME))
    for one in model.REGISTERS[:2]:
        client.get(Target(3, one.obis, 3))
        client.get(Target(3, one.obis))
    client.get_list([Target(3, one.obis, number) for one in model.REGISTERS[5:9] for number in (3, 2)])
    client.get(Target(7, model.PROFILE, 3))
    client.get(Target(7, model.PROFILE))
    client.get(Target(7, model.PROFILE, 2, (1, range_parameters(START_NS - 5400 * SECOND, START_NS))))
    client.get(Target(3, "1-0:99.8.0*255"))  # an object that the meter has not
    client.access([("get", Target(8, model.CLOCK), None), ("get", Target(3, "1-0:1.8.0*255"), None)])
    client.set(Target(8, model.CLOCK), octet_string(date_time(client.now_ns)))
    client.get(Target(8, model.CLOCK))
    client.action(Target(70, model.DISCONNECT, 1), _DISCONNECT_PARAMETER)
    client.get(Target(70, model.DISCONNECT, 3))
    client.action(Target(70, model.DISCONNECT, 2), _DISCONNECT_PARAMETER)
    client.release()
    units = network.wrap(client.dialogue)
    events = network.TcpConversation(seed=102, mss=536).carry(units, start_ns=START_NS)
    return _sample(
        "ln-wrapper.pcap",
        "Logical names over TCP",
        "A head end reads an electricity meter over a cellular link: association with a password, clock, registers "
        "with scaler and unit, a list, a load profile in datablocks; then it sets the clock and switches the supply.",
        "wrapper over TCP",
        ["low level security", "GET with list and in datablocks", "selective access by range", "ACCESS", "SET",
         "ACTION", "a data-access-result", "wrapper PDUs that span TCP segments of 536 octets"],
        101,
        units,
        pcap_writer.pcap(events, pcap_writer.ETHERNET),
        len(events),
    )  # fmt: skip


def hdlc_segments() -> Sample:
    """Make two meters on one serial bus, polled by turns."""
    near = _bus_client("52100071", "1.17", rows=32, seed=201)
    far = _bus_client("52100348", "1.5017", rows=64, seed=202)
    links = (
        HdlcLink(16, Address(1, 17, 2), seed=203).rounds(near.dialogue),
        HdlcLink(
            16,
            Address(1, 5017, 4),
            seed=204,
            client_limits=Limits(256, 512, 1, 4),
            meter_limits=Limits(256, 256, 3, 1),
        ).rounds(far.dialogue),
    )
    units = place(interleave(*links), start_ns=START_NS, baud=9600)
    comments = {
        1: "first meter: server address of two octets, the default parameters",
        3: "second meter: server address of four octets, longer frames and a window of three",
    }
    interface = pcap_writer.Interface(pcap_writer.USER0, "rs485", "serial bus, 9600 baud, 8N1")
    octets = pcap_writer.pcapng(
        pcap_writer.packets_of(units, comments), [interface], comment="Two simulated meters on one RS-485 bus."
    )
    return _sample(
        "hdlc-segments.pcapng",
        "Two meters on one serial bus",
        "A data concentrator polls two meters on an RS-485 bus by turns. Answers that are longer than the information "
        "field come in segments, one frame a poll at the first meter, three in a window at the second.",
        "HDLC, link type USER0, with directions",
        ["SNRM and UA with negotiated parameters", "server addresses of two and four octets", "segments and RR",
         "a window of three frames", "two conversations interleaved on one line"],
        201,
        units,
        octets,
        len(units),
    )  # fmt: skip


def _bus_client(serial: str, server: str, *, rows: int, seed: int) -> Client:
    meter = Meter(model.electricity_meter(serial, start_ns=START_NS, rows=rows), server=server)
    client = Client(meter, 16, start_ns=START_NS, seed=seed)
    client.associate()
    client.get(Target(8, model.CLOCK))
    client.get(Target(1, model.SERIAL_NUMBER))
    client.get_list([Target(3, one.obis, number) for one in model.REGISTERS[:9] for number in (3, 2)])
    client.get(Target(7, model.PROFILE, 3))
    client.get(Target(7, model.PROFILE))
    client.release()
    return client


RECIPES: tuple[Callable[[], Sample], ...] = (ln_wrapper, hdlc_segments)
"""What makes each sample, in the order of the manifest."""


def _sample(
    file: str,
    title: str,
    description: str,
    link: str,
    shows: Sequence[str],
    seed: int,
    units: Sequence[Sent],
    octets: bytes,
    packets: int,
) -> Sample:
    counts = (count_frames(units), count_apdus(units), count_completed(units))
    return Sample(file, title, description, link, tuple(shows), seed, octets, packets, *counts)


def build() -> list[Sample]:
    """Make all samples."""
    return [recipe() for recipe in RECIPES]


def main(arguments: Sequence[str]) -> None:
    """Write captures and manifest into a folder; without one, to where the program looks for them."""
    folder = Path(arguments[0]) if arguments else Path(__file__).parents[2] / "captures" / "samples"
    folder.mkdir(parents=True, exist_ok=True)
    made = build()
    for sample in made:
        (folder / sample.file).write_bytes(sample.octets)
    (folder / "manifest.toml").write_text(manifest(made), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
