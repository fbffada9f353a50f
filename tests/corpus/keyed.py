"""The entries of the corpus that have keys, opened with them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from analyzer.pipeline import Pipeline
from analyzer.record import Record
from analyzer.security.keyring import Keyring, Meter
from analyzer.security.keys import Key, KeyRole
from analyzer.tracking.protection import Protection
from captures import open_source, source_from_hex
from tests.corpus import captures, vectors

_ROLES = {"guek": KeyRole.GUEK, "gak": KeyRole.GAK, "mac_key": KeyRole.AGREED}


def keyring(keys: dict[str, Any]) -> Keyring:
    """The keys of an entry, for whoever speaks. A title stands for both sides: single APDUs don't tell theirs."""
    title = bytes.fromhex(keys.get("system_title", ""))
    meter = Meter(server_title=bytes.fromhex(keys.get("server_title", "")) or title, client_title=title)
    for name, role in _ROLES.items():
        if name in keys:
            meter.keys[role] = Key(role, bytes.fromhex(keys[name]), meter.place)
    return Keyring([meter])


def keyed_vectors(corpus: Path) -> list[dict[str, Any]]:
    """The vectors with keys whose transport is decoded yet."""
    return [one for one in vectors.covered(corpus) if one.get("keys") and one["theme"] in ("ciphered", "greenbook")]


def open_vector(entry: dict[str, Any]) -> list[Record]:
    """Decode a vector with its keys."""
    forced = {"record": "apdu"} if entry["transport"] == "apdu" else None
    with source_from_hex(vectors.text_of(entry)) as source:
        return list(Pipeline(forced, Protection(keyring(entry["keys"]))).run(source))


def keyed_captures(corpus: Path) -> list[dict[str, Any]]:
    """The captures with keys."""
    return [one for one in captures.listed(corpus) if "keys" in one]


def open_capture(corpus: Path, entry: dict[str, Any]) -> list[Record]:
    """Decode a capture with its keys."""
    with open_source(str(corpus / entry["file"])) as source:
        return list(Pipeline(None, Protection(keyring(entry["keys"]))).run(source))
