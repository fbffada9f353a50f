"""What is sought in a file that was written is found wherever it stands, and the file is read once for all of it."""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.cli import share
from analyzer.pipeline import Pipeline
from analyzer.record import Record
from analyzer.rewrite import remains
from analyzer.rewrite import share as rewriting
from analyzer.rewrite.pseudonyms import Pseudonyms
from analyzer.rewrite.remains import standing
from analyzer.rewrite.share import ShareSafe
from tests.analyzer.tracking.build import ASKED, ListSource, Said, answered, asked, chunk, length, wrapped
from tests.captures.build import ipv4, udp

FEW = st.binary(min_size=8, max_size=30).map(lambda octets: bytes(one % 3 for one in octets))
"""Strings of three octets: they stand in each other, and overlap."""
RAW_IP = 101
COUNT = 40
"""Transfers."""


def plainly(octets: bytes, sought: set[bytes]) -> list[tuple[int, bytes]]:
    return sorted((at, one) for one in sought for at in range(len(octets)) if octets.startswith(one, at))


@given(st.sets(FEW | st.binary(min_size=8, max_size=40), max_size=8), st.data())
def test_each_is_found_wherever_it_stands(sought: set[bytes], data: st.DataObject) -> None:
    parts = st.sampled_from(sorted(sought)) if sought else st.nothing()
    octets = b"".join(data.draw(st.lists(parts | FEW | st.binary(max_size=9), max_size=12)))
    assert sorted(standing(BytesIO(octets), sought)) == plainly(octets, sought)


@pytest.mark.parametrize("at", range(50, 66))
def test_what_lies_across_two_chunks_is_found(at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remains, "_CHUNK", 64)
    sought = {b"MTR84470316", b"4447031600000000"}
    for one in sought:
        octets = bytes(at) + one + bytes(80)
        assert list(standing(BytesIO(octets), sought)) == [(at, one)]


def test_what_is_too_short_to_be_sought_is_no_silent_miss() -> None:
    with pytest.raises(ValueError, match="at least 8 octets"):
        list(standing(BytesIO(b"1234567"), [b"1234567"]))


def written(path: Path, names: dict[bytes, bytes], octets: bytes) -> ShareSafe:
    made = ShareSafe(Pseudonyms(b"of this test"))
    made.names.replaced.update(names)
    path.write_bytes(octets)
    return made


def test_longer_names_are_mended_first_and_what_a_new_name_completes_is_too(tmp_path: Path) -> None:
    """A name that was made and is that of a meter that came earlier was left, and nothing was written."""
    path = tmp_path / "x"
    names = {b"MTR00000001": b"MTR55555555", b"MTR00000002": b"MTR00000001", b"XMTR00000002X": b"YMTR99999999Y"}
    made = written(path, names, b"-XMTR00000002X-MTR00000002-MTR00000001-")
    share._mend(path, made)
    assert path.read_bytes() == b"-YMTR99999999Y-MTR55555555-MTR55555555-"
    assert made.outcome.mended == 4 and share._left(path, made, None) == 0


@pytest.mark.parametrize("count", [10, 1000])
def test_file_is_read_once_however_many_names_were_replaced(
    count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was searched from end to end for each name: an export of 100,000 packets took minutes."""
    path = tmp_path / "x"
    size = 300_000
    made = written(path, {b"MTR%08d" % one: b"NAM%08d" % one for one in range(count)}, b"\x30\x31" * (size // 2))
    compared = 0

    class Octets(bytes):
        def __contains__(self, one: object) -> bool:
            nonlocal compared
            compared += len(self)
            return bytes.__contains__(self, one)  # type: ignore[arg-type]

    class File(BytesIO):
        def read(self, most: int | None = -1, /) -> bytes:
            nonlocal compared
            octets = super().read(most)
            compared += len(octets)
            return octets

    monkeypatch.setattr(Path, "read_bytes", lambda self: Octets(b"\x30\x31" * (size // 2)))
    monkeypatch.setattr(Path, "open", lambda self, *words: File(b"\x30\x31" * (size // 2)))
    share._mend(path, made)
    assert share._left(path, made, None) == 0
    assert compared <= 2.1 * size


def block(number: int, is_last: bool, raw: bytes) -> Said:
    head = b"\xc4\x02\xc1" + bytes((is_last,)) + number.to_bytes(4, "big") + b"\0"
    return answered(head + length(len(raw)) + raw)


def over_udp(said: list[Said], client: int) -> list[bytes]:
    meter, host = bytes((198, 51, 100, 7)), bytes((192, 0, 2, client))
    return [
        ipv4(udp(octets, ports=(50000, 4059)), 17, addresses=host + meter)
        if direction == ASKED
        else ipv4(udp(octets, ports=(4059, 50000)), 17, addresses=meter + host)
        for direction, octets in wrapped(said)
    ]


def test_transfer_that_never_completes_does_not_slow_those_behind_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """All records behind it wait, and each transfer among them went through all of them for its blocks."""
    request = asked(bytes.fromhex("C001C100070100630100FF0200"))
    packets = over_udp([request, block(1, False, bytes.fromhex("0102120001"))], client=1)
    for number in range(COUNT):
        packets += over_udp([
            request,
            block(1, False, bytes.fromhex("0102090C") + b"MTR%09d" % number),
            asked(bytes.fromhex("C002C100000001")),
            block(2, True, bytes.fromhex("120001")),
        ], client=2)  # fmt: skip
    chunks = [chunk(number, octets, link_type=RAW_IP) for number, octets in enumerate(packets, 1)]
    records = list(Pipeline().run(ListSource(chunks)))
    records[1].incomplete = None  # as it is while others still come
    looked = 0
    blocks_of = rewriting._blocks_of

    def counted(record: Record, before: Iterable[Record]) -> list[Record]:
        nonlocal looked
        given = list(before)
        looked += len(given) if record.assembled is not None else 0
        return blocks_of(record, given)

    monkeypatch.setattr(rewriting, "_blocks_of", counted)
    made = ShareSafe(Pseudonyms(b"of this test"))
    octets = b"".join(made.blocks(records))
    assert made.outcome.blanked == {"parts of transfers": 1} and len(made.names.replaced) == COUNT
    assert b"MTR%09d" % 5 not in octets
    assert looked <= 6 * COUNT
