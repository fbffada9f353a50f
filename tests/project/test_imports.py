"""What an import costs: each package loads only what its floor allows, seen in a fresh interpreter."""

from __future__ import annotations

import pytest

from captures.samples import samples
from tests.project.checkout import modules_after

PROGRAM = ["analyzer", "analyzer.cli", "analyzer.cli.main"]
LAYERS = [
    "dissectors",
    "dissectors.xdlms",
    "dissectors.reader",
    "dissectors.hdlc",
    "dissectors.wrapper",
    "dissectors.acse",
]


@pytest.mark.parametrize("module", ["captures", "captures.chunk", "captures.network"])
def test_captures_load_neither_scapy_nor_textual(module: str) -> None:
    assert _loaded(modules_after(f"import {module}"), "scapy", "textual", "polars", "dissectors", "analyzer") == set()


@pytest.mark.parametrize("module", LAYERS)
def test_dissectors_load_no_part_of_scapy_beyond_its_core(module: str) -> None:
    loaded = modules_after(f"import {module}")
    assert _loaded(loaded, "scapy.all", "textual", "polars", "analyzer", "captures") == set()
    assert {name for name in loaded if name.startswith("scapy.layers.")} == set()


@pytest.mark.parametrize("module", PROGRAM)
def test_program_loads_neither_textual_nor_polars(module: str) -> None:
    assert _loaded(modules_after(f"import {module}"), "textual", "polars", "textual_plotext", "lark") == set()


def test_place_where_an_interrupt_ends_quietly_is_reached_before_anything_loads() -> None:
    begins = modules_after("import analyzer.__main__") - modules_after("")
    assert begins == {"analyzer", "analyzer.__main__"}


def test_help_loads_nothing_heavy() -> None:
    statement = (
        "from contextlib import redirect_stdout, suppress; import io; from analyzer.cli.main import main\n"
        "sys.argv = ['dlmshark', '--help']\n"
        "with redirect_stdout(io.StringIO()), suppress(SystemExit): main()"
    )
    assert _loaded(modules_after(statement), "scapy", "textual", "polars", "cryptography", "lark") == set()


@pytest.mark.parametrize("form", ["", "--tree", "--json --layers"])
def test_program_that_only_reads_loads_no_scapy(form: str) -> None:
    statement = (
        "from contextlib import redirect_stdout; import io; from analyzer.cli.main import program\n"
        f"sys.argv = 'dlmshark demo ln-wrapper {form}'.split()\n"
        "with redirect_stdout(io.StringIO()): program()"
    )
    assert _loaded(modules_after(statement), "scapy", "cryptography") == set()


@pytest.mark.parametrize("name", ["ln-wrapper", "hdlc-log"])
def test_lines_load_nothing_that_trees_or_processes_need(name: str) -> None:
    processes = {"subprocess", "multiprocessing", "threading", "analyzer.children", "analyzer.cli.turns"}
    trees = {"analyzer.detail", "analyzer.layer_forms", "analyzer.export.json_lines", "dissectors.node_text"}
    trees |= {"dissectors.text_json", "dissectors.text_layers", "dissectors.text_outline"}
    assert _loaded(_after_decode(name), *processes, *trees) == set()
    assert trees <= _after_decode(name, "--json", "--layers"), "these write trees"
    assert processes - {"multiprocessing"} <= _after_decode(name, "--workers", "2"), "these begin processes"


def _after_decode(name: str, *options: str) -> set[str]:
    path = next(str(one.path) for one in samples() if one.name == name)
    return modules_after(
        "from contextlib import redirect_stdout; import io; from analyzer.cli.main import program\n"
        f"sys.argv = {['dlmshark', 'decode', path, *options]}\n"
        "with redirect_stdout(io.TextIOWrapper(io.BytesIO(), 'utf-8')): program()"
    )


def _loaded(modules: set[str], *names: str) -> set[str]:
    return {module for module in modules if any(module == name or module.startswith(f"{name}.") for name in names)}
