"""Captures to several processes: each is the program itself, told one name after another and saying one entry each."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from queue import SimpleQueue
from typing import Any

Entry = dict[str, Any]


def run_pool(names: Sequence[str], words: Sequence[str], workers: int) -> Iterator[Entry]:
    """Give the entry of each of *names*, as they come; *words* are the command line of a worker."""
    left, said = deque(names), SimpleQueue[Entry | None]()
    threads = [
        threading.Thread(target=_serve, args=(words, left, said), daemon=True) for _ in range(min(workers, len(names)))
    ]
    for thread in threads:
        thread.start()
    running = len(threads)
    while running:
        entry = said.get()
        if entry is None:
            running -= 1
        else:
            yield entry
    for name in left:
        yield {"input": name, "error": f"{name}: no worker was left to read it"}


def _serve(words: Sequence[str], left: deque[str], said: SimpleQueue[Entry | None]) -> None:
    """Run one worker until no name is left; one that dies takes its capture with it, and another is started."""
    process: subprocess.Popen[str] | None = None
    deaths = 0
    try:
        while deaths < _MOST_DEATHS:
            try:
                name = left.popleft()
            except IndexError:
                return
            if process is None:
                process = _start(words)
            entry = _ask(process, name)
            if entry is None:
                deaths += 1
                process.kill()
                entry = {"input": name, "error": f"{name}: the process that read it ended with {process.wait()}"}
                process = None
            said.put(entry)
    finally:
        if process is not None and process.stdin is not None:
            process.stdin.close()
            process.wait()
        said.put(None)


_MOST_DEATHS = 100


def _start(words: Sequence[str]) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "analyzer", *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        env=environment, text=True, encoding="utf-8", errors="surrogateescape",
    )  # fmt: skip


def _ask(process: subprocess.Popen[str], name: str) -> Entry | None:
    """Tell a worker *name*. Returns its entry; None where it died over it."""
    assert process.stdin is not None and process.stdout is not None
    try:
        process.stdin.write(json.dumps(name) + "\n")
        process.stdin.flush()
        line = process.stdout.readline()
        found: Entry = json.loads(line)
        return found
    except (OSError, ValueError):
        return None
