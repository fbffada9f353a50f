"""Telegrams and sessions of the corpus say what their entries state."""

from __future__ import annotations

from pathlib import Path

from tests.corpus import telegrams, vectors


def test_every_entry_of_the_theme_is_decoded(corpus: Path) -> None:
    assert telegrams.is_complete(corpus)


def test_values_are_those_that_the_entries_state(corpus: Path) -> None:
    compared = telegrams.compared(corpus)
    wrong = {name: [one for one in found if one[1] != one[2]] for name, found in compared.items()}
    assert {name: found for name, found in wrong.items() if found} == {}
    assert sum(map(len, compared.values())) > 80


def test_no_password_of_a_session_is_shown(corpus: Path) -> None:
    for entry in telegrams.listed(corpus):
        if "prog-session" not in entry["id"]:
            continue
        records = vectors.decode(vectors.text_of(entry))
        secret = next(one.octets[5:-3].decode() for one in records if one.octets[1:3] == b"P1")
        (command,) = [one for one, line in zip(records, vectors.json_lines(records), strict=True) if _is_password(line)]
        line = vectors.json_lines([command])[0]
        del line["octets"]
        assert secret not in str(line), entry["id"]


def _is_password(line: dict[str, dict[str, str]]) -> bool:
    return line.get("message", {}).get("command", "")[:2] == "P1"
