"""The parts of a filter to what decides: masks over columns where those tell, and one record at a time where not.

Both ask the same tests of the same values. A mask has three answers: yes, no, and "only the record itself knows".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from enum import Flag, auto
from functools import reduce
from operator import and_, or_
from typing import TYPE_CHECKING, Any, NamedTuple

from analyzer.filter.asking import EQUALITY, Test, Texts
from analyzer.filter.bare import bare_terms
from analyzer.filter.elsewhere import instead_of_name
from analyzer.filter.fields import FIELDS, Deep, Field, Kind, Source, field_of, values_of
from analyzer.filter.grammar import Bare, Comparison, FilterError, Joined, Literal, Negated, Part, parse
from analyzer.filter.literals import is_short_code, test_of
from analyzer.filter.names import is_tree_name, nearest, node_values
from analyzer.filter.vocabulary import check_words
from analyzer.table.table import Groups, Row, Table

if TYPE_CHECKING:
    import polars

Asked = Callable[[Row, "Deep"], bool]


class Mask(NamedTuple):
    """Which rows pass for sure, and which may."""

    sure: polars.Series
    maybe: polars.Series


class Asks(Flag):
    """What a filter asks for that a row alone may not hold."""

    RECORD = auto()
    """The record itself."""
    NOTES = auto()
    """Notes, some of which a record gets only with its values."""
    BEFORE = auto()
    """The records before one: it has to see all of them in order."""
    NUMBERS = auto()
    """Numbers that an object has where it is no short name: class, attribute, method."""
    NAMES = auto()
    """What records are about, which for short names the list of their meter tells."""


_NOTHING = Asks(0)


class Decider:
    """Decides on records."""

    asks = _NOTHING

    def one(self, row: Row, deep: Deep) -> bool:
        """Decide on one record."""
        raise NotImplementedError

    def mask(self, frame: polars.DataFrame, table: Table) -> Mask:
        """Decide on the rows of *frame*, a part of *table*'s."""
        raise NotImplementedError


class Term(Decider):
    """One comparison of one field; without a test it asks whether the field is there."""

    def __init__(self, field: Field, test: Test | None, *, wants_all: bool = False) -> None:
        self.field, self.test = field, test
        self._wants_all = wants_all
        self.asks = _asks_of(field, is_compared=test is not None)
        self._needed = Term(FIELDS["note"], Texts([field.needs], "==", None)) if field.needs else None
        self._groups: Groups | None = None
        self._answers: list[bool] = []
        self._asked: dict[Any, bool] = {}

    def passes(self, values: Iterable[Any]) -> bool:
        """Decide on the values of a field: ``!=`` asks all of them, everything else whether one fits."""
        if self.test is None:
            return any(True for _ in values)
        if self._wants_all:
            asked = [self.test.one(value) for value in values]
            return bool(asked) and all(asked)
        return any(self.test.one(value) for value in values)

    def one(self, row: Row, deep: Deep) -> bool:
        """Decide on one record."""
        return self.passes(values_of(self.field, row, deep))

    def mask(self, frame: polars.DataFrame, table: Table) -> Mask:
        """Decide on rows: words with the same values are asked once."""
        import polars

        source = self.field.source
        if source is Source.DEEP:
            nothing = polars.repeat(False, frame.height, dtype=polars.Boolean, eager=True)
            maybe = ~nothing if self._needed is None else self._needed.mask(frame, table).sure
            return Mask(nothing if Asks.RECORD in self.asks else maybe, maybe)
        if source in (Source.CELL, Source.SINCE):
            found = self._cells(frame, table)
            return Mask(found, found)
        groups = table.groups(self.field.name, source.value, self.field.get)
        if groups is not self._groups:
            self._groups, self._answers = groups, []
        self._answers += self._ask(groups.values[len(self._answers) :])
        if not any(self._answers) or all(self._answers):
            passes = bool(self._answers) and self._answers[0]
            found = polars.repeat(passes, frame.height, dtype=polars.Boolean, eager=True)
        else:
            known = polars.Series(map(self._answers.__getitem__, groups.codes), dtype=polars.Boolean)
            found = known.gather(frame.get_column(source.value))
        return Mask(found, found) if self.field.of_value is None else self._about(found, frame, table)

    def _about(self, found: polars.Series, frame: polars.DataFrame, table: Table) -> Mask:
        """Go on where rows do not say what they are about: short names stand for it, or only their values tell."""
        import polars

        named = table.named(frame)
        if named is not None:
            answers = polars.Series(map(self.passes, map(self.field.get, named.subjects)), dtype=polars.Boolean)
            found = found.clone().scatter(named.rows, answers.gather(named.codes))
        open_rows = table.told_by_values(frame)
        return Mask(found, found) if open_rows is None else Mask(found & ~open_rows, found | open_rows)

    def _ask(self, groups: Sequence[tuple[Any, ...]]) -> list[bool]:
        """Decide on groups of values; a value that stands in many of them is asked once."""
        if self.test is None or self._wants_all:
            return list(map(self.passes, groups))
        ask, known, found = self.test.one, self._asked, []
        for values in groups:
            passes = False
            for value in values:
                answer = known.get(value)
                if answer is None:
                    answer = known[value] = ask(value)
                if answer:
                    passes = True
                    break
            found.append(passes)
        return found

    def _cells(self, frame: polars.DataFrame, table: Table) -> polars.Series:
        column = self.field.column
        values = frame.get_column(column) if self.field.source is Source.CELL else table.since(frame, column)
        return values.is_not_null() if self.test is None else self.test.column(values)


