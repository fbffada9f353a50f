"""Captures to a Dask cluster: a program of its own, which starts ``dlmshark`` for each and gives paths and counts back.

``python -m analyzer.cluster ADDRESS`` reads a JSON object on stdin: ``names``, ``words`` (the rest of a worker's
command line), ``folder`` (where it runs) and ``environment`` (what it adds to the machine's own). It prints an entry a
line. It needs the extra ``cluster``. The captures and the data set lie where all machines see them under the same name,
and ``dlmshark`` is installed on each.
"""

from __future__ import annotations

import json
import sys
from typing import Any


def read_capture(name: str, words: list[str], folder: str, environment: dict[str, str]) -> dict[str, Any]:
    """Run the program for one capture: this is what the machines of the cluster do. Returns the capture's entry."""
    import json
    import os
    import subprocess
    import sys
    import tempfile

    command, pipe = [sys.executable, "-m", "analyzer", *words], subprocess.PIPE
    own = {**os.environ, **environment}
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as errors,
        subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=errors, text=True, cwd=folder, env=own) as process,
    ):
        assert process.stdin is not None and process.stdout is not None
        try:
            process.stdin.write(json.dumps(name) + "\n")
            process.stdin.flush()  # and stays open: the program ends where nobody waits for it any more
            entry: dict[str, Any] = json.loads(process.stdout.readline())
        except (OSError, ValueError):
            status = process.wait()
            errors.seek(0)
            last = (errors.read().strip().splitlines() or [f"it ended with {status}"])[-1]
            entry = {"input": name, "error": f"{name}: {last}"}
    return entry


def main() -> int:
    """Run as a program. Returns 0, or 2 where there is no cluster."""
    try:
        from distributed import Client, as_completed
    except ImportError:
        print("dlmshark: --scheduler needs the extra 'cluster': pip install '.[cluster]'", file=sys.stderr)
        return 2
    from analyzer.children import end_with_parent

    work = json.loads(sys.stdin.buffer.readline())
    end_with_parent()
    try:
        client = Client(sys.argv[1], timeout="10s")
    except (OSError, ValueError) as problem:
        print(f"dlmshark: --scheduler {sys.argv[1]}: {str(problem).splitlines()[0]}", file=sys.stderr)
        return 2
    with client:
        read_capture.__module__ = "__main__"  # sent by value: the machines need not have this module loaded
        names = work.pop("names")
        futures = client.map(read_capture, names, **work, pure=False, batch_size=64)
        for future in as_completed(futures):
            print(json.dumps(future.result()), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
