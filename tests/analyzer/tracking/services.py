"""Block transfers of every service: the APDUs as spoken, and the normal form that they come to."""

from __future__ import annotations

from typing import NamedTuple

from tests.analyzer.tracking.build import (
    ARRAY,
    CLOCK,
    METHOD,
    PROFILE,
    Said,
    answered,
    asked,
    datablock,
    length,
    numbered,
)

IIP = b"\xc1"
ROOM = 9


class Transfer(NamedTuple):
    """What both sides say, and what is assembled in the end."""

    said: list[Said]
    assembled: bytes


def get_normal() -> Transfer:
    said = [asked(b"\xc0\x01" + IIP + PROFILE + b"\0")]
    for number, is_last, raw in numbered(ARRAY, ROOM):
        if number > 1:
            said.append(asked(b"\xc0\x02" + IIP + (number - 1).to_bytes(4, "big")))
        block = bytes((is_last,)) + number.to_bytes(4, "big") + b"\0" + length(len(raw)) + raw
        said.append(answered(b"\xc4\x02" + IIP + block))
    return Transfer(said, b"\xc4\x01" + IIP + b"\0" + ARRAY)


def get_list() -> Transfer:
    results = b"\x03" + b"\0" + ARRAY + b"\x01\x04" + b"\0\x12\x00\x05"
    said = [asked(b"\xc0\x03" + IIP + b"\x03" + PROFILE + b"\0" + CLOCK + b"\0" + CLOCK + b"\0")]
    for number, is_last, raw in numbered(results, ROOM):
        if number > 1:
            said.append(asked(b"\xc0\x02" + IIP + (number - 1).to_bytes(4, "big")))
        block = bytes((is_last,)) + number.to_bytes(4, "big") + b"\0" + length(len(raw)) + raw
        said.append(answered(b"\xc4\x02" + IIP + block))
    return Transfer(said, b"\xc4\x03" + IIP + results)


def _written(head: bytes, raw: bytes, first: bytes, following: bytes, answers: tuple[bytes, bytes]) -> list[Said]:
    """Blocks of a request, each acknowledged, the last one answered."""
    said = []
    for number, is_last, part in numbered(raw, ROOM):
        begin = first + IIP + head if number == 1 else following + IIP
        said.append(asked(begin + datablock(number, is_last, part)))
        if not is_last:
            said.append(answered(answers[0] + IIP + number.to_bytes(4, "big")))
        elif answers[1][:2] == b"\xc5\x03" or answers[1][:2] == b"\xc5\x04":
            said.append(answered(answers[1][:2] + IIP + answers[1][2:] + number.to_bytes(4, "big")))
        else:
            said.append(answered(answers[1][:2] + IIP + answers[1][2:]))
    return said


def set_normal() -> Transfer:
    said = _written(PROFILE + b"\0", ARRAY, b"\xc1\x02", b"\xc1\x03", (b"\xc5\x02", b"\xc5\x03\0"))
    return Transfer(said, b"\xc1\x01" + IIP + PROFILE + b"\0" + ARRAY)


def set_list() -> Transfer:
    head = b"\x02" + PROFILE + b"\0" + CLOCK + b"\0"
    values = b"\x02" + ARRAY + b"\x12\x00\x05"
    said = _written(head, values, b"\xc1\x05", b"\xc1\x03", (b"\xc5\x02", b"\xc5\x04\x02\0\0"))
    return Transfer(said, b"\xc1\x04" + IIP + head + values)


def action_normal() -> Transfer:
    said = _written(METHOD, ARRAY, b"\xc3\x04", b"\xc3\x06", (b"\xc7\x04", b"\xc7\x01\0\0"))
    return Transfer(said, b"\xc3\x01" + IIP + METHOD + b"\x01" + ARRAY)


