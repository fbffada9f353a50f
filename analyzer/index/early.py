"""The process of an index pass, begun before there is anything to ask of it: it loads while its owner does."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import NamedTuple

_MODULE = "analyzer.index.worker"


class Started(NamedTuple):
    """A process that waits for its request on stdin, and the descriptor there of this one's stdin; -1 for none."""

    process: subprocess.Popen[bytes]
    stdin: int


_waiting: list[Started] = []


def begin(*, needs_stdin: bool = False) -> None:
    """Begin a process for the next index pass; it ends with this one where none comes."""
    if not _waiting:
        _waiting.append(_started(needs_stdin))


def process(*, needs_stdin: bool = False) -> Started:
    """Give a process for an index pass: the one that was begun, if it has what is needed."""
    if _waiting and needs_stdin == (_waiting[0].stdin >= 0):
        return _waiting.pop()
    return _started(needs_stdin)


def _started(needs_stdin: bool) -> Started:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    stdin = os.dup(0) if needs_stdin else -1
    try:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", _MODULE],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment,
            start_new_session=True, pass_fds=(stdin,) if needs_stdin else (),
        )  # fmt: skip
    finally:
        if needs_stdin:
            os.close(stdin)
    return Started(process, stdin)
