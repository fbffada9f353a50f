"""What rows have in common, said once: where a record goes, what it is about, what was found in it.

A row names each of the three by its place in a list. There are few of them, however many rows: a question about texts
is asked of the lists, and of the rows only for places.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from sys import intern
from typing import Any, Generic, NamedTuple, TypeVar

from analyzer.record import Object, Objects

Scalar = int | str | None


class Path(NamedTuple):
    """Where a record goes: its lane, its conversation and the side of it that speaks, what frames it, who with whom."""

    lane: str
    conversation: int
    side: int
    link: str
    kind: str
    direction: str
    client: Scalar
    server: Scalar
    device: str = ""
    """Behind a gateway."""
    transport: str = ""
    """What carries it, ``tcp`` or ``udp``; empty on a line, and where what was read does not tell."""


class Subject(NamedTuple):
    """What a record is about: its service (the family of its APDU), the APDU's own name, objects, result, protection.

    *result* is ``success`` or what the answer refuses with, *status* the verdict on the innermost protection.
    """

    service: str
    apdu: str
    objects: Objects
    result: str
    status: str


class Marks(NamedTuple):
    """What was found in a record: the worst severity, and codes, causes and groups of its notes."""

    severity: int
    codes: tuple[str, ...]
    causes: tuple[str, ...]
    groups: tuple[str, ...]


NO_MARKS = Marks(-1, (), (), ())
"""Of a record in which nothing was found; its severity lies below that of any note."""
Word = TypeVar("Word", Path, Subject, Marks)


class Words(Generic[Word]):
    """A list of what rows name by place, and how to find the place again."""

    def __init__(self) -> None:
        self.all: list[Word] = []
        self._places: dict[Word, int] = {}
        self._told = 0
        self.codes: dict[Hashable, int] = {}
        """Places by whatever stands for a word; the maker of rows chooses what is found fastest."""

    def add(self, key: Hashable, word: Word) -> int:
        """Add *word*, which *key* stands for too; each word stands there once. Returns its place."""
        code = self.codes[key] = self._places.setdefault(word, len(self.all))
        if code == len(self.all):
            self.all.append(word)
        return code

    def untold(self) -> list[Word]:
        """Give the words that were added since this was asked last."""
        found = self.all[self._told :]
        self._told += len(found)
        return found


def path_form(path: Path) -> list[Any]:
    """Give *path* as plain values of JSON."""
    return list(path)


def path_from(form: Sequence[Any]) -> Path:
    """Read what :func:`path_form` gave; its words are those of the record, which are told by identity."""
    lane, conversation, side, link, kind, direction, client, server, device, transport = form
    words = intern(link), intern(kind), intern(direction)
    return Path(lane, conversation, side, *words, client, server, device, transport)


def subject_form(subject: Subject) -> list[Any]:
    """Give *subject* as plain values of JSON."""
    service, apdu, objects, result, status = subject
    return [service, apdu, [[one[0], one[1].hex(), one[2], int(one[3])] for one in objects], result, status]


def subject_from(form: Sequence[Any]) -> Subject:
    """Read what :func:`subject_form` gave."""
    service, apdu, objects, result, status = form
    found = Objects(Object(one[0], bytes.fromhex(one[1]), one[2], bool(one[3])) for one in objects)
    return Subject(service, apdu, found, result, status)


def marks_form(marks: Marks) -> list[Any]:
    """Give *marks* as plain values of JSON."""
    return list(marks)


def marks_from(form: Sequence[Any]) -> Marks:
    """Read what :func:`marks_form` gave."""
    severity, codes, causes, groups = form
    return Marks(severity, tuple(codes), tuple(causes), tuple(groups))
