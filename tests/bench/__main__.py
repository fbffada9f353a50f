"""`python -m tests.bench`: our figures beside their goals and beside stock tshark, measured in one run on the same files."""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.bench import batch, profile, screens, stages, table
from tests.bench.entries import LARGE, MIDDLE, SHORT, Command, Figures, Row
from tests.bench.measure import Measurement, run_interleaved, run_once, run_text
from tests.bench.rows import IN_PROCESS, commands, rows
from tests.bench.traffic import NoTrafficError, capture

ROUNDS, ROUNDS_SHORT = 5, 3


def main() -> int:
    """Measure, print the table, write it to a file if asked. A goal that is missed is shown, not failed."""
    options = _options()
    programs = {
        "dlmshark": str(Path(sys.executable).with_name("dlmshark")),
        "python": sys.executable,
        "tshark": shutil.which("tshark") or "",
        "capinfos": shutil.which("capinfos") or "",
        "oracles": options.oracles,
    }
    wanted = commands(options.short)
    lines, missing = _prepare(wanted, programs)
    for name in (name for name in lines if wanted[name].warms):
        run_once(lines[name])
    rounds = options.rounds or (ROUNDS_SHORT if options.short else ROUNDS)
    runs = run_interleaved(lines, rounds, _progress) | {name: Measurement(problem=why) for name, why in missing.items()}
    shown = _table(options.short, runs, rounds)
    parts = [_heading(programs["tshark"], rounds, options.short), "", *shown, "", *_runs_table(runs, lines)]
    text = "\n".join(parts + _profiles(SHORT if options.short else MIDDLE))
    print(text)
    if options.out:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(f"# Benchmarks\n\n{text}\n", encoding="utf-8")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--short", action="store_true", help="20,000 packets instead of 100,000 and 1,000,000")
    parser.add_argument("--rounds", type=int, help="runs of each command; figures are medians")
    parser.add_argument("--oracles", default="", help="an interpreter that has gurux-dlms and dlms-cosem")
    parser.add_argument("--out", type=Path, help="write the page here too")
    return parser.parse_args()


def _progress(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)


def _prepare(wanted: dict[str, Command], programs: dict[str, str]) -> tuple[dict[str, list[str]], dict[str, str]]:
    """The command lines with programs and files put in, and those that cannot run with the reason."""
    lines: dict[str, list[str]] = {}
    missing: dict[str, str] = {}
    for name, command in wanted.items():
        program = programs[command.line[0]]
        if not program or not Path(program).exists():
            missing[name] = _MISSING.get(command.line[0], f"{command.line[0]} is not installed")
            continue
        try:
            file = str(capture(command.kind, command.packets, command.interleave)) if command.kind else ""
        except NoTrafficError as error:
            missing[name] = str(error)
            continue
        lines[name] = [program, *(file if word == "FILE" else word for word in command.line[1:])]
    return lines, missing


_MISSING = {"oracles": "gurux-dlms and dlms-cosem are not installed (`make oracles` does)"}
_PROFILED = (("decode", "-q"), ("decode",), ("stats", "--workers", "1"))


def _profiles(packets: int) -> list[str]:
    """Where the time of some commands goes."""
    found = []
    for words in _PROFILED:
        title = " ".join(words)
        try:
            found += ["", *profile.lines([*words, str(capture("wrapper", packets))], title)]
        except (NoTrafficError, subprocess.SubprocessError) as error:
            found += ["", f"Where the time of `{title}` goes: not run: {error}"]
    return found


def _heading(tshark: str, rounds: int, short: bool) -> str:
    version = run_text([tshark, "--version"]).rstrip(".") if tshark else "no tshark"
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    sizes = "20,000 packets" if short else "100,000 and 1,000,000 packets"
    return (
        f"{_runs(rounds)}; CPU is user + system of the whole process, start-up included. {machine}.\n"
        f"Yardstick: {version}, stock: it has no DLMS dissector and leaves the payload as data. Generated traffic, {sizes}.\n"
        "Keys of the terminal UI are pressed in a pseudo-terminal, 0.2 to 0.3 s apart and of the kinds a person presses; a key's\n"
        "time ends with the last octet that changes a cell. Esc alone takes 100 ms by itself: more of a sequence might follow."
    )


def _runs(rounds: int) -> str:
    return "One run each" if rounds == 1 else f"Medians of {rounds} interleaved runs"


def _table(short: bool, runs: dict[str, Measurement], rounds: int) -> list[str]:
    lines = ["| figure | measured | goal | measured / goal | |", "| --- | ---: | ---: | ---: | --- |"]
    lines += [_line(row, runs) for row in rows(short)]
    for name, figure, goal in IN_PROCESS:
        found = run_text([sys.executable, "-m", "tests.bench.inprocess", name])
        lines.append(
            _cells(figure, float(found), goal, "µs")
            if found
            else f"| {figure} | | {f'≤ {goal:g} µs' if goal else 'no goal'} | | not run: {name} fails |"
        )
    size = SHORT if short else LARGE
    lines += _figures(stages.FIGURES, lambda: stages.measured(capture("wrapper", SHORT)))
    lines += _figures(table.FIGURES, lambda: table.measured(capture("wrapper", size)), f", {size:,} packets")
    lines += _figures(screens.FIGURES, lambda: screens.measured(capture("wrapper", size)), f", {size:,} packets")
    return lines + _figures(batch.FIGURES, lambda: batch.measured(rounds, short=short))


def _figures(figures: Figures, measure: Callable[[], dict[str, float]], after: str = "") -> list[str]:
    """The lines of figures that are measured together."""
    try:
        found, problem = measure(), "it fails"
    except (NoTrafficError, RuntimeError, subprocess.SubprocessError) as error:
        found, problem = {}, str(error)
    return [
        _cells(f"{figure}{after}", found[name], goal, unit)
        if name in found
        else f"| {figure}{after} | | {_goal(goal)} {unit} | | not run: {problem} |"
        for name, figure, unit, goal in figures
    ]


def _line(row: Row, runs: dict[str, Measurement]) -> str:
    problem = next((runs[name].problem for name in row.needs if runs[name].problem), "")
    if problem:
        return f"| {row.figure} | | {_goal(row.goal)} {row.unit} | | not run: {problem} |"
    return _cells(row.figure, row.value(runs), row.goal, row.unit)


def _goal(goal: float | None) -> str:
    return "no goal," if goal is None else f"≤ {goal:g}"


def _cells(figure: str, value: float, goal: float | None, unit: str) -> str:
    if goal is None:
        return f"| {figure} | {value:.3g} {unit} | no goal | | |"
    verdict = "reached" if value <= goal else "not reached"
    return f"| {figure} | {value:.3g} {unit} | ≤ {goal:g} | {value / goal:.2f} | {verdict} |"


def _runs_table(runs: dict[str, Measurement], lines: dict[str, list[str]]) -> list[str]:
    out = ["| run | CPU s | wall s | peak MB | command |", "| --- | ---: | ---: | ---: | --- |"]
    for name, found in runs.items():
        words = [Path(word).name if word.startswith(os.sep) else word for word in lines.get(name, [])]
        shown = " ".join("key" if "=" in word and len(word) > 30 else word for word in words)
        if found.problem:
            out.append(f"| {name} | | | | not run: {found.problem} |")
        else:
            out.append(f"| {name} | {found.cpu_s:.2f} | {found.wall_s:.2f} | {found.peak_mb:.0f} | `{shown}` |")
    return out


if __name__ == "__main__":
    sys.exit(main())
