"""Capture files that the simulator writes, read by hand and by the project's own sources."""

from pathlib import Path

from analyzer.simulate.pcap_writer import ETHERNET, USER0, Interface, Packet, packets_of, pcap, pcapng
from analyzer.simulate.sent import TO_CLIENT, TO_METER, Sent
from captures import open_source
from captures.chunk import RECEIVED, SENT, UNKNOWN
from tests.analyzer.simulate import reading

NOW = 1_772_442_847_123_456_789
EVENTS = [Sent(NOW, TO_METER, b"\x7e\xa0"), Sent(NOW + 5, TO_CLIENT, b"\x01\x02\x03"), Sent(NOW + 9, TO_CLIENT, b"")]


def test_pcap_has_link_type_times_and_octets() -> None:
    link_type, records = reading.pcap(pcap(EVENTS, USER0))
    assert link_type == USER0
    assert [(one.time_ns, one.octets) for one in records] == [(one.time_ns, one.octets) for one in EVENTS]


def test_pcap_with_a_snap_length_keeps_the_original_length(tmp_path: Path) -> None:
    path = tmp_path / "cut.pcap"
    path.write_bytes(pcap(EVENTS, USER0, snap_length=2))
    source = open_source(str(path))
    assert [(len(one.octets), one.original_length) for one in source] == [(2, 2), (2, 3), (0, 0)]
    source.close()


def test_pcapng_has_direction_flags_only_where_known() -> None:
    known, unknown = Packet(NOW, b"a", SENT), Packet(NOW, b"b", UNKNOWN)
    _, records = reading.pcapng(pcapng([known, unknown], [Interface(USER0)]))
    assert [one.flags for one in records] == [2, 0]


def test_pcapng_read_by_the_projects_source_is_the_same(tmp_path: Path) -> None:
    path = tmp_path / "lane.pcapng"
    path.write_bytes(pcapng(packets_of(EVENTS, {2: "the answer"}), [Interface(USER0, "bus", "a bus")], comment="all"))
    source = open_source(str(path))
    chunks = list(source)
    assert [(one.time_ns, one.octets, one.direction, one.link_type) for one in chunks] == [
        (one.time_ns, one.octets, one.direction, USER0) for one in EVENTS
    ]
    assert chunks[1].direction == RECEIVED
    assert source.comments[2] == ["the answer"]
    source.close()


def test_pcapng_with_two_interfaces_keeps_their_link_types(tmp_path: Path) -> None:
    path = tmp_path / "two.pcapng"
    packets = [Packet(NOW, bytes(14), SENT, 0), Packet(NOW, b"\x7e", SENT, 1)]
    path.write_bytes(pcapng(packets, [Interface(ETHERNET, "eth0"), Interface(USER0, "bus")]))
    source = open_source(str(path))
    assert [one.link_type for one in source] == [ETHERNET, USER0]
    source.close()
