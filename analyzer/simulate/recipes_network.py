"""The samples of networks: a session over TCP, pushes over UDP, block transfers. All numbers are made up."""

from __future__ import annotations

import random

from analyzer.cosem.logical_name import obis_from_text
from analyzer.simulate import model, network, pcap_writer
from analyzer.simulate.block_transfer import ask_in_blocks, push_in_blocks
from analyzer.simulate.client import Client
from analyzer.simulate.forms import NULL, date_time, form_of, nanoseconds, octet_string, octets_of, read_apdu, structure
from analyzer.simulate.manifest import Sample, sample_of
from analyzer.simulate.meter import Meter
from analyzer.simulate.notifications import event, push, pushed
from analyzer.simulate.packets import Endpoint
from analyzer.simulate.profile import range_parameters
from analyzer.simulate.sent import SECOND, TO_METER, Form, Reading, Sent
from analyzer.simulate.speaker import Speaker, Target
from dissectors.xdlms.get import GetRequestNormal
from dissectors.xdlms.notification import DataNotificationConfirm

START_NS = nanoseconds(2026, 3, 2, 9, 14, 7) + 271_828_182
TCP_MS = (80.0, 0.01)
"""What TCP adds to an exchange, by its latency, and to an octet."""
PASSWORD = b"Sample01"
_DISCONNECT_PARAMETER: Form = {"integer": 0}


def ln_wrapper() -> Sample:
    """Make a session with logical names over TCP."""
    meter = Meter(model.electricity_meter("41700023", start_ns=START_NS, rows=96, drift_ms=3200), password=PASSWORD)
    client = Client(meter, 32, start_ns=START_NS, seed=101, carrying_ms=TCP_MS)
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
    client.set(Target(8, model.CLOCK), octet_string(date_time(client.clock_ns)))
    client.get(Target(8, model.CLOCK))
    client.action(Target(70, model.DISCONNECT, 1), _DISCONNECT_PARAMETER)
    client.get(Target(70, model.DISCONNECT, 3))
    client.action(Target(70, model.DISCONNECT, 2), _DISCONNECT_PARAMETER)
    client.hear(event(Target(1, model.STATUS), {"unsigned": 0x40}, now_ns=client.clock_ns))
    client.release()
    units = network.wrap(client.dialogue)
    events = network.TcpConversation(seed=102, mss=536).carry(units, start_ns=START_NS)
    return sample_of(
        "ln-wrapper.pcap",
        "Logical names over TCP",
        "A head end reads an electricity meter over a cellular link: association with a password, clock, registers "
        "with scaler and unit, a list, a load profile in datablocks; then it sets the clock and switches the supply.",
        "wrapper over TCP",
        ["low level security", "GET with list and in datablocks", "selective access by range", "ACCESS", "SET",
         "ACTION", "event-notification", "a data-access-result", "wrapper PDUs that span TCP segments of 536 octets"],
        101,
        units,
        pcap_writer.pcap(events, pcap_writer.ETHERNET),
        len(events),
    )  # fmt: skip


def push_udp() -> Sample:
    """Make pushes of three meters to one head end."""
    spoken: list[tuple[int, list[Sent]]] = []
    start_ns = nanoseconds(2026, 3, 2, 12, 0, 0)
    for index in range(3):
        meter = Meter(model.electricity_meter(f"6030010{index}", start_ns=start_ns, rows=24, seed=index))
        speaker = Speaker(meter, 103, start_ns=start_ns + (7 + 11 * index) * SECOND, seed=401 + index)
        for invoke_id in (1, 2, 3):
            readings = pushed(meter, speaker.now_ns)
            pushing = push(meter, readings, now_ns=speaker.now_ns, invoke_id=invoke_id, has_time=index != 1)
            speaker.hear(pushing, readings)
            speaker.wait(60_000)
        _push_profile(speaker, 4)
        if index == 2:
            _push_confirmed(speaker, 5)
        spoken.append((index, speaker.dialogue))
    units: list[Sent] = []
    events: list[Sent] = []
    for index, dialogue in spoken:
        wrapped = network.wrap(dialogue)
        meter_end = Endpoint(f"198.51.100.{21 + index}", 4059, f"02:00:5e:00:00:{0x21 + index:02x}")
        head_end = Endpoint("192.0.2.10", 4059, network.CLIENT.mac)
        units += wrapped
        events += network.datagrams(wrapped, seed=410 + index, client=head_end, meter=meter_end)
    events.sort(key=lambda one: one.time_ns)
    return sample_of(
        "push-udp.pcap",
        "Pushes over UDP",
        "Three meters push clock, energies and momentary values to a head end every minute, then a load profile in "
        "streamed blocks of a general-block-transfer; the last push of one is confirmed.",
        "wrapper over UDP",
        ["data-notification with and without date-time", "general-block-transfer without acknowledgement",
         "data-notification-confirm", "three meters interleaved"],
        401,
        units,
        pcap_writer.pcap(events, pcap_writer.ETHERNET),
        len(events),
    )  # fmt: skip


