"""Random APDUs of logical name referencing, one maker a variant. Source: IEC 62056-5-3 clause 9.5."""

from __future__ import annotations

from collections.abc import Callable

from tests.oracles.encode import (
    ABSENT,
    Dice,
    Piece,
    boolean,
    choice,
    enumerated,
    fixed_hex,
    octet_string,
    optional,
    sequence,
    sequence_of,
)
from tests.oracles.random_data import BODIES, COMMON, data, nested, of_type, scalar

Maker = Callable[[Dice], Piece]
CLASS_IDS = [1, 3, 4, 5, 6, 7, 8, 9, 11, 15, 17, 18, 20, 21, 22, 23, 40, 64, 70, 71]


def invoke(dice: Dice) -> tuple[str, Piece]:
    """The invoke-id-and-priority with its reserved bits clear."""
    return "invoke-id-and-priority", fixed_hex(bytes([dice.randrange(256) & 0xCF]))


def long_invoke(dice: Dice) -> tuple[str, Piece]:
    """The long-invoke-id-and-priority, which lacks only its reserved bits and self-descriptive."""
    return "long-invoke-id-and-priority", fixed_hex((dice.randrange(1 << 32) & 0xE0FFFFFF).to_bytes(4, "big"))


def descriptor(dice: Dice, kind: str = "attribute", low: int = 1, high: int = 25) -> Piece:
    """The value of an attribute or method descriptor."""
    return sequence(
        ("class-id", Piece(code := dice.choice(CLASS_IDS), code.to_bytes(2, "big"))),
        ("instance-id", fixed_hex(dice.randbytes(5) + b"\xff")),
        (f"{kind}-id", Piece(which := dice.randint(low, high), which.to_bytes(1, "big", signed=True))),
    )


def attribute(dice: Dice, low: int = 1) -> tuple[str, Piece]:
    """A cosem-attribute-descriptor."""
    return "cosem-attribute-descriptor", descriptor(dice, low=low)


def method(dice: Dice) -> tuple[str, Piece]:
    """A cosem-method-descriptor."""
    return "cosem-method-descriptor", descriptor(dice, "method")


def selection(dice: Dice) -> Piece:
    """A Selective-Access-Descriptor."""
    return sequence(("access-selector", dice.number(1)), ("access-parameters", data(dice, 2)))


def entry_selection(dice: Dice) -> Piece:
    """An entry descriptor of a profile, with its selector."""
    entries = nested(
        "structure", [scalar(dice, name) for name in ("double-long-unsigned",) * 2 + ("long-unsigned",) * 2]
    )
    return sequence(("access-selector", Piece(2, b"\x02")), ("access-parameters", entries))


def range_selection(dice: Dice) -> Piece:
    """A range descriptor of a profile by its clock, all columns, with its selector."""
    clock = [(8).to_bytes(2, "big"), bytes.fromhex("0000010000FF")]
    restricting = nested(
        "structure",
        [
            Piece({"long-unsigned": 8}, b"\x12" + clock[0]),
            Piece({"octet-string": "0000010000FF"}, b"\x09\x06" + clock[1]),
            Piece({"integer": 2}, b"\x0f\x02"),
            Piece({"long-unsigned": 0}, b"\x12\x00\x00"),
        ],
    )
    moments = [octet_string(dice.date_time()) for _ in range(2)]
    ends = [Piece({"octet-string": moment.value}, b"\x09" + moment.octets) for moment in moments]
    parameters = nested("structure", [restricting, *ends, nested("array", [])])
    return sequence(("access-selector", Piece(1, b"\x01")), ("access-parameters", parameters))


def result(dice: Dice, value: Piece | None = None) -> Piece:
    """A Get-Data-Result with this value, or an error."""
    if value is None:
        return choice("data-access-result", 1, dice.code("data-access-result"))
    return choice("data", 0, value)


def get_result(dice: Dice) -> Piece:
    """A Get-Data-Result: a value mostly."""
    return result(dice, data(dice) if dice.random() < 0.7 else None)


def block_number(dice: Dice) -> tuple[str, Piece]:
    """A block-number of 32 bits."""
    return "block-number", dice.number(4)


