"""The samples of serial lines: several meters on one bus, short names. All numbers are made up."""

from __future__ import annotations

import random

from analyzer.cosem.logical_name import obis_from_text
from analyzer.simulate import model, pcap_writer
from analyzer.simulate.client import Client
from analyzer.simulate.client_sn import ShortNameClient
from analyzer.simulate.forms import date_time, nanoseconds, octet_string
from analyzer.simulate.hdlc_line import HdlcLink, Limits, interleave, place
from analyzer.simulate.manifest import Sample, sample_of
from analyzer.simulate.meter import Meter
from analyzer.simulate.notifications import information_report
from analyzer.simulate.object_lists import ASSOCIATION, with_short_names
from analyzer.simulate.profile import entry_parameters
from analyzer.simulate.sent import Form
from analyzer.simulate.speaker import Target
from dissectors.hdlc import Address

START_NS = nanoseconds(2026, 3, 2, 9, 14, 7) + 271_828_182
LINE_MS, BUS_MS = (30.0, 1.3), (110.0, 2.6)
"""What 9600 baud add to an exchange and to an octet: frames and polls; on the bus also those of the other meter."""
_SN_START_NS = nanoseconds(2026, 3, 3, 6, 30, 2) + 141_592_653


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
    return sample_of(
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
    client = Client(meter, 16, start_ns=START_NS, seed=seed, carrying_ms=BUS_MS)
    client.associate()
    client.get(Target(8, model.CLOCK))
    client.get(Target(1, model.SERIAL_NUMBER))
    client.get_list([Target(3, one.obis, number) for one in model.REGISTERS[:9] for number in (3, 2)])
    client.get(Target(7, model.PROFILE, 3))
    client.get(Target(7, model.PROFILE))
    client.release()
    return client


def sn_hdlc() -> Sample:
    """Make a session with short names on a serial line; a pcap file tells no direction."""
    objects = with_short_names(model.electricity_meter("19960412", start_ns=_SN_START_NS, rows=48, drift_ms=-8700))
    meter = Meter(objects, password=b"00000000", max_receive_pdu_size=256)
    client = ShortNameClient(meter, 16, start_ns=_SN_START_NS, seed=301, thinking_ms=(60, 220), carrying_ms=LINE_MS)
    client.associate(password=b"00000000", max_receive_pdu_size=384)
    client.read(Target(12, ASSOCIATION))
    client.read(Target(8, model.CLOCK), Target(1, model.SERIAL_NUMBER))
    client.read(*(Target(3, one.obis, number) for one in model.REGISTERS[:6] for number in (3, 2)))
    client.read(Target(7, model.PROFILE, 3), Target(7, model.PROFILE, 4))
    client.read(Target(7, model.PROFILE))
    client.read(Target(7, model.PROFILE, 2, (2, entry_parameters(1, 4))))
    client.read(Target(8, model.CLOCK), Target(8, model.CLOCK, 4))
    clock, scripts = Target(8, model.CLOCK), Target(9, model.SCRIPTS, 1)
    client.write((client.name(clock), octet_string(date_time(client.clock_ns))))
    client.write((client.name(Target(3, "1-0:1.8.0*255")), {"double-long-unsigned": 0}))  # refused: not writable
    client.write((client.method_name(scripts), {"long-unsigned": 1}))
    table = model.day_profiles(4, chance=random.Random(302))
    client.write_blocks([(client.name(Target(20, model.CALENDAR, 9)), table)], 200)
    client.write_unconfirmed((client.name(Target(20, model.CALENDAR, 6)), octet_string(b"WINTER")))
    told = [Target(8, model.CLOCK), Target(3, "1-0:1.8.0*255")]
    values = [meter.objects[obis_from_text(one.obis)].read(one.number, client.clock_ns) for one in told]
    forms: list[Form] = [value for value in values if not isinstance(value, int)]
    readings = [target.reading(form) for target, form in zip(told, forms, strict=True)]
    client.hear(information_report([client.name(one) for one in told], forms), readings)
    client.release()
    link = HdlcLink(16, Address(1, None, 1), seed=303)
    units = place(link.rounds(client.dialogue), start_ns=_SN_START_NS, baud=9600)
    return sample_of(
        "sn-hdlc.pcap",
        "Short names over HDLC",
        "An older meter is read with short names through an optical head: object list and load profile in blocks, "
        "selective access, writes, a method, a write in blocks, one without an answer, an information report.",
        "HDLC, link type USER0, without directions",
        ["short names", "read blocks and write blocks", "parameterized access", "UnconfirmedWrite",
         "InformationReport in a UI frame", "a data-access-error", "segments of 128 octets"],
        301,
        units,
        pcap_writer.pcap(units, pcap_writer.USER0),
        len(units),
    )  # fmt: skip
