"""UART exports of logic analysers: each column layout gives octets, times, directions and marks; a burst is two chunks."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captures import open_source
from captures.chunk import RECEIVED, SENT, UNKNOWN, Chunk, Source
from captures.text.source import TextSource
from captures.uart_export import UartExport
from captures.uart_rows import find_layout

ASKED, ANSWERED = bytes.fromhex("7EA0070321930F017E"), bytes.fromhex("7EA0070321930F2C7E")
CHARACTER = 1_041_667  # nanoseconds, 9600 baud 8N1
PAUSE = 50_000_000
Said = Sequence[tuple[str, bytes]]
DIALOGUE: Said = [("TX", ASKED), ("RX", ANSWERED)]


def timed(said: Said) -> list[tuple[int, str, int]]:
    """When each octet starts, with a pause between those who speak."""
    now, rows = 0, []
    for who, octets in said:
        for octet in octets:
            rows.append((now, who, octet))
            now += CHARACTER
        now += PAUSE
    return rows


def seconds(time: int) -> str:
    return f"{time // 10**9}.{time % 10**9:09}000000"


def table(header: str, rows: Sequence[Sequence[object]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return f"{header}\r\n{text.getvalue()}".encode()


def saleae_1(said: Said) -> bytes:
    return table(
        "Time [s],Value,Parity Error,Framing Error",
        [(seconds(at), f"0x{one:02X}", "", "") for at, _, one in timed(said)],
    )


def saleae_1_all(said: Said) -> bytes:
    rows = [(seconds(at), f"Meter {who}", f"'{one}' (0x{one:02X})") for at, who, one in timed(said)]
    return table("Time [s],Analyzer Name,Decoded Protocol Result", rows)


def saleae_2(said: Said) -> bytes:
    rows = [
        (f"{who} line", "data", f"{at / 1e9:.9f}", f"{CHARACTER / 1e9:.9f}", f"0x{one:02X}", "")
        for at, who, one in timed(said)
    ]
    return table("name,type,start_time,duration,data,error", rows)


def saleae_2_dates(said: Said) -> bytes:
    rows = [
        (who, "data", f"2024-11-21T10:15:{at // 10**9:02}.{at % 10**9:09}+01:00", "0.00104", f"0x{one:02X}")
        for at, who, one in timed(said)
    ]
    return table("name,type,start_time,duration,data", rows)


def dsview(said: Said) -> bytes:
    return table(
        "Id,Time[ns],0:UART: RX", [(index, f"{at}.00", f"{one:02X}") for index, (at, _, one) in enumerate(timed(said))]
    )


def pulseview(said: Said) -> bytes:
    lines = []
    for at, who, one in timed(said):
        begin = at // 1000
        lines += [
            f"{begin}-{begin + 104} UART: {who} bits: Start bit",
            f"{begin + 104}-{begin + 937} UART: {who} data: {one:02X}",
        ]
    return "\n".join(lines).encode()


def sigrok_cli(said: Said) -> bytes:
    return "\n".join(f"uart-1: {who}: {one:02X}" for _, who, one in timed(said)).encode()


DIRECTED = {one.__name__: one for one in (saleae_1_all, saleae_2, saleae_2_dates, pulseview, sigrok_cli)}
ONE_WAY = {one.__name__: one for one in (saleae_1, dsview)}
WITH_SECONDS = ("saleae_1_all", "saleae_2", "saleae_1", "dsview")


def opened(tmp_path: Path, octets: bytes) -> tuple[Source, list[Chunk]]:
    path = tmp_path / "export.txt"
    path.write_bytes(octets)
    with open_source(str(path)) as source:
        return source, list(source)


def bursts(chunks: Sequence[Chunk]) -> list[tuple[int, bytes]]:
    """Join each first octet with the rest of its burst."""
    return [
        (first.direction, first.octets + rest.octets) for first, rest in zip(chunks[::2], chunks[1::2], strict=True)
    ]


@pytest.mark.parametrize("layout", DIRECTED)
def test_directed_export_gives_both_directions(tmp_path: Path, layout: str) -> None:
    source, chunks = opened(tmp_path, DIRECTED[layout](DIALOGUE))
    assert isinstance(source, UartExport)
    assert bursts(chunks) == [(SENT, ASKED), (RECEIVED, ANSWERED)]
    assert [remark.code for remark in source.remarks] == ["uart-export"]


@pytest.mark.parametrize("layout", ONE_WAY)
def test_export_of_one_channel_gives_bursts(tmp_path: Path, layout: str) -> None:
    source, chunks = opened(tmp_path, ONE_WAY[layout](DIALOGUE))
    assert isinstance(source, UartExport)
    assert [octets for _, octets in bursts(chunks)] == [ASKED, ANSWERED]


@pytest.mark.parametrize("layout", WITH_SECONDS)
def test_times_are_those_of_the_first_and_the_last_octet(tmp_path: Path, layout: str) -> None:
    source, chunks = opened(tmp_path, ({**DIRECTED, **ONE_WAY})[layout](DIALOGUE))
    begin = 9 * CHARACTER + PAUSE
    assert [chunk.time_ns for chunk in chunks] == [0, 8 * CHARACTER, begin, begin + 8 * CHARACTER]
    assert source.time_digits == 9


def test_dates_are_read_with_their_zone(tmp_path: Path) -> None:
    _, chunks = opened(tmp_path, saleae_2_dates(DIALOGUE))
    assert chunks[0].time_ns == 1_732_180_500_000_000_000
    assert chunks[1].time_ns == 1_732_180_500_000_000_000 + 8 * CHARACTER


def test_samples_are_no_times_and_still_part_bursts(tmp_path: Path) -> None:
    _, chunks = opened(tmp_path, pulseview([("RX", ASKED), ("RX", ANSWERED)]))
    assert [chunk.time_ns for chunk in chunks] == [None] * 4
    assert [octets for _, octets in bursts(chunks)] == [ASKED, ANSWERED]


def test_time_before_the_trigger_starts_at_zero(tmp_path: Path) -> None:
    octets = b"Time [s],Value,Parity Error,Framing Error\n-0.5,0x7E,,\n-0.499,0xA0,,\n0.001,0x07,,\n0.002,0x08,,\n"
    _, chunks = opened(tmp_path, octets)
    assert [chunk.time_ns for chunk in chunks] == [0, 1_000_000, 501_000_000, 502_000_000]


# -- marks ------------------------------------------------------------------------------------------------------------


def test_marks_of_saleae_stand_at_their_burst(tmp_path: Path) -> None:
    rows = [
        (seconds(at), f"0x{one:02X}", "Error" if index == 2 else "", "Error" if index == 4 else "")
        for index, (at, _, one) in enumerate(timed(DIALOGUE))
    ]
    source, _ = opened(tmp_path, table("Time [s],Value,Parity Error,Framing Error", rows))
    text = "the logic analyser marked in this burst: parity error at octet 3 (07), framing error at octet 5 (21)"
    assert source.line_errors == {2: [text]}
    assert "2 marks of line errors" in source.remarks[0].text


@pytest.mark.parametrize(
    "line", ["110-120 UART: TX warnings: Frame error", "110-120 UART: TX parity error bits: Parity error"]
)
def test_marks_of_sigrok_stand_at_their_burst(tmp_path: Path, line: str) -> None:
    octets = f"0-80 UART: TX data: 7E\n100-180 UART: TX data: A0\n{line}\n200-280 UART: TX data: 07\n".encode()
    source, chunks = opened(tmp_path, octets)
    assert bursts(chunks) == [(SENT, bytes.fromhex("7EA007"))]
    (text,) = source.line_errors[2]
    assert text.endswith("error at octet 2 (A0)")


def test_marks_of_logic_2_stand_at_their_burst(tmp_path: Path) -> None:
    octets = b"name,type,start_time,duration,data,error\nRX,data,0.1,0.001,0x7E,\nRX,data,0.102,0.001,0xA0,parity_error\nRX,break,0.104,0.001,,\n"
    source, _ = opened(tmp_path, octets)
    assert source.line_errors == {
        2: ["the logic analyser marked in this burst: parity_error at octet 2 (A0), break at octet 2 (A0)"]
    }


# -- octets and channels ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "octets"),
    [
        (["0x7E", "0xa0", "0x07"], "7EA007"),
        (["'~' (0x7E)", "0xA0", "' ' (0x20)"], "7EA020"),
        (["126", "160", "7"], "7EA007"),
        (["/", "?", "!", "\\r", "\\n"], "2F3F210D0A"),
        (["/", "COMMA", "SPACE", ",", "'1'"], "2F2C202C31"),
        (["7E", "A0", "07"], "7EA007"),
        (["0b0111 1110", "0b10100000"], "7EA0"),
        (["\\x7E", "\\xA0"], "7EA0"),
    ],
)
def test_octet_is_read_in_every_radix(tmp_path: Path, values: list[str], octets: str) -> None:
    rows = [(f"{index / 1000}", value, "", "") for index, value in enumerate(values)]
    _, chunks = opened(tmp_path, table("Time [s],Value,Parity Error,Framing Error", rows))
    assert b"".join(chunk.octets for chunk in chunks).hex().upper() == octets


def test_two_channels_without_direction_are_the_two_ways_of_a_line(tmp_path: Path) -> None:
    source, chunks = opened(tmp_path, saleae_1_all([("A", ASKED), ("B", ANSWERED), ("C", ASKED)]))
    assert bursts(chunks) == [(UNKNOWN, ASKED), (RECEIVED, ANSWERED), (UNKNOWN, ASKED)]
    assert [chunk.interface for chunk in chunks] == [0, 0, 0, 0, 1, 1]
    assert "taken in pairs" in source.remarks[0].text


@pytest.mark.parametrize("order", [range(6), range(5, -1, -1), (3, 5, 1, 0, 4, 2)], ids=["as-logic-2", "back", "mixed"])
def test_columns_may_stand_in_any_order(tmp_path: Path, order: Sequence[int]) -> None:
    header, *rows = csv.reader(io.StringIO(saleae_2(DIALOGUE).decode()))
    _, wanted = opened(tmp_path, saleae_2(DIALOGUE))
    _, chunks = opened(
        tmp_path, table(",".join(header[at] for at in order), [[row[at] for at in order] for row in rows])
    )
    assert chunks == [chunk._replace(offset=other.offset) for chunk, other in zip(wanted, chunks, strict=True)]


@pytest.mark.parametrize(("column", "cells"), [("duration", "0.001 0.001 0.001"), ("end_time", "0.001 0.101 0.201")])
def test_octets_far_apart_are_bursts_of_their_own_where_their_length_is_told(
    tmp_path: Path, column: str, cells: str
) -> None:
    rows = [(cell, "A", "data", f"0.{index}", "0x06") for index, cell in enumerate(cells.split())]
    _, chunks = opened(tmp_path, table(f"{column},name,type,start_time,data", rows))
    assert [chunk.octets for chunk in chunks] == [b"\x06"] * 3


def test_slow_line_is_not_torn_at_every_octet(tmp_path: Path) -> None:
    rows = [(f"{index * 0.0333:.4f}", f"0x{one:02X}", "", "") for index, one in enumerate(ASKED)]  # 300 baud
    _, chunks = opened(tmp_path, table("Time [s],Value,Parity Error,Framing Error", rows))
    assert [octets for _, octets in bursts(chunks)] == [ASKED]


# -- what is none, and what is damaged --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "Time,Direction,Data\n10:15:32,TX,7E A0 07 03 21 93 0F 01 7E\n",
        "Time [s],Value,Parity Error,Framing Error\n7E A0 07 03 21 93 0F 01 7E\n7E A0 07\n7E A0\n",
        "7E,A0,07,03,21,93,0F,01,7E\n",
        "TX: 7E A0 07 03 21 93 0F 01 7E\n",
    ],
)
def test_other_texts_are_left_to_the_reader_of_texts(tmp_path: Path, text: str) -> None:
    source, chunks = opened(tmp_path, text.encode())
    assert isinstance(source, TextSource)
    assert chunks


def test_damaged_rows_are_counted_and_passed_over(tmp_path: Path) -> None:
    octets = saleae_1(DIALOGUE) + b"0.1\r\n,,,,,\r\nabc,0x,,\r\n\xff\xfe\r\n" + b'"' * 300 + b"\r\n0.2,0x1FF,,"
    source, chunks = opened(tmp_path, octets)
    assert b"".join(chunk.octets for chunk in chunks) == ASKED + ANSWERED
    assert "6 of 24 rows hold no octet" in source.remarks[0].text


@given(st.sampled_from([*DIRECTED.values(), *ONE_WAY.values()]), st.binary(max_size=300), st.integers(0, 2000))
def test_export_that_breaks_off_or_goes_wrong_is_read(write: object, noise: bytes, end: int) -> None:
    octets = write(DIALOGUE)[:end] + noise  # type: ignore[operator]
    layout = find_layout(octets.decode("latin-1").splitlines())
    if layout is not None:
        for row in layout.read(octets.decode("latin-1").split("\n")):
            assert row is None or row.octet < 256


def test_cell_of_thousands_of_digits_is_no_octet_and_no_failure(tmp_path: Path) -> None:
    rows = [("0.1", "126"), ("0.2", "160"), ("0.3", "1" * 5000), ("0.4", "7")]
    _, chunks = opened(tmp_path, table("Time [s],Value,Parity Error", [(*row, "") for row in rows]))
    assert b"".join(chunk.octets for chunk in chunks) == bytes((126, 160, 7))


@given(st.text(max_size=80), st.text(max_size=80), st.sampled_from(["1e999999", "NaN", "-inf", "1" * 5000, "٣"]))
def test_cells_of_any_text_are_read(time: str, value: str, number: str) -> None:
    lines = ["Time [s],Value,Parity Error,Framing Error", "0.1,0x7E,,", "0.2,0xA0,,"]
    layout = find_layout(lines)
    assert layout is not None
    assert len(list(layout.read([f"{time},{value},,", f"{number},{number},{number},"]))) == 2


def test_million_rows_make_few_chunks(tmp_path: Path) -> None:
    row = 0.001
    octets = table(
        "Time [s],Value,Parity Error,Framing Error", [(f"{index * row:.6f}", "0x55", "", "") for index in range(20_000)]
    )
    _, chunks = opened(tmp_path, octets)
    assert sum(len(chunk.octets) for chunk in chunks) == 20_000
    assert len(chunks) <= 22
