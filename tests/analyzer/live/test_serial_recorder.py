"""Taps into a spool: two directions, marked errors, a port that goes away and comes back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from analyzer.live.serial_recorder import SerialRecorder, interface_of
from analyzer.live.status import Status
from analyzer.record import Record
from analyzer.tracking.line_follower import LineFollower
from captures.serial_line import LineSettings, SerialLine
from captures.spool import Spool
from tests.analyzer.live.recorded import records_in

SNRM = bytes.fromhex("7EA00703 21930F01 7E")
UA = bytes.fromhex("7EA00721 03730140 7E")
START_NS = 1_772_442_000_000_000_000


class ScriptedPort:
    """A port that reads what a script says: octets, None for nothing, or an error; at its end it has nothing."""

    timeout = 0.02
    in_waiting = 0

    def __init__(self, script: list[bytes | OSError | None], opens: list[OSError | None]) -> None:
        self._script, self._opens = script, opens

    def open(self) -> None:
        problem = self._opens.pop(0) if self._opens else None
        if problem is not None:
            raise problem

    def read(self, count: int) -> bytes:
        one = self._script.pop(0) if self._script else None
        if isinstance(one, OSError):
            raise one
        return one or b""

    def close(self) -> None:
        pass


def tap(script: list[bytes | OSError | None], clock: Callable[[], int], *opens: OSError | None) -> SerialLine:
    port = ScriptedPort(script, list(opens))
    line = SerialLine("tap", LineSettings(), opener=lambda url: port, clock=clock, marker=lambda port: True)
    line.open()
    return line


def recorded(
    path: Path, *scripts: list[bytes | OSError | None], opens: tuple[OSError | None, ...] = (), status: Status | None = None,
    rests: int = 5, follower: LineFollower | None = None, set_ns: Callable[[int], int] = lambda now: 0,
) -> list[str]:  # fmt: skip
    """Record taps until their scripts are over and they rested so often; returns what was said.

    *set_ns* tells by how much the system's clock was set since the begin, at a time of the steady one.
    """
    now = [START_NS]

    def clock() -> int:
        now[0] += 10_000_000
        return now[0]

    said: list[str] = []
    lines = [tap(script, clock, None, *opens) for script in scripts]
    spool = Spool(str(path), [interface_of(lines, "RTS low, DTR low")])
    follower = follower or LineFollower(LineSettings(), follows=False)
    recorder = SerialRecorder(
        lines, spool, follower, status or Status(), said.append, clock=clock, wall=lambda: now[0] + set_ns(now[0]),
        pause=lambda seconds: None,
    )  # fmt: skip
    calls = [0]

    def is_over() -> bool:
        calls[0] = 0 if any(scripts) else calls[0] + 1
        return calls[0] > rests

    recorder.run(is_over)
    spool.close()
    return said


def codes(records: list[Record]) -> list[str]:
    return [note.code for one in records for note in one.notes]


def test_two_taps_are_the_two_directions_of_one_line(tmp_path: Path) -> None:
    path = tmp_path / "two.pcapng"
    recorded(path, [SNRM, None, SNRM], [None, UA, None, UA])
    records = records_in(path)
    assert sorted(one.octets for one in records) == sorted([SNRM, SNRM, UA, UA])
    lanes = {(one.octets, one.lane.text) for one in records}
    assert lanes == {(SNRM, "serial:A > serial:B"), (UA, "serial:B > serial:A")}


def test_two_taps_keep_what_was_read_and_waits_when_the_end_comes(tmp_path: Path) -> None:
    path = tmp_path / "end.pcapng"
    recorded(path, [SNRM] * 300, [UA] * 300, rests=0)
    assert sorted(one.octets for one in records_in(path)) == sorted([SNRM, UA] * 300)


def test_marked_errors_stand_before_their_octets_and_none_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "marked.pcapng"
    marked = SNRM[:4] + b"\xff\x00" + SNRM[4:5] + SNRM[5:]
    recorded(path, [marked])
    (record,) = records_in(path)
    assert record.octets == SNRM
    assert [note.text for note in record.notes if note.code == "line-error"] == [
        "the tap saw a parity error in packet 2"
    ]


def test_many_errors_of_one_kind_in_a_record_are_told_once(tmp_path: Path) -> None:
    path = tmp_path / "many.pcapng"
    recorded(path, [b"".join(b"\xff\x00" + bytes((one,)) for one in SNRM)])
    (record,) = records_in(path)
    assert record.octets == SNRM
    assert [note.text for note in record.notes if note.code == "line-error"] == [
        f"the tap saw a parity error in packet 1 and in {len(SNRM) - 1} more"
    ]


class SeenStatus(Status):
    """A status that keeps what it said of the line."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        super().__init__()

    def __setattr__(self, name: str, value: object) -> None:
        if name == "line":
            self.lines.append(str(value))
        super().__setattr__(name, value)


