"""Keys pressed in the program as it is installed, in a pseudo-terminal, and how long until their repaint has come out.

What comes is kept with its time and drawn afterwards by a terminal emulator. A key is answered when the last cell that
changed after it, and before the next key, had come; left out is what changes without keys while a capture is read: the
title, the scrollbars and the counts of a filter.
"""

from __future__ import annotations

import random
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import pyte

    from tests.tui.pseudo_terminal import Terminal

TAB, DOWN, UP, RIGHT, LEFT = b"\t", b"\x1b[B", b"\x1b[A", b"\x1b[C", b"\x1b[D"
PAGE_DOWN, PAGE_UP, END, HOME, ENTER, ESCAPE = b"\x1b[6~", b"\x1b[5~", b"\x1b[F", b"\x1b[H", b"\r", b"\x1b"
IN_LIST = [DOWN] * 6 + [UP] * 2 + [PAGE_DOWN] * 4 + [PAGE_UP, DOWN, END, UP, UP, HOME, DOWN]
IN_PANES = [TAB, DOWN, UP, LEFT, RIGHT, DOWN, TAB, RIGHT, RIGHT, DOWN, LEFT, TAB]
FILTERED = [b"/", b"g", b"e", b"t", ENTER, DOWN, DOWN, PAGE_DOWN, ESCAPE]
KEYS = IN_LIST + IN_PANES + FILTERED
"""What a person presses, over and over."""
_GAP_S = (0.2, 0.3)
"""From key to key: as long as any answer may take, and out of step with what the program does by the clock."""
_COUNTS = re.compile(r"[\d,]+ of [\d,]+(, \d+ %)?")
_PATIENCE_S, _MOST_OPENED = 120, 4
_LINK_S = 0.2
"""A slow link, there and back."""


class Answer(NamedTuple):
    """A key, when its answer had come out (milliseconds), and how many octets came until the next key."""

    key: bytes
    ms: float
    octets: int


class Presses(NamedTuple):
    """What a terminal heard, and when which keys were pressed."""

    size: tuple[int, int]
    said: bytes
    heard: list[tuple[float, int]]
    keys: list[tuple[float, bytes]]


def _opened(file: Path, size: tuple[int, int], *, is_read: bool, delay: float = 0.0) -> Terminal:
    """Open *file*, and wait for its first records, or until it is read."""
    from tests.tui.pseudo_terminal import OPEN, Link, Terminal

    home = Path(tempfile.mkdtemp())
    terminal = (
        Link(OPEN, str(file), home=home, delay=delay, size=size)
        if delay
        else Terminal(OPEN, str(file), home=home, size=size)
    )
    terminal.wait_for(b"AARQ", _PATIENCE_S)
    title = _Title(terminal, size)
    while is_read and (title.is_reading() or b" of " not in terminal.said):
        terminal.hear(0.5)
    terminal.hear(0.5)
    return terminal


def pressed(file: Path, size: tuple[int, int], keys: int, *, while_read: bool, delay: float = 0.0) -> Presses:
    """Open *file* and press *keys* keys, until it is read or once it is; over a link each way takes *delay* seconds."""
    terminal = _opened(file, size, is_read=not while_read, delay=delay)
    gaps, done = random.Random(1), []
    title = _Title(terminal, size)
    for at in range(keys):
        if while_read and not title.is_reading():
            break
        key = KEYS[at % len(KEYS)]
        done.append((time.perf_counter(), key))
        terminal.press(key)
        terminal.hear(gaps.uniform(*_GAP_S) + 2 * delay)
    terminal.kill()
    return Presses(size, bytes(terminal.said), terminal.heard, done)


def pages_a_second(file: Path, size: tuple[int, int], pages: int) -> float:
    """Press the key that goes a page down as soon as the page before is there, and count."""
    terminal = _opened(file, size, is_read=True)
    began = time.perf_counter()
    for _ in range(pages):
        before = len(terminal.said)
        terminal.press(PAGE_DOWN)
        terminal.wait_for(b" of ", _PATIENCE_S, since=before)  # in the last line, which is written last
    took = time.perf_counter() - began
    terminal.kill()
    return pages / took


