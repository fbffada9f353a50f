"""Service block transfer: datablocks of GET, SET, ACTION and of the short-name services to one whole APDU.

What each block APDU is, is a table; what is assembled is the normal form of its service with the whole data.
Source: IEC 62056-5-3, Long services; public implementations disagree on ACTION responses, each form is tried.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from dissectors import axdr
from dissectors.scanning import Entry, scan_apdu, scan_loosely
from dissectors.tree import Problem

MOST_OCTETS = 64 << 20
"""A transfer that grows beyond this is given up; no meter comes near."""
MOST_PARTS = 1 << 17
"""Neither does one to so many blocks; of what comes beyond, the records are not kept."""


class Block(NamedTuple):
    """One block as its APDU shows it."""

    is_first: bool
    is_last: bool
    number: int
    raw: bytes
    head: bytes
    """The octets of the normal form before the data, from the first block."""


class Outcome(NamedTuple):
    """What a block did: completed an APDU, or not; *missing* and *repeated* tell of block numbers."""

    apdu: tuple[bytes, Entry | None, tuple[Any, ...] | None] | None = None
    """The assembled normal form as it reads."""
    parts: tuple[int, ...] = ()
    first: int | None = None
    missing: int = 0
    is_repeated: bool = False
    so_far: bytes = b""
    """Of a transfer that ended with a hole in it: the normal form of what came before the hole."""


class _Transfer:
    __slots__ = ("head", "next_number", "octets", "parts", "size", "whole_until")

    def __init__(self, head: bytes) -> None:
        self.head = head
        self.octets: list[bytes] = []
        self.size = 0
        self.next_number = 1
        self.whole_until: int | None = None
        """How many blocks stand before the first hole, once there is one."""
        self.parts: list[int] = []

    def take(self, block: Block, number: int) -> None:
        self.next_number = block.number + 1
        self.size += len(block.raw)
        if not self.keep_part(number) or self.size > MOST_OCTETS:
            self.head, self.octets = b"", []
        self.octets.append(block.raw)

    def so_far(self) -> bytes:
        """Give the normal form of what came, up to the first hole; empty where its head is missing."""
        octets = b"".join(self.octets[: self.whole_until])
        return finish(self.head, octets)[0] if self.head and octets else b""

    def keep_part(self, number: int) -> bool:
        """Keep the record *number*; tells whether there was room."""
        if len(self.parts) >= MOST_PARTS:
            return False
        self.parts.append(number)
        return True


class BlockTransfers:
    """The transfers that run between one client and one server, by service and invoke-id."""

    __slots__ = ("_finished", "_running")

    def __init__(self) -> None:
        self._running: dict[tuple[int, int], _Transfer] = {}
        self._finished: dict[tuple[int, int], tuple[int, int, int]] = {}
        """Of the transfer that ended last: its last block's number and hash, and its first record."""

    def runs(self, key: tuple[int, int]) -> bool:
        """Tell whether a transfer runs under *key*."""
        return key in self._running

    def so_far(self, key: tuple[int, int]) -> bytes:
        """Give the normal form of what has come of a transfer that still runs; empty where its head is missing."""
        transfer = self._running.get(key)
        return transfer.so_far() if transfer is not None else b""

    def add(self, key: tuple[int, int], block: Block, number: int, *, is_normal: bool = False) -> Outcome:
        """Take a block of the record *number*; *is_normal* says that its request asked for one object, not a list."""
        transfer = self._running.get(key)
        if transfer is not None and block.number == transfer.next_number - 1 and transfer.octets[-1:] == [block.raw]:
            transfer.keep_part(number)
            return Outcome(first=transfer.parts[0], is_repeated=True)
        missing = 0
        if transfer is None or block.number == 1 or (block.is_first and block.head):
            ended = self._finished.get(key)
            if transfer is None and block.number != 1 and ended and ended[:2] == (block.number, hash(block.raw)):
                return Outcome(first=ended[2], is_repeated=True)
            transfer = self._running[key] = _Transfer(block.head)
            missing = block.number - 1
        else:
            missing = block.number - transfer.next_number
        if missing and transfer.whole_until is None:
            transfer.whole_until = len(transfer.octets)  # what is assembled across a hole would be wrong
        transfer.take(block, number)
        if not block.is_last:
            return Outcome(first=transfer.parts[0], missing=missing)
        del self._running[key]
        self._finished[key] = (block.number, hash(block.raw), transfer.parts[0])
        parts = tuple(transfer.parts)
        if transfer.whole_until is not None or not transfer.head:
            return Outcome(None, parts, parts[0], missing, so_far=transfer.so_far())
        return Outcome(finish(transfer.head, b"".join(transfer.octets), is_normal=is_normal), parts, parts[0], missing)


def read_block(octets: bytes, family: str, choice: int, values: dict[str, Any]) -> Block | None:
    """Read the block in an APDU by its named values; None where it is none."""
    form = _FORMS.get((family, choice))
    return form(octets, values) if form is not None else None


def is_block(family: str, choice: int) -> bool:
    """Tell whether an APDU of this family and choice carries a block."""
    return (family, choice) in _FORMS


def _get_response(octets: bytes, values: dict[str, Any]) -> Block | None:
    tag, inner = values["result"]
    if tag != 0:
        return None
    head = b"\xc4\x01" + octets[2:3] + b"\x00"
    return Block(values["block_number"] == 1, bool(values["last_block"]), values["block_number"], inner[1], head)


