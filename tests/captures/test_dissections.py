"""Packets as Wireshark writes them in JSON and PDML, opened: the same records as of the capture itself."""

import json
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from analyzer.pipeline import Pipeline
from analyzer.record import Record
from captures import open_source
from captures.chunk import Chunk
from captures.dissections import Dissections
from captures.network import Network, Payload, endpoints
from captures.samples import sample_path
from captures.stream import HeldInput, Window
from tests.costs import processor_s


def packets(name: str) -> list[tuple[Chunk, Payload | None]]:
    network = Network()
    with open_source(str(sample_path(name))) as source:
        return [(chunk, network.peel(chunk)) for chunk in source]


def fields(chunk: Chunk, payload: Payload | None) -> Iterator[tuple[str, str]]:
    """What Wireshark says of a packet, as far as it counts; and a lot besides, the member ``ip.addr`` twice."""
    assert chunk.time_ns is not None
    yield "frame.encap_type", {1: "1", 147: "45"}[chunk.link_type]
    yield "frame.time_epoch", f"{chunk.time_ns // 10**9}.{chunk.time_ns % 10**9:09d}"
    yield "frame.len", str(chunk.original_length)
    if payload is None:
        yield "frame.packet_flags_direction", f"0x{[0, 1, 2][chunk.direction]:08x}"
        yield "data.data", chunk.octets.hex(":")
        return
    for side, end in zip(("src", "dst"), endpoints(payload.key), strict=True):
        yield f"ip.{side}", end.rsplit(":", 1)[0]
        yield "ip.addr", end.rsplit(":", 1)[0]
    protocol = {6: "tcp", 17: "udp"}[payload.protocol]
    for side, end in zip(("srcport", "dstport"), endpoints(payload.key), strict=True):
        yield f"{protocol}.{side}", end.rsplit(":", 1)[1]
    if protocol == "tcp":
        yield "tcp.seq", "1"
        yield "tcp.seq_raw", str(payload.sequence)
        yield "tcp.ack_raw", str(payload.acknowledgment)
        yield "tcp.flags", f"0x{payload.flags:04x}"
    if payload.octets:
        yield f"{protocol}.payload", payload.octets.hex(":")


def as_json(name: str, *, with_octets: bool = False) -> str:
    written = []
    for chunk, payload in packets(name):
        members = [f'          "{key}": {json.dumps(value)}' for key, value in fields(chunk, payload)]
        if with_octets:
            members.insert(
                0, f'        "frame_raw": [\n          "{chunk.octets.hex()}",\n          0,\n          1\n        ]'
            )
        text = ",\n".join(members)
        written.append(
            f'  {{\n    "_index": "packets-2026-03-02",\n    "_score": null,\n    "_source": {{\n      "layers": {{\n{text}\n      }}\n    }}\n  }}'
        )
    return "[\n" + ",\n".join(written) + "\n]\n"


