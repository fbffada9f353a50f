"""Faults of answers and of time: answers late, asked for by nobody or mixed up, services not agreed on, pauses."""

from __future__ import annotations

import random
from collections.abc import Callable

from analyzer.simulate.sent import SECOND, TO_CLIENT, TO_METER
from analyzer.simulate.uart import line_format
from tests.analyzer.tracking.build import general_block
from tests.faults.case import Case, Fault, Lines, Truth
from tests.faults.dialogues import (
    Apdus,
    changed,
    dialogue,
    exchanges,
    later,
    on_hdlc,
    on_wrapper,
    over_tcp,
    said_at,
)
from tests.faults.services import clock, other_invoke_id, slow

_MS = 1_000_000
_GET_ONLY = bytes.fromhex("000010")
"""A conformance of GET alone."""
_CHARACTER_NS = line_format("8N1").duration_ns(1)
_DAYS = 86400


def _case(lines: Lines, *causes: str, codes: tuple[str, ...] = ()) -> Case:
    return Case(lines, Truth(frozenset(causes), frozenset(codes)))


# -- services ---------------------------------------------------------------------------------------------------------

_NOT_AGREED = (
    ("C101C1 0001 0000600101FF 02 00 0901 41", "C501C1 00"),
    ("C301C1 0003 0100010800FF 01 01 0F00", "C701C1 00 00"),
    ("C003C1 02 0003 0100010800FF 02 00 0003 0100010801FF 02 00", "C403C1 02 00 0600000001 00 0600000002"),
    ("C001C1 0007 0100630100FF 02 01 02 0204 0600000001 0600000002 120001 120000", "C401C1 00 0100"),
)
"""SET, ACTION, GET with a list, selective access; and answers of success."""


def not_agreed(chance: random.Random, apdus: Apdus, number: int) -> Apdus:
    """The AARE grants GET alone, and the client uses more."""
    answer = apdus[1].octets
    at = answer.find(b"\x5f\x1f\x04\x00") + 4
    made = list(apdus)
    made[1] = made[1]._replace(octets=answer[:at] + _GET_ONLY + answer[at + 3 :])
    place = chance.choice([each for each in exchanges(apdus) if apdus[each].octets[12:13] == b"\0"])
    asked, told = _NOT_AGREED[chance.randrange(len(_NOT_AGREED))]
    invoke = made[place].octets[2:3]
    for step, octets in enumerate((bytes.fromhex(asked), bytes.fromhex(told))):
        made[place + step] = made[place + step]._replace(octets=octets[:2] + invoke + octets[3:])
    return [*made[:2], *made[place : place + 2], *made[-2:]]


def unseen_request(chance: random.Random, apdus: Apdus, number: int) -> Apdus:
    """A request is missing in the capture, its answer is not."""
    at = chance.choice(exchanges(apdus)[1:])
    return [*apdus[:at], *apdus[at + 1 :]]


def one_way(chance: random.Random, number: int) -> Case:
    """Only what the client sends is captured."""
    lines = on_hdlc(dialogue(number)) if number % 2 else on_wrapper(dialogue(number))
    return _case([one for one in lines if one.direction == TO_METER], "direction-missing")


def late(chance: random.Random, number: int) -> Case:
    """The client gives up and asks something else; then both answers come."""
    apdus = dialogue(number)
    places = exchanges(apdus)
    at = chance.choice([each for each in places[:-1] if each + 2 in places])
    wait = chance.uniform(12, 30)
    asked, told, again, answer = apdus[at : at + 4]
    made = [*apdus[:at], asked, *later([again, answer], wait), *later([said_at(answer, told.octets)], wait + 1)]
    return _case(on_wrapper([*made, *later(apdus[at + 4 :], wait + 2)]), "late-response", codes=("response-missing",))


def other_client(chance: random.Random, apdus: Apdus, number: int) -> Apdus:
    """A gateway hands out an answer that belongs to another client: its invoke-id is that one's."""
    return other_invoke_id(chance, apdus, number)


