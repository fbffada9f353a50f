"""The process of an index pass, begun before there is anything to ask of it: it loads while its owner does."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import NamedTuple

_MODULE = "analyzer.index.worker"


class Started(NamedTuple):
    """A process that waits for its request on stdin, and the descriptor there of this one's stdin; -1 for none.

    It is the same stdin, 0, where processes inherit no descriptors: what comes on this one's is passed on behind the
    request.
    """

    process: subprocess.Popen[bytes]
    stdin: int


PASSED_ON = 0
_INHERITS = os.name == "posix"
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
    stdin = (os.dup(0) if _INHERITS else PASSED_ON) if needs_stdin else -1
    inherited = (stdin,) if stdin > PASSED_ON else ()
    try:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", _MODULE],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment,
            start_new_session=True, pass_fds=inherited,
        )  # fmt: skip
    finally:
        for one in inherited:
            os.close(one)
    return Started(process, stdin)