class _Title:
    """The first line of a terminal, as it is shown: it says how fast a capture is read, as long as it is."""

    def __init__(self, terminal: Terminal, size: tuple[int, int]) -> None:
        import pyte

        self._terminal, self._fed = terminal, 0
        self._screen = pyte.Screen(*size)
        self._stream = pyte.ByteStream(self._screen)

    def is_reading(self) -> bool:
        said = self._terminal.said
        self._stream.feed(bytes(said[self._fed :]))
        self._fed = len(said)
        return "/s" in "".join(self._screen.buffer[0][x].data for x in range(self._screen.columns))


def answers(presses: Presses) -> Iterator[Answer]:
    """Draw what came, and find when each key was answered; one that changed nothing is left out."""
    import pyte

    columns, rows = presses.size
    screen = pyte.Screen(columns, rows)
    stream = pyte.ByteStream(screen)
    shown: dict[int, object] = {}
    fed, at = 0, 0
    ends = [*(began for began, _ in presses.keys[1:]), float("inf")]
    for (began, key), end in zip(presses.keys, ends, strict=False):  # where nothing was pressed there is no end
        last, before = 0.0, fed
        while at < len(presses.heard) and presses.heard[at][0] < end:
            when, come = presses.heard[at]
            stream.feed(presses.said[fed:come])
            fed, at = come, at + 1
            if _changes(screen, shown) and when >= began:
                last = when
            if when < began:
                before = fed
        if last:
            yield Answer(key, (last - began) * 1000, fed - before)


def _changes(screen: pyte.Screen, shown: dict[int, object]) -> bool:
    """Take the lines that were written. Returns whether one of them is another one now."""
    has_changed = False
    for y in screen.dirty:
        if y:  # the title changes by itself
            cells = [screen.buffer[y][x] for x in range(screen.columns - 1)]
            text = _COUNTS.sub("", "".join(cell.data for cell in cells))
            line = (text, [(cell.fg, cell.bg, cell.bold) for cell in cells])
            has_changed |= shown.get(y) != line
            shown[y] = line
    screen.dirty.clear()
    return has_changed


def measured(file: Path, size: tuple[int, int], keys: int, *, while_read: bool) -> list[Answer]:
    """The answers of about *keys* keys; where reading is over before, it is opened again."""
    found: list[Answer] = []
    for _ in range(_MOST_OPENED):
        found += answers(pressed(file, size, keys - len(found), while_read=while_read))
        if len(found) >= keys * 0.9:
            break
    return found


def main() -> None:
    """Print the figures by kind of key: `python -m tests.bench.keystrokes FILE COLUMNS ROWS [reading | link]`."""
    size, how = (int(sys.argv[2]), int(sys.argv[3])), sys.argv[4:]
    if how == ["link"]:
        found = list(answers(pressed(Path(sys.argv[1]), size, 3 * len(KEYS), while_read=False, delay=_LINK_S / 2)))
    else:
        found = measured(Path(sys.argv[1]), size, 300, while_read=how == ["reading"])
    names = {value: name for name, value in globals().items() if name.isupper() and isinstance(value, bytes)}
    for key in dict.fromkeys(one.key for one in found):
        times, octets = [one.ms for one in found if one.key == key], [one.octets for one in found if one.key == key]
        name = names.get(key, key.decode())
        print(f"{name:10} {len(times):4} {median(times):7.1f} {max(times):7.1f} ms {median(octets):7.0f} octets")
    times = [one.ms for one in found]
    octets = [one.octets for one in found]
    print(
        f"{'all':10} {len(times):4} {median(times):7.1f} {quantiles(times, n=100)[98]:7.1f} ms {median(octets):7.0f} octets"
    )


if __name__ == "__main__":
    main()