def test_port_that_goes_away_is_waited_for_and_the_gap_marked(tmp_path: Path) -> None:
    path = tmp_path / "gap.pcapng"
    status = SeenStatus()
    gone = OSError(5, "device reports readiness to read but returned no data")
    said = recorded(
        path, [SNRM + UA[:5], gone, UA, SNRM], opens=(OSError(2, "No such file"), OSError(2, "No such file")),
        status=status,
    )  # fmt: skip
    assert len({one.lane.text for one in records_in(path)}) == 1, "one tap, before and after"
    assert status.errors == 0
    assert [one.octets for one in records_in(path) if one.link == "hdlc" and not one.problem] == [SNRM, UA, SNRM]
    assert "waiting for it" in said[0] and said[1] == "tap: is back"
    assert status.lines == ["", "9600 8N1", "tap is gone", "9600 8N1"]
    comments = [note.text for one in records_in(path) for note in one.notes if note.code == "comment"]
    (gap,) = [text for text in comments if "was gone for" in text]
    assert gap.endswith("what was sent meanwhile is not here")
    assert [one.octets for one in records_in(path) if one.link == "noise"] == [UA[1:5]], "its flag closed the SNRM"


def test_port_that_stays_away_to_the_end_is_marked_and_the_end_is_heard_meanwhile(tmp_path: Path) -> None:
    path = tmp_path / "away.pcapng"
    said = recorded(path, [SNRM, OSError(5, "gone")], opens=(OSError(2, "No such file"),) * 50)
    assert said == ["tap: unplugged, or another program reads it too; waiting for it"]
    assert b"s, up to the end: what was sent meanwhile is not here" in path.read_bytes()


@pytest.mark.parametrize(("seconds", "said_so"), [(3600, "forward by 3600.0 s"), (-7200, "back by 7200.0 s")])
def test_clock_of_the_computer_that_is_set_moves_the_times_and_says_so_in_the_file(
    tmp_path: Path, seconds: int, said_so: str
) -> None:
    path = tmp_path / "set.pcapng"
    step = seconds * 1_000_000_000
    said = recorded(
        path, [SNRM, UA, *[None] * 50, SNRM, UA], set_ns=lambda now: step * (now - START_NS > 500_000_000)
    )  # fmt: skip
    times = [one.time_ns or 0 for one in records_in(path)]
    assert abs(times[1] - START_NS) < 1_000_000_000 and abs(times[2] - START_NS - step) < 3_000_000_000
    assert said == [f"the clock of this computer went {said_so}"]
    assert [note.text for one in records_in(path) for note in one.notes if note.code == "comment"] == said


def test_clock_that_was_set_before_the_recording_began_moves_its_times_without_a_word(tmp_path: Path) -> None:
    path, hour = tmp_path / "slept.pcapng", 3600 * 1_000_000_000
    assert recorded(path, [SNRM, UA], set_ns=lambda now: hour) == []
    assert [abs((one.time_ns or 0) - START_NS - hour) < 1_000_000_000 for one in records_in(path)] == [True, True]
    assert not any(one.notes for one in records_in(path))


def test_clock_of_the_computer_that_is_set_is_no_silence_of_the_line(tmp_path: Path) -> None:
    settings = LineSettings(300, 7, "E")
    select = [b"/ABC5meter\r\n", *[None] * 30, b"\x06051\r\n", *[None] * 30]
    path, hour = tmp_path / "set.pcapng", 3600 * 1_000_000_000
    said = recorded(
        path, [*select, b"\x01P0\x02()\x03\x60", *[None] * 100], follower=LineFollower(settings),
        set_ns=lambda now: hour * (now - START_NS > 1_500_000_000),
    )  # fmt: skip
    assert said == [
        "listening at 9600 7E1: the option select chose 9600 Bd", "the clock of this computer went forward by 3600.0 s"
    ]  # fmt: skip
