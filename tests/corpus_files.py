"""Where the corpus of foreign captures and frames lies, for the tests that read it."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def corpus() -> Path:
    """Return the corpus folder; skip the test where it is missing, and fail under ``CI=true``.

    It is named by ``DLMSHARK_CORPUS`` (relative to the project's root), ``../shared/corpus`` otherwise.
    """
    folder = (ROOT / os.environ.get("DLMSHARK_CORPUS", "../shared/corpus")).resolve()
    if folder.is_dir():
        return folder
    reason = f"no corpus at {folder}; name it in DLMSHARK_CORPUS"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