def block_again(chance: random.Random, apdus: Apdus, number: int) -> Apdus | None:
    """A block is sent twice: its sender did not see that it had arrived."""
    places = [at for at, one in enumerate(apdus) if one.octets[:2] == b"\xc4\x02" and not one.octets[3]]
    if not places:
        return None
    at = chance.choice(places)
    if number % 2 or apdus[at - 1].octets[1] != 2:
        return [*apdus[: at + 1], *later(apdus[at:], 2)]
    return [*apdus[: at + 1], *later(apdus[at - 1 :], 4)]


def answer_again(chance: random.Random, apdus: Apdus, number: int) -> Apdus:
    """An answer comes twice for one request."""
    at = chance.choice(exchanges(apdus)[1:]) + 1
    return [*apdus[: at + 1], *later(apdus[at:], chance.uniform(0.1, 2))]


def general_block_lost(chance: random.Random, number: int) -> Case:
    """A block of a general-block-transfer never came."""
    apdus = dialogue(number)
    at = chance.choice(exchanges(apdus)[1:-1])
    whole = b"\xc4\x01" + apdus[at].octets[2:3] + b"\0\x09\x82\x01\x00" + chance.randbytes(256)
    parts = [whole[start : start + 50] for start in range(0, len(whole), 50)]
    blocks = [general_block(1 + step, part, last=step == len(parts) - 1) for step, part in enumerate(parts)]
    del blocks[chance.randrange(1, len(blocks) - 1)]
    answers = [said_at(apdus[at + 1], one, step / 50) for step, one in enumerate(blocks)]
    return _case(on_wrapper([*apdus[: at + 1], *answers, *later(apdus[at + 2 :], 1)]), "segment-lost")


def damaged(is_request: bool) -> Callable[[random.Random, int], Case]:
    """A request or its answer comes damaged, nothing else, and the client starts again after a while."""

    def make(chance: random.Random, number: int) -> Case:
        session = on_hdlc(dialogue(2 * number), is_closed=False)
        places = [at for at, one in enumerate(session[:-1]) if one.direction == TO_METER
                  and session[at + 1].direction == TO_CLIENT and len(one.octets) > 24][1:]  # fmt: skip
        at = chance.choice(places)
        hurt = at if is_request else at + 1
        octets = bytearray(session[hurt].octets)
        for place in range(12, min(18, len(octets) - 3)):
            octets[place] ^= chance.randrange(1, 256)
        lines = [*session[:hurt], session[hurt]._replace(octets=bytes(octets))]
        start = (lines[-1].time_ns or 0) + 20 * SECOND
        first = session[0].time_ns or 0
        lines += [one._replace(time_ns=(one.time_ns or 0) - first + start) for one in session[:4]]
        cause = "request-damaged" if is_request else "response-damaged"
        causes = (cause, "link-lost", "burst", "collision")
        return _case(lines, *causes, codes=("hdlc-fcs-wrong", "provider-abort"))

    return make


def no_such_attribute(chance: random.Random, apdus: Apdus, number: int) -> Apdus:
    at = chance.choice([each for each in exchanges(apdus) if apdus[each].octets[3:5] == b"\0\3"])
    octets = apdus[at].octets
    made = list(apdus)
    made[at] = made[at]._replace(octets=octets[:11] + bytes((chance.randrange(9, 40),)) + octets[12:])
    result = chance.choice((3, 4, 250))
    made[at + 1] = made[at + 1]._replace(octets=b"\xc4\x01" + octets[2:3] + b"\x01" + bytes((result,)))
    return made


_OBJECT_LIST = bytes.fromhex("C001C1 000F 0000280000FF 02 00")


