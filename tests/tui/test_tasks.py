"""What people come for, each within six keystrokes beside typed text: counted, and held to what is then on the screen."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path

from textual.pilot import Pilot

from analyzer.capture import Capture
from analyzer.tui.app import DlmsharkApp
from captures.samples import samples
from tests.tui.driving import SMALL, drive, indexed, main_of, sample, text_of, wait_for

MOST_KEYS = 6
ACCEPTED = bytes.fromhex("A203020100 A305A103020100".replace(" ", ""))
REJECTED = (
    ACCEPTED, bytes.fromhex("A203020101 A305A10302010D".replace(" ", "")),
)  # fmt: skip
"""An answer to AARQ that accepts, and one that rejects in its place."""


class Hand:
    """Presses keys and counts them; what is typed into a prompt is not counted."""

    def __init__(self, pilot: Pilot[None]) -> None:
        self.pilot = pilot
        self.keys = 0

    async def press(self, *keys: str) -> None:
        """Press keys."""
        self.keys += len(keys)
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def type(self, text: str) -> None:
        """Type a text."""
        self.pilot.app.screen.query_one("#answer").value = text  # type: ignore[attr-defined]
        await self.pilot.pause()

    async def sees(self, text: str) -> None:
        """Wait until the screen shows *text*."""
        app: DlmsharkApp = self.pilot.app  # type: ignore[assignment]
        await wait_for(self.pilot, lambda: any(text in line for line in text_of(app)))


def _task(capture: Capture, act: Callable[[DlmsharkApp, Hand], object], size: tuple[int, int] = SMALL) -> None:
    counted = []

    async def run(app: DlmsharkApp, pilot: Pilot[None]) -> None:
        hand = Hand(pilot)
        await act(app, hand)  # type: ignore[misc]
        counted.append(hand.keys)

    drive(capture, run, size)
    assert counted[0] <= MOST_KEYS


def _changed(tmp_path: Path, name: str, change: Callable[[bytes], bytes]) -> Capture:
    """A bundled sample with other octets in it."""
    one = Path(sample(name).inputs[0])
    path = tmp_path / one.name
    path.write_bytes(change(one.read_bytes()))
    return indexed(str(path))


def _damaged(tmp_path: Path) -> Capture:
    """The two meters on a serial bus, one answer of which has a flipped bit."""
    octets = sample("hdlc-segments").record(10).octets
    hurt = octets[:15] + bytes([octets[15] ^ 4]) + octets[16:]
    return _changed(tmp_path, "hdlc-segments", lambda whole: whole.replace(octets, hurt))


def test_first_problem_is_found(tmp_path: Path) -> None:
    async def act(app: DlmsharkApp, hand: Hand) -> None:
        await hand.press("e")
        assert main_of(app).records.number == 10
        await hand.sees("hdlc-fcs-wrong")

    _task(_damaged(tmp_path), act)


def test_cause_of_a_problem_is_seen(tmp_path: Path) -> None:
    async def act(app: DlmsharkApp, hand: Hand) -> None:
        await hand.press("d")
        await hand.sees("bit-error")
        await hand.sees("octet 15")
        await hand.press("enter")
        assert main_of(app).records.number == 10
        assert (main_of(app).octets.selected.start, main_of(app).octets.selected.end) == (15, 16)

    _task(_damaged(tmp_path), act)


def test_reason_of_a_rejected_association_is_seen(tmp_path: Path) -> None:
    async def act(app: DlmsharkApp, hand: Hand) -> None:
        await hand.press("a")
        await hand.sees("rejected-permanent (1), authentication-failure (13); refused by the server")

    _task(_changed(tmp_path, "ln-wrapper", lambda whole: whole.replace(*REJECTED)), act)


def test_key_is_added_and_a_value_read() -> None:
    one = next(one for one in samples() if one.name == "ln-ciphered")
    assert one.keys is not None
    meter = tomllib.loads(one.keys.read_text(encoding="utf-8"))["meter"][0]
    capture = Capture([str(one.path)])
    capture.start()
    capture.wait(60)

    async def act(app: DlmsharkApp, hand: Hand) -> None:
        records = app.capture.records
        await hand.press("K", "plus_sign")
        await hand.type(f"guek={meter['guek']}")
        await hand.press("enter")
        await wait_for(hand.pilot, lambda: app.capture.records is not records, 60)
        await hand.press("r")
        await hand.sees("74565.120 kWh")

    try:
        _task(capture, act)
    finally:
        capture.close()


def test_errors_of_one_meter_are_filtered() -> None:
    async def act(app: DlmsharkApp, hand: Hand) -> None:
        await hand.press("slash")
        await hand.type("server == 1 && result != success")
        await hand.press("enter")
        await wait_for(hand.pilot, lambda: main_of(app).filter_run is not None and main_of(app).filter_run.is_done)
        main = main_of(app)
        assert [main.records.number_at(index) for index in range(main.records.count)] == [
            row.number for row in app.capture.table.rows(0, 43) if row.subject.result not in ("", "success")
        ]
        assert main.records.count == 1

    _task(sample("ln-wrapper"), act)


def test_request_is_compared_with_its_response() -> None:
    async def act(app: DlmsharkApp, hand: Hand) -> None:
        await hand.press("3", "G", "D")
        await hand.sees("get-request-normal")
        await hand.sees("get-response-normal")

    _task(sample("ln-wrapper"), act)


def test_association_is_followed() -> None:
    async def act(app: DlmsharkApp, hand: Hand) -> None:
        await hand.press("f")
        await hand.sees("→ AARQ")
        await hand.sees("← AARE · accepted")

    _task(sample("hdlc-segments"), act)


def test_note_that_goes_through_a_dialogue_is_followed_by_its_sign_alone() -> None:
    async def act(app: DlmsharkApp, hand: Hand) -> None:
        await hand.press("f")
        await hand.sees("← Identification · MMM SIM-41")
        shown = "\n".join(text_of(app))
        assert shown.count("bit 7 is even parity") == 1
        assert [line[:8] for line in text_of(app) if " 08:12:3" in line] == [f"     {one} !" for one in range(1, 9)]
        assert "- ↔ -" not in shown

    _task(sample("mode-c-readout"), act)


def test_profile_is_seen_as_table_and_plot() -> None:
    async def act(app: DlmsharkApp, hand: Hand) -> None:
        await hand.press("r", "G")
        table = app.screen.table  # type: ignore[attr-defined]
        assert table.count > 100
        await wait_for(hand.pilot, lambda: bool(app.screen.plot.display))  # type: ignore[attr-defined]
        await wait_for(hand.pilot, lambda: any(0x2801 <= ord(one) <= 0x28FF for one in "".join(text_of(app))))

    _task(sample("ln-ciphered"), act)


def test_readings_are_exported_as_csv(tmp_path: Path) -> None:
    path = tmp_path / "readings.csv"

    async def act(app: DlmsharkApp, hand: Hand) -> None:
        await hand.press("r", "x")
        await hand.type(str(path))
        await hand.press("enter")
        await wait_for(hand.pilot, path.is_file)

    _task(sample("blocks"), act)
    assert len(path.read_text(encoding="utf-8").splitlines()) == 1 + 371


def test_two_records_are_marked_and_compared() -> None:
    async def act(app: DlmsharkApp, hand: Hand) -> None:
        await hand.press("m", "a", "8", "G", "D")
        await hand.sees("fields differ")

    _task(sample("ln-wrapper"), act)


def test_growing_source_is_watched_paused_and_resumed(tmp_path: Path) -> None:
    whole = Path(sample("ln-wrapper").inputs[0]).read_bytes()
    path = tmp_path / "live.pcap"
    path.write_bytes(whole[: len(whole) // 2])
    capture = indexed(str(path))
    before = capture.table.height

    async def act(app: DlmsharkApp, hand: Hand) -> None:
        await hand.press("F", "p")
        await hand.sees("PAUSED")
        path.write_bytes(whole)
        await wait_for(hand.pilot, lambda: capture.table.height > before, 60)
        await hand.press("pageup")
        assert main_of(app).records.count == before
        await hand.press("p", "F")
        assert main_of(app).records.number == 43

    _task(capture, act)


def test_annotated_frame_is_copied() -> None:
    async def act(app: DlmsharkApp, hand: Hand) -> None:
        await hand.press("y", "a")
        assert "opening-flag: 7E" in app.clipboard

    _task(sample("hdlc-segments"), act)
