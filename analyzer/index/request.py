"""What a process of the index is asked for, and the pipe that it is told through."""

from __future__ import annotations

import copyreg
import pickle
from typing import IO, TYPE_CHECKING, NamedTuple

from analyzer.security.keys import Key, KeyRole

if TYPE_CHECKING:
    from analyzer.security.keyring import Keyring


class Request(NamedTuple):
    """What to index: names as a user gives them, keys, forced stacks, and the file that takes the index."""

    inputs: tuple[str, ...]
    path: str
    keys: Keyring | None = None
    decode_as: dict[str, str] | None = None
    stdin: int = -1
    """The descriptor that stands for the input ``-``."""
    is_kept: bool = False
    """Whether the index stays, beside the capture."""
    wants_rows: bool = True
    """Whether there is an index to be written; without one only the stories are told."""
    is_live: bool = False
    """Whether the inputs are files of a recording that grows: more of them come on stdin, whose end is its end."""


def send(request: object, pipe: IO[bytes]) -> None:
    """Give a process its request. Keys refuse to be written; into this pipe, which no file is behind, they go."""
    pickler = pickle.Pickler(pipe)
    pickler.dispatch_table = {**copyreg.dispatch_table, Key: _key_parts}
    pickler.dump(request)


def _key_parts(key: Key) -> tuple[type[Key], tuple[KeyRole, bytes, str]]:
    return Key, (key.role, key.octets, key.place)
