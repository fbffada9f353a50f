"""Records as dlmshark wrote them, opened again: the same records, with their lanes, times and directions."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from analyzer.export.json_lines import JsonLines
from analyzer.pipeline import Pipeline
from captures import open_source
from captures.chunk import LINK_OCTETS, RECEIVED, SENT, CaptureError, Chunk, Source
from captures.record_lines import RecordLines
from captures.samples import sample_path

SERIAL = {"number": 1, "time": 1.5, "packets": [1], "lane": "serial:A > serial:B", "link": "hdlc", "kind": "link"}
SERIAL |= {"octets": "7EA0070321930F017E"}


def written(source: Source) -> list[str]:
    lines = JsonLines(lambda: source.time_digits)
    return [lines.line(record) for record in Pipeline().run(source)]


def bare(lines: list[str]) -> Iterator[dict[str, object]]:
    """What a record says, but for the packets of the input it stands in."""
    for line in lines:
        record = json.loads(line)
        del record["packets"]
        yield record


def chunks(tmp_path: Path, *lines: str) -> list[Chunk]:
    path = tmp_path / "records.jsonl"
    path.write_text("\n".join(lines))
    return list(open_source(str(path)))


@pytest.mark.parametrize(
    "name", ["hdlc-segments", "hdlc-log", "blocks", "push-udp", "mbus-push", "mode-e", "p1", "ln-wrapper"]
)
def test_records_that_were_written_read_back_the_same(name: str, tmp_path: Path) -> None:
    with open_source(str(sample_path(name))) as source:
        before = written(source)
    path = tmp_path / "records.jsonl"
    path.write_text("\n".join(before) + "\n")
    with open_source(str(path)) as source:
        assert isinstance(source, RecordLines)
        assert list(bare(written(source))) == list(bare(before))


def test_lane_tells_direction_and_line(tmp_path: Path) -> None:
    back = json.dumps(SERIAL | {"lane": "serial:B > serial:A"})
    other = json.dumps(SERIAL | {"lane": "serial:D > serial:C"})
    found = chunks(tmp_path, json.dumps(SERIAL), back, other)
    assert [(one.direction, one.interface) for one in found] == [(SENT, 0), (RECEIVED, 0), (RECEIVED, 1)]


def test_start_of_a_record_on_a_line_is_that_of_its_first_octet(tmp_path: Path) -> None:
    first, others = chunks(tmp_path, json.dumps(SERIAL | {"start": 1.25}))
    assert (first.time_ns, first.octets, first.link_type) == (1_250_000_000, b"\x7e", LINK_OCTETS)
    assert (others.time_ns, len(others.octets)) == (1_500_000_000, 8)


@pytest.mark.parametrize("lane", ["serial:A > serial:B", "192.0.2.1:4000 > 192.0.2.2:4059"])
def test_record_that_came_over_a_while_stands_on_one_line_of_its_input(lane: str, tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    path.write_text(json.dumps(SERIAL | {"lane": lane, "start": 1.25}))
    with open_source(str(path)) as source:
        (record,) = map(json.loads, written(source))
    assert (record["packets"], record["start"], record["time"]) == ([1], 1.25, 1.5)


def test_frame_that_was_put_behind_one_that_its_tap_gave_later_is_no_older(tmp_path: Path) -> None:
    lines = [(4, 1.5), (3, 1.49), (5, 1.51), (6, 1.4), (1, 0.5), (None, 0.4), ([], 1.5)]
    found = chunks(tmp_path, *(json.dumps(SERIAL | {"packets": [packet], "time": time}) for packet, time in lines))
    assert [one.time_ns for one in found] == [
        round(time * 1e9) for time in (1.5, 1.5, 1.51, 1.4, 0.5, 0.4, 1.5)
    ]  # fmt: skip


@pytest.mark.parametrize(
    "line",
    ["{", "[]", "7", "[" * 100_000, '{"lane": 3, "octets": "00"}', '{"lane": "serial:A", "octets": "0"}',
     '{"lane": "1:2 > 3:4", "octets": "00"}', '{"lane": "serial:A", "octets": "00", "notes": [3]}'],
)  # fmt: skip
def test_line_that_is_no_record_is_counted(line: str, tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    path.write_text(f"{json.dumps(SERIAL)}\n{line}\n")
    source = open_source(str(path))
    assert len(list(source)) == 1
    assert source.remarks[0].text == "read as records that dlmshark wrote; 1 lines are no record"


@pytest.mark.parametrize("time", ["1e999999999", "NaN", '"now"', "Infinity", "1e300", "true"])
def test_time_that_is_none_leaves_the_octets(time: str, tmp_path: Path) -> None:
    (one,) = chunks(tmp_path, json.dumps(SERIAL).replace("1.5", time))
    assert one.octets == bytes.fromhex("7EA0070321930F017E")


def test_other_json_lines_are_no_records(tmp_path: Path) -> None:
    with pytest.raises(CaptureError):
        chunks(tmp_path, json.dumps({"lane": "serial:A", "kind": "story", "text": "none"}))
