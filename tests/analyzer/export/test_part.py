"""What is written beside its place: by several at once, and after one that was killed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from analyzer.export.part import drop_abandoned, new_part, part_of


def test_two_that_write_one_file_at_once_do_not_write_into_each_other(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with new_part(path) as one:
        one.write_bytes(b"one")
        with new_part(path) as other:
            other.write_bytes(b"other")
            assert one.read_bytes() == b"one"
            assert not drop_abandoned(one) or os.name == "nt"
            other.replace(path)
        assert path.read_bytes() == b"other"
        with new_part(path) as third:  # its name is free again
            one.replace(path)
            assert third.exists()
    assert [one.name for one in tmp_path.iterdir()] == ["file"]
    assert path.read_bytes() == b"one"


def test_what_killed_writers_left_is_taken_away(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for number in range(3):
        part_of(path, number).write_bytes(b"half")
    with new_part(path) as part:
        assert part == part_of(path)
        assert part.read_bytes() == b""
        part.replace(path)
    assert [one.name for one in tmp_path.iterdir()] == ["file"]


@pytest.mark.skipif(os.name == "nt", reason="no locks there")
def test_part_of_another_process_is_left_alone_as_long_as_that_lives(tmp_path: Path) -> None:
    path = tmp_path / "file"
    words = "import sys, pathlib; from analyzer.export.part import new_part\nwith new_part(pathlib.Path(sys.argv[1])): print(flush=True), input()"
    with subprocess.Popen(
        [sys.executable, "-c", words, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with new_part(path) as part:
            assert part == part_of(path, 1)
        assert [one.name for one in tmp_path.iterdir()] == ["file.part"]
        process.kill()
    with new_part(path) as part:
        assert part == part_of(path)
    assert not list(tmp_path.iterdir())
