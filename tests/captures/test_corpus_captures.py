"""The captures of the corpus, against what its list says of them."""

import struct
import tomllib
from collections import Counter
from pathlib import Path

from captures import open_source
from captures.chunk import CaptureError
from captures.network import TCP, Network


def test_every_capture_of_the_corpus_has_the_packets_that_are_listed(corpus: Path) -> None:
    listed = tomllib.loads((corpus / "pcaps.toml").read_text())["pcap"]
    assert len(listed) == 15
    for entry in listed:
        network = Network()
        link_types: set[str] = set()
        ports: Counter[str] = Counter()
        count = 0
        with open_source(str(corpus / entry["file"])) as source:
            for chunk in source:
                count += 1
                link_types.add(str(chunk.link_type))
                payload = network.peel(chunk)
                if payload and payload.octets:
                    source_port, destination_port = struct.unpack(">HH", payload.key[-4:])
                    name = "tcp" if payload.protocol == TCP else "udp"
                    ports[f"{name} {source_port}->{destination_port}"] += 1
            assert source.remarks == [], entry["id"]
        assert count == entry["packets"], entry["id"]
        assert link_types == set(entry["linktypes"]), entry["id"]
        for line in entry["ports"]:
            flow, times = line.rsplit(" x", 1)
            if "->" in flow:
                assert ports[flow] == int(times), f"{entry['id']} {flow}"


def test_every_log_of_the_corpus_is_read_or_refused_with_a_line(corpus: Path) -> None:
    read = 0
    for path in sorted((corpus / "logs").iterdir()):
        try:
            with open_source(str(path)) as source:
                read += sum(1 for _ in source) > 0
        except CaptureError as error:
            assert str(error).startswith(f"{path}: text without octets in hex")
    assert read
