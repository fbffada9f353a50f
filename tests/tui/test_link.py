"""What the program writes to a terminal: little for a key, no colour where none is wanted, and clicks are understood."""

from __future__ import annotations

import re
import time
from pathlib import Path

from captures.samples import samples
from tests.tui.pseudo_terminal import OPEN, Link, Terminal

SAMPLE = str(next(one.path for one in samples() if one.name == "ln-wrapper"))
ROWS = 24
MOST_OF_A_LINE = 800
"""Octets that one line takes at most, colours included."""
_PLACE = re.compile(rb"\x1b\[(\d+);(\d+)H(?!\x1b\[\d+;\d+H|\x1b\[\?|$)")
"""Where something is written; where the cursor is only put nothing follows."""
_COLOURS = re.compile(rb"(?:38|48);2;(\d+);(\d+);(\d+)")
LIST = range(3, 11)
"""The lines of the record list, from 1: above them title and heading, below them the other panes."""
WAY_S = 0.1
"""What a slow link takes, each way."""
QUIET_S = 0.3
"""An answer is whole when so long nothing came: more than the program leaves between two frames."""
BLINK_S = 0.5
"""What Textual's cursor takes to blink."""
OCTETS = range(20, 24)
"""The lines of the octets."""


def _opened(folder: Path, **environment: str) -> Terminal:
    opened = Terminal(OPEN, SAMPLE, home=folder, **environment)
    opened.wait_for(b" 1 of 43")
    opened.rest(2 * QUIET_S)
    return opened


def _closed(opened: Terminal) -> None:
    opened.press(b"\x11")
    assert opened.end() == 0
    assert opened.is_restored


def _written(opened: Terminal, key: bytes) -> bytearray:
    """What comes for *key*; a program that is slow to begin its answer is given as much more time to end it."""
    before, began = len(opened.said), time.perf_counter()
    opened.press(key)
    opened.wait_for(b"\x1b[", since=before)
    opened.rest(max(QUIET_S, 3 * (time.perf_counter() - began)))
    return opened.said[before:]


def _lines(written: bytes | bytearray) -> set[int]:
    return {int(line) for line, _ in _PLACE.findall(written)}


def test_key_writes_what_it_changes_and_no_more(tmp_path: Path) -> None:
    opened = _opened(tmp_path)
    whole = len(opened.said)
    moved = _written(opened, b"j")
    assert len(moved) < whole / 2
    assert _lines(moved) & set(LIST) == {3, 4}
    assert 1 not in _lines(moved)
    focused = _written(opened, b"\t")
    assert 0 < len(focused) < whole / 3
    assert not _lines(focused) & {1, *OCTETS}
    _written(opened, b"j")
    in_tree = _written(opened, b"k")
    assert 0 < len(in_tree) < whole / 3
    assert not _lines(in_tree) & {1, *LIST}
    counted = _written(opened, b"Z7")  # the first means nothing, and changes nothing
    assert 0 < len(counted) <= MOST_OF_A_LINE
    assert _lines(counted) == {ROWS}
    _closed(opened)


def test_prompt_that_waits_writes_nothing(tmp_path: Path) -> None:
    opened = _opened(tmp_path)
    _written(opened, b"/")
    opened.rest(BLINK_S / 2)
    before = len(opened.said)
    opened.hear(3 * BLINK_S)
    assert opened.said[before:] == b""
    opened.press(b"\x1b")
    opened.rest(2 * QUIET_S)
    _closed(opened)


def test_list_of_choices_writes_its_own_lines_and_of_them_what_changes(tmp_path: Path) -> None:
    opened = _opened(tmp_path)
    own = set(range(ROWS - 13, ROWS + 1))
    for key in (b"M", b"f", b"\x7f"):
        assert _lines(_written(opened, key)) - {2, 3} <= own  # the list shows that the keys go elsewhere
    opened.rest(2 * QUIET_S)
    chosen = _written(opened, b"\x1b[B")
    assert 0 < len(chosen) <= MOST_OF_A_LINE and len(_lines(chosen)) == 2
    opened.press(b"\x1b")
    opened.rest(2 * QUIET_S)
    _closed(opened)


def test_key_over_a_slow_link_is_answered_and_nothing_is_painted_whole(tmp_path: Path) -> None:
    opened = Link(OPEN, SAMPLE, home=tmp_path, delay=WAY_S)
    opened.wait_for(b" 1 of 43")
    opened.rest(2 * QUIET_S)
    whole = len(opened.said)
    for key in (b"j", b"\x1b[6~", b"\t", b"j", b"/", b"g"):
        before = len(opened.said)
        opened.press(key)
        opened.wait_for(b"\x1b[", since=before)
        opened.rest(QUIET_S)
        written = opened.said[before:]
        assert 0 < len(written) < whole / 3
        assert 1 not in _lines(written) and len(_lines(written)) < ROWS - 1
    _closed(opened)


def test_no_color_is_grey_and_signs_say_the_rest(tmp_path: Path) -> None:
    opened = _opened(tmp_path, NO_COLOR="1")
    found = _COLOURS.findall(opened.said)
    assert found and all(red == green == blue for red, green, blue in found)
    assert not re.search(rb"\x1b\[(?:[\d;]*;)?(?:3[1-6]|4[1-6]|9[1-6]|10[1-6])m", _COLOURS.sub(b"", opened.said))
    assert "→".encode() in opened.said and "←".encode() in opened.said
    _closed(opened)


def test_terminal_of_16_colours_gets_no_others(tmp_path: Path) -> None:
    opened = _opened(tmp_path, TERM="xterm", COLORTERM="")
    assert not re.search(rb"(?:38|48);[25];", opened.said)
    assert re.search(rb"\x1b\[(?:[\d;]*;)?3[1-6]", opened.said)
    _closed(opened)


def test_click_selects_the_record_under_the_mouse(tmp_path: Path) -> None:
    opened = _opened(tmp_path)
    for line in (5, 9):
        before = len(opened.said)
        opened.press(b"\x1b[<0;20;%dM\x1b[<0;20;%dm" % (line, line))
        opened.wait_for(b" %d of 43" % (line - 2), since=before)
    _closed(opened)


def test_wheel_scrolls_the_list_and_leaves_the_cursor(tmp_path: Path) -> None:
    opened = _opened(tmp_path)
    scrolled = _written(opened, b"\x1b[<65;20;5M")
    assert b"     10 " in scrolled
    assert not _lines(scrolled) & {1, *OCTETS, ROWS}
    _closed(opened)
