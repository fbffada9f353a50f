"""Sequences aligned: short ones as difflib does, long ones in work that grows with their length."""

from __future__ import annotations

import random
from collections.abc import Sequence
from difflib import SequenceMatcher

import pytest

from analyzer.diagnosis import alignment
from analyzer.diagnosis.alignment import opcodes


def rebuilt(one: Sequence[int], other: Sequence[int]) -> list[int]:
    """Make *other* of *one*, and see that what is said to be equal is."""
    made: list[int] = []
    at = 0
    for kind, i, i_end, j, j_end in opcodes(one, other):
        assert (i, j) == (at, len(made))
        assert (kind == "equal") is (one[i:i_end] == other[j:j_end])
        assert (kind == "delete", kind == "insert") == (j == j_end, i == i_end)
        made += one[i:i_end] if kind == "equal" else other[j:j_end]
        at = i_end
    assert at == len(one)
    return made


@pytest.mark.parametrize("kinds", [2, 20, 5000])
@pytest.mark.parametrize("sizes", [(30, 40), (900, 700), (0, 2000), (3000, 1)])
def test_opcodes_make_the_other_of_the_one(kinds: int, sizes: tuple[int, int]) -> None:
    chance = random.Random(kinds)
    one, other = ([chance.randrange(kinds) for _ in range(size)] for size in sizes)
    assert rebuilt(one, other) == other
    assert rebuilt(one, one) == one


def test_short_sequences_are_aligned_as_difflib_does() -> None:
    chance = random.Random(1)
    one, other = ([chance.randrange(6) for _ in range(60)] for _ in range(2))
    assert list(opcodes(one, other)) == SequenceMatcher(None, one, other, autojunk=False).get_opcodes()


def test_what_is_missing_of_a_long_cycle_is_found_where_nothing_stands_once() -> None:
    one = [at % 7 for at in range(2000)]
    other = one[:500] + one[903:]
    assert sum(end - begin for kind, begin, end, *_ in opcodes(one, other) if kind == "equal") == len(other)


@pytest.mark.parametrize("kinds", [1, 3, 40, 10_000])
def test_work_grows_with_the_length(kinds: int, monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = 0

    class Counting(SequenceMatcher[int]):
        def find_longest_match(self, alo: int = 0, ahi: int | None = None, blo: int = 0, bhi: int | None = None):  # type: ignore[no-untyped-def]
            nonlocal pairs
            pairs += sum(len(self.b2j.get(item, ())) for item in self.a[alo:ahi])  # type: ignore[attr-defined]
            return super().find_longest_match(alo, ahi, blo, bhi)

    monkeypatch.setattr(alignment, "SequenceMatcher", Counting)
    work = []
    for length in (1000, 2000):
        chance, pairs = random.Random(kinds), 0
        one, other = ([chance.randrange(kinds) for _ in range(length)] for _ in range(2))
        list(opcodes(one, other))
        work.append(pairs)
    assert work[1] <= 3 * work[0] + 1000
