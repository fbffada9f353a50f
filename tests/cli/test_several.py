"""Several captures on one command line: one after another, or merged by time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from analyzer.cli.complaints import INPUT_ERROR
from tests.analyzer.framing.build import request, response
from tests.analyzer.tracking.build import answered, asked
from tests.analyzer.tracking.carried_by_tcp import wrapper_conversation
from tests.captures.build import pcap_header, pcap_record
from tests.cli.conftest import ANSWER, GET, Run


def serial(path: Path, *packets: tuple[int, bytes]) -> Path:
    """A capture of a serial line, USER0: seconds and octets."""
    records = [pcap_record(octets, seconds=1_700_000_000 + seconds) for seconds, octets in packets]
    path.write_bytes(pcap_header(link_type=147) + b"".join(records))
    return path


def ring(folder: Path) -> list[Path]:
    """A TCP conversation over a ring of two files: the answer's packet is the first of the second."""
    packets = [
        pcap_record(one.octets, seconds=1_700_000_000 + one.number)
        for one in wrapper_conversation([asked(GET), answered(ANSWER)])
    ]
    paths = [folder / "ring-1.pcap", folder / "ring-2.pcap"]
    for path, part in zip(paths, (packets[:3], packets[3:]), strict=True):
        path.write_bytes(pcap_header() + b"".join(part))
    return paths


def records(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


def test_inputs_come_one_after_another_with_their_names(run: Run, tmp_path: Path) -> None:
    late, early = serial(tmp_path / "late", (50, request())), serial(tmp_path / "early", (10, response()))
    found = records(run("decode", "--json", late, early).out)
    assert [(one["input"], one["number"], one["packets"]) for one in found] == [
        (str(late), 1, [1]),
        (str(early), 1, [1]),
    ]


def test_merged_inputs_come_in_the_order_of_time(run: Run, tmp_path: Path) -> None:
    late = serial(tmp_path / "late", (20, request()), (40, request()))
    early = serial(tmp_path / "early", (10, request()), (30, response()))
    ran = run("decode", "--merge", "--json", late, early)
    found = records(ran.out)
    assert [(Path(one["input"]).name, one["packets"], one["number"]) for one in found] == [
        ("early", [1], 1), ("late", [1], 2), ("early", [2], 3), ("late", [2], 4),
    ]  # fmt: skip
    assert [one["lane"] for one in found] == ["serial:A", "serial:B", "serial:A", "serial:B"]
    assert found[2]["request"] == 1
    assert ran.err == ""


def test_connection_that_goes_on_in_the_next_file_is_one(run: Run, tmp_path: Path) -> None:
    first, second = ring(tmp_path)
    apart = records(run("decode", "--json", first, second).out)
    assert "request" not in apart[1]
    request_, response_ = records(run("decode", "--merge", "--json", second, first).out)
    assert (response_["request"], response_["latency"]) == (1, 1.0)
    assert (request_["input"], response_["input"]) == (str(first), str(second))
    assert (request_["packets"], response_["packets"]) == ([3], [1])


def test_merge_of_text_is_printed_in_order(run: Run, tmp_path: Path) -> None:
    late, early = serial(tmp_path / "late", (50, response())), serial(tmp_path / "early", (10, request()))
    lines = run("decode", "--merge", "--utc", late, early).out.splitlines()
    assert ["GET request" in lines[0], "GET response" in lines[1], len(lines)] == [True, True, 2]


def test_input_without_times_stands_first_and_it_is_said(run: Run, tmp_path: Path) -> None:
    timed, text = serial(tmp_path / "timed", (50, request())), tmp_path / "text"
    text.write_text(response().hex())
    ran = run("decode", "--merge", "--json", timed, text)
    assert [Path(one["input"]).name for one in records(ran.out)] == ["text", "timed"]
    assert ran.complaint == f"{text}: has no times, and stands before the inputs that have them"


def test_input_that_cannot_be_read_does_not_stop_the_merge(run: Run, tmp_path: Path) -> None:
    ran = run("decode", "--merge", "--json", tmp_path / "none", serial(tmp_path / "one", (1, request())), tmp_path)
    assert ran.status == INPUT_ERROR
    assert len(records(ran.out)) == 1
    assert [line.partition(": ")[2].partition(": ")[2].partition(";")[0] for line in ran.err.splitlines()] == [
        "no such file",
        "a directory",
    ]


def test_merge_of_nothing_readable_prints_nothing(run: Run, tmp_path: Path) -> None:
    ran = run("decode", "--merge", tmp_path / "none")
    assert (ran.status, ran.out, ran.complaint) == (INPUT_ERROR, "", f"{tmp_path / 'none'}: no such file")


def test_remarks_of_merged_inputs_name_their_input(run: Run, tmp_path: Path) -> None:
    whole, cut = serial(tmp_path / "whole", (1, request())), serial(tmp_path / "cut", (2, request()))
    cut.write_bytes(cut.read_bytes()[:-3])
    ran = run("decode", "--merge", whole, cut)
    assert ran.complaint.startswith(f"{cut}: packet 1 announces")


@pytest.mark.parametrize("times", [(1, 2, 3), (3, 1, 2)])
def test_capture_whose_packets_go_back_in_time_is_read_in_its_order(
    run: Run, tmp_path: Path, times: tuple[int, ...]
) -> None:
    path = serial(tmp_path / "back", *((time, request()) for time in times))
    ran = run("decode", "--json", path)
    assert [one["packets"] for one in records(ran.out)] == [[1], [2], [3]]


# -- octets that nothing recognises -----------------------------------------------------------------------------------

UNKNOWN = bytes(range(1, 32)) * 9


@pytest.mark.parametrize("words", [("-d", "serial,hdlc"), ("-d", "record,apdu"), ("-d", "serial=wrapper")])
@pytest.mark.parametrize("octets", [UNKNOWN, b"hello, meter\n" * 9], ids=["octets", "text"])
def test_stack_that_the_user_names_opens_octets_that_nothing_recognises(
    run: Run, tmp_path: Path, words: tuple[str, str], octets: bytes
) -> None:
    path = tmp_path / "octets"
    path.write_bytes(octets)
    assert run("decode", path).status == INPUT_ERROR
    ran = run("decode", "--json", *words, path)
    assert ran.status == 0
    assert "".join(one["octets"] for one in records(ran.out)) == octets.hex().upper()


def test_stack_of_a_port_does_not_make_octets_of_a_letter(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "letter"
    path.write_bytes(b"hello\n")
    assert run("decode", "-d", "tcp.port==4059,hdlc", path).status == INPUT_ERROR


def test_modem_text_before_frames_is_raw(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "modem"
    path.write_bytes(b"ATDT0123456789\r\r\nCONNECT 9600\r\n" + request() + response())
    found = records(run("decode", "--json", path).out)
    assert [one["kind"] for one in found if one["link"] == "hdlc"] == ["apdu", "apdu"]
