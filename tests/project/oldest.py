"""Print the oldest version of each dependency that pyproject.toml allows, as pip takes it: ``scapy==2.6``."""

from __future__ import annotations

import tomllib
from pathlib import Path

_PROJECT = Path(__file__).resolve().parents[2] / "pyproject.toml"


def oldest() -> list[str]:
    """Give what pins each dependency to its lower bound."""
    table = tomllib.loads(_PROJECT.read_text("utf-8"))
    return [one.replace(">=", "==") for one in table["project"]["dependencies"]]


if __name__ == "__main__":
    print(*oldest())