def _push_profile(speaker: Speaker, invoke_id: int) -> None:
    """Push the whole load profile in blocks."""
    name = obis_from_text(model.PROFILE)
    speaker.meter.now_ns = speaker.now_ns
    buffer = speaker.meter.read(7, name, 2)
    if isinstance(buffer, int):
        return
    reading = Reading(7, name, 2, buffer)
    notification = push(speaker.meter, [reading], now_ns=speaker.now_ns, invoke_id=invoke_id)
    push_in_blocks(speaker, notification, room=160, values=[reading])


def _push_confirmed(speaker: Speaker, invoke_id: int) -> None:
    speaker.wait(60_000)
    readings = pushed(speaker.meter, speaker.now_ns)
    confirmed = push(speaker.meter, readings, now_ns=speaker.now_ns, invoke_id=invoke_id, confirmed=True)
    speaker.hear(confirmed, readings)
    speaker.say(TO_METER, octets_of(DataNotificationConfirm(long_invoke_id=invoke_id, date_time=b"")))


def blocks() -> Sample:
    """Make every kind of block transfer in one session over UDP, where a block may be lost."""
    start_ns = nanoseconds(2026, 3, 4, 2, 15, 30)
    meter = Meter(model.electricity_meter("41700088", start_ns=start_ns, rows=40), max_receive_pdu_size=256)
    client = Client(meter, 32, start_ns=start_ns, seed=501)
    chance = random.Random(502)
    client.associate(max_receive_pdu_size=160)
    client.set_blocks(Target(20, model.CALENDAR, 9), model.day_profiles(9, chance=chance), 180)
    client.set_list_blocks(
        [
            (Target(20, model.CALENDAR, 6), octet_string(b"WINTER")),
            (Target(20, model.CALENDAR, 9), model.day_profiles(5, chance=chance)),
        ],
        180,
    )
    client.get_list([Target(3, one.obis, number) for one in model.REGISTERS[:11] for number in (3, 2)])
    client.get(Target(7, model.PROFILE))
    parameter = structure({"double-long-unsigned": 0}, octet_string(chance.randbytes(model.IMAGE_BLOCK_SIZE)))
    client.action_blocks(Target(18, model.IMAGE, 2), parameter, 200)
    client.action(Target(64, model.SECURITY_SETUP, 7), NULL)
    client.release()
    client.wait(250)
    client.associate(max_receive_pdu_size=160, without=["block-transfer-with-get-or-read"])
    _get_in_blocks(client, Target(7, model.PROFILE), lost=())
    _get_in_blocks(client, Target(7, model.PROFILE), lost=(2, 5))
    client.release()
    units = network.wrap(client.dialogue)
    events = network.datagrams(units, seed=503)
    return sample_of(
        "blocks.pcap",
        "Block transfers",
        "A table is written in datablocks, a list is read in datablocks, an image block goes and a certificate comes "
        "in pblocks; then a load profile comes by general-block-transfer, at the second time with two lost blocks.",
        "wrapper over UDP",
        ["SET with datablocks, also of a list", "GET of a list in datablocks", "ACTION with pblocks both ways",
         "general-block-transfer with a window of three", "lost blocks, and blocks that come twice"],
        501,
        units,
        pcap_writer.pcap(events, pcap_writer.ETHERNET),
        len(events),
        notes=["block-repeated"],
    )  # fmt: skip


def _get_in_blocks(client: Client, target: Target, *, lost: tuple[int, ...]) -> None:
    request = GetRequestNormal(invoke_id=client.next_invoke_id(), cosem_attribute_descriptor=target.attribute)
    answer = read_apdu(ask_in_blocks(client, request, room=150, lost=lost))
    client.learn([target.reading(form_of(answer.result.data))])
