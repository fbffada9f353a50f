"""Keys that are added while looking: asked for, typed, taken and never shown."""

from __future__ import annotations

import tomllib
from pathlib import Path

from textual.pilot import Pilot

from analyzer.capture import Capture
from analyzer.tui.app import DlmsharkApp
from captures.samples import samples
from tests.tui.driving import Act, drive, main_of, sample, text_of, wait_for


def _drive_alone(path: Path, act: Act) -> None:
    """Let *act* use a capture that no other test shares: what is given to it stays."""
    capture = Capture([str(path)])
    capture.start()
    capture.wait(60)
    try:
        drive(capture, act)
    finally:
        capture.close()


def test_key_that_is_added_opens_the_capture_and_keeps_the_place(tmp_path: Path) -> None:
    one = next(one for one in samples() if one.name == "ln-ciphered")
    words = [f"{role}={value}" for role, value in _keys_of(one.keys)]

    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        main = main_of(app)
        await pilot.press("1", "0", "G")
        assert "closed" in app.capture.lines([10])[0].summary
        for word in words:
            records = app.capture.records
            await pilot.press("K", "plus_sign")
            app.screen.query_one("#answer").value = word
            await pilot.press("enter")
            await wait_for(pilot, lambda before=records: app.capture.records is not before, 60)  # type: ignore[misc]
            assert all(word.partition("=")[2] not in line for line in text_of(app))
            await pilot.press("q")
            await pilot.pause()
        assert main.records.number == 10
        assert "74565.120 kWh" in app.capture.lines([10])[0].summary
        assert not any(word in text for word in words for texts in app.history.values() for text in texts)
        assert all(word.partition("=")[2] not in repr(app.options) for word in words)

    _drive_alone(one.path, act)


def test_key_that_is_added_takes_the_place_of_a_wrong_one_for_the_same() -> None:
    one = next(one for one in samples() if one.name == "ln-ciphered")
    keys = dict(_keys_of(one.keys))
    wrong = f"guek={'11' * 16}"

    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press("K")
        for word in (wrong, f"gak={keys['gak']}", f"GUEK={keys['guek']}"):
            records = app.capture.records
            await pilot.press("plus_sign")
            app.screen.query_one("#answer").value = word
            await pilot.pause()
            assert ("in the place of the one before" in text_of(app)[-1]) == word.startswith("GUEK")
            await pilot.press("enter")
            await wait_for(pilot, lambda before=records: app.capture.records is not before, 60)  # type: ignore[misc]
        assert "74565.120 kWh" in app.capture.lines([10])[0].summary

    _drive_alone(one.path, act)


def test_key_says_in_full_why_it_opens_nothing() -> None:
    """What had no room in the table could be read nowhere, and Enter led to an empty list."""
    one = next(one for one in samples() if one.name == "ln-ciphered")

    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        assert not app.add_key(f"guek={'11' * 16}")
        await pilot.press("K")
        said = "with the system title 4D4D4D0000BC614E: key or title is another"
        await wait_for(pilot, lambda: said in " ".join(" ".join(text_of(app)[4:]).split()), 60)
        assert "opens 0 APDUs" in " ".join(" ".join(text_of(app)[4:]).split())
        await pilot.press("enter")
        await wait_for(pilot, lambda: " opened nothing" in text_of(app)[-1])

    _drive_alone(one.path, act)


def test_apdus_that_stay_closed_are_told_by_the_doctor_and_among_the_keys() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press("d")
        await wait_for(pilot, lambda: any("No problem was found." in line for line in text_of(app)))
        assert any("12 ciphered APDUs stay closed" in line for line in text_of(app))
        await pilot.press("K")
        await wait_for(pilot, lambda: text_of(app)[-1].startswith(" no keys: 12 ciphered APDUs stay closed"))

    drive(sample("push-ciphered", is_keyed=False), act)


def test_key_that_is_typed_without_its_role_is_told_how_roles_are_given() -> None:
    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        await pilot.press("K", "plus_sign", *"guek")
        await pilot.pause()
        assert text_of(app)[-1].startswith(" guek=HEX, gak@SYSTEM-TITLE=HEX")
        await pilot.press("ctrl+u", *"00112233")
        await pilot.pause()
        assert text_of(app)[-1].startswith(" guek=HEX is the encryption key, gak=HEX the authentication key")

    drive(sample("ln-ciphered", is_keyed=False), act)


def test_key_that_is_added_by_a_typed_command_is_neither_shown_nor_remembered(tmp_path: Path) -> None:
    one = next(one for one in samples() if one.name == "ln-ciphered")
    role, key = _keys_of(one.keys)[0]

    async def act(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        records = app.capture.records
        for typed in (f"add-key {role}={key}", f" add {role}={key}"):
            await pilot.press("K", "colon")
            app.screen.query_one("#answer").value = typed
            await pilot.pause()
            assert all(key not in line for line in text_of(app))
            await pilot.press("enter", "q")
            await pilot.pause()
        await wait_for(pilot, lambda: app.capture.records is not records, 60)
        assert not any(key in text for texts in app.history.values() for text in texts)

    _drive_alone(one.path, act)


def _keys_of(path: Path | None) -> list[tuple[str, str]]:
    assert path is not None
    meter = tomllib.loads(path.read_text(encoding="utf-8"))["meter"][0]
    return [(role, meter[role]) for role in ("guek", "gak")]
