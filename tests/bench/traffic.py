"""Generated captures to measure on, made once and kept in the system's temporary folder.

The generator stands beside the checkout (DLMSHARK_TRAFFIC names another place): it is nobody's product and shares no code with ours.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
KINDS = ("wrapper", "hdlc", "hdlctcp", "cipher")
# The generator's fixed test keys.
KEYS = ("guek=000102030405060708090A0B0C0D0E0F", "gak=D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF")


class NoTrafficError(Exception):
    """There is nothing to measure on; the text says why."""


def generator() -> Path:
    """The program that generates traffic."""
    return Path(os.environ.get("DLMSHARK_TRAFFIC") or ROOT.parent / "shared" / "tools" / "gen_traffic.py")


def capture(kind: str, packets: int, interleave: int = 1) -> Path:
    """A capture of this kind with this many packets, generated if it is not there yet."""
    program = generator()
    if not program.is_file():
        raise NoTrafficError(
            f"no traffic generator at {program.name} beside the checkout (DLMSHARK_TRAFFIC names another place)"
        )
    folder = Path(tempfile.gettempdir()) / "dlmshark-bench"
    folder.mkdir(exist_ok=True)
    # The generator's size stands in the name: a changed generator makes new files.
    path = folder / f"{kind}-{packets}-{interleave}-{program.stat().st_size}.pcap"
    if not path.exists():
        part = path.with_suffix(".part")
        command = [
            sys.executable,
            str(program),
            "--kind",
            kind,
            "-n",
            str(packets),
            "-o",
            str(part),
            "--interleave",
            str(interleave),
        ]
        run = subprocess.run(command, capture_output=True, text=True)
        if run.returncode:
            raise NoTrafficError(f"{program.name} ended with {run.returncode}: {(run.stderr.splitlines() or [''])[-1]}")
        part.replace(path)
    return path
