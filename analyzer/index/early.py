"""The process of an index pass, begun before there is anything to ask of it: it loads while its owner does."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence

_MODULE = "analyzer.index.worker"
_waiting: list[subprocess.Popen[bytes]] = []


def begin() -> None:
    """Begin a process for the next index pass; it ends with this one where none comes."""
    if not _waiting:
        _waiting.append(_started())


def process(descriptors: Sequence[int] = ()) -> subprocess.Popen[bytes]:
    """Give a process that waits for its request on stdin; one that needs *descriptors* begins only now."""
    return _waiting.pop() if _waiting and not descriptors else _started(descriptors)


def _started(descriptors: Sequence[int] = ()) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    return subprocess.Popen(
        [sys.executable, "-P", "-m", _MODULE],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment,
        start_new_session=True, pass_fds=descriptors,
    )  # fmt: skip
