"""Text folded between words is what ``textwrap`` makes of it."""

from __future__ import annotations

import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.export.folding import folded

words = st.text("abé-.,…", max_size=12) | st.text("ab", min_size=30, max_size=60)
texts = st.lists(words, max_size=40).map(" ".join) | st.text("ab \t\n\xa0", max_size=80)


@given(text=texts, width=st.integers(20, 60), size=st.integers(0, 12))
def test_text_is_folded_as_textwrap_does(text: str, width: int, size: int) -> None:
    first, rest = ">" * (size // 2), " " * size
    assert folded(text, width, first, rest) == textwrap.wrap(
        text, width, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False
    )


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("电表 时间 电表", [">电表", " 时间", " 电表"]),
        ("a 电表时间电表", [">a 电表", " 时间电", " 表"]),
        ("电表时间 ab cd", [">电表时", " 间 ab", " cd"]),
        ("e\u0301e\u0301e\u0301 ab cd", [">e\u0301e\u0301e\u0301 ab", " cd"]),
        ("电表  ab\u3000cd", [">电表", " ab cd"]),
        ("电电 aa e\u0301e\u0301", [">电电", " aa e\u0301e\u0301"]),
    ],
)
def test_lines_are_as_wide_as_the_cells_of_a_terminal(text: str, lines: list[str]) -> None:
    assert folded(text, 7, ">", " ") == lines


def test_line_may_be_as_wide_as_there_is_room() -> None:
    assert folded("aaa bbb cc", 7, "", " ") == ["aaa bbb", " cc"]
    assert folded("aaa bbbb cc", 7, "", " ") == ["aaa", " bbbb", " cc"]


@pytest.mark.parametrize("rest", ["", "  ", "    "])
@pytest.mark.parametrize("text", ["电表", "电表时间 a 电表", "e\u0301e\u0301"])
def test_wide_characters_find_no_room_and_none_is_lost(text: str, rest: str) -> None:
    lines = folded(text, 2, "", rest)
    assert all(line.strip() for line in lines)
    assert "".join(line.strip() for line in lines) == text.replace(" ", "")
