"""Peeling against Scapy's own dissection, on the corpus and on random packets."""

import random
from collections.abc import Iterator
from pathlib import Path

from scapy.layers.inet import IP, TCP, UDP, IPOption_NOP
from scapy.layers.inet6 import IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrHopByHop, IPv6ExtHdrRouting
from scapy.layers.l2 import ARP, CookedLinux, CookedLinuxV2, Dot1AD, Dot1Q, Ether, Loopback
from scapy.layers.ppp import PPP, PPPoE
from scapy.packet import NoPayload, Packet, Padding, Raw

from captures import open_source
from captures.chunk import Chunk
from captures.network import Network, endpoints

ROOTS: dict[int, type[Packet]] = {
    0: Loopback,
    1: Ether,
    9: PPP,
    101: IP,
    113: CookedLinux,
    229: IPv6,
    276: CookedLinuxV2,
}


def dissected(packet: Packet) -> tuple[object, ...] | None:
    """What Scapy sees: protocol, endpoints, sequence, flags, payload; None without TCP or UDP."""
    transport = packet.getlayer(TCP) or packet.getlayer(UDP)
    network = packet.getlayer(IP) or packet.getlayer(IPv6)
    if (
        transport is None
        or network is None
        or network.haslayer("ICMP")
        or network.haslayer("ICMPv6 Destination Unreachable")
    ):
        return None
    octets = b"" if isinstance(transport.payload, NoPayload | Padding) else bytes(transport.payload.original)
    padding = transport.getlayer(Padding)
    if padding is not None and octets.endswith(padding.load) and not isinstance(transport.payload, Padding):
        octets = octets[: len(octets) - len(padding.load)]
    form = "{}:{}" if isinstance(network, IP) else "[{}]:{}"
    pair = form.format(network.src, transport.sport), form.format(network.dst, transport.dport)
    if isinstance(transport, UDP):
        return 17, pair, 0, 0, 0, octets
    return 6, pair, transport.seq, transport.ack, int(transport.flags) & 0xFF, octets


def peeled(chunk: Chunk) -> tuple[object, ...] | None:
    payload = Network().peel(chunk)
    if payload is None:
        return None
    pair = endpoints(payload.key)
    return payload.protocol, pair, payload.sequence, payload.acknowledgment, payload.flags, payload.octets


def test_peel_equals_scapy_on_every_packet_of_the_corpus(corpus: Path) -> None:
    seen = 0
    for path in sorted((corpus / "pcap").iterdir()):
        with open_source(str(path)) as source:
            for chunk in source:
                want = dissected(ROOTS[chunk.link_type](chunk.octets))
                assert peeled(chunk) == want, f"{path.name} packet {chunk.number}"
                seen += want is not None
    assert seen > 2000


def random_packets(count: int) -> Iterator[tuple[int, Packet]]:
    """Random stacks of every link type that Scapy builds, of one seed."""
    choose = random.Random(4059)

    def octets(most: int) -> bytes:
        return choose.randbytes(choose.randrange(most))

    for _ in range(count):
        ports = {"sport": choose.randrange(1, 65536), "dport": choose.choice([4059, 4061, choose.randrange(1, 65536)])}
        transport = (
            UDP(**ports)
            if choose.random() < 0.4
            else TCP(seq=choose.getrandbits(32), ack=choose.getrandbits(32), flags=choose.getrandbits(8), **ports)
        )
        if isinstance(transport, TCP) and choose.random() < 0.3:
            transport.options = [("NOP", None)] * (4 * choose.randrange(1, 9))
        six = choose.random() < 0.4
        if six:
            network: Packet = IPv6(src=f"fe80::{choose.randrange(1, 9999)}", dst="2001:db8::1")
            for layer in choose.sample(
                [IPv6ExtHdrHopByHop, IPv6ExtHdrDestOpt, IPv6ExtHdrRouting], choose.choice([0, 0, 1, 2])
            ):
                network /= layer()
        else:
            network = IP(src=f"10.{choose.randrange(256)}.0.7", dst="192.168.1.9")
            if choose.random() < 0.3:
                network.options = [IPOption_NOP()] * choose.randrange(1, 12)
        body = network / transport / Raw(octets(200))
        link_type = choose.choice([1, 1, 1, 9, 113, 276, 229 if six else 101])
        if link_type == 1:
            tags: Packet = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")
            for layer in choose.choice([(), (), (Dot1Q,), (Dot1AD, Dot1Q)]):
                tags /= layer(vlan=5)
            if choose.random() < 0.1:
                tags = tags / PPPoE(sessionid=7) / PPP()
            yield 1, tags / body
        elif link_type == 9:
            yield 9, PPP() / body
        elif link_type in (113, 276):
            yield link_type, (CookedLinux() if link_type == 113 else CookedLinuxV2()) / body
        else:
            yield link_type, body


def test_peel_equals_scapy_on_random_packets() -> None:
    seen = 0
    for number, (link_type, packet) in enumerate(random_packets(600), 1):
        octets = bytes(packet)
        if link_type == 1:
            octets = octets.ljust(60, b"\0")
        want = dissected(ROOTS[link_type](octets))
        assert peeled(Chunk(number, None, link_type, 0, octets, len(octets), 0)) == want, packet.summary()
        seen += want is not None
    assert seen == 600


def test_packets_without_transport_are_none_for_both() -> None:
    octets = bytes(Ether() / ARP())
    assert dissected(Ether(octets)) is None
    assert peeled(Chunk(1, None, 1, 0, octets, len(octets), 0)) is None
