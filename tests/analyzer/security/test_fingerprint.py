"""The fingerprint of a keyring changes with whatever of it decides what opens, and gives no key away."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from analyzer.security.fingerprint import fingerprint
from analyzer.security.keyring_file import load

SELECTED = 'server_title = "4D4D4D0000BC614E"\nclient_title = "4D4D4D0000000001"\nclient = 1\naddress = "10.0.0.1"\n'
KEYED = 'guek = "000102030405060708090A0B0C0D0E0F"\ngak = "D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF"\n'
METER = f"[[meter]]\n{SELECTED}{KEYED}"


def _of(tmp_path: Path, text: str) -> str:
    path = tmp_path / "keys.toml"
    path.write_text(text)
    return fingerprint(load([str(path)], [], {}).keyring)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("BC614E", "BC614F"),
        ("000001", "000002"),
        ("client = 1", "client = 2"),
        ("10.0.0.1", "10.9.9.9"),
        ('address = "10.0.0.1"\n', ""),
        ('client_title = "4D4D4D0000000001"\n', ""),
        ("0A0B0C", "0A0B0D"),
        ("guek", "gbek"),
        ("gak", 'lls_password = "12345678"\ngak'),
        ("[[meter]]", f"[[meter]]\nclient = 3\n{KEYED}[[meter]]"),
    ],
)
def test_fingerprint_changes_with_each_member(old: str, new: str, tmp_path: Path) -> None:
    assert METER.count(old) == 1
    assert _of(tmp_path, METER.replace(old, new)) != _of(tmp_path, METER)


def test_fingerprint_is_the_same_of_the_same_keyring(tmp_path: Path) -> None:
    assert _of(tmp_path, METER) == _of(tmp_path, METER.replace("0102", "01:02"))
    assert fingerprint(None) == _of(tmp_path, "")


def test_fingerprint_changes_with_a_password_that_it_does_not_hold_in_plain_digest(tmp_path: Path) -> None:
    one, other = (_of(tmp_path, f'[[meter]]\nlls_password = "{word}"\n') for word in ("12345678", "12345679"))
    assert one != other
    assert sha256(b"12345678").hexdigest()[:8] not in one


def test_fingerprint_changes_with_the_content_of_certificates(tmp_path: Path) -> None:
    (tmp_path / "certificates").mkdir()
    text = f'{METER}certificates = ["certificates"]\n'
    empty = _of(tmp_path, text)
    (tmp_path / "certificates" / "one.der").write_bytes(b"one")
    one = _of(tmp_path, text)
    (tmp_path / "certificates" / "one.der").write_bytes(b"two")
    assert len({empty, one, _of(tmp_path, text)}) == 3
