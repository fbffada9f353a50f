"""What one share of a capture has said, as far as it is not put together with the others, and its own numbers."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from analyzer.index.indexing import Told
from analyzer.record import End
from analyzer.table.table import frame_of
from analyzer.table.words import Marks, Path, Subject, marks_from, path_from, subject_from

if TYPE_CHECKING:
    import polars

    from analyzer.index.share import Last

_WORDS: dict[str, tuple[str, Callable[[Sequence[Any]], Path | Subject | Marks]]] = {
    "paths": ("path", path_from),
    "subjects": ("subject", subject_from),
    "marks": ("marks", marks_from),
}
"""What a share calls them: the column that names them, and how one is read."""
One = TypeVar("One")


class Cut(NamedTuple):
    """Rows that are put together next, with their places in the capture."""

    frame: polars.DataFrame
    places: polars.Series


class Said:
    """What a share has said."""

    def __init__(self) -> None:
        self.places = array("q")
        """Of the records that wait."""
        self.coming = array("q")
        """Of those of a batch that is not whole."""
        self._past = 0
        self._frames: deque[polars.DataFrame] = deque()
        self.behind = 0
        """All of this share up to this place was said."""
        self.told = Told(0, 0, 0, None, 0, 0, 0, 0, 0)
        self.facts: dict[str, Any] = {}
        self.last: Last | None = None
        self._joined = 0
        """Its records that are final."""
        self._numbers: polars.Series | None = None
        """By its number of a record, from the first, the one that it has among all."""
        self._words: dict[str, list[Path | Subject | Marks]] = {column: [] for column, _ in _WORDS.values()}
        self.codes: dict[str, array[int]] = {column: array("q") for column in self._words}
        """By the place of a word with it, the one among all; -1 where no row had it yet."""
        self.began: deque[int] = deque()
        self.begun: deque[int] = deque()
        """Where conversations and associations began that have no number among all yet."""
        self.conversations, self.associations = array("I"), array("I")
        """By its numbers, from the first, those among all."""
        self._taught: deque[tuple[int, tuple[str, Any]]] = deque()
        self._late: deque[tuple[int, int, int]] = deque()
        self._ends: deque[tuple[int, End]] = deque()

    # -- what comes -----------------------------------------------------------------------------------------------

    def add(self, frame: polars.DataFrame) -> None:
        """Take rows."""
        self._frames.append(frame)

    def take(self, members: dict[str, Any]) -> set[tuple[str, Any]]:
        """Take members of JSON. Returns the meters of which something was learnt."""
        for name, (column, read) in _WORDS.items():
            words = [read(form) for form in members.pop(name, ())]
            self._words[column] += words
            self.codes[column].extend([-1] * len(words))
        if self.codes["marks"]:
            self.codes["marks"][0] = 0
        self._past = members.pop("behind", self._past)
        self.began += members.pop("began", ())
        self.begun += members.pop("associations", ())
        if "rows" in members:
            self.add(frame_of(list(map(tuple, members.pop("rows")))))
        found = [(number, (end, server)) for end, server, numbers in members.pop("taught", ()) for number in numbers]
        self._taught += sorted(found, key=lambda one: one[0])
        self._late += map(tuple, members.pop("late_marks", ()))
        self._ends += zip(members.pop("ends_at", ()), map(End._make, members.pop("ends", ())), strict=True)
        self.facts |= {name: fact for name, fact in members.items() if name != "meters"}
        return {key for _, key in found}

    def end_batch(self, told: Told) -> None:
        """A batch is whole."""
        self.told, self.behind = told, self._past
        self.places += self.coming
        self.coming = array("q")

    # -- what is final --------------------------------------------------------------------------------------------

    def ready(self, behind: int) -> int:
        """Count the rows up to the place *behind*."""
        return bisect_right(self.places, behind)

    def cut(self, behind: int) -> Cut:
        """Give the rows up to the place *behind*, which wait no longer."""
        import polars

        count = self.ready(behind)
        places = polars.Series("place", self.places[:count], polars.Int64)
        del self.places[:count]
        frames = [frame_of([])]
        while count:
            frame = self._frames.popleft()
            if frame.height > count:
                self._frames.appendleft(frame.slice(count))
                frame = frame.head(count)
            frames.append(frame)
            count -= frame.height
        return Cut(polars.concat(frames), places)

    def number(self, numbers: polars.Series) -> None:
        """Take the numbers of its next rows."""
        self._joined += len(numbers)
        self._numbers = numbers.clone() if self._numbers is None else self._numbers.extend(numbers)

    def called(self, number: int) -> int:
        """Give the number among all of its record *number*; 0 is none."""
        assert self._numbers is not None
        return int(self._numbers[number - 1]) if number else 0

    def renumbered(self, frame: polars.DataFrame) -> polars.DataFrame:
        """Give *frame* with the numbers among all."""
        import polars

        if not frame.height:
            return frame
        assert self._numbers is not None
        by_number = {"request": self._numbers, "association": polars.Series(self.associations)}
        columns = [
            polars.lit(numbers).gather(polars.col(name) - 1).cast(polars.UInt32).alias(name)
            for name, numbers in by_number.items()
            if len(numbers)
        ]
        columns += [
            polars.lit(polars.Series(codes)).gather(polars.col(name)).cast(polars.UInt32).alias(name)
            for name, codes in self.codes.items()
        ]
        return frame.with_columns(columns)

    def new_words(self, frame: polars.DataFrame) -> Iterator[tuple[str, int, int]]:
        """Give the words that the last rows, *frame*, have first: column, number of the row, place of the word."""
        import polars

        if not frame.height or self._numbers is None or not any(-1 in codes for codes in self.codes.values()):
            return
        numbers = self._numbers.slice(self._joined - frame.height)
        for name, codes in self.codes.items():
            if -1 in codes:
                is_new = polars.lit(polars.Series(codes)).gather(polars.col(name)) < 0
                found = frame.select(polars.lit(numbers).alias("number"), name).filter(is_new)
                for number, code in found.unique(name, keep="first", maintain_order=True).iter_rows():
                    yield name, number, code

    def word(self, column: str, code: int) -> Path | Subject | Marks:
        """Give a word as it is among all."""
        word = self._words[column][code]
        return word._replace(conversation=self.conversations[word.conversation - 1]) if isinstance(word, Path) else word

    def late_marks(self, share: int) -> Iterator[tuple[int, int, int, int]]:
        """Give the rows, from 0, that got other marks by a row that is final: that row, theirs, *share*, place."""
        for row, code, by in _until(self._late, lambda one: one[2] < self._joined):
            yield self.called(by + 1) - 1, self.called(row + 1) - 1, share, code

    def lessons(self) -> Iterator[tuple[int, tuple[str, Any]]]:
        """Give the records that are final and teach something, and about whom."""
        for number, key in _until(self._taught, lambda one: one[0] <= self._joined):
            yield self.called(number), key

    def finished(self, behind: int) -> Iterator[tuple[int, End]]:
        """Give the ends of connections up to the place *behind*, with their places."""
        for place, end in _until(self._ends, lambda one: one[0] <= behind):
            number = self.conversations[end.conversation - 1]
            yield place, end._replace(conversation=number, after=self.called(end.after))


def in_order(shares: Sequence[Said], waiting: str, numbers: str, behind: int, before: int) -> int:
    """Number what began up to the place *behind* in the order of places, behind *before*. Returns the last number."""
    found = [
        (place, share)
        for share, one in enumerate(shares)
        for place in _until(getattr(one, waiting), lambda place: bool(place <= behind))
    ]
    for _, share in sorted(found):
        before += 1
        getattr(shares[share], numbers).append(before)
    return before


def _until(waiting: deque[One], is_final: Callable[[One], bool]) -> Iterator[One]:
    """Take the first ones out of *waiting* that are final."""
    while waiting and is_final(waiting[0]):
        yield waiting.popleft()
