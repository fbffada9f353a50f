"""Times as text: a span in milliseconds, and the day of its end only where that is another one."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from analyzer.export.times import span_text

SECOND = 1_000_000_000
BEGIN = int(datetime(2026, 3, 4, 23, 59, 58, tzinfo=UTC).timestamp()) * SECOND + 87_868_215


@pytest.mark.parametrize(
    ("lasts", "digits", "said"),
    [
        (0, 9, "2026-03-04 23:59:58.087"),
        (900_000, 9, "2026-03-04 23:59:58.087 to 23:59:58.088"),
        (100, 9, "2026-03-04 23:59:58.087"),
        (SECOND, 6, "2026-03-04 23:59:58.087 to 23:59:59.087"),
        (2 * SECOND, 6, "2026-03-04 23:59:58.087 to 2026-03-05 00:00:00.087"),
        (SECOND, 0, "2026-03-04 23:59:58 to 23:59:59"),
        (SECOND, 1, "2026-03-04 23:59:58.0 to 23:59:59.0"),
    ],
)
def test_span(lasts: int, digits: int, said: str) -> None:
    assert span_text(BEGIN, BEGIN + lasts, digits, utc=True) == said
