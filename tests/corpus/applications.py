"""The APDU vectors of the reference: each ``apdu`` as ``dlmshark decode --json -d record,apdu`` prints it."""

from __future__ import annotations

import contextlib
import io
import json
import tempfile
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from analyzer.cli.main import main

COUNT = 107
ALONE = frozenset({"gbt-last"})
"""Decoded in a run of their own: behind gbt-first it would rightly be joined with it."""


@cache
def listed(corpus: Path) -> tuple[dict[str, Any], ...]:
    """The vectors."""
    return tuple(tomllib.loads((corpus.parent / "reference" / "vectors_app.toml").read_text())["vector"])


def printed(texts: list[str]) -> list[dict[str, Any]]:
    """What the command prints for APDUs in hex, one a line of one file."""
    out = io.StringIO()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "apdus.txt"
        path.write_text("\n".join(texts) + "\n")
        with contextlib.redirect_stdout(out):
            status = main(["decode", "--json", "-d", "record,apdu", str(path)])
    assert status == 0
    return [json.loads(line) for line in out.getvalue().splitlines()]


def differences(corpus: Path) -> dict[str, str]:
    """The vectors whose ``apdu`` is not as stated, with what was printed."""
    together = [one for one in listed(corpus) if one["name"] not in ALONE]
    found = dict(zip([one["name"] for one in together], printed([one["hex"] for one in together]), strict=True))
    for one in listed(corpus):
        if one["name"] in ALONE:
            found[one["name"]] = printed([one["hex"]])[0]
    return {
        one["name"]: json.dumps(found[one["name"]].get("apdu"))
        for one in listed(corpus)
        if found[one["name"]].get("apdu") != json.loads(one["apdu"])
    }
