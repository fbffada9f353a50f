"""Secured sessions that gurux-dlms speaks with itself over TCP open whole: every tag and every answer verifies."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from analyzer.pipeline import Pipeline
from analyzer.record import Record
from analyzer.security.keyring import Keyring, Meter
from analyzer.security.keys import Key, KeyRole
from analyzer.tracking.protection import Protection
from captures import open_source
from dissectors.tree import Severity
from tests.oracles.relay import Relay
from tests.oracles.test_oracles import ORACLES

WORKER = Path(__file__).parent / "gurux_session.py"
PLAIN, AUTHENTICATED, ENCRYPTED, BOTH = 0x00, 0x10, 0x20, 0x30
OPTIONS: dict[str, Any] = {
    "suite": 0, "guek": "000102030405060708090A0B0C0D0E0F", "gak": "D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF", "dedicated": "",
    "client_title": "4D4D4D0000000001", "server_title": "4D4D4D0000BC614E", "secret": "SecretHLSpasswd1",
}  # fmt: skip

pytestmark = pytest.mark.skipif(
    not ORACLES.exists(), reason="check not run: gurux-dlms is not installed (make oracles)"
)


def session(folder: Path, **options: Any) -> Path:
    """Let client and server talk through a relay; give the capture of it."""
    words = json.dumps(OPTIONS | options)
    command = [str(ORACLES), str(WORKER)]
    with subprocess.Popen([*command, "server", words], stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            relay = Relay(int(server.stdout.readline()))
            client = subprocess.run(
                [*command, "client", words, str(relay.port)], capture_output=True, text=True, timeout=60
            )
            assert client.returncode == 0, client.stderr
            assert json.loads(client.stdout.splitlines()[-1])["energy"] == "74565"
        finally:
            server.kill()
    relay.write(folder / "gurux.pcap")
    return folder / "gurux.pcap"


def decode(path: Path, roles: dict[KeyRole, bytes]) -> list[Record]:
    meter = Meter(server_title=bytes.fromhex(OPTIONS["server_title"]))
    meter.keys = {role: Key(role, octets, meter.place) for role, octets in roles.items()}
    with open_source(str(path)) as source:
        return list(Pipeline(None, Protection(Keyring([meter]))).run(source))


KEYS = {
    KeyRole.GUEK: bytes.fromhex(OPTIONS["guek"]), KeyRole.GAK: bytes.fromhex(OPTIONS["gak"]),
    KeyRole.HLS_SECRET: OPTIONS["secret"].encode(),
}  # fmt: skip


@pytest.mark.parametrize("mechanism", [3, 4, 5, 6])
@pytest.mark.parametrize("security", [AUTHENTICATED, ENCRYPTED, BOTH])
def test_session_of_gurux_opens_whole(mechanism: int, security: int, tmp_path: Path) -> None:
    records = decode(session(tmp_path, mechanism=mechanism, security=security), KEYS)
    expected = "decrypted-unverified" if security == ENCRYPTED else "verified"
    statuses = Counter(layer.status for record in records for layer in record.protection)
    assert statuses == {expected: len(records) - 1}  # Gurux releases in clear, and answers ciphered
    assert [record.apdu.family for record in records if record.apdu] == [
        "aarq", "aare", "action-request", "action-response", *["get-request", "get-response"] * 3, "rlrq", "rlre",
    ]  # fmt: skip
    verdicts = [(record.number, note.code) for record in records for note in record.notes if note.code[:4] == "hls-"]
    assert verdicts == [(3, "hls-verified"), (4, "hls-verified")]
    assert [note for record in records for note in record.notes if note.severity > Severity.NOTE] == []


def test_session_of_gurux_under_another_key_is_not_passed_off_as_verified(tmp_path: Path) -> None:
    wrong = KEYS | {KeyRole.GAK: bytes(16)}
    records = decode(session(tmp_path, mechanism=5, security=BOTH), wrong)
    assert {layer.status for record in records for layer in record.protection} == {"decrypted-unverified"}
    causes = {note.cause for record in records for note in record.notes if note.code == "undecipherable"}
    assert causes == {"wrong-authentication-key"}
