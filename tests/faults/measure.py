"""Placements of one fault, judged and counted."""

from __future__ import annotations

import random
from typing import NamedTuple

from tests.faults.case import Fault, judge, stories_of

_TRIES = 20
"""Placements that cannot be are tried again so often as many times."""


class Row(NamedTuple):
    """A row of the printed table: shares of the placements, and whether the targets are met."""

    code: str
    cause: str
    placements: int
    found: float
    named: float
    located: float | None
    wrongly_certain: int
    target: float
    is_met: bool


def measure(fault: Fault, placements: int, seed: str = "") -> tuple[Row, list[str]]:
    """Put *fault* at so many places, other ones with another *seed*. Gives the row and what the misses looked like."""
    chance = random.Random(f"{fault.code} {fault.cause}{seed}")
    counts = {"found": 0, "named": 0, "located": 0, "placed": 0, "wrong": 0}
    misses = []
    done = number = 0
    while done < placements and number < placements * _TRIES:
        case = fault.make(chance, number)
        number += 1
        if case is None:
            continue
        done += 1
        outcome = judge(case, stories_of(case, fault.decode_as, fault.code), fault.code)
        counts["found"] += outcome.is_found
        counts["named"] += outcome.is_named
        counts["placed"] += outcome.is_located is not None
        counts["located"] += bool(outcome.is_located)
        counts["wrong"] += outcome.is_wrongly_certain
        if not outcome.is_named or outcome.is_located is False or outcome.is_wrongly_certain:
            kind = "".join(
                letter
                for letter, is_so in (
                    ("n", not outcome.is_named), ("l", outcome.is_located is False), ("c", outcome.is_wrongly_certain)
                )
                if is_so
            )  # fmt: skip
            misses.append(f"[{kind}] #{number - 1} {outcome.shown}")
    found, named = counts["found"] / max(done, 1), counts["named"] / max(done, 1)
    located = counts["located"] / counts["placed"] if counts["placed"] else None
    is_met = done > 0 and found == 1 and named >= fault.named and (located is None or located >= fault.located)
    is_met &= counts["wrong"] <= max(done / 1000, fault.named < 0.95)
    return Row(fault.code, fault.cause, done, found, named, located, counts["wrong"], fault.named, is_met), misses


def text_table(rows: list[Row]) -> str:
    """Write the table in Markdown."""
    lines = [
        "| code | cause | placements | found | named | located | wrongly certain | target | |",
        "| --- | --- | --: | --: | --: | --: | --: | --: | --- |",
    ]
    for row in rows:
        located = "" if row.located is None else f"{row.located:.1%}"
        lines.append(
            f"| {row.code} | {row.cause} | {row.placements} | {row.found:.1%} | {row.named:.1%} | {located} "
            f"| {row.wrongly_certain} | {row.target:.0%} | {'' if row.is_met else 'missed'} |"
        )
    return "\n".join(lines)
