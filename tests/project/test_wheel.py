"""The wheel: what it holds, and that it runs where nothing of the checkout is."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest
from hatchling.builders.sdist import SdistBuilder

from tests.project.checkout import PACKAGES, ROOT, files


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    _run([sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)], ROOT)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def scripts(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The script folder of an otherwise empty environment with the wheel in it; the dependencies are lent by this one."""
    home = tmp_path_factory.mktemp("environment")
    _run([sys.executable, "-m", "venv", "--without-pip", str(home)], home)
    scripts = home / ("Scripts" if os.name == "nt" else "bin")
    python = scripts / "python"
    _run([sys.executable, "-m", "pip", "--python", str(python), "install", "--no-deps", "--no-index", str(wheel)], home)
    site = _run([str(python), "-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])"], home).strip()
    # A path line of a .pth lends the packages without running the .pth files there, the editable install's among them.
    (Path(site) / "lent.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    return scripts


def test_wheel_holds_the_three_packages_and_no_more(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        tops = {name.partition("/")[0] for name in archive.namelist()}
    assert {name for name in tops if not name.endswith(".dist-info")} == set(PACKAGES)
    assert len(tops) == len(PACKAGES) + 1


def test_wheel_holds_every_file_of_the_packages_that_git_has(wheel: Path) -> None:
    listed = subprocess.run(["git", "ls-files", "-z", *PACKAGES], cwd=ROOT, capture_output=True, text=True, check=True)
    tracked = {name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()}
    with zipfile.ZipFile(wheel) as archive:
        assert tracked - set(archive.namelist()) == set()


def test_source_distribution_holds_every_file_that_git_has() -> None:
    of_itself = {"pyproject.toml", ".gitignore"}
    assert {str(one) for one in files()} - of_itself - set(_in_source_distribution(ROOT)) == set()


def test_source_distribution_leaves_environments_beside_it_out(tmp_path: Path) -> None:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for folder in ("tests", "venv-3.13/lib/tests", "venv-3.13/docs"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "one.py").touch()
    assert [one for one in _in_source_distribution(tmp_path) if one.endswith("one.py")] == ["tests/one.py"]


def _in_source_distribution(root: Path) -> list[str]:
    return [one.distribution_path for one in SdistBuilder(str(root)).recurse_included_files()]


def test_packages_in_an_empty_environment_are_the_wheels_own(scripts: Path, tmp_path: Path) -> None:
    code = "import analyzer, dissectors, captures; print(*(m.__file__ for m in (analyzer, dissectors, captures)), sep='\\n')"
    places = _run([str(scripts / "python"), "-c", code], tmp_path).split()
    assert [place for place in places if not Path(place).is_relative_to(scripts.parent)] == []


def test_help_in_an_empty_environment_names_the_commands(scripts: Path, tmp_path: Path) -> None:
    assert "decode" in _run([str(scripts / "dlmshark"), "--help"], tmp_path)


def test_demo_in_an_empty_folder_decodes_and_leaves_nothing_behind(scripts: Path, tmp_path: Path) -> None:
    lines = _run([str(scripts / "dlmshark"), "demo"], tmp_path).splitlines()
    assert any("GET" in line for line in lines), lines
    assert list(tmp_path.iterdir()) == []


def _run(command: list[str], folder: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "DLMSHARK_"))}
    run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=180)
    assert run.returncode == 0, f"{command} ended with {run.returncode}:\n{run.stdout}\n{run.stderr}"
    return run.stdout