def _first_request(octets: bytes, values: dict[str, Any]) -> Block:
    raw = values["raw_data"]
    begin = len(octets) - len(raw) - len(axdr.length_octets(len(raw))) - 5
    return Block(True, bool(values["last_block"]), values["block_number"], raw, octets[:begin])


def _next_request(octets: bytes, values: dict[str, Any]) -> Block:
    return Block(False, bool(values["last_block"]), values["block_number"], values["raw_data"], b"")


def _action_response(octets: bytes, values: dict[str, Any]) -> Block:
    head = b"\xc7\x01" + octets[2:3] if values["block_number"] == 1 else b""
    return Block(bool(head), bool(values["last_block"]), values["block_number"], values["raw_data"], head)


def _read_response(octets: bytes, values: dict[str, Any]) -> Block | None:
    results = values["results"]
    if len(results) != 1 or results[0][0] != 2:
        return None
    _, last_block, number, raw = results[0][1]
    return Block(number == 1, bool(last_block), number, raw, b"\x0c" if number == 1 else b"")


def _read_request(octets: bytes, values: dict[str, Any]) -> Block | None:
    variables = values["variable_access_specification"]
    if len(variables) != 1 or variables[0][0] != 6:
        return None
    _, last_block, number, raw = variables[0][1]
    return Block(number == 1, bool(last_block), number, raw, b"\x05" if number == 1 else b"")


def _write_request(octets: bytes, values: dict[str, Any]) -> Block | None:
    variables, data = values["variable_access_specification"], values["list_of_data"]
    if len(variables) != 1 or variables[0][0] != 7 or len(data) != 1:
        return None
    _, last_block, number = variables[0][1]
    element = axdr.scan_data(octets, data[0][0], data[0][1])[0][0]
    if element.tag != axdr.OCTET_STRING:
        return None
    return Block(number == 1, bool(last_block), number, element.value, b"\x06" if number == 1 else b"")


_FORMS: dict[tuple[str, int], Callable[[bytes, dict[str, Any]], Block | None]] = {
    ("get-response", 2): _get_response,
    ("set-request", 2): _first_request,
    ("set-request", 5): _first_request,
    ("set-request", 3): _next_request,
    ("action-request", 4): _first_request,
    ("action-request", 5): _first_request,
    ("action-request", 6): _next_request,
    ("action-response", 2): _action_response,
    ("readResponse", 0): _read_response,
    ("readRequest", 0): _read_request,
    ("writeRequest", 0): _write_request,
}


def finish(head: bytes, data: bytes, *, is_normal: bool = False) -> tuple[bytes, Entry | None, tuple[Any, ...] | None]:
    """Make the normal form of the service that *head* begins, with *data* as its whole data, and read it.

    Where stacks differ in what they put into blocks, the form that reads completely is taken; where none does, the
    first one that reads at all, with octets left over.
    """
    makes = _FINISHES.get(head[:2], _FINISHES.get(head[:1], (_plain,)))
    forms = [make(head, data) for make in (makes[:1] if is_normal and head[0] == 0xC4 else makes)]
    for form in forms:
        found, values = scan_apdu(form, 0, len(form))
        if values is not None:
            return form, found, values
    found = scan_apdu(forms[0], 0, len(forms[0]))[0]
    return forms[0], found, scan_loosely(forms[0], found)


def _plain(head: bytes, data: bytes) -> bytes:
    return head + data


def _get_list(head: bytes, data: bytes) -> bytes:
    return b"\xc4\x03" + head[2:3] + data


def _set_normal(head: bytes, data: bytes) -> bytes:
    return b"\xc1\x01" + head[2:] + data


def _set_list(head: bytes, data: bytes) -> bytes:
    return b"\xc1\x04" + head[2:] + data


def _action_normal(head: bytes, data: bytes) -> bytes:
    return b"\xc3\x01" + head[2:] + b"\x01" + data


def _action_list(head: bytes, data: bytes) -> bytes:
    return b"\xc3\x03" + head[2:] + data


def _response_data(head: bytes, data: bytes) -> bytes:
    return head + b"\x00\x01\x00" + data


def _response_results(head: bytes, data: bytes) -> bytes:
    """ACTION responses as n Get-Data-Results: success is implied."""
    results = []
    at = 0
    try:
        while at < len(data):
            after = at + 2 if data[at] == 1 else axdr.skip_data(data, at + 1, len(data))
            results.append(b"\x00\x01" + data[at:after])
            at = after
    except Problem:
        return head + data
    if len(results) == 1:
        return head + results[0]
    return b"\xc7\x03" + head[2:3] + axdr.length_octets(len(results)) + b"".join(results)


def _response_list(head: bytes, data: bytes) -> bytes:
    return b"\xc7\x03" + head[2:3] + data


def _one_value(head: bytes, data: bytes) -> bytes:
    return head + b"\x01\x00" + data


_FINISHES: dict[bytes, tuple[Callable[[bytes, bytes], bytes], ...]] = {
    b"\xc4\x01": (_plain, _get_list),
    b"\xc1\x02": (_set_normal,),
    b"\xc1\x05": (_set_list,),
    b"\xc3\x04": (_action_normal,),
    b"\xc3\x05": (_action_list,),
    b"\xc7\x01": (_response_data, _response_results, _plain, _response_list),
    b"\x0c": (_plain, _one_value),
}
