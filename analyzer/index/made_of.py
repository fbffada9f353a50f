"""What decides what is read out of a capture, beside its octets: in one digest, for all that keeps what was read."""

from __future__ import annotations

import json
import os
from functools import cache
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from analyzer.cosem.own import VARIABLE
from analyzer.security.fingerprint import fingerprint

if TYPE_CHECKING:
    from analyzer.security.keyring import Keyring


def made_of(keys: Keyring | None, decode_as: dict[str, str] | None) -> str:
    """Give the digest of program, keyring, forced stacks and own tables; no key can be told from it."""
    stacks = sorted((decode_as or {}).items())
    told = [_program(), fingerprint(keys), stacks, _own_tables(os.environ.get(VARIABLE, ""))]
    return sha256(json.dumps(told).encode()).hexdigest()[:32]


def _program() -> str:
    try:
        return version("dlmshark")
    except PackageNotFoundError:
        return ""


@cache
def _own_tables(names: str) -> list[str]:
    """Give the digests of the files called *names*, which are read once as the tables in them are."""
    found = []
    for name in filter(None, names.split(os.pathsep)):
        try:
            found.append(sha256(Path(name).read_bytes()).hexdigest())
        except OSError:  # whoever asks for a name says so
            found.append("")
    return found
