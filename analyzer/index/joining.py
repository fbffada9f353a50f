"""The shares of a capture put together again: rows, numbers and words as one process would have given them.

A row is final once all shares are past its place in the capture; what came until then waits.
"""

from __future__ import annotations

import io
import json
import pickle
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from analyzer.index.crossing import UnsharedError, check_crossing
from analyzer.index.file import COLUMNS, JSON, LAST, PLACES, RECORDS
from analyzer.index.indexing import Told
from analyzer.index.late_notes import MOST_WAITING
from analyzer.index.said import Said, in_order
from analyzer.pipeline import AT_END, MOST_CONVERSATIONS
from analyzer.pipeline import MOST_WAITING as MOST_HELD
from analyzer.record import End
from analyzer.table.words import NO_MARKS, Marks, Path, Subject, Words
from analyzer.tracking.object_model import MOST_METERS
from analyzer.tracking.transfers import LONGEST_WAIT
from analyzer.tracking.transfers import MOST as MOST_TRANSFERS

if TYPE_CHECKING:
    import polars

READY = 65536
"""Rows that are put together at once, where there are so many."""
_DENSE = MOST_HELD - 256
_FACTS = ("left_aside", "stacks")


class Joined(NamedTuple):
    """Some rows, final, and what came with them."""

    frame: polars.DataFrame
    makers: bytes
    """Who made each of them, an octet each."""
    paths: list[Path]
    subjects: list[Subject]
    marks: list[Marks]
    late_marks: list[tuple[int, int, int]]
    taught: dict[tuple[str, Any], list[int]]
    ends: list[End]


class Sink(Protocol):
    """What takes the rows that are put together."""

    def join(self, rows: Joined) -> None:
        """Take the next rows."""

    def pass_on(self, share: int, content: bytes) -> None:
        """Take a block of records of a share."""


