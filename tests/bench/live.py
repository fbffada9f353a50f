"""`python -m tests.bench.live`: what a recording of an interface keeps up with, and how far the view is behind it.

Frames come from a sender of our own, over loopback, or between the two ends of a veth pair where this user may make one;
each carries its number. What the spool holds is counted afterwards, number by number.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from captures import open_source

PORT = 40599
HEADERS = 14 + 20 + 8
WRAPPER = struct.Struct(">HHHH").pack
_VETH = ("dlmsh0", "dlmsh1")
PIPE_RATE = 6250
"""Frames of 1,000 octets: 50 Mbit/s."""
RATES = (5_000, 10_000, 20_000, 40_000, 80_000)
_HERE, _THERE = "198.51.100.241", "198.51.100.242"


class Outcome(NamedTuple):
    """What one run came to."""

    sent: int
    kept: int
    dropped: int
    seconds: float
    """How long the sender took."""
    behind: float
    """Seconds after the last frame until the view had shown all."""
    shown: int
    """Lines of the view."""


def payload(number: int, length: int) -> bytes:
    """Give a wrapper PDU of *length* octets: a GET response with an octet-string, which begins with *number*."""
    size = length - 8 - 8
    apdu = b"\xc4\x01\xc1\x00\x09\x82" + struct.pack(">H", size) + struct.pack(">Q", number)
    apdu += bytes(size - 8)
    return WRAPPER(1, 1, 16, len(apdu)) + apdu


def send(address: str, rate: int, seconds: float, frame: int) -> tuple[int, float]:
    """Send frames of *frame* octets at *rate* a second; the pace is kept over bursts of a millisecond or more."""
    out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    out.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 << 20)
    out.connect((address, PORT))
    body = payload(0, frame - HEADERS)
    before, after = body[:16], body[24:]
    number, begun = 0, time.monotonic()
    total = int(rate * seconds)
    while number < total:
        due = min(total, int((time.monotonic() - begun) * rate) + 1)
        while number < due:
            try:
                out.send(before + number.to_bytes(8, "big") + after)
            except ConnectionRefusedError:  # nobody listens there; the frame was on the line
                continue
            number += 1
        time.sleep(0.001)
    return number, time.monotonic() - begun


def numbers(path: Path) -> list[int]:
    """Give the numbers of the frames in a capture."""
    with open_source(str(path)) as source:
        at = HEADERS + 16
        return [int.from_bytes(chunk.octets[at : at + 8], "big") for chunk in source]


@contextmanager
def veth() -> Iterator[tuple[str, str] | None]:
    """Make a pair of interfaces, one of them in a network namespace of its own; None where this user may not."""
    holder = subprocess.Popen(["unshare", "-n", "sleep", "3600"])
    commands = (
        f"ip link add {_VETH[0]} type veth peer name {_VETH[1]}", f"ip link set {_VETH[1]} netns {holder.pid}",
        f"ip addr add {_HERE}/30 dev {_VETH[0]}", f"ip link set {_VETH[0]} up",
        f"nsenter -t {holder.pid} -n ip addr add {_THERE}/30 dev {_VETH[1]}",
        f"nsenter -t {holder.pid} -n ip link set {_VETH[1]} up",
    )  # fmt: skip
    try:
        time.sleep(0.3)
        if all(subprocess.run(one.split(), capture_output=True, check=False).returncode == 0 for one in commands):
            yield _VETH[0], _THERE
        else:
            yield None
    except FileNotFoundError:
        yield None
    finally:
        subprocess.run(["ip", "link", "del", _VETH[0]], capture_output=True, check=False)
        holder.kill()
        holder.wait()


def run(
    interface: str,
    address: str,
    rate: int,
    seconds: float,
    *,
    frame: int = 1000,
    program: str = "",
    views: bool = False,
    stops: bool = False,
) -> Outcome:
    """Record while a sender sends; with *views* the frames are decoded as they come, with *stops* the recorder sleeps."""
    with tempfile.TemporaryDirectory(prefix="dlmshark-bench-") as folder:
        path = Path(folder) / "spool.pcapng"
        words = ["live"] if views else ["record", "--json", "-q"]
        words += [
            f"iface:{interface}",
            "-o",
            str(path),
            "-f",
            f"udp dst port {PORT}",
            "-d",
            f"udp.port=={PORT},wrapper",
        ]
        words += ["--with", program] if program else []
        child = subprocess.Popen(
            [sys.executable, "-m", "analyzer.cli.main", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        while not path.exists() and child.poll() is None:
            time.sleep(0.1)
        time.sleep(2)
        if stops:
            child.send_signal(signal.SIGSTOP)
        line = [sys.executable, "-m", "tests.bench.live", "--send", address, str(rate), str(seconds), str(frame)]
        with subprocess.Popen(line, stdout=subprocess.PIPE) as sender:
            behind, shown = _watch(child, sender, is_counted=views, stops=stops)
            assert sender.stdout is not None
            sent, took = json.loads(sender.stdout.read())
        child.send_signal(signal.SIGINT)
        said = child.communicate(timeout=120)
        dropped = _dropped(said[0] + said[1])
        kept = numbers(path)
        assert len(set(kept)) == len(kept), "a frame stands twice in the spool"
        return Outcome(sent, len(kept), dropped, took, behind, shown)


def _watch(
    child: subprocess.Popen[bytes], sender: subprocess.Popen[bytes], *, is_counted: bool, stops: bool
) -> tuple[float, int]:
    """Read what the view shows until it shows no more; returns seconds from the last frame to the last line, and lines."""
    assert child.stdout is not None
    descriptor, ended, last, shown = child.stdout.fileno(), 0.0, 0.0, 0
    os.set_blocking(descriptor, False)
    while not ended or time.monotonic() - max(ended, last) < 3:
        if not ended and sender.poll() is not None:
            ended = time.monotonic()
            if stops:
                child.send_signal(signal.SIGCONT)
        try:
            octets = os.read(descriptor, 1 << 20)
        except BlockingIOError:
            time.sleep(0.01)
            continue
        if not octets:
            break
        if is_counted:
            last = time.monotonic()
            shown += octets.count(b"\n")
    return max(0.0, last - ended), shown


def _dropped(said: bytes) -> int:
    found = 0
    for line in said.splitlines():
        if line.startswith(b"{") and b'"dropped"' in line:
            found = json.loads(line)["dropped"]
        elif b" lost by the system" in line:
            found = int(line.rpartition(b",")[2].split()[0])
    return found


def main() -> int:
    """Measure, and print a line a run."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.live", description=__doc__)
    parser.add_argument("--send", nargs=4, metavar=("ADDRESS", "RATE", "SECONDS", "FRAME"), help=argparse.SUPPRESS)
    parser.add_argument("--short", action="store_true", help="5 s instead of 60 and 10")
    options = parser.parse_args()
    if options.send:
        address, rate, seconds, frame = options.send
        print(json.dumps(send(address, int(rate), float(seconds), int(frame))))
        return 0
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores, priority {os.getpriority(os.PRIO_PROCESS, 0)}")
    one = run("lo", "127.0.0.1", PIPE_RATE, 5 if options.short else 60, program="tcpdump", views=True)
    print(_row(f"tcpdump pipe on lo, frames of 1,000 octets at {PIPE_RATE:,} a second, decoded", one))
    with veth() as pair:
        name, address = pair or ("lo", "127.0.0.1")
        where = "a veth pair" if pair else "lo, for this user may make no veth pair"
        _socket_rates(name, address, where, 5 if options.short else 10)
    return 0


def _socket_rates(name: str, address: str, where: str, seconds: float) -> None:
    """Find the highest rate at which the capture socket loses nothing, and what it counts at twice that."""
    best = 0
    for rate in RATES:
        one = run(name, address, rate, seconds, frame=200)
        print(_row(f"capture socket on {where}, frames of 200 octets at {rate:,} a second", one))
        if one.dropped or one.kept < one.sent or one.sent / one.seconds < 0.9 * rate:
            break
        best = rate
    print(f"highest rate without loss: {best:,} a second")
    one = run(name, address, 2 * best, seconds, frame=200, stops=True)
    print(_row(f"the same at {2 * best:,} a second, the recorder stopped for the time", one))
    print(f"drop counter {'exact' if one.kept + one.dropped == one.sent else 'not exact'}")


def _row(what: str, one: Outcome) -> str:
    view = f"; {one.shown:,} shown, {one.behind:.1f} s behind" if one.shown else ""
    rate = f"{one.sent / one.seconds:,.0f} a second were sent"
    kept = f"{one.kept:,} of {one.sent:,} in the spool, {one.dropped:,} counted as lost"
    return f"{what}: {rate}; {kept}{view}"


if __name__ == "__main__":
    sys.exit(main())
