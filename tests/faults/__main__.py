"""`python -m tests.faults`: faults of every cause, each at many places, and what the doctor makes of them.

Long: 200 placements a cause and 2,500 pairs; `--short`: 20 and 100. Ends with status 1 where a target is missed.
"""

from __future__ import annotations

import argparse
import json
import sys

from tests.faults import pairs
from tests.faults.measure import Row, measure, text_table
from tests.faults.table import FAULTS

PLACEMENTS, PLACEMENTS_SHORT = 200, 20


def main() -> int:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--short", action="store_true", help="20 placements a cause instead of 200")
    parser.add_argument("--json", action="store_true", help="one object a row")
    parser.add_argument("--cause", action="append", help="only these causes (or codes)")
    parser.add_argument("--placements", type=int, help="of each cause")
    parser.add_argument("--seed", default="", help="other places, as long as this text is another")
    parser.add_argument("--misses", type=int, default=0, help="print so many misses of each cause to stderr")
    options = parser.parse_args()
    placements = options.placements or (PLACEMENTS_SHORT if options.short else PLACEMENTS)
    rows: list[Row] = []
    for fault in FAULTS:
        if options.cause and fault.cause not in options.cause and fault.code not in options.cause:
            continue
        row, misses = measure(fault, placements, options.seed)
        rows.append(row)
        for miss in misses[: options.misses]:
            print(f"{fault.code} {fault.cause}: {miss}", file=sys.stderr)
        if options.json:
            print(json.dumps(row._asdict()), flush=True)
    if not options.cause:
        counts = (pairs.PAIRS_SHORT, pairs.PAIRS_IN_ONE_SHORT) if options.short else (pairs.PAIRS, pairs.PAIRS_IN_ONE)
        for row in (pairs.apart(counts[0]), pairs.together(counts[1])):
            rows.append(row)
            if options.json:
                print(json.dumps(row._asdict()), flush=True)
    if not options.json:
        print(text_table(rows))
    return int(any(not row.is_met for row in rows))


if __name__ == "__main__":
    sys.exit(main())
