"""``dlmshark rules``: what each fact and cause of the doctor means, and what to try."""

from __future__ import annotations

import json

from analyzer.cli.arguments import Parser, add_common_options, hush


def run(words: list[str]) -> int:
    """Run the command. Returns the exit status."""
    made = Parser(prog="dlmshark rules", description="The facts and causes that doctor knows.")
    made.add_argument("--json", action="store_true", help="JSON Lines on stdout")
    add_common_options(made)
    options = made.parse_args(words)
    hush(options)
    from analyzer.diagnosis.rules import listed

    for one in listed():
        if options.json:
            members = {name: value for name, value in one._asdict().items() if value}
            if one.weights:
                members["weights"] = dict(one.weights)
            print(json.dumps(members, ensure_ascii=False))
        else:
            weight = f" [{one.severity}]" if one.severity else ""
            print(f"{one.kind:<6} {one.code}{weight}: {one.text}")
            for advice in one.advice:
                print(f"         - {advice}")
    return 0
