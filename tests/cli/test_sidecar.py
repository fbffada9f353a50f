"""``--sidecar``: what one capture taught serves the next one of the same meter, and of no other."""

from __future__ import annotations

import errno
import json
from pathlib import Path
from typing import Any

import pytest

from analyzer.tracking.sidecar import SidecarError, read_sidecar
from captures.samples import sample_path
from tests.analyzer.cosem.data import array, clock, double_long_unsigned, octet_string, scaler_unit, structure, unsigned
from tests.analyzer.tracking.lines import get
from tests.analyzer.tracking.test_values import COLUMNS, ENERGY, PROFILE
from tests.cli.conftest import Run

NAME = get(1, "0-0:42.0.0", 2, octet_string(b"MMM0000000000001"))
OTHER_NAME = get(1, "0-0:42.0.0", 2, octet_string(b"MMM0000000000002"))
BUFFER = get(7, PROFILE, 2, array(structure(clock(1), unsigned(0), double_long_unsigned(5000))))


@pytest.fixture
def taught(run: Run, tmp_path: Path) -> Path:
    """A sidecar that holds what a first capture told of one meter."""
    lines = NAME + get(3, ENERGY, 3, scaler_unit(0, 30)) + get(7, PROFILE, 3, COLUMNS)
    path = tmp_path / "meters.toml"
    assert run("decode", "--sidecar", str(path), written(tmp_path, lines)).status == 0
    return path


def written(folder: Path, lines: list[str]) -> str:
    path = folder / "capture.txt"
    path.write_text("\n".join(lines), encoding="utf-8")
    return str(path)


def readings(run: Run, path: Path, folder: Path, lines: list[str]) -> list[dict[str, Any]]:
    ran = run("readings", "--json", "--sidecar", str(path), written(folder, lines))
    assert ran.status == 0
    return [json.loads(one) for one in ran.out.splitlines()]


@pytest.mark.parametrize("named", [NAME, []])
def test_next_capture_starts_knowing_the_meter(named: list[str], run: Run, taught: Path, tmp_path: Path) -> None:
    found = readings(run, taught, tmp_path, named + BUFFER)[-1]
    assert (found["name"], found["value"], found["unit"], found["basis"]) == (
        "Active energy import (+A)", 5000, "Wh", "sidecar meters.toml",
    )  # fmt: skip
    assert found["time"] == "2026-03-02T01:00:00+01:00"


def test_other_meter_at_the_same_place_knows_nothing_of_it(run: Run, taught: Path, tmp_path: Path) -> None:
    found = readings(run, taught, tmp_path, OTHER_NAME + BUFFER)
    assert all("unit" not in one and one.get("basis", "") == "" for one in found)


def test_what_the_capture_says_comes_first(run: Run, taught: Path, tmp_path: Path) -> None:
    found = readings(run, taught, tmp_path, NAME + get(3, ENERGY, 3, scaler_unit(3, 30)) + BUFFER)[-1]
    assert (found["value"], found["basis"]) == (5000000, "record 4")


def test_meters_of_before_stay_in_the_file(run: Run, taught: Path, tmp_path: Path) -> None:
    readings(
        run,
        taught,
        tmp_path,
        get(3, ENERGY, 3, scaler_unit(1, 30), server=9) + get(3, ENERGY, 2, double_long_unsigned(1), server=9),
    )
    text = taught.read_text(encoding="utf-8")
    assert text.count("[[meter]]") == 2
    assert read_sidecar(text, "x").text() == text


def test_sample_is_written_and_read_again_as_it_was(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "meters.toml"
    for sample in ("ln-wrapper", "sn-hdlc"):
        assert run("decode", "-q", "--sidecar", str(path), sample_path(sample)).status == 0
        assert run("readings", "--sidecar", str(path), sample_path(sample)).status == 0
    text = path.read_text(encoding="utf-8")
    assert "[meter.scales]" in text
    assert "[meter.short_names]" in text
    assert read_sidecar(text, "x").text() == text


@pytest.mark.parametrize(
    "text", ["x", "a = 1", "meter = 3", "[[meter]]", "[[meter]]\nend = 3", '[[meter]]\nend = "x"\nscales = { "1" = [0, 1] }',
             '[[meter]]\nend = "x"\nscales = { "1-0:1.8.0" = [0] }', '[[meter]]\nend = "x"\ncolumns = { "1-0:1.8.0" = 3 }',
             '[[meter]]\nend = "x"\nscales = { "1-0:1.8.0" = [128, 30] }', '[[meter]]\nend = "x"\nscales = { "1-0:1.8.0" = [-129, 30] }'],
)  # fmt: skip
def test_wrong_sidecar_says_so_in_one_line(text: str, run: Run, tmp_path: Path) -> None:
    with pytest.raises(SidecarError) as raised:
        read_sidecar(text, "x")
    assert "\n" not in str(raised.value)
    path = tmp_path / "meters.toml"
    path.write_text(text, encoding="utf-8")
    ran = run("readings", "--sidecar", str(path), sample_path("ln-wrapper"))
    assert (ran.status, len(ran.err.splitlines())) == (2, 1)
    assert path.read_text(encoding="utf-8") == text


def test_keyring_given_as_sidecar_is_one_line_and_stays_as_it_is(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "keys.toml"
    path.write_text('[[meter]]\nguek = "000102030405060708090A0B0C0D0E0F"\n')
    ran = run("decode", "--sidecar", path, sample_path("ln-wrapper"))
    assert (ran.status, ran.complaint) == (2, f"{path}: [[meter]] 1: no meter that --sidecar wrote: 'end' is missing")
    assert "guek" in path.read_text()


def test_sidecar_that_cannot_be_written_keeps_what_it_held(
    run: Run, taught: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = taught.read_text()

    def fails(path: Path, text: str, **_: object) -> int:
        path.touch()
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", fails)
    ran = run("decode", "-q", "--sidecar", taught, sample_path("ln-wrapper"))
    assert (ran.status, ran.complaint) == (1, f"{taught}: cannot write: No space left on device")
    assert taught.read_text() == before
    assert not taught.with_name(f"{taught.name}.part").exists()
