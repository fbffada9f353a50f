"""Golden files: what ``dlmshark decode`` prints for every bundled sample, octet by octet.

``DLMSHARK_GOLDEN=write pytest tests/cli/test_golden.py`` writes them anew; read the difference before it is committed.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from captures.samples import Sample, samples
from tests.cli.conftest import Run
from tests.conftest import ROOT

VARIABLE = "DLMSHARK_GOLDEN"
FOLDER = ROOT / "tests" / "golden"
FORMS = {
    "text": ["--utc"],
    "tree": ["--utc", "--tree"],
    "json": ["--json", "--layers"],
}
MOST_RECORDS = 20
"""Of trees and JSON the first records only: a golden file is read by people."""


def arguments(sample: Sample, form: str) -> list[str]:
    keys = ["-k", str(sample.keys)] if sample.keys else []
    return [*FORMS[form], *keys, *([] if form == "text" else ["--count", str(MOST_RECORDS)])]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("sample", samples(), ids=lambda sample: sample.name)
def test_sample_prints_what_its_golden_file_holds(run: Run, sample: Sample, form: str) -> None:
    ran = run("decode", *arguments(sample, form), sample.path)
    assert ran.status == 0
    assert len(ran.err.splitlines()) <= sample.remarks
    golden = FOLDER / f"{sample.name}-{form}.txt"
    if os.environ.get(VARIABLE) == "write":
        golden.write_text(ran.out, encoding="utf-8", newline="\n")
    assert golden.is_file(), f"no golden file yet: set {VARIABLE}=write"
    assert ran.out.splitlines() == golden.read_text(encoding="utf-8").splitlines()


def test_golden_files_are_those_of_the_samples() -> None:
    expected = {f"{sample.name}-{form}.txt" for sample in samples() for form in FORMS}
    assert {path.name for path in Path(FOLDER).glob("*-*.txt")} == expected
