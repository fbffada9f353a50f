"""Random APDUs of association, errors, protection and block transfer, one maker a variant.

Source: IEC 62056-5-3 clauses 9.2.7 (protection), 9.3.5 (general block transfer), 9.4 (ACSE) and 9.5 (the modules).
"""

from __future__ import annotations

from collections.abc import Callable

from tests.oracles.apdus_ln import GET, moment
from tests.oracles.encode import (
    ABSENT,
    NAMES,
    NOTHING,
    Dice,
    Piece,
    ber,
    boolean,
    choice,
    enumerated,
    fixed_hex,
    length,
    octet_string,
    optional,
    sequence,
)

Maker = Callable[[Dice], Piece]
LN_BITS = [1, 2, 8, 9, 10, 11, 12, 13, 14, 17, 19, 20, 21, 22, 23]
SN_BITS = [3, 4, 5, 14, 15, 18]


def conformance(dice: Dice, bits: list[int]) -> Piece:
    """A Conformance of some of these bits, in BER."""
    chosen = sorted(bit for bit in bits if dice.random() < 0.5)
    mask = sum(0x800000 >> bit for bit in chosen)
    return Piece([NAMES["conformance"][str(bit)] for bit in chosen], b"\x5f\x1f\x04\x00" + mask.to_bytes(3, "big"))


def initiate_request(dice: Dice, key: bool = False, full: bool = False, bits: list[int] = LN_BITS) -> Piece:
    """An initiateRequest; *full* has every OPTIONAL and DEFAULT written out."""
    body = sequence(
        ("dedicated-key", optional(octet_string(dice.randbytes(16)) if key else None)),
        ("response-allowed", optional(boolean(dice.random() < 0.5) if full else None)),
        ("proposed-quality-of-service", optional(dice.number(1, True) if full else None)),
        ("proposed-dlms-version-number", Piece(6, b"\x06")),
        ("proposed-conformance", conformance(dice, bits)),
        ("client-max-receive-pdu-size", dice.number(2)),
    )
    return choice("initiateRequest", 0x01, body)


def initiate_response(dice: Dice, bits: list[int] = LN_BITS, vaa: int = 7, quality: bool = False) -> Piece:
    """An initiateResponse."""
    body = sequence(
        ("negotiated-quality-of-service", optional(dice.number(1, True) if quality else None)),
        ("negotiated-dlms-version-number", Piece(6, b"\x06")),
        ("negotiated-conformance", conformance(dice, bits)),
        ("server-max-receive-pdu-size", dice.number(2)),
        ("vaa-name", Piece(vaa, vaa.to_bytes(2, "big"))),
    )
    return choice("initiateResponse", 0x08, body)


def confirmed_service_error(dice: Dice, service: int | None = None) -> Piece:
    """A confirmedServiceError of one of the services in use."""
    number = service or int(dice.choice(sorted(NAMES["confirmed-service-error"])))
    error_class = int(dice.choice(sorted(NAMES["service-error"])))
    name = NAMES["service-error"][str(error_class)]
    error = choice(name, error_class, dice.code(f"service-error-{name}"))
    return choice("confirmedServiceError", 0x0E, choice(NAMES["confirmed-service-error"][str(number)], number, error))


def exception_response(dice: Dice, codes: list[int]) -> Piece:
    """An exception-response with one of these service errors."""
    code = dice.choice(codes)
    counter = dice.number(4) if code == 6 else NOTHING
    body = sequence(
        ("state-error", dice.code("state-error")),
        ("service-error", enumerated("service-exception", code)),
        ("invocation-counter", counter),
    )
    return choice("exception-response", 0xD8, body)


