"""Makes the pictures and the table of keys of the terminal UI out of the program itself: part of ``make picture``."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from analyzer.capture import Capture
from analyzer.security.keyring_file import load
from analyzer.tui.app import DlmsharkApp
from analyzer.tui.commands import GROUPS, key_text
from analyzer.tui.options import Options
from analyzer.tui.settings import Settings
from captures.samples import samples

FOLDER = Path(__file__).parent
SIZE = (132, 36)
SHOWN = {
    "tui.svg": ("ln-ciphered", ("1", "0", "G", "tab", "down", "down", "down", "down", "down", "down", "down")),
    "tui-ladder.svg": ("hdlc-segments", ("5", "G", "l")),
}
BEGIN, END = "<!-- keys: made by make picture -->", "<!-- end of keys -->"


def keys_table() -> str:
    """Write the table of keys as Markdown."""
    lines = []
    for group, commands in GROUPS.items():
        lines += [f"**{group}**", "", "| keys | command | does |", "| --- | --- | --- |"]
        for one in commands:
            keys = " ".join(f"`{key_text(key)}`".replace("|", "\\|") for key in one.keys)
            argument = f" {one.argument}" if one.argument else ""
            lines.append(f"| {keys} | `:{one.name}{argument}` | {one.help} |")
        lines.append("")
    return "\n".join(lines)


def picture(name: str, keys: tuple[str, ...]) -> str:
    """Open a sample, press *keys*, and draw what is then seen."""
    one = next(one for one in samples() if one.name == name)
    keyring = load([str(one.keys)], [], {}, published=[one.keys]).keyring if one.keys else None
    capture = Capture([str(one.path)], keys=keyring)
    capture.start()
    capture.wait()
    options = Options((one.path.name,), one.path.name, theme="dark", is_utc=True)
    app = DlmsharkApp(options, capture, Settings(Path(tempfile.mkdtemp())))

    async def run() -> str:
        async with app.run_test(size=SIZE) as pilot:
            await pilot.pause(0.2)
            await pilot.press(*keys)
            await pilot.pause(0.5)
            return app.export_screenshot(title=f"dlmshark demo {name}")

    try:
        return asyncio.run(run())
    finally:
        capture.close()


def main() -> None:
    """Make them."""
    for file, (name, keys) in SHOWN.items():
        (FOLDER / file).write_text(picture(name, keys), encoding="utf-8")
    page = FOLDER / "tui.md"
    text = page.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    page.write_text(f"{before}{BEGIN}\n\n{keys_table()}\n{END}{rest.partition(END)[2]}", encoding="utf-8")


if __name__ == "__main__":
    main()
