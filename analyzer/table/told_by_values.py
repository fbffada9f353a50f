"""Rows that say of no object what they are about, for it stands in their values alone: messages of text, and pushes.

What they hold is looked up in the records, where a question is about objects; a capture without them is asked nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.record import APDU, MESSAGE
from analyzer.table.words import Path, Subject
from analyzer.tracking.plans import PUSH

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars


def are_told_by_values(path: Path, subject: Subject) -> bool:
    """Tell whether the objects of a record of that path stand in its values alone."""
    return not subject.objects and (_is_text(path) or (path.kind == APDU and subject.service == PUSH))


def _is_text(path: Path) -> bool:
    return path.kind == MESSAGE


class ToldByValues:
    """Finds such rows in a table whose lists grow."""

    def __init__(self) -> None:
        self._paths: list[bool] = []
        self._subjects: list[bool] = []

    def rows(
        self, frame: polars.DataFrame, paths: Sequence[Path], subjects: Sequence[Subject]
    ) -> polars.Series | None:  # fmt: skip
        """Tell of each row of *frame* whether it is one; None where none is."""
        self._paths += map(_is_text, paths[len(self._paths) :])
        self._subjects += [one.service == PUSH and not one.objects for one in subjects[len(self._subjects) :]]
        if not any(self._paths) and not any(self._subjects):
            return None
        import polars

        of_text, of_pushes = polars.Series(self._paths), polars.Series(self._subjects)
        kinds = polars.Series([one.kind == APDU for one in paths])
        by_path, by_subject = frame.get_column("path"), frame.get_column("subject")
        found = of_text.gather(by_path) | (of_pushes.gather(by_subject) & kinds.gather(by_path))
        return found if found.any() else None
