"""Alarms: every record is asked, actions are done, and programs never hold the decoding up."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from analyzer.alarms import Action, Alarms, Expectation, Programs, Rule, WatchedSession
from analyzer.export.json_lines import JsonLines
from analyzer.filter import Filter, compile_filter
from captures import open_source
from captures.samples import samples

SAMPLE = next(one for one in samples() if one.name == "hdlc-segments")


class Recorded:
    def __init__(self) -> None:
        self.wishes: list[tuple[str, str]] = []

    def wish(self, kind: str, text: str) -> bool:
        self.wishes.append((kind, text))
        return True


def meant(text: str) -> Filter:
    found = compile_filter(text)
    assert found is not None
    return found


def test_rules_act_on_every_record_they_mean_and_on_no_other(capsys: pytest.CaptureFixture[str]) -> None:
    recorded, said = Recorded(), []
    rules = [
        Rule("kind == apdu", meant("kind == apdu"), (Action("mark"), Action("beep"))),
        Rule("number == 2", meant("number == 2"), (Action("save"),)),
    ]
    with open_source(str(SAMPLE.path)) as source:
        session = WatchedSession(source)
        alarms = Alarms(rules, recorded, JsonLines(lambda: 6).line, lambda: ["a", "b"], said.append)
        session.watchers = (alarms,)
        records = list(session.records())
    apdus = [one.number for one in records if one.kind == "apdu"]
    assert apdus
    assert [text for kind, text in recorded.wishes if kind == "mark"] == [
        f"alarm at record {number}: kind == apdu" for number in apdus
    ]
    assert [text for kind, text in recorded.wishes if kind == "save"] == ["a", "b"]
    assert capsys.readouterr().err == "\a" * len(apdus)
    assert alarms.count == len(apdus) + 1 and not said


def test_wishes_that_nobody_hears_any_more_are_told_once() -> None:
    class Over(Recorded):
        def wish(self, kind: str, text: str) -> bool:
            return False

    said: list[str] = []
    rules = [
        Rule("number < 4", meant("number < 4"), (Action("mark"),)),
        Rule("number == 4", meant("number == 4"), (Action("save"),)),
    ]
    with open_source(str(SAMPLE.path)) as source:
        session = WatchedSession(source)
        alarms = Alarms(rules, Over(), JsonLines(lambda: 6).line, lambda: ["a"], said.append)
        session.watchers = (alarms,)
        assert list(session.records())
    alarms.close()
    assert said == [
        "--do mark: 3 times not done: the recording takes no wishes any more",
        "--do save: 1 time not done: the recording takes no wishes any more",
    ]


def test_expectation_is_reached_once() -> None:
    reached: list[int] = []
    with open_source(str(SAMPLE.path)) as source:
        session = WatchedSession(source)
        expected = Expectation("number > 2", meant("number > 2"), lambda: reached.append(1))
        session.watchers = (expected,)
        list(session.records())
    assert (expected.record, reached) == (3, [1])


def test_programs_get_the_record_and_never_hold_up(tmp_path: Path) -> None:
    said: list[str] = []
    programs = Programs(said.append)
    out = tmp_path / "out"
    script = f"import sys, time; open({str(out)!r}, 'a').write(sys.stdin.read()); time.sleep(1)"
    begun = time.monotonic()
    for text in ("one $(touch x)\n", "two; `id`\n"):
        programs.run((sys.executable, "-c", script), text)
    assert time.monotonic() - begun < 1
    programs.run((str(tmp_path / "missing"),), "")
    programs.run((sys.executable, "-c", "raise SystemExit(3)"), "")
    programs.close()
    assert out.read_text() == "one $(touch x)\ntwo; `id`\n"
    assert said == [
        f"--do exec {tmp_path / 'missing'}: No such file or directory", f"--do exec {sys.executable}: ended with status 3"
    ]  # fmt: skip


def test_programs_that_pile_up_are_counted_and_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analyzer.alarms._MOST_WAITING", 2)
    said: list[str] = []
    programs = Programs(said.append)
    for _ in range(8):
        programs.run((sys.executable, "-c", "import time; time.sleep(0.1)"), "")
    programs.close()
    assert programs.left_out >= 5
    assert said == [f"--do exec: {programs.left_out} times not run, for 2 waited already"]
