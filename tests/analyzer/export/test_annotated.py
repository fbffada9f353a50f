"""Records as hex, as annotated octets, and as Python."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from analyzer.export.annotated import annotated, hex_text, python_text
from analyzer.masking import concealed, secrets
from captures.samples import samples
from tests.corpus.captures import records_of

PATHS = [one.path for one in samples()]


def _octets_of(text: str) -> bytes:
    """The octets of the first buffer, as an annotated text writes them."""
    lines = text.splitlines()[1:]
    end = next((at for at, line in enumerate(lines) if re.fullmatch(r"[a-z ]+.*, \d+ octets", line)), len(lines))
    return b"".join(bytes.fromhex(line[6:30]) for line in lines[:end] if line[:4].strip())


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_annotated_record_has_every_octet_of_its_frame_once(path: Path) -> None:
    for record in records_of(path)[0]:
        if record.link not in ("p1", "iec62056-21"):  # their parity bits are taken off
            assert _octets_of(annotated(record)) == concealed(record.octets, secrets(record)), record.number


def test_annotated_record_says_what_each_octet_is() -> None:
    path = next(one.path for one in samples() if one.name == "hdlc-segments")
    lines = annotated(records_of(path)[0][1]).splitlines()
    assert lines[0] == "frame, 10 octets"
    assert lines[2] == "0000  7E                        opening-flag: 7E"


def test_python_of_a_record_reads_it_again() -> None:
    path = next(one.path for one in samples() if one.name == "hdlc-segments")
    record = records_of(path)[0][0]
    scope: dict[str, object] = {}
    exec(python_text(record).replace("frame.show()", ""), scope)
    assert bytes(scope["frame"]) == record.octets  # type: ignore[call-overload]


def test_hex_is_upper_case_with_blanks() -> None:
    assert hex_text(b"\x7e\xa0\x07") == "7E A0 07"
