"""What the corpus shows, as a table for people: ``python -m tests.corpus``. Exit status 1 if anything is unexplained."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

from tests.corpus import applications, captures, coverage, vectors


def main() -> int:
    corpus = vectors.folder()
    wrong = _captures(corpus) + _vectors(corpus) + _gbcs(corpus) + _applications(corpus)
    _coverage(corpus)
    return 1 if wrong else 0


def _captures(corpus: Path) -> int:
    print(f"{'capture':<44} {'frames':>7} {'APDUs':>6}  as the list says, and what else is noted")
    wrong = 0
    for entry in captures.listed(corpus):
        found = captures.find(corpus / entry["file"])
        is_right = found.frames == captures.expected_frames(entry) and found.apdus == captures.expected_apdus(entry)
        beyond = [note for note in found.notes if note[0] not in captures.damaged_packets(entry)]
        wrong += not is_right or bool(beyond) or bool(found.noise)
        counts = f"{found.frames.total() - found.frames['segments']:>7} {found.apdus.total():>6}"
        notes = ", ".join(f"packet {number} {code}" for number, code in found.notes)
        print(f"{entry['file']:<44} {counts}  {'equal' if is_right else 'NOT EQUAL'}  {notes}".rstrip())
    return wrong


def _vectors(corpus: Path) -> int:
    verdicts = vectors.verdicts(corpus)
    print(f"\n{'theme':<24} {'entries':>8} {'right':>6} {'others':>7}")
    for theme in dict.fromkeys(one.theme for one in verdicts):
        of_theme = [one for one in verdicts if one.theme == theme]
        right = sum(one.is_right for one in of_theme)
        print(f"{theme:<24} {len(of_theme):>8} {right:>6} {len(of_theme) - right:>7}")
    healthy = [one for one in verdicts if one.theme != "broken"]
    for one in healthy:
        if not one.is_right:
            print(f"  {one.id}: {vectors.EXPLAINED.get(one.id, 'NOT EXPLAINED')} ({one.reason})")
    print("  broken: every entry decodes as far as its octets go; 'others' are those with a warning, an error or noise")
    return sum(not one.is_right and one.id not in vectors.EXPLAINED for one in healthy)


def _gbcs(corpus: Path) -> int:
    messages = vectors.gbcs(corpus)
    records = vectors.decode("\n".join(one["hex"] for one in messages), {"record": "apdu"})
    lines = vectors.json_lines(records, layers=False)
    inside = Counter(_inside(line["apdu"]) for line in lines)
    print(f"\nGBCS: {len(records)} messages; inside: {', '.join(f'{count} {name}' for name, count in inside.items())}")
    return len(messages) - len(records) + len(vectors.faults(records))


def _inside(apdu: dict[str, dict[str, object]]) -> str:
    content = apdu["general-signing"]["content"]
    return next(iter(content)) if isinstance(content, dict) else "DER or ZigBee octets"


def _applications(corpus: Path) -> int:
    differences = applications.differences(corpus)
    count = len(applications.listed(corpus))
    print(f"APDU vectors through decode --json -d record,apdu: {count - len(differences)} of {count} exact")
    for name, found in differences.items():
        print(f"  {name}: {found[:200]}")
    return len(differences)


def _coverage(corpus: Path) -> None:
    print("\noctets explained")
    records = [captures.records_of(corpus / entry["file"])[0] for entry in captures.listed(corpus)]
    healthy = [one for one in vectors.covered(corpus) if one["theme"] != "broken"]
    vector_records = [vectors.decode(vectors.text_of(one)) for one in healthy]
    gbcs = vectors.decode("\n".join(one["hex"] for one in vectors.gbcs(corpus)), {"record": "apdu"})
    for name, of_name in (("captures", records), ("vectors", vector_records), ("GBCS", [gbcs])):
        whole: Counter[str] = Counter()
        for one in of_name:
            whole.update(coverage.cover(one).octets)
        print(f"  {name:<9} {coverage.Coverage(whole, []).line()}")


if __name__ == "__main__":
    sys.exit(main())
