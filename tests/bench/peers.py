"""Rows of pushes and load profiles, and rows beside other programs: more of tshark, capinfos, two DLMS libraries."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.bench.entries import LARGE, MIDDLE, SHORT, Command, Row, Runs
from tests.bench.made import COLUMNS, PUSHED, ROWS

APDUS, APDUS_SHORT = 20_000, 5_000
MADE, MADE_SHORT = 20_000, 5_000
_PEER = str(Path(__file__).with_name("peer.py"))


def commands(short: bool) -> dict[str, Command]:
    """The commands to run."""
    middle, apdus = (SHORT, APDUS_SHORT) if short else (MIDDLE, APDUS)
    made = MADE_SHORT if short else MADE
    return {
        "quiet push": Command(("dlmshark", "decode", "-q", "FILE"), "push", made),
        "quiet profiles": Command(("dlmshark", "decode", "-q", "FILE"), "profile", made),
        "readings of profiles": Command(("dlmshark", "readings", "FILE"), "profile", made),
        "tshark -T pdml": Command(("tshark", "-n", "-r", "FILE", "-T", "pdml"), "wrapper", middle),
        "capinfos": Command(("capinfos", "FILE"), "wrapper", middle),
        "APDUs, dlmshark": Command(("python", "-m", "tests.bench.peer", "dlmshark", "FILE"), "apdus", apdus),
        "APDUs, gurux-dlms": Command(("oracles", _PEER, "gurux-dlms", "FILE"), "apdus", apdus),
        "APDUs, dlms-cosem": Command(("oracles", _PEER, "dlms-cosem", "FILE"), "apdus", apdus),
    }


def rows(short: bool) -> list[Row]:
    """The figures of the commands."""
    made = MADE_SHORT if short else MADE
    cells = (made // 2 - 1) * ROWS * COLUMNS
    found = [
        Row(f"whole decode, pushes of {PUSHED} values, no output", "µs a packet", None, _each("quiet push", made), ("quiet push",)),
        Row(
            f"whole decode, load profiles of {ROWS} rows, no output", "µs a packet", None, _each("quiet profiles", made),
            ("quiet profiles",),
        ),
        Row("`readings` of load profiles", "µs a cell", None, _each("readings of profiles", cells), ("readings of profiles",)),
        _ratio("`decode --json --layers` / tshark -T pdml", "json wrapper", "tshark -T pdml"),
        _ratio("`decode -q` / capinfos, which reads no payload", "quiet wrapper", "capinfos"),
        _ratio("GET APDUs to JSON / gurux-dlms to XML", "APDUs, dlmshark", "APDUs, gurux-dlms"),
        _ratio("GET APDUs to JSON / dlms-cosem to objects, Data left as octets", "APDUs, dlmshark", "APDUs, dlms-cosem"),
        _peak("peak memory, `decode` / tshark summary", "decode wrapper", "tshark summary"),
        _peak("peak memory, `decode --json --layers` / tshark -T json", "json wrapper", "tshark -T json"),
    ]  # fmt: skip
    if not short:
        after = f" at {LARGE:,}"
        found.append(
            _peak(f"peak memory, `decode` / tshark summary{after}", "decode wrapper, large", "tshark summary, large")
        )
        found.append(_peak(f"peak memory, `stats` / tshark -q -z io,phs{after}", "stats", "tshark io,phs"))
    return found


def _each(name: str, count: int) -> Callable[[Runs], float]:
    return lambda runs: runs[name].cpu_s / count * 1e6


def _ratio(figure: str, ours: str, theirs: str) -> Row:
    return _row(figure, "× CPU", lambda runs: runs[ours].cpu_s / runs[theirs].cpu_s, ours, theirs)


def _peak(figure: str, ours: str, theirs: str) -> Row:
    return _row(figure, "× memory", lambda runs: runs[ours].peak_mb / runs[theirs].peak_mb, ours, theirs)


def _row(figure: str, unit: str, value: Callable[[Runs], float], ours: str, theirs: str) -> Row:
    return Row(figure, unit, None, value, (ours, theirs), theirs)
