"""What a process of the index is asked for, and the pipe that it is told through."""

from __future__ import annotations

import copyreg
import io
import os
import pickle
import struct
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


_SIZE = struct.Struct("<Q")


def send(request: object, pipe: IO[bytes]) -> None:
    """Give a process its request. Keys refuse to be written; into this pipe, which no file is behind, they go."""
    made = io.BytesIO()
    pickler = pickle.Pickler(made)
    pickler.dispatch_table = {**copyreg.dispatch_table, Key: _key_parts}
    pickler.dump(request)
    pipe.write(_SIZE.pack(made.tell()) + made.getbuffer())
    pipe.flush()


def receive(descriptor: int) -> object:
    """Read a request, and nothing behind it. Raises: EOFError where nobody sent one."""
    (size,) = _SIZE.unpack(_read(descriptor, _SIZE.size))
    return pickle.loads(_read(descriptor, size))


def _read(descriptor: int, size: int) -> bytes:
    found = b""
    while len(found) < size:
        octets = os.read(descriptor, size - len(found))
        if not octets:
            raise EOFError
        found += octets
    return found


def _key_parts(key: Key) -> tuple[type[Key], tuple[KeyRole, bytes, str]]:
    return Key, (key.role, key.octets, key.place)