def protected(dice: Dice, tag: bool | None = None) -> Piece:
    """A closed ciphered content with its length: enciphered, with or without an authentication tag."""
    authenticated = dice.random() < 0.5 if tag is None else tag
    control = fixed_hex(b"\x30" if authenticated else b"\x20")
    seal = fixed_hex(dice.randbytes(12)) if authenticated else NOTHING
    body = sequence(
        ("security-control", control),
        ("invocation-counter", dice.number(4)),
        ("ciphered", fixed_hex(dice.octets(3, 60))),
        ("tag", seal),
    )
    return Piece(body.value, length(len(body.octets)) + body.octets)


def merged(*pieces: Piece | tuple[str, Piece]) -> Piece:
    """A SEQUENCE whose unnamed parts give their members to it."""
    value: dict[str, object] = {}
    octets = b""
    for part in pieces:
        piece = part if isinstance(part, Piece) else sequence(part)
        value |= piece.value
        octets += piece.octets
    return Piece(value, octets)


SERVICE_TAGS = {
    "initiateRequest": (33, 65),
    "readRequest": (37, 69),
    "writeRequest": (38, 70),
    "initiateResponse": (40, 72),
    "readResponse": (44, 76),
    "writeResponse": (45, 77),
    "confirmedServiceError": (46, 78),
    "unconfirmedWriteRequest": (54, 86),
    "informationReportRequest": (56, 88),
    "get-request": (200, 208),
    "set-request": (201, 209),
    "event-notification-request": (202, 210),
    "action-request": (203, 211),
    "get-response": (204, 212),
    "set-response": (205, 213),
    "action-response": (207, 215),
}


def _general(name: str, tag: int) -> Maker:
    return lambda dice: choice(name, tag, merged(("system-title", octet_string(dice.randbytes(8))), protected(dice)))


def _key_info(dice: Dice, which: str) -> Piece:
    if which == "identified-key":
        return choice(which, 0, sequence(("key-id", Piece(key := dice.randrange(2), bytes([key])))))
    if which == "wrapped-key":
        return choice(
            which, 1, sequence(("kek-id", Piece(0, b"\x00")), ("key-ciphered-data", octet_string(dice.randbytes(24))))
        )
    if dice.random() < 0.5:
        parts = sequence(
            ("key-parameters", octet_string(b"\x01")), ("key-ciphered-data", octet_string(dice.randbytes(128)))
        )
    else:
        parts = sequence(("key-parameters", octet_string(b"\x02")), ("key-ciphered-data", octet_string(b"")))
    return choice("agreed-key", 2, parts)


def _header(dice: Dice) -> list[tuple[str, Piece]]:
    titles = [
        (name, octet_string(dice.randbytes(8)))
        for name in ("transaction-id", "originator-system-title", "recipient-system-title")
    ]
    return [*titles, moment(dice), ("other-information", octet_string(dice.octets(0, 6)))]


def _general_ciphering(which: str | None) -> Maker:
    def make(dice: Dice) -> Piece:
        key_info = ("key-info", ABSENT if which is None else optional(_key_info(dice, which)))
        return choice("general-ciphering", 0xDD, merged(*_header(dice), key_info, protected(dice)))

    return make


def _general_signing(dice: Dice) -> Piece:
    inner = GET["get-request-normal"](dice)
    content = ("content", Piece(inner.value, length(len(inner.octets)) + inner.octets))
    return choice(
        "general-signing", 0xDF, sequence(*_header(dice), content, ("signature", octet_string(dice.randbytes(64))))
    )


def _general_block_transfer(dice: Dice) -> Piece:
    last, streaming, window = dice.random() < 0.5, dice.random() < 0.5, dice.randrange(64)
    control = Piece(
        {"last-block": last, "streaming": streaming, "window": window}, bytes([last << 7 | streaming << 6 | window])
    )
    return choice(
        "general-block-transfer",
        0xE0,
        sequence(
            ("block-control", control),
            ("block-number", dice.number(2)),
            ("block-number-ack", dice.number(2)),
            ("block-data", octet_string(dice.octets())),
        ),
    )


# -- ACSE: BER elements -------------------------------------------------------------------------------------------------


def _element(name: str, value: object, tag: int, contents: bytes) -> tuple[str, Piece]:
    return name, Piece(value, ber(tag, contents))


