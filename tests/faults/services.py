"""Faults of services: results, errors, answers and blocks that do not come, data that are odd, counters and keys."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from analyzer.diagnosis.refusals import RESULT_CAUSES
from analyzer.simulate.sent import TO_CLIENT, TO_METER
from dissectors.enumerations import ACTION_RESULT, DATA_ACCESS_RESULT
from tests.faults.case import Case, Fault, Truth
from tests.faults.dialogues import (
    Apdus,
    Change,
    changed,
    dialogue,
    exchanges,
    later,
    on_wrapper,
    said_at,
)

_ACTION = bytes.fromhex("C301C1 0003 0100010800FF 01 00")
_CLOCK = bytes.fromhex("0008 0000010000FF 02")


def answered(octets: bytes, *, request: bytes = b"", is_plain: bool = False) -> Change:
    """An exchange whose answer is another one; *request* takes the place of what is asked."""

    def change(chance: random.Random, apdus: Apdus, number: int) -> Apdus:
        at = chance.choice(exchanges(apdus))
        invoke = apdus[at].octets[2:3]
        made = list(apdus)
        if request:
            made[at] = made[at]._replace(octets=request[:2] + invoke + request[3:])
        answer = octets if is_plain else octets[:2] + invoke + octets[3:]
        made[at + 1] = made[at + 1]._replace(octets=answer)
        return made

    return change


def _results() -> list[Fault]:
    rows = []
    for number, name in DATA_ACCESS_RESULT.items():
        if number:
            octets = bytes.fromhex("C401C1 01") + bytes((number,))
            rows.append(changed(f"result-{name}", RESULT_CAUSES[name][0], answered(octets), group="service"))
    for number, name in ACTION_RESULT.items():
        if number:
            octets = bytes((0xC7, 1, 0xC1, number, 0))
            cause = RESULT_CAUSES[name][0]
            rows.append(changed(f"result-{name}", cause, answered(octets, request=_ACTION), group="service"))
    return rows


def _errors() -> list[Fault]:
    exceptions = {1: "operation-not-possible", 2: "service-not-supported", 3: "reason-unstated", 4: "pdu-too-long",
                  5: "deciphering-failed", 6: "invocation-counter-too-low"}  # fmt: skip
    errors = {(0, 6): "deciphering-failed", (0, 3): "no-association", (0, 4): "wrong-context", (3, 1): "pdu-too-long",
              (3, 2): "service-not-supported", (4, 1): "object-missing", (4, 2): "wrong-class-id",
              (5, 1): "no-association-rights", (5, 2): "no-association-rights", (5, 4): "temporary",
              (1, 1): "meter-fault"}  # fmt: skip
    rows = []
    for error, cause in exceptions.items():
        octets = bytes((0xD8, 1, error)) + (bytes(4) if error == 6 else b"")
        rows.append(changed("exception-response", cause, answered(octets, is_plain=True), group="service"))
    for (kind, error), cause in errors.items():
        octets = bytes((0x0E, 5, kind, error))
        rows.append(changed("confirmed-service-error", cause, answered(octets, is_plain=True), group="service"))
    return rows


# -- answers and blocks -----------------------------------------------------------------------------------------------


def _on_wrapper(code: str, cause: str, change: Change, *, codes: Sequence[str] = ()) -> Fault:
    """A row on a wrapper lane alone: on HDLC the link itself repeats and counts."""
    truth = Truth(frozenset({cause}), frozenset(codes))

    def make(chance: random.Random, number: int) -> Case | None:
        apdus = change(chance, dialogue(number), number)
        return None if apdus is None else Case(on_wrapper(apdus), truth)

    return Fault(code, cause, make, group="service")


def unanswered(chance: random.Random, apdus: Apdus, number: int) -> Apdus:
    at = chance.choice(exchanges(apdus))
    again = chance.uniform(3, 8)
    return [*apdus[: at + 1], *later(apdus[at:], again)]


def passed_over(chance: random.Random, apdus: Apdus, number: int) -> Apdus:
    at = chance.choice(exchanges(apdus)[1:-2])
    return [*apdus[: at + 1], *later(apdus[at + 2 :], 3)]


def other_invoke_id(chance: random.Random, apdus: Apdus, number: int) -> Apdus:
    at = chance.choice(exchanges(apdus))
    octets = apdus[at + 1].octets
    wrong = octets[2] & 0xF0 | (octets[2] & 0xF) + chance.randrange(1, 15) & 0xF
    made = list(apdus)
    made[at + 1] = made[at + 1]._replace(octets=octets[:2] + bytes((wrong,)) + octets[3:])
    return made


def other_service(chance: random.Random, apdus: Apdus, number: int) -> Apdus:
    """A request is answered by the response of another service, with its invoke-id."""
    at = chance.choice([at for at in exchanges(apdus) if apdus[at].octets[:1] == b"\xc0"])
    answer = chance.choice([b"\xc5\1\xc1\0", b"\xc7\1\xc1\0\0"])
    made = list(apdus)
    made[at + 1] = made[at + 1]._replace(octets=answer[:2] + apdus[at].octets[2:3] + answer[3:])
    return made


def _blocks(apdus: Apdus) -> list[int]:
    """Where requests for a next block stand that a block answers."""
    return [at for at in range(len(apdus) - 1) if apdus[at].octets[:2] == b"\xc0\x02"]


def block_missed(chance: random.Random, apdus: Apdus, number: int) -> Apdus | None:
    places = _blocks(apdus)[:-1]
    if not places:
        return None
    at = chance.choice(places)
    return [*apdus[:at], *apdus[at + 2 :]]


def block_skipped(chance: random.Random, apdus: Apdus, number: int) -> Apdus | None:
    places = _blocks(apdus)
    if len(places) < 3:
        return None
    at = chance.choice(places[:-2])
    return [*apdus[: at + 1], *apdus[at + 3 :]]


def block_aborted(chance: random.Random, apdus: Apdus, number: int) -> Apdus | None:
    places = _blocks(apdus)
    if not places:
        return None
    at = chance.choice(places)
    request = apdus[at].octets
    following = int.from_bytes(request[3:7], "big") + 1
    refused = b"\xc4\x02" + request[2:3] + b"\x01" + following.to_bytes(4, "big") + b"\x01\x0f"
    end = next(place for place in range(at, len(apdus)) if apdus[place].octets[:1] == b"\xc4"
               and apdus[place].octets[3] == 1) + 1  # fmt: skip
    return [*apdus[: at + 1], apdus[at + 1]._replace(octets=refused), *apdus[end:]]


def client_left_off(chance: random.Random, apdus: Apdus, number: int) -> Apdus | None:
    places = _blocks(apdus)
    if not places:
        return None
    at = chance.choice(places)
    end = next(place for place in range(at, len(apdus)) if apdus[place].octets[:1] == b"\xc4"
               and apdus[place].octets[3] == 1) + 1  # fmt: skip
    return [*apdus[:at], *apdus[end:]]


def block_number_wrong(chance: random.Random, apdus: Apdus, number: int) -> Apdus | None:
    places = _blocks(apdus)
    if not places:
        return None
    at = chance.choice(places)
    request = apdus[at].octets
    asked = int.from_bytes(request[3:7], "big")
    wrong = asked + chance.choice((-1, 1, 2))
    refused = b"\xc4\x02" + request[2:3] + b"\x01" + wrong.to_bytes(4, "big") + b"\x01\x13"
    made = apdus[at]._replace(octets=request[:3] + wrong.to_bytes(4, "big"))
    end = next(place for place in range(at, len(apdus)) if apdus[place].octets[:1] == b"\xc4"
               and apdus[place].octets[3] == 1) + 1  # fmt: skip
    return [*apdus[:at], made, apdus[at + 1]._replace(octets=refused), *apdus[end:]]


def too_long(chance: random.Random, apdus: Apdus, number: int) -> Apdus:
    at = chance.choice(exchanges(apdus))
    size = 0x0400 + chance.randrange(1, 200)
    request = bytes.fromhex("C101C1 0001 0000600100FF 02 00 0982") + size.to_bytes(2, "big") + bytes(size)
    made = list(apdus)
    made[at] = made[at]._replace(octets=request)
    made[at + 1] = made[at + 1]._replace(octets=bytes.fromhex("C501C100"))
    return made


def malformed(chance: random.Random, apdus: Apdus, number: int) -> Apdus:
    """An answer whose string is said to be longer than it is."""
    at = chance.choice(exchanges(apdus))
    text = chance.randbytes(10)
    invoke = apdus[at].octets[2:3]
    made = list(apdus)
    made[at + 1] = made[at + 1]._replace(octets=b"\xc4\x01" + invoke + b"\0\x09\x0c" + text)
    return made


def text_answer(chance: random.Random, apdus: Apdus, number: int) -> Apdus:
    at = chance.choice(exchanges(apdus))
    made = list(apdus)
    made[at + 1] = made[at + 1]._replace(octets=b"NEXERRORNO-" + str(number).encode())
    return made


def slow(chance: random.Random, apdus: Apdus, number: int) -> Apdus:
    at = chance.choice(exchanges(apdus)[6:])
    return [*apdus[: at + 1], *later(apdus[at + 1 :], chance.uniform(3, 9))]


# -- data -------------------------------------------------------------------------------------------------------------


def clock(off_s: int, deviation: int, *, status: int = 0, month: int = 0) -> Change:
    """A clock that is so many seconds off the capture's time; *deviation* as it is sent."""

    def change(chance: random.Random, apdus: Apdus, number: int) -> Apdus:
        import datetime

        at = next(place for place in exchanges(apdus) if apdus[place].octets[3:12] == _CLOCK)
        offset = -abs(deviation) if deviation else 0
        moment = apdus[at + 1].time_ns // 1_000_000_000 + off_s - offset * 60
        told = datetime.datetime.fromtimestamp(moment, datetime.UTC)
        octets = told.year.to_bytes(2, "big") + bytes((month or told.month, told.day, told.isoweekday(), told.hour))
        octets += bytes((told.minute, told.second, 0)) + deviation.to_bytes(2, "big", signed=True) + bytes((status,))
        made = list(apdus)
        made[at + 1] = made[at + 1]._replace(octets=b"\xc4\x01" + apdus[at].octets[2:3] + b"\0\x09\x0c" + octets)
        return made

    return change


