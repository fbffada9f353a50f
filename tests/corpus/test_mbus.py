"""The M-Bus entries of the corpus: every frame, every APDU joined from its segments, and what is said of the broken ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.corpus import vectors

BROKEN = {
    # as many octets as were captured of a frame: that it ends there, or lost octets, cannot be told
    "ams-sagemcom-gh143-3": [["capture-cut"]],
    # two frames of the line, then a buffer of the reader's firmware
    "ams-sagemcom-gh155-1": [["meter-quirk"], [], ["capture-cut", "capture-cut"]],
    "ams-sagemcom-gh155-2": [["meter-quirk"], [], ["mbus-length-wrong"]],
    "ams-sagemcom-gh155-3": [["capture-cut", "capture-cut"]],
    "ams-sagemcom-gh155-6": [["meter-quirk"], [], ["mbus-length-wrong"]],
    # a level converter drops octets: the next header stands inside the announced extent
    "ams-sagemcom-gh301-1": [["mbus-length-wrong"], ["capture-cut"]],
}
"""The codes of the notes, a list a record."""


def entries(corpus: Path, *, is_broken: bool) -> list[dict[str, Any]]:
    return [
        one for one in vectors.covered(corpus) if one["transport"] == "mbus" and (one["theme"] == "broken") is is_broken
    ]


def test_healthy_entries_give_the_stated_frames_and_closed_apdus(corpus: Path) -> None:
    found = entries(corpus, is_broken=False)
    assert len(found) == 8
    for entry in found:
        lines = vectors.json_lines(vectors.decode(vectors.text_of(entry)))
        expected = entry["expected"]
        assert [line["link"] for line in lines] == ["mbus"] * expected["frames"], entry["id"]
        assert {line["mbus"]["checksum"] for line in lines} == {"ok"}, entry["id"]
        assert {(line["client"], line["server"], line["direction"]) for line in lines} == {(103, 1, "unsolicited")}
        closed = [line["apdu"]["general-glo-ciphering"] for line in lines if line["kind"] == "apdu"]
        assert closed[0]["system-title"] == expected["system_title"], entry["id"]
        assert closed[0]["security-control"] == expected["security_control"], entry["id"]
        assert closed[0]["invocation-counter"] == int(expected["invocation_counter"], 16), entry["id"]
        whole = [line.get("parts", [line["number"]]) for line in lines if line["kind"] == "apdu"]
        assert [number for parts in whole for number in parts] == [line["number"] for line in lines], entry["id"]


def test_broken_entries_give_their_frames_and_say_what_is_wrong(corpus: Path) -> None:
    found = entries(corpus, is_broken=True)
    assert {entry["id"] for entry in found} == set(BROKEN)
    for entry in found:
        records = vectors.decode(vectors.text_of(entry))
        assert [record.link for record in records] == ["mbus"] * entry["expected"]["frames"], entry["id"]
        assert [[note.code for note in record.notes] for record in records] == BROKEN[entry["id"]], entry["id"]
