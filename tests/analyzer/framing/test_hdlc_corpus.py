"""Frames of real meters: healthy entries of the corpus give their frames and no noise, broken ones never raise."""

import tomllib
from collections.abc import Iterator
from pathlib import Path

from analyzer.framing.hdlc import HdlcFramer
from tests.analyzer.framing.build import octetwise, outline, run, units

JUNK = {"at-lg-e450-ir-stream-4-with-junk": 2}
"""Octets before the first frame, as the entry says."""


def lanes(entry: dict[str, object]) -> Iterator[list[bytes]]:
    """Give the reads of each direction of an entry."""
    if "hex" in entry:
        yield [bytes.fromhex(str(entry["hex"]))]
        return
    directions: dict[str, list[bytes]] = {}
    for line in entry["hex_lines"]:  # type: ignore[attr-defined]
        direction, _, octets = line.partition("|")
        directions.setdefault(direction, []).append(bytes.fromhex(octets))
    yield from directions.values()


def entries(corpus: Path, broken: bool) -> Iterator[dict[str, object]]:
    """Give the HDLC entries, healthy or broken."""
    for path in sorted((corpus / "vectors").glob("*.toml")):
        if (path.name == "broken.toml") is broken:
            for entry in tomllib.loads(path.read_text())["vector"]:
                if entry["transport"] in ("hdlc", "hdlc-session", "fragment", "raw") and (
                    broken or entry["transport"].startswith("hdlc")
                ):
                    yield entry


def test_healthy_entries_give_their_frames_and_no_noise(corpus: Path) -> None:
    seen = 0
    for entry in entries(corpus, broken=False):
        for reads in lanes(entry):
            found = run(HdlcFramer(), reads)
            noise = [one for one in found if one.link == "noise"]
            assert sum(len(one.octets) for one in noise) == JUNK.get(str(entry["id"]), 0), entry["id"]
            frames = [one for one in found if one.link == "hdlc"]
            expected = entry.get("expected", {})
            assert isinstance(expected, dict)
            assert len(frames) == expected.get("frames", len(reads)), (entry["id"], outline(found))
            assert not any(one.problem for one in frames), entry["id"]
            seen += 1
    assert seen > 100


def test_broken_entries_keep_every_octet_in_any_cut(corpus: Path) -> None:
    seen = 0
    for entry in entries(corpus, broken=True):
        for reads in lanes(entry):
            framer = HdlcFramer()
            found = run(framer, reads)
            octets = b"".join(reads)
            assert sum(len(one.octets) for one in found) + framer.idle_octets == len(octets), entry["id"]
            assert units(found) == units(run(HdlcFramer(), octetwise(octets))), entry["id"]
            seen += 1
    assert seen > 40


def test_broken_entries_give_the_good_frames_that_they_hold(corpus: Path) -> None:
    for entry in entries(corpus, broken=True):
        expected = entry.get("expected", {})
        assert isinstance(expected, dict)
        if expected.get("frames") and entry["transport"] == "hdlc":
            for reads in lanes(entry):
                found = [one for one in run(HdlcFramer(), reads) if one.link == "hdlc"]
                assert len(found) == expected["frames"], (entry["id"], outline(found))