def profile(holes: Callable[[random.Random, list[int]], list[int]], status: int = 0) -> Change:
    """A profile of clock, status and a register; *holes* changes the minutes of its rows."""

    def change(chance: random.Random, apdus: Apdus, number: int) -> Apdus | None:
        if number % 3 == 0:
            return None  # these clients take short APDUs only
        head = apdus[:2]
        name = bytes.fromhex("0100630100FF")
        columns = bytes.fromhex(
            "C401C1 00 0103 0204 120008 0906 0000010000FF 0F02 120000"
            "0204 120001 0906 0000600A01FF 0F02 120000 0204 120003 0906 0100010800FF 0F02 120000"
        )  # fmt: skip
        minutes = holes(chance, [15 * row for row in range(12)])
        rows = b"".join(
            b"\x02\x03\x09\x0c\x07\xea\x03\x02\x01" + bytes((minute // 60, minute % 60, 0, 0, 0x80, 0, 0))
            + b"\x11" + bytes((status if row == 5 else 0,)) + b"\x06" + (1000 + row).to_bytes(4, "big")
            for row, minute in enumerate(minutes)
        )  # fmt: skip
        asked = [b"\xc0\x01\xc1\x00\x07" + name + bytes((attribute, 0)) for attribute in (3, 4, 2)]
        told = [columns, bytes.fromhex("C401C1 00 06 00000384"), b"\xc4\x01\xc1\0\x01" + bytes((len(minutes),)) + rows]
        made, last = list(head), head[-1]
        for request, answer in zip(asked, told, strict=True):
            made += [said_at(last, request, 0.3, TO_METER), said_at(last, answer, 0.5, TO_CLIENT)]
            last = made[-1]
        return [*made, *later(apdus[2:], 3)]

    return change


def _hole(chance: random.Random, minutes: list[int]) -> list[int]:
    at = chance.randrange(2, len(minutes) - 2)
    return [*minutes[:at], *minutes[at + chance.randrange(1, 3) :]]


def _set_back(chance: random.Random, minutes: list[int]) -> list[int]:
    at = chance.randrange(3, len(minutes) - 1)
    return [*minutes[:at], *(minute - 30 for minute in minutes[at:])]


SERVICE_FAULTS: tuple[Fault, ...] = (
    *_results(),
    *_errors(),
    _on_wrapper("response-missing", "server-silent", unanswered),
    _on_wrapper("response-missing", "server-silent", passed_over),
    _on_wrapper("invoke-id-differs", "invoke-id-ignored", other_invoke_id),
    _on_wrapper("response-without-request", "answer-of-another-service", other_service),
    changed("block-lost", "capture-loss", block_missed, group="service"),
    changed("block-lost", "block-skipped", block_skipped, group="service"),
    changed("long-transfer-aborted", "server-aborted", block_aborted, group="service"),
    changed("long-transfer-aborted", "client-left-off", client_left_off, group="service"),
    changed("block-number-wrong", "block-number-differs", block_number_wrong, group="service"),
    changed("pdu-too-long", "size-ignored", too_long, group="service"),
    changed("apdu-malformed", "wrong-encoding", malformed, group="service"),
    changed("carrier-text", "vendor-text-answer", text_answer, group="service"),
    _on_wrapper("response-slow", "meter-busy", slow),
    _on_wrapper("clock-drift", "clock-not-set", clock(3600 * 5 + 17, -60)),
    _on_wrapper("clock-drift", "deviation-wrong", clock(3600, -60, status=0x80)),
    _on_wrapper("deviation-sign-unusual", "sign-turned", clock(0, 120)),
    _on_wrapper("status-flag-set", "clock-not-trusted", clock(0, -60, status=1)),
    _on_wrapper("profile-gap", "power-failure-or-clock-set", profile(_hole)),
    _on_wrapper("profile-overlap", "clock-set-back", profile(_set_back)),
    _on_wrapper("status-flag-set", "status-word", profile(lambda chance, minutes: minutes, status=0x22)),
)
