"""Opens the terminal UI without a terminal and presses keys in it; captures are indexed once and shared."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from functools import cache
from pathlib import Path

from textual.pilot import Pilot

from analyzer.capture import Capture
from analyzer.security.keyring_file import load
from analyzer.tui.app import DlmsharkApp
from analyzer.tui.options import Options
from analyzer.tui.screens.main import MainScreen
from analyzer.tui.settings import Settings
from captures.samples import samples

SMALL, LARGE = (80, 24), (140, 40)
Act = Callable[[DlmsharkApp, "Pilot[None]"], Awaitable[None]]


@cache
def indexed(path: str, keys: str = "") -> Capture:
    """A capture whose index pass is over."""
    capture = Capture([path], keys=load([keys], [], published=[]).keyring if keys else None)
    capture.start()
    capture.wait(60)
    assert capture.progress.is_done and not capture.error
    return capture


def sample(name: str, *, is_keyed: bool = True) -> Capture:
    """A bundled sample, indexed, with its keys."""
    one = next(one for one in samples() if one.name == name)
    return indexed(str(one.path), str(one.keys) if one.keys and is_keyed else "")


def drive(capture: Capture, act: Act, size: tuple[int, int] = SMALL, **options: object) -> DlmsharkApp:
    """Open *capture* and let *act* use it. Returns the application as it was left."""
    options.setdefault("theme", "dark")
    given = Options(capture.inputs, Path(capture.inputs[0]).name, is_utc=True, **options)  # type: ignore[arg-type]
    app = DlmsharkApp(given, capture, Settings(Path(tempfile.mkdtemp())))
    app.places.clear()

    async def run() -> None:
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            await pilot.pause()
            await act(app, pilot)

    asyncio.run(run())
    return app


def main_of(app: DlmsharkApp) -> MainScreen:
    """The main screen."""
    return next(one for one in app.screen_stack if isinstance(one, MainScreen))


def text_of(app: DlmsharkApp) -> list[str]:
    """The lines of the screen, as a person sees them."""
    return ["".join(segment.text for segment in strip) for strip in app.screen._compositor.render_strips()]


async def wait_for(pilot: Pilot[None], is_so: Callable[[], bool], seconds: float = 10.0) -> None:
    """Let the application go on until *is_so*; fails where that never comes."""
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "\n".join(text_of(pilot.app))  # type: ignore[arg-type]
        await pilot.pause(0.01)
