"""HDLC over the pair of M-Bus: what stands before each push."""

from __future__ import annotations

import json
from pathlib import Path

from dissectors.mbus import MbusShort
from tests.captures.text.written import session
from tests.cli.conftest import Run, run

__all__ = ["run"]


def test_short_frames_of_mbus_between_hdlc_frames_are_records_and_no_noise(run: Run, tmp_path: Path) -> None:
    short = bytes(MbusShort(control=0x40, address=1))
    frames = [one.octets for one in session()]
    path = tmp_path / "raw.txt"
    path.write_text("".join(f"{short.hex()}\n{octets.hex()}\n" for octets in frames))
    records = [json.loads(line) for line in run("decode", "--json", path).out.splitlines()]
    assert [record["link"] for record in records] == ["mbus", "hdlc"] * len(frames)
    assert [bytes.fromhex(record["octets"]) for record in records] == [
        one for octets in frames for one in (short, octets)
    ]
    assert not [
        note for record in records for note in record.get("notes", []) if note["severity"] in ("warning", "error")
    ]


def test_short_frame_alone_is_still_told(run: Run) -> None:
    (record,) = [json.loads(line) for line in run("decode", "--json", "--hex", "10 40 01 41 16").out.splitlines()]
    assert record["link"] == "mbus"
