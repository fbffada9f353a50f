"""The user's file: what is wrong with it is told, and what is right is taken."""

from __future__ import annotations

import asyncio
from pathlib import Path

from analyzer.tui.app import DlmsharkApp
from analyzer.tui.options import Options
from analyzer.tui.settings import Settings
from tests.tui.driving import sample, text_of, wait_for


def test_settings_that_do_not_read_are_told(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("theme = light")
    capture = sample("p1")
    app = DlmsharkApp(Options(capture.inputs, "p1", theme="dark"), capture, Settings(tmp_path))

    async def run() -> None:
        async with app.run_test(size=(160, 24)) as pilot:
            await wait_for(pilot, lambda: "config.toml: Invalid value (at line 1" in text_of(app)[-1])
            await pilot.press("question_mark", "G")
            await wait_for(pilot, lambda: "config.toml: Invalid value" in "".join(text_of(app)[-4:-1]))

    asyncio.run(run())


def test_settings_and_state_that_are_nested_too_deep_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("theme = " + "[" * 100_000)
    (tmp_path / "state.json").write_text("[" * 100_000)
    settings = Settings(tmp_path)
    assert settings.problem.startswith(str(tmp_path / "config.toml"))
    assert not settings.recent


def test_names_in_the_settings_that_there_are_not_are_told(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(
        'theme = "drak"\ncolumns = ["number", "size"]\n[keys]\ndoktor = "d"\nfilter = "f"'
    )
    capture = sample("p1")
    settings = Settings(tmp_path)
    app = DlmsharkApp(Options(capture.inputs, "p1"), capture, settings)
    assert settings.problem.startswith(f"{tmp_path / 'config.toml'}: no theme 'drak', but dark; no column 'size'")
    assert settings.problem.endswith("; no command 'doktor', but doctor")

    async def run() -> None:
        async with app.run_test(size=(160, 24)) as pilot:
            await wait_for(pilot, lambda: "no theme 'drak'" in "".join(text_of(app)[-3:]))

    asyncio.run(run())


def test_settings_of_another_kind_and_those_that_there_are_not_are_told(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('keys = 3\ncolumns = "number"\ntheme = ["light"]\ncolour = "red"')
    settings = Settings(tmp_path)
    DlmsharkApp(Options(()), settings=settings)
    assert settings.problem == (
        f"{tmp_path / 'config.toml'}: theme has to be a name; columns has to be a list of names; "
        "keys has to be a table of keys by command; no setting 'colour', but columns"
    )
    assert (settings.keys, settings.columns, settings.theme) == ({}, (), "")


def test_key_that_is_a_number_is_taken_as_it_is_typed(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("[keys]\ndoctor = 3")
    settings = Settings(tmp_path)
    DlmsharkApp(Options(()), settings=settings)
    assert (settings.keys, settings.problem) == ({"doctor": ["3"]}, "")


def test_settings_that_are_right_are_not_told(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('theme = "light"\ncolumns = ["number"]\n[keys]\nfilter = "f"')
    settings = Settings(tmp_path)
    DlmsharkApp(Options(()), settings=settings)
    assert not settings.problem
