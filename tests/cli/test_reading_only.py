"""The program without Scapy below its layers says what it says with it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from captures.samples import samples
from tests.cli.conftest import Run, spawn

FORMS = (["--octets"], ["--tree"], ["--json", "--layers"])
SAMPLES = [str(sample.path) for sample in samples()]


@pytest.mark.parametrize("form", FORMS, ids=" ".join)
def test_samples_read_the_same_with_and_without_packets(run: Run, form: list[str]) -> None:
    assert spawn("decode", *form, *SAMPLES) == run("decode", *form, *SAMPLES)


@pytest.mark.parametrize("form", FORMS, ids=" ".join)
def test_cut_apdus_read_the_same_with_and_without_packets(run: Run, form: list[str], tmp_path: Path) -> None:
    records = [json.loads(line) for line in run("decode", "--json", *SAMPLES).out.splitlines()]
    apdus = [bytes.fromhex(one["octets"])[8:] for one in records if one["link"] == "wrapper"]
    pieces = [apdu[:size].hex() for apdu in apdus for size in (len(apdu) // 3, len(apdu) - 1) if size]
    path = tmp_path / "cut.txt"
    path.write_text("\n".join(pieces))
    words = ["decode", "-d", "record,apdu", *form, str(path)]
    assert len(pieces) > 20
    assert spawn(*words) == run(*words)
