"""Filters by object where a record names none: readouts, telegrams and pushes say it beside their values."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from analyzer.filter import compile_filter
from analyzer.index.filtering import FilterRun
from captures import open_source
from captures.samples import sample_path
from tests.analyzer.cosem.data import double_long_unsigned, octet_string, structure
from tests.analyzer.cosem.data import name as named
from tests.analyzer.index.build import indexed
from tests.analyzer.tracking.build import answered
from tests.analyzer.tracking.carried_by_tcp import wrapper_conversation
from tests.captures.build import pcap_header, pcap_record
from tests.cli.conftest import Run

BODY = structure(
    named("1-0:1.8.0"), double_long_unsigned(5), named("1-0:2.8.0"), double_long_unsigned(7),
    named("0-0:96.1.0"), octet_string(b"MMM0000000000001"),
)  # fmt: skip


@pytest.fixture
def pushed(tmp_path: Path) -> Path:
    """A capture with one push whose values stand behind their names, and one that names nothing."""
    path = tmp_path / "pushed.pcap"
    apdus = [b"\x0f\0\0\0\1\0" + body for body in (BODY, structure(double_long_unsigned(5), double_long_unsigned(6)))]
    chunks = wrapper_conversation(map(answered, apdus))
    path.write_bytes(pcap_header() + b"".join(pcap_record(one.octets) for one in chunks))
    return path


def numbers(run: Run, path: Path, text: str) -> list[int]:
    """Numbers of the records that pass: as they are read, and over an index."""
    found = [json.loads(line)["number"] for line in run("decode", "--json", "-Y", text, path).out.splitlines()]
    with open_source(str(path)) as source:
        filtering = FilterRun(indexed(source)[0], text)
        while not filtering.is_done:
            filtering.poll()
    assert [place + 1 for place in filtering.matches] == found
    return found


@pytest.mark.parametrize(
    ("sample", "text", "found"),
    [
        ("mode-c-readout", "obis == 1.8.0", [4, 8]), ("mode-c-readout", "1-0:1.8.0*255", [4, 8]),
        ("mode-c-readout", "obis == 9.9.9", []), ("mode-c-readout", "not obis", [1, 2, 3, 5, 6, 7]),
        ("mode-c-readout", "object contains energy and unit == kWh", [4, 8]),
        ("mode-c-readout", "obis != 1.8.0", []), ("mode-c-readout", "obis == F.F", [4, 8]),
        ("mode-c-readout", "class or attribute or method", []),
        ("p1", "obis == 1-0:1.8.1 and value > 51200.06", [3, 4]), ("p1", "class == 8 and object == clock", [1, 2, 3, 4]),
        ("p1", "object contains gas", [1, 2, 3, 4]), ("p1", "class == 3", []),
    ],
)  # fmt: skip
def test_filters_ask_for_the_objects_of_text(sample: str, text: str, found: list[int], run: Run) -> None:
    """No filter by OBIS code or name found a readout or telegram that has the value."""
    assert numbers(run, sample_path(sample), text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("obis == 1-0:1.8.0", [1]), ("obis == 2.8.* && value == 7", [1]), ("object contains energy", [1]),
        ("not obis", [2]), ("obis != 1-0:1.8.0", []), ("number > 1 or obis == 1.8.0", [1, 2]),
    ],
)  # fmt: skip
def test_filters_ask_for_the_objects_that_a_push_names(text: str, found: list[int], run: Run, pushed: Path) -> None:
    assert numbers(run, pushed, text) == found


def test_objects_of_text_are_columns(run: Run) -> None:
    ran = run("decode", "-e", "number", "-e", "obis", "-c", "1", sample_path("p1"))
    assert ran.out.split("\t")[1].split(",")[3] == "1-0:1.8.1*255"


@pytest.mark.parametrize("sample", ["ln-wrapper", "sn-hdlc", "hdlc-segments"])
def test_columns_alone_answer_where_records_name_their_objects(sample: str) -> None:
    with open_source(str(sample_path(sample))) as source:
        table = indexed(source)[0].table
    found = compile_filter("obis == 1.8.0")
    assert found is not None
    sure, maybe = found.mask(table.numbered(), table)
    assert sure.to_list() == maybe.to_list()
