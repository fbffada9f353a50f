"""Names of files as they are typed into a prompt: what there is, and whether it can be opened."""

from __future__ import annotations

from contextlib import suppress
from os.path import expanduser, isdir, isfile  # of any text: a path of pathlib raises where the name is too long
from pathlib import Path

from analyzer.tui.widgets.prompt import Choice, Verdict

_MOST_LISTED = 40


def path_of(text: str) -> Path:
    """Give the path that is typed; the ``~`` of a user who is not there stays as it is."""
    return Path(expanduser(text.strip()))


def file_choices(text: str) -> list[Choice]:
    """Give the files and folders that begin with *text*."""
    path = path_of(text or ".")
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
    path = path_of(text)
    if isdir(path):
        return Verdict(False, "a folder; Tab shows what is in it")
    return Verdict(isfile(path), "Enter opens it" if isfile(path) else "no such file yet")
