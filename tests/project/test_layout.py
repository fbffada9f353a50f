"""The shape of the project: names at the top, sizes of files and functions, what no file may say."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.project.checkout import PACKAGES, ROOT, files, sources, syntax

FILE_LINES = 500
FUNCTION_LINES = 60
SIX_NAMES = {"pyproject.toml", "README.md", "captures", "dissectors", "analyzer", "tests"}
BESIDE_THEM = {"LICENSE", "CHANGELOG.md", "Makefile", "docs"}
# These three of Scapy's fields take fewer octets than they were promised and say nothing.
SILENT_FIELDS = {"StrFixedLenField", "StrLenField", "PacketListField"}
MACHINE_PATH = re.compile(r"(?<![\w.~/-])/(?:work|root|home|Users|opt|mnt|srv)/\w|\b[A-Z]:\\\\?Users\\")
REGISTRY_HOST = re.compile(
    r"(?:pypi|pythonhosted|npmjs|anaconda)[.](?:org|com)|index[-_]url|trusted[-_]host", re.IGNORECASE
)
ONLY_IN = {
    "textual": ("analyzer/tui",),
    "argparse": ("analyzer/cli",),
    "dask": (),
    "distributed": ("analyzer/cluster.py",),
    "textual_serve": ("analyzer/browser.py",),
    "pyarrow": (),
}
IMPORT_NAMES = {"pyserial": "serial", "textual-plotext": "textual_plotext", "textual-serve": "textual_serve"}


def test_top_level_names_are_the_six_and_their_company() -> None:
    names = {path.parts[0] for path in files()}
    assert names >= SIX_NAMES | {"LICENSE"}
    assert {name for name in names if not name.startswith(".")} <= SIX_NAMES | BESIDE_THEM


def test_files_are_within_their_lines() -> None:
    lines = {path: len((ROOT / path).read_text(encoding="utf-8").splitlines()) for path in sources(*PACKAGES)}
    assert {str(path): count for path, count in lines.items() if count > FILE_LINES} == {}


def test_functions_are_within_their_lines() -> None:
    too_long = {
        f"{path}:{node.lineno} {node.name}": length
        for path in sources(*PACKAGES)
        for node in ast.walk(syntax(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or node.lineno) - node.lineno + 1) > FUNCTION_LINES
    }
    assert too_long == {}


@pytest.mark.parametrize("pattern", [MACHINE_PATH, REGISTRY_HOST], ids=["machine-path", "registry-host"])
def test_text_names_no_machine(pattern: re.Pattern[str]) -> None:
    assert [f"{path}:{number}: {line.strip()}" for path, number, line in _text_lines() if pattern.search(line)] == []


# "~" is dropped first, so that this file does not hold what it forbids.
@pytest.mark.parametrize(
    "line",
    [
        'open("/~home/me/x.pcap")',
        "PIP = /w~ork/main/.venv",
        "see /ro~ot/x",
        "C:\\Us~ers\\me",
        "py~pi.org/simple",
        "--index~-url",
    ],
)
def test_patterns_find_what_they_forbid(line: str) -> None:
    assert not MACHINE_PATH.search(line)
    assert not REGISTRY_HOST.search(line)
    whole = line.replace("~", "")
    assert MACHINE_PATH.search(whole) or REGISTRY_HOST.search(whole)


@pytest.mark.parametrize("path", [Path("dissectors/tree.py"), Path("captures/chunk.py")], ids=str)
def test_ground_floor_imports_only_the_standard_library(path: Path) -> None:
    assert {name for file, _, name in _imports() if file == path} <= sys.stdlib_module_names


def test_dissectors_use_no_silent_field() -> None:
    found = [
        f"{path}:{node.lineno} {name}"
        for path in sources("dissectors")
        for node in ast.walk(syntax(path))
        for name in _names(node)
        if name in SILENT_FIELDS
    ]
    assert found == []


def test_imports_stay_where_they_belong() -> None:
    strays = [
        f"{path}:{line} {name}"
        for path, line, name in _imports()
        if name in ONLY_IN and not str(path.as_posix()).startswith(ONLY_IN[name] or "never")
    ]
    assert strays == []


def test_imports_are_declared_dependencies() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {re.split(r"[^\w.-]", requirement)[0].lower() for requirement in project["dependencies"]}
    extras = project["optional-dependencies"]
    declared |= {re.split(r"[^\w.-]", one)[0].lower() for one in (*extras["cluster"], *extras["web"])}
    allowed = {IMPORT_NAMES.get(name, name) for name in declared} | set(PACKAGES) | sys.stdlib_module_names
    assert [f"{path}:{line} {name}" for path, line, name in _imports() if name not in allowed] == []


def _text_lines() -> Iterator[tuple[Path, int, str]]:
    for path in files():
        try:
            text = (ROOT / path).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # a sample capture
        for number, line in enumerate(text.splitlines(), 1):
            yield path, number, line


def _names(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, ast.Attribute):
        yield node.attr
    elif isinstance(node, ast.ImportFrom):
        yield from (alias.name for alias in node.names)


def _imports() -> Iterator[tuple[Path, int, str]]:
    """File, line and top-level name of every absolute import, those inside functions too."""
    for path in sources(*PACKAGES):
        for node in ast.walk(syntax(path)):
            if isinstance(node, ast.Import):
                yield from ((path, node.lineno, alias.name.partition(".")[0]) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                yield path, node.lineno, node.module.partition(".")[0]
