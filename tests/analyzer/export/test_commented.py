"""Packets written anew with comments."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.export.commented import Wanted, write_packets
from analyzer.session import Session
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


@pytest.mark.parametrize(
    ("name", "wanted", "kept"),
    [
        ("sn-hdlc", 48, {22, 24, 26, 28, 30, 32, 34, 36, 38, 40, 42, 44, 46, 48}),
        ("sn-hdlc", 46, {22, 24, 26, 28, 30, 32, 34, 36, 38, 40, 42, 44, 46, 48}),
        ("hdlc-segments", 45, {28, 29, 30, 34, 35, 39, 40, 41, 45}), ("sn-hdlc", 49, {49}),
    ],
)  # fmt: skip
def test_all_parts_of_a_transfer_are_kept(name: str, wanted: int, kept: set[int]) -> None:
    """Of segments within blocks, too."""
    found = Wanted()
    with open_source(str(sample_path(name))) as source:
        for record in Session(source).records():
            found.take(record, is_wanted=record.number == wanted)
    assert found.packets() == kept