def _oid(name: str, tag: int, arc: int, last: int, explicit: bool) -> tuple[str, Piece]:
    octets = bytes.fromhex("6085740508") + bytes([arc, last])
    return _element(name, f"2.16.756.5.8.{arc}.{last}", tag, ber(6, octets) if explicit else octets)


def _title(name: str, tag: int, octets: bytes) -> tuple[str, Piece]:
    return _element(name, octets.hex().upper(), tag, ber(4, octets))


def _integer(name: str, tag: int, value: int) -> tuple[str, Piece]:
    return _element(name, value, tag, ber(2, bytes([value])))


def _user_information(piece: Piece) -> tuple[str, Piece]:
    return _element("user-information", piece.value, 0xBE, ber(4, piece.octets))


def _authentication(
    dice: Dice, prefix: tuple[str, str], tags: tuple[int, int, int], mechanism: int
) -> list[tuple[str, Piece]]:
    secret = dice.randbytes(dice.randint(8, 32))
    requirements, value = prefix
    return [
        _element(requirements, ["authentication"], tags[0], b"\x07\x80"),
        _oid("mechanism-name", tags[1], 2, mechanism, False),
        _element(value, {"charstring": secret.hex().upper()}, tags[2], ber(0x80, secret)),
    ]


def _acse(name: str, tag: int, elements: list[tuple[str, Piece]]) -> Piece:
    body = sequence(*elements)
    return Piece({name: body.value}, ber(tag, body.octets))


def _aarq(dice: Dice, what: str) -> Piece:
    ciphered = what == "ciphered"
    context = {"ciphered": 3, "short names": 2}.get(what, 1)
    elements = [_oid("application-context-name", 0xA1, 1, context, True)]
    if what == "every element":
        elements += [
            _title("called-AP-title", 0xA2, dice.randbytes(8)),
            _title("called-AE-qualifier", 0xA3, dice.randbytes(4)),
        ]
        elements += [_integer("called-AP-invocation-id", 0xA4, 1), _integer("called-AE-invocation-id", 0xA5, 2)]
    if ciphered or what == "every element":
        elements += [_title("calling-AP-title", 0xA6, dice.randbytes(8))]
    if what == "every element":
        elements += [_title("calling-AE-qualifier", 0xA7, dice.randbytes(20))]
        elements += [
            _integer("calling-AP-invocation-id", 0xA8, dice.randrange(1, 128)),
            _integer("calling-AE-invocation-id", 0xA9, 5),
        ]
    if what != "lowest":
        mechanism = 5 if ciphered else dice.choice([1, 2, 3, 4, 5, 6])
        names = ("sender-acse-requirements", "calling-authentication-value")
        elements += _authentication(dice, names, (0x8A, 0x8B, 0xAC), mechanism)
    inner = (
        choice("glo-initiateRequest", 33, protected(dice, True))
        if ciphered
        else initiate_request(dice, bits=SN_BITS if context == 2 else LN_BITS)
    )
    return _acse("aarq", 0x60, [*elements, _user_information(inner)])


def _diagnostic(dice: Dice, accepted: bool, provider: bool) -> tuple[str, Piece]:
    table, tag = ("acse-service-provider", 0xA2) if provider else ("acse-service-user", 0xA1)
    diagnostic = enumerated(table, 0) if accepted else dice.code(table)
    value = {table: diagnostic.value}
    return _element("result-source-diagnostic", value, 0xA3, ber(tag, ber(2, diagnostic.octets)))


