"""``dlmshark help fields``: the fields that ``-Y`` and ``-e`` know, from the table that answers them."""

from __future__ import annotations

import argparse
import json
import sys

from analyzer.cli.arguments import Parser, add_common_options, hush
from analyzer.cli.terminal import text_width


def parser() -> argparse.ArgumentParser:
    """Make the parser of the command line."""
    made = Parser(
        prog="dlmshark help fields",
        description="The fields that filters (-Y) and columns (-e) know: name, kind of value, meaning, other names.",
        epilog="Names of the tree that decode --tree prints are fields too, such as hdlc.fcs.",
    )
    made.add_argument("--json", action="store_true", help="JSON Lines on stdout")
    add_common_options(made)
    return made


def run(words: list[str]) -> int:
    """Run the command. Returns the exit status."""
    options = parser().parse_args(words)
    hush(options)
    from analyzer.export.folding import folded
    from analyzer.filter.fields import ALIASES, FIELDS, Kind

    also: dict[str, list[str]] = {name: [] for name in FIELDS}
    for other, name in ALIASES.items():
        also[name].append(other.replace("-ws.col.", "_ws.col."))
    width, kind_width = max(map(len, FIELDS)), max(len(kind.name) for kind in Kind)
    room = text_width(sys.maxsize)
    for name, field in FIELDS.items():
        kind = field.kind.name.lower()
        if options.json:
            members = {"name": name, "kind": kind, "meaning": field.about, "choices": field.choices, "also": also[name]}
            print(json.dumps({one: value for one, value in members.items() if value}, ensure_ascii=False))
            continue
        more = f": {', '.join(field.choices)}" if field.choices else ""
        others = f" (also {', '.join(also[name])})" if also[name] else ""
        head = f"{name:<{width}}  {kind:<{kind_width}}  "
        print("\n".join(folded(f"{field.about}{more}{others}", room, head, " " * len(head))))
    return 0
