"""Packets written anew with comments."""

from __future__ import annotations

from pathlib import Path

from analyzer.export.commented import write_packets
from captures import open_source
from captures.samples import sample_path


def test_packets_are_written_with_their_octets_times_and_comments(tmp_path: Path) -> None:
    name, path = str(sample_path("ln-wrapper")), tmp_path / "kept.pcapng"
    with open_source(name) as source:
        before = list(source)
    wanted = {before[4].number, before[7].number}
    assert write_packets([name], path, wanted, {before[7].number: "the clock is wrong"}) == 2
    with open_source(str(path)) as source:
        after = list(source)
        comments = dict(source.comments)
    assert [(one.time_ns, one.octets, one.link_type) for one in after] == [
        (one.time_ns, one.octets, one.link_type) for one in (before[4], before[7])
    ]
    assert comments == {2: ["the clock is wrong"]}