def _aare(dice: Dice, what: str) -> Piece:
    ciphered, rejected = what == "ciphered", what.startswith("rejected")
    context = {"ciphered": 3, "short names": 2}.get(what, 1)
    verdict = enumerated("association-result", dice.choice([1, 2]) if rejected else 0)
    elements = [
        _oid("application-context-name", 0xA1, 1, context, True),
        _element("result", verdict.value, 0xA2, ber(2, verdict.octets)),
        _diagnostic(dice, not rejected, what.endswith("provider")),
    ]
    if ciphered:
        elements += [_title("responding-AP-title", 0xA4, dice.randbytes(8))]
    if ciphered or what == "authentication":
        names = ("responder-acse-requirements", "responding-authentication-value")
        elements += _authentication(dice, names, (0x88, 0x89, 0xAA), 5)
    if what == "rejected, error":
        return _acse("aare", 0x61, [*elements, _user_information(confirmed_service_error(dice, 1))])
    if rejected:
        return _acse("aare", 0x61, elements)
    inner = (
        choice("glo-initiateResponse", 40, protected(dice, True))
        if ciphered
        else initiate_response(dice, SN_BITS if context == 2 else LN_BITS, 0xFA00 if context == 2 else 7)
    )
    return _acse("aare", 0x61, [*elements, _user_information(inner)])


def _release(name: str, tag: int, table: str, what: str) -> Maker:
    def make(dice: Dice) -> Piece:
        reason = dice.code(table)
        elements = [] if what == "empty" else [_element("reason", reason.value, 0x80, reason.octets)]
        if what == "information":
            elements.append(_user_information(initiate_request(dice) if name == "rlrq" else initiate_response(dice)))
        return _acse(name, tag, elements)

    return make


ASSOCIATION: dict[str, Maker] = {
    "initiateRequest": initiate_request,
    "initiateRequest, dedicated key": lambda dice: initiate_request(dice, key=True),
    "initiateRequest, every element": lambda dice: initiate_request(dice, key=True, full=True),
    "initiateRequest, every bit": lambda dice: initiate_request(dice, bits=list(range(24))),
    "initiateResponse": initiate_response,
    "initiateResponse, short names": lambda dice: initiate_response(dice, SN_BITS, 0xFA00),
    "initiateResponse, quality of service": lambda dice: initiate_response(dice, quality=True),
    "confirmedServiceError": confirmed_service_error,
    "exception-response": lambda dice: exception_response(dice, [1, 2, 3]),
    "exception-response, newer": lambda dice: exception_response(dice, [4, 5]),
    "exception-response, counter": lambda dice: exception_response(dice, [6]),
    **{
        f"aarq, {what}": (lambda dice, what=what: _aarq(dice, what))
        for what in ("lowest", "authentication", "ciphered", "short names", "every element")
    },
    **{
        f"aare, {what}": (lambda dice, what=what: _aare(dice, what))
        for what in (
            "accepted",
            "authentication",
            "ciphered",
            "short names",
            "rejected",
            "rejected, error",
            "rejected, provider",
        )
    },
    **{
        f"rlrq, {what}": _release("rlrq", 0x62, "release-request-reason", what)
        for what in ("empty", "reason", "information")
    },
    **{
        f"rlre, {what}": _release("rlre", 0x63, "release-response-reason", what)
        for what in ("empty", "reason", "information")
    },
}


def _ciphered(name: str, tag: int) -> Maker:
    return lambda dice: choice(name, tag, protected(dice))


PROTECTION: dict[str, Maker] = {
    **{f"glo-{name}": _ciphered(f"glo-{name}", tags[0]) for name, tags in SERVICE_TAGS.items()},
    **{f"ded-{name}": _ciphered(f"ded-{name}", tags[1]) for name, tags in SERVICE_TAGS.items()},
    "general-glo-ciphering": _general("general-glo-ciphering", 0xDB),
    "general-ded-ciphering": _general("general-ded-ciphering", 0xDC),
    "general-ciphering": _general_ciphering(None),
    "general-ciphering, identified key": _general_ciphering("identified-key"),
    "general-ciphering, wrapped key": _general_ciphering("wrapped-key"),
    "general-ciphering, agreed key": _general_ciphering("agreed-key"),
    "general-signing": _general_signing,
    "general-block-transfer": _general_block_transfer,
}
