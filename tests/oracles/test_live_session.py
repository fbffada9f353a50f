"""A session of gurux-dlms over loopback, sniffed while it is spoken: every APDU at once, values as the client has them."""

from __future__ import annotations

import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from tests.captures.test_sniff import may_capture
from tests.oracles.test_gurux_session import BOTH, OPTIONS, PLAIN, WORKER
from tests.oracles.test_oracles import ORACLES

SHOWN_WITHIN_S = float(os.environ.get("DLMSHARK_SHOWN_WITHIN", "3"))
"""A figure for a machine that does much else; on one that is at rest 0.3 s hold."""
SESSIONS = {"plain": {"security": PLAIN, "mechanism": 0}, "ciphered": {"security": BOTH, "mechanism": 5}}


pytestmark = [
    pytest.mark.skipif(not ORACLES.exists(), reason="check not run: gurux-dlms is not installed (make oracles)"),
    pytest.mark.skipif(not may_capture(), reason="check not run: no right to capture on lo"),
]


def listening(port: int, folder: Path, *more: str) -> tuple[subprocess.Popen[str], queue.Queue[tuple[float, Any]]]:
    """Begin to listen to *port*; what is shown comes with the time at which it was."""
    path = folder / "spool.pcapng"
    line = [sys.executable, "-m", "analyzer.cli.main", "live", "iface:lo", "-f", f"tcp port {port}", "--json"]
    line += ["-o", str(path), "--key", f"guek={OPTIONS['guek']}", "--key", f"gak={OPTIONS['gak']}", *more]
    child = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    shown: queue.Queue[tuple[float, Any]] = queue.Queue()

    def read() -> None:
        assert child.stdout is not None
        for text in child.stdout:
            shown.put((time.time(), json.loads(text)))

    threading.Thread(target=read, daemon=True).start()
    until = time.monotonic() + 60
    while not path.exists() and time.monotonic() < until:
        time.sleep(0.1)
    time.sleep(2)
    return child, shown


@pytest.mark.parametrize("program", ["", "tcpdump"])
@pytest.mark.parametrize("kind", SESSIONS)
def test_session_is_shown_while_it_is_spoken(kind: str, program: str, tmp_path: Path) -> None:
    if program and shutil.which(program) is None:
        pytest.skip(f"check not run: no {program} here")
    words = json.dumps(OPTIONS | SESSIONS[kind])
    command = [str(ORACLES), str(WORKER)]
    with subprocess.Popen([*command, "server", words], stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            port = int(server.stdout.readline())
            child, shown = listening(port, tmp_path, *(["--with", program] if program else []))
            client = subprocess.run(
                [*command, "client", words, str(port)], capture_output=True, text=True, timeout=60, check=True
            )
            time.sleep(1)
            child.send_signal(signal.SIGINT)
            child.wait(30)
        finally:
            server.kill()
    printed = json.loads(client.stdout.splitlines()[-1])
    lines = [shown.get(timeout=5) for _ in range(shown.qsize())]
    late = sorted(at - one["time"] for at, one in lines)
    print(
        f"{kind}, {program or 'socket'}: {len(late)} records, median {late[len(late) // 2]:.3f} s, last {late[-1]:.3f} s"
    )
    values = {(one["class_id"], one.get("attribute")): one for _, line in lines for one in line.get("values", [])}
    assert str(values[3, 2]["raw"]) == printed["energy"]
    assert str(values[1, 2]["value"]) == printed["serial"]
    statuses = {line["ciphered"]["status"] for _, line in lines if "ciphered" in line}
    assert statuses == ({"verified"} if kind == "ciphered" else set())
    assert late[-1] < SHOWN_WITHIN_S
