"""Generated captures to measure on, made once and kept in the system's temporary folder.

The generator stands beside the checkout (DLMSHARK_TRAFFIC names another place): it is nobody's product and shares no code with ours.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from analyzer.simulate.local_messages import data_set, identification, option_select, readout, request
from analyzer.simulate.p1_port import telegram
from tests.bench import healthy, made

ROOT = Path(__file__).resolve().parents[2]
KINDS = ("wrapper", "hdlc", "hdlctcp", "cipher")
# The generator's fixed test keys.
KEYS = ("guek=000102030405060708090A0B0C0D0E0F", "gak=D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF")


_CIPHERED = re.compile(rb"\x00\x01\x00(?:\x10\x00\x01|\x01\x00\x10)..[\x60\x61\xc8-\xcf]", re.DOTALL)
"""The wrapper header of the generator's wPorts, and the first octet of what is ciphered, or carries it."""

TEXT_KINDS = ("p1", "local")
"""Serial text by octets: telegrams of P1; readouts of IEC 62056-21 with their sign-on."""


class NoTrafficError(Exception):
    """There is nothing to measure on; the text says why."""


def generator() -> Path:
    """The program that generates traffic."""
    return Path(os.environ.get("DLMSHARK_TRAFFIC") or ROOT.parent / "shared" / "tools" / "gen_traffic.py")


def capture(kind: str, packets: int, interleave: int = 1) -> Path:
    """A capture of this kind with this many packets, generated if it is not there yet."""
    if kind == "text":
        return text_log(packets)
    if kind in TEXT_KINDS:
        return _text(kind, packets)
    if kind in _MADE:
        return _made(kind, packets)
    if kind == "apdus":
        return apdus(packets)
    # The generator's size stands in the name: a changed generator makes new files.
    path = _folder() / f"{kind}-{packets}-{interleave}-{_size()}.pcap"
    if not path.exists():
        _generate(path, kind, packets, interleave)
    return path


_MADE = {
    "push": made.write_push, "profile": made.write_profile, "healthy-wrapper": healthy.write_wrapper,
    "healthy-hdlc": healthy.write_hdlc,
}  # fmt: skip


def _made(kind: str, packets: int) -> Path:
    """A capture that we make ourselves; APDUs alone come out of a generated one."""
    path = _folder() / f"{kind}-{packets}-{made.SEED}.pcap"
    if not path.exists():
        part = path.with_suffix(".part")
        _MADE[kind](part, packets)
        part.replace(path)
    return path


def ciphered_apdus(path: Path) -> int:
    """How many APDUs of a capture of the kind ``cipher`` a key opens, those in AARQ and AARE among them."""
    return sum(1 for _ in _CIPHERED.finditer(path.read_bytes()))


def apdus(count: int) -> Path:
    """The first *count* GET APDUs of generated traffic, in hex."""
    path = _folder() / f"apdus-{count}-{_size()}.txt"
    if not path.exists():
        made.write_apdus(path, count, capture("wrapper", 100_000))
    return path


def many(files: int) -> Path:
    """A folder with so many captures, all kinds, 500 to 2,500 packets each, two meters in each."""
    folder = _folder() / f"many-{files}-{_size()}"
    folder.mkdir(exist_ok=True)
    for number in range(files):
        path = folder / f"{number:04}.pcap"
        if not path.exists():
            _generate(path, KINDS[number % len(KINDS)], 500 * (1 + number * 3 % 5), 2, "--seed", str(number + 1))
    return folder


def _folder() -> Path:
    folder = Path(tempfile.gettempdir()) / "dlmshark-bench"
    folder.mkdir(exist_ok=True)
    return folder


def _size() -> int:
    """The generator's size. Raises: NoTrafficError where there is none."""
    program = generator()
    if not program.is_file():
        raise NoTrafficError(
            f"no traffic generator at {program.name} beside the checkout (DLMSHARK_TRAFFIC names another place)"
        )
    return program.stat().st_size


def _generate(path: Path, kind: str, packets: int, interleave: int, *more: str) -> None:
    """Let the generator write *path*. Raises: NoTrafficError where it fails."""
    program, part = generator(), path.with_suffix(".part")
    words = ["--kind", kind, "-n", str(packets), "-o", str(part), "--interleave", str(interleave), *more]
    run = subprocess.run([sys.executable, str(program), *words], capture_output=True, text=True)
    if run.returncode:
        raise NoTrafficError(f"{program.name} ended with {run.returncode}: {(run.stderr.splitlines() or [''])[-1]}")
    part.replace(path)


def text_log(frames: int) -> Path:
    """A text log of HDLC frames, a line each with direction and time: ``TX: 10:15:32.123 7E A0 07``."""
    source = capture("hdlc", frames)
    path = source.with_suffix(".txt")
    if path.exists():
        return path
    part = path.with_suffix(".part")
    octets = source.read_bytes()
    at, number = 24, 0
    with part.open("w") as file:
        while at < len(octets):
            length = int.from_bytes(octets[at + 8 : at + 12], "little")
            clock = time.strftime("%H:%M:%S", time.gmtime(36_932 + number // 20))
            frame = octets[at + 16 : at + 16 + length].hex(" ").upper()
            file.write(f"{'RX' if number % 2 else 'TX'}: {clock}.{number % 20 * 50:03} {frame}\n")
            at += 16 + length
            number += 1
    part.replace(path)
    return path


def _text(kind: str, octets: int) -> Path:
    """A raw dump of so many octets of text, built by our own simulator."""
    path = _folder() / f"{kind}-{octets}.bin"
    if not path.exists():
        sets = [data_set(f"1-0:{code}.8.0", f"{code:06d}.123", "kWh") for code in range(1, 31)]
        sign_on = request() + identification("MMM", "5", "SIM-41") + option_select("0", "5", "0")
        one = telegram("MMM5SIM-60", sets) if kind == "p1" else sign_on + readout(map(str, sets))
        path.write_bytes(one * (octets // len(one) + 1))
    return path