def unprotected(chance: random.Random, apdus: Apdus, number: int) -> Apdus:
    """The object list says that a register is read with authentication, and the client asks in clear."""
    places = [each for each in exchanges(apdus) if apdus[each].octets[3:5] == b"\0\3"]
    at = chance.choice(places[1:])
    mode = chance.choice((4, 5, 6, 13, 29))
    name, attribute = apdus[at].octets[5:11], apdus[at].octets[11]
    rights = bytes.fromhex("0202 0101 0203 0F") + bytes((attribute, 0x16, mode)) + bytes.fromhex("00 0100")
    listed = bytes.fromhex("C401C1 00 0101 0204 120003 1100 0906") + name + rights
    made = list(apdus)
    made[at - 2] = made[at - 2]._replace(octets=_OBJECT_LIST[:2] + made[at - 2].octets[2:3] + _OBJECT_LIST[3:])
    made[at - 1] = made[at - 1]._replace(octets=listed[:2] + made[at - 1].octets[2:3] + listed[3:])
    made[at + 1] = made[at + 1]._replace(octets=b"\xc4\x01" + made[at].octets[2:3] + b"\x01\x03")
    return made


def refused_selection(chance: random.Random, apdus: Apdus, number: int) -> Apdus:
    """The meter answers other-reason to a selective access."""
    at = chance.choice(exchanges(apdus))
    request = bytes.fromhex("C001C1 0007 0100630100FF 02 01 02 0204 0600000001 0600000002 120001 120000")
    made = list(apdus)
    made[at] = made[at]._replace(octets=request[:2] + made[at].octets[2:3] + request[3:])
    made[at + 1] = made[at + 1]._replace(octets=b"\xc4\x01" + made[at].octets[2:3] + b"\x01\xfa")
    return [*made[: at + 2], *made[-2:]]


def begun_in_pdu(chance: random.Random, number: int) -> Case:
    """A capture of a serial line begins within a wrapper PDU."""
    apdus = dialogue(number)
    at = chance.choice(exchanges(apdus)[:-4])
    lines = on_wrapper(apdus[at:])
    cut = chance.randrange(9, len(lines[0].octets))
    return _case([lines[0]._replace(octets=lines[0].octets[cut:]), *lines[1:]], "capture-started-late")


# -- data -------------------------------------------------------------------------------------------------------------


def other_type(chance: random.Random, apdus: Apdus, number: int) -> Apdus:
    """A register's scaler_unit is a string, or its value a structure."""
    at = chance.choice([each for each in exchanges(apdus) if apdus[each].octets[3:5] == b"\0\3"])
    made = list(apdus)
    wrong = bytes.fromhex("0902 3030" if apdus[at].octets[11] == 3 else "0F 00")
    if apdus[at].octets[11] == 2:
        at = next(each for each in exchanges(apdus) if apdus[each].octets[3:5] == b"\0\x08")
        wrong = bytes.fromhex("12 07EA")
    made[at + 1] = made[at + 1]._replace(octets=b"\xc4\x01" + apdus[at].octets[2:3] + b"\0" + wrong)
    return made


def no_scaler(chance: random.Random, number: int) -> Case:
    """Registers are read, their scaler_unit is not."""
    apdus = dialogue(2 * number)
    skipped = [at for at in exchanges(apdus) if apdus[at].octets[3:5] == b"\0\3" and apdus[at].octets[11] == 3]
    left = {at + step for at in skipped for step in (0, 1)}
    return _case(on_wrapper([one for at, one in enumerate(apdus) if at not in left]), "")


# -- timing -----------------------------------------------------------------------------------------------------------


def _timed(change: Callable[[random.Random, Lines, int], Lines | None], *causes: str) -> Callable:
    """A session whose octets come in pieces with the times that a line of 9600 Bd gives them."""

    def make(chance: random.Random, number: int) -> Case | None:
        lines: Lines = []
        for one in on_hdlc(dialogue(2 * number)):
            half = len(one.octets) // 2
            begin = (one.time_ns or 0) - half * _CHARACTER_NS
            lines += [one._replace(octets=one.octets[:half], time_ns=begin), one._replace(octets=one.octets[half:])]
        made = change(chance, lines, number)
        return None if made is None else _case(made, *causes)

    return make


