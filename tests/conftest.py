"""What every test shares: how hard hypothesis tries, and where the corpus of real captures lies."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent
CORPUS_VARIABLE = "DLMSHARK_CORPUS"


def is_ci() -> bool:
    """Whether a check that cannot run must fail instead of being skipped."""
    return os.environ.get("CI", "").lower() in ("1", "true", "yes")


def _load_hypothesis_profile() -> None:
    slow = [HealthCheck.too_slow, HealthCheck.data_too_large]
    settings.register_profile("default", deadline=None, max_examples=50, suppress_health_check=slow)
    settings.register_profile("ci", deadline=None, max_examples=100, derandomize=True, suppress_health_check=slow)
    settings.register_profile("long", deadline=None, max_examples=2000, suppress_health_check=slow)
    long = os.environ.get("DLMSHARK_LONG", "") not in ("", "0")
    settings.load_profile("long" if long else "ci" if is_ci() else "default")


_load_hypothesis_profile()


def pytest_collection_finish() -> None:
    """The tests and modules live to the end: a collection of garbage need not look at them each time."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of real captures: DLMSHARK_CORPUS, else the one beside the checkout; without it the test is skipped, under CI it fails."""
    folder = Path(os.environ.get(CORPUS_VARIABLE) or ROOT.parent / "shared" / "corpus")
    if not (folder / "pcaps.toml").is_file():
        reason = f"check not run: no corpus of captures at {folder} ({CORPUS_VARIABLE} names another folder)"
        pytest.fail(reason) if is_ci() else pytest.skip(reason)
    return folder