class Joining:
    """Puts shares together, entry by entry, and gives *sink* what is final."""

    def __init__(self, shares: int, sink: Sink) -> None:
        self._shares = [Said() for _ in range(shares)]
        self._sink = sink
        self.records = 0
        """Those that are final."""
        self._paths, self._subjects, self._marks = Words[Path](), Words[Subject](), Words[Marks]()
        self._words: dict[str, Words[Any]] = {"path": self._paths, "subject": self._subjects, "marks": self._marks}
        self._marks.add(NO_MARKS, NO_MARKS)
        self._conversations = self._associations = 0
        self._meters: dict[tuple[str, Any], int] = {}
        self._shared_meters: set[tuple[str, Any]] = set()
        self._taught: set[tuple[str, Any]] = set()
        self._newest: polars.Series | None = None
        """The places of the newest rows."""
        self._is_dense = False
        """Whether there are more records in few packets than one process would let wait."""

    # -- what comes -----------------------------------------------------------------------------------------------

    def take(self, share: int, kind: bytes, content: bytes) -> bool:
        """Take what a share said. Tells whether a batch of it is whole. Raises: UnsharedError."""
        one = self._shares[share]
        if kind == RECORDS:
            self._sink.pass_on(share, content)
        elif kind == PLACES:
            one.coming.frombytes(content)
        elif kind == COLUMNS:
            import polars

            one.add(polars.read_ipc(io.BytesIO(content)))
        elif kind == LAST:
            last = pickle.loads(content)  # our own process said it
            if isinstance(last, str):
                raise UnsharedError(last)
            one.last = last
        elif kind == JSON:
            members = json.loads(content)
            if "batch" in members:
                one.end_batch(Told(*members["batch"]))
                return True
            taught = one.take(members)
            self._check_meters(share, members.get("meters", ()), taught)
        return False

    def _check_meters(self, share: int, met: Sequence[Sequence[Any]], taught: set[tuple[str, Any]]) -> None:
        """Look whether several shares meet a meter of which something was learnt. Raises: UnsharedError."""
        self._taught |= taught
        for end, server in met:
            if self._meters.setdefault((end, server), share) != share:
                self._shared_meters.add((end, server))
        if self._shared_meters & self._taught:
            raise UnsharedError("several clients ask one meter")
        if len(self._meters) >= MOST_METERS:
            raise UnsharedError("too many meters are in it")

    # -- what is final --------------------------------------------------------------------------------------------

    @property
    def told(self) -> Told:
        """Say how far it is, by what is final and by the share that is furthest back."""
        tolds = [one.told for one in self._shares]
        return Told(
            0, self.records, min(one.offset for one in tolds), tolds[0].size, tolds[0].packets, tolds[0].octets,
            sum(one.warnings for one in tolds), sum(one.errors for one in tolds), max(one.digits for one in tolds),
            all(one.is_done for one in tolds),
        )  # fmt: skip

    @property
    def waiting(self) -> int:
        """Count the rows that can be put together."""
        behind = min(one.behind for one in self._shares)
        return sum(one.ready(behind) for one in self._shares)

    def join(self) -> None:
        """Put together what is final."""
        import polars

        behind = min(one.behind for one in self._shares)
        self._conversations = in_order(self._shares, "began", "conversations", behind, self._conversations)
        self._associations = in_order(self._shares, "begun", "associations", behind, self._associations)
        cut = [one.cut(behind) for one in self._shares]
        places = polars.concat([part.places for part in cut])
        of = b"".join(bytes((share,)) * len(part.places) for share, part in enumerate(cut))
        makers = polars.Series(of, dtype=polars.UInt8)
        order = (
            polars.LazyFrame({"place": places, "maker": makers})
            .with_row_index("at")
            .sort("place", maintain_order=True)
            .with_row_index("number", offset=self.records + 1)
            .collect()
        )
        self._check_density(order.get_column("place"))
        numbers = order.lazy().select("at", "number").sort("at").select("number").collect().get_column("number")
        at = 0
        for one, part in zip(self._shares, cut, strict=True):
            one.number(numbers.slice(at, len(part.places)))
            at += len(part.places)
        self.records += len(places)
        late = sorted(found for share, one in enumerate(self._shares) for found in one.late_marks(share))
        self._name([part.frame for part in cut], late)
        frame = polars.concat([one.renumbered(part.frame) for one, part in zip(self._shares, cut, strict=True)])
        taught: dict[tuple[str, Any], list[int]] = {}
        for one in self._shares:
            for number, key in one.lessons():
                taught.setdefault(key, []).append(number)
        ends = sorted((found for one in self._shares for found in one.finished(behind)), key=lambda found: found[0])
        marks = [(row, self._shares[share].codes["marks"][code], by) for by, row, share, code in late]
        self._sink.join(
            Joined(
                frame[order.get_column("at")], bytes(order.get_column("maker").to_list()), self._paths.untold(),
                self._subjects.untold(), self._marks.untold(), marks, taught, [end for _, end in ends],
            )
        )  # fmt: skip

    def _name(self, frames: list[polars.DataFrame], late: list[tuple[int, int, int, int]]) -> None:
        """Give words that no row had before their places, in the order in which rows have them."""
        found = [
            (number, 0, share, name, code)
            for share, (one, frame) in enumerate(zip(self._shares, frames, strict=True))
            for name, number, code in one.new_words(frame)
        ]
        found += [(by + 1, 1, share, "marks", code) for by, _, share, code in late]
        for _, _, share, name, code in sorted(found):
            one = self._shares[share]
            word: Any = one.word(name, code)
            one.codes[name][code] = self._words[name].add(word, word)

    def _check_density(self, places: polars.Series) -> None:
        """Look whether there are more records in some packets than may be held back."""
        import polars

        whole = places if self._newest is None else polars.concat([self._newest, places])
        self._newest = whole.tail(_DENSE)
        if len(whole) > _DENSE and not self._is_dense:
            distance = polars.col("place").shift(-_DENSE) - polars.col("place")
            is_dense = (distance.min() <= LONGEST_WAIT).fill_null(False)
            self._is_dense = whole.to_frame().filter(polars.col("place") < AT_END).select(is_dense).item()

    def finish(self) -> dict[str, Any]:
        """Give what the shares said at their ends. Raises: UnsharedError where they are not what one process sees."""
        lasts = [one.last for one in self._shares if one.last is not None]
        transfers = sum(one.transfers for one in lasts)
        if sum(one.flows for one in lasts) >= 2 * MOST_CONVERSATIONS or transfers >= MOST_TRANSFERS:
            raise UnsharedError("too many connections are open at once")
        if sum(one.late_notes for one in lasts) >= MOST_WAITING or (self._is_dense and transfers):
            raise UnsharedError("too many records wait at once")
        check_crossing(one.crossing for one in lasts if one.crossing is not None)
        facts = dict(self._shares[0].facts)
        shares = [one.facts for one in self._shares]
        facts |= {name: _sum(one[name] for one in shares) for name in _FACTS}
        outcomes = [one["connections"] for one in shares]
        facts["connections"] = {name: _sum(one[name] for one in outcomes) for name in outcomes[0]}
        facts["forgotten"] = sum(one.facts["forgotten"] for one in self._shares)
        facts["told"] = self.told
        return facts

    @property
    def last(self) -> Any:
        """What the first share said at its end."""
        return self._shares[0].last


def _sum(counts: Iterable[dict[str, int]]) -> dict[str, int]:
    return dict(sum(map(Counter, counts), Counter[str]()))