def datablock(dice: Dice) -> Piece:
    """A DataBlock-SA."""
    raw = octet_string(dice.octets())
    return sequence(("last-block", boolean(dice.random() < 0.5)), block_number(dice), ("raw-data", raw))


def first_datablock(dice: Dice) -> Piece:
    """A DataBlock-SA that opens a transfer: mostly number 1, as it should be."""
    number = Piece(1, b"\0\0\0\1") if dice.random() < 0.8 else dice.number(4)
    return sequence(
        ("last-block", boolean(dice.random() < 0.5)),
        ("block-number", number),
        ("raw-data", octet_string(dice.octets())),
    )


def get_datablock(dice: Dice, error: bool, last: bool | None = None) -> Piece:
    """A DataBlock-G."""
    is_last = dice.random() < 0.5 if last is None else last
    content = (
        choice("data-access-result", 1, dice.code("data-access-result"))
        if error
        else choice("raw-data", 0, octet_string(dice.octets()))
    )
    return sequence(("last-block", boolean(is_last)), block_number(dice), ("result", content))


def action_response(dice: Dice, what: str) -> Piece:
    """An Action-Response-With-Optional-Data."""
    returned = {"nothing": lambda: None, "data": lambda: result(dice, data(dice)), "error": lambda: result(dice)}[
        what
    ]()
    return sequence(("result", dice.code("action-result")), ("return-parameters", optional(returned)))


def moment(dice: Dice, present: bool | None = None) -> tuple[str, Piece]:
    """The date-time of a header: empty, or twelve octets behind their length."""
    there = dice.random() < 0.5 if present is None else present
    return "date-time", octet_string(dice.date_time() if there else b"")


def _service(
    outer: str, tag: int, inner: str, number: int, *members: Callable[[Dice], tuple[str, Piece]]
) -> tuple[str, Maker]:
    return inner, lambda dice: choice(
        outer, tag, choice(inner, number, sequence(invoke(dice), *(make(dice) for make in members)))
    )


def _named(name: str, make: Maker) -> Callable[[Dice], tuple[str, Piece]]:
    return lambda dice: (name, make(dice))


def _list(name: str, make: Maker, low: int = 1, high: int = 4) -> Callable[[Dice], tuple[str, Piece]]:
    return lambda dice: (name, sequence_of(dice.several(lambda: make(dice), low, high)))


def _with_selection(dice: Dice) -> Piece:
    return sequence(attribute(dice), ("access-selection", optional(dice.maybe(lambda: selection(dice)))))


def _without_selection(dice: Dice) -> Piece:
    return sequence(attribute(dice), ("access-selection", ABSENT))


def _set_list(dice: Dice, selected: Maker) -> Piece:
    count = dice.randint(1, 4)
    body = sequence(
        invoke(dice),
        ("attribute-descriptor-list", sequence_of(selected(dice) for _ in range(count))),
        ("value-list", sequence_of(data(dice) for _ in range(count))),
    )
    return choice("set-request", 0xC1, choice("set-request-with-list", 4, body))


def _action_list(dice: Dice) -> Piece:
    count = dice.randint(1, 4)
    body = sequence(
        invoke(dice),
        ("cosem-method-descriptor-list", sequence_of(descriptor(dice, "method") for _ in range(count))),
        ("method-invocation-parameters", sequence_of(data(dice) for _ in range(count))),
    )
    return choice("action-request", 0xC3, choice("action-request-with-list", 3, body))


def _no_selection(_: Dice) -> tuple[str, Piece]:
    return "access-selection", ABSENT


def _some_selection(make: Maker) -> Callable[[Dice], tuple[str, Piece]]:
    return lambda dice: ("access-selection", optional(make(dice)))


def _get_response(value: Maker) -> Maker:
    return lambda dice: choice(
        "get-response", 0xC4, choice("get-response-normal", 1, sequence(invoke(dice), ("result", value(dice))))
    )


SELECTED = _some_selection(selection)
_DAR = _named("result", lambda dice: dice.code("data-access-result"))
_DARS = _list("result", lambda dice: dice.code("data-access-result"))
_PBLOCK = _named("pblock", datablock)