def _gap(chance: random.Random, lines: Lines, number: int) -> Lines | None:
    """A frame pauses in its middle, and all behind it is as much later."""
    at = 2 * chance.randrange(6, len(lines) // 2 - 2) + 1
    if len(lines[at].octets) < 8:
        return None
    by = chance.randrange(200, 3000) * _MS
    return [*lines[:at], *(one._replace(time_ns=(one.time_ns or 0) + by) for one in lines[at:])]


def _overlap(chance: random.Random, lines: Lines, number: int) -> Lines | None:
    """The meter begins to answer before the request has ended."""
    starts = [
        at
        for at in range(12, len(lines) - 4, 2)
        if lines[at].direction == TO_METER and lines[at + 2].direction == TO_CLIENT and len(lines[at].octets) > 8
    ]
    at = chance.choice(starts)
    end = lines[at + 1].time_ns or 0
    begin = end - chance.randrange(1, 5) * _CHARACTER_NS
    first = lines[at + 2]._replace(time_ns=begin)
    second = lines[at + 3]._replace(time_ns=begin + (len(first.octets) + 1) * _CHARACTER_NS)
    return [*lines[: at + 1], first, lines[at + 1], second, *lines[at + 4 :]]


def answer_first(chance: random.Random, apdus: Apdus, number: int) -> Apdus:
    """The capture gives an answer before its request."""
    at = chance.choice(exchanges(apdus)[1:-1])
    asked, answer = apdus[at : at + 2]
    swapped = (answer._replace(time_ns=asked.time_ns), asked._replace(time_ns=answer.time_ns))
    return [*apdus[:at], *swapped, *apdus[at + 2 :]]


ANSWER_FAULTS: tuple[Fault, ...] = (
    changed("conformance-violated", "service-not-agreed", not_agreed, group="answers"),
    changed("response-without-request", "capture-loss", unseen_request, codes=("hdlc-frame-lost",), group="answers"),
    Fault("response-without-request", "late-response", late),
    changed("response-without-request", "answer-repeated", answer_again, group="answers"),
    changed("response-without-request", "captured-out-of-order", answer_first, group="answers"),
    changed("invoke-id-differs", "gateway-mixes-clients", other_client, group="answers"),
    changed("block-repeated", "sender-retries", block_again, codes=("response-missing",), group="answers"),
    Fault("block-lost", "segment-lost", general_block_lost),
    Fault("response-missing", "direction-missing", one_way),
    Fault("response-missing", "request-damaged", damaged(True)),
    Fault("response-missing", "response-damaged", damaged(False)),
    changed("result-object-undefined", "wrong-attribute", no_such_attribute, group="answers",
            codes=("result-read-write-denied", "result-other-reason")),
    changed("result-read-write-denied", "protection-missing", unprotected, group="answers"),
    changed("result-other-reason", "selection-not-accepted", refused_selection, group="answers"),
    Fault("noise", "capture-started-late", begun_in_pdu),
    Fault("response-slow", "network-delay", lambda c, n: Case(
        over_tcp(slow(c, dialogue(n), n)), Truth(frozenset({"network-delay"})))),
    changed("clock-drift", "capture-time-unreal", clock(-12 * 365 * _DAYS, -60), group="answers"),
    changed("value-out-of-type", "", other_type, group="answers"),
    Fault("scaler-unknown", "", no_scaler),
    Fault("inter-octet-gap", "sender-pauses", _timed(_gap, "sender-pauses")),
    Fault("inter-octet-gap", "adapter-latency", _timed(_gap, "adapter-latency")),
    Fault("turnaround-too-short", "collision", _timed(_overlap, "collision")),
)  # fmt: skip
