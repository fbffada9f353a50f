"""The table of facts and causes: what each means and what to try, read when one is first asked for."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import NamedTuple


class Rule(NamedTuple):
    """A fact or a cause; *severity* and *group* are empty for causes."""

    code: str
    kind: str
    group: str
    severity: str
    text: str
    advice: tuple[str, ...]
    weights: tuple[tuple[str, str], ...] = ()
    """Causes of a fact that weigh more or less than it: their severities."""


@cache
def rules() -> dict[tuple[str, str], Rule]:
    """Give all rules by kind (``fact``, ``cause``) and code, facts first, in the order of the tables."""
    files = sorted((Path(__file__).parent / "rules").glob("*.toml"))
    tables = [tomllib.loads(file.read_text(encoding="utf-8")) for file in files]
    return {
        (kind, code): Rule(
            code,
            kind,
            one.get("group", ""),
            one.get("severity", ""),
            one["text"],
            tuple(one.get("advice", ())),
            tuple(one.get("weights", {}).items()),
        )
        for kind in ("fact", "cause")
        for table in tables
        for code, one in table.get(kind, {}).items()
    }


def rule(kind: str, code: str) -> Rule | None:
    """Find a rule; a ``result-`` code is that of results."""
    return rules().get((kind, "result" if kind == "fact" and code.startswith("result-") else code))