def as_ek(name: str) -> str:
    lines = []
    for chunk, payload in packets(name):
        assert chunk.time_ns is not None
        layers = {f"{key.partition('.')[0]}_{key.replace('.', '_')}": value for key, value in fields(chunk, payload)}
        lines.append('{"index":{"_index":"packets-2026-03-02","_type":"doc"}}')
        lines.append(json.dumps({"timestamp": str(chunk.time_ns // 10**6), "layers": layers}, separators=(",", ":")))
    return "\n".join(lines) + "\n"


def as_picked(name: str) -> str:
    """Of ``-T json -e``: each value in a list, and no numbers of segments."""
    kept = ("frame.time_epoch", "ip.src", "ip.dst", "tcp.srcport", "tcp.dstport", "tcp.payload")
    written = []
    for chunk, payload in packets(name):
        layers = {key: [value] for key, value in fields(chunk, payload) if key in kept}
        written.append({"_index": "packets-2026-03-02", "_source": {"layers": layers}})
    return json.dumps(written, indent=2)


def as_pdml(name: str) -> str:
    text = '<?xml version="1.0" encoding="utf-8"?>\n<!-- a remark -->\n<pdml version="0" creator="wireshark/4.0.17">\n'
    for chunk, payload in packets(name):
        text += "<packet>\n"
        for key, value in fields(chunk, payload):
            told = f'value="{value.replace(":", "")}"' if key.endswith((".payload", ".data")) else 'value="ff"'
            text += (
                f'    <field name="{key}" showname="{key}: &lt;b&gt;" size="4" pos="26" show="{value[:20]}" {told}/>\n'
            )
        text += "</packet>\n"
    return text + "</pdml>\n"


def told(path: Path) -> list[tuple[object, ...]]:
    with open_source(str(path)) as source:
        return [_shown(record) for record in Pipeline().run(source)]


def _shown(record: Record) -> tuple[object, ...]:
    return record.number, record.time_ns, str(record.lane), record.direction, record.octets, record.packets


WRITERS: list[Callable[[str], str]] = [as_json, lambda name: as_json(name, with_octets=True), as_ek, as_pdml]


@pytest.mark.parametrize("write", WRITERS, ids=["json", "json -x", "ek", "pdml"])
@pytest.mark.parametrize("name", ["ln-wrapper", "push-udp", "hdlc-segments"])
def test_packets_that_wireshark_dissected_give_the_records_of_the_capture(
    name: str, write: Callable[[str], str], tmp_path: Path
) -> None:
    path = tmp_path / "export.txt"
    path.write_text(write(name))
    assert told(path) == told(sample_path(name))
    with open_source(str(path)) as source:
        assert isinstance(source, Dissections)


def test_export_in_utf_16_is_read(tmp_path: Path) -> None:
    path = tmp_path / "export.json"
    path.write_bytes(as_json("ln-wrapper").encode("utf-16"))
    assert told(path) == told(sample_path("ln-wrapper"))


def test_picked_fields_without_numbers_of_segments_are_read_in_their_order(tmp_path: Path) -> None:
    path = tmp_path / "export.json"
    path.write_text(as_picked("ln-wrapper"))
    assert told(path) == told(sample_path("ln-wrapper"))


def test_comments_of_packets_are_kept_and_cut_or_odd_text_does_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "export.json"
    head = '[\n  {\n    "_index": "packets-2026-03-02",\n    "_source": {\n      "layers": {\n'
    path.write_text(
        f'{head}        "frame.comment": "the \\"first\\"",\n        "ip.src": "nowhere", "ip.dst": "x", "tcp.srcport": "1", "tcp.dstport": "2",\n'
        f'        "tcp.payload": "7e:a"\n{head.lstrip("[")}        "data.data": "7ea00802232193bd647e"'
    )
    with open_source(str(path)) as source:
        assert [chunk.octets for chunk in source] == [bytes.fromhex("7ea00802232193bd647e")]
        assert source.comments == {1: ['the "first"']}
        (remark,) = source.remarks
    assert remark.text.endswith("only their octets count; 1 packets without octets or payload")


FRAME = "7ea00802232193bd647e"


@pytest.mark.parametrize(
    "text",
    [
        '{"timestamp":"1","layers":{"frame_raw":"7ea00802232193bd647e","frame_len":"²³"}}',
        '{"_index":"packets-1","_source":{"layers":{"frame.time_relative":"²","data.data":"7ea00802232193bd647e"}}}',
        '{"timestamp":"1","layers":{"frame_time_relative":"%s","data_data":"7ea00802232193bd647e"}}' % ("9" * 5000),
        '{"timestamp":"1","layers":{"frame_time":"\\ud800","data_data":"7ea00802232193bd647e"}}',
        '<pdml creator="wireshark/4"><packet><field name="frame.comment" show="&#%s;"/>'
        '<field name="data.data" value="7ea00802232193bd647e"/></packet></pdml>' % ("9" * 5000),
    ],
    ids=["length", "time", "long time", "half of a pair", "long character"],
)
def test_numbers_that_are_none_do_no_harm(text: str, tmp_path: Path) -> None:
    path = tmp_path / "export.json"
    path.write_text(text + "\n")
    with open_source(str(path)) as source:
        assert [chunk.octets.hex() for chunk in source] == [FRAME]
        assert isinstance(source, Dissections)


def test_relative_time_counts_to_the_nanosecond(tmp_path: Path) -> None:
    path = tmp_path / "export.json"
    path.write_text(
        '{"_index":"packets-1","_source":{"layers":{"frame.time_relative":"2.1234567899","data.data":"7e"}}}'
    )
    with open_source(str(path)) as source:
        assert [chunk.time_ns for chunk in source] == [2_123_456_789]


@pytest.mark.parametrize(
    "line",
    [
        '{"_index":"packets-x","_id":"1","_source":{"direction":"TX","payload":"%s"}}',
        '{"index":{"_index":"packets-log"}}\n{"direction":"TX","payload":"%s"}',
        '{"timestamp":"1700000001","layers":{"dlms":{"octets":"%s"}}}',
        '{"timestamp":"1700000001","layers":{"data":"%s"}}',
        '{"timestamp":"1700000001","layers":{"data":{"data.octets":"%s"}}}',
    ],
)
def test_log_that_only_looks_like_an_export_is_a_log(line: str, tmp_path: Path) -> None:
    path = tmp_path / "log.json"
    path.write_text("".join(f"{line % FRAME}\n" for _ in range(3)))
    with open_source(str(path)) as source:
        assert [chunk.octets.hex() for chunk in source] == [FRAME] * 3


def test_array_of_messages_in_an_index_of_packets_is_a_log(tmp_path: Path) -> None:
    path = tmp_path / "log.json"
    entry = {"_index": "packets-2025", "_source": {"message": f"TX: {FRAME}"}}
    path.write_text(json.dumps([entry] * 3, indent=2))
    with open_source(str(path)) as source:
        assert [chunk.octets.hex() for chunk in source] == [FRAME] * 3


def test_packets_before_the_first_payload_have_empty_layers(tmp_path: Path) -> None:
    path = tmp_path / "export.json"
    layers: list[dict[str, list[str]]] = [{}, {}, {"tcp.payload": [FRAME]}]
    path.write_text(json.dumps([{"_index": "packets-1", "_score": None, "_source": {"layers": one}} for one in layers]))
    with open_source(str(path)) as source:
        assert [chunk.octets.hex() for chunk in source] == [FRAME]
        assert isinstance(source, Dissections)


def test_pipe_that_gave_only_the_index_of_a_packet_is_an_export() -> None:
    reader, writer = os.pipe()
    index, packet = as_ek("push-udp").split("\n", 1)

    def write() -> None:
        with open(writer, "w") as pipe:
            pipe.write(f"{index}\n")
            pipe.flush()
            begun.wait(0.3)
            pipe.write(packet)

    begun = threading.Event()
    thread = threading.Thread(target=write)
    thread.start()
    with open_source(f"/dev/fd/{reader}") as source:
        assert isinstance(source, Dissections)
        assert len(list(source)) == len(packets("push-udp"))
    thread.join()
    os.close(reader)


class _Pieces(HeldInput):
    """Octets in memory, handed out in pieces."""

    def fetch(self) -> bytes:
        octets = super().fetch()
        self._octets = octets[4096:]
        return octets[:4096]


def test_text_without_a_border_costs_in_proportion_to_its_size() -> None:
    def cost(size: int) -> float:
        head = b'{"timestamp":"1","layers":{"frame_raw":"'
        lines = b"00" * 31 + b"\n"
        return processor_s(lambda: list(Dissections("", Window(_Pieces(head + lines * (size // len(lines)))))))

    assert cost(1 << 20) < 8 * cost(1 << 18) + 0.05


def test_border_cut_anywhere_is_found() -> None:
    class Cut(HeldInput):
        def fetch(self) -> bytes:
            octets = super().fetch()
            self._octets = octets[7:]
            return octets[:7]

    text = as_ek("push-udp").encode()
    whole = [(chunk.octets, chunk.offset) for chunk in Dissections("", Window(HeldInput(text)))]
    assert [(chunk.octets, chunk.offset) for chunk in Dissections("", Window(Cut(text)))] == whole
