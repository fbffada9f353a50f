"""Runs the terminal UI: the terminal it draws on and the keys it reads, whatever stdin and stderr are."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from analyzer.index.early import begin

if TYPE_CHECKING:
    from analyzer.capture import Recorded
    from analyzer.security.keyring import Keyring

_STANDARD_INPUT = -10
_FRAMES_A_SECOND = "120"
"""At most: an answer may need two, and the second waits for up to two times what lies between them."""


def run(
    inputs: Sequence[str], *, keys: Keyring | None = None, decode_as: dict[str, str] | None = None,
    is_utc: bool = False, expression: str = "", theme: str = "", keyrings: Sequence[str] = (),
    key_words: Sequence[str] = (), live: Recorded | None = None, title: str = "",
) -> int:  # fmt: skip
    """Open *inputs*; none opens the start page; *live* is the recording that makes them. Returns the exit status."""
    os.environ.setdefault("TEXTUAL_FPS", _FRAMES_A_SECOND)
    if "TEXTUAL_DRIVER" not in os.environ:  # else a browser shows it
        _find_terminal()
        _find_size()
    if inputs:
        begin(needs_stdin="-" in inputs)
    gc.disable()  # nothing of what is loaded goes away, so nothing is to be found in it
    from analyzer.tui.app import DlmsharkApp
    from analyzer.tui.options import KeySources, Options, title_of

    sources = KeySources(keyrings, key_words)
    options = Options(
        tuple(inputs), title or title_of(inputs), keys, decode_as, is_utc, expression, theme, sources, live
    )
    app = DlmsharkApp(options)
    gc.freeze()
    gc.enable()
    app.run()
    if app.farewell:
        print(app.farewell, file=sys.__stderr__)
    if app.listens_to:
        if live is not None:  # nobody would see it, and it may have the port
            live.close()
        return _listen(app.listens_to, [*_options("--keys", keyrings), *_options("--key", key_words)])
    return app.return_code or 0


def _options(name: str, values: Sequence[str]) -> list[str]:
    return [word for value in values for word in (name, value)]


def _listen(source: str, options: Sequence[str]) -> int:
    """Let ``live`` show *source*: a program of its own, which records in another."""
    return subprocess.call([sys.executable, "-P", "-m", "analyzer", "live", source, *options])


def _find_size() -> None:
    """Take the usual size for a terminal that tells none, as serial consoles do: what draws would not agree on one."""
    with suppress(OSError, ValueError, AttributeError):
        if 0 in os.get_terminal_size(sys.__stdout__.fileno()):  # type: ignore[union-attr]
            os.environ.setdefault("COLUMNS", "80")
            os.environ.setdefault("LINES", "24")


def _find_terminal() -> None:
    """Draw on the terminal that stdout is, and read keys from it though stdin brings a capture."""
    if sys.__stderr__ is None or not sys.__stderr__.isatty():
        setattr(sys, "__stderr__", sys.__stdout__)  # noqa: B010 -- the driver draws there
    if sys.__stdin__ is None or not sys.__stdin__.isatty():
        terminal = os.open("CONIN$" if sys.platform == "win32" else "/dev/tty", os.O_RDWR)
        setattr(sys, "__stdin__", os.fdopen(terminal, encoding="utf-8"))  # noqa: B010 -- it reads keys there
        if sys.platform == "win32":  # there the driver asks the system for them
            import ctypes
            import msvcrt

            ctypes.windll.kernel32.SetStdHandle(_STANDARD_INPUT, ctypes.c_void_p(msvcrt.get_osfhandle(terminal)))
