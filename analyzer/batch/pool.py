"""Captures to several processes: each is the program itself, told one name after another and saying one entry each."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from queue import SimpleQueue
from typing import IO, Any

from analyzer.children import Children

Entry = dict[str, Any]
_MOST_DEATHS = 100


def run_pool(names: Sequence[str], words: Sequence[str], workers: int) -> Iterator[Entry]:
    """Give the entry of each of *names*, as they come; *words* are the command line of a worker.

    Where this is left early, the workers end.
    """
    left, said = deque(names), SimpleQueue[Entry | None]()
    with Children() as children:
        threads = [
            threading.Thread(target=_serve, args=(children, words, left, said), daemon=True)
            for _ in range(min(workers, len(names)))
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


def _serve(children: Children, words: Sequence[str], left: deque[str], said: SimpleQueue[Entry | None]) -> None:
    """Run one worker until no name is left; one that dies takes its capture with it, and another is started."""
    running = None
    deaths = 0
    try:
        while deaths < _MOST_DEATHS and not children.is_over:
            try:
                name = left.popleft()
            except IndexError:
                return
            if running is None:
                running = children.start("analyzer", words)
            asks, answers, process = running
            entry = _ask(asks, answers, name)
            if entry is None:
                deaths += 1
                process.kill()
                entry = {"input": name, "error": f"{name}: the process that read it ended with {process.wait()}"}
                running = None
            said.put(entry)
    except RuntimeError:  # all ends
        return
    finally:
        if running is not None:
            with suppress(OSError):
                running[0].close()
            running[2].wait()
        said.put(None)


def _ask(asks: IO[bytes], answers: IO[bytes], name: str) -> Entry | None:
    """Tell a worker *name*. Returns its entry; None where it died over it."""
    try:
        asks.write(json.dumps(name).encode() + b"\n")
        asks.flush()
        found: Entry = json.loads(answers.readline())
        return found
    except (OSError, ValueError):
        return None
