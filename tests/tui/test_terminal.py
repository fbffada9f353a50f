"""The twelve tasks in a real terminal: tmux draws what the program writes, takes the keys, and shows what is then seen.

None takes more than six keys beside typed text. Ends, resizes and octets written for a key are looked at there too.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from captures.samples import samples
from tests.tui.driving import sample
from tests.tui.test_tasks import MOST_KEYS, REJECTED

pytestmark = pytest.mark.skipif(
    shutil.which("tmux") is None, reason="tmux is not installed: the twelve tasks in a real terminal"
)
SAMPLES = {one.name: one for one in samples()}
PATIENCE = 90
_SCRIPT = """\
stty -a > before
{program}
echo "status=$?"
stty -a > after
echo "end""of"
exec sleep 600
"""
_SUSPENDED = """\
set -m
stty -a > before
sh -c '{program}; echo "sta""tus=$?"'
stty -a > after
echo "stop""ped"
read answer
fg > job
echo "end""of"
exec sleep 600
"""


class Tmux:
    """The program in a terminal of tmux; keys are counted within a task."""

    def __init__(
        self, folder: Path, words: list[str], size: tuple[int, int], script_text: str = _SCRIPT, **environment: str
    ) -> None:
        self.folder = folder
        self.socket = str(folder / "tmux")
        self.keys = 0
        script = folder / "run.sh"
        program = shlex.join([sys.executable, "-m", "analyzer", *words])
        script.write_text(script_text.format(program=program), encoding="utf-8")
        (folder / "tmux.conf").write_text("set -g status off\nset -g set-clipboard on\nset -g escape-time 0\n")
        given = {
            "TERM": "tmux-256color", "COLORTERM": "truecolor", "HOME": str(folder), "XDG_CONFIG_HOME": str(folder),
            "XDG_STATE_HOME": str(folder), "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **environment,
        }  # fmt: skip
        unset = ("-u", "COLUMNS", "-u", "LINES")  # readline sets them here, and the program would believe them
        shell = shlex.join(["env", *unset, *(f"{name}={value}" for name, value in given.items()), "sh", str(script)])
        width, height = map(str, size)
        self._ask(
            "-f", str(folder / "tmux.conf"), "new-session", "-d", "-x", width, "-y", height, "-c", str(folder), shell
        )

    def _ask(self, *words: str) -> str:
        command = ["tmux", "-S", self.socket, *words]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout

    @property
    def pane(self) -> str:
        """What is seen."""
        return self._ask("capture-pane", "-p")

    def press(self, *keys: str) -> None:
        """Press keys, as tmux calls them, one after another."""
        self.keys += len(keys)
        for key in keys:
            self._ask("send-keys", key)

    def type(self, text: str) -> None:
        """Type a text, which does not count."""
        self._ask("send-keys", "-l", text)

    def sees(self, *texts: str) -> str:
        """Wait until all of *texts* are seen. Returns what is seen then."""
        end = time.monotonic() + PATIENCE
        while True:
            pane = self.pane
            if all(text in pane for text in texts):
                return pane
            assert time.monotonic() < end, f"{texts} not in\n{pane}"
            time.sleep(0.1)

    def sees_no_more(self, text: str) -> None:
        """Wait until *text* is seen nowhere."""
        end = time.monotonic() + 5
        while text in self.pane:
            assert time.monotonic() < end, self.pane
            time.sleep(0.1)

    def fills(self, width: int, height: int) -> None:
        """Wait until the title goes from left to right, and something stands in the last line."""
        end = time.monotonic() + PATIENCE
        while True:
            lines = self.pane.splitlines()
            if len(lines) == height and len(lines[0].rstrip()) >= width - 1 and lines[-1].strip():
                return
            assert time.monotonic() < end, "\n".join(lines)
            time.sleep(0.1)

    @contextmanager
    def task(self) -> Iterator[None]:
        """Hold what is done within to the number of keys, and go back to the list afterwards."""
        self.keys = 0
        yield
        assert self.keys <= MOST_KEYS, f"{self.keys} keys"
        for _ in range(3):
            if "C ↔ S" in self.pane and "No." in self.pane and " back " not in self.pane:
                break
            self.press("Escape")
            time.sleep(0.3)

    @property
    def clipboard(self) -> str:
        """What was copied by OSC 52."""
        return self._ask("show-buffer")

    def resize(self, width: int, height: int) -> None:
        """Give the terminal another size."""
        self._ask("resize-window", "-x", str(width), "-y", str(height))

    def tell(self, what: str) -> str:
        """Ask tmux about the pane."""
        return self._ask("display-message", "-p", f"#{{{what}}}").strip()

    def ended(self) -> str:
        """Wait for the program to end. Returns its status; the terminal is as it was before."""
        said = self.sees("endof")
        assert self.tell("alternate_on") == "0"
        assert self.tell("mouse_any_flag") == "0"
        assert (self.folder / "after").read_text() == (self.folder / "before").read_text()
        return said.partition("status=")[2].split()[0]

    def close(self) -> None:
        """End tmux and what runs in it."""
        subprocess.run(["tmux", "-S", self.socket, "kill-server"], check=False, capture_output=True)


@contextmanager
def opened(
    folder: Path, *words: str, size: tuple[int, int] = (80, 24), script: str = _SCRIPT, **environment: str
) -> Iterator[Tmux]:
    """The program on what *words* say, in a terminal that ends with the block."""
    tmux = Tmux(folder, list(words), size, script, **environment)
    try:
        yield tmux
    finally:
        tmux.close()


def _changed(folder: Path, name: str, before: bytes, after: bytes) -> str:
    one = SAMPLES[name].path
    whole = one.read_bytes()
    assert before in whole
    (folder / one.name).write_bytes(whole.replace(before, after))
    return one.name


def test_first_problem_and_its_cause_are_found(tmp_path: Path) -> None:
    whole = SAMPLES["hdlc-segments"].path.read_bytes()
    octets = sample("hdlc-segments").record(10).octets
    hurt = whole.replace(octets, octets[:15] + bytes([octets[15] ^ 4]) + octets[16:])
    assert hurt != whole
    (tmp_path / "hurt.pcapng").write_bytes(hurt)
    with opened(tmp_path, "hurt.pcapng") as tmux:
        tmux.sees("records", "✗")
        with tmux.task():
            tmux.press("e")
            tmux.sees("hdlc-fcs-wrong")
        with tmux.task():
            tmux.press("d")
            tmux.sees("bit-error", "octet 15")
            tmux.press("Enter")
            tmux.sees("C ↔ S", "Record 10", "octet 15")


def test_reason_of_a_rejected_association_is_seen(tmp_path: Path) -> None:
    with opened(tmp_path, _changed(tmp_path, "ln-wrapper", *REJECTED)) as tmux, tmux.task():
        tmux.sees("43 records")
        tmux.press("a")
        tmux.sees("rejected-permanent", "authentication-failure")


def test_key_is_added_values_are_read_plotted_and_exported(tmp_path: Path) -> None:
    one = SAMPLES["ln-ciphered"]
    assert one.keys is not None
    meter = tomllib.loads(one.keys.read_text(encoding="utf-8"))["meter"][0]
    with opened(tmp_path, str(one.path)) as tmux:
        tmux.sees("41 records")
        with tmux.task():
            tmux.press("K", "+")
            tmux.sees("add key")
            tmux.type(f"guek={meter['guek']}")
            tmux.sees("•" * len(meter["guek"]))
            assert meter["guek"] not in tmux.pane
            tmux.press("Enter")
            tmux.sees("29 ")
            tmux.press("r")
            tmux.sees("74565.120 kWh")
        with tmux.task():
            tmux.press("r", "G", "4", "k")
            tmux.sees("column 4  48 values", "┤")
            assert any(0x2801 <= ord(sign) <= 0x28FF for sign in tmux.pane)
        with tmux.task():
            tmux.press("r", "x")
            tmux.sees("readings.csv")
            tmux.press("Enter")
            tmux.sees("readings written")
        assert len((tmp_path / "readings.csv").read_text(encoding="utf-8").splitlines()) == 1 + 154


def test_records_are_filtered_compared_marked_and_copied(tmp_path: Path) -> None:
    with opened(tmp_path, str(SAMPLES["ln-wrapper"].path)) as tmux:
        tmux.sees("43 records")
        with tmux.task():
            tmux.press("/")
            tmux.type("server == 1 && result != success")
            tmux.press("Enter")
            tmux.sees("1 of 43", "object-undefined")
            tmux.press("Escape")
            tmux.sees("28 of 43")
        with tmux.task():
            tmux.press("3", "G", "D")
            tmux.sees("get-request-normal", "get-response-normal", "11 fields differ")
        with tmux.task():
            tmux.press("m", "a", "8", "G", "D")
            tmux.sees("fields differ", " 3 GET request", "8 GET response")
        with tmux.task():
            tmux.press("y", "a")
            tmux.sees("copied the annotated record")
        assert "invoke-id-and-priority" in tmux.clipboard


def test_prompt_that_is_answered_leaves_nothing_behind(tmp_path: Path) -> None:
    with opened(tmp_path, str(SAMPLES["hdlc-segments"].path)) as tmux:
        tmux.sees("63 records")
        for _ in range(2):
            tmux.press(":")
            tmux.sees("Esc gives up")
            tmux.type("plot")
            tmux.sees("\n : plot")
            tmux.press("Enter")
            tmux.sees("plot: not on this screen")
            tmux.sees_no_more("\n : plot")
        tmux.press("/")
        tmux.type("number > 60")
        tmux.sees("Enter filters")
        tmux.press("Enter")
        tmux.sees_no_more("SNRM P")  # the list is drawn anew, too
        tmux.sees("number > 60  3 of 63")


@pytest.mark.parametrize("key", ["C-p", "M"])
def test_list_of_choices_uncovers_all_that_it_lay_over(tmp_path: Path, key: str) -> None:
    with opened(tmp_path, str(SAMPLES["hdlc-segments"].path)) as tmux:
        tmux.sees("63 records")
        tmux.press("j")
        before = tmux.sees(" 2 of 63")
        for _ in range(2):
            tmux.press(key)
            tmux.sees("▸ ", "Esc gives up")
            tmux.type("filter")
            tmux.sees("│ &")
            tmux.press("Escape")
            tmux.sees_no_more("Esc gives up")
            tmux.sees(*before.splitlines())
        tmux.press(key)
        tmux.sees("▸ ")
        tmux.type("edit")
        tmux.sees("▸ &")
        tmux.press("Enter")  # another question, of three lines
        tmux.sees("\n filter ", *before.splitlines()[:-3])


def test_association_is_followed_in_a_large_terminal(tmp_path: Path) -> None:
    with opened(tmp_path, str(SAMPLES["hdlc-segments"].path), size=(140, 40)) as tmux, tmux.task():
        tmux.sees("63 records")
        tmux.press("f")
        tmux.sees("→ AARQ", "← AARE · accepted")


def test_growing_source_is_watched_paused_and_resumed(tmp_path: Path) -> None:
    whole = SAMPLES["ln-wrapper"].path.read_bytes()
    path = tmp_path / "grows.pcap"
    path.write_bytes(whole[: len(whole) // 2])
    with opened(tmp_path, "grows.pcap") as tmux, tmux.task():
        tmux.sees("records")
        tmux.press("F", "p")
        count = tmux.sees("PAUSED", " of ").rpartition(" of ")[2].split()[0]
        with path.open("ab") as growing:
            growing.write(whole[len(whole) // 2 :])
        tmux.sees("43 records")
        tmux.press("PPage")
        tmux.sees(f" {int(count) - 7} of {count} ")
        tmux.press("p", "F")
        tmux.sees("43 of 43")


def test_capture_that_vanishes_stays_on_the_screen_and_the_terminal_is_given_back(tmp_path: Path) -> None:
    path = tmp_path / "vanishes.pcap"
    path.write_bytes(SAMPLES["ln-wrapper"].path.read_bytes())
    with opened(tmp_path, "vanishes.pcap") as tmux:
        tmux.sees("43 records")
        path.unlink()
        tmux.press("G")
        tmux.sees("43 of 43")
        tmux.press("S")
        tmux.sees("not there any more")
        tmux.press("C-q")
        assert tmux.ended() == "0"


@pytest.mark.parametrize(
    "keys", ["", "d", "/", "C-p", "?", "s"], ids=["main", "doctor", "filter", "palette", "help", "statistics"]
)
def test_program_is_resized_and_quits_in_any_state(tmp_path: Path, keys: str) -> None:
    with opened(tmp_path, str(SAMPLES["blocks"].path)) as tmux:
        tmux.sees("87 records")
        tmux.press(*filter(None, [keys]))
        for width, height in ((20, 5), (200, 60), (80, 24)):
            tmux.resize(width, height)
            tmux.fills(width, height)
        tmux.sees("dlmshark", "87 records")
        tmux.press("C-q")
        assert tmux.ended() == "0"


def test_program_in_a_script_stops_with_it_and_comes_back_with_all_it_showed(tmp_path: Path) -> None:
    with opened(tmp_path, str(SAMPLES["ln-wrapper"].path), script=_SUSPENDED) as tmux:
        shown = tmux.sees("43 records", "1 of 43")
        tmux.press("C-z")
        assert "43 records" not in tmux.sees("stopped")
        assert tmux.tell("alternate_on") == "0"
        tmux.press("Enter")
        tmux.sees(*shown.splitlines())
        tmux.press("C-q")
        assert tmux.ended() == "0"
