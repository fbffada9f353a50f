"""`python -m tests.oracles`: random APDUs through `dissectors` and through independent decoders, each in a process of its own."""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tomllib
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dissectors.reader import apdu_json
from tests.oracles.compare import first_difference
from tests.oracles.generate import SEED, VARIANTS, Sample, samples

HERE = Path(__file__).parent
WORKERS = {"gurux-dlms": HERE / "gurux_worker.py", "dlms-cosem": HERE / "dlms_cosem_worker.py"}
EACH, EACH_SHORT = 100, 8
ENOUGH = 2000


@dataclass(slots=True)
class Known:
    """A difference whose reason is known."""

    oracle: str
    variant: str
    difference: str
    right: str
    why: str
    seen: int = 0

    def explains(self, oracle: str, variant: str, difference: str) -> bool:
        """Whether this is the reason for a difference."""
        return oracle == self.oracle and bool(
            re.fullmatch(self.variant, variant) and re.search(self.difference, difference)
        )


@dataclass(slots=True)
class Tally:
    """How one decoder did."""

    agreed: Counter[str] = field(default_factory=Counter)
    unsupported: Counter[str] = field(default_factory=Counter)
    differences: dict[tuple[str, str], list[tuple[Sample, str]]] = field(default_factory=lambda: defaultdict(list))


def main() -> int:
    """Run the comparison; 1 if a difference has no known reason."""
    options = _options()
    todo = list(samples(options.count or (EACH_SHORT if options.short else EACH), options.seed))
    known = [Known(**entry) for entry in tomllib.loads((HERE / "known.toml").read_text(encoding="utf-8"))["known"]]
    print(f"{len(todo)} APDUs, {len(VARIANTS)} variants, seed {options.seed}")
    failed = _report("dissectors", _compare_ours(todo), known, options)
    for oracle, worker in WORKERS.items():
        tally = _compare_oracle(oracle, _ask(options.python, worker, todo), todo)
        failed |= _report(oracle, tally, known, options)
        if not options.short and not options.count and sum(tally.agreed.values()) < ENOUGH:
            print(f"{oracle}: FAILED: agreed on fewer than {ENOUGH} APDUs")
            failed = True
    stale = [entry for entry in known if not entry.seen]
    if stale and not options.short and not options.count:
        failed = True
        for entry in stale:
            print(f"known.toml: FAILED: no longer seen: {entry.oracle} {entry.variant}: {entry.difference}")
    print("oracles: FAILED" if failed else "oracles: agreed, every difference has its reason")
    return int(failed)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.oracles", description=__doc__)
    parser.add_argument("--python", default=sys.executable, help="the interpreter of the oracles' venv")
    parser.add_argument("--short", action="store_true", help=f"{EACH_SHORT} APDUs a variant instead of {EACH}")
    parser.add_argument("--count", type=int, help="APDUs a variant")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument(
        "--verbose", action="store_true", help="every known difference with its reason, and what is not supported"
    )
    return parser.parse_args()


def _compare_ours(todo: list[Sample]) -> Tally:
    tally = Tally()
    for sample in todo:
        try:
            difference = _json_difference(sample.expected, apdu_json(sample.octets))
        except Exception as error:  # reading is total: whatever is raised is a finding
            difference = f"raised {type(error).__name__}: {error}"
        _count(tally, sample, difference)
    return tally


def _json_difference(expected: Any, found: Any) -> str:
    plain = json.loads(json.dumps(found))
    return (
        ""
        if plain == json.loads(json.dumps(expected))
        else f"expected {json.dumps(expected)}, found {json.dumps(plain)}"
    )


def _ask(python: str, worker: Path, todo: list[Sample]) -> list[dict[str, Any]] | None:
    lines = "".join(json.dumps({"hex": sample.octets.hex()}) + "\n" for sample in todo)
    try:
        run = subprocess.run([python, str(worker)], input=lines, capture_output=True, text=True, timeout=900)
    except (OSError, subprocess.TimeoutExpired) as error:
        print(f"{worker.name}: {error}")
        return None
    answers = [json.loads(line) for line in run.stdout.splitlines()]
    if run.returncode or len(answers) != len(todo):
        print(f"{worker.name} ended with {run.returncode} after {len(answers)} answers:\n{run.stderr[-2000:]}")
        return None
    return answers


def _compare_oracle(oracle: str, answers: list[dict[str, Any]] | None, todo: list[Sample]) -> Tally:
    tally = Tally()
    if answers is None:
        tally.differences["", "the oracle did not run"].append((todo[0], "the oracle did not run"))
        return tally
    for sample, answer in zip(todo, answers, strict=True):
        if answer.get("unsupported"):
            tally.unsupported[sample.variant] += 1
        elif answer["ok"]:
            _count(tally, sample, first_difference(oracle, sample.expected, answer["decode"]))
        else:
            _count(tally, sample, f"error {answer['error']}")
    return tally


def _count(tally: Tally, sample: Sample, difference: str) -> None:
    if difference:
        tally.differences[sample.variant, re.sub(r"[0-9A-F]{2,}|\d+", "#", difference)].append((sample, difference))
    else:
        tally.agreed[sample.variant] += 1


def _report(name: str, tally: Tally, known: list[Known], options: argparse.Namespace) -> bool:
    """Print how a decoder did; true if a difference has no known reason."""
    explained: Counter[int] = Counter()
    unexplained: dict[str, list[tuple[Sample, str]]] = defaultdict(list)
    for (variant, _), found in tally.differences.items():
        for sample, difference in found:
            reason = next((entry for entry in known if entry.explains(name, variant, difference)), None)
            if reason is None:
                unexplained[variant].append((sample, difference))
            else:
                reason.seen += 1
                explained[known.index(reason)] += 1
    agreed, unsupported = sum(tally.agreed.values()), sum(tally.unsupported.values())
    print(
        f"{name}: {agreed} agree ({len(tally.agreed)} variants), {sum(explained.values())} differ for a known reason, "
        f"{sum(map(len, unexplained.values()))} differ without, {unsupported} not supported ({len(tally.unsupported)} variants)"
    )
    for index, count in sorted(explained.items()) if options.verbose or not options.short else ():
        entry = known[index]
        verdict = "both are right" if entry.right == "both" else f"{entry.right} is right"
        print(f"  known: {count:5} × {entry.variant}: {entry.why} ({verdict})")
    for variant, found in sorted(unexplained.items(), key=lambda item: -len(item[1])):
        sample, difference = min(found, key=lambda pair: len(pair[0].octets))
        print(
            f"  UNEXPLAINED: {len(found):5} × {variant}: {difference[:400]}\n      {sample.octets.hex().upper()[:200]}"
        )
    if options.verbose and tally.unsupported:
        print(f"  not supported: {', '.join(sorted(tally.unsupported))}")
    return bool(unexplained)


if __name__ == "__main__":
    sys.exit(main())
