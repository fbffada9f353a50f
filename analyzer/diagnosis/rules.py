"""The table of facts and causes: what each means and what to try, each read when it is first asked for."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from typing import Any, NamedTuple

from analyzer.cosem.tables import Tables
from dissectors.enumerations import ACTION_RESULT, DATA_ACCESS_RESULT


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
def _files() -> list[Tables]:
    folder = os.path.join(os.path.dirname(__file__), "rules")
    return [Tables(os.path.join(folder, name)) for name in sorted(os.listdir(folder)) if name.endswith(".toml")]


@cache
def rules() -> dict[tuple[str, str], Rule]:
    """Give all rules by kind (``fact``, ``cause``) and code, facts first, in the order of the tables."""
    names = [name for kind in ("fact", "cause") for file in _files() for name in file.names(f"{kind}.")]
    found = [_rule(*name.split(".")) for name in names]
    return {(one.kind, one.code): one for one in found if one is not None}


def listed() -> Iterator[Rule]:
    """Give all rules as a person looks them up: behind that of results one for each result that is no success."""
    for one in rules().values():
        yield one
        if one.code == "result":
            for name in sorted({*DATA_ACCESS_RESULT.values(), *ACTION_RESULT.values()} - {"success"}):
                yield one._replace(code=f"result-{name}", text=f"A request was answered with {name}.")


def rule(kind: str, code: str) -> Rule | None:
    """Find a rule; a ``result-`` code is that of results."""
    return _rule(kind, "result" if kind == "fact" and code.startswith("result-") else code)


@lru_cache(maxsize=1024)
def _rule(kind: str, code: str) -> Rule | None:
    one: Mapping[str, Any] = next(filter(None, (file.table(f"{kind}.{code}") for file in _files())), {})
    if not one:
        return None
    return Rule(
        code,
        kind,
        one.get("group", ""),
        one.get("severity", ""),
        one["text"],
        tuple(one.get("advice", ())),
        tuple(one.get("weights", {}).items()),
    )