GET = dict(
    [
        _service("get-request", 0xC0, "get-request-normal", 1, attribute, _no_selection),
        _service("get-request", 0xC0, "get-request-next", 2, block_number),
        _service(
            "get-request", 0xC0, "get-request-with-list", 3, _list("attribute-descriptor-list", _without_selection)
        ),
        _service(
            "get-response", 0xC4, "get-response-with-datablock", 2, _named("result", lambda d: get_datablock(d, False))
        ),
        _service("get-response", 0xC4, "get-response-with-list", 3, _list("result", get_result)),
    ]
) | {
    "get-request-normal, selection": _service("get-request", 0xC0, "get-request-normal", 1, attribute, SELECTED)[1],
    "get-request-normal, range": _service(
        "get-request", 0xC0, "get-request-normal", 1, attribute, _some_selection(range_selection)
    )[1],
    "get-request-normal, entries": _service(
        "get-request", 0xC0, "get-request-normal", 1, attribute, _some_selection(entry_selection)
    )[1],
    "get-request-normal, negative attribute": _service(
        "get-request",
        0xC0,
        "get-request-normal",
        1,
        lambda d: ("cosem-attribute-descriptor", descriptor(d, low=-128, high=-1)),
        _no_selection,
    )[1],
    "get-request-with-list, selection": _service(
        "get-request", 0xC0, "get-request-with-list", 3, _list("attribute-descriptor-list", _with_selection)
    )[1],
    "get-response-normal, data": _get_response(lambda dice: result(dice, data(dice))),
    "get-response-normal, error": _get_response(result),
    "get-response-normal, unassigned error": _get_response(
        lambda dice: choice("data-access-result", 1, enumerated("data-access-result", dice.randint(20, 249)))
    ),
    "get-response-with-datablock, error": _service(
        "get-response", 0xC4, "get-response-with-datablock", 2, _named("result", lambda d: get_datablock(d, True, True))
    )[1],
}

SET = dict(
    [
        _service("set-request", 0xC1, "set-request-normal", 1, attribute, _no_selection, _named("value", data)),
        _service(
            "set-request",
            0xC1,
            "set-request-with-first-datablock",
            2,
            attribute,
            _no_selection,
            _named("datablock", first_datablock),
        ),
        _service("set-request", 0xC1, "set-request-with-datablock", 3, _named("datablock", datablock)),
        _service(
            "set-request",
            0xC1,
            "set-request-with-list-and-first-datablock",
            5,
            _list("attribute-descriptor-list", _with_selection),
            _named("datablock", datablock),
        ),
        _service("set-response", 0xC5, "set-response-normal", 1, _DAR),
        _service("set-response", 0xC5, "set-response-datablock", 2, block_number),
        _service("set-response", 0xC5, "set-response-last-datablock", 3, _DAR, block_number),
        _service("set-response", 0xC5, "set-response-last-datablock-with-list", 4, _DARS, block_number),
        _service("set-response", 0xC5, "set-response-with-list", 5, _DARS),
    ]
) | {
    "set-request-normal, selection": _service(
        "set-request", 0xC1, "set-request-normal", 1, attribute, SELECTED, _named("value", data)
    )[1],
    "set-request-with-first-datablock, selection": _service(
        "set-request",
        0xC1,
        "set-request-with-first-datablock",
        2,
        attribute,
        SELECTED,
        _named("datablock", first_datablock),
    )[1],
    "set-request-with-list": lambda dice: _set_list(dice, _without_selection),
    "set-request-with-list, selection": lambda dice: _set_list(dice, _with_selection),
}


def _parameters(present: bool) -> Callable[[Dice], tuple[str, Piece]]:
    return lambda dice: ("method-invocation-parameters", optional(data(dice) if present else None))


def _response(what: str) -> Maker:
    return _service(
        "action-response", 0xC7, "action-response-normal", 1, lambda d: ("single-response", action_response(d, what))
    )[1]