def _asks_of(field: Field, *, is_compared: bool) -> Asks:
    """Tell what a term asks for with its field."""
    asked = {
        Asks.RECORD: field.source is Source.DEEP and (is_compared or not field.needs),
        Asks.NOTES: field.source is Source.MARKS,
        Asks.BEFORE: field.source is Source.SINCE,
        Asks.NUMBERS: field.of_value is not None and field.kind is Kind.INTEGER,
        Asks.NAMES: field.of_value is not None,
    }
    return reduce(or_, (one for one, is_so in asked.items() if is_so), _NOTHING)


class Several(Decider):
    """Passes what all of its parts pass, or else what one of them passes."""

    def __init__(self, parts: Sequence[Decider], *, needs_all: bool) -> None:
        self.parts = sorted(parts, key=lambda part: Asks.RECORD in part.asks)
        self.asks = reduce(or_, (part.asks for part in parts), _NOTHING)
        self._decide, self._join = (all, and_) if needs_all else (any, or_)

    def one(self, row: Row, deep: Deep) -> bool:
        """Decide on one record, what costs least first."""
        return self._decide(part.one(row, deep) for part in self.parts)

    def mask(self, frame: polars.DataFrame, table: Table) -> Mask:
        """Decide on rows."""
        sure, maybe = self.parts[0].mask(frame, table)
        for part in self.parts[1:]:
            other = part.mask(frame, table)
            sure, maybe = self._join(sure, other.sure), self._join(maybe, other.maybe)
        return Mask(sure, maybe)


class Not(Decider):
    """Passes what its part does not pass."""

    def __init__(self, part: Decider) -> None:
        self.part = part
        self.asks = part.asks

    def one(self, row: Row, deep: Deep) -> bool:
        """Decide on one record."""
        return not self.part.one(row, deep)

    def mask(self, frame: polars.DataFrame, table: Table) -> Mask:
        """Decide on rows."""
        sure, maybe = self.part.mask(frame, table)
        return Mask(~maybe, ~sure)


class Filter:
    """A filter that can be asked: :meth:`one` of a record, :meth:`mask` of many rows at once."""

    def __init__(self, text: str, decider: Decider) -> None:
        self.text = text
        self._decider = decider
        self.asks = decider.asks

    def one(self, row: Row, deep: Deep) -> bool:
        """Tell whether the record of *row* passes."""
        return self._decider.one(row, deep)

    def mask(self, frame: polars.DataFrame, table: Table) -> Mask:
        """Tell which rows of *frame* pass, and which may: those their records decide.

        *frame* is some of what ``table.numbered`` gives.
        """
        return self._decider.mask(frame, table)


def compile_filter(text: str, *, utc: bool = False) -> Filter | None:
    """Make the filter that *text* says; None where it is empty. *utc*: times in it are UTC, else local.

    Raises: FilterError that says where and what was expected.
    """
    try:
        part = parse(text)
        return Filter(text, _decider(part, utc)) if part is not None else None
    except RecursionError:
        raise FilterError("too many parentheses inside one another", 0) from None


def _decider(part: Part, utc: bool) -> Decider:
    if isinstance(part, Joined):
        return Several([_decider(one, utc) for one in part.parts], needs_all=part.is_and)
    if isinstance(part, Negated):
        return Not(_decider(part.part, utc))
    if isinstance(part, Bare):
        return _bare(part.word, utc)
    return _term(part, utc)


def _term(part: Comparison, utc: bool) -> Term:
    field = named_field(part.field, part.position)
    test = test_of(field, part.operator, part.values, part.part, utc=utc)
    if field.kind is Kind.TEXT and part.operator in EQUALITY:
        check_words(field, part.values)
    return Term(field, test, wants_all=part.operator == "!=")


def _bare(word: Literal, utc: bool) -> Decider:
    """Give what a word means that stands alone: all that it may mean, or that a field is there."""
    if word.is_quoted:
        return Term(FIELDS["summary"], test_of(FIELDS["summary"], "contains", [word], None, utc=utc))
    terms = []
    for one, operator, texts in bare_terms(word.text):
        literals = [Literal(text, word.position) for text in texts]
        terms.append(Term(one, test_of(one, operator, literals, None, utc=utc)))
    if terms:
        return Several(terms, needs_all=False)
    field = field_of(word.text) or _tree_field(word.text)
    if field is None:
        raise unknown(word, is_alone=True)
    return Term(field, None)


def named_field(name: str, position: int = 0) -> Field:
    """Find the field called *name*, which may be a dotted name of the tree. Raises: FilterError."""
    field = field_of(name) or _tree_field(name)
    if field is None:
        raise unknown(Literal(name, position))
    return field


def _tree_field(name: str) -> Field | None:
    """Make the field of a dotted name of the tree."""
    if not is_tree_name(name):
        return None

    def get(record: Any, row: Row, deep: Deep) -> Iterable[Any]:
        return node_values(deep.nodes(record), name)

    return Field(name, "in the tree", Kind.ANY, Source.DEEP, get)


def unknown(word: Literal, *, is_alone: bool = False) -> FilterError:
    """Say that a name is not known, and the nearest ones that are, or what a word may mean that *is_alone*."""
    told = instead_of_name(word.text)
    near = [] if told else nearest(word.text)
    hint = f"; did you mean {' or '.join(near)}?" if near else f"; {told}" if told else ""
    if is_alone and not hint:
        is_code = is_short_code(word.text)
        hint = f"; obis == {word.text}" if is_code else f'; "{word.text}" in quotes passes lines that hold it'
    return FilterError(f"{word.text!r} is no name that is known{hint}", word.position, len(word.text), told)
