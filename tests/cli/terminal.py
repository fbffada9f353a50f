"""What a command says on a terminal's stderr, however short it runs."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys

_PROGRAM = """\
import sys
from analyzer.cli import progress
progress.AFTER_S = progress.EVERY_S = 0.02
from analyzer.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


def lines_on_terminal(*words: str) -> list[str]:
    """Run a command with a terminal for its stderr. Returns what stood in the line that is written over."""
    ours, theirs = os.openpty()
    process = subprocess.Popen([sys.executable, "-c", _PROGRAM, *words], stdout=subprocess.DEVNULL, stderr=theirs)
    os.close(theirs)
    said = b""
    with contextlib.suppress(OSError):  # a terminal whose other side is closed
        while octets := os.read(ours, 4096):
            said += octets
    os.close(ours)
    assert process.wait(60) == 0, said
    return said.decode().split("\r\x1b[K")
