"""What is kept of an error of our own: where it happened and its kind; no value, for values may be keys."""

from __future__ import annotations

import platform
import time
import traceback
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import platformdirs

_NAME = "dlmshark"


def report(error: BaseException | None) -> str:
    """Write the kind of *error* and the places it came through; its message and all values stay out."""
    lines = [f"dlmshark {_version()} · Python {platform.python_version()} · {platform.system()}"]
    while error is not None:
        lines.append(type(error).__name__)
        frames = traceback.extract_tb(error.__traceback__)
        lines += [f"  {_place(one.filename)}:{one.lineno} {one.name}" for one in frames]
        error = error.__cause__ or error.__context__
    return "\n".join(lines) + "\n"


def written(error: BaseException | None, folder: Path | None = None) -> str:
    """Keep the report in a file of its own. Returns what to tell the user, in one line."""
    place = "an unknown place"
    if error is not None and (frames := traceback.extract_tb(error.__traceback__)):
        place = f"{_place(frames[-1].filename)}:{frames[-1].lineno}"
    told = f"dlmshark: internal error: {type(error).__name__} at {place}; the terminal and the capture are as they were"
    folder = folder or platformdirs.user_log_path(_NAME, appauthor=False)
    path = folder / f"crash-{time.strftime('%Y%m%d-%H%M%S')}.txt"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(report(error), encoding="utf-8")
    except OSError:
        return told
    return f"{told}; a report without any of your data: {path}"


def _place(name: str) -> str:
    """Name a file by its package, without the folders that a person has."""
    parts = Path(name).parts
    for package in ("analyzer", "dissectors", "captures", "site-packages"):
        if package in parts:
            at = len(parts) - 1 - parts[::-1].index(package)
            return "/".join(parts[at + (package == "site-packages") :])
    return parts[-1] if parts else name


def _version() -> str:
    try:
        return version(_NAME)
    except PackageNotFoundError:
        return "(not installed)"
