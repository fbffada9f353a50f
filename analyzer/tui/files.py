"""Names of files as they are typed into a prompt: what there is, and whether it can be opened."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from analyzer.tui.widgets.prompt import Choice, Verdict

_MOST_LISTED = 40


def file_choices(text: str) -> list[Choice]:
    """Give the files and folders that begin with *text*."""
    path = Path(text or ".").expanduser()
    folder, begin = (path, "") if text.endswith("/") or not text else (path.parent, path.name)
    found = []
    with suppress(OSError):
        for one in sorted(folder.iterdir()):
            if one.name.startswith(begin) and (begin.startswith(".") or not one.name.startswith(".")):
                sign = "/" if one.is_dir() else ""
                found.append(Choice(str(one) + sign, one.name + sign))
    return found[:_MOST_LISTED]


def file_verdict(text: str) -> Verdict:
    """Tell whether *text* is a file."""
    path = Path(text).expanduser()
    if path.is_dir():
        return Verdict(True, "a folder")
    return Verdict(path.is_file(), "Enter opens it" if path.is_file() else "no such file yet")
