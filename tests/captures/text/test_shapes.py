"""Every shape of text: told by its content, with times, directions and octets as they were written."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captures.chunk import LINK_OCTETS
from captures.stream import HeldInput, Window
from captures.text.judge import judge
from captures.text.shape import any_of
from captures.text.shapes import SHAPES
from captures.text.source import TextSource
from tests.captures.text.logs import LOGS
from tests.captures.text.written import Log, session

FRAME = bytes.fromhex("7EA0070321930F017E")
IDS = [log.id for log in LOGS]


def read(text: bytes | str) -> TextSource:
    """A source of *text*, in which the first octets are at hand."""
    return TextSource("log", Window(HeldInput(text.encode() if isinstance(text, str) else text)))


def test_every_shape_has_a_log() -> None:
    assert {shape.name for shape in SHAPES} - {log.shape for log in LOGS} == {
        "strings",
        "named-controls",
        "readout",
        "marked",
        "decimal-lines",
        "parity-characters",
        "octal-words",
        "long-words",
        "octal",
        "rom-records",
        "modem",
        "tabbed-pieces",
        "tcpdump",
        "quoted",
        "decimal-dump",
        "decimal-rows",
        "rows-with-characters",
        # of these test_forms.py has logs
        "esphome-numbers",
        "follow-yaml",
        "format-hex",
        "memory",
        "strace-dump",
        "titled-rows",
        # and of these test_signs.py
        "boxed-dump",
        "octets-first",
    }


@pytest.mark.parametrize("log", LOGS, ids=IDS)
def test_shape_of_a_log_is_told(log: Log) -> None:
    found = judge(log.write(session()).encode())
    assert found is not None
    assert found.shape.name == log.shape


@pytest.mark.parametrize("log", LOGS, ids=IDS)
def test_log_gives_the_times_directions_and_octets_of_the_session(log: Log) -> None:
    source = read(log.write(session()))
    chunks = list(source)
    found = [(chunk.time_ns, chunk.direction, chunk.octets) for chunk in chunks]
    assert found == log.expected(session())
    assert source.time_digits == (log.digits or 0)
    assert {(chunk.link_type, chunk.interface) for chunk in chunks} == {(LINK_OCTETS, 0)}
    assert len(source.remarks) <= 1


_REPEATED = FRAME + bytes(64) + FRAME


@pytest.mark.parametrize(
    ("step", "end", "row"),
    [
        ("o", "0000122", "low"), ("x", "0000052", "low"), ("o", "0000122", "high"), ("x", "0000052", "bytes"), ("o", "0000122", "bytes"),
    ],
)  # fmt: skip
def test_rows_left_out_of_a_dump_are_filled_in_whatever_its_offsets_and_words(step: str, end: str, row: str) -> None:
    lines, before = [], b""
    for at in range(0, len(_REPEATED), 16):
        octets = _REPEATED[at : at + 16]
        pairs = [octets[place : place + 2] for place in range(0, len(octets), 2)]
        written = {
            "low": " ".join(one[::-1].hex() for one in pairs), "high": " ".join(one.hex() for one in pairs),
            "bytes": octets.hex(" "),
        }[row]  # fmt: skip
        if octets != before:
            lines.append(f"{at:07{step}} {written}")
        elif lines[-1] != "*":
            lines.append("*")
        before = octets
    (chunk,) = read("\n".join([*lines, end]) + "\n")
    assert chunk.octets == _REPEATED


@given(st.lists(st.binary(min_size=1, max_size=4).map(lambda word: word.replace(b"\n", b"a")), min_size=1), st.binary())
def test_any_of_some_words_takes_the_longest_in_any_case(words: list[bytes], text: bytes) -> None:
    pattern = re.compile(any_of(words).encode())
    found = pattern.match(text)
    begins = [len(word) for word in words if text.lower().startswith(word.lower())]
    assert (found.end() if found else None) == (max(begins) if begins else None)
    assert all(pattern.fullmatch(word.upper()) for word in words)
