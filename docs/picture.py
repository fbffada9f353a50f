"""Makes the picture of the README out of what the program prints: ``make picture``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

WIDTH = 132
SHOWN = (("dlmshark demo hdlc-segments --utc", 12), ("dlmshark demo ln-wrapper --tree --utc", 20))


def main() -> None:
    """Run the commands and draw their first lines."""
    console = Console(record=True, width=WIDTH, file=open("/dev/null", "w", encoding="utf-8"))  # noqa: SIM115
    for command, lines in SHOWN:
        program = Path(sys.executable).with_name("dlmshark")
        printed = subprocess.run([program, *command.split()[1:]], capture_output=True, text=True, check=True).stdout
        console.print(Text(f"$ {command}", style="bold green"))
        rows = printed.splitlines()
        shown = rows[:lines] if "--tree" not in command else rows[_nth_record(rows, 3) :][:lines]
        for row in shown:
            console.print(Text(row if len(row) <= WIDTH else row[: WIDTH - 1] + "…"))
        console.print(Text("…", style="dim"))
    Path(__file__).with_name("decode.svg").write_text(console.export_svg(title="dlmshark"), encoding="utf-8")


def _nth_record(rows: list[str], number: int) -> int:
    return next(index for index, row in enumerate(rows) if row.split()[:1] == [str(number)])


if __name__ == "__main__":
    main()