ACTION = dict(
    [
        _service("action-request", 0xC3, "action-request-next-pblock", 2, block_number),
        _service("action-request", 0xC3, "action-request-with-first-pblock", 4, method, _PBLOCK),
        _service(
            "action-request",
            0xC3,
            "action-request-with-list-and-first-pblock",
            5,
            _list("cosem-method-descriptor-list", lambda d: descriptor(d, "method")),
            _PBLOCK,
        ),
        _service("action-request", 0xC3, "action-request-with-pblock", 6, _PBLOCK),
        _service("action-response", 0xC7, "action-response-with-pblock", 2, _PBLOCK),
        _service(
            "action-response",
            0xC7,
            "action-response-with-list",
            3,
            _list("list-of-responses", lambda d: action_response(d, d.choice(["nothing", "data", "error"]))),
        ),
        _service("action-response", 0xC7, "action-response-next-pblock", 4, block_number),
    ]
) | {
    "action-request-normal": _service("action-request", 0xC3, "action-request-normal", 1, method, _parameters(False))[
        1
    ],
    "action-request-normal, parameters": _service(
        "action-request", 0xC3, "action-request-normal", 1, method, _parameters(True)
    )[1],
    "action-request-with-list": _action_list,
    "action-response-normal": _response("nothing"),
    "action-response-normal, data": _response("data"),
    "action-response-normal, error": _response("error"),
}


def _event(dice: Dice, present: bool) -> Piece:
    time = optional(octet_string(dice.date_time()) if present else None)
    return choice(
        "event-notification-request", 0xC2, sequence(("time", time), attribute(dice), ("attribute-value", data(dice)))
    )


def _notification(dice: Dice, present: bool) -> Piece:
    body = choice("data-value", None, data(dice))
    return choice(
        "data-notification", 0x0F, sequence(long_invoke(dice), moment(dice, present), ("notification-body", body))
    )


NOTIFICATION: dict[str, Maker] = {
    "event-notification-request": lambda dice: _event(dice, False),
    "event-notification-request, time": lambda dice: _event(dice, True),
    "data-notification": lambda dice: _notification(dice, False),
    "data-notification, date-time": lambda dice: _notification(dice, True),
    "data-notification-confirm": lambda dice: choice(
        "data-notification-confirm", 0x10, sequence(long_invoke(dice), moment(dice))
    ),
}


def _request_specification(dice: Dice, selected: bool) -> Piece:
    which = dice.choice(["get", "set"] if selected else ["get", "set", "action"])
    tag = {"get": 1, "set": 2, "action": 3}[which]
    if selected:
        return choice(
            f"access-request-{which}-with-selection",
            tag + 3,
            sequence(attribute(dice), ("access-selection", selection(dice))),
        )
    return choice(f"access-request-{which}", tag, sequence(method(dice) if which == "action" else attribute(dice)))


def _access_request(dice: Dice, selected: bool = False) -> Piece:
    count = dice.randint(1, 4)
    body = sequence(
        ("access-request-specification", sequence_of(_request_specification(dice, selected) for _ in range(count))),
        ("access-request-list-of-data", sequence_of(data(dice) for _ in range(count))),
    )
    return choice("access-request", 0xD9, sequence(long_invoke(dice), moment(dice), ("access-request-body", body)))


def _response_specification(dice: Dice) -> Piece:
    which = dice.choice(["get", "set", "action"])
    table = "action-result" if which == "action" else "data-access-result"
    return choice(
        f"access-response-{which}", {"get": 1, "set": 2, "action": 3}[which], sequence(("result", dice.code(table)))
    )


def _access_response(dice: Dice, echoed: bool) -> Piece:
    count = dice.randint(1, 4)
    specification = sequence_of(_request_specification(dice, False) for _ in range(count)) if echoed else None
    body = sequence(
        ("access-request-specification", optional(specification)),
        ("access-response-list-of-data", sequence_of(data(dice) for _ in range(count))),
        ("access-response-specification", sequence_of(_response_specification(dice) for _ in range(count))),
    )
    return choice("access-response", 0xDA, sequence(long_invoke(dice), moment(dice), ("access-response-body", body)))


ACCESS: dict[str, Maker] = {
    "access-request": _access_request,
    "access-request, selection": lambda dice: _access_request(dice, True),
    "access-response": lambda dice: _access_response(dice, False),
    "access-response, specification": lambda dice: _access_response(dice, True),
}

DATA_TYPES: dict[str, Maker] = {
    f"data of {name}": _get_response(lambda dice, name=name: result(dice, of_type(dice, name)))
    for name in [*(name for name in BODIES if name not in COMMON), "compact-array"]
}

LN: dict[str, Maker] = GET | SET | ACTION | NOTIFICATION | ACCESS | DATA_TYPES
