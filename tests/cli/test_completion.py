"""The scripts that complete command lines know what every help names, and the list of fields what filters know."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

from analyzer.cli.commands import COMMANDS, FIELDS_TOPIC
from analyzer.cli.complaints import USAGE_ERROR
from analyzer.filter.fields import ALIASES, FIELDS, field_of
from captures.samples import samples
from tests.cli.conftest import Run, lines_of
from tests.conftest import ROOT
from tests.project.checkout import modules_after

SHELLS = ("bash", "zsh", "fish")
OF_COMMANDS = [*((name, name) for name in COMMANDS), ("help", "help fields")]
"""Commands with the words whose help names their options."""
LENDERS = {"": ("decode", "view"), "demo": ("view", "decode"), "serve": ("view", "live")}


@cache
def _script(shell: str) -> str:
    return "\n".join(lines_of("completion", shell))


@cache
def _options(words: str) -> frozenset[str]:
    """The options that a help names."""
    lines = re.findall(r"^  (-\S.*?)(?:  .*)?$", "\n".join(lines_of(*words.split(), "--help")), re.MULTILINE)
    return frozenset(one.split()[0] for line in lines for one in line.split(", ") if one.startswith("-"))


def _in_bash(folder: Path, *words: str) -> list[str]:
    """What bash offers for the last of *words*, as it splits them."""
    script = 'source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($#-1)); _dlmshark; printf "%s\\n" "${COMPREPLY[@]}"'
    (folder / "script").write_text(_script("bash"), encoding="utf-8")
    ran = subprocess.run(
        ["bash", "-c", script, folder / "script", "dlmshark", *words],
        cwd=folder, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert not ran.stderr
    return ran.stdout.split("\n")[:-1]


needs_bash = pytest.mark.skipif(not shutil.which("bash"), reason="bash is not there")


def _told(shell: str, command: str) -> set[str]:
    """The options that a script has for a command."""
    script = _script(shell)
    if shell == "fish":
        condition = f"__fish_seen_subcommand_from {command}" if command else "not __fish_seen_subcommand_from $commands"
        lines = [line for line in script.splitlines() if f'-n "{condition}"' in line]
        found = (re.findall(r" -([ls]) (\S+)", line.partition(" -d ")[0]) for line in lines)
        return {f"{'--' if form == 'l' else '-'}{name}" for one in found for form, name in one}
    (line,) = re.findall(rf'^ +(?:\(?"{command}"\)) options=(.*)$', script.replace('("")', '"")'), re.MULTILINE)
    if shell == "zsh":
        return set(re.findall(r"(?:^\(| )'(-[^:']+)(?=[:'])", line))
    return set(line.partition('" words=')[0].strip('"').split())


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(("command", "words"), OF_COMMANDS)
def test_script_has_every_option_of_every_help(shell: str, command: str, words: str) -> None:
    assert {"-h", "--help"} < _options(words)
    assert _options(words) <= _told(shell, command)


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("command", LENDERS)
def test_script_has_the_options_that_are_handed_on(shell: str, command: str) -> None:
    assert frozenset().union(*map(_options, LENDERS[command])) <= _told(shell, command)


@pytest.mark.parametrize("shell", SHELLS)
def test_script_is_one_that_its_shell_reads(shell: str, tmp_path: Path) -> None:
    (tmp_path / "script").write_text(_script(shell), encoding="utf-8")
    if not (program := shutil.which(shell)):
        pytest.skip(f"{shell} is not there")
    assert subprocess.run([program, "-n", tmp_path / "script"], capture_output=True, text=True).stderr == ""


@needs_bash
@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("dec",), ["decode"]),
        (("decode", "-T", ""), ["json", "text", "fields"]),
        (("stats", "--by", "=", "ser"), ["service"]),
        (("stats", "--by", "ser"), ["service"]),
        (("export", "--to", "pc"), ["pcapng"]),
        (("doctor", "--to", ""), []),
        (("live", "--format", "8"), ["8N1", "8E1"]),
        (("demo", ""), [one.name for one in samples()]),
        (("demo", "ln-ciphered", "--the"), ["--theme"]),
        (("keys", "c"), ["check"]),
        (("help", "fi"), ["fields"]),
        (("completion", "z"), ["zsh"]),
        (("-Y", "apdu.l"), ["apdu.length"]),
        (("decode", "-e", "source"), ["source", "source.port"]),
        (("record", "--when", "since"), ["since.first", "since.previous"]),
        (("--expe",), ["--expect"]),
    ],
)
def test_bash_offers(words: tuple[str, ...], offered: list[str], tmp_path: Path) -> None:
    found = [one for one in _in_bash(tmp_path, *words) if one not in ("", "script")]  # the only file there
    assert found == offered


@needs_bash
def test_bash_offers_files_beside_commands_and_alone(tmp_path: Path) -> None:
    (tmp_path / "decoded of today.pcap").touch()
    assert _in_bash(tmp_path, "deco") == ["decode", "decoded of today.pcap"]
    assert _in_bash(tmp_path, "decode", "deco") == [""]  # nothing: bash completes names of files then
    assert "complete -o bashdefault -o default -F _dlmshark dlmshark" in _script("bash").splitlines()


def test_unknown_shell_is_refused(run: Run) -> None:
    ran = run("completion", "tcsh")
    assert ran.status == USAGE_ERROR and "'tcsh'" in ran.complaint and "bash" in ran.complaint


@pytest.mark.parametrize("words", ["completion', 'bash", "help', 'fields"])
def test_script_and_list_load_nothing_heavy(words: str) -> None:
    statement = (
        "from contextlib import redirect_stdout; import io; from analyzer.cli.main import program\n"
        f"sys.argv = ['dlmshark', '{words}']\n"
        "with redirect_stdout(io.StringIO()): program()"
    )
    assert not {name for name in modules_after(statement) if name.partition(".")[0] in ("polars", "scapy", "textual")}


def test_list_of_fields_has_every_field_with_its_kind_and_meaning(run: Run) -> None:
    lines = run("help", "fields").out.splitlines()
    assert [line.split()[:2] for line in lines] == [[name, one.kind.name.lower()] for name, one in FIELDS.items()]
    assert all(one.about in line for line, one in zip(lines, FIELDS.values(), strict=True))


def about(name: str) -> str:
    """What the field called *name* means; one name of several may ask of some records alone."""
    field = field_of(name)
    assert field is not None
    return field.about


def test_list_of_fields_as_json_has_the_same_and_other_names_that_work(run: Run) -> None:
    found = [json.loads(line) for line in run("help", "fields", "--json").out.splitlines()]
    assert [(one["name"], one["meaning"]) for one in found] == [(one.name, one.about) for one in FIELDS.values()]
    assert all(about(other) == one["meaning"] for one in found for other in one.get("also", ()))
    assert sum(len(one.get("also", ())) for one in found) == len(ALIASES)
    assert [tuple(one.get("choices", ())) for one in found] == [one.choices for one in FIELDS.values()]


def test_page_and_help_name_the_list_of_fields(run: Run) -> None:
    assert "dlmshark help fields" in (ROOT / "docs" / "filters.md").read_text(encoding="utf-8")
    assert "dlmshark help fields" in run("--help").out


def test_synonyms_lead_to_the_list_of_fields(run: Run) -> None:
    assert "dlmshark help fields" in run("fields").complaint
    assert "dlmshark help fields" in run("decode", "-G", "fields").complaint
    assert FIELDS_TOPIC not in COMMANDS
