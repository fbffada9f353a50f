"""Names of files as they are typed into a prompt: what there is, and whether it can be opened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from os.path import (
    exists,
    expanduser,
    isdir,
    isfile,
    samefile,
)  # of any text: a path of pathlib raises where the name is too long
from pathlib import Path

from analyzer.tui.widgets.prompt import Choice, Verdict

_MOST_LISTED = 40


def path_of(text: str) -> Path:
    """Give the path that is typed; the ``~`` of a user who is not there stays as it is."""
    return Path(expanduser(text.strip()))  # pathlib raises here, and asked about a name that is too long


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


def export_choices(text: str, suffixes: Mapping[str, str]) -> list[Choice]:
    """Give the forms that can be written, by their suffixes."""
    stem = text.rpartition(".")[0] or text
    return [Choice(stem + suffix, suffix, what) for suffix, what in suffixes.items()]


def export_verdict(text: str, suffixes: Mapping[str, str], inputs: Iterable[str]) -> Verdict:
    """Tell whether *text* can be written: any of *suffixes*, if there are some, never what is no file or is open."""
    path = path_of(text)
    if suffixes and path.suffix not in suffixes:
        return Verdict(False, f"expected {' '.join(suffixes)}")
    for name in inputs:
        with suppress(OSError, ValueError):
            if samefile(path, name):
                return Verdict(False, "this is the capture itself, which would be lost")
    if exists(path) and not isfile(path):  # a pipe that nobody reads would hold up all keys
        return Verdict(False, "a folder" if isdir(path) else "a pipe or a device, no file")
    return Verdict(True, "exists, is written over" if exists(path) else suffixes.get(path.suffix, "text"))
