"""The samples that need keys: a secured session, ciphered pushes. All keys are published ones, all numbers made up."""

from __future__ import annotations

from dataclasses import replace

from analyzer.simulate import model, network, pcap_writer
from analyzer.simulate.block_transfer import push_in_blocks
from analyzer.simulate.client import Client
from analyzer.simulate.forms import date_time, nanoseconds, octet_string
from analyzer.simulate.manifest import Sample, sample_of
from analyzer.simulate.meter import Meter
from analyzer.simulate.notifications import event, push, pushed
from analyzer.simulate.packets import Endpoint
from analyzer.simulate.recipes_network import TCP_MS
from analyzer.simulate.security import KeySource, Security, published_keys
from analyzer.simulate.sent import SECOND, Form, Sent
from analyzer.simulate.speaker import Speaker, Target

_START_NS = nanoseconds(2026, 3, 6, 7, 45, 12) + 577_215_664
_PUSH_START_NS = nanoseconds(2026, 3, 6, 8, 0, 0)
_SWITCH: Form = {"integer": 0}
_KEYRING = "# The keys of a sample capture. Everybody knows them: they protect nothing.\n"
_PUSHING = (KeySource.GENERAL_GLOBAL, KeySource.GENERAL_GLOBAL, KeySource.WRAPPED)


def keyring(*held: Security, has_kek: bool = False) -> str:
    """Write a keyring file with the keys of these meters."""
    text = _KEYRING
    for one in held:
        text += f'\n[[meter]]\nserver_title = "{one.server_title.hex().upper()}"\n'
        named = {"guek": one.keys.guek, "gak": one.keys.gak, **({"kek": one.keys.kek} if has_kek else {})}
        text += "".join(f'{name} = "{key.hex().upper()}"\n' for name, key in named.items())
    return text


def ln_ciphered() -> Sample:
    """Make a session under a global key, then one under a dedicated key."""
    under_global = Security(client_counter=0x0000_1A2B, server_counter=0x0001_0F3C)
    meter = Meter(
        model.electricity_meter("41700131", start_ns=_START_NS, rows=48, drift_ms=-1400), security=under_global
    )
    client = Client(meter, 1, start_ns=_START_NS, seed=601, carrying_ms=TCP_MS, security=under_global)
    client.associate(max_receive_pdu_size=512)
    client.get(Target(8, model.CLOCK))
    for one in model.REGISTERS[:2]:
        client.get(Target(3, one.obis, 3))
        client.get(Target(3, one.obis))
    client.get_list([Target(3, one.obis, number) for one in model.REGISTERS[5:8] for number in (3, 2)])
    client.get(Target(7, model.PROFILE))
    client.hear(event(Target(1, model.STATUS), {"unsigned": 0x40}, now_ns=client.clock_ns))
    client.release()
    client.wait(400)
    _change(client, meter, replace(under_global, key_source=KeySource.DEDICATED))
    client.associate(max_receive_pdu_size=512)
    client.set(Target(8, model.CLOCK), octet_string(date_time(client.clock_ns)))
    client.get(Target(8, model.CLOCK))
    client.access([("get", Target(8, model.CLOCK), None), ("get", Target(3, "1-0:1.8.0*255"), None)])
    client.action(Target(70, model.DISCONNECT, 1), _SWITCH)
    client.action(Target(70, model.DISCONNECT, 2), _SWITCH)
    client.release()
    units = network.wrap(client.dialogue)
    events = network.TcpConversation(seed=602, mss=536).carry(units, start_ns=_START_NS)
    return sample_of(
        "ln-ciphered.pcap",
        "A secured session",
        "A head end opens an association with high level security (GMAC) and reads under the global key; then it opens "
        "another one that brings a dedicated key, sets the clock and switches the supply. The keyring stands beside.",
        "wrapper over TCP",
        ["HLS 5 with its four passes", "glo- APDUs, authenticated and encrypted", "a dedicated key out of the AARQ",
         "ded- APDUs, ACCESS in general-ded-ciphering", "ciphered blocks", "a ciphered event-notification"],
        601,
        units,
        pcap_writer.pcap(events, pcap_writer.ETHERNET),
        len(events),
        keyring=keyring(under_global),
    )  # fmt: skip


def _change(client: Client, meter: Meter, security: Security) -> None:
    """Let both sides go on with another key source; what they have counted stays."""
    for side in (client.side, meter.side):
        if side:
            side.security = security


def push_ciphered() -> Sample:
    """Make ciphered pushes of three meters, each with keys of its own."""
    events: list[Sent] = []
    units: list[Sent] = []
    held = [_pusher(index) for index in range(3)]
    for index, security in enumerate(held):
        serial = f"6030020{index}"
        meter = Meter(model.electricity_meter(serial, start_ns=_PUSH_START_NS, rows=12, seed=index), security=security)
        start_ns = _PUSH_START_NS + (5 + 13 * index) * SECOND
        speaker = Speaker(meter, 103, start_ns=start_ns, seed=701 + index, security=security)
        for invoke_id in range(1, 5):
            readings = pushed(meter, speaker.now_ns)
            pushing = push(meter, readings, now_ns=speaker.now_ns, invoke_id=invoke_id)
            if invoke_id == 4:
                push_in_blocks(speaker, pushing, room=48, values=readings)
            else:
                speaker.hear(pushing, readings)
            speaker.wait(60_000)
        wrapped = network.wrap(speaker.dialogue)
        meter_end = Endpoint(f"198.51.100.{31 + index}", 4059, f"02:00:5e:00:00:{0x31 + index:02x}")
        head_end = Endpoint("192.0.2.10", 4059, network.CLIENT.mac)
        units += wrapped
        events += network.datagrams(wrapped, seed=710 + index, client=head_end, meter=meter_end)
    events.sort(key=lambda one: one.time_ns)
    return sample_of(
        "push-ciphered.pcap",
        "Ciphered pushes",
        "Three meters push under keys of their own, which the system titles tell apart: one authenticated and "
        "encrypted, one encrypted only, one under a key that is wrapped in each push. The last push of each "
        "comes in blocks. The keyring stands beside.",
        "wrapper over UDP",
        ["general-glo-ciphering with and without authentication", "general-ciphering with a wrapped key",
         "a keyring of several meters", "ciphered octets in a general-block-transfer"],
        701,
        units,
        pcap_writer.pcap(events, pcap_writer.ETHERNET),
        len(events),
        keyring=keyring(*held, has_kek=True),
    )  # fmt: skip


def _pusher(index: int) -> Security:
    """Give a meter its own title and keys: those of the books, turned by as many octets as its number."""
    keys = published_keys(0)
    turned = {name: getattr(keys, name)[index:] + getattr(keys, name)[:index] for name in ("guek", "gak", "kek")}
    return Security(
        keys=replace(keys, **turned),
        key_source=_PUSHING[index],
        is_authenticated=index != 1,
        client_title=bytes.fromhex("4D4D4D0000000067"),
        server_title=bytes.fromhex("4D4D4D0000BC6200")[:-1] + bytes((0x10 + index,)),
        server_counter=0x0002_0000 + 0x1000 * index,
    )
