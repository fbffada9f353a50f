"""Run commands and read off what they cost: CPU of the process and its children, wall time, peak memory."""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

_LAUNCH = Path(__file__).with_name("launch.py")


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run cost."""

    cpu_s: float
    wall_s: float
    peak_mb: float


@dataclass(slots=True)
class Measurement:
    """The runs of one command; `problem` says why there are none."""

    costs: list[Cost] = field(default_factory=list)
    problem: str = ""

    @property
    def cpu_s(self) -> float:
        """User and system time, the median of the runs."""
        return statistics.median(cost.cpu_s for cost in self.costs)

    @property
    def wall_s(self) -> float:
        """Wall time, the median of the runs."""
        return statistics.median(cost.wall_s for cost in self.costs)

    @property
    def peak_mb(self) -> float:
        """Peak resident memory, the median of the runs."""
        return statistics.median(cost.peak_mb for cost in self.costs)


def run_once(command: list[str], timeout_s: float = 900) -> tuple[Cost | None, str]:
    """Run a command with its output thrown away. Returns its cost, or None and the reason."""
    # a program is installed with its bytecode; an environment that forbids to keep it would measure the compiler
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    report, told = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", str(_LAUNCH), str(told), *command], stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment, pass_fds=(told,), start_new_session=True,
    )  # fmt: skip
    os.close(told)
    complaint = _drain(process, time.monotonic(), timeout_s)
    process.wait()
    with open(report, "rb") as file:
        content = file.read()
    status, cost = json.loads(content) if content else (process.returncode, None)
    if status or cost is None:
        last = complaint.strip().splitlines()[-1:] or ["no message"]
        return None, f"ended with {status}: {last[0][:120]}"
    return Cost(*cost), ""


def _drain(process: subprocess.Popen[bytes], began: float, timeout_s: float) -> str:
    """Read stderr to its end, so that a talkative command doesn't wait for us; kill one that takes too long."""
    assert process.stderr is not None
    os.set_blocking(process.stderr.fileno(), False)
    parts: list[bytes] = []
    while True:
        part = process.stderr.read(65536)
        if part == b"":
            break
        if part is not None:
            parts.append(part)
        elif time.monotonic() - began > timeout_s:
            os.killpg(process.pid, signal.SIGKILL)
            parts.append(f"took longer than {timeout_s:.0f} s".encode())
            break
        else:
            time.sleep(0.002)
    process.stderr.close()
    return b"".join(parts[-4:]).decode("utf-8", "replace")


def run_interleaved(commands: dict[str, list[str]], rounds: int, report: object = None) -> dict[str, Measurement]:
    """Run every command once a round, in turn, so that a slow spell of the machine falls on all alike."""
    measured = {name: Measurement() for name in commands}
    for number in range(rounds):
        for name, command in commands.items():
            if measured[name].problem:
                continue
            if callable(report):
                report(f"round {number + 1}/{rounds}: {name}")
            cost, problem = run_once(command)
            if cost is None:
                measured[name] = Measurement(problem=problem)
            else:
                measured[name].costs.append(cost)
    return measured


def run_text(command: list[str]) -> str:
    """The first line that a command prints, empty if it cannot run."""
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=120)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return (run.stdout.splitlines() or [""])[0] if run.returncode == 0 else ""
