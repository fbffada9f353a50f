"""Whatever the product imports may be distributed together with GPL-2.0-only code."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import Distribution, distribution

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.project.checkout import ROOT

# Matched against one licence, not an expression. LGPL 3 and GPL 3 don't combine with "version 2 only", nor does Apache-2.0 alone.
COMPATIBLE = [
    r"(The )?MIT(-0|-CMU)?( License)?( \(MIT\))?",
    r"(Modified |New |Simplified )?[023]?-?(Clause )?BSD(-[0123]-Clause)?( License)?|BSD[ -][23]-Clause.*|0BSD",
    r"ISC( License.*)?|Zlib|Unlicense|CC0-1\.0",
    r"PSF(-2\.0)?|Python-2\.0|Python Software Foundation License",
    r"GPL-2\.0(-only|-or-later)?|GPLv2\+?|GNU General Public License v2( or later)? \(GPLv2\+?\)",
    r"LGPL-2\.[01](-only|-or-later|\+)?|LGPLv2(\.1)?\+?|GNU (Library or )?Lesser General Public License v2( or later)? \(LGPLv2\+?\)",
    r"MPL-2\.0|Mozilla Public License 2\.0 \(MPL 2\.0\)",
]
COMPATIBLE_LICENCE = re.compile("|".join(f"(?:{pattern})" for pattern in COMPATIBLE), re.IGNORECASE)


def is_compatible(licence: str) -> bool:
    """Whether an SPDX expression or the name of a licence leaves a way to combine with GPL-2.0-only."""
    text = licence.strip()
    if text.startswith("(") and text.endswith(")") and "(" not in text[1:]:
        text = text[1:-1]
    for joiner, verdict in ((r"\s+OR\s+", any), (r"\s+AND\s+", all)):
        parts = re.split(joiner, text)
        if len(parts) > 1:
            return verdict([is_compatible(part) for part in parts])
    return COMPATIBLE_LICENCE.fullmatch(text) is not None


def stated_licences(found: Distribution) -> list[str]:
    """What the metadata states, the most exact statement alone: expression, else classifiers, else the free line."""
    metadata = found.metadata
    expression = metadata.get("License-Expression")
    if expression:
        return [expression]
    prefix = "License :: "
    classifiers = [line.split(" :: ")[-1] for line in metadata.get_all("Classifier") or [] if line.startswith(prefix)]
    named = [line for line in classifiers if line != "OSI Approved"]
    if named:
        return named
    lines = (metadata.get("License") or "").strip().splitlines()
    return [lines[0].strip()] if lines else []


def product_closure() -> dict[str, Distribution]:
    """The distributions that the product's own dependencies bring, by name."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    waiting = [Requirement(line) for line in project["dependencies"]]
    closure: dict[str, Distribution] = {}
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        extras = ["", *requirement.extras]
        known = name in closure
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        closure[name] = distribution(name)
        if known and not requirement.extras:
            continue
        for line in closure[name].requires or []:
            inner = Requirement(line)
            if inner.marker is None or any(inner.marker.evaluate({"extra": extra}) for extra in extras):
                inner.marker = None
                waiting.append(inner)
    return closure


def test_dependencies_have_compatible_licences() -> None:
    closure = product_closure()
    assert len(closure) >= 8
    stated = {name: stated_licences(found) for name, found in closure.items()}
    # Several classifiers without an expression read as a choice: that is how dual licences are listed.
    assert {name: lines for name, lines in stated.items() if not any(is_compatible(line) for line in lines)} == {}


@pytest.mark.parametrize(
    ("licence", "verdict"),
    [
        ("MIT", True),
        ("BSD-3-Clause", True),
        ("Apache-2.0 OR BSD-3-Clause", True),
        ("(Apache-2.0 OR MIT)", True),
        ("GPL-2.0-only", True),
        ("MIT AND PSF-2.0", True),
        ("Apache-2.0", False),
        ("Apache Software License", False),
        ("MIT AND Apache-2.0", False),
        ("LGPL-3.0-only", False),
        ("GPL-3.0-or-later", False),
        ("Other/Proprietary License", False),
        ("", False),
    ],
)
def test_licence_is_judged_by_its_name(licence: str, verdict: bool) -> None:
    assert is_compatible(licence) is verdict


def test_licence_file_is_the_one_the_metadata_names() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["license"] == "GPL-2.0-only"
    assert "GNU GENERAL PUBLIC LICENSE\n                       Version 2, June 1991" in (ROOT / "LICENSE").read_text()