def action_list() -> Transfer:
    head = b"\x02" + METHOD + METHOD
    values = b"\x02" + ARRAY + b"\x12\x00\x05"
    said = _written(head, values, b"\xc3\x05", b"\xc3\x06", (b"\xc7\x04", b"\xc7\x03\x02\0\0\0\0"))
    return Transfer(said, b"\xc3\x03" + IIP + head + values)


def _action_answer(content: bytes, assembled: bytes) -> Transfer:
    said = [asked(b"\xc3\x01" + IIP + METHOD + b"\0")]
    for number, is_last, raw in numbered(content, ROOM):
        if number > 1:
            said.append(asked(b"\xc3\x02" + IIP + (number - 1).to_bytes(4, "big")))
        said.append(answered(b"\xc7\x02" + IIP + datablock(number, is_last, raw)))
    return Transfer(said, assembled)


def action_answer_data() -> Transfer:
    """pblocks that hold the returned Data alone."""
    return _action_answer(ARRAY, b"\xc7\x01" + IIP + b"\0\x01\0" + ARRAY)


def action_answer_result() -> Transfer:
    """pblocks that hold a Get-Data-Result."""
    return _action_answer(b"\0" + ARRAY, b"\xc7\x01" + IIP + b"\0\x01\0" + ARRAY)


def action_answer_whole() -> Transfer:
    """pblocks that hold Action-Response-With-Optional-Data."""
    return _action_answer(b"\0\x01\0" + ARRAY, b"\xc7\x01" + IIP + b"\0\x01\0" + ARRAY)


def action_answer_list() -> Transfer:
    """pblocks that hold the list of responses."""
    content = b"\x02" + b"\0\x01\0" + ARRAY + b"\x03\0"
    return _action_answer(content, b"\xc7\x03" + IIP + content)


def read() -> Transfer:
    """Short names: a long read answer in data-block-results."""
    content = b"\x01\0" + ARRAY
    said = [asked(b"\x05\x01\x02\xfa\x08")]
    for number, is_last, raw in numbered(content, ROOM):
        if number > 1:
            said.append(asked(b"\x05\x01\x05" + (number - 1).to_bytes(2, "big")))
        block = bytes((is_last,)) + number.to_bytes(2, "big") + length(len(raw)) + raw
        said.append(answered(b"\x0c\x01\x02" + block))
    return Transfer(said, b"\x0c" + content)


def read_request() -> Transfer:
    """Short names: a long read request in read-data-block-accesses."""
    content = b"\x06" + b"".join(b"\x02" + (0xFA08 + 8 * n).to_bytes(2, "big") for n in range(6))
    said = []
    for number, is_last, raw in numbered(content, ROOM):
        block = bytes((is_last,)) + number.to_bytes(2, "big") + length(len(raw)) + raw
        said.append(asked(b"\x05\x01\x06" + block))
        if not is_last:
            said.append(answered(b"\x0c\x01\x03" + number.to_bytes(2, "big")))
    said.append(answered(b"\x0c\x06" + b"\0\x12\0\x05" * 6))
    return Transfer(said, b"\x05" + content)


def write() -> Transfer:
    """Short names: a long write request in write-data-block-accesses."""
    content = b"\x01\x02\xfa\x08\x01" + ARRAY
    said = []
    for number, is_last, raw in numbered(content, ROOM):
        head = b"\x06\x01\x07" + bytes((is_last,)) + number.to_bytes(2, "big")
        said.append(asked(head + b"\x01\x09" + length(len(raw)) + raw))
        if not is_last:
            said.append(answered(b"\x0d\x01\x02" + number.to_bytes(2, "big")))
    said.append(answered(b"\x0d\x01\0"))
    return Transfer(said, b"\x06" + content)


TRANSFERS = {
    one.__name__: one()
    for one in (
        get_normal, get_list, set_normal, set_list, action_normal, action_list, action_answer_data,
        action_answer_result, action_answer_whole, action_answer_list, read, read_request, write,
    )
}  # fmt: skip
